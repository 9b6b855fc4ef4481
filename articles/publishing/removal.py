"""Taking away and moving: nothing that was public stops leading somewhere, or saying it is gone.

What a removal would affect is told beforehand by articles.effects. Words that cite what is taken
away stay; the verbs' callers choose what becomes of the reference:

- nothing: the words are plain text for as long as the target isn't public;
- lead_to: readers of the old address, and of every text that cites it, are led to another target;
- retarget_to: the citing texts themselves, live ones and drafts, are made to name another target.
"""

from dataclasses import asdict

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from articles import references, search, similar
from articles.content_version import raise_version
from articles.models import (
    Article,
    Forward,
    MenuItem,
    Pick,
    Reference,
    Schedule,
    Section,
)
from articles.names import fold
from articles.publishing.addresses import refuse_hidden
from articles.publishing.base import (
    PublishingError,
    Words,
    lock,
    lock_all,
    refuse_trashed,
    require,
)
from articles.publishing.release import publish, write_names
from articles.publishing.writing import follow_texts, save_draft, save_revision
from articles.rendering import (
    RefToken,
    cut_section,
    related_item,
    related_token,
    structure,
    with_references_replaced,
)


def unpublish(article, *, by, lead_to=None, retarget_to=None):
    """Takes an article away from readers. Its address answers that it was withdrawn, or leads on.

    lead_to, retarget_to: RefTokens of something public; see the module.
    """
    return remove([article], by=by, lead_to=lead_to, retarget_to=retarget_to)[0]


def delete(article, *, by, lead_to=None, retarget_to=None):
    """Erases an article's words and history for good. Its identity and its addresses stay taken.

    lead_to, retarget_to: as for unpublish.
    """
    return remove([article], by=by, for_good=True, lead_to=lead_to, retarget_to=retarget_to)[0]


@transaction.atomic
def merge(article, into, *, by, retarget=False):
    """Lets another, public article take an article's place: its address, sections and references.

    The words of `into` stay as they are. A section finds the section of the same heading there.
    retarget: also makes the citing texts name `into` themselves.
    """
    require(by, "publish_article", _("You may not merge articles. Ask an editor to do it."))
    if article.pk == into.pk:
        raise PublishingError(_("An article can't be merged into itself."))
    live = into.sections.filter(state=Section.State.LIVE).order_by("-position")
    anchors = {fold(section.heading): section.anchor for section in live}
    places = {
        section.anchor: RefToken("article", into.uid, anchors.get(fold(section.heading), ""))
        for section in article.sections.all()
    } | {"": references.token_of(into)}
    change = _renaming({article.uid: lambda section: places.get(section, places[""])})
    if article.state == Article.State.LIVE:
        removed = _remove([article], by=by, lead_to=places[""], change=change if retarget else None)
        article = removed[0]
    else:
        article = lock_all([article.pk])[article.pk]
        refuse_trashed(article)
        _target(places[""])
        if retarget:
            for source in lock_all(_citing([article.pk])).values():
                _retarget(source, change, by=by)
        _lead(article, "", places[""], by=by)
        raise_version()
    for anchor, place in places.items():
        if place.section:
            _lead(article, anchor, place, by=by)
    return article


@transaction.atomic
def remove(articles, *, by, for_good=False, lead_to=None, retarget_to=None):
    """Takes several articles away at once: all of them or none. Returns them as they are then.

    What they cite of one another is no damage. for_good: their words are erased as well.
    """
    require(by, "publish_article", _("You may not unpublish. Ask an editor to do it."))
    if for_good:
        require(by, "delete_article", _("You may not delete articles. Ask who runs this site."))
    change = None
    if retarget_to:
        _target(retarget_to, but_not=articles)
        change = _renaming({article.uid: lambda _section: retarget_to for article in articles})
    return _remove(articles, by=by, for_good=for_good, lead_to=lead_to, change=change)


def _remove(articles, *, by, for_good=False, lead_to=None, change=None):
    pks = list(dict.fromkeys(article.pk for article in articles))
    citing = _citing(pks) if change else set()
    locked = lock_all({*pks, *citing})
    removed = [locked[pk] for pk in pks]
    for article in removed:
        if article.state == Article.State.DELETED:
            raise PublishingError(_("This article is deleted already."))
        if not for_good and article.state != Article.State.LIVE:
            raise PublishingError(_("“%(title)s” isn't live.") % {"title": article})
    if lead_to:
        _target(lead_to, but_not=removed)
    for pk in sorted(citing):
        _retarget(locked[pk], change, by=by)
    for article in removed:
        _take_from_readers(article)
        if lead_to:
            _lead(article, "", lead_to, by=by)
        else:
            Forward.objects.filter(article=article, section="").delete()
        if for_good:
            _erase(article)
        follow_texts(article)
    raise_version()
    return removed


