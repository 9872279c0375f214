"""The end-to-end network, the self-supervised one and the plain references: what each promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nxspectra.classifiers.end_to_end import EndToEnd
from nxspectra.classifiers.estimator import Estimator
from nxspectra.classifiers.reference import Boosting, NearestCentroid, Reference, features, regions
from nxspectra.classifiers.self_supervised import SelfSupervised
from nxspectra.preprocessing import PUBLISHED
from nxspectra.simulation import simulate

pytest.importorskip("torch", reason="torch is of the extra `train`")
pytest.importorskip("sklearn", reason="scikit-learn is of the extra `train`")

import torch
from sklearn import ensemble

from nxspectra.classifiers.networks import end_to_end as rows

Floats = NDArray[np.float64]
Curves = tuple[Floats, NDArray[np.int64]]
CHOSEN = [2, 8, 12, 16, 30, 34, 36, 38]


@pytest.fixture(scope="module")
def curves() -> Curves:
    """Prepared spectra of a short ramp, and their classes."""
    ramp = simulate(seed=5, frames=40, points=303)
    return PUBLISHED(ramp.spectra), ramp.truth.label


def trained(estimator: Estimator, curves: Curves) -> Estimator:
    return estimator.fit(curves[0][CHOSEN], curves[1][CHOSEN])  # type: ignore[attr-defined, no-any-return]


@pytest.fixture(scope="module")
def binned(curves: Curves) -> EndToEnd:
    return EndToEnd(bins=5, iterations=40, noise_rounds=3).fit(curves[0][CHOSEN], curves[1][CHOSEN])


# -- end-to-end ------------------------------------------------------------------------------------


def test_a_bin_has_as_many_weights_as_published(binned: EndToEnd) -> None:
    assert binned.n_parameters_ == 1058 * 5 + 1
    network = rows.EndToEnd(5, 150, 2)
    assert sum(weight.numel() for weight in network.parameters()) == 1058 * 5 + 1
    assert binned.weights_.shape == (1, 5, 2)


def test_numpy_answers_what_the_torch_network_answers(curves: Curves) -> None:
    rng = np.random.default_rng(1)
    angles, intensity = np.linspace(9, 25, 30).reshape(3, 10), rng.normal(1.0, 2.0, (4, 3, 10))
    recipe = rows.Recipe(12, 5, 1e-2, 0.0, 0.0, 2.0)
    state, done = rows.train(
        angles, intensity, np.array([0, 1, 2, 0]), n_classes=3, recipe=recipe, seed=0, device="cpu"
    )
    assert done == 5
    network = rows.EndToEnd(3, 12, 3)
    network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.items()})
    points = torch.from_numpy(np.stack([np.broadcast_to(angles, intensity.shape), intensity], axis=3))
    theirs = network.double().eval()(points.transpose(1, 2).reshape(-1, 3, 2)).detach().numpy()
    ours = EndToEnd(bins=3, hidden=12)
    ours.two_theta_, ours.classes_ = angles, np.arange(3)
    ours._fold(state)
    np.testing.assert_allclose(ours._logits(intensity).reshape(-1, 3), theirs, atol=1e-9)


def plainly(network: rows.EndToEnd, points: torch.Tensor) -> torch.Tensor:
    """What the network says, layer after layer as torch has them."""
    wide = torch.cat([layer(points[:, index]) for index, layer in enumerate(network.first)], dim=1)
    active = torch.relu(network.normal(wide)).reshape(len(points), len(network.second), -1)
    said = torch.cat([layer(active[:, index]) for index, layer in enumerate(network.second)], dim=1)
    return network.weigh(torch.sigmoid(network.last_normal(said)))  # type: ignore[no-any-return]


def test_gradients_and_statistics_are_those_of_torch_layers() -> None:
    torch.manual_seed(2)
    points = torch.randn(900, 3, 2, dtype=torch.float64) * 4.0 + 2.0
    ours = rows.EndToEnd(3, 12, 3).double()
    theirs = rows.EndToEnd(3, 12, 3).double()
    theirs.load_state_dict(ours.state_dict())
    for answer in (ours(points), plainly(theirs, points)):
        torch.nn.functional.cross_entropy(answer, torch.arange(900) % 3).backward()
    for (name, one), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-9, atol=1e-12, msg=name)
    for (name, one), other in zip(ours.named_buffers(), theirs.buffers(), strict=True):
        torch.testing.assert_close(one, other, msg=name)


def test_training_stops_when_the_loss_or_the_accuracy_is_enough(curves: Curves) -> None:
    soon = trained(EndToEnd(bins=5, iterations=30, noise_rounds=1, enough_accuracy=0.3), curves)
    late = trained(EndToEnd(bins=5, iterations=3, noise_rounds=1, enough_loss=0.0, enough_accuracy=2), curves)
    assert (soon.iterations_, late.iterations_) == (1, 3)  # type: ignore[attr-defined]


def test_a_curve_is_what_most_of_its_rows_are(binned: EndToEnd, curves: Curves) -> None:
    probability = binned.predict_proba(curves[0][:4])
    logits = binned._logits(binned._binned(curves[0][:4]))[:, :, 0]
    np.testing.assert_allclose(probability[:, 1], (logits > 0).mean(axis=1))
    assert binned.score(*curves) > 0.8


def test_points_that_fill_no_bin_speak_for_nothing(binned: EndToEnd, curves: Curves) -> None:
    assert not binned.attribution(curves[0][:3])[:, 300:].any()


def test_attribution_of_the_binned_network_adds_up(binned: EndToEnd, curves: Curves) -> None:
    X = curves[0][[3, 35]]

    def lead(values: Floats) -> Floats:
        return np.asarray(binned._logits(binned._binned(values))[:, :, 0].mean(axis=1))

    sign = np.where(binned.predict_proba(X).argmax(axis=1) == 1, 1.0, -1.0)
    more = sign * (lead(X) - lead(binned.mean_[None]))
    np.testing.assert_allclose(binned.attribution(X).sum(axis=1), more, rtol=0.05, atol=0.02)


# -- references ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Reference, NearestCentroid, Boosting])
def test_a_plain_reference_learns_a_ramp(kind: type[Reference], curves: Curves) -> None:
    assert trained(kind(), curves).score(*curves) > 0.8


def test_regions_are_where_the_lines_are() -> None:
    axis = np.linspace(0, 1, 1000)
    envelope = 10 * np.exp(-(((axis - 0.3) / 0.01) ** 2)) + 5 * np.exp(-(((axis - 0.7) / 0.02) ** 2))
    found = regions(envelope, 0.05)
    assert len(found) == 2
    for (first, end), centre in zip(found, (300, 700), strict=True):
        assert first < centre < end
        assert end - first < 100


def test_a_line_that_moves_moves_its_centroid_and_one_that_grows_its_intensity() -> None:
    axis = np.arange(100)
    at = [np.exp(-(((axis - centre) / 8) ** 2)) for centre in (50, 60)]
    still, moved, grown = features(np.stack([at[0], at[1], 4 * at[0]]), np.array([[0, 100]]))
    assert moved[1] - still[1] == pytest.approx(10 / 99, abs=1e-4)
    assert grown[0] == pytest.approx(2 * still[0], rel=1e-6)
    assert grown[1:] == pytest.approx(still[1:], abs=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_trees_answer_without_scikit_learn_what_they_answer_with_it(n_classes: int) -> None:
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(150, 40)), rng.integers(0, n_classes, 150)
    fitted = Boosting(noise_copies=0, iterations=5).fit(X, y)
    raw = rng.normal(size=(150, 6))
    fitted._train(raw, y)
    theirs = ensemble.HistGradientBoostingClassifier(
        max_iter=5, min_samples_leaf=5, early_stopping=False, random_state=0
    ).fit(raw, y)
    scores = fitted._scores(raw)
    ours = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ours, theirs.predict_proba(raw), atol=1e-9)


def test_a_reference_is_asked_without_torch_and_scikit_learn(curves: Curves, tmp_path: Path) -> None:
    trained(Boosting(iterations=3), curves).save(tmp_path / "b.npz")
    trained(EndToEnd(bins=2, iterations=2, noise_rounds=1), curves).save(tmp_path / "e.npz")
    script = f"""
