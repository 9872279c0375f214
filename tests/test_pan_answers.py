"""What holds of every answer of the PaN search API: nothing private, in time, nothing injected, and the same
by each way of finding it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest
from facility import ICE, RECORDS
from indexes import indexes
from pan_questions import ALL, ask, facility_index, having, joined, names, parameter, where
from sqlalchemy import text

from nxspectra.catalogue import ways
from nxspectra.catalogue.index import Index
from nxspectra.catalogue.pan import answers
from nxspectra.catalogue.pan import conditions as conditions_module
from nxspectra.catalogue.pan.asking import TooSlow, asking
from nxspectra.catalogue.pan.conditions import Conditions
from nxspectra.catalogue.pan.filters import parse, parse_where
from nxspectra.catalogue.pan.schema import DATASET, MODELS


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with facility_index(request.param, tmp_path_factory.mktemp("pan")) as index:
        yield index


# -- what is not for everybody -----------------------------------------------------------------


def test_what_is_not_public_is_nowhere(index: Index) -> None:
    assert where(index, {"title": {"like": "Secret%"}}) == set()
    assert names(index, {"query": "secret"}) == []
    with asking(index, 20) as connection:
        conditions = Conditions(connection)
        assert answers.thing(conditions, "Dataset", "20.500/secret", parse({}, DATASET)) is None
        assert answers.files(conditions, "20.500/secret", parse({}, MODELS["File"])) is None
        assert answers.count(conditions, "Dataset", None) == 5
        assert answers.count(conditions, "Document", None) == 2
    assert ask(index, {"query": "told"}, "Document") == []
    everything = ask(index, {"include": ["datasets", "parameters"]}, "Document")
    everything += ask(index, {"include": ["datasets"]}, "Instrument")
    assert "20.500/secret" not in str(everything)
    assert "55.0" not in str(everything)


def test_what_is_not_public_does_not_change_a_score(index: Index, tmp_path: Any) -> None:
    with indexes("sqlite", tmp_path) as without:
        without.put([each for each in RECORDS if each.is_public])
        if index.url.get_backend_name() == "sqlite":
            asked = {"query": "secret compression of ferropericlase"}
            assert ask(without, asked) == [
                {**thing, "score": pytest.approx(thing["score"], abs=0.05)} for thing in ask(index, asked)
            ]


def test_where_a_file_lies_on_this_machine_is_not_told(index: Index) -> None:
    found = ask(index, {"include": ["files"]})
    assert "private" not in str(found)
    ice = next(thing for thing in found if thing["pid"] == ICE.pid)
    assert ice["files"] == [
        {"id": "f-1", "name": "ice_1.hdf", "path": "/public/ice_1.hdf", "size": 70},
        {"id": "f-2", "name": "ice_2.hdf", "size": 7},
    ]
    assert having(index, joined("files", {"path": {"like": "%private%"}})) == set()


# -- counts, time, and injection ---------------------------------------------------------------


def test_a_count_is_that_of_the_list(index: Index) -> None:
    condition = {"title": {"like": "%ferro%"}}
    with asking(index, 20) as connection:
        counted = answers.count(Conditions(connection), "Dataset", parse_where(condition, DATASET))
    assert counted == len(where(index, condition)) == 2


def test_a_question_that_takes_too_long_is_ended(index: Index) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    started = time.monotonic()
    with pytest.raises(TooSlow, match=r"more than 0\.3 s"), asking(index, 0.3) as connection:
        connection.execute(text(endless))
    assert time.monotonic() - started < 20
    assert where(index, {"size": 77}) == {"ice"}


HOSTILE = [
    "'; DROP TABLE datasets; --",
    '" OR 1=1 --',
    "%' OR title LIKE '%",
    "\\",
    "$1",
    ":word",
    "%s",
    "{title}",
    "\ud7ff\uffff\U0010ffff",
    "\x01\x7f\u202e",
    "a" * 5000,
]


@pytest.mark.parametrize(
    "asked",
    [
        lambda text: {"where": {"title": text}},
        lambda text: {"where": {"pid": {"inq": [text]}}},
        lambda text: {"where": {"title": {"like": text}}},
        lambda text: {"where": {"title": {"nilike": text}}},
        lambda text: {"where": {"title": {"between": [text, text]}}},
        lambda text: {"where": {"text": text, "size": {"gt": 10**9}}},
        lambda text: {"query": text},
        lambda text: {"include": [joined("techniques", {"name": text})]},
        lambda text: {"include": [joined("techniques", {"pid": {"like": text}})]},
        lambda text: {"include": [joined("parameters", {"name": text, "value": text})]},
        lambda text: {"include": [joined("parameters", {"unit": {"like": text}, "name": "none"})]},
        lambda text: {"include": [joined("files", {"id": text})]},
        lambda text: {"include": [joined("samples", {"pid": text})]},
    ],
)
def test_text_is_data_wherever_it_stands(index: Index, asked: Any) -> None:
    for said in HOSTILE:
        # a negation finds all, a pattern of wildcards what has as many characters
        assert len(ask(index, asked(said))) <= len(ALL)
    assert set(names(index, {})) == ALL


LOCAL = {"relation": "documents", "scope": {"include": [joined("members", {"role": "local contact"})]}}

WAYS = [
    {"where": {"creationDate": {"gte": "2021-05-31"}}},
    {"where": {"creationDate": {"lt": "2021-05-31", "gt": "2015-01-01"}}},
    {"where": {"pid": {"inq": ["20.500/ice", "20.500/ramp"]}, "size": {"gt": 1}}},
    {"include": [parameter("sample_pressure", {"gt": 10}, "kbar")]},
    {"include": [parameter("incident_wavelength", {"between": [40, 50]}, "pm")]},
    {"include": [parameter("sample_chemical_formula", "(Mg0.2,Fe0.8)O")]},
    {"include": [joined("parameters", {"or": [{"name": "sample_mass"}, {"name": "sample_state"}]})]},
    {"include": [joined("techniques", {"name": "x-ray diffraction"})]},
    {"include": [joined("instrument", {"name": "P02.2"})]},
    {"include": [joined("samples", {"name": {"like": "%ferro%"}}), parameter("pressure", 44, "GPa")]},
    {"include": [LOCAL]},
]


@pytest.mark.parametrize("asked", WAYS)
def test_what_few_meet_and_what_many_meet_is_found_alike(
    index: Index, asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = names(index, asked)
    assert 0 < len(listed) < len(ALL)
    for module in (ways, conditions_module):
        monkeypatch.setattr(module, "FEW", 0)
    assert names(index, asked) == listed
    monkeypatch.setattr(ways, "TRIED_FIRST", 0)
    monkeypatch.setattr(ways, "TRIED", 0)
    assert names(index, asked) == listed
    assert sorted(names(index, {**asked, "order": "title"})) == sorted(listed)


TOGETHER = [
    *WAYS,
    {"include": [joined("techniques", {"name": "neutron diffraction"})]},
    {
        "include": [
            joined(
                "parameters",
                {"and": [{"name": "incident_photon_energy"}, {"or": [{"unit": "keV"}, {"unit": "pm"}]}]},
            )
        ]
    },
]


def test_two_conditions_together_are_met_by_what_meets_each(index: Index) -> None:
    met = [set(names(index, {**asked, "order": "title"})) for asked in TOGETHER]
    for first, second in itertools.combinations(range(len(TOGETHER)), 2):
        one, other = TOGETHER[first], TOGETHER[second]
        both = [each["where"] for each in (one, other) if "where" in each]
        asked = {
            **({"where": {"and": both}} if both else {}),
            "include": [*one.get("include", []), *other.get("include", [])],
        }
        assert set(names(index, asked)) == met[first] & met[second], (one, other)
