"""Reading any HDF5 file to a tree of values, and saying why when it cannot be read."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest
from h5py import h5d, h5s, h5t
from hdf5_files import SERIES, reason_at, tree_of

from nxspectra.errors import FileError
from nxspectra.hdf5 import read, sha256
from nxspectra.tree import Field, Group, Link, Unreadable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "raw_0042.nxs"


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
