"""Preview links: people without an account may see one draft, for some days."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from articles.audit import record
from articles.models import PreviewLink
from articles.publishing.base import (
    PublishingError,
    in_one_transaction,
    lock,
    refuse_trashed,
    require_change,
)

LINK_DAYS = 7
LINK_DAYS_MAX = 90


@in_one_transaction
def share(article, *, by, days=LINK_DAYS, label=""):
    """Makes a link under which everybody who has it sees the newest draft, for some days."""
    require_change(by, article)
    if not 1 <= days <= LINK_DAYS_MAX:
        raise PublishingError(
            _("A link lasts from 1 to %(n)d days. Choose a number.") % {"n": LINK_DAYS_MAX}
        )
    article = lock(article)
    refuse_trashed(article)
    now = timezone.now()
    link = PreviewLink.objects.create(
        article=article,
        by=by,
        label=" ".join(label.replace("\x00", "").split())[:100],
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    record("shared", by=by, article=article, detail=link.label)
    return link


@in_one_transaction
def unshare(link, *, by):
    """Makes a preview link lead nowhere from the next request on."""
    require_change(by, link.article)
    link = PreviewLink.objects.select_for_update(of=("self",)).get(pk=link.pk)
    if link.revoked_at is None:
        link.revoked_at = timezone.now()
        link.save(update_fields=["revoked_at"])
        record("unshared", by=by, article=link.article, detail=link.label)
