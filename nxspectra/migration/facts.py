"""What a person knows and the file does not say: `beam_energy=25.6keV`, `intensity=/entry/integrated/I`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

import numpy as np

from nxspectra import units
from nxspectra.errors import Refused, UnitError, UsageError
from nxspectra.migration.concepts import ENERGY, TWO_THETA, Concept, Kind, concept
from nxspectra.migration.forms import NUMBER, PHOTON, Floats, Problem, implausible, iso_date, short
from nxspectra.tree import Group

GIVEN = "given"
"""The trust of what a person gave; it stands above what the file says."""

_ONE = rf"(?:{NUMBER}|nan\b)"
_QUANTITY = re.compile(rf"\s*({_ONE}(?:\s*,\s*{_ONE})*)\s*(\S.*?)?\s*")
_LONGEST = 60
"""Letters of a value that are noted as they were given; of a longer one, its summary."""


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A file beside the raw one in which facts were written down."""

    file_name: str
    checksum: str
    """sha256 in hex."""


@dataclass(frozen=True)
class Facts(Mapping[str, str]):
    """Facts that know in which file they were written down; a mapping like any other for who does not care.

    Some may hold for one raw file each, or for one spectrum each by the name of its file.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    """By concept, as `--set` takes them."""
    sources: Mapping[str, Sidecar] = field(default_factory=dict)
    """The file of each that is from one."""
    rows: Mapping[str, Facts] = field(default_factory=dict)
    """More of them, by the name of the raw file that they are about."""

    def __getitem__(self, word: str) -> str:
        return self.texts[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __len__(self) -> int:
        return len(self.texts)

    def __bool__(self) -> bool:
        return bool(self.texts or self.rows)

    def under(self, other: Mapping[str, str]) -> Facts:
        """These, and the others, which win where both tell a concept."""
        over = other if isinstance(other, Facts) else Facts(other)
        theirs = {meant(word).path for word in over}
        kept = {word: text for word, text in self.texts.items() if meant(word).path not in theirs}
        rows = {name: row.under(over) for name, row in self.rows.items()}
        for name, row in over.rows.items():
            rows[name] = rows[name].under(row) if name in rows else row
        sources = {word: source for word, source in self.sources.items() if word in kept}
        return Facts({**kept, **over.texts}, {**sources, **over.sources}, rows)

    def beside(self, other: Facts) -> Facts:
        """These and the others. Raises UsageError where both tell a concept."""
        told = {meant(word).path: word for word in self}
        for word in other:
            if meant(word).path in told:
                ours = _said(told[meant(word).path], self)
                raise UsageError(
                    f"{ours} and {_said(word, other)} are both {meant(word).path}; give one of them"
                )
        rows = dict(self.rows)
        for name, row in other.rows.items():
            rows[name] = rows[name].beside(row) if name in rows else row
        return Facts({**self.texts, **other.texts}, {**self.sources, **other.sources}, rows)

    def about(self, file: str | None) -> Facts:
        """Those for the raw file of this name. Raises Refused when only other files have a row."""
        if not self.rows:
            return self
        name = None if file is None else PurePath(file).name
        if name is None or name not in self.rows:
            source = next(iter(next(iter(self.rows.values())).sources.values()), None)
            rows = ", ".join(list(self.rows)[:5]) + (", ..." if len(self.rows) > 5 else "")
            where = "the facts" if source is None else source.file_name
            raise Refused(f"{where}: no row is about the file {name}; there are {rows}; nothing was written")
        return self.under(self.rows[name])

    def along(self, files: Sequence[str]) -> Facts:
        """Those for a series whose spectra are files of these names: a value for each, from its row.

        Raises Refused when a file has no row, or when what is one for a series differs.
        """
        if not self.rows:
            return self
        rows = [self.rows[name] for name in files if name in self.rows]
        if len(rows) < len(files):
            absent = ", ".join([name for name in files if name not in self.rows][:5])
            raise Refused(f"{len(rows)} rows for {len(files)} files; none for {absent}; nothing was written")
        words = dict.fromkeys(word for row in rows for word in row)
        texts = {word: _joined(word, [row.get(word) for row in rows]) for word in words}
        sources = {word: row.sources[word] for row in rows for word in row if word in row.sources}
        return Facts(self.texts, self.sources).under(Facts(texts, sources))


def _joined(word: str, texts: list[str | None]) -> str:
    """One fact for a series from those of its spectra."""
    if meant(word).kind is not Kind.QUANTITY:
        different = sorted({text for text in texts if text is not None})
        if len(different) > 1:
            raise Refused(
                f"{word}: says {different[0]!r} and {different[1]!r} for one series; nothing was written"
            )
        return different[0]
    matches = [None if text is None else _QUANTITY.fullmatch(text) for text in texts]
    spelled = sorted({match[2] or "" for match in matches if match})
    if len(spelled) > 1:
        raise Refused(f"{word}: has the units {' and '.join(spelled)} in one series; nothing was written")
    return f"{','.join('nan' if match is None else match[1] for match in matches)} {spelled[0]}"


def _said(word: str, facts: Mapping[str, str]) -> str:
    source = facts.sources.get(word) if isinstance(facts, Facts) else None
    return word if source is None else f"{source.file_name}: {word}"


def meant(word: str) -> Concept:
    """The concept of a fact of that name; a wavelength tells the energy. Raises UsageError as `concept`."""
    return ENERGY if word == "wavelength" else concept(word)


@dataclass(frozen=True, slots=True)
class Fact:
    """A concept's value as a person gave it, or the path of the key that holds it."""

    concept: Concept
    word: str
    """The name under which it was given."""
    raw: str
    values: Floats | str
    """(), or (n,), in the concept's unit; or a text; empty if it is a path."""
    path: str | None = None
    """Perhaps with a unit behind it."""
    raw_units: str | None = None
    conversion: str | None = None

    from_wavelength: bool = False
    sidecar: Sidecar | None = None
    """Where it was written down; None if it was given by itself."""

    @property
    def origin(self) -> str:
        return f"--set {self.word}" if self.sidecar is None else f"{self.sidecar.file_name}: {self.word}"

    @property
    def said(self) -> str:
        """Its name in a message."""
        return self.word if self.sidecar is None else f"{self.sidecar.file_name}: {self.word}"


