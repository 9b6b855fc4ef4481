"""What the article form asks the server while an editor types. JSON, for signed-in staff."""

import re

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import JsonResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from articles import directory, images, references, rights
from articles.audit import record
from articles.directory import shown_title
from articles.forms import PictureUploadForm
from articles.models import Article, Image, Section
from authors.models import Author

ARTICLES, SECTIONS, OTHERS, PICTURES = 8, 6, 5, 24
# Where more have the words, the answer says so: none is hidden.
TAGS = 100
# So many of the articles that are found show their sections.
OPENED = 3
ADDRESS_MAX_LENGTH = 2000
_ADDRESS = re.compile(r"(?:https?://|/|#s-)\S+", re.IGNORECASE)


@require_GET
def lookup(request):
    """Suggestions for ?q=, of one kind=: author, tag, article (pages and series too), place
    (an article or a section) or target (all four). exclude= names the article at hand, which
    doesn't cite itself.

    {"results": [{"value", "label", "note", "ref", "words", "is_section", "kind", "state", "date",
    "path", "former", "detail", "hint"}], "message", "is_own_address", "is_taken"}. An address of
    this site, present or former, finds exactly what it leads to; where that is nothing, message
    says so. is_taken: a tag has this name already, be it a retired one. Of articles whose drafts
    the user may not see, what readers see is found and nothing else.
    """
    user = request.user
    if not rights.has_a_desk(user):
        return JsonResponse({"error": _("You may not see articles.")}, status=403)
    kind, exclude = request.GET.get("kind", ""), request.GET.get("exclude", "").replace("\x00", "")
    if kind not in _FINDERS:
        return JsonResponse({"error": _("Unknown kind of suggestion.")}, status=400)
    query = request.GET.get("q", "").strip()[:ADDRESS_MAX_LENGTH]
    answer = {"results": [], "message": "", "is_own_address": False, "is_taken": False}
    if _ADDRESS.fullmatch(query):
        answer |= _answer_to_address(query, kind, exclude, user)
    else:
        answer["results"] = _FINDERS[kind](query, exclude, user)
        if kind == "tag" and len(answer["results"]) == TAGS:
            answer["message"] = _("There may be more. Go on typing to find them.")
        if kind == "tag" and (tag := directory.tag_called(query)):
            answer["is_taken"] = True
            if tag.is_retired and not answer["results"]:
                answer["message"] = _("The tag “%(tag)s” is retired.") % {"tag": tag}
    if kind == "target":
        # A list of all four kinds tells its entries apart by their references.
        answer["results"] = [item | {"value": item["ref"]} for item in answer["results"]]
    return JsonResponse(answer)


# By words


def _authors(query, _exclude, _user, limit=2 * ARTICLES):
    return [
        _author_result(found.target, former=found.former)
        for found in directory.find_authors(query, limit=limit)
    ]


def _tags(query, _exclude, _user, limit=TAGS):
    return [
        _tag_result(found.target, former=found.former)
        for found in directory.find_tags(query, limit=limit)
    ]


def _articles(query, exclude, user):
    return [
        _article_result(found.target, former=found.former, as_token=False)
        for found in directory.find_articles(query, user=user, exclude=exclude, limit=ARTICLES)
    ]


def _places(query, exclude, user):
    articles = directory.find_articles(query, user=user, exclude=exclude, limit=ARTICLES)
    opened = {found.target.pk: [] for found in articles[:OPENED]} if query else {}
    sections = directory.citable_sections(exclude, user).filter(article__in=opened)
    for section in sections.order_by("position") if opened else ():
        opened[section.article_id].append(section)
    results = []
    for found in articles:
        results.append(_article_result(found.target, former=found.former))
        # The first finds show their sections, so that one search leads to both.
        results += map(_section_result, opened.get(found.target.pk, [])[:SECTIONS])
    shown = {item["value"] for item in results}
    sections = directory.find_sections(query, user=user, exclude=exclude, limit=2 * SECTIONS)
    more = [item for item in map(_section_result, sections) if item["value"] not in shown]
    return results + more[:SECTIONS]


def _targets(query, exclude, user):
    results = _places(query, exclude, user)
    if query:
        results += _authors(query, exclude, user, limit=OTHERS)
        results += _tags(query, exclude, user, limit=OTHERS)
    return results


_FINDERS = {
    "author": _authors,
    "tag": _tags,
    "article": _articles,
    "place": _places,
    "target": _targets,
}


# By address


def _answer_to_address(address, kind, exclude, user):
    try:
        is_own, token = references.token_at(address, own_uid=exclude)
    except ValueError:
        return {}
    if not is_own:
        return {}
    target = references.target_of(token) if token else None
    answer = {"is_own_address": True}
    if isinstance(target, Article):
        target.is_seen = rights.may_see(user, target)
        is_hidden = not target.is_seen and target.state != Article.State.LIVE
        if is_hidden or target.state == Article.State.DELETED:
            target = None
    if target is None:
        return answer | {
            "message": _("This site has no article, author or tag at %(address)s.")
            % {"address": address[:200]}
        }
    refusal = _refusal(target, token.section, kind, exclude)
    if refusal:
        return answer | {"message": refusal}
    if isinstance(target, Article):
        result = _place_result(target, token.section, kind)
    elif isinstance(target, Author):
        result = _author_result(target.standing)
    else:
        result = _tag_result(target.standing)
    return answer | {"results": [result]}


