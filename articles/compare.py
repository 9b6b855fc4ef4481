"""What differs between two states of an article's words, as readers would see it. Pure.

Not of HTML source: `lxml.html.diff.htmldiff` was tried on real bodies and says nothing of changed
headings, pictures, formatting and joined paragraphs, and takes a list or table for new as soon as
one entry is. So blocks are paired first (paragraph with paragraph, entry with entry, cell with
cell), and words within a pair.

The HTML that comes out is written here from the first character to the last: nothing of what
is compared gets into it but escaped. What is in <ins> or <del> says so without colour, too.
Without its <del> it holds the words of the newer state, without its <ins> those of the older.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from html import escape
from html.parser import HTMLParser
from itertools import groupby
from typing import NamedTuple

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from articles.models import Reference
from articles.rendering import RefToken, excerpt, parse_ref, related_token, structure

# From here on two blocks are versions of one another: the share of words that they share.
_ALIKE = 0.4
# Pairs of blocks that are looked at in one gap; a larger gap is taken for rewritten.
_PAIRS_MAX = 250_000
# Unchanged words this few, between larger changes, are read with the change around them.
_ISLAND_WORDS = 3
# Of a pair in which less than this share of letters has stayed, nothing is picked out.
_STAYED = 0.25
# Unchanged blocks beside a change, and how many are too many to be shown.
_CONTEXT, _FOLDED_FROM = 1, 3
_DEPTH_MAX = 40

_MARKS = ("code", "em", "s", "strong", "sub", "sup", "u")
_HEADINGS = ("h2", "h3", "h4")
_LEAVES = frozenset([*_HEADINGS, "p", "pre", "figcaption", ""])
_CONTAINERS = frozenset(["blockquote", "figure", "li", "ol", "table", "td", "th", "tr", "ul"])
_FAMILY = {
    **dict.fromkeys([*_LEAVES], "words"),
    **dict.fromkeys(["ol", "ul"], "list"),
    **dict.fromkeys(["td", "th"], "cell"),
}
_SPACE = " \t\r\n\f\v"
# A word keeps its apostrophes, its joiners and the marks over its letters.
_OVER = r"\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670"
_WORD = rf"\w+(?:['’\u200c\u200d{_OVER}]+\w+|[{_OVER}]+)*"
_PIECES = re.compile(rf"([{_SPACE}]*)({_WORD}|[^\w{_SPACE}]|$)")
# Stands between two paragraphs where one was made of them, or they of one.
_PILCROW = "\u2029"
_KIND_WORDS = {
    "p": gettext_lazy("a paragraph"),
    "pre": gettext_lazy("preformatted text"),
    "": gettext_lazy("plain words"),
    "ul": gettext_lazy("a list with bullets"),
    "ol": gettext_lazy("a numbered list"),
    "td": gettext_lazy("an ordinary cell"),
    "th": gettext_lazy("a heading cell"),
    "h2": gettext_lazy("a heading of level 1"),
    "h3": gettext_lazy("a heading of level 2"),
    "h4": gettext_lazy("a heading of level 3"),
}
_MARK_WORDS = {
    "code": gettext_lazy("code"),
    "em": gettext_lazy("italic"),
    "s": gettext_lazy("struck through"),
    "strong": gettext_lazy("bold"),
    "sub": gettext_lazy("lowered"),
    "sup": gettext_lazy("raised"),
    "u": gettext_lazy("underlined"),
}


@dataclass(frozen=True)
class Names:
    """What is shown for what the words name only by id; what is missing is said to be gone.

    titles: RefToken → title. authors: uid → name. pictures: Image rows.
    """

    titles: dict = field(default_factory=dict)
    authors: dict = field(default_factory=dict)
    pictures: tuple = ()

    def title(self, token):
        return self.titles.get(token) or str(_("something that isn't here any more"))

    def picture(self, **key):
        [(name, value)] = key.items()
        return next((one for one in self.pictures if getattr(one, name) == value), None)


@dataclass(frozen=True)
class Needed:
    """What `Names` should be able to tell of some states of words."""

    tokens: frozenset
    authors: frozenset
    picture_uids: frozenset
    picture_pks: frozenset

    @classmethod
    def by(cls, *sides):
        contents = [structure(side.body) for side in sides]
        relations = [item for side in sides for item in side.relations]
        tokens = {reference.token for one in contents for reference in one.references}
        tokens |= {related_token(item) for side in sides for item in side.related} - {None}
        tokens |= {RefToken("article", i["article"], i.get("section", "")) for i in relations}
        return cls(
            frozenset(tokens),
            frozenset(uid for side in sides for uid in side.bylines),
            frozenset(uid for one in contents for uid in one.images if uid),
            frozenset(side.lead_image_id for side in sides) - {None},
        )


@dataclass(frozen=True)
class Change:
    """What differs in one field, as safe HTML."""

    label: str
    html: SafeString


@dataclass(frozen=True)
class Comparison:
    """fields: what differs beside the text. body: the text with its differences marked, as safe
    HTML; empty if there are none. inserted, deleted: how many words of the text."""

    fields: tuple
    body: SafeString
    inserted: int = 0
    deleted: int = 0

    @property
    def is_same(self):
        return not self.fields and not self.body

    @property
    def summary(self):
        parts = [ngettext("%(n)d word inserted", "%(n)d words inserted", self.inserted)]
        parts += [ngettext("%(n)d deleted", "%(n)d deleted", self.deleted)]
        numbers = (self.inserted, self.deleted)
        return ", ".join(p % {"n": n} for p, n in zip(parts, numbers, strict=True))


def compare(old, new, names):
    """What differs between two revisions (or Words), the older one first."""
    writer = _Writer(names)
    body = writer.body(old.body, new.body) if old.body != new.body else ""
    return Comparison(
        tuple(_fields(old, new, names)), mark_safe(body), writer.inserted, writer.deleted
    )


# The fields beside the text


def _fields(old, new, names):
    languages = dict(settings.LANGUAGES)
    writer = _Writer(names)
    relations = [_relation_items(side.relations, names) for side in (old, new)]
    changes = [
        (_("Title"), old.title, new.title, writer.line),
        (_("Standfirst"), old.standfirst, new.standfirst, writer.line),
        (_("Lead picture"), old.lead_image_id, new.lead_image_id, writer.lead_picture),
        (_("Authors"), *(_author_items(side.bylines, names) for side in (old, new)), writer.items),
        (_("Tags"), *([(tag, tag, "") for tag in side.tags] for side in (old, new)), writer.items),
        (
            _("Related links"),
            *(_related_items(side.related, names) for side in (old, new)),
            writer.items,
        ),
        (_("Relations to other articles"), *relations, writer.items),
        (_("Address"), old.slug, new.slug, writer.whole),
        (
            _("Language"),
            *(str(languages.get(side.language, side.language)) for side in (old, new)),
            writer.whole,
        ),
    ]
    return [
        Change(label, mark_safe(show(before, after)))
        for label, before, after, show in changes
        if before != after
    ]


def _author_items(uids, names):
    gone = _("somebody who isn't here any more")
    return [(uid, names.authors.get(uid) or gone, "") for uid in uids]


def _related_items(related, names):
    items = []
    for item in related:
        token = related_token(item)
        if token:
            items.append((str(token), names.title(token), ""))
        else:
            items.append((item["url"], item["url"], item.get("title", "")))
    return items


def _relation_items(relations, names):
    words = {
        Reference.Kind.UPDATES: _("Updates “%(title)s”"),
        Reference.Kind.CORRECTS: _("Corrects “%(title)s”"),
        Reference.Kind.SERIES: _("Part: “%(title)s”"),
    }
    items = []
    for item in relations:
        token = RefToken("article", item["article"], item.get("section", ""))
        label = words[item["kind"]] % {"title": names.title(token)}
        items.append(((item["kind"], str(token)), label, item.get("note", "")))
    return items


# Bodies as blocks of words


class _Token(NamedTuple):
    """A word or sign, with the blank space before it, its formatting and where it leads."""

    space: str
    text: str
    marks: tuple
    link: str


class _Block:
    """A paragraph, heading, list, entry, table, cell, picture …: words or further blocks.

    key: equal for blocks that are the same in everything.
    """

    __slots__ = ("attributes", "children", "key", "tag", "tokens", "words")

    def __init__(self, tag, attributes=None):
        self.tag, self.attributes = tag, attributes or {}
        self.tokens, self.children = [], []
        self.key, self.words = None, frozenset()

    def finish(self, keys):
        content = (
            self.tag,
            tuple(sorted(self.attributes.items())),
            tuple(self.tokens),
            tuple(child.key for child in self.children),
        )
        self.key = keys.setdefault(content, len(keys))
        words = {t.text.lower() for t in self.tokens if t.text[:1].isalnum()}
        # What every text is full of says nothing about two of them.
        telling = {word for word in words if len(word) > 3}
        self.words = frozenset(telling if len(telling) > 3 else words).union(
            *(child.words for child in self.children)
        )


class _Reader(HTMLParser):
    """Reads a stored body into blocks. Anything else is read, too, as far as it makes sense."""

    def __init__(self, keys):
        super().__init__(convert_charrefs=True)
        self.keys = keys
        self.root = _Block("root")
        self.open = [self.root]
        self.leaf, self.space = None, ""
        self.marks, self.link = [], ""

    def read(self, body):
        self.feed(body)
        self.close()
        while len(self.open) > 1:
            self._close_container()
        self._end_leaf()
        return self.root.children

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "a":
            self.link = _link_of(attributes)
        elif tag in _MARKS:
            self.marks.append(tag)
        elif tag == "br":
            self._add_token("\n")
        elif tag == "img":
            self._picture(attributes)
        elif tag == "hr":
            self._end_leaf()
            self._add(_Block("hr"))
        elif tag in _LEAVES:
            self._end_leaf()
            anchor = {"id": attributes["id"]} if attributes.get("id") else {}
            self.leaf = _Block(tag, anchor if tag in _HEADINGS else None)
        elif tag in _CONTAINERS and len(self.open) < _DEPTH_MAX:
            self._end_leaf()
            kept = {"ol": ("start",), "td": ("colspan", "rowspan"), "th": ("colspan", "rowspan")}
            names = [name for name in kept.get(tag, ()) if _is_small(attributes.get(name))]
            self.open.append(_Block(tag, {name: attributes[name] for name in names}))

    def handle_endtag(self, tag):
        if tag == "a":
            self.link = ""
        elif tag in _MARKS:
            if tag in self.marks:
                self.marks.remove(tag)
        elif tag in _LEAVES:
            self._end_leaf()
        elif tag in _CONTAINERS and tag in [block.tag for block in self.open]:
            while self._close_container() != tag:
                pass

    def handle_data(self, data):
        for space, text in _PIECES.findall(data):
            self.space += space
            if text:
                self._add_token(text)

    def _add_token(self, text):
        if self.leaf is None:
            self.leaf = _Block("")
        tokens, space, self.space = self.leaf.tokens, self.space, ""
        if self.leaf.tag != "pre":
            is_start = not tokens or tokens[-1].text == "\n" or text == "\n"
            space = " " if space and not is_start else ""
        marks = () if text == "\n" else tuple(dict.fromkeys(self.marks))
        tokens.append(_Token(space, text, marks, "" if text == "\n" else self.link))

    def _picture(self, attributes):
        self._end_leaf()
        if self.open[-1].tag != "figure":
            self.open.append(_Block("figure"))
        self.open[-1].attributes = {
            "image": attributes.get("data-image") or "",
            "alt": attributes.get("alt") or "",
        }

    def _add(self, block):
        block.finish(self.keys)
        self.open[-1].children.append(block)

    def _end_leaf(self):
        leaf, self.leaf, self.space = self.leaf, None, ""
        if leaf is not None and leaf.tokens:
            self._add(leaf)

    def _close_container(self):
        self._end_leaf()
        block = self.open.pop()
        self._add(block)
        return block.tag


def _link_of(attributes):
    """Where a link leads: a reference by its token, anything else by its address."""
    if token := parse_ref(attributes.get("data-ref")):
        return str(token)
    return attributes.get("href") or ""


def _is_small(number):
    return bool(number) and number.isascii() and number.isdigit() and len(number) < 4


# Which block of one body is which of the other


def _align(old, new):
    """Pairs of blocks in reading order: (old, new), with None where the other has no such."""
    start = 0
    while start < min(len(old), len(new)) and old[start].key == new[start].key:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end].key == new[-1 - end].key:
        end += 1
    pairs = list(zip(old[:start], new[:start], strict=True))
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    matcher = SequenceMatcher(None, [b.key for b in middle_old], [b.key for b in middle_new])
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        if tag == "equal":
            pairs += zip(middle_old[i:i_end], middle_new[j:j_end], strict=True)
        else:
            pairs += _pair_up(middle_old[i:i_end], middle_new[j:j_end])
    pairs = _with_splits(pairs)
    return pairs + list(zip(old[len(old) - end :], new[len(new) - end :], strict=True))


def _with_splits(pairs):
    """The pairs, in which a paragraph that was split has both its halves: (old, (new, new)).

    Likewise ((old, old), new) where two were joined.
    """
    found = []
    for pair in pairs:
        if found and None in (*found[-1], *pair):
            olds = [one for one, _other in (found[-1], pair) if one]
            news = [other for _one, other in (found[-1], pair) if other]
            if len(olds) + len(news) == 3 and _is_split(*sorted((olds, news), key=len)):
                is_split = len(olds) == 1
                found[-1] = (olds[0], tuple(news)) if is_split else (tuple(olds), news[0])
                continue
        found.append(pair)
    return found


def _is_split(whole, halves):
    """Whether a paragraph has become two, or two one: nearly all words of each are in it."""
    blocks = [*whole, *halves]
    if any(isinstance(block, tuple) or block.tag != "p" for block in blocks):
        return False
    return all(
        half.words and len(half.words & whole[0].words) >= 0.75 * len(half.words) for half in halves
    )


def _pair_up(old, new):
    """The same of blocks none of which has stayed as it was: the most alike are paired."""
    if not old or not new or len(old) * len(new) > _PAIRS_MAX:
        return [(one, None) for one in old] + [(None, one) for one in new]
    if len(old) == len(new) and old[0].tag in {"td", "th"}:
        return list(zip(old, new, strict=True))
    likeness = [[_likeness(one, other) for other in new] for one in old]
    # best[i][j]: the most that can be had of what comes after i and j.
    best = [[0.0] * (len(new) + 1) for _row in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        row, below, alike = best[i], best[i + 1], likeness[i]
        for j in range(len(new) - 1, -1, -1):
            most = max(below[j], row[j + 1])
            row[j] = max(most, below[j + 1] + alike[j]) if alike[j] else most
    pairs, i, j = [], 0, 0
    while i < len(old) or j < len(new):
        if i < len(old) and j < len(new):
            paired = best[i + 1][j + 1] + likeness[i][j]
            if likeness[i][j] and best[i][j] == paired:
                pairs.append((old[i], new[j]))
                i, j = i + 1, j + 1
                continue
        if i < len(old) and (j == len(new) or best[i][j] == best[i + 1][j]):
            pairs.append((old[i], None))
            i += 1
        else:
            pairs.append((None, new[j]))
            j += 1
    return pairs


def _likeness(old, new):
    """How much two blocks are versions of one another; 0 where they are not."""
    family = _FAMILY.get(old.tag, old.tag)
    if family != _FAMILY.get(new.tag, new.tag):
        return 0
    if family == "hr":
        return 1
    if family == "figure" and old.attributes.get("image") == new.attributes.get("image"):
        return 2
    is_heading = old.tag in _HEADINGS, new.tag in _HEADINGS
    if all(is_heading) and old.attributes == new.attributes:
        return 2
    total = len(old.words) + len(new.words)
    alike = 2 * len(old.words & new.words) / total if total else 0.5
    if family == "words":
        # A paragraph that became a heading, or the other way round, has its words still.
        return alike if alike >= (0.7 if any(is_heading) and not all(is_heading) else _ALIKE) else 0
    return 0.3 + alike


# Which word is which


def _word_runs(old, new):
    """Runs of two lists of tokens: (is the same, old tokens, new tokens)."""
    start = 0
    while start < min(len(old), len(new)) and old[start].text == new[start].text:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end].text == new[-1 - end].text:
        end += 1
    old_middle, new_middle = old[start : len(old) - end], new[start : len(new) - end]
    matcher = SequenceMatcher(None, [t.text for t in old_middle], [t.text for t in new_middle])
    runs = [(True, old[:start], new[:start])]
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        runs.append((tag == "equal", old_middle[i:i_end], new_middle[j:j_end]))
    runs.append((True, old[len(old) - end :], new[len(new) - end :]))
    runs = _without_islands([run for run in runs if run[1] or run[2]])
    stayed = sum(_length(before) for is_same, before, _after in runs if is_same)
    if stayed < _STAYED * max(_length(old), _length(new)):
        return [(False, old, new)]
    return runs


def _without_islands(runs):
    """The runs without single unchanged words that stand in the middle of a rewritten passage."""
    merged = []
    for run in runs:
        merged.append(run)
        while len(merged) > 2 and _is_island(*merged[-3:]):
            parts = merged[-3:]
            old = [token for part in parts for token in part[1]]
            new = [token for part in parts for token in part[2]]
            merged[-3:] = [(False, old, new)]
    return merged


def _is_island(before, run, after):
    if before[0] or not run[0] or after[0]:
        return False
    words = sum(token.text[:1].isalnum() for token in run[1])
    if words > _ISLAND_WORDS:
        return False
    return words == 0 or _length(run[1]) <= min(
        max(_length(before[1]), _length(before[2])), max(_length(after[1]), _length(after[2]))
    )


def _length(tokens):
    return sum(len(token.text) for token in tokens)


# Writing


class _Atom(NamedTuple):
    """A piece of text as it is written: "=", "-" or "+", and its looks before and after."""

    what: str
    text: str
    # (marks, link), or None for blank space, which looks as what is on both its sides.
    old: tuple | None
    new: tuple | None


_PLAIN = ((), "")


class _Writer:
    """Writes what differs as HTML, and counts the words."""

    def __init__(self, names):
        self.names = names
        self.inserted = self.deleted = 0
        # What stands elsewhere in the other body: keys of blocks, ids of headings.
        self.moved, self.moved_anchors = set(), set()

    # Fields

    def line(self, old, new):
        return "<p>" + self._words(*(_tokens(text) for text in (old, new))) + "</p>"

    def whole(self, old, new):
        parts = [_deleted(escape(old)) if old else "", _inserted(escape(new)) if new else ""]
        return "<p>" + " ".join(filter(None, parts)) + "</p>"

    def items(self, old, new):
        """A list of (key, label, note), with what came, went, moved or has another note."""
        before = {item[0]: item for item in old}
        after = {item[0]: item for item in new}
        rank = {key: number for number, key in enumerate(before)}
        stay = _longest_rising([rank[key] for key in after if key in rank])
        merged = []
        for tag, i, i_end, j, j_end in SequenceMatcher(
            None, list(before), list(after), autojunk=False
        ).get_opcodes():
            gone = list(before)[i:i_end] if tag != "equal" else []
            merged += [(key, False) for key in gone if key not in after]
            merged += [(key, True) for key in list(after)[j:j_end]]
        written = []
        for key, is_there in merged:
            _key, label, note = (after if is_there else before)[key]
            shown = escape(f"{label}: {note}" if note else label)
            if not is_there:
                shown = _deleted(shown)
            elif key not in before:
                shown = _inserted(shown)
            else:
                former = before[key]
                if former[2] != note:
                    shown = f"{escape(label)}: {self._words(_tokens(former[2]), _tokens(note))}"
                if rank[key] not in stay:
                    is_up = list(after).index(key) < rank[key]
                    shown += _note(_("moved up") if is_up else _("moved down"))
            written.append(f"<li>{shown}</li>")
        return '<ul class="compare__items">' + "".join(written) + "</ul>"

    def lead_picture(self, old, new):
        pictures = [self.names.picture(pk=pk) if pk else None for pk in (old, new)]
        shown = [
            wrap(self._shown(picture) + escape(picture.alt if picture else _("a picture")))
            for pk, picture, wrap in zip((old, new), pictures, (_deleted, _inserted), strict=True)
            if pk
        ]
        return '<div class="compare__pictures">' + "".join(shown) + "</div>"

    # The text

    def body(self, old, new):
        keys = {}
        old, new = _Reader(keys).read(old), _Reader(keys).read(new)
        pairs = _align(old, new)
        gone = [one for one, other in pairs if other is None and (one.words or one.children)]
        came = [other for one, other in pairs if one is None]
        self.moved = {block.key for block in gone} & {block.key for block in came}
        anchors = [
            {block.attributes.get("id") for block in blocks if block.tag in _HEADINGS} - {None}
            for blocks in (gone, came)
        ]
        self.moved_anchors = anchors[0] & anchors[1]
        written = []
        runs = [(kind, list(run)) for kind, run in groupby(pairs, self._kind)]
        for number, (kind, run) in enumerate(runs):
            shown = [self.block(*pair) for pair in run]
            if kind == "same":
                head = _CONTEXT if number else 0
                tail = len(shown) - (_CONTEXT if number < len(runs) - 1 else 0)
                written += _unchanged(shown, head, tail)
            elif kind == "moved away":
                beginning = excerpt("".join(t.space + t.text for t in _first_words(run[0][0])), 60)
                label = _("Moved to another place: %(words)s")
                written.append(_folded(label % {"words": beginning}, shown))
            elif kind == "moved here":
                note = _note(_("moved here"))
                written.append(f'<div class="compare__moved">{note}{"".join(shown)}</div>')
            else:
                written += shown
        return "".join(written)

    def _kind(self, pair):
        if _is_same_pair(pair):
            return "same"
        if not self._is_moved(*pair):
            return "changed"
        return "moved here" if pair[1] else "moved away"

    def block(self, old, new, parent=""):
        """A block that is in both, was taken away (new is None) or came (old is None)."""
        if isinstance(old, tuple) or isinstance(new, tuple):
            return self._split(old, new)
        one = new or old
        before = self.inserted, self.deleted
        if one.tag == "hr":
            html = self._rule(old, new)
        elif one.tag == "figure":
            html = self._figure(old, new)
        elif one.tag in _LEAVES:
            html = self._leaf(old, new)
        else:
            html = self._container(old, new, parent)
        if self._is_moved(old, new):
            # Nobody wrote or struck these words.
            self.inserted, self.deleted = before
        if parent in _HOLDS and one.tag not in _HOLDS[parent]:
            inner = "li" if "li" in _HOLDS[parent] else "td"
            html = f"<{inner}>{html}</{inner}>"
            return f"<tr>{html}</tr>" if parent == "table" else html
        return html

    def _split(self, old, new):
        """A paragraph that became two, or two that became one."""
        old, new = (
            _run_together([side] if isinstance(side, _Block) else side) for side in (old, new)
        )
        parts = [[]]
        for atom in _atoms(old, new):
            if atom.text == _PILCROW and atom.what == "+":
                parts.append([])
            else:
                parts[-1].append(atom)
        words = [self._written(part) for part in parts]
        return _note(_("paragraph split here")).join(f"<p>{part}</p>" for part in words)

    def _leaf(self, old, new):
        one = new or old
        words = self._words(old.tokens if old else None, new.tokens if new else None)
        notes = self._notes(old, new)
        if one.tag == "pre":
            # Within, a note would look like a part of it.
            return f"{notes}<pre{_look(old, new)}>{words}</pre>"
        # The text stands below a heading of the page.
        tag = (
            f"h{int(one.tag[1]) + 1}" if one.tag in _HEADINGS else "p" if one.tag == "p" else "div"
        )
        return f"<{tag}{_look(old, new)}>{words}{notes}</{tag}>"

    def _container(self, old, new, parent):
        one = new or old
        if old and new:
            pairs = _align(old.children, new.children)
        else:
            pairs = [(child, None) if old else (None, child) for child in one.children]
        is_placed = one.tag not in _PLACES or one.tag in _HOLDS.get(parent, ())
        tag = one.tag if is_placed else "div"
        inside = "".join(self.block(*pair, parent=tag) for pair in pairs)
        notes = self._notes(old, new)
        attributes = "".join(
            f' {name}="{escape(value)}"' for name, value in one.attributes.items() if is_placed
        )
        if tag == "table":
            label = escape(_("Table"))
            return (
                f'{notes}<div class="compare__table" role="region" tabindex="0"'
                f' aria-label="{label}"><table><tbody>{inside}</tbody></table></div>'
            )
        if tag in _HOLDS:
            # A list or a row holds its entries only; what moved as one is said before it.
            return f"{notes if tag != 'tr' else ''}<{tag}{attributes}>{inside}</{tag}>"
        return f"<{tag}{attributes}>{notes}{inside}</{tag}>"

    def _rule(self, old, new):
        if old and new:
            return "<hr>"
        words = _("dividing line added") if new else _("dividing line removed")
        return (_inserted if new else _deleted)("<hr>" + _note(words))

    def _figure(self, old, new):
        uids = [one.attributes.get("image", "") if one else None for one in (old, new)]
        pictures = [self.names.picture(uid=uid) for uid in uids]
        alts = [one.attributes.get("alt", "") if one else None for one in (old, new)]
        captions = [
            [token for leaf in one.children for token in leaf.tokens] if one else None
            for one in (old, new)
        ]
        if uids[0] == uids[1]:
            shown = self._shown(pictures[1])
        else:
            shown = "".join(
                wrap(self._shown(picture))
                for one, picture, wrap in zip(
                    (old, new), pictures, (_deleted, _inserted), strict=True
                )
                if one
            )
        notes = self._notes(old, new)
        if old and new and uids[0] != uids[1]:
            notes += _note(_("another picture"))
        if alts[0] != alts[1]:
            counted = self.inserted, self.deleted
            words = self._words(*(None if alt is None else _tokens(alt) for alt in alts))
            self.inserted, self.deleted = counted
            label = escape(_("Alternative text:"))
            empty = escape(_("the picture’s own"))
            shown += f'<div class="compare__aside">{label} {words or empty}</div>'
        caption = self._words(*captions)
        if caption:
            shown += f'<div class="compare__caption">{caption}</div>'
        return f'<figure class="compare__figure">{shown}{notes}</figure>'

    def _shown(self, picture):
        if picture is None:
            return _note(_("a picture that isn't here any more"))
        return (
            f'<img src="{escape(picture.card_src)}" alt="" width="192" height="108" loading="lazy">'
        )

    # What is said of a block

    def _is_moved(self, old, new):
        if old and new:
            # Also where one of them is two.
            return False
        one = new or old
        is_heading = one.tag in _HEADINGS
        return one.key in self.moved or (
            is_heading and one.attributes.get("id") in self.moved_anchors
        )

    def _notes(self, old, new):
        if not (old and new):
            return ""
        notes = []
        if old.tag != new.tag:
            words = _("was %(old)s, is %(new)s")
            values = {"old": _KIND_WORDS.get(old.tag, ""), "new": _KIND_WORDS.get(new.tag, "")}
            notes.append(words % values)
        if old.tag in _HEADINGS and new.tag in _HEADINGS:
            anchors = [one.attributes.get("id", "") for one in (old, new)]
            if anchors[0] != anchors[1]:
                values = {"old": anchors[0], "new": anchors[1]}
                notes.append(_("another section: was #%(old)s, is #%(new)s") % values)
            elif [t.text for t in old.tokens] != [t.text for t in new.tokens]:
                notes.append(_("renamed"))
        elif old.tag == new.tag != "figure" and old.attributes != new.attributes:
            words = _("numbered otherwise") if new.tag == "ol" else _("cells joined otherwise")
            notes.append(words)
        return "".join(map(_note, notes))

    # Words

    def _words(self, old, new):
        """What differs between two lists of tokens; None where there are none to compare with."""
        return self._written(_atoms(old, new))

    def _written(self, atoms):
        written = []
        for what, run in groupby(_with_looks(atoms), lambda atom: atom.what):
            run = list(run)
            words = sum(atom.text[:1].isalnum() for atom in run)
            if what == "=":
                written += [self._same(*pair) for pair in groupby(run, lambda atom: atom[2:])]
                continue
            inside = "".join(
                self._looked(atoms_of_look, look[what == "+"])
                for look, atoms_of_look in groupby(run, lambda atom: atom[2:])
            )
            if what == "+":
                self.inserted += words
                written.append(_inserted(inside))
            else:
                self.deleted += words
                written.append(_deleted(inside))
        return "".join(written)

    def _looked(self, atoms, look):
        """Words that came or went, in their formatting, and where they lead or led."""
        _marks, link = look
        text = "".join(
            {
                "\n": f'<span class="compare__note" aria-hidden="true">↵</span>{_BREAK}',
                _PILCROW: _note(_("two paragraphs joined here")),
            }.get(atom.text)
            or escape(atom.text, quote=False)
            for atom in atoms
        )
        if link:
            return _formatted(text, look) + _note(_("leads to %(where)s") % self._where(link))
        return _formatted(text, look)

    def _same(self, look, atoms):
        """Words that stayed, and what became of their formatting and of where they lead."""
        old, new = look
        text = "".join(
            _BREAK if atom.text == "\n" else escape(atom.text, quote=False) for atom in atoms
        )
        notes = []
        if old[1] != new[1]:
            if not new[1]:
                notes.append(_("link removed: it led to %(where)s") % self._where(old[1]))
            elif not old[1]:
                notes.append(_("link added: it leads to %(where)s") % self._where(new[1]))
            else:
                words = _("link changed: it led to %(old)s, and leads to %(new)s")
                values = [self._where(link)["where"] for link in (old[1], new[1])]
                notes.append(words % {"old": values[0], "new": values[1]})
        for mark in _MARKS:
            if (mark in old[0]) != (mark in new[0]):
                words = _("now %(look)s") if mark in new[0] else _("no longer %(look)s")
                notes.append(words % {"look": _MARK_WORDS[mark]})
        shown = _formatted(text, new)
        if notes:
            shown = f'<span class="compare__restyled">{shown}</span>'
        return shown + "".join(map(_note, notes))

    def _where(self, link):
        token = parse_ref(link)
        return {"where": f"“{self.names.title(token)}”" if token else link}


_BREAK = "<br>"
# What may stand in what; an entry or a cell is put around anything else.
_HOLDS = {"ul": ("li",), "ol": ("li",), "table": ("tr",), "tr": ("td", "th")}
_PLACES = frozenset(["li", "td", "th", "tr"])


def _is_same_pair(pair):
    return all(isinstance(side, _Block) for side in pair) and pair[0].key == pair[1].key


def _unchanged(shown, head, tail):
    """Blocks that are the same in both: all from head to tail are folded, if they are many."""
    count = tail - head
    if count < _FOLDED_FROM:
        return shown
    label = ngettext("%(n)d unchanged block", "%(n)d unchanged blocks", count) % {"n": count}
    return [*shown[:head], _folded(label, shown[head:tail]), *shown[tail:]]


def _folded(label, shown):
    summary = f'<summary class="compare__fold-label">{escape(label)}</summary>'
    return f'<details class="compare__fold">{summary}{"".join(shown)}</details>'


def _first_words(block):
    """The tokens of the first words that stand in a block."""
    while not block.tokens and block.children:
        block = block.children[0]
    return block.tokens[:12]


def _run_together(blocks):
    """The words of one or two paragraphs as those of one, with a sign between."""
    first, *rest = blocks
    tokens = list(first.tokens)
    for block in rest:
        start = block.tokens[0]._replace(space=" ")
        tokens += [_Token("", _PILCROW, (), ""), start, *block.tokens[1:]]
    return tokens


def _tokens(text):
    """The words of a plain text."""
    reader = _Reader({})
    reader.leaf = _Block("")
    reader.handle_data(text)
    return reader.leaf.tokens


def _atoms(old, new):
    runs = [(False, old or [], new or [])] if old is None or new is None else _word_runs(old, new)
    for is_same, before, after in runs:
        if is_same:
            for one, other in zip(before, after, strict=True):
                if one.space == other.space:
                    yield _Atom("=", one.space, None, None)
                else:
                    yield _Atom("-", one.space, None, None)
                    yield _Atom("+", other.space, None, None)
                yield _Atom("=", one.text, (one.marks, one.link), (other.marks, other.link))
            continue
        is_same_start = bool(before and after) and before[0].space == after[0].space
        if is_same_start:
            yield _Atom("=", before[0].space, None, None)
        for what, tokens in (("-", before), ("+", after)):
            for number, token in enumerate(tokens):
                look = (token.marks, token.link)
                if number or not is_same_start:
                    yield _Atom(what, token.space, None, None)
                yield _Atom(what, token.text, look, look)


def _with_looks(atoms):
    """The atoms that hold text; blank space within a link or a formatting has its looks."""
    atoms = [atom for atom in atoms if atom.text]
    for number, atom in enumerate(atoms):
        if atom.old is not None:
            yield atom
            continue
        near = [atoms[at] for at in (number - 1, number + 1) if 0 <= at < len(atoms)]
        looks = {(one.what, one.old, one.new) for one in near}
        if len(near) == 2 and len(looks) == 1 and near[0].what == atom.what and near[0].old:
            yield atom._replace(old=near[0].old, new=near[0].new)
        else:
            yield atom._replace(old=_PLAIN, new=_PLAIN)


def _formatted(html, look):
    marks, link = look
    for mark in reversed(marks):
        html = f"<{mark}>{html}</{mark}>"
    return f'<span class="compare__link">{html}</span>' if link else html


def _look(old, new):
    kind = "" if old and new else "inserted" if new else "deleted"
    return f' class="compare__block--{kind}"' if kind else ""


def _inserted(html):
    return f'<ins><span class="visually-hidden"> {escape(_("inserted:"))} </span>{html}</ins>'


def _deleted(html):
    return f'<del><span class="visually-hidden"> {escape(_("deleted:"))} </span>{html}</del>'


def _note(words):
    return f'<span class="compare__note"> {escape(str(words))} </span>'


def _longest_rising(numbers):
    """The numbers of the longest rising sequence among some different ones, as a set."""
    ends, previous, tops = [], {}, []
    for number in numbers:
        at = bisect_left(ends, number)
        previous[number] = tops[at - 1] if at else None
        ends[at : at + 1] = [number]
        tops[at : at + 1] = [number]
    kept, number = set(), tops[-1] if tops else None
    while number is not None:
        kept.add(number)
        number = previous[number]
    return kept
