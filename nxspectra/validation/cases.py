"""What a rule is shown: a place in the tree together with what the definition says of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nxspectra.errors import FileChanged, FileError
from nxspectra.findings import Finding
from nxspectra.nxdl import (
    AttributeRule,
    BaseClass,
    Definition,
    FieldRule,
    GroupRule,
    Library,
    LinkRule,
    Origin,
)
from nxspectra.tree import Array, Attribute, Field, Group, Link, Node
from nxspectra.validation.policies import Applied

SMALL = 2**16
"""Bytes; values up to this size are read when a rule asks for them."""
LARGE = 2**20
"""Bytes; of a larger series of spectra only every so many are read, so that about this much is."""


@dataclass(slots=True)
class Entry:
    """The NXentry or NXsubentry that is validated, and what has been learnt of it on the way."""

    root: Group
    path: str
    definition: Definition
    library: Library
    lengths: dict[tuple[str, str], list[Length]] = field(default_factory=dict)
    """(symbol, path of the group that shares it) -> where it was met."""
    unread: dict[str, str] = field(default_factory=dict)
    """Path -> why a value could not be read when a rule asked for it."""
    hints: dict[str, str] = field(default_factory=dict)
    """Class that NeXus does not know -> which may have been meant."""
    policies: Applied = field(default_factory=Applied)
    concepts: dict[str, list[FieldCase]] = field(default_factory=dict)
    """Fields of the definition by concept, where they really stand."""

    def is_a(self, nx_class: str | None, expected: str) -> bool:
        """Is a class the expected one, or does it extend it?"""
        return expected in self.lineage(nx_class)

    def lineage(self, nx_class: str | None) -> tuple[str, ...]:
        """A class and all that it extends; of one that NeXus does not know only itself."""
        if nx_class is None:
            return ()
        known = self.library.base_class(nx_class)
        return (nx_class,) if known is None else known.lineage


@dataclass(frozen=True, slots=True)
class Length:
    """The length of a field along a symbol."""

    path: str
    length: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Item:
    """A child of a group: what it is called, where it is called so, what it is, and how it got there."""

    name: str
    path: str
    node: Node | None
    """Links followed; None if they lead nowhere."""
    link: Link | None


@dataclass(frozen=True, slots=True)
class GroupCase:
    """A group, with what the application definition and the base class say of it."""

    entry: Entry
    path: str
    group: Group
    rule: GroupRule | None
    """Of the application definition."""
    known: GroupRule | None
    """Of a base class that this group stands in, where that says more than the class."""
    nx_class: BaseClass | None
    chain: tuple[str, ...]
    """Paths of the groups from the entry down to this one."""
    said: tuple[GroupRule, ...] = field(init=False, repr=False, compare=False)
    """All that is said of it, the most special first."""

    def __post_init__(self) -> None:
        of_class = None if self.nx_class is None else self.nx_class.rule
        said = tuple([rule for rule in (self.rule, self.known, of_class) if rule is not None])
        object.__setattr__(self, "said", said)

    @property
    def origin(self) -> Origin | None:
        if self.rule is not None:
            return self.rule.origin
        return None if self.nx_class is None else self.nx_class.rule.origin

    @property
    def base(self) -> bool:
        return self.rule is None


@dataclass(frozen=True, slots=True)
class FieldCase:
    """A field and one rule for it."""

    entry: Entry
    path: str
    field: Field
    rule: FieldRule
    base: bool
    group: Group
    chain: tuple[str, ...]

    @property
    def origin(self) -> Origin:
        return self.rule.origin

    @property
    def value(self) -> Array | None:
        """The value if it is small, else None."""
        return self.value_of(SMALL)

    @property
    def spectra(self) -> Array | None:
        """The value; of a large one every so many rows. None if it cannot be read. Raises FileChanged."""
        field = self.field
        if not field.shape:
            return self.value_of(LARGE)
        size = field.size * max(field.dtype.itemsize, 1)
        try:
            return np.asarray(field.data[:: max(-(-size // LARGE), 1)])
        except FileChanged:
            raise
        except FileError as error:
            self.entry.unread[self.path] = str(error)
            return None

    def applied(self, policy: str) -> None:
        self.entry.policies.note(policy, self.path, self.origin)

    def value_of(self, most: int) -> Array | None:
        """The value if it is in memory or has at most so many bytes; None if not, or if it cannot be read.

        Raises FileChanged.
        """
        field = self.field
        if isinstance(field.data, np.ndarray):
            return field.data
        if field.shape is None or field.size * max(field.dtype.itemsize, 1) > most:
            return None
        try:
            return field.array
        except FileChanged:
            raise
        except FileError as error:
            self.entry.unread[self.path] = str(error)
            return None


@dataclass(frozen=True, slots=True)
class AttributeCase:
    """An attribute and one rule for it."""

    entry: Entry | None
    """None for the attributes of the file itself."""
    path: str
    value: Attribute
    rule: AttributeRule
    base: bool

    @property
    def origin(self) -> Origin:
        return self.rule.origin

    def applied(self, policy: str) -> None:
        if self.entry is not None:
            self.entry.policies.note(policy, self.path, self.origin)


@dataclass(frozen=True, slots=True)
class AbsentCase:
    """Something that is not there, and the rule that asks for it."""

    path: str
    rule: GroupRule | FieldRule | LinkRule | AttributeRule
    base: bool = False

    @property
    def origin(self) -> Origin:
        return self.rule.origin


Found = list[Finding]
