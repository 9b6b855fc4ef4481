"""Applications that do nothing but send the bytes of the file BARE_PAGE: the ceiling of Python."""

import os
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import re_path

_HEADERS = {"Content-Type": "text/html; charset=utf-8", "Content-Encoding": "gzip"}


@lru_cache(maxsize=1)
def _page():
    return Path(os.environ["BARE_PAGE"]).read_bytes()


def wsgi(environ, start_response):
    if environ["PATH_INFO"] == "/healthz":
        start_response("200 OK", [])
        return [b""]
    page = _page()
    start_response("200 OK", [*_HEADERS.items(), ("Content-Length", str(len(page)))])
    return [page]


def view(request):
    if request.path == "/healthz":
        return HttpResponse()
    return HttpResponse(_page(), headers=_HEADERS)


urlpatterns = [re_path("", view)]

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="none", MIDDLEWARE=[])
django = get_wsgi_application()
