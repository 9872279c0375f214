"""Graphs and index are derived: what is lost or damaged is named, and made again from the files."""

from __future__ import annotations

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cataloguing import described, ramp
from click.testing import CliRunner
from indexes import postgresql
from sqlalchemy import delete, select, update

from nxspectra import hdf5
from nxspectra.catalogue import Catalogue, tables
from nxspectra.catalogue.checking import check
from nxspectra.catalogue.record import Parameter, Record, Source
from nxspectra.cli import program
from nxspectra.errors import FileBusy, FileError, UsageError
from nxspectra.ingestion import ingest
from nxspectra.ingestion.rebuilding import Fate, rebuild
from nxspectra.rdf import Description, describe
from nxspectra.simulation import simulate
from nxspectra.validation import validate

IMPORTED = [
    Record(
        f"20.500/{number}",
        f"https://doi.org/20.500/{number}",
        f"Imported {number}",
        parameters=(Parameter("sample_temperature", 20.0, 20.0, "degC", 293.15, 293.15),),
        source=Source("imported", "old.json"),
    )
    for number in range(3)
]


def rules(catalogue: Catalogue, **how: bool) -> set[str]:
    return {each.rule for each in check(catalogue, **how)}


def of_file(path: Path) -> Description:
    """A file described as ingest does it."""
    root = hdf5.read(path)
    return describe(root, report=validate(root))


@pytest.fixture
def filled(tmp_path: Path) -> Catalogue:
    """Two files, one of them far away, and three imported records."""
    catalogue = Catalogue(tmp_path / "catalogue")
    (tmp_path / "far").mkdir()
    with catalogue:
        for name, low in (("near", 0.0), ("far/away", 30.0)):
            path = tmp_path / f"{name}.nxs"
            hdf5.write(ramp(f"A ramp {name}", low, low + 20), path)
            catalogue.file(of_file(path))
        catalogue.keep("old", IMPORTED)
    return catalogue


def snapshot(catalogue: Catalogue) -> tuple[list[object], list[object]]:
    """All that index and graphs say, but for when it was filed."""
    hits = [hit.as_json() for hit in catalogue.search(limit=None)]
    graphs = [
        sorted(str(t) for t in catalogue.store.triples(name) if "modified" not in str(t))
        for name in catalogue.store.names()
    ]
    return hits, graphs


def test_what_is_filed_agrees(filled: Catalogue) -> None:
    assert list(check(filled, digests=True)) == []
    assert len(filled) == 5


def test_a_rebuild_makes_the_same_again(filled: Catalogue) -> None:
    before = snapshot(filled)
    fates = [each.fate for each in rebuild(filled)]
    assert fates == [Fate.DESCRIBED, Fate.DESCRIBED, Fate.KEPT]
    assert snapshot(filled) == before
    assert list(check(filled)) == []


def test_a_rebuild_twice_is_a_rebuild_once(filled: Catalogue) -> None:
    list(rebuild(filled))
    once = snapshot(filled)
    list(rebuild(filled))
    assert snapshot(filled) == once


