from django.db import models
from django.utils.translation import gettext_lazy as _
from taggit.models import ItemBase, TagBase

from articles.names import fold, make_slug
from irb_site.paths import path_to
from irb_site.uids import UID_LENGTH, new_uid


class TagQuerySet(models.QuerySet):
    def known(self):
        """Tags whose page answers: those that ever had a public article."""
        return self.filter(first_public_at__isnull=False)

    def listed(self):
        """Tags that stand in lists and sitemaps: those with a public article now."""
        return self.known().filter(article_count__gt=0)

    def choosable(self):
        """Tags that an editor may newly choose."""
        return self.filter(is_retired=False)


class Tag(TagBase):
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
    article_count = models.PositiveIntegerField(default=0, editable=False)
    first_public_at = models.DateTimeField(null=True, editable=False)

    objects = TagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="tag_key_not_empty", condition=~models.Q(key=""))
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

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=100)
    key = models.CharField(max_length=100, unique=True)

    class Meta:
        verbose_name = _("tag alias")
        verbose_name_plural = _("tag aliases")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="tagalias_key_not_empty", condition=~models.Q(key=""))
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
