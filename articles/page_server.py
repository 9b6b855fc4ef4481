"""Readers' pages, answered before the framework: from memory, from the page store, and only
then by Django, whose answer is stored.

Public pages hold nothing personal, so cookies don't matter here. What else a request says is
looked at just as far as the answer depends on it: host, path, query, the codings that are
understood, and the validators of what the reader has.
"""

import gzip
import io
import json
import re
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import brotli
from backports import zstd
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import DatabaseError, close_old_connections
from django.http.request import split_domain_port, validate_host
from django.urls import reverse
from django.utils.http import http_date, parse_etags
from django_http_compression.middleware import best_coding
from isal import igzip

from articles import content_version, lists, missing, tag_sets
from articles.models import Article
from articles.site import one_request
from irb_site.encodings import only_unicode

# How often a process makes sure that what is shown is what the database has: another machine
# may have published.
SECONDS_TRUSTED = 0.5
MEMORY_SIZE = 16 * 1024 * 1024
LONGEST_ANSWER = 4 * 1024 * 1024
LONGEST_QUERY = 300
# Of a part of a path, so that it can be a file's name with what is added to it.
LONGEST_NAME = 230
WORTH_COMPRESSING = 200

# The types of what is stored as a page, by path; anything else is HTML. The web server in front
# is told the same.
CONTENT_TYPES = (
    (r"/feed/", "application/rss+xml; charset=utf-8"),
    (r"/feed/atom/", "application/atom+xml; charset=utf-8"),
    (r"/feed/json/", "application/feed+json; charset=utf-8"),
    (r"\.xml", "application/xml; charset=utf-8"),
)
HTML = "text/html; charset=utf-8"
_TYPE_PATTERNS = [(re.compile(f"{pattern}$".encode()), kind) for pattern, kind in CONTENT_TYPES]

# What a page's address may look like, for its file to have a name.
_PAGE_PATH = re.compile(rb"/(?:[^/=\x00]+/)*[^/=\x00]*")
_NUMBERED = re.compile(r"page=[1-9][0-9]{0,5}")
_STORED_STATUSES = {200, 301, 404, 410}
# Of the answer, what is said anew for each reader.
_OWN_HEADERS = {"content-length", "content-encoding", "etag", "last-modified", "vary"}
_ASKED_OF_DJANGO_WITHOUT = (
    "CONTENT_TYPE",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_RANGE",
)
# How thoroughly: what is stored, and what is sent once. For the latter, the standard library's
# gzip would take nine times as long as ISA-L, and save a twentieth of the bytes.
_COMPRESS = {
    "zstd": lambda content, is_kept: zstd.compress(content, 9 if is_kept else 3),
    "br": lambda content, is_kept: brotli.compress(content, quality=5 if is_kept else 3),
    "gzip": lambda content, is_kept: (
        gzip.compress(content, 6, mtime=0) if is_kept else igzip.compress(content, 2, mtime=0)
    ),
    "identity": lambda content, is_kept: content,
}
# The best first.
CODINGS = [coding for coding in _COMPRESS if coding != "identity"]


class Key(NamedTuple):
    """What an answer depends on, beside the version."""

    path: str
    query: str
    coding: str


@dataclass(slots=True)
class Answer:
    """An answer as it goes out. Where it has validators, a reader who has it is told so."""

    status: str
    headers: list
    content: bytes
    etag: str = ""
    last_modified: str = ""
    # The path wasn't found, and what readers miss is written down.
    is_missed: bool = False
    body: list = field(init=False)
    # What a 304 has to say (RFC 9110, 15.4.5), and what keeps a reader safe.
    not_modified_headers: list = field(init=False)

    def __post_init__(self):
        self.body = [self.content]
        left_out = {"content-type", "content-length", "content-encoding"}
        self.not_modified_headers = [
            item for item in self.headers if item[0].lower() not in left_out
        ]


