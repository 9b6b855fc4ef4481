"""Every rule of reading: who may see what, in which order, loaded for which page."""

from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone


class _NamingQuerySet(models.QuerySet):
    """Rows that say of an article which author or tag it has, each in a column."""

    article = named = ""

    def of(self, group):
        """One row for each article that has any of a group."""
        if len(group) == 1:
            return self.filter(**{self.named: group[0]})
        before = self.model.objects.filter(
            **{
                self.article: OuterRef(self.article),
                f"{self.named}__in": group,
                f"{self.named}__lt": OuterRef(self.named),
            }
        )
        return self.filter(~Exists(before), **{f"{self.named}__in": group})


class BylineQuerySet(_NamingQuerySet):
    article, named = "article", "author"


class ArticleTagQuerySet(_NamingQuerySet):
    article, named = "content_object", "tag"


class ArticleQuerySet(models.QuerySet):
    def public(self):
        """What readers may see. The one home of this rule; it never looks at the clock."""
        return self.filter(state="live")

    def gone(self):
        """What readers could see once: its address says so, without its words."""
        return self.filter(
            state__in=["withdrawn", "trashed", "deleted"], first_published_at__isnull=False
        )

    def in_states(self, *states):
        """What is in one of some states other than live."""
        # SQLite doesn't see by itself that the index of what isn't live will do.
        return self.filter(~models.Q(state="live"), state__in=states)

    def with_a_draft(self):
        """What has newer words than those that are, or last were, public."""
        return self.filter(~models.Q(latest_revision=models.F("live_revision")))

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

    def naming(self, uids):
        """What has any of some authors, by their uids, among the bylines of its newest words."""
        named = Q()
        for uid in uids:
            named |= Q(latest_revision__bylines__icontains=uid)
        return self.filter(named) if named else self.none()

    def by(self, author):
        """The articles of an author and of those merged into it, each once, newest first.

        Along the byline index, where nobody is merged into it.
        """
        rows = self.model._meta.get_field("bylines").related_model.objects
        return self.filter(bylines__in=rows.of(author.group())).order_by(
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
