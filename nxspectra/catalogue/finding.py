"""The index searched: which data sets meet a query, the newest first or in another order, and how many.

A page costs about the same however many data sets there are, and so does a count: it is exact up to
`ways.EXACT` and estimated above. How that is done is in `ways`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, Select, func, tuple_

from nxspectra.catalogue import tables
from nxspectra.catalogue.conditions import Condition, anywhere, conditions, text_tiers
from nxspectra.catalogue.query import Query
from nxspectra.catalogue.ways import FEW_BESIDE_DEAR, Count, Sizes, Way, narrowed
from nxspectra.errors import UsageError

Sort = Literal["relevance", "newest", "oldest", "title", "largest"]

WEIGHTS = (1.0, 0.8, 0.6, 0.4)
"""Scores of words in the title, in title or sample, in keywords too, and anywhere."""

_ID = tables.datasets.c.id


@dataclass(frozen=True, slots=True)
class Page:
    """Some data sets that were found, by id, with their scores, and where the next page begins."""

    ids: tuple[tuple[int, float], ...]
    cursor: str | None
    """None if that was the last page."""


class Finder:
    """A query about to be answered from one connection."""

    def __init__(self, connection: Connection, query: Query) -> None:
        self.connection = connection
        self.query = query
        self.tiers = text_tiers(connection, query.words) if query.words else None
        self._sizes = Sizes(connection)
        self.asked = narrowed(connection, conditions(connection, query), self._sizes)

    @cached_property
    def way(self) -> Way:
        """To all that is asked."""
        words = [anywhere(self.connection, self.query.words)] if self.tiers else []
        return self._way(words)

    def _way(self, more: Sequence[Condition]) -> Way:
        return Way(self.connection, [*self.asked, *more], self._sizes)

    # -- pages ---------------------------------------------------------------------------------

    def page(self, limit: int, sort: Sort | None = None, cursor: str | None = None) -> Page:
        """Raises UsageError for a sort that there is not, or a cursor of another search."""
        by = sort or ("relevance" if self.tiers else "newest")
        if by not in get_args(Sort):
            raise UsageError(f"sort: no order {by!r}; there are {', '.join(get_args(Sort))}")
        after = None if cursor is None else read_cursor(cursor, by)
        if by == "relevance" and self.tiers is not None:
            return self._by_tier(self.tiers, limit, after)
        if by in ("newest", "relevance"):
            return self._newest(limit, by, after)
        return self._sorted(limit, by, after)

    def _newest(self, limit: int, by: Sort, after: tuple[int | str, int] | None) -> Page:
        found = self.way.newest(limit + 1, None if after is None else after[1])
        score = WEIGHTS[-1] if self.tiers else 1.0
        cursor = write_cursor(by, 0, found[limit - 1]) if len(found) > limit else None
        return Page(tuple((each, score) for each in found[:limit]), cursor)

    def _by_tier(self, tiers: Sequence[Condition], limit: int, after: tuple[int | str, int] | None) -> Page:
        """By what the words are worth, and the newest first where they are worth the same."""
        first, below = (0, None) if after is None else after
        found: list[tuple[int, int]] = []
        for number, tier in enumerate(tiers):
            if number >= int(first):
                more = self._of_tier(tier, limit + 1 - len(found), below if number == first else None)
                found += [(number, each) for each in more]
            if len(found) > limit:
                break
        page = tuple((each, WEIGHTS[number]) for number, each in found[:limit])
        return Page(page, write_cursor("relevance", *found[limit - 1]) if len(found) > limit else None)

    def _of_tier(self, tier: Condition, limit: int, below: int | None) -> list[int]:
        if self._few is None:
            return self._way([tier]).newest(limit, below)
        held = self.way.holding(self._few, tier)
        return [each for each in held if below is None or each < below][:limit]

    @cached_property
    def _few(self) -> list[int] | None:
        """All that is found, if so few data sets meet some part of it that each is tried for the words."""
        few = self.way.few
        if few is None or self._sizes.up_to(few, FEW_BESIDE_DEAR + 1) > FEW_BESIDE_DEAR:
            return None
        return self.way.all

    def _sorted(self, limit: int, by: Sort, after: tuple[int | str, int] | None) -> Page:
        """In an order that no index has: all that is found is looked at."""
        key: ColumnElement[Any] = {
            "oldest": _ID,
            "title": func.lower(tables.datasets.c.title),
            "largest": -func.coalesce(tables.datasets.c.size, -1),
        }[by]
        statement = self.way.statement().add_columns(key.label("key"))
        if after is not None:
            statement = statement.where(tuple_(key, _ID) > tuple_(*after))
        rows = self.connection.execute(statement.order_by(key, _ID).limit(limit + 1)).all()
        score = WEIGHTS[-1] if self.tiers else 1.0
        page = tuple((row.id, score) for row in rows[:limit])
        return Page(
            page, write_cursor(by, rows[limit - 1].key, rows[limit - 1].id) if len(rows) > limit else None
        )

    # -- counts --------------------------------------------------------------------------------

    def count(self) -> Count:
        return self.way.count()

    def among(self) -> tuple[Select[Any], int]:
        """The ids that were found, or a random part of them, and how many each of them stands for."""
        return self.way.among()


# -- cursors -----------------------------------------------------------------------------------


def write_cursor(by: Sort, key: object, dataset: int) -> str:
    text = json.dumps([by, key, dataset], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, by: Sort) -> tuple[int | str, int]:
    """Key and id of the last that was shown. Raises UsageError if it is no cursor of a search sorted so."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        sort, key, dataset = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError):
        raise UsageError("cursor: this is none that a search gave") from None
    right = str if by == "title" else int
    is_key = isinstance(key, right) and not isinstance(key, bool)
    if sort != by or not is_key or type(dataset) is not int or not -(1 << 63) <= dataset < 1 << 63:
        raise UsageError("cursor: it is of another search, or sorted otherwise")
    return key, dataset
