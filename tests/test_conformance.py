"""The conformance suite passes ours and an example, and names the promise that a broken classifier breaks."""

from __future__ import annotations

import importlib.util
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from example_classifier.nearest_mean import NearestMean
from numpy.typing import NDArray

from nxspectra.classifiers import classifier, classify, train
from nxspectra.simulation import simulate
from nxspectra.spectra import Votes as Cast
from nxspectra.testing import check_classifier
from nxspectra.testing.conformance import broken_promises, check_names

Floats = NDArray[np.float64]

CURVES: dict[str, Any] = {"epochs": 6, "noise_copies": 5, "learning_rate": 4e-3, "batch_size": 16}
OVER_ANGLES: dict[str, Any] = {"epochs": 10, "width": 32, "patch": 30}
OURS: dict[str, dict[str, Any]] = {
    "weighted": {"bins": 6, "iterations": 60, "hidden": 30},
    "published": {"bins": 6, "iterations": 300, "hidden": 30, "noise_rounds": 3},
    "end-to-end": {"bins": 5, "iterations": 80, "noise_rounds": 3, "hidden": 30, "learning_rate": 1e-2},
    "fcnn-1d": CURVES,
    "cnn": CURVES,
    "lstm-angle": OVER_ANGLES,
    "transformer": CURVES,
    "transformer-angle": OVER_ANGLES,
    "cnn-attention-sct": CURVES,
    "self-supervised": {"epochs": 2},
    "reference": {},
    "nearest-centroid": {},
    "boosting": {"iterations": 6},
}
"""By name, with parameters that train quickly; the others share their class with one of these."""


@pytest.mark.parametrize("name", OURS)
def test_ours_conform(name: str) -> None:
    if name not in ("reference", "nearest-centroid", "boosting"):
        pytest.importorskip("torch", reason="torch is of the extra `train`")
    pytest.importorskip("sklearn", reason="scikit-learn is of the extra `train`")
    check_classifier(classifier(name), **OURS[name])


def test_the_example_conforms() -> None:
    check_classifier(NearestMean, sharpness=3.0)


class Positional(NearestMean):
    def __init__(self, sharpness: float = 4.0) -> None:
        self.sharpness = sharpness


class Forgetful(NearestMean):
    def __init__(self, *, sharpness: float = 4.0) -> None:
        self.sharpness = float(sharpness) + 1.0


class WithoutMethod(NearestMean):
    set_params = None  # type: ignore[assignment]

    def __getattribute__(self, name: str) -> Any:
        if name == "save":
            raise AttributeError(name)
        return super().__getattribute__(name)


class Silent(NearestMean):
    def fit(self, X: Floats, y: NDArray[np.int64]) -> Any:
        return NearestMean(sharpness=self.sharpness).fit(X, y)


class Rude(NearestMean):
    def fit(self, X: Floats, y: NDArray[np.int64]) -> Any:
        super().fit(X, y)
        X += 1e-9
        return self


class Overconfident(NearestMean):
    def predict_proba(self, X: Floats) -> Floats:
        return super().predict_proba(X) * 1.01


class Unsorted(NearestMean):
    def fit(self, X: Floats, y: NDArray[np.int64]) -> Any:
        super().fit(X, y)
        if self.classes_.tolist() == [3, 7]:
            self.means_ = self.means_[::-1].copy()
        return self


class Sociable(NearestMean):
    def predict_proba(self, X: Floats) -> Floats:
        given = super().predict_proba(X)
        lifted = given + 0.05 * np.arange(given.shape[1]) * np.square(np.tanh(X[0, 0]))
        return np.asarray(lifted / lifted.sum(axis=1, keepdims=True))


class Dicing(NearestMean):
    def fit(self, X: Floats, y: NDArray[np.int64]) -> Any:
        super().fit(X, y)
        self.means_ = self.means_ + np.random.default_rng().normal(scale=0.05, size=self.means_.shape)
        return self


class Pickling(NearestMean):
    def save(self, path: Path) -> None:
        Path(path).write_bytes(pickle.dumps((self.classes_, self.means_, self.sharpness)))

    @classmethod
    def load(cls, path: Path) -> Any:
        new = cls()
        new.classes_, new.means_, new.sharpness = pickle.loads(Path(path).read_bytes())
        return new


class Amnesic(NearestMean):
    @classmethod
    def load(cls, path: Path) -> Any:
        new = super().load(path)
        new.means_ = new.means_.astype(np.float16).astype(np.float64)
        return new


