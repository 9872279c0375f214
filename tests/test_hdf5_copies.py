"""What is copied besides the bytes: holes, owner and attributes of a file, and how far it is."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import h5py
import pytest
from raw_hdf5 import ADDED, SERIES, make_raw

from nxspectra.hdf5 import differences, read, sha256, write
from nxspectra.hdf5 import writing as writing_room
from nxspectra.tree import Addition, Field


@pytest.fixture(params=["earliest", "latest"])
def raw(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return make_raw(tmp_path / "raw_0042.nxs", request.param)


@pytest.fixture
def target(raw: Path) -> Path:
    return raw.with_name("run.nxs")


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
