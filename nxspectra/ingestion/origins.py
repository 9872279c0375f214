"""Whether a file that says which raw file it was made from is right: its identifier is made from that.

What stands in a file can have been written by anybody. Where the raw file is there, in a file of links, its
digest is computed; else a file that claims to be of a data set that is known must have the same spectra.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nxspectra import hdf5
from nxspectra.errors import Refused
from nxspectra.findings import Finding, Severity
from nxspectra.hdf5.linking import RAW_FILE
from nxspectra.spectra import Spectra, raw_file
from nxspectra.tree import Group

UNCHECKED = "unchecked-origin"
"""The rule of the warning that the raw file which a file names was not there to be looked at."""


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
    if any(found.severity is Severity.VIOLATION for found in hdf5.guard(linked)):
        return None
    named = raw_file(hdf5.read(linked))
    return None if named is None else named.checksum


def check_same_spectra(run: Group, known: Group) -> None:
    """Raise Refused if two files that say they are of one data set have different spectra."""
    ours, theirs = Spectra.of(run), Spectra.of(known)
    same = np.array_equal(ours.two_theta, theirs.two_theta) and np.array_equal(
        ours.intensity, theirs.intensity, equal_nan=True
    )
    if not same:
        named = raw_file(run)
        where = "" if named is None else f"{named.account}/source_file/checksum: "
        place = "" if known.source is None else f" {known.source.path},"
        raise Refused(
            f"{where}says that the file is of the same data set as{place} and their spectra are different;"
            " one of them is not what it says"
        )
