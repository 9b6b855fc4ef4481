"""The search index: tables of the database's own kind, used by articles.search alone.

They are no models, since nothing but a search ever reads them. So nothing in Django empties
them either, and each database takes an entry away together with its article.
"""

from django.db import migrations

SQLITE_FORWARDS = [
    """
    CREATE TABLE articles_search (
        article_id integer PRIMARY KEY REFERENCES articles_article (id) ON DELETE CASCADE,
        sort_key integer NOT NULL UNIQUE
    )
    """,
    """
    CREATE VIRTUAL TABLE articles_search_tokens
        USING fts5(sequence, loose, tokenize = 'ascii', columnsize = 0)
    """,
    # On this table and not on articles_article: Django makes that one anew, without its
    # triggers, whenever a migration changes it.
    """
    CREATE TRIGGER articles_search_removed AFTER DELETE ON articles_search
    BEGIN
        DELETE FROM articles_search_tokens WHERE rowid = old.sort_key;
    END
    """,
]
SQLITE_BACKWARDS = [
    "DROP TABLE articles_search_tokens",
    "DROP TABLE articles_search",
]

POSTGRESQL_FORWARDS = [
    """
    CREATE TABLE articles_search (
        article_id bigint PRIMARY KEY,
        sort_key bigint NOT NULL,
        tokens tsvector NOT NULL
    )
    """,
    # An entry is written as it is published, so that no search pays for a list of those
    # that wait to be sorted in.
    "CREATE INDEX articles_search_tokens ON articles_search USING gin (tokens)"
    " WITH (fastupdate = off)",
    # The newest matches of a query; where it has phrases, candidates is the same without them
    # and is looked up first. Only the GIN index will do: to read the entries themselves, for
    # a sequential scan or a phrase, is dear, and the planner takes it for cheap. There is no
    # index on sort_key for the same reason.
    """
    CREATE FUNCTION articles_search_newest(candidates tsquery, query tsquery, at_most integer)
    RETURNS SETOF bigint LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
    BEGIN
        IF query IS NULL THEN
            RETURN QUERY
                SELECT article_id FROM articles_search
                WHERE tokens @@ candidates ORDER BY sort_key DESC LIMIT at_most;
        ELSE
            -- OFFSET 0 keeps the comparison out of the inner query, so that it ends with the
            -- last match that is asked for.
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
    # Triggers and no foreign key: PostgreSQL would refuse to truncate articles_article, which
    # the flush command and the tests do, while a table unknown to Django refers to it.
    """
    CREATE FUNCTION articles_search_article_gone() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            TRUNCATE articles_search;
        ELSE
            DELETE FROM articles_search WHERE article_id = old.id;
        END IF;
        RETURN NULL;
    END
    $$
    """,
    "CREATE TRIGGER articles_search_article_deleted AFTER DELETE ON articles_article"
    " FOR EACH ROW EXECUTE FUNCTION articles_search_article_gone()",
    "CREATE TRIGGER articles_search_articles_truncated AFTER TRUNCATE ON articles_article"
    " FOR EACH STATEMENT EXECUTE FUNCTION articles_search_article_gone()",
]
POSTGRESQL_BACKWARDS = [
    "DROP TRIGGER articles_search_articles_truncated ON articles_article",
    "DROP TRIGGER articles_search_article_deleted ON articles_article",
    "DROP FUNCTION articles_search_article_gone()",
    "DROP FUNCTION articles_search_newest(tsquery, tsquery, integer)",
    "DROP TABLE articles_search",
]


def run(schema_editor, *, sqlite, postgresql):
    statements = {"sqlite": sqlite, "postgresql": postgresql}[schema_editor.connection.vendor]
    for statement in statements:
        schema_editor.execute(statement)


def create(apps, schema_editor):
    run(schema_editor, sqlite=SQLITE_FORWARDS, postgresql=POSTGRESQL_FORWARDS)


def drop(apps, schema_editor):
    run(schema_editor, sqlite=SQLITE_BACKWARDS, postgresql=POSTGRESQL_BACKWARDS)


class Migration(migrations.Migration):
    dependencies = [("articles", "0002_relations")]

    operations = [migrations.RunPython(create, drop)]
