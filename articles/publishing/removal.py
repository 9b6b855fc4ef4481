"""Taking away and moving: nothing that was public stops leading somewhere, or saying it is gone.

What a removal would affect is told beforehand by articles.effects. Words that cite what is taken
away stay; the verbs' callers choose what becomes of the reference:

- nothing: the words are plain text for as long as the target isn't public;
- lead_to: readers of the old address, and of every text that cites it, are led to another target;
- retarget_to: the citing texts themselves, live ones and drafts, are made to name another target.
"""

from dataclasses import asdict

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from articles import references, rights, search, similar
from articles.audit import forget_words, record
from articles.content_version import raise_version
from articles.directory import title_for, working_title
from articles.models import (
    Article,
    ArticleTag,
    Byline,
    Forward,
    MenuItem,
    Notification,
    Pick,
    Presence,
    Reference,
    Schedule,
    Section,
    Submission,
    Tag,
)
from articles.names import fold
from articles.publishing.addresses import refuse_hidden
from articles.publishing.base import (
    PublishingError,
    Words,
    in_one_transaction,
    lock_all,
    refuse_trashed,
    require,
    require_change,
)
from articles.publishing.forwards import lead
from articles.publishing.plans import OPEN_OUTCOMES, bring_back, call_off, called_off_with
from articles.publishing.release import show, write_names
from articles.publishing.rewriting import rewrite
from articles.publishing.writing import follow_texts, save_draft
from articles.rendering import (
    RefToken,
    cut_section,
    related_item,
    related_token,
    structure,
    with_references_replaced,
)
from authors.models import Author

UNPUBLISH, TRASH, DELETE = "unpublish", "trash", "delete"
_STATE_AFTER = {
    UNPUBLISH: Article.State.WITHDRAWN,
    TRASH: Article.State.TRASHED,
    DELETE: Article.State.DELETED,
}
_ACTS = {UNPUBLISH: "unpublished", TRASH: "trashed", DELETE: "deleted"}


def unpublish(article, *, by, lead_to=None, retarget_to=None):
    """Takes an article away from readers. Its address answers that it was withdrawn, or leads on.

    lead_to, retarget_to: RefTokens of something public; see the module.
    """
    return remove([article], UNPUBLISH, by=by, lead_to=lead_to, retarget_to=retarget_to)[0]


def trash(article, *, by, lead_to=None, retarget_to=None):
    """Puts an article into the trash, from which `untrash` takes it out again as it was.

    Whoever may change an article that was never public may trash it; the rest asks the right to
    publish. lead_to, retarget_to: as for unpublish.
    """
    return remove([article], TRASH, by=by, lead_to=lead_to, retarget_to=retarget_to)[0]


def delete(article, *, by, lead_to=None, retarget_to=None):
    """Erases the words and the history of what is in the trash; its addresses stay taken.

    lead_to, retarget_to: as for unpublish; where it leads already stays unless lead_to is given.
    """
    return remove([article], DELETE, by=by, lead_to=lead_to, retarget_to=retarget_to)[0]


@in_one_transaction
def untrash(article, *, by, as_it_was=False):
    """Takes an article out of the trash, as a draft or a withdrawn article.

    as_it_was: readers see it again if they did before, and what was scheduled is so again, as far
    as its time hasn't come (see agenda.missed) and the user may schedule.
    """
    _require_removal(article, by)
    locked = lock_all({article.pk, *called_off_with(article).values_list("article", flat=True)})
    article = locked[article.pk]
    if article.state != Article.State.TRASHED:
        raise PublishingError(
            _("“%(title)s” isn't in the trash.") % {"title": working_title(article)}
        )
    was_live = article.trashed_from == Article.State.LIVE
    if as_it_was and was_live:
        require(rights.may_publish(by), _("You may not publish. Ask an editor to do it."))
    once_public = article.first_published_at is not None
    article.state = Article.State.WITHDRAWN if once_public else Article.State.DRAFT
    article.trashed_from = ""
    article.touched_at = timezone.now()
    article.save(update_fields=["state", "trashed_from", "touched_at"])
    if as_it_was and was_live:
        article = show(article, article.live_revision, by=by, minor=True, keep_plans=True)
    else:
        follow_texts(article)
    record("untrashed", by=by, article=article)
    _settle_submission(article, as_it_was=as_it_was)
    if as_it_was and rights.may_publish(by):
        bring_back(article, locked, by=by)
    raise_version()
    return article


