"""The same background compiled by numba: twelve curves side by side, and one pass over them an iteration.

The system of an iteration is solved from one end of the curve to the other and back. On the way back a point
has its answer, and so its next weight, and the next system can be begun there at once, from that end: what
would be two passes over memory is one, and memory is what takes the time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nxspectra.preprocessing.als import penalty
from nxspectra.preprocessing.kernels import compiled, inlined, on_threads

Floats = NDArray[np.float64]

TOGETHER = 12
"""Curves side by side: enough to hide the latency of a division, few enough to stay in the cache."""
LANES = np.uint64(TOGETHER)
# unsigned, since an index that may be negative keeps a loop over lanes from being vectorised, and in one
# array, since two that may overlap do too
Y, Z, G, D, U, COUNT, POINT = (np.uint64(field * TOGETHER) for field in range(7))
"""Where in the record of a point the lanes of a field begin: the curve, the answer, what elimination has made
of the right-hand side, 1 / its pivot, its coupling to the point ahead, and counts so far; its length."""
CHANGED = float(2**20)
"""What a changed weight adds to a count, to which one that is not zero adds 1."""
EDGE = np.uint64(2)
"""Records of zeros before the first point and after the last, so that all points have neighbours."""


def in_slabs(curves: Floats, smoothness: float, asymmetry: float, iterations: int) -> Floats:
    """The background of `curves` (n_spectra, n_points), a share of them on each thread."""
    main, off = penalty(curves.shape[1], smoothness)
    coupling = np.concatenate([[0.0], off, [0.0]])
    result = np.empty_like(curves)
    on_threads(
        lambda part: _treat(curves[part], result[part], main, coupling, smoothness, asymmetry, iterations),
        len(curves),
        TOGETHER,
    )
    return result


@inlined
def _eliminate(  # noqa: PLR0917
    work: Any, here: Any, one: Any, two: Any, lane: Any, weight: Any, main: Any, ahead: Any, outer: Any
) -> None:
    """The row of a point and of a lane taken out of the system; `one` and `two` were taken out before it."""
    near = work[one + U + lane] * work[one + D + lane]
    far = outer * work[two + D + lane]
    work[here + G + lane] = (
        weight * work[here + Y + lane] - near * work[one + G + lane] - far * work[two + G + lane]
    )
    work[here + D + lane] = 1.0 / (weight + main - work[one + U + lane] * near - outer * far)
    work[here + U + lane] = ahead - near * outer


@inlined
def _turn(  # noqa: PLR0917
    work: Any, here: Any, one: Any, two: Any, main: Any, ahead: Any, outer: Any, asymmetry: Any
) -> None:
    """A point answered by the elimination that came the other way, weighed, and taken out this way."""
    for lane in range(LANES):
        y, before = work[here + Y + lane], work[here + Z + lane]
        z = work[here + D + lane] * (
            work[here + G + lane]
            - work[here + U + lane] * work[one + Z + lane]
            - outer * work[two + Z + lane]
        )
        work[here + Z + lane] = z
        old = asymmetry if y > before else 1.0 - asymmetry
        old = 0.0 if y == before else old
        weight = asymmetry if y > z else 1.0 - asymmetry
        weight = 0.0 if y == z else weight
        count = (CHANGED if weight != old else 0.0) + (1.0 if weight != 0.0 else 0.0)
        work[here + COUNT + lane] = work[one + COUNT + lane] + count
        _eliminate(work, here, one, two, lane, weight, main, ahead, outer)


@inlined
def _begin(  # noqa: PLR0917
    work: Any, curves: Any, start: int, main: Any, coupling: Any, outer: float
) -> None:
    """A slab of curves put side by side, and the first system, whose weights are 1, eliminated."""
    last = curves.shape[0] - 1
    for i in range(curves.shape[1]):
        here = (np.uint64(i) + EDGE) * POINT
        for k in range(TOGETHER):
            # lanes without a curve of their own repeat one
            work[here + Y + np.uint64(k)] = curves[min(start + k, last), i]
        for lane in range(LANES):
            work[here + Z + lane] = np.nan
            _eliminate(
                work, here, here - POINT, here - POINT - POINT, lane, 1.0, main[i], coupling[i + 1], outer
            )


@compiled
def _treat(  # noqa: PLR0917
    curves: Any, result: Any, main: Any, coupling: Any, outer: float, asymmetry: float, iterations: int
) -> None:
    """The background of `curves` into `result`, slab by slab in the same work space."""
    n_curves, n_points = curves.shape
    work = np.zeros((n_points + 4) * TOGETHER * 6)
    settled = np.empty(TOGETHER, dtype=np.bool_)
    for start in range(0, n_curves, TOGETHER):
        used = left = min(TOGETHER, n_curves - start)
        settled[:] = False
        _begin(work, curves, start, main, coupling, outer)
        for iteration in range(iterations):
            if iteration % 2 == 0:
                for i in range(n_points - 1, -1, -1):
                    here = (np.uint64(i) + EDGE) * POINT
                    _turn(
                        work, here, here + POINT, here + POINT + POINT, main[i], coupling[i], outer, asymmetry
                    )
            else:
                for i in range(n_points):
                    here = (np.uint64(i) + EDGE) * POINT
                    _turn(
                        work,
                        here,
                        here - POINT,
                        here - POINT - POINT,
                        main[i],
                        coupling[i + 1],
                        outer,
                        asymmetry,
                    )
            counts = (EDGE if iteration % 2 == 0 else np.uint64(n_points) + EDGE - np.uint64(1)) * POINT
            for k in range(used):
                count = work[counts + COUNT + np.uint64(k)]
                # fewer than two points that count leave the line undetermined: then it stays as it is
                done = iteration > 0 and count < CHANGED
                if not settled[k] and (done or iteration == iterations - 1 or count % CHANGED < 2):
                    settled[k] = True
                    left -= 1
                    for i in range(n_points):
                        result[start + k, i] = work[(np.uint64(i) + EDGE) * POINT + Z + np.uint64(k)]
            if left == 0:
                break
