"""What every view of the newsroom begins with: the article asked for, and the right to it."""

from functools import wraps

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control

from articles import rights
from articles.models import Article

# Nothing of the newsroom may be kept by a browser or a proxy.
private = cache_control(private=True, no_store=True)


def article_for(request, pk, *, is_allowed=rights.may_see):
    """The article of a primary key for the user of a request; raises Http404, PermissionDenied."""
    articles = Article.objects.exclude(state=Article.State.DELETED)
    try:
        article = articles.select_related("latest_revision", "submission").get(pk=pk)
    except Article.DoesNotExist:
        raise Http404(_("There is no such article.")) from None
    if not is_allowed(request.user, article):
        raise PermissionDenied
    return article


def refusal(sentence, status=400, **more):
    """What a script of the newsroom gets instead of an answer, with words for the user."""
    return JsonResponse({"error": str(sentence), **more}, status=status)


def for_scripts(view):
    """Makes refusals of a view ones that its script can show; nothing of it is stored."""

    @private
    @wraps(view)
    def answer(request, *args, **kwargs):
        try:
            return view(request, *args, **kwargs)
        except PermissionDenied:
            return refusal(_("You may not do this. Ask an editor."), 403)
        except Http404:
            return refusal(_("This isn't here any more. Reload the page."), 404)

    return answer
