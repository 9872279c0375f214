"""Rules for keys that no rule knows, as TOML for a person to edit: by name, unit, shape and range."""

from __future__ import annotations

import glob
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from nxspectra import units
from nxspectra.migration.concepts import BY_PATH, ENERGY, EXPOSURE, PRESSURE, TWO_THETA, Concept
from nxspectra.migration.crosswalk import Crosswalk, Key
from nxspectra.migration.crosswalk_text import QUANTITIES
from nxspectra.migration.forms import PHOTON, QUANTITY, Floats, name_unit, short, unit_of
from nxspectra.migration.survey import keys_of
from nxspectra.tree import Field, Group

LIKELY = 0.6
"""Score from which a rule is suggested."""
SERIES = 16
"""Points that a spectrum has at least."""
MOST = 40
"""Suggestions that a person will read."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """A concept and the words by which keys of it are called."""

    concept: Concept
    words: tuple[str, ...]
    quantity: str | None = None
    telling: tuple[str, ...] = ()
    """Units that hardly anything else is in."""

    @property
    def unit(self) -> str:
        return QUANTITIES[self.quantity][1] if self.quantity else self.concept.unit


MEANINGS = (
    Meaning(ENERGY, ("energy", "photon", "mono", "monochromator", "dcm", "bragg", "hv"), None, ("keV",)),
    Meaning(ENERGY, ("wavelength", "lambda", "wave", "wl"), "wavelength"),
    Meaning(
        EXPOSURE,
        (
            "exposure",
            "expo",
            "exp",
            "exptime",
            "count",
            "integration",
            "shutter",
            "gate",
            "acquisition",
            "dwell",
        ),
    ),
    Meaning(
        PRESSURE, ("pressure", "press", "p", "psam", "ruby", "gauge", "eos", "gpa"), None, ("GPa", "kbar")
    ),
    Meaning(BY_PATH["sample/temperature"], ("temperature", "temp", "thermocouple", "pyrometer")),
)
LIMITS = frozenset(
    [
        "min",
        "max",
        "low",
        "high",
        "limit",
        "lim",
        "set",
        "setpoint",
        "sp",
        "target",
        "wanted",
        "goal",
        "offset",
    ]
)
"""Words that say that it is not what was measured."""
ELSEWHERE = frozenset((
    "air", "hutch", "room", "water", "board", "chiller", "laser", "environment", "vacuum", "chamber", "gas",
    "ring", "undulator", "source", "machine", "limits", "ionchambers", "computers", "tube", "pump",
))  # fmt: skip
"""Words, of a key or of the groups it stands in, that say it is not of the sample or the beam."""
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A rule, or a refusal, for one key, and why."""

    key: Key
    concept: Concept
    quantity: str | None
    score: float
    why: tuple[str, ...]
    value: str
    unit: str | None
    """None if nothing says it."""
    refused: bool = False


def suggestions(
    root: Group, crosswalk: Crosswalk, concepts: Iterable[str] | None = None
) -> tuple[Suggestion, ...]:
    """Rules for the keys of a file that no rule of the crosswalk knows, likeliest first.

    Only for the concepts of these paths, if they are given.
    """
    wanted = None if concepts is None else frozenset(concepts)
    found: list[Suggestion] = []
    lengths = _lengths(root)
    for key, field in keys_of(root):
        if _is_known(crosswalk, key) or "NXdata" in {c for _, c in key.groups}:
            continue
        meant = (one for one in _scored(key, field, lengths) if wanted is None or one.concept.path in wanted)
        best = max(meant, key=lambda one: one.score, default=None)
        if best is not None and best.score >= LIKELY:
            found.append(best)
    found += (one for one in _spectra(root, crosswalk) if wanted is None or one.concept.path in wanted)
    return tuple(sorted(found, key=lambda one: (-one.score, one.key.path))[:MOST])


def _lengths(root: Group) -> frozenset[int]:
    """Numbers of spectra that there may be: first dimensions of what has two."""
    return frozenset(field.shape[0] for _, field in keys_of(root) if field.shape and len(field.shape) == 2)


def _scored(key: Key, field: Field, lengths: frozenset[int]) -> Iterator[Suggestion]:
    numbers, written = _numbers(field)
    if numbers is None:
        return
    if numbers.size != 1 and numbers.size not in lengths:
        return
    unit = unit_of(field) or written or name_unit(key.name)
    words = [word.lower() for word in _WORDS.findall(key.name)]
    around = {word.lower() for name, _ in key.groups for word in _WORDS.findall(name)}
    elsewhere = bool(ELSEWHERE & (around | set(words)))
    for meaning in MEANINGS:
        if unit is not None and not units.same_kind(unit, meaning.unit):
            continue
        alike = _alike(words, meaning.words)
        score, why = 0.6 * alike, [f"the name is {alike:.0%} like `{_nearest(words, meaning.words)}`"]
        if unit is None:
            score += 0.1
            why.append("nothing says its unit")
        else:
            telling = units.usual_spelling(unit) in meaning.telling
            score += 0.6 if telling else 0.4
            why.append(f"its unit is {unit}" + (", which hardly anything else is in" if telling else ""))
        values = numbers if unit is None else units.convert(numbers, unit, meaning.unit)
        if not _plausible(values, meaning):
            continue
        if elsewhere:
            score -= 0.5
        if numbers.size > 1:
            score += 0.05
            why.append(f"it has {numbers.size} values, as many as there are spectra")
        limited = bool(LIMITS.intersection(words))
        if limited:
            why.append("the name says a limit or set point")
        yield Suggestion(
            key,
            meaning.concept,
            meaning.quantity,
            min(score, 1.0),
            tuple(why),
            short(field),
            unit,
            limited,
        )


