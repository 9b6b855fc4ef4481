"""The list of articles: what it shows, what narrows it down, what is done to many at once."""

from collections import Counter

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Case, Count, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.text import smart_split, unescape_string_literal
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from articles import effects, publishing, rights
from articles.admin.base import ForgivingList
from articles.admin.consequences import REMOVED_AT_ONCE
from articles.directory import working_title
from articles.models import Article, ArticleTag, Byline, Reference, Revision, Schedule, Tag
from articles.publishing import DELETE, UNPUBLISH, PublishingError
from authors.models import Author


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [
            ("live", _("Live")),
            ("changed", _("Live, with a newer draft")),
            ("draft", _("Draft, never public")),
            ("scheduled", _("Scheduled")),
            ("withdrawn", _("Withdrawn")),
            ("submitted", _("Handed in")),
            ("trashed", _("In the trash")),
        ]

    def queryset(self, request, queryset):
        pending = Schedule.objects.filter(outcome=Schedule.Outcome.PENDING)
        # Looked for by themselves: few are, and SQLite would look through all articles for them.
        submitted = Article.objects.filter(submission__isnull=False).order_by().values("pk")
        drafts = Article.objects.with_a_draft().order_by().values("pk")
        narrowed = {
            "live": lambda: queryset.public(),
            "changed": lambda: queryset.public().filter(pk__in=drafts),
            "draft": lambda: queryset.in_states(Article.State.DRAFT),
            "scheduled": lambda: queryset.filter(pk__in=pending.values("article")),
            "withdrawn": lambda: queryset.in_states(Article.State.WITHDRAWN),
            "submitted": lambda: queryset.filter(pk__in=submitted),
            "trashed": lambda: queryset.in_states(Article.State.TRASHED),
        }.get(self.value())
        # What is in the trash is seen there only.
        return narrowed() if narrowed else queryset.exclude(state=Article.State.TRASHED)


class KindFilter(admin.SimpleListFilter):
    title = gettext_lazy("kind")
    parameter_name = "kind__exact"

    def lookups(self, request, model_admin):
        return Article.Kind.choices

    def queryset(self, request, queryset):
        kind = self.value()
        if kind is None:
            return queryset
        return queryset.of_kind(kind) if kind in Article.Kind.values else queryset.none()


class Counted(admin.SimpleListFilter):
    """A filter that counts the articles of all its choices at once, if counts are asked for.
    Django would look through the list for each.
    """

    def get_facet_queryset(self, changelist):
        others = self.expected_parameters()
        listed = changelist.get_queryset(self.request, exclude_parameters=others).order_by()
        counts = self.counts(listed)
        return {
            f"{number}__c": counts.get(str(value), 0)
            for number, (value, _label) in enumerate(self.lookup_choices)
        }


class AuthorFilter(Counted):
    title = gettext_lazy("author")
    parameter_name = "author"

    def lookups(self, request, model_admin):
        return Author.objects.choosable().values_list("uid", "name")[:50]

    def queryset(self, request, queryset):
        uid = self.value()
        if not uid:
            return queryset
        group = Author.objects.filter(Q(uid=uid) | Q(merged_into__uid=uid))
        return queryset.naming(group.values_list("uid", flat=True))

    def counts(self, listed):
        rows = Byline.objects.filter(article__in=listed.settled().values("pk")).order_by()
        rows = rows.values_list(Coalesce("author__merged_into__uid", "author__uid"))
        counts = Counter(dict(rows.annotate(Count("article", distinct=True))))
        merged = dict(
            Author.objects.filter(merged_into__isnull=False).values_list("uid", "merged_into__uid")
        )
        for uids in listed.unsettled().values_list("latest_revision__bylines", flat=True):
            counts.update({merged.get(uid, uid) for uid in uids or ()})
        return counts


class TagFilter(Counted):
    title = gettext_lazy("tag")
    parameter_name = "tag"
    template = "admin/articles/tag_filter.html"

    def lookups(self, request, model_admin):
        return Tag.objects.listed().order_by("name").values_list("slug", "name")[:200]

    def queryset(self, request, queryset):
        slug = self.value()
        tag = Tag.objects.filter(slug=slug).first() if slug else None
        if tag is None:
            return queryset.none() if slug else queryset
        carrying = ArticleTag.objects.of(tag.group())
        return queryset.among(carrying.values("content_object"))

    def counts(self, listed):
        rows = ArticleTag.objects.filter(content_object__in=listed.values("pk")).order_by()
        rows = rows.values_list(Coalesce("tag__merged_into__slug", "tag__slug"))
        return dict(rows.annotate(Count("content_object", distinct=True)))


