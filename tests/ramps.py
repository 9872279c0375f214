"""Simulated ramps to train on within a second, and their labels."""

from __future__ import annotations

from typing import Any

from nxspectra.simulation import simulate
from nxspectra.spectra import Spectra
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group

LABELS = ["low=4-8", "high=18-22"]

QUICK: dict[str, Any] = {"bins": 5, "iterations": 30, "hidden": 30}


def ramp(seed: int = 1, frames: int = 24, points: int = 500) -> Spectra:
    return simulate(seed=seed, frames=frames, points=points).spectra


def tree(spectra: Spectra) -> Group:
    """A tree that follows NXdiffraction_spectra with these spectra in it."""
    root = conforming(len(spectra), spectra.two_theta.size)
    root = root.put("entry/data/intensity", Field(spectra.intensity, units="counts"))
    root = root.put("entry/data/two_theta", Field(spectra.two_theta, units="deg"))
    return root.put("entry/sample/pressure", Field(spectra.pressure, units="GPa"))
