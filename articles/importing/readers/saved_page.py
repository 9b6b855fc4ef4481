"""The plain text of an article page, as a browser saves it.

Such a text holds the headline several times, then the paragraphs and headings, each on a line
of its own, and at the end the box about the author. What was a link is only words.
"""

import re
from html import escape
from urllib.parse import quote

from articles.importing.documents import ImportedArticle, ImportedAuthor, Problem
from articles.importing.readers.text_files import UnreadableError, plain, read_text, repaired
from articles.names import make_slug

SOURCE = "saved-page"
_BACK_LINK = re.compile(r"(?:←\s*)?back to home", re.IGNORECASE)
_AUTHOR_HEADING = "about the author"
_AUTHOR_LINK = re.compile(r"about me\s*(?:→|->|»)?", re.IGNORECASE)
_HEADING_MAX_LENGTH = 120
_HEADING_MAX_WORDS = 18

_SENTENCE_START = re.compile(r"(?:^|(?<=[.!?…”\"’)]\s))(?=For\s|To\s|See\s|Read\s)")
_SEE_ALSO = re.compile(
    r"(?:(?:For|To)\s(?:(?!\sFor\s|\sTo\s).){1,250}?,\s+(?:please\s+)?"
    r"(?:see(?:\s+also)?|refer\s+to|consider\s+reading|read|consult|turn\s+to|check\s+out)"
    r"|(?:See|Read)(?:\s+(?:also|more:?))?:?)"
    r"\s+(?P<quote>[“\"„«‘]?)(?=[^\W\d_a-z]|\d)"
)
_CLOSING_QUOTES = '”"“»’'
_SENTENCE_END = re.compile(
    r"(?<![A-Z])(?<!\bvs)(?<!\b[DMS][rst])(?<!\bNo)[.!?](?=[”\"»’]?\s+[A-Z“\"])"
)
_TITLE_MAX_LENGTH = 160
_SMALL_WORDS = re.compile(
    r"a|after|an|and|as|at|before|between|but|by|for|from|in|into|is|its|nor|of|on|or|over|s|since"
    r"|than|that|the|to|under|vs|with|without"
)


def read(path, *, now):
    """Yields the author and the article of one saved page. It has no date: now is not needed."""
    where = path.name
    problems = []
    try:
        lines = repaired(read_text(path), where, problems).split("\n")
        title, body_lines, author_lines = _parts(lines)
        body = _body(body_lines)
    except UnreadableError as error:
        yield Problem(where, str(error), fatal=True)
        return
    author = _author(author_lines)
    if author:
        yield author
    else:
        problems.append(Problem(where, "There is no box about the author; it has no byline."))
    yield from problems
    slug = make_slug(title, fallback="article")
    yield ImportedArticle(
        source=SOURCE,
        source_id=slug,
        where=where,
        title=title,
        body=body,
        slug=slug,
        authors=(author.name,) if author else (),
    )


def _parts(lines):
    """(title, lines of the text, lines of the author box) of the lines of a page."""
    lines = [plain(line) for line in lines]
    has_back_link = any(_BACK_LINK.fullmatch(line) for line in lines)
    lines = [line for line in lines if not _BACK_LINK.fullmatch(line)]
    title = next((line for line in lines if line), "")
    start = lines.index(title) if title else 0
    repeats = 0
    while start < len(lines) and lines[start] in {"", title}:
        repeats += lines[start] == title
        start += 1
    end = len(lines)
    author_lines = []
    for index in range(len(lines) - 1, start - 1, -1):
        if lines[index].casefold() == _AUTHOR_HEADING:
            end = index
            author_lines = [line for line in lines[index + 1 :] if line]
            break
    if not title or not (has_back_link or repeats > 1 or author_lines):
        raise UnreadableError("The text does not look like the saved page of an article.")
    if author_lines:
        end = _without_avatar(lines, start, end)
    return title, lines[start:end], author_lines


def _without_avatar(lines, start, end):
    """The end of the text, before the initial that stands in the avatar."""
    index = end - 1
    while index > start and not lines[index]:
        index -= 1
    return index if index >= start and re.fullmatch(r"\w{1,2}", lines[index]) else end


def _author(lines):
    if not lines:
        return None
    name, *others = lines
    details = []
    for line in others:
        if _AUTHOR_LINK.fullmatch(line):
            break
        details.append(line)
    role = details.pop(0) if details and not details[0].endswith(".") else ""
    slug = make_slug(name, fallback="author")
    return ImportedAuthor(name=name, slug=slug, role=role, short_bio=" ".join(details))


def _body(lines):
    blocks = [block.split("\n") for block in re.split(r"\n\n+", "\n".join(lines).strip("\n"))]
    blocks = [block for block in blocks if any(block)]
    if not any(not _is_heading(block) for block in blocks):
        raise UnreadableError("The text does not look like the saved page of an article.")
    html = []
    for index, block in enumerate(blocks):
        # What nothing follows heads nothing.
        if _is_heading(block) and index + 1 < len(blocks):
            html.append(f"<h2>{escape(block[0], quote=False)}</h2>\n")
        else:
            html.append(f"<p>{_with_mention(' '.join(block))}</p>\n")
    return "".join(html)


def _is_heading(block):
    line = block[0]
    return (
        len(block) == 1
        and len(line) <= _HEADING_MAX_LENGTH
        and len(line.split()) <= _HEADING_MAX_WORDS
        and not re.search(r"[.!…:;,][”\"’»)]*$", line)
    )


def _with_mention(paragraph):
    """The paragraph as HTML, with links where it sends the reader on to a title."""
    html = []
    position = 0
    for sentence in _SENTENCE_START.finditer(paragraph):
        if sentence.start() < position:
            continue
        lead = _SEE_ALSO.match(paragraph, sentence.start())
        if not lead:
            continue
        title = _mentioned_title(paragraph[lead.end() :], bool(lead["quote"]))
        if not title:
            continue
        link = f'<a href="import-title:{quote(title, safe="")}">{escape(title, quote=False)}</a>'
        html += (escape(paragraph[position : lead.end()], quote=False), link)
        position = lead.end() + len(title)
    html.append(escape(paragraph[position:], quote=False))
    return "".join(html)


def _mentioned_title(rest, is_quoted):
    """The title with which the rest of a paragraph begins, or "".

    Titles may hold full stops, so a mention that ends the paragraph is taken up to its end, if
    all of it is written like a title; otherwise up to the end of the sentence.
    """
    if is_quoted:
        closing = re.search(f"[{_CLOSING_QUOTES}](?=[\\s.,;:!?)]|$)", rest)
        candidates = [rest[: closing.start()]] if closing else []
    else:
        end = _SENTENCE_END.search(rest)
        candidates = [rest.removesuffix(".")]
        if end:
            candidates.append(rest[: end.end() if end.group() in "?!" else end.start()])
    for candidate in candidates:
        title = candidate.rstrip(",;:").removesuffix(".") if is_quoted else candidate
        if _is_like_title(title):
            return title
    return ""


def _is_like_title(words):
    return (
        len(words) <= _TITLE_MAX_LENGTH
        and len(words.split()) > 1
        and all(map(_has_capitals, re.split(r"(?<=[.!?])\s+", words)))
    )


def _has_capitals(words):
    """Whether the words that English titles write with a capital mostly have one."""
    weighty = [w for w in re.findall(r"[^\W_]+", words) if not _SMALL_WORDS.fullmatch(w)]
    capitals = [w for w in weighty if w[0].isupper() or w[0].isdigit()]
    return len(capitals) >= 0.7 * len(weighty)
