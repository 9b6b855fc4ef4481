"""Full-text search for readers: one question, two engines.

An index entry is a bag of tokens, made here in Python (articles.text_analysis), so the
database's own ideas of words, languages and weights play no part, and SQLite and PostgreSQL
give the same articles in the same order. A token that begins with a private-use character
can't be typed; such tokens say where in the article a word stands. Anything else that an
article can be looked up by (its tags, its authors) can become a token in the same way.

Ranking: articles with all the words in the title, then in title and standfirst, then those
that keep coming back to them, then the rest; the newest first within each of these. No
engine's score is used: it has to be computed for every match, and the two don't agree.

Whether a reader may see an article is not decided here: publishing indexes what it makes
live, and views look up what is found through Article.objects.public().
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from zlib import crc32

from django.db import connection, transaction
from django.utils.html import escape
from django.utils.safestring import mark_safe

from articles.models import Article
from articles.rendering import structure
from articles.text_analysis import (
    STEMMED_LANGUAGES,
    STOP_WORDS,
    compounds,
    forms,
    join_compound,
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
# From the best place of a word to the worst that is still better than anywhere.
_PLACES = (_IN_TITLE, _IN_HEAD, _RECURRING)
# A word recurs if the text has it this often, and once in so many words.
_RECURRING_TIMES = 3
_RECURRING_EVERY = 200

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

    @property
    def terms(self):
        clauses = (*self.wanted, *((self.unfinished,) if self.unfinished else ()))
        alternatives = [alternative for clause in clauses for alternative in clause]
        return Terms(
            frozenset(t for a in alternatives if not a.is_prefix for t in a.tokens),
            next((a.tokens[0] for a in alternatives if a.is_prefix), ""),
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """What a snippet is to mark: words in every indexed form, and a beginning of words."""

    words: frozenset[str] = frozenset()
    prefix: str = ""

    @property
    def first_letters(self):
        """No stemmer changes a word's first letter."""
        return {word[0] for word in (*self.words, self.prefix) if word}


@dataclass(frozen=True, slots=True)
class Hits:
    """A part of what was found: article ids, the best first.

    total counts all of it. is_capped says that there is more, which is left out.
    """

    ids: list[int]
    total: int
    is_capped: bool
    terms: Terms


def parse(text):
    """The Query in what a reader typed, whatever that is; what makes no sense is left out."""
    wanted, unwanted = [], []
    unfinished = None
    words_left = QUERY_MAX_WORDS
    for part in _QUERY_PART.finditer(text[:QUERY_MAX_LENGTH].translate(_QUOTES)):
        is_phrase = part["phrase"] is not None
        # Words joined by hyphens are a phrase that may also be written as one word.
        rows = [tuple(tokens(part["phrase"]))] if is_phrase else compounds(part["words"])
        for row in rows:
            row = row[:words_left]
            words_left -= len(row)
            clause = _clause(row, joined=not is_phrase)
            if not clause:
                continue
            if part["minus"]:
                unwanted.append(clause)
                unfinished = None
                continue
            wanted.append(clause)
            can_go_on = not is_phrase and len(row) == 1 and len(row[0]) >= PREFIX_MIN_LENGTH
            unfinished = (*clause, Alternative(row, is_prefix=True)) if can_go_on else None
    return Query(tuple(wanted), tuple(unwanted), unfinished)


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


def _is_gap(token):
    return _FIRST_GAP <= ord(token[0]) < _FIRST_GAP + _GAPS


# What is indexed.


@dataclass(frozen=True, slots=True)
class Entry:
    """One article as tokens: its words in order, and tokens that stand nowhere.

    A gap is in the place of a stop word, and twice between title, standfirst and text.
    """

    sequence: tuple[str, ...]
    loose: frozenset[str]


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


def make_entry(*, language, title, standfirst, text):
    """The Entry of an article, cut where it is too long for the databases."""
    parts = [_Part(part[:TEXT_MAX_LENGTH], language) for part in (title, standfirst, text)]
    in_title, in_standfirst, in_text = (part.tokens_of(part.counts) for part in parts)
    in_head = in_title | in_standfirst
    in_places = {
        _IN_TITLE: in_title,
        _IN_HEAD: in_head,
        _RECURRING: in_head | parts[2].tokens_of(parts[2].recurring()),
    }
    loose = [place + token for place in _PLACES for token in sorted(in_places[place])]
    sequence = _with_gaps(token for part in parts for token in (*part.sequence, None, None))
    # A word's own form, where its stem is another.
    loose += sorted((in_head | in_text).difference(sequence))
    return _shortened(sequence, loose)


