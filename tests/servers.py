"""Real servers for tests: `nxspectra serve` in a process of its own, at a free port."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from nxspectra.rdf import Description, describe
from nxspectra.settings import Settings
from nxspectra.tree import Group


@contextmanager
def serving(catalogue: Path, *options: str, env: Mapping[str, str] | None = None) -> Iterator[httpx.Client]:
    """A client of `nxspectra serve --catalogue CATALOGUE`, which ends with the block."""
    with running(catalogue, *options, env=env) as server:
        yield server.client


@dataclass(frozen=True)
class Running:
    """A server that runs, and a client of it."""

    client: httpx.Client
    process: subprocess.Popen[bytes]


@contextmanager
def running(catalogue: Path, *options: str, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """`nxspectra serve --catalogue CATALOGUE`, which ends with the block."""
    program = [sys.executable, "-m", "nxspectra", "serve", "--catalogue", str(catalogue), "--port", "0"]
    log = catalogue.parent / f"{catalogue.name}.server.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen([*program, *options], stdout=subprocess.PIPE, stderr=errors, env=env) as server,
    ):
        try:
            assert server.stdout is not None
            url = server.stdout.readline().decode().strip()
            assert url.startswith("http://"), log.read_text()
            with httpx.Client(base_url=url, timeout=60) as client:
                yield Running(client, server)
        finally:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


@dataclass(frozen=True)
class Origin:
    """The file that a tree of these tests is said to come from."""

    digest: str
    path: str
    size: int = 5_617_664


def described(tree: Group, name: str = "run_0042", settings: Settings | None = None) -> Description:
    """A data set whose file is `name`."""
    origin = Origin(digest=name.encode().hex().ljust(64, "0")[:64], path=f"/data/2021/{name}.nxs")
    return describe(tree.read_from(origin), settings or Settings())
