"""Every address that a reader can ask for: the routes of the URLconf, filled with what is there."""

import re
from itertools import pairwise

from django.urls import get_resolver
from django.utils import timezone

from articles.models import Article, Tag
from authors.models import Author

SITEMAPS = ("lists", "subjects", "articles-1")


def routes():
    """The routes outside the admin, as the URLconf writes them."""
    return list(_routes(get_resolver().url_patterns, ""))


def _routes(patterns, prefix):
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            if route != "admin/":
                yield from _routes(pattern.url_patterns, route)
        elif not route.startswith("preview/") and "/random/" not in route:
            # What a preview link shows is for nobody who hasn't got it, and a random article is
            # another one each time.
            yield route


def paths(*, articles=(), pages=(), series=(), tags=(), authors=(), months=(), files=()):
    """The paths of all routes, each for every slug, (year, month) or file name that fits it."""
    slugs = {
        "articles": articles,
        "pages": pages,
        "series": series,
        "tags": tags,
        "authors": authors,
    }
    # Not each with each: they would be too many. In the order in which they combine.
    pairs = list(pairwise(sorted(tags)))
    found = []
    for route in routes():
        parameters = re.findall(r"<(\w+):\w+>", route)
        if parameters == []:
            values = [()]
        elif parameters == ["uslug"]:
            values = [(slug,) for slug in slugs[route.partition("/")[0]]]
        elif parameters == ["tags"]:
            values = [(slug,) for slug in tags] + [("+".join(pair),) for pair in pairs]
        elif parameters == ["tags", "tags"]:
            values = pairs
        elif parameters == ["yyyy"]:
            values = sorted({(f"{year}",) for year, _month in months})
        elif parameters == ["yyyy", "mm"]:
            values = [(f"{year}", f"{month:02d}") for year, month in months]
        elif parameters == ["slug"]:
            values = [(name,) for name in SITEMAPS]
        elif parameters == ["path"]:
            values = [(name,) for name in files]
        else:
            raise NotImplementedError(route)
        for row in values:
            path = route
            for value in row:
                path = re.sub(r"<[^>]*>", value.replace("\\", r"\\"), path, count=1)
            found.append(f"/{path}")
    return found


def public_paths():
    """What readers may open now: every path that answers, search apart from its words."""
    public = Article.objects.public()
    dates = public.articles().values_list("first_published_at", flat=True)
    months = {(day.year, day.month) for day in map(timezone.localtime, dates)}
    return paths(
        articles=list(public.articles().values_list("slug", flat=True)),
        pages=list(public.pages().values_list("slug", flat=True)),
        series=list(public.series().values_list("slug", flat=True)),
        tags=list(Tag.objects.known().values_list("slug", flat=True)),
        authors=list(Author.objects.known().values_list("slug", flat=True)),
        months=sorted(months),
        files=[
            article.lead_image.file.name
            for article in public.filter(lead_image__isnull=False).select_related("lead_image")
        ],
    )
