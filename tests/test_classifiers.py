"""Classifiers plug in, models keep what they were saved as, and a run gets its labels."""

from __future__ import annotations

import hashlib
import inspect
import io
import json
import subprocess
import sys
import textwrap
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nxspectra.classifiers import Model, bins_study, classifier, classify, installed, train
from nxspectra.classifiers.plugins import DEFAULT, Classifier
from nxspectra.classifiers.weighted import Published, Weighted
from nxspectra.errors import (
    FileError,
    LabelError,
    ModelError,
    ModelMismatch,
    NoSpectra,
    UnknownClassifier,
    UsageError,
)
from nxspectra.simulation import simulate
from nxspectra.spectra import Spectra, annotate, classifications
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group

pytest.importorskip("torch", reason="torch is of the extra `train`")

LABELS = ["low=4-8", "high=18-22"]
QUICK: dict[str, Any] = {"bins": 5, "iterations": 30, "hidden": 30}


def ramp(seed: int = 1, frames: int = 24, points: int = 500) -> Spectra:
    return simulate(seed=seed, frames=frames, points=points).spectra


def tree(spectra: Spectra) -> Group:
    """A tree that follows NXdiffraction_spectra with these spectra in it."""
    root = conforming(len(spectra), spectra.two_theta.size)
    root = root.put("entry/data/intensity", Field(spectra.intensity, units="counts"))
    root = root.put("entry/data/two_theta", Field(spectra.two_theta, units="deg"))
    return root.put("entry/sample/pressure", Field(spectra.pressure, units="GPa"))


@pytest.fixture(scope="module")
def model() -> Model:
    return train([ramp()], LABELS, **QUICK)


@pytest.fixture
def saved(model: Model, tmp_path: Path) -> Path:
    return tmp_path / model.save(tmp_path / "fe80mg20.npz").file_name


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


# -- the model file --------------------------------------------------------------------------------


def test_a_model_loads_as_it_was_saved(model: Model, saved: Path) -> None:
    loaded = Model.load(saved)
    assert (loaded.card, loaded.digest, loaded.file_name) == (model.card, model.digest, "fe80mg20.npz")
    spectra = ramp(seed=3)
    one, other = classify(spectra, model), classify(spectra, loaded)
    assert np.array_equal(one.class_index, other.class_index)
    assert np.array_equal(one.probability, other.probability)  # type: ignore[arg-type]


def test_numpy_reads_a_model_without_pickles(saved: Path) -> None:
    with np.load(saved, allow_pickle=False) as file:
        assert file["two_theta"].shape == (500,)
        assert json.loads(file["card.json"])["classifier"] == "weighted"


def test_a_model_is_found_by_its_name(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NXSPECTRA_MODELS", str(saved.parent))
    assert Model.load("fe80mg20").digest == Model.load(saved).digest


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        (None, r"no such file, and \$NXSPECTRA_MODELS names no folder"),
        (".", r"none in \$NXSPECTRA_MODELS; did you mean 'fe80mg20'\?"),
    ],
)
def test_a_name_without_a_model_is_told(
    folder: str | None, said: str, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NXSPECTRA_MODELS", raising=False)
    if folder is not None:
        monkeypatch.setenv("NXSPECTRA_MODELS", str(saved.parent))
    with pytest.raises(ModelError, match=said):
        Model.load("fe80mg2")


def tampered(path: Path, name: str, data: bytes | None) -> Path:
    """A copy of the model with a member replaced, added or, with None, left out."""
    copy = path.with_name("tampered.npz")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info, old.read(info))
        if data is not None:
            new.writestr(name, data)
    return copy


def npy(array: np.ndarray, *, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=pickled)
    return file.getvalue()


def card_with(path: Path, **changes: object) -> bytes:
    with zipfile.ZipFile(path) as file:
        return json.dumps({**json.loads(file.read("card.json")), **changes}).encode()


def test_a_changed_member_is_noticed(saved: Path) -> None:
    with pytest.raises(ModelError, match=r"not as it was saved: believability\.npy has changed"):
        Model.load(tampered(saved, "believability.npy", npy(np.ones(5))))


