"""Large arrays, deep trees and wide groups; only what is asked for is read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from h5py import h5s, h5t
from hdf5_files import SERIES, reason_at, tree_of

from nxspectra.errors import FileChanged
from nxspectra.hdf5 import read
from nxspectra.hdf5 import reading as reading_room
from nxspectra.tree import Group, Unreadable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "raw_0042.nxs"


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
