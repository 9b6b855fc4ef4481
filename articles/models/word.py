from django.db import models


class Word(models.Model):
    """A word that public articles have, as it is written but folded, and some of those articles.

    By it a misspelt word of a search finds what was meant (articles.vocabulary). Every word of a
    public article has at least one row; no word has more than it takes to be sure of that.
    """

    article = models.ForeignKey("Article", on_delete=models.CASCADE, related_name="+")
    word = models.CharField(max_length=30)
    # Its first and its last two letters: a slip of the pen leaves one of them as it was.
    start = models.CharField(max_length=2)
    ending = models.CharField(max_length=2)
    length = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            # In the order of letters as they are stored, so that a beginning of words is looked up
            # in it whatever the language of the database is.
            models.UniqueConstraint(
                fields=["word", "article"],
                name="word_once",
                opclasses=["varchar_pattern_ops", "int8_ops"],
            )
        ]
        indexes = [
            models.Index(fields=["start", "length", "word"], name="word_by_start"),
            models.Index(fields=["ending", "length", "word"], name="word_by_ending"),
        ]

    def __str__(self):
        return self.word
