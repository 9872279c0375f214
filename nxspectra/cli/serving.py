"""serve: a catalogue over HTTP."""

from __future__ import annotations

import socket
from pathlib import Path

import click

from nxspectra.catalogue import Catalogue
from nxspectra.cli.frame import (
    DONE,
    Format,
    Verb,
    format_option,
    index_option,
    is_verbose,
    note,
    say,
    say_json,
)
from nxspectra.cli.recovering import recovered
from nxspectra.errors import MissingExtra, UsageError

BACKLOG = 2048
"""Connections that may wait to be taken."""


@click.command(cls=Verb)
@click.option(
    "--catalogue",
    required=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="The catalogue to serve.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where to listen; 0.0.0.0 for every network that this machine is in.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="The port; 0 takes one that is free.",
)
@click.option(
    "--query-seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a SPARQL query may take.",
)
@index_option
@format_option
def serve(
    *, catalogue: Path, host: str, port: int, query_seconds: float, index: str | None, form: Format
) -> int:
    """Serve a catalogue over HTTP: the PaN search API, SPARQL, interpretations; until it is interrupted.

    The first line on standard output is the address, once it is listened at. Whoever reaches it can read all
    that is public in the catalogue and change nothing.
    """
    try:
        import uvicorn

        from nxspectra.portal.application import create
        from nxspectra.portal.limits import Limits
    except ImportError as error:
        raise MissingExtra(f"{error.name} is not installed; install nxspectra[portal] to serve") from None
    opened = Catalogue(catalogue, index=index)
    recovered(opened, opened.look)
    application = create(catalogue, index=index, limits=Limits(query_seconds=query_seconds))
    listening = _listen(host, port)
    address = listening.getsockname()
    named = f"[{address[0]}]" if ":" in address[0] else address[0]
    url = f"http://{named}:{address[1]}"
    if form == "json":
        say_json({"url": url, "catalogue": str(catalogue)})
    else:
        say(url)
    note(f"serving {catalogue}; the interface is described at {url}/docs; Ctrl-C ends it")
    configuration = uvicorn.Config(
        application,
        log_level="info" if is_verbose() else "warning",
        access_log=is_verbose(),
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    try:
        uvicorn.Server(configuration).run(sockets=[listening])
    except KeyboardInterrupt:  # the way to end it, once all answers are out
        note("ended")
    return DONE


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises UsageError if that cannot be."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise UsageError(
            f"cannot listen at port {port} of {host}: {error.strerror}; choose another --port or --host"
        ) from None
    return listening
