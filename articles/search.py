"""Full-text search for readers: one question, two engines.

An index entry is a bag of tokens, made here in Python (articles.text_analysis), so the
database's own ideas of words, languages and weights play no part, and SQLite and PostgreSQL
give the same articles in the same order. A token that begins with a private-use character
can't be typed; such tokens say where in the article a word stands, and which tags and authors
it has: by their ids, so that a new name changes no entry. The words of a query are looked up
among the names first, and the ids are searched for beside the words.

Ranking goes in two steps. The engine gives the newest matches, and of those that are too many
to weigh, the newest with all words in the title, then in title and standfirst, then in these
and the headings, then those that keep coming back to them. The best RANKED_MAX by this are
weighed here: for each word, where the article has it and how often (kept with the entry), and
how few articles have it at all. The rest follows by date. No engine's score is used: it has
to be computed for every match, and the two don't agree.

Whether a reader may see an article is not decided here: publishing indexes what it makes
live, and views look up what is found through Article.objects.public().
"""

import math
import re
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from itertools import combinations, islice, pairwise
from typing import NamedTuple
from zlib import crc32

from django.db import connection, transaction
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import mark_safe

from articles import labels, typesetting, vocabulary
from articles.models import Article
from articles.text_analysis import (
    STEMMED_LANGUAGES,
    STOP_WORDS,
    beginning_of,
    compounds,
    forms,
    join_compound,
    placed_tokens,
    stem,
    stems,
    tokens,
    words_beginning,
)

QUERY_MAX_LENGTH = 200
QUERY_MAX_WORDS = 12
PREFIX_MIN_LENGTH = 3
# More matches than this are "1,000+": neither counted nor ranked beyond the newest.
MATCHES_MAX = 1000
# So many of them are weighed word by word.
RANKED_MAX = 100
# In how many of the newest articles, at least, a word is counted.
RECENT_MIN = 4000
# In how many of them, at least, PostgreSQL looks first.
STEP_MIN = 1500
# How many tags, and how many authors, may be meant by one word.
NAMED_MAX = 30
# Where nothing has all words: of how many most must be there, and how many may be missing.
_MOST_OF, _MISSING_MAX = 8, 2
# What is indexed of one text. PostgreSQL can't tell positions above 16,383 apart, nor keep
# more than 1 MB of tokens or more than 255 positions of a token.
TEXT_MAX_LENGTH = 100_000
TOKENS_MAX_BYTES = 300_000
POSITIONS_MAX = 255
BATCH_SIZE = 200

# Signs in the place of stop words.
_FIRST_GAP = 0xE100
_GAPS = 256
# What a token begins with that says where a word stands.
_IN_TITLE = "\ue001"
_IN_HEAD = "\ue002"
_RECURRING = "\ue003"
_IN_HEADING = "\ue004"
# From the best places of a word to the worst that are still better than anywhere.
_PLACES = ((_IN_TITLE,), (_IN_HEAD,), (_IN_HEAD, _IN_HEADING), (_RECURRING,))
# What a token begins with that says which tag or author the article has, or its month.
_TAG = "\ue011"
_AUTHOR = "\ue012"
_MONTH = "\ue013"
# Tokens that say which words follow one another, as one of so many numbers.
_FIRST_PAIR = 0xF0000
_PAIRS = 65_521
# A word recurs if the text has it this often, and once in so many words.
_RECURRING_TIMES = 3
_RECURRING_EVERY = 200
# What a word weighs by where it stands. A text of usual length that has it once comes to about
# a third of the most that a text can give; tags and authors weigh less than that.
TITLE_WEIGHT, _STANDFIRST_WEIGHT, _HEADING_WEIGHT, _TEXT_WEIGHT = 8, 4, 2, 3
_TEXT_HALF, _TEXT_USUAL_LENGTH, _TEXT_LENGTH_SHARE = 1.5, 700, 0.6
_AUTHOR_WEIGHT, _TAG_WEIGHT = 0.8, 0.6
# Weights are kept as whole numbers, this many to one.
_WEIGHT_STEPS = 4

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
_QUERY_PART = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"?|(?P<words>[^\s"]+))')
_ID_BITS = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# What is asked.


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
        alternatives = [a for clause in clauses for a in clause if not _is_name(a)]
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
        named = ((_TAG, self.tag_ids), (_AUTHOR, self.author_ids))
        return tuple(
            tuple(Alternative((f"{kind}{pk}",)) for pk in pks) for kind, pks in named if pks
        )

    @property
    def span(self):
        """The sort keys from which and to which."""
        return tuple(_sort_key(0, date) for date in self.dates) if self.dates else None


NO_FILTERS = Filters()


class Match(NamedTuple):
    """One article that was found, with what it has."""

    article_id: int
    sort_key: int
    # Tokens of its tags and authors, joined by blanks.
    names: str


class Matches(Sequence):
    """Matches in their order, of which each is made as it is asked for: there may be very many.

    names: sort key → tokens of tags and authors, of each in this order.
    """

    def __init__(self, names):
        self.names = names

    def __len__(self):
        return len(self.names)

    def __getitem__(self, place):
        if isinstance(place, slice):
            return [self._match(key) for key in list(self.names)[place]]
        return self._match(list(self.names)[place])

    def __iter__(self):
        return map(self._match, self.names)

    def _match(self, key):
        return Match(_article_of(key), key, self.names[key])


