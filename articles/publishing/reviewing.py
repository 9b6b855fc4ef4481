"""What colleagues hand in, decide, say and ask. None of it changes what readers see."""

import re

from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.translation import gettext as _

from articles import notifications, rights
from articles.audit import record
from articles.models import Article, Assignment, Comment, Submission
from articles.names import is_visible
from articles.publishing.base import (
    PublishingError,
    in_one_transaction,
    lock,
    refuse_trashed,
    require,
    require_change,
)
from articles.publishing.plans import OPEN_OUTCOMES
from articles.publishing.writing import seal
from articles.rendering import without_control_characters
from irb_site.people import name_of

COMMENT_LENGTH = 5000
# Of the words that a comment is about, and of what stands before them.
QUOTE_LENGTH, BEFORE_LENGTH = 500, 100
TASK_LENGTH = 200
_MENTION = re.compile(r"(?<![\w@])@([\w.@+-]+)")


@in_one_transaction
def submit(article, *, by, note=""):
    """Hands the newest draft to the editors, who approve, publish or send it back; it is sealed.

    A newer draft doesn't change what was handed in; handing in again does.
    """
    require_change(by, article)
    note = _line(note)
    article = lock(article)
    refuse_trashed(article)
    revision = article.latest_revision
    if revision is None or not is_visible(revision.title):
        raise PublishingError(_("Give the article a title before you submit it."))
    if revision.pk == article.live_revision_id and article.state == Article.State.LIVE:
        raise PublishingError(_("There is nothing to submit: readers see the newest version."))
    seal(revision)
    open_ones = Submission.objects.filter(article=article, outcome__in=OPEN_OUTCOMES)
    open_ones.update(outcome=Submission.Outcome.CLOSED)
    article.submission = Submission.objects.create(
        article=article, revision=revision, by=by, submitted_at=timezone.now(), note=note[:200]
    )
    _touch(article)
    record("submitted", by=by, article=article, detail=note)
    notifications.tell(
        notifications.editors(),
        _("%(who)s handed in “%(title)s”") % {"who": name_of(by), "title": revision.title},
        by=by,
        article=article,
        text=note,
    )
    return article


@in_one_transaction
def approve(article, *, by, comment="", submission_id=None):
    """Says that what was handed in may go out as it is; it waits to be published.

    submission_id: of the Submission that was looked at; another one is refused.
    """
    return _decide(article, Submission.Outcome.APPROVED, by, comment, submission_id)


@in_one_transaction
def send_back(article, *, by, comment, submission_id=None):
    """Gives what was handed in back to its writer, with a comment that says what is to be done.

    submission_id: as in approve.
    """
    if not _text(comment):
        raise PublishingError(_("Say in a comment what is to be done before it can go out."))
    return _decide(article, Submission.Outcome.SENT_BACK, by, comment, submission_id)


def _decide(article, outcome, by, comment, submission_id):
    require(rights.may_publish(by), _("You may not decide about this. Ask an editor."))
    comment = _text(comment)
    _refuse_long(comment)
    article = lock(article)
    refuse_trashed(article)
    submission = article.submission
    if submission is None:
        raise PublishingError(_("Nothing of this article is handed in."))
    if submission_id not in (None, submission.pk):
        raise PublishingError(
            _("It was handed in anew after you opened this page. Look at the newer version first.")
        )
    submission.outcome = outcome
    submission.decided_by, submission.decided_at = by, timezone.now()
    submission.comment = comment
    submission.save()
    is_approval = outcome == Submission.Outcome.APPROVED
    if not is_approval:
        article.submission = None
    _touch(article)
    record("approved" if is_approval else "sent_back", by=by, article=article, detail=comment)
    words = _("%(who)s approved “%(title)s”") if is_approval else _("%(who)s sent back “%(title)s”")
    notifications.tell(
        [submission.by, article.created_by],
        words % {"who": name_of(by), "title": submission.revision.title},
        by=by,
        article=article,
        text=comment,
    )
    return article


@in_one_transaction
def take_back(article, *, by):
    """Takes back what was handed in, so that it can be worked on before anybody decides."""
    require_change(by, article)
    article = lock(article)
    if article.submission is None:
        raise PublishingError(_("Nothing of this article is handed in."))
    article.submission.outcome = Submission.Outcome.CLOSED
    article.submission.save(update_fields=["outcome"])
    article.submission = None
    _touch(article)
    record("taken_back", by=by, article=article)
    return article


