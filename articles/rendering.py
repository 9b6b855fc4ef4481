"""Body HTML: the one allow-list, section ids, tokens, and what readers get. Pure.

A stored body is always the output of `clean` or `with_section_ids`: sanitised HTML in which

    <h2 id="s-the-seabed-question">                      names a section for ever,
    <a data-ref="article:UID#s-the-seabed-question">     refers to an object by its permanent id,
    <img data-image="UID" alt="…">                       shows a picture.

No stored body holds an address of this site: `render` puts them in, as they are now.
"""

import html
import re
from dataclasses import dataclass

import lxml.html
import nh3
from django.utils.safestring import mark_safe

from articles.names import make_slug, shorten_slug
from irb_site.uids import UID_PATTERN

TAGS = frozenset(
    "a blockquote br code em figcaption figure h2 h3 h4 hr img li ol p pre s strong sub sup"
    " table tbody td th thead tr u ul".split()
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
    "applet audio base button canvas embed form frame frameset head iframe input link map math meta"
    " noembed noframes noscript object script select style svg template textarea title video".split()
)
_RENAMED = {"h1": "h2", "h5": "h4", "h6": "h4", "b": "strong", "i": "em", "strike": "s", "del": "s"}

ANCHOR_MAX_LENGTH = 80
_REF = re.compile(rf"(article|author|tag):({UID_PATTERN})(?:#(s-[\w-]{{1,78}}))?")
_REF_LINK = re.compile(r'<a data-ref="([^"]*)">(.*?)</a>', re.DOTALL)
_OUTSIDE_LINK = re.compile(r'<a href="([^"]*)">')
_IMAGE = re.compile(r'<img ([^>]*)>')
_IMAGE_UID = re.compile(rf'data-image="({UID_PATTERN})"')
_ALT = re.compile(r'alt="([^"]*)"')
_LEFT_OVER = re.compile(r' data-(?:ref|image)="[^"]*"')
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”’»)\]]*\s+(?=[\"“‘«(\[]?[^\W_a-zа-яß-ÿ])")
_BLOCKS = frozenset("p li h2 h3 h4 td th pre figcaption blockquote".split())
WORDS_PER_MINUTE = 230


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

    @property
    def reading_minutes(self):
        return max(1, round(len(self.text.split()) / WORDS_PER_MINUTE))


def parse_ref(value):
    """The token that a data-ref attribute holds; None where it is none."""
    match = _REF.fullmatch(value or "")
    if match is None or (match[3] and match[1] != "article"):
        return None
    return RefToken(match[1], match[2], match[3] or "")


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


def clean(source):
    """The source as sanitised HTML of the allow-list; the empty string where nothing is left.

    Safe for any input. Cleaning what was cleaned changes nothing.
    """
    source = (source or "").replace("\x00", "")
    if not source.strip():
        return ""
    # libxml2 gives up below a depth that no text needs, and would drop what stands there.
    fragment = lxml.html.fragment_fromstring(
        nh3.clean(
            source,
            tags=set(TAGS) | set(_RENAMED) | {"div"},
            attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
            clean_content_tags=set(_DROPPED_WITH_CONTENT),
            url_schemes=set(URL_SCHEMES),
            link_rel=None,
        ),
        create_parent="div",
        parser=_parser(),
    )
    _normalise(fragment)
    cleaned = _cleaner.clean(_inner_html(fragment))
    return "" if _is_blank(cleaned) else cleaned


def _parser():
    return lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)


def _parse(body):
    return lxml.html.fragment_fromstring(body, create_parent="div", parser=_parser())


def _inner_html(element):
    start = html.escape(element.text or "", quote=False)
    return start + "".join(
        lxml.html.tostring(child, encoding="unicode") for child in element
    )


def _is_blank(body):
    return "<img" not in body and "<hr" not in body and not _plain(body).strip()


def _plain(body):
    return html.unescape(re.sub(r"<[^>]*>", " ", body)).replace("\xa0", " ")


def _normalise(root):
    """Brings a parsed tree into the one form in which bodies are stored."""
    for element in list(root.iter()):
        element.tag = _RENAMED.get(element.tag, element.tag)
    for link in list(root.iter("a")):
        ref, href = parse_ref(link.get("data-ref")), (link.get("href") or "").strip()
        link.attrib.clear()
        if ref:
            link.set("data-ref", str(ref))
        elif href:
            link.set("href", href)
        else:
            link.drop_tag()
    for image in list(root.iter("img")):
        if not re.fullmatch(UID_PATTERN, image.get("data-image") or ""):
            image.drop_tree()
    for heading in list(root.iter("h2", "h3", "h4")):
        if not heading.text_content().strip():
            heading.drop_tag()
    for figure in list(root.iter("figure")):
        if figure.find(".//img") is None:
            # Its picture is gone: what is left of it is a paragraph.
            figure.tag = "p"
            for caption in list(figure.iter("figcaption")):
                caption.drop_tag()
    for division in list(root.iter("div")):
        if division is root:
            continue
        if any(child.tag in TAGS - _INLINE for child in division):
            division.drop_tag()
        else:
            division.tag = "p"
    _wrap_loose_text(root)


_INLINE = frozenset("a br code em s strong sub sup u".split())


