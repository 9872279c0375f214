"""Several who write the same file, and one that was killed: one wins, and what is left is cleared away."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from raw_hdf5 import ADDED, make_raw

from nxspectra.errors import FileBusy
from nxspectra.files import claiming
from nxspectra.hdf5 import read, write


@pytest.fixture(params=["earliest", "latest"])
def raw(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return make_raw(tmp_path / "raw_0042.nxs", request.param)


@pytest.fixture
def target(raw: Path) -> Path:
    return raw.with_name("run.nxs")


def test_two_threads_do_not_write_the_same_file_at_once(raw: Path, target: Path) -> None:
    errors: list[Exception] = []

    def once() -> None:
        try:
            write(read(raw).add(ADDED), target, overwrite=True)
        except FileBusy as error:
            errors.append(error)

    threads = [threading.Thread(target=once) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) < len(threads)
    assert read(target) == read(raw).add(ADDED)
    assert sorted(item.name for item in raw.parent.iterdir()) == [raw.name, target.name]


# -- killed ----------------------------------------------------------------------------------------


def test_what_a_killed_writer_left_is_cleared_away_by_the_next(raw: Path, target: Path) -> None:
    left = target.with_name(f".{target.name}.tmp")
    other = target.with_name(".other.nxs.tmp")
    left.write_bytes(b"half")
    other.write_bytes(b"half")
    write(read(raw).add(ADDED), target)
    assert {item.name for item in raw.parent.iterdir()} == {raw.name, target.name, other.name}


WRITING = """
import sys
from pathlib import Path
from nxspectra.files.claiming import temporary
with temporary(Path(sys.argv[1]), 0):
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_a_target_that_another_program_is_writing_is_left_to_it(raw: Path, target: Path) -> None:
    command = [sys.executable, "-c", WRITING, target]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        with pytest.raises(FileBusy, match="wait until it is done"):
            write(read(raw).add(ADDED), target)
        assert not target.exists()
        writer.communicate()
    write(read(raw).add(ADDED), target)
    assert {item.name for item in raw.parent.iterdir()} == {raw.name, target.name}


ONE_OF_TWO = """
import sys
from nxspectra.errors import FileError
from nxspectra.hdf5 import read, write
from nxspectra.tree import Addition, Field, Group
run = read(sys.argv[1])
run = run.add([Addition("/" + sys.argv[2], Group("NXcollection", {f"k{i}": Field(i) for i in range(300)}))])
print("ready", flush=True)
sys.stdin.readline()
try:
    write(run, sys.argv[1], in_place=True)
    print("won")
except FileError as error:
    print(type(error).__name__, error)
"""


def test_of_two_programs_at_one_file_one_wins_and_the_other_says_so(tmp_path: Path) -> None:
    for number in range(2):
        raw = make_raw(tmp_path / f"raw_{number}.nxs")
        commands = [[sys.executable, "-c", ONE_OF_TWO, raw, name] for name in ("one", "two")]
        writers = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for command in commands
        ]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        said = [writer.communicate()[0] for writer in writers]
        words = sorted((answer.split()[0] for answer in said), key="won".__ne__)
        assert words[0] == "won"
        assert words[1] in {"FileBusy", "FileChanged"}
        assert [answer.startswith("won") for answer in said] == [name in read(raw) for name in ("one", "two")]


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a parallel file system that is mounted without them."""
    monkeypatch.setattr(claiming, "lock", lambda file, wait=False: None)


@pytest.mark.usefixtures("without_locks")
@pytest.mark.parametrize("process", ["1", "not a number"])
def test_without_locks_a_marker_says_who_is_writing(raw: Path, target: Path, process: str) -> None:
    target.with_name(f".{target.name}.lock").write_text(f"{process} {socket.gethostname()}")
    with pytest.raises(FileBusy):
        write(read(raw).add(ADDED), target)
    assert not target.exists()


@pytest.mark.usefixtures("without_locks")
def test_without_locks_the_marker_of_a_dead_writer_is_removed(raw: Path, target: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    number = int(done.stdout)
    target.with_name(f".{target.name}.lock").write_text(f"{number} {socket.gethostname()}")
    target.with_name(f".{target.name}.tmp").write_bytes(b"half")
    write(read(raw).add(ADDED), target)
    assert {item.name for item in raw.parent.iterdir()} == {raw.name, target.name}
