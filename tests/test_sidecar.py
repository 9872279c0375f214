"""Files of links: small, moved together with their raw file, and never zeros where that is missing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from nxspectra import annotate, describe, migrate, simulate, validate
from nxspectra.cli import program
from nxspectra.errors import FileError, Refused
from nxspectra.hdf5 import broken_links, differences, guard, linking, read, sha256, sidecar, strip, write
from nxspectra.spectra import Classification, Spectra, classifications
from nxspectra.tree import Addition, Additions, Field, Group, Link

FRAMES = 12
LABELS = Classification(
    ("low", "high"), np.array([0] * 5 + [1] * (FRAMES - 5)), "expert", "nxspectra", "1", "2026-11-23"
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = write(simulate(seed=3, frames=FRAMES).tree(), tmp_path_factory.mktemp("raw") / "raw.nxs")
    return path.read_bytes()


@pytest.fixture
def raw(tmp_path: Path, original: bytes) -> Path:
    path = tmp_path / "beamtime" / "raw" / "raw_0042.nxs"
    path.parent.mkdir(parents=True)
    path.write_bytes(original)
    return path


@pytest.fixture
def side(raw: Path) -> Path:
    out = raw.parent.parent / "run_0042.nxs"
    return write(sidecar(migrate(read(raw)), out), out)


def test_a_file_of_links_says_what_a_copy_says(raw: Path, side: Path) -> None:
    copy = read(write(migrate(read(raw)), raw.with_name("copy.nxs")))
    back = read(side)
    assert validate(back).conforms
    assert validate(back).rules == validate(copy).rules
    assert describe(back).pid == describe(copy).pid
    ours, theirs = Spectra.of(back), Spectra.of(copy)
    np.testing.assert_array_equal(ours.intensity, theirs.intensity)
    np.testing.assert_array_equal(ours.two_theta, theirs.two_theta)
    assert ours.pressure is not None
    np.testing.assert_array_equal(ours.pressure, theirs.pressure)


def test_a_file_of_links_is_small(raw: Path, side: Path) -> None:
    assert side.stat().st_size < raw.stat().st_size / 5


def test_the_raw_file_stays_as_it_is(raw: Path, original: bytes, side: Path) -> None:
    assert raw.read_bytes() == original


def test_hdf5_itself_finds_the_spectra_through_the_links(raw: Path, side: Path) -> None:
    with h5py.File(side) as file, h5py.File(raw) as there:
        np.testing.assert_array_equal(file["entry/data/intensity"][()], there["entry/integrated/I"][()])


def test_nothing_in_a_file_of_links_is_virtual(side: Path) -> None:
    virtual = []

    def look(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.is_virtual:
            virtual.append(name)

    with h5py.File(side) as file:
        file.visititems(look)
    assert virtual == []


def test_links_are_right_when_both_files_are_moved(side: Path, tmp_path: Path) -> None:
    moved = side.parent.rename(tmp_path / "archive")
    back = read(moved / side.name)
    assert Spectra.of(back).intensity.shape == (FRAMES, 4023)
    assert broken_links(moved / side.name) == ()


def test_a_missing_raw_file_is_an_error_and_never_zeros(raw: Path, side: Path) -> None:
    raw.rename(raw.with_name("renamed.nxs"))
    with pytest.raises(FileError, match=r"its spectra are in raw/raw_0042.nxs, which is not there"):
        read(side)
    found = broken_links(side)
    assert {finding.rule for finding in found} == {"broken-link"}
    assert "/entry/integrated/I" in {finding.path for finding in found}


def test_a_raw_file_that_became_another_is_told_link_by_link(raw: Path, side: Path) -> None:
    with h5py.File(raw, "r+") as file:
        del file["entry/integrated/I"]
    found = {finding.path: finding for finding in broken_links(side)}
    assert set(found) == {"/entry/integrated/I"}
    assert (
        "leads to /entry/integrated/I in raw/raw_0042.nxs, where it is not"
        in found["/entry/integrated/I"].message
    )


def test_a_missing_piece_of_a_virtual_data_set_is_a_broken_source(tmp_path: Path) -> None:
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource("gone.h5", "/data", (3,))
    with h5py.File(tmp_path / "virtual.nxs", "w") as file:
        file.create_virtual_dataset("spectra", layout)
    assert [(found.path, found.rule) for found in broken_links(tmp_path / "virtual.nxs")] == [
        ("/spectra", "broken-source")
    ]


def test_labels_are_written_into_a_file_of_links(side: Path, original: bytes, raw: Path) -> None:
    write(annotate(read(side), LABELS), side, in_place=True)
    assert [found.labels for found in classifications(read(side)).values()] == [LABELS.labels]
    assert raw.read_bytes() == original


def test_labels_go_into_a_file_of_links_to_a_file_that_conforms_already(raw: Path) -> None:
    run = write(migrate(read(raw)), raw.with_name("run.nxs"))
    out = raw.with_name("labelled.nxs")
    write(sidecar(annotate(read(run), LABELS), out), out)
    assert [found.labels for found in classifications(read(out)).values()] == [LABELS.labels]
    assert validate(read(out)).conforms


def test_writing_links_twice_gives_the_same(raw: Path) -> None:
    run, out = migrate(read(raw)), raw.with_name("out.nxs")
    first = sha256(write(sidecar(run, out), out))
    assert sha256(write(sidecar(run, out), out, overwrite=True)) == first


def test_what_a_file_of_links_adds_is_all_in_it(side: Path) -> None:
    back = read(side)
    listed = [str(path) for path in back["entry/migration/added_paths"].array]
    assert listed
    assert [path for path in listed if path not in back] == []


# -- where a file of links cannot be -----------------------------------------------------------------


def test_a_file_of_links_belongs_beside_its_raw_file_or_above(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="belongs in the folder of its raw file"):
        sidecar(migrate(read(raw)), tmp_path / "elsewhere" / "run.nxs")


def test_there_are_no_links_to_links(side: Path) -> None:
    out = side.with_name("again.nxs")
    with pytest.raises(Refused, match="is a file of links itself"):
        sidecar(annotate(read(side), LABELS), out)


def test_only_a_file_can_be_linked_to(raw: Path) -> None:
    for tree in (Group(), read(raw).put("entry/x", Field(1.0))):
        with pytest.raises(Refused, match="only what was read from a file"):
            sidecar(tree, raw.with_name("out.nxs"))


def test_a_file_of_links_is_not_stripped(side: Path) -> None:
    with pytest.raises(Refused, match="delete the file of links"):
        strip(read(side), side.with_name("undone.nxs"))


@pytest.mark.parametrize(("size", "small"), [(4, True), (4_000_000, False)])
def test_a_unit_is_given_to_a_copy_of_a_small_field_only(tmp_path: Path, size: int, small: bool) -> None:
    tree = Group("NXroot", {"entry": Group("NXentry", {"p": Field(np.zeros(size, "f4"))})})
    raw = write(tree, tmp_path / "raw.nxs")
    run = read(raw).add([Addition("/entry/p@units", "GPa")])
    out = tmp_path / "out.nxs"
    if small:
        assert read(write(sidecar(run, out), out))["entry/p"] == run["entry/p"]
    else:
        with pytest.raises(Refused, match=r"/entry/p@units: cannot be said of a field of another file"):
            sidecar(run, out)


def test_a_second_name_of_something_raw_becomes_a_link_to_it(tmp_path: Path) -> None:
    raw = write(Group("NXroot", {"entry": Group("NXentry", {"I": Field([1.0, 2.0])})}), tmp_path / "raw.nxs")
    run = read(raw).add([Addition("/entry/again", Link("/entry/I", kind="hard"))])
    out = tmp_path / "out.nxs"
    back = read(write(sidecar(run, out), out))
    assert back["entry/again"] == run["entry/I"]


# -- following links -------------------------------------------------------------------------------


def linked(path: Path, file: str, target: str = "/entry") -> Path:
    return write(Group("NXroot", {"entry": Link(target, file, "external")}), path)


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    tree = Group(
        "NXroot", {"entry": Group("NXentry", {"title": Field("Ramp 42"), "I": Field(np.zeros(9000))})}
    )
    return write(tree, tmp_path / "beside.nxs")


def test_a_link_to_a_file_beside_is_followed(beside: Path, tmp_path: Path) -> None:
    master = linked(tmp_path / "master.nxs", beside.name)
    assert read(master)["entry"] == read(beside)["entry"]
    assert isinstance(read(master, follow=False)["entry"], Link)


def test_large_values_behind_a_link_stay_in_their_file(beside: Path, tmp_path: Path) -> None:
    data = read(linked(tmp_path / "master.nxs", beside.name))["entry/I"].data
    assert not isinstance(data, np.ndarray)
    assert data.source.path == str(beside)


def test_what_is_not_wanted_is_not_read_behind_a_link_either(beside: Path, tmp_path: Path) -> None:
    root = read(
        linked(tmp_path / "master.nxs", beside.name), keep=lambda path, nx_class: nx_class != "NXentry"
    )
    assert root["entry"] == Group("NXentry")


def test_a_chain_of_links_is_followed_to_its_end(beside: Path, tmp_path: Path) -> None:
    linked(tmp_path / "second.nxs", beside.name)
    assert read(linked(tmp_path / "first.nxs", "second.nxs"))["entry/title"].text == "Ramp 42"


def test_links_round_in_a_circle_stay_links(tmp_path: Path) -> None:
    linked(tmp_path / "one.nxs", "two.nxs")
    linked(tmp_path / "two.nxs", "one.nxs")
    root = read(tmp_path / "one.nxs")
    assert isinstance(root["entry"], Link)
    assert {found.rule for found in broken_links(tmp_path / "one.nxs")} == {"broken-link"}


def test_a_link_out_of_the_folder_is_not_followed(beside: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    for file in ("../beside.nxs", str(beside)):
        master = write(
            Group("NXroot", {"entry": Link("/entry", file, "external")}), inner / "master.nxs", overwrite=True
        )
        assert read(master)["entry"] == Link("/entry", file, "external")
        assert [found.rule for found in broken_links(master)] == ["link-outside"]


def test_a_name_in_the_folder_that_leads_out_of_it_is_not_followed(beside: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "here.nxs").symlink_to(beside)
    assert isinstance(read(linked(inner / "master.nxs", "here.nxs"))["entry"], Link)


def test_an_unsafe_file_is_not_followed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "unsafe.nxs", "w") as file:
        file.create_dataset("entry/secret", (4,), "i1", external=[("/etc/hostname", 0, 4)])
    assert guard(tmp_path / "unsafe.nxs")
    assert isinstance(read(linked(tmp_path / "master.nxs", "unsafe.nxs"))["entry"], Link)


def test_a_link_to_something_that_is_no_hdf5_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("gasket broke")
    os.mkfifo(tmp_path / "pipe")
    for file in ("notes.txt", "pipe", "", ".", "x\ny"):
        master = linked(tmp_path / f"{len(file)}.nxs", file)
        assert isinstance(read(master)["entry"], Link)


def test_a_link_that_stays_is_told_from_the_folder_of_the_file_that_is_read(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    inner = write(
        Group("NXroot", {"entry": Group("NXentry", {"data": Link("/d", "gone.h5", "external")})}),
        tmp_path / "raw" / "inner.nxs",
    )
    root = read(linked(tmp_path / "master.nxs", "raw/inner.nxs"))
    assert inner.exists()
    assert root["entry/data"] == Link("/d", "raw/gone.h5", "external")


def test_no_more_files_are_opened_than_anyone_needs(
    tmp_path: Path, beside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "FILES", 1)
    assert isinstance(read(linked(tmp_path / "master.nxs", beside.name))["entry"], Link)


def test_what_is_read_through_links_has_nothing_added(side: Path) -> None:
    back = read(side)
    assert back.additions == Additions()
    assert not back.edited


# -- on the shell ----------------------------------------------------------------------------------


def shell(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        program([str(word) for word in words])
    said = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, said.out, said.err


def test_the_way_of_a_file_of_links_on_the_shell(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    side = raw.with_name("run.nxs")
    assert shell(capsys, "migrate", raw, "--as-link", side)[0] == 0
    labels = ("--label", "low=0-4", "--label", "high=5-11", "--by", "0000-0002-1825-0097")
    assert shell(capsys, "annotate", side, *labels, "--in-place")[0] == 0
    assert shell(capsys, "validate", side)[0] == 0
    code, out, _ = shell(capsys, "check-links", side)
    assert (code, out) == (0, f"{side}: every link leads somewhere\n")
    raw.rename(raw.with_name("renamed.nxs"))
    code, out, _ = shell(capsys, "check-links", side, "--format", "json")
    assert code == 1
    assert {finding["rule"] for finding in json.loads(out)["findings"]} == {"broken-link"}
    code, _, err = shell(capsys, "validate", side)
    assert code == 3
    assert "raw_0042.nxs, which is not there" in err


def test_labels_are_linked_on_the_shell(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write(migrate(read(raw)), raw.with_name("run.nxs"))
    labels = ("--label", "low=0-4", "--label", "high=5-11", "--by", "0000-0002-1825-0097")
    out = raw.with_name("labelled.nxs")
    assert shell(capsys, "annotate", run, *labels, "--as-link", out)[0] == 0
    assert len(classifications(read(out))) == 1


@pytest.mark.parametrize("other", [("-o", "x.nxs"), ("--in-place",)])
def test_one_way_of_writing_at_a_time(
    raw: Path, other: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = shell(capsys, "migrate", raw, "--as-link", raw.with_name("run.nxs"), *other)
    assert code == 2
    assert "only one of them" in err


def test_undo_on_the_shell(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write(migrate(read(raw)), raw.with_name("run.nxs"))
    code, out, _ = shell(capsys, "strip", run, "--in-place", "--format", "json")
    assert code == 0
    assert "/entry/migration" in json.loads(out)["removed"]
    assert differences(raw, run) == ()
    code, out, _ = shell(capsys, "strip", run, "-o", raw.with_name("same.nxs"))
    assert (code, out) == (0, f"{run}: nothing had been added; all the rest is as it was\n")
    assert shell(capsys, "strip", run)[0] == 2


def test_a_damaged_list_is_told_on_the_shell(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write(migrate(read(raw)), raw.with_name("run.nxs"))
    with h5py.File(run, "r+") as file:
        del file["entry/migration/added_paths"]
    code, _, err = shell(capsys, "strip", run, "--in-place")
    assert code == 1
    assert "/entry/migration/added_paths: is missing" in err
