"""What an address asks, and where it is asked: of a few connections at a time, for a limited time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread
from fastapi import Request

from nxspectra.catalogue.index import Index
from nxspectra.catalogue.pan.asking import asking
from nxspectra.catalogue.pan.conditions import Conditions
from nxspectra.catalogue.pan.filters import Filter, Where, parse, parse_where
from nxspectra.catalogue.pan.schema import Model
from nxspectra.catalogue.pan.syntax import Json, read_brackets, read_json
from nxspectra.errors import FilterError

T = TypeVar("T")

AT_ONCE = 8
"""Questions that are answered at the same time; the others wait their turn."""


class Desk:
    """Asks the index of a catalogue, in threads beside the one that talks to clients."""

    def __init__(self, index: Index, seconds: float) -> None:
        self._index = index
        self._file = _file_of(index)
        self._seconds = seconds
        self._turns: anyio.CapacityLimiter | None = None

    async def ask(self, question: Callable[[Conditions], T]) -> T:
        """What `question` gives. Raises TooSlow, and what the index raises."""
        if self._turns is None:  # one belongs to the loop in which it is made
            self._turns = anyio.CapacityLimiter(AT_ONCE)

        def answer() -> T:
            with asking(self._current(), self._seconds) as connection:
                return question(Conditions(connection))

        return await anyio.to_thread.run_sync(answer, limiter=self._turns)

    def _current(self) -> Index:
        """The index, opened anew if another was put in its place, as `catalogue rebuild` does."""
        file = _file_of(self._index)
        if file != self._file:
            old, self._index, self._file = self._index, Index(self._index.url), file
            old.close()
        return self._index


def _file_of(index: Index) -> tuple[int, int] | None:
    """Which file it is, whatever its name; None where it is none, or there is none."""
    try:
        about = None if index.file is None else index.file.stat()
    except FileNotFoundError:
        about = None
    return None if about is None else (about.st_dev, about.st_ino)


def filter_of(request: Request, model: Model) -> Filter:
    """The filter of a request, as JSON or in brackets, and the query beside it. Raises FilterError."""
    asked = parse(_value(request, "filter"), model)
    query = _once(request, "query")
    if query is None or not query.strip():
        return asked
    if asked.query is not None and asked.query != query.strip():
        raise FilterError("there is a query in the filter and another one beside it; give one")
    return Filter(
        asked.where, asked.include, asked.order, asked.fields, asked.limit, asked.skip, query.strip()
    )


def where_of(request: Request, model: Model) -> Where | None:
    """The condition of a request. Raises FilterError."""
    return parse_where(_value(request, "where"), model)


def truth_of(request: Request, name: str) -> bool:
    """Is this parameter of the address `true`? Raises FilterError if it says something else."""
    said = (_once(request, name) or "false").lower()
    if said not in ("true", "false", "1", "0"):
        raise FilterError(f"{name} is neither true nor false")
    return said in ("true", "1")


def _value(request: Request, name: str) -> Json:
    text = _once(request, name)
    brackets = read_brackets(request.query_params.multi_items(), name)
    if text is not None and text.strip():
        if brackets is not None:
            raise FilterError(f"{name} is given as JSON and in brackets; give one")
        return read_json(text, name)
    return brackets


def _once(request: Request, name: str) -> str | None:
    given = request.query_params.getlist(name)
    if len(given) > 1:
        raise FilterError(f"{name} is given {len(given)} times; give it once")
    if given and "\x00" in given[0]:
        raise FilterError(f"{name} holds the character U+0000")
    return given[0] if given else None
