"""The PaN search API as a web server: its addresses, what it refuses, and how it answers."""

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
from facility import RAMP
from pan_client import ODD_PIDS, get, pan_server, refused
from pan_questions import parameter
from servers import described, serving

from nxspectra.catalogue import Catalogue
from nxspectra.catalogue.index import Index
from nxspectra.testing import conforming


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with pan_server(tmp_path_factory.mktemp("pan") / "catalogue") as client:
        yield client


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
