"""Errors in the envelope of LoopBack, which clients of the PaN search API expect.

{"error": {"statusCode": 404, "name": "Error", "message": "...", "code": "MODEL_NOT_FOUND"}}
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from nxspectra.catalogue.pan.asking import TooSlow
from nxspectra.errors import FileBusy, FilterError, NxspectraError, Refused, UsageError

log = logging.getLogger("nxspectra.portal")


class Problem(Exception):
    """What is answered instead of what was asked for."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


class Said(BaseModel):
    """What went wrong."""

    statusCode: int  # noqa: N815
    name: str
    message: str
    code: str | None = None


class Envelope(BaseModel):
    """An error as it is answered."""

    error: Said


def envelope(
    status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    said: dict[str, Any] = {"statusCode": status, "name": _name(status), "message": message}
    if code is not None:
        said["code"] = code
    return JSONResponse({"error": said}, status, headers=dict(headers or {}))


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI document: these statuses are answered in the envelope."""
    return {status: {"model": Envelope, "description": HTTPStatus(status).phrase} for status in statuses}


def handle(application: FastAPI) -> None:
    """Let every error of an application be answered in the envelope."""

    @application.exception_handler(Problem)
    def problem(_request: Request, error: Problem) -> JSONResponse:
        return envelope(error.status, error.message, error.code)

    @application.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        message = str(error.detail)
        if error.status_code == HTTPStatus.NOT_FOUND and message == HTTPStatus.NOT_FOUND.phrase:
            message = f"there is nothing at {request.url.path}"
        elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = (error.headers or {}).get("Allow", "")
            allowed = f"{allowed.replace('GET', 'GET, HEAD')}, OPTIONS"
            if request.method == "OPTIONS":
                return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Allow": allowed})
            error.headers = {"Allow": allowed}
            message = f"{request.method} cannot be done at {request.url.path}"
        return envelope(error.status_code, message, headers=error.headers)

    @application.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        said = (f"{'.'.join(str(step) for step in one['loc'])}: {one['msg']}" for one in error.errors())
        return envelope(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(said))

    @application.exception_handler(NxspectraError)
    def ours(request: Request, error: NxspectraError) -> JSONResponse:
        if isinstance(error, FilterError):
            return envelope(HTTPStatus.BAD_REQUEST, str(error), error.code)
        if isinstance(error, UsageError):
            return envelope(HTTPStatus.BAD_REQUEST, str(error))
        if isinstance(error, TooSlow):
            return envelope(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        if isinstance(error, Refused):
            return envelope(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        # the message may name a folder of this server
        log.error("%s %s: %s", request.method, request.url.path, error)
        if isinstance(error, FileBusy):
            return envelope(HTTPStatus.SERVICE_UNAVAILABLE, "the catalogue is being changed; try again soon")
        return envelope(
            HTTPStatus.INTERNAL_SERVER_ERROR, "the catalogue cannot be read; the log of the server says why"
        )


def _name(status: int) -> str:
    """The name that LoopBack's errors have: `NotFoundError`, but plain `Error` for a missing model."""
    if status == HTTPStatus.NOT_FOUND:
        return "Error"
    words = HTTPStatus(status).phrase.title().replace(" ", "").replace("-", "")
    return words if words.endswith("Error") else f"{words}Error"
