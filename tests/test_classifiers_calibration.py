"""What held-out series teach about a model: probabilities, intervals, and what is too strange."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rdflib import PROV

from nxspectra import hdf5
from nxspectra.classifiers import Calibration, Model, calibrate, classify, evaluate, reliability, train
from nxspectra.classifiers.calibration import Correction, Detector, isotonic
from nxspectra.classifiers.evaluation import Widths, boundaries, changes
from nxspectra.classifiers.evaluation.boundary import quantile_of_the_next
from nxspectra.errors import LabelError, ModelError, Refused, UsageError
from nxspectra.findings import Severity
from nxspectra.preprocessing import Preprocessing
from nxspectra.rdf import check, describe, model_card
from nxspectra.simulation import Ramp, simulate
from nxspectra.spectra import Spectra, annotate, classifications
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group

pytest.importorskip("torch", reason="torch is of the extra `train`")

Floats = NDArray[np.float64]

LABELS = ["low=4-8", "high=18-22"]
QUICK: dict[str, Any] = {"bins": 5, "iterations": 30, "hidden": 30}
FRAMES, POINTS = 60, 400


def ramp(seed: int, **knobs: Any) -> Ramp:
    return simulate(seed=seed, frames=FRAMES, points=POINTS, **knobs)


def calibrated(model: Model, ramps: list[Ramp], **settings: Any) -> Model:
    return calibrate(
        model, [each.spectra for each in ramps], truth=[each.truth.labels for each in ramps], **settings
    )


@pytest.fixture(scope="module")
def plain() -> Model:
    return train([ramp(1).spectra], ["low=14,20", "high=45,52"], **QUICK)


@pytest.fixture(scope="module")
def held() -> list[Ramp]:
    return [ramp(seed, transition_pressure=14.0 + seed % 10) for seed in range(100, 130)]


@pytest.fixture(scope="module")
def model(plain: Model, held: list[Ramp]) -> Model:
    return calibrated(plain, held)


# -- probabilities ---------------------------------------------------------------------------------


def drawn(seed: int, temperature: float, bias: float, number: int = 4000) -> tuple[Floats, NDArray[np.int64]]:
    """Probabilities of two classes that are too sure by a factor and off by a bias, and the true classes."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(0.0, 2.0, number)
    truth = (rng.random(number) < 1.0 / (1.0 + np.exp(-logit))).astype(np.int64)
    told = 1.0 / (1.0 + np.exp(-(logit * temperature + bias)))
    return np.stack([1.0 - told, told], axis=1), truth


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
@pytest.mark.parametrize(("temperature", "bias"), [(1.0, 0.0), (3.0, 0.0), (0.3, 1.0), (2.0, -1.5)])
def test_what_was_too_sure_or_not_sure_enough_is_put_right(
    method: Any, temperature: float, bias: float
) -> None:
    probability, truth = drawn(1, temperature, bias)
    correction = Correction.fitted(probability, truth, np.ones(truth.size), method)
    others, right = drawn(2, temperature, bias)
    assert reliability(correction(others), right).error < 0.03


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
@given(seed=st.integers(0, 5), scores=st.lists(st.floats(0.001, 0.999), min_size=2, max_size=20))
def test_a_correction_never_turns_the_order_round(method: Any, seed: int, scores: list[float]) -> None:
    correction = Correction.fitted(*drawn(seed, 2.0, 0.5, 200), np.ones(200), method)
    high = np.sort(scores)
    after = correction(np.stack([1.0 - high, high], axis=1))
    assert np.all(np.diff(after[:, 1]) >= -1e-12)
    np.testing.assert_allclose(after.sum(axis=1), 1.0)


def test_even_labels_that_contradict_every_probability_do_not_turn_them_round() -> None:
    probability, truth = drawn(3, 1.0, 0.0)
    correction = Correction.fitted(probability, 1 - truth, np.ones(truth.size), "temperature")
    assert correction.slope > 0


