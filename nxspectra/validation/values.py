"""Rules about the value of a field or attribute: type, units, shape, enumeration, date."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import datetime

import numpy as np

from nxspectra import units
from nxspectra.findings import Finding, Severity
from nxspectra.nxdl import Enumeration
from nxspectra.tree import Array, Field, one
from nxspectra.validation.cases import AttributeCase, FieldCase, Length
from nxspectra.validation.hints import EXAMPLE_UNITS, did_you_mean, listed, quoted
from nxspectra.validation.table import (
    DATE_WITHOUT_ZONE,
    INVALID_DATE,
    MISSING_UNITS,
    NOT_IN_ENUMERATION,
    SYMBOL_MISMATCH,
    UNITS_SPELLING,
    UNKNOWN_UNITS,
    WRONG_RANK,
    WRONG_SIZE,
    WRONG_TYPE,
    WRONG_UNITS,
)

_TYPES: dict[str, tuple[str, str]] = {
    "NX_CHAR": ("U", "text"),
    "NX_DATE_TIME": ("U", "text with a date and time"),
    "ISO8601": ("U", "text with a date and time"),
    "NX_INT": ("iu", "integers"),
    "NX_UINT": ("iu", "integers from 0"),
    "NX_POSINT": ("iu", "integers from 1"),
    "NX_FLOAT": ("f", "floating point numbers"),
    "NX_NUMBER": ("iufc", "numbers"),
    "NX_BOOLEAN": ("biu", "true or false"),
    "NX_CHAR_OR_NUMBER": ("Uiufcb", "text or numbers"),
    "NX_COMPLEX": ("cV", "complex numbers"),
    "NX_CCOMPLEX": ("cV", "complex numbers"),
    "NX_PCOMPLEX": ("cV", "complex numbers"),
    "NX_QUATERNION": ("fV", "quaternions"),
}
"""Kinds of numpy type that a NeXus type takes (nxdlTypes.xsd), in words. NX_BINARY takes any."""

_KINDS = {
    "U": "text",
    "b": "true or false",
    "i": "integers",
    "u": "integers",
    "f": "floating point numbers",
    "c": "complex numbers",
    "V": "compound values",
    "O": "values of another kind",
}
_DATES = ("NX_DATE_TIME", "ISO8601")
_LEAST = {"NX_UINT": 0, "NX_POSINT": 1}
_UNITLESS = ("NX_UNITLESS", "NX_DIMENSIONLESS")
_UNITS_NOT_NEEDED = ("NX_ANY", "NX_COUNT", "NX_PULSES", "NX_TRANSFORMATION")
DATES_LOOKED_AT = 100


# -- type --------------------------------------------------------------------------------------


def wrong_type(case: FieldCase) -> Iterator[Finding]:
    """A field of another type than asked."""
    if case.field.shape is None:
        return
    message = _type_fault(case.field.dtype.kind, case.rule.type)
    if message is None and case.rule.type in _LEAST:
        message = _least_fault(case.value, case.rule.type)
    if message is not None:
        yield WRONG_TYPE.found(case, message, severity=_milder(case, "type"))


def wrong_attribute_type(case: AttributeCase) -> Iterator[Finding]:
    """An attribute of another type than asked; a number written as text will do."""
    value = np.asarray(case.value)
    message = _type_fault(value.dtype.kind, case.rule.type)
    if message is not None and case.rule.enumeration is None and not _is_number_text(case):
        yield WRONG_TYPE.found(case, message)


def _is_number_text(case: AttributeCase) -> bool:
    value = one(case.value)
    return (
        isinstance(value, str)
        and case.rule.type not in _DATES
        and re.fullmatch(r"[-+]?\d+", value) is not None
    )


def _type_fault(kind: str, wanted: str) -> str | None:
    kinds, words = _TYPES.get(wanted, ("", ""))
    if not kinds or kind in kinds:
        return None
    return f"holds {_KINDS.get(kind, 'values of another kind')}; {words} ({wanted}) expected"


def _least_fault(value: Array | None, wanted: str) -> str | None:
    if value is not None and value.size and int(value.min()) < _LEAST[wanted]:
        return f"reaches {int(value.min())}; {_TYPES[wanted][1]} ({wanted}) expected"
    return None


# -- units -------------------------------------------------------------------------------------


def missing_units(case: FieldCase) -> Iterator[Finding]:
    """A number whose unit is not said."""
    category = case.rule.units
    if (
        category is None
        or category in _UNITLESS
        or case.field.dtype.kind not in "iufc"
        or _spelled(case.field)
    ):
        return
    severity = Severity.INFO if category in _UNITS_NOT_NEEDED else _milder(case, "units")
    if category == "NX_ANY" and case.base:
        return
    yield MISSING_UNITS.found(case, f"has no units; {_expected(category)}", severity=severity)


def wrong_units(case: FieldCase) -> Iterator[Finding]:
    """A unit that is none, of another kind, or in a facility's own spelling."""
    category, spelling = case.rule.units, _spelled(case.field)
    if category is None or spelling is None or case.field.dtype.kind not in "iufc":
        return
    path = f"{case.path}@units"
    milder = _milder(case, "units")
    usual = units.usual_spelling(spelling)
    if usual is None:
        anything = category == "NX_ANY"
        yield UNKNOWN_UNITS.found(
            case,
            f"{quoted(spelling)} is not a unit; {_expected(category)}",
            path=path,
            severity=Severity.WARNING if anything else milder,
        )
    elif not units.fits(spelling, category):
        yield WRONG_UNITS.found(
            case,
            f"{quoted(spelling)} is not a unit of {category}; {_expected(category)}",
            path=path,
            severity=milder,
        )
    elif usual != spelling:
        yield UNITS_SPELLING.found(
            case, f"{quoted(spelling)} is understood as {usual or 'no unit'}", path=path
        )


