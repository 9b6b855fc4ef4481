"""Where a text names an article, author or tag without linking to it. Pure.

A name is found by its folded words in a row, so case, accents, hyphens and a possessive 's
make no difference. What stands in a heading, a link or code is left alone, and so is a name
that is too weak to mean anything.
"""

import html
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from html.parser import HTMLParser

from articles.rendering import clean, sentence_around
from articles.text_analysis import STOP_WORDS, placed_tokens, tokens

# What is looked at of one text; what is longer is hardly an article.
TEXT_MAX_LENGTH = 100_000
HEAD_LENGTH = 3
# Shorter names stand in too many texts by accident.
NAME_MIN_LENGTH = 3
# A title of one word has to be this long, and written with its capitals, to be meant.
ONE_WORD_TITLE_MIN_LENGTH = 5

_UNTOUCHED = frozenset(["a", "code", "h2", "h3", "h4", "pre"])
_INLINE = frozenset(["a", "code", "em", "s", "strong", "sub", "sup", "u"])
_FULL_STOP = re.compile(r"[.!?…]\W*\s")


@dataclass(frozen=True, slots=True)
class Named:
    """A name and what it leads to: a kind (article, author or tag) and any key of the target."""

    kind: str
    target: object
    name: str


@dataclass(frozen=True, slots=True)
class Mention:
    """The first place where a text names a target, in its own words.

    before: the part of the sentence that stands before the words.
    """

    named: Named
    words: str
    sentence: str
    before: str


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph, item or cell: its text, and the stretches of it that may become a link."""

    text: str
    stretches: tuple[tuple[int, int], ...]

    def words(self):
        """(folded word, begin, end, number of its stretch) of each word that may be linked."""
        found = []
        number = 0
        for token, begin, end in placed_tokens(self.text):
            while number < len(self.stretches) and self.stretches[number][1] <= begin:
                number += 1
            if number == len(self.stretches):
                break
            first, last = self.stretches[number]
            if first <= begin and end <= last:
                found.append((token, begin, end, number))
        return found


@dataclass(frozen=True, slots=True)
class _Place:
    block: int
    begin: int
    end: int


class Text:
    """A stored body, taken apart once to look for names in it.

    >>> text = Text("<p>Grain crosses the Caspian Sea.</p>")
    >>> [mention.words for mention in text.mentions([Named("tag", 7, "caspian sea")])]
    ['Caspian Sea']
    """

    def __init__(self, body):
        self.blocks = _read(body)
        self._words = [block.words() for block in self.blocks]
        rows = (" ".join(token for token, *_place in words) for words in self._words)
        self._folded = " " + "  ".join(rows) + " "

    def may_mention(self, folded):
        """Whether some folded words, with a blank before and after each, could be found: a quick
        look that leaves few names for `mentions`."""
        return folded in self._folded

    def heads(self):
        """Every first one, two or three words of a name that the text could hold, as a set.

        Not the rows of one and two words that are too weak to be a name.
        """
        heads = set()
        for words in self._words:
            for at in range(len(words)):
                row = []
                for token, _begin, _end, stretch in words[at : at + HEAD_LENGTH]:
                    if stretch != words[at][3]:
                        break
                    row.append(token)
                    if len(row) == HEAD_LENGTH or not STOP_WORDS.issuperset(row):
                        heads.add(" ".join(row))
        return heads

    def mentions(self, names):
        """The first mention of each target that some Named lead to, in reading order.

        Names never overlap: from left to right, the longest at a place is the one that is meant.
        """
        return [mention for mention, _place in self._found(names)]

    def _found(self, names):
        by_first_word = defaultdict(list)
        for named in names:
            row = tuple(tokens(named.name))
            if not is_weak(named.kind, row):
                by_first_word[row[0]].append((row, named))
        for candidates in by_first_word.values():
            candidates.sort(key=lambda candidate: -len(candidate[0]))
        seen = set()
        for number, words in enumerate(self._words):
            text = self.blocks[number].text
            at = 0
            while at < len(words):
                length = 0
                for row, named in by_first_word.get(words[at][0], ()):
                    if len(row) < length:
                        # A longer name was meant here; others of its length may be, too.
                        break
                    if not _stands_at(row, words, at):
                        continue
                    begin, end = words[at][1], words[at + len(row) - 1][2]
                    if not _is_meant(named, row, text[begin:end]):
                        continue
                    length = len(row)
                    if (named.kind, named.target) not in seen:
                        seen.add((named.kind, named.target))
                        place = _Place(number, begin, end)
                        yield _mention(named, text, begin, end), place
                at += max(length, 1)


def is_weak(kind, row):
    """Whether a name, given by its folded words, says too little to be looked for in texts."""
    meant = [word for word in row if word not in STOP_WORDS]
    if not meant or len("".join(row)) < NAME_MIN_LENGTH:
        return True
    return kind == "article" and len(meant) == 1 and len(meant[0]) < ONE_WORD_TITLE_MIN_LENGTH


def link_mention(body, ref, names):
    """The stored body in which the first mention of some names of one target refers to it.

    ref is the token as text. None where the text doesn't mention it, or not outside links.
    """
    found = next(Text(body)._found(names), None)
    if found is None:
        return None
    writer = _Writer(found[1], ref)
    writer.feed(body)
    writer.close()
    return clean("".join(writer.out))


def _stands_at(row, words, at):
    if at + len(row) > len(words) or words[at][3] != words[at + len(row) - 1][3]:
        return False
    return all(words[at + offset][0] == word for offset, word in enumerate(row))


def _is_meant(named, row, written):
    if _FULL_STOP.search(written) and not _FULL_STOP.search(named.name):
        # The end of a sentence and the beginning of another.
        return False
    if named.kind != "article":
        return True
    meant = {word for word in row if word not in STOP_WORDS}
    if len(meant) > 1:
        return True
    return _spelled(written, meant) == _spelled(named.name, meant)


def _spelled(text, folded):
    """How some folded words are written in a text, with their capitals but without accents."""
    spellings = [text[begin:end] for token, begin, end in placed_tokens(text) if token in folded]
    decomposed = unicodedata.normalize("NFKD", " ".join(spellings))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _mention(named, text, begin, end):
    first, last = sentence_around(text, begin, end)
    before = text[first:begin].lstrip()
    squeezed = " ".join(before.split())
    if squeezed and before[-1].isspace():
        squeezed += " "
    return Mention(
        named=named,
        words=" ".join(text[begin:end].split()),
        sentence=" ".join(text[first:last].split()),
        before=squeezed,
    )


class _Walk(HTMLParser):
    """Goes through a stored body and knows, of every piece of text, in which block it stands,
    where in the block's text it begins, and whether it may become a link."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.block = 0
        self.length = 0
        self.untouched = 0

    def handle_starttag(self, tag, attrs):
        self.start(tag)
        if tag == "br":
            self.line_break()
            self.length += 1
        elif tag not in _INLINE:
            self._next_block()
        if tag in _UNTOUCHED:
            self.untouched += 1

    def handle_endtag(self, tag):
        self.end(tag)
        if tag in _UNTOUCHED and self.untouched:
            self.untouched -= 1
        if tag not in _INLINE:
            self._next_block()

    def handle_data(self, data):
        self.text(data, may_be_linked=not self.untouched)
        self.length += len(data)

    def _next_block(self):
        if self.length:
            self.block += 1
            self.length = 0

    def start(self, tag):
        """A tag begins."""

    def end(self, tag):
        """A tag ends."""

    def line_break(self):
        """A line ends within a block, which counts as one character."""

    def text(self, data, *, may_be_linked):
        """A piece of the block's text, before which self.length characters stand."""