class PageServer(WSGIHandler):
    """The publication as a WSGI application."""

    def __init__(self):
        super().__init__()
        self.store = content_version.page_store()
        # Not of the publication, or somebody's own.
        previews = reverse("articles:shared_preview", args=["token"]).removesuffix("token/")
        self._apart = (reverse("admin:index"), settings.STATIC_URL, settings.MEDIA_URL, previews)
        self._search_path = reverse("articles:search")
        self._django = only_unicode(super().__call__)
        self._memory = _Memory("")
        self._look_again_at = 0
        self._page_headers = None

    def __call__(self, environ, start_response):
        # All that decides which Key a request has, if any. To find answers by it is quicker.
        asked = (
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            environ.get("QUERY_STRING", ""),
            environ.get("HTTP_HOST", ""),
            environ.get("HTTP_ACCEPT_ENCODING", ""),
            environ.get("HTTP_X_FORWARDED_PROTO", ""),
        )
        memory = self._memory
        answer = memory.by_request.get(asked)
        if answer is None or not self._may_be_shown(memory.version):
            return self._looked_up(asked, environ, start_response)
        return _send_known(answer, environ, start_response)

    def _looked_up(self, asked, environ, start_response):
        key = self._key(*asked)
        if key is None:
            return self._django(environ, start_response)
        if not self.store.max_size:
            return self._made(None, None, asked, key, environ, start_response)
        try:
            version = self._version()
        except DatabaseError:
            # Nobody knows what may be shown; Django says so as it does of any failure.
            return self._django(environ, start_response)
        memory = self._memory
        if memory.version != version:
            memory = self._memory = _Memory(version)
        answer = memory.answers.get(key) or self._stored(version, key)
        if answer is None:
            return self._made(version, memory, asked, key, environ, start_response)
        memory.keep(asked, key, answer)
        return _send_known(answer, environ, start_response)

    def get_ready(self):
        """Loads and makes what pages have in common, so that the first reader needn't wait for it.

        Where something lacks, a database that can be asked or static files, whoever asks for a
        page hears of it.
        """
        with suppress(Exception):
            with one_request(reads=True):
                tag_sets.current()
            newest = Article.objects.filter(pk__in=lists.newest(1))
            for path in ("/", *(article.get_absolute_url() for article in newest)):
                self.get_response(WSGIRequest(_plain_environ(path))).close()
        close_old_connections()

    # Whether and what.

    def _key(self, method, path, query, host, accepted, proto):
        """The Key of a request that a stored answer may fit; None of any other."""
        if method not in ("GET", "HEAD"):
            return None
        if path.startswith(self._apart) or not _is_our_host(host):
            return None
        if settings.IS_HTTPS and proto != "https":
            return None
        if query and not (_NUMBERED.fullmatch(query) or self._is_search(path, query)):
            return None
        return Key(path, query, best_coding(accepted))

    def _is_search(self, path, query):
        return path == self._search_path and query.startswith("q=") and len(query) <= LONGEST_QUERY

    def _may_be_shown(self, version):
        """Whether a version is shown, and this process has made sure of that lately."""
        return self.store.shown() == version and time.monotonic() < self._look_again_at

    def _version(self):
        shown = self.store.shown()
        now = time.monotonic()
        if shown is not None and now < self._look_again_at:
            return shown
        try:
            version = content_version.show_current()
        except DatabaseError:
            # While there is no database, nothing can have changed in it from here.
            if shown is None:
                raise
            version = shown
        except OSError:
            # The store can't be used; the system checks say so at the start.
            version = content_version.current()
        finally:
            close_old_connections()
        self._look_again_at = now + SECONDS_TRUSTED
        return version

    # From the store.

    def _stored(self, version, key):
        if name := _page_name(key):
            file = self.store.read(version, name)
            if file:
                return self._page(key, file)
        file = self.store.read(version, _answer_name(key))
        return _other_answer(file) if file else None

    def _page(self, key, file):
        headers = [
            ("Content-Type", content_type(key.path)),
            *self.page_headers(),
            *_coding_headers(key.coding),
        ]
        return _with_validators("200 OK", headers, file.content, file.changed_at)

    def page_headers(self):
        """The headers that all pages of readers have in common."""
        if self._page_headers is None:
            response = self.get_response(WSGIRequest(_plain_environ("/robots.txt")))
            response.close()
            self._page_headers = [
                *_common(response.headers.items()),
                ("Cache-Control", settings.PAGE_CACHE_CONTROL),
            ]
        return self._page_headers

    # By Django.

    def _made(self, version, memory, asked, key, environ, start_response):
        plain = {name: environ[name] for name in environ.keys() - _ASKED_OF_DJANGO_WITHOUT}
        plain["REQUEST_METHOD"] = "GET"
        head = []
        response = super().__call__(
            plain, lambda *status_and_headers: head.extend(status_and_headers)
        )
        status, headers = head[:2]
        if not _is_for_everybody(response):
            start_response(status, headers)
            if environ["REQUEST_METHOD"] == "HEAD":
                response.close()
                return []
            return response
        coding = key.coding if len(response.content) >= WORTH_COMPRESSING else "identity"
        is_kept = bool(self.store.max_size) and getattr(response, "is_kept", True)
        content = _COMPRESS[coding](response.content, is_kept)
        headers = [*_shared(headers), *_coding_headers(coding)]
        answer = is_kept and self._kept(version, key, response, headers, content)
        if answer:
            memory.keep(asked, key, answer)
        else:
            etag = "" if response.status_code != 200 else response.headers.get("ETag", "")
            answer = _passing(status, headers, content, etag)
        response.close()
        return _send(answer, environ, start_response)

    def _kept(self, version, key, response, headers, content):
        """The answer as it is stored; None where it isn't."""
        if len(content) > LONGEST_ANSWER:
            return None
        if content_version.current() != version:
            # It may be older than what the version says now, or newer.
            return None
        name = _page_name(key)
        is_page = (
            name
            and response.status_code == 200
            and (not key.query or getattr(response, "reads_page", False))
            and sorted(_common(headers)) == sorted(_common(self.page_headers()))
            # What is too short for it isn't compressed, and would pass for it under this name.
            and set(_coding_headers(key.coding)) <= set(headers)
            and response.headers["Content-Type"] == content_type(key.path)
        )
        if is_page:
            file = self.store.write(version, name, content)
            return self._page(key, file) if file else None
        if key.query and response.status_code == 200 and not key.query.startswith("q="):
            # A number that the page doesn't know: there is no end of those.
            return None
        head = {
            "status": f"{response.status_code} {response.reason_phrase}",
            "headers": headers,
            "is_missed": getattr(response, "is_missed", False),
        }
        file = self.store.write(
            version, _answer_name(key), json.dumps(head).encode() + b"\n" + content
        )
        return _other_answer(file) if file else None