LOSSES: dict[str, Callable[[Path], object]] = {
    "index gone": lambda folder: [path.unlink() for path in folder.glob("index.sqlite*")],
    "index is nonsense": lambda folder: (folder / "index.sqlite").write_bytes(b"nonsense" * 1000),
    "index is cut off": lambda folder: (folder / "index.sqlite").write_bytes(
        (folder / "index.sqlite").read_bytes()[:20000]
    ),
    "graphs gone": lambda folder: [shutil.rmtree(folder / name) for name in ("graph", "published")],
    "graph is damaged": lambda folder: (folder / "graph" / "CURRENT").write_text("nonsense"),
    "published is damaged": lambda folder: (folder / "published" / "current").write_text("nonsense"),
    "both damaged": lambda folder: [
        (folder / "index.sqlite").write_bytes(b"nonsense" * 1000),
        (folder / "graph" / "CURRENT").write_text("nonsense"),
    ],
    "ledger gone": lambda folder: (folder / "ledger.jsonl").unlink(),
    "catalogue.json is nonsense": lambda folder: (folder / "catalogue.json").write_text("{"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_whatever_is_lost_a_rebuild_brings_it_back(filled: Catalogue, loss: str) -> None:
    before = snapshot(filled)
    filled.close()
    LOSSES[loss](filled.folder)
    list(rebuild(Catalogue(filled.folder)))
    again = Catalogue(filled.folder)
    assert snapshot(again) == before
    assert list(check(again)) == []


@pytest.mark.parametrize("loss", ["index gone", "index is nonsense", "index is cut off"])
def test_a_search_in_a_damaged_index_tells_the_way_out(filled: Catalogue, loss: str) -> None:
    filled.close()
    LOSSES[loss](filled.folder)
    with pytest.raises(FileError, match="catalogue rebuild"):
        Catalogue(filled.folder).search("ramp")


@pytest.mark.parametrize(
    ("loss", "rule"),
    [
        ("index is nonsense", "damaged"),
        ("index is cut off", "damaged"),
        ("graph is damaged", None),
        ("published is damaged", "damaged"),
    ],
)
def test_damage_is_a_difference(filled: Catalogue, loss: str, rule: str | None) -> None:
    filled.close()
    LOSSES[loss](filled.folder)
    # what readers see is the published graphs; those of the writer are found damaged when something is filed
    assert rules(Catalogue(filled.folder)) == ({rule} if rule else set())


def test_each_kind_of_difference_is_named(filled: Catalogue, tmp_path: Path) -> None:
    near, away = (tmp_path / name for name in ("near.nxs", "far/away.nxs"))
    away.unlink()
    near.write_bytes(near.read_bytes() + b"more")
    assert rules(filled) == {"file-missing", "file-changed"}
    with filled.index.writing() as connection:
        data = tables.datasets
        connection.execute(update(data).where(data.c.pid == "20.500/0").values(graph=b"another"))
        filled.index.erase(connection, ["20.500/1"])
        filled.index.write(connection, [dataclasses.replace(IMPORTED[0], pid="new")], {"new": b"none"})
    with filled.index.writing() as connection:
        connection.execute(tables.intents.insert(), {"pid": "x", "record": IMPORTED[0].as_json()})
    named = {(each.rule, each.pid) for each in check(filled) if not each.rule.startswith("file")}
    assert named >= {("graph-differs", "20.500/0"), ("not-in-index", None), ("unfinished", None)}


def test_a_file_of_the_same_size_is_found_changed_by_its_digest(filled: Catalogue, tmp_path: Path) -> None:
    near = tmp_path / "near.nxs"
    whole = bytearray(near.read_bytes())
    whole[-1] ^= 1
    near.write_bytes(whole)
    assert rules(filled) == set()
    assert rules(filled, digests=True) == {"file-changed"}


def test_a_file_that_moved_is_recognised_by_its_digest(filled: Catalogue, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "renamed.nxs"
    moved.parent.mkdir()
    (tmp_path / "far" / "away.nxs").rename(moved)
    (hit,) = filled.search("away")
    fates = {each.fate: each.file for each in rebuild(filled, [moved.parent])}
    assert fates[Fate.MOVED] == str(moved)
    got = filled.get(hit.pid)
    assert got is not None
    assert (got.file, got.missing) == (str(moved), False)
    assert list(check(filled)) == []


def test_a_file_that_is_gone_is_marked_and_not_forgotten(filled: Catalogue, tmp_path: Path) -> None:
    (hit,) = filled.search("away")
    away = tmp_path / "far" / "away.nxs"
    whole = away.read_bytes()
    away.unlink()
    assert [each.fate for each in rebuild(filled)].count(Fate.MISSING) == 1
    got = filled.get(hit.pid)
    assert got == dataclasses.replace(hit, score=1.0, missing=True)
    assert [each.pid for each in filled.search(missing=True)] == [hit.pid]
    assert any("missing" in str(t) for name in filled.store.names() for t in filled.store.triples(name))
    assert list(check(filled)) == []
    # and it stays so until the file is back
    list(rebuild(filled))
    assert filled.get(hit.pid) == got
    away.write_bytes(whole)
    assert rules(filled) == {"file-back"}
    list(rebuild(filled))
    assert not filled.search(missing=True)


def test_what_is_gone_with_all_that_was_known_of_it_is_still_named(filled: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "far" / "away.nxs").unlink()
    (hit,) = filled.search("away")
    filled.close()
    LOSSES["both damaged"](filled.folder)
    list(rebuild(Catalogue(filled.folder)))
    got = Catalogue(filled.folder).get(hit.pid)
    assert got is not None
    assert (got.missing, got.title, got.file) == (True, "away", hit.file)


def test_a_file_that_cannot_be_read_any_more_is_kept_as_it_was_known(
    filled: Catalogue, tmp_path: Path
) -> None:
    (hit,) = filled.search("near")
    (tmp_path / "near.nxs").write_bytes(b"no HDF5")
    (failed,) = [each for each in rebuild(filled) if each.fate is Fate.FAILED]
    assert "HDF5" in (failed.reason or "")
    got = filled.get(hit.pid)
    assert got is not None
    assert got.title == hit.title


def test_what_ingest_filed_without_writing_is_described_again(tmp_path: Path) -> None:
    raw = tmp_path / "raw.nxs"
    hdf5.write(simulate(frames=12).tree(), raw)
    catalogue = Catalogue(tmp_path / "catalogue")
    list(ingest([raw], catalogue))
    before = snapshot(catalogue)
    list(rebuild(catalogue))
    assert snapshot(catalogue) == before


def test_jobs_outlive_a_rebuild(filled: Catalogue) -> None:
    job = {"id": "j", "kind": "interpretation", "request_key": "k", "request": "{}", "state": "done"}
    with filled.index.writing() as connection:
        connection.execute(tables.jobs.insert(), job | {"created": 1, "attempts": 1})
    list(rebuild(filled))
    with filled.index.reading() as connection:
        assert connection.scalar(select(tables.jobs.c.id)) == "j"


def test_a_catalogue_from_before_there_was_an_index_is_made_again(filled: Catalogue, tmp_path: Path) -> None:
    """Its graphs hold the paths of the files."""
    near = tmp_path / "near.nxs"
    (hit,) = filled.search("near")
    with filled.store.writing() as store:
        store.update(
            f"INSERT DATA {{ GRAPH <{hit.iri}> {{ <{hit.iri}#record> <https://w3id.org/nxspectra/ns#path>"
            f" {json.dumps(str(near))} }} }}"
        )
        filled.store._dirty = True
    del store
    filled.close()
    for path in (*filled.folder.glob("index*"), filled.folder / "ledger.jsonl"):
        path.unlink()
    shutil.rmtree(filled.folder / "kept")
    with pytest.raises(FileError, match="catalogue rebuild"):
        Catalogue(filled.folder).search()
    list(rebuild(Catalogue(filled.folder)))
    assert [each.pid for each in Catalogue(filled.folder).search()] == [hit.pid]


def test_nobody_may_file_while_a_catalogue_is_made_again(filled: Catalogue) -> None:
    for number, _ in enumerate(rebuild(filled)):
        if number == 0:
            code = "import sys; from nxspectra.catalogue import Catalogue; Catalogue(sys.argv[1]).remove('x')"
            done = subprocess.run(
                [sys.executable, "-c", code, str(filled.folder)], capture_output=True, text=True, check=False
            )
            assert FileBusy.__name__ in done.stderr
            # and readers see the old one
            assert len(Catalogue(filled.folder)) == 5


def test_a_rebuild_that_was_interrupted_leaves_the_old_and_can_be_done_again(filled: Catalogue) -> None:
    before = snapshot(filled)
    making = rebuild(filled)
    next(making)
    making.close()
    filled.close()
    assert snapshot(Catalogue(filled.folder)) == before
    list(rebuild(Catalogue(filled.folder)))
    assert snapshot(Catalogue(filled.folder)) == before


# -- what was interrupted ----------------------------------------------------------------------

INTERRUPTED = """
import os, sys
from nxspectra.catalogue import Catalogue, index, store
from test_catalogue_rebuild import described, ramp

at = sys.argv[2]
catalogue = Catalogue(sys.argv[1])
def stop(*_, **__):
    os.kill(os.getpid(), 9)
target, name = {
    "before the graph": (store.GraphStore, "replace"),
    "before it is published": (store.GraphStore, "publish"),
    "before the rows": (index.Index, "write"),
    "before a graph goes": (store.GraphStore, "remove"),
    "before rows go": (index.Index, "erase"),
}[at]
old = described("one", ramp("Old", 0, 1))
if at.endswith("goes") or at.endswith("go"):
    setattr(target, name, stop)
    catalogue.remove(old.pid)
else:
    setattr(target, name, stop)
    with catalogue:
        catalogue.file(described("one", ramp("New", 5, 9)))
"""


@pytest.mark.parametrize(
    "at",
    [
        "before the graph",
        "before it is published",
        "before the rows",
        "before a graph goes",
        "before rows go",
    ],
)
def test_a_kill_between_graph_and_index_leaves_neither_half_done(tmp_path: Path, at: str) -> None:
    folder = tmp_path / "catalogue"
    catalogue = Catalogue(folder)
    catalogue.file(described("one", ramp("Old", 0, 1)))
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(folder), at], cwd=Path(__file__).parent, check=False
    )
    assert done.returncode == -signal.SIGKILL
    # readers see the old title or the new, and it can be found by what belongs to it
    for hit in Catalogue(folder).search():
        assert (hit.title, hit.pressure) in {("Old", (0, 1)), ("New", (5, 9))}
    again = Catalogue(folder)
    again.file(described("other", ramp("Other", 0, 1)))
    assert list(check_parts(again)) == []
    titles = {hit.title for hit in again.search()}
    assert titles == ({"Other"} if "go" in at else {"New", "Other"})


def check_parts(catalogue: Catalogue) -> list[str]:
    """Differences between graphs and index; the files of these tests are nowhere."""
    return [each.message for each in check(catalogue) if not each.rule.startswith("file")]


def test_a_keep_that_was_interrupted_is_done_again_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    catalogue = Catalogue(folder)
    catalogue.keep("old", IMPORTED[:1])
    catalogue.ledger.keep("old", IMPORTED)
    with catalogue.index.writing() as connection:
        connection.execute(tables.intents.insert(), {"pid": "", "kept": "old"})
    catalogue.close()
    catalogue.file(described("one", ramp("One", 0, 1)))
    assert len(catalogue) == 4
    assert check_parts(catalogue) == []


def test_what_is_kept_again_replaces_what_was_kept_under_that_name(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "catalogue")
    assert catalogue.keep("old", IMPORTED) == 3
    assert catalogue.keep("old", [dataclasses.replace(IMPORTED[1], title="Later")]) == 1
    assert [hit.title for hit in catalogue.search()] == ["Later"]
    assert check_parts(catalogue) == []


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", ".."])
def test_records_are_kept_under_a_name_that_stays_in_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        Catalogue(tmp_path / "catalogue").keep(name, IMPORTED)


def test_kept_records_that_are_damaged_are_told_with_their_line(filled: Catalogue) -> None:
    kept = filled.folder / "kept" / "old.jsonl"
    kept.write_text(kept.read_text().replace('"title"', '"titel"', 1))
    with pytest.raises(FileError, match=r"old\.jsonl:1"):
        list(rebuild(filled))


def test_a_catalogue_keeps_its_index_in_postgresql(tmp_path: Path) -> None:
    with postgresql() as url:
        catalogue = Catalogue(tmp_path / "catalogue", index=url)
        path = tmp_path / "near.nxs"
        hdf5.write(ramp("A ramp", 0, 20), path)
        catalogue.file(of_file(path))
        catalogue.keep("old", IMPORTED)
        before = snapshot(catalogue)
        assert list(check(catalogue)) == []
        assert not (tmp_path / "catalogue" / "index.sqlite").exists()
        with catalogue.index.writing() as connection:
            connection.execute(delete(tables.datasets).where(tables.datasets.c.pid == "20.500/0"))
        assert rules(catalogue) == {"not-in-index"}
        list(rebuild(catalogue))
        assert snapshot(catalogue) == before
        assert list(check(catalogue)) == []
        catalogue.close()


# -- at the shell ------------------------------------------------------------------------------


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(program, [str(each) for each in arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_verbs_say_what_they_found_and_exit_by_it(filled: Catalogue, tmp_path: Path) -> None:
    filled.close()
    assert run("catalogue", "check", "--catalogue", filled.folder)[0] == 0
    (tmp_path / "near.nxs").unlink()
    code, out, _ = run("catalogue", "check", "--catalogue", filled.folder, "--format", "json")
    assert (code, json.loads(out)["rule"]) == (1, "file-missing")
    code, out, err = run("catalogue", "rebuild", "--catalogue", filled.folder)
    assert code == 1
    assert "missing" in out
    assert "1 missing" in err
    assert run("catalogue", "check", "--catalogue", filled.folder)[0] == 0
    code, out, _ = run("search", "near", "--missing", "--facets", "--catalogue", filled.folder)
    assert code == 0
    assert "(missing)" in out


def test_a_folder_that_is_no_catalogue_is_not_made_one(tmp_path: Path) -> None:
    for verb in ("check", "rebuild"):
        code, _, err = run("catalogue", verb, "--catalogue", tmp_path)
        assert (code, "no catalogue here" in err) == (3, True)
    assert list(tmp_path.iterdir()) == []
