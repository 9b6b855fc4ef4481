"""Queries that Django writes once, and that are asked again and again with other values.

Writing a query takes Django several times as long as the database takes to answer it, and readers'
pages ask the same few. Their rules stay where they are: a prepared query is made of the words of
articles.querysets like any other.
"""

from datetime import UTC, datetime, timedelta

from django.db import connection

# Values that no row has: where they turn up in the written query, other values are put in.
_NUMBERS_FROM = 2_100_000_000
_DATES_FROM = datetime(9000, 1, 1, tzinfo=UTC)


class Prepared:
    """A query that is written at its first use: prepared(*values) gives its rows as tuples.

    make: a function that makes a queryset of values_list, of values that stand in conditions only,
    each as it is. A value is a number, a text, a time, or a collection of one of these, which may
    be empty: then nothing is asked, and there are no rows. If make gives several querysets of
    the same columns, all are asked in one query, and their rows come one after the other.
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


def instance(model, names, row):
    """An instance of a row of some columns, named in the order of the model's fields."""
    return model.from_db(connection.alias, names, row)


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
        made = make(*arguments)
        querysets = made if isinstance(made, (list, tuple)) else [made]
        compilers = [one.query.get_compiler(connection=connection) for one in querysets]
        written = [compiler.as_sql() for compiler in compilers]
        self.sql = written[0][0] if len(written) == 1 else _all_of(sql for sql, _ in written)
        self.compiler = compilers[0]
        columns = tuple(column for column, _sql, _alias in self.compiler.select)
        self.converters = self.compiler.get_converters(columns)
        places = {_adapted(one): n for n, one in enumerate(_flat(arguments))}
        parameters = [one for _sql, of_part in written for one in of_part]
        self.places = [places[one] for one in parameters if one in places]
        if {*self.places} != {*places.values()}:
            raise ValueError("a value of a prepared query is changed on its way into it")
        # What never changes is written out: SQLite looks for a partial index when it reads the
        # query, before it knows any parameter, and would have to read it again each time.
        self.sql = _filled(self.sql, [None if one in places else one for one in parameters])

    def rows(self, values, offset):
        values = [_adapted(value) for value in values]
        values = [values[place] for place in self.places]
        if offset:
            with connection.cursor() as cursor:
                cursor.execute(f"{self.sql} OFFSET {offset:d}", values)
                rows = cursor.fetchall()
        else:
            with cursor_to_ask_again() as cursor:
                cursor.execute(self.sql, values)
                rows = cursor.fetchall()
        if self.converters:
            return [tuple(row) for row in self.compiler.apply_converters(rows, self.converters)]
        return rows


def cursor_to_ask_again():
    """A cursor for a query that will be asked again with other values, in conditions only; SQLite's
    keeps what it has read by itself."""
    return getattr(connection, "planned_cursor", connection.cursor)()


def _filled(sql, constants):
    """A query with its constants in it; None stays a parameter."""
    first, *others = sql.split("%s")
    return first + "".join(
        ("%s" if one is None else _literal(one)) + rest
        for one, rest in zip(constants, others, strict=True)
    )


def _literal(constant):
    if isinstance(constant, str):
        return "'{}'".format(constant.replace("'", "''").replace("%", "%%"))
    if isinstance(constant, int):
        return str(constant)
    raise ValueError(f"{constant!r} can't be written out in a prepared query")


def _all_of(queries):
    """One query of several: in brackets, since each has an order and a limit of its own."""
    return " UNION ALL ".join(
        f"SELECT * FROM ({sql}) AS part{number}" for number, sql in enumerate(queries)
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