@dataclass(frozen=True, slots=True)
class Hits:
    """A part of what was found: article ids, the best first.

    total counts all of it. is_capped says that there is more, which is left out.
    """

    ids: list[int]
    total: int
    is_capped: bool
    terms: Terms


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
        _with_gaps(form if meant else None for form, meant in zip(variant, is_meant, strict=True))
        for variant in (*variants, row)
        if row
    )
    if compound:
        rows |= dict.fromkeys((form,) for form in stems(compound))
    return tuple(Alternative(tokens_in_row) for tokens_in_row in rows)


def _without_outer_stop_words(row):
    meant = [number for number, word in enumerate(row) if word not in STOP_WORDS]
    return row[meant[0] : meant[-1] + 1] if meant else ()


def _with_gaps(row):
    """The tokens of a row, with one of several signs, by the token before it, for each None.

    A phrase is looked up by each of its tokens, and one sign for all gaps would stand hundreds
    of times in every article.
    """
    tokens_in_row = []
    before = ""
    for token in row:
        tokens_in_row.append(token or chr(_FIRST_GAP + crc32(before.encode()) % _GAPS))
        before = token or before
    return tuple(tokens_in_row)


def _pairs(row):
    """A token for each two words of a row that follow one another, whatever gaps lie between.

    Several pairs share a token, so that there aren't more of them than an index keeps well.
    """
    words = [token for token in row if not _is_gap(token)]
    return {
        chr(_FIRST_PAIR + crc32(f"{one} {other}".encode()) % _PAIRS)
        for one, other in pairwise(words)
    }


def _is_gap(token):
    return _FIRST_GAP <= ord(token[0]) < _FIRST_GAP + _GAPS


def _length(alternative):
    """How many words of a text an alternative is."""
    if _is_name(alternative):
        return 0
    return sum(not _is_gap(token) for token in alternative.tokens)


def _is_name(alternative):
    return alternative.tokens[0][0] in (_TAG, _AUTHOR)


class Names:
    """The names of tags and authors in which some words occur. One query.

    A word that is part of a name finds the articles of whatever has that name, so that they
    need not be written anew when the name is.
    """

    def __init__(self, words, *, stop_words_too=False):
        self.rows = []
        self._forms = {}
        words = [word for word in dict.fromkeys(words) if stop_words_too or word not in STOP_WORDS]
        words = words[:QUERY_MAX_WORDS]
        if not words:
            return
        # Endings differ; what is found by a beginning is compared by its stems.
        begun = sorted({min(stems(word), key=len)[: max(2, len(word) - 2)] for word in words})
        either = " OR ".join(["words LIKE %s"] * len(begun))
        patterns = [f"% {beginning}%" for beginning in begun]
        with _engine().cursor() as cursor:
            cursor.execute(
                f"SELECT tag_id, NULL, words FROM articles_name"
                f" WHERE tag_id IS NOT NULL AND ({either})"
                f" UNION SELECT NULL, author_id, words FROM articles_name"
                f" WHERE author_id IS NOT NULL AND ({either}) ORDER BY 1, 2",
                patterns * 2,
            )
            found = cursor.fetchall()
        groups = labels.groups() if found else {}
        for tag_id, author_id, name in found:
            kind, sign, own = ("tag", _TAG, tag_id) if tag_id else ("author", _AUTHOR, author_id)
            name = name.split()
            self.rows += [(f"{sign}{pk}", name) for pk in groups.get((kind, own), (own,))]

    def __call__(self, row, *, begun=False):
        """Alternatives for the names that have a row of words, or a word that begins so."""
        found = dict.fromkeys(
            token
            for token, name in self.rows
            if (any(word.startswith(row[0]) for word in name) if begun else self._has(name, row))
        )
        return tuple(Alternative((token,)) for token in list(found)[:NAMED_MAX])

    def beginning_with(self, words):
        """The tokens of the names that have all of some words, the last perhaps unfinished."""
        *finished, last = words
        return list(
            dict.fromkeys(
                token
                for token, name in self.rows
                if any(word.startswith(last) for word in name)
                and all(self._has(name, (word,)) for word in finished)
            )
        )

    def _has(self, name, row):
        wanted = [self._forms_of(word) for word in row]
        return any(
            all(
                not forms.isdisjoint(self._forms_of(word))
                for forms, word in zip(wanted, name[start:], strict=False)
            )
            for start in range(len(name) - len(row) + 1)
        )

    def _forms_of(self, word):
        if word not in self._forms:
            self._forms[word] = frozenset(stems(word))
        return self._forms[word]


# What is indexed.


@dataclass(frozen=True, slots=True)
class Entry:
    """One article as tokens: its words in order, and tokens that stand nowhere.

    A gap is in the place of a stop word, and twice between title, standfirst and text.
    """

    sequence: tuple[str, ...]
    loose: frozenset[str]
    # The tokens of its tags and authors, joined by blanks.
    names: str
    # A line for each weight, from _HEAVIEST down, with the words of this weight.
    weights: str
    # What the vocabulary is to know.
    words: frozenset[str]


class _Part:
    """The title, the standfirst or the text of an article, as tokens."""

    def __init__(self, text, language):
        rows = list(compounds(text))
        words = [word for row in rows for word in row]
        times = Counter(words)
        times.update(join_compound(row) for row in rows if len(row) > 1)
        stemmed = {word: stem(word, language) for word in times if word not in STOP_WORDS}
        self.sequence = [stemmed.get(word) for word in words]
        # What the part says, how often, and the tokens by which each of it is found.
        self.counts = Counter()
        self.forms = {}
        for word, form in stemmed.items():
            self.counts[form] += times[word]
            self.forms.setdefault(form, {form}).add(word)

    def tokens_of(self, stemmed_words):
        return {form for word in stemmed_words for form in self.forms[word]}

    def recurring(self):
        often = max(_RECURRING_TIMES, len(self.sequence) / _RECURRING_EVERY)
        return [word for word, times in self.counts.items() if times >= often]


