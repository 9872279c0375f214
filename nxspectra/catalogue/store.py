"""The graphs of a catalogue on disk: one writer at a time, and readers that it never disturbs.

    catalogue.json     says that the folder is a catalogue, and of which form
    graph/             the store of the writer, locked while it is open
    published/7/       what readers open: a snapshot by hard links, never written to
    published/current  its number

A RocksDB store must not be opened for reading while another process writes to it, so the writer publishes
snapshots; one is removed when a newer one is there and no reader holds its lock.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pyoxigraph import NamedNode, Quad, Store, Triple

from nxspectra.errors import CatalogueDamaged, FileBusy, FileError
from nxspectra.files import write_whole

FORM = 1
"""Of the folder; a number for programs that come later."""

_FILES = "files"
"""A folder of data files that may stand in the catalogue's own."""
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The graphs as they were at one time; it stays while this is open, whatever is published meanwhile."""

    number: int | None
    """None if nothing was published yet."""
    store: Store
    lock: IO[str] | None

    def close(self) -> None:
        """Let the writer remove it when there is a newer one."""
        if self.lock is not None:
            self.lock.close()


class GraphStore:
    """Named graphs in a folder. It is opened for writing at the first write and stays so until `close`."""

    def __init__(self, folder: Path, *, remember: Mapping[str, str] | None = None) -> None:
        """`remember`: what is noted in `catalogue.json` when the folder is made."""
        self.folder = folder
        self._remember = dict(remember or {})
        self._writing: Store | None = None
        self._dirty = False

    # -- writing -------------------------------------------------------------------------------

    def replace(
        self, name: NamedNode, triples: Iterable[Triple], also_drop: Iterable[NamedNode] = ()
    ) -> None:
        """Put `triples` in the place of a graph: all of them or, if anything goes wrong, what was there."""
        with self.writing() as store:
            # One update is one transaction; its text is terms that pyoxigraph parsed and writes itself.
            drops = "".join(f"DROP SILENT GRAPH {other} ; " for other in (name, *also_drop))
            store.update(f"{drops}INSERT DATA {{ GRAPH {name} {{ {' . '.join(map(str, triples))} }} }}")
        self._dirty = True

    def replace_all(
        self, graphs: Iterable[tuple[NamedNode, Iterable[Triple]]], also_drop: Iterable[NamedNode] = ()
    ) -> None:
        """As `replace` for many, quicker; after an accident it is to be done again."""
        with self.writing() as store:
            wanted = {name: list(triples) for name, triples in graphs}
            for name in (*also_drop, *wanted):
                if store.contains_named_graph(name):
                    store.remove_graph(name)
            # no transaction, and nearly twice as quick as one
            store.bulk_extend(
                Quad(each.subject, each.predicate, each.object, name)
                for name, triples in wanted.items()
                for each in triples
            )
        self._dirty = True

    def remove(self, name: NamedNode) -> None:
        with self.writing() as store:
            store.remove_graph(name)
        self._dirty = True

    def publish(self) -> None:
        """Let readers see what has been written; it is on the disk then."""
        if self._writing is None or not self._dirty:
            return
        published = self.folder / "published"
        with self._damage_told():
            published.mkdir(exist_ok=True)
            number = (self._current() or 0) + 1
            while (published / str(number)).exists():
                number += 1
            self._writing.backup(str(published / str(number)))
            (published / f"{number}.lock").touch()
            write_whole(published / "current", f"{number}\n")
            self._dirty = False
            _remove_old(published, number)

    def close(self) -> None:
        """Publish what was written and let another process write."""
        self.publish()
        self._writing = None

    def abandon(self) -> None:
        """Let go of what is open, without publishing anything."""
        self._dirty = False
        self._writing = None

    @contextmanager
    def writing(self) -> Iterator[Store]:
        """The graphs as they are now, which only this process may change until `close`."""
        if self._writing is None:
            self.make_folder()
            with self._damage_told():
                self._writing = Store(str(self.folder / "graph"))
        with self._damage_told():
            yield self._writing

    def make_folder(self) -> None:
        """Make the folder a catalogue, if it is none. Raises FileError if it cannot be one."""
        marker = self.folder / "catalogue.json"
        if marker.exists():
            self._check_form()
            return
        try:
            if self.folder.is_dir() and any(path.name != _FILES for path in self.folder.iterdir()):
                raise FileError(
                    f"{self.folder}: is not a catalogue and holds other things; name a new or an empty folder"
                )
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(marker, json.dumps({"nxspectra catalogue": FORM, **self._remember}) + "\n")
        except OSError as error:
            raise FileError(f"{self.folder}: cannot be made a catalogue: {error.strerror}") from None

    # -- reading -------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[Store]:
        """The graphs as they were last published, or as they are now if they are being written here.

        Raises FileError if there is no catalogue, CatalogueDamaged if it is.
        """
        if self._writing is not None:
            with self._damage_told():
                yield self._writing
            return
        snapshot = self.snapshot()
        try:
            with self._damage_told():
                yield snapshot.store
        finally:
            snapshot.close()

    def snapshot(self) -> Snapshot:
        """The graphs as they were last published, to be closed in the end. Raises as `reading`."""
        self.expect()
        with self._damage_told():
            return self._hold_current()

    def look(self, *, whole: bool = False) -> None:
        """Raises CatalogueDamaged if the published graphs cannot be opened or, if `whole`, not all read."""
        snapshot = self.snapshot()
        try:
            with self._damage_told():
                for _ in snapshot.store if whole else ():
                    """It can be read."""
        finally:
            snapshot.close()

    def expect(self) -> None:
        """Raises FileError if there is no catalogue, or one of another form."""
        if not (self.folder / "catalogue.json").exists():
            raise FileError(
                f"{self.folder}: there is no catalogue here;"
                f" `nxspectra ingest FILES --catalogue {self.folder}` makes one"
            )
        self._check_form()

    def names(self) -> list[NamedNode]:
        """Of all graphs that are there, in order."""
        with self.reading() as store:
            names = [name for name in store.named_graphs() if isinstance(name, NamedNode)]
        return sorted(names, key=lambda name: name.value)

    def triples(self, name: NamedNode) -> list[Triple]:
        """Of a graph; none if it is not there."""
        with self.reading() as store:
            return [quad.triple for quad in store.quads_for_pattern(None, None, None, name)]

    def current(self) -> int | None:
        """The number of the newest snapshot; None if nothing was published yet."""
        with self._damage_told():
            return self._current()

    def _hold_current(self) -> Snapshot:
        for _ in range(_ATTEMPTS):
            number = self._current()
            if number is None:
                return Snapshot(None, Store(), None)
            path = self.folder / "published" / str(number)
            try:
                lock = path.with_name(f"{number}.lock").open(encoding="utf-8")
            except FileNotFoundError:  # the writer was quicker; then there is a newer one
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_SH)
                if path.exists():
                    return Snapshot(number, Store.read_only(str(path)), lock)
            except BaseException:
                lock.close()
                raise
            lock.close()
        raise FileError(
            f"{self.folder}: its published graphs cannot be found; file a data set to publish again"
        )

    def _current(self) -> int | None:
        try:
            return int((self.folder / "published" / "current").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError:
            raise self._damaged("published/current is not a number") from None

    def _check_form(self) -> None:
        try:
            form = json.loads((self.folder / "catalogue.json").read_text(encoding="utf-8"))[
                "nxspectra catalogue"
            ]
        except (OSError, ValueError, KeyError, TypeError):
            raise self._damaged("catalogue.json cannot be read") from None
        if form != FORM:
            raise FileError(f"{self.folder}: is a catalogue of form {form}; this nxspectra knows form {FORM}")

    @contextmanager
    def _damage_told(self) -> Iterator[None]:
        """What the store raises, as an error that says what to do."""
        try:
            yield
        except (OSError, RuntimeError) as error:
            said = " ".join(str(error).split())
            if "lock" in said.lower():
                raise FileBusy(
                    f"{self.folder}: another program is filing into this catalogue; wait for it to end"
                ) from None
            if isinstance(error, PermissionError) or "permission denied" in said.lower():
                raise FileError(f"{self.folder}: you may not write there") from None
            raise self._damaged(said) from None

    def _damaged(self, what: str) -> CatalogueDamaged:
        return CatalogueDamaged(
            f"{self.folder}: the catalogue is damaged ({what}). Everything in it comes from the files:"
            f" `nxspectra catalogue rebuild --catalogue {self.folder}` makes it again"
        )


def _remove_old(published: Path, current: int) -> None:
    for lock in published.glob("*.lock"):
        if lock.stem == str(current):
            continue
        with suppress(OSError), lock.open(encoding="utf-8") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a reader that holds it keeps the snapshot
            shutil.rmtree(published / lock.stem, ignore_errors=True)
            lock.unlink()
