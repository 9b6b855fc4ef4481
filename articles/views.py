"""Readers' pages: find, page, render."""

from datetime import timedelta
from itertools import groupby
from operator import itemgetter

from django.db.models import Count, Exists, OuterRef, Subquery
from django.http import Http404, HttpResponse, HttpResponseGone, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dates import MONTHS
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control

from articles import citations, labels, lists, neighbourhood, references, structured_data
from articles.cards import add_pictures, cards, cards_in_order
from articles.models import Article, Pick, Reference, Tag
from articles.names import by_letter
from articles.pages import live_page, public_article
from articles.paging import PER_PAGE, pager
from articles.periods import ALWAYS, Period
from articles.prepared import Prepared
from articles.site import publication, shelf
from articles.structured_data import Meta, breadcrumbs
from authors.models import Author
from irb_site.decorators import read_only
from irb_site.paths import path_to

LATEST_SHOWN = 12
TAGS_SHOWN = 24
AUTHORS_SHOWN = 8
MENTIONS_SHOWN = 5
# By kind of article; previews use them too.
DETAIL_TEMPLATES = {
    Article.Kind.ARTICLE: "articles/article_detail.html",
    Article.Kind.PAGE: "articles/page_detail.html",
    Article.Kind.SERIES: "articles/series_detail.html",
}


def found_or_404(thing):
    if thing is None:
        raise Http404
    return thing


def feeds_of(title, route, *args):
    """The three feeds of a list, as the page's head names them."""
    namespace, name = route.split(":")
    kinds = (
        (name, "RSS", "application/rss+xml"),
        (f"{name}_atom", "Atom", "application/atom+xml"),
        (f"{name}_json", "JSON Feed", "application/feed+json"),
    )
    return [
        {
            "title": f"{title} ({label})",
            "label": label,
            "url": path_to(f"{namespace}:{route_name}", *args),
            "type": media_type,
        }
        for route_name, label, media_type in kinds
    ]


# Of those that aren't public any more, there is no card.
_picked = Prepared(lambda: Pick.objects.filter(tag__isnull=True).values_list("place", "article_id"))
_listed_tags = Prepared(
    lambda: (
        Tag.objects.listed()
        .order_by("-article_count", "name")
        .values_list("pk", "article_count")[:TAGS_SHOWN]
    )
)
_listed_authors = Prepared(
    lambda: (
        Author.objects.listed().order_by("-article_count", "name").values_list("pk")[:AUTHORS_SHOWN]
    )
)


@read_only
def home(request):
    site = publication()
    picked = _picked()
    newest = lists.newest(LATEST_SHOWN + len(picked) + 1)
    found = cards({pk for _place, pk in picked} | set(newest))

    def at(place):
        return [found[pk] for where, pk in picked if where == place and pk in found]

    lead = next(iter(at(Pick.Place.HOME_LEAD)), None)
    if lead is None and newest:
        lead = found.get(newest[0])
    picks = [card for card in at(Pick.Place.HOME_ROW) if card is not lead]
    add_pictures([card for card in (lead, *picks) if card])
    above = {card.pk for card in (lead, *picks) if card}
    latest = [found[pk] for pk in newest if pk in found and pk not in above][:LATEST_SHOWN]
    meta = Meta(
        heading_title=site.name,
        title=f"{site.name} – {site.tagline}" if site.tagline else site.name,
        canonical=path_to("articles:home"),
        feeds=feeds_of(site.name, "articles:feed"),
        image=lead.lead_image if lead else None,
        structured_data=[structured_data.website()],
    )
    context = {
        "meta": meta,
        "breadcrumbs": [],
        "lead": lead,
        "picks": picks,
        "latest": latest,
        "start_here": at(Pick.Place.START_HERE),
        **_ways_in(),
    }
    return render(request, "articles/home.html", context)