def _refusal(target, section, kind, exclude):
    """Why what stands at an address can't be chosen here; empty where it can."""
    if isinstance(target, Article):
        name, fitting = shown_title(target), {"article", "place", "target"}
    else:
        name, fitting = target.name, {target._meta.model_name, "target"}
    if kind not in fitting:
        return _("“%(name)s” stands there, which can't be chosen here.") % {"name": name}
    if getattr(target, "state", "") == Article.State.TRASHED:
        return _("“%(name)s” is in the trash.") % {"name": name}
    if target.uid == exclude and (kind == "article" or not section):
        return _("This is the address of the article itself.")
    if kind != "target" and getattr(references.standing(target), "is_retired", False):
        return _("“%(name)s” is retired.") % {"name": name}
    return ""


def _place_result(article, anchor, kind):
    section = None
    if anchor and kind != "article":
        shown = (
            [Section.State.LIVE, Section.State.DRAFT] if article.is_seen else [Section.State.LIVE]
        )
        section = Section.objects.filter(article=article, anchor=anchor, state__in=shown).first()
    if section is None:
        return _article_result(article, as_token=kind != "article")
    section.article, section.is_seen = article, article.is_seen
    return _section_result(section)


# What is shown of each


def _result(ref, label, **fields):
    shared = ("words", "note", "kind", "state", "date", "path", "former", "detail", "hint")
    return (
        {"value": ref, "ref": ref, "label": label, "is_section": False}
        | {name: str(fields.pop(name, "")) for name in shared}
        | fields
    )


def _author_result(author, former=""):
    return _result(
        f"author:{author.uid}",
        author.name,
        value=author.uid,
        words=author.name,
        note=author.role,
        kind=_("author"),
        state=_("retired") if author.is_retired else "",
        path=author.get_absolute_url() if author.first_public_at else "",
        former=former,
        detail=author.role,
    )


def _tag_result(tag, former=""):
    count = articles_of(tag)
    return _result(
        f"tag:{tag.uid}",
        tag.name,
        value=tag.name,
        words=tag.name,
        note=count,
        kind=_("tag"),
        state=_("retired") if tag.is_retired else "",
        path=tag.get_absolute_url() if tag.first_public_at else "",
        former=former,
        detail=count,
    )


def articles_of(tag):
    number = tag.article_count
    return ngettext("%(n)d article", "%(n)d articles", number) % {"n": number}


def _article_result(article, former="", *, as_token=True):
    title, is_live = shown_title(article), article.state == Article.State.LIVE
    if not is_live:
        hint = _("readers see plain words until it is public")
    elif article.title != title:
        hint = _("readers know it as “%(title)s”") % {"title": article.title}
    else:
        hint = ""
    ref = f"article:{article.uid}"
    return _result(
        ref,
        title,
        value=ref if as_token else article.uid,
        # A title that readers don't know yet stays out of other texts.
        words=article.title if is_live else title,
        note=_state_note(article),
        kind=article.get_kind_display(),
        state=article.get_state_display(),
        date=_date(article),
        path=article.get_absolute_url() if is_live else "",
        former=former,
        hint=hint,
    )


def _section_result(section):
    article = section.article
    article.is_seen = section.is_seen
    title, is_live = shown_title(article), article.state == Article.State.LIVE
    note = _("section of “%(title)s”") % {"title": title}
    state, hint, path = article.get_state_display(), "", ""
    if not is_live:
        hint = _("readers see plain words until it is public")
    elif section.state == Section.State.DRAFT:
        state = _("only in the draft")
        hint = _("until it is public, readers are led to the whole article")
        note = _("%(note)s, only in the draft") % {"note": note}
    else:
        path = f"{article.get_absolute_url()}#{section.anchor}"
    return _result(
        f"article:{article.uid}#{section.anchor}",
        section.heading,
        words=section.heading,
        note=note,
        is_section=True,
        kind=_("section"),
        state=state,
        date=_date(article),
        path=path,
        detail=_("of “%(title)s”") % {"title": title},
        hint=hint,
    )


def _state_note(article):
    if article.state == Article.State.LIVE:
        return date_format(timezone.localtime(article.first_published_at), "j F Y")
    return _("%(state)s – readers see plain words until it is public") % {
        "state": article.get_state_display()
    }


def _date(article):
    """When it was published; of what never was, when it was last saved."""
    if article.first_published_at:
        return date_format(timezone.localtime(article.first_published_at), "j M Y")
    if not article.latest_revision:
        return ""
    saved_at = timezone.localtime(article.latest_revision.saved_at)
    return _("saved %(date)s") % {"date": date_format(saved_at, "j M Y")}


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
    record("added", by=request.user, thing=image)
    return JsonResponse(_picture(image))


def _picture(image):
    return {
        "value": image.uid,
        "src": image.card_src,
        "alt": image.alt,
        "caption": " ".join(filter(None, [image.caption, image.credit])),
    }
