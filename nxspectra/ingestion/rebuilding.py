"""A catalogue made again from the files and from the records that are kept: graphs, index and all.

It is built in a folder of its own beside the old one and then put in its place, so that searches find the
old until the new is whole. What was filed and is no longer there is looked for by its digest, and if it is
nowhere it is marked as missing and kept as it was known.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count
from pathlib import Path

from pyoxigraph import Literal, NamedNode
from sqlalchemy import select

from nxspectra import hdf5, migration, rdf, validation
from nxspectra.catalogue import Catalogue, tables
from nxspectra.catalogue.checking import sha256
from nxspectra.catalogue.graphs import Graph, missing
from nxspectra.catalogue.index import FILE, Index
from nxspectra.catalogue.ledger import Filed
from nxspectra.catalogue.record import File, Record
from nxspectra.catalogue.served import ServedGraphs
from nxspectra.catalogue.store import GraphStore
from nxspectra.children import Died, answers
from nxspectra.errors import FileBusy, FileError, NxspectraError
from nxspectra.files import write_whole
from nxspectra.findings import Severity
from nxspectra.hdf5.listing import files_of
from nxspectra.limits import Limits
from nxspectra.rdf import Description
from nxspectra.rdf.terms import DCT, NXS
from nxspectra.settings import Settings, is_iri
from nxspectra.spectra import spectra_entry

BUILDING = "rebuilt"
"""The folder in the catalogue in which the new one is made."""
READY = "ready"
"""A file in it that says that it is whole and is to be put in place; it names the folder for the old one, if
that is to be kept."""
PARTS = ("published", "graph", f"{FILE}-wal", f"{FILE}-shm", FILE, "ledger.jsonl")


class Fate(StrEnum):
    """What became of a data set."""

    DESCRIBED = "described"
    MOVED = "moved"
    """It is in another place, where it was recognised by its digest."""
    MISSING = "missing"
    """It is nowhere that was looked at, and is kept as it was known."""
    KEPT = "kept"
    """From the records of an import or a harvest."""
    FAILED = "failed"
    """Its file cannot be described; it is kept as it was known."""
    SET_ASIDE = "set aside"
    """No data set, but what was there before and is damaged."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """One data set, or the records that are kept under one name."""

    fate: Fate
    pid: str | None
    file: str | None
    reason: str | None = None
    number: int = 1

    def as_json(self) -> dict[str, object]:
        return {
            "state": str(self.fate),
            "pid": self.pid,
            "file": self.file,
            "reason": self.reason,
            "number": self.number,
        }


def rebuild(
    catalogue: Catalogue,
    paths: Iterable[Path] = (),
    *,
    workers: int = 1,
    crosswalk: str = "p02.2",
    limits: Limits | None = None,
) -> Iterator[Rebuilt]:
    """Make a catalogue again; what became of each data set, as it is done.

    Files that are not where they were are looked for in `paths` and in the catalogue's own. A raw file that
    follows no definition is migrated by the `crosswalk` to be described, as ingest does it. Raises FileBusy
    while somebody files, FileError if there is no catalogue.
    """
    folder, building = catalogue.folder, catalogue.folder / BUILDING
    if (building / READY).exists():
        _put_in_place(catalogue)
    if not catalogue.ledger.path.exists() and not (folder / "graph").exists():
        catalogue.store.expect()
    ill = None
    try:
        with catalogue.store.writing():
            # now nobody else writes here, until the end
            pass
    except FileBusy:
        raise
    except FileError as error:
        ill = str(error)
        yield Rebuilt(Fate.FAILED, None, None, f"what was there cannot be used: {error}", 0)
    shutil.rmtree(building, ignore_errors=True)
    aside = _aside(folder) if ill or damage(catalogue) else ""
    with Catalogue(building, index=Index.in_folder(building)) as new:
        old = Old(catalogue)
        new.ledger.kept = catalogue.ledger.kept
        work = _Describing(crosswalk, Settings.load(), workers, limits or Limits())
        yield from _files(new, old, tuple(paths), work)
        for name in catalogue.ledger.names():
            yield Rebuilt(Fate.KEPT, None, f"{name}.jsonl", number=new.file_kept(name))
        new.make()
        old.copy_jobs(new)
    write_whole(building / READY, aside)
    _put_in_place(catalogue)
    if aside:
        yield Rebuilt(Fate.SET_ASIDE, None, str(folder / aside), "what was damaged is there", 0)


def damage(catalogue: Catalogue) -> str | None:
    """What is wrong with the parts of a catalogue, of which all is read; None if nothing."""
    try:
        catalogue.look()
        catalogue.store.look(whole=True)
        with catalogue.index.reading() as connection:
            if connection.dialect.name == "sqlite":
                (said,) = connection.exec_driver_sql("PRAGMA quick_check(1)").one()
                return None if said == "ok" else f"{catalogue.index.name}: {said}"
    except FileError as error:
        return str(error)
    return None


def _aside(folder: Path) -> str:
    """A name for the parts of a damaged catalogue, which are kept."""
    name = f"damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(each for each in names if not (folder / each).exists())


def _put_in_place(catalogue: Catalogue) -> None:
    """Swap the parts of a new catalogue that is whole in; done again from where it was interrupted."""
    folder, building = catalogue.folder, catalogue.folder / BUILDING
    said = (building / READY).read_text(encoding="utf-8")
    aside = folder / said if said else None
    if aside is not None:
        aside.mkdir(exist_ok=True)
    catalogue.abandon()
    if catalogue.index.file is None:
        with Catalogue(building, index=Index.in_folder(building)) as new:
            catalogue.index.copy(new.index)
        (building / FILE).unlink(missing_ok=True)
        catalogue.index.close()
    if isinstance(catalogue.store, ServedGraphs):
        catalogue.store.copy(GraphStore(building))
        catalogue.close()
        for name in ("graph", "published"):
            shutil.rmtree(building / name, ignore_errors=True)
        shutil.copy(folder / "catalogue.json", building / "catalogue.json")
    for name in PARTS:
        made, place = building / name, folder / name
        if name.startswith(FILE) and not made.exists() and (building / FILE).exists():
            _clear(place, aside)  # a log of the old index is none of the new
        if made.exists():
            _clear(place, aside)
            made.replace(place)
    (building / "catalogue.json").replace(folder / "catalogue.json")
    shutil.rmtree(building)


def _clear(place: Path, aside: Path | None) -> None:
    """Make room for a new part; the old one goes, or is kept with others."""
    if aside is not None and place.exists():
        place.replace(aside / place.name)
    elif place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


class Old:
    """What is still known from the catalogue that is made again; whatever is damaged knows nothing."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def filed(self) -> list[Filed]:
        """The files that were filed: from the ledger, and from index and graphs what it lacks."""
        found = {each.pid: each for each in self._catalogue.ledger}
        with suppress(FileError), self._catalogue.index.reading() as connection:
            data, files, folders = tables.datasets, tables.files, tables.folders
            statement = (
                select(data.c.pid, files, folders.c.path.label("folder_path"))
                .join(files, files.c.dataset == data.c.id)
                .outerjoin(folders, folders.c.id == files.c.folder)
                .where(data.c.source == "file", files.c.number == 1)
            )
            for row in connection.execute(statement):
                path = row.path if row.folder_path is None else row.folder_path + row.name
                if path is not None:
                    digest = row.digest and row.digest.hex()
                    found.setdefault(row.pid, Filed(row.pid, path, row.size, digest))
        if not found:
            found = {each.pid: each for each in self._from_graphs()}
        return list(found.values())

    def _from_graphs(self) -> Iterator[Filed]:
        """Of a catalogue that had neither: then the graphs had the paths."""
        store = self._catalogue.store
        with suppress(FileError):
            for name in store.names():
                said = {each.predicate.value: each.object for each in store.triples(name)}
                path, pid = said.get(NXS["path"]), said.get(DCT["identifier"])
                if isinstance(path, Literal) and isinstance(pid, Literal):
                    yield Filed(pid.value, path.value)

    def known(self, filed: Filed) -> tuple[Record, Graph | None]:
        """A data set as it was known, or as the ledger alone knows it."""
        record, graph = None, None
        with suppress(FileError):
            record = self._catalogue.index.get(filed.pid)
        site = Settings.load()
        iri = record.iri if record else filed.pid if is_iri(filed.pid) else site.base_iri + filed.pid
        with suppress(FileError):
            triples = self._catalogue.store.triples(NamedNode(iri))
            graph = Graph(NamedNode(iri), tuple(triples)) if triples else None
        if record is None:
            path = Path(filed.path)
            file = File(path.name, filed.path, filed.size, filed.digest)
            record = Record(filed.pid, iri, path.stem or filed.pid, files=(file,), size=filed.size)
        return record, graph

    def is_missing(self, filed: Filed) -> bool:
        """Is it known that its file is gone?"""
        record, graph = self.known(filed)
        marked = graph is not None and missing(record.iri) in graph.triples
        return record.state == "missing" or marked

    def copy_jobs(self, new: Catalogue) -> None:
        """What was asked to be done stays asked."""
        with suppress(FileError), self._catalogue.index.reading() as connection:
            jobs = [dict(row._mapping) for row in connection.execute(select(tables.jobs))]
            if jobs and self._catalogue.index.file is not None:
                with new.index.writing() as writing:
                    writing.execute(tables.jobs.insert(), jobs)


