"""The versions of an article: who saved what when, what differs, and the way back to one."""

from urllib.parse import urlencode

from django.contrib import admin, messages
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from articles import publishing, rights
from articles.admin.access import article_for, private
from articles.admin.previews import revision_or_404
from articles.audit import what_of, who_of
from articles.compare import Names, Needed, compare
from articles.directory import shown_title, working_title
from articles.models import Article, Image, Schedule, Section, Submission, Tag
from articles.publishing import NAME_LENGTH, PublishingError
from articles.rendering import without_control_characters
from authors.models import Author
from irb_site.people import name_of

VERSIONS_IN_RAIL = 6
VERSIONS_SHOWN, ACTS_SHOWN = 50, 30
LIVE, NEWEST = "live", "newest"
# What a list of versions shows; the words themselves are large.
_LISTED = ("article", "number", "name", "note", "by", "saved_at", "is_sealed", "title")


@private
@require_safe
def history(request, object_id):
    """Every version of an article, and everything that was done to it.

    ?page= of the versions, ?acts= of what was done, both from 1 on.
    """
    article = article_for(request, _pk(object_id))
    page, acts_page = _number(request.GET.get("page")), _number(request.GET.get("acts"))
    versions, has_older = _sliced(_versions(article), page, VERSIONS_SHOWN)
    acts, has_older_acts = _sliced(article.audit_entries.all(), acts_page, ACTS_SHOWN)
    context = {
        **admin.site.each_context(request),
        "opts": Article._meta,
        "title": working_title(article),
        "subtitle": None,
        "article": article,
        "may_change": _may_restore(request.user, article),
        "name_max": NAME_LENGTH,
        **_with_marks(article, versions),
        "acts": [_act(entry) for entry in acts],
        "newer_url": _url(request, page=page - 1) if page > 1 else "",
        "older_url": _url(request, page=page + 1) if has_older else "",
        "newer_acts_url": _url(request, acts=acts_page - 1) if acts_page > 1 else "",
        "older_acts_url": _url(request, acts=acts_page + 1) if has_older_acts else "",
    }
    request.current_app = admin.site.name
    return TemplateResponse(request, "admin/articles/article/history.html", context)


@private
@require_safe
def compare_versions(request, pk):
    """What differs between two versions: ?from= and ?to= are numbers, "live" or "newest"."""
    article = article_for(request, pk)
    asked = [request.GET.get("from", LIVE), request.GET.get("to", NEWEST)]
    sides = [_side(article, name) for name in asked]
    if None in sides:
        messages.error(request, _missing_words(article, asked[sides.index(None)]))
        return HttpResponseRedirect(reverse("admin:articles_article_history", args=[article.pk]))
    old, new = sides
    names = names_for(Needed.by(old, new), request.user)
    older = min(sides, key=lambda side: side.number)
    is_restorable = older.pk != article.latest_revision_id
    context = {
        **admin.site.each_context(request),
        "opts": Article._meta,
        "title": working_title(article),
        "subtitle": None,
        "article": article,
        "comparison": compare(old, new, names),
        "old": _described(article, old),
        "new": _described(article, new),
        "language": new.language,
        "older": older if is_restorable and _may_restore(request.user, article) else None,
        "swap_url": f"?{urlencode({'from': new.number, 'to': old.number})}",
    }
    request.current_app = admin.site.name
    return TemplateResponse(request, "admin/articles/article/compare.html", context)


@private
@require_POST
def restore(request, pk, number):
    """Makes a version the newest draft, and shows the form."""
    article = article_for(request, pk, is_allowed=rights.may_change)
    revision = revision_or_404(article, number)
    try:
        publishing.restore(article, revision, by=request.user)
    except PublishingError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            _("Version %(n)s is the newest draft now. Publish it to show it to readers.")
            % {"n": number},
        )
    return HttpResponseRedirect(reverse("admin:articles_article_change", args=[article.pk]))


@private
@require_POST
def name(request, pk, number):
    """Gives a version a name, or takes it away, and shows the history."""
    article = article_for(request, pk, is_allowed=rights.may_change)
    revision = revision_or_404(article, number)
    words = without_control_characters(request.POST.get("name", ""))
    try:
        revision = publishing.name_revision(article, revision, words, by=request.user)
    except PublishingError as error:
        messages.error(request, str(error))
    else:
        said = _("Version %(n)s is called “%(name)s” now.")
        if not revision.name:
            said = _("Version %(n)s has no name any more.")
        messages.success(request, said % {"n": number, "name": revision.name})
    url = reverse("admin:articles_article_history", args=[article.pk])
    return HttpResponseRedirect(f"{url}#version-{number}")


def urls(view):
    return [
        # In place of Django's own, which knows nothing of versions.
        path("<path:object_id>/history/", view(history), name="articles_article_history"),
        path("<int:pk>/compare/", view(compare_versions), name="articles_article_compare"),
        path("<int:pk>/restore/<int:number>/", view(restore), name="articles_article_restore"),
        path("<int:pk>/versions/<int:number>/name/", view(name), name="articles_article_name"),
    ]


def for_form(request, article):
    """What the form's rail shows of the versions of a saved article."""
    return {"versions": _versions(article)[:VERSIONS_IN_RAIL]}


