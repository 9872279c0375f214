"""Undo: what was added is taken away, exactly that, and the rest is what it was."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nxspectra import annotate, migrate, simulate
from nxspectra.errors import FileChanged, FileError, Refused
from nxspectra.hdf5 import added_paths, differences, read, sha256, strip, stripping, write
from nxspectra.spectra import Classification
from nxspectra.tree import Addition, Field, Group, Link

FRAMES = 12


def labels(low: int, by: str = "expert") -> Classification:
    index = np.array([0] * low + [1] * (FRAMES - low))
    return Classification(("low", "high"), index, "expert", "nxspectra", "1", "2026-11-23", by=by)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("strip")
    write(simulate(seed=3, frames=FRAMES).tree(), folder / "raw.nxs")
    write(migrate(read(folder / "raw.nxs")), folder / "run.nxs")
    return folder


@pytest.fixture
def raw(folder: Path) -> Path:
    return folder / "raw.nxs"


@pytest.fixture
def run(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(folder / "run.nxs", tmp_path / "run.nxs"))


def test_a_migrated_file_becomes_what_it_was(raw: Path, run: Path, tmp_path: Path) -> None:
    removed = strip(read(run), tmp_path / "undone.nxs")
    assert "/entry/migration" in removed
    assert differences(raw, tmp_path / "undone.nxs") == ()
    assert read(tmp_path / "undone.nxs") == read(raw)


@given(st.lists(st.tuples(st.integers(1, FRAMES - 1), st.sampled_from(["one", "two"])), max_size=2))
@settings(max_examples=5)
def test_stripping_undoes_any_number_of_classifications(folder: Path, given_labels: list[Any]) -> None:
    work = Path(shutil.copy(folder / "run.nxs", folder / "work.nxs"))
    for low, by in given_labels:
        write(annotate(read(work), labels(low, by)), work, in_place=True)
    strip(read(work), work, in_place=True)
    assert differences(folder / "raw.nxs", work) == ()


def test_what_was_stripped_can_be_migrated_again_to_the_same(run: Path) -> None:
    before = read(run)
    strip(before, run, in_place=True)
    write(migrate(read(run), "p02.2"), run, in_place=True)
    again = read(run)
    assert set(added_paths(again)) == set(added_paths(before))
    # Only the digest of the source and the time of the migration are others.
    for tree in ("sample", "data", "instrument"):
        assert again[f"entry/{tree}"] == before[f"entry/{tree}"]


def test_stripping_twice_is_stripping_once(raw: Path, run: Path) -> None:
    strip(read(run), run, in_place=True)
    once = sha256(run)
    assert strip(read(run), run, in_place=True) == ()
    assert sha256(run) == once


def test_a_file_without_additions_is_only_copied(raw: Path, tmp_path: Path) -> None:
    assert strip(read(raw), tmp_path / "copy.nxs") == ()
    assert sha256(tmp_path / "copy.nxs") == sha256(raw)


def test_what_somebody_else_added_meanwhile_stays(raw: Path, run: Path) -> None:
    with h5py.File(run, "r+") as file:
        file["entry/remark"] = "beam lost at frame 7"
        file["entry/sample"].attrs["remark"] = "gasket broke"
    strip(read(run), run, in_place=True)
    assert {(found.path, found.rule) for found in differences(raw, run)} == {
        ("/entry/remark", "new"),
        ("/entry/sample@remark", "new"),
    }


def test_what_somebody_else_put_into_a_group_of_ours_is_not_thrown_away(run: Path) -> None:
    with h5py.File(run, "r+") as file:
        file["entry/data/intensity_corrected"] = np.zeros(FRAMES)
    before = sha256(run)
    with pytest.raises(Refused, match=r"/entry/data: was added, but intensity_corrected"):
        strip(read(run), run, in_place=True)
    assert sha256(run) == before


@pytest.mark.parametrize("group", ["data", "migration/mapping", "migration/crosswalk"])
def test_wherever_in_ours_somebody_else_puts_something_it_is_seen(run: Path, group: str) -> None:
    """Also where nothing says which came first: the order of creation is not kept by every program."""
    with h5py.File(run, "r+") as file:
        ours, name = file["entry"][group], f"{group}_2"
        whole = file["entry"].create_group(name)
        for attribute, value in ours.attrs.items():
            whole.attrs[attribute] = value
        whole["a_stranger"] = 1.0
        for child in ours:
            ours.move(child, f"/entry/{name}/{child}")
        del file["entry"][group]
        file["entry"].move(name, group)
    with pytest.raises(Refused, match="a_stranger in it was not"):
        strip(read(run), run, in_place=True)


def test_a_list_of_an_earlier_version_is_understood(raw: Path, run: Path) -> None:
    """It named groups, and not what was added in them."""
    planned = migrate(read(raw)).additions.paths
    with h5py.File(run, "r+") as file:
        del file["entry/migration/added_paths"]
        file["entry/migration/added_paths"] = list(planned)
    strip(read(run), run, in_place=True)
    assert differences(raw, run) == ()


def rewritten(file: h5py.File, change: Any) -> None:
    paths = [path.decode() for path in file["entry/migration/added_paths"][()]]
    change(paths)
    del file["entry/migration/added_paths"]
    file["entry/migration/added_paths"] = paths


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda file: file.__delitem__("entry/migration/added_paths"), "is missing"),
        (lambda file: file["entry"].move("sample/pressure", "sample/p"), "names /entry/sample/pressure"),
        (lambda file: file["entry/data"].attrs.__delitem__("signal"), "names /entry/data@signal"),
        (
            lambda file: rewritten(file, lambda paths: paths.remove("/entry/migration")),
            "does not name /entry/migration itself",
        ),
        (lambda file: rewritten(file, lambda paths: paths.pop()), "added_paths in it was not"),
        (lambda file: rewritten(file, lambda paths: paths.append("/")), "'/' is not the path"),
        (lambda file: rewritten(file, lambda paths: paths.append("entry/title")), "'entry/title' is not"),
        (lambda file: rewritten(file, lambda paths: paths.append("/entry/../x")), "is not the path"),
        (lambda file: rewritten(file, lambda paths: paths.append("/entry/gone")), "names /entry/gone"),
        (lambda file: rewritten(file, lambda paths: paths.clear()), "is not a list of paths"),
    ],
    ids=[
        "no list",
        "moved",
        "no attribute",
        "not itself",
        "cut off",
        "root",
        "relative",
        "up",
        "too much",
        "empty",
    ],
)
def test_a_damaged_list_is_refused_and_nothing_is_removed(run: Path, damage: Any, said: str) -> None:
    with h5py.File(run, "r+") as file:
        damage(file)
    before = sha256(run)
    with pytest.raises(Refused, match=said):
        strip(read(run), run, in_place=True)
    assert sha256(run) == before
    assert [item.name for item in run.parent.iterdir()] == [run.name]


def test_a_list_of_numbers_is_refused(run: Path) -> None:
    with h5py.File(run, "r+") as file:
        del file["entry/migration/added_paths"]
        file["entry/migration/added_paths"] = [1, 2]
    with pytest.raises(Refused, match="is not a list of paths"):
        added_paths(read(run))


def test_raw_data_that_a_list_names_are_not_removed(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list with one path too many, that happens to be in the file, is believed; one too few is found."""
    paths = added_paths(read(run))
    monkeypatch.setattr(stripping, "remove", lambda name, removed: _remove(name, [*removed, "/entry/title"]))
    before = sha256(run)
    with pytest.raises(FileError, match=r"something else would be lost .*/entry/title"):
        strip(read(run), run, in_place=True)
    assert sha256(run) == before
    assert "/entry/title" not in paths


