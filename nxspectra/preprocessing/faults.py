"""What a detector adds to a curve that the sample did not: gaps, single hot pixels, spikes at the ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nxspectra.preprocessing.engines import Engine, compiled_form

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

GAUSSIAN = 0.6744897501960817
"""The median of |x| when x is normal with standard deviation 1."""
SCALE = GAUSSIAN * float(np.sqrt(2.0))
"""The median of the absolute difference of two such x that are independent."""
STRETCH = 128
"""Points over which the noise is taken to be the same."""
TOGETHER = 32
"""Curves treated at once: what is computed on the way stays in the cache."""


def fill_gaps(curve: Floats, there: NDArray[np.bool_]) -> Floats:
    """The curve (n_points,) with what is not `there` interpolated from its neighbours."""
    at = np.arange(curve.size)
    return np.interp(at, at[there], curve[there])


def noise_of(curves: Floats) -> Floats:
    """Standard deviation of the noise of each curve, (n_spectra,), from differences of neighbouring points.

    The median of their absolute values: lines, being smooth, and spikes, being few, do not count. Where
    neighbours are correlated, as after azimuthal integration, it is smaller than that of one point.
    """
    return np.median(_roughness(curves), axis=1)


def local_noise_of(curves: Floats) -> Floats:
    """The same for each stretch of 128 points, (n_spectra, n_stretches): it grows where pixels are few.

    The last stretch goes on to the end of the curve.
    """
    rough = _roughness(curves)
    stretches = max(1, curves.shape[1] // STRETCH)
    width = rough.shape[1] // stretches
    return np.median(rough[:, : stretches * width].reshape(curves.shape[0], stretches, width), axis=2)


def _roughness(curves: Floats) -> Floats:
    # every other pair of neighbours: half the work, and no two differences share a point
    pairs = curves.shape[1] // 2 * 2
    rough: Floats = np.abs(curves[:, 1:pairs:2] - curves[:, 0:pairs:2]) / SCALE
    return rough


def cut_spikes(
    two_theta: Floats, curves: Floats, width: float, threshold: float, engine: Engine = "fastest"
) -> None:
    """Cut spikes narrower than `width` degrees off curves (n_spectra, n_points), straight across, in place.

    A point is in a spike when it stands above both points a `width` away by more than `threshold` times the
    noise there and by more than half of their height; a line would have to be narrower than three times
    `width` to do so.
    """
    step = (two_theta[-1] - two_theta[0]) / (two_theta.size - 1)
    reach = max(1, int(np.ceil(width / step)))
    if two_theta.size <= 2 * reach + 2:
        return
    form = compiled_form("faults_numba", engine)
    if form is not None:
        form.cut_spikes(curves, reach, threshold, STRETCH, SCALE)
        return
    for start in range(0, curves.shape[0], TOGETHER):
        _cut_spikes(curves[start : start + TOGETHER], reach, threshold)


def _cut_spikes(curves: Floats, reach: int, threshold: float) -> None:
    noise = threshold * local_noise_of(curves)
    foot = np.maximum(curves[:, : -2 * reach], curves[:, 2 * reach :])
    excess = curves[:, reach:-reach] - foot
    foot *= 0.5
    candidate = excess > np.maximum(foot, noise.min(axis=1, keepdims=True))
    rows, points = np.nonzero(candidate)
    stretch = np.minimum((points + reach) // STRETCH, noise.shape[1] - 1)
    sure = excess[rows, points] > noise[rows, stretch]
    for row, first, last in _runs(rows[sure], points[sure] + reach, reach // 2):
        before, after = max(first - 1, 0), min(last + 1, curves.shape[1] - 1)
        curves[row, before : after + 1] = np.linspace(
            curves[row, before], curves[row, after], after - before + 1
        )


def _runs(rows: Indices, points: Indices, margin: int) -> Iterator[tuple[int, int, int]]:
    """Row, first and last point of each spike, a margin on either side, spikes that touch taken together."""
    apart = (np.diff(rows) != 0) | (np.diff(points) > 2 * margin + 1)
    edges = [0, *(np.flatnonzero(apart) + 1).tolist(), rows.size]
    for first, end in pairwise(edges):
        if end > first:
            yield int(rows[first]), int(points[first]) - margin, int(points[end - 1]) + margin


def cut_edge_spikes(two_theta: Floats, curves: Floats, width: float, engine: Engine = "fastest") -> None:
    """Cut what rises within `width` degrees of either end down to what lies next to it, in place.

    There few pixels are left to average over. A point is cut when it stands twice as high above the median of
    the three widths next to it as the highest of them, and becomes that median.
    """
    points = int(np.searchsorted(two_theta, two_theta[0] + width))
    if points < 1 or two_theta.size < 8 * points + 8:
        return
    form = compiled_form("faults_numba", engine)
    if form is not None:
        form.cut_edges(curves, points)
        return
    for end in (curves, curves[:, ::-1]):
        edge, beside = end[:, :points], end[:, points : 4 * points]
        level = np.median(beside, axis=1, keepdims=True)
        limit = 2.0 * beside.max(axis=1, keepdims=True) - level
        np.copyto(edge, level, where=edge > limit)


@dataclass(frozen=True)
class Looks:
    """What shows at first sight whether curves (n_spectra, n_points) can be used."""

    finite: NDArray[np.bool_]
    """(n_spectra,), everywhere? The others say nothing where this is False."""
    least: Floats
    """(n_spectra,), the least value."""
    at_least: Floats
    """(n_spectra,), share of the points that have it."""
    plateau: NDArray[np.int64]
    """(n_spectra,), how many points at the most, one beside the other, have the greatest value."""

    @classmethod
    def of(cls, curves: Floats, engine: Engine = "fastest") -> Looks:
        form = compiled_form("faults_numba", engine)
        if form is not None:
            return cls(*form.looks(np.ascontiguousarray(curves)))
        least = curves.min(axis=1)
        return cls(
            np.asarray(np.isfinite(curves).all(axis=1)),
            least,
            (curves == least[:, np.newaxis]).mean(axis=1),
            _longest(curves == curves.max(axis=1, keepdims=True)),
        )


def _longest(there: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The longest run of True in each row."""
    rows, points = np.nonzero(np.diff(there, axis=1, prepend=False, append=False))
    longest = np.zeros(len(there), np.int64)
    np.maximum.at(longest, rows[::2], points[1::2] - points[::2])
    return longest
