"""What members of the newsroom should know: kept for the start page, and mailed by the worker.

Rows are written in the transaction of what happened. Mail leaves at least once: a worker that dies
after handing it over and before noting that may send it again; none is lost.
"""

import logging
from datetime import timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db import DatabaseError
from django.db.models import Count, F, Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from articles import rights
from articles.models import Notification
from articles.rendering import without_control_characters
from articles.site import publication

logger = logging.getLogger(__name__)

MAIL_TRIES = 8
# Longer than handing over one message may take, so that nobody else takes it meanwhile.
_LEASE = timedelta(minutes=5)
SENT_AT_ONCE = 20
# What has been read is kept for so long, and what hasn't.
KEPT_READ, KEPT = timedelta(days=90), timedelta(days=365)
# Mail that could not be sent is told of for so long.
FAILURES_TOLD = timedelta(days=7)


def tell(people, subject, *, by=None, article=None, text="", path=""):
    """Notes something for some users, each once; not for whoever did it, nor for closed accounts,
    nor for those who may not see the drafts of the article that it is about.

    path: of the newsroom page to go to; the article's form unless given.
    """
    if not path and article is not None:
        path = form_of(article)
    now = timezone.now()
    distinct = {user.pk: user for user in people if user is not None and user.is_active}
    if by is not None:
        distinct.pop(by.pk, None)
    if article is not None:
        distinct = {pk: user for pk, user in distinct.items() if _may_know(user, article)}
    Notification.objects.bulk_create(
        Notification(
            to=user,
            article=article,
            subject=subject[:300],
            text=text,
            path=path,
            created_at=now,
            mail_due_at=now,
            mail=Notification.Mail.QUEUED if user.email else Notification.Mail.NONE,
        )
        for user in distinct.values()
    )


def reword(article, text, new_text):
    """Lets what was told of an article in some words say others; None takes it back."""
    told = Notification.objects.filter(article=article, text=text)
    if new_text is None:
        told.delete()
    else:
        told.update(text=new_text)


def form_of(article):
    """The path of an article's form."""
    return reverse("admin:articles_article_change", args=[article.pk])


def editors():
    """Everybody who may publish."""
    return get_user_model().objects.with_perm(
        "articles.publish_article", backend="django.contrib.auth.backends.ModelBackend"
    )


# On the start page


def of(user):
    """What somebody has been told: unread first, then the newest."""
    news = _shown_to(user)
    return news.annotate(is_read=Q(read_at__isnull=False)).order_by("is_read", "-created_at", "-pk")


def _shown_to(user):
    """What somebody has been told, of articles as long as they may see their drafts."""
    news = Notification.objects.filter(to=user)
    if rights.sees_all(user):
        return news
    return news.filter(Q(article=None) | Q(article__in=rights.seen_by(user).order_by()))


def unread_of(user):
    """How much of it they haven't seen, and the key of the newest: (count, key or None)."""
    unread = _shown_to(user).filter(read_at=None)
    found = unread.aggregate(count=Count("pk"), newest=Max("pk"))
    return found["count"], found["newest"]


def mark_read(user, *, article=None, pk=None, until=None):
    """Notes that somebody has seen their news: of an article, one of them, or up to one."""
    unread = Notification.objects.filter(to=user, read_at=None)
    if article is not None:
        unread = unread.filter(article=article)
    if pk is not None:
        unread = unread.filter(pk=pk)
    if until is not None:
        unread = unread.filter(pk__lte=until)
    # Looked at first: most often there is nothing to write, and writers wait for one another.
    if unread.exists():
        unread.update(read_at=timezone.now())


def forget_old(*, now):
    """Deletes what was read long ago, and what nobody has read for a year."""
    old = Q(read_at__lt=now - KEPT_READ) | Q(created_at__lt=now - KEPT)
    Notification.objects.filter(old).exclude(mail=Notification.Mail.QUEUED).delete()


# By mail


def send_due(*, now):
    """Sends queued mail, oldest first, a few at a time; returns how much was sent.

    What can't be handed over is tried again, later each time, and given up after MAIL_TRIES.
    """
    due = Notification.objects.filter(mail=Notification.Mail.QUEUED, mail_due_at__lte=now)
    rows = due.select_related("to", "article").order_by("mail_due_at", "pk")[:SENT_AT_ONCE]
    return sum(_send(row) for row in rows)


def _send(row):
    """Sends one row's mail; whether it went out."""
    mine = Notification.objects.filter(pk=row.pk)
    # By the clock: those before it in the same round may have taken long.
    claimed = mine.filter(mail=Notification.Mail.QUEUED, mail_due_at=row.mail_due_at).update(
        mail_due_at=timezone.now() + _LEASE, mail_tries=F("mail_tries") + 1
    )
    if not claimed:
        return False
    if not (row.to.is_active and row.to.email and _may_know(row.to, row.article)):
        mine.update(mail=Notification.Mail.NONE)
        return False
    tries = row.mail_tries + 1
    try:
        _message(row).send()
    except DatabaseError:
        raise
    except Exception as error:
        # Whatever a mail server, its name or an address makes go wrong.
        logger.warning("Mail %s to %s failed: %s", row.pk, row.to.email, error)
        mine.update(
            mail=Notification.Mail.FAILED if tries >= MAIL_TRIES else Notification.Mail.QUEUED,
            mail_due_at=timezone.now() + timedelta(minutes=2**tries),
            mail_error=(without_control_characters(str(error)) or type(error).__name__)[:300],
        )
        return False
    mine.update(mail=Notification.Mail.SENT, mail_error="")
    return True


def _may_know(user, article):
    """Whether somebody may read what was noted for them of an article, or of none."""
    return article is None or rights.may_see(user, article)


def _message(row):
    site = publication().name
    footer = _("You get this because you work for %(site)s.") % {"site": site}
    link = urljoin(settings.SITE_URL, row.path) if row.path else ""
    body = "\n\n".join(filter(None, [row.text, link, f"-- \n{footer}"]))
    # One line, whatever the title of an article or the name of a person holds.
    subject = " ".join(without_control_characters(f"[{site}] {row.subject}").split())
    return EmailMessage(subject, without_control_characters(body), to=[row.to.email])


def unsent():
    """Mail that can't be sent: {"count", "error" of one} of what waits or was given up, or None."""
    troubled = Notification.objects.filter(_troubled())
    found = troubled.aggregate(count=Count("pk"), error=Max("mail_error"))
    return found if found["count"] else None


def _troubled():
    recent = timezone.now() - FAILURES_TOLD
    return (Q(mail=Notification.Mail.QUEUED) & ~Q(mail_error="")) | Q(
        mail=Notification.Mail.FAILED, created_at__gt=recent
    )


def try_again():
    """Lets all mail that could not be sent be tried anew, at once; returns how much."""
    return Notification.objects.filter(_troubled()).update(
        mail=Notification.Mail.QUEUED, mail_tries=0, mail_due_at=timezone.now()
    )
