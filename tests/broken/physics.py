"""Values that contradict each other or cannot be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from broken.breaking import BEAM, FULL, LABELS, PRESSURE, WARNING, Broken, has
from nxspectra.tree import Field, Group

COMPRESSED = Field(np.linspace(100.0, 44100.0, 6), units="GPa", target="/entry/sample/pressure")


def two_theta(change: Callable[[np.ndarray], None]) -> Callable[[], Group]:
    values = FULL["entry/data/two_theta"].array.copy()
    change(values)
    return has("entry/data/two_theta", Field(values, units="deg"))


def intensity(value: float) -> Callable[[], Group]:
    values = FULL["entry/data/intensity"].array.copy()
    values[2, 5] = value
    return has("entry/data/intensity", Field(values, units="counts"))


def swap(values: np.ndarray) -> None:
    values[[16, 17]] = values[[17, 16]]


PHYSICS = (
    Broken(
        "a class that has no name",
        has("entry/weighted_classification/labels/class_index", Field([0, 0, 0, 1, 1, 2])),
        f"{LABELS}/class_index",
        "class-index",
    ),
    Broken(
        "a wavelength of another energy",
        has("entry/instrument/beam/incident_wavelength", Field(1.0332, units="A")),
        f"{BEAM}/incident_wavelength",
        "energy-and-wavelength",
        WARNING,
    ),
    Broken("angles that go back", two_theta(swap), "/entry/data/two_theta", "two-theta-order", WARNING),
    Broken(
        "angles beyond half a turn",
        two_theta(lambda values: values.__iadd__(170.0)),
        "/entry/data/two_theta",
        "implausible-value",
        WARNING,
    ),
    Broken(
        "a pressure in the wrong unit",
        has("entry/sample/pressure", COMPRESSED),
        PRESSURE,
        "implausible-value",
        WARNING,
    ),
    Broken(
        "the energy of the ring",
        has("entry/instrument/beam/incident_energy", Field(6.08, units="GeV")),
        f"{BEAM}/incident_energy",
        "implausible-value",
        WARNING,
    ),
    Broken("spectra with a hole", intensity(np.nan), "/entry/data/intensity", "nan-values", WARNING),
    Broken("negative counts", intensity(-3.0), "/entry/data/intensity", "negative-counts", WARNING),
)