def _target(token, *, but_not=()):
    """What a token names, if readers may be led there."""
    target = references.target_of(token)
    if target is None:
        raise PublishingError(_("What you chose isn't here any more. Choose again."))
    if target in but_not:
        raise PublishingError(
            _("“%(title)s” is taken away itself. Choose something that stays.") % {"title": target}
        )
    refuse_hidden(target)
    return target


def _take_from_readers(article):
    was_live = article.state == Article.State.LIVE
    now = timezone.now()
    article.state = Article.State.WITHDRAWN if article.first_published_at else article.state
    article.touched_at = now
    article.save(update_fields=["state", "touched_at"])
    if not was_live:
        return
    write_names(article, authors=[], tags=[])
    search.remove(article.pk)
    similar.remove(article.pk)
    Schedule.objects.filter(
        article=article,
        action=Schedule.Action.UNPUBLISH,
        outcome=Schedule.Outcome.PENDING,
    ).update(
        outcome=Schedule.Outcome.CANCELLED,
        finished_at=now,
        message=_("Unpublished by hand before."),
    )


def _erase(article):
    """Leaves of an article what keeps its addresses from being taken or dying."""
    article.state = Article.State.DELETED
    article.title = article.standfirst = article.body = ""
    article.related, article.relations = [], []
    article.lead_image = article.live_revision = None
    article.latest_revision = article.submitted_revision = None
    article.save()
    article.schedules.all().delete()
    article.revisions.all().delete()
    article.sections.update(heading="", words="")
    for model in (Pick, MenuItem):
        model.objects.filter(article=article).delete()


# Forwards


def _lead(article, section, token, *, by):
    """Sets where an article or one of its sections leads on to, and what led to it likewise."""
    target = references.target_of(token)
    place = {
        "target_article": None,
        "target_author": None,
        "target_tag": None,
        f"target_{token.kind}": target,
        "target_section": token.section,
    }
    Forward.objects.update_or_create(article=article, section=section, defaults=place | {"by": by})
    leading_here = Forward.objects.filter(target_article=article)
    if section:
        leading_here = leading_here.filter(target_section=section)
    for forward in leading_here.exclude(article=article, section=section):
        leads_to_itself = forward.article == target and forward.section in {"", token.section}
        if leads_to_itself:
            forward.delete()
        else:
            Forward.objects.filter(pk=forward.pk).update(**place)


@transaction.atomic
def forward_section(article, anchor, to, *, by):
    """Lets a section that leaves an article, or has left it, lead on to another place.

    to: the RefToken of something public. It counts from the moment on at which the section
    isn't in the live text.
    """
    require(by, "publish_article", _("You may not move sections. Ask an editor to do it."))
    article = lock(article)
    if not article.sections.filter(anchor=anchor).exists():
        raise PublishingError(_("This section isn't here any more."))
    if to.kind == "article" and to.uid == article.uid and to.section in {"", anchor}:
        raise PublishingError(_("A section can't lead to itself. Choose another place."))
    _target(to)
    _lead(article, anchor, to, by=by)
    raise_version()


@transaction.atomic
def retarget_section(article, anchor, to, *, by):
    """Makes every text that cites a section, live ones and drafts, name another place instead.

    to: the RefToken of something public, or None to leave the words as plain text.
    """
    require(by, "publish_article", _("You may not change what readers see. Ask an editor."))
    if to is not None:
        _target(to)
    named = RefToken("article", article.uid, anchor)
    rows = Reference.objects.filter(target_article=article, section=anchor)
    citing = set(rows.exclude(source=article).order_by().values_list("source", flat=True))
    for source in lock_all(citing).values():
        _retarget(source, lambda token: to if token == named else token, by=by)


