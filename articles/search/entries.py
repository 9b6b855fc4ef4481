"""What is indexed of an article: a bag of tokens, and what its words weigh."""

import math
from collections import Counter
from dataclasses import dataclass

from articles import vocabulary
from articles.search.signs import (
    AUTHOR,
    IN_HEAD,
    IN_HEADING,
    IN_TITLE,
    RECURRING,
    TAG,
    with_gaps,
)
from articles.text_analysis import STOP_WORDS, compounds, join_compound, stem

# What is indexed of one text. PostgreSQL can't tell positions above 16,383 apart, nor keep
# more than 1 MB of tokens or more than 255 positions of a token.
TEXT_MAX_LENGTH = 100_000
TOKENS_MAX_BYTES = 300_000
# A word recurs if the text has it this often, and once in so many words.
_RECURRING_TIMES = 3
_RECURRING_EVERY = 200
# What a word weighs by where it stands. A text of usual length that has it once comes to about
# a third of the most that a text can give; tags and authors weigh less than that.
TITLE_WEIGHT, _STANDFIRST_WEIGHT, _HEADING_WEIGHT, _TEXT_WEIGHT = 8, 4, 2, 3
_TEXT_HALF, _TEXT_USUAL_LENGTH, _TEXT_LENGTH_SHARE = 1.5, 700, 0.6
# Weights are kept as whole numbers, this many to one.
WEIGHT_STEPS = 4
HEAVIEST = WEIGHT_STEPS * (TITLE_WEIGHT + _STANDFIRST_WEIGHT + _HEADING_WEIGHT + _TEXT_WEIGHT)


@dataclass(frozen=True, slots=True)
class Entry:
    """One article as tokens: its words in order, and tokens that stand nowhere.

    A gap is in the place of a stop word, and twice between title, standfirst and text.
    """

    sequence: tuple[str, ...]
    loose: frozenset[str]
    # The tokens of its tags and authors, joined by blanks.
    names: str
    # A line for each weight, from HEAVIEST down, with the words of this weight.
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
        IN_TITLE: in_title,
        IN_HEAD: in_head,
        IN_HEADING: in_heading,
        RECURRING: in_head | parts[3].tokens_of(parts[3].recurring()),
    }
    names = [f"{TAG}{pk}" for pk in sorted(tag_ids)]
    names += [f"{AUTHOR}{pk}" for pk in sorted(author_ids)]
    loose = names + [place + token for place, found in in_places.items() for token in sorted(found)]
    in_order = (parts[0], parts[1], parts[3])
    sequence = with_gaps(token for part in in_order for token in (*part.sequence, None, None))
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


def _weights(title, standfirst, headings, text):
    """The lines of Entry.weights: those of the heaviest words first."""
    relative = len(text.sequence) / _TEXT_USUAL_LENGTH
    length = 1 - _TEXT_LENGTH_SHARE + _TEXT_LENGTH_SHARE * relative
    lines = [[] for _weight in range(HEAVIEST)]
    for word in sorted({*title.counts, *standfirst.counts, *text.counts}):
        times = text.counts[word] / length
        weight = (
            TITLE_WEIGHT * (word in title.counts)
            + _STANDFIRST_WEIGHT * (word in standfirst.counts)
            + _HEADING_WEIGHT * (word in headings.counts)
            + _TEXT_WEIGHT * times / (times + _TEXT_HALF)
        )
        lines[HEAVIEST - max(1, math.ceil(WEIGHT_STEPS * weight))].append(word)
    return "\n".join(f" {' '.join(words)} " for words in lines)


def weights_of_text(**parts):
    """word → what it weighs in a text, as in an article that is found. parts: as make_entry."""
    return weights_by_word(make_entry(**parts).weights)


def weights_by_word(weights):
    return {
        word: (HEAVIEST - number) / WEIGHT_STEPS
        for number, line in enumerate(weights.split("\n"))
        for word in line.split()
    }


def _shortened(sequence, loose):
    if len("".join({*loose, *sequence}).encode()) <= TOKENS_MAX_BYTES:
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
