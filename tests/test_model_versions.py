"""A model of another version loads with defaults for what it does not know, or says which versions differ."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nxspectra import __version__
from nxspectra.classifiers import Model, classify, train
from nxspectra.errors import LabelError, ModelError, ModelMismatch
from nxspectra.simulation import simulate

pytest.importorskip("sklearn", reason="scikit-learn is of the extra `train`")

RAMP = simulate(seed=1, frames=40, points=200).spectra
LABELS = ["low=2-8", "high=30-38"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "reference.npz"
    train([RAMP], LABELS, "reference", noise_copies=3, strength=0.5).save(path)
    return path


def npy(value: object) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array(value))
    return file.getvalue()


def of_another_version(
    path: Path, parameters: Callable[[dict[str, Any]], dict[str, Any]], without: str = ""
) -> Path:
    """The model as another version would have saved it: other parameters, or an array less."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist() if name != without}
    card = json.loads(members.pop("card.json"))
    card["version"], card["provider"] = "0.0.1", "nxspectra 0.0.1"
    card["parameters"] = parameters(card["parameters"])
    own = json.loads(str(np.load(io.BytesIO(members["parameters.npy"]))))
    members["parameters.npy"] = npy(json.dumps(parameters(own)))
    members["version.npy"] = npy("0.0.1")
    members.pop("seal.json")
    card["members"] = {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
    members["card.json"] = json.dumps(card).encode()
    seal = {"card.json": hashlib.sha256(members["card.json"]).hexdigest()}
    members["seal.json"] = json.dumps(seal).encode()
    copy = path.with_name("another.npz")
    with zipfile.ZipFile(copy, "w") as new:
        for name, data in members.items():
            new.writestr(name, data)
    return copy


def test_a_parameter_that_its_version_did_not_have_takes_its_default(saved: Path) -> None:
    older = of_another_version(saved, lambda known: {k: v for k, v in known.items() if k != "strength"})
    loaded = Model.load(older)
    assert loaded.estimator.get_params()["strength"] == 1.0
    np.testing.assert_array_equal(
        classify(RAMP, loaded).class_index, classify(RAMP, Model.load(saved)).class_index
    )


def test_a_parameter_that_this_version_does_not_have_is_said_with_both_versions(saved: Path) -> None:
    newer = of_another_version(saved, lambda known: {**known, "momentum": 0.9})
    said = rf"another\.npz: a model by nxspectra 0\.0\.1 .*'momentum' that Reference .* {__version__}"
    with pytest.raises(ModelError, match=said):
        Model.load(newer)


def test_an_array_that_this_version_needs_is_said_by_name(saved: Path) -> None:
    with pytest.raises(
        ModelError, match=r"another\.npz: not a model of Reference as nxspectra .*has no 'spread'"
    ):
        Model.load(of_another_version(saved, dict, without="spread.npy"))


def test_a_truncated_model_is_no_model(saved: Path) -> None:
    torn = saved.with_name("torn.npz")
    torn.write_bytes(saved.read_bytes()[:-200])
    with pytest.raises(ModelError, match=r"torn\.npz: not a model"):
        Model.load(torn)


def test_spectra_of_another_grid_are_resampled_if_they_cover_it_and_else_both_grids_are_said(
    saved: Path,
) -> None:
    finer = simulate(seed=1, frames=40, points=700, angles=(9.2, 26.0)).spectra
    assert classify(finer, saved).class_index[[4, 36]].tolist() == [0, 1]
    elsewhere = simulate(seed=1, frames=40, points=200, angles=(14.0, 30.0)).spectra
    with pytest.raises(ModelMismatch, match=r"lie at 14\.000 to 30\.000 .* the model at 9\.560 to 25\.550"):
        classify(elsewhere, saved)


def test_constant_and_missing_curves_get_no_class(saved: Path) -> None:
    intensity = RAMP.intensity.copy()
    intensity[3], intensity[4] = 7.0, np.nan
    found = classify(RAMP.__class__(RAMP.two_theta, intensity, RAMP.pressure), saved)
    assert found.class_index[[3, 4]].tolist() == [-1, -1]
    assert found.reasons == {
        3: "nearly all its points are 7: there was no beam",
        4: "100% of its points are not finite numbers",
    }
    assert (np.delete(found.class_index, [3, 4]) >= 0).all()


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([], "at least two classes, and there is none"),
        (["low=2-8"], "at least two classes, and there is only 'low'"),
        (["low=2-8", "high=5"], "frame 5 of run 0 is also labelled 'low'"),
        (["low=2-8", "high=pressure>500GPa"], "no spectrum is left for class 'high'"),
    ],
)
def test_labels_that_cannot_be_trained_on_are_told(labels: list[str], said: str) -> None:
    with pytest.raises(LabelError, match=said):
        train([RAMP], labels, "reference")


def test_spectra_without_a_label_go_to_a_classifier_that_learns_from_them() -> None:
    pytest.importorskip("torch", reason="torch is of the extra `train`")
    model = train([RAMP], ["low=2-5", "high=34-38"], "self-supervised", epochs=1)
    assert model.card.figures["n_unlabelled"] == 31.0
    assert model.card.training[0].frames == {"low": "2-5", "high": "34-38"}