class TwoOnly(NearestMean):
    def predict_proba(self, X: Floats) -> Floats:
        return super().predict_proba(X)[:, :2]


class NanIsFirst(NearestMean):
    def predict_proba(self, X: Floats) -> Floats:
        return super().predict_proba(np.nan_to_num(X))


class OneIsEnough(NearestMean):
    def fit(self, X: Floats, y: NDArray[np.int64]) -> Any:
        self.classes_ = np.unique(y)
        self.means_ = np.stack([X[y == each].mean(axis=0) for each in self.classes_])
        return self


class AnyGrid(NearestMean):
    def predict_proba(self, X: Floats) -> Floats:
        return super().predict_proba(np.pad(X, ((0, 0), (0, self.means_.shape[1] - X.shape[1]))))


class Constant(NearestMean):
    def predict_proba(self, X: Floats) -> Floats:
        given = super().predict_proba(X)
        if given.shape[1] > 2 or self.classes_.tolist() == [3, 7]:
            return given
        return np.where(np.isnan(given), np.nan, [0.6, 0.4])


class Blank(NearestMean):
    def unseen(self, X: Floats) -> Floats:
        return np.zeros((len(X), 1))


class Scalar(NearestMean):
    def attribution(self, X: Floats) -> Floats:
        return np.zeros(len(X))


class Votes(NearestMean):
    def votes(self, X: Floats) -> Any:
        return Cast(np.zeros(3), np.ones(3), np.ones(3), np.ones(3), np.zeros((len(X), 2, 2)))


class Counting(NearestMean):
    takes_unlabelled = True


BROKEN: dict[str, type[NearestMean]] = {
    "keyword-parameters": Positional,
    "parameters-are-kept": Forgetful,
    "has-the-methods": WithoutMethod,
    "fit-returns-self": Silent,
    "input-is-unchanged": Rude,
    "probabilities": Overconfident,
    "order-of-classes": Unsorted,
    "each-spectrum-alone": Sociable,
    "same-seed-same-answer": Dicing,
    "saves-an-npz-without-pickles": Pickling,
    "loads-as-saved": Amnesic,
    "more-than-two-classes": TwoOnly,
    "nan-has-no-class": NanIsFirst,
    "one-class-is-refused": OneIsEnough,
    "other-grid-is-refused": AnyGrid,
    "better-than-chance": Constant,
    "unseen-is-a-number-each": Blank,
    "votes-are-of-each-bin": Votes,
    "attribution-is-of-each-point": Scalar,
    "unlabelled-is-no-class": Counting,
}
"""By the promise that each breaks."""
ALSO = {
    "has-the-methods": {"parameters-are-kept", "saves-an-npz-without-pickles", "loads-as-saved"},
    "parameters-are-kept": {"loads-as-saved"},
}
"""What cannot hold either when that promise is broken."""


@pytest.mark.parametrize("promise", BROKEN)
def test_what_breaks_one_promise_is_caught_by_its_name(promise: str) -> None:
    found = set(broken_promises(BROKEN[promise]))
    assert promise in found
    assert found <= {promise} | ALSO.get(promise, set())


def test_every_check_has_something_that_breaks_it() -> None:
    assert set(check_names()) == set(BROKEN)


def test_the_error_says_every_promise_that_is_broken_and_how() -> None:
    with pytest.raises(
        AssertionError, match=r"Scalar does not conform:\n  attribution-is-of-each-point: .*shape"
    ):
        check_classifier(Scalar)


def test_an_installed_package_brings_a_classifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if any(importlib.util.find_spec(each) is None for each in ("build", "hatchling")):
        pytest.skip("building the example needs `build` and hatchling")
    source = Path(__file__).parent / "example_classifier"
    made = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check"]
    subprocess.run([*made, "-o", str(tmp_path), str(source)], check=True, capture_output=True)
    monkeypatch.syspath_prepend(str(next(tmp_path.glob("*.whl"))))
    assert classifier("nearest-mean").__module__ == "nearest_mean"
    ramp = simulate(seed=1, frames=40, points=200).spectra
    model = train([ramp], ["low=2-8", "high=30-38"], "nearest-mean", sharpness=6.0)
    assert model.card.provider == "nearest-mean 1.2"
    model.save(tmp_path / "mine.npz")
    assert classify(ramp, tmp_path / "mine.npz").class_index[[4, 36]].tolist() == [0, 1]
