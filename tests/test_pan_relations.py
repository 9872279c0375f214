"""What the PaN search API finds by what a thing is joined with, and what it shows of that."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from facility import AMBIENT, BARE, COPPER, ICE, PANET, PAPER, RAMP, number
from indexes import indexes
from pan_questions import ask, facility_index, having, joined, parameter

from nxspectra.catalogue.index import Index
from nxspectra.catalogue.pan.schema import DATASET
from nxspectra.catalogue.record import Document


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with facility_index(request.param, tmp_path_factory.mktemp("pan")) as index:
        yield index


# -- what a thing is joined with ---------------------------------------------------------------


def test_what_is_included_without_a_condition_need_not_be_there(index: Index) -> None:
    found = ask(index, {"include": ["instrument", "files", "documents", "techniques"]})
    bare = next(thing for thing in found if thing["pid"] == BARE.pid)
    assert "instrument" not in bare
    assert bare["files"] == bare["documents"] == bare["techniques"] == []


def test_every_relation_of_a_data_set_is_shown(index: Index) -> None:
    copper = ask(index, {"where": {"pid": COPPER.pid}, "include": list(DATASET.relations)})[0]
    assert copper["instrument"] == {"pid": "20.500/LoKI", "name": "LoKI", "facility": "ESS"}
    assert [file["name"] for file in copper["files"]] == ["file1.hdf", "file2.hdf"]
    assert copper["document"]["pid"] == copper["documents"][0]["pid"] == "10.5072/proposal"
    assert [sample["name"] for sample in copper["samples"]] == ["Solid copper cylinder"]
    assert copper["samples"][0]["pid"]
    assert copper["techniques"][0] == {
        "pid": PANET + "PaNET01227",
        "name": "x-ray absorption",
        "panetId": PANET + "PaNET01227",
    }
    assert copper["techniques"][1] == {"pid": "urn:own:polishing", "name": "urn:own:polishing"}
    assert copper["parameters"][0]["name"] == "photon_energy"


def test_what_is_included_with_a_condition_must_be_there(index: Index) -> None:
    found = ask(index, {"include": [joined("files", {"text": "FILE1"})]})
    assert [[file["name"] for file in thing["files"]] for thing in found] == [["file1.hdf"]]
    assert having(index, joined("instrument", {"facility": "DESY"})) == {"ramp", "ambient"}
    assert having(index, joined("samples", {"description": {"ilike": "%PURE"}})) == {"ice"}


def test_a_condition_two_levels_below_reaches_up(index: Index) -> None:
    deep = {"relation": "datasets", "scope": {"include": [joined("samples", {"name": "ice"})]}}
    found = ask(index, {"include": [deep]}, "Document")
    assert [thing["pid"] for thing in found] == ["10.5072/paper"]
    assert found[0]["datasets"][0]["samples"][0]["pid"] == "s-ice"


def test_both_levels_must_hold_of_the_same_thing(index: Index) -> None:
    deep = {
        "relation": "members",
        "scope": {
            "where": {"role": "principal investigator"},
            "include": [joined("person", {"fullName": "Ada Lovelace"})],
        },
    }
    assert ask(index, {"include": [deep]}, "Document") == []
    deep["scope"]["include"] = [joined("person", {"fullName": "James Chadwick"}), {"relation": "affiliation"}]
    found = ask(index, {"include": [deep], "where": {"type": "proposal"}}, "Document")
    member = found[0]["members"][0]
    assert member["person"]["orcid"] == "0000-0002-1825-0097"
    assert member["affiliation"]["country"] == "Sweden"
    assert len(found[0]["members"]) == 1


def test_a_scope_has_an_order_and_a_limit_for_each(index: Index) -> None:
    latest = {"relation": "datasets", "scope": {"order": "creationDate ASC", "limit": 1, "fields": ["pid"]}}
    found = ask(index, {"include": [latest]}, "Instrument")
    assert {thing["name"]: thing["datasets"] for thing in found} == {
        "LoKI": [{"pid": COPPER.pid}],
        "P02.2": [{"pid": AMBIENT.pid}],
    }


def test_a_document_has_its_own_parameters_too(tmp_path: Any) -> None:
    grant = Document(
        "10.5072/grant", "Grant", parameters=(number("shifts", 9), number("sample_pressure", 3, "GPa"))
    )
    with indexes("sqlite", tmp_path) as index:
        ramp = dataclasses.replace(RAMP, documents=(grant,))
        index.put([ramp, dataclasses.replace(ICE, documents=(PAPER,))])
        got = index.get(RAMP.pid)
        assert got is not None
        assert got.documents == (grant,)
        (found,) = ask(index, {"include": [parameter("sample_pressure", {"lt": 40}, "kbar")]}, "Document")
        assert [each["value"] for each in found["parameters"]] == [30, "1 to 1204"]
        (found,) = ask(index, {"include": [parameter("shifts", 9)]}, "Document")
        assert found["parameters"] == [{"id": found["parameters"][0]["id"], "name": "shifts", "value": 9}]
        every = {"relation": "parameters", "scope": {"order": "name DESC"}}
        by_name = [thing["parameters"] for thing in ask(index, {"include": [every]}, "Document")]
        assert len(by_name) == 2
        for each in by_name:
            assert [one["name"] for one in each] == sorted((one["name"] for one in each), reverse=True)
        index.put([dataclasses.replace(ramp, documents=())])
        assert ask(index, {"include": [joined("parameters", {"name": "shifts"})]}, "Document") == []


# -- techniques --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"pid": PANET + "PaNET01101"}, {"ramp", "ambient"}),
        ({"panetId": PANET + "PaNET01216"}, {"ramp", "ambient"}),
        ({"pid": "PaNET01101"}, {"ramp", "ambient"}),
        ({"name": "x-ray powder diffraction"}, {"ramp", "ambient"}),
        ({"name": "XPD"}, {"ramp", "ambient"}),
        ({"name": "X-Ray Diffraction"}, {"ramp", "ambient"}),
        ({"name": "diffraction"}, {"ramp", "ambient", "ice"}),
        ({"name": {"inq": ["XPD", "x-ray absorption"]}}, {"ramp", "ambient", "copper"}),
        ({"name": {"like": "%powder diffraction"}}, {"ramp", "ambient"}),
        ({"name": {"ilike": "ABSORPTION"}}, {"copper"}),
        ({"text": "ABSORPTION"}, {"copper"}),
        ({"name": {"neq": "XPD"}}, {"ramp", "ice", "copper"}),
        ({"name": {"nin": ["XPD", "versus sample pressure"]}}, {"ice", "copper"}),
        ({"name": {"nlike": "%powder%"}}, {"ramp", "ice", "copper"}),
        ({"and": [{"name": "diffraction"}, {"name": "versus sample pressure"}]}, {"ramp"}),
        ({"and": [{"name": "diffraction"}, {"name": "x-ray absorption"}]}, set()),
        ({"or": [{"name": "versus sample pressure"}, {"name": "x-ray absorption"}]}, {"ramp", "copper"}),
        ({"pid": {"inq": [PANET + "PaNET01189", PANET + "PaNET01065"]}}, {"ramp", "ice"}),
        ({"pid": "urn:own:polishing"}, {"copper"}),
        ({"name": {"like": "%polish%"}}, {"copper"}),
        ({"name": "no such technique"}, set()),
        ({"name": {"neq": "no such technique"}}, {"ramp", "ambient", "ice", "copper"}),
        ({"pid": None}, set()),
    ],
)
def test_techniques_reach_down(index: Index, condition: Any, found: set[str]) -> None:
    assert having(index, joined("techniques", condition)) == found


def test_a_condition_on_techniques_shows_those_that_meet_it(index: Index) -> None:
    (ramp, _) = ask(index, {"include": [joined("techniques", {"name": "x-ray diffraction"})]})
    assert [each["name"] for each in ramp["techniques"]] == ["x-ray powder diffraction"]
