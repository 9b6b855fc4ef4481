"""The content version: one row that changes with everything that readers can see.

Every verb raises it last in its transaction, so whoever reads a version reads the content
that belongs to it or newer, never older. Stored pages (irb_site.page_store) stand under it.
"""

import secrets
import threading
import weakref
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from articles.models import ContentVersion
from articles.prepared import Prepared
from irb_site.page_store import PageStore

_held = threading.local()


def page_store():
    """The store of whole pages of this machine."""
    return PageStore(settings.PAGE_STORE, max_size=settings.PAGE_STORE_SIZE)


def raise_version():
    """Marks that something readers can see has changed. Call it last in the transaction.

    Stored pages aren't shown from here until the transaction has ended.
    """
    hold = _hold()
    try:
        _write_next()
        # Robust: what has been committed is done, whatever becomes of the store.
        transaction.on_commit(partial(_show_again, hold), robust=True)
    finally:
        # A connection keeps the error that spoilt its transaction, and that keeps what stands here.
        del hold


def _write_next():
    values = {"token": secrets.token_hex(4), "changed_at": timezone.now()}
    changed = ContentVersion.objects.filter(pk=1).update(number=F("number") + 1, **values)
    if not changed:
        # The very first one; somebody else's may be the first at the same moment.
        ContentVersion.objects.bulk_create(
            [ContentVersion(pk=1, **values)],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=list(values),
        )


_current = Prepared(lambda: ContentVersion.objects.filter(pk=1).values_list("number", "token"))


def current():
    """The version as a short text that names this content and no other."""
    row = _current.first()
    return str(ContentVersion(number=row[0], token=row[1])) if row else "0"


def show_current():
    """Shows the stored pages of the version that the database has now, and returns it.

    Whoever calls it need not know whether anything has changed: it heals what a crash, a
    rollback, another machine or a hand at the database has left.
    """
    if connection.in_atomic_block:
        # What is read here isn't everybody's yet.
        return current()
    return page_store().put_up(current) or current()


def follow_calendar(*, now):
    """Raises the version when a new year has begun: every page says which year it is."""
    row = ContentVersion.objects.filter(pk=1).first()
    if row and timezone.localdate(row.changed_at).year < timezone.localdate(now).year:
        with transaction.atomic():
            raise_version()


def _hold():
    """One for all that a transaction raises: a long import must not use up the open files."""
    reference = getattr(_held, "reference", None)
    hold = reference() if reference and connection.in_atomic_block else None
    if hold is None or not hold.is_held:
        hold = page_store().take_down()
        _held.reference = weakref.ref(hold)
    return hold


def _show_again(hold):
    if hold.is_held:
        hold.release()
        show_current()
