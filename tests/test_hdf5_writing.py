"""Writing a tree whole or not at all, and leaving alone what was there before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from raw_hdf5 import ADDED, SERIES, everything, make_raw

from nxspectra.errors import FileBusy, FileChanged, FileError, Refused, UsageError
from nxspectra.hdf5 import read, sha256, write
from nxspectra.hdf5 import writing as writing_room
from nxspectra.tree import Addition, Field, Group


@pytest.fixture(params=["earliest", "latest"])
def raw(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return make_raw(tmp_path / "raw_0042.nxs", request.param)


@pytest.mark.parametrize("in_place", [False, True], ids=["copy", "in place"])
def test_everything_that_was_there_is_there_afterwards_byte_for_byte(raw: Path, in_place: bool) -> None:
    before = everything(raw)
    run = read(raw).add(ADDED)
    out = write(run, raw if in_place else raw.with_name("run.nxs"), in_place=in_place)
    after = everything(out)
    changed = {path for path, what in before.items() if after.get(path) != what}
    # These two got an attribute each, and so a new list of attributes.
    assert changed == {"/entry", "/entry/data"}
    for path in changed:
        old, new = before[path][1], after[path][1]
        assert before[path][0] == after[path][0]
        assert {name: new[name] for name in old} == old
    # The object header of a group to which something is added stays where it is, with the same names to it.
    assert {path for path in after if path not in before} == {
        "/entry/sample object",
        "/entry/sample",
        "/entry/sample/pressure object",
        "/entry/sample/pressure",
        "/entry/sample/name object",
        "/entry/sample/name",
        "/entry/data/pressure",
    }


def test_the_bytes_of_the_spectra_stay_where_they_are(raw: Path) -> None:
    with h5py.File(raw) as file:
        offset, size = file["entry/data/plain"].id.get_offset(), SERIES.nbytes
    out = write(read(raw).add(ADDED), raw.with_name("run.nxs"))
    before, after = raw.read_bytes(), out.read_bytes()
    assert before[offset : offset + size] == after[offset : offset + size] == SERIES.tobytes()


def test_a_run_is_read_as_it_was_written(raw: Path) -> None:
    run = read(raw).add(ADDED)
    assert read(write(run, raw.with_name("run.nxs"))) == run


def test_the_source_stays_as_it_is(raw: Path) -> None:
    digest, status = sha256(raw), raw.stat()
    write(read(raw).add(ADDED), raw.with_name("run.nxs"))
    assert sha256(raw) == digest
    assert raw.stat().st_mtime_ns == status.st_mtime_ns


def test_without_additions_a_copy_is_a_copy(raw: Path) -> None:
    assert sha256(write(read(raw), raw.with_name("run.nxs"))) == sha256(raw)


def test_without_additions_nothing_happens_in_place(raw: Path) -> None:
    before = raw.stat()
    write(read(raw), raw, in_place=True)
    assert (raw.stat().st_ino, raw.stat().st_ctime_ns) == (before.st_ino, before.st_ctime_ns)


def test_a_second_time_adds_nothing_to_the_first(raw: Path) -> None:
    write(read(raw).add(ADDED), raw, in_place=True)
    first = sha256(raw)
    again = read(raw)
    write(again.add(addition for addition in ADDED if addition.path not in again), raw, in_place=True)
    assert sha256(raw) == first


def test_a_tree_that_was_changed_is_written_fresh(raw: Path) -> None:
    tree = read(raw).without("entry/collection").put("entry/title", Field("Ramp 42"))
    assert read(write(tree, raw.with_name("run.nxs"))) == tree


def test_values_of_another_file_are_copied_into_a_fresh_one(raw: Path) -> None:
    tree = Group(None, {"intensity": read(raw)["entry/data/packed"]})
    assert read(write(tree, raw.with_name("new.nxs"))) == tree


def test_groups_on_the_way_to_an_addition_are_made(raw: Path) -> None:
    run = read(raw).add([Addition("/entry/instrument/beam/incident_energy", Field(25.6, units="keV"))])
    assert read(write(run, raw.with_name("run.nxs"))) == run


@pytest.mark.parametrize(
    ("path", "item"),
    [
        ("/entry/collection/shutter_time", Field(0.1)),
        ("/entry/collection/shutter_time@units", "s"),
        ("/entry/collection/shutter_time/x", Field(1.0)),
        ("/entry/collection@a3", 4),
    ],
)
def test_what_was_not_read_is_not_replaced_either(raw: Path, path: str, item: Any) -> None:
    pruned = read(raw, keep=lambda path, _: path != "/entry/collection")
    if path.endswith("@a3"):
        pruned = Group(None, pruned.children).read_from(pruned.source)  # type: ignore[arg-type]
        pruned = pruned.put("entry/collection", Group()).read_from(pruned.source)  # type: ignore[arg-type]
        run = pruned.add([Addition(path, item)])
    elif "@" in path or path.endswith("/x"):
        made = pruned.put("entry/collection/shutter_time", Group()).read_from(pruned.source)  # type: ignore[arg-type]
        run = made.add([Addition(path, item)])
    else:
        run = pruned.add([Addition(path, item)])
    with pytest.raises(Refused, match=r"already there|not a group"):
        write(run, raw.with_name("run.nxs"))
    assert [item.name for item in raw.parent.iterdir()] == [raw.name]


def test_nothing_is_added_behind_a_link(raw: Path) -> None:
    tree = read(raw, keep=lambda path, _: path == "/")
    with pytest.raises(Refused, match="soft is a link"):
        write(tree.add([Addition("/entry/soft/x", Field(1.0))]), raw.with_name("run.nxs"))


# -- targets ---------------------------------------------------------------------------------------


@pytest.fixture
def target(raw: Path) -> Path:
    return raw.with_name("run.nxs")


def test_the_file_that_was_read_is_not_written_over(raw: Path) -> None:
    with pytest.raises(Refused, match="in_place=True"):
        write(read(raw).add(ADDED), raw, overwrite=True)


def test_another_name_of_the_file_that_was_read_is_not_written_over(raw: Path, target: Path) -> None:
    target.symlink_to(raw)
    with pytest.raises(Refused, match="in_place=True"):
        write(read(raw).add(ADDED), target, overwrite=True)


def test_a_file_that_is_there_is_not_written_over(raw: Path, target: Path) -> None:
    target.write_bytes(b"precious")
    with pytest.raises(Refused, match="overwrite=True"):
        write(read(raw).add(ADDED), target)
    assert target.read_bytes() == b"precious"


def test_a_file_that_is_there_is_replaced_when_asked(raw: Path, target: Path) -> None:
    target.write_bytes(b"precious")
    assert read(write(read(raw).add(ADDED), target, overwrite=True)) == read(raw).add(ADDED)


@pytest.mark.parametrize("fresh", [True, False])
def test_in_place_is_only_for_the_file_that_was_read(raw: Path, target: Path, fresh: bool) -> None:
    with pytest.raises(UsageError, match="in place"):
        write(Group() if fresh else read(raw).add(ADDED), target, in_place=True)


def test_in_place_is_not_for_a_tree_that_was_changed(raw: Path) -> None:
    with pytest.raises(Refused, match="new file"):
        write(read(raw).without("entry/collection").add(ADDED[:1]), raw, in_place=True)


def test_a_changed_tree_that_was_not_read_whole_is_not_written(raw: Path, target: Path) -> None:
    tree = read(raw, keep=lambda path, _: path != "/entry/collection").put("entry/x", Field(1.0))
    with pytest.raises(Refused, match="keep"):
        write(tree, target)


def test_a_link_to_the_file_that_was_read_stays_a_link(raw: Path, target: Path) -> None:
    target.symlink_to(raw)
    write(read(target).add(ADDED), target, in_place=True)
    assert target.is_symlink()
    assert "entry/sample/pressure" in read(raw)


def test_a_source_that_changed_since_is_not_copied(raw: Path, target: Path) -> None:
    run = read(raw).add(ADDED)
    os.utime(raw)
    with pytest.raises(FileChanged, match="read it again"):
        write(run, target)
    assert not target.exists()


IDLE = "import h5py, sys; f = h5py.File(sys.argv[1], 'r+'); print('ready', flush=True); sys.stdin.read()"


def test_a_file_that_somebody_has_open_for_writing_is_not_replaced(raw: Path) -> None:
    run, inode = read(raw).add(ADDED), raw.stat().st_ino
    command = [sys.executable, "-c", IDLE, raw]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        with pytest.raises(FileBusy, match=str(writer.pid)):
            write(run, raw, in_place=True)
        writer.kill()
    assert raw.stat().st_ino == inode


def test_a_folder_is_no_target(raw: Path) -> None:
    with pytest.raises(FileError, match="is a folder"):
        write(read(raw).add(ADDED), raw.parent)


def test_a_device_or_a_pipe_is_no_target(raw: Path, target: Path) -> None:
    os.mkfifo(target)
    with pytest.raises(FileError, match="not a regular file"):
        write(read(raw).add(ADDED), target, overwrite=True)
    assert target.is_fifo()


def test_a_missing_folder_is_a_file_error(raw: Path) -> None:
    with pytest.raises(FileError, match="no folder"):
        write(read(raw).add(ADDED), raw.parent / "nowhere" / "run.nxs")


def test_a_disk_without_room_is_told_before_anything_is_written(
    raw: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing_room, "MARGIN", 1 << 62)
    with pytest.raises(FileError, match="bytes are needed"):
        write(read(raw).add(ADDED), target)


LIMITED = """
import resource, sys
from nxspectra.errors import FileError
from nxspectra.hdf5 import read, write
from nxspectra.tree import Addition, Field
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), -1))
try:
    write(read(sys.argv[1]).add([Addition("/new", Field([1.0] * 100_000))]), sys.argv[2])
