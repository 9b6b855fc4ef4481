"""The sitemap (sitemaps.org protocol): an index, and files for each kind of page."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from html import escape

from django.db.models import F, Max, Q, Window
from django.db.models.functions import Coalesce, RowNumber, TruncMonth
from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

from articles.models import Article, Tag, address_of, addresses_of
from articles.prepared import Prepared
from articles.site import publication, shelf
from articles.views import listed_series
from authors.models import Author
from irb_site.decorators import read_only
from irb_site.paths import path_to

# The protocol allows 50,000; a smaller file is made within one request as others are.
PER_FILE = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    path: str
    lastmod: datetime | None = None


def _public():
    return Article.objects.public().articles().order_by("first_published_at", "pk")


@cache
def _starts(per_file):
    places = Window(RowNumber(), order_by=[F("first_published_at").asc(), F("pk").asc()])
    return Prepared(
        lambda: (
            _public()
            .annotate(in_file=(places - 1) % per_file)
            .filter(in_file=0)
            .values_list("first_published_at", "pk")
        )
    )


@cache
def _of_file(per_file):
    return Prepared(
        lambda date, pk: (
            # The date by itself too: or no database would begin at its place in the index.
            _public()
            .filter(Q(first_published_at__gt=date) | Q(pk__gte=pk), first_published_at__gte=date)
            .values_list("slug", "updated_at")[:per_file]
        )
    )


# What stands in no list. One kind at a time, for the index of addresses.
_apart = Prepared(
    lambda: [
        Article.objects.public()
        .filter(kind=kind)
        .order_by()
        .values_list("kind", "slug", "updated_at")
        for kind in (Article.Kind.PAGE, Article.Kind.SERIES)
    ]
)


def _files():
    """Where each file of articles begins: oldest first, so that a new one changes the last alone.

    Looked up once under each content version, since every article has a part in it.
    """
    remembered = shelf("sitemap files")
    if "starts" not in remembered:
        remembered["starts"] = _starts(PER_FILE)()
    return remembered["starts"]


def _count():
    return max(1, len(_files()))


def _articles(number):
    """A file of articles; the first one begins with pages and series, which are few."""
    start = _files()[number - 1 : number]
    rows = _of_file(PER_FILE)(*start[0]) if start else []
    paths = addresses_of(Article.Kind.ARTICLE, [slug for slug, _date in rows])
    entries = [Entry(path, date) for path, (_slug, date) in zip(paths, rows, strict=True)]
    return [*_pages_and_series(), *entries] if number == 1 else entries


def _pages_and_series():
    remembered = shelf("sitemap of pages and series")
    if "entries" not in remembered:
        remembered["entries"] = [
            Entry(address_of(kind, slug), date) for kind, slug, date in sorted(_apart())
        ]
    return remembered["entries"]


def _lists(number):
    """Made once under each content version, since every article has a part in it."""
    remembered = shelf("sitemap of lists")
    if "entries" not in remembered:
        remembered["entries"] = _entries_of_lists()
    return remembered["entries"]


def _entries_of_lists():
    articles = Article.objects.public().articles()
    newest = articles.aggregate(last=Max("updated_at"))["last"]
    names = ("articles:home", "articles:archive", "articles:tags", "authors:list")
    entries = [Entry(path_to(name), newest) for name in names]
    months = articles.order_by().annotate(month=TruncMonth("first_published_at")).values("month")
    months = list(months.annotate(last=Max("updated_at")).order_by("-month"))
    years = {}
    for row in months:
        month = timezone.localtime(row["month"])
        last = years.get(month.year)
        years[month.year] = max(last, row["last"]) if last else row["last"]
        entries.append(
            Entry(path_to("articles:archive_month", month.year, month.month), row["last"])
        )
    entries += [Entry(path_to("articles:archive_year", year), last) for year, last in years.items()]
    newest = listed_series().aggregate(last=Max("updated_at"))["last"]
    if newest:
        entries.append(Entry(path_to("articles:series"), newest))
    return entries


def _subjects(number):
    return [
        Entry(model(slug=slug).get_absolute_url(), newest)
        for model, rows in ((Tag, "article_tags"), (Author, "bylines"))
        for slug, newest in _newest_of_each(model, rows)
    ]


def _newest_of_each(model, rows):
    """(slug, when something was last published) of the authors or tags in lists."""
    listed = model.objects.listed()
    things = model.objects.filter(Q(pk__in=listed) | Q(merged_into__in=listed))
    # What is merged into one makes its page newer, too.
    slugs = things.order_by().values_list(Coalesce("merged_into__slug", "slug"))
    return sorted(slugs.annotate(Max(f"{rows}__published_at")))


_SECTIONS = {"articles": _articles, "lists": _lists, "subjects": _subjects}


@read_only
def index(request):
    names = ["lists", *(f"articles-{number + 1}" for number in range(_count()))]
    if Tag.objects.listed().exists() or Author.objects.listed().exists():
        names.append("subjects")
    site = publication()
    urls = [site.absolute(path_to("articles:sitemap_section", name)) for name in names]
    return _xml(render_to_string("articles/sitemap_index.xml", {"urls": urls}))


@read_only
def section(request, section):
    name, _hyphen, number = section.partition("-")
    if name == "articles":
        known = number in {str(file + 1) for file in range(_count())}
    else:
        known = name in _SECTIONS and not _hyphen
    if not known:
        raise Http404
    return _xml(_file(_SECTIONS[name](int(number or 1))))


def _file(entries):
    site, zone = publication(), timezone.get_current_timezone()
    lines = []
    for entry in entries:
        date = entry.lastmod
        changed = f"<lastmod>{date.astimezone(zone).isoformat()}</lastmod>" if date else ""
        lines.append(f"<url><loc>{escape(site.absolute(entry.path))}</loc>{changed}</url>\n")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{''.join(lines)}</urlset>\n"
    )


def _xml(content):
    return HttpResponse(content, content_type="application/xml; charset=utf-8")
