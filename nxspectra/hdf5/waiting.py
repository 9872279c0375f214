"""Whether somebody is still writing a file, and waiting until nobody is."""

from __future__ import annotations

import os
import time
from pathlib import Path

from nxspectra.errors import FileBusy, NotHDF5
from nxspectra.hdf5.opening import busy, file_errors, identity

FRESH = 2.0
"""Seconds since the last change within which a file is looked at twice, to see whether it grows."""
TWICE = 0.25
"""Seconds between the two looks."""
AGAIN = 0.5
"""Seconds until somebody who waits looks again."""


def settled(path: str | os.PathLike[str], wait: float = 0.0) -> None:
    """Return when nobody is writing the file, as far as can be seen; look for up to `wait` seconds.

    Seen are HDF5's own marks (also of SWMR), the locks of other processes of this machine, and a file
    that changes while it is looked at. Raises FileBusy when the time is over, saying why, NotHDF5 for a
    file that is not complete by then, and FileError.
    """
    end = time.monotonic() + wait
    while True:
        try:
            why = unsettled(path)
        except NotHDF5:
            # A file that is being copied here is not complete yet.
            if time.monotonic() >= end:
                raise
            why = ""
        if why is None:
            return
        if time.monotonic() >= end:
            raise FileBusy(f"{why} (waited {wait:g} s)" if wait else f"{why}; --wait SECONDS waits for that")
        time.sleep(max(0.0, min(AGAIN, end - time.monotonic())))


def unsettled(path: str | os.PathLike[str]) -> str | None:
    """Why a file should be looked at again later; None if nobody is writing it, as far as can be seen.

    Raises NotHDF5 for a file that is not complete and does not grow either, and FileError.
    """
    try:
        return busy(path) or growing(path)
    except NotHDF5:
        why = growing(path)
        if why is None:
            raise
        return why


def is_fresh(path: str | os.PathLike[str]) -> bool:
    """Has the file changed within the last seconds? Raises FileError."""
    with file_errors(path):
        return abs(time.time() - Path(path).stat().st_mtime) <= FRESH


def growing(path: str | os.PathLike[str]) -> str | None:
    """That the file changes, if it does; only one that has just been changed is looked at twice."""
    if not is_fresh(path):
        return None
    with file_errors(path):
        before = Path(path).stat()
        time.sleep(TWICE)
        after = Path(path).stat()
    if identity(before) == identity(after):
        return None
    grown = after.st_size - before.st_size
    how = f"grew by {grown:,} bytes" if grown > 0 else "changed"
    return f"{path}: {how} while it was looked at; it is still being written"
