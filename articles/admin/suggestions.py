"""Suggestions for the article form: JSON, for signed-in staff, stored nowhere."""

import json

from django.core.exceptions import PermissionDenied
from django.http import JsonResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from articles import rights, suggestions
from articles.admin.access import article_for, for_scripts, refusal
from articles.admin.lookups import articles_of
from articles.directory import shown_title, working_title
from articles.models import Article
from articles.publishing import PublishingError, Words
from articles.rendering import clean, parse_ref
from articles.tag_suggestions import suggest_tags
from irb_site.uids import is_uid

BODY_MAX_BYTES = 1024 * 1024
TITLE_MAX_LENGTH, STANDFIRST_MAX_LENGTH = 200, 1000
LISTED_MAX = 200


class _Unreadable(Exception):
    """What was sent makes no sense; str() says so to whoever sent it."""


@for_scripts
@require_POST
def suggest(request):
    """What the text in the form could cite or carry:
    {"mentions": […], "similar": […], "tags": […]}.

    POST title, standfirst, body, related, tags and authors (the pickers' lists), language and
    article (a uid, or empty). A mention has "ref", "kind", "label", "note", "words", "sentence" and
    "before", what stands in the sentence before the words; a similar article "value" (its
    reference), "label" and "note", as has a tag ("value" is its name).
    """
    if not rights.has_a_desk(request.user):
        raise PermissionDenied
    try:
        article, words = _article(request), _words(request.POST)
    except _Unreadable as error:
        return refusal(error)
    tags, authors = words.pop("tags"), words.pop("authors")
    found = suggestions.while_writing(article, user=request.user, **words)
    fitting = suggest_tags(
        Words(
            title=words["title"],
            standfirst=words["standfirst"],
            body=clean(words["body"]),
            language=words["language"] or "en",
            tags=tags,
            bylines=authors,
            related=[{"article": uid} for uid in words["related"]],
        ),
        exclude_article=article,
    )
    return JsonResponse(
        {
            "mentions": [_mention(item) for item in found.mentions],
            "similar": [
                {
                    "value": f"article:{similar.uid}",
                    "label": shown_title(similar),
                    "note": _article_note(similar),
                }
                for similar in found.similar
            ],
            "tags": [
                {"value": tag.name, "label": tag.name, "note": articles_of(tag)} for tag in fitting
            ],
        }
    )


def _article(request):
    uid = request.POST.get("article", "")
    if not uid:
        return None
    article = Article.objects.filter(uid=uid).first() if is_uid(uid) else None
    if article is None or not rights.may_see(request.user, article):
        raise _Unreadable(_("There is no such article."))
    return article


def _words(data):
    body = data.get("body", "").replace("\x00", "")
    if len(body.encode("utf-8", "ignore")) > BODY_MAX_BYTES:
        raise _Unreadable(_("This text is too long for suggestions."))
    return {
        "title": data.get("title", "")[:TITLE_MAX_LENGTH],
        "standfirst": data.get("standfirst", "")[:STANDFIRST_MAX_LENGTH],
        "body": body,
        "related": _related(data.get("related", "")),
        "tags": _values(data.get("tags", ""), _("The tags can't be read.")),
        "authors": _values(data.get("authors", ""), _("The authors can't be read.")),
        "language": data.get("language", "")[:10],
    }


def _related(text):
    values = _values(text, _("The related links can't be read."))
    tokens = map(parse_ref, values)
    return [token.uid for token in tokens if token and token.kind == "article"]


def _values(text, sentence):
    """The texts of a picker's list."""
    try:
        items = json.loads(text or "[]")
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, list) or len(items) > LISTED_MAX:
        raise _Unreadable(sentence)
    values = [item.get("value") if isinstance(item, dict) else None for item in items]
    return [value.replace("\x00", "") for value in values if isinstance(value, str)]


def _mention(item):
    if item.kind == "article":
        label, note = shown_title(item.target), _article_note(item.target)
    else:
        label = item.target.name
        note = {"author": _("author"), "tag": _("tag")}[item.kind]
    return {
        "ref": item.ref,
        "kind": item.kind,
        "label": label,
        "note": note,
        "words": item.words,
        "sentence": item.sentence,
        "before": item.before,
    }


def _article_note(article):
    if article.state == Article.State.LIVE:
        return date_format(article.first_published_at, "j F Y")
    return _("%(state)s – readers see plain words until it is public") % {
        "state": article.get_state_display()
    }


@for_scripts
@require_GET
def could_cite(request, pk):
    """Who could cite a live article: {"results": [{"value", "label", "note", "how", "words",
    "sentence", "before", "url"}]}."""
    article = article_for(request, pk)
    return JsonResponse(
        {
            "results": [
                {
                    "value": item.source.uid,
                    "label": working_title(item.source),
                    "note": _article_note(item.source),
                    "how": item.how,
                    "words": item.words,
                    "sentence": item.sentence,
                    "before": item.before,
                    "url": _form_url(item.source),
                }
                for item in suggestions.could_cite(article, request.user)
            ]
        }
    )


@for_scripts
@require_POST
def apply_citation(request, pk):
    """Lets the newest draft of another article cite this one: {"message", "url"} of that draft.

    POST source (a uid) and how (mention or related).
    """
    target = article_for(request, pk)
    uid, how = request.POST.get("source", ""), request.POST.get("how", "")
    source = Article.objects.filter(uid=uid).first() if is_uid(uid) else None
    if source is None:
        return refusal(_("There is no such article."))
    if not rights.may_change(request.user, source):
        raise PermissionDenied
    if how not in {"mention", "related"}:
        return refusal(_("Unknown way to cite."))
    try:
        changed = suggestions.apply_citation(target, source, how=how, by=request.user)
    except PublishingError as error:
        return refusal(error)
    if changed:
        message = _("Saved as a draft. Readers see it when the draft is published.")
    else:
        message = _("It cites this article already; nothing was changed.")
    return JsonResponse({"message": message, "url": _form_url(source)})


def _form_url(article):
    return reverse("admin:articles_article_change", args=[article.pk])
