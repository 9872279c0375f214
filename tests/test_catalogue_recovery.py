"""A catalogue of which a part is damaged is made again from the files, by whoever notices, and says so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cataloguing import ramp
from click.testing import CliRunner
from servers import running

from nxspectra import hdf5
from nxspectra.catalogue import Catalogue
from nxspectra.catalogue.checking import check
from nxspectra.catalogue.record import Record, Source
from nxspectra.cli import program
from nxspectra.errors import CatalogueDamaged
from nxspectra.ingestion import ingest
from nxspectra.ingestion.rebuilding import rebuild
from nxspectra.rdf import describe
from nxspectra.simulation import simulate
from nxspectra.validation import validate

KEPT = Record("20.500/1", "https://doi.org/20.500/1", "Imported", source=Source("imported", "old.json"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of two files, which lie beside it, and of a record that is kept."""
    parent = tmp_path_factory.mktemp("made")
    (parent / "raw").mkdir()
    with Catalogue(parent / "catalogue") as catalogue:
        for name, low in (("one", 0.0), ("two", 30.0)):
            hdf5.write(ramp(f"A ramp {name}", low, low + 20), parent / "raw" / f"{name}.nxs")
            root = hdf5.read(parent / "raw" / f"{name}.nxs")
            catalogue.file(describe(root, report=validate(root)))
        catalogue.keep("old", [KEPT])
    return parent / "catalogue"


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A catalogue of one's own of the same files."""
    shutil.copytree(made, tmp_path / "catalogue")
    return tmp_path / "catalogue"


def overwrite(file: Path, start: int, number: int) -> None:
    with file.open("r+b") as stream:
        stream.seek(start)
        stream.write(b"\xa5" * number)


def index(folder: Path) -> Path:
    return folder / "index.sqlite"


def tables_of(folder: Path) -> list[Path]:
    """The files of RocksDB that hold the published graphs, the largest first."""
    current = (folder / "published" / "current").read_text().strip()
    found = (folder / "published" / current).glob("*.sst")
    return sorted(found, key=lambda file: -file.stat().st_size)


