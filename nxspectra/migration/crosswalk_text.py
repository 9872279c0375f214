"""A crosswalk as a person writes it, as plain values: what may stand in the file, and what makes no sense.

By these types, and by what `metadata` says, `crosswalk_file` checks the files of others and makes the schema;
who uses a shipped crosswalk does not wait for pydantic to be loaded.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal

from nxspectra import units
from nxspectra.migration.concepts import BY_WORD, Concept, Kind, concept, nearest


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


class Letters:
    """Which texts a text may be: said to pydantic in the way it asks, without importing it."""

    def __init__(self, **limits: object) -> None:
        self.limits = limits

    def __get_pydantic_core_schema__(self, source: object, handler: Any) -> dict[str, object]:
        return {**handler(source), **self.limits}


Identifier = Annotated[str, Letters(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=80)]
Name = Annotated[str, Letters(min_length=1, max_length=200)]


@dataclass(frozen=True, kw_only=True)
class KeysText:
    """Which keys of a file are meant."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    id: Identifier = field(
        metadata={
            "description": "Stable name of the rule; a crosswalk that builds on this one replaces it by the"
            " same id."
        }
    )
    concept: Name = field(
        metadata={
            "description": "The concept, by its path in the definition or alias: pressure, beam_energy,"
            " exposure."
        }
    )
    keys: tuple[Name, ...] = field(
        default=(),
        metadata={
            "description": "Names, or ends of paths such as `mono/en`; `*` and `?` stand for anything."
        },
    )
    patterns: tuple[Name, ...] = field(
        default=(), metadata={"description": "Regular expressions that the whole name matches."}
    )
    within: tuple[Name, ...] = field(
        default=(),
        metadata={
            "description": "Where: `NXdetector/NXcollection` is in an NXcollection somewhere below an"
            " NXdetector, `NXdetector/**` anywhere below one; any one of the list will do. A"
            " step that does not begin with NX is the name of a group."
        },
    )
    not_within: tuple[Name, ...] = field(
        default=(), metadata={"description": "Where not, written as `within`."}
    )

    def __post_init__(self) -> None:
        if not self.keys and not self.patterns:
            raise ValueError("says no keys: give `keys` or `patterns`")
        if self.concept not in BY_WORD:
            near = nearest(self.concept, BY_WORD)
            raise ValueError(f"no concept {self.concept!r}" + (f"; did you mean {near!r}?" if near else ""))
        for pattern in self.patterns:
            _regex(pattern)


QUANTITIES: Mapping[str, tuple[str, str]] = {
    "wavelength": ("instrument/beam/incident_energy", "angstrom"),
    "q": ("data/two_theta", "1/angstrom"),
}
"""What else a key may hold: the concept that is computed from it, and a unit of it."""


@dataclass(frozen=True, kw_only=True)
class RuleText(KeysText):
    """A rule: these keys tell this concept."""

    trust: Trust = field(
        default=Trust.SET,
        metadata={
            "description": "measured: read back from a device; set: asked of a device; derived: computed"
            " from other values; stated: typed by a person."
        },
    )
    forms: tuple[Form, ...] = field(
        default=tuple(Form), metadata={"description": "Forms that are taken; all by default."}
    )
    values: tuple[Name, ...] = field(
        default=("value", "data"),
        metadata={"description": "Names of the value in a group that stands for a quantity."},
    )
    text: tuple[Name, ...] = field(
        default=(),
        metadata={
            "description": "Named patterns, from the table `patterns`, by which a value is found in free"
            " text."
        },
    )
    unit_from: tuple[UnitFrom, ...] = field(
        default=tuple(UnitFrom), metadata={"description": "Where the unit may come from, in this order."}
    )
    unit: str | None = field(
        default=None, metadata={"description": "The unit where the file says none (the facility's profile)."}
    )
    wrong_units: tuple[Name, ...] = field(
        default=(),
        metadata={"description": "Spellings in the file that are known mistakes and count as no unit."},
    )
    range: tuple[float, float] | None = field(
        default=None, metadata={"description": "Plausible range in the unit of the concept, inclusive."}
    )
    quantity: Literal["wavelength", "q"] | None = field(
        default=None,
        metadata={
            "description": "The key holds another quantity, from which the concept is computed: the"
            " wavelength of photons, for the energy; the length of the scattering vector q,"
            " for two theta."
        },
    )
    for_all: bool = field(
        default=False,
        metadata={
            "description": "One value holds for every spectrum of a series; say so only of what does not"
            " change."
        },
    )
    note: str = field(default="", metadata={"description": "Why; shown with the evidence."})

    def __post_init__(self) -> None:
        super().__post_init__()
        meant = concept(self.concept)
        if self.unit is not None and not _takes(meant, self.quantity, self.unit):
            expected = QUANTITIES[self.quantity][1] if self.quantity else meant.unit or "none"
            raise ValueError(f"unit {self.unit!r} does not fit {meant.path}; expected one like {expected!r}")
        if self.range is not None and not self.range[0] < self.range[1]:
            raise ValueError(f"range {list(self.range)} is empty: the lower end comes first")
        if self.quantity and meant.path != QUANTITIES[self.quantity][0]:
            raise ValueError(f"a {self.quantity} tells only {QUANTITIES[self.quantity][0]}")


