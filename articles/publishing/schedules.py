"""At a time: what is planned, and what carries it out."""

import logging

from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.translation import gettext as _

from articles import notifications, rights
from articles.audit import record
from articles.directory import working_title
from articles.models import Article, Schedule
from articles.names import is_visible
from articles.publishing.addresses import public_slug
from articles.publishing.base import (
    PublishingError,
    in_one_transaction,
    lock,
    lock_all,
    refuse_trashed,
    require,
)
from articles.publishing.plans import call_off, in_words
from articles.publishing.release import publish, refuse_stopped
from articles.publishing.removal import unpublish
from articles.publishing.writing import seal

logger = logging.getLogger(__name__)


@in_one_transaction
def schedule(article, *, due_at, by, action=Schedule.Action.PUBLISH, revision=None):
    """Plans to publish a revision (the newest, unless one is given) or to unpublish.

    due_at: aware, in the future. An earlier plan for the same is replaced. What was scheduled
    is what goes out, also when the draft changes later.
    """
    plan = plan_for(lock(article), due_at=due_at, by=by, action=action, revision=revision)
    record("scheduled", by=by, article=article, detail=in_words(plan))
    return plan


def refuse_past(due_at):
    """Refuses a time at which nothing can be carried out any more."""
    if due_at <= timezone.now():
        raise PublishingError(_("Choose a time that lies in the future."))


def plan_for(
    article, *, due_at, by, action=Schedule.Action.PUBLISH, revision=None, bundle=None, going_out=()
):
    """The plan of one locked article, within a verb; see schedule.

    going_out: the articles of its bundle.
    """
    require(rights.may_publish(by), _("You may not schedule. Ask an editor to do it."))
    refuse_past(due_at)
    refuse_trashed(article)
    if action == Schedule.Action.PUBLISH:
        revision = revision or article.latest_revision
        if revision is not None and revision.article_id != article.pk:
            raise ValueError(f"revision {revision.pk} is not of article {article.pk}")
        if revision is None or not is_visible(revision.title):
            raise PublishingError(_("Give the article a title before you schedule it."))
        if not revision.is_sealed:
            revision = article.revisions.get(pk=revision.pk)
            seal(revision)
        if by is not None:
            refuse_stopped(article, revision, going_out=going_out)
        if revision.slug and revision.slug != article.slug:
            public_slug(article, revision)
    else:
        revision = None
        if article.state != Article.State.LIVE:
            raise PublishingError(_("“%(title)s” isn't live.") % {"title": working_title(article)})
    call_off(article, _("Called off."), by=by, actions=[action])
    return Schedule.objects.create(
        article=article, action=action, revision=revision, due_at=due_at, by=by, bundle=bundle
    )


@in_one_transaction
def cancel_schedules(article, *, by, action=Schedule.Action.PUBLISH):
    """Calls off what is planned for an article; returns how many plans that were.

    A bundle doesn't go out without one of its articles: its other plans are called off, too.
    """
    require(rights.may_publish(by), _("You may not change schedules. Ask an editor."))
    article = lock(article)
    count = call_off(article, _("Called off."), by=by, actions=[action])
    if count:
        record("unscheduled", by=by, article=article)
    return count


@in_one_transaction
def dismiss(plan, *, by):
    """Notes that somebody has seen to a plan that failed, and to those of its bundle."""
    require(rights.may_publish(by), _("You may not change schedules. Ask an editor."))
    together = {"bundle": plan.bundle_id} if plan.bundle_id else {"pk": plan.pk}
    failed = Schedule.objects.filter(outcome=Schedule.Outcome.FAILED, dismissed_at=None, **together)
    failed = failed.select_related("article__latest_revision").select_for_update(of=("self",))
    for one in failed.order_by("pk"):
        one.dismissed_at = timezone.now()
        one.save(update_fields=["dismissed_at"])
        record("dismissed", by=by, article=one.article, detail=one.message)


