"""The graph of one data set as the store takes it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pyoxigraph
from pyoxigraph import NamedNode

from nxspectra.catalogue.record import Parameter, Record
from nxspectra.rdf import Description
from nxspectra.rdf.terms import (
    DCAT,
    DCT,
    NXS,
    QUDT,
    RDF,
    SCHEMA,
    XSD,
    Iri,
    Triple,
    boolean,
    double,
    iri,
    moment,
    n_triples,
    plain,
    segment,
    string,
)

_A = RDF["type"]
_NUMBERS = frozenset(XSD[name] for name in ("double", "decimal", "integer", "nonNegativeInteger", "float"))
_TIMES = frozenset(XSD[name] for name in ("date", "dateTime"))
_TOPIC = Iri("http://xmlns.com/foaf/0.1/primaryTopic")


@dataclass(frozen=True)
class Graph:
    """A graph by its name, which is the IRI of its data set."""

    name: NamedNode
    triples: tuple[pyoxigraph.Triple, ...]

    @property
    def text(self) -> str:
        """As N-Triples."""
        return "".join(f"{triple} .\n" for triple in self.triples)

    @property
    def digest(self) -> bytes:
        return digest_of(self.triples)


def digest_of(triples: Iterable[pyoxigraph.Triple]) -> bytes:
    """Sixteen bytes that tell these triples, in whatever order, from others.

    A store may write a number or a time in another way than it was given it.
    """
    lines = sorted(f"{each.subject} {each.predicate} {_value(each.object)}" for each in triples)
    return hashlib.blake2b("\n".join(lines).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _value(term: object) -> str:
    if not isinstance(term, pyoxigraph.Literal):
        return str(term)
    kind = term.datatype.value
    if kind in _NUMBERS:
        return repr(float(term.value))
    return term.value[: len("2021-05-27T10:15:00")] if kind in _TIMES else str(term)


def from_text(name: str, text: str) -> Graph:
    """A graph from N-Triples that we wrote."""
    parsed = pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.N_TRIPLES)
    return Graph(NamedNode(name), tuple(each.triple for each in parsed))


def graph_of(description: Description) -> Graph:
    """What is published about a data set, and when it was filed."""
    triples = [*description.triples(), *_filed(description.iri)]
    return from_text(description.iri, n_triples(triples))


def graph_of_record(record: Record) -> Graph | None:
    """The graph of a data set of which there is a record and no file; None if its IRI is none."""
    try:
        it = iri(record.iri)
        # what follows # names a part
        NamedNode(it)
    except ValueError:
        return None
    return from_text(it, n_triples(dict.fromkeys([*_told(it, record), *_filed(it)])))


def _filed(it: Iri) -> Iterator[Triple]:
    """What the catalogue notes for itself."""
    record = Iri(f"{it}#record")
    yield record, _A, DCAT["CatalogRecord"]
    yield record, _TOPIC, it
    yield record, DCT["modified"], moment(datetime.now(UTC).isoformat(timespec="seconds"))


def missing(it: str) -> pyoxigraph.Triple:
    """Says that the file of a data set is gone."""
    (triple,) = from_text(it, n_triples([(Iri(f"{it}#record"), NXS["missing"], boolean(True))])).triples
    return triple


def _told(it: Iri, record: Record) -> Iterator[Triple]:
    for each in (DCAT["Dataset"], SCHEMA["Dataset"]):
        yield it, _A, each
    for predicate, text in (
        (DCT["identifier"], record.pid),
        (DCT["title"], record.title),
        (SCHEMA["name"], record.title),
        (DCT["description"], record.description),
    ):
        if plain(text):
            yield it, predicate, string(plain(text))
    for word in record.keywords:
        yield it, DCAT["keyword"], string(plain(word))
    for technique in record.techniques:
        try:
            yield it, SCHEMA["measurementTechnique"], iri(technique)
        except ValueError:
            yield it, SCHEMA["measurementTechnique"], string(plain(technique))
    yield it, SCHEMA["isAccessibleForFree"], boolean(record.is_public)
    for predicate, when in ((DCT["created"], record.created), (DCT["issued"], record.released)):
        if when is not None:
            yield it, predicate, moment(when)
    yield from _belonging(it, record)
    for parameter in record.parameters:
        yield from _parameter(it, parameter)


def _belonging(it: Iri, record: Record) -> Iterator[Triple]:
    for document in record.documents:
        yield it, DCT["isReferencedBy"], string(plain(document.doi or document.pid))
    for sample in record.samples:
        if sample.formula:
            yield it, NXS["chemicalFormula"], string(plain(sample.formula))
    if record.source.kind != "file" and record.source.name:
        yield it, DCT["source"], string(plain(record.source.name))


def _parameter(it: Iri, parameter: Parameter) -> Iterator[Triple]:
    where = Iri(f"{it}#{segment(parameter.name)}")
    yield it, SCHEMA["variableMeasured"], where
    yield where, _A, QUDT["QuantityValue"]
    yield where, _A, SCHEMA["PropertyValue"]
    yield where, SCHEMA["name"], string(plain(parameter.name))
    if parameter.text is not None:
        yield where, SCHEMA["value"], string(plain(parameter.text))
    if parameter.unit is not None:
        yield where, SCHEMA["unitText"], string(plain(parameter.unit))
    for predicate, value in (
        (SCHEMA["minValue"], parameter.minimum),
        (SCHEMA["maxValue"], parameter.maximum),
        (NXS["siMin"], parameter.si_min),
        (NXS["siMax"], parameter.si_max),
    ):
        if value is not None:
            yield where, predicate, double(value)
