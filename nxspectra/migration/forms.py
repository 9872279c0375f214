"""The forms in which raw files store a value and its unit, read into numbers in one unit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nxspectra import units
from nxspectra.migration.concepts import Concept, Kind
from nxspectra.migration.crosswalk import Rule
from nxspectra.migration.crosswalk_text import Form, UnitFrom
from nxspectra.tree import Attribute, Field, Group, Node, one

Floats = NDArray[np.float64]

PHOTON = 12.398419843320026
"""keV angstrom: E = hc / lambda of photons, from the exact h, c and e of the SI (CODATA 2018)."""

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
QUANTITY = re.compile(rf"\s*(?P<value>{NUMBER})\s*(?P<unit>[^\s\d.,;=][^\s,;=]*)?\s*")
DURATION = re.compile(r"\s*(?P<h>\d+):(?P<m>[0-5]?\d):(?P<s>[0-5]?\d(?:\.\d*)?)\s*")

MOST_VALUES, MOST_TEXTS, MOST_LETTERS = 10_000_000, 100_000, 10_000
"""What is read of one key, so that a file from outside costs little."""

IN_NAMES = frozenset(
    [
        "eV",
        "keV",
        "kev",
        "KeV",
        "meV",
        "MeV",
        "GeV",
        "s",
        "ms",
        "us",
        "ns",
        "sec",
        "msec",
        "min",
        "Pa",
        "hPa",
        "kPa",
        "MPa",
        "GPa",
        "gpa",
        "TPa",
        "mbar",
        "bar",
        "kbar",
        "Mbar",
        "deg",
        "degrees",
        "degree",
        "rad",
        "mrad",
        "A",
        "Ang",
        "Angstrom",
        "angstrom",
        "nm",
        "pm",
        "K",
        "C",
        "degC",
    ]
)
"""Units that names and descriptions end in; a list, since most endings of names are no units at all."""
_PYFAI = {
    "2th_deg": "deg",
    "2th_rad": "rad",
    "q_nm^-1": "1/nm",
    "q_A^-1": "1/angstrom",
    "nm^{-1}": "1/nm",
    "A^{-1}": "1/angstrom",
    "Å^{-1}": "1/angstrom",
    r"\AA^{-1}": "1/angstrom",
}
"""Spellings of pyFAI: names of its units, and their symbols as they are typeset."""
_NAME_END = re.compile(r".+?(?:_|\s|\()(?:in_)?(?P<unit>[A-Za-z]+)\)?")
_DESCRIPTION_END = re.compile(r".*?[,(\[]\s*(?P<unit>[^\s,()\[\]]+)\s*[)\]]?\s*")
_NOTHING = frozenset({"", "-", "?", "none", "n/a", "na", "null", "unknown", "unkown", "undefined", "not set"})


class Reading(NamedTuple):
    """What a key says: numbers in the concept's unit, or a text."""

    values: Floats | str
    """(), or (n,); or a text."""
    raw: str
    """As it stands in the file, in short."""
    raw_units: str | None = None
    unit: str | None = None
    """What the raw unit was taken to be, whoever said it."""
    conversion: str | None = None


class Problem(NamedTuple):
    """Why a key cannot be taken."""

    rule: str
    message: str


VALUES = frozenset(
    {None, "NXcollection", "NXlog", "NXparameters", "NXpositioner", "NXsensor", "NXactuator", "NXnote"}
)
"""Classes of groups that may stand for one quantity; a detector called `lambda` is no wavelength."""


def value_of(group: Group, names: Iterable[str]) -> Field | None:
    """The field that is the value of a group that stands for a quantity; None if it does not."""
    if group.nx_class not in VALUES:
        return None
    fields = (group.children.get(name) for name in names)
    return next((field for field in fields if isinstance(field, Field)), None)


def read(
    name: str, node: Node, rule: Rule, patterns: Mapping[str, re.Pattern[str]], around: Group | None = None
) -> Reading | Problem | None:
    """What the key says about the concept of the rule; None if it says nothing about it.

    `around` is the group it stands in, where a unit may stand beside it.
    """
    if isinstance(node, Group):
        inside = value_of(node, rule.text.values)
        if Form.GROUP not in rule.text.forms or inside is None:
            return None
        return read_field(name, inside, rule, patterns, node)
    return read_field(name, node, rule, patterns, around) if isinstance(node, Field) else None


