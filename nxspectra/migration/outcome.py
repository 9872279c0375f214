"""What a migration found, as a value and as text: what is placed and why, what is refused or missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from nxspectra.findings import Finding, Severity
from nxspectra.migration.facts import Sidecar
from nxspectra.tree import Evidence

SENSORS = "sample/pressure_env"
"""The group whose sensors are the gauges and drives of the cell."""


class State(StrEnum):
    """What became of a value that was found."""

    PLACED = "placed"
    IN_PLACE = "in place"
    NOT_PLACED = "not placed"


class Found(NamedTuple):
    """The evidence of one concept, where it stands or belongs, and which other keys say the same."""

    evidence: Evidence
    path: str
    """Absolute: where it is placed, or already stood."""
    shown: str
    """The value in the concept's unit, in short."""
    state: State
    agreeing: tuple[str, ...] = ()
    """Paths of other keys that say the same within tolerance."""
    sidecar: Sidecar | None = None
    """The file in which a person wrote it down."""

    @property
    def concept(self) -> str:
        return self.evidence.concept

    @property
    def origin(self) -> str:
        return self.evidence.origin

    @property
    def value(self) -> str:
        return self.evidence.value

    @property
    def units(self) -> str | None:
        return self.evidence.units

    @property
    def conversion(self) -> str | None:
        return self.evidence.conversion

    @property
    def rule(self) -> str:
        return self.evidence.rule

    @property
    def trust(self) -> str:
        return self.evidence.trust

    @property
    def is_sensor(self) -> bool:
        """Is it a gauge or drive of the cell, which stands beside what the definition requires?"""
        return self.concept.startswith(f"{SENSORS}/") and self.state is not State.NOT_PLACED

    def as_json(self) -> dict[str, object]:
        evidence = self.evidence
        return {
            "concept": evidence.concept,
            "path": self.path,
            "state": str(self.state),
            "value": self.shown,
            "origin": evidence.origin,
            "raw_value": evidence.value,
            "raw_units": evidence.units,
            "conversion": evidence.conversion,
            "rule": evidence.rule,
            "trust": evidence.trust,
            "agreeing": list(self.agreeing),
            "facts_file": None
            if self.sidecar is None
            else {"file_name": self.sidecar.file_name, "sha256": self.sidecar.checksum},
        }


@dataclass(frozen=True, slots=True)
class EntryOutcome:
    """What becomes of one NXentry."""

    path: str
    target: str
    """Path of the entry or subentry that gets the values."""
    spectra: tuple[int, int] | None
    """(n_spectra, n_points); None if none were found."""
    follows: str | None
    """The application definition that the raw entry follows, which it keeps."""

    def as_json(self) -> dict[str, object]:
        return {
            "path": self.path,
            "target": self.target,
            "spectra": None if self.spectra is None else list(self.spectra),
            "follows": self.follows,
        }


