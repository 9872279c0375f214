"""The same background compiled by numba: sixteen curves interleaved, so that recurrences run side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nxspectra.preprocessing.als import penalty
from nxspectra.preprocessing.kernels import compiled, inlined, on_threads

Floats = NDArray[np.float64]

LANES = 16
"""Curves in a slab: enough to hide the latency of a division, few enough to stay in the cache."""


def in_slabs(curves: Floats, smoothness: float, asymmetry: float, iterations: int) -> Floats:
    """The background of `curves` (n_spectra, n_points), a share of them on each thread."""
    main, off = penalty(curves.shape[1], smoothness)
    result = np.empty_like(curves)
    on_threads(
        lambda part: _treat(curves[part], result[part], main, off, smoothness, asymmetry, iterations),
        len(curves),
        LANES,
    )
    return result


@inlined
def _eliminate(  # noqa: PLR0917
    y: Any, weights: Any, z: Any, inverse: Any, l1: Any, u: Any, main: Any, off: Any
) -> None:
    """LDL' of the matrix into `inverse` (of D) and `l1`, and L g = weights * y solved into `z`."""
    n_points = y.shape[0]
    outer = main[0]
    for k in range(LANES):
        inverse[0, k] = 1.0 / (weights[0, k] + main[0])
        z[0, k] = weights[0, k] * y[0, k]
        u[k] = off[0]
        l1[0, k] = u[k] * inverse[0, k]
    for k in range(LANES):
        inverse[1, k] = 1.0 / (weights[1, k] + main[1] - u[k] * l1[0, k])
        z[1, k] = weights[1, k] * y[1, k] - l1[0, k] * z[0, k]
        u[k] = off[1] - l1[0, k] * outer
        l1[1, k] = u[k] * inverse[1, k]
    for i in range(2, n_points):
        for k in range(LANES):
            near, far = l1[i - 1, k], outer * inverse[i - 2, k]
            inverse[i, k] = 1.0 / (weights[i, k] + main[i] - u[k] * near - outer * far)
            z[i, k] = weights[i, k] * y[i, k] - near * z[i - 1, k] - far * z[i - 2, k]
            u[k] = off[i] - near * outer if i < n_points - 1 else 0.0
            l1[i, k] = u[k] * inverse[i, k]


@inlined
def _substitute(  # noqa: PLR0917
    y: Any, weights: Any, z: Any, inverse: Any, l1: Any, outer: float, asymmetry: float
) -> Any:
    """`z` solved backwards, and the `weights` that follow; how many changed, and how many are zero."""
    n_points = y.shape[0]
    changed, zeros = 0, 0
    for i in range(n_points - 1, -1, -1):
        for k in range(LANES):
            value = z[i, k] * inverse[i, k]
            if i < n_points - 1:
                value -= l1[i, k] * z[i + 1, k]
            if i < n_points - 2:
                value -= (outer * inverse[i, k]) * z[i + 2, k]
            z[i, k] = value
            weight = asymmetry if y[i, k] > value else 1.0 - asymmetry
            weight = 0.0 if y[i, k] == value else weight
            changed += 1 if weight != weights[i, k] else 0
            zeros += 1 if weight == 0.0 else 0
            weights[i, k] = weight
    return changed, zeros


@compiled
def _settle(weights: Any, z: Any, settled: Any, result: Any) -> None:
    """Fewer than two points that count leave the line undetermined: then it stays as it is."""
    n_points = z.shape[0]
    for k in range(LANES):
        counted = 0
        for i in range(n_points):
            counted += 1 if weights[i, k] != 0.0 else 0
        if counted < 2:
            for i in range(n_points):
                if k < result.shape[0] and not settled[k]:
                    result[k, i] = z[i, k]
                weights[i, k] = 1.0
            settled[k] = True


@compiled
def _treat(  # noqa: PLR0917
    curves: Any, result: Any, main: Any, off: Any, outer: float, asymmetry: float, iterations: int
) -> None:
    """The background of `curves` into `result`, slab by slab in the same work space."""
    n_curves, n_points = curves.shape
    y, weights, z = np.empty((n_points, LANES)), np.empty((n_points, LANES)), np.empty((n_points, LANES))
    inverse, l1, u = np.empty((n_points, LANES)), np.empty((n_points, LANES)), np.empty(LANES)
    settled = np.empty(LANES, dtype=np.bool_)
    for start in range(0, n_curves, LANES):
        used = min(LANES, n_curves - start)
        for i in range(n_points):
            for k in range(LANES):
                # lanes without a curve of their own repeat one
                y[i, k] = curves[start + min(k, used - 1), i]
                weights[i, k] = 1.0
        settled[:] = False
        for _ in range(iterations):
            _eliminate(y, weights, z, inverse, l1, u, main, off)
            changed, zeros = _substitute(y, weights, z, inverse, l1, outer, asymmetry)
            if changed == 0:
                break
            if zeros > n_points - 2:
                _settle(weights, z, settled, result[start : start + used])
        for k in range(used):
            if not settled[k]:
                for i in range(n_points):
                    result[start + k, i] = z[i, k]
