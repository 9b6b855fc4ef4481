"""Asking a WSGI application directly, as a web server does."""

import gzip
import io
import sys
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

import brotli
from backports import zstd
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils.datastructures import CaseInsensitiveMapping

_DECODE = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstd.decompress}


@dataclass
class Answer:
    status: int
    headers: CaseInsensitiveMapping
    body: bytes

    @property
    def content(self):
        """The body without its coding."""
        return _DECODE.get(self.headers.get("Content-Encoding"), bytes)(self.body)

    def __contains__(self, words):
        return words in self.content.decode()


def ask(application, address, *, method="GET", host="testserver", content_type="", **headers):
    """The Answer to a request. Headers are named as in If_None_Match."""
    path, _mark, query = address.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "CONTENT_TYPE": content_type,
        "SERVER_NAME": host,
        "SERVER_PORT": "80",
        "HTTP_HOST": host,
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }
    head = []
    # A test's own transaction would go together with its connection.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        response = application(environ, lambda *values: head.extend(values))
        body = b"".join(response)
        if hasattr(response, "close"):
            response.close()
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
    return Answer(int(head[0].split()[0]), CaseInsensitiveMapping(head[1]), body)
