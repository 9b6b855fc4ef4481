from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Bundle(models.Model):
    """Articles that are published together: all of them or none."""

    name = models.CharField(_("name"), max_length=100)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    articles = models.ManyToManyField("Article", through="BundleItem", related_name="bundles")

    class Meta:
        verbose_name = _("bundle")
        verbose_name_plural = _("bundles")
        ordering = ["-created_at", "-pk"]

    def __str__(self):
        return self.name


class BundleItem(models.Model):
    bundle = models.ForeignKey(Bundle, on_delete=models.CASCADE, related_name="items")
    article = models.ForeignKey("Article", on_delete=models.CASCADE, related_name="bundle_items")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["bundle", "article"], name="bundleitem_article_once"),
            models.UniqueConstraint(fields=["bundle", "position"], name="bundleitem_place_once"),
        ]

    def __str__(self):
        return f"{self.position}. {self.article_id}"
