"""A crosswalk file as a person writes it: TOML, each mistake said with file, line and key."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from nxspectra import units
from nxspectra.errors import CrosswalkError
from nxspectra.migration.concepts import BY_WORD, Concept, Kind, concept, nearest

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Trust(StrEnum):
    """How far a raw value is to be believed, best first; it decides which of several that agree is taken."""

    MEASURED = "measured"
    SET = "set"
    DERIVED = "derived"
    STATED = "stated"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {trust: rank for rank, trust in enumerate(Trust)}


class Form(StrEnum):
    """How a raw value may be stored."""

    NUMBER = "number"
    ARRAY = "array"
    TEXT = "text"
    GROUP = "group"


class UnitFrom(StrEnum):
    """Where the unit of a raw value may be found."""

    ATTRIBUTE = "attribute"
    VALUE = "value"
    SIBLING = "sibling"
    NAME = "name"
    DESCRIPTION = "description"
    PROFILE = "profile"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeysText(Strict):
    """Which keys of a file are meant."""

    id: Identifier = Field(
        description="Stable name of the rule; a crosswalk that builds on this one replaces it by the same id."
    )
    concept: Name = Field(
        description="The concept, by its path in the definition or alias: pressure, beam_energy, exposure."
    )
    keys: tuple[Name, ...] = Field(
        (), description="Names, or ends of paths such as `mono/en`; `*` and `?` stand for anything."
    )
    patterns: tuple[Name, ...] = Field((), description="Regular expressions that the whole name matches.")
    within: tuple[Name, ...] = Field(
        (),
        description=(
            "Where: `NXdetector/NXcollection` is in an NXcollection somewhere below an NXdetector,"
            " `NXdetector/**` anywhere below one; any one of the list will do. A step that does not begin"
            " with NX is the name of a group."
        ),
    )
    not_within: tuple[Name, ...] = Field((), description="Where not, written as `within`.")

    @model_validator(mode="after")
    def _sound(self) -> KeysText:
        if not self.keys and not self.patterns:
            raise ValueError("says no keys: give `keys` or `patterns`")
        if self.concept not in BY_WORD:
            near = nearest(self.concept, BY_WORD)
            raise ValueError(f"no concept {self.concept!r}" + (f"; did you mean {near!r}?" if near else ""))
        for pattern in self.patterns:
            _regex(pattern)
        return self


QUANTITIES: Mapping[str, tuple[str, str]] = {
    "wavelength": ("instrument/beam/incident_energy", "angstrom"),
    "q": ("data/two_theta", "1/angstrom"),
}
"""What else a key may hold: the concept that is computed from it, and a unit of it."""


class RuleText(KeysText):
    """A rule: these keys tell this concept."""

    trust: Trust = Field(
        Trust.SET,
        description=(
            "measured: read back from a device; set: asked of a device; derived: computed from other"
            " values; stated: typed by a person."
        ),
    )
    forms: tuple[Form, ...] = Field(tuple(Form), description="Forms that are taken; all by default.")
    values: tuple[Name, ...] = Field(
        ("value", "data"), description="Names of the value in a group that stands for a quantity."
    )
    text: tuple[Name, ...] = Field(
        (), description="Named patterns, from the table `patterns`, by which a value is found in free text."
    )
    unit_from: tuple[UnitFrom, ...] = Field(
        tuple(UnitFrom), description="Where the unit may come from, in this order."
    )
    unit: str | None = Field(None, description="The unit where the file says none (the facility's profile).")
    wrong_units: tuple[Name, ...] = Field(
        (), description="Spellings in the file that are known mistakes and count as no unit."
    )
    range: tuple[float, float] | None = Field(
        None, description="Plausible range in the unit of the concept, inclusive."
    )
    quantity: Literal["wavelength", "q"] | None = Field(
        None,
        description=(
            "The key holds another quantity, from which the concept is computed: the wavelength of photons,"
            " for the energy; the length of the scattering vector q, for two theta."
        ),
    )
    for_all: bool = Field(
        False,
        description="One value holds for every spectrum of a series; say so only of what does not change.",
    )
    note: str = Field("", description="Why; shown with the evidence.")

    @model_validator(mode="after")
    def _fits(self) -> RuleText:
        meant = concept(self.concept)
        if self.unit is not None and not _takes(meant, self.quantity, self.unit):
            expected = QUANTITIES[self.quantity][1] if self.quantity else meant.unit or "none"
            raise ValueError(f"unit {self.unit!r} does not fit {meant.path}; expected one like {expected!r}")
        if self.range is not None and not self.range[0] < self.range[1]:
            raise ValueError(f"range {list(self.range)} is empty: the lower end comes first")
        if self.quantity and meant.path != QUANTITIES[self.quantity][0]:
            raise ValueError(f"a {self.quantity} tells only {QUANTITIES[self.quantity][0]}")
        return self


class RefusalText(KeysText):
    """A refusal: these keys look like the concept and must not be taken for it."""

    units: tuple[Name, ...] = Field((), description="Only when the key has one of these units.")
    sensor: str = Field(
        "",
        max_length=80,
        description=(
            "What kind of gauge or drive it is instead, such as `gas membrane`: then it is placed as a sensor"
            " of sample/pressure_env."
        ),
    )
    reason: str = Field(
        min_length=10, description="Why not, in a sentence for the person who expected it to be taken."
    )

    @model_validator(mode="after")
    def _of_pressure(self) -> RefusalText:
        if self.sensor and concept(self.concept).path != "sample/pressure":
            raise ValueError("only what is refused as sample/pressure can be a sensor of sample/pressure_env")
        return self


class ConstantText(Strict):
    """What a facility's name in a file tells beyond the file: the source, the beamline."""

    id: Identifier
    concept: Name
    value: str
    key: Name = Field(description="Name of a key of the file, or end of its path.")
    matches: Name = Field(description="Regular expression that the text of that key matches.")

    @model_validator(mode="after")
    def _sound(self) -> ConstantText:
        if self.concept not in BY_WORD or concept(self.concept).kind is not Kind.TEXT:
            raise ValueError(f"{self.concept!r} is not a concept whose value is text")
        _regex(self.matches)
        return self


