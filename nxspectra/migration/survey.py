"""What the keys of a file say about each concept, by the rules of a crosswalk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from nxspectra import units
from nxspectra.findings import Finding, Severity
from nxspectra.migration.beside import Sensor, is_integration, sensor
from nxspectra.migration.concepts import ENERGY, Concept, Kind
from nxspectra.migration.crosswalk import Crosswalk, Key, Refusal, Rule
from nxspectra.migration.forms import (
    PHOTON,
    Floats,
    Problem,
    Reading,
    read,
    short,
    text_attribute,
    unit_of,
    value_of,
)
from nxspectra.spectra import DEFINITION, definitions_of
from nxspectra.tree import Field, Group, Link


class Candidate(NamedTuple):
    """A key that tells a concept, with what it says."""

    concept: Concept
    path: str
    rule: Rule
    reading: Reading
    real: str
    """Path of the object itself, links followed."""
    detector: str | None = None
    """Path of the NXdetector it stands in."""

    @property
    def order(self) -> tuple[int, int, str]:
        """Best first: by trust, then as the crosswalk lists its rules."""
        return self.rule.trust.rank, self.rule.order, self.path


class SpectraKey(NamedTuple):
    """A data set that may be the intensity or the angles of a series."""

    concept: Concept
    path: str
    rule: Rule
    field: Field
    real: str

    @property
    def order(self) -> tuple[int, int]:
        return self.rule.trust.rank, self.rule.order


@dataclass(frozen=True, slots=True)
class Unitless:
    """A number without a unit, as the concept's value if it is in the unit that one would expect."""

    concept: Concept
    path: str
    values: Floats
    unit: str


@dataclass
class Survey:
    """Everything that the keys of one entry tell."""

    candidates: dict[str, list[Candidate]] = field(default_factory=dict)
    """By the path of a concept, the best first."""
    spectra: dict[str, list[SpectraKey]] = field(default_factory=dict)
    problems: list[tuple[Concept, Finding]] = field(default_factory=list)
    unitless: list[Unitless] = field(default_factory=list)
    """One that agrees with a number that has a unit is noted as such."""
    frames: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    """Stacks of detector images: path and shape."""
    constants: list[tuple[Concept, str, str, str]] = field(default_factory=list)
    """(concept, value, rule id, path of the key that tells it)."""
    sensors: list[Sensor] = field(default_factory=list)
    integrations: list[str] = field(default_factory=list)
    """Paths of the accounts of an azimuthal integration."""
    neutrons: str | None = None
    """Path of what says that the probe is neutrons."""

    def of(self, concept: Concept) -> list[Candidate]:
        """The keys that tell the concept, the best first."""
        return self.candidates.get(concept.path, [])


class _Visited(NamedTuple):
    """A group or field on the way through an entry."""

    key: Key
    node: Group | Field
    real: str
    around: Group
    detector: str | None
    """Path of the NXdetector it stands in."""


def survey(root: Group, entry: str, crosswalk: Crosswalk) -> Survey:
    """What the keys in the entry, and those beside all entries, say by the crosswalk."""
    found = Survey(neutrons=neutron_source(root, entry))
    signs = {constant.key[-1] for constant in crosswalk.constants}
    refused: set[tuple[str, str]] = set()
    for visited in _visit(root, entry, lambda name: name in signs or crosswalk.knows(name)):
        (path, name, _), node, real, _, detector = visited
        if isinstance(node, Group):
            if node.nx_class == "NXprocess" and real == path and is_integration(name, node):
                found.integrations.append(path)
        else:
            if detector is not None and _is_stack(node):
                found.frames.append((path, node.shape or ()))
            if name in signs:
                _constants(found, crosswalk, visited.key, node)
        if crosswalk.knows(name):
            refused |= _consider(found, crosswalk, visited)
    _tidy(found, refused)
    return found


