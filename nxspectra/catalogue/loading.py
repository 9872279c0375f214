"""Indexes put aside while many data sets are loaded, and made again in the end, which takes less in all.

To put a row into an index at a random place takes the longer the larger the index is, and to make an index of
rows that are all there is to sort them once. Only indexes are put aside that nothing uses but searches.
"""

from __future__ import annotations

from sqlalchemy import Connection, Index, delete, select

from nxspectra.catalogue import tables

_KEY = "indexes"
_ASIDE: tuple[Index, ...] = tuple(
    index
    for table in (tables.datasets, *tables.OF_DATA_SETS)
    if table is not tables.dataset_documents
    for index in sorted(table.indexes, key=lambda each: str(each.name))
)


def put_aside(connection: Connection) -> None:
    """Drop the indexes, and note it."""
    for index in _ASIDE:
        index.drop(connection, checkfirst=True)
    connection.execute(tables.meta.insert(), {"key": _KEY, "value": "put aside"})


def mend(connection: Connection) -> None:
    """Make them again, if they are put aside."""
    ours = tables.meta.c.key == _KEY
    if connection.scalar(select(tables.meta.c.value).where(ours)) is not None:
        for index in _ASIDE:
            index.create(connection, checkfirst=True)
        connection.execute(delete(tables.meta).where(ours))
