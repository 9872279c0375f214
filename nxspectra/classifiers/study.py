"""P_conf and the ambiguous region against the number of bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from time import process_time
from typing import Any

import numpy as np

from nxspectra.classifiers.evaluation import ambiguous_region
from nxspectra.classifiers.inference import classify
from nxspectra.classifiers.plugins import BINNED
from nxspectra.classifiers.training import train
from nxspectra.errors import LabelError
from nxspectra.spectra import Boundary, Spectra
from nxspectra.tree import Group


@dataclass(frozen=True)
class BinsRow:
    """What one number of bins makes of one run."""

    bins: int
    confidence: float
    """P_conf."""
    region: tuple[int, int] | None
    """Ambiguous region: last frame of the first class's unbroken labels, first of the second's."""
    ambiguous: int
    """Frames strictly between."""
    boundaries: tuple[Boundary, ...]
    separability: float
    """Mean of A_b over the bins; NaN where the classifier has none."""
    parameters: int | None = None
    """How many numbers training has set, where the classifier says so."""
    seconds: float | None = None
    """Of processor time that training took, with the preparation of the spectra."""

    def as_json(self) -> dict[str, Any]:
        return {
            "bins": self.bins,
            "P_conf": self.confidence,
            "region": None if self.region is None else list(self.region),
            "ambiguous": self.ambiguous,
            "boundaries": [each.as_json() for each in self.boundaries],
            "separability": self.separability if isfinite(self.separability) else None,
            "parameters": self.parameters,
            "seconds": self.seconds,
        }


def bins_study(
    runs: Sequence[Group | Spectra],
    labels: Sequence[str] = (),
    bins: Sequence[int] = (1, 5, 10, 15, 24),
    classifier: str = BINNED,
    seed: int = 0,
    **parameters: Any,
) -> tuple[BinsRow, ...]:
    """For each number of bins a model trained on the labelled spectra of `runs`, and its labels for the
    first run.

    As in the figure of the method's authors, the training spectra are among those that are classified. A
    number of bins with which the classes cannot be told apart has P_conf 0. Raises what `train` and
    `classify` raise.
    """
    rows: list[BinsRow] = []
    for number in bins:
        start = process_time()
        try:
            model = train(runs, labels, classifier, seed, bins=number, **parameters)
        except LabelError:
            if not rows and number == bins[-1]:
                raise
            rows.append(BinsRow(number, 0.0, None, 0, (), float("nan")))
            continue
        seconds = process_time() - start
        made = classify(runs[0], model)
        region = ambiguous_region(made.class_index)
        separability = np.nan if made.votes is None else float(np.mean(made.votes.separability))
        rows.append(
            BinsRow(
                number,
                made.confidence or 0.0,
                region,
                0 if region is None else region[1] - region[0] - 1,
                made.boundaries,
                separability,
                getattr(model.estimator, "n_parameters_", None),
                seconds,
            )
        )
    return tuple(rows)
