"""Questions to the PaN search API as the index answers them, in SQLite and in PostgreSQL alike."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from facility import AMBIENT, BARE, COPPER, ICE, PANET, PAPER, RAMP, RECORDS, number, record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from indexes import indexes
from sqlalchemy import text

from nxspectra.catalogue import ways
from nxspectra.catalogue.index import Index
from nxspectra.catalogue.pan import answers
from nxspectra.catalogue.pan import conditions as conditions_module
from nxspectra.catalogue.pan.answers import Page
from nxspectra.catalogue.pan.asking import TooSlow, asking
from nxspectra.catalogue.pan.conditions import Conditions
from nxspectra.catalogue.pan.filters import parse, parse_where
from nxspectra.catalogue.pan.patterns import Pattern
from nxspectra.catalogue.pan.schema import DATASET, MODELS
from nxspectra.catalogue.record import Document
from nxspectra.errors import FilterError

NAMES = {each.pid: name for name, each in
         {"ramp": RAMP, "ambient": AMBIENT, "ice": ICE, "copper": COPPER, "bare": BARE}.items()}  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with indexes(request.param, tmp_path_factory.mktemp("pan")) as index:
        index.put(RECORDS)
        yield index


def ask(index: Index, asked: Any, model: str = "Dataset") -> list[dict[str, Any]]:
    page = Page(model, parse(asked, MODELS[model]))
    with asking(index, 20) as connection:
        conditions = Conditions(connection)
        return answers.things(conditions, page, answers.found(conditions, page))


def names(index: Index, asked: Any) -> list[str]:
    """The data sets that are found, by short names, in their order."""
    return [NAMES[thing["pid"]] for thing in ask(index, asked)]


def where(index: Index, condition: Any) -> set[str]:
    return set(names(index, {"where": condition}))


def joined(relation: str, condition: Any) -> dict[str, Any]:
    return {"relation": relation, "scope": {"where": condition}}


def having(index: Index, *relations: dict[str, Any]) -> set[str]:
    return set(names(index, {"include": list(relations)}))


def parameter(name: str, value: Any, unit: str | None = None) -> dict[str, Any]:
    """As the web page of the federated search asks."""
    said = [{"name": name}, {"value": value}, *([{"unit": unit}] if unit is not None else [])]
    return joined("parameters", {"and": said})


ALL = {"ramp", "ambient", "ice", "copper", "bare"}


# -- properties --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({}, ALL),
        ({"pid": "20.500/ramp"}, {"ramp"}),
        ({"pid": {"eq": "20.500/RAMP"}}, set()),
        ({"pid": {"neq": "20.500/ramp"}}, ALL - {"ramp"}),
        ({"pid": {"inq": ["20.500/ramp", "20.500/ice", "20.500/secret"]}}, {"ramp", "ice"}),
        ({"pid": {"nin": ["20.500/ramp", "20.500/ice"]}}, {"ambient", "copper", "bare"}),
        ({"pid": {"inq": []}}, set()),
        ({"pid": {"nin": []}}, ALL),
        ({"size": {"gt": 77}}, {"ramp", "ambient"}),
        ({"size": {"gte": 77}}, {"ramp", "ambient", "ice"}),
        ({"size": {"lt": 1000}}, {"ice"}),
        ({"size": {"lte": 1000}}, {"ice", "ambient"}),
        ({"size": {"between": [77, 1000]}}, {"ice", "ambient"}),
        ({"size": None}, {"copper", "bare"}),
        ({"size": {"neq": None}}, {"ramp", "ambient", "ice"}),
        ({"size": {"neq": 77}}, ALL - {"ice"}),
        ({"size": {"inq": [77, None]}}, {"ice", "copper", "bare"}),
        ({"size": {"nin": [77, None]}}, {"ramp", "ambient"}),
        ({"size": 2.0**70}, set()),
        ({"isPublic": True}, ALL),
        ({"isPublic": False}, set()),
        ({"creationDate": {"gt": "2021-05-31T12:00:00+02:00"}}, {"ramp"}),
        ({"creationDate": "2021-05-31T12:00:00+02:00"}, {"ambient"}),
        ({"creationDate": {"between": ["2020-03-10", "2020-03-11"]}}, {"ice"}),
        ({"creationDate": {"lt": "2020"}}, None),
        ({"title": {"gt": "D", "lt": "Z"}}, {"ice"}),
        ({"or": [{"pid": "20.500/ice"}, {"size": 1000}]}, {"ice", "ambient"}),
        ({"and": [{"pid": "20.500/ice"}, {"size": 1000}]}, set()),
        ({"and": []}, ALL),
        ({"or": []}, set()),
        ({"or": [{}, {"size": 1}]}, ALL),
        ({"text": "FERRO"}, {"ramp", "ambient"}),
        ({"text": "FERRO", "size": 1000}, {"ambient"}),
        ({"text": "100%"}, {"copper"}),
        ({"text": "ünbe"}, {"bare"}),
        ({"text": "ÜNBE"}, {"bare"}),
    ],
)
def test_conditions_on_properties(index: Index, condition: Any, found: set[str] | None) -> None:
    if found is None:
        with pytest.raises(FilterError, match="not a date"):
            where(index, condition)
    else:
        assert where(index, condition) == found


@pytest.mark.parametrize(
    ("operator", "pattern", "found"),
    [
        ("like", "ferropericlase", {"ramp", "ambient"}),
        ("like", "Ferropericlase", set()),
        ("ilike", "Ferropericlase", {"ramp", "ambient"}),
        ("like", "Compression%", {"ramp"}),
        ("like", "%Compression", set()),
        ("like", "%of%", {"ramp", "ambient"}),
        ("like", "Ice V__ at%", {"ice"}),
        ("like", r"%100\%%", {"copper"}),
        ("like", r"solid\_state", {"copper"}),
        ("like", r"%\_\\ 'x'%", {"bare"}),
        ("like", "[A-Z]%", set()),
        ("like", "I*", set()),
        ("like", "I?e VII", set()),
        ("ilike", "ÜNBEKANNTES%", {"bare"}),
        ("like", "ÜNBEKANNTES%", set()),
        ("nlike", "%of ferro%", {"ice", "copper", "bare"}),
        ("nilike", "%FERRO%", {"ice", "copper", "bare"}),
        ("like", "", ALL),
        ("like", "%", ALL),
        ("like", "\\", {"bare"}),
    ],
)
def test_patterns(index: Index, operator: str, pattern: str, found: set[str]) -> None:
    assert where(index, {"title": {operator: pattern}}) == found


@given(
    st.text("aB%_\\*[]?'\"", max_size=6),
    st.sampled_from(["like", "ilike"]),
    st.sampled_from([each.title for each in RECORDS if each.is_public]),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_pattern_means_the_same_in_sql_and_at_hand(
    index: Index, pattern: str, operator: str, title: str
) -> None:
    meant = Pattern.parse(pattern)
    by_hand = meant.matches(title) if operator == "like" else meant.folded().matches(title.casefold())
    both = {"and": [{"title": title}, {"title": {operator: pattern}}]}
    assert bool(where(index, both)) == by_hand


def test_keywords_are_compared_one_by_one(index: Index) -> None:
    def found(condition: Any) -> set[str]:
        return {thing["pid"] for thing in ask(index, {"where": {"keywords": condition}}, "Document")}

    proposal, paper = "10.5072/proposal", "10.5072/paper"
    assert found("high pressure") == {proposal}
    assert found("pressure") == set()
    assert found({"like": "press"}) == {proposal}
    assert found({"like": "iron%pressure"}) == set()
    assert found({"inq": ["ice", "fire"]}) == {paper}
    assert found({"neq": "ice"}) == {proposal}
    assert found({"nlike": "i%"}) == set()


# -- order, pages, fields ----------------------------------------------------------------------


def test_the_newest_come_first_if_nobody_says(index: Index) -> None:
    assert names(index, {}) == ["ramp", "ambient", "ice", "copper", "bare"]


def test_order_is_by_several_properties_and_nothing_comes_last(index: Index) -> None:
    assert names(index, {"order": ["size ASC", "title DESC"]}) == ["ice", "ambient", "ramp", "bare", "copper"]
    assert names(index, {"order": "size DESC"})[:3] == ["ramp", "ambient", "ice"]


def test_pages_follow_one_another(index: Index) -> None:
    pages = [names(index, {"order": "title", "limit": 2, "skip": skip}) for skip in (0, 2, 4, 6)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert list(chain.from_iterable(pages)) == names(index, {"order": "title"})


def test_the_limit_is_applied_after_the_joins(index: Index) -> None:
    scattering = joined("techniques", {"name": "small angle scattering"})
    assert names(index, {"include": [scattering], "limit": 1}) == ["ice"]


def test_fields_are_shown_or_hidden(index: Index) -> None:
    shown = ask(index, {"where": {"pid": "20.500/ramp"}, "fields": ["pid"], "include": ["files"]})[0]
    assert set(shown) == {"pid", "files", "score"}
    hidden = ask(index, {"where": {"pid": "20.500/ramp"}, "fields": {"title": False}})[0]
    assert "title" not in hidden
    assert "pid" in hidden


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


def test_parameters_of_a_document_are_those_of_its_data_sets(index: Index) -> None:
    found = ask(index, {"include": [parameter("wavelength", {"between": [1000, 1100]}, "nm")]}, "Document")
    assert [thing["pid"] for thing in found] == ["10.5072/proposal"]
    assert found[0]["parameters"][0]["value"] == 1064


# -- parameters with units ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (parameter("sample_pressure", {"between": ["0.5", "1"]}, "Mbar"), {"ramp"}),
        (parameter("sample_pressure", {"lt": 2}, "bar"), {"ambient"}),
        (parameter("sample_pressure", {"lte": 1}, "atm"), {"ambient"}),
        (parameter("sample_pressure", {"lt": 1}, "atm"), set()),
        (parameter("sample_pressure", {"gt": 120}, "GPa"), {"ramp"}),
        (parameter("sample_pressure", {"gt": 120.4}, "GPa"), set()),
        (parameter("sample_pressure", {"gte": 1204}, "kbar"), {"ramp"}),
        (parameter("sample_pressure", 101325, "Pa"), {"ambient"}),
        (parameter("sample_pressure", {"eq": 44.1}, "GPa"), {"ramp"}),
        (parameter("sample_pressure", {"neq": 44.1}, "GPa"), {"ambient"}),
        (parameter("sample_pressure", {"inq": [1, 44]}, "GPa"), {"ramp"}),
        (parameter("sample_pressure", {"nin": [1, 44]}, "GPa"), {"ambient"}),
        (parameter("sample_temperature", {"between": [290, 300]}, "K"), {"ambient", "ice", "copper"}),
        (parameter("sample_temperature", {"between": [19, 21]}, "celsius"), {"ice", "copper"}),
        (parameter("sample_temperature", {"between": [67, 69]}, "fahrenheit"), {"ice", "copper"}),
        (parameter("photon_energy", {"between": [880, 990]}, "eV"), {"copper"}),
        (parameter("photon_energy", {"between": [0.88, 0.99]}, "keV"), {"copper"}),
        (parameter("photon_energy", {"between": [1.4e-16, 1.6e-16]}, "J"), {"copper"}),
        (parameter("incident_photon_energy", {"between": [25, 26]}, "keV"), {"ramp", "ambient"}),
        (parameter("incident_wavelength", {"between": [40, 50]}, "pm"), {"ramp", "ambient"}),
        (parameter("incident_wavelength", {"between": [2, 3]}, "angstrom"), {"ice"}),
        (parameter("incident_photon_energy", {"between": [5, 6]}, "keV"), set()),
        (parameter("incident_photon_energy", {"neq": 25.6}, "keV"), {"ambient", "copper"}),
        (parameter("pressure", {"gt": 100}, "GPa"), {"ramp"}),
        (parameter("sample_pressure", {"gt": 0}, "K"), set()),
        (parameter("sample_mass", {"gt": 2}, "furlong"), {"ice"}),
        (parameter("sample_mass", {"gt": 2}), {"ice"}),
        (parameter("run", 7), {"copper"}),
        (parameter("run", {"between": ["6", "8"]}), {"copper"}),
        (parameter("run", {"gt": 6}, ""), {"copper"}),
        (parameter("sample_state", "solid"), {"copper"}),
        (parameter("sample_state", {"neq": "solid"}), set()),
        (parameter("sample_state", {"like": "%oli%"}), {"copper"}),
        (parameter("chemical_formula", {"like": "Cu"}), {"copper"}),
        (parameter("sample_chemical_formula", {"like": "Fe0.8"}), {"ramp", "ambient"}),
        (parameter("sample_chemical_formula", {"ilike": "(mg%)o"}), {"ramp", "ambient"}),
        (joined("parameters", {"name": {"like": "sample%"}}), {"ramp", "ambient", "ice", "copper"}),
        (joined("parameters", {"unit": "celsius"}), {"ambient", "ice", "copper"}),
    ],
)  # fmt: skip
def test_parameters(index: Index, asked: dict[str, Any], found: set[str]) -> None:
    assert having(index, asked) == found


def test_all_of_several_parameters_must_hold_each_on_some(index: Index) -> None:
    cold, formula = parameter("temperature", {"lt": 80}, "celsius"), parameter("chemical_formula", "Cu")
    assert having(index, cold, formula) == {"copper"}
    assert having(index, cold, parameter("chemical_formula", "Ag")) == set()
    shown = ask(index, {"include": [cold, formula]})[0]["parameters"]
    assert [each["name"] for each in shown] == ["temperature", "chemical_formula"]


def test_one_of_several_parameters_is_enough_with_or(index: Index) -> None:
    either = {
        "or": [
            {"and": [{"name": "sample_state"}, {"value": "solid"}]},
            {"and": [{"name": "sample_pressure"}, {"value": {"gt": 1}}, {"unit": "GPa"}]},
        ]
    }
    assert having(index, joined("parameters", either)) == {"copper", "ramp"}


def test_a_unit_reaches_into_alternatives(index: Index) -> None:
    inside = {"or": [{"value": {"lt": 2}}, {"value": {"gt": 1e6}}]}
    asked = joined("parameters", {"and": [{"name": "sample_pressure"}, inside, {"unit": "bar"}]})
    assert having(index, asked) == {"ramp", "ambient"}


@pytest.mark.parametrize(
    ("asked", "value", "unit"),
    [
        (parameter("sample_pressure", 101325, "Pa"), 101325, "Pa"),
        (parameter("sample_pressure", {"lt": 2}, "bar"), 1.01325, "bar"),
        (parameter("sample_temperature", {"between": [294, 297]}, "celsius"), None, None),
        (parameter("sample_temperature", {"between": [294, 297]}, "K"), 295, "K"),
        (parameter("sample_temperature", {"gt": 20.5}, "celsius"), 21.85, "celsius"),
        (parameter("photon_energy", {"gt": 0.5, "lt": 1}, "keV"), 0.93, "keV"),
        (parameter("sample_pressure", {"gt": 120}, "Mbar"), None, None),
        (parameter("sample_pressure", {"gt": 1}, "Mbar"), "0.001 to 1.204", "Mbar"),
    ],
)
def test_the_answer_is_in_the_unit_that_was_asked_for(
    index: Index, asked: Any, value: object, unit: str | None
) -> None:
    found = ask(index, {"include": [asked]})
    assert [(each["value"], each["unit"]) for thing in found for each in thing["parameters"]] == (
        [] if unit is None else [(value, unit)]
    )


def test_a_wavelength_is_answered_for_an_energy(index: Index) -> None:
    found = ask(index, {"include": [parameter("incident_wavelength", {"lt": 1}, "angstrom")]})
    ramp = next(thing for thing in found if thing["pid"] == RAMP.pid)
    (shown,) = ramp["parameters"]
    assert (shown["name"], shown["unit"]) == ("incident_wavelength", "angstrom")
    assert shown["value"] == pytest.approx(12.398419843320026 / 25.6)  # hc, CODATA 2018


def test_a_range_is_shown_with_both_ends(index: Index) -> None:
    (ramp,) = ask(index, {"where": {"pid": RAMP.pid}, "include": ["parameters"]})
    pressure = ramp["parameters"][0]
    assert (pressure["minimum"], pressure["maximum"], pressure["unit"]) == (0.1, 120.4, "GPa")
    assert pressure["value"] == "0.1 to 120.4"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (parameter("sample_temperature", {"gt": 1}, "kelvn"), "'kelvn' is not a unit; did you mean kelvin?"),
        (parameter("sample_pressure", {"gt": "high"}, "GPa"), "'high' is none"),
        (parameter("sample_pressure", {"gt": 1}, "'; DROP TABLE datasets"), "is not a unit"),
    ],
)
def test_units_and_numbers_that_are_none_are_refused(index: Index, asked: Any, message: str) -> None:
    with pytest.raises(FilterError, match=message.replace("?", r"\?")):
        ask(index, {"include": [asked]})


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


# -- scores ------------------------------------------------------------------------------------


def test_every_thing_in_a_list_has_a_numeric_score(index: Index) -> None:
    for model in ("Dataset", "Document", "Instrument"):
        assert all(thing["score"] == 0 for thing in ask(index, {}, model))


def test_free_text_sorts_by_score_and_drops_what_has_none(index: Index) -> None:
    found = ask(index, {"query": "compression of ferropericlase"})
    assert [NAMES[thing["pid"]] for thing in found] == ["ramp", "ambient"]
    assert 1 >= found[0]["score"] > found[1]["score"] > 0


def test_a_single_word_scores_at_most_0_9(index: Index) -> None:
    assert ask(index, {"query": "ice"})[0]["score"] == 0.9


def test_a_word_that_stands_nowhere_lowers_the_score(index: Index) -> None:
    (with_it,) = ask(index, {"query": "compression unobtainium"})
    assert 0 < with_it["score"] < 0.9


def test_equal_scores_are_sorted_by_date(index: Index) -> None:
    assert names(index, {"query": "ferropericlase"}) == ["ramp", "ambient"]


def test_the_limit_is_applied_after_scoring(index: Index) -> None:
    assert names(index, {"query": "ambient ferropericlase", "limit": 1}) == ["ambient"]


def test_zero_scores_are_kept_where_they_are_asked_for(index: Index) -> None:
    page = Page("Dataset", parse({"query": "ice"}, DATASET), zeros=True)
    with asking(index, 20) as connection:
        found = answers.found(Conditions(connection), page)
    assert [score > 0 for _, score in found] == [True, False, False, False, False]


def test_documents_score_by_their_own_words_and_by_those_of_their_data_sets(index: Index) -> None:
    assert [thing["pid"] for thing in ask(index, {"query": "oxides"}, "Document")] == ["10.5072/proposal"]
    assert [thing["pid"] for thing in ask(index, {"query": "cylinder"}, "Document")] == ["10.5072/proposal"]
    assert [thing["pid"] for thing in ask(index, {"query": "Cold"}, "Document")] == ["10.5072/paper"]


def test_instruments_score_by_name_and_facility(index: Index) -> None:
    found = ask(index, {"query": "loki ess"}, "Instrument")
    assert [thing["name"] for thing in found] == ["LoKI"]


@pytest.mark.parametrize("query", ["%", '"', "ice* OR", "NEAR(ice", "a:b", "'", "\\", "&|!", "ice)"])
def test_free_text_is_words_whatever_signs_stand_in_it(index: Index, query: str) -> None:
    assert set(names(index, {"query": query})) <= ALL


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
    {
        "include": [
            {"relation": "documents", "scope": {"include": [joined("members", {"role": "local contact"})]}}
        ]
    },
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


# -- many --------------------------------------------------------------------------------------

MAGNITUDES = st.sampled_from([0.0, 1e-3, 0.5, 1.0, 3.0, 44.1, 120.4, 5e4])


@pytest.fixture(scope="module")
def ranges(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Index, dict[str, tuple[float, float]]]]:
    """Ranges of all widths, and where each lies, in GPa."""
    ends = [0.0, 1e-3, 0.4, 1.0, 2.9, 3.1, 44.0, 44.1, 44.2, 120.4, 1e3, 4e4]
    made = {f"20.500/{low}-{high}": (low, high) for low in ends for high in ends if low <= high}
    with indexes("sqlite", tmp_path_factory.mktemp("ranges")) as index:
        index.put(
            record(
                pid.removeprefix("20.500/"), pid, parameters=(number("sample_pressure", low, "GPa", high),)
            )
            for pid, (low, high) in made.items()
        )
        yield index, made


@given(MAGNITUDES, MAGNITUDES, st.sampled_from(["between", "gt", "gte", "lt", "lte", "eq"]))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_index_of_ranges_finds_what_trying_them_all_finds(
    ranges: tuple[Index, dict[str, tuple[float, float]]], first: float, second: float, operator: str
) -> None:
    index, made = ranges
    start, end = sorted((first, second))
    met = {
        "between": lambda low, high: high >= start and low <= end,
        "gt": lambda low, high: high > start,
        "gte": lambda low, high: high >= start,
        "lt": lambda low, high: low < start,
        "lte": lambda low, high: low <= start,
        "eq": lambda low, high: low <= start <= high,
    }[operator]
    value = [start * 10, end * 10] if operator == "between" else start * 10
    asked = {"include": [parameter("sample_pressure", {operator: value}, "kbar")], "limit": 0}
    assert {thing["pid"] for thing in ask(index, asked)} == {pid for pid, ends in made.items() if met(*ends)}


def test_what_has_a_common_word_is_found_however_many_have_it(tmp_path: Any) -> None:
    with indexes("sqlite", tmp_path) as index:
        index.put(record(f"r-{each}", "Iron", created=f"{2000 + each // 300}-01-01") for each in range(6000))
        found = ask(index, {"query": "iron", "where": {"creationDate": {"lt": "2000-06-01"}}, "limit": 0})
    assert len(found) == 300
    assert {thing["score"] for thing in found} == {0.9}
