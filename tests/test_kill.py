"""Writers that are killed at any moment leave the old file or the new one; benchmarks/kill.py kills more."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import pytest
from killing import JOBS, Range

KILLS = 100


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where that is possible: waiting for a disk shows nothing about a killed process."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as made:
        yield Path(made)


def test_a_writer_killed_at_any_moment_leaves_the_old_file_or_the_new(folder: Path) -> None:
    with Range(folder, seed=4) as here:
        for number in range(KILLS):
            here.kill(JOBS[number % len(JOBS)])
        assert here.left() == set()
    assert set(here.found) == {"old", "new"}
    assert here.ends["failed"] == 0
    # The rest had finished before they could be killed.
    assert here.ends["killed"] > KILLS / 3


def test_what_a_killed_writer_could_leave_is_noticed(folder: Path) -> None:
    here = Range(folder, seed=0)
    here.put_back("migrate")
    assert here.state("migrate") == "old"
    here.out.write_bytes(here.content[here.run][:5000])
    assert here.state("migrate").startswith("unreadable")
    here.out.write_bytes(here.content[here.run])
    assert here.state("migrate") == "new"
    with h5py.File(here.out, "r+") as file:
        file["entry/integrated/I"][0, 0] = -1
    assert here.state("migrate") == "raw data are not what they were"
    here.file.write_bytes(here.content[here.run])
    assert here.state("as link") == "the raw file was changed"
    here.put_back("annotate in place")
    with h5py.File(here.file, "r+") as file:
        file["entry/remark"] = "half"
    assert here.state("annotate in place") == "raw data are not what they were"
