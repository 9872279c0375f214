"""Builders of NeXus trees for tests, ours and those of others.

    tree = conforming().without("entry/sample/pressure")
    assert "missing-field" in validate(tree).rules
    minimal("NXmonopd")                     # the smallest tree that follows an official definition

`conforming` looks like the beamline; `minimal` and `maximal` are made from the rules of any definition.
`check_classifier` is the conformance suite for those who write a classifier; `phases` gives series of four
classes. `nxspectra.testing.ramps` has the simulated ramps that classifiers are judged by.
"""

from __future__ import annotations

from nxspectra.testing.conformance import check_classifier
from nxspectra.testing.official import maximal, minimal
from nxspectra.testing.phases import phases
from nxspectra.testing.ramp import DIGEST, ENERGY, EXPOSURE, TOP_PRESSURE, conforming

__all__ = [
    "DIGEST",
    "ENERGY",
    "EXPOSURE",
    "TOP_PRESSURE",
    "check_classifier",
    "conforming",
    "maximal",
    "minimal",
    "phases",
]