def _settle_submission(article, *, as_it_was):
    """What was handed in when the article went to the trash is so again, or isn't any more."""
    submission = article.submissions.exclude(trashed_from="").first()
    if submission is None:
        return
    if as_it_was:
        submission.outcome = submission.trashed_from
        article.submission = submission
        article.save(update_fields=["submission"])
    submission.trashed_from = ""
    submission.save(update_fields=["outcome", "trashed_from"])


@in_one_transaction
def merge(article, into, *, by, retarget=False):
    """Lets another, public article take an article's place: its address, sections and references.

    The words of `into` stay as they are. A section finds the section of the same heading there.
    retarget: also makes the citing texts name `into` themselves.
    """
    require(rights.may_publish(by), _("You may not merge articles. Ask an editor to do it."))
    if article.pk == into.pk:
        raise PublishingError(_("An article can't be merged into itself."))
    citing = _citing([article.pk]) if retarget else set()
    locked = lock_all({article.pk, into.pk, *citing})
    article = locked[article.pk]
    refuse_trashed(article)
    whole = references.token_of(into)
    _target(whole, by=by)
    live = into.sections.filter(state=Section.State.LIVE).order_by("-position")
    anchors = {fold(section.heading): section.anchor for section in live}
    places = {
        section.anchor: RefToken("article", into.uid, anchors.get(fold(section.heading), ""))
        for section in article.sections.all()
    }
    change = _renaming({article.uid: lambda section: places.get(section, whole)})
    for pk in sorted(citing):
        _retarget(locked[pk], change, by=by)
    record("merged", by=by, article=article, detail=_("into “%(title)s”") % {"title": into})
    if article.state == Article.State.LIVE:
        _take_from_readers(article, Article.State.WITHDRAWN, by=by)
        follow_texts(article)
    # The sections first: what leads to one of them goes on to its new place.
    for anchor, place in places.items():
        if place.section:
            lead(article, anchor, place, by=by)
    lead(article, "", whole, by=by)
    raise_version()
    return article


@in_one_transaction
def remove(articles, how, *, by, lead_to=None, retarget_to=None):
    """Takes several articles away at once: all of them or none. Returns them as they are then.

    how: UNPUBLISH, TRASH or DELETE. What they cite of one another is no damage.
    """
    if how == UNPUBLISH:
        require(rights.may_publish(by), _("You may not unpublish. Ask an editor to do it."))
    elif how == DELETE:
        require(rights.may_erase(by), _("You may not delete articles. Ask who runs this site."))
    pks = list(dict.fromkeys(article.pk for article in articles))
    citing = _citing(pks) if retarget_to else set()
    named = {references.target_of(token) for token in (lead_to, retarget_to) if token}
    targets = {target.pk for target in named if isinstance(target, Article)}
    locked = lock_all({*pks, *citing, *targets})
    removed = [locked[pk] for pk in pks]
    for article in removed:
        if how == TRASH:
            _require_removal(article, by)
        _refuse_removal(article, how)
        if how == TRASH and not rights.may_publish(by):
            _refuse_planned(article)
    if lead_to or retarget_to:
        require(rights.may_publish(by), _("You may not set redirects. Ask an editor to do it."))
    for token in filter(None, (lead_to, retarget_to)):
        _target(token, by=by, but_not=removed)
    _lock_names(removed)
    change = _renaming({article.uid: lambda _section: retarget_to for article in removed})
    for pk in sorted(citing):
        _retarget(locked[pk], change, by=by)
    for article in removed:
        was_live = article.state == Article.State.LIVE
        # The audit keeps the title, which a deletion erases.
        record(_ACTS[how], by=by, article=article)
        _take_from_readers(article, _STATE_AFTER[how], by=by)
        if how == DELETE:
            _erase(article)
        follow_texts(article)
        if lead_to:
            lead(article, "", lead_to, by=by)
        elif was_live:
            # What it led to when it was away before; where it is away already, it leads on.
            Forward.objects.filter(article=article, section="").delete()
    raise_version()
    return removed


