"""P_conf, boundaries and calibration are what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nxspectra.classifiers import (
    accuracy,
    ambiguous_region,
    auroc,
    balanced_accuracy,
    boundaries,
    confidence,
    reliability,
)
from nxspectra.spectra import Votes

Floats = NDArray[np.float64]


def series(*stretches: tuple[int, int]) -> list[int]:
    """Labels from (class, number) pairs."""
    return [label for label, number in stretches for _ in range(number)]


def sure(labels: list[int], classes: int = 2, of: float = 0.98) -> Floats:
    """Probabilities (n, classes) that are `of` for the label."""
    rows = np.full((len(labels), classes), (1.0 - of) / (classes - 1))
    rows[np.arange(len(labels)), labels] = of
    return rows


# -- P_conf ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "region", "expected"),
    [
        (series((0, 195), (1, 154)), (194, 195), 1.0),
        (series((0, 100), (1, 1), (0, 8), (1, 240)), (99, 109), 1 - 9 / 349),
        (series((0, 1), (1, 1)), (0, 1), 1.0),
        (series((0, 1), (1, 1), (0, 1), (1, 1)), (0, 3), 0.5),
        (series((-1, 3), (0, 5), (-1, 2), (1, 5)), (7, 10), 1.0),
        (series((0, 4), (1, 1), (-1, 5), (0, 1), (1, 4)), (3, 11), 1 - 2 / 10),
    ],
)
def test_p_conf_counts_what_lies_between_the_unbroken_ends(
    labels: list[int], region: tuple[int, int], expected: float
) -> None:
    assert ambiguous_region(labels) == region
    assert confidence(labels) == pytest.approx(expected)


@pytest.mark.parametrize(
    "labels", [[], [0] * 9, [1] * 9, [-1] * 9, series((1, 5), (0, 5)), series((0, 5), (1, 5), (0, 1))]
)
def test_p_conf_is_zero_where_there_is_no_such_change(labels: list[int]) -> None:
    assert ambiguous_region(labels) is None
    assert confidence(labels) == 0.0


@given(st.lists(st.integers(-1, 1), max_size=40))
def test_p_conf_is_a_share_and_one_only_for_a_single_change(labels: list[int]) -> None:
    found = confidence(labels)
    known = [label for label in labels if label >= 0]
    assert 0.0 <= found <= 1.0
    assert (found == 1.0) == (known == sorted(known) and len(set(known)) == 2)


# -- boundaries ------------------------------------------------------------------------------------


def test_a_single_change_is_one_boundary_at_its_first_frame() -> None:
    (found,) = boundaries(("low", "high"), sure(series((0, 30), (1, 20))))
    assert (found.from_class, found.to_class, found.frame) == ("low", "high", 30)
    assert found.frame_interval[0] <= 30 <= found.frame_interval[1]


def test_the_way_back_is_a_boundary_too() -> None:
    found = boundaries(("low", "high"), sure(series((0, 30), (1, 20), (0, 25))))
    assert [(each.from_class, each.to_class, each.frame) for each in found] == [
        ("low", "high", 30),
        ("high", "low", 50),
    ]


def test_three_classes_have_two_boundaries() -> None:
    found = boundaries(("cubic", "rhombohedral", "spin"), sure(series((0, 20), (1, 20), (2, 20)), 3))
    assert [(each.to_class, each.frame) for each in found] == [("rhombohedral", 20), ("spin", 40)]


def test_a_single_spectrum_of_the_other_class_is_no_boundary() -> None:
    labels = series((0, 30), (1, 1), (0, 10), (1, 30))
    assert [each.frame for each in boundaries(("low", "high"), sure(labels))] == [41]


def test_one_class_alone_has_no_boundary() -> None:
    assert boundaries(("low", "high"), sure([0] * 30)) == ()


def test_without_any_probability_there_is_no_boundary() -> None:
    assert boundaries(("low", "high"), np.full((5, 2), np.nan)) == ()


def test_spectra_without_a_class_are_passed_over_and_frames_keep_their_numbers() -> None:
    probability = sure(series((0, 30), (1, 20)))
    probability[[3, 25, 26, 40]] = np.nan
    (found,) = boundaries(("low", "high"), probability)
    assert found.frame == 30


@given(change=st.integers(4, 46), width=st.floats(0.5, 6.0))
def test_the_interval_grows_with_the_width_of_the_change_and_holds_the_frame(
    change: int, width: float
) -> None:
    high = 1.0 / (1.0 + np.exp(-(np.arange(50) - change + 0.5) / width))
    found = boundaries(("low", "high"), np.stack([1.0 - high, high], axis=1))
    sharp = boundaries(("low", "high"), sure(series((0, change), (1, 50 - change)), of=0.9999))
    if found:
        first, last = found[0].frame_interval
        assert first <= found[0].frame <= last
        assert last - first >= sharp[0].frame_interval[1] - sharp[0].frame_interval[0]


def votes(turns: list[float], frames: int = 60) -> Votes:
    """Bins that turn from low to high at different frames, over five frames each."""
    high = 1.0 / (1.0 + np.exp(-(np.arange(frames)[:, None] - np.array(turns)) / 5.0))
    bins = len(turns)
    share = np.stack([1.0 - high, high], axis=2)
    return Votes(np.arange(bins) + 9.6, np.arange(bins) + 10.5, np.full(bins, 0.8), np.full(bins, 0.5), share)


def test_the_interval_grows_with_the_disagreement_of_the_bins() -> None:
    def width(turns: list[float]) -> int:
        cast = votes(turns)
        (found,) = boundaries(("low", "high"), cast.share.mean(axis=1), cast)
        assert found.frame_interval[0] <= found.frame <= found.frame_interval[1]
        return found.frame_interval[1] - found.frame_interval[0]

    assert (
        width([30.0] * 8)
        <= 1
        < width([24, 26, 28, 30, 30, 32, 34, 36])
        < width([15, 20, 25, 30, 30, 35, 40, 45])
    )


def test_votes_that_do_not_decide_leave_the_boundary_where_the_probabilities_change() -> None:
    cast, probability = votes([31, 32, 33, 34, 35]), sure(series((0, 20), (1, 40)))
    (found,) = boundaries(("low", "high"), probability, cast)
    (decided,) = boundaries(("low", "high"), probability, cast, bias=np.zeros(2))
    assert found.frame == 20
    assert found.frame_interval[0] <= 20
    assert found.frame_interval[1] == decided.frame_interval[1]
    assert 31 <= decided.frame <= 35


def test_the_pressure_of_a_boundary_is_that_between_its_frames() -> None:
    pressure = np.linspace(0.0, 49.0, 50)
    (found,) = boundaries(("low", "high"), sure(series((0, 30), (1, 20))), pressure=pressure)
    assert found.pressure == pytest.approx(29.5)
    assert found.pressure_interval is not None
    assert found.pressure_interval[0] <= 29.5 <= found.pressure_interval[1]


def test_pressure_intervals_run_upwards_on_the_way_down() -> None:
    cast = votes([26, 28, 30, 32, 34])
    pressure = np.linspace(59.0, 0.0, 60)
    (found,) = boundaries(("low", "high"), cast.share.mean(axis=1), cast, pressure)
    assert found.pressure_interval is not None
    assert found.pressure_interval[0] < found.pressure_interval[1]


@pytest.mark.parametrize("pressure", [None, np.full(50, np.nan)])
def test_without_pressure_a_boundary_has_frames_only(pressure: Floats | None) -> None:
    (found,) = boundaries(("low", "high"), sure(series((0, 30), (1, 20))), pressure=pressure)
    assert found.pressure is None
    assert found.pressure_interval is None


# -- against truth ---------------------------------------------------------------------------------


def test_accuracy_counts_spectra_with_a_true_class_and_no_class_is_not_right() -> None:
    assert accuracy([0, 1, -1, 1, 0], [0, 1, 1, 0, -1]) == pytest.approx(2 / 4)
    assert np.isnan(accuracy([0, 1], [-1, -1]))


def test_probabilities_that_hold_have_no_calibration_error() -> None:
    probability = np.tile([[0.75, 0.25]], (400, 1))
    truth = [0] * 300 + [1] * 100
    found = reliability(probability, truth)
    assert found.error == pytest.approx(0.0, abs=1e-12)
    assert found.brier == pytest.approx(2 * 0.75 * 0.25)


def test_overconfidence_is_the_calibration_error() -> None:
    found = reliability(np.tile([[1.0, 0.0]], (100, 1)), [0] * 70 + [1] * 30)
    assert found.error == pytest.approx(0.3)
    assert found.number[-1] == 100


def test_spectra_without_truth_or_probability_are_left_out_of_the_reliability() -> None:
    probability = np.array([[0.9, 0.1], [np.nan, np.nan], [0.1, 0.9]])
    assert reliability(probability, [0, 0, -1]).number.sum() == 1


def test_balanced_accuracy_gives_each_class_the_same_say() -> None:
    truth = [0] * 90 + [1] * 10
    assert accuracy([0] * 100, truth) == pytest.approx(0.9)
    assert balanced_accuracy([0] * 100, truth) == pytest.approx(0.5)
    assert balanced_accuracy([-1] * 90 + [1] * 10, truth) == pytest.approx(0.5)


@given(st.lists(st.integers(-1, 1), min_size=1, max_size=30), st.data())
def test_abstaining_never_makes_labels_more_accurate(truth: list[int], data: st.DataObject) -> None:
    given_class = data.draw(st.lists(st.integers(0, 1), min_size=len(truth), max_size=len(truth)))
    silent = data.draw(st.lists(st.booleans(), min_size=len(truth), max_size=len(truth)))
    fewer = [-1 if quiet else each for each, quiet in zip(given_class, silent, strict=True)]
    for figure in (accuracy, balanced_accuracy):
        before, after = figure(given_class, truth), figure(fewer, truth)
        assert after <= before or np.isnan(before)


def test_the_order_of_scores_is_all_that_auroc_knows() -> None:
    assert auroc([1.0, 2.0, 3.0], [4.0, 5.0]) == 1.0
    assert auroc([4.0, 5.0], [1.0, 2.0]) == 0.0
    assert auroc([1.0, 1.0], [1.0]) == 0.5
    assert (
        auroc([1.0, 2.0, 3.0], [2.5]) == auroc(np.exp([1.0, 2.0, 3.0]), np.exp([2.5])) == pytest.approx(2 / 3)
    )
    assert auroc([1.0, 2.0], [np.nan]) == 1.0


def test_reliabilities_of_two_series_add_up() -> None:
    one, other = (np.tile([[p, 1 - p]], (50, 1)) for p in (0.9, 0.6))
    truth = [0] * 40 + [1] * 10
    both = reliability(np.concatenate([one, other]), truth * 2)
    added = reliability(one, truth) + reliability(other, truth)
    assert added.error == pytest.approx(both.error)
    assert added.brier == pytest.approx(both.brier)
