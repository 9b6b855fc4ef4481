"""Readers' pages: find, page, render."""

from datetime import timedelta
from itertools import groupby

from django.db.models import Count
from django.db.models.functions import ExtractMonth, ExtractYear
from django.http import Http404, HttpResponse, HttpResponseGone
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import MONTHS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control

from articles import search as index
from articles import structured_data
from articles.models import Article, Pick, Tag
from articles.pages import live_page
from articles.paging import PER_PAGE, pager
from articles.rendering import structure
from articles.site import publication
from articles.structured_data import Meta, breadcrumbs
from authors.models import Author
from irb_site.decorators import read_only

LATEST_SHOWN = 12
TAGS_SHOWN = 24
AUTHORS_SHOWN = 8


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
            "url": reverse(f"{namespace}:{route_name}", args=args),
            "type": media_type,
        }
        for route_name, label, media_type in kinds
    ]


@read_only
def home(request):
    site = publication()
    picked = list(
        Pick.objects.filter(
            tag__isnull=True, article__in=Article.objects.public().articles()
        ).values_list("place", "article_id")
    )
    newest = list(
        Article.objects.public()
        .articles()
        .newest_first()
        .values_list("pk", flat=True)[: LATEST_SHOWN + len(picked) + 1]
    )
    cards = (
        Article.objects.public()
        .articles()
        .for_cards()
        .in_bulk({pk for _place, pk in picked} | set(newest))
    )

    def at(place):
        return [cards[pk] for where, pk in picked if where == place and pk in cards]

    lead = next(iter(at(Pick.Place.HOME_LEAD)), None)
    if lead is None and newest:
        lead = cards.get(newest[0])
    picks = [card for card in at(Pick.Place.HOME_ROW) if card != lead]
    above = {card.pk for card in [lead, *picks] if card}
    latest = [cards[pk] for pk in newest if pk in cards and pk not in above][:LATEST_SHOWN]
    meta = Meta(
        heading_title=site.name,
        title=f"{site.name} – {site.tagline}" if site.tagline else site.name,
        canonical=reverse("articles:home"),
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
        "tags": Tag.objects.listed().order_by("-article_count", "name")[:TAGS_SHOWN],
        "authors": Author.objects.listed()
        .select_related("photo")
        .order_by("-article_count", "name")[:AUTHORS_SHOWN],
    }
    return render(request, "articles/home.html", context)


@read_only
def article_detail(request, slug):
    return _article(request, slug, Article.Kind.ARTICLE, "articles/article_detail.html")


@read_only
def page_detail(request, slug):
    return _article(request, slug, Article.Kind.PAGE, "articles/page_detail.html")


def _article(request, slug, kind, template):
    article = Article.objects.public().for_page().filter(kind=kind, slug=slug).first()
    if article is None:
        if Article.objects.withdrawn().filter(kind=kind, slug=slug).exists():
            return HttpResponseGone(render_to_string("articles/gone.html", request=request))
        raise Http404(_("There is no such article."))
    page = live_page(article)
    return render(request, template, article_context(page))


def article_context(page):
    """What the article template needs beside the page itself; previews use it too."""
    is_article = page.kind == Article.Kind.ARTICLE
    crumbs = [(_("Articles"), reverse("articles:archive"))] if is_article else []
    crumbs = breadcrumbs(*crumbs, (page.title, page.url))
    meta = Meta(
        heading_title=page.title,
        canonical=page.url,
        description=page.standfirst or structure(page.body).text or page.title,
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
    return {"page": page, "meta": meta, "breadcrumbs": crumbs}


@read_only
def archive(request, year=None, month=None):
    articles = Article.objects.public().articles()
    counts = _counts_by_month()
    heading, crumbs = _("Archive"), [(_("Archive"), reverse("articles:archive"))]
    total = sum(count for _year, _month, count in counts)
    if year is not None:
        total = sum(n for y, m, n in counts if y == year and month in (None, m))
        if not total:
            raise Http404(_("Nothing was published then."))
        articles = articles.published_in(year, month)
        heading = str(year)
        crumbs.append((str(year), reverse("articles:archive_year", args=[year])))
    if month is not None:
        heading = f"{MONTHS[month]} {year}"
        crumbs.append((heading, reverse("articles:archive_month", args=[year, month])))
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
        "cards": articles.newest_first().for_cards()[page.offset : page.offset + PER_PAGE],
        "pager": page,
        "years": _years(counts, year, month),
    }
    return render(request, "articles/archive.html", context)


def _counts_by_month():
    zone = timezone.get_current_timezone()
    return list(
        Article.objects.public()
        .articles()
        .order_by()
        .values_list(
            ExtractYear("first_published_at", tzinfo=zone),
            ExtractMonth("first_published_at", tzinfo=zone),
        )
        .annotate(Count("pk"))
        .order_by()
    )


