"""Reading any HDF5 file to a tree of values, and saying why when it cannot be read."""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest
from h5py import h5d, h5s, h5t

from nxspectra.errors import FileBusy, FileChanged, FileError, NotHDF5
from nxspectra.hdf5 import busy, read, sha256
from nxspectra.hdf5 import reading as reading_room
from nxspectra.tree import Field, Group, Link, Unreadable

SERIES = np.linspace(0, 50, 349 * 40, dtype="float32").reshape(349, 40)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "raw_0042.nxs"


def tree_of(path: Path, fill: Callable[[h5py.File], object], **options: Any) -> Group:
    with h5py.File(path, "w", **options) as file:
        fill(file)
    return read(path)


def reason_at(tree: Group, path: str) -> Unreadable:
    node = tree[path]
    assert isinstance(node, Unreadable)
    return node


# -- values ----------------------------------------------------------------------------------------


def test_groups_fields_and_attributes_are_where_they_are_in_the_file(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file.attrs["default"] = "entry"
        sample = file.create_group("entry/sample")
        sample.attrs["NX_class"] = "NXsample"
        sample["pressure"] = [44.1, 44.3]
        sample["pressure"].attrs["units"] = "GPa"

    tree = tree_of(path, fill)
    sample = Group("NXsample", {"pressure": Field([44.1, 44.3], units="GPa")})
    assert tree == Group(None, {"entry": Group(None, {"sample": sample})}, default="entry")


@pytest.mark.parametrize(
    "stored",
    [
        "Å",
        np.array("Å".encode(), "S2"),
        np.array("Å".encode(), h5py.string_dtype("utf-8", 8)),
        np.array("Å".encode("latin-1"), "S1"),
        np.array("Å".encode("latin-1"), h5py.string_dtype("ascii")),
    ],
    ids=["utf-8", "fixed", "fixed and marked", "fixed latin-1", "latin-1"],
)
def test_text_is_text_however_it_is_stored(path: Path, stored: Any) -> None:
    def fill(file: h5py.File) -> None:
        file["unit"] = stored
        file.attrs["unit"] = stored

    tree = tree_of(path, fill)
    assert tree["unit"].text == "Å"
    assert tree.attributes["unit"] == "Å"


def test_text_padded_with_blanks_as_fortran_does_has_none(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        padded = h5t.C_S1.copy()
        padded.set_size(12)
        padded.set_strpad(h5t.STR_SPACEPAD)
        attribute = h5py.h5a.create(file.id, b"NX_class", padded, h5s.create(h5s.SCALAR))
        attribute.write(np.array(b"NXroot      ", "S12"), padded)

    assert tree_of(path, fill).nx_class == "NXroot"


def test_texts_in_an_array_are_decoded_one_by_one(path: Path) -> None:
    texts = np.array(["Å".encode(), "°".encode("latin-1")], dtype=h5py.string_dtype())
    assert tree_of(path, lambda file: file.create_dataset("units", data=texts))["units"] == Field(["Å", "°"])


def test_a_class_in_an_array_of_one_is_the_class(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file.create_group("entry").attrs["NX_class"] = np.array([b"NXentry"])

    assert tree_of(path, fill)["entry"].nx_class == "NXentry"


@pytest.mark.parametrize(
    "value",
    [
        np.array([1, -2], ">i2"),
        np.float16(0.5),
        np.uint64(2**64 - 1),
        np.array([True, False]),
        np.array([1 + 2j]),
        np.zeros((0, 4023)),
        np.array([(1, [0.5, 2.0])], dtype=[("frame", "i4"), ("pressure", "f8", (2,))]),
        np.array(b"\x00\xff\x01", dtype="V3"),
    ],
    ids=lambda value: str(value.dtype),
)
def test_numbers_and_records_are_read_as_they_are(path: Path, value: Any) -> None:
    def fill(file: h5py.File) -> None:
        file["value"] = value
        file.attrs["value"] = value

    tree = tree_of(path, fill)
    assert tree["value"] == Field(value)
    assert tree == Group(None, {"value": Field(value)}, value=value)


def test_a_record_with_text_in_it_has_text_in_it(path: Path) -> None:
    kind = np.dtype([("name", h5py.string_dtype()), ("label", "S4"), ("value", "f8")])
    record = np.array([("Å", b"low", 1.5)], dtype=kind)
    value = tree_of(path, lambda file: file.create_dataset("record", data=record))["record"].array
    assert value["name"].tolist() == ["Å"]
    assert value["label"].tolist() == ["low"]
    assert value["value"].tolist() == [1.5]


def test_lists_of_different_lengths_are_arrays_in_an_array(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        lists = file.create_dataset("lists", (2,), dtype=h5py.vlen_dtype(np.int32))
        lists[0], lists[1] = [1, 2, 3], []

    value = tree_of(path, fill)["lists"].array
    assert [item.tolist() for item in value] == [[1, 2, 3], []]


def test_attributes_of_one_name_are_read_as_what_they_are_each_time(path: Path) -> None:
    """One after another: what an attribute held in one place says nothing about the next."""
    text, ragged = h5py.string_dtype(), h5py.vlen_dtype(np.int32)
    values: dict[str, tuple[Any, Any, Any]] = {
        "a": ("Å", text, "Å"),
        "b": (np.array(["x", "y" * 500, "z"], object), text, np.array(["x", "y" * 500, "z"])),
        "c": (np.array(["x"], object), text, np.array(["x"])),
        "d": (np.bytes_(b"fixed"), None, "fixed"),
        "e": (2.5, None, 2.5),
        "f": ("", text, ""),
        "g": (h5py.Empty(text), None, None),
        "h": (np.array([["p", "q"]] * 40, object), text, np.array([["p", "q"]] * 40)),
        "i": ("x" * 70_000, text, "x" * 70_000),
    }

    def fill(file: h5py.File) -> None:
        for name, (value, dtype, _) in values.items():
            file.create_group(name).attrs.create("axes", value, dtype=dtype)
            file[name].attrs.create(name, value, dtype=dtype)
        file.create_group("j").attrs["axes"] = file["a"].ref
        kept = np.empty((), object)
        kept[()] = np.array([1, 2], np.int32)
        file.create_group("k").attrs.create("axes", kept, shape=(), dtype=ragged)

    tree = tree_of(path, fill, track_order=True, libver="latest")
    for name, (_, _, meant) in values.items():
        assert tree[name] == Group(None, {}, {"axes": meant, name: meant}), name
    assert tree["j"].attributes["axes"] == "/a"
    assert np.asarray(tree["k"].attributes["axes"]).tolist() == [1, 2]


def test_an_enumeration_is_its_numbers(path: Path) -> None:
    kind = h5py.enum_dtype({"low": 0, "high": 1}, basetype="i1")
    tree = tree_of(path, lambda file: file.create_dataset("label", data=np.array([1, 0], "i1"), dtype=kind))
    assert tree["label"] == Field(np.array([1, 0], "i1"))


def test_a_null_value_has_no_shape(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file["nothing"] = h5py.Empty("f4")
        file.attrs["nothing"] = h5py.Empty("f4")

    tree = tree_of(path, fill)
    assert tree["nothing"].shape is None
    assert tree["nothing"].dtype == np.dtype("f4")
    assert tree.attributes == {"nothing": None}


def test_a_reference_is_the_path_that_it_points_to(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        energy = file.create_dataset("z/energy", data=25.6)
        file.create_dataset("refers", data=np.array([energy.ref, file["z"].ref], dtype=h5py.ref_dtype))
        file.attrs["refers"] = energy.ref
        file.attrs["to_nothing"] = h5py.Reference()
        axis = file.create_dataset("axis", data=np.arange(3.0))
        axis.make_scale("two_theta")
        file.create_dataset("signal", data=np.arange(3.0)).dims[0].attach_scale(axis)

    tree = tree_of(path, fill)
    assert tree["refers"] == Field(["/z/energy", "/z"])
    assert tree.attributes == {"refers": "/z/energy", "to_nothing": ""}
    assert tree["signal"].attributes["DIMENSION_LIST"][0].tolist() == ["/axis"]
    assert tree["axis"].attributes["REFERENCE_LIST"]["dataset"].tolist() == ["/signal"]


def test_a_named_type_is_a_field_without_a_value(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file["kind"] = np.dtype("f4")
        file["kind"].attrs["doc"] = "as the detector counts"
        file.create_dataset("counts", data=[1.0, 2.0], dtype=file["kind"])

    tree = tree_of(path, fill)
    assert tree["kind"].shape is None
    assert tree["kind"].attributes == {"doc": "as the detector counts"}
    assert tree["counts"] == Field(np.array([1, 2], "f4"))


def test_a_type_that_numpy_does_not_know_is_said_to_be_unreadable(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        h5d.create(file.id, b"when", h5t.UNIX_D32LE, h5s.create(h5s.SCALAR))
        h5py.h5a.create(file.id, b"when", h5t.UNIX_D32LE, h5s.create(h5s.SCALAR))
        file.attrs["title"] = "Ramp 42"

    tree = tree_of(path, fill)
    assert isinstance(tree["when"], Unreadable)
    assert isinstance(tree.attributes["when"], Unreadable)
    assert tree.attributes["title"] == "Ramp 42"


def test_children_stand_in_the_order_of_their_creation_if_that_is_recorded(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        for name in ("zeta", "alpha", "mu"):
            file.create_group(name)

    assert list(tree_of(path, fill)) == ["alpha", "mu", "zeta"]
    assert list(tree_of(path, fill, track_order=True)) == ["zeta", "alpha", "mu"]


def test_a_name_that_is_not_unicode_survives(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        h5py.h5g.create(file.id, b"k\xe4lte")
        h5py.h5a.create(file.id, b"gr\xf6\xdfe", h5t.NATIVE_INT8, h5s.create(h5s.SCALAR))

    tree = tree_of(path, fill)
    assert [name.encode("utf-8", "surrogateescape") for name in tree] == [b"k\xe4lte"]
    assert [name.encode("utf-8", "surrogateescape") for name in tree.attributes] == [b"gr\xf6\xdfe"]


# -- links -----------------------------------------------------------------------------------------


def test_links_are_told_and_not_followed(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file["soft"] = h5py.SoftLink("/not/there")
        file["external"] = h5py.ExternalLink("not_there.h5", "/entry")

    tree = tree_of(path, fill)
    assert tree == Group(
        None, {"soft": Link("/not/there"), "external": Link("/entry", "not_there.h5", "external")}
    )


def test_an_object_met_again_is_a_link_to_where_it_was_first_met(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file["b/pressure"] = 44.1
        file["c"] = file["b"]
        file["d"] = file["b/pressure"]

    tree = tree_of(path, fill)
    assert tree.children["c"] == Link("/b", kind="hard")
    assert tree.children["d"] == Link("/b/pressure", kind="hard")
    assert tree["c/pressure"].number == 44.1


def test_hard_links_in_a_circle_end(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file.create_group("a/b")
        file["a/b/root"] = file["/"]
        file["a/b/a"] = file["a"]

    tree = tree_of(path, fill)
    assert tree["a/b"].children == {"root": Link("/", kind="hard"), "a": Link("/a", kind="hard")}


# -- large, deep and wide --------------------------------------------------------------------------


def test_a_large_value_stays_in_the_file_until_it_is_asked_for(path: Path) -> None:
    field = tree_of(path, lambda file: file.create_dataset("intensity", data=SERIES))["intensity"]
    assert not isinstance(field.data, np.ndarray)
    assert (field.shape, field.dtype) == ((349, 40), np.dtype("f4"))
    np.testing.assert_array_equal(field.array, SERIES)


@pytest.mark.parametrize(
    "selection",
    [5, -1, (slice(3, 9), 0), (slice(None, None, 7), [1, 5]), (slice(None, None, -1), [5, 1]), ..., (..., 3)],
    ids=str,
)
def test_a_part_of_a_large_value_is_what_numpy_would_select(path: Path, selection: Any) -> None:
    field = tree_of(path, lambda file: file.create_dataset("intensity", data=SERIES))["intensity"]
    np.testing.assert_array_equal(field.data[selection], SERIES[selection])


def test_a_frame_that_is_not_there_is_an_index_error(path: Path) -> None:
    field = tree_of(path, lambda file: file.create_dataset("intensity", data=SERIES))["intensity"]
    with pytest.raises(IndexError):
        field.data[349]


def test_a_large_array_of_text_is_text_before_and_after_it_is_read(path: Path) -> None:
    names = [f"frame {i} µ" for i in range(700)]
    field = tree_of(path, lambda file: file.create_dataset("names", data=names))["names"]
    assert field.dtype.kind == "U"
    assert field.array.tolist() == names
    assert field.data[3:5].tolist() == names[3:5]


def test_a_large_value_is_read_after_the_working_directory_changed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree_of(path, lambda file: file.create_dataset("intensity", data=SERIES))
    monkeypatch.chdir(path.parent)
    tree = read(path.name)
    monkeypatch.chdir("/")
    assert tree["intensity"].array.shape == (349, 40)


@pytest.mark.parametrize("replace", [True, False], ids=["replaced", "written to"])
def test_a_value_of_a_file_that_changed_is_not_read(path: Path, replace: bool) -> None:
    tree = tree_of(path, lambda file: file.create_dataset("intensity", data=SERIES))
    if replace:
        tree_of(path.with_name("new.nxs"), lambda file: file.create_dataset("intensity", data=SERIES))
        path.with_name("new.nxs").replace(path)
    else:
        with h5py.File(path, "r+") as file:
            file["intensity"][0, 0] = 1.0
        os.utime(path)
    with pytest.raises(FileChanged, match="read it again"):
        tree["intensity"].array  # noqa: B018
    assert tree.source is not None
    with pytest.raises(FileChanged):
        tree.source.digest  # noqa: B018


def test_fifteen_hundred_groups_in_each_other_are_read(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        group = file.id
        for _ in range(1_500):
            group = h5py.h5g.create(group, b"g")

    tree = tree_of(path, fill)
    assert sum(1 for _ in tree.walk()) == 1_500


def test_twenty_thousand_attributes_are_read(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        space = h5s.create(h5s.SCALAR)
        group = file.create_group("collection").id
        for i in range(20_000):
            h5py.h5a.create(group, b"a%d" % i, h5t.NATIVE_INT8, space)

    assert len(tree_of(path, fill, libver="latest")["collection"].attributes) == 20_000


def test_twenty_thousand_items_are_read(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        group = file.create_group("collection").id
        for i in range(20_000):
            group.links.create_soft(b"k%d" % i, b"/entry")

    assert len(tree_of(path, fill)["collection"].children) == 20_000


@pytest.mark.parametrize(("limit", "rule"), [("DEPTH", "too-deep"), ("ITEMS", "too-many-items")])
def test_beyond_a_limit_a_group_is_said_to_be_unreadable(
    path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, rule: str
) -> None:
    monkeypatch.setattr(reading_room, limit, 3)
    tree = tree_of(path, lambda file: file.create_group("a/b/c/d"))
    found = [node for _, node in tree.walk() if isinstance(node, Unreadable)]
    assert [node.rule for node in found] == [rule]


def test_an_object_with_too_many_attributes_is_said_to_be_unreadable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_room, "ATTRIBUTES", 3)
    tree = tree_of(path, lambda file: file.create_group("a").attrs.update(a=1, b=2, c=3, d=4))
    assert "4 attributes" in reason_at(tree, "a").reason
    assert reason_at(tree, "a").rule == "too-many-attributes"


def test_what_there_was_no_time_for_is_said_to_be_unreadable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_room, "SECONDS", -1)
    tree = tree_of(path, lambda file: [file.create_group(name) for name in "abc"])
    assert list(tree) == ["a"]
    assert "2 items after it" in reason_at(tree, "a").reason
    assert reason_at(tree, "a").rule == "took-too-long"


def test_a_small_value_in_an_enormous_chunk_stays_in_the_file(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file.create_dataset("bomb", (4,), "u1", maxshape=(None,), chunks=(1 << 25,), compression="gzip")

    assert not isinstance(tree_of(path, fill)["bomb"].data, np.ndarray)


# -- only what is asked for ------------------------------------------------------------------------


def test_a_group_that_is_not_kept_stays_empty(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file["entry/collection/shutter_time"] = 100.0
        file["entry/collection"].attrs["NX_class"] = "NXcollection"
        file["entry/sample/name"] = "Fe"

    tree_of(path, fill)
    asked = []

    def keep(where: str, nx_class: str | None) -> bool:
        asked.append((where, nx_class))
        return nx_class != "NXcollection"

    tree = read(path, keep=keep)
    assert tree["entry/collection"] == Group("NXcollection")
    assert tree["entry/sample/name"].text == "Fe"
    assert asked == [
        ("/", None),
        ("/entry", None),
        ("/entry/collection", "NXcollection"),
        ("/entry/sample", None),
    ]


def test_an_error_of_keep_is_not_taken_for_damage(path: Path) -> None:
    tree_of(path, lambda file: file.create_group("entry"))
    with pytest.raises(KeyError, match="mistake"):
        read(path, keep=lambda where, nx_class: {}["mistake"])


# -- values outside of the file --------------------------------------------------------------------


@pytest.mark.parametrize("userblock", [0, 512])
@pytest.mark.parametrize("length", [8, 8_000])
def test_values_in_external_storage_are_never_read(path: Path, length: int, userblock: int) -> None:
    secret = path.with_name("secret.txt")
    secret.write_bytes(b"x" * length)

    def fill(file: h5py.File) -> None:
        file.create_dataset("x", (length,), "u1", external=[(str(secret), 0, length)])

    tree = tree_of(path, fill, userblock_size=userblock)
    found = reason_at(tree, "x")
    assert found.rule == "external-storage"
    assert str(secret) in found.reason


def virtual(path: Path, source: str, shape: tuple[int, ...] = (349, 40)) -> Group:
    layout = h5py.VirtualLayout(shape, "f4")
    layout[...] = h5py.VirtualSource(source, "intensity", shape)
    return tree_of(path, lambda file: file.create_virtual_dataset("intensity", layout))


def test_a_virtual_data_set_is_read_when_its_source_is_beside_it(path: Path) -> None:
    tree_of(path.with_name("part.h5"), lambda file: file.create_dataset("intensity", data=SERIES))
    np.testing.assert_array_equal(virtual(path, "part.h5")["intensity"].array, SERIES)


def test_a_virtual_data_set_without_its_source_is_not_zeros(path: Path) -> None:
    found = reason_at(virtual(path, "part.h5"), "intensity")
    assert found.rule == "virtual-source"
    assert "part.h5 is not there" in found.reason


def test_a_virtual_source_in_another_folder_is_not_read(path: Path) -> None:
    (path.parent / "here").mkdir()
    tree_of(path.with_name("part.h5"), lambda file: file.create_dataset("intensity", data=SERIES))
    assert "outside" in reason_at(virtual(path.parent / "here" / path.name, "../part.h5"), "intensity").reason


def test_a_virtual_source_that_lacks_the_data_set_is_not_read(path: Path) -> None:
    tree_of(path.with_name("part.h5"), lambda file: file.create_dataset("other", data=SERIES))
    assert "part.h5" in reason_at(virtual(path, "part.h5"), "intensity").reason


def test_a_virtual_source_that_keeps_its_values_elsewhere_is_not_read(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file.create_dataset("intensity", (8,), "f4", external=[("/etc/passwd", 0, 32)])

    tree_of(path.with_name("part.h5"), fill)
    assert "elsewhere" in reason_at(virtual(path, "part.h5", (8,)), "intensity").reason


def test_a_virtual_source_behind_an_external_link_is_not_read(path: Path) -> None:
    def fill(file: h5py.File) -> None:
        file["intensity"] = h5py.ExternalLink("/etc/other.h5", "/intensity")

    tree_of(path.with_name("part.h5"), fill)
    assert "link" in reason_at(virtual(path, "part.h5"), "intensity").reason


def test_a_virtual_source_that_goes_away_later_is_not_zeros_either(path: Path) -> None:
    tree_of(path.with_name("part.h5"), lambda file: file.create_dataset("intensity", data=SERIES))
    tree = virtual(path, "part.h5")
    path.with_name("part.h5").unlink()
    with pytest.raises(FileError, match=r"part\.h5 is not there"):
        tree["intensity"].array  # noqa: B018


# -- filters ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [SERIES[0], SERIES], ids=["small", "large"])
def test_values_packed_as_detectors_pack_them_are_read(path: Path, values: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("intensity", data=values, **hdf5plugin.Bitshuffle(cname="lz4"))
    script = (
        "import sys, numpy as np; from nxspectra.hdf5 import read\n"
        "tree = read(sys.argv[1]); print(tree['intensity'].array.sum(dtype=float))"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(values.sum(dtype=float))


def test_filters_are_loaded_only_when_they_are_needed(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("intensity", data=SERIES, compression="gzip")
    script = (
        "import sys; from nxspectra.hdf5 import read\n"
        "read(sys.argv[1])['intensity'].array; print('hdf5plugin' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# -- damaged, locked, and not HDF5 at all ----------------------------------------------------------


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


# -- the source ------------------------------------------------------------------------------------


def test_the_source_tells_path_size_and_digest(path: Path) -> None:
    tree = tree_of(path, lambda file: file.create_group("entry"))
    source = tree.source
    assert source is not None
    content = path.read_bytes()
    assert (source.path, source.size) == (str(path), len(content))
    assert source.digest == sha256(path) == hashlib.sha256(content).hexdigest()


def test_a_tree_read_here_can_be_used_by_another_process(path: Path) -> None:
    tree = pickle.loads(pickle.dumps(tree_of(path, lambda file: file.create_dataset("x", data=SERIES))))
    np.testing.assert_array_equal(tree["x"].array, SERIES)
    assert tree.source.path == str(path)


# -- real files ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "where", "said"),
    [
        ("lambda_p02.2_m1_part00000.nxs", "entry/instrument/detector/collection/shutter_time", 100.0),
        ("538039.nxs", "entry1/before_scan/mono/en", 5.223),
        ("lrcs3701.nx5", "Histogram1/title", None),
        ("AgBehenate_228.hdf5", "entry/title", None),
        ("Therm_6_2.nxs", "entry/definition", "NXmx"),
    ],
)
def test_a_real_file_is_read(real_files: Path, name: str, where: str, said: object) -> None:
    tree = read(real_files / name)
    unreadable = [path for path, node in tree.walk() if isinstance(node, Unreadable)]
    # That file was published without the data files that its virtual data set is made of.
    assert unreadable == (["/entry/data/data"] if name == "Therm_6_2.nxs" else [])
    field = tree[where]
    if isinstance(said, float):
        assert field.number == pytest.approx(said, rel=1e-3)
    elif said is not None:
        assert field.text == said