def _files(new: Catalogue, old: Old, paths: Sequence[Path], work: _Describing) -> Iterator[Rebuilt]:
    filed = old.filed()
    gone = [each for each in filed if not Path(each.path).is_file()]
    found = _found(gone, (*paths, new.folder.parent / "files")) if gone else {}
    places = [(each, found.get(each.pid, Path(each.path))) for each in filed]
    there = [(each, place) for each, place in places if place.is_file()]
    described: set[str] = set()
    files = [place for _, place in there]
    with closing(answers(files, work, work.workers, limits=work.limits)) as done:
        for number, answer in done:
            each, place = there[number]
            if isinstance(answer, Description):
                new.file(answer)
                described.add(answer.pid)
                fate = Fate.DESCRIBED if str(place) == each.path else Fate.MOVED
                yield Rebuilt(fate, answer.pid, str(place))
            else:
                new.put(*old.known(each))
                described.add(each.pid)
                reason = answer.reason if isinstance(answer, Died) else answer
                yield Rebuilt(Fate.FAILED, each.pid, str(place), reason)
    for each in filed:
        if each.pid not in described:
            record, graph = old.known(each)
            if graph is not None:
                graph = Graph(graph.name, tuple(dict.fromkeys((*graph.triples, missing(record.iri)))))
            new.put(replace(record, state="missing"), graph)
            yield Rebuilt(Fate.MISSING, each.pid, each.path, "it is not there")


