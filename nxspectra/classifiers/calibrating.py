"""A model calibrated on series that it was not trained on: what its probabilities and intervals are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nxspectra.classifiers.calibration import SURE, Calibration, Correction, Detector, Method
from nxspectra.classifiers.evaluation import Widths, changes, reliability
from nxspectra.classifiers.evaluation.boundary import Change, doubt_in_pressure, pressure_at
from nxspectra.classifiers.evaluation.trial import LOST, NEAR, true_changes
from nxspectra.classifiers.inference import look
from nxspectra.classifiers.labels import Labelled, labelled
from nxspectra.classifiers.model import Calibrated, Model, TrainingFile
from nxspectra.classifiers.training import file_name_of, raw_digest, training_file
from nxspectra.errors import LabelError, Refused
from nxspectra.spectra import Spectra
from nxspectra.tree import Group

Floats = NDArray[np.float64]
Truth = Sequence[str | None]
"""The class of each spectrum by name, None where it is not known."""

FAR = 0.1
"""Weight of a spectrum further than `NEAR` frames from a boundary: the easy ones would drown the others."""
CURVES = 40
"""Of each series that the detector of strangers learns from, or is set with."""


@dataclass(frozen=True)
class HeldOut:
    """A series with its true classes, as a model sees it."""

    file: TrainingFile
    probability: Floats
    """(n_spectra, n_classes), not corrected."""
    truth: NDArray[np.int64]
    """(n_spectra,), index into the model's classes; -1 where it is not known."""
    pressure: Floats | None
    curves: Floats
    """(n_some, n_points): `CURVES` of those with a class, prepared."""

    @property
    def known(self) -> NDArray[np.bool_]:
        return (self.truth >= 0) & np.isfinite(self.probability).all(axis=1)

    @property
    def near(self) -> NDArray[np.bool_]:
        """(n_spectra,), True within `NEAR` frames of a true boundary."""
        mask = np.zeros(self.truth.size, np.bool_)
        for _, _, frame in true_changes(self.truth):
            mask[max(frame - NEAR, 0) : frame + NEAR] = True
        return mask


def calibrate(
    model: Model,
    runs: Sequence[Group | Spectra],
    labels: Sequence[str] = (),
    *,
    truth: Sequence[Truth | None] | None = None,
    method: Method = "temperature",
    sure: float = SURE,
) -> Model:
    """The model with what the labelled spectra of `runs` teach about it; it must not be trained on them.

    Its probabilities are corrected by `method`; boundaries get intervals as wide as their errors on these
    runs ask for; spectra that are stranger than 95 in 100 of these are given no class. `sure` is the
    probability below which a spectrum is ambiguous. Nine boundaries are needed for intervals; with fewer they
    are as they would be without calibration. `labels` are as for `train`; `truth` has a class name,
    or None, for each spectrum of each run, and wins over them. Spectra up to the boundary have to be
    labelled: where half of a run has no class, where its boundary lies is not known.

    Raises LabelError for labels that do not fit the model, Refused for a run that the model was trained on.
    """
    series = held_out(model, runs, labels, truth)
    fitted = _correction(series, method)
    # corrected by what the other half has taught: an error on what was learned from would be too small
    halves = [series[::2] or series, series[1::2] or series]
    errors: tuple[list[float], list[float]] = ([], [])
    crossed = []
    for mine, other in ((halves[0], halves[1]), (halves[1], halves[0])):
        correction = _correction(other, method)
        for each in mine if len(series) > 1 else mine[:1]:
            probability = correction(each.probability)
            crossed.append(reliability(probability, np.where(each.near, each.truth, -1)))
            for own, scores in zip(errors, _scores(each, probability), strict=True):
                own.extend(scores)
        if len(series) == 1:
            break
    widths = Widths.of(*errors)
    detector = _detector(series, model.two_theta)
    raw = sum(
        (reliability(each.probability, np.where(each.near, each.truth, -1)) for each in series[1:]),
        reliability(series[0].probability, np.where(series[0].near, series[0].truth, -1)),
    )
    corrected = sum(crossed[1:], crossed[0])
    figures = {
        "series": float(len(series)),
        "boundaries": float(widths.number),
        "width, doubts in frames": widths.frame,
        "width, doubts in GPa": widths.pressure,
        "calibration error before": raw.error,
        "calibration error": corrected.error,
        "unseen score accepted": detector.threshold,
        "slope": fitted.slope,
    }
    record = Calibrated(
        method=method,
        sure=sure,
        files=tuple(each.file for each in series),
        figures={name: value if np.isfinite(value) else None for name, value in figures.items()},
    )
    card = model.card.model_copy(update={"calibration": record})
    return Model.of(model.estimator, card, model.two_theta, Calibration(fitted, widths, detector, sure))


