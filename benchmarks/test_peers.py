"""The worry: somebody else validates faster, or looking at a file is where our time does not go.

One pass after the other in turn, all in one run: this package, the validators that come from PyPI
(nexusformat's nxvalidate and nxcheck, pynxtools, punx), and the floor, a bare low-level walk outside of
NXcollections. What is compared is processor time, the median over the rounds. Files: (a) a small one that
follows NXmonopd, (b) one with 349 frames of 4023 points and 400 keys in an NXcollection, (c) 1,000 small
ones, of which the peers take a sample. README.md says how to run it; it makes an environment for the peers
in a temporary folder, which takes minutes, or takes the Python named by $NXSPECTRA_PEERS.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from nxspectra import hdf5
from nxspectra.testing import minimal
from nxspectra.tree import Field, Group

HERE = Path(__file__).parent
PEERS = ("nxvalidate", "nxcheck", "punx", "pynxtools")
PACKAGES = ("nexusformat==2.1.0", "pynxtools==0.16.0", "punx==0.3.5")
FILES = 1_000
SAMPLE = {"nxvalidate": 40, "nxcheck": 40, "punx": 40, "pynxtools": 10}
"""Of the 1,000 files, for the slow."""
ROUNDS = 7
SLOWER_THAN_WALK, FASTER_THAN_PEERS, FASTER_THAN_PYNXTOOLS, TWO_WORKERS = 2, 4, 20, 1.7
"""What must hold."""


@dataclass
class Timed:
    """A validator under way in its own process, and the seconds of its passes."""

    tool: str
    process: subprocess.Popen[str]
    files: int
    seconds: list[float] = field(default_factory=list)

    def go(self) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"{self.tool} ended"
        return float(answer)

    @property
    def milliseconds(self) -> float:
        """For one file."""
        return statistics.median(self.seconds) / self.files * 1e3


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python in which the peers are installed."""
    given = os.environ.get("NXSPECTRA_PEERS")
    if given:
        return given
    folder = tmp_path_factory.mktemp("peers")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", *PACKAGES], check=True)
    return str(folder / "bin" / "python")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Sequence[Path]]:
    folder = tmp_path_factory.mktemp("files")
    small = minimal("NXmonopd")
    keys = {
        f"key_{number}": Field(float(number), units="mm") if number % 4 else Field("user text")
        for number in range(400)
    }
    frames = np.random.default_rng(0).poisson(60, (349, 4023)).astype(np.float32)
    entry = next(small.of_class("NXentry"))[0]
    large = small.put(f"{entry}/log", Group("NXcollection", keys))
    large = large.put(
        f"{entry}/frames", Group("NXdata", {"intensity": Field(frames, units="counts")}, signal="intensity")
    )
    made = {
        "a": [hdf5.write(small, new(folder / "a") / "small.nxs")],
        "b": [hdf5.write(large, new(folder / "b") / "large.nxs")],
        "c": [hdf5.write(small, new(folder / "c") / f"{number:04}.nxs") for number in range(FILES)],
    }
    # As files usually are: of one that changed in the last minute the locks are asked for too.
    an_hour_ago = time.time() - 3600
    for file in [file for each in made.values() for file in each]:
        os.utime(file, (an_hour_ago, an_hour_ago))
    return made


def new(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def started(tool: str, python: str, files: Sequence[Path], stack: ExitStack) -> Timed:
    ours = tool in {"walk", "nxspectra"}
    # One of the peers opens files for writing, another keeps them open: each has copies of its own.
    own = files[0].parent / tool
    own.mkdir(exist_ok=True)
    several = len(files) > 1
    chosen = [Path(shutil.copy2(file, own)) for file in files[: SAMPLE.get(tool) if several else None]]
    command = [sys.executable if ours else python, str(HERE / "peers.py"), tool, *map(str, chosen)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"},
    )
    stack.enter_context(process)
    stack.callback(process.kill)
    return Timed(tool, process, len(chosen))


def race(python: str, files: Sequence[Path], rounds: int) -> dict[str, float]:
    """Milliseconds a file of each, taken in turn."""
    with ExitStack() as stack:
        racing = [started(tool, python, files, stack) for tool in ("walk", "nxspectra", *PEERS)]
        for each in racing:
            each.go()
        for _ in range(rounds):
            for each in racing:
                each.seconds.append(each.go())
        return {each.tool: each.milliseconds for each in racing}


@pytest.fixture(scope="module", autouse=True)
def told() -> Iterator[dict[str, object]]:
    results: dict[str, object] = {}
    yield results
    print("\n" + json.dumps(results))


@pytest.mark.parametrize(("kind", "rounds"), [("a", 31), ("b", 15), ("c", 3)])
def test_validating_is_as_fast_as_it_should_be(
    python: str, files: Mapping[str, Sequence[Path]], told: dict[str, object], kind: str, rounds: int
) -> None:
    took = race(python, files[kind], rounds)
    told[kind] = {tool: round(each, 2) for tool, each in took.items()}
    print(f"\n({kind}), milliseconds of processor time a file, and times ours:")
    for tool, each in took.items():
        print(f"{tool:12} {each:9.2f} {each / took['nxspectra']:8.2f}")
    assert took["nxspectra"] <= SLOWER_THAN_WALK * took["walk"]
    assert FASTER_THAN_PEERS * took["nxspectra"] <= min(took[peer] for peer in PEERS)
    assert FASTER_THAN_PYNXTOOLS * took["nxspectra"] <= took["pynxtools"]


def test_two_workers_are_faster_than_one(
    files: Mapping[str, Sequence[Path]], told: dict[str, object]
) -> None:
    took: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(ROUNDS):
        for workers, seconds in took.items():
            began = time.perf_counter()
            command = ["-m", "nxspectra", "validate", "--workers", str(workers), *map(str, files["c"])]
            subprocess.run([sys.executable, *command], stdout=subprocess.DEVNULL, check=False)
            seconds.append(time.perf_counter() - began)
    one, two = min(took[1]), min(took[2])
    told["workers"] = {"one": round(one, 2), "two": round(two, 2)}
    print(f"\n1,000 files, seconds by the clock: one worker {one:.2f}, two {two:.2f}, {one / two:.2f} times")
    assert one >= TWO_WORKERS * two
