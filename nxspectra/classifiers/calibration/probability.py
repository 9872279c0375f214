"""Probabilities corrected on held-out series: by a temperature and a bias, or by a rising step function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from nxspectra.errors import UsageError

Floats = NDArray[np.float64]
Method = Literal["temperature", "isotonic"]

LEAST = 1e-6
"""No probability is taken for smaller: the logarithm of it is what is corrected."""
STEPS = 60
"""Of Newton's method, more than it takes."""
RIDGE = 1e-4
"""How much the correction is held to none, so that classes that are told apart for certain have one."""


@dataclass(frozen=True)
class Correction:
    """What turns the probabilities of a classifier into calibrated ones.

    A temperature and a bias: p' = softmax(slope * log p + bias), after C. Guo et al., arXiv 1706.04599, with
    the bias of J. Platt. If there are `knots`, each p' is then replaced by the value of a function that
    never falls, by isotonic regression: B. Zadrozny and C. Elkan, KDD 2002, and the rows are scaled to 1.
    """

    method: Method
    slope: float
    """1 / temperature."""
    bias: Floats
    """(n_classes,), they sum to 0."""
    knots: Floats
    """(n_knots,), ascending probabilities; none for the method `temperature`."""
    values: Floats
    """(n_knots,), what they become, never falling."""

    @classmethod
    def fitted(
        cls, probability: Floats, class_index: NDArray[np.int64], weight: Floats, method: Method
    ) -> Self:
        """On probabilities (n_spectra, n_classes) of held-out spectra with known classes, each of a weight.

        Raises UsageError for a method that there is not.
        """
        if method not in get_args(Method):
            raise UsageError(f"no method {method!r} of calibration; there are {', '.join(get_args(Method))}")
        slope, bias = _temperature(_logs(probability), class_index, weight)
        nothing = np.zeros(0)
        first = cls("temperature", slope, bias, nothing, nothing)
        if method == "temperature":
            return first
        once = first(probability)
        right = np.eye(probability.shape[1])[class_index]
        knots, values = isotonic(once.reshape(-1), right.reshape(-1), np.repeat(weight, probability.shape[1]))
        return cls("isotonic", slope, bias, knots, values)

    def __call__(self, probability: Floats) -> Floats:
        """Calibrated probabilities (n_spectra, n_classes); rows of NaN stay so."""
        sharp = self.slope * _logs(probability) + self.bias
        odds = np.exp(sharp - sharp.max(axis=1, keepdims=True))
        corrected = odds / odds.sum(axis=1, keepdims=True)
        if self.knots.size:
            corrected = np.interp(corrected, self.knots, self.values)
            corrected /= corrected.sum(axis=1, keepdims=True)
        corrected[~np.isfinite(probability).all(axis=1)] = np.nan
        return np.asarray(corrected)


def isotonic(score: Floats, right: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Knots and values of the function that never falls and fits `right` (0 or 1) best, (n_knots,) each.

    Pool adjacent violators: M. Ayer et al., Ann. Math. Stat. 26 (1955) 641. Each block keeps half a right and
    half a wrong spectrum in mind (Laplace), so that none is certain.
    """
    order = np.argsort(score, kind="stable")
    blocks: list[list[float]] = []  # sum of weight * right, sum of weight, sum of weight * score
    for each in order:
        blocks.append([weight[each] * right[each], weight[each], weight[each] * score[each]])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [one + other for one, other in zip(blocks[-1], last, strict=True)]
    hits, total, at = np.array(blocks).T
    knots, values = at / total, (hits + 0.5) / (total + 1.0)
    return knots, np.maximum.accumulate(values)


def _logs(probability: Floats) -> Floats:
    return np.log(np.clip(np.nan_to_num(probability, nan=1.0), LEAST, 1.0))


def _temperature(logs: Floats, class_index: NDArray[np.int64], weight: Floats) -> tuple[float, Floats]:
    """Slope and bias that make the known classes most likely, by Newton's method on a convex problem."""
    number, classes = logs.shape
    features = np.zeros((number, classes, classes + 1))
    features[:, :, 0] = logs
    features[:, np.arange(classes), 1 + np.arange(classes)] = 1.0
    start = np.zeros(classes + 1)
    start[0] = 1.0
    theta, share = start.copy(), weight / weight.sum()
    wanted = features[np.arange(number), class_index]
    for _ in range(STEPS):
        z = features @ theta
        odds = np.exp(z - z.max(axis=1, keepdims=True))
        chance = odds / odds.sum(axis=1, keepdims=True)
        mean = np.einsum("nk,nkj->nj", chance, features)
        gradient = share @ (wanted - mean) - RIDGE * (theta - start)
        spread = np.einsum("nk,nki,nkj->nij", chance, features, features)
        spread -= np.einsum("ni,nj->nij", mean, mean)
        curvature = np.einsum("n,nij->ij", share, spread) + RIDGE * np.eye(classes + 1)
        step = np.linalg.solve(curvature, gradient)
        theta = theta + step / max(1.0, float(np.abs(step).max()) / 2.0)
        # a falling correction would turn the labels round
        theta[0] = max(theta[0], 1e-3)
        if np.abs(step).max() < 1e-9:
            break
    bias = theta[1:] - theta[1:].mean()
    return float(theta[0]), bias
