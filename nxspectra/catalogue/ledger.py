"""Which files were filed, a line each, in plain text: from it a catalogue is made again if all else is lost.

ledger.jsonl       {"pid": .., "path": .., "size": .., "digest": ..}, and {"pid": .., "removed": true}
kept/NAME.jsonl    records that were imported or harvested, one a line
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from nxspectra.catalogue.record import Record
from nxspectra.errors import FileError, UsageError
from nxspectra.files import write_whole


@dataclass(frozen=True, slots=True)
class Filed:
    """A file that a data set was described from."""

    pid: str
    path: str
    size: int | None = None
    digest: str | None = None
    """sha256 in hex."""


class Ledger:
    """The ledger in the folder of a catalogue."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ledger.jsonl"
        self.kept = folder / "kept"

    def add(self, record: Record) -> None:
        """Note the file of a record; without one there is nothing to note."""
        for file in record.files[:1]:
            if record.source.kind == "file" and file.path is not None:
                self._write({"pid": record.pid, "path": file.path, "size": file.size, "digest": file.digest})

    def remove(self, pid: str) -> None:
        self._write({"pid": pid, "removed": True})

    def _write(self, line: dict[str, object]) -> None:
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")

    def __iter__(self) -> Iterator[Filed]:
        """What is filed, each data set once; a line that is cut off was never filed."""
        found: dict[str, Filed] = {}
        for line in self._lines():
            try:
                said = json.loads(line)
                pid = said["pid"]
                if said.get("removed"):
                    found.pop(pid, None)
                else:
                    found[pid] = Filed(pid, said["path"], said.get("size"), said.get("digest"))
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
        yield from found.values()

    def _lines(self) -> Iterator[str]:
        try:
            with self.path.open(encoding="utf-8", errors="replace") as stream:
                yield from stream
        except FileNotFoundError:
            return

    def write(self, filed: Iterable[Filed]) -> None:
        """All of the ledger anew, each data set once."""
        write_whole(self.path, (json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in filed))

    # -- records without files -----------------------------------------------------------------

    def keep(self, name: str, records: Iterable[Record]) -> set[str]:
        """Records of an import or a harvest under a name, in the place of those before; their pids."""
        if not name or name != Path(name).name or name.startswith("."):
            raise UsageError(f"{name!r} cannot be the name of a file to keep records in")
        self.kept.mkdir(parents=True, exist_ok=True)
        path = self.kept / f"{name}.jsonl"
        pids = set()

        def lines() -> Iterator[str]:
            for record in records:
                pids.add(record.pid)
                yield record.as_json() + "\n"

        write_whole(path, lines())
        return pids

    def names(self) -> list[str]:
        """Under which records are kept."""
        return sorted(path.stem for path in self.kept.glob("*.jsonl")) if self.kept.is_dir() else []

    def records(self, name: str) -> Iterator[Record]:
        """Those kept under a name. Raises FileError if a line is none, with its number."""
        path = self.kept / f"{name}.jsonl"
        try:
            with path.open(encoding="utf-8") as stream:
                for number, line in enumerate(stream, 1):
                    try:
                        yield Record.from_json(line)
                    except UsageError as error:
                        raise FileError(f"{path}:{number}: {error}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(f"{path}: cannot be read: {error}") from None