def _spelled(field: Field) -> str | None:
    spelling = field.units
    return spelling if spelling is not None and spelling.strip() else None


def _expected(category: str) -> str:
    if category in EXAMPLE_UNITS:
        return f"{category} expected, for example {EXAMPLE_UNITS[category]}"
    return "any will do" if category == "NX_ANY" else f"{category} expected"


# -- shape -------------------------------------------------------------------------------------


def wrong_rank(case: FieldCase) -> Iterator[Finding]:
    """An array with more or fewer dimensions than asked."""
    dimensions, shape = case.rule.dimensions, case.field.shape
    if dimensions is None or shape is None or dimensions.number is None or _is_single(case):
        return
    # official base classes are often wrong about the rank of what is one value in practice
    if case.base and case.field.size == 1:
        return
    least = dimensions.least or 0
    if not least <= len(shape) <= dimensions.number:
        wanted = ", ".join(dim.value or "any" for dim in dimensions.dims)
        number = f"{dimensions.number}" if least == dimensions.number else f"{least} to {dimensions.number}"
        has = (
            f"{len(shape)} dimension{'' if len(shape) == 1 else 's'} {_shape(shape)}"
            if shape
            else "one value"
        )
        yield WRONG_RANK.found(
            case,
            f"has {has}; {number} expected{': (' + wanted + ')' if wanted else ''}",
            severity=Severity.INFO if case.base else None,
        )


def wrong_size(case: FieldCase) -> Iterator[Finding]:
    """A dimension of another length than its number, or than the field it refers to."""
    dimensions, shape = case.rule.dimensions, case.field.shape
    if dimensions is None or shape is None or _is_single(case):
        return
    for dim in dimensions.dims:
        if dim.index > len(shape):
            continue
        wanted = int(dim.value) if dim.value and dim.value.isdecimal() else None
        of = ""
        if wanted is None and dim.ref:
            wanted = _referred(case, dim.ref, dim.refindex or dim.index, dim.increment)
            of = f" as {dim.ref} has"
        if wanted is not None and shape[dim.index - 1] != wanted:
            yield WRONG_SIZE.found(
                case,
                f"has length {shape[dim.index - 1]} along dimension {dim.index}; {wanted} expected{of}",
                severity=Severity.INFO if case.base else None,
            )


def remember_lengths(case: FieldCase) -> None:
    """Note the lengths of a field along symbols; they are compared when the entry has been walked."""
    dimensions, shape = case.rule.dimensions, case.field.shape
    if dimensions is None or shape is None or case.base:
        return
    for dim in dimensions.dims:
        depth = case.entry.definition.scopes.get(dim.value or "")
        if dim.index > len(shape) or depth is None or dim.value is None:
            continue
        length = shape[dim.index - 1]
        if dim.required or length != 1:
            scope = case.chain[depth]
            known = case.entry.lengths.setdefault((dim.value, scope), [])
            known.append(Length(case.path, length, case.origin))


def symbol_mismatch(symbol: str, lengths: list[Length], declared: bool) -> Iterator[Finding]:
    """Fields that differ in a length that they share, said of the fewer."""
    sizes = [each.length for each in lengths]
    usual = max(dict.fromkeys(sizes), key=sizes.count)
    reference = next(each for each in lengths if each.length == usual)
    for each in lengths:
        if each.length != usual:
            yield SYMBOL_MISMATCH.at(
                each.path,
                f"has length {each.length} along {symbol}, but {reference.path} has {usual}",
                each.origin,
                None if declared else Severity.WARNING,
            )


