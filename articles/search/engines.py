"""The two engines. Each stores entries under a sort key and gives back the newest that match.

Tokens are letters, digits and private-use characters, so none of them needs escaping. No engine's
score is used: it has to be computed for every match, and the two don't agree.
"""

from django.db import connection

from articles.prepared import cursor_to_ask_again
from articles.search.keys import ALL_KEYS, month_of, months_between
from articles.search.recent import recent_articles
from articles.search.signs import pairs_in

# PostgreSQL keeps no more of a token.
POSITIONS_MAX = 255


class _SqliteEngine:
    """An FTS5 table whose row numbers are the sort keys, so that it is read newest first.

    The ascii tokenizer takes a token as it is: everything beyond ASCII is a letter to it.
    """

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
        """The sort keys of so many of the newest matches of clauses."""
        low, high = span or ALL_KEYS
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT group_concat(rowid, ' ') FROM (SELECT rowid FROM articles_search_tokens"
                " WHERE articles_search_tokens MATCH %s AND rowid >= %s AND rowid < %s"
                " ORDER BY rowid DESC LIMIT %s)",
                [self._expression(wanted, unwanted), low, high, limit],
            )
            (keys,) = cursor.fetchone()
            # A text takes much less than rows.
            return list(map(int, keys.split())) if keys else []

    def newest_and_best(self, wanted, better, unwanted, limit, few, enough, span=None):
        """The newest as above; and where there are more than few, the newest of better clauses:
        enough of each, until one of them has enough."""
        newest, best = self.newest(wanted, unwanted, limit, span), []
        if len(newest) > few:
            for clauses in better:
                found = self.newest(clauses, unwanted, enough, span)
                best += found
                if len(found) >= enough:
                    break
        return newest, best

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

    def rows(self, query, article_ids):
        """The rows of a query that ends in a condition for some primary keys of articles."""
        article_ids = list(article_ids)
        marks = ", ".join(["%s"] * len(article_ids))
        with connection.cursor() as cursor:
            cursor.execute(f"{query} IN ({marks})", article_ids)
            return cursor.fetchall()

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
        with connection.planned_cursor(in_binary=True) as cursor:
            cursor.execute(
                "SELECT articles_search_newest(%s::tsquery, nullif(%s, '')::tsquery,"
                " %s::tsquery[], %s::bigint[], %s, %s, %s)",
                [*self._query(wanted, unwanted), *self._among(span), limit],
            )
            return cursor.fetchone()[0]

    def newest_and_best(self, wanted, better, unwanted, limit, few, enough, span=None):
        better = [self._query(clauses, unwanted) for clauses in better]
        with connection.planned_cursor(in_binary=True) as cursor:
            cursor.execute(
                "SELECT keys, best FROM articles_search_found(%s::tsquery, nullif(%s, '')::tsquery,"
                " %s::tsquery[], %s::bigint[], %s, %s, %s, %s::tsquery[], %s::tsquery[], %s, %s)",
                [
                    *self._query(wanted, unwanted),
                    *(*self._among(span), limit),
                    *(_array(map(_quoted, one)) for one in zip(*better, strict=True)),
                    *(few, enough),
                ],
            )
            return cursor.fetchone()

    def _query(self, wanted, unwanted):
        """One query for what the index can answer, and one for what the entries must be compared
        with, which is empty where there are no phrases."""
        rows = [alternative for clause in (*wanted, *unwanted) for alternative in clause]
        has_phrases = any(len(alternative.tokens) > 1 for alternative in rows)
        without_phrases = [clause for clause in unwanted if all(len(a.tokens) == 1 for a in clause)]
        candidates = self._expression(wanted, without_phrases, " & ")
        return candidates, self._expression(wanted, unwanted, " <-> ") if has_phrases else ""

    def _among(self, span):
        """The months that are looked up first, the sort keys with which they begin, and the sort
        keys from which and to which."""
        steps = ((months_between(*span), span[0]),) if span else recent_articles().steps
        months = _array(_quoted(months) for months, _key in steps)
        return months, _array(key for _months, key in steps), *(span or ALL_KEYS)

    def counts(self, clauses, recent):
        one = "articles_search_count(%s::tsquery, nullif(%s, '')::tsquery, nullif(%s, '')::tsquery)"
        with cursor_to_ask_again() as cursor:
            cursor.execute(
                "SELECT " + ", ".join([one] * len(clauses)),
                [part for c in clauses for part in (*self._query([c], []), recent.months)],
            )
            return list(cursor.fetchone())

    def rows(self, query, article_ids):
        with cursor_to_ask_again() as cursor:
            cursor.execute(f"{query} = ANY (%s::bigint[])", [_array(article_ids)])
            return cursor.fetchall()

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


def _quoted(query):
    """A query in such an array."""
    return f'"{query}"' if query else "NULL"


_ENGINES = {"sqlite": _SqliteEngine(), "postgresql": _PostgresEngine()}


def engine():
    return _ENGINES[connection.vendor]
