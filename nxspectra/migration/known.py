"""What is known of an entry before anything is decided: its keys, its spectra, where ours would stand."""

from __future__ import annotations

from dataclasses import dataclass

from nxspectra.findings import Finding
from nxspectra.migration.choosing import agree, choose, fit, given
from nxspectra.migration.concepts import ENERGY
from nxspectra.migration.crosswalk import Crosswalk
from nxspectra.migration.facts import Fact
from nxspectra.migration.places import definition_of, our_entry
from nxspectra.migration.series import Series, find_series
from nxspectra.migration.survey import Survey, survey
from nxspectra.spectra import DEFINITION
from nxspectra.tree import Group


@dataclass(frozen=True, slots=True)
class EntryKnown:
    """What is known of an entry."""

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
