from django.db import models
from django.db.models import Q


class Name(models.Model):
    """A name by which editors find an article, author or tag, and by which texts mention it.

    Titles that readers know or knew, the title of the newest draft, names and aliases. Derived
    from what they name by articles.directory; former names outlive their use.
    """

    article = models.ForeignKey(
        "Article", on_delete=models.CASCADE, null=True, related_name="names"
    )
    author = models.ForeignKey(
        "authors.Author", on_delete=models.CASCADE, null=True, related_name="names"
    )
    tag = models.ForeignKey("Tag", on_delete=models.CASCADE, null=True, related_name="names")
    name = models.CharField(max_length=200)
    # The folded words, with a blank before and after each.
    words = models.TextField()
    # The first three of them, by which the words of a text find the name.
    head = models.CharField(max_length=200)
    # Whether it is a name of today, not a former one.
    is_current = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="name_one_target",
                condition=Q(article__isnull=False, author__isnull=True, tag__isnull=True)
                | Q(article__isnull=True, author__isnull=False, tag__isnull=True)
                | Q(article__isnull=True, author__isnull=True, tag__isnull=False),
            ),
            *(
                models.UniqueConstraint(
                    fields=[kind, "name"],
                    condition=Q(**{f"{kind}__isnull": False}),
                    name=f"name_{kind}_once",
                )
                for kind in ("article", "author", "tag")
            ),
        ]
        indexes = [models.Index(fields=["head"], name="name_by_head")]

    def __str__(self):
        return self.name

    @property
    def target(self):
        return self.article or self.author or self.tag
