"""Whether a file from outside may be opened by the rest of us: nothing of it is read, no link is followed.

A file can make its reader open other files (external raw storage reads any file of the machine, be it
HDF5 or not), never end (links in a circle), or need more memory than there is (a few bytes that unpack
to terabytes). Each of these is a finding with the path.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from h5py import h5a, h5d, h5f, h5g, h5l, h5o

from nxspectra.findings import Finding, Severity
from nxspectra.hdf5.opening import SourceFile, opened
from nxspectra.hdf5.reading import shape_of
from nxspectra.hdf5.storage import FAILURES, lies_in_file, reason
from nxspectra.hdf5.values import name_text
from nxspectra.hdf5.walking import ATTRIBUTES, DEPTH, ITEMS, SECONDS, Entry, entries
from nxspectra.tree import LINKS_FOLLOWED

LARGEST = 16 << 40
"""Bytes of one data set: 16 TiB, some ten times the largest single acquisition of a detector today."""
UNPACKED = 1 << 30
"""Bytes that a data set may always unpack to, however few it has in the file."""
RATIO = 1_100
"""Unpacked to stored beyond that; deflate reaches at most 1032 (zlib's technical notes)."""
CHUNK = 256 << 20
"""Bytes of one chunk, which is unpacked whole for a single value; a frame of 16 million pixels has 64 MiB."""
STEPS = 10_000_000
"""To follow all soft links of a file."""

RULES = {
    "external-storage": "keeps its values in another file, of any kind",
    "external-link": "leads to a file outside of the allowed folders",
    "virtual-source": "takes its values from a file outside of the allowed folders",
    "link-loop": "leads back to itself",
    "absurd-size": "is larger than any measurement",
    "absurd-ratio": "unpacks to far more than it has in the file",
    "chunk-bomb": "has to be unpacked in pieces that are too large",
    "too-deep": "has too many groups inside groups",
    "too-many-items": "has too many items",
    "too-many-attributes": "has too many attributes",
    "took-too-long": "takes too long to look through",
    "user-defined-link": "is a link that only another program understands",
    "impossible-name": "has a name that leads elsewhere",
    "damaged": "cannot be opened",
}
"""Every rule of the guard; all but `damaged`, a warning, are violations."""


def guard(
    path: str | os.PathLike[str], *, roots: Sequence[str | os.PathLike[str]] = ()
) -> tuple[Finding, ...]:
    """What in a file could harm who reads it; empty if it is harmless.

    Links and virtual data sets may lead to the folder of the file and below, and to `roots`.
    Raises NotHDF5, FileBusy and FileError.
    """
    with opened(path) as (file, source):
        allowed = [Path(source.path).resolve().parent, *(Path(root).resolve() for root in roots)]
        try:
            return tuple(Patrol(file, source, allowed).findings())
        except FAILURES as error:
            return (Finding("/", "damaged", f"cannot be read: {reason(error)}", Severity.WARNING),)


class Patrol:
    """One walk over the structure of a file, each object once."""

    def __init__(self, file: h5f.FileID, source: SourceFile, allowed: Sequence[Path]) -> None:
        self.file = file
        self.source = source
        self.allowed = allowed
        self.left = ITEMS
        self.end = time.monotonic() + SECONDS
        self.root: int = h5o.get_info(file).addr
        self.stack: list[tuple[h5g.GroupID, str, int, Iterator[Entry]]] = []
        """Groups under way: each with its path, its address and what is still to come."""
        self.above: set[int] = set()
        """Addresses of the groups under way."""
        self.places: dict[int, str] = {}
        self.ways: dict[tuple[int, str], int | str] = {}
        """Group and name -> the group or the path that it leads to: what it takes to follow a soft link."""
        self.soft: list[tuple[str, int, str]] = []
        """Path of a soft link, the group that it is in, and its target."""

    def findings(self) -> Iterator[Finding]:
        self.places[self.root] = ""
        yield from self.group(h5g.open(self.file, b"/"), "", self.root)
        while self.stack:
            here, path, address, to_come = self.stack[-1]
            entry = next(to_come, None)
            if entry is None:
                self.stack.pop()
                self.above.discard(address)
            elif time.monotonic() > self.end:
                where = f"{path}/{name_text(entry.name)}"
                yield Finding(where, "took-too-long", f"was not reached in {SECONDS} s, nor was the rest")
                return
            else:
                yield from self.entry(here, entry, f"{path}/{name_text(entry.name)}")
        yield from self.loops()

    def entry(self, here: h5g.GroupID, entry: Entry, path: str) -> Iterator[Finding]:
        try:
            if entry.kind == h5l.TYPE_HARD:
                yield from self.hard(here, entry, path)
            elif entry.kind == h5l.TYPE_SOFT:
                target = name_text(here.links.get_val(entry.name))
                parent = self.stack[-1][2]
                self.ways[parent, name_text(entry.name)] = target
                self.soft.append((path, parent, target))
            elif entry.kind == h5l.TYPE_EXTERNAL:
                outside = self.outside(here.links.get_val(entry.name)[0])
                if outside:
                    yield Finding(
                        path, "external-link", f"leads to {outside}, outside of the allowed folders"
                    )
            else:
                yield Finding(
                    path, "user-defined-link", f"is a link of type {entry.kind}; only HDF5's own are allowed"
                )
        except FAILURES as error:
            yield Finding(path, "damaged", f"cannot be opened: {reason(error)}", Severity.WARNING)

    def hard(self, here: h5g.GroupID, entry: Entry, path: str) -> Iterator[Finding]:
        if entry.address in self.above:
            where = self.places[entry.address] or "/"
            yield Finding(
                path, "link-loop", f"is {where} again, the group that it is in; a walk never ends here"
            )
        elif entry.address in self.places:
            self.ways[self.stack[-1][2], name_text(entry.name)] = entry.address
        elif not entry.possible:
            yield Finding(
                path, "impossible-name", f"{entry.name!r} would lead to another object than its own"
            )
        else:
            self.places[entry.address] = path
            item = h5o.open(here, entry.name)
            if isinstance(item, h5g.GroupID):
                self.ways[self.stack[-1][2], name_text(entry.name)] = entry.address
                yield from self.group(item, path, entry.address)
            else:
                yield from attributes(item, path)
                if isinstance(item, h5d.DatasetID):
                    yield from self.dataset(item, path)

    def group(self, group: h5g.GroupID, path: str, address: int) -> Iterator[Finding]:
        yield from attributes(group, path)
        if len(self.stack) >= DEPTH:
            yield Finding(
                path, "too-deep", f"is more than {DEPTH} groups deep; what is below was not looked at"
            )
            return
        found = entries(group, self.left)
        if found is None:
            yield Finding(
                path or "/", "too-many-items", f"has more than its share of {ITEMS} items; none was looked at"
            )
            return
        self.left -= len(found)
        self.above.add(address)
        self.stack.append((group, path, address, iter(found)))

    def dataset(self, dataset: h5d.DatasetID, path: str) -> Iterator[Finding]:
        if lies_in_file(dataset, self.source):
            return
        creation = dataset.get_create_plist()
        if creation.get_external_count():
            name = name_text(creation.get_external(0)[0])
            yield Finding(path, "external-storage", f"keeps its values in {name}, which can be any file")
            return
        layout = creation.get_layout()
        if layout == h5d.VIRTUAL:
            sources = {creation.get_virtual_filename(index) for index in range(creation.get_virtual_count())}
            for outside in sorted({self.outside(os.fsencode(name)) for name in sources - {"."}} - {""}):
                yield Finding(
                    path, "virtual-source", f"takes values from {outside}, outside of the allowed folders"
                )
        size = dataset.get_type().get_size()
        whole = size * math.prod(shape_of(dataset.get_space()) or (0,))
        stored = dataset.get_storage_size()
        if whole > LARGEST:
            yield Finding(
                path, "absurd-size", f"claims to hold {whole:,} bytes; at most {LARGEST:,} are allowed"
            )
        elif layout != h5d.VIRTUAL and whole > max(UNPACKED, RATIO * stored):
            yield Finding(path, "absurd-ratio", f"unpacks to {whole:,} bytes from {stored:,} in the file")
        chunk = size * math.prod(creation.get_chunk()) if layout == h5d.CHUNKED else 0
        if chunk > CHUNK:
            yield Finding(path, "chunk-bomb", f"has chunks of {chunk:,} bytes; at most {CHUNK:,} are allowed")

    def outside(self, file: bytes) -> str:
        """Where `file` really is if that is in none of the allowed folders, else nothing."""
        name = os.fsdecode(file)
        if "\x00" in name:
            return repr(name)
        really = (self.allowed[0] / name).resolve()
        return "" if any(really.is_relative_to(root) for root in self.allowed) else str(really)

    def loops(self) -> Iterator[Finding]:
        steps_left = STEPS
        for path, group, target in self.soft:
            steps = self.steps(group, target, steps_left)
            if steps is None:
                yield Finding(path, "link-loop", f"leads to {target}, and following it never ends")
            else:
                steps_left -= steps
            if steps_left <= 0:
                yield Finding(
                    path, "too-many-items", "is the last link that was followed; there are too many"
                )
                return

    def steps(self, group: int, target: str, most: int) -> int | None:
        """Steps to the end of a soft link in `group`, also if it leads nowhere; None if there is no end."""
        root = self.root
        to_go, here, followed, taken = target.split("/")[::-1], group, 1, 0
        if target.startswith("/"):
            here = root
        while to_go and taken < most:
            taken += 1
            step = to_go.pop()
            if step in {"", "."}:
                continue
            way = self.ways.get((here, step))
            if way is None:
                break
            if isinstance(way, int):
                here = way
                continue
            followed += 1
            if followed > LINKS_FOLLOWED:
                return None
            here = root if way.startswith("/") else here
            to_go.extend(way.split("/")[::-1])
        return taken


def attributes(item: h5g.GroupID | h5d.DatasetID, path: str) -> Iterator[Finding]:
    count = h5a.get_num_attrs(item)
    if count > ATTRIBUTES:
        yield Finding(
            path or "/", "too-many-attributes", f"has {count} attributes; at most {ATTRIBUTES} are allowed"
        )
