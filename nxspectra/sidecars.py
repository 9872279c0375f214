"""Files beside a raw file that tell what it does not: tables of facts and calibrations.

    facts = sidecars.read("ramp.csv")              # or a TOML file, or a .poni of pyFAI
    run = nxs.migrate(raw, facts=facts)

A CSV table has a column for each concept and a row for each spectrum; with a column `file`, a row for each
raw file. Units stand in the heading, `pressure [GPa]`, in a second row, or behind every number. The file's
name and digest go with every fact, and into the file that is written.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nxspectra import units
from nxspectra.errors import FileError, UsageError
from nxspectra.migration.concepts import Concept, Kind, nearest
from nxspectra.migration.facts import Facts, Sidecar, meant, parse_facts
from nxspectra.migration.forms import NUMBER

LARGEST = 50_000_000
"""Bytes; a table of facts is never so large."""

FRAME, FILE = "frame", "file"
LEFT_OUT = "_"
"""A column whose name begins so is for people."""

_HEADING = re.compile(r"(?P<word>.*?)\s*(?:\[(?P<square>[^\]]*)\]|\((?P<round>[^()]*)\))?")
_CELL = re.compile(rf"(?P<number>{NUMBER})\s*(?P<unit>[^\s\d.,;].*)?")
_NOTHING = frozenset({"", "-", "nan", "na", "n/a", "none"})


def read(path: str | Path) -> Facts:
    """The facts that a file tells: a CSV table, a TOML file, or the calibration of pyFAI.

    Raises UsageError, naming file, line and column, for what is no fact; UnitError for a unit that is missing
    or of another kind; Refused for a value that is not plausible; FileError if it cannot be read.
    """
    file = Path(path)
    try:
        if file.stat().st_size > LARGEST:
            raise UsageError(f"{file}: {file.stat().st_size} bytes are no table of facts")
        content = file.read_bytes()
    except OSError as error:
        raise FileError(f"{file}: cannot be read: {error.strerror}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: not UTF-8 text: {error.reason} at byte {error.start}") from None
    reader = READERS.get(file.suffix.lower())
    if reader is None:
        raise UsageError(f"{file}: facts are read from {', '.join(READERS)}, by the end of the name")
    facts = reader(file, text, Sidecar(file.name, hashlib.sha256(content).hexdigest()))
    parse_facts(facts)  # whatever is wrong with them is told before any raw file is touched
    for row in facts.rows.values():
        parse_facts(facts.under(row))
    return facts


# -- TOML --------------------------------------------------------------------------------------


def from_toml(file: Path, text: str, source: Sidecar) -> Facts:
    """One fact a line, `pressure = "21.3 GPa"`; a table named like a raw file is about that file."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file}: not TOML: {error}") from None
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    rows = {key: value for key, value in table.items() if isinstance(value, dict)}
    return _facts(
        _texts(file, plain),
        source,
        {name: _facts(_texts(file, row, f"{name}: "), source) for name, row in rows.items()},
    )


def _texts(file: Path, table: Mapping[str, object], where: str = "") -> dict[str, str]:
    texts = {}
    for word, value in table.items():
        if not isinstance(value, str):
            raise UsageError(f'{file}: {where}{word} must be text with its unit, such as "25.6 keV"')
        texts[word] = value
    return texts


# -- pyFAI -------------------------------------------------------------------------------------


def from_poni(file: Path, text: str, source: Sidecar) -> Facts:
    """The wavelength of a calibration, in metres in every version of the format.

    After the documentation of pyFAI, https://pyfai.readthedocs.io/en/stable/geometry.html.
    """
    found = re.findall(r"^\s*wavelength\s*:\s*(\S+)\s*$", text, re.MULTILINE | re.IGNORECASE)
    if not found:
        raise UsageError(
            f"{file}: there is no line `Wavelength: ...` in it, so it tells no energy of the beam"
        )
    # a calibration may be appended to the older ones; pyFAI itself takes the last
    if not re.fullmatch(NUMBER, found[-1]):
        raise UsageError(f"{file}: the wavelength {found[-1]!r} is not a number of metres")
    return _facts({"wavelength": f"{found[-1]} m"}, source)


# -- CSV ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Column:
    """One column of a table: what it tells, and its cells with the line each stands in."""

    where: str
    """File and heading, for messages."""
    word: str
    about: Concept
    unit: str | None
    cells: tuple[tuple[int, str], ...]

    def text(self) -> str:
        """All of its cells as one fact."""
        return self._text(self.cells)

    def texts(self) -> list[str | None]:
        """Each of its cells as a fact; None where it is empty."""
        return [None if cell.lower() in _NOTHING else self._text([(line, cell)]) for line, cell in self.cells]

    def _text(self, cells: Iterable[tuple[int, str]]) -> str:
        if self.about.kind is not Kind.QUANTITY or any(cell.startswith("/") for _, cell in cells):
            return self._same(cells)
        numbers, spelled = [], {self.unit} - {None}
        for line, cell in cells:
            match = _CELL.fullmatch(cell)
            if match is None and cell.lower() not in _NOTHING:
                raise UsageError(f"{self.where}: line {line}: {cell!r} is not a number")
            numbers.append("nan" if match is None else match["number"])
            spelled |= {match["unit"]} - {None} if match else set()
        if len(spelled) > 1:
            said = " and ".join(sorted(str(unit) for unit in spelled))
            raise UsageError(f"{self.where}: has the units {said}; give one for the column")
        return f"{','.join(numbers)} {next(iter(spelled), '')}".strip()

    def _same(self, cells: Iterable[tuple[int, str]]) -> str:
        """The one text of all cells. Raises UsageError when they differ."""
        told = {cell: line for line, cell in reversed(list(cells)) if cell}
        if len(told) > 1:
            (one, first), (other, second) = sorted(told.items(), key=lambda item: item[1])[:2]
            raise UsageError(
                f"{self.where}: line {first} says {one!r} and line {second} {other!r};"
                f" {self.about.path} is one for the whole series"
            )
        return next(iter(told), "")


