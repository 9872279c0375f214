"""The frames to label next lie where the classes may change, and their labels find the place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from nxspectra import hdf5
from nxspectra.classifiers import Model, next_questions, train
from nxspectra.cli import program
from nxspectra.errors import UsageError
from nxspectra.migration import migrate
from nxspectra.simulation import Ramp, simulate
from nxspectra.spectra import Spectra

LABELS = ["low=8,12", "high=26,30"]


@pytest.fixture(scope="module")
def ramp() -> Ramp:
    return simulate(seed=5, frames=35, points=600, beam_off=[20])


@pytest.fixture(scope="module")
def model(ramp: Ramp) -> Model:
    return train([ramp.spectra], LABELS, bins=5)


def frames(spectra: Spectra, model: Model, number: int, labels: list[str] = LABELS) -> list[int]:
    return [each.frame for each in next_questions([spectra], model, labels, number)]


def test_the_frames_asked_for_lie_between_labels_that_differ(ramp: Ramp, model: Model) -> None:
    questions = next_questions([ramp.spectra], model, LABELS, 4)
    assert all(12 < each.frame < 26 for each in questions)
    assert {each.between for each in questions} == {("low", "high")}


@pytest.mark.parametrize("number", [1, 3, 7])
def test_no_frame_is_asked_for_twice_or_when_it_has_a_label(ramp: Ramp, model: Model, number: int) -> None:
    asked = frames(ramp.spectra, model, number)
    assert len(set(asked)) == number
    assert asked == sorted(asked)
    assert not set(asked) & {8, 12, 26, 30}


def test_a_frame_that_cannot_be_used_is_not_asked_for(ramp: Ramp, model: Model) -> None:
    everything = frames(ramp.spectra, model, 100)
    assert everything == [each for each in range(35) if each not in (8, 12, 20, 26, 30)]


def test_nothing_is_asked_when_everything_has_a_label(ramp: Ramp, model: Model) -> None:
    assert frames(ramp.spectra, model, 5, ["low=0-17", "high=18-34"]) == []


def test_the_labels_of_what_was_asked_leave_less_in_question(ramp: Ramp, model: Model) -> None:
    """Whatever the truth is, no stretch between two answers is longer than half of what it was."""
    asked = [12, *frames(ramp.spectra, model, 5), 26]
    assert np.diff(asked).max() <= 7


def test_several_runs_are_asked_where_they_are_in_question(ramp: Ramp, model: Model) -> None:
    known = simulate(seed=6, frames=35, points=600).spectra
    labels = [f"run 0:{text}" for text in LABELS] + ["run 1:low=0-17", "run 1:high=18-34"]
    asked = next_questions([ramp.spectra, known], model, labels, 4)
    assert {each.file for each in asked} == {"run 0"}


def test_at_least_one_frame_has_to_be_asked_for(ramp: Ramp, model: Model) -> None:
    with pytest.raises(UsageError, match="at least one"):
        next_questions([ramp.spectra], model, LABELS, 0)


def test_train_names_the_frames_and_their_pressures(ramp: Ramp, tmp_path: Path) -> None:
    file = hdf5.write(migrate(ramp.tree()), tmp_path / "run.nxs")
    labels = [part for text in LABELS for part in ("--label", text)]
    arguments = ["train", str(file), *labels, "--bins", "5", "--next", "3"]
    told = CliRunner().invoke(program, arguments, catch_exceptions=False)
    assert told.exit_code == 0
    assert "label next:" in told.stdout
    assert told.stdout.count(" GPa: it says ") == 3
    again = CliRunner().invoke(program, [*arguments, "--format", "json"], catch_exceptions=False)
    model, questions = (json.loads(line) for line in again.stdout.splitlines())
    assert model["file"] is None
    assert len(questions["next"]) == 3
