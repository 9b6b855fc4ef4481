from django.db import models


class Term(models.Model):
    """A word that a public article keeps coming back to: what it is about (articles.similar)."""

    article = models.ForeignKey("Article", on_delete=models.CASCADE, related_name="terms")
    # A stem, folded.
    term = models.CharField(max_length=60)
    # How often the text has it, for each 1,000 of its words; at least 1.
    weight = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "term"], name="term_once")]
        indexes = [models.Index(fields=["term", "article", "weight"], name="term_articles")]

    def __str__(self):
        return self.term
