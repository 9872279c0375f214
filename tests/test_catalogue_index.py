"""The index: what is put in comes out again the same, in SQLite and in PostgreSQL, whatever it says."""

from __future__ import annotations

import dataclasses
import string
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from cataloguing import described, neutrons, ramp
from hypothesis import given
from hypothesis import strategies as st
from indexes import indexes
from sqlalchemy import func, select

from nxspectra.catalogue import Catalogue, tables
from nxspectra.catalogue.index import Index
from nxspectra.catalogue.record import (
    Affiliation,
    Document,
    File,
    Member,
    Parameter,
    Person,
    Record,
    Sample,
    Source,
    record_of,
)
from nxspectra.errors import FileError, UsageError


@pytest.fixture(params=["sqlite", "postgresql"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    """An empty index."""
    with indexes(request.param, tmp_path) as index:
        yield index


def record(name: str, **facts: object) -> Record:
    return dataclasses.replace(Record(f"pid-{name}", f"https://x.example.org/pid-{name}", name), **facts)


IMPORTED = Record(
    "20.500/x y",
    "https://doi.org/20.500/other",
    "Imported",
    keywords=("one", "two words"),
    is_public=False,
    created="2020-02-29T12:00:00Z",
    samples=(Sample("a"), Sample(None, "Fe2 O3", "rust", "s-1")),
    techniques=("https://w3id.org/PaN/ESRFET#HP-XRD", "urn:own:technique"),
    parameters=(
        Parameter("sample_temperature", 20.0, 25.0, "degC", 293.15, 298.15),
        Parameter("unknown", 3.0, 3.0, "furlong"),
        Parameter("sample_state", text="solid"),
    ),
    files=(File("a.h5", "/d/e/a.h5", 5, "ab" * 32), File("b.h5", "elsewhere", None, None, "f-2")),
    people=(
        Member(
            Person("Josiah Carberry", "0000-0002-1825-0097"), "pi", Affiliation("Brown", city="Providence")
        ),
    ),
    documents=(
        Document(
            "10.1/doc",
            "A paper",
            "publication",
            "On rust",
            "10.1/doc",
            "2020-01-01T00:00:00Z",
            None,
            None,
            "CC-BY-4.0",
            ("rust",),
            (Member(Person("A", None, "Anne", "A"), "author"),),
        ),
    ),
    source=Source("harvested", "https://other.example.org/api"),
    state="missing",
)


def test_a_record_comes_out_as_it_went_in(index: Index) -> None:
    index.put([IMPORTED])
    assert index.get(IMPORTED.pid) == IMPORTED


def test_a_described_ramp_comes_out_as_it_went_in_with_times_in_utc(index: Index) -> None:
    one = record_of(described("ramp", ramp("Compression", 8, 25)))
    index.put([one])
    got = index.get(one.pid)
    assert got is not None
    utc = "2021-05-27T08:15:00Z"
    assert (got.created, got.started) == (utc, utc)
    same = {"created": None, "started": None, "ended": None, "documents": ()}
    assert dataclasses.replace(got, **same) == dataclasses.replace(one, **same)


@pytest.mark.parametrize(
    "one", [IMPORTED, record_of(described("ice", neutrons()))], ids=["imported", "described"]
)
def test_a_record_is_a_line_of_json_that_makes_it_again(one: Record) -> None:
    assert "\n" not in one.as_json()
    assert Record.from_json(one.as_json()) == one


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": "a", "iri": "b", "title": "c", "size": "many"}'])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a record"):
        Record.from_json(text)


@pytest.mark.parametrize("where", ["title", "description", "pid", "experiment"])
def test_a_character_that_is_no_text_is_refused_before_it_is_kept(where: str, tmp_path: Path) -> None:
    bad = record("a", **{where: "iron\x00oxide"})
    catalogue = Catalogue(tmp_path)
    catalogue.keep("old", [record("a")])
    with pytest.raises(UsageError, match=r"U\+0000"):
        catalogue.keep("old", [record("b"), bad])
    with pytest.raises(UsageError, match=r"U\+0000"):
        Record.from_json(record("a", title="marked").as_json().replace("marked", "\\u0000"))
    assert [hit.title for hit in catalogue.search()] == ["a"]
    # a backslash before the letters is text
    assert Record.from_json(record("a", title="\\u0000").as_json()).title == "\\u0000"


def test_what_a_database_does_not_take_is_told_and_changes_nothing(index: Index) -> None:
    index.put([record("a")])
    if index.file is None:
        with pytest.raises(UsageError, match="cannot be kept"):
            index.put([record("b", title="iron\x00oxide")])
    else:
        index.put([record("b", title="iron\x00oxide")])
        assert [found and found.title for found in [index.get("pid-b")]] == ["iron\x00oxide"]
    assert index.get("pid-a") == record("a")


def test_what_is_put_again_replaces(index: Index) -> None:
    index.put([IMPORTED, record("other")])
    index.put([dataclasses.replace(IMPORTED, title="Later", parameters=(), created="2021-01-01T00:00:00Z")])
    got = index.get(IMPORTED.pid)
    assert got is not None
    assert (len(index), got.title, got.parameters) == (2, "Later", ())


def test_what_is_put_twice_at_once_is_there_once(index: Index) -> None:
    index.put([record("a", size=1), record("a", size=2)])
    got = index.get("pid-a")
    assert (len(index), got and got.size) == (1, 2)


def test_what_is_removed_leaves_nothing_of_its_own(index: Index) -> None:
    index.put([IMPORTED, record("other")])
    assert index.remove(IMPORTED.pid)
    assert not index.remove(IMPORTED.pid)
    with index.reading() as connection:
        left = {
            table.name: connection.scalar(select(func.count()).select_from(table))
            for table in (*tables.OF_DATA_SETS, tables.documents, tables.members)
        }
    assert {name: number for name, number in left.items() if number and name != "sampled"} == {}


def test_the_time_of_a_document_is_that_of_all_its_data_sets(index: Index) -> None:
    first = Document("e", "Beamtime", started="2020-01-02T00:00:00Z", ended="2020-01-02T00:00:00Z")
    second = dataclasses.replace(first, started="2020-01-01T00:00:00+02:00", ended="2020-01-03T00:00:00Z")
    index.put([record("a", documents=(first,)), record("b", documents=(second,))])
    index.put([record("c", documents=(first,))])
    got = index.get("pid-c")
    assert got is not None
    assert got.documents[0].started == "2019-12-31T22:00:00Z"
    assert got.documents[0].ended == "2020-01-03T00:00:00Z"


def test_ids_go_by_time_also_where_many_fall_in_one_minute(index: Index) -> None:
    moments = ["2020-01-01T00:01:10Z", None, "2020-01-01T00:02:00Z", "1950-06-01", "2020-01-01T00:01:50Z"]
    index.put([record(str(number), created=each) for number, each in enumerate(moments)])
    with index.reading() as connection:
        titles = list(connection.scalars(select(tables.datasets.c.title).order_by(tables.datasets.c.id)))
    assert titles == ["3", "1", "0", "4", "2"]


def test_what_many_share_is_kept_once(index: Index) -> None:
    index.put([dataclasses.replace(IMPORTED, pid=f"p{number}") for number in range(3)])
    index.put([dataclasses.replace(IMPORTED, pid=f"q{number}") for number in range(3)])
    shared = (tables.samples, tables.people, tables.technique_sets, tables.folders, tables.documents)
    with index.reading() as connection:
        numbers = [connection.scalar(select(func.count()).select_from(table)) for table in shared]
    assert numbers == [2, 2, 1, 1, 1]


def test_a_technique_is_known_with_all_that_are_wider(index: Index) -> None:
    index.put([IMPORTED])
    table = tables.technique_closure
    with index.reading() as connection:
        names = set(
            connection.scalars(
                select(tables.techniques.c.name).join(table, table.c.technique == tables.techniques.c.id)
            )
        )
    # the ESRFET term is x-ray diffraction under pressure in PaNET; a term of nobody's stands for itself
    assert {"diffraction", "x-ray diffraction", None} <= names


HOSTILE = ["'; DROP TABLE datasets; --", '"', "%_\\", "\x1f", "ǆ🐚", "a\nb", "NULL", "* OR title:x"]


@pytest.mark.parametrize("said", HOSTILE)
def test_whatever_a_record_says_is_data(index: Index, said: str) -> None:
    one = Record(
        said,
        f"https://x.example.org/{said}",
        said,
        said,
        instrument=None,
        experiment=said,
        samples=(Sample(said, said, said, said),),
        techniques=(said,),
        parameters=(Parameter(said, 1.0, 1.0, said), Parameter(said, text=said)),
        files=(File(said, said),),
        people=(Member(Person(said), said),),
        documents=(Document(said, said),),
    )
    index.put([one, record("other")])
    assert index.get(said) == one
    assert index.remove(said)
    assert len(index) == 1


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_a_range_is_no_wider_than_its_level_says(a: float, b: float) -> None:
    low, high = sorted((a, b))
    level = tables.level_of(low, high)
    assert level == tables.POINT if low == high else Fraction(high) - Fraction(low) <= Fraction(2) ** level


def test_no_number_is_no_range(index: Index) -> None:
    odd = Parameter("sample_pressure", float("nan"), float("inf"), "GPa", float("nan"), float("inf"))
    index.put([record("a", parameters=(odd,))])
    got = index.get("pid-a")
    assert got is not None
    assert got.parameters == (Parameter("sample_pressure", unit="GPa"),)


def test_a_transaction_that_fails_leaves_nothing(index: Index) -> None:
    index.put([record("a")])
    broken = dataclasses.replace(record("c", samples=(Sample("new"),)), source=Source(None))
    with pytest.raises(FileError, match="cannot be used"):
        index.put([record("b", samples=(Sample("new"),)), broken])
    assert len(index) == 1
    index.put([record("b", samples=(Sample("new"),))])
    got = index.get("pid-b")
    assert got is not None
    assert got.samples == (Sample("new"),)


def test_a_reader_is_not_blocked_by_a_writer_and_sees_what_was_committed(index: Index) -> None:
    index.put([record("a")])
    with index.writing() as connection:
        index.write(connection, [record("b")])
        assert len(index) == 1
    assert len(index) == 2


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/db", "", "postgresql"])
def test_what_is_no_database_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="postgresql"):
        Index(url)


def test_a_server_that_does_not_answer_is_told_without_its_password() -> None:
    index = Index("postgresql+psycopg://user:sesame@127.0.0.1:9/none?connect_timeout=2")
    with pytest.raises(FileError) as told:
        index.put([record("a")])
    assert "sesame" not in str(told.value)


@pytest.mark.parametrize("damage", ["nonsense", "zeros", "truncated"])
def test_a_damaged_file_is_told_with_the_way_out(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "index.sqlite"
    index = Index(f"sqlite:///{file}")
    index.put([record(each) for each in string.ascii_letters])
    index.close()
    whole = file.read_bytes()
    spoilt = {
        "nonsense": b"nonsense" * 1000,
        "zeros": whole[:100] + bytes(len(whole) - 100),
        "truncated": whole[:5000],
    }
    file.write_bytes(spoilt[damage])
    with pytest.raises(FileError, match="catalogue rebuild"):
        Index(f"sqlite:///{file}").get("pid-a")


def test_an_index_of_another_form_is_told_with_the_way_out(index: Index) -> None:
    index.put([record("a")])
    with index.writing() as connection:
        connection.execute(tables.meta.update().values(value="0"))
    index.close()
    with pytest.raises(FileError, match="form 0"):
        index.get("pid-a")