def _ways_in():
    """The tags and authors with the most articles, and whether there is a series.

    Looked up once under each content version, since all tags and authors have to be compared.
    """
    remembered = shelf("home")
    if "ways in" not in remembered:
        tag_counts = _listed_tags()
        tags = labels.tags([pk for pk, _count in tag_counts])
        author_pks = [pk for (pk,) in _listed_authors()]
        authors = labels.authors(author_pks)
        remembered["ways in"] = {
            "tags": [(tags[pk].url, tags[pk].name, count) for pk, count in tag_counts],
            "authors": [authors[pk] for pk in author_pks],
            "has_series": bool(_some_series()),
        }
    return remembered["ways in"]


@read_only
def article_detail(request, slug):
    return _article(request, slug, Article.Kind.ARTICLE)


@read_only
def page_detail(request, slug):
    return _article(request, slug, Article.Kind.PAGE)


@read_only
def series_detail(request, slug):
    return _article(request, slug, Article.Kind.SERIES)


def _article(request, slug, kind):
    article = public_article(kind, slug)
    if article is None:
        return _way_on(request, slug, kind)
    page = live_page(article)
    return render(request, DETAIL_TEMPLATES[kind], article_context(page))


_gone = Prepared(
    lambda kind, slug: (
        Article.objects.gone().filter(kind=kind, slug=slug).order_by().values_list("pk")
    )
)


def _way_on(request, slug, kind):
    """What is answered in place of an article that readers may not, or may no longer, see."""
    row = _gone.first(kind, slug)
    if row is None:
        raise Http404(_("There is no such article."))
    address = references.successor_address(row[0])
    return HttpResponsePermanentRedirect(address) if address else gone(request)


def gone(request):
    """What stood here was taken away on purpose; its words are not shown."""
    return HttpResponseGone(render_to_string("articles/gone.html", request=request))


def article_context(page):
    """What the article template needs beside the page itself; previews use it too."""
    is_article = page.kind == Article.Kind.ARTICLE
    crumbs = {
        Article.Kind.ARTICLE: [(_("Articles"), path_to("articles:archive"))],
        Article.Kind.SERIES: [(_("Series"), path_to("articles:series"))],
    }
    crumbs = breadcrumbs(*crumbs.get(page.kind, []), (page.title, page.url))
    meta = Meta(
        heading_title=page.title,
        canonical=page.url,
        description=page.standfirst or page.beginning or page.title,
        type="article" if is_article else "website",
        language=page.language,
        image=page.lead_image,
        published_at=page.published_at,
        updated_at=page.updated_at,
        author_names=[author.name for author in page.authors],
        tags=[tag.name for tag in page.tags],
        section=page.tags[0].name if page.tags else "",
        noindex=page.is_preview,
        feeds=feeds_of(publication().name, "articles:feed"),
    )
    if not page.is_preview:
        meta.structured_data = [structured_data.breadcrumb_list(crumbs)]
        if is_article:
            meta.structured_data.append(structured_data.article(page, meta))
        if page.kind == Article.Kind.SERIES:
            meta.structured_data.append(structured_data.series(page, meta))
    return {"page": page, "meta": meta, "breadcrumbs": crumbs}


def listed_series():
    """Series that stand in lists: those with parts that readers can open (part_count).

    Asked from each series, of which there are few, so that the number of articles costs nothing.
    """
    parts = Article.objects.public().filter(
        incoming__source=OuterRef("pk"),
        incoming__set=Reference.Set.LIVE,
        incoming__kind=Reference.Kind.SERIES,
        incoming__is_first=True,
    )
    count = parts.order_by().values("incoming__source").annotate(n=Count("pk")).values("n")
    return Article.objects.public().series().filter(Exists(parts)).annotate(
        part_count=Subquery(count)
    )  # fmt: skip


_some_series = Prepared(lambda: listed_series().order_by().values_list("pk")[:1])


