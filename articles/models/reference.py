from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from articles.querysets import ReferenceQuerySet


class Reference(models.Model):
    """A cross-reference as data: source article → article, section of one, author or tag.

    Rows follow the text in the transaction that saves it. The draft set exists only while
    an article has a revision newer than what readers see (or was never public).
    target_uid is what the text says; the foreign key is set while such a target exists.
    """

    class Set(models.TextChoices):
        LIVE = "live", _("live")
        DRAFT = "draft", _("draft")

    class Kind(models.TextChoices):
        INLINE = "inline", _("in the text")
        RELATED = "related", _("related link")
        UPDATES = "updates", _("update")
        CORRECTS = "corrects", _("correction")
        # From a series to its parts, in order.
        SERIES = "series", _("part of a series")

    class Target(models.TextChoices):
        ARTICLE = "article", _("article")
        AUTHOR = "author", _("author")
        TAG = "tag", _("tag")

    source = models.ForeignKey("Article", on_delete=models.CASCADE, related_name="references")
    set = models.CharField(max_length=5, choices=Set.choices)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    position = models.PositiveIntegerField()
    words = models.CharField(max_length=300, blank=True)
    # The sentence around the words; of an update or a correction, what it says of itself.
    sentence = models.TextField(blank=True)
    # Where in the sentence the words begin, which may stand in it more than once.
    words_at = models.PositiveIntegerField(default=0)
    # The source's first_published_at again, in the live set, so that "cited by" walks one index.
    published_at = models.DateTimeField(null=True)
    # A source that cites a target several times in one way stands once in "cited by".
    is_first = models.BooleanField(default=True)
    target_kind = models.CharField(max_length=10, choices=Target.choices)
    target_uid = models.CharField(max_length=16)
    section = models.CharField(max_length=80, blank=True)
    target_article = models.ForeignKey(
        "Article", on_delete=models.PROTECT, null=True, related_name="incoming"
    )
    target_author = models.ForeignKey(
        "authors.Author", on_delete=models.PROTECT, null=True, related_name="incoming"
    )
    target_tag = models.ForeignKey(
        "Tag", on_delete=models.PROTECT, null=True, related_name="incoming"
    )

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        ordering = ["source", "set", "kind", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "set", "kind", "position"], name="reference_place_once"
            ),
            models.CheckConstraint(
                name="reference_target_fits_kind",
                condition=(Q(target_article__isnull=True) | Q(target_kind="article"))
                & (Q(target_author__isnull=True) | Q(target_kind="author"))
                & (Q(target_tag__isnull=True) | Q(target_kind="tag")),
            ),
            models.CheckConstraint(
                name="reference_section_of_article",
                condition=Q(section="") | Q(target_kind="article"),
            ),
        ]
        indexes = [
            # Who is affected by a removal, and the incoming count of the article list.
            models.Index(fields=["target_article", "set", "source"], name="reference_incoming"),
            # "Cited by", newest first.
            *(
                models.Index(
                    fields=[f"target_{kind}", "kind", "-published_at", "-source"],
                    name=f"reference_cites_{kind}",
                    # Without those that cite something else, which are most of them: a database
                    # that thinks them many looks through all articles instead.
                    condition=Q(set="live", is_first=True, **{f"target_{kind}__isnull": False}),
                )
                for kind in ("article", "author", "tag")
            ),
            # Live references to sections: the link-health desk asks whether those are there.
            models.Index(
                fields=["target_article", "section"],
                name="reference_to_section",
                condition=Q(set="live") & ~Q(section=""),
            ),
            # References to something that doesn't exist yet find it when it comes.
            models.Index(
                fields=["target_uid"],
                name="reference_dangling",
                condition=Q(
                    target_article__isnull=True, target_author__isnull=True, target_tag__isnull=True
                ),
            ),
        ]

    def __str__(self):
        section = f"#{self.section}" if self.section else ""
        return f"{self.target_kind}:{self.target_uid}{section}"

    @property
    def target(self):
        """The article, author or tag; None where there is none of this uid."""
        return self.target_article or self.target_author or self.target_tag
