"""The corrected vote against truth and against the published one, on ramps they were not trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nxspectra.classifiers import Model, accuracy, classify, reliability, train
from nxspectra.classifiers.weighted import Weighted
from nxspectra.simulation import Ramp
from nxspectra.simulation import simulate as simulated
from nxspectra.spectra import Classification

pytest.importorskip("torch", reason="torch is of the extra `train`")

TRAINING = 4
POINTS = 1500
OTHERS = range(30, 40)
LABELS = ["low=80,120", "high=260,300"]
"""Four labelled spectra, as in doi 10.5334/dsj-2022-015."""

Results = dict[int, tuple[Ramp, Classification]]


def simulate(seed: int, **knobs: Any) -> Ramp:
    """A ramp on fewer points than the detector has, which trains quicker and says the same."""
    return simulated(seed, points=POINTS, **knobs)


def wrong(found: Results) -> NDArray[np.int64]:
    """Spectra given the wrong class, for each ramp."""
    counts = [np.count_nonzero(made.class_index != ramp.truth.label) for ramp, made in found.values()]
    return np.array(counts)


@pytest.fixture(scope="module")
def ramps() -> dict[int, Ramp]:
    return {seed: simulate(seed=seed) for seed in OTHERS}


@pytest.fixture(scope="module")
def model() -> Model:
    return train([simulate(seed=TRAINING).spectra], LABELS, "weighted")


@pytest.fixture(scope="module")
def weighted(model: Model, ramps: dict[int, Ramp]) -> Results:
    return {seed: (ramp, classify(ramp.spectra, model)) for seed, ramp in ramps.items()}


@pytest.mark.slow
def test_the_corrected_vote_is_more_accurate_than_the_published_one_and_nowhere_much_worse(
    weighted: Results, ramps: dict[int, Ramp]
) -> None:
    model = train([simulate(seed=TRAINING).spectra], LABELS, "published")
    published = {seed: (ramp, classify(ramp.spectra, model)) for seed, ramp in ramps.items()}
    ours, theirs = wrong(weighted), wrong(published)
    assert ours.mean() < theirs.mean(), f"corrected {ours}, published {theirs}"
    assert np.all(ours <= theirs + 2), f"corrected {ours}, published {theirs}"


def test_the_corrected_vote_is_right_for_all_but_a_few_spectra_of_every_ramp(weighted: Results) -> None:
    assert all(accuracy(made.class_index, ramp.truth.label) > 0.98 for ramp, made in weighted.values())


def test_the_labels_of_the_corrected_vote_switch_once(weighted: Results) -> None:
    confidence = [made.confidence or 0.0 for _, made in weighted.values()]
    assert min(confidence) > 0.97
    assert np.mean(confidence) > 0.99


def test_nine_of_ten_intervals_hold_the_true_boundary(weighted: Results) -> None:
    inside, pressures = [], []
    for ramp, made in weighted.values():
        (found,) = made.boundaries
        border = int(np.count_nonzero(ramp.truth.label == 0))
        inside.append(found.frame_interval[0] <= border <= found.frame_interval[1])
        assert found.pressure_interval is not None
        pressures.append(found.pressure_interval[0] <= 18.5 <= found.pressure_interval[1])
        assert found.frame_interval[1] - found.frame_interval[0] < 35
    assert np.mean(inside) >= 0.9
    assert np.mean(pressures) >= 0.9


def test_probabilities_are_what_they_say(weighted: Results) -> None:
    probability = np.concatenate([made.probability for _, made in weighted.values()])
    found = reliability(probability, np.concatenate([ramp.truth.label for ramp, _ in weighted.values()]))
    assert found.error < 0.02
    assert found.brier < 0.03


def test_four_clear_cut_labels_leave_the_vote_as_it_is(model: Model) -> None:
    assert isinstance(model.estimator, Weighted)
    assert model.estimator.bias_.tolist() == [0.0, 0.0]


def test_labels_up_to_the_boundary_bias_the_vote_to_where_the_classes_part(ramps: dict[int, Ramp]) -> None:
    labels = ["low=pressure<18.5GPa", "high=pressure>=18.5GPa"]
    model = train([simulate(seed=TRAINING).spectra], labels, "weighted", iterations=120)
    assert isinstance(model.estimator, Weighted)
    assert np.any(model.estimator.bias_ != 0.0)
    found = {seed: (ramp, classify(ramp.spectra, model)) for seed, ramp in list(ramps.items())[:4]}
    assert wrong(found).mean() < 4
    model.estimator.bias_ = np.zeros(2)
    found = {seed: (ramp, classify(ramp.spectra, model)) for seed, ramp in list(ramps.items())[:4]}
    assert wrong(found).mean() > 4


def test_the_boundary_of_a_decompression_is_found_backwards(model: Model) -> None:
    ramp = simulate(seed=41, decompression=True)
    made = classify(ramp.spectra, model)
    (found,) = made.boundaries
    assert (found.from_class, found.to_class) == ("high", "low")
    border = int(np.count_nonzero(ramp.truth.label == 1))
    assert found.frame_interval[0] <= border <= found.frame_interval[1]


def test_the_order_of_frames_is_not_what_is_classified(model: Model) -> None:
    ramp = simulate(seed=42, shuffled=True)
    assert accuracy(classify(ramp.spectra, model).class_index, ramp.truth.label) > 0.98


@pytest.mark.parametrize("strange", ["marker_only", "stranger", "noisy"])
def test_what_it_was_not_trained_for_is_stranger_than_the_ramps(
    strange: str, model: Model, weighted: Results
) -> None:
    frames = range(0, 349, 10)
    ramp = {
        "marker_only": lambda: simulate(seed=43, marker_only=frames),
        "stranger": lambda: simulate(seed=43, stranger=True),
        "noisy": lambda: simulate(seed=43, noise=3.0),
    }[strange]()
    odd = classify(ramp.spectra.select(list(frames)), model).unseen
    usual = np.concatenate([made.unseen for _, made in weighted.values()])
    assert odd is not None
    assert np.mean(odd > np.quantile(usual, 0.95)) > 0.95


def test_frames_without_beam_get_no_class(model: Model) -> None:
    ramp = simulate(seed=43, beam_off=(20, 200))
    made = classify(ramp.spectra, model)
    assert np.flatnonzero(made.class_index < 0).tolist() == [20, 200]
