"""What is to be added to a file, and where it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from nxspectra.tree.field import Field
    from nxspectra.tree.group import Group, Link
    from nxspectra.tree.values import Attribute


class Evidence(NamedTuple):
    """Where an added value came from and how it was turned into what was added."""

    concept: str
    """Path of the concept below its entry, for example `sample/pressure`."""
    origin: str
    """HDF5 path of the raw key, or how the fact was given: `--set beam_energy`."""
    value: str = ""
    """The raw value in short, as text."""
    units: str | None = None
    """The raw unit as spelled in the file."""
    conversion: str | None = None
    """For example `ms -> s`; None if the value was taken as it is."""
    rule: str = ""
    """The crosswalk rule that took it."""
    trust: str = ""


class Addition(NamedTuple):
    """One thing to be added: a group, a field, a link, or the value of an attribute."""

    path: str
    """Absolute: `/entry/sample/pressure`, `/entry/data@signal`."""
    item: Group | Field | Link | Attribute
    evidence: Evidence | None = None


@dataclass(frozen=True)
class Additions:
    """What is to be added to a file, in the order in which it can be written: parents first."""

    items: tuple[Addition, ...] = ()

    def __iter__(self) -> Iterator[Addition]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __bool__(self) -> bool:
        return bool(self.items)

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(addition.path for addition in self.items)
