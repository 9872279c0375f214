"""How conditions that must all hold are met: some are listed, and the others tried on what is listed.

If few data sets meet one of the conditions, those are listed. Else the newest are tried one after another,
which soon fills a page; where it does not, because what is wanted is rare among them, a random part of the
data sets says whether to go on so or to list what meets the most selective condition.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Connection, Select, cast, func, select

from nxspectra.catalogue import tables
from nxspectra.catalogue.conditions import Condition, Walk, of_profiles
from nxspectra.catalogue.texts import SAMPLED_FROM

EXACT = 10_000
"""Counts up to this are exact."""
FEW, FEW_BESIDE_DEAR = 5_000, 1_000
"""What is met by fewer is listed; the fewer, where another condition is dear to try on them."""
TRIED_FIRST, TRIED = 2_000, 20_000
"""So many of the newest are tried before another way is looked for, and before it is taken."""
COUNTED = (20_000, 200_000)
"""How far conditions are counted to tell which of them is the most selective."""
LISTED = 20_000
"""What is dear to try is listed instead, if no more data sets meet it."""
DEAR = 60
"""To try once what is dear takes as long as to list about so many."""
SAMPLE = 1_000
"""Data sets of the random part that are tried, at least; up to twice as many are."""
SURE = 4.0
"""Standard deviations by which an estimate must exceed `EXACT` to be given instead of a count."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many data sets meet a query."""

    number: int
    exact: bool

    def __str__(self) -> str:
        return f"{self.number:,}" if self.exact else f"about {self.number:,}"


@dataclass(frozen=True, slots=True)
class Sample:
    """The random part of the data sets: one in 2**level."""

    level: int
    size: int
    met: int
    """How many of it meet all."""

    @property
    def estimate(self) -> int:
        """How many there are, about."""
        return self.met << self.level

    @property
    def least(self) -> float:
        """How many there are at least, almost certainly."""
        return (self.met - SURE * math.sqrt(self.met)) * (1 << self.level)


