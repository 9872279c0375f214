"""Classifiers plug in and are trained."""

from __future__ import annotations

import inspect
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ramps import LABELS, QUICK, ramp, tree

from nxspectra.classifiers import Model, bins_study, classifier, classify, installed, train
from nxspectra.classifiers.plugins import DEFAULT, Classifier
from nxspectra.classifiers.weighted import Published, Weighted
from nxspectra.errors import (
    LabelError,
    ModelMismatch,
    NoSpectra,
    UnknownClassifier,
    UsageError,
)
from nxspectra.tree import Group

pytest.importorskip("torch", reason="torch is of the extra `train`")


@pytest.fixture(scope="module")
def model() -> Model:
    return train([ramp()], LABELS, **QUICK)


# -- the seam --------------------------------------------------------------------------------------


def test_ours_come_in_by_the_entry_points() -> None:
    assert {"weighted", "published"} <= set(installed())
    assert classifier("weighted") is Weighted
    assert classifier("published") is Published


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "wieghted",
            r"no classifier 'wieghted' \(did you mean 'weighted'\?\); installed: .*published, .*weighted",
        ),
        ("zzz", r"no classifier 'zzz'; installed: .*published"),
    ],
)
def test_an_unknown_classifier_is_told_with_those_installed(name: str, said: str) -> None:
    with pytest.raises(UnknownClassifier, match=said):
        classifier(name)


PLUGIN = """
import numpy as np

class Nearest:
    "The class of the nearest mean."
    def __init__(self, *, power=2.0):
        self.power = power
    def get_params(self, deep=True):
        return {"power": self.power}
    def set_params(self, **parameters):
        self.__dict__.update(parameters)
        return self
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.means_ = np.stack([X[y == each].mean(axis=0) for each in self.classes_])
        return self
    def predict_proba(self, X):
        closeness = 1 / (np.abs(X[:, None] - self.means_) ** self.power).sum(axis=2)
        return closeness / closeness.sum(axis=1, keepdims=True)
    def save(self, path):
        with open(path, "wb") as file:
            np.savez(file, classes=self.classes_, means=self.means_)
    @classmethod
    def load(cls, path):
        new = cls()
        with np.load(path) as file:
            new.classes_, new.means_ = file["classes"], file["means"]
        return new
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A classifier that another package brings."""
    info = tmp_path / "site" / "nearest-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nearest\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(
        "[nxspectra.classifiers]\nnearest = nearest_of_test:Nearest\nbroken = nearest_of_test:Nothing\n"
    )
    (info.parent / "nearest_of_test.py").write_text(textwrap.dedent(PLUGIN))
    monkeypatch.syspath_prepend(str(info.parent))
    return "nearest"


def test_a_classifier_of_another_package_trains_saves_and_classifies(plugin: str, tmp_path: Path) -> None:
    path = tmp_path / "nearest.npz"
    made = train([ramp()], LABELS, plugin, power=1.0).save(path)
    assert made.card.provider == "nearest 1.2"
    assert made.card.parameters == {"power": 1.0}
    found = classify(ramp(seed=2), Model.load(path))
    assert found.class_index[[6, 20]].tolist() == [0, 1]
    assert found.votes is None
    assert found.unseen is None
    assert [each.to_class for each in found.boundaries] == ["high"]
    assert found.word == "nearest"


def test_a_classifier_that_cannot_be_loaded_is_told(plugin: str) -> None:
    assert plugin in installed()
    with pytest.raises(UnknownClassifier, match=r"'broken' \(nearest_of_test:Nothing\) cannot be loaded"):
        classifier("broken")


@pytest.mark.parametrize("variant", [Weighted, Published])
def test_ours_keep_the_conventions_of_scikit_learn(variant: type[Weighted | Published]) -> None:
    parameters = inspect.signature(variant).parameters.values()
    assert all(each.kind is inspect.Parameter.KEYWORD_ONLY for each in parameters)
    estimator = variant(bins=7)
    assert estimator.get_params()["bins"] == 7
    assert variant(**estimator.get_params()).get_params() == estimator.get_params()
    assert estimator.set_params(bins=9, seed=3).get_params()["bins"] == 9
    with pytest.raises(ValueError, match="has no parameter 'bin'; it has bins"):
        estimator.set_params(bin=3)


@pytest.mark.parametrize("variant", [Weighted, Published])
def test_an_estimator_loads_as_it_was_saved(variant: type[Weighted | Published], tmp_path: Path) -> None:
    spectra = ramp()
    X = variant.preprocessing(spectra)
    fitted = variant(**QUICK).fit(X[[5, 6, 19, 20]], ["low", "low", "high", "high"])
    assert isinstance(fitted, Classifier)
    fitted.save(tmp_path / "estimator.npz")
    loaded = variant.load(tmp_path / "estimator.npz")
    assert loaded.get_params() == fitted.get_params()
    assert loaded.classes_.tolist() == ["high", "low"]
    assert np.array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
    assert np.array_equal(loaded.unseen(X), fitted.unseen(X))


def test_probabilities_add_up_to_one_and_agree_with_the_labels(model: Model) -> None:
    estimator = model.estimator
    assert isinstance(estimator, Weighted)
    X = Weighted.preprocessing(ramp(seed=4))
    probability = estimator.predict_proba(X)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    assert np.array_equal(probability.argmax(axis=1), estimator.predict(X))


