"""The process that answers queries, one after another, and may be killed at any moment.

It opens the graphs for reading, can reach no network where the system lets it give that up, and holds no
more memory than it is given: a query that needs more ends it, and another process takes its place.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    NamedNode,
    QueryResultsFormat,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
)

from nxspectra.catalogue.store import GraphStore, Snapshot
from nxspectra.errors import NxspectraError
from nxspectra.limits import Limits, bound_cpu, bound_memory, leave_the_network

if TYPE_CHECKING:
    from typing_extensions import Buffer


HIDDEN = """
PREFIX dct: <http://purl.org/dc/terms/>
PREFIX schema: <https://schema.org/>
PREFIX access: <http://publications.europa.eu/resource/authority/access-right/>
SELECT DISTINCT ?g WHERE {
  { GRAPH ?g { ?g dct:accessRights ?rights FILTER(?rights != access:PUBLIC) } }
  UNION { GRAPH ?g { ?g schema:isAccessibleForFree false } }
}
"""
"""The graphs that not everybody may see."""


@dataclass(frozen=True, slots=True)
class Source:
    """What the process is started for."""

    folder: str
    """Of the catalogue."""
    limits: Limits
    most_bytes: int
    """Of an answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One query."""

    text: str
    media_type: str
    """Of the answer; it fits the form of the query."""
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it: a status of HTTP, and the answer or what is wrong."""

    status: int
    body: bytes = b""
    message: str = ""


class TooLarge(Exception):
    """The answer has more bytes than one may have."""


class Bounded(BytesIO):
    """Bytes in memory, up to so many; it is what a library writes an answer to."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def write(self, piece: Buffer, /) -> int:
        written = super().write(piece)
        if self.tell() > self.most:
            raise TooLarge
        return written


@dataclass(frozen=True, slots=True)
class Opened:
    """A snapshot of the graphs, and which of them everybody may see."""

    snapshot: Snapshot
    shown: frozenset[NamedNode] | None
    """None if all."""


class Answers:
    """Answers queries from the newest snapshot of a catalogue."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.graphs = GraphStore(Path(source.folder))
        self._opened: Opened | None = None

    def answer(self, asked: Asked) -> Answered:
        try:
            return self._answer(asked, self._newest())
        except TooLarge:
            most = f"{self.source.most_bytes / 1024**2:g} MiB"
            return Answered(413, message=f"the answer has more than {most}; ask for less, with LIMIT")
        except MemoryError:
            return Answered(503, message="the query needs more memory than one is given; ask for less")
        except SyntaxError as error:
            return Answered(400, message=f"not a SPARQL query: {error}")
        except NxspectraError as error:
            return Answered(500, message=str(error))
        except (OSError, RuntimeError, ValueError) as error:
            return Answered(400, message=f"the query cannot be answered: {error}")

    def _newest(self) -> Opened:
        opened = self._opened
        if opened is None or opened.snapshot.number != self.graphs.current():
            if opened is not None:
                opened.snapshot.close()
            snapshot = self.graphs.snapshot()
            opened = self._opened = Opened(snapshot, _shown(snapshot.store))
        return opened

    def _answer(self, asked: Asked, opened: Opened) -> Answered:
        store = opened.snapshot.store
        graphs = {name: NamedNode(name) for name in (*asked.default_graphs, *asked.named_graphs)}
        for name, graph in graphs.items():
            if not (graph in opened.shown if opened.shown is not None else store.contains_named_graph(graph)):
                return Answered(400, message=f"there is no graph <{name}> here, and none is fetched")
        everything = not graphs and opened.shown is None
        shown = list(opened.shown or ()) if not graphs else []
        default: list[NamedNode | BlankNode | DefaultGraph] = [*shown, *map(NamedNode, asked.default_graphs)]
        named: list[NamedNode | BlankNode] = [*shown, *map(NamedNode, asked.named_graphs)]
        results = store.query(
            asked.text,
            use_default_graph_as_union=everything,
            default_graph=None if everything else default,
            named_graphs=None if everything else named,
        )
        out = Bounded(self.source.most_bytes)
        if isinstance(results, QueryTriples):
            results.serialize(out, RdfFormat.from_media_type(asked.media_type))
        else:
            results.serialize(out, QueryResultsFormat.from_media_type(asked.media_type))
        return Answered(200, out.getvalue())


def _shown(store: Store) -> frozenset[NamedNode] | None:
    """The graphs of data sets that everybody may see; None if these are all."""
    found = store.query(HIDDEN)
    assert isinstance(found, QuerySolutions)  # noqa: S101
    hidden = {row["g"] for row in found}
    if not hidden:
        return None
    names = (name for name in store.named_graphs() if name not in hidden)
    return frozenset(name for name in names if isinstance(name, NamedNode))


def serve(descriptor: int) -> None:
    """The life of the process: what it is for, then queries until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends its children
    os.set_inheritable(descriptor, False)
    leave_the_network()
    connection: Connection[Answered, Source | Asked] = Connection(descriptor)
    with suppress(EOFError, ConnectionError):
        source = connection.recv()
        assert isinstance(source, Source)  # noqa: S101
        bound_memory(source.limits)
        answers = Answers(source)
        connection.send(Answered(200))
        while True:
            asked = connection.recv()
            assert isinstance(asked, Asked)  # noqa: S101
            bound_cpu(source.limits)
            connection.send(answers.answer(asked))
