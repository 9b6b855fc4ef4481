"""Tells four times as many pairs of words apart, so that PostgreSQL reads fewer entries in vain where
it looks for a phrase.

Its entries are to be made anew for this, by `manage.py prepare` or `manage.py rebuild_search_index`;
until then phrases are found only in what has been published since.
"""

from importlib import import_module

from django.db import migrations

before = import_module("articles.migrations.0017_search_weights_and_words")

FORWARDS = [
    # The last ones say of all that they have to be made anew.
    """
    UPDATE articles_search SET weights = '' WHERE article_id IN (
        SELECT article_id FROM articles_search ORDER BY article_id DESC LIMIT 100
    )
    """,
]


def mark(apps, schema_editor):
    before.run(schema_editor, sqlite=[], postgresql=FORWARDS)


class Migration(migrations.Migration):
    dependencies = [("articles", "0022_counts_of_samples_are_forgotten")]

    # Backwards, too: the entries don't fit the code of before.
    operations = [migrations.RunPython(mark, mark)]
