"""Conditions on things that are at hand, such as the terms of an ontology; those in tables are met by SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from nxspectra.catalogue.pan.filters import NEGATIVE, And, Compare, Operator, Or, Text, Value, Where
from nxspectra.catalogue.pan.patterns import Pattern

Thing: TypeAlias = Mapping[str, Value | tuple[str, ...]]
"""Properties by name; several texts where a thing has several names."""

POSITIVE = {
    Operator.NEQ: Operator.EQ,
    Operator.NIN: Operator.INQ,
    Operator.NLIKE: Operator.LIKE,
    Operator.NILIKE: Operator.ILIKE,
}


def matches(where: Where | None, thing: Thing, text: Iterable[str] = ()) -> bool:
    """Is the condition met? `text`: the properties that a Text looks in."""
    match where:
        case None:
            return True
        case And(parts):
            return all(matches(part, thing, text) for part in parts)
        case Or(parts):
            return any(matches(part, thing, text) for part in parts)
        case Text(said):
            pattern = Pattern.containing(said).folded()
            return any(pattern.matches(str(thing.get(name) or "").casefold()) for name in text)
        case Compare():
            return compares(where, thing.get(where.property))


def compares(where: Compare, value: Value | tuple[str, ...]) -> bool:
    """Is the comparison met by a value, or by one of several?"""
    if where.operator in NEGATIVE:
        return not compares(Compare(where.property, POSITIVE[where.operator], where.values), value)
    several = value if isinstance(value, tuple) else (value,)
    return any(_met(where.operator, each, where.values) for each in several)


def _met(operator: Operator, value: Value, said: tuple[Value, ...]) -> bool:
    first = said[0] if said else None
    match operator:
        case Operator.EQ | Operator.INQ:
            return value in said
        case Operator.LIKE:
            return isinstance(value, str) and Pattern.parse(str(first)).matches(value)
        case Operator.ILIKE:
            return isinstance(value, str) and Pattern.parse(str(first)).folded().matches(value.casefold())
        case Operator.BETWEEN:
            return _at_least(value, first) and _at_least(said[1], value)
        case Operator.GT:
            return _at_least(value, first) and value != first
        case Operator.LT:
            return _at_least(first, value) and value != first
        case Operator.LTE:
            return _at_least(first, value)
        case _:
            return _at_least(value, first)


def _at_least(left: Value, right: Value) -> bool:
    """Is `left` at or above `right`? Never if they are of different kinds."""
    if isinstance(left, str) and isinstance(right, str):
        return left >= right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left >= right
    return False
