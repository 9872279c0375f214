"""The networks that take a curve as a whole: as large as published, and they learn, answer and explain."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nxspectra.classifiers import classifier
from nxspectra.classifiers.curve_networks import (
    CNN,
    FCNN1D,
    LSTM,
    CNNAttention,
    CNNAttentionSCT,
    CurveNetwork,
    LSTMAngle,
    ResNet,
    Transformer,
    TransformerAngle,
)
from nxspectra.errors import ModelError, UsageError
from nxspectra.preprocessing import PUBLISHED
from nxspectra.simulation import simulate

pytest.importorskip("torch", reason="torch is of the extra `train`")

from nxspectra.classifiers.networks.curves import Layout

Floats = NDArray[np.float64]

QUICK = {"epochs": 4, "noise_copies": 3, "learning_rate": 5e-3}
EVERY = [
    FCNN1D, CNN, ResNet, LSTM, LSTMAngle, Transformer, TransformerAngle, CNNAttention, CNNAttentionSCT
]  # fmt: skip

every = pytest.mark.parametrize("kind", EVERY, ids=[kind.__name__ for kind in EVERY])


@pytest.fixture(scope="module")
def curves() -> tuple[Floats, NDArray[np.int64]]:
    """Prepared spectra of a short ramp, and their classes."""
    ramp = simulate(seed=5, frames=40, points=150)
    return PUBLISHED(ramp.spectra), ramp.truth.label


def trained(
    kind: type[CurveNetwork], curves: tuple[Floats, NDArray[np.int64]], **more: object
) -> CurveNetwork:
    chosen = [2, 8, 12, 30, 34, 38]
    return kind(**{**QUICK, **more}).fit(curves[0][chosen], curves[1][chosen])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("layout", "settings", "published"),
    [
        ("fcnn-1d", {}, 1_204_335),
        ("cnn", {}, 23_307),
        ("cnn", {"second_pool": 3}, 22_803),
        ("lstm", {}, 6_273_391),
        ("transformer", {}, 1_830_511),
        ("cnn-attention", {}, 659_525),
        ("cnn-attention", {"temporal": True}, 1_953_353),
    ],
)
def test_for_4023_points_and_two_classes_there_are_as_many_weights_as_published(
    layout: str, settings: dict[str, int], published: int
) -> None:
    network = Layout(layout, 4023, 2, settings).build()
    assert sum(weight.numel() for weight in network.parameters()) == published


@every
def test_the_weights_that_an_estimator_counts_are_those_that_torch_counts(
    kind: type[CurveNetwork], curves: tuple[Floats, NDArray[np.int64]]
) -> None:
    fitted = trained(kind, curves, epochs=1, noise_copies=0)
    network = Layout(kind.layout, 150, 2, fitted._settings()).build()
    assert fitted.n_parameters_ == sum(weight.numel() for weight in network.parameters())


@every
def test_it_is_found_by_its_name_and_learns_a_ramp(
    kind: type[CurveNetwork], curves: tuple[Floats, NDArray[np.int64]]
) -> None:
    fitted = trained(kind, curves, epochs=6 if kind in (ResNet, LSTM) else 20, batch_size=8)
    known = classifier(str((kind.__doc__ or "").split("`")[1]))
    assert known is kind
    clear = np.r_[0:18, 28:40]
    assert fitted.score(curves[0][clear], curves[1][clear]) > 0.8


@every
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    kind: type[CurveNetwork], curves: tuple[Floats, NDArray[np.int64]]
) -> None:
    one, again, other = (trained(kind, curves, epochs=1, seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(one.state_[name], again.state_[name]) for name in one.state_)
    assert any(not np.array_equal(one.state_[name], other.state_[name]) for name in one.state_)


@every
def test_it_loads_as_it_was_saved_and_answers_do_not_depend_on_their_company(
    kind: type[CurveNetwork], curves: tuple[Floats, NDArray[np.int64]], tmp_path: Path
) -> None:
    fitted = trained(kind, curves)
    fitted.save(tmp_path / "one.npz")
    loaded = kind.load(tmp_path / "one.npz")
    X = curves[0][:7].copy()
    whole = fitted.predict_proba(X)
    np.testing.assert_array_equal(whole, loaded.predict_proba(X))
    alone = np.concatenate([fitted.predict_proba(curve[None]) for curve in X])
    np.testing.assert_allclose(whole, alone, atol=1e-9)
    np.testing.assert_allclose(whole.sum(axis=1), 1.0)
    assert loaded.get_params() == fitted.get_params()


@every
@pytest.mark.parametrize("points", [2, 37])
def test_it_takes_any_grid_and_any_number_of_classes(kind: type[CurveNetwork], points: int) -> None:
    rng = np.random.default_rng(0)
    y = np.array(["mixed", "low", "amorphous", "high"])[np.arange(8) % 4]
    fitted = kind(epochs=1, noise_copies=1).fit(rng.normal(size=(8, points)), y)
    assert fitted.classes_.tolist() == ["amorphous", "high", "low", "mixed"]
    probability = fitted.predict_proba(rng.normal(size=(3, points)))
    assert probability.shape == (3, 4)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)


@every
def test_attribution_adds_up_to_how_much_more_the_class_leads_than_for_the_mean_curve(
    kind: type[CurveNetwork], curves: tuple[Floats, NDArray[np.int64]]
) -> None:
    fitted = trained(kind, curves, epochs=6)
    X = curves[0][[3, 35]]

    def lead(values: Floats, index: NDArray[np.intp]) -> Floats:
        probability = fitted.predict_proba(values)[np.arange(len(values)), index]
        return np.log(probability) - np.log1p(-probability)

    given = fitted.predict_proba(X).argmax(axis=1)
    speaks = fitted.attribution(X)
    assert speaks.shape == X.shape
    more = lead(X, given) - lead(np.repeat(fitted.mean_[None], len(X), axis=0), given)
    np.testing.assert_allclose(speaks.sum(axis=1), more, rtol=0.1, atol=0.05)


def test_a_spectrum_that_is_not_finite_gets_no_probability_and_no_attribution(
    curves: tuple[Floats, NDArray[np.int64]],
) -> None:
    fitted = trained(FCNN1D, curves)
    X = curves[0][:3].copy()
    X[1, 7] = np.nan
    for answer in (fitted.predict_proba(X), fitted.attribution(X)):
        assert np.isnan(answer[1]).all()
        assert np.isfinite(answer[[0, 2]]).all()
    assert np.isnan(fitted.predict_proba(X[[1]])).all()


@pytest.mark.parametrize(("kind", "other"), [(LSTM, LSTMAngle), (Transformer, TransformerAngle)])
def test_published_a_curve_is_one_token_and_the_variant_has_one_for_each_patch(
    kind: type[CurveNetwork], other: type[CurveNetwork], curves: tuple[Floats, NDArray[np.int64]]
) -> None:
    """Of one token, whatever the recurrent weights or the queries and keys of attention are is the same."""

    def matters(fitted: CurveNetwork, of: str) -> bool:
        X = curves[0][:6]
        before = fitted.predict_proba(X)
        name = next(each for each in fitted.state_ if of in each)
        rows = slice(0, 64) if "in_proj" in of else slice(None)
        fitted.state_[name] = fitted.state_[name].copy()
        fitted.state_[name][rows] *= 1.5
        return not np.allclose(before, fitted.predict_proba(X), atol=1e-12)

    of = "weight_hh_l0" if kind is LSTM else "in_proj_weight"
    assert not matters(trained(kind, curves), of)
    assert matters(trained(other, curves, patch=30), of)


def test_weights_of_another_network_are_noticed(curves: tuple[Floats, NDArray[np.int64]]) -> None:
    fitted, small = trained(CNN, curves), trained(LSTMAngle, curves)
    fitted.state_ = small.state_
    with pytest.raises(ModelError, match="the weights are not those of cnn"):
        fitted.predict_proba(curves[0])


def test_a_device_that_is_not_there_is_told(curves: tuple[Floats, NDArray[np.int64]]) -> None:
    with pytest.raises(UsageError, match="device 'warp' cannot be used"):
        trained(CNN, curves, device="warp")


def test_batch_normalisation_answers_by_the_statistics_of_the_training_curves(
    curves: tuple[Floats, NDArray[np.int64]],
) -> None:
    """After one step a running mean has moved a tenth of the way; ours is there."""
    fitted = trained(CNN, curves, epochs=1, noise_copies=0)
    name = next(each for each in fitted.state_ if each.endswith("running_var"))
    before = Layout("cnn", 150, 2, fitted._settings()).build().state_dict()[name].numpy()
    assert np.all(before == 1.0)
    assert np.median(np.abs(fitted.state_[name] - 0.9)) > 0.2


def test_naming_a_curve_network_loads_no_torch() -> None:
    script = (
        "import sys; from nxspectra.classifiers import classifier, installed\n"
        "[classifier(name) for name in installed()]; print('torch' in sys.modules, 'sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
