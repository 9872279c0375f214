"""Addresses as clients of LoopBack write them: path names in any case, pids with slashes percent-encoded.

A server decodes a path before it is routed, and then the files of `20.500%2Fx` and the data set with the pid
`20.500/x/files` cannot be told apart. So what is routed below `/api` and `/techniques` is the path as it was
sent, name by name; a handler decodes a pid once, with `decoded`.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from nxspectra.portal.errors import Problem

RAW = ("api", "techniques")
"""First names of the paths that are routed as they were sent."""


class Addresses:
    """Routes paths as they were sent, and path names in any case."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self.app = app
        self.names = {name.lower(): name for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if scope["method"] == "HEAD":  # the server sends no body to who asks for none
                scope = {**scope, "method": "GET"}
            sent = scope.get("raw_path") or quote(scope["path"]).encode()
            root = scope.get("root_path", "")
            steps = sent.decode("ascii", "replace").removeprefix(root).split("/")
            if len(steps) > 1 and steps[1].lower() in RAW:
                if len(steps) > 3 and not steps[-1]:
                    steps.pop()
                scope = {**scope, "path": root + "/".join(self._usual(steps))}
        await self.app(scope, receive, send)

    def _usual(self, steps: list[str]) -> list[str]:
        """Path names as they are declared; a pid, the third, as it was sent."""
        return [
            step if number == 3 and step.lower() != "count" else self.names.get(step.lower(), step)
            for number, step in enumerate(steps)
        ]


def decoded(step: str) -> str:
    """A step of a path as it was meant. Raises Problem if it is not UTF-8 text, or holds a zero byte."""
    try:
        text = unquote_to_bytes(step).decode("utf-8")
    except UnicodeDecodeError:
        raise Problem(400, f"{step[:100]!r} in the path is not percent-encoded UTF-8") from None
    if "\x00" in text:
        raise Problem(400, "a path may not hold the character U+0000")
    return text
