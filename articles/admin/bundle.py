"""Bundles in the newsroom: articles that go out together, now or at a time."""

from dataclasses import dataclass

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, OuterRef, Subquery
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.csrf import csrf_protect

from articles import effects, publish_checks, publishing, rights
from articles.admin.access import private
from articles.admin.base import Forgiving
from articles.directory import working_title
from articles.forms import PickerField, PickerWidget, ScheduleForm, TypedField
from articles.models import Article, Bundle, Schedule
from articles.publishing import BUNDLE_MAX, PublishingError
from irb_site.people import name_of


class BundleForm(forms.Form):
    name = TypedField(
        label=gettext_lazy("Name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Give the bundle a name.")},
    )
    articles = PickerField(
        label=gettext_lazy("Articles"),
        required=False,
        widget=PickerWidget(kind="article", placeholder=gettext_lazy("Add an article")),
        help_text=gettext_lazy("Their newest versions are published in this order."),
    )

    def clean_articles(self):
        uids = list(dict.fromkeys(self.cleaned_data["articles"]))
        if len(uids) > BUNDLE_MAX:
            words = _("A bundle has at most %(n)d articles.")
            raise ValidationError(words % {"n": BUNDLE_MAX})
        found = {article.uid: article for article in Article.objects.filter(uid__in=uids)}
        if len(found) < len(uids):
            raise ValidationError(_("An article of the list is not known here. Choose again."))
        return [found[uid] for uid in uids]


@dataclass(frozen=True, slots=True)
class Member:
    """An article of a bundle: where it stands, and what its publication would bring about."""

    article: Article
    title: str
    findings: list
    told_titles: list
    leaving_sections: list

    @property
    def is_up_to_date(self):
        return self.article.state == Article.State.LIVE and not self.article.has_newer_draft


