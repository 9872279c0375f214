"""Questions to the PaN search API, as the tests of their answers ask them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from facility import AMBIENT, BARE, COPPER, ICE, RAMP, RECORDS
from indexes import indexes

from nxspectra.catalogue.index import Index
from nxspectra.catalogue.pan import answers
from nxspectra.catalogue.pan.answers import Page
from nxspectra.catalogue.pan.asking import asking
from nxspectra.catalogue.pan.conditions import Conditions
from nxspectra.catalogue.pan.filters import parse
from nxspectra.catalogue.pan.schema import MODELS

NAMES = {each.pid: name for name, each in
         {"ramp": RAMP, "ambient": AMBIENT, "ice": ICE, "copper": COPPER, "bare": BARE}.items()}  # fmt: skip

ALL = {"ramp", "ambient", "ice", "copper", "bare"}


@contextmanager
def facility_index(kind: str, folder: Path) -> Iterator[Index]:
    """An index, in SQLite or PostgreSQL, of all that the facility has."""
    with indexes(kind, folder) as index:
        index.put(RECORDS)
        yield index


def ask(index: Index, asked: Any, model: str = "Dataset") -> list[dict[str, Any]]:
    page = Page(model, parse(asked, MODELS[model]))
    with asking(index, 20) as connection:
        conditions = Conditions(connection)
        return answers.things(conditions, page, answers.found(conditions, page))


def names(index: Index, asked: Any) -> list[str]:
    """The data sets that are found, by short names, in their order."""
    return [NAMES[thing["pid"]] for thing in ask(index, asked)]


def where(index: Index, condition: Any) -> set[str]:
    return set(names(index, {"where": condition}))


def joined(relation: str, condition: Any) -> dict[str, Any]:
    return {"relation": relation, "scope": {"where": condition}}


def having(index: Index, *relations: dict[str, Any]) -> set[str]:
    return set(names(index, {"include": list(relations)}))


def parameter(name: str, value: Any, unit: str | None = None) -> dict[str, Any]:
    """As the web page of the federated search asks."""
    said = [{"name": name}, {"value": value}, *([{"unit": unit}] if unit is not None else [])]
    return joined("parameters", {"and": said})
