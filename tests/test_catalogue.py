"""Filing into a catalogue, and what is told of a folder that is none, or is damaged."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pyoxigraph
import pytest
from cataloguing import described, few, ramp

from nxspectra import hdf5
from nxspectra.catalogue import Catalogue, search
from nxspectra.errors import FileError
from nxspectra.rdf import describe
from nxspectra.settings import Settings
from nxspectra.testing import conforming
from nxspectra.tree import Field


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with five data sets, which no test changes."""
    return few(tmp_path_factory.mktemp("catalogue") / "catalogue")


# -- filing ------------------------------------------------------------------------------------


def test_filing_again_replaces(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "catalogue")
    catalogue.file(described("run", ramp("First", 1, 2)))
    catalogue.file(described("run", conforming(4).put("entry/title", Field("Second"))))
    (hit,) = catalogue.search()
    assert (hit.title, hit.labels, len(catalogue)) == ("Second", {}, 1)


def test_filing_the_same_twice_is_filing_it_once(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "catalogue")
    description = described("run", ramp("Ramp", 1, 2))
    catalogue.file(description)
    once = catalogue.search()
    catalogue.file(description)
    assert catalogue.search() == once


def test_a_data_set_whose_iri_has_changed_is_still_there_once(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "catalogue")
    catalogue.file(described("run", conforming()))
    catalogue.file(described("run", conforming(), Settings(base_iri="https://data.example.org/id/")))
    (hit,) = catalogue.search()
    assert hit.iri.startswith("https://data.example.org/id/")


def test_what_is_removed_is_not_found(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "catalogue")
    one, other = described("one", conforming()), described("other", conforming())
    catalogue.file(one)
    catalogue.file(other)
    assert catalogue.remove(one.pid)
    assert one.pid not in catalogue
    assert other.pid in catalogue
    assert catalogue.remove(other.iri)
    assert not catalogue.remove(other.pid)
    assert catalogue.search() == []


def test_a_data_set_is_got_by_its_pid_and_by_its_iri(folder: Path) -> None:
    catalogue = Catalogue(folder)
    hit = catalogue.search("middle")[0]
    for name in (hit.pid, hit.iri):
        got = catalogue.get(name)
        assert got is not None
        assert dataclasses.replace(got, score=hit.score) == hit
    assert catalogue.get("https://example.org/nobody") is None


def test_what_is_filed_in_a_with_is_found_there_at_once(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "catalogue") as catalogue:
        catalogue.file(described("a", conforming()))
        catalogue.file(described("b", conforming()))
        assert len(catalogue.search()) == 2


def test_the_text_of_a_description_cannot_change_another(tmp_path: Path) -> None:
    evil = (
        '" . <urn:x> <urn:y> <urn:z> } } ; DROP ALL ; INSERT DATA { GRAPH <urn:g> { <urn:a> <urn:b> "\\u0022'
    )
    catalogue = Catalogue(tmp_path / "catalogue")
    catalogue.file(described("good", conforming()))
    catalogue.file(described("evil", conforming().put("entry/title", Field(evil))))
    assert len(catalogue) == 2
    assert evil in {hit.title for hit in catalogue.search()}


def test_real_files_are_filed_and_found(tmp_path: Path, real_files: Path) -> None:
    with Catalogue(tmp_path / "catalogue") as catalogue:
        for name in ("lambda_p02.2_m1_part00000.nxs", "538039.nxs", "lrcs3701.nx5"):
            catalogue.file(describe(hdf5.read(real_files / name), Settings()))
    assert [hit.title for hit in search(tmp_path / "catalogue", "i16")] == ["Scan of sample with GDA"]
    (hit,) = search(tmp_path / "catalogue", parameters={"exposure": "0.1 s"})
    assert hit.file is not None
    assert hit.file.endswith("lambda_p02.2_m1_part00000.nxs")


# -- what happens to catalogues ----------------------------------------------------------------


def test_a_folder_without_a_catalogue_is_told_with_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="nxspectra ingest"):
        search(tmp_path / "none")


def test_a_folder_with_other_things_is_not_made_a_catalogue(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(FileError, match="holds other things"):
        Catalogue(tmp_path).file(described("run", conforming()))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_that_holds_only_files_of_the_catalogue_is_made_one(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    catalogue = Catalogue(tmp_path)
    catalogue.file(described("run", conforming()))
    assert len(catalogue) == 1


def test_a_file_is_no_catalogue(tmp_path: Path) -> None:
    (tmp_path / "catalogue").touch()
    with pytest.raises(FileError, match="a catalogue is a folder"):
        Catalogue(tmp_path / "catalogue")


def test_a_catalogue_of_a_later_form_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "catalogue.json").write_text('{"nxspectra catalogue": 2}')
    with pytest.raises(FileError, match="form 2"):
        search(tmp_path)
    with pytest.raises(FileError, match="form 2"):
        Catalogue(tmp_path).file(described("run", conforming()))


def test_a_catalogue_that_was_made_and_never_filled_is_empty(tmp_path: Path) -> None:
    (tmp_path / "catalogue.json").write_text('{"nxspectra catalogue": 1}')
    assert search(tmp_path) == []


@pytest.mark.parametrize("damage", ["manifest gone", "current is nonsense", "tables are zeros", "no number"])
def test_a_damaged_catalogue_is_told_with_the_way_out(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "catalogue"
    Catalogue(folder).file(described("run", conforming()))
    (published,) = (path for path in (folder / "published").iterdir() if path.is_dir())
    if damage == "manifest gone":
        for path in published.glob("MANIFEST*"):
            path.unlink()
    elif damage == "current is nonsense":
        (published / "CURRENT").write_text("nonsense\n")
    elif damage == "tables are zeros":
        for path in published.glob("*.sst"):
            path.write_bytes(bytes(path.stat().st_size))
    else:
        (folder / "published" / "current").write_text("newest\n")
    with pytest.raises(FileError, match="catalogue rebuild"):
        Catalogue(folder).store.names()


def test_filing_into_a_damaged_catalogue_is_told_with_the_way_out(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    Catalogue(folder).file(described("run", conforming()))
    (folder / "graph" / "CURRENT").write_text("nonsense\n")
    with pytest.raises(FileError, match="catalogue rebuild"):
        Catalogue(folder).file(described("other", conforming()))


def test_a_catalogue_is_whole_again_once_the_damaged_folders_are_moved_away(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    Catalogue(folder).file(described("run", conforming()))
    (folder / "published" / "current").write_text("newest\n")
    for name in ("graph", "published"):
        (folder / name).rename(tmp_path / name)
    Catalogue(folder).file(described("run", conforming()))
    assert len(search(folder)) == 1


def test_the_store_undoes_an_update_that_fails() -> None:
    store, graph = pyoxigraph.Store(), pyoxigraph.NamedNode("http://x.example.org/g")
    node = pyoxigraph.NamedNode("http://x.example.org/a")
    store.add(pyoxigraph.Quad(node, node, node, graph))
    with pytest.raises(OSError, match="not allowed"):
        store.update(f"DROP SILENT GRAPH {graph} ; LOAD <http://127.0.0.1:9/none>")
    assert len(store) == 1