class _Memory:
    """Answers of one version that this process has sent, up to MEMORY_SIZE bytes.

    answers: by Key. by_request: the same by all that decides which Key a request has, if any.
    """

    def __init__(self, version):
        self.version = version
        self.answers = {}
        self.by_request = {}
        self._size = 0

    def keep(self, asked, key, answer):
        if asked in self.by_request:
            return
        own, shared = sum(map(len, asked)) + 500, len(answer.content) + 3000
        if self._size + own + shared > MEMORY_SIZE:
            self.answers.clear()
            self.by_request.clear()
            self._size = 0
        self._size += own if key in self.answers else own + shared
        self.answers[key] = self.by_request[asked] = answer


@lru_cache(maxsize=64)
def _is_our_host(host):
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


@lru_cache(maxsize=1024)
def content_type(path):
    """The type of the page at a path."""
    path = path.encode("latin-1")
    return next((kind for pattern, kind in _TYPE_PATTERNS if pattern.search(path)), HTML)


def _page_name(key):
    """The name of a page's file, b"" where it can't have one."""
    path = key.path.encode("latin-1")
    if key.query.startswith("q=") or not _PAGE_PATH.fullmatch(path) or b"/." in path:
        return b""
    if max(map(len, path.split(b"/"))) > LONGEST_NAME:
        return b""
    # A folder for each coding: nothing that a path or a query says can lead to another one.
    return b"%s%s=%s" % (key.coding.encode(), path, key.query.encode("latin-1"))