_remove = stripping.remove


def test_a_process_of_somebody_else_stays(tmp_path: Path) -> None:
    reduction = Group("NXprocess", {"program": Field("pyFAI"), "version": Field("2025.1")})
    raw = write(Group("NXroot", {"entry": Group("NXentry", {"reduction": reduction})}), tmp_path / "raw.nxs")
    assert strip(read(raw), tmp_path / "same.nxs") == ()


def test_a_link_that_was_added_goes_and_what_it_led_to_stays(tmp_path: Path) -> None:
    raw = write(Group("NXroot", {"entry": Group("NXentry", {"I": Field([1.0, 2.0])})}), tmp_path / "raw.nxs")
    account = Group(
        "NXprocess",
        {
            "program": Field("nxspectra"),
            "added_paths": Field(["/entry/again", "/entry/soft", "/entry/I@target", "/entry/migration"]),
        },
    )
    added = [
        Addition("/entry/again", Link("/entry/I", kind="hard")),
        Addition("/entry/soft", Link("/entry/I")),
        Addition("/entry/I@target", "/entry/I"),
        Addition("/entry/migration", account),
    ]
    run = write(read(raw).add(added), tmp_path / "run.nxs")
    strip(read(run), run, in_place=True)
    assert differences(raw, run) == ()