def _shortened(sequence, loose):
    if sum(len(token.encode()) for token in {*loose, *sequence}) <= TOKENS_MAX_BYTES:
        return Entry(sequence, frozenset(loose))
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
    return Entry(tuple(kept[len(loose) :]), frozenset(kept[: len(loose)]))


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

    def write(self, article_id, sort_key, entry):
        self.remove(article_id)
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO articles_search VALUES (%s, %s)", [article_id, sort_key])
            cursor.execute(
                "INSERT INTO articles_search_tokens (rowid, sequence, loose) VALUES (%s, %s, %s)",
                [sort_key, " ".join(entry.sequence), " ".join(sorted(entry.loose))],
            )

    def remove(self, article_id):
        # A trigger takes the tokens away, here as when an article's own row goes.
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM articles_search WHERE article_id = %s", [article_id])

    def newest(self, wanted, unwanted, limit):
        expression = " AND ".join(f"({self._any(clause)})" for clause in wanted)
        if unwanted:
            nots = " OR ".join(self._any(clause) for clause in unwanted)
            expression = f"({expression}) NOT ({nots})"
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT rowid & {2**_ID_BITS - 1} FROM articles_search_tokens"
                " WHERE articles_search_tokens MATCH %s ORDER BY rowid DESC LIMIT %s",
                [expression, limit],
            )
            return [article_id for (article_id,) in cursor.fetchall()]

    def tidy(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO articles_search_tokens (articles_search_tokens) VALUES ('optimize')"
            )

    def _any(self, clause):
        return " OR ".join(self._alternative(alternative) for alternative in clause)

    def _alternative(self, alternative):
        phrase = " ".join(alternative.tokens)
        if alternative.is_prefix:
            return f'"{phrase}" *'
        return f'sequence : "{phrase}"' if len(alternative.tokens) > 1 else f'"{phrase}"'


class _PostgresEngine:
    """A tsvector column with a GIN index. Its contents are made here, not by a parser."""

    def write(self, article_id, sort_key, entry):
        positions = {}
        for position, token in enumerate(entry.sequence, start=1):
            positions.setdefault(token, []).append(str(position))
        vector = [f"'{token}':{','.join(at[:POSITIONS_MAX])}" for token, at in positions.items()]
        vector += [f"'{token}'" for token in entry.loose]
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO articles_search (article_id, sort_key, tokens)"
                " VALUES (%s, %s, %s::tsvector)"
                " ON CONFLICT (article_id) DO UPDATE"
                " SET sort_key = excluded.sort_key, tokens = excluded.tokens",
                [article_id, sort_key, " ".join(vector)],
            )

    def remove(self, article_id):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM articles_search WHERE article_id = %s", [article_id])

    def newest(self, wanted, unwanted, limit):
        query = self._expression(wanted, unwanted, " <-> ")
        without_phrases = [clause for clause in unwanted if all(len(a.tokens) == 1 for a in clause)]
        candidates = self._expression(wanted, without_phrases, " & ")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT articles_search_newest(%s::tsquery, %s::tsquery, %s)",
                [candidates, None if query == candidates else query, limit],
            )
            return [article_id for (article_id,) in cursor.fetchall()]

    def tidy(self):
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE articles_search")

    def _expression(self, wanted, unwanted, between):
        """The clauses as a tsquery, with an operator between the tokens of a row."""

        def any_of(clause):
            return " | ".join(self._alternative(alternative, between) for alternative in clause)

        clauses = [f"({any_of(clause)})" for clause in wanted]
        clauses += [f"!({any_of(clause)})" for clause in unwanted]
        return " & ".join(clauses)

    def _alternative(self, alternative, between):
        row = between.join(f"'{token}'" for token in alternative.tokens)
        return f"{row}:*" if alternative.is_prefix else f"({row})"


_ENGINES = {"sqlite": _SqliteEngine(), "postgresql": _PostgresEngine()}


def _engine():
    return _ENGINES[connection.vendor]


# Writing.


def index(article_id, *, language, title, standfirst, text):
    """Write or replace what the search knows of an article, in the caller's transaction.

    text is plain text. The article's row must already say when it was first published, or
    ValueError is raised: results are ordered by it.
    """
    published_at = Article.objects.values_list("first_published_at", flat=True).get(pk=article_id)
    if published_at is None:
        raise ValueError(f"Article {article_id} was never published, so it can't be searched for.")
    entry = make_entry(language=language, title=title, standfirst=standfirst, text=text)
    store(article_id, published_at, entry)


