"""WordPress exports (WXR): posts become articles, pages become pages.

The file is read twice, item by item: first for ids, addresses and names, then for the texts.
Pictures stay behind, since nothing is fetched from the network.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, unquote, urljoin, urlsplit

from lxml import etree

from articles.importing.documents import ImportedArticle, ImportedAuthor, ImportedTag, Problem
from articles.importing.readers.text_files import UnreadableError, plain, repaired
from articles.importing.readers.wordpress_content import convert, plain_text
from articles.names import fold, make_slug

_KINDS = {"post": "article", "page": "page"}
_SKIPPED_STATUSES = frozenset({"trash", "auto-draft", "inherit"})
_TERM_DOMAINS = frozenset({"category", "post_tag", "tag"})
_OUTSIDE_SCHEMES = frozenset({"http", "https", "mailto"})
_PROLOG_BYTES = 1_000_000
_MAX_DAMAGE_REPORTS = 10
_WORDS_OF_MADE_TITLE = 8


def read(path, *, now):
    """Yields the authors and tags in use, then posts and pages in the order of the file."""
    try:
        start = _start_of_export(path)
        export = _Export(path, start)
    except UnreadableError as error:
        yield Problem(path.name, str(error), fatal=True)
        return
    yield from export.problems
    yield from export.authors()
    yield from export.tags()
    seen = set()
    for item in _elements(path, start, ("item",)):
        fields = _Fields(item)
        if fields.kind in _KINDS and fields.status not in _SKIPPED_STATUSES:
            yield from _read_item(export, fields, seen, now)


def _start_of_export(path):
    """Where the XML of an export begins; UnreadableError says why it is none."""
    try:
        with path.open("rb") as file:
            head = file.read(_PROLOG_BYTES)
    except OSError as error:
        raise UnreadableError(f"The file can't be opened: {error.strerror or error}.") from error
    if not head.strip():
        raise UnreadableError("The file is empty.")
    # Some sites write blank lines before the declaration, which no parser accepts.
    start = len(head) - len(head.removeprefix(b"\xef\xbb\xbf").lstrip())
    prolog = re.sub(rb"<!--.*?-->|<\?.*?\?>", b"", head[start:], flags=re.DOTALL).lstrip()
    if prolog.startswith(b"<!DOCTYPE") and b"[" in prolog.partition(b">")[0]:
        # An export never declares entities; what does so may be a trap.
        raise UnreadableError("The file declares entities of its own, as no WordPress export does.")
    if not re.match(rb"(?:<!DOCTYPE[^>]*>\s*)?<rss\b", prolog):
        raise UnreadableError("The file is not a WordPress export.")
    return start


def _elements(path, start, tags, damage=None):
    """The elements of these names as they are read; an element is emptied after its use."""
    with path.open("rb") as file:
        file.seek(start)
        parser = etree.iterparse(
            file,
            tag=tags,
            resolve_entities=False,
            no_network=True,
            huge_tree=True,
            recover=True,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            for _event, element in parser:
                yield element
                if element.tag == "item":
                    _forget(element)
        except etree.XMLSyntaxError:
            # The log says where; all that stands before has been read.
            pass
        if damage is not None:
            damage += [(entry.line, plain(entry.message)) for entry in parser.error_log]


def _forget(item):
    """Frees the memory of an item and of those before it."""
    item.clear()
    previous = item.getprevious()
    while previous is not None and previous.tag == "item":
        item.getparent().remove(previous)
        previous = item.getprevious()


def _name(element):
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _text(element):
    return "".join(element.itertext()).strip()


class _Fields:
    """The values of one item, read from its direct children."""

    def __init__(self, item):
        self.line = item.sourceline
        self.terms = []
        self.values = {}
        self.thumbnail = False
        self.comments = 0
        for child in item:
            name = _name(child)
            if name == "encoded":
                name = "excerpt" if "excerpt" in (etree.QName(child).namespace or "") else "content"
            if name == "category":
                self.terms.append(
                    (child.get("domain", "category"), child.get("nicename", ""), _text(child))
                )
            elif name == "postmeta":
                self.thumbnail |= any(_text(value) == "_thumbnail_id" for value in child)
            elif name == "comment":
                self.comments += 1
            elif name and name != "item":
                self.values.setdefault(name, _text(child))
        self.id = self["post_id"]
        self.kind = self["post_type"]
        self.status = self["status"]
        # Damaged exports hold a stray ">" before the name.
        self.creator = self["creator"].strip("<> ")

    def __getitem__(self, name):
        return self.values.get(name, "")

    @property
    def where(self):
        title = plain(plain_text(self["title"]))
        return f"item {self.id or '?'} (line {self.line})" + (f" “{title}”" if title else "")

    @property
    def names_of_terms(self):
        return [
            name
            for domain, nicename, text in self.terms
            if domain in _TERM_DOMAINS
            and (name := plain(plain_text(text)))
            and nicename != "uncategorized"
            and fold(name) != "uncategorized"
        ]


@dataclass
class _Term:
    name: str
    slug: str = ""
    description: str = ""


@dataclass
class _Export:
    """What the first pass learns: names, and which addresses belong to which item."""

    path: object
    start: int
    base: str = ""
    language: str = "en"
    problems: list = field(default_factory=list)

    def __post_init__(self):
        self._hosts = set()
        self._ids = set()
        self._ids_by_path = {}
        self._names_by_login = {}
        self._terms = {}
        self._used_terms = {}
        self._creators = {}
        left_behind = Counter()
        damage = []
        has_items = False
        tags = ("item", "{*}author", "{*}base_blog_url", "{*}category", "{*}tag", "{*}term")
        for element in _elements(self.path, self.start, (*tags, "link", "language"), damage):
            parent = element.getparent()
            if element.tag == "item":
                has_items = True
                self._note_item(_Fields(element), left_behind)
            elif parent is not None and parent.tag == "channel":
                self._note_heading(element)
        if not has_items:
            raise UnreadableError("The export holds no items.")
        self._report(damage, left_behind)

    def authors(self):
        names = dict(self._names_by_login)
        for login in self._creators:
            names.setdefault(login, login)
        for login, name in names.items():
            # A log-in that is a mail address is nobody's business.
            slug = make_slug(name if "@" in login else login, fallback="author")
            yield ImportedAuthor(name=name, slug=slug)

    def author_name(self, login):
        return self._names_by_login.get(login, login)

    def tags(self):
        for key, name in self._used_terms.items():
            term = self._terms.get(key) or _Term(name)
            yield ImportedTag(name=term.name, slug=term.slug, description=term.description)

    def tag_name(self, name):
        """The one name that stands for all that fold to the same."""
        term = self._terms.get(fold(name))
        return term.name if term else self._used_terms.get(fold(name), name)

    def resolve(self, address, own_id):
        """The address that a link of an item shall have, or "" where only words can stay."""
        if address.startswith("#"):
            return f"import:{own_id}{address}" if len(address) > 1 else ""
        try:
            address = urljoin(f"{self.base}/", address)
            parts = urlsplit(address)
            source_id = self._id_at(parts)
        except ValueError:
            return ""
        if source_id:
            fragment = f"#{unquote(parts.fragment)}" if parts.fragment else ""
            return f"import:{source_id}{fragment}"
        return address if parts.scheme in _OUTSIDE_SCHEMES else ""

    def _id_at(self, parts):
        if _bare_host(parts) not in self._hosts:
            return None
        query = parse_qs(parts.query)
        for key in ("p", "page_id"):
            if query.get(key, [""])[0] in self._ids:
                return query[key][0]
        return self._ids_by_path.get(_bare_path(parts))

    def _note_heading(self, element):
        name = _name(element)
        if name == "base_blog_url" or element.tag == "link":
            address = _text(element).rstrip("/")
            if name == "base_blog_url" or not self.base:
                self.base = address
            self._hosts.add(_bare_host(urlsplit(address)))
        elif element.tag == "language":
            self.language = _text(element).partition("-")[0].lower() or "en"
        elif name == "author":
            values = {_name(child).removeprefix("author_"): _text(child) for child in element}
            login = values.get("login", "")
            full_name = f"{values.get('first_name', '')} {values.get('last_name', '')}"
            author = plain(values.get("display_name") or "") or plain(full_name) or login
            if login:
                self._names_by_login.setdefault(login, author)
        elif name in {"category", "tag", "term"}:
            values = {_name(child): _text(child) for child in element}
            term = plain(
                plain_text(
                    values.get("cat_name") or values.get("tag_name") or values.get("term_name", "")
                )
            )
            slug = (
                values.get("category_nicename") or values.get("tag_slug") or values.get("term_slug")
            )
            description = next((v for k, v in values.items() if k.endswith("_description")), "")
            if term and values.get("term_taxonomy", "category") in _TERM_DOMAINS:
                known = self._terms.setdefault(fold(term), _Term(term, unquote(slug or "")))
                known.description = known.description or plain(plain_text(description))

    def _note_item(self, fields, left_behind):
        left_behind["comment"] += fields.comments
        if not fields.kind:
            why = "The item is too damaged to be read."
            self.problems.append(Problem(fields.where, why, fatal=True))
            return
        if fields.kind not in _KINDS:
            left_behind[fields.kind] += 1
            return
        if fields.status in _SKIPPED_STATUSES:
            left_behind[f"{fields.kind} ({fields.status})"] += 1
            return
        if not fields.id:
            return
        self._ids.add(fields.id)
        for name in fields.names_of_terms:
            self._used_terms.setdefault(fold(name), name)
        if fields.creator:
            self._creators.setdefault(fields.creator)
        path = _real_path(fields["link"])
        if path:
            self._ids_by_path.setdefault(path.strip("/").lower(), fields.id)

    def _report(self, damage, left_behind):
        where = self.path.name
        for line, message in damage[:_MAX_DAMAGE_REPORTS]:
            why = f"The XML is damaged here ({message}); what could be read was taken over."
            self.problems.append(Problem(f"{where}, line {line}", why))
        if len(damage) > _MAX_DAMAGE_REPORTS:
            more = len(damage) - _MAX_DAMAGE_REPORTS
            self.problems.append(Problem(where, f"The XML is damaged in {more} more places."))
        kinds = [f"{count} × {kind}" for kind, count in sorted(left_behind.items()) if count]
        if kinds:
            self.problems.append(Problem(where, f"Not taken over: {', '.join(kinds)}."))


def _bare_host(parts):
    return (parts.hostname or "").removeprefix("www.")


def _bare_path(parts):
    return unquote(parts.path).strip("/").lower()


def _real_path(link):
    """The path of an item's address, or "" for those that WordPress gives to drafts ("/?p=1")."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    query = parse_qs(parts.query)
    is_real = parts.path.strip("/") and not {"p", "page_id"} & query.keys()
    return f"/{unquote(parts.path).lstrip('/')}" if is_real else ""


