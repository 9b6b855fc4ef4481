"""Drafts: nothing here changes what readers see."""

from dataclasses import asdict

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from articles import directory, references
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
)


@in_one_transaction
def create(words, *, by, kind=Article.Kind.ARTICLE, uid=None, note=""):
    """A new article with its first draft."""
    require(by, "add_article", _("You may not write new articles. Ask an editor."))
    now = timezone.now()
    article = Article(kind=kind, created_by=by, touched_at=now, language=words.language)
    if uid:
        article.uid = uid
    article.save()
    references.adopt_dangling(article, "article")
    save_revision(article, words, by=by, note=note, now=now)
    return article


@in_one_transaction
def save_draft(article, words, *, by, based_on=None, note=""):
    """Saves the words as the newest revision; readers see nothing of it.

    based_on: the number of the revision from which the words started, or None to save
    whatever is there. Saving what is already the newest state makes no new revision.
    Raises Conflict, NotAllowed.
    """
    require(by, "change_article", _("You may not change this article. Ask an editor."))
    article = lock(article)
    refuse_trashed(article)
    latest = article.latest_revision
    if based_on is not None and latest is not None and latest.number != based_on:
        raise Conflict(
            _(
                "%(who)s saved this article at %(when)s, after you opened it. Your words are still"
                " here. Saving again puts them on top; the other version stays in the history."
            )
            % {
                "who": (latest.by and (latest.by.get_full_name() or latest.by.get_username()))
                or _("Somebody"),
                "when": date_format(timezone.localtime(latest.saved_at), "H:i"),
            }
        )
    return save_revision(article, words, by=by, note=note, now=timezone.now())


def save_revision(article, words, *, by, note, now):
    words = prepared(article, words)
    latest = article.latest_revision
    if latest is not None and Words.of(latest) == words:
        return latest
    revision = Revision.objects.create(
        article=article,
        number=latest.number + 1 if latest else 1,
        by=by,
        created_at=now,
        saved_at=now,
        note=note,
        **asdict(words),
    )
    article.latest_revision = revision
    article.touched_at = now
    article.save(update_fields=["latest_revision", "touched_at"])
    follow_texts(article)
    return revision


def follow_texts(article):
    """Makes everything that is derived from an article's texts and titles follow them."""
    references.follow_texts(article)
    directory.enter_article(article)


def restore(article, revision, *, by):
    """Makes an older revision the newest draft. Readers see nothing of it until it is published."""
    if revision.article_id != article.pk:
        raise ValueError(f"revision {revision.pk} is not of article {article.pk}")
    note = _("Restored from version %(number)s") % {"number": revision.number}
    return save_draft(article, Words.of(revision), by=by, note=note)


@in_one_transaction
def submit(article, *, by, note=""):
    """Hands the newest draft to the editors, who publish it or leave it; it is sealed.

    Who may publish does so without submitting. A newer draft doesn't change what was handed in.
    """
    require(by, "change_article", _("You may not change this article. Ask an editor."))
    article = lock(article)
    refuse_trashed(article)
    revision = article.latest_revision
    if revision is None or not revision.title:
        raise PublishingError(_("Give the article a title before you submit it."))
    if revision.pk == article.live_revision_id and article.state == Article.State.LIVE:
        raise PublishingError(_("There is nothing to submit: readers see the newest version."))
    Revision.objects.filter(pk=revision.pk).update(
        is_sealed=True, **({"note": note[:200]} if note else {})
    )
    article.submitted_revision = revision
    article.touched_at = timezone.now()
    article.save(update_fields=["submitted_revision", "touched_at"])
    return article
