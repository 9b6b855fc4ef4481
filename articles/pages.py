"""What the page of one article shows, made from the live row or from a revision."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from articles import citations, references
from articles.models import Article, Image, Reference, Tag
from articles.names import fold
from articles.rendering import RefToken, related_token, render, structure
from articles.site import publication
from authors.models import Author

# A table of contents helps from here on.
TOC_MINIMUM = 3
CITED_BY_SHOWN = 10
RECOMMENDED_IN_SHOWN = 5
# Of the series that an article is part of, the newest.
SERIES_SHOWN = 3


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
class Neighbour:
    title: str
    url: str
    language: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """An older article that this one corrects or updates."""

    kind: str
    title: str
    url: str
    language: str
    published_at: datetime

    @property
    def is_correction(self):
        return self.kind == Reference.Kind.CORRECTS


@dataclass(frozen=True, slots=True)
class PlaceInSeries:
    """Where an article stands among the public parts of a series."""

    title: str
    url: str
    language: str
    number: int
    count: int
    previous: Neighbour | None
    next: Neighbour | None


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
    # What newer articles say of this one, and which older ones this one speaks of.
    notices: list = field(default_factory=list)
    has_more_notices: bool = False
    earlier: list = field(default_factory=list)
    series: list = field(default_factory=list)
    # Of a series: its public parts, in order.
    parts: list = field(default_factory=list)
    # Sections that readers could once link to: their fragments still land somewhere.
    landings: list = field(default_factory=list)
    cited_by: list = field(default_factory=list)
    cited_by_more: int = 0
    recommended_in: list = field(default_factory=list)
    citation_count: int = 0
    cited_by_url: str = ""
    connections_url: str = ""
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
        _add_citations(page, article)
        page.previous, page.next = _neighbours(article)
        page.cited_by_url = reverse("articles:cited_by", args=[article.slug])
        page.connections_url = reverse("articles:connections", args=[article.slug])
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
    resolved = references.resolve(
        {reference.token for reference in content.references}
        | set(filter(None, map(related_token, source.related)))
        | _earlier_tokens(source)
    )
    own = RefToken("article", article.uid)
    anchors = {heading.anchor for heading in content.headings}
    addresses = resolved.addresses
    for reference in content.references:
        token = reference.token
        if token.kind == own.kind and token.uid == own.uid:
            # A link within the text itself.
            address = addresses.pop(token, None)
            if token.section in anchors:
                addresses[token] = f"#{token.section}"
            elif address and address != article.get_absolute_url():
                # The section has moved.
                addresses[token] = address
    is_public = article.first_published_at is not None
    # What isn't saved yet has nothing around it.
    is_saved = article.pk is not None
    notices = citations.notices([article])[article.pk] if is_saved else []
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
        related=_related(article, source.related, resolved),
        kind=article.kind,
        notices=notices[: citations.NOTICES_SHOWN],
        has_more_notices=len(notices) > citations.NOTICES_SHOWN,
        earlier=_earlier(article, source, resolved),
        series=_series(article) if is_saved else [],
        parts=_parts(source.relations) if article.kind == Article.Kind.SERIES else [],
        landings=[
            landing
            for landing in (references.former_sections(article) if is_saved else ())
            if landing.anchor not in anchors
        ],
    )


def _earlier_tokens(source):
    """source: an article or a revision."""
    return {
        RefToken("article", item["article"], item.get("section", ""))
        for item in source.relations
        if item["kind"] != Reference.Kind.SERIES
    }


def _earlier(article, source, resolved):
    """What it corrects, then what it updates, each once in each way."""
    found = {}
    for item in source.relations:
        target = resolved.articles.get(item["article"])
        token = RefToken("article", item["article"], item.get("section", ""))
        address = resolved.addresses.get(token)
        if item["kind"] == Reference.Kind.SERIES or target is None or address is None:
            continue
        # What was merged into this very article isn't another one any more.
        if target.uid != article.uid:
            found.setdefault(
                (item["kind"], target.uid),
                Earlier(
                    item["kind"],
                    target.title,
                    address,
                    target.language,
                    target.first_published_at,
                ),
            )
    return sorted(found.values(), key=lambda earlier: not earlier.is_correction)


def _series(article):
    """Its place in the newest public series that it is part of: two queries at most."""
    series = list(
        Article.objects.public()
        .series()
        .filter(
            references__set=Reference.Set.LIVE,
            references__kind=Reference.Kind.SERIES,
            references__is_first=True,
            references__target_article=article,
        )
        .order_by("-references__published_at", "-references__source_id")
        .only("kind", "slug", "title", "language")[:SERIES_SHOWN]
    )
    if not series:
        return []
    shown = Article.objects.public()
    if article.state != Article.State.LIVE:
        # A preview counts the article where it would stand.
        shown = shown | Article.objects.filter(pk=article.pk)
    rows = shown.filter(
        incoming__source__in=series,
        incoming__set=Reference.Set.LIVE,
        incoming__kind=Reference.Kind.SERIES,
        incoming__is_first=True,
    ).order_by("incoming__position")
    parts = {one.pk: [] for one in series}
    for row in rows.values_list("incoming__source_id", "pk", "kind", "slug", "title", "language"):
        parts[row[0]].append(row[1:])
    places = [_place(one, parts[one.pk], article) for one in series]
    return [place for place in places if place]


def _place(series, parts, article):
    """None where it has ceased to be a part since it was looked up."""
    pks = [pk for pk, *_names in parts]
    if article.pk not in pks:
        return None
    at = pks.index(article.pk)

    def neighbour(index):
        if not 0 <= index < len(parts):
            return None
        _pk, kind, slug, title, language = parts[index]
        return Neighbour(title, Article(kind=kind, slug=slug).get_absolute_url(), language)

    return PlaceInSeries(
        series.title,
        series.get_absolute_url(),
        series.language,
        at + 1,
        len(parts),
        neighbour(at - 1),
        neighbour(at + 1),
    )


def _parts(relations):
    """The public parts of a series, in order, as cards."""
    uids = [item["article"] for item in relations if item["kind"] == Reference.Kind.SERIES]
    found = Article.objects.public().for_cards().filter(uid__in=set(uids)).order_by()
    cards = {card.uid: card for card in found}
    return [cards[uid] for uid in dict.fromkeys(uids) if uid in cards]


def _add_citations(page, article):
    """The newest of those who cite it in their text or as a related link, and how many do."""
    in_text, related = Reference.Kind.INLINE, Reference.Kind.RELATED
    found = [
        item
        for kind, limit in ((in_text, CITED_BY_SHOWN), (related, RECOMMENDED_IN_SHOWN))
        for item in citations.newest(article, kind, limit=limit)
    ]
    if not found:
        return
    found = citations.with_sections(article, found)
    totals = citations.counts(article)
    page.cited_by = [item for item in found if item.kind == in_text]
    page.cited_by_more = totals.get(in_text, 0) - len(page.cited_by)
    page.recommended_in = [item for item in found if item.kind == related]
    page.citation_count = sum(totals.values())


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


def _related(article, items, resolved):
    shown = []
    for item in items:
        token = related_token(item)
        if token is None:
            host = urlsplit(item["url"]).hostname or ""
            shown.append(
                RelatedItem(
                    item.get("title") or host,
                    item["url"],
                    is_external=True,
                    host=host.removeprefix("www."),
                )
            )
        elif token in resolved.addresses:
            target, address = resolved.targets[token], resolved.addresses[token]
            # What was merged may lead here, or to what stands here already.
            if target == article or address in {item.url for item in shown}:
                continue
            heading = resolved.headings.get(token)
            if not isinstance(target, Article):
                shown.append(RelatedItem(target.name, address))
            elif heading:
                shown.append(RelatedItem(f"{target.title} › {heading}", address, target.language))
            else:
                shown.append(
                    RelatedItem(
                        target.title,
                        address,
                        target.language,
                        target.standfirst,
                        target.first_published_at,
                    )
                )
    return shown


def _neighbours(article):
    """The articles published just before and just after this one.

    The date is said by itself too: without that, no database would begin at its place in the index.
    """
    date, pk = article.first_published_at, article.pk
    listed = Article.objects.public().articles().only("kind", "slug", "title", "language")
    older = (
        listed.filter(first_published_at__lte=date)
        .filter(Q(first_published_at__lt=date) | Q(pk__lt=pk))
        .newest_first()
        .first()
    )
    newer = (
        listed.filter(first_published_at__gte=date)
        .filter(Q(first_published_at__gt=date) | Q(pk__gt=pk))
        .order_by("first_published_at", "id")
        .first()
    )
    return tuple(
        Neighbour(item.title, item.get_absolute_url(), item.language) if item else None
        for item in (older, newer)
    )


def feed_bodies(articles):
    """The whole texts of some articles for feeds, by primary key; addresses are absolute.

    What corrects or updates an article is said before its text.
    """
    site = publication()
    contents = {article.pk: structure(article.body) for article in articles}
    tokens = {ref.token for content in contents.values() for ref in content.references}
    resolved = references.resolve(tokens.union(*map(_earlier_tokens, articles)))
    addresses = {token: site.absolute(path) for token, path in resolved.addresses.items()}
    pictures = {
        uid: _AbsolutelyShown(shown.image)
        for uid, shown in _pictures(
            {uid for content in contents.values() for uid in content.images}
        ).items()
    }
    notices = citations.notices(articles)
    return {
        article.pk: _feed_notices(
            article, notices[article.pk], _earlier(article, article, resolved)
        )
        + render(article.body, references=addresses, images=pictures)
        for article in articles
    }


def _feed_notices(article, notices, earlier):
    if not notices and not earlier:
        return SafeString()
    site, own = publication(), publication().absolute(article.get_absolute_url())
    context = {
        "notices": [
            replace(item, url=site.absolute(item.url), section_url=own + item.section_url)
            for item in notices[: citations.NOTICES_SHOWN]
        ],
        "earlier": [replace(item, url=site.absolute(item.url)) for item in earlier],
    }
    return SafeString(render_to_string("articles/feed_notices.html", context))


class _AbsolutelyShown(_Shown):
    def __call__(self, alt):
        return format_html(
            '<img src="{}" width="{}" height="{}" alt="{}">',
            publication().absolute(self.image.url),
            self.image.width,
            self.image.height,
            alt or self.image.alt,
        )
