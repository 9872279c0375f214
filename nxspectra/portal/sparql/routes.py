"""`/sparql`: the SPARQL 1.1 Protocol for queries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from anyio.to_thread import run_sync
from fastapi import APIRouter, FastAPI, Request, Response

from nxspectra.catalogue.served import remembered_address
from nxspectra.limits import Limits
from nxspectra.portal.errors import Problem, answers
from nxspectra.portal.negotiation import best
from nxspectra.portal.sparql.answering import Asked, Source
from nxspectra.portal.sparql.description import MEDIA_TYPES, description
from nxspectra.portal.sparql.forwarding import Forwarding
from nxspectra.portal.sparql.reading import read
from nxspectra.portal.sparql.workers import Workers

QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"
FORM = "application/x-www-form-urlencoded"

SOLUTIONS = {
    "application/sparql-results+json": "application/sparql-results+json",
    "application/sparql-results+xml": "application/sparql-results+xml",
    "text/csv": "text/csv",
    "text/tab-separated-values": "text/tab-separated-values",
    "application/json": "application/sparql-results+json",
    "application/xml": "application/sparql-results+xml",
    "text/xml": "application/sparql-results+xml",
}
"""Media types that may be asked for, with what is answered; the first is for who does not mind."""
TRIPLES = {media_type: media_type for media_type in MEDIA_TYPES} | {
    "application/json": "application/ld+json",
    "text/plain": "application/n-triples",
    "application/xml": "application/rdf+xml",
}


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """What queries may cost."""

    seconds: float = 10.0
    """For one."""
    memory: int = 512 * 1024**2
    """Bytes for one, beyond what its process holds at rest."""
    most_bytes: int = 16 * 1024**2
    """Of an answer."""
    most_characters: int = 100_000
    """Of a query."""
    at_once: int = 2
    """Queries that are answered at the same time, each by a process of its own."""
    waiting: int = 8
    """Queries that may wait for their turn."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request of the protocol says."""

    text: str | None
    """The query; None where there is none."""
    default_graphs: tuple[str, ...]
    named_graphs: tuple[str, ...]


EXAMPLE = """PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX dct: <http://purl.org/dc/terms/>
SELECT ?dataset ?title WHERE { ?dataset a dcat:Dataset ; dct:title ?title } LIMIT 10"""

_ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer, or without a query what the end point says of itself",
        "content": {media_type: {} for media_type in (*list(SOLUTIONS)[:4], *MEDIA_TYPES)},
    },
    **answers(400, 406, 413, 415, 503),
}
_GRAPHS = [
    {
        "name": name,
        "in": "query",
        "description": f"IRIs of graphs that are {what}; all if none are named.",
        "schema": {"type": "array", "items": {"type": "string"}},
    }
    for name, what in (("default-graph-uri", "the default graph"), ("named-graph-uri", "asked by GRAPH"))
]
_GET = {
    "parameters": [
        {
            "name": "query",
            "in": "query",
            "description": "SELECT, ASK, CONSTRUCT or DESCRIBE.",
            "schema": {"type": "string"},
            "example": EXAMPLE,
        },
        *_GRAPHS,
    ]
}
_POST = {
    "parameters": _GRAPHS,
    "requestBody": {
        "required": True,
        "content": {
            QUERY: {"schema": {"type": "string"}, "example": EXAMPLE},
            FORM: {"schema": {"type": "object", "properties": {"query": {"type": "string"}}}},
        },
    },
}


def router(folder: Path, limits: QueryLimits | None = None) -> APIRouter:
    """The end point for the graphs of a catalogue."""
    limits = limits or QueryLimits()
    workers = _workers(folder, limits)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        workers.end()

    routes = APIRouter(tags=["sparql"], lifespan=lifespan)

    @routes.get("/sparql", summary="Ask by SPARQL", responses=_ANSWERED, openapi_extra=_GET)
    async def ask(request: Request) -> Response:
        return await answer(request, _sent(_pairs(request.url.query)))

    @routes.post("/sparql", summary="Ask by SPARQL", responses=_ANSWERED, openapi_extra=_POST)
    async def ask_by_post(request: Request) -> Response:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        body = await request.body()
        pairs = _pairs(request.url.query)
        if media_type == UPDATE:
            raise Problem(400, "this is an update, and this end point only answers queries")
        if media_type == QUERY:
            sent = _sent([*pairs, ("query", _text(body))])
        elif media_type == FORM:
            sent = _sent([*pairs, *_pairs(_text(body))])
        else:
            raise Problem(415, f"a query is sent as {QUERY} or {FORM}, not as {media_type or 'nothing'}")
        if sent.text is None:
            raise Problem(400, "there is no query in this request")
        return await answer(request, sent)

    async def answer(request: Request, sent: Sent) -> Response:
        accept = request.headers.get("accept")
        if sent.text is None:
            media_type = _wanted(accept, {each: each for each in MEDIA_TYPES})
            return _response(
                description(str(request.url.replace(query="", fragment="")), media_type), media_type
            )
        if len(sent.text) > limits.most_characters:
            raise Problem(413, f"a query may have at most {limits.most_characters} characters")
        query = await run_sync(read, sent.text)
        media_type = _wanted(accept, SOLUTIONS if query.form in ("SELECT", "ASK") else TRIPLES)
        chosen = bool(sent.default_graphs or sent.named_graphs)
        asked = Asked(
            query.text,
            media_type,
            sent.default_graphs if chosen else query.default_graphs,
            sent.named_graphs if chosen else query.named_graphs,
        )
        answered = await run_sync(workers.answer, asked)
        if answered.status != 200:
            raise Problem(answered.status, answered.message)
        return _response(answered.body, media_type)

    return routes


def _workers(folder: Path, limits: QueryLimits) -> Workers | Forwarding:
    """Who answers: processes over the graphs of the folder, or the server that keeps them."""
    address = remembered_address(folder)
    if address is not None:
        return Forwarding(address, limits.seconds, limits.most_bytes)
    bounds = Limits(memory=limits.memory, cpu=int(limits.seconds) + 1)
    source = Source(str(folder), bounds, limits.most_bytes)
    return Workers(source, limits.at_once, limits.waiting, limits.seconds)


def _response(body: bytes, media_type: str) -> Response:
    text = f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type
    # a header, because as an argument a charset would be added to what has none
    return Response(body, headers={"Content-Type": text, "Vary": "Accept"})


def _wanted(accept: str | None, offered: Mapping[str, str]) -> str:
    chosen = best(accept, list(offered))
    if chosen is None:
        if accept is not None and "text/html" in accept.lower():
            return next(iter(offered.values()))  # a browser, which shows it as text
        raise Problem(406, f"this can be answered as {', '.join(dict.fromkeys(offered.values()))}")
    return offered[chosen]


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(400, f"the query is not UTF-8 text (byte {error.start})") from None


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as error:  # of which UnicodeDecodeError is one
        raise Problem(400, f"the parameters cannot be read: {error}") from None


def _sent(pairs: Sequence[tuple[str, str]]) -> Sent:
    queries = [value for name, value in pairs if name == "query"]
    if any(name in ("update", "using-graph-uri", "using-named-graph-uri") for name, _ in pairs):
        raise Problem(400, "this is an update, and this end point only answers queries")
    if len(queries) > 1:
        raise Problem(400, f"there are {len(queries)} queries in this request; one is answered")
    return Sent(
        queries[0] if queries else None,
        tuple(value for name, value in pairs if name == "default-graph-uri"),
        tuple(value for name, value in pairs if name == "named-graph-uri"),
    )