def make_entry(*, language, title, standfirst, text, headings=(), tag_ids=(), author_ids=()):
    """The Entry of an article, cut where it is too long for the databases.

    text is plain text, the headings included.
    """
    whole = (title, standfirst, "\n\n".join(headings), text)
    parts = [_Part(part[:TEXT_MAX_LENGTH], language) for part in whole]
    in_title, in_standfirst, in_heading, in_text = (part.tokens_of(part.counts) for part in parts)
    in_head = in_title | in_standfirst
    in_places = {
        _IN_TITLE: in_title,
        _IN_HEAD: in_head,
        _IN_HEADING: in_heading,
        _RECURRING: in_head | parts[3].tokens_of(parts[3].recurring()),
    }
    names = [f"{_TAG}{pk}" for pk in sorted(tag_ids)]
    names += [f"{_AUTHOR}{pk}" for pk in sorted(author_ids)]
    loose = names + [place + token for place, found in in_places.items() for token in sorted(found)]
    in_order = (parts[0], parts[1], parts[3])
    sequence = _with_gaps(token for part in in_order for token in (*part.sequence, None, None))
    # A word's own form, where its stem is another.
    loose += sorted((in_head | in_text).difference(sequence))
    sequence, loose = _shortened(sequence, loose)
    return Entry(
        sequence,
        loose,
        " ".join(names),
        _weights(*parts)[:TEXT_MAX_LENGTH],
        frozenset(vocabulary.words_of(*(part[:TEXT_MAX_LENGTH] for part in whole))),
    )


_HEAVIEST = _WEIGHT_STEPS * (TITLE_WEIGHT + _STANDFIRST_WEIGHT + _HEADING_WEIGHT + _TEXT_WEIGHT)


def _weights(title, standfirst, headings, text):
    """The lines of Entry.weights: those of the heaviest words first."""
    relative = len(text.sequence) / _TEXT_USUAL_LENGTH
    length = 1 - _TEXT_LENGTH_SHARE + _TEXT_LENGTH_SHARE * relative
    lines = [[] for _weight in range(_HEAVIEST)]
    for word in sorted({*title.counts, *standfirst.counts, *text.counts}):
        times = text.counts[word] / length
        weight = (
            TITLE_WEIGHT * (word in title.counts)
            + _STANDFIRST_WEIGHT * (word in standfirst.counts)
            + _HEADING_WEIGHT * (word in headings.counts)
            + _TEXT_WEIGHT * times / (times + _TEXT_HALF)
        )
        lines[_HEAVIEST - max(1, math.ceil(_WEIGHT_STEPS * weight))].append(word)
    return "\n".join(f" {' '.join(words)} " for words in lines)


def weights_of_text(**parts):
    """word → what it weighs in a text, as in an article that is found. parts: as make_entry."""
    return _weights_by_word(make_entry(**parts).weights)


def weights_of(article_ids):
    """Article id → (word → what it weighs in it), of those that can be found. One query."""
    found = _weights_of(article_ids) if article_ids else {}
    return {pk: _weights_by_word(found[pk]) for pk in article_ids if found.get(pk)}


def _weights_by_word(weights):
    return {
        word: (_HEAVIEST - number) / _WEIGHT_STEPS
        for number, line in enumerate(weights.split("\n"))
        for word in line.split()
    }


def _weigher(clause):
    """A function that says what a clause weighs in an article, 0 where it isn't fulfilled by a
    word or a name. Its arguments, weights and names, are as in Entry; if the weights are the first
    lines and not all, it gives None where none of its words is in them.
    """
    named = {
        alternative.tokens[0]: _AUTHOR_WEIGHT
        if alternative.tokens[0][0] == _AUTHOR
        else _TAG_WEIGHT
        for alternative in clause
        if _is_name(alternative)
    }
    rows = [
        [f" {token}" if alternative.is_prefix else f" {token} " for token in alternative.tokens
         if not _is_gap(token)]
        for alternative in clause
        if not _is_name(alternative)
    ]  # fmt: skip

    def weight_in(weights, names, are_all):
        heaviest = 0
        for row in rows:
            # A row of words weighs what its lightest one does.
            lightest = _HEAVIEST
            for token in row:
                place = weights.find(token)
                own = _HEAVIEST - weights.count("\n", 0, place) if place >= 0 else 0
                lightest = min(lightest, own)
            heaviest = max(heaviest, lightest)
        if rows and not heaviest and not are_all:
            return None
        has = named.keys() & names.split() if named else ()
        return heaviest + _WEIGHT_STEPS * max(map(named.get, has), default=0)

    return weight_in


def _shortened(sequence, loose):
    if sum(len(token.encode()) for token in {*loose, *sequence}) <= TOKENS_MAX_BYTES:
        return sequence, frozenset(loose)
    # The loose tokens count first: without them an article would lose its rank.
    seen = set()
    room = TOKENS_MAX_BYTES
    kept = []
    for token in (*loose, *sequence):
        if token not in seen:
            seen.add(token)
            room -= len(token.encode())
        if room < 0:
            break
        kept.append(token)
    return tuple(kept[len(loose) :]), frozenset(kept[: len(loose)])


