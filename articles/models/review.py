"""What colleagues say and ask of a draft before it is published."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Submission(models.Model):
    """A draft that was handed in, and what an editor decided about it."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("waiting for an editor")
        APPROVED = "approved", _("approved")
        SENT_BACK = "sent_back", _("sent back")
        PUBLISHED = "published", _("published")
        # Handed in anew, taken back, or the article left the desk.
        CLOSED = "closed", _("closed")

    article = models.ForeignKey("Article", on_delete=models.CASCADE, related_name="submissions")
    revision = models.ForeignKey("Revision", on_delete=models.RESTRICT, related_name="+")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    submitted_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    # Its outcome before the article went to the trash, for whoever takes it out as it was.
    trashed_from = models.CharField(max_length=10, choices=Outcome.choices, blank=True, default="")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    comment = models.TextField(blank=True)

    class Meta:
        ordering = ["-submitted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["article"],
                condition=Q(outcome__in=["waiting", "approved"]),
                name="submission_one_open",
            ),
        ]

    def __str__(self):
        return f"{self.article_id} {self.outcome}"


class Comment(models.Model):
    """A remark on an article or on a passage of it, or an answer to a remark.

    A passage is found by its section and its words: nothing in the text marks it. Where the words
    aren't there any more the remark stays, with the words that it was about.
    """

    article = models.ForeignKey("Article", on_delete=models.CASCADE, related_name="comments")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="replies")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField()
    # Empty once it is deleted: who has been answered leaves a place that says so.
    text = models.TextField(_("comment"), max_length=5000)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    # The anchor of the section; empty before the first heading.
    section = models.CharField(max_length=80, blank=True)
    quote = models.CharField(max_length=500, blank=True)
    # What stands before the quoted words, to tell places of the same words apart.
    before = models.CharField(max_length=100, blank=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["article", "at"], name="comment_by_article")]
        constraints = [
            models.CheckConstraint(
                name="comment_reply_has_no_passage",
                condition=Q(parent__isnull=True) | (Q(quote="") & Q(resolved_at__isnull=True)),
            ),
        ]

    def __str__(self):
        return self.text[:60]


class Assignment(models.Model):
    """Somebody's task on an article, until it is done."""

    article = models.ForeignKey("Article", on_delete=models.CASCADE, related_name="assignments")
    to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="assignments"
    )
    task = models.CharField(_("task"), max_length=200, blank=True)
    due_on = models.DateField(_("until"), null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["article", "to"], condition=Q(done_at=None), name="assignment_one_open"
            ),
        ]
        indexes = [
            models.Index(fields=["to"], name="assignment_open", condition=Q(done_at__isnull=True))
        ]

    def __str__(self):
        return f"{self.article_id} → {self.to_id}"


class Presence(models.Model):
    """Somebody has an article open in the form. Kept up by the form itself, forgotten in a day."""

    article = models.ForeignKey("Article", on_delete=models.CASCADE, related_name="presences")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()
    # When words last came from this form.
    wrote_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["article", "user"], name="presence_once"),
        ]

    def __str__(self):
        return f"{self.user_id} at {self.article_id}"
