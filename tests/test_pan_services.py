"""Techniques and scores, as the services answer that other providers of the PaN search API ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from facility import AMBIENT, COPPER, ICE, PANET, RAMP
from pan_client import get, pan_server


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with pan_server(tmp_path_factory.mktemp("pan") / "catalogue") as client:
        yield client


def test_a_technique_has_its_relations(api: httpx.Client) -> None:
    found = get(api, f"/techniques/{quote(PANET + 'PaNET01030', safe='')}")
    assert found["name"] == "powder diffraction"
    assert found["relatives"][0] == found["pid"]
    assert PANET + "PaNET01101" in found["relatives"]
    assert set(found["children"]) <= set(found["relatives"])
    assert found["parents"] == [PANET + "PaNET01028"]


def test_the_relations_of_techniques_agree(api: httpx.Client) -> None:
    terms = {term["pid"]: term for term in get(api, "/techniques")}
    for pid, term in terms.items():
        assert all(pid in terms[child]["parents"] for child in term["children"])
        below = {pid}.union(*(terms[child]["relatives"] for child in term["children"]))
        assert set(term["relatives"]) == below


@pytest.mark.parametrize(
    ("where", "operator", "number"),
    [
        ({"name": "small angle scattering"}, "inq", 22),
        ({"name": {"neq": "small angle scattering"}}, "nin", 22),
        ({"name": "XPD"}, "inq", 1),
        ({"pid": PANET + "PaNET01101"}, "inq", 1),
    ],
)
def test_a_condition_is_expanded_to_pids(api: httpx.Client, where: Any, operator: str, number: int) -> None:
    found = get(api, "/techniques/pan-ontology", where=where)
    assert len(found["pid"][operator]) == number


def test_an_expanded_condition_keeps_its_form(api: httpx.Client) -> None:
    where = {"and": [{"name": "XPD"}, {"or": [{"name": {"neq": "XPD"}}, {"name": "SAXS"}]}]}
    found = get(api, "/techniques/pan-ontology", where=where)
    assert found["and"][0] == {"pid": {"inq": [PANET + "PaNET01101"]}}
    assert found["and"][1]["or"][0] == {"pid": {"nin": [PANET + "PaNET01101"]}}
    include = [{"relation": "techniques", "scope": {"where": found}}]
    asked = [{"relation": "techniques", "scope": {"where": where}}]
    assert get(api, "/api/Datasets", filter={"include": include}) == get(
        api, "/api/Datasets", filter={"include": asked}
    )


def score(api: httpx.Client, **asked: Any) -> Any:
    answer = api.post("/score", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_scores_are_answered_as_the_scoring_service_does(api: httpx.Client) -> None:
    asked = {
        "query": "Compression of ferropericlase",
        "itemIds": [RAMP.pid, AMBIENT.pid],
        "group": "datasets",
        "limit": 5,
    }
    found = score(api, **asked)
    assert found["request"] == asked
    assert found["query"] == {"query": asked["query"], "terms": ["compression", "of", "ferropericlase"]}
    assert [each["itemId"] for each in found["scores"]] == [RAMP.pid, AMBIENT.pid]
    assert found["scores"][0]["group"] == "datasets"
    assert found["dimension"] == 2
    assert found["computeInProgress"] is False
    assert found["started"] <= found["ended"]


def test_an_item_without_the_word_does_not_shift_the_scores_of_others(api: httpx.Client) -> None:
    items = [COPPER.pid, ICE.pid, RAMP.pid, "no such item"]
    assert [each["itemId"] for each in score(api, query="compression", itemIds=items)["scores"]] == [RAMP.pid]


def test_scores_are_those_of_the_lists(api: httpx.Client) -> None:
    listed = get(api, "/api/Datasets", query="ambient ferropericlase")
    scored = score(api, query="ambient ferropericlase", group="Dataset")["scores"]
    assert {each["itemId"]: each["score"] for each in scored} == {
        each["pid"]: each["score"] for each in listed
    }


def test_a_query_without_words_scores_nothing(api: httpx.Client) -> None:
    assert score(api, query="?!")["scores"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 422),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"query":1}', 422),
        (b'{"query":"a\\u0000"}', 422),
        (b'{"query":"\\ud800"}', 422),
        (b'{"query":"x","itemIds":"y"}', 422),
        (b'{"query":"x","limit":1e999}', 422),
        (b'{"query":"x","group":"people"}', 400),
        (b'{"query":"' + b"x" * 5000 + b'"}', 422),
        (b"[" * 100_000, 400),
        (b"x" * 1_100_000, 413),
    ],
)
def test_a_request_for_scores_that_is_none_is_refused(api: httpx.Client, body: bytes, status: int) -> None:
    answer = api.post("/score", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["statusCode"] == status


def test_a_large_body_in_pieces_is_refused(api: httpx.Client) -> None:
    answer = api.post("/score", content=iter([b"x" * 600_000] * 2))
    assert answer.status_code == 413