def damage_tables(folder: Path) -> None:
    for file in tables_of(folder):
        overwrite(file, file.stat().st_size // 3, file.stat().st_size // 3)


OF_THE_INDEX: dict[str, Callable[[Path], object]] = {
    "cut off": lambda folder: index(folder).write_bytes(index(folder).read_bytes()[:50_000]),
    "overwritten in the middle": lambda folder: overwrite(
        index(folder), 4096, index(folder).stat().st_size - 4096
    ),
    "emptied": lambda folder: index(folder).write_bytes(b""),
    "gone": lambda folder: index(folder).unlink(),
}
OF_THE_GRAPHS: dict[str, Callable[[Path], object]] = {
    "manifest cut off": lambda folder: [
        file.write_bytes(file.read_bytes()[:20]) for file in folder.glob("*/**/MANIFEST-*")
    ],
    "current emptied": lambda folder: (folder / "published" / "current").write_bytes(b""),
}


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(program, [str(each) for each in arguments])
    return done.exit_code, done.stdout, done.stderr


def titles(text: str) -> set[str]:
    return {json.loads(line)["title"] for line in text.splitlines()}


ALL = {"A ramp one", "A ramp two", "Imported"}


def is_whole(folder: Path) -> bool:
    catalogue = Catalogue(folder)
    return {hit.title for hit in catalogue.search()} == ALL and not list(check(catalogue, digests=True))


@pytest.mark.parametrize("damage", OF_THE_INDEX)
def test_a_search_makes_a_damaged_index_again(folder: Path, damage: str) -> None:
    OF_THE_INDEX[damage](folder)
    there = index(folder).exists()
    damaged = index(folder).read_bytes() if there else b""
    code, out, err = run("search", "--catalogue", folder, "--format", "json")
    assert code == 0, err
    assert titles(out) == ALL
    assert "that is done now, from 2 files" in err
    assert "made again: 2 described, 1 kept" in err
    (aside,) = folder.glob("damaged-*")
    assert str(aside) in err
    if there:
        assert (aside / "index.sqlite").read_bytes() == damaged, "what is damaged is never deleted"
    assert is_whole(folder)


@pytest.mark.parametrize("damage", OF_THE_GRAPHS)
def test_who_files_makes_damaged_graphs_again(folder: Path, tmp_path: Path, damage: str) -> None:
    OF_THE_GRAPHS[damage](folder)
    hdf5.write(ramp("A ramp three", 5, 9), tmp_path / "more.nxs")
    code, _, err = run("ingest", tmp_path / "more.nxs", "--catalogue", folder)
    assert code == 0, err
    assert len(list(folder.glob("damaged-*/published"))) == 1
    catalogue = Catalogue(folder)
    assert {hit.title for hit in catalogue.search()} == {*ALL, "A ramp three"}
    assert not list(check(catalogue))


def test_bytes_overwritten_in_the_graphs_are_noticed_and_made_again(folder: Path) -> None:
    damage_tables(folder)
    assert {each.rule for each in check(Catalogue(folder))} == {"damaged"}
    code, _, err = run("catalogue", "rebuild", "--catalogue", folder)
    assert code == 0, err
    assert len(list(folder.glob("damaged-*/graph"))) == 1
    assert is_whole(folder)


def test_an_import_makes_a_damaged_index_again(folder: Path, tmp_path: Path) -> None:
    OF_THE_INDEX["cut off"](folder)
    memory = tmp_path / "db.json"
    memory.write_text(json.dumps({"models": {"Dataset": {"1": json.dumps({"pid": "1", "title": "New"})}}}))
    code, _, err = run("catalogue", "import", memory, "--catalogue", folder)
    assert code == 0, err
    assert {hit.title for hit in Catalogue(folder).search()} == {*ALL, "New"}


def test_a_server_makes_a_damaged_catalogue_again_before_it_serves(folder: Path) -> None:
    OF_THE_INDEX["emptied"](folder)
    with running(folder) as server:
        found = server.client.get("/api/Datasets").json()
    assert {each["title"] for each in found} == ALL
    assert is_whole(folder)


def test_both_halves_damaged_are_made_again_from_the_ledger(folder: Path) -> None:
    OF_THE_INDEX["overwritten in the middle"](folder)
    OF_THE_GRAPHS["current emptied"](folder)
    assert run("search", "--catalogue", folder)[0] == 0
    assert is_whole(folder)


def test_without_the_ledger_the_sound_half_knows_the_files(folder: Path) -> None:
    (folder / "ledger.jsonl").unlink()
    OF_THE_GRAPHS["current emptied"](folder)
    list(rebuild(Catalogue(folder)))
    assert is_whole(folder)


def test_where_files_are_not_there_nothing_is_made_again_by_itself(made: Path, folder: Path) -> None:
    OF_THE_INDEX["cut off"](folder)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    raw, away = made.parent / "raw", made.parent / "away"
    raw.rename(away)
    try:
        code, _, err = run("search", "--catalogue", folder)
        assert code == 3
        assert "2 of 2 files are not where they were" in err
        assert "catalogue rebuild" in err
        assert {file: file.read_bytes() for file in before} == before
        code, out, err = run("catalogue", "rebuild", "--catalogue", folder, away)
        assert code == 0, err
        assert out.count("moved") == 2
        assert is_whole(folder)
    finally:
        away.rename(raw)


def test_a_file_that_was_known_to_be_gone_keeps_nobody_from_it(made: Path, folder: Path) -> None:
    one = made.parent / "raw" / "one.nxs"
    one.rename(one.with_name("hidden"))
    try:
        list(rebuild(Catalogue(folder)))
        OF_THE_INDEX["gone"](folder)
        assert run("search", "--catalogue", folder)[0] == 0
        assert len(Catalogue(folder).search(missing=True)) == 1
    finally:
        one.with_name("hidden").rename(one)


def test_in_python_damage_is_an_error_of_its_own(folder: Path) -> None:
    OF_THE_INDEX["cut off"](folder)
    with pytest.raises(CatalogueDamaged, match="catalogue rebuild"):
        Catalogue(folder).search()


def test_damage_that_is_found_while_files_are_taken_loses_none(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for name, seed in (("three", 3), ("four", 4)):
        hdf5.write(simulate(seed=seed, frames=12).tree(), tmp_path / "more" / f"{name}.nxs")
    taken = ingest([tmp_path / "more"], folder)
    first = next(taken)
    OF_THE_INDEX["overwritten in the middle"](folder)
    assert [first.state, *(each.state for each in taken)] == ["done", "done"]
    catalogue = Catalogue(folder)
    assert len(catalogue) == 5
    assert not list(check(catalogue))
