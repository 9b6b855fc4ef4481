"""The link-health desk: what could lead readers astray, each with a button that puts it right."""

import json
from urllib.parse import unquote, urlencode, urlsplit

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from articles import directory, health, publishing, references, rights
from articles.directory import working_title
from articles.forms import PickerWidget, TypedField
from articles.health import Kind
from articles.models import Article, Reference, Section, Tag
from articles.publishing import PublishingError
from articles.rendering import RefToken, is_anchor
from authors.models import Author
from irb_site.uids import is_uid

SNOOZED = "snoozed"
_PAGE_MAX = 1_000_000

_INTRODUCTIONS = {
    Kind.DANGLING: gettext_lazy(
        "These references name something that was taken away or never was here. Readers see"
        " plain words, and no link."
    ),
    Kind.SECTION: gettext_lazy(
        "These links mean a section that isn't in the published text. Readers come to the top of"
        " the article instead."
    ),
    Kind.DETOUR: gettext_lazy(
        "These links name something that moved. Readers get there all the same; the text can"
        " name the new place directly."
    ),
    Kind.DRAFT: gettext_lazy(
        "Published texts cite these before they are public. Readers see plain words; the link"
        " appears by itself on the day of publication."
    ),
    Kind.ORPHAN: gettext_lazy("No published text leads readers to these articles."),
    Kind.DEAD_END: gettext_lazy("These articles lead readers nowhere else."),
    Kind.PATH: gettext_lazy(
        "Readers asked for these addresses, and nothing answered. What robots try is left out."
    ),
}
_EMPTY = {
    Kind.DANGLING: gettext_lazy("Every reference has a target."),
    Kind.SECTION: gettext_lazy("Every cited section is where it should be."),
    Kind.DETOUR: gettext_lazy("Every link names its target directly."),
    Kind.DRAFT: gettext_lazy("Everything that is cited is public."),
    Kind.ORPHAN: gettext_lazy("Every article is cited somewhere."),
    Kind.DEAD_END: gettext_lazy("Every article cites something."),
    Kind.PATH: gettext_lazy("Nobody asked for anything in vain."),
}
_PERIODS = {
    "week": gettext_lazy("for a week"),
    "month": gettext_lazy("for a month"),
    "good": gettext_lazy("for good"),
}


def address_of(kind, page=1):
    """Where a part of the desk stands."""
    query = {"kind": kind} | ({"page": page} if page > 1 else {})
    return f"{reverse('admin:health')}?{urlencode(query)}"


def overview():
    """The parts of the desk for the start page: {label, url, shown, count} each."""
    return _tabs(health.recent_counts())


def _tabs(counts):
    return [_tab(kind, count) for kind, count in counts.items()]


def _tab(kind, count):
    shown = _("%(n)s+") % {"n": f"{health.COUNTED_MAX:,}"}
    return {
        "kind": kind.value,
        "label": kind.label,
        "count": count,
        "shown": shown if count > health.COUNTED_MAX else f"{count:,}",
        "url": address_of(kind.value),
    }


def desk(request, admin_site):
    """GET shows a part of the desk (?kind=, ?page=); POST does what the button of a row says."""
    if not rights.sees_all(request.user):
        raise PermissionDenied
    if request.method == "POST":
        return _act(request)
    tabs = _tabs(health.counts())
    kind = request.GET.get("kind") or next(
        (tab["kind"] for tab in tabs if tab["count"]), Kind.DANGLING.value
    )
    page = _page(request.GET.get("page", "1"))
    if kind == SNOOZED:
        part = _snoozed_part(page)
    elif kind in Kind.values:
        part = _part(request, Kind(kind), page)
    else:
        raise Http404(_("There is no such part of the desk."))
    context = admin_site.each_context(request) | part
    context |= {
        "title": _("Link health"),
        "subtitle": None,
        "tabs": tabs,
        "snoozed_url": address_of(SNOOZED),
        "snoozed_count": health.snoozed().count(),
        "kind": kind,
        "page": page,
        "previous_url": address_of(kind, page - 1) if page > 1 else "",
        "next_url": address_of(kind, page + 1) if part["has_more"] else "",
        "periods": _PERIODS.items(),
        "reason_max": health.REASON_MAX,
        "may_change": rights.changes_all(request.user),
        "may_publish": rights.may_publish(request.user),
    }
    return TemplateResponse(request, "admin/health/desk.html", context)


