"""Markdown files with YAML front matter: one file, or a folder of them.

In a folder, files and folders whose names start with "_" or "." are no articles. Of those,
_authors.yaml, _tags.yaml and _images.yaml describe what the articles name.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import yaml
from frontmatter import YAMLHandler
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from articles.importing.documents import (
    ImportedArticle,
    ImportedAuthor,
    ImportedImage,
    ImportedTag,
    Problem,
    RelatedTo,
    Relation,
)
from articles.importing.readers.text_files import UnreadableError, plain, read_text, repaired
from articles.names import fold, make_slug

SOURCE = "markdown"
_SUFFIXES = {".md", ".markdown"}
_OUTSIDE_SCHEMES = {"http", "https", "mailto"}
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
# What a key of the front matter says of the documents named under it.
_RELATIONS = {"updates": "updates", "corrects": "corrects", "parts": "series"}
_RELATIVE_DATE = re.compile(r"in (\d{1,4}) (minute|hour|day|week)s?")


def read(path, *, now):
    """Yields the authors and tags described, then the articles, in the order of file names."""
    if path.is_dir():
        folder = _Folder(path)
        if not folder.files:
            yield Problem(str(path), "There is no Markdown file in this folder.", fatal=True)
            return
        yield from folder.people_and_tags()
    else:
        folder = _Folder(path.parent, only=path)
    yield from folder.problems
    for file in folder.sources:
        yield from _read_article(folder, file, now)


class _TextLoader(yaml.SafeLoader):
    """Leaves dates, numbers and "no" as the text that was written; knows true, false, null."""

    yaml_implicit_resolvers = {}


_TextLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_TextLoader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile("(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)


def _load_yaml(text):
    try:
        return yaml.load(text, Loader=_TextLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        why = error.problem or error.context
        raise UnreadableError(f"The YAML is not valid in line {line}: {why}.") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UnreadableError(f"The YAML holds a character not allowed, in line {line}.") from error
    except (RecursionError, ValueError, yaml.YAMLError) as error:
        raise UnreadableError("The YAML is not valid.") from error


def _load_source(path, where, problems):
    """(front matter, text) of a file."""
    text = repaired(read_text(path), where, problems)
    handler = YAMLHandler()
    text = text.lstrip("\n")
    if not handler.detect(text):
        return {}, text
    try:
        front_matter, body = handler.split(text)
    except ValueError:
        # A single line of hyphens is a rule, unless keys follow that are never closed.
        if re.match(r"-{3,}\s*\n\w+:", text):
            raise UnreadableError("The front matter has no closing line “---”.") from None
        return {}, text
    metadata = _load_yaml(front_matter)
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        raise UnreadableError("The front matter is not a list of keys and values.")
    return metadata, body


class _Folder:
    """What the articles of one import know of each other: ids by file, and pictures."""

    def __init__(self, root, only=None):
        self.root = root
        self.problems = []
        self.sources = {}
        self.files = [only] if only else self._find(*_SUFFIXES)
        yaml_files = [root / "_images.yaml"] if only else self._find_named("_images.yaml")
        self.images = {}
        for path in yaml_files:
            self._read_images(path)
        owners = {}
        for file in self.files:
            try:
                source_id = self._source_id(file)
            except UnreadableError as error:
                self.problems.append(Problem(self.name(file), str(error), fatal=True))
                continue
            if source_id in owners:
                why = f"“{source_id}” is already the name of {self.name(owners[source_id])}."
                self.problems.append(Problem(self.name(file), why, fatal=True))
                continue
            owners[source_id] = file
            self.sources[file] = source_id

    def name(self, path):
        """The path as reports and images name it: relative to the folder."""
        return path.relative_to(self.root).as_posix()

    def inside(self, base, address):
        """The file that a relative address names, or None where that lies outside the folder."""
        try:
            target = (base.parent / address).resolve()
            inner = target.relative_to(self.root.resolve())
        except (OSError, ValueError, RuntimeError):
            return None
        return self.root / inner

    def people_and_tags(self):
        for path in self._find_named("_authors.yaml"):
            keys = ("name", "slug", "role", "short_bio", "long_bio")
            for entry in self._entries(path, keys):
                yield ImportedAuthor(**entry)
        for path in self._find_named("_tags.yaml"):
            keys = ("name", "slug", "description", "image")
            for entry in self._entries(path, keys, ("aliases",)):
                image = self._image_of(path, entry["name"], entry["image"])
                yield ImportedTag(**entry | {"image": image})

    def _image_of(self, path, name, address):
        """The picture at an address beside a file; None and a Problem where there is none."""
        file = self.inside(path, address) if address else None
        if file is not None and file.is_file():
            return ImportedImage(path=file, **self.images.get(file, {}))
        if address:
            why = f"{name}: There is no picture “{address}”; left out."
            self.problems.append(Problem(self.name(path), why))
        return None

    def _find(self, *suffixes):
        return [p for p in self._walk() if p.suffix.lower() in suffixes and p.name[0] not in "_."]

    def _find_named(self, name):
        return [p for p in self._walk() if p.name == name]

    def _walk(self):
        paths = sorted(self.root.rglob("*"), key=lambda p: p.relative_to(self.root).parts)
        return [
            path
            for path in paths
            if path.is_file()
            and not any(part[0] in "_." for part in path.relative_to(self.root).parts[:-1])
        ]

    def _source_id(self, file):
        metadata, body = _load_source(file, "", [])
        slug = metadata.get("slug")
        if not _title(metadata) and not _first_heading(_MARKDOWN.parse(body)):
            raise UnreadableError("There is no title, neither as a key nor as a heading.")
        if isinstance(slug, str) and slug.strip():
            return make_slug(slug, fallback="article")
        # "#" would end the name of the document in a link.
        return self.name(file.with_suffix("")).replace("#", "-")

    def _read_images(self, path):
        if not path.is_file():
            return
        where = self.name(path)
        try:
            descriptions = _load_yaml(repaired(read_text(path), where, self.problems))
        except UnreadableError as error:
            self.problems.append(Problem(where, str(error)))
            return
        if not isinstance(descriptions, dict):
            self.problems.append(Problem(where, "This is not a mapping of files to texts."))
            return
        for address, texts in descriptions.items():
            file = self.inside(path, address) if isinstance(address, str) else None
            if file is None or not isinstance(texts, dict):
                self.problems.append(Problem(where, f"“{address}” describes no picture."))
                continue
            self.images[file] = {
                key: plain(texts[key])
                for key in ("alt", "caption", "credit")
                if isinstance(texts.get(key), str)
            }

    def _entries(self, path, keys, list_keys=()):
        where = self.name(path)
        try:
            entries = _load_yaml(repaired(read_text(path), where, self.problems))
        except UnreadableError as error:
            self.problems.append(Problem(where, str(error)))
            return
        if not isinstance(entries, list):
            self.problems.append(Problem(where, "This is not a list."))
            return
        for number, entry in enumerate(entries, 1):
            if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
                self.problems.append(Problem(where, f"Entry {number} has no name."))
                continue
            values = _Values(entry, f"{where}, entry {number}", self.problems)
            found = {key: values.text(key, keep_lines=key == "long_bio") for key in keys}
            found |= {key: tuple(values.texts(key, split_commas=True)) for key in list_keys}
            yield found


class _Values:
    """The values of a mapping of keys, each as what it should be; what isn't, is a Problem."""

    def __init__(self, mapping, where, problems):
        self.mapping = mapping
        self.where = where
        self.problems = problems

    def complain(self, key, why):
        self.problems.append(Problem(self.where, f"{key}: {why}"))

    def text(self, *keys, keep_lines=False):
        """The text under the first of the keys that is there, or ""."""
        for key in keys:
            value = self.mapping.get(key)
            if isinstance(value, str):
                return value.strip() if keep_lines else plain(value)
            if value is not None:
                self.complain(key, "This should be text.")
        return ""

    def texts(self, *keys, split_commas=False, identity=str):
        """The texts under all of the keys; a single text counts as a list of one.

        Of those to which identity gives the same answer, only the first is kept.
        """
        found = {}
        for key in keys:
            value = self.mapping.get(key)
            if isinstance(value, str):
                value = value.split(",") if split_commas else [value]
            if value is None:
                continue
            if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
                self.complain(key, "This should be a list of texts.")
                value = [v for v in value if isinstance(v, str)] if isinstance(value, list) else []
            for entry in map(plain, value):
                found.setdefault(identity(entry), entry)
        return [entry for entry in found.values() if entry]

    def choice(self, key, choices):
        value = self.text(key).lower()
        if value and value not in choices:
            self.complain(key, f"“{value}” is none of {', '.join(choices)}.")
            return ""
        return value

    def is_true(self, key):
        return self._truth(key) is True

    def is_false(self, key):
        return self._truth(key) is False

    def _truth(self, key):
        value = self.mapping.get(key)
        if isinstance(value, bool) or value is None:
            return value
        return {"yes": True, "true": True, "no": False, "false": False}.get(str(value).lower())

    def moment(self, key, now):
        """(aware datetime or None, whether something stood there that can't be read)."""
        value = self.text(key)
        if not value:
            return None, self.mapping.get(key) is not None
        try:
            return _parse_moment(value, now), False
        except (ValueError, OverflowError):
            self.complain(key, f"“{value}” is not a date.")
            return None, True


