"""Labels for training: from the file itself, from frames, or from conditions.

    low=80,120-125               frames, counted from 0, ranges inclusive
    ramp_42.nxs:low=80           frames of one of several files
    low=pressure<12GPa           every frame for which it is true; also beam_energy and exposure, in any unit
    low=pressure=10..20GPa       both ends included

The three ways are taken in this order and a later way wins over an earlier one; within one way, two classes
for one frame are an error.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nxspectra import units
from nxspectra.errors import LabelError
from nxspectra.spectra import Spectra, classifications
from nxspectra.tree import Group

Concept = Literal["pressure", "energy", "exposure"]

CONCEPTS: dict[str, tuple[Concept, str]] = {
    "pressure": ("pressure", "GPa"),
    "beam_energy": ("energy", "keV"),
    "incident_energy": ("energy", "keV"),
    "energy": ("energy", "keV"),
    "exposure": ("exposure", "s"),
    "count_time": ("exposure", "s"),
}
"""What a condition may be about: the words for it, and the unit of its values in `Spectra`."""

_COMPARISONS: dict[str, Callable[[NDArray[np.float64], float], NDArray[np.bool_]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_FRAMES = re.compile(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?\Z")
_COMPARED = re.compile(rf"\s*([A-Za-z_]\w*)\s*(<=|>=|<|>)\s*({_NUMBER})\s*(.*?)\s*\Z")
_RANGED = re.compile(rf"\s*([A-Za-z_]\w*)\s*=\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*(.*?)\s*\Z")


@dataclass(frozen=True)
class Condition:
    """A claim about each spectrum, `pressure < 12 GPa`: all of its limits hold."""

    concept: Concept
    limits: tuple[tuple[str, float], ...]
    """Comparison and value, in the unit that `Spectra` has."""
    text: str


@dataclass(frozen=True)
class Label:
    """One class and what carries it, in one file or in all."""

    class_name: str
    file: str | None
    """As given before the colon: a path or a file name; None for all files."""
    frames: tuple[tuple[int, int], ...]
    """First and last frame of each range, inclusive."""
    conditions: tuple[Condition, ...]
    text: str


@dataclass(frozen=True)
class Labelled:
    """The class of each spectrum of one run, as far as it is known."""

    classes: tuple[str, ...]
    class_index: NDArray[np.int64]
    """(n_spectra,), index into `classes`; -1 where there is none."""

    def frames(self, class_name: str) -> tuple[int, ...]:
        """The frames that carry the class."""
        return tuple(np.flatnonzero(self.class_index == self.classes.index(class_name)).tolist())


def parse_labels(labels: Sequence[str]) -> tuple[Label, ...]:
    """`low=80,120-125`, `FILE:low=80` and `low=pressure<12GPa`, understood; LabelError for any other text."""
    return tuple(_parse(text) for text in labels)


def labelled(
    runs: Sequence[tuple[str, Spectra, Group | None]], labels: Sequence[str] = (), *, fewest: int = 2
) -> list[Labelled]:
    """The class of each spectrum of each run: its file name, its spectra, and its tree if there is one.

    Classes come in the order in which they are first named. Raises LabelError, saying where: unknown files,
    frames out of range, contradictions, classes without spectra, fewer than `fewest` classes.
    """
    parsed = parse_labels(labels)
    meant = [_meant(label, [name for name, _, _ in runs]) for label in parsed]
    own = [_own_labels(name, tree, len(spectra)) for name, spectra, tree in runs]
    named = [name for classes, _ in own for name in classes] + [label.class_name for label in parsed]
    classes = tuple(dict.fromkeys(named))
    result = []
    for (name, spectra, _), (own_classes, own_index) in zip(runs, own, strict=True):
        mine = [label for label, names in zip(parsed, meant, strict=True) if name in names]
        index = np.full(len(spectra), -1, dtype=np.int64)
        for number, class_name in enumerate(own_classes):
            index[own_index == number] = classes.index(class_name)
        for way in (_framed, _conditioned):
            given = _one_way(mine, classes, way, spectra, name)
            index = np.where(given >= 0, given, index)
        result.append(Labelled(classes, index))
    _check(result, parsed, fewest)
    return result


def as_frames(frames: Sequence[int]) -> str:
    """Frames as a label has them: `80,120-125`."""
    runs: list[list[int]] = []
    for frame in sorted(frames):
        if runs and frame == runs[-1][1] + 1:
            runs[-1][1] = frame
        else:
            runs.append([frame, frame])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _check(result: Sequence[Labelled], parsed: Sequence[Label], fewest: int) -> None:
    classes = result[0].classes if result else ()
    if len(classes) < fewest:
        found = f"only {classes[0]!r}" if classes else "none"
        raise LabelError(
            f"training needs spectra of at least two classes, and there is {found}: give labels such as"
            " `--label low=80,120 --label high=260,300`, or files that an expert has labelled"
        )
    for number, name in enumerate(classes):
        if not any(np.any(each.class_index == number) for each in result):
            said = ", ".join(label.text for label in parsed if label.class_name == name)
            raise LabelError(f"no spectrum is left for class {name!r}" + (f" ({said})" if said else ""))


def _parse(text: str) -> Label:
    left, equals, right = text.partition("=")
    file, colon, name = left.rpartition(":")
    name = name.strip()
    if not equals or not name or not right.strip() or (colon and not file):
        raise LabelError(
            f"{text!r} is not a label: write CLASS=FRAMES as in low=80,120-125, FILE:low=80 for one of"
            " several files, or a condition as in low=pressure<12GPa"
        )
    frames, conditions = [], []
    for part in right.split(","):
        found = _FRAMES.match(part)
        if found:
            first, last = int(found[1]), int(found[2] or found[1])
            if last < first:
                raise LabelError(f"{text}: the range {part.strip()} runs backwards")
            frames.append((first, last))
        else:
            conditions.append(_condition(part, text))
    return Label(name, file or None, tuple(frames), tuple(conditions), text)


def _condition(part: str, text: str) -> Condition:
    compared, ranged = _COMPARED.match(part), _RANGED.match(part)
    if compared:
        word, unit = compared[1], compared[4]
        limits = [(compared[2], float(compared[3]))]
    elif ranged:
        word, unit = ranged[1], ranged[4]
        limits = [(">=", float(ranged[2])), ("<=", float(ranged[3]))]
    else:
        raise LabelError(
            f"{text}: {part.strip()!r} is neither frames (80 or 120-125) nor a condition (pressure<12GPa,"
            " pressure=10..20GPa)"
        )
    if word not in CONCEPTS:
        raise LabelError(
            f"{text}: conditions are about {', '.join(dict.fromkeys(CONCEPTS))}; {word!r} is not known"
        )
    concept, own_unit = CONCEPTS[word]
    if not unit:
        raise LabelError(f"{text}: give the unit too, as in {word}{limits[0][0]}{limits[0][1]:g}{own_unit}")
    if not units.same_kind(unit, own_unit):
        raise LabelError(f"{text}: {unit!r} is not a unit of {word}; write {own_unit}, for example")
    converted = tuple((sign, float(units.convert(value, unit, own_unit))) for sign, value in limits)
    return Condition(concept, converted, part.strip())


def _meant(label: Label, names: Sequence[str]) -> Sequence[str]:
    """The files that a label is for. Raises LabelError if there is none, or if it may be one of several."""
    if label.file is None or label.file in names:
        return names if label.file is None else [label.file]
    found = [name for name in names if label.file in (PurePath(name).name, PurePath(name).stem)]
    if len(found) == 1:
        return found
    problem = "no file" if not found else "more than one file"
    raise LabelError(f"{label.text}: {problem} {label.file!r} among those given: {', '.join(found or names)}")


def _own_labels(name: str, tree: Group | None, number: int) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Classes and class per spectrum that an expert or a simulation has written into the file."""
    classes: tuple[str, ...] = ()
    index = np.full(number, -1, dtype=np.int64)
    if tree is None:
        return classes, index
    for path, found in classifications(tree).items():
        if found.origin == "model" or found.class_index.size != number:
            continue
        classes = tuple(dict.fromkeys((*classes, *found.classes)))
        theirs = np.array([classes.index(each) for each in found.classes], dtype=np.int64)
        given = np.where(found.class_index >= 0, theirs[found.class_index], -1)
        clash = np.flatnonzero((given >= 0) & (index >= 0) & (given != index))
        if clash.size:
            raise LabelError(
                f"{name}: {path} calls frame {clash[0]} {classes[given[clash[0]]]!r}, and another"
                f" classification in the file calls it {classes[index[clash[0]]]!r}"
            )
        index = np.where(given >= 0, given, index)
    return classes, index


