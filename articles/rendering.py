"""Body HTML: the one allow-list, section ids, tokens, and what readers get. Pure.

A stored body is always the output of `clean` or `with_section_ids`: sanitised HTML in which

    <h2 id="s-the-seabed-question">                      names a section for ever,
    <a data-ref="article:UID#s-the-seabed-question">     refers to an object by its permanent id,
    <img data-image="UID" alt="…">                       shows a picture.

No stored body holds an address of this site: `render` puts them in, as they are now.
"""

import html
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser

import nh3
from django.utils.safestring import mark_safe

from articles.names import make_slug, shorten_slug
from irb_site.uids import UID_PATTERN

TAGS = frozenset(
    [
        "a",
        "blockquote",
        "br",
        "code",
        "em",
        "figcaption",
        "figure",
        "h2",
        "h3",
        "h4",
        "hr",
        "img",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
    ]
)
ATTRIBUTES = {
    "a": {"href", "data-ref"},
    "h2": {"id"},
    "h3": {"id"},
    "h4": {"id"},
    "img": {"alt", "data-image"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
URL_SCHEMES = frozenset({"http", "https", "mailto"})
# What is not a paragraph's text but a place or a program: dropped with what it holds.
_DROPPED_WITH_CONTENT = frozenset(
    [
        "applet",
        "audio",
        "base",
        "button",
        "canvas",
        "embed",
        "form",
        "frame",
        "frameset",
        "head",
        "iframe",
        "input",
        "link",
        "map",
        "math",
        "meta",
        "noembed",
        "noframes",
        "noscript",
        "object",
        "script",
        "select",
        "style",
        "svg",
        "template",
        "textarea",
        "title",
        "video",
    ]
)
_RENAMED = {"h1": "h2", "h5": "h4", "h6": "h4", "b": "strong", "i": "em", "strike": "s", "del": "s"}

ANCHOR_MAX_LENGTH = 80
_ANCHOR = r"s-[\w-]{1,78}"
_REF = re.compile(rf"(article|author|tag):({UID_PATTERN})(?:#({_ANCHOR}))?")
_REF_LINK = re.compile(r'<a data-ref="([^"]*)">(.*?)</a>', re.DOTALL)
_OUTSIDE_LINK = re.compile(r'<a href="([^"]*)">')
_IMAGE_UID = re.compile(rf'data-image="({UID_PATTERN})"')
_ALT = re.compile(r'alt="([^"]*)"')
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”’“‘»«)\]]*\s+(?=[\"“„‘«»(\[]?[^\W_a-zа-яß-ÿ])")
_INLINE = frozenset(["a", "code", "em", "s", "strong", "sub", "sup", "u"])
_HEADINGS = frozenset(["h2", "h3", "h4"])
_LEAVES = _HEADINGS | {"p", "pre"}
_TABLE_PARTS = frozenset(["table", "thead", "tbody", "tr", "td", "th"])
_CONTAINERS = _TABLE_PARTS | frozenset(["blockquote", "li", "ol", "ul"])
# Containers that may hold words directly, and those that hold other containers only.
_HOLD_WORDS = frozenset(["li", "td", "th"])
_HOLD_ONLY = frozenset(["ol", "ul", "table", "thead", "tbody", "tr"])
# Block elements of HTML that are none here: where one begins or ends, a paragraph does.
_BOUNDARIES = frozenset(
    [
        "address",
        "article",
        "aside",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "footer",
        "header",
        "hgroup",
        "legend",
        "main",
        "nav",
        "section",
        "summary",
    ]
)
# Control characters and what Unicode promises never to be a character.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
WORDS_PER_MINUTE = 230
# What search engines show of a description, or a little more.
BEGINNING_LENGTH = 200


@dataclass(frozen=True, slots=True)
class RefToken:
    """What a reference names: a target by kind and uid, and maybe a section of an article."""

    kind: str
    uid: str
    section: str = ""

    def __str__(self):
        return f"{self.kind}:{self.uid}" + (f"#{self.section}" if self.section else "")


@dataclass(frozen=True, slots=True)
class InlineReference:
    """A reference as it stands in a text, with its words and the sentence around it."""

    token: RefToken
    words: str
    sentence: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Structure:
    """What a body holds, in reading order."""

    headings: tuple[Heading, ...]
    references: tuple[InlineReference, ...]
    images: tuple[str, ...]
    text: str
    # How many of the pictures say nothing to those who don't see them.
    pictures_without_alt: int = 0

    @property
    def reading_minutes(self):
        return max(1, round(len(self.text.split()) / WORDS_PER_MINUTE))


def parse_ref(value):
    """The token that a data-ref attribute holds; None where it is none."""
    match = _REF.fullmatch(value or "")
    if match is None or (match[3] and match[1] != "article"):
        return None
    return RefToken(match[1], match[2], match[3] or "")


def related_token(item):
    """The token of a related link as a revision keeps it; None where it leads outside."""
    for kind in ("article", "author", "tag"):
        if kind in item:
            return RefToken(kind, item[kind], item.get("section", ""))
    return None


def related_item(token):
    """A token as a revision keeps it among its related links."""
    item = {token.kind: token.uid}
    return item | {"section": token.section} if token.section else item


def plain_line(text):
    """A text of one line: no line breaks, no control characters, single blanks."""
    return " ".join(without_control_characters(text).split())


def without_control_characters(text):
    """The text without what XML can't carry and nobody can see; line breaks stay."""
    return _UNPRINTABLE.sub("", text.replace("\x0c", " "))


def is_anchor(value):
    """Whether a text has the form of a section's id."""
    return re.fullmatch(_ANCHOR, value) is not None


def _allowed_value(tag, attribute, value):
    if attribute == "data-ref":
        return value if parse_ref(value) else None
    if attribute == "data-image":
        return value if re.fullmatch(UID_PATTERN, value) else None
    if attribute in {"colspan", "rowspan", "start"}:
        return value if value.isascii() and value.isdigit() and len(value) < 4 else None
    return value


_cleaner = nh3.Cleaner(
    tags=set(TAGS),
    attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
    clean_content_tags=set(_DROPPED_WITH_CONTENT),
    url_schemes=set(URL_SCHEMES),
    attribute_filter=_allowed_value,
    link_rel=None,
    strip_comments=True,
)
# The same, but leaving in what `_Normaliser` renames or takes for a boundary between blocks.
_first_cleaner = nh3.Cleaner(
    tags=set(TAGS) | set(_RENAMED) | _BOUNDARIES,
    attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
    clean_content_tags=set(_DROPPED_WITH_CONTENT),
    url_schemes=set(URL_SCHEMES),
    attribute_filter=_allowed_value,
    link_rel=None,
    strip_comments=True,
)


def clean(source):
    """The source as sanitised HTML of the allow-list; the empty string where nothing is left.

    Safe for any input, and no word of it is lost. Cleaning what was cleaned changes nothing.
    """
    source = (source or "").encode("utf-8", "ignore").decode("utf-8").replace("\x00", "")
    if not source.strip():
        return ""
    normaliser = _Normaliser()
    normaliser.feed(_first_cleaner.clean(source))
    normaliser.close()
    # The sanitiser has the last word, whatever was done between.
    return _cleaner.clean(_with_levels_in_order(normaliser.result()))


class _Normaliser(HTMLParser):
    """Brings sanitised HTML into the one form in which bodies are stored.

    Works on a stream of tags, so that nothing is too deep for it. Words stand in paragraphs,
    headings or cells; empty elements are gone; no block stands in a paragraph or in an inline
    element; nothing is nested deeper than a reader could follow.
    """

    MAX_DEPTH = 12

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.out = []
        # Open containers: [tag, start tag, whether it has been written].
        self.containers = []
        # The block that words go to: its tag, or "" for words directly in a container.
        self.leaf = None
        self.leaf_start = ""
        self.leaf_written = False
        # Inline elements that are open in the source, and those that are written.
        self.active, self.written = [], []
        self.in_figure = self.figure_written = False

    def result(self):
        self._end_leaf()
        while self.containers:
            self._close_container()
        return "".join(self.out)

    # Events

    def handle_starttag(self, tag, attrs):
        tag = _RENAMED.get(tag, tag)
        attributes = dict(attrs)
        if tag in _INLINE:
            self._start_inline(tag, attributes)
        elif tag == "br":
            if self.leaf_written:
                self._sync()
                self.out.append("<br>")
        elif tag == "img":
            self._picture(attributes)
        elif tag == "hr":
            self._end_leaf()
            if self._top() in {"", "blockquote", "li"}:
                self._write_containers()
                self.out.append("<hr>")
        elif tag == "figure":
            self._end_leaf()
            self._end_figure()
            self.in_figure = True
        elif tag == "figcaption":
            self._end_leaf()
            if self.figure_written:
                self._open_leaf("figcaption")
        elif tag in _LEAVES:
            self._start_leaf(tag, attributes)
        elif tag in _CONTAINERS:
            self._start_container(tag, attributes)
        elif self.leaf not in _HEADINGS:
            self._boundary()

    def handle_endtag(self, tag):
        tag = _RENAMED.get(tag, tag)
        if tag in _INLINE:
            for index in range(len(self.active) - 1, -1, -1):
                if self.active[index][0] == tag:
                    del self.active[index]
                    break
        elif tag == "figure":
            self._end_leaf()
            self._end_figure()
            self.in_figure = False
        elif tag in _CONTAINERS:
            self._end_container(tag)
        elif tag in _LEAVES or tag == "figcaption":
            if tag == self.leaf or self.leaf not in _HEADINGS:
                self._boundary() if self.leaf == "figcaption" != tag else self._end_leaf()
        elif self.leaf not in _HEADINGS:
            self._boundary()

    def handle_data(self, data):
        data = without_control_characters(data)
        if not data:
            return
        if not self.leaf_written:
            if not data.strip():
                return
            if self.leaf is None:
                self._open_leaf_for_words()
            data = data.lstrip("\n") if self.leaf == "pre" else data.lstrip()
            self._write_containers()
            self.out.append(self.leaf_start)
            self.leaf_written = True
        self._sync()
        self.out.append(html.escape(data, quote=False))

    # Leaves

    def _start_leaf(self, tag, attributes):
        if self.leaf in _HEADINGS and tag == "p":
            return
        if self.leaf == "figcaption":
            self._boundary()
            return
        self._end_leaf()
        self._end_figure()
        if tag == "p" and self._top() in _HOLD_ONLY:
            return
        self._leave_what_holds_no_block()
        self._open_leaf(tag, attributes)

    def _open_leaf(self, tag, attributes=None):
        self.leaf, self.leaf_written = tag, False
        self.leaf_start = f"<{tag}{_attributes(tag, attributes or {})}>" if tag else ""

    def _open_leaf_for_words(self):
        self._end_figure()
        self._leave_what_holds_no_block()
        self._open_leaf("" if self._top() in _HOLD_WORDS else "p")

    def _leave_what_holds_no_block(self):
        """A list holds items only, and a table cells: words beside them get their place."""
        while self._top() in _HOLD_ONLY:
            if self._top() in {"ul", "ol"}:
                self.containers.append(["li", "<li>", False])
                return
            self._close_container()

    def _end_leaf(self):
        if self.leaf_written:
            self._close_inlines()
            if self.leaf:
                self.out.append(f"</{self.leaf}>")
        self.leaf, self.leaf_written = None, False

    def _boundary(self):
        """Between two blocks of the source that are none here."""
        if self.leaf == "figcaption":
            if self.leaf_written and self.out[-1] != "<br>":
                self._close_inlines()
                self.out.append("<br>")
            return
        self._end_leaf()

    # Containers

    def _top(self):
        return self.containers[-1][0] if self.containers else ""

    def _start_container(self, tag, attributes):
        self._end_leaf()
        self._end_figure()
        names = [container[0] for container in self.containers]
        if tag == "li" and self._top() not in {"ul", "ol"}:
            return
        if tag in _TABLE_PARTS and (
            (tag == "table" and "table" in names) or not _fits_in_table(tag, self._top())
        ):
            return
        if len(names) >= self.MAX_DEPTH and tag not in {"li", *_TABLE_PARTS}:
            return
        if tag not in _TABLE_PARTS - {"table"} and tag != "li":
            self._leave_what_holds_no_block()
        self.containers.append([tag, f"<{tag}{_attributes(tag, attributes)}>", False])
        if tag in {"td", "th"}:
            self._write_containers()

    def _end_container(self, tag):
        self._end_leaf()
        self._end_figure()
        names = [container[0] for container in self.containers]
        if tag not in names:
            return
        if tag in _TABLE_PARTS and tag != "table" and "table" not in names:
            return
        while self.containers:
            if self._close_container() == tag:
                return

    def _write_containers(self):
        for container in self.containers:
            if not container[2]:
                self.out.append(container[1])
                container[2] = True

    def _close_container(self):
        tag, _start, was_written = self.containers.pop()
        if was_written:
            self.out.append(f"</{tag}>")
        return tag

    # Pictures

    def _picture(self, attributes):
        if not attributes.get("data-image"):
            return
        self._end_leaf()
        self._end_figure()
        self._leave_what_holds_no_block()
        self._write_containers()
        self.out.append(f"<figure><img{_attributes('img', attributes)}>")
        self.figure_written = True
        if not self.in_figure:
            self._end_figure()

    def _end_figure(self):
        if self.figure_written:
            self.out.append("</figure>")
            self.figure_written = False

    # Inline elements: written when words come, closed and written again around blocks.

    def _start_inline(self, tag, attributes):
        self.active.append((tag, f"<{tag}{_attributes(tag, attributes)}>"))

    def _sync(self):
        meant, seen = [], set()
        for tag, start in self.active:
            if tag not in seen and (tag != "a" or start != "<a>"):
                seen.add(tag)
                meant.append((tag, start))
        same = 0
        while same < min(len(meant), len(self.written)) and meant[same] == self.written[same]:
            same += 1
        while len(self.written) > same:
            self.out.append(f"</{self.written.pop()[0]}>")
        for tag, start in meant[same:]:
            self.out.append(start)
            self.written.append((tag, start))

    def _close_inlines(self):
        while self.written:
            self.out.append(f"</{self.written.pop()[0]}>")


def _attributes(tag, attributes):
    if tag == "a":
        names = ("data-ref",) if attributes.get("data-ref") else ("href",)
    else:
        names = sorted(ATTRIBUTES.get(tag, ()), reverse=True)
    return "".join(
        f' {name}="{html.escape(attributes[name])}"'
        for name in names
        if attributes.get(name) or (name == "alt" and name in attributes)
    )


def _fits_in_table(tag, top):
    return (
        top
        in {
            "table": {"", "blockquote", "li"},
            "thead": {"table"},
            "tbody": {"table"},
            "tr": {"table", "thead", "tbody"},
            "td": {"tr"},
            "th": {"tr"},
        }[tag]
    )


_HEADING = re.compile(r'<(h[234])(?: id="([^"]*)")?>(.*?)</\1>', re.DOTALL)


def _with_levels_in_order(body):
    """The body with its headings one below another, from h2 on, none left out (WCAG 1.3.1)."""
    open_levels = []

    def in_order(match):
        level = int(match[1][1])
        while open_levels and open_levels[-1] >= level:
            open_levels.pop()
        open_levels.append(level)
        tag = f"h{len(open_levels) + 1}"
        anchor = "" if match[2] is None else f' id="{match[2]}"'
        return f"<{tag}{anchor}>{match[3]}</{tag}>"

    return _HEADING.sub(in_order, body)


def with_section_ids(body, *, known, taken):
    """The body with an id on every heading.

    known: anchors that this article has had so far: a heading that carries one keeps it.
    taken: anchors that a new heading may not get (all that the article ever had).
    An unknown id, a second use of an id and a heading without one get a new id made
    of the heading's words.
    """
    carried = {html.unescape(match[2] or "") for match in _HEADING.finditer(body)}
    kept, used = set(), set(taken) | (carried & set(known))

    def with_id(match):
        level, anchor, words = match[1], html.unescape(match[2] or ""), match[3]
        if anchor not in known or anchor in kept:
            anchor = _new_anchor(_plain(words), used)
            used.add(anchor)
        kept.add(anchor)
        return f'<{level} id="{html.escape(anchor)}">{words}</{level}>'

    return _HEADING.sub(with_id, body)


def with_ids_given_before(body, earlier):
    """A clean body, with the ids of an earlier one on headings of the same words that have none."""
    carried = {match[2] for match in _HEADING.finditer(body)}
    given = {}
    for match in _HEADING.finditer(earlier):
        if match[2] and match[2] not in carried:
            given.setdefault(_plain(match[3]), []).append(match[2])

    def with_id(match):
        anchors = given.get(_plain(match[3])) if match[2] is None else None
        if not anchors:
            return match[0]
        return f'<{match[1]} id="{anchors.pop(0)}">{match[3]}</{match[1]}>'

    return _HEADING.sub(with_id, body)


def _plain(inline):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", inline)).split())


def _new_anchor(words, taken):
    base = "s-" + shorten_slug(make_slug(words, fallback="section"), 60)
    anchor, number = base, 1
    while anchor in taken:
        number += 1
        anchor = f"{base}-{number}"
    return anchor


def with_references_replaced(body, replace):
    """A stored body whose references name what `replace` says of their tokens.

    replace(token) gives the token itself, another one, or None: the words stay as plain text.
    """

    def changed(match):
        token = parse_ref(html.unescape(match[1]))
        new = replace(token) if token else token
        if new == token:
            return match[0]
        return f'<a data-ref="{html.escape(str(new))}">{match[2]}</a>' if new else match[2]

    return _REF_LINK.sub(changed, body)


def cut_section(body, anchor):
    """A stored body without one of its sections, and that section: (rest, section).

    A section goes from its heading to the next of the same or a higher level. The section is
    empty where the body has none of this anchor. Both want cleaning, since a heading may stand
    in a quotation that its section leaves.
    """
    headings = list(_HEADING.finditer(body))
    for number, match in enumerate(headings):
        if html.unescape(match[2] or "") == anchor:
            following = (later for later in headings[number + 1 :] if later[1] <= match[1])
            end = next((later.start() for later in following), len(body))
            return body[: match.start()] + body[end:], body[match.start() : end]
    return body, ""


# Saving and publishing ask this of the same few bodies again and again.
@lru_cache(maxsize=16)
def structure(body):
    """What a stored body holds: headings, references with their sentences, pictures, text."""
    reader = _StructureReader()
    reader.feed(body)
    reader.close()
    reader.end_block()
    return Structure(
        tuple(reader.headings),
        tuple(reader.references),
        tuple(reader.images),
        "\n".join(reader.blocks),
        reader.pictures_without_alt,
    )


class _StructureReader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.headings, self.references, self.images, self.blocks = [], [], [], []
        self.pictures_without_alt = 0
        self.text = ""
        self.heading = None
        # References of the block at hand: token, and where its words stand in the text.
        self.pending = []
        self.open_link = None

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "a":
            token = parse_ref(attributes.get("data-ref"))
            self.open_link = (token, len(self.text)) if token else None
        elif tag == "br":
            self.text += "\n"
        elif tag == "img":
            self.images.append(attributes.get("data-image"))
            self.pictures_without_alt += not (attributes.get("alt") or "").strip()
        elif tag not in _INLINE:
            self.end_block()
            self.heading = (int(tag[1]), attributes.get("id") or "") if tag in _HEADINGS else None

    def handle_endtag(self, tag):
        if tag == "a" and self.open_link:
            token, start = self.open_link
            self.pending.append((token, start, len(self.text)))
            self.open_link = None
        elif tag not in _INLINE:
            self.end_block()

    def handle_data(self, data):
        self.text += data

    def end_block(self):
        words = _squeeze(self.text)
        if words:
            self.blocks.append(words)
            if self.heading:
                self.headings.append(Heading(*self.heading, words))
        for token, start, end in self.pending:
            begin, finish = sentence_around(self.text, start, end)
            before = self.text[begin:start]
            blank = bool(before.strip()) and (before[-1].isspace() or self.text[start].isspace())
            self.references.append(
                InlineReference(
                    token,
                    _squeeze(self.text[start:end]),
                    _squeeze(self.text[begin:finish]),
                    len(_squeeze(before)) + blank,
                )
            )
        self.text, self.heading, self.pending = "", None, []


def _squeeze(text):
    return " ".join(text.split())


def sentence_around(text, start, end):
    """Where the sentence around a part of a text begins and ends.

    A full stop within the part ends none.
    """
    begin, finish = 0, len(text)
    for boundary in _SENTENCE_END.finditer(text):
        if boundary.end() <= start:
            begin = boundary.end()
        elif boundary.start() >= end:
            finish = boundary.start() + len(boundary[0].rstrip())
            break
    return begin, finish


def excerpt(text, length=160):
    """The beginning of a text, cut at a word."""
    text = _squeeze(text)
    if len(text) <= length:
        return text
    return text[: length - 1].rpartition(" ")[0].rstrip(",;:–-") + "…"


@dataclass(frozen=True, slots=True)
class Typeset:
    """A body made ready for readers, but for what can change without it.

    pieces: safe HTML and places in turn; a place is (RefToken, the words as safe HTML) or
    (uid of a picture, its alternative text).
    """

    pieces: tuple
    headings: tuple[Heading, ...]
    reading_minutes: int
    # The beginning of the text, for those who describe the page in a sentence or two.
    beginning: str
    text: str = ""

    @property
    def tokens(self):
        return {name for name, _words in self.pieces[1::2] if isinstance(name, RefToken)}

    @property
    def images(self):
        return [name for name, _words in self.pieces[1::2] if isinstance(name, str)]

    @property
    def anchors(self):
        return {heading.anchor for heading in self.headings}

    def render(self, *, references, images):
        """What readers get.

        references: RefToken → address, for those that readers may follow. The words of any
        other reference stay as plain text.
        images: uid → the safe HTML that shows the picture inside its figure, given its alt text
        as a callable argument. A picture that is not there leaves nothing behind.
        """
        shown = list(self.pieces)
        for at in range(1, len(shown), 2):
            name, words = shown[at]
            if isinstance(name, RefToken):
                address = references.get(name)
                shown[at] = f'<a href="{html.escape(address)}">{words}</a>' if address else words
            else:
                show = images.get(name)
                shown[at] = show(words) if show else ""
        return mark_safe("".join(shown))

    def stored(self):
        """All of it but the text, as one text: the outline, then literals and places in turn."""
        outline = {
            "form": _TYPESET_FORM,
            "headings": [[one.level, one.anchor, one.text] for one in self.headings],
            "minutes": self.reading_minutes,
            "beginning": self.beginning,
        }
        pieces = list(self.pieces)
        pieces[1::2] = [f"{name}{_FIELD}{words}" for name, words in pieces[1::2]]
        return _PIECE.join([json.dumps(outline, ensure_ascii=False), *pieces])


_TYPESET_FORM = 1
# Control characters, which no body has, between the pieces and within a place.
_PIECE, _FIELD = "\x1e", "\x1f"
_PLACE = re.compile(r'<a data-ref="([^"]*)">(.*?)</a>|<img ([^>]*)>', re.DOTALL)
# A wide table scrolls in a box of its own, which the keyboard must be able to reach.
_TABLE_START = '<div class="table-scroll" role="region" tabindex="0" aria-label="Table"><table>'


def typeset(body):
    """A stored body, made ready for readers."""
    content = structure(body)
    body = _OUTSIDE_LINK.sub(_mark_outside, body.replace(_PIECE, "").replace(_FIELD, ""))
    body = body.replace("<table>", _TABLE_START).replace("</table>", "</table></div>")
    pieces, literal, end = [], [], 0
    for match in _PLACE.finditer(body):
        literal.append(body[end : match.start()])
        end = match.end()
        is_image = match[1] is None
        place = _image_place(match[3]) if is_image else _reference_place(match[1], match[2])
        if isinstance(place, str):
            literal.append(place)
        else:
            pieces += ["".join(literal), place]
            literal = []
    pieces.append("".join([*literal, body[end:]]))
    return Typeset(
        tuple(pieces),
        content.headings,
        content.reading_minutes,
        excerpt(content.text, BEGINNING_LENGTH),
        content.text,
    )


def _reference_place(value, words):
    token = parse_ref(html.unescape(value))
    return (token, words) if token else words


def _image_place(attributes):
    uid, alt = _IMAGE_UID.search(attributes), _ALT.search(attributes)
    return (uid[1], html.unescape(alt[1]) if alt else "") if uid else ""


def typeset_from(stored):
    """What `Typeset.stored` gave, without the text; None of nothing, and of another form."""
    outline, *pieces = (stored or "").split(_PIECE)
    outline = json.loads(outline) if outline else {}
    if outline.get("form") != _TYPESET_FORM:
        return None
    for at in range(1, len(pieces), 2):
        name, _field, words = pieces[at].partition(_FIELD)
        pieces[at] = (parse_ref(name) or name, words)
    return Typeset(
        tuple(pieces),
        tuple(Heading(*one) for one in outline["headings"]),
        outline["minutes"],
        outline["beginning"],
    )


def render(body, *, references, images):
    """What readers get of a stored body; see Typeset.render."""
    return typeset(body).render(references=references, images=images)


def _mark_outside(match):
    if match[1].startswith(("http:", "https:")):
        return f'<a href="{match[1]}" rel="external noopener">'
    return match[0]