def _parse_moment(value, now):
    relative = _RELATIVE_DATE.fullmatch(value.lower())
    if relative:
        return now + timedelta(**{f"{relative[2]}s": int(relative[1])})
    # "2026-02-25 08:00:00 +0100", as other publishing tools write it.
    moment = datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d\d:?\d\d$|Z$)", "", value))
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def _title(metadata):
    title = metadata.get("title")
    return plain(title) if isinstance(title, str) else ""


def _read_article(folder, file, now):
    where = folder.name(file)
    problems = []
    try:
        metadata, text = _load_source(file, where, problems)
    except UnreadableError as error:
        yield Problem(where, str(error), fatal=True)
        return
    values = _Values(metadata, where, problems)
    body = _Body(folder, file, problems)
    title = values.text("title")
    title, html = body.convert(text, title)

    slug = values.text("slug")
    if slug and make_slug(slug, fallback="article") != slug:
        wanted, slug = slug, make_slug(slug, fallback="article")
        values.complain("slug", f"“{wanted}” can't be an address; “{slug}” is taken instead.")
    published_at, is_date_bad = values.moment("date", now)
    if is_date_bad:
        problems.append(Problem(where, "Without its date it is imported as a draft."))
    # A status that can't be read must not publish what may have been meant as a draft.
    has_status = metadata.get("status") is not None
    status = values.choice("status", ("published", "draft"))
    is_draft = (
        is_date_bad
        or (has_status and status != "published")
        or values.is_true("draft")
        or values.is_false("published")
    )
    language = values.text("language", "lang").lower().replace("_", "-") or "en"
    if not _LANGUAGE.fullmatch(language):
        values.complain("language", f"“{language}” is not the code of a language.")
        language = "en"

    article = ImportedArticle(
        source=SOURCE,
        source_id=folder.sources[file],
        where=where,
        title=title,
        body=html,
        kind=values.choice("kind", ("article", "page", "series")) or "article",
        status="draft" if is_draft else "published",
        language=language,
        slug=slug,
        standfirst=values.text("summary", "standfirst", "description"),
        published_at=published_at,
        updated_at=values.moment("updated", now)[0],
        authors=tuple(values.texts("author", "authors")),
        tags=tuple(values.texts("tags", "categories", split_commas=True, identity=fold)),
        related=tuple(_related(values, body)),
        relations=tuple(_relations(values, body)),
        lead_image=_lead_image(values, body),
        images=body.images,
        old_paths=tuple(_old_paths(values)),
    )
    yield from problems
    yield article


