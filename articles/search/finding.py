"""Finding articles for a query, the best first."""

from dataclasses import dataclass
from functools import partial
from itertools import combinations

from articles import vocabulary
from articles.search import ranking
from articles.search.asking import NO_FILTERS, Alternative, Query, Terms, parse
from articles.search.engines import engine
from articles.search.keys import articles_of
from articles.search.recent import recent_articles
from articles.search.signs import IN_HEADING, IN_TITLE

# Where nothing has all words: of how many most must be there, and how many may be missing.
_MOST_OF, _MISSING_MAX = 8, 2


@dataclass(frozen=True, slots=True)
class Hits:
    """A part of what was found: article ids, the best first.

    total counts all of it. is_capped says that there is more, which is left out.
    """

    ids: list[int]
    total: int
    is_capped: bool
    terms: Terms


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that was found for a query, up to ranking.MATCHES_MAX articles."""

    query: Query
    # Sort keys, of the best first or of the newest.
    keys: list[int]
    is_capped: bool

    def __len__(self):
        return len(self.keys)

    def article_ids(self, start=0, end=None):
        return articles_of(self.keys[start:end])


def find(query, *, offset=0, limit=20):
    """What some words find in the texts, as Hits.

    All words must be there; a phrase stands in quotation marks, -word must not be there, and
    the last word may be the beginning of one. No text is an error: one without a word that
    could be looked for finds nothing.
    """
    parsed = parse(query)
    found = find_all(parsed)
    start = max(offset, 0)
    return Hits(
        ids=found.article_ids(start, start + max(limit, 0)),
        total=len(found),
        is_capped=found.is_capped,
        terms=parsed.terms,
    )


def find_all(query, filters=NO_FILTERS, *, by_date=False):
    """Everything that a Query finds under some Filters, as Found."""
    if not query.wanted:
        return _found_as(query, [])
    find = partial(_newest_and_best, query.unwanted, filters, by_date)
    wanted = weighed = query.wanted
    # Only where the word itself hasn't found enough, it may be the beginning of another.
    enough = ranking.MATCHES_MAX if query.unfinished else ranking.weighed_max()
    keys, placed = find(wanted, enough)
    if query.unfinished and len(keys) <= enough:
        begun = _spelt_out(query.unfinished)
        has_more = begun != wanted[-1]
        if has_more:
            wanted, weighed = (*wanted[:-1], begun), (*wanted[:-1], query.unfinished)
        if has_more or len(keys) > ranking.weighed_max():
            keys, placed = find(wanted, ranking.weighed_max())
    if by_date or len(keys) < 2:
        return _found_as(query, keys)
    return _found_as(query, keys, first=ranking.best_of(wanted, weighed, keys, placed))


def _found_as(query, keys, *, first=()):
    """What was found for a query, of the keys of the newest. first: some that come before the
    others, whether or not they are among them."""
    ordered = list(dict.fromkeys((*first, *keys)))
    return Found(query, ordered[: ranking.MATCHES_MAX], len(keys) > ranking.MATCHES_MAX)


def _spelt_out(clause):
    """The clause with the words themselves in the place of their beginning.

    The databases could look up a beginning too, but would read all of what begins so.
    """
    return tuple(
        one
        for alternative in clause
        for one in (
            [Alternative((word,)) for word in vocabulary.beginning_with(alternative.tokens[0])]
            if alternative.is_prefix
            else [alternative]
        )
    )


def find_most(query, filters=NO_FILTERS, *, by_date=False):
    """What has most of the words of a Query where nothing has all: at least half of them."""
    clauses = query.wanted[:_MOST_OF]
    for missing in range(1, min(_MISSING_MAX, len(clauses) // 2) + 1):
        # At most one is missing if each two have one between them, and so on.
        either = [
            tuple(alternative for clause in some for alternative in clause)
            for some in combinations(clauses, missing + 1)
        ]
        keys = _newest(filters, query.unwanted, either, ranking.MATCHES_MAX + 1)
        if keys:
            weighed = () if by_date else keys[: ranking.RANKED_MAX]
            return _found_as(query, keys, first=ranking.by_weight(clauses, clauses, weighed))
    return _found_as(query, [])


def find_by_title(query, limit):
    """The ids of the newest articles whose title has all words of a Query, the last perhaps
    unfinished."""
    return _find_in(query, (IN_TITLE,), limit)


def find_by_heading(query, limit):
    """The ids of the newest articles with all words of a Query in their headings."""
    return _find_in(query, (IN_HEADING,), limit)


def _find_in(query, places, limit):
    if not query.wanted:
        return []
    last = _spelt_out(query.unfinished) if query.unfinished else query.wanted[-1]
    wanted = (*query.wanted[:-1], last)
    clauses = [c for clause in wanted for c in ranking.in_places(clause, places)]
    if not all(clauses):
        return []
    return articles_of(_newest(NO_FILTERS, query.unwanted, clauses, limit))


def how_often(clauses):
    """In how many of the recent articles each of some clauses is fulfilled. One or two queries."""
    return engine().counts(clauses, recent_articles()) if clauses else []


def has_any(clauses, filters=NO_FILTERS):
    """Whether any article fulfils some clauses."""
    return bool(_newest(filters, (), clauses, 1))


def _newest_and_best(unwanted, filters, by_date, wanted, few):
    """The sort keys of the newest matches and, where there are more than few, of those with the
    words in the best places."""
    if by_date:
        return _newest(filters, unwanted, wanted, ranking.MATCHES_MAX + 1), ()
    return engine().newest_and_best(
        [*wanted, *filters.clauses],
        [[*clauses, *filters.clauses] for clauses in ranking.better_places(wanted)],
        unwanted,
        ranking.MATCHES_MAX + 1,
        few,
        ranking.RANKED_MAX,
        filters.span,
    )


def _newest(filters, unwanted, wanted, limit):
    """The sort keys of the newest matches."""
    return engine().newest([*wanted, *filters.clauses], unwanted, limit, filters.span)
