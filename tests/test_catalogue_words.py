"""What a catalogue finds by techniques, labels and words, and what it says of what it found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cataloguing import described, few, found

from nxspectra.catalogue import Catalogue, search
from nxspectra.errors import UsageError
from nxspectra.findings import EntryReport, Report
from nxspectra.testing import conforming
from nxspectra.tree import Field


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with five data sets, which no test changes."""
    return few(tmp_path_factory.mktemp("catalogue") / "catalogue")


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