def test_only_what_is_in_a_file_is_stripped(run: Path, tmp_path: Path) -> None:
    for tree in (Group(), read(run).put("entry/x", Field(1.0)), read(run).add([Addition("/x", Field(1.0))])):
        with pytest.raises(Refused, match="only a tree that was read"):
            strip(tree, tmp_path / "out.nxs")


def test_a_file_that_changed_since_is_not_stripped(run: Path) -> None:
    tree = read(run)
    with h5py.File(run, "r+") as file:
        file["entry/remark"] = "later"
    with pytest.raises(FileChanged):
        strip(tree, run, in_place=True)


def test_the_file_that_was_read_is_only_replaced_when_asked(run: Path) -> None:
    with pytest.raises(Refused, match="in_place"):
        strip(read(run), run)


# -- laws ------------------------------------------------------------------------------------------

NAMES = st.text("abcµ _", min_size=1, max_size=3).filter(lambda name: name.strip())
VALUES = st.one_of(
    st.floats(),
    st.integers(-9, 9),
    st.text("aµ ", max_size=3),
    st.lists(st.floats(), max_size=3).map(np.array),
)
NODES = st.one_of(
    st.builds(Field, VALUES, st.dictionaries(NAMES, VALUES, max_size=2)),
    st.builds(Link, NAMES.map(lambda name: f"/raw/{name}")),
)
TREES = st.recursive(
    st.dictionaries(NAMES, NODES, max_size=3).map(lambda children: Group("NXcollection", children)),
    lambda inner: st.dictionaries(NAMES, inner | NODES, max_size=3).map(
        lambda children: Group("NXentry", children)
    ),
    max_leaves=5,
)


@given(
    TREES,
    st.lists(st.tuples(st.sampled_from("pqr"), NODES | TREES), max_size=3, unique_by=lambda new: new[0]),
)
@settings(max_examples=30)
def test_whatever_is_added_nothing_raw_is_lost_and_stripping_undoes_it(
    folder: Path, tree: Group, new: list[tuple[str, Any]]
) -> None:
    raw = write(Group("NXroot", {"raw": tree}), folder / "law_raw.nxs", overwrite=True)
    places = ["/raw/", "/raw/new_", "/"]
    paths = [f"{place}{name}" for place, (name, _) in zip(places, new, strict=False)]
    added = [Addition(path, item) for path, (_, item) in zip(paths, new, strict=True)]
    paths += ["/raw@added", "/migration"]
    account = Group("NXprocess", {"program": Field("nxspectra"), "added_paths": Field(paths)})
    added += [Addition("/raw@added", 1), Addition("/migration", account)]
    run = write(read(raw).add(added), folder / "law_run.nxs", overwrite=True)
    assert differences(raw, run, paths) == ()
    assert set(strip(read(run), folder / "law_undone.nxs", overwrite=True)) == set(paths)
    assert differences(raw, folder / "law_undone.nxs") == ()


def test_migrating_twice_is_migrating_once(run: Path) -> None:
    once = sha256(run)
    write(migrate(read(run)), run, in_place=True)
    assert sha256(run) == once