def test_a_missing_member_is_noticed(saved: Path) -> None:
    with pytest.raises(ModelError, match=r"cuts\.npy was added or is missing"):
        Model.load(tampered(saved, "cuts.npy", None))


def test_an_added_member_is_noticed(saved: Path) -> None:
    with pytest.raises(ModelError, match=r"more\.npy was added or is missing"):
        Model.load(tampered(saved, "more.npy", npy(np.ones(5))))


def sealed(path: Path, card: bytes) -> Path:
    """The model with another card, and the digest of it."""
    seal = json.dumps({"card.json": hashlib.sha256(card).hexdigest()}).encode()
    return tampered(tampered(path, "card.json", card).rename(path), "seal.json", seal)


def consistent(path: Path, name: str, data: bytes) -> Path:
    """The same with another member, and the digests on the card and of it."""
    with zipfile.ZipFile(path) as file:
        members = json.loads(file.read("card.json"))["members"]
    members[name] = hashlib.sha256(data).hexdigest()
    return sealed(tampered(path, name, data).rename(path), card_with(path, members=members))


def test_a_changed_card_is_noticed(saved: Path) -> None:
    """Classes that have changed places would turn every label round."""
    with pytest.raises(ModelError, match=r"not as it was saved: card\.json has changed"):
        Model.load(tampered(saved, "card.json", card_with(saved, classes=["high", "low"])))
    with pytest.raises(ModelError, match=r"not as it was saved: seal\.json was added or is missing"):
        Model.load(tampered(saved, "seal.json", None))


def test_pickled_objects_are_never_loaded(saved: Path) -> None:
    evil = npy(np.array([{"a": 1}], dtype=object), pickled=True)
    with pytest.raises(ModelError, match=r"margin\.npy holds pickled objects"):
        Model.load(consistent(saved, "margin.npy", evil))


def test_an_array_that_claims_to_be_larger_than_it_is_is_refused(saved: Path) -> None:
    honest = npy(np.ones(5))
    with pytest.raises(ModelError, match=r"margin\.npy is not as long as it says"):
        Model.load(consistent(saved, "margin.npy", honest[:-8]))


def test_thresholds_of_other_networks_are_noticed(saved: Path) -> None:
    with np.load(saved) as file:
        weight = file["network_input_weight"].copy()
    weight[0, 0, 0] += 1.0
    with pytest.raises(ModelError, match="thresholds belong to other networks"):
        Model.load(consistent(saved, "network_input_weight.npy", npy(weight)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format_version": 99}, r"a model of format 99, and this nxspectra reads up to 1: update it"),
        ({"classes": 7}, r"card\.json: classes: "),
        ({"classes": ["low"]}, r"card\.json: classes: Tuple should have at least 2 items"),
        ({"colour": "blue"}, r"card\.json: colour: "),
    ],
)
def test_a_card_that_cannot_be_read_is_told(saved: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        Model.load(tampered(saved, "card.json", card_with(saved, **changes)))


def test_a_model_of_a_classifier_that_is_not_installed_is_told(saved: Path) -> None:
    with pytest.raises(UnknownClassifier, match="no classifier 'elsewhere'; installed: "):
        Model.load(sealed(saved, card_with(saved, classifier="elsewhere")))


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + bytes(100)])
def test_a_file_that_is_no_model_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(ModelError, match="not a model"):
        Model.load(tmp_path / "bad.npz")


