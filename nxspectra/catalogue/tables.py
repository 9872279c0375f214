"""The tables of the index, for SQLite and PostgreSQL.

The id of a data set begins with the minute in which it was created, so that every table that is sorted by
data set is sorted by time, and the newest first page needs no sorting: see `ids_between`.

What many data sets share is kept once and pointed to: instruments, samples, people, names of quantities
and labels, folders, and the *sets* of techniques that occur together. A technique with all below it is one
look-up in `technique_closure`, which gives the sets that lie in it. Which traits occur together is told by
the few profiles that there are: if no profile has both of two, no data set has.

A range of numbers has a `level`, the power of two that its width does not exceed. All ranges of one level
that meet [low, high] start between low - 2**level and high, so that a few look-ups in an ordinary index find
those of every level: see `conditions.overlapping`.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from enum import IntEnum
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    event,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

FORM = 4
"""Of the tables; an index of another form is made again."""

metadata = MetaData()


def _lookup(name: str, *columns: Column[object] | Index) -> Table:
    """Things that many data sets share; `key` is `record.digest_of` of all that is known of one."""
    return Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True),
        Column("key", LargeBinary, nullable=False, unique=True),
        *columns,
    )


def _text(name: str, *, nullable: bool = True) -> Column[object]:
    return Column(name, Text, nullable=nullable)


def _of_data_set(name: str, *columns: Column[object] | Index) -> Table:
    """Rows that belong to one data set, numbered, and stored in its order."""
    return Table(
        name,
        metadata,
        Column("dataset", BigInteger, primary_key=True, autoincrement=False),
        *columns,
        sqlite_with_rowid=False,
    )


def _number(name: str = "number") -> Column[object]:
    return Column(name, SmallInteger, primary_key=True, autoincrement=False)


meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))
"""`form`, and whether indexes are put aside while many data sets are loaded."""

bases = _lookup("bases", _text("iri", nullable=False))
"""What the IRIs of data sets begin with."""
facilities = _lookup("facilities", _text("name", nullable=False), _text("iri"), _text("folded"))
instruments = _lookup(
    "instruments",
    _text("pid", nullable=False),
    _text("name", nullable=False),
    _text("folded"),
    Column("facility", Integer),
)
definitions = _lookup("definitions", _text("name", nullable=False))
folders = _lookup("folders", _text("path", nullable=False))
samples = _lookup(
    "samples",
    _text("pid"),
    _text("name"),
    _text("formula"),
    _text("description"),
    _text("folded"),
    Index("samples_by_formula", "folded"),
)
quantities = _lookup("quantities", _text("name", nullable=False))
"""Names of parameters."""
parameter_units = _lookup("parameter_units", _text("spelling", nullable=False))
"""Units of parameters, as they were given."""
values = _lookup("values_as_text", _text("value", nullable=False), _text("folded"))
"""Values of parameters that are not numbers."""
label_names = _lookup("label_names", _text("name", nullable=False), _text("folded"))
models = _lookup("models", _text("digest"), _text("name"), _text("classifier"))
people = _lookup(
    "people",
    _text("full_name", nullable=False),
    _text("orcid"),
    _text("first_name"),
    _text("last_name"),
    _text("researcher_id"),
)
affiliations = _lookup(
    "affiliations", _text("name", nullable=False), _text("address"), _text("city"), _text("country")
)
techniques = _lookup("techniques", _text("iri", nullable=False), _text("name"))
technique_sets = _lookup("technique_sets")
"""Techniques that occur together."""

technique_members = Table(
    "technique_members",
    metadata,
    Column("set", Integer, primary_key=True, autoincrement=False),
    _number(),
    Column("technique", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""The techniques of a set, as they were given."""

