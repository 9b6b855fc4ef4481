"""How many articles there are of each month: as a chart, and as a table that says the same."""

from dataclasses import dataclass
from functools import lru_cache

from django.utils.dates import MONTHS
from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from articles.paging import PER_PAGE

# A chart of fewer months is filled up with the months before: one bar alone says nothing.
MONTHS_MIN = 24
MONTHS_PER_YEAR = 12
# In the units of the drawing, which is stretched to where it stands.
BAR, GAP, HEIGHT = 5, 2, 48
# The least that can be seen of a month with an article, and the least that fills the height.
HEIGHT_MIN = 3
FULL_MIN = 4


@dataclass(frozen=True, slots=True)
class Timeline:
    drawing: str
    table: str
    first: str
    last: str


def timeline(counts, path, *, until):
    """The Timeline of (year, month, count), newest first, of the list at a path; None of nothing.

    It goes on until a (year, month), so that silence shows. Each month of the table leads to the
    page of the list on which the month begins.
    """
    if not counts:
        return None
    last = _number(*until)
    first = min(_number(*counts[-1][:2]), last - MONTHS_MIN + 1)
    return Timeline(
        drawing=_drawing(counts, first, last),
        table=_table(counts, path),
        first=_in_words(first),
        last=_in_words(last),
    )


def _number(year, month):
    return year * MONTHS_PER_YEAR + month - 1


def _in_words(number):
    year, month = divmod(number, MONTHS_PER_YEAR)
    return f"{MONTHS[month + 1]} {year}"


def _drawing(counts, first, last):
    width = (last - first + 1) * (BAR + GAP) - GAP
    most = max(FULL_MIN, *(count for _year, _month, count in counts))
    bars = []
    for year, month, count in reversed(counts):
        x = (_number(year, month) - first) * (BAR + GAP)
        height = max(HEIGHT_MIN, round(count * HEIGHT / most))
        bars.append(f"M{x} {HEIGHT}v-{height}h{BAR}v{height}z")
    # The table says it all, so there is nothing here to be read out.
    return mark_safe(
        f'<svg class="timeline__drawing" viewBox="0 0 {width} {HEIGHT}"'
        f' preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f'<path class="timeline__bars" d="{"".join(bars)}"></path></svg>'
    )


def _table(counts, path):
    years, before, path = {}, 0, escape(path)
    for year, month, count in counts:
        if year not in years:
            years[year] = ["<td></td>"] * MONTHS_PER_YEAR
        page = before // PER_PAGE + 1
        query = f"?page={page}" if page > 1 else ""
        years[year][month - 1] = f'<td><a href="{path}{query}">{count}</a></td>'
        before += count
    rows = "\n".join(
        f'<tr><th scope="row">{year}</th>{"".join(cells)}</tr>' for year, cells in years.items()
    )
    return mark_safe(
        f'<table class="timeline__table">{_head(get_language())}\n<tbody>\n{rows}\n</tbody></table>'
    )


@lru_cache
def _head(_language):
    """What stands above the numbers, the same on every page."""
    heads = "".join(
        f'<th scope="col"><abbr title="{escape(name)}">{escape(name[:1])}</abbr></th>'
        for name in MONTHS.values()
    )
    caption = _("Articles by month; each number leads to the page on which its month begins")
    return (
        f'<caption class="visually-hidden">{escape(caption)}</caption>'
        f'<thead><tr><th scope="col">{escape(_("Year"))}</th>{heads}</tr></thead>'
    )
