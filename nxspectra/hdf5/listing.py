"""Which files are meant by what a person wrote: files, folders with files in them, patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from nxspectra.errors import UsageError
from nxspectra.hdf5.opening import SIGNATURE

ENDINGS = frozenset({".nxs", ".nx5", ".nexus", ".h5", ".hdf5", ".hdf", ".he5", ".cxi"})
"""Files in a folder that are taken for HDF5; others are if they begin as HDF5 files do."""


def files_of(paths: Iterable[Path], besides: Iterable[Path] = ()) -> list[Path]:
    """The files meant, each once: files, the HDF5 files below folders, the matches of patterns.

    Within a folder or pattern they come by name, hidden ones and those in the folders `besides` not at all.
    Raises UsageError where a folder or pattern holds no file.
    """
    found: list[Path] = []
    out = frozenset(folder.resolve() for folder in besides)
    for path in paths:
        if path.is_dir():
            meant = _below(path, out)
            if not meant:
                raise UsageError(f"{path}: there is no HDF5 file in this folder or below")
        elif not path.exists() and glob.has_magic(str(path)):
            matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207
            meant = [
                file for match in matches for file in (_below(match, out) if match.is_dir() else [match])
            ]
            if not meant:
                raise UsageError(f"{path}: no file matches this pattern")
        else:
            meant = [path]
        found += meant
    return list(dict.fromkeys(found))


def _below(path: Path, out: frozenset[Path]) -> list[Path]:
    found: list[Path] = []
    for folder, subfolders, names in os.walk(path):
        here = Path(folder)
        subfolders[:] = sorted(
            name for name in subfolders if not name.startswith(".") and (here / name).resolve() not in out
        )
        found += [here / name for name in sorted(names) if not name.startswith(".") and _is_hdf5(here / name)]
    return found


def _is_hdf5(file: Path) -> bool:
    if file.suffix.lower() in ENDINGS:
        return file.is_file()
    try:
        if not file.is_file():
            return False
        with file.open("rb") as stream:
            return stream.read(len(SIGNATURE)) == SIGNATURE
    except OSError:
        return False
