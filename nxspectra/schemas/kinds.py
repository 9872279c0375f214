"""What the schemas share: NeXus types and units in words, names that rules claim, classes in lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from nxspectra import units
from nxspectra.nxdl import Definition, Enumeration, FieldRule, GroupRule, Library, Names
from nxspectra.nxdl.lineage import descendants
from nxspectra.nxdl.values import KINDS, UNITLESS, UNITS_NOT_NEEDED, list_in, number_in

NUMBERS = "^(int|uint|float|complex)[0-9]*$"
"""Expression for the words of types that can have a unit."""
DATE = r"^\s*\d{4}-?(\d\d-?\d\d|W\d\d)"
"""How a date and time of ISO 8601 begins."""

_WORDS = {
    "U": "text",
    "b": "bool",
    "i": "int",
    "u": "uint",
    "f": "float",
    "c": "complex",
    "V": "compound",
}


def dtype_word(dtype: np.dtype[Any]) -> str:
    """`float64`, `int32`, `bool`, `text`, `compound`: how a type is called in JSON and RDF."""
    if dtype.kind in "UV":
        return _WORDS[dtype.kind]
    return dtype.name if dtype.kind in _WORDS else "other"


def dtype_pattern(kind: str) -> str | None:
    """Regular expression for the words of a NeXus type; None if any will do."""
    kinds = KINDS.get(kind)
    return None if kinds is None else f"^({'|'.join(_WORDS[each] for each in kinds)})[0-9]*$"


def dtype_words(kind: str) -> tuple[str, ...]:
    """The same as words without their size: `int`, `uint`; empty if any will do."""
    return tuple(_WORDS[each] for each in KINDS.get(kind, ""))


# -- rules, as far as breaking them is a violation ---------------------------------------------


def type_of(rule: FieldRule) -> str | None:
    """The type that the definition asks for; None if it says nothing or leaves that to the base class.

    Neither does it ask where it lists words as the values of numbers.
    """
    items = () if rule.enumeration is None else rule.enumeration.items
    only_words = rule.type != "NX_CHAR" and bool(items) and all(_number(item) is None for item in items)
    return None if not rule.typed or only_words or "type" in rule.inherited else rule.type


def units_of(rule: FieldRule) -> str | None:
    """The category or literal unit that the definition itself asks of numbers; None if it does not."""
    return None if "units" in rule.inherited else rule.units


def needs_units(rule: FieldRule) -> bool:
    """Must a number have units? Where any will do it need not."""
    category = units_of(rule)
    return category is not None and category not in (*UNITS_NOT_NEEDED, *UNITLESS)


def always_numbers(rule: FieldRule) -> bool:
    """Is a value never text?"""
    return rule.typed and set(KINDS.get(rule.type, "U")) <= set("iufc")


@lru_cache(maxsize=256)
def foreign_units(category: str) -> tuple[str, ...]:
    """The usual spellings that are units of another kind: `keV` is none of NX_PRESSURE."""
    return tuple(sorted(each for each in units.OFFICIAL if each and not units.fits(each, category)))


@dataclass(frozen=True, slots=True)
class Values:
    """The values that a closed enumeration allows."""

    words: tuple[str, ...]
    numbers: tuple[int | float, ...]
    lists: tuple[tuple[str | int | float, ...], ...]
    """An item such as `['.', 'radial_axis']` or `[0, 0, 1]` stands for a list."""
    categories: tuple[str, ...]
    """An item such as NX_ANGLE stands for any unit of the category, as some official lists mean it."""


def values_of(enumeration: Enumeration | None) -> Values | None:
    """None if any value will do."""
    if enumeration is None or enumeration.open or not enumeration.items:
        return None
    numbers = [number for item in enumeration.items if (number := _number(item)) is not None]
    lists = [words for item in enumeration.items if (words := _list(item)) is not None]
    named = [item.replace("LENGHT", "LENGTH") for item in enumeration.items]
    categories = [item for item in named if item.startswith("NX_") and units.is_category(item)]
    return Values(enumeration.items, tuple(numbers), tuple(lists), tuple(dict.fromkeys(categories)))


def _number(item: str) -> int | float | None:
    value = number_in(item)
    return int(value) if value is not None and value.is_integer() else value


def _list(item: str) -> tuple[str | int | float, ...] | None:
    value = list_in(item)
    if value is None:
        return None
    return tuple(each if isinstance(each, int | float) else str(each) for each in value)


def validated(rule: GroupRule) -> GroupRule:
    """The rule as far as it is asked.

    What is in an NXcollection is never validated. A field without a type is text, but where it has units or
    dimensions, or stands in an NXdata: there official definitions forget to say that it holds numbers.
    """
    if rule.nx_class == "NXcollection":
        return replace(rule, attributes=(), fields=(), groups=(), links=(), choices=())
    fields = (
        each
        if each.typed or each.units or each.dimensions or rule.nx_class == "NXdata"
        else replace(each, typed=True)
        for each in rule.fields
    )
    return replace(rule, fields=tuple(fields))


def names_definition(name: str) -> str:
    """Regular expression for a text that names the definition, as validation takes it.

    In whatever case; JSON Schema has no flag for that.
    """
    letters = "".join(
        f"[{each.upper()}{each.lower()}]" if each.isascii() and each.isalpha() else re.escape(each)
        for each in name
    )
    return rf"^\s*{letters}\s*$"


def entry_of(definition: Definition) -> GroupRule:
    """The rule for an entry that follows a definition.

    That it names it is asked when the entry is looked for, and it may name others besides.
    """
    fields = (
        replace(each, enumeration=None) if each.name == "definition" else each
        for each in definition.entry.fields
    )
    return replace(definition.entry, fields=tuple(fields))


# -- names and classes -------------------------------------------------------------------------


def pattern(name: str) -> str:
    """Regular expression for a partial name, whose capital letters are substitutable."""
    parts = re.split(r"([A-Z]+)", name)
    return "".join("[a-zA-Z0-9_.]*" if part.isupper() else re.escape(part) for part in parts)


@dataclass(frozen=True, slots=True)
class Pattern:
    """The names that a partial rule claims."""

    own: str
    """Expression for the names that fit it."""
    taken: str | None
    """Expression for those that closer rules claim."""

    @property
    def alone(self) -> str:
        """Both in one expression; SHACL has no look-ahead, JSON Schema and Python have."""
        return self.own if self.taken is None else f"^(?!{self.taken[1:]}){self.own[1:]}"


def patterns(rules: Names[Any]) -> Iterator[tuple[Pattern, Any]]:
    """Each partial rule with the names that it claims, the closest first."""
    taken = [re.escape(name) for name in rules.exact]
    for rule in rules.partial:
        own = pattern(rule.name or "")
        yield Pattern(f"^({own})$", f"^({'|'.join(taken)})$" if taken else None), rule
        taken.append(own)


class Classes:
    """Which base classes extend which."""

    def __init__(self, shelf: Library) -> None:
        self._below = descendants(shelf)

    def of(self, nx_class: str) -> tuple[str, ...]:
        """The class and those that extend it."""
        return (nx_class, *self._below.get(nx_class, ()))

    def by_class(self, group: GroupRule) -> list[list[GroupRule]]:
        """Of the rules of `group` for groups of any name, those of a class together: one of them is meant."""
        together: dict[str, list[GroupRule]] = {}
        for rule in group.named_groups.any:
            together.setdefault(rule.nx_class, []).append(rule)
        return list(together.values())

    def claimed(self, rule: GroupRule, group: GroupRule) -> str | None:
        """Of the rules of `group`: the names that go to closer rules of the class of the unnamed `rule`."""
        classes = set(self.of(rule.nx_class))
        closer = [
            re.escape(name)
            for name, rules in group.named_groups.exact.items()
            if any(classes & set(self.of(each.nx_class)) for each in rules)
        ]
        closer += [
            pattern(each.name or "")
            for each in group.named_groups.partial
            if each is not rule and classes & set(self.of(each.nx_class))
        ]
        return f"^({'|'.join(closer)})$" if closer else None