def _years(counts, current_year, current_month):
    years = []
    for year, rows in groupby(sorted(counts, reverse=True), key=lambda row: row[0]):
        rows = list(rows)
        years.append(
            {
                "year": year,
                "url": reverse("articles:archive_year", args=[year]),
                "count": sum(count for _year, _month, count in rows),
                "is_current": year == current_year,
                "months": [
                    {
                        "label": MONTHS[month],
                        "url": reverse("articles:archive_month", args=[year, month]),
                        "count": count,
                        "is_current": (year, month) == (current_year, current_month),
                    }
                    for _year, month, count in sorted(rows, key=lambda row: row[1])
                ],
            }
        )
    return years


def numbered_heading(heading, page):
    if page.number == 1:
        return heading
    return _("%(heading)s, page %(number)s") % {"heading": heading, "number": page.number}


def numbered_path(path, page):
    return path if page.number == 1 else f"{path}?page={page.number}"


@read_only
def tag_list(request):
    crumbs = breadcrumbs((_("Tags"), reverse("articles:tags")))
    tags = sorted(Tag.objects.listed(), key=lambda tag: tag.key)
    groups = [
        {"letter": letter, "tags": list(members)}
        for letter, members in groupby(tags, key=lambda tag: tag.key[0].upper())
    ]
    context = {
        "meta": Meta(
            heading_title=_("Tags"),
            canonical=reverse("articles:tags"),
            description=_("All subjects we write about, from A to Z."),
            structured_data=[structured_data.breadcrumb_list(crumbs)],
        ),
        "breadcrumbs": crumbs,
        "groups": groups,
    }
    return render(request, "articles/tag_list.html", context)


@read_only
def tag_detail(request, slug):
    tag = get_object_or_404(Tag.objects.known(), slug=slug)
    page = pager(request, tag.article_count)
    crumbs = breadcrumbs((_("Tags"), reverse("articles:tags")), (tag.name, tag.get_absolute_url()))
    feeds = feeds_of(tag.name, "articles:tag_feed", tag.slug)
    cards = Article.objects.public().articles().tagged(tag).for_cards()
    picks = []
    if page.number == 1:
        chosen = list(tag.picks.order_by("position", "pk").values_list("article_id", flat=True))
        by_pk = cards.in_bulk(chosen) if chosen else {}
        picks = [by_pk[pk] for pk in chosen if pk in by_pk]
    context = {
        "meta": Meta(
            # “Tags” or “Authors” may be a tag too, and every page's title is its own.
            heading_title=numbered_heading(_("%(tag)s: all articles") % {"tag": tag.name}, page),
            canonical=numbered_path(tag.get_absolute_url(), page),
            description=numbered_heading(
                tag.description or _("Articles on %(tag)s.") % {"tag": tag.name}, page
            ),
            noindex=not tag.article_count,
            feeds=feeds,
            structured_data=[structured_data.breadcrumb_list(crumbs)],
        ),
        "breadcrumbs": crumbs,
        "tag": tag,
        "picks": picks,
        "cards": cards[page.offset : page.offset + PER_PAGE],
        "pager": page,
        "feeds": feeds,
    }
    return render(request, "articles/tag_detail.html", context)


@read_only
def search(request):
    query = " ".join(request.GET.get("q", "").replace("\x00", " ").split())[:200]
    first = pager(request, total=10**6).offset
    found = index.find(query, offset=first, limit=PER_PAGE)
    page = pager(request, min(found.total, 1000))
    cards = (
        Article.objects.public().articles().for_cards().defer(None).in_bulk(found.ids)
        if found.ids
        else {}
    )
    hits = [
        {
            "card": cards[pk],
            "snippet": index.snippet(structure(cards[pk].body).text, found.terms),
        }
        for pk in found.ids
        if pk in cards
    ]
    context = {
        "meta": Meta(
            heading_title=_("Search: %(query)s") % {"query": query} if query else _("Search"),
            canonical=reverse("articles:search"),
            description=_("Search all articles by their words."),
            noindex=True,
        ),
        "breadcrumbs": breadcrumbs((_("Search"), reverse("articles:search"))),
        "query": query,
        "hits": hits,
        "total_label": _total_label(found),
        "pager": page,
        "message": _search_message(query, found),
    }
    return render(request, "articles/search.html", context)


def _total_label(found):
    if found.is_capped:
        return _("1,000+ articles")
    return ngettext("%(n)d article", "%(n)d articles", found.total) % {"n": found.total}


def _search_message(query, found):
    if not query:
        return _("Type a few words. All of them will be looked for, in titles and texts.")
    if not found.total:
        return _(
            "Nothing was found for “%(query)s”. Try fewer words, another spelling, or a tag below."
        ) % {"query": query}
    return ""


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
