"""The two engines. Each stores entries under a sort key and gives back the newest that match.

Tokens are letters, digits and private-use characters, so none of them needs escaping. No engine's
score is used: it has to be computed for every match, and the two don't agree.
"""

from django.db import connection

from articles.search.keys import ALL_KEYS, month_of, months_between
from articles.search.recent import recent_articles
from articles.search.signs import pairs_in

# PostgreSQL keeps no more of a token.
POSITIONS_MAX = 255


class _SqliteEngine:
    """An FTS5 table whose row numbers are the sort keys, so that it is read newest first.

    The ascii tokenizer takes a token as it is: everything beyond ASCII is a letter to it.
    """

    def cursor(self):
        """A cursor for what is asked again and again with other values."""
        return connection.cursor()

    def write(self, article_id, sort_key, entry):
        self.remove(article_id)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO articles_search (article_id, sort_key, names, weights)"
                " VALUES (%s, %s, %s, %s)",
                [article_id, sort_key, entry.names, entry.weights],
            )
            cursor.execute(
                "INSERT INTO articles_search_tokens (rowid, sequence, loose) VALUES (%s, %s, %s)",
                [sort_key, " ".join(entry.sequence), " ".join(sorted(entry.loose))],
            )

    def remove(self, article_id):
        # A trigger takes the tokens away, here as when an article's own row goes.
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM articles_search WHERE article_id = %s", [article_id])

    def newest(self, wanted, unwanted, limit, span=None):
        low, high = span or ALL_KEYS
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT group_concat(rowid, ' ') FROM (SELECT rowid FROM articles_search_tokens"
                " WHERE articles_search_tokens MATCH %s AND rowid >= %s AND rowid < %s"
                " ORDER BY rowid DESC LIMIT %s)",
                [self._expression(wanted, unwanted), low, high, limit],
            )
            return _keys(cursor.fetchall())

    def counts(self, clauses, recent):
        one = (
            "SELECT COUNT(*) FROM articles_search_tokens"
            " WHERE articles_search_tokens MATCH %s AND rowid >= %s"
        )
        parameters = []
        for clause in clauses:
            parameters += [self._any(clause), recent.key]
        with connection.cursor() as cursor:
            cursor.execute("SELECT " + ", ".join([f"({one})"] * len(clauses)), parameters)
            return list(cursor.fetchone())

    def lines(self, table, column, article_ids):
        """Article id → what a column says of it, of some that can be found."""
        article_ids = list(article_ids)
        marks = ", ".join(["%s"] * len(article_ids))
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT article_id, {column} FROM {table} WHERE article_id IN ({marks})",
                article_ids,
            )
            return dict(cursor.fetchall())

    def sort_in(self):
        """An entry is sorted in as it is written."""

    def tidy(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO articles_search_tokens (articles_search_tokens) VALUES ('optimize')"
            )

    def _expression(self, wanted, unwanted):
        expression = " AND ".join(f"({self._any(clause)})" for clause in wanted)
        if unwanted:
            nots = " OR ".join(self._any(clause) for clause in unwanted)
            expression = f"({expression}) NOT ({nots})"
        return expression

    def _any(self, clause):
        return " OR ".join(self._alternative(alternative) for alternative in clause)

    def _alternative(self, alternative):
        phrase = " ".join(alternative.tokens)
        return f'sequence : "{phrase}"' if len(alternative.tokens) > 1 else f'"{phrase}"'


