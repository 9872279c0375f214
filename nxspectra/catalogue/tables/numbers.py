"""Times as numbers, ids that begin with a time, and how wide a range is."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import lru_cache

_SLOTS = 16
"""Bits for data sets of the same minute; where they do not suffice, those that follow are used."""


def first_id(created: int | None) -> int:
    """The lowest id of a data set that was created then, in seconds since 1970; 0 if nobody knows."""
    return 0 if created is None else (created // 60) << _SLOTS


def minute_of(dataset: int) -> int:
    return dataset >> _SLOTS


def ids_between(since: int | None, until: int | None) -> tuple[int | None, int | None]:
    """The lowest and the highest id of the data sets that were created in this time, both included."""
    return (
        None if since is None else first_id(since),
        None if until is None else first_id(until + 60) - 1,
    )


@lru_cache(maxsize=4096)
def seconds(text: str | None) -> int | None:
    """Seconds since 1970 of a day or a date and time; UTC where it names no zone."""
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
        return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def iso(moment: int | None) -> str | None:
    """Seconds since 1970 as a date and time in UTC."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


POINT = -32768
"""The level of a range of no width."""


def level_of(low: float, high: float) -> int:
    """The power of two that the width does not exceed."""
    width = high - low
    if width == 0:
        return POINT
    return math.frexp(width)[1] if math.isfinite(width) else 1025
