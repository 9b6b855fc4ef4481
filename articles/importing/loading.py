"""The only writer of imported documents. It writes by the ordinary verbs.

An import may be run again: what is here and unchanged is left alone, and what an editor has
changed, withdrawn or unscheduled since stays so. Each item is written whole or not at all, and
after an interruption the next run does what is left.
"""

import base64
import hashlib
import json
import logging
import re
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from datetime import UTC
from functools import cached_property
from html import escape
from urllib.parse import unquote, urlsplit

import lxml.html
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from articles import images, publishing
from articles.importing.documents import ImportedAuthor, ImportedTag, Problem
from articles.models import (
    Article,
    Image,
    ImportRecord,
    Reference,
    Schedule,
    Tag,
    TagAlias,
)
from articles.names import fold, free_slug, is_visible, make_slug, shorten_slug
from articles.publishing import PublishingError, Words
from articles.rendering import clean, structure, with_section_ids
from authors.models import Author

logger = logging.getLogger(__name__)

# What the addresses of a year can name, with room for every time zone.
YEARS = range(1001, 2999)
# Leaves room for the number of a second tag or author of that name.
NAME_SLUG_MAX_LENGTH = 90
# Neither a database nor a page can hold these.
_UNSOUND = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass
class ImportReport:
    """What an import did. created, updated and unchanged hold the items' places and titles."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    authors: int = 0
    tags: int = 0
    pictures: int = 0


class _DryRun(Exception):
    pass


def load(documents, *, by=None, draft=False, dry_run=False, progress=None):
    """Writes what readers of formats yield and returns an ImportReport.

    by: the user who answers for it; None is the publication itself. draft: nothing is
    published. dry_run: everything is tried and taken back. progress(done, total) is
    called after every article.
    """
    loader = _Loader(by=by, draft=draft, dry_run=dry_run)
    if not dry_run:
        loader.run(documents, progress)
        return loader.report
    try:
        with transaction.atomic():
            loader.run(documents, progress)
            raise _DryRun
    except _DryRun:
        return loader.report


class _Loader:
    """One import: what it knows of the database and of its documents, and what it does."""

    def __init__(self, *, by, draft, dry_run):
        self.by, self.draft, self.dry_run = by, draft, dry_run
        self.report = ImportReport()
        self.documents = {}
        self.outlines = {}

    def run(self, documents, progress):
        authors, tags = Author.objects.count(), Tag.objects.count()
        for document in map(_sound, documents):
            if isinstance(document, Problem):
                (self.report.failed if document.fatal else self.report.notes).append(document)
            elif isinstance(document, ImportedAuthor):
                self._try(document.name, self._author, document)
            elif isinstance(document, ImportedTag):
                self._try(document.name, self._tag, document)
            elif _place(document) in self.documents:
                self.note(document.where, _("It stands twice in this import; left out here."))
            else:
                self.documents[_place(document)] = document
        for done, document in enumerate(self.documents.values(), start=1):
            self._try(document.where, self._article, document)
            if progress:
                progress(done, len(self.documents))
        self.report.authors = Author.objects.count() - authors
        self.report.tags = Tag.objects.count() - tags

    def note(self, where, why):
        self.report.notes.append(Problem(where, why))

    def _try(self, where, write, document):
        """Writes a document whole; or not at all, and says why."""
        notes = len(self.report.notes)
        try:
            with transaction.atomic():
                outcome = write(document)
        except Exception as error:
            # Whatever is wrong with one document, the others are read.
            del self.report.notes[notes:]
            self.__dict__.pop("authors", None)
            self.report.failed.append(Problem(where, _reason(error), fatal=True))
        else:
            if outcome:
                outcome()

    # People and subjects: those that are here already stay as they are.

    @cached_property
    def authors(self):
        """The uid of every author, by folded name and address."""
        rows = list(Author.objects.order_by("-pk").values_list("uid", "name", "slug"))
        return {fold(slug): uid for uid, _name, slug in rows} | {
            fold(name): uid for uid, name, _slug in rows
        }

    def _author(self, document):
        self.author_named(document.name, document.name, document)

    def author_named(self, name, where, described=None):
        """The uid of the author of this name, who is made where there is none; "" for no name."""
        name = self.cut(name, Author, "name", where)
        key = fold(name)
        if not key:
            self.note(where, _("“%(name)s” is not the name of an author.") % {"name": name})
            return ""
        if key not in self.authors:
            document = described or ImportedAuthor(name)
            slug = _short_slug(document.slug or name, "author")
            author = Author(
                name=name,
                slug=_free_slug(Author, slug),
                role=self.cut(document.role, Author, "role", where),
                short_bio=self.cut(document.short_bio, Author, "short_bio", where),
                long_bio=document.long_bio,
            )
            publishing.save_author(author)
            self.authors[key] = author.uid
            self.authors.setdefault(fold(author.slug), author.uid)
        return self.authors[key]

    def _tag(self, document):
        name = self.tag_name(document.name, document.name)
        if not name or TagAlias.objects.filter(key=fold(name)).exists():
            return
        aliases = []
        for alias in document.aliases:
            alias = self.tag_name(alias, document.name)
            taken = TagAlias.objects.filter(key=fold(alias)).select_related("tag").first()
            if taken:
                self.note(
                    document.name,
                    _("“%(name)s” already leads to the tag “%(tag)s”.")
                    % {"name": alias, "tag": taken.tag},
                )
            elif alias:
                aliases.append(alias)
        slug = _free_slug(Tag, _short_slug(document.slug or name, "tag"))
        tag = Tag(name=name, slug=slug, description=document.description)
        if document.image:
            tag.image, digest = self.picture(
                document.image, lambda sentence, **words: self.note(name, sentence % words)
            )
            self.report.pictures += bool(digest)
        publishing.save_tag(tag, aliases=aliases)

    def picture(self, imported, note):
        """The picture of an ImportedImage, and its digest if it is stored now; None and a note
        where it can't be used."""
        name = imported.path.name
        try:
            with imported.path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                known = Image.objects.filter(digest=digest).order_by("pk").first()
                if known is not None:
                    return known, ""
                file.seek(0)
                if self.dry_run:
                    images.read_picture(file, name=name)
                    image = None
                else:
                    image = images.add_image(
                        file,
                        name=name,
                        alt=imported.alt,
                        caption=imported.caption,
                        credit=imported.credit,
                        by=self.by,
                    )
        except (OSError, ValueError, ValidationError) as error:
            note("%(why)s", why=_reason(error))
            return None, ""
        if not imported.alt:
            note(_("The picture “%(name)s” is not described (alt)."), name=name)
        return image, digest

    def tag_name(self, name, where):
        """The name as a tag can have it; "" and a note where it can't."""
        if not fold(name):
            self.note(where, _("“%(name)s” is not the name of a tag.") % {"name": name})
            return ""
        return self.cut(name, Tag, "name", where)

    def cut(self, text, model, column, where):
        """The text on one line, as long as its column allows."""
        return self.shortened(text, model._meta.get_field(column).max_length, where)

    def shortened(self, text, length, where):
        text = " ".join(text.split())
        if len(text) <= length:
            return text
        self.note(
            where,
            _("“%(text)s…” was longer than %(length)s characters and has been cut.")
            % {"text": text[:40].rstrip(), "length": length},
        )
        return text[: length - 1].rstrip() + "…"

    # What articles need to know of each other

    @cached_property
    def records(self):
        """What earlier imports from the same sources wrote, by place."""
        sources = {source for source, _id in self.documents}
        records = ImportRecord.objects.filter(source__in=sources).select_related(
            "article", "revision"
        )
        records = records.only(
            *("source", "source_id", "digest", "revision__slug", "article__kind", "article__state"),
            *("article__first_published_at", "article__live_revision", "article__latest_revision"),
        )
        return {(record.source, record.source_id): record for record in records}

    def is_deleted(self, place):
        """Whether what an earlier import made of a document has been deleted for good."""
        record = self.records.get(place)
        return record is not None and record.article.state == Article.State.DELETED

    def knows(self, place):
        return place in self.documents or place in self.records

    @cached_property
    def slugs(self):
        """The uid of the article that uses a slug or wants it, by kind and slug."""
        rows = list(
            Article.objects.order_by("pk").values_list(
                "uid", "kind", "slug", "latest_revision__slug"
            )
        )
        slugs = {(kind, slug): uid for uid, kind, slug, _wanted in rows}
        for uid, kind, _slug, wanted in rows:
            slugs.setdefault((kind, wanted), uid)
        return slugs

    @cached_property
    def titles(self):
        """The uid of every article by folded title; those of this import come first."""
        titles = {}
        for place, document in self.documents.items():
            if not self.is_deleted(place):
                titles.setdefault(fold(document.title), _uid(place))
        rows = Article.objects.exclude(
            state__in=[Article.State.TRASHED, Article.State.DELETED]
        ).order_by("pk")
        for uid, *names in rows.values_list("uid", "title", "latest_revision__title"):
            for name in names:
                titles.setdefault(fold(name or ""), uid)
        titles.pop("", None)
        return titles

    @cached_property
    def names(self):
        """The names of authors and of tags in this import, by kind and folded name."""
        names = {}
        for document in self.documents.values():
            for kind, given in (("author", document.authors), ("tag", document.tags)):
                for name in given:
                    names.setdefault((kind, fold(name)), name)
        return names

    def anchor(self, place, fragment):
        """The id of a section of a document, given by its heading or its id there; or ""."""
        if place not in self.outlines:
            self.outlines[place] = self._outline(place)
        return self.outlines[place].get(fold(fragment.removeprefix("s-")), "")

    def _outline(self, place):
        document, record = self.documents.get(place), self.records.get(place)
        former_body = record.revision.body if record and record.revision else ""
        body = clean(document.body) if document else former_body
        given = structure(body).headings
        anchors = set()
        if record:
            body = _with_former_ids(body, former_body)
            anchors = set(record.article.sections.values_list("anchor", flat=True))
        is_deleted = self.is_deleted(place)
        # What has been deleted gets no new section; those it had are found, so that the texts
        # that cite them don't change.
        taken = set() if is_deleted else anchors
        final = structure(with_section_ids(body, known=anchors, taken=taken)).headings
        outline = {}
        for before, after in zip(given, final, strict=True):
            if is_deleted and after.anchor not in anchors:
                continue
            for name in (before.anchor, before.text, after.anchor):
                outline.setdefault(fold(name.removeprefix("s-")), after.anchor)
        outline.pop("", None)
        return outline

    # Articles

    def _article(self, document):
        """Writes an article, and returns what is to be done once that is certain."""
        if document.kind not in Article.Kind.values:
            raise PublishingError(_("It is neither an article, a page nor a series."))
        if self.is_deleted(_place(document)):
            self.note(document.where, _("Left out: it was deleted here."))
            return lambda: self.report.unchanged.append(_label(document, document.title))
        item = _Item(self, document)
        record, words = item.record, item.words()
        digest = _digest(words, document.kind)
        label = _label(document, words.title)
        is_public = item.is_public and not self.draft
        if record is None:
            article = publishing.create(
                words,
                by=self.by,
                kind=document.kind,
                uid=item.uid,
                note=_("Imported from %(where)s") % {"where": document.where[:150]},
            )
            revision, done = article.latest_revision, self.report.created
        else:
            article, revision, done = record.article, record.revision, self.report.updated
            if article.kind != document.kind:
                raise PublishingError(
                    _("It is already here as another kind: %(kind)s.")
                    % {"kind": article.get_kind_display()}
                )
            is_changed = record.digest != digest
            is_public = is_public and _is_release_due(article, is_changed)
            is_left = article.latest_revision_id != record.revision_id or article.state in {
                Article.State.WITHDRAWN,
                Article.State.TRASHED,
            }
            if is_left or not (is_changed or is_public):
                if is_left and is_changed:
                    self.note(
                        document.where,
                        _("Left as it is: an editor has changed it since the last import."),
                    )
                return lambda: self.report.unchanged.append(label)
            if is_changed:
                body = _with_former_ids(clean(words.body), record.revision.body)
                revision = publishing.save_draft(
                    article, replace(words, body=body), by=self.by, note=_("Imported again")
                )
        if is_public:
            article = self._release(article, item)
        self._keep_old_paths(article, document)
        source, source_id = item.place
        new_record = ImportRecord(
            pk=record.pk if record else None,
            source=source,
            source_id=source_id,
            article=article,
            revision=revision,
            digest=digest,
        )
        new_record.save()

        def finish():
            done.append(label)
            self.report.pictures += len(item.new_pictures)
            self.slugs[document.kind, words.slug] = item.uid
            self.records[item.place] = new_record

        return finish

    def _release(self, article, item):
        now = timezone.now()
        date, updated_at = item.published_at or now, item.updated_at
        if date > now:
            publishing.schedule(article, due_at=date, by=self.by)
            self.note(
                item.where,
                _("Scheduled for %(date)s.") % {"date": date.strftime("%Y-%m-%d %H:%M %Z")},
            )
            return article
        return publishing.publish(
            article,
            by=self.by,
            at=date,
            updated_at=max(date, min(updated_at, now)) if updated_at else None,
        )

    def _keep_old_paths(self, article, document):
        for path in document.old_paths:
            if not publishing.add_former_address(article, f"/{path.lstrip('/')}"):
                self.note(
                    document.where,
                    _("Its former address %(path)s is taken by something else here.")
                    % {"path": path},
                )


