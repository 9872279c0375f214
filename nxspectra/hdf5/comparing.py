"""Whether all that was in a file is still there, compared as it is stored and not as it is read."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import h5py
import numpy as np
from h5py import h5a, h5d, h5f, h5g, h5l, h5o, h5p, h5r, h5t

from nxspectra.findings import Finding, Severity
from nxspectra.hdf5.opening import SourceFile, opened
from nxspectra.hdf5.reading import shape_of
from nxspectra.hdf5.storage import FAILURES, lies_in_file, reason, with_filters
from nxspectra.hdf5.values import ValueType, given_value, name_text, refers
from nxspectra.hdf5.walking import ITEMS, Entry, entries
from nxspectra.tree import Array, same_value

BLOCK = 16 << 20
"""Bytes compared at once, so that memory does not grow with the file."""

Owner: TypeAlias = "h5g.GroupID | h5d.DatasetID | h5t.TypeID"


def differences(
    before: str | os.PathLike[str], after: str | os.PathLike[str], ignoring: Iterable[str] = ()
) -> tuple[Finding, ...]:
    """What of `before` is not in `after` as it was, and what is new there; empty if all is well.

    Compared are the stored bytes of every data set (chunk by chunk, not unpacked), types, shapes, filters,
    fill values, layouts, attributes, links, names of the same object, references, creation orders
    and the user block. What `ignoring` names, and what is in it, may be new in `after`; a path
    that is in `before` is compared all the same. Times, and where in the file things lie, do not count.
    Raises FileError and NotHDF5.
    """
    with opened(before) as (old, old_source), opened(after) as (new, new_source):
        one, other = Side(old, old_source), Side(new, new_source)
        return tuple(Comparison(one, other, new_paths(ignoring)).findings())


def new_paths(paths: Iterable[str]) -> frozenset[str]:
    """Absolute and without trailing slashes; an attribute of the root group is `@name`."""
    cleaned = set()
    for path in paths:
        where, at, name = path.rpartition("@")
        steps = [step for step in (where if at else path).split("/") if step]
        cleaned.add("".join(f"/{step}" for step in steps) + (f"@{name}" if at else ""))
    return frozenset(cleaned)


class Side:
    """One of the two files, with the path of every object met so far by its address."""

    def __init__(self, file: h5f.FileID, source: SourceFile) -> None:
        self.file = file
        self.source = source
        self.places: dict[int, str] = {}

    def start(self) -> bytes:
        """The user block, which is before the superblock."""
        with Path(self.source.path).open("rb") as file:
            return file.read(self.file.get_create_plist().get_userblock())

    def located(self, reference: Any) -> str:
        """The first path of what a reference points to, and for a region which part of it."""
        if not reference:
            return ""
        address = h5o.get_info(h5r.dereference(reference, self.file)).addr
        place = self.places.get(address, f"#{address}")
        if isinstance(reference, h5r.RegionReference):
            return f"{place}{h5r.get_region(reference, self.file).encode()!r}"
        return place


class Comparison:
    """One walk over both files in step."""

    def __init__(self, before: Side, after: Side, allowed: Collection[str]) -> None:
        self.before = before
        self.after = after
        self.allowed = allowed
        self.ways = {way for path in allowed for way in ways_to(path)}
        self.referring: list[tuple[str, Callable[[], Iterator[Finding]]]] = []
        """What can be compared when the place of every object is known."""

    def findings(self) -> Iterator[Finding]:
        if self.before.start() != self.after.start():
            yield Finding("/", "changed-user-block", "the bytes before the HDF5 part are not what they were")
        pending: list[tuple[str, Any, Any]] = [
            ("", h5g.open(self.before.file, b"/"), h5g.open(self.after.file, b"/"))
        ]
        for side, group in ((self.before, pending[0][1]), (self.after, pending[0][2])):
            side.places[h5o.get_info(group).addr] = "/"
        while pending:
            path, old, new = pending.pop()
            yield from self.attempt(path or "/", lambda: self.objects(path, old, new))  # noqa: B023
            if isinstance(old, h5g.GroupID) and isinstance(new, h5g.GroupID):
                below: list[tuple[str, Any, Any]] = []
                yield from self.attempt(path or "/", lambda: self.links(path, old, new, below))  # noqa: B023
                pending.extend(reversed(below))
        for where, compare in self.referring:
            yield from self.attempt(where, compare)

    def attempt(self, path: str, compare: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
        try:
            yield from compare()
        except FAILURES as error:
            yield Finding(
                path,
                "not-compared",
                f"cannot be read, so not compared: {reason(error)}",
                Severity.WARNING,
            )

    # -- links ---------------------------------------------------------------------------------

    def links(
        self, path: str, old: h5g.GroupID, new: h5g.GroupID, below: list[tuple[str, Any, Any]]
    ) -> Iterator[Finding]:
        left, right = by_name(old), by_name(new)
        for name, link in left.items():
            where = f"{path}/{name_text(name)}"
            if name not in right:
                yield Finding(where, "lost", "is not there any more")
                continue
            if link.order != right[name].order:
                yield Finding(where, "changed-order", "is not the same in the order of creation any more")
            yield from self.attempt(
                where,
                lambda: self.link(where, (old, link), (new, right[name]), below),  # noqa: B023
            )
        for name in right.keys() - left.keys():
            where = f"{path}/{name_text(name)}"
            if where not in self.allowed and not (where in self.ways and self.only_way(new, name, where)):
                yield Finding(where, "new", "was not there before, and is not what was to be added")

    def only_way(self, group: h5g.GroupID, name: bytes, where: str) -> bool:
        """A group without attributes that is only there to hold what may be new."""
        if group.links.get_info(name).type != h5l.TYPE_HARD:
            return False
        made = h5o.open(group, name)
        if not isinstance(made, h5g.GroupID):
            return False
        attributes = attribute_names(made)
        inside = {child: f"{where}/{name_text(child)}" for child in by_name(made)}
        return all(f"{where}@{name_text(each)}" in self.allowed for each in attributes) and all(
            at in self.allowed or (at in self.ways and self.only_way(made, child, at))
            for child, at in inside.items()
        )

    def link(
        self,
        where: str,
        old: tuple[h5g.GroupID, Entry],
        new: tuple[h5g.GroupID, Entry],
        below: list[tuple[str, Any, Any]],
    ) -> Iterator[Finding]:
        (here, link), (there, other) = old, new
        if link.kind != other.kind:
            yield Finding(where, "changed-link", "is another kind of link, or an object where a link was")
        elif link.kind == h5l.TYPE_HARD:
            first, second = self.before.places.get(link.address), self.after.places.get(other.address)
            if first != second:
                yield Finding(where, "changed-link", f"is a name of another object than {first or where}")
            elif first is None:
                self.before.places[link.address] = self.after.places[other.address] = where
                below.append((where, h5o.open(here, link.name), h5o.open(there, other.name)))
        elif link.kind in {h5l.TYPE_SOFT, h5l.TYPE_EXTERNAL}:
            was, now = here.links.get_val(link.name), there.links.get_val(other.name)
            if was != now:
                yield Finding(where, "changed-link", f"led to {was!r}, and now to {now!r}")

    # -- objects -------------------------------------------------------------------------------

    def objects(self, path: str, old: Owner, new: Owner) -> Iterator[Finding]:
        where = path or "/"
        if type(old) is not type(new):
            yield Finding(where, "changed-kind", "is another kind of object than it was")
            return
        yield from self.attributes(path, old, new)
        if isinstance(old, h5d.DatasetID) and isinstance(new, h5d.DatasetID):
            yield from self.datasets(where, old, new)
        elif isinstance(old, h5g.GroupID) and isinstance(new, h5g.GroupID):
            if orders(old) != orders(new):
                yield Finding(where, "changed-properties", "keeps another order of what is in it")
        elif isinstance(old, h5t.TypeID) and isinstance(new, h5t.TypeID) and old.encode() != new.encode():
            yield Finding(where, "changed-type", "is another type than it was")

    def attributes(self, path: str, old: Owner, new: Owner) -> Iterator[Finding]:
        names, others = attribute_names(old), attribute_names(new)
        ordered = keeps_order(old)
        for name in names:
            where = f"{path}@{name_text(name)}"
            if name not in others:
                yield Finding(where, "lost", "is not there any more")
                continue
            left, right = h5a.get_info(old, name), h5a.get_info(new, name)
            if ordered and left.corder != right.corder:
                yield Finding(where, "changed-order", "is not the same in the order of creation any more")
            yield from self.attempt(
                where,
                lambda: self.attribute(where, h5a.open(old, name), h5a.open(new, name)),  # noqa: B023
            )
        for name in others:
            where = f"{path}@{name_text(name)}"
            if name not in names and where not in self.allowed:
                yield Finding(where, "new", "was not there before, and is not what was to be added")

    def attribute(self, where: str, old: h5a.AttrID, new: h5a.AttrID) -> Iterator[Finding]:
        kind, shape = old.get_type(), shape_of(old.get_space())
        if kind.encode() != new.get_type().encode() or old.get_space().encode() != new.get_space().encode():
            yield Finding(where, "changed-type", "has another type or shape than it had")
        elif shape is not None:
            yield from self.later(
                where,
                kind,
                lambda: self.same_values(old, new, kind, shape),
                "has another value than it had",
            )

    def later(
        self, where: str, kind: h5t.TypeID, same: Callable[[], bool], message: str
    ) -> Iterator[Finding]:
        """A finding if the values are not the same; for references, when all places are known."""

        def compare() -> Iterator[Finding]:
            if not same():
                yield Finding(where, "changed-value", message)

        if refers(kind.dtype):
            self.referring.append((where, compare))
        else:
            yield from compare()

    def datasets(self, where: str, old: h5d.DatasetID, new: h5d.DatasetID) -> Iterator[Finding]:
        kind, other = old.get_type(), new.get_type()
        if kind.encode() != other.encode() or kind.committed() != other.committed():
            yield Finding(where, "changed-type", "has another type than it had")
            return
        if old.get_space().encode() != new.get_space().encode():
            yield Finding(where, "changed-shape", "has another shape than it had")
            return
        was, now = old.get_create_plist(), new.get_create_plist()
        if (was.get_layout(), external(was), sources(was)) != (now.get_layout(), external(now), sources(now)):
            yield Finding(where, "changed-storage", "is stored in another way, or elsewhere")
        elif filters(was) != filters(now):
            yield Finding(where, "changed-filter", "has other filters than it had")
        elif not was.equal(now):
            yield Finding(where, "changed-properties", "has another fill value or other properties")
        elif not self.same_storage(old, new, was):
            yield Finding(where, "changed-value", "does not hold the bytes that it held")
        elif scattered(kind):
            yield from self.later(
                where,
                kind,
                lambda: self.same_elements(old, new, kind),
                "holds other texts, lists or references than it did",
            )

    def same_storage(self, old: h5d.DatasetID, new: h5d.DatasetID, creation: h5p.PropDCID) -> bool:
        if creation.get_layout() == h5d.VIRTUAL or creation.get_external_count():
            return True
        if creation.get_layout() == h5d.CHUNKED:
            return same_chunks(old, new)
        if lies_in_file(old, self.before.source) and lies_in_file(new, self.after.source):
            return self.same_bytes(old, new)
        return scattered(old.get_type()) or self.same_elements(old, new, old.get_type())

    def same_bytes(self, old: h5d.DatasetID, new: h5d.DatasetID) -> bool:
        left, right, size = old.get_offset(), new.get_offset(), old.get_storage_size()
        if size != new.get_storage_size():
            return False
        before, after = Path(self.before.source.path), Path(self.after.source.path)
        with before.open("rb") as one, after.open("rb") as other:
            for start in range(0, size, BLOCK):
                count = min(BLOCK, size - start)
                if is_hole(one.fileno(), left + start, count) and is_hole(
                    other.fileno(), right + start, count
                ):
                    continue
                if os.pread(one.fileno(), count, left + start) != os.pread(
                    other.fileno(), count, right + start
                ):
                    return False
        return True

    def same_elements(self, old: h5d.DatasetID, new: h5d.DatasetID, kind: h5t.TypeID) -> bool:
        """Row by row, several at once: values that lie elsewhere in the file, or in its object header."""
        shape = shape_of(old.get_space())
        if shape is None:
            return True
        if not shape:
            return self.same_values(old, new, kind, shape)
        row = kind.get_size() * int(np.prod(shape[1:], dtype=np.int64))
        step = max(1, BLOCK // max(1, row))
        return all(
            self.same_values(old, new, kind, (min(step, shape[0] - start), *shape[1:]), start)
            for start in range(0, shape[0], step)
        )

    def same_values(
        self, old: Any, new: Any, kind: h5t.TypeID, shape: tuple[int, ...], start: int | None = None
    ) -> bool:
        if scattered(kind):
            told = [
                given_value(values(item, ValueType.of(kind), shape, start), side.located)
                for item, side in ((old, self.before), (new, self.after))
            ]
            return same_value(*told)
        left, right = (stored(item, kind, shape, start) for item in (old, new))
        return left.tobytes() == right.tobytes()


def is_hole(file: int, start: int, count: int) -> bool:
    """The file system keeps nothing there, which reads as zeros; large files arrive with such parts."""
    try:
        return os.lseek(file, start, os.SEEK_DATA) >= start + count
    except OSError as error:
        return error.errno == errno.ENXIO


def ways_to(path: str) -> Iterator[str]:
    """Every group above a path."""
    where = path.rpartition("@")[0] or path
    while where := where.rpartition("/")[0]:
        yield where


def by_name(group: h5g.GroupID) -> dict[bytes, Entry]:
    found = entries(group, ITEMS)
    if found is None:
        raise ValueError(f"it has more than {ITEMS} items")
    return {entry.name: entry for entry in found}


def attribute_names(item: Owner) -> list[bytes]:
    names: list[bytes] = []
    h5a.iterate(item, names.append)
    return names


def keeps_order(item: Owner) -> bool:
    """The order in which attributes were made is kept; else it is that of their storage."""
    if isinstance(item, h5t.TypeID):
        return False
    return bool(item.get_create_plist().get_attr_creation_order() & h5p.CRT_ORDER_TRACKED)


def orders(group: h5g.GroupID) -> tuple[int, int]:
    """Which orders of creation a group keeps, of its links and of its attributes.

    Not H5Pequal, for which the properties of a group differ from themselves.
    """
    creation = group.get_create_plist()
    return creation.get_link_creation_order(), creation.get_attr_creation_order()


def same_chunks(old: h5d.DatasetID, new: h5d.DatasetID) -> bool:
    """The same chunks with the same bytes as they are stored, packed or not."""
    left, right = chunks(old), chunks(new)
    return left == right and all(
        old.read_direct_chunk(offset) == new.read_direct_chunk(offset) for offset in left
    )


def chunks(dataset: h5d.DatasetID) -> dict[tuple[int, ...], tuple[int, int]]:
    """Filter mask and bytes of each chunk that is in the file."""
    found: dict[tuple[int, ...], tuple[int, int]] = {}

    def take(chunk: h5d.StoreInfo) -> None:
        found[chunk.chunk_offset] = (chunk.filter_mask, chunk.size)

    dataset.chunk_iter(take)
    return found


def filters(creation: h5p.PropDCID) -> list[Any]:
    return [creation.get_filter(index) for index in range(creation.get_nfilters())]


def external(creation: h5p.PropDCID) -> list[Any]:
    return [creation.get_external(index) for index in range(creation.get_external_count())]


def sources(creation: h5p.PropDCID) -> list[Any]:
    """What a virtual data set is made of."""
    if creation.get_layout() != h5d.VIRTUAL:
        return []
    return [
        (
            creation.get_virtual_filename(index),
            creation.get_virtual_dsetname(index),
            creation.get_virtual_vspace(index).encode(),
            creation.get_virtual_srcspace(index).encode(),
        )
        for index in range(creation.get_virtual_count())
    ]


def scattered(kind: h5t.TypeID) -> bool:
    """What is stored is where the value is: texts and lists of any length, and references."""
    dtype = kind.dtype
    return dtype.hasobject or refers(dtype)


def stored(item: Any, kind: h5t.TypeID, shape: tuple[int, ...], start: int | None) -> Array:
    """Values as they are stored, bit for bit, without a conversion."""
    out = np.empty(shape, np.dtype((np.void, kind.get_size())))
    fetch(item, out, kind, shape, start)
    return out


def values(item: Any, kind: ValueType, shape: tuple[int, ...], start: int | None) -> Array:
    out = np.empty(shape, kind.dtype)
    fetch(item, out, kind.memory, shape, start)
    return out


def fetch(item: Any, out: Array, memory: h5t.TypeID, shape: tuple[int, ...], start: int | None) -> None:
    if isinstance(item, h5a.AttrID):
        item.read(out, memory)
    elif out.size:
        there = item.get_space()
        if start is not None:
            there.select_hyperslab((start, *[0] * (len(shape) - 1)), shape)
        here = h5py.h5s.create_simple(shape) if shape else there
        with_filters(lambda: item.read(here, there, out, memory) or out)