# The engines. Each stores entries under a sort key and gives back the newest that match.
# Tokens are letters, digits and private-use characters, so none of them needs escaping.


def _sort_key(article_id, published_at):
    """A whole number that sorts articles by date, then id, and holds the id."""
    minutes = int((published_at - _EPOCH).total_seconds() // 60)
    return (minutes << _ID_BITS) | article_id


class _SqliteEngine:
    """An FTS5 table whose row numbers are the sort keys, so that it is read newest first.

    The ascii tokenizer takes a token as it is: everything beyond ASCII is a letter to it.
    """

    def cursor(self):
        """A cursor for what is asked again and again with other values."""
        return connection.cursor()

    def write(self, article_id, sort_key, entry):
        self.remove(article_id)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO articles_search (article_id, sort_key, names, weights)"
                " VALUES (%s, %s, %s, %s)",
                [article_id, sort_key, entry.names, entry.weights],
            )
            cursor.execute(
                "INSERT INTO articles_search_tokens (rowid, sequence, loose) VALUES (%s, %s, %s)",
                [sort_key, " ".join(entry.sequence), " ".join(sorted(entry.loose))],
            )

    def remove(self, article_id):
        # A trigger takes the tokens away, here as when an article's own row goes.
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM articles_search WHERE article_id = %s", [article_id])

    def newest(self, wanted, unwanted, limit, span=None):
        low, high = span or _ALL_KEYS
        with connection.cursor() as cursor:
            # Left to itself, SQLite takes the shorter index and reads the names from the rows.
            cursor.execute(
                "SELECT group_concat(sort_key, ' '), group_concat(names, char(10)) FROM ("
                "SELECT entry.sort_key, entry.names FROM articles_search_tokens"
                " CROSS JOIN articles_search AS entry INDEXED BY articles_search_names"
                " ON entry.sort_key = articles_search_tokens.rowid"
                " WHERE articles_search_tokens MATCH %s"
                " AND articles_search_tokens.rowid >= %s AND articles_search_tokens.rowid < %s"
                " ORDER BY articles_search_tokens.rowid DESC LIMIT %s)",
                [self._expression(wanted, unwanted), low, high, limit],
            )
            return _names_by_key(*cursor.fetchone())

    def counts(self, clauses, recent):
        one = (
            "SELECT COUNT(*) FROM articles_search_tokens"
            " WHERE articles_search_tokens MATCH %s AND rowid >= %s"
        )
        parameters = []
        for clause in clauses:
            parameters += [self._any(clause), recent.key]
        with connection.cursor() as cursor:
            cursor.execute("SELECT " + ", ".join([f"({one})"] * len(clauses)), parameters)
            return list(cursor.fetchone())

    def lines(self, table, column, article_ids):
        """Article id → what a column says of it, of some that can be found."""
        article_ids = list(article_ids)
        marks = ", ".join(["%s"] * len(article_ids))
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT article_id, {column} FROM {table} WHERE article_id IN ({marks})",
                article_ids,
            )
            return dict(cursor.fetchall())

    def sort_in(self):
        """An entry is sorted in as it is written."""

    def tidy(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO articles_search_tokens (articles_search_tokens) VALUES ('optimize')"
            )

    def _expression(self, wanted, unwanted):
        expression = " AND ".join(f"({self._any(clause)})" for clause in wanted)
        if unwanted:
            nots = " OR ".join(self._any(clause) for clause in unwanted)
            expression = f"({expression}) NOT ({nots})"
        return expression

    def _any(self, clause):
        return " OR ".join(self._alternative(alternative) for alternative in clause)

    def _alternative(self, alternative):
        phrase = " ".join(alternative.tokens)
        return f'sequence : "{phrase}"' if len(alternative.tokens) > 1 else f'"{phrase}"'


