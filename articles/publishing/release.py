"""Making public: the one place where words become what readers see."""

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from articles import notifications, publish_checks, rights, search, similar, typesetting
from articles.audit import record
from articles.content_version import raise_version
from articles.models import (
    Article,
    ArticleTag,
    Byline,
    Redirect,
    Revision,
    Schedule,
    Submission,
    Tag,
)
from articles.names import former_path, is_visible
from articles.publishing.addresses import leave_redirect, public_slug
from articles.publishing.base import (
    ATTEMPTS,
    PublishingError,
    in_one_transaction,
    lock,
    refuse_trashed,
    require,
)
from articles.publishing.forwards import settle_around
from articles.publishing.mergers import hold_groups, raise_editions
from articles.publishing.subjects import tags_named
from articles.publishing.writing import follow_texts, seal
from authors.models import Author


def publish(article, revision=None, *, by, at=None, updated_at=None, minor=False, is_checked=True):
    """Shows a revision (the newest, unless one is given) to readers from the next request on.

    at: the date of first publication, when it isn't now (an import); not in the future.
    updated_at: likewise for the date of the last change. minor: a change too small for a
    new date. is_checked: False for what was public elsewhere before, which no publish check stops.
    Raises PublishingError where something is missing or an address is taken.
    """
    options = {"by": by, "at": at, "updated_at": updated_at, "minor": minor}
    options["is_checked"] = is_checked and by is not None
    for _attempt in range(ATTEMPTS):
        try:
            return _publish(article, revision, **options)
        except IntegrityError:
            # Somebody else took the address between the look and the write. A derived address
            # gives way to theirs; a chosen one is refused now that theirs is seen.
            continue
    return _publish(article, revision, **options)


@in_one_transaction
def _publish(article, revision, *, by, at, updated_at, minor, is_checked):
    require(rights.may_publish(by), _("You may not publish. Ask an editor to do it."))
    article = lock(article)
    if revision is not None and not revision.is_sealed:
        # It may have been overwritten since it was read: what goes out is what is checked.
        revision = Revision.objects.get(pk=revision.pk)
    if is_checked and (newest := revision or article.latest_revision):
        refuse_stopped(article, newest)
    article = show(article, revision, by=by, at=at, updated_at=updated_at, minor=minor)
    record("published", by=by, article=article, detail=_("A minor change") if minor else "")
    raise_version()
    return article


def refuse_stopped(article, revision, *, going_out=()):
    """Refuses what a publish check of the newsroom stops, and says what to do.

    going_out: articles that go out together with it.
    """
    findings = publish_checks.findings(article, revision, going_out=going_out)
    if stops := [one.sentence for one in findings if one.is_stop]:
        raise PublishingError(
            _("This can't go out yet. %(reasons)s") % {"reasons": " ".join(stops)}
        )


def show(article, revision, *, by, at=None, updated_at=None, minor=False, keep_plans=False):
    """Makes a revision of a locked article what readers see, within a verb, which raises the
    version at its end.

    keep_plans: schedules and what was handed in stay, though their revisions may be older.
    """
    now = timezone.now()
    if at is not None and at > now:
        raise ValueError("what lies in the future is scheduled, not published")
    refuse_trashed(article)
    revision = revision or article.latest_revision
    if revision is None:
        raise PublishingError(_("There is nothing to publish yet. Save a draft first."))
    if revision.article_id != article.pk:
        raise ValueError(f"revision {revision.pk} is not of article {article.pk}")
    if not revision.is_sealed:
        # It may have been overwritten since it was read, and must not be any more.
        revision = article.revisions.get(pk=revision.pk)
        seal(revision)
    if revision.pk == article.latest_revision_id:
        # What follows the texts needn't read it again.
        article.latest_revision = revision
    if not is_visible(revision.title):
        raise PublishingError(_("Give the article a title before you publish it."))

    slug = public_slug(article, revision)
    authors = _authors(revision)
    tags = _tags(revision)

    if article.slug != slug or article.state != Article.State.LIVE:
        _move(article, slug)
    before = _columns(article)
    fill(article, revision, slug=slug, now=now, at=at, updated_at=updated_at, minor=minor)
    if not keep_plans:
        _answer_submission(article, revision, by=by)
    # Texts that stay as they are needn't be packed and stored once more.
    changed = [name for name, value in _columns(article).items() if value != before[name]]
    article.save(update_fields=changed)

    write_names(article, authors=authors, tags=tags)
    follow_texts(article)
    if article.kind == Article.Kind.ARTICLE:
        _enter_text(article, authors=authors, tags=tags)
    if not keep_plans:
        Schedule.objects.filter(
            article=article,
            action=Schedule.Action.PUBLISH,
            outcome=Schedule.Outcome.PENDING,
            revision__number__lte=revision.number,
        ).update(
            outcome=Schedule.Outcome.CANCELLED,
            finished_at=now,
            message=_("Published by hand before."),
        )
    settle_around(article)
    return article


def _move(article, slug):
    """Whoever comes to where an article was finds it where it stands now, and nothing leads on."""
    path = article.address_for(slug)
    if article.slug and article.slug != slug:
        leave_redirect(article, article.address_for(article.slug), path)
    else:
        Redirect.objects.filter(path=former_path(path), article=article).delete()