def held_out(
    model: Model,
    runs: Sequence[Group | Spectra],
    labels: Sequence[str] = (),
    truth: Sequence[Truth | None] | None = None,
) -> list[HeldOut]:
    """The series as the model sees them, with their true classes. Raises what `calibrate` raises."""
    named = [
        (file_name_of(run, number), Spectra.of(run) if isinstance(run, Group) else run, run)
        for number, run in enumerate(runs)
    ]
    if not named:
        raise LabelError("there are no series to hold the model against")
    for name, _, run in named:
        refuse_trained_on(model, run, name)
    given = true_classes(model, runs, labels, truth)
    found = []
    for (name, spectra, run), known in zip(named, given, strict=True):
        seen = look(spectra, model)
        frames = np.flatnonzero(seen.usable)
        some = np.flatnonzero(known[frames] >= 0)
        some = some[np.linspace(0, some.size - 1, min(CURVES, some.size)).astype(np.int64)]
        tree = run if isinstance(run, Group) else None
        file = training_file(name, spectra, tree, Labelled(model.card.classes, known))
        found.append(HeldOut(file, seen.probability, known, spectra.pressure, seen.intensity[some]))
    return found


def true_classes(
    model: Model,
    runs: Sequence[Group | Spectra],
    labels: Sequence[str] = (),
    truth: Sequence[Truth | None] | None = None,
) -> list[NDArray[np.int64]]:
    """For each run the class of each spectrum, an index into the model's classes, -1 where it is not known.

    Raises LabelError for a class that the model does not have, a truth of another length, and a run without.
    """
    told = list(truth) if truth is not None else [None] * len(runs)
    if len(told) != len(runs):
        raise LabelError(f"there is a truth for {len(told)} series, and there are {len(runs)} series")
    names = [file_name_of(run, number) for number, run in enumerate(runs)]
    spectra = [Spectra.of(run) if isinstance(run, Group) else run for run in runs]
    open_ones = [number for number, each in enumerate(told) if each is None]
    marked: dict[int, Labelled] = {}
    if open_ones:
        asked = [
            (names[number], spectra[number], run if isinstance(run := runs[number], Group) else None)
            for number in open_ones
        ]
        marked = dict(zip(open_ones, labelled(asked, labels, fewest=0), strict=True))
    found = []
    for number, name in enumerate(names):
        told_here = told[number]
        given = list(told_here) if told_here is not None else _names(marked[number])
        if len(given) != len(spectra[number]):
            raise LabelError(f"{name}: {len(given)} true classes for {len(spectra[number])} spectra")
        found.append(_index(given, model.card.classes, name))
    return found


def refuse_trained_on(model: Model, run: Group | Spectra, name: str) -> None:
    """Raises Refused if the model was trained on the file, or on one made from the same raw file.

    Trained is also what learned from spectra of the file without their classes: it knows their lines and
    their noise, and a file that it has not seen is harder.
    """
    file = _among(model.card.training, run)
    if file is not None:
        how = "trained on it" if file.frames else "trained on its spectra, without their classes"
        raise Refused(
            f"{name}: the model was {how} ({file.file_name}); how well it does there says nothing"
            " about other series: give series that it has not seen"
        )


