"""Lets a search read the keys of what it finds, and no names of tags and authors with them: how many
of the articles have which, the sets in memory tell faster.
"""

from importlib import import_module

from django.db import migrations

first = import_module("articles.migrations.0017_search_weights_and_words")
before = import_module("articles.migrations.0021_what_a_search_reads_first")

SQLITE_FORWARDS = ["DROP INDEX articles_search_names"]
SQLITE_BACKWARDS = ["CREATE INDEX articles_search_names ON articles_search (sort_key, names)"]

_DROP = (
    "DROP FUNCTION articles_search_newest("
    "tsquery, tsquery, tsquery[], bigint[], bigint, bigint, integer)"
)

POSTGRESQL_FORWARDS = [
    _DROP,
    # The sort keys of the newest matches of a query, from low to just before high. Where it has
    # phrases, candidates is the same without them and is looked up first; without any, query is
    # NULL. months are those that begin with since, the last ones first: where these have enough,
    # nothing else is looked up, and where the first have few, all is. What is found in each step
    # is one text. Only the GIN index will do: to read the entries themselves, for a sequential
    # scan or a phrase, is dear, and the planner takes it for cheap. OFFSET 0 keeps the comparison
    # with a phrase out of the inner query, so that it ends with the last match that is asked for.
    """
    CREATE FUNCTION articles_search_newest(
        candidates tsquery, query tsquery, months tsquery[], since bigint[],
        low bigint, high bigint, at_most integer
    )
    RETURNS TABLE (keys text)
    LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
    DECLARE
        step integer := 1;
        looked_up tsquery;
        lowest bigint;
        found integer;
    BEGIN
        LOOP
            looked_up := coalesce(candidates && months[step], candidates);
            lowest := coalesce(since[step], low);
            IF query IS NULL THEN
                SELECT string_agg(sort_key::text, ' '), count(*) INTO keys, found
                FROM (
                    SELECT sort_key FROM articles_search
                    WHERE tokens @@ looked_up AND sort_key >= lowest AND sort_key < high
                    ORDER BY sort_key DESC LIMIT at_most
                ) AS match;
            ELSE
                SELECT string_agg(sort_key::text, ' '), count(*) INTO keys, found
                FROM (
                    SELECT sort_key FROM (
                        SELECT sort_key, tokens FROM articles_search
                        WHERE tokens @@ looked_up AND sort_key >= lowest AND sort_key < high
                        ORDER BY sort_key DESC OFFSET 0
                    ) AS candidate
                    WHERE tokens @@ query
                    ORDER BY sort_key DESC LIMIT at_most
                ) AS match;
            END IF;
            IF found > 0 THEN
                RETURN NEXT;
            END IF;
            at_most := at_most - found;
            EXIT WHEN at_most <= 0 OR step > cardinality(months);
            high := lowest;
            step := CASE WHEN found * 4 < at_most THEN cardinality(months) + 1 ELSE step + 1 END;
        END LOOP;
    END
    $$
    """,
]
POSTGRESQL_BACKWARDS = [
    _DROP,
    *(
        statement
        for statement in before.POSTGRESQL_FORWARDS
        if "CREATE FUNCTION articles_search_newest(" in statement
    ),
]


def create(apps, schema_editor):
    first.run(schema_editor, sqlite=SQLITE_FORWARDS, postgresql=POSTGRESQL_FORWARDS)


def drop(apps, schema_editor):
    first.run(schema_editor, sqlite=SQLITE_BACKWARDS, postgresql=POSTGRESQL_BACKWARDS)


class Migration(migrations.Migration):
    dependencies = [("articles", "0023_more_pairs_of_words")]

    operations = [migrations.RunPython(create, drop)]
