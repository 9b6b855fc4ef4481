"""The only writer of imported documents. It writes by the ordinary verbs.

An import may be run again: what is already here and unchanged is left alone, and what an
editor has changed since is never overwritten. Each item is written whole or not at all.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from urllib.parse import unquote, urlsplit

import lxml.html
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from articles import images, publishing
from articles.importing.documents import ImportedArticle, ImportedAuthor, ImportedTag, Problem
from articles.models import Article, Image, ImportRecord, Tag
from articles.names import fold, free_slug, make_slug, validate_slug
from articles.publishing import PublishingError, Words
from authors.models import Author
from irb_site.uids import new_uid

TITLE_MAX_LENGTH = Article._meta.get_field("title").max_length


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
    try:
        if dry_run:
            with transaction.atomic():
                loader.run(documents, progress)
                raise _DryRun
        loader.run(documents, progress)
    except _DryRun:
        pass
    return loader.report


class _Loader:
    def __init__(self, *, by, draft, dry_run):
        self.by, self.draft, self.dry_run = by, draft, dry_run
        self.report = ImportReport()
        self.now = timezone.now()

    def run(self, documents, progress):
        articles = []
        for document in documents:
            if isinstance(document, Problem):
                (self.report.failed if document.fatal else self.report.notes).append(document)
            elif isinstance(document, ImportedAuthor):
                self._author(document)
            elif isinstance(document, ImportedTag):
                self._tag(document)
            else:
                articles.append(document)
        self._know(articles)
        for done, document in enumerate(articles, start=1):
            self._article(document)
            if progress:
                progress(done, len(articles))

    # People and subjects: those that are here already stay as they are.

    def _author(self, document):
        try:
            with transaction.atomic():
                if self._find_author(document.name) is None:
                    self._new_author(document)
        except (PublishingError, ValidationError, DatabaseError) as error:
            self._fail(document.name, error)

    def _find_author(self, name):
        key = fold(name)
        for author in Author.objects.only("uid", "name", "slug"):
            if key and key in {fold(author.name), fold(author.slug)}:
                return author
        return None

    def _new_author(self, document):
        slug = document.slug or document.name
        author = Author(
            name=document.name[:120],
            slug=_usable_slug(slug, Author.objects.values_list("slug", flat=True), "author"),
            role=document.role[:160],
            short_bio=document.short_bio[:600],
            long_bio=document.long_bio,
        )
        publishing.save_author(author)
        self.report.authors += 1
        return author

    def _tag(self, document):
        try:
            with transaction.atomic():
                before = Tag.objects.count()
                tag = publishing.tag_named(document.name)
                if Tag.objects.count() == before:
                    return
                self.report.tags += 1
                tag.description = document.description
                if document.slug:
                    others = Tag.objects.exclude(pk=tag.pk).values_list("slug", flat=True)
                    tag.slug = _usable_slug(document.slug, others, "tag")
                publishing.save_tag(tag, aliases=list(document.aliases))
        except (PublishingError, ValidationError, DatabaseError, ValueError) as error:
            self._fail(document.name, error)

    # Articles

    def _know(self, documents):
        """Gives every document its permanent id first, so that they can cite one another."""
        sources = {document.source for document in documents}
        self.records = {
            (record.source, record.source_id): record
            for record in ImportRecord.objects.filter(source__in=sources).select_related(
                "article", "article__latest_revision"
            )
        }
        self.uids, self.headings, self.titles = {}, {}, {}
        for document in documents:
            place = (document.source, document.source_id)
            record = self.records.get(place)
            self.uids[place] = record.article.uid if record else new_uid()
            self.titles.setdefault(fold(document.title), self.uids[place])

    def _uid_titled(self, title):
        key = fold(title)
        if key in self.titles:
            return self.titles[key]
        for article in Article.objects.filter(
            latest_revision__title__iexact=" ".join(title.split())
        ).only("uid"):
            return article.uid
        return None

    def _article(self, document):
        try:
            with transaction.atomic():
                notes = self._write(document)
        except (PublishingError, ValidationError, DatabaseError, ValueError, OSError) as error:
            self._fail(document.where, error)
        else:
            self.report.notes.extend(notes)

    def _fail(self, where, error):
        if isinstance(error, ValidationError):
            why = " ".join(error.messages)
        elif isinstance(error, PublishingError):
            why = str(error)
        else:
            why = f"{type(error).__name__}: {error}"
        self.report.failed.append(Problem(where, why, fatal=True))

    def _write(self, document):
        place = (document.source, document.source_id)
        record, notes = self.records.get(place), []
        words = self._words(document, notes)
        digest = hashlib.sha256(
            json.dumps([asdict(words), document.kind, document.status], sort_keys=True).encode()
        ).hexdigest()
        label = f"{document.where}: {words.title}"
        if record is not None:
            if record.digest == digest:
                self.report.unchanged.append(label)
                return []
            if record.article.latest_revision_id != record.revision_id:
                self.report.unchanged.append(label)
                return [
                    Problem(
                        document.where,
                        _("Left as it is: an editor has changed it since the last import."),
                    )
                ]
            article = record.article
            revision = publishing.save_draft(article, words, by=self.by, note=_("Imported again"))
        else:
            article = publishing.create(
                words,
                by=self.by,
                kind=document.kind,
                uid=self.uids[place],
                note=_("Imported from %(where)s") % {"where": document.where[:150]},
            )
            revision = article.latest_revision
        self._release(article, document, notes, is_new=record is None)
        ImportRecord.objects.update_or_create(
            source=document.source,
            source_id=document.source_id,
            defaults={"article": article, "revision": revision, "digest": digest},
        )
        (self.report.updated if record else self.report.created).append(label)
        return notes

    def _release(self, article, document, notes, *, is_new):
        article.refresh_from_db()
        may_publish = is_new or article.state == Article.State.LIVE
        if self.draft or document.status != "published" or not may_publish:
            return
        date = document.published_at or self.now
        if date > self.now:
            publishing.schedule(article, due_at=date, by=self.by)
            notes.append(
                Problem(
                    document.where,
                    _("Scheduled for %(date)s.") % {"date": date.strftime("%Y-%m-%d %H:%M %Z")},
                )
            )
            return
        updated = document.updated_at
        published = publishing.publish(
            article,
            by=self.by,
            at=date,
            updated_at=max(date, min(updated, self.now)) if updated else None,
        )
        for path in document.old_paths:
            if not publishing.add_former_address(published, path):
                notes.append(
                    Problem(
                        document.where,
                        _("Its former address %(path)s is taken by something else here.")
                        % {"path": path},
                    )
                )

    def _words(self, document, notes):
        title = " ".join(document.title.split())
        if len(title) > TITLE_MAX_LENGTH:
            title = title[: TITLE_MAX_LENGTH - 1].rstrip() + "…"
            notes.append(Problem(document.where, _("The title was too long and has been cut.")))
        return Words(
            title=title,
            slug=self._slug(document, title, notes),
            language=document.language,
            standfirst=document.standfirst,
            body=self._body(document, notes),
            lead_image_id=self._lead_image(document, notes),
            bylines=self._bylines(document),
            tags=[name for name in document.tags if fold(name)],
            related=self._related(document, notes),
        )

    def _slug(self, document, title, notes):
        record = self.records.get((document.source, document.source_id))
        own = record.article if record else None
        wanted = _usable_slug(document.slug or title, (), document.kind)
        if own is not None and own.latest_revision.slug.startswith(wanted):
            return own.latest_revision.slug

        def is_taken(slug):
            others = Article.objects.filter(kind=document.kind).exclude(pk=own.pk if own else None)
            return (
                others.filter(slug=slug).exists()
                or others.filter(latest_revision__slug=slug).exists()
                or publishing.is_former_address(Article(kind=document.kind).address_for(slug), own)
            )

        slug = free_slug(wanted, is_taken)
        if slug != wanted:
            notes.append(
                Problem(
                    document.where,
                    _("The address “%(wanted)s” is taken; “%(slug)s” is used instead.")
                    % {"wanted": wanted, "slug": slug},
                )
            )
        return slug

    def _bylines(self, document):
        uids = []
        for name in document.authors:
            author = self._find_author(name)
            if author is None and fold(name):
                author = self._new_author(ImportedAuthor(name=name))
            if author is not None:
                uids.append(author.uid)
        return uids

    def _related(self, document, notes):
        related = []
        for item in document.related:
            if item.url:
                if urlsplit(item.url).scheme in {"http", "https"}:
                    related.append({"url": item.url, "title": item.title})
                continue
            uid = self.uids.get((document.source, item.source_id))
            if uid:
                related.append({"article": uid})
            else:
                notes.append(
                    Problem(
                        document.where,
                        _("The related article “%(id)s” is not in this import.")
                        % {"id": item.source_id},
                    )
                )
        return related

    # Texts

    def _body(self, document, notes):
        if not document.body.strip():
            return ""
        root = lxml.html.fragment_fromstring(
            document.body,
            create_parent="div",
            parser=lxml.html.HTMLParser(encoding="utf-8", huge_tree=True),
        )
        for link in list(root.iter("a")):
            self._link(link, document, notes)
        for picture in list(root.iter("img")):
            self._picture(picture, document, notes)
        return (root.text or "").replace("&", "&amp;").replace("<", "&lt;") + "".join(
            lxml.html.tostring(child, encoding="unicode") for child in root
        )

    def _link(self, link, document, notes):
        scheme, _colon, rest = (link.get("href") or "").partition(":")
        find = {
            "import": self._to_document,
            "import-title": self._to_title,
            "import-tag": self._to_tag,
            "import-author": self._to_author,
        }.get(scheme)
        if find is None:
            return
        ref = find(rest, document, notes)
        link.attrib.clear()
        if ref:
            link.set("data-ref", ref)
        else:
            link.drop_tag()

    def _to_document(self, rest, document, notes):
        source_id, _hash, fragment = rest.partition("#")
        uid = self.uids.get((document.source, source_id))
        if uid is None:
            notes.append(
                Problem(
                    document.where,
                    _("A link to “%(id)s” became plain words: it is not in this import.")
                    % {"id": source_id},
                )
            )
            return None
        anchor = f"s-{make_slug(fragment, fallback='section')}" if fragment else ""
        return f"article:{uid}" + (f"#{anchor}" if anchor else "")

    def _to_title(self, rest, document, notes):
        title = unquote(rest)
        uid = self._uid_titled(title)
        if uid is None:
            notes.append(
                Problem(
                    document.where,
                    _("“%(title)s” is mentioned, and there is no article of that title yet.")
                    % {"title": title},
                )
            )
            return None
        return f"article:{uid}"

    def _to_tag(self, rest, document, notes):
        name = unquote(rest)
        tag = (
            Tag.objects.filter(aliases__key=fold(name)).first()
            or Tag.objects.filter(slug=name).first()
        )
        if tag is None:
            notes.append(
                Problem(document.where, _("There is no tag “%(name)s”.") % {"name": name})
            )
        return f"tag:{tag.uid}" if tag else None

    def _to_author(self, rest, document, notes):
        author = self._find_author(unquote(rest))
        if author is None:
            notes.append(
                Problem(
                    document.where, _("There is no author “%(name)s”.") % {"name": unquote(rest)}
                )
            )
        return f"author:{author.uid}" if author else None

    # Pictures

    def _picture(self, picture, document, notes):
        scheme, _colon, location = (picture.get("src") or "").partition(":")
        alt = picture.get("alt") or ""
        picture.attrib.clear()
        image = self._image(location, document, notes) if scheme == "import" else None
        if image is None:
            picture.drop_tree()
            return
        picture.set("data-image", image.uid)
        picture.set("alt", alt or image.alt)

    def _lead_image(self, document, notes):
        if not document.lead_image:
            return None
        image = self._image(document.lead_image, document, notes)
        return image.pk if image else None

    def _image(self, location, document, notes):
        imported = document.images.get(location)
        if imported is None:
            return None
        try:
            with imported.path.open("rb") as file:
                picture, digest = images.read_picture(file, name=imported.path.name)
                known = Image.objects.filter(digest=digest).first()
                if known is not None or self.dry_run:
                    return known
                file.seek(0)
                image = images.add_image(
                    file,
                    name=imported.path.name,
                    alt=imported.alt or document.title,
                    caption=imported.caption,
                    credit=imported.credit,
                    by=self.by,
                )
        except (OSError, ValidationError) as error:
            why = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
            notes.append(Problem(document.where, why))
            return None
        self.report.pictures += 1
        return image


def _usable_slug(wanted, taken, fallback):
    wanted = unquote(wanted)
    slug = wanted.lower()
    try:
        validate_slug(slug)
    except ValidationError:
        slug = make_slug(wanted, fallback=fallback)
    taken = set(taken)
    return free_slug(slug, lambda candidate: candidate in taken)
