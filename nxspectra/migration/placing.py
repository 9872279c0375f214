"""One concept of an entry: at its place with its evidence, or a finding why not."""

from __future__ import annotations

from nxspectra.errors import Refused
from nxspectra.findings import Finding, Severity
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
    Concept,
    Level,
)
from nxspectra.migration.facts import how_to_give
from nxspectra.migration.forms import Floats, Problem, iso_date, short, text_attribute
from nxspectra.migration.outcome import State
from nxspectra.migration.places import Standing
from nxspectra.migration.survey import Candidate
from nxspectra.migration.work import DETECTOR, Work
from nxspectra.tree import Evidence, Field


def decide(work: Work, concept: Concept, n: int | None) -> None:
    """What becomes of one concept, in an entry with `n` spectra if that is known.

    Raises Refused where a person says what contradicts the file.
    """
    told, noted = _given(work, concept, n)
    if concept is EXPOSURE and told is None and work.contradiction is not None:
        work.findings.append(work.contradiction)
        return
    of_detector = concept.path.startswith("instrument/detector/")
    there = work.draft.standing(concept, work.draft.prefer.get(DETECTOR) if of_detector else None)
    stands = None if there is None else usable(there.node, concept, n)
    fits, findings = fit(concept, _candidates(work, concept), n)
    _others(work, concept, there, n)
    if there is not None and stands is not None and not isinstance(stands, Problem):
        others = [one for one in fits if one.candidate.real != there.real]
        _in_place(work, concept, there, stands, others, told=told)
        return
    choice, contradiction = choose(concept, fits, work.draft.path_of(concept)) if fits else (None, [])
    if told is not None:
        work.findings += [*noted, *differing(concept, told.values, fits, told.evidence.origin)]
        others = [one for one in fits if one.candidate.real != told.real]
        choice, contradiction = told._replace(agreeing=same(concept, told.values, others)), []
    work.findings += [*findings, *contradiction]
    choice = choice or (None if contradiction else _constant(work, concept))
    if there is not None and isinstance(stands, Problem):
        own = [one.choice() for one in fits if one.candidate.real == there.real]
        if not any(_add_units(work, concept, there, option, n) for option in (told, *own) if option):
            _unusable(work, concept, there, stands, told)
    elif choice is not None:
        _place(work, concept, choice)
    elif not contradiction:
        _missing(work, concept)


def _others(work: Work, concept: Concept, there: Standing | None, n: int | None) -> None:
    """Other groups of the class, such as a second detector, must have what is required too."""
    steps, leaf = concept.steps, concept.leaf
    if concept.level is not Level.REQUIRED or not steps:
        return
    used = there.path.rpartition("/")[0] if there else work.draft.path_of(concept).rpartition("/")[0]
    for path in work.draft.groups(steps):
        node = work.root.get(f"{path}/{leaf}") if path != used else None
        if path != used and (node is None or isinstance(usable(node, concept, n), Problem)):
            work.blocked.append(f"{path} is another {GROUP_CLASSES[steps[-1]]} and has no usable {leaf}")


def _given(work: Work, concept: Concept, n: int | None) -> tuple[Choice | None, list[Finding]]:
    fact = work.facts.get(concept.path)
    if fact is None:
        return None, []
    neutrons = work.known.survey.neutrons
    if concept is ENERGY and neutrons is not None and fact.from_wavelength:
        raise Refused(
            f"{fact.said}: {neutrons} says neutrons, and the formula for photons does not apply to their"
            " wavelength; nothing was written"
        )
    return given(fact, work.root, work.known.path, work.crosswalk, n)


def _candidates(work: Work, concept: Concept) -> list[Candidate]:
    """The keys that tell the concept; of a detector, those of the one that the spectra are from."""
    candidates = work.known.survey.of(concept)
    if not concept.path.startswith("instrument/detector/") or work.detector is None:
        return candidates
    return [c for c in candidates if c.detector in (None, work.detector)]


def _in_place(
    work: Work,
    concept: Concept,
    there: Standing,
    values: Floats | str,
    fits: list[Fitted],
    *,
    told: Choice | None,
) -> None:
    """What stands there is what it is; other keys agree with it or differ."""
    if told is not None and told.real != there.real and not agree(values, told.values, concept):
        raise Refused(
            f"{told.evidence.origin}: {there.path} already says {shown(values, concept)}, not"
            f" {shown(told.values, concept)}; what is there is never replaced, nothing was written"
        )
    work.findings += differing(concept, values, fits, there.path)
    unit = text_attribute(there.node, "units")
    evidence = Evidence(
        concept.path,
        there.path,
        short(there.node) if isinstance(there.node, Field) else "",
        unit,
        f"{unit} -> {concept.unit}" if concept.unit and unit != concept.unit else None,
    )
    agreeing = same(concept, values, fits) + agreeing_numbers(work.known.survey, concept, values)
    work.tell(concept, evidence, there.path, values, State.IN_PLACE, agreeing=agreeing)


