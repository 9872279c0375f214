"""A data set as search finds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Hit:
    """One data set that was found, with what one wants to know before opening it."""

    pid: str
    iri: str
    title: str
    file: str | None
    """Where its file is."""
    score: float
    """1 without free text; with it, more where the words stand in title or sample."""
    definition: str | None = None
    conforms: bool | None = None
    """None if it was filed without being validated."""
    spectra: int | None = None
    pressure: tuple[float, float] | None = None
    """GPa, lowest and highest."""
    energy: tuple[float, float] | None = None
    """keV, lowest and highest."""
    exposure: tuple[float, float] | None = None
    """s, shortest and longest."""
    labels: Mapping[str, int] = field(default_factory=dict)
    """Frames by label, of the first classification: a person's before a model's."""
    transition_pressure: float | None = None
    """GPa, of its first boundary."""
    transition_interval: tuple[float, float] | None = None
    """GPa, 90 %."""
    techniques: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "pid": self.pid,
            "iri": self.iri,
            "title": self.title,
            "file": self.file,
            "score": self.score,
            "definition": self.definition,
            "conforms": self.conforms,
            "spectra": self.spectra,
            "pressure": _listed(self.pressure),
            "pressure_unit": "GPa",
            "energy": _listed(self.energy),
            "energy_unit": "keV",
            "exposure": _listed(self.exposure),
            "exposure_unit": "s",
            "labels": dict(self.labels),
            "transition_pressure": self.transition_pressure,
            "transition_interval": _listed(self.transition_interval),
            "techniques": list(self.techniques),
        }


def _listed(ends: tuple[float, float] | None) -> list[float] | None:
    return None if ends is None else list(ends)
