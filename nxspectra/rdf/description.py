"""A data set as the web shall know it: a plain value, which becomes triples, a graph or text."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nxspectra.files import write_whole
from nxspectra.rdf.publication import Publication
from nxspectra.rdf.quantities import Quantity
from nxspectra.rdf.results import Result
from nxspectra.rdf.terms import Agent, Iri, Triple
from nxspectra.rdf.triples import triples
from nxspectra.rdf.writing import Format, as_text

if TYPE_CHECKING:
    import rdflib


@dataclass(frozen=True)
class File:
    """A file as it lies on disk."""

    name: str
    size: int
    """Bytes."""
    digest: str
    """sha256 in hex."""
    path: str
    """Where it is here; for the catalogue, never part of what is published."""
    download: Iri | None = None


@dataclass(frozen=True)
class Raw:
    """The raw file that a described file was made from."""

    name: str
    digest: str
    """sha256 in hex."""
    program: str
    date: str | None


@dataclass(frozen=True)
class Parameter:
    """The range that a quantity covers in the file, in its unit there and in SI."""

    quantity: Quantity
    term: Iri
    """Of the NeXus ontology."""
    minimum: float
    maximum: float
    units: str
    """As the file has it, in its usual spelling."""
    si_minimum: float
    si_maximum: float
    path: str
    """HDF5 path of the field."""
    count: int = 1
    """How many values there are."""
    stored: bool = True
    """Whether the field is in the file, or still to be written to it."""
    derived: bool = False
    """Whether it was computed from the field: a photon energy from the wavelength."""


@dataclass(frozen=True)
class Sample:
    name: str | None
    formula: str | None
    path: str


@dataclass(frozen=True, kw_only=True)
class Description(Publication):
    """One data set: what it is, how it was measured, what was found in it, and where its file is."""

    pid: str
    iri: Iri
    title: str
    text: str
    entry: str | None
    """HDF5 path of the entry that is described; None if the file has none."""
    definition: str | None
    """Name of the application definition that the entry says it follows."""
    conforms: bool | None
    """What validation said; None if nobody asked."""
    conforms_to: tuple[Iri, ...]
    techniques: tuple[Iri, ...]
    parameters: tuple[Parameter, ...]
    spectra: int | None
    """How many there are."""
    probe: str | None
    instrument: Agent | None
    facility: Agent | None
    """The light source."""
    operator: Agent | None = None
    """The organisation that runs it, where the facility has no IRI of its own."""
    sample: Sample | None
    started: str | None
    ended: str | None
    experiment: str | None
    """Identifier of the proposal or beamtime."""
    people: tuple[Agent, ...]
    """As the file names them."""
    results: tuple[Result, ...]
    """The labels of persons first, then those of models, then simulated ones."""
    file: File | None
    raw: Raw | None
    keywords: tuple[str, ...]
    label_scheme: Iri
    base: Iri

    def triples(self) -> list[Triple]:
        """Everything that is published about the data set, without blank nodes and in a stable order."""
        return triples(self)

    def graph(self) -> rdflib.Graph:
        """The triples as an rdflib Graph, with prefixes."""
        # rdflib takes longer to import than describing does, and filing needs none of it
        from nxspectra.rdf.graph import graph  # noqa: PLC0415

        return graph(self)

    def serialize(self, destination: str | os.PathLike[str] | None = None, format: Format = "turtle") -> str:  # noqa: A002
        """The description as text, also written to `destination` if that is given.

        `json-ld` is for landing pages: its context is inline and it holds no term of our own, which search
        engines would not know. Raises UsageError for another format, FileError if it cannot be written.
        """
        text = as_text(self, format)
        if destination is not None:
            write_whole(destination, text)
        return text