def _framed(label: Label, spectra: Spectra, name: str) -> NDArray[np.bool_] | None:
    if not label.frames:
        return None
    chosen = np.zeros(len(spectra), dtype=bool)
    for first, last in label.frames:
        if last >= len(spectra):
            raise LabelError(
                f"{label.text}: frame {last} is out of range; {name} has {len(spectra)} spectra,"
                f" 0 to {len(spectra) - 1}"
            )
        chosen[first : last + 1] = True
    return chosen


def _conditioned(label: Label, spectra: Spectra, name: str) -> NDArray[np.bool_] | None:
    if not label.conditions:
        return None
    chosen = np.zeros(len(spectra), dtype=bool)
    for condition in label.conditions:
        values: NDArray[np.float64] | None = getattr(spectra, condition.concept)
        if values is None:
            raise LabelError(
                f"{label.text}: {name}{spectra.entry} does not say the {condition.concept} of its spectra"
            )
        with np.errstate(invalid="ignore"):
            true = [_COMPARISONS[sign](values, limit) for sign, limit in condition.limits]
        chosen |= np.broadcast_to(np.logical_and.reduce(true), chosen.shape)
    return chosen


def _one_way(
    labels: Sequence[Label],
    classes: tuple[str, ...],
    way: Callable[[Label, Spectra, str], NDArray[np.bool_] | None],
    spectra: Spectra,
    name: str,
) -> NDArray[np.int64]:
    """What the labels say by frames, or by conditions; -1 where they say nothing."""
    index = np.full(len(spectra), -1, dtype=np.int64)
    for label in labels:
        chosen = way(label, spectra, name)
        if chosen is None:
            continue
        mine = classes.index(label.class_name)
        clash = np.flatnonzero(chosen & (index >= 0) & (index != mine))
        if clash.size:
            raise LabelError(
                f"{label.text}: frame {clash[0]} of {name} is also labelled {classes[index[clash[0]]]!r}"
            )
        index[chosen] = mine
    return index
