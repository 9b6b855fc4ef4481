"""The long lists: everything, and what an author has written, newest first, page by page; what
carries tags, or is by several authors who are one, is found by articles.tag_sets.

A page of a list begins at a place in an index, found from the last milestone before it, so the
thousandth page costs what the first does. Milestones and counts are remembered under the content
version (articles.site).
"""

from functools import cache

from django.db.models import Count, Min, Value

from articles import labels, tag_sets
from articles.models import Article, Byline
from articles.paging import PER_PAGE
from articles.periods import ALWAYS, Period, month_of
from articles.prepared import Prepared
from articles.site import shelf

MILESTONE_EVERY = 1000
# Asked for one or two at an end of all articles, SQLite would sort what there is.
FEWEST = 20
# As many as one query counts.
MONTHS_AT_ONCE = 128
# Before the newest of anything.
_FIRST = (ALWAYS.end, 0)


def _of_index(rows, date_name, pk_name):
    rows = rows.order_by(f"-{date_name}", f"-{pk_name}")
    return rows.values_list(date_name, pk_name)[:PER_PAGE]


def _public():
    return Article.objects.public().articles()


_PLACES = {
    "archive": Prepared(
        lambda oldest, date, pk: _of_index(
            _public().earlier_than(date, pk).filter(first_published_at__gte=oldest),
            "first_published_at",
            "pk",
        )
    ),
    "author": Prepared(
        lambda author, date, pk: _of_index(
            Byline.objects.filter(author=author).earlier_than(date, pk),
            "published_at",
            "article_id",
        )
    ),
}


@cache
def _newest(count):
    return Prepared(lambda: _public().newest_first().values_list("pk")[:count])


def newest(count):
    """The primary keys of the newest articles."""
    return [pk for (pk,) in _newest(max(count, FEWEST))()][:count]


def by(pk, offset=0):
    """The primary keys of a page of what an author, or one who is merged into it, has written."""
    if len(labels.group("author", pk)) > 1:
        # No index has what several have written in one order.
        return tag_sets.current().written_by(pk).page(offset)
    return _page("author", pk, _FIRST, offset)


def archived(period, offset=0):
    """Of what was published in a Period."""
    return _page("archive", period.start, (period.end, 0), offset)


def _page(name, of, first, offset):
    place, left = _milestone(name, of, first, offset)
    return [pk for _date, pk in _PLACES[name](of, *place, offset=left)]


def _milestone(name, of, first, offset):
    """A place in the list, and how many come between it and what stands at an offset."""
    wanted = offset // MILESTONE_EVERY
    if not wanted:
        return first, offset
    known = shelf("milestones").setdefault((name, of, first), {0: first})
    at = wanted
    while at not in known:
        at -= 1
    while at < wanted:
        rows = _PLACES[name](of, *known[at], offset=MILESTONE_EVERY - 1)
        if not rows:
            break
        at += 1
        known[at] = rows[0]
    return known[at], offset - at * MILESTONE_EVERY


_in_periods = Prepared(
    lambda starts, ends: [
        _public()
        .filter(first_published_at__gte=start, first_published_at__lt=end)
        .order_by()
        # Grouped by no column: or the row of each would be read, not only the index.
        .values_list(Value(""))
        .annotate(Min("first_published_at"), Count("pk"))
        for start, end in zip(starts, ends, strict=True)
    ]
)
_ends = Prepared(
    lambda: [
        _public().order_by(*order).values_list("first_published_at")[:FEWEST]
        for order in (("first_published_at", "id"), ("-first_published_at", "-id"))
    ]
)


def counts_by_month():
    """(year, month, how many public articles are of it), newest first; none of empty months.

    Counted once under each content version.
    """
    remembered = shelf("counts by month")
    if "all" not in remembered:
        remembered["all"] = _count_by_month()
    return remembered["all"]


def _count_by_month():
    dates = [date for (date,) in _ends()]
    if not dates:
        return []
    first, last = month_of(min(dates)), month_of(max(dates))
    months = [last]
    while months[-1] > first:
        year, month = months[-1]
        months.append((year, month - 1) if month > 1 else (year - 1, 12))
    counts = {}
    for start in range(0, len(months), MONTHS_AT_ONCE):
        periods = [Period.of(*month) for month in months[start : start + MONTHS_AT_ONCE]]
        for _nothing, date, count in _in_periods(
            [period.start for period in periods], [period.end for period in periods]
        ):
            if count:
                counts[month_of(date)] = count
    return [(*month, counts[month]) for month in months if month in counts]
