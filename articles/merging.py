"""Two versions of a text that began as one: what differs, and one text made of both. Pure.

Texts are merged block by block (paragraph, heading, list, picture …), values as a whole.
"""

import html
import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher

THEIRS, YOURS, BOTH = "theirs", "yours", "both"
SAME = "same"

_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)(?:[^>"]|"[^"]*")*>')
_VOID = frozenset(["br", "hr", "img"])
_PIECE = re.compile(rf"{_TAG.pattern}|[^\s<]+\s*|\s+|<")
# What the writing surface and the verbs add to a block.
_ADDED = re.compile(r' (?:colspan|rowspan)="1"|(?<=<h[234]) id="[^"]*"')
_ONLY_PARAGRAPH = re.compile(r"(?<=<li>)<p>|(?<=<t[dh]>)<p>|</p>(?=</(?:li|td|th)>)")
# Longer texts are compared as a whole: finding the words that differ would take too long.
COMPARED_WORDS_MAX = 4000


@dataclass(frozen=True, slots=True)
class Chunk:
    """A place of the text: what it was, and what became of it on either side.

    base is None where nobody knows what it was. who: SAME where both sides agree; THEIRS or YOURS
    where that side alone has changed it; BOTH where each changed it in its own way.
    """

    base: tuple | None
    theirs: tuple
    yours: tuple
    who: str

    def taken(self, choice):
        """The blocks that a choice (THEIRS, YOURS or BOTH) leaves here."""
        if choice == YOURS:
            return self.yours
        if choice == THEIRS:
            return self.theirs
        if choice != BOTH:
            raise ValueError(f"{choice!r} is no choice")
        if self.woven is not None:
            return (self.woven,)
        return self.theirs + _without(self.yours, self.theirs)

    @property
    def woven(self):
        """One block with the changes of both sides; None where they are in each other's way."""
        if self.who != BOTH or self.base is None:
            return None
        if not len(self.base) == len(self.theirs) == len(self.yours) == 1:
            return None
        return _woven(self.base[0], self.theirs[0], self.yours[0])

    @property
    def proposal(self):
        """The choice that leaves nothing out which somebody has written."""
        return THEIRS if self.who == SAME else self.who

    def keeps_yours(self, choice):
        """Whether a choice loses nothing of what was changed on your side."""
        return self.who in (SAME, THEIRS) or choice in (YOURS, BOTH)


def blocks(body):
    """The top-level elements of a stored body, in order; together they are the body."""
    found, depth, start = [], 0, 0
    for match in _TAG.finditer(body):
        if match[2] not in _VOID:
            depth = max(0, depth + (-1 if match[1] else 1))
        if depth == 0:
            found.append(body[start : match.end()])
            start = match.end()
    if start < len(body):
        found.append(body[start:])
    return found


def essence(block):
    """A block without what makes no difference: equal essences are the same to every reader."""
    return _ONLY_PARAGRAPH.sub("", _ADDED.sub("", block))


def who_changed(base, theirs, yours, *, has_base=True):
    """SAME, THEIRS, YOURS or BOTH, of three values of one thing."""
    if theirs == yours:
        return SAME
    if not has_base:
        return BOTH
    if theirs == base:
        return YOURS
    return THEIRS if yours == base else BOTH


def merge(base, theirs, yours, *, key=lambda item: item):
    """The chunks of two sequences that were made of one, in order.

    base: what both began as, or None where that isn't known. key: what is compared of an item.
    All `theirs` of the chunks together are theirs, likewise `yours` and `base`.
    """
    if base is None:
        return [
            _chunk(None, theirs[i1:i2], yours[j1:j2], key)
            for _tag, i1, i2, j1, j2 in _opcodes(theirs, yours, key)
        ]
    sides = [_Side(base, theirs, key), _Side(base, yours, key)]
    chunks, at = [], 0
    for low, high, edits in _clusters(sides):
        chunks += _stable(base, sides, at, low, key)
        contents = (side.content(low, high, edits) for side in sides)
        chunks.append(_chunk(base[low:high], *contents, key))
        at = high
    return chunks + _stable(base, sides, at, len(base), key)


class _Side:
    """What one side did to the base: replaced ranges, and where the other items have gone."""

    def __init__(self, base, items, key):
        self.edits, self.kept = [], {}
        for tag, i1, i2, j1, j2 in _opcodes(base, items, key):
            if tag == "equal":
                self.kept.update(zip(range(i1, i2), items[j1:j2], strict=True))
            elif i2 - i1 == j2 - j1:
                # Each was reworded: what the other side did to one of them concerns that one only.
                places = zip(range(i1, i2), items[j1:j2], strict=True)
                self.edits += [(at, at + 1, (item,)) for at, item in places]
            else:
                self.edits.append((i1, i2, tuple(items[j1:j2])))

    def content(self, low, high, edits):
        """What stands on this side for a range of the base, by some of its edits."""
        own = {start: (end, new) for start, end, new in self.edits if (start, end, new) in edits}
        content, at = [], low
        while at <= high:
            end, new = own.pop(at, (at, ()))
            content += new
            if end == at:
                if at < high:
                    content.append(self.kept[at])
                end += 1
            at = end
        return content


def _clusters(sides):
    """The ranges of the base that edits touch, with those edits; overlapping ones are one."""
    edits = sorted((edit for side in sides for edit in side.edits), key=lambda edit: edit[:2])
    clusters = []
    for edit in edits:
        if clusters and _overlap(clusters[-1], edit):
            low, high, others = clusters[-1]
            clusters[-1] = (low, max(high, edit[1]), [*others, edit])
        else:
            clusters.append((edit[0], edit[1], [edit]))
    return clusters


def _overlap(cluster, edit):
    (low, high, _edits), (start, end, _new) = cluster, edit
    return max(low, start) < min(high, end) or (low < start < high) or (low == high == start == end)


def _stable(base, sides, low, high, key):
    if low == high:
        return []
    theirs, yours = ([side.kept[at] for at in range(low, high)] for side in sides)
    return [_chunk(base[low:high], theirs, yours, key)]


def _chunk(base, theirs, yours, key):
    keys = [None if items is None else [key(item) for item in items] for items in (base, theirs)]
    who = who_changed(*keys, [key(item) for item in yours], has_base=base is not None)
    return Chunk(None if base is None else tuple(base), tuple(theirs), tuple(yours), who)


def _opcodes(one, other, key):
    return SequenceMatcher(None, [*map(key, one)], [*map(key, other)]).get_opcodes()


def _without(items, others):
    """The items that the others don't hold, as often as they don't.

    By what they are to readers: the same new heading has got another id on either side.
    """
    rest, left = Counter(map(essence, others)), []
    for item in items:
        if rest[essence(item)] > 0:
            rest[essence(item)] -= 1
        else:
            left.append(item)
    return tuple(left)


def _woven(*versions):
    base, theirs, yours = ([match[0] for match in _PIECE.finditer(text)] for text in versions)
    if max(map(len, (base, theirs, yours))) > COMPARED_WORDS_MAX:
        return None
    chunks = merge(base, theirs, yours)
    if any(chunk.who == BOTH for chunk in chunks):
        return None
    pieces = [piece for chunk in chunks for piece in chunk.taken(chunk.proposal)]
    return "".join(pieces) if _is_balanced(pieces) else None


def _is_balanced(pieces):
    """Whether every element that begins among the pieces ends there, in order."""
    open_tags = []
    for match in filter(None, map(_TAG.fullmatch, pieces)):
        if match[1]:
            if not open_tags or open_tags.pop() != match[2]:
                return False
        elif match[2] not in _VOID:
            open_tags.append(match[2])
    return not open_tags


# What differs, in words.


def words_of(block):
    """A block as plain text, as an editor reads it."""
    text = re.sub(r'<img [^>]*?alt="([^"]*)"[^>]*>', r"[picture: \1] ", block)
    text = re.sub(r"<img [^>]*>", "[picture] ", text)
    text = text.replace("<hr>", "―――").replace("<br>", "\n").replace("<li>", "• ")
    text = re.sub(r"</t[dh]>(?=<t[dh])", " | ", text)
    text = re.sub(r"</(?:p|li|tr|h[234]|figcaption|pre)>", "\n", text)
    lines = html.unescape(_TAG.sub("", text)).split("\n")
    return "\n".join(" ".join(line.split()) for line in lines if line.strip())


def differences(before, after):
    """What became of a text: a list of ("equal", "deleted" or "inserted", words)."""
    old, new = (re.findall(r"\S+\s*|\s+", text) for text in (before, after))
    if max(len(old), len(new)) > COMPARED_WORDS_MAX:
        pairs = [("deleted", before), ("inserted", after)]
        return [("equal", after)] if before == after else [pair for pair in pairs if pair[1]]
    parts = []
    stripped = [[word.strip() for word in words] for words in (old, new)]
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, *stripped).get_opcodes():
        if tag == "equal":
            # The last word of one text has no blank behind it, and may need one here.
            pairs = zip(new[j1:j2], old[i1:i2], strict=True)
            parts.append(("equal", "".join(max(pair, key=len) for pair in pairs)))
            continue
        if i1 < i2:
            parts.append(("deleted", "".join(old[i1:i2])))
        if j1 < j2:
            parts.append(("inserted", "".join(new[j1:j2])))
    return parts
