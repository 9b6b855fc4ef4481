"""Full-text search for readers: one question, two engines.

An index entry is a bag of tokens, made in Python (articles.text_analysis), so the database's own
ideas of words, languages and weights play no part, and SQLite and PostgreSQL give the same
articles in the same order. The words of a query are looked up among the names of tags and authors
first, and the ids of these are searched for beside the words.

Whether a reader may see an article is not decided here: publishing indexes what it makes live, and
views look up what is found through Article.objects.public().

Import from here. Within: signs → keys → asking, entries, recent → engines → names, ranking, writing
→ finding, passages.
"""

from articles.search.asking import (
    NO_FILTERS,
    PREFIX_MIN_LENGTH,
    QUERY_MAX_LENGTH,
    QUERY_MAX_WORDS,
    Filters,
    Terms,
    begun,
    clause_of,
    parse,
)
from articles.search.entries import TITLE_WEIGHT, make_entry, weights_of_text
from articles.search.finding import (
    Found,
    Hits,
    find,
    find_all,
    find_by_heading,
    find_by_title,
    find_most,
    has_any,
    how_often,
)
from articles.search.keys import count_years
from articles.search.names import Names, named_ids, words_of_names
from articles.search.passages import are_all_in, best_passage, section_at
from articles.search.ranking import weights_of
from articles.search.writing import (
    index,
    is_outdated,
    rebuild,
    remove,
    sort_in,
    store,
    tidy,
)

__all__ = [
    "NO_FILTERS",
    "PREFIX_MIN_LENGTH",
    "QUERY_MAX_LENGTH",
    "QUERY_MAX_WORDS",
    "TITLE_WEIGHT",
    "Filters",
    "Found",
    "Hits",
    "Names",
    "Terms",
    "are_all_in",
    "begun",
    "best_passage",
    "clause_of",
    "count_years",
    "find",
    "find_all",
    "find_by_heading",
    "find_by_title",
    "find_most",
    "has_any",
    "how_often",
    "index",
    "is_outdated",
    "make_entry",
    "named_ids",
    "parse",
    "rebuild",
    "remove",
    "section_at",
    "sort_in",
    "store",
    "tidy",
    "weights_of",
    "weights_of_text",
    "words_of_names",
]
