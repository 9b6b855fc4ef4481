"""Every rule of reading: who may see what, in which order, loaded for which page."""

from functools import reduce
from operator import or_

from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, Func, OuterRef, Q, Subquery
from django.db.models.lookups import In

# What has newer words than those that are, or last were, public.
_HAS_A_DRAFT = ~Q(latest_revision=F("live_revision"))
# What is of a kind, said by what it isn't: or SQLite would begin with all that is of it, by an
# index of addresses.
_OF_KIND = {
    "article": ~Q(kind__in=["page", "series"]),
    "page": ~Q(kind__in=["article", "series"]),
    "series": ~Q(kind__in=["article", "page"]),
}
# Nearly everything: rows say who has written it.
_IS_SETTLED = Q(state="live") & _OF_KIND["article"] & ~_HAS_A_DRAFT


def _any(conditions):
    """Holds where one of some conditions does."""
    return reduce(or_, conditions)


def _earlier(date, pk, date_name, pk_name):
    """Holds of what comes after a place, newest first."""
    # The date is said by itself, too: or no database would begin at its place in the index.
    earlier = Q(**{f"{date_name}__lt": date}) | Q(**{f"{pk_name}__lt": pk})
    return Q(earlier, **{f"{date_name}__lte": date})


class _Unsought(Func):
    """A column as it is; but SQLite looks for no rows by it."""

    template = "%(expressions)s"

    def as_sqlite(self, compiler, connection):
        return self.as_sql(compiler, connection, template="+%(expressions)s")


def _among(keys):
    return Q(In(_Unsought(F("pk")), keys.order_by()))


class _NamingQuerySet(models.QuerySet):
    """Rows that say of an article which author or tag it has, each in a column."""

    article = named = ""

    def of(self, group):
        """One row for each article that has any of a group."""
        if len(group) == 1:
            return self.filter(**{self.named: group[0]})
        before = self.model.objects.filter(
            **{
                self.article: OuterRef(self.article),
                f"{self.named}__in": group,
                f"{self.named}__lt": OuterRef(self.named),
            }
        )
        return self.filter(~Exists(before), **{f"{self.named}__in": group})


class BylineQuerySet(_NamingQuerySet):
    article, named = "article", "author"

    def earlier_than(self, date, pk):
        """What comes after a place in the order of articles, newest first."""
        return self.filter(_earlier(date, pk, "published_at", "article_id"))


class ArticleTagQuerySet(_NamingQuerySet):
    article, named = "content_object", "tag"


class ReferenceQuerySet(models.QuerySet):
    def naming(self, kind, targets):
        """Those that name some authors or tags: lists of primary keys, or queries for these.

        Looked for by themselves: since most references name neither, SQLite holds the index of
        those that do for a bad one, and takes it only where it needs nothing else.
        """
        found = self.model.objects.filter(**{f"target_{kind}__in": targets})
        return self.filter(pk__in=found.order_by().values("pk"))


class ArticleQuerySet(models.QuerySet):
    def public(self):
        """What readers may see. The one home of this rule; it never looks at the clock."""
        return self.filter(state="live")

    def gone(self):
        """What readers could see once: its address says so, without its words."""
        return self.filter(
            state__in=["withdrawn", "trashed", "deleted"], first_published_at__isnull=False
        )

    def in_states(self, *states):
        """What is in one of some states other than live."""
        # SQLite doesn't see by itself that the index of what isn't live will do.
        return self.filter(~Q(state="live"), state__in=states)

    def with_a_draft(self):
        """What has newer words than those that are, or last were, public."""
        return self.filter(_HAS_A_DRAFT)

    def articles(self):
        """Articles proper: what stands in lists, feeds and search."""
        return self.filter(kind="article")

    def pages(self):
        """Pages with an address of their own, such as the imprint."""
        return self.filter(kind="page")

    def series(self):
        """Series: pages that list their parts in order."""
        return self.filter(kind="series")

    def of_kind(self, kind):
        """The same, for lists in an order that an index has: see among()."""
        return self.filter(_OF_KIND[kind])

    def newest_first(self):
        return self.order_by("-first_published_at", "-id")

    def earlier_than(self, date, pk):
        """What comes after a place in the order of newest_first()."""
        return self.filter(_earlier(date, pk, "first_published_at", "pk"))

    def among(self, keys):
        """Those whose primary keys a query gives: for lists in an order that an index has.

        It is walked: by itself, SQLite would read the row of each, however many there are.
        """
        return self.filter(_among(keys))

    def worded(self, text):
        """What has a text in its title, standfirst or address: as they are, or last were, public,
        or as they are in newer words.
        """
        places = ("title", "standfirst", "slug")
        has_text = _any(Q(**{f"{place}__icontains": text}) for place in places)
        return self.filter(has_text | (_HAS_A_DRAFT & self._in_newest_words(has_text)))

    def naming(self, uids):
        """What has any of some authors, by their uids, among the bylines of its newest words."""
        uids = list(uids)
        if not uids:
            return self.none()
        bylines = self.model._meta.get_field("bylines").related_model.objects
        signed = bylines.filter(author__uid__in=uids).values("article")
        named = _any(Q(bylines__icontains=uid) for uid in uids)
        return self.filter(
            (_IS_SETTLED & _among(signed)) | (~_IS_SETTLED & self._in_newest_words(named))
        )

    def settled(self):
        """What has its bylines in rows, and no newer words in which there may be others."""
        return self.filter(_IS_SETTLED)

    def unsettled(self):
        """The rest: its newest words alone say who has written it."""
        return self.filter(~_IS_SETTLED)

    def _in_newest_words(self, condition):
        # Asked of each by itself: joined, PostgreSQL would begin with all revisions.
        revisions = self.model._meta.get_field("latest_revision").related_model.objects
        holds = ExpressionWrapper(condition, output_field=models.BooleanField())
        newest = revisions.filter(pk=OuterRef("latest_revision")).order_by()
        return Q(Subquery(newest.values(holds=holds)))

    def by(self, author):
        """The articles of an author and of those merged into it, each once, newest first.

        Along the byline index, where nobody is merged into it.
        """
        rows = self.model._meta.get_field("bylines").related_model.objects
        return self.filter(bylines__in=rows.of(author.group())).order_by(
            "-bylines__published_at", "-bylines__article_id"
        )

    def tagged(self, tag):
        """The articles of a tag and of what is merged into it, each once, newest first.

        Along the tag index, where nothing is merged into it.
        """
        rows = self.model._meta.get_field("article_tags").related_model.objects
        return self.filter(article_tags__in=rows.of(tag.group())).order_by(
            "-article_tags__published_at", "-article_tags__content_object_id"
        )
