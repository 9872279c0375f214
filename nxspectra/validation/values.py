"""Rules about the value of a field or attribute: type, units, shape, enumeration, date."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime

import numpy as np

from nxspectra import units
from nxspectra.findings import Finding, Severity
from nxspectra.nxdl import Enumeration
from nxspectra.nxdl.values import DATES, KINDS, LEAST, NUMERIC, UNITLESS, UNITS_NOT_NEEDED, list_in, number_in
from nxspectra.tree import Array, Field, one
from nxspectra.validation.cases import AttributeCase, FieldCase, Length
from nxspectra.validation.hints import EXAMPLE_UNITS, did_you_mean, listed, quoted
from nxspectra.validation.policies import (
    BASE_DIMENSIONS,
    LISTS,
    NUMBERS_AS_TEXT,
    UNIT_CATEGORIES,
    UNTYPED_NUMBERS,
    VALUES_WIN,
)
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

_WORDS = {
    "NX_CHAR": "text",
    "NX_DATE_TIME": "text with a date and time",
    "ISO8601": "text with a date and time",
    "NX_INT": "integers",
    "NX_UINT": "integers from 0",
    "NX_POSINT": "integers from 1",
    "NX_FLOAT": "floating point numbers",
    "NX_NUMBER": "numbers",
    "NX_BOOLEAN": "true or false",
    "NX_CHAR_OR_NUMBER": "text or numbers",
    "NX_COMPLEX": "complex numbers",
    "NX_CCOMPLEX": "complex numbers",
    "NX_PCOMPLEX": "complex numbers",
    "NX_QUATERNION": "quaternions",
}
"""What values of a NeXus type are."""

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
DATES_LOOKED_AT = 100
_BETWEEN = ("", "T", "t", " ", *"0123456789")
"""What may stand at the eleventh place of a date and time; a digit in the basic format, 20210527T101500."""


# -- type --------------------------------------------------------------------------------------


def wrong_type(case: FieldCase) -> Iterator[Finding]:
    """A field of another type than asked."""
    if case.field.shape is None:
        return
    message = type_fault(case.field.dtype.kind, case.rule.type)
    if message is not None and (policy := _excuse(case)) is not None:
        case.applied(policy)
        return
    if message is None and case.rule.type in LEAST:
        message = _least_fault(case.value, case.rule.type)
    if message is None and case.rule.type == "NX_BOOLEAN" and case.field.dtype.kind in "iu":
        message = _boolean_fault(case.value)
    if message is not None:
        yield WRONG_TYPE.found(case, message, severity=_milder(case, "type"))


def _excuse(case: FieldCase) -> str | None:
    """The policy by which a value of another type is taken, if one is."""
    rule, kind = case.rule, case.field.dtype.kind
    if rule.type == "NX_CHAR":
        numeric = bool(rule.units or rule.dimensions or case.group.nx_class == "NXdata")
        return UNTYPED_NUMBERS if not rule.typed and numeric and kind in "iufcb" else None
    value = case.value if kind == "U" and rule.enumeration is not None else None
    if value is not None and rule.enumeration is not None and _only_words(rule.enumeration):
        return VALUES_WIN
    return None


def _only_words(enumeration: Enumeration) -> bool:
    return all(number_in(item) is None and list_in(item) is None for item in enumeration.items)


def _boolean_fault(value: Array | None) -> str | None:
    if value is not None and value.size and not 0 <= int(value.min()) <= int(value.max()) <= 1:
        return f"goes from {int(value.min())} to {int(value.max())}; 0 or 1 (NX_BOOLEAN) expected"
    return None


def wrong_attribute_type(case: AttributeCase) -> Iterator[Finding]:
    """An attribute of another type than asked; a number written as text will do."""
    value = np.asarray(case.value)
    message = type_fault(value.dtype.kind, case.rule.type)
    if message is None and case.rule.type in LEAST and value.dtype.kind in "iu":
        message = _least_fault(value, case.rule.type)
    if message is None:
        return
    if _is_number_text(case):
        case.applied(NUMBERS_AS_TEXT)
    elif case.rule.enumeration is None:
        yield WRONG_TYPE.found(case, message)


def _is_number_text(case: AttributeCase) -> bool:
    value = one(case.value)
    return (
        isinstance(value, str)
        and case.rule.type in NUMERIC
        and re.fullmatch(r"[-+]?\d+(\.\d*)?", value) is not None
    )


def type_fault(kind: str, wanted: str) -> str | None:
    """What is wrong with a kind of numpy type where a NeXus type is asked; None if nothing is."""
    if wanted not in KINDS or kind in KINDS[wanted]:
        return None
    return f"holds {_KINDS.get(kind, 'values of another kind')}; {_WORDS[wanted]} ({wanted}) expected"


def _least_fault(value: Array | None, wanted: str) -> str | None:
    if value is not None and value.size and int(value.min()) < LEAST[wanted]:
        return f"reaches {int(value.min())}; {_WORDS[wanted]} ({wanted}) expected"
    return None


# -- units -------------------------------------------------------------------------------------


def missing_units(case: FieldCase) -> Iterator[Finding]:
    """A number whose unit is not said."""
    category = case.rule.units
    if (
        category is None
        or category in UNITLESS
        or case.field.dtype.kind not in "iufc"
        or _spelled(case.field)
    ):
        return
    severity = Severity.INFO if category in UNITS_NOT_NEEDED else _milder(case, "units")
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
        anything = category == "NX_ANY" and not _is_placeholder(spelling)
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


def _is_placeholder(spelling: str) -> bool:
    """Was something to be filled in, as in `{units of logged value}`?"""
    return re.search(r"\{.*\}|<.*>|\$\(|%\(", spelling) is not None


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
        if case.base:
            case.applied(BASE_DIMENSIONS)
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
            if case.base:
                case.applied(BASE_DIMENSIONS)
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
    # a link beside the field leads from the top of the file
    node = case.entry.root.get(f"{case.path.rpartition('/')[0]}/{name}") if "/" not in name else None
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
    fault, policy = _compare(value, rule.enumeration)
    if fault is not None:
        severity = Severity.INFO if rule.enumeration.open else _milder(case, "enumeration")
        yield NOT_IN_ENUMERATION.found(case, fault, severity=severity)
    elif policy is not None:
        case.applied(policy)


def attribute_not_in_enumeration(case: AttributeCase) -> Iterator[Finding]:
    """An attribute whose value is not in the list of the definition."""
    enumeration = case.rule.enumeration
    if enumeration is None or case.value is None:
        return
    value = np.asarray(case.value)
    if value.dtype.kind not in "Ubiuf" or value.size == 0:
        return
    fault, policy = _compare(value, enumeration, _numeric(case))
    if fault is not None:
        severity = Severity.INFO if enumeration.open else None
        yield NOT_IN_ENUMERATION.found(case, fault, severity=severity)
    elif policy is not None:
        case.applied(policy)


def _numeric(case: AttributeCase) -> bool:
    return case.rule.type in NUMERIC


def units_not_in_enumeration(case: AttributeCase) -> Iterator[Finding]:
    """Units that are not in the list of the definition, by what they mean, not how they are spelled."""
    enumeration, spelling = case.rule.enumeration, one(case.value)
    if enumeration is None or not isinstance(spelling, str):
        return
    fault, policy = _compare(np.asarray(spelling), enumeration)
    if fault is None:
        if policy is not None:
            case.applied(policy)
        return
    unit = units.parse(spelling)
    known = [units.parse(item.strip("'")) for item in enumeration.items]
    if unit is None or not any(_same_unit(unit, each) for each in known):
        severity = Severity.INFO if enumeration.open else None
        yield NOT_IN_ENUMERATION.found(case, fault, severity=severity)


def _same_unit(unit: units.Unit, other: units.Unit | None) -> bool:
    return (
        other is not None
        and unit.dimension == other.dimension
        and math.isclose(unit.factor, other.factor)
        and unit.offset == other.offset
    )


def item_of(value: Array, enumeration: Enumeration) -> bool:
    """Is the value one of the list, or an array of such?"""
    return _compare(value, enumeration)[0] is None


def _compare(value: Array, enumeration: Enumeration, numeric: bool = False) -> tuple[str | None, str | None]:
    """What is wrong with a value by a list of values, and else the policy by which it is right, if any.

    With `numeric` a text is compared as the number that it is.
    """
    items = enumeration.items
    if value.dtype.kind == "U":
        words = [str(word) for word in value.reshape(-1)]
        if any(_as_list(item) == words for item in items):
            return None, LISTS
        if numeric and len(words) == 1 and (number := number_in(words[0])) is not None:
            return _compare(np.asarray(number), enumeration)
        odd = next((word for word in words if word not in items), None)
        if odd is None:
            return None, None
        if all(word in items or _is_of_category(word, items) for word in words):
            return None, UNIT_CATEGORIES
        return f"is {quoted(odd)}; {_one_of(items)}{did_you_mean(odd, items)}", None
    if value.dtype.kind in "biuf":
        given = value.reshape(-1).tolist()
        if any(_as_numbers(item) == given for item in items):
            return None, LISTS
        numbers = {number for item in items if (number := number_in(item)) is not None}
        strange = next((each for each in given if float(each) not in numbers), None)
        return (None if strange is None else f"is {strange}; {_one_of(items)}"), None
    return None, None


def _is_of_category(word: str, items: tuple[str, ...]) -> bool:
    # some official lists name categories where units are meant, one with a typing error
    return any(item.startswith("NX_") and units.fits(word, _category(item)) for item in items)


def _category(item: str) -> str:
    return item if units.is_category(item) else item.replace("LENGHT", "LENGTH")


def _as_list(item: str) -> list[str] | None:
    value = list_in(item)
    return None if value is None else [str(each) for each in value]


def _as_numbers(item: str) -> list[object] | None:
    value = list_in(item)
    return value if value and all(isinstance(each, int | float) for each in value) else None


def _one_of(items: tuple[str, ...]) -> str:
    return f"{items[0]} expected" if len(items) == 1 else f"one of {listed(items)} expected"


# -- dates -------------------------------------------------------------------------------------


def invalid_date(case: FieldCase) -> Iterator[Finding]:
    """A date and time that is not ISO 8601, or has no time zone."""
    if case.rule.type in DATES and case.field.dtype.kind == "U" and case.value is not None:
        yield from _date_faults(case, case.value)


def invalid_attribute_date(case: AttributeCase) -> Iterator[Finding]:
    """The same for an attribute."""
    value = np.asarray(case.value)
    if case.rule.type in DATES and value.dtype.kind == "U":
        yield from _date_faults(case, value)


def _date_faults(case: FieldCase | AttributeCase, value: Array) -> Iterator[Finding]:
    for each in value.reshape(-1)[:DATES_LOOKED_AT]:
        text = str(each).strip()
        if not text:
            continue
        try:
            # Python takes any letter between date and time; the standard a T, and NeXus a blank too
            date = datetime.fromisoformat("" if text[10:11] not in _BETWEEN else text)
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
