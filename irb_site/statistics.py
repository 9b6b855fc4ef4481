"""What SQLite knows of how many rows there are: by that it chooses an index.

PostgreSQL counts by itself. SQLite would have to be asked from a connection that has used the
tables, and by samples it takes a kind that all articles have for a rare one: so all rows of a table
are counted, and rarely. 100,000 articles of 1,000 words take two seconds.
"""

from django.db import connection, transaction

# Smaller tables are read as fast in any order.
_ROWS_MIN = 200
# A table is counted again when it has grown so much.
_GROWN = 2


def refresh():
    """Lets SQLite count the rows of tables that have grown much. Returns the names of these."""
    if connection.vendor != "sqlite":
        return []
    with connection.cursor() as cursor:
        grown = [
            table
            for table, counted in _counted(cursor).items()
            if _rows(cursor, table) >= max(_ROWS_MIN, _GROWN * counted)
        ]
        for table in grown:
            # One after the other: whoever writes waits for one table only.
            cursor.execute(f'ANALYZE "{table}"')
        if grown:
            _tell_others(cursor)
    return grown


def _counted(cursor):
    """Table → how many rows it had when they were counted, 0 where they never were."""
    cursor.execute("SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'index'")
    counted = dict.fromkeys((table for (table,) in cursor.fetchall()), 0)
    cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")
    if cursor.fetchone():
        # Of an index of some rows only, it says how many these are.
        cursor.execute("SELECT tbl, MAX(CAST(stat AS integer)) FROM sqlite_stat1 GROUP BY tbl")
        counted |= {table: rows for table, rows in cursor.fetchall() if table in counted}
    return counted


def _rows(cursor, table):
    cursor.execute(f'SELECT COUNT(*) FROM "{table}"')
    return cursor.fetchone()[0]


def _tell_others(cursor):
    """Other connections read the counts again when the schema has changed, and only then."""
    with transaction.atomic():
        cursor.execute("CREATE VIEW irb_site_statistics AS SELECT 1")
        cursor.execute("DROP VIEW irb_site_statistics")
