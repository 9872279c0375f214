"""A file is written whole or not at all, whoever is killed, whatever the disk says."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nxspectra.errors import FileBusy, FileError
from nxspectra.files import write_whole


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.card"


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("content", ["2θ in °", "2θ in °".encode(), ["2θ", " in ", "°"]])
def test_text_bytes_and_pieces_of_text_are_written(path: Path, content: str | bytes | list[str]) -> None:
    write_whole(path, content)
    assert path.read_text(encoding="utf-8") == "2θ in °"
    assert names(path.parent) == [path.name]


def test_what_was_longer_before_is_gone(path: Path) -> None:
    write_whole(path, "a" * 1000)
    write_whole(path, "b")
    assert path.read_text() == "b"


def test_a_name_as_long_as_a_name_can_be_is_written(tmp_path: Path) -> None:
    write_whole(tmp_path / ("n" * 255), "44.1 GPa")
    assert (tmp_path / ("n" * 255)).read_text() == "44.1 GPa"
    assert len(names(tmp_path)) == 1


# -- errors ----------------------------------------------------------------------------------------


def test_an_error_while_the_content_is_made_leaves_the_old_file_and_nothing_else(path: Path) -> None:
    def broken() -> Iterator[str]:
        yield "new" * 10_000
        raise ValueError("no pressure")

    path.write_text("old")
    with pytest.raises(ValueError, match="no pressure"):
        write_whole(path, broken())
    assert path.read_text() == "old"
    assert names(path.parent) == [path.name]


def test_a_folder_is_no_place_for_a_file(path: Path) -> None:
    path.mkdir()
    with pytest.raises(FileError, match="is a folder; give the name of a file in it") as caught:
        write_whole(path, "new")
    assert str(path) in str(caught.value)


def test_a_missing_folder_is_named(path: Path) -> None:
    with pytest.raises(FileError, match=r"there is no folder .*/none; make it first"):
        write_whole(path.parent / "none" / "run.ttl", "new")
    assert names(path.parent) == []


def test_a_full_disk_is_said_to_be_full() -> None:
    with pytest.raises(FileError, match="/dev/full: the disk is full"):
        write_whole("/dev/full", "new")


AS_NOBODY = """
import os, sys
from nxspectra.errors import FileError
from nxspectra.files import write_whole
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    write_whole(sys.argv[1], "new")
except FileError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("of_file", "of_folder", "said"),
    [
        (None, 0o555, "permission denied; write where you have the right to"),
        (0o444, 0o777, "is read-only; write another file, or take its write protection away"),
    ],
    ids=["folder", "file"],
)
def test_who_may_not_write_there_is_told_so(of_file: int | None, of_folder: int, said: str) -> None:
    # not below tmp_path, into which nobody else may look
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        path = folder / "run.ttl"
        if of_file is not None:
            path.write_text("old")
            path.chmod(of_file)
        before = names(folder)
        folder.chmod(of_folder)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, path], capture_output=True, text=True, check=True
        )
        assert done.stdout == f"{path}: {said}\n"
        assert names(folder) == before
        folder.chmod(0o755)


# -- rights, links, and what is no file --------------------------------------------------------------


def test_a_new_file_has_the_rights_of_any_new_file(path: Path) -> None:
    (path.parent / "any").touch()
    write_whole(path, "new")
    assert mode(path) == mode(path.parent / "any")


@pytest.mark.parametrize("rights", [0o600, 0o664, 0o640])
def test_a_file_that_takes_the_place_of_another_has_its_rights(path: Path, rights: int) -> None:
    path.write_text("old")
    path.chmod(rights)
    write_whole(path, "new")
    assert (path.read_text(), mode(path)) == ("new", rights)


def test_a_link_stays_a_link_to_what_is_written(path: Path) -> None:
    (path.parent / "far").mkdir()
    path.symlink_to("far/there")
    write_whole(path, "new")
    assert path.is_symlink()
    assert (path.parent / "far" / "there").read_text() == "new"
    assert names(path.parent / "far") == ["there"]


def test_a_pipe_is_written_to_as_it_is() -> None:
    code = "from nxspectra.files import write_whole; write_whole('/dev/stdout', '44.1 GPa')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("44.1 GPa", "")


# -- several writers, and killed ones ------------------------------------------------------------------


IN_THE_MIDDLE = """
import sys
from nxspectra.files import write_whole
def pieces():
    yield "new" * 100_000
    print("ready", flush=True)
    sys.stdin.read()
write_whole(sys.argv[1], pieces())
"""


def test_killed_in_the_middle_the_old_file_is_there_and_the_next_writer_clears_up(path: Path) -> None:
    path.write_text("old")
    command = [sys.executable, "-c", IN_THE_MIDDLE, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        with pytest.raises(FileBusy, match="wait until it is done"):
            write_whole(path, "other")
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    assert path.read_text() == "old"
    assert len(names(path.parent)) == 2
    write_whole(path, "other")
    assert path.read_text() == "other"
    assert names(path.parent) == [path.name]


OVER_AND_OVER = """
import sys
from nxspectra.files import write_whole
print("ready", flush=True)
while True:
    for letter in "ab":
        write_whole(sys.argv[1], letter * 300_000, durable=False)
"""


def test_killed_at_any_moment_the_file_is_one_or_the_other(path: Path) -> None:
    write_whole(path, "a" * 300_000)
    for kill in range(20):
        command = [sys.executable, "-c", OVER_AND_OVER, path]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(0.001 + 0.0007 * kill)
            writer.send_signal(signal.SIGKILL)
        assert path.read_bytes() in {b"a" * 300_000, b"b" * 300_000}
    write_whole(path, "done")
    assert names(path.parent) == [path.name]
    assert os.access(path, os.W_OK)
