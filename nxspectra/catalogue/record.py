"""All that the index knows of one data set, as a plain value: from a description, an import or a harvest.

Dates are ISO 8601 text, a day or a date and time; ranges hold both ends, which are the same for one value.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from nxspectra import units
from nxspectra.errors import UsageError
from nxspectra.rdf import Description
from nxspectra.rdf.publication import PUBLIC
from nxspectra.rdf.quantities import PRESSURE
from nxspectra.rdf.results import Result
from nxspectra.rdf.terms import Agent, segment
from nxspectra.settings import orcid_of

FORMULA = "sample_chemical_formula"
"""What the PaN search API calls the parameter whose value is the formula of the sample."""

SourceKind = Literal["file", "imported", "harvested"]
State = Literal["present", "missing"]


@dataclass(frozen=True, slots=True)
class Facility:
    name: str
    iri: str | None = None


@dataclass(frozen=True, slots=True)
class Instrument:
    pid: str
    name: str


@dataclass(frozen=True, slots=True)
class Sample:
    name: str | None = None
    formula: str | None = None
    description: str | None = None
    pid: str | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A quantity, under its name in the PaN search API where it has one: a range of numbers, or a text."""

    name: str
    """`sample_pressure`, `incident_photon_energy`, `incident_wavelength`, `exposure` ..."""
    minimum: float | None = None
    """In `unit`, as it was given."""
    maximum: float | None = None
    unit: str | None = None
    si_min: float | None = None
    """In the SI unit of its kind; None where the unit is unknown."""
    si_max: float | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """The model that gave labels."""

    digest: str
    """sha256 in hex."""
    name: str
    classifier: str


@dataclass(frozen=True, slots=True)
class Label:
    """What one classification of the series gave to some of its frames."""

    name: str
    frames: int
    mean_confidence: float | None = None
    """Mean probability of the label over its frames."""
    min_confidence: float | None = None
    origin: str = "model"
    """`expert`, `model` or `simulation`."""
    result: int = 1
    """Which classification of the data set; persons' come first."""
    model: Model | None = None


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where one label ends and the next begins."""

    from_label: str
    to_label: str
    frame: int
    pressure: float | None = None
    """GPa."""
    si_min: float | None = None
    """Pa, the 90 % interval, or the pressure where there is none."""
    si_max: float | None = None
    result: int = 1


@dataclass(frozen=True, slots=True)
class File:
    name: str
    path: str | None = None
    size: int | None = None
    """Bytes."""
    digest: str | None = None
    """sha256 in hex."""
    id: str | None = None
    """As whom it was imported from calls it."""


@dataclass(frozen=True, slots=True)
class Affiliation:
    name: str
    address: str | None = None
    city: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    full_name: str
    orcid: str | None = None
    """Bare: 0000-0002-1825-0097."""
    first_name: str | None = None
    last_name: str | None = None
    researcher_id: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a role: of a document, or who took part in a measurement."""

    person: Person
    role: str | None = None
    affiliation: Affiliation | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A proposal, a beamtime, a publication: what data sets belong to."""

    pid: str
    title: str
    type: str | None = None
    summary: str | None = None
    doi: str | None = None
    started: str | None = None
    ended: str | None = None
    released: str | None = None
    license: str | None = None
    keywords: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    is_public: bool = True
    parameters: tuple[Parameter, ...] = ()
    """Its own, beside those of its data sets."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a record was made from."""

    kind: SourceKind = "file"
    name: str | None = None
    """Of the raw file, of the file of records, or the address of the provider."""
    digest: str | None = None
    """sha256 in hex, of a raw file."""


@dataclass(frozen=True, slots=True)
class Record:
    """One data set."""

    pid: str
    iri: str
    title: str
    description: str = ""
    keywords: tuple[str, ...] = ()
    is_public: bool = True
    size: int | None = None
    """Bytes of all its files."""
    created: str | None = None
    """When it was measured, or else made; search shows the newest first."""
    started: str | None = None
    ended: str | None = None
    released: str | None = None
    definition: str | None = None
    conforms: bool | None = None
    """None if nobody validated it."""
    spectra: int | None = None
    """How many."""
    probe: str | None = None
    experiment: str | None = None
    instrument: Instrument | None = None
    facility: Facility | None = None
    samples: tuple[Sample, ...] = ()
    techniques: tuple[str, ...] = ()
    """IRIs as given, without those above them."""
    parameters: tuple[Parameter, ...] = ()
    labels: tuple[Label, ...] = ()
    boundaries: tuple[Boundary, ...] = ()
    files: tuple[File, ...] = ()
    people: tuple[Member, ...] = ()
    documents: tuple[Document, ...] = ()
    source: Source = Source()
    state: State = "present"

    def as_json(self) -> str:
        """One line of JSON, from which `from_json` makes the same again. Raises UsageError for U+0000."""
        text = _RECORD.dump_json(self, exclude_defaults=True).decode()
        if _holds_nul(text):
            raise UsageError(f"{self.pid!r}: {HOLDS_NUL}")
        return text

    @classmethod
    def from_json(cls, text: str | bytes) -> Record:
        """Raises UsageError if it is not a record."""
        if _holds_nul(text if isinstance(text, str) else text.decode(errors="replace")):
            raise UsageError(f"this is not a record: {HOLDS_NUL}")
        try:
            return _RECORD.validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(step) for step in first["loc"])
            raise UsageError(f"this is not a record: {where}: {first['msg']}") from None


