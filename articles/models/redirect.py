from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Redirect(models.Model):
    """A former path that leads to an object, never to another path; or is gone on purpose."""

    path = models.CharField(_("former path"), max_length=300, unique=True)
    article = models.ForeignKey(
        "Article", on_delete=models.CASCADE, null=True, blank=True, related_name="redirects"
    )
    author = models.ForeignKey(
        "authors.Author", on_delete=models.CASCADE, null=True, blank=True, related_name="redirects"
    )
    tag = models.ForeignKey(
        "Tag", on_delete=models.CASCADE, null=True, blank=True, related_name="redirects"
    )
    is_gone = models.BooleanField(_("gone"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("redirect")
        verbose_name_plural = _("redirects")
        ordering = ["path"]
        constraints = [
            models.CheckConstraint(
                name="redirect_one_target",
                condition=Q(
                    article__isnull=False, author__isnull=True, tag__isnull=True, is_gone=False
                )
                | Q(article__isnull=True, author__isnull=False, tag__isnull=True, is_gone=False)
                | Q(article__isnull=True, author__isnull=True, tag__isnull=False, is_gone=False)
                | Q(article__isnull=True, author__isnull=True, tag__isnull=True, is_gone=True),
            ),
            models.CheckConstraint(
                name="redirect_path_is_a_path", condition=Q(path__startswith="/")
            ),
        ]

    def __str__(self):
        return self.path

    @property
    def target(self):
        """The article, author or tag; None where the path is gone on purpose."""
        return self.article or self.author or self.tag
