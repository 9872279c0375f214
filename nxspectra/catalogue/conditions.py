"""What is asked of the index, one condition at a time, as SQL; what people write is never part of its text.

A condition can be tried on a data set (`holds`), most can be listed (`ids`), and some can be walked along an
index (`walk`). `finding` chooses which is used for what, so the database is not left a choice: to SQLite a
column behind a `+` is no key to an index.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    exists,
    false,
    func,
    intersect,
    literal_column,
    or_,
    select,
    text,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.sql.selectable import CompoundSelect

from nxspectra.catalogue import tables
from nxspectra.catalogue.query import TRANSITION, Query, Range
from nxspectra.catalogue.tables import Trait
from nxspectra.catalogue.texts import tokens
from nxspectra.rdf.quantities import QUANTITIES

Ids = Select[Any] | CompoundSelect[Any]

_ID = tables.datasets.c.id
_INDEX_NAMES = {each.name: each.pan_name or each.name for each in QUANTITIES}
_WIDEST = 1023
"""Widths of this power of two and more are looked for from the lowest number on."""
_MOST_SETS = 2000


@dataclass(frozen=True)
class Walk:
    """Data sets along an index, joined with their rows."""

    statement: Select[Any]
    key: ColumnElement[int]
    """The id of the data set in the index, which has them in its order."""


@dataclass(frozen=True, eq=False)
class Condition:
    """One thing that must hold of a data set."""

    holds: ColumnElement[bool]
    """Of the row of `tables.datasets`."""
    ids: Ids | None = None
    """The data sets for which it holds, perhaps some twice; None if they can only be tried."""
    walk: Walk | None = None
    """The same in the order of their ids, where an index has them so."""
    of_rows: bool = False
    """Whether `ids` selects rows of `tables.datasets` themselves, each once."""
    sampled: Callable[[int], Select[Any]] | None = None
    """Those of the random part of a level, where they are listed quicker than tried."""
    traits: frozenset[tuple[Trait, int]] | None = None
    """One of these has every data set for which it holds; None if nothing is known."""

    @property
    def dear(self) -> bool:
        """Is it dear to try, so that it is better listed or walked?"""
        return self.sampled is not None


NOTHING = Condition(false())


def conditions(connection: Connection, query: Query) -> list[Condition]:
    """All that is asked but the words, which `text_tiers` has."""
    return list(_conditions(connection, query))


def _conditions(connection: Connection, query: Query) -> Iterator[Condition]:
    for ranges in query.ranges:
        yield overlapping(connection, ranges)
    if query.techniques:
        yield of_techniques(connection, query.techniques)
    if query.label is not None:
        yield of_label(connection, query.label, query.least_confidence)
    if query.formula is not None:
        yield of_formula(query.formula)
    if query.instrument is not None:
        yield of_shared(connection, tables.instruments, "instrument", "pid", query.instrument)
    if query.facility is not None:
        yield of_shared(connection, tables.facilities, "facility", "iri", query.facility)
    if query.since is not None or query.until is not None:
        yield measured(query.since, query.until)
    if query.definition is not None:
        yield of_definition(connection, query.definition)
    for column, wanted in (
        (tables.datasets.c.conforms, query.conforms),
        (tables.datasets.c.missing, query.missing),
        (tables.datasets.c.is_public, query.public),
    ):
        if wanted is not None:
            yield Condition(column.is_(wanted))


# -- ranges ------------------------------------------------------------------------------------


def overlapping(connection: Connection, ranges: Sequence[Range]) -> Condition:
    """A parameter, or the pressure of a boundary, that meets one of these ranges, or lies within it."""
    parts = [part for each in ranges for part in _range(connection, each)]
    if not parts:
        return NOTHING
    listed = [ids for _, ids, _ in parts]
    return Condition(
        or_(*(holds for holds, _, _ in parts)),
        union_all(*listed) if len(listed) > 1 else listed[0],
        traits=frozenset(trait for _, _, trait in parts),
    )


def _range(
    connection: Connection, wanted: Range
) -> Iterator[tuple[ColumnElement[bool], Ids, tuple[Trait, int]]]:
    table = tables.boundaries if wanted.name == TRANSITION else tables.parameters
    ends = _ends(table, wanted)
    if table is tables.boundaries:
        of = []
        trait = (Trait.BOUNDARY, 1)
        never_a_key: list[ColumnElement[bool]] = []
    else:
        quantity = connection.scalar(
            select(tables.quantities.c.id).where(
                tables.quantities.c.name == _INDEX_NAMES.get(wanted.name, wanted.name)
            )
        )
        if quantity is None:
            return
        of = [table.c.quantity == quantity]
        trait = (Trait.QUANTITY, quantity)
        never_a_key = [literal_column(f"+{table.name}.quantity") == quantity]
    holds = exists().where(table.c.dataset == _ID, *never_a_key, *ends).correlate(tables.datasets)
    for level in _levels(connection, table, of):
        yield (
            holds,
            select(table.c.dataset).where(*of, table.c.level == level, *_start(table, level, wanted), *ends),
            trait,
        )


def _ends(table: Table, wanted: Range) -> list[ColumnElement[bool]]:
    low, high = table.c.si_min, table.c.si_max
    tests = [(low, high)] if wanted.within else [(high, low)]
    made: list[ColumnElement[bool]] = [low.is_not(None)]
    for above, below in tests:
        if math.isfinite(wanted.minimum):
            made.append(above >= wanted.minimum)
        if math.isfinite(wanted.maximum):
            made.append(below <= wanted.maximum)
    return made


def _start(table: Table, level: int, wanted: Range) -> list[ColumnElement[bool]]:
    """Where ranges of a level that meet the wanted one start."""
    width = 0.0 if level == tables.POINT else math.ldexp(1.0, level) if level < _WIDEST else math.inf
    first = wanted.minimum - width
    made = [table.c.si_min >= first] if math.isfinite(first) else []
    return [*made, table.c.si_min <= wanted.maximum] if math.isfinite(wanted.maximum) else made


def _levels(connection: Connection, table: Table, of: Sequence[ColumnElement[bool]]) -> list[int]:
    """The levels that there are, each found by one look-up in the index."""
    lowest = select(func.min(table.c.level).label("level")).where(*of).cte("levels", recursive=True)
    higher = select(func.min(table.c.level)).where(*of, table.c.level > lowest.c.level).scalar_subquery()
    levels = lowest.union_all(select(higher).where(lowest.c.level.is_not(None)))
    return [level for level in connection.scalars(select(levels.c.level)) if level is not None]


# -- what is shared ----------------------------------------------------------------------------


def of_techniques(connection: Connection, techniques: Sequence[str]) -> Condition:
    """One of these techniques, or one below it."""
    closure = tables.technique_closure
    sets = list(
        connection.scalars(
            select(closure.c.set)
            .join(tables.techniques, tables.techniques.c.id == closure.c.technique)
            .where(tables.techniques.c.iri.in_(techniques))
            .distinct()
        )
    )
    if not sets:
        return NOTHING
    return Condition(
        literal_column("+datasets.technique_set").in_(sets),
        select(_ID).where(tables.datasets.c.technique_set.in_(sets)),
        _walk("technique_set", sets),
        of_rows=True,
        traits=traits_of(Trait.TECHNIQUES, sets),
    )


def of_label(connection: Connection, label: str, least_confidence: float | None) -> Condition:
    """A label, in lower case, that some frame bears, with at least this mean probability."""
    table, names = tables.labels, tables.label_names
    found = list(connection.scalars(select(names.c.id).where(names.c.folded == label)))
    if not found:
        return NOTHING
    sure = [] if least_confidence is None else [table.c.mean >= least_confidence]
    wanted = [table.c.label.in_(found) if len(found) > 1 else table.c.label == found[0], *sure]
    # the + keeps the labels outside: each is looked up, and not each data set tried
    outside: ColumnElement[int] = literal_column("+labels.dataset", type_=_ID.type)
    both = table.join(tables.datasets, outside == _ID)
    joined = select(table.c.dataset.label("id")).select_from(both).where(*wanted)
    walk = Walk(joined.distinct(), table.c.dataset)
    return Condition(
        exists().where(table.c.dataset == _ID, *wanted).correlate(tables.datasets),
        select(table.c.dataset).where(*wanted),
        walk if len(found) == 1 else None,
        traits=traits_of(Trait.LABEL, found),
    )


def of_formula(formula: str) -> Condition:
    """A sample of this formula, without blanks, `*` for anything."""
    table = tables.dataset_samples
    wanted = select(tables.samples.c.id).where(like(tables.samples.c.folded, formula))
    return Condition(
        exists()
        .where(table.c.dataset == _ID, literal_column("+dataset_samples.sample").in_(wanted))
        .correlate(tables.datasets),
        select(table.c.dataset).where(table.c.sample.in_(wanted)),
    )


def of_shared(connection: Connection, table: Table, pointing: str, name: str, said: str) -> Condition:
    """An instrument or a facility by its name in lower case, `*` for anything, or by what it is known as."""
    same = or_(like(table.c.folded, said), func.lower(table.c[name]) == said)
    found = list(connection.scalars(select(table.c.id).where(same).limit(_MOST_SETS)))
    if not found:
        return NOTHING
    return Condition(
        literal_column(f"+datasets.{pointing}").in_(found),
        select(_ID).where(tables.datasets.c[pointing].in_(found)),
        _walk(pointing, found),
        of_rows=True,
        traits=traits_of(Trait[pointing.upper()], found),
    )


def of_definition(connection: Connection, name: str) -> Condition:
    """The application definition of this name."""
    table = tables.definitions
    found = list(connection.scalars(select(table.c.id).where(table.c.name == name)))
    if not found:
        return NOTHING
    return Condition(tables.datasets.c.definition.in_(found), traits=traits_of(Trait.DEFINITION, found))


def of_profiles(connection: Connection, wanted: Sequence[Condition]) -> Condition | None:
    """What must hold where all of several do: a profile with traits of each. None if that tells nothing."""
    known = [each.traits for each in wanted if each.traits is not None]
    profile, table = tables.datasets.c.profile, tables.profile_traits
    if len(known) < 2 or connection.scalar(select(_ID).where(profile.is_(None)).limit(1)) is not None:
        return None
    having = [select(table.c.profile).where(tuple_(table.c.trait, table.c.of).in_(each)) for each in known]
    common = intersect(*having).subquery()
    return Condition(true(), select(_ID).where(profile.in_(select(common.c.profile))))


def traits_of(trait: Trait, found: Sequence[int]) -> frozenset[tuple[Trait, int]]:
    return frozenset((trait, each) for each in found)


def _walk(pointing: str, found: Sequence[int]) -> Walk | None:
    """Along the index of what is pointed to; of several, none has them in order."""
    if len(found) != 1:
        return None
    return Walk(select(_ID).where(tables.datasets.c[pointing] == found[0]), _ID)


def measured(since: int | None, until: int | None) -> Condition:
    """Within a time: the ids of a minute lie together, and the column has the seconds."""
    first, last = tables.ids_between(since, None if until is None else until - 1)
    created = tables.datasets.c.created
    exactly = [] if since is None else [created >= since]
    exactly += [] if until is None else [created < until]
    about = [] if since is None else [first <= _ID]
    about += [] if until is None else [last >= _ID]
    listed = select(_ID).where(*about, *exactly)
    return Condition(and_(*exactly), listed, Walk(listed, _ID), of_rows=True)


def like(column: ColumnElement[Any], said: str) -> ColumnElement[bool]:
    """The same text, where `*` stands for anything."""
    if "*" not in said:
        return column == said
    escaped = said.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")
    return column.like(escaped, escape="\\")


# -- words -------------------------------------------------------------------------------------


def text_tiers(connection: Connection, words: Sequence[str]) -> list[Condition]:
    """All of the words in the title; in title and sample; and so on, each without those before it."""
    wanted = _wanted(words)
    if not wanted:
        return [NOTHING]
    said = [_said(connection, wanted, number) for number in range(1, len(tables.TEXT_COLUMNS) + 1)]
    no = "({}) NOT ({})" if connection.dialect.name == "sqlite" else "({}) & !({})"
    rest = [no.format(each, before) for before, each in itertools.pairwise(said)]
    return [_matching(connection, each) for each in (said[0], *rest)]


def anywhere(connection: Connection, words: Sequence[str]) -> Condition:
    """All of the words, wherever they stand."""
    wanted = _wanted(words)
    return _matching(connection, _said(connection, wanted, len(tables.TEXT_COLUMNS))) if wanted else NOTHING


Wanted = Sequence[tuple[list[str], bool]]


def _wanted(words: Sequence[str]) -> Wanted:
    """Each word as what it is made of, and whether it is only a beginning."""
    split = [(tokens(word).split(), word.endswith("*")) for word in words]
    return [(each, begins) for each, begins in split if each]


def _said(connection: Connection, wanted: Wanted, columns: int) -> str:
    """That the words stand in the first so many columns; they are letters and digits only."""
    if connection.dialect.name == "sqlite":
        marks = tables.PLACES[:columns] if columns <= len(tables.PLACES) else ("",)
        return " AND ".join(
            f"({' OR '.join(_phrase(mark, each, begins) for mark in marks)})" for each, begins in wanted
        )
    weights = "".join(tables.WEIGHTS[column] for column in tables.TEXT_COLUMNS[:columns])
    phrases = [
        " <-> ".join(
            f"{token}:{'*' if begins and number == len(each) else ''}{weights}"
            for number, token in enumerate(each, 1)
        )
        for each, begins in wanted
    ]
    return " & ".join(f"({phrase})" for phrase in phrases)


def _phrase(mark: str, words: Sequence[str], begins: bool) -> str:
    return f'"{" ".join(mark + word for word in words)}"{" *" if begins else ""}'


def _matching(connection: Connection, said: str) -> Condition:
    table = tables.words
    if connection.dialect.name == "sqlite":
        rowid: ColumnElement[int] = literal_column("words.rowid", type_=_ID.type)
        match = literal_column("words").op("MATCH")(said)
        listed = select(rowid.label("dataset")).select_from(table).where(match)
        # the + keeps the words outside: each match is looked up, and not each data set tried
        outside: ColumnElement[int] = literal_column("+words.rowid", type_=_ID.type)
        both = table.join(tables.datasets, outside == _ID)
        joined = select(rowid.label("id")).select_from(both).where(match)
        return Condition(
            exists(listed.where(rowid == _ID)).correlate(tables.datasets),
            listed,
            Walk(joined, rowid),
            sampled=partial(_in_the_random_part, said),
        )
    match = table.c.vector.op("@@")(func.to_tsquery("simple", said))
    return Condition(
        exists().where(table.c.dataset == _ID, match).correlate(tables.datasets),
        select(table.c.dataset).where(match),
        Walk(select(_ID).join(table, table.c.dataset == _ID).where(match), table.c.dataset),
    )


def _in_the_random_part(said: str, level: int) -> Select[Any]:
    """The data sets of the random part that have the words, from an index of its own."""
    row: ColumnElement[int] = literal_column("sampled_words.rowid", type_=_ID.type)
    match = literal_column("sampled_words").op("MATCH")(said)
    first = tables.sampled_row(level, tables.LOWEST)
    return (
        select(tables.data_set_of_sampled(row)).select_from(text("sampled_words")).where(match, row >= first)
    )