def _require_removal(article, by):
    require(rights.may_trash(by, article), _("You may not do this. Ask an editor to do it."))


def _refuse_removal(article, how):
    title = {"title": working_title(article)}
    if article.state == Article.State.DELETED:
        raise PublishingError(_("This article is deleted already."))
    if how == UNPUBLISH and article.state != Article.State.LIVE:
        raise PublishingError(_("“%(title)s” isn't live.") % title)
    if how == TRASH and article.state == Article.State.TRASHED:
        raise PublishingError(_("“%(title)s” is in the trash already.") % title)
    if how == DELETE and article.state != Article.State.TRASHED:
        raise PublishingError(
            _("“%(title)s” isn't in the trash. Only what is there can be deleted.") % title
        )


def _refuse_planned(article):
    """Refuses to call off by the way what an editor has planned."""
    if Schedule.objects.filter(article=article, outcome=Schedule.Outcome.PENDING).exists():
        raise PublishingError(
            _("“%(title)s” is scheduled. Ask an editor to call that off first.")
            % {"title": working_title(article)}
        )


def _lock_names(articles):
    """Locks all whose counts are going to change, in the one order that can't end in a circle."""
    for model, rows, column in (
        (Author, Byline.objects.filter(article__in=articles), "author"),
        (Tag, ArticleTag.objects.filter(content_object__in=articles), "tag"),
    ):
        named = model.objects.filter(pk__in=rows.order_by().values(column))
        list(named.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def _target(token, *, by, but_not=()):
    """What a token names, if readers may be led there."""
    target = references.target_of(token)
    if target is None:
        raise PublishingError(_("What you chose isn't here any more. Choose again."))
    if target in but_not:
        raise PublishingError(
            _("“%(title)s” is taken away itself. Choose something that stays.")
            % {"title": title_for(by, target)}
        )
    refuse_hidden(target, by=by)
    return target


def _take_from_readers(article, state, *, by):
    was_live = article.state == Article.State.LIVE
    if state == Article.State.TRASHED:
        article.trashed_from = article.state
        _clear_plans(article, by=by)
    article.state = state
    article.touched_at = timezone.now()
    article.save(update_fields=["state", "trashed_from", "submission", "touched_at"])
    if not was_live:
        return
    write_names(article, authors=[], tags=[])
    search.remove(article.pk)
    similar.remove(article.pk)
    words = _("Unpublished by hand before.")
    call_off(article, words, by=by, actions=[Schedule.Action.UNPUBLISH])


def _clear_plans(article, *, by):
    # What didn't come back the last time doesn't come back later either.
    Schedule.objects.filter(trashed_with=article).update(trashed_with=None)
    call_off(article, _("The article went to the trash."), by=by, trashed_with=article)
    Submission.objects.filter(article=article, outcome__in=OPEN_OUTCOMES).update(
        outcome=Submission.Outcome.CLOSED, trashed_from=F("outcome")
    )
    article.submission = None


def _erase(article):
    """Leaves of an article what keeps its addresses from being taken or dying."""
    article.title = article.standfirst = article.body = article.trashed_from = ""
    article.typeset = article.text = None
    article.related, article.relations = [], []
    article.lead_image = article.live_revision = None
    article.latest_revision = article.submission = None
    article.save()
    for rows in ("submissions", "comments", "assignments", "preview_links", "bundle_items"):
        getattr(article, rows).all().delete()
    article.schedules.all().delete()
    article.revisions.all().delete()
    article.sections.update(heading="", words="")
    for model in (Pick, MenuItem, Notification, Presence):
        model.objects.filter(article=article).delete()
    forget_words(article)


# Sections


@in_one_transaction
def forward_section(article, anchor, to, *, by):
    """Lets a section that leaves an article, or has left it, lead on to another place.

    to: the RefToken of something public. It counts from the moment on at which the section
    isn't in the live text.
    """
    require(rights.may_publish(by), _("You may not move sections. Ask an editor to do it."))
    goal = references.target_of(to)
    article = lock_all({article.pk} | ({goal.pk} if isinstance(goal, Article) else set()))[
        article.pk
    ]
    if not article.sections.filter(anchor=anchor).exists():
        raise PublishingError(_("This section isn't here any more."))
    if to.kind == "article" and to.uid == article.uid and to.section in {"", anchor}:
        raise PublishingError(_("A section can't lead to itself. Choose another place."))
    _target(to, by=by)
    lead(article, anchor, to, by=by)
    record("section_led", by=by, article=article, detail=f"#{anchor}")
    raise_version()


@in_one_transaction
def retarget_section(article, anchor, to, *, by):
    """Makes every text that cites a section, live ones and drafts, name another place instead.

    to: the RefToken of something public, or None to leave the words as plain text.
    """
    require(rights.may_publish(by), _("You may not change what readers see. Ask an editor."))
    if to is not None:
        _target(to, by=by)
    named = RefToken("article", article.uid, anchor)
    rows = Reference.objects.filter(target_article=article, section=anchor)
    citing = set(rows.exclude(source=article).order_by().values_list("source", flat=True))
    for source in lock_all(citing).values():
        _retarget(source, lambda token: to if token == named else token, by=by)
    raise_version()


@in_one_transaction
def move_section(article, anchor, to, *, by):
    """Moves a section from the newest draft of an article to the end of that of another.

    Readers see nothing of it until both are published; from then on the section's old
    address leads to the new one. Returns the anchor that the section has there.
    """
    require(rights.may_publish(by), _("You may not move sections. Ask an editor to do it."))
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
    note = _("A section moved from “%(title)s”") % {"title": _known(article)}
    words = asdict(Words.of(to.latest_revision))
    words["body"] += _without_ids_of(section, to)
    arrived = save_draft(to, Words(**words), by=by, note=note)
    note = _("A section moved to “%(title)s”") % {"title": _known(to)}
    words = asdict(Words.of(article.latest_revision)) | {"body": rest}
    save_draft(article, Words(**words), by=by, note=note)
    new = [h.anchor for h in structure(arrived.body).headings if h.anchor not in before]
    for old_anchor, new_anchor in zip(moved, new, strict=False):
        lead(article, old_anchor, RefToken("article", to.uid, new_anchor), by=by)
    detail = _("#%(section)s to “%(title)s”") % {"section": anchor, "title": _known(to)}
    record("section_moved", by=by, article=article, detail=detail)
    raise_version()
    return new[0] if new else ""


def _known(article):
    """What an article is called in the history of another one, which other people read."""
    return article.title if article.state == Article.State.LIVE else _("an unpublished article")


def _without_ids_of(section, article):
    """A section's HTML without the ids that mean something else in the article it comes to."""
    for anchor in article.sections.values_list("anchor", flat=True):
        section = section.replace(f' id="{anchor}"', "")
    return section


# Retargeting


@in_one_transaction
def retarget(source, change, *, by):
    """Makes the references of one article name other targets, in its live text and its draft.

    change(token) gives the token itself, another one, or None for plain words. What readers see
    is published as a minor change; a newer draft stays a draft. Returns whether anything changed.
    """
    source = lock_all([source.pk])[source.pk]
    require_change(by, source)
    refuse_trashed(source)
    if source.state == Article.State.LIVE:
        require(rights.may_publish(by), _("You may not change what readers see. Ask an editor."))
    is_changed = _retarget(source, change, by=by)
    if is_changed:
        raise_version()
    return is_changed


def _retarget(source, change, *, by):
    is_changed = rewrite(
        source,
        lambda words, _is_live: _with_references_changed(source, words, change),
        by=by,
        note=_("References changed"),
    )
    if is_changed:
        record("retargeted", by=by, article=source)
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
