from hashlib import sha1

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.middleware.http import ConditionalGetMiddleware

from irb_site.paths import path_to


class NewsroomSessionMiddleware(SessionMiddleware):
    """Sessions for the newsroom. Readers' pages set no cookie, whatever cookie is sent to them."""

    def process_response(self, request, response):
        if request.path_info.startswith(path_to("admin:index")):
            return super().process_response(request, response)
        return response


class CrossOriginResourcePolicyMiddleware:
    """Says that other sites may not embed what this one serves (Fetch standard, CORP)."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class ContentPolicyMiddleware(CSPMiddleware):
    """django-csp's, for a policy that is the same on all pages: it is put together once."""

    def __init__(self, get_response):
        super().__init__(get_response)
        self._policy = build_policy()

    def process_response(self, request, response):
        if settings.DEBUG:
            # What Django says of an error has a style of its own.
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self._policy)
        return response


class ValidatorMiddleware(ConditionalGetMiddleware):
    """Django's, with a validator that takes a third of the time: processors know SHA-1."""

    def process_response(self, request, response):
        is_whole = request.method == "GET" and not response.streaming and response.content
        if is_whole and not response.has_header("ETag") and self.needs_etag(response):
            digest = sha1(response.content, usedforsecurity=False).hexdigest()
            response.headers["ETag"] = f'"{digest}"'
        return super().process_response(request, response)
