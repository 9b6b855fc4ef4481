"""Where an article stands, in words for editors."""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from articles.models import Article


def describe_state(article, *, now=None):
    """Where an article stands, as one sentence for editors; needs its revisions loaded."""
    now = now or timezone.now()
    latest = article.latest_revision
    parts = []
    if article.state == Article.State.LIVE:
        parts.append(_("Live since %(date)s") % {"date": _day(article.first_published_at, now)})
        if article.has_newer_draft:
            parts.append(
                _("newer draft saved %(when)s, not yet visible to readers")
                % {"when": _when(latest.saved_at, now)}
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
            parts.append(_("saved %(when)s") % {"when": _when(latest.saved_at, now)})
    if article.submitted_revision_id:
        parts.append(_("handed in, waiting for an editor"))
    return capfirst("; ".join(parts))


def _day(moment, now):
    local = timezone.localtime(moment)
    same_year = local.year == timezone.localtime(now).year
    return date_format(local, "j F" if same_year else "j F Y")


def _when(moment, now):
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
