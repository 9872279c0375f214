"""Which raw file the data of a tree come from, by what is written in it of what was done to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nxspectra.spectra.series import spectra_entry
from nxspectra.tree import Field, Group

PROGRAM = "nxspectra"
MIGRATION = "migration"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RawFile:
    """The raw file, as an account in the file names it."""

    file_name: str
    checksum: str
    """sha256 in hex."""
    account: str
    """Path of the NXprocess that says so."""

    @property
    def note(self) -> Group:
        """The NXnote `source_file` that says it."""
        return Group(
            "NXnote",
            {
                "file_name": Field(self.file_name),
                "checksum": Field(self.checksum),
                "algorithm": Field("sha256"),
            },
        )


def raw_file(root: Group, entry: str | None = None) -> RawFile | None:
    """The raw file that the tree says it was made from; None if it says nothing.

    The migration of the entry with spectra is asked first, then whatever else nxspectra did to the file: a
    repair, labels.
    """
    for home in _homes(root, entry or spectra_entry(root)):
        group = root.group(home)
        told = [_told(root, home, name) for name, _ in group.of_class("NXprocess")] if group else []
        found = sorted((one for one in told if one), key=lambda one: (not _is_migration(one), one.account))
        if found:
            return found[0]
    return None


def _homes(root: Group, entry: str | None) -> Iterator[str]:
    """The entry, the one it stands in, the others, the root."""
    if entry is not None:
        yield entry
        if entry.count("/") > 1:
            yield entry.rpartition("/")[0]
    yield from (f"/{name}" for name, _ in sorted(root.of_class("NXentry")) if f"/{name}" != entry)
    yield "/"


def _told(root: Group, home: str, name: str) -> RawFile | None:
    account = f"{home.rstrip('/')}/{name}"
    program, checksum = (root.field(f"{account}/{leaf}") for leaf in ("program", "source_file/checksum"))
    digest = None if checksum is None else checksum.text
    ours = name == MIGRATION or (program is not None and program.text == PROGRAM)
    if not ours or digest is None or not _SHA256.fullmatch(digest):
        return None
    file_name = root.field(f"{account}/source_file/file_name")
    return RawFile((file_name.text or "") if file_name else "", digest, account)


def _is_migration(one: RawFile) -> bool:
    return one.account.rpartition("/")[2] == MIGRATION
