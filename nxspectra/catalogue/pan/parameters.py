"""Parameters with units: compared in SI, answered in the unit that was asked for.

A value is met by a range that holds it, so a ramp is found by any pressure in it. Without a unit, numbers are
compared as they were given. Energy and wavelength are one quantity for photons: whichever a data set has, it
is found by the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, exists, false, func, not_, or_, select, true

from nxspectra import units
from nxspectra.catalogue import tables
from nxspectra.catalogue.pan.filters import (
    PATTERNS,
    And,
    Compare,
    Operator,
    Or,
    Text,
    Value,
    Where,
)
from nxspectra.catalogue.pan.matching import POSITIVE
from nxspectra.catalogue.pan.sources import Source
from nxspectra.catalogue.query import CLOSE
from nxspectra.errors import FilterError
from nxspectra.rdf.quantities import BEAM_ENERGY, PLANCK_TIMES_LIGHT, QUANTITIES, WAVELENGTH, Quantity

Bool: TypeAlias = ColumnElement[bool]
Plain: TypeAlias = Callable[[Compare], Bool]
Interval: TypeAlias = tuple[float, float]

_MEASURED = tables.datasets.alias()


def _names(quantity: Quantity) -> frozenset[str]:
    return frozenset(
        {quantity.name, *quantity.aliases} | ({quantity.pan_name} if quantity.pan_name else set())
    )


_FAMILIES = {name: _names(quantity) for quantity in QUANTITIES for name in _names(quantity)}
_ENERGY, _WAVELENGTH = _names(BEAM_ENERGY), _names(WAVELENGTH)
_PHOTON = _ENERGY | _WAVELENGTH


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which parameters, and in which unit; None where nothing is said."""

    names: frozenset[str] | None = None
    unit: str | None = None

    @property
    def of_photons(self) -> bool:
        """Is it the energy or the wavelength of photons, so that either will do?"""
        unit = units.parse(self.unit or "")
        return (
            unit is not None
            and unit.dimension in (units.ENERGY, units.LENGTH)
            and self.names is not None
            and self.names <= _PHOTON
        )

    @property
    def other(self) -> str:
        """The SI unit of the other of the two."""
        return WAVELENGTH.si if units.same_kind(self.unit or "", BEAM_ENERGY.si) else BEAM_ENERGY.si


@dataclass(frozen=True, slots=True)
class Known:
    """The units and the names that parameters have, by what the tables call them."""

    units: Mapping[int, str]
    quantities: Mapping[int, str]
    levels: Callable[[int], Sequence[int]]
    """The levels of the ranges of a quantity, see `tables`."""

    def numbers_of(self, asked: Asked) -> list[int]:
        """What the tables call the quantities of these names."""
        names = _PHOTON if asked.of_photons else asked.names or frozenset()
        return self._numbers(names)

    def numbers_in(self, where: Where) -> list[int] | None:
        """The quantities of which a parameter must be that meets this; None if it may be of any."""
        if isinstance(where, Or):
            each = [self.numbers_in(part) for part in where.parts]
            some = [numbers for numbers in each if numbers is not None]
            return sorted({*chain.from_iterable(some)}) if len(some) == len(each) else None
        names = narrowed(list(flat(where)), Asked()).names
        if names is None:
            return None
        # in which unit is said elsewhere; either will do
        return self._numbers(names | _PHOTON if names & _PHOTON else names)

    def _numbers(self, names: frozenset[str]) -> list[int]:
        return sorted(number for number, name in self.quantities.items() if name in names)


def condition(where: Where, source: Source, plain: Plain, known: Known) -> Bool:
    """A condition on parameters in SQL. `plain` gives that of an ordinary comparison.

    Raises FilterError for a unit that is none, or a value that is none.
    """
    return _Group(source, plain, known).condition(where, Asked())


def asked_for(where: Where | None, asked: Asked | None = None) -> Iterator[Asked]:
    """What is asked for in some unit, wherever it stands in a condition."""
    asked = asked or Asked()
    if isinstance(where, And):
        parts = list(flat(where))
        asked = narrowed(parts, asked)
        if asked.unit is not None:
            yield asked
        for part in parts:
            if isinstance(part, Or):
                yield from asked_for(part, asked)
    elif isinstance(where, Or):
        for part in where.parts:
            yield from asked_for(part if isinstance(part, And) else And((part,)), asked)


def flat(where: Where) -> Iterator[Where]:
    """The conditions that must all hold."""
    if isinstance(where, And):
        for part in where.parts:
            yield from flat(part)
    else:
        yield where


