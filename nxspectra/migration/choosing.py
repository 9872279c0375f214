"""Which of the values that tell a concept is taken: what agrees, what contradicts, what does not fit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from nxspectra import units
from nxspectra.errors import Refused
from nxspectra.findings import Finding, Severity
from nxspectra.migration.concepts import Concept, Extent, Kind
from nxspectra.migration.crosswalk import Crosswalk
from nxspectra.migration.facts import GIVEN, Fact, Sidecar, resolve
from nxspectra.migration.forms import Floats, Problem, iso_date, read, short, text_attribute
from nxspectra.migration.series import belongs, given_rule
from nxspectra.migration.survey import Candidate, Survey
from nxspectra.tree import Evidence, Field, Group, Node


class Choice(NamedTuple):
    """The value that is taken for a concept, with its evidence and the keys that say the same."""

    values: Floats | str
    evidence: Evidence
    agreeing: tuple[str, ...] = ()
    real: str | None = None
    """Path of the object that says it, links followed; None if it was given on the command line."""
    unit: str | None = None
    """What its unit was taken to be."""
    sidecar: Sidecar | None = None
    """The file in which a person wrote it down."""

    def field(self, concept: Concept) -> Field:
        """As it is written: a text, or numbers in the concept's unit."""
        if isinstance(self.values, str):
            return Field(self.values)
        return Field(self.values, units=concept.unit)


class Fitted(NamedTuple):
    """A key whose value has the shape that the concept has in the series."""

    candidate: Candidate
    values: Floats | str

    def choice(self, agreeing: tuple[str, ...] = ()) -> Choice:
        """It is taken, and others agree with it."""
        reading, rule = self.candidate.reading, self.candidate.rule
        evidence = Evidence(
            rule.concept.path,
            self.candidate.path,
            reading.raw,
            reading.raw_units,
            reading.conversion,
            rule.id,
            str(rule.trust),
        )
        return Choice(self.values, evidence, agreeing, self.candidate.real, reading.unit)


def shown(values: Floats | str, concept: Concept) -> str:
    """A value in the concept's unit in a few words."""
    return short(values) if isinstance(values, str) else f"{short(values)} {concept.unit}"


def fitted(values: Floats | str, concept: Concept, n: int | None, for_all: bool) -> Floats | str | Problem:
    """The value in the shape that the concept has in a series of `n` spectra."""
    if isinstance(values, str):
        return values
    if values.size not in (1, n) and n is not None:
        return Problem("wrong-length", f"{values.size} values for {n} spectra")
    if concept.extent is Extent.ONE or (concept.extent is Extent.ONE_OR_EACH and values.size == 1):
        return values.reshape(())
    if concept.extent is Extent.EACH and values.size == 1 and n not in (None, 1):
        if not for_all:
            return Problem(
                "one-for-all", f"one value, {float(values.reshape(())):g} {concept.unit}, for {n} spectra"
            )
        return np.full(n or 1, values.reshape(()))
    return values.reshape(-1)


def agree(one: Floats | str, other: Floats | str, concept: Concept) -> bool:
    """The same within the tolerance of the concept; values that are missing on either side do not count."""
    if isinstance(one, str) or isinstance(other, str):
        return isinstance(one, str) and isinstance(other, str) and one.casefold() == other.casefold()
    if one.size == other.size == 1:
        left, right = one.item(), other.item()
        scale = max(abs(left), abs(right))
        missing = not (math.isfinite(left) and math.isfinite(right))
        return missing or abs(left - right) <= concept.tolerance * scale
    if one.size != other.size and 1 not in (one.size, other.size):
        return False
    a, b = np.broadcast_arrays(one.reshape(-1), other.reshape(-1))
    known = np.isfinite(a) & np.isfinite(b)
    scale = np.max(np.abs(np.concatenate([a[known], b[known]])), initial=0.0)
    return bool(np.all(np.abs(a[known] - b[known]) <= concept.tolerance * scale))


def fit(
    concept: Concept, candidates: Iterable[Candidate], n: int | None
) -> tuple[list[Fitted], list[Finding]]:
    """The candidates that fit a series of `n` spectra, best first, and why the others do not."""
    fits, findings = [], []
    for candidate in candidates:
        values = fitted(candidate.reading.values, concept, n, candidate.rule.text.for_all)
        if isinstance(values, Problem):
            hint = ""
            if values.rule == "one-for-all":
                hint = f"; if it holds for all, say --set {concept.word}={candidate.path}"
            message = f"{concept.path}: {values.message}{hint}"
            findings.append(Finding(candidate.path, values.rule, message, Severity.WARNING))
        else:
            fits.append(Fitted(candidate, values))
    return fits, findings


def choose(concept: Concept, fits: list[Fitted], where: str) -> tuple[Choice | None, list[Finding]]:
    """The best of the keys if they agree; if they contradict each other none, and a finding at `where`."""
    if not fits:
        return None, []
    best = fits[0]
    rivals = [
        other
        for other in fits[1:]
        if not agree(best.values, other.values, concept)
        # two names for one sample are no contradiction, two names from one rule are
        and (concept.kind is Kind.QUANTITY or other.candidate.order[:2] == best.candidate.order[:2])
    ]
    if rivals:
        said = " and ".join(
            f"{other.candidate.path} says {shown(other.values, concept)}" for other in (best, *rivals)
        )
        give = f"--set {concept.word}={best.candidate.path}"
        message = f"{said}; nothing is written. Say which, for example {give}"
        return None, [Finding(where, "ambiguous-key", message)]
    return best.choice(same(concept, best.values, fits[1:])), []


