"""Where along a series one class gives way to another, with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

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
REACH = 60.0
"""Frames on either side of a change that its logistic curve is laid through."""
STEPS = 25
"""Of Newton's method: more than it takes."""
SLOPES = (0.02, 2.0)
"""Least and greatest slope of a logistic curve, per frame."""
BETWEEN = 0.5
"""Frames: a boundary lies between two, so that no place is less doubtful."""
ASTRAY = 0.25
"""Frames of doubt for each spectrum that is on the wrong side of a change by its probability; for each that
goes back on what was said before it there is a whole one. So intervals are narrow where spectra are clear and
wide where noise makes a classifier waver: chosen on held-out simulated ramps."""
LEAST_DOUBT = 0.05
"""GPa: how well a pressure is known from one frame to the next."""


@dataclass(frozen=True)
class Widths:
    """How far off boundaries were on held-out series, in units of their own doubt: split conformal widths.

    J. Lei et al., J. Am. Stat. Assoc. 113 (2018) 1094: of new boundaries, nine of ten lie within the 90 %
    quantile of the old errors, as long as the series are of one distribution.
    """

    frame: float
    """Of the error in frames, over the doubt in frames."""
    pressure: float
    """Of the error in GPa, over the doubt in GPa; infinite where no held-out series had a pressure."""
    number: int
    """Of boundaries that they were measured on."""

    @property
    def enough(self) -> bool:
        """Whether there were as many boundaries as a 90 % interval needs: nine."""
        return int(np.ceil((self.number + 1) * LEVEL)) <= self.number

    @classmethod
    def of(cls, frame: Sequence[float], pressure: Sequence[float]) -> Widths:
        """From the errors over their doubts; infinite for a boundary that was not found."""
        return cls(quantile_of_the_next(frame), quantile_of_the_next(pressure), len(frame))


@dataclass(frozen=True)
class Change:
    """Where a logistic curve through the probabilities of a pair of classes is one half."""

    one: int
    """Class before it."""
    other: int
    place: float
    """Frames: half-way between the last of `one` and the first of `other`, so 29.5 for a first frame 30."""
    doubt: float
    """Frames: what the error is measured in. A change that takes longer is harder to place, and so is one
    about which the classifier wavers."""


def quantile_of_the_next(scores: Sequence[float], level: float = LEVEL) -> float:
    """What the next score of the same distribution stays below with a probability of `level`.

    Infinite where there are too few scores to say.
    """
    rank = int(np.ceil((len(scores) + 1) * level))
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else float("inf")


def boundaries(
    classes: Sequence[str],
    probability: Floats,
    votes: Votes | None = None,
    pressure: Floats | None = None,
    bias: Floats | None = None,
    *,
    widths: Widths | None = None,
) -> tuple[Boundary, ...]:
    """Where along a series one class gives way to another, with 90 % intervals.

    `probability` is (n_spectra, n_classes), NaN rows without a class; `pressure` (n_spectra,), GPa; `bias`
    (n_classes,) is what is added to the weighted vote where that decides. The series is cut into the
    stretches of one class that make the spectra most likely, a boundary costing as much as `CHANGE` log
    odds.

    With `widths`, probabilities being calibrated, a boundary is where a logistic curve through them is one
    half, and the interval holds nine of ten boundaries of series like those the widths are from. Without,
    the interval is where the boundary goes when every bin's say is redrawn at random; so it grows with the
    disagreement of the bins, and does not know what no bin knows: training spectra unlike these. Where the
    votes do not decide (there is no `bias`), the boundary itself is that of the probabilities. Without votes
    either it is the posterior of the change, one spectrum taken as independent of the next. Which of
    the three it was is said with it.
    """
    if widths is not None:
        found = (
            _held_out(classes, change, pressure, widths, len(probability)) for change in changes(probability)
        )
        return tuple(found)
    frames = np.flatnonzero(np.isfinite(probability).all(axis=1))
    if not frames.size:
        return ()
    known = probability[frames]
    made = []
    for (first, _, one), (_, last, other) in pairwise(_stretches(known)):
        inside = frames[first : last + 1]
        place, low, high = _posterior(known[first : last + 1], one, other)
        if votes is not None:
            lead = 0.0 if bias is None else float(bias[other] - bias[one])
            turn, low, high = _redrawn(votes, inside, (one, other), lead)
            place = place if bias is None else turn
            low, high = min(low, place), max(high, place)
        frame, interval = int(inside[place]), (int(inside[low]), int(inside[high]))
        made.append(
            Boundary(
                classes[one],
                classes[other],
                frame,
                interval,
                *_pressures(pressure, frame, interval),
                interval_from="posterior" if votes is None else "bins",
            )
        )
    return tuple(made)


