from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe


def read_only(view):
    """Marks a view that only reads: it answers GET and HEAD, and 405 to anything else.

    Nothing is changed, so there is no forgery to ask about before that answer.
    """
    return csrf_exempt(require_safe(view))
