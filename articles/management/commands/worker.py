import logging
import os
import signal
import threading
import time

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.utils import timezone

from articles import publishing

logger = logging.getLogger(__name__)

INTERVAL = 1
LONGEST_PAUSE = 60
TIDY_INTERVAL = 3600


class Command(BaseCommand):
    requires_system_checks = []
    help = (
        "Carries out what is due (scheduled publishing and unpublishing), once a second, until"
        " it is told to stop. Several workers do no harm. `serve` runs one."
    )

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="look once, then stop")
        parser.add_argument(
            "--parent",
            type=int,
            metavar="PID",
            help="stop when this process, which must have started the worker, is gone",
        )

    def handle(self, *, once, parent, **options):
        if once:
            self.stdout.write(f"{publishing.carry_out_due(now=timezone.now())} carried out")
            return
        # The signals only raise a flag: a transaction that has begun is always finished.
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        pause, tidied_at = INTERVAL, None
        while not stop.wait(pause) and parent in (None, os.getppid()):
            close_old_connections()
            try:
                publishing.carry_out_due(now=timezone.now())
                if tidied_at is None or time.monotonic() - tidied_at > TIDY_INTERVAL:
                    tidied_at = time.monotonic()
                    look_at_statistics()
                pause = INTERVAL
            except DatabaseError as error:
                pause = min(pause * 2, LONGEST_PAUSE)
                logger.error("The database failed (%s); next try in %s s.", error, pause)
            finally:
                close_old_connections()


def look_at_statistics():
    """Lets SQLite count its rows where they have changed much; PostgreSQL does so by itself.

    Without the counts it takes the wrong index for what is newest first.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA analysis_limit = 1000")
            cursor.execute("PRAGMA optimize = 0x10002")