def _page(text):
    is_number = text.isascii() and text.isdigit() and len(text) < 8
    return max(1, min(int(text), _PAGE_MAX)) if is_number else 1


# Showing.


def _part(request, kind, page):
    found, has_more = health.findings(kind, page=page)
    may_publish = rights.may_publish(request.user)
    may_change = rights.changes_all(request.user)
    return {
        "label": kind.label,
        "introduction": _INTRODUCTIONS[kind],
        "empty": _EMPTY[kind],
        "has_more": has_more,
        "rows": [
            _row(finding, number, may_change=may_change, may_publish=may_publish)
            for number, finding in enumerate(found, 1)
        ],
    }


def _row(finding, number, *, may_change, may_publish):
    row = {"key": finding.key, "number": number, "finding": finding}
    if finding.kind == Kind.PATH:
        return row | _path_row(finding, number) | {"may_fix": may_publish}
    row |= {"title": working_title(finding.article), "url": _form_url(finding.article)}
    if finding.kind not in health.CITATIONS:
        return row | _article_row(finding) | {"may_fix": may_change}
    is_live = finding.article.state == Article.State.LIVE
    row |= {"may_fix": may_change and (may_publish or not is_live)}
    return row | _citation_row(finding, number)


def _citation_row(finding, number):
    reference = finding.reference
    sentence, at = reference.sentence, reference.words_at
    end = at + len(reference.words)
    is_inline = reference.kind == Reference.Kind.INLINE and sentence[at:end] == reference.words
    words = {
        Kind.DANGLING: _dangling_words,
        Kind.SECTION: _section_words,
        Kind.DETOUR: _detour_words,
        Kind.DRAFT: _draft_words,
    }[finding.kind]
    return {
        "what": words(finding),
        "where": _where(finding),
        "before": sentence[:at] if is_inline else "",
        "words": reference.words if is_inline else "",
        "after": sentence[end:] if is_inline else "",
        "sentence": "" if is_inline else sentence,
        "picker": _picker(number) if finding.kind in {Kind.DANGLING, Kind.SECTION} else "",
    } | _citation_fix(finding)


def _where(finding):
    if finding.in_live and finding.in_draft:
        place = _("in the published text and in the draft")
    else:
        place = _("in the published text") if finding.in_live else _("in the draft")
    if finding.reference.kind == Reference.Kind.INLINE:
        return place
    kind = finding.reference.get_kind_display()
    return _("as %(kind)s, %(place)s") % {"kind": kind, "place": place}


def _dangling_words(finding):
    target = finding.reference.target_article
    if target is None:
        return _("cites something that isn't here (%(uid)s)") % {
            "uid": finding.reference.target_uid
        }
    words = {
        Article.State.WITHDRAWN: _("cites “%(title)s”, which is withdrawn"),
        Article.State.TRASHED: _("cites “%(title)s”, which is in the trash"),
        Article.State.DELETED: _("cites “%(title)s”, which is deleted"),
    }
    return words[target.state] % {"title": _title(target)}


def _section_words(finding):
    values = {
        "title": _title(finding.reference.target_article),
        "section": finding.section.heading if finding.section else finding.reference.section,
    }
    if finding.section is None:
        return _("cites a section of “%(title)s” that never was there (%(section)s)") % values
    if finding.section.state == Section.State.DRAFT and not finding.section.was_public:
        return _("cites “%(section)s”, which is only in the draft of “%(title)s”") % values
    return _("cites “%(section)s”, which is no longer in “%(title)s”") % values


def _detour_words(finding):
    _token, target = finding.leads_to
    values = {"title": _title(finding.reference.target_article), "target": _title(target)}
    if finding.reference.target_article.state == Article.State.LIVE and finding.section:
        values["title"] = finding.section.heading
    return _("cites “%(title)s”; readers are led to “%(target)s”") % values


def _draft_words(finding):
    target = finding.reference.target
    if isinstance(target, Article):
        return _("cites “%(title)s”, which is a draft") % {"title": _title(target)}
    return _("cites “%(title)s”, which no public article is about yet") % {"title": target}