class _PostgresEngine:
    """A tsvector column with a GIN index. Its contents are made here, not by a parser.

    An index of this kind knows no order: to give the newest, it has to look up all. So an entry
    says its month, too, and a word is looked up among the last months first. Nor does it know
    which words stand in a row, and to read the entries is dear. So an entry also says which pairs
    of words it has, and only where those of a phrase are, it is read.
    """

    def cursor(self):
        return connection.planned_cursor()

    def write(self, article_id, sort_key, entry):
        positions = {}
        for position, token in enumerate(entry.sequence, start=1):
            positions.setdefault(token, []).append(str(position))
        vector = [f"'{token}':{','.join(at[:POSITIONS_MAX])}" for token, at in positions.items()]
        vector += [
            f"'{token}'"
            for token in (*entry.loose, *sorted(_pairs(entry.sequence)), _month_of(sort_key))
        ]
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO articles_search (article_id, sort_key, tokens, names, weights)"
                " VALUES (%s, %s, %s::tsvector, %s, %s)"
                " ON CONFLICT (article_id) DO UPDATE"
                " SET sort_key = excluded.sort_key, tokens = excluded.tokens,"
                " names = excluded.names, weights = excluded.weights",
                [article_id, sort_key, " ".join(vector), entry.names, entry.weights],
            )

    def remove(self, article_id):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM articles_search WHERE article_id = %s", [article_id])

    def newest(self, wanted, unwanted, limit, span=None):
        query = self._expression(wanted, unwanted, " <-> ")
        without_phrases = [clause for clause in unwanted if all(len(a.tokens) == 1 for a in clause)]
        candidates = self._expression(wanted, without_phrases, " & ")
        low, high = span or _ALL_KEYS
        if span:
            candidates = f"({candidates}) & ({_months_between(low, high)})"
        steps = () if span else _recent().steps
        with self.cursor() as cursor:
            cursor.execute(
                "SELECT string_agg(sort_key::text, ' '), string_agg(names, chr(10))"
                " FROM articles_search_newest(%s::tsquery, nullif(%s, '')::tsquery,"
                " %s::tsquery[], %s::bigint[], %s, %s, %s)",
                [
                    candidates,
                    "" if query == candidates and not span else query,
                    _array(f'"{months}"' for months, _key in steps),
                    _array(key for _months, key in steps),
                    low,
                    high,
                    limit,
                ],
            )
            return _names_by_key(*cursor.fetchone())

    def counts(self, clauses, recent):
        one = "articles_search_count(%s::tsquery, %s::tsquery)"
        parameters = []
        for clause in clauses:
            for between in (" & ", " <-> "):
                expression = self._expression([clause], [], between)
                if recent.months:
                    expression = f"({expression}) & ({recent.months})"
                parameters.append(expression)
        with connection.cursor() as cursor:
            cursor.execute("SELECT " + ", ".join([one] * len(clauses)), parameters)
            return list(cursor.fetchone())

    def lines(self, table, column, article_ids):
        with self.cursor() as cursor:
            cursor.execute(
                f"SELECT article_id, {column} FROM {table} WHERE article_id = ANY (%s::bigint[])",
                [_array(article_ids)],
            )
            return dict(cursor.fetchall())

    def sort_in(self):
        # Only an index's owner may ask for it. Where the worker is another, the database sorts in
        # what has become too much.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT gin_clean_pending_list(oid) FROM pg_class"
                " WHERE oid = 'articles_search_tokens'::regclass"
                " AND pg_has_role(relowner, 'USAGE')"
            )

    def tidy(self):
        self.sort_in()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE articles_search")

    def _expression(self, wanted, unwanted, between):
        """The clauses as a tsquery, with an operator between the tokens of a row: " <-> ", or " & "
        for what the index can answer."""

        def any_of(clause):
            return " | ".join(self._alternative(alternative, between) for alternative in clause)

        clauses = [f"({any_of(clause)})" for clause in wanted]
        clauses += [f"!({any_of(clause)})" for clause in unwanted]
        return " & ".join(clauses)

    def _alternative(self, alternative, between):
        row = alternative.tokens
        if between == " & ":
            row = (*row, *sorted(_pairs(row)))
        row = between.join(f"'{token}'" for token in row)
        return f"({row})"


def _array(items):
    """Some items as PostgreSQL writes an array of them."""
    return f"{{{','.join(map(str, items))}}}"


_ENGINES = {"sqlite": _SqliteEngine(), "postgresql": _PostgresEngine()}
_ALL_KEYS = (-(2**62), 2**62)


def _engine():
    return _ENGINES[connection.vendor]


def _names_by_key(keys, names):
    """What an engine gives: sort key → tokens of tags and authors, in the engine's order.

    They come as one text each, which takes much less than a row for each.
    """
    return dict(zip(map(int, keys.split()), names.split("\n"), strict=True)) if keys else {}


def _article_of(sort_key):
    return sort_key & ((1 << _ID_BITS) - 1)


def _date_of(sort_key):
    return _EPOCH + timedelta(minutes=sort_key >> _ID_BITS)


def _month_of(sort_key):
    date = _date_of(sort_key)
    return f"{_MONTH}{date.year * 12 + date.month - 1}"


def _month_with(date):
    return date.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _months_between(low, high):
    """The months of two sort keys and all between, as a part of a tsquery."""
    first, last = (int(_month_of(key)[1:]) for key in (low, high))
    return " | ".join(f"'{_MONTH}{month}'" for month in range(first, last + 1))


@dataclass(frozen=True, slots=True)
class _Recent:
    """The last months, with at least RECENT_MIN articles, or all there is."""

    articles: int
    # The sort key with which they begin.
    key: int = _ALL_KEYS[0]
    # For PostgreSQL; empty where all is recent.
    months: str = ""
    # The same in parts, the last months first, and the sort keys with which these begin.
    steps: tuple = ()


# In words of its own, since SQLite can't count along the index of public articles where the state
# is a parameter.
_PUBLIC_BY_DATE = (
    "SELECT first_published_at FROM articles_article WHERE state = 'live' AND kind = 'article'"
    " ORDER BY first_published_at DESC, id DESC"
)
_recent_remembered = {}
_RECENT_SECONDS = 3600


def _recent(*, counted=False):
    """Which articles are recent, as of some minutes ago: what is found doesn't depend on it.

    counted: how many they are is right, where they are all there is.
    """
    known, until = _recent_remembered.get(connection.alias, (None, 0))
    if known and time.monotonic() < until and (known.months or not counted):
        return known
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*), MIN(first_published_at), MAX(first_published_at),"
            f" (SELECT MIN(first_published_at) FROM ({_PUBLIC_BY_DATE} LIMIT %s) AS step)"
            f" FROM ({_PUBLIC_BY_DATE} LIMIT %s) AS newest",
            [min(STEP_MIN, RECENT_MIN), RECENT_MIN],
        )
        number, oldest, newest, between = cursor.fetchone()
    recent = _Recent(number)
    if number >= RECENT_MIN:
        if isinstance(oldest, str):
            oldest, newest, between = (
                datetime.fromisoformat(date).replace(tzinfo=UTC)
                for date in (oldest, newest, between)
            )
        first, last = (_sort_key(0, _month_with(date)) for date in (oldest, between))
        # Whatever date somebody gives what is published in the next minutes.
        soon = _sort_key(0, max(newest, datetime.now(UTC)) + timedelta(days=400))
        steps = [(_months_between(last, soon), last)]
        if first < last:
            steps.append((_months_between(first, last - 1), first))
        recent = _Recent(number, first, _months_between(first, soon), tuple(steps))
    _recent_remembered[connection.alias] = recent, time.monotonic() + _RECENT_SECONDS
    return recent


