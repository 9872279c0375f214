"""The catalogue: what is filed is found by all that one may ask, and damage to it is told."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyoxigraph
import pytest
from cataloguing import described, neutrons, ramp
from hypothesis import given
from hypothesis import strategies as st

from nxspectra import hdf5
from nxspectra.catalogue import Catalogue, search
from nxspectra.catalogue.query import alternatives, parse
from nxspectra.errors import FileError, UnitError, UsageError
from nxspectra.findings import EntryReport, Report
from nxspectra.rdf import describe
from nxspectra.settings import Settings
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with four data sets, which no test changes."""
    folder = tmp_path_factory.mktemp("catalogue") / "catalogue"
    bare = Group("NXroot", {"entry": Group("NXentry", {"title": Field("Something raw")})})
    with Catalogue(folder) as catalogue:
        catalogue.file(described("ambient", ramp("Ambient run of ferropericlase", 0.1, 5)))
        catalogue.file(described("middle", ramp("Compression of ferropericlase", 8, 25)))
        catalogue.file(described("high", ramp("Compression of bridgmanite", 30, 60)))
        catalogue.file(described("ice", neutrons()))
        catalogue.file(described("raw", bare))
    return folder


def found(
    folder: Path,
    text: str | None = None,
    technique: str | None = None,
    label: str | None = None,
    **ranges: str,
) -> set[str]:
    """Names of the files of what is found."""
    hits = search(folder, text, parameters=ranges, technique=technique, label=label)
    return {Path(hit.file).stem for hit in hits if hit.file}


# -- parameters --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("10..20GPa", {"middle"}),
        ("10..20 GPa", {"middle"}),
        ("100..200 kbar", {"middle"}),
        ("5..8GPa", {"ambient", "middle"}),
        ("20..40 GPa", {"middle", "high"}),
        ("44.1 GPa", {"high", "ice"}),
        ("> 30 GPa", {"high", "ice"}),
        ("<= 5 GPa", {"ambient"}),
        ("..5GPa", {"ambient"}),
        ("50..GPa", {"high"}),
        ("61..100GPa", set()),
        ("1 bar..1 GPa", {"ambient"}),
        ("10 to 20 GPa", {"middle"}),
        ("5.5–7.5 GPa", set()),
    ],
)
def test_a_ramp_is_found_by_any_pressure_in_it(folder: Path, said: str, names: set[str]) -> None:
    assert found(folder, pressure=said) == names


def test_a_strict_bound_leaves_out_the_bound_itself(folder: Path) -> None:
    assert "high" in found(folder, pressure=">= 60 GPa")
    assert "high" not in found(folder, pressure="> 60 GPa")


@pytest.mark.parametrize("said", ["25.6keV", "25600 eV", "20..30 keV", "0.484 angstrom", "0.04..0.05 nm"])
def test_a_beam_energy_is_found_in_any_unit_and_by_its_wavelength(folder: Path, said: str) -> None:
    assert found(folder, beam_energy=said) == {"ambient", "middle", "high"}


def test_a_wavelength_is_found_by_the_energy_of_its_photons(folder: Path) -> None:
    assert found(folder, wavelength="0.48..0.49 angstrom") == {"ambient", "middle", "high"}


def test_a_single_value_is_met_as_exactly_as_it_is_written(folder: Path) -> None:
    assert found(folder, exposure="100 ms") == {"ambient", "middle", "high", "ice"}
    assert found(folder, exposure="0.10 s") == {"ambient", "middle", "high", "ice"}
    assert found(folder, exposure="0.11 s") == set()


def test_several_parameters_must_all_be_met(folder: Path) -> None:
    assert found(folder, pressure="> 30 GPa", beam_energy="25.6 keV") == {"high"}


def test_a_transition_is_found_by_its_pressure(folder: Path) -> None:
    assert found(folder, transition_pressure="15..25GPa") == {"middle"}


