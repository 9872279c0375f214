"""What is asked, answered from the index: things with what they are joined with, as JSON has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, TypeAlias

from sqlalchemy import Row, Select, func, literal, or_, select

from nxspectra.catalogue.pan import parameters
from nxspectra.catalogue.pan.conditions import Conditions
from nxspectra.catalogue.pan.filters import MOST_ROWS, Filter, Include, Order, Where
from nxspectra.catalogue.pan.schema import Kind
from nxspectra.catalogue.pan.scores import Scores
from nxspectra.catalogue.pan.sources import Column, Source, links, source_of
from nxspectra.catalogue.rows import chunks
from nxspectra.catalogue.ways import Sizes, Way, narrowed
from nxspectra.errors import FilterError

Thing: TypeAlias = dict[str, Any]
"""Properties, and what is joined by the name of the relation."""

FIRST, MOST_TRIED = 200, 5000
"""So many of the best are tried for the conditions together, first and at most."""
MOST_JOINED = 100_000
"""Rows of one relation that 500 things may be joined with."""


@dataclass(frozen=True)
class Page:
    """A list that is asked for: of which model, by what, and how many if nobody says."""

    model: str
    asked: Filter
    usual: int = 100
    zeros: bool = False
    """Whether things are shown that have nothing of the free text."""


def found(conditions: Conditions, page: Page) -> list[tuple[int, float]]:
    """The ids and scores of the things that are asked for, in their order."""
    source, asked = source_of(page.model), page.asked
    limit = page.usual if asked.limit is None else asked.limit or MOST_ROWS
    if page.model == "Dataset" and asked.query is None and not asked.order:
        sizes = Sizes(conditions.connection)
        wanted = narrowed(conditions.connection, conditions.of_data_sets(asked, source), sizes)
        way = Way(conditions.connection, wanted, sizes, source.keys["id"])
        return [(number, 0) for number in way.newest(asked.skip + limit)[asked.skip :]]
    of_all = bool(asked.order) and asked.query is None
    statement = select(source.keys["id"].label("id")).select_from(source.rows)
    statement = statement.where(conditions.of(asked, source, of_all=of_all))
    if asked.query is not None:
        return _ranked(conditions, page, source, statement)[asked.skip : asked.skip + limit]
    statement = statement.order_by(*_orders(conditions, asked.order, source))
    # SQLite knows no OFFSET without a LIMIT
    statement = statement.limit(limit).offset(asked.skip or None)
    return [(row.id, 0) for row in conditions.connection.execute(statement)]


def _ranked(
    conditions: Conditions, page: Page, source: Source, statement: Select[Any]
) -> list[tuple[int, float]]:
    """Ids and scores of what meets `statement` and has some of the words; enough, or more."""
    asked = page.asked
    scores = Scores(conditions.connection, asked.query or "").of(page.model)
    wanted = asked.skip + (page.usual if asked.limit is None else asked.limit or MOST_ROWS)
    orders = [source.properties[each.property].label(f"o_{each.property}") for each in asked.order]
    ties = [column.label(f"t_{at}") for at, column in enumerate(_ties(source))]
    met = statement.add_columns(*orders, *ties)
    rows: list[Row[Any]] = []
    # an id begins with the time: of equal scores the newest come first
    candidates = sorted(scores, key=lambda number: (-scores[number], -number))
    start, size = 0, FIRST
    while start < len(candidates) and (len(rows) < wanted or asked.order):
        some = candidates[start : start + size]
        rows += conditions.connection.execute(met.where(source.keys["id"].in_(some)))
        start, size = start + size, min(2 * size, MOST_TRIED)
    rows.sort(key=lambda row: (row.t_1 or "", row.t_2))
    rows.sort(key=lambda row: (scores[row.id], row.t_0 or 0), reverse=True)
    best = [(row.id, scores[row.id]) for row in _sorted(rows, asked.order, "o_{}")]
    if page.zeros and len(best) < wanted:
        others = statement.order_by(*_orders(conditions, asked.order, source)).limit(wanted + len(best))
        best += [(number, 0.0) for number in conditions.connection.scalars(others) if number not in scores]
    return best


def _sorted(rows: list[Row[Any]], orders: Sequence[Order], column: str) -> list[Row[Any]]:
    """Rows by properties, which are in columns of such names; as they were where these are the same."""
    for order in reversed(orders):
        name = column.format(order.property)
        nothing = [row for row in rows if getattr(row, name) is None]
        rows = [row for row in rows if getattr(row, name) is not None]
        rows = [*sorted(rows, key=attrgetter(name), reverse=order.descending), *nothing]
    return rows


def _ties(source: Source) -> tuple[Column, Column, Column]:
    """What decides between equal scores: a date, the newest first, a title, and the pid."""
    properties = source.properties
    date = properties.get("creationDate", properties.get("startDate"))
    title = properties["title" if "title" in properties else "name"]
    return literal(0) if date is None else date, title, properties["pid"]


def things(conditions: Conditions, page: Page, some: Sequence[tuple[int, float]]) -> list[Thing]:
    """Those of the things that were found, each with its score."""
    source = source_of(page.model)
    about: dict[int, Thing] = {}
    for ids in chunks([number for number, _ in some]):
        about.update(_about(conditions, source, page.asked, ids))
    # one may have been taken out since it was found
    return [{**about[number], "score": score} for number, score in some if number in about]


def thing(conditions: Conditions, model: str, pid: str, asked: Filter) -> Thing | None:
    """The thing with this pid, without a score; None if it is not there, or not for everybody."""
    source = source_of(model)
    statement = select(source.keys["id"]).select_from(source.rows)
    number = conditions.connection.scalar(
        statement.where(source.properties["pid"] == pid, *source.public).limit(1)
    )
    if number is None:
        return None
    return next(about for _, about in _about(conditions, source, asked, [number]))


def count(conditions: Conditions, model: str, where: Where | None) -> int:
    source = source_of(model)
    statement = select(func.count()).select_from(source.rows)
    return (
        conditions.connection.scalar(statement.where(conditions.of(Filter(where), source, of_all=True))) or 0
    )


def files(conditions: Conditions, pid: str, asked: Filter) -> list[Thing] | None:
    """The files of a data set; None if it is not there."""
    about = thing(conditions, "Dataset", pid, Filter(include=(Include("files", asked),)))
    return None if about is None else about["files"]


def count_files(conditions: Conditions, pid: str, where: Where | None) -> int | None:
    listed = files(conditions, pid, Filter(where))
    return None if listed is None else len(listed)


# -- rows as things ----------------------------------------------------------------------------


def _orders(conditions: Conditions, asked: Sequence[Order], source: Source) -> list[Column]:
    columns = []
    for order in asked:
        column = source.properties[order.property]
        if source.model.properties[order.property] in (Kind.TEXT, Kind.ANY):
            column = conditions.by_letters(column)
        columns.append(column.desc().nulls_last() if order.descending else column.asc().nulls_last())
    return [*columns, *source.order]


def _about(
    conditions: Conditions, source: Source, asked: Filter, ids: Sequence[int]
) -> Iterator[tuple[int, Thing]]:
    """The things with these ids."""
    statement = _columns(source).where(source.keys["id"].in_(ids))
    rows = conditions.connection.execute(statement).all()
    yield from zip((row.k_id for row in rows), _made(conditions, source, asked, rows, []), strict=True)


def _columns(source: Source) -> Select[Any]:
    columns = [column.label(f"p_{name}") for name, column in source.properties.items()]
    columns += [column.label(f"k_{name}") for name, column in source.keys.items()]
    columns += [column.label(f"m_{name}") for name, column in source.more.items()]
    return select(*columns).select_from(source.rows)


def _made(
    conditions: Conditions,
    source: Source,
    asked: Filter,
    rows: Sequence[Row[Any]],
    units: Sequence[parameters.Asked],
) -> list[Thing]:
    made = [_shown(source, asked, row, units) for row in rows]
    by_relation: dict[str, list[Include]] = defaultdict(list)
    for include in asked.include:
        by_relation[include.relation].append(include)
    for relation, includes in by_relation.items():
        many = source.model.relations[relation].many
        for one, joined in zip(made, _joined(conditions, source, rows, relation, includes), strict=True):
            if many:
                one[relation] = joined
            elif joined:
                one[relation] = joined[0]
    return made


def _joined(
    conditions: Conditions, parent: Source, rows: Sequence[Row[Any]], relation: str, includes: list[Include]
) -> Iterator[list[Thing]]:
    """For each row, what it is joined with by one relation, which may be asked for several times."""
    joints, scope = links(parent.model.name, relation, 0), _merged(includes)
    # in whichever way they are joined, by the same of the thing
    key = f"k_{joints[0].key}"
    keys = sorted({value for row in rows if (value := getattr(row, key)) is not None})
    below: list[Row[Any]] = []
    for joint in joints:
        wanted = or_(*(conditions.joined(include, joint.source) for include in includes))
        statement = _columns(joint.source).add_columns(joint.parent.label("parent")).where(wanted)
        statement = statement.order_by(*_orders(conditions, scope.order, joint.source))
        for some in chunks(keys):
            most = MOST_JOINED + 1 - len(below)
            below += conditions.connection.execute(statement.where(joint.parent.in_(some)).limit(most)).all()
            if len(below) > MOST_JOINED:
                raise FilterError(f"more than {MOST_JOINED} {relation} would be in the answer; give a limit")
    if len(joints) > 1:
        below = _sorted(below, scope.order, "p_{}")
    units = [each for include in includes for each in parameters.asked_for(include.scope.where)]
    by_parent: dict[Any, list[Thing]] = defaultdict(list)
    for row, one in zip(below, _made(conditions, joints[0].source, scope, below, units), strict=True):
        by_parent[row.parent].append(one)
    for row in rows:
        yield _part(by_parent.get(getattr(row, key), []), scope)


def _merged(includes: list[Include]) -> Filter:
    """How a relation that is asked for several times is shown: each row once, with all its joins."""
    first = includes[0].scope
    if len(includes) == 1:
        return first
    nested = tuple(each for include in includes for each in include.scope.include)
    return Filter(None, nested, first.order, first.fields, first.limit, first.skip)


def _part(joined: list[Thing], scope: Filter) -> list[Thing]:
    end = scope.skip + scope.limit if scope.limit else None
    return joined[scope.skip : end]


def _shown(source: Source, asked: Filter, row: Row[Any], units: Sequence[parameters.Asked]) -> Thing:
    values = row._mapping
    if source.model.name == "Parameter":
        about = {name: values[f"m_{name}"] for name in source.more if name != "unit"}
        about |= {name: values[f"p_{name}"] for name in source.properties}
        made = {"id": values["p_id"], **parameters.shown(about, list(units))}
    else:
        made = {
            name: _value(kind, values[f"p_{name}"])
            for name, kind in source.model.properties.items()
            if values[f"p_{name}"] is not None
        }
    if asked.fields is None:
        return made
    return {name: value for name, value in made.items() if asked.fields.show(name)}


def _value(kind: Kind, value: Any) -> Any:
    match kind:
        case Kind.DATE:
            return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        case Kind.TEXTS:
            return value.split("\n")
        case Kind.TRUTH:
            return bool(value)
        case _:
            return value
