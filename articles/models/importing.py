from django.db import models


class ImportRecord(models.Model):
    """Where an imported article came from, so that importing again changes nothing.

    revision is the one that the import wrote: once an editor has saved a newer one, or deleted
    it, a later import leaves the article alone.
    """

    source = models.CharField(max_length=300)
    source_id = models.CharField(max_length=300)
    article = models.ForeignKey("Article", on_delete=models.CASCADE, related_name="import_records")
    revision = models.ForeignKey("Revision", on_delete=models.SET_NULL, null=True, related_name="+")
    digest = models.CharField(max_length=64)
    imported_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "source_id"], name="importrecord_once")
        ]

    def __str__(self):
        return f"{self.source} {self.source_id}"