def _wrap_loose_text(root):
    """Puts words that stand in no block into paragraphs."""
    children, root_text = list(root), root.text
    root.text = None
    for child in children:
        root.remove(child)
    paragraph = None

    def loose():
        nonlocal paragraph
        if paragraph is None:
            paragraph = root.makeelement("p")
            root.append(paragraph)
        return paragraph

    def add_text(text):
        if not text or (paragraph is None and not text.strip()):
            return
        target = loose()
        if len(target):
            target[-1].tail = (target[-1].tail or "") + text
        else:
            target.text = (target.text or "") + text

    add_text(root_text)
    for child in children:
        tail, child.tail = child.tail, None
        if child.tag in _INLINE:
            loose().append(child)
        else:
            paragraph = None
            root.append(child)
        add_text(tail)
    for block in list(root):
        if block.tag == "p" and not len(block) and not (block.text or "").strip():
            root.remove(block)


def with_section_ids(body, *, known, taken):
    """The body with an id on every heading.

    known: anchors that this article has had so far: a heading that carries one keeps it.
    taken: anchors that a new heading may not get (all that the article ever had).
    An unknown id, a second use of an id and a heading without one get a new id made
    of the heading's words.
    """
    if "<h" not in body:
        return body
    root, used = _parse(body), set()
    fresh = []
    for heading in root.iter("h2", "h3", "h4"):
        anchor = heading.get("id")
        if anchor in known and anchor not in used:
            used.add(anchor)
        else:
            fresh.append(heading)
    for heading in fresh:
        anchor = _new_anchor(heading.text_content(), used | set(taken))
        heading.set("id", anchor)
        used.add(anchor)
    return _cleaner.clean(_inner_html(root))


def _new_anchor(words, taken):
    base = "s-" + shorten_slug(make_slug(" ".join(words.split()), fallback="section"), 60)
    anchor, number = base, 1
    while anchor in taken:
        number += 1
        anchor = f"{base}-{number}"
    return anchor


def structure(body):
    """What a stored body holds: headings, references with their sentences, pictures, text."""
    root = _parse(body) if body else lxml.html.Element("div")
    headings = tuple(
        Heading(int(heading.tag[1]), heading.get("id") or "", _squeeze(heading.text_content()))
        for heading in root.iter("h2", "h3", "h4")
    )
    images = tuple(image.get("data-image") for image in root.iter("img"))
    return Structure(headings, tuple(_references(root)), images, _text_of(root))


def _squeeze(text):
    return " ".join(text.split())


def _text_of(root):
    for line_break in root.iter("br"):
        line_break.tail = "\n" + (line_break.tail or "")
    blocks = []
    for element in root.iter():
        if element.tag in _BLOCKS and not any(child.tag in _BLOCKS for child in element.iter()
                                              if child is not element):
            blocks.append(_squeeze(element.text_content()))
    return "\n".join(block for block in blocks if block)


def _references(root):
    for link in root.iter("a"):
        token = parse_ref(link.get("data-ref"))
        if token:
            words = _squeeze(link.text_content())
            yield InlineReference(token, words, _sentence_around(link))


def _sentence_around(link):
    block = link
    while block.getparent() is not None and block.tag not in _BLOCKS:
        block = block.getparent()
    before = []

    def walk(element):
        if element is link:
            return True
        before.append(element.text or "")
        for child in element:
            if walk(child):
                return True
            before.append(child.tail or "")
        return False

    walk(block)
    text = block.text_content()
    offset = len("".join(before))
    start, end = 0, len(text)
    # A full stop among the words of the link itself ends no sentence around it.
    link_end = offset + len(link.text_content())
    for boundary in _SENTENCE_END.finditer(text):
        if boundary.end() <= offset:
            start = boundary.end()
        elif boundary.start() >= link_end:
            end = boundary.start() + len(boundary[0].rstrip())
            break
    return _squeeze(text[start:end])


def excerpt(text, length=160):
    """The beginning of a text, cut at a word."""
    text = _squeeze(text)
    if len(text) <= length:
        return text
    return text[: length - 1].rpartition(" ")[0].rstrip(",;:–-") + "…"


def render(body, *, references, images):
    """What readers get of a stored body.

    references: RefToken → address, for those that readers may follow. The words of any
    other reference stay as plain text.
    images: uid → the safe HTML that shows the picture inside its figure, given its alt text
    as a callable argument. A picture that is not there leaves nothing behind.
    """

    def link(match):
        address = references.get(parse_ref(html.unescape(match[1])))
        return f'<a href="{html.escape(address)}">{match[2]}</a>' if address else match[2]

    def image(match):
        uid, alt = _IMAGE_UID.search(match[1]), _ALT.search(match[1])
        show = images.get(uid[1]) if uid else None
        return show(html.unescape(alt[1]) if alt else "") if show else ""

    rendered = _REF_LINK.sub(link, body)
    rendered = _OUTSIDE_LINK.sub(_mark_outside, rendered)
    rendered = _IMAGE.sub(image, rendered)
    rendered = rendered.replace("<table>", _TABLE_START)
    rendered = rendered.replace("</table>", "</table></div>")
    return mark_safe(_LEFT_OVER.sub("", rendered))  # noqa: S308  (sanitised when it was stored)


# A wide table scrolls in a box of its own, which the keyboard must be able to reach.
_TABLE_START = '<div class="table-scroll" role="region" tabindex="0" aria-label="Table"><table>'


def _mark_outside(match):
    if match[1].startswith(("http:", "https:")):
        return f'<a href="{match[1]}" rel="external noopener">'
    return match[0]
