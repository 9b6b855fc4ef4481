"""Years and months in the publication's own time zone."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone


@dataclass(frozen=True, slots=True)
class Period:
    """From start on, and before end."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, year, month=None):
        """A year, or a month of it."""
        following = (year, month + 1) if month and month < 12 else (year + 1, 1)
        return cls(_start(year, month or 1), _start(*following))


ALWAYS = Period(datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


def month_of(date):
    """(year, month) to which a moment belongs."""
    local = timezone.localtime(date)
    return local.year, local.month


def _start(year, month):
    return timezone.make_aware(datetime(year, month, 1))
