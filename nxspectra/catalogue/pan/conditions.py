"""What is asked, as conditions in SQL: of a thing itself, and of what it must be joined with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
    union_all,
)

from nxspectra.catalogue import tables
from nxspectra.catalogue.conditions import Condition, Walk, traits_of
from nxspectra.catalogue.pan import parameters, techniques
from nxspectra.catalogue.pan.candidates import candidates
from nxspectra.catalogue.pan.filters import (
    NEGATIVE,
    And,
    Compare,
    Filter,
    Include,
    Operator,
    Or,
    Text,
    Value,
    Where,
)
from nxspectra.catalogue.pan.matching import POSITIVE
from nxspectra.catalogue.pan.patterns import Pattern
from nxspectra.catalogue.pan.schema import Kind
from nxspectra.catalogue.pan.sources import Column, Link, Source, links, no_key
from nxspectra.catalogue.tables import Trait
from nxspectra.catalogue.ways import FEW, these

Bool: TypeAlias = ColumnElement[bool]

_TAGS = tables.technique_members.alias()


class Conditions:
    """Makes conditions for one connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.sqlite = connection.dialect.name == "sqlite"

    def of(self, asked: Filter, source: Source, depth: int = 0, *, of_all: bool = False) -> Bool:
        """All that must hold of a thing: it is public, meets `where`, and has what it must be joined with.

        `of_all`: it is asked of all things at once.
        """
        required = (each for each in asked.include if each.scope.requires)
        public = source.counted if of_all and source.counted is not None else source.public
        return and_(
            true(),
            *public,
            *([] if asked.where is None else [self.where(asked.where, source)]),
            *(self._has(each, source, depth + 1) for each in required),
        )

    def of_data_sets(self, asked: Filter, source: Source) -> list[Condition]:
        """The same of data sets, each by itself, so that `ways` may choose how they are met."""
        parts = [] if asked.where is None else parameters.flat(asked.where)
        required = (each for each in asked.include if each.scope.requires)
        return [
            *(Condition(each) for each in source.public),
            *(self._on_data_set(part, source) for part in parts),
            *(self._with_what_is_joined(each, source) for each in required),
        ]

    def where(self, where: Where, source: Source) -> Bool:
        if source.model.name == "Parameter":
            return parameters.condition(where, source, lambda each: self.where_(each, source), self.known)
        return self.where_(where, source)

    def where_(self, where: Where, source: Source) -> Bool:
        match where:
            case And(parts):
                return and_(true(), *(self.where_(part, source) for part in parts))
            case Or(parts):
                return or_(false(), *(self.where_(part, source) for part in parts))
            case Text(said):
                pattern = Pattern.containing(said)
                looked = (source.properties[name] for name in source.model.text)
                return or_(*(self._like(column, pattern, folded=True) for column in looked))
            case Compare():
                kind = source.model.properties[where.property]
                return self._compare(where, kind, source.properties[where.property])

    # -- what a thing must be joined with ------------------------------------------------------

    def _has(self, include: Include, source: Source, depth: int) -> Bool:
        """Is it joined with such a one? Those that are few are listed first, or else each is tried."""
        if _is_tagging(include, source):
            return source.keys["technique_set"].in_(self._sets(include))
        joints = links(source.model.name, include.relation, depth)
        return or_(*(self._has_by(joint, include, source, depth) for joint in joints))

    def _has_by(self, joint: Link, include: Include, source: Source, depth: int) -> Bool:
        key, tried = source.keys[joint.key], self._tried(include, joint, depth)
        few = list(self.connection.scalars(self._parents(include, joint, tried).limit(FEW + 1)))
        if len(few) > FEW:
            return exists(tried.where(joint.parent == key))
        return key.in_(these(self.connection, sorted(set(few))))

    def _with_what_is_joined(self, include: Include, source: Source) -> Condition:
        number = source.keys["id"]
        if _is_tagging(include, source):
            sets = self.connection.scalars(self._sets(include)).all()
            column = source.keys["technique_set"]
            return Condition(
                no_key(column).in_(sets),
                select(number).where(column.in_(sets)),
                of_rows=True,
                traits=traits_of(Trait.TECHNIQUES, sets),
            )
        (joint,) = links("Dataset", include.relation, 1)
        key, tried = source.keys[joint.key], self._tried(include, joint, 1)
        listed = self._parents(include, joint, tried)
        if joint.key == "id":
            return Condition(exists(tried.where(joint.parent == key)), listed, traits=self._traits(include))
        return Condition(
            exists(tried.where(joint.parent == no_key(key))), select(number).where(key.in_(listed))
        )

    def _traits(self, include: Include) -> frozenset[tuple[Trait, int]] | None:
        """One of these has what is joined with such a parameter."""
        if include.relation != "parameters" or include.scope.where is None:
            return None
        quantities = self.known.numbers_in(include.scope.where)
        return None if quantities is None else traits_of(Trait.QUANTITY, quantities)

    def _tried(self, include: Include, joint: Link, depth: int) -> Select[Any]:
        """What it must be joined with, by whom that belongs to."""
        found = select(joint.parent).select_from(joint.source.rows)
        return found.where(self.of(include.scope, joint.source, depth))

    def _parents(self, include: Include, joint: Link, tried: Select[Any]) -> Select[Any]:
        """To whom belongs what it must be joined with; an index of parameters may narrow it down."""
        of_data_sets = joint.source.model.name == "Parameter" and "dataset" in joint.source.keys
        if not of_data_sets or include.scope.where is None:
            return tried
        near = candidates(include.scope.where, self.known)
        if not near:
            return tried
        some = union_all(*near).subquery() if len(near) > 1 else near[0].subquery()
        of = some.join(joint.source.rows, joint.source.keys["dataset"] == some.c.dataset)
        return tried.with_only_columns(joint.parent).select_from(of)

    def _on_data_set(self, where: Where, source: Source) -> Condition:
        """A condition on a property of data sets; by pid, and by date, an index has those that meet it."""
        holds, number = self.where(where, source), source.keys["id"]
        if not isinstance(where, Compare) or where.operator in NEGATIVE or None in where.values:
            return Condition(holds)
        if where.property == "pid" and where.operator in (Operator.EQ, Operator.INQ):
            return Condition(holds, select(number).where(holds), of_rows=True)
        if where.property == "creationDate":
            ends = _ends(where)
            if ends is not None:
                first, last = tables.ids_between(*ends)
                near = [] if first is None else [number >= first]
                listed = select(number).where(holds, *near, *([] if last is None else [number <= last]))
                return Condition(holds, listed, Walk(listed, number), of_rows=True)
        return Condition(holds)

    def joined(self, include: Include, source: Source) -> Bool:
        """What must hold of the things that are shown as joined."""
        if source.model.name == "Technique" and include.scope.where is not None:
            met = techniques.met_by(include.scope.where, self.tags)
            return source.keys["id"].in_(sorted(techniques.mentioned(met)))
        return self.of(include.scope, source)

    def _sets(self, include: Include) -> Select[Any]:
        """The sets of techniques with which a condition on techniques is met."""
        assert include.scope.where is not None  # noqa: S101
        met = techniques.met_by(include.scope.where, self.tags)
        return select(tables.technique_sets.c.id).where(self._is_in(met))

    def _is_in(self, met: techniques.Met) -> Bool:
        if isinstance(met, techniques.Every):
            parts = [self._is_in(part) for part in met.parts]
            return and_(true(), *parts) if met.all else or_(false(), *parts)
        sets = select(_TAGS.c.set).where(_TAGS.c.technique.in_(sorted(met.tags)))
        return tables.technique_sets.c.id.in_(sets)

    @cached_property
    def tags(self) -> Mapping[int, techniques.Tag]:
        """All techniques that data sets are tagged with."""
        table = tables.techniques
        rows = self.connection.execute(select(table.c.id, table.c.iri, table.c.name))
        return {row.id: techniques.Tag(row.id, row.iri, row.name) for row in rows}

    @cached_property
    def known(self) -> parameters.Known:
        """All units and names that parameters have."""
        units, names = tables.parameter_units, tables.quantities
        return parameters.Known(
            {row.id: row.spelling for row in self.connection.execute(select(units.c.id, units.c.spelling))},
            {row.id: row.name for row in self.connection.execute(select(names.c.id, names.c.name))},
            self._levels,
        )

    def _levels(self, quantity: int) -> list[int]:
        """The levels of the ranges of a quantity, each found by one look-up in the index."""
        table = tables.parameters
        of = table.c.quantity == quantity
        lowest = select(func.min(table.c.level).label("level")).where(of).cte("levels", recursive=True)
        higher = select(func.min(table.c.level)).where(of, table.c.level > lowest.c.level).scalar_subquery()
        levels = lowest.union_all(select(higher).where(lowest.c.level.is_not(None)))
        found = self.connection.scalars(select(levels.c.level).where(levels.c.level.is_not(None)))
        return list(found)

    # -- comparisons ---------------------------------------------------------------------------

    def _compare(self, where: Compare, kind: Kind, column: Column) -> Bool:
        if kind is Kind.TEXTS:
            return self._among(where, column)
        if where.operator in NEGATIVE:
            # what is not known is not equal either
            positive = self._compare(
                Compare(where.property, POSITIVE[where.operator], where.values), kind, column
            )
            return not_(func.coalesce(positive, false()))
        if where.operator is Operator.LIKE or where.operator is Operator.ILIKE:
            pattern = Pattern.parse(str(where.values[0]))
            return self._like(column, pattern, folded=where.operator is Operator.ILIKE)
        if kind in (Kind.TEXT, Kind.ANY) and where.operator not in (Operator.EQ, Operator.INQ):
            column = self.by_letters(column)
        return _met(where.operator, column, where.values)

    def by_letters(self, column: Column) -> Column:
        """Text that is compared and sorted by its characters, on every server alike."""
        return column if self.sqlite else column.collate("C")

    def _like(self, column: Column, pattern: Pattern, *, folded: bool) -> Bool:
        if not self.sqlite:
            like = column.ilike if folded else column.like
            return like(pattern.for_like(), escape="\\")
        if not folded:
            return column.op("GLOB", is_comparison=True)(pattern.for_glob())
        if pattern.is_ascii:
            return column.like(pattern.for_like(), escape="\\")
        return func.pan_fold(column).op("GLOB", is_comparison=True)(pattern.folded().for_glob())

    def _among(self, where: Compare, column: Column) -> Bool:
        """A comparison with each of several texts, of which one is on each line."""
        if where.operator in NEGATIVE:
            positive = Compare(where.property, POSITIVE[where.operator], where.values)
            return not_(self._among(positive, column))
        if where.operator in (Operator.EQ, Operator.INQ) and None in where.values:
            rest = tuple(value for value in where.values if value is not None)
            return or_(column.is_(None), self._among(Compare(where.property, Operator.INQ, rest), column))
        each: Any
        if self.sqlite:
            lines = func.json_each(func.pan_lines(column)).table_valued("value")
            each = lines.c.value
        else:
            lines = func.unnest(func.string_to_array(column, "\n")).table_valued("line").render_derived()
            each = lines.c.line
        met = self._compare(where, Kind.TEXT, each)
        return exists(select(1).select_from(lines).where(met))


