"""What a classification of a series says: classes, probabilities, votes, boundaries, and by whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nxspectra.spectra.explanation import Explanation
from nxspectra.spectra.series import Floats
from nxspectra.tree import Attribute

Origin = Literal["expert", "model", "simulation"]


@dataclass(frozen=True)
class Boundary:
    """Where along the series one class gives way to another; intervals are 90 %, inclusive."""

    from_class: str
    to_class: str
    frame: int
    """First frame of `to_class`."""
    frame_interval: tuple[int, int]
    pressure: float | None = None
    """GPa."""
    pressure_interval: tuple[float, float] | None = None
    """GPa."""
    interval_from: str | None = None
    """What the intervals are from: `bins` (their disagreement), `posterior`, or `held-out series`; only the
    last have been compared with truth."""

    def as_json(self) -> dict[str, Any]:
        return {
            "from": self.from_class,
            "to": self.to_class,
            "frame": self.frame,
            "frame_interval": list(self.frame_interval),
            "pressure": self.pressure,
            "pressure_interval": None if self.pressure_interval is None else list(self.pressure_interval),
            "unit": None if self.pressure is None else "GPa",
            "interval_from": self.interval_from,
        }


@dataclass(frozen=True)
class Votes:
    """How the bins of a binned classifier voted, and how far each is to be believed."""

    bin_start: Floats
    """(n_bins,), degrees: two theta of the first point of each bin."""
    bin_end: Floats
    """(n_bins,), degrees: two theta of its last point."""
    separability: Floats
    """(n_bins,), A_b: share of the bin's training points that were given the right class."""
    believability: Floats
    """(n_bins,), w_b: what a vote of the bin weighs, 0 to 1."""
    share: Floats
    """(n_spectra, n_bins, n_classes): share of the bin's points that voted for each class."""


@dataclass(frozen=True)
class ModelReference:
    """Which model gave the labels: enough to find it again and to know it is the same."""

    classifier: str
    file_name: str
    digest: str
    """sha256 of the model file in hex."""


@dataclass(frozen=True)
class Classification:
    """A class for each spectrum, how sure, why, and by whom."""

    classes: tuple[str, ...]
    class_index: NDArray[np.int64]
    """(n_spectra,), index into `classes`; -1 where none was assigned."""
    origin: Origin
    program: str
    version: str
    date: str
    """ISO 8601 with time zone."""
    probability: Floats | None = None
    """(n_spectra, n_classes), rows sum to 1; NaN rows where no class was assigned."""
    unseen: Floats | None = None
    """(n_spectra,), higher is stranger to the model."""
    reasons: Mapping[int, str] = field(default_factory=dict)
    """Why, by frame, no class was assigned."""
    ambiguous: NDArray[np.bool_] | None = None
    """(n_spectra,), True where the calibrated probability of the class is below `sure`; None for a model that
    was not calibrated."""
    sure: float | None = None
    """The probability that is sure enough."""
    votes: Votes | None = None
    explanation: Explanation | None = None
    """Which angle regions decided; None if nobody asked."""
    confidence: float | None = None
    """P_conf of the paper, doi 10.5334/dsj-2022-015; two classes only."""
    boundaries: tuple[Boundary, ...] = ()
    model: ModelReference | None = None
    by: str | None = None
    """ORCID or name of the person who gave the labels."""
    parameters: Mapping[str, Attribute] = field(default_factory=dict)
    """Settings of the classifier that the reader of the file should know."""

    @property
    def labels(self) -> tuple[str | None, ...]:
        """The class name of each spectrum, None where none was assigned."""
        return tuple(None if index < 0 else self.classes[index] for index in self.class_index)

    @property
    def word(self) -> str:
        """What its group is called before `_classification`: lower-case letters, digits, underscores."""
        name = self.model.classifier if self.model else self.origin
        return re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_") or "model"

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Runs of frames with the same class: (class_index, first frame, last frame), inclusive."""
        index = self.class_index
        edges = [0, *(np.flatnonzero(np.diff(index)) + 1).tolist(), index.size]
        for first, end in pairwise(edges):
            if end > first:
                yield int(index[first]), first, end - 1
