"""The one door to disk: look at a file, read it to a tree, write a tree whole or not at all.

    guard(path)        what in a file from outside could harm its reader, as findings; nothing of it is read
    read(path)         the tree of values; large arrays stay in the file until asked for
    write(root, path)  a copy of the source with the additions, or a fresh file; atomic
    sidecar(run, path) the tree of a file of links: what was added, and links to the raw file
    strip(root, path)  the file without what was added to it
    can_share(path, folder)   whether a copy there takes no room
    differences(before, after)   what of one file is not in the other as it was
    broken_links(path) which links lead nowhere
    settled(path, wait) when nobody is writing a file any more
    unsettled(path)    why a file should be looked at again later
    busy(path)         why a file seems to be still open for writing
    sha256(path)       its digest

libhdf5 can still crash on, or never come back from, a file that was damaged with intent or by chance:
files from strangers are for a process of their own, with limits of time and memory.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nxspectra.hdf5.guarding import guard
from nxspectra.hdf5.linking import broken_links, read, sidecar
from nxspectra.hdf5.opening import busy, sha256

if TYPE_CHECKING:
    from nxspectra.hdf5.comparing import differences
    from nxspectra.hdf5.stripping import added_paths, strip
    from nxspectra.hdf5.waiting import settled, unsettled
    from nxspectra.hdf5.writing import can_share, write

_LATER = {
    "added_paths": "stripping",
    "can_share": "writing",
    "differences": "comparing",
    "settled": "waiting",
    "strip": "stripping",
    "unsettled": "waiting",
    "write": "writing",
}
"""Who only reads does not wait for what writes."""

__all__ = [
    "added_paths",
    "broken_links",
    "busy",
    "can_share",
    "differences",
    "guard",
    "read",
    "settled",
    "sha256",
    "sidecar",
    "strip",
    "unsettled",
    "write",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'nxspectra.hdf5' has no attribute {name!r}")
    value = getattr(import_module(f"nxspectra.hdf5.{_LATER[name]}"), name)
    globals()[name] = value
    return value
