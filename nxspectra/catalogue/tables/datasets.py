"""The data sets, and what belongs to one of them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
)

from nxspectra.catalogue.tables.making import metadata, number, of_a_parameter, of_data_set, text

datasets = Table(
    "datasets",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("pid", Text, nullable=False, unique=True),
    Column("base", Integer),
    # where the IRI is not base and pid
    text("iri"),
    Column("title", Text, nullable=False),
    text("description"),
    # one a line
    text("keywords"),
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
    text("probe"),
    text("experiment"),
    Column("instrument", Integer),
    Column("facility", Integer),
    Column("technique_set", Integer),
    Column("profile", Integer),
    # file, imported or harvested
    Column("source", Text, nullable=False),
    text("source_name"),
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

dataset_samples = of_data_set(
    "dataset_samples",
    number(),
    Column("sample", Integer, nullable=False),
    Index("datasets_by_sample", "sample", "dataset"),
)

dataset_people = of_data_set(
    "dataset_people",
    number(),
    Column("person", Integer, nullable=False),
    Column("affiliation", Integer),
    text("role"),
)

parameters = of_data_set(
    "parameters",
    number(),
    *of_a_parameter(),
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

labels = of_data_set(
    "labels",
    number("result"),
    number(),
    Column("label", Integer, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("mean", Double),
    Column("minimum", Double),
    Column("origin", Text, nullable=False),
    Column("model", Integer),
    Index("labels_by_name", "label", "dataset", "mean"),
    Index("labels_by_confidence", "label", "mean", "dataset"),
)

boundaries = of_data_set(
    "boundaries",
    number("result"),
    number(),
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

files = of_data_set(
    "files",
    number(),
    Column("name", Text, nullable=False),
    # of `folders`; the path is it and the name, or else `path`
    Column("folder", Integer),
    text("path"),
    Column("size", BigInteger),
    Column("digest", LargeBinary),
    text("foreign_id"),
)

sampled = Table(
    "sampled",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("dataset", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""A random part of the data sets: one in 2**level at each level, from which large counts are estimated."""

dataset_documents = of_data_set(
    "dataset_documents",
    Column("document", Integer, primary_key=True, autoincrement=False),
    Index("datasets_by_document", "document", "dataset"),
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
