"""What is done about known defects of the official definitions, so that a good file is not called wrong.

Where one of these is applied, `policy-applied` says so. docs/explanation/policy.md gives the reasons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nxspectra.findings import Finding
from nxspectra.nxdl import Origin
from nxspectra.validation.hints import listed
from nxspectra.validation.table import POLICY_APPLIED


@dataclass(frozen=True, slots=True)
class Policy:
    """One way in which a definition is not taken by the letter."""

    id: str
    means: str


POLICIES: dict[str, Policy] = {}
"""By id, in the order of the documentation."""


def _policy(name: str, means: str) -> str:
    POLICIES[name] = Policy(name, means)
    return name


UNIT_CATEGORIES = _policy(
    "unit-categories-as-values",
    "the definition lists categories of units as values of units; any unit of such a category is taken",
)
LISTS = _policy(
    "lists-as-values",
    "the definition writes a list as one value; it is compared with the array, element by element",
)
DEFINITION_WINS = _policy(
    "definition-before-base-class",
    "the definition allows what the base class does not; the definition is followed",
)
NUMBERS_AS_TEXT = _policy(
    "numbers-as-text",
    "a number is asked for and written as text, as many do in attributes; it is compared as a number",
)
BASE_DIMENSIONS = _policy(
    "base-class-dimensions",
    "dimensions are often wrong in base classes; what differs from them is an info, not a warning",
)
PARAMETER_UNITS = _policy(
    "units-of-parameters",
    "NXparameters gives its PARAMETER no category of units; any text is taken for a unit there",
)
UNTYPED_NUMBERS = _policy(
    "numbers-without-type",
    "the definition gives units or dimensions and no type, which by the letter means text; numbers are taken",
)
VALUES_WIN = _policy(
    "values-before-type",
    "the definition lists values that are not of the type that it gives; the list is followed",
)
REQUIRED_DEPRECATED = _policy(
    "required-and-deprecated",
    "the definition requires what it deprecates; that it is there is an info",
)


class Applied:
    """Which policies were applied in one entry, and where."""

    __slots__ = ("places",)

    places: dict[str, list[tuple[str, Origin | None]]]

    def __init__(self) -> None:
        self.places = {}

    def note(self, policy: str, path: str, origin: Origin | None) -> None:
        self.places.setdefault(policy, []).append((path, origin))

    def findings(self) -> Iterator[Finding]:
        """One for each policy, at the first place where it was applied."""
        for policy, places in self.places.items():
            (path, origin), *others = dict(places).items()
            more = f"; also at {listed((other for other, _ in others), 3)}" if others else ""
            yield POLICY_APPLIED.at(path, f"{policy}: {POLICIES[policy].means}{more}", origin)
