"""Laws of validation for any tree, and files as they are read."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from broken import (
    COUNT_TIME,
    FULL,
)
from hypothesis import given
from hypothesis import strategies as st

from nxspectra import hdf5
from nxspectra.errors import FileChanged
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group, Link, Unreadable
from nxspectra.validation import RULES, needed, validate

# -- laws --------------------------------------------------------------------------------------

PATHS = sorted(path for path, _ in FULL.walk())
NODES = st.sampled_from(
    [
        Field(np.zeros((2, 0))),
        Field("text", units="text"),
        Field([[True]]),
        Field(np.array([b"a"], dtype="V1")),
        Field(1 + 2j, units="%"),
        Group(None),
        Group("NXdata", signal=3, axes=4.5),
        Group("NXentry", FULL["entry"].children),
        Group("", {"": Field(1), ".": Field(2)}),
        Link("/entry"),
        Link("."),
        Link("x", "y", "external"),
        Unreadable("so"),
    ]
)


@given(st.lists(st.tuples(st.sampled_from(PATHS), NODES | st.none()), min_size=1, max_size=6))
def test_any_broken_tree_is_reported_and_left_as_it_is(changes: list[tuple[str, object]]) -> None:
    tree = FULL
    for path, node in changes:
        if _really(tree, path):
            tree = tree.without(path) if node is None else tree.put(path, node)  # type: ignore[arg-type]
    before = tree.put("x", Group()).without("x")
    report = validate(tree)
    assert tree == before
    assert validate(tree) == report
    assert all(finding.rule in RULES for finding in report.findings)


def _really(tree: Group, path: str) -> bool:
    """Does something stand there, without a link on the way?"""
    here: object = tree
    for step in path.strip("/").split("/"):
        if not isinstance(here, Group) or step not in here.children:
            return False
        here = here.children[step]
    return True


@given(st.sampled_from([path for path, node in FULL.walk() if isinstance(node, Group)]), NODES)
def test_a_collection_more_changes_no_finding(path: str, node: object) -> None:
    collection = Group("NXcollection", {"anything": node})  # type: ignore[dict-item]
    broken = FULL.without("entry/sample/name")
    assert validate(broken.put(f"{path}/zz_keys", collection)) == validate(broken)


# -- files -------------------------------------------------------------------------------------


def test_a_file_read_without_its_collections_is_validated_the_same(tmp_path: Path) -> None:
    keys = Group("NXcollection", {f"key_{number}": Field(float(number)) for number in range(20)})
    tree = FULL.put("entry/instrument/detector/collection", keys).without("entry/sample/name")
    file = hdf5.write(tree, tmp_path / "run.nxs")
    assert validate(hdf5.read(file, keep=needed)) == validate(hdf5.read(file))
    assert validate(hdf5.read(file)).rules == {"missing-field"}


def test_spectra_that_cannot_be_read_are_a_violation(tmp_path: Path) -> None:
    file = hdf5.write(conforming(64, 200).without("entry/data/intensity"), tmp_path / "run.nxs")
    with h5py.File(file, "r+") as opened:
        values = np.random.default_rng(0).random((64, 200))
        data = opened["entry/data"].create_dataset("intensity", data=values, compression="gzip")
        data.attrs["units"] = "counts"
        place = data.id.get_chunk_info(0).byte_offset
    with file.open("r+b") as raw:
        raw.seek(place)
        raw.write(b"\xff" * 64)
    report = validate(hdf5.read(file))
    assert {(each.path, each.rule) for each in report.findings} == {("/entry/data/intensity", "unreadable")}
    assert not report.conforms


def test_a_file_that_changes_while_it_is_validated_is_for_the_caller(tmp_path: Path) -> None:
    file = hdf5.write(conforming(64, 200), tmp_path / "run.nxs")
    tree = hdf5.read(file)
    hdf5.write(conforming(32, 200), file, overwrite=True)
    with pytest.raises(FileChanged):
        validate(tree)


def test_links_in_a_circle_are_walked_once() -> None:
    tree = FULL.put("entry/sample/again", Link("/entry")).put(
        "entry/instrument/more", Link("/entry/instrument")
    )
    tree = tree.put("entry/instrument/second_beam", Link("/entry/instrument/beam"))
    report = validate(tree)
    assert report.conforms
    assert len(report.findings) < 5


def test_groups_nested_deeper_than_python_recurses_are_walked() -> None:
    deep = Group("NXcomponent")
    for _ in range(3000):
        deep = Group("NXcomponent", {"inside": deep})
    assert validate(FULL.put("entry/instrument/deep", deep)).conforms


def test_a_report_names_its_file(tmp_path: Path) -> None:
    file = hdf5.write(FULL, tmp_path / "run.nxs")
    assert validate(hdf5.read(file)).file == str(file)


def test_the_lambda_file_misses_pressure_energy_and_spectra_and_has_its_exposure(real_files: Path) -> None:
    report = validate(hdf5.read(real_files / "lambda_p02.2_m1_part00000.nxs", keep=needed))
    missing = {
        finding.path: finding.message for finding in report.findings if finding.rule == "missing-field"
    }
    for path, word in (
        ("/entry/(NXsample)/pressure", "pressure"),
        ("/entry/instrument/(NXbeam)/incident_energy", "beam_energy"),
        ("/entry/data/intensity", "intensity"),
        ("/entry/data/two_theta", "two_theta"),
    ):
        assert f"--set {word}=" in missing[path]
    spelling = [finding for finding in report.findings if finding.path == f"{COUNT_TIME}@units"]
    assert [finding.rule for finding in spelling] == ["units-spelling"]
    assert not any("count_time" in path for path in missing)
    assert "definition-missing" in report.rules


def test_every_real_file_is_validated_to_the_end(real_files: Path) -> None:
    names = {path.name for path in real_files.iterdir() if path.suffix != ".poni"}
    assert names
    for name in names:
        report = validate(hdf5.read(real_files / name, keep=needed))
        assert report.entries
        assert all(finding.rule in RULES for finding in report.findings)