def carry_out_due(*, now):
    """Does what was scheduled for now or earlier, by the ordinary verbs; returns how much was done.

    Each schedule is a transaction of its own, those of a bundle are one, and is claimed in it, so
    any number of workers do it once. A refusal is kept with the schedule, where editors see it;
    after a fault of the database the schedule waits for the next round.
    """
    done = 0
    due = Schedule.objects.filter(outcome=Schedule.Outcome.PENDING, due_at__lte=now)
    units = []
    for pk, bundle in due.order_by("due_at", "pk").values_list("pk", "bundle"):
        # With its time: by when it comes to it, somebody may have planned the bundle anew.
        unit = {"bundle": bundle, "due_at__lte": now} if bundle else {"pk": pk}
        if unit not in units:
            units.append(unit)
    fault = None
    for unit in units:
        try:
            done += _carry_out(unit)
        except PublishingError as error:
            _fail(unit, str(error), stopped_by=getattr(error, "article", None))
        except (OperationalError, InterfaceError) as error:
            # The database is away or busy: the next round tries again. Should it be this schedule
            # alone that it can't take, the others don't wait for it.
            fault = error
        except Exception:
            logger.exception("Schedule %s failed", unit)
            _fail(unit, _("Something went wrong. The server's log has the details."))
    if fault is not None:
        raise fault
    return done


class _BundleStopped(PublishingError):
    """An article of a bundle can't go out, so none of it does."""

    def __init__(self, article, title, refusal):
        super().__init__(f"“{title}”: {refusal}")
        self.article = article


@in_one_transaction
def _carry_out(unit):
    pending = Schedule.objects.filter(outcome=Schedule.Outcome.PENDING, **unit)
    # The articles first, as every verb does, so that none waits for another in a circle.
    articles = lock_all(pending.values_list("article", flat=True))
    plans = list(pending.select_related("revision", "by", "bundle").order_by("pk"))
    if any(plan.article_id not in articles for plan in plans):
        # One more came meanwhile: the next round takes them all.
        return 0
    finished = timezone.now()
    for plan in plans:
        claimed = pending.filter(pk=plan.pk).update(
            outcome=Schedule.Outcome.DONE, finished_at=finished
        )
        if not claimed:
            continue
        article = articles[plan.article_id]
        # The right was checked when it was scheduled; who planned it may have left since.
        if plan.action == Schedule.Action.PUBLISH:
            try:
                publish(article, plan.revision, by=None)
            except PublishingError as error:
                if plan.bundle_id is None:
                    raise
                raise _BundleStopped(article, plan.revision.title, error) from error
        else:
            unpublish(article, by=None)
        notifications.tell(
            [plan.by],
            _("“%(title)s” is %(what)s as scheduled")
            % {
                "title": plan.revision.title if plan.revision else article.title,
                "what": _("published") if plan.revision else _("unpublished"),
            },
            article=article,
        )
    for bundle in {plan.bundle for plan in plans if plan.bundle}:
        bundle.published_at = finished
        bundle.save(update_fields=["published_at"])
        record("published", by=None, thing=bundle)
    return len(plans)


@in_one_transaction
def _fail(unit, message, *, stopped_by=None):
    """Keeps with some plans why they weren't carried out.

    stopped_by: the article of a bundle that can't go out. The writers of the others, who may not
    know that one, are told no more than that there is one.
    """
    pending = Schedule.objects.filter(outcome=Schedule.Outcome.PENDING, **unit)
    plans = pending.select_related("article__latest_revision", "revision", "by", "bundle")
    # Held, so that what somebody has called off meanwhile stays so.
    plans = list(plans.select_for_update(of=("self",)).order_by("pk"))
    finished = timezone.now()
    for plan in plans:
        plan.message = message
        if stopped_by is not None and plan.article_id != stopped_by.pk:
            plan.message = _("Another article of the bundle “%(name)s” can't go out.") % {
                "name": plan.bundle.name
            }
        plan.outcome, plan.finished_at = Schedule.Outcome.FAILED, finished
        plan.save(update_fields=["message", "outcome", "finished_at"])
        record("failed", by=None, article=plan.article, detail=plan.message)
        notifications.tell(
            [plan.by, *notifications.editors()],
            _("Not carried out: the schedule of “%(title)s”")
            % {"title": plan.revision.title if plan.revision else plan.article.title},
            article=plan.article,
            text=plan.message,
        )
