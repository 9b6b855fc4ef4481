"""Plans: those of an article beside its form, and those of all articles by day."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from articles import agenda, publishing, rights
from articles.admin.access import article_for, private
from articles.directory import working_title
from articles.models import Article, Schedule
from articles.publishing import PublishingError

SHOWN = 200


@private
@require_safe
def schedule(request):
    """What is planned for the articles that a user may see, by day; what went wrong first."""
    if not rights.has_a_desk(request.user):
        raise PermissionDenied
    articles, now = rights.seen_by(request.user), timezone.now()
    pending = list(agenda.pending(articles)[: SHOWN + 1])
    overdue = [plan for plan in pending if agenda.is_overdue(plan, now=now)]
    request.current_app = admin.site.name
    context = {
        **admin.site.each_context(request),
        "opts": Article._meta,
        "title": _("Schedule"),
        "subtitle": None,
        "failed": agenda.unsettled(articles, now=now)[:SHOWN],
        "overdue": overdue,
        # The earliest come first.
        "days": agenda.by_day(pending[len(overdue) : SHOWN]),
        "has_more": len(pending) > SHOWN,
        "may_publish": rights.may_publish(request.user),
    }
    return TemplateResponse(request, "admin/articles/article/schedule.html", context)


@private
@require_POST
def call_off(request, pk):
    """Calls off what is planned for an article: ?action= publish or unpublish."""
    article = article_for(request, pk)
    if not rights.may_publish(request.user):
        raise PermissionDenied
    action = request.POST.get("action", "")
    if action not in Schedule.Action.values:
        raise Http404
    try:
        count = publishing.cancel_schedules(article, by=request.user, action=action)
    except PublishingError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, called_off(article, count))
    return HttpResponseRedirect(reverse("admin:articles_schedule"))


@private
@require_POST
def dismiss(request, pk, plan):
    """Notes that somebody has seen to a plan that failed; shows ?next= desk or the schedule."""
    article = article_for(request, pk)
    if not rights.may_publish(request.user):
        raise PermissionDenied
    plan = article.schedules.filter(pk=plan).first()
    if plan is None:
        raise Http404(_("There is no such schedule."))
    publishing.dismiss(plan, by=request.user)
    messages.success(request, _("It isn't shown among what went wrong any more."))
    place = "index" if request.POST.get("next") == "desk" else "articles_schedule"
    return HttpResponseRedirect(reverse(f"admin:{place}"))


def called_off(article, count):
    """What has become of a schedule that was to be called off."""
    title = {"title": working_title(article)}
    if count:
        return _("The schedule of “%(title)s” is called off.") % title
    return _("Nothing is scheduled for “%(title)s” any more.") % title


def urls(view):
    return [
        path("schedule/", view(schedule), name="articles_schedule"),
        path("<int:pk>/call-off/", view(call_off), name="articles_call_off"),
        path("<int:pk>/dismiss/<int:plan>/", view(dismiss), name="articles_dismiss"),
    ]


def for_form(request, article):
    """What the form's rail shows of the plans of a saved article."""
    plans = list(agenda.pending([article]))
    return {
        "plans": [(plan, agenda.is_overdue(plan)) for plan in plans],
        "failed_plans": list(agenda.unsettled([article])),
        # What the line at the top speaks of.
        "scheduled": next((plan for plan in plans if plan.revision), None),
    }
