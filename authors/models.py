from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from irb_site.paths import path_to
from irb_site.standing import Standing, StandingQuerySet
from irb_site.uids import UID_LENGTH, new_uid


class Author(Standing, models.Model):
    """A person with a byline; needs no log-in. Never deleted, since drafts name authors; retired or
    merged instead.
    """

    uid = models.CharField(max_length=UID_LENGTH, unique=True, default=new_uid, editable=False)
    name = models.CharField(_("name"), max_length=120)
    slug = models.CharField(
        _("address"),
        max_length=120,
        unique=True,
        help_text=_("Last part of the address of the author's page. Old addresses lead here."),
    )
    role = models.CharField(
        _("role"),
        max_length=160,
        blank=True,
        help_text=_("Shown under the name: “Senior Analyst, Caspian and Transport”."),
    )
    short_bio = models.TextField(
        _("short biography"),
        blank=True,
        max_length=600,
        help_text=_("About two sentences, shown under every article."),
    )
    long_bio = models.TextField(
        _("long biography"),
        blank=True,
        help_text=_("Shown on the author's own page. A blank line starts a new paragraph."),
    )
    photo = models.ForeignKey(
        "articles.Image",
        verbose_name=_("photo"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Without one, the first letter of the name is shown."),
    )
    links = models.JSONField(_("links"), default=list, blank=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("log-in"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="author",
        help_text=_("Only if this person also logs in here."),
    )
    is_retired = models.BooleanField(
        _("retired"),
        default=False,
        help_text=_("Keeps the page and the bylines, and is no longer offered for new articles."),
    )
    article_count = models.PositiveIntegerField(default=0, editable=False)
    first_public_at = models.DateTimeField(null=True, editable=False)
    # The author that it leads to since it was merged, always one that stands for itself. Articles
    # keep the bylines under which they were written, so a merge touches none, and can be undone
    # exactly. The counts of one that stands for itself are those of all that it stands for.
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, editable=False, related_name="merged_authors"
    )
    # The one that an editor merged it into, which may itself be merged on by now.
    merged_with = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    # Another number whenever the articles of this author, or of one who is merged into it, are
    # others (articles.tag_sets).
    edition = models.PositiveBigIntegerField(default=0, editable=False)

    objects = StandingQuerySet.as_manager()

    class Meta:
        verbose_name = _("author")
        verbose_name_plural = _("authors")
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="author_merged_into_another",
                condition=Q(merged_into=None)
                | Q(merged_with__isnull=False) & ~Q(merged_into=F("id")) & ~Q(merged_with=F("id")),
            )
        ]
        indexes = [models.Index(fields=["name", "id"], name="author_by_name")]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return path_to("authors:detail", self.slug)

    @property
    def initial(self):
        return self.name[:1].upper()