except FileError as error:
    print(error)
"""


@pytest.mark.parametrize("share", [0.5, 1.5], ids=["during the copy", "during the additions"])
def test_a_disk_that_fills_up_leaves_nothing(raw: Path, target: Path, share: float) -> None:
    limit = str(int(raw.stat().st_size * share))
    command = [sys.executable, "-c", LIMITED, raw, target, limit]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "nothing was changed" in done.stdout, done.stderr
    assert [item.name for item in raw.parent.iterdir()] == [raw.name]


def test_rights_are_kept_in_place(raw: Path) -> None:
    raw.chmod(0o640)
    write(read(raw).add(ADDED), raw, in_place=True)
    assert raw.stat().st_mode & 0o777 == 0o640


def test_a_copy_of_a_write_protected_file_can_be_written(raw: Path, target: Path) -> None:
    raw.chmod(0o444)
    write(read(raw).add(ADDED), target)
    assert target.stat().st_mode & 0o777 == 0o644


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everything")
def test_a_write_protected_file_is_not_replaced(raw: Path) -> None:
    raw.chmod(0o444)
    with pytest.raises(FileError, match="read-only"):
        write(read(raw).add(ADDED), raw, in_place=True)


def test_a_new_file_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    write(Group(), tmp_path / "tree.nxs")
    assert (tmp_path / "tree.nxs").stat().st_mode == (tmp_path / "any").stat().st_mode


def test_a_reader_of_the_old_file_keeps_it(raw: Path) -> None:
    with h5py.File(raw, locking=False) as old:
        write(read(raw).add(ADDED), raw, in_place=True)
        assert "sample" not in old["entry"]
        np.testing.assert_array_equal(old["entry/data/packed"][()], SERIES)


def test_a_name_as_long_as_names_can_be_is_written(raw: Path) -> None:
    target = raw.with_name("r" * 251 + ".nxs")
    assert read(write(read(raw).add(ADDED), target)) == read(raw).add(ADDED)