def store(article_id, published_at, entry):
    """Write or replace an Entry that was made before, in the caller's transaction."""
    with transaction.atomic(savepoint=False):
        _engine().write(article_id, _sort_key(article_id, published_at), entry)


def remove(article_id):
    """Make an article impossible to find, in the caller's transaction; twice is no error."""
    _engine().remove(article_id)


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
                public.filter(pk__gt=last_id).order_by("pk").select_for_update()[:BATCH_SIZE]
            )
            for article in batch:
                index(
                    article.pk,
                    language=article.language,
                    title=article.title,
                    standfirst=article.standfirst,
                    text=structure(article.body).text,
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


def tidy():
    """Put the index in order after very much of it was written."""
    _engine().tidy()


def _indexed_ids():
    with connection.cursor() as cursor:
        cursor.execute("SELECT article_id FROM articles_search")
        return {article_id for (article_id,) in cursor.fetchall()}


# Asking.


def find(query, *, offset=0, limit=20):
    """What a reader's words find, as Hits.

    All words must be there; a phrase stands in quotation marks, -word must not be there, and
    the last word may be the beginning of one. No text is an error: one without a word that
    could be looked for finds nothing.
    """
    parsed = parse(query)
    if not parsed.wanted:
        return Hits([], 0, False, parsed.terms)
    engine = _engine()
    wanted = parsed.wanted
    matches = engine.newest(wanted, parsed.unwanted, MATCHES_MAX + 1)
    if parsed.unfinished and len(matches) <= MATCHES_MAX:
        # Only where the word itself hasn't found enough: a beginning is dear to look up.
        wanted = (*wanted[:-1], parsed.unfinished)
        matches = engine.newest(wanted, parsed.unwanted, MATCHES_MAX + 1)
    is_capped = len(matches) > MATCHES_MAX
    end = min(max(offset, 0) + max(limit, 0), len(matches), MATCHES_MAX)
    ranked = {}
    if len(matches) > 1:
        for place in _PLACES:
            if len(ranked) < end:
                clauses = tuple(c for clause in wanted for c in _in_place(clause, place))
                ranked |= dict.fromkeys(engine.newest(clauses, parsed.unwanted, MATCHES_MAX))
    ranked |= dict.fromkeys(matches)
    return Hits(
        ids=list(ranked)[max(offset, 0) : end],
        total=min(len(matches), MATCHES_MAX),
        is_capped=is_capped,
        terms=parsed.terms,
    )


def _in_place(clause, place):
    """Yields what the clause becomes if its words must stand in a place."""
    rows = [alternative.tokens for alternative in clause if len(alternative.tokens) > 1]
    single = tuple(
        Alternative((place + alternative.tokens[0],), alternative.is_prefix)
        for alternative in clause
        if len(alternative.tokens) == 1
    )
    if not rows:
        yield single
        return
    # Anywhere in a row, and each of the words in the place.
    yield clause
    for column in zip(*rows, strict=True):
        if not _is_gap(column[0]):
            yield (*(Alternative((place + form,)) for form in dict.fromkeys(column)), *single)


# Showing.


def snippet(text, terms, *, length=240):
    """The passage of a plain text with most of the terms, as safe HTML with <mark> around them.

    About length characters, cut between words. Without a hit it is the beginning.
    """
    text = " ".join(text[:TEXT_MAX_LENGTH].split())
    matched = {}
    found = []
    for match in words_beginning(text, terms.first_letters):
        spelling = match[0]
        if spelling not in matched:
            matched[spelling] = _matched_term(spelling, terms)
        if matched[spelling]:
            found.append((match.start(), match.end(), matched[spelling]))
    start, end = _passage(text, found, length)
    pieces = ["… " if start else ""]
    position = start
    for hit_start, hit_end, _ in found:
        if hit_start >= start and hit_end <= end:
            pieces += [escape(text[position:hit_start]), "<mark>"]
            pieces += [escape(text[hit_start:hit_end]), "</mark>"]
            position = hit_end
    pieces += [escape(text[position:end]), " …" if end < len(text) else ""]
    # Everything of the text has been escaped above, piece by piece.
    return mark_safe("".join(pieces))


def _matched_term(spelling, terms):
    written = forms(spelling)
    if not terms.words.isdisjoint(written):
        return min(terms.words & written)
    if terms.prefix:
        for form in written:
            if form.startswith(terms.prefix):
                return terms.prefix
    return None


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
