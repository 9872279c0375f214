"""Harvests: of ourselves, so that what is copied answers as the original, and of providers that misbehave."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from nxspectra.catalogue.transfer.harvesting import ATTEMPTS, Harvest
from nxspectra.errors import ServerFailed
from nxspectra.findings import Severity
from nxspectra.settings import Settings


def things(number: int) -> list[dict[str, Any]]:
    return [
        {
            "pid": f"20.500/{index:04}",
            "title": f"Ramp {index}",
            "isPublic": True,
            "creationDate": "2021-05-27",
        }
        for index in range(number)
    ]


class Provider:
    """A provider of data sets; a test says how it misbehaves by replacing a method."""

    def __init__(self, number: int = 25) -> None:
        self.things = things(number)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.waits: list[float] = []
        self.below = ""

    def answer(self, path: str, asked: dict[str, Any]) -> tuple[int, Any]:
        """Status and body; text is sent as it is."""
        if path == f"{self.below}/Datasets/count":
            return 200, {"count": len(self.things)}
        if path != f"{self.below}/Datasets":
            return 404, {"error": {"statusCode": 404}}
        return self.page(asked)

    def page(self, asked: dict[str, Any]) -> tuple[int, Any]:
        skip = asked.get("skip", 0)
        return 200, self.things[skip : skip + asked["limit"]]

    def pages(self) -> list[int]:
        """Where each page began that was asked for."""
        return [asked["skip"] for _, asked in self.asked if "skip" in asked]


@contextmanager
def provided(provider: Provider) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = json.loads(parse_qs(parts.query).get("filter", ["{}"])[0])
            provider.asked.append((parts.path, asked))
            status, body = provider.answer(parts.path, asked)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status == 429:
                self.send_header("Retry-After", "7")
            self.end_headers()
            self.wfile.write(body.encode() if isinstance(body, str) else json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def harvest(address: str, folder: Path, provider: Provider, page: int = 10) -> Harvest:
    return Harvest(address, folder, page=page, pause=0.25, settings=Settings(), sleep=provider.waits.append)


def made(provider: Provider, folder: Path, page: int = 10) -> Harvest:
    """A harvest that was made."""
    with provided(provider) as address:
        harvested = harvest(address, folder, provider, page)
        for _ in harvested:
            pass
    return harvested


def pids(harvested: Harvest) -> list[str]:
    return [record.pid for record in harvested.records()]


def test_all_pages_are_taken_politely(tmp_path: Path) -> None:
    provider = Provider(25)
    harvested = made(provider, tmp_path)
    assert pids(harvested) == [each["pid"] for each in provider.things]
    assert provider.pages() == [0, 10, 20, 25]
    assert harvested.findings == []
    assert all(record.source.kind == "harvested" for record in harvested.records())
    assert provider.waits == [0.25] * len(provider.asked)


def test_progress_is_told_after_each_page(tmp_path: Path) -> None:
    provider = Provider(25)
    with provided(provider) as address:
        assert [(page.done, page.of) for page in harvest(address, tmp_path, provider)] == [
            (0, 25), (10, 25), (20, 25), (25, 25),
        ]  # fmt: skip


def test_the_interface_may_be_below_the_address(tmp_path: Path) -> None:
    provider = Provider(3)
    provider.below = "/api"
    assert len(pids(made(provider, tmp_path))) == 3


def test_a_harvest_that_broke_off_goes_on_where_it_was(tmp_path: Path) -> None:
    provider = Provider(25)
    with provided(provider) as address:
        pages = iter(harvest(address, tmp_path, provider))
        for _ in range(3):
            next(pages)
        del pages
        with (tmp_path / ".harvest.partial").open("a") as partial:
            partial.write('{"address": "half a li')
        provider.asked.clear()
        harvested = harvest(address, tmp_path, provider)
        for _ in harvested:
            pass
    assert provider.pages() == [20, 25]
    assert len(pids(harvested)) == 25
    harvested.forget()
    assert list(tmp_path.iterdir()) == []


def test_what_is_left_of_a_harvest_of_another_provider_is_not_used(tmp_path: Path) -> None:
    other, provider = Provider(25), Provider(5)
    with provided(other) as address:
        pages = iter(harvest(address, tmp_path, other))
        next(pages)
        next(pages)
        del pages
    assert len(pids(made(provider, tmp_path))) == 5


def test_a_provider_that_is_busy_is_asked_again_later(tmp_path: Path) -> None:
    provider = Provider(5)
    busy = iter([429, 503, 502])
    answer = provider.answer

    def tired(path: str, asked: dict[str, Any]) -> tuple[int, Any]:
        status = next(busy, None) if "skip" in asked else None
        return answer(path, asked) if status is None else (status, "come later")

    provider.answer = tired  # type: ignore[method-assign]
    assert len(pids(made(provider, tmp_path))) == 5
    assert [wait for wait in provider.waits if wait != 0.25] == [7.0, 14.0, 28.0]


def test_a_provider_that_stays_away_is_told(tmp_path: Path) -> None:
    provider = Provider()
    provider.answer = lambda path, asked: (503, "no")  # type: ignore[method-assign]
    with pytest.raises(ServerFailed, match="it answered 503: no"):
        made(provider, tmp_path)
    assert len(provider.asked) == ATTEMPTS


def test_relations_that_a_provider_does_not_know_are_told_and_left_out(tmp_path: Path) -> None:
    provider = Provider(3)

    def page(asked: dict[str, Any]) -> tuple[int, Any]:
        known = {"instrument", "document"}
        if any(each["relation"] not in known or "scope" in each for each in asked.get("include", ())):
            return 400, {"error": {"statusCode": 400, "message": "no such relation"}}
        return 200, provider.things[asked.get("skip", 0) :][: asked["limit"]]

    provider.page = page  # type: ignore[method-assign]
    harvested = made(provider, tmp_path)
    assert len(pids(harvested)) == 3
    wanted = next(asked["include"] for _, asked in provider.asked if "skip" in asked)
    assert [each["relation"] for each in wanted] == ["document", "instrument"]
    assert {each.rule for each in harvested.findings} == {"no-relation"}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (lambda asked: (200, things(10)[: asked["limit"]]), "does it take no `skip`"),
        (lambda asked: (200, "<html>"), "data sets were asked for, it sent application/json"),
        (lambda asked: (200, {"data": []}), "a list of data sets was asked for"),
        (lambda asked: (200, "[" * 100_000), "data sets were asked for"),
        (lambda asked: (401, "who are you?"), "it wants another authorization"),
        (lambda asked: (500, "TypeError"), "it answered 500: TypeError"),
    ],
    ids=["no skip", "html", "no list", "deep", "closed", "broken"],
)
def test_a_provider_that_does_not_answer_as_it_should_is_told(
    tmp_path: Path, page: Callable[[dict[str, Any]], tuple[int, Any]], said: str
) -> None:
    provider = Provider()
    provider.page = page  # type: ignore[method-assign]
    with pytest.raises(ServerFailed, match=said):
        made(provider, tmp_path)


def test_a_provider_that_takes_no_limit_is_taken_at_once(tmp_path: Path) -> None:
    provider = Provider(25)
    provider.page = lambda asked: (200, provider.things)  # type: ignore[method-assign]
    assert len(pids(made(provider, tmp_path))) == 25


def test_a_provider_that_gives_less_than_it_says_is_told(tmp_path: Path) -> None:
    provider = Provider(5)
    provider.page = lambda asked: (200, provider.things[:3][asked.get("skip", 0) :])  # type: ignore[method-assign]
    (told,) = made(provider, tmp_path).findings
    assert "says that it has 5 data sets, and gave 3" in told.message


def test_things_that_are_none_are_left_out_and_told(tmp_path: Path) -> None:
    provider = Provider(2)
    provider.things += [17, {"title": "no pid"}, {"pid": "hidden", "isPublic": False}, things(1)[0]]  # type: ignore[list-item]
    harvested = made(provider, tmp_path)
    assert len(pids(harvested)) == 2
    broken = {each.path: each.rule for each in harvested.findings if each.severity is Severity.VIOLATION}
    assert broken == {"Datasets/2": "no-object", "Datasets/3": "no-pid"}


def test_nobody_at_the_address_is_told_after_some_attempts(tmp_path: Path) -> None:
    provider = Provider()
    with provided(provider) as address:
        pass
    with pytest.raises(ServerFailed, match="nothing answers there"):
        next(iter(harvest(address, tmp_path, provider)))
    assert len([wait for wait in provider.waits if wait != 0.25]) == ATTEMPTS - 1
