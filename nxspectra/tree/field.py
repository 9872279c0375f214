"""A data set with its attributes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from nxspectra.tree.values import Array, Attribute, Stored, as_array, one, same_attributes, same_value

PLAIN = (np.ndarray, str, int, float, list, tuple)


class Field:
    """A data set with its attributes: a numpy value, or a handle that reads it when asked."""

    __slots__ = ("attributes", "data")

    data: Array | Stored
    attributes: Mapping[str, Attribute]

    def __init__(
        self,
        data: ArrayLike | Stored,
        attributes: Mapping[str, Attribute] | None = None,
        /,
        **named: Attribute,
    ) -> None:
        # to ask whether a thing is like a Stored takes long
        value = as_array(data) if isinstance(data, PLAIN) or not isinstance(data, Stored) else data
        object.__setattr__(self, "data", value)
        object.__setattr__(self, "attributes", {**(attributes or {}), **named})

    @classmethod
    def around(cls, data: Array | Stored, attributes: Mapping[str, Attribute]) -> Self:
        """A field around these very objects, neither copied nor converted: the quick way for a reader."""
        new = cls.__new__(cls)
        object.__setattr__(new, "data", data)
        object.__setattr__(new, "attributes", attributes)
        return new

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Field is a value; make another one instead of setting {name!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        return Field.around, (self.data, self.attributes)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """None for a null data space."""
        return self.data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Kind U for any text, however it is stored."""
        return self.data.dtype

    @property
    def size(self) -> int:
        shape = self.data.shape
        return 0 if shape is None else math.prod(shape)

    @property
    def units(self) -> str | None:
        units = one(self.attributes.get("units"))
        return units if isinstance(units, str) else None

    @property
    def array(self) -> Array:
        """The whole value, read now if it is still in the file."""
        return np.asarray(self.data)

    @property
    def text(self) -> str | None:
        """The value if it is one text, also as an array of one element; else None."""
        if self.dtype.kind != "U" or self.size != 1:
            return None
        return str(self.array.reshape(-1)[0])

    @property
    def number(self) -> float | None:
        """The value if it is one real number, also as an array of one element; else None."""
        if self.dtype.kind not in "biuf" or self.size != 1:
            return None
        return float(self.array.reshape(-1)[0])

    def with_attributes(self, **named: Attribute) -> Field:
        return Field(self.data, {**self.attributes, **named})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Field):
            return NotImplemented
        return same_attributes(self.attributes, other.attributes) and (
            self.data is other.data
            or ((self.shape is None) == (other.shape is None) and same_value(self.data, other.data))
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = repr(self.array.tolist()) if 0 < self.size <= 4 and isinstance(self.data, np.ndarray) else "…"
        units = f", units={self.units!r}" if self.units else ""
        return f"Field({shown}, shape={self.shape}, dtype={self.dtype}{units})"
