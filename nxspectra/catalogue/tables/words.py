"""What can be searched for in words, also in a random part of the data sets."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ColumnElement, Connection, MetaData, Table, event
from sqlalchemy.dialects.postgresql import TSVECTOR

from nxspectra.catalogue.tables.making import metadata

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


def sampled_row(level: int, dataset: int) -> int:
    """The row in `sampled_words` of a data set that is in the random part up to this level."""
    return (level << _LEVELS) + dataset


def data_set_of_sampled(row: ColumnElement[int]) -> ColumnElement[int]:
    """The data set of a row in `sampled_words`."""
    level = (row - LOWEST).bitwise_rshift(_LEVELS)
    return row - level.bitwise_lshift(_LEVELS)
