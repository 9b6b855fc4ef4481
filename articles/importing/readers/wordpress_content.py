"""From the content of a WordPress item to the HTML of a body.

WordPress stores HTML in which blank lines are paragraphs (the classic editor) or which is cut
into blocks by comments (the block editor), and shortcodes in square brackets in both.
"""

import re
from dataclasses import dataclass
from html import escape, unescape
from html.parser import HTMLParser

import nh3

# What is left of these is nothing: programs, forms and what a browser shows in their stead.
_DROPPED_WITH_CONTENT = {
    "script",
    "style",
    "form",
    "select",
    "textarea",
    "button",
    "noscript",
    "template",
    "canvas",
    "svg",
    "math",
    "map",
    "title",
}
_INLINE = {
    "a": "a",
    "abbr": None,
    "acronym": None,
    "b": "strong",
    "cite": "em",
    "code": "code",
    "del": "s",
    "dfn": "em",
    "em": "em",
    "i": "em",
    "ins": "u",
    "kbd": "code",
    "s": "s",
    "samp": "code",
    "strike": "s",
    "strong": "strong",
    "sub": "sub",
    "sup": "sup",
    "tt": "code",
    "u": "u",
    "var": "em",
}
# Blocks that stay, under the name that they get.
_BLOCKS = {
    "blockquote": "blockquote",
    "h1": "h2",
    "h2": "h2",
    "h3": "h3",
    "h4": "h4",
    "h5": "h4",
    "h6": "h4",
    "li": "li",
    "ol": "ol",
    "pre": "pre",
    "table": "table",
    "tbody": "tbody",
    "td": "td",
    "tfoot": "tbody",
    "th": "th",
    "thead": "thead",
    "tr": "tr",
    "ul": "ul",
}
# Blocks that only separate paragraphs.
_TRANSPARENT = {
    "address",
    "article",
    "aside",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "fieldset",
    "footer",
    "header",
    "hgroup",
    "legend",
    "main",
    "nav",
    "p",
    "section",
    "summary",
}
_PLAYERS = {"audio": "src", "embed": "src", "object": "data", "source": "src", "video": "src"}
_OUTER_PLAYERS = frozenset({"audio", "object", "video"})
_LISTS = frozenset({"ol", "ul"})
_HEADINGS = frozenset({"h2", "h3", "h4"})
_TABLE_PARTS = frozenset({"table", "tbody", "thead", "tr"})
_KEPT_WHEN_EMPTY = frozenset({"td", "th", "tr", "tbody", "thead"})
_MAX_DEPTH = 40
# No text is nested like this; to parse it would take minutes.
_MAX_NESTING = 2000
_NESTING_TAG = re.compile(
    r"<(/?)(?:a|b|blockquote|center|div|dl|em|font|i|ol|section|small|span|strong|table|u|ul)\b",
    re.IGNORECASE,
)

