"""The admin itself and its start page, which shows work, not models."""

from datetime import timedelta

from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import UsernameField
from django.db.models import F, Q
from django.forms import TextInput
from django.urls import path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from articles.models import Article, Schedule
from articles.site import publication
from articles.state_words import describe_state

SHOWN = 8


class LogInForm(AdminAuthenticationForm):
    # As long as a name can be. A longer one is nobody's, and isn't written down as a failure.
    username = UsernameField(
        max_length=150, widget=TextInput(attrs={"autofocus": True, "autocomplete": "username"})
    )


class NewsroomAdminSite(AdminSite):
    login_form = LogInForm
    site_title = gettext_lazy("Newsroom")
    index_title = gettext_lazy("Newsroom")
    enable_nav_sidebar = False

    def each_context(self, request):
        return super().each_context(request) | {"site_header": publication().name}

    def index(self, request, extra_context=None):
        context = {"title": _("Newsroom"), "subtitle": None} | (extra_context or {})
        if request.user.has_perm("articles.view_article"):
            context["worklists"] = worklists(request.user)
            context["link_health"] = _health_desk().overview()
        return super().index(request, context)

    def get_urls(self):
        return [path("health/", self.admin_view(self.health), name="health"), *super().get_urls()]

    def health(self, request):
        return _health_desk().desk(request, self)


def _health_desk():
    # Late: the modules of the admin register themselves with the site that is defined here.
    from articles.admin import health

    return health


def worklists(user):
    """What is on an editor's desk: lists of {title, empty, items: [{article, words}]}."""
    now = timezone.now()
    articles = Article.objects.select_related("latest_revision__by")
    unpublished = articles.exclude(state__in=[Article.State.TRASHED, Article.State.DELETED]).filter(
        ~Q(state=Article.State.LIVE) | ~Q(latest_revision=F("live_revision"))
    )
    mine = unpublished.filter(
        Q(created_by=user) | Q(latest_revision__by=user), latest_revision__isnull=False
    ).exclude(state=Article.State.WITHDRAWN)
    others = (
        unpublished.exclude(state=Article.State.WITHDRAWN)
        .exclude(created_by=user)
        .exclude(latest_revision__by=user)
    )
    return [
        _described(_("My drafts"), _("You have no drafts."), mine.order_by("-touched_at"), now),
        {
            "title": _("Needs a look"),
            "empty": _("Nothing needs a look."),
            "items": _needs_a_look(now),
        },
        _described(
            _("Handed in"),
            _("Nothing waits for an editor."),
            unpublished.filter(submitted_revision__isnull=False).order_by("touched_at"),
            now,
        ),
        _described(
            _("Drafts of others"), _("No drafts of others."), others.order_by("-touched_at"), now
        ),
        _described(
            _("Recently published"),
            _("Nothing is published yet."),
            articles.public().articles().newest_first(),
            now,
        ),
        {
            "title": _("Scheduled"),
            "empty": _("Nothing is scheduled."),
            "items": [
                {
                    "article": item.article,
                    "words": _("%(action)s on %(date)s")
                    % {
                        "action": item.get_action_display().capitalize(),
                        "date": _date(item.due_at),
                    },
                }
                for item in Schedule.objects.filter(outcome=Schedule.Outcome.PENDING)
                .select_related("article__latest_revision")
                .order_by("due_at")[:SHOWN]
            ],
        },
    ]


def _date(moment):
    return date_format(timezone.localtime(moment), "j F Y, H:i")


def _described(title, empty, queryset, now):
    return {
        "title": title,
        "empty": empty,
        "items": [
            {"article": article, "words": describe_state(article, now=now)}
            for article in queryset[:SHOWN]
        ],
    }


def _needs_a_look(now):
    """Failed and overdue schedules, and live articles that miss something readers expect."""
    items = []
    schedules = Schedule.objects.select_related("article__latest_revision")
    for item in schedules.filter(outcome=Schedule.Outcome.FAILED).order_by("-finished_at")[:SHOWN]:
        words = _("Not carried out: %(message)s") % {"message": item.message}
        items.append({"article": item.article, "words": words})
    late = now - timedelta(minutes=1)
    for item in schedules.filter(outcome=Schedule.Outcome.PENDING, due_at__lt=late)[:SHOWN]:
        words = _("Overdue since %(date)s: is the worker running?") % {"date": _date(item.due_at)}
        items.append({"article": item.article, "words": words})
    live = Article.objects.public().articles().select_related("latest_revision").newest_first()
    checks = (
        (_("No standfirst"), live.filter(standfirst="")),
        (_("No author"), live.filter(bylines__isnull=True)),
        (_("No tags"), live.filter(article_tags__isnull=True)),
    )
    for words, queryset in checks:
        items += [{"article": article, "words": words} for article in queryset[:3]]
    return items[: SHOWN * 2]