class PagesByKey(Paginator):
    """Pages of a list of which only the primary keys are looked for; the rows of the page that is
    shown, with the columns that it shows, are read after that.
    """

    # So many are looked for at once: most searches find no more, and needn't count by themselves.
    AT_ONCE = 1000

    @cached_property
    def _first_keys(self):
        return self._keys(0, self.AT_ONCE + 1)

    @cached_property
    def count(self):
        if len(self._first_keys) <= self.AT_ONCE:
            return len(self._first_keys)
        return self.object_list.order_by().values("pk").count()

    def page(self, number):
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        return self._get_page(self.rows(start, start + self.per_page), number, self)

    def rows(self, start, end):
        known = self._first_keys
        is_known = end <= len(known) or len(known) <= self.AT_ONCE
        keys = known[start:end] if is_known else self._keys(start, end)
        rows = Article.objects.select_related("latest_revision").only(*_SHOWN).in_bulk(keys)
        return [rows[key] for key in keys if key in rows]

    def _keys(self, start, end):
        return list(self.object_list.values_list("pk", flat=True)[start:end])


class PickerPages(PagesByKey):
    """Those of a field that offers articles: where there are very many, one types another word."""

    AT_ONCE = 200

    @property
    def count(self):
        return len(self._first_keys[: self.AT_ONCE])


class KeyedList(ForgivingList):
    def get_results(self, request):
        super().get_results(request)
        if not isinstance(self.result_list, list):
            # All of them: Django would ask again, without pages.
            self.result_list = self.paginator.rows(0, self.result_count)


# The title of the newest words. Where these are, or last were, public, it stands in the row.
_TITLE = Case(
    When(latest_revision=F("live_revision"), then=F("title")),
    default=Subquery(
        Revision.objects.filter(pk=OuterRef("latest_revision")).order_by().values("title")
    ),
)
_SHOWN = [
    *("uid", "kind", "state", "title", "first_published_at", "live_revision"),
    *(f"latest_revision__{name}" for name in ("title", "bylines", "tags")),
]
_OF_TRASH = {"put_back_selected", "delete_for_good"}


