"""Any tree that is written is read as it was."""

from __future__ import annotations

import pickle
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nxspectra.errors import FileError, Refused
from nxspectra.hdf5 import read, sha256, write
from nxspectra.tree import Addition, Field, Group, Link, Null, Unreadable

TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=6)
NAMES = st.text(
    st.characters(exclude_characters="\x00/@", exclude_categories=["Cs"]), min_size=1, max_size=4
).filter(lambda name: name not in {".", ".."})
NUMBERS = st.sampled_from(["i1", "u8", ">i4", "f2", "f4", ">f8", "bool", "c16"]).map(np.dtype)
ARRAYS = NUMBERS.flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0)))
TEXT_ARRAYS = st.lists(TEXTS, max_size=3).map(lambda texts: np.array(texts, dtype=np.str_))
RECORDS = st.lists(st.tuples(st.integers(-9, 9), st.floats(), TEXTS), min_size=1, max_size=2).map(
    lambda rows: np.array(rows, dtype=[("frame", "i4"), ("pressure", "f8"), ("label", "U6")])
)
LISTS = st.lists(st.lists(st.integers(-9, 9), max_size=3), min_size=1, max_size=2)


def list_array(lists: list[list[int]]) -> np.ndarray:
    out = np.empty(len(lists), dtype=object)
    for index, item in enumerate(lists):
        out[index] = np.array(item, dtype="i4")
    return out


PLAIN = st.one_of(TEXTS, st.integers(-(2**60), 2**60), st.floats(), st.booleans(), ARRAYS, TEXT_ARRAYS)
ATTRIBUTES = st.dictionaries(NAMES, st.one_of(PLAIN, st.none(), RECORDS), max_size=3)
FIELDS = st.builds(
    Field,
    st.one_of(PLAIN, RECORDS, LISTS.map(list_array), st.just(b"\x00\xff").map(np.void), NUMBERS.map(Null)),
    ATTRIBUTES,
)
LINKS = st.one_of(
    st.builds(Link, NAMES.map(lambda name: f"/entry/{name}")),
    st.builds(Link, st.just("/entry"), NAMES, st.just("external")),
)
GROUPS = st.recursive(
    st.builds(Group, st.none(), st.dictionaries(NAMES, FIELDS | LINKS, max_size=3), ATTRIBUTES),
    lambda inner: st.builds(
        Group,
        st.sampled_from(["NXentry", "NXdata"]),
        st.dictionaries(NAMES, inner | FIELDS, max_size=3),
        ATTRIBUTES,
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trees")


@given(GROUPS)
@settings(max_examples=100)
def test_a_tree_that_was_written_is_read_as_it_was(folder: Path, tree: Group) -> None:
    assert read(write(tree, folder / "tree.nxs", overwrite=True)) == tree


@given(GROUPS, GROUPS)
@settings(max_examples=50)
def test_additions_that_were_written_are_read_as_they_were(folder: Path, tree: Group, new: Group) -> None:
    raw = read(
        write(tree.without("new") if "new" in tree.children else tree, folder / "raw.nxs", overwrite=True)
    )
    items: list[Any] = [Addition("/new", new), Addition("/new/in/here", Field(1.0, units="s"))]
    if "in" in new.children:
        items.pop()
    run = raw.add(items)
    assert read(write(run, folder / "run.nxs", overwrite=True)) == run


@given(GROUPS)
@settings(max_examples=25)
def test_the_same_tree_gives_the_same_bytes(folder: Path, tree: Group) -> None:
    first = sha256(write(tree, folder / "tree.nxs", overwrite=True))
    assert sha256(write(tree, folder / "tree.nxs", overwrite=True)) == first


def test_a_file_does_not_tell_when_it_was_written(tmp_path: Path) -> None:
    tree = Group(None, {"a": Group(None, {"b": Field(1.0)})})
    first = write(tree, tmp_path / "first.nxs")
    time.sleep(1.1)
    assert sha256(write(tree, tmp_path / "second.nxs")) == sha256(first)


def test_children_are_read_in_the_order_in_which_they_were_given(tmp_path: Path) -> None:
    tree = Group(None, {"z": Group(None, {"y": Field(1.0), "x": Field(2.0)}), "a": Field(3.0)})
    again = read(write(tree, tmp_path / "tree.nxs"))
    assert list(again) == ["z", "a"]
    assert list(again["z"]) == ["y", "x"]


def test_hard_links_are_second_names_again(tmp_path: Path) -> None:
    tree = Group(
        None,
        {
            "entry": Group("NXentry", {"energy": Field(25.6), "itself": Link("/entry", kind="hard")}),
            "same": Link("/entry/energy", kind="hard"),
        },
    )
    assert read(write(tree, tmp_path / "tree.nxs")) == tree


def test_a_hard_link_to_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="/gone"):
        write(Group(None, {"a": Link("/gone", kind="hard")}), tmp_path / "tree.nxs")
    assert list(tmp_path.iterdir()) == []


def test_groups_deeper_than_python_can_nest_are_written(tmp_path: Path) -> None:
    tree = Group(None, {"value": Field(1.0)})
    for _ in range(1_500):
        tree = Group(None, {"g": tree})
    assert read(write(tree, tmp_path / "deep.nxs")) == tree


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (Group(None, {"a": Field("cut\x00off")}), "/a: the text"),
        (Group(None, {"a": Field("\udc80")}), "UTF-8"),
        (Group(None, {"a": Field(np.array(["2024-11-23"], "M8[D]"))}), "/a: values of type datetime64"),
        (Group(None, {"a": Field(np.array([{}, 1], dtype=object))}), "Python objects"),
        (Group(None, {"a/b": Field(1.0)}), "not a possible name"),
        (Group(None, {"a": Group(None, {".": Field(1.0)})}), "not a possible name"),
        (Group(None, {"a": Unreadable("torn")}), "torn"),
        (Group(None, {"a": Field(1.0, units=Unreadable("torn"))}), "/a@units"),
    ],
)
def test_what_hdf5_cannot_hold_is_refused_with_its_place(tmp_path: Path, tree: Group, said: str) -> None:
    with pytest.raises(Refused, match=said):
        write(tree, tmp_path / "tree.nxs")
    assert list(tmp_path.iterdir()) == []


def test_what_was_read_once_needs_its_file_no_more(tmp_path: Path) -> None:
    series, frames = np.arange(3000.0), np.arange(6000.0)
    tree = Group(None, {"x": Field(series, units="GPa"), "frames": Field(frames), "none": Field(Null("f4"))})
    path = write(Group("NXroot", {"entry": tree, "again": Link("/entry/x")}), tmp_path / "run.nxs")
    once = read(path).read_once()
    assert once == read(path)
    np.testing.assert_array_equal(once["again"].array, series)
    elsewhere = pickle.loads(pickle.dumps(read(path).read_once()))
    np.testing.assert_array_equal(elsewhere["entry/frames"].data[2:4], [2.0, 3.0])
    elsewhere["entry/x"].array.sum()
    sent = pickle.loads(pickle.dumps(elsewhere))
    path.unlink()
    np.testing.assert_array_equal(sent["entry/x"].array, series)
    assert (sent["entry/x"].units, sent["entry/none"].shape) == ("GPa", None)
    assert sent.source.path == str(path)
    with pytest.raises(FileError):
        _ = sent["entry/frames"].array
