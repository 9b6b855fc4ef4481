"""Articles in the admin: the form edits a revision, the buttons call verbs."""

from functools import wraps

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from articles import effects, publishing
from articles.admin import lookups, suggestions
from articles.admin.consequences import (
    DELETE,
    MERGE,
    REMOVED_AT_ONCE,
    UNPUBLISH,
    Consequences,
)
from articles.forms import ArticleForm, ScheduleForm, working_title
from articles.models import Article, Reference, Revision, Schedule, Tag
from articles.pages import preview_page
from articles.publishing import Conflict, PublishingError
from articles.rendering import structure
from articles.state_words import describe_state
from articles.views import DETAIL_TEMPLATES, article_context
from authors.models import Author

VERSIONS_SHOWN = 12
_REMOVALS = (UNPUBLISH, DELETE, MERGE)


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
            ("submitted", _("Submitted")),
        ]

    def queryset(self, request, queryset):
        pending = Schedule.objects.filter(article=OuterRef("pk"), outcome=Schedule.Outcome.PENDING)
        conditions = {
            "live": Q(state=Article.State.LIVE),
            "changed": Q(state=Article.State.LIVE) & ~Q(latest_revision=F("live_revision")),
            "draft": Q(state=Article.State.DRAFT),
            "scheduled": Exists(pending),
            "withdrawn": Q(state=Article.State.WITHDRAWN),
            "submitted": Q(submitted_revision__isnull=False),
        }
        condition = conditions.get(self.value())
        return queryset.filter(condition) if condition is not None else queryset


class AuthorFilter(admin.SimpleListFilter):
    title = gettext_lazy("author")
    parameter_name = "author"

    def lookups(self, request, model_admin):
        return [(author.uid, author.name) for author in Author.objects.choosable()[:50]]

    def queryset(self, request, queryset):
        uid = self.value()
        return queryset.filter(latest_revision__bylines__icontains=uid) if uid else queryset


class TagFilter(admin.SimpleListFilter):
    title = gettext_lazy("tag")
    parameter_name = "tag"
    template = "admin/articles/tag_filter.html"

    def lookups(self, request, model_admin):
        return [(tag.slug, tag.name) for tag in Tag.objects.listed().order_by("name")[:200]]

    def queryset(self, request, queryset):
        slug = self.value()
        return queryset.filter(article_tags__tag__slug=slug) if slug else queryset


