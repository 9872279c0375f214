"""Nodes and attributes into an open HDF5 file: every object is new, nothing that is there is replaced."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5d, h5f, h5g, h5l, h5o, h5p, h5s, h5t

from nxspectra.errors import Refused
from nxspectra.hdf5.values import TEXT, name_bytes
from nxspectra.tree import Addition, Array, Attribute, Field, Group, Link, Node, Unreadable, as_array

TEXT_TYPE = h5t.py_create(TEXT, logical=True)
TEXT_IN_MEMORY = h5t.py_create(TEXT)
SCALAR = h5s.create(h5s.SCALAR)
NULL = h5s.create(h5s.NULL)


class Builder:
    """Puts nodes into one open file; hard links come last, when their targets are there."""

    def __init__(self, file: h5f.FileID) -> None:
        self.file = file
        self.types: dict[np.dtype[Any], tuple[h5t.TypeID, h5t.TypeID]] = {}
        self.hard_links: list[tuple[h5g.GroupID, str, str]] = []
        self.group_creation = as_given(h5p.create(h5p.GROUP_CREATE))
        self.dataset_creation = h5p.create(h5p.DATASET_CREATE)
        self.dataset_creation.set_obj_track_times(False)

    def fill(self, root: Group) -> None:
        """The content of `root` into the root group of an empty file."""
        self.fill_group(h5g.open(self.file, b"/"), root, "")
        self.link_hard()

    def add(self, additions: Iterable[Addition]) -> None:
        """Each addition at its place, missing groups on the way made; Refused where something is there."""
        known: dict[str, Any] = {}
        for addition in additions:
            self.addition(addition, known)
        self.link_hard()

    def addition(self, addition: Addition, known: dict[str, Any]) -> None:
        """One of them; `known` are the groups and fields that were reached for those before."""
        where, at, attribute = addition.path.rpartition("@")
        steps = [step for step in (where if at else addition.path).split("/") if step]
        if at:
            owner = self.reached(steps, addition.path, known)
            self.attribute(owner, attribute, addition.item, addition.path)
            return
        if not steps:
            raise Refused(f"{addition.path}: the root group cannot be added")
        parent = self.reached(steps[:-1], addition.path, known, make=True)
        self.node(parent, steps[-1], addition.item, addition.path)

    def reached(
        self, steps: list[str], path: str, known: dict[str, Any] | None = None, make: bool = False
    ) -> Any:
        """The object at the end of hard links only: through a soft link things would land elsewhere."""
        known = {} if known is None else known
        here, place = known.get(""), ""
        if here is None:
            here = known[""] = h5g.open(self.file, b"/")
        for step in steps:
            place += f"/{step}"
            after = known.get(place)
            if after is None:
                after = known[place] = self.step(here, step, path, make)
            here = after
        return here

    def step(self, here: Any, step: str, path: str, make: bool) -> Any:
        """What is in a group under this name, or a new group; Refused if no way to `path` leads there."""
        name = name_bytes(step)
        if not isinstance(here, h5g.GroupID):
            raise Refused(f"{path}: the way to it leads through something that is not a group")
        if not here.links.exists(name):
            if not make:
                raise Refused(f"{path}: {step} is not in the file")
            return h5g.create(here, name, gcpl=self.group_creation)
        if here.links.get_info(name).type == h5l.TYPE_HARD:
            return h5o.open(here, name)
        raise Refused(f"{path}: {step} is a link; add to the place that it points to")

    def link_hard(self) -> None:
        for parent, name, target in self.hard_links:
            try:
                parent.links.create_hard(name_bytes(name), self.file, name_bytes(target))
            except (KeyError, RuntimeError, ValueError, OSError):
                raise Refused(
                    f"{name}: there is nothing at {target} that it could be a second name of"
                ) from None
        self.hard_links.clear()

    def fill_group(self, group: h5g.GroupID, content: Group, path: str) -> None:
        pending = [(group, content, path)]
        while pending:
            here, node, where = pending.pop()
            self.attributes(here, node, where)
            for name, child in node.children.items():
                made = self.item(here, name, child, f"{where}/{name}", is_new=True)
                if isinstance(child, Group):
                    pending.append((made, child, f"{where}/{name}"))

    def node(self, parent: Any, name: str, item: Node | Attribute, path: str) -> None:
        if not isinstance(parent, h5g.GroupID):
            raise Refused(f"{path}: the way to it leads through something that is not a group")
        if not isinstance(item, Group | Field | Link | Unreadable):
            raise Refused(f"{path}: {type(item).__name__} is not a group, a field or a link")
        made = self.item(parent, name, item, path)
        if isinstance(item, Group):
            self.fill_group(made, item, path)

    def item(self, parent: h5g.GroupID, name: str, item: Node, path: str, *, is_new: bool = False) -> Any:
        """One object or link, without the children of a group, in a group that was there or `is_new`."""
        raw = checked_name(name, path)
        if not is_new and parent.links.exists(raw):
            raise Refused(f"{path} is already there; nothing is ever replaced")
        if isinstance(item, Group):
            return h5g.create(parent, raw, gcpl=self.group_creation)
        if isinstance(item, Field):
            return self.field(parent, raw, item, path)
        if isinstance(item, Link):
            return self.link(parent, name, item)
        raise Refused(f"{path}: could not be read ({item.reason}) and so cannot be written")

    def link(self, parent: h5g.GroupID, name: str, link: Link) -> None:
        target = name_bytes(link.target)
        if link.kind == "hard":
            self.hard_links.append((parent, name, link.target))
        elif link.kind == "external":
            parent.links.create_external(name_bytes(name), name_bytes(link.file or "."), target)
        else:
            parent.links.create_soft(name_bytes(name), target)

    def field(self, parent: h5g.GroupID, name: bytes, field: Field, path: str) -> h5d.DatasetID:
        if field.shape is None:
            stored, _ = self.type(storable(np.empty(0, field.dtype), path).dtype, path)
            made = h5d.create(parent, name, stored, NULL, self.dataset_creation)
        else:
            array = storable(field.array, path)
            stored, memory = self.type(array.dtype, path)
            made = h5d.create(parent, name, stored, space(array), self.dataset_creation)
            if array.size:
                made.write(h5s.ALL, h5s.ALL, array, memory)
        self.attributes(made, field, path)
        return made

    def attributes(self, owner: Any, node: Group | Field, path: str) -> None:
        """Those of an object that was just made."""
        for name, value in node.attributes.items():
            self.attribute(owner, name, value, f"{path}@{name}", is_new=True)

    def attribute(self, owner: Any, name: str, value: Any, path: str, *, is_new: bool = False) -> None:
        raw = checked_name(name, path, slash=True)
        if not is_new and h5a.exists(owner, raw):
            raise Refused(f"{path} is already there; nothing is ever replaced")
        if isinstance(value, Group | Field | Link | Unreadable):
            raise Refused(f"{path}: a {type(value).__name__} is not the value of an attribute")
        if value is None:
            h5a.create(owner, raw, h5t.IEEE_F64LE, NULL)
            return
        array = storable(as_array(value), path)
        stored, memory = self.type(array.dtype, path)
        made = h5a.create(owner, raw, stored, space(array))
        if array.size:
            made.write(array, memory)

    def type(self, dtype: np.dtype[Any], path: str) -> tuple[h5t.TypeID, h5t.TypeID]:
        """The HDF5 type for values of `dtype` in the file, and in memory."""
        if dtype is TEXT or (dtype.kind == "O" and h5py.check_string_dtype(dtype) is not None):
            return TEXT_TYPE, TEXT_IN_MEMORY
        # Types that differ only in h5py's metadata, as enumerations do, are equal for numpy.
        key = dtype if dtype.metadata is None and dtype.names is None else None
        known = self.types.get(key) if key is not None else None
        if known is not None:
            return known
        try:
            made = h5t.py_create(dtype, logical=True), h5t.py_create(dtype)
        except TypeError:
            raise Refused(f"{path}: values of type {dtype} have no place in HDF5") from None
        if key is not None:
            self.types[key] = made
        return made


def as_given(creation: Any) -> Any:
    """Groups, or a file with its root group, with their children in the order given.

    And without times, which would make two files with the same content differ.
    """
    creation.set_link_creation_order(h5p.CRT_ORDER_TRACKED | h5p.CRT_ORDER_INDEXED)
    creation.set_obj_track_times(False)
    return creation


def new_file(path: bytes, access: h5p.PropFAID) -> h5f.FileID:
    return h5f.create(path, h5f.ACC_TRUNC, fcpl=as_given(h5p.create(h5p.FILE_CREATE)), fapl=access)


def space(array: Array) -> h5s.SpaceID:
    return h5s.create_simple(array.shape) if array.shape else SCALAR


def storable(array: Array, path: str) -> Array:
    """`array` as h5py takes it, text as variable-length UTF-8; Refused for what HDF5 cannot hold."""
    dtype = array.dtype
    if dtype.kind == "U" and not array.shape:
        text = np.empty((), dtype=TEXT)
        text[()] = checked_text(array.item(), path)
        return text
    if dtype.names is not None and any(holds_text(dtype[name]) for name in dtype.names):
        parts = {name: storable(array[name], f"{path}.{name}") for name in dtype.names}
        packed = np.empty(
            array.shape, [(name, part.dtype, part.shape[array.ndim :]) for name, part in parts.items()]
        )
        for name, part in parts.items():
            packed[name] = part
        return packed
    if dtype.kind == "U":
        texts = np.empty(array.shape, dtype=TEXT)
        if array.size:
            texts.reshape(-1)[:] = [checked_text(text, path) for text in array.flat]
        return texts
    if dtype.kind == "O":
        return ragged(array, path)
    if not array.flags.c_contiguous:
        return np.ascontiguousarray(array)
    return array


def holds_text(dtype: np.dtype[Any]) -> bool:
    base = dtype.base
    return base.kind == "U" or (base.names is not None and any(holds_text(base[name]) for name in base.names))


def ragged(array: Array, path: str) -> Array:
    """Arrays of one type and different lengths, as HDF5's variable-length sequences."""
    if h5py.check_dtype(vlen=array.dtype) is not None:
        return array
    kinds = {item.dtype for item in array.flat if isinstance(item, np.ndarray) and item.ndim == 1}
    if len(kinds) != 1 or any(not isinstance(item, np.ndarray) for item in array.flat):
        raise Refused(f"{path}: Python objects have no place in HDF5")
    kind = kinds.pop()
    out = np.empty(array.shape, dtype=h5py.vlen_dtype(TEXT if kind.kind == "U" else kind))
    for index in np.ndindex(array.shape):
        out[index] = storable(array[index], path)
    return out


def checked_text(text: str, path: str) -> str:
    if "\x00" in text:
        raise Refused(f"{path}: the text {text[:40]!r} holds a NUL character, which HDF5 would cut off")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refused(f"{path}: the text {text[:40]!r} cannot be encoded as UTF-8") from None
    return text


def checked_name(name: str, path: str, slash: bool = False) -> bytes:
    if not name or name == "." or "\x00" in name or ("/" in name and not slash):
        raise Refused(f"{path}: {name!r} is not a possible name")
    return name_bytes(name)
