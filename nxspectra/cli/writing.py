"""A tree to where the command line said, for the verbs that write."""

from __future__ import annotations

from pathlib import Path

from nxspectra import hdf5
from nxspectra.errors import FileError
from nxspectra.tree import Group


def write(root: Group, target: Path, *, in_place: bool, overwrite: bool) -> None:
    """Write `root`, whole or not at all; the folder is made if it is not there.

    Raises FileError if it cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{target.parent}: cannot be made: {error.strerror}") from None
    hdf5.write(root, target, in_place=in_place, overwrite=overwrite)
