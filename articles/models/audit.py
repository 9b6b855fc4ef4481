from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """Who did what, when. Written in the transaction of the act; never deleted, and changed only
    when an article is deleted for good, with all that was written about it.

    Names stand in it as words, so that it can be read when who and what they named are gone.
    """

    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    by_name = models.CharField(max_length=200, blank=True)
    # A verb of articles.audit.ACTS.
    act = models.CharField(max_length=30)
    # The model's name, such as "article" or "tag".
    object_kind = models.CharField(max_length=30)
    object_id = models.CharField(max_length=40)
    object_name = models.CharField(max_length=300)
    article = models.ForeignKey(
        "Article", on_delete=models.PROTECT, null=True, related_name="audit_entries"
    )
    detail = models.TextField(blank=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit")
        ordering = ["-at", "-pk"]
        default_permissions = ["view"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_newest"),
            models.Index(fields=["article", "-at"], name="audit_of_article"),
            models.Index(fields=["by", "-at"], name="audit_by_whom"),
            models.Index(fields=["act", "-at"], name="audit_by_act"),
        ]

    def __str__(self):
        return f"{self.at:%Y-%m-%d %H:%M} {self.by_name} {self.act} {self.object_name}"
