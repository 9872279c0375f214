"""The PaN search API as clients find it, at a real server: the requests that the web page sends, and each
known bug of the servers that there are, answered right."""

from __future__ import annotations

import dataclasses
import gzip
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from facility import AMBIENT, COPPER, ICE, PANET, RAMP, RECORDS, record
from servers import described, serving

from nxspectra.catalogue import Catalogue
from nxspectra.catalogue.index import Index
from nxspectra.testing import conforming

ODD_PIDS = ("20.500/x/files", "a/../b", "count", "100%25", "ü/ß", "a b+c", "x?y#z", "files")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("pan") / "catalogue"
    Catalogue(folder).file(described(conforming(4)))
    index = Index.in_folder(folder)
    index.remove(described(conforming(4)).pid)
    odd = [dataclasses.replace(record("odd", f"Odd {pid}"), pid=pid, iri=f"urn:{pid}") for pid in ODD_PIDS]
    index.put([*RECORDS, *odd])
    index.close()
    with serving(folder) as client:
        yield client


def get(api: httpx.Client, path: str, **asked: Any) -> Any:
    """What is answered, as JSON; values that are no text are sent as JSON."""
    params = {name: each if isinstance(each, str) else json.dumps(each) for name, each in asked.items()}
    answer = api.get(path, params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    return answer.json()


def refused(api: httpx.Client, path: str, status: int = 400, **asked: Any) -> dict[str, Any]:
    """The error in the envelope of LoopBack."""
    params = {name: each if isinstance(each, str) else json.dumps(each) for name, each in asked.items()}
    answer = api.get(path, params=params)
    assert answer.status_code == status, answer.text
    assert answer.json().keys() == {"error"}
    error: dict[str, Any] = answer.json()["error"]
    assert error["statusCode"] == status
    return error


def pids(found: list[dict[str, Any]]) -> set[str]:
    return {thing["pid"] for thing in found}


# -- the requests of the web page --------------------------------------------------------------


def parameter(name: str, value: Any, unit: str | None = None) -> dict[str, Any]:
    said = [{"name": name}, {"value": value}, *([{"unit": unit}] if unit else [])]
    return {"relation": "parameters", "scope": {"where": {"and": said}}}


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


# -- addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/Datasets", "/api/datasets", "/API/DATASETS", "/api/Datasets/"])
def test_names_in_a_path_are_found_in_any_case(api: httpx.Client, path: str) -> None:
    assert len(get(api, path)) == 5 + len(ODD_PIDS)


@pytest.mark.parametrize("path", ["/api/datasets/count", "/api/Datasets/COUNT", "/Api/DataSets/Count"])
def test_the_count_is_found_in_any_case(api: httpx.Client, path: str) -> None:
    assert get(api, path) == {"count": 5 + len(ODD_PIDS)}


@pytest.mark.parametrize("pid", [pid for pid in ODD_PIDS if pid != "count"])
def test_any_pid_can_be_asked_for(api: httpx.Client, pid: str) -> None:
    path = f"/api/Datasets/{quote(pid, safe='')}"
    assert get(api, path)["pid"] == pid
    assert get(api, f"{path}/files") == []
    assert get(api, f"{path}/files/count") == {"count": 0}


@pytest.mark.parametrize(
    "path",
    [
        "/api/Datasets/20.500/ramp",
        "/api/Datasets/20.500%252Framp",
        "/api/Datasets/20.500%2Framp/",
        "/api/Datasets/a/../b",
        "/api/Datasets/%2e%2e",
        "/api/Datasets/%2e%2e%2fDatasets",
        "/api/Datasets//files",
        "/api/Datasets/nothing%2Ffiles",
        "/api/Datasets/20.500%2Fsecret",
        "/api/Datasets/20.500%2Fsecret/files",
    ],
)
def test_paths_that_lead_nowhere_lead_nowhere(api: httpx.Client, path: str) -> None:
    answer = raw(api, f"GET {path} HTTP/1.1")
    if path.endswith("ramp/"):
        assert answer.startswith("HTTP/1.1 200"), answer
    else:
        assert answer.startswith("HTTP/1.1 404"), answer


@pytest.mark.parametrize("path", ["/api/Datasets/%ff", "/api/Datasets/a%00b", "/techniques/%c3%28"])
def test_a_pid_that_is_no_text_is_refused(api: httpx.Client, path: str) -> None:
    assert raw(api, f"GET {path} HTTP/1.1").startswith("HTTP/1.1 400")


def raw(api: httpx.Client, line: str) -> str:
    """An answer to a request line that no client would send."""
    where = urlsplit(str(api.base_url))
    with socket.create_connection((where.hostname, where.port), timeout=30) as connection:
        connection.sendall(f"{line}\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1"))
        parts = iter(lambda: connection.recv(65536), b"")
        return b"".join(parts).decode()


def test_a_thing_that_is_not_there_has_the_code_of_loopback(api: httpx.Client) -> None:
    error = refused(api, "/api/Documents/none", 404)
    assert error == {
        "statusCode": 404,
        "name": "Error",
        "message": 'Unknown "Document" id "none".',
        "code": "MODEL_NOT_FOUND",
    }


@pytest.mark.parametrize(
    "path", ["/api/Techniques", "/api/Parameters", "/api/Files", "/api", "/api/Documents/x/files"]
)
def test_other_models_have_no_end_points(api: httpx.Client, path: str) -> None:
    refused(api, path, 404)


