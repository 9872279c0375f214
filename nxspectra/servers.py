"""Asking another server over HTTP, with the standard library: bounded in time and size, and no redirects.

A redirect is told instead of followed: it may lead to a machine that only this one can reach, and what is
sent along (`authorization`) is meant for one server.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Timer
from urllib.parse import SplitResult, urlencode, urlsplit

from nxspectra import __version__
from nxspectra.errors import ServerFailed, UsageError

USER_AGENT = f"nxspectra/{__version__}"
PIECE = 1 << 16
SHOWN = 200
"""Most characters of what a server says that are told on."""
REDIRECTS = range(300, 400)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    status: int
    media_type: str
    """Lower case, without parameters; empty if the server names none."""
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""

    @property
    def excerpt(self) -> str:
        """Its beginning as one line, for a message."""
        text = " ".join(self.body[: 4 * SHOWN].decode("utf-8", "replace").split())
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


@dataclass(frozen=True)
class Server:
    """A server at an address, to which paths are added."""

    address: str
    """http or https, without query."""
    authorization: str | None = field(default=None, repr=False)
    """The header of that name: `Bearer …` or `Basic …`."""
    timeout: float = 30.0
    """Seconds for connecting, and for everything."""
    most_bytes: int = 256 * 1024**2
    """Of an answer."""

    def __post_init__(self) -> None:
        parts = _parts(self.address)
        if parts.username or parts.password:
            raise UsageError(
                f"{parts.hostname}: an address is no place for a password, it is shown and logged;"
                " give it as an authorization header"
            )
        if self.authorization is not None and not self.authorization.isprintable():
            raise UsageError(f"{self.address}: its authorization header holds control characters")

    def request(
        self,
        method: str,
        path: str = "",
        query: Mapping[str, str] | None = None,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer, whatever its status. Raises ServerFailed if there is none, or it never ends."""
        parts = _parts(self.address)
        target = parts.path.rstrip("/") + path or "/"
        if query:
            target += f"?{urlencode(query)}"
        sent = {"User-Agent": USER_AGENT, **(headers or {})}
        if self.authorization is not None:
            sent["Authorization"] = self.authorization
        connection = _connection(parts, self.timeout)
        patience = Patience(connection, self.timeout)
        try:
            connection.connect()
            patience.start()
            connection.request(method, target, body, sent)
            response = connection.getresponse()
            body = self._body(response)
            if patience.is_over:
                # to who reads to its end, a connection that was broken off has ended
                raise TimeoutError
            return Answer(
                response.status,
                response.headers.get_content_type() if "content-type" in response.headers else "",
                body,
                {name.lower(): value for name, value in response.getheaders()},
            )
        except (OSError, HTTPException, ValueError) as error:
            if patience.is_over or isinstance(error, TimeoutError):
                raise ServerFailed(f"{self.address}: no whole answer within {self.timeout:g} s") from None
            raise ServerFailed(f"{self.address}: {_reason(error)}") from None
        finally:
            patience.cancel()
            connection.close()

    def _body(self, response: HTTPResponse) -> bytes:
        whole = bytearray()
        while piece := response.read1(PIECE):
            whole += piece
            if len(whole) > self.most_bytes:
                raise ServerFailed(
                    f"{self.address}: an answer of more than {self.most_bytes / 1024**2:.0f} MiB was given up"
                )
        if response.length:
            raise ConnectionError
        return bytes(whole)

    def failed(self, what: str, answer: Answer) -> ServerFailed:
        """The error for an answer that is not what was asked for."""
        if answer.status in REDIRECTS:
            where = answer.headers.get("location", "elsewhere")
            return ServerFailed(f"{self.address}: {what}: it redirects to {where}; give that address")
        if answer.status in (401, 403):
            said = "what it was given is not enough" if self.authorization else "it was given none"
            return ServerFailed(f"{self.address}: {what}: it wants another authorization; {said}")
        said = f": {answer.excerpt}" if answer.excerpt else ""
        return ServerFailed(f"{self.address}: {what}: it answered {answer.status}{said}")


class Patience:
    """Breaks a connection off at a time: a server that sends a byte now and then never times out."""

    def __init__(self, connection: HTTPConnection, seconds: float) -> None:
        self._connection = connection
        self._socket: socket.socket | None = None
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True
        self.is_over = False

    def start(self) -> None:
        # the connection forgets its socket once the answer, which reads from it, has begun
        self._socket = self._connection.sock
        self._timer.start()

    def _end(self) -> None:
        self.is_over = True
        if self._socket is not None:
            with suppress(OSError):  # it ended by itself just now
                self._socket.shutdown(socket.SHUT_RDWR)

    def cancel(self) -> None:
        self._timer.cancel()


def _parts(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or not address.isascii() or not address.isprintable() or " " in address:
        raise UsageError(f"{address!r} is not an http or https address")
    if parts.query or parts.fragment:
        raise UsageError(f"{address}: an address without ? and # is wanted; what is asked is added to it")
    return parts


def _connection(parts: SplitResult, timeout: float) -> HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        return HTTPSConnection(host, parts.port, timeout=timeout, context=ssl.create_default_context())
    return HTTPConnection(host, parts.port, timeout=timeout)


def _reason(error: OSError | HTTPException | ValueError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing answers there; is the server running?"
    if isinstance(error, socket.gaierror):
        return f"there is no such host ({error.strerror})"
    if isinstance(error, ConnectionError):
        return "the connection broke off before the answer was complete"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return f"what answers there does not speak HTTP ({type(error).__name__})"
