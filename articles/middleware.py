"""Former addresses: asked only after nothing else has answered."""

from django.conf import settings
from django.http import HttpResponsePermanentRedirect
from django.urls import reverse

from articles import missing, references
from articles.models import Article, Redirect, Tag
from articles.names import former_path
from articles.prepared import Prepared, instance
from articles.site import one_request
from articles.views import gone
from authors.models import Author
from irb_site.paths import path_to

# What is the same for every reader: pages, redirects, what isn't there and what is gone.
_FOR_EVERYBODY = {200, 301, 404, 410}


class PublicationMiddleware:
    """One state of the publication's own words and menu for the whole of a page, and what those
    who keep pages (articles.page_server, caches on the way) are told about it."""

    def __init__(self, get_response):
        self.get_response = get_response
        self.newsroom = reverse("admin:index")

    def __call__(self, request):
        reads = request.method in {"GET", "HEAD"}
        with one_request(reads=reads):
            response = self.get_response(request)
        if reads and not request.path_info.startswith(self.newsroom):
            self._tell(request, response)
        return response

    def _tell(self, request, response):
        # Whether the number of a page is part of its address, or is idle.
        response.reads_page = getattr(request, "reads_page", False)
        # A page of which there are too many is made anew each time.
        response.is_kept = getattr(request, "is_kept", True)
        # Here and not further in: a missing slash at the end is mended on the way out.
        response.is_missed = response.status_code == 404 and missing.is_missed(request)
        if response.is_missed:
            missing.note(request.path_info, request.META.get("HTTP_REFERER", ""))
        if response.status_code in _FOR_EVERYBODY:
            response.headers.setdefault("Cache-Control", settings.PAGE_CACHE_CONTROL)


# What stands below an author or tag, and below an article.
_BELOW = {
    False: {
        *("", "feed/", "feed/atom/", "feed/json/"),
        *("cited-by/", "connections/", "narrow-down/"),
    },
    True: {"", "cited-by/", "connections/"},
}


class RedirectMiddleware:
    """Sends a path that is not found on to where its object is now, or says that it is gone."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.status_code != 404 or request.method not in {"GET", "HEAD"}:
            return response
        found = _find(request.path_info)
        if found is None:
            return response
        redirect, rest = found
        if rest not in _BELOW[redirect.article_id is not None]:
            return response
        if redirect.is_gone:
            return gone(request)
        target = _public_target(redirect)
        if target is not None:
            address = target.get_absolute_url() + rest
        elif redirect.article_id is not None:
            address = references.successor_address(redirect.article_id)
            if address is None and Article.objects.gone().filter(pk=redirect.article_id).exists():
                return gone(request)
        else:
            address = None
        if address is None or address == request.path_info:
            return response
        return HttpResponsePermanentRedirect(_with_query(address, request))


def _with_query(address, request):
    query = request.META.get("QUERY_STRING", "")
    path, hash_sign, fragment = address.partition("#")
    return f"{path}?{query}{hash_sign}{fragment}" if query else address


def _find(path):
    """The redirect of this path, or of what stands above it (a former tag's feed)."""
    path = former_path(path)
    paths, parts = [], path.strip("/").split("/")
    for length in range(len(parts), max(len(parts) - 3, 0), -1):
        paths.append(f"/{'/'.join(parts[:length])}/")
    paths = [item for item in paths if len(item) <= 300 and "\x00" not in item]
    found = {row[1]: instance(Redirect, _COLUMNS, row) for row in _redirects(paths)}
    for item in paths:
        if item in found:
            return found[item], path[len(item) :]
    return _of_merged(path)


def _of_merged(path):
    """An author or tag that is merged into another keeps its address for the day on which that is
    undone."""
    for model, route in ((Author, "authors:list"), (Tag, "articles:tags")):
        above = path_to(route)
        slug, _slash, rest = path.removeprefix(above).partition("/")
        if path.startswith(above) and slug and "\x00" not in slug:
            merged = model.objects.filter(slug=slug, merged_into__isnull=False).first()
            if merged:
                owner = {model._meta.model_name: merged}
                return Redirect(path=f"{above}{slug}/", **owner), rest
    return None


_COLUMNS = ("id", "path", "article_id", "author_id", "tag_id", "is_gone")
_redirects = Prepared(lambda paths: Redirect.objects.filter(path__in=paths).values_list(*_COLUMNS))


def _public_target(redirect):
    """The article, author or tag that readers may be led to; None where there is none."""
    for public, pk in (
        (Article.objects.public().only("kind", "slug"), redirect.article_id),
        (Author.objects.reachable().select_related("merged_into"), redirect.author_id),
        (Tag.objects.reachable().select_related("merged_into"), redirect.tag_id),
    ):
        if pk is not None:
            return references.standing(public.filter(pk=pk).first())
    return None
