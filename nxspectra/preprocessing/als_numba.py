"""The same background compiled by numba: sixteen curves interleaved, so that the recurrences run side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from nxspectra.preprocessing.als import penalty

Floats = NDArray[np.float64]

LANES = 16
"""Curves in a slab: enough to hide the latency of a division, few enough to stay in the cache."""


def _compiled(function: Any) -> Any:
    # plain threads around a kernel that lets go of the interpreter, and not numba's own parallel
    # layer: that one ends the process when it is entered from two threads or after a fork
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder to keep the machine code in
        return numba.njit(nogil=True)(function)


def in_slabs(curves: Floats, smoothness: float, asymmetry: float, iterations: int) -> Floats:
    """The background of `curves` (n_spectra, n_points), one slab of sixteen after another on each thread."""
    main, off = penalty(curves.shape[1], smoothness)
    result = np.empty_like(curves)
    starts = range(0, curves.shape[0], LANES)

    def slab(start: int) -> None:
        part = slice(start, start + LANES)
        _slab(curves[part], result[part], main, off, smoothness, asymmetry, iterations)

    threads = min(numba.config.NUMBA_NUM_THREADS, len(starts))
    if threads <= 1:
        for start in starts:
            slab(start)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(slab, starts))
    return result


@_compiled
def _slab(
    curves: Any, result: Any, main: Any, off: Any, outer: float, asymmetry: float, iterations: int
) -> None:
    used, n_points = curves.shape
    # rows of a fixed length let the compiler unroll; lanes without a curve stay zero and do no harm
    y = np.zeros((n_points, LANES))
    weights = np.ones((n_points, LANES))
    z = np.zeros((n_points, LANES))
    inverse = np.empty((n_points, LANES))
    l1 = np.empty((n_points, LANES))
    u = np.zeros(LANES)
    frozen = np.zeros(LANES, dtype=np.bool_)
    counted = np.zeros(LANES, dtype=np.int64)
    for lane in range(used):
        for i in range(n_points):
            y[i, lane] = curves[lane, i]
            result[lane, i] = 0.0
    for lane in range(used, LANES):
        frozen[lane] = True
    for _ in range(iterations):
        u[:] = 0.0
        for i in range(n_points):
            for lane in range(LANES):
                d = weights[i, lane] + main[i]
                g = weights[i, lane] * y[i, lane]
                if i > 0:
                    d -= u[lane] * l1[i - 1, lane]
                    g -= l1[i - 1, lane] * z[i - 1, lane]
                if i > 1:
                    d -= outer * (outer * inverse[i - 2, lane])
                    g -= (outer * inverse[i - 2, lane]) * z[i - 2, lane]
                inverse[i, lane] = 1.0 / d
                z[i, lane] = g
                u[lane] = (off[i] if i < n_points - 1 else 0.0) - (l1[i - 1, lane] * outer if i > 0 else 0.0)
                l1[i, lane] = u[lane] * inverse[i, lane]
        for i in range(n_points - 1, -1, -1):
            for lane in range(LANES):
                value = z[i, lane] * inverse[i, lane]
                if i < n_points - 1:
                    value -= l1[i, lane] * z[i + 1, lane]
                if i < n_points - 2:
                    value -= (outer * inverse[i, lane]) * z[i + 2, lane]
                z[i, lane] = value
        for lane in range(used):
            if not frozen[lane]:
                for i in range(n_points):
                    result[lane, i] = z[i, lane]
        changed = False
        counted[:] = 0
        for i in range(n_points):
            for lane in range(LANES):
                new = 0.0
                if y[i, lane] > z[i, lane]:
                    new = asymmetry
                elif y[i, lane] < z[i, lane]:
                    new = 1.0 - asymmetry
                if new != weights[i, lane] and not frozen[lane]:
                    changed = True
                weights[i, lane] = new
                if new != 0.0:
                    counted[lane] += 1
        if not changed:
            return
        for lane in range(LANES):
            # fewer than two points that count leave the line undetermined: the curve is its own background
            if counted[lane] < 2 and not frozen[lane]:
                frozen[lane] = True
        for lane in range(LANES):
            if frozen[lane]:
                for i in range(n_points):
                    weights[i, lane] = 1.0
