"""Every rule of reading: who may see what, in which order, loaded for which page."""

from datetime import datetime

from django.db import models
from django.db.models import Prefetch
from django.utils import timezone


class ArticleQuerySet(models.QuerySet):
    def public(self):
        """What readers may see. The one home of this rule; it never looks at the clock."""
        return self.filter(state="live")

    def gone(self):
        """What readers could see once: its address says so, without its words."""
        return self.filter(
            state__in=["withdrawn", "trashed", "deleted"], first_published_at__isnull=False
        )

    def published_in(self, year, month=None):
        """First published in a year, or in a month of it, in the publication's time zone."""
        start = datetime(year, month or 1, 1)
        if month is None or month == 12:
            end = datetime(year + 1, 1, 1)
        else:
            end = datetime(year, month + 1, 1)
        return self.filter(
            first_published_at__gte=timezone.make_aware(start),
            first_published_at__lt=timezone.make_aware(end),
        )

    def articles(self):
        """Articles proper: what stands in lists, feeds and search."""
        return self.filter(kind="article")

    def pages(self):
        """Pages with an address of their own, such as the imprint."""
        return self.filter(kind="page")

    def series(self):
        """Series: pages that list their parts in order."""
        return self.filter(kind="series")

    def newest_first(self):
        return self.order_by("-first_published_at", "-id")

    def by(self, author):
        """An author's articles, newest first, along the byline index."""
        return self.filter(bylines__author=author).order_by(
            "-bylines__published_at", "-bylines__article_id"
        )

    def tagged(self, tag):
        """A tag's articles, newest first, along the tag index."""
        return self.filter(article_tags__tag=tag).order_by(
            "-article_tags__published_at", "-article_tags__content_object_id"
        )

    def for_cards(self):
        """With what a card in a list shows: three queries whatever the number of cards."""
        return (
            self.select_related("lead_image")
            .only(
                "uid",
                "kind",
                "language",
                "slug",
                "title",
                "standfirst",
                "reading_minutes",
                "first_published_at",
                "updated_at",
                "lead_image",
            )
            .prefetch_related(*self._names())
        )

    def for_page(self):
        """With what the article page shows of the article itself."""
        return self.select_related("lead_image").prefetch_related(*self._names())

    def _names(self):
        from_model = self.model._meta.get_field
        byline = from_model("bylines").related_model
        article_tag = from_model("article_tags").related_model
        return [
            Prefetch(
                "bylines",
                queryset=byline.objects.select_related("author", "author__photo").order_by(
                    "position"
                ),
            ),
            Prefetch(
                "article_tags",
                queryset=article_tag.objects.select_related("tag").order_by("position"),
            ),
        ]
