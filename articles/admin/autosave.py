"""What the article form says and asks while words are written: JSON, stored nowhere."""

from django.contrib import admin
from django.db import IntegrityError
from django.http import JsonResponse
from django.middleware.csrf import get_token
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from articles import presence, publish_checks, publishing, rights
from articles.admin.access import article_for, for_scripts, private, refusal
from articles.forms import ArticleForm
from articles.models import Article
from articles.publishing import Conflict, NotAllowed, PublishingError
from articles.rendering import structure
from articles.state_words import describe_state
from irb_site.people import name_of
from irb_site.uids import is_uid


@for_scripts
@require_POST
def autosave(request):
    """Saves the words of the form as they are, and says what became of them.

    POST: the fields of the form, with `article` (the primary key; empty for one that isn't saved
    yet) and `kind`. A field that can't be taken keeps what was saved of it before, and is named
    among the problems: it holds up nothing else.
    """
    article = _asked_article(request)
    uid, kind = request.POST.get("uid", ""), request.POST.get("kind", Article.Kind.ARTICLE)
    if article is None and not (is_uid(uid) and kind in Article.Kind.values):
        return refusal(_("This form can't be saved. Copy your words and reload the page."))
    form = ArticleForm(request.POST, article=article or Article(kind=kind, uid=uid))
    form.is_valid()
    if "based_on" in form.errors:
        return refusal(_("This form can't be saved. Copy your words and reload the page."))
    words = form.sound_words(article.latest_revision if article else None)
    # An article that a form has begun without hearing of it is still what that form started from.
    based_on = form.cleaned_data["based_on"] or 0
    try:
        if article is None:
            revision = _begin(request, words, kind=kind, uid=uid)
        else:
            revision = publishing.autosave(article, words, by=request.user, based_on=based_on)
    except Conflict as error:
        return refusal(error, 409, edition=error.latest.edition)
    except NotAllowed as error:
        return refusal(error, 403)
    except PublishingError as error:
        return refusal(error, 422)
    article = article_for(request, revision.article_id)
    presence.enter(article, request.user, now=timezone.now(), has_written=True)
    problems = {
        name: errors[0] for name, errors in form.errors.items() if name in form.fields and errors
    }
    return JsonResponse(_answer(article, revision, problems))


def _asked_article(request):
    """The article that the form is of; None for a new one that isn't here yet."""
    pk, uid = request.POST.get("article", ""), request.POST.get("uid", "")
    if pk:
        # Longer numbers are no keys of either database.
        return article_for(
            request,
            int(pk) if pk.isdecimal() and len(pk) < 19 else 0,
            is_allowed=rights.may_change,
        )
    begun = Article.objects.filter(uid=uid).first() if is_uid(uid) else None
    if begun is None:
        return None
    return article_for(
        request,
        begun.pk,
        is_allowed=lambda user, article: (
            article.created_by_id == user.pk and rights.may_change(user, article)
        ),
    )


def _begin(request, words, *, kind, uid):
    """The first revision of a form's new article. Another request of that form may be faster."""
    try:
        article = publishing.create(words, by=request.user, kind=kind, uid=uid, is_autosave=True)
    except IntegrityError:
        article = _asked_article(request)
        if article is None:
            raise
        return publishing.autosave(article, words, by=request.user, based_on=0)
    return article.latest_revision


def _answer(article, revision, problems):
    is_changed = article.state == Article.State.LIVE and article.has_newer_draft
    return {
        "pk": article.pk,
        "url": reverse("admin:articles_article_change", args=[article.pk]),
        "preview": reverse("admin:articles_article_preview", args=[article.pk, revision.number]),
        "presence": reverse("admin:articles_article_presence", args=[article.pk]),
        "edition": revision.edition,
        "number": revision.number,
        "saved_at": _time(revision.saved_at),
        "state": {
            "name": "changed" if is_changed else article.state,
            "label": article.get_state_display(),
            "words": describe_state(article),
        },
        "headings": [
            {"id": heading.anchor, "text": heading.text}
            for heading in structure(revision.body).headings
        ],
        "problems": problems,
        "findings": [
            {"key": one.key, "level": one.level, "sentence": one.sentence}
            for one in publish_checks.findings(article, revision)
        ],
    }


@for_scripts
@require_POST
def at_work(request, pk):
    """Notes that the user has the article open, and says who else has, and what they saved.

    POST: `edition`, from which the words in the form started; `leaving` when it is closed.
    """
    article = article_for(request, pk, is_allowed=rights.may_change)
    now = timezone.now()
    if "leaving" in request.POST:
        presence.leave(article, request.user)
        return JsonResponse({"others": [], "newer": None})
    presence.enter(article, request.user, now=now)
    edition = request.POST.get("edition", "")
    edition = int(edition) if edition.isdecimal() and len(edition) < 10 else 0
    return JsonResponse(
        {
            "others": presence.others(article, request.user, now=now),
            "newer": _newer(article, edition, request.user),
        }
    )


def _newer(article, edition, user):
    latest = article.latest_revision
    if latest is None or latest.edition <= edition:
        return None
    if latest.by_id == user.pk:
        words = _("You saved a newer version at %(when)s, in another window.")
    else:
        words = _("%(who)s saved a newer version at %(when)s.")
    values = {"who": name_of(latest.by), "when": _time(latest.saved_at)}
    return {"edition": latest.edition, "words": words % values, "is_own": latest.by_id == user.pk}


@private
@require_GET
def session(request):
    """Who is signed in, and the token that their forms need: it changes whenever they sign in.

    Asked by a form that was open while somebody was signed out; it answers then, too.
    """
    if not admin.site.has_permission(request):
        return JsonResponse({"user": None})
    user = request.user
    return JsonResponse({"user": user.pk, "name": name_of(user), "csrf": get_token(request)})


def _time(moment):
    return date_format(timezone.localtime(moment), "H:i")


def urls(view):
    return [
        path("autosave/", view(autosave), name="articles_autosave"),
        path("session/", session, name="articles_session"),
        path("<int:pk>/presence/", view(at_work), name="articles_article_presence"),
    ]
