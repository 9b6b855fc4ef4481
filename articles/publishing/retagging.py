"""Giving articles other tags, many at a time: each through a revision of its own."""

from dataclasses import replace
from itertools import chain

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from articles import rights
from articles.audit import record
from articles.content_version import raise_version
from articles.models import Article, Tag, TagAlias, TagChange
from articles.names import fold
from articles.publishing.base import PublishingError, in_one_transaction, lock_all, require
from articles.publishing.mergers import hold_groups, refuse_merged, require_organise
from articles.publishing.rewriting import rewrite
from articles.publishing.subjects import tag_named
from articles.publishing.tagging import close, refuse_undone

# In one transaction, for which others wait.
RETAGGED_AT_ONCE = 200
_CLOSED = (Article.State.TRASHED, Article.State.DELETED)


@in_one_transaction
def tag_articles(articles, *, add=(), remove=(), by):
    """Adds some tags, by their names, to articles, and takes others off; returns the change, or
    None where nothing had to be changed.

    What readers see and a newer draft get the same change, each in its own words.
    """
    require_retagging(by)
    added = list({tag.pk: tag for tag in (tag_named(name).standing for name in add)}.values())
    removed = [tag.standing for tag in remove]
    if not added and not removed:
        raise PublishingError(_("Choose the tags to add or to take off."))
    if both := [tag for tag in added if tag in removed]:
        raise PublishingError(_("“%(tag)s” can't be both added and taken off.") % {"tag": both[0]})
    words = [f"+ “{tag}”" for tag in added] + [f"− “{tag}”" for tag in removed]
    return _retag(
        articles,
        lambda names, leads_to: _exchanged(names, leads_to, added=added, removed=removed),
        act=TagChange.Act.TAGGED,
        tags=[*added, *removed],
        tag=(added or removed)[0],
        other=None,
        detail=", ".join(words),
        by=by,
    )


@in_one_transaction
def split_tag(tag, articles, to, *, by, keep=False):
    """Gives those of some articles that carry a tag another one, by its name, instead of it, or,
    with keep, besides it. Returns the change, or None where nothing had to be changed.
    """
    require_retagging(by)
    refuse_merged(tag)
    other = tag_named(to).standing
    if other == tag:
        raise PublishingError(_("Choose another tag than the one that is split."))

    def change(names, leads_to):
        if tag.pk not in map(leads_to, names):
            return names
        return _exchanged(names, leads_to, added=[other], removed=[] if keep else [tag])

    return _retag(
        articles,
        change,
        act=TagChange.Act.SPLIT,
        tags=[tag, other],
        tag=tag,
        other=other,
        detail=(_("“%(tag)s” and “%(other)s”") if keep else _("“%(tag)s” → “%(other)s”"))
        % {"tag": tag, "other": other},
        by=by,
    )


def require_retagging(by):
    require_organise(by)
    require(rights.may_publish(by), _("You may not change what readers see. Ask an editor."))


def _exchanged(names, leads_to, *, added, removed):
    """Names of tags with some taken out and others in the place of the first, or at the end."""
    gone = {tag.pk for tag in removed}
    kept = [name for name in names if leads_to(name) not in gone]
    there = set(map(leads_to, kept))
    new = [tag.name for tag in added if tag.pk not in there]
    place = next((at for at, name in enumerate(names) if leads_to(name) in gone), len(kept))
    return [*kept[:place], *new, *kept[place:]]


def _retag(articles, change, *, act, tags, tag, other, detail, by):
    """tags: those that articles are given or lose, by which they are known to the editor."""
    if len(articles) > RETAGGED_AT_ONCE:
        raise PublishingError(_("Choose at most %(n)d articles at once.") % {"n": RETAGGED_AT_ONCE})
    locked = lock_all([article.pk for article in articles]).values()
    locked = [one for one in locked if one.kind == Article.Kind.ARTICLE]
    if any(one.state in _CLOSED for one in locked):
        raise PublishingError(_("An article of these is in the trash. Take it out first."))
    leads_to = _held_tags(locked, tags)
    done = {}
    for article in locked:
        changes = {}

        def changed(words, is_live, changes=changes):
            names = change(words.tags, leads_to)
            changes["live" if is_live else "draft"] = [words.tags, names]
            return replace(words, tags=names)

        if rewrite(article, changed, by=by, note=_("Tags: %(detail)s") % {"detail": detail}):
            done[article.pk] = changes | {"number": article.revisions.latest().number}
            record("retagged", by=by, article=article, detail=detail)
    if not done:
        return None
    number = ngettext("%(n)d article", "%(n)d articles", len(done)) % {"n": len(done)}
    noted = TagChange.objects.create(
        act=act,
        tag=tag,
        other=other,
        at=timezone.now(),
        by=by,
        detail=f"{detail} ({number})",
        before={"articles": done},
    )
    record(act, by=by, thing=tag, detail=noted.detail)
    raise_version()
    return noted


def _held_tags(articles, tags=(), names=()):
    """A function that gives for a name of a tag the primary key of the tag that it leads to.

    Known to it are the names in some locked articles, and some more. What all of these lead to and
    some tags are held from now on: if they were held article by article, colleagues with some of
    the same tags would wait for one another in a circle. Refuses tags that are merged by now.
    """
    revisions = [
        revision
        for article in articles
        for revision in (article.live_revision, article.latest_revision)
        if revision
    ]
    keys = {fold(name) for revision in revisions for name in revision.tags}
    keys |= {fold(name) for name in names}
    aliases = TagAlias.objects.filter(key__in=keys)
    given = {tag.pk for tag in tags}
    named = set(aliases.values_list("tag", flat=True))
    held = hold_groups(Tag, given | named)
    for pk in sorted(given):
        refuse_merged(held[pk])
    found = {alias.key: alias.tag_id for alias in aliases}
    found = {key: held[pk].merged_into_id or pk for key, pk in found.items() if pk in held}
    return lambda name: found.get(fold(name))


@in_one_transaction
def undo_retagging(change, *, by):
    """Gives articles their tags of before, as far as nobody has changed them otherwise since.

    Those in the trash stay as they are. Returns the change.
    """
    require_retagging(by)
    change = TagChange.objects.select_for_update(of=("self",)).get(pk=change.pk)
    refuse_undone(change)
    changes = {int(pk): sides for pk, sides in change.before["articles"].items()}
    locked = lock_all(changes).values()
    named = [
        names
        for sides in changes.values()
        for key in ("live", "draft")
        for names in sides.get(key, ())
    ]
    _held_tags(locked, names=chain.from_iterable(named))
    for article in locked:
        if article.state in _CLOSED:
            continue
        live = article.live_revision.number if article.live_revision else 0

        def changed(words, is_live, sides=changes[article.pk], live=live):
            side = _side_of(sides, live if is_live else None)
            return replace(words, tags=_taken_back(words.tags, *side)) if side else words

        note = _("Taken back: %(detail)s") % {"detail": change.detail}
        if rewrite(article, changed, by=by, note=note):
            record("retagged", by=by, article=article, detail=note)
    close(change, by=by)
    raise_version()
    return change


def _side_of(sides, live):
    """What was done to the words from which some come: the live ones or the draft's; or None.

    live: the number of the revision that readers see now; None for the words of a draft.
    """
    if "draft" in sides and (live is None or live >= sides["number"]):
        return sides["draft"]
    return sides.get("live")


def _taken_back(names, before, after):
    if names == after:
        return before
    kept = [name for name in names if name in before or name not in after]
    return kept + [name for name in before if name not in after and name not in kept]
