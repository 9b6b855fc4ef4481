"""Merging authors and tags: one leads to another, which stands for it from then on.

A merge touches no article, revision or text: what is merged keeps its row, its names, its address
and the articles that name it, and leads to another (merged_into) whose lists, counts and links are
those of both. So it costs the same however many articles there are, and is undone exactly,
whatever was published in between.
"""

from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from articles import rights
from articles.models import ArticleTag, Byline, Tag, TagChange
from articles.publishing.base import PublishingError, new_edition, require
from authors.models import Author

_ROWS = {Author: Byline, Tag: ArticleTag}


def require_organise(by):
    require(
        rights.may_organise(by), _("You may not change authors and tags. Ask an editor to do it.")
    )


def hold(model, pks):
    """Some authors or tags, held until the transaction ends, in the one order that can't end in
    a circle.
    """
    return model.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk")


def hold_groups(model, pks):
    """Some with all that count as the same as one of them, held likewise, by primary key.

    What one of them leads to is among them. Two queries, and more only where somebody else has
    merged one of them in between.
    """
    standing = Coalesce("merged_into", "pk")
    groups = model.objects.annotate(leads_to=standing).filter(
        leads_to__in=model.objects.filter(pk__in=pks).values(pk_of_standing=standing)
    )
    held, more = {}, set(groups.values_list("pk", flat=True))
    while more:
        # Those that come later may be out of order. Should that end in a circle, the verb is
        # tried again (base.in_one_transaction).
        held |= {row.pk: row for row in hold(model, more)}
        more = {row.merged_into_id for row in held.values()} - held.keys() - {None}
    return held


def raise_editions(model, pks, *, more_articles=0):
    """Says of some authors or tags that their articles have changed, and are so many more."""
    if pks:
        counts = {"article_count": F("article_count") + more_articles} if more_articles else {}
        model.objects.filter(pk__in=pks).update(edition=new_edition(), **counts)


def refuse_merged(thing):
    if thing.merged_into_id:
        raise PublishingError(
            _("“%(name)s” is merged into “%(into)s”. Undo that first.")
            % {"name": thing, "into": thing.merged_into}
        )


def refuse_standing(thing):
    if thing.merged_into_id is None:
        raise PublishingError(_("“%(name)s” isn't merged any more.") % {"name": thing})


def lead_on(thing, into):
    """Lets an author or tag lead to another one, with what has been merged into it."""
    model, group = type(thing), thing.group()
    model.objects.filter(pk__in=group).update(merged_into=into)
    _settle(thing, into)
    raise_editions(model, [*group, into.pk])


def lead_back(thing):
    """Lets what is merged stand for itself again, with what goes along with it."""
    model, group = type(thing), merged_together(thing)
    # Held already, unless somebody merged it at this moment.
    into = hold(model, [thing.merged_into_id]).get()
    model.objects.filter(pk__in=group[1:]).update(merged_into=thing)
    model.objects.filter(pk=thing.pk).update(merged_into=None)
    _settle(thing, into)
    raise_editions(model, [*group, into.pk])


def merged_together(thing):
    """The primary keys of what is merged and of those that came to where it leads along with it."""
    with_which, found = _merges(thing.merged_into), [thing.pk]
    for pk in found:
        found += [one for one, other in with_which.items() if other == pk]
    return tuple(found)


def count_articles(model, group):
    """How many public articles have any of a group of authors, or of tags."""
    return _ROWS[model].objects.of(group).count()


def _merges(into):
    """Primary key → that of the one it was merged into at first, of all that lead here now."""
    if isinstance(into, Author):
        return dict(into.merged_authors.order_by("pk").values_list("pk", "merged_with"))
    merges = TagChange.objects.filter(act=TagChange.Act.MERGED, undone_at=None)
    return dict(merges.filter(tag__merged_into=into).order_by("tag").values_list("tag", "other"))


def _settle(*things):
    """Makes the counts of some right, after what they stand for has changed."""
    for thing in things:
        model = type(thing)
        thing.refresh_from_db(fields=["merged_into", "first_public_at"])
        group = thing.group() if thing.merged_into_id is None else (thing.pk,)
        thing.article_count = count_articles(model, group)
        if thing.first_public_at is None and thing.merged_into_id is None:
            dates = model.objects.filter(pk__in=group, first_public_at__isnull=False)
            thing.first_public_at = (
                dates.order_by("first_public_at").values_list("first_public_at", flat=True).first()
            )
        thing.save(update_fields=["article_count", "first_public_at"])
