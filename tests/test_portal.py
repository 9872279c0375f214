"""What holds for every request to the portal, seen through a real server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from servers import described, serving

from nxspectra.catalogue import Catalogue
from nxspectra.cli import program
from nxspectra.testing import conforming


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("portal") / "catalogue"
    Catalogue(folder).file(described(conforming(4)))
    with serving(folder) as client:
        yield client


def test_the_root_says_that_the_service_is_there(portal: httpx.Client) -> None:
    said = portal.get("/").json()
    assert said["name"] == "nxspectra"
    assert said["uptime"] >= 0


def test_what_is_not_there_is_said_in_the_envelope_of_loopback(portal: httpx.Client) -> None:
    answer = portal.get("/api/Parameters")
    assert answer.status_code == 404
    assert answer.json() == {
        "error": {"statusCode": 404, "name": "Error", "message": "there is nothing at /api/Parameters"}
    }


def test_a_method_that_cannot_be_used_is_said_in_the_envelope(portal: httpx.Client) -> None:
    answer = portal.delete("/")
    assert answer.status_code == 405
    assert answer.json()["error"]["name"] == "MethodNotAllowedError"
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_an_endless_address_is_refused(portal: httpx.Client) -> None:
    answer = portal.get("/", params={"filter": "x" * 50_000})
    assert answer.status_code == 414
    assert answer.json()["error"]["statusCode"] == 414


def test_a_large_body_is_refused(portal: httpx.Client) -> None:
    answer = portal.post("/", content=b"x" * 2_000_000)
    assert answer.status_code == 413
    assert "at most 1000000 bytes" in answer.json()["error"]["message"]


def test_any_web_page_may_ask_but_never_with_credentials(portal: httpx.Client) -> None:
    answer = portal.get("/", headers={"Origin": "https://search.example.org"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def test_the_openapi_document_is_there(portal: httpx.Client) -> None:
    assert portal.get("/openapi.json").json()["info"]["title"] == "nxspectra"


def test_a_port_that_is_taken_is_a_usage_error(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    Catalogue(folder).file(described(conforming(4)))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = CliRunner().invoke(program, ["serve", "--catalogue", str(folder), "--port", port])
    assert done.exit_code == 2
    assert "choose another --port" in done.stderr


def test_a_folder_that_is_no_catalogue_is_not_served(tmp_path: Path) -> None:
    done = CliRunner().invoke(program, ["serve", "--catalogue", str(tmp_path), "--port", "0"])
    assert done.exit_code == 3
    assert "nxspectra ingest" in done.stderr
