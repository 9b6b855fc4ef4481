from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from taggit.models import ItemBase, TagBase

from articles.names import fold, make_slug
from articles.querysets import ArticleTagQuerySet
from irb_site.paths import path_to
from irb_site.standing import Standing, StandingQuerySet
from irb_site.uids import UID_LENGTH, new_uid


class Tag(Standing, TagBase):
    """A subject. Never deleted, since drafts name tags; it is retired or merged instead."""

    uid = models.CharField(max_length=UID_LENGTH, unique=True, default=new_uid, editable=False)
    key = models.CharField(max_length=100, unique=True, editable=False)
    description = models.TextField(
        _("description"),
        blank=True,
        help_text=_("One or two sentences at the top of the tag's page."),
    )
    is_retired = models.BooleanField(
        _("retired"),
        default=False,
        help_text=_("Keeps the page and the articles, and is no longer offered for new ones."),
    )
    image = models.ForeignKey(
        "Image",
        verbose_name=_("picture"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Shown at the top of the tag's page, and where the page is shared."),
    )
    article_count = models.PositiveIntegerField(default=0, editable=False)
    first_public_at = models.DateTimeField(null=True, editable=False)
    # The tag that it leads to since it was merged, always one that stands for itself. Articles
    # keep the rows of their own names, so a merge touches none, and can be undone exactly.
    # The counts of a tag that stands for itself are those of all that it stands for.
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, editable=False, related_name="merged_tags"
    )
    # Another number whenever the articles of this tag, or of what is merged into it, are others
    # (articles.tag_sets).
    edition = models.PositiveBigIntegerField(default=0, editable=False)

    objects = StandingQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="tag_key_not_empty", condition=~Q(key="")),
            models.CheckConstraint(
                name="tag_not_merged_into_itself",
                condition=Q(merged_into=None) | ~Q(merged_into=F("id")),
            ),
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        # Derived from the name in the one place that no writer can pass by.
        self.key = fold(self.name)
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return path_to("articles:tag", self.slug)

    def slugify(self, tag, i=None):
        slug = make_slug(tag, fallback="tag")
        return slug if i is None else f"{slug}-{i}"


class TagAlias(models.Model):
    """A name that leads to a tag.

    A tag's own name has a row too: so one unique column holds every name there is, and
    the database itself keeps an alias from being another tag's name.
    """

    class Kind(models.TextChoices):
        NAME = "name", _("the tag's own name")
        SYNONYM = "synonym", _("synonym")
        FORMER = "former", _("former name")
        SPELLING = "spelling", _("other spelling")
        LANGUAGE = "language", _("other language")

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=100)
    key = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.NAME)
    # Of a name in another language: its code, such as "fa".
    language = models.CharField(max_length=10, blank=True)

    class Meta:
        verbose_name = _("tag alias")
        verbose_name_plural = _("tag aliases")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="tagalias_key_not_empty", condition=~Q(key="")),
            models.CheckConstraint(
                name="tagalias_language_of_kind", condition=Q(language="") | Q(kind="language")
            ),
            models.UniqueConstraint(
                fields=["tag"], condition=Q(kind="name"), name="tagalias_one_own_name"
            ),
        ]

    def __str__(self):
        return self.name


class ArticleTag(ItemBase):
    """A tag on what readers see of an article."""

    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="article_tags")
    content_object = models.ForeignKey(
        "Article", on_delete=models.CASCADE, related_name="article_tags"
    )
    position = models.PositiveSmallIntegerField(default=0)
    # The article's first_published_at again, so that a tag's list walks one index.
    published_at = models.DateTimeField()

    objects = ArticleTagQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["content_object", "tag"], name="articletag_tag_once")
        ]
        indexes = [
            models.Index(
                fields=["tag", "-published_at", "-content_object"], name="articletag_by_date"
            )
        ]

    def __str__(self):
        return f"{self.content_object_id}: {self.tag_id}"


class TagChange(models.Model):
    """One act on tags, with what is needed to undo it."""

    class Act(models.TextChoices):
        CHANGED = "changed", _("changed")
        MERGED = "merged", _("merged")
        SPLIT = "split", _("split")
        TAGGED = "tagged", _("tagged articles")

    act = models.CharField(max_length=10, choices=Act.choices)
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="changes")
    # What it was merged into, or what its articles were given.
    other = models.ForeignKey(
        Tag, on_delete=models.PROTECT, null=True, related_name="changes_as_other"
    )
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    # In words, such as “Oil” → “Crude oil”.
    detail = models.TextField(blank=True)
    # As articles.publishing.tagging and .retagging write and read it.
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]
        default_permissions = []
        indexes = [
            models.Index(fields=["tag", "-id"], name="tagchange_of_tag"),
            models.Index(fields=["other", "-id"], name="tagchange_of_other"),
        ]

    def __str__(self):
        return self.detail
