"""A database with all migrations, which every process of a test run gets a copy of.

It is made in a process of its own, while the others are still looking for their tests.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager

from django.db import connection

from irb_site.environment import PROJECT
from tests.settings import TEST_FOLDER

_BEING_MADE = TEST_FOLDER / "being-migrated"


@contextmanager
def being_made():
    with _BEING_MADE.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # It holds the lock from here on, until it ends, in whatever way.
        process = subprocess.Popen(
            [sys.executable, "manage.py", "migrate", "--verbosity=0"],
            cwd=PROJECT,
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
            pass_fds=[lock.fileno()],
        )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def copy():
    """Makes it what the test database of this process begins with.

    PostgreSQL does so by itself: it makes every database as a copy of its template.
    """
    with _BEING_MADE.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
    if connection.vendor == "sqlite":
        settings = connection.settings_dict
        shutil.copyfile(settings["NAME"], settings["TEST"]["NAME"])