def _is_tagging(include: Include, source: Source) -> bool:
    """Is it asked which techniques a data set has? Those reach down, see `techniques`."""
    named = (source.model.name, include.relation)
    return named == ("Dataset", "techniques") and include.scope.where is not None


def _ends(where: Compare) -> tuple[int | None, int | None] | None:
    """Between which moments a date lies that meets a comparison; None if that cannot be told."""
    moments = [math.floor(each) for each in where.values if isinstance(each, int | float)]
    if len(moments) < len(where.values):
        return None
    match where.operator, moments:
        case Operator.EQ, [moment]:
            return moment, moment + 1
        case Operator.BETWEEN, [first, last]:
            return first, last + 1
        case ((Operator.GT | Operator.GTE), [moment]):
            return moment, None
        case ((Operator.LT | Operator.LTE), [moment]):
            return None, moment + 1
    return None


def _met(operator: Operator, column: Column, said: tuple[Value, ...]) -> Bool:
    first = said[0] if said else None
    match operator:
        case Operator.EQ | Operator.INQ:
            values = [value for value in said if value is not None]
            met: Iterable[Bool] = [column.in_(values)] if values else []
            return or_(false(), *met, *([column.is_(None)] if None in said else []))
        case Operator.GT:
            return column > first
        case Operator.GTE:
            return column >= first
        case Operator.LT:
            return column < first
        case Operator.LTE:
            return column <= first
        case _:
            return and_(column >= first, column <= said[1])
