"""What the data sets that were found have in common: each value and how many have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, distinct, func, select

from nxspectra.catalogue import tables
from nxspectra.catalogue.finding import Finder
from nxspectra.catalogue.ways import rounded

MOST = 20
"""Values of a facet that are told."""


@dataclass(frozen=True, slots=True)
class Facet:
    """How often each value occurs among what was found."""

    counts: Mapping[str, int]
    exact: bool


def facets(finder: Finder, names: tuple[str, ...] | None = None) -> dict[str, Facet]:
    """By name; exact where the count of what was found is, and else estimated."""
    hits, each_is = finder.among()
    found = {}
    for name in names or NAMES:
        value, joined, pointer = _year(finder.connection) if name == "year" else _FACETS[name]
        number = func.count(distinct(pointer))
        statement = (
            select(value, number)
            .select_from(joined)
            .where(pointer.in_(hits), value.is_not(None))
            .group_by(value)
            .order_by(number.desc(), value)
            .limit(MOST)
        )
        rows = finder.connection.execute(statement).all()
        counts = {_said(row[0]): row[1] if each_is == 1 else rounded(row[1] * each_is) for row in rows}
        found[name] = Facet(counts, each_is == 1)
    return found


def _said(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _year(connection: Connection) -> tuple[ColumnElement[Any], FromClause, ColumnElement[int]]:
    created = tables.datasets.c.created
    if connection.dialect.name == "sqlite":
        value: ColumnElement[Any] = func.strftime("%Y", created, "unixepoch")
    else:
        value = func.to_char(func.timezone("UTC", func.to_timestamp(created)), "YYYY")
    return value, tables.datasets, tables.datasets.c.id


def _shared(
    pointing: str, table: Any, column: str
) -> tuple[ColumnElement[Any], FromClause, ColumnElement[int]]:
    data = tables.datasets
    return table.c[column], data.join(table, data.c[pointing] == table.c.id), data.c.id


def _techniques() -> tuple[ColumnElement[Any], FromClause, ColumnElement[int]]:
    data, members, techniques = tables.datasets, tables.technique_members, tables.techniques
    joined = data.join(members, members.c.set == data.c.technique_set).join(
        techniques, techniques.c.id == members.c.technique
    )
    return func.coalesce(techniques.c.name, techniques.c.iri), joined, data.c.id


_FACETS: dict[str, tuple[ColumnElement[Any], FromClause, ColumnElement[int]]] = {
    "technique": _techniques(),
    "instrument": _shared("instrument", tables.instruments, "name"),
    "facility": _shared("facility", tables.facilities, "name"),
    "label": (
        tables.label_names.c.name,
        tables.labels.join(tables.label_names, tables.label_names.c.id == tables.labels.c.label),
        tables.labels.c.dataset,
    ),
    "formula": (
        tables.samples.c.formula,
        tables.dataset_samples.join(tables.samples, tables.samples.c.id == tables.dataset_samples.c.sample),
        tables.dataset_samples.c.dataset,
    ),
    "definition": _shared("definition", tables.definitions, "name"),
    "conforms": (tables.datasets.c.conforms, tables.datasets, tables.datasets.c.id),
}
NAMES = (*_FACETS, "year")
