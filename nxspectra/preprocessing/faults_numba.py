"""Faults of the detector found and mended by numba, curve by curve; the answers are those of `faults`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nxspectra.preprocessing.kernels import compiled, inlined, on_threads

Floats = NDArray[np.float64]

TOGETHER = 8
"""Curves that are worth a thread."""


def cut_spikes(curves: Floats, reach: int, threshold: float, stretch: int, scale: float) -> None:
    """Cut spikes off `curves` (n_spectra, n_points) in place, as `faults.cut_spikes` says.

    `stretch` is the number of points over which the noise is the same, `scale` what the median of absolute
    differences of neighbours is divided by to be a standard deviation.
    """
    on_threads(
        lambda part: _cut_spikes(curves[part], reach, threshold, stretch, scale), len(curves), TOGETHER
    )


def cut_edges(curves: Floats, points: int) -> None:
    """Cut what rises at the ends of `curves` in place, as `faults.cut_edge_spikes` says."""
    on_threads(lambda part: _cut_edges(curves[part], points), len(curves), TOGETHER)


def looks(curves: Floats) -> tuple[NDArray[np.bool_], Floats, Floats, NDArray[np.int64]]:
    """The members of `faults.Looks`."""
    finite, plateau = np.empty(len(curves), np.bool_), np.empty(len(curves), np.int64)
    least, at_least = np.empty(len(curves)), np.empty(len(curves))
    on_threads(
        lambda part: _look(curves[part], finite[part], least[part], at_least[part], plateau[part]),
        len(curves),
        TOGETHER,
    )
    return finite, least, at_least, plateau


@compiled
def _look(curves: Any, finite: Any, least: Any, at_least: Any, plateau: Any) -> None:
    n_curves, n_points = curves.shape
    for row in range(n_curves):
        curve = curves[row]
        total, low, high = 0.0, curve[0], curve[0]
        for i in range(n_points):
            value = curve[i]
            total += value * 0.0  # stays 0 unless one is not finite
            low = value if value < low else low
            high = value if value > high else high
        lowest, highest = 0, 0
        for i in range(n_points):
            lowest += 1 if curve[i] == low else 0
            highest += 1 if curve[i] == high else 0
        finite[row], least[row], at_least[row] = total == 0.0, low, lowest / n_points
        plateau[row] = highest if highest < 2 else _longest(curve, high)


@compiled
def _longest(curve: Any, value: float) -> Any:
    """The longest run of points that have this value."""
    run, longest = 0, 0
    for i in range(curve.shape[0]):
        run = run + 1 if curve[i] == value else 0
        longest = max(longest, run)
    return longest


@inlined
def _differences(curve: Any, number: int, scratch: Any, scale: float) -> None:
    """What neighbours in stretch `number` of a curve differ by, (width,), as standard deviations."""
    for k in range(scratch.shape[0]):
        at = 2 * (number * scratch.shape[0] + k)
        scratch[k] = abs(curve[at + 1] - curve[at]) / scale


@inlined
def _is_below_median(value: float, scratch: Any) -> Any:
    """Is it certain that the median of `scratch` is not less? Counting is much quicker than a median."""
    below = 0
    for k in range(scratch.shape[0]):
        below += 1 if scratch[k] < value else 0
    return 2 * below < scratch.shape[0] - 1


@inlined
def _highest(curve: Any, start: int, end: int, reach: int) -> Any:
    """How far the point that stands out most stands above both points `reach` away; 0 if none does."""
    highest = 0.0
    middle, left, right = curve[start:end], curve[start - reach :], curve[start + reach :]
    for i in range(middle.shape[0]):
        foot = left[i] if left[i] > right[i] else right[i]
        excess = middle[i] - foot
        excess = excess if excess > 0.5 * foot else 0.0
        highest = excess if excess > highest else highest
    return highest


@compiled
def _straighten(curve: Any, first: int, last: int) -> None:
    """A straight line over the points first to last and their neighbours."""
    before, after = max(first - 1, 0), min(last + 1, curve.shape[0] - 1)
    start, stop = curve[before], curve[after]
    step = (stop - start) / (after - before)
    for i in range(before + 1, after):
        curve[i] = (i - before) * step + start


@compiled
def _cut_spikes(curves: Any, reach: int, threshold: float, stretch: int, scale: float) -> None:
    n_curves, n_points = curves.shape
    n_stretches = max(1, n_points // stretch)
    noise = np.empty(n_stretches)
    scratch, found = np.empty((n_points // 2) // n_stretches), np.empty(n_points, np.int64)
    margin = reach // 2
    for row in range(n_curves):
        curve = curves[row]
        suspect = False
        for at in range(n_stretches):
            noise[at] = np.inf
            start = max(reach, at * stretch)
            end = min(n_points - reach, (at + 1) * stretch if at < n_stretches - 1 else n_points)
            highest = _highest(curve, start, end, reach)
            if highest > 0.0:
                _differences(curve, at, scratch, scale)
                # a hair more, so that rounding never hides a spike
                if not _is_below_median(highest / threshold * (1.0 + 1e-9), scratch):
                    noise[at] = np.median(scratch)
                    suspect = True
        if suspect:
            _cut_suspects(curve, noise, found, reach, margin, threshold, stretch)


@compiled
def _cut_suspects(  # noqa: PLR0917
    curve: Any, noise: Any, found: Any, reach: int, margin: int, threshold: float, stretch: int
) -> None:
    """Cut what stands above the noise of its stretch; infinite noise says that nothing there does."""
    number = 0
    for i in range(reach, curve.shape[0] - reach):
        foot = max(curve[i - reach], curve[i + reach])
        excess = curve[i] - foot
        if excess > 0.5 * foot and excess > threshold * noise[min(i // stretch, noise.shape[0] - 1)]:
            found[number] = i
            number += 1
    first = 0
    for k in range(1, number + 1):
        if k == number or found[k] - found[k - 1] > 2 * margin + 1:
            _straighten(curve, found[first] - margin, found[k - 1] + margin)
            first = k


@compiled
def _cut_edges(curves: Any, points: int) -> None:
    n_curves, n_points = curves.shape
    beside = np.empty(3 * points)
    for row in range(n_curves):
        for end in range(2):
            highest, top = -np.inf, -np.inf
            for k in range(points):
                top = max(top, curves[row, k if end == 0 else n_points - 1 - k])
            for k in range(3 * points):
                at = points + k
                beside[k] = curves[row, at if end == 0 else n_points - 1 - at]
                highest = max(highest, beside[k])
            if top <= highest:  # no median can make the limit lower
                continue
            level = np.median(beside)
            limit = 2.0 * highest - level
            for k in range(points):
                at = k if end == 0 else n_points - 1 - k
                if curves[row, at] > limit:
                    curves[row, at] = level
