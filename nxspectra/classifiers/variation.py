"""Curves as they might also have been measured, and which of them a step of training shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]


class Variation:
    """Curves as they might have been measured, had grains, beam energy and counting been a little other."""

    def __init__(
        self, curves: Singles, axis: Floats, *, spottiness: float, stretch: float, noise: float
    ) -> None:
        """`spottiness` is the standard deviation of the logarithm of what lines are made brighter or darker
        by, `stretch` the largest share by which the axis is stretched, and `noise` the most noise that is
        added, in units of that of the curves.
        """
        self.spottiness = spottiness
        self.stretch = stretch
        self.most_noise = noise
        self.axis = axis
        self.noise = _noise_along(curves)
        # a factor is independent of those more than about half a degree away
        self.knots = max(2, round(float(axis[-1] - axis[0]) / 0.5)) if axis.size > 1 else 2

    def __call__(self, curves: Singles, rng: np.random.Generator) -> Singles:
        """(n_spectra, n_inputs), new ones."""
        number, points = curves.shape
        if self.stretch and points > 1:
            curves = self._stretched(curves, rng)
        if self.spottiness:
            factors = np.float32(self.spottiness) * normal(rng, (number, self.knots))
            at = np.linspace(0.0, self.knots - 1.0, points)
            left = np.minimum(at.astype(np.int64), self.knots - 2)
            share = (at - left).astype(np.float32)
            curves = curves * np.exp(factors[:, left] * (1 - share) + factors[:, left + 1] * share)
        if self.most_noise:
            most = max(self.most_noise, 0.5)
            times = np.exp(rng.uniform(np.log(0.5), np.log(most), (number, 1))).astype(np.float32)
            curves = curves + times * self.noise * normal(rng, curves.shape)
        return curves

    def _stretched(self, curves: Singles, rng: np.random.Generator) -> Singles:
        number, points = curves.shape
        most = self.stretch
        axis = self.axis.astype(np.float32)
        step = np.float32((axis[-1] - axis[0]) / (points - 1))
        factor = 1.0 + rng.uniform(-most, most, (number, 1)).astype(np.float32)
        at = np.clip((axis * factor - axis[0]) / step, 0.0, points - 1.0)
        left = np.minimum(at.astype(np.int64), points - 2)
        share = (at - left).astype(np.float32)
        rows = np.arange(number)[:, np.newaxis]
        return np.asarray(curves[rows, left] * (1 - share) + curves[rows, left + 1] * share)


class Picks:
    """Which curves an iteration shows: as many of each class, drawn anew, some mixed with one of another."""

    def __init__(self, index: NDArray[np.int64], classes: int, at_once: int, *, mixed: float) -> None:
        self.of_class = [np.flatnonzero(index == each) for each in range(classes)]
        # a few labelled curves are not shown more than sixteen times each
        self.share = max(1, min(at_once, 16 * index.size) // classes)
        self.classes = classes
        self.mixed = mixed

    def draw(self, curves: Singles, members: int, rng: np.random.Generator) -> tuple[Singles, Singles]:
        """Curves (n_members, n_picked, n_inputs), and the probabilities wanted of them."""
        picked = [
            np.concatenate([rng.choice(each, self.share) for each in self.of_class]) for _ in range(members)
        ]
        shown = curves[np.stack(picked)]
        own = np.repeat(np.arange(self.classes), self.share)
        other = np.roll(np.arange(own.size), self.share)
        hot = np.eye(self.classes, dtype=np.float32)[own]
        if not self.mixed:
            return shown, np.broadcast_to(hot, (members, *hot.shape))
        chosen = rng.random(shown.shape[:2]) < self.mixed
        part = np.where(chosen, rng.random(shown.shape[:2]), 0.0)[..., np.newaxis].astype(np.float32)
        wanted = np.where(part < 0.5, hot, hot[other])
        return (1 - part) * shown + part * shown[:, other], wanted


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Singles:
    return rng.standard_normal(shape, dtype=np.float32)


def _noise_along(curves: Singles) -> Singles:
    """(n_inputs,): standard deviation of the noise along the axis of averaged curves, smooth."""
    points = curves.shape[1]
    if points < 4:
        return np.zeros(points, np.float32)
    rough = np.median(np.abs(np.diff(curves, n=2, axis=1)), axis=0) / (0.6745 * np.sqrt(6.0))
    reach = min(10, (points - 1) // 2)
    padded = np.pad(rough, (reach + 1, reach + 1), mode="edge")
    return np.convolve(padded, np.full(2 * reach + 1, 1.0 / (2 * reach + 1)), "valid").astype(np.float32)