def _unusable(work: Work, concept: Concept, there: Standing, problem: Problem, told: Choice | None) -> None:
    """What stands there cannot be used; where it is required, ours needs another place."""
    required = concept.level is Level.REQUIRED
    if required or concept.goes_with_group:
        work.blocked.append(f"{there.path} {problem.message}")
    if told is not None and (work.known.series is None or work.known.ours is not None or not required):
        raise Refused(
            f"{told.evidence.origin}: {there.path} {problem.message}; what is there is never replaced,"
            " nothing was written"
        )
    node = there.node
    unitless = isinstance(node, Field) and node.dtype.kind in "iuf" and "units" not in node.attributes
    how = f"--set {concept.word}='{there.path} {concept.unit}'" if unitless else how_to_give(concept)
    ending = f"; give {concept.words} with {how}" if required else ""
    severity = Severity.VIOLATION if required and not work.known.is_left else Severity.INFO
    message = f"{concept.path}: {problem.message}; it is not replaced{ending}"
    work.findings.append(Finding(there.path, problem.rule, message, severity))


def _add_units(work: Work, concept: Concept, there: Standing, choice: Choice, n: int | None) -> bool:
    """Give a number in place the unit that the crosswalk knows, or a person says, it has."""
    node = there.node
    if choice.real != there.real or choice.unit is None or not isinstance(node, Field):
        return False
    if "units" in node.attributes or node.dtype.kind not in "iuf" or work.known.is_left:
        return False
    values = usable(node.with_attributes(units=choice.unit), concept, n)
    if isinstance(values, Problem):
        return False
    path = f"{there.real}@units"
    evidence = choice.evidence._replace(conversion=f"unit {choice.unit} added")
    work.draft.add(path, choice.unit, evidence)
    work.tell(concept, evidence, path, values, State.PLACED, sidecar=choice.sidecar)
    message = f"{concept.path}: had no unit; {choice.unit!r} is added ({choice.evidence.rule})"
    work.findings.append(Finding(there.path, "added-units", message, Severity.INFO))
    return True


def _place(work: Work, concept: Concept, choice: Choice) -> None:
    steps = concept.steps
    if work.draft.would_make(steps) and not _is_whole(work, steps):
        work.tell(concept, choice.evidence, work.draft.path_of(concept), choice.values, State.NOT_PLACED)
        return
    agreeing = (*choice.agreeing, *agreeing_numbers(work.known.survey, concept, choice.values))
    if work.known.is_left:
        path, state = work.draft.path_of(concept), State.NOT_PLACED
    else:
        item = choice.field(concept)
        if concept is PRESSURE:
            # it is the axis of the spectra by a link, and a link's object says where it stands
            path = f"{work.draft.group(steps)}/pressure"
            item = item.with_attributes(target=path)
        if concept.path == "instrument/detector/start_time":
            item = _counted_from(work, item, choice)
        path, state = work.draft.put(concept, item, choice.evidence), State.PLACED
    work.tell(concept, choice.evidence, path, choice.values, state, agreeing=agreeing, sidecar=choice.sidecar)


def _counted_from(work: Work, item: Field, choice: Choice) -> Field:
    """The times with the moment from which they are counted, where the raw key says it."""
    raw = work.root.get(choice.real) if choice.real else None
    start = None if raw is None else iso_date(text_attribute(raw, "start") or "")
    return item if start is None else item.with_attributes(start=start)


def _is_whole(work: Work, steps: tuple[str, ...]) -> bool:
    """Is everything known that a group of this kind must have, so that it may be made?"""
    return all(
        work.known.survey.of(concept) or _constant(work, concept) or concept.path in work.facts
        for concept in CONCEPTS
        if concept.goes_with_group and concept.steps == steps
    )


def _constant(work: Work, concept: Concept) -> Choice | None:
    """What follows from a key that names the facility."""
    for meant, value, rule, path in sorted(work.known.survey.constants, key=lambda told: told[2:]):
        if meant is concept:
            node = work.root.field(path)
            raw = "" if node is None else node.text or ""
            return Choice(value, Evidence(concept.path, path, raw, None, f"tells {value!r}", rule, "derived"))
    return None


def _missing(work: Work, concept: Concept) -> None:
    steps, leaf = concept.steps, concept.leaf
    if concept.goes_with_group and not work.draft.would_make(steps):
        group = work.draft.path_of(concept).rpartition("/")[0]
        work.blocked.append(f"{group} has no {leaf}, which an {GROUP_CLASSES[steps[-1]]} must have")
    if concept.level is Level.OPTIONAL or (work.known.is_left and concept is not INTENSITY):
        return
    severity = Severity.VIOLATION if concept.level is Level.REQUIRED else Severity.INFO
    asked = " (recommended)" if concept.level is Level.RECOMMENDED else ""
    message = f"{concept.words} is not known{asked}; give it with {how_to_give(concept)}"
    if concept is ENERGY and work.known.survey.neutrons is not None:
        message = f"{work.known.survey.neutrons} says neutrons; the definition asks for the energy of X-rays"
    work.findings.append(Finding(work.draft.path_of(concept), "missing-concept", message, severity))
