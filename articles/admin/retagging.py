"""Tags of many articles at once: the page behind the list's action, and what others share of it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from articles import directory, publishing, rights
from articles.admin.access import private
from articles.admin.base import offer_undo
from articles.directory import working_title
from articles.forms import RetagForm
from articles.models import Article, Tag
from articles.publishing import RETAGGED_AT_ONCE, PublishingError

# More don't fit into an address.
ASKED_AT_ONCE = 1000
# Names that a field offers; whoever types another one gets it too.
NAMES_OFFERED = 2000


class Retagging:
    """Mixin for the article admin."""

    def retagging_urls(self):
        view = self.admin_site.admin_view
        return [path("retag/", view(self.retag), name="articles_article_retag")]

    def ask_for_tags(self, request, queryset):
        """Leads from the list to the page that asks which tags."""
        pks = list(queryset.order_by().values_list("pk", flat=True)[: ASKED_AT_ONCE + 1])
        if len(pks) > ASKED_AT_ONCE:
            words = _("Choose at most %(n)d articles at once.") % {"n": ASKED_AT_ONCE}
            self.message_user(request, words, messages.ERROR)
            return None
        ids = ",".join(map(str, pks))
        return HttpResponseRedirect(f"{reverse('admin:articles_article_retag')}?ids={ids}")

    @method_decorator(private)
    def retag(self, request):
        """Adds and takes off tags of the articles of ?ids=, after showing what that means."""
        user = request.user
        if not rights.may_organise(user) or not rights.may_publish(user):
            raise PermissionDenied
        articles = _asked_for(request.GET.get("ids", ""))
        if not articles:
            raise Http404(_("There is no such article."))
        data = request.POST if request.method == "POST" else None
        form = RetagForm(data)
        is_previewed = data is not None and form.is_valid()
        if is_previewed and "confirm" in data:
            change = in_batches(
                form,
                articles,
                lambda some: publishing.tag_articles(some, **form.cleaned_data, by=user),
            )
            if form.is_valid():
                say_tagged(self, request, change)
                return HttpResponseRedirect(reverse("admin:articles_article_changelist"))
        words = ngettext("Tags of %(n)d article", "Tags of %(n)d articles", len(articles))
        context = {
            "title": words % {"n": len(articles)},
            "articles": [(article, working_title(article)) for article in articles],
            "form": form,
            "is_previewed": is_previewed and form.is_valid(),
            "added": [tag_or_new(name) for name in form.cleaned_data["add"]]
            if is_previewed
            else [],
            "live": sum(article.state == Article.State.LIVE for article in articles),
            "back": reverse("admin:articles_article_changelist"),
            "names": names_offered(),
        }
        return self._page(request, "retag", context, 422 if form.errors else 200)


def _asked_for(ids):
    """The articles of some keys, with commas between, that can have tags."""
    pks = {int(pk) for pk in ids.split(",") if pk.isascii() and pk.isdecimal() and len(pk) < 19}
    closed = [Article.State.TRASHED, Article.State.DELETED]
    articles = Article.objects.articles().filter(pk__in=pks).exclude(state__in=closed)
    articles = articles.select_related("latest_revision").order_by("-touched_at", "-pk")
    return list(articles.only("state", "kind", "title", "latest_revision__title"))


def in_batches(form, articles, verb):
    """Carries out a verb on some articles after others; the last change, if there is one.

    A refusal stands in the form; what was done before it stays, and can be undone.
    """
    change = None
    for start in range(0, len(articles), RETAGGED_AT_ONCE):
        try:
            change = verb(articles[start : start + RETAGGED_AT_ONCE]) or change
        except PublishingError as error:
            form.add_error(None, str(error))
            break
    return change


def say_tagged(admin, request, change):
    if change is None:
        admin.message_user(request, _("Nothing had to be changed."), messages.INFO)
    else:
        words = _("Done: %(detail)s.") % {"detail": change.detail}
        offer_undo(admin, request, words, undo_address(change))


def undo_address(change):
    return reverse("admin:articles_tag_undo", args=[change.pk])


def tag_or_new(name):
    """The tag that a name leads to; an unsaved one where it is new."""
    return directory.tag_called(name) or Tag(name=name)


def names_offered():
    names = Tag.objects.choosable().order_by("-article_count", "name")
    return names.values_list("name", flat=True)[:NAMES_OFFERED]