class CrosswalkText(Strict):
    """A crosswalk file."""

    title: str = Field(description="What it is for.")
    extends: Name | tuple[Name, ...] = Field(
        (),
        description=(
            "Crosswalks that it builds on: names of shipped ones, or paths that end in .toml; of rules"
            " with the same id the last stands."
        ),
    )
    patterns: dict[Identifier, str] = Field(
        default_factory=dict,
        description="Named regular expressions with groups `value` and `unit`, for values in free text.",
    )
    rule: tuple[RuleText, ...] = ()
    refuse: tuple[RefusalText, ...] = ()
    constant: tuple[ConstantText, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Of all its rules, refusals and constants."""
        return (
            *(item.id for item in self.rule),
            *(item.id for item in self.refuse),
            *(item.id for item in self.constant),
        )

    @property
    def parents(self) -> tuple[str, ...]:
        """The crosswalks that it builds on."""
        return (self.extends,) if isinstance(self.extends, str) else self.extends

    @model_validator(mode="after")
    def _distinct(self) -> CrosswalkText:
        for pattern in self.patterns.values():
            if "value" not in _regex(pattern).groupindex:
                raise ValueError(f"the pattern {pattern!r} has no group (?P<value>...)")
        for index, identifier in enumerate(self.ids):
            if identifier in self.ids[:index]:
                raise ValueError(f"two rules have the id {identifier!r}")
        return self


def _regex(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None


def _takes(meant: Concept, quantity: str | None, unit: str) -> bool:
    return units.same_kind(unit, QUANTITIES[quantity][1]) if quantity else meant.is_kind_of(unit)


# -- reading ---------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def checked(path: str, text: str) -> CrosswalkText:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CrosswalkError(f"{path}: not TOML: {error}") from None
    try:
        return CrosswalkText.model_validate(data)
    except ValidationError as error:
        raise CrosswalkError("\n".join(_complaints(path, text, error))) from None


# -- saying where a crosswalk is wrong ---------------------------------------------------------


def schema_text() -> str:
    """The JSON Schema of a crosswalk, for editors, as it is published in `appdefs/crosswalk.schema.json`."""
    return json.dumps(CrosswalkText.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


_MODELS: Mapping[str, type[Strict]] = {"rule": RuleText, "refuse": RefusalText, "constant": ConstantText}


def _complaints(path: str, text: str, error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        location = [str(step) for step in problem["loc"]]
        line = _line(text, location)
        where = f"{path}:{line}" if line else path
        key = next((step for step in reversed(location) if not step.isdigit()), "")
        if problem["type"] == "extra_forbidden":
            model = _MODELS.get(location[0], CrosswalkText) if len(location) > 1 else CrosswalkText
            near = nearest(key, model.model_fields)
            hint = f"did you mean {near!r}?" if near else f"known are {', '.join(model.model_fields)}"
            yield f"{where}: no key {key!r} here; {hint}"
        elif problem["type"] == "missing":
            yield f"{where}: {key!r} is missing"
        elif problem["type"] in ("enum", "literal_error"):
            expected = str(problem.get("ctx", {}).get("expected", "")).replace("'", "")
            near = nearest(str(problem["input"]), re.split(r", | or ", expected))
            hint = f"did you mean {near!r}?" if near else f"expected {expected}"
            yield f"{where}: {key!r} cannot be {problem['input']!r}; {hint}"
        else:
            message = problem["msg"].removeprefix("Value error, ")
            yield f"{where}: {key + ': ' if key else ''}{message}"


def _line(text: str, location: list[str]) -> int | None:
    """The line of `rule.3.concept` in a TOML text, or of the table if the key has no line of its own."""
    table = location[0] if location else ""
    number = int(location[1]) if len(location) > 1 and location[1].isdigit() else None
    key = (
        location[2]
        if number is not None and len(location) > 2
        else (location[1] if len(location) > 1 else table)
    )
    if number is None and len(location) <= 1:
        table = ""
    here, count, start = "", -1, None
    for index, row in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\[?\s*([\w.-]+)\s*\]?\]", row)
        if header:
            here = header[1]
            if here == table:
                count += 1
                start = index if number is None or count == number else start
            continue
        inside = here == table and (number is None or count == number)
        if inside and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", row):
            return index
    return start