def narrowed(parts: list[Where], outer: Asked) -> Asked:
    """What parts that all must hold say of name and unit."""
    names, unit = outer.names, outer.unit
    for part in parts:
        if isinstance(part, Compare) and part.operator in (Operator.EQ, Operator.INQ):
            said = frozenset(each for each in part.values if isinstance(each, str))
            if part.property == "name":
                names = _families(said)
            elif part.property == "unit" and part.operator is Operator.EQ and said:
                unit = next(iter(said)) or None
    return Asked(names, unit)


def _families(said: frozenset[str]) -> frozenset[str]:
    """Names with the others that the same quantities have."""
    return said.union(*(_FAMILIES.get(name, frozenset()) for name in said))


class _Group:
    """Conditions that stand together on one parameter."""

    def __init__(self, source: Source, plain: Plain, known: Known) -> None:
        self.source, self.plain, self.known = source, plain, known

    def condition(self, where: Where, outer: Asked) -> Bool:
        parts = list(flat(where))
        asked = narrowed(parts, outer)
        return and_(true(), *(self._part(part, asked) for part in parts))

    def _part(self, part: Where, asked: Asked) -> Bool:
        if isinstance(part, Or):
            return or_(false(), *(self.condition(each, asked) for each in part.parts))
        if isinstance(part, And | Text):  # flattened; and no text is looked for in parameters
            raise TypeError(part)
        if part.property == "unit" and part.operator is Operator.EQ:
            return self._unit(part, asked)
        if part.property == "name" and part.operator in (Operator.EQ, Operator.INQ) and asked.names:
            return self.source.more["quantity"].in_(self.known.numbers_of(asked))
        if part.property == "value" and part.operator not in PATTERNS:
            return self._value(part, asked)
        return self.plain(part)

    # -- units ---------------------------------------------------------------------------------

    def _unit(self, part: Compare, asked: Asked) -> Bool:
        if part.values[0] in (None, ""):
            empty = [number for number, spelling in self.known.units.items() if not spelling.strip()]
            return or_(self.source.more["unit"].is_(None), self.source.more["unit"].in_(empty))
        if asked.unit != part.values[0]:
            return false()  # a parameter has one unit
        if asked.of_photons:
            other = and_(self._is_kind(asked.other), not_(self._of_neutrons()))
            return or_(self._is_kind(asked.unit), other)
        return self._is_kind(asked.unit)

    def _is_kind(self, unit: str) -> Bool:
        """Can the parameter be converted into this unit?"""
        if units.parse(unit) is None:
            if unit not in self.known.units.values():
                raise FilterError(f"{unit[:60]!r} is not a unit{_nearest(unit)}")
            alike = [number for number, spelling in self.known.units.items() if spelling == unit]
        else:
            alike = [
                number for number, spelling in self.known.units.items() if units.same_kind(spelling, unit)
            ]
        return self.source.more["unit"].in_(alike)

    # -- values --------------------------------------------------------------------------------

    def _value(self, part: Compare, asked: Asked) -> Bool:
        positive = POSITIVE.get(part.operator)
        if positive is not None:
            met = self._value(Compare(part.property, positive, part.values), asked)
            return not_(func.coalesce(met, false()))
        if asked.unit is None:
            return self._as_given(part)
        numbers = [_number(each, asked.unit) for each in part.values]
        if units.parse(asked.unit) is None:
            return _overlaps(intervals(part.operator, numbers), *self._given())
        in_si = [float(units.to_si(number, asked.unit)) for number in numbers]
        wanted = intervals(part.operator, in_si)
        more = self.source.more
        direct = _overlaps(wanted, more["si_min"], more["si_max"])
        if not asked.of_photons:
            return direct
        photons = [photon(each) for each in wanted]
        other = _overlaps(photons, more["si_min"], more["si_max"])
        return or_(and_(self._is_kind(asked.unit), direct), and_(self._is_kind(asked.other), other))

    def _of_neutrons(self) -> Bool:
        if "dataset" not in self.source.keys:  # of a document; nobody knows
            return false()
        of = _MEASURED.c
        return exists(select(of.id).where(of.id == self.source.keys["dataset"], of.probe == "neutron"))

    def _given(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        return self.source.more["minimum"], self.source.more["maximum"]

    def _as_given(self, part: Compare) -> Bool:
        """Numbers are compared as they were given, texts with texts, and with the numbers that they name."""
        met: list[Bool] = []
        if None in part.values:
            met.append(and_(self._given()[0].is_(None), self.source.properties["value"].is_(None)))
        said = [each for each in part.values if each is not None]
        numbers = [number for each in said if (number := as_number(each)) is not None]
        texts = tuple(each for each in said if isinstance(each, str))
        if numbers and (len(numbers) == len(said) or part.operator is Operator.INQ):
            met.append(_overlaps(intervals(part.operator, numbers), *self._given()))
        if texts and (len(texts) == len(said) or part.operator is Operator.INQ):
            met.append(self.plain(Compare(part.property, part.operator, texts)))
        return or_(false(), *met)


def _number(value: Value, unit: str) -> float:
    number = as_number(value)
    if number is None:
        raise FilterError(f"a value in {unit[:60]} is a number; {str(value)[:60]!r} is none")
    return number


def as_number(value: Value) -> float | None:
    """A number, or the one that a text names."""
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def intervals(operator: Operator, numbers: list[float]) -> list[Interval]:
    """Where a value may lie; ends are met to one part in a thousand million."""
    if operator in (Operator.EQ, Operator.INQ):
        return [_closed(number, number) for number in numbers]
    if operator is Operator.BETWEEN:
        return [_closed(*numbers)]
    number = numbers[0]
    step = CLOSE * abs(number)
    return [
        {
            Operator.GT: (math.nextafter(number + step, math.inf), math.inf),
            Operator.GTE: (number - step, math.inf),
            Operator.LT: (-math.inf, math.nextafter(number - step, -math.inf)),
            Operator.LTE: (-math.inf, number + step),
        }[operator]
    ]


def _closed(low: float, high: float) -> Interval:
    return low - CLOSE * abs(low), high + CLOSE * abs(high)


def photon(interval: Interval) -> Interval:
    """The wavelengths of photons of these energies, or the other way round."""
    low, high = interval
    return (
        0.0 if high == math.inf else math.inf if high <= 0 else PLANCK_TIMES_LIGHT / high,
        math.inf if low <= 0 else PLANCK_TIMES_LIGHT / low,
    )


def _overlaps(intervals: list[Interval], low: ColumnElement[Any], high: ColumnElement[Any]) -> Bool:
    """Does the range of a parameter meet one of the intervals?"""
    met: list[Bool] = []
    for start, end in intervals:
        tests: list[Bool] = [low.is_not(None)]
        if start > -math.inf:
            tests.append(high >= start if start < math.inf else false())
        if end < math.inf:
            tests.append(low <= end)
        met.append(and_(*tests))
    return or_(false(), *met)


def _nearest(unit: str) -> str:
    close = get_close_matches(unit[:60], (*units.OFFICIAL, *_SPELLED_OUT), n=1)
    return f"; did you mean {close[0]}?" if close else "; GPa, keV, angstrom, K and celsius are some"


_SPELLED_OUT = (
    "kelvin",
    "celsius",
    "fahrenheit",
    "pascal",
    "joule",
    "electronvolt",
    "meter",
    "second",
    "degree",
)


# -- answers -----------------------------------------------------------------------------------


def shown(row: Mapping[str, Any], asked: list[Asked]) -> dict[str, Any]:
    """A parameter as it is answered: name, value and unit, and both ends where it is a range.

    `row` holds the name, unit and text, and minimum, maximum, si_min and si_max.
    """
    name, unit = row["name"], row["unit"]
    if row["minimum"] is None:
        return _without_nothing({"name": name, "value": row["value"], "unit": unit})
    low, high = row["minimum"], row["maximum"]
    for each in asked:
        if row["si_min"] is None or units.parse(each.unit or "") is None:
            continue
        names = _PHOTON if each.of_photons else each.names
        if names is not None and name not in names:
            continue
        ends = _converted(row, each)
        if ends is None:
            continue
        low, high, changed = ends
        if changed and each.names is not None and name not in each.names:
            name = (BEAM_ENERGY if each.other == WAVELENGTH.si else WAVELENGTH).pan_name
        unit = each.unit
        break
    if low == high:
        return _without_nothing({"name": name, "value": low, "unit": unit})
    said = f"{low:.12g} to {high:.12g}"
    return _without_nothing({"name": name, "value": said, "unit": unit, "minimum": low, "maximum": high})


def _converted(row: Mapping[str, Any], asked: Asked) -> tuple[float, float, bool] | None:
    """Both ends in the unit asked for, and whether energy became wavelength; None if that cannot be."""
    unit = asked.unit or ""
    if units.same_kind(row["unit"] or "", unit):
        if row["unit"] == unit:
            return row["minimum"], row["maximum"], False
        ends, changed = (row["si_min"], row["si_max"]), False
    elif asked.of_photons and units.same_kind(row["unit"] or "", asked.other):
        ends, changed = photon((row["si_min"], row["si_max"])), True
    else:
        return None
    low, high = (float(f"{_from_si(end, unit):.12g}") for end in ends)
    return (low, high, changed) if math.isfinite(high) else None


def _from_si(value: float, unit: str) -> float:
    known = units.parse(unit)
    return math.nan if known is None else (value - known.offset) / known.factor


def _without_nothing(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if value is not None}