# -- bugs of the servers that there are --------------------------------------------------------


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


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/api/Datasets", {"filter": "{"}),
        ("/api/Datasets", {"filter": "[]"}),
        ("/api/Datasets", {"filter": '{"limit":-1}'}),
        ("/api/Datasets", {"filter": '{"where":{"a":' * 9 + "1" + "}}" * 9}),
        ("/api/Datasets", {"filter": "[" * 10_000}),
        ("/api/Datasets", {"filter": '"' + "x" * 33_000 + '"'}),
        ("/api/Datasets", {"filter": '{"where":{"title":"\\u0000"}}'}),
        ("/api/Datasets", {"filter": '{"where":{"title":"\\ud800"}}'}),
        ("/api/Datasets", {"filter": '{"where":{"size":1e999}}'}),
        ("/api/Datasets", {"filter": '{"where":{"title":{"regexp":"(a+)+"}}}'}),
        ("/api/Datasets", {"query": "a\x00b"}),
        ("/api/Datasets", {"query": "a", "filter": '{"query":"b"}'}),
        ("/api/Datasets", {"returnZeroScores": "maybe"}),
        ("/api/Datasets", {"filter": "{}", "filter[limit]": "1"}),
        ("/api/Datasets/count", {"where": '{"titel":"x"}'}),
        ("/api/Documents", {"filter": '{"include":"files"}'}),
        ("/api/Instruments", {"filter": '{"order":"name UPWARDS"}'}),
        ("/api/Datasets/20.500%2Framp", {"filter": '{"include":"filse"}'}),
        ("/api/Datasets/20.500%2Framp/files", {"filter": '{"where":{"title":"x"}}'}),
        ("/api/Datasets/20.500%2Framp/files", {"filter": '{"query":"x"}'}),
        ("/techniques", {"filter": '{"where":{"label":"x"}}'}),
        ("/techniques/pan-ontology", {"where": '{"name":{"similar":"x"}}'}),
    ],
)
def test_what_cannot_be_understood_is_a_bad_request(api: httpx.Client, path: str, asked: Any) -> None:
    answer = api.get(path, params=asked)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["message"]


def test_what_is_too_deep_has_the_code_of_loopback(api: httpx.Client) -> None:
    assert refused(api, "/api/Datasets", filter="[" * 15 + "]" * 15)["code"] == "QUERY_OBJECT_TOO_DEEP"


def test_a_filter_that_is_given_twice_is_refused(api: httpx.Client) -> None:
    assert api.get("/api/Datasets?filter={}&filter={}").status_code == 400


# -- techniques and scores ---------------------------------------------------------------------


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


# -- how it is answered ------------------------------------------------------------------------


def test_who_has_an_answer_is_told_so(api: httpx.Client) -> None:
    first = api.get("/api/Datasets")
    again = api.get("/api/Datasets", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]
    other = api.get("/api/Datasets?filter[limit]=1", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


def test_long_answers_are_compressed_for_who_takes_that(api: httpx.Client) -> None:
    with api.stream("GET", "/techniques", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed)) == get(api, "/techniques")
    plain = api.get("/techniques", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize(
    "path", ["/api/Datasets", "/api/Datasets/20.500%2Framp", "/techniques", "/api/Nothing"]
)
def test_a_head_is_the_answer_without_its_body(api: httpx.Client, path: str) -> None:
    whole, head = api.get(path), api.head(path)
    assert head.content == b""
    assert head.status_code == whole.status_code
    names = ("content-type", "etag")
    assert {name: head.headers.get(name) for name in names} == {
        name: whole.headers.get(name) for name in names
    }


def test_options_say_what_can_be_done(api: httpx.Client) -> None:
    answer = api.options("/api/Datasets")
    assert answer.status_code == 204
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_another_web_page_may_ask_before_it_asks(api: httpx.Client) -> None:
    headers = {"Origin": "https://data.panosc.eu", "Access-Control-Request-Method": "GET"}
    answer = api.options("/api/Datasets", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed(api: httpx.Client, method: str) -> None:
    for path in ("/api/Datasets", "/api/Datasets/20.500%2Framp", "/techniques"):
        assert api.request(method, path, json={}).status_code == 405


def test_all_of_a_long_list_comes_in_pieces(tmp_path: Any) -> None:
    folder = tmp_path / "catalogue"
    Catalogue(folder).file(described(conforming(4)))
    index = Index.in_folder(folder)
    index.put(dataclasses.replace(RAMP, pid=f"p-{number}", iri=f"urn:{number}") for number in range(2500))
    index.close()
    with serving(folder) as api:
        assert len(get(api, "/api/Datasets")) == 100
        whole = api.get(
            "/api/Datasets", params={"filter": json.dumps({"limit": 0, "include": ["parameters"]})}
        )
        found = {thing["pid"] for thing in whole.json()}
        assert {f"p-{number}" for number in range(2500)} <= found
        assert "etag" not in whole.headers
        assert all(len(thing["parameters"]) == 3 for thing in whole.json() if thing["pid"].startswith("p-"))


def test_many_ask_at_once(api: httpx.Client) -> None:
    asked = json.dumps({"include": [parameter("sample_pressure", {"gt": 1}, "GPa")]})

    def one(number: int) -> int:
        return httpx.get(f"{api.base_url}/api/Datasets", params={"filter": asked}, timeout=60).status_code

    with ThreadPoolExecutor(32) as many:
        assert set(many.map(one, range(96))) == {200}
