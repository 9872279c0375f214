"""What is to be added to one entry: each concept at its place, with its evidence, or a finding that says why not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from nxspectra.errors import Refused
from nxspectra.findings import Finding, Severity
from nxspectra.migration.choosing import (
    Choice,
    agree,
    agreeing_numbers,
    choose,
    given,
    shown,
    usable,
)
from nxspectra.migration.concepts import (
    CONCEPTS,
    ENERGY,
    EXPOSURE,
    INTENSITY,
    PRESSURE,
    TWO_THETA,
    Concept,
    Kind,
    Level,
)
from nxspectra.migration.crosswalk import Crosswalk
from nxspectra.migration.facts import GIVEN, Fact, how_to_give
from nxspectra.migration.forms import Floats, Problem, short
from nxspectra.migration.outcome import EntryOutcome, Found, State
from nxspectra.migration.places import (
    SUBENTRY,
    Draft,
    Standing,
    definition_of,
    free,
    groups,
    our_entry,
    standing,
)
from nxspectra.migration.series import Series, find_series
from nxspectra.migration.survey import Candidate, Survey, survey
from nxspectra.spectra import DEFINITION, VERSION
from nxspectra.tree import Addition, Evidence, Field, Group, Link, texts

SOURCE = ("instrument", "source")
DETECTOR = ("instrument", "detector")


@dataclass(frozen=True, slots=True)
class EntryKnown:
    """What is known of an entry before anything is decided: its keys, its spectra, where ours would stand."""

    path: str
    survey: Survey
    series: Series | None
    findings: tuple[Finding, ...]
    ours: str | None
    """The entry or subentry that follows NXdiffraction_spectra already."""
    follows: str | None
    """Another definition that the entry follows."""

    @property
    def has_spectra(self) -> bool:
        return self.series is not None or self.ours is not None

    @property
    def is_left(self) -> bool:
        """It follows another definition and has no spectra: nothing of ours belongs into it."""
        return self.follows is not None and not self.has_spectra


@dataclass(frozen=True, slots=True)
class EntryPlan:
    """What becomes of an entry."""

    outcome: EntryOutcome
    additions: tuple[Addition, ...]
    found: tuple[Found, ...]
    findings: tuple[Finding, ...]


def know(root: Group, entry: str, crosswalk: Crosswalk, facts: dict[str, Fact]) -> EntryKnown:
    """Look at an entry. Raises Refused or UsageError when a person named keys that cannot be spectra."""
    keys = survey(root, entry, crosswalk)
    series, findings = find_series(root, entry, keys, crosswalk, facts)
    definition = definition_of(root, entry)
    return EntryKnown(
        entry,
        keys,
        series,
        tuple(findings),
        our_entry(root, entry),
        definition if definition not in (None, DEFINITION) else None,
    )


def plan(
    root: Group, known: EntryKnown, crosswalk: Crosswalk, facts: dict[str, Fact], first: bool
) -> EntryPlan:
    """What is to be added to the entry, which may be the first one with spectra.

    It goes into the entry itself; into an NXsubentry if the entry follows another definition, or if what the
    definition requires cannot stand in the entry because something else does.
    """
    if known.ours is not None:
        return _Planning(root, known, crosswalk, facts, known.ours, first).result()
    inside = free(root, f"{known.path}/{SUBENTRY}")
    if known.follows is not None and known.series is not None:
        return _Planning(root, known, crosswalk, facts, inside, first).result()
    planned = _Planning(root, known, crosswalk, facts, known.path, first)
    result = planned.result()
    if planned.blocked and known.series is not None:
        return _Planning(root, known, crosswalk, facts, inside, first).result()
    return result


@dataclass
class _Planning:
    """The work on one entry, with `base` as the entry or subentry that follows the definition afterwards."""

    root: Group
    known: EntryKnown
    crosswalk: Crosswalk
    facts: dict[str, Fact]
    base: str
    first: bool
    """The first entry with spectra is the one that the file shows."""
    found: list[Found] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    blocked: list[Concept] = field(default_factory=list)
    """Required concepts that cannot stand in `base` because something else does."""
    meant_detector: str | None = None
    """Of several detectors in the raw entry, the one that the spectra are from."""
    draft: Draft = field(init=False)

    def result(self) -> EntryPlan:
        known = self.known
        self.draft = Draft(self.root, self.base)
        self.findings.extend(known.findings)
        new_subentry = self.root.get(self.base) is None
        if new_subentry:
            self.draft.add(self.base, Group("NXsubentry", {}, default="data"))
        in_place = self._spectra_in_place()
        series = None if in_place is not None else known.series
        shape = in_place or (series.shape if series else None)
        n = shape[0] if shape else (known.survey.frames[0][1][0] if known.survey.frames else None)
        if series is not None:
            self._declare()
        self._detector(series)
        for concept in CONCEPTS:
            if concept.kind not in (Kind.INTENSITY, Kind.ANGLES):
                self._concept(concept, n)
        if series is not None:
            self._data(series)
        elif in_place is not None:
            self._complete_data()
            self._spectra_found_in_place(in_place)
        else:
            self._no_spectra()
        if shape is not None:
            self._defaults()
        additions = () if known.is_left else tuple(self.draft.additions)
        if new_subentry and all(addition.evidence is None for addition in additions):
            additions = ()
        outcome = EntryOutcome(known.path, self.base, shape, known.follows)
        return EntryPlan(outcome, additions, tuple(self.found), self._all_findings())

    # -- one concept -----------------------------------------------------------------------------

    def _concept(self, concept: Concept, n: int | None) -> None:
        first = self.draft.prefer.get(DETECTOR) if concept.path.startswith("instrument/detector/") else None
        there = standing(self.root, self.base, concept, first)
        values = None if there is None else usable(there.node, concept, n)
        in_use = there if there is not None and not isinstance(values, Problem) else None
        candidates = self._candidates(concept, None if in_use is None else in_use.real)
        choice, findings = choose(concept, candidates, n, self.draft.path_of(concept))
        choice = choice or self._constant(concept)
        fact = self.facts.get(concept.path)
        if in_use is not None and values is not None and not isinstance(values, Problem):
            self._in_place(concept, in_use, values, candidates, n)
            return
        if fact is not None:
            self._no_photons(fact)
            told, noted = given(fact, self.root, self.known.path, self.crosswalk, n)
            if told is not None:
                findings = [finding for finding in findings if finding.rule != "ambiguous-key"] + noted
                choice = self._over(told, candidates, concept)
        self.findings.extend(findings)
        if there is not None and isinstance(values, Problem):
            self._unusable(concept, there, values, choice)
        elif choice is not None:
            self._place(concept, choice)
        elif not any(finding.rule == "ambiguous-key" for finding in findings):
            self._missing(concept)

    def _candidates(self, concept: Concept, in_place: str | None) -> list[Candidate]:
        """The keys that tell the concept, without the one that stands in place, for the detector that is meant."""
        candidates = [c for c in self.known.survey.of(concept) if c.real != in_place]
        if not concept.path.startswith("instrument/detector/"):
            return candidates
        meant = self.meant_detector
        return [c for c in candidates if c.detector is None or meant is None or c.detector == meant]

    def _in_place(
        self,
        concept: Concept,
        there: Standing,
        values: Floats | str,
        candidates: list[Candidate],
        n: int | None,
    ) -> None:
        same = [c.path for c in candidates if agree(values, c.reading.values, concept)]
        fact = self.facts.get(concept.path)
        if fact is not None and fact.path != there.path:
            told, _ = given(fact, self.root, self.known.path, self.crosswalk, n)
            if told is not None and not agree(values, told.values, concept):
                raise Refused(
                    f"{fact.word}: {there.path} already says {shown(values, concept)}, not"
                    f" {shown(told.values, concept)}; what is there is never replaced, nothing was written"
                )
        if concept.kind is Kind.QUANTITY:
            self._differing(concept, values, candidates, there.path)
        node = there.node
        assert isinstance(node, Field)
        evidence = Evidence(
            concept.path,
            there.path,
            shown(values, concept) if isinstance(values, str) else short(node),
            node.units,
        )
        conversion = (
            None
            if isinstance(values, str) or node.units == concept.unit
            else f"{node.units} -> {concept.unit}"
        )
        same += agreeing_numbers(self.known.survey, concept, values)
        self._tell(
            concept, replace(evidence, conversion=conversion), there.path, values, State.IN_PLACE, tuple(same)
        )

    def _no_photons(self, fact: Fact) -> None:
        neutrons = self.known.survey.neutrons
        if fact.concept is ENERGY and neutrons is not None and fact.from_wavelength:
            raise Refused(
                f"{fact.word}: {neutrons} says neutrons, and the formula for photons does not apply to their"
                " wavelength; nothing was written"
            )

    def _differing(
        self, concept: Concept, values: Floats | str, candidates: list[Candidate], taken: str
    ) -> None:
        for candidate in candidates:
            other = candidate.reading.values
            if not agree(values, other, concept):
                self.findings.append(
                    Finding(
                        candidate.path,
                        "differing-key",
                        f"{concept.path}: says {shown(other, concept)}, while {taken} says {shown(values, concept)}",
                        Severity.WARNING,
                    )
                )

    def _over(self, told: Choice, candidates: list[Candidate], concept: Concept) -> Choice:
        """What a person gave stands; keys that say the same are noted, those that differ are reported."""
        if concept.kind is Kind.QUANTITY:
            self._differing(concept, told.values, candidates, told.evidence.origin)
        same = [c.path for c in candidates if agree(told.values, c.reading.values, concept)]
        return replace(told, agreeing=tuple(path for path in same if path != told.evidence.origin))

    def _unusable(self, concept: Concept, there: Standing, problem: Problem, choice: Choice | None) -> None:
        if self._add_units(concept, there, choice):
            return
        ending = "it is not replaced"
        if choice is not None and concept.level is Level.REQUIRED:
            self.blocked.append(concept)
        elif concept.level is Level.REQUIRED:
            ending += f"; give {concept.words} with {how_to_give(concept)}"
        required = concept.level is Level.REQUIRED and not self.known.is_left
        severity = Severity.VIOLATION if required else Severity.INFO
        message = f"{concept.path}: {problem.message}; {ending}"
        self.findings.append(Finding(there.path, problem.rule, message, severity))

    def _add_units(self, concept: Concept, there: Standing, choice: Choice | None) -> bool:
        """Give a number in place the unit that the crosswalk knows it to have."""
        node = there.node
        if not isinstance(node, Field) or "units" in node.attributes or node.dtype.kind not in "iuf":
            return False
        own = next((c for c in self.known.survey.of(concept) if c.real == there.real), None)
        if own is None or own.reading.unit is None or choice is None or own.rule.text.quantity:
            return False
        with_unit = node.with_attributes(units=own.reading.unit)
        n = choice.values.size if isinstance(choice.values, np.ndarray) and choice.values.size > 1 else None
        values = usable(with_unit, concept, n)
        if isinstance(values, Problem) or isinstance(values, str):
            return False
        evidence = Evidence(
            concept.path,
            own.path,
            own.reading.raw,
            None,
            f"unit {own.reading.unit} added",
            own.rule.id,
            str(own.rule.trust),
        )
        path = f"{there.real}@units"
        self.draft.add(path, own.reading.unit, evidence)
        self._tell(concept, evidence, path, values, State.PLACED, ())
        self.findings.append(
            Finding(
                there.path,
                "added-units",
                f"{concept.path}: had no unit; {own.reading.unit!r} is added, as rule {own.rule.id} knows",
                Severity.INFO,
            )
        )
        return True

    def _place(self, concept: Concept, choice: Choice) -> None:
        *steps, _ = concept.path.split("/")
        if tuple(steps) == SOURCE and self.draft.would_make(SOURCE) and not self._whole_source():
            self._tell(
                concept, choice.evidence, self.draft.path_of(concept), choice.values, State.NOT_PLACED, ()
            )
            return
        agreeing = (*choice.agreeing, *agreeing_numbers(self.known.survey, concept, choice.values))
        if self.known.is_left:
            path, state = self.draft.path_of(concept), State.NOT_PLACED
        else:
            item = choice.field(concept)
            if concept is PRESSURE:
                # it is the axis of the spectra by a link, and a link's object says where it stands
                path = f"{self.draft.group(tuple(steps))}/pressure"
                item = item.with_attributes(target=path)
            path, state = self.draft.put(concept, item, choice.evidence), State.PLACED
        self._tell(concept, choice.evidence, path, choice.values, state, agreeing)

    def _whole_source(self) -> bool:
        """Is everything known that an NXsource must have?"""
        return all(
            self.known.survey.of(concept) or self._constant(concept) or concept.path in self.facts
            for concept in CONCEPTS
            if concept.path in ("instrument/source/name", "instrument/source/probe")
        )

    def _constant(self, concept: Concept) -> Choice | None:
        """What follows from a key that names the facility."""
        for meant, value, rule, path in sorted(self.known.survey.constants, key=lambda told: told[2:]):
            if meant is concept:
                node = self.root.field(path)
                raw = "" if node is None else node.text or ""
                return Choice(
                    value, Evidence(concept.path, path, raw, None, f"tells {value!r}", rule, "derived")
                )
        return None

    def _missing(self, concept: Concept) -> None:
        if concept.level is Level.OPTIONAL or (self.known.is_left and concept is not INTENSITY):
            return
        severity = Severity.VIOLATION if concept.level is Level.REQUIRED else Severity.INFO
        asked = " (recommended)" if concept.level is Level.RECOMMENDED else ""
        message = f"{concept.words} is not known{asked}; give it with {how_to_give(concept)}"
        if concept is ENERGY and self.known.survey.neutrons is not None:
            message = (
                f"{self.known.survey.neutrons} says neutrons; the definition asks for the energy of X-rays"
            )
        self.findings.append(Finding(self.draft.path_of(concept), "missing-concept", message, severity))

    def _tell(
        self,
        concept: Concept,
        evidence: Evidence,
        path: str,
        values: Floats | str,
        state: State,
        agreeing: tuple[str, ...],
    ) -> None:
        self.found.append(
            Found(
                concept.path,
                evidence.origin,
                evidence.value,
                evidence.units,
                evidence.conversion,
                evidence.rule,
                evidence.trust,
                path,
                shown(values, concept),
                state,
                agreeing,
            )
        )

    # -- the detector ----------------------------------------------------------------------------

    def _detector(self, series: Series | None) -> None:
        """Which detector the spectra are from, where there are several: theirs, that of the frames, the first."""
        raw = groups(self.root, self.known.path, DETECTOR)
        if not raw:
            return
        inside = [path for path in raw if series and series.intensity.real.startswith(f"{path}/")]
        frames = [
            path for path in raw for where, _ in self.known.survey.frames if where.startswith(f"{path}/")
        ]
        timed = [path for path in raw if self.root.field(f"{path}/{EXPOSURE.path.rpartition('/')[2]}")]
        told = [c.detector for c in self.known.survey.of(EXPOSURE) if c.detector in raw]
        meant = next(iter([*inside, *frames, *timed, *filter(None, told), *raw]))
        self.meant_detector = meant
        if meant in groups(self.root, self.base, DETECTOR):
            self.draft.prefer[DETECTOR] = meant

    # -- the spectra -----------------------------------------------------------------------------

    def _spectra_in_place(self) -> tuple[int, int] | None:
        """The shape of the spectra that already stand at their place; None if none do."""
        found = groups(self.root, self.base, ("data",))
        intensity = self.root.field(f"{found[0]}/intensity") if found else None
        angles = self.root.field(f"{found[0]}/two_theta") if found else None
        if intensity is None or angles is None:
            return None
        shape = intensity.shape or ()
        if (
            len(shape) != 2
            or angles.shape != shape[1:]
            or isinstance(usable(angles, TWO_THETA, None), Problem)
        ):
            return None
        if self.known.ours is None and _other_signal(self.root, found[0]):
            return None
        return int(shape[0]), int(shape[1])

    def _spectra_found_in_place(self, shape: tuple[int, int]) -> None:
        where = groups(self.root, self.base, ("data",))[0]
        for concept in (INTENSITY, TWO_THETA):
            path = f"{where}/{concept.path.rpartition('/')[2]}"
            node = self.root.field(path)
            assert node is not None
            text = f"{shape[0]} x {shape[1]} {node.dtype}" if concept is INTENSITY else short(node)
            evidence = Evidence(concept.path, path, text, node.units)
            self._tell(concept, evidence, path, f"{text} {node.units or ''}".strip(), State.IN_PLACE, ())
        for concept in (INTENSITY, TWO_THETA):
            fact = self.facts.get(concept.path)
            path = f"{where}/{concept.path.rpartition('/')[2]}"
            if fact is not None and fact.path is not None and not self._same_object(fact.path, path):
                raise Refused(
                    f"{fact.word}: {path} is already there and is not {fact.path}; what is there is never replaced"
                )

    def _same_object(self, one: str, other: str) -> bool:
        a, b = self.root.find(one), self.root.find(other)
        return a is not None and b is not None and a[0] == b[0]

    def _declare(self) -> None:
        """Say that the entry follows the definition; only an entry with spectra does."""
        told = self.root.field(f"{self.base}/definition")
        if told is None:
            self.draft.add(f"{self.base}/definition", Field(DEFINITION, version=VERSION))

    def _data(self, series: Series) -> None:
        """The group `data`, with the raw spectra by links: they are never copied."""
        path = f"{self.base}/data"
        node = self.root.get(path)
        if node is None:
            self.draft.add(path, Group("NXdata", {}))
        elif not isinstance(node, Group) or node.nx_class != "NXdata" or _other_signal(self.root, path):
            self.blocked.append(INTENSITY)
            return
        for name in ("intensity", "two_theta"):
            if f"{path}/{name}" in self.root:
                self.blocked.append(INTENSITY)
                return
        self._intensity(series, path)
        self._angles(series, path)
        self._axes(path)

    def _intensity(self, series: Series, path: str) -> None:
        key = series.intensity
        n, points = series.shape
        raw = f"{n} x {points} {key.field.dtype}"
        conversion = None
        if len(key.field.shape or ()) == 1:
            # one spectrum has no dimension to link along: it is small, and copied
            conversion = f"({points},) -> (1, {points})"
            units = {"units": key.field.units} if key.field.units else {}
            item: Field | Link = Field(key.field.array.reshape(1, -1), units)
        else:
            item = self._link(key.real, key.field)
        evidence = self._evidence(
            INTENSITY, key.path, raw, key.field.units, conversion, key.rule.id, str(key.rule.trust)
        )
        self.draft.add(f"{path}/intensity", item, evidence)
        how = raw if key.field.units is None else f"{raw} {key.field.units}"
        self._tell(INTENSITY, evidence, f"{path}/intensity", how, State.PLACED, ())

    def _angles(self, series: Series, path: str) -> None:
        key = series.angles
        raw = short(key.field)
        conversion = None
        if series.says_unit:
            item: Field | Link = self._link(key.real, key.field)
        else:
            item = Field(series.two_theta, units=TWO_THETA.unit)
            conversion = f"{series.raw_unit} -> {TWO_THETA.unit}"
        evidence = self._evidence(
            TWO_THETA, key.path, raw, key.field.units, conversion, key.rule.id, str(key.rule.trust)
        )
        self.draft.add(f"{path}/two_theta", item, evidence)
        self._tell(TWO_THETA, evidence, f"{path}/two_theta", series.two_theta, State.PLACED, ())

    def _evidence(
        self,
        concept: Concept,
        path: str,
        raw: str,
        unit: str | None,
        conversion: str | None,
        rule: str,
        trust: str,
    ) -> Evidence:
        fact = self.facts.get(concept.path)
        if fact is not None:
            return Evidence(concept.path, path, raw, unit, conversion, fact.origin, GIVEN)
        return Evidence(concept.path, path, raw, unit, conversion, rule, trust)

    def _link(self, real: str, node: Field) -> Link:
        """A link to a raw data set, which is told where it stands, as NeXus asks of what is linked."""
        if "target" not in node.attributes:
            self.draft.add(f"{real}@target", real)
        return Link(real)

    def _axes(self, path: str) -> None:
        pressure = self._pressure_path()
        if pressure is not None and f"{path}/pressure" not in self.root:
            self.draft.add(f"{path}/pressure", Link(pressure))
        first = "." if pressure is None else "pressure"
        for name, value in (
            ("signal", "intensity"),
            ("axes", np.array([first, "two_theta"])),
            ("interpretation", "spectrum"),
        ):
            if f"{path}@{name}" not in self.root:
                self.draft.add(f"{path}@{name}", value)

    def _complete_data(self) -> None:
        """What may still be missing from spectra in place: attributes, and the pressure axis once it is known."""
        path = f"{self.base}/data"
        axes = texts(self.root.attribute(f"{path}@axes"))
        if axes and "pressure" not in axes:
            pressure = self._pressure_path()
            if pressure is not None and f"{path}/pressure" not in self.root:
                self.draft.add(f"{path}/pressure", Link(pressure))
                self.draft.add(f"{path}@pressure_indices", 0)
        else:
            self._axes(path)
        self._declare()
        if (
            definition_of(self.root, self.base) == DEFINITION
            and f"{self.base}/definition@version" not in self.root
        ):
            self.draft.add(f"{self.base}/definition@version", VERSION)

    def _pressure_path(self) -> str | None:
        for found in self.found:
            if found.concept == PRESSURE.path and found.state is not State.NOT_PLACED:
                return found.path.partition("@")[0]
        return None

    def _defaults(self) -> None:
        """What is plotted first, where the file does not say."""
        entry = self.known.path
        if self.base != entry:
            if f"{self.base}@default" not in self.root and self.root.get(self.base) is not None:
                self.draft.add(f"{self.base}@default", "data")
            name = self.base.rpartition("/")[2]
        else:
            name = "data"
        if f"{entry}@default" not in self.root:
            self.draft.add(f"{entry}@default", name)
        if "default" not in self.root.attributes and self.first:
            self.draft.add("/@default", entry.strip("/"))

    def _no_spectra(self) -> None:
        known = self.known
        if any(finding.rule == "ambiguous-key" for finding in known.findings):
            return
        if known.is_left:
            message = (
                f"follows {known.follows} and has no one-dimensional diffraction spectra; it is left as it is"
            )
            self.findings.append(Finding(known.path, "no-spectra", message, Severity.INFO))
        frames = ""
        if known.survey.frames:
            where, shape = known.survey.frames[0]
            frames = f"{where} holds detector images {shape}: integrate them over the azimuth first, or "
        self.findings.append(
            Finding(
                f"{self.base}/{INTENSITY.path}",
                "missing-concept",
                f"no spectra with an angle axis are known; {frames}"
                f"say where they are with {how_to_give(INTENSITY)} {how_to_give(TWO_THETA)}",
            )
        )

    # -- findings --------------------------------------------------------------------------------

    def _all_findings(self) -> tuple[Finding, ...]:
        """Problems of keys matter less where the concept was found all the same; each is said once."""
        told = {found.concept for found in self.found}
        agreed = {path for found in self.found for path in found.agreeing}
        once: dict[tuple[str, str, str], Finding] = {}
        unusable = {finding.path for finding in self.findings if finding.rule == "unusable-in-place"}
        for concept, finding in self.known.survey.problems:
            said = finding
            if finding.rule == "no-units" and finding.path in unusable:
                continue
            if finding.rule == "no-units" and finding.path in agreed:
                message = f"{concept.path}: has no unit; agrees if it is in {concept.unit}"
                said = Finding(finding.path, "agreeing-number", message, Severity.INFO)
            elif concept.path in told or concept.level is not Level.REQUIRED:
                said = replace(finding, severity=Severity.INFO)
            else:
                said = replace(finding, severity=Severity.WARNING)
            once.setdefault((said.path, said.rule, said.message), said)
        for finding in self.findings:
            once.setdefault((finding.path, finding.rule, finding.message), finding)
        return tuple(once.values())


def _other_signal(root: Group, path: str) -> bool:
    """Does the NXdata group already plot something that is not our intensity?"""
    group = root.group(path)
    if group is None:
        return False
    signal = texts(group.attributes.get("signal"))
    if signal:
        return signal != ("intensity",)
    children = (root.get(f"{path}/{name}") for name in group.children)
    return any(child is not None and "signal" in child.attributes for child in children)
