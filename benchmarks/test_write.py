"""The worry: safety makes writing so slow that people write in place by hand.

The peers add the same 400 fields with h5py: into a copy made by shutil, and into the file itself, which
loses data when it is interrupted. The floor is copying the file and waiting until it is on the disk.
What must hold are the ratios within this run: `pytest -s benchmarks/test_write.py`
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from nxspectra.hdf5 import read, write
from nxspectra.migration import migrate
from nxspectra.simulation import simulate
from nxspectra.tree import Addition, Field, Group

ROUNDS = 9
FIELDS = 400
LARGE = 10 * 10**9
"""Bytes of a raw file with frames; it is made of holes, and takes a few megabytes on the disk."""
FLAT = 300
"""MB that no job may need more of, however large the file."""


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    intensity = np.random.default_rng(0).normal(60, 8, (349, 4023)).astype("float32")
    root = Group("NXroot", {"entry": Group("NXentry", {"intensity": Field(intensity)})})
    return write(root, tmp_path_factory.mktemp("raw") / "raw.nxs")


@pytest.fixture(scope="module")
def run(raw: Path) -> Group:
    fields = {f"key_{i}": Field(0.1 * i, units="ms") for i in range(FIELDS)}
    return read(raw).add([Addition("/entry/added", Group("NXcollection", fields))])


def on_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def copied(raw: Path, out: Path) -> None:
    shutil.copyfile(raw, out)
    on_disk(out)


def added_with_h5py(out: Path) -> None:
    out_file = h5py.File(out, "r+")
    group = out_file.require_group("entry").create_group(f"added_{time.perf_counter_ns()}")
    group.attrs["NX_class"] = "NXcollection"
    for i in range(FIELDS):
        group.create_dataset(f"key_{i}", data=0.1 * i).attrs["units"] = "ms"
    out_file.close()
    on_disk(out)


def medians(*functions: Callable[[], object]) -> list[float]:
    """Seconds of each, taken in turns, so that what else the machine does hits all alike."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(ROUNDS):
        for function, taken in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            taken.append(time.perf_counter() - start)
    return [float(np.median(taken)) for taken in times]


def test_writing_additions(benchmark: BenchmarkFixture, raw: Path, run: Group, tmp_path: Path) -> None:
    out = tmp_path / "run.nxs"
    benchmark(write, run, out, overwrite=True)
    theirs = tmp_path / "theirs.nxs"

    def copied_and_added() -> None:
        shutil.copyfile(raw, theirs)
        added_with_h5py(theirs)

    in_place = tmp_path / "in_place.nxs"
    shutil.copyfile(raw, in_place)
    ours, copy_and_add, add, copy = medians(
        lambda: write(run, out, overwrite=True),
        copied_and_added,
        lambda: added_with_h5py(in_place),
        lambda: copied(raw, tmp_path / "copy.nxs"),
    )
    benchmark.extra_info |= {
        "of copy and h5py": ours / copy_and_add,
        "of h5py in place": ours / add,
        "times the copy": ours / copy,
    }
    print(
        f"400 fields: {ours / copy_and_add:.2f} of a copy and h5py, {ours / add:.2f} of h5py in place,"
        f" {ours / copy:.1f} times the copy alone"
    )


@pytest.mark.parametrize("frames", [349, 3490], ids=["6 MB", "56 MB"])
def test_writing_a_migration(frames: int, tmp_path: Path) -> None:
    """Curves of 4023 points with some 400 keys: the whole write beside copying and fsyncing the file.

    Both make a new file; to take the one of the round before away is no part of it. What is added takes the
    same time whatever the size; in a large file it is lost in the copy.
    """
    whole = simulate(0).tree()
    counts = whole["entry/integrated/I"]
    larger = np.tile(counts.array, (frames // 349, 1))
    source = write(whole.put("entry/integrated/I", Field(larger, counts.attributes)), tmp_path / "raw.nxs")
    migrated = migrate(read(source), facts={} if frames == 349 else {"pressure": "21.3GPa"})
    number = itertools.count()
    ours, copy = medians(
        lambda: write(migrated, tmp_path / f"run_{next(number)}.nxs"),
        lambda: copied(source, tmp_path / f"copy_{next(number)}.nxs"),
    )
    print(
        f"\na migration of {source.stat().st_size / 1e6:.0f} MB, {len(migrated.additions)} additions:"
        f" {ours / copy:.2f} times the copy alone"
    )


def test_writing_fresh(benchmark: BenchmarkFixture, run: Group, tmp_path: Path) -> None:
    tree = Group(None, {"added": run["entry/added"]})
    benchmark(write, tree, tmp_path / "tree.nxs", overwrite=True)

    def h5py_writes() -> None:
        h5py.File(tmp_path / "theirs.nxs", "w").close()
        added_with_h5py(tmp_path / "theirs.nxs")

    ours, theirs = medians(lambda: write(tree, tmp_path / "tree.nxs", overwrite=True), h5py_writes)
    benchmark.extra_info["of h5py"] = ours / theirs
    print(f"fresh: {ours / theirs:.2f} of h5py")


MEASURED = """
import json, resource, sys, time
from pathlib import Path
from nxspectra import hdf5
from nxspectra.tree import Addition, Field, Group
raw, job = Path(sys.argv[1]), sys.argv[2]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.perf_counter()
if job == "strip":
    hdf5.strip(hdf5.read(raw), raw.with_name("out.nxs"))
else:
    process = Group("NXprocess", {"program": Field("nxspectra"), "added_paths": Field(["/entry/migration"])})
    run = hdf5.read(raw).add([Addition("/entry/migration", process)])
    out = raw.with_name("out.nxs")
    hdf5.write(hdf5.sidecar(run, out) if job == "as link" else run, out)
print(json.dumps([time.perf_counter() - began, before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    path = folder / "large.nxs"
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    creation.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        space = h5py.h5s.create_simple((LARGE // (4000 * 2500), 4000, 2500))
        h5py.h5d.create(file.id, b"entry/frames", h5py.h5t.NATIVE_UINT8, space, creation)
        entry["title"] = "the end of the file is not a hole"
    if path.stat().st_blocks * 512 > LARGE / 10:
        pytest.skip("this disk keeps no holes, and has better things to do than to hold 10 GB of zeros")
    return path


@pytest.mark.parametrize("job", ["copy", "as link", "strip"])
def test_memory_stays_flat(large: Path, job: str) -> None:
    """Also where the whole file is compared, byte for byte, before what was added is taken away."""
    source = large.with_name("run.nxs") if job == "strip" else large
    (large.with_name("out.nxs")).unlink(missing_ok=True)
    if job == "strip":
        process = Group(
            "NXprocess", {"program": Field("nxspectra"), "added_paths": Field(["/entry/migration"])}
        )
        write(read(large).add([Addition("/entry/migration", process)]), source, overwrite=True)
    command = [sys.executable, "-c", MEASURED, source, job]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, before, most = json.loads(done.stdout)
    most, before = most / 1024, before / 1024
    print(f"{job} of {LARGE / 1e9:.0f} GB: {seconds:.1f} s, {most:.0f} MB at most, {before:.0f} MB before")
    assert most < FLAT
