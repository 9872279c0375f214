"""A series of spectra, and any HDF5 file as a tree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from nxspectra.hdf5 import read
from nxspectra.tree import Group, Unreadable

SERIES = np.linspace(0, 50, 349 * 40, dtype="float32").reshape(349, 40)


def tree_of(path: Path, fill: Callable[[h5py.File], object], **options: Any) -> Group:
    with h5py.File(path, "w", **options) as file:
        fill(file)
    return read(path)


def reason_at(tree: Group, path: str) -> Unreadable:
    node = tree[path]
    assert isinstance(node, Unreadable)
    return node