class _PostgresEngine:
    """A tsvector column with a GIN index. Its contents are made here, not by a parser.

    An index of this kind knows no order: to give the newest, it has to look up all. So an entry
    says its month, too, and a word is looked up among the last months first. Nor does it know
    which words stand in a row, and to read the entries is dear. So an entry also says which pairs
    of words it has, and only where those of a phrase are, it is read.
    """

    def cursor(self):
        return connection.planned_cursor()

    def write(self, article_id, sort_key, entry):
        positions = {}
        for position, token in enumerate(entry.sequence, start=1):
            positions.setdefault(token, []).append(str(position))
        vector = [f"'{token}':{','.join(at[:POSITIONS_MAX])}" for token, at in positions.items()]
        vector += [
            f"'{token}'"
            for token in (*entry.loose, *sorted(pairs_in(entry.sequence)), month_of(sort_key))
        ]
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO articles_search (article_id, sort_key, tokens, names, weights)"
                " VALUES (%s, %s, %s::tsvector, %s, %s)"
                " ON CONFLICT (article_id) DO UPDATE"
                " SET sort_key = excluded.sort_key, tokens = excluded.tokens,"
                " names = excluded.names, weights = excluded.weights",
                [article_id, sort_key, " ".join(vector), entry.names, entry.weights],
            )

    def remove(self, article_id):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM articles_search WHERE article_id = %s", [article_id])

    def newest(self, wanted, unwanted, limit, span=None):
        query = self._expression(wanted, unwanted, " <-> ")
        without_phrases = [clause for clause in unwanted if all(len(a.tokens) == 1 for a in clause)]
        candidates = self._expression(wanted, without_phrases, " & ")
        low, high = span or ALL_KEYS
        if span:
            candidates = f"({candidates}) & ({months_between(low, high)})"
        steps = () if span else recent_articles().steps
        with self.cursor() as cursor:
            cursor.execute(
                "SELECT keys FROM articles_search_newest(%s::tsquery,"
                " nullif(%s, '')::tsquery, %s::tsquery[], %s::bigint[], %s, %s, %s)",
                [
                    candidates,
                    "" if query == candidates and not span else query,
                    _array(f'"{months}"' for months, _key in steps),
                    _array(key for _months, key in steps),
                    low,
                    high,
                    limit,
                ],
            )
            return _keys(cursor.fetchall())

    def counts(self, clauses, recent):
        one = "articles_search_count(%s::tsquery, %s::tsquery)"
        parameters = []
        for clause in clauses:
            for between in (" & ", " <-> "):
                expression = self._expression([clause], [], between)
                if recent.months:
                    expression = f"({expression}) & ({recent.months})"
                parameters.append(expression)
        with connection.cursor() as cursor:
            cursor.execute("SELECT " + ", ".join([one] * len(clauses)), parameters)
            return list(cursor.fetchone())

    def lines(self, table, column, article_ids):
        with self.cursor() as cursor:
            cursor.execute(
                f"SELECT article_id, {column} FROM {table} WHERE article_id = ANY (%s::bigint[])",
                [_array(article_ids)],
            )
            return dict(cursor.fetchall())

    def sort_in(self):
        # Only an index's owner may ask for it. Where the worker is another, the database sorts in
        # what has become too much.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT gin_clean_pending_list(oid) FROM pg_class"
                " WHERE oid = 'articles_search_tokens'::regclass"
                " AND pg_has_role(relowner, 'USAGE')"
            )

    def tidy(self):
        self.sort_in()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE articles_search")

    def _expression(self, wanted, unwanted, between):
        """The clauses as a tsquery, with an operator between the tokens of a row: " <-> ", or " & "
        for what the index can answer."""

        def any_of(clause):
            return " | ".join(self._alternative(alternative, between) for alternative in clause)

        clauses = [f"({any_of(clause)})" for clause in wanted]
        clauses += [f"!({any_of(clause)})" for clause in unwanted]
        return " & ".join(clauses)

    def _alternative(self, alternative, between):
        row = alternative.tokens
        if between == " & ":
            row = (*row, *sorted(pairs_in(row)))
        row = between.join(f"'{token}'" for token in row)
        return f"({row})"


def _array(items):
    """Some items as PostgreSQL writes an array of them."""
    return f"{{{','.join(map(str, items))}}}"


def _keys(texts):
    """The sort keys in what a database gives, which takes much less as a text than as rows."""
    return [int(key) for (text,) in texts for key in (text or "").split()]


_ENGINES = {"sqlite": _SqliteEngine(), "postgresql": _PostgresEngine()}


def engine():
    return _ENGINES[connection.vendor]
