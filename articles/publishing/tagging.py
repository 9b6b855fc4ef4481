"""The life of a tag: its names, its merging into another, its retirement, and the way back.

What a tag is called and where it stands goes live at once.
"""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from articles import directory
from articles.audit import record
from articles.content_version import raise_version
from articles.models import Redirect, Revision, Tag, TagAlias, TagChange
from articles.names import fold
from articles.publishing.addresses import leave_redirect
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
from articles.publishing.subjects import save_named
from articles.rendering import plain_line

Kind = TagAlias.Kind
Act = TagChange.Act
_OWN_WORDS = ("name", "slug", "description", "is_retired", "image_id")


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name of a tag, and what kind of name it is; language only of Kind.LANGUAGE."""

    name: str
    kind: str = Kind.SYNONYM
    language: str = ""


# Names and addresses


@in_one_transaction
def save_tag(tag, *, aliases=None, by=None):
    """Saves a new or changed tag; former names and addresses still lead to it.

    aliases: its other names as they are to be, each an Alias or a plain name, which stays what it
    was; or None to leave them alone. Raises PublishingError where a name is taken.
    """
    require_organise(by)
    is_new = tag.pk is None
    before = None
    if not is_new:
        refuse_merged(hold(Tag, [tag.pk]).get())
        before = words_of_tag(tag)
    _refuse_taken_names(tag, [tag.name, *(_name_of(alias) for alias in aliases or [])])
    save_named(tag)
    _write_aliases(tag, aliases, former=before["name"] if before else "")
    directory.enter_tag(tag)
    if is_new:
        record("added", by=by, thing=tag)
    elif (after := words_of_tag(tag)) != before:
        detail = _difference(before, after)
        _note(Act.CHANGED, tag, by=by, before=before, after=after, detail=detail)
        record("changed", by=by, thing=tag, detail=detail)
    raise_version()
    return tag


@in_one_transaction
def retire_tag(tag, *, by, back=False):
    """Offers a tag for new articles no more (or again); its page and its articles stay."""
    tag = hold(Tag, [tag.pk]).get()
    tag.is_retired = not back
    return save_tag(tag, by=by)


def _name_of(alias):
    return alias if isinstance(alias, str) else alias.name


def _refuse_taken_names(tag, names):
    for name in names:
        if not fold(name):
            raise PublishingError(
                _("“%(name)s” holds no letter or digit. Give it a name.") % {"name": name}
            )
        taken = TagAlias.objects.filter(key=fold(name)).exclude(tag=tag.pk)
        if other := taken.select_related("tag__merged_into").first():
            raise PublishingError(
                _("“%(name)s” already leads to the tag “%(tag)s”.")
                % {"name": name, "tag": other.tag.standing}
            )


def _write_aliases(tag, aliases, *, former):
    """Lets a tag have its own name, those of some aliases, and the name that it had before."""
    own, before = fold(tag.name), fold(former)
    existing = {alias.key: alias for alias in tag.aliases.all()}
    wanted = {}
    for alias in existing.values() if aliases is None else aliases:
        key = fold(_name_of(alias))
        if isinstance(alias, str):
            alias = _as_it_was(alias, existing.get(key))
        wanted.setdefault(key, (plain_line(alias.name), alias.kind, alias.language))
    if former and (before not in wanted or wanted[before][1] == Kind.NAME):
        wanted[before] = (former, Kind.FORMER, "")
    wanted[own] = (tag.name, Kind.NAME, "")
    _make_aliases(tag, {key: (None, *words) for key, words in wanted.items()})


def _as_it_was(name, known):
    """An alias of a plain name: what it was, where it is known as another name."""
    if known is None or known.kind == Kind.NAME:
        return Alias(name)
    return Alias(name, known.kind, known.language)


def _make_aliases(tag, wanted):
    """Makes the names of a tag equal to some: key → (primary key or None, name, kind, language)."""
    existing = {alias.key: alias for alias in tag.aliases.all()}
    tag.aliases.exclude(key__in=wanted).delete()
    # The tag's own name last, when the one of before is its own no more.
    for key in sorted(wanted, key=lambda key: wanted[key][2] == Kind.NAME):
        pk, *words = wanted[key]
        values = dict(zip(("name", "kind", "language"), words, strict=True))
        row = existing.get(key)
        if row is None:
            TagAlias.objects.create(pk=pk, tag=tag, key=key, **values)
        elif [row.name, row.kind, row.language] != words:
            TagAlias.objects.filter(pk=row.pk).update(**values)


# What was, and how to get back to it


def words_of_tag(tag):
    """Everything that an editor can change about a tag, as JSON."""
    found = Tag.objects.filter(pk=tag.pk).values(*_OWN_WORDS).get()
    found["aliases"] = [
        [row.key, row.pk, row.name, row.kind, row.language]
        for row in TagAlias.objects.filter(tag=tag).order_by("key")
    ]
    found["redirects"] = [
        [row.path, row.pk, row.created_at.isoformat()]
        for row in Redirect.objects.filter(tag=tag).order_by("path")
    ]
    return found


def _note(act, tag, *, by, detail, other=None, before=None, after=None):
    return TagChange.objects.create(
        act=act,
        tag=tag,
        other=other,
        at=timezone.now(),
        by=by,
        detail=detail,
        before=before or {},
        after=after or {},
    )


def _difference(before, after):
    """What changed, in words."""
    parts = []
    for name, words in (("name", _("Name")), ("slug", _("Address"))):
        if before[name] != after[name]:
            parts.append(f"{words}: “{before[name]}” → “{after[name]}”")
    if before["description"] != after["description"]:
        parts.append(_("Description"))
    if before["image_id"] != after["image_id"]:
        parts.append(_("Picture"))
    if before["is_retired"] != after["is_retired"]:
        parts.append(_("Retired") if after["is_retired"] else _("Brought back"))
    names = [
        {name for _key, _pk, name, kind, _language in state["aliases"] if kind != Kind.NAME}
        - {before["name"], after["name"]}
        for state in (before, after)
    ]
    for sign, some in (("+", names[1] - names[0]), ("−", names[0] - names[1])):
        parts += [f"{sign} “{name}”" for name in sorted(some)]
    return "; ".join(parts) or _("Kinds of names")


@in_one_transaction
def undo_change(change, *, by):
    """Takes back a change of a tag's own words, or a merge. Returns the change.

    Everything is as it was before, but for what others have come to rely on in between: an
    address at which the tag was public leads to it still, and so does a name that has been used.
    """
    require_organise(by)
    change = TagChange.objects.select_for_update(of=("self",)).get(pk=change.pk)
    refuse_undone(change)
    undo = {Act.CHANGED: _undo_words, Act.MERGED: _undo_merge}[change.act]
    undo(change)
    close(change, by=by)
    raise_version()
    return change


def refuse_undone(change):
    if change.undone_at:
        raise PublishingError(_("This has been undone already."))


def close(change, *, by):
    """Marks a change as undone, within the verb that undoes it, and records that."""
    change.undone_at, change.undone_by = timezone.now(), by
    change.save(update_fields=["undone_at", "undone_by"])
    record("undone", by=by, thing=change.tag, detail=f"{change.get_act_display()}: {change.detail}")


def later_changes(change):
    """Changes of the same tag's words that came after one, and have to be undone before it."""
    later = TagChange.objects.filter(pk__gt=change.pk, undone_at=None, tag=change.tag_id)
    return later.filter(act=Act.CHANGED)


