"""Who has an article open in the form, and when they last wrote in it. Kept up by the form."""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from articles.models import Presence
from irb_site.people import name_of

# Somebody who wasn't heard of for so long isn't at it any more.
SHOWN_FOR = timedelta(minutes=30)
KEPT_FOR = timedelta(days=1)
# The form tells every twenty seconds that it is open; this is a little more than three times that.
JUST_NOW = timedelta(seconds=70)


def enter(article, user, *, now, has_written=False):
    """Notes that a user has the article open, or has just written in it."""
    values = {"seen_at": now} | ({"wrote_at": now} if has_written else {})
    if not Presence.objects.filter(article=article, user=user).update(**values):
        Presence.objects.get_or_create(article=article, user=user, defaults=values)


def leave(article, user):
    """Notes that a user has closed the form."""
    Presence.objects.filter(article=article, user=user).delete()


def others(article, user, *, now):
    """The colleagues at an article besides a user: [{"name", "words"}], the latest first."""
    present = Presence.objects.filter(article=article, seen_at__gt=now - SHOWN_FOR)
    rows = present.exclude(user=user).select_related("user").order_by("-seen_at", "user_id")
    return [{"name": name_of(row.user), "words": _words(row, now)} for row in rows]


def forget_absent(*, now):
    """Drops what nobody asks for any more; returns how many rows."""
    count, _by_model = Presence.objects.filter(seen_at__lte=now - KEPT_FOR).delete()
    return count


def _words(row, now):
    name = name_of(row.user)
    if row.wrote_at and now - row.wrote_at < SHOWN_FOR:
        if now - row.wrote_at < JUST_NOW:
            return _("%(name)s is editing this now.") % {"name": name}
        return _("%(name)s is editing this, %(ago)s.") % {
            "name": name,
            "ago": _ago(now - row.wrote_at),
        }
    if now - row.seen_at < JUST_NOW:
        return _("%(name)s has this open.") % {"name": name}
    return _("%(name)s had this open %(ago)s.") % {"name": name, "ago": _ago(now - row.seen_at)}


def _ago(pause):
    minutes = max(1, int(pause.total_seconds() // 60))
    return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
