"""Files that are damaged, locked, or not HDF5 at all: each is told what it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hdf5_files import SERIES, reason_at, tree_of

from nxspectra.errors import FileBusy, FileError, NotHDF5
from nxspectra.hdf5 import busy, read
from nxspectra.tree import Unreadable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "raw_0042.nxs"


@pytest.mark.parametrize("values", [SERIES[0], SERIES], ids=["small", "large"])
def test_a_torn_chunk_spoils_only_its_own_data_set(path: Path, values: np.ndarray) -> None:
    def fill(file: h5py.File) -> None:
        torn = file.create_dataset("torn", data=values, chunks=values.shape, compression="gzip")
        torn.id.write_direct_chunk((0,) * values.ndim, b"no deflate stream")
        file["whole"] = 1.0

    tree = tree_of(path, fill)
    assert tree["whole"].number == 1.0
    if values.ndim == 1:
        assert "cannot be read" in reason_at(tree, "torn").reason
    else:
        with pytest.raises(FileError, match="/torn: cannot be read"):
            tree["torn"].array  # noqa: B018


def test_a_torn_object_spoils_only_itself(path: Path) -> None:
    with h5py.File(path, "w", libver="latest") as file:
        file["torn"], file["whole"] = 1.0, 2.0
        where = h5py.h5o.get_info(file["torn"].id).addr
    content = bytearray(path.read_bytes())
    content[where : where + 4] = b"TORN"
    path.write_bytes(content)
    tree = read(path)
    assert isinstance(tree["torn"], Unreadable)
    assert tree["whole"].number == 2.0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty file"),
        (b"pressure,label\n44.1,low\n", "is text"),
        (b'<?xml version="1.0"?><definition/>', "is XML"),
        (b"PK\x03\x04" + bytes(60), "ZIP archive"),
        (b"\x0e\x03\x13\x01" + bytes(60), "HDF4"),
        (b"CDF\x01" + bytes(60), "netCDF"),
        (bytes(range(256)) * 8, "no HDF5 signature"),
        (b"\x89HDF\r\n\x1a\n", "cannot be opened"),
        ("pressure / GPa, Δ\n".encode() * 29, "is text"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_hdf5_is_told_by_what_it_is(path: Path, content: bytes, said: str) -> None:
    path.write_bytes(content)
    with pytest.raises(NotHDF5, match=said) as caught:
        read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("userblock", [0, 1024])
def test_a_truncated_file_is_said_to_be_truncated(path: Path, libver: str, userblock: int) -> None:
    tree_of(path, lambda file: file.create_dataset("x", data=SERIES), libver=libver, userblock_size=userblock)
    size = path.stat().st_size
    os.truncate(path, size - 1_000)
    with pytest.raises(NotHDF5, match=f"truncated: {size - 1_000} bytes, its superblock says {size}"):
        read(path)


def test_a_user_block_is_skipped(path: Path) -> None:
    tree = tree_of(path, lambda file: file.create_dataset("x", data=SERIES), userblock_size=2048)
    np.testing.assert_array_equal(tree["x"].array, SERIES)


@pytest.mark.parametrize(
    ("make", "said"),
    [(Path.mkdir, "is a folder"), (lambda path: None, "no such file"), (os.mkfifo, "regular")],
)
def test_what_is_no_file_is_a_file_error(path: Path, make: Callable[[Path], object], said: str) -> None:
    make(path)
    with pytest.raises(FileError, match=said):
        read(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_a_file_error(path: Path) -> None:
    tree_of(path, lambda file: None)
    path.chmod(0)
    with pytest.raises(FileError, match="permission denied"):
        read(path)


WRITER = """
import sys, time, h5py
file = h5py.File(sys.argv[1], "r+", libver=sys.argv[2])
file["new"] = range(5_000)
if len(sys.argv) > 3:
    file.swmr_mode = True
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("options", [["earliest"], ["latest"], ["latest", "swmr"]], ids=" ".join)
@pytest.mark.parametrize("killed", [False, True], ids=["writing", "killed"])
def test_a_file_that_is_being_written_is_busy(path: Path, options: list[str], killed: bool) -> None:
    tree_of(path, lambda file: file.create_dataset("x", data=SERIES), libver=options[0])
    with subprocess.Popen([sys.executable, "-c", WRITER, path, *options], stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            if killed:
                writer.send_signal(signal.SIGKILL)
                writer.wait()
            if killed and options == ["earliest"]:
                # Nothing of it reached the file but space at its end, which harms nobody.
                assert read(path)["x"].shape == (349, 40)
            else:
                with pytest.raises(FileBusy, match=r"writ|SWMR"):
                    read(path)
                assert busy(path) is not None
        finally:
            writer.kill()


def test_a_file_that_changes_while_it_is_read_is_busy(path: Path) -> None:
    tree_of(path, lambda file: file.create_group("a"))

    def keep(*_: object) -> bool:
        with path.open("ab") as file:
            file.write(b"more")
        return True

    with pytest.raises(FileBusy, match="changed while it was read"):
        read(path, keep=keep)


def test_a_finished_file_is_not_busy(path: Path) -> None:
    tree_of(path, lambda file: None)
    assert busy(path) is None


@pytest.mark.parametrize("locking", [True, False])
def test_a_file_that_this_program_has_open_is_read(path: Path, locking: bool) -> None:
    tree_of(path, lambda file: file.create_dataset("x", data=SERIES))
    with h5py.File(path, "r", locking=locking) as file:
        assert read(path)["x"].array.shape == (349, 40)
        assert list(file) == ["x"]


def test_a_file_is_closed_after_reading(path: Path) -> None:
    tree = tree_of(path, lambda file: file.create_dataset("x", data=SERIES))
    tree["x"].array  # noqa: B018
    with h5py.File(path, "r+") as file:
        file["y"] = 1.0
