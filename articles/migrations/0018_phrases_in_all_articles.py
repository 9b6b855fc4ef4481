"""Lets PostgreSQL look for a phrase in all articles, not in the newest that have its words only.

Its entries say from now on which pairs of words they have, so the index is to be made anew, by
`manage.py prepare` or `manage.py rebuild_search_index`.
"""

from importlib import import_module

from django.db import migrations

before = import_module("articles.migrations.0017_search_weights_and_words")

FORWARDS = [
    # As before, without an end: the candidates are few now. OFFSET 0 keeps the comparison out of
    # the inner query, so that it ends with the last match that is asked for.
    """
    CREATE OR REPLACE FUNCTION articles_search_matching(
        candidates tsquery, query tsquery, low bigint, high bigint, at_most integer
    )
    RETURNS TABLE (article_id bigint, sort_key bigint, names text)
    LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
    BEGIN
        IF query IS NULL THEN
            RETURN QUERY
                SELECT entry.article_id, entry.sort_key, entry.names
                FROM articles_search AS entry
                WHERE entry.tokens @@ candidates
                    AND entry.sort_key >= low AND entry.sort_key < high
                ORDER BY entry.sort_key DESC LIMIT at_most;
        ELSE
            RETURN QUERY
                SELECT found.article_id, found.sort_key, found.names FROM (
                    SELECT entry.article_id, entry.sort_key, entry.names, entry.tokens
                    FROM articles_search AS entry
                    WHERE entry.tokens @@ candidates
                        AND entry.sort_key >= low AND entry.sort_key < high
                    ORDER BY entry.sort_key DESC OFFSET 0
                ) AS found
                WHERE found.tokens @@ query ORDER BY found.sort_key DESC LIMIT at_most;
        END IF;
    END
    $$
    """,
    # As before, but without comparing the two queries for each row.
    """
    CREATE OR REPLACE FUNCTION articles_search_count(candidates tsquery, query tsquery)
    RETURNS bigint LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
    BEGIN
        IF candidates = query THEN
            RETURN (SELECT COUNT(*) FROM articles_search WHERE tokens @@ candidates);
        END IF;
        RETURN (
            SELECT COUNT(*) FROM (
                SELECT tokens FROM articles_search WHERE tokens @@ candidates OFFSET 0
            ) AS found
            WHERE found.tokens @@ query
        );
    END
    $$
    """,
    # The last ones say of all that they have to be made anew; the search goes on meanwhile.
    """
    UPDATE articles_search SET weights = '' WHERE article_id IN (
        SELECT article_id FROM articles_search ORDER BY article_id DESC LIMIT 100
    )
    """,
]


def create(apps, schema_editor):
    before.run(schema_editor, sqlite=[], postgresql=FORWARDS)


def drop(apps, schema_editor):
    replaced = ("articles_search_matching(", "articles_search_count(")
    functions = [
        statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
        for statement in before.POSTGRESQL_FORWARDS
        if any(f"CREATE FUNCTION {name}" in statement for name in replaced)
    ]
    before.run(schema_editor, sqlite=[], postgresql=functions)


class Migration(migrations.Migration):
    dependencies = [("articles", "0017_search_weights_and_words")]

    operations = [migrations.RunPython(create, drop)]
