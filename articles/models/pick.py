from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Pick(models.Model):
    """An editor's choice of an article for a place. A pick that isn't public is passed over."""

    class Place(models.TextChoices):
        HOME_LEAD = "home_lead", _("home: lead story")
        HOME_ROW = "home_row", _("home: picks")
        START_HERE = "start_here", _("home: start here")
        TAG_TOP = "tag_top", _("top of a tag")

    place = models.CharField(_("place"), max_length=10, choices=Place.choices)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    article = models.ForeignKey(
        "Article", verbose_name=_("article"), on_delete=models.CASCADE, related_name="picks"
    )
    tag = models.ForeignKey(
        "Tag",
        verbose_name=_("tag"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="picks",
        help_text=_("Only for “top of a tag”."),
    )

    class Meta:
        verbose_name = _("pick")
        verbose_name_plural = _("picks")
        ordering = ["place", "position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="pick_tag_fits_place",
                condition=Q(place="tag_top", tag__isnull=False)
                | (~Q(place="tag_top") & Q(tag__isnull=True)),
                violation_error_message=_("Choose a tag for “top of a tag”, and only for it."),
            ),
            models.UniqueConstraint(
                fields=["place", "article"],
                condition=Q(tag__isnull=True),
                name="pick_article_once",
                violation_error_message=_("This article is already picked for this place."),
            ),
            models.UniqueConstraint(
                fields=["tag", "article"],
                condition=Q(tag__isnull=False),
                name="pick_article_once_in_tag",
                violation_error_message=_("This article is already at the top of this tag."),
            ),
        ]

    def __str__(self):
        return self.get_place_display()
