"""How well things answer free text, from 0 to 1.

After panosc-search-scoring (https://github.com/panosc-eu/panosc-search-scoring), a word weighs by how often
and where it stands in a thing (tf) and by how rare it is (idf), and a single word gives at most 0.9. There
the score is the cosine between these weights and equal ones, by which a thing that holds nothing but the
commonest of the words is as good as one with only the rarest. Here it is the part that is there of what could
be:

    score = sum(idf * tf / highest tf) / sum(idf),  idf = log(1 + things / things with the word)

What is not public does not count: nobody shall learn from a score that it is there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Select,
    Subquery,
    Table,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    select,
    text,
    union_all,
)

from nxspectra.catalogue import tables
from nxspectra.catalogue.pan.filters import Order
from nxspectra.catalogue.pan.patterns import Pattern
from nxspectra.catalogue.pan.sources import Source
from nxspectra.catalogue.rows import tokens

MOST_WORDS = 16
ALONE = 0.9
"""The highest score of a single word."""

_TABLES = {"Dataset": tables.datasets, "Document": tables.documents, "Instrument": tables.instruments}

Weighted: TypeAlias = Select[tuple[int, float]]
"""Ids of things with the weight of a word in them."""


def words_of(query: str) -> tuple[str, ...]:
    """The words of free text, each once."""
    return tuple(dict.fromkeys(tokens(query).split()))[:MOST_WORDS]


class Scores:
    """Scores by the words of a query."""

    def __init__(self, connection: Connection, query: str) -> None:
        self.words = words_of(query)
        self._connection = connection
        self._sqlite = connection.dialect.name == "sqlite"

    def scored(
        self, statement: Select[Any], source: Source, order: Sequence[Order], *, zeros: bool
    ) -> Select[Any]:
        """A statement for ids, with scores and best first; those of score 0 only if `zeros`."""
        number = source.keys["id"]
        if not self.words:
            statement = statement.add_columns(literal(0.0).label("score")).select_from(source.rows)
            return statement.order_by(*_ties(source)) if zeros else statement.where(literal(False))
        scores = self.scores(source.model.name)
        score = func.coalesce(scores.c.score, 0.0).label("score")
        rows = source.rows.join(scores, scores.c.id == number, isouter=zeros)
        asked = [source.properties[each.property] for each in order]
        first = [
            column.desc() if each.descending else column.asc()
            for each, column in zip(order, asked, strict=True)
        ]
        return (
            statement.add_columns(score)
            .select_from(rows)
            .order_by(*first, score.desc(), *_ties(source), number)
        )

    def scores(self, model: str) -> Subquery:
        """Id and score of everything of a model that has one of the words."""
        weights = [self._weights(model, word).cte() for word in self.words]
        every = self._count(_TABLES[model]) or 1
        about = [
            self._connection.execute(select(func.count(), func.max(found.c.weight))).one()
            for found in weights
        ]
        rarity = [math.log1p(every / (number or 0.5)) for number, _ in about]
        whole = sum(rarity) if len(weights) > 1 else rarity[0] / ALONE
        shares = [
            select(found.c.id, (found.c.weight * (rare / whole / (most or 1.0))).label("share"))
            for found, rare, (_, most) in zip(weights, rarity, about, strict=True)
        ]
        all_shares = union_all(*shares).subquery()
        return (
            select(all_shares.c.id, func.sum(all_shares.c.share).label("score"))
            .group_by(all_shares.c.id)
            .subquery()
        )

    def _count(self, table: Table) -> int:
        return self._connection.scalar(select(func.count()).select_from(table)) or 0

    def _weights(self, model: str, word: str) -> Weighted:
        if model == "Dataset":
            return self._of_datasets(word)
        if model == "Document":
            return self._of_documents(word)
        return self._of_instruments(word)

    def _of_datasets(self, word: str) -> Weighted:
        if self._sqlite:
            # in the order of tables.TEXT_COLUMNS
            found = _by_fts5("words", "10.0, 8.0, 6.0, 4.0, 2.0", word)
        else:
            found = self._by_vector(tables.words.c.dataset, tables.words.c.vector, word)
        return _public(found, tables.datasets)

    def _of_documents(self, word: str) -> Weighted:
        """The words of a document, and those of its public data sets, whichever weigh more."""
        if self._sqlite:
            own = _by_fts5("document_words", "10.0, 6.0, 4.0", word)
        else:
            own = self._by_vector(tables.documents.c.id, literal_column(tables.VECTOR_OF_DOCUMENTS), word)
        data, between = self._of_datasets(word).subquery(), tables.dataset_documents
        theirs = select(between.c.document, data.c.weight).join(data, data.c.id == between.c.dataset)
        both = union_all(own, theirs).subquery()
        best = select(both.c.id.label("id"), func.max(both.c.weight).label("weight")).group_by(both.c.id)
        return _public(best, tables.documents)

    def _of_instruments(self, word: str) -> Weighted:
        table, at = tables.instruments, tables.facilities
        pattern = Pattern.containing(word).for_like()
        weight = sum(
            (
                case((column.ilike(pattern, escape="\\"), worth), else_=0.0)
                for column, worth in ((table.c.name, 1.0), (at.c.name, 0.5))
            ),
            start=literal(0.0),
        )
        rows = table.outerjoin(at, at.c.id == table.c.facility)
        return select(table.c.id, weight.label("weight")).select_from(rows).where(weight > 0)

    def _by_vector(self, number: ColumnElement[Any], vector: ColumnElement[Any], word: str) -> Weighted:
        wanted = func.to_tsquery("simple", f"'{word}'")
        rank = func.ts_rank(literal_column("'{0.2, 0.6, 0.8, 1.0}'::float4[]"), vector, wanted)
        found = select(number.label("id"), rank.label("weight"))
        return found.where(vector.op("@@", is_comparison=True)(wanted))


def _public(found: Weighted, table: Table) -> Weighted:
    each = found.subquery()
    return select(each.c.id, each.c.weight).join(table, table.c.id == each.c.id).where(table.c.is_public)


def _by_fts5(table: str, weights: str, word: str) -> Weighted:
    """`table` and `weights` are ours; the word is bound. The better a row, the lower is bm25."""
    statement = (
        f"SELECT rowid AS id, -bm25({table}, {weights}) AS weight FROM {table} WHERE {table} MATCH :word"  # noqa: S608
    )
    bound = text(statement).bindparams(bindparam("word", f'"{word}"', unique=True))
    found = bound.columns(id=tables.datasets.c.id.type, weight=Float)
    # bm25 can be asked for only where the words are looked up
    made = found.cte().prefix_with("MATERIALIZED")
    return select(made.c.id, made.c.weight)


def _ties(source: Source) -> list[ColumnElement[Any]]:
    """What decides between equal scores: the newer first, then by title and pid."""
    properties = source.properties
    date = properties.get("creationDate", properties.get("startDate"))
    name = properties.get("title", properties.get("name"))
    return [
        *([] if date is None else [date.desc().nulls_last()]),
        *([] if name is None else [name]),
        properties["pid"],
    ]
