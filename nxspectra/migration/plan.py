"""What is to be added to an entry: each concept at its place with its evidence, or a finding why not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from nxspectra.errors import Refused
from nxspectra.findings import Finding, Severity
from nxspectra.migration.azint import place_azint
from nxspectra.migration.beside import place_reduction, place_sensors
from nxspectra.migration.choosing import (
    Choice,
    Fitted,
    agree,
    agreeing_numbers,
    choose,
    differing,
    fit,
    given,
    same,
    shown,
    usable,
)
from nxspectra.migration.concepts import (
    CONCEPTS,
    ENERGY,
    EXPOSURE,
    GROUP_CLASSES,
    INTENSITY,
    PRESSURE,
    TWO_THETA,
    Concept,
    Kind,
    Level,
)
from nxspectra.migration.crosswalk import Crosswalk
from nxspectra.migration.data_group import DataGroup
from nxspectra.migration.facts import Fact, Sidecar, how_to_give
from nxspectra.migration.forms import Floats, Problem, iso_date, short, text_attribute
from nxspectra.migration.outcome import EntryOutcome, Found, State
from nxspectra.migration.places import (
    SUBENTRY,
    Draft,
    Standing,
    definition_of,
    free,
    groups,
    other_meaning,
    our_entry,
)
from nxspectra.migration.series import Series, find_series
from nxspectra.migration.survey import Candidate, Survey, survey
from nxspectra.spectra import DEFINITION
from nxspectra.tree import Addition, Evidence, Field, Group

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
    series, findings = find_series(
        root, entry, keys, crosswalk, facts, energy=_photons(root, entry, keys, crosswalk, facts)
    )
    definition = definition_of(root, entry)
    if definition is None and f"{entry}/definition" in root:
        definition = "that cannot be read"
    return EntryKnown(
        entry,
        keys,
        series,
        tuple(findings),
        our_entry(root, entry),
        definition if definition not in (None, DEFINITION) else None,
    )


def _photons(
    root: Group, entry: str, keys: Survey, crosswalk: Crosswalk, facts: dict[str, Fact]
) -> float | None:
    """The one energy of the photons, keV; None if it is not known, not certain, or not one."""
    fact = facts.get(ENERGY.path)
    choice = (
        given(fact, root, entry, crosswalk, None)[0]
        if fact is not None
        else choose(ENERGY, fit(ENERGY, keys.of(ENERGY), None)[0], entry)[0]
    )
    if keys.neutrons is not None or choice is None or isinstance(choice.values, str):
        return None
    energies = choice.values.reshape(-1)
    return float(energies[0]) if agree(energies[:1], energies, ENERGY) else None


def plan(
    root: Group, known: EntryKnown, crosswalk: Crosswalk, facts: dict[str, Fact], first: bool
) -> EntryPlan:
    """What is to be added to the entry, which may be the first one with spectra.

    It goes into the entry itself; into an NXsubentry if the entry follows another definition, or if what the
    definition requires cannot stand in the entry because something else does.
    """

    def planning(base: str) -> _Planning:
        return _Planning(root, known, crosswalk, facts, base, first)

    if known.ours is not None:
        only = planning(known.ours)
        result = only.result()
        in_the_way = (Finding(known.ours, "in-the-way", reason) for reason in only.blocked)
        return replace(result, findings=(*result.findings, *in_the_way))
    inside = free(root, f"{known.path}/{SUBENTRY}")
    if known.follows is not None and known.series is not None:
        return planning(inside).result()
    attempt = planning(known.path)
    result = attempt.result()
    if known.series is None or not attempt.blocked:
        return result
    second = planning(inside)
    second.findings.append(Finding(known.path, "subentry", "; ".join(attempt.blocked), Severity.INFO))
    return second.result()


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
    blocked: list[str] = field(default_factory=list)
    """Why `base` itself cannot follow the definition, whatever is added."""
    detector: str | None = None
    """Of several detectors in the raw entry, the one that the spectra are from."""
    contradiction: Finding | None = None
    """Detectors that were exposed differently, and nothing says which one the spectra are from."""
    draft: Draft = field(init=False)

    def result(self) -> EntryPlan:
        known = self.known
        self.draft = Draft(self.root, self.base)
        self.findings.extend(known.findings)
        new_subentry = self.root.get(self.base) is None
        if new_subentry:
            self.draft.add(self.base, Group("NXsubentry", {}, default="data"))
        data = DataGroup(self.root, self.draft, self.facts)
        shape = data.in_place(known.ours is not None)
        series = known.series if shape is None else None
        if series is not None:
            shape = series.shape
        n = shape[0] if shape else (known.survey.frames[0][1][0] if known.survey.frames else None)
        if shape is not None:
            data.declare()
        self.blocked += other_meaning(self.root, self.base)
        self._detector(series, n)
        for concept in CONCEPTS:
            if concept.kind not in (Kind.INTENSITY, Kind.ANGLES):
                self._concept(concept, n)
        if not known.is_left:
            told, noted = place_sensors(self.draft, known.survey.sensors, n)
            self.found += told
            self.findings += noted
        if shape is not None:
            self._data(data, series, shape)
            reduction = self._reduction(series)
            self.found += [] if reduction is None else [reduction]
            if series is not None and known.follows != "NXazint1d":
                place_azint(self.draft, known.path, self.found, has_reduction=reduction is not None)
        else:
            self._no_spectra()
        additions = () if known.is_left else tuple(self.draft.additions)
        if new_subentry and all(addition.evidence is None for addition in additions):
            additions = ()
        outcome = EntryOutcome(known.path, self.base, shape, known.follows)
        return EntryPlan(outcome, additions, tuple(self.found), self._all_findings())

    # -- one concept -----------------------------------------------------------------------------

    def _concept(self, concept: Concept, n: int | None) -> None:
        told, noted = self._given(concept, n)
        if concept is EXPOSURE and told is None and self.contradiction is not None:
            self.findings.append(self.contradiction)
            return
        of_detector = concept.path.startswith("instrument/detector/")
        there = self.draft.standing(concept, self.draft.prefer.get(DETECTOR) if of_detector else None)
        stands = None if there is None else usable(there.node, concept, n)
        fits, findings = fit(concept, self._candidates(concept), n)
        self._others(concept, there, n)
        if there is not None and stands is not None and not isinstance(stands, Problem):
            others = [one for one in fits if one.candidate.real != there.real]
            self._in_place(concept, there, stands, others, told)
            return
        choice, contradiction = choose(concept, fits, self.draft.path_of(concept))
        if told is not None:
            self.findings += [*noted, *differing(concept, told.values, fits, told.evidence.origin)]
            others = [one for one in fits if one.candidate.real != told.real]
            choice, contradiction = replace(told, agreeing=same(concept, told.values, others)), []
        self.findings += [*findings, *contradiction]
        choice = choice or (None if contradiction else self._constant(concept))
        if there is not None and isinstance(stands, Problem):
            own = [one.choice for one in fits if one.candidate.real == there.real]
            if not any(self._add_units(concept, there, option, n) for option in (told, *own) if option):
                self._unusable(concept, there, stands, told)
        elif choice is not None:
            self._place(concept, choice)
        elif not contradiction:
            self._missing(concept)

    def _others(self, concept: Concept, there: Standing | None, n: int | None) -> None:
        """Other groups of the class, such as a second detector, must have what is required too."""
        *steps, leaf = concept.path.split("/")
        if concept.level is not Level.REQUIRED or not steps:
            return
        used = there.path.rpartition("/")[0] if there else self.draft.path_of(concept).rpartition("/")[0]
        for path in self.draft.groups(tuple(steps)):
            node = self.root.get(f"{path}/{leaf}")
            if path != used and (node is None or isinstance(usable(node, concept, n), Problem)):
                self.blocked.append(f"{path} is another {GROUP_CLASSES[steps[-1]]} and has no usable {leaf}")

    def _given(self, concept: Concept, n: int | None) -> tuple[Choice | None, list[Finding]]:
        fact = self.facts.get(concept.path)
        if fact is None:
            return None, []
        neutrons = self.known.survey.neutrons
        if concept is ENERGY and neutrons is not None and fact.from_wavelength:
            raise Refused(
                f"{fact.said}: {neutrons} says neutrons, and the formula for photons does not apply to their"
                " wavelength; nothing was written"
            )
        return given(fact, self.root, self.known.path, self.crosswalk, n)

    def _candidates(self, concept: Concept) -> list[Candidate]:
        """The keys that tell the concept; of a detector, those of the one that the spectra are from."""
        candidates = self.known.survey.of(concept)
        if not concept.path.startswith("instrument/detector/") or self.detector is None:
            return candidates
        return [c for c in candidates if c.detector in (None, self.detector)]

    def _in_place(
        self,
        concept: Concept,
        there: Standing,
        values: Floats | str,
        fits: list[Fitted],
        told: Choice | None,
    ) -> None:
        if told is not None and told.real != there.real and not agree(values, told.values, concept):
            raise Refused(
                f"{told.evidence.origin}: {there.path} already says {shown(values, concept)}, not"
                f" {shown(told.values, concept)}; what is there is never replaced, nothing was written"
            )
        self.findings += differing(concept, values, fits, there.path)
        unit = text_attribute(there.node, "units")
        evidence = Evidence(
            concept.path,
            there.path,
            short(there.node) if isinstance(there.node, Field) else "",
            unit,
            f"{unit} -> {concept.unit}" if concept.unit and unit != concept.unit else None,
        )
        agreeing = same(concept, values, fits) + agreeing_numbers(self.known.survey, concept, values)
        self._tell(concept, evidence, there.path, values, State.IN_PLACE, agreeing=agreeing)

    def _unusable(self, concept: Concept, there: Standing, problem: Problem, told: Choice | None) -> None:
        """What stands there cannot be used; where it is required, ours needs another place."""
        required = concept.level is Level.REQUIRED
        if required or concept.goes_with_group:
            self.blocked.append(f"{there.path} {problem.message}")
        if told is not None and (self.known.series is None or self.known.ours is not None or not required):
            raise Refused(
                f"{told.evidence.origin}: {there.path} {problem.message}; what is there is never replaced,"
                " nothing was written"
            )
        node = there.node
        unitless = isinstance(node, Field) and node.dtype.kind in "iuf" and "units" not in node.attributes
        how = f"--set {concept.word}='{there.path} {concept.unit}'" if unitless else how_to_give(concept)
        ending = f"; give {concept.words} with {how}" if required else ""
        severity = Severity.VIOLATION if required and not self.known.is_left else Severity.INFO
        message = f"{concept.path}: {problem.message}; it is not replaced{ending}"
        self.findings.append(Finding(there.path, problem.rule, message, severity))

    def _add_units(self, concept: Concept, there: Standing, choice: Choice, n: int | None) -> bool:
        """Give a number in place the unit that the crosswalk knows, or a person says, it has."""
        node = there.node
        if choice.real != there.real or choice.unit is None or not isinstance(node, Field):
            return False
        if "units" in node.attributes or node.dtype.kind not in "iuf" or self.known.is_left:
            return False
        values = usable(node.with_attributes(units=choice.unit), concept, n)
        if isinstance(values, Problem):
            return False
        path = f"{there.real}@units"
        evidence = replace(choice.evidence, conversion=f"unit {choice.unit} added")
        self.draft.add(path, choice.unit, evidence)
        self._tell(concept, evidence, path, values, State.PLACED, sidecar=choice.sidecar)
        message = f"{concept.path}: had no unit; {choice.unit!r} is added ({choice.evidence.rule})"
        self.findings.append(Finding(there.path, "added-units", message, Severity.INFO))
        return True

    def _place(self, concept: Concept, choice: Choice) -> None:
        steps = concept.path.split("/")[:-1]
        if self.draft.would_make(tuple(steps)) and not self._is_whole(steps):
            self._tell(concept, choice.evidence, self.draft.path_of(concept), choice.values, State.NOT_PLACED)
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
            if concept.path == "instrument/detector/start_time":
                item = self._counted_from(item, choice)
            path, state = self.draft.put(concept, item, choice.evidence), State.PLACED
        self._tell(
            concept, choice.evidence, path, choice.values, state, agreeing=agreeing, sidecar=choice.sidecar
        )

    def _counted_from(self, item: Field, choice: Choice) -> Field:
        """The times with the moment from which they are counted, where the raw key says it."""
        raw = self.root.get(choice.real) if choice.real else None
        start = None if raw is None else iso_date(text_attribute(raw, "start") or "")
        return item if start is None else item.with_attributes(start=start)

    def _is_whole(self, steps: list[str]) -> bool:
        """Is everything known that a group of this kind must have, so that it may be made?"""
        return all(
            self.known.survey.of(concept) or self._constant(concept) or concept.path in self.facts
            for concept in CONCEPTS
            if concept.goes_with_group and concept.path.split("/")[:-1] == steps
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
        *steps, leaf = concept.path.split("/")
        if concept.goes_with_group and not self.draft.would_make(tuple(steps)):
            group = self.draft.path_of(concept).rpartition("/")[0]
            self.blocked.append(f"{group} has no {leaf}, which an {GROUP_CLASSES[steps[-1]]} must have")
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
        *,
        agreeing: tuple[str, ...] = (),
        sidecar: Sidecar | None = None,
    ) -> None:
        found = Found.of(evidence, path, shown(values, concept), state, agreeing)
        self.found.append(found if sidecar is None else replace(found, sidecar=sidecar))

    # -- the detector ----------------------------------------------------------------------------

    def _detector(self, series: Series | None, n: int | None) -> None:
        """Which detector the spectra are from: the one they stand in, that of the frames, one with a time."""
        raw = groups(self.root, self.known.path, DETECTOR)
        fact = self.facts.get(EXPOSURE.path)
        named = [path for path in raw if fact and fact.path and fact.path.startswith(f"{path}/")]
        named += [path for path in raw if series and series.intensity.real.startswith(f"{path}/")]
        named += [
            path for path in raw for where, _ in self.known.survey.frames if where.startswith(f"{path}/")
        ]
        timed = [c for c in self.known.survey.of(EXPOSURE) if c.detector in raw]
        if not named and len({c.detector for c in timed}) > 1:
            choice, contradiction = choose(EXPOSURE, fit(EXPOSURE, timed, n)[0], self.draft.path_of(EXPOSURE))
            self.contradiction = next(iter(contradiction), None) if choice is None else None
        self.detector = next(iter([*named, *(c.detector for c in timed), *raw]), None)
        if self.detector in self.draft.groups(DETECTOR):
            self.draft.prefer[DETECTOR] = str(self.detector)

    # -- the spectra -----------------------------------------------------------------------------

    def _data(self, data: DataGroup, series: Series | None, shape: tuple[int, int]) -> None:
        pressure = next(
            (
                found.path.partition("@")[0]
                for found in self.found
                if found.concept == PRESSURE.path and found.state is not State.NOT_PLACED
            ),
            None,
        )
        if series is None:
            self.found += data.found_in_place(shape)
            data.complete(pressure)
        else:
            problem = data.occupied(series)
            if problem is not None:
                self.findings.append(problem)
                self.blocked.append(f"{data.path} {problem.message}")
                return
            self.found += data.place(series)
            data.axes(pressure)
        data.defaults(self.known.path, self.first)

    def _reduction(self, series: Series | None) -> Found | None:
        integrations = [
            path for path in self.known.survey.integrations if path.startswith(f"{self.known.path}/")
        ]
        return place_reduction(self.draft, integrations, None if series is None else series.intensity.real)

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
            frames = (
                f"{where} holds detector images {shape}: integrate them with a calibration of pyFAI,"
                " --integrate L2.poni, or "
            )
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
        expected = {one.path: one.unit for one in self.known.survey.unitless}
        once: dict[tuple[str, str, str], Finding] = {}
        sensors = {found.origin: found.path.rpartition("/")[0] for found in self.found if found.is_sensor}
        unusable = {finding.path for finding in self.findings if finding.rule == "unusable-in-place"}
        for concept, finding in self.known.survey.problems:
            said = finding
            if finding.rule == "no-units" and finding.path in unusable:
                continue
            if finding.rule == "no-units" and finding.path in agreed and finding.path in expected:
                message = f"{concept.path}: has no unit; agrees if it is in {expected[finding.path]}"
                said = Finding(finding.path, "agreeing-number", message, Severity.INFO)
            elif finding.rule == "refused-key" and finding.path in sensors:
                message = f"{finding.message}; it is kept as the sensor {sensors[finding.path]}"
                said = replace(finding, message=message, severity=Severity.INFO)
            elif concept.path in told or concept.level is not Level.REQUIRED:
                said = replace(finding, severity=Severity.INFO)
            else:
                said = replace(finding, severity=Severity.WARNING)
            once.setdefault((said.path, said.rule, said.message), said)
        for finding in self.findings:
            once.setdefault((finding.path, finding.rule, finding.message), finding)
        return tuple(once.values())