def test_points_at_the_right_that_fill_no_bin_do_not_vote() -> None:
    X = Weighted.preprocessing(ramp(points=503))
    fitted = Weighted(**QUICK).fit(X[[5, 6, 19, 20]], [0, 0, 1, 1])
    other = X.copy()
    other[:, 500:] = 1e6
    assert np.array_equal(fitted.votes(X).share, fitted.votes(other).share)


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        (np.ones((4, 20)), [0, 1], "y"),
        (np.ones((2, 20)), [1, 1], "y holds 1 class"),
        (np.ones((2, 3)), [0, 1], "bins is 5; expected 1 to 3"),
        (np.array([[np.nan] * 20, [1.0] * 20]), [0, 1], "not finite"),
    ],
)
def test_what_cannot_be_trained_on_is_told(X: np.ndarray, y: list[int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Weighted(**QUICK).fit(X, y)


# -- training --------------------------------------------------------------------------------------


def test_the_same_training_gives_the_same_file_except_for_its_date(model: Model) -> None:
    again = train([ramp()], LABELS, **QUICK)
    assert again.card.members == model.card.members
    same_day = again.card.model_copy(update={"date": model.card.date})
    assert Model.of(again.estimator, same_day, again.two_theta).digest == model.digest


def test_the_card_says_what_the_model_was_trained_on(model: Model) -> None:
    card = model.card
    assert (card.classifier, card.classes, card.seed, card.energy) == ("weighted", ("low", "high"), 0, 25.6)
    assert card.grid.n_points == 500
    assert card.training[0].frames == {"low": "4-8", "high": "18-22"}
    assert card.parameters["bins"] == 5
    assert card.preprocessing == Weighted.preprocessing.suited_to([ramp()]).as_json()
    assert len(card.figures["believability"]) == 5  # type: ignore[arg-type]
    assert card.provider.startswith("nxspectra ")


def test_a_model_is_trained_on_several_runs() -> None:
    runs = [tree(ramp(seed=1)), tree(ramp(seed=2))]
    both = train(runs, ["run 0:low=4-8", "run 1:high=18-22"], **QUICK)
    assert [each.frames for each in both.card.training] == [{"low": "4-8"}, {"high": "18-22"}]


def test_runs_at_different_energies_are_not_trained_on_together() -> None:
    other = replace(ramp(seed=2), energy=np.array([42.7]))
    with pytest.raises(ModelMismatch, match=r"run 0 was taken at 25\.6 keV and run 1 at 42\.7 keV"):
        train([ramp(), other], LABELS, **QUICK)


def test_labelled_spectra_that_cannot_be_used_are_left_out() -> None:
    spectra = ramp()
    intensity = spectra.intensity.copy()
    intensity[5] = np.nan
    made = train([replace(spectra, intensity=intensity)], LABELS, **QUICK)
    assert made.card.training[0].frames["low"] == "4,6-8"


def test_a_class_of_unusable_spectra_only_is_an_error() -> None:
    spectra = ramp()
    intensity = spectra.intensity.copy()
    intensity[4:9] = 0.0
    with pytest.raises(
        LabelError, match=r"no usable spectrum is left for class 'low'; run 0: frame 4: .*no beam"
    ):
        train([replace(spectra, intensity=intensity)], LABELS, **QUICK)


def test_classes_that_cannot_be_told_apart_are_an_error() -> None:
    spectra = ramp()
    same = replace(spectra, intensity=np.repeat(spectra.intensity[:1], len(spectra), axis=0))
    with pytest.raises(LabelError, match="cannot tell the classes low, high apart"):
        train([same], LABELS, **QUICK)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"bin": 3}, "'weighted' has no parameter 'bin'; it has bins, hidden"),
        ({"bins": 1000}, "bins is 1000; expected 1 to 500"),
    ],
)
def test_parameters_that_the_classifier_does_not_take_are_told(parameters: dict[str, int], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        train([ramp()], LABELS, "weighted", **parameters)


def test_a_tree_without_spectra_says_what_to_do() -> None:
    with pytest.raises(NoSpectra, match="migrate"):
        train([Group("NXroot", {"entry": Group("NXentry")})], LABELS)


def test_without_torch_training_says_how_to_get_it() -> None:
    script = """
        import sys
        sys.modules["torch"] = None
        from nxspectra.classifiers import train
        from nxspectra.errors import MissingExtra
        from nxspectra.simulation import simulate
        try:
            train([simulate(frames=24, points=200).spectra], ["low=4", "high=20"], "weighted")
        except MissingExtra as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    assert "pip install 'nxspectra[train]'" in done.stdout


def test_each_number_of_bins_has_its_p_conf_and_ambiguous_region() -> None:
    rows = bins_study([ramp()], LABELS, bins=(1, 5), iterations=30, hidden=30)
    assert [row.bins for row in rows] == [1, 5]
    for row in rows:
        between = 0 if row.region is None else row.region[1] - row.region[0] - 1
        assert row.ambiguous == between
        assert row.confidence == pytest.approx(0.0 if row.region is None else 1 - between / 24)


def test_without_a_name_it_is_the_default_and_with_bins_the_binned_one(model: Model) -> None:
    assert model.card.classifier == "weighted"
    made = train([ramp()], LABELS, iterations=50, hidden=8)
    assert made.card.classifier == DEFAULT == "augmented-ensemble"
