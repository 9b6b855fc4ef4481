"""Articles in the admin: the form edits a revision, the buttons call verbs."""

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect

from articles import agenda, effects, notifications, publish_checks, publishing, rights
from articles.admin import (
    autosave,
    conflicts,
    history,
    lookups,
    previews,
    reviewing,
    schedules,
    suggestions,
)
from articles.admin.access import article_for, private
from articles.admin.article_list import ArticleList
from articles.admin.base import Forgiving
from articles.admin.consequences import MERGE, Consequences, of_trash
from articles.admin.retagging import Retagging
from articles.directory import shown_title, working_title
from articles.forms import ArticleForm, ScheduleForm
from articles.models import Article, Reference, Schedule
from articles.publishing import DELETE, UNPUBLISH, Conflict, PublishingError, Words
from articles.rendering import structure
from articles.state_words import describe_state, with_decisions
from irb_site.uids import is_uid, new_uid

_REMOVALS = (UNPUBLISH, DELETE, MERGE)
# The buttons that need a time.
_PLANS = frozenset(["_schedule", "_schedule_unpublish"])
TITLES_NAMED = 10


@admin.register(Article)
class ArticleAdmin(ArticleList, Consequences, Retagging, Forgiving, admin.ModelAdmin):
    change_form_template = "admin/articles/article/change_form.html"

    # Django asks these; articles.rights answers.

    def has_module_permission(self, request):
        return rights.has_a_desk(request.user)

    def has_view_permission(self, request, obj=None):
        return rights.has_a_desk(request.user) if obj is None else rights.may_see(request.user, obj)

    def has_add_permission(self, request):
        return rights.may_write(request.user)

    def has_change_permission(self, request, obj=None):
        if obj is None:
            return rights.has_a_desk(request.user)
        return rights.may_change(request.user, obj)

    def has_delete_permission(self, request, obj=None):
        # Django's own deletion knows nothing of who cites an article.
        return False

    # The form

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            *self.consequence_urls(),
            *self.retagging_urls(),
            path("suggest/", view(suggestions.suggest), name="articles_suggest"),
            path("<int:pk>/could-cite/", view(suggestions.could_cite), name="articles_could_cite"),
            path(
                "<int:pk>/apply-citation/",
                view(suggestions.apply_citation),
                name="articles_apply_citation",
            ),
            path("lookup/", view(private(lookups.lookup)), name="articles_lookup"),
            path(
                "pictures/", view(private(lookups.picture_lookup)), name="articles_picture_lookup"
            ),
            path(
                "pictures/upload/",
                view(private(lookups.picture_upload)),
                name="articles_picture_upload",
            ),
            *autosave.urls(view),
            *history.urls(view),
            *previews.urls(view),
            *reviewing.urls(view),
            *schedules.urls(view),
            *super().get_urls(),
        ]

    @method_decorator(csrf_protect)
    @method_decorator(private)
    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Adds an article or edits its newest revision. The live row is never in the form."""
        article = self._asked_article(request, object_id)
        kind = article.kind if article else request.GET.get("kind", Article.Kind.ARTICLE)
        if kind not in Article.Kind.values:
            raise Http404
        if article is None and not rights.may_write(request.user, kind):
            raise PermissionDenied
        may_change = article is None or (
            rights.may_change(request.user, article) and article.state != Article.State.TRASHED
        )
        blank = article or Article(kind=kind, uid=_uid_of(request))
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            response = self._post(request, article, blank)
            if isinstance(response, HttpResponse):
                return response
            form, schedule_form = response
        else:
            if may_change and article and _is_being_written_by_another(request.user, article):
                article.latest_revision = publishing.hold(article, by=request.user)
            initial = {"uid": blank.uid}
            if article and article.latest_revision:
                initial = ArticleForm.initial_from(article.latest_revision, request.user)
            form, schedule_form = ArticleForm(initial=initial, article=blank), ScheduleForm()
        return self._show(request, blank, form, schedule_form, may_change, extra_context)

    def _asked_article(self, request, object_id):
        """The article that is edited; None for a new one that no autosave has begun yet."""
        if object_id is not None:
            # Longer numbers are no keys of either database.
            if not (object_id.isdecimal() and len(object_id) < 19):
                raise Http404(_("There is no such article."))
            return article_for(request, int(object_id))
        uid = request.POST.get("uid", "")
        begun = Article.objects.filter(uid=uid).first() if is_uid(uid) else None
        return article_for(request, begun.pk) if begun else None

    def _post(self, request, article, blank):
        """Saves and does what the button says; or returns the forms with what is wrong."""
        form = ArticleForm(request.POST, article=blank)
        plans = _PLANS.intersection(request.POST)
        schedule_form = ScheduleForm(request.POST if plans else None)
        valid = form.is_valid()
        if "_again" in request.POST:
            # Back from the page that shows what differs: nothing is decided.
            return form, schedule_form
        if plans:
            valid = schedule_form.is_valid() and valid
        if not valid:
            words = _("Nothing was done yet: look at what is marked below.")
            self.message_user(request, words, messages.ERROR)
            return form, schedule_form
        # The newest state is saved in any case; a button's refusal must not take it back.
        try:
            if article and "_compare" in request.POST and conflicts.is_behind(article, form):
                return conflicts.show(request, article, form)
            if article and "_settle" in request.POST:
                return conflicts.settle(request, article, form)
            article = self._save(request, article, form, blank)
        except Conflict as error:
            return conflicts.answer(request, article, form, error)
        except PublishingError as error:
            form.add_error(None, str(error))
            return form, schedule_form
        try:
            return self._press(request, article, schedule_form)
        except PublishingError as error:
            self.message_user(request, _("Your words are saved as a draft."), messages.SUCCESS)
            self.message_user(request, str(error), messages.ERROR)
            return self._back(article)

    def _save(self, request, article, form, blank):
        note, words = form.cleaned_data["note"], form.words()
        if article is None:
            return publishing.create(
                words, by=request.user, kind=blank.kind, uid=blank.uid, note=note
            )
        based_on = form.cleaned_data["based_on"]
        if based_on is None and form.cleaned_data["uid"] == article.uid:
            # The form of a new article, which has been saved without its hearing of it.
            based_on = 0
        saved = publishing.save_draft(article, words, by=request.user, based_on=based_on, note=note)
        return saved.article

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
            publishing.submit(article, by=request.user, note=request.POST.get("note", ""))
            words = _("“%(title)s” is handed in: an editor will look at it.")
        elif "_publish" in request.POST:
            return self._publish_newest(request, article, minor=bool(request.POST.get("minor")))
        elif "_trash" in request.POST:
            return self.throw_away(request, [article])
        elif do := next((do for do in _REMOVALS if f"_{do}" in request.POST), None):
            return HttpResponseRedirect(self.removal_url([article], do))
        elif "_schedule" in request.POST:
            due_at = schedule_form.cleaned_data["due_at"]
            publishing.schedule(article, due_at=due_at, by=request.user)
            words = _("“%(title)s” will be published at the time you chose.")
            part = "later"
            self._warn(request, article)
        elif "_schedule_unpublish" in request.POST:
            due_at, action = schedule_form.cleaned_data["due_at"], Schedule.Action.UNPUBLISH
            publishing.schedule(article, due_at=due_at, by=request.user, action=action)
            words = _("“%(title)s” will be unpublished at the time you chose.")
            part = "later"
            self._warn_of_removal(request, article)
        elif "_cancel_schedule" in request.POST:
            action = request.POST["_cancel_schedule"] or Schedule.Action.PUBLISH
            if action not in Schedule.Action.values:
                raise Http404
            count = publishing.cancel_schedules(article, by=request.user, action=action)
            self.message_user(request, schedules.called_off(article, count), messages.SUCCESS)
            return self._back(article)
        elif "_try_again" in request.POST:
            return self._try_again(request, article)
        elif "_dismiss" in request.POST:
            if plan := self._failed_plan(request, article, "_dismiss"):
                publishing.dismiss(plan, by=request.user)
            return self._back(article, "later")
        else:
            words = _("“%(title)s” is saved as a draft.")
            if article.state == Article.State.LIVE:
                words = _("“%(title)s”: your draft is saved. Readers still see the live version.")
            self._warn(request, article, titles=False)
        self.message_user(request, words % {"title": title}, messages.SUCCESS)
        return self._back(article, part)

    def _publish_newest(self, request, article, *, minor=False):
        """Publishes the newest version, or leads to the page that asks about what it brings."""
        # Just that which was looked at, whoever else saves at this moment.
        revision = article.latest_revision
        if effects.of_publishing(article, revision):
            url = reverse("admin:articles_article_check", args=[article.pk])
            return HttpResponseRedirect(f"{url}?minor" if minor else url)
        publishing.publish(article, revision, by=request.user, minor=minor)
        words = _("“%(title)s” is live.") % {"title": working_title(article)}
        self.message_user(request, words, messages.SUCCESS)
        return self._back(article, "published")

    def _try_again(self, request, article):
        """Does now what was planned for a time and failed."""
        plan = self._failed_plan(request, article, "_try_again")
        if plan is None:
            return self._back(article, "later")
        if plan.revision is None:
            return HttpResponseRedirect(self.removal_url([article], UNPUBLISH))
        if plan.revision_id == article.latest_revision_id:
            return self._publish_newest(request, article)
        if effects.of_publishing(article, plan.revision):
            raise PublishingError(
                _(
                    "Version %(number)d leaves out what others cite, or names what isn't public."
                    " Publish the newest version instead."
                )
                % {"number": plan.revision.number}
            )
        try:
            publishing.publish(article, plan.revision, by=request.user)
        except PublishingError as error:
            words = _(
                "%(error)s This is what version %(number)d says, which was planned. To publish the"
                " newest version, press Publish."
            )
            raise PublishingError(
                words % {"error": error, "number": plan.revision.number}
            ) from None
        words = _("“%(title)s” is live.") % {"title": plan.revision.title}
        self.message_user(request, words, messages.SUCCESS)
        return self._back(article, "published")

    def _failed_plan(self, request, article, button):
        """The failed plan that a button names; None, with a word about it, if it is settled."""
        failed = agenda.unsettled([article])
        plan = next((one for one in failed if str(one.pk) == request.POST[button]), None)
        if plan is None:
            words = _("This has been seen to in the meantime.")
            self.message_user(request, words, messages.WARNING)
        return plan

    def _warn_of_removal(self, request, article):
        """Says who will be affected when readers lose an article at a time."""
        titles = _titles_of_citing(effects.of_removal([article]), request.user)
        if titles:
            words = _(
                "It is cited by: %(titles)s. From then on they say its words as plain text, and its"
                " address says that it is gone. To lead readers elsewhere, unpublish it by hand."
            )
            message = words % {"titles": _named(titles)}
            self.message_user(request, message, messages.WARNING)

    def _warn(self, request, article, *, titles=True):
        """Says what a publication of the newest version would bring about."""
        finding = effects.of_publishing(article, article.latest_revision)
        for told in finding.told_titles if titles else ():
            words = _("Readers will see the title of something unpublished: “%(words)s”.")
            self.message_user(request, words % {"words": told.words}, messages.WARNING)
        for section in finding.leaving_sections:
            titles = _titles_of_citing(section.effect, request.user)
            words = _("The section “%(heading)s” isn't in this version, and others cite it.")
            if titles:
                words = _(
                    "The section “%(heading)s” isn't in this version, and is cited by: %(titles)s."
                )
            values = {"heading": section.heading, "titles": _named(titles)}
            self.message_user(request, words % values, messages.WARNING)

    def _back(self, article, part=""):
        """To the form; part: the fragment that says what has happened."""
        url = reverse("admin:articles_article_change", args=[article.pk])
        return HttpResponseRedirect(f"{url}#{part}" if part else url)

    def _show(self, request, article, form, schedule_form, may_change, extra_context):
        is_new = article.pk is None
        if not may_change:
            for field in form.fields.values():
                field.disabled = True
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("New %(kind)s") % {"kind": Article.Kind(article.kind).label}
            if is_new
            else working_title(article),
            "subtitle": None,
            "article": None if is_new else article,
            "kind": article.kind,
            "form": form,
            "schedule_form": schedule_form,
            "may_change": may_change,
            "may_publish": rights.may_publish(request.user),
            "may_erase": rights.may_erase(request.user),
            "may_trash": not is_new and rights.may_trash(request.user, article),
            "is_live": article.state == Article.State.LIVE,
            "state": _("Not saved yet") if is_new else describe_state(with_decisions(article)),
            "media": self.media,
            "errors": helpers.AdminErrorList(form, []) if form.errors else None,
            "findings": publish_checks.findings(article, article.latest_revision or Words()),
            "largest_request": settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
            **(extra_context or {}),
        }
        if not is_new:
            context |= {
                **history.for_form(request, article),
                **previews.for_form(request, article),
                **reviewing.for_form(request, article),
                **schedules.for_form(request, article),
                "incoming": _incoming(article, request.user),
                "sections": structure(
                    article.latest_revision.body if article.latest_revision else ""
                ).headings,
                "series": _series_of(article, request.user),
            }
            if article.state == Article.State.TRASHED:
                context |= of_trash(request, article)
        request.current_app = self.admin_site.name
        is_refused = request.method == "POST" and "_again" not in request.POST
        return TemplateResponse(
            request, self.change_form_template, context, status=422 if is_refused else 200
        )


def _is_being_written_by_another(user, article):
    """Whether the newest version is one that a colleague's next autosave would overwrite."""
    latest = article.latest_revision
    return latest is not None and not latest.is_sealed and latest.by_id != user.pk


