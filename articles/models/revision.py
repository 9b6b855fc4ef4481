from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from articles.names import SLUG_MAX_LENGTH


class Revision(models.Model):
    """One saved state of everything an editor can change about an article.

    Immutable once sealed: an autosave is overwritten until then. Bylines are author uids, tags are
    names (new ones included), related links are {"article": uid}, maybe with a "section",
    {"author": uid}, {"tag": uid} or {"url": …, "title": …}, relations {"kind": "updates",
    "corrects" or "series", "article": uid, "section": anchor or "", "note": …}; all in reading
    order. A series names its parts; what updates or corrects another article names that one.
    """

    article = models.ForeignKey("Article", on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    # Rises with every save of the article, one that overwrites an autosave included.
    edition = models.PositiveIntegerField()
    language = models.CharField(
        _("language"), max_length=10, choices=settings.LANGUAGES, default="en"
    )
    title = models.CharField(_("title"), max_length=200, blank=True)
    slug = models.CharField(_("address"), max_length=SLUG_MAX_LENGTH, blank=True)
    standfirst = models.TextField(_("standfirst"), blank=True)
    body = models.TextField(_("text"), blank=True)
    lead_image = models.ForeignKey(
        "Image", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    bylines = models.JSONField(default=list)
    tags = models.JSONField(default=list)
    related = models.JSONField(default=list)
    relations = models.JSONField(default=list)

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    saved_at = models.DateTimeField()
    note = models.CharField(_("note"), max_length=200, blank=True)
    name = models.CharField(_("name"), max_length=100, blank=True)
    is_sealed = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("revision")
        verbose_name_plural = _("revisions")
        ordering = ["-number"]
        get_latest_by = "number"
        # What has been written since a tag was renamed.
        indexes = [models.Index(fields=["saved_at"], name="revision_by_saved_at")]
        constraints = [
            models.UniqueConstraint(fields=["article", "number"], name="revision_number_once"),
            models.UniqueConstraint(fields=["article", "edition"], name="revision_edition_once"),
            # An article has at most one revision that may still be overwritten.
            models.UniqueConstraint(
                fields=["article"], condition=Q(is_sealed=False), name="revision_one_unsealed"
            ),
        ]

    def __str__(self):
        return f"{self.title} ({self.number})"
