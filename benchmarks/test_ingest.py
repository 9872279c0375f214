"""The worry: taking a file the whole way costs more than measuring it did.

A ramp of 349 spectra takes 35 s at the beamline. Peers, in the same run: only copying the file and reading
its spectra (the floor), and a new interpreter for every file (how a shell script would do it).
`pytest benchmarks/test_ingest.py`
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from nxspectra import hdf5
from nxspectra.classifiers import train
from nxspectra.ingestion import State, ingest
from nxspectra.ingestion.journey import Stop, Task, take
from nxspectra.migration import migrate
from nxspectra.simulation import simulate

FILES = 6


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hdf5.write(simulate(1).tree(), tmp_path_factory.mktemp("raw") / "raw.nxs")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.npz"
    train([migrate(simulate(2).tree())], ["low=80,120", "high=260,300"]).save(path)
    return path


def seconds(function: Callable[[], object], rounds: int = 5) -> float:
    """The best of some rounds; the machine is shared."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return best


def floor(raw: Path, out: Path) -> None:
    """Copy the file so that it is on the disk, and read its spectra."""
    shutil.copy(raw, out)
    with out.open("rb") as stream:
        os.fsync(stream.fileno())
    assert hdf5.read(out)["entry/integrated/I"].array.shape == (349, 4023)


def test_one_file_the_whole_way_in_a_warm_process(
    benchmark: BenchmarkFixture, raw: Path, model: Path, tmp_path: Path
) -> None:
    task = Task(tmp_path, str(model))

    def way() -> None:
        assert take(Stop(raw), task).ingested.state is State.DONE

    def fresh() -> None:
        (tmp_path / "raw.nxs").unlink(missing_ok=True)

    fresh()
    way()
    benchmark.pedantic(way, setup=fresh, rounds=5)
    lowest = seconds(lambda: floor(raw, tmp_path / "copy.nxs"))
    ratio = benchmark.stats.stats.min / lowest
    benchmark.extra_info["times_copying_and_reading"] = ratio
    assert ratio < 15


def test_a_file_that_is_unchanged_costs_little(
    benchmark: BenchmarkFixture, raw: Path, model: Path, tmp_path: Path
) -> None:
    task = Task(tmp_path, str(model))
    whole = seconds(lambda: take(Stop(raw), task), rounds=1)
    again = benchmark.pedantic(lambda: take(Stop(raw), task), rounds=5)
    assert again.ingested.state is State.UNCHANGED
    benchmark.extra_info["share_of_the_first_time"] = benchmark.stats.stats.min / whole


def test_many_files_in_one_call_against_an_interpreter_a_file(
    benchmark: BenchmarkFixture, raw: Path, model: Path, tmp_path: Path
) -> None:
    files = [tmp_path / f"raw_{number}.nxs" for number in range(FILES)]
    for number, file in enumerate(files):
        shutil.copy(raw, file)
        with file.open("ab") as stream:
            stream.write(b"\0" * (number + 1))  # another file, another digest

    def together() -> None:
        states = [done.state for done in ingest(files, tmp_path / "together", model=model)]
        assert states == [State.DONE] * FILES

    def one_by_one() -> None:
        for file in files:
            command = [sys.executable, "-m", "nxspectra", "ingest", str(file), "--model", str(model)]
            subprocess.run(
                [*command, "--catalogue", str(tmp_path / "apart")], check=True, capture_output=True
            )

    benchmark.pedantic(together, rounds=1)
    apart = seconds(one_by_one, rounds=1)
    ratio = apart / benchmark.stats.stats.min
    benchmark.extra_info["times_faster_than_an_interpreter_a_file"] = ratio
    assert ratio > 2
