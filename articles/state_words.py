"""Where an article stands, in words for editors."""

from django.db.models import F, Prefetch, prefetch_related_objects
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from articles.models import Article, Submission
from irb_site.people import name_of

# What was decided about the newest draft of some articles: one query, however many they are.
DECISIONS = Prefetch(
    "submissions",
    Submission.objects.filter(revision=F("article__latest_revision")).select_related("decided_by"),
    to_attr="submissions_of_draft",
)


def with_decisions(article):
    """The article, with what describe_state says of a draft that was sent back."""
    prefetch_related_objects([article], DECISIONS)
    return article


def describe_state(article, *, now=None):
    """Where an article stands, as one sentence for editors; needs its revisions loaded.

    That its newest draft was sent back is said if DECISIONS are loaded.
    """
    now = now or timezone.now()
    latest = article.latest_revision
    parts = []
    if article.state == Article.State.LIVE:
        parts.append(describe_live(article, now=now))
        if article.has_newer_draft:
            parts.append(
                _("newer draft saved %(when)s, not yet visible to readers")
                % {"when": when(latest.saved_at, now)}
            )
        else:
            parts.append(_("readers see the newest version"))
    else:
        words = {
            Article.State.DRAFT: _("Draft, never public"),
            Article.State.WITHDRAWN: _("Withdrawn: readers don't see it"),
            Article.State.TRASHED: _("In the trash"),
            Article.State.DELETED: _("Deleted"),
        }
        parts.append(words[article.state])
        if latest:
            parts.append(_("saved %(when)s") % {"when": when(latest.saved_at, now)})
    if submission := article.submission:
        if submission.outcome == Submission.Outcome.APPROVED:
            is_newest = submission.revision_id == article.latest_revision_id
            parts.append(
                _("approved, ready to go out")
                if is_newest
                else _("a version before this one was approved")
            )
        else:
            parts.append(_("handed in, waiting for an editor"))
    elif (decided := _decision(article)) and decided.outcome == Submission.Outcome.SENT_BACK:
        parts.append(describe_decision(decided, now=now))
    return capfirst("; ".join(parts))


def describe_live(article, *, now):
    """What everybody may know about a live article."""
    return _("Live since %(date)s") % {"date": _day(article.first_published_at, now)}


def _decision(article):
    """What was decided last about the newest draft, if anything, and if it is loaded."""
    found = getattr(article, "submissions_of_draft", None)
    return found[0] if found else None


def describe_decision(submission, *, now=None):
    """What became of what was handed in, in words that go on in a sentence."""
    now = now or timezone.now()
    values = {
        "who": name_of(submission.decided_by),
        "when": when(submission.decided_at or submission.submitted_at, now),
    }
    words = {
        Submission.Outcome.WAITING: _("waiting for an editor"),
        Submission.Outcome.APPROVED: _("approved by %(who)s %(when)s"),
        Submission.Outcome.SENT_BACK: _("sent back by %(who)s %(when)s"),
        Submission.Outcome.PUBLISHED: _("published %(when)s"),
        Submission.Outcome.CLOSED: _("taken back or handed in anew"),
    }
    return words[submission.outcome] % values


def _day(moment, now):
    local = timezone.localtime(moment)
    same_year = local.year == timezone.localtime(now).year
    return date_format(local, "j F" if same_year else "j F Y")


def when(moment, now):
    """A moment in the past as people say it: “5 minutes ago”, “today at 14:05”."""
    seconds = (now - moment).total_seconds()
    if seconds < 60:
        return _("just now")
    if seconds < 3600:
        minutes = int(seconds // 60)
        return _("1 minute ago") if minutes == 1 else _("%(n)d minutes ago") % {"n": minutes}
    local, today = timezone.localtime(moment), timezone.localtime(now)
    if local.date() == today.date():
        return _("today at %(time)s") % {"time": date_format(local, "H:i")}
    return _("on %(date)s at %(time)s") % {
        "date": _day(moment, now),
        "time": date_format(local, "H:i"),
    }
