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


def filed(folder: Path, *names: str) -> None:
    with Catalogue(folder) as catalogue:
        for name in names:
            catalogue.file(described(conforming(4), name))


def test_what_is_filed_while_it_serves_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    filed(folder, "run_1")
    with serving(folder) as client:
        assert client.get("/api/Datasets/count").json() == {"count": 1}
        filed(folder, "run_2")
        assert client.get("/api/Datasets/count").json() == {"count": 2}


def test_an_index_that_is_put_in_the_place_of_another_is_found(tmp_path: Path) -> None:
    folder, other = tmp_path / "catalogue", tmp_path / "other"
    filed(folder, "run_1")
    filed(other, "run_1", "run_2", "run_3")
    with serving(folder) as client:
        assert client.get("/api/Datasets/count").json() == {"count": 1}
        (other / "index.sqlite").replace(folder / "index.sqlite")
        assert client.get("/api/Datasets/count").json() == {"count": 3}


def test_a_damaged_index_is_an_error_that_tells_nothing_of_this_machine(tmp_path: Path) -> None:
    folder, garbage = tmp_path / "catalogue", tmp_path / "garbage"
    filed(folder, "run_1")
    garbage.write_bytes(b"no database" * 1000)
    with serving(folder) as client:
        garbage.replace(folder / "index.sqlite")
        answer = client.get("/api/Datasets")
        assert answer.status_code == 500
        assert (
            answer.json()["error"]["message"]
            == "the catalogue cannot be read; the log of the server says why"
        )
        assert client.get("/").status_code == 200
    assert "catalogue rebuild" in (tmp_path / "catalogue.server.log").read_text()


def test_a_damaged_index_is_not_served(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    filed(folder, "run_1")
    (folder / "index.sqlite").write_bytes(b"no database" * 1000)
    done = CliRunner().invoke(program, ["serve", "--catalogue", str(folder), "--port", "0"])
    assert done.exit_code == 3
    assert "catalogue rebuild" in done.stderr