# Writing.


def index(article_id, *, language, title, standfirst, text, **others):
    """Write or replace what the search knows of an article, in the caller's transaction.

    As make_entry. The article's row must already say when it was first published, or
    ValueError is raised: results are ordered by it.
    """
    published_at = Article.objects.values_list("first_published_at", flat=True).get(pk=article_id)
    if published_at is None:
        raise ValueError(f"Article {article_id} was never published, so it can't be searched for.")
    entry = make_entry(language=language, title=title, standfirst=standfirst, text=text, **others)
    store([(article_id, published_at, entry)])


def store(entries, *, witnesses=vocabulary.WITNESSES):
    """Write or replace some (article id, date of first publication, Entry), in the caller's
    transaction. Returns how many words of the vocabulary that added or took away."""
    with transaction.atomic(savepoint=False):
        for article_id, published_at, entry in entries:
            _engine().write(article_id, _sort_key(article_id, published_at), entry)
        words = {article_id: entry.words for article_id, _date, entry in entries}
        return vocabulary.enter(words, _other_with, witnesses=witnesses)


def remove(article_id):
    """Make an article impossible to find, in the caller's transaction; twice is no error."""
    with transaction.atomic(savepoint=False):
        _engine().remove(article_id)
        vocabulary.enter({article_id: frozenset()}, _other_with)


def _other_with(word):
    """The id of a public article that has a word, or None."""
    found = _engine().newest([(Alternative((word,)),)], [], 5)
    rows = Article.objects.filter(pk__in=map(_article_of, found))
    for article in rows.only("title", "standfirst", "body", "text").order_by("-pk"):
        text = typesetting.text_of(article)
        if word in vocabulary.words_of(article.title, article.standfirst, text):
            return article.pk
    return None


def rebuild(progress=None):
    """Index every public article again, and remove what is none. Returns the two numbers.

    progress is called with the number of articles done so far. A batch is one transaction
    that locks its articles, so nothing that is published meanwhile is overwritten.
    """
    public = Article.objects.public().articles()
    done, last_id = 0, 0
    while True:
        with transaction.atomic():
            batch = list(
                public.filter(pk__gt=last_id)
                .order_by("pk")
                .select_for_update()
                .prefetch_related("article_tags", "bylines")[:BATCH_SIZE]
            )
            # One witness will do: on a healthy database, all words have one.
            store(
                [(one.pk, one.first_published_at, _entry_of(one)) for one in batch],
                witnesses=1,
            )
        if not batch:
            break
        done, last_id = done + len(batch), batch[-1].pk
        if progress:
            progress(done)
    removed = 0
    for article_id in sorted(_indexed_ids().difference(public.values_list("pk", flat=True))):
        with transaction.atomic():
            # It may have been published a moment ago.
            Article.objects.select_for_update().filter(pk=article_id).first()
            if not public.filter(pk=article_id).exists():
                remove(article_id)
                removed += 1
    tidy()
    return done, removed


def _entry_of(article):
    return make_entry(
        language=article.language,
        title=article.title,
        standfirst=article.standfirst,
        text=typesetting.text_of(article),
        headings=[heading.text for heading in typesetting.typeset_of(article).headings],
        tag_ids=[row.tag_id for row in article.article_tags.all()],
        author_ids=[row.author_id for row in article.bylines.all()],
    )


def tidy():
    """Put the index in order after very much of it was written."""
    _engine().tidy()


def sort_in():
    """Let the database sort in what was written of late. It is found at once; until then, every
    search reads all of it."""
    _engine().sort_in()


def is_outdated():
    """Whether the index was made by an older version of the publication, which knew less."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM articles_search WHERE weights = '')")
        return bool(cursor.fetchone()[0])


def _indexed_ids():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT article_id FROM articles_search UNION SELECT article_id FROM articles_word"
        )
        return {article_id for (article_id,) in cursor.fetchall()}


# Asking.


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that was found for a query, up to MATCHES_MAX articles."""

    query: Query
    # The best first, or the newest.
    matches: Matches
    is_capped: bool


def find(query, *, offset=0, limit=20):
    """What some words find in the texts, as Hits.

    All words must be there; a phrase stands in quotation marks, -word must not be there, and
    the last word may be the beginning of one. No text is an error: one without a word that
    could be looked for finds nothing.
    """
    parsed = parse(query)
    found = find_all(parsed)
    end = min(max(offset, 0) + max(limit, 0), len(found.matches))
    return Hits(
        ids=[match.article_id for match in found.matches[max(offset, 0) : end]],
        total=len(found.matches),
        is_capped=found.is_capped,
        terms=parsed.terms,
    )