def test_classes_that_are_told_apart_for_certain_keep_finite_probabilities() -> None:
    probability = np.array([[1.0, 0.0], [0.0, 1.0]] * 20)
    truth = np.array([0, 1] * 20)
    for method in ("temperature", "isotonic"):
        correction = Correction.fitted(probability, truth, np.ones(40), method)  # type: ignore[arg-type]
        assert np.isfinite(correction(probability)).all()


def test_three_classes_are_corrected_together() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0.0, 2.0, (6000, 3))
    right = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([rng.choice(3, p=each) for each in right])
    told = np.exp(3 * logits + [0.5, 0.0, -0.5])
    told /= told.sum(axis=1, keepdims=True)
    correction = Correction.fitted(told[:3000], truth[:3000], np.ones(3000), "temperature")
    assert correction.slope == pytest.approx(1 / 3, rel=0.15)
    assert reliability(correction(told[3000:]), truth[3000:]).error < 0.03


def test_rows_without_probabilities_stay_without() -> None:
    correction = Correction.fitted(*drawn(1, 2.0, 0.0), np.ones(4000), "isotonic")
    after = correction(np.array([[np.nan, np.nan], [0.4, 0.6]]))
    assert np.isnan(after[0]).all()
    assert np.isfinite(after[1]).all()


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_isotonic_regression_never_falls_and_is_never_certain(points: list[tuple[float, bool]]) -> None:
    score, right = np.array([each for each, _ in points]), np.array([float(each) for _, each in points])
    knots, values = isotonic(score, right, np.ones(score.size))
    assert np.all(np.diff(knots) >= 0)
    assert np.all(np.diff(values) >= 0)
    assert 0.0 < values.min() <= values.max() < 1.0


def test_an_unknown_method_is_told() -> None:
    with pytest.raises(UsageError, match="no method 'platt' of calibration; there are temperature, isotonic"):
        Correction.fitted(*drawn(1, 1.0, 0.0), np.ones(4000), "platt")  # type: ignore[arg-type]


# -- intervals -------------------------------------------------------------------------------------


def test_nine_of_ten_new_errors_stay_below_the_quantile_of_the_old() -> None:
    rng = np.random.default_rng(5)
    held_back = [
        rng.standard_t(3) <= quantile_of_the_next(rng.standard_t(3, size=40).tolist()) for _ in range(4000)
    ]
    assert np.mean(held_back) == pytest.approx(0.9, abs=0.025)


@pytest.mark.parametrize(("number", "enough"), [(0, False), (8, False), (9, True), (100, True)])
def test_nine_boundaries_are_enough_for_an_interval(number: int, enough: bool) -> None:
    widths = Widths.of([1.0] * number, [1.0] * number)
    assert widths.enough == enough
    assert np.isfinite(widths.frame) == enough


def test_boundaries_that_are_not_found_more_than_once_in_ten_make_intervals_the_whole_series() -> None:
    widths = Widths.of([1.0] * 15 + [float("inf")] * 5, [])
    (found,) = boundaries(("low", "high"), logistic(30.0), widths=widths)
    assert found.frame_interval == (0, 59)


def logistic(place: float, scale: float = 3.0, frames: int = 60) -> Floats:
    high = 1.0 / (1.0 + np.exp(-(np.arange(frames) - place) / scale))
    return np.stack([1.0 - high, high], axis=1)


@given(place=st.floats(12.0, 48.0), scale=st.floats(1.0, 4.0))
def test_a_change_lies_where_the_probability_is_one_half(place: float, scale: float) -> None:
    (found,) = changes(logistic(place, scale))
    assert found.place == pytest.approx(place, abs=0.75)
    assert (found.one, found.other) == (0, 1)


def test_a_slower_change_is_more_doubtful() -> None:
    (quick,), (slow,) = changes(logistic(30.0, 1.0)), changes(logistic(30.0, 5.0))
    assert slow.doubt > quick.doubt


