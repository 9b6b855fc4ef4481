"""What is planned for an article, where other verbs put an end to it."""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from articles import notifications, rights
from articles.audit import record
from articles.models import Schedule, Submission

OPEN_OUTCOMES = (Submission.Outcome.WAITING, Submission.Outcome.APPROVED)


def call_off(article, reason, *, by, actions=Schedule.Action.values):
    """Calls off what is scheduled for an article, within a verb; returns how many plans that were.

    Where the article is to go out in a bundle, the bundle doesn't go out without it: its other
    articles' plans are called off, too, and whoever made them is told.
    """
    pending = Schedule.objects.filter(outcome=Schedule.Outcome.PENDING)
    own = pending.filter(article=article, action__in=actions)
    for bundle in {row.bundle for row in own.select_related("bundle") if row.bundle}:
        title = article.latest_revision.title if article.latest_revision else article.title
        words = _("“%(title)s” left the bundle. %(reason)s") % {"title": title, "reason": reason}
        _call_off_others(pending.filter(bundle=bundle).exclude(article=article), words, by=by)
        record("unscheduled", by=by, thing=bundle, detail=words)
        planners = [row.by for row in own.filter(bundle=bundle).select_related("by")]
        notifications.tell(
            [user for user in planners if user is not None and rights.may_publish(user)],
            _("The bundle “%(name)s” doesn't go out as scheduled") % {"name": bundle.name},
            by=by,
            text=words,
            path=reverse("admin:articles_bundle_change", args=[bundle.pk]),
        )
    return _end(own, reason)


def _call_off_others(plans, words, *, by):
    related = ("article__latest_revision", "bundle")
    for row in plans.select_related(*related).order_by("article_id"):
        record("unscheduled", by=by, article=row.article, detail=with_bundle(row.bundle))
    _end(plans, words)


def _end(plans, reason):
    return plans.update(
        outcome=Schedule.Outcome.CANCELLED, finished_at=timezone.now(), message=reason
    )


def with_bundle(bundle):
    """How the audit of an article names the bundle with which something became of it."""
    return _("with the bundle “%(name)s”") % {"name": bundle.name}