@read_only
def series_list(request):
    series = listed_series().newest_first()
    page = pager(request, series.count())
    path = path_to("articles:series")
    crumbs = breadcrumbs((_("Series"), path))
    context = {
        "meta": Meta(
            # A tag may be called “Series” too, and every page's title is its own.
            heading_title=numbered_heading(_("All series"), page),
            canonical=numbered_path(path, page),
            description=numbered_heading(_("Articles that belong together, in their order."), page),
            noindex=not page.total,
            structured_data=[structured_data.breadcrumb_list(crumbs)],
        ),
        "breadcrumbs": crumbs,
        "cards": series[page.offset : page.offset + PER_PAGE],
        "pager": page,
    }
    return render(request, "articles/series_list.html", context)


@read_only
def article_cited_by(request, slug):
    article = Article.objects.public().articles().filter(slug=slug).defer("body").first()
    if article is None:
        return _way_on(request, slug, Article.Kind.ARTICLE)
    return cited_by(
        request,
        article,
        heading=_("Who cites this article"),
        name=article.title,
        crumbs=[(_("Articles"), path_to("articles:archive"))],
        path=path_to("articles:cited_by", slug),
        connections_url=path_to("articles:connections", slug),
    )


@read_only
def tag_cited_by(request, slug):
    tag = found_or_404(labels.known_tag(slug))
    return cited_by(
        request,
        tag,
        heading=_("Who mentions this subject"),
        name=tag.name,
        crumbs=[(_("Tags"), path_to("articles:tags"))],
        path=path_to("articles:tag_cited_by", slug),
        connections_url=path_to("articles:tag_connections", slug),
    )


def cited_by(request, target, *, heading, name, crumbs, path, connections_url=""):
    """Everything public that cites an article, author or tag, in pages."""
    totals = citations.counts(target)
    page = pager(request, sum(totals.values()))
    own_path = target.get_absolute_url()
    crumbs = breadcrumbs(*crumbs, (name, own_path), (heading, path))
    title = numbered_heading(f"{heading}: {name}", page)
    context = {
        "meta": Meta(
            heading_title=title,
            canonical=numbered_path(path, page),
            description=title,
            language=getattr(target, "language", "en"),
            noindex=not page.total,
            structured_data=[structured_data.breadcrumb_list(crumbs)],
        ),
        "breadcrumbs": crumbs,
        "heading": heading,
        "target_name": name,
        "target_url": own_path,
        "language": getattr(target, "language", ""),
        "groups": citations.groups(
            target, totals, offset=page.offset, limit=PER_PAGE, path=own_path
        ),
        "connections_url": connections_url,
        "pager": page,
    }
    return render(request, "articles/cited_by.html", context)


@read_only
def article_connections(request, slug):
    article = Article.objects.public().articles().filter(slug=slug).defer("body").first()
    if article is None:
        return _way_on(request, slug, Article.Kind.ARTICLE)
    return _connections(
        request,
        neighbourhood.of_article(article),
        heading=_("What this article is connected to"),
        crumbs=[(_("Articles"), path_to("articles:archive"))],
        path=path_to("articles:connections", slug),
        cited_by_url=path_to("articles:cited_by", slug),
    )


@read_only
def tag_connections(request, slug):
    tag = found_or_404(labels.known_tag(slug))
    return _connections(
        request,
        neighbourhood.of_tag(tag),
        heading=_("What this subject is connected to"),
        crumbs=[(_("Tags"), path_to("articles:tags"))],
        path=path_to("articles:tag_connections", slug),
        cited_by_url=path_to("articles:tag_cited_by", slug),
    )


def _connections(request, found, *, heading, crumbs, path, cited_by_url):
    centre = found.centre
    title = f"{heading}: {centre.label}"
    context = {
        "meta": Meta(
            heading_title=title,
            canonical=path,
            description=title,
            language=centre.language or "en",
            # A picture of what other pages say: nothing to be found by itself.
            noindex=True,
        ),
        "breadcrumbs": breadcrumbs(*crumbs, (centre.label, centre.url), (heading, path)),
        "heading": heading,
        "neighbourhood": found,
        "drawings": [neighbourhood.draw_wide(found), neighbourhood.draw_narrow(found)],
        "cited_by_url": cited_by_url,
    }
    return render(request, "articles/connections.html", context)