@given(place=st.integers(20, 40), astray=st.lists(st.integers(-15, 14), min_size=1, max_size=6, unique=True))
def test_spectra_out_of_order_make_a_change_more_doubtful(place: int, astray: list[int]) -> None:
    clear = logistic(place - 0.5, 0.3)
    wavering = clear.copy()
    for step in astray:
        wavering[place + step] = 0.5 * clear[place + step] + 0.5 * clear[place + step, ::-1]
    before, after = changes(clear), changes(wavering)
    assert len(before) == len(after) == 1
    assert after[0].doubt > before[0].doubt >= 0.5
    (narrow,) = boundaries(("low", "high"), clear, widths=Widths(3.0, 3.0, 40))
    (wide,) = boundaries(("low", "high"), wavering, widths=Widths(3.0, 3.0, 40))
    assert np.diff(wide.frame_interval) >= np.diff(narrow.frame_interval)


def test_an_interval_is_as_wide_as_the_errors_on_held_out_series_ask_for() -> None:
    probability, pressure = logistic(30.0), np.linspace(0.0, 59.0, 60)
    (narrow,) = boundaries(("low", "high"), probability, pressure=pressure, widths=Widths(0.5, 0.5, 40))
    (wide,) = boundaries(("low", "high"), probability, pressure=pressure, widths=Widths(2.0, 2.0, 40))
    assert narrow.interval_from == wide.interval_from == "held-out series"
    assert narrow.frame_interval[0] > wide.frame_interval[0]
    assert narrow.frame_interval[1] < wide.frame_interval[1]
    assert narrow.pressure == pytest.approx(30.0, abs=0.6)
    assert narrow.pressure_interval is not None
    assert wide.pressure_interval is not None
    assert wide.pressure_interval[0] < narrow.pressure_interval[0] < 30.0 < narrow.pressure_interval[1]


def test_a_calibrated_model_says_where_its_intervals_are_from(plain: Model, model: Model) -> None:
    spectra = ramp(7).spectra
    assert {each.interval_from for each in classify(spectra, plain).boundaries} == {"bins"}
    assert {each.interval_from for each in classify(spectra, model).boundaries} == {"held-out series"}


def test_with_fewer_than_nine_boundaries_intervals_are_as_before(plain: Model, held: list[Ramp]) -> None:
    few = calibrated(plain, held[:4])
    assert {each.interval_from for each in classify(ramp(7).spectra, few).boundaries} == {"bins"}


def test_intervals_hold_on_new_ramps_as_often_as_they_say(model: Model) -> None:
    ramps = [ramp(seed, transition_pressure=14.0 + seed % 10) for seed in range(300, 340)]
    found = evaluate(
        model, [each.spectra for each in ramps], truth=[each.truth.labels for each in ramps]
    ).summary.figures
    assert 0.75 <= found["interval holds, frames"].value <= 1.0
    assert found["interval width, frames"].value < 40
    assert found["ECE near"].value < 0.12


# -- strangers -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def detector() -> tuple[Detector, Floats]:
    curves = np.concatenate([Preprocessing()(ramp(seed).spectra) for seed in range(10, 16)])
    two_theta = ramp(1).spectra.two_theta
    return Detector.fitted(curves[:240], two_theta).accepting(curves[240:]), curves


def test_all_but_one_in_twenty_usual_curves_are_accepted(detector: tuple[Detector, Floats]) -> None:
    judge, curves = detector
    assert np.mean(judge(curves[240:]) > judge.threshold) == pytest.approx(0.05, abs=0.02)