def names_used_since(change):
    """The names that a change gave to its tag and that articles have come to use since."""
    given = {key for key, *_words in change.after["aliases"]}
    given -= {key for key, *_words in change.before["aliases"]}
    if not given:
        return {}
    since = Revision.objects.filter(saved_at__gte=change.at)
    used = {name for names in since.values_list("tags", flat=True) for name in names}
    return {fold(name): name for name in used if fold(name) in given}


def _undo_words(change):
    tag = hold(Tag, [change.tag_id]).get()
    refuse_merged(tag)
    if later_changes(change).exists():
        raise PublishingError(_("This tag was changed again later. Undo that first."))
    before = change.before
    used = names_used_since(change)
    wanted = {key: tuple(words) for key, *words in before["aliases"]}
    for row in tag.aliases.filter(key__in=used):
        wanted.setdefault(row.key, (row.pk, row.name, Kind.FORMER, ""))
    taken = TagAlias.objects.filter(key__in=wanted).exclude(tag=tag).select_related("tag").first()
    if taken:
        raise PublishingError(
            _("“%(name)s” already leads to the tag “%(tag)s”.")
            % {"name": taken.name, "tag": taken.tag.standing}
        )
    path = tag.get_absolute_url()
    for name in _OWN_WORDS:
        setattr(tag, name, before[name])
    tag.save(update_fields=[*_OWN_WORDS, "key"])
    _make_aliases(tag, wanted)
    _restore_redirects(tag, path, before["redirects"])
    directory.enter_tag(tag)


def _restore_redirects(tag, path, rows):
    """path: where the tag stood until now."""
    own = tag.get_absolute_url()
    if tag.first_public_at is None:
        kept = [path for path, *_row in rows]
        Redirect.objects.filter(tag=tag).exclude(path__in=kept).delete()
    elif path != own:
        leave_redirect(tag, path, own)
    held = set(
        Redirect.objects.filter(path__in=[path for path, *_row in rows]).values_list(
            "path", flat=True
        )
    )
    for path, pk, created_at in rows:
        if path not in held:
            Redirect.objects.create(pk=pk, path=path, tag=tag)
            Redirect.objects.filter(pk=pk).update(created_at=created_at)


# Merging


@in_one_transaction
def merge_tag(tag, into, *, by):
    """Lets a tag lead to another one, with what has been merged into it. Returns the change.

    Its articles are listed under the other, each once; its names, its address and what cites
    it lead there. Five tags or five thousand articles, it costs the same.
    """
    require_organise(by)
    into = Tag.objects.get(pk=into.pk).standing
    held = hold_groups(Tag, [tag.pk, into.pk])
    tag, into = held[tag.pk], held[into.pk]
    refuse_merged(tag)
    if tag == into:
        raise PublishingError(_("Choose another tag to merge this one into."))
    # Somebody may have merged it at this moment.
    refuse_merged(into)
    lead_on(tag, into)
    _enter(tag, into)
    detail = _("“%(tag)s” into “%(into)s”") % {"tag": tag, "into": into}
    change = _note(Act.MERGED, tag, other=into, by=by, detail=detail)
    record("merged", by=by, thing=tag, detail=_("into “%(into)s”") % {"into": into})
    raise_version()
    return change


def _undo_merge(change):
    tag = hold_groups(Tag, [change.tag_id])[change.tag_id]
    refuse_standing(tag)
    into = tag.merged_into
    lead_back(tag)
    _enter(tag, into)


def _enter(*tags):
    for tag in tags:
        directory.enter_tag(tag)
