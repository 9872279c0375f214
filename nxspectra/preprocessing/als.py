"""The background under a diffraction curve by asymmetric least squares, for many curves at once.

Method: P. H. C. Eilers and H. F. M. Boelens, Baseline Correction with Asymmetric Least Squares Smoothing
(2005); the smoother is the one of P. H. C. Eilers, Anal. Chem. 75 (2003) 3631, doi 10.1021/ac034173t. The
defaults are those of Y. Sun and S. Brockhauser, Data Science Journal 21 (2022) 15, doi 10.5334/dsj-2022-015.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nxspectra.errors import Refused, UsageError
from nxspectra.preprocessing.engines import Engine, compiled_form

Floats = NDArray[np.float64]

CURVES_AT_ONCE = 512
"""As many as the numpy form takes together: about 100 MB of work space for 4,000 points."""


def background(
    intensity: ArrayLike,
    smoothness: float = 1e5,
    asymmetry: float = 0.002,
    iterations: int = 10,
    *,
    engine: Engine = "fastest",
) -> Floats:
    """The smooth curve z below each curve y that makes sum w (y - z)^2 + smoothness * sum (D z)^2 least.

    D takes second differences. The weights w start at 1; after each solution they become `asymmetry` where
    y > z, 1 - `asymmetry` where y < z, and 0 where the two are equal. There are `iterations` solutions, or
    fewer when the weights have stopped changing, which gives the same answer. `intensity` is (n_points,) or
    (n_spectra, n_points), and so is the result, in float64.

    Raises Refused for input that is not real, finite numbers of at least three points a curve, and for
    float16 and float32: the system is so badly conditioned that an answer in single precision is wrong by
    more than the curve is high, so what has been rounded on the way is not taken without a word; UsageError
    for settings out of range; MissingExtra when `engine="numba"` is asked for and numba is not installed.
    """
    values = _real(intensity)
    check_settings(smoothness, asymmetry, iterations)
    curves = values.reshape(-1, values.shape[-1])
    form = compiled_form("als_numba", engine)
    solve = over_curves if form is None else form.in_slabs
    result: Floats = solve(np.ascontiguousarray(curves), float(smoothness), float(asymmetry), int(iterations))
    return result.reshape(values.shape)


def _real(intensity: ArrayLike) -> Floats:
    values = np.asarray(intensity)
    if values.dtype.kind not in "biuf":
        raise Refused(f"intensity holds {values.dtype}, and a background needs real numbers")
    if values.dtype.kind == "f" and values.dtype.itemsize < 8:
        raise Refused(
            f"intensity is {values.dtype}, and a background is computed in float64;"
            " say `intensity.astype(numpy.float64)` if that is what it is"
        )
    if values.ndim not in (1, 2) or values.shape[-1] < 3:
        raise Refused(
            f"intensity has the shape {values.shape}; expected (n_points,) or (n_spectra, n_points)"
            " with at least three points"
        )
    values = values.astype(np.float64, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        # a sum is finite only if all its parts are, and takes a third of the time; it may also be too large
        sound = bool(np.isfinite(values.sum(dtype=np.float64)))
    if not sound and not np.isfinite(values).all():
        bad = np.flatnonzero(~np.isfinite(values).reshape(-1, values.shape[-1]).all(axis=1))
        raise Refused(
            f"{bad.size} of the curves hold values that are not finite, the first is number {bad[0]};"
            " `Preprocessing` fills small gaps, or leave these curves out"
        )
    return values


def check_settings(smoothness: float, asymmetry: float, iterations: int) -> None:
    """Raises UsageError, saying which, for settings that define no background."""
    if not (0 < smoothness < np.inf):
        raise UsageError(f"smoothness is {smoothness}; expected a positive number, for example 1e5")
    if not 0 < asymmetry < 1:
        raise UsageError(f"asymmetry is {asymmetry}; expected a number between 0 and 1, for example 0.002")
    if iterations < 1:
        raise UsageError(f"iterations is {iterations}; expected at least 1, for example 10")


def penalty(n_points: int, smoothness: float) -> tuple[Floats, Floats]:
    """The main diagonal (n_points,) and the first off-diagonal (n_points - 1,) of smoothness * D'D.

    D takes second differences; the second off-diagonal is smoothness throughout.
    """
    main, off = np.full(n_points, 6.0), np.full(n_points - 1, -4.0)
    main[[0, -1]] = 1.0
    off[[0, -1]] = -2.0
    if n_points == 3:
        main[1] = 4.0
    else:
        main[[1, -2]] = 5.0
    return smoothness * main, smoothness * off


def over_curves(curves: Floats, smoothness: float, asymmetry: float, iterations: int) -> Floats:
    """The background of `curves` (n_spectra, n_points) by numpy: a loop over points, all curves at once."""
    result = np.empty_like(curves)
    for start in range(0, curves.shape[0], CURVES_AT_ONCE):
        part = slice(start, start + CURVES_AT_ONCE)
        turned = np.ascontiguousarray(curves[part].T)
        result[part] = _together(turned, smoothness, asymmetry, iterations).T
    return result


def _together(y: Floats, smoothness: float, asymmetry: float, iterations: int) -> Floats:
    """The background of y (n_points, n_spectra)."""
    main, off = penalty(y.shape[0], smoothness)
    weights, z = np.ones_like(y), np.zeros_like(y)
    for _ in range(iterations):
        new = _solve(main, off, smoothness, weights, y)
        # fewer than two points that count leave the line undetermined: the curve is its own background
        determined = np.count_nonzero(weights, axis=0) >= 2
        z = new if determined.all() else np.where(determined, new, z)
        now = np.where(y > z, asymmetry, np.where(y < z, 1.0 - asymmetry, 0.0))
        if np.array_equal(now, weights):
            break
        weights = now
    return z


def _solve(main: Floats, off: Floats, outer: float, weights: Floats, y: Floats) -> Floats:
    """z of (diag(weights) + penalty) z = weights * y by LDL', all curves side by side.

    The matrix has five diagonals; l1 and l2 are the two of L below the main one, d the diagonal of D.
    """
    n_points, n_curves = y.shape
    z = weights * y
    inverse = np.empty_like(y)
    l1 = np.empty_like(y)
    nothing = np.zeros(n_curves)
    u_before, l1_before, z_before = nothing, nothing, nothing
    l2_before, l2_two_before, z_two_before = nothing, nothing, nothing
    with np.errstate(divide="ignore", invalid="ignore"):
        for i in range(n_points):
            d = weights[i] + main[i]
            d -= u_before * l1_before
            d -= outer * l2_two_before
            inverse[i] = 1.0 / d
            z[i] -= l1_before * z_before
            z[i] -= l2_two_before * z_two_before
            u_before = (off[i] if i < n_points - 1 else 0.0) - l1_before * outer
            np.multiply(u_before, inverse[i], out=l1[i])
            l1_before = l1[i]
            l2_two_before, l2_before = l2_before, outer * inverse[i]
            z_two_before, z_before = z_before, z[i]
        z *= inverse
        z[-2] -= l1[-2] * z[-1]
        for i in range(n_points - 3, -1, -1):
            z[i] -= l1[i] * z[i + 1]
            z[i] -= (outer * inverse[i]) * z[i + 2]
    return z