def _lead_image(values, body):
    address = values.text("image")
    return body.image_location(address) if address else ""


def _related(values, body):
    entries = values.mapping.get("related")
    if entries is None:
        return
    for entry in entries if isinstance(entries, list) else [entries]:
        title = ""
        address = entry
        if isinstance(entry, dict):
            title = entry.get("title")
            title = plain(title) if isinstance(title, str) else ""
            address = entry.get("url")
        if not isinstance(address, str) or not address.strip():
            values.complain("related", "An entry is neither a file, an address nor title and url.")
            continue
        address = address.strip()
        if re.match("https?://", address):
            yield RelatedTo(url=address, title=title)
            continue
        source_id = body.source_id_of(address)
        if source_id:
            yield RelatedTo(source_id=source_id, title=title)
        else:
            values.complain("related", f"“{address}” is not part of this import.")


def _relations(values, body):
    for key, kind in _RELATIONS.items():
        entries = values.mapping.get(key)
        if entries is None:
            continue
        for entry in entries if isinstance(entries, list) else [entries]:
            address, note = entry, ""
            if isinstance(entry, dict):
                address, note = entry.get("article"), entry.get("note")
                if note is not None and not isinstance(note, str):
                    values.complain(key, "A note should be text.")
                note = plain(note) if isinstance(note, str) else ""
            if not isinstance(address, str) or not address.strip():
                values.complain(key, "An entry is neither a file nor article and note.")
                continue
            path, fragment = _split(address.strip())
            source_id = body.source_id_of(path)
            if source_id:
                yield Relation(kind, source_id, fragment=unquote(fragment), note=note)
            else:
                values.complain(key, f"“{address.strip()}” is not part of this import.")


