"""JSON as it is answered: with a tag, so that who has it already is told so and nothing more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

JSON = "application/json; charset=utf-8"


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def tagged(request: Request, value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """The value, or 304 for who has it."""
    body = as_json(value)
    # weak: compressed or not, it is the same
    tag = f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    about = {"ETag": tag, "Cache-Control": "no-cache", **(headers or {})}
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=about)
    return Response(body, media_type=JSON, headers=about)


def _has(said: str, tag: str) -> bool:
    tags = [each.strip().removeprefix("W/") for each in said.split(",")]
    return said.strip() == "*" or tag.removeprefix("W/") in tags


def streamed(batches: AsyncIterator[list[Any]]) -> Response:
    """A long array, sent as it comes."""

    async def pieces() -> AsyncIterator[bytes]:
        before = b"["
        async for batch in batches:
            if batch:
                yield before + as_json(batch)[1:-1]
                before = b","
        yield b"[]" if before == b"[" else b"]"

    return StreamingResponse(pieces(), media_type=JSON)