def find_all(query, filters=NO_FILTERS, *, by_date=False):
    """Everything that a Query finds under some Filters, as Found."""
    if not query.wanted:
        return _found_as(query, {})
    newest = partial(_newest, filters, query.unwanted)
    wanted = weighed = query.wanted
    matches = newest(wanted, MATCHES_MAX + 1)
    if query.unfinished and len(matches) <= MATCHES_MAX:
        # Only where the word itself hasn't found enough.
        begun = _spelt_out(query.unfinished)
        if begun != wanted[-1]:
            wanted, weighed = (*wanted[:-1], begun), (*wanted[:-1], query.unfinished)
            matches = newest(wanted, MATCHES_MAX + 1)
    if by_date or len(matches) < 2:
        return _found_as(query, matches)
    return _found_as(query, matches, first=_best(wanted, weighed, matches, newest))


def _found_as(query, matches, *, first=None):
    """What was found for a query, of matches as an engine gives them. first: some that come before
    the others, whether or not they are among them."""
    ordered = {**(first or {}), **matches}
    while len(ordered) > MATCHES_MAX:
        ordered.popitem()
    return Found(query, Matches(ordered), len(matches) > MATCHES_MAX)


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
        matches = _newest(filters, query.unwanted, either, MATCHES_MAX + 1)
        if matches:
            first = {} if by_date else _weighed(clauses, clauses, _first(matches, RANKED_MAX))
            return _found_as(query, matches, first=first)
    return _found_as(query, {})


def find_by_title(query, limit):
    """The newest articles whose title has all words of a Query, the last perhaps unfinished."""
    return _find_in(query, (_IN_TITLE,), limit)


def find_by_heading(query, limit):
    """The newest articles with all words of a Query in their headings."""
    return _find_in(query, (_IN_HEADING,), limit)


def _find_in(query, places, limit):
    if not query.wanted:
        return Matches({})
    last = _spelt_out(query.unfinished) if query.unfinished else query.wanted[-1]
    wanted = (*query.wanted[:-1], last)
    clauses = [c for clause in wanted for c in _in_places(clause, places)]
    return Matches(_newest(NO_FILTERS, query.unwanted, clauses, limit) if all(clauses) else {})


def how_often(clauses):
    """In how many of the recent articles each of some clauses is fulfilled. One or two queries."""
    return _engine().counts(clauses, _recent()) if clauses else []


def has_any(clauses, filters=NO_FILTERS):
    """Whether any article fulfils some clauses."""
    return bool(_newest(filters, (), clauses, 1))


def clause_of(word, named):
    """The clause of a folded word that is looked for by itself. named: Names that know it."""
    return _clause((word,), joined=False) + named((word,))


_NAMED = (("tag", _TAG), ("author", _AUTHOR))


def named_ids(tokens):
    """The ids of tags and those of authors in some tokens of Names; of what is merged, that of the
    one that stands for it."""
    return tuple(labels.standing(kind, _ids(sign, tokens)) for kind, sign in _NAMED)


def count_names(matches):
    """How many of some Matches have each tag, and each author: two Counters by id."""
    counts = Counter(" ".join(matches.names.values()).split())
    groups = labels.groups()
    return tuple(_counted(kind, sign, counts, groups, matches) for kind, sign in _NAMED)


def _counted(kind, sign, counts, groups, matches):
    counted = Counter({int(token[1:]): n for token, n in counts.items() if token[0] == sign})
    if not groups or not any((kind, pk) in groups for pk in counted):
        return counted
    # An article may have two that count as one.
    return Counter(
        pk
        for names in matches.names.values()
        for pk in {groups.get((kind, pk), (pk,))[0] for pk in _ids(sign, names.split())}
    )


def _ids(sign, tokens):
    return [int(token[1:]) for token in tokens if token[0] == sign]


def count_years(matches):
    """Year in the publication's time zone → how many of some Matches came out in it, the last
    year first."""
    if not matches:
        return {}
    zone = timezone.get_current_timezone()
    keys = sorted(matches.names)
    first, last = (_date_of(key).astimezone(zone).year for key in (keys[0], keys[-1]))
    counts, end = {}, len(keys)
    for year in range(last, first - 1, -1):
        begin = bisect_left(keys, _sort_key(0, datetime(year, 1, 1, tzinfo=zone)), hi=end)
        if begin < end:
            counts[year] = end - begin
        end = begin
    return counts


def _newest(filters, unwanted, wanted, limit):
    """The newest matches: sort key → tokens of tags and authors."""
    return _engine().newest([*wanted, *filters.clauses], unwanted, limit, filters.span)


def _first(items, number):
    return dict(islice(items.items(), number))


def _best(wanted, weighed, matches, newest):
    """The best of all that was found, in the order of their rank: of the newest matches, and of
    those that are left out of them.

    weighed: the clauses that are wanted, with beginnings of words as such.
    """
    chosen = matches
    if len(matches) > min(RANKED_MAX, MATCHES_MAX):
        chosen = {}
        for places in _PLACES:
            if len(chosen) < RANKED_MAX:
                clauses = [c for clause in wanted for c in _in_places(clause, places)]
                chosen |= newest(clauses, RANKED_MAX)
        if len(chosen) < RANKED_MAX:
            chosen |= matches
        chosen = dict(sorted(islice(chosen.items(), RANKED_MAX), reverse=True))
    return _weighed(wanted, weighed, chosen)


