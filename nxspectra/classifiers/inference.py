"""From a run and a model to a classification; nothing here needs torch."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nxspectra import __version__
from nxspectra.classifiers.evaluation import boundaries, confidence
from nxspectra.classifiers.model import Model
from nxspectra.classifiers.plugins import KnowsStrangers, VotesByBins
from nxspectra.classifiers.training import SAME_ENERGY
from nxspectra.errors import ModelError, ModelMismatch
from nxspectra.preprocessing import Preprocessing
from nxspectra.spectra import Classification, Spectra
from nxspectra.tree import Attribute, Group

Floats = NDArray[np.float64]


def classify(run: Group | Spectra, model: Model | str | Path) -> Classification:
    """A class for each spectrum of `run`, with probabilities, votes, boundaries and where it all comes from.

    `model` may be a path, or a name in a folder of $NXSPECTRA_MODELS. Spectra are prepared as those that
    the model was trained on; one that cannot be used gets no class. Raises NoSpectra, ModelError, and
    ModelMismatch when the spectra lie at other angles or were taken at another energy.
    """
    model = model if isinstance(model, Model) else Model.load(model)
    spectra = run if isinstance(run, Spectra) else Spectra.of(run)
    _check_energy(spectra, model)
    prepared = Preprocessing.from_json(model.card.preprocessing).prepare(spectra, grid=model.two_theta)
    usable = prepared.usable
    X = prepared.intensity[usable]
    estimator = model.estimator
    probability = _whole(_probability(model, X), usable)
    certain = np.isfinite(probability).all(axis=1)
    class_index = np.full(len(spectra), -1, dtype=np.int64)
    class_index[certain] = np.argmax(probability[certain], axis=1)
    votes = None
    if isinstance(estimator, VotesByBins):
        cast = estimator.votes(X)
        votes = replace(cast, share=_whole(cast.share, usable))
    return Classification(
        classes=model.card.classes,
        class_index=class_index,
        origin="model",
        program="nxspectra",
        version=__version__,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        probability=probability,
        unseen=_whole(estimator.unseen(X), usable) if isinstance(estimator, KnowsStrangers) else None,
        votes=votes,
        confidence=confidence(class_index) if len(model.card.classes) == 2 else None,
        boundaries=boundaries(
            model.card.classes, probability, votes, spectra.pressure, getattr(estimator, "bias_", None)
        ),
        model=model.reference,
        parameters=_parameters(model),
    )


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


def _whole(values: Floats, usable: NDArray[np.bool_]) -> Floats:
    """The values of usable spectra at their frames, NaN at the others."""
    whole = np.full((usable.size, *values.shape[1:]), np.nan)
    whole[usable] = values
    return whole


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