@dataclass(frozen=True, kw_only=True)
class RefusalText(KeysText):
    """A refusal: these keys look like the concept and must not be taken for it."""

    units: tuple[Name, ...] = field(
        default=(), metadata={"description": "Only when the key has one of these units."}
    )
    sensor: str = field(
        default="",
        metadata={
            "description": "What kind of gauge or drive it is instead, such as `gas membrane`: then it is"
            " placed as a sensor of sample/pressure_env.",
            "max_length": 80,
        },
    )
    reason: str = field(
        metadata={
            "description": "Why not, in a sentence for the person who expected it to be taken.",
            "min_length": 10,
        }
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sensor and concept(self.concept).path != "sample/pressure":
            raise ValueError("only what is refused as sample/pressure can be a sensor of sample/pressure_env")


@dataclass(frozen=True, kw_only=True)
class ConstantText:
    """What a facility's name in a file tells beyond the file: the source, the beamline."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    id: Identifier
    concept: Name
    value: str
    key: Name = field(metadata={"description": "Name of a key of the file, or end of its path."})
    matches: Name = field(metadata={"description": "Regular expression that the text of that key matches."})

    def __post_init__(self) -> None:
        if self.concept not in BY_WORD or concept(self.concept).kind is not Kind.TEXT:
            raise ValueError(f"{self.concept!r} is not a concept whose value is text")
        _regex(self.matches)


@dataclass(frozen=True, kw_only=True)
class CrosswalkText:
    """A crosswalk file."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    title: str = field(metadata={"description": "What it is for."})
    extends: Name | tuple[Name, ...] = field(
        default=(),
        metadata={
            "description": "Crosswalks that it builds on: names of shipped ones, or paths that end in"
            " .toml; of rules with the same id the last stands."
        },
    )
    patterns: dict[Identifier, str] = field(
        default_factory=dict,
        metadata={
            "description": "Named regular expressions with groups `value` and `unit`, for values in free"
            " text."
        },
    )
    rule: tuple[RuleText, ...] = ()
    refuse: tuple[RefusalText, ...] = ()
    constant: tuple[ConstantText, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Of all its rules, refusals and constants."""
        tables: tuple[tuple[KeysText | ConstantText, ...], ...] = (self.rule, self.refuse, self.constant)
        return tuple(item.id for table in tables for item in table)

    @property
    def parents(self) -> tuple[str, ...]:
        """The crosswalks that it builds on."""
        return (self.extends,) if isinstance(self.extends, str) else self.extends

    def __post_init__(self) -> None:
        for pattern in self.patterns.values():
            if "value" not in _regex(pattern).groupindex:
                raise ValueError(f"the pattern {pattern!r} has no group (?P<value>...)")
        for index, identifier in enumerate(self.ids):
            if identifier in self.ids[:index]:
                raise ValueError(f"two rules have the id {identifier!r}")


def sound(text: str) -> CrosswalkText:
    """A crosswalk that is known to be one, as those that are shipped: of its types nothing is checked."""
    data = tomllib.loads(text)
    rules = tuple(RuleText(**_values(table)) for table in data.pop("rule", ()))
    refusals = tuple(RefusalText(**_values(table)) for table in data.pop("refuse", ()))
    constants = tuple(ConstantText(**_values(table)) for table in data.pop("constant", ()))
    return CrosswalkText(**_values(data), rule=rules, refuse=refusals, constant=constants)


_MEANT: Mapping[str, type] = {"trust": Trust, "forms": Form, "unit_from": UnitFrom, "range": float}
"""What the texts and numbers of a key are, where they are not what TOML has."""


def _values(table: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a table of TOML, as the classes above have them."""
    values = {}
    for key, value in table.items():
        meant = _MEANT.get(key)
        if isinstance(value, list):
            values[key] = tuple(value if meant is None else map(meant, value))
        else:
            values[key] = value if meant is None else meant(value)
    return values


def _regex(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None


def _takes(meant: Concept, quantity: str | None, unit: str) -> bool:
    return units.same_kind(unit, QUANTITIES[quantity][1]) if quantity else meant.is_kind_of(unit)
