"""The graphs of a catalogue that a server keeps: the folder remembers where, and who may write."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pyoxigraph import NamedNode, Triple

from nxspectra.catalogue.server import GraphServer
from nxspectra.catalogue.store import GraphStore
from nxspectra.errors import FileBusy, FileError, UsageError


def graphs_of(folder: Path, address: str | None = None) -> GraphStore | ServedGraphs:
    """The graphs of the catalogue in a folder: its own, or those of the server that it was made with.

    Raises UsageError if the catalogue was made with another address than is given here.
    """
    remembered = remembered_address(folder)
    is_made = (folder / "catalogue.json").exists()
    if address is not None and is_made and remembered != address:
        kept = f"at {remembered}" if remembered else "in its own folder"
        raise UsageError(
            f"{folder}: the catalogue keeps its graphs {kept}; make a new one to keep them at {address}"
        )
    chosen = remembered or address
    return GraphStore(folder) if chosen is None else ServedGraphs(folder, chosen)


def remembered_address(folder: Path) -> str | None:
    """The address of the server that keeps the graphs of a catalogue; None if none does, or there is none."""
    try:
        said = json.loads((folder / "catalogue.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    address = said.get("graph") if isinstance(said, dict) else None
    return address if isinstance(address, str) else None


class ServedGraphs:
    """Graphs at a server, of a catalogue in a folder. Each change is seen at once."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.server = GraphServer(address)
        self._marker = GraphStore(folder, remember={"graph": address})
        self._lock: IO[str] | None = None

    @contextmanager
    def writing(self) -> Iterator[GraphServer]:
        """Raises FileBusy while another process files."""
        if self._lock is None:
            self._marker.make_folder()
            try:
                lock = (self.folder / "graph.lock").open("w", encoding="utf-8")
            except OSError as error:
                raise FileError(f"{self.folder}: you may not write there: {error.strerror}") from None
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.close()
                raise FileBusy(
                    f"{self.folder}: another program is filing into this catalogue; wait for it to end"
                ) from None
            self._lock = lock
        yield self.server

    def replace(
        self, name: NamedNode, triples: Iterable[Triple], also_drop: Iterable[NamedNode] = ()
    ) -> None:
        with self.writing() as server:
            server.replace(name, triples, also_drop)

    def replace_all(
        self, graphs: Iterable[tuple[NamedNode, Iterable[Triple]]], also_drop: Iterable[NamedNode] = ()
    ) -> None:
        """Many, one after another; after an accident it is to be done again."""
        for name, triples in graphs:
            self.replace(name, triples)
        for other in also_drop:
            self.remove(other)

    def remove(self, name: NamedNode) -> None:
        with self.writing() as server:
            server.remove(name)

    def publish(self) -> None:
        """What is written is seen at once."""

    def close(self) -> None:
        """Let another process write."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def abandon(self) -> None:
        """There is nothing else to be let go of."""
        self.close()

    def look(self, *, whole: bool = False) -> None:  # noqa: ARG002
        """The server looks after its graphs itself."""
        self.expect()

    def expect(self) -> None:
        self._marker.expect()

    def names(self) -> list[NamedNode]:
        return self.server.names()

    def triples(self, name: NamedNode) -> list[Triple]:
        return self.server.triples(name)

    def current(self) -> int | None:
        """None if nothing was published yet; there are no numbers here."""
        return 0 if self.server.has_any() else None

    def copy(self, other: GraphStore) -> None:
        """All graphs of a store in the place of those that are here, one after another."""
        wanted = other.names()
        for name in wanted:
            self.replace(name, other.triples(name))
        for name in sorted(set(self.names()) - set(wanted), key=lambda each: each.value):
            self.remove(name)