def _touch(article):
    article.touched_at = timezone.now()
    article.save(update_fields=["submission", "touched_at"])


def _text(text):
    """What somebody wrote in lines of their own, without what no database keeps."""
    return without_control_characters(text.replace("\r\n", "\n")).strip()


def _line(text):
    return " ".join(without_control_characters(text).split())


def _refuse_long(comment):
    if len(comment) > COMMENT_LENGTH:
        raise PublishingError(
            _("A comment has at most %(n)d characters. Make two of it.") % {"n": COMMENT_LENGTH}
        )


# Comments


@in_one_transaction
def comment(article, text, *, by, parent=None, section="", quote="", before=""):
    """A remark on an article, on a passage of it (see Comment), or an answer to a remark.

    Whoever sees the article may comment on it. “@name” tells that member of the newsroom.
    """
    require(rights.may_see(by, article), _("You may not see this article."))
    text, section, quote = _text(text), _line(section), _line(quote)
    if not text:
        raise PublishingError(_("Write a comment first."))
    _refuse_long(text)
    article = lock(article)
    refuse_trashed(article)
    if parent is not None:
        if parent.article_id != article.pk:
            raise ValueError(f"comment {parent.pk} is not of article {article.pk}")
        # Read again: somebody may have resolved or deleted it since.
        parents = Comment.objects.select_related("by")
        parent = parents.filter(pk=parent.parent_id or parent.pk).first()
        if parent is None:
            raise PublishingError(_("The comment that you answer isn't here any more."))
        section = quote = before = ""
        if parent.resolved_at:
            _set_resolved(parent, None)
    remark = Comment.objects.create(
        article=article,
        parent=parent,
        by=by,
        at=timezone.now(),
        text=text,
        section=section[:80],
        quote=quote[:QUOTE_LENGTH].strip(),
        before=_line(before)[-BEFORE_LENGTH:] if quote else "",
    )
    record("commented", by=by, article=article, detail=text[:300])
    _tell(article, remark, _concerned(article, parent, text), by=by)
    return remark


@in_one_transaction
def edit_comment(remark, text, *, by):
    """Lets the writer of a comment or an answer put it in other words; it says so.

    Who is named in it for the first time is told.
    """
    text = _text(text)
    if not text:
        raise PublishingError(_("Write something, or delete the comment."))
    _refuse_long(text)
    article, remark = _own_comment(remark, by)
    if remark.text == text:
        return remark
    before, remark.text = remark.text, text
    remark.edited_at = timezone.now()
    remark.save(update_fields=["text", "edited_at"])
    notifications.reword(article, _told(remark, before), _told(remark, text))
    record("comment_edited", by=by, article=article, detail=text[:300])
    known = {user.pk for user in _named(before)}
    _tell(article, remark, [user for user in _named(text) if user.pk not in known], by=by)
    return remark


@in_one_transaction
def delete_comment(remark, *, by):
    """Lets the writer of a comment or an answer take it back.

    What somebody has answered stays as a place without words, as long as there is an answer.
    """
    article, remark = _own_comment(remark, by)
    notifications.reword(article, _told(remark, remark.text), None)
    record("comment_deleted", by=by, article=article)
    if remark.replies.exists():
        remark.text, remark.deleted_at = "", timezone.now()
        remark.save(update_fields=["text", "deleted_at"])
        return
    parent = remark.parent
    remark.delete()
    if parent is not None and parent.deleted_at and not parent.replies.exists():
        parent.delete()


def _own_comment(remark, by):
    """The article, locked, and the comment as it is now, which is the user's own."""
    require(rights.may_see(by, remark.article), _("You may not see this article."))
    require(
        by is None or remark.by_id == by.pk,
        _("Only who wrote a comment can change it. Answer it instead."),
    )
    article = lock(remark.article)
    refuse_trashed(article)
    remark = article.comments.select_related("parent").filter(pk=remark.pk).first()
    if remark is None or remark.deleted_at:
        raise PublishingError(_("This comment isn't here any more."))
    return article, remark


def _told(remark, text):
    """What news and mail say of a comment."""
    return f"“{remark.quote}”\n\n{text}" if remark.quote else text


def _tell(article, remark, people, *, by):
    title = article.latest_revision.title if article.latest_revision else article.title
    notifications.tell(
        people,
        _("%(who)s commented on “%(title)s”") % {"who": name_of(by), "title": title},
        by=by,
        article=article,
        text=_told(remark, remark.text),
        path=f"{notifications.form_of(article)}#comment-{remark.parent_id or remark.pk}",
    )


