"""From an HDF5 type to numpy and back: text is text, a reference is the path it points to.

Text is decoded as UTF-8, and as latin-1 where it is not UTF-8 (old files write Å and ° so).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import h5py
import numpy as np
from h5py import h5a, h5d, h5r, h5s, h5t

from nxspectra.tree import Array

TEXT = h5py.string_dtype()
"""Variable-length UTF-8. Reading such text into an array of plain objects ends in a segmentation fault."""

Located: TypeAlias = Callable[[Any], str]
"""The path that an object reference points to."""


def decoded(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def name_text(name: bytes) -> str:
    """A link or attribute name as text; bytes that are not UTF-8 survive the way there and back."""
    return name.decode("utf-8", "surrogateescape")


def name_bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class ValueType:
    """How values of one HDF5 type are read, and what they are as numpy values."""

    dtype: np.dtype[Any]
    """What is read into."""
    memory: h5t.TypeID
    size: int
    """Bytes of one element in the file."""
    given: np.dtype[Any]
    """What comes out: text of kind U."""
    text: bool
    plain: bool
    """What is read is what is given."""
    refers: bool
    """There are references in it."""

    @classmethod
    def of(cls, stored: h5t.TypeID) -> ValueType:
        """Raises TypeError for a type that has no numpy twin."""
        dtype = stored.dtype
        return cls(
            dtype=dtype,
            memory=h5t.py_create(dtype),
            size=stored.get_size(),
            given=given_dtype(dtype),
            text=h5py.check_string_dtype(dtype) is not None,
            plain=is_plain(dtype),
            refers=refers(dtype),
        )

    def read(self, attribute_or_dataset: h5a.AttrID | h5d.DatasetID, shape: tuple[int, ...]) -> Array:
        """What h5py reads; see `given_value`."""
        array = np.empty(shape, self.dtype)
        if isinstance(attribute_or_dataset, h5a.AttrID):
            attribute_or_dataset.read(array, self.memory)
        elif array.size:
            attribute_or_dataset.read(h5s.ALL, h5s.ALL, array, self.memory)
        return array

    def value(self, array: Array, located: Located) -> Array:
        if self.plain:
            return array
        if self.text and not array.shape:
            return np.array(decoded(array.item()))
        return given_value(array, located)


KNOWN = 1000
"""Types of which it is kept how they are read; from one file to the next they are mostly the same."""
LONGEST_KEY = 4096
"""Bytes of a type's description; of a longer one nothing is kept."""
_known: dict[bytes, ValueType] = {}


def value_type(stored: h5t.TypeID) -> ValueType:
    """How values of a type are read; raises TypeError for one that has no numpy twin."""
    key = stored.encode()
    kind = _known.get(key)
    if kind is None:
        kind = ValueType.of(stored)
        if len(key) <= LONGEST_KEY:
            if len(_known) >= KNOWN:
                _known.clear()
            _known[key] = kind
    return kind


_TEXT_IN_MEMORY = h5t.py_create(TEXT)


def quick_text(attribute: h5a.AttrID) -> str | None:
    """The text of variable length that a scalar attribute holds, as most do; None if it holds another thing.

    libhdf5 refuses to turn anything else into such text, and to ask it for the type first would take longer
    than to read. It does not look at the shape: of an array more would be written than there is room for.
    Raises what h5py raises.
    """
    array = np.empty((), TEXT)
    attribute.read(array, _TEXT_IN_MEMORY)
    value = array.item()
    return decoded(value) if isinstance(value, bytes) else None


def is_plain(dtype: np.dtype[Any]) -> bool:
    """Numbers, truth values and opaque bytes all through."""
    if dtype.subdtype is not None:
        return is_plain(dtype.subdtype[0])
    if dtype.names is not None:
        return all(is_plain(dtype[name]) for name in dtype.names)
    return dtype.kind not in "OS"


def refers(dtype: np.dtype[Any]) -> bool:
    if dtype.subdtype is not None:
        return refers(dtype.subdtype[0])
    if dtype.names is not None:
        return any(refers(dtype[name]) for name in dtype.names)
    elements = h5py.check_vlen_dtype(dtype)
    return h5py.check_ref_dtype(dtype) is not None or (isinstance(elements, np.dtype) and refers(elements))


def given_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The numpy type in which values of h5py's `dtype` are given: no bytes for text, no h5py objects."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return np.dtype((given_dtype(base), shape))
    if is_plain(dtype):
        return dtype
    if dtype.names is not None:
        return np.dtype([(name, given_dtype(dtype[name])) for name in dtype.names])
    text = h5py.check_string_dtype(dtype)
    if text is not None:
        return np.dtype(("U", text.length or 0))
    if h5py.check_ref_dtype(dtype) is not None:
        return np.dtype("U")
    return dtype


def given_value(array: Array, located: Located, dtype: np.dtype[Any] | None = None) -> Array:
    """What h5py read, without bytes for text and without h5py's own objects.

    `dtype` is that of the array with h5py's metadata, which the elements of a list have lost.
    """
    dtype = array.dtype if dtype is None else dtype
    if is_plain(dtype):
        return array
    if dtype.names is not None:
        parts = {name: given_value(array[name], located, dtype[name].base) for name in dtype.names}
        packed = np.empty(
            array.shape, [(name, part.dtype, part.shape[array.ndim :]) for name, part in parts.items()]
        )
        for name, part in parts.items():
            packed[name] = part
        return packed
    if h5py.check_string_dtype(dtype) is not None:
        return texts_in(array, decoded)
    if h5py.check_ref_dtype(dtype) is not None:
        return texts_in(array, located)
    elements = h5py.check_vlen_dtype(dtype)
    if isinstance(elements, np.dtype):
        out = np.empty(array.shape, dtype=object)
        for index in np.ndindex(array.shape):
            out[index] = given_value(np.asarray(array[index]), located, elements)
        return out
    return array


def texts_in(array: Array, text: Callable[[Any], str]) -> Array:
    texts = [text(item) for item in array.reshape(-1).tolist()]
    return np.array(texts, dtype=np.str_).reshape(array.shape) if texts else np.empty(array.shape, dtype="U1")


def unlocated(reference: Any) -> str:
    """The text that stands for a reference whose object is not among those that were read."""
    return "" if not reference else "(an object elsewhere in the file)"


def name_in(file: Any) -> Located:
    """References told by libhdf5 itself, which searches the whole file for each."""

    def located(reference: Any) -> str:
        if not reference:
            return ""
        try:
            name = h5r.get_name(reference, file)
        except (RuntimeError, ValueError, OSError):
            return unlocated(reference)
        return name_text(name) if name else unlocated(reference)

    return located
