"""Drafts: nothing here changes what readers see."""

from dataclasses import asdict, replace
from datetime import timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from articles import directory, references, rights
from articles.audit import record
from articles.models import Article, Revision
from articles.publishing.base import (
    Conflict,
    PublishingError,
    Words,
    in_one_transaction,
    lock,
    prepared,
    refuse_trashed,
    require,
    require_change,
)
from articles.rendering import with_ids_given_before
from irb_site.people import name_of
from irb_site.uids import is_uid

# After such a pause an autosave begins a new version instead of overwriting the one before.
SITTING = timedelta(hours=1)
NAME_LENGTH = 100


@in_one_transaction
def create(words, *, by, kind=Article.Kind.ARTICLE, uid=None, note="", is_autosave=False):
    """A new article with its first draft.

    uid: its permanent id, where it is known before (an import, a form that was opened).
    """
    require(rights.may_write(by, kind), _("You may not write new articles. Ask an editor."))
    now = timezone.now()
    article = Article(kind=kind, created_by=by, touched_at=now, language=words.language)
    if uid:
        if not is_uid(uid):
            raise ValueError(f"{uid!r} is no uid")
        article.uid = uid
    article.save()
    references.adopt_dangling(article, "article")
    words = prepared(article, words)
    save_revision(article, words, by=by, note=note, now=now, is_sealed=not is_autosave)
    record("created", by=by, article=article)
    return article


@in_one_transaction
def save_draft(article, words, *, by, based_on=None, note=""):
    """Saves the words as the newest revision; readers see nothing of it. Returns the revision.

    based_on: the edition of the revision from which the words started, or None to save
    whatever is there. Saving what is already the newest state makes no new revision.
    Raises Conflict, NotAllowed.
    """
    return _save(article, words, by=by, based_on=based_on, note=note, is_sealed=True)


@in_one_transaction
def autosave(article, words, *, by, based_on):
    """Saves the words as they are while they are written. Returns the revision.

    A person's autosaves of one sitting overwrite each other, until a named save, a verb or another
    person's save. What was written in another window of theirs is kept as a version of its own.
    Raises Conflict, NotAllowed.
    """
    return _save(article, words, by=by, based_on=based_on, note="", is_sealed=False)


@in_one_transaction
def save_merged(article, words, *, by, based_on, own=None, note=""):
    """Saves what was made of two versions. Returns the revision.

    own: the words that its writer had before, where not all of them went into it: they become the
    version before, so that nothing is lost whatever was chosen. Raises Conflict, NotAllowed.
    """
    if own is not None:
        aside = _("Before two versions became one")
        kept = _save(article, own, by=by, based_on=based_on, note=aside, is_sealed=True)
        based_on = kept.edition
    return _save(article, words, by=by, based_on=based_on, note=note, is_sealed=True)


@in_one_transaction
def hold(article, *, by):
    """Keeps the newest version as it is, since `by` begins from it now. Returns that version.

    The next autosave of its writer makes a version of its own. So what both have begun from is
    there should their words have to be merged. Raises NotAllowed.
    """
    require_change(by, article)
    latest = lock(article).latest_revision
    if latest is not None and latest.by_id != by.pk:
        seal(latest)
    return latest


def _save(article, words, *, by, based_on, note, is_sealed):
    require_change(by, article)
    article = lock(article)
    refuse_trashed(article)
    latest = article.latest_revision
    if latest is not None and not latest.is_sealed and by is not None and latest.by_id == by.pk:
        # Their form may never have heard which ids the autosave before gave to its headings.
        words = replace(words, body=with_ids_given_before(words.body, latest.body))
    words = prepared(article, words)
    _refuse_conflict(article, words, by=by, based_on=based_on)
    return save_revision(
        article,
        words,
        by=by,
        note=note,
        now=timezone.now(),
        is_sealed=is_sealed,
        overwrites=latest is not None and latest.edition == based_on,
        act="saved" if is_sealed else "autosaved",
    )


