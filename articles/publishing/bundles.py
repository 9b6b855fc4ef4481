"""Several articles in one transaction: all of them go out, or none."""

from django.db import IntegrityError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from articles import rights
from articles.audit import record
from articles.content_version import raise_version
from articles.directory import working_title
from articles.models import Article, Bundle, BundleItem, Schedule
from articles.publishing.base import (
    ATTEMPTS,
    PublishingError,
    in_one_transaction,
    lock_all,
    refuse_trashed,
    require,
)
from articles.publishing.plans import with_bundle
from articles.publishing.release import refuse_stopped, show
from articles.publishing.schedules import plan_for, refuse_past

BUNDLE_MAX = 100


@in_one_transaction
def save_bundle(bundle, *, name, articles, by):
    """Makes or changes a bundle: its name and its articles, in order. Returns it.

    bundle: the one to change, or None for a new one. One that is scheduled has to be called off
    first: what was promised for a time is what goes out then.
    """
    _require(by)
    name = " ".join(name.split())
    articles = list(dict.fromkeys(articles))
    if not name:
        raise PublishingError(_("Give the bundle a name."))
    if len(articles) > BUNDLE_MAX:
        raise PublishingError(_("A bundle has at most %(n)d articles.") % {"n": BUNDLE_MAX})
    is_new = bundle is None
    bundle = Bundle(by=by, created_at=timezone.now()) if is_new else _held(bundle)
    bundle.name = name
    bundle.save()
    locked = lock_all([article.pk for article in articles])
    for article in locked.values():
        with _named(article):
            refuse_trashed(article)
    bundle.items.all().delete()
    BundleItem.objects.bulk_create(
        BundleItem(bundle=bundle, article_id=article.pk, position=position)
        for position, article in enumerate(articles)
    )
    record("added" if is_new else "changed", by=by, thing=bundle)
    return bundle


def publish_bundle(bundle, *, by, is_seen=None):
    """Publishes the newest versions of all articles of a bundle in one transaction.

    is_seen: says of an article, as it is when nobody can change it any more, whether its newest
    version is the one that was looked at. Raises PublishingError, which names the article that
    can't go out; then none has.
    """
    for _attempt in range(ATTEMPTS):
        try:
            return _publish_bundle(bundle, by=by, is_seen=is_seen)
        except IntegrityError:
            # Somebody else took an address between the look and the write; see publish.
            continue
    return _publish_bundle(bundle, by=by, is_seen=is_seen)


@in_one_transaction
def _publish_bundle(bundle, *, by, is_seen):
    _require(by)
    bundle = _held(bundle)
    articles = _articles(bundle)
    _refuse_unseen(articles, is_seen)
    for article in articles:
        with _named(article):
            if by is not None:
                refuse_stopped(article, article.latest_revision, going_out=articles)
            show(article, article.latest_revision, by=by)
        record("published", by=by, article=article, detail=with_bundle(bundle))
    bundle.published_at = timezone.now()
    bundle.save(update_fields=["published_at"])
    record("published", by=by, thing=bundle)
    raise_version()
    return bundle


@in_one_transaction
def schedule_bundle(bundle, *, due_at, by, is_seen=None):
    """Plans to publish what the articles of a bundle are now, at a time: all of them or none.

    is_seen: as publish_bundle.
    """
    _require(by)
    # Before any article is looked at: it is the fault of none.
    refuse_past(due_at)
    bundle = _held(bundle)
    articles = _articles(bundle)
    _refuse_unseen(articles, is_seen)
    for article in articles:
        with _named(article):
            plan_for(article, due_at=due_at, by=by, bundle=bundle, going_out=articles)
        record("scheduled", by=by, article=article, detail=with_bundle(bundle))
    date = date_format(timezone.localtime(due_at), "j F Y, H:i")
    record("scheduled", by=by, thing=bundle, detail=_("publish on %(date)s") % {"date": date})
    return bundle


@in_one_transaction
def cancel_bundle(bundle, *, by):
    """Calls off the schedule of a bundle; returns how many plans that were."""
    _require(by)
    plans = Schedule.objects.filter(bundle=bundle, outcome=Schedule.Outcome.PENDING)
    lock_all(plans.values_list("article", flat=True))
    # Asked again: the worker may have been at it until now.
    articles = Article.objects.filter(pk__in=plans.values("article")).order_by("pk")
    articles = list(articles.select_related("latest_revision"))
    for article in articles:
        record("unscheduled", by=by, article=article, detail=with_bundle(bundle))
    if articles:
        record("unscheduled", by=by, thing=bundle)
    return plans.update(
        outcome=Schedule.Outcome.CANCELLED, finished_at=timezone.now(), message=_("Called off.")
    )


@in_one_transaction
def discard_bundle(bundle, *, by):
    """Does away with a bundle; its articles stay as they are, its schedule is called off."""
    cancel_bundle(bundle, by=by)
    # Not the caller's object, which would lose its key even if this is tried again.
    bundle = _held(bundle)
    record("removed", by=by, thing=bundle)
    # Nor may a way out of the trash plan its articles one by one.
    Schedule.objects.filter(bundle=bundle).update(bundle=None, trashed_with=None)
    bundle.delete()


def _refuse_unseen(articles, is_seen):
    unseen = [article for article in articles if is_seen and not is_seen(article)]
    if unseen:
        titles = ", ".join(f"“{working_title(article)}”" for article in unseen[:5])
        words = _("Look at %(titles)s first: something of it is new. Nothing went out yet.")
        raise PublishingError(words % {"titles": titles})


def _require(by):
    require(rights.may_publish(by), _("You may not publish. Ask an editor to do it."))


def _held(bundle):
    bundle = Bundle.objects.select_for_update().filter(pk=bundle.pk).first()
    if bundle is None:
        raise PublishingError(_("This bundle isn't here any more."))
    if Schedule.objects.filter(bundle=bundle, outcome=Schedule.Outcome.PENDING).exists():
        raise PublishingError(_("This bundle is scheduled. Call its schedule off first."))
    return bundle


def _articles(bundle):
    """A bundle's articles, locked, in its order."""
    pks = list(bundle.items.order_by("position").values_list("article", flat=True))
    if not pks:
        raise PublishingError(_("There is nothing in this bundle yet. Add articles to it."))
    locked = lock_all(pks)
    articles = [locked[pk] for pk in pks]
    for article in articles:
        with _named(article):
            refuse_trashed(article)
    return articles


class _named:
    """Puts the title of the article in question before a refusal."""

    def __init__(self, article):
        self.article = article

    def __enter__(self):
        return self

    def __exit__(self, _kind, error, _traceback):
        if isinstance(error, PublishingError):
            raise PublishingError(f"“{working_title(self.article)}”: {error}") from error
