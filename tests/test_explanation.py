"""What decided about a class: regions that carry lines, in the file beside the labels, and as a picture."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from matplotlib.image import imread

from nxspectra import hdf5, pictures
from nxspectra.classifiers import Model, classify, compared_with, explain, train
from nxspectra.classifiers.augmented import AugmentedEnsemble
from nxspectra.classifiers.end_to_end import EndToEnd
from nxspectra.cli import program
from nxspectra.errors import UsageError
from nxspectra.migration import migrate
from nxspectra.preprocessing import Preprocessing
from nxspectra.simulation import simulate
from nxspectra.spectra import Spectra, classifications
from nxspectra.validation import validate

FRAMES = 40


@pytest.fixture(scope="module")
def spectra() -> Spectra:
    return simulate(seed=3, frames=FRAMES, beam_off=[5]).spectra


@pytest.fixture(scope="module")
def model(spectra: Spectra) -> Model:
    return train([spectra], ["low=8,14", "high=30,34"], "weighted")


@pytest.fixture(scope="module")
def default(spectra: Spectra) -> Model:
    return train([spectra], ["low=8,14", "high=30,34"], iterations=500)


@pytest.fixture(scope="module")
def saved(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.npz"
    model.save(path)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return hdf5.write(migrate(simulate(seed=4, frames=FRAMES).tree()), tmp_path / "run.nxs")


class OneLine:
    """A classifier that looks at one region only and cannot say so: intensity between 13 and 14 degrees."""

    classes_ = np.array([0, 1])

    def __init__(self, two_theta: np.ndarray[Any, np.dtype[np.float64]]) -> None:
        self.looks = (two_theta > 13.0) & (two_theta < 14.0)

    def predict_proba(
        self, X: np.ndarray[Any, np.dtype[np.float64]]
    ) -> np.ndarray[Any, np.dtype[np.float64]]:
        high = 1.0 / (1.0 + np.exp(2.0 - X[:, self.looks].mean(axis=1)))
        return np.stack([1.0 - high, high], axis=1)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(program, [str(argument) for argument in arguments], catch_exceptions=False)


def test_the_absolute_weights_of_a_spectrum_add_up_to_one(spectra: Spectra, model: Model) -> None:
    weight = np.delete(explain(spectra, model).weight, 5, axis=0)
    assert np.abs(weight).sum(axis=1) == pytest.approx(np.ones(FRAMES - 1))


def test_a_spectrum_that_cannot_be_used_has_no_explanation(spectra: Spectra, model: Model) -> None:
    found = explain(spectra, model)
    assert np.isnan(found.weight[5]).all()
    assert found.strongest(5) == ()
    assert np.isfinite(found.overall).all()


def test_only_the_frames_asked_for_are_explained(spectra: Spectra, model: Model) -> None:
    some, every = explain(spectra, model, np.array([7, 30])), explain(spectra, model)
    assert np.flatnonzero(np.isfinite(some.weight).all(axis=1)).tolist() == [7, 30]
    assert np.array_equal(some.weight[30], every.weight[30])
    with pytest.raises(UsageError, match="there is no frame 99: the series has 40 spectra"):
        explain(spectra, model, np.array([99]))


def test_the_votes_add_up_to_the_margin_that_decided(spectra: Spectra, model: Model) -> None:
    """For two classes without a bias, what speaks for a class outweighs what speaks against it."""
    found, said = classify(spectra, model), explain(spectra, model)
    assert found.votes is not None
    share, believed = found.votes.share, found.votes.believability
    margin = (share[:, :, 1] - share[:, :, 0]) @ (believed / believed.sum())
    clear = np.flatnonzero(np.abs(np.nan_to_num(margin)) > 0.2)
    assert clear.size > FRAMES // 2
    assert (said.weight[clear].sum(axis=1) > 0).all()


def test_what_speaks_for_a_class_is_how_much_more_it_leads_than_for_the_mean_curve(
    spectra: Spectra, default: Model
) -> None:
    ensemble = default.estimator
    assert isinstance(ensemble, AugmentedEnsemble)
    prepared = Preprocessing.from_json(default.card.preprocessing).prepare(spectra)
    X = prepared.intensity[prepared.usable]
    X[3, 100] = np.nan
    speaks = ensemble.attribution(X)
    assert np.isnan(speaks[3]).all()
    X, speaks = np.delete(X, 3, axis=0), np.delete(speaks, 3, axis=0)
    given = ensemble.predict_proba(X).argmax(axis=1)

    def lead(curves: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
        groups = curves[:, : ensemble.axis_.size * ensemble._group].reshape(
            len(curves), ensemble.axis_.size, -1
        )
        logits = ensemble.layers_.logits(ensemble._inputs(groups.mean(axis=2).astype(np.float32)))
        both = logits.mean(axis=0)[np.arange(len(X))]
        return both[np.arange(len(X)), given] - both[np.arange(len(X)), 1 - given]

    more = lead(X) - lead(np.repeat(ensemble.mean_[None], len(X), axis=0))
    np.testing.assert_allclose(speaks.sum(axis=1), more, rtol=1e-3, atol=1e-3)


def test_with_a_classification_comes_what_decided_if_it_is_asked_for(
    spectra: Spectra, default: Model
) -> None:
    found = classify(spectra, default, explained=True).explanation
    assert found is not None
    assert np.array_equal(found.weight, explain(spectra, default).weight, equal_nan=True)
    assert found.method == "attribution"
    assert classify(spectra, default).explanation is None


@pytest.mark.parametrize("which", ["model", "default"])
def test_lines_decide_and_not_the_empty_end_of_the_axis(
    spectra: Spectra, which: str, request: pytest.FixtureRequest
) -> None:
    found = explain(spectra, request.getfixturevalue(which))
    lines = found.overall[(found.region_start > 10.8) & (found.region_end < 15.2)].mean()
    empty = found.overall[(found.region_start > 15.3) & (found.region_end < 16.9)].mean()
    assert lines > 5 * empty


def test_a_classifier_that_cannot_tell_is_explained_by_hiding_regions(spectra: Spectra, model: Model) -> None:
    silent = replace(model, estimator=OneLine(model.two_theta))  # type: ignore[arg-type]
    found = explain(spectra, silent)
    assert found.method == "occlusion"
    outside = (found.region_end < 12.9) | (found.region_start > 14.1)
    usable = np.isfinite(found.weight).all(axis=1)
    assert np.abs(found.weight[usable][:, outside]).max() == 0.0


def test_labels_are_written_with_what_decided(saved: Path, file: Path, tmp_path: Path) -> None:
    assert run("classify", file, "--model", saved, "-o", tmp_path / "out.nxs").exit_code == 0
    root = hdf5.read(tmp_path / "out.nxs")
    assert validate(root).conforms
    (found,) = classifications(root).values()
    assert found.explanation is not None
    expected = explain(hdf5.read(file), Model.load(saved))
    assert found.explanation.weight == pytest.approx(expected.weight, abs=1e-6)
    assert found.explanation.method == expected.method == "votes"


def test_explain_tells_of_a_frame_and_draws_it(saved: Path, file: Path, tmp_path: Path) -> None:
    picture = tmp_path / "why.png"
    told = run("explain", file, "--model", saved, "--frame", 30, "--plot", picture)
    assert told.exit_code == 0
    assert "frame 30," in told.stdout
    assert " degrees " in told.stdout
    assert imread(picture).shape[0] > 500
    said = json.loads(run("explain", file, "--model", saved, "--frame", 30, "--format", "json").stdout)
    assert sum(abs(each) for each in said["frames"][0]["weights"]) == pytest.approx(1.0)
    assert len(said["regions"]) == len(said["overall"]) == len(said["frames"][0]["weights"])


def test_every_tenth_spectrum_is_explained_where_all_would_take_long(
    saved: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nxspectra.cli.explaining.PATIENCE", 0.0)
    out = tmp_path / "out.nxs"
    told = run("explain", file, "--model", saved, "--frame", 33, "-o", out)
    assert "every 10th spectrum is explained: all would take about" in told.stderr
    (found,) = classifications(hdf5.read(out)).values()
    assert found.explanation is not None
    known = np.isfinite(found.explanation.weight).all(axis=1)
    assert np.flatnonzero(known).tolist() == [0, 10, 20, 30, 33]


def test_weights_that_a_classifier_has_found_are_drawn_over_the_angles(
    spectra: Spectra, saved: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="torch is of the extra `train`")
    model = train([spectra], ["low=8,14", "high=30,34"], "end-to-end", bins=4, iterations=20, noise_rounds=2)
    figure = pictures.weighed(model)
    weights, mean = figure.axes
    assert mean.get_ylabel() == "mean training\ncurve"
    assert np.array_equal(mean.lines[0].get_ydata(), compared_with(model))
    assert isinstance(model.estimator, EndToEnd)
    drawn = [bars.patches[number].get_height() for number in range(4) for bars in weights.containers]
    assert drawn == pytest.approx(model.estimator.weights_[0].reshape(-1))
    # each bar stands over its bin
    starts = [bars.patches[2].get_x() for bars in weights.containers]
    assert all(model.two_theta[2 * 1005] <= start < model.two_theta[3 * 1005] for start in starts)

    model.save(tmp_path / "found.npz")
    for path in (tmp_path / "found.npz", saved):
        told = run("describe", path, "--plot", tmp_path / "weights.png")
        assert told.exit_code == 0
        assert imread(tmp_path / "weights.png").shape[0] > 300


def test_a_model_without_bins_has_no_weights_to_draw(spectra: Spectra, file: Path, tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is of the extra `train`")
    train([spectra], ["low=8,14", "high=30,34"], "nearest-centroid").save(tmp_path / "plain.npz")
    told = CliRunner().invoke(program, ["describe", str(tmp_path / "plain.npz"), "--plot", "weights.png"])
    assert told.exit_code == 1
    assert "'nearest-centroid' has no bins whose weights could be drawn" in told.stderr
    told = CliRunner().invoke(program, ["describe", str(file), "--plot", "weights.png"])
    assert told.exit_code == 2
    assert "--plot draws the bins of a model" in told.stderr


def test_explain_reads_what_the_file_says(saved: Path, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.nxs"
    assert run("explain", file, "--model", saved, "-o", out).exit_code == 0
    again = run("explain", out, "--frame", 3)
    assert again.exit_code == 0
    assert "explained by votes" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--frame", "3"], 1, "no classification in it says what decided"),
        (["--model", "MODEL", "--frame", "40"], 1, "there is no frame 40; it has 40 spectra, 0 to 39"),
        (["-o", "out.nxs"], 2, "give --model, too"),
    ],
)
def test_what_cannot_be_explained_is_told(
    saved: Path, file: Path, arguments: list[str], code: int, said: str
) -> None:
    given = [str(saved) if each == "MODEL" else each for each in arguments]
    told = CliRunner().invoke(program, ["explain", str(file), *given])
    assert told.exit_code == code
    assert said in told.stderr
