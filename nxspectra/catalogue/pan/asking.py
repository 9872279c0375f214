"""A connection for one question: what it compares with, and how long it may take."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from nxspectra.catalogue.index import Index
from nxspectra.errors import Refused

_STEPS = 20_000
"""Instructions of SQLite between two looks at the clock."""


class TooSlow(Refused):
    """The question takes too long to answer."""


@contextmanager
def asking(index: Index, seconds: float) -> Iterator[Connection]:
    """A connection to what is committed now, for so long. Raises TooSlow, and what `Index.reading` raises."""
    slow: TooSlow | None = None
    with index.reading() as connection:
        sqlite: Any = None
        if connection.dialect.name == "sqlite":
            sqlite = connection.connection.driver_connection
            _prepare(sqlite, time.monotonic() + seconds)
        else:
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
        try:
            yield connection
        except DBAPIError as error:
            if not _is_interrupted(error):
                raise
            slow = TooSlow(f"the answer takes more than {seconds:g} s; ask for less")
        finally:
            if sqlite is not None:
                sqlite.set_progress_handler(None, 0)
    if slow is not None:
        raise slow


def _prepare(sqlite: Any, deadline: float) -> None:
    sqlite.create_function("pan_fold", 1, _folded, deterministic=True)
    sqlite.create_function("pan_lines", 1, _lines, deterministic=True)
    sqlite.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)


def _folded(text: str | None) -> str | None:
    return None if text is None else str(text).casefold()


def _lines(text: str | None) -> str:
    return json.dumps([] if text is None else str(text).split("\n"))


def _is_interrupted(error: DBAPIError) -> bool:
    said = str(error.orig)
    return "interrupted" in said or "statement timeout" in said
