"""The sitemap (sitemaps.org protocol): an index, and files for each kind of page."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q
from django.db.models.functions import Coalesce, TruncMonth
from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

from articles.models import Article, Tag
from articles.site import publication, shelf
from articles.views import listed_series
from authors.models import Author
from irb_site.decorators import read_only
from irb_site.paths import path_to

# The protocol allows 50,000; smaller files are made faster.
PER_FILE = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    path: str
    lastmod: datetime | None = None

    @property
    def location(self):
        return publication().absolute(self.path)


def _articles(number):
    rows = Article.objects.public().order_by("id")
    rows = rows.only("kind", "slug", "updated_at")[(number - 1) * PER_FILE : number * PER_FILE]
    return [Entry(row.get_absolute_url(), row.updated_at) for row in rows]


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


def _article_files():
    """Counted once under each content version, since counting looks at every article."""
    remembered = shelf("sitemap files")
    if "articles" not in remembered:
        remembered["articles"] = max(1, -(-Article.objects.public().count() // PER_FILE))
    return remembered["articles"]


@read_only
def index(request):
    names = ["lists", *(f"articles-{number + 1}" for number in range(_article_files()))]
    if Tag.objects.listed().exists() or Author.objects.listed().exists():
        names.append("subjects")
    site = publication()
    urls = [site.absolute(path_to("articles:sitemap_section", name)) for name in names]
    return _xml("sitemap_index.xml", {"urls": urls})


@read_only
def section(request, section):
    name, _hyphen, number = section.partition("-")
    if name == "articles":
        known = number in {str(file + 1) for file in range(_article_files())}
    else:
        known = name in _SECTIONS and not _hyphen
    if not known:
        raise Http404
    return _xml("sitemap.xml", {"entries": _SECTIONS[name](int(number or 1))})


def _xml(template, context):
    return HttpResponse(
        render_to_string(f"articles/{template}", context),
        content_type="application/xml; charset=utf-8",
    )
