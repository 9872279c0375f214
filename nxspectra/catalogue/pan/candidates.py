"""Data sets among which are all that meet a condition on parameters, as the indexes of parameters have them.

They narrow a search down, and say nothing of what is met: each is still to be tried.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, select

from nxspectra import units
from nxspectra.catalogue import tables
from nxspectra.catalogue.pan.filters import PATTERNS, Compare, Operator, Or, Where
from nxspectra.catalogue.pan.matching import POSITIVE
from nxspectra.catalogue.pan.parameters import (
    Asked,
    Interval,
    Known,
    as_number,
    flat,
    intervals,
    narrowed,
    photon,
)
from nxspectra.catalogue.query import CLOSE
from nxspectra.catalogue.record import digest_of
from nxspectra.catalogue.rows import folded

Some: TypeAlias = list[Select[Any]]
"""Each gives ids of data sets, perhaps some twice."""

MOST_LOOKED = 100
"""Look-ups in the index of ranges; where it would take more, all that have the quantity are taken."""

_NEAR = tables.parameters.alias()


def candidates(where: Where, known: Known) -> Some | None:
    """None if no index helps."""
    some = _candidates(where, known, Asked())
    return some if some is None or 0 < len(some) <= MOST_LOOKED else None


def _candidates(where: Where, known: Known, asked: Asked) -> Some | None:
    if isinstance(where, Or):
        of_each = [_candidates(part, known, asked) for part in where.parts]
        some = [each for each in of_each if each is not None]
        return list(chain.from_iterable(some)) if len(some) == len(of_each) else None
    parts = list(flat(where))
    asked = narrowed(parts, asked)
    found = _by_value(parts, asked, known)
    for part in parts:
        if found is None and isinstance(part, Or):
            found = _candidates(part, known, asked)
    return _of_quantities(asked, known) if found is None else found


def _of_quantities(asked: Asked, known: Known) -> Some | None:
    if asked.names is None:
        return None
    return [select(_NEAR.c.dataset).where(_NEAR.c.quantity == each) for each in known.numbers_of(asked)]


def _by_value(parts: Iterable[Where], asked: Asked, known: Known) -> Some | None:
    said = [part for part in parts if _is_of_value(part)]
    if not said or asked.names is None:
        return None
    if asked.unit is None:
        return _by_text(said[0], asked, known)
    return _by_range(said, asked, asked.unit, known)


def _is_of_value(part: Where) -> bool:
    return (
        isinstance(part, Compare)
        and part.property == "value"
        and part.operator not in PATTERNS
        and part.operator not in POSITIVE
    )


def _by_text(part: Where, asked: Asked, known: Known) -> Some | None:
    """Of texts that are no numbers; those are compared as they were given, for which there is no index."""
    assert isinstance(part, Compare)  # noqa: S101
    texts = [each for each in part.values if isinstance(each, str) and as_number(each) is None]
    if part.operator not in (Operator.EQ, Operator.INQ) or len(texts) < len(part.values):
        return None
    keys = [digest_of(each, folded(each)) for each in texts]
    values = select(tables.values.c.id).where(tables.values.c.key.in_(keys))
    near = _NEAR.c
    return [
        select(near.dataset).where(near.quantity == each, near.value.in_(values))
        for each in known.numbers_of(asked)
    ]


# -- ranges ------------------------------------------------------------------------------------


def _by_range(said: Iterable[Where], asked: Asked, unit: str, known: Known) -> Some | None:
    wanted = _intervals(said, unit)
    if wanted is None:
        return None
    if asked.of_photons:
        wanted += [photon(each) for each in wanted]
    looked = [
        select(_NEAR.c.dataset).where(_NEAR.c.quantity == quantity, *_starts(level, *each))
        for quantity in known.numbers_of(asked)
        for level in known.levels(quantity)
        for each in wanted
        if each[0] < math.inf
    ]
    return looked if len(looked) <= MOST_LOOKED else None


def _intervals(said: Iterable[Where], unit: str) -> list[Interval] | None:
    """Where a value must lie to meet what is said of it, in SI; None if that cannot be told."""
    if units.parse(unit) is None:
        return None
    met: list[Interval] = [(-math.inf, math.inf)]
    for part in said:
        assert isinstance(part, Compare)  # noqa: S101
        numbers = [as_number(each) for each in part.values]
        in_si = [float(units.to_si(number, unit)) for number in numbers if number is not None]
        if len(in_si) < len(numbers):
            return None
        met = list(_common(met, intervals(part.operator, in_si)))
    return met


def _common(some: Iterable[Interval], others: list[Interval]) -> Iterator[Interval]:
    """A range may meet both without meeting what they have in common: then it holds what lies between."""
    for low, high in some:
        for start, end in others:
            first, last = max(low, start), min(high, end)
            yield (first, last) if first <= last else (last, first)


def _starts(level: int, low: float, high: float) -> Iterator[ColumnElement[bool]]:
    """Ranges of one level that meet an interval start between its ends or at most their width before it."""
    near = _NEAR.c
    yield near.level == level
    if low > -math.inf:
        yield near.si_min >= low - _width(level)
        yield near.si_max >= low
    if high < math.inf:
        yield near.si_min <= high


def _width(level: int) -> float:
    """The width that no range of a level exceeds; with room for what rounding takes."""
    return 0.0 if level == tables.POINT else math.ldexp(1.0, min(level, 1000)) * (1 + CLOSE)
