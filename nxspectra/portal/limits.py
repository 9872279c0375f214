"""What a request may cost, and the guard that sees to it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import anyio
from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nxspectra.portal.errors import envelope

log = logging.getLogger("nxspectra.portal")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost."""

    body: int = 1_000_000
    """Bytes of a request's body."""
    query: int = 40_000
    """Bytes of path and query of an address."""
    seconds: float = 30.0
    """Until the answer must have begun."""
    query_seconds: float = 10.0
    """For a SPARQL query."""
    search_seconds: float = 10.0
    """For a question to the index."""
    rows: int = 100
    """Data sets, documents or instruments in one answer to who does not say how many."""


class Guard:
    """Refuses what is too large, ends what takes too long, and answers what goes wrong in the envelope.

    It is plain ASGI, so that an answer in many pieces passes through as it comes.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app, self.limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                time.deadline = float("inf")
            await send(message)

        refused = self._refused(scope)
        if refused is not None:
            await refused(scope, receive, send)
            return
        with anyio.move_on_after(self.limits.seconds) as time:
            try:
                await self.app(scope, _counted(receive, self.limits.body), watched)
            except _TooLarge as large:
                if begun:
                    raise
                await envelope(413, large.detail)(scope, receive, send)
            except Exception:
                log.exception("%s %s", scope["method"], scope["path"])
                if begun:
                    raise
                await envelope(500, "something went wrong here; the log of the server says what")(
                    scope, receive, send
                )
        if time.cancelled_caught and not begun:
            message = f"the answer took more than {self.limits.seconds:g} s; ask for less"
            await envelope(503, message)(scope, receive, send)

    def _refused(self, scope: Scope) -> ASGIApp | None:
        asked = len(scope.get("raw_path") or b"") + len(scope["query_string"])
        if asked > self.limits.query:
            return envelope(414, f"the address has {asked} bytes; at most {self.limits.query} are taken")
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if said.isdigit() and int(said[:20]) > self.limits.body:
            return envelope(413, _TooLarge(self.limits.body).detail)
        return None


class _TooLarge(HTTPException):
    """More of a body came than is taken; of this kind, because FastAPI lets no other pass."""

    def __init__(self, most: int) -> None:
        super().__init__(413, f"a body may have at most {most} bytes")


def _counted(receive: Receive, most: int) -> Receive:
    """`receive`, until more than `most` bytes of a body have come."""
    came = 0

    async def counted() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > most:
            raise _TooLarge(most)
        return message

    return counted
