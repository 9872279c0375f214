"""The work on one entry: what it begins with, what has been decided so far, and what has been found."""

from __future__ import annotations

from dataclasses import dataclass, field

from nxspectra.findings import Finding
from nxspectra.migration.choosing import shown
from nxspectra.migration.concepts import Concept
from nxspectra.migration.crosswalk import Crosswalk
from nxspectra.migration.facts import Fact, Sidecar
from nxspectra.migration.forms import Floats
from nxspectra.migration.known import EntryKnown
from nxspectra.migration.outcome import Found, State
from nxspectra.migration.places import Draft
from nxspectra.tree import Evidence, Group

DETECTOR = ("instrument", "detector")
"""The way to the group of the detector."""


@dataclass
class Work:
    """Of one entry, with `base` as the entry or subentry that follows the definition afterwards."""

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
    """What is to be added."""

    def __post_init__(self) -> None:
        self.draft = Draft(self.root, self.base)

    def tell(
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
        """Note what became of a value: where it is placed, stands, or would belong."""
        self.found.append(Found(evidence, path, shown(values, concept), state, agreeing, sidecar))