def _refuse_conflict(article, words, *, by, based_on):
    latest = article.latest_revision
    if based_on is None or latest is None or latest.edition == based_on:
        return
    newer = article.revisions.filter(edition__gt=based_on)
    # One's own second window is no conflict; nor is having written the same.
    is_own = by is not None and not newer.exclude(by=by).exists()
    if is_own or Words.of(latest) == words:
        return
    base = article.revisions.filter(edition=based_on).first()
    raise Conflict(
        _("%(who)s saved this article at %(when)s, after you opened it. Your words are still here.")
        % {
            "who": name_of(latest.by),
            "when": date_format(timezone.localtime(latest.saved_at), "H:i"),
        },
        latest=latest,
        base=base,
        is_unchanged=base is not None and Words.of(base) == words,
    )


def save_revision(article, words, *, by, note, now, is_sealed=True, overwrites=False, act=""):
    """Makes the words the newest revision, within a verb.

    words: prepared. overwrites: they go on from the newest one, which they replace if it is an
    autosave of the same person. act: what the audit calls it, if that isn't written down elsewhere.
    """
    latest = article.latest_revision
    if latest is not None and Words.of(latest) == words:
        if is_sealed and not (latest.is_sealed and not note):
            _seal(latest, note)
            if act:
                record(act, by=by, article=article, detail=note)
        return latest
    is_same_sitting = (
        overwrites
        and not latest.is_sealed
        and by is not None
        and latest.by_id == by.pk
        # Either way: a clock that was put right must not make a sitting of many days.
        and abs(now - latest.saved_at) < SITTING
    )
    revision = latest if is_same_sitting else Revision(article=article, by=by, created_at=now)
    if not is_same_sitting:
        if latest is not None and not latest.is_sealed:
            _seal(latest)
        revision.number = latest.number + 1 if latest else 1
    for name, value in asdict(words).items():
        setattr(revision, name, value)
    revision.edition = latest.edition + 1 if latest else 1
    revision.saved_at = now
    revision.note = note or revision.note
    revision.is_sealed = is_sealed
    revision.save()
    article.latest_revision = revision
    article.touched_at = now
    article.save(update_fields=["latest_revision", "touched_at"])
    follow_texts(article)
    if act and (is_sealed or not is_same_sitting):
        record(act, by=by, article=article, detail=note)
    return revision


def _seal(revision, note=""):
    revision.is_sealed = True
    revision.note = note or revision.note
    revision.save(update_fields=["is_sealed", "note"])


def seal(revision):
    """Keeps a revision from being overwritten, within a verb that refers to it from now on."""
    if not revision.is_sealed:
        _seal(revision)


def follow_texts(article):
    """Makes everything that is derived from an article's texts and titles follow them."""
    references.follow_texts(article)
    directory.enter_article(article)


@in_one_transaction
def restore(article, revision, *, by):
    """Makes an older revision the newest draft. Readers see nothing of it until it is published."""
    if revision.article_id != article.pk:
        raise ValueError(f"revision {revision.pk} is not of article {article.pk}")
    require_change(by, article)
    article = lock(article)
    refuse_trashed(article)
    note = _("Restored from version %(number)s") % {"number": revision.number}
    # Read again: an autosave may have overwritten it since.
    words = prepared(article, Words.of(article.revisions.get(pk=revision.pk)))
    restored = save_revision(article, words, by=by, note=note, now=timezone.now())
    record("restored", by=by, article=article, detail=note)
    return restored


@in_one_transaction
def name_revision(article, revision, name, *, by):
    """Gives a revision a name by which colleagues find it in the history; "" takes it away."""
    if revision.article_id != article.pk:
        raise ValueError(f"revision {revision.pk} is not of article {article.pk}")
    require_change(by, article)
    article = lock(article)
    refuse_trashed(article)
    name = " ".join(name.split())
    if len(name) > NAME_LENGTH:
        raise PublishingError(_("A name has at most %(n)d characters.") % {"n": NAME_LENGTH})
    revision = article.revisions.get(pk=revision.pk)
    revision.name = name
    revision.is_sealed = True
    revision.save(update_fields=["name", "is_sealed"])
    detail = _("Version %(number)s: “%(name)s”") % {"number": revision.number, "name": name}
    record("named", by=by, article=article, detail=detail)
    return revision