def test_concepts_and_their_names_elsewhere_are_the_same_parameter(folder: Path) -> None:
    hits = search(folder, parameters={"sample/pressure": "10..20GPa", "incident_photon_energy": "25.6keV"})
    assert len(hits) == 1


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("10..20", "has no unit; for example 10..20 GPa"),
        ("10..20 Gpa's", "is not a unit"),
        ("10..20 GPaa", "did you mean GPa"),
        ("10..20 keV", "is not a unit of it"),
    ],
)
def test_a_wrong_unit_is_told_with_a_right_one(folder: Path, said: str, hint: str) -> None:
    with pytest.raises(UnitError, match=hint):
        search(folder, parameters={"pressure": said})


@pytest.mark.parametrize("said", ["", "..", "high", "1..2..3 GPa", "GPa", "..GPa", ">GPa"])
def test_what_is_no_range_is_told_with_one_that_is(folder: Path, said: str) -> None:
    with pytest.raises(UsageError, match=r"10\.\.20GPa"):
        search(folder, parameters={"pressure": said})


def test_a_range_that_runs_backwards_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="ends below where it starts"):
        search(folder, parameters={"pressure": "20..10 GPa"})


def test_an_unknown_parameter_is_told_with_the_nearest(folder: Path) -> None:
    with pytest.raises(UsageError, match="did you mean pressure"):
        search(folder, parameters={"presure": "10..20GPa"})


@given(st.floats(0.001, 500), st.floats(0.001, 500), st.floats(0.001, 500), st.floats(0.001, 500))
def test_two_ranges_meet_where_a_ruler_says_so(a: float, b: float, c: float, d: float) -> None:
    low, high = sorted((a, b))
    (wanted,) = alternatives("pressure", f"{low!r}..{high!r} GPa")
    start, end = sorted((c, d))
    overlap = start * 1e9 <= wanted.maximum and end * 1e9 >= wanted.minimum
    if not any(math.isclose(x, y, rel_tol=1e-6) for x in (low, high) for y in (start, end)):
        assert overlap == (start <= high and end >= low)


@given(st.floats(1, 200), st.floats(1, 200))
def test_energy_and_wavelength_of_photons_are_the_same_question(a: float, b: float) -> None:
    low, high = sorted((a, b))
    # CODATA 2018: h c = 12.398419843320026 keV angstrom
    hc = 12.398419843320026
    (by_energy,) = alternatives("beam_energy", f"{low!r}..{high!r} keV")
    (by_length,) = alternatives("beam_energy", f"{hc / high!r}..{hc / low!r} angstrom")
    assert by_length.minimum == pytest.approx(by_energy.minimum, rel=1e-7)
    assert by_length.maximum == pytest.approx(by_energy.maximum, rel=1e-7)


@given(st.text())
def test_any_text_for_a_range_is_understood_or_refused(said: str) -> None:
    try:
        ranges = alternatives("pressure", said)
    except UsageError:
        return
    assert all(each.minimum <= each.maximum for each in ranges)


# -- techniques, labels, words -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("powder diffraction", {"ambient", "middle", "high", "ice"}),
        ("diffraction", {"ambient", "middle", "high", "ice"}),
        ("x-ray probe", {"ambient", "middle", "high"}),
        ("NPD", {"ice"}),
        ("PaNET01065", {"ambient", "middle", "high", "ice"}),
        ("http://purl.org/pan-science/PaNET/PaNET01264", {"ambient", "middle", "high"}),
        ("SAXS", set()),
        ("https://w3id.org/PaN/ESRFET#HP-XRD", set()),
    ],
)
def test_a_technique_finds_what_is_below_it(folder: Path, said: str, names: set[str]) -> None:
    assert found(folder, technique=said) == names


def test_an_unknown_technique_is_told_with_the_nearest(folder: Path) -> None:
    with pytest.raises(UsageError, match="powder diffraction"):
        search(folder, technique="power diffraction")


@pytest.mark.parametrize("label", ["low", "LOW", "High"])
def test_a_label_finds_what_bears_it(folder: Path, label: str) -> None:
    assert found(folder, label=label) == {"ambient", "middle", "high"}


def test_a_label_that_nothing_bears_finds_nothing(folder: Path) -> None:
    assert found(folder, label="liquid") == set()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ferropericlase", {"ambient", "middle", "high", "ice"}),
        ("COMPRESSION bridgmanite", {"high"}),
        ('"ambient run"', {"ambient"}),
        ('"run ambient"', set()),
        ("p02.2 ice", {"ice"}),
        ("Mg0.2,Fe0.8", {"ambient", "middle", "high", "ice"}),
        ("raw", {"raw"}),
        ("11012345 bridgmanite", {"high"}),
    ],
)
def test_every_word_must_occur(folder: Path, text: str, names: set[str]) -> None:
    assert found(folder, text) == names


