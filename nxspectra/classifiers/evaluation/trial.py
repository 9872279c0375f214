"""A model on trial: what its classification of a series is worth against truth, and of many series in all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nxspectra.classifiers.evaluation.boundary import pressure_at
from nxspectra.classifiers.evaluation.figures import (
    Reliability,
    accuracy,
    balanced_accuracy,
    reliability,
)
from nxspectra.spectra import Boundary, Classification

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]

NEAR = 50
"""Frames on either side of a true boundary within which calibration is told apart: further ones are easy."""
LOST = 60
"""Frames from a true boundary beyond which one that was found is another; an error is not counted higher."""
DRAWS = 2000
"""Times that the series are drawn anew for an interval."""
LEVEL = 0.9


@dataclass(frozen=True)
class Found:
    """A true boundary, and what was said of it."""

    truth: int
    """First frame of the class after it."""
    boundary: Boundary | None
    """The nearest one found between the same classes; None if there is none within `LOST` frames."""
    off: float
    """Frames from the true to the one found; `LOST` if there is none."""
    off_pressure: float
    """GPa, the same; NaN where the pressure is not known."""
    held: bool
    """Whether the interval holds the true frame."""
    held_pressure: bool
    """Whether the interval in GPa holds the pressure at the true boundary."""
    width: float
    """Frames of the interval."""
    width_pressure: float
    """GPa."""


@dataclass(frozen=True)
class Verdict:
    """What one classification of a series is worth."""

    name: str
    spectra: int
    """Those with a true class."""
    accuracy: float
    balanced_accuracy: float
    confidence: float
    """P_conf."""
    abstained: float
    """Share of the spectra with a true class that were given none."""
    boundaries: tuple[Found, ...]
    """One for each true boundary."""
    spurious: int
    """Boundaries found that are none."""
    whole: Reliability
    near: Reliability
    """Within `NEAR` frames of a true boundary."""

    def as_json(self) -> dict[str, Any]:
        """What is told of one series."""
        return {
            "accuracy": self.accuracy,
            "balanced_accuracy": self.balanced_accuracy,
            "P_conf": self.confidence,
            "abstained": self.abstained,
            "spurious": self.spurious,
            "ECE": _none(self.whole.error),
            "Brier": _none(self.whole.brier),
            "boundaries": [
                {
                    "truth": each.truth,
                    "found": None if each.boundary is None else each.boundary.frame,
                    "off": each.off,
                    "off_GPa": _none(each.off_pressure),
                    "held": each.held,
                    "held_GPa": each.held_pressure,
                    "width": _none(each.width),
                    "width_GPa": _none(each.width_pressure),
                }
                for each in self.boundaries
            ],
        }


@dataclass(frozen=True)
class Estimate:
    """A figure with its 90 % interval, by drawing the series anew."""

    value: float
    low: float
    high: float

    def as_json(self) -> list[float | None]:
        return [_none(self.value), _none(self.low), _none(self.high)]

    def __str__(self) -> str:
        return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g})"


def true_changes(truth: ArrayLike) -> list[tuple[int, int, int]]:
    """(class before, class after, first frame of it) along true classes (n_spectra,); -1 is passed over."""
    labels = np.asarray(truth, dtype=np.int64)
    known = np.flatnonzero(labels >= 0)
    at = np.flatnonzero(np.diff(labels[known])) + 1
    return [(int(labels[known[each - 1]]), int(labels[known[each]]), int(known[each])) for each in at]


def verdict(
    found: Classification, truth: ArrayLike, pressure: Floats | None = None, name: str = ""
) -> Verdict:
    """A classification against true classes (n_spectra,), indices into its classes, -1 where unknown.

    `pressure` (n_spectra,), GPa, is what the file says; the true pressure of a boundary is that at its frame.
    """
    labels = np.asarray(truth, dtype=np.int64)
    known = labels >= 0
    changes = true_changes(labels)
    near = np.zeros(labels.size, np.bool_)
    for _, _, frame in changes:
        near[max(frame - NEAR, 0) : frame + NEAR] = True
    probability = found.probability
    if probability is None:
        probability = np.full((labels.size, len(found.classes)), np.nan)
    left = list(found.boundaries)
    matched = []
    for one, other, frame in changes:
        pair = (found.classes[one], found.classes[other])
        fitting = [each for each in left if (each.from_class, each.to_class) == pair]
        best = min(fitting, key=lambda each: abs(each.frame - frame), default=None)
        if best is not None and abs(best.frame - frame) > LOST:
            best = None
        if best is not None:
            left.remove(best)
        matched.append(_found(best, frame, pressure))
    return Verdict(
        name=name,
        spectra=int(known.sum()),
        accuracy=accuracy(found.class_index, labels),
        balanced_accuracy=balanced_accuracy(found.class_index, labels),
        confidence=float("nan") if found.confidence is None else found.confidence,
        abstained=float(np.mean(found.class_index[known] < 0)) if known.any() else float("nan"),
        boundaries=tuple(matched),
        spurious=len(left),
        whole=reliability(probability, labels),
        near=reliability(probability, np.where(near, labels, -1)),
    )


def _found(boundary: Boundary | None, frame: int, pressure: Floats | None) -> Found:
    at = pressure_at(pressure, frame - 0.5)
    if boundary is None:
        return Found(frame, None, float(LOST), float("nan"), False, False, float("nan"), float("nan"))
    low, high = boundary.frame_interval
    span = boundary.pressure_interval
    return Found(
        frame,
        boundary,
        float(boundary.frame - frame),
        float("nan") if boundary.pressure is None else boundary.pressure - at,
        low <= frame <= high,
        span is not None and span[0] <= at <= span[1],
        float(high - low),
        float("nan") if span is None else span[1] - span[0],
    )


Statistic = Callable[[Floats], Floats]
"""From how often each series was drawn, (n_draws, n_series), to a figure for each draw."""


@dataclass(frozen=True)
class Summary:
    """What a model is worth over many series."""

    series: int
    figures: dict[str, Estimate]

    def as_json(self) -> dict[str, Any]:
        return {"series": self.series, **{name: each.as_json() for name, each in self.figures.items()}}


def summary(verdicts: Sequence[Verdict], seed: int = 0) -> Summary:
    """Figures over all series, each with a 90 % interval by a bootstrap over series, never over spectra."""
    drawn = _drawn(len(verdicts), seed)
    figures = {name: _estimate(_mean(values), drawn) for name, values in _columns(verdicts).items()}
    for word, which in (("ECE", "whole"), ("ECE near", "near")):
        figures[word] = _estimate(_pooled([getattr(each, which) for each in verdicts]), drawn)
    for word, which in (("Brier", "whole"), ("Brier near", "near")):
        reliabilities: list[Reliability] = [getattr(each, which) for each in verdicts]
        sums = np.array([each.squares for each in reliabilities])
        number = np.array([each.number.sum() for each in reliabilities])
        figures[word] = _estimate(_ratio(sums, number), drawn)
    return Summary(len(verdicts), figures)


def paired(one: Sequence[float], other: Sequence[float], seed: int = 0) -> Estimate:
    """The mean difference of two figures over the same series, with a 90 % interval by the bootstrap."""
    difference = np.asarray(one, np.float64) - np.asarray(other, np.float64)
    return _estimate(_mean(difference), _drawn(difference.size, seed))


def boundary_error(each: Verdict) -> float:
    """Mean over the true boundaries of a series of how many frames the one found is off; NaN without."""
    return float(np.mean([abs(found.off) for found in each.boundaries])) if each.boundaries else float("nan")


def _columns(verdicts: Sequence[Verdict]) -> dict[str, Floats]:
    def over(take: Callable[[Found], float]) -> Floats:
        return np.array([_nanmean([take(found) for found in each.boundaries]) for each in verdicts])

    return {
        "accuracy": np.array([each.accuracy for each in verdicts]),
        "balanced accuracy": np.array([each.balanced_accuracy for each in verdicts]),
        "boundary error, frames": np.array([boundary_error(each) for each in verdicts]),
        "boundary bias, frames": over(lambda found: found.off),
        "boundary error, GPa": over(lambda found: abs(found.off_pressure)),
        "interval holds, frames": over(lambda found: float(found.held)),
        "interval holds, GPa": over(lambda found: float(found.held_pressure)),
        "interval width, frames": over(lambda found: found.width),
        "interval width, GPa": over(lambda found: found.width_pressure),
        "spurious boundaries": np.array([float(each.spurious) for each in verdicts]),
        "P_conf": np.array([each.confidence for each in verdicts]),
        "abstained": np.array([each.abstained for each in verdicts]),
    }


def _nanmean(values: Sequence[float]) -> float:
    known = [each for each in values if np.isfinite(each)]
    return float(np.mean(known)) if known else float("nan")


def _drawn(number: int, seed: int) -> Floats:
    """How often each series is drawn: once each in the first row, then at random."""
    rng = np.random.default_rng(seed)
    again = rng.multinomial(number, np.full(number, 1.0 / number), size=DRAWS) if number else np.zeros((1, 0))
    return np.concatenate([np.ones((1, number)), again.astype(np.float64)])


def _estimate(statistic: Statistic, drawn: Floats) -> Estimate:
    values = statistic(drawn)
    again = values[1:][np.isfinite(values[1:])]
    tail = (1.0 - LEVEL) / 2.0
    low, high = np.quantile(again, [tail, 1.0 - tail]) if again.size else (np.nan, np.nan)
    return Estimate(float(values[0]), float(low), float(high))


def _mean(values: Floats) -> Statistic:
    known = np.isfinite(values)
    return _ratio(np.where(known, values, 0.0), known.astype(np.float64))


def _ratio(sums: Floats, number: Floats) -> Statistic:
    def of(drawn: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((drawn @ sums) / (drawn @ number))

    return of


def _pooled(each: Sequence[Reliability]) -> Statistic:
    """The expected calibration error of the spectra of all series together."""
    gaps = np.array([one.sure - one.right for one in each])
    number = np.array([one.number.sum() for one in each])

    def of(drawn: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.abs(drawn @ gaps).sum(axis=1) / (drawn @ number))

    return of


def _none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
