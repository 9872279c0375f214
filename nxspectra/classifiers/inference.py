"""From a run and a model to a classification; nothing here needs torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nxspectra import __version__
from nxspectra.classifiers.evaluation import boundaries, confidence
from nxspectra.classifiers.explaining import decided
from nxspectra.classifiers.model import Model
from nxspectra.classifiers.plugins import KnowsStrangers, VotesByBins
from nxspectra.classifiers.training import SAME_ENERGY
from nxspectra.errors import ModelError, ModelMismatch
from nxspectra.preprocessing import Preprocessing
from nxspectra.spectra import Classification, Spectra
from nxspectra.tree import Attribute, Group

Floats = NDArray[np.float64]


def classify(run: Group | Spectra, model: Model | str | Path, *, explained: bool = False) -> Classification:
    """A class for each spectrum of `run`, with probabilities, votes, boundaries and where it all comes from.

    `model` may be a path, or a name in a folder of $NXSPECTRA_MODELS. Spectra are prepared as those that
    the model was trained on; one that cannot be used gets no class. With `explained`, which angle regions
    decided is said too (see `explain`), which takes next to no time where bins vote and longer where torch
    is asked. Raises NoSpectra, ModelError, and ModelMismatch when the spectra lie at other angles or were
    taken at another energy.
    """
    model = model if isinstance(model, Model) else Model.load(model)
    spectra = run if isinstance(run, Spectra) else Spectra.of(run)
    seen = look(spectra, model)
    probability, unseen, reasons = seen.probability, None, dict(seen.reasons)
    calibration = model.calibration
    if calibration is not None:
        probability = calibration.correction(probability)
        unseen = seen.whole(calibration.strangers(seen.intensity))
        limit = calibration.strangers.threshold
        for frame in np.flatnonzero(unseen > limit):
            reasons[int(frame)] = (
                f"unlike the spectra it was calibrated on: {unseen[frame]:.3g}, limit {limit:.3g}"
            )
            probability[frame] = np.nan
    elif isinstance(model.estimator, KnowsStrangers):
        unseen = seen.whole(model.estimator.unseen(seen.intensity))
    certain = np.isfinite(probability).all(axis=1)
    for frame in np.flatnonzero(~certain):
        reasons.setdefault(int(frame), "the classifier gave no probability")
    class_index = np.full(len(spectra), -1, dtype=np.int64)
    class_index[certain] = np.argmax(probability[certain], axis=1)
    votes = None
    if isinstance(model.estimator, VotesByBins):
        cast = model.estimator.votes(seen.intensity)
        votes = replace(cast, share=seen.whole(cast.share))
    return Classification(
        classes=model.card.classes,
        class_index=class_index,
        origin="model",
        program="nxspectra",
        version=__version__,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        probability=probability,
        unseen=unseen,
        reasons=dict(sorted(reasons.items())),
        ambiguous=None if calibration is None else certain & ~(_surest(probability) >= calibration.sure),
        sure=None if calibration is None else calibration.sure,
        votes=votes,
        confidence=confidence(class_index) if len(model.card.classes) == 2 else None,
        boundaries=boundaries(
            model.card.classes,
            probability,
            votes,
            spectra.pressure,
            getattr(model.estimator, "bias_", None),
            widths=calibration.widths if calibration is not None and calibration.widths.enough else None,
        ),
        model=model.reference,
        parameters=_parameters(model),
        explanation=decided(model, seen.intensity, seen.usable, seen.mean) if explained else None,
    )


@dataclass(frozen=True)
class Seen:
    """A series as a model sees it, and what its classifier says before anything is corrected."""

    intensity: Floats
    """(n_usable, n_points), prepared."""
    usable: NDArray[np.bool_]
    """(n_spectra,)."""
    probability: Floats
    """(n_spectra, n_classes), columns in the order of the card's classes; NaN rows where it abstains."""
    reasons: Mapping[int, str]
    """Why, by frame, a spectrum cannot be used."""

    @property
    def mean(self) -> Floats:
        """(n_points,), of the usable spectra."""
        return self.intensity.mean(axis=0) if len(self.intensity) else np.zeros(self.intensity.shape[1])

    def whole(self, values: Floats) -> Floats:
        """The values of usable spectra at their frames, NaN at the others."""
        whole = np.full((self.usable.size, *values.shape[1:]), np.nan)
        whole[self.usable] = values
        return whole


def look(spectra: Spectra, model: Model) -> Seen:
    """The spectra, prepared as those that the model was trained on, and its uncorrected probabilities.

    Raises ModelMismatch when the spectra lie at other angles or were taken at another energy.
    """
    _check_energy(spectra, model)
    prepared = Preprocessing.from_json(model.card.preprocessing).prepare(spectra, grid=model.two_theta)
    usable = prepared.usable
    X = prepared.intensity if usable.all() else prepared.intensity[usable]
    bare = Seen(X, usable, np.zeros((0, 0)), prepared.unusable)
    return replace(bare, probability=bare.whole(_probability(model, X)))


def _surest(probability: Floats) -> Floats:
    return np.asarray(probability.max(axis=1))


def _check_energy(spectra: Spectra, model: Model) -> None:
    if spectra.energy is None or model.card.energy is None:
        return
    energy = float(np.median(spectra.energy))
    if abs(energy - model.card.energy) > SAME_ENERGY * model.card.energy:
        raise ModelMismatch(
            f"the spectra were taken at {energy:g} keV and the model is for {model.card.energy:g} keV,"
            " so the lines lie at other angles; use a model that was trained at this energy"
        )


def _probability(model: Model, X: Floats) -> Floats:
    """(n_spectra, n_classes), columns in the order of the card's classes; NaN rows where it abstains."""
    classes = model.card.classes
    given = np.asarray(model.estimator.predict_proba(X) if len(X) else np.zeros((0, len(classes))))
    if given.shape != (len(X), len(classes)):
        raise ModelError(
            f"the classifier {model.card.classifier!r} gave probabilities of the shape {given.shape};"
            f" expected {(len(X), len(classes))}"
        )
    probability = np.empty(given.shape, dtype=np.float64)
    probability[:, np.asarray(model.estimator.classes_, dtype=np.int64)] = given
    return probability


def _parameters(model: Model) -> dict[str, Attribute]:
    """Settings that the reader of a file should know: the classifier's, and how the spectra were prepared."""
    settings: dict[str, Attribute] = {
        name: value if isinstance(value, bool | int | float | str) else json.dumps(value)
        for name, value in model.card.parameters.items()
    }
    bias = getattr(model.estimator, "bias_", None)
    if bias is not None:
        settings["bias"] = np.asarray(bias, dtype=np.float64)
    return settings | {"preprocessing": json.dumps(model.card.preprocessing, sort_keys=True)}
