from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from irb_site.uids import UID_LENGTH, new_uid

# The sizes that articles.images makes of every picture, in pixels.
WIDTHS = (480, 960, 1600)
CARD_SIZE = (960, 540)
SMALL_CARD_SIZE = (480, 270)
SQUARE_SIZE = (256, 256)


class Image(models.Model):
    """A picture: what was uploaded, made safe, with its renditions beside it.

    Files are written once under a name that nobody can guess (articles.images), so a
    picture that only a draft shows isn't public, and a name can be cached for ever.
    """

    uid = models.CharField(max_length=UID_LENGTH, unique=True, default=new_uid, editable=False)
    file = models.FileField(max_length=200, editable=False)
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    alt = models.CharField(
        _("alternative text"),
        max_length=300,
        help_text=_("What the picture shows, for people who can't see it. One plain sentence."),
    )
    caption = models.CharField(_("caption"), max_length=400, blank=True)
    credit = models.CharField(
        _("credit"), max_length=200, blank=True, help_text=_("Who made it, as it is to be printed.")
    )
    focal_x = models.PositiveSmallIntegerField(
        _("focal point, from the left in %"),
        default=50,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text=_("What must stay in sight when the picture is cropped."),
    )
    focal_y = models.PositiveSmallIntegerField(
        _("focal point, from the top in %"),
        default=50,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    # SHA-256 of the uploaded bytes: the same file imported twice is one picture.
    digest = models.CharField(max_length=64, editable=False, db_index=True)
    original_name = models.CharField(max_length=200, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ["-created_at", "-id"]

    def __str__(self):
        return self.original_name or self.uid

    @property
    def url(self):
        return self.file.url

    def _rendition(self, label):
        return f"{self.url.removesuffix('.webp')}-{label}.webp"

    @property
    def src(self):
        """A rendition that suits most screens."""
        return self._rendition(960) if self.width > 960 else self.url

    @property
    def srcset(self):
        url = self.url
        stem = url.removesuffix(".webp")
        sizes = [f"{stem}-{width}.webp {width}w" for width in WIDTHS if width < self.width]
        return ", ".join([*sizes, f"{url} {self.width}w"])

    @property
    def card_src(self):
        return self._rendition("card")

    @property
    def card_srcset(self):
        stem = self.url.removesuffix(".webp")
        return f"{stem}-card480.webp 480w, {stem}-card.webp 960w"

    @property
    def square_src(self):
        return self._rendition("square")
