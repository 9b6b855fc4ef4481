"""Has PostgreSQL find a word and the month of its articles by two conditions, which its index joins
faster than those of one query, and give the sort keys as what they are: to write a thousand of them
as a text, and to read it, took long, too.
"""

from importlib import import_module

from django.db import migrations

first = import_module("articles.migrations.0017_search_weights_and_words")
counting = import_module("articles.migrations.0018_phrases_in_all_articles")
before = import_module("articles.migrations.0026_a_search_asks_once")

POSTGRESQL_FORWARDS = [
    *before.POSTGRESQL_BACKWARDS[:2],
    "DROP FUNCTION articles_search_count(tsquery, tsquery)",
    # The sort keys of the newest matches of candidates, from low to just before high. Where there
    # are phrases, candidates is the same without them and is looked up first; without any, phrases
    # is NULL. months are those that begin with since, the last ones first: where these have enough,
    # nothing else is looked up, and where the first have few, all is. Only the GIN index will do:
    # to read the entries themselves, for a sequential scan or a phrase, is dear, and the planner
    # takes it for cheap; nor does it make better plans for other words. OFFSET 0 keeps the
    # comparison with a phrase out of the inner query, so that it ends with the last match that is
    # asked for.
    """
    CREATE FUNCTION articles_search_newest(
        candidates tsquery, phrases tsquery, months tsquery[], since bigint[],
        low bigint, high bigint, at_most bigint
    ) RETURNS bigint[]
    LANGUAGE plpgsql STABLE SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
    DECLARE
        keys bigint[] := '{}';
        missing bigint := at_most;
        step integer := 1;
        lowest bigint;
        more bigint[];
    BEGIN
        LOOP
            lowest := coalesce(since[step], low);
            IF phrases IS NOT NULL THEN
                more := ARRAY(
                    SELECT sort_key FROM (
                        SELECT sort_key, tokens FROM articles_search
                        WHERE tokens @@ coalesce(candidates && months[step], candidates)
                        AND sort_key >= lowest AND sort_key < high
                        ORDER BY sort_key DESC OFFSET 0
                    ) AS candidate
                    WHERE tokens @@ phrases
                    ORDER BY sort_key DESC LIMIT missing
                );
            ELSIF step > cardinality(months) THEN
                more := ARRAY(
                    SELECT sort_key FROM articles_search
                    WHERE tokens @@ candidates AND sort_key >= lowest AND sort_key < high
                    ORDER BY sort_key DESC LIMIT missing
                );
            ELSE
                more := ARRAY(
                    SELECT sort_key FROM articles_search
                    WHERE tokens @@ candidates AND tokens @@ months[step]
                    AND sort_key >= lowest AND sort_key < high
                    ORDER BY sort_key DESC LIMIT missing
                );
            END IF;
            keys := keys || more;
            EXIT WHEN cardinality(keys) >= at_most OR lowest <= low;
            high := lowest;
            -- The rest at once, if this was little.
            step := CASE
                WHEN cardinality(more) * 4 < missing THEN cardinality(months) + 1 ELSE step + 1
            END;
            missing := at_most - cardinality(keys);
        END LOOP;
        RETURN keys;
    END
    $$
    """,
    # As above; best are the keys of the newest matches of other queries, the first of them that
    # has enough being the last that is looked up. None is where there are no more than few matches.
    """
    CREATE FUNCTION articles_search_found(
        candidates tsquery, phrases tsquery, months tsquery[], since bigint[],
        low bigint, high bigint, at_most bigint,
        better tsquery[], better_phrases tsquery[], few bigint, enough bigint,
        OUT keys bigint[], OUT best bigint[]
    )
    LANGUAGE plpgsql STABLE AS $$
    DECLARE
        more bigint[];
    BEGIN
        keys := articles_search_newest(
            candidates, phrases, months, since, low, high, at_most
        );
        best := '{}';
        IF cardinality(keys) > few THEN
            FOR place IN 1 .. cardinality(better) LOOP
                more := articles_search_newest(
                    better[place], better_phrases[place], months, since, low, high, enough
                );
                best := best || more;
                EXIT WHEN cardinality(more) >= enough;
            END LOOP;
        END IF;
    END
    $$
    """,
    # How many match, of the months if these aren't NULL. Phrases are as above.
    """
    CREATE FUNCTION articles_search_count(candidates tsquery, phrases tsquery, months tsquery)
    RETURNS bigint
    LANGUAGE plpgsql STABLE SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
    BEGIN
        IF phrases IS NOT NULL THEN
            RETURN (
                SELECT COUNT(*) FROM (
                    SELECT tokens FROM articles_search
                    WHERE tokens @@ coalesce(candidates && months, candidates) OFFSET 0
                ) AS candidate
                WHERE tokens @@ phrases
            );
        ELSIF months IS NULL THEN
            RETURN (SELECT COUNT(*) FROM articles_search WHERE tokens @@ candidates);
        END IF;
        RETURN (
            SELECT COUNT(*) FROM articles_search WHERE tokens @@ candidates AND tokens @@ months
        );
    END
    $$
    """,
]
POSTGRESQL_BACKWARDS = [
    "DROP FUNCTION articles_search_count(tsquery, tsquery, tsquery)",
    *counting.FORWARDS[-2:-1],
    "DROP FUNCTION articles_search_found(tsquery, tsquery, tsquery[], bigint[],"
    " bigint, bigint, bigint, tsquery[], tsquery[], bigint, bigint)",
    "DROP FUNCTION articles_search_newest("
    "tsquery, tsquery, tsquery[], bigint[], bigint, bigint, bigint)",
    *before.POSTGRESQL_FORWARDS[1:],
]


def create(apps, schema_editor):
    first.run(schema_editor, sqlite=[], postgresql=POSTGRESQL_FORWARDS)


def drop(apps, schema_editor):
    first.run(schema_editor, sqlite=[], postgresql=POSTGRESQL_BACKWARDS)


class Migration(migrations.Migration):
    dependencies = [("articles", "0027_names_beside_the_heaviest_words")]

    operations = [migrations.RunPython(create, drop)]
