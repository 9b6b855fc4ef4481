"""What the page of one article shows, made from the live row or from a revision."""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from articles import references
from articles.models import Article, Image, Reference, Section, Tag
from articles.names import fold
from articles.rendering import RefToken, render, structure
from articles.site import publication
from authors.models import Author

# A table of contents helps from here on.
TOC_MINIMUM = 3
CITED_BY_SHOWN = 10


@dataclass(frozen=True, slots=True)
class RelatedItem:
    title: str
    url: str
    language: str = ""
    standfirst: str = ""
    published_at: datetime | None = None
    is_external: bool = False
    host: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in another public article that cites this one."""

    title: str
    url: str
    language: str
    sentence_html: SafeString
    section: str
    section_url: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Neighbour:
    title: str
    url: str
    language: str


@dataclass(slots=True)
class ArticlePage:
    title: str
    standfirst: str
    body: SafeString
    language: str
    lead_image: Image | None
    authors: list
    tags: list
    toc: list
    published_at: datetime | None
    updated_at: datetime | None
    reading_minutes: int
    url: str
    related: list
    kind: str = Article.Kind.ARTICLE
    cited_by: list = field(default_factory=list)
    cited_by_more: int = 0
    previous: Neighbour | None = None
    next: Neighbour | None = None
    is_preview: bool = False
    state_note: str = ""


def live_page(article):
    """What readers get: a number of queries that no count of anything changes."""
    page = _page(
        article,
        article,
        authors=[byline.author for byline in article.bylines.all()],
        tags=[article_tag.tag for article_tag in article.article_tags.all()],
    )
    if article.kind == Article.Kind.ARTICLE:
        page.cited_by, page.cited_by_more = _cited_by(article)
        page.previous, page.next = _neighbours(article)
    return page


def preview_page(article, revision, *, state_note):
    """What readers would get if the revision were published now."""
    by_uid = {author.uid: author for author in Author.objects.filter(uid__in=revision.bylines)}
    page = _page(
        article,
        revision,
        authors=[by_uid[uid] for uid in revision.bylines if uid in by_uid],
        tags=_named_tags(revision.tags),
    )
    page.is_preview = True
    page.state_note = state_note
    return page


def _named_tags(names):
    keys = [fold(name) for name in names]
    found = {}
    for tag in Tag.objects.filter(aliases__key__in=keys).prefetch_related("aliases").distinct():
        for alias in tag.aliases.all():
            found[alias.key] = tag
    return [found.get(key) or Tag(name=name) for key, name in zip(keys, names, strict=True)]


def _page(article, source, *, authors, tags):
    content = structure(source.body)
    related_tokens = [
        RefToken("article", item["article"]) for item in source.related if item.get("article")
    ]
    resolved = references.resolve(
        {reference.token for reference in content.references} | set(related_tokens)
    )
    own = RefToken("article", article.uid)
    addresses = resolved.addresses
    for reference in content.references:
        token = reference.token
        if token.kind == own.kind and token.uid == own.uid:
            # A link within the text itself.
            anchors = {heading.anchor for heading in content.headings}
            addresses.pop(token, None)
            if token.section in anchors:
                addresses[token] = f"#{token.section}"
    is_public = article.first_published_at is not None
    return ArticlePage(
        title=source.title,
        standfirst=source.standfirst,
        body=render(source.body, references=addresses, images=_pictures(content.images)),
        language=source.language,
        lead_image=source.lead_image,
        authors=authors,
        tags=tags,
        toc=content.headings if len(content.headings) >= TOC_MINIMUM else (),
        published_at=article.first_published_at,
        updated_at=_shown_update(article) if is_public else None,
        reading_minutes=content.reading_minutes,
        url=article.get_absolute_url() if article.slug else "",
        related=_related(source.related, resolved),
        kind=article.kind,
    )


def _shown_update(article):
    """The date of the last change, where it is later than the day of publication."""
    first, last = article.first_published_at, article.updated_at
    if last and timezone.localdate(last) > timezone.localdate(first):
        return last
    return None


def _pictures(uids):
    """uid → a callable that shows the picture with a given alternative text."""
    images = Image.objects.filter(uid__in=set(uids)) if uids else ()
    return {image.uid: _Shown(image) for image in images}


class _Shown:
    def __init__(self, image):
        self.image = image

    def __call__(self, alt):
        return render_to_string(
            "articles/_body_picture.html", {"image": self.image, "alt": alt or self.image.alt}
        ).strip()


def _related(items, resolved):
    shown = []
    for item in items:
        if item.get("article"):
            article = resolved.articles.get(item["article"])
            if article:
                shown.append(
                    RelatedItem(
                        article.title,
                        article.get_absolute_url(),
                        article.language,
                        article.standfirst,
                        article.first_published_at,
                    )
                )
        else:
            host = urlsplit(item["url"]).hostname or ""
            shown.append(
                RelatedItem(
                    item.get("title") or host,
                    item["url"],
                    is_external=True,
                    host=host.removeprefix("www."),
                )
            )
    return shown


def _cited_by(article):
    """The newest public citations, one for each citing article, and how many more there are."""
    rows = (
        Reference.objects.filter(
            target_article=article,
            set=Reference.Set.LIVE,
            kind=Reference.Kind.INLINE,
            source__in=Article.objects.public().articles(),
        )
        .order_by("-source__first_published_at", "-source_id", "position")
        .values_list(
            "source__slug",
            "source__title",
            "source__first_published_at",
            "source__language",
            "sentence",
            "words",
            "words_at",
            "section",
        )
    )
    first_of_each = {}
    for row in rows:
        first_of_each.setdefault(row[0], row)
    shown = list(first_of_each.values())[:CITED_BY_SHOWN]
    headings = {}
    cited = [row[-1] for row in shown if row[-1]]
    if cited:
        headings = dict(
            Section.objects.filter(
                article=article, state=Section.State.LIVE, anchor__in=cited
            ).values_list("anchor", "heading")
        )
    citations = [
        Citation(
            title=title,
            url=Article(kind=Article.Kind.ARTICLE, slug=slug).get_absolute_url(),
            language=language,
            sentence_html=_marked(sentence, words, at),
            section=headings.get(section, ""),
            section_url=f"#{section}" if section in headings else "",
            published_at=date,
        )
        for slug, title, date, language, sentence, words, at, section in shown
    ]
    return citations, len(first_of_each) - len(shown)


def _marked(sentence, words, at):
    """The sentence with the words that cite marked; they stand at a known place in it."""
    end = at + len(words)
    return format_html("{}<mark>{}</mark>{}", sentence[:at], sentence[at:end], sentence[end:])


def _neighbours(article):
    """The articles published just before and just after this one."""
    date, pk = article.first_published_at, article.pk
    listed = Article.objects.public().articles().only("kind", "slug", "title", "language")
    older = (
        listed.filter(Q(first_published_at__lt=date) | Q(first_published_at=date, pk__lt=pk))
        .newest_first()
        .first()
    )
    newer = (
        listed.filter(Q(first_published_at__gt=date) | Q(first_published_at=date, pk__gt=pk))
        .order_by("first_published_at", "id")
        .first()
    )
    return tuple(
        Neighbour(item.title, item.get_absolute_url(), item.language) if item else None
        for item in (older, newer)
    )


def feed_bodies(articles):
    """The whole texts of some articles for feeds, by primary key; addresses are absolute."""
    site = publication()
    contents = {article.pk: structure(article.body) for article in articles}
    tokens = {ref.token for content in contents.values() for ref in content.references}
    addresses = {
        token: site.absolute(path) for token, path in references.resolve(tokens).addresses.items()
    }
    pictures = {
        uid: _AbsolutelyShown(shown.image)
        for uid, shown in _pictures(
            {uid for content in contents.values() for uid in content.images}
        ).items()
    }
    return {
        article.pk: render(article.body, references=addresses, images=pictures)
        for article in articles
    }


class _AbsolutelyShown(_Shown):
    def __call__(self, alt):
        return format_html(
            '<img src="{}" width="{}" height="{}" alt="{}">',
            publication().absolute(self.image.url),
            self.image.width,
            self.image.height,
            alt or self.image.alt,
        )
