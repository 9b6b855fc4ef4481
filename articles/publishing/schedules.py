"""At a time: what is planned, and what carries it out."""

import logging

from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.translation import gettext as _

from articles.models import Article, Revision, Schedule
from articles.publishing.addresses import public_slug
from articles.publishing.base import (
    PublishingError,
    in_one_transaction,
    lock,
    refuse_trashed,
    require,
)
from articles.publishing.release import publish
from articles.publishing.removal import unpublish

logger = logging.getLogger(__name__)


@in_one_transaction
def schedule(article, *, due_at, by, action=Schedule.Action.PUBLISH, revision=None):
    """Plans to publish a revision (the newest, unless one is given) or to unpublish.

    due_at: aware, in the future. An earlier plan for the same is replaced. What was scheduled
    is what goes out, also when the draft changes later.
    """
    require(by, "publish_article", _("You may not schedule. Ask an editor to do it."))
    if due_at <= timezone.now():
        raise PublishingError(_("Choose a time that lies in the future."))
    article = lock(article)
    refuse_trashed(article)
    if action == Schedule.Action.PUBLISH:
        revision = revision or article.latest_revision
        if revision is not None and revision.article_id != article.pk:
            raise ValueError(f"revision {revision.pk} is not of article {article.pk}")
        if revision is None or not revision.title:
            raise PublishingError(_("Give the article a title before you schedule it."))
        if revision.slug and revision.slug != article.slug:
            public_slug(article, revision)
        if not revision.is_sealed:
            Revision.objects.filter(pk=revision.pk).update(is_sealed=True)
    else:
        revision = None
        if article.state != Article.State.LIVE:
            raise PublishingError(_("“%(title)s” isn't live.") % {"title": article})
    cancel_schedules(article, by=by, action=action)
    return Schedule.objects.create(
        article=article, action=action, revision=revision, due_at=due_at, by=by
    )


@in_one_transaction
def cancel_schedules(article, *, by, action=Schedule.Action.PUBLISH):
    """Calls off what is planned for an article; returns how many plans that were."""
    require(by, "publish_article", _("You may not change schedules. Ask an editor."))
    return Schedule.objects.filter(
        article=article, action=action, outcome=Schedule.Outcome.PENDING
    ).update(
        outcome=Schedule.Outcome.CANCELLED,
        finished_at=timezone.now(),
        message=_("Called off."),
    )


def carry_out_due(*, now):
    """Does what was scheduled for now or earlier, by the ordinary verbs; returns how much was done.

    Each schedule is a transaction of its own and is claimed in it, so any number of workers
    do it once. A refusal is kept with the schedule, where editors see it; after a fault of
    the database the schedule waits for the next round.
    """
    done = 0
    due = Schedule.objects.filter(outcome=Schedule.Outcome.PENDING, due_at__lte=now)
    for pk in due.order_by("due_at", "pk").values_list("pk", flat=True):
        try:
            done += _carry_out(pk)
        except PublishingError as error:
            _fail(pk, str(error))
        except (OperationalError, InterfaceError):
            # The database is away or busy: the next round tries again.
            raise
        except Exception:
            logger.exception("Schedule %s failed", pk)
            _fail(pk, _("Something went wrong. The server's log has the details."))
    return done


@in_one_transaction
def _carry_out(pk):
    item = Schedule.objects.select_related("article", "revision").get(pk=pk)
    # The article first, as every verb does, so that none waits for another in a circle.
    lock(item.article)
    claimed = Schedule.objects.filter(pk=pk, outcome=Schedule.Outcome.PENDING).update(
        outcome=Schedule.Outcome.DONE, finished_at=timezone.now()
    )
    if not claimed:
        return 0
    # The right was checked when it was scheduled; who planned it may have left since.
    if item.action == Schedule.Action.PUBLISH:
        publish(item.article, item.revision, by=None)
    else:
        unpublish(item.article, by=None)
    return 1


def _fail(pk, message):
    Schedule.objects.filter(pk=pk, outcome=Schedule.Outcome.PENDING).update(
        outcome=Schedule.Outcome.FAILED, finished_at=timezone.now(), message=message
    )
