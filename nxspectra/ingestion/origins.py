"""Whether a file that says which raw file it was made from is right: its identifier is made from that.

What stands in a file can have been written by anybody. Where the raw file is there, in a file of links, its
digest is computed; else a file that claims to be of a data set that is known must hold the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nxspectra import hdf5
from nxspectra.errors import FileError, NoSpectra, Refused
from nxspectra.findings import Finding, Severity
from nxspectra.hdf5.linking import RAW_FILE
from nxspectra.ingestion.known import Known
from nxspectra.spectra import Spectra, raw_file
from nxspectra.tree import Field, Group

UNCHECKED = "unchecked-origin"
"""The rule of the warning that the raw file which a file names was not there to be looked at."""
CONDITIONS = {"pressure": "GPa", "energy": "keV", "exposure": "s"}
"""Of spectra, in the units in which they are compared."""
SAME = 1e-6
"""Part by which two values that are the same may differ, for their units may."""


def check_origin(root: Group) -> Iterator[Finding]:
    """A warning if `root` names a raw file that is not there to be looked at.

    Raises Refused if it is there and is another one, or is said to be outside of the folder of the file;
    FileError if it cannot be read.
    """
    named = raw_file(root)
    if named is None or root.source is None:
        return
    beside = root.attributes.get(RAW_FILE)
    if not isinstance(beside, str):
        message = (
            f"says it was made from {named.file_name or 'a file'} with the sha256 {named.checksum}; that file"
            " is not there, so this is believed without a check"
        )
        yield Finding(f"{named.account}/source_file", UNCHECKED, message, Severity.WARNING)
        return
    folder = Path(root.source.path).resolve().parent
    linked = (folder / beside).resolve()
    if not linked.is_relative_to(folder):
        raise Refused(
            f"/@{RAW_FILE}: names {beside}, outside of the folder of the file, where links are not followed"
        )
    digest = hdf5.sha256(linked)
    if digest != named.checksum != _named_by(linked):
        raise Refused(
            f"{named.account}/source_file/checksum: says {named.checksum}, and {beside}, to which the file is"
            f" linked, has the sha256 {digest}; make the file of links anew from its own raw file"
        )


def _named_by(linked: Path) -> str | None:
    """The raw file that the linked one, if it is safe to read, says it was made from itself."""
    opened = _opened(linked)
    named = None if opened is None else raw_file(opened)
    return None if named is None else named.checksum


def check_claim(run: Group, earlier: Group | None, known: Known | None) -> None:
    """Raise Refused if `run` is not of the data set that it says it is of.

    That has an earlier result in the place of the new one, or is known to the catalogue in another file.
    """
    if earlier is not None:
        other, where = earlier, "" if earlier.source is None else earlier.source.path
    elif known is None or (run.source is not None and known.digest == run.source.digest):
        return
    else:
        opened, where = _opened(known.path), str(known.path)
        if opened is None and known.conforms:
            raise Refused(
                f"{_claim(run)}says that the file is of the same data set as {where}, which is not there to"
                " be compared with it; `nxspectra catalogue rebuild` finds files that were moved, and"
                " --replace lets this one take its place"
            )
        if opened is None:
            return
        other = opened
    otherwise = difference(run, other)
    if otherwise is not None:
        raise Refused(
            f"{_claim(run)}says that the file is of the same data set as {where}, and {otherwise};"
            " one of them is not what it says; --replace lets this one take its place"
        )


def _claim(run: Group) -> str:
    named = raw_file(run)
    return "" if named is None else f"{named.account}/source_file/checksum: "


def _opened(path: Path) -> Group | None:
    """The file, if it is there and can be read."""
    try:
        if any(found.severity is Severity.VIOLATION for found in hdf5.guard(path)):
            return None
        return hdf5.read(path)
    except FileError:
        return None


def difference(run: Group, known: Group) -> str | None:
    """What `run`, which says that it is of the same data set as `known`, has otherwise; None if nothing.

    Spectra have to be the same, and the conditions that both know. Where one has no spectra, the largest
    array of the known one, three frames of it at most, has to be in `run`.
    """
    try:
        ours, theirs = Spectra.of(run), Spectra.of(known)
    except NoSpectra:
        return _lost_array(run, known)
    same = np.array_equal(ours.two_theta, theirs.two_theta) and np.array_equal(
        ours.intensity, theirs.intensity, equal_nan=True
    )
    if not same:
        return "their spectra are different"
    for name, unit in CONDITIONS.items():
        one, other = getattr(ours, name), getattr(theirs, name)
        if one is None or other is None:
            continue
        wrong = np.flatnonzero(~np.isclose(one, other, rtol=SAME, equal_nan=True))
        if wrong.size:
            frame = int(wrong[0])
            here, there = (float(np.resize(each, len(ours))[frame]) for each in (one, other))
            return (
                f"the {name} of spectrum {frame} is {here:g} {unit} in the one, {there:g} {unit} in the other"
            )
    return None


def _lost_array(run: Group, known: Group) -> str | None:
    arrays = [(path, node) for path, node in known.walk() if isinstance(node, Field) and _is_array(node)]
    if not arrays:
        return None
    path, largest = max(arrays, key=lambda item: item[1].size)
    if any(isinstance(node, Field) and _is_the_same(node, largest) for _, node in run.walk()):
        return None
    return f"{path} of the one is not in the other"


def _is_the_same(one: Field, other: Field) -> bool:
    if one.shape != other.shape or one.dtype.kind != other.dtype.kind:
        return False
    pairs = zip(_frames(one), _frames(other), strict=True)
    return all(np.array_equal(*pair, equal_nan=one.dtype.kind == "f") for pair in pairs)


def _is_array(field: Field) -> bool:
    return field.dtype.kind in "iuf" and field.size > 1


def _frames(field: Field) -> Iterator[NDArray[Any]]:
    """The first, the one in the middle and the last along the first axis."""
    number = (field.shape or (1,))[0]
    for index in sorted({0, number // 2, number - 1}):
        yield np.asarray(field.data[index])