@pytest.mark.parametrize("strange", ["marker only", "other sample", "another energy", "saturated"])
def test_strangers_score_higher_than_usual_curves(strange: str, detector: tuple[Detector, Floats]) -> None:
    judge, curves = detector
    spectra = {
        "marker only": lambda: ramp(50, marker_only=range(FRAMES)).spectra,
        "other sample": lambda: ramp(50, stranger=True).spectra,
        "another energy": lambda: ramp(50, energy_error=0.04).spectra,
        "saturated": lambda: replace(ramp(50).spectra, intensity=np.minimum(ramp(50).spectra.intensity, 8.0)),
    }[strange]()
    # a curve that is set aside before any classifier sees it is as strange as can be
    score = np.nan_to_num(judge(Preprocessing()(spectra)), nan=np.inf)
    assert np.mean(score > judge.threshold) > 0.9
    assert score.min() > np.median(judge(curves))


def test_what_is_too_strange_gets_no_class_and_the_reason_is_kept(model: Model) -> None:
    frames = (3, 20, 50)
    found = classify(ramp(60, marker_only=frames).spectra, model)
    assert all(found.class_index[frame] == -1 for frame in frames)
    assert all("unlike the spectra it was calibrated on" in found.reasons[frame] for frame in frames)
    assert found.probability is not None
    assert np.isnan(found.probability[list(frames)]).all()
    assert found.unseen is not None
    assert np.isfinite(found.unseen).all()


def test_a_frame_without_beam_has_its_own_reason(model: Model) -> None:
    spectra = ramp(60).spectra
    intensity = spectra.intensity.copy()
    intensity[5] = 0.0
    assert "no beam" in classify(replace(spectra, intensity=intensity), model).reasons[5]


# -- the model and the file ------------------------------------------------------------------------


def test_a_calibration_is_kept_with_the_model_and_applied_again(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "model.npz")
    loaded = Model.load(tmp_path / "model.npz")
    assert loaded.digest == model.digest
    assert loaded.card.calibration == model.card.calibration
    spectra = ramp(7).spectra
    one, other = classify(spectra, model), classify(spectra, loaded)
    assert np.array_equal(one.probability, other.probability)  # type: ignore[arg-type]
    assert one.boundaries == other.boundaries
    assert one.reasons == other.reasons


def test_the_card_says_what_a_model_was_calibrated_on(model: Model) -> None:
    said = model.card.calibration
    assert said is not None
    assert (said.method, said.sure, len(said.files)) == ("temperature", 0.9, 30)
    assert said.figures["boundaries"] == 30
    before, after = said.figures["calibration error before"], said.figures["calibration error"]
    assert before is not None
    assert after is not None
    assert after < before


def test_a_damaged_calibration_is_noticed(model: Model) -> None:
    assert model.calibration is not None
    arrays = model.calibration.arrays()
    with pytest.raises(ModelError, match="its calibration is damaged: a method 'platt' that is not known"):
        Calibration.of({**arrays, "calibration/method": np.array("platt")})
    with pytest.raises(ModelError, match="its calibration is damaged: 'slope'"):
        Calibration.of({name: each for name, each in arrays.items() if not name.endswith("slope")})


def test_ambiguous_is_what_is_less_probable_than_sure(plain: Model, held: list[Ramp]) -> None:
    for sure in (0.7, 0.95):
        found = classify(ramp(7).spectra, calibrated(plain, held[:12], sure=sure))
        assert found.ambiguous is not None
        assert found.probability is not None
        known = found.class_index >= 0
        assert np.array_equal(found.ambiguous[known], found.probability[known].max(axis=1) < sure)
        assert not found.ambiguous[~known].any()
        assert found.sure == sure


def tree(spectra: Spectra, digest: str | None = None) -> Group:
    root = conforming(len(spectra), spectra.two_theta.size)
    root = root.put("entry/data/intensity", Field(spectra.intensity, units="counts"))
    root = root.put("entry/data/two_theta", Field(spectra.two_theta, units="deg"))
    return root.put("entry/sample/pressure", Field(spectra.pressure, units="GPa"))


