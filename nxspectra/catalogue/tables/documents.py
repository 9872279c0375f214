"""Proposals and publications that data sets belong to."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from nxspectra.catalogue.tables.making import metadata, number, of_a_parameter, text

documents = Table(
    "documents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pid", Text, nullable=False, unique=True),
    text("type"),
    Column("title", Text, nullable=False),
    text("summary"),
    text("doi"),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    Column("released", BigInteger),
    text("license"),
    text("keywords"),
    Column("is_public", Boolean(create_constraint=False), nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("document", Integer, primary_key=True, autoincrement=False),
    number(),
    Column("person", Integer, nullable=False),
    Column("affiliation", Integer),
    text("role"),
    Index("members_by_person", "person", "document"),
    sqlite_with_rowid=False,
)

document_parameters = Table(
    "document_parameters",
    metadata,
    Column("document", Integer, primary_key=True, autoincrement=False),
    number(),
    *of_a_parameter(),
    sqlite_with_rowid=False,
)
"""Those that documents have beside those of their data sets."""

OF_DOCUMENTS = (members, document_parameters)
"""The tables with rows that go when a document goes."""
