"""What authors and tags share: names and addresses; their own edits go live at once."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import CharField, TextField
from django.utils.translation import gettext as _

from articles import directory, references
from articles.audit import record
from articles.content_version import raise_version
from articles.models import Tag, TagAlias
from articles.names import fold, free_slug, is_visible, make_slug, shorten_slug, validate_slug
from articles.publishing.addresses import is_former_address, leave_redirect, refuse_held_path
from articles.publishing.base import PublishingError, in_one_transaction
from articles.publishing.mergers import (
    hold,
    hold_groups,
    lead_back,
    lead_on,
    refuse_merged,
    refuse_standing,
    require_organise,
)
from articles.rendering import plain_line, without_control_characters
from authors.models import Author

TAG_NAME_LENGTH = Tag._meta.get_field("name").max_length


def tags_named(names):
    """The tag of each name, as tag_named; one query where all are known."""
    known = TagAlias.objects.filter(key__in={fold(name) for name in names}).select_related("tag")
    tags = {alias.key: alias.tag for alias in known} if names else {}
    return [tags.get(fold(name)) or tag_named(name) for name in names]


def tag_named(name):
    """The tag whose name or alias it is, be it merged into another; a new one where none is."""
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
    directory.enter_tag(tag)
    return tag


def _fitting_tag_name(name):
    """The name cut so that it and its folded form, which can be longer, fit their columns."""
    name = plain_line(name)[:TAG_NAME_LENGTH]
    while len(fold(name)) > TAG_NAME_LENGTH:
        name = name[:-1]
    return name.strip()


def _tag_path(slug):
    return Tag(slug=slug).get_absolute_url()


@in_one_transaction
def save_author(author):
    """Saves a new or changed author; a former address leads on to the new one."""
    if author.pk is not None:
        refuse_merged(hold(Author, [author.pk]).get())
    save_named(author)
    directory.enter_author(author)
    raise_version()
    return author


@in_one_transaction
def merge_author(author, into, *, by):
    """Lets an author lead to another one, with who has been merged into it. Returns the author.

    Its articles are listed under the other, each once; its names, its address and what cites it
    lead there. Five authors or five thousand articles, it costs the same.
    """
    require_organise(by)
    held = hold_groups(Author, [author.pk, into.pk])
    author, into = held[author.pk], held[into.pk]
    if author == into:
        raise PublishingError(_("Choose another author to merge this one into."))
    refuse_merged(author)
    refuse_merged(into)
    Author.objects.filter(pk=author.pk).update(merged_with=into)
    lead_on(author, into)
    record("merged", by=by, thing=author, detail=_("into “%(into)s”") % {"into": into})
    raise_version()
    return author


@in_one_transaction
def unmerge_author(author, *, by):
    """Lets a merged author stand for itself again, with what was merged into it before and what
    was published in between. Returns the author.
    """
    require_organise(by)
    author = hold_groups(Author, [author.pk])[author.pk]
    refuse_standing(author)
    into = author.merged_into
    lead_back(author)
    Author.objects.filter(pk=author.pk).update(merged_with=None)
    record("undone", by=by, thing=author, detail=_("merged into “%(into)s”") % {"into": into})
    raise_version()
    return author


def save_named(thing):
    """Saves an author or tag under a valid, free slug, and keeps its former address alive."""
    model = type(thing)
    kind = model._meta.model_name
    for column in model._meta.concrete_fields:
        words = getattr(thing, column.attname)
        if isinstance(column, (CharField, TextField)) and words:
            setattr(thing, column.attname, without_control_characters(words))
    thing.name = plain_line(thing.name)
    if not is_visible(thing.name):
        raise PublishingError(_("Give it a name: of this one there is nothing to see."))
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
        refuse_held_path(thing.get_absolute_url(), thing)
    if thing.pk is None:
        thing.save()
        references.adopt_dangling(thing, kind)
    else:
        # The counts belong to publishing, which may have moved on since this was opened.
        thing.save(
            update_fields={field.name for field in model._meta.concrete_fields}
            - {"id", "uid", "article_count", "first_public_at", "edition"}
            - {"merged_into", "merged_with"}
        )
    if old_slug and old_slug != thing.slug:
        leave_redirect(thing, model(slug=old_slug).get_absolute_url(), thing.get_absolute_url())
