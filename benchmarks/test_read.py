"""The worry: looking at a file costs more than h5py's own overhead makes it cost.

The floor is one visit of everything with h5py's low-level functions, values of up to 4096 bytes read, nothing
kept; the usual way is h5py's `visititems` with `[()]` and `dict(attrs)`. Files: a raw ramp of 349 spectra
with 400 free key-values in 20 collections, once whole and once without what is in the collections.
What must hold are the ratios within this run: `pytest -s benchmarks/test_read.py`
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from h5py import h5a, h5d, h5f, h5g, h5l, h5o, h5p, h5s
from pytest_benchmark.fixture import BenchmarkFixture

from nxspectra.hdf5 import guard, read, write
from nxspectra.tree import Field, Group

ROUNDS = 15


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keys = {
        f"key_{i}": Field("user text" if i % 4 == 0 else 0.1 * i, units="ms" if i % 4 else "")
        for i in range(20)
    }
    collections = {f"collection_{i}": Group("NXcollection", keys) for i in range(20)}
    intensity = np.random.default_rng(0).normal(60, 8, (349, 4023)).astype("float32")
    data = Group("NXdata", {"intensity": Field(intensity, units="counts")}, signal="intensity")
    entry = Group("NXentry", {"data": data, "instrument": Group("NXinstrument", collections)})
    return write(Group("NXroot", {"entry": entry}), tmp_path_factory.mktemp("raw") / "raw.nxs")


def without_collections(path: str, nx_class: str | None) -> bool:
    return path == "/" or nx_class != "NXcollection"


def low_level(path: Path, collections: bool) -> int:
    """Every object with its attributes and small values; the number of objects."""
    access = h5p.create(h5p.FILE_ACCESS)
    access.set_file_locking(False, True)
    file = h5f.open(bytes(path), h5f.ACC_RDONLY, access)
    stack: list[h5g.GroupID | h5d.DatasetID] = [h5g.open(file, b"/")]
    visited = 0
    while stack:
        item = stack.pop()
        visited += 1
        values = {}
        for index in range(h5a.get_num_attrs(item)):
            attribute = h5a.open(item, index=index)
            value = np.empty(attribute.shape, attribute.dtype)
            attribute.read(value)
            values[attribute.name] = value
        if isinstance(item, h5d.DatasetID):
            shape, dtype = item.shape, item.dtype
            if dtype.itemsize * np.prod(shape, dtype=int) <= 4096:
                value = np.empty(shape, dtype)
                item.read(h5s.ALL, h5s.ALL, value)
        elif collections or values.get(b"NX_class") != b"NXcollection":
            links = item.links
            stack.extend(h5o.open(item, name) for name in item if links.get_info(name).type == h5l.TYPE_HARD)
    return visited


def high_level(path: Path) -> int:
    found: dict[str, object] = {}

    def look(name: str, item: h5py.Group | h5py.Dataset) -> None:
        found[name] = dict(item.attrs)
        if isinstance(item, h5py.Dataset) and item.nbytes <= 4096:
            found[name + "="] = item[()]

    with h5py.File(path, "r", locking=False) as file:
        file.visititems(look)
    return len(found)


def medians(*functions: Callable[[], object]) -> list[float]:
    """Seconds of each, taken in turns, so that what else the machine does hits all alike."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(ROUNDS):
        for function, taken in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            taken.append(time.perf_counter() - start)
    return [float(np.median(taken)) for taken in times]


def test_reading_all(benchmark: BenchmarkFixture, raw: Path) -> None:
    benchmark(read, raw)
    ours, low, high = medians(lambda: read(raw), lambda: low_level(raw, True), lambda: high_level(raw))
    benchmark.extra_info |= {"times the low-level visit": ours / low, "of the high-level visit": ours / high}
    print(f"all: {ours / low:.2f} times the low-level visit, {high / ours:.1f} times quicker than visititems")


def test_reading_without_collections(benchmark: BenchmarkFixture, raw: Path) -> None:
    benchmark(read, raw, keep=without_collections)
    ours, low, high = medians(
        lambda: read(raw, keep=without_collections), lambda: low_level(raw, False), lambda: high_level(raw)
    )
    benchmark.extra_info |= {"times the low-level visit": ours / low, "of the high-level visit": ours / high}
    print(
        f"pruned: {ours / low:.2f} times the low-level visit, {high / ours:.1f} times quicker than visititems"
    )


def test_guarding(benchmark: BenchmarkFixture, raw: Path) -> None:
    benchmark(guard, raw)
    ours, reading = medians(lambda: guard(raw), lambda: read(raw))
    benchmark.extra_info["of reading"] = ours / reading
    print(f"guard: {ours / reading:.2f} of reading all")


def test_reading_the_spectra(benchmark: BenchmarkFixture, raw: Path) -> None:
    field = read(raw)["entry/data/intensity"]
    benchmark(lambda: field.array)

    def h5py_reads() -> object:
        with h5py.File(raw, "r", locking=False) as file:
            return file["entry/data/intensity"][()]

    ours, theirs = medians(lambda: field.array, h5py_reads)
    benchmark.extra_info["of h5py"] = ours / theirs
    print(f"spectra: {ours / theirs:.2f} of opening, reading and closing with h5py")