def _uid_of(request):
    """The id that a new article will have: the form's, so that it begins once however often it
    is saved, or a new one."""
    uid = request.POST.get("uid", "")
    return uid if is_uid(uid) else new_uid()


def _incoming(article, user):
    """Who cites this article, live and in the drafts that a user may see."""
    drafts = Q(set=Reference.Set.LIVE) | Q(source__in=rights.seen_by(user))
    rows = Reference.objects.filter(drafts, target_article=article)
    rows = rights.with_is_seen(user, rows.select_related("source__latest_revision"), "source")
    seen = {}
    for row in rows.order_by("set", "source_id", "position")[:60]:
        row.source.is_seen = row.is_seen
        entry = seen.setdefault(row.source_id, {"article": row.source, "sets": []})
        if row.set not in entry["sets"]:
            entry["sets"].append(row.set)
    return [
        {
            "title": shown_title(entry["article"]),
            "url": _place_of(entry["article"]),
            "is_draft_only": entry["sets"] == [Reference.Set.DRAFT],
        }
        for entry in seen.values()
    ]


def _titles_of_citing(effect, user):
    """What cites something, by the titles that a user may know; drafts of others have none."""
    public = {entry.article.pk for entry in effect.citing if entry.live}
    pks = [entry.article.pk for entry in effect.citing]
    rows = Article.objects.filter(pk__in=pks).select_related("latest_revision")
    rows = {row.pk: row for row in rights.with_is_seen(user, rows)}
    return [shown_title(rows[pk]) for pk in pks if rows[pk].is_seen or pk in public]


def _named(titles):
    """The first of some titles in a sentence, and that there are more."""
    return "; ".join([*titles[:TITLES_NAMED], *(["…"] if len(titles) > TITLES_NAMED else [])])


def _place_of(article):
    """Where somebody finds an article: its form, or what readers see."""
    return notifications.form_of(article) if article.is_seen else article.get_absolute_url()


def _series_of(article, user):
    """The series that have this article among their parts, in public or in a draft."""
    sources = Reference.objects.filter(target_article=article, kind=Reference.Kind.SERIES)
    series = rights.seen_by(user).filter(pk__in=sources.values("source"))
    return [
        {"title": working_title(one), "pk": one.pk}
        for one in series.select_related("latest_revision").order_by("pk")[:10]
    ]
