"""What the catalogue has of a data set already: asked by the child that is to make another result of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nxspectra.catalogue.index import Index
from nxspectra.errors import FileError


@dataclass(frozen=True, slots=True)
class Known:
    """The file that is filed as a data set."""

    path: Path
    digest: str | None
    """Its sha256 when it was filed, in hex."""
    conforms: bool | None

    @property
    def sound_path(self) -> Path | None:
        """Where it is, if it is there and conforms."""
        return self.path if self.conforms is True and self.path.is_file() else None


def known(index: str | None, pid: str) -> Known | None:
    """What is filed under this pid; None where nothing is, or nobody can say.

    `index`: the URL of the index; None without a catalogue.
    """
    if index is None:
        return None
    opened = _opened(index)
    if opened.file is not None and not opened.file.exists():
        return None
    try:
        record = opened.get(pid)
    except FileError:
        return None  # what is wrong with the index is said by the one who files
    if record is None or record.source.kind != "file" or not record.files or record.files[0].path is None:
        return None
    return Known(Path(record.files[0].path), record.files[0].digest, record.conforms)


@lru_cache(maxsize=1)
def _opened(url: str) -> Index:
    return Index(url)
