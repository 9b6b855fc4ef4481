"""What the link-health desk keeps: paths that readers asked for in vain, and what can wait."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class MissingPath(models.Model):
    """A path of this site that readers asked for and that was not found."""

    path = models.CharField(_("path"), max_length=300, unique=True)
    hits = models.PositiveIntegerField(_("times"), default=1)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    # Where the last reader came from: host and path, nothing that says who it was.
    referrer = models.CharField(_("linked from"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("path not found")
        verbose_name_plural = _("paths not found")
        ordering = ["-hits", "-last_seen_at"]
        indexes = [models.Index(fields=["-hits", "-last_seen_at"], name="missingpath_by_hits")]

    def __str__(self):
        return self.path


class Snooze(models.Model):
    """A finding of the link-health desk that an editor has put off, and why."""

    kind = models.CharField(max_length=20)
    # What the finding is about; permanent, so that the snooze outlives edits.
    key = models.CharField(max_length=300)
    reason = models.CharField(_("reason"), max_length=200)
    # None: for good.
    until = models.DateTimeField(null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="snooze_once")]

    def __str__(self):
        return f"{self.kind} {self.key}"
