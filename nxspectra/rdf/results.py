"""What the classifications of a series say, in short: runs of frames, boundaries, and by whom."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from nxspectra.rdf.terms import Agent, Iri, iso_moment, plain
from nxspectra.settings import orcid_of
from nxspectra.spectra import Classification

NAME = 200
"""Most characters of a name that are taken from a file."""
MOST_RUNS = 500
"""Labels that alternate more often than this are told label by label instead of run by run."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ORIGINS = ("expert", "model", "simulation")


@dataclass(frozen=True)
class Run:
    """Frames that bear one label: all from first to last, or `frames` of them where labels alternate."""

    label: str
    first: int
    last: int
    """Inclusive."""
    frames: int
    mean_probability: float | None = None
    least_probability: float | None = None


@dataclass(frozen=True)
class Transition:
    """The boundary between two classes; intervals are 90 %, inclusive."""

    from_label: str
    to_label: str
    frame: int
    frame_interval: tuple[int, int]
    pressure: float | None = None
    """GPa."""
    pressure_interval: tuple[float, float] | None = None
    """GPa."""


@dataclass(frozen=True)
class Result:
    """What one classification says of the series."""

    path: str
    origin: str
    classes: tuple[str, ...]
    runs: tuple[Run, ...]
    unlabelled: int
    """Frames that got no label."""
    transitions: tuple[Transition, ...]
    program: str
    version: str
    date: str | None
    confidence: float | None
    """P_conf."""
    model: tuple[str, str, str] | None
    """Classifier, file name and sha256 of the model file."""
    person: Agent | None
    stored: bool = True
    """Whether it is in the file, or still to be written to it."""

    @property
    def frames(self) -> dict[str, int]:
        """How many frames bear each label, in the order of the classes."""
        counted = dict.fromkeys(self.classes, 0)
        for run in self.runs:
            counted[run.label] += run.frames
        return {label: frames for label, frames in counted.items() if frames}


def results(found: Mapping[str, Classification], stored: Callable[[str], bool]) -> Iterator[Result]:
    """The labels of persons first, then those of models, then simulated ones."""
    for path, made in sorted(found.items(), key=lambda item: _ORIGINS.index(item[1].origin)):
        yield Result(
            path=path,
            origin=made.origin,
            classes=tuple(dict.fromkeys(plain(name, NAME) for name in made.classes)),
            runs=_runs(made),
            unlabelled=int(np.count_nonzero(made.class_index < 0)),
            transitions=tuple(_transitions(made)),
            program=plain(made.program, NAME) or "unknown",
            version=plain(made.version, NAME),
            date=iso_moment(made.date),
            confidence=_finite(made.confidence),
            model=_model(made),
            person=_person(made.by),
            stored=stored(path),
        )


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None


def _person(by: str | None) -> Agent | None:
    orcid = orcid_of(by or "")
    if orcid is not None:
        return Agent(None, Iri(f"https://orcid.org/{orcid}"))
    name = plain(by or "", NAME)
    return Agent(name) if name else None


def _model(made: Classification) -> tuple[str, str, str] | None:
    if made.model is None or not _SHA256.fullmatch(made.model.digest.lower()):
        return None
    name = PurePath(made.model.file_name).name
    return plain(made.model.classifier, NAME), plain(name, NAME), made.model.digest.lower()


def _runs(made: Classification) -> tuple[Run, ...]:
    labels = [plain(name, NAME) for name in made.classes]
    runs = [
        (index, np.arange(first, last + 1))
        for (index, first, last), _ in zip(made.runs(), range(MOST_RUNS + 1), strict=False)
    ]
    if len(runs) > MOST_RUNS:
        given = np.unique(made.class_index)
        runs = [(int(index), np.flatnonzero(made.class_index == index)) for index in given]
    return tuple(
        Run(labels[index], int(frames[0]), int(frames[-1]), int(frames.size), *_sure(made, index, frames))
        for index, frames in runs
        if index >= 0
    )


def _sure(
    made: Classification, index: int, frames: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> tuple[float | None, float | None]:
    """Mean and least probability of a label over frames; None where the file has none."""
    if made.probability is None:
        return None, None
    probability = made.probability[frames, index]
    known = probability[np.isfinite(probability)]
    return (float(known.mean()), float(known.min())) if known.size else (None, None)


def _transitions(made: Classification) -> Iterator[Transition]:
    for boundary in made.boundaries:
        span = boundary.pressure_interval
        yield Transition(
            plain(boundary.from_class, NAME),
            plain(boundary.to_class, NAME),
            boundary.frame,
            boundary.frame_interval,
            _finite(boundary.pressure),
            span if span and all(np.isfinite(end) for end in span) else None,
        )
