"""Search by all that one may ask, in pages, counted and by facets; a plain reading finds the same."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from indexes import indexes
from sqlalchemy import select

from nxspectra.catalogue import Catalogue, tables, ways
from nxspectra.catalogue.facets import NAMES, facets
from nxspectra.catalogue.finding import Finder, Sort
from nxspectra.catalogue.index import Index
from nxspectra.catalogue.query import parse, period
from nxspectra.catalogue.record import (
    Boundary,
    Facility,
    Instrument,
    Label,
    Parameter,
    Record,
    Sample,
)
from nxspectra.errors import UsageError

XPD = "http://purl.org/pan-science/PaNET/PaNET01101"
NPD = "http://purl.org/pan-science/PaNET/PaNET01100"
SAXS = "http://purl.org/pan-science/PaNET/PaNET01188"
WORDS = ("iron", "oxide", "ramp", "ice", "Laue")
DAY = 86400


def made(number: int) -> Record:
    """One of many data sets, each unlike the next."""
    chance = random.Random(number)
    low = chance.uniform(0, 100)
    high = low + chance.choice([0, 0.1, 3, 40])
    energy = chance.choice([10.0, 25.6, 42.7])
    formula = chance.choice(["(Mg0.2,Fe0.8)O", "H2O", "Fe2O3"])
    labels: tuple[Label, ...] = ()
    boundaries: tuple[Boundary, ...] = ()
    if chance.random() < 0.5:
        sure = chance.uniform(0.5, 1)
        labels = (Label("low", 5, sure, sure - 0.1), Label("high", 5, sure, 0.5))
        middle = (low + high) / 2 * 1e9
        boundaries = (Boundary("low", "high", 5, middle / 1e9, middle - 1e8, middle + 1e8),)
    return Record(
        pid=f"pid-{number}",
        iri=f"https://data.example.org/id/pid-{number}",
        title=" ".join(chance.sample(WORDS, 2)),
        description=" ".join(chance.sample(WORDS, 2)),
        created=f"20{10 + number % 12}-0{1 + number % 9}-01T00:00:00Z",
        size=chance.randrange(1000),
        conforms=chance.choice([True, False, None]),
        definition=chance.choice(["NXdiffraction_spectra", None]),
        instrument=Instrument(*(chance.choice(["P02.2", "ID15B"]),) * 2),
        facility=Facility(chance.choice(["PETRA III", "ESRF"]), "https://ror.org/01js2sh04"),
        samples=(Sample("powder", formula),),
        techniques=tuple(chance.sample([XPD, NPD, SAXS], chance.choice([0, 1, 2]))),
        parameters=(
            Parameter("sample_pressure", low, high, "GPa", low * 1e9, high * 1e9),
            Parameter("incident_photon_energy", energy, energy, "keV", *(energy * 1.602176634e-16,) * 2),
            Parameter("exposure", 0.1, 0.1, "s", 0.1, 0.1),
        ),
        labels=labels,
        boundaries=boundaries,
    )


RECORDS = [made(number) for number in range(400)]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index of four hundred data sets, which no test changes."""
    with indexes(request.param, tmp_path_factory.mktemp("index")) as index:
        index.put(RECORDS)
        yield index