def _numbers(field: Field) -> tuple[Floats | None, str | None]:
    """The numbers of a field, and the unit if it stands behind a number as text."""
    if field.dtype.kind in "iuf" and field.size and len(field.shape or ()) <= 1 and field.size <= 100_000:
        return np.asarray(field.array, dtype=np.float64).reshape(-1), None
    match = QUANTITY.fullmatch((field.text or "")[:100]) if field.dtype.kind == "U" else None
    if match is None:
        return None, None
    return np.array([float(match["value"])]), match["unit"]


def _alike(words: Iterable[str], known: Iterable[str]) -> float:
    return max((_ratio(word, other) for word in words for other in known), default=0.0)


def _nearest(words: Iterable[str], known: Iterable[str]) -> str:
    pairs = [(_ratio(word, other), other) for word in words for other in known]
    return max(pairs, default=(0.0, ""))[1]


def _ratio(word: str, other: str) -> float:
    """How alike two words are, from 0 to 1; short ones only if they are the same."""
    if word == other:
        return 1.0
    if min(len(word), len(other)) < 4:
        return 0.0
    if word.startswith(other) or other.startswith(word):
        return 0.9
    return SequenceMatcher(None, word, other).ratio()


def _plausible(values: Floats, meaning: Meaning) -> bool:
    if meaning.quantity == "wavelength":
        with np.errstate(divide="ignore"):
            values = PHOTON / values
    finite = values[np.isfinite(values)]
    lowest, highest = meaning.concept.lowest, meaning.concept.highest
    return bool(finite.size) and bool(
        np.all((finite >= lowest) & (finite <= highest)) and np.any(finite != 0)
    )


# -- spectra -----------------------------------------------------------------------------------


def _spectra(root: Group, crosswalk: Crosswalk) -> Iterator[Suggestion]:
    """A table of numbers with an ascending axis beside it that is as long as its rows."""
    fields = list(keys_of(root))
    axes = [(key, field) for key, field in fields if _is_axis(field)]
    for key, field in fields:
        shape = field.shape or ()
        if len(shape) != 2 or field.dtype.kind not in "iuf" or shape[1] < SERIES:
            continue
        beside = [
            (axis, values)
            for axis, values in axes
            if values.shape == (shape[1],) and axis.groups == key.groups and not _is_known(crosswalk, axis)
        ]
        if len(beside) != 1 or _is_known(crosswalk, key):
            continue
        axis, values = beside[0]
        unit = unit_of(values)
        is_q = unit is not None and units.same_kind(unit, "1/angstrom")
        if unit is not None and not is_q and not units.same_kind(unit, "deg"):
            continue
        why = (f"a table of numbers, {shape[0]} x {shape[1]}, with the axis {axis.name} beside it",)
        yield Suggestion(key, BY_PATH["data/intensity"], None, 0.7, why, short(field), None)
        yield Suggestion(
            axis,
            TWO_THETA,
            "q" if is_q else None,
            0.7,
            (f"it ascends and is as long as the rows of {key.name}",),
            short(values),
            unit,
        )


def _is_known(crosswalk: Crosswalk, key: Key) -> bool:
    return any(crosswalk.knowers(key))


def _is_axis(field: Field) -> bool:
    if field.dtype.kind not in "iuf" or len(field.shape or ()) != 1 or not SERIES <= field.size <= 1_000_000:
        return False
    return bool(np.all(np.diff(np.asarray(field.array, dtype=np.float64)) > 0))


# -- as a file -----------------------------------------------------------------------------------


def as_toml(found: Iterable[Suggestion], crosswalk: Crosswalk, file: str) -> str:
    """The suggestions as a crosswalk, with the reasons in comments."""
    lines = [
        f"# Suggested for keys of {_one_line(file)} that the crosswalk {crosswalk.name} does not know.",
        "# Likeliest first. Read every rule, delete what is wrong, and say what only you can know.",
        "",
        f"title = {_text(f'Suggested for {file}')}",
        f"extends = {_text(crosswalk.name)}",
    ]
    taken: set[str] = set()
    for one in found:
        lines += ["", *_rule(one, _identifier(one.key.name, taken))]
    return "\n".join(lines) + "\n"


def _rule(one: Suggestion, identifier: str) -> Iterator[str]:
    unit = "" if one.unit is None else f" {one.unit}"
    yield f"# {_one_line(one.key.path)} = {_one_line(one.value)}{_one_line(unit)}"
    yield f"# {one.score:.0%} likely: {_one_line('; '.join(one.why))}"
    yield "[[refuse]]" if one.refused else "[[rule]]"
    yield f"id = {_text(identifier)}"
    yield f"concept = {_text(one.concept.word)}"
    yield f"keys = [{_text(glob.escape(one.key.name))}]"
    if one.key.groups:
        name, nx_class = one.key.groups[-1]
        yield f"within = [{_text(nx_class if nx_class == 'NXentry' else name)}]"
    if one.refused:
        yield 'reason = "a limit or set point, not what was measured"'
        return
    if one.quantity is not None:
        yield f"quantity = {_text(one.quantity)}"
    if one.unit is None and one.concept.unit:
        expected = QUANTITIES[one.quantity][1] if one.quantity else one.concept.unit
        yield f"# unit = {_text(expected)}  # the file does not say: take away the # if it is this one"
    yield 'trust = "set"  # or measured, derived, stated'


def _identifier(name: str, taken: set[str]) -> str:
    word = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "key"
    number, identifier = 1, f"suggested.{word}"
    while identifier in taken:
        number += 1
        identifier = f"suggested.{word}-{number}"
    taken.add(identifier)
    return identifier


def _text(value: str) -> str:
    return json.dumps(value).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    """Text from a file in a comment: nothing in it may end the line."""
    return "".join(mark if mark.isprintable() else " " for mark in text)[:200]
