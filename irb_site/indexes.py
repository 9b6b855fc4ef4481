from django.db import models


class ListIndex(models.Index):
    """An index by which a database counts and turns the pages of a list without reading its rows.

    beside: what else of a row SQLite finds in the index, so that it looks for words there, too,
    and puts a list in another order. In SQLite's rows the long texts stand between the short ones.
    PostgreSQL keeps them elsewhere, and refuses an entry that is longer than a third of a page.
    """

    def __init__(self, *expressions, beside=(), **kwargs):
        super().__init__(*expressions, **kwargs)
        self.beside = tuple(beside)

    def deconstruct(self):
        path, expressions, kwargs = super().deconstruct()
        return path, expressions, kwargs | {"beside": self.beside}

    def create_sql(self, model, schema_editor, using="", **kwargs):
        beside = self.beside if schema_editor.connection.vendor == "sqlite" else ()
        index = models.Index(fields=[*self.fields, *beside], name=self.name)
        return index.create_sql(model, schema_editor, using=using, **kwargs)
