"""The words of all public articles, and what a misspelt one may have meant.

A word stands in the table beside a few articles that have it: not all, or a publication would
write hundreds of rows, and no count, or all publications would wait for the row of “the”. An
article that is taken away takes its rows along, and a word of which none is left gets another
one if the search index knows an article that has it; so no word outlives its last article.
"""

import json

from django.db import connection
from rapidfuzz import process
from rapidfuzz.distance import OSA

from articles.models import Word
from articles.prepared import cursor_to_ask_again
from articles.text_analysis import STOP_WORDS, tokens

# How many articles stand for a word, so that it seldom has to be looked for another.
WITNESSES = 3
LENGTH_MIN, LENGTH_MAX = 3, 30
# Shorter words stand too close together for two slips, and the shortest for any.
LENGTH_FOR_TWO = 6
CANDIDATES_MAX = 20_000
AT_ONCE = 1000
# So many words that begin alike are looked for instead of a beginning.
BEGUN_MAX = 40
# And so many rows are read and sorted for it.
BEGUN_READ = 300


def words_of(*texts):
    """The words of some texts that could be meant by a misspelt one, folded.

    >>> sorted(words_of("Iran’s S-300, of 2026", "Größe"))
    ['grosse', 'iran']
    """
    return {
        word
        for text in texts
        for word in tokens(text)
        if LENGTH_MIN <= len(word) <= LENGTH_MAX and word.isalpha() and word not in STOP_WORDS
    }


# Keeping it.


def enter(wanted, find_other, *, witnesses=WITNESSES):
    """Makes the rows of some articles say what they have, in the caller's transaction.

    wanted: article id → its words; none of an article that is public no more. find_other: gives
    the id of an article that has a word, or None. Each new word gets this article for a witness
    while it has fewer than so many. Returns how many rows were added or removed: none where all
    words were known.
    """
    rows = list(Word.objects.filter(article__in=wanted).values_list("pk", "article_id", "word"))
    own = {(article, word) for _pk, article, word in rows}
    gone = {pk: word for pk, article, word in rows if word not in wanted[article]}
    for some in _in_portions(gone):
        Word.objects.filter(pk__in=some).delete()
    written = {word for words in wanted.values() for word in words}
    few = _with_few(written, witnesses)
    added = []
    for article, words in wanted.items():
        for word in sorted(words):
            if few.get(word, witnesses) < witnesses and (article, word) not in own:
                few[word] += 1
                added.append(_row(article, word))
    left = _with_few(set(gone.values()) - written, 1)
    for word in sorted(left):
        other = find_other(word)
        if other is not None:
            added.append(_row(other, word))
    Word.objects.bulk_create(added)
    return len(added) + len(gone)


def _row(article_id, word):
    return Word(
        article_id=article_id, word=word, start=word[:2], ending=word[-2:], length=len(word)
    )


# Texts of a list as rows.
_LISTED = {
    "sqlite": "SELECT value AS word FROM json_each(%s)",
    "postgresql": "SELECT json_array_elements_text(%s::json) AS word",
}


def _with_few(words, witnesses):
    """word → how many articles stand for it, of those that have fewer witnesses than so many."""
    counts = {}
    for some in _in_portions(words):
        with cursor_to_ask_again() as cursor:
            cursor.execute(
                "SELECT word, witnesses FROM (SELECT word,"
                " (SELECT COUNT(*) FROM articles_word AS row WHERE row.word = asked.word)"
                f" AS witnesses FROM ({_LISTED[connection.vendor]}) AS asked) AS counted"
                " WHERE witnesses < %s",
                [json.dumps(some), witnesses],
            )
            counts |= dict(cursor.fetchall())
    return counts


def _in_portions(items):
    items = list(items)
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))


# Asking.


def usual(words):
    """Those of some words that at least WITNESSES articles have, as far as is known. One query."""
    return set(words) - _with_few(words, WITNESSES).keys()


def meant_by(word, *, others=(), limit=6, beginning=False):
    """What a misspelt word may have meant, the likeliest first. One query.

    others: more words to choose from. beginning: the word may be the beginning of what was meant.
    A slip is a letter too many, too few or wrong, or two that changed places: one in short words,
    two in longer ones.
    """
    slips = _slips(word)
    if not slips:
        return []
    as_long = Word.objects.filter(length__range=(len(word) - slips, len(word) + slips))
    near = as_long.filter(start=word[:2]) | as_long.filter(ending=word[-2:])
    if beginning:
        near |= Word.objects.filter(start=word[:2], length__gt=len(word))
    # Two letters in the middle of a short word are in its start and in its ending.
    near |= Word.objects.filter(word__in=_swapped(word))
    found = near.order_by().values_list("word", flat=True).distinct()[:CANDIDATES_MAX]
    choices = {*found, *others} - {word}
    if beginning:
        by_beginning = {}
        for choice in choices:
            by_beginning.setdefault(choice[: len(word)], []).append(choice)
        closest = _closest(word, list(by_beginning), slips, limit)
        return [one for begun in closest for one in sorted(by_beginning[begun], key=len)][:limit]
    return _closest(word, [*choices, *STOP_WORDS], slips, limit)


# Words between two, neither of them included, in the order of the index `word_once`.
_BETWEEN = {
    "sqlite": "word > %s AND word < %s",
    "postgresql": "word ~>~ %s AND word ~<~ %s",
}
_LAST_LETTER = "\U0010ffff"


def beginning_with(start):
    """Words that begin with two letters or more, the shortest first, those themselves left out. Two
    queries at most."""
    # In words of its own, since each search for a rare word asks it.
    with cursor_to_ask_again() as cursor:
        cursor.execute(
            f"SELECT word FROM articles_word WHERE {_BETWEEN[connection.vendor]} LIMIT %s",
            [start, start + _LAST_LETTER, BEGUN_READ],
        )
        rows = cursor.fetchall()
        if len(rows) == BEGUN_READ:
            # There are so many that the shortest are soon found among all that begin nearly so.
            cursor.execute(
                "SELECT DISTINCT length, word FROM articles_word"
                " WHERE start = %s AND word LIKE %s AND word <> %s ORDER BY length, word LIMIT %s",
                [start[:2], f"{start}%", start, BEGUN_MAX],
            )
            rows = [(word,) for _length, word in cursor.fetchall()]
    return sorted({word for (word,) in rows}, key=lambda word: (len(word), word))[:BEGUN_MAX]


def _slips(word):
    if not LENGTH_MIN <= len(word) <= LENGTH_MAX or not word.isalpha():
        return 0
    return 2 if len(word) >= LENGTH_FOR_TWO else 1


def _swapped(word):
    return [word[:n] + word[n + 1] + word[n] + word[n + 2 :] for n in range(len(word) - 1)]


def _closest(word, choices, slips, limit):
    found = process.extract(
        word, choices, scorer=OSA.distance, processor=None, score_cutoff=slips, limit=4 * limit
    )
    return sorted(
        (choice for choice, _slips, _index in found), key=lambda one: (nearness(word, one), one)
    )[:limit]


def nearness(word, meant, *, beginning=False):
    """How far what was meant lies from what was typed: the nearest sorts first."""
    if beginning:
        meant = meant[: len(word)]
    # People seldom miss the first letter, and seldom the length.
    return OSA.distance(word, meant), meant[:1] != word[:1], abs(len(meant) - len(word))