@transaction.atomic
def move_section(article, anchor, to, *, by):
    """Moves a section from the newest draft of an article to the end of that of another.

    Readers see nothing of it until both are published; from then on the section's old
    address leads to the new one. Returns the anchor that the section has there.
    """
    require(by, "publish_article", _("You may not move sections. Ask an editor to do it."))
    if article.pk == to.pk:
        raise PublishingError(_("Choose another article to move the section to."))
    locked = lock_all([article.pk, to.pk])
    article, to = locked[article.pk], locked[to.pk]
    for one in (article, to):
        refuse_trashed(one)
    rest, section = cut_section(article.latest_revision.body, anchor)
    if not section:
        raise PublishingError(_("The newest draft has no such section. Reload the page."))
    before = {heading.anchor for heading in structure(to.latest_revision.body).headings}
    moved = [heading.anchor for heading in structure(section).headings]
    note = _("A section moved from “%(title)s”") % {"title": article.latest_revision.title}
    words = asdict(Words.of(to.latest_revision))
    words["body"] += _without_ids_of(section, to)
    arrived = save_draft(to, Words(**words), by=by, note=note)
    note = _("A section moved to “%(title)s”") % {"title": to.latest_revision.title}
    words = asdict(Words.of(article.latest_revision)) | {"body": rest}
    save_draft(article, Words(**words), by=by, note=note)
    new = [h.anchor for h in structure(arrived.body).headings if h.anchor not in before]
    for old_anchor, new_anchor in zip(moved, new, strict=False):
        _lead(article, old_anchor, RefToken("article", to.uid, new_anchor), by=by)
    raise_version()
    return new[0] if new else ""


def _without_ids_of(section, article):
    """A section's HTML without the ids that mean something else in the article it comes to."""
    for anchor in article.sections.values_list("anchor", flat=True):
        section = section.replace(f' id="{anchor}"', "")
    return section


# Retargeting


@transaction.atomic
def retarget(source, change, *, by):
    """Makes the references of one article name other targets, in its live text and its draft.

    change(token) gives the token itself, another one, or None for plain words. What readers see
    is published as a minor change; a newer draft stays a draft. Returns whether anything changed.
    """
    require(by, "change_article", _("You may not change this article. Ask an editor."))
    source = lock_all([source.pk])[source.pk]
    refuse_trashed(source)
    if source.state == Article.State.LIVE:
        require(by, "publish_article", _("You may not change what readers see. Ask an editor."))
    return _retarget(source, change, by=by)


def _retarget(source, change, *, by):
    is_live = source.state == Article.State.LIVE
    draft = source.latest_revision if source.has_newer_draft or not is_live else None
    note = _("References changed")
    is_changed = False
    if is_live:
        words = Words.of(source.live_revision)
        changed = _with_references_changed(source, words, change)
        if changed != words:
            is_changed = True
            now = timezone.now()
            revision = save_revision(source, changed, by=by, note=note, now=now)
            source = publish(source, revision, by=None, minor=True, keep_schedules=True)
    if draft is not None:
        words = Words.of(draft)
        changed = _with_references_changed(source, words, change)
        if is_changed or changed != words:
            is_changed = True
            now = timezone.now()
            newest = save_revision(source, changed, by=by, note=note, now=now)
            Schedule.objects.filter(revision=draft, outcome=Schedule.Outcome.PENDING).update(
                revision=newest
            )
    return is_changed


def _with_references_changed(source, words, change):
    def changed(token):
        if token.kind == "article" and token.uid == source.uid:
            return token
        new = change(token)
        # What would cite itself says its words only.
        return None if new == references.token_of(source) else new

    values = asdict(words)
    values["body"] = with_references_replaced(words.body, changed)
    values["related"] = []
    for item in words.related:
        if token := related_token(item):
            token = changed(token)
            if token is None:
                continue
            item = related_item(token)
        if item not in values["related"]:
            values["related"].append(item)
    values["relations"] = []
    for item in words.relations:
        token = changed(RefToken("article", item["article"], item["section"]))
        if token is not None and token.kind == "article":
            values["relations"].append(item | {"article": token.uid, "section": token.section})
    return Words(**values)


def _renaming(places):
    """A change of tokens: uid of an article → function of the section that gives the new token."""

    def change(token):
        place = places.get(token.uid) if token.kind == "article" else None
        return place(token.section) if place else token

    return change


def _citing(pks):
    """The articles that cite some others in a live text or a draft, and aren't among them."""
    rows = Reference.objects.filter(target_article__in=pks).exclude(source__in=pks)
    return set(rows.order_by().values_list("source_id", flat=True).distinct())
