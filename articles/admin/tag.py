"""Tags in the admin: the form, and the pages of their life."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from taggit import admin as taggit_admin  # noqa: F401  (registers taggit's own tags)
from taggit import models as taggit_models

from articles import effects, publishing, rights, tag_order
from articles.admin.access import private
from articles.admin.article_list import PagesByKey
from articles.admin.base import Forgiving, Merges, RefusesByForm, UseFilter, offer_undo
from articles.admin.retagging import (
    in_batches,
    names_offered,
    say_tagged,
    tag_or_new,
    undo_address,
)
from articles.directory import working_title
from articles.forms import MergeTagForm, SplitTagForm, TagForm
from articles.models import Article, ArticleTag, Snooze, Tag, TagAlias, TagChange
from articles.names import fold
from articles.publishing import PublishingError

# Nothing here is tagged with those.
admin.site.unregister(taggit_models.Tag)

PAIRS_SHOWN = 100
CARRYING_SHOWN = 200
_OF_ARTICLES = (TagChange.Act.SPLIT, TagChange.Act.TAGGED)


@admin.register(Tag)
class TagAdmin(Merges, RefusesByForm, Forgiving, admin.ModelAdmin):
    form = TagForm
    change_form_template = "admin/articles/tag/change_form.html"
    change_list_template = "admin/articles/tag/change_list.html"
    list_display = ["name", "article_count", "slug", "state_words"]
    list_filter = [UseFilter]
    search_fields = ["name", "aliases__name"]
    ordering = ["name"]
    autocomplete_fields = ["image"]
    fieldsets = [
        (None, {"fields": ["name", "description", "image"]}),
        (gettext_lazy("Address"), {"fields": ["slug"]}),
    ]

    def save_by_verb(self, tag, form):
        publishing.save_tag(tag, aliases=form.aliases(), by=form.user)

    # The verbs write the audit.

    def log_addition(self, request, obj, message):
        return None

    log_change = log_addition

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("order/", view(self.order), name="articles_tag_order"),
            path("order/apart/", view(self.set_apart), name="articles_tag_apart"),
            path("<int:pk>/merge/", view(self.merge), name="articles_tag_merge"),
            path("<int:pk>/split/", view(self.split), name="articles_tag_split"),
            path("<int:pk>/retire/", view(self.retire), name="articles_tag_retire"),
            path("<int:pk>/history/", view(self.changes), name="articles_tag_history"),
            path("undo/<int:pk>/", view(self.undo), name="articles_tag_undo"),
            *super().get_urls(),
        ]

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        context = dict(extra_context or {})
        tag = Tag.objects.filter(pk=object_id).first() if _is_key(object_id) else None
        if tag:
            merged = Tag.objects.filter(merged_into=tag)
            context |= {
                "tag": tag,
                "merged": merged.order_by("name"),
                "merged_change": _merge_of(tag) if tag.merged_into_id else None,
                "own_names": tag.aliases.exclude(key=tag.key),
                "articles_url": _articles_of(tag),
                "citing": effects.number_citing("tag", [tag.pk]),
                "may_organise": rights.may_organise(request.user),
            }
            if request.method == "POST" and "_preview" in request.POST:
                return self._preview(request, tag) or super().changeform_view(
                    request, object_id, form_url, context
                )
        return super().changeform_view(request, object_id, form_url, context)

    def _preview(self, request, tag):
        """What the change in the form would do, before it is saved; None where it can't be."""
        if not self.has_change_permission(request, tag):
            raise PermissionDenied
        with transaction.atomic():
            before = publishing.words_of_tag(tag)
            form = self.get_form(request, tag, change=True)(request.POST, instance=tag)
            is_valid = form.is_valid()
            sentences = (
                effects.of_changing_tag(tag, before, publishing.words_of_tag(tag))
                if is_valid
                else []
            )
            transaction.set_rollback(True)
        if not is_valid:
            return None
        asked = {"csrfmiddlewaretoken", "_preview"}
        context = {
            "title": _("Change “%(tag)s”") % {"tag": before["name"]},
            "tag": Tag.objects.get(pk=tag.pk),
            "sentences": sentences,
            "fields": [
                (name, value)
                for name, values in request.POST.lists()
                for value in values
                if name not in asked
            ],
        }
        return self._page(request, "change", context)

    # Pages that show first what an act would do

    @method_decorator(private)
    def merge(self, request, pk):
        tag = self._tag(request, pk)
        asked = "into" in request.GET or request.method == "POST"
        form = MergeTagForm((request.POST or request.GET) if asked else None)
        into = form.cleaned_data["into"] if asked and form.is_valid() else None
        if into == tag and into is not None:
            form.add_error("into", _("Choose another tag to merge this one into."))
            into = None
        if request.method == "POST" and into:
            try:
                change = publishing.merge_tag(tag, into, by=request.user)
            except PublishingError as error:
                form.add_error(None, str(error))
            else:
                words = _("“%(tag)s” is merged into “%(into)s”.") % {"tag": tag, "into": into}
                offer_undo(self, request, words, undo_address(change))
                return _to(_way_on(request, into))
        context = {
            "title": _("Merge “%(tag)s”") % {"tag": tag},
            "form": form,
            "tag": tag,
            "into": into,
            "effect": effects.of_merging(tag, into) if into else None,
            "next": request.GET.get("next", ""),
            "names": names_offered(),
        }
        return self._page(request, "merge", context, form)

    @method_decorator(private)
    def split(self, request, pk):
        tag = self._tag(request, pk)
        query = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:200]
        found = _carrying(tag, query)
        data = request.POST if request.method == "POST" else None
        form, chosen = SplitTagForm(data), []
        if data is not None:
            pks = {int(pk) for pk in data.getlist("article") if _is_key(pk)}
            chosen = list(found if "all" in data else found.filter(pk__in=pks))
            if form.is_valid() and not chosen:
                form.add_error(None, _("Choose the articles that get the other tag."))
            if form.is_valid() and tag_or_new(form.cleaned_data["to"]) == tag:
                form.add_error("to", _("Choose another tag than the one that is split."))
            if form.is_valid() and "confirm" in data:
                change = in_batches(
                    form,
                    chosen,
                    lambda some: publishing.split_tag(
                        tag,
                        some,
                        form.cleaned_data["to"],
                        by=request.user,
                        keep=bool(form.cleaned_data["keep"]),
                    ),
                )
                if form.is_valid():
                    say_tagged(self, request, change)
                    return _to(reverse("admin:articles_tag_change", args=[tag.pk]))
        is_previewed = data is not None and form.is_valid()
        pages = PagesByKey(found, CARRYING_SHOWN)
        context = {
            "title": _("Split “%(tag)s”") % {"tag": tag},
            "form": form,
            "tag": tag,
            "query": query,
            "found": pages.page(1).object_list,
            "total": pages.count,
            "chosen": [(article, working_title(article)) for article in chosen],
            "chosen_pks": {article.pk for article in chosen},
            "is_previewed": is_previewed,
            "other": tag_or_new(form.cleaned_data["to"]) if is_previewed else None,
            "names": names_offered(),
        }
        return self._page(request, "split", context, form)

    @method_decorator(private)
    def retire(self, request, pk):
        tag = self._tag(request, pk)
        if request.method == "POST":
            try:
                publishing.retire_tag(tag, by=request.user, back=tag.is_retired)
            except PublishingError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                words = _("“%(tag)s” is back.") if tag.is_retired else _("“%(tag)s” is retired.")
                change = TagChange.objects.filter(tag=tag, undone_at=None).first()
                offer_undo(self, request, words % {"tag": tag}, undo_address(change))
            return _to(_way_on(request, tag))
        words = _("Bring “%(tag)s” back") if tag.is_retired else _("Retire “%(tag)s”")
        context = {"title": words % {"tag": tag}, "tag": tag, "next": request.GET.get("next", "")}
        return self._page(request, "retire", context)

    @method_decorator(private)
    def changes(self, request, pk):
        tag = self._tag(request, pk, or_merged=True)
        found = TagChange.objects.filter(tag=tag) | TagChange.objects.filter(other=tag)
        found = found.select_related("by", "undone_by", "tag", "other")[:200]
        context = {"title": _("History of “%(tag)s”") % {"tag": tag}, "tag": tag, "changes": found}
        return self._page(request, "history", context)

    @method_decorator(private)
    def undo(self, request, pk):
        if not rights.may_organise(request.user):
            raise PermissionDenied
        changes = TagChange.objects.select_related("tag__merged_into", "other", "by")
        change = changes.filter(pk=pk).first()
        if change is None:
            raise Http404(_("There is no such change."))
        if request.method == "POST":
            verb = publishing.undo_change
            if change.act in _OF_ARTICLES:
                verb = publishing.undo_retagging
            try:
                verb(change, by=request.user)
            except PublishingError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                words = _("Undone: %(detail)s.") % {"detail": change.detail}
                self.message_user(request, words, messages.SUCCESS)
            return _to(reverse("admin:articles_tag_history", args=[change.tag_id]))
        context = {
            "title": _("Undo: %(detail)s") % {"detail": change.detail},
            "change": change,
            "tag": change.tag,
            "effect": effects.of_undoing(change),
        }
        return self._page(request, "undo", context)

    @method_decorator(private)
    def order(self, request):
        """Tags that may be one, that one article carries, that none does."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        pairs = tag_order.alike()
        context = {
            "title": _("Tags in order"),
            "pairs": pairs[:PAIRS_SHOWN],
            "number_of_pairs": len(pairs),
            "lists": [
                (
                    _("On one article only"),
                    "once",
                    tag_order.used_once(),
                    _("Every tag stands on several articles."),
                ),
                (_("Unused"), "unused", tag_order.unused(), _("Every tag is used.")),
            ],
            "may_organise": rights.may_organise(request.user),
        }
        return self._page(request, "order", context)

    @method_decorator(require_POST)
    def set_apart(self, request):
        """Says of two tags that they are not one."""
        if not rights.may_organise(request.user):
            raise PermissionDenied
        uids = request.POST.get("key", "").split("-")
        if Tag.objects.filter(uid__in=uids).count() != 2 or len(uids) != 2:
            raise Http404(_("There are no such tags."))
        Snooze.objects.get_or_create(
            kind=tag_order.APART,
            key="-".join(sorted(uids)),
            defaults={"reason": _("Two different subjects"), "by": request.user},
        )
        self.message_user(request, _("They are kept apart."), messages.SUCCESS)
        return _to(reverse("admin:articles_tag_order"))

    def _tag(self, request, pk, *, or_merged=False):
        may_see = self.has_view_permission(request) if or_merged else False
        if not may_see and not rights.may_organise(request.user):
            raise PermissionDenied
        tag = Tag.objects.select_related("merged_into").filter(pk=pk).first()
        if tag is None or (tag.merged_into_id and not or_merged):
            raise Http404(_("There is no such tag."))
        return tag


def _to(address):
    return HttpResponseRedirect(address)


def _way_on(request, tag):
    if (request.POST.get("next") or request.GET.get("next")) == "order":
        return reverse("admin:articles_tag_order")
    return reverse("admin:articles_tag_change", args=[tag.pk])


def _is_key(text):
    return str(text).isascii() and str(text).isdecimal() and len(str(text)) < 19


def _merge_of(tag):
    return TagChange.objects.filter(tag=tag, act=TagChange.Act.MERGED, undone_at=None).first()


def _articles_of(tag):
    return f"{reverse('admin:articles_article_changelist')}?tag={tag.slug}"


def _carrying(tag, query):
    """The articles that carry a tag, in what readers see or in a draft that was never public."""
    group = tag.group()
    keys = set(TagAlias.objects.filter(tag__in=group).values_list("key", flat=True))
    open_ones = Article.objects.exclude(state__in=[Article.State.TRASHED, Article.State.DELETED])
    hidden = Article.objects.in_states(Article.State.DRAFT, Article.State.WITHDRAWN).order_by()
    drafts = [
        pk
        for pk, kind, names in hidden.values_list("pk", "kind", "latest_revision__tags")
        if kind == Article.Kind.ARTICLE and keys.intersection(map(fold, names or ()))
    ]
    live = ArticleTag.objects.of(group).values("content_object")
    articles = open_ones.among(live) | open_ones.filter(pk__in=drafts)
    if query:
        articles = articles.worded(query)
    articles = articles.select_related("latest_revision").order_by("-first_published_at", "-pk")
    return articles.only("state", "kind", "title", "latest_revision__title")
