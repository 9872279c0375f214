"""How a table is made."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

metadata = MetaData()


def lookup(name: str, *columns: Column[object] | Index) -> Table:
    """Things that many data sets share; `key` is `record.digest_of` of all that is known of one."""
    return Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True),
        Column("key", LargeBinary, nullable=False, unique=True),
        *columns,
    )


def text(name: str, *, nullable: bool = True) -> Column[object]:
    return Column(name, Text, nullable=nullable)


def of_data_set(name: str, *columns: Column[object] | Index) -> Table:
    """Rows that belong to one data set, numbered, and stored in its order."""
    return Table(
        name,
        metadata,
        Column("dataset", BigInteger, primary_key=True, autoincrement=False),
        *columns,
        sqlite_with_rowid=False,
    )


def number(name: str = "number") -> Column[object]:
    return Column(name, SmallInteger, primary_key=True, autoincrement=False)


def of_a_parameter() -> tuple[Column[object], ...]:
    """The columns of a parameter, whatever it is of: a number, a range or a text."""
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