@dataclass(frozen=True, slots=True)
class Review:
    """Everything a migration would do and would not do, and why."""

    crosswalk: str
    file: str | None = None
    entries: tuple[EntryOutcome, ...] = ()
    found: tuple[Found, ...] = ()
    findings: tuple[Finding, ...] = ()
    added: tuple[str, ...] = ()
    """Every path that is added."""

    @property
    def placed(self) -> tuple[Found, ...]:
        """What is put at its standard place."""
        return tuple(found for found in self.found if found.state is State.PLACED)

    @property
    def in_place(self) -> tuple[Found, ...]:
        """What already stood there."""
        return tuple(found for found in self.found if found.state is State.IN_PLACE)

    @property
    def missing(self) -> tuple[Finding, ...]:
        """Concepts that nothing tells, with how to supply them; recommended ones are of severity info."""
        return self._of("missing-concept")

    @property
    def ambiguous(self) -> tuple[Finding, ...]:
        """Concepts that several keys tell differently; nothing is written for them."""
        return self._of("ambiguous-key")

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What a person should know beside: values broadcast, keys that differ from what stands in place."""
        return tuple(finding for finding in self.findings if finding.rule in NOTES)

    @property
    def refused(self) -> tuple[Finding, ...]:
        """Keys that look like a concept and are not taken, with the reason."""
        others = {"missing-concept", "ambiguous-key", *NOTES}
        return tuple(finding for finding in self.findings if finding.rule not in others)

    @property
    def complete(self) -> bool:
        """Everything that the definition requires is, or will be, in place."""
        return not any(finding.severity is Severity.VIOLATION for finding in self.findings)

    def _of(self, rule: str) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.rule == rule)

    def as_json(self) -> dict[str, object]:
        return {
            "file": self.file,
            "crosswalk": self.crosswalk,
            "complete": self.complete,
            "entries": [entry.as_json() for entry in self.entries],
            "found": [found.as_json() for found in self.found],
            "findings": [finding.as_json() for finding in self.findings],
            "added": list(self.added),
        }


RULES: dict[str, str] = {
    "refused-key": "A key looks like the concept, and the crosswalk says why it is something else.",
    "wrong-units": "The unit of the key is none, or of another kind.",
    "no-units": "The key is a number without a unit, and nothing else says which.",
    "contradicting-units": "The name, the attribute or the text of the key say different units.",
    "implausible-value": "The value is outside the plausible range of the concept.",
    "not-a-number": "The value is text that is no number, or not a number at all.",
    "not-a-date": "The value is no date and time that can be understood.",
    "unknown-word": "The text is none of those that the definition allows.",
    "wrong-shape": "The value has other dimensions than the concept.",
    "wrong-length": "There are more or fewer values than spectra.",
    "one-for-all": "One value stands for a series in which it changes.",
    "no-angles": "An intensity has no angle axis of its length.",
    "no-energy": "The axis is q, and the energy that turns it into two theta is not known.",
    "not-ascending": "The angles do not ascend strictly.",
    "neutrons": "An energy or wavelength of neutrons, where the definition means X-rays.",
    "unusable-in-place": "What stands at the place of the concept cannot be used and is not replaced.",
    "ambiguous-key": "Several keys tell the concept and disagree; nothing is written.",
    "missing-concept": "Nothing tells the concept; the message says how to give it.",
    "no-entry": "There is no NXentry to migrate.",
    "in-the-way": "Something in an entry that says it follows the definition keeps it from doing so.",
    "subentry": "Something in the entry is in the way, so ours goes into a subentry.",
    "no-spectra": "The entry follows another definition and has no spectra; it is left as it is.",
    "differing-key": "A key says something else than what stands in place or was given.",
    "agreeing-number": "A number without a unit agrees with what is taken.",
    "broadcast-value": "One value was given for a series; every spectrum gets it.",
    "added-units": "A value in place had no unit; the unit that the crosswalk knows is added.",
}
"""Every rule id of a migration with what it means."""

NOTES = frozenset(
    {"no-spectra", "subentry", "differing-key", "agreeing-number", "broadcast-value", "added-units"}
)


def render(review: Review) -> str:
    """The review for people, as `migrate --dry-run` prints it."""
    return "\n".join(_lines(review)) + "\n"


def _lines(review: Review) -> Iterator[str]:
    yield f"{review.file or 'the tree'}: read with the crosswalk {review.crosswalk}"
    for entry in review.entries:
        yield from _entry_lines(review, entry)
    loose = [finding for finding in review.findings if not _belongs(finding, review.entries)]
    yield from _block("Also", list(_rows(loose)))
    number = len(review.added)
    additions = "nothing to add" if not number else f"{number} addition{'s' * (number > 1)}"
    wrong = sum(finding.severity is Severity.VIOLATION for finding in review.findings)
    if wrong:
        yield f"Not complete: {wrong} required thing{'s' * (wrong > 1)} missing or uncertain; {additions}."
    else:
        yield f"Complete: {additions}; nothing is removed or changed."


def _belongs(finding: Finding, entries: tuple[EntryOutcome, ...]) -> bool:
    return any(finding.path == entry.path or finding.path.startswith(f"{entry.path}/") for entry in entries)


def _entry_lines(review: Review, entry: EntryOutcome) -> Iterator[str]:
    size = "no spectra found" if entry.spectra is None else "{} spectra of {} points".format(*entry.spectra)
    keeps = f", keeps its definition {entry.follows}" if entry.follows else ""
    target = f", ours goes into {entry.target}" if entry.target != entry.path else ""
    yield f"{entry.path}: {size}{keeps}{target}"

    def here(path: str) -> bool:
        return path == entry.path or path.startswith(f"{entry.path}/")

    # why a key is a sensor, and not the pressure on the sample, is said where it is placed
    sensors = {found.origin for found in review.found if found.is_sensor}
    for heading, state in (
        ("Placed", State.PLACED),
        ("Already in place", State.IN_PLACE),
        ("Known, but not placed", State.NOT_PLACED),
    ):
        yield from _block(
            heading,
            [_found(found, review) for found in review.found if found.state is state and here(found.path)],
        )
    for heading, findings in (
        ("Ambiguous, so not placed", review.ambiguous),
        ("Missing", review.missing),
        ("Refused", review.refused),
        ("Notes", review.notes),
    ):
        rows = _rows(one for one in findings if here(one.path) and one.path not in sensors)
        yield from _block(heading, list(rows))


def _rows(findings: Iterable[Finding]) -> Iterator[str]:
    """A row for each finding; keys of one group that are refused for one reason share a row."""
    alike: dict[tuple[str, str, str, str], list[Finding]] = {}
    for finding in findings:
        concept, reason = finding.message.partition(": ")[0], finding.message.rpartition(": ")[2]
        alike.setdefault((finding.path.rpartition("/")[0], finding.rule, concept, reason), []).append(finding)
    for (group, rule, _, _), same in alike.items():
        more = f" (and {len(same) - 1} more in {group})" if len(same) > 1 else ""
        yield f"{same[0].path}  {same[0].message} [{rule}]{more}"


def _block(heading: str, rows: list[str]) -> Iterator[str]:
    if rows:
        yield f"  {heading}:"
        yield from (f"    {row}" for row in rows)


def _found(found: Found, review: Review) -> str:
    evidence = found.evidence
    if found.state is State.IN_PLACE:
        raw = f" ({evidence.value} {evidence.units or ''})".replace(" )", ")") if evidence.conversion else ""
        text = f"{found.path} = {found.shown}{raw}"
    else:
        how = ", ".join(dict.fromkeys(filter(None, (evidence.conversion, evidence.trust, evidence.rule))))
        text = f"{found.path} = {found.shown}  from {evidence.origin} ({how})"
    if found.agreeing:
        text += f"; agrees with {', '.join(found.agreeing)}"
    if found.is_sensor:
        for finding in review.refused:
            if finding.path == evidence.origin:
                concept, why = finding.message.partition(": ")[0], finding.message.rpartition(": ")[2]
                text += f"; not {concept}: {why.partition('; it is kept as')[0]}"
    return text
