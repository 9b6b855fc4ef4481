"""What the database itself refuses or does, whoever writes to it: a shell, a script, an admin.

- Articles, authors and tags can't be deleted: texts name them, and addresses belong to them.
  The verbs (articles.publishing) take them away and leave what keeps their addresses alive.
- A change of what readers see of an article raises the content version, also when it came past
  the verbs, so that nothing remembers what is hidden now.

Kept by triggers, which Django doesn't know: some of its migrations drop a table with its
triggers and make it anew, so they are installed after every `migrate`. A trigger that is
changed gets a new name.
"""

from django.db import DEFAULT_DB_ALIAS, connections

_KEPT = {
    "articles_article": "Articles are taken away by articles.publishing, never deleted.",
    "articles_tag": "Tags are retired or merged, never deleted.",
    "authors_author": "Authors are retired, never deleted.",
}
_SEEN = (
    *("state", "kind", "slug", "language", "title", "standfirst", "body", "lead_image_id"),
    *("related", "relations", "first_published_at", "updated_at"),
)

_SQLITE_VERSION_TRIGGER = f"""
    CREATE TRIGGER articles_article_seen AFTER UPDATE OF {", ".join(_SEEN)} ON articles_article
    WHEN {" OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _SEEN)}
    BEGIN
        INSERT INTO articles_contentversion (id, number, token, changed_at)
            VALUES (1, 1, lower(hex(randomblob(4))), strftime('%Y-%m-%d %H:%M:%f', 'now'))
            ON CONFLICT (id) DO UPDATE SET
                number = number + 1, token = excluded.token, changed_at = excluded.changed_at;
    END
"""
_SQLITE = {
    **{
        f"{table}_kept": f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        for table, sentence in _KEPT.items()
    },
    "articles_article_seen": _SQLITE_VERSION_TRIGGER,
}

_POSTGRESQL_FUNCTIONS = [
    """
    CREATE OR REPLACE FUNCTION articles_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'restrict_violation';
    END
    $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION articles_raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF ({", ".join(f"OLD.{name}" for name in _SEEN)})
            IS NOT DISTINCT FROM ({", ".join(f"NEW.{name}" for name in _SEEN)}) THEN
            RETURN NULL;
        END IF;
        INSERT INTO articles_contentversion AS version (id, number, token, changed_at)
            VALUES (1, 1, substr(md5(random()::text), 1, 8), clock_timestamp())
            ON CONFLICT (id) DO UPDATE SET
                number = version.number + 1,
                token = excluded.token,
                changed_at = excluded.changed_at;
        RETURN NULL;
    END
    $$
    """,
]
_POSTGRESQL = {
    **{
        f"{table}_kept": f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION articles_refuse_delete('{sentence}')"
        for table, sentence in _KEPT.items()
    },
    # At the end of the transaction, as the verbs do: the version is everybody's last lock. The
    # columns are named in the function, since those that a trigger names can't be altered.
    "articles_article_seen": "CREATE CONSTRAINT TRIGGER articles_article_seen"
    " AFTER UPDATE ON articles_article DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
    " EXECUTE FUNCTION articles_raise_version()",
}


def install(using=DEFAULT_DB_ALIAS):
    """Installs the triggers that are missing; those that are there stay untouched."""
    connection = connections[using]
    is_sqlite = connection.vendor == "sqlite"
    known = "sqlite_master WHERE type = 'trigger'" if is_sqlite else "pg_trigger"
    column = "name" if is_sqlite else "tgname"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {known}")
        present = {name for (name,) in cursor.fetchall()}
        for statement in [] if is_sqlite else _POSTGRESQL_FUNCTIONS:
            cursor.execute(statement)
        for name, statement in (_SQLITE if is_sqlite else _POSTGRESQL).items():
            if name not in present:
                cursor.execute(statement)


def install_after_migrate(sender, using, plan=(), **_kwargs):
    """Receiver of post_migrate; does nothing while the tables aren't there yet."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
    if {*_KEPT, "articles_contentversion"} <= tables:
        install(using)
