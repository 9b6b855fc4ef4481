"""Which articles carry which tag, are by which author and of which month: as sets, in memory.

Any combination of tags, and how many articles each further tag would leave of it, takes a few
operations on compressed bitmaps of primary keys, whatever their size. A process loads them
once, or is copied from one that has. Whatever changes the articles of a tag or an author gives it
another edition; under a new content version the editions are read first, and the sets of those
that have another one are loaded anew. So what is used under a version belongs to it or is newer,
never older.
"""

from array import array
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, partial
from heapq import nsmallest
from itertools import islice
from math import sqrt
from operator import attrgetter
from urllib.parse import quote

from django.db.models import Aggregate, BigIntegerField, Func, TextField, Value
from django.utils.html import escape
from pyroaring import BitMap

from articles.models import Article, ArticleTag, Byline, Tag
from articles.paging import PER_PAGE
from articles.periods import ALWAYS, Period, month_of
from articles.prepared import Prepared
from articles.site import EPOCH, kept, shelf
from authors.models import Author

# As many as one query asks for by name; if there are more, all are loaded.
LOADED_AT_ONCE = 256
MOMENTS_AT_ONCE = 5000

_EDITIONS = ("pk", "edition", "article_count", "merged_into")
_OF_TAGS = ("uid", "slug", "name")
_tags = Prepared(lambda: Tag.objects.reachable().order_by().values_list(*_EDITIONS, *_OF_TAGS))
_authors = Prepared(lambda: Author.objects.reachable().order_by().values_list(*_EDITIONS))


class _Joined(Aggregate):
    """Numbers as one text with blanks between them: many rows would take much more memory."""

    function = "GROUP_CONCAT"
    template = "%(function)s(%(expressions)s, ' ')"
    output_field = TextField()

    def as_postgresql(self, compiler, connection):
        template = "%(function)s((%(expressions)s)::text, ' ')"
        return self.as_sql(compiler, connection, function="STRING_AGG", template=template)


def _joined(links, name, article):
    """(primary key of a tag or author, those of the articles that name it as a text)."""
    return links.order_by().values_list(name).annotate(joined=_Joined(article))


_ALL = {
    "tag": Prepared(lambda: _joined(ArticleTag.objects, "tag", "content_object")),
    "author": Prepared(lambda: _joined(Byline.objects, "author", "article")),
}
_SOME = {
    "tag": Prepared(
        lambda pks: _joined(ArticleTag.objects.filter(tag__in=pks), "tag", "content_object")
    ),
    "author": Prepared(
        lambda pks: _joined(Byline.objects.filter(author__in=pks), "author", "article")
    ),
}


class _Microseconds(Func):
    """How many have gone by since EPOCH, exactly. Django would take long to make so many dates."""

    output_field = BigIntegerField()

    def as_sqlite(self, compiler, connection):
        [time] = self.source_expressions
        # SQLite itself would round to milliseconds. Behind whole seconds nothing stands: 0.
        whole = Func(time, 1, 19, function="substr")
        seconds = Func(Value("%s"), whole, function="strftime", output_field=self.output_field)
        behind = Func(time, 21, function="substr", output_field=self.output_field)
        return compiler.compile(seconds * 1_000_000 + behind)

    def as_postgresql(self, compiler, connection):
        template = "(EXTRACT(epoch FROM %(expressions)s) * 1000000)::bigint"
        return self.as_sql(compiler, connection, template=template)


