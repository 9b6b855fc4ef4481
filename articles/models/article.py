from urllib.parse import quote

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from taggit.managers import TaggableManager

from articles.names import SLUG_MAX_LENGTH
from articles.querysets import ArticleQuerySet, BylineQuerySet
from irb_site.indexes import ListIndex
from irb_site.paths import path_to
from irb_site.uids import UID_LENGTH, new_uid

_ROUTES = {
    "article": "articles:detail",
    "page": "articles:page",
    "series": "articles:series_detail",
}


def address_of(kind, slug):
    """The path at which an article of a kind stands under a slug."""
    return path_to(_ROUTES[kind], slug)


def addresses_of(kind, slugs):
    """The same of many, which are too many to be remembered."""
    before, _slug, after = address_of(kind, "x").rpartition("x")
    return [f"{before}{quote(slug)}{after}" for slug in slugs]


class Article(models.Model):
    """One piece: its permanent identity and what readers see of it now.

    The readers' columns are empty until the first publish and are written by
    articles.publishing alone; an editor's words live in revisions.
    """

    class Kind(models.TextChoices):
        ARTICLE = "article", _("article")
        PAGE = "page", _("page")
        SERIES = "series", _("series")

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        LIVE = "live", _("live")
        WITHDRAWN = "withdrawn", _("withdrawn")
        TRASHED = "trashed", _("in the trash")
        # What is left is the identity and the addresses: nothing else may take them.
        DELETED = "deleted", _("deleted")

    uid = models.CharField(max_length=UID_LENGTH, unique=True, default=new_uid, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.ARTICLE)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    # When an editor last saved or published anything of it: the order of worklists.
    touched_at = models.DateTimeField()
    live_revision = models.ForeignKey(
        "Revision", on_delete=models.RESTRICT, null=True, related_name="+"
    )
    latest_revision = models.ForeignKey(
        "Revision", on_delete=models.RESTRICT, null=True, related_name="+"
    )

    # What was handed in and isn't sent back or out yet.
    submission = models.ForeignKey(
        "Submission", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    # What it was before it went to the trash, for whoever takes it out again.
    trashed_from = models.CharField(max_length=10, choices=State.choices, blank=True)

    # What readers see.
    language = models.CharField(max_length=10, choices=settings.LANGUAGES, default="en")
    slug = models.CharField(max_length=SLUG_MAX_LENGTH, null=True)
    title = models.CharField(max_length=200, blank=True)
    standfirst = models.TextField(blank=True)
    body = models.TextField(blank=True)
    lead_image = models.ForeignKey("Image", on_delete=models.PROTECT, null=True, related_name="+")
    related = models.JSONField(default=list)
    relations = models.JSONField(default=list)
    reading_minutes = models.PositiveSmallIntegerField(default=0)
    first_published_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(null=True)

    # The body made ready for readers, and its plain text (articles.typesetting). Empty where
    # nobody has made them yet: the database empties them when the body changes without them.
    # Last of all columns, so that SQLite reads what lists show before these long ones.
    typeset = models.TextField(null=True, editable=False)
    text = models.TextField(null=True, editable=False)

    authors = models.ManyToManyField("authors.Author", through="Byline", related_name="articles")
    tags = TaggableManager(through="articles.ArticleTag", blank=True, related_name="articles")

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        ordering = ["-first_published_at", "-id"]
        permissions = [("publish_article", "Can publish, schedule and unpublish")]
        constraints = [
            models.UniqueConstraint(fields=["kind", "slug"], name="article_slug_unique"),
            models.CheckConstraint(
                name="article_live_is_complete",
                condition=~Q(state="live")
                | (
                    Q(slug__isnull=False)
                    & ~Q(slug="")
                    & ~Q(title="")
                    & Q(live_revision__isnull=False)
                    & Q(first_published_at__isnull=False)
                    & Q(updated_at__isnull=False)
                ),
            ),
        ]
        indexes = [
            # Home, archive, feeds, sitemap, previous and next.
            models.Index(
                fields=["-first_published_at", "-id"],
                name="article_public_by_date",
                condition=Q(state="live", kind="article"),
            ),
            # The list of articles in the newsroom, and what was touched last.
            ListIndex(
                fields=["-touched_at", "-id", "state", "kind", "first_published_at"],
                beside=[
                    *("live_revision", "latest_revision", "created_by", "submission"),
                    *("title", "slug", "standfirst"),
                ],
                name="article_in_newsroom",
            ),
            # The editors' worklists: what has a draft that readers don't see, what is in a state.
            models.Index(
                fields=["-touched_at"],
                name="article_with_draft",
                condition=~Q(latest_revision=F("live_revision")),
            ),
            models.Index(
                fields=["submission"],
                name="article_handed_in",
                condition=Q(submission__isnull=False),
            ),
            # Without those that are live, which are nearly all: SQLite would take it for them, too.
            models.Index(
                fields=["state", "-touched_at"],
                name="article_not_live",
                condition=~Q(state="live"),
            ),
        ]

    def __str__(self):
        return self.title or f"({self.uid})"

    def get_absolute_url(self):
        return self.address_for(self.slug)

    def address_for(self, slug):
        """The path at which this article stands, or would stand, under a slug."""
        return address_of(self.kind, slug)

    @property
    def has_newer_draft(self):
        return self.latest_revision_id != self.live_revision_id


class Byline(models.Model):
    """An author's place on what readers see of an article."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="bylines")
    author = models.ForeignKey("authors.Author", on_delete=models.PROTECT, related_name="bylines")
    position = models.PositiveSmallIntegerField()
    # The article's first_published_at again, so that an author's list walks one index.
    published_at = models.DateTimeField()

    objects = BylineQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["article", "author"], name="byline_author_once"),
            models.UniqueConstraint(fields=["article", "position"], name="byline_position_once"),
        ]
        indexes = [
            models.Index(fields=["author", "-published_at", "-article"], name="byline_by_date")
        ]

    def __str__(self):
        return f"{self.position}. {self.author_id}"
