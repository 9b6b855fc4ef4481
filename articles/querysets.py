"""Every rule of reading: who may see what, in which order, loaded for which page."""

from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone


class ArticleTagQuerySet(models.QuerySet):
    def of(self, tags):
        """One row for each article that carries any of the tags of a group."""
        if len(tags) == 1:
            return self.filter(tag=tags[0])
        before = self.model.objects.filter(
            content_object=OuterRef("content_object"), tag__in=tags, tag__lt=OuterRef("tag")
        )
        return self.filter(~Exists(before), tag__in=tags)


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
        """The articles of a tag and of what is merged into it, each once, newest first.

        Along the tag index, where nothing is merged into it.
        """
        rows = self.model._meta.get_field("article_tags").related_model.objects
        return self.filter(article_tags__in=rows.of(tag.group())).order_by(
            "-article_tags__published_at", "-article_tags__content_object_id"
        )
