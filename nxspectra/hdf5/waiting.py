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
            why = busy(path) or growing(path)
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


def growing(path: str | os.PathLike[str]) -> str | None:
    """That the file changes, if it does; only one that has just been changed is looked at twice."""
    with file_errors(path):
        before = Path(path).stat()
        if abs(time.time() - before.st_mtime) > FRESH:
            return None
        time.sleep(TWICE)
        after = Path(path).stat()
    if identity(before) == identity(after):
        return None
    grown = after.st_size - before.st_size
    how = f"grew by {grown:,} bytes" if grown > 0 else "changed"
    return f"{path}: {how} while it was looked at; it is still being written"
