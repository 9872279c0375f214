"""Many data sets loaded at once: the same comes of it as of one after another, even if it was interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from indexes import indexes
from sqlalchemy import inspect, select

from nxspectra.catalogue import Catalogue, catalogue, index, tables
from nxspectra.catalogue.checking import check
from nxspectra.catalogue.finding import Finder
from nxspectra.catalogue.index import Index
from nxspectra.catalogue.query import parse
from nxspectra.catalogue.record import Record
from nxspectra.errors import UsageError
from nxspectra.testing.records import records

RECORDS = list(records(90, seed=6))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An index that takes twenty at a time for many."""
    monkeypatch.setattr(index, "BULK", 20)
    monkeypatch.setattr(catalogue, "BULK", 20)
    with indexes(request.param, tmp_path) as made:
        yield made


def made_for_searches(of: Index) -> set[str | None]:
    """Names of all indexes of its tables."""
    with of.writing() as connection:
        seen = inspect(connection)
        return {each["name"] for table in tables.metadata.tables for each in seen.get_indexes(table)}


def all_of(of: Index) -> dict[str, Record | None]:
    with of.reading() as connection:
        pids = list(connection.scalars(select(tables.datasets.c.pid)))
    return {pid: of.get(pid) for pid in pids}


def test_what_is_loaded_is_what_is_put_one_by_one(empty: Index, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one_by_one = Index.in_folder(tmp_path / "other")
    for record in RECORDS:
        one_by_one.put([record])
    indexed = made_for_searches(empty)
    assert empty.put(iter(RECORDS)) == len(RECORDS)
    assert all_of(empty) == all_of(one_by_one)
    assert made_for_searches(empty) == indexed
    one_by_one.close()


def test_a_data_set_that_comes_twice_in_a_load_is_there_as_it_came_last(empty: Index) -> None:
    first = RECORDS[0]
    assert empty.put([first, *RECORDS[1:60], Record(first.pid, first.iri, "Again")]) == 61
    assert len(empty) == 60
    found = empty.get(first.pid)
    assert found is not None
    assert found.title == "Again"


def test_while_many_are_loaded_those_before_are_found(empty: Index) -> None:
    asked = parse(parameters={"pressure": "0..100GPa"})
    seen = []

    def told() -> Iterator[Record]:
        for number, record in enumerate(RECORDS):
            if number == 60:
                with empty.reading() as connection:
                    seen.append(len(Finder(connection, asked).page(1000).ids))
            yield record

    empty.put(told())
    assert seen == [60]


def test_a_load_that_fails_keeps_what_was_written_and_its_indexes(empty: Index) -> None:
    indexed = made_for_searches(empty)

    def failing() -> Iterator[Record]:
        yield from RECORDS[:50]
        raise UsageError("no more")

    with pytest.raises(UsageError, match="no more"):
        empty.put(failing())
    assert len(empty) == 40
    assert made_for_searches(empty) == indexed


KILLED = """
import os, sys
from nxspectra.catalogue import index, catalogue
from nxspectra.catalogue.index import Index
from test_catalogue_loading import RECORDS

index.BULK = catalogue.BULK = catalogue.BATCH = 20
def killing():
    for number, record in enumerate(RECORDS):
        if number == 70:
            os.kill(os.getpid(), 9)
        yield record
def killing_at_the_third(self, *given, written=[], write=Index.write):
    written.append(1)
    if len(written) == 3:
        os.kill(os.getpid(), 9)
    write(self, *given)

if sys.argv[1] == "put":
    Index(sys.argv[2]).put(killing())
else:
    Index.write = killing_at_the_third
    catalogue.Catalogue(sys.argv[2]).keep("old", RECORDS)
"""


def killed(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], cwd=Path(__file__).parent, check=False, timeout=300
    )
    assert done.returncode == -signal.SIGKILL


def test_the_next_load_mends_what_a_killed_one_left(empty: Index) -> None:
    indexed = made_for_searches(empty)
    empty.close()
    killed("put", empty.url.render_as_string(hide_password=False))
    assert len(empty) == 60
    assert made_for_searches(empty) < indexed
    empty.put(RECORDS)
    assert len(empty) == len(RECORDS)
    assert made_for_searches(empty) == indexed


def test_who_files_after_a_killed_import_ends_it(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    killed("keep", str(folder))
    store = Catalogue(folder)
    assert len(store) == 40
    assert next(check(store)).rule == "unfinished"
    store.make()
    assert len(store) == len(RECORDS)
    assert {each.rule for each in check(store)} == {"file-missing"}
    assert made_for_searches(store.index) == made_for_searches(Index.in_folder(tmp_path))
    store.close()
