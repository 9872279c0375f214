"""Values that stay in the file until asked for, and which values may be read at all."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5f, h5g, h5l, h5o, h5p

from nxspectra.errors import FileError
from nxspectra.hdf5.opening import SourceFile, opened
from nxspectra.hdf5.values import ValueType, given_value, name_bytes, name_in, name_text
from nxspectra.tree import Array, Unreadable

FAILURES = (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError, MemoryError)
"""What h5py raises for something damaged, or for what it cannot express."""

SOURCES = 10_000
"""Pieces of a virtual data set."""


def reason(error: Exception) -> str:
    """What an error of h5py says, without the quotes of a KeyError."""
    return " ".join(str(part) for part in error.args) or type(error).__name__


class StoredValue:
    """The value of a data set that is still in its file; the file is opened anew for each reading."""

    __slots__ = ("dtype", "path", "shape", "source")

    def __init__(self, source: SourceFile, path: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.source = source
        self.path = path
        self.shape = shape
        self.dtype = dtype

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """The whole value; raises FileChanged and FileError."""
        if copy is False:
            raise ValueError(f"{self.path} is still in its file; it cannot be had without a copy")
        whole = self[()]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def __getitem__(self, selection: Any) -> Array:
        """What numpy would select; only that is read. Raises FileChanged, FileError and IndexError."""
        self.source.verify()
        with opened(self.source.path) as (file, _):
            try:
                dataset = dataset_at(file, self.path)
                hindrance = Storage.of(dataset, self.source).hindrance
                if hindrance is not None:
                    raise FileError(f"{self.source.path}: {self.path}: {hindrance.reason}")
                value = self._selected(file, dataset, selection)
            except IndexError:
                raise
            except FAILURES as error:
                raise FileError(f"{self.source.path}: {self.path}: cannot be read: {reason(error)}") from None
        self.source.verify()
        return value

    def _selected(self, file: h5f.FileID, dataset: h5d.DatasetID, selection: Any) -> Array:
        located = name_in(file)

        def read() -> Array:
            if isinstance(selection, tuple) and not selection:
                return whole()
            try:
                return given_value(np.asarray(h5py.Dataset(dataset)[selection]), located)
            except (TypeError, ValueError):
                # h5py selects less than numpy does: no negative steps, no lists out of order.
                return np.asarray(whole()[selection])

        def whole() -> Array:
            kind = ValueType.of(dataset.get_type())
            return kind.value(kind.read(dataset, dataset.shape), located)

        return with_filters(read)

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"StoredValue({self.path!r}, shape={self.shape}, dtype={self.dtype})"


def with_filters(read: Callable[[], Array]) -> Array:
    """What `read` gives; hdf5plugin's compression filters are loaded when it fails without them."""
    try:
        return read()
    except OSError:
        if "hdf5plugin" in sys.modules:
            raise
        importlib.import_module("hdf5plugin")
        return read()


def dataset_at(file: h5f.FileID, path: str) -> h5d.DatasetID:
    """The data set at the end of hard links only, so that nothing leads out of the file; raises KeyError."""
    here: Any = h5g.open(file, b"/")
    for step in path.split("/"):
        if step:
            name = name_bytes(step)
            if here.links.get_info(name).type != h5l.TYPE_HARD:
                raise KeyError(f"{step} is a link")
            here = h5o.open(here, name)
    if not isinstance(here, h5d.DatasetID):
        raise KeyError("it is not a data set")
    return here


@dataclass(frozen=True, slots=True)
class Storage:
    """Where the values of a data set are kept."""

    hindrance: Unreadable | None = None
    """Why they must not be read; None if they are in this file, or in sound files beside it."""
    chunk: int = 0
    """Elements in a chunk; 0 if they are not chunked."""

    @classmethod
    def of(cls, dataset: h5d.DatasetID, source: SourceFile) -> Storage:
        """Looked at before reading, for two reasons.

        With external raw storage libhdf5 reads any file of the machine, of whatever kind; and a virtual
        data set whose source is missing reads as fill values without a word.
        """
        if lies_in_file(dataset, source):
            return IN_ONE_PIECE
        creation = dataset.get_create_plist()
        if creation.get_external_count():
            outside = name_text(creation.get_external(0)[0])
            why = f"its values are kept outside, in {outside}, which is not read"
            return cls(Unreadable(why, "external-storage"))
        layout = creation.get_layout()
        if layout == h5d.VIRTUAL:
            hindrance = virtual_hindrance(creation, source.path)
            if hindrance is not None:
                why = f"is virtual, and {hindrance}: it would read as fill values"
                return cls(Unreadable(why, "virtual-source"))
        return cls(chunk=math.prod(creation.get_chunk()) if layout == h5d.CHUNKED else 0)


IN_ONE_PIECE = Storage()


def lies_in_file(dataset: h5d.DatasetID, source: SourceFile) -> bool:
    """The values stand in the file in one piece, byte for byte; quicker to ask than anything else.

    H5Dget_offset gives an address only to contiguous values without external files. Some versions add
    the length of a user block to the undefined address, so only without one it can be trusted.
    """
    return source.starts_at_zero and dataset.get_offset() is not None


def virtual_hindrance(creation: h5p.PropDCID, file: str) -> str | None:
    """Why a virtual data set cannot be trusted; None if every source is there, beside the file, and plain."""
    folder = Path(file).resolve().parent
    looked_at: set[tuple[str, str]] = set()
    if creation.get_virtual_count() > SOURCES:
        return f"it has more than {SOURCES} sources"
    for index in range(creation.get_virtual_count()):
        source, dataset = creation.get_virtual_filename(index), creation.get_virtual_dsetname(index)
        if (source, dataset) in looked_at:
            continue
        looked_at.add((source, dataset))
        if "%b" in source or "%b" in dataset:
            return f"its sources are numbered ({source}), which cannot be checked"
        where = Path(file) if source == "." else (folder / source).resolve()
        if source != "." and not where.is_relative_to(folder):
            return f"its source {source} is outside of the folder of this file"
        if not where.is_file():
            return f"its source {source} is not there"
        try:
            with opened(where) as (other, _):
                plist = dataset_at(other, dataset).get_create_plist()
                if plist.get_external_count() or plist.get_layout() == h5d.VIRTUAL:
                    return f"its source {source}:{dataset} keeps its values elsewhere"
        except (FileError, *FAILURES) as error:
            return f"its source {source}:{dataset} cannot be read ({reason(error)})"
    return None