technique_closure = Table(
    "technique_closure",
    metadata,
    Column("technique", Integer, primary_key=True, autoincrement=False),
    Column("set", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Every technique with the sets that hold it or one below it."""


class Trait(IntEnum):
    """What makes a profile, each with the id of what it is."""

    TECHNIQUES = 1
    INSTRUMENT = 2
    FACILITY = 3
    DEFINITION = 4
    QUANTITY = 5
    LABEL = 6
    BOUNDARY = 7
    """That there is one; its id is 1."""


MOST_PROFILES = 4096
"""Data sets of further ones have none."""
profiles = _lookup("profiles")
"""Data sets have the same if all their traits are."""

profile_traits = Table(
    "profile_traits",
    metadata,
    Column("trait", SmallInteger, primary_key=True, autoincrement=False),
    Column("of", Integer, primary_key=True, autoincrement=False),
    Column("profile", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Every trait with the profiles that have it."""

datasets = Table(
    "datasets",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("pid", Text, nullable=False, unique=True),
    Column("base", Integer),
    # where the IRI is not base and pid
    _text("iri"),
    Column("title", Text, nullable=False),
    _text("description"),
    # one a line
    _text("keywords"),
    Column("is_public", Boolean(create_constraint=False), nullable=False),
    Column("missing", Boolean(create_constraint=False), nullable=False, default=False),
    Column("size", BigInteger),
    # seconds since 1970, UTC
    Column("created", BigInteger),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    Column("released", BigInteger),
    Column("definition", Integer),
    Column("conforms", Boolean(create_constraint=False)),
    Column("spectra", Integer),
    _text("probe"),
    _text("experiment"),
    Column("instrument", Integer),
    Column("facility", Integer),
    Column("technique_set", Integer),
    Column("profile", Integer),
    # file, imported or harvested
    Column("source", Text, nullable=False),
    _text("source_name"),
    # empty where the pid ends in it
    Column("source_digest", LargeBinary),
    # of its triples; None if it has none
    Column("graph", LargeBinary),
    Index(
        "datasets_by_iri",
        "iri",
        sqlite_where=Column("iri").is_not(None),
        postgresql_where=Column("iri").is_not(None),
    ),
    # all that counts and orders of the PaN search API ask of most data sets
    Index("datasets_for_everybody", "is_public", "created", "size"),
    Index("datasets_by_instrument", "instrument", "id"),
    Index("datasets_by_facility", "facility", "id"),
    Index("datasets_by_technique_set", "technique_set", "id"),
    Index("datasets_by_profile", "profile", "id"),
)

dataset_samples = _of_data_set(
    "dataset_samples",
    _number(),
    Column("sample", Integer, nullable=False),
    Index("datasets_by_sample", "sample", "dataset"),
)
dataset_people = _of_data_set(
    "dataset_people",
    _number(),
    Column("person", Integer, nullable=False),
    Column("affiliation", Integer),
    _text("role"),
)


def _of_a_parameter() -> tuple[Column[object], ...]:
    return (
        Column("quantity", Integer, nullable=False),
        Column("minimum", Double),
        # None where it is the minimum
        Column("maximum", Double),
        # of `parameter_units`
        Column("unit", Integer),
        Column("si_min", Double),
        Column("si_max", Double),
        Column("level", SmallInteger),
        # of `values`, instead of numbers
        Column("value", Integer),
    )


parameters = _of_data_set(
    "parameters",
    _number(),
    *_of_a_parameter(),
    Index("parameters_by_range", "quantity", "level", "si_min", "si_max", "dataset"),
    Index(
        "parameters_by_value",
        "quantity",
        "value",
        "dataset",
        sqlite_where=Column("value").is_not(None),
        postgresql_where=Column("value").is_not(None),
    ),
)
labels = _of_data_set(
    "labels",
    _number("result"),
    _number(),
    Column("label", Integer, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("mean", Double),
    Column("minimum", Double),
    Column("origin", Text, nullable=False),
    Column("model", Integer),
    Index("labels_by_name", "label", "dataset", "mean"),
    Index("labels_by_confidence", "label", "mean", "dataset"),
)
boundaries = _of_data_set(
    "boundaries",
    _number("result"),
    _number(),
    Column("from_label", Integer, nullable=False),
    Column("to_label", Integer, nullable=False),
    Column("frame", Integer, nullable=False),
    # GPa
    Column("pressure", Double),
    Column("si_min", Double),
    Column("si_max", Double),
    Column("level", SmallInteger),
    Index("boundaries_by_range", "level", "si_min", "si_max", "dataset"),
)
files = _of_data_set(
    "files",
    _number(),
    Column("name", Text, nullable=False),
    # of `folders`; the path is it and the name, or else `path`
    Column("folder", Integer),
    _text("path"),
    Column("size", BigInteger),
    Column("digest", LargeBinary),
    _text("foreign_id"),
)
sampled = Table(
    "sampled",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("dataset", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""A random part of the data sets: one in 2**level at each level, from which large counts are estimated."""

documents = Table(
    "documents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pid", Text, nullable=False, unique=True),
    _text("type"),
    Column("title", Text, nullable=False),
    _text("summary"),
    _text("doi"),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    Column("released", BigInteger),
    _text("license"),
    _text("keywords"),
    Column("is_public", Boolean(create_constraint=False), nullable=False),
)
members = Table(
    "members",
    metadata,
    Column("document", Integer, primary_key=True, autoincrement=False),
    _number(),
    Column("person", Integer, nullable=False),
    Column("affiliation", Integer),
    _text("role"),
    Index("members_by_person", "person", "document"),
    sqlite_with_rowid=False,
)
document_parameters = Table(
    "document_parameters",
    metadata,
    Column("document", Integer, primary_key=True, autoincrement=False),
    _number(),
    *_of_a_parameter(),
    sqlite_with_rowid=False,
)
"""Those that documents have beside those of their data sets."""

OF_DOCUMENTS = (members, document_parameters)
"""The tables with rows that go when a document goes."""

dataset_documents = _of_data_set(
    "dataset_documents",
    Column("document", Integer, primary_key=True, autoincrement=False),
    Index("datasets_by_document", "document", "dataset"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    # the same request is the same job
    Column("request_key", Text, nullable=False, unique=True),
    Column("request", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("created", BigInteger, nullable=False),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    Column("attempts", Integer, nullable=False, default=0),
    # the server that works on it, and when it last said so, in seconds since 1970
    _text("worker"),
    Column("seen", Double),
    # JSON
    _text("result"),
    _text("error"),
)
"""What was asked to be done, such as to interpret a data set, and what came of it."""

intents = Table(
    "intents",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("pid", Text, nullable=False),
    # as JSON; None to take it out
    _text("record"),
    # name and N-Triples of its graph; None if it has none
    _text("graph"),
    _text("triples"),
    # instead of these: all records that are kept under this name
    _text("kept"),
)
"""What is being filed and may not be in both the graphs and these tables yet; redone after an accident."""

TEXT_COLUMNS = ("title", "sample", "keywords", "rest")
"""What can be searched for in words, the telling ones first."""

# FTS5 has no SQLAlchemy type; PostgreSQL holds the same in one weighted vector.
words = Table(
    "words", MetaData(), Column("dataset", BigInteger, primary_key=True), Column("vector", TSVECTOR)
)
_GATHERED = 16 * 1024**2
"""Bytes of words that SQLite gathers before it writes them, if there are so many in one transaction."""
_LEVELS = 50
"""Bits of a row in `sampled_words` for the data set; above them is the highest level at which it is in the
random part. SQLite has the words of that part there, as it tells dearly whether one data set has a word."""
LOWEST = -(1 << _LEVELS - 1)
"""No id is lower, or as high as the negative of this."""
PLACES = ("\ue000", "\ue001", "\ue002")
"""Stand before the words of title, sample and keywords in a column of their own, in SQLite: those that have a
word in the title are one look-up there, which they would not be among all that have it somewhere."""
WEIGHTS = dict(zip(TEXT_COLUMNS, "ABCD", strict=True))


DOCUMENT_COLUMNS = ("title", "keywords", "summary")
"""What of a document can be searched for in words, the telling ones first."""


VECTOR_OF_DOCUMENTS = " || ".join(
    f"setweight(to_tsvector('simple', coalesce(documents.{name}, '')), '{weight}')"
    for name, weight in zip(DOCUMENT_COLUMNS, "ABC", strict=True)
)
"""The words of documents in PostgreSQL, which keeps them in an index."""


@event.listens_for(metadata, "after_create")
def _make_words(_metadata: MetaData, connection: Connection, **_: object) -> None:
    if connection.dialect.name == "sqlite":
        tokenize = 'tokenize="unicode61 remove_diacritics 0"'
        for name in ("words", "sampled_words"):
            connection.exec_driver_sql(
                f"CREATE VIRTUAL TABLE {name} USING fts5({', '.join(TEXT_COLUMNS)}, places,"
                f" content='', {tokenize})"
            )
            gather = f"INSERT INTO {name} ({name}, rank) VALUES ('hashsize', {_GATHERED})"  # noqa: S608
            connection.exec_driver_sql(gather)
        names = ", ".join(DOCUMENT_COLUMNS)
        connection.exec_driver_sql(
            f"CREATE VIRTUAL TABLE document_words USING fts5({names}, content='documents',"
            f" content_rowid='id', {tokenize})"
        )
        old, new = (", ".join(f"{row}.{name}" for name in DOCUMENT_COLUMNS) for row in ("old", "new"))
        put = f"INSERT INTO document_words (rowid, {names}) VALUES (new.id, {new})"  # noqa: S608
        take = f"INSERT INTO document_words (document_words, rowid, {names}) VALUES ('delete', old.id, {old})"  # noqa: S608
        for name, when, then in (("in", "INSERT", put), ("out", "DELETE", take)):
            connection.exec_driver_sql(
                f"CREATE TRIGGER document_words_{name} AFTER {when} ON documents BEGIN {then}; END"
            )
    else:
        words.create(connection)
        connection.exec_driver_sql("CREATE INDEX words_by_word ON words USING gin (vector)")
        connection.exec_driver_sql(
            f"CREATE INDEX documents_by_word ON documents USING gin (({VECTOR_OF_DOCUMENTS}))"
        )


OF_DATA_SETS = (
    dataset_samples,
    dataset_people,
    parameters,
    labels,
    boundaries,
    files,
    dataset_documents,
    sampled,
)
"""The tables with rows that go when a data set goes."""

# -- the random part -----------------------------------------------------------------------------


def sampled_row(level: int, dataset: int) -> int:
    """The row in `sampled_words` of a data set that is in the random part up to this level."""
    return (level << _LEVELS) + dataset


def data_set_of_sampled(row: ColumnElement[int]) -> ColumnElement[int]:
    """The data set of a row in `sampled_words`."""
    level = (row - LOWEST).bitwise_rshift(_LEVELS)
    return row - level.bitwise_lshift(_LEVELS)


# -- ids ---------------------------------------------------------------------------------------

_SLOTS = 16
"""Bits for data sets of the same minute; where they do not suffice, those that follow are used."""


def first_id(created: int | None) -> int:
    """The lowest id of a data set that was created then, in seconds since 1970; 0 if nobody knows."""
    return 0 if created is None else (created // 60) << _SLOTS


def minute_of(dataset: int) -> int:
    return dataset >> _SLOTS


def ids_between(since: int | None, until: int | None) -> tuple[int | None, int | None]:
    """The lowest and the highest id of the data sets that were created in this time, both included."""
    return (
        None if since is None else first_id(since),
        None if until is None else first_id(until + 60) - 1,
    )


@lru_cache(maxsize=4096)
def seconds(text: str | None) -> int | None:
    """Seconds since 1970 of a day or a date and time; UTC where it names no zone."""
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
        return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def iso(moment: int | None) -> str | None:
    """Seconds since 1970 as a date and time in UTC."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


POINT = -32768
"""The level of a range of no width."""


def level_of(low: float, high: float) -> int:
    """The power of two that the width does not exceed."""
    width = high - low
    if width == 0:
        return POINT
    return math.frexp(width)[1] if math.isfinite(width) else 1025