def parse_facts(facts: Mapping[str, str]) -> dict[str, Fact]:
    """The facts by the path of their concept.

    Raises UsageError for a concept that does not exist or is given twice, UnitError for a unit that is
    missing or of another kind, Refused for a value that is not plausible.
    """
    parsed: dict[str, Fact] = {}
    sources = facts.sources if isinstance(facts, Facts) else {}
    for word, text in facts.items():
        fact = parse_fact(word, text, sources.get(word))
        other = parsed.get(fact.concept.path)
        if other is not None:
            raise UsageError(f"{word} and {other.word} are both {fact.concept.path}; give one of them")
        parsed[fact.concept.path] = fact
    return parsed


def parse_fact(word: str, text: str, sidecar: Sidecar | None = None) -> Fact:
    """One fact, perhaps from a file beside the raw one. Raises as `parse_facts`."""
    said = word if sidecar is None else f"{sidecar.file_name}: {word}"
    try:
        about = meant(word)
    except UsageError as error:
        raise UsageError(str(error) if sidecar is None else f"{sidecar.file_name}: {error}") from None
    if text.strip().startswith("/"):
        return Fact(about, word, text.strip(), "", path=text.strip(), sidecar=sidecar)
    if about.kind in (Kind.INTENSITY, Kind.ANGLES):
        raise UsageError(
            f"{said}: {text!r} is not the path of a data set in the file; say for example"
            f" {said}={about.example}"
        )
    if about.kind is Kind.DATE:
        date = iso_date(text)
        if date is None:
            raise UsageError(f"{said}: {text!r} is not a date and time, for example {said}={about.example}")
        return Fact(about, word, text, date, sidecar=sidecar)
    if about.kind is Kind.TEXT:
        if not text.strip():
            raise UsageError(f"{said}: the text is empty")
        allowed = about.allowed(text.strip())
        if allowed is None:
            raise UsageError(f"{said}: {text!r} is none of {', '.join(about.one_of)}")
        return Fact(about, word, text, allowed, sidecar=sidecar)
    return replace(_quantity(about, said, text), word=word, sidecar=sidecar)


def _quantity(about: Concept, said: str, text: str) -> Fact:
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise UsageError(f"{said}: {text!r} is not a number with a unit, for example {said}={about.example}")
    numbers, unit = match[1], match[2]
    if not unit:
        raise UnitError(f"{said}: {text!r} has no unit; say for example {said}={numbers}{about.unit}")
    values = np.array([float(number) for number in numbers.split(",")])
    values = values.reshape(()) if values.size == 1 else values
    photons = about is ENERGY and units.same_kind(unit, "angstrom")
    if not photons and not about.is_kind_of(unit):
        what = "is not a unit" if units.parse(unit) is None else "is a unit of another kind"
        raise UnitError(f"{said}: {unit!r} {what}; {about.path} needs one like {about.unit!r}")
    if photons:
        with np.errstate(divide="ignore"):
            converted = PHOTON / units.convert(values, unit, "angstrom")
        conversion: str | None = f"E = hc / lambda of photons, {unit} -> {about.unit}"
    else:
        converted = units.convert(values, unit, about.unit)
        conversion = None if units.usual_spelling(unit) == about.unit else f"{unit} -> {about.unit}"
    problem: Problem | None = implausible(converted, about, about.lowest, about.highest)
    if problem is not None:
        raise Refused(f"{said}: {problem.message}; nothing was written")
    raw = numbers if len(numbers) <= _LONGEST else short(values.reshape(-1))
    return Fact(about, said, raw, converted, None, unit, conversion, photons)


def resolve(root: Group, fact: Fact) -> tuple[str, str | None]:
    """The path of the key that a person named, and the unit if one stands behind it: `/entry/x/t s`.

    Raises UsageError when there is no such key, UnitError when the unit is of another kind.
    """
    text = fact.path or ""
    if root.get(text) is not None:
        return text, None
    path, _, unit = text.rpartition(" ")
    if path.strip() and root.get(path.strip()) is not None:
        q = fact.concept is TWO_THETA and units.same_kind(unit, "1/angstrom")
        if not q and not fact.concept.is_kind_of(unit):
            raise UnitError(f"{fact.said}: {unit!r} is not a unit like {fact.concept.unit!r}")
        return path.strip(), unit
    raise UsageError(f"{fact.said}: there is no {text} in the file; `nxspectra show` lists what is there")


def how_to_give(meant: Concept) -> str:
    """What to write on the command line to supply a concept."""
    return f"--set {meant.word}={meant.example}"
