"""Words come as UTF-8: what names another encoding is refused before Django reads it, or,
where a page is asked for, read as UTF-8.

Django reads whatever Python knows: some of it isn't text, and fails while the request is being
made, where no middleware is asked yet; some leaves half characters, which no database takes.
"""

import codecs
from http import HTTPStatus

from django.utils.http import parse_header_parameters


def only_unicode(application):
    """A WSGI application that answers 415 to requests in another encoding than UTF-8."""

    def answer(environ, start_response):
        if _is_readable(environ.get("CONTENT_TYPE", "")):
            return application(environ, start_response)
        status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        headers = [("Content-Type", "text/plain"), ("X-Content-Type-Options", "nosniff")]
        start_response(f"{status.value} {status.phrase}", headers)
        return [b"Send it as UTF-8."]

    return answer


def _is_readable(content_type):
    if "charset" not in content_type.lower():
        return True
    _kind, parameters = parse_header_parameters(content_type)
    try:
        name = codecs.lookup(parameters.get("charset", "utf-8")).name
    except (LookupError, ValueError):
        # Nobody knows it, so Django takes it for UTF-8.
        return True
    return name == "utf-8"
