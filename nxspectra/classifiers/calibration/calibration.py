"""What held-out series have taught about a model: it travels in the model's file and is applied with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, get_args

import numpy as np
from numpy.typing import NDArray

from nxspectra.classifiers.calibration.probability import Correction, Method
from nxspectra.classifiers.calibration.strangers import Detector
from nxspectra.classifiers.evaluation import Widths
from nxspectra.errors import ModelError

Floats = NDArray[np.float64]

SURE = 0.9
"""Probability of the class below which a spectrum is ambiguous."""
FOLDER = "calibration/"
"""Of the members of a model's file that hold it."""


@dataclass(frozen=True)
class Calibration:
    """Corrected probabilities, widths of intervals, and what is too strange to be given a class."""

    correction: Correction
    widths: Widths
    strangers: Detector
    sure: float = SURE

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything, by the names of members of a model's file."""
        values: dict[str, Any] = {
            "method": np.array(self.correction.method),
            "slope": self.correction.slope,
            "bias": self.correction.bias,
            "knots": self.correction.knots,
            "values": self.correction.values,
            "widths": np.array([self.widths.frame, self.widths.pressure, self.widths.number], np.float64),
            "group": self.strangers.group,
            "mean": self.strangers.mean,
            "components": self.strangers.components,
            "limits": np.array([self.strangers.floor, self.strangers.threshold, self.sure]),
        }
        return {f"{FOLDER}{name}": np.asarray(value) for name, value in values.items()}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """What `arrays` gave. Raises ModelError if it is something else."""
        try:
            part = {name.removeprefix(FOLDER): array for name, array in arrays.items()}
            method = str(part["method"])
            if method not in get_args(Method):
                raise ValueError(f"a method {method!r} that is not known")
            frame, pressure, number = part["widths"].tolist()
            floor, threshold, sure = part["limits"].tolist()
            bias, knots, values = part["bias"], part["knots"], part["values"]
            mean, components = part["mean"], part["components"]
            if knots.shape != values.shape or components.shape[1:] != mean.shape:
                raise ValueError("arrays that do not fit each other")
            return cls(
                Correction(method, float(part["slope"]), bias, knots, values),  # type: ignore[arg-type]
                Widths(frame, pressure, int(number)),
                Detector(int(part["group"]), mean, components, floor, threshold),
                sure,
            )
        except (KeyError, ValueError, TypeError) as error:
            raise ModelError(f"its calibration is damaged: {error}; train it again") from error