def _tidy(found: Survey, refused: set[tuple[str, str]]) -> None:
    """One candidate for each object, none that is refused under another of its names."""
    for path, candidates in found.candidates.items():
        best: dict[str, Candidate] = {}
        for candidate in sorted(candidates, key=lambda candidate: candidate.order):
            if (path, candidate.real) not in refused:
                best.setdefault(candidate.real, candidate)
        found.candidates[path] = list(best.values())
    for path, keys in found.spectra.items():
        once: dict[str, SpectraKey] = {}
        for key in sorted(keys, key=lambda key: (*key.order, key.real != key.path, key.path)):
            once.setdefault(key.real, key)
        found.spectra[path] = list(once.values())
    found.frames.sort()
    found.problems.sort(key=lambda item: (item[1].path, item[0].path))


def _is_stack(field: Field) -> bool:
    shape = field.shape or ()
    return len(shape) == 3 and field.dtype.kind in "iuf" and min(shape[1:]) > 8


def _visit(root: Group, entry: str, wanted: Callable[[str], bool]) -> Iterator[_Visited]:
    """Every group and field below the entry and beside all entries; a link where its name is wanted.

    What we ourselves add is no evidence, so a second migration sees what the first saw.
    """
    stack: list[tuple[str, Group, tuple[tuple[str, str], ...], str | None]] = [("", root, (), None)]
    while stack:
        path, group, groups, detector = stack.pop()
        for name, child in sorted(group.children.items(), key=_name):
            where = f"{path}/{name}"
            real, node = where, child
            if isinstance(child, Link):
                followed = root.find(where) if wanted(name) else None
                if followed is None:
                    continue
                real, node = followed
            if not isinstance(node, Group | Field):
                continue
            yield _Visited(Key(where, name, groups), node, real, group, detector)
            if isinstance(node, Group) and real == where and not _is_closed(node, name, where, entry):
                nx_class = node.nx_class or ""
                inside = where if nx_class == "NXdetector" else detector
                stack.append((where, node, (*groups, (name, nx_class)), inside))


def _name(item: tuple[str, object]) -> str:
    return item[0]


def keys_of(root: Group) -> Iterator[tuple[Key, Field]]:
    """Every field of a file with its key, links passed by, and nothing that we ourselves added."""
    for name, _ in sorted(root.of_class("NXentry")):
        for visited in _visit(root, f"/{name}", lambda _: False):
            if isinstance(visited.node, Field) and visited.key.path.startswith(f"/{name}/"):
                yield visited.key, visited.node


def _is_closed(group: Group, name: str, path: str, entry: str) -> bool:
    """Another entry, or a group that we added."""
    return (group.nx_class == "NXentry" and path != entry) or _is_ours(name, group)


def _is_ours(name: str, group: Group) -> bool:
    if group.nx_class == "NXprocess":
        return name.startswith("migration") or name.endswith("_classification")
    if group.nx_class == "NXsubentry":
        return DEFINITION in definitions_of(group)
    return False


def neutron_source(root: Group, entry: str) -> str | None:
    """Path of what says that the probe is neutrons; None if nothing does."""
    group = root.group(entry)
    for name, child in group.children.items() if group else ():
        instrument = root.get(f"{entry}/{name}") if isinstance(child, Link) else child
        if not isinstance(instrument, Group) or instrument.nx_class != "NXinstrument":
            continue
        for below, grandchild in instrument.children.items():
            source = root.get(f"{entry}/{name}/{below}") if isinstance(grandchild, Link) else grandchild
            if not isinstance(source, Group) or source.nx_class != "NXsource":
                continue
            for leaf in ("probe", "type", "name"):
                told = source.children.get(leaf)
                if isinstance(told, Field) and "neutron" in (told.text or "").lower():
                    return f"{entry}/{name}/{below}/{leaf}"
    return None


