"""Named graphs kept by a server that speaks the SPARQL 1.1 Protocol and the Graph Store Protocol.

    Oxigraph       http://127.0.0.1:7878
    Apache Fuseki  http://127.0.0.1:3030/catalogue

Queries go to `query` below the address, graphs to `store` or `data`, whichever is there. What authorises us
is in $NXSPECTRA_GRAPH_AUTHORIZATION, as the whole header: `Bearer …` or `Basic …`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from urllib.parse import urlencode

import pyoxigraph
from pyoxigraph import NamedNode, QueryBoolean, QueryResultsFormat, QuerySolution, RdfFormat, Triple

from nxspectra.errors import ServerFailed
from nxspectra.servers import Answer, Server

AUTHORIZATION = "NXSPECTRA_GRAPH_AUTHORIZATION"
"""Environment variable."""
PATHS = ("/store", "/data")
"""Where servers have the Graph Store Protocol: Oxigraph, Fuseki."""

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SOLUTIONS = QueryResultsFormat.JSON.media_type
TRIPLES = RdfFormat.N_TRIPLES.media_type
DONE = (200, 201, 204)


class GraphServer:
    """The graphs of a server. Each change is one request, which the server makes whole or not at all.

    Every method raises ServerFailed where the server cannot be reached, or does not answer as it should.
    """

    def __init__(self, address: str, *, timeout: float = 60.0, most_bytes: int = 256 * 1024**2) -> None:
        """`timeout` and `most_bytes`: for one answer."""
        self.server = Server(address, os.environ.get(AUTHORIZATION) or None, timeout, most_bytes)

    # -- writing -------------------------------------------------------------------------------

    def replace(
        self, name: NamedNode, triples: Iterable[Triple], also_drop: Iterable[NamedNode] = ()
    ) -> None:
        """Put `triples` in the place of a graph, and drop others once they are there."""
        answer = self.server.request(
            "PUT",
            self._graphs,
            {"graph": name.value},
            body=pyoxigraph.serialize(triples, format=RdfFormat.N_TRIPLES),
            headers={"Content-Type": TRIPLES},
        )
        if answer.status not in DONE:
            raise self.server.failed(f"{name.value} could not be filed", answer)
        for other in also_drop:
            self.remove(other)

    def remove(self, name: NamedNode) -> None:
        """Drop a graph; that it is not there is no error."""
        answer = self.server.request("DELETE", self._graphs, {"graph": name.value})
        if answer.status not in (*DONE, 404):
            raise self.server.failed(f"{name.value} could not be removed", answer)

    @cached_property
    def _graphs(self) -> str:
        """The path of the Graph Store Protocol."""
        for path in PATHS:
            answer = self.server.request("HEAD", f"{path}?default")
            if answer.status in DONE:
                return path
            if answer.status != 404:
                raise self.server.failed("its graphs cannot be reached", answer)
        raise ServerFailed(
            f"{self.server.address}: there is no Graph Store Protocol at {' or '.join(PATHS)} below it;"
            " give the address of an Oxigraph server, or of a data set of Fuseki"
        )

    # -- reading -------------------------------------------------------------------------------

    def names(self) -> list[NamedNode]:
        """Of all graphs that are there, in order."""
        found = self.select("SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } }")
        names = [row["g"] for row in found]
        return sorted((name for name in names if isinstance(name, NamedNode)), key=lambda name: name.value)

    def has_any(self) -> bool:
        """Is there a graph?"""
        return bool(self.select("SELECT ?g WHERE { GRAPH ?g { ?s ?p ?o } } LIMIT 1"))

    def triples(self, name: NamedNode) -> list[Triple]:
        """Of a graph; none if it is not there."""
        answer = self.server.request("GET", self._graphs, {"graph": name.value}, headers={"Accept": TRIPLES})
        what = f"the graph {name.value} could not be read"
        if answer.status == 404:
            return []
        self._expect(TRIPLES, what, answer)
        try:
            return [each.triple for each in pyoxigraph.parse(answer.body, format=RdfFormat.N_TRIPLES)]
        except (SyntaxError, ValueError) as error:
            raise self._not_what_it_says(what, TRIPLES, error) from None

    def select(self, query: str) -> list[QuerySolution]:
        """The solutions of a SELECT query of ours; graphs are asked for by GRAPH."""
        what = "a query could not be answered"
        answer = self.query(query, SOLUTIONS)
        self._expect(SOLUTIONS, what, answer)
        try:
            solutions = pyoxigraph.parse_query_results(answer.body, format=QueryResultsFormat.JSON)
            return [] if isinstance(solutions, QueryBoolean) else list(solutions)
        except (SyntaxError, ValueError) as error:
            raise self._not_what_it_says(what, SOLUTIONS, error) from None

    def query(self, query: str, accept: str, parameters: Sequence[tuple[str, str]] = ()) -> Answer:
        """What the server answers to any query, as it does."""
        body = urlencode([("query", query), *parameters]).encode()
        return self.server.request("POST", "/query", body=body, headers={"Accept": accept, **FORM})

    def _expect(self, media_type: str, what: str, answer: Answer) -> None:
        if answer.status != 200:
            raise self.server.failed(what, answer)
        if answer.media_type != media_type:
            said = answer.media_type or "something without a type"
            raise ServerFailed(f"{self.server.address}: {what}: asked for {media_type}, it sent {said}")

    def _not_what_it_says(self, what: str, media_type: str, error: Exception) -> ServerFailed:
        return ServerFailed(f"{self.server.address}: {what}: it sent broken {media_type}: {error}")
