"""`/api/interpretations`: ask what a model makes of a data set."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from nxspectra.catalogue.index import Index
from nxspectra.catalogue.record import Record
from nxspectra.interpretation.jobs import Asked, Job, Jobs, QueueFull, State
from nxspectra.interpretation.running import Runner
from nxspectra.interpretation.workers import own_name
from nxspectra.portal.addresses import decoded
from nxspectra.portal.errors import Problem, answers, envelope
from nxspectra.portal.models import Models
from nxspectra.portal.negotiation import best

JSON, JSON_LD = "application/json", "application/ld+json"
NAME = 200
"""Most characters of a pid or the name of a model."""
RETRY = {"Retry-After": "1"}

PID = "20.500.99999/56b680970d1d880bdd3b120c2c35e110afe7853c82c55f8c3b3df40d1391f54f"


class Wanted(BaseModel):
    """What is to be interpreted, and by what."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"dataset": PID, "model": "fe80mg20"}]}
    )

    dataset: Annotated[str, Field(min_length=1, max_length=NAME, description="The pid of a data set.")]
    model: Annotated[str, Field(min_length=1, max_length=NAME, description="The name of an installed model.")]


EXAMPLE = {
    "id": "6f1c0a2be8a84d0f8f8c5a0c7d3b9e21",
    "state": "done",
    "dataset": {
        "pid": PID,
        "iri": f"https://data.example.org/id/{PID}",
        "title": "Compression of ferropericlase",
    },
    "model": {
        "name": "fe80mg20",
        "sha256": "1384c2d1…",
        "card": {"classifier": "weighted", "classes": ["low", "high"]},
    },
    "created": "2026-03-01T12:00:00Z",
    "started": "2026-03-01T12:00:00Z",
    "ended": "2026-03-01T12:00:04Z",
    "classes": ["low", "high"],
    "frames": 349,
    "labels": [
        {
            "label": "low",
            "first": 0,
            "last": 191,
            "mean_probability": 0.991074,
            "least_probability": 0.597504,
        },
        {
            "label": "high",
            "first": 192,
            "last": 348,
            "mean_probability": 0.987435,
            "least_probability": 0.567847,
        },
    ],
    "probabilities": [[0.999997, 3e-06]],
    "unseen": [0.104446],
    "P_conf": 1.0,
    "boundaries": [
        {
            "from": "low",
            "to": "high",
            "frame": 192,
            "frame_interval": [184, 199],
            "pressure": 19.21,
            "pressure_interval": [16.69, 21.33],
            "unit": "GPa",
        }
    ],
    "explained_by": "votes",
    "regions": [
        {
            "from": 11.691,
            "to": 12.753,
            "unit": "deg",
            "part": 0.217721,
            "believability": 0.759593,
            "separability": 0.912313,
            "votes": {"low": 0.852903, "high": 0.734409},
        }
    ],
    "provenance": {"program": "nxspectra", "version": "0.1.0", "date": "2026-03-01T12:00:04+00:00"},
}
_SHOWN: dict[str, Any] = {
    "description": "The interpretation, as far as it is",
    "content": {JSON: {"example": EXAMPLE}, JSON_LD: {}},
}


def router(index: Index, models: Models) -> APIRouter:
    """The routes, and a thread that makes what is asked for."""
    jobs = Jobs(index, own_name())
    runners: list[Runner] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        runner = Runner(jobs)
        runner.start()
        runners.append(runner)
        yield
        runners.clear()
        runner.end()
        index.close()

    routes = APIRouter(prefix="/api", tags=["interpretation"], lifespan=lifespan)

    @routes.post(
        "/interpretations",
        status_code=202,
        summary="Ask what a model makes of a data set",
        responses={
            200: {**_SHOWN, "description": "The same was asked before; this is the answer"},
            202: {"description": "It will be made; poll the address in Location"},
            **answers(404, 409, 422, 429),
        },
    )
    def ask(wanted: Annotated[Wanted, Body()]) -> Response:
        record = public(wanted.dataset)
        if record is None:
            raise Problem(404, f"there is no public data set {wanted.dataset!r}", "MODEL_NOT_FOUND")
        model = models.get(wanted.model)
        if model is None:
            there = ", ".join(each.name for each in models.all()) or "none"
            raise Problem(404, f"no model {wanted.model!r} is installed; there are: {there}")
        if model.sha256 is None:
            raise Problem(409, f"the model {wanted.model!r} cannot be used: {model.reason}")
        try:
            job = jobs.ask(_asked(record, wanted.model, model.sha256))
        except QueueFull as error:
            return envelope(429, str(error), headers={"Retry-After": "60"})
        for runner in runners:
            runner.look()
        where = {"Location": f"/api/interpretations/{job.id}"}
        return JSONResponse(_shown(job), 200 if job.state is State.DONE else 202, where)

    @routes.get(
        "/interpretations/{job}",
        summary="An interpretation: waiting, being made, done or failed",
        responses={200: _SHOWN, 202: {"description": "It is not made yet; ask again"}, **answers(404, 406)},
    )
    def show(job: str, request: Request) -> Response:
        found = jobs.get(decoded(job))
        if found is None or public(found.asked.pid) is None:
            raise Problem(404, "there is no such interpretation")
        if found.state in (State.QUEUED, State.RUNNING):
            return JSONResponse(_shown(found), 202, RETRY)
        wanted = best(request.headers.get("accept"), (JSON, JSON_LD))
        if wanted is None:
            raise Problem(406, f"an interpretation comes as {JSON} or {JSON_LD}")
        headers = {"Vary": "Accept"}
        if wanted == JSON_LD and found.result is not None:
            return Response(json.dumps(found.result["json_ld"], ensure_ascii=False), 200, headers, JSON_LD)
        return JSONResponse(_shown(found), headers=headers)

    def public(pid: str) -> Record | None:
        record = index.get(pid)
        return record if record is not None and record.is_public else None

    return routes


def _asked(record: Record, model: str, digest: str) -> Asked:
    for file in record.files:
        if file.path is not None and file.digest is not None:
            return Asked(record.pid, record.iri, record.title, file.path, file.digest, model, digest)
    raise Problem(409, f"the files of {record.pid!r} are not kept here, so they cannot be interpreted here")


def _shown(job: Job) -> dict[str, Any]:
    """A job as it is answered."""
    result = {name: value for name, value in (job.result or {}).items() if name != "json_ld"}
    asked = job.asked
    shown = {
        "id": job.id,
        "state": str(job.state),
        "dataset": {"pid": asked.pid, "iri": asked.iri, "title": asked.title},
        "model": {"name": asked.model, "sha256": asked.model_digest},
        "created": _moment(job.created),
        "started": _moment(job.started),
        "ended": _moment(job.ended),
        **result,
    }
    return shown if job.error is None else {**shown, "reason": job.error}


def _moment(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
