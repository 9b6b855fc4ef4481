"""Keeps the names of an entry's tags and authors beside its heaviest words, too: a search weighs both
of a hundred articles, and looked up each of them in two tables.
"""

from importlib import import_module

from django.db import migrations

first = import_module("articles.migrations.0017_search_weights_and_words")
before = import_module("articles.migrations.0021_what_a_search_reads_first")

_ADD = "ALTER TABLE articles_search_heaviest ADD COLUMN names text NOT NULL DEFAULT ''"
_FILL = (
    "UPDATE articles_search_heaviest SET names = (SELECT entry.names FROM articles_search AS entry"
    " WHERE entry.article_id = articles_search_heaviest.article_id)"
)

SQLITE_FORWARDS = [
    *before.SQLITE_BACKWARDS[:2],
    _ADD,
    _FILL,
    *(
        f"""
        CREATE TRIGGER articles_search_{done} AFTER {event} ON articles_search
        BEGIN
            INSERT OR REPLACE INTO articles_search_heaviest (article_id, names, words)
            VALUES (
                new.article_id, new.names,
                {before._HEAVIEST.format(weights="new.weights", line_break="char(10)")}
            );
        END
        """
        for done, event in (("added", "INSERT"), ("reweighed", "UPDATE OF weights, names"))
    ),
]
# SQLite can't always take a column away, so its table is made anew.
SQLITE_BACKWARDS = [*before.SQLITE_BACKWARDS[:3], *before.SQLITE_FORWARDS[1:]]

_WORDS = before._HEAVIEST.format(weights="new.weights", line_break="chr(10)")
_DROP_TRIGGER = "DROP TRIGGER articles_search_weighed ON articles_search"
POSTGRESQL_FORWARDS = [
    _ADD,
    _FILL,
    f"""
    CREATE OR REPLACE FUNCTION articles_search_weighed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO articles_search_heaviest (article_id, names, words)
        VALUES (new.article_id, new.names, {_WORDS})
        ON CONFLICT (article_id) DO UPDATE SET names = excluded.names, words = excluded.words;
        RETURN NULL;
    END
    $$
    """,
    _DROP_TRIGGER,
    "CREATE TRIGGER articles_search_weighed AFTER INSERT OR UPDATE OF weights, names"
    " ON articles_search FOR EACH ROW EXECUTE FUNCTION articles_search_weighed()",
]
POSTGRESQL_BACKWARDS = [
    _DROP_TRIGGER,
    "DROP FUNCTION articles_search_weighed()",
    *before.POSTGRESQL_FORWARDS[1:3],
    "ALTER TABLE articles_search_heaviest DROP COLUMN names",
]


def create(apps, schema_editor):
    first.run(schema_editor, sqlite=SQLITE_FORWARDS, postgresql=POSTGRESQL_FORWARDS)


def drop(apps, schema_editor):
    first.run(schema_editor, sqlite=SQLITE_BACKWARDS, postgresql=POSTGRESQL_BACKWARDS)


class Migration(migrations.Migration):
    dependencies = [("articles", "0026_a_search_asks_once")]

    operations = [migrations.RunPython(create, drop)]
