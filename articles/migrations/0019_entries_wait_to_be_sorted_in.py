"""Lets PostgreSQL keep new entries of the search on a list, to be sorted into its index together.

An article has some two thousand tokens, and to sort each of them in as it is published cost more
than everything else of publishing. A search reads the list, too, so what is published is found at
once; the worker has it sorted in every second, and should none run, the database does it itself
when the list is as long as said here.
"""

from importlib import import_module

from django.db import migrations

run = import_module("articles.migrations.0003_search_index").run

_LIST_KB = 1024


def alter(schema_editor, *settings):
    run(
        schema_editor,
        sqlite=[],
        postgresql=[f"ALTER INDEX articles_search_tokens {setting}" for setting in settings],
    )


def create(apps, schema_editor):
    alter(schema_editor, f"SET (fastupdate = on, gin_pending_list_limit = {_LIST_KB})")


def drop(apps, schema_editor):
    alter(schema_editor, "RESET (gin_pending_list_limit)", "SET (fastupdate = off)")


class Migration(migrations.Migration):
    dependencies = [("articles", "0018_phrases_in_all_articles")]

    operations = [migrations.RunPython(create, drop)]
