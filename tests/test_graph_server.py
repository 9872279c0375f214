"""Graphs in a server: the real one from PyPI, and others that do not answer as they should."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from pyoxigraph import Literal, NamedNode, Triple

from nxspectra.catalogue.server import AUTHORIZATION, GraphServer
from nxspectra.errors import ServerFailed, UsageError

ONE, TWO = (
    NamedNode("https://data.example.org/id/20.500/a%20b"),
    NamedNode("https://data.example.org/id/ü?x=1&y=2"),
)
P = NamedNode("http://purl.org/dc/terms/title")


@contextmanager
def oxigraph(folder: Path, port: int | None = None) -> Iterator[str]:
    """The address of an Oxigraph server over a folder, at a port that is free if none is said."""
    if port is None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
    program = [
        Path(sys.executable).parent / "oxigraph",
        "serve",
        "--location",
        folder,
        "--bind",
        f"127.0.0.1:{port}",
    ]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(200):
                try:
                    httpx.get(address, timeout=5)
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield address
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with oxigraph(tmp_path_factory.mktemp("oxigraph")) as address:
        yield address


def titled(title: str) -> Triple:
    return Triple(ONE, P, Literal(title))


def test_a_graph_is_put_read_replaced_and_removed(address: str) -> None:
    graphs = GraphServer(address)
    text = 'it\'s "quoted" \\ and\nbroken } . <urn:x> ü'
    graphs.replace(ONE, [titled(text), titled("two")])
    assert set(graphs.triples(ONE)) == {titled(text), titled("two")}
    graphs.replace(ONE, [titled("new")])
    assert graphs.triples(ONE) == [titled("new")]
    graphs.remove(ONE)
    assert graphs.triples(ONE) == []
    graphs.remove(ONE)


def test_what_takes_the_place_of_others_drops_them(address: str) -> None:
    graphs = GraphServer(address)
    graphs.replace(ONE, [titled("old")])
    graphs.replace(TWO, [titled("new")], [ONE])
    assert graphs.names() == [TWO]
    graphs.remove(TWO)
    assert graphs.names() == []


def test_solutions_of_a_query_are_read(address: str) -> None:
    graphs = GraphServer(address)
    graphs.replace(ONE, [titled("x")])
    (found,) = graphs.select("SELECT ?g ?t WHERE { GRAPH ?g { ?s ?p ?t } }")
    assert (found["g"], found["t"]) == (ONE, Literal("x"))
    graphs.remove(ONE)


def test_a_server_of_something_else_is_told(address: str) -> None:
    with pytest.raises(ServerFailed, match="no Graph Store Protocol at /store or /data"):
        GraphServer(f"{address}/nothing").triples(ONE)


def test_a_refused_connection_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ServerFailed, match=f"http://127.0.0.1:{port}: nothing answers there"):
        GraphServer(f"http://127.0.0.1:{port}").names()


@pytest.mark.parametrize(
    "address", ["ftp://a", "http://", "a.example.org", "http://a/?x=1", "http://a:99999", "http://a b"]
)
def test_what_is_no_address_is_a_usage_error(address: str) -> None:
    with pytest.raises(UsageError, match="address"):
        GraphServer(address).names()


def test_a_password_in_an_address_is_refused_without_showing_it() -> None:
    with pytest.raises(UsageError, match="authorization") as told:
        GraphServer("http://me:hidden@a.example.org/")
    assert "hidden" not in str(told.value)


# -- servers that do not answer as they should -------------------------------------------------


class Odd:
    """A server that answers everything in one way, and remembers what came."""

    def __init__(self, status: int, body: bytes = b"", *, sleep: float = 0.0, **headers: str) -> None:
        odd = self
        self.headers: list[dict[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                odd.headers.append({name.lower(): value for name, value in self.headers.items()})
                self.rfile.read(int(self.headers.get("content-length") or 0))
                self.send_response(204 if self.command == "HEAD" and status == 200 else status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                with suppress(ConnectionError):  # who asked has given up
                    for byte in body if sleep else [body]:
                        time.sleep(sleep)
                        self.wfile.write(bytes([byte]) if isinstance(byte, int) else byte)
                        self.wfile.flush()

            do_GET = do_PUT = do_DELETE = do_POST = do_HEAD = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Odd:
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def test_another_content_type_is_told() -> None:
    with Odd(200, b"<html>", Content_Type="text/html; charset=utf-8") as odd:
        with pytest.raises(ServerFailed, match="asked for application/n-triples, it sent text/html"):
            GraphServer(odd.address).triples(ONE)
        with pytest.raises(
            ServerFailed, match="asked for application/sparql-results\\+json, it sent text/html"
        ):
            GraphServer(odd.address).names()


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/sparql-results+json", b'{"head": {"vars": ["g"]}, "results": {"bindings": [{"g"'),
        ("application/sparql-results+json", b"[]"),
    ],
)
def test_an_answer_that_is_not_what_it_says_is_told(media_type: str, body: bytes) -> None:
    with Odd(200, body, Content_Type=media_type) as odd, pytest.raises(ServerFailed, match="it sent broken"):
        GraphServer(odd.address).names()


def test_an_answer_that_breaks_off_is_told() -> None:
    odd = Odd(200, b"<urn:s> ", Content_Type="application/n-triples", Content_Length="500")
    with odd, pytest.raises(ServerFailed, match="broke off before the answer was complete"):
        GraphServer(odd.address).triples(ONE)


def test_a_server_that_hardly_answers_is_given_up() -> None:
    odd = Odd(200, b" " * 1000, sleep=0.1, Content_Type="application/sparql-results+json")
    with odd, pytest.raises(ServerFailed, match=r"no whole answer within 0\.5 s"):
        GraphServer(odd.address, timeout=0.5).names()


def test_what_does_not_speak_http_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail.example.org ESMTP\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(ServerFailed, match="does not speak HTTP"):
            GraphServer(f"http://127.0.0.1:{listening.getsockname()[1]}").names()
        thread.join()


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "it was given none"), (500, "it answered 500"), (302, "it redirects to http://b")],
)
def test_a_refusal_is_told_with_what_was_said(status: int, said: str) -> None:
    with Odd(status, b"out of order", Location="http://b") as odd, pytest.raises(ServerFailed, match=said):
        GraphServer(odd.address).replace(ONE, [titled("x")])


def test_the_authorization_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(AUTHORIZATION, "Bearer abc")
    with Odd(
        200,
        b'{"head":{"vars":["g"]},"results":{"bindings":[]}}',
        Content_Type="application/sparql-results+json",
    ) as odd:
        assert GraphServer(odd.address).names() == []
        assert odd.headers[0]["authorization"] == "Bearer abc"
    with Odd(403) as odd, pytest.raises(ServerFailed, match="what it was given is not enough") as told:
        GraphServer(odd.address).names()
    assert "abc" not in str(told.value)