def test_what_a_calibrated_model_says_is_read_from_a_file_as_it_was_written(model: Model) -> None:
    spectra = ramp(60, marker_only=(3, 20)).spectra
    made = classify(spectra, model)
    (read,) = classifications(annotate(tree(spectra), made)).values()
    assert read.reasons == made.reasons
    assert np.array_equal(read.ambiguous, made.ambiguous)  # type: ignore[arg-type]
    assert read.sure == made.sure
    assert [each.interval_from for each in read.boundaries] == ["held-out series"]


# -- what is refused -------------------------------------------------------------------------------


def test_series_with_other_classes_are_refused(plain: Model) -> None:
    truth = [["cubic"] * 30 + ["high"] * 30]
    with pytest.raises(LabelError, match="the model knows low, high, and the series is labelled cubic"):
        calibrate(plain, [ramp(5).spectra], truth=truth)


def test_a_series_without_true_classes_is_refused(plain: Model) -> None:
    for truth in ([[None] * FRAMES], None):
        with pytest.raises(
            LabelError, match="run 0: none of its spectra has a true class: label it, or give"
        ):
            evaluate(plain, [ramp(5).spectra], truth=truth)


def test_a_truth_of_another_length_is_refused(plain: Model) -> None:
    with pytest.raises(LabelError, match="2 true classes for 60 spectra"):
        evaluate(plain, [ramp(5).spectra], truth=[["low", "high"]])


def test_a_file_that_the_model_was_trained_on_is_refused(tmp_path: Path) -> None:
    path = hdf5.write(tree(ramp(1).spectra), tmp_path / "ramp.nxs")
    run = hdf5.read(path)
    trained = train([run], ["low=14,20", "high=45,52"], **QUICK)
    for ask in (evaluate, calibrate):
        with pytest.raises(Refused, match=r"the model was trained on it \(ramp\.nxs\)"):
            ask(trained, [run], ["low=0-20", "high=45-59"])


def test_a_file_whose_spectra_were_learned_from_without_their_classes_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is of the extra `train`")
    labelled, bare, other = (
        hdf5.read(hdf5.write(tree(ramp(seed).spectra), tmp_path / f"{seed}.nxs")) for seed in (1, 2, 3)
    )
    labels = ["1.nxs:low=14,20", "1.nxs:high=45,52"]
    trained = train([labelled, bare], labels, "self-supervised", epochs=1)
    assert [(each.file_name, bool(each.frames)) for each in trained.card.training] == [
        ("1.nxs", True),
        ("2.nxs", False),
    ]
    assert (
        "labelled spectra of one file, and on spectra without a label of one file" in describe(trained).text
    )
    with pytest.raises(Refused, match=r"trained on its spectra, without their classes \(2\.nxs\)"):
        evaluate(trained, [bare], ["low=0-20", "high=45-59"])
    assert evaluate(trained, [other], ["low=0-20", "high=45-59"]).verdicts
    # a classifier that does not look at spectra without a class has not seen the file
    plain = train([labelled, bare], labels, **QUICK)
    assert len(plain.card.training) == 1
    assert evaluate(plain, [bare], ["low=0-20", "high=45-59"]).verdicts


def test_a_file_that_the_model_was_calibrated_on_is_refused(plain: Model, tmp_path: Path) -> None:
    runs = [hdf5.read(hdf5.write(tree(ramp(seed).spectra), tmp_path / f"{seed}.nxs")) for seed in (5, 6)]
    labels = ["low=0-25", "high=40-59"]
    model = calibrate(plain, runs[:1], labels)
    with pytest.raises(
        Refused, match=r"the model was calibrated on it \(5\.nxs\), so that its probabilities"
    ):
        evaluate(model, runs, labels)
    assert evaluate(model, runs[1:], labels).verdicts
    description = describe(model)
    assert not [each for each in check(description) if each.severity is Severity.VIOLATION]
    read = model_card(description)
    assert "## What it was calibrated on" in read
    assert "calibration error before" in read
    held = [each for each in description.graph().objects(None, PROV.used) if "held-out" in str(each)]
    assert len(held) == 1
    assert calibrate(model, runs, labels).card.calibration is not None
