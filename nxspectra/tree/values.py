"""The values of fields and attributes: in memory or still in the file, and when two are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[Any]
Attribute: TypeAlias = "str | int | float | bool | np.generic | Array | Unreadable | None"
"""Scalar text is `str`, an array of text has dtype kind U, a null data space is None.

One that is in the file and could not be read is Unreadable.
"""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An object that is in the file and could not be read, with the reason; checks report it."""

    reason: str
    rule: str = "unreadable"

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        return {}


@runtime_checkable
class Stored(Protocol):
    """A value that is still in its file: shape and type are known, the rest is read when asked for.

    Reading raises FileChanged when the file is no longer the one that was opened.
    """

    @property
    def shape(self) -> tuple[int, ...] | None: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array: ...
    def __getitem__(self, selection: Any) -> Array: ...


class Null:
    """The value of a null data space: a type, and neither a shape nor a value.

    As an array it is empty.
    """

    __slots__ = ("dtype",)

    dtype: np.dtype[Any]

    def __init__(self, dtype: Any = "float64") -> None:
        self.dtype = np.dtype(dtype)

    @property
    def shape(self) -> None:
        return None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.empty(0, self.dtype if dtype is None else dtype)

    def __getitem__(self, selection: Any) -> Array:
        chosen: Array = np.asarray(self)[selection]
        return chosen

    def __repr__(self) -> str:
        return f"Null({str(self.dtype)!r})"


def as_array(value: ArrayLike) -> Array:
    """`value` as an array, text with dtype kind U."""
    array = np.asarray(value)
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8")
    if array.dtype.kind in "OT" and all(isinstance(item, str) for item in array.reshape(-1)):
        return array.astype(str)
    return array


def one(value: Attribute) -> Attribute:
    """The single element of an array of one element; anything else as it is."""
    if isinstance(value, np.ndarray) and value.size == 1:
        item: Attribute = value.reshape(-1)[0]
        return str(item) if isinstance(item, str) else item
    return value


def texts(value: Attribute) -> tuple[str, ...]:
    """The texts of an attribute that holds one or several, such as `axes`; empty if it holds none."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, np.ndarray) and value.dtype.kind == "U":
        return tuple(str(item) for item in value.reshape(-1))
    return ()


def same_value(left: Any, right: Any) -> bool:
    """Equal in kind, size, shape and content, whatever the order of bytes; NaN equals NaN."""
    if left is None or right is None:
        return left is None and right is None
    a, b = np.asarray(left), np.asarray(right)
    if a.dtype.kind != b.dtype.kind or a.shape != b.shape:
        return False
    if a.dtype.kind in "fc":
        return a.dtype.itemsize == b.dtype.itemsize and np.array_equal(a, b, equal_nan=True)
    if a.dtype.kind == "O":
        return all(
            same_value(x, y) if isinstance(x, np.ndarray) else bool(x == y)
            for x, y in zip(a.reshape(-1), b.reshape(-1), strict=True)
        )
    if a.dtype.names is not None:
        return a.dtype.names == b.dtype.names and all(same_value(a[name], b[name]) for name in a.dtype.names)
    if a.dtype.kind == "V":
        return a.dtype == b.dtype and a.tobytes() == b.tobytes()
    return (a.dtype.kind == "U" or a.dtype.itemsize == b.dtype.itemsize) and np.array_equal(a, b)


def same_attributes(left: Mapping[str, Attribute], right: Mapping[str, Attribute]) -> bool:
    return left.keys() == right.keys() and all(same_value(left[name], right[name]) for name in left)
