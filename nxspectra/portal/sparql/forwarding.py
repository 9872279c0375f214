"""Queries over graphs that a server keeps: handed on to it, as they were read, and bounded here too."""

from __future__ import annotations

import logging
import time

from pyoxigraph import NamedNode

from nxspectra.catalogue.server import GraphServer
from nxspectra.errors import ServerFailed
from nxspectra.portal.sparql.answering import HIDDEN, Answered, Asked

log = logging.getLogger("nxspectra.portal")

FRESH = 10.0
"""Seconds for which it is known which graphs everybody may see."""
UNION = [("union-default-graph", "true")]
"""How Oxigraph is asked to take all graphs as the default graph; others do so by their settings."""


class Forwarding:
    """Asks the server of a catalogue."""

    def __init__(self, address: str, seconds: float, most_bytes: int) -> None:
        self._server = GraphServer(address, timeout=seconds, most_bytes=most_bytes)
        self._most_bytes = most_bytes
        self._shown: tuple[float, list[NamedNode] | None] = (-FRESH, None)

    def answer(self, asked: Asked) -> Answered:
        """Of one query."""
        try:
            return self._answer(asked)
        except ServerFailed as error:
            log.error("%s", error)
            if "was given up" in str(error):
                most = f"{self._most_bytes / 1024**2:g} MiB"
                return Answered(413, message=f"the answer has more than {most}; ask for less, with LIMIT")
            return Answered(
                503, message="the graphs cannot be reached, or the query takes too long; ask for less"
            )

    def _answer(self, asked: Asked) -> Answered:
        chosen = [("default-graph-uri", name) for name in asked.default_graphs]
        chosen += [("named-graph-uri", name) for name in asked.named_graphs]
        shown = self._everybodys()
        for _, name in chosen:
            if not self._is_there(name, shown):
                return Answered(400, message=f"there is no graph <{name}> here, and none is fetched")
        if not chosen and shown is not None:
            chosen = [
                (parameter, name.value)
                for parameter in ("default-graph-uri", "named-graph-uri")
                for name in shown
            ]
        answer = self._server.query(asked.text, asked.media_type, chosen or UNION)
        if answer.status == 200:
            return Answered(200, answer.body)
        if answer.status == 400:
            return Answered(400, message=f"not a SPARQL query: {answer.excerpt}")
        raise self._server.server.failed("a query was handed on", answer)

    def _everybodys(self) -> list[NamedNode] | None:
        """The graphs that everybody may see; None if these are all."""
        since, shown = self._shown
        if time.monotonic() - since > FRESH:
            hidden = {row["g"] for row in self._server.select(HIDDEN)}
            shown = [name for name in self._server.names() if name not in hidden] if hidden else None
            self._shown = time.monotonic(), shown
        return shown

    def _is_there(self, name: str, shown: list[NamedNode] | None) -> bool:
        try:
            graph = NamedNode(name)
        except ValueError:
            return False
        if shown is not None:
            return graph in shown
        return bool(self._server.select(f"SELECT ?s WHERE {{ GRAPH {graph} {{ ?s ?p ?o }} }} LIMIT 1"))

    def end(self) -> None:
        """There is nothing that runs."""
