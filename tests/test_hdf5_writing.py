"""Writing a tree whole or not at all, and leaving alone what was there before."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest

from nxspectra.errors import FileBusy, FileChanged, FileError, Refused, UsageError
from nxspectra.hdf5 import claiming, differences, read, sha256, write
from nxspectra.hdf5 import writing as writing_room
from nxspectra.tree import Addition, Field, Group, Link

SERIES = np.linspace(0, 50, 349 * 40, dtype="float32").reshape(349, 40)

ADDED = (
    Addition(
        "/entry/sample",
        Group(
            "NXsample", {"pressure": Field(np.linspace(0, 60, 349), units="GPa"), "name": Field("(Mg,Fe)O")}
        ),
    ),
    Addition("/entry/data/pressure", Link("/entry/sample/pressure")),
    Addition("/entry/data@axes", np.array(["pressure", "two_theta"])),
    Addition("/entry@default", "data"),
)


# -- a raw file with everything in it --------------------------------------------------------------


def make_raw(path: Path, libver: Any = "earliest") -> Path:
    """A file with chunks, filters, fill values, references, every kind of link, and recorded orders."""
    with h5py.File(path, "w", libver=libver, userblock_size=0) as file:
        entry = file.create_group("entry", track_order=True)
        entry.attrs["NX_class"] = np.array([b"NXentry"])
        data = entry.create_group("data")
        data.attrs["signal"] = "intensity"
        packed = data.create_dataset(
            "intensity", data=SERIES, chunks=(16, 40), shuffle=True, compression="gzip", fillvalue=-1.0
        )
        packed.attrs["long_name"] = "Intensität".encode("latin-1")
        data.create_dataset("packed", data=SERIES, chunks=(64, 40), **hdf5plugin.Bitshuffle(cname="lz4"))
        data.create_dataset("growing", (5, 3), "i4", maxshape=(None, 3), fillvalue=7)
        data["plain"] = SERIES
        data["of"] = packed.ref
        data["texts"] = ["a", "µ", ""]
        data["kind"] = np.dtype([("frame", "i4"), ("value", ">f8")])
        data.create_dataset("records", data=np.zeros(3, data["kind"].dtype), dtype=data["kind"])
        entry["collection/shutter_time"] = 100.0
        entry["collection/shutter_time"].attrs["units"] = "ms"
        for i in range(30):
            entry["collection"].attrs[f"a{i}"] = i
        entry["again"] = data
        entry["soft"] = h5py.SoftLink("/entry/data")
        entry["external"] = h5py.ExternalLink("other.h5", "/entry")
    return path


def everything(path: Path) -> dict[str, Any]:
    """All that is in a file at the level of bytes: chunks as stored, types, properties, links, attributes."""
    found: dict[str, Any] = {}
    with h5py.File(path, "r") as file:

        def look(group: h5py.Group, where: str) -> None:
            order = group.id.get_create_plist().get_link_creation_order()
            found[where] = (order, attributes(group))
            for name in group:
                link = group.get(name, getlink=True)
                at = f"{where}/{name}"
                if not isinstance(link, h5py.HardLink):
                    found[at] = (type(link).__name__, link.path, getattr(link, "filename", None))
                    continue
                item = group[name]
                info = h5py.h5o.get_info(item.id)
                found[f"{at} object"] = (info.addr, info.rc)
                if isinstance(item, h5py.Group) and f"{where}/data" != at.replace("again", "data"):
                    look(item, at)
                elif isinstance(item, h5py.Dataset):
                    found[at] = dataset(item)
                elif isinstance(item, h5py.Datatype):
                    found[at] = item.id.encode()

        look(file["/"], "")
        look(file["/entry/data"], "/entry/data")
    return found


def attributes(item: h5py.HLObject) -> dict[str, Any]:
    return {
        name: (item.attrs.get_id(name).get_type().encode(), np.asarray(item.attrs[name]).tolist())
        for name in item.attrs
    }


def dataset(item: h5py.Dataset) -> tuple[Any, ...]:
    creation = item.id.get_create_plist()
    filters = [creation.get_filter(index) for index in range(creation.get_nfilters())]
    if item.chunks:
        stored: Any = []
        for index in range(item.id.get_num_chunks()):
            info = item.id.get_chunk_info(index)
            stored.append((tuple(info), item.id.read_direct_chunk(info.chunk_offset)))
    else:
        stored = (item.id.get_offset(), str(item[()]) if item.dtype.kind == "O" else item[()].tobytes())
    return (
        item.shape,
        item.maxshape,
        item.id.get_type().encode(),
        creation.get_layout(),
        filters,
        item.fillvalue.tobytes() if hasattr(item.fillvalue, "tobytes") else None,
        attributes(item),
        stored,
    )


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
from nxspectra.hdf5.claiming import temporary
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


# -- copies ----------------------------------------------------------------------------------------


def holey(path: Path) -> Path:
    """A file whose spectra are mostly a hole, as a sparse copy of a large one is."""
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    creation.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    with h5py.File(path, "w") as file:
        file.create_group("entry")["first"] = SERIES
        space = h5py.h5s.create_simple((1 << 24,))
        h5py.h5d.create(file.id, b"entry/hole", h5py.h5t.NATIVE_FLOAT, space, creation)
        file["entry/last"] = SERIES
    return path


def test_holes_stay_holes(tmp_path: Path) -> None:
    raw = holey(tmp_path / "raw.nxs")
    out = write(read(raw).add([Addition("/entry/title", Field("Ramp 42"))]), tmp_path / "run.nxs")
    assert differences(raw, out, ["/entry/title"]) == ()
    assert out.stat().st_size > 1 << 26
    assert out.stat().st_blocks * 512 < 1 << 22
    with h5py.File(out, "r+") as file:
        file["entry/hole"][1 << 23] = 1
    assert [found.path for found in differences(raw, out, ["/entry/title"])] == ["/entry/hole"]


@pytest.mark.parametrize("gives", [OSError, 1000])
def test_what_the_kernel_does_not_copy_is_copied_all_the_same(
    raw: Path, target: Path, monkeypatch: pytest.MonkeyPatch, gives: Any
) -> None:
    kernel = os.copy_file_range
    calls = []

    def refusing(source: int, destination: int, count: int, *offsets: int) -> int:
        calls.append(count)
        if gives is OSError or len(calls) > 2:
            raise OSError("not between these two")
        return kernel(source, destination, gives, *offsets)

    monkeypatch.setattr(writing_room.os, "copy_file_range", refusing)
    monkeypatch.setattr(writing_room, "READ_AT_ONCE", 777)
    assert sha256(write(read(raw), target)) == sha256(raw)
    assert calls


def test_extended_attributes_are_kept_in_place(raw: Path) -> None:
    try:
        os.setxattr(raw, "user.beamtime", b"11012345")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    write(read(raw).add(ADDED), raw, in_place=True)
    assert os.getxattr(raw, "user.beamtime") == b"11012345"


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser may give a file to somebody else")
def test_the_owner_is_kept_in_place(raw: Path) -> None:
    os.chown(raw, 1234, 1235)
    write(read(raw).add(ADDED), raw, in_place=True)
    assert (raw.stat().st_uid, raw.stat().st_gid) == (1234, 1235)


def test_a_new_file_is_new_whatever_the_age_of_its_source(raw: Path, target: Path) -> None:
    os.utime(raw, (0, 0))
    assert write(read(raw).add(ADDED), target).stat().st_mtime > time.time() - 60


def test_how_far_the_copy_is_is_told(raw: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing_room, "COPIED_AT_ONCE", 10_000)
    monkeypatch.setattr(writing_room, "cloned", lambda original, file: False)
    told: list[tuple[int, int]] = []
    write(read(raw).add(ADDED), target, progress=lambda done, of: told.append((done, of)))
    size = raw.stat().st_size
    assert [done for done, _ in told] == [*range(10_000, size, 10_000), size]
    assert {of for _, of in told} == {size}