@pytest.fixture(params=["few are listed", "the newest are tried", "many are listed"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The ways that finding has, which must agree."""
    if request.param != "few are listed":
        monkeypatch.setattr(ways, "FEW", 2)
        monkeypatch.setattr(ways, "FEW_BESIDE_DEAR", 1)
        monkeypatch.setattr(ways, "SAMPLE", 10)
        monkeypatch.setattr(ways, "LISTED", 20)
        monkeypatch.setattr(ways, "COUNTED", (10, 100))
    if request.param == "many are listed":
        monkeypatch.setattr(ways, "TRIED_FIRST", 32)
        monkeypatch.setattr(ways, "TRIED", 64)
    return request.param


def pids(
    index: Index, limit: int = 1000, sort: Sort | None = None, cursor: str | None = None, **asked: object
) -> list[str]:
    text = asked.pop("text", None)
    with index.reading() as connection:
        page = Finder(connection, parse(text, **asked)).page(limit, sort, cursor)
        rows = {
            row[0]: row[1] for row in connection.execute(select(tables.datasets.c.id, tables.datasets.c.pid))
        }
        return [rows[each] for each, _ in page.ids]


def pressure(record: Record) -> tuple[float, float]:
    (found,) = [each for each in record.parameters if each.name == "sample_pressure"]
    return found.minimum or 0, found.maximum or 0


QUESTIONS = {
    "overlap": (
        {"parameters": {"pressure": "10..20GPa"}},
        lambda r: pressure(r)[0] <= 20 and pressure(r)[1] >= 10,
    ),
    "in kbar": (
        {"parameters": {"pressure": "100..200 kbar"}},
        lambda r: pressure(r)[0] <= 20 and pressure(r)[1] >= 10,
    ),
    "within": (
        {"parameters": {"pressure": "all 10..40GPa"}},
        lambda r: pressure(r)[0] >= 10 and pressure(r)[1] <= 40,
    ),
    "above": ({"parameters": {"pressure": ">90GPa"}}, lambda r: pressure(r)[1] > 90),
    "all below": ({"parameters": {"pressure": "all <5GPa"}}, lambda r: pressure(r)[1] < 5),
    "energy": (
        {"parameters": {"energy": "25..26keV"}},
        lambda r: any(each.minimum == 25.6 for each in r.parameters),
    ),
    "energy as wavelength": (
        {"parameters": {"energy": "0.48..0.49angstrom"}},
        lambda r: any(each.minimum == 25.6 for each in r.parameters),
    ),
    "wavelength of an energy": (
        {"parameters": {"wavelength": "48..49pm"}},
        lambda r: any(each.minimum == 25.6 for each in r.parameters),
    ),
    "exposure": ({"parameters": {"exposure": "100ms"}}, lambda r: True),
    "transition": (
        {"parameters": {"transition": "15..25GPa"}},
        lambda r: any(each.si_min <= 25e9 and each.si_max >= 15e9 for each in r.boundaries),
    ),
    "technique": (
        {"technique": "powder diffraction"},
        lambda r: bool({XPD, NPD} & set(r.techniques)),
    ),
    "sub-tree": ({"technique": "x-ray probe"}, lambda r: bool({XPD, SAXS} & set(r.techniques))),
    "label": ({"label": "LOW"}, lambda r: bool(r.labels)),
    "sure label": (
        {"label": "low", "confidence": ">0.9"},
        lambda r: any(each.mean_confidence >= 0.9 for each in r.labels),
    ),
    "formula": ({"formula": "(Mg0.2, Fe0.8) O"}, lambda r: r.samples[0].formula == "(Mg0.2,Fe0.8)O"),
    "part of a formula": ({"formula": "*Fe*"}, lambda r: "Fe" in r.samples[0].formula),
    "instrument": ({"instrument": "p02.2"}, lambda r: r.instrument.name == "P02.2"),
    "facility": ({"facility": "petra*"}, lambda r: r.facility.name == "PETRA III"),
    "facility by IRI": ({"facility": "https://ror.org/01js2sh04"}, lambda r: True),
    "year": ({"dates": "2015"}, lambda r: r.created.startswith("2015")),
    "since": ({"dates": "2018-03.."}, lambda r: r.created >= "2018-03"),
    "until": ({"dates": "..2012"}, lambda r: r.created < "2013"),
    "conforms": ({"conforms": True}, lambda r: r.conforms is True),
    "does not": ({"conforms": False}, lambda r: r.conforms is False),
    "definition": ({"definition": "NXdiffraction_spectra"}, lambda r: r.definition is not None),
    "word": ({"text": "iron"}, lambda r: "iron" in f"{r.title} {r.description}"),
    "words": ({"text": "ice iron"}, lambda r: {"iron", "ice"} <= set(f"{r.title} {r.description}".split())),
    "beginning": ({"text": "la*"}, lambda r: "Laue" in f"{r.title} {r.description}"),
    "combined": (
        {"text": "iron", "technique": "diffraction", "label": "low", "parameters": {"pressure": "10..60GPa"}},
        lambda r: (
            "iron" in f"{r.title} {r.description}"
            and bool({XPD, NPD} & set(r.techniques))
            and bool(r.labels)
            and pressure(r)[0] <= 60
            and pressure(r)[1] >= 10
        ),
    ),
    "nothing": ({"text": "iron", "label": "liquid"}, lambda r: False),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_is_found_is_what_a_plain_reading_finds(filled: Index, name: str, way: str) -> None:
    asked, true = QUESTIONS[name]
    wanted = {record.pid for record in RECORDS if true(record)}
    found = pids(filled, **asked)
    assert sorted(found) == sorted(wanted)
    with filled.reading() as connection:
        text = {key: value for key, value in asked.items() if key != "text"}
        count = Finder(connection, parse(asked.get("text"), **text)).count()
    assert (count.number, count.exact) == (len(wanted), True)


def test_a_question_divides_the_data_sets() -> None:
    """Or the test above could not fail."""
    for name, (_, true) in QUESTIONS.items():
        if name not in ("exposure", "facility by IRI", "nothing"):
            assert 0 < sum(map(true, RECORDS)) < len(RECORDS), name


@pytest.mark.parametrize("sort", get_args(Sort))
def test_pages_put_together_are_the_whole_in_order(filled: Index, sort: Sort, way: str) -> None:
    asked = parse("iron")
    with filled.reading() as connection:
        finder = Finder(connection, asked)
        whole = finder.page(1000, sort)
        pages, cursor = [], None
        while True:
            page = finder.page(7, sort, cursor)
            pages += page.ids
            cursor = page.cursor
            if cursor is None:
                break
    assert whole.cursor is None
    assert pages == list(whole.ids)
    assert len({each for each, _ in pages}) == len(pages)


def test_the_orders_are_what_they_are_called(filled: Index) -> None:
    by_pid = {record.pid: record for record in RECORDS}

    def values(sort: Sort, key: str) -> list[object]:
        return [getattr(by_pid[pid], key) for pid in pids(filled, sort=sort)]

    assert values("newest", "created") == sorted(values("newest", "created"), reverse=True)
    assert values("oldest", "created") == sorted(values("newest", "created"))
    assert values("largest", "size") == sorted(values("newest", "size"), reverse=True)
    titles = [str(title).lower() for title in values("title", "title")]
    assert titles == sorted(titles)


def test_words_in_the_title_come_before_words_elsewhere(filled: Index) -> None:
    by_pid = {record.pid: record for record in RECORDS}
    in_title = ["iron" in by_pid[pid].title for pid in pids(filled, text="iron")]
    assert in_title == sorted(in_title, reverse=True)
    assert True in in_title
    assert False in in_title


@pytest.mark.parametrize(
    "cursor", ["", "x", "e30", "W10", "WyJuZXdlc3QiLDBd", "WyJuZXdlc3QiLCIwIiwwXQ", "W1tbW1tb" * 99]
)
def test_a_cursor_that_no_search_gave_is_refused(filled: Index, cursor: str) -> None:
    with pytest.raises(UsageError, match="cursor"):
        pids(filled, cursor=cursor)


def test_a_cursor_of_another_order_is_refused(filled: Index) -> None:
    with filled.reading() as connection:
        finder = Finder(connection, parse())
        cursor = finder.page(3, "title").cursor
        with pytest.raises(UsageError, match="otherwise"):
            finder.page(3, "oldest", cursor)


def test_facets_count_what_was_found(filled: Index) -> None:
    with filled.reading() as connection:
        found = facets(Finder(connection, parse("iron", label="low")))
    hits = [r for r in RECORDS if "iron" in f"{r.title} {r.description}" and r.labels]
    assert set(found) == set(NAMES)
    assert found["formula"].counts == tally(each.samples[0].formula for each in hits)
    assert found["instrument"].counts == tally(each.instrument.name for each in hits)
    assert found["year"].counts == tally(each.created[:4] for each in hits)
    assert found["label"].counts == {"low": len(hits), "high": len(hits)}
    assert found["technique"].counts["x-ray powder diffraction"] == sum(
        XPD in each.techniques for each in hits
    )
    assert found["conforms"].counts == tally(
        {True: "yes", False: "no", None: None}[each.conforms] for each in hits
    )
    assert all(facet.exact for facet in found.values())


def tally(values: Iterator[object]) -> dict[object, int]:
    counted: dict[object, int] = {}
    for value in values:
        if value is not None:
            counted[value] = counted.get(value, 0) + 1
    return counted


def test_large_counts_are_estimated_from_a_random_part_and_say_so(
    filled: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "EXACT", 50)
    monkeypatch.setattr(ways, "FEW", 20)
    monkeypatch.setattr(ways, "SURE", 0.5)
    with filled.reading() as connection:
        finder = Finder(connection, parse(technique="diffraction"))
        count = finder.count()
        estimated = facets(finder, ("facility",))["facility"]
    true = sum(bool({XPD, NPD} & set(record.techniques)) for record in RECORDS)
    assert not count.exact
    assert str(count).startswith("about ")
    assert true / 3 < count.number < true * 3
    assert not estimated.exact
    assert set(estimated.counts) <= {"PETRA III", "ESRF"}


HOSTILE = [
    "' OR 1=1 --",
    '"',
    '" OR title:"',
    "%",
    "_",
    "*",
    "NEAR(a b)",
    "{title} : x",
    "a\\",
    "\x00",
    "\ud800",
    "'''",
]


@pytest.mark.parametrize("said", HOSTILE)
@pytest.mark.parametrize("where", ["text", "label", "formula", "instrument", "facility", "definition"])
def test_what_a_user_writes_is_never_part_of_a_query(filled: Index, where: str, said: str) -> None:
    found = pids(filled, **{where: said})
    assert found == [] or (said == "*" and where in ("formula", "instrument", "facility"))


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ("1970", (0, 365 * DAY)),
        ("1970-02", (31 * DAY, 59 * DAY)),
        ("1970-12", (334 * DAY, 365 * DAY)),
        ("1970-01-02", (DAY, 2 * DAY)),
        ("1970-01-01T00:01", (60, 61)),
        ("1970-01-01T01:00+01:00", (0, 1)),
        ("1970..1971", (0, 730 * DAY)),
        ("1970-01-02..", (DAY, None)),
        ("..1970-01", (None, 31 * DAY)),
    ],
)
def test_a_time_is_from_its_first_second_to_its_last(said: str, ends: tuple[int | None, int | None]) -> None:
    assert period(said) == ends


@pytest.mark.parametrize(
    "said", ["", "..", "yesterday", "2021-13", "2021-02-30", "9999-12-31", "2021..2020", "1..2..3"]
)
def test_what_is_no_time_is_refused(said: str) -> None:
    with pytest.raises(UsageError, match="dates"):
        period(said)


@pytest.mark.parametrize("said", ["", "often", "2", "-1", "nan", "101%"])
def test_what_is_no_probability_is_refused(said: str) -> None:
    with pytest.raises(UsageError, match="confidence"):
        parse(label="low", confidence=said)


def test_a_confidence_is_that_of_a_label() -> None:
    with pytest.raises(UsageError, match="of which label"):
        parse(confidence="0.9")


def test_an_order_that_there_is_not_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "catalogue")
    catalogue.keep("one", RECORDS[:1])
    with pytest.raises(UsageError, match="relevance, newest"):
        catalogue.search(sort="beauty")


def test_ranges_are_met_at_every_width(tmp_path: Path) -> None:
    """Widths over thirty powers of ten, points and touching ends: as a ruler says."""
    chance = random.Random(7)
    spans = [(0.0, 0.0)]
    for exponent in range(-15, 15):
        for _ in range(4):
            low = chance.choice([0.0, 1.0, -1.0]) * 10.0 ** chance.uniform(-15, 15)
            spans.append((low, low + chance.random() * 10.0**exponent))
    with indexes("sqlite", tmp_path) as index:
        index.put(
            dataclasses.replace(
                made(number), parameters=(Parameter("sample_pressure", si_min=low, si_max=high),)
            )
            for number, (low, high) in enumerate(spans)
        )
        for low, high in itertools.islice(spans, 0, None, 5):
            wanted = {
                f"pid-{number}"
                for number, (a, b) in enumerate(spans)
                if a <= high * (1 + 1e-9) and b >= low * (1 - 1e-9)
            }
            if low >= 0:
                found = set(pids(index, parameters={"pressure": f"{low!r}..{high!r} Pa"}))
                assert found == wanted
