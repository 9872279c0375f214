"""A data set as search finds it, and the answer to a search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nxspectra import units
from nxspectra.catalogue.facets import Facet
from nxspectra.catalogue.record import Boundary, Record
from nxspectra.catalogue.ways import Count
from nxspectra.rdf.quantities import BEAM_ENERGY, EXPOSURE, PRESSURE, Quantity


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
    formula: str | None = None
    instrument: str | None = None
    facility: str | None = None
    created: str | None = None
    """When it was measured, in UTC."""
    missing: bool = False
    """Whether its file is gone."""

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
            "formula": self.formula,
            "instrument": self.instrument,
            "facility": self.facility,
            "created": self.created,
            "missing": self.missing,
        }


def _listed(ends: tuple[float, float] | None) -> list[float] | None:
    return None if ends is None else list(ends)


class Hits(list[Hit]):
    """One page of what a search found."""

    def __init__(
        self, hits: Iterable[Hit], count: Count, cursor: str | None, facets: Mapping[str, Facet] | None = None
    ) -> None:
        super().__init__(hits)
        self.count_of_all = count
        """How many there are on all pages; exact or, where they are many, estimated."""
        self.cursor = cursor
        """What gives the next page; None if this is the last."""
        self.facets = facets or {}


def hit_of(record: Record, score: float = 1.0) -> Hit:
    """A record as search shows it."""
    boundary = next((each for each in record.boundaries if each.result == 1), None)
    return Hit(
        pid=record.pid,
        iri=record.iri,
        title=record.title,
        file=record.files[0].path if record.files else None,
        score=score,
        definition=record.definition,
        conforms=record.conforms,
        spectra=record.spectra,
        pressure=_range(record, PRESSURE),
        energy=_range(record, BEAM_ENERGY),
        exposure=_range(record, EXPOSURE),
        labels={each.name: each.frames for each in record.labels if each.result == 1},
        transition_pressure=None if boundary is None else boundary.pressure,
        transition_interval=_interval(boundary),
        techniques=tuple(sorted(record.techniques)),
        formula=next((sample.formula for sample in record.samples if sample.formula), None),
        instrument=record.instrument.name if record.instrument else None,
        facility=record.facility.name if record.facility else None,
        created=record.created,
        missing=record.state == "missing",
    )


def _range(record: Record, quantity: Quantity) -> tuple[float, float] | None:
    """The SI range of a parameter in the unit that people use."""
    name = quantity.pan_name or quantity.name
    for each in record.parameters:
        if each.name == name and each.si_min is not None and each.si_max is not None:
            return _usual(each.si_min, quantity), _usual(each.si_max, quantity)
    return None


def _interval(boundary: Boundary | None) -> tuple[float, float] | None:
    if boundary is None or boundary.si_min is None or boundary.si_max is None:
        return None
    if boundary.si_min == boundary.si_max:
        return None
    return _usual(boundary.si_min, PRESSURE), _usual(boundary.si_max, PRESSURE)


def _usual(value: float, quantity: Quantity) -> float:
    offset = float(units.to_si(0, quantity.usual))
    factor = float(units.to_si(1, quantity.usual)) - offset
    return float(f"{(value - offset) / factor:.12g}")