class _Reader(_Walk):
    def __init__(self):
        super().__init__()
        self.texts = []
        self.stretches = []

    def line_break(self):
        # A blank in the sentence, and the end of what may be one name.
        self.text("\n", may_be_linked=False)

    def text(self, data, *, may_be_linked):
        if self.block == len(self.texts):
            self.texts.append("")
            self.stretches.append([])
        self.texts[self.block] += data
        if not may_be_linked:
            return
        stretches = self.stretches[self.block]
        end = self.length + len(data)
        if stretches and stretches[-1][1] == self.length:
            stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((self.length, end))


def _read(body):
    reader = _Reader()
    reader.feed(body)
    reader.close()
    blocks, room = [], TEXT_MAX_LENGTH
    for text, stretches in zip(reader.texts, reader.stretches, strict=True):
        room -= len(text)
        if room < 0:
            break
        blocks.append(_Block(text, tuple(stretches)))
    return blocks


class _Writer(_Walk):
    """Writes the body again with a reference around one place.

    What is open there is closed before it and opened anew within, so that emphasis and the
    like stand in the reference and not around a part of it.
    """

    def __init__(self, place, ref):
        super().__init__()
        self.place = place
        self.link = f'<a data-ref="{html.escape(ref)}">'
        self.out = []
        self.open = []

    def start(self, tag):
        self.out.append(self.get_starttag_text())
        if tag in _INLINE:
            self.open.append(tag)

    def end(self, tag):
        self.out.append(f"</{tag}>")
        if tag in self.open:
            self.open.remove(tag)

    def text(self, data, *, may_be_linked):
        if self.block != self.place.block or not may_be_linked:
            self.out.append(html.escape(data, quote=False))
            return
        begin = min(max(self.place.begin - self.length, 0), len(data))
        end = min(max(self.place.end - self.length, 0), len(data))
        starts_here = 0 <= self.place.begin - self.length < len(data)
        ends_here = 0 < self.place.end - self.length <= len(data)
        self.out.append(html.escape(data[:begin], quote=False))
        if starts_here:
            self._around(self.link)
        self.out.append(html.escape(data[begin:end], quote=False))
        if ends_here:
            self._around("</a>")
        self.out.append(html.escape(data[end:], quote=False))

    def _around(self, tag):
        self.out += [f"</{name}>" for name in reversed(self.open)]
        self.out.append(tag)
        self.out += [f"<{name}>" for name in self.open]