import sys, numpy as np
from nxspectra.classifiers import classifier
for name in ("b", "e"):
    kind = classifier({{"b": "boosting", "e": "end-to-end"}}[name])
    kind.load(r"{tmp_path}/" + name + ".npz").predict_proba(np.ones((2, 303)))
print("torch" in sys.modules, "sklearn" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


# -- self-supervised -------------------------------------------------------------------------------


def few_labels(curves: Curves) -> NDArray[np.int64]:
    y = np.full(len(curves[1]), -1)
    y[CHOSEN] = curves[1][CHOSEN]
    return y


def test_it_learns_from_spectra_without_a_class_too(curves: Curves) -> None:
    y = few_labels(curves)
    fitted = SelfSupervised(epochs=4).fit(curves[0], y)
    alone = SelfSupervised(epochs=4).fit(curves[0][CHOSEN], curves[1][CHOSEN])
    assert fitted.classes_.tolist() == [0, 1]
    assert not all(np.array_equal(fitted.state_[name], alone.state_[name]) for name in fitted.state_)
    assert fitted.score(*curves) > 0.8
    with pytest.raises(ValueError, match="every y is -1"):
        SelfSupervised(epochs=1).fit(curves[0], np.full(len(y), -1))


def test_pretraining_tells_views_of_one_curve_from_those_of_another(curves: Curves) -> None:
    few, many = (SelfSupervised(epochs=each).fit(*curves).told_ for each in (1, 25))
    assert many > max(few, 0.7)


# -- all -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator",
    [
        EndToEnd(bins=4, iterations=4, noise_rounds=2),
        Reference(),
        NearestCentroid(),
        Boosting(iterations=4),
        SelfSupervised(epochs=1),
    ],
    ids=lambda each: type(each).__name__,
)
def test_it_loads_as_it_was_saved_with_any_classes_and_abstains_on_nan(
    estimator: Estimator, curves: Curves, tmp_path: Path
) -> None:
    y = np.array(["mixed", "low", "amorphous", "high"])[np.arange(8) % 4]
    fitted = estimator.fit(curves[0][CHOSEN], y)  # type: ignore[attr-defined]
    fitted.save(tmp_path / "it.npz")
    loaded = type(estimator).load(tmp_path / "it.npz")
    X = curves[0][:4].copy()
    X[1, 5] = np.nan
    probability = loaded.predict_proba(X)
    np.testing.assert_array_equal(probability, fitted.predict_proba(X))
    assert loaded.classes_.tolist() == ["amorphous", "high", "low", "mixed"]
    assert np.isnan(probability[1]).all()
    np.testing.assert_allclose(probability[[0, 2, 3]].sum(axis=1), 1.0)
    speaks = loaded.attribution(X)  # type: ignore[attr-defined]
    assert speaks.shape == X.shape
    assert np.isfinite(speaks[[0, 2, 3]]).all()
    again = type(estimator)(**estimator.get_params()).fit(curves[0][CHOSEN], y)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(again.predict_proba(X), probability)
    assert loaded.n_parameters_ > 0  # type: ignore[attr-defined]
