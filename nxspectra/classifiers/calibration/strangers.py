"""How strange a curve is, compared with the curves of held-out series; numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WIDTH = 0.04
"""Degrees over which points are averaged: less than a third of the narrowest line."""
HEIGHT = 3.0
"""Counts up to which heights are taken as they are; higher ones are compressed."""
COMPONENTS = 40
"""Ways in which usual curves are let differ, at most a quarter of the curves that show them."""
LEAST_NOISE = 1e-3
"""Share of the typical height that noise is not taken to be smaller than."""
GAUSSIAN = 0.6744897501960817
ACCEPTED = 0.95
"""Share of usual curves that are to be accepted."""


@dataclass(frozen=True)
class Detector:
    """What usual curves look like, and how far a curve may be from it.

    A curve is averaged over `WIDTH` and its heights are compressed. The score is what is left of it when the
    principal components of usual curves are taken off, root mean square, in units of the curve's own noise:
    a line where none should be, or one cut off, cannot be made of usual curves; noise can be of any level.
    """

    group: int
    """Points that are averaged."""
    mean: Floats
    """(n_inputs,)."""
    components: Floats
    """(n_components, n_inputs), orthonormal."""
    floor: float
    """The least noise."""
    threshold: float
    """Scores above it are of strangers."""

    @classmethod
    def fitted(cls, curves: Floats, two_theta: Floats) -> Self:
        """On usual curves (n_spectra, n_points), prepared; nothing is a stranger until `accepting`."""
        step = (two_theta[-1] - two_theta[0]) / max(1, two_theta.size - 1)
        group = int(np.clip(round(WIDTH / step), 1, max(1, two_theta.size // 8)))
        inputs = _inputs(curves, group)
        mean = inputs.mean(axis=0)
        number = max(1, min(COMPONENTS, len(curves) // 4, inputs.shape[1] - 1))
        _, _, rows = np.linalg.svd(inputs - mean, full_matrices=False)
        return cls(group, mean, rows[:number], LEAST_NOISE * float(inputs.std()), float("inf"))

    def accepting(self, curves: Floats, share: float = ACCEPTED) -> Detector:
        """The same with the threshold that accepts this share of other usual curves."""
        threshold = float(np.quantile(self(curves), share))
        return Detector(self.group, self.mean, self.components, self.floor, threshold)

    def __call__(self, curves: NDArray[np.floating[Any]]) -> Floats:
        """(n_spectra,), how strange each is; higher is stranger, about 1 is noise."""
        inputs = _inputs(curves, self.group)
        centred = inputs - self.mean
        left = centred - (centred @ self.components.T) @ self.components
        noise = np.full(len(inputs), self.floor)
        if inputs.shape[1] > 4:
            rough = np.median(np.abs(np.diff(inputs, n=2, axis=1)), axis=1) / (GAUSSIAN * np.sqrt(6.0))
            noise = np.maximum(noise, rough)
        return np.asarray(np.sqrt(np.mean(np.square(left), axis=1)) / np.maximum(noise, 1e-12))


def _inputs(curves: NDArray[np.floating[Any]], group: int) -> Floats:
    groups = curves.shape[1] // group
    means = curves[:, : groups * group].reshape(len(curves), groups, group).mean(axis=2)
    return np.asarray(np.arcsinh(means.astype(np.float64) / HEIGHT))
