"""What authors and tags share: one can be merged into another, which stands for it from then on."""

from django.db import models
from django.db.models import Q


class StandingQuerySet(models.QuerySet):
    """Of a model with merged_into, first_public_at, article_count and is_retired."""

    def standing(self):
        """Those that stand for themselves; the others are merged into one of these."""
        return self.filter(merged_into=None)

    def known(self):
        """Those whose page answers: they ever had a public article."""
        return self.standing().filter(first_public_at__isnull=False)

    def reachable(self):
        """Those by which readers get to a page: their own, or that of what they are merged into."""
        own = Q(merged_into=None, first_public_at__isnull=False)
        return self.filter(own | Q(merged_into__first_public_at__isnull=False))

    def listed(self):
        """Those that stand in lists and sitemaps: they have a public article now."""
        return self.known().filter(article_count__gt=0)

    def choosable(self):
        """Those that an editor may newly choose."""
        return self.standing().filter(is_retired=False)


class Standing:
    """Mixin for such a model."""

    @property
    def standing(self):
        """What this one leads to: itself, unless it is merged into another."""
        return self if self.merged_into_id is None else self.merged_into

    def group(self):
        """The primary keys of this one and of those merged into it. One query."""
        merged = type(self).objects.filter(merged_into=self).order_by("pk")
        return (self.pk, *merged.values_list("pk", flat=True))
