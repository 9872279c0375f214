"""How well things answer free text, from 0 to 1.

After panosc-search-scoring (https://github.com/panosc-eu/panosc-search-scoring), a word weighs by how often
and where it stands in a thing (tf) and by how rare it is (idf), and a single word gives at most 0.9. There
the score is the cosine between these weights and equal ones, by which a thing that holds nothing but the
commonest of the words is as good as one with only the rarest. Here it is the part that is there of what could
be:

    score = sum(idf * tf / highest tf) / sum(idf),  idf = log(1 + things / things with the word)

What is not public does not count: nobody shall learn from a score that it is there. Of a word that very many
things have, the newest are weighed; the others are taken to have the mean of these.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Select,
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
from nxspectra.catalogue.pan.patterns import Pattern
from nxspectra.catalogue.texts import tokens

MOST_WORDS = 16
MOST_WEIGHED, MOST_THINGS = 5000, 200_000
"""Things with a word, the newest of them, that are weighed, and that are looked at."""
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

    def of(self, model: str) -> Mapping[int, float]:
        """The score of everything of a model that has one of the words, by its id."""
        weights = [self._found(model, word) for word in self.words]
        if not any(weights):
            return {}
        every = self._connection.scalar(_number(_TABLES[model])) or 1
        rarity = [math.log1p(every / (len(weight) or 0.5)) for weight in weights]
        whole = sum(rarity) if len(weights) > 1 else rarity[0] / ALONE
        scores: dict[int, float] = defaultdict(float)
        for weight, rare in zip(weights, rarity, strict=True):
            most = max(weight.values(), default=1.0)
            for number, each in weight.items():
                scores[number] += rare / whole * each / most
        return {number: round(score, 6) for number, score in scores.items()}

    def _found(self, model: str, word: str) -> Mapping[int, float]:
        weighed = {row.id: row.weight for row in self._connection.execute(self._weights(model, word))}
        mean = sum(weighed.values()) / len(weighed) if weighed else 1.0
        if model == "Instrument":
            return weighed
        others = self._connection.execute(self._weights(model, word, others=True))
        return dict.fromkeys((row.id for row in others), mean) | weighed

    def _weights(self, model: str, word: str, *, others: bool = False) -> Weighted:
        """Weights of a word in the newest things that have it, or without weights in the others."""
        if model == "Dataset":
            return self._of_datasets(word, others)
        if model == "Document":
            return self._of_documents(word, others)
        return self._of_instruments(word)

    def _of_datasets(self, word: str, others: bool) -> Weighted:
        if self._sqlite:
            # in the order of tables.TEXT_COLUMNS
            found = _by_fts5("words", "10.0, 8.0, 6.0, 4.0, 2.0", word, others)
        else:
            found = self._by_vector(tables.words.c.dataset, tables.words.c.vector, word, others)
        return _public(found, tables.datasets)

    def _of_documents(self, word: str, others: bool) -> Weighted:
        """The words of a document, and those of its public data sets, whichever weigh more."""
        if self._sqlite:
            own = _by_fts5("document_words", "10.0, 6.0, 4.0", word, others)
        else:
            vector: ColumnElement[Any] = literal_column(tables.VECTOR_OF_DOCUMENTS)
            own = self._by_vector(tables.documents.c.id, vector, word, others)
        data, between = self._of_datasets(word, others).subquery(), tables.dataset_documents
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

    def _by_vector(
        self, number: ColumnElement[Any], vector: ColumnElement[Any], word: str, others: bool
    ) -> Weighted:
        wanted = func.to_tsquery("simple", f"'{word}'")
        rank = func.ts_rank(literal_column("'{0.2, 0.6, 0.8, 1.0}'::float4[]"), vector, wanted)
        found = select(number.label("id"), (literal(0.0) if others else rank).label("weight"))
        newest = found.where(vector.op("@@", is_comparison=True)(wanted)).order_by(number.desc())
        each = newest.limit(MOST_THINGS if others else MOST_WEIGHED)
        part = (each.offset(MOST_WEIGHED) if others else each).subquery()
        return select(part.c.id, part.c.weight)


def _number(table: Table) -> Select[Any]:
    """How many there are for everybody."""
    number = select(func.count()).select_from(table)
    return number.where(table.c.is_public.is_(True)) if "is_public" in table.c else number


def _public(found: Weighted, table: Table) -> Weighted:
    each = found.subquery()
    return select(each.c.id, each.c.weight).join(table, table.c.id == each.c.id).where(table.c.is_public)


def _by_fts5(table: str, weights: str, word: str, others: bool) -> Weighted:
    """`table` and `weights` are ours; the word is bound. The better a row, the lower is bm25."""
    weight = "0.0" if others else f"-bm25({table}, {weights})"
    limit = f"{MOST_THINGS} OFFSET {MOST_WEIGHED}" if others else MOST_WEIGHED
    statement = (
        f"SELECT rowid AS id, {weight} AS weight FROM {table} WHERE {table} MATCH :word"  # noqa: S608
        f" ORDER BY rowid DESC LIMIT {limit}"
    )
    bound = text(statement).bindparams(bindparam("word", f'"{word}"', unique=True))
    # bm25 can be asked for only where the words are looked up
    made = bound.columns(id=tables.datasets.c.id.type, weight=Float).cte().prefix_with("MATERIALIZED")
    return select(made.c.id, made.c.weight)
