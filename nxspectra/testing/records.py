"""Records of data sets as facilities have them, any number, for tests and benchmarks of search."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from nxspectra.catalogue.record import (
    FORMULA,
    Boundary,
    Document,
    Facility,
    File,
    Instrument,
    Label,
    Member,
    Model,
    Parameter,
    Person,
    Record,
    Sample,
    Source,
)
from nxspectra.rdf import techniques
from nxspectra.rdf.terms import PANET

ELECTRONVOLT = 1.602176634e-19
"""J; exact, CODATA 2018."""
FIRST = datetime(2014, 1, 1, tzinfo=UTC)
OF_AN_EXPERIMENT = 40
"""Data sets of one beamtime."""

FACILITIES = {
    "PETRA III": ("P02.2", "P02.1", "P61A", "P10", "P21.1"),
    "ESRF": ("ID15B", "ID27", "ID11", "ID13", "BM01"),
    "European XFEL": ("HED", "MID"),
    "Diamond Light Source": ("I15", "I11", "I22", "I03"),
    "SOLEIL": ("PSICHE", "CRISTAL"),
    "ISIS": ("PEARL", "POLARIS", "LOQ"),
    "ILL": ("D20", "D1B"),
    "ALBA": ("MSPD",),
}
NEUTRONS = ("ISIS", "ILL")
RAMP = (("PaNET01101", "PaNET01065", "PaNET01264"), ("PaNET01101", "PaNET01065"))
OTHERS = tuple((f"PaNET{number}",) for number in ("01101", "01188", "01196", "01207", "01102", "01177"))
OF_NEUTRONS = (("PaNET01100",), ("PaNET01189",), ("PaNET01100", "PaNET01065"))
SAMPLES = {
    "ferropericlase": "(Mg0.2,Fe0.8)O",
    "magnesiowuestite": "(Mg0.5,Fe0.5)O",
    "periclase": "MgO",
    "bridgmanite": "MgSiO3",
    "hematite": "Fe2O3",
    "magnetite": "Fe3O4",
    "wuestite": "FeO",
    "iron": "Fe",
    "nickel": "Ni",
    "gold": "Au",
    "platinum": "Pt",
    "ice VII": "H2O",
    "quartz": "SiO2",
    "corundum": "Al2O3",
    "ceria": "CeO2",
    "bismuth": "Bi",
    "siderite": "FeCO3",
    "calcite": "CaCO3",
    "halite": "NaCl",
    "perovskite": "CaTiO3",
    "barium titanate": "BaTiO3",
    "cobaltite": "LaCoO3",
}
DOING = (
    "compression",
    "decompression",
    "heating",
    "calibration",
    "ramp",
    "map",
    "alignment",
    "dynamic compression",
    "cooling",
    "reference",
)
MODEL = Model("3f786850e387550fdab836ed7e6dc881de23001b9d1b7c1a6a9e8c5f5b6c7d8e", "fe80mg20.npz", "weighted")


def records(number: int, seed: int = 0) -> Iterator[Record]:
    """So many records, the same for the same seed; about as many values as a file of a facility has."""
    chance = random.Random(seed)  # noqa: S311
    beamtime = None
    for index in range(number):
        if beamtime is None or index % OF_AN_EXPERIMENT == 0:
            beamtime = _Beamtime(chance, index)
        yield beamtime.record(index)


class _Beamtime:
    """Data sets of one beamtime, which share their place, people and sample."""

    def __init__(self, chance: random.Random, index: int) -> None:
        self.chance = chance
        self.name = f"11{index // OF_AN_EXPERIMENT:06d}"
        facility = chance.choice(tuple(FACILITIES))
        self.facility = Facility(facility)
        beamline = chance.choice(FACILITIES[facility])
        self.instrument = Instrument(f"{facility}:{beamline}", beamline)
        self.neutrons = facility in NEUTRONS
        # beamtimes are spread over twelve years, and filed in no order
        self.start = FIRST + timedelta(minutes=chance.randrange(12 * 365 * 24 * 60))
        self.sample, self.formula = chance.choice(tuple(SAMPLES.items()))
        self.energy = round(chance.gauss(40, 15) if chance.random() < 0.7 else 25.6, 2)
        self.is_ramp = chance.random() < 0.4
        family = OF_NEUTRONS if self.neutrons else RAMP if self.is_ramp else OTHERS
        self.techniques = tuple(PANET[each] for each in chance.choice(family))
        terms = techniques.table().terms
        self.words = tuple(terms[each.rpartition("/")[2]].label for each in self.techniques)
        names = [f"Person {chance.randrange(5000):04d}" for _ in range(3)]
        self.people = tuple(Member(Person(name), "user") for name in names)
        self.document = Document(
            f"experiment:{facility}:{self.name}",
            f"Experiment {self.name} at {facility}",
            "experiment",
            keywords=self.words,
            members=self.people,
        )

    def record(self, index: int) -> Record:
        chance = self.chance
        digest = hashlib.sha256(str(index).encode()).hexdigest()
        pid, name = f"sha256:{digest}", f"{self.sample.replace(' ', '_')}_{index:07d}.nxs"
        when = (self.start + timedelta(minutes=9 * (index % OF_AN_EXPERIMENT))).isoformat()
        doing = chance.choice(DOING)
        spectra = chance.choice((1, 60, 349, 3520))
        low = round(chance.uniform(0, 60), 2) if self.is_ramp or chance.random() < 0.3 else 0.0001
        high = round(low + chance.uniform(1, 60), 2) if self.is_ramp else low
        size = chance.randrange(10**6, 10**9)
        probe = "neutron" if self.neutrons else "x-ray"
        text = (
            f"Series of {spectra} {probe} diffraction spectra of {self.sample} {self.formula};"
            f" pressure {low:g} to {high:g} GPa; beam energy {self.energy:g} keV; exposure 0.1 s; measured at"
            f" {self.instrument.name}, {self.facility.name}."
        )
        return Record(
            pid,
            f"https://w3id.org/nxspectra/id/{pid}",
            f"{doing.capitalize()} of {self.sample} {index % OF_AN_EXPERIMENT}",
            text,
            self.words,
            chance.random() < 0.9,
            size,
            created=when,
            started=when,
            ended=when,
            definition="NXdiffraction_spectra" if self.is_ramp else "NXmonopd",
            conforms=chance.random() < 0.95,
            spectra=spectra,
            probe=probe,
            experiment=self.name,
            instrument=self.instrument,
            facility=self.facility,
            samples=(Sample(self.sample, self.formula),),
            techniques=self.techniques,
            parameters=tuple(self._parameters(low, high)),
            labels=tuple(self._labels(spectra)) if self.is_ramp else (),
            boundaries=tuple(self._boundaries(low, high, spectra)) if self.is_ramp else (),
            files=(File(name, f"/data/{self.start.year}/{self.name}/raw/{name}", size, digest),),
            people=self.people,
            documents=(self.document,),
            source=Source("file", name, digest),
        )

    def _parameters(self, low: float, high: float) -> Iterator[Parameter]:
        yield Parameter("sample_pressure", low, high, "GPa", low * 1e9, high * 1e9)
        if not self.neutrons:
            joule = self.energy * 1e3 * ELECTRONVOLT
            yield Parameter("incident_photon_energy", self.energy, self.energy, "keV", joule, joule)
        exposure = self.chance.choice((0.001, 0.1, 1.0, 10.0))
        yield Parameter("exposure", exposure, exposure, "s", exposure, exposure)
        if self.chance.random() < 0.5:
            kelvin = round(self.chance.uniform(4, 1500), 1)
            yield Parameter("sample_temperature", kelvin, kelvin, "K", kelvin, kelvin)
        yield Parameter(FORMULA, text=self.formula)

    def _labels(self, spectra: int) -> Iterator[Label]:
        first = self.chance.randrange(spectra) if spectra > 1 else 1
        for label, frames in (("low", first), ("high", spectra - first)):
            if frames:
                sure = 1 - self.chance.expovariate(10) % 0.5
                yield Label(label, frames, sure, sure - 0.1, "model", 1, MODEL)

    def _boundaries(self, low: float, high: float, spectra: int) -> Iterator[Boundary]:
        middle = self.chance.uniform(low, high)
        yield Boundary("low", "high", spectra // 2, middle, (middle - 0.5) * 1e9, (middle + 0.5) * 1e9)
