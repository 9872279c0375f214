"""Files that libhdf5 never comes back from, through the real command: told, and the others done."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from damage import endless

from nxspectra import hdf5
from nxspectra.children import answers
from nxspectra.classifiers import train
from nxspectra.ingestion import ingest
from nxspectra.limits import Limits, while_reading
from nxspectra.migration import migrate
from nxspectra.simulation import simulate

IN_A_SECOND = (
    "import signal\n"
    "from dataclasses import replace\n"
    "from nxspectra.cli import attempts, main\n"
    "attempts.LIMITS = replace(attempts.LIMITS, reading={seconds})\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell ignores it for what runs behind
    "main()\n"
)
"""The command, less patient."""


def command(*arguments: object, seconds: int = 1) -> list[str]:
    return [sys.executable, "-c", IN_A_SECOND.format(seconds=seconds), *(str(each) for each in arguments)]


def shell(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hdf5.write(simulate(2, 12, points=60).tree(), tmp_path_factory.mktemp("raw") / "raw.nxs")


@pytest.fixture(scope="module")
def run(raw: Path) -> Path:
    return hdf5.write(migrate(hdf5.read(raw)), raw.with_name("run.nxs"))


@pytest.fixture(scope="module")
def model(run: Path) -> Path:
    path = run.with_name("model.npz")
    train([hdf5.read(run)], ["low=1,2", "high=9,10"], bins=3).save(path)
    return path


REASON = "reading it took more than 1 s of processor time; the file is damaged"
LABELS = ("--label", "low=1,2", "--label", "high=9,10")


@pytest.fixture
def damaged(raw: Path, tmp_path: Path) -> Path:
    path = tmp_path / "damaged.nxs"
    shutil.copy(raw, path)
    endless(path)
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "FILE"],
        ["migrate", "--dry-run", "FILE"],
        ["migrate", "--in-place", "FILE"],
        ["classify", "FILE", "--model", "MODEL"],
        ["evaluate", "MODEL", "FILE", "--label", "low=1"],
        ["train", "FILE", *LABELS, "--next", "1"],
        ["describe", "FILE"],
        ["strip", "--in-place", "FILE"],
        ["crosswalk", "explain", "pressure", "--file", "FILE"],
    ],
    ids=lambda arguments: " ".join(word for word in arguments if word.islower()),
)
def test_a_file_that_is_never_read_to_its_end_is_one_clear_line(
    arguments: list[str], damaged: Path, model: Path
) -> None:
    before = damaged.read_bytes()
    done = shell(*({"FILE": damaged, "MODEL": model}.get(word, word) for word in arguments))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"nxspectra: {damaged}: {REASON}\n"
    assert damaged.read_bytes() == before
    assert list(damaged.parent.iterdir()) == [damaged]


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_what_is_read_late_is_read_in_a_child_too(verb: str, run: Path, model: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.nxs"
    shutil.copy(run, damaged)
    endless(damaged, late=True)
    assert hdf5.read(damaged)["entry/definition"].shape == (2001,)
    named = [damaged, run] if verb == "train" else [model, damaged]
    done = shell(verb, *named, *LABELS, *(["--next", "1"] if verb == "train" else []))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"nxspectra: {damaged}: {REASON}\n"


@pytest.mark.parametrize("late", [False, True], ids=["at first", "late"])
def test_a_file_of_a_catalogue_that_is_never_read_to_its_end_is_told(late: bool, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    for seed in (2, 3):
        hdf5.write(simulate(seed, 12, points=60).tree(), tmp_path / "raw" / f"ramp_{seed}.nxs")
    catalogue, model = tmp_path / "catalogue", tmp_path / "model.npz"
    damaged, other = (Path(done.output or "") for done in ingest([tmp_path / "raw"], catalogue))
    train_on_all = ["--from-catalogue", catalogue, "--where", "technique=diffraction", *LABELS, "-o", model]
    endless(damaged, late=late)
    done = shell("train", *train_on_all, "--format", "json")
    told = f"nxspectra: {damaged}: {REASON}\n"
    assert (done.returncode, done.stderr) == (3, f"2 files of {catalogue} to train on\n{told}")
    assert json.loads(done.stdout) == {"file": str(damaged), "error": REASON}
    assert not model.exists()
    shutil.copy(other, damaged)
    done = shell("train", *train_on_all)
    assert done.returncode == 3
    assert f"{damaged}: holds another data set than when it was filed" in done.stderr


def test_the_others_are_migrated_and_what_is_told_keeps_their_order(
    raw: Path, damaged: Path, tmp_path: Path
) -> None:
    files = [tmp_path / "first.nxs", damaged, tmp_path / "last.nxs"]
    for file in (files[0], files[2]):
        shutil.copy(raw, file)
    out = tmp_path / "out"
    out.mkdir()
    done = shell("migrate", *files, "-o", out, "--format", "json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["file"] for row in told] == [str(file) for file in files]
    assert ["error" in row for row in told] == [False, True, False]
    assert done.returncode == 3
    assert sorted(path.name for path in out.iterdir()) == ["first.nxs", "last.nxs"]
    assert all("entry/migration" in hdf5.read(path) for path in out.iterdir())


def test_a_dry_run_that_reads_ahead_tells_each_file_in_its_turn(
    raw: Path, damaged: Path, tmp_path: Path
) -> None:
    (tmp_path / "many").mkdir()
    files = [tmp_path / "many" / f"raw_{number:02}.nxs" for number in range(24)]
    for file in files:
        shutil.copy(damaged if file.stem.endswith("13") else raw, file)
    files[5].write_bytes(b"nothing that is HDF5")
    done = shell("migrate", "--dry-run", *files, "--format", "json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["file"] for row in told] == [str(file) for file in files]
    assert [number for number, row in enumerate(told) if "error" in row] == [5, 13]
    assert told[13]["error"] == REASON
    assert done.returncode == 3


def test_what_takes_long_once_the_file_is_read_is_waited_for() -> None:
    def work(size: int) -> str:
        with while_reading(size):
            pass
        end = time.process_time() + 2.5
        while time.process_time() < end:
            pass
        return "done"

    assert list(answers([0], work, limits=Limits(reading=0))) == [(0, "done")]


def children(process: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def test_an_interrupt_ends_also_what_libhdf5_is_lost_in(damaged: Path) -> None:
    arguments = command("show", damaged, seconds=60)
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not children(process.pid):
            time.sleep(0.01)
        (child,) = children(process.pid)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.startswith("nxspectra: interrupted")
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_a_child_that_is_ended_clears_away_what_it_has_begun(tmp_path: Path) -> None:
    @contextmanager
    def begun(number: int) -> Iterator[None]:
        file = tmp_path / str(number)
        file.touch()
        try:
            yield
        finally:
            file.unlink()

    def work(number: int) -> int:
        with begun(number):
            time.sleep(60 if number else 0)
        return number

    done = answers(range(9), work)  # so many that the child has the next before it is asked for
    assert next(done) == (0, 0)
    while not (tmp_path / "1").exists():
        time.sleep(0.01)
    done.close()
    assert not list(tmp_path.iterdir())