def _columns(article):
    """The values of an article's columns by name."""
    return {
        field.attname: getattr(article, field.attname) for field in article._meta.concrete_fields
    }


def fill(article, revision, *, slug, now, at=None, updated_at=None, minor=False):
    """Makes everything that readers see in an article's own row what a revision says.

    Asks no database and saves nothing.
    """
    is_same = article.live_revision_id == revision.pk
    article.state = Article.State.LIVE
    article.slug = slug
    article.language = revision.language
    article.title = revision.title
    article.standfirst = revision.standfirst
    article.body = revision.body
    article.lead_image_id = revision.lead_image_id
    article.related = revision.related
    article.relations = revision.relations
    article.live_revision = revision
    typesetting.follow_body(article)
    if article.first_published_at is None:
        article.first_published_at = at or now
        article.updated_at = updated_at or article.first_published_at
    elif updated_at is not None or not (minor or is_same):
        article.updated_at = max(updated_at or now, article.first_published_at)
    article.touched_at = now


def _answer_submission(article, revision, *, by):
    submission = article.submission
    if submission is None or submission.revision.number > revision.number:
        return
    submission.outcome = Submission.Outcome.PUBLISHED
    submission.decided_by, submission.decided_at = by, timezone.now()
    submission.save(update_fields=["outcome", "decided_by", "decided_at"])
    article.submission = None
    writers = [user for user in (submission.by, article.created_by) if user is not None]
    words = _("“%(title)s” is published") % {"title": revision.title}
    notifications.tell(writers, words, by=by, article=article)
    # Whose task it was before: they find it where readers do.
    others = [user for user in writers if not rights.may_see(user, article)]
    notifications.tell(others, words, by=by, path=article.get_absolute_url())


def _enter_text(article, *, authors, tags):
    words = indexed_words(article)
    beside = indexed_beside(article, [author.pk for author in authors], [tag.pk for tag in tags])
    search.index(article, **words, **beside)
    similar.enter(article.pk, **words)


def indexed_words(article):
    """By which words the search and the subjects know a public article."""
    return {
        "language": article.language,
        "title": article.title,
        "standfirst": article.standfirst,
        "text": article.text,
    }


def indexed_beside(article, author_ids, tag_ids):
    """What the search knows of a public article beside these: see search.make_entry."""
    return {
        "headings": [heading.text for heading in typesetting.typeset_of(article).headings],
        "author_ids": dict.fromkeys(author_ids),
        "tag_ids": dict.fromkeys(tag_ids),
    }


def _authors(revision):
    if not revision.bylines:
        return []
    found = {author.uid: author for author in Author.objects.filter(uid__in=revision.bylines)}
    return [found[uid] for uid in revision.bylines if uid in found]


def _tags(revision):
    return tags_named(revision.tags)


def write_names(article, *, authors, tags):
    """Replaces the bylines and tags that readers see, and keeps the counts and editions of both.

    Pages and series have neither, so nothing that lists by author or tag can come upon one.
    """
    if article.kind != Article.Kind.ARTICLE:
        return
    bylines, article_tags = name_rows(
        article, [author.pk for author in authors], [tag.pk for tag in tags]
    )
    _count(Author, *_replace(article.bylines, bylines, "author_id"))
    _count(Tag, *_replace(article.article_tags, article_tags, "tag_id"))


def name_rows(article, author_ids, tag_ids):
    """The bylines and article tags of a public article, unsaved."""
    date = article.first_published_at
    bylines = [
        Byline(article=article, author_id=pk, position=position, published_at=date)
        for position, pk in enumerate(author_ids)
    ]
    article_tags = [
        ArticleTag(content_object=article, tag_id=pk, position=position, published_at=date)
        for position, pk in enumerate(dict.fromkeys(tag_ids))
    ]
    return bylines, article_tags


def _replace(manager, rows, column):
    """Replaces the rows that name somebody or something in a column, if they aren't the same.

    Returns what was named before and what is named after, each with the date.
    """
    columns = (column, "position", "published_at")
    old = list(manager.order_by("position").values_list(*columns))
    new = [tuple(getattr(row, name) for name in columns) for row in rows]
    if old != new:
        manager.all().delete()
        manager.bulk_create(rows)
    return tuple({pk: date for pk, _position, date in named} for named in (old, new))


def _count(model, before, after):
    """before, after: primary key of an author or tag → the date under which it has the article."""
    changed = {pk for pk, _date in before.items() ^ after.items()}
    if not changed:
        return
    # Held, so that none is merged meanwhile: an article of one and of one that is merged into it
    # counts once.
    held = hold_groups(model, before.keys() | after.keys())
    leads_to = {pk: row.merged_into_id or pk for pk, row in held.items()}
    counted = [{*pks, *(leads_to[pk] for pk in pks)} for pks in (before, after)]
    more, fewer = counted[1] - counted[0], counted[0] - counted[1]
    unheard = {pk for pk in more if held[pk].first_public_at is None}
    if unheard:
        model.objects.filter(pk__in=unheard).update(first_public_at=timezone.now())
    touched = changed | {leads_to[pk] for pk in changed}
    for pks, by in ((more, 1), (fewer, -1), (touched - more - fewer, 0)):
        raise_editions(model, pks, more_articles=by)