def names_for(needed, user):
    """What a user may read of what some words name: `Names` for a comparison."""
    uids = {token.uid for token in needed.tokens if token.kind == "article"}
    titles = _article_titles(needed.tokens, user) if uids else {}
    for kind, model in (("author", Author), ("tag", Tag)):
        asked = {token.uid: token for token in needed.tokens if token.kind == kind}
        if asked:
            found = model.objects.filter(uid__in=asked).values_list("uid", "name")
            titles |= {asked[uid]: called for uid, called in found}
    authors = Author.objects.filter(uid__in=needed.authors) if needed.authors else ()
    pictures = Image.objects.none()
    if needed.picture_uids or needed.picture_pks:
        pictures = Image.objects.filter(uid__in=needed.picture_uids) | Image.objects.filter(
            pk__in=needed.picture_pks
        )
    return Names(titles, {author.uid: author.name for author in authors}, tuple(pictures))


def _article_titles(tokens, user):
    tokens = [token for token in tokens if token.kind == "article"]
    articles = Article.objects.exclude(state=Article.State.DELETED)
    articles = articles.filter(uid__in={token.uid for token in tokens})
    articles = rights.with_is_seen(user, articles).select_related("latest_revision")
    found = {article.uid: article for article in articles}
    headings = {}
    if anchors := {token.section for token in tokens} - {""}:
        rows = Section.objects.filter(article__uid__in=found, anchor__in=anchors)
        for uid, anchor, heading, state in rows.values_list(
            "article__uid", "anchor", "heading", "state"
        ):
            is_public = state == Section.State.LIVE and found[uid].state == Article.State.LIVE
            if found[uid].is_seen or is_public:
                headings[uid, anchor] = heading
    titles = {}
    for token in tokens:
        article = found.get(token.uid)
        if article is None:
            continue
        title = shown_title(article)
        heading = headings.get((token.uid, token.section))
        titles[token] = f"{title} › {heading}" if heading else title
    return titles


# The list


def _versions(article):
    return article.revisions.select_related("by").only(*_LISTED, "by__username", *_PERSON)


_PERSON = ("by__first_name", "by__last_name")


def _with_marks(article, versions):
    """The versions as the list shows them, and which two are chosen at first."""
    pending = article.schedules.filter(
        outcome=Schedule.Outcome.PENDING, action=Schedule.Action.PUBLISH
    )
    scheduled = dict(pending.values_list("revision", "due_at"))
    rows = [
        {
            "version": version,
            "who": name_of(version.by),
            "is_newest": version.pk == article.latest_revision_id,
            "is_live": _is_live(article, version),
            "was_live": _was_live(article, version),
            "submission": _submission_words(article, version),
            "due_at": scheduled.get(version.pk),
            "before": version.number - 1,
        }
        for version in versions
    ]
    chosen = [row["version"].number for row in rows]
    live = next((row["version"].number for row in rows if row["is_live"]), None)
    newest = chosen[0] if chosen else None
    return {
        "rows": rows,
        "to_chosen": newest,
        "from_chosen": live if live not in {None, newest} else (chosen[1:2] or [newest])[0],
        "has_live": article.state == Article.State.LIVE,
        "live_number": live,
    }


def _is_live(article, version):
    return article.state == Article.State.LIVE and version.pk == article.live_revision_id


def _was_live(article, version):
    return article.state != Article.State.LIVE and version.pk == article.live_revision_id


def _submission_words(article, version):
    submission = article.submission
    if submission is None or submission.revision_id != version.pk:
        return ""
    if submission.outcome == Submission.Outcome.APPROVED:
        return _("approved")
    return _("handed in")


def _act(entry):
    return {"entry": entry, "who": who_of(entry), "what": what_of(entry)}


def _may_restore(user, article):
    return article.state != Article.State.TRASHED and rights.may_change(user, article)


# The two sides of a comparison


def _side(article, asked):
    """The revision of a number, the live or the newest one; None where there is none."""
    if asked == NEWEST:
        return article.latest_revision
    if asked == LIVE:
        if article.state != Article.State.LIVE:
            return None
        return article.revisions.select_related("by").get(pk=article.live_revision_id)
    if not (asked.isascii() and asked.isdigit() and len(asked) < 10):
        return None
    return article.revisions.select_related("by").filter(number=int(asked)).first()


def _missing_words(article, asked):
    if asked == LIVE:
        return _("Readers don't see this article, so there is nothing live to compare with.")
    return _("There is no such version. Choose two of these.")


def _described(article, revision):
    """One side of a comparison in words."""
    words = _("version %(n)s, by %(who)s, %(when)s") % {
        "n": revision.number,
        "who": name_of(revision.by),
        "when": date_format(timezone.localtime(revision.saved_at), "j F Y, H:i"),
    }
    return {
        "words": words,
        "revision": revision,
        "is_live": _is_live(article, revision),
        "is_newest": revision.pk == article.latest_revision_id,
    }


# What was asked for


def _pk(text):
    # Longer numbers are no keys of either database.
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404(_("There is no such article."))
    return int(text)


def _number(text):
    is_number = bool(text) and text.isascii() and text.isdigit() and len(text) < 6
    return max(1, int(text)) if is_number else 1


def _sliced(rows, page, size):
    """The rows of a page, from 1 on, and whether there are more."""
    found = list(rows[(page - 1) * size : page * size + 1])
    return found[:size], len(found) > size


def _url(request, **changes):
    query = {key: _number(request.GET.get(key)) for key in ("page", "acts")} | changes
    query = {key: number for key, number in query.items() if number > 1}
    return f"{request.path}?{urlencode(query)}" if query else request.path