_TAGS = set(_INLINE) | set(_BLOCKS) | _TRANSPARENT | set(_PLAYERS) | {"br", "hr", "img", "q"}
_ATTRIBUTES = {
    "a": {"href"},
    "audio": {"src"},
    "embed": {"src"},
    "object": {"data"},
    "ol": {"start"},
    "source": {"src"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "video": {"src"},
} | {f"h{level}": {"id"} for level in range(1, 7)}

# Shortcodes that stand for something elsewhere: their address stays, as a link.
_PLAYER_SHORTCODES = {
    "audio",
    "gist",
    "soundcloud",
    "spotify",
    "ted",
    "tweet",
    "twitter",
    "video",
    "vimeo",
    "youtube",
}
_SHORTCODE = re.compile(
    r"\[(?P<open>\[)?(?P<slash>/)?(?P<name>[a-z][a-z0-9_-]{1,40})"
    r"(?P<arguments>(?:[\s/=](?:[^\[\]\"'<>]|\"[^\"\[\]]*\"|'[^'\[\]]*'|<[^<>\[\]]*>)*)?)"
    r"\](?P<close>\])?"
)
_ARGUMENT = re.compile(r"""([\w-]+)=("([^"]*)"|'([^']*)'|([^\s"'/]+))""")
_VERBATIM = re.compile(r"<(pre|code)\b[^>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_LONG_CODE = re.compile(r"<code>([^<]*\n[^<]*)</code>", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s<>\"'\[\]]+")
_BLANK_LINES = re.compile(r"\n[ \t\f]*\n\s*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass
class Conversion:
    """The HTML of a body, and how much of the item had to stay behind."""

    html: str
    pictures: int = 0
    galleries: int = 0


def convert(content, resolve):
    """The content as a Conversion.

    resolve(address) gives the address that a link shall have, or "" to leave only its words.
    """
    content = _CONTROL.sub("", content.replace("\r\n", "\n").replace("\r", "\n"))
    is_classic = "<!-- wp:" not in content
    galleries = 0

    def count_gallery(name):
        nonlocal galleries
        galleries += name == "gallery"

    content = _without_comments(content)
    content = _without_shortcodes(content, count_gallery)
    # An unclosed frame would swallow the rest of the text; an embed can't hold any.
    content = re.sub(r"<iframe\b", "<embed", content, flags=re.IGNORECASE)
    content = re.sub(r"</iframe\s*>", "", content, flags=re.IGNORECASE)
    content = _LONG_CODE.sub(r"<pre><code>\1</code></pre>", content)
    if _nesting(content) > _MAX_NESTING:
        content = re.sub(r"<[^<>]*>", "", content)
    writer = _BodyWriter(resolve, is_classic)
    writer.feed(_well_formed(content))
    writer.close()
    return Conversion(writer.html(), writer.pictures, galleries)


def plain_text(markup):
    """The words of a title or excerpt on one line: no tags, entities or shortcodes."""
    writer = _WordWriter()
    writer.feed(_without_shortcodes(_without_comments(_CONTROL.sub("", markup)), lambda name: None))
    writer.close()
    return " ".join("".join(writer.words).split())


def _well_formed(content):
    return nh3.clean(
        content,
        tags=_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )


def _nesting(content):
    """How deep the elements that must be closed lie in each other at most."""
    depth = deepest = 0
    for tag in _NESTING_TAG.finditer(content):
        depth = max(depth + (-1 if tag[1] else 1), 0)
        deepest = max(deepest, depth)
    return deepest


def _without_comments(content):
    """Comments taken out; where they divide the text (more, nextpage) a blank line stays."""
    pieces = []
    position = 0
    while (start := content.find("<!--", position)) >= 0:
        end = content.find("-->", start + 4)
        if end < 0:
            # A comment that is never closed would hide the rest of the text.
            pieces += (content[position:start], "&lt;!--")
            position = start + 4
            continue
        pieces.append(content[position:start])
        if re.match(r"\s*(more|nextpage)\b", content[start + 4 : end]):
            pieces.append("\n\n")
        position = end + 3
    pieces.append(content[position:])
    return "".join(pieces)


def _without_shortcodes(content, notice):
    pieces = []
    position = 0
    closed = set(re.findall(r"\[/([a-z][a-z0-9_-]*)\]", content))
    for verbatim in _VERBATIM.finditer(content):
        pieces.append(_replace_shortcodes(content[position : verbatim.start()], closed, notice))
        pieces.append(verbatim.group())
        position = verbatim.end()
    pieces.append(_replace_shortcodes(content[position:], closed, notice))
    return "".join(pieces)


def _replace_shortcodes(text, closed, notice):
    def replace(match):
        name, arguments = match["name"], match["arguments"]
        if not _is_shortcode(name, arguments, match["slash"], closed):
            return match.group()
        if match["open"] and match["close"]:
            # Doubled brackets are how an author shows a shortcode to readers.
            return match.group()[1:-1]
        outside = (match["open"] or "", match["close"] or "")
        if match["slash"]:
            replacement = _closing(name)
        else:
            notice(name)
            replacement = _opening(name, arguments)
        return replacement.join(outside)

    return _SHORTCODE.sub(replace, text)


def _is_shortcode(name, arguments, slash, closed):
    """Whether it is one, and not a word that an author put in brackets ("[sic]")."""
    return bool(
        name == "gallery"
        or name in closed
        or slash
        or "_" in name
        or _ARGUMENT.search(arguments)
        or arguments.rstrip().endswith("/")
        or (name in _PLAYER_SHORTCODES and _ADDRESS.search(arguments))
    )


def _opening(name, arguments):
    if name in {"caption", "wp_caption"}:
        # Old versions wrote the words of the caption here, newer ones behind the picture.
        values = {m[1]: m[3] or m[4] or m[5] or "" for m in _ARGUMENT.finditer(arguments)}
        return f"\n\n<figure><figcaption>{values.get('caption', '')}</figcaption>"
    if name in {"embed", "gallery"}:
        return "\n\n"
    address = _ADDRESS.search(arguments) if name in _PLAYER_SHORTCODES else None
    return f"\n\n{escape(unescape(address.group()))}\n\n" if address else ""


def _closing(name):
    if name in {"caption", "wp_caption"}:
        return "</figure>\n\n"
    return "\n\n" if name == "embed" else ""


class _WordWriter(HTMLParser):
    """Collects the words of a piece of markup."""

    def __init__(self):
        super().__init__()
        self.words = []

    def handle_starttag(self, tag, attrs):
        if tag in {"br", "p", "li", "div"}:
            self.words.append(" ")

    def handle_endtag(self, tag):
        self.handle_starttag(tag, ())

    def handle_data(self, data):
        self.words.append(data)


class _BodyWriter(HTMLParser):
    """Writes a body from well-formed HTML, in one pass and without recursion.

    The words between two blocks are gathered as a run of pieces: a text, or the opening or
    closing of an inline element. Where a paragraph ends inside an inline element (which HTML
    forbids and WordPress allows), the element is closed there and opened again behind.
    """

    def __init__(self, resolve, is_classic):
        super().__init__()
        self._resolve = resolve
        self._is_classic = is_classic
        self._out = []
        self._blocks = []
        self._inline = []
        self._run = []
        self._in_paragraph = 0
        self._open_players = 0
        self._is_player_linked = False
        self.pictures = 0

    def html(self):
        return "".join(self._out)

    def close(self):
        super().close()
        self._flush()
        while self._blocks:
            self._close_block()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in _INLINE:
            self._open_inline(tag, attrs)
        elif tag in _PLAYERS:
            if tag in _OUTER_PLAYERS:
                self._open_players += 1
            self._link_to_player(attrs.get(_PLAYERS[tag]))
        elif tag == "img":
            self.pictures += 1
        elif tag == "br":
            self._run.append("\n" if self._is_in("pre") else ("br",))
        elif tag == "hr":
            self._flush()
            self._out.append("<hr>\n")
        elif tag == "q":
            self._run.append("“")
        elif tag in _BLOCKS:
            self._flush()
            self._open_block(_BLOCKS[tag], attrs)
        elif tag in _TRANSPARENT:
            self._flush()
            self._in_paragraph += tag == "p"
            if tag == "dt":
                self._open_inline("strong", {})

    def handle_endtag(self, tag):
        if tag in _INLINE:
            self._close_inline()
        elif tag in _OUTER_PLAYERS:
            self._open_players -= 1
            self._is_player_linked = False
        elif tag == "q":
            self._run.append("”")
        elif tag in _BLOCKS:
            self._flush()
            self._close_block()
        elif tag in _TRANSPARENT:
            self._flush()
            self._in_paragraph -= tag == "p"
            if tag == "dt":
                self._close_inline()

    def handle_data(self, data):
        if self._is_in("pre"):
            self._run.append(data)
            return
        first, *others = _BLANK_LINES.split(data)
        self._run.append(first)
        for text in others:
            self._flush(is_divided=True)
            self._run.append(text)

    def _is_in(self, tag):
        return any(block.tag == tag for block in self._blocks)

    def _open_block(self, tag, attrs):
        # Deeper nesting than any text has would only cost those who work with the body later.
        is_written = len(self._blocks) < _MAX_DEPTH
        if tag == "li":
            is_written = is_written and bool(self._blocks) and self._blocks[-1].tag in _LISTS
        self._blocks.append(_Block(tag, len(self._out), is_written))
        if is_written:
            kept = "".join(f' {n}="{escape(v)}"' for n, v in attrs.items() if v)
            self._out.append(f"<{tag}{kept}>")

    def _close_block(self):
        block = self._blocks.pop()
        if not block.is_written:
            return
        if len(self._out) == block.position + 1 and block.tag not in _KEPT_WHEN_EMPTY:
            self._out.pop()
        else:
            self._out.append(f"</{block.tag}>\n")

    def _open_inline(self, tag, attrs):
        name = _INLINE[tag]
        opening = ""
        if name == "a":
            href = self._resolve(attrs["href"].strip()) if attrs.get("href") else ""
            opening = f'<a href="{escape(href)}">' if href else ""
        elif name and all(name != other for _tag, other, _opening in self._inline):
            opening = f"<{name}>"
        name = name if opening else None
        self._inline.append((tag, name, opening))
        if opening:
            self._run.append(("open", name, opening))

    def _close_inline(self):
        _tag, name, _opening = self._inline.pop()
        if name:
            self._run.append(("close", name))

    def _link_to_player(self, address):
        if address and address.startswith("//"):
            address = f"https:{address}"
        if not address or not _ADDRESS.fullmatch(address) or self._is_player_linked:
            return
        # One film in several formats needs one link.
        self._is_player_linked = bool(self._open_players)
        self._flush()
        self._run = [address]
        self._flush()

    def _flush(self, is_divided=False):
        """Writes the run as a paragraph, or as the words of the block that holds it."""
        pieces = self._run + [("close", name) for _tag, name, _o in reversed(self._inline) if name]
        self._run = [("open", name, opening) for _tag, name, opening in self._inline if name]
        block = next((b for b in reversed(self._blocks) if b.is_written), None)
        is_verbatim = bool(block) and block.tag == "pre"
        written = self._write(pieces if is_verbatim else _trimmed(pieces), is_verbatim)
        if not written:
            return
        if is_verbatim:
            self._out.append(written)
        elif not block or block.tag == "blockquote":
            self._out.append(f"<p>{written}</p>\n")
        elif block.tag in _LISTS:
            self._out.append(f"<li>{written}</li>\n")
        elif block.tag in _TABLE_PARTS:
            self._write_before_table(written)
        elif block.tag in _HEADINGS:
            # A heading is one line, however it was typed.
            written = re.sub(r"\s*<br>\s*|\n", " ", written)
            self._out.append(f" {written}" if block.has_words else written)
        elif is_divided or block.has_words or self._in_paragraph:
            self._out.append(f"<p>{written}</p>")
        else:
            self._out.append(written)
        if block:
            block.has_words = True

    def _write_before_table(self, written):
        """For the caption of a table, which has no place inside a table of ours."""
        start = next(i for i, b in enumerate(self._blocks) if b.tag == "table")
        self._out.insert(self._blocks[start].position, f"<p>{written}</p>\n")
        for block in self._blocks[start:]:
            block.position += 1

    def _write(self, pieces, is_verbatim):
        """The HTML of a run; nothing if it holds no words."""
        words = "".join(p for p in pieces if isinstance(p, str))
        if not words.strip():
            return ""
        out = []
        opened = []
        for piece in pieces:
            if isinstance(piece, str):
                text = escape(piece, quote=False)
                if self._is_classic and not is_verbatim:
                    text = re.sub(r"\n[ \t]*", "<br>\n", text)
                out.append(text)
            elif piece[0] == "br":
                out.append("<br>\n")
            elif piece[0] == "open":
                opened.append(len(out))
                out.append(piece[2])
            elif opened:
                position = opened.pop()
                if "".join(out[position + 1 :]).strip():
                    out.append(f"</{piece[1]}>")
                else:
                    # Nothing is left inside, perhaps because a picture stood there.
                    out[position] = ""
        written = "".join(out)
        if not is_verbatim and written == escape(words, quote=False) and _ADDRESS.fullmatch(words):
            # WordPress shows a player for an address that stands alone.
            href = self._resolve(words)
            return f'<a href="{escape(href)}">{written}</a>' if href else written
        return written


@dataclass
class _Block:
    """An open block of the output, and where in the output it began."""

    tag: str
    position: int
    is_written: bool
    has_words: bool = False


def _trimmed(pieces):
    """The run without space and breaks at its ends, and without space beside its breaks."""
    pieces = list(pieces)
    for indexes, strip in (
        (range(len(pieces)), str.lstrip),
        (range(len(pieces) - 1, -1, -1), str.rstrip),
    ):
        has_words = False
        is_edge = True
        for index in indexes:
            piece = pieces[index]
            if isinstance(piece, str):
                if is_edge:
                    piece = pieces[index] = strip(piece)
                has_words = has_words or bool(piece)
                is_edge = is_edge and not piece
            elif piece[0] == "br":
                if not has_words:
                    pieces[index] = ""
                is_edge = True
    return pieces
