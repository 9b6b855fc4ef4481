"""The admin itself and its start page, which shows work, not models."""

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import UsernameField
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.forms import TextInput
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from articles import agenda, notifications, rights
from articles.directory import working_title
from articles.models import Article, Assignment, Revision, Submission
from articles.paging import PER_PAGE, pager
from articles.site import publication
from articles.state_words import DECISIONS, describe_decision, describe_live, describe_state, when

SHOWN = 8
# Of the news, where all of it has been read.
READ_SHOWN = 3
# Among so many of the newest articles, those are looked for that lack what readers expect.
INCOMPLETE_AMONG = 1000
_EXCERPT = 160


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
        user = request.user
        # What the head of every page leads to.
        newsroom = {"has_a_desk": rights.has_a_desk(user), "sees_all": rights.sees_all(user)}
        context = {"site_header": publication().name, "newsroom": newsroom}
        return super().each_context(request) | context

    def index(self, request, extra_context=None):
        user = request.user
        context = {"title": _("Newsroom"), "subtitle": None} | (extra_context or {})
        if rights.has_a_desk(user):
            context |= {
                "new_kinds": [kind for kind in Article.Kind if rights.may_write(user, kind)],
                "tasks": tasks_of(user),
                "worklists": worklists(user),
                "may_publish": rights.may_publish(user),
                "trashed": rights.seen_by(user).in_states(Article.State.TRASHED).count(),
            }
        if rights.sees_all(user):
            context["link_health"] = _health_desk().overview()
        news = described_news(notifications.of(user)[:SHOWN])
        context["unread"], context["until"] = notifications.unread_of(user)
        context["news"] = [item for item in news if item["is_unread"]] or news[:READ_SHOWN]
        context["unsent"] = notifications.unsent() if rights.may_run(user) else None
        return super().index(request, context)

    def get_urls(self):
        view = self.admin_view
        return [
            path("health/", view(self.health), name="health"),
            path("news/", view(require_GET(self.news)), name="news"),
            path("news/read/", view(require_POST(self.read_news)), name="news_read"),
            path("news/resend/", view(require_POST(self.resend_mail)), name="news_resend"),
            *super().get_urls(),
        ]

    def news(self, request):
        """Everything that somebody has been told, in pages."""
        news = notifications.of(request.user)
        page = pager(request, news.count())
        context = self.each_context(request) | {
            "title": _("News for you"),
            "news": described_news(news[page.offset : page.offset + PER_PAGE]),
            "pager": page,
        }
        context["unread"], context["until"] = notifications.unread_of(request.user)
        return TemplateResponse(request, "admin/news.html", context)

    def read_news(self, request):
        """Marks one of somebody's news as read, or all up to the newest that they were shown."""
        keys = {name: _key(request.POST.get(name)) for name in ("pk", "until")}
        if any(keys.values()):
            notifications.mark_read(request.user, **keys)
        else:
            messages.error(request, _("Choose what you have read."))
        place = "admin:news" if request.POST.get("next") == "news" else "admin:index"
        return HttpResponseRedirect(reverse(place))

    def resend_mail(self, request):
        """Tries all mail again that could not be sent."""
        if not rights.may_run(request.user):
            raise PermissionDenied
        number = notifications.try_again()
        words = ngettext(
            "%(n)d mail is tried again now.", "%(n)d mails are tried again now.", number
        )
        messages.success(request, words % {"n": number})
        return HttpResponseRedirect(reverse("admin:index"))

    def health(self, request):
        return _health_desk().desk(request, self)


def _health_desk():
    # Late: the modules of the admin register themselves with the site that is defined here.
    from articles.admin import health

    return health


def _key(text):
    """A primary key out of a form; None unless it is one."""
    text = text or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def described_news(rows):
    """News as the start page shows them: each with when it was, and whether it is unread."""
    now = timezone.now()
    return [
        {
            "row": row,
            "words": when(row.created_at, now),
            "is_unread": row.read_at is None,
            "excerpt": _excerpt(row.text),
        }
        for row in rows
    ]


def _excerpt(text):
    text = " ".join(text.split())
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT].rsplit(' ', 1)[0]} …"


def tasks_of(user):
    """What somebody is asked to do: the most urgent first."""
    tasks = Assignment.objects.filter(to=user, done_at=None).exclude(
        article__state__in=[Article.State.TRASHED, Article.State.DELETED]
    )
    tasks = tasks.select_related("article__latest_revision", "by")
    found = list(tasks.order_by(F("due_on").asc(nulls_last=True), "at")[: SHOWN * 2])
    for task in found:
        task.is_late = task.due_on is not None and task.due_on < timezone.localdate()
    return found