def _citation_fix(finding):
    """The one clear button of a citation: a link where it opens something, else a verb."""
    if finding.kind == Kind.DRAFT:
        target = finding.reference.target
        words = _("Open the draft") if isinstance(target, Article) else _("Open “%(title)s”")
        return {"fix_url": _form_url(target), "fix": words % {"title": target}}
    if finding.kind == Kind.SECTION:
        return {"fix": _("Link to the whole article")}
    if finding.kind == Kind.DETOUR:
        token, target = finding.leads_to
        if target != finding.article or token.section:
            return {"fix": _("Point it at “%(title)s”") % {"title": _title(target)}}
    return {"fix": _("Leave only the words")}


def _article_row(finding):
    published = date_format(localtime(finding.article.first_published_at), "j F Y")
    if finding.kind == Kind.ORPHAN:
        what, fix, part = _("is cited by nobody"), _("See who could cite it"), "#could-cite"
    else:
        what, fix, part = _("cites nobody"), _("See what it could cite"), "#suggestions"
    return {
        "what": what,
        "where": _("published on %(date)s") % {"date": published},
        "fix": fix,
        "fix_url": _form_url(finding.article) + part,
    }


def _path_row(finding, number):
    guess = finding.guess
    path = finding.path.path
    return {
        # A file's address is kept with a slash that nobody wrote.
        "shown": path.rstrip("/") if "." in path.rsplit("/", 2)[-2] else path,
        "guess": guess,
        "guess_value": references.token_of(guess) if guess else "",
        "fix": _("Lead to “%(title)s”") % {"title": guess} if guess else "",
        "picker": _picker(number),
    }


def _title(target):
    if isinstance(target, Article):
        if target.state == Article.State.LIVE:
            return target.title
        # What is deleted has lost its title and kept its address.
        is_deleted = target.state == Article.State.DELETED
        return (target.slug if is_deleted else "") or working_title(target)
    return str(target)


def _form_url(thing):
    model = thing._meta
    return reverse(f"admin:{model.app_label}_{model.model_name}_change", args=[thing.pk])


def _picker(number):
    widget = PickerWidget(kind="target", placeholder=_("Type a title"))
    return widget.render("target", "", attrs={"id": f"target-{number}"})


def _snoozed_part(page):
    start = (page - 1) * health.PER_PAGE
    snoozes = list(health.snoozed()[start : start + health.PER_PAGE + 1])
    shown = snoozes[: health.PER_PAGE]
    names = _names({uid for snooze in shown for uid in _uids(snooze)})
    return {
        "label": _("Snoozed"),
        "introduction": _("These are left out of the other lists, for the reasons given."),
        "empty": _("Nothing is snoozed."),
        "has_more": len(snoozes) > len(shown),
        "snoozes": [
            {
                "snooze": snooze,
                "label": Kind(snooze.kind).label if snooze.kind in Kind.values else snooze.kind,
                "about": " → ".join(names.get(uid, uid) for uid in _uids(snooze)) or snooze.key,
            }
            for snooze in shown
        ],
    }


def _uids(snooze):
    if snooze.kind == Kind.PATH:
        return []
    source, _colon, token = snooze.key.partition(":")
    uids = [source]
    if token:
        uids.append(token.partition(":")[2].partition("#")[0])
    return uids


def _names(uids):
    """uid → title or name, in three queries."""
    articles = Article.objects.filter(uid__in=uids).select_related("latest_revision")
    found = {
        article.uid: _title(article)
        for article in articles.only("uid", "slug", "state", "title", "latest_revision__title")
    }
    for model in (Author, Tag):
        found |= dict(model.objects.filter(uid__in=uids).values_list("uid", "name"))
    return found


# Acting.


class _SnoozeForm(forms.Form):
    reason = TypedField(max_length=health.REASON_MAX)
    period = forms.ChoiceField(choices=[(name, name) for name in health.PERIODS])


def _act(request):
    if not rights.changes_all(request.user):
        raise PermissionDenied
    kind, key = request.POST.get("kind", ""), request.POST.get("key", "")
    action = _ACTIONS.get(request.POST.get("action", ""))
    if action is None or kind not in Kind.values or not _is_key(key):
        raise Http404(_("There is no such finding."))
    back = address_of(kind, _page(request.POST.get("page", "1")))
    if action is _wake:
        back = address_of(SNOOZED, _page(request.POST.get("page", "1")))
    try:
        messages.success(request, action(request, Kind(kind), key))
    except PublishingError as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(back)


