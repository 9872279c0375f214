"""A catalogue of described data sets in a folder: file them, find them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from pyoxigraph import Literal, NamedNode, Store

from nxspectra.catalogue.asking import ask, hit, is_data_set
from nxspectra.catalogue.hits import Hit
from nxspectra.catalogue.query import fold, parse
from nxspectra.catalogue.store import GraphStore, triples_of
from nxspectra.errors import FileError
from nxspectra.rdf import Description
from nxspectra.rdf.terms import DCAT, DCT, NXS, RDF, Iri, Triple, moment, n_triples, string
from nxspectra.rdf.triples import part
from nxspectra.settings import is_iri

PUBLISH_EVERY = 1.0
"""Seconds; inside a `with`, readers see what was filed after at most about so long."""

_TOPIC = Iri("http://xmlns.com/foaf/0.1/primaryTopic")


class Catalogue:
    """Data sets in a folder, one named graph each.

    with Catalogue("catalogue") as catalogue:
        catalogue.file(describe(root))
        catalogue.search(parameters={"pressure": "10..20GPa"})

    One process may file at a time and any number may search meanwhile. The folder is made when something is
    first filed. What is filed can be found at once; inside a `with`, which is quicker and keeps other
    processes from filing, others find it within about a second.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise FileError(f"{self.folder}: is a file; a catalogue is a folder")
        self._store = GraphStore(self.folder)
        self._depth = 0
        self._published = 0.0

    # -- filing --------------------------------------------------------------------------------

    def file(self, description: Description) -> None:
        """Put a data set in the catalogue, in the place of what was there under its pid.

        Raises FileBusy while another process files, FileError if it cannot be written or is damaged.
        """
        triples = [*description.triples(), *_record(description)]
        name = NamedNode(description.iri)
        with self._store.writing() as store:
            others = [other for other in _graphs(store, description.pid) if other != name]
            self._store.replace(name, triples_of(n_triples(triples)), others)
        self._settle()

    def remove(self, pid: str) -> bool:
        """Take a data set out, by its pid or IRI; False if it is not there."""
        with self._store.writing() as store:
            names = _graphs(store, pid)
            for name in names:
                self._store.remove(name)
        self._settle()
        return bool(names)

    def _settle(self) -> None:
        """After a change: publish it, soon inside a `with`, at once and for good outside."""
        if self._depth == 0:
            self._store.close()
        elif time.monotonic() - self._published > PUBLISH_EVERY:
            self._store.publish()
            self._published = time.monotonic()

    def close(self) -> None:
        """Let readers see everything and another process file; the catalogue can be used again after."""
        self._store.close()

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
        limit: int | None = 20,
    ) -> list[Hit]:
        """The data sets for which all that is asked holds, best first, then by title.

        `text`: words that must all occur in title, description, sample, keywords, instrument and the like.
        `parameters`: ranges with a unit, met where they overlap: {"pressure": "10..20GPa"}.
        `technique`: an IRI, a PaNET id, a label or a synonym; narrower techniques are found too.
        `label`: one that some frame bears.
        Raises UsageError and UnitError, with the nearest that there is; FileError without a catalogue.
        """
        query = parse(text, parameters, technique, label)
        with self._store.reading() as store:
            return ask(store, query, limit)

    def get(self, pid: str) -> Hit | None:
        """The data set with this pid or IRI; None if it is not there."""
        with self._store.reading() as store:
            names = _graphs(store, pid)
            return hit(store, names[0].value) if names else None

    def __contains__(self, pid: str) -> bool:
        return self.get(pid) is not None

    def __len__(self) -> int:
        with self._store.reading() as store:
            return sum(1 for _ in store.named_graphs())


def _graphs(store: Store, pid: str) -> list[NamedNode]:
    """Names of the graphs of the data set with this pid or IRI."""
    found = store.quads_for_pattern(None, NamedNode(DCT["identifier"]), Literal(pid))
    names = {quad.graph_name for quad in found if quad.subject == quad.graph_name}
    if is_iri(pid) and is_data_set(store, pid):
        names.add(NamedNode(pid))
    return sorted((name for name in names if isinstance(name, NamedNode)), key=lambda name: name.value)


def _record(description: Description) -> Iterator[Triple]:
    """What the catalogue notes for itself: where the file is, when it was filed, and the text to search."""
    record = part(description, "record")
    yield record, RDF["type"], DCAT["CatalogRecord"]
    yield record, _TOPIC, description.iri
    yield record, DCT["modified"], moment(datetime.now(UTC).isoformat(timespec="seconds"))
    if description.file is not None:
        yield record, NXS["path"], string(description.file.path)
    yield record, NXS["text"], string("\n".join(fold(line) for line in _text(description)))


def _text(description: Description) -> Iterator[str]:
    """Lines of what can be searched for in words, the telling ones first; `asking.WEIGHTS` weighs them."""
    yield description.title
    sample = description.sample
    yield " ".join(part for part in (sample.name, sample.formula) if part) if sample else ""
    yield " ".join(description.keywords)
    agents = (description.instrument, description.facility, *description.people, *description.creators)
    names = [agent.name for agent in agents if agent is not None and agent.name]
    yield " ".join([*names, *([description.experiment] if description.experiment else [])])
    names = [each.name for each in (description.file, description.raw) if each is not None]
    yield " ".join([description.text, *names, description.definition or ""])
