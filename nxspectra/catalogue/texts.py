"""What of a data set can be searched for in words, on its way into the tables and out of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete

from nxspectra.catalogue import tables
from nxspectra.catalogue.record import Record, digest_of
from nxspectra.rdf.terms import plain

SAMPLED_FROM = 4
"""The lowest level of the random part: one data set in sixteen."""
_FTS = ("rowid", *tables.TEXT_COLUMNS, "places")
_MOST_LEVELS = 59
_MOST_FILES = 500
"""Names of files that can be searched for."""
_NOT_IN_A_WORD = re.compile(r"[\W_]+")
_ASCII = "".join(chr(code).lower() if chr(code).isalnum() else " " for code in range(128))


def tokens(text: str) -> str:
    """The words of `text`, letters and digits, folded and with one blank in between."""
    if text.isascii() and text.isprintable():  # the same, sooner
        return " ".join(text.translate(_ASCII).split())
    return _NOT_IN_A_WORD.sub(" ", plain(text).casefold()).strip()


def text_of(record: Record) -> tuple[str, ...]:
    """What can be searched for in words, in the order of `tables.TEXT_COLUMNS`."""
    names = [record.instrument.name] if record.instrument else []
    names += [record.facility.name] if record.facility else []
    names += [member.person.full_name for member in record.people]
    names += [record.experiment] if record.experiment else []
    rest = [
        *names,
        record.description,
        *(file.name for file in record.files[:_MOST_FILES]),
        record.definition or "",
    ]
    rest += [record.source.name] if record.source.kind == "file" and record.source.name else []
    columns = (
        [record.title],
        [
            part
            for sample in record.samples
            for part in (sample.name, sample.formula, sample.description)
            if part
        ],
        record.keywords,
        rest,
    )
    return tuple(tokens(" ".join(column)) for column in columns)


def sampled_up_to(pid: str) -> int | None:
    """The highest level of the random part that a data set is in, as in all below it; None if in none."""
    number = int.from_bytes(digest_of(pid)[:8], "big")
    # as many levels as it has zeros at its end
    zeros = (number & -number).bit_length() - 1 if number else _MOST_LEVELS
    return None if zeros < SAMPLED_FROM else min(zeros, _MOST_LEVELS)


@dataclass(frozen=True, slots=True)
class Texts:
    """What can be searched for of a data set."""

    dataset: int
    columns: tuple[str, ...]
    """In the order of `tables.TEXT_COLUMNS`."""
    level: int | None
    """The highest at which it is in the random part."""

    @classmethod
    def of(cls, dataset: int, record: Record) -> Texts:
        return cls(dataset, text_of(record), sampled_up_to(record.pid))

    @property
    def levels(self) -> range:
        """Those of the random part that it is in."""
        return range(0) if self.level is None else range(SAMPLED_FROM, self.level + 1)

    @property
    def row(self) -> tuple[str | int, ...]:
        """As the full-text table of SQLite has it."""
        return (self.dataset, *self.columns, self._places)

    @property
    def sampled_row(self) -> tuple[str | int, ...]:
        """As that of the random part has it."""
        return (tables.sampled_row(self.level or 0, self.dataset), *self.columns, self._places)

    @property
    def _places(self) -> str:
        """The words of the telling columns, each with the mark of its column."""
        marked = zip(tables.PLACES, self.columns, strict=False)
        return " ".join(f"{mark}{word}" for mark, column in marked for word in column.split())


def marks(connection: Connection, number: int) -> str:
    """Places for values, as the driver of the database writes them."""
    return ", ".join(["?" if connection.dialect.paramstyle == "qmark" else "%s"] * number)


def insert_texts(connection: Connection, texts: Sequence[Texts]) -> None:
    """Put words in, of the lowest id first: SQLite writes what it has gathered when a lower one comes."""
    if connection.dialect.name == "sqlite":
        into = f"({', '.join(_FTS)}) VALUES ({marks(connection, len(_FTS))})"
        connection.exec_driver_sql(f"INSERT INTO words {into}", [each.row for each in texts])
        sampled = sorted(each.sampled_row for each in texts if each.level is not None)
        if sampled:
            connection.exec_driver_sql(f"INSERT INTO sampled_words {into}", sampled)
        return
    vector = " || ".join(
        f"setweight(to_tsvector('simple', %s), '{each}')" for each in tables.WEIGHTS.values()
    )
    statement = f"INSERT INTO words (dataset, vector) VALUES (%s, {vector})"  # noqa: S608
    connection.exec_driver_sql(statement, [(each.dataset, *each.columns) for each in texts])


def delete_texts(connection: Connection, texts: Sequence[Texts]) -> None:
    """Take words out. The full-text tables of SQLite keep no text and must be told what they were given."""
    if connection.dialect.name != "sqlite":
        gone = [each.dataset for each in texts]
        connection.execute(delete(tables.words).where(tables.words.c.dataset.in_(gone)))
        return
    sampled = [each.sampled_row for each in texts if each.level is not None]
    for table, rows in (("words", [each.row for each in texts]), ("sampled_words", sampled)):
        if rows:
            into = f"({table}, {', '.join(_FTS)}) VALUES ('delete', {marks(connection, len(_FTS))})"
            connection.exec_driver_sql(f"INSERT INTO {table} {into}", rows)
