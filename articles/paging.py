"""Lists in pages."""

from dataclasses import dataclass

from django.http import Http404
from django.utils.translation import gettext as _

PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class Pager:
    number: int
    pages: int
    total: int
    previous_url: str
    next_url: str

    @property
    def has_previous(self):
        return self.number > 1

    @property
    def has_next(self):
        return self.number < self.pages

    @property
    def offset(self):
        return (self.number - 1) * PER_PAGE


def pager(request, total):
    """Which page of a list of `total` items is asked for; 404 where there is no such page."""
    request.reads_page = True
    value = request.GET.get("page", "1")
    # A number with a leading zero or in other digits would be a second address of the same page.
    if not (value.isascii() and value.isdigit()) or value.startswith("0") or len(value) > 6:
        raise Http404(_("There is no such page."))
    number, pages = int(value), max(1, -(-total // PER_PAGE))
    if number > pages:
        raise Http404(_("There is no such page."))
    return Pager(
        number=number,
        pages=pages,
        total=total,
        previous_url=_url(request, number - 1),
        next_url=_url(request, number + 1),
    )


def _url(request, number):
    query = request.GET.copy()
    # Only what the page itself reads is carried on.
    for name in set(query) - {"q", "page"}:
        del query[name]
    if number > 1:
        query["page"] = str(number)
    else:
        query.pop("page", None)
    text = query.urlencode()
    return f"{request.path}?{text}" if text else request.path
