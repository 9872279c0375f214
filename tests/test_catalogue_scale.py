"""A hundred thousand data sets take about as many steps of the database as ten thousand do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nxspectra.catalogue.finding import Finder
from nxspectra.catalogue.index import Index
from nxspectra.catalogue.query import parse
from nxspectra.catalogue.record import Record
from nxspectra.catalogue.ways import EXACT
from nxspectra.testing.records import records

FEW, MANY = 10_000, 100_000
GROWTH = 3.0
"""Times as many steps for ten times as many data sets; a scan takes ten times as many."""
PAGE_STEPS = 1_500_000
"""Steps of SQLite's machine for a first page, whatever is asked; a scan of all parameters takes more."""

SELECTIVE: dict[str, dict[str, Any]] = {
    "newest": {},
    "range": {"parameters": {"pressure": "118.1..118.4GPa"}},
    "transition": {"parameters": {"transition": "111..111.5GPa"}},
    "one data set": {"text": "ice_vii_0004711"},
    "sure label": {"label": "low", "confidence": "0.9999"},
    "contradiction": {"technique": "neutron powder diffraction", "parameters": {"energy": "25..26keV"}},
    "formula and range": {"formula": "MgSiO3", "parameters": {"pressure": "118..118.2GPa"}},
}
BROAD: dict[str, dict[str, Any]] = {
    "range": {"parameters": {"pressure": "10..20GPa"}},
    "technique": {"technique": "diffraction"},
    "text": {"text": "diffraction"},
    "label": {"label": "low"},
    "month": {"dates": "2019-05"},
}


TRUE: Counter[str] = Counter()
"""How many of the large catalogue have a label, and were measured in a month; told while it is made."""


def told(given: Iterable[Record]) -> Iterator[Record]:
    for record in given:
        TRUE[(record.created or "")[:7]] += 1
        TRUE.update({label.name for label in record.labels})
        yield record


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Index]]:
    """The same kind of catalogue, small and large."""
    made = {number: Index.in_folder(tmp_path_factory.mktemp(f"of_{number}")) for number in (FEW, MANY)}
    for number, index in made.items():
        TRUE.clear()
        assert index.put(told(records(number))) == number
    yield made
    for index in made.values():
        index.close()


def steps(index: Index, asked: dict[str, Any]) -> int:
    """Of SQLite's machine, in hundreds, for a first page."""
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    with index.reading() as connection:
        machine = connection.connection.driver_connection
        assert machine is not None
        finder = Finder(connection, parse(**asked))
        machine.set_progress_handler(count, 100)
        finder.page(20)
        machine.set_progress_handler(None, 0)
    return counted * 100


@pytest.mark.slow
@pytest.mark.parametrize("name", SELECTIVE)
def test_what_is_selective_costs_about_the_same_in_ten_times_as_many(
    indexes: dict[int, Index], name: str
) -> None:
    few, many = (steps(indexes[number], SELECTIVE[name]) for number in (FEW, MANY))
    # counts that stop early take so many steps in a catalogue of any size
    assert many < GROWTH * max(few, 40_000)


@pytest.mark.slow
@pytest.mark.parametrize("name", BROAD)
def test_what_many_meet_fills_a_page_without_looking_at_all(indexes: dict[int, Index], name: str) -> None:
    assert steps(indexes[MANY], BROAD[name]) < PAGE_STEPS


@pytest.mark.slow
def test_counts_are_exact_up_to_a_limit_and_else_near(indexes: dict[int, Index]) -> None:
    asked = parse(label="low")
    true = TRUE["low"]
    assert true > 2 * EXACT
    with indexes[MANY].reading() as connection:
        large = Finder(connection, asked).count()
        small = Finder(connection, parse(dates="2019-05")).count()
    assert not large.exact
    assert abs(large.number - true) < 0.2 * true
    assert small.exact
    assert small.number == TRUE["2019-05"]


@pytest.mark.slow
def test_a_data_set_takes_less_than_two_kilobytes(indexes: dict[int, Index]) -> None:
    index = indexes[MANY]
    index.close()
    file = index.file or Path()
    assert file.stat().st_size < 2000 * MANY