def _is_single(case: FieldCase) -> bool:
    """One value where one for all will do: a scalar, or an array of one element."""
    dimensions, shape = case.rule.dimensions, case.field.shape
    return (
        dimensions is not None
        and shape in ((), (1,))
        and bool(dimensions.dims)
        and not any(dim.required for dim in dimensions.dims)
    )


def _referred(case: FieldCase, name: str, index: int, increment: int) -> int | None:
    node = case.group.get(name) if "/" not in name else None
    shape = node.shape if isinstance(node, Field) else None
    return shape[index - 1] + increment if shape and index <= len(shape) else None


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))})"


# -- enumeration -------------------------------------------------------------------------------


def not_in_enumeration(case: FieldCase) -> Iterator[Finding]:
    """A value that is not in the list of the definition."""
    rule = case.rule
    if rule.enumeration is None or case.field.shape is None:
        return
    value = case.value
    if value is None:
        return
    fault = _enumeration_fault(value, rule.enumeration)
    if fault is not None:
        severity = Severity.INFO if rule.enumeration.open else _milder(case, "enumeration")
        yield NOT_IN_ENUMERATION.found(case, fault, severity=severity)


def attribute_not_in_enumeration(case: AttributeCase) -> Iterator[Finding]:
    """An attribute whose value is not in the list of the definition."""
    enumeration = case.rule.enumeration
    if enumeration is None or case.value is None:
        return
    value = np.asarray(case.value)
    if value.dtype.kind not in "Ubiuf" or value.size == 0:
        return
    fault = _enumeration_fault(value, enumeration)
    if fault is not None:
        severity = Severity.INFO if enumeration.open else None
        yield NOT_IN_ENUMERATION.found(case, fault, severity=severity)


def _enumeration_fault(value: Array, enumeration: Enumeration) -> str | None:
    items = enumeration.items
    if value.dtype.kind == "U":
        words = [str(word) for word in value.reshape(-1)]
        if any(_as_list(item) == words for item in items):
            return None
        odd = next((word for word in words if not _is_item(word, items)), None)
        if odd is None:
            return None
        close = did_you_mean(odd, items)
        return f"is {quoted(odd)}; {_one_of(items)}{close}"
    if value.dtype.kind in "biuf":
        numbers = {number for item in items if (number := _as_number(item)) is not None}
        strange = next((each for each in value.reshape(-1).tolist() if float(each) not in numbers), None)
        return None if strange is None else f"is {strange}; {_one_of(items)}"
    return None


def _is_item(word: str, items: tuple[str, ...]) -> bool:
    if word in items:
        return True
    # some official lists name categories where units are meant, one with a typing error
    return any(item.startswith("NX_") and units.fits(word, _category(item)) for item in items)


def _category(item: str) -> str:
    return item if units.is_category(item) else item.replace("LENGHT", "LENGTH")


def _as_list(item: str) -> list[str] | None:
    if not item.startswith("["):
        return None
    try:
        value = ast.literal_eval(item)
    except (ValueError, SyntaxError):
        return None
    return [str(each) for each in value] if isinstance(value, list) else None


def _as_number(item: str) -> float | None:
    try:
        return float(item)
    except ValueError:
        return {"true": 1.0, "false": 0.0}.get(item.lower())


def _one_of(items: tuple[str, ...]) -> str:
    return f"{items[0]} expected" if len(items) == 1 else f"one of {listed(items)} expected"


# -- dates -------------------------------------------------------------------------------------


def invalid_date(case: FieldCase) -> Iterator[Finding]:
    """A date and time that is not ISO 8601, or has no time zone."""
    if case.rule.type in _DATES and case.field.dtype.kind == "U" and case.value is not None:
        yield from _date_faults(case, case.value)


def invalid_attribute_date(case: AttributeCase) -> Iterator[Finding]:
    """The same for an attribute."""
    value = np.asarray(case.value)
    if case.rule.type in _DATES and value.dtype.kind == "U":
        yield from _date_faults(case, value)


def _date_faults(case: FieldCase | AttributeCase, value: Array) -> Iterator[Finding]:
    for each in value.reshape(-1)[:DATES_LOOKED_AT]:
        text = str(each).strip()
        if not text:
            continue
        try:
            date = datetime.fromisoformat(text)
        except ValueError:
            yield INVALID_DATE.found(
                case, f"{quoted(text)} is not ISO 8601, for example 2021-05-27T10:15:00+02:00"
            )
            return
        if date.tzinfo is None:
            yield DATE_WITHOUT_ZONE.found(
                case, f"{quoted(text)} has no time zone, so it can be read as another moment; add it, +02:00"
            )
            return


def _milder(case: FieldCase, aspect: str) -> Severity | None:
    """A warning where the definition leaves this aspect to the base class."""
    return Severity.WARNING if aspect in case.rule.inherited else None
