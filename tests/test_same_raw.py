"""The check that all of a file is still there, which the tests of migrate, annotate and strip rely on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nxspectra import annotate, migrate, simulate
from nxspectra.errors import FileError
from nxspectra.findings import Finding
from nxspectra.hdf5 import comparing, differences, read, write
from nxspectra.spectra import Classification
from nxspectra.tree import Addition, Field, Group, Link

SERIES = np.linspace(0, 50, 90 * 40, dtype="float32").reshape(90, 40)


def make_raw(path: Path, libver: Any = "earliest", user_block: int = 0) -> Path:
    """A file that uses what HDF5 has: storages, filters, orders, references, links and kinds of text."""
    with h5py.File(path, "w", libver=libver, userblock_size=user_block) as file:
        entry = file.create_group("entry", track_order=True)
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("data")
        packed = data.create_dataset(
            "packed", data=SERIES, chunks=(16, 40), compression="gzip", shuffle=True, fletcher32=True
        )
        data.create_dataset("growing", (5, 3), "i4", maxshape=(None, 3), fillvalue=7)
        data.create_dataset("sparse", (64, 64), "f8", chunks=(8, 8))[3, 3] = 1.5
        data["plain"] = SERIES
        data.create_dataset("compact", data=[1, 2, 3], dcpl=compact())
        data["rows"] = np.arange(90)
        data["plain"].dims[0].attach_scale(data["rows"])
        data["to"] = packed.ref
        data.create_dataset("part", data=packed.regionref[2:5, :7], dtype=h5py.regionref_dtype)
        data["texts"] = ["a", "µ", ""]
        data["fixed"] = np.array([b"Co K", b"Mo"])
        data["kind"] = np.dtype([("frame", "i4"), ("value", ">f8")])
        data["kind"].attrs["made_by"] = "control"
        data.create_dataset("records", data=np.zeros(3, data["kind"].dtype), dtype=data["kind"])
        lists = data.create_dataset("lists", (2,), h5py.vlen_dtype("i4"))
        lists[0] = [1, 2, 3]
        data.create_dataset("state", data=1, dtype=h5py.enum_dtype({"OPEN": 1, "SHUT": 2}))
        data["none"] = h5py.Empty("f4")
        layout = h5py.VirtualLayout((90, 40), "f4")
        layout[:] = h5py.VirtualSource(".", "/entry/data/plain", (90, 40))
        data.create_virtual_dataset("virtual", layout, fillvalue=-1)
        data.create_dataset("outside", (4,), "i2", external=[(path.with_suffix(".raw").name, 0, 8)])
        keys = entry.create_group("keys")
        for index in range(40):
            keys.attrs[f"key_{index}"] = float(index)
        keys.attrs["refers"] = data["plain"].ref
        keys.attrs["words"] = ["P", "=", "21.3 GPa"]
        keys.attrs["nothing"] = h5py.Empty("f8")
        entry["again"] = data
        entry["soft"] = h5py.SoftLink("/entry/data")
        entry["external"] = h5py.ExternalLink("other.h5", "/entry")
        file["loop"] = entry
    if user_block:
        with path.open("r+b") as plain:
            plain.write(b"who made this")
    return path


def compact() -> h5py.h5p.PropDCID:
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_layout(h5py.h5d.COMPACT)
    return creation


@pytest.fixture(params=["earliest", "latest"])
def raw(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return make_raw(tmp_path / "raw_0042.nxs", request.param)


def said(found: tuple[Finding, ...]) -> set[tuple[str, str]]:
    return {(finding.path, finding.rule) for finding in found}


def test_a_file_does_not_differ_from_itself(raw: Path) -> None:
    assert differences(raw, raw) == ()


def test_a_copy_does_not_differ(raw: Path, tmp_path: Path) -> None:
    assert differences(raw, shutil.copy(raw, tmp_path / "copy.nxs")) == ()


def replaced(group: h5py.Group, name: str, **made: Any) -> None:
    del group[name]
    group.create_dataset(name, **made)


def other_part(file: h5py.File) -> None:
    file["entry/data/part"][()] = file["entry/data/packed"].regionref[2:5, :8]


def other_row(file: h5py.File) -> None:
    # where it lies in a group is told by name where no order is kept
    file["entry/data/lists"][1] = np.array([4], "i4")


def in_another_order(file: h5py.File) -> None:
    entry = file["entry"]
    entry.move("soft", "later")
    entry.move("later", "soft")


def repacked(file: h5py.File) -> None:
    file["entry/data/packed"].id.write_direct_chunk((16, 0), b"not packed as it was", 0)


CHANGES: list[tuple[Callable[[h5py.File], Any], str, str]] = [
    (lambda file: file["entry/data/plain"].write_direct(-SERIES), "/entry/data/plain", "changed-value"),
    (lambda file: file["entry/data/packed"].__setitem__((0, 0), 1), "/entry/data/packed", "changed-value"),
    (repacked, "/entry/data/packed", "changed-value"),
    (lambda file: file["entry/data/sparse"].__setitem__((60, 60), 0), "/entry/data/sparse", "changed-value"),
    (lambda file: file["entry/data/compact"].__setitem__(0, 9), "/entry/data/compact", "changed-value"),
    (lambda file: file["entry/data/texts"].__setitem__(0, "b"), "/entry/data/texts", "changed-value"),
    (lambda file: file["entry/data/fixed"].__setitem__(1, b"Co"), "/entry/data/fixed", "changed-value"),
    (other_row, "/entry/data/lists", "changed-value"),
    (
        lambda file: file["entry/data/to"].__setitem__((), file["entry"].ref),
        "/entry/data/to",
        "changed-value",
    ),
    (other_part, "/entry/data/part", "changed-value"),
    (lambda file: file["entry/data/growing"].resize((6, 3)), "/entry/data/growing", "changed-shape"),
    (
        lambda file: replaced(
            file["entry/data"], "growing", shape=(5, 3), dtype="i4", maxshape=(None, 3), fillvalue=8
        ),
        "/entry/data/growing",
        "changed-properties",
    ),
    (
        lambda file: replaced(file["entry/data"], "compact", data=np.array([1, 2, 3], ">i8")),
        "/entry/data/compact",
        "changed-type",
    ),
    (
        lambda file: replaced(file["entry/data"], "texts", data=["a", "µ", ""], chunks=(3,)),
        "/entry/data/texts",
        "changed-storage",
    ),
    (
        lambda file: replaced(
            file["entry/data"], "sparse", shape=(64, 64), dtype="f8", chunks=(8, 8), shuffle=1
        ),
        "/entry/data/sparse",
        "changed-filter",
    ),
    (lambda file: file["entry/keys"].attrs.modify("key_3", 4.0), "/entry/keys@key_3", "changed-value"),
    (lambda file: file["entry/keys"].attrs.create("key_3", 3), "/entry/keys@key_3", "changed-type"),
    (
        lambda file: file["entry/keys"].attrs.modify("refers", file["entry"].ref),
        "/entry/keys@refers",
        "changed-value",
    ),
    (lambda file: file["entry/keys"].attrs.__delitem__("key_3"), "/entry/keys@key_3", "lost"),
    (lambda file: file["entry/keys"].attrs.__setitem__("more", 1), "/entry/keys@more", "new"),
    (
        lambda file: file["entry/data/kind"].attrs.modify("made_by", "CONTROL"),
        "/entry/data/kind@made_by",
        "changed-value",
    ),
    (lambda file: file.__delitem__("entry/data/none"), "/entry/data/none", "lost"),
    (lambda file: file.__setitem__("entry/data/more", 1.0), "/entry/data/more", "new"),
    (in_another_order, "/entry/soft", "changed-order"),
]


@pytest.mark.parametrize(
    ("change", "path", "rule"), CHANGES, ids=[f"{path} {rule}" for _, path, rule in CHANGES]
)
def test_what_was_changed_is_found_and_nothing_else(
    tmp_path: Path, change: Callable[[h5py.File], Any], path: str, rule: str
) -> None:
    raw = make_raw(tmp_path / "raw.nxs")
    changed = Path(shutil.copy(raw, tmp_path / "changed.nxs"))
    with h5py.File(changed, "r+") as file:
        change(file)
    assert said(differences(raw, changed)) == {(path, rule)}


def links(path: Path, **made: Any) -> Path:
    with h5py.File(path, "w") as file:
        file["a"] = 1.0
        file["b"] = 1.0
        for name, link in made.items():
            file[name] = file[link] if isinstance(link, str) else link
    return path


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (h5py.SoftLink("/a"), h5py.SoftLink("/b")),
        (h5py.ExternalLink("x.h5", "/a"), h5py.ExternalLink("y.h5", "/a")),
        (h5py.SoftLink("/a"), h5py.ExternalLink("x.h5", "/a")),
        ("a", h5py.SoftLink("/a")),
        ("a", "b"),
    ],
    ids=["soft", "external", "kind", "object", "name"],
)
def test_a_link_that_leads_elsewhere_is_found(tmp_path: Path, was: Any, now: Any) -> None:
    before, after = links(tmp_path / "before.h5", c=was), links(tmp_path / "after.h5", c=now)
    assert said(differences(before, after)) == {("/c", "changed-link")}


def test_a_second_name_that_became_a_copy_is_found(tmp_path: Path) -> None:
    before = links(tmp_path / "before.h5", c="a")
    after = links(tmp_path / "after.h5", c=1.0)
    assert said(differences(before, after)) == {("/c", "changed-link")}


def test_a_group_in_the_place_of_a_data_set_is_found(tmp_path: Path) -> None:
    before, after = links(tmp_path / "before.h5"), links(tmp_path / "after.h5")
    with h5py.File(after, "r+") as file:
        del file["b"]
        file.create_group("b")
    assert said(differences(before, after)) == {("/b", "changed-kind")}


def test_a_group_that_forgets_the_order_is_found(tmp_path: Path) -> None:
    for name, tracks in (("before.h5", True), ("after.h5", False)):
        with h5py.File(tmp_path / name, "w") as file:
            file.create_group("entry", track_order=tracks)
    assert said(differences(tmp_path / "before.h5", tmp_path / "after.h5")) == {
        ("/entry", "changed-properties")
    }


def test_a_virtual_data_set_of_another_source_is_found(tmp_path: Path) -> None:
    for name in ("a", "b"):
        layout = h5py.VirtualLayout((3,), "f4")
        layout[:] = h5py.VirtualSource(f"{name}.h5", "/data", (3,))
        with h5py.File(tmp_path / f"{name}.nxs", "w") as file:
            file.create_virtual_dataset("virtual", layout)
    assert said(differences(tmp_path / "a.nxs", tmp_path / "b.nxs")) == {("/virtual", "changed-storage")}


def test_another_user_block_is_found(tmp_path: Path) -> None:
    raw = make_raw(tmp_path / "raw.nxs", user_block=512)
    changed = Path(shutil.copy(raw, tmp_path / "changed.nxs"))
    with changed.open("r+b") as file:
        file.write(b"and who that")
    assert said(differences(raw, changed)) == {("/", "changed-user-block")}
    assert differences(raw, raw) == ()


def test_blocks_of_a_long_array_are_all_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "BLOCK", 1000)
    raw = make_raw(tmp_path / "raw.nxs", user_block=512)
    changed = Path(shutil.copy(raw, tmp_path / "changed.nxs"))
    with h5py.File(changed, "r+") as file:
        file["entry/data/plain"][-1, -1] = 0
        file["entry/data/rows"][50] = 0
    found = said(differences(raw, changed))
    assert found == {("/entry/data/plain", "changed-value"), ("/entry/data/rows", "changed-value")}


def test_what_cannot_be_read_is_said_not_to_be_compared(raw: Path) -> None:
    changed = Path(shutil.copy(raw, raw.with_name("changed.nxs")))
    with h5py.File(raw) as file:
        address = h5py.h5o.get_info(file["entry/keys"].id).addr
    for path in (raw, changed):
        with path.open("r+b") as plain:
            plain.seek(address)
            plain.write(b"\xff" * 16)
    assert ("/entry/keys", "not-compared") in said(differences(raw, changed))


def test_a_missing_file_is_a_file_error(raw: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        differences(raw, raw.with_name("gone.nxs"))


# -- additions -------------------------------------------------------------------------------------

ADDED = (
    Addition("/entry/sample", Group("NXsample", {"pressure": Field(np.linspace(0, 60, 90), units="GPa")})),
    Addition("/entry/instrument/beam/incident_energy", Field(25.6, units="keV")),
    Addition("/entry/data/pressure", Link("/entry/sample/pressure")),
    Addition("/entry/data@signal", "packed"),
    Addition("/entry@default", "data"),
)
PATHS = tuple(addition.path for addition in ADDED)


@pytest.mark.parametrize("in_place", [False, True], ids=["copy", "in place"])
@pytest.mark.parametrize("user_block", [0, 512])
def test_additions_leave_all_that_was_there(raw: Path, in_place: bool, user_block: int) -> None:
    before = make_raw(raw.with_name("before.nxs"), user_block=user_block) if user_block else raw
    target = (
        Path(shutil.copy(before, before.with_name("run.nxs"))) if in_place else before.with_name("run.nxs")
    )
    write(read(target if in_place else before).add(ADDED), target, in_place=in_place)
    assert differences(before, target, PATHS) == ()


@pytest.mark.parametrize("left_out", PATHS)
def test_an_addition_that_is_not_named_is_found(raw: Path, left_out: str) -> None:
    run = write(read(raw).add(ADDED), raw.with_name("run.nxs"))
    named = [path for path in PATHS if path != left_out]
    found = {path for path, rule in said(differences(raw, run, named)) if rule == "new"}
    assert len(found) == 1
    assert left_out.startswith(found.pop())


def test_a_group_on_the_way_that_says_more_than_it_needs_is_found(raw: Path) -> None:
    run = write(read(raw).add(ADDED), raw.with_name("run.nxs"))
    with h5py.File(run, "r+") as file:
        file["entry/instrument"].attrs["NX_class"] = "NXinstrument"
    assert said(differences(raw, run, PATHS)) == {("/entry/instrument", "new")}


def test_what_was_there_is_compared_even_if_it_is_named(raw: Path) -> None:
    changed = Path(shutil.copy(raw, raw.with_name("changed.nxs")))
    with h5py.File(changed, "r+") as file:
        file["entry/data/plain"][0, 0] = -1
    assert said(differences(raw, changed, ["/entry/data/plain"])) == {("/entry/data/plain", "changed-value")}


def test_migrating_and_annotating_leave_all_that_was_there(tmp_path: Path) -> None:
    ramp = simulate(seed=3, frames=12)
    raw = write(ramp.tree(), tmp_path / "raw.nxs")
    run = migrate(read(raw))
    labels = Classification(("low", "high"), np.array([0] * 5 + [1] * 7), "expert", "test", "1", "2026-11-23")
    run = annotate(run, labels)
    out = write(run, tmp_path / "run.nxs")
    assert differences(raw, out, run.additions.paths) == ()
    assert differences(raw, out) != ()


def test_real_raw_files_keep_all_that_was_there(real_files: Path, tmp_path: Path) -> None:
    tested = 0
    for raw in sorted(real_files.iterdir()):
        if raw.suffix in {".nxs", ".hdf5", ".nx5"}:
            entry = f"/{next(iter(read(raw)))}"
            added = [
                Addition("/nxspectra", Group("NXcollection")),
                Addition(f"{entry}@nxspectra", "was here"),
            ]
            out = write(read(raw).add(added), tmp_path / raw.name)
            assert differences(raw, out, [each.path for each in added]) == ()
            tested += 1
    assert tested
