"""The key of an article in the search: a whole number that sorts by date, and holds the id."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from articles.search.signs import MONTH

_ID_BITS = 32
_ID_MASK = (1 << _ID_BITS) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALL_KEYS = (-(2**62), 2**62)


def key_of(article_id, published_at):
    """A whole number that sorts articles by date, then id, and holds the id."""
    minutes = int((published_at - _EPOCH).total_seconds() // 60)
    return (minutes << _ID_BITS) | article_id


def articles_of(sort_keys):
    return [key & _ID_MASK for key in sort_keys]


def date_of(sort_key):
    return _EPOCH + timedelta(minutes=sort_key >> _ID_BITS)


def month_of(sort_key):
    date = date_of(sort_key)
    return f"{MONTH}{date.year * 12 + date.month - 1}"


def beginning_of_month(date):
    return date.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def months_between(low, high):
    """The months of two sort keys and all between, as a part of a tsquery.

    Ten or a hundred of them are one beginning of their numbers: PostgreSQL weighs each article by
    each part of a query.
    """
    first, last = (int(month_of(key)[1:]) for key in (low, high))
    parts = []
    while first <= last:
        size = next(n for n in (100, 10, 1) if first % n == 0 and first + n - 1 <= last)
        parts.append(f"'{MONTH}{first // size}'{':*' if size > 1 else ''}")
        first += size
    return " | ".join(parts)


def count_years(sort_keys):
    """Year in the publication's time zone → how many of some articles came out in it, the last
    year first."""
    if not sort_keys:
        return {}
    zone = timezone.get_current_timezone()
    keys = sorted(sort_keys)
    first, last = (date_of(key).astimezone(zone).year for key in (keys[0], keys[-1]))
    counts, end = {}, len(keys)
    for year in range(last, first - 1, -1):
        begin = bisect_left(keys, key_of(0, datetime(year, 1, 1, tzinfo=zone)), hi=end)
        if begin < end:
            counts[year] = end - begin
        end = begin
    return counts