def _concerned(article, parent, text):
    """Who is told of a comment: the writer, whose task it is, who is in the talk, who is named."""
    people = [article.created_by]
    people += [one.to for one in article.assignments.filter(done_at=None).select_related("to")]
    if parent is not None:
        people += [parent.by, *(one.by for one in parent.replies.select_related("by"))]
    return people + _named(text)


def _named(text):
    """The members of the newsroom whom a text names by “@name”, whatever the case."""
    names = {name.casefold() for name in _MENTION.findall(text)}
    # The name at the end of a sentence has its full stop; some names have one of their own.
    names |= {name.rstrip(".") for name in names}
    if not names:
        return []
    # Not asked of the database: SQLite knows the case of plain letters only.
    staff = get_user_model().objects.filter(is_staff=True).order_by("pk")
    return [user for user in staff if user.get_username().casefold() in names]


@in_one_transaction
def resolve(remark, *, by):
    """Marks a remark as dealt with; an answer opens it again."""
    _resolve(remark, by, "resolved")


@in_one_transaction
def reopen(remark, *, by):
    """Makes a remark that was dealt with an open one."""
    _resolve(remark, by, "reopened")


def _resolve(remark, by, act):
    require(rights.may_see(by, remark.article), _("You may not see this article."))
    if remark.parent_id is not None:
        raise ValueError("an answer can't be resolved; the remark that it answers can")
    article = lock(remark.article)
    refuse_trashed(article)
    remark = Comment.objects.filter(pk=remark.pk).first()
    if remark is None:
        raise PublishingError(_("This comment isn't here any more."))
    if (remark.resolved_at is not None) == (act == "resolved"):
        return
    _set_resolved(remark, by if act == "resolved" else None, is_resolved=act == "resolved")
    record(act, by=by, article=article, detail=remark.text[:300])


def _set_resolved(remark, by, *, is_resolved=False):
    remark.resolved_at = timezone.now() if is_resolved else None
    remark.resolved_by = by
    remark.save(update_fields=["resolved_at", "resolved_by"])


# Tasks


@in_one_transaction
def assign(article, to, *, by, task="", due_on=None):
    """Gives somebody a task on an article; until it is done, they may see and change it.

    A task that the same person has on it already is replaced. Returns the Assignment.
    """
    require(rights.may_publish(by), _("You may not assign articles. Ask an editor."))
    if not (to.is_active and to.is_staff):
        raise PublishingError(_("%(who)s has no open account here.") % {"who": name_of(to)})
    if article.kind != Article.Kind.ARTICLE and not rights.sees_all(to):
        raise PublishingError(_("%(who)s may work on articles only.") % {"who": name_of(to)})
    task = _line(task)[:TASK_LENGTH]
    article = lock(article)
    refuse_trashed(article)
    Assignment.objects.filter(article=article, to=to, done_at=None).delete()
    assignment = Assignment.objects.create(
        article=article, to=to, task=task, due_on=due_on, by=by, at=timezone.now()
    )
    detail = f"{name_of(to)}: {task}" if task else name_of(to)
    record("assigned", by=by, article=article, detail=detail)
    title = article.latest_revision.title if article.latest_revision else article.title
    notifications.tell(
        [to],
        _("%(who)s assigned “%(title)s” to you") % {"who": name_of(by), "title": title},
        by=by,
        article=article,
        text=task,
    )
    return assignment


@in_one_transaction
def finish(assignment, *, by):
    """Marks a task as done: by whom it was given to, or by an editor."""
    is_own = by is not None and by.pk == assignment.to_id
    require(is_own or rights.may_publish(by), _("This is somebody else's task. Ask an editor."))
    held = Assignment.objects.select_for_update(of=("self",))
    held = held.select_related("article__latest_revision", "by").filter(pk=assignment.pk)
    assignment = held.first()
    if assignment is None:
        raise PublishingError(_("This task isn't here any more. Reload the page."))
    if assignment.done_at is not None:
        return
    assignment.done_at = timezone.now()
    assignment.save(update_fields=["done_at"])
    record("finished", by=by, article=assignment.article, detail=assignment.task)
    title = assignment.article.latest_revision.title if assignment.article.latest_revision else ""
    notifications.tell(
        [assignment.by],
        _("%(who)s finished a task on “%(title)s”") % {"who": name_of(by), "title": title},
        by=by,
        article=assignment.article,
        text=assignment.task,
    )
