"""What is asked: the clauses in what a reader typed, and what else an article must have. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime

from articles.search.keys import key_of
from articles.search.signs import AUTHOR, TAG, is_gap, with_gaps
from articles.text_analysis import (
    STEMMED_LANGUAGES,
    STOP_WORDS,
    beginning_of,
    compounds,
    join_compound,
    placed_tokens,
    stem,
    stems,
    tokens,
)

QUERY_MAX_LENGTH = 200
QUERY_MAX_WORDS = 12
PREFIX_MIN_LENGTH = 3
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
_QUERY_PART = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"?|(?P<words>[^\s"]+))')


@dataclass(frozen=True, slots=True)
class Alternative:
    """Tokens in a row, or the beginning of a single token."""

    tokens: tuple[str, ...]
    is_prefix: bool = False


# A clause is fulfilled by any of its alternatives.
Clause = tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """What a reader typed: clauses that must all be fulfilled, and those that must not."""

    wanted: tuple[Clause, ...]
    unwanted: tuple[Clause, ...]
    # The last clause again for somebody who hasn't finished typing, if it can be one.
    unfinished: Clause | None = None
    # The words of what is wanted, and where they stand in what was typed.
    words: tuple[tuple[str, int, int], ...] = ()

    @property
    def terms(self):
        clauses = (*self.wanted, *((self.unfinished,) if self.unfinished else ()))
        alternatives = [a for clause in clauses for a in clause if not is_name(a)]
        words = frozenset(t for a in alternatives if not a.is_prefix for t in a.tokens)
        prefix = next((a.tokens[0] for a in alternatives if a.is_prefix), "")
        return Terms(
            words,
            prefix,
            sum(max((_length(a) for a in clause), default=0) for clause in self.wanted),
            frozenset(map(beginning_of, words | {prefix} - {""})),
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """What a snippet is to mark: words in every indexed form, and a beginning of words."""

    words: frozenset[str] = frozenset()
    prefix: str = ""
    # So many of them at one place are all that the query asks for.
    enough: int = 0

    # How a word begins that any of them may be found by.
    beginnings: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Filters:
    """What an article must have beside the words: a tag and an author, each by one of some ids,
    and a date from the one time to just before the other."""

    tag_ids: tuple[int, ...] = ()
    author_ids: tuple[int, ...] = ()
    dates: tuple[datetime, datetime] | None = None

    @property
    def clauses(self):
        named = ((TAG, self.tag_ids), (AUTHOR, self.author_ids))
        return tuple(
            tuple(Alternative((f"{kind}{pk}",)) for pk in pks) for kind, pks in named if pks
        )

    @property
    def span(self):
        """The sort keys from which and to which."""
        return tuple(key_of(0, date) for date in self.dates) if self.dates else None


NO_FILTERS = Filters()


def parse(text, names_of=None, *, begun_min=PREFIX_MIN_LENGTH):
    """The Query in what a reader typed, whatever that is; what makes no sense is left out.

    names_of: gives a function for the words of all that was typed, which gives the names that a
    row of words may be (see Names). begun_min: how long a last word is that may be unfinished.
    """
    text = text[:QUERY_MAX_LENGTH].translate(_QUOTES)
    named = names_of(tokens(text)) if names_of else None
    wanted, unwanted, words = [], [], []
    unfinished = None
    words_left = QUERY_MAX_WORDS
    for part in _QUERY_PART.finditer(text):
        is_phrase = part["phrase"] is not None
        group = "phrase" if is_phrase else "words"
        # Words joined by hyphens are a phrase that may also be written as one word.
        rows = [tuple(tokens(part["phrase"]))] if is_phrase else compounds(part["words"])
        for row in rows:
            row = row[:words_left]
            words_left -= len(row)
            clause = _clause(row, joined=not is_phrase)
            if not clause:
                continue
            if named:
                clause += named(row)
            if part["minus"]:
                unwanted.append(clause)
                unfinished = None
                continue
            wanted.append(clause)
            can_go_on = not is_phrase and len(row) == 1 and len(row[0]) >= begun_min
            unfinished = None
            if can_go_on:
                unfinished = (*clause, Alternative(row, is_prefix=True))
                unfinished += named(row, begun=True) if named else ()
        if not part["minus"]:
            start = part.start(group)
            placed = placed_tokens(part[group])
            words += [(word, start + begin, start + end) for word, begin, end in placed]
    meant = [item for item in words if item[0] not in STOP_WORDS][:QUERY_MAX_WORDS]
    return Query(tuple(wanted), tuple(unwanted), unfinished, tuple(meant))


def begun(word):
    """The Query for what has any longer word that begins with one."""
    clause = (Alternative((word,), is_prefix=True),)
    return Query((clause,), (), clause, ((word, 0, len(word)),))


def clause_of(word, named):
    """The clause of a folded word that is looked for by itself. named: Names that know it."""
    return _clause((word,), joined=False) + named((word,))


def _clause(row, *, joined):
    """The ways in which an article may have the words of a row; none for stop words only."""
    compound = join_compound(row) if joined and len(row) > 1 else ""
    if compound and not STOP_WORDS.isdisjoint(row):
        # As a phrase, A-10 would be any 10.
        row = ()
    row = _without_outer_stop_words(row)
    # A text is stemmed by its own language, so the forms of one row belong together.
    variants = [[stem(word, language) for word in row] for language in STEMMED_LANGUAGES]
    is_meant = [word not in STOP_WORDS for word in row]
    rows = dict.fromkeys(
        with_gaps(form if meant else None for form, meant in zip(variant, is_meant, strict=True))
        for variant in (*variants, row)
        if row
    )
    if compound:
        rows |= dict.fromkeys((form,) for form in stems(compound))
    return tuple(Alternative(tokens_in_row) for tokens_in_row in rows)


def _without_outer_stop_words(row):
    meant = [number for number, word in enumerate(row) if word not in STOP_WORDS]
    return row[meant[0] : meant[-1] + 1] if meant else ()


def _length(alternative):
    """How many words of a text an alternative is."""
    if is_name(alternative):
        return 0
    return sum(not is_gap(token) for token in alternative.tokens)


def is_name(alternative):
    return alternative.tokens[0][0] in (TAG, AUTHOR)
