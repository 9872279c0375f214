"""The index searched: which data sets meet a query, the newest first or in another order, and how many.

What is selective is listed and the rest tried on it; where nothing is, the newest data sets are tried one
after another, which soon fills a page. Which it is, a few counts that stop early and a random part of the
data sets tell. So a page costs about the same however many data sets there are, and so does a count: it is
exact up to `EXACT` and estimated above.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, Select, func, select, tuple_

from nxspectra.catalogue import tables
from nxspectra.catalogue.conditions import Condition, Walk, anywhere, conditions, text_tiers
from nxspectra.catalogue.query import Query
from nxspectra.catalogue.rows import SAMPLED_FROM
from nxspectra.errors import UsageError

Sort = Literal["relevance", "newest", "oldest", "title", "largest"]

EXACT = 10_000
"""Counts up to this are exact."""
FEW = 2_000
"""What is met by fewer is listed."""
TRIED = 20_000
"""So many of the newest are tried before another way is taken."""
SAMPLE = 2_000
"""Data sets of the random part that are tried, about."""
WEIGHTS = (1.0, 0.8, 0.6, 0.4)
"""Scores of words in the title, in title or sample, in keywords too, and anywhere."""

_ID = tables.datasets.c.id


@dataclass(frozen=True, slots=True)
class Count:
    """How many data sets meet a query."""

    number: int
    exact: bool

    def __str__(self) -> str:
        return f"{self.number:,}" if self.exact else f"about {self.number:,}"


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
        self.asked = conditions(connection, query)
        self.tiers = text_tiers(connection, query.words) if query.words else None

    # -- pages ---------------------------------------------------------------------------------

    def page(self, limit: int, sort: Sort | None = None, cursor: str | None = None) -> Page:
        """Raises UsageError for a sort that there is not, or a cursor of another search."""
        by = sort or ("relevance" if self.tiers else "newest")
        if by not in get_args(Sort):
            raise UsageError(f"sort: no order {by!r}; there are {', '.join(get_args(Sort))}")
        after = None if cursor is None else read_cursor(cursor, by)
        if by in ("newest", "relevance"):
            return self._by_tier(limit, by, after)
        return self._sorted(limit, by, after)

    def _by_tier(self, limit: int, by: Sort, after: tuple[int | str, int] | None) -> Page:
        """The newest first, within each tier of what the words are worth."""
        tiers: Sequence[tuple[Condition | None, float]] = ((None, 1.0),)
        if self.tiers is not None and by == "relevance":
            tiers = tuple(zip(self.tiers, WEIGHTS, strict=False))
        elif self.tiers is not None:
            tiers = ((self._anywhere, WEIGHTS[-1]),)
        first, below = (0, None) if after is None else after
        found: list[tuple[int, int]] = []
        for number, (tier, _) in enumerate(tiers):
            if number >= int(first):
                way = Way(self.connection, self.asked if tier is None else [*self.asked, tier])
                more = way.newest(limit + 1 - len(found), below if number == first else None)
                found += [(number, each) for each in more]
            if len(found) > limit:
                break
        page = tuple((each, tiers[number][1]) for number, each in found[:limit])
        return Page(page, write_cursor(by, *found[limit - 1]) if len(found) > limit else None)

    @cached_property
    def _anywhere(self) -> Condition:
        return anywhere(self.connection, self.query.words)

    @property
    def all(self) -> list[Condition]:
        return [*self.asked, self._anywhere] if self.tiers else self.asked

    def _sorted(self, limit: int, by: Sort, after: tuple[int | str, int] | None) -> Page:
        """In an order that no index has: all that is found is looked at."""
        key: ColumnElement[Any] = {
            "oldest": _ID,
            "title": func.lower(tables.datasets.c.title),
            "largest": -func.coalesce(tables.datasets.c.size, -1),
        }[by]
        statement = Way(self.connection, self.all).statement().add_columns(key.label("key"))
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
        return Way(self.connection, self.all).count()

    def among(self) -> tuple[Select[Any], int]:
        """The ids that were found, or a random part of them, and how many each of them stands for."""
        return Way(self.connection, self.all).among()


class Way:
    """How conditions that must all hold are best met."""

    def __init__(self, connection: Connection, wanted: Sequence[Condition]) -> None:
        self.connection = connection
        self.wanted = wanted

    # -- what is known before --------------------------------------------------------------------

    @cached_property
    def smallest(self) -> tuple[Condition, int] | None:
        """The condition that the fewest meet, and how many those are, counted up to `FEW`; None of none."""
        listed = [each for each in self.wanted if each.ids is not None]
        counted = [(each, self._at_most(each, FEW + 1)) for each in listed]
        return min(counted, key=lambda pair: pair[1], default=None)

    def _at_most(self, condition: Condition, most: int) -> int:
        assert condition.ids is not None  # noqa: S101
        return (
            self.connection.scalar(select(func.count()).select_from(condition.ids.limit(most).subquery()))
            or 0
        )

    @cached_property
    def sample(self) -> tuple[int, int, int]:
        """Of the random part: its level, how many it has, and how many of them meet all."""
        table, level, size = tables.sampled, 40, 0
        highest = self.connection.scalar(select(func.max(table.c.level)))
        level = SAMPLED_FROM if highest is None else highest
        while True:
            number = select(func.count()).select_from(table).where(table.c.level == level)
            size = self.connection.scalar(number) or 0
            if size >= SAMPLE or level <= SAMPLED_FROM:
                break
            level -= 1
        met = select(func.count()).select_from(self._sampled(level).subquery())
        return level, size, self.connection.scalar(met) or 0

    def _sampled(self, level: int) -> Select[Any]:
        part = select(tables.sampled.c.dataset).where(tables.sampled.c.level == level)
        return select(_ID).where(_ID.in_(part), *self._tests())

    def _tests(self, besides: Condition | None = None) -> list[ColumnElement[bool]]:
        return [each.holds for each in self.wanted if each is not besides]

    # -- ways ------------------------------------------------------------------------------------

    def newest(self, limit: int, below: int | None = None) -> list[int]:
        """The ids that meet all, highest first, below another."""
        if not self._few and self._dense(limit):
            found = self._walked(limit, below)
            if found is not None:
                return found
        statement = self.statement().order_by(_ID.desc()).limit(limit)
        return list(self.connection.scalars(statement if below is None else statement.where(below > _ID)))

    @property
    def _few(self) -> bool:
        return self.smallest is not None and self.smallest[1] <= FEW

    def _dense(self, limit: int) -> bool:
        """Whether a page is soon full when one after another is tried."""
        if not self.wanted or (len(self.wanted) == 1 and self.wanted[0].walk is not None):
            return True
        _, size, met = self.sample
        return met * TRIED >= 2 * limit * size

    def _walked(self, limit: int, below: int | None) -> list[int] | None:
        """Try the newest one after another; None if too many were tried before there were enough."""
        walks = [each for each in self.wanted if each.walk is not None]
        along = next((each for each in walks if each.walk and each.walk.dear), next(iter(walks), None))
        walk = Walk(select(_ID), _ID) if along is None or along.walk is None else along.walk
        lowest = self._lowest(along, below)
        tests = [*self._tests(along), *([] if below is None else [walk.key < below])]
        if lowest is not None:
            tests.append(walk.key >= lowest)
        statement = walk.statement.where(*tests).order_by(walk.key.desc()).limit(limit)
        found = list(self.connection.scalars(statement))
        return found if lowest is None or len(found) == limit else None

    def _lowest(self, along: Condition | None, below: int | None) -> int | None:
        """Where a walk has tried enough."""
        if along is not None and along.ids is not None:
            key, steps, ids = along.walk.key if along.walk else _ID, TRIED, along.ids
        else:
            key, steps = tables.sampled.c.dataset, TRIED >> SAMPLED_FROM
            ids = select(key).where(tables.sampled.c.level == SAMPLED_FROM)
        assert isinstance(ids, Select)  # noqa: S101
        ids = ids if below is None else ids.where(key < below)
        return self.connection.scalar(ids.order_by(key.desc()).offset(steps).limit(1))

    def statement(self) -> Select[Any]:
        """All that meet all: what meets the most selective condition is listed and tried for the rest."""
        if self.smallest is None:
            return select(_ID).where(*self._tests())
        driving = self.smallest[0] if self._few else self._most_selective()
        assert driving.ids is not None  # noqa: S101
        return select(_ID).where(_ID.in_(select(driving.ids.subquery())), *self._tests(driving))

    def _most_selective(self) -> Condition:
        """Of conditions that many meet, the one that the fewest of the random part do."""
        listed = [each for each in self.wanted if each.ids is not None]
        return listed[0] if len(listed) == 1 else min(listed, key=self._met)

    def _met(self, condition: Condition) -> int:
        part = Way(self.connection, [condition])._sampled(self.sample[0])
        return self.connection.scalar(select(func.count()).select_from(part.subquery())) or 0

    # -- how many --------------------------------------------------------------------------------

    def count(self) -> Count:
        """Exact up to `EXACT`, and above it estimated from the random part."""
        if not self.wanted:
            return Count(self.connection.scalar(select(func.count()).select_from(tables.datasets)) or 0, True)
        if not self._few:
            level, _, met = self.sample
            estimate = met << level
            if estimate > 2 * EXACT:
                return Count(rounded(estimate), False)
        some = self.statement().limit(EXACT + 1).subquery()
        number = self.connection.scalar(select(func.count()).select_from(some)) or 0
        return Count(number, True) if number <= EXACT else Count(rounded(max(number, estimate)), False)

    def among(self) -> tuple[Select[Any], int]:
        """All that meet all, or those of the random part, and how many each stands for."""
        if self.count().exact:
            return self.statement(), 1
        level = self.sample[0]
        return self._sampled(level), 1 << level


def rounded(estimate: int) -> int:
    """To two digits, as many as an estimate is good for."""
    return int(float(f"{estimate:.1e}"))


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
