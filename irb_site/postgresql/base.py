"""Django's PostgreSQL, which asks the server for less: queries that are asked again and again are
read and planned once for each connection, and a pooled connection isn't tried out each time.
"""

import select
import time
from functools import lru_cache

from django.db.backends.postgresql import base
from psycopg import RawCursor, errors
from psycopg.pq import Format, TransactionStatus
from psycopg_pool import ConnectionPool

# How long a connection that has answered is believed to be good, if nobody has hung up.
SECONDS_TRUSTED = 0.5


class DatabaseOperations(base.DatabaseOperations):
    def last_executed_query(self, cursor, sql, params):
        if isinstance(cursor, _PlannedCursor):
            return self.compose_sql(sql, params)
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations

    def get_new_connection(self, conn_params):
        connection = super().get_new_connection(conn_params)
        while self.pool and not _is_good(connection):
            connection.close()
            # Which makes another.
            self.pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        return connection

    def planned_cursor(self, *, in_binary=False):
        """A cursor for queries that are asked again and again, with values in conditions only.

        in_binary: the answers come as the server keeps them, which is quicker for many numbers.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor = _PlannedCursor(self.connection)
            cursor.format = Format.BINARY if in_binary else Format.TEXT
            return self._prepare_cursor(cursor)


class _PlannedCursor(RawCursor):
    """Lets the server keep the plans of its queries, unless prepare_threshold is None."""

    def execute(self, query, values):
        query = _numbered(query)
        # As texts, of whose type the server decides: numbers of another size would be a query of
        # their own.
        values = list(map(str, values))
        try:
            return super().execute(query, values, prepare=True)
        except (errors.FeatureNotSupported, errors.InvalidSqlStatementName):
            # A column has another type now, or somebody has dropped all plans.
            if self.connection.info.transaction_status != TransactionStatus.IDLE:
                raise
            # Hearing this, psycopg forgets them, too.
            self.connection.execute("DEALLOCATE ALL")
            return super().execute(query, values, prepare=True)


@lru_cache(maxsize=1000)
def _numbered(query):
    """A query in the server's own words, from one with Django's places for values."""
    first, *others = query.split("%s")
    places = (f"${number}{rest}" for number, rest in enumerate(others, 1))
    return "".join([first, *places]).replace("%%", "%").encode()


def _is_good(connection):
    """Whether a pooled connection can be used. A server that goes says so to the connection."""
    heard = select.poll()
    heard.register(connection.fileno(), select.POLLIN)
    now = time.monotonic()
    if now < getattr(connection, "trusted_until", 0) and not heard.poll(0):
        return True
    try:
        ConnectionPool.check_connection(connection)
    except errors.Error:
        return False
    connection.trusted_until = now + SECONDS_TRUSTED
    return True
