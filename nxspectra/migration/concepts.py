"""The concepts that a migration can find: where they belong, in which unit, within which range."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from nxspectra import units
from nxspectra.errors import UsageError


class Kind(StrEnum):
    """What a concept is, which says how a raw value of it is read."""

    QUANTITY = "quantity"
    TEXT = "text"
    DATE = "date"
    INTENSITY = "intensity"
    ANGLES = "angles"


class Level(StrEnum):
    """How much the definition asks for it."""

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    OPTIONAL = "optional"


class Extent(StrEnum):
    """How many values a quantity has in a series of spectra."""

    ONE = "one"
    ONE_OR_EACH = "one or each"
    EACH = "each"


@dataclass(frozen=True, slots=True)
class Concept:
    """A place in the definition and what may stand there."""

    path: str
    """Below the entry, by the names the groups have when we make them."""
    kind: Kind
    level: Level
    words: str
    """What a person calls it."""
    example: str
    """As it would be given on the command line."""
    aliases: tuple[str, ...] = ()
    unit: str = ""
    """The unit it is written in; what a raw value is converted to."""
    extent: Extent = Extent.ONE
    lowest: float = float("-inf")
    highest: float = float("inf")
    """Plausible range, inclusive, in `unit`; a crosswalk may state another."""
    tolerance: float = 1e-3
    """Relative difference up to which two raw values are the same."""
    one_of: tuple[str, ...] = ()
    """The texts that the definition allows; any if empty."""
    goes_with_group: bool = False
    """The definition asks for the group only if there is one, and then for this in it."""
    steps: tuple[str, ...] = field(init=False)
    """The groups on the way."""
    leaf: str = field(init=False)
    """What it is called in the last of them."""

    def __post_init__(self) -> None:
        *steps, leaf = self.path.split("/")
        object.__setattr__(self, "steps", tuple(steps))
        object.__setattr__(self, "leaf", leaf)

    def allowed(self, text: str) -> str | None:
        """The allowed text that is meant by `text`, however it is spelled; None if none is."""
        if not self.one_of:
            return text
        letters = "".join(filter(str.isalpha, text.lower())).removesuffix("s")
        return next((word for word in self.one_of if word.replace("-", "") == letters), None)

    @property
    def name(self) -> str:
        """As the mapping in the file names it: `sample_pressure`."""
        return self.path.replace("/", "_")

    @property
    def word(self) -> str:
        """The shortest name that the command line takes."""
        return self.aliases[0] if self.aliases else self.path

    @property
    def is_number(self) -> bool:
        return self.kind in (Kind.QUANTITY, Kind.ANGLES)

    def is_kind_of(self, unit: str) -> bool:
        """Is it a unit in which this concept can be given?"""
        return bool(self.unit) and units.same_kind(unit, self.unit)


ENERGY = Concept(
    "instrument/beam/incident_energy",
    Kind.QUANTITY,
    Level.REQUIRED,
    "the energy of the incident beam",
    "25.6keV",
    ("beam_energy", "energy"),
    "keV",
    Extent.ONE_OR_EACH,
    5.0,
    150.0,
    2e-3,
)
EXPOSURE = Concept(
    "instrument/detector/count_time",
    Kind.QUANTITY,
    Level.REQUIRED,
    "the exposure time of one spectrum",
    "100ms",
    ("exposure", "count_time"),
    "s",
    Extent.ONE_OR_EACH,
    1e-4,
    1e4,
    1e-2,
)
PRESSURE = Concept(
    "sample/pressure",
    Kind.QUANTITY,
    Level.REQUIRED,
    "the pressure on the sample",
    "21.3GPa",
    ("pressure",),
    "GPa",
    Extent.EACH,
    0.0,
    1000.0,
    1e-2,
)
INTENSITY = Concept(
    "data/intensity",
    Kind.INTENSITY,
    Level.REQUIRED,
    "the spectra, (n_spectra, n_points)",
    "/entry/integrated/I",
    ("intensity", "spectra"),
)
TWO_THETA = Concept(
    "data/two_theta",
    Kind.ANGLES,
    Level.REQUIRED,
    "the diffraction angle of each point, (n_points,)",
    "/entry/integrated/tth",
    ("two_theta",),
    "deg",
    Extent.EACH,
    -180.0,
    180.0,
)

CONCEPTS: tuple[Concept, ...] = (
    Concept("title", Kind.TEXT, Level.RECOMMENDED, "a title", "'Ramp 42'", ("title",)),
    Concept(
        "start_time",
        Kind.DATE,
        Level.RECOMMENDED,
        "the start of the series",
        "2021-05-27T10:15:00+02:00",
        ("start_time",),
    ),
    Concept(
        "end_time",
        Kind.DATE,
        Level.OPTIONAL,
        "the end of the series",
        "2021-05-27T10:16:00+02:00",
        ("end_time",),
    ),
    Concept(
        "experiment_identifier",
        Kind.TEXT,
        Level.RECOMMENDED,
        "the proposal or beamtime",
        "11012345",
        ("experiment", "proposal", "beamtime"),
    ),
    Concept(
        "instrument/name", Kind.TEXT, Level.RECOMMENDED, "the beamline", "P02.2", ("instrument", "beamline")
    ),
    Concept(
        "instrument/source/name",
        Kind.TEXT,
        Level.RECOMMENDED,
        "the name of the source",
        "'PETRA III'",
        ("source", "facility"),
        goes_with_group=True,
    ),
    Concept(
        "instrument/source/type",
        Kind.TEXT,
        Level.RECOMMENDED,
        "the type of source",
        "'Synchrotron X-ray Source'",
        ("source_type",),
    ),
    Concept(
        "instrument/source/probe",
        Kind.TEXT,
        Level.RECOMMENDED,
        "what the sample is probed with",
        "x-ray",
        ("probe",),
        one_of=("x-ray", "neutron", "electron"),
        goes_with_group=True,
    ),
    ENERGY,
    EXPOSURE,
    Concept(
        "instrument/detector/description",
        Kind.TEXT,
        Level.RECOMMENDED,
        "a description of the detector",
        "'LAMBDA 2M'",
        ("detector",),
    ),
    Concept(
        "sample/name",
        Kind.TEXT,
        Level.REQUIRED,
        "the name of the sample",
        "ferropericlase",
        ("sample_name", "sample"),
    ),
    Concept(
        "sample/chemical_formula",
        Kind.TEXT,
        Level.RECOMMENDED,
        "the formula of the sample",
        "'(Mg0.2,Fe0.8)O'",
        ("formula", "chemical_formula"),
    ),
    PRESSURE,
    Concept(
        "sample/pressure_errors",
        Kind.QUANTITY,
        Level.RECOMMENDED,
        "the standard uncertainty of the pressure",
        "0.2GPa",
        ("pressure_errors",),
        "GPa",
        Extent.EACH,
        0.0,
        100.0,
        5e-2,
    ),
    Concept(
        "sample/temperature",
        Kind.QUANTITY,
        Level.OPTIONAL,
        "the temperature of the sample",
        "300K",
        ("temperature",),
        "K",
        Extent.ONE_OR_EACH,
        0.0,
        1e5,
        1e-2,
    ),
    Concept(
        "sample/pressure_env/type",
        Kind.TEXT,
        Level.RECOMMENDED,
        "the device that made the pressure",
        "'dynamic diamond anvil cell'",
        ("pressure_device", "cell"),
    ),
    Concept(
        "instrument/detector/start_time",
        Kind.QUANTITY,
        Level.RECOMMENDED,
        "when each exposure began",
        "/entry/frame_times",
        ("frame_times",),
        "s",
        Extent.EACH,
        0.0,
        1e10,
        1e-9,
    ),
    INTENSITY,
    TWO_THETA,
)

BY_PATH = {concept.path: concept for concept in CONCEPTS}
BY_WORD = {
    # the first of several that end alike: start_time is that of the series, not of its exposures
    **{concept.path.rpartition("/")[2]: concept for concept in reversed(CONCEPTS)},
    **{alias: concept for concept in CONCEPTS for alias in concept.aliases},
    **BY_PATH,
}
# `name`, `type` and `description` alone do not say whose
for _word in ("name", "type", "description"):
    BY_WORD.pop(_word, None)

GROUP_CLASSES = {
    "instrument": "NXinstrument",
    "source": "NXsource",
    "beam": "NXbeam",
    "detector": "NXdetector",
    "sample": "NXsample",
    "data": "NXdata",
    "pressure_env": "NXenvironment",
}
"""The class of each group on the way to a concept."""
NAMED = frozenset({"data", "pressure_env"})
"""Those that the definition calls by name; the others may be called anything."""


def concept(word: str) -> Concept:
    """The concept of that path or alias. Raises UsageError with the nearest right word."""
    known = BY_WORD.get(word) or BY_WORD.get(word.strip("/").lower())
    if known is None:
        near = nearest(word, BY_WORD)
        hint = f"did you mean {near!r}?" if near else f"known are {', '.join(c.word for c in CONCEPTS)}"
        raise UsageError(f"no concept {word!r}; {hint}")
    return known


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like `word`; None if none is."""
    words = {item.lower(): item for item in known}
    found = get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    return words[found[0]] if found else None
