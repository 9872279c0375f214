"""Which of the values that tell a concept is taken: what agrees, what contradicts, what does not fit the series."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nxspectra import units
from nxspectra.errors import Refused, UsageError
from nxspectra.findings import Finding, Severity
from nxspectra.migration.concepts import Concept, Extent, Kind
from nxspectra.migration.crosswalk import Crosswalk
from nxspectra.migration.facts import GIVEN, Fact
from nxspectra.migration.forms import Floats, Problem, iso_date, read, short, text_attribute
from nxspectra.migration.series import belongs, given_rule
from nxspectra.migration.survey import Candidate, Survey
from nxspectra.tree import Evidence, Field, Group, Node


@dataclass(frozen=True, slots=True)
class Choice:
    """The value that is taken for a concept, with its evidence and the keys that say the same."""

    values: Floats | str
    evidence: Evidence
    agreeing: tuple[str, ...] = ()

    def field(self, concept: Concept) -> Field:
        """As it is written: a text, or numbers in the concept's unit."""
        if isinstance(self.values, str):
            return Field(self.values)
        return Field(self.values, units=concept.unit)


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
    if one.size != other.size and 1 not in (one.size, other.size):
        return False
    a, b = np.broadcast_arrays(one.reshape(-1), other.reshape(-1))
    known = np.isfinite(a) & np.isfinite(b)
    scale = np.max(np.abs(np.concatenate([a[known], b[known]])), initial=0.0)
    return bool(np.all(np.abs(a[known] - b[known]) <= concept.tolerance * scale))


def choose(
    concept: Concept, candidates: Iterable[Candidate], n: int | None, where: str
) -> tuple[Choice | None, list[Finding]]:
    """The best of the candidates if they agree, with what is wrong with those that cannot be taken."""
    findings: list[Finding] = []
    fit: list[tuple[Candidate, Floats | str]] = []
    for candidate in candidates:
        values = fitted(candidate.reading.values, concept, n, candidate.rule.text.for_all)
        if isinstance(values, Problem):
            findings.append(_unfit(candidate, values))
        else:
            fit.append((candidate, values))
    if not fit:
        return None, findings
    best, values = fit[0]
    if concept.kind is not Kind.QUANTITY:
        # two names for one sample are no contradiction, two from one rule are
        rivals = [
            (c, v) for c, v in fit[1:] if c.order[:2] == best.order[:2] and not agree(values, v, concept)
        ]
    else:
        rivals = [(c, v) for c, v in fit[1:] if not agree(values, v, concept)]
    if rivals:
        said = " and ".join(
            f"{candidate.path} says {shown(value, concept)}" for candidate, value in [(best, values), *rivals]
        )
        give = f"--set {concept.word}={best.path}"
        findings.append(
            Finding(where, "ambiguous-key", f"{said}; nothing is written. Say which, for example {give}")
        )
        return None, findings
    reading = best.reading
    evidence = Evidence(
        concept.path,
        best.path,
        reading.raw,
        reading.raw_units,
        reading.conversion,
        best.rule.id,
        str(best.rule.trust),
    )
    agreeing = tuple(c.path for c, v in fit[1:] if agree(values, v, concept))
    return Choice(values, evidence, agreeing), findings


def _unfit(candidate: Candidate, problem: Problem) -> Finding:
    concept = candidate.concept
    hint = (
        f"; if it holds for all, --set {concept.word}={candidate.path}"
        if problem.rule == "one-for-all"
        else ""
    )
    return Finding(candidate.path, problem.rule, f"{concept.path}: {problem.message}{hint}", Severity.WARNING)


def given(
    fact: Fact, root: Group, entry: str, crosswalk: Crosswalk, n: int | None
) -> tuple[Choice | None, list[Finding]]:
    """What a person gave, fitted to the series; None if it is a key of another entry.

    Raises Refused when the number of values is not that of the spectra, UsageError when there is no such key.
    """
    concept = fact.concept
    values, evidence = (
        fact.values,
        Evidence(concept.path, fact.origin, fact.raw, fact.raw_units, fact.conversion, GIVEN, GIVEN),
    )
    if fact.path is not None:
        if not belongs(root, fact.path, entry):
            return None, []
        values, evidence = _at_path(fact, root, crosswalk)
    fit = fitted(values, concept, n, for_all=True)
    if isinstance(fit, Problem):
        raise Refused(f"{fact.word}: {fit.message} in {entry}; nothing was written")
    findings = []
    if not isinstance(fit, str) and not isinstance(values, str) and fit.size > values.size:
        message = f"{concept.path}: one value, {shown(values, concept)}, is given to all {fit.size} spectra"
        findings.append(Finding(f"{entry}/{concept.path}", "broadcast-value", message, Severity.INFO))
    return Choice(fit, evidence), findings


def _at_path(fact: Fact, root: Group, crosswalk: Crosswalk) -> tuple[Floats | str, Evidence]:
    path = fact.path or ""
    parent, _, name = path.rpartition("/")
    node, around = root.get(path), root.get(parent)
    if node is None:
        raise UsageError(f"{fact.word}: there is no {path} in the file; `nxspectra show` lists what is there")
    reading = read(
        name, node, given_rule(fact), crosswalk.patterns, around if isinstance(around, Group) else None
    )
    if reading is None or isinstance(reading, Problem):
        why = reading.message if reading else f"it does not hold {fact.concept.words}"
        raise Refused(f"{fact.word}: {path}: {why}; nothing was written")
    evidence = Evidence(
        fact.concept.path, path, reading.raw, reading.raw_units, reading.conversion, fact.origin, GIVEN
    )
    return reading.values, evidence


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
    """Paths of numbers without a unit that are the same if they are in the concept's unit."""
    return tuple(
        path
        for meant, path, numbers in survey.unitless
        if meant is concept and agree(values, numbers, concept)
    )
