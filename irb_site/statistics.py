"""What SQLite knows of how many rows there are: by that it chooses an index.

PostgreSQL counts by itself. SQLite would have to be asked from a connection that has used the
tables, and by samples it takes a kind that all articles have for a rare one: so all rows of a table
are counted, and rarely. 100,000 articles of 1,000 words take two seconds.
"""

import re

from django.db import connection, transaction

# A table is counted again when it has grown so much. Small ones, too: SQLite takes one that was
# never counted for a long one, and begins with another where both are asked.
_GROWN = 2


def refresh():
    """Lets SQLite count the rows of tables that have grown much, or have got an index that it has
    not counted yet. Returns their names.
    """
    if connection.vendor != "sqlite":
        return []
    with connection.cursor() as cursor:
        grown = [
            table
            for table, counted in _counted(cursor).items()
            if _rows(cursor, table) >= max(1, _GROWN * counted)
        ]
        for table in grown:
            # One after the other: whoever writes waits for one table only.
            cursor.execute(f'ANALYZE "{table}"')
        if grown:
            _tell_others(cursor)
    return grown


def _counted(cursor):
    """Table → how many rows it had when they were counted; 0 where an index never was."""
    cursor.execute("SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'index'")
    indexes = cursor.fetchall()
    cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")
    known = {}
    if cursor.fetchone():
        cursor.execute("SELECT idx, CAST(stat AS integer) FROM sqlite_stat1")
        known = dict(cursor.fetchall())
    counted, uncounted = {}, set()
    for table, index, sql in indexes:
        # Of an index of some rows only, it says how many these are.
        counted[table] = max(counted.get(table, 0), known.get(index, 0))
        if index not in known and not _has_nothing(cursor, table, index, sql):
            uncounted.add(table)
    return counted | dict.fromkeys(uncounted, 0)


def _has_nothing(cursor, table, index, sql):
    """Whether an index is of some rows only, and there are none: SQLite says nothing of such."""
    _columns, *condition = re.split(r"\bWHERE\b", sql or "", maxsplit=1, flags=re.IGNORECASE)
    if not condition:
        return False
    cursor.execute(f'SELECT 1 FROM "{table}" INDEXED BY "{index}" WHERE {condition[0]} LIMIT 1')
    return cursor.fetchone() is None


def _rows(cursor, table):
    cursor.execute(f'SELECT COUNT(*) FROM "{table}"')
    return cursor.fetchone()[0]


def _tell_others(cursor):
    """Other connections read the counts again when the schema has changed, and only then."""
    with transaction.atomic():
        cursor.execute("CREATE VIEW irb_site_statistics AS SELECT 1")
        cursor.execute("DROP VIEW irb_site_statistics")