class ArticleList:
    """Mixin for the article admin."""

    list_display = [
        *("title_words", "state_words", "author_names", "tag_names", "date", "cites", "cited")
    ]
    list_display_links = ["title_words"]
    list_filter = [StateFilter, KindFilter, AuthorFilter, TagFilter, "first_published_at"]
    # How they are searched: see get_search_results.
    search_fields = ["title"]
    search_help_text = gettext_lazy("Words of the title, the standfirst or the address")
    ordering = ["-touched_at"]
    list_per_page = 50
    show_full_result_count = False
    actions = [
        *("publish_selected", "retag_selected", "unpublish_selected", "trash_selected"),
        *("put_back_selected", "delete_for_good"),
    ]

    def get_queryset(self, request):
        articles = super().get_queryset(request).select_related("latest_revision", "submission")
        return rights.seen_by(request.user, articles.exclude(state=Article.State.DELETED))

    def get_changelist(self, request, **kwargs):
        return KeyedList

    def get_paginator(self, request, *args, **kwargs):
        pages = PickerPages if "autocomplete" in request.path else PagesByKey
        return pages(*args, **kwargs)

    def get_search_results(self, request, queryset, search_term):
        """What has all words of a search, which may be in quotation marks."""
        for word in smart_split(search_term.replace("\x00", "")):
            if word[0] in "\"'" and word[0] == word[-1]:
                word = unescape_string_literal(word)
            queryset = queryset.worded(word)
        return queryset, False

    def get_changelist_instance(self, request):
        changelist = super().get_changelist_instance(request)
        # One query for all rows of the page, instead of one for each.
        uids = {
            uid
            for article in changelist.result_list
            if article.latest_revision
            for uid in article.latest_revision.bylines
        }
        authors = Author.objects.select_related("merged_into").filter(uid__in=uids)
        by_uid = {author.uid: author.standing for author in authors}
        pks = [article.pk for article in changelist.result_list]
        live = Reference.objects.filter(set=Reference.Set.LIVE).order_by()
        cites = live.filter(source__in=pks).values_list("source").annotate(Count("pk"))
        cited = live.filter(target_article__in=pks).values_list("target_article")
        cites, cited = dict(cites), dict(cited.annotate(Count("source", distinct=True)))
        for article in changelist.result_list:
            article.authors_by_uid = by_uid
            article.cites, article.cited = cites.get(article.pk), cited.get(article.pk)
        return changelist

    @admin.display(description=gettext_lazy("title"), ordering=_TITLE)
    def title_words(self, article):
        return working_title(article)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_words(self, article):
        if article.state == Article.State.LIVE and article.has_newer_draft:
            words, kind = _("live, newer draft"), "changed"
        else:
            words, kind = article.get_state_display(), article.state
        return format_html('<span class="state state--{}">{}</span>', kind, words)

    @admin.display(description=gettext_lazy("authors"))
    def author_names(self, article):
        uids = article.latest_revision.bylines if article.latest_revision else []
        known = article.authors_by_uid
        authors = dict.fromkeys(known[uid] for uid in uids if uid in known)
        return ", ".join(author.name for author in authors) or None

    @admin.display(description=gettext_lazy("tags"))
    def tag_names(self, article):
        names = article.latest_revision.tags if article.latest_revision else []
        return ", ".join(names) or None

    @admin.display(description=gettext_lazy("published"), ordering="first_published_at")
    def date(self, article):
        if not article.first_published_at:
            return None
        return date_format(timezone.localtime(article.first_published_at), "j M Y")

    @admin.display(description=gettext_lazy("cites"))
    def cites(self, article):
        return _labelled(_("cites"), article.cites)

    @admin.display(description=gettext_lazy("cited by"))
    def cited(self, article):
        return _labelled(_("cited by"), article.cited)

    # The list's actions

    @admin.action(description=gettext_lazy("Publish the newest version"), permissions=["publish"])
    def publish_selected(self, request, queryset):
        done = 0
        for article in queryset:
            if article.latest_revision and effects.of_publishing(article, article.latest_revision):
                words = format_html(
                    _('{}: not published yet. <a href="{}">See what it would bring about</a>.'),
                    working_title(article),
                    reverse("admin:articles_article_check", args=[article.pk]),
                )
                self.message_user(request, words, messages.WARNING)
                continue
            try:
                publishing.publish(article, by=request.user)
            except PublishingError as error:
                self.message_user(request, f"{working_title(article)}: {error}", messages.WARNING)
            else:
                done += 1
        if done:
            words = ngettext("%(n)d article published.", "%(n)d articles published.", done)
            self.message_user(request, words % {"n": done}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Change tags …"), permissions=["organise"])
    def retag_selected(self, request, queryset):
        return self.ask_for_tags(request, queryset)

    @admin.action(description=gettext_lazy("Unpublish …"), permissions=["publish"])
    def unpublish_selected(self, request, queryset):
        return self._ask_about(request, queryset, UNPUBLISH)

    @admin.action(description=gettext_lazy("Move to the trash …"), permissions=["trash"])
    def trash_selected(self, request, queryset):
        if queryset.count() > REMOVED_AT_ONCE:
            return self.refuse_so_many(request)
        return self.throw_away(request, list(queryset))

    @admin.action(description=gettext_lazy("Put back"), permissions=["trash"])
    def put_back_selected(self, request, queryset):
        if queryset.count() > REMOVED_AT_ONCE:
            return self.refuse_so_many(request)
        return self.put_back(request, list(queryset))

    @admin.action(description=gettext_lazy("Delete for good …"), permissions=["erase"])
    def delete_for_good(self, request, queryset):
        return self._ask_about(request, queryset, DELETE)

    def get_actions(self, request):
        """In the trash there are the ways out of it; everywhere else there is the rest."""
        actions = super().get_actions(request)
        is_trash = request.GET.get("state") == Article.State.TRASHED
        return {name: action for name, action in actions.items() if (name in _OF_TRASH) == is_trash}

    def _ask_about(self, request, queryset, do):
        if queryset.count() > REMOVED_AT_ONCE:
            return self.refuse_so_many(request)
        return HttpResponseRedirect(self.removal_url(queryset, do))

    def has_publish_permission(self, request):
        return rights.may_publish(request.user)

    def has_organise_permission(self, request):
        return rights.may_publish(request.user) and rights.may_organise(request.user)

    def has_trash_permission(self, request):
        return rights.may_write(request.user)

    def has_erase_permission(self, request):
        return rights.may_erase(request.user)


def _labelled(label, number):
    """A number that says what it counts where the list has no head: on a phone."""
    return format_html('<span data-label="{}">{}</span>', label, number) if number else None