def refuse_calibrated_on(model: Model, run: Group | Spectra, name: str) -> None:
    """Raises Refused if the file, or one made from the same raw file, set the model's probabilities,
    intervals and limit: they hold there because they were made to.
    """
    record = model.card.calibration
    file = None if record is None else _among(record.files, run)
    if file is not None:
        raise Refused(
            f"{name}: the model was calibrated on it ({file.file_name}), so that its probabilities and its"
            " intervals hold there says nothing about other series: give series that it has not seen"
        )


def _among(files: Sequence[TrainingFile], run: Group | Spectra) -> TrainingFile | None:
    """The one of the files that the run is, or that was made from the same raw file."""
    if not isinstance(run, Group):
        return None
    own = None if run.source is None else run.source.digest
    known = {each for each in (own, raw_digest(run, Spectra.of(run).entry)) if each is not None}
    return next((file for file in files if known & {file.sha256, file.raw_sha256}), None)


def _names(marked: Labelled) -> list[str | None]:
    return [None if index < 0 else marked.classes[index] for index in marked.class_index]


def _index(given: Truth, classes: tuple[str, ...], name: str) -> NDArray[np.int64]:
    strange = sorted({each for each in given if each is not None} - set(classes))
    if strange:
        raise LabelError(
            f"{name}: the model knows {', '.join(classes)}, and the series is labelled {', '.join(strange)}"
        )
    if all(each is None for each in given):
        raise LabelError(
            f"{name}: none of its spectra has a true class: label it, or give the truth of a simulation"
        )
    number = {each: index for index, each in enumerate(classes)}
    return np.array([-1 if each is None else number[each] for each in given], dtype=np.int64)


def _correction(series: Sequence[HeldOut], method: Method) -> Correction:
    known = [each.known for each in series]
    probability = np.concatenate([each.probability[mask] for each, mask in zip(series, known, strict=True)])
    truth = np.concatenate([each.truth[mask] for each, mask in zip(series, known, strict=True)])
    weight = np.concatenate(
        [np.where(each.near, 1.0, FAR)[mask] for each, mask in zip(series, known, strict=True)]
    )
    if not truth.size:
        raise LabelError("no labelled spectrum of the held-out series can be used to calibrate the model")
    return Correction.fitted(probability, truth, weight, method)


def _scores(each: HeldOut, probability: Floats) -> tuple[list[float], list[float]]:
    """Errors of the boundaries over their doubts, in frames and in GPa; infinite where one was not found."""
    found = list(changes(probability))
    frames, pressures = [], []
    for one, other, first in true_changes(each.truth):
        place = first - 0.5
        best = _nearest(found, one, other, place)
        if best is not None:
            found.remove(best)
        frames.append(float("inf") if best is None else abs(best.place - place) / best.doubt)
        at = pressure_at(each.pressure, place)
        if np.isfinite(at):
            pressures.append(
                float("inf")
                if best is None
                else abs(pressure_at(each.pressure, best.place) - at) / doubt_in_pressure(each.pressure, best)
            )
    return frames, pressures


def _nearest(found: Sequence[Change], one: int, other: int, place: float) -> Change | None:
    fitting = [each for each in found if (each.one, each.other) == (one, other)]
    best = min(fitting, key=lambda each: abs(each.place - place), default=None)
    return None if best is None or abs(best.place - place) > LOST else best


def _detector(series: Sequence[HeldOut], two_theta: Floats) -> Detector:
    """Learned from every other series, and set with the rest; of a single series, from every other curve."""
    if len(series) > 1:
        learned, rest = series[::2], series[1::2]
        seen, others = (np.concatenate([each.curves for each in part]) for part in (learned, rest))
    else:
        seen, others = series[0].curves[::2], series[0].curves[1::2]
    return Detector.fitted(seen, two_theta).accepting(others if len(others) else seen)
