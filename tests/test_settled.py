"""Files that somebody is still writing: noticed, said, and waited for when asked."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import pytest

from nxspectra.cli import program
from nxspectra.errors import FileBusy, FileError, NotHDF5
from nxspectra.hdf5 import read, settled, sha256, write
from nxspectra.tree import Addition, Field, Group


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return write(Group("NXroot", {"entry": Group("NXentry", {"I": Field([1.0, 2.0])})}), tmp_path / "raw.nxs")


@contextmanager
def writer(raw: Path, script: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another program that has the file open, until its input ends."""
    command = [
        sys.executable,
        "-c",
        f"import h5py, sys\n{script}\nprint('ready', flush=True)\nsys.stdin.read()",
        raw,
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"ready\n"
        try:
            yield other
        finally:
            other.kill()


LOCKED = "file = h5py.File(sys.argv[1], 'r+')"
SWMR = "file = h5py.File(sys.argv[1], 'w', libver='latest'); file['I'] = [1.0]; file.swmr_mode = True"


def test_a_file_that_nobody_writes_is_settled(raw: Path) -> None:
    settled(raw)


@pytest.mark.parametrize(("script", "said"), [(LOCKED, "holds it open for writing"), (SWMR, "SWMR mode")])
def test_a_file_that_is_open_for_writing_is_busy(raw: Path, script: str, said: str) -> None:
    with writer(raw, script), pytest.raises(FileBusy, match=said):
        settled(raw)


def test_who_waits_goes_on_when_the_writer_is_done(raw: Path) -> None:
    with writer(raw, LOCKED) as other:
        assert other.stdin is not None
        threading.Timer(0.3, other.stdin.close).start()
        settled(raw, wait=30)


def test_who_waited_in_vain_is_told_how_long(raw: Path) -> None:
    with writer(raw, LOCKED), pytest.raises(FileBusy, match=r"\(waited 0.1 s\)"):
        settled(raw, wait=0.1)


def test_a_file_that_grows_without_a_lock_is_busy(raw: Path) -> None:
    stop = threading.Event()

    def grow() -> None:
        with raw.open("ab") as file:
            while not stop.wait(0.02):
                file.write(b"\0" * 100)
                file.flush()

    growing = threading.Thread(target=grow)
    growing.start()
    try:
        with pytest.raises(FileBusy, match=r"grew by .* bytes while it was looked at"):
            settled(raw)
    finally:
        stop.set()
        growing.join()


def test_a_file_that_is_still_being_copied_is_waited_for(raw: Path, tmp_path: Path) -> None:
    whole = raw.read_bytes()
    part = tmp_path / "arriving.nxs"
    part.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(NotHDF5, match="truncated"):
        settled(part)
    threading.Timer(0.3, part.write_bytes, [whole]).start()
    settled(part, wait=30)
    assert read(part) == read(raw)


def test_a_missing_file_is_not_waited_for(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(FileError, match="no such file"):
        settled(tmp_path / "gone.nxs", wait=30)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("way", ["-o", "--as-link", "--in-place"])
def test_a_busy_file_is_not_migrated_and_nothing_is_left(
    raw: Path, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with writer(raw, LOCKED):
        before = sha256(raw)
        target = [] if way == "--in-place" else [str(raw.with_name("out.nxs"))]
        with pytest.raises(SystemExit) as ended:
            program(["migrate", str(raw), way, *target])
        assert ended.value.code == 3
        assert "--wait SECONDS" in capsys.readouterr().err
        assert sha256(raw) == before
        assert [item.name for item in raw.parent.iterdir()] == [raw.name]


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_a_reader_beside_is_no_writer(raw: Path, libver: str) -> None:
    with h5py.File(raw.with_name("other.nxs"), "w", libver=libver) as file:
        file["I"] = [1.0]
    with h5py.File(raw.with_name("other.nxs"), "r"):
        settled(raw.with_name("other.nxs"))


def test_a_file_in_a_folder_that_may_not_be_written_is_left_alone(raw: Path) -> None:
    # What even the superuser may not do: make a file in a folder that is only a view of the kernel.
    with pytest.raises(FileError, match=r"nothing was changed|permission denied"):
        write(read(raw).add([Addition("/entry/x", Field(1.0))]), Path("/proc/self/run.nxs"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["annotate", "--label", "low=0-1", "--by", "0000-0002-1825-0097", "--in-place"],
        ["strip", "--in-place"],
    ],
    ids=["annotate", "strip"],
)
def test_no_verb_takes_a_file_that_is_open_for_writing(
    raw: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    verb, *others = arguments
    with writer(raw, LOCKED):
        before = sha256(raw)
        code = program.main([verb, str(raw), *others, "--wait", "0.1"], standalone_mode=False)
        assert sha256(raw) == before
    assert code == 3
    assert "holds it open for writing; wait until it is done (waited 0.1 s)" in capsys.readouterr().err
    assert [path.name for path in raw.parent.iterdir()] == [raw.name]