def changes(probability: Floats) -> tuple[Change, ...]:
    """Where the classes change along a series of calibrated probabilities (n_spectra, n_classes)."""
    frames = np.flatnonzero(np.isfinite(probability).all(axis=1))
    if not frames.size:
        return ()
    known = probability[frames]
    found = []
    for (first, _, one), (_, last, other) in pairwise(_stretches(known)):
        pair = known[first : last + 1][:, [one, other]]
        share = (1.0 - DOUBT) * pair[:, 1] / np.maximum(pair.sum(axis=1), 1e-12) + DOUBT / 2.0
        start = _posterior(known[first : last + 1], one, other)[0] - 0.5
        place = _logistic(share, start)
        at = np.interp(first + np.clip(place, 0.0, last - first), np.arange(frames.size), frames)
        found.append(Change(one, other, float(at), _doubt(pair, place)))
    return tuple(found)


def _doubt(pair: Floats, place: float) -> float:
    """How doubtful a place is, in frames, by the probabilities (n, 2) of the classes before and after it.

    A probability that rises once, and at once, leaves no doubt but what lies between two frames.
    """
    at = np.arange(len(pair))
    near = np.abs(at - place) <= REACH
    rising = pair[near, 1] / np.maximum(pair[near].sum(axis=1), 1e-12)
    astray = np.where(at[near] < place, rising, 1.0 - rising).sum()
    back = -np.minimum(np.diff(rising), 0.0).sum()
    return BETWEEN + float(back) + ASTRAY * float(astray)


def _logistic(share: Floats, start: float) -> float:
    """Where the logistic curve nearest to a share (n,) that rises from 0 to 1 is one half, by likelihood.

    Only what lies within `REACH` frames of the start counts. Newton's method, its steps kept short.
    """
    at = np.arange(share.size, dtype=np.float64)
    near = np.abs(at - start) <= REACH
    x, y = at[near] - start, share[near]
    slope, lift = 0.5, 0.0
    for _ in range(STEPS):
        model = 1.0 / (1.0 + np.exp(-np.clip(slope * x + lift, -40.0, 40.0)))
        weight = model * (1.0 - model) + 1e-9
        gradient = np.array([x @ (y - model), np.sum(y - model)])
        curvature = np.array([[weight @ x**2, weight @ x], [weight @ x, weight.sum()]])
        step = np.linalg.solve(curvature + 1e-6 * np.eye(2), gradient)
        slope = float(np.clip(slope + np.clip(step[0], -0.25, 0.25), SLOPES[0], SLOPES[1]))
        lift = float(np.clip(lift + np.clip(step[1], -2.0, 2.0), -40.0, 40.0))
    return float(np.clip(start - lift / slope, 0.0, share.size - 1.0))


def pressure_at(pressure: Floats | None, place: float) -> float:
    """GPa at a place in frames, averaged over the frames near it; NaN where it is not known."""
    if pressure is None or not 0 <= place <= pressure.size - 1:
        return float("nan")
    return _pressure_at(pressure, round(2.0 * place) / 2.0)


