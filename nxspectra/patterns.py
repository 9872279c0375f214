"""A series of diffraction patterns as text files, read as one raw tree: `ramp_0001.xy`, `ramp_0002.xy`, ...

    raw = patterns.read(["ramp_1.xy", "ramp_2.xy"])
    run = nxs.migrate(raw, facts=sidecars.read("ramp.csv"))

Two columns, the axis and the intensity, and perhaps a third with its uncertainty; above them any number of
lines of comment. What pyFAI and Dioptas write there, the wavelength and the unit of the axis, becomes keys of
the tree, beside the name and digest of every file.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nxspectra.errors import FileError, Refused, UsageError
from nxspectra.tree import Field, Group, Node

Floats = NDArray[np.float64]

SUFFIXES = frozenset({".xy", ".xye", ".chi", ".dat"})
"""Ends of names by which a file is taken for a pattern."""
HDF5 = b"\x89HDF\r\n\x1a\n"
"""What every HDF5 file begins with: https://support.hdfgroup.org, file format specification, superblock."""
LARGEST = 50_000_000
"""Bytes of one pattern."""

AXES = {
    "2th_deg": ("tth", "deg"),
    "2th_rad": ("tth", "rad"),
    "q_nm^-1": ("q", "1/nm"),
    "q_A^-1": ("q", "1/angstrom"),
}
"""Names of pyFAI for the axis, as the last line of its header says them: https://pyfai.readthedocs.io."""
_AXIS = re.compile(r"\s*[#!]?\s*(2th_deg|2th_rad|q_nm\^-1|q_A\^-1)\s+I\b.*")
_WAVELENGTH = re.compile(r"\s*[#!]?\s*Wavelength:\s*(\S+)\s*m\s*")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Pattern:
    """One file."""

    name: str
    checksum: str
    """sha256 in hex."""
    axis: Floats
    """(n_points,), in `unit`."""
    intensity: Floats
    """(n_points,)"""
    errors: Floats | None
    """(n_points,) or None."""
    kind: tuple[str, str] | None
    """Name and unit of the axis; None if the file does not say."""
    wavelength: float | None
    """m"""


def is_pattern(path: str | Path) -> bool:
    """Is it a pattern as text, by the end of its name? An HDF5 file is none, whatever it is called."""
    if Path(path).suffix.lower() not in SUFFIXES:
        return False
    try:
        with Path(path).open("rb") as file:
            return file.read(len(HDF5)) != HDF5
    except OSError:
        return True  # whoever reads it says why it cannot be read


def read(paths: Iterable[str | os.PathLike[str]]) -> Group:
    """The patterns as one raw tree, in the order of the numbers in their names.

    Where the files do not say what the axis is, it is two theta in degrees, as in every `.xy` file of powder
    diffraction; the tree notes that it was assumed.

    Raises FileError when a file cannot be read; Refused, naming file and line, when it is no pattern, or when
    the patterns do not have the same axis: resampling them would make numbers that nobody measured.
    """
    files = sorted((Path(path) for path in paths), key=lambda path: natural(path.name))
    if not files:
        raise UsageError("no files: name the patterns of a series")
    names = [file.name for file in files]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"two patterns are called {twice}; a series has one of each")
    return tree([pattern(file) for file in files], common_beginning(names))


def common_beginning(names: Sequence[str]) -> str:
    """What all names begin with, without the number and what stands before it: `ramp` of `ramp_1.xy`."""
    alike = takewhile(lambda marks: len(set(marks)) == 1, zip(*names, strict=False))
    return Path("".join(marks[0] for marks in alike)).stem.rstrip("_-. 0123456789")


