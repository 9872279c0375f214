"""Crosswalks: which raw keys tell which concept at a beamline, and which must not be taken.

The shipped ones lie in `appdefs/crosswalks/`; anyone can write another and name its path.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

from nxspectra.errors import CrosswalkError
from nxspectra.migration.concepts import Concept, concept, nearest
from nxspectra.migration.crosswalk_text import (
    QUANTITIES,
    ConstantText,
    CrosswalkText,
    KeysText,
    RefusalText,
    RuleText,
    Trust,
    sound,
)
from nxspectra.shipped import shipped


class Key(NamedTuple):
    """A named thing in a file that a rule may know."""

    path: str
    name: str
    groups: tuple[tuple[str, str], ...]
    """(name, NX_class) of the groups it stands in, outermost first."""


@dataclass(frozen=True)
class Selection:
    """Which keys are meant."""

    tails: tuple[tuple[re.Pattern[str], ...], ...]
    """Each an end of a path, one pattern a step, the name last."""
    within: tuple[tuple[str, ...], ...]
    not_within: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, text: KeysText) -> Selection:
        tails = [
            tuple(re.compile(translate(step)) for step in key.strip("/").split("/")) for key in text.keys
        ]
        tails += [(re.compile(pattern),) for pattern in text.patterns]
        return cls(tuple(tails), _places(text.within), _places(text.not_within))

    def has(self, key: Key) -> bool:
        return (
            any(tail[-1].fullmatch(key.name) and self._ends(key, tail) for tail in self.tails)
            and (not self.within or any(_inside(key, place) for place in self.within))
            and not any(_inside(key, place) for place in self.not_within)
        )

    @staticmethod
    def _ends(key: Key, tail: tuple[re.Pattern[str], ...]) -> bool:
        names = [*(name for name, _ in key.groups), key.name]
        return len(names) >= len(tail) and all(
            step.fullmatch(name) for step, name in zip(reversed(tail), reversed(names), strict=False)
        )


def _places(texts: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(text.strip("/").split("/")) for text in texts)


def _inside(key: Key, place: tuple[str, ...]) -> bool:
    """Do the groups of `key` go through these steps in this order, others between them allowed?

    The last step is the group it stands in; after a last `**`, any group above it.
    """
    *steps, last = place
    above = list(key.groups)
    if last != "**" and (not above or not _is_step(last, above.pop())):
        return False
    rest = iter(above)
    return all(any(_is_step(step, group) for group in rest) for step in steps)


def _is_step(step: str, group: tuple[str, str]) -> bool:
    name, nx_class = group
    return step == (nx_class if step.startswith("NX") else name)


LONGEST_Q = (-152.0, 152.0)
"""1/angstrom; 4 pi / lambda of 150 keV, beyond which there is no diffraction."""


@dataclass(frozen=True)
class Rule:
    """These keys tell this concept."""

    id: str
    concept: Concept
    selection: Selection
    text: RuleText
    order: int
    """Of several that agree and are trusted alike, the first is taken."""

    @property
    def trust(self) -> Trust:
        return self.text.trust

    @cached_property
    def unit(self) -> str:
        """The unit that a value must be convertible to."""
        return QUANTITIES[self.text.quantity][1] if self.text.quantity else self.concept.unit

    @cached_property
    def range(self) -> tuple[float, float]:
        """Plausible values, lowest and highest, in the unit of the concept."""
        if self.text.quantity == "q" and self.text.range is None:
            return LONGEST_Q
        return self.text.range or (self.concept.lowest, self.concept.highest)


@dataclass(frozen=True)
class Refusal:
    """These keys must not be taken for this concept."""

    id: str
    concept: Concept
    selection: Selection
    text: RefusalText

    @property
    def units(self) -> tuple[str, ...]:
        """Only when the key has one of these; always if there are none."""
        return self.text.units

    @property
    def reason(self) -> str:
        return self.text.reason

    @property
    def sensor(self) -> str:
        """What kind of gauge or drive of the cell it is instead."""
        return self.text.sensor


Knowers: TypeAlias = tuple[tuple[Rule, ...], tuple[Refusal, ...]]
"""What of a crosswalk knows a key: rules and refusals."""
MOST_KEPT = 10_000
"""Keys of which it is kept what knows them."""


@dataclass(frozen=True)
class Constant:
    """What follows from a key that names the facility."""

    id: str
    concept: Concept
    value: str
    key: tuple[str, ...]
    matches: re.Pattern[str]


@dataclass(frozen=True)
class Crosswalk:
    """All rules of a crosswalk and of those it extends."""

    name: str
    title: str
    digest: str
    """sha256 of its file in hex."""
    extends: tuple[tuple[str, str], ...] = ()
    """(name, digest) of every crosswalk it builds on."""
    rules: tuple[Rule, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    constants: tuple[Constant, ...] = ()
    patterns: Mapping[str, re.Pattern[str]] = field(default_factory=dict)

    @classmethod
    def load(cls, name: str | Path, *, check: bool = False) -> Crosswalk:
        """The shipped crosswalk of that name, or the one in that file; to `check` one that is shipped too.

        Raises CrosswalkError, naming file, line and key, with the nearest right word.
        """
        path = find(name)
        files: dict[Path, str] = {}
        _gather(path, files, (), check=check)
        return _resolved(tuple(files.items()))

    def knows(self, name: str) -> bool:
        """May any rule know a key of this name? Cheap, so that most keys are passed by."""
        rules, refusals = self._by_name(name)
        return bool(rules or refusals)

    @cached_property
    def _names(self) -> dict[str, Knowers]:
        return {}

    def _by_name(self, name: str) -> Knowers:
        known = self._names.get(name)
        if known is None:
            known = (
                tuple(rule for rule in self.rules if _names_it(rule.selection, name)),
                tuple(refusal for refusal in self.refusals if _names_it(refusal.selection, name)),
            )
            if len(self._names) < MOST_KEPT:
                self._names[name] = known
        return known

    @cached_property
    def _keys(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], Knowers]:
        return {}

    def knowers(self, key: Key) -> Knowers:
        """What knows a key."""
        # from one file of a beamline to the next the keys are the same
        known = self._keys.get((key.name, key.groups))
        if known is None:
            rules, refusals = self._by_name(key.name)
            known = (
                tuple(rule for rule in rules if rule.selection.has(key)),
                tuple(refusal for refusal in refusals if refusal.selection.has(key)),
            )
            if len(self._keys) < MOST_KEPT:
                self._keys[key.name, key.groups] = known
        return known


def _names_it(selection: Selection, name: str) -> bool:
    return any(tail[-1].fullmatch(name) for tail in selection.tails)


# -- loading -----------------------------------------------------------------------------------


def available() -> tuple[str, ...]:
    """The names of the crosswalks that come with the package."""
    return tuple(sorted(path.name.removesuffix(".toml") for path in shipped("crosswalks").glob("*.toml")))


def find(name: str | Path, beside: Path | None = None) -> Path:
    """The file of a crosswalk, by name or path. Raises CrosswalkError."""
    text = str(name)
    if isinstance(name, Path) or text.endswith(".toml") or "/" in text:
        path = (beside.parent / text) if beside else Path(text)
        if not path.is_file():
            raise CrosswalkError(f"no crosswalk file {path}; shipped are {', '.join(available())}")
        return path
    if beside is not None and (beside.parent / f"{text}.toml").is_file():
        return beside.parent / f"{text}.toml"
    if text not in available():
        near = nearest(text, available())
        hint = f"did you mean {near!r}?" if near else f"shipped are {', '.join(available())}."
        raise CrosswalkError(f"no crosswalk {text!r}; {hint} A path ends in .toml")
    return shipped("crosswalks") / f"{text}.toml"


def _gather(path: Path, files: dict[Path, str], above: tuple[Path, ...], *, check: bool) -> None:
    """Read a crosswalk and all that it extends, those first."""
    real = path.resolve()
    if real in above:
        circle = " -> ".join(item.name for item in (*above, real))
        raise CrosswalkError(f"{path}: extends itself: {circle}")
    if real in files:
        return
    try:
        text = real.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CrosswalkError(f"{path}: cannot be read as text: {error}") from None
    for parent in _read(path, text, check=check).parents:
        _gather(find(parent, real), files, (*above, real), check=check)
    files[real] = text


@lru_cache(maxsize=64)
def _read(path: Path, text: str, *, check: bool = False) -> CrosswalkText:
    """What is in the file at a path; raises CrosswalkError."""
    # those that are shipped are sound, unless somebody has changed them
    if not check and path.parent.resolve() == shipped("crosswalks").resolve():
        with suppress(TypeError, ValueError, AttributeError):
            return sound(text)
    # it takes long to load what checks
    from nxspectra.migration.crosswalk_file import checked  # noqa: PLC0415

    return checked(str(path), text)


@lru_cache(maxsize=32)
def _resolved(files: tuple[tuple[Path, str], ...]) -> Crosswalk:
    rules: dict[str, RuleText] = {}
    depth: dict[str, int] = {}
    refusals: dict[str, RefusalText] = {}
    constants: dict[str, ConstantText] = {}
    patterns: dict[str, re.Pattern[str]] = {}
    digests: list[tuple[str, str]] = []
    title = ""
    for number, (path, text) in enumerate(files):
        file = _read(path, text)
        title = file.title
        patterns |= {name: re.compile(pattern) for name, pattern in file.patterns.items()}
        for identifier in file.ids:
            for table in (rules, refusals, constants):
                table.pop(identifier, None)
        rules |= {item.id: item for item in file.rule}
        refusals |= {item.id: item for item in file.refuse}
        constants |= {item.id: item for item in file.constant}
        # what a beamline says comes first, then what it builds on in the order in which it is read
        depth |= dict.fromkeys(file.ids, number if number < len(files) - 1 else -1)
        for rule in file.rule:
            for name in rule.text:
                if name not in patterns:
                    near = nearest(name, patterns)
                    hint = f"; did you mean {near!r}?" if near else ""
                    raise CrosswalkError(f"{path}: rule {rule.id!r}: no pattern {name!r}{hint}")
        digests.append((path.name.removesuffix(".toml"), hashlib.sha256(text.encode()).hexdigest()))
    (name, digest), parents = digests[-1], digests[:-1]
    return Crosswalk(
        name,
        title,
        digest,
        tuple(parents),
        tuple(
            Rule(item.id, concept(item.concept), Selection.of(item), item, order)
            for order, item in enumerate(sorted(rules.values(), key=lambda item: depth[item.id]))
        ),
        tuple(
            Refusal(item.id, concept(item.concept), Selection.of(item), item) for item in refusals.values()
        ),
        tuple(
            Constant(
                item.id,
                concept(item.concept),
                item.value,
                tuple(item.key.strip("/").split("/")),
                re.compile(item.matches),
            )
            for item in constants.values()
        ),
        patterns,
    )
