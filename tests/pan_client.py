"""The PaN search API at a real server, and how its tests ask it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from facility import RECORDS, record
from servers import described, serving

from nxspectra.catalogue import Catalogue
from nxspectra.catalogue.index import Index
from nxspectra.testing import conforming

ODD_PIDS = ("20.500/x/files", "a/../b", "count", "100%25", "ü/ß", "a b+c", "x?y#z", "files")


@contextmanager
def pan_server(folder: Path) -> Iterator[httpx.Client]:
    """A client of a real server, of a catalogue with all that the facility has and pids that are odd."""
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
