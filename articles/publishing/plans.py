"""What is planned for an article, where other verbs put an end to it."""

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from articles import notifications, rights
from articles.audit import record
from articles.models import Article, Schedule, Submission

OPEN_OUTCOMES = (Submission.Outcome.WAITING, Submission.Outcome.APPROVED)


def call_off(article, reason, *, by, actions=Schedule.Action.values, trashed_with=None):
    """Calls off what is scheduled for an article, within a verb; returns how many plans that were.

    Where the article is to go out in a bundle, the bundle doesn't go out without it: its other
    articles' plans are called off, too, and whoever made them is told. trashed_with: see Schedule.
    """
    ending = {"trashed_with": trashed_with}
    pending = Schedule.objects.filter(outcome=Schedule.Outcome.PENDING)
    own = pending.filter(article=article, action__in=actions)
    for bundle in {row.bundle for row in own.select_related("bundle") if row.bundle}:
        title = article.latest_revision.title if article.latest_revision else article.title
        words = _("“%(title)s” left the bundle. %(reason)s") % {"title": title, "reason": reason}
        others = pending.filter(bundle=bundle).exclude(article=article)
        _call_off_others(others, words, by=by, **ending)
        record("unscheduled", by=by, thing=bundle, detail=words)
        planners = [row.by for row in own.filter(bundle=bundle).select_related("by")]
        notifications.tell(
            [user for user in planners if user is not None and rights.may_publish(user)],
            _("The bundle “%(name)s” doesn't go out as scheduled") % {"name": bundle.name},
            by=by,
            text=words,
            path=reverse("admin:articles_bundle_change", args=[bundle.pk]),
        )
    return _end(own, reason, **ending)


def _call_off_others(plans, words, *, by, **ending):
    related = ("article__latest_revision", "bundle")
    for row in plans.select_related(*related).order_by("article_id"):
        record("unscheduled", by=by, article=row.article, detail=with_bundle(row.bundle))
    _end(plans, words, **ending)


def _end(plans, reason, **ending):
    return plans.update(
        outcome=Schedule.Outcome.CANCELLED, finished_at=timezone.now(), message=reason, **ending
    )


def called_off_with(article):
    """The plans that were called off when an article went to the trash, or with which its own
    was: a bundle of which several articles went there waits for the last of them.
    """
    concerned = Schedule.objects.filter(Q(trashed_with=article) | Q(article=article))
    trashed = concerned.filter(trashed_with__isnull=False).values("trashed_with")
    return Schedule.objects.filter(trashed_with__in=trashed)


def bring_back(article, locked, *, by):
    """Plans anew what the move of an article to the trash has called off, within a verb.

    locked: the articles of these plans. What can't come back stays as it is: its time has passed,
    something else is planned or was done since, or the bundle isn't what it was.
    """
    units = {}
    plans = called_off_with(article).select_related("revision", "bundle")
    for plan in plans.order_by("pk"):
        units.setdefault(plan.bundle_id or f"alone {plan.pk}", []).append(plan)
    for unit in units.values():
        if not all(_may_come_back(plan, locked) for plan in unit):
            continue
        bundle = unit[0].bundle
        if bundle and not _is_still_together(bundle, unit):
            continue
        for plan in unit:
            plan.outcome, plan.finished_at = Schedule.Outcome.PENDING, None
            plan.message, plan.trashed_with = "", None
            plan.save(update_fields=["outcome", "finished_at", "message", "trashed_with"])
            record("scheduled", by=by, article=locked[plan.article_id], detail=in_words(plan))
        if bundle:
            record("scheduled", by=by, thing=bundle, detail=in_words(unit[0]))


def _may_come_back(plan, locked):
    article = locked.get(plan.article_id)
    if article is None or plan.due_at <= timezone.now():
        return False
    pending = Schedule.objects.filter(article=article, outcome=Schedule.Outcome.PENDING)
    if pending.filter(action=plan.action).exists():
        return False
    is_live = article.state == Article.State.LIVE
    if plan.action == Schedule.Action.UNPUBLISH:
        return is_live
    is_there = article.state not in (Article.State.TRASHED, Article.State.DELETED)
    return is_there and not (is_live and article.live_revision.number >= plan.revision.number)


def _is_still_together(bundle, plans):
    now = set(bundle.items.values_list("article", flat=True))
    is_planned = bundle.schedules.filter(outcome=Schedule.Outcome.PENDING).exists()
    return not is_planned and now == {plan.article_id for plan in plans}


def in_words(plan):
    """What is planned, as the audit says it."""
    return _("%(action)s on %(date)s") % {
        "action": plan.get_action_display(),
        "date": date_format(timezone.localtime(plan.due_at), "j F Y, H:i"),
    }


def with_bundle(bundle):
    """How the audit of an article names the bundle with which something became of it."""
    return _("with the bundle “%(name)s”") % {"name": bundle.name}
