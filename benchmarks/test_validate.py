"""Validating a file costs little more than looking through it.

The measures are one bare low-level visit of the same file, every object by name, and the floor for a
validator: a low-level walk outside of NXcollections with attributes and small values. Both are taken in the
same run; validating may cost twice the walk. Run with
`pytest -s benchmarks/test_validate.py --benchmark-group-by=group`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import peers
import pytest
from h5py import h5f, h5o

from nxspectra import hdf5
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group
from nxspectra.validation import needed, validate

ROUNDS = 50
SLOWER_THAN_WALK = 2
"""What must hold."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """349 spectra of 4023 points, with 400 keys under an NXcollection."""
    keys = {f"key_{number}": Field(float(number), units="mm") for number in range(400)}
    tree = conforming(349, 4023, classified=True, migrated=True)
    tree = tree.put("entry/instrument/detector/collection", Group("NXcollection", keys))
    return hdf5.write(tree, tmp_path_factory.mktemp("run") / "run.nxs")


def visit(file: Path) -> int:
    opened = h5f.open(str(file).encode(), h5f.ACC_RDONLY)
    names: list[bytes] = []
    h5o.visit(opened, names.append)
    opened.close()
    return len(names)


@pytest.mark.benchmark(group="validate")
def test_the_bare_visit_to_compare_with(benchmark: object, file: Path) -> None:
    assert benchmark(visit, file) > 400  # type: ignore[operator]


@pytest.mark.benchmark(group="validate")
def test_validating_a_tree(benchmark: object, file: Path) -> None:
    tree = hdf5.read(file, keep=needed)
    assert benchmark(validate, tree).conforms  # type: ignore[operator]


@pytest.mark.benchmark(group="validate")
def test_reading_and_validating(benchmark: object, file: Path) -> None:
    report = benchmark(lambda: validate(hdf5.read(file, keep=needed)))  # type: ignore[operator]
    assert report.conforms


def test_reading_and_validating_costs_at_most_twice_the_walk(file: Path) -> None:
    walk = peers.walk()
    ways: dict[str, Callable[[], object]] = {
        "walk": lambda: walk(str(file)),
        "validate": lambda: validate(hdf5.read(file, keep=needed)),
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS + 1):
        for name, way in ways.items():
            began = time.process_time()
            way()
            if number:  # the first time definitions are loaded
                took[name].append(time.process_time() - began)
    ratio = statistics.median(took["validate"]) / statistics.median(took["walk"])
    print(f"\nreading and validating takes {ratio:.2f} times the processor time of the walk")
    assert ratio <= SLOWER_THAN_WALK
