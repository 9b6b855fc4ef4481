from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Schedule(models.Model):
    """What is to happen to an article at a time; the worker carries it out by the verbs.

    It names the revision that goes out: a later change of the draft doesn't change it.
    """

    class Action(models.TextChoices):
        PUBLISH = "publish", _("publish")
        UNPUBLISH = "unpublish", _("unpublish")

    class Outcome(models.TextChoices):
        PENDING = "pending", _("waiting")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    article = models.ForeignKey("Article", on_delete=models.CASCADE, related_name="schedules")
    action = models.CharField(max_length=10, choices=Action.choices)
    revision = models.ForeignKey("Revision", on_delete=models.RESTRICT, null=True, related_name="+")
    # Those of one bundle are carried out together or not at all.
    bundle = models.ForeignKey(
        "Bundle", on_delete=models.RESTRICT, null=True, related_name="schedules"
    )
    due_at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.PENDING)
    finished_at = models.DateTimeField(null=True)
    message = models.TextField(blank=True)
    # The article whose move to the trash has called it off: the way back brings it back, too.
    trashed_with = models.ForeignKey(
        "Article", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    # When somebody has seen to it that it failed.
    dismissed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        ordering = ["due_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="schedule_revision_fits_action",
                condition=Q(action="publish", revision__isnull=False)
                | Q(action="unpublish", revision__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["article", "action"],
                condition=Q(outcome="pending"),
                name="schedule_one_pending",
            ),
        ]
        indexes = [
            # The worker asks for these every second.
            models.Index(fields=["due_at"], name="schedule_due", condition=Q(outcome="pending")),
            models.Index(
                fields=["finished_at"],
                name="schedule_failed",
                condition=Q(outcome="failed", dismissed_at__isnull=True),
            ),
        ]

    def __str__(self):
        return f"{self.action} {self.due_at:%Y-%m-%d %H:%M}"
