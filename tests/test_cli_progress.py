"""The bar of a long copy: from one second on, on standard error, and only where somebody is looking."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nxspectra import read, simulate
from nxspectra.cli import progress, writing
from nxspectra.hdf5 import sha256
from nxspectra.hdf5 import write as write_file


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(writing, "LARGE", 0)
    return write_file(simulate(seed=3, frames=4, points=100).tree(), tmp_path / "raw.nxs")


@pytest.mark.parametrize(
    ("looking", "after", "shown"), [(True, 0, True), (True, 60, False), (False, 0, False)]
)
def test_a_bar_is_shown_to_who_looks_and_waits(
    raw: Path,
    looking: bool,
    after: float,
    shown: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER", after)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: looking)
    out = raw.with_name("run.nxs")
    writing.write(read(raw), out, in_place=False, overwrite=False)
    assert sha256(out) == sha256(raw)
    said = capsys.readouterr()
    assert ("writing run.nxs" in said.err) is shown
    assert said.out == ""
