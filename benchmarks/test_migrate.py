"""The worry: that finding what the keys of a file mean takes longer than reading them.

Run by hand: `pytest benchmarks/test_migrate.py -s`. Ratios are of medians within one run.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nxspectra import hdf5
from nxspectra.migration import Crosswalk, migrate, review
from nxspectra.simulation import simulate
from nxspectra.tree import Field, Group


def median(job: Callable[[], object], rounds: int = 9) -> float:
    """Seconds."""
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        job()
        took.append(time.perf_counter() - start)
    return statistics.median(took)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """349 curves of 4023 points with some 400 keys."""
    return hdf5.write(simulate(0).tree(), tmp_path_factory.mktemp("raw") / "raw.nxs")


def test_additions_are_known_in_under_three_times_the_reading_of_the_keys(raw: Path) -> None:
    reading = median(lambda: hdf5.read(raw))
    both = median(lambda: migrate(hdf5.read(raw)))
    print(f"\nread {1e3 * reading:.1f} ms; migrate after it {(both - reading) / reading:.2f} of that")
    assert both - reading < 3 * reading


SMALL_FILES = 1_000
ENOUGH = 150
"""Small files that one worker should look at in a second, on a quiet machine."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files with one pattern and 23 objects each."""
    source = {"name": Field("PETRA III"), "type": Field("Synchrotron X-ray Source"), "probe": Field("x-ray")}
    instrument = {
        "name": Field("P02.2"),
        "source": Group("NXsource", {**source, "energy": Field(6.08, units="GeV")}),
        "monochromator": Group("NXmonochromator", {"energy": Field(25600.0, units="eV")}),
        "detector": Group(
            "NXdetector",
            {
                "collection": Group(
                    "NXcollection", {"shutter_time": Field(100.0, units="ms"), "frame_numbers": Field(1)}
                )
            },
        ),
    }
    pattern = {
        "I": Field(np.ones((1, 500), dtype=np.float32)),
        "tth": Field(np.linspace(9.6, 25.5, 500), units="deg"),
    }
    entry = {
        "title": Field("Ramp 42"),
        "start_time": Field("2021-05-27T10:15:00+02:00"),
        "instrument": Group("NXinstrument", instrument),
        "sample": Group("NXsample", {"name": Field("FeO")}),
        "collection": Group("NXcollection", {"pressure_GPa": Field(21.3)}),
        "integrated": Group("NXdata", pattern, signal="I", axes=np.array([".", "tth"])),
    }
    folder = tmp_path_factory.mktemp("small")
    first = hdf5.write(Group("NXroot", {"entry": Group("NXentry", entry)}), folder / "small_0000.nxs")
    for number in range(1, SMALL_FILES):
        shutil.copy(first, folder / f"small_{number:04}.nxs")
    return folder


def test_a_review_of_a_small_file_costs_less_than_reading_it(small: Path) -> None:
    """One after the other for each file, so that what else the machine does hits both alike."""
    rules = Crosswalk.load("p02.2")
    reading, reviewing = [], []
    for source in sorted(small.iterdir()):
        began = time.perf_counter()
        root = hdf5.read(source)
        read = time.perf_counter()
        review(root, rules)
        reading.append(read - began)
        reviewing.append(time.perf_counter() - read)
    ours, floor = statistics.median(reviewing), statistics.median(reading)
    print(f"\n{1 / (ours + floor):.0f} files/s a worker; the review takes {ours / floor:.2f} of the reading")
    assert ours < floor


def test_a_dry_run_of_a_thousand_small_files(small: Path) -> None:
    """The whole process, with its start and all that it prints, the best of three."""
    files = sorted(small.iterdir())
    dry_run = [sys.executable, "-m", "nxspectra", "migrate", "--dry-run"]
    # an installed package is compiled
    user = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([*dry_run, files[0]], stdout=subprocess.DEVNULL, check=True, env=user)
    ours, elapsed, floor = [], [], []
    for _ in range(3):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([*dry_run, *files], stdout=subprocess.DEVNULL, check=True, env=user)
        elapsed.append(time.perf_counter() - began)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        ours.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        began = time.process_time()
        for file in files:
            hdf5.read(file)
        floor.append(time.process_time() - began)
    print(
        f"\n{len(files) / min(ours):.0f} files/s of processor time ({ENOUGH} wanted on a quiet machine),"
        f" {len(files) / min(elapsed):.0f} by the clock; {min(ours) / min(floor):.2f} times reading them"
    )
    assert min(ours) < 4 * min(floor)


def test_loading_a_crosswalk_again_is_cheap() -> None:
    first = median(lambda: Crosswalk.load("p02.2"))
    print(f"\n{1e3 * first:.2f} ms for a crosswalk that was loaded before")
