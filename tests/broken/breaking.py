"""A whole series, and the ways to break one thing in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nxspectra.findings import Severity
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group

VIOLATION, WARNING, INFO = Severity.VIOLATION, Severity.WARNING, Severity.INFO

FULL = conforming(classified=True, migrated=True)

PRESSURE, COUNT_TIME = "/entry/sample/pressure", "/entry/instrument/detector/count_time"
LABELS, BEAM = "/entry/weighted_classification/labels", "/entry/instrument/beam"


@dataclass(frozen=True)
class Broken:
    """One way to break a good tree, and what is then found: where, by which rule, how bad."""

    what: str
    tree: Callable[[], Group]
    path: str
    rule: str
    severity: Severity = VIOLATION


def has(path: str, item: object) -> Callable[[], Group]:
    return lambda: FULL.put(path, item)  # type: ignore[arg-type]


def lacks(path: str) -> Callable[[], Group]:
    return lambda: FULL.without(path)


def turn(before: str) -> Field:
    """A rotation about the vertical that stands on another."""
    return Field(30.0, units="deg", transformation_type="rotation", vector=[0.0, 1.0, 0.0], depends_on=before)
