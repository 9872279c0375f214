"""The PaN search API as clients find it, at a real server: the requests that the web page sends, and each
known bug of the servers that there are, answered right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from facility import AMBIENT, COPPER, ICE, PANET, RAMP
from pan_client import get, pan_server, pids, refused
from pan_questions import parameter


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with pan_server(tmp_path_factory.mktemp("pan") / "catalogue") as client:
        yield client


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (parameter("incident_wavelength", {"between": ["0.04", "0.05"]}, "nm"), {RAMP.pid, AMBIENT.pid}),
        (parameter("incident_wavelength", {"between": [48, 49]}, "pm"), {RAMP.pid, AMBIENT.pid}),
        (parameter("incident_wavelength", {"gt": 0.5, "lt": 3}, "angstrom"), {ICE.pid}),
        (parameter("incident_photon_energy", {"between": [900, 1000]}, "eV"), {COPPER.pid}),
        (parameter("incident_photon_energy", {"between": [4.1e-15, 4.2e-15]}, "J"), {RAMP.pid, AMBIENT.pid}),
        (parameter("sample_temperature", {"between": [290, 294]}, "K"), {ICE.pid, COPPER.pid}),
        (parameter("sample_temperature", {"between": [19, 21]}, "celsius"), {ICE.pid, COPPER.pid}),
        (parameter("sample_temperature", {"between": [71, 72]}, "fahrenheit"), {AMBIENT.pid}),
        (parameter("sample_pressure", {"between": ["1e5", "2e5"]}, "Pa"), {AMBIENT.pid}),
        (parameter("sample_chemical_formula", {"like": "Fe0.8"}), {RAMP.pid, AMBIENT.pid}),
    ],
)  # fmt: skip
def test_the_search_for_a_parameter(api: httpx.Client, asked: Any, found: set[str]) -> None:
    assert pids(get(api, "/api/datasets", filter={"include": [asked], "limit": 50})) == found


def test_the_search_for_documents_of_the_web_page(api: httpx.Client) -> None:
    asked = {
        "include": [
            {
                "relation": "datasets",
                "scope": {
                    "include": [
                        parameter("sample_pressure", {"gt": 1}, "GPa"),
                        {"relation": "techniques", "scope": {"where": {"pid": PANET + "PaNET01216"}}},
                        {"relation": "instrument"},
                    ]
                },
            },
            {
                "relation": "members",
                "scope": {"include": [{"relation": "affiliation"}, {"relation": "person"}]},
            },
        ],
        "where": {"isPublic": True},
        "limit": 50,
    }
    (found,) = get(api, "/api/documents", filter=asked)
    assert [dataset["pid"] for dataset in found["datasets"]] == [RAMP.pid]
    assert found["datasets"][0]["instrument"]["facility"] == "DESY"
    assert found["members"][0]["affiliation"]["city"] == "Lund"


def test_the_details_of_a_document_ask_for_all_of_it(api: httpx.Client) -> None:
    asked = {"include": ["datasets", "members"], "limit": 0}
    found = get(api, f"/api/documents/{quote('10.5072/proposal', safe='')}", filter=asked)
    assert "score" not in found
    assert len(found["datasets"]) == 3


def test_the_list_of_techniques_of_the_web_page(api: httpx.Client) -> None:
    asked = {
        "where": {"and": [{"pid": {"nlike": ":dataset"}}, {"name": {"nlike": "CHMO"}}]},
        "fields": {"pid": True, "name": True},
    }
    found = get(api, "/techniques", filter=asked)
    assert len(found) == get(api, "/techniques/count")["count"]
    assert {"pid": PANET + "PaNET01101", "name": "x-ray powder diffraction"} in found


def test_free_text_beside_the_filter(api: httpx.Client) -> None:
    found = get(api, "/api/Datasets", query="ferropericlase compression", filter={"limit": 1})
    assert pids(found) == {RAMP.pid}
    assert found[0]["score"] == 1


def test_zero_scores_are_shown_to_who_asks_for_them(api: httpx.Client) -> None:
    found = get(api, "/api/Datasets", query="ice", returnZeroScores="true")
    assert found[0]["pid"] == ICE.pid
    assert found[-1]["score"] == 0


def test_names_in_brackets_are_understood(api: httpx.Client) -> None:
    assert len(api.get("/api/Datasets?filter[limit]=1").json()) == 1
    found = api.get("/api/Datasets/count?where[title][like]=%25ferro%25").json()
    assert found == {"count": 2}


def test_units_are_converted(api: httpx.Client) -> None:
    found = get(api, "/api/Datasets", filter={"include": [parameter("photon_energy", {"lt": 1}, "keV")]})
    energies = [each for thing in found for each in thing["parameters"] if each["name"] == "photon_energy"]
    assert [(each["value"], each["unit"]) for each in energies] == [(0.93, "keV")]


@pytest.mark.parametrize("operator", ["gte", "lte", "neq", "inq", "nin"])
def test_every_operator_works_on_parameters(api: httpx.Client, operator: str) -> None:
    value: Any = [7] if operator in ("inq", "nin") else 7
    found = get(api, "/api/Datasets", filter={"include": [parameter("run", {operator: value})]})
    assert (COPPER.pid in pids(found)) == (operator in ("gte", "lte", "inq"))


def test_techniques_are_filtered_by_pid(api: httpx.Client) -> None:
    include = [{"relation": "techniques", "scope": {"where": {"pid": PANET + "PaNET01101"}}}]
    assert pids(get(api, "/api/Datasets", filter={"include": include})) == {RAMP.pid, AMBIENT.pid}


def test_the_limit_comes_after_the_joins(api: httpx.Client) -> None:
    include = [{"relation": "techniques", "scope": {"where": {"name": "x-ray absorption"}}}]
    assert pids(get(api, "/api/Datasets", filter={"include": include, "limit": 1})) == {COPPER.pid}


def test_an_unknown_relation_is_a_bad_request(api: httpx.Client) -> None:
    error = refused(api, "/api/Datasets", filter={"include": [{"relation": "sample"}]})
    assert (
        error["message"]
        == "filter.include[0].relation: a Dataset has no relation 'sample'; did you mean samples?"
    )
    assert error["name"] == "BadRequestError"


def test_an_unknown_operator_is_a_bad_request(api: httpx.Client) -> None:
    assert (
        "did you mean like?"
        in refused(api, "/api/Datasets", filter={"where": {"title": {"lik": "x"}}})["message"]
    )


@pytest.mark.parametrize("relation", ["instrument", "document"])
def test_a_relation_may_be_a_text(api: httpx.Client, relation: str) -> None:
    found = get(api, "/api/Datasets", filter={"include": relation, "where": {"pid": RAMP.pid}})
    assert found[0][relation]["pid"]


def test_type_and_facility_are_not_passed_over(api: httpx.Client) -> None:
    assert pids(get(api, "/api/Documents", filter={"where": {"type": "publication"}})) == {"10.5072/paper"}
    assert len(get(api, "/api/Instruments", filter={"where": {"facility": "ESS"}})) == 1


def test_members_and_another_condition_go_together(api: httpx.Client) -> None:
    members = {"relation": "members", "scope": {"where": {"role": "local contact"}}}
    found = get(api, "/api/Documents", filter={"include": [members], "where": {"type": "proposal"}})
    assert pids(found) == {"10.5072/proposal"}


def test_samples_keep_their_pid(api: httpx.Client) -> None:
    found = get(api, "/api/Datasets", filter={"include": ["samples"], "where": {"pid": ICE.pid}})
    assert found[0]["samples"][0]["pid"] == "s-ice"


def test_foreign_keys_do_not_leak(api: httpx.Client) -> None:
    found = get(api, "/api/Datasets", filter={"include": ["instrument", "files", "parameters"]})
    assert "Id" not in json.dumps(found).replace("panetId", "")


def test_a_parameter_may_be_asked_for_without_and(api: httpx.Client) -> None:
    scope = {"where": {"name": "photon_energy", "value": {"lt": 1}, "unit": "keV"}}
    found = get(api, "/api/Datasets", filter={"include": [{"relation": "parameters", "scope": scope}]})
    assert COPPER.pid in pids(found)
