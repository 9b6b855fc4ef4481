"""Changes of an article's words that are the same for what readers see and for a newer draft."""

from django.utils import timezone

from articles.models import Article, Schedule, Submission
from articles.publishing.base import Words, prepared
from articles.publishing.plans import OPEN_OUTCOMES
from articles.publishing.release import show
from articles.publishing.writing import save_revision


def rewrite(article, change, *, by, note):
    """Changes the words of a locked article, within a verb; returns whether anything changed.

    change(words, is_live) gives the words as they are to be. What readers see is published as a
    minor change, from its own words; a newer draft stays a draft, and what was planned for it or
    handed in goes on with it.
    """
    is_live = article.state == Article.State.LIVE
    draft = article.latest_revision if article.has_newer_draft or not is_live else None
    is_changed = False
    if is_live:
        words = Words.of(article.live_revision)
        changed = change(words, True)
        if changed != words:
            is_changed = True
            now = timezone.now()
            revision = save_revision(article, prepared(article, changed), by=by, note=note, now=now)
            article = show(article, revision, by=by, minor=True, keep_plans=True)
    if draft is not None:
        words = Words.of(draft)
        changed = change(words, False)
        if is_changed or changed != words:
            is_changed = True
            now = timezone.now()
            newest = save_revision(article, prepared(article, changed), by=by, note=note, now=now)
            Schedule.objects.filter(revision=draft, outcome=Schedule.Outcome.PENDING).update(
                revision=newest
            )
            Submission.objects.filter(revision=draft, outcome__in=OPEN_OUTCOMES).update(
                revision=newest
            )
    return is_changed