def _is_release_due(article, is_changed):
    """Whether an article of an earlier import is to go out, as far as no editor has a say in it."""
    if article.state == Article.State.LIVE:
        return is_changed or article.has_newer_draft
    if article.state != Article.State.DRAFT or article.first_published_at:
        return False
    plan = article.schedules.filter(action=Schedule.Action.PUBLISH).order_by("pk").last()
    return plan is None or (is_changed and plan.outcome == Schedule.Outcome.PENDING)


class _Item:
    """One document on its way to the words of an article."""

    def __init__(self, loader, document):
        self.loader, self.document, self.where = loader, document, document.where
        self.place = _place(document)
        self.uid = _uid(self.place)
        self.record = loader.records.get(self.place)
        self.new_pictures = set()
        self.published_at = _plausible(document.published_at)
        self.updated_at = _plausible(document.updated_at)
        self.is_public = document.status == "published"

    def note(self, sentence, **values):
        self.loader.note(self.where, sentence % values)

    def words(self):
        document = self.document
        title = self.loader.cut(document.title, Article, "title", self.where)
        if self.is_public and not is_visible(title):
            self.is_public = False
            self.note(_("It has no title, so it is imported as a draft."))
        if self.is_public and document.published_at and not self.published_at:
            self.is_public = False
            self.note(_("Its date can't be right, so it is imported as a draft."))
        body = self._body()
        if self.is_public and not clean(body):
            self.note(_("There is nothing in it but its title."))
        bylines = [self.loader.author_named(name, self.where) for name in document.authors]
        tags = [self.loader.tag_name(name, self.where) for name in document.tags]
        return Words(
            title=title,
            slug=self._slug(title),
            language=self._language(),
            standfirst=document.standfirst,
            body=body,
            lead_image_id=self._lead_image(),
            bylines=list(filter(None, bylines)),
            tags=list(filter(None, tags)),
            related=list(filter(None, map(self._related, document.related))),
            relations=list(filter(None, map(self._relation, document.relations))),
        )

    def _slug(self, title):
        kind = self.document.kind
        wanted = make_slug(unquote(self.document.slug or title), fallback=kind)
        wanted = shorten_slug(wanted)
        former = self.record.revision.slug if self.record and self.record.revision else ""
        if re.fullmatch(rf"{re.escape(wanted)}(-\d+)?", former):
            return former
        owner = self.record.article if self.record else None

        def is_taken(slug):
            path = Article(kind=kind).address_for(slug)
            return self.loader.slugs.get(
                (kind, slug), self.uid
            ) != self.uid or publishing.is_former_address(path, owner)

        slug = free_slug(wanted, is_taken)
        if slug != wanted:
            self.note(
                _("The address “%(wanted)s” is taken; “%(slug)s” is used instead."),
                wanted=wanted,
                slug=slug,
            )
        return slug

    def _language(self):
        known = dict(settings.LANGUAGES)
        language = self.document.language.lower()
        for code in (language, language.partition("-")[0]):
            if code in known:
                return code
        self.note(
            _("The language “%(language)s” is none of this publication; “%(default)s” is set."),
            language=language[:40],
            default=settings.LANGUAGE_CODE,
        )
        return settings.LANGUAGE_CODE

    def _related(self, item):
        if item.url:
            if _is_web_address(item.url):
                return {"url": item.url, "title": item.title}
            self.note(_("The related link “%(url)s” can't be followed; left out."), url=item.url)
            return None
        place = _place(self.document, item.source_id)
        if self.loader.knows(place):
            return {"article": _uid(place)}
        self.note(_("The related article “%(id)s” is not in this import."), id=item.source_id)
        return None

    def _relation(self, item):
        place = _place(self.document, item.source_id)
        is_part = item.kind == Reference.Kind.SERIES
        if is_part != (self.document.kind == Article.Kind.SERIES):
            self.note(
                _("Only a series has parts; “%(id)s” was left out.")
                if is_part
                else _("A series updates and corrects nothing; “%(id)s” was left out."),
                id=item.source_id,
            )
        elif place == self.place:
            self.note(_("It names itself as what it updates, corrects or contains; left out."))
        elif not self.loader.knows(place):
            self.note(_("“%(id)s” is not in this import; left out."), id=item.source_id)
        else:
            return {
                "kind": item.kind,
                "article": _uid(place),
                "section": self._section(place, item.source_id, item.fragment),
                "note": self.loader.shortened(item.note, publishing.NOTE_LENGTH, self.where),
            }
        return None

    # Texts

    def _body(self):
        root = _parsed(self.document.body)
        for link in list(root.iter("a")):
            self._link(link)
        for picture in list(root.iter("img")):
            self._picture(picture)
        return _html_of(root)

    def _link(self, link):
        scheme, _colon, rest = (link.get("href") or "").partition(":")
        find = {
            "import": self._to_document,
            "import-title": self._to_title,
            "import-tag": self._to_tag,
            "import-author": self._to_author,
        }.get(scheme)
        if find is None:
            return
        ref = find(rest)
        link.attrib.clear()
        if ref:
            link.set("data-ref", ref)
        else:
            link.drop_tag()

    def _to_document(self, rest):
        source_id, _hash, fragment = rest.partition("#")
        place = _place(self.document, source_id)
        if not self.loader.knows(place):
            self.note(
                _("A link to “%(id)s” became plain words: it is not in this import."), id=source_id
            )
            return None
        anchor = self._section(place, source_id, fragment)
        if anchor:
            return f"article:{_uid(place)}#{anchor}"
        return f"article:{_uid(place)}" if place != self.place else None

    def _section(self, place, source_id, fragment):
        """The id of the section that is meant; "" for none, with a note if it can't be found."""
        anchor = self.loader.anchor(place, fragment) if fragment else ""
        if fragment and not anchor:
            self.note(
                _("The link to “%(id)s” leads to no section of it: “%(section)s”."),
                id=source_id,
                section=fragment,
            )
        return anchor

    def _to_title(self, rest):
        title = unquote(rest)
        uid = self.loader.titles.get(fold(title))
        if uid is None:
            self.note(
                _("“%(title)s” is mentioned, and there is no article of that title yet."),
                title=title,
            )
        return f"article:{uid}" if uid else None

    def _to_tag(self, rest):
        name = unquote(rest)
        key = fold(name)
        tag = Tag.objects.filter(aliases__key=key).first() or Tag.objects.filter(slug=name).first()
        if tag is None and ("tag", key) in self.loader.names:
            given = self.loader.tag_name(self.loader.names["tag", key], self.where)
            tag = publishing.tag_named(given)
        if tag is None:
            self.note(_("There is no tag “%(name)s”."), name=name)
        return f"tag:{tag.uid}" if tag else None

    def _to_author(self, rest):
        name = unquote(rest)
        key = fold(name)
        uid = self.loader.authors.get(key)
        if uid is None and ("author", key) in self.loader.names:
            uid = self.loader.author_named(self.loader.names["author", key], self.where)
        if uid is None:
            self.note(_("There is no author “%(name)s”."), name=name)
        return f"author:{uid}" if uid else None

    # Pictures

    def _picture(self, picture):
        scheme, _colon, location = (picture.get("src") or "").partition(":")
        alt = picture.get("alt") or ""
        picture.attrib.clear()
        image = self._image(location) if scheme == "import" else None
        if image is None:
            picture.drop_tree()
            return
        picture.set("data-image", image.uid)
        picture.set("alt", alt or image.alt)

    def _lead_image(self):
        image = self._image(self.document.lead_image) if self.document.lead_image else None
        return image.pk if image else None

    def _image(self, location):
        """The picture at a location, stored if it is new; None and a note if it can't be used."""
        imported = self.document.images.get(location)
        if imported is None:
            self.note(_("There is no picture “%(name)s”; left out."), name=location)
            return None
        image, digest = self.loader.picture(imported, self.note)
        if digest:
            self.new_pictures.add(digest)
        return image


