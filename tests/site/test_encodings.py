"""Words come as UTF-8 or not at all."""

from io import BytesIO

import pytest
from django.core.handlers.wsgi import WSGIRequest

from irb_site.encodings import only_unicode

UNREADABLE = ["utf-7", "unicode_escape", "rot13", "idna", "utf-16", "UTF_7"]
FORM = b'--B\r\nContent-Disposition: form-data; name="username"\r\n\r\n+2AA- \\ud800\r\n--B--\r\n'


def ask(content_type, *, query="", body=b""):
    """The status of an answer, with its body: what Django has read."""

    def application(environ, start_response):
        request = WSGIRequest(environ)
        start_response("200 OK", [])
        return [(request.GET.get("q", "") + request.POST.get("username", "")).encode()]

    statuses = []
    environ = {
        "REQUEST_METHOD": "POST" if body else "GET", "PATH_INFO": "/", "QUERY_STRING": query,
        "CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body),
    }  # fmt: skip
    response = only_unicode(application)(environ, lambda status, _headers: statuses.append(status))
    return statuses[0], b"".join(response)


@pytest.mark.parametrize("charset", UNREADABLE)
def test_addresses_in_another_encoding_are_refused(charset):
    answer = ask(f"text/plain; charset={charset}", query="q=%2B2AA-%5Cud800")

    assert answer == ("415 Unsupported Media Type", b"Send it as UTF-8.")


@pytest.mark.parametrize("charset", UNREADABLE)
def test_forms_in_another_encoding_are_refused(charset):
    status, _body = ask(f"multipart/form-data; boundary=B; charset={charset}", body=FORM)

    assert status == "415 Unsupported Media Type"


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "text/plain; charset=utf-8", 'text/plain; charset="UTF8"',
     "text/plain; charset=nonsense", "text/plain; charset=", ";;;=;charset"],
)  # fmt: skip
def test_utf_8_is_read_under_all_its_names(content_type):
    assert ask(content_type, query="q=%C3%B6l") == ("200 OK", "öl".encode())
