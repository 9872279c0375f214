"""What NXDL says of values: its types and categories of units, and what a listed value stands for."""

from __future__ import annotations

import ast
from functools import lru_cache

KINDS: dict[str, str] = {
    "NX_CHAR": "U",
    "NX_DATE_TIME": "U",
    "ISO8601": "U",
    "NX_INT": "iu",
    "NX_UINT": "iu",
    "NX_POSINT": "iu",
    "NX_FLOAT": "f",
    "NX_NUMBER": "iufc",
    "NX_BOOLEAN": "biu",
    "NX_CHAR_OR_NUMBER": "Uiufcb",
    "NX_COMPLEX": "cV",
    "NX_CCOMPLEX": "cV",
    "NX_PCOMPLEX": "cV",
    "NX_QUATERNION": "fV",
}
"""Kinds of numpy type that a type takes (nxdlTypes.xsd); one that is not here, as NX_BINARY, takes any."""
DATES = ("NX_DATE_TIME", "ISO8601")
NUMERIC = ("NX_INT", "NX_UINT", "NX_POSINT", "NX_FLOAT", "NX_NUMBER")
"""Types of which no value is text."""
LEAST = {"NX_UINT": 0, "NX_POSINT": 1}
"""The lowest value of a type."""
UNITLESS = ("NX_UNITLESS", "NX_DIMENSIONLESS")
"""Categories of values that have no unit."""
UNITS_NOT_NEEDED = ("NX_ANY", "NX_COUNT", "NX_PULSES", "NX_TRANSFORMATION")
"""Categories of values that need not have one."""


@lru_cache(maxsize=256)
def list_in(item: str) -> list[object] | None:
    """The list that an item such as `[0, 0, 1]` stands for; None for one value.

    Some official items are lists, written as Python writes them.
    """
    if not item.startswith("["):
        return None
    try:
        value = ast.literal_eval(item)
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, list) else None


def number_in(item: str) -> float | None:
    """The number that an item stands for, true being 1 and false 0; None for any other text."""
    try:
        return float(item)
    except ValueError:
        return {"true": 1.0, "false": 0.0}.get(item.lower())
