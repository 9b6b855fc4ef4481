"""Lists in pages."""

from dataclasses import dataclass

from django.http import Http404
from django.utils.http import urlencode
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


def pager(request, total, *, carried=()):
    """Which page of a list of `total` items is asked for; 404 where there is no such page.

    carried: the (name, value) of what else the page reads, for the addresses of other pages.
    """
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
        previous_url=_url(request.path, carried, number - 1),
        next_url=_url(request.path, carried, number + 1),
    )


def _url(path, carried, number):
    query = urlencode([*carried, *([("page", number)] if number > 1 else [])])
    return f"{path}?{query}" if query else path
