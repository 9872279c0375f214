"""Rows of the index as records again, many at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, FromClause, Row, Select, Table, select

from nxspectra.catalogue import tables
from nxspectra.catalogue.record import (
    Affiliation,
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
from nxspectra.catalogue.rows import chunks

Rows = dict[int, list[Row[Any]]]


def records(connection: Connection, ids: Sequence[int], *, whole: bool = True) -> dict[int, Record]:
    """The records of these data sets, by id; without people and documents if not `whole`."""
    found: dict[int, Record] = {}
    for some in chunks(ids):
        found.update(_records(connection, some, whole))
    return found


def _records(connection: Connection, ids: Sequence[int], whole: bool) -> Iterator[tuple[int, Record]]:
    about = {
        name: _by_data_set(connection, statement, ids)
        for name, statement in _STATEMENTS.items()
        if whole or name != "people"
    }
    documents = _documents(connection, ids) if whole else {}
    for row in connection.execute(_DATA_SETS.where(tables.datasets.c.id.in_(ids))):
        of_it = {name: rows.get(row.id, []) for name, rows in about.items()}
        yield row.id, _record(row, of_it, documents.get(row.id, []))


def _by_data_set(connection: Connection, statement: Select[Any], ids: Sequence[int]) -> Rows:
    rows: Rows = defaultdict(list)
    dataset = statement.selected_columns["dataset"]
    for row in connection.execute(statement.where(dataset.in_(ids))):
        rows[row.dataset].append(row)
    return rows


def _joined(table: Table, *others: tuple[FromClause, str, dict[str, str]]) -> Select[Any]:
    """A table with columns of what it points to: (table, column that points, its columns by new name)."""
    columns: list[Any] = list(table.c)
    joined: Any = table
    for other, pointing, wanted in others:
        joined = joined.outerjoin(other, table.c[pointing] == other.c.id)
        columns += [other.c[name].label(new) for name, new in wanted.items()]
    return select(*columns).select_from(joined)


def _all_of(table: Table, prefix: str) -> dict[str, str]:
    return {
        column.name: f"{prefix}_{column.name}"
        for column in table.c
        if column.name not in ("id", "key", "folded")
    }


_from, _to = tables.label_names.alias("from_name"), tables.label_names.alias("to_name")
_PERSON = (tables.people, "person", _all_of(tables.people, "person"))
_AFFILIATION = (tables.affiliations, "affiliation", _all_of(tables.affiliations, "at"))

_DATA_SETS = _joined(
    tables.datasets,
    (tables.bases, "base", {"iri": "base_iri"}),
    (tables.definitions, "definition", {"name": "definition_name"}),
    (tables.instruments, "instrument", {"pid": "instrument_pid", "name": "instrument_name"}),
    (tables.facilities, "facility", {"name": "facility_name", "iri": "facility_iri"}),
)

_OF_A_PARAMETER = (
    (tables.quantities, "quantity", {"name": "quantity_name"}),
    (tables.parameter_units, "unit", {"spelling": "unit_spelling"}),
    (tables.values, "value", {"value": "value_text"}),
)

_STATEMENTS: dict[str, Select[Any]] = {
    "samples": _joined(
        tables.dataset_samples, (tables.samples, "sample", _all_of(tables.samples, "sample"))
    ).order_by(tables.dataset_samples.c.dataset, tables.dataset_samples.c.number),
    "people": _joined(tables.dataset_people, _PERSON, _AFFILIATION).order_by(
        tables.dataset_people.c.dataset, tables.dataset_people.c.number
    ),
    "parameters": _joined(tables.parameters, *_OF_A_PARAMETER).order_by(
        tables.parameters.c.dataset, tables.parameters.c.number
    ),
    "labels": _joined(
        tables.labels,
        (tables.label_names, "label", {"name": "label_name"}),
        (tables.models, "model", _all_of(tables.models, "model")),
    ).order_by(tables.labels.c.dataset, tables.labels.c.result, tables.labels.c.number),
    "boundaries": _joined(
        tables.boundaries,
        (_from, "from_label", {"name": "from_name"}),
        (_to, "to_label", {"name": "to_name"}),
    ).order_by(tables.boundaries.c.dataset, tables.boundaries.c.result, tables.boundaries.c.number),
    "files": _joined(tables.files, (tables.folders, "folder", {"path": "folder_path"})).order_by(
        tables.files.c.dataset, tables.files.c.number
    ),
    "techniques": select(tables.datasets.c.id.label("dataset"), tables.techniques.c.iri)
    .join(tables.technique_members, tables.technique_members.c.set == tables.datasets.c.technique_set)
    .join(tables.techniques, tables.techniques.c.id == tables.technique_members.c.technique)
    .order_by(tables.datasets.c.id, tables.technique_members.c.number),
}


def _record(row: Row[Any], about: dict[str, list[Row[Any]]], documents: list[Document]) -> Record:
    return Record(
        pid=row.pid,
        iri=row.iri if row.base_iri is None else row.base_iri + row.pid,
        title=row.title,
        description=row.description or "",
        keywords=tuple(row.keywords.split("\n")) if row.keywords else (),
        is_public=row.is_public,
        size=row.size,
        created=tables.iso(row.created),
        started=tables.iso(row.started),
        ended=tables.iso(row.ended),
        released=tables.iso(row.released),
        definition=row.definition_name,
        conforms=row.conforms,
        spectra=row.spectra,
        probe=row.probe,
        experiment=row.experiment,
        instrument=None if row.instrument is None else Instrument(row.instrument_pid, row.instrument_name),
        facility=None if row.facility is None else Facility(row.facility_name, row.facility_iri),
        samples=tuple(
            Sample(each.sample_name, each.sample_formula, each.sample_description, each.sample_pid)
            for each in about["samples"]
        ),
        techniques=tuple(each.iri for each in about["techniques"]),
        parameters=tuple(_parameter(each) for each in about["parameters"]),
        labels=tuple(_label(each) for each in about["labels"]),
        boundaries=tuple(
            Boundary(
                each.from_name, each.to_name, each.frame, each.pressure, each.si_min, each.si_max, each.result
            )
            for each in about["boundaries"]
        ),
        files=tuple(_file(each) for each in about["files"]),
        people=tuple(_member(each) for each in about.get("people", ())),
        documents=tuple(documents),
        source=Source(row.source, row.source_name, _source_digest(row)),
        state="missing" if row.missing else "present",
    )


def _source_digest(row: Row[Any]) -> str | None:
    if row.source_digest is None:
        return None
    return bytes(row.source_digest).hex() or str(row.pid)[-64:]


def _parameter(row: Row[Any]) -> Parameter:
    maximum = row.minimum if row.maximum is None else row.maximum
    return Parameter(
        row.quantity_name, row.minimum, maximum, row.unit_spelling, row.si_min, row.si_max, row.value_text
    )


def _label(row: Row[Any]) -> Label:
    model = None if row.model is None else Model(row.model_digest, row.model_name, row.model_classifier)
    return Label(row.label_name, row.frames, row.mean, row.minimum, row.origin, row.result, model)


def _file(row: Row[Any]) -> File:
    path = row.path if row.folder_path is None else row.folder_path + row.name
    return File(row.name, path, row.size, row.digest and row.digest.hex(), row.foreign_id)


def _member(row: Row[Any]) -> Member:
    person = Person(
        row.person_full_name,
        row.person_orcid,
        row.person_first_name,
        row.person_last_name,
        row.person_researcher_id,
    )
    affiliation = (
        None
        if row.affiliation is None
        else Affiliation(row.at_name, row.at_address, row.at_city, row.at_country)
    )
    return Member(person, row.role, affiliation)


def _documents(connection: Connection, ids: Sequence[int]) -> dict[int, list[Document]]:
    """Documents of the data sets, by data set."""
    linked = _by_data_set(
        connection,
        select(tables.dataset_documents.c.dataset, *tables.documents.c)
        .join(tables.documents, tables.documents.c.id == tables.dataset_documents.c.document)
        .order_by(tables.dataset_documents.c.dataset, tables.documents.c.id),
        ids,
    )
    found = sorted({row.id for rows in linked.values() for row in rows})
    members = _by_document(connection, _MEMBERS, found)
    parameters = _by_document(connection, _PARAMETERS_OF_DOCUMENTS, found)
    documents: dict[int, list[Document]] = defaultdict(list)
    for dataset, rows in linked.items():
        documents[dataset] = [_document(row, members[row.id], parameters[row.id]) for row in rows]
    return documents


_MEMBERS = _joined(tables.members, _PERSON, _AFFILIATION)
_PARAMETERS_OF_DOCUMENTS = _joined(tables.document_parameters, *_OF_A_PARAMETER)


def _by_document(connection: Connection, statement: Select[Any], documents: Sequence[int]) -> Rows:
    rows: Rows = defaultdict(list)
    document, number = statement.selected_columns["document"], statement.selected_columns["number"]
    for some in chunks(documents):
        for row in connection.execute(statement.where(document.in_(some)).order_by(document, number)):
            rows[row.document].append(row)
    return rows


def _document(row: Row[Any], members: list[Row[Any]], parameters: list[Row[Any]]) -> Document:
    return Document(
        row.pid,
        row.title,
        row.type,
        row.summary,
        row.doi,
        tables.iso(row.started),
        tables.iso(row.ended),
        tables.iso(row.released),
        row.license,
        tuple(row.keywords.split("\n")) if row.keywords else (),
        tuple(map(_member, members)),
        row.is_public,
        tuple(map(_parameter, parameters)),
    )
