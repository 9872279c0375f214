"""What the tables say of themselves, what was asked to be done, and what is being filed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Integer, Table, Text

from nxspectra.catalogue.tables.making import metadata, text

meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))
"""`form`, and whether indexes are put aside while many data sets are loaded."""

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
    text("worker"),
    Column("seen", Double),
    # JSON
    text("result"),
    text("error"),
)
"""What was asked to be done, such as to interpret a data set, and what came of it."""

intents = Table(
    "intents",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("pid", Text, nullable=False),
    # as JSON; None to take it out
    text("record"),
    # name and N-Triples of its graph; None if it has none
    text("graph"),
    text("triples"),
    # instead of these: all records that are kept under this name
    text("kept"),
)
"""What is being filed and may not be in both the graphs and these tables yet; redone after an accident."""
