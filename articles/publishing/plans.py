"""What is planned for an article, where other verbs put an end to it."""

from django.utils import timezone
from django.utils.translation import gettext as _

from articles.models import Schedule, Submission

OPEN_OUTCOMES = (Submission.Outcome.WAITING, Submission.Outcome.APPROVED)


def call_off(article, reason, *, actions=Schedule.Action.values):
    """Calls off what is scheduled for an article, within a verb; returns how many plans that were.

    Where the article is to go out in a bundle, the bundle doesn't go out without it.
    """
    pending = Schedule.objects.filter(outcome=Schedule.Outcome.PENDING)
    own = pending.filter(article=article, action__in=actions)
    end = {"outcome": Schedule.Outcome.CANCELLED, "finished_at": timezone.now()}
    for bundle in {row.bundle for row in own.select_related("bundle") if row.bundle}:
        words = _("“%(title)s” left the bundle. %(reason)s")
        title = article.latest_revision.title if article.latest_revision else article.title
        others = pending.filter(bundle=bundle).exclude(article=article)
        others.update(message=words % {"title": title, "reason": reason}, **end)
    return own.update(message=reason, **end)
