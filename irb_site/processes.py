"""Processes that end together with the one that started them."""

import ctypes
import os
import signal
import sys

import django
from django.db import connections

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent(parent_pid):
    """Have this process sent SIGTERM when its parent ends, however that happens.

    Only Linux can promise that. Everywhere, a process whose parent is gone already
    ends here.
    """
    if _libc:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent_pid:
        os._exit(1)


def name_this_process(name):
    """What tools such as top call it: at most 15 letters, and only on Linux."""
    if _libc:
        _libc.prctl(PR_SET_NAME, name.encode())


def begin_beside(parent_pid):
    """What a process runs first that helps its parent with the publication's work."""
    end_with_parent(parent_pid)
    django.setup()


def leave_no_connection():
    """Closes what leads to the database, with PostgreSQL's pool and its threads: a process must
    have none when it is copied.
    """
    for connection in connections.all(initialized_only=True):
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()