def read_field(
    name: str, field: Field, rule: Rule, patterns: Mapping[str, re.Pattern[str]], around: Group | None
) -> Reading | Problem | None:
    """What the field says about the concept of the rule; None if nothing."""
    if rule.concept.kind in (Kind.TEXT, Kind.DATE):
        return _text(field, rule, patterns)
    is_text = field.dtype.kind == "U"
    found = _numbers_in_text(field, rule, patterns) if is_text else _numbers(field, rule)
    if found is None or isinstance(found, Problem):
        return found
    numbers, in_value = found
    unit = _unit(name, field, rule, around, in_value)
    if isinstance(unit, Problem):
        return unit
    if unit is None:
        return Problem("no-units", f"{short(numbers)} has no unit, and nothing else says which")
    raw_units = text_attribute(field, "units") or text_attribute(field, "unit")
    return converted(numbers, unit, rule, short(field), raw_units)


def converted(numbers: Floats, unit: str, rule: Rule, raw: str, raw_units: str | None) -> Reading | Problem:
    """`numbers` given in `unit`, as the concept wants them; a Problem if they are not plausible."""
    values = units.convert(numbers, unit, rule.unit)
    conversion = None if units.usual_spelling(unit) == rule.unit else f"{unit} -> {rule.unit}"
    if rule.text.quantity == "wavelength":
        with np.errstate(divide="ignore"):
            values = PHOTON / values
        conversion = f"E = hc / lambda of photons, {unit} -> {rule.concept.unit}"
    problem = implausible(values, rule.concept, *rule.range)
    return problem or Reading(values, raw, raw_units, unit, conversion)


def implausible(values: Floats, concept: Concept, lowest: float, highest: float) -> Problem | None:
    """A Problem with the number and the range, if any value is not a number or out of range."""
    if values.size and -np.inf < lowest <= values.min() and values.max() <= highest < np.inf:
        return None  # which nothing that is not a number would be
    finite = np.isfinite(values)
    if not finite.any():
        return Problem("not-a-number", f"holds {short(values)}: no number to take")
    outside = finite & ~((values >= lowest) & (values <= highest))
    if outside.any():
        first = int(np.argmax(outside.reshape(-1)))
        where = f" at frame {first}" if values.size > 1 else ""
        return Problem(
            "implausible-value",
            f"{values.reshape(-1)[first]:.6g} {concept.unit}{where} is outside the plausible range"
            f" {lowest:g} to {highest:g} {concept.unit} of {concept.words}",
        )
    return None


# -- numbers -----------------------------------------------------------------------------------


def _numbers(field: Field, rule: Rule) -> tuple[Floats, str | None] | Problem | None:
    if field.dtype.kind not in "iuf" or field.size == 0:
        return None
    if field.size > MOST_VALUES:
        return Problem("wrong-shape", f"has {field.size} values; no series has as many spectra")
    needed = Form.NUMBER if field.size == 1 else Form.ARRAY
    if needed not in rule.text.forms:
        return None
    if field.size > 1 and len(field.shape or ()) != 1:
        return Problem("wrong-shape", f"has shape {field.shape}; expected one number or one for each frame")
    numbers = np.asarray(field.array, dtype=np.float64)
    return (numbers.reshape(()) if field.size == 1 and rule.concept.kind is Kind.QUANTITY else numbers), None


def _numbers_in_text(
    field: Field, rule: Rule, patterns: Mapping[str, re.Pattern[str]]
) -> tuple[Floats, str | None] | Problem | None:
    """The numbers of a text, or of an array of texts, with the unit that the text says."""
    if Form.TEXT not in rule.text.forms or not 0 < field.size <= MOST_TEXTS:
        return None
    texts = [str(item).strip()[:MOST_LETTERS] for item in field.array.reshape(-1)]
    if rule.text.text:
        return _by_pattern(texts, [patterns[name] for name in rule.text.text])
    if all(text.lower() in _NOTHING for text in texts):
        return None
    numbers, spelled = [], set()
    for text in texts:
        duration = DURATION.fullmatch(text) if rule.concept.unit == "s" else None
        match = QUANTITY.fullmatch(text)
        if duration:
            numbers.append(60 * (60 * int(duration["h"]) + int(duration["m"])) + float(duration["s"]))
            spelled.add("s")
        elif match:
            numbers.append(float(match["value"]))
            spelled.add(match["unit"])
        else:
            return Problem("not-a-number", f"{text[:60]!r} is not a number, nor a number with a unit")
    if len(spelled) > 1:
        return Problem("contradicting-units", f"its texts have different units: {sorted(map(str, spelled))}")
    values = np.asarray(numbers, dtype=np.float64)
    return (values.reshape(()) if values.size == 1 else values.reshape(-1)), spelled.pop()


