"""What NXDL says, as values: the rules of an application definition or a base class, `extends` resolved.

Every rule knows its NXDL file and line. A rule with a name type `any` or `partial` stands for many names;
NeXus Definition Language, attribute `nameType`: the capital letters of a partial name are substitutable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

Need: TypeAlias = Literal["required", "recommended", "optional"]
NameType: TypeAlias = Literal["specified", "any", "partial"]


class Origin(NamedTuple):
    """Where a rule is written down."""

    definition: str
    """Application definition or base class."""
    nxdl: str
    """Name of its NXDL file."""
    line: int


class Enumeration(NamedTuple):
    """The values that a field or attribute may have; an open one only suggests them."""

    items: tuple[str, ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Dim:
    """The length along one dimension: a number, a symbol, or that of another field (`ref`)."""

    index: int
    """From 1."""
    value: str | None = None
    ref: str | None = None
    refindex: int | None = None
    increment: int = 0
    required: bool = True


class Dimensions(NamedTuple):
    """The shape that a field should have."""

    rank: str | None
    """A number, a symbol or an expression; None if nothing is said."""
    dims: tuple[Dim, ...] = ()

    @property
    def number(self) -> int | None:
        """The rank if it is a plain number."""
        return int(self.rank) if self.rank is not None and self.rank.isdecimal() else None

    @property
    def least(self) -> int | None:
        """The lowest rank allowed: dimensions at the end that are not required may be left out."""
        rank = self.number
        if rank is None:
            return None
        spare = {dim.index for dim in self.dims if not dim.required}
        while rank in spare:
            rank -= 1
        return rank


class AttributeRule(NamedTuple):
    """What is said of one attribute."""

    name: str
    name_type: NameType
    type: str
    need: Need
    enumeration: Enumeration | None
    deprecated: str | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What is said of one field."""

    name: str
    name_type: NameType
    type: str
    """For example NX_FLOAT."""
    units: str | None
    """A category such as NX_PRESSURE, or a literal unit; None if nothing is said."""
    need: Need
    min_occurs: int
    max_occurs: int | None
    """None if there is no limit."""
    enumeration: Enumeration | None
    dimensions: Dimensions | None
    attributes: tuple[AttributeRule, ...]
    deprecated: str | None
    concept: str
    """Path of names below the entry, for example `sample/pressure`."""
    doc: str
    """First sentence of the documentation; empty in base classes."""
    origin: Origin
    inherited: tuple[str, ...] = ()
    """Which of type, units and enumeration the definition leaves to the base class."""
    typed: bool = True
    """Is a type written down, here or in the base class; if not, nxdl.xsd makes it NX_CHAR."""


class LinkRule(NamedTuple):
    """A link that must be there; `target` is a path of classes, `/NXentry/NXinstrument/...`."""

    name: str
    target: str
    concept: str
    origin: Origin


class ChoiceRule(NamedTuple):
    """A group that may be of one of several classes."""

    name: str
    name_type: NameType
    need: Need
    classes: tuple[str, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class GroupRule:
    """What is said of one group and of everything in it."""

    name: str | None
    """None if any name will do."""
    name_type: NameType
    nx_class: str
    need: Need
    min_occurs: int
    max_occurs: int | None
    attributes: tuple[AttributeRule, ...]
    fields: tuple[FieldRule, ...]
    groups: tuple[GroupRule, ...]
    links: tuple[LinkRule, ...]
    choices: tuple[ChoiceRule, ...]
    deprecated: str | None
    extra: tuple[str, ...]
    """Which of group, field and attribute may be there without being named."""
    concept: str
    doc: str
    origin: Origin
    named_attributes: Names[AttributeRule] = field(init=False, repr=False, compare=False)
    named_fields: Names[FieldRule] = field(init=False, repr=False, compare=False)
    named_groups: Names[GroupRule] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "named_attributes", Names(self.attributes))
        object.__setattr__(self, "named_fields", Names(self.fields))
        object.__setattr__(self, "named_groups", Names(self.groups))

    @property
    def called(self) -> str:
        """Its name, or `(NXsample)` if any name will do."""
        return self.name or f"({self.nx_class})"


class BaseClass(NamedTuple):
    """A base class with everything that it has from the classes it extends."""

    name: str
    lineage: tuple[str, ...]
    """Itself first, NXobject last."""
    rule: GroupRule


@dataclass(frozen=True, slots=True)
class Definition:
    """An application definition with everything that it has from the definitions it extends."""

    name: str
    lineage: tuple[str, ...]
    """Itself first; the definitions it extends."""
    symbols: tuple[str, ...]
    entry: GroupRule
    """The rules of its NXentry."""
    scopes: Mapping[str, int]
    """How many groups below the entry a symbol is shared: 0 if in the whole entry."""
    digest: str = ""
    """sha256 over the digests of all NXDL files that it was made from, base classes too."""


class _Named(Protocol):
    @property
    def name(self) -> str | None: ...
    @property
    def name_type(self) -> NameType: ...


Rule = TypeVar("Rule", bound=_Named)


REMEMBERED = 500
"""Names for which a group remembers which of its rules they follow: files are much alike."""


class Names(Generic[Rule]):
    """Rules by the names that they stand for."""

    __slots__ = ("_met", "any", "exact", "partial")

    exact: dict[str, list[Rule]]
    partial: list[Rule]
    any: list[Rule]

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.exact, self.partial, self.any = {}, [], []
        self._met: dict[str, tuple[Rule, ...]] = {}
        for rule in rules:
            if rule.name is None or rule.name_type == "any":
                self.any.append(rule)
            elif rule.name_type == "partial":
                self.partial.append(rule)
            else:
                self.exact.setdefault(rule.name, []).append(rule)
        self.partial.sort(key=lambda rule: -sum(not letter.isupper() for letter in rule.name or ""))

    def of(self, name: str) -> tuple[Rule, ...]:
        """The rules that `name` may follow, the closest first."""
        met = self._met.get(name)
        if met is None:
            fitting = [rule for rule in self.partial if matches_partial(rule.name or "", name)]
            met = (*self.exact.get(name, ()), *fitting, *self.any)
            if len(self._met) >= REMEMBERED:
                self._met.clear()
            self._met[name] = met
        return met

    def first(self, name: str) -> Rule | None:
        """The closest rule that `name` may follow; None if it may follow none."""
        met = self.of(name)
        return met[0] if met else None


def matches_partial(pattern: str, name: str) -> bool:
    """Does `name` fit a partial name: `weighted_classification` fits `CLASSIFICATIONclassification`."""
    return _pattern(pattern).fullmatch(name) is not None


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str]:
    parts = re.split(r"([A-Z]+)", name)
    return re.compile("".join("[a-zA-Z0-9_.]*" if part.isupper() else re.escape(part) for part in parts))