def from_csv(file: Path, text: str, source: Sidecar) -> Facts:
    """A column for each concept, a row for each spectrum; with a column `file`, a row for each raw file."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if _says(line)]
    if not lines:
        raise UsageError(
            f"{file}: it is empty; expected a heading such as `pressure [GPa]` and a row a spectrum"
        )
    heading = lines[0][1]
    delimiter = max(",;\t", key=heading.count)
    rows = [(number, _cells(line, delimiter)) for number, line in lines]
    width = len(rows[0][1])
    for number, cells in rows:
        if len(cells) != width:
            raise UsageError(f"{file}: line {number} has {len(cells)} cells, the heading {width}")
    headings = [_heading(file, cell) for cell in rows[0][1]]
    below = rows[1:]
    spelled: list[str | None] = [unit for _, unit in headings]
    if below and _is_units(headings, below[0][1]):
        spelled = [_one_unit(file, word, unit, cell)
                   for (word, unit), cell in zip(headings, below[0][1], strict=True)]  # fmt: skip
        below = below[1:]
    if not below:
        raise UsageError(f"{file}: there is a heading and no row below it")
    words = [word for word, _ in headings]
    below = _in_order(file, words, below)
    columns = [
        _Column(
            f"{file}: {word}", word, _concept(file, word), spelled[index],
            tuple((number, cells[index]) for number, cells in below),
        )
        for index, word in enumerate(words)
        if word not in (FRAME, FILE) and not word.startswith(LEFT_OUT)
    ]  # fmt: skip
    columns = [column for column in columns if any(cell.lower() not in _NOTHING for _, cell in column.cells)]
    if FILE not in words:
        return _facts({column.word: column.text() for column in columns}, source)
    names = [Path(cells[words.index(FILE)]).name for _, cells in below]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise UsageError(f"{file}: two rows are about the file {doubled!r}")
    told = [(column.word, column.texts()) for column in columns]
    return _facts(
        {},
        source,
        {
            name: _facts({word: texts[row] or "" for word, texts in told if texts[row]}, source)
            for row, name in enumerate(names)
        },
    )


def _says(line: str) -> bool:
    return bool(line.strip(" \t,;")) and not line.lstrip().startswith("#")


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader(io.StringIO(line), delimiter=delimiter))]


def _heading(file: Path, cell: str) -> tuple[str, str | None]:
    """The word of a heading, and the unit that stands behind it: `pressure [GPa]`, `pressure (GPa)`."""
    match = _HEADING.fullmatch(cell)
    word = cell if match is None else match["word"].strip()
    unit = None if match is None else (match["square"] or match["round"])
    if not word:
        raise UsageError(f"{file}: a column has no name; begin it with {LEFT_OUT!r} to have it left out")
    return (word.lower() if word.lower() in (FRAME, FILE) else word), unit.strip() if unit else None


def _concept(file: Path, word: str) -> Concept:
    try:
        return meant(word)
    except UsageError as error:
        ending = f"; a column whose name begins with {LEFT_OUT!r} is left out"
        hint = "" if nearest(word, (FRAME, FILE)) is None else ", or the column `frame` or `file`"
        raise UsageError(f"{file}: {error}{hint}{ending}") from None


def _is_units(headings: list[tuple[str, str | None]], cells: list[str]) -> bool:
    """Is the second row that of the units: each cell empty or a unit, and no number among them?"""
    named = [
        cell for (word, _), cell in zip(headings, cells, strict=True) if word not in (FRAME, FILE) and cell
    ]
    return bool(named) and all(units.parse(cell.strip("[]()")) is not None and not cell[0].isdigit()
                               for cell in named)  # fmt: skip


def _one_unit(file: Path, word: str, unit: str | None, cell: str) -> str | None:
    below = cell.strip("[]()") or None
    if unit is not None and below is not None and unit != below:
        raise UsageError(f"{file}: {word} is in {unit!r} by its heading and in {below!r} by the row below")
    return unit or below


def _in_order(file: Path, words: list[str], rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """The rows by their frame, if there is a column that says which. Raises UsageError for gaps in it."""
    if FRAME not in words:
        return rows
    at = words.index(FRAME)
    frames = []
    for number, cells in rows:
        if not re.fullmatch(r"\d+(?:\.0*)?", cells[at]):
            raise UsageError(f"{file}: line {number}: frame {cells[at]!r} is not a whole number")
        frames.append(int(float(cells[at])))
    first = min(frames)
    if first > 1 or sorted(frames) != list(range(first, first + len(frames))):
        raise UsageError(
            f"{file}: {len(frames)} rows for the frames {first} to {max(frames)}; expected every frame once,"
            " counted from 0"
        )
    return [row for _, row in sorted(zip(frames, rows, strict=True), key=lambda item: item[0])]


def _facts(texts: dict[str, str], source: Sidecar, rows: Mapping[str, Facts] | None = None) -> Facts:
    return Facts(texts, dict.fromkeys(texts, source), rows or {})


READERS: Mapping[str, Callable[[Path, str, Sidecar], Facts]] = {
    ".csv": from_csv,
    ".tsv": from_csv,
    ".toml": from_toml,
    ".poni": from_poni,
}
"""How a file of facts is read, by the end of its name."""
