"""From labelled runs to a model."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nxspectra import __version__
from nxspectra.classifiers.estimator import UNLABELLED
from nxspectra.classifiers.labels import Labelled, as_frames, labelled
from nxspectra.classifiers.model import Card, Grid, Model, TrainingFile
from nxspectra.classifiers.plugins import BINNED, DEFAULT, Classifier, classifier, provider
from nxspectra.errors import LabelError, ModelMismatch, UsageError
from nxspectra.preprocessing import Preprocessing
from nxspectra.spectra import Spectra, raw_file
from nxspectra.tree import Group

Floats = NDArray[np.float64]

SAME_ENERGY = 0.01
"""Share by which beam energies may differ: lines then move by less than a fifth of a degree."""


@dataclass(frozen=True)
class Examples:
    """Labelled spectra of one run, made ready."""

    file: TrainingFile
    two_theta: Floats
    """(n_points,), degrees."""
    intensity: Floats
    """(n_labelled, n_points)."""
    class_index: NDArray[np.int64]
    """(n_labelled,)."""
    energy: float | None
    """keV."""


def train(
    runs: Sequence[Group | Spectra],
    labels: Sequence[str] = (),
    classifier: str | None = None,
    seed: int = 0,
    *,
    preprocessing: Preprocessing | None = None,
    **parameters: Any,
) -> Model:
    """A model of the classifier of that name, trained on the labelled spectra of `runs`.

    Without a name it is the default, or `weighted` where `bins` is among the parameters.

    `labels` are texts as `low=80,120-125`, `FILE:low=80` or `low=pressure<12GPa`; labels of experts and of
    simulations in the files count too. `parameters` go to the classifier; `preprocessing` is the
    classifier's own unless given. Spectra are brought on the angle axis of the first run.

    Raises LabelError, NoSpectra, ModelMismatch (runs that do not fit each other), UnknownClassifier,
    MissingExtra, and UsageError for parameters that the classifier does not have.
    """
    classifier = classifier or (BINNED if "bins" in parameters else DEFAULT)
    estimator = _estimator(classifier, seed, parameters)
    prepare = preprocessing or getattr(type(estimator), "preprocessing", None) or Preprocessing()
    named = named_runs(runs)
    if not named:
        raise LabelError("there are no files to train on")
    prepare = prepare.suited_to([spectra for _, spectra, _ in named])
    marked = labelled(named, labels)
    examples = _examples(named, marked, prepare)
    X = np.concatenate([each.intensity for each in examples])
    y = np.concatenate([each.class_index for each in examples])
    two_theta = examples[0].two_theta
    spare, others = _unlabelled(estimator, named, marked, prepare, two_theta)
    every = np.concatenate([X, spare]), np.concatenate([y, np.full(len(spare), UNLABELLED)])
    try:
        if "two_theta" in inspect.signature(estimator.fit).parameters:
            estimator.fit(*every, two_theta=two_theta)  # type: ignore[call-arg]
        else:
            estimator.fit(*every)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the classifier {classifier!r} cannot be trained so: {error}") from error
    if not np.isfinite(estimator.predict_proba(X)).any():
        raise LabelError(
            f"{classifier!r} cannot tell the classes {', '.join(marked[0].classes)} apart better than by"
            " chance: are the labels right, and do the spectra differ?"
        )
    card = Card(
        classifier=classifier,
        provider=provider(classifier),
        version=__version__,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=seed,
        parameters={name: _plain(value) for name, value in estimator.get_params().items()},
        classes=marked[0].classes,
        grid=Grid(first=two_theta[0], last=two_theta[-1], n_points=two_theta.size),
        energy=_energy(examples),
        preprocessing=prepare.as_json(),
        training=(*(each.file for each in examples), *others),
        figures=_figures(estimator, X, y) | ({"n_unlabelled": float(len(spare))} if len(spare) else {}),
        members={},
    )
    return Model.of(estimator, card, two_theta)


def _estimator(name: str, seed: int, parameters: Mapping[str, Any]) -> Classifier:
    found = classifier(name)
    known = inspect.signature(found).parameters
    strange = [given for given in parameters if given not in known]
    if strange:
        raise UsageError(
            f"the classifier {name!r} has no parameter {strange[0]!r}; it has {', '.join(known) or 'none'}"
        )
    own = {word: seed for word in ("seed", "random_state") if word in known and word not in parameters}
    return found(**own, **parameters)


def named_runs(runs: Sequence[Group | Spectra]) -> list[tuple[str, Spectra, Group | None]]:
    """Each run with the name of its file, its spectra, and its tree if it is one. Raises NoSpectra."""
    return [(file_name_of(run, number), *_taken(run)) for number, run in enumerate(runs)]


def _taken(run: Group | Spectra) -> tuple[Spectra, Group | None]:
    return (run, None) if isinstance(run, Spectra) else (Spectra.of(run), run)


def file_name_of(run: Group | Spectra, number: int) -> str:
    """What a run is called in messages and on cards."""
    if isinstance(run, Group) and run.source is not None:
        return run.source.path
    return f"run {number}"


def _examples(
    named: Sequence[tuple[str, Spectra, Group | None]], marked: Sequence[Labelled], prepare: Preprocessing
) -> list[Examples]:
    """The labelled spectra of each run that has some, all on the angle axis of the first."""
    found: list[Examples] = []
    lost: list[tuple[int, str]] = []
    for (name, spectra, tree), mark in zip(named, marked, strict=True):
        frames = np.flatnonzero(mark.class_index >= 0)
        if not frames.size:
            continue
        grid = found[0].two_theta if found else None
        ready = prepare.prepare(spectra.select(frames), grid=grid)
        usable = frames[ready.usable]
        used = np.full(len(mark.class_index), -1, dtype=np.int64)
        used[usable] = mark.class_index[usable]
        file = training_file(name, spectra, tree, Labelled(mark.classes, used))
        energy = None if spectra.energy is None else float(np.median(spectra.energy))
        found.append(Examples(file, ready.two_theta, ready.intensity[ready.usable], used[usable], energy))
        lost.extend(
            (int(mark.class_index[frames[number]]), f"{name}: frame {frames[number]}: {reason}")
            for number, reason in ready.unusable.items()
        )
    for number, class_name in enumerate(marked[0].classes):
        if not any(np.any(each.class_index == number) for each in found):
            why = next(reason for index, reason in lost if index == number)
            raise LabelError(f"no usable spectrum is left for class {class_name!r}; {why}")
    return found


def _unlabelled(
    estimator: Classifier,
    named: Sequence[tuple[str, Spectra, Group | None]],
    marked: Sequence[Labelled],
    prepare: Preprocessing,
    two_theta: Floats,
) -> tuple[Floats, tuple[TrainingFile, ...]]:
    """(n, n_points): the usable spectra without a class, for a classifier that learns from those too, and
    the files that it learns from and that have no spectrum with a class.
    """
    found, files = [np.empty((0, two_theta.size))], []
    if getattr(type(estimator), "takes_unlabelled", False):
        for (name, spectra, tree), mark in zip(named, marked, strict=True):
            ready = prepare.prepare(spectra.select(np.flatnonzero(mark.class_index < 0)), grid=two_theta)
            found.append(ready.intensity[ready.usable])
            if ready.usable.any() and np.all(mark.class_index < 0):
                files.append(training_file(name, spectra, tree, mark))
    return np.concatenate(found), tuple(files)


def training_file(name: str, spectra: Spectra, tree: Group | None, marked: Labelled) -> TrainingFile:
    """What a card says of a file with spectra of known classes, or of none."""
    return TrainingFile(
        file_name=Path(name).name,
        sha256=None if tree is None or tree.source is None else tree.source.digest,
        raw_sha256=raw_digest(tree, spectra.entry),
        entry=spectra.entry,
        frames={each: as_frames(marked.frames(each)) for each in marked.classes if marked.frames(each)},
    )


def raw_digest(tree: Group | None, entry: str) -> str | None:
    """sha256 of the raw file that a tree was made from, where it says so."""
    raw = None if tree is None else raw_file(tree, entry)
    return None if raw is None else raw.checksum


def _energy(examples: Sequence[Examples]) -> float | None:
    """keV, of all runs that know it; raises ModelMismatch if they differ."""
    known = [(each.energy, each.file.file_name) for each in examples if each.energy is not None]
    if not known:
        return None
    (least, one), (most, other) = min(known), max(known)
    if most - least > SAME_ENERGY * least:
        raise ModelMismatch(
            f"{one} was taken at {least:g} keV and {other} at {most:g} keV: their lines lie at different"
            " angles, so train on one energy at a time"
        )
    return float(np.median([energy for energy, _ in known]))


def _figures(estimator: Classifier, X: Floats, y: NDArray[np.int64]) -> dict[str, Any]:
    """What training can say of itself."""
    probability = estimator.predict_proba(X)
    figures: dict[str, Any] = {
        "n_spectra": float(len(y)),
        "training_accuracy": float(np.mean(estimator.classes_[np.argmax(probability, axis=1)] == y)),
    }
    for name in ("separability", "believability", "noise", "margin", "bias", "n_parameters", "iterations"):
        value = getattr(estimator, f"{name}_", None)
        if value is not None:
            array = np.asarray(value, dtype=np.float64)
            figures[name] = float(array) if array.ndim == 0 else tuple(array.round(6).tolist())
    return {
        name: None if np.ndim(value) == 0 and not np.isfinite(value) else value
        for name, value in figures.items()
    }


def _plain(value: Any) -> Any:
    """A parameter as JSON has it; what JSON has not, as text."""
    if isinstance(value, np.generic):
        return value.item()
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)