def _by_pattern(
    texts: list[str], patterns: list[re.Pattern[str]]
) -> tuple[Floats, str | None] | Problem | None:
    """The one number that the named patterns find in free text."""
    found = {
        (float(match["value"]), match["unit"] if "unit" in pattern.groupindex else None)
        for text in texts
        for pattern in patterns
        for match in pattern.finditer(text)
    }
    if len(found) > 1:
        said = " and ".join(f"{value:g} {unit or ''}".strip() for value, unit in sorted(found, key=str))
        return Problem("ambiguous-key", f"says {said}")
    return next(((np.asarray(value), unit) for value, unit in found), None)


# -- units -------------------------------------------------------------------------------------


def _unit(
    name: str, field: Field, rule: Rule, around: Group | None, in_value: str | None
) -> str | Problem | None:
    """The unit of the value, from where the rule allows; a Problem if the file contradicts itself."""
    said: dict[UnitFrom, str] = {}
    for source in rule.text.unit_from:
        unit = in_value if source is UnitFrom.VALUE else _UNITS_FROM[source](name, field, rule, around)
        if unit is None or unit in rule.text.wrong_units:
            continue
        if not units.same_kind(unit, rule.unit):
            what = "is not a unit" if units.parse(unit) is None else f"is not a unit like {rule.unit!r}"
            return Problem(
                "wrong-units",
                f"{short(field)} with the unit {unit!r}, which {what}; {rule.concept.path} needs"
                f" {rule.concept.unit!r}. A crosswalk can state the right unit (`wrong_units`, `unit`)",
            )
        said[source] = unit
    if len(said) < 2:
        return next(iter(said.values()), None)
    # the profile speaks only where the file is silent; what the file says twice must agree
    spellings = {
        units.usual_spelling(unit) for source, unit in said.items() if source is not UnitFrom.PROFILE
    }
    if len(spellings) > 1:
        claims = " and ".join(f"{unit!r} by its {source}" for source, unit in said.items())
        return Problem("contradicting-units", f"{short(field)} is in {claims}")
    return next(iter(said.values()))


def _of_attribute(name: str, field: Field, rule: Rule, around: Group | None) -> str | None:  # noqa: ARG001
    return unit_of(field)


def _of_sibling(name: str, field: Field, rule: Rule, around: Group | None) -> str | None:  # noqa: ARG001
    """The unit in a data set beside the value: `energy_units`, or `unit` in the group of the quantity."""
    if around is None:
        return None
    beside = around.children
    names = [f"{name}_units", f"{name}_unit", f"{name}_Units", f"{name}_Unit"]
    if ("value" in beside or "data" in beside) and around.nx_class != "NXdata":
        names += ["units", "unit"]
    for other in names:
        node = beside.get(other)
        text = node.text if isinstance(node, Field) else None
        if text and text.strip():
            return text.strip()
    return None


def _of_name(name: str, field: Field, rule: Rule, around: Group | None) -> str | None:  # noqa: ARG001
    return _of_kind(_ending(_NAME_END, name), rule)


def _of_description(name: str, field: Field, rule: Rule, around: Group | None) -> str | None:  # noqa: ARG001
    for attribute in ("description", "long_name", "label", "doc"):
        text = text_attribute(field, attribute) if attribute in field.attributes else None
        unit = None if text is None else _of_kind(_ending(_DESCRIPTION_END, text), rule)
        if unit:
            return unit
    return None


def _of_profile(name: str, field: Field, rule: Rule, around: Group | None) -> str | None:  # noqa: ARG001
    return rule.text.unit


_UNITS_FROM: Mapping[UnitFrom, Callable[[str, Field, Rule, Group | None], str | None]] = {
    UnitFrom.ATTRIBUTE: _of_attribute,
    UnitFrom.SIBLING: _of_sibling,
    UnitFrom.NAME: _of_name,
    UnitFrom.DESCRIPTION: _of_description,
    UnitFrom.PROFILE: _of_profile,
}
"""Where a unit may come from, beside the value itself."""