def _is_key(key):
    return 0 < len(key) <= 300 and "\x00" not in key


def _finding(kind, key):
    finding = health.find(kind, key)
    if finding is None:
        raise PublishingError(_("This has been put right already."))
    return finding


def _fix(request, kind, key):
    """The clear button of a citation."""
    if kind not in health.CITATIONS or kind == Kind.DRAFT:
        raise Http404
    finding = _finding(kind, key)
    health.point_elsewhere(finding, health.better_token(finding), by=request.user)
    return _("Done: “%(title)s” is put right.") % {"title": working_title(finding.article)}


def _point(request, kind, key):
    """Another target for a citation."""
    if kind not in health.CITATIONS:
        raise Http404
    finding = _finding(kind, key)
    token, target = _chosen(request.POST)
    if target == finding.article:
        raise PublishingError(_("An article can't cite itself. Choose something else."))
    publishing.refuse_hidden(target, by=request.user)
    health.point_elsewhere(finding, token, by=request.user)
    return _("Done: “%(title)s” cites “%(target)s” now.") % {
        "title": working_title(finding.article),
        "target": _title(target),
    }


def _lead(request, kind, key):
    """A path that wasn't found leads to a target from now on."""
    if kind != Kind.PATH:
        raise Http404
    _finding(kind, key)
    _token, target = _chosen(request.POST)
    publishing.lead_path(key, target, by=request.user)
    return _("Done: %(path)s leads to “%(title)s” now.") % {"path": key, "title": _title(target)}


def _give_up(request, kind, key):
    if kind != Kind.PATH:
        raise Http404
    _finding(kind, key)
    publishing.give_up_path(key, by=request.user)
    return _("Done: %(path)s says now that what stood there is gone.") % {"path": key}


def _snooze(request, kind, key):
    form = _SnoozeForm(request.POST)
    if not form.is_valid():
        raise PublishingError(_("Give a reason, so that colleagues know why this can wait."))
    _finding(kind, key)
    health.snooze(kind, key, **form.cleaned_data, by=request.user)
    return _("Snoozed. You find it under “Snoozed”.")


def _wake(request, kind, key):
    health.wake(kind, key)
    return _("It is back on the desk, if it is still there.")


_ACTIONS = {
    "fix": _fix,
    "point": _point,
    "lead": _lead,
    "gone": _give_up,
    "snooze": _snooze,
    "wake": _wake,
}


def _chosen(data):
    """The token and the target that were chosen in a picker, or by an address of this site."""
    value, address = _picked(data.get("target", "")), data.get("address", "").strip()
    token = _token_picked(value) if value else _token_at(address) if address else None
    target = references.target_of(token) if token else None
    if target is not None:
        return token, target
    if value or address:
        raise PublishingError(_("Nothing of this site was found there. Choose something else."))
    raise PublishingError(_("Choose where it should lead."))


def _picked(text):
    """The first value of a picker's list; a button carries its value as it is."""
    if not text.startswith("["):
        return text.strip()
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    first = items[0] if items else {}
    value = first.get("value") if isinstance(first, dict) else ""
    return value.strip() if isinstance(value, str) else ""


def _token_picked(value):
    kind, _colon, rest = value.partition(":")
    uid, _hash, section = rest.partition("#")
    if kind in {"article", "author", "tag"} and is_uid(uid):
        is_section = kind == "article" and is_anchor(section)
        return RefToken(kind, uid, section if is_section else "")
    if is_uid(value) and (author := Author.objects.filter(uid=value).first()):
        return references.token_of(author)
    tag = directory.tag_called(value[:100].replace("\x00", ""))
    return references.token_of(tag) if tag else None


def _token_at(address):
    """What stands at a path or address of this site, now or formerly."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in {"", "http", "https"} or "\x00" in address or len(address) > 2000:
        return None
    if host and host != urlsplit(settings.SITE_URL).hostname:
        raise PublishingError(_("This address is of another site. Take one of this publication."))
    target = references.find_by_path(parts.path)
    section = unquote(parts.fragment)
    if not (isinstance(target, Article) and is_anchor(section)):
        return references.token_of(target) if target else None
    if not target.sections.filter(anchor=section, state=Section.State.LIVE).exists():
        raise PublishingError(
            _("This article has no section “%(section)s”. Leave away what follows the #.")
            % {"section": section}
        )
    return references.token_of(target, section)
