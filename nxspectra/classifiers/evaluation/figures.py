"""How far labels and probabilities are right, against truth: accuracy, calibration, ranking of strangers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]


def accuracy(class_index: ArrayLike, truth: ArrayLike) -> float:
    """Share of the spectra with a true class (not -1) that were given it; to give none is to be wrong."""
    given, right = np.asarray(class_index, dtype=np.int64), np.asarray(truth, dtype=np.int64)
    known = right >= 0
    return float(np.mean(given[known] == right[known])) if known.any() else float("nan")


def balanced_accuracy(class_index: ArrayLike, truth: ArrayLike) -> float:
    """The mean over the true classes of the accuracy within each; to give none is to be wrong."""
    given, right = np.asarray(class_index, dtype=np.int64), np.asarray(truth, dtype=np.int64)
    shares = [float(np.mean(given[right == each] == each)) for each in np.unique(right[right >= 0])]
    return float(np.mean(shares)) if shares else float("nan")


def auroc(usual: ArrayLike, strange: ArrayLike) -> float:
    """How often a strange spectrum scores higher than a usual one; ties count half, NaN is the strangest."""
    low, high = (np.nan_to_num(np.asarray(each, np.float64), nan=np.inf) for each in (usual, strange))
    if not low.size or not high.size:
        return float("nan")
    ordered = np.sort(low)
    below = np.searchsorted(ordered, high, side="left") + np.searchsorted(ordered, high, side="right")
    return float(np.mean(below) / (2.0 * low.size))


@dataclass(frozen=True)
class Reliability:
    """Whether probabilities are what they say; sums, so that those of several series add up."""

    sure: Floats
    """(n_steps,): sum of the probabilities of the class given, by step of it."""
    right: Floats
    """(n_steps,): how many of them are right."""
    number: Floats
    """(n_steps,): how many spectra."""
    squares: float
    """Sum of the squared errors of the probability vectors."""

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.sure + other.sure,
            self.right + other.right,
            self.number + other.number,
            self.squares + other.squares,
        )

    @property
    def error(self) -> float:
        """Expected calibration error: mean distance between how sure and how often right; NaN for none."""
        total = self.number.sum()
        return float(np.abs(self.sure - self.right).sum() / total) if total else float("nan")

    @property
    def brier(self) -> float:
        """Mean squared error of the probability vector, 0 to 2; NaN for no spectra."""
        total = self.number.sum()
        return float(self.squares / total) if total else float("nan")


def reliability(probability: Floats, truth: ArrayLike, steps: int = 10) -> Reliability:
    """Of probabilities (n_spectra, n_classes) against true classes; NaN rows and -1 are left out."""
    labels = np.asarray(truth, dtype=np.int64)
    known = (labels >= 0) & np.isfinite(probability).all(axis=1)
    values, labels = probability[known], labels[known]
    classes = values.shape[1]
    if not len(values):
        nothing = np.zeros(steps)
        return Reliability(nothing, nothing, nothing, 0.0)
    sure, right = values.max(axis=1), values.argmax(axis=1) == labels
    least = 1.0 / classes
    step = np.clip(((sure - least) / (1.0 - least) * steps).astype(np.int64), 0, steps - 1)
    return Reliability(
        np.bincount(step, weights=sure, minlength=steps).astype(np.float64),
        np.bincount(step, weights=right, minlength=steps).astype(np.float64),
        np.bincount(step, minlength=steps).astype(np.float64),
        float(np.sum(np.square(values - np.eye(classes)[labels]))),
    )
