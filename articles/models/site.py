"""What belongs to the publication as a whole."""

from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ContentVersion(models.Model):
    """One row that changes with everything readers can see.

    Written last in the transaction of the change. The token keeps a number that a
    rollback or a restored backup brings back from being taken for the same content.
    """

    number = models.PositiveBigIntegerField(default=1)
    token = models.CharField(max_length=16)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="contentversion_one_row", condition=Q(pk=1))]

    def __str__(self):
        return f"{self.number}-{self.token}"


class SiteSettings(models.Model):
    """The publication's own words. One row."""

    name = models.CharField(_("name of the publication"), max_length=100)
    tagline = models.CharField(
        _("tagline"), max_length=200, blank=True, help_text=_("One line, shown under the name.")
    )
    description = models.TextField(
        _("description"),
        max_length=300,
        blank=True,
        help_text=_("Two sentences for search engines, feeds and shared links."),
    )
    logo = models.ForeignKey(
        "Image",
        verbose_name=_("logo"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("A small square picture that stands before the name."),
    )
    footer = models.TextField(
        _("footer"), blank=True, help_text=_("Shown at the foot of every page. Plain text.")
    )
    corrections_email = models.EmailField(
        _("address for corrections"),
        blank=True,
        help_text=_("Readers report errors to it. Shown under every article."),
    )

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publication")
        constraints = [models.CheckConstraint(name="sitesettings_one_row", condition=Q(pk=1))]

    def __str__(self):
        return self.name


class MenuItem(models.Model):
    """An entry of the menu or the footer. One whose target isn't public isn't shown."""

    class Place(models.TextChoices):
        HEADER = "header", _("menu")
        FOOTER = "footer", _("footer")

    place = models.CharField(_("place"), max_length=10, choices=Place.choices)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    label = models.CharField(_("words"), max_length=60)
    article = models.ForeignKey(
        "Article",
        verbose_name=_("article or page"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
    )
    tag = models.ForeignKey(
        "Tag",
        verbose_name=_("tag"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
    )
    address = models.CharField(
        _("address"),
        max_length=300,
        blank=True,
        help_text=_("A list of this site such as /tags/, or an outside address with https://."),
    )

    class Meta:
        verbose_name = _("menu entry")
        verbose_name_plural = _("menu entries")
        ordering = ["place", "position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="menuitem_one_target",
                condition=Q(article__isnull=False, tag__isnull=True, address="")
                | Q(article__isnull=True, tag__isnull=False, address="")
                | (Q(article__isnull=True, tag__isnull=True) & ~Q(address="")),
                violation_error_message=_(
                    "Give one target: an article or page, a tag, or an address."
                ),
            )
        ]

    def __str__(self):
        return self.label

    def clean(self):
        if self.address and not (self.address.startswith("/") and self.address[1:2] != "/"):
            URLValidator(schemes=["https", "http"])(self.address)
