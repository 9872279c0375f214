"""Records on their way into the tables: rows gathered for many, and written together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import isfinite
from typing import TypeVar

from sqlalchemy import Connection, Table, delete, func, select

from nxspectra.catalogue import tables
from nxspectra.catalogue.record import (
    Boundary,
    Document,
    File,
    Instrument,
    Label,
    Member,
    Parameter,
    Record,
    Sample,
    digest_of,
    folder_of,
)
from nxspectra.catalogue.tables import Trait
from nxspectra.catalogue.texts import Texts, insert_texts, marks
from nxspectra.rdf import techniques
from nxspectra.rdf.terms import plain

T = TypeVar("T")
Value = str | int | float | bytes | bool | None

_MOST_SHARED = 200_000
"""So many shared things are remembered while many records are filed."""
_MOST_RECENT = 50_000
_MANY = 500
"""Values of one IN."""


@lru_cache(maxsize=4096)
def folded(text: str | None) -> str | None:
    """A name as it is compared: upper and lower case are one."""
    return None if text is None else plain(text).casefold()


@lru_cache(maxsize=4096)
def normal_formula(formula: str | None) -> str | None:
    """A formula as it is compared: without blanks."""
    return None if formula is None else "".join(plain(formula).split())


@lru_cache(maxsize=4096)
def closure_of(technique: str) -> frozenset[str]:
    """A technique and every wider one; what is in no table of ours stands for itself."""
    table = techniques.table()
    found = {technique}
    for iri in techniques.of_identifiers((technique,)):
        term = table.terms.get(iri.rpartition("/")[2])
        found.add(iri)
        if term is not None:
            found.update(table.terms[each].iri for each in term.ancestors if each in table.terms)
    return frozenset(found)


def technique_name(iri: str) -> str | None:
    term = techniques.table().terms.get(iri.rpartition("/")[2])
    return None if term is None else term.label


class Shared:
    """Ids of what many data sets share, remembered while one program writes."""

    def __init__(self) -> None:
        self.recent: dict[tuple[str, tuple[Value, ...]], int] = {}
        """What was asked for lately, without taking its digest."""
        self._known: dict[str, dict[bytes | str, int]] = {}
        self._all_known: dict[str, bool] = {}
        self._next: dict[str, int] = {}

    def forget(self) -> None:
        """After a transaction that was undone."""
        self.recent.clear()
        self._known.clear()
        self._all_known.clear()
        self._next.clear()

    def id_of(self, connection: Connection, table: Table, key: bytes | str) -> tuple[int, bool]:
        """The id of what has this key, and whether it is new."""
        name = table.name
        if name not in self._known:
            self._load(connection, table)
        known = self._known[name]
        found = known.get(key)
        if found is None and not self._all_known[name]:
            column = table.c["key"] if "key" in table.c else table.c["pid"]
            found = connection.scalar(select(table.c.id).where(column == key))
        if found is not None:
            known[key] = found
            return found, False
        self._next[name] = known[key] = self._next[name] + 1
        return known[key], True

    def _load(self, connection: Connection, table: Table) -> None:
        name, column = table.name, table.c["key"] if "key" in table.c else table.c["pid"]
        number, highest = connection.execute(
            select(func.count(), func.max(table.c.id)).select_from(table)
        ).one()
        self._all_known[name] = number <= _MOST_SHARED
        rows = connection.execute(select(column, table.c.id)) if self._all_known[name] else ()
        self._known[name] = {row[0]: row[1] for row in rows}
        self._next[name] = highest or 0

    def rest(self) -> None:
        """Between transactions: forget what is too much to keep."""
        for name, known in self._known.items():
            if len(known) > 2 * _MOST_SHARED:
                known.clear()
                self._all_known[name] = False


@dataclass
class Rows:
    """Rows that wait to be written, by table."""

    connection: Connection
    shared: Shared
    waiting: dict[Table, list[tuple[Value, ...]]] = field(default_factory=lambda: defaultdict(list))
    texts: list[Texts] = field(default_factory=list)
    documents: dict[int, Document] = field(default_factory=dict)

    def add(self, table: Table, *values: Value) -> None:
        self.waiting[table].append(values)

    def write(self) -> None:
        self._merge_documents()
        for table, waiting in self.waiting.items():
            if waiting:
                insert(self.connection, table, waiting)
        self.waiting.clear()
        if self.texts:
            insert_texts(self.connection, self.texts)
        self.texts.clear()

    # -- one record ----------------------------------------------------------------------------

    def record(self, dataset: int, record: Record, graph: bytes | None) -> None:
        """All rows of a data set; to write them takes least where those of lower ids come first."""
        facility = self._facility(record)
        instrument = self._instrument(record.instrument, facility)
        definition = None if record.definition is None else self._id(tables.definitions, record.definition)
        technique_set = self._techniques(record.techniques)
        base, odd = (
            (record.iri[: -len(record.pid)], None) if record.iri.endswith(record.pid) else (None, record.iri)
        )
        self.add(
            tables.datasets,
            dataset,
            record.pid,
            None if base is None else self._id(tables.bases, base),
            odd,
            record.title,
            record.description,
            "\n".join(record.keywords) or None,
            record.is_public,
            record.state == "missing",
            record.size,
            *(
                tables.seconds(each)
                for each in (record.created, record.started, record.ended, record.released)
            ),
            definition,
            record.conforms,
            record.spectra,
            record.probe,
            record.experiment,
            instrument,
            facility,
            technique_set,
            self._profile(
                record,
                {
                    Trait.TECHNIQUES: technique_set,
                    Trait.INSTRUMENT: instrument,
                    Trait.FACILITY: facility,
                    Trait.DEFINITION: definition,
                    Trait.BOUNDARY: 1 if record.boundaries else None,
                },
            ),
            record.source.kind,
            record.source.name,
            # a pid is mostly a prefix and this digest
            b""
            if record.source.digest and record.pid.endswith(record.source.digest)
            else packed(record.source.digest),
            graph,
        )
        self._numbered(dataset, record)
        for each in record.documents:
            self.add(tables.dataset_documents, dataset, self.document(each))
        texts = Texts.of(dataset, record)
        for level in texts.levels:
            self.add(tables.sampled, level, dataset)
        self.texts.append(texts)

    def _numbered(self, dataset: int, record: Record) -> None:
        for number, sample in enumerate(record.samples, 1):
            self.add(tables.dataset_samples, dataset, number, self._sample(sample))
        for number, member in enumerate(record.people, 1):
            self.add(tables.dataset_people, dataset, number, *self._member(member))
        for number, parameter in enumerate(record.parameters, 1):
            self._parameter(tables.parameters, dataset, number, parameter)
        for number, label in enumerate(record.labels, 1):
            self._label(dataset, number, label)
        for number, boundary in enumerate(record.boundaries, 1):
            self._boundary(dataset, number, boundary)
        for number, file in enumerate(record.files, 1):
            self._file(dataset, number, file)

    def _id(self, table: Table, *values: Value) -> int:
        recent = self.shared.recent
        found = recent.get((table.name, values))
        if found is None:
            key = digest_of(*values)
            found, new = self.shared.id_of(self.connection, table, key)
            if new:
                self.add(table, found, key, *values)
            if len(recent) > _MOST_RECENT:
                recent.clear()
            recent[table.name, values] = found
        return found

    def _facility(self, record: Record) -> int | None:
        facility = record.facility
        if facility is None:
            return None
        return self._id(tables.facilities, facility.name, facility.iri, folded(facility.name))

    def _instrument(self, instrument: Instrument | None, facility: int | None) -> int | None:
        if instrument is None:
            return None
        return self._id(
            tables.instruments, instrument.pid, instrument.name, folded(instrument.name), facility
        )

    def _sample(self, sample: Sample) -> int:
        return self._id(
            tables.samples,
            sample.pid,
            sample.name,
            sample.formula,
            sample.description,
            normal_formula(sample.formula),
        )

    def _member(self, member: Member) -> tuple[int, int | None, str | None]:
        who, where = member.person, member.affiliation
        person = self._id(
            tables.people, who.full_name, who.orcid, who.first_name, who.last_name, who.researcher_id
        )
        affiliation = (
            None
            if where is None
            else self._id(tables.affiliations, where.name, where.address, where.city, where.country)
        )
        return person, affiliation, member.role

    def _techniques(self, given: tuple[str, ...]) -> int | None:
        if not given:
            return None
        key = digest_of(*sorted(set(given)))
        found, new = self.shared.id_of(self.connection, tables.technique_sets, key)
        if new:
            self.add(tables.technique_sets, found, key)
            for number, each in enumerate(dict.fromkeys(given), 1):
                self.add(tables.technique_members, found, number, self.technique(each))
            for each in sorted({wider for technique in given for wider in closure_of(technique)}):
                self.add(tables.technique_closure, self.technique(each), found)
        return found

    def _profile(self, record: Record, known: Mapping[Trait, int | None]) -> int | None:
        """That of a data set with these traits, and those of its quantities and labels."""
        traits = {(trait, of) for trait, of in known.items() if of is not None}
        traits.update((Trait.QUANTITY, self._id(tables.quantities, each.name)) for each in record.parameters)
        traits.update((Trait.LABEL, self.label_name(each.name)) for each in record.labels)
        said = tuple(number for trait in sorted(traits) for number in trait)
        recent = self.shared.recent
        found = recent.get(("profiles", said))
        if found is None:
            key = digest_of(*map(int, said))
            found, new = self.shared.id_of(self.connection, tables.profiles, key)
            if new and found <= tables.MOST_PROFILES:
                self.add(tables.profiles, found, key)
                for trait, of in traits:
                    self.add(tables.profile_traits, trait, of, found)
            recent["profiles", said] = found
        return found if found <= tables.MOST_PROFILES else None

    def technique(self, iri: str) -> int:
        return self._id(tables.techniques, iri, technique_name(iri))

    def _parameter(self, table: Table, of: int, number: int, parameter: Parameter) -> None:
        quantity = self._id(tables.quantities, parameter.name)
        low, high = finite(parameter.minimum), finite(parameter.maximum)
        start, end, level = ranged(parameter.si_min, parameter.si_max)
        value = (
            None
            if parameter.text is None
            else self._id(tables.values, parameter.text, folded(parameter.text))
        )
        self.add(
            table,
            of,
            number,
            quantity,
            low,
            None if high == low else high,
            None if parameter.unit is None else self._id(tables.parameter_units, parameter.unit),
            start,
            end,
            level,
            value,
        )

    def _label(self, dataset: int, number: int, label: Label) -> None:
        model = label.model
        self.add(
            tables.labels,
            dataset,
            label.result,
            number,
            self.label_name(label.name),
            label.frames,
            finite(label.mean_confidence),
            finite(label.min_confidence),
            label.origin,
            None if model is None else self._id(tables.models, model.digest, model.name, model.classifier),
        )

    def label_name(self, name: str) -> int:
        return self._id(tables.label_names, name, folded(name))

    def _boundary(self, dataset: int, number: int, boundary: Boundary) -> None:
        self.add(
            tables.boundaries,
            dataset,
            boundary.result,
            number,
            self.label_name(boundary.from_label),
            self.label_name(boundary.to_label),
            boundary.frame,
            finite(boundary.pressure),
            *ranged(boundary.si_min, boundary.si_max),
        )

    def _file(self, dataset: int, number: int, file: File) -> None:
        folder = folder_of(file)
        self.add(
            tables.files,
            dataset,
            number,
            file.name,
            None if folder is None else self._id(tables.folders, folder),
            file.path if folder is None else None,
            file.size,
            packed(file.digest),
            file.id,
        )

    # -- documents -----------------------------------------------------------------------------

    def document(self, document: Document) -> int:
        """The id of a document, whose row is written with the others."""
        found, _ = self.shared.id_of(self.connection, tables.documents, document.pid)
        earlier = self.documents.get(found)
        if earlier is not document:
            self.documents[found] = document if earlier is None else widened(document, earlier)
        return found

    def _merge_documents(self) -> None:
        """What is said now of a document replaces what was said; its time is that of all its data sets."""
        for some in chunks(list(self.documents)):
            table = tables.documents
            rows = self.connection.execute(
                select(table.c.id, table.c.started, table.c.ended).where(table.c.id.in_(some))
            )
            times = {row.id: (row.started, row.ended) for row in rows}
            if times:
                self.connection.execute(delete(table).where(table.c.id.in_(times)))
                for other in tables.OF_DOCUMENTS:
                    self.connection.execute(delete(other).where(other.c.document.in_(times)))
            for each in some:
                self._document(each, self.documents[each], times.get(each, (None, None)))
        self.documents.clear()

    def _document(self, found: int, document: Document, earlier: tuple[int | None, int | None]) -> None:
        started = [each for each in (tables.seconds(document.started), earlier[0]) if each is not None]
        ended = [each for each in (tables.seconds(document.ended), earlier[1]) if each is not None]
        self.add(
            tables.documents,
            found,
            document.pid,
            document.type,
            document.title,
            document.summary,
            document.doi,
            min(started, default=None),
            max(ended, default=None),
            tables.seconds(document.released),
            document.license,
            "\n".join(document.keywords) or None,
            document.is_public,
        )
        for number, member in enumerate(document.members, 1):
            self.add(tables.members, found, number, *self._member(member))
        for number, parameter in enumerate(document.parameters, 1):
            self._parameter(tables.document_parameters, found, number, parameter)


def widened(document: Document, other: Document) -> Document:
    """A document whose time is that of both."""
    started = [each for each in (document.started, other.started) if tables.seconds(each) is not None]
    ended = [each for each in (document.ended, other.ended) if tables.seconds(each) is not None]
    by_time = {"key": lambda each: tables.seconds(each) or 0}
    return replace(
        document,
        started=min(started, default=None, **by_time),
        ended=max(ended, default=None, **by_time),
    )


def finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def ranged(low: float | None, high: float | None) -> tuple[float | None, float | None, int | None]:
    """Both ends and the level of a range; nothing where an end is no number."""
    start, end = finite(low), finite(high)
    if start is None or end is None or start > end:
        return None, None, None
    return start, end, tables.level_of(start, end)


def packed(digest: str | None) -> bytes | None:
    """A digest in hex as bytes; None if it is none."""
    try:
        return None if digest is None else bytes.fromhex(digest)
    except ValueError:
        return None


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many at a time as one IN takes."""
    for start in range(0, len(values), _MANY):
        yield values[start : start + _MANY]


def insert(connection: Connection, table: Table, rows: Sequence[tuple[Value, ...]]) -> None:
    """Rows in the order of the table's columns."""
    names = ", ".join(f'"{column.name}"' for column in table.c)
    # names of tables and columns are those of `tables`
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks(connection, len(table.c))})'  # noqa: S608
    connection.exec_driver_sql(statement, list(rows))
