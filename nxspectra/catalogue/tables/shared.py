"""What many data sets share, kept once and pointed to."""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import Column, Index, Integer, SmallInteger, Table

from nxspectra.catalogue.tables.making import lookup, metadata, number, text

bases = lookup("bases", text("iri", nullable=False))
"""What the IRIs of data sets begin with."""

facilities = lookup("facilities", text("name", nullable=False), text("iri"), text("folded"))

instruments = lookup(
    "instruments",
    text("pid", nullable=False),
    text("name", nullable=False),
    text("folded"),
    Column("facility", Integer),
)

definitions = lookup("definitions", text("name", nullable=False))

folders = lookup("folders", text("path", nullable=False))

samples = lookup(
    "samples",
    text("pid"),
    text("name"),
    text("formula"),
    text("description"),
    text("folded"),
    Index("samples_by_formula", "folded"),
)

quantities = lookup("quantities", text("name", nullable=False))
"""Names of parameters."""

parameter_units = lookup("parameter_units", text("spelling", nullable=False))
"""Units of parameters, as they were given."""

values = lookup("values_as_text", text("value", nullable=False), text("folded"))
"""Values of parameters that are not numbers."""

label_names = lookup("label_names", text("name", nullable=False), text("folded"))

models = lookup("models", text("digest"), text("name"), text("classifier"))

people = lookup(
    "people",
    text("full_name", nullable=False),
    text("orcid"),
    text("first_name"),
    text("last_name"),
    text("researcher_id"),
)

affiliations = lookup(
    "affiliations", text("name", nullable=False), text("address"), text("city"), text("country")
)

techniques = lookup("techniques", text("iri", nullable=False), text("name"))

technique_sets = lookup("technique_sets")
"""Techniques that occur together."""

technique_members = Table(
    "technique_members",
    metadata,
    Column("set", Integer, primary_key=True, autoincrement=False),
    number(),
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

profiles = lookup("profiles")
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
