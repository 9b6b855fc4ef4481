"""What the page of one article shows, made from the live row or from a revision."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.db.models import Q, Value
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from articles import citations, labels, references, wording
from articles.cards import cards_of_uids, names_of
from articles.models import Article, Image, Reference, Section, TagAlias, address_of
from articles.names import fold
from articles.prepared import Prepared, instance
from articles.rendering import RefToken, related_token
from articles.site import publication, shelf
from articles.typesetting import typeset_of
from irb_site.paths import path_to

# A table of contents helps from here on.
TOC_MINIMUM = 3
# The newest of what cites an article, of its kind.
CITED_BY_SHOWN = citations.SHOWN[Reference.Kind.INLINE]
RECOMMENDED_IN_SHOWN = citations.SHOWN[Reference.Kind.RELATED]
# Of the series that an article is part of, the newest.
SERIES_SHOWN = citations.SHOWN[Reference.Kind.SERIES]
COUNTS_REMEMBERED_MAX = 1000


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
    # Of the text, for those who describe the page.
    beginning: str = ""
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

    @property
    def contents(self):
        return wording.contents(self.toc)


_OF_ARTICLE = (
    *("id", "uid", "kind", "state", "language", "slug", "title", "standfirst", "lead_image_id"),
    *("related", "relations", "reading_minutes", "first_published_at", "updated_at", "typeset"),
)
_OF_PICTURE = ("id", "uid", "file", "width", "height", "alt", "caption", "credit")
_COLUMNS = (*_OF_ARTICLE, *(f"lead_image__{name}" for name in _OF_PICTURE))
_by_address = Prepared(
    lambda kind, slug: (
        Article.objects.public().filter(kind=kind, slug=slug).order_by().values_list(*_COLUMNS)
    )
)
_by_pk = Prepared(
    lambda pks: Article.objects.public().filter(pk__in=pks).order_by().values_list(*_COLUMNS)
)
_pictures_by_uid = Prepared(
    lambda uids: Image.objects.filter(uid__in=uids).order_by().values_list(*_OF_PICTURE)
)


def public_article(kind, slug):
    """The article of an address, with what its page shows of itself; None where none is public."""
    row = _by_address.first(kind, slug)
    return _article(row) if row else None


def _article(row):
    article = instance(Article, _OF_ARTICLE, row[: len(_OF_ARTICLE)])
    if article.lead_image_id:
        article.lead_image = _picture(row[len(_OF_ARTICLE) :])
    return article


def _picture(row):
    return instance(Image, _OF_PICTURE, row)


def live_page(article):
    """What readers get: a number of queries that no count of anything changes."""
    authors, tags = names_of([article.pk]).get(article.pk, ((), ()))
    return _page(article, article, authors=authors, tags=tags)


def preview_page(article, revision, *, state_note):
    """What readers would get if the revision were published now."""
    by_uid = labels.authors_of(revision.bylines)
    return _page(
        article,
        revision,
        authors=labels.each_once(by_uid[uid] for uid in revision.bylines if uid in by_uid),
        tags=_named_tags(revision.tags),
        state_note=state_note,
    )


def _named_tags(names):
    keys = [fold(name) for name in names]
    aliases = TagAlias.objects.filter(key__in=keys).values_list("key", "tag_id")
    found = dict(aliases)
    by_pk = labels.tags(found.values())
    return labels.each_once(
        by_pk[found[key]] if key in found else labels.TagLabel(uid="", name=name)
        for key, name in zip(keys, names, strict=True)
    )


def _page(article, source, *, authors, tags, state_note=None):
    """source: the article, or the revision of which a preview is made, with its note."""
    content = typeset_of(source)
    tokens = content.tokens
    resolved = references.resolve(
        tokens | set(filter(None, map(related_token, source.related))) | _earlier_tokens(source)
    )
    headings = {heading.anchor: heading.text for heading in content.headings}
    addresses = _own_addresses(article, tokens, headings, resolved.addresses)
    is_public = article.first_published_at is not None
    page = ArticlePage(
        title=source.title,
        standfirst=source.standfirst,
        body=content.render(references=addresses, images=_pictures(content.images)),
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
        beginning=content.beginning,
        kind=article.kind,
        earlier=_earlier(article, source, resolved),
        parts=_parts(source.relations) if article.kind == Article.Kind.SERIES else [],
        is_preview=state_note is not None,
        state_note=state_note or "",
    )
    # What isn't saved yet has nothing around it.
    if article.pk is not None:
        _add_around(page, article, headings)
    return page


_EARLIER, _LATER, _SECTION = "earlier", "later", "section"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING = [Value(""), Value(""), Value(0)]


def _beside(pk, date):
    """The articles published just before and just after a place in their order."""
    listed = Article.objects.public().articles()
    # The date is said by itself, too: or no database would begin at its place in the index.
    later = listed.filter(first_published_at__gte=date).filter(
        Q(first_published_at__gt=date) | Q(pk__gt=pk)
    )
    columns = ("pk", "kind", "slug", "title", "language", "first_published_at")
    return [
        rows.values_list(Value(name), *columns, *_NOTHING, Value(""))[:1]
        for name, rows in (
            (_EARLIER, listed.earlier_than(date, pk).newest_first()),
            (_LATER, later.order_by("first_published_at", "id")),
        )
    ]


def _former_sections(pk):
    """The anchors of sections that readers could once link to, in the columns of the others."""
    named = [Value(""), Value(""), Value(""), Value("")]
    return (
        Section.objects.former()
        .filter(article=pk)
        .order_by("pk")
        .values_list(
            Value(_SECTION), "pk", *named, "article__first_published_at", *_NOTHING, "anchor"
        )
    )


# All that stands around an article in one query. What a row is says its first column.
_surroundings = Prepared(
    lambda pk, date: [*citations.parts_around(pk), *_beside(pk, date), _former_sections(pk)]
)


def _own_addresses(article, tokens, headings, addresses):
    """The addresses as a text of the article itself uses them: its own sections by fragment."""
    own = {token for token in tokens if (token.kind, token.uid) == ("article", article.uid)}
    if not own:
        return addresses
    addresses = dict(addresses)
    for token in own:
        address = addresses.pop(token, None)
        if token.section in headings:
            addresses[token] = f"#{token.section}"
        elif address and address != article.get_absolute_url():
            # The section has moved.
            addresses[token] = address
    return addresses


def _add_around(page, article, headings):
    """What others say of the article, its place among them, and where its old sections land."""
    rows = defaultdict(list)
    for kind, *row in _surroundings(article.pk, article.first_published_at or _NEVER):
        rows[kind].append((kind, *row))
    # Of a preview, the headings are those of the draft.
    around = citations.around(article, headings, rows)
    page.notices = around.notices[: citations.NOTICES_SHOWN]
    page.has_more_notices = len(around.notices) > citations.NOTICES_SHOWN
    page.series = _series(article, around.series[:SERIES_SHOWN])
    former = references.former_sections(article, [row[-1] for row in rows[_SECTION]])
    page.landings = [landing for landing in former if landing.anchor not in headings]
    if article.kind == Article.Kind.ARTICLE and not page.is_preview:
        _add_citations(page, article, around)
        page.previous, page.next = _neighbour(rows[_EARLIER]), _neighbour(rows[_LATER])
        page.cited_by_url = path_to("articles:cited_by", article.slug)
        page.connections_url = path_to("articles:connections", article.slug)


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


def _series(article, rows):
    """Its place in the newest public series that it is part of. One query, where there is one."""
    series = [Article(pk=pk, kind=kind, slug=slug, title=title, language=language)
              for pk, kind, slug, title, language in rows]  # fmt: skip
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
        return Neighbour(title, address_of(kind, slug), language)

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
    found = cards_of_uids(set(uids))
    return [found[uid] for uid in dict.fromkeys(uids) if uid in found]


def _add_citations(page, article, around):
    """The newest of those who cite it in their text or as a related link, and how many do."""
    if not around.citations:
        return
    in_text, related = Reference.Kind.INLINE, Reference.Kind.RELATED
    totals = around.totals or _remembered_counts(article)
    of_kind = {
        kind: [item for item in around.citations if item.kind == kind]
        for kind in (in_text, related)
    }
    page.cited_by = of_kind[in_text][:CITED_BY_SHOWN]
    page.cited_by_more = totals.get(in_text, 0) - len(page.cited_by)
    page.recommended_in = of_kind[related][:RECOMMENDED_IN_SHOWN]
    page.citation_count = sum(totals.values())


def _remembered_counts(article):
    """Counted once under each content version: thousands may cite an article."""
    counts = shelf("citation counts")
    if article.pk not in counts:
        if len(counts) >= COUNTS_REMEMBERED_MAX:
            counts.clear()
        counts[article.pk] = citations.counts(article)
    return counts[article.pk]


def _shown_update(article):
    """The date of the last change, where it is later than the day of publication."""
    first, last = article.first_published_at, article.updated_at
    if last and timezone.localdate(last) > timezone.localdate(first):
        return last
    return None


def _pictures(uids):
    """uid → a callable that shows the picture with a given alternative text."""
    pictures = map(_picture, _pictures_by_uid(sorted(set(uids))))
    return {picture.uid: _Shown(picture) for picture in pictures}


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


def _neighbour(rows):
    for _part, _pk, kind, slug, title, language, *_rest in rows:
        return Neighbour(title, address_of(kind, slug), language)
    return None


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An article with its whole text, in which addresses are absolute.

    What corrects or updates it is said before its text.
    """

    article: Article
    authors: list
    tags: list
    body: SafeString


def feed_entries(pks):
    """The entries of those that are public, in the order of their primary keys."""
    found = {article.pk: article for article in map(_article, _by_pk(pks))}
    articles = [found[pk] for pk in pks if pk in found]
    names = names_of(list(found))
    site = publication()
    contents = {article.pk: typeset_of(article) for article in articles}
    tokens = set().union(*(content.tokens for content in contents.values()))
    resolved = references.resolve(tokens.union(*map(_earlier_tokens, articles)))
    addresses = {token: site.absolute(path) for token, path in resolved.addresses.items()}
    pictures = {
        uid: _AbsolutelyShown(shown.image)
        for uid, shown in _pictures(
            {uid for content in contents.values() for uid in content.images}
        ).items()
    }
    notices = citations.notices(articles)
    return [
        FeedEntry(
            article,
            *names[article.pk],
            _feed_notices(article, notices[article.pk], _earlier(article, article, resolved))
            + contents[article.pk].render(references=addresses, images=pictures),
        )
        for article in articles
    ]


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
