"""The worry: that finding what the keys of a file mean takes longer than reading them.

Run by hand: `pytest benchmarks/test_migrate.py -s`. Ratios are of medians within one run.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nxspectra import hdf5
from nxspectra.migration import Crosswalk, migrate, review
from nxspectra.simulation import simulate


def median(job: Callable[[], object], rounds: int = 9) -> float:
    """Seconds."""
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        job()
        took.append(time.perf_counter() - start)
    return statistics.median(took)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """349 curves of 4023 points with some 400 keys."""
    return hdf5.write(simulate(0).tree(), tmp_path_factory.mktemp("raw") / "raw.nxs")


def test_additions_are_known_in_under_three_times_the_reading_of_the_keys(raw: Path) -> None:
    reading = median(lambda: hdf5.read(raw))
    both = median(lambda: migrate(hdf5.read(raw)))
    print(f"\nread {1e3 * reading:.1f} ms; migrate after it {(both - reading) / reading:.2f} of that")
    assert both - reading < 3 * reading


def test_a_review_of_a_small_file_costs_less_than_reading_it(tmp_path: Path) -> None:
    whole = simulate(0, frames=2).tree()
    small = whole.without("entry/collection_extra").without("entry/collection").without("entry/comments")
    source = hdf5.write(small, tmp_path / "small.nxs")
    reading = median(lambda: hdf5.read(source), 25)
    both = median(lambda: review(hdf5.read(source)), 25)
    print(
        f"\n{1 / both:.0f} files/s a worker; the review takes {(both - reading) / reading:.2f} of the reading"
    )
    assert both < 2 * reading


def test_loading_a_crosswalk_again_is_cheap() -> None:
    first = median(lambda: Crosswalk.load("p02.2"))
    print(f"\n{1e3 * first:.2f} ms for a crosswalk that was loaded before")
