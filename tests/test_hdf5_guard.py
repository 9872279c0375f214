"""What the guard says of files that could harm their reader, and of those that could not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t

from nxspectra.errors import NotHDF5
from nxspectra.findings import Severity
from nxspectra.hdf5 import guard, guarding, read
from nxspectra.tree import Unreadable

SERIES = np.linspace(0, 50, 349 * 40, dtype="float32").reshape(349, 40)
GIGABYTE = 1 << 30


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "visit"
    folder.mkdir()
    return folder / "raw_0042.nxs"


def findings(path: Path, fill: Callable[[h5py.File], object], **options: Any) -> dict[str, str]:
    """Rule by path."""
    with h5py.File(path, "w", **options) as file:
        fill(file)
    return {finding.path: finding.rule for finding in guard(path)}


def allocated(file: h5py.File, name: str, shape: tuple[int, ...], chunks: tuple[int, ...]) -> None:
    """A data set that claims a shape and stores nothing."""
    creation = h5p.create(h5p.DATASET_CREATE)
    creation.set_chunk(chunks)
    creation.set_fill_time(h5d.FILL_TIME_NEVER)
    h5d.create(file.id, name.encode(), h5t.IEEE_F32LE, h5s.create_simple(shape), creation)


# -- harmless --------------------------------------------------------------------------------------


def test_nothing_is_said_of_a_file_as_a_beamline_leaves_it(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        data = file.create_group("entry/data")
        data.create_dataset("intensity", data=SERIES, compression="gzip")
        data.create_dataset("plain", data=SERIES)
        file["entry/instrument/detector/data"] = data["intensity"]
        file["entry/plot"] = h5py.SoftLink("/entry/data")
        file["entry/data/back"] = h5py.SoftLink("../instrument/detector")
        file["entry/gone"] = h5py.SoftLink("/entry/was_here")
        file["entry/part"] = h5py.ExternalLink("raw_0042_part.h5", "/entry")
        file["entry/below"] = h5py.ExternalLink("parts/0.h5", "/entry")
        layout = h5py.VirtualLayout((349, 40), "f4")
        layout[...] = h5py.VirtualSource("raw_0042_part.h5", "intensity", (349, 40))
        data.create_virtual_dataset("whole", layout)
        file["entry/kind"] = np.dtype("f4")
        data.create_dataset("empty", (0, 4023), "f4", maxshape=(None, 4023))

    assert findings(path, fill) == {}


@pytest.mark.parametrize(
    "name",
    [
        "lambda_p02.2_m1_part00000.nxs",
        "538039.nxs",
        "Therm_6_2.nxs",
        "lrcs3701.nx5",
        "AgBehenate_228.hdf5",
    ],
)
def test_nothing_is_said_of_a_real_file(real_files: Path, name: str) -> None:
    assert guard(real_files / name) == ()


def test_a_frame_of_sixteen_million_pixels_in_one_chunk_is_no_bomb(path: Path) -> None:
    assert findings(path, lambda file: allocated(file, "x", (1, 4096, 4096), (1, 4096, 4096))) == {}


# -- out of the file -------------------------------------------------------------------------------


@pytest.mark.parametrize("userblock", [0, 512])
@pytest.mark.parametrize("name", ["/etc/passwd", "beside.bin"])
def test_external_storage_is_refused_wherever_it_is(path: Path, name: str, userblock: int) -> None:
    def fill(file: h5py.File) -> None:
        file.create_dataset("entry/x", (8,), "u1", external=[(name, 0, 8)])

    assert findings(path, fill, userblock_size=userblock) == {"/entry/x": "external-storage"}


@pytest.mark.parametrize("name", ["/etc/other.h5", "../other.h5", "parts/../../other.h5", "out/other.h5"])
def test_an_external_link_out_of_the_folder_is_refused_without_opening_it(path: Path, name: str) -> None:
    path.with_name("out").symlink_to("/")
    assert findings(path, lambda file: file.update(x=h5py.ExternalLink(name, "/"))) == {"/x": "external-link"}


def test_a_folder_can_be_allowed(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = h5py.ExternalLink("../raw/other.h5", "/")
    assert len(guard(path)) == 1
    assert guard(path, roots=[path.parent.parent / "raw"]) == ()


@pytest.mark.parametrize("name", ["/data/part.h5", "../part.h5"])
def test_a_virtual_source_out_of_the_folder_is_refused(path: Path, name: str) -> None:
    def fill(file: h5py.File) -> None:
        layout = h5py.VirtualLayout((349, 40), "f4")
        layout[...] = h5py.VirtualSource(name, "intensity", (349, 40))
        file.create_virtual_dataset("x", layout)

    assert findings(path, fill) == {"/x": "virtual-source"}


def test_a_link_that_only_another_program_understands_is_refused(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["other"] = h5py.ExternalLink("raw.h5", "/")
    # A link message, version 1, whose flags say that a type follows: external is type 64, 65 is nobody's.
    # HDF5 File Format Specification 3.0, IV.A.2.g.
    patch(path, b"\x40\x05other", b"\x41\x05other")
    assert [(finding.path, finding.rule) for finding in guard(path)] == [("/other", "user-defined-link")]
    node = read(path)["other"]
    assert isinstance(node, Unreadable)
    assert "user-defined" in node.reason


def test_a_name_that_would_lead_through_a_link_is_refused(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["aXpasswd"] = 1.0
        file["a"] = h5py.ExternalLink("/etc/other.h5", "/")
    patch(path, b"aXpasswd", b"a/passwd")
    rules = {finding.path: finding.rule for finding in guard(path)}
    assert rules == {"/a": "external-link", "/a/passwd": "impossible-name"}
    assert read(path).children["a/passwd"] == Unreadable(
        "b'a/passwd' is not a possible name", "impossible-name"
    )


def patch(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))


# -- without an end --------------------------------------------------------------------------------


def test_soft_links_in_a_circle_are_refused(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file["a"] = h5py.SoftLink("/b")
        file["b"] = h5py.SoftLink("/c/x")
        file["c"] = h5py.SoftLink("/a")
        file["itself"] = h5py.SoftLink("itself")
        file["entry/deep"] = h5py.SoftLink("/entry/./deep/x")

    rules = findings(path, fill)
    assert rules == dict.fromkeys(["/a", "/b", "/c", "/itself", "/entry/deep"], "link-loop")


def test_a_group_that_contains_itself_is_refused(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file.create_group("a/b")
        file["a/b/again"] = file["a"]
        file["a/root"] = file["/"]

    assert findings(path, fill) == {"/a/b/again": "link-loop", "/a/root": "link-loop"}


def test_a_second_name_of_a_group_is_no_loop(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file["a/x"] = 1.0
        file["b/a"] = file["a"]
        file["c"] = h5py.SoftLink("/b/a/x")

    assert findings(path, fill) == {}


def test_links_that_take_too_long_to_follow_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "STEPS", 5)

    def fill(file: h5py.File) -> None:
        file.create_group("g")
        file["g/g"] = file["g"]
        for name in "abc":
            file[name] = h5py.SoftLink("/g/" + "g/" * 8)

    assert "too-many-items" in findings(path, fill).values()


# -- absurdly large --------------------------------------------------------------------------------


def test_a_data_set_larger_than_any_measurement_is_refused(path: Path) -> None:
    assert findings(path, lambda file: allocated(file, "x", (1 << 33, 1 << 20), (1, 1 << 20))) == {
        "/x": "absurd-size"
    }


def test_a_data_set_that_unpacks_to_far_more_than_it_has_is_refused(path: Path) -> None:
    frames = GIGABYTE // (1 << 20) + 1
    assert findings(path, lambda file: allocated(file, "x", (frames, 1 << 18), (1, 1 << 18))) == {
        "/x": "absurd-ratio"
    }


def test_a_data_set_whose_chunks_are_enormous_is_refused(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file.create_dataset("x", (4,), "f4", maxshape=(None,), chunks=(1 << 27,))

    assert findings(path, fill) == {"/x": "chunk-bomb"}


@pytest.mark.parametrize(("limit", "rule"), [("DEPTH", "too-deep"), ("ITEMS", "too-many-items")])
def test_beyond_a_limit_a_group_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, rule: str
) -> None:
    monkeypatch.setattr(guarding, limit, 3)
    assert findings(path, lambda file: file.create_group("a/b/c/d")) == {"/a/b/c": rule}


@pytest.mark.parametrize("where", ["/", "/a", "/x"])
def test_too_many_attributes_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setattr(guarding, "ATTRIBUTES", 3)

    def fill(file: h5py.File) -> None:
        file.create_group("a")
        file["x"] = 1.0
        file[where].attrs.update(a=1, b=2, c=3, d=4)

    assert findings(path, fill) == {where: "too-many-attributes"}


def test_what_takes_too_long_to_look_through_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "SECONDS", -1)
    assert findings(path, lambda file: file.create_group("a/b")) == {"/a": "took-too-long"}


def test_fifteen_hundred_groups_in_each_other_are_walked(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        group = file.id
        for _ in range(1_500):
            group = h5py.h5g.create(group, b"g")

    assert findings(path, fill) == {}


# -- damaged ---------------------------------------------------------------------------------------


def test_a_damaged_object_is_a_warning(path: Path) -> None:
    with h5py.File(path, "w", libver="latest") as file:
        file["torn"] = 1.0
        where = h5py.h5o.get_info(file["torn"].id).addr
    content = bytearray(path.read_bytes())
    content[where : where + 4] = b"TORN"
    path.write_bytes(content)
    (finding,) = guard(path)
    assert (finding.path, finding.rule, finding.severity) == ("/torn", "damaged", Severity.WARNING)


def test_what_is_not_hdf5_is_an_error_and_not_a_finding(path: Path) -> None:
    path.write_text("pressure,label")
    with pytest.raises(NotHDF5, match="is text"):
        guard(path)


def test_every_rule_has_a_test() -> None:
    tests = Path(__file__).read_text()
    assert [rule for rule in guarding.RULES if f'"{rule}"' not in tests] == []
