"""Keeps what every search reads of the entries that it finds apart from what few searches read.

The names of tags and authors of a thousand entries, and the heaviest words of a hundred: the rows of
the entries are long, and to fetch them took most of the time of a search for a common word. The
database makes both by itself from what is written, so they can't say anything else.

PostgreSQL looks for the newest matches in steps: among the last months, as few as have some articles,
then among more, then among all. And it keeps the texts of articles as they are: to unpack those of
twenty took longer than to read them, twice as long.
"""

from importlib import import_module

from django.db import migrations

first = import_module("articles.migrations.0003_search_index")
before = import_module("articles.migrations.0017_search_weights_and_words")
changed = import_module("articles.migrations.0018_phrases_in_all_articles")

# As many of the first lines of the weights as fit into so many characters: what is after the last
# line break is taken off, by taking off all characters that are no line breaks.
_HEAVIEST = (
    "rtrim(substr({weights}, 1, 800), replace(substr({weights}, 1, 800), {line_break}, ''))"
)

SQLITE_FORWARDS = [
    "CREATE INDEX articles_search_names ON articles_search (sort_key, names)",
    """
    CREATE TABLE articles_search_heaviest (
        article_id integer PRIMARY KEY REFERENCES articles_search (article_id) ON DELETE CASCADE,
        words text NOT NULL
    )
    """,
    *(
        f"""
        CREATE TRIGGER articles_search_{done} AFTER {event} ON articles_search
        BEGIN
            INSERT OR REPLACE INTO articles_search_heaviest (article_id, words)
            VALUES (new.article_id, {_HEAVIEST.format(weights="new.weights", line_break="char(10)")});
        END
        """
        for done, event in (("added", "INSERT"), ("reweighed", "UPDATE OF weights"))
    ),
    "INSERT INTO articles_search_heaviest (article_id, words) SELECT article_id, "
    + _HEAVIEST.format(weights="weights", line_break="char(10)")
    + " FROM articles_search",
]
SQLITE_BACKWARDS = [
    "DROP TRIGGER articles_search_reweighed",
    "DROP TRIGGER articles_search_added",
    "DROP TABLE articles_search_heaviest",
    "DROP INDEX articles_search_names",
]

POSTGRESQL_FORWARDS = [
    """
    CREATE TABLE articles_search_heaviest (
        article_id bigint PRIMARY KEY REFERENCES articles_search (article_id) ON DELETE CASCADE,
        words text NOT NULL
    )
    """,
    f"""
    CREATE FUNCTION articles_search_weighed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO articles_search_heaviest (article_id, words)
        VALUES (new.article_id, {_HEAVIEST.format(weights="new.weights", line_break="chr(10)")})
        ON CONFLICT (article_id) DO UPDATE SET words = excluded.words;
        RETURN NULL;
    END
    $$
    """,
    "CREATE TRIGGER articles_search_weighed AFTER INSERT OR UPDATE OF weights ON articles_search"
    " FOR EACH ROW EXECUTE FUNCTION articles_search_weighed()",
    "INSERT INTO articles_search_heaviest (article_id, words) SELECT article_id, "
    + _HEAVIEST.format(weights="weights", line_break="chr(10)")
    + " FROM articles_search",
    "ALTER TABLE articles_article ALTER COLUMN text SET STORAGE EXTERNAL",
    "UPDATE articles_article SET text = text || '' WHERE pg_column_compression(text) IS NOT NULL",
    # As before, with the new table.
    """
    CREATE OR REPLACE FUNCTION articles_search_article_gone() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            TRUNCATE articles_search, articles_search_heaviest;
        ELSE
            DELETE FROM articles_search WHERE article_id = old.id;
        END IF;
        RETURN NULL;
    END
    $$
    """,
    "DROP FUNCTION articles_search_found("
    "tsquery, tsquery, tsquery, bigint, bigint, bigint, integer)",
    "DROP FUNCTION articles_search_matching(tsquery, tsquery, bigint, bigint, integer)",
    # The newest matches of a query with sort keys from low to just before high. Where it has
    # phrases, candidates is the same without them and is looked up first; without any, query is
    # NULL. months are those that begin with since, the last ones first: where these have enough,
    # nothing else is looked up, and where the first have few, all is. What is found in each step
    # is one row, of a text of keys and one with a line for each. Only the GIN index will do:
    # to read the entries themselves, for a sequential scan or a phrase, is dear, and the planner
    # takes it for cheap. OFFSET 0 keeps the comparison with a phrase out of the inner query, so
    # that it ends with the last match that is asked for.
    """
    CREATE FUNCTION articles_search_newest(
        candidates tsquery, query tsquery, months tsquery[], since bigint[],
        low bigint, high bigint, at_most integer
    )
    RETURNS TABLE (keys text, names text)
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
                SELECT string_agg(match.sort_key::text, ' '), string_agg(match.names, chr(10)),
                    count(*) INTO keys, names, found
                FROM (
                    SELECT entry.sort_key, entry.names FROM articles_search AS entry
                    WHERE entry.tokens @@ looked_up
                        AND entry.sort_key >= lowest AND entry.sort_key < high
                    ORDER BY entry.sort_key DESC LIMIT at_most
                ) AS match;
            ELSE
                SELECT string_agg(match.sort_key::text, ' '), string_agg(match.names, chr(10)),
                    count(*) INTO keys, names, found
                FROM (
                    SELECT candidate.sort_key, candidate.names FROM (
                        SELECT entry.sort_key, entry.names, entry.tokens
                        FROM articles_search AS entry
                        WHERE entry.tokens @@ looked_up
                            AND entry.sort_key >= lowest AND entry.sort_key < high
                        ORDER BY entry.sort_key DESC OFFSET 0
                    ) AS candidate
                    WHERE candidate.tokens @@ query
                    ORDER BY candidate.sort_key DESC LIMIT at_most
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
    "DROP FUNCTION articles_search_newest("
    "tsquery, tsquery, tsquery[], bigint[], bigint, bigint, integer)",
    *(
        statement
        for statement in before.POSTGRESQL_FORWARDS
        if "CREATE FUNCTION articles_search_found(" in statement
    ),
    *(
        statement
        for statement in changed.FORWARDS
        if "FUNCTION articles_search_matching(" in statement
    ),
    *(
        statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
        for statement in first.POSTGRESQL_FORWARDS
        if "CREATE FUNCTION articles_search_article_gone(" in statement
    ),
    "DROP TRIGGER articles_search_weighed ON articles_search",
    "DROP FUNCTION articles_search_weighed()",
    "DROP TABLE articles_search_heaviest",
    "ALTER TABLE articles_article ALTER COLUMN text SET STORAGE EXTENDED",
]


def create(apps, schema_editor):
    before.run(schema_editor, sqlite=SQLITE_FORWARDS, postgresql=POSTGRESQL_FORWARDS)


def drop(apps, schema_editor):
    before.run(schema_editor, sqlite=SQLITE_BACKWARDS, postgresql=POSTGRESQL_BACKWARDS)


class Migration(migrations.Migration):
    dependencies = [("articles", "0020_worklists_of_many_articles")]

    operations = [migrations.RunPython(create, drop)]
