"""The seam where classifiers plug in: the entry-point group `nxspectra.classifiers`.

An entry is a class with the conventions of scikit-learn; ours come in by the same door. See `Classifier`.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from nxspectra.errors import UnknownClassifier
from nxspectra.spectra import Votes

GROUP = "nxspectra.classifiers"
DEFAULT = "augmented-ensemble"
"""Ahead of all others on `benchmarks/evaluate.py`."""
BINNED = "weighted"
"""The one that is meant where a number of bins is given and no classifier."""

Floats = NDArray[np.float64]


@runtime_checkable
class Classifier(Protocol):
    """What a classifier must have: a constructor with keyword parameters only, and these.

    X is (n_spectra, n_points), float64, preprocessed and finite; y is (n_spectra,), integers. `fit` may
    also take `two_theta` (n_points,), degrees. A class may say how its spectra are to be prepared, with an
    attribute `preprocessing`, and with `takes_unlabelled = True` that it learns from spectra without a class
    too: those have -1 in y. `save` writes an `.npz` without pickled objects.
    `nxspectra.testing.check_classifier` checks all of this.
    """

    classes_: NDArray[Any]

    def get_params(self, deep: bool = True) -> dict[str, Any]: ...
    def set_params(self, **parameters: Any) -> Self: ...
    def fit(self, X: Floats, y: NDArray[np.int64]) -> Self: ...
    def predict_proba(self, X: Floats) -> Floats: ...
    def save(self, path: Path) -> None: ...
    @classmethod
    def load(cls, path: Path) -> Self: ...


@runtime_checkable
class KnowsStrangers(Protocol):
    """A classifier that can tell how strange a spectrum is to it."""

    def unseen(self, X: Floats) -> Floats:
        """(n_spectra,), higher is stranger."""
        ...


@runtime_checkable
class VotesByBins(Protocol):
    """A classifier whose bins vote."""

    def votes(self, X: Floats) -> Votes: ...


@runtime_checkable
class ExplainsItself(Protocol):
    """A classifier that can tell which points decided."""

    def attribution(self, X: Floats) -> Floats:
        """(n_spectra, n_points): how much each point speaks for the class given; against it below 0."""
        ...


@dataclass(frozen=True)
class BinWeights:
    """What the words of bins weigh, where a classifier has found that by itself."""

    bin_start: Floats
    """(n_bins,), degrees."""
    bin_end: Floats
    """(n_bins,), degrees."""
    weight: Floats
    """(n_outputs, n_bins, n_words): what each word of a bin, between 0 and 1, adds to an output, the logit of
    a class; the only output of two classes is that of the second. What a word means is the bin's own."""


@runtime_checkable
class FindsWeights(Protocol):
    """A classifier with weights of its bins that it has found by itself."""

    def bin_weights(self) -> BinWeights: ...


def installed() -> dict[str, EntryPoint]:
    """The classifiers that are installed, by the name that `--classifier` takes; none is loaded."""
    found = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, not _is_ours(entry)))
    return {entry.name: entry for entry in reversed(found)}


def classifier(name: str) -> type[Classifier]:
    """The classifier of that name. Raises UnknownClassifier, naming those that are installed."""
    known = installed()
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise UnknownClassifier(f"no classifier {name!r}{hint}; installed: {', '.join(sorted(known))}")
    entry = known[name]
    try:
        found: type[Classifier] = entry.load()
    except (ImportError, AttributeError) as error:
        raise UnknownClassifier(
            f"the classifier {name!r} ({entry.value}) cannot be loaded: {error}; install it again"
        ) from error
    return found


def provider(name: str) -> str:
    """The distribution that the classifier comes from, with its version: `nxspectra 0.1.0`."""
    entry = installed().get(name)
    return "" if entry is None or entry.dist is None else f"{entry.dist.name} {entry.dist.version}"


def _is_ours(entry: EntryPoint) -> bool:
    return entry.value.startswith("nxspectra.")