def same(concept: Concept, values: Floats | str, fits: Iterable[Fitted]) -> tuple[str, ...]:
    """Paths of the keys that say the same."""
    return tuple(one.candidate.path for one in fits if agree(values, one.values, concept))


def differing(concept: Concept, values: Floats | str, fits: Iterable[Fitted], taken: str) -> list[Finding]:
    """Keys that say something else than `taken`, which stood in place or was given."""
    return [
        Finding(
            one.candidate.path,
            "differing-key",
            f"{concept.path}: says {shown(one.values, concept)}, while {taken} says {shown(values, concept)}",
            Severity.WARNING,
        )
        for one in fits
        if concept.kind is Kind.QUANTITY and not agree(values, one.values, concept)
    ]


def given(
    fact: Fact, root: Group, entry: str, crosswalk: Crosswalk, n: int | None
) -> tuple[Choice | None, list[Finding]]:
    """What a person gave, fitted to the series; None if it is a key of another entry.

    Raises Refused when the number of values is not that of the spectra, UsageError when there is no such key.
    """
    concept = fact.concept
    choice = Choice(
        fact.values,
        Evidence(concept.path, fact.origin, fact.raw, fact.raw_units, fact.conversion, GIVEN, GIVEN),
        sidecar=fact.sidecar,
    )
    if fact.path is not None:
        if not belongs(root, fact.path, entry):
            return None, []
        choice = _at_path(fact, root, crosswalk)
    values = fitted(choice.values, concept, n, for_all=True)
    if isinstance(values, Problem):
        raise Refused(f"{fact.said}: {values.message} in {entry}; nothing was written")
    findings = []
    if (
        not isinstance(values, str)
        and not isinstance(choice.values, str)
        and values.size > choice.values.size
    ):
        message = f"{concept.path}: one value, {shown(choice.values, concept)}, is given to all {n} spectra"
        findings.append(Finding(f"{entry}/{concept.path}", "broadcast-value", message, Severity.INFO))
    return choice._replace(values=values), findings


def _at_path(fact: Fact, root: Group, crosswalk: Crosswalk) -> Choice:
    path, unit = resolve(root, fact)
    parent, _, name = path.rpartition("/")
    found, around = root.find(path), root.get(parent)
    rule = given_rule(fact, unit)
    group = around if isinstance(around, Group) else None
    reading = None if found is None else read(name, found[1], rule, crosswalk.patterns, group)
    if found is None or reading is None or isinstance(reading, Problem):
        why = reading.message if isinstance(reading, Problem) else f"it does not hold {fact.concept.words}"
        raise Refused(f"{fact.said}: {path}: {why}; nothing was written")
    evidence = Evidence(
        fact.concept.path, path, reading.raw, reading.raw_units, reading.conversion, fact.origin, GIVEN
    )
    return Choice(reading.values, evidence, (), found[0], reading.unit, fact.sidecar)


def usable(node: Node, concept: Concept, n: int | None) -> Floats | str | Problem:
    """What stands in place, in the concept's unit; a Problem if the definition could not accept it."""
    if not isinstance(node, Field):
        return Problem("unusable-in-place", f"is a {type(node).__name__.lower()}, not a field")
    if concept.kind in (Kind.TEXT, Kind.DATE):
        text = (node.text or "").strip()
        if not text:
            return Problem("unusable-in-place", "is empty" if node.dtype.kind == "U" else "is not one text")
        if concept.kind is Kind.DATE and (iso_date(text) is None or "T" not in text):
            return Problem("unusable-in-place", f"{text[:40]!r} is not a date and time in ISO 8601")
        if concept.one_of and text not in concept.one_of:
            return Problem("unusable-in-place", f"{text!r} is none of {', '.join(concept.one_of)}")
        return text
    unit = text_attribute(node, "units")
    if node.dtype.kind not in "iuf" or not node.size:
        return Problem("unusable-in-place", f"holds {node.dtype} of shape {node.shape}, not numbers")
    if unit is None:
        return Problem("unusable-in-place", f"{short(node)} has no unit")
    if not concept.is_kind_of(unit):
        return Problem(
            "unusable-in-place", f"{short(node)} has the unit {unit!r}; expected one like {concept.unit!r}"
        )
    if (
        concept.unit != "s"
        and concept.is_number
        and node.dtype.kind != "f"
        and concept.path != "sample/pressure_errors"
    ):
        return Problem(
            "unusable-in-place", f"{short(node)} is of type {node.dtype}; the definition asks for floats"
        )
    values = units.convert(node.array, unit, concept.unit)
    if (concept.extent is Extent.EACH and values.shape != (n or values.size,)) or (
        values.size not in (1, n or values.size)
    ):
        return Problem("unusable-in-place", f"has shape {values.shape} for {n} spectra")
    finite = values[np.isfinite(values)]
    if not finite.size or np.any((finite < concept.lowest) | (finite > concept.highest)):
        return Problem(
            "unusable-in-place",
            f"{short(values)} {concept.unit} is outside the plausible range"
            f" {concept.lowest:g} to {concept.highest:g} {concept.unit}",
        )
    return values


def agreeing_numbers(survey: Survey, concept: Concept, values: Floats | str) -> tuple[str, ...]:
    """Paths of numbers without a unit that are the same if they are in the unit one would expect."""
    return tuple(
        one.path for one in survey.unitless if one.concept is concept and agree(values, one.values, concept)
    )