def worklists(user):
    """What is on somebody's desk: lists of {title, empty, items: [{title, words, url}], more}.

    Of drafts, those that they may see; whoever changes their own articles only has fewer lists.
    """
    now = timezone.now()
    articles = Article.objects.select_related("latest_revision__by", "submission")
    seen = rights.seen_by(user, articles.prefetch_related(DECISIONS))
    on_desk = seen.exclude(state__in=[Article.State.TRASHED, Article.State.DELETED])
    # That is all that is a draft: it has no live revision.
    drafts = on_desk.with_a_draft().exclude(state=Article.State.WITHDRAWN)
    # Asked of each draft: joined, PostgreSQL would begin with all revisions.
    is_latest = Exists(Revision.objects.filter(pk=OuterRef("latest_revision"), by=user))
    mine = drafts.filter(Q(created_by=user) | is_latest, latest_revision__isnull=False)
    others = drafts.exclude(created_by=user).exclude(latest_revision__by=user)
    plannable = rights.seen_by(user).order_by()
    live = rights.with_is_seen(user, articles.public().articles().newest_first())
    return [
        found
        for found in (
            _described(_("My drafts"), _("You have no drafts."), mine.order_by("-touched_at"), now),
            _list(
                _("Back from the editors"),
                "" if rights.may_publish(user) else _("Nothing has come back to you."),
                _decided(user, now),
            ),
            rights.may_publish(user)
            and _described(
                _("Handed in"),
                _("Nothing waits for an editor."),
                on_desk.filter(submission__isnull=False).order_by(
                    "-submission__outcome", "submission__submitted_at"
                ),
                now,
                more="submitted",
            ),
            _list(
                _("Needs a look"),
                _("Nothing needs a look.") if rights.sees_all(user) else "",
                _needs_a_look(plannable, now, _incomplete() if rights.sees_all(user) else []),
            ),
            rights.sees_all(user)
            and _described(
                _("Drafts of others"),
                _("No drafts of others."),
                others.order_by("-touched_at"),
                now,
                more="draft",
            ),
            _described(
                _("Recently published"),
                _("Nothing is published yet."),
                live,
                now,
                more="live" if rights.sees_all(user) else "",
            ),
            _list(
                _("Scheduled"),
                _("Nothing is scheduled.") if rights.sees_all(user) else "",
                _planned(plannable),
                url=reverse("admin:articles_schedule"),
            ),
        )
        if found and (found["items"] or found["empty"])
    ]


def _date(moment):
    return date_format(timezone.localtime(moment), "j F Y, H:i")


def _list(title, empty, items, *, more="", url=""):
    """A list of the desk; more: the state under which the list of articles has all of it.

    url: of the page that has all of it and more to do, shown however short the list is.
    """
    items, is_cut = items[:SHOWN], more and len(items) > SHOWN
    if is_cut:
        url = f"{reverse('admin:articles_article_changelist')}?state={more}"
    return {"title": title, "empty": empty, "items": items, "more": url}


def _item(article, words):
    return {
        "title": working_title(article),
        "words": words,
        "url": notifications.form_of(article),
    }


def _public_item(article, now):
    """An item for somebody who sees of an article what readers see."""
    return {
        "title": article.title,
        "words": describe_live(article, now=now),
        "url": article.get_absolute_url(),
    }


def _described(title, empty, queryset, now, *, more=""):
    items = [
        _item(article, describe_state(article, now=now))
        if getattr(article, "is_seen", True)
        else _public_item(article, now)
        for article in queryset[: SHOWN + 1]
    ]
    return _list(title, empty, items, more=more)


def _decided(user, now):
    """What somebody handed in or began and an editor has sent back or approved."""
    newest = Submission.objects.filter(article=OuterRef("article")).order_by("-submitted_at", "-pk")
    articles = rights.seen_by(user).filter(pk=OuterRef("article"))
    number = Revision.objects.filter(pk=OuterRef(OuterRef("revision"))).values("number")
    # Somebody may have put it right and published it without it being handed in again.
    waiting = articles.exclude(state__in=[Article.State.TRASHED, Article.State.DELETED]).exclude(
        state=Article.State.LIVE, live_revision__number__gte=Subquery(number)
    )
    rows = Submission.objects.filter(
        Q(by=user) | Exists(articles.filter(created_by=user)),
        Exists(waiting),
        pk=Subquery(newest.values("pk")[:1]),
        outcome__in=[Submission.Outcome.SENT_BACK, Submission.Outcome.APPROVED],
    ).prefetch_related("article__latest_revision", "decided_by", "revision")
    items = []
    # Nothing is joined: SQLite would begin with all articles.
    for row in rows.order_by("-decided_at")[:SHOWN]:
        words = describe_decision(row, now=now)
        words = words[:1].upper() + words[1:]
        items.append(
            _item(row.article, f"{words}: {_excerpt(row.comment)}" if row.comment else words)
        )
    return items


def _planned(articles):
    words = _("%(action)s on %(date)s")
    return [
        _item(
            plan.article,
            words % {"action": plan.get_action_display().capitalize(), "date": _date(plan.due_at)},
        )
        for plan in agenda.pending(articles)[: SHOWN + 1]
    ]


def _needs_a_look(articles, now, incomplete):
    """Failed and overdue schedules, and what misses something readers expect."""
    items = []
    for plan in agenda.unsettled(articles, now=now)[:SHOWN]:
        item = _item(plan.article, _("Not carried out: %(why)s") % {"why": plan.message})
        items.append(item | {"dismiss_url": _dismissal_of(plan)})
    for plan in agenda.pending(articles).filter(due_at__lt=now - agenda.LATE_AFTER)[:SHOWN]:
        words = _("Overdue since %(date)s: is the worker running?") % {"date": _date(plan.due_at)}
        items.append(_item(plan.article, words))
    return items + incomplete


def _dismissal_of(plan):
    return reverse("admin:articles_dismiss", args=[plan.article_id, plan.pk])


def _incomplete():
    newest = Article.objects.public().articles().newest_first()[:INCOMPLETE_AMONG]
    live = Article.objects.filter(pk__in=newest.values("pk")).newest_first()
    live = live.select_related("latest_revision")
    checks = (
        (_("No standfirst"), live.filter(standfirst="")),
        (_("No author"), live.filter(bylines__isnull=True)),
        (_("No tags"), live.filter(article_tags__isnull=True)),
    )
    return [_item(article, words) for words, queryset in checks for article in queryset[:3]]
