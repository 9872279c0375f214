"""What is in a group, told without opening anything, and how much of it anyone should have to look at."""

from __future__ import annotations

from typing import NamedTuple

from h5py import h5g, h5l

DEPTH = 5_000
"""Groups inside groups."""
ITEMS = 1_000_000
"""Objects and links in a file."""
ATTRIBUTES = 100_000
"""Attributes of one object."""
SECONDS = 50
"""To look through a file."""


class TooMuchError(ValueError):
    """There is more of something than anyone should have to look at; `rule` says of what."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule


class Entry(NamedTuple):
    """A link of a group."""

    order: int
    """Of creation; 0 where that is not recorded."""
    name: bytes
    kind: int
    """One of h5py's `h5l.TYPE_…`, or that of a user-defined link."""
    address: int
    """Of the object of a hard link."""

    @property
    def possible(self) -> bool:
        """The name is one that leads to this link, and nowhere else, when libhdf5 is asked for it."""
        return b"/" not in self.name and self.name not in {b"", b"."}


def entries(group: h5g.GroupID, most: int) -> list[Entry] | None:
    """The links of a group, in the order of creation or else by name; None if there are more than `most`."""
    found: list[Entry] = []
    ordered = True

    def take(name: bytes, link: h5l.LinkInfo) -> bool | None:
        nonlocal ordered
        ordered = ordered and link.corder_valid
        found.append(Entry(link.corder, name, link.type, link.u))
        return True if len(found) > most else None

    group.links.iterate(take, info=True)
    if len(found) > most:
        return None
    if ordered:
        found.sort()
    return found
