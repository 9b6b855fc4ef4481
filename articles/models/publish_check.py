from django.db import models
from django.utils.translation import gettext_lazy as _


class PublishCheck(models.Model):
    """How strictly something is looked at before an article goes out (articles.publish_checks)."""

    class Level(models.TextChoices):
        OFF = "off", _("off")
        WARNING = "warning", _("warning")
        STOP = "stop", _("stop")

    key = models.CharField(max_length=30, primary_key=True)
    level = models.CharField(_("level"), max_length=10, choices=Level.choices)

    class Meta:
        verbose_name = _("publish check")
        verbose_name_plural = _("publish checks")
        default_permissions = ["view", "change"]
        ordering = ["key"]

    def __str__(self):
        return self.key
