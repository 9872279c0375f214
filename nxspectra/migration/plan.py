"""What is to be added to an entry: each concept at its place with its evidence, or a finding why not."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nxspectra.findings import Finding, Severity
from nxspectra.migration.azint import place_azint
from nxspectra.migration.beside import place_reduction, place_sensors
from nxspectra.migration.choosing import choose, fit
from nxspectra.migration.concepts import CONCEPTS, EXPOSURE, INTENSITY, PRESSURE, TWO_THETA, Kind, Level
from nxspectra.migration.crosswalk import Crosswalk
from nxspectra.migration.data_group import DataGroup
from nxspectra.migration.facts import Fact, how_to_give
from nxspectra.migration.known import EntryKnown
from nxspectra.migration.outcome import EntryOutcome, Found, State
from nxspectra.migration.places import SUBENTRY, Draft, free
from nxspectra.migration.placing import decide
from nxspectra.migration.series import Series
from nxspectra.migration.work import DETECTOR, Work
from nxspectra.tree import Addition, Group


@dataclass(frozen=True, slots=True)
class EntryPlan:
    """What becomes of an entry."""

    outcome: EntryOutcome
    additions: tuple[Addition, ...]
    found: tuple[Found, ...]
    findings: tuple[Finding, ...]


def plan(
    root: Group, known: EntryKnown, crosswalk: Crosswalk, facts: dict[str, Fact], first: bool
) -> EntryPlan:
    """What is to be added to the entry, which may be the first one with spectra.

    It goes into the entry itself; into an NXsubentry if the entry follows another definition, or if what the
    definition requires cannot stand in the entry because something else does.
    """

    def work_in(base: str) -> Work:
        return Work(root, known, crosswalk, facts, base, first)

    if known.ours is not None:
        only = work_in(known.ours)
        result = _done(only)
        in_the_way = (Finding(known.ours, "in-the-way", reason) for reason in only.blocked)
        return replace(result, findings=(*result.findings, *in_the_way))
    inside = free(root, f"{known.path}/{SUBENTRY}")
    if known.follows is not None and known.series is not None:
        return _done(work_in(inside))
    attempt = work_in(known.path)
    result = _done(attempt)
    if known.series is None or not attempt.blocked:
        return result
    second = work_in(inside)
    second.findings.append(Finding(known.path, "subentry", "; ".join(attempt.blocked), Severity.INFO))
    return _done(second)


def _done(work: Work) -> EntryPlan:
    """The plan, when everything about the entry has been decided."""
    known = work.known
    work.findings.extend(known.findings)
    new_subentry = work.root.get(work.base) is None
    if new_subentry:
        work.draft.add(work.base, Group("NXsubentry", {}, default="data"))
    data = DataGroup(work.root, work.draft, work.facts)
    shape = data.in_place(known.ours is not None)
    series = known.series if shape is None else None
    if series is not None:
        shape = series.shape
    n = shape[0] if shape else (known.survey.frames[0][1][0] if known.survey.frames else None)
    if shape is not None:
        data.declare()
    work.blocked += work.draft.other_meaning()
    _detector(work, series, n)
    for concept in CONCEPTS:
        if concept.kind not in (Kind.INTENSITY, Kind.ANGLES):
            decide(work, concept, n)
    if not known.is_left:
        told, noted = place_sensors(work.draft, known.survey.sensors, n)
        work.found += told
        work.findings += noted
    if shape is not None:
        _data(work, data, series, shape)
        reduction = _reduction(work, series)
        work.found += [] if reduction is None else [reduction]
        if series is not None and known.follows != "NXazint1d":
            place_azint(work.draft, known.path, work.found, has_reduction=reduction is not None)
    else:
        _no_spectra(work)
    additions = () if known.is_left else tuple(work.draft.additions)
    if new_subentry and all(addition.evidence is None for addition in additions):
        additions = ()
    outcome = EntryOutcome(known.path, work.base, shape, known.follows)
    return EntryPlan(outcome, additions, tuple(work.found), _all_findings(work))


def _detector(work: Work, series: Series | None, n: int | None) -> None:
    """Which detector the spectra are from: the one they stand in, that of the frames, one with a time."""
    in_entry = work.draft if work.base == work.known.path else Draft(work.root, work.known.path)
    raw = in_entry.groups(DETECTOR)
    fact = work.facts.get(EXPOSURE.path)
    named = [path for path in raw if fact and fact.path and fact.path.startswith(f"{path}/")]
    named += [path for path in raw if series and series.intensity.real.startswith(f"{path}/")]
    named += [path for path in raw for where, _ in work.known.survey.frames if where.startswith(f"{path}/")]
    timed = [c for c in work.known.survey.of(EXPOSURE) if c.detector in raw]
    if not named and len({c.detector for c in timed}) > 1:
        choice, contradiction = choose(EXPOSURE, fit(EXPOSURE, timed, n)[0], work.draft.path_of(EXPOSURE))
        work.contradiction = next(iter(contradiction), None) if choice is None else None
    work.detector = next(iter([*named, *(c.detector for c in timed), *raw]), None)
    if work.detector in work.draft.groups(DETECTOR):
        work.draft.prefer[DETECTOR] = str(work.detector)


def _data(work: Work, data: DataGroup, series: Series | None, shape: tuple[int, int]) -> None:
    pressure = next(
        (
            found.path.partition("@")[0]
            for found in work.found
            if found.concept == PRESSURE.path and found.state is not State.NOT_PLACED
        ),
        None,
    )
    if series is None:
        work.found += data.found_in_place(shape)
        data.complete(pressure)
    else:
        problem = data.occupied(series)
        if problem is not None:
            work.findings.append(problem)
            work.blocked.append(f"{data.path} {problem.message}")
            return
        work.found += data.place(series)
        data.axes(pressure)
    data.defaults(work.known.path, work.first)


def _reduction(work: Work, series: Series | None) -> Found | None:
    integrations = [path for path in work.known.survey.integrations if path.startswith(f"{work.known.path}/")]
    return place_reduction(work.draft, integrations, None if series is None else series.intensity.real)


def _no_spectra(work: Work) -> None:
    known = work.known
    if any(finding.rule == "ambiguous-key" for finding in known.findings):
        return
    if known.is_left:
        message = (
            f"follows {known.follows} and has no one-dimensional diffraction spectra; it is left as it is"
        )
        work.findings.append(Finding(known.path, "no-spectra", message, Severity.INFO))
    frames = ""
    if known.survey.frames:
        where, shape = known.survey.frames[0]
        frames = (
            f"{where} holds detector images {shape}: integrate them with a calibration of pyFAI,"
            " --integrate L2.poni, or "
        )
    work.findings.append(
        Finding(
            f"{work.base}/{INTENSITY.path}",
            "missing-concept",
            f"no spectra with an angle axis are known; {frames}"
            f"say where they are with {how_to_give(INTENSITY)} {how_to_give(TWO_THETA)}",
        )
    )


def _all_findings(work: Work) -> tuple[Finding, ...]:
    """Problems of keys matter less where the concept was found all the same; each is said once."""
    told = {found.concept for found in work.found}
    agreed = {path for found in work.found for path in found.agreeing}
    expected = {one.path: one.unit for one in work.known.survey.unitless}
    once: dict[tuple[str, str, str], Finding] = {}
    sensors = {found.origin: found.path.rpartition("/")[0] for found in work.found if found.is_sensor}
    unusable = {finding.path for finding in work.findings if finding.rule == "unusable-in-place"}
    for concept, finding in work.known.survey.problems:
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
    for finding in work.findings:
        once.setdefault((finding.path, finding.rule, finding.message), finding)
    return tuple(once.values())