def natural(name: str) -> tuple[object, ...]:
    """A key by which `ramp_2` comes before `ramp_10`."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", name)
    )


def pattern(file: Path) -> Pattern:
    """One file. Raises FileError or Refused."""
    try:
        if file.stat().st_size > LARGEST:
            raise Refused(f"{file}: {file.stat().st_size} bytes are no pattern")
        content = file.read_bytes()
    except OSError as error:
        raise FileError(f"{file}: cannot be read: {error.strerror}") from None
    lines = content.decode("utf-8", errors="replace").splitlines()
    first = _first_row(lines)
    if first is None:
        raise Refused(f"{file}: has no rows of two numbers, the axis and the intensity")
    header, width = lines[:first], len(lines[first].split())
    rows = []
    for number, line in enumerate(lines[first:], first + 1):
        cells = line.replace(",", " ").split()
        if not cells or cells[0].startswith("#"):
            continue
        if len(cells) != width and len(cells) not in (2, 3):
            raise Refused(f"{file}: line {number} has {len(cells)} columns, expected {width}")
        try:
            rows.append([float(cell) for cell in cells])
        except ValueError:
            raise Refused(f"{file}: line {number}: {line.strip()[:40]!r} is not a row of numbers") from None
    if len({len(row) for row in rows}) > 1:
        raise Refused(f"{file}: its rows do not have the same number of columns")
    table = np.array(rows)
    kind = next((AXES[match[1]] for line in header if (match := _AXIS.fullmatch(line))), None)
    waves = [
        match[1] for line in header if (match := _WAVELENGTH.fullmatch(line)) and _NUMBER.fullmatch(match[1])
    ]
    return Pattern(
        file.name,
        hashlib.sha256(content).hexdigest(),
        table[:, 0],
        table[:, 1],
        table[:, 2] if table.shape[1] == 3 else None,
        kind,
        float(waves[-1]) if waves else None,
    )


def _first_row(lines: Sequence[str]) -> int | None:
    """Index of the first of two rows of numbers below each other."""

    def is_row(line: str) -> bool:
        cells = line.replace(",", " ").split()
        return len(cells) in (2, 3) and all(_NUMBER.fullmatch(cell) for cell in cells)

    rows = (index for index, line in enumerate(lines) if is_row(line))
    return next((index for index in rows if index + 1 == len(lines) or is_row(lines[index + 1])), None)


def tree(series: Sequence[Pattern], title: str) -> Group:
    """The raw tree of patterns. Raises Refused when they do not have the same axis."""
    one = series[0]
    for other in series[1:]:
        if other.kind != one.kind:
            raise Refused(
                f"{other.name} is over {_axis(other)}, {one.name} over {_axis(one)}; nothing was written"
            )
        if other.axis.size != one.axis.size:
            raise Refused(
                f"{other.name} has {other.axis.size} points, {one.name} has {one.axis.size}; a series has one"
                " axis, nothing was written"
            )
        apart = np.abs(other.axis - one.axis)
        if np.any(apart > 1e-6 * np.abs(one.axis).max()):
            at = int(np.argmax(apart))
            raise Refused(
                f"{other.name} has {other.axis[at]:.8g} at point {at}, {one.name} has {one.axis[at]:.8g};"
                " a series has one axis, nothing was written"
            )
    name, unit = one.kind or ("tth", "deg")
    said: dict[str, str] = {} if one.kind else {"note": "the files do not say what the axis is"}
    children: dict[str, Node] = {
        "I": Field(np.stack([each.intensity for each in series])),
        name: Field(one.axis, {"units": unit, **said}),
    }
    errors = [each.errors for each in series if each.errors is not None]
    if len(errors) == len(series):
        children["I_errors"] = Field(np.stack(errors))
    entry: dict[str, Node] = {
        "integrated": Group("NXdata", children, signal="I", axes=np.array([".", name])),
        "pattern_files": Group(
            "NXcollection",
            {
                "file_name": Field([each.name for each in series]),
                "checksum": Field([each.checksum for each in series]),
                "algorithm": Field("sha256"),
            },
        ),
    }
    if title:
        entry["title"] = Field(title)
    waves = {each.wavelength for each in series} - {None}
    if waves:
        # one for each where they differ: then nobody can say which is meant, and the migration says so
        values = [np.nan if each.wavelength is None else each.wavelength for each in series]
        item = Field([values[0]], units="m") if len(set(values)) == 1 else Field(values, units="m")
        entry["pattern_header"] = Group("NXcollection", {"wavelength": item})
    return Group("NXroot", {"entry": Group("NXentry", entry)})


def _axis(one: Pattern) -> str:
    return "an axis that it does not name" if one.kind is None else f"{one.kind[0]} in {one.kind[1]}"


def file_names(root: Group) -> tuple[str, ...]:
    """The names of the patterns that the tree was made of, in the order of its spectra."""
    names = root.field("entry/pattern_files/file_name")
    return () if names is None else tuple(str(name) for name in names.array.reshape(-1))
