"""What belongs to no app: files, robots, health and error pages."""

import re

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.http import (
    FileResponse,
    Http404,
    HttpResponse,
    HttpResponsePermanentRedirect,
    HttpResponseServerError,
    JsonResponse,
)
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import requires_csrf_token

from irb_site.decorators import read_only
from irb_site.uids import UID_PATTERN

PICTURE_PATTERN = rf"pictures/[a-z2-7]{{2}}/{UID_PATTERN}-[0-9a-f]{{12}}(?:-[a-z0-9]+)?\.webp"
# Names never change what they hold, so browsers may keep them for ever.
MEDIA_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


@read_only
def media(request, name):
    """A picture, under the name that nobody can guess; nothing else of the folder."""
    if not re.fullmatch(PICTURE_PATTERN, name):
        raise Http404
    try:
        file = default_storage.open(name)
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(file, content_type="image/webp", headers=MEDIA_HEADERS)


@read_only
@cache_control(public=True, max_age=3600)
def robots(request):
    lines = [
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /search/",
        "Disallow: /preview/",
        # Combinations of more than two tags, or without some: too many for whoever collects pages.
        "Disallow: /tags/*+*+",
        "Disallow: /tags/*/without/",
        "Disallow: /tags/*/random/",
        "",
        f"Sitemap: {settings.SITE_URL}/sitemap.xml",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@read_only
def favicon(request):
    return HttpResponsePermanentRedirect(static("img/mark.svg"))


@read_only
@cache_control(no_store=True)
def health(request):
    """Whether this process can answer from its database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "no database"}, status=503)
    return JsonResponse({"status": "ok"})


def not_found(request, exception):
    return render(request, "404.html", status=404)


def forbidden(request, exception=None, reason=""):
    return render(request, "403.html", status=403)


def bad_request(request, exception=None):
    return HttpResponse(render_to_string("400.html"), status=400)


def locked_out(request, response, credentials):
    """Too many wrong passwords for one name: says when to try again (RFC 6585, RFC 9110)."""
    return HttpResponse(
        render_to_string("admin/locked_out.html"),
        status=429,
        headers={
            "Retry-After": str(int(settings.AXES_COOLOFF_TIME.total_seconds())),
            "Cache-Control": "no-store",
        },
    )


@requires_csrf_token
def server_error(request):
    # Without context: what failed may be what a context processor needs.
    return HttpResponseServerError(render_to_string("500.html"))