def _answer_name(key):
    digest = blake2b("\n".join(key).encode("latin-1"), digest_size=16).hexdigest()
    return f"answers/{digest}".encode()


def _is_for_everybody(response):
    return (
        not response.streaming
        and response.status_code in _STORED_STATUSES
        and response.headers.get("Cache-Control") == settings.PAGE_CACHE_CONTROL
        and not response.cookies
        and "Vary" not in response.headers
    )


def _shared(headers):
    return [(name, value) for name, value in headers if name.lower() not in _OWN_HEADERS]


def _common(headers):
    """Of a page's headers, those that don't depend on which page it is."""
    own = {"content-type", "cache-control"}
    return [(name, value) for name, value in _shared(headers) if name.lower() not in own]


def _coding_headers(coding):
    headers = [("Content-Encoding", coding)] if coding != "identity" else []
    return [*headers, ("Vary", "Accept-Encoding")]


def _with_validators(status, headers, content, changed_at):
    """With the validators that nginx makes of a file, so that both are understood by both."""
    etag, last_modified = f'"{changed_at:x}-{len(content):x}"', http_date(changed_at)
    headers = [
        *headers,
        ("Content-Length", str(len(content))),
        ("ETag", etag),
        ("Last-Modified", last_modified),
    ]
    return Answer(status, headers, content, etag, last_modified)


def _other_answer(file):
    head, _newline, content = file.content.partition(b"\n")
    head = json.loads(head)
    headers = [tuple(header) for header in head["headers"]]
    if head["status"].startswith("200"):
        return _with_validators(head["status"], headers, content, file.changed_at)
    headers.append(("Content-Length", str(len(content))))
    return Answer(head["status"], headers, content, is_missed=head["is_missed"])


def _passing(status, headers, content, etag):
    """What is sent without being stored. Django's validator is for the text before its coding."""
    headers = [*headers, ("Content-Length", str(len(content)))]
    if etag:
        etag = f"W/{etag.removeprefix('W/')}"
        headers.append(("ETag", etag))
    return Answer(status, headers, content, etag)


def _send_known(answer, environ, start_response):
    if answer.is_missed:
        missing.note(_text(environ["PATH_INFO"]), environ.get("HTTP_REFERER", ""))
    return _send(answer, environ, start_response)


def _send(answer, environ, start_response):
    if _is_known(answer, environ):
        start_response("304 Not Modified", answer.not_modified_headers)
        return []
    start_response(answer.status, answer.headers)
    return answer.body if environ["REQUEST_METHOD"] == "GET" else []


def _is_known(answer, environ):
    """Whether the reader has this already (RFC 9110, 13.2.2).

    A date counts only if it is the very one that was sent: two versions may lie within the time
    that a reader's own clock is wrong by.
    """
    asked = environ.get("HTTP_IF_NONE_MATCH")
    if asked is None:
        return bool(answer.last_modified) and (
            environ.get("HTTP_IF_MODIFIED_SINCE") == answer.last_modified
        )
    if not answer.etag or asked == answer.etag:
        return bool(answer.etag)
    known = [etag.removeprefix("W/") for etag in parse_etags(asked)]
    return "*" in known or answer.etag.removeprefix("W/") in known


def _text(path):
    return path.encode("latin-1").decode("utf-8", "replace")


def _plain_environ(path):
    """A request for a path, as the publication's own address would be asked for it."""
    scheme, _colon, host = settings.SITE_URL.partition("://")
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": "",
        "SERVER_NAME": host,
        "SERVER_PORT": "80",
        "HTTP_HOST": host,
        "HTTP_X_FORWARDED_PROTO": scheme,
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
    }