def _found(gone: Iterable[Filed], paths: Iterable[Path]) -> dict[str, Path]:
    """Where files are that are not where they were, by pid; only those of the same size are read."""
    wanted = {(each.size, each.digest): each.pid for each in gone if each.digest is not None}
    sizes = {size for size, _ in wanted}
    found: dict[str, Path] = {}
    for file in files_of(path for path in paths if path.exists()):
        with suppress(OSError):
            size = file.stat().st_size
            if size in sizes or None in sizes:
                digest = sha256(file)
                pid = wanted.get((size, digest)) or wanted.get((None, digest))
                if pid is not None:
                    found.setdefault(pid, file.absolute())
    return found


@dataclass(frozen=True)
class _Describing:
    """Describes a file in a child process."""

    crosswalk: str
    settings: Settings
    workers: int
    limits: Limits

    def __call__(self, file: Path) -> Description | str:
        """What it is, or why that cannot be told."""
        try:
            unsafe = [found.message for found in hdf5.guard(file) if found.severity is Severity.VIOLATION]
            if unsafe:
                return "; ".join(unsafe)
            root = hdf5.read(file, keep=validation.needed)
            report = validation.validate(root)
            if spectra_entry(root) is None and not report.conforms:
                root, _ = migration.migrate_and_review(hdf5.read(file), self.crosswalk, {})
                report = validation.validate(root)
            return rdf.describe(root, self.settings, report=report)
        except NxspectraError as error:
            return str(error)
        except Exception as error:  # the next file is to be described whatever this one did
            return (
                f"unexpected {type(error).__name__}: {error}; this is a defect in nxspectra, please report it"
            )
