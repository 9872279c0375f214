"""What a person knows and the file does not say: `beam_energy=25.6keV`, `intensity=/entry/integrated/I`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nxspectra import units
from nxspectra.errors import Refused, UnitError, UsageError
from nxspectra.migration.concepts import ENERGY, Concept, Kind, concept
from nxspectra.migration.forms import NUMBER, PHOTON, Floats, Problem, implausible, iso_date
from nxspectra.tree import Group

GIVEN = "given"
"""The trust of what a person gave; it stands above what the file says."""

_QUANTITY = re.compile(rf"\s*({NUMBER}(?:\s*,\s*{NUMBER})*)\s*(\S.*?)?\s*")


@dataclass(frozen=True, slots=True)
class Fact:
    """A concept's value as a person gave it, or the path of the key that holds it."""

    concept: Concept
    word: str
    """The name under which it was given."""
    raw: str
    values: Floats | str
    """(), or (n,), in the concept's unit; or a text; empty if it is a path."""
    path: str | None = None
    """Perhaps with a unit behind it."""
    raw_units: str | None = None
    conversion: str | None = None

    from_wavelength: bool = False

    @property
    def origin(self) -> str:
        return f"--set {self.word}"


def parse_facts(facts: Mapping[str, str]) -> dict[str, Fact]:
    """The facts by the path of their concept.

    Raises UsageError for a concept that does not exist or is given twice, UnitError for a unit that is
    missing or of another kind, Refused for a value that is not plausible.
    """
    parsed: dict[str, Fact] = {}
    for word, text in facts.items():
        fact = parse_fact(word, text)
        other = parsed.get(fact.concept.path)
        if other is not None:
            raise UsageError(f"{word} and {other.word} are both {fact.concept.path}; give one of them")
        parsed[fact.concept.path] = fact
    return parsed


def parse_fact(word: str, text: str) -> Fact:
    """One fact. Raises as `parse_facts`."""
    meant = ENERGY if word == "wavelength" else concept(word)
    if text.strip().startswith("/"):
        return Fact(meant, word, text.strip(), "", path=text.strip())
    if meant.kind in (Kind.INTENSITY, Kind.ANGLES):
        raise UsageError(
            f"{word}: {text!r} is not the path of a data set in the file; say for example"
            f" {word}={meant.example}"
        )
    if meant.kind is Kind.DATE:
        date = iso_date(text)
        if date is None:
            raise UsageError(f"{word}: {text!r} is not a date and time, for example {word}={meant.example}")
        return Fact(meant, word, text, date)
    if meant.kind is Kind.TEXT:
        if not text.strip():
            raise UsageError(f"{word}: the text is empty")
        allowed = meant.allowed(text.strip())
        if allowed is None:
            raise UsageError(f"{word}: {text!r} is none of {', '.join(meant.one_of)}")
        return Fact(meant, word, text, allowed)
    return _quantity(meant, word, text)


def _quantity(meant: Concept, word: str, text: str) -> Fact:
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise UsageError(f"{word}: {text!r} is not a number with a unit, for example {word}={meant.example}")
    numbers, unit = match[1], match[2]
    if not unit:
        raise UnitError(f"{word}: {text!r} has no unit; say for example {word}={numbers}{meant.unit}")
    values = np.array([float(number) for number in numbers.split(",")])
    values = values.reshape(()) if values.size == 1 else values
    photons = meant is ENERGY and units.same_kind(unit, "angstrom")
    if not photons and not meant.is_kind_of(unit):
        what = "is not a unit" if units.parse(unit) is None else "is a unit of another kind"
        raise UnitError(f"{word}: {unit!r} {what}; {meant.path} needs one like {meant.unit!r}")
    if photons:
        with np.errstate(divide="ignore"):
            converted = PHOTON / units.convert(values, unit, "angstrom")
        conversion: str | None = f"E = hc / lambda of photons, {unit} -> {meant.unit}"
    else:
        converted = units.convert(values, unit, meant.unit)
        conversion = None if units.usual_spelling(unit) == meant.unit else f"{unit} -> {meant.unit}"
    problem: Problem | None = implausible(converted, meant, meant.lowest, meant.highest)
    if problem is not None:
        raise Refused(f"{word}: {problem.message}; nothing was written")
    return Fact(meant, word, numbers, converted, None, unit, conversion, photons)


def resolve(root: Group, fact: Fact) -> tuple[str, str | None]:
    """The path of the key that a person named, and the unit if one stands behind it: `/entry/x/t s`.

    Raises UsageError when there is no such key, UnitError when the unit is of another kind.
    """
    text = fact.path or ""
    if root.get(text) is not None:
        return text, None
    path, _, unit = text.rpartition(" ")
    if path.strip() and root.get(path.strip()) is not None:
        if not fact.concept.is_kind_of(unit):
            raise UnitError(f"{fact.word}: {unit!r} is not a unit like {fact.concept.unit!r}")
        return path.strip(), unit
    raise UsageError(f"{fact.word}: there is no {text} in the file; `nxspectra show` lists what is there")


def how_to_give(meant: Concept) -> str:
    """What to write on the command line to supply a concept."""
    return f"--set {meant.word}={meant.example}"
