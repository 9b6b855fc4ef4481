"""The verbs: every function that changes editorial state, and nothing else does.

Each verb is one transaction: it locks the article, checks rights and state, writes rows,
sections, references and the search index, and raises the content version last. A refusal is
a PublishingError whose words are for the editor. `by` is the user who acts; None is the
publication itself (a schedule whose author has left), which may do everything.
"""

import logging
from dataclasses import asdict, dataclass, field, fields

from django.core.exceptions import ValidationError
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import CharField, F, TextField
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from articles import references, search
from articles.content_version import raise_version
from articles.models import (
    Article,
    ArticleTag,
    Byline,
    Redirect,
    Reference,
    Revision,
    Schedule,
    Tag,
    TagAlias,
)
from articles.names import (
    fold,
    former_path,
    free_slug,
    make_slug,
    shorten_slug,
    validate_slug,
)
from articles.rendering import (
    clean,
    plain_line,
    structure,
    with_section_ids,
    without_control_characters,
)
from authors.models import Author

logger = logging.getLogger(__name__)

ATTEMPTS = 8
TAG_NAME_LENGTH = Tag._meta.get_field("name").max_length


class PublishingError(Exception):
    """A verb's refusal. str() is a sentence for the editor."""


class NotAllowed(PublishingError):
    """The user has no right to do this."""


