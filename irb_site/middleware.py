from django.contrib.sessions.middleware import SessionMiddleware
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