def _weighed(wanted, weighed, matches):
    """Some matches, the newest first, in the order of what their words weigh. Three queries at
    most."""
    rarity = [1]
    if len(wanted) > 1:
        recent = _recent(counted=True)
        counts = _engine().counts(wanted, recent)
        rarity = [math.log(1 + recent.articles / (count + 0.5)) for count in counts]
    weighers = list(zip(rarity, map(_weigher, weighed), strict=True))
    # Most can be told by the heaviest words, which are few.
    lines = _engine().lines("articles_search_heaviest", "words", map(_article_of, matches))
    scores = _scores(weighers, matches, lines, are_all=False)
    unsure = {key: matches[key] for key, score in scores.items() if score is None}
    if unsure:
        scores |= _scores(weighers, unsure, _weights_of(map(_article_of, unsure)), are_all=True)
    # Sorting keeps the order of equals.
    return {key: matches[key] for key in sorted(matches, key=scores.get, reverse=True)}


def _scores(weighers, matches, lines, *, are_all):
    """Sort key → what all of some weighers, each with its factor, find together in a match; None
    where they can't tell. lines: article id → those of its weights, or the first of them."""
    scores = {}
    for key, names in matches.items():
        own = lines.get(_article_of(key), "")
        weights = [weight_in(own, names, are_all) for _factor, weight_in in weighers]
        scores[key] = (
            None
            if None in weights
            else sum(factor * weight for (factor, _), weight in zip(weighers, weights, strict=True))
        )
    return scores


def _weights_of(article_ids):
    return _engine().lines("articles_search", "weights", article_ids)


def _in_places(clause, places):
    """Yields what the clause becomes if its words must stand in one of some places."""
    rows = [alternative.tokens for alternative in clause if len(alternative.tokens) > 1]
    single = tuple(
        Alternative((place + alternative.tokens[0],))
        for alternative in clause
        if len(alternative.tokens) == 1 and not _is_name(alternative)
        for place in places
    )
    if not rows:
        yield single
        return
    # Anywhere in a row, and each of the words in the place.
    yield clause
    for column in zip(*rows, strict=True):
        if not _is_gap(column[0]):
            forms_in_places = [place + form for form in dict.fromkeys(column) for place in places]
            yield (*(Alternative((form,)) for form in forms_in_places), *single)


# Showing.


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a text as safe HTML, with <mark> around what was found; at is where the first
    of it stands in the text, None where nothing was found."""

    html: str
    at: int | None = None


def best_passage(text, terms, *, length=240):
    """The Passage with most of the terms of a plain text of lines, its words apart by one blank.

    About length characters, cut between words. Without a hit it is the beginning.
    """
    text = text[:TEXT_MAX_LENGTH].replace("\n", " ")
    found = _found(text, terms, length)
    start, end = _passage(text, found, length)
    pieces = ["… " if start else ""]
    position = start
    at = None
    for hit_start, hit_end, _ in found:
        if hit_start >= start and hit_end <= end:
            at = hit_start if at is None else at
            pieces += [escape(text[position:hit_start]), "<mark>"]
            pieces += [escape(text[hit_start:hit_end]), "</mark>"]
            position = hit_end
    pieces += [escape(text[position:end]), " …" if end < len(text) else ""]
    # Everything of the text has been escaped above, piece by piece.
    return Passage(mark_safe("".join(pieces)), at)


def section_at(text, sections, at):
    """Which of some sections, in their order, holds a place of a plain text; None before the first.

    sections: (anchor, heading) of each. A heading is a line of the text.
    """
    lines = f"\n{text}"
    holding, begin = None, 0
    for section in sections:
        begin = lines.find(f"\n{section[1]}", begin)
        if begin < 0 or begin > at:
            break
        holding = section
        begin += 1
    return holding


def are_all_in(text, query):
    """Whether a text has something of every clause of a Query."""
    found = set().union(*map(stems, tokens(text)))
    return all(
        any(
            any(one.startswith(a.tokens[0]) for one in found)
            if a.is_prefix
            else found.issuperset(token for token in a.tokens if not _is_gap(token))
            for a in clause
        )
        for clause in (*query.wanted[:-1], query.unfinished or query.wanted[-1])
    )


@lru_cache(maxsize=50_000)
def _matched_term(spelling, terms):
    written = forms(spelling)
    if not terms.words.isdisjoint(written):
        return min(terms.words & written)
    if terms.prefix:
        for form in written:
            if form.startswith(terms.prefix):
                return terms.prefix
    return None


def _found(text, terms, length):
    """Where the terms stand: begin, end, term. What comes after a passage with enough of them is
    left out.
    """
    found, near, until = [], deque(), len(text)
    for match in words_beginning(text, terms.beginnings):
        begin, end = match.span()
        if begin > until:
            break
        term = _matched_term(match[0], terms)
        if not term:
            continue
        found.append((begin, end, term))
        near.append(found[-1])
        while near and near[0][0] + length * 3 // 4 < end:
            near.popleft()
        if until == len(text) and len({term for _, _, term in near}) >= terms.enough > 0:
            until = near[0][0] + length
    return found


def _passage(text, found, length):
    if len(text) <= length:
        return 0, len(text)
    start, most = 0, 0
    for number, (hit_start, _, _) in enumerate(found):
        near = set()
        for _, hit_end, matched in found[number:]:
            if hit_end > hit_start + length * 3 // 4:
                break
            near.add(matched)
        if len(near) > most:
            start, most = hit_start, len(near)
    # Some words before the first hit, and whole words at both ends.
    start = min(max(0, start - length // 4), len(text) - length)
    if start > 0:
        start = text.find(" ", start, start + length // 4) + 1 or start
    end = start + length
    if end < len(text):
        end = max(text.rfind(" ", start + length * 3 // 4, end + 1), 0) or end
    return start, end