def _sound(value):
    """The value without characters that can't be stored, in whatever texts it holds."""
    if isinstance(value, str):
        return _UNSOUND.sub("", value)
    if isinstance(value, tuple):
        return tuple(map(_sound, value))
    if isinstance(value, dict):
        return {_sound(key): _sound(item) for key, item in value.items()}
    if is_dataclass(value):
        return replace(value, **{f.name: _sound(getattr(value, f.name)) for f in fields(value)})
    return value


def _place(document, source_id=None):
    """What names a document for ever: its source, and its id there."""
    source_id = document.source_id if source_id is None else source_id
    return tuple(map(_key, (document.source, source_id)))


def _key(name):
    """The name, made to fit its column where it is very long."""
    if len(name) <= 300:
        return name
    return f"{name[:200]} {hashlib.sha256(name.encode()).hexdigest()}"


def _uid(place):
    """The permanent id that the article of a place has, or is going to have.

    It follows from the place, so documents can cite one another in any order, and a reference
    to one that failed holds as soon as a later run brings it.
    """
    digest = hashlib.sha256("\n".join(place).encode()).digest()
    return base64.b32encode(digest[:10]).decode("ascii").lower()


def _label(document, title):
    return document.where if title in document.where else f"{document.where}: {title}"


def _digest(words, kind):
    """What tells whether an item is the same as at the last import."""
    values = asdict(words)
    if not words.relations:
        # Digests of earlier imports know nothing of them.
        del values["relations"]
    return hashlib.sha256(json.dumps([values, kind], sort_keys=True).encode()).hexdigest()