def test_what_has_the_word_in_its_title_comes_first(folder: Path) -> None:
    hits = search(folder, "ferropericlase")
    assert {hit.title for hit in hits[:2]} == {
        "Ambient run of ferropericlase",
        "Compression of ferropericlase",
    }
    assert hits[1].score > hits[2].score


def test_without_words_the_newest_comes_first(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "catalogue")
    for name in ("2020-05-01T10:00:00", "2021-05-01T10:00:00+02:00", "2021-05-01T09:00:00Z"):
        catalogue.file(described(name, conforming().put("entry/start_time", Field(name))))
    moments = [hit.created for hit in catalogue.search()]
    assert moments == ["2021-05-01T09:00:00Z", "2021-05-01T08:00:00Z", "2020-05-01T10:00:00Z"]


def test_all_kinds_of_questions_go_together(folder: Path) -> None:
    names = found(folder, "compression", technique="x-ray diffraction", label="low", pressure="10..20GPa")
    assert names == {"middle"}


def test_no_more_are_given_than_asked_for(folder: Path) -> None:
    assert len(search(folder, limit=2)) == 2


def test_a_search_without_hits_is_no_error(folder: Path) -> None:
    assert search(folder, "perovskite") == []


INJECTIONS = [
    '"',
    'low" || true || "',
    "low\\u0022 || true",
    '") } } DROP ALL #',
    "*",
    ".*",
    "%",
    "?label",
    "<http://x>",
    "\x00",
    "\ud800",
    "'''",
]


@pytest.mark.parametrize("said", INJECTIONS)
def test_what_a_user_writes_is_never_part_of_the_query(folder: Path, said: str) -> None:
    assert search(folder, label=said) == []
    assert all(hit.score > 0 for hit in search(folder, said))
    assert len(search(folder)) == 5


# -- hits --------------------------------------------------------------------------------------


def test_a_hit_says_what_one_wants_to_know(folder: Path) -> None:
    (hit,) = search(folder, "middle")
    assert hit.file == "/data/2021/middle.nxs"
    assert hit.pressure == (8, 25)
    assert hit.energy == (25.6, 25.6)
    assert hit.exposure == (0.1, 0.1)
    assert hit.labels == {"low": 6, "high": 6}
    assert hit.spectra == 12
    assert hit.transition_pressure == pytest.approx(8 + 17 * 6 / 11)
    low, high = hit.transition_interval or (0, 0)
    assert low < hit.transition_pressure < high


def test_a_hit_is_a_line_of_json(folder: Path) -> None:
    line = json.loads(json.dumps(search(folder, "middle")[0].as_json()))
    assert {"pid", "iri", "title", "file", "score"} <= set(line)
    assert (line["pressure"], line["pressure_unit"]) == ([8, 25], "GPa")


def test_a_hit_knows_what_validation_said(tmp_path: Path) -> None:
    report = Report(None, (EntryReport("/entry", "NXdiffraction_spectra", False),))
    catalogue = Catalogue(tmp_path / "catalogue")
    catalogue.file(described("a", conforming(), report=report))
    catalogue.file(described("b", conforming()))
    assert [hit.conforms for hit in sorted(catalogue.search(), key=lambda hit: hit.pid)] == [False, None]


def test_temperatures_are_found_and_kept_exactly(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "catalogue")
    catalogue.file(described("a", conforming().put("entry/sample/temperature", Field(25.0, units="degC"))))
    assert len(catalogue.search(parameters={"temperature": "298..299 K"})) == 1
    assert catalogue.search(parameters={"temperature": "24 degC"}) == []


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


def test_two_cannot_file_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    with Catalogue(folder) as catalogue:
        catalogue.file(described("run", conforming()))
        code = (
            "import sys\nfrom pathlib import Path\nfrom nxspectra.catalogue import Catalogue\n"
            "from nxspectra.errors import FileBusy\n"
            "try:\n    Catalogue(sys.argv[1]).remove('x')\n"
            "except FileBusy as error:\n    print(error)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
        )
        assert "another program is filing" in done.stdout
    assert not Catalogue(folder).remove("x")


