import logging
import os
import threading
import time

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.utils import timezone

from articles import content_version, notifications, presence, publishing, search
from irb_site import statistics
from irb_site.processes import until_stopped

logger = logging.getLogger(__name__)

INTERVAL = 1
# What another machine has published must be seen within a second.
FOLLOW_INTERVAL = 0.5
LONGEST_PAUSE = 60
TIDY_INTERVAL = 3600
# How long a message on its way may hold up the end; it is sent again by the next worker.
MAIL_PATIENCE = 3


class Command(BaseCommand):
    requires_system_checks = []
    help = (
        "Carries out what is due (scheduled publishing and unpublishing) once a second, and sends"
        " the newsroom its mail, until it is told to stop. Several workers do no harm. `serve`"
        " runs one."
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
            carried_out = Duties()()
            follow_version()
            sent = notifications.send_due(now=timezone.now())
            self.stdout.write(f"{carried_out} carried out, {sent} mailed")
            return
        # The signals only raise a flag: a transaction that has begun is always finished.
        with until_stopped() as stop:
            # Threads of their own: neither a slow mail server nor what is due delays the others.
            mail = threading.Thread(target=rounds, args=(send_mail, stop, INTERVAL), daemon=True)
            pages = threading.Thread(target=rounds, args=(follow_version, stop, FOLLOW_INTERVAL))
            mail.start()
            pages.start()
            try:
                rounds(Duties(), stop, INTERVAL, goes_on=lambda: parent in (None, os.getppid()))
            finally:
                pages.join()
                mail.join(MAIL_PATIENCE)


def rounds(work, stop, interval, *, goes_on=lambda: True):
    """Does some work every so many seconds, more rarely while it fails, until it is to stop."""
    pause = interval
    try:
        while not stop.wait(pause) and goes_on():
            close_old_connections()
            try:
                work()
                pause = interval
            except DatabaseError as error:
                pause = min(pause * 2, LONGEST_PAUSE)
                logger.error("The database failed (%s); next try in %s s.", error, pause)
            finally:
                close_old_connections()
    finally:
        # On a mistake of ours all of the worker ends: whoever started it starts another one.
        stop.set()


class Duties:
    """What is due, and now and then what a database needs. Says how many plans it carried out."""

    tidied_at = None

    def __call__(self):
        carried_out = publishing.carry_out_due(now=timezone.now())
        content_version.follow_calendar(now=timezone.now())
        search.sort_in()
        if self.tidied_at is None or time.monotonic() - self.tidied_at > TIDY_INTERVAL:
            self.tidied_at = time.monotonic()
            statistics.refresh()
            notifications.forget_old(now=timezone.now())
            presence.forget_absent(now=timezone.now())
        return carried_out


def follow_version():
    """Shows the stored pages of the version that the database has, and removes older ones."""
    try:
        content_version.show_current()
        content_version.page_store().tidy()
    except DatabaseError:
        # The duties say so. Here the next try must not be late when it is there again.
        pass
    except OSError as error:
        logger.error("The store of pages can't be kept in order: %s", error)


def send_mail():
    try:
        notifications.send_due(now=timezone.now())
    except DatabaseError:
        raise
    except Exception:
        # Whatever it is: no mail would leave any more if the thread ended.
        logger.exception("Sending mail failed")
