"""A whole series, and every way to break one thing in it, with what is then to be found."""

from __future__ import annotations

from broken.breaking import COUNT_TIME as COUNT_TIME
from broken.breaking import FULL as FULL
from broken.breaking import INFO as INFO
from broken.breaking import PRESSURE as PRESSURE
from broken.breaking import VIOLATION as VIOLATION
from broken.breaking import WARNING as WARNING
from broken.breaking import Broken as Broken
from broken.breaking import turn as turn
from broken.links import LINKS
from broken.physics import PHYSICS
from broken.structure import STRUCTURE
from broken.values import VALUES
from nxspectra.findings import Report

CASES = (*STRUCTURE, *VALUES, *LINKS, *PHYSICS)

ALONG = {
    "an entry of an unknown definition": set(),
    "an attribute with a hyphen": {"undocumented"},
    "a title attribute of the wrong type": {"wrong-type"},
    "a unit as a facility spells it": set(),
    "a rank other than the base class has": {"policy-applied"},
    "a wavelength of another energy": {"units-spelling"},
    "an NXdata that does not say what to plot": set(),
}
"""What else is rightly found."""


def shown(report: Report) -> str:
    return "\n".join(f"{finding.path} {finding.rule} {finding.message}" for finding in report.findings)
