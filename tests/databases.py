"""Indexes for tests, in a file of SQLite and in a schema of its own in PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from nxspectra.catalogue.index import Index

VARIABLE = "NXSPECTRA_POSTGRESQL"


@contextmanager
def empty_index(kind: str, folder: Path) -> Iterator[Index]:
    """An empty index, `sqlite` or `postgresql`; skips the test where there is no such database."""
    if kind == "sqlite":
        index = Index.in_folder(folder)
        yield index
        index.close()
        return
    server = os.environ.get(VARIABLE)
    if not server:
        pytest.skip(f"${VARIABLE} names no database; .ci/run starts one")
    schema = f"test_{uuid4().hex}"
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    index = Index(f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{schema}")
    yield index
    index.close()
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()
