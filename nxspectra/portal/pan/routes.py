"""Data sets, documents and instruments, as https://github.com/panosc-eu/search-api has them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from nxspectra.catalogue.index import Index
from nxspectra.catalogue.pan import answers
from nxspectra.catalogue.pan.answers import Page
from nxspectra.catalogue.pan.conditions import Conditions
from nxspectra.catalogue.pan.schema import DATASET, DOCUMENT, FILE, INSTRUMENT, Model
from nxspectra.errors import FilterError
from nxspectra.portal.addresses import decoded
from nxspectra.portal.answers import streamed, tagged
from nxspectra.portal.errors import Problem
from nxspectra.portal.errors import answers as errors
from nxspectra.portal.limits import Limits
from nxspectra.portal.pan import scoring, shapes, techniques
from nxspectra.portal.pan.questions import Desk, filter_of, truth_of, where_of

BATCH = 200
"""Things of a long answer that are sent together."""
WHOLE = 1000
"""An answer of so many things is made as a whole and tagged; a longer one is sent as it comes."""


def router(index: Index, limits: Limits) -> APIRouter:
    """The routes below /api, and /techniques and /score."""
    desk = Desk(index, limits.search_seconds)
    routes = APIRouter()
    for model in (DATASET, DOCUMENT, INSTRUMENT):
        routes.include_router(
            _of_model(model, desk, limits), prefix=f"/api/{model.name}s", tags=[f"{model.name}s"]
        )
    routes.include_router(techniques.router(), prefix="/techniques", tags=["techniques"])
    routes.include_router(scoring.router(desk), prefix="/score", tags=["score"])
    return routes


def _of_model(model: Model, desk: Desk, limits: Limits) -> APIRouter:
    routes = APIRouter()
    name, what = model.name, f"{model.name.lower()}s"
    usual = "where, include, order, fields, limit, skip, query; see the reference of the portal"

    @routes.get(
        "",
        summary=f"The {what} that are asked for",
        responses={**shapes.answered(shapes.listed(model), f"{what} with their scores"), **errors(400, 503)},
        openapi_extra={
            "parameters": [
                shapes.asked("filter", usual, shapes.EXAMPLES[name]),
                shapes.asked("query", "Free text to score by; the best come first.", {"a word": "iron"}),
                shapes.asked("returnZeroScores", "With a query, show the others too.", {"yes": "true"}),
            ]
        },
        name=f"list {what}",
    )
    async def some(request: Request) -> Response:
        page = Page(name, filter_of(request, model), limits.rows, truth_of(request, "returnZeroScores"))

        def whole(conditions: Conditions) -> tuple[list[tuple[int, float]], list[answers.Thing] | None]:
            found = answers.found(conditions, page)
            return found, answers.things(conditions, page, found) if len(found) <= WHOLE else None

        found, things = await desk.ask(whole)
        if things is not None:
            return tagged(request, things)
        return streamed(_batches(desk, page, found))

    @routes.get(
        "/count",
        summary=f"How many {what} meet a condition",
        responses={**shapes.answered(shapes.COUNT, "their number", {"count": 42}), **errors(400, 503)},
        openapi_extra={"parameters": [shapes.asked("where", "A condition.", {"all": "{}"})]},
        name=f"count {what}",
    )
    async def count(request: Request) -> Response:
        where = where_of(request, model)
        return tagged(
            request, {"count": await desk.ask(lambda conditions: answers.count(conditions, name, where))}
        )

    @routes.get(
        "/{pid}",
        summary=f"The {name.lower()} with this pid",
        responses={**shapes.answered(shapes.shape_of(model), "as it is"), **errors(400, 404, 503)},
        openapi_extra={
            "parameters": [
                shapes.asked("filter", "include and fields", {"joined": '{"include":["datasets"]}'})
            ]
        },
        name=f"one of {what}",
    )
    async def one(request: Request, pid: str) -> Response:
        said, asked = decoded(pid), filter_of(request, model)
        found = await desk.ask(lambda conditions: answers.thing(conditions, name, said, asked))
        return tagged(request, _there(found, name, said))

    if model is DATASET:
        _with_files(routes, desk)
    return routes


def _with_files(routes: APIRouter, desk: Desk) -> None:
    @routes.get(
        "/{pid}/files",
        summary="The files of a data set",
        responses={
            **shapes.answered({"type": "array", "items": shapes.shape_of(FILE)}, "its files"),
            **errors(400, 404, 503),
        },
        openapi_extra={"parameters": [shapes.asked("filter", "A filter.", shapes.EXAMPLES["File"])]},
        name="list files",
    )
    async def files(request: Request, pid: str) -> Response:
        said, asked = decoded(pid), filter_of(request, FILE)
        if asked.query is not None:
            raise FilterError("files have no scores; use where and text")
        found = await desk.ask(lambda conditions: answers.files(conditions, said, asked))
        return tagged(request, _there(found, "Dataset", said))

    @routes.get(
        "/{pid}/files/count",
        summary="How many files of a data set meet a condition",
        responses={**shapes.answered(shapes.COUNT, "their number", {"count": 1}), **errors(400, 404, 503)},
        openapi_extra={"parameters": [shapes.asked("where", "A condition.", {"all": "{}"})]},
        name="count files",
    )
    async def count_files(request: Request, pid: str) -> Response:
        said, where = decoded(pid), where_of(request, FILE)
        found = await desk.ask(lambda conditions: answers.count_files(conditions, said, where))
        return tagged(request, {"count": _there(found, "Dataset", said)})


def _there(found: Any, model: str, pid: str) -> Any:
    if found is None:
        raise Problem(404, f'Unknown "{model}" id "{pid[:200]}".', "MODEL_NOT_FOUND")
    return found


async def _batches(desk: Desk, page: Page, found: list[tuple[int, float]]) -> AsyncIterator[list[Any]]:
    for start in range(0, len(found), BATCH):
        yield await desk.ask(partial(answers.things, page=page, some=found[start : start + BATCH]))