@admin.register(Bundle)
class BundleAdmin(Forgiving, admin.ModelAdmin):
    list_display = ["name", "number", "stands", "made_by"]
    list_select_related = ["by"]
    list_per_page = 50
    search_fields = ["name"]
    show_full_result_count = False
    actions = None

    # Django asks these; articles.rights answers.

    def has_module_permission(self, request):
        return rights.may_publish(request.user)

    def has_view_permission(self, request, obj=None):
        return rights.may_publish(request.user)

    def has_add_permission(self, request):
        return rights.may_publish(request.user)

    def has_change_permission(self, request, obj=None):
        return rights.may_publish(request.user)

    def has_delete_permission(self, request, obj=None):
        # A bundle is discarded by its verb.
        return False

    # The list

    def get_queryset(self, request):
        pending = Schedule.objects.filter(bundle=OuterRef("pk"), outcome=Schedule.Outcome.PENDING)
        due_at = Subquery(pending.order_by("due_at").values("due_at")[:1])
        return super().get_queryset(request).annotate(item_count=Count("items"), due_at=due_at)

    @admin.display(description=gettext_lazy("articles"), ordering="item_count")
    def number(self, bundle):
        return bundle.item_count

    @admin.display(description=gettext_lazy("state"))
    def stands(self, bundle):
        if bundle.due_at:
            return _("goes out on %(date)s") % {"date": _date(bundle.due_at)}
        if bundle.published_at:
            return _("published on %(date)s") % {"date": _date(bundle.published_at)}
        return _("in preparation")

    @admin.display(description=gettext_lazy("made by"))
    def made_by(self, bundle):
        return name_of(bundle.by)

    # The form

    @method_decorator(csrf_protect)
    @method_decorator(private)
    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Makes a bundle, or changes, publishes, schedules or discards one."""
        if not rights.may_publish(request.user):
            raise PermissionDenied
        bundle = _bundle_or_404(object_id) if object_id is not None else None
        form, schedule_form = BundleForm(initial=_initial(bundle)), ScheduleForm()
        if request.method == "POST":
            answer = self._post(request, bundle)
            if isinstance(answer, HttpResponseRedirect):
                return answer
            form, schedule_form = answer
        return self._show(request, bundle, form, schedule_form, extra_context)

    def _post(self, request, bundle):
        """Does what the button says; or returns the forms with what is wrong."""
        try:
            if bundle and "_discard" in request.POST:
                return self._discard(request, bundle)
            if bundle and "_cancel" in request.POST:
                if publishing.cancel_bundle(bundle, by=request.user):
                    return self._back(request, bundle, _("The schedule is called off."))
                words = _("Nothing was left to call off: see below what has become of it.")
                self.message_user(request, words, messages.WARNING)
                return self._back(request, bundle)
        except PublishingError as error:
            self.message_user(request, str(error), messages.ERROR)
            return self._back(request, bundle)
        form = BundleForm(request.POST)
        schedule_form = ScheduleForm(request.POST if "_schedule" in request.POST else None)
        is_valid = form.is_valid()
        if "_schedule" in request.POST:
            is_valid = schedule_form.is_valid() and is_valid
        if not is_valid:
            return form, schedule_form
        try:
            saved = publishing.save_bundle(bundle, **form.cleaned_data, by=request.user)
            if bundle and ("_publish" in request.POST or "_schedule" in request.POST):
                return self._send_out(request, saved, schedule_form)
        except PublishingError as error:
            form.add_error(None, str(error))
            return form, schedule_form
        return self._back(request, saved, _("The bundle is saved."))

    def _send_out(self, request, bundle, schedule_form):
        """Publishes or schedules a bundle that is saved; raises PublishingError."""
        seen = set(request.POST.get("seen", "").split(","))
        options = {"by": request.user, "is_seen": lambda article: _seen(article) in seen}
        if "_publish" in request.POST:
            publishing.publish_bundle(bundle, **options)
            count = bundle.items.count()
            words = ngettext("%(n)d article is live.", "%(n)d articles are live.", count)
            return self._back(request, bundle, words % {"n": count})
        due_at = schedule_form.cleaned_data["due_at"]
        publishing.schedule_bundle(bundle, due_at=due_at, **options)
        words = _("All of it goes out on %(date)s.") % {"date": _date(due_at)}
        return self._back(request, bundle, words)

    def _discard(self, request, bundle):
        publishing.discard_bundle(bundle, by=request.user)
        words = _("The bundle “%(name)s” is discarded. Its articles are as they were.")
        self.message_user(request, words % {"name": bundle.name}, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:articles_bundle_changelist"))

    def _back(self, request, bundle, words=""):
        if words:
            self.message_user(request, words, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:articles_bundle_change", args=[bundle.pk]))

    def _show(self, request, bundle, form, schedule_form, extra_context):
        plan = _last_plan(bundle) if bundle else None
        members = _members(bundle) if bundle else []
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": bundle.name if bundle else _("New bundle"),
            "subtitle": None,
            "bundle": bundle,
            "form": form,
            "schedule_form": schedule_form,
            "plan": plan,
            "is_scheduled": plan is not None and plan.outcome == Schedule.Outcome.PENDING,
            "members": members,
            "seen": ",".join(_seen(member.article) for member in members),
            "errors": form.errors,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        template = "admin/articles/bundle/change_form.html"
        status = 422 if request.method == "POST" else 200
        return TemplateResponse(request, template, context, status=status)


def _last_plan(bundle):
    """The plan of a bundle that was made last; where it failed, the one that says why."""
    plans = bundle.schedules.select_related("by", "revision").order_by("-pk")
    last = plans.first()
    if last is None or last.outcome != Schedule.Outcome.FAILED:
        return last
    # The reason names its article; the plans of the others only say that there is one.
    together = plans.filter(outcome=last.outcome, finished_at=last.finished_at)
    return next(
        (one for one in together if one.message.startswith(f"“{one.revision.title}”")), last
    )


def _date(moment):
    return date_format(timezone.localtime(moment), "j F Y, H:i")


def _bundle_or_404(object_id):
    # Longer numbers are no keys of either database.
    if not (object_id.isdecimal() and len(object_id) < 19):
        raise Http404(_("There is no such bundle."))
    bundle = Bundle.objects.filter(pk=int(object_id)).first()
    if bundle is None:
        raise Http404(_("There is no such bundle."))
    return bundle


def _initial(bundle):
    if bundle is None:
        return {}
    items = [
        {"value": article.uid, "label": working_title(article), "note": _note(article)}
        for article in _articles(bundle)
    ]
    return {"name": bundle.name, "articles": items}


def _note(article):
    return "" if article.state == Article.State.LIVE else article.get_state_display()


def _articles(bundle):
    items = bundle.items.select_related("article__latest_revision").order_by("position")
    return [item.article for item in items]


def _seen(article):
    latest = article.latest_revision
    return f"{article.pk}:{latest.edition if latest else 0}"


def _members(bundle):
    articles = _articles(bundle)
    drafts = [(article, article.latest_revision) for article in articles if article.latest_revision]
    pks = [article.pk for article, _revision in drafts]
    findings = dict(zip(pks, publish_checks.findings_together(drafts), strict=True))
    told = effects.told_titles_of([revision for _article, revision in drafts])
    told, leaving = dict(zip(pks, told, strict=True)), effects.sections_leaving(drafts)
    return [
        Member(
            article=article,
            title=working_title(article),
            findings=findings.get(article.pk, []),
            # What goes out together keeps no secret from one another.
            told_titles=[one for one in told.get(article.pk, []) if one.article not in articles],
            leaving_sections=leaving.get(article.pk, []),
        )
        for article in articles
    ]
