"""Who did what, when: written by the verbs in their own transaction, read by the newsroom."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from articles.models import AuditEntry
from articles.names import is_visible
from irb_site.people import name_of

# Every act that is recorded, in the words of the audit.
ACTS = {
    "created": _("began"),
    "saved": _("saved a draft of"),
    "autosaved": _("worked on"),
    "restored": _("restored a version of"),
    "named": _("named a version of"),
    "published": _("published"),
    "unpublished": _("unpublished"),
    "scheduled": _("scheduled"),
    "unscheduled": _("called off the schedule of"),
    "failed": _("could not carry out the schedule of"),
    "dismissed": _("saw to the failed schedule of"),
    "submitted": _("handed in"),
    "approved": _("approved"),
    "sent_back": _("sent back"),
    "taken_back": _("took back"),
    "commented": _("commented on"),
    "comment_edited": _("edited a comment on"),
    "comment_deleted": _("deleted a comment on"),
    "resolved": _("resolved a comment on"),
    "reopened": _("reopened a comment on"),
    "assigned": _("assigned"),
    "finished": _("finished a task on"),
    "shared": _("made a preview link for"),
    "unshared": _("revoked a preview link of"),
    "trashed": _("moved to the trash"),
    "untrashed": _("took out of the trash"),
    "deleted": _("deleted for good"),
    "merged": _("merged"),
    "split": _("split"),
    "tagged": _("changed the tags of articles with"),
    "retagged": _("changed the tags of"),
    "undone": _("took back a change of"),
    "section_moved": _("moved a section of"),
    "section_led": _("led on a section of"),
    "retargeted": _("changed references of"),
    "path_led": _("set a redirect for"),
    "path_given_up": _("gave up"),
    "added": _("added"),
    "changed": _("changed"),
    "removed": _("removed"),
}

# Acts whose detail somebody has written in words of their own.
_IN_OWN_WORDS = (
    "saved",
    "named",
    "submitted",
    "approved",
    "sent_back",
    "commented",
    "comment_edited",
    "resolved",
    "reopened",
    "assigned",
    "finished",
    "shared",
    "unshared",
)


def record(act, *, by, article=None, thing=None, name="", detail=""):
    """Writes down an act, in the transaction of the act.

    by: a user, or None for the publication itself. article: what it was done to; or thing: any
    other model instance. name: what to call it where str() of it won't do.
    """
    entry(act, by=by, article=article, thing=thing, name=name, detail=detail).save()


def entry(act, *, by, article=None, thing=None, name="", detail=""):
    """What `record` writes down, unsaved."""
    if act not in ACTS:
        raise ValueError(f"{act!r} is no act of the audit")
    subject = article if article is not None else thing
    return AuditEntry(
        at=timezone.now(),
        by=by,
        by_name=name_of(by)[:200] if by is not None else "",
        act=act,
        object_kind=subject._meta.model_name,
        object_id=str(getattr(subject, "uid", None) or subject.pk or ""),
        object_name=(name or (_title(article) if article is not None else str(thing)))[:300],
        article=article,
        detail=str(detail),
    )


def forget_words(article):
    """Takes out what people wrote about an article, within the verb that deletes it for good.

    Who did what and when stays, and what the article was called.
    """
    AuditEntry.objects.filter(article=article, act__in=_IN_OWN_WORDS).update(detail="")


def _title(article):
    latest = article.latest_revision
    return next(filter(is_visible, (latest.title if latest else "", article.title)), "")


def who_of(entry):
    """Who did it, in words: the name that they had then."""
    return entry.by_name or _("The publication")


def what_of(entry):
    """What was done, in words that go before the name of the thing."""
    return ACTS.get(entry.act, entry.act)
