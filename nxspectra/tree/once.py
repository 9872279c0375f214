"""A value that is read from its file once."""

from __future__ import annotations

from typing import Any

import numpy as np

from nxspectra.tree.values import Array, Stored


class Once:
    """A stored value that stays in memory once it was read as a whole, also where it is sent then."""

    __slots__ = ("value",)

    def __init__(self, value: Stored) -> None:
        self.value: Array | Stored = value

    @property
    def shape(self) -> tuple[int, ...] | None:
        return self.value.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.value.dtype

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        self.value = whole = np.asarray(self.value)
        return np.array(whole, dtype=dtype, copy=copy)

    def __getitem__(self, selection: Any) -> Array:
        return np.asarray(self.value[selection])
