from django.db import models
from django.utils.translation import gettext_lazy as _


class SectionQuerySet(models.QuerySet):
    def former(self):
        """Sections that readers could link to and that no live text has now."""
        return self.filter(was_public=True).exclude(state="live")


class Section(models.Model):
    """A heading with a permanent id, unique in its article and never reused.

    A section of the live text shows the live heading; one that stands only in the newest
    draft shows the draft's; a retired one keeps its last heading, and its id stays taken.
    """

    class State(models.TextChoices):
        LIVE = "live", _("live")
        DRAFT = "draft", _("draft")
        RETIRED = "retired", _("retired")

    article = models.ForeignKey("Article", on_delete=models.CASCADE, related_name="sections")
    anchor = models.CharField(max_length=80)
    heading = models.CharField(max_length=300)
    level = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State.choices)
    # Its fragment may stand in somebody's bookmarks, so it goes on leading somewhere.
    was_public = models.BooleanField(default=False)
    # The folded words of the heading and of the article's title, by which it is looked up.
    words = models.TextField(blank=True)

    objects = SectionQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["article", "anchor"], name="section_anchor_once"),
            models.CheckConstraint(
                name="section_level_known", condition=models.Q(level__gte=2, level__lte=4)
            ),
        ]
        indexes = [models.Index(fields=["article", "state", "position"], name="section_in_order")]

    def __str__(self):
        return self.heading