_moments_before = Prepared(
    lambda date, pk: (
        Article.objects.public()
        .articles()
        .earlier_than(date, pk)
        .newest_first()
        .values_list("pk", _Microseconds("first_published_at"))[:MOMENTS_AT_ONCE]
    )
)
_moments = Prepared(
    lambda pks: (
        Article.objects.filter(pk__in=pks)
        .order_by()
        .values_list("pk", _Microseconds("first_published_at"))
    )
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A tag that readers know, and the public articles that carry it or what is merged into it."""

    pk: int
    uid: str
    slug: str
    # As it stands in an address.
    quoted: str
    name: str
    escaped_name: str
    articles: BitMap


def in_order(subject):
    """What Subjects are sorted by where they stand by name."""
    return subject.name.casefold(), subject.pk


class TagSets:
    """All of them, as of one content version or later."""

    def __init__(self, subjects, merged, authors, months):
        """merged: (primary key, slug) of a tag → primary key of the one that it is merged into."""
        self.subjects = sorted(subjects, key=in_order)
        self.by_slug = {subject.slug: subject for subject in subjects}
        self.by_pk = {subject.pk: subject for subject in subjects}
        for (pk, slug), into in merged.items():
            self.by_slug[slug] = self.by_pk[pk] = self.by_pk[into]
        # Primary key → the public articles of an author and of those merged into it.
        self.authors = authors
        self.months = months

    def selection(self, wanted, unwanted=()):
        """The Selection of what carries all of some Subjects, at least one, and none of others."""
        first, *others = sorted(wanted, key=lambda subject: len(subject.articles))
        articles = first.articles
        for subject in others:
            articles = articles & subject.articles
        for subject in unwanted:
            articles = articles - subject.articles
        return Selection(self, articles)

    def selection_of(self, articles):
        """The Selection of what has some primary keys."""
        return Selection(self, BitMap(articles))

    def article_count(self, kind, pk):
        """How many public articles a tag or an author has, with what is merged into it."""
        if kind == "tag":
            return len(self.by_pk[pk].articles) if pk in self.by_pk else 0
        return len(self.authors.get(pk, ()))

    def written_by(self, pk):
        """The Selection of what an author, or one who is merged into it, has written."""
        return Selection(self, self.authors.get(pk, BitMap()))


class Selection:
    """Some of the public articles."""

    def __init__(self, sets, articles):
        self._sets = sets
        self.articles = articles

    def __len__(self):
        return len(self.articles)

    @cached_property
    def by_month(self):
        """(year, month, how many articles are of it), newest first; none of empty months."""
        return [
            (*month.name, count) for month, count in self._shared(self._sets.months.newest_first)
        ]

    @property
    def newest_month(self):
        """(year, month) in which the publication published last; None if it never has."""
        months = self._sets.months.newest_first
        return months[0].name if months else None

    def page(self, offset=0):
        """The primary keys of PER_PAGE articles, newest first, and within a moment by key."""
        found = []
        for year, month, count in self.by_month:
            if offset >= count:
                offset -= count
                continue
            of_month = self._sets.months.by_name[year, month]
            wanted = set(of_month.articles & self.articles)
            here = (pk for pk in of_month.newest_first if pk in wanted)
            found += islice(here, offset, offset + PER_PAGE - len(found))
            offset = 0
            if len(found) == PER_PAGE:
                break
        return found

    def further(self):
        """(Subject, how many of the articles carry it) of every tag that parts them.

        A tag that none of them carries, or all, would lead nowhere. In the order of names.
        """
        total = len(self.articles)
        return [(subject, count) for subject, count in self._subjects if count < total]

    def related(self, subject, limit):
        """(Subject, how many articles it shares) of the tags nearest to one, whose selection it is.

        Near are two tags that share many articles, measured by how many both have.
        """
        found = (
            (-shared / sqrt(len(other.articles)), other.pk, other, shared)
            for other, shared in self._subjects
            if other.pk != subject.pk
        )
        return [(other, shared) for _distance, _pk, other, shared in nsmallest(limit, found)]

    def writers(self, limit):
        """(primary key of an author, how many of the articles are theirs), most first."""
        counts = map(self.articles.intersection_cardinality, self._sets.authors.values())
        found = zip((-count for count in counts), self._sets.authors, strict=True)
        return [(pk, -count) for count, pk in nsmallest(limit, found) if count]

    @cached_property
    def _subjects(self):
        """(Subject, how many of the articles carry it) of every tag that some of them carry."""
        return self._shared(self._sets.subjects)

    def _shared(self, things):
        """(thing, how many of the articles are its, too) of those of which some are, in order."""
        counts = map(self.articles.intersection_cardinality, map(_articles_of, things))
        return [(thing, count) for thing, count in zip(things, counts, strict=True) if count]


_articles_of = attrgetter("articles")


@dataclass(frozen=True, slots=True)
class _Month:
    """What was published in a month of the publication's own time zone."""

    name: tuple[int, int]
    articles: BitMap
    # Primary keys and the moments to which they belong, newest first.
    newest_first: array
    moments: array

    @classmethod
    def of(cls, name, moments):
        """moments: (moment, primary key) of each article."""
        moments = sorted(moments, reverse=True)
        pks = array("I", [pk for _moment, pk in moments])
        return cls(name, BitMap(pks), pks, array("q", [moment for moment, _pk in moments]))

    def with_more(self, moments):
        return self.of(self.name, [*zip(self.moments, self.newest_first, strict=True), *moments])


class _Months:
    """The months of all articles that were ever seen; dates of first publication never change."""

    def __init__(self, by_name=None):
        self.by_name = by_name or {}
        self.newest_first = [self.by_name[name] for name in sorted(self.by_name, reverse=True)]
        self.articles = BitMap().union(*(month.articles for month in self.newest_first))

    def with_moments(self, rows):
        """These, and articles of which (primary key, moment of first publication) are given."""
        # Numbers by turns: pairs of all articles would take much more memory.
        numbers = defaultdict(partial(array, "q"))
        # Most come in the order of time: a month is looked up for the first of them only.
        start = end = 0
        for pk, moment in rows:
            if not start <= moment < end:
                name, start, end = _month_around(moment)
                of_month = numbers[name]
            of_month.append(moment)
            of_month.append(pk)
        by_name = self.by_name.copy()
        for name, by_turns in numbers.items():
            moments = zip(by_turns[::2], by_turns[1::2], strict=True)
            known = by_name.get(name)
            by_name[name] = known.with_more(moments) if known else _Month.of(name, moments)
        return _Months(by_name)


def _month_around(moment):
    """(year, month) to which a moment belongs here, and the moments when it begins and ends."""
    name = month_of(_date(moment))
    period = Period.of(*name)
    return name, _moment(period.start), _moment(period.end)


def _moment(date):
    """Microseconds, exactly."""
    since = date - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _date(moment):
    return EPOCH + timedelta(microseconds=moment)


def current():
    """The TagSets of now: loaded once under each content version."""
    remembered = shelf("tag sets")
    if "all" not in remembered:
        remembered["all"] = _load()
    return remembered["all"]


def _load():
    tags, authors = _tags(), _authors()
    of_tags, of_authors = _sets("tag", tags), _sets("author", authors)
    subjects = [
        Subject(pk, uid, slug, quote(slug), name, escape(name), of_tags[pk])
        for pk, _edition, _count, into, uid, slug, name in tags
        if into is None
    ]
    merged = {(pk, slug): into for pk, _edition, _count, into, _uid, slug, _name in tags if into}
    months = _months([*of_tags.values(), *of_authors.values()])
    return TagSets(subjects, merged, of_authors, months)


def _sets(kind, rows):
    """Primary key of a tag or author that stands for itself → the articles of all that it stands
    for, of rows that begin with _EDITIONS.
    """
    own, found = _own_sets(kind, rows), {}
    for pk, _edition, _count, into, *_more in rows:
        standing = into or pk
        found[standing] = found[standing] | own[pk] if standing in found else own[pk]
    return found


def _own_sets(kind, rows):
    """Primary key of a tag or author → the articles that name it."""
    remembered = kept(f"sets of each {kind}")
    # The count, too: a hand at the database may not know of editions.
    editions = {pk: (edition, count) for pk, edition, count, *_more in rows}
    others = [pk for pk, edition in editions.items() if remembered.get(pk, (None,))[0] != edition]
    loaded = dict(_ALL[kind]() if len(others) > LOADED_AT_ONCE else _SOME[kind](sorted(others)))
    found = {pk: remembered[pk][1] for pk in editions.keys() - set(others)}
    for pk in others:
        found[pk] = BitMap(array("I", map(int, loaded.pop(pk, "").split())))
        remembered[pk] = (editions[pk], found[pk])
    return found


def _all_moments():
    """(primary key, moment) of every public article, newest first."""
    date, pk = ALWAYS.end, 0
    while rows := _moments_before(date, pk):
        yield from rows
        pk, moment = rows[-1]
        date = _date(moment)


def _months(sets):
    remembered = kept("months of articles")
    months = remembered.get("all") or _Months()
    new = BitMap().union(*sets) - months.articles
    if new:
        if len(new) > LOADED_AT_ONCE:
            rows = (row for row in _all_moments() if row[0] in new)
        else:
            rows = _moments(list(new))
        months = remembered["all"] = months.with_moments(rows)
    return months