class Sizes:
    """How many data sets meet each condition, counted as far as somebody wanted to know."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[Condition, tuple[int, int]] = {}

    def up_to(self, condition: Condition, most: int) -> int:
        """How many, or `most` if there are more; the condition can be listed."""
        number, counted = self._known.get(condition, (0, 0))
        if number == counted < most:
            assert condition.ids is not None  # noqa: S101
            some = condition.ids.limit(most).subquery()
            number = self._connection.scalar(select(func.count()).select_from(some)) or 0
            self._known[condition] = number, most
        return min(number, most)


def narrowed(connection: Connection, wanted: Sequence[Condition], sizes: Sizes) -> list[Condition]:
    """With what must hold besides, if few data sets, or none, have a profile that may meet all."""
    common = of_profiles(connection, wanted)
    if common is None or sizes.up_to(common, FEW + 1) > FEW:
        return list(wanted)
    return [*wanted, common]


class Way:
    """How conditions that must all hold are best met."""

    def __init__(
        self,
        connection: Connection,
        wanted: Sequence[Condition],
        sizes: Sizes | None = None,
        key: ColumnElement[int] = tables.datasets.c.id,
    ) -> None:
        """`key`: the id of a data set, in the table of which the conditions are."""
        self.connection = connection
        self.wanted = wanted
        self._key = key
        self._sizes = sizes or Sizes(connection)
        self._listed = [each for each in wanted if each.ids is not None]

    # -- what is known before --------------------------------------------------------------------

    @cached_property
    def few(self) -> Condition | None:
        """The condition that the fewest meet, if those are few."""
        dear = [each for each in self.wanted if each.dear]
        alone = [each for each in self._listed if not dear or dear == [each]]
        beside = [each for each in self._listed if each not in alone]
        return self._smallest(FEW, alone) or self._smallest(FEW_BESIDE_DEAR, beside)

    def _smallest(self, most: int, listed: Sequence[Condition] | None = None) -> Condition | None:
        """The condition that the fewest meet; None if each is met by more than `most`."""
        some = self._listed if listed is None else listed
        counted = [(self._sizes.up_to(each, most + 1), each) for each in some]
        number, smallest = min(counted, key=lambda pair: pair[0], default=(most + 1, None))
        return smallest if number <= most else None

    @cached_property
    def sample(self) -> Sample:
        """How many of the random part meet all."""
        table = tables.sampled
        level = self.connection.scalar(select(func.max(table.c.level)))
        level = SAMPLED_FROM if level is None else level
        while True:
            number = select(func.count()).select_from(table).where(table.c.level == level)
            size = self.connection.scalar(number) or 0
            if size >= SAMPLE or level <= SAMPLED_FROM:
                break
            level -= 1
        met = self.connection.scalar(select(func.count()).select_from(self._sampled(level).subquery())) or 0
        return Sample(level, size, met)

    def _sampled(self, level: int) -> Select[Any]:
        """Those of the random part that meet all."""
        part = select(tables.sampled.c.dataset).where(tables.sampled.c.level == level)
        tests = [
            each.holds if each.sampled is None else self._key.in_(each.sampled(level)) for each in self.wanted
        ]
        return select(self._key).where(self._key.in_(part), *tests)

    def _tests(self, times: int, besides: Condition | None = None) -> list[ColumnElement[bool]]:
        """What holds of a data set that meets all, to be tried so many times; the dear ones last."""
        others = sorted((each for each in self.wanted if each is not besides), key=lambda each: each.dear)
        return [self._test(each, times) for each in others]

    def _test(self, condition: Condition, times: int) -> ColumnElement[bool]:
        if condition.dear and times > 1 and self._is_better_listed(condition, times):
            assert condition.ids is not None  # noqa: S101
            return self._key.in_(select(condition.ids.subquery()))
        return condition.holds

    def _is_better_listed(self, condition: Condition, times: int) -> bool:
        """Is it dearer to try it so often than to list once what meets it?"""
        if times <= FEW:
            return self._sizes.up_to(condition, LISTED + 1) <= LISTED
        return self._part([condition]).sample.estimate <= DEAR * times

    def _part(self, wanted: Sequence[Condition]) -> Way:
        return Way(self.connection, wanted, self._sizes, self._key)

    # -- ways ------------------------------------------------------------------------------------

    def newest(self, limit: int, below: int | None = None) -> list[int]:
        """The ids that meet all, highest first, below another."""
        if self.few is None:
            found = self._walked(limit, below, TRIED_FIRST)
            if found is None and self._is_soon_full(limit):
                found = self._walked(limit, below, TRIED)
            if found is not None:
                return found
            if self.all is not None:
                return [each for each in self.all if below is None or each < below][:limit]
        statement = self.statement().order_by(self._key.desc()).limit(limit)
        return list(
            self.connection.scalars(statement if below is None else statement.where(below > self._key))
        )

    def _is_soon_full(self, limit: int) -> bool:
        """Is a page full after so many tries as may be, and sooner than when something is listed?"""
        if self.sample.met * TRIED < 2 * limit * self.sample.size:
            return False
        smallest = self._smallest(COUNTED[0])
        tries = limit * self.sample.size // self.sample.met
        return smallest is None or self._sizes.up_to(smallest, COUNTED[0] + 1) > tries

    def _walked(self, limit: int, below: int | None, steps: int) -> list[int] | None:
        """Try so many of the newest one after another; None if that does not suffice."""
        walks = [each for each in self.wanted if each.walk is not None]
        along = next((each for each in walks if each.dear), next(iter(walks), None))
        walk = Walk(select(self._key), self._key) if along is None or along.walk is None else along.walk
        lowest = None if not self.wanted or self.wanted == [along] else self._lowest(along, below, steps)
        tests = [*self._tests(steps, along), *([] if below is None else [walk.key < below])]
        if lowest is not None:
            tests.append(walk.key >= lowest)
        statement = walk.statement.where(*tests).order_by(walk.key.desc()).limit(limit)
        found = list(self.connection.scalars(statement))
        return found if lowest is None or len(found) == limit else None

    def _lowest(self, along: Condition | None, below: int | None, steps: int) -> int | None:
        """The last to be tried; None if there are not so many."""
        if along is not None and along.ids is not None:
            key, ids = along.walk.key if along.walk else self._key, along.ids
        else:
            key, steps = tables.sampled.c.dataset, steps >> SAMPLED_FROM
            ids = select(key).where(tables.sampled.c.level == SAMPLED_FROM)
        assert isinstance(ids, Select)  # noqa: S101
        ids = ids if below is None else ids.where(key < below)
        return self.connection.scalar(ids.order_by(key.desc()).offset(steps).limit(1))

    def statement(self) -> Select[Any]:
        """All that meet all: what meets the most selective condition is listed and tried for the rest."""
        if not self._listed:
            return select(self._key).where(*self._tests(1))
        driving, times = self.few, FEW
        if driving is None:
            driving = self._most_selective()
            times = self._part([each for each in self.wanted if not each.dear]).sample.estimate
        assert driving.ids is not None  # noqa: S101
        tests = self._tests(times, driving)
        if driving.of_rows and isinstance(driving.ids, Select):
            return driving.ids.where(*tests)
        return select(self._key).where(self._key.in_(select(driving.ids.subquery())), *tests)

    def _most_selective(self) -> Condition:
        if len(self._listed) == 1:
            return self._listed[0]
        return next(filter(None, map(self._smallest, COUNTED)), self._listed[0])

    def holding(self, ids: Sequence[int], condition: Condition) -> list[int]:
        """Those of a few data sets for which a condition holds, highest first."""
        if not ids:
            return []
        listed = self._key.in_(these(self.connection, ids))
        statement = select(self._key).where(listed, self._test(condition, len(ids)))
        return list(self.connection.scalars(statement.order_by(self._key.desc())))

    # -- how many --------------------------------------------------------------------------------

    def count(self) -> Count:
        """Exact up to `EXACT`, and above it estimated from the random part."""
        if not self.wanted:
            return Count(self.connection.scalar(select(func.count()).select_from(tables.datasets)) or 0, True)
        if self.all is not None:
            return Count(len(self.all), True)
        return Count(rounded(max(EXACT + 1, self.sample.estimate)), False)

    @cached_property
    def all(self) -> list[int] | None:
        """The ids of all that meet all, highest first; None if they are more than `EXACT`."""
        if self.few is None and self.sample.least > EXACT:
            return None
        found = list(self.connection.scalars(self.statement().limit(EXACT + 1)))
        return None if len(found) > EXACT else sorted(found, reverse=True)

    def among(self) -> tuple[Select[Any], int]:
        """All that meet all if they are not too many, else those of the random part; what each stands for."""
        if self.all is not None:
            return these(self.connection, self.all), 1
        part = list(self.connection.scalars(self._sampled(self.sample.level)))
        return these(self.connection, part), 1 << self.sample.level


def these(connection: Connection, ids: Sequence[int]) -> Select[Any]:
    """Ids that are at hand, as a list that SQL can use, however many they are."""
    if connection.dialect.name == "sqlite":
        return select(func.json_each(json.dumps(ids)).table_valued("value").c.value.label("id"))
    return select(func.unnest(cast(ids, ARRAY(BigInteger))).column_valued("id"))


def rounded(estimate: int) -> int:
    """To two digits, as many as an estimate is good for."""
    return int(float(f"{estimate:.1e}"))
