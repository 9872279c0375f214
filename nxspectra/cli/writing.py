"""A tree to where the command line said, for the verbs that write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nxspectra import hdf5
from nxspectra.cli.progress import copying
from nxspectra.errors import FileError
from nxspectra.tree import Group

LARGE = 256 << 20
"""Bytes; what is smaller is written within a second, and the bar, which takes time to load, is not for it."""


def write(root: Group, target: Path, *, in_place: bool, overwrite: bool, as_link: bool = False) -> None:
    """Write `root`, whole or not at all, or a file of links to the one it was read from.

    The folder is made if it is not there. Raises FileError if it cannot be written.
    """
    made_folder(target)
    new = hdf5.sidecar(root, target) if as_link else root
    with copying_if_large(root, f"writing {target.name}") as progress:
        hdf5.write(new, target, in_place=in_place, overwrite=overwrite, progress=progress)


@contextmanager
def copying_if_large(root: Group, words: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar to be told how far the copy is, for a file that takes longer than a second."""
    if root.source is None or root.source.size < LARGE:
        yield None
        return
    with copying(words) as progress:
        yield progress


def made_folder(target: Path) -> None:
    """The folder of `target` is there afterwards; raises FileError."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{target.parent}: cannot be made: {error.strerror}") from None
