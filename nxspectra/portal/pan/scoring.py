"""Scores of things for free text, as https://github.com/panosc-eu/panosc-search-scoring answers them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import select

from nxspectra.catalogue.pan.conditions import Conditions
from nxspectra.catalogue.pan.filters import nearest
from nxspectra.catalogue.pan.scores import Scores, words_of
from nxspectra.catalogue.pan.sources import source_of
from nxspectra.catalogue.rows import chunks
from nxspectra.errors import FilterError
from nxspectra.portal.errors import answers
from nxspectra.portal.pan.questions import Desk

MOST_ITEMS = 10_000
_GROUPS = {"datasets": "Dataset", "documents": "Document"}


def _storable(text: str) -> str:
    if "\x00" in text or any("\ud800" <= mark <= "\udfff" for mark in text):
        raise ValueError("holds a character that no text has")
    return text


Text = Annotated[str, Field(max_length=4000), AfterValidator(_storable)]


class Asked(BaseModel):
    """What is to be scored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"query": "ferropericlase compression", "itemIds": [], "group": "datasets", "limit": 10}
            ]
        }
    )

    query: Text
    itemIds: list[Text] = Field([], max_length=MOST_ITEMS)  # noqa: N815
    """Pids; all things if there are none."""
    group: Text = ""
    """`datasets` or `documents`; both if it is empty."""
    limit: int = -1
    """At most so many, the best; a negative number for all."""


class Terms(BaseModel):
    query: str
    terms: list[str]


class Scored(BaseModel):
    itemId: str  # noqa: N815
    score: float
    group: str


class Answer(BaseModel):
    """Scores, best first; what has none of the words is not among them."""

    request: Asked
    query: Terms
    scores: list[Scored]
    dimension: int
    """How many scores there are."""
    computeInProgress: bool  # noqa: N815
    """Never: the weights of words are those of the index."""
    started: datetime
    ended: datetime


def router(desk: Desk) -> APIRouter:
    routes = APIRouter()

    @routes.post("", summary="How well things answer free text", responses=answers(400, 413, 422, 503))
    async def score(asked: Asked) -> Answer:
        started = datetime.now(UTC)
        groups = _groups(asked.group)
        found = await desk.ask(lambda conditions: _scores(conditions, asked, groups))
        return Answer(
            request=asked,
            query=Terms(query=asked.query, terms=list(words_of(asked.query))),
            scores=found,
            dimension=len(found),
            computeInProgress=False,
            started=started,
            ended=datetime.now(UTC),
        )

    return routes


def _groups(said: str) -> list[str]:
    if said.strip().lower() in ("", "default"):
        return list(_GROUPS)
    name = said.strip().lower()
    name = name if name.endswith("s") else f"{name}s"
    if name not in _GROUPS:
        raise FilterError(f"group: there is no group {said[:60]!r}; {nearest(name, _GROUPS)}")
    return [name]


def _scores(conditions: Conditions, asked: Asked, groups: list[str]) -> list[Scored]:
    if asked.limit == 0:
        return []
    scores = Scores(conditions.connection, asked.query)
    found = [each for group in groups for each in _of_group(conditions, scores, asked, group)]
    found.sort(key=lambda each: (-each.score, each.itemId))
    return found[: asked.limit if asked.limit > 0 else MOST_ITEMS]


def _of_group(conditions: Conditions, scores: Scores, asked: Asked, group: str) -> Iterator[Scored]:
    source = source_of(_GROUPS[group])
    by_id, pid, number = scores.of(_GROUPS[group]), source.properties["pid"], source.keys["id"]
    statement = select(number.label("id"), pid.label("pid")).select_from(source.rows).where(*source.public)
    if asked.itemIds:
        parts = [statement.where(pid.in_(some)) for some in chunks(list(dict.fromkeys(asked.itemIds)))]
    else:
        best = sorted(by_id, key=lambda each: -by_id[each])[:MOST_ITEMS]
        parts = [statement.where(number.in_(some)) for some in chunks(best)]
    for part in parts:
        for row in conditions.connection.execute(part):
            if row.id in by_id:
                yield Scored(itemId=row.pid, score=by_id[row.id], group=group)