def doubt_in_pressure(pressure: Floats | None, change: Change) -> float:
    """The doubt of a change in GPa: that in frames, times how fast the pressure changes there."""
    if pressure is None:
        return float("nan")
    before, after = (min(max(change.place + step, 0.0), pressure.size - 1.0) for step in (-4.0, 4.0))
    rate = abs(pressure_at(pressure, after) - pressure_at(pressure, before)) / max(after - before, 1.0)
    return change.doubt * rate + LEAST_DOUBT


def _held_out(
    classes: Sequence[str], change: Change, pressure: Floats | None, widths: Widths, number: int
) -> Boundary:
    reach = min(widths.frame * change.doubt, float(number))
    middle = change.place + 0.5
    frame = int(np.clip(round(middle), 1, number - 1))
    low = min(frame, int(np.ceil(max(middle - reach, 0.0))))
    high = max(frame, int(np.floor(min(middle + reach, number - 1.0))))
    at = pressure_at(pressure, change.place)
    span = None
    if pressure is not None and np.isfinite(at):
        # nothing is known beyond the pressures of the series, so an interval ends with them
        least, most = float(np.nanmin(pressure)), float(np.nanmax(pressure))
        give = widths.pressure * doubt_in_pressure(pressure, change)
        span = (min(at, max(least, at - give)), max(at, min(most, at + give)))
    return Boundary(
        classes[change.one],
        classes[change.other],
        frame,
        (low, high),
        None if span is None else at,
        span,
        interval_from="held-out series",
    )


def _stretches(probability: Floats) -> list[tuple[int, int, int]]:
    """(first, last, class) of the stretches of one class that are most likely in all (Viterbi)."""
    classes = probability.shape[1]
    # numbers of Python: for a few classes they take a tenth of the time of arrays
    gain = np.log((1.0 - DOUBT) * probability + DOUBT / classes).tolist()
    best, came = gain[0], []
    for gained in gain[1:]:
        most = max(best)
        leader, from_leader = best.index(most), most - CHANGE
        came.append([leader if from_leader > own else each for each, own in enumerate(best)])
        best = [max(from_leader, own) + more for own, more in zip(best, gained, strict=True)]
    path = [best.index(max(best))]
    for before in reversed(came):
        path.append(before[path[-1]])
    path.reverse()
    starts = np.flatnonzero(np.diff(path, prepend=-1))
    ends = np.append(starts[1:], len(path)) - 1
    return [(int(a), int(b), int(path[a])) for a, b in zip(starts, ends, strict=True)]


def _redrawn(votes: Votes, inside: Classes, pair: tuple[int, int], lead: float) -> tuple[int, int, int]:
    """First place among the frames `inside` of the second class of the pair, and where it may lie."""
    margin = votes.share[inside, :, pair[1]] - votes.share[inside, :, pair[0]]
    believability = votes.believability
    weights = believability[:, None] * _draws(believability.size)
    places = _turns(margin @ (weights / weights.sum(axis=0)) + lead)
    tail = (1.0 - LEVEL) / 2.0
    low, high = np.quantile(places[1:], [tail, 1.0 - tail])
    place = int(places[0])
    return place, min(place, int(np.floor(low))), max(place, int(np.ceil(high)))


@cache
def _draws(bins: int) -> Floats:
    """(bins, 1 + `DRAWS`): by what the weight of a bin is multiplied, first by 1.

    The same for everyone: a boundary is a function of the votes.
    """
    drawn = np.random.default_rng(0).gamma(DRAWN_FROM, size=(bins, DRAWS))
    return np.concatenate([np.ones((bins, 1)), drawn], axis=1)


def _turns(margin: Floats) -> Classes:
    """For each column of margins (n, m), the place from which on they are best taken for positive, not 0."""
    # a margin of a few percent is as clear as a margin can be
    before = np.cumsum(np.tanh((margin / DOUBT).astype(np.float32)), axis=0, dtype=np.float64)
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
