"""The shape on which all importers agree. Pure: no models, settings or network.

A reader of a format is a module of articles.importing.readers with

    read(path, *, now) -> iterator of ImportedAuthor, ImportedTag, ImportedArticle and Problem

in an order in which authors and tags come before the articles that name them. `now` is an aware
datetime, against which relative dates are resolved. A reader never raises for bad content: what
can't be read becomes a Problem, and the next item is read.

Bodies are HTML, not yet sanitised (the loader does that). In a body, a link to another document
of the same import is written as

    <a href="import:SOURCE_ID">words</a>   or   <a href="import:SOURCE_ID#FRAGMENT">words</a>

where FRAGMENT is the slug of a heading of the target, or the id that the source gave it. A mention
by title, where the source gives no address, is written
<a href="import-title:TITLE, percent-encoded">TITLE</a>. Links to a tag or author are
<a href="import-tag:NAME OR SLUG"> and <a href="import-author:NAME OR SLUG"> (percent-encoded).
A picture is <img src="import:LOCATION" alt="…">, LOCATION being a key of `images`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that an importer could not take over, or not as it stood.

    where: the file and, as far as known, the line, item or heading. why: one plain sentence.
    fatal: the item was not read at all (else it was read, and this is worth knowing).
    """

    where: str
    why: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class ImportedImage:
    """A picture beside the imported text. path is a file on this machine."""

    path: Path
    alt: str = ""
    caption: str = ""
    credit: str = ""


@dataclass(frozen=True, slots=True)
class ImportedAuthor:
    name: str
    slug: str = ""
    role: str = ""
    short_bio: str = ""
    long_bio: str = ""


@dataclass(frozen=True, slots=True)
class ImportedTag:
    name: str
    slug: str = ""
    description: str = ""
    aliases: tuple[str, ...] = ()
    image: ImportedImage | None = None


@dataclass(frozen=True, slots=True)
class RelatedTo:
    """A related link: to a document of the same import (source_id), or to an outside url."""

    source_id: str = ""
    url: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """What a document says of another document of the same import (source_id).

    kind: "updates" or "corrects" (of an article or page), or "series" (of a series: its parts, in
    order). fragment: the section that is meant, named as in a link; "" for the whole. note: a
    sentence for the readers of both.
    """

    kind: str
    source_id: str
    fragment: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ImportedArticle:
    """One article, page or series.

    source: what the item belongs to, the same at every run (a site's address, "markdown", …).
    source_id: its permanent name there. where: for reports. published_at: aware; in the future
    means a schedule; None means now. updated_at: aware or None. status: "published" or "draft".
    old_paths: paths at which it used to stand ("/2013/01/a-title/").
    """

    source: str
    source_id: str
    where: str
    title: str
    body: str
    kind: str = "article"
    status: str = "published"
    language: str = "en"
    slug: str = ""
    standfirst: str = ""
    published_at: datetime | None = None
    updated_at: datetime | None = None
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    related: tuple[RelatedTo, ...] = ()
    relations: tuple[Relation, ...] = ()
    lead_image: str = ""
    images: dict[str, ImportedImage] = field(default_factory=dict)
    old_paths: tuple[str, ...] = ()
