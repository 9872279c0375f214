"""A catalogue of described data sets in a folder: file them, find them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pyoxigraph import NamedNode
from sqlalchemy import Connection, Row, delete, select

from nxspectra.catalogue import loading, tables
from nxspectra.catalogue.facets import facets
from nxspectra.catalogue.finding import Finder, Sort
from nxspectra.catalogue.graphs import Graph, from_text, graph_of, graph_of_record
from nxspectra.catalogue.hits import Hit, Hits, hit_of
from nxspectra.catalogue.index import BATCH, BULK, Index
from nxspectra.catalogue.ledger import Ledger
from nxspectra.catalogue.query import parse
from nxspectra.catalogue.reading import records
from nxspectra.catalogue.record import Record, record_of
from nxspectra.catalogue.rows import chunks
from nxspectra.catalogue.served import graphs_of
from nxspectra.catalogue.ways import Count
from nxspectra.errors import CatalogueDamaged, FileError
from nxspectra.rdf import Description
from nxspectra.settings import Settings, is_iri

PUBLISH_EVERY = 1.0
"""Seconds; inside a `with`, readers see what was filed after at most about so long."""
MOST = 1_000_000
"""Hits of one page where no limit is given."""


class Catalogue:
    """Data sets in a folder, one named graph each.

    with Catalogue("catalogue") as catalogue:
        catalogue.file(describe(root))
        catalogue.search(parameters={"pressure": "10..20GPa"})

    One process may file at a time and any number may search meanwhile. The folder is made when something is
    first filed. What is filed can be found at once; inside a `with`, which is quicker and keeps other
    processes from filing, others find it within about a second.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        index: str | Index | None = None,
        graph: str | None = None,
    ) -> None:
        """`index`: URL of the database for the index; that of the site settings, or a file in the folder.

        `graph`: address of a SPARQL server that keeps the graphs, instead of the folder; the catalogue
        remembers it when it is made.
        """
        self.folder = Path(folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise FileError(f"{self.folder}: is a file; a catalogue is a folder")
        chosen = index if index is not None else Settings.load().index or Index.in_folder(self.folder)
        self.index = chosen if isinstance(chosen, Index) else Index(chosen)
        self.ledger = Ledger(self.folder)
        self.store = graphs_of(self.folder, graph)
        self._depth = 0
        self._published = 0.0
        self._ready = False
        self._waiting: list[tuple[int, Record, Graph | None]] = []

    # -- filing --------------------------------------------------------------------------------

    def file(self, description: Description) -> None:
        """Put a data set in the catalogue, in the place of what was there under its pid.

        Raises FileBusy while another process files, FileError if it cannot be written, CatalogueDamaged.
        """
        with self._changing():
            record = record_of(description)
            self.ledger.add(record)
            self._file(record, graph_of(description))

    def keep(self, name: str, given: Iterable[Record]) -> int:
        """Put records of an import or a harvest in the catalogue, in place of those kept under this name.

        They are kept in the folder, so that `rebuild` finds them. Raises as `file`; UsageError for a name
        that no file can have.
        """
        with self._changing():
            known = name in self.ledger.names()
            gone = {record.pid for record in self.ledger.records(name)} if known else set()
            kept = self.ledger.keep(name, given)
            with self.index.writing() as connection:
                connection.execute(tables.intents.insert(), {"pid": "", "kept": name})
            self._take_all_out(sorted(gone - kept))
            return self.file_kept(name)

    def remove(self, pid: str) -> bool:
        """Take a data set out, by its pid or IRI; False if it is not there."""
        with self._changing():
            return self._remove(pid)

    def _remove(self, pid: str) -> bool:
        self._finish()
        record = self._known(pid)
        if record is None:
            return False
        self.ledger.remove(record.pid)
        with self.index.writing() as connection:
            connection.execute(tables.intents.insert(), {"pid": record.pid, "graph": record.iri})
        self._take_out(record.pid, record.iri)
        return True

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Around a change: what was interrupted before it is done again, and after it all is settled."""
        try:
            self._begin()
            yield
        except CatalogueDamaged:
            self.abandon()
            raise
        except BaseException:
            if self._depth == 0:
                # what was meant is written down, and done by whoever files next
                self._waiting.clear()
                self._ready = False
                self.store.close()
                self.index.close()
            raise
        self._settle()

    def _begin(self) -> None:
        """Before the first change: what was interrupted is done again."""
        if self._ready:
            return
        with self.store.writing():
            # now no other process writes here, and the folder is a catalogue
            self._expect_index()
            with self.index.writing() as connection:
                loading.mend(connection)
                intents = connection.execute(select(tables.intents).order_by(tables.intents.c.number)).all()
            self._ready = True
            for intent in intents:
                self._redo(intent)
            if intents:
                self._finish()

    def _redo(self, intent: Row[Any]) -> None:
        if intent.kept is not None:
            if intent.kept in self.ledger.names():
                self.file_kept(intent.kept)
        elif intent.record is None:
            self._take_out(intent.pid, intent.graph)
        else:
            record = Record.from_json(intent.record)
            graph = None if intent.graph is None else from_text(intent.graph, intent.triples)
            self._write_graph(record, graph)
            self._waiting.append((intent.number, record, graph))

    def _file(self, record: Record, graph: Graph | None) -> None:
        """First what is to be done is written down, then the graph, and when that is published the rows."""
        values = {"pid": record.pid, "record": record.as_json()}
        if graph is not None:
            values |= {"graph": graph.name.value, "triples": graph.text}
        with self.index.writing() as connection:
            intents = tables.intents
            number = connection.scalar(intents.insert().values(values).returning(intents.c.number)) or 0
        self._write_graph(record, graph)
        self._waiting.append((number, record, graph))

    def _write_graph(self, record: Record, graph: Graph | None) -> None:
        earlier = [each.iri for _, each, _ in self._waiting if each.pid == record.pid]
        known = self.index.iri_of(record.pid)
        names = {*earlier, *([known] if known else [])} - ({graph.name.value} if graph else set())
        others = [NamedNode(name) for name in sorted(names) if is_iri(name)]
        if graph is not None:
            self.store.replace(graph.name, graph.triples, others)
        else:
            for other in others:
                self.store.remove(other)

    def _take_out(self, pid: str, iri: str | None) -> None:
        if iri is not None and is_iri(iri):
            self.store.remove(NamedNode(iri))
        self.store.publish()
        with self.index.writing() as connection:
            self.index.erase(connection, [pid])
            connection.execute(
                delete(tables.intents).where(tables.intents.c.pid == pid, tables.intents.c.record.is_(None))
            )

    def _take_all_out(self, pids: Sequence[str]) -> None:
        """Many data sets at once; what is interrupted is done again one by one."""
        iris = self.index.iris_of(pids)
        if not iris:
            return
        for pid in iris:
            self.ledger.remove(pid)
        meant = [{"pid": pid, "graph": iri} for pid, iri in iris.items()]
        with self.index.writing() as connection:
            connection.execute(tables.intents.insert(), meant)
        self.store.replace_all((), [NamedNode(iri) for iri in iris.values() if is_iri(iri)])
        self.store.publish()
        with self.index.writing() as connection:
            self.index.erase(connection, list(iris))
            for some in chunks(list(iris)):
                ours = tables.intents.c.pid.in_(some)
                connection.execute(delete(tables.intents).where(ours, tables.intents.c.record.is_(None)))

    def make(self) -> None:
        """Make the folder a catalogue, if it is none yet."""
        with self._changing():
            """There is nothing more to do."""

    def put(self, record: Record, graph: Graph | None) -> None:
        """As `file`, with what is already known of a data set."""
        with self._changing():
            self.ledger.add(record)
            self._file(record, graph)

    def file_kept(self, name: str) -> int:
        """All records that are kept under a name; done again as a whole after an accident."""
        self._begin()
        number = 0
        with self.index.loading():
            for many in self._graphs_written(self.ledger.records(name)):
                with self.index.writing() as connection:
                    self.index.write(connection, *many)
                number += len(many[0])
        self.store.publish()
        with self.index.writing() as connection:
            connection.execute(delete(tables.intents).where(tables.intents.c.kept == name))
        return number

    def _graphs_written(self, given: Iterator[Record]) -> Iterator[tuple[list[Record], dict[str, bytes]]]:
        """Records whose graphs are in the store, with the digests; as many as the index takes best."""
        many: list[Record] = []
        digests: dict[str, bytes] = {}
        while some := list(islice(given, BATCH)):
            graphs = {record.pid: graph_of_record(record) for record in some}
            made = [graph for graph in graphs.values() if graph is not None]
            earlier = {record.iri for record in many if record.pid in graphs}
            before = earlier.union(self.index.iris_of(list(graphs)).values())
            gone = sorted(before - {graph.name.value for graph in made})
            self.store.replace_all(
                ((graph.name, graph.triples) for graph in made),
                [NamedNode(iri) for iri in gone if is_iri(iri)],
            )
            many += some
            digests |= {pid: graph.digest for pid, graph in graphs.items() if graph is not None}
            if len(many) >= BULK:
                yield many, digests
                many, digests = [], {}
        if many:
            yield many, digests

    def _finish(self) -> None:
        """Let readers see the graphs, and then the rows."""
        self.store.publish()
        self._published = time.monotonic()
        if not self._waiting:
            return
        with self.index.writing() as connection:
            # of a data set that was filed twice the last counts
            newest = {record.pid: (record, graph) for _, record, graph in self._waiting}
            digests = {pid: graph.digest for pid, (_, graph) in newest.items() if graph is not None}
            self.index.write(connection, [record for record, _ in newest.values()], digests)
            done = [number for number, _, _ in self._waiting]
            for some in chunks(done):
                connection.execute(delete(tables.intents).where(tables.intents.c.number.in_(some)))
        self._waiting.clear()

    def publish(self) -> None:
        """Let readers see all that was filed so far."""
        if self._ready:
            self._finish()

    def _settle(self) -> None:
        """After a change: publish it, soon inside a `with`, at once and for good outside."""
        if self._depth == 0:
            self.close()
        elif time.monotonic() - self._published > PUBLISH_EVERY:
            self._finish()

    def _expect_index(self) -> None:
        """Raises CatalogueDamaged if there are graphs and no index: it was lost, or the catalogue is old."""
        file = self.index.file
        there = file is None or (file.exists() and file.stat().st_size)
        if not there and self.store.current() is not None:
            raise CatalogueDamaged(
                f"{self.folder}: the index is not there;"
                f" `nxspectra catalogue rebuild --catalogue {self.folder}` makes it again from the files"
            )

    def abandon(self) -> None:
        """Let go of what is open and cannot be closed in order. What was filed of files is in the ledger."""
        self._waiting.clear()
        self._ready = False
        self.store.abandon()
        self.index.close()

    def look(self) -> None:
        """Raises CatalogueDamaged if either half cannot be opened, FileError if there is no catalogue."""
        self.store.look()
        with self._reading():
            """They can be."""

    def close(self) -> None:
        """Let readers see everything and another process file; the catalogue can be used again after."""
        self.publish()
        self._ready = False
        self.store.close()
        self.index.close()

    def __enter__(self) -> Self:
        self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            self.close()

    # -- finding -------------------------------------------------------------------------------

    def search(
        self,
        text: str | None = None,
        *,
        parameters: Mapping[str, str] | None = None,
        technique: str | None = None,
        label: str | None = None,
        confidence: str | None = None,
        formula: str | None = None,
        instrument: str | None = None,
        facility: str | None = None,
        dates: str | None = None,
        conforms: bool | None = None,
        definition: str | None = None,
        missing: bool | None = None,
        sort: Sort | None = None,
        cursor: str | None = None,
        limit: int | None = 20,
        facet: bool = False,
    ) -> Hits:
        """The data sets for which all that is asked holds: with words the best first, else the newest.

        `text`: words that must all occur in title, description, sample, keywords, instrument and the like.
        `parameters`: ranges with a unit, met where they overlap: {"pressure": "10..20GPa"}, or lie within
        after `all`. `technique`: an IRI, a PaNET id, a label or a synonym; narrower ones are found too.
        `label`: one that some frame bears, with at least the mean probability `confidence`.
        `formula`, `instrument`, `facility`: a name, where `*` stands for anything.
        `dates`: when it was measured, such as 2021-05 or 2020..2021.
        `cursor`: that of the page before; with `facet`, what is found is counted by what it has in common.
        Raises UsageError and UnitError, with the nearest that there is; FileError without a catalogue.
        """
        query = parse(
            text,
            parameters,
            technique,
            label,
            confidence=confidence,
            formula=formula,
            instrument=instrument,
            facility=facility,
            dates=dates,
            conforms=conforms,
            definition=definition,
            missing=missing,
        )
        with self._reading() as connection:
            if connection is None:
                return Hits((), Count(0, True), None)
            finder = Finder(connection, query)
            page = finder.page(MOST if limit is None else limit, sort, cursor)
            found = records(connection, [each for each, _ in page.ids], whole=False)
            hits = [hit_of(found[each], score) for each, score in page.ids]
            return Hits(hits, finder.count(), page.cursor, facets(finder) if facet else None)

    def get(self, pid: str) -> Hit | None:
        """The data set with this pid or IRI; None if it is not there."""
        with self._reading() as connection:
            if connection is None:
                return None
        record = self._known(pid)
        return None if record is None else hit_of(record)

    def known(self, pid: str) -> Record | None:
        """All that is known of the data set with this pid, also just filed; None if it is not there."""
        filed = next((record for _, record, _ in reversed(self._waiting) if record.pid == pid), None)
        file = self.index.file
        return filed if filed or (file is not None and not file.exists()) else self.index.get(pid)

    def _known(self, pid: str) -> Record | None:
        return self.index.get(pid) or self.index.by_iri(pid)

    def __contains__(self, pid: str) -> bool:
        return self.get(pid) is not None

    def __len__(self) -> int:
        with self._reading() as connection:
            return 0 if connection is None else len(self.index)

    @contextmanager
    def _reading(self) -> Iterator[Connection | None]:
        """The index as it is; None if nothing was ever filed."""
        if self._waiting:
            self._finish()
        self.store.expect()
        file = self.index.file
        if file is not None and not file.exists():
            self._expect_index()
            yield None
            return
        with self.index.reading() as connection:
            yield connection
