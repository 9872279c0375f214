"""Which angle regions decided: from the votes of bins, a classifier's own attribution, or by occlusion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nxspectra.classifiers.binned import Binned
from nxspectra.classifiers.model import Model
from nxspectra.classifiers.plugins import ExplainsItself
from nxspectra.errors import UsageError
from nxspectra.preprocessing import Preprocessing
from nxspectra.spectra import Spectra
from nxspectra.spectra.explanation import Explanation
from nxspectra.tree import Group

Floats = NDArray[np.float64]

REGION = 0.1
"""Degrees; about as wide as a line."""
OCCLUDED = 0.4
"""Degrees; what is hidden at a time from a classifier that cannot say what it looks at."""
LEAST = 1e-6
"""Probability below which no difference is made."""


def explain(
    run: Group | Spectra, model: Model | str | Path, frames: NDArray[np.integer[Any]] | None = None
) -> Explanation:
    """What in each spectrum of `run` speaks for the class that the model gives it, by region of two theta.

    A binned classifier is explained by the votes of its points, weighted by the believability of their bins;
    one with a method `attribution(X)` -> (n_spectra, n_points) by that; any other by what its log odds lose
    when a region is hidden behind the mean of the series. `frames` are the ones to be explained, all if None;
    the others, and spectra that cannot be used, have rows of NaN. Raises NoSpectra, ModelError,
    ModelMismatch, and UsageError for frames that there are not.
    """
    model = model if isinstance(model, Model) else Model.load(model)
    spectra = run if isinstance(run, Spectra) else Spectra.of(run)
    wanted = np.zeros(len(spectra), dtype=bool)
    try:
        wanted[slice(None) if frames is None else frames] = True
    except IndexError:
        raise UsageError(
            f"there is no frame {int(np.max(np.asarray(frames)))}: the series has {len(spectra)} spectra,"
            f" 0 to {len(spectra) - 1}"
        ) from None
    prepared = Preprocessing.from_json(model.card.preprocessing).prepare(spectra, grid=model.two_theta)
    chosen = wanted & prepared.usable
    mean = prepared.intensity[prepared.usable].mean(axis=0) if prepared.usable.any() else np.zeros(0)
    return decided(model, prepared.intensity[chosen], chosen, mean)


def decided(model: Model, X: Floats, chosen: NDArray[np.bool_], mean: Floats) -> Explanation:
    """What decided about prepared spectra X (n_chosen, n_points), the chosen ones (n_spectra,) of a series.

    `mean` (n_points,) is that of the series, which hides regions from a classifier that cannot tell.
    """
    starts, width = _regions(model.two_theta, REGION)
    estimator = model.estimator
    if isinstance(estimator, ExplainsItself):
        method = "votes" if isinstance(estimator, Binned) else "attribution"
        values = np.add.reduceat(np.asarray(estimator.attribution(X), dtype=np.float64), starts, axis=1)
    else:
        method = "occlusion"
        starts, width = _regions(model.two_theta, OCCLUDED)
        values = _occlusion(estimator, X, mean, starts)
    total = np.abs(values).sum(axis=1, keepdims=True)
    weight = np.full((chosen.size, starts.size), np.nan)
    weight[chosen] = np.divide(values, total, out=np.full_like(values, np.nan), where=total > 0)
    ends = np.append(starts[1:], model.two_theta.size) - 1
    return Explanation(model.two_theta[starts], model.two_theta[ends] + width, weight, method)


def compared_with(model: Model) -> Floats | None:
    """(n_points,) on the model's angle axis: the curve from which attribution begins, a mean of the training
    curves (`mean_`); None where a classifier does not say.

    What lies at an angle speaks for a class by its difference from this curve, so a line that is missing does
    too.
    """
    mean = getattr(model.estimator, "mean_", None)
    known = np.asarray(mean, dtype=np.float64) if mean is not None else np.zeros(0)
    return known if known.shape == model.two_theta.shape else None


def _regions(two_theta: Floats, degrees: float) -> tuple[NDArray[np.intp], float]:
    """First points of regions of about so many degrees, and the distance between two points."""
    step = float(two_theta[-1] - two_theta[0]) / max(1, two_theta.size - 1)
    number = max(1, round(two_theta.size * step / degrees)) if step else 1
    number = min(number, two_theta.size)
    return np.linspace(0, two_theta.size, number, endpoint=False).astype(np.intp), step


def _occlusion(estimator: Any, X: Floats, mean: Floats, starts: NDArray[np.intp]) -> Floats:
    """(n_spectra, n_regions): what the log odds of the class given lose when a region is hidden."""
    if not len(X):
        return np.zeros((0, starts.size))
    whole = np.asarray(estimator.predict_proba(X))
    given = whole.argmax(axis=1)
    rows = np.arange(len(X))
    before = _log_odds(whole[rows, given])
    lost = np.empty((len(X), starts.size))
    ends = np.append(starts[1:], X.shape[1])
    for region, (start, end) in enumerate(zip(starts, ends, strict=True)):
        hidden = X.copy()
        hidden[:, start:end] = np.broadcast_to(mean, X.shape)[:, start:end]
        lost[:, region] = before - _log_odds(np.asarray(estimator.predict_proba(hidden))[rows, given])
    return np.nan_to_num(lost)


def _log_odds(probability: Floats) -> Floats:
    p = np.clip(probability, LEAST, 1.0 - LEAST)
    return np.asarray(np.log(p) - np.log1p(-p))