@admin.register(Article)
class ArticleAdmin(Consequences, admin.ModelAdmin):
    list_display = [
        *("title_words", "state_words", "author_names", "tag_names", "date", "cites", "cited")
    ]
    list_display_links = ["title_words"]
    list_filter = [StateFilter, "kind", AuthorFilter, TagFilter, "first_published_at"]
    search_fields = ["latest_revision__title", "latest_revision__standfirst", "title", "slug"]
    search_help_text = gettext_lazy("Words of the title, the standfirst or the address")
    ordering = ["-touched_at"]
    list_per_page = 50
    show_full_result_count = False
    actions = ["publish_selected", "unpublish_selected", "delete_for_good"]
    change_form_template = "admin/articles/article/change_form.html"

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .select_related("latest_revision")
            .exclude(state=Article.State.DELETED)
        )

    def get_changelist_instance(self, request):
        changelist = super().get_changelist_instance(request)
        # One query for all rows of the page, instead of one for each.
        uids = {
            uid
            for article in changelist.result_list
            if article.latest_revision
            for uid in article.latest_revision.bylines
        }
        names = dict(Author.objects.filter(uid__in=uids).values_list("uid", "name"))
        pks = [article.pk for article in changelist.result_list]
        live = Reference.objects.filter(set=Reference.Set.LIVE).order_by()
        cites = live.filter(source__in=pks).values_list("source").annotate(Count("pk"))
        cited = live.filter(target_article__in=pks).values_list("target_article")
        cites, cited = dict(cites), dict(cited.annotate(Count("source", distinct=True)))
        for article in changelist.result_list:
            article.author_names_by_uid = names
            article.cites, article.cited = cites.get(article.pk), cited.get(article.pk)
        return changelist

    @admin.display(description=gettext_lazy("title"), ordering="latest_revision__title")
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
        names = article.author_names_by_uid
        return ", ".join(names[uid] for uid in uids if uid in names) or "–"

    @admin.display(description=gettext_lazy("tags"))
    def tag_names(self, article):
        names = article.latest_revision.tags if article.latest_revision else []
        return ", ".join(names) or "–"

    @admin.display(description=gettext_lazy("published"), ordering="first_published_at")
    def date(self, article):
        if not article.first_published_at:
            return "–"
        return date_format(timezone.localtime(article.first_published_at), "j M Y")

    @admin.display(description=gettext_lazy("cites"))
    def cites(self, article):
        return article.cites or "–"

    @admin.display(description=gettext_lazy("cited by"))
    def cited(self, article):
        return article.cited or "–"

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
                self.log_change(request, article, _("Published"))
        if done:
            words = ngettext("%(n)d article published.", "%(n)d articles published.", done)
            self.message_user(request, words % {"n": done}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Unpublish …"), permissions=["publish"])
    def unpublish_selected(self, request, queryset):
        return self._ask_about(request, queryset, UNPUBLISH)

    @admin.action(description=gettext_lazy("Delete for good …"), permissions=["erase"])
    def delete_for_good(self, request, queryset):
        return self._ask_about(request, queryset, DELETE)

    def _ask_about(self, request, queryset, do):
        if queryset.count() > REMOVED_AT_ONCE:
            return self.refuse_so_many(request)
        return HttpResponseRedirect(self.removal_url(queryset, do))

    def has_publish_permission(self, request):
        return request.user.has_perm("articles.publish_article")

    def has_erase_permission(self, request):
        return self.has_publish_permission(request) and request.user.has_perm(
            "articles.delete_article"
        )

    def has_delete_permission(self, request, obj=None):
        # Django's own deletion knows nothing of who cites an article.
        return False

    # The form

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            *self.consequence_urls(),
            path("suggest/", view(suggestions.suggest), name="articles_suggest"),
            path("<int:pk>/could-cite/", view(suggestions.could_cite), name="articles_could_cite"),
            path(
                "<int:pk>/apply-citation/",
                view(suggestions.apply_citation),
                name="articles_apply_citation",
            ),
            path("lookup/", view(_private(lookups.lookup)), name="articles_lookup"),
            path(
                "pictures/", view(_private(lookups.picture_lookup)), name="articles_picture_lookup"
            ),
            path(
                "pictures/upload/",
                view(_private(lookups.picture_upload)),
                name="articles_picture_upload",
            ),
            path(
                "<int:pk>/preview/<int:number>/",
                view(self.preview),
                name="articles_article_preview",
            ),
            path(
                "<int:pk>/restore/<int:number>/",
                view(self.restore),
                name="articles_article_restore",
            ),
            *super().get_urls(),
        ]

    @method_decorator(csrf_protect)
    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Adds an article or edits its newest revision. The live row is never in the form."""
        article = None
        if object_id is None:
            if not self.has_add_permission(request):
                raise PermissionDenied
        else:
            article = self._get(request, object_id)
            if not self.has_view_or_change_permission(request, article):
                raise PermissionDenied
        kind = article.kind if article else request.GET.get("kind", Article.Kind.ARTICLE)
        if kind not in Article.Kind.values:
            raise Http404
        may_change = article is None or self.has_change_permission(request, article)
        blank = article or Article(kind=kind, uid="")
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            response = self._post(request, article, blank, kind)
            if isinstance(response, HttpResponseRedirect):
                return response
            form, schedule_form = response
        else:
            initial = {}
            if article and article.latest_revision:
                initial = ArticleForm.initial_from(article.latest_revision)
            form, schedule_form = ArticleForm(initial=initial, article=blank), ScheduleForm()
        return self._show(request, article, kind, form, schedule_form, may_change, extra_context)

    def _get(self, request, object_id):
        article = self.get_object(request, str(object_id))
        if article is None:
            raise Http404(_("There is no such article."))
        return article

    def _post(self, request, article, blank, kind):
        """Saves and does what the button says; or returns the forms with what is wrong."""
        form = ArticleForm(request.POST, article=blank)
        schedule_form = ScheduleForm(request.POST if "_schedule" in request.POST else None)
        valid = form.is_valid()
        if "_schedule" in request.POST:
            valid = schedule_form.is_valid() and valid
        if not valid:
            self.message_user(
                request,
                _("Nothing is saved yet: look at what is marked below."),
                messages.ERROR,
            )
            return form, schedule_form
        # The newest state is saved in any case; a button's refusal must not take it back.
        try:
            article = self._save(request, article, form, kind)
        except Conflict as error:
            form.data = form.data.copy()
            form.data["based_on"] = str(article.latest_revision.number)
            form.add_error(None, str(error))
            return form, schedule_form
        except PublishingError as error:
            form.add_error(None, str(error))
            return form, schedule_form
        try:
            return self._press(request, article, schedule_form)
        except PublishingError as error:
            self.message_user(request, _("Your words are saved as a draft."), messages.SUCCESS)
            self.message_user(request, str(error), messages.ERROR)
            return self._back(article)

    @transaction.atomic
    def _save(self, request, article, form, kind):
        note = form.cleaned_data["note"]
        if article is None:
            article = publishing.create(form.words(), by=request.user, kind=kind, note=note)
            self.log_addition(request, article, _("Draft written"))
            return article
        before = article.latest_revision_id
        based_on = form.cleaned_data["based_on"]
        if not self._others_saved_since(article, based_on, request.user):
            based_on = None
        revision = publishing.save_draft(
            article, form.words(), by=request.user, based_on=based_on, note=note
        )
        if revision.pk != before:
            self.log_change(request, article, _("Draft saved"))
        return Article.objects.select_related("latest_revision").get(pk=article.pk)

    def _others_saved_since(self, article, based_on, user):
        """Whether someone else has saved since; one's own second window is no conflict."""
        return (
            based_on is not None
            and article.revisions.filter(number__gt=based_on).exclude(by=user).exists()
        )

    def _press(self, request, article, schedule_form):
        title, part = working_title(article), ""
        if "_preview" in request.POST:
            return HttpResponseRedirect(
                reverse(
                    "admin:articles_article_preview",
                    args=[article.pk, article.latest_revision.number],
                )
            )
        if "_submit" in request.POST:
            publishing.submit(article, by=request.user)
            self.log_change(request, article, _("Submitted"))
            words = _("“%(title)s” is handed in: an editor will look at it.")
        elif "_publish" in request.POST:
            minor = bool(request.POST.get("minor"))
            if effects.of_publishing(article, article.latest_revision):
                url = reverse("admin:articles_article_check", args=[article.pk])
                return HttpResponseRedirect(f"{url}?minor" if minor else url)
            publishing.publish(article, by=request.user, minor=minor)
            self.log_change(request, article, _("Published"))
            words = _("“%(title)s” is live.")
            part = "published"
        elif do := next((do for do in _REMOVALS if f"_{do}" in request.POST), None):
            return HttpResponseRedirect(self.removal_url([article], do))
        elif "_schedule" in request.POST:
            due_at = schedule_form.cleaned_data["due_at"]
            publishing.schedule(article, due_at=due_at, by=request.user)
            self.log_change(request, article, _("Scheduled"))
            words = _("“%(title)s” will be published at the time you chose.")
            self._warn(request, article)
        elif "_cancel_schedule" in request.POST:
            publishing.cancel_schedules(article, by=request.user)
            self.log_change(request, article, _("Schedule called off"))
            words = _("The schedule of “%(title)s” is called off.")
        else:
            words = _("“%(title)s” is saved as a draft.")
            if article.state == Article.State.LIVE:
                words = _("“%(title)s”: your draft is saved. Readers still see the live version.")
            self._warn(request, article, titles=False)
        self.message_user(request, words % {"title": title}, messages.SUCCESS)
        return self._back(article, part)

    def _warn(self, request, article, *, titles=True):
        """Says what a publication of the newest version would bring about."""
        finding = effects.of_publishing(article, article.latest_revision)
        for told in finding.told_titles if titles else ():
            words = _("Readers will see the title of something unpublished: “%(words)s”.")
            self.message_user(request, words % {"words": told.words}, messages.WARNING)
        for section in finding.leaving_sections:
            titles_of_citing = [working_title(entry.article) for entry in section.effect.citing]
            words = _(
                "The section “%(heading)s” isn't in this version, and is cited by: %(titles)s."
            )
            values = {"heading": section.heading, "titles": "; ".join(titles_of_citing[:10])}
            self.message_user(request, words % values, messages.WARNING)

    def _back(self, article, part=""):
        """To the form; part: the fragment that says what has happened."""
        url = reverse("admin:articles_article_change", args=[article.pk])
        return HttpResponseRedirect(f"{url}#{part}" if part else url)

    def _show(self, request, article, kind, form, schedule_form, may_change, extra_context):
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": working_title(article)
            if article
            else _("New %(kind)s") % {"kind": Article.Kind(kind).label},
            "subtitle": None,
            "article": article,
            "kind": kind,
            "form": form,
            "schedule_form": schedule_form,
            "may_change": may_change,
            "may_publish": self.has_publish_permission(request),
            "may_erase": self.has_erase_permission(request),
            "is_live": article is not None and article.state == Article.State.LIVE,
            "state": describe_state(article) if article else _("Not saved yet"),
            "media": self.media,
            "errors": helpers.AdminErrorList(form, []) if form.errors else None,
            **(extra_context or {}),
        }
        if article:
            context |= {
                "versions": article.revisions.select_related("by").order_by("-number")[
                    :VERSIONS_SHOWN
                ],
                "incoming": _incoming(article),
                "sections": structure(
                    article.latest_revision.body if article.latest_revision else ""
                ).headings,
                "series": _series_of(article),
                "scheduled": article.schedules.filter(
                    outcome=Schedule.Outcome.PENDING, action=Schedule.Action.PUBLISH
                ).first(),
            }
        request.current_app = self.admin_site.name
        status = 422 if request.method == "POST" else 200
        return TemplateResponse(request, self.change_form_template, context, status=status)

    def _revision(self, request, pk, number):
        article = self._get(request, pk)
        if not self.has_view_or_change_permission(request, article):
            raise PermissionDenied
        revision = (
            Revision.objects.filter(article=article, number=number)
            .select_related("lead_image", "by")
            .first()
        )
        if revision is None:
            raise Http404(_("There is no such version."))
        return article, revision

    @method_decorator(cache_control(private=True, no_store=True))
    def preview(self, request, pk, number):
        """A revision as readers would see it, by their own template."""
        article, revision = self._revision(request, pk, number)
        words = _("Preview of version %(number)s, saved %(date)s. Readers don't see it.") % {
            "number": revision.number,
            "date": date_format(timezone.localtime(revision.saved_at), "j F Y, H:i"),
        }
        page = preview_page(article, revision, state_note=words)
        response = TemplateResponse(request, DETAIL_TEMPLATES[article.kind], article_context(page))
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    @method_decorator(require_POST)
    def restore(self, request, pk, number):
        article, revision = self._revision(request, pk, number)
        try:
            publishing.restore(article, revision, by=request.user)
        except PublishingError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.log_change(request, article, _("Version %(n)s restored") % {"n": number})
            self.message_user(
                request,
                _("Version %(n)s is the newest draft now. Publish it to show it to readers.")
                % {"n": number},
                messages.SUCCESS,
            )
        return self._back(article)


def _incoming(article):
    """Who cites this article, live and in drafts, for the editor's eyes."""
    rows = (
        Reference.objects.filter(target_article=article)
        .select_related("source__latest_revision")
        .order_by("set", "source_id", "position")[:60]
    )
    seen = {}
    for row in rows:
        entry = seen.setdefault(row.source_id, {"article": row.source, "sets": []})
        if row.set not in entry["sets"]:
            entry["sets"].append(row.set)
    return [
        {
            "title": working_title(entry["article"]),
            "pk": entry["article"].pk,
            "is_draft_only": entry["sets"] == [Reference.Set.DRAFT],
        }
        for entry in seen.values()
    ]


def _series_of(article):
    """The series that have this article among their parts, in public or in a draft."""
    sources = Reference.objects.filter(target_article=article, kind=Reference.Kind.SERIES)
    series = Article.objects.filter(pk__in=sources.values("source"))
    return [
        {"title": working_title(one), "pk": one.pk}
        for one in series.select_related("latest_revision").order_by("pk")[:10]
    ]


def _private(view):
    @wraps(view)
    def wrapper(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return wrapper
