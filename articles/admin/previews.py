"""Drafts as readers would see them, by the readers' own templates; and links that show them."""

from dataclasses import asdict, replace

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from articles import publishing, rights
from articles.admin.access import article_for, for_scripts, private, refusal
from articles.forms import ArticleForm
from articles.models import Article, Revision
from articles.pages import preview_page
from articles.previews import is_vouched_for, open_links, path_of
from articles.publishing import LINK_DAYS, LINK_DAYS_MAX, PublishingError
from articles.publishing.base import prepared
from articles.rendering import without_control_characters
from articles.site import publication
from articles.views import DETAIL_TEMPLATES, article_context


def revision_or_404(article, number):
    """The revision of an article by its number, with what a page of it shows."""
    revision = article.revisions.filter(number=number).select_related("lead_image", "by").first()
    if revision is None:
        raise Http404(_("There is no such version."))
    return revision


@private
@require_safe
def preview(request, pk, number):
    """A revision as readers would see it."""
    article = article_for(request, pk)
    revision = revision_or_404(article, number)
    words = _("Preview of version %(number)s, saved %(date)s. Readers don't see it.") % {
        "number": revision.number,
        "date": date_format(timezone.localtime(revision.saved_at), "j F Y, H:i"),
    }
    return _page(request, article, revision, words)


@for_scripts
@require_POST
def live_preview(request):
    """What is in the form now as readers would see it; nothing is saved.

    POST: the fields of the article form, and pk of a saved article or kind of a new one. What a
    field doesn't accept is shown as well as it can be: nothing in a form stops its preview.
    """
    if pk := request.POST.get("pk", ""):
        article = article_for(request, _key(pk))
    else:
        kind = request.POST.get("kind", Article.Kind.ARTICLE)
        if kind not in Article.Kind.values:
            raise Http404
        if not rights.may_write(request.user, kind):
            raise PermissionDenied
        article = Article(kind=kind)
    words = prepared(article, _words(ArticleForm(request.POST, article=article)))
    revision = Revision(**asdict(words))
    return _page(request, article, revision, _("What you are writing. Readers don't see it."))


def _page(request, article, revision, words):
    page = preview_page(article, revision, state_note=words)
    response = TemplateResponse(request, DETAIL_TEMPLATES[article.kind], article_context(page))
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _key(text):
    # Longer numbers are no keys of either database.
    if not (text.isdecimal() and len(text) < 19):
        raise Http404
    return int(text)


def _words(form):
    """The words of a form, whether or not all of them could be saved."""
    form.is_valid()
    words = form.sound_words(form.article.latest_revision if form.article.pk else None)
    as_typed = {
        name: without_control_characters(form.data.get(name, ""))
        for name in ("title", "standfirst", "body")
        if name in form.errors
    }
    return replace(words, **as_typed)


# Links


@for_scripts
@require_POST
def share(request, pk):
    """Makes a preview link of share_days and share_label; answers with the list, as HTML."""
    article = article_for(request, pk, is_allowed=rights.may_change)
    days = request.POST.get("share_days", "")
    # A number of more digits is no number of days.
    days = int(days) if days.isdecimal() and len(days) < 5 else 0
    try:
        publishing.share(
            article, by=request.user, days=days, label=request.POST.get("share_label", "")
        )
    except PublishingError as error:
        return refusal(error)
    return _list(request, article)


@for_scripts
@require_POST
def unshare(request, pk, link):
    """Revokes a preview link; answers with the list of the others, as HTML."""
    article = article_for(request, pk, is_allowed=rights.may_change)
    link = get_object_or_404(article.preview_links.select_related("article"), uid=link)
    try:
        publishing.unshare(link, by=request.user)
    except PublishingError as error:
        return refusal(error)
    return _list(request, article)


def _list(request, article):
    context = {"article": article, "links": _links(article), "may_change": True}
    return render(request, "admin/articles/article/_share_links.html", context)


def _links(article):
    site = publication()
    return [
        {
            "uid": link.uid,
            "url": site.absolute(path_of(link)),
            "label": link.label,
            "by": link.by,
            "expires_at": link.expires_at,
            "is_open": is_vouched_for(link),
        }
        for link in open_links(article)
    ]


def urls(view):
    return [
        path("live-preview/", view(live_preview), name="articles_live_preview"),
        path("<int:pk>/preview/<int:number>/", view(preview), name="articles_article_preview"),
        path("<int:pk>/share/", view(share), name="articles_share"),
        path("<int:pk>/unshare/<slug:link>/", view(unshare), name="articles_unshare"),
    ]


def for_form(request, article):
    """What the form's rail shows of previews of a saved article."""
    return {"links": _links(article), "link_days": LINK_DAYS, "link_days_max": LINK_DAYS_MAX}
