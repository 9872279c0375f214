"""Active learning: the frames of a series whose labels, given by a person, would tell most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nxspectra.classifiers.inference import classify
from nxspectra.classifiers.labels import Labelled, labelled
from nxspectra.classifiers.model import Model
from nxspectra.classifiers.training import named_runs
from nxspectra.errors import UsageError
from nxspectra.spectra import Classification, Spectra
from nxspectra.tree import Group

Floats = NDArray[np.float64]

SURE = 0.25
"""What a frame counts for where the model has no doubt, beside one that has two classes equally probable:
a model that is misled has no doubt either.
"""
BEYOND = 0.1
"""What it counts for where labels lie on one side of it only: another boundary may lie there."""
ENCLOSED = 0.02
"""What it counts for between two labels of the same class."""


@dataclass(frozen=True)
class Question:
    """A spectrum that a person should look at."""

    file: str
    frame: int
    label: str | None
    """What the model thinks it is; None where it abstains."""
    probability: float | None
    between: tuple[str | None, str | None]
    """The labels that the nearest labelled frames before and after it bear."""
    pressure: float | None = None
    """GPa."""

    def as_json(self) -> dict[str, object]:
        return {
            "file": self.file,
            "frame": self.frame,
            "label": self.label,
            "probability": self.probability,
            "between": list(self.between),
            "pressure": self.pressure,
        }


def next_questions(
    runs: Sequence[Group | Spectra], model: Model, labels: Sequence[str] = (), number: int = 5
) -> tuple[Question, ...]:
    """The `number` unlabelled spectra of `runs` whose labels would help most, in the order of the series.

    Where a boundary can lie is between labelled frames that differ, and the likelier the less sure the model
    is there. The frames are chosen so that it is as likely to lie between any two of them as between any
    other two; so their labels leave the smallest stretch in question. Fewer are given when fewer are left.

    `labels` and those in the files are as for `train`. Raises UsageError for a number below one, and what
    `classify` and `train` raise for runs and labels.
    """
    if number < 1:
        raise UsageError(f"{number} spectra to be labelled: at least one can be asked for")
    named = named_runs(runs)
    marked = labelled(named, labels, fewest=0)
    found = [classify(spectra, model) for _, spectra, _ in named]
    weights = [_weights(each, mark) for each, mark in zip(found, marked, strict=True)]
    starts = np.cumsum([0, *(weight.size for weight in weights)])
    asked = []
    for at in _spread(np.concatenate(weights), number):
        run = int(np.searchsorted(starts, at, side="right")) - 1
        name, spectra, _ = named[run]
        asked.append(_question(name, spectra, found[run], marked[run], int(at - starts[run])))
    return tuple(asked)


def _weights(found: Classification, mark: Labelled) -> Floats:
    """(n_spectra,): how likely it is that a frame is where the classes change; 0 where it is labelled."""
    doubt = np.ones(found.class_index.size)
    if found.probability is not None:
        known = np.isfinite(found.probability).all(axis=1)
        classes = found.probability.shape[1]
        doubt[known] = (1.0 - found.probability[known].max(axis=1)) * classes / (classes - 1.0)
    before, after = _neighbours(mark)
    place = np.where(before == after, ENCLOSED, 1.0)
    place = np.where((before < 0) | (after < 0), BEYOND, place)
    usable = (mark.class_index < 0) & (found.class_index >= 0)
    return np.where(usable, place * (SURE + (1.0 - SURE) * doubt), 0.0)


def _neighbours(mark: Labelled) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The class of the nearest labelled frame before each frame and after it; -1 where there is none."""
    index = mark.class_index
    frames = np.flatnonzero(index >= 0)
    if not frames.size:
        nobody = np.full(index.size, -1, dtype=np.int64)
        return nobody, nobody
    at = np.searchsorted(frames, np.arange(index.size))
    before = np.where(at > 0, index[frames[np.maximum(at - 1, 0)]], -1)
    after = np.where(at < frames.size, index[frames[np.minimum(at, frames.size - 1)]], -1)
    return before, after


def _spread(weights: Floats, number: int) -> list[int]:
    """At most `number` places, each with its own, that cut `weights` into stretches of equal sums."""
    chosen: list[int] = []
    left = weights.copy()
    total = np.cumsum(weights)
    for part in range(1, number + 1):
        if not left.any():
            break
        wanted = int(np.searchsorted(total, total[-1] * part / (number + 1)))
        free = np.flatnonzero(left)
        at = int(free[np.argmin(np.abs(free - wanted))])
        chosen.append(at)
        left[at] = 0.0
    return sorted(chosen)


def _question(name: str, spectra: Spectra, found: Classification, mark: Labelled, frame: int) -> Question:
    before, after = (int(each[frame]) for each in _neighbours(mark))
    sure = None if found.probability is None else float(found.probability[frame].max())
    return Question(
        name,
        frame,
        found.labels[frame],
        None if sure is None or not np.isfinite(sure) else sure,
        (
            None if before < 0 else mark.classes[before],
            None if after < 0 else mark.classes[after],
        ),
        None
        if spectra.pressure is None
        else float(np.broadcast_to(spectra.pressure, (len(spectra),))[frame]),
    )
