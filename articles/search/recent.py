"""Which articles are recent: words are counted in these, and PostgreSQL looks among them first."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection

from articles.search.keys import ALL_KEYS, beginning_of_month, key_of, months_between

# In how many of the newest articles, at least, a word is counted.
RECENT_MIN = 4000
# In how many of them, at least, PostgreSQL looks first.
STEP_MIN = 2000
# In words of its own, since SQLite can't count along the index of public articles where the state
# is a parameter.
_PUBLIC_BY_DATE = (
    "SELECT first_published_at FROM articles_article WHERE state = 'live' AND kind = 'article'"
    " ORDER BY first_published_at DESC, id DESC"
)
_recent_remembered = {}
_RECENT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Recent:
    """The last months, with at least RECENT_MIN articles, or all there is."""

    articles: int
    # The sort key with which they begin.
    key: int = ALL_KEYS[0]
    # For PostgreSQL; empty where all is recent.
    months: str = ""
    # The same in parts, the last months first, and the sort keys with which these begin.
    steps: tuple = ()


def recent_articles(*, counted=False):
    """Which articles are recent, as of some minutes ago: what is found doesn't depend on it.

    counted: how many they are is right, where they are all there is.
    """
    known, until = _recent_remembered.get(connection.alias, (None, 0))
    if known and time.monotonic() < until and (known.months or not counted):
        return known
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*), MIN(first_published_at), MAX(first_published_at),"
            f" (SELECT MIN(first_published_at) FROM ({_PUBLIC_BY_DATE} LIMIT %s) AS step)"
            f" FROM ({_PUBLIC_BY_DATE} LIMIT %s) AS newest",
            [min(STEP_MIN, RECENT_MIN), RECENT_MIN],
        )
        number, oldest, newest, between = cursor.fetchone()
    recent = Recent(number)
    if number >= RECENT_MIN:
        if isinstance(oldest, str):
            oldest, newest, between = (
                datetime.fromisoformat(date).replace(tzinfo=UTC)
                for date in (oldest, newest, between)
            )
        first, last = (key_of(0, beginning_of_month(date)) for date in (oldest, between))
        # Nothing is published with a date in the future, but this is remembered for a while.
        soon = key_of(0, max(newest, datetime.now(UTC)) + timedelta(days=1))
        steps = [(months_between(last, soon), last)]
        if first < last:
            steps.append((months_between(first, last - 1), first))
        recent = Recent(number, first, months_between(first, soon), tuple(steps))
    _recent_remembered[connection.alias] = recent, time.monotonic() + _RECENT_SECONDS
    return recent
