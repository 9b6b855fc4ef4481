"""How many of what was found have each tag and each author, and came out in each year."""

from bisect import bisect_left
from collections import Counter
from datetime import datetime

from django.utils import timezone

from articles import labels
from articles.search.keys import date_of, key_of
from articles.search.names import KINDS, ids_of


def count_names(matches):
    """How many of some Matches have each tag, and each author: two Counters by id."""
    counts = Counter(" ".join(matches.names.values()).split())
    groups = labels.groups()
    return tuple(_counted(kind, sign, counts, groups, matches) for kind, sign in KINDS)


def _counted(kind, sign, counts, groups, matches):
    counted = Counter({int(token[1:]): n for token, n in counts.items() if token[0] == sign})
    if not groups or not any((kind, pk) in groups for pk in counted):
        return counted
    # An article may have two that count as one.
    return Counter(
        pk
        for names in matches.names.values()
        for pk in {groups.get((kind, pk), (pk,))[0] for pk in ids_of(sign, names.split())}
    )


def count_years(matches):
    """Year in the publication's time zone → how many of some Matches came out in it, the last
    year first."""
    if not matches:
        return {}
    zone = timezone.get_current_timezone()
    keys = sorted(matches.names)
    first, last = (date_of(key).astimezone(zone).year for key in (keys[0], keys[-1]))
    counts, end = {}, len(keys)
    for year in range(last, first - 1, -1):
        begin = bisect_left(keys, key_of(0, datetime(year, 1, 1, tzinfo=zone)), hi=end)
        if begin < end:
            counts[year] = end - begin
        end = begin
    return counts
