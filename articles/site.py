"""The publication's own words, menu and footer, as every page shows them."""

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.utils import timezone

from articles.models import Article, ContentVersion, Image, MenuItem, SiteSettings
from articles.prepared import Prepared

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEFAULT_NAME = "Iran Russland Beziehung"


@dataclass(frozen=True, slots=True)
class MenuEntry:
    label: str
    url: str
    is_external: bool


@dataclass(frozen=True, slots=True)
class Publication:
    name: str
    tagline: str
    description: str
    logo: Image | None
    footer: str
    corrections_email: str
    url: str
    menu: tuple[MenuEntry, ...]
    footer_menu: tuple[MenuEntry, ...]
    year: int
    # When anything that readers can see last changed.
    changed_at: datetime

    def absolute(self, path):
        return path if path.startswith(("http:", "https:")) else f"{self.url}{path}"


class _State:
    """What this process remembers of the publication under one content version."""

    def __init__(self, changed_at):
        self.publication = _load(changed_at)
        self.shelves = {}


class _Request:
    """One request, so that it asks for the state once and shows one state."""

    def __init__(self, reads):
        self.reads = reads
        self.state = None


_at_hand = ContextVar("publication", default=None)
# The newest state seen by this process, under the content version it was read for.
_remembered = {}
# What outlives a content version.
_kept = {}

_version = Prepared(
    lambda: ContentVersion.objects.filter(pk=1).values_list("number", "token", "changed_at")
)


def publication():
    """The publication as it is now: one query while nothing has changed, four after a change."""
    return _state().publication


def shelf(name):
    """A dict of this name for what was read under the content version at hand, or after it.

    It is dropped when the version changes, so what is on it can be newer than the version for
    as long as the request at hand takes, and older never. Only requests that read leave
    something on it: what a verb sees may still be rolled back.
    """
    request = _at_hand.get()
    if request is None or not request.reads:
        return {}
    return _state().shelves.setdefault(name, {})


def kept(name):
    """A dict of this name that outlives the content version, for what is compared before use.

    As above, only requests that read leave something in it.
    """
    request = _at_hand.get()
    if request is None or not request.reads:
        return {}
    return _kept.setdefault(name, {})


@contextmanager
def one_request(*, reads):
    """Within it, the content version is asked for at most once."""
    token = _at_hand.set(_Request(reads))
    try:
        yield
    finally:
        _at_hand.reset(token)


def _state():
    request = _at_hand.get()
    if request is None:
        return _newest()
    if request.state is None:
        request.state = _newest()
    return request.state


def _newest():
    # The version is read first: what is read after it can be newer, never older.
    number, token, changed_at = _version.first() or (0, "", EPOCH)
    version = (number, token)
    state = _remembered.get(version)
    if state is None:
        state = _State(changed_at)
        _remembered.clear()
        _remembered[version] = state
    return state


def forget():
    """Drops what this process remembers. For tests, which roll the database back."""
    _remembered.clear()
    _kept.clear()


def _load(changed_at):
    row = SiteSettings.objects.select_related("logo").filter(pk=1).first()
    row = row or SiteSettings(name=DEFAULT_NAME)
    items = list(MenuItem.objects.select_related("tag__merged_into").order_by("position", "pk"))
    public = Article.objects.public().in_bulk(
        [item.article_id for item in items if item.article_id]
    )
    entries = {MenuItem.Place.HEADER: [], MenuItem.Place.FOOTER: []}
    for item in items:
        url = _address(item, public)
        if url:
            entries[item.place].append(MenuEntry(item.label, url, not url.startswith("/")))
    return Publication(
        name=row.name,
        tagline=row.tagline,
        description=row.description,
        logo=row.logo,
        footer=row.footer,
        corrections_email=row.corrections_email,
        url=settings.SITE_URL,
        menu=tuple(entries[MenuItem.Place.HEADER]),
        footer_menu=tuple(entries[MenuItem.Place.FOOTER]),
        year=timezone.localdate().year,
        changed_at=changed_at,
    )


def _address(item, public):
    if item.article_id:
        article = public.get(item.article_id)
        return article.get_absolute_url() if article else ""
    if item.tag:
        tag = item.tag.standing
        return tag.get_absolute_url() if tag.first_public_at else ""
    return item.address
