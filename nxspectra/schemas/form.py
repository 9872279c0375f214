"""A NeXus tree as plain JSON, the form that the JSON Schema and the pydantic models are about.

    {"@NX_class": "NXroot",
     "entry": {"@NX_class": "NXentry",
               "title": {"dtype": "text", "shape": [], "value": "Ramp 42"},
               "sample": {"@NX_class": "NXsample",
                          "pressure": {"dtype": "float64", "shape": [2], "value": [0.1, 8.9],
                                       "@units": "GPa"}}}}

An attribute is `@name`, everything else in a group is a child. A field has `dtype`, `shape` (null for a null
data space) and, if it is small, `value`. A link is followed: what stands there has `link` besides, which says
where it leads. What was not opened says so in `unopened`, what could not be read in `unreadable`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nxspectra.errors import FileChanged, FileError, Refused
from nxspectra.schemas.kinds import dtype_word
from nxspectra.tree import Attribute, Field, Group, Link, Node, Unreadable

LARGEST_VALUE = 4096
"""So many items of a value are written out."""
DEEPEST = 200
"""Groups within groups; what reads JSON seldom goes deeper."""
MOST = 500_000
"""Groups, fields and links in one tree, links followed."""

Json = dict[str, Any]


def as_json(tree: Group, largest: int = LARGEST_VALUE) -> Json:
    """`tree` as JSON; values of more than `largest` items are left out. NaN and infinity are null.

    Raises Refused for a tree that is absurdly deep or large, and FileChanged.
    """
    writer = _Writer(tree, largest)
    return writer.group("", tree, 0, linked=False)


@dataclass
class _Writer:
    root: Group
    largest: int
    number: int = 0
    above: list[Group] = field(default_factory=list)

    def group(self, path: str, group: Group, depth: int, *, linked: bool) -> Json:
        if depth > DEEPEST:
            raise Refused(f"{path[:80]}…: groups are nested deeper than {DEEPEST}")
        found: Json = dict(_attributes(group.attributes))
        if group.nx_class is not None:
            # some write it as an array of one text
            found["@NX_class"] = group.nx_class
        self.above.append(group)
        for name, node in group.children.items():
            self.number += 1
            if self.number > MOST:
                raise Refused(f"{path or '/'}: more than {MOST} groups and fields, links followed")
            found[name] = self.node(f"{path}/{name}", node, depth + 1, linked=linked)
        self.above.pop()
        return found

    def node(self, path: str, node: Node, depth: int, *, linked: bool) -> Json:
        if isinstance(node, Group):
            return self.group(path, node, depth, linked=linked)
        if isinstance(node, Field):
            return field_as_json(node, self.largest)
        if isinstance(node, Unreadable):
            return {"unreadable": node.reason}
        return self.link(path, node, depth, linked=linked)

    def link(self, path: str, link: Link, depth: int, *, linked: bool) -> Json:
        where = {"link": link.target}
        if link.file is not None:
            return {**where, "file": link.file, "unopened": "it is in another file"}
        node = self.root.get(path)
        if isinstance(node, Field):
            return {**field_as_json(node, self.largest), **where}
        if not isinstance(node, Group):
            return {**where, "unreadable": node.reason} if isinstance(node, Unreadable) else where
        # once through a link is enough: a tree of links can be endless
        if linked or any(node is each for each in self.above):
            return {**where, "unopened": "what it leads to stands elsewhere in the tree"}
        return {**self.group(path, node, depth, linked=True), **where}


def field_as_json(field: Field, largest: int = LARGEST_VALUE) -> Json:
    """One field as JSON."""
    shape = field.shape
    found: Json = {"dtype": dtype_word(field.dtype), "shape": None if shape is None else list(shape)}
    if shape is not None and field.dtype.kind in "Ubiufc" and field.size <= largest:
        try:
            found["value"] = _plain(field.array)
        except FileChanged:
            raise
        except FileError as error:
            return {"unreadable": str(error)}
    found.update(_attributes(field.attributes))
    return found


def _attributes(attributes: Mapping[str, Attribute]) -> Iterator[tuple[str, Any]]:
    for name, value in attributes.items():
        if isinstance(value, Unreadable):
            yield f"@{name}", {"unreadable": value.reason}
        else:
            yield f"@{name}", _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, complex):
        return [_plain(value.real), _plain(value.imag)]
    if value is None or isinstance(value, str | bool | int):
        return value
    return str(value)
