"""Queries that Django writes once, and that are asked again and again with other values.

Writing a query takes Django several times as long as the database takes to answer it, and readers'
pages ask the same few. Their rules stay where they are: a prepared query is made of the words of
articles.querysets like any other.
"""

from datetime import UTC, datetime, timedelta

from django.db import connection

# Values that no row has: where they turn up in the written query, other values are put in.
_NUMBERS_FROM = 8_000_000_000_000_000
_DATES_FROM = datetime(9000, 1, 1, tzinfo=UTC)


class Prepared:
    """A query that is written at its first use: prepared(*values) gives its rows as lists.

    make: a function that makes a queryset of values_list, of values that stand in conditions only,
    each as it is. A value is a number, a text, a time, or a collection of one of these, which may
    be empty: then nothing is asked, and there are no rows.
    """

    def __init__(self, make):
        self._make = make
        self._written = {}

    def __call__(self, *values, offset=0):
        values = [_with_even_length(value) for value in values]
        if () in values:
            return []
        shape = tuple(len(value) if isinstance(value, tuple) else 0 for value in values)
        written = self._written.get(shape)
        if written is None:
            written = self._written[shape] = _Written(self._make, values)
        return written.rows(_flat(values), offset)

    def first(self, *values):
        """The first row, or None."""
        rows = self(*values)
        return rows[0] if rows else None


class _Written:
    """A query as text, and which of its parameters are which of the values."""

    def __init__(self, make, values):
        stand_ins = iter([_stand_in(value, n) for n, value in enumerate(_flat(values))])
        arguments = [
            tuple(next(stand_ins) for _one in value)
            if isinstance(value, tuple)
            else next(stand_ins)
            for value in values
        ]
        self.compiler = make(*arguments).query.get_compiler(connection=connection)
        self.sql, parameters = self.compiler.as_sql()
        columns = tuple(column for column, _sql, _alias in self.compiler.select)
        self.converters = self.compiler.get_converters(columns)
        places = {_adapted(one): n for n, one in enumerate(_flat(arguments))}
        self.parameters = [(places.get(one), one) for one in parameters]
        if {place for place, _one in self.parameters if place is not None} != {*places.values()}:
            raise ValueError("a value of a prepared query is changed on its way into it")

    def rows(self, values, offset):
        values = [_adapted(value) for value in values]
        parameters = [one if place is None else values[place] for place, one in self.parameters]
        sql = f"{self.sql} OFFSET {offset:d}" if offset else self.sql
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            rows = cursor.fetchall()
        return (
            list(self.compiler.apply_converters(rows, self.converters)) if self.converters else rows
        )


def _with_even_length(value):
    """A collection filled up to a power of two, so that few lengths have to be written."""
    if isinstance(value, (str, int, datetime)):
        return value
    items = tuple(value)
    if not items:
        return items
    return items + items[-1:] * ((1 << (len(items) - 1).bit_length()) - len(items))


def _flat(values):
    flat = []
    for value in values:
        flat.extend(value) if isinstance(value, tuple) else flat.append(value)
    return flat


def _stand_in(value, number):
    if isinstance(value, str):
        return f"\ue000{number}"
    if isinstance(value, datetime):
        return _DATES_FROM + timedelta(days=number)
    return _NUMBERS_FROM + number


def _adapted(value):
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value