def _read_item(export, fields, seen, now):
    where = fields.where
    if not fields.id:
        yield Problem(where, "The item has no id.", fatal=True)
        return
    if fields.id in seen:
        yield Problem(where, "Another item has the same id.", fatal=True)
        return
    seen.add(fields.id)
    problems = []
    content = repaired(fields["content"], where, problems)
    conversion = convert(content, lambda address: export.resolve(address, fields.id))
    pictures = conversion.pictures + fields.thumbnail
    if pictures or conversion.galleries:
        counts = [
            f"{count} {noun}{'s' if count > 1 else ''}"
            for count, noun in ((pictures, "picture"), (conversion.galleries, "gallery"))
            if count
        ]
        left_out = " and ".join(counts).replace("gallerys", "galleries")
        problems.append(Problem(where, f"Left out: {left_out}."))

    published_at = _date(fields)
    status = _status(fields, published_at, now, problems)
    title = plain(plain_text(repaired(fields["title"], where, problems)))
    if not title:
        title = _made_title(conversion.html) or f"Untitled ({fields.id})"
        status = "draft"
        problems.append(Problem(where, f"It has no title; it is a draft called “{title}”."))
    was_public = status == "published" and published_at is not None and published_at <= now
    old_path = _real_path(fields["link"]) if was_public else ""
    updated_at = _moment(fields["post_modified_gmt"])

    yield from problems
    yield ImportedArticle(
        source=export.base,
        source_id=fields.id,
        where=where,
        title=title,
        body=conversion.html,
        kind=_KINDS[fields.kind],
        status=status,
        language=export.language,
        slug=unquote(fields["post_name"]),
        standfirst=plain(plain_text(repaired(fields["excerpt"], where, problems))),
        published_at=published_at,
        updated_at=updated_at
        if updated_at and published_at and updated_at > published_at
        else None,
        authors=(export.author_name(fields.creator),) if fields.creator else (),
        tags=tuple(dict.fromkeys(export.tag_name(name) for name in fields.names_of_terms)),
        old_paths=(old_path,) if old_path else (),
    )


def _status(fields, published_at, now, problems):
    """ "published" or "draft"; whatever isn't plainly public becomes a draft."""
    why = ""
    if fields["post_password"]:
        why = "It is protected by a password"
    elif fields.status == "private":
        why = "It is private"
    elif fields.status in {"draft", "pending"}:
        return "draft"
    elif fields.status not in {"publish", "future"}:
        why = f"Its status “{fields.status}” is unknown"
    elif published_at is None:
        why = "It has no date that can be read"
    if why:
        problems.append(Problem(fields.where, f"{why}, so it is imported as a draft."))
        return "draft"
    return "published"


def _date(fields):
    return (
        _moment(fields["post_date_gmt"])
        or _moment(fields["post_date"])
        or _mail_moment(fields["pubDate"])
    )


def _moment(text):
    """An aware datetime from "2012-01-07 07:07:21", or None ("0000-00-00 00:00:00")."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


def _mail_moment(text):
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _made_title(html):
    words = plain(plain_text(html)).split()
    title = " ".join(words[:_WORDS_OF_MADE_TITLE])
    return f"{title}…" if len(words) > _WORDS_OF_MADE_TITLE else title