def test_a_reader_sees_what_was_published_while_another_files(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    with Catalogue(folder) as writer:
        writer.file(described("first", conforming()))
        assert len(Catalogue(folder).search()) == 1
        writer.file(described("second", conforming()))
        assert len(writer.search()) == 2
    assert len(Catalogue(folder).search()) == 2


def test_a_snapshot_that_is_being_read_is_kept(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "catalogue")
    catalogue.file(described("first", conforming()))
    with Catalogue(tmp_path / "catalogue").store.reading() as store:
        for name in ("second", "third", "fourth"):
            catalogue.file(described(name, conforming()))
        assert sum(1 for _ in store.named_graphs()) == 1
    assert len(catalogue) == 4
    catalogue.file(described("fifth", conforming()))
    snapshots = [path for path in (tmp_path / "catalogue" / "published").iterdir() if path.is_dir()]
    assert len(snapshots) == 1


def test_searching_needs_no_right_to_write(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody who may not write here")
    code = (
        "import os, sys\nfrom nxspectra.catalogue import search\nos.setuid(65534)\n"
        "assert not os.access(sys.argv[1], os.W_OK)\nprint(len(search(sys.argv[1])))"
    )
    with tempfile.TemporaryDirectory() as outside:
        Path(outside).chmod(0o755)
        copy = shutil.copytree(folder, Path(outside) / "catalogue")
        done = subprocess.run(
            [sys.executable, "-c", code, str(copy)], capture_output=True, text=True, check=False
        )
    assert done.stdout.strip() == "5", done.stderr


WRITER = """
import sys, dataclasses
from nxspectra.catalogue import Catalogue
from nxspectra.rdf import describe
from nxspectra.settings import Settings
from nxspectra.testing import conforming
from nxspectra.tree import Field

@dataclasses.dataclass(frozen=True)
class Origin:
    digest: str
    path: str = "/data/run.nxs"
    size: int = 1

with Catalogue(sys.argv[1]) as catalogue:
    for number in range(100000):
        tree = conforming(6, classified=True).put("entry/title", Field(f"Version {number}"))
        catalogue.file(describe(tree.read_from(Origin(f"{number % 3:064x}")), Settings()))
        print(number, flush=True)
"""


@pytest.mark.parametrize("number", [3, 7, 11])
def test_a_writer_that_is_killed_leaves_whole_data_sets(tmp_path: Path, number: int) -> None:
    folder = tmp_path / "catalogue"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            if int(line) >= number:
                time.sleep(0.003 * number)
                writer.send_signal(signal.SIGKILL)
                break
    whole = len(list(described("x", conforming(6, classified=True)).triples()))
    hits = search(folder)
    assert hits
    assert all(hit.labels == {"low": 3, "high": 3} for hit in hits)
    with Catalogue(folder).store.writing() as store:
        sizes = {
            sum(1 for _ in store.quads_for_pattern(None, None, None, graph)) for graph in store.named_graphs()
        }
    # the record of the catalogue comes on top: type, topic and date
    assert sizes == {whole + 3}


def test_searches_beside_a_busy_writer_always_answer(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        seen = [search(folder, label="low") for _ in range(15)]
        assert writer.poll() is None
        writer.send_signal(signal.SIGKILL)
    assert all(1 <= len(hits) <= 3 for hits in seen)


def test_a_question_is_a_value() -> None:
    assert parse("iron", {"pressure": "1..2GPa"}) == parse("IRON", {"sample_pressure": "1..2 GPa"})


def test_the_store_undoes_an_update_that_fails() -> None:
    store, graph = pyoxigraph.Store(), pyoxigraph.NamedNode("http://x.example.org/g")
    node = pyoxigraph.NamedNode("http://x.example.org/a")
    store.add(pyoxigraph.Quad(node, node, node, graph))
    with pytest.raises(OSError, match="not allowed"):
        store.update(f"DROP SILENT GRAPH {graph} ; LOAD <http://127.0.0.1:9/none>")
    assert len(store) == 1