def _consider(found: Survey, crosswalk: Crosswalk, visited: _Visited) -> set[tuple[str, str]]:
    """Take what the rules take of one key; returns the (concept, object) that a refusal forbids."""
    key, node = visited.key, visited.node
    rules, refusals = crosswalk.knowers(key)
    refused = set()
    # the last has the most exact reason: a crosswalk comes after those that it extends
    for refusal in reversed(refusals):
        if _applies(refusal, node) and refusal.concept.path not in refused:
            refused.add(refusal.concept.path)
            found.problems.append((refusal.concept, _refused(refusal, key, node)))
            told = sensor(refusal, key, visited.real, node, visited.around)
            if told is not None and told.real not in {one.real for one in found.sensors}:
                found.sensors.append(told)
    taken: set[str] = set()
    for rule in rules:
        concept = rule.concept
        if concept.path in refused or concept.path in taken:
            continue
        if concept.kind is Kind.ANGLES and not _is_axis_of(rule, node, rules):
            continue
        if concept.kind in (Kind.INTENSITY, Kind.ANGLES):
            taken.add(concept.path)
            if isinstance(node, Field) and node.dtype.kind in "iuf" and node.size > 1:
                spectra = SpectraKey(concept, key.path, rule, node, visited.real)
                found.spectra.setdefault(concept.path, []).append(spectra)
            continue
        reading = read(key.name, node, rule, crosswalk.patterns, visited.around)
        if reading is None:
            continue
        taken.add(concept.path)
        if concept is ENERGY and found.neutrons is not None:
            reading = _of_neutrons(node, rule, found.neutrons)
        if isinstance(reading, Problem):
            _note_problem(found, rule, visited, reading)
        else:
            candidate = Candidate(concept, key.path, rule, reading, visited.real, visited.detector)
            found.candidates.setdefault(concept.path, []).append(candidate)
    return {(concept, visited.real) for concept in refused}


def _is_axis_of(rule: Rule, node: Group | Field, rules: Iterable[Rule]) -> bool:
    """May be taken by this rule: its unit fits, or no rule for the same fits better.

    One name may stand for the angle in one file and for q in another.
    """
    unit = unit_of(node) if isinstance(node, Field) else None
    others = [other for other in rules if other.concept is rule.concept and other is not rule]
    if unit is None:
        return rule.text.quantity is None or all(other.text.quantity is not None for other in others)
    return units.same_kind(unit, rule.unit) or not any(units.same_kind(unit, other.unit) for other in others)


def _note_problem(found: Survey, rule: Rule, visited: _Visited, problem: Problem) -> None:
    concept, path, node = rule.concept, visited.key.path, visited.node
    hint = ""
    if problem.rule == "no-units":
        hint = f"; if it is in {rule.unit}, say --set {concept.word}='{path} {rule.unit}'"
        if isinstance(node, Field) and node.dtype.kind in "iuf":
            numbers = np.asarray(node.array, dtype=np.float64)
            with np.errstate(divide="ignore"):
                meant = PHOTON / numbers if rule.text.quantity == "wavelength" else numbers
            found.unitless.append(Unitless(concept, path, meant, rule.unit))
    message = f"{concept.path}: {problem.message}{hint}"
    found.problems.append((concept, Finding(path, problem.rule, message, Severity.WARNING)))


def _applies(refusal: Refusal, node: Group | Field) -> bool:
    if isinstance(node, Group) and value_of(node, ("value", "data")) is None:
        return False
    if not refusal.units:
        return True
    unit = text_attribute(node, "units") or text_attribute(node, "unit")
    return unit is not None and (
        unit in refusal.units
        or units.usual_spelling(unit) in {units.usual_spelling(spelling) for spelling in refusal.units}
    )


def _refused(refusal: Refusal, key: Key, node: Group | Field) -> Finding:
    value = ""
    told = value_of(node, ("value", "data")) if isinstance(node, Group) else node
    if told is not None and told.size:
        value = f"{short(told)} {text_attribute(told, 'units') or ''}".strip() + ": "
    return Finding(key.path, "refused-key", f"{refusal.concept.path}: {value}{refusal.reason}", Severity.INFO)


def _of_neutrons(node: Group | Field, rule: Rule, told_by: str) -> Problem:
    said = f"{short(node)} {text_attribute(node, 'units') or ''}".strip() if isinstance(node, Field) else "it"
    what = (
        "a wavelength of neutrons; the formula for photons does not apply"
        if rule.text.quantity == "wavelength"
        else "an energy of neutrons, not of X-rays"
    )
    return Problem("neutrons", f"{said} is {what} ({told_by} says neutrons)")


def _constants(found: Survey, crosswalk: Crosswalk, key: Key, node: Field) -> None:
    text = node.text
    names = [*(name for name, _ in key.groups), key.name]
    for constant in crosswalk.constants if text is not None else ():
        if tuple(names[-len(constant.key) :]) == constant.key and constant.matches.search(text or ""):
            found.constants.append((constant.concept, constant.value, constant.id, key.path))
