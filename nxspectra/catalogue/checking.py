"""Whether files, graphs and index say the same; each difference is named."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import NamedNode
from sqlalchemy import Connection, func, select

from nxspectra.catalogue import tables
from nxspectra.catalogue.catalogue import Catalogue
from nxspectra.catalogue.graphs import digest_of
from nxspectra.errors import FileError

_AT_ONCE = 1000
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be."""

    rule: str
    pid: str | None
    file: str | None
    message: str

    def as_json(self) -> dict[str, str | None]:
        return {"rule": self.rule, "pid": self.pid, "file": self.file, "message": self.message}


def check(catalogue: Catalogue, *, digests: bool = False) -> Iterator[Difference]:
    """What differs between the files, the published graphs and the index.

    Files are compared by their size, and with `digests` by their sha256 too, for which all of each is read.
    Raises FileError if there is no catalogue; that a part of it is damaged is a difference.
    """
    catalogue.store.expect()
    file = catalogue.index.file
    if file is not None and not file.exists() and catalogue.store.current() is None:
        return
    try:
        with catalogue.index.reading() as connection:
            yield from _damage(connection)
            yield from _interrupted(connection)
            yield from _graphs(connection, catalogue)
            yield from _files(connection, digests)
    except FileError as error:
        yield Difference("damaged", None, None, str(error))


def _damage(connection: Connection) -> Iterator[Difference]:
    if connection.dialect.name == "sqlite":
        for (said,) in connection.exec_driver_sql("PRAGMA quick_check(20)"):
            if said != "ok":
                yield Difference("damaged", None, None, f"the index is damaged: {said}")


def _interrupted(connection: Connection) -> Iterator[Difference]:
    number = connection.scalar(select(func.count()).select_from(tables.intents)) or 0
    if number:
        message = (
            f"{number} filed and not yet in graphs and index; whoever files next, or a rebuild, ends that"
        )
        yield Difference("unfinished", None, None, message)


def _graphs(connection: Connection, catalogue: Catalogue) -> Iterator[Difference]:
    names = {name.value for name in catalogue.store.names()}
    for pid, iri, _, digest in _data_sets(connection):
        if digest is None:
            continue
        if iri not in names:
            yield Difference("not-in-graph", pid, None, f"<{iri}> is in the index and has no graph")
            continue
        names.discard(iri)
        if digest_of(catalogue.store.triples(NamedNode(iri))) != digest:
            yield Difference("graph-differs", pid, None, f"the graph <{iri}> is not the one that was filed")
    for iri in sorted(names):
        yield Difference("not-in-index", None, None, f"<{iri}> has a graph and is not in the index")


def _data_sets(connection: Connection) -> Iterator[tuple[str, str, int, bytes | None]]:
    """pid, IRI, id and digest of the graph, in the order of the ids."""
    data, bases = tables.datasets, tables.bases
    statement = (
        select(data.c.id, data.c.pid, data.c.iri, bases.c.iri.label("base"), data.c.graph)
        .outerjoin(bases, bases.c.id == data.c.base)
        .order_by(data.c.id)
        .limit(_AT_ONCE)
    )
    rows = connection.execute(statement).all()
    while rows:
        for row in rows:
            yield row.pid, row.iri if row.base is None else row.base + row.pid, row.id, row.graph
        rows = connection.execute(statement.where(data.c.id > rows[-1].id)).all()


def _files(connection: Connection, digests: bool) -> Iterator[Difference]:
    data, files, folders = tables.datasets, tables.files, tables.folders
    statement = (
        select(data.c.pid, data.c.missing, files, folders.c.path.label("folder_path"))
        .join(data, data.c.id == files.c.dataset)
        .outerjoin(folders, folders.c.id == files.c.folder)
        .where(data.c.source == "file")
        .order_by(files.c.dataset, files.c.number)
    )
    for row in connection.execute(statement):
        path = row.path if row.folder_path is None else row.folder_path + row.name
        if path is None:
            continue
        wrong = _wrong(Path(path), row.size, row.digest, digests)
        if row.missing and wrong is None:
            yield Difference("file-back", row.pid, path, "is marked as missing and is there")
        elif wrong is not None and not (row.missing and wrong[0] == "file-missing"):
            yield Difference(wrong[0], row.pid, path, wrong[1])


def _wrong(path: Path, size: int | None, digest: bytes | None, digests: bool) -> tuple[str, str] | None:
    """What is wrong with a file."""
    try:
        if size is not None and path.stat().st_size != size:
            return "file-changed", f"was filed with {size} bytes and has {path.stat().st_size}"
        if digests and digest is not None and sha256(path) != digest.hex():
            return "file-changed", "is not the file that was filed, by its sha256"
    except FileNotFoundError:
        return "file-missing", "is not there"
    except OSError as error:
        return "file-unreadable", f"cannot be read: {error.strerror}"
    return None


def sha256(path: Path) -> str:
    """In hex, of the bytes of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
