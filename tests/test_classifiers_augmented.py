"""Our own classifier: from few labels and from many, the same each time, without torch."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nxspectra.classifiers import accuracy, classify, train
from nxspectra.classifiers.augmented import FEW, AugmentedEnsemble, Layers, softmax
from nxspectra.classifiers.variation import Picks
from nxspectra.preprocessing import Preprocessing
from nxspectra.simulation import simulate

Floats = NDArray[np.float64]
QUICK: dict[str, Any] = {"members": 2, "hidden": 16, "iterations": 100}


@pytest.fixture(scope="module")
def curves() -> tuple[Floats, NDArray[np.int64], Floats]:
    """Prepared curves of a short ramp, their true classes, and the angle axis."""
    ramp = simulate(seed=3, frames=60, points=400)
    return Preprocessing()(ramp.spectra), ramp.truth.label, ramp.spectra.two_theta


def test_four_labelled_curves_do() -> None:
    model = train([simulate(seed=4).spectra], ["low=80,120", "high=260,300"], "augmented-ensemble")
    for seed in (30, 31, 32):
        ramp = simulate(seed=seed)
        assert accuracy(classify(ramp.spectra, model).class_index, ramp.truth.label) > 0.97


def test_noise_of_three_times_that_of_training_is_no_harm() -> None:
    model = train([simulate(seed=4).spectra], ["low=80,120", "high=260,300"], "augmented-ensemble")
    ramp = simulate(seed=33, noise=3.0)
    assert accuracy(classify(ramp.spectra, model).class_index, ramp.truth.label) > 0.95


def test_the_same_seed_gives_the_same_and_another_seed_another(
    curves: tuple[Floats, NDArray[np.int64], Floats],
) -> None:
    X, y, _ = curves
    one, again, other = (
        AugmentedEnsemble(**QUICK, seed=seed).fit(X, y).predict_proba(X) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_it_loads_as_it_was_saved(curves: tuple[Floats, NDArray[np.int64], Floats], tmp_path: Path) -> None:
    X, y, axis = curves
    fitted = AugmentedEnsemble(**QUICK).fit(X, np.where(y == 0, "low", "high"), two_theta=axis)
    fitted.save(tmp_path / "own.npz")
    loaded = AugmentedEnsemble.load(tmp_path / "own.npz")
    assert loaded.get_params() == fitted.get_params()
    assert loaded.classes_.tolist() == ["high", "low"]
    assert np.array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
    assert np.array_equal(loaded.unseen(X), fitted.unseen(X))


def test_probabilities_are_the_mean_of_the_members_and_add_up_to_one(
    curves: tuple[Floats, NDArray[np.int64], Floats],
) -> None:
    X, y, _ = curves
    fitted = AugmentedEnsemble(**QUICK).fit(X, y)
    probability = fitted.predict_proba(X)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    np.testing.assert_allclose(probability, fitted.member_probabilities(X).mean(axis=0))
    broken = X[:3].copy()
    broken[1, 5] = np.nan
    assert np.isnan(fitted.predict_proba(broken)).all(axis=1).tolist() == [False, True, False]


def test_what_the_bins_say_adds_up_to_what_the_networks_say(
    curves: tuple[Floats, NDArray[np.int64], Floats],
) -> None:
    X, y, axis = curves
    fitted = AugmentedEnsemble(**QUICK).fit(X, y, two_theta=axis)
    votes = fitted.votes(X)
    margin = (votes.share[..., 1] - votes.share[..., 0]) @ votes.believability
    low, high = fitted.member_probabilities(X).mean(axis=0).T
    clear = np.abs(high - low) > 0.2
    assert np.array_equal(margin[clear] > 0, high[clear] > low[clear])
    assert votes.bin_start.shape == votes.bin_end.shape == votes.separability.shape == (15,)
    assert np.all(votes.bin_start <= votes.bin_end)
    assert votes.believability.max() == 1.0


def test_the_bins_that_decide_are_those_where_lines_come_and_go() -> None:
    model = train([simulate(seed=4).spectra], ["low=80,120", "high=260,300"], "augmented-ensemble")
    votes = classify(simulate(seed=31, frames=60).spectra, model).votes
    assert votes is not None
    # nothing but noise lies beyond 24.4 degrees; (111), (003) and (101) lie between 11 and 12.8
    assert votes.believability[-1] < 0.1
    assert 10.6 < votes.bin_start[np.argmax(votes.believability)] < 12.8


def test_the_gradients_are_those_of_the_cross_entropy() -> None:
    rng = np.random.default_rng(0)
    layers = Layers.drawn(2, 7, 5, 3, rng)
    inputs = rng.normal(size=(2, 4, 7)).astype(np.float32)
    wanted = np.eye(3, dtype=np.float32)[rng.integers(0, 3, (2, 4))]

    def loss() -> float:
        chance = softmax(layers.logits(inputs).astype(np.float64))
        return float(-np.sum(wanted * np.log(chance)) / 4)

    for part, gradient in zip(layers, layers.gradients(inputs, wanted), strict=True):
        at = tuple(np.array(np.unravel_index(np.argmax(np.abs(gradient)), gradient.shape)).tolist())
        before, step = part[at], 1e-2
        part[at] = before + step
        above = loss()
        part[at] = before - step
        slope = (above - loss()) / (2 * step)
        part[at] = before
        assert slope == pytest.approx(float(gradient[at]), rel=0.05)


def test_every_class_is_shown_as_often_whatever_number_of_curves_it_has() -> None:
    index = np.array([0] * 90 + [1] * 10)
    shown, wanted = Picks(index, 2, 20, mixed=0.0).draw(
        np.arange(100, dtype=np.float32)[:, None], 1, np.random.default_rng(0)
    )
    assert wanted.sum(axis=(0, 1)).tolist() == [10.0, 10.0]
    assert np.array_equal(shown[0, :, 0] >= 90, wanted[0, :, 1] == 1.0)


def test_a_mixed_curve_has_the_class_of_its_larger_part() -> None:
    values = np.array([[0.0], [1.0]], np.float32)  # what is seen is the share of the second class
    shown, wanted = Picks(np.array([0, 1]), 2, 400, mixed=1.0).draw(values, 3, np.random.default_rng(0))
    assert np.array_equal(shown[..., 0] > 0.5, wanted[..., 1] == 1.0)
    assert np.mean(np.abs(shown - 0.5) < 0.25) > 0.1


@pytest.mark.parametrize(("number", "mixing"), [(FEW // 2, True), (FEW, False)])
def test_only_few_labelled_curves_are_mixed(number: int, mixing: bool) -> None:
    """`number` curves of each of two classes; the share of mixed ones changes the outcome, or does not."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(2 * number, 40)) + np.repeat([0.0, 2.0], number)[:, None]
    y = np.repeat([0, 1], number)
    one, other = (AugmentedEnsemble(**QUICK, mixed=mixed).fit(X, y).predict_proba(X) for mixed in (0.0, 0.9))
    assert np.array_equal(one, other) != mixing


def test_training_and_classifying_need_no_torch() -> None:
    script = """
        import sys
        sys.modules["torch"] = None
        from nxspectra.classifiers import classify, train
        from nxspectra.simulation import simulate
        spectra = simulate(frames=24, points=200).spectra
        model = train([spectra], ["low=4", "high=20"], "augmented-ensemble", iterations=50)
        print(classify(spectra, model).labels[4])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "low"


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        (np.ones((4, 20)), [0, 1], "inconsistent"),
        (np.ones((2, 20)), [1, 1], "y holds 1 class"),
        (np.array([[np.nan] * 20, [1.0] * 20]), [0, 1], "not finite"),
    ],
)
def test_what_cannot_be_trained_on_is_told(X: Floats, y: list[int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        AugmentedEnsemble(**QUICK).fit(X, y)


def test_curves_of_a_single_point_can_be_learned() -> None:
    X = np.array([[0.0], [0.1], [5.0], [5.1]])
    fitted = AugmentedEnsemble(members=1, hidden=16).fit(X, [0, 0, 1, 1])
    assert fitted.predict(X).tolist() == [0, 0, 1, 1]