def test_an_npz_without_a_card_is_no_model(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    with pytest.raises(ModelError, match=r"it has no card\.json"):
        Model.load(tmp_path / "other.npz")


def test_a_model_that_cannot_be_written_leaves_nothing_behind(model: Model, tmp_path: Path) -> None:
    (tmp_path / "there.npz").mkdir()
    with pytest.raises(FileError, match=r"there\.npz: cannot be written"):
        model.save(tmp_path / "there.npz")
    assert [each.name for each in tmp_path.iterdir()] == ["there.npz"]


# -- classifying -----------------------------------------------------------------------------------


def test_a_run_gets_a_class_for_each_spectrum_and_says_by_which_model(model: Model) -> None:
    found = classify(tree(ramp(seed=5)), model)
    assert found.labels[6] == "low"
    assert found.labels[20] == "high"
    assert found.origin == "model"
    assert found.model is not None
    assert found.model.digest == model.digest
    assert found.votes is not None
    assert found.votes.share.shape == (24, 5, 2)
    assert found.boundaries[0].pressure is not None


def test_a_classification_goes_into_the_file_and_comes_out_the_same(model: Model) -> None:
    root = tree(ramp(seed=5))
    found = classify(root, model)
    ((path, again),) = classifications(annotate(root, found)).items()
    assert path == "/entry/weighted_classification"
    assert np.array_equal(again.class_index, found.class_index)
    assert again.boundaries == found.boundaries
    assert again.model == found.model


def test_spectra_that_cannot_be_used_get_no_class(model: Model) -> None:
    spectra = ramp(seed=5)
    intensity = spectra.intensity.copy()
    intensity[3], intensity[9] = np.nan, 0.0
    found = classify(replace(spectra, intensity=intensity), model)
    assert [frame for frame, label in enumerate(found.labels) if label is None] == [3, 9]
    assert found.probability is not None
    assert np.isnan(found.probability[[3, 9]]).all()
    assert found.unseen is not None
    assert np.isnan(found.unseen[[3, 9]]).all()
    assert found.votes is not None
    assert np.isnan(found.votes.share[[3, 9]]).all()
    whole = classify(spectra, model)
    others = np.delete(np.arange(24), [3, 9])
    assert np.array_equal(found.class_index[others], whole.class_index[others])


def test_a_run_of_which_nothing_can_be_used_gets_no_class_at_all(model: Model) -> None:
    spectra = ramp(seed=5)
    found = classify(replace(spectra, intensity=np.full_like(spectra.intensity, np.nan)), model)
    assert set(found.labels) == {None}
    assert (found.confidence, found.boundaries) == (0.0, ())


def test_the_order_of_spectra_does_not_change_their_classes(model: Model) -> None:
    spectra = ramp(seed=5)
    order = np.random.default_rng(0).permutation(len(spectra))
    straight, mixed = classify(spectra, model), classify(spectra.select(order), model)
    assert np.array_equal(mixed.class_index, straight.class_index[order])


def test_spectra_on_another_grid_are_brought_on_the_models(model: Model) -> None:
    found = classify(ramp(seed=5, points=700), model)
    assert found.labels[6] == "low"
    assert found.labels[20] == "high"


def test_spectra_at_other_angles_do_not_fit(model: Model) -> None:
    elsewhere = simulate(seed=5, frames=5, points=500, angles=(20.0, 40.0)).spectra
    with pytest.raises(ModelMismatch, match="cover 35% of it"):
        classify(elsewhere, model)


def test_spectra_at_another_energy_do_not_fit(model: Model) -> None:
    with pytest.raises(ModelMismatch, match=r"taken at 42\.7 keV and the model is for 25\.6 keV"):
        classify(replace(ramp(), energy=np.array([42.7])), model)


def test_three_classes_are_classified_too() -> None:
    made = train([ramp(frames=60)], ["first=1-12", "second=25-28", "third=45-58"], "weighted", iterations=80)
    found = classify(ramp(seed=2, frames=60), made)
    assert (found.labels[4], found.labels[27], found.labels[52]) == ("first", "second", "third")
    assert found.confidence is None
    assert [each.to_class for each in found.boundaries] == ["second", "third"]


def test_classifying_does_not_load_torch_or_other_heavy_libraries(saved: Path) -> None:
    script = """
        import sys
        import numpy as np
        from nxspectra.classifiers import Model, classify
        from nxspectra.spectra import Spectra
        model = Model.load(sys.argv[1])
        values = np.random.default_rng(0).normal(5.0, 1.0, (3, model.two_theta.size))
        classify(Spectra(model.two_theta, values), model)
        print([name for name in ("torch", "h5py", "rdflib", "matplotlib", "sklearn") if name in sys.modules])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(saved)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
