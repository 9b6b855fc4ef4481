"""What an entry of the search index says beside its tokens, and the words of all articles.

An index of before is made anew by `manage.py prepare` or `manage.py rebuild_search_index`.
"""

import django.db.models.deletion
from django.db import migrations, models

COLUMNS = [
    "ALTER TABLE articles_search ADD COLUMN names text NOT NULL DEFAULT ''",
    "ALTER TABLE articles_search ADD COLUMN weights text NOT NULL DEFAULT ''",
    # Holds what is to be made anew, so that asking for it costs nothing.
    "CREATE INDEX articles_search_outdated ON articles_search (article_id) WHERE weights = ''",
]
COLUMNS_BACKWARDS = [
    "DROP INDEX articles_search_outdated",
    "ALTER TABLE articles_search DROP COLUMN weights",
    "ALTER TABLE articles_search DROP COLUMN names",
]

POSTGRESQL_FORWARDS = [
    *COLUMNS,
    "DROP FUNCTION articles_search_newest(tsquery, tsquery, integer)",
    # The newest matches of a query with sort keys from low to just before high. Where it has
    # phrases, candidates is the same without them and is looked up first; without any, query is
    # NULL. recent is candidates among the months that begin with low_of_recent: where these have
    # enough, nothing else is looked up. Only the GIN index will do: to read the entries
    # themselves, for a sequential scan or a phrase, is dear, and the planner takes it for cheap.
    """
    CREATE FUNCTION articles_search_found(
        candidates tsquery, query tsquery, recent tsquery, low_of_recent bigint,
        low bigint, high bigint, at_most integer
    )
    RETURNS TABLE (article_id bigint, sort_key bigint, names text)
    LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
    DECLARE
        found integer;
    BEGIN
        IF recent IS NOT NULL THEN
            RETURN QUERY
                SELECT * FROM articles_search_matching(
                    recent, query, low_of_recent, high, at_most);
            GET DIAGNOSTICS found = ROW_COUNT;
            at_most := at_most - found;
            high := low_of_recent;
        END IF;
        IF at_most > 0 THEN
            RETURN QUERY
                SELECT * FROM articles_search_matching(candidates, query, low, high, at_most);
        END IF;
    END
    $$
    """,
    """
    CREATE FUNCTION articles_search_matching(
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
            -- LIMIT keeps the comparison out of the inner query, so that it ends with the last
            -- match that is asked for; and a phrase of words that stand everywhere is looked for
            -- in the newest articles that have them, which takes half a second at most.
            RETURN QUERY
                SELECT found.article_id, found.sort_key, found.names FROM (
                    SELECT entry.article_id, entry.sort_key, entry.names, entry.tokens
                    FROM articles_search AS entry
                    WHERE entry.tokens @@ candidates
                        AND entry.sort_key >= low AND entry.sort_key < high
                    ORDER BY entry.sort_key DESC LIMIT 10000
                ) AS found
                WHERE found.tokens @@ query ORDER BY found.sort_key DESC LIMIT at_most;
        END IF;
    END
    $$
    """,
    """
    CREATE FUNCTION articles_search_count(candidates tsquery, query tsquery)
    RETURNS bigint LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
    BEGIN
        RETURN (
            SELECT COUNT(*) FROM (
                SELECT tokens FROM articles_search WHERE tokens @@ candidates OFFSET 0
            ) AS found
            WHERE candidates = query OR found.tokens @@ query
        );
    END
    $$
    """,
]
POSTGRESQL_BACKWARDS = [
    "DROP FUNCTION articles_search_count(tsquery, tsquery)",
    "DROP FUNCTION articles_search_matching(tsquery, tsquery, bigint, bigint, integer)",
    "DROP FUNCTION articles_search_found("
    "tsquery, tsquery, tsquery, bigint, bigint, bigint, integer)",
    """
    CREATE FUNCTION articles_search_newest(candidates tsquery, query tsquery, at_most integer)
    RETURNS SETOF bigint LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
    BEGIN
        IF query IS NULL THEN
            RETURN QUERY
                SELECT article_id FROM articles_search
                WHERE tokens @@ candidates ORDER BY sort_key DESC LIMIT at_most;
        ELSE
            RETURN QUERY
                SELECT article_id FROM (
                    SELECT article_id, sort_key, tokens FROM articles_search
                    WHERE tokens @@ candidates ORDER BY sort_key DESC OFFSET 0
                ) AS found
                WHERE tokens @@ query ORDER BY sort_key DESC LIMIT at_most;
        END IF;
    END
    $$
    """,
    *COLUMNS_BACKWARDS,
]


def run(schema_editor, *, sqlite, postgresql):
    statements = {"sqlite": sqlite, "postgresql": postgresql}[schema_editor.connection.vendor]
    for statement in statements:
        schema_editor.execute(statement)


def create(apps, schema_editor):
    run(schema_editor, sqlite=COLUMNS, postgresql=POSTGRESQL_FORWARDS)


def drop(apps, schema_editor):
    run(schema_editor, sqlite=COLUMNS_BACKWARDS, postgresql=POSTGRESQL_BACKWARDS)


class Migration(migrations.Migration):
    dependencies = [("articles", "0016_pictures_of_tags")]

    operations = [
        migrations.RunPython(create, drop),
        migrations.CreateModel(
            name="Word",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("word", models.CharField(max_length=30)),
                ("start", models.CharField(max_length=2)),
                ("ending", models.CharField(max_length=2)),
                ("length", models.PositiveSmallIntegerField()),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="articles.article",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["start", "length", "word"], name="word_by_start"),
                    models.Index(fields=["ending", "length", "word"], name="word_by_ending"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("word", "article"), name="word_once")
                ],
            },
        ),
    ]
