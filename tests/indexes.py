"""Empty indexes for tests, of both kinds of database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from nxspectra.catalogue.index import Index

POSTGRESQL = os.environ.get("NXSPECTRA_POSTGRESQL")


@contextmanager
def indexes(kind: str, folder: Path) -> Iterator[Index]:
    """An empty index, in `folder` or in PostgreSQL, where it has a schema of its own."""
    if kind == "sqlite":
        index = Index.in_folder(folder)
        try:
            yield index
        finally:
            index.close()
        return
    with postgresql() as url:
        index = Index(url)
        try:
            yield index
        finally:
            index.close()


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty schema; the test is skipped if there is no server."""
    if not POSTGRESQL:
        pytest.skip("$NXSPECTRA_POSTGRESQL names no database; .ci/run starts one")
    schema = f"test_{uuid4().hex}"
    server = create_engine(POSTGRESQL)
    with server.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    yield f"{POSTGRESQL}{'&' if '?' in POSTGRESQL else '?'}options=-csearch_path%3D{schema}"
    with server.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    server.dispose()