def name_unit(name: str) -> str | None:
    """The unit that the name of a key ends in: `energy_keV`, `P(GPa)`."""
    return _ending(_NAME_END, name)


def _ending(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.fullmatch(text)
    return match["unit"] if match and match["unit"] in IN_NAMES else None


def _of_kind(unit: str | None, rule: Rule) -> str | None:
    """Endings of names count only if they are of the right kind: `beam_s` says nothing about an energy."""
    return unit if unit and units.same_kind(unit, rule.unit) else None


# -- texts and dates ---------------------------------------------------------------------------


def _text(field: Field, rule: Rule, patterns: Mapping[str, re.Pattern[str]]) -> Reading | Problem | None:
    concept, raw = rule.concept, field.text
    if raw is None and field.dtype.kind in "iu" and field.size == 1:
        raw = str(int(field.array.reshape(-1)[0]))
    if raw is None or raw.strip().lower() in _NOTHING:
        return None
    if rule.text.text:
        text = raw[:MOST_LETTERS]
        matches = (match for name in rule.text.text for match in patterns[name].finditer(text))
        found = next(matches, None)
        return (
            None if found is None else Reading(found["value"].strip(), short(raw), conversion="found in text")
        )
    if concept.kind is Kind.TEXT:
        meant = concept.allowed(raw.strip())
        if meant is None:
            return Problem("unknown-word", f"{raw[:60]!r} is none of {', '.join(concept.one_of)}")
        return Reading(meant, short(raw), conversion=None if meant == raw.strip() else f"{raw} -> {meant}")
    date = iso_date(raw)
    if date is None:
        return Problem("not-a-date", f"{raw[:60]!r} is not a date and time that can be understood")
    return Reading(date, raw, conversion=None if date == raw else "to ISO 8601")


def iso_date(text: str) -> str | None:
    """A date and time in ISO 8601, the time zone as given or left out; None if it is none."""
    text = " ".join(text.split())
    if ":" not in text:
        return None
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        pass
    for form in (
        "%a %b %d %H:%M:%S %Y",
        "%Y/%m/%d %H:%M:%S",
        "%d.%m.%Y %H:%M:%S",
        "%a, %d %b %Y %H:%M:%S %z",
    ):
        try:
            return datetime.strptime(text, form).isoformat()
        except ValueError:
            continue
    return None


# -- showing -----------------------------------------------------------------------------------


def short(value: Field | Floats | str) -> str:
    """A value in a few words: `100`, `349 values, 0.1 to 44.1`, a text cut to its beginning."""
    if isinstance(value, str):
        return value if len(value) <= 60 else value[:57] + "..."
    if isinstance(value, Field):
        if value.size > 100_000:
            return f"values of shape {value.shape}"
        array = value.array
    else:
        array = value
    kind = array.dtype.kind
    if array.size == 1:
        item = array.item() if kind in "Uf" else array.reshape(-1)[0]
        return f"{item:.10g}" if kind == "f" else short(str(item))
    if kind not in "iuf":
        return f"{array.size} texts" if kind == "U" else f"values of shape {array.shape}"
    lowest, highest, gaps = np.nan, np.nan, ""
    if array.size:
        lowest, highest = array.min(), array.max()
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        finite = array[np.isfinite(array)]
        if not finite.size:
            return f"{array.size} values, none of them finite"
        lowest, highest = finite.min(), finite.max()
        gaps = f", {array.size - finite.size} of them missing" if finite.size < array.size else ""
    spread = f"{lowest:.6g} to {highest:.6g}" if lowest < highest else f"all {lowest:.6g}"
    return f"{array.size} values, {spread}{gaps}"


def unit_of(field: Field) -> str | None:
    """The unit that the field says it is in, in a spelling that can be understood."""
    unit = text_attribute(field, "units") or text_attribute(field, "unit")
    return None if unit is None else _PYFAI.get(unit, unit)


def text_attribute(node: Node, name: str) -> str | None:
    """A text attribute without surrounding blanks; None if it is not there or empty."""
    value: Attribute = one(node.attributes.get(name))
    return value.strip() or None if isinstance(value, str) else None
