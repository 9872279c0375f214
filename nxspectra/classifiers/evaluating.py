"""A model against truth, on series that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nxspectra.classifiers.calibrating import (
    Truth,
    refuse_calibrated_on,
    refuse_trained_on,
    true_classes,
)
from nxspectra.classifiers.evaluation.figures import Reliability
from nxspectra.classifiers.evaluation.trial import Summary, Verdict, summary, verdict
from nxspectra.classifiers.inference import classify
from nxspectra.classifiers.model import Model
from nxspectra.classifiers.training import file_name_of
from nxspectra.errors import LabelError
from nxspectra.spectra import Spectra
from nxspectra.tree import Group


@dataclass(frozen=True)
class Evaluation:
    """What a model is worth on the series it was asked about."""

    model: Model
    verdicts: tuple[Verdict, ...]
    """One for each series."""

    @property
    def summary(self) -> Summary:
        """Over all series, with 90 % intervals by a bootstrap over series."""
        return summary(self.verdicts)

    @property
    def reliability(self) -> Reliability:
        """Of the spectra within 50 frames of a true boundary; of all where there is no boundary."""
        near = _sum([each.near for each in self.verdicts])
        return near if near.number.sum() else _sum([each.whole for each in self.verdicts])

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.model.file_name,
            "classifier": self.model.card.classifier,
            "digest": self.model.digest,
            "calibrated": self.model.calibration is not None,
            **self.summary.as_json(),
            "files": {each.name: each.as_json() for each in self.verdicts},
        }


def evaluate(
    model: Model,
    runs: Sequence[Group | Spectra],
    labels: Sequence[str] = (),
    *,
    truth: Sequence[Truth | None] | None = None,
) -> Evaluation:
    """The model against the true classes of `runs`: figures for each, and for all with intervals.

    True are the labels of an expert or a simulation in a run, those that `labels` gives as in `train`, and
    above all `truth`: for each run a class name, or None, for each spectrum. Spectra without are not counted.

    Raises Refused for a run that the model was trained or calibrated on, LabelError where a run has no true
    classes or others than the model's.
    """
    if not runs:
        raise LabelError("there are no series to hold the model against")
    for number, run in enumerate(runs):
        refuse_trained_on(model, run, file_name_of(run, number))
        refuse_calibrated_on(model, run, file_name_of(run, number))
    known = true_classes(model, runs, labels, truth)
    verdicts = []
    for number, (run, right) in enumerate(zip(runs, known, strict=True)):
        spectra = run if isinstance(run, Spectra) else Spectra.of(run)
        found = classify(spectra, model)
        verdicts.append(verdict(found, right, spectra.pressure, file_name_of(run, number)))
    return Evaluation(model, tuple(verdicts))


def _sum(parts: Sequence[Reliability]) -> Reliability:
    return Reliability(
        np.sum([each.sure for each in parts], axis=0),
        np.sum([each.right for each in parts], axis=0),
        np.sum([each.number for each in parts], axis=0),
        float(sum(each.squares for each in parts)),
    )