_RECORD = TypeAdapter(Record)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
HOLDS_NUL = "it holds the character U+0000, which is no text and which not every database takes"


def _holds_nul(text: str) -> bool:
    """Does this JSON hold the character U+0000, and not only a backslash before the letters?"""
    return "\\u0000" in text and _NUL.search(text) is not None


def record_of(description: Description) -> Record:
    """What the index shall know of a described data set."""
    facility, people = description.facility, tuple(_members(description))
    file = description.file
    return Record(
        pid=description.pid,
        iri=description.iri,
        title=description.title,
        description=description.text,
        keywords=description.keywords,
        is_public=description.access_rights in (None, PUBLIC),
        size=None if file is None else file.size,
        created=description.started or description.ended,
        started=description.started,
        ended=description.ended,
        released=description.issued,
        definition=description.definition,
        conforms=description.conforms,
        spectra=description.spectra,
        probe=description.probe,
        experiment=description.experiment,
        instrument=_instrument(description),
        facility=Facility(_name(facility), facility.iri) if facility else None,
        samples=tuple(_samples(description)),
        techniques=description.techniques,
        parameters=tuple(_parameters(description)),
        labels=tuple(
            label for number, each in enumerate(description.results, 1) for label in _labels(number, each)
        ),
        boundaries=tuple(
            boundary
            for number, each in enumerate(description.results, 1)
            for boundary in _boundaries(number, each)
        ),
        files=() if file is None else (File(file.name, file.path, file.size, file.digest),),
        people=people,
        documents=(_document(description, people),),
        source=Source("file", description.raw.name, description.raw.digest)
        if description.raw
        else Source("file", file.name if file else None, file.digest if file else None),
    )


def _name(agent: Agent) -> str:
    return agent.name or agent.iri or ""


def _instrument(description: Description) -> Instrument | None:
    instrument = description.instrument
    if instrument is None:
        return None
    name = _name(instrument)
    where = (description.facility and description.facility.name) or ""
    return Instrument(instrument.iri or segment(f"{where}:{name}" if where else name), name)


def _samples(description: Description) -> Iterator[Sample]:
    sample = description.sample
    if sample is not None and (sample.name or sample.formula):
        yield Sample(sample.name, sample.formula)


def _parameters(description: Description) -> Iterator[Parameter]:
    for each in description.parameters:
        yield Parameter(
            each.quantity.pan_name or each.quantity.name,
            each.minimum,
            each.maximum,
            each.units,
            each.si_minimum,
            each.si_maximum,
        )
    if description.sample is not None and description.sample.formula:
        yield Parameter(FORMULA, text=description.sample.formula)


def _labels(number: int, result: Result) -> Iterator[Label]:
    model = None
    if result.model is not None:
        classifier, name, digest = result.model
        model = Model(digest, name, classifier)
    for label, frames in result.frames.items():
        runs = [run for run in result.runs if run.label == label]
        sure = [(run.mean_probability, run.frames) for run in runs if run.mean_probability is not None]
        mean = sum(p * n for p, n in sure) / sum(n for _, n in sure) if sure else None
        least = min(
            (run.least_probability for run in runs if run.least_probability is not None), default=None
        )
        yield Label(label, frames, mean, least, result.origin, number, model)


def _boundaries(number: int, result: Result) -> Iterator[Boundary]:
    for each in result.transitions:
        ends = each.pressure_interval or (
            (each.pressure, each.pressure) if each.pressure is not None else None
        )
        low, high = (
            (None, None) if ends is None else (float(units.to_si(end, PRESSURE.usual)) for end in ends)
        )
        yield Boundary(each.from_label, each.to_label, each.frame, each.pressure, low, high, number)


def _members(description: Description) -> Iterator[Member]:
    named = [(agent, None) for agent in description.people]
    creators = [(agent, "creator") for agent in description.creators]
    for agent, role in named + creators:
        yield Member(Person(_name(agent), orcid_of(agent.iri or "")), role)


def _document(description: Description, people: tuple[Member, ...]) -> Document:
    """The beamtime that a data set belongs to; where that is unknown, a document of its own."""
    experiment, facility = description.experiment, description.facility
    where = (facility and facility.name) or ""
    return Document(
        pid=f"experiment:{segment(f'{where}:{experiment}' if where else experiment)}"
        if experiment
        else description.pid,
        title=f"Experiment {experiment}{f' at {where}' if where else ''}"
        if experiment
        else description.title,
        type="experiment" if experiment else "dataset",
        summary=None if experiment else description.text,
        doi=description.pid if not experiment and description.pid.startswith("10.") else None,
        started=description.started,
        ended=description.ended or description.started,
        released=description.issued,
        license=description.license,
        keywords=description.keywords,
        members=people,
        is_public=description.access_rights in (None, PUBLIC),
    )


def digest_of(*parts: object) -> bytes:
    """Sixteen bytes that tell what has these parts from what has others."""
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def folder_of(file: File) -> str | None:
    """The folder of a file whose path ends in its name; None if it does not."""
    if file.path is None or not file.name or not file.path.endswith(file.name):
        return None
    folder = file.path[: len(file.path) - len(file.name)]
    return folder if folder.endswith("/") else None
