from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from articles import effects, publishing, rights
from articles.admin.access import private
from articles.admin.base import Audited, Merges, RefusesByForm, UseFilter, offer_undo
from articles.forms import AuthorForm, MergeAuthorForm
from articles.publishing import PublishingError
from authors.models import Author


@admin.register(Author)
class AuthorAdmin(Audited, Merges, RefusesByForm, admin.ModelAdmin):
    form = AuthorForm
    change_form_template = "admin/authors/author/change_form.html"
    list_display = ["name", "role", "article_count", "state_words"]
    list_filter = [UseFilter]
    # Whoever looks for one that is merged finds what it leads to.
    search_fields = ["name", "role", "merged_authors__name"]
    ordering = ["name"]
    autocomplete_fields = ["photo", "user"]
    fieldsets = [
        (None, {"fields": ["name", "role", "short_bio", "long_bio", "photo", "links_text"]}),
        (gettext_lazy("Address and use"), {"fields": ["slug", "user", "is_retired"]}),
    ]

    def save_by_verb(self, author, form):
        publishing.save_author(author)

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/merge/", view(self.merge), name="authors_author_merge"),
            path("<int:pk>/unmerge/", view(self.unmerge), name="authors_author_unmerge"),
            *super().get_urls(),
        ]

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        if obj is not None:
            articles = reverse("admin:articles_article_changelist")
            context |= {
                "author": obj,
                "merged": obj.merged_authors.order_by("name", "pk"),
                "articles_url": f"{articles}?author={obj.uid}",
                "citing": effects.number_citing("author", obj.group()),
                "may_organise": rights.may_organise(request.user),
            }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    # Pages that show first what an act would do

    @method_decorator(private)
    def merge(self, request, pk):
        author = self._author(request, pk, is_merged=False)
        asked = "into" in request.GET or request.method == "POST"
        form = MergeAuthorForm((request.POST or request.GET) if asked else None, author=author)
        into = form.cleaned_data["into"] if asked and form.is_valid() else None
        if request.method == "POST" and into:
            try:
                publishing.merge_author(author, into, by=request.user)
            except PublishingError as error:
                form.add_error(None, str(error))
            else:
                words = _("“%(author)s” is merged into “%(into)s”.")
                back = reverse("admin:authors_author_unmerge", args=[author.pk])
                offer_undo(self, request, words % {"author": author, "into": into}, back)
                return _to(into)
        context = {
            "title": _("Merge “%(author)s”") % {"author": author},
            "form": form,
            "author": author,
            "into": into,
            "effect": effects.of_merging(author, into) if into else None,
        }
        return self._page(request, "merge", context, form)

    @method_decorator(private)
    def unmerge(self, request, pk):
        author = self._author(request, pk, is_merged=True)
        if request.method == "POST":
            try:
                publishing.unmerge_author(author, by=request.user)
            except PublishingError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                words = _("“%(author)s” isn't merged any more.") % {"author": author}
                self.message_user(request, words, messages.SUCCESS)
            return _to(author)
        context = {
            "title": _("Undo the merge of “%(author)s”") % {"author": author},
            "author": author,
            "effect": effects.of_unmerging(author),
        }
        return self._page(request, "unmerge", context)

    def _author(self, request, pk, *, is_merged):
        if not rights.may_organise(request.user):
            raise PermissionDenied
        author = Author.objects.select_related("merged_into").filter(pk=pk).first()
        if author is None or (author.merged_into is not None) != is_merged:
            raise Http404(_("There is no such author."))
        return author


def _to(author):
    return HttpResponseRedirect(reverse("admin:authors_author_change", args=[author.pk]))
