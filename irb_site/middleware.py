from hashlib import sha1

from django.contrib.sessions.middleware import SessionMiddleware
from django.middleware.http import ConditionalGetMiddleware
from django.urls import reverse


class NewsroomSessionMiddleware(SessionMiddleware):
    """Sessions for the newsroom. Readers' pages set no cookie, whatever cookie is sent to them."""

    def process_response(self, request, response):
        if request.path_info.startswith(reverse("admin:index")):
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


class ValidatorMiddleware(ConditionalGetMiddleware):
    """Django's, with a validator that takes a third of the time: processors know SHA-1."""

    def process_response(self, request, response):
        is_whole = request.method == "GET" and not response.streaming and response.content
        if is_whole and not response.has_header("ETag") and self.needs_etag(response):
            digest = sha1(response.content, usedforsecurity=False).hexdigest()
            response.headers["ETag"] = f'"{digest}"'
        return super().process_response(request, response)