class Conflict(PublishingError):
    """Somebody saved a newer revision since the words at hand were opened."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """Everything an editor can change about an article. bylines are author uids in order, tags
    are names, related is a list of {"article": uid} or {"url": …, "title": …}.
    """

    title: str = ""
    slug: str = ""
    language: str = "en"
    standfirst: str = ""
    body: str = ""
    lead_image_id: int | None = None
    bylines: list = field(default_factory=list)
    tags: list = field(default_factory=list)
    related: list = field(default_factory=list)

    @classmethod
    def of(cls, revision):
        return cls(**{item.name: getattr(revision, item.name) for item in fields(cls)})


def _require(by, permission, sentence):
    if by is not None and not by.has_perm(f"articles.{permission}"):
        raise NotAllowed(sentence)


def _lock(article):
    """The article as it is now, held until the transaction ends (SQLite holds all of it)."""
    return Article.objects.select_for_update(of=("self",)).get(pk=article.pk)


def _prepared(article, words):
    """The words in the form in which they are stored."""
    body = references.with_internal_links_as_tokens(clean(words.body), own_uid=article.uid)
    anchors = set(article.sections.values_list("anchor", flat=True)) if article.pk else set()
    values = asdict(words) | {
        "title": plain_line(words.title),
        "standfirst": plain_line(words.standfirst),
        "body": with_section_ids(body, known=anchors, taken=anchors),
        "bylines": list(dict.fromkeys(words.bylines)),
        "tags": _distinct_names(words.tags),
        "related": _related(article, words.related),
    }
    return Words(**values)


def _related(article, items):
    kept = [references.related_item(item) for item in items]
    return [item for item in kept if item and item.get("article") != article.uid]


def _distinct_names(names):
    by_key = {}
    for name in names:
        name = plain_line(name)
        if fold(name):
            by_key.setdefault(fold(name), name)
    return list(by_key.values())


# Writing


@transaction.atomic
def create(words, *, by, kind=Article.Kind.ARTICLE, uid=None, note=""):
    """A new article with its first draft."""
    _require(by, "add_article", _("You may not write new articles. Ask an editor."))
    now = timezone.now()
    article = Article(kind=kind, created_by=by, touched_at=now, language=words.language)
    if uid:
        article.uid = uid
    article.save()
    references.adopt_dangling(article, "article")
    _save_revision(article, words, by=by, note=note, now=now)
    return article


@transaction.atomic
def save_draft(article, words, *, by, based_on=None, note=""):
    """Saves the words as the newest revision; readers see nothing of it.

    based_on: the number of the revision from which the words started, or None to save
    whatever is there. Saving what is already the newest state makes no new revision.
    Raises Conflict, NotAllowed.
    """
    _require(by, "change_article", _("You may not change this article. Ask an editor."))
    article = _lock(article)
    _refuse_trashed(article)
    latest = article.latest_revision
    if based_on is not None and latest is not None and latest.number != based_on:
        raise Conflict(
            _(
                "%(who)s saved this article at %(when)s, after you opened it. Your words are still"
                " here. Saving again puts them on top; the other version stays in the history."
            )
            % {
                "who": (latest.by and (latest.by.get_full_name() or latest.by.get_username()))
                or _("Somebody"),
                "when": date_format(timezone.localtime(latest.saved_at), "H:i"),
            }
        )
    return _save_revision(article, words, by=by, note=note, now=timezone.now())


def _save_revision(article, words, *, by, note, now):
    words = _prepared(article, words)
    latest = article.latest_revision
    if latest is not None and Words.of(latest) == words:
        return latest
    revision = Revision.objects.create(
        article=article,
        number=latest.number + 1 if latest else 1,
        by=by,
        created_at=now,
        saved_at=now,
        note=note,
        **asdict(words),
    )
    article.latest_revision = revision
    article.touched_at = now
    article.save(update_fields=["latest_revision", "touched_at"])
    _follow_texts(article)
    return revision


def _follow_texts(article):
    """Makes sections and references equal to the live text and to the newest draft."""
    is_live = article.state == Article.State.LIVE
    draft = article.latest_revision if article.has_newer_draft or not is_live else None
    changed = references.follow(
        article,
        Reference.Set.LIVE,
        body=article.body if is_live else None,
        related=article.related,
    )
    references.follow(
        article,
        Reference.Set.DRAFT,
        body=draft.body if draft else None,
        related=draft.related if draft else [],
    )
    references.follow_sections(
        article,
        live_body=article.body if is_live else None,
        draft_body=draft.body if draft else None,
    )
    return changed


def restore(article, revision, *, by):
    """Makes an older revision the newest draft. Readers see nothing of it until it is published."""
    if revision.article_id != article.pk:
        raise ValueError(f"revision {revision.pk} is not of article {article.pk}")
    note = _("Restored from version %(number)s") % {"number": revision.number}
    return save_draft(article, Words.of(revision), by=by, note=note)


def _refuse_trashed(article):
    if article.state == Article.State.TRASHED:
        raise PublishingError(_("This article is in the trash. Take it out first."))


# Making public


def publish(article, revision=None, *, by, at=None, updated_at=None, minor=False):
    """Shows a revision (the newest, unless one is given) to readers from the next request on.

    at: the date of first publication, when it isn't now (an import); not in the future.
    updated_at: likewise for the date of the last change. minor: a change too small for a
    new date. Raises PublishingError where something is missing or an address is taken.
    """
    options = {"by": by, "at": at, "updated_at": updated_at, "minor": minor}
    for _attempt in range(ATTEMPTS):
        try:
            return _publish(article, revision, **options)
        except IntegrityError:
            # Somebody else took the address between the look and the write. A derived address
            # gives way to theirs; a chosen one is refused now that theirs is seen.
            continue
    return _publish(article, revision, **options)


@transaction.atomic
def _publish(article, revision, *, by, at, updated_at, minor):
    _require(by, "publish_article", _("You may not publish. Ask an editor to do it."))
    now = timezone.now()
    if at is not None and at > now:
        raise ValueError("what lies in the future is scheduled, not published")
    article = _lock(article)
    _refuse_trashed(article)
    revision = revision or article.latest_revision
    if revision is None:
        raise PublishingError(_("There is nothing to publish yet. Save a draft first."))
    if revision.article_id != article.pk:
        raise ValueError(f"revision {revision.pk} is not of article {article.pk}")
    if not revision.title:
        raise PublishingError(_("Give the article a title before you publish it."))

    slug = _public_slug(article, revision)
    authors = _authors(revision)
    tags = _tags(revision)

    if article.slug and article.slug != slug:
        _leave_redirect(article, article.address_for(article.slug), article.address_for(slug))
    article.state = Article.State.LIVE
    article.slug = slug
    article.language = revision.language
    article.title = revision.title
    article.standfirst = revision.standfirst
    article.body = revision.body
    article.lead_image_id = revision.lead_image_id
    article.related = revision.related
    article.live_revision = revision
    content = structure(article.body)
    article.reading_minutes = content.reading_minutes
    if article.first_published_at is None:
        article.first_published_at = at or now
        article.updated_at = updated_at or article.first_published_at
    elif updated_at is not None or not minor:
        article.updated_at = max(updated_at or now, article.first_published_at)
    article.touched_at = now
    article.save()
    # Should it have been a former address of this article, it is none any more.
    Redirect.objects.filter(path=former_path(article.get_absolute_url()), article=article).delete()
    if not revision.is_sealed:
        Revision.objects.filter(pk=revision.pk).update(is_sealed=True)

    _write_names(article, authors=authors, tags=tags)
    _follow_texts(article)
    if article.kind == Article.Kind.ARTICLE:
        search.index(
            article.pk,
            language=article.language,
            title=article.title,
            standfirst=article.standfirst,
            text=content.text,
        )
    Schedule.objects.filter(
        article=article,
        action=Schedule.Action.PUBLISH,
        outcome=Schedule.Outcome.PENDING,
        revision__number__lte=revision.number,
    ).update(
        outcome=Schedule.Outcome.CANCELLED, finished_at=now, message=_("Published by hand before.")
    )
    raise_version()
    return article


def _public_slug(article, revision):
    """The address under which the revision goes out; refuses one that leads elsewhere."""
    chosen = revision.slug or article.slug
    taken = Article.objects.filter(kind=article.kind).exclude(pk=article.pk)

    def is_taken(slug):
        return taken.filter(slug=slug).exists() or is_former_address(
            article.address_for(slug), article
        )

    if not chosen:
        return free_slug(make_slug(revision.title, fallback=article.kind), is_taken)
    if chosen == article.slug:
        return chosen
    try:
        validate_slug(chosen)
    except ValidationError as error:
        raise PublishingError(" ".join(error.messages)) from None
    if other := taken.filter(slug=chosen).first():
        raise PublishingError(
            _("The address “%(slug)s” belongs to “%(title)s”. Choose another.")
            % {"slug": chosen, "title": other}
        )
    _refuse_held_path(article.address_for(chosen), article)
    return chosen


def _refuse_held_path(path, owner):
    held = Redirect.objects.filter(path=former_path(path)).first()
    if held is None or held.target == owner:
        return
    if held.is_gone:
        raise PublishingError(
            _("The address %(path)s was given up on purpose and can't be used again.")
            % {"path": path}
        )
    raise PublishingError(
        _("The address %(path)s is a former address of “%(title)s”. Choose another.")
        % {"path": path, "title": held.target}
    )


def _leave_redirect(owner, old_path, new_path):
    """From its old path an object is found at its new one, without a detour."""
    kind = owner._meta.model_name
    Redirect.objects.update_or_create(
        path=former_path(old_path),
        defaults={"article": None, "author": None, "tag": None, "is_gone": False, kind: owner},
    )
    Redirect.objects.filter(path=former_path(new_path), **{kind: owner}).delete()


def is_former_address(path, owner):
    """Whether a path once led, or still leads, to something else than owner."""
    held = Redirect.objects.filter(path=former_path(path)).first()
    return held is not None and (held.is_gone or held.target != owner)


@transaction.atomic
def add_former_address(article, path):
    """Lets a path at which an imported article stood elsewhere lead to it; False if it is taken."""
    path = former_path(path)
    own = former_path(article.get_absolute_url()) if article.slug else ""
    if path in {"/", own} or len(path) > 300:
        return True
    if references.find_by_path(path) not in {None, article}:
        return False
    if is_former_address(path, article):
        return False
    _redirect, is_new = Redirect.objects.get_or_create(path=path, defaults={"article": article})
    if is_new:
        raise_version()
    return True


def _authors(revision):
    found = {author.uid: author for author in Author.objects.filter(uid__in=revision.bylines)}
    return [found[uid] for uid in revision.bylines if uid in found]


def _tags(revision):
    return [tag_named(name) for name in revision.tags]


def tag_named(name):
    """The tag that a name or alias leads to; a new tag where none does."""
    name = _fitting_tag_name(name)
    key = fold(name)
    if not key:
        raise ValueError(f"{name!r} holds no letter or digit")
    alias = TagAlias.objects.filter(key=key).select_related("tag").first()
    if alias:
        return alias.tag
    try:
        # A savepoint, since somebody else may be making the same tag at this moment.
        with transaction.atomic():
            return _new_tag(name, key)
    except IntegrityError:
        return TagAlias.objects.select_related("tag").get(key=key).tag


def _new_tag(name, key):
    tag = Tag(name=name)
    tag.slug = free_slug(
        shorten_slug(make_slug(name, fallback="tag"), TAG_NAME_LENGTH - 8),
        lambda slug: (
            Tag.objects.filter(slug=slug).exists() or is_former_address(_tag_path(slug), None)
        ),
    )
    tag.save()
    TagAlias.objects.create(tag=tag, name=tag.name, key=key)
    return tag


def _fitting_tag_name(name):
    """The name cut so that it and its folded form, which can be longer, fit their columns."""
    name = plain_line(name)[:TAG_NAME_LENGTH]
    while len(fold(name)) > TAG_NAME_LENGTH:
        name = name[:-1]
    return name.strip()


def _tag_path(slug):
    return Tag(slug=slug).get_absolute_url()


def _write_names(article, *, authors, tags):
    """Replaces the bylines and tags that readers see, and keeps the counts of both.

    Pages have neither, so nothing that lists by author or tag can come upon one.
    """
    if article.kind == Article.Kind.PAGE:
        return
    date = article.first_published_at
    before = {
        Author: set(article.bylines.values_list("author_id", flat=True)),
        Tag: set(article.article_tags.values_list("tag_id", flat=True)),
    }
    article.bylines.all().delete()
    article.article_tags.all().delete()
    Byline.objects.bulk_create(
        Byline(article=article, author=author, position=position, published_at=date)
        for position, author in enumerate(authors)
    )
    distinct = list({tag.pk: tag for tag in tags}.values())
    ArticleTag.objects.bulk_create(
        ArticleTag(content_object=article, tag=tag, position=position, published_at=date)
        for position, tag in enumerate(distinct)
    )
    for model, rows in ((Author, authors), (Tag, distinct)):
        after = {row.pk for row in rows}
        _count(model, more=after - before[model], fewer=before[model] - after)


def _count(model, *, more, fewer):
    # In one order everywhere, so that two publishes never wait for each other.
    list(model.objects.select_for_update().filter(pk__in=more | fewer).order_by("pk"))
    model.objects.filter(pk__in=more).update(article_count=F("article_count") + 1)
    model.objects.filter(pk__in=fewer).update(article_count=F("article_count") - 1)
    model.objects.filter(pk__in=more, first_public_at__isnull=True).update(
        first_public_at=timezone.now()
    )


@transaction.atomic
def unpublish(article, *, by):
    """Takes an article away from readers. Its address answers that it was withdrawn."""
    _require(by, "publish_article", _("You may not unpublish. Ask an editor to do it."))
    article = _lock(article)
    if article.state != Article.State.LIVE:
        raise PublishingError(_("“%(title)s” isn't live.") % {"title": article})
    article.state = Article.State.WITHDRAWN
    article.touched_at = timezone.now()
    article.save(update_fields=["state", "touched_at"])
    _write_names(article, authors=[], tags=[])
    search.remove(article.pk)
    _follow_texts(article)
    Schedule.objects.filter(
        article=article,
        action=Schedule.Action.UNPUBLISH,
        outcome=Schedule.Outcome.PENDING,
    ).update(
        outcome=Schedule.Outcome.CANCELLED,
        finished_at=timezone.now(),
        message=_("Unpublished by hand before."),
    )
    raise_version()
    return article


# At a time


@transaction.atomic
def schedule(article, *, due_at, by, action=Schedule.Action.PUBLISH, revision=None):
    """Plans to publish a revision (the newest, unless one is given) or to unpublish.

    due_at: aware, in the future. An earlier plan for the same is replaced. What was scheduled
    is what goes out, also when the draft changes later.
    """
    _require(by, "publish_article", _("You may not schedule. Ask an editor to do it."))
    if due_at <= timezone.now():
        raise PublishingError(_("Choose a time that lies in the future."))
    article = _lock(article)
    _refuse_trashed(article)
    if action == Schedule.Action.PUBLISH:
        revision = revision or article.latest_revision
        if revision is not None and revision.article_id != article.pk:
            raise ValueError(f"revision {revision.pk} is not of article {article.pk}")
        if revision is None or not revision.title:
            raise PublishingError(_("Give the article a title before you schedule it."))
        if revision.slug and revision.slug != article.slug:
            _public_slug(article, revision)
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


@transaction.atomic
def cancel_schedules(article, *, by, action=Schedule.Action.PUBLISH):
    """Calls off what is planned for an article; returns how many plans that were."""
    _require(by, "publish_article", _("You may not change schedules. Ask an editor."))
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


@transaction.atomic
def _carry_out(pk):
    item = Schedule.objects.select_related("article", "revision").get(pk=pk)
    # The article first, as every verb does, so that none waits for another in a circle.
    _lock(item.article)
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


# What goes live at once: authors, tags and what belongs to the whole publication


@transaction.atomic
def save_author(author):
    """Saves a new or changed author; a former address leads on to the new one."""
    _save_named(author)
    raise_version()
    return author


@transaction.atomic
def save_tag(tag, *, aliases=None):
    """Saves a new or changed tag; former names and addresses still lead to it.

    aliases: the other names of the tag as they are to be, or None to leave them alone.
    Raises PublishingError where a name is taken.
    """
    _refuse_taken_names(tag, [tag.name, *(aliases or [])])
    former = Tag.objects.filter(pk=tag.pk).values_list("name", flat=True).first()
    _save_named(tag)
    keep = {fold(tag.name): tag.name}
    if aliases is not None:
        for name in aliases:
            keep.setdefault(fold(name), name)
    if former:
        keep.setdefault(fold(former), former)
    existing = {alias.key: alias for alias in tag.aliases.all()}
    if aliases is not None:
        tag.aliases.exclude(key__in=keep).delete()
    for key, name in keep.items():
        if key not in existing:
            TagAlias.objects.create(tag=tag, name=name, key=key)
        elif existing[key].name != name:
            TagAlias.objects.filter(pk=existing[key].pk).update(name=name)
    raise_version()
    return tag


def _refuse_taken_names(tag, names):
    for name in names:
        if not fold(name):
            raise PublishingError(
                _("“%(name)s” holds no letter or digit. Give it a name.") % {"name": name}
            )
        other = (
            TagAlias.objects.filter(key=fold(name)).exclude(tag=tag.pk).select_related("tag")
        ).first()
        if other:
            raise PublishingError(
                _("“%(name)s” already leads to the tag “%(tag)s”.")
                % {"name": name, "tag": other.tag}
            )


def _save_named(thing):
    """Saves an author or tag under a valid, free slug, and keeps its former address alive."""
    model = type(thing)
    kind = model._meta.model_name
    for column in model._meta.concrete_fields:
        words = getattr(thing, column.attname)
        if isinstance(column, (CharField, TextField)) and words:
            setattr(thing, column.attname, without_control_characters(words))
    thing.name = plain_line(thing.name)
    old_slug = model.objects.filter(pk=thing.pk).values_list("slug", flat=True).first()
    if not thing.slug:
        thing.slug = free_slug(
            make_slug(thing.name, fallback=kind),
            lambda slug: (
                model.objects.filter(slug=slug).exclude(pk=thing.pk).exists()
                or is_former_address(model(slug=slug).get_absolute_url(), None)
            ),
        )
    if thing.slug != old_slug:
        try:
            validate_slug(thing.slug)
        except ValidationError as error:
            raise PublishingError(" ".join(error.messages)) from None
        other = model.objects.filter(slug=thing.slug).exclude(pk=thing.pk).first()
        if other:
            raise PublishingError(
                _("The address “%(slug)s” belongs to “%(title)s”. Choose another.")
                % {"slug": thing.slug, "title": other}
            )
        _refuse_held_path(thing.get_absolute_url(), thing)
    if thing.pk is None:
        thing.save()
        references.adopt_dangling(thing, kind)
    else:
        # The counts belong to publishing, which may have moved on since this was opened.
        thing.save(
            update_fields={field.name for field in model._meta.concrete_fields}
            - {"id", "uid", "article_count", "first_public_at"}
        )
    if old_slug and old_slug != thing.slug:
        _leave_redirect(thing, model(slug=old_slug).get_absolute_url(), thing.get_absolute_url())
