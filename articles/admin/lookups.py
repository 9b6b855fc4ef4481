"""What the article form asks the server while an editor types. JSON, for signed-in staff."""

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import JsonResponse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from articles import images
from articles.forms import PictureUploadForm, working_title
from articles.models import Article, Image, Section, Tag
from articles.names import fold
from authors.models import Author

ARTICLES, SECTIONS, OTHERS, PICTURES = 8, 6, 5, 24


@require_GET
def lookup(request):
    """Suggestions for ?q=, of ?kind= author, tag, article or target (all, with sections).

    {"results": [{"value", "label", "note"}]}; targets also carry "ref", "words" and
    "is_section". exclude= names the article at hand, which doesn't cite itself.
    """
    if not request.user.has_perm("articles.view_article"):
        return JsonResponse({"error": _("You may not see articles.")}, status=403)
    query = request.GET.get("q", "").replace("\x00", "")[:100].strip()
    kind, exclude = request.GET.get("kind", ""), request.GET.get("exclude", "")
    finders = {
        "author": lambda: _authors(query),
        "tag": lambda: _tags(query),
        "article": lambda: _articles(query, exclude),
        "target": lambda: _targets(query, exclude),
    }
    if kind not in finders:
        return JsonResponse({"error": _("Unknown kind of suggestion.")}, status=400)
    return JsonResponse({"results": finders[kind]()})


def _every_word(field, query):
    condition = Q()
    for word in query.split()[:8]:
        condition &= Q(**{f"{field}__icontains": word})
    return condition


def _authors(query):
    found = Author.objects.choosable().filter(_every_word("name", query)).order_by("name")
    return [
        {
            "value": author.uid,
            "label": author.name,
            "note": author.role,
            "ref": f"author:{author.uid}",
            "words": author.name,
        }
        for author in found[: ARTICLES * 2]
    ]


def _tags(query, limit=ARTICLES * 2):
    """Exact matches first, then by use; a tag is found by its other names too."""
    key = fold(query)
    found = Tag.objects.choosable()
    if key:
        found = found.filter(aliases__key__contains=key).distinct()
    elif query:
        return []
    tags = sorted(
        found.order_by("-article_count", "name").prefetch_related("aliases")[:200],
        key=lambda tag: key not in {alias.key for alias in tag.aliases.all()},
    )
    return [
        {
            "value": tag.name,
            "label": tag.name,
            "note": ngettext("%(n)d article", "%(n)d articles", tag.article_count)
            % {"n": tag.article_count},
            "ref": f"tag:{tag.uid}",
            "words": tag.name,
        }
        for tag in tags[:limit]
    ]


def _found_articles(query, exclude):
    titles = _every_word("latest_revision__title", query) | _every_word("title", query)
    return (
        Article.objects.exclude(state=Article.State.TRASHED)
        .exclude(uid=exclude)
        .filter(titles if query else Q())
        .select_related("latest_revision")
        .order_by("-touched_at")[:ARTICLES]
    )


def _state_note(article):
    if article.state == Article.State.LIVE:
        return date_format(article.first_published_at, "j F Y")
    return _("%(state)s – readers see plain words until it is public") % {
        "state": article.get_state_display()
    }


def _articles(query, exclude):
    return [
        {"value": article.uid, "label": working_title(article), "note": _state_note(article)}
        for article in _found_articles(query, exclude)
    ]


def _targets(query, exclude):
    articles = list(_found_articles(query, exclude))
    results = []
    sections = (
        Section.objects.exclude(state=Section.State.RETIRED)
        .exclude(article__uid=exclude)
        .exclude(article__state=Article.State.TRASHED)
        .select_related("article__latest_revision")
    )
    by_article = {}
    if query:
        for section in sections.filter(article__in=articles).order_by("article", "position"):
            by_article.setdefault(section.article_id, []).append(section)
    for number, article in enumerate(articles):
        title = working_title(article)
        ref = f"article:{article.uid}"
        results.append(
            {
                "value": ref,
                "ref": ref,
                "label": title,
                "words": title,
                "note": _state_note(article),
            }
        )
        # The first finds show their sections, so that one search leads to both.
        if number < 3:
            results += map(_section_result, by_article.get(article.pk, [])[:SECTIONS])
    if query:
        shown = {item["value"] for item in results}
        for section in sections.filter(_every_word("heading", query)).order_by(
            "-article__touched_at", "position"
        )[:SECTIONS]:
            item = _section_result(section, with_title=True)
            if item["value"] not in shown:
                results.append(item)
        results += _marked(_authors(query)[:OTHERS], _("author"))
        results += _marked(_tags(query, OTHERS), _("tag"))
    return results


def _marked(items, kind):
    for item in items:
        item["note"] = f"{kind} · {item['note']}" if item["note"] else kind
    return items


def _section_result(section, with_title=False):
    ref = f"article:{section.article.uid}#{section.anchor}"
    title = working_title(section.article)
    note = _("section of “%(title)s”") % {"title": title} if with_title else _("section")
    if section.state == Section.State.DRAFT:
        note = _("%(note)s, only in the draft") % {"note": note}
    return {
        "value": ref,
        "ref": ref,
        "label": section.heading,
        "words": section.heading,
        "note": note,
        "is_section": True,
    }


@require_GET
def picture_lookup(request):
    if not request.user.has_perm("articles.view_image"):
        return JsonResponse({"error": _("You may not see pictures.")}, status=403)
    query = request.GET.get("q", "").replace("\x00", "")[:100]
    condition = Q()
    for word in query.split()[:8]:
        condition &= (
            Q(alt__icontains=word) | Q(caption__icontains=word) | Q(original_name__icontains=word)
        )
    found = Image.objects.filter(condition)[:PICTURES]
    return JsonResponse({"results": [_picture(image) for image in found]})


@require_POST
def picture_upload(request):
    """Stores one picture; answers what the lookup would, or {"error"} with status 400."""
    if not request.user.has_perm("articles.add_image"):
        return JsonResponse({"error": _("You may not add pictures.")}, status=403)
    form = PictureUploadForm(request.POST, request.FILES)
    if not form.is_valid():
        errors = [message for messages in form.errors.values() for message in messages]
        return JsonResponse({"error": " ".join(errors)}, status=400)
    data = form.cleaned_data
    try:
        image = images.add_image(
            data["file"],
            name=data["file"].name,
            alt=data["alt"],
            caption=data["caption"],
            credit=data["credit"],
            by=request.user,
        )
    except ValidationError as error:
        return JsonResponse({"error": " ".join(error.messages)}, status=400)
    return JsonResponse(_picture(image))


def _picture(image):
    return {
        "value": image.uid,
        "src": image.card_src,
        "alt": image.alt,
        "caption": " ".join(filter(None, [image.caption, image.credit])),
    }