def _plausible(moment):
    """An aware moment that an archive can show, or None."""
    if moment is None or moment.year not in YEARS:
        return None
    return moment.replace(tzinfo=UTC) if timezone.is_naive(moment) else moment


def _reason(error):
    """A sentence for the report."""
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, PublishingError | OSError):
        return str(error)
    logger.exception("An imported item could not be written")
    return _("Something went wrong (%(error)s).") % {"error": f"{type(error).__name__}: {error}"}


def _is_web_address(address):
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _short_slug(wanted, fallback):
    return shorten_slug(make_slug(unquote(wanted), fallback=fallback), NAME_SLUG_MAX_LENGTH)


def _free_slug(model, wanted):
    def is_taken(slug):
        path = model(slug=slug).get_absolute_url()
        return model.objects.filter(slug=slug).exists() or publishing.is_former_address(path, None)

    return free_slug(wanted, is_taken)


def _with_former_ids(body, former_body):
    """The clean body with the section ids of a former one on the headings that have stayed."""
    former = {}
    for heading in structure(former_body).headings:
        former.setdefault(fold(heading.text), []).append(heading.anchor)
    root = _parsed(body)
    for heading in root.iter("h2", "h3", "h4"):
        if anchors := former.get(fold(heading.text_content())):
            heading.set("id", anchors.pop(0))
    return _html_of(root)


def _parsed(body):
    return lxml.html.fragment_fromstring(
        body,
        create_parent="div",
        parser=lxml.html.HTMLParser(encoding="utf-8", huge_tree=True),
    )


def _html_of(root):
    return escape(root.text or "", quote=False) + "".join(
        lxml.html.tostring(child, encoding="unicode") for child in root
    )
