from django.conf import settings
from django.db import models
from django.db.models import F, Q

_TARGETS = ("article", "author", "tag")


def _only(kind):
    return Q(**{f"target_{other}__isnull": other != kind for other in _TARGETS})


class Forward(models.Model):
    """Where readers are led who look for an article or a section that isn't public any more.

    It rests while what it stands for is public. It never leads to another forward: when its
    target moves on, it is made to lead there directly (articles.publishing).
    """

    article = models.ForeignKey("Article", on_delete=models.CASCADE, related_name="forwards")
    # Empty: the article as a whole.
    section = models.CharField(max_length=80, blank=True)
    target_article = models.ForeignKey(
        "Article", on_delete=models.PROTECT, null=True, related_name="forwarded_here"
    )
    target_author = models.ForeignKey(
        "authors.Author", on_delete=models.PROTECT, null=True, related_name="forwarded_here"
    )
    target_tag = models.ForeignKey(
        "Tag", on_delete=models.PROTECT, null=True, related_name="forwarded_here"
    )
    target_section = models.CharField(max_length=80, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["article", "section"]
        constraints = [
            models.UniqueConstraint(fields=["article", "section"], name="forward_once"),
            models.CheckConstraint(
                name="forward_one_target",
                condition=_only("article") | _only("author") | _only("tag"),
            ),
            models.CheckConstraint(
                name="forward_section_of_article",
                condition=Q(target_section="") | Q(target_article__isnull=False),
            ),
            models.CheckConstraint(
                name="forward_not_to_itself",
                condition=Q(target_article__isnull=True)
                | ~Q(target_article=F("article"))
                | (~Q(section="") & ~Q(target_section=F("section"))),
            ),
        ]

    def __str__(self):
        return f"{self.article_id}#{self.section}"

    @property
    def target(self):
        return self.target_article or self.target_author or self.target_tag