@read_only
def archive(request, year=None, month=None):
    counts = lists.counts_by_month()
    heading, crumbs = _("Archive"), [(_("Archive"), path_to("articles:archive"))]
    total = sum(count for _year, _month, count in counts)
    if year is not None:
        total = sum(n for y, m, n in counts if y == year and month in (None, m))
        if not total:
            raise Http404(_("Nothing was published then."))
        heading = str(year)
        crumbs.append((str(year), path_to("articles:archive_year", year)))
    if month is not None:
        heading = f"{MONTHS[month]} {year}"
        crumbs.append((heading, path_to("articles:archive_month", year, month)))
    period = Period.of(year, month) if year else ALWAYS
    page = pager(request, total)
    crumbs = breadcrumbs(*crumbs)
    context = {
        "meta": Meta(
            heading_title=numbered_heading(heading, page),
            canonical=numbered_path(crumbs[-1].url, page),
            description=_("Everything we published, newest first: %(heading)s.")
            % {"heading": numbered_heading(heading, page)},
            feeds=feeds_of(publication().name, "articles:feed"),
            structured_data=[structured_data.breadcrumb_list(crumbs)],
        ),
        "breadcrumbs": crumbs,
        "heading": heading,
        "months": _by_month(cards_in_order(lists.archived(period, page.offset))),
        "pager": page,
        "years": _years(counts, year, month),
    }
    return render(request, "articles/archive.html", context)


def _by_month(shown):
    """Pairs of a month's name and its cards."""
    dates = {card.pk: timezone.localtime(card.published_at) for card in shown}
    groups = groupby(shown, key=lambda card: (dates[card.pk].year, dates[card.pk].month))
    return [(f"{MONTHS[month]} {year}", list(of_month)) for (year, month), of_month in groups]


def _years(counts, current_year, current_month):
    """The years, newest first, each with its months, as entries of an index."""
    years = []
    for year, rows in groupby(counts, key=lambda row: row[0]):
        rows = list(rows)
        total = sum(count for _year, _month, count in rows)
        own = (path_to("articles:archive_year", year), year, total, year == current_year)
        months = [
            (
                path_to("articles:archive_month", year, month),
                MONTHS[month],
                count,
                (year, month) == (current_year, current_month),
            )
            for _year, month, count in reversed(rows)
        ]
        years.append((own, months))
    return years


def numbered_heading(heading, page):
    if page.number == 1:
        return heading
    return _("%(heading)s, page %(number)s") % {"heading": heading, "number": page.number}


def numbered_path(path, page):
    return path if page.number == 1 else f"{path}?page={page.number}"


@read_only
def tag_list(request):
    crumbs = breadcrumbs((_("Tags"), path_to("articles:tags")))
    context = {
        "meta": Meta(
            heading_title=_("Tags"),
            canonical=path_to("articles:tags"),
            description=_("All subjects we write about, from A to Z."),
            structured_data=[structured_data.breadcrumb_list(crumbs)],
        ),
        "breadcrumbs": crumbs,
        "groups": by_letter(_tag_entries(), name_of=itemgetter(1)),
    }
    return render(request, "articles/tag_list.html", context)


def _tag_entries():
    """(address, name, number of articles) of all listed tags."""
    rows = Tag.objects.listed().order_by("pk").values_list("slug", "name", "article_count")
    return [(path_to("articles:tag", slug), name, count) for slug, name, count in rows]


def newest_mentions(target):
    """The newest public texts that mention a tag or an author. One query."""
    return citations.newest(target, Reference.Kind.INLINE, limit=MENTIONS_SHOWN)


@read_only
@cache_control(public=True, max_age=86400)
def security_txt(request):
    """Where to report a weakness (RFC 9116)."""
    site = publication()
    contact = f"mailto:{site.corrections_email}" if site.corrections_email else f"{site.url}/"
    expires = (timezone.now() + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    lines = [
        f"Contact: {contact}",
        f"Expires: {expires}",
        "Preferred-Languages: en, de",
        f"Canonical: {site.url}/.well-known/security.txt",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
