"""The models of the PaN search API in the tables of the index: properties as columns, relations as joins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, FromClause, String, Table, case, cast, func, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from nxspectra.catalogue import tables
from nxspectra.catalogue.pan.schema import MODELS, Model

Column: TypeAlias = ColumnElement[Any]


@dataclass(frozen=True)
class Source:
    """A model in the tables."""

    model: Model
    rows: FromClause
    properties: Mapping[str, Column]
    keys: Mapping[str, Column] = field(default_factory=dict)
    """What other tables point to, by name; `id` tells one row from the others."""
    order: tuple[Column, ...] = ()
    """How rows are sorted if nobody says."""
    public: tuple[ColumnElement[bool], ...] = ()
    """What must hold for a row to be shown to everybody; no key to an index, which would have most rows."""
    more: Mapping[str, Column] = field(default_factory=dict)
    """What else is needed to show one."""
    counted: tuple[ColumnElement[bool], ...] | None = None
    """As `public`, where all rows are looked at: then an index has it; None if there is none."""


@dataclass(frozen=True)
class Link:
    """What a thing is joined with: those rows of `source` whose `parent` is the `key` of the thing."""

    key: str
    parent: Column
    source: Source


class _NoKey(FunctionElement[Any]):
    """A column that is no key to an index for SQLite, which would take it for a good one."""

    inherit_cache = True


@compiles(_NoKey, "sqlite")
def _no_key_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


@compiles(_NoKey, "postgresql")
def _no_key_in_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


def no_key(column: Column) -> Column:
    return _NoKey(column)


class _Hex(FunctionElement[str]):
    """Bytes as text."""

    type = String()
    inherit_cache = True


@compiles(_Hex, "sqlite")
def _hex_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"lower(hex({compiler.process(element.clauses, **options)}))"


@compiles(_Hex, "postgresql")
def _hex_in_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"encode({compiler.process(element.clauses, **options)}, 'hex')"


def datasets() -> Source:
    t = tables.datasets.alias()
    return Source(
        MODELS["Dataset"],
        t,
        {
            "pid": t.c.pid,
            "title": t.c.title,
            "isPublic": t.c.is_public,
            "size": t.c.size,
            "creationDate": t.c.created,
        },
        {"id": t.c.id, "instrument": t.c.instrument, "technique_set": t.c.technique_set},
        # an id begins with the minute in which the data set was created
        (t.c.id.desc(),),
        (no_key(t.c.is_public).is_(True),),
        counted=(t.c.is_public.is_(True),),
    )


def documents() -> Source:
    t = tables.documents.alias()
    return Source(
        MODELS["Document"],
        t,
        {
            "pid": t.c.pid,
            "isPublic": t.c.is_public,
            "type": t.c.type,
            "title": t.c.title,
            "summary": t.c.summary,
            "doi": t.c.doi,
            "startDate": t.c.started,
            "endDate": t.c.ended,
            "releaseDate": t.c.released,
            "license": t.c.license,
            "keywords": t.c.keywords,
        },
        {"id": t.c.id},
        (t.c.id.desc(),),
        (no_key(t.c.is_public).is_(True),),
    )


def instruments() -> Source:
    t, at = tables.instruments.alias(), tables.facilities.alias()
    return Source(
        MODELS["Instrument"],
        t.outerjoin(at, at.c.id == t.c.facility),
        {"pid": t.c.pid, "name": t.c.name, "facility": at.c.name},
        {"id": t.c.id},
        (t.c.id,),
    )


def _files() -> Source:
    t, at, of = tables.files.alias(), tables.folders.alias(), tables.datasets.alias()
    # where a file of ours lies on this machine is nobody's business; what another provider published is
    path = case((of.c.source == "file", None), else_=func.coalesce(at.c.path + t.c.name, t.c.path))
    return Source(
        MODELS["File"],
        t.join(of, of.c.id == t.c.dataset).outerjoin(at, at.c.id == t.c.folder),
        {
            "id": func.coalesce(t.c.foreign_id, _numbered(t.c.dataset, t.c.number)),
            "name": t.c.name,
            "path": path,
            "size": t.c.size,
        },
        {"id": t.c.number, "dataset": t.c.dataset},
        (t.c.dataset, t.c.number),
    )


def _parameters(table: Table = tables.parameters, of: str = "dataset") -> Source:
    """`of`: what they belong to."""
    t, what, text = table.alias(), tables.quantities.alias(), tables.values.alias()
    unit, owner = tables.parameter_units.alias(), t.c[of]
    number = _numbered(owner, t.c.number)
    return Source(
        MODELS["Parameter"],
        t.join(what, what.c.id == t.c.quantity)
        .outerjoin(text, text.c.id == t.c.value)
        .outerjoin(unit, unit.c.id == t.c.unit),
        {
            # one of a document and one of a data set may have the same numbers
            "id": number if of == "dataset" else literal(f"{of}-") + number,
            "name": what.c.name,
            "value": text.c.value,
            "unit": unit.c.spelling,
        },
        {"id": t.c.number, of: owner},
        (owner, t.c.number),
        more={
            "minimum": t.c.minimum,
            "maximum": func.coalesce(t.c.maximum, t.c.minimum),
            "si_min": t.c.si_min,
            "si_max": t.c.si_max,
            "unit": t.c.unit,
            "quantity": no_key(t.c.quantity),
        },
    )


def _samples() -> Source:
    t = tables.samples.alias()
    return Source(
        MODELS["Sample"],
        t,
        {
            "pid": func.coalesce(t.c.pid, _Hex(t.c.key)),
            "name": func.coalesce(t.c.name, t.c.formula),
            "description": t.c.description,
        },
        {"id": t.c.id},
    )


def _techniques() -> Source:
    t = tables.techniques.alias()
    is_panet = t.c.iri.startswith("http://purl.org/pan-science/PaNET/", autoescape=True)
    return Source(
        MODELS["Technique"],
        t,
        {
            "pid": t.c.iri,
            "name": func.coalesce(t.c.name, t.c.iri),
            "panetId": case((is_panet, t.c.iri), else_=None),
        },
        {"id": t.c.id},
    )


def _members() -> Source:
    t = tables.members.alias()
    return Source(
        MODELS["Member"],
        t,
        {"id": _numbered(t.c.document, t.c.number), "role": t.c.role},
        {"id": t.c.number, "person": t.c.person, "affiliation": t.c.affiliation},
        (t.c.document, t.c.number),
    )


def _people() -> Source:
    t = tables.people.alias()
    return Source(
        MODELS["Person"],
        t,
        {
            "id": cast(t.c.id, String),
            "fullName": t.c.full_name,
            "orcid": t.c.orcid,
            "researcherId": t.c.researcher_id,
            "firstName": t.c.first_name,
            "lastName": t.c.last_name,
        },
        {"id": t.c.id},
    )


def _affiliations() -> Source:
    t = tables.affiliations.alias()
    return Source(
        MODELS["Affiliation"],
        t,
        {
            "id": cast(t.c.id, String),
            "name": t.c.name,
            "address": t.c.address,
            "city": t.c.city,
            "country": t.c.country,
        },
        {"id": t.c.id},
    )


def _numbered(of: Column, number: Column) -> Column:
    """An identifier of a thing that has none of its own."""
    return cast(of, String) + literal("-") + cast(number, String)


_OF_MODELS: Mapping[str, Callable[[], Source]] = {
    "Dataset": datasets,
    "Document": documents,
    "Instrument": instruments,
}
"""The models that have end points of their own; each call gives the tables other names in SQL."""


@cache
def source_of(model: str) -> Source:
    """Where the things of a model are that has end points of its own."""
    return _OF_MODELS[model]()


@cache
def links(model: str, relation: str, depth: int) -> tuple[Link, ...]:  # noqa: ARG001
    """How a thing of a model is joined with others; in one way, or in several.

    A sub-query so deep in others has names of its own for the tables, or it would speak of those around it.
    """
    return tuple(made() for made in _LINKS[model, relation])


def _through(source: Source, table: Any, pointing: str, parent: str, *others: ColumnElement[bool]) -> Link:
    """A link by a table that points to both."""
    between = table.alias()
    rows = source.rows.join(between, between.c[pointing] == source.keys["id"])
    joined = Source(
        source.model,
        rows,
        source.properties,
        source.keys,
        (between.c[parent], between.c.number if "number" in between.c else source.keys["id"]),
        (*source.public, *others),
        source.more,
    )
    return Link("technique_set" if parent == "set" else "id", between.c[parent], joined)


def _of(source: Source, parent: str, key: str = "id") -> Link:
    """A link by what `source` points to itself."""
    return Link(key, source.keys[parent], source)


def _own_parameters_of_documents() -> Link:
    return _of(_parameters(tables.document_parameters, "document"), "document")


def _parameters_of_documents() -> Link:
    """Those of their data sets."""
    source, between, of = _parameters(), tables.dataset_documents.alias(), tables.datasets.alias()
    rows = source.rows.join(between, between.c.dataset == source.keys["dataset"])
    rows = rows.join(of, of.c.id == between.c.dataset)
    joined = replace(source, rows=rows, public=(no_key(of.c.is_public).is_(True),))
    return Link("id", between.c.document, joined)


def _members_of_documents() -> Link:
    source = _members()
    return Link("id", source.rows.c.document, source)


def _between(source: Source, of: str, parent: str) -> Link:
    return _through(source, tables.dataset_documents, of, parent)


_LINKS: Mapping[tuple[str, str], Sequence[Callable[[], Link]]] = {
    ("Dataset", "document"): (lambda: _between(documents(), "document", "dataset"),),
    ("Dataset", "documents"): (lambda: _between(documents(), "document", "dataset"),),
    ("Dataset", "instrument"): (lambda: _of(instruments(), "id", "instrument"),),
    ("Dataset", "files"): (lambda: _of(_files(), "dataset"),),
    ("Dataset", "parameters"): (lambda: _of(_parameters(), "dataset"),),
    ("Dataset", "samples"): (lambda: _through(_samples(), tables.dataset_samples, "sample", "dataset"),),
    ("Dataset", "techniques"): (
        lambda: _through(_techniques(), tables.technique_members, "technique", "set"),
    ),
    ("Document", "datasets"): (lambda: _between(datasets(), "dataset", "document"),),
    ("Document", "members"): (_members_of_documents,),
    ("Document", "parameters"): (_own_parameters_of_documents, _parameters_of_documents),
    ("Instrument", "datasets"): (lambda: _of(datasets(), "instrument"),),
    ("Member", "person"): (lambda: _of(_people(), "id", "person"),),
    ("Member", "affiliation"): (lambda: _of(_affiliations(), "id", "affiliation"),),
    ("Member", "affiliations"): (lambda: _of(_affiliations(), "id", "affiliation"),),
}
