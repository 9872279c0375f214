"""How good a classification is, and where the classes change: P_conf, boundaries with intervals, accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nxspectra.spectra import Boundary, Votes

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]

LEVEL = 0.9
"""Share of boundaries that an interval is meant to hold."""
DRAWS = 400
DRAWN_FROM = 4.0
"""Shape of the gamma distribution of a bin's redrawn weight: half the spread of an ordinary bootstrap,
whose shape is 1. That is too wide: bins disagree for good, each having its own lines, and not only by
chance."""
CHANGE = 8.0
"""Log odds that a boundary must be worth. A certain spectrum gives 3.7, so that a stretch of another class
has to hold five, or three at an end of the series."""
DOUBT = 0.05
"""Share of spectra that may have any class: what one spectrum can say at most."""
PRESSURE_OVER = 2.5
"""Frames on either side over which the pressure is averaged."""


# -- P_conf ----------------------------------------------------------------------------------------


def ambiguous_region(class_index: ArrayLike) -> tuple[int, int] | None:
    """(c0, c1): last of the unbroken 0-labels from the start, first of the unbroken 1-labels to the end.

    Frames of a series (n_spectra,) of two classes; what lies strictly between is ambiguous. Frames without
    a class (-1) are passed over. None if the series does not start with a 0 or does not end with a 1. Sun
    and Brockhauser, Data Science Journal 21 (2022) 15, doi 10.5334/dsj-2022-015.
    """
    labels = np.asarray(class_index, dtype=np.int64)
    frames = np.flatnonzero(labels >= 0)
    labels = labels[frames]
    if not labels.size or labels[0] != 0 or labels[-1] != 1:
        return None
    zeros = int(np.argmax(labels != 0))
    ones = int(np.argmax(labels[::-1] != 1))
    return int(frames[zeros - 1]), int(frames[labels.size - ones])


def confidence(class_index: ArrayLike) -> float:
    """P_conf = 1 - N_f / N_t, N_f being the ambiguous spectra of N_t; 0 where there is no ambiguous region.

    It says whether the labels switch once along the series, and nothing about whether they are right.
    """
    labels = np.asarray(class_index, dtype=np.int64)
    region = ambiguous_region(labels)
    if region is None:
        return 0.0
    between = labels[region[0] + 1 : region[1]]
    return 1.0 - int(np.count_nonzero(between >= 0)) / int(np.count_nonzero(labels >= 0))


# -- boundaries ------------------------------------------------------------------------------------


def boundaries(
    classes: Sequence[str],
    probability: Floats,
    votes: Votes | None = None,
    pressure: Floats | None = None,
    bias: Floats | None = None,
) -> tuple[Boundary, ...]:
    """Where along a series one class gives way to another, with 90 % intervals.

    `probability` is (n_spectra, n_classes), NaN rows without a class; `pressure` (n_spectra,), GPa; `bias`
    (n_classes,) is what is added to the weighted vote. The series is cut into the stretches of one class
    that make the spectra most likely, a boundary costing as much as `CHANGE` log odds. With votes, the
    interval is where the boundary goes when every bin's say is redrawn at random; so it grows with the
    disagreement of the bins, and does not know what no bin knows: training spectra unlike these. Without
    votes it is the posterior of the change, one spectrum taken as independent of the next.
    """
    frames = np.flatnonzero(np.isfinite(probability).all(axis=1))
    if not frames.size:
        return ()
    known = probability[frames]
    stretches = _stretches(known)
    found = []
    for (first, _, one), (_, last, other) in pairwise(stretches):
        inside = frames[first : last + 1]
        place, low, high = (
            _posterior(known[first : last + 1], one, other)
            if votes is None
            else _redrawn(
                votes, inside, (one, other), 0.0 if bias is None else float(bias[other] - bias[one])
            )
        )
        frame, interval = int(inside[place]), (int(inside[low]), int(inside[high]))
        found.append(
            Boundary(
                classes[one],
                classes[other],
                frame,
                interval,
                *_pressures(pressure, frame, interval),
            )
        )
    return tuple(found)


def _stretches(probability: Floats) -> list[tuple[int, int, int]]:
    """(first, last, class) of the stretches of one class that are most likely in all (Viterbi)."""
    classes = probability.shape[1]
    gain = np.log((1.0 - DOUBT) * probability + DOUBT / classes)
    best, came = gain[0].copy(), np.zeros((len(gain), classes), dtype=np.int64)
    for frame in range(1, len(gain)):
        leader = int(np.argmax(best))
        change = best[leader] - CHANGE > best
        came[frame] = np.where(change, leader, np.arange(classes))
        best = np.where(change, best[leader] - CHANGE, best) + gain[frame]
    path = np.empty(len(gain), dtype=np.int64)
    path[-1] = np.argmax(best)
    for frame in range(len(gain) - 1, 0, -1):
        path[frame - 1] = came[frame, path[frame]]
    starts = np.flatnonzero(np.diff(path, prepend=-1))
    ends = np.append(starts[1:], len(path)) - 1
    return [(int(a), int(b), int(path[a])) for a, b in zip(starts, ends, strict=True)]


def _redrawn(votes: Votes, inside: Classes, pair: tuple[int, int], lead: float) -> tuple[int, int, int]:
    """First place among the frames `inside` of the second class of the pair, and where it may lie."""
    margin = votes.share[inside, :, pair[1]] - votes.share[inside, :, pair[0]]
    believability = votes.believability
    # the same stream for everyone: a boundary is a function of the votes
    draws = np.random.default_rng(0).gamma(DRAWN_FROM, size=(believability.size, DRAWS))
    weights = np.concatenate([believability[:, None], believability[:, None] * draws], axis=1)
    places = _turns(margin @ (weights / weights.sum(axis=0)) + lead)
    tail = (1.0 - LEVEL) / 2.0
    low, high = np.quantile(places[1:], [tail, 1.0 - tail])
    place = int(places[0])
    return place, min(place, int(np.floor(low))), max(place, int(np.ceil(high)))


def _turns(margin: Floats) -> Classes:
    """For each column of margins (n, m), the place from which on they are best taken for positive, not 0."""
    # a margin of a few percent is as clear as a margin can be
    before = np.cumsum(np.tanh(margin / DOUBT), axis=0)
    return np.asarray(np.argmin(before[:-1], axis=0) + 1)


def _posterior(probability: Floats, one: int, other: int) -> tuple[int, int, int]:
    """First place of the second class, and the middle 90 % of its posterior under a flat prior."""
    doubted = (1.0 - DOUBT) * probability + DOUBT / probability.shape[1]
    odds = np.log(doubted[:, other]) - np.log(doubted[:, one])
    evidence = -np.cumsum(odds)[:-1]
    weight = np.exp(evidence - evidence.max())
    below = np.cumsum(weight) / weight.sum()
    tail = (1.0 - LEVEL) / 2.0
    place = int(np.argmax(evidence)) + 1
    low, high = (int(np.searchsorted(below, each)) + 1 for each in (tail, 1.0 - tail))
    return place, min(place, low), max(place, min(high, len(below)))


def _pressures(
    pressure: Floats | None, frame: int, interval: tuple[int, int]
) -> tuple[float | None, tuple[float, float] | None]:
    """GPa at a boundary, which lies between two frames, and its least and largest over the interval."""
    if pressure is None or pressure.size <= max(interval):
        return None, None
    # the change to the first frame of the interval began after the frame before it
    over = [_pressure_at(pressure, place) for place in np.arange(interval[0] - 1, interval[1] + 0.25, 0.5)]
    if not np.isfinite(over).all():
        return None, None
    return _pressure_at(pressure, frame - 0.5), (min(over), max(over))


def _pressure_at(pressure: Floats, place: float) -> float:
    """GPa at a frame, or with a half between two, averaged over the frames near it to tame their errors."""
    reach = min(PRESSURE_OVER, place, pressure.size - 1 - place)
    around = pressure[int(np.ceil(place - reach)) : int(np.floor(place + reach)) + 1]
    around = around[np.isfinite(around)]
    return float(around.mean()) if around.size else float("nan")


# -- against truth ---------------------------------------------------------------------------------


def accuracy(class_index: ArrayLike, truth: ArrayLike) -> float:
    """Share of the spectra with a true class (not -1) that were given it; to give none is to be wrong."""
    given, right = np.asarray(class_index, dtype=np.int64), np.asarray(truth, dtype=np.int64)
    known = right >= 0
    return float(np.mean(given[known] == right[known])) if known.any() else float("nan")


@dataclass(frozen=True)
class Calibration:
    """Whether probabilities are what they say."""

    brier: float
    """Mean squared error of the probability vector, 0 to 2."""
    error: float
    """Expected calibration error: mean distance between how sure and how often right."""
    sure: Floats
    """(n_steps,): mean probability of the class given, by step of it; NaN where there is none."""
    right: Floats
    """(n_steps,): share of them that are right."""
    number: Classes
    """(n_steps,): how many spectra."""


def calibration(probability: Floats, truth: ArrayLike, steps: int = 10) -> Calibration:
    """Calibration of probabilities (n_spectra, n_classes) against true classes; NaN and -1 are left out."""
    labels = np.asarray(truth, dtype=np.int64)
    known = (labels >= 0) & np.isfinite(probability).all(axis=1)
    values, labels = probability[known], labels[known]
    classes = values.shape[1]
    sure, right = values.max(axis=1), values.argmax(axis=1) == labels
    least = 1.0 / classes
    step = np.clip(((sure - least) / (1.0 - least) * steps).astype(np.int64), 0, steps - 1)
    number = np.bincount(step, minlength=steps)
    with np.errstate(invalid="ignore"):
        mean_sure = np.bincount(step, weights=sure, minlength=steps) / number
        mean_right = np.bincount(step, weights=right, minlength=steps) / number
    gaps = np.abs(mean_sure - mean_right)[number > 0]
    return Calibration(
        float(np.mean(np.sum(np.square(values - np.eye(classes)[labels]), axis=1))),
        float(np.sum(gaps * number[number > 0]) / max(1, number.sum())),
        mean_sure,
        mean_right,
        number,
    )
