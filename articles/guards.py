"""What the database itself refuses or does, whoever writes to it: a shell, a script, an admin.

- Articles, authors and tags can't be deleted: texts name them, and addresses belong to them.
  The verbs (articles.publishing) take them away and leave what keeps their addresses alive.
- What the audit says stays: no entry is deleted, and none is changed but for the account of
  whoever did it, which may go, and for the words about an article that is deleted for good.
- A body that is changed without what is made of it for readers (articles.typesetting) empties
  that, so that readers never get other words than the row has.
- A change of what readers see of an article, author, tag or picture raises the content version,
  also when it came past the verbs, so that nothing remembers what is hidden now.

Kept by triggers, which Django doesn't know: some of its migrations drop a table with its
triggers and make it anew, so they are installed after every `migrate`. A trigger that is
changed gets a new name.
"""

from django.db import DEFAULT_DB_ALIAS, connections

_KEPT = {
    "articles_article": "Articles are taken away by articles.publishing, never deleted.",
    "articles_tag": "Tags are retired or merged, never deleted.",
    "authors_author": "Authors are retired, never deleted.",
    "articles_auditentry": "The audit is kept.",
}
_WRITTEN = ("at", "by_name", "act", "object_kind", "object_id", "object_name", "article_id")
# Asked of the audit itself: a trigger that names another table would keep SQLite from altering it.
_IS_OF_DELETED = (
    "EXISTS (SELECT 1 FROM articles_auditentry AS entry"
    " WHERE entry.article_id = OLD.article_id AND entry.act = 'deleted')"
)
_SEEN = (
    *("state", "kind", "slug", "language", "title", "standfirst", "body", "lead_image_id"),
    *("related", "relations", "first_published_at", "updated_at"),
)
# What every process remembers of these (articles.labels, articles.site).
_NAMED = {
    "authors_author": (
        *("name", "slug", "role", "short_bio", "long_bio", "photo_id", "links"),
        *("first_public_at", "merged_into_id"),
    ),
    "articles_tag": (
        *("name", "slug", "description", "image_id", "first_public_at", "merged_into_id"),
    ),
    "articles_image": ("file", "width", "height", "alt", "caption", "credit"),
}


def _sqlite_version_trigger(table, columns):
    return f"""
    CREATE TRIGGER {table}_seen AFTER UPDATE OF {", ".join(columns)} ON {table}
    WHEN {" OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in columns)}
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
    "articles_article_seen": _sqlite_version_trigger("articles_article", _SEEN),
    **{f"{table}_seen": _sqlite_version_trigger(table, seen) for table, seen in _NAMED.items()},
    "articles_article_typeset": """
        CREATE TRIGGER articles_article_typeset AFTER UPDATE OF body ON articles_article
        WHEN OLD.body IS NOT NEW.body AND OLD.typeset IS NEW.typeset
        BEGIN
            UPDATE articles_article SET typeset = NULL, text = NULL WHERE id = NEW.id;
        END
    """,
    "articles_auditentry_unchanged": f"""
        CREATE TRIGGER articles_auditentry_unchanged BEFORE UPDATE ON articles_auditentry
        WHEN (NEW.by_id IS NOT NULL AND NEW.by_id IS NOT OLD.by_id)
            OR {" OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _WRITTEN)}
            OR (OLD.detail IS NOT NEW.detail AND (NEW.detail <> '' OR NOT {_IS_OF_DELETED}))
        BEGIN SELECT RAISE(ABORT, '{_KEPT["articles_auditentry"]}'); END
    """,
}


def _postgresql_version_function(name, columns):
    return f"""
    CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF ({", ".join(f"OLD.{name}" for name in columns)})
            IS NOT DISTINCT FROM ({", ".join(f"NEW.{name}" for name in columns)}) THEN
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
    """


_POSTGRESQL_FUNCTIONS = [
    """
    CREATE OR REPLACE FUNCTION articles_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'restrict_violation';
    END
    $$
    """,
    _postgresql_version_function("articles_raise_version", _SEEN),
    *(_postgresql_version_function(f"{table}_raise_version", _NAMED[table]) for table in _NAMED),
    """
    CREATE OR REPLACE FUNCTION articles_empty_typeset() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF OLD.body <> NEW.body AND OLD.typeset IS NOT DISTINCT FROM NEW.typeset THEN
            NEW.typeset := NULL;
            NEW.text := NULL;
        END IF;
        RETURN NEW;
    END
    $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION articles_refuse_change_of_audit() RETURNS trigger
    LANGUAGE plpgsql AS $$
    BEGIN
        IF (NEW.by_id IS NULL OR NEW.by_id IS NOT DISTINCT FROM OLD.by_id)
            AND ({", ".join(f"OLD.{name}" for name in _WRITTEN)})
            IS NOT DISTINCT FROM ({", ".join(f"NEW.{name}" for name in _WRITTEN)})
            AND (OLD.detail = NEW.detail OR (NEW.detail = '' AND {_IS_OF_DELETED})) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'restrict_violation';
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
    **{
        f"{table}_seen": f"CREATE CONSTRAINT TRIGGER {table}_seen"
        f" AFTER UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
        f" EXECUTE FUNCTION {table}_raise_version()"
        for table in _NAMED
    },
    "articles_article_typeset": "CREATE TRIGGER articles_article_typeset"
    " BEFORE UPDATE ON articles_article FOR EACH ROW EXECUTE FUNCTION articles_empty_typeset()",
    "articles_auditentry_unchanged": "CREATE TRIGGER articles_auditentry_unchanged"
    " BEFORE UPDATE ON articles_auditentry FOR EACH ROW"
    f" EXECUTE FUNCTION articles_refuse_change_of_audit('{_KEPT['articles_auditentry']}')",
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