def _old_paths(values):
    for address in values.texts("aliases", "redirect_from"):
        try:
            path = unquote(urlsplit(address).path)
        except ValueError:
            path = ""
        if path.strip("/"):
            yield path if path.startswith("/") else f"/{path}"
        else:
            values.complain("aliases", f"“{address}” is not a path.")


# From Markdown to the HTML of a body.


def _make_markdown():
    # Addresses are judged below, where a Problem can be made of a bad one.
    markdown = MarkdownIt("commonmark", {"html": False, "xhtmlOut": False, "maxNesting": 100})
    markdown.enable(["table", "strikethrough"])
    markdown.use(footnote_plugin)
    markdown.validateLink = lambda address: True
    markdown.normalizeLink = lambda address: address
    for name, rule in _FOOTNOTE_RULES.items():
        markdown.add_render_rule(name, rule)
    return markdown


def _render_footnote_mark(renderer, tokens, index, options, env):
    return f"<sup>{tokens[index].meta['id'] + 1}</sup>"


_FOOTNOTE_RULES = {
    "footnote_ref": _render_footnote_mark,
    "footnote_anchor": lambda *arguments: "",
    "footnote_block_open": lambda *arguments: "<hr>\n<ol>\n",
    "footnote_block_close": lambda *arguments: "</ol>\n",
    "footnote_open": lambda *arguments: "<li>",
    "footnote_close": lambda *arguments: "</li>\n",
}
_MARKDOWN = _make_markdown()


def _words(inline):
    """The plain text of an inline token."""
    return plain(
        "".join(
            " " if t.type in {"softbreak", "hardbreak"} else t.content
            for t in inline.children or ()
        )
    )


def _first_heading(tokens):
    for heading, inline in pairwise(tokens):
        if heading.type == "heading_open" and heading.tag == "h1":
            return _words(inline)
    return ""


