"""What is asked of a catalogue, as a value: words, ranges in SI units, techniques and those below, a label.

10..20 GPa       any of it between 10 and 20 GPa       25.6 keV     25.6 keV, as exactly as it is written
> 30 GPa         some of it above 30 GPa               10 kbar..    from 10 kbar on
all 10..20 GPa   nothing of it outside
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

from nxspectra import units
from nxspectra.errors import UnitError, UsageError
from nxspectra.rdf import techniques
from nxspectra.rdf.quantities import (
    BEAM_ENERGY,
    PLANCK_TIMES_LIGHT,
    PRESSURE,
    QUANTITIES,
    WAVELENGTH,
    Quantity,
)
from nxspectra.rdf.terms import Iri, plain

TRANSITION = "transition_pressure"
"""The pressure of a boundary between two labels; searched for like a parameter."""

_QUANTITIES = {name: quantity for quantity in QUANTITIES for name in (quantity.name, *quantity.aliases)}
_NAMES = {name: quantity.name for name, quantity in _QUANTITIES.items()} | {
    TRANSITION: TRANSITION,
    "transition": TRANSITION,
    "boundary": TRANSITION,
}

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_END = re.compile(rf"\s*({_NUMBER})?\s*(.*?)\s*")
_COMPARED = re.compile(rf"\s*(>=|<=|≥|≤|>|<|=)\s*({_NUMBER})\s*(.*?)\s*")
_TO = re.compile(r"\.\.|–|\bto\b")
_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")
_ALL = re.compile(r"\s*all\b", re.IGNORECASE)
_WORD = re.compile(r'"([^"]+)"|(\S+)')

CLOSE = 1e-9
"""Ends of a range are met to this part, so that 25600 eV meets 25.6 keV."""


@dataclass(frozen=True, slots=True)
class Range:
    """A quantity that must somewhere lie between two values, in SI units; infinite where an end is open."""

    name: str
    minimum: float
    maximum: float
    within: bool = False
    """Whether all of the quantity must lie there, and not only some."""


@dataclass(frozen=True, slots=True)
class Query:
    """All of it must hold."""

    words: tuple[str, ...] = ()
    """Folded; each must occur in the text about the data set."""
    ranges: tuple[tuple[Range, ...], ...] = ()
    """Of each tuple, one range must be met: a wavelength may be known as an energy."""
    techniques: tuple[Iri, ...] = ()
    """One of them; empty if any will do."""
    label: str | None = None
    """A label that some frame bears, in lower case."""
    least_confidence: float | None = None
    """The mean probability that the label has at least."""
    formula: str | None = None
    """Of the sample, without blanks; `*` stands for anything."""
    instrument: str | None = None
    """Name, in lower case, where `*` stands for anything, or IRI."""
    facility: str | None = None
    since: int | None = None
    """Seconds since 1970; measured then or later."""
    until: int | None = None
    """Measured before then."""
    conforms: bool | None = None
    definition: str | None = None
    missing: bool | None = None
    """Whether the file is gone."""
    public: bool | None = None


def parse(
    text: str | None = None,
    parameters: Mapping[str, str] | None = None,
    technique: str | None = None,
    label: str | None = None,
    *,
    confidence: str | None = None,
    formula: str | None = None,
    instrument: str | None = None,
    facility: str | None = None,
    dates: str | None = None,
    conforms: bool | None = None,
    definition: str | None = None,
    missing: bool | None = None,
    public: bool | None = None,
) -> Query:
    """What is meant, or UsageError and UnitError with what could have been meant."""
    if confidence is not None and label is None:
        raise UsageError("confidence: of which label? Say label=NAME too")
    since, until = (None, None) if dates is None else period(dates)
    return Query(
        words(text or ""),
        tuple(alternatives(name, said) for name, said in (parameters or {}).items()),
        () if technique is None else techniques.table().resolve(technique),
        None if label is None else plain(label).casefold(),
        None if confidence is None else _least(confidence),
        None if formula is None else "".join(plain(formula).split()),
        None if instrument is None else fold(instrument),
        None if facility is None else fold(facility),
        since,
        until,
        conforms,
        None if definition is None else plain(definition),
        missing,
        public,
    )


def period(said: str) -> tuple[int | None, int | None]:
    """Since when and until before when, in seconds since 1970: a year, a month, a day or a moment, or two.

    2021    2021-05    2021-05-27    2021-05-27T10:00    2020..2021    2021-05..    ..2021-05-27
    """
    ends = _TO.split(said)
    if len(ends) > 2 or not any(end.strip() for end in ends):
        raise UsageError(_not_a_period(said))
    first, last = ends[0].strip(), ends[-1].strip()
    since = _moments(said, first)[0] if first else None
    until = _moments(said, last)[1] if last else None
    if since is not None and until is not None and since >= until:
        raise UsageError(f"dates: {said!r} is a time that ends before it starts")
    return since, until


def _moments(said: str, end: str) -> tuple[int, int]:
    """The first second of what is written, and the first after it."""
    found = _DATE.fullmatch(end)
    try:
        if found is None:
            when = datetime.fromisoformat(end)
            start = when if when.tzinfo else when.replace(tzinfo=UTC)
            return int(start.timestamp()), int(start.timestamp()) + 1
        year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
        start = datetime(year, month, day, tzinfo=UTC)
        if found[3]:
            after = start + timedelta(days=1)
        else:
            after = datetime(
                year + (month == 12 or not found[2]), month % 12 + 1 if found[2] else 1, 1, tzinfo=UTC
            )
        return int(start.timestamp()), int(after.timestamp())
    except (ValueError, OverflowError):
        raise UsageError(_not_a_period(said)) from None


def _not_a_period(said: str) -> str:
    return f"dates: {said!r} is not a time; write 2021, 2021-05, 2021-05-27, 2020..2021 or 2021-05.."


def _least(said: str) -> float:
    """`0.9`, `>0.9`, `>=0.9` or `90%`."""
    number = said.strip().lstrip(">=≥").strip()
    try:
        value = float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise UsageError(f"confidence: {said!r} is not a probability; write 0.9, '>0.9' or 90%")
    return value


def fold(text: str) -> str:
    """Text as it is compared: upper and lower case are one."""
    return plain(text).casefold()


def words(text: str) -> tuple[str, ...]:
    """The words of `text`, folded; what stands in quotation marks is one."""
    return tuple(fold(quoted or word) for quoted, word in _WORD.findall(text))


def alternatives(name: str, said: str) -> tuple[Range, ...]:
    """The ranges that would meet what is said of a parameter.

    Energy and wavelength of photons are told apart by the unit, whichever is named. After `all`, ranges that
    lie within it are meant.
    """
    within = _ALL.match(said)
    if within is not None:
        return tuple(replace(each, within=True) for each in alternatives(name, said[within.end() :]))
    meant = _NAMES.get(name.strip().replace("-", "_"))
    if meant is None:
        close = get_close_matches(name, _NAMES, n=1)
        hint = (
            f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(set(_NAMES.values())))}"
        )
        raise UsageError(f"no parameter is called {name!r}; {hint}")
    quantity = PRESSURE if meant == TRANSITION else _QUANTITIES[meant]
    low, high, unit = _ends(quantity, said)
    if quantity in (BEAM_ENERGY, WAVELENGTH):
        given = WAVELENGTH if units.fits(unit, WAVELENGTH.category) else BEAM_ENERGY
        other = (_photon(high), _photon(low))
        energy, wavelength = ((low, high), other) if given is BEAM_ENERGY else (other, (low, high))
        by_energy = Range(BEAM_ENERGY.name, *energy)
        return (by_energy,) if meant == BEAM_ENERGY.name else (Range(WAVELENGTH.name, *wavelength), by_energy)
    return (Range(meant, low, high),)


def _photon(value: float) -> float:
    """Wavelength of a photon of this energy, or the energy of this wavelength: each is h c over the other."""
    return math.inf if value <= 0 else PLANCK_TIMES_LIGHT / value


def _ends(quantity: Quantity, said: str) -> tuple[float, float, str]:
    """Lower and upper end in SI units, and a unit that was said."""
    compared = _COMPARED.fullmatch(said)
    if compared is not None:
        sign, number, unit = compared.groups()
        if sign != "=":
            return (*_half_open(sign, _si(quantity, said, float(number), unit)), unit)
        said = f"{number} {unit}"
    ends = [_END.fullmatch(part) for part in _TO.split(said)]
    numbers = [end[1] for end in ends if end is not None]
    spelled = [end[2] for end in ends if end is not None]
    if len(numbers) != len(ends) or not 1 <= len(numbers) <= 2 or not any(numbers):
        raise UsageError(_not_a_range(quantity, said))
    unit = spelled[-1] or spelled[0]
    if len(numbers) == 1:
        around = _precision(numbers[0])
        low, high = float(numbers[0]) - around, float(numbers[0]) + around
        return *_closed(_si(quantity, said, low, unit), _si(quantity, said, high, unit)), unit
    low = _si(quantity, said, float(numbers[0]), spelled[0] or unit) if numbers[0] else -math.inf
    high = _si(quantity, said, float(numbers[1]), unit) if numbers[1] else math.inf
    if low > high:
        raise UsageError(f"{quantity.name}: {said!r} is a range that ends below where it starts")
    return *_closed(low, high), unit


def _precision(number: str) -> float:
    """Half a unit of the last digit that is written: 25.6 is 25.55 to 25.65."""
    mantissa, _, exponent = number.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(0.5 * 10.0 ** (int(exponent or 0) - decimals))


def _half_open(sign: str, value: float) -> tuple[float, float]:
    step = CLOSE * abs(value)
    if sign in (">", ">=", "≥"):
        return (value + step if sign == ">" else value - step), math.inf
    return -math.inf, (value - step if sign == "<" else value + step)


def _closed(low: float, high: float) -> tuple[float, float]:
    # an end that is open stays infinite
    return low - CLOSE * abs(low) if low > -math.inf else low, high + CLOSE * abs(high)


def _si(quantity: Quantity, said: str, value: float, unit: str) -> float:
    if not unit:
        raise UnitError(f"{quantity.name}: {said!r} has no unit; for example {said.strip()} {quantity.usual}")
    categories = [quantity.category]
    if quantity in (BEAM_ENERGY, WAVELENGTH):
        categories = [BEAM_ENERGY.category, WAVELENGTH.category]
    if not any(units.fits(unit, category) for category in categories):
        raise UnitError(f"{quantity.name}: {unit!r} is not a unit of it{_nearest_unit(quantity, unit)}")
    return float(units.to_si(value, unit))


def _nearest_unit(quantity: Quantity, unit: str) -> str:
    known = [spelling for spelling in sorted(units.OFFICIAL) if units.fits(spelling, quantity.category)]
    by_case = {spelling.lower(): spelling for spelling in known}
    close = get_close_matches(unit.lower(), by_case, n=1)
    return f"; did you mean {by_case[close[0]]}?" if close else f"; for example {quantity.usual}"


def _not_a_range(quantity: Quantity, said: str) -> str:
    unit = quantity.usual
    return f"{quantity.name}: {said!r} is not a range; write 10..20{unit}, '>30 {unit}' or 25.6{unit}"
