"""A group: its children by name, its attributes, and the ways to another tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, TypeAlias

import numpy as np

from nxspectra.tree.additions import Addition, Additions
from nxspectra.tree.field import Field
from nxspectra.tree.once import Once
from nxspectra.tree.values import Attribute, Null, Unreadable, one, same_attributes

LINKS_FOLLOWED = 32


class Source(Protocol):
    """The file that a tree was read from."""

    @property
    def path(self) -> str: ...
    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def digest(self) -> str:
        """sha256 of the whole file in hex; computed when first asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Link:
    """A name that stands for an object elsewhere: `target` is a path, in `file` if that is given.

    A `hard` link is a second name of an object; the reader makes one when it meets an object again.
    """

    target: str
    file: str | None = None
    kind: Literal["soft", "external", "hard"] = "soft"

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        return {}


_NOTHING_ADDED = Additions()
_set = object.__setattr__


class Group:
    """A NeXus group: its children by name, and its attributes; `nx_class` is one of them.

    A tree that was read knows its `source`; what has been added to it since is in `additions`.
    It is `edited` when something was put into it or taken out of it in another way than by `add`:
    then it is no longer its source plus its additions.
    """

    __slots__ = ("additions", "attributes", "children", "edited", "nx_class", "source")

    children: Mapping[str, Node]
    attributes: Mapping[str, Attribute]
    nx_class: str | None
    """NX_class, also when it is stored as an array of one element; None if there is none."""
    source: Source | None
    additions: Additions
    edited: bool

    def __init__(
        self,
        nx_class: str | None = None,
        children: Mapping[str, Node] | None = None,
        attributes: Mapping[str, Attribute] | None = None,
        /,
        **named: Attribute,
    ) -> None:
        own = {"NX_class": nx_class} if nx_class is not None else {}
        self._begin(dict(children or {}), {**own, **(attributes or {}), **named})

    @classmethod
    def around(cls, children: Mapping[str, Node], attributes: Mapping[str, Attribute]) -> Self:
        """A group around these very mappings, not copies; a reader may go on filling them."""
        new = cls.__new__(cls)
        new._begin(children, attributes)
        return new

    def _begin(self, children: Mapping[str, Node], attributes: Mapping[str, Attribute]) -> None:
        _set(self, "children", children)
        _set(self, "attributes", attributes)
        # asked for far more often than groups are made
        _set(self, "nx_class", _class_in(attributes))
        _set(self, "source", None)
        _set(self, "additions", _NOTHING_ADDED)
        _set(self, "edited", False)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Group is a value; make another one instead of setting {name!r}")

    def _like(
        self,
        children: Mapping[str, Node] | None = None,
        attributes: Mapping[str, Attribute] | None = None,
        source: Source | None = None,
        additions: Additions | None = None,
        edited: bool | None = None,
    ) -> Self:
        new = type(self)(
            None,
            self.children if children is None else children,
            self.attributes if attributes is None else attributes,
        )
        _set(new, "source", self.source if source is None else source)
        _set(new, "additions", self.additions if additions is None else additions)
        _set(new, "edited", self.edited if edited is None else edited)
        return new

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: getattr(self, name) for name in ("source", "additions", "edited")}
        return _group_again, (self.children, self.attributes, state)

    def read_from(self, source: Source) -> Self:
        """The same tree, known to come from `source`, with nothing added yet."""
        return self._like(source=source, additions=Additions(), edited=False)

    def read_once(self) -> Self:
        """The same tree, of which no value is read from the file a second time.

        So one process can read for another: what was read as a whole is in memory wherever the tree is sent.
        """
        children: dict[str, Node] = {}
        groups: list[tuple[Group, dict[str, Node]]] = [(self, children)]
        while groups:
            group, filled = groups.pop()
            for name, node in group.children.items():
                if isinstance(node, Group):
                    below: dict[str, Node] = {}
                    groups.append((node, below))
                    filled[name] = Group.around(below, node.attributes)
                elif isinstance(node, Field) and not isinstance(node.data, np.ndarray | Null):
                    filled[name] = Field.around(Once(node.data), node.attributes)
                else:
                    filled[name] = node
        return self._like(children)

    # -- looking things up ---------------------------------------------------------------------

    def find(self, path: str) -> tuple[str, Node] | None:
        """The node at `path` and the path where it really stands, links followed; None if it is not there.

        An external link, or an object that could not be read, is given as it is.
        """
        steps = [step for step in path.split("/") if step and step != "."]
        node: Node | None
        node = self
        for step in steps:
            node = node.children.get(step) if isinstance(node, Group) else None
            if node is None:
                return None
            if isinstance(node, Link):
                return self._followed(steps)
        return "/" + "/".join(steps), node

    def _followed(self, steps: list[str]) -> tuple[str, Node] | None:
        """As `find`, where there is a link on the way."""
        here: list[str] = []
        node: Node = self
        followed = 0
        while True:
            if isinstance(node, Link) and node.kind != "external":
                followed += 1
                if followed > LINKS_FOLLOWED:
                    return None
                target = [step for step in node.target.split("/") if step and step != "."]
                steps = (target if node.target.startswith("/") else [*here[:-1], *target]) + steps
                here, node = [], self
            elif not steps:
                return "/" + "/".join(here), node
            elif isinstance(node, Group) and steps[0] in node.children:
                here.append(steps.pop(0))
                node = node.children[here[-1]]
            else:
                return None

    def get(self, path: str) -> Node | None:
        """The node at `path`, links followed; None if it is not there."""
        node: Node | None
        node = self
        for step in path.split("/"):
            if step and step != ".":
                if not isinstance(node, Group):
                    return None
                node = node.children.get(step)
                if isinstance(node, Link):
                    found = self.find(path)
                    return None if found is None else found[1]
        return node

    def field(self, path: str) -> Field | None:
        """The field at `path`, or None if there is no field."""
        node = self.get(path)
        return node if isinstance(node, Field) else None

    def group(self, path: str) -> Group | None:
        """The group at `path`, or None if there is no group."""
        node = self.get(path)
        return node if isinstance(node, Group) else None

    def attribute(self, path: str) -> Attribute:
        """The attribute `entry/data@signal`; None if it is not there."""
        where, _, name = path.rpartition("@")
        node = self.get(where)
        return None if node is None else node.attributes.get(name)

    def __getitem__(self, path: str) -> Any:
        node = self.get(path)
        if node is None:
            raise KeyError(path)
        return node

    def __contains__(self, path: str) -> bool:
        if "@" in path:
            where, _, name = path.rpartition("@")
            node = self.get(where)
            return node is not None and name in node.attributes
        return self.get(path) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.children)

    def walk(self, path: str = "") -> Iterator[tuple[str, Node]]:
        """Every node below with its absolute path, parents first, links not followed."""
        stack: list[tuple[str, Node]] = [
            (f"{path}/{name}", node) for name, node in reversed(list(self.children.items()))
        ]
        while stack:
            where, node = stack.pop()
            yield where, node
            if isinstance(node, Group):
                stack.extend(
                    (f"{where}/{name}", child) for name, child in reversed(list(node.children.items()))
                )

    def of_class(self, *nx_classes: str) -> Iterator[tuple[str, Group]]:
        """The groups directly below that have one of these classes, by name; links not followed."""
        for name, node in self.children.items():
            if isinstance(node, Group) and node.nx_class in nx_classes:
                yield name, node

    # -- another tree --------------------------------------------------------------------------

    def put(self, path: str, item: Node | Attribute) -> Self:
        """The same tree with `item` at `path` (`entry/data@signal` for an attribute).

        Groups that are missing on the way are made without a class. It is not an addition to the
        source: it makes another value, as tests and builders need it. Raises KeyError where the way
        leads through something that is not a group, and TypeError for what cannot stand in a tree.
        """
        return self._with(path, item)._like(edited=True)

    def _with(self, path: str, item: Node | Attribute) -> Self:
        where, at, name = path.rpartition("@")
        steps = [step for step in (where if at else path).split("/") if step]
        if at:
            return self._put_attribute(steps, name, item)
        if not isinstance(item, Group | Field | Link | Unreadable):
            raise TypeError(f"{path}: {type(item).__name__} is not a Group, Field or Link")
        return self._put(steps, item)

    def _put(self, steps: list[str], item: Node) -> Self:
        first, *rest = steps
        if rest:
            child = self.children.get(first, Group())
            if not isinstance(child, Group):
                raise KeyError(f"{'/'.join(steps)}: {first} is a {type(child).__name__}, not a group")
            item = child._put(rest, item)
        return self._like(children={**self.children, first: item})

    def _put_attribute(self, steps: list[str], name: str, value: Any) -> Self:
        if not steps:
            return self._like(attributes={**self.attributes, name: value})
        first, *rest = steps
        child = self.children.get(first)
        if isinstance(child, Group):
            return self._like(children={**self.children, first: child._put_attribute(rest, name, value)})
        if isinstance(child, Field) and not rest:
            changed = Field.around(child.data, {**child.attributes, name: value})
            return self._like(children={**self.children, first: changed})
        raise KeyError(f"{'/'.join(steps)}: no group or field to give the attribute {name!r}")

    def without(self, path: str) -> Self:
        """The same tree without the node or attribute at `path`; KeyError if it is not there."""
        where, at, name = path.rpartition("@")
        steps = [step for step in (where if at else path).split("/") if step]
        return self._without(steps, name if at else None)._like(edited=True)

    def _without(self, steps: list[str], attribute: str | None) -> Self:
        if not steps:
            kept = {key: value for key, value in self.attributes.items() if key != attribute}
            return self._like(attributes=kept)
        first, *rest = steps
        child = self.children[first]
        if attribute is None and not rest:
            return self._like(children={k: v for k, v in self.children.items() if k != first})
        if isinstance(child, Group):
            return self._like(children={**self.children, first: child._without(rest, attribute)})
        if isinstance(child, Field) and attribute is not None and not rest:
            kept = {key: value for key, value in child.attributes.items() if key != attribute}
            return self._like(children={**self.children, first: Field.around(child.data, kept)})
        raise KeyError("/".join(steps))

    def add(self, additions: Iterable[Addition]) -> Self:
        """The same tree with `additions` in place and remembered.

        Raises ValueError where something is already there, be it a link that leads nowhere:
        additions never replace.
        """
        new = self
        added = tuple(additions)
        for addition in added:
            if addition.path in new or new._holds(addition.path):
                raise ValueError(f"{addition.path} is already there; additions never replace")
            new = new._with(addition.path, addition.item)
        return new._like(additions=Additions((*self.additions, *added)))

    def _holds(self, path: str) -> bool:
        node: Node | None
        node = self
        for step in path.split("/"):
            if step:
                node = node.children.get(step) if isinstance(node, Group) else None
        return node is not None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Group):
            return NotImplemented
        pairs: list[tuple[Node | None, Node | None]] = [(self, other)]
        while pairs:
            left, right = pairs.pop()
            if not isinstance(left, Group) or not isinstance(right, Group):
                if left != right:
                    return False
            elif left is not right:
                if left.children.keys() != right.children.keys():
                    return False
                if not same_attributes(left.attributes, right.attributes):
                    return False
                pairs.extend((child, right.children[name]) for name, child in left.children.items())
        return True

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Group({self.nx_class!r}, {list(self.children)})"


def _class_in(attributes: Mapping[str, Attribute]) -> str | None:
    value = attributes.get("NX_class")
    if not isinstance(value, str):
        value = one(value)
    return value if isinstance(value, str) else None


def _group_again(
    children: Mapping[str, Node], attributes: Mapping[str, Attribute], state: dict[str, Any]
) -> Group:
    return Group.around(children, attributes)._like(**state)


Node: TypeAlias = "Group | Field | Link | Unreadable"