@dataclass
class _Body:
    """The conversion of one file's text; gathers the pictures and problems on its way."""

    folder: _Folder
    file: Path
    problems: list

    def __post_init__(self):
        self.where = self.folder.name(self.file)
        self.images = {}

    def convert(self, text, title):
        """(title, HTML): the title given, or else the first heading of level 1."""
        env = {}
        tokens = _MARKDOWN.parse(text, env)
        title = title or _first_heading(tokens)
        tokens = self._without_title(tokens, title)
        self._shift_headings(tokens)
        kept = []
        for token in tokens:
            if token.type == "fence":
                token.info = ""
            elif token.type in {"th_open", "td_open"}:
                token.attrs = {}
            elif token.type == "inline":
                self._convert_inline(token)
                if self._is_picture_alone(kept, token):
                    kept[-1] = token
                    token.children = [_raw(self._figure(token.children[0]))]
                    continue
            elif token.type == "paragraph_close" and kept[-1].type == "inline":
                if kept[-2].type != "paragraph_open":
                    kept.append(_raw("\n", block=True))
                    continue
                if not kept[-1].children:
                    # Only a picture stood there that couldn't be taken over.
                    del kept[-2:]
                    continue
            kept.append(token)
        for name, number in env.get("footnotes", {}).get("refs", {}).items():
            if number < 0:
                self._complain(f"The note “{name.removeprefix(':')}” is cited nowhere; left out.")
        return title, _MARKDOWN.renderer.render(kept, _MARKDOWN.options, env)

    def source_id_of(self, address):
        """The name of the document that a relative address means, or None."""
        file = self.folder.inside(self.file, unquote(_split(address)[0]))
        return self.folder.sources.get(file)

    def image_location(self, address):
        """The key in images of the picture at a relative address, or "" and a Problem."""
        if _has_scheme(address):
            self._complain(f"The picture “{address}” lies elsewhere on the web; left out.")
            return ""
        file = self.folder.inside(self.file, unquote(_split(address)[0]))
        if file is None or not file.is_file():
            self._complain(f"There is no picture “{address}”; left out.")
            return ""
        location = self.folder.name(file)
        texts = self.folder.images.get(file, {})
        self.images.setdefault(location, ImportedImage(path=file, **texts))
        return location

    def _complain(self, why):
        self.problems.append(Problem(self.where, why))

    def _without_title(self, tokens, title):
        for index, token in enumerate(tokens):
            if token.type == "heading_open" and token.tag == "h1":
                if fold(_words(tokens[index + 1])) == fold(title):
                    return tokens[:index] + tokens[index + 3 :]
                break
        return tokens

    def _shift_headings(self, tokens):
        headings = [t for t in tokens if t.type in {"heading_open", "heading_close"}]
        shift = 2 - min((int(t.tag[1]) for t in headings), default=2)
        for token in headings:
            token.tag = f"h{min(int(token.tag[1]) + shift, 4)}"

    def _convert_inline(self, inline):
        children = []
        open_links = []
        for token in inline.children:
            if token.type == "link_open":
                href = self._link(token.attrs["href"])
                open_links.append(bool(href))
                if href:
                    children.append(_raw(f'<a href="{escape(href)}">'))
            elif token.type == "link_close":
                if open_links.pop():
                    children.append(_raw("</a>"))
            elif token.type == "image":
                if location := self.image_location(token.attrs["src"]):
                    children.append(self._image(token, location))
            else:
                children.append(token)
        inline.children = children

    def _link(self, address):
        """The address as documents.py writes it, or "" where only the words can stay."""
        address = address.strip()
        if re.match("(?:tag|author):", address):
            kind, _colon, name = address.partition(":")
            return f"import-{kind}:{quote(unquote(name), safe='')}"
        if _has_scheme(address):
            if address.partition(":")[0].lower() in _OUTSIDE_SCHEMES:
                return address
            if address.startswith("//"):
                return f"https:{address}"
            self._complain("A link to a forbidden kind of address was left out; its words stay.")
            return ""
        path, fragment = _split(address)
        source_id = self.source_id_of(address) if path else self.folder.sources[self.file]
        if source_id:
            return f"import:{source_id}#{unquote(fragment)}" if fragment else f"import:{source_id}"
        self._complain(f"The link to “{address}” leads nowhere in this import; its words stay.")
        return ""

    def _image(self, token, location):
        image = self.images[location]
        alt = plain(token.content) or image.alt
        html = f'<img src="import:{escape(location)}" alt="{escape(alt)}">'
        caption = plain(token.attrs.get("title", "")) or image.caption
        return _raw(html, caption=caption)

    def _is_picture_alone(self, kept, inline):
        return (
            kept
            and kept[-1].type == "paragraph_open"
            and len(inline.children) == 1
            and "caption" in inline.children[0].meta
        )

    def _figure(self, image):
        caption = image.meta["caption"]
        caption = f"<figcaption>{escape(caption, quote=False)}</figcaption>" if caption else ""
        return f"<figure>{image.content}{caption}</figure>"


def _raw(html, block=False, **meta):
    """A token that is rendered as the HTML given, made here and nowhere in the text."""
    return Token("html_block" if block else "html_inline", "", 0, content=html, meta=meta)


def _has_scheme(address):
    # Browsers skip control characters and spaces inside "java script:".
    bare = re.sub(r"[\x00-\x20]", "", address)
    return bare.startswith("//") or bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", bare))


def _split(address):
    """(path, fragment) of a relative address."""
    path, _hash, fragment = address.partition("#")
    return path.partition("?")[0], fragment
