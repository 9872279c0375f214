"""Any HDF5 file to a tree of values, in one pass, without loading arrays and without following links."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from h5py import h5a, h5d, h5f, h5g, h5l, h5o, h5r, h5s, h5t

from nxspectra.errors import FileBusy, FileChanged, NotHDF5
from nxspectra.hdf5.opening import SourceFile, opened
from nxspectra.hdf5.storage import FAILURES, Storage, StoredValue, reason, with_filters
from nxspectra.hdf5.values import KNOWN, decoded, given_value, name_text, quick_text, unlocated, value_type
from nxspectra.hdf5.walking import ATTRIBUTES, DEPTH, ITEMS, SECONDS, Entry, TooMuchError, entries
from nxspectra.tree import Array, Attribute, Field, Group, Link, Node, Null, Unreadable, one

Keep: TypeAlias = Callable[[str, "str | None"], bool]
"""Whether the children of the group at a path, with this NX_class, are to be read."""

LOADED = 4096
"""Values of up to this many bytes are read in the walk; larger ones when they are asked for."""
TRIED = 16
"""So many names of attributes turn out to be no single text before none is taken for one any more."""
CHUNK = 16 << 20
"""Bytes; small values in larger chunks stay in the file too, since a chunk is unpacked whole."""

Frame: TypeAlias = tuple[h5g.GroupID, str, dict[str, Node], Iterator[Entry]]
"""A group under way: its path without the trailing slash, its children so far, its entries still to come."""


def read(path: str | os.PathLike[str], *, keep: Keep | None = None) -> Group:
    """The tree of an HDF5 file, its `source` set; the file is opened for reading only, never locked.

    Values of more than 4096 bytes stay in the file until asked for. Where `keep(path, nx_class)` is
    False a group stays without its children. A second hard link to an object is a Link to the first
    place where it was met; links out of the file are not followed; what cannot be read is an
    Unreadable node with the reason.
    Raises NotHDF5 (also for a truncated or empty file), FileBusy and FileError, and whatever `keep` raises.
    """
    with opened(path) as (file, source):
        try:
            root = Walk(file, source, keep).tree()
        except KeepFailedError as failed:
            raise failed.error from None
        except FAILURES as error:
            raise NotHDF5(f"{path}: is damaged: {reason(error)}") from None
        try:
            source.verify()
        except FileChanged:
            raise FileBusy(
                f"{path}: changed while it was read; wait until it is written, and read it again"
            ) from None
    return root.read_from(source)


class KeepFailedError(Exception):
    """What `keep` raised, kept apart from what h5py raises for something damaged."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class Walk:
    """One pass over a file, depth first, each object once; its own stack: files nest deeper than Python."""

    def __init__(self, file: h5f.FileID, source: SourceFile, keep: Keep | None) -> None:
        self.file = file
        self.source = source
        self.keep = keep
        self.left = ITEMS
        self.end = time.monotonic() + SECONDS
        self.stack: list[Frame] = []
        self.no_text: set[bytes] = set()
        """Names of attributes that were not one text of variable length."""
        self.places: dict[int, str] = {}
        """Address of every object met -> its path."""
        self.referring: list[Callable[[], None]] = []
        """Values with references, to be told when every place is known."""

    def tree(self) -> Group:
        self.places[h5o.get_info(self.file).addr] = "/"
        root = self.group(h5g.open(self.file, b"/"), "")
        if isinstance(root, Unreadable):
            raise ValueError(root.reason)
        while self.stack:
            here, path, children, to_come = self.stack[-1]
            depth = len(self.stack)
            for entry in to_come:
                step = name_text(entry.name)
                if time.monotonic() > self.end:
                    children[step] = self.not_reached(to_come)
                    continue
                children[step] = self.node(here, entry, f"{path}/{step}")
                if len(self.stack) > depth:
                    break
            else:
                self.stack.pop()
        for tell in self.referring:
            tell()
        return root

    def not_reached(self, to_come: Iterator[Entry]) -> Unreadable:
        """What stands for an item that there was no time for, and for those after it."""
        self.source.pruned = True
        after = sum(1 for _ in to_come)
        beside = f", nor were {after} items after it in this group" if after else ""
        return Unreadable(f"was not reached in {SECONDS} s{beside}", "took-too-long")

    def node(self, here: h5g.GroupID, entry: Entry, path: str) -> Node:
        _, name, kind, address = entry
        try:
            if kind == h5l.TYPE_HARD:
                first = self.places.get(address)
                if first is not None:
                    return Link(first, kind="hard")
                if not entry.possible:
                    return Unreadable(f"{name!r} is not a possible name", "impossible-name")
                self.places[address] = path
                return self.object(object_at(here, name), path)
            if kind == h5l.TYPE_SOFT:
                return Link(name_text(here.links.get_val(name)))
            if kind == h5l.TYPE_EXTERNAL:
                file, target = here.links.get_val(name)
                return Link(name_text(target), name_text(file), "external")
        except TooMuchError as error:
            return Unreadable(reason(error), error.rule)
        except FAILURES as error:
            return Unreadable(f"cannot be read: {reason(error)}")
        return Unreadable(f"is a user-defined link (type {kind}), which is not followed", "user-defined-link")

    def object(self, item: h5g.GroupID | h5d.DatasetID | h5t.TypeID, path: str) -> Node:
        if isinstance(item, h5d.DatasetID):
            return self.field(item, path)
        if isinstance(item, h5g.GroupID):
            return self.group(item, path)
        attributes = self.attributes(item)
        return Field.around(Null(value_type(item).given), attributes)

    def group(self, group: h5g.GroupID, path: str) -> Group | Unreadable:
        if len(self.stack) >= DEPTH:
            return Unreadable(f"is more than {DEPTH} groups deep; what is below is not read", "too-deep")
        attributes = self.attributes(group)
        if self.keep is not None:
            nx_class = one(attributes.get("NX_class"))
            try:
                kept = self.keep(path or "/", nx_class if isinstance(nx_class, str) else None)
            except Exception as error:
                raise KeepFailedError(error) from None
            if not kept:
                self.source.pruned = True
                return Group.around({}, attributes)
        found = entries(group, self.left)
        if found is None:
            return Unreadable(
                f"has more than its share of {ITEMS} items; they are not read", "too-many-items"
            )
        self.left -= len(found)
        children: dict[str, Node] = {}
        self.stack.append((group, path, children, iter(found)))
        return Group.around(children, attributes)

    def field(self, dataset: h5d.DatasetID, path: str) -> Field | Unreadable:
        attributes = self.attributes(dataset)
        kind = value_type(dataset.get_type())
        shape = shape_of(dataset.get_space())
        if shape is None:
            return Field.around(Null(kind.given), attributes)
        storage = Storage.of(dataset, self.source)
        if storage.hindrance is not None:
            return storage.hindrance
        if math.prod(shape) * kind.size > LOADED or storage.chunk * kind.size > CHUNK:
            given = kind.given
            if given.subdtype is not None:
                given, inner = given.subdtype
                shape = (*shape, *inner)
            return Field.around(StoredValue(self.source, path, shape, given), attributes)
        array: Array = with_filters(lambda: kind.read(dataset, shape))
        if kind.refers:
            children, name = self.stack[-1][2], path.rpartition("/")[2]

            def tell() -> None:
                children[name] = Field.around(given_value(array, self.located), attributes)

            self.referring.append(tell)
        return Field.around(array if kind.refers else kind.value(array, unlocated), attributes)

    def attributes(self, item: Any) -> dict[str, Attribute]:
        count = h5a.get_num_attrs(item)
        attributes: dict[str, Attribute] = {}
        if not count:
            return attributes
        if count > ATTRIBUTES:
            raise TooMuchError(
                "too-many-attributes", f"has {count} attributes, more than {ATTRIBUTES}; it is not read"
            )
        names: list[bytes] = []
        h5a.iterate(item, names.append)
        for name in names:
            try:
                value = self.attribute(item, name, attributes)
            except FAILURES as error:
                value = Unreadable(f"cannot be read: {reason(error)}")
            attributes[name_text(name)] = value
        return attributes

    def attribute(self, item: Any, name: bytes, attributes: dict[str, Attribute]) -> Attribute:
        attribute = h5a.open(item, name)
        shape = shape_of(attribute.get_space())
        if shape is None:
            return None
        if shape == () and name not in self.no_text and len(self.no_text) < TRIED:
            try:
                text = quick_text(attribute)
            except FAILURES:
                text = None
            if text is not None:
                return text
            self.no_text.add(name)
        kind = value_type(attribute.get_type())
        array = kind.read(attribute, shape)
        if kind.text and not shape:
            return decoded(array.item())
        if kind.refers:

            def tell() -> None:
                attributes[name_text(name)] = scalar(given_value(array, self.located))

            self.referring.append(tell)
            return None
        return scalar(kind.value(array, unlocated))

    def located(self, reference: Any) -> str:
        """The path of the object that a reference points to."""
        if not reference:
            return ""
        try:
            address = h5o.get_info(h5r.dereference(reference, self.file)).addr
        except FAILURES:
            return unlocated(reference)
        return self.places.get(address) or unlocated(reference)


_data_sets: set[bytes] = set()
"""Names of objects that were data sets, as they mostly are again in the next file."""


def object_at(here: h5g.GroupID, name: bytes) -> h5g.GroupID | h5d.DatasetID | h5t.TypeID:
    """What stands under a name; whether it is a data set libhdf5 is quicker to confirm than to find out."""
    if name in _data_sets:
        try:
            return h5d.open(here, name)
        except FAILURES:
            _data_sets.discard(name)
    item = h5o.open(here, name)
    if isinstance(item, h5d.DatasetID):
        if len(_data_sets) >= KNOWN:
            _data_sets.clear()
        _data_sets.add(name)
    return item


def shape_of(space: h5s.SpaceID) -> tuple[int, ...] | None:
    """None for a null data space."""
    kind = space.get_simple_extent_type()
    if kind == h5s.SCALAR:
        return ()
    if kind == h5s.NULL:
        return None
    shape: tuple[int, ...] = space.get_simple_extent_dims()
    return shape


def scalar(value: Array) -> Attribute:
    """An array without dimensions as the value that it holds."""
    if value.shape:
        return value
    item: Attribute = value[()]
    return str(item) if isinstance(item, str) else item
