"""The outcome of any check, as values: findings, collected in a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

PINNED = 12
"""So many hexadecimal digits of a digest are shown to people; they tell any two versions apart."""


class Severity(StrEnum):
    """How much a finding matters, in the words of SHACL."""

    VIOLATION = "violation"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found, where, and the way out."""

    path: str
    """HDF5 path; `/entry/data@signal` for an attribute, `/entry/(NXmonitor)` for a missing unnamed group."""
    rule: str
    """Stable kebab-case id, for example `missing-units`."""
    message: str
    severity: Severity = Severity.VIOLATION
    definition: str | None = None
    """Application definition or base class whose rule it is."""
    nxdl: str | None = None
    """NXDL file of the rule."""
    line: int | None = None

    def as_json(self) -> dict[str, str | int | None]:
        return {
            "path": self.path,
            "rule": self.rule,
            "severity": str(self.severity),
            "message": self.message,
            "definition": self.definition,
            "nxdl": self.nxdl,
            "line": self.line,
        }


@dataclass(frozen=True, slots=True)
class EntryReport:
    """Whether one NXentry or NXsubentry conforms to one application definition."""

    path: str
    definition: str | None
    conforms: bool
    digest: str | None = None
    """That of the definition, over all NXDL files that it was made from; None if it could not be used."""

    @property
    def pinned(self) -> str:
        """`NXmx@3f78c2a1b0d9`: the definition and the beginning of its digest, as `--definition` takes it."""
        name = self.definition or "no definition"
        return name if self.digest is None else f"{name}@{self.digest[:PINNED]}"

    def as_json(self) -> dict[str, str | bool | None]:
        return {
            "path": self.path,
            "definition": self.definition,
            "definition_digest": self.digest,
            "conforms": self.conforms,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All findings about one file or tree."""

    file: str | None
    entries: tuple[EntryReport, ...] = ()
    findings: tuple[Finding, ...] = field(default=())

    @property
    def conforms(self) -> bool:
        """An entry follows a definition, every such entry conforms, and nothing is a violation."""
        return (
            bool(self.entries)
            and all(entry.conforms for entry in self.entries)
            and not self.of(Severity.VIOLATION)
        )

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is severity)

    @property
    def rules(self) -> frozenset[str]:
        """The ids of the rules that found something."""
        return frozenset(finding.rule for finding in self.findings)

    def count(self) -> Mapping[Severity, int]:
        return {severity: len(self.of(severity)) for severity in Severity}

    def with_findings(self, findings: Iterable[Finding]) -> Report:
        return Report(self.file, self.entries, (*self.findings, *findings))

    def as_json(self) -> dict[str, object]:
        return {
            "file": self.file,
            "conforms": self.conforms,
            "entries": [entry.as_json() for entry in self.entries],
            "findings": [finding.as_json() for finding in self.findings],
        }
