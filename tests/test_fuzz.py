"""Damaged files: guard, reader and validation answer, or the child that looks at the file dies; nothing else.

Many more, by hand: `python benchmarks/fuzz.py 20000`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from damage import outcomes


@pytest.mark.parametrize(
    ("first", "reaching"),
    [(0, 0.1), (1, 0.9), (2, 0.1)],
    ids=["damaged bytes", "damaged trees", "both"],
)
def test_a_damaged_file_is_told_and_never_a_traceback(tmp_path: Path, first: int, reaching: float) -> None:
    told = list(outcomes(range(first, 300, 3), tmp_path))
    assert sorted(outcome.number for outcome in told) == list(range(first, 300, 3))
    assert not [outcome for outcome in told if outcome.kind == "defect"]
    # damage so great that nothing of the file is looked at would show nothing
    assert sum(outcome.kind == "findings" for outcome in told) > reaching * len(told)


def test_python_that_never_ends_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: object) -> None:
        while True:
            pass

    monkeypatch.setattr("damage.SECONDS", 0.2)
    monkeypatch.setattr("damage.hdf5.guard", endless)
    (outcome,) = outcomes([1], tmp_path)
    assert outcome.kind == "defect"
    assert "HangsError" in outcome.said
