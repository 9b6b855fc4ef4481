"""Lets a search ask PostgreSQL once: for the newest of what it finds and, where that is more than it
weighs, for those that have the words in the best places.
"""

from importlib import import_module

from django.db import migrations

first = import_module("articles.migrations.0017_search_weights_and_words")
before = import_module("articles.migrations.0024_a_search_finds_keys")

_DROP_NEWEST = (
    "DROP FUNCTION articles_search_newest("
    "tsquery, tsquery, tsquery[], bigint[], bigint, bigint, integer)"
)

POSTGRESQL_FORWARDS = [
    _DROP_NEWEST,
    # The sort keys of the newest matches of one of two queries, the second of which may be NULL,
    # from low to just before high, and how many they are. Where there are phrases, candidates and
    # others are the same without them and are looked up first; without any, phrases is NULL.
    # months are those that begin with since, the last ones first: where these have enough, nothing
    # else is looked up, and where the first have few, all is. Only the GIN index will do: to read
    # the entries themselves, for a sequential scan or a phrase, is dear, and the planner takes it
    # for cheap; nor does it make better plans for other words. OFFSET 0 keeps the comparison with a
    # phrase out of the inner query, so that it ends with the last match that is asked for.
    """
    CREATE FUNCTION articles_search_newest(
        candidates tsquery, others tsquery, phrases tsquery, months tsquery[], since bigint[],
        low bigint, high bigint, at_most bigint, OUT keys text, OUT number bigint
    )
    LANGUAGE plpgsql STABLE SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
    DECLARE
        step integer := 1;
        looked_up tsquery[];
        lowest bigint;
        more text;
        more_number bigint;
    BEGIN
        number := 0;
        LOOP
            looked_up := ARRAY[
                coalesce(candidates && months[step], candidates),
                coalesce(others && months[step], others)
            ];
            lowest := coalesce(since[step], low);
            IF phrases IS NULL THEN
                SELECT string_agg(sort_key::text, ' '), count(*) INTO more, more_number
                FROM (
                    SELECT sort_key FROM articles_search
                    WHERE tokens @@ ANY (looked_up) AND sort_key >= lowest AND sort_key < high
                    ORDER BY sort_key DESC LIMIT at_most - number
                ) AS match;
            ELSE
                SELECT string_agg(sort_key::text, ' '), count(*) INTO more, more_number
                FROM (
                    SELECT sort_key FROM (
                        SELECT sort_key, tokens FROM articles_search
                        WHERE tokens @@ ANY (looked_up) AND sort_key >= lowest AND sort_key < high
                        ORDER BY sort_key DESC OFFSET 0
                    ) AS candidate
                    WHERE tokens @@ phrases
                    ORDER BY sort_key DESC LIMIT at_most - number
                ) AS match;
            END IF;
            keys := concat_ws(' ', keys, more);
            number := number + more_number;
            EXIT WHEN number >= at_most OR step > cardinality(months);
            high := lowest;
            -- The rest at once, if this was little.
            step := CASE
                WHEN more_number * 4 < at_most - number THEN cardinality(months) + 1 ELSE step + 1
            END;
        END LOOP;
    END
    $$
    """,
    # As above; best are the keys of the newest matches of other queries, the first of them that
    # has enough being the last that is looked up. None is where there are no more than few matches.
    """
    CREATE FUNCTION articles_search_found(
        candidates tsquery, others tsquery, phrases tsquery, months tsquery[], since bigint[],
        low bigint, high bigint, at_most bigint,
        better tsquery[], better_phrases tsquery[], few bigint, enough bigint,
        OUT keys text, OUT best text
    )
    LANGUAGE plpgsql STABLE AS $$
    DECLARE
        newest record;
    BEGIN
        newest := articles_search_newest(
            candidates, others, phrases, months, since, low, high, at_most
        );
        keys := newest.keys;
        IF newest.number > few THEN
            FOR place IN 1 .. cardinality(better) LOOP
                newest := articles_search_newest(
                    better[place], NULL, better_phrases[place], months, since, low, high, enough
                );
                best := concat_ws(' ', best, newest.keys);
                EXIT WHEN newest.number >= enough;
            END LOOP;
        END IF;
    END
    $$
    """,
]
POSTGRESQL_BACKWARDS = [
    "DROP FUNCTION articles_search_found(tsquery, tsquery, tsquery, tsquery[], bigint[],"
    " bigint, bigint, bigint, tsquery[], tsquery[], bigint, bigint)",
    "DROP FUNCTION articles_search_newest("
    "tsquery, tsquery, tsquery, tsquery[], bigint[], bigint, bigint, bigint)",
    *before.POSTGRESQL_FORWARDS[1:],
]


def create(apps, schema_editor):
    first.run(schema_editor, sqlite=[], postgresql=POSTGRESQL_FORWARDS)


def drop(apps, schema_editor):
    first.run(schema_editor, sqlite=[], postgresql=POSTGRESQL_BACKWARDS)


class Migration(migrations.Migration):
    dependencies = [("articles", "0025_lists_of_the_newsroom")]

    operations = [migrations.RunPython(create, drop)]
