"""What is planned: what is to come, what is overdue, and what couldn't be carried out."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from articles.models import Article, Schedule

# The worker looks every second: what waits longer waits for a worker.
LATE_AFTER = timedelta(minutes=1)
# What nobody has taken up by then isn't news any more.
FAILED_SHOWN_FOR = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Day:
    date: date
    plans: list


def pending(articles):
    """The plans of some articles that wait for their time, earliest first, ready to be shown."""
    return _shown(_of(articles).filter(outcome=Schedule.Outcome.PENDING))


def is_overdue(plan, *, now=None):
    """Whether the time of a pending plan has passed, so that something is wrong with the worker."""
    return plan.due_at < (now or timezone.now()) - LATE_AFTER


def unsettled(articles, *, now=None):
    """The plans of some articles that failed and that nothing has been done about since.

    Something is done by planning it anew, by doing by hand what was planned, or by saying so.
    """
    later = Schedule.objects.filter(
        article=OuterRef("article"), action=OuterRef("action"), pk__gt=OuterRef("pk")
    )
    is_open = Q(action=Schedule.Action.UNPUBLISH, article__state=Article.State.LIVE) | (
        Q(action=Schedule.Action.PUBLISH)
        & ~Q(article__state__in=[Article.State.TRASHED, Article.State.DELETED])
        & (
            Q(article__live_revision__isnull=True)
            | Q(article__live_revision__number__lt=F("revision__number"))
        )
    )
    failed = _of(articles).filter(
        is_open,
        outcome=Schedule.Outcome.FAILED,
        dismissed_at=None,
        finished_at__gte=(now or timezone.now()) - FAILED_SHOWN_FOR,
    )
    return _shown(failed.filter(~Exists(later)))


def missed(articles):
    """What was called off when some articles went to the trash and hasn't come back with them."""
    return _shown(Schedule.objects.filter(trashed_with__in=articles))


def by_day(plans):
    """The plans in the days on which they are due, in the newsroom's time zone."""
    days = []
    for plan in plans:
        day = timezone.localdate(plan.due_at)
        if not days or days[-1].date != day:
            days.append(Day(day, []))
        days[-1].plans.append(plan)
    return days


def _of(articles):
    """The plans of some articles: a list, or a query for them."""
    if isinstance(articles, list):
        return Schedule.objects.filter(article__in=articles)
    # Plans are few: neither database shall look through the articles for them.
    return Schedule.objects.filter(Exists(articles.filter(pk=OuterRef("article"))))


def _shown(schedules):
    related = ("article__latest_revision", "revision", "by", "bundle")
    return schedules.select_related(*related).order_by("due_at", "pk")
