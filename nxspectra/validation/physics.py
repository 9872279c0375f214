"""Rules about what the values of a series mean together: warnings, for a person to look at.

They are asked of NXdiffraction_spectra only, and look at the values of the spectra up to a limit of size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nxspectra import units
from nxspectra.errors import UnitError
from nxspectra.findings import Finding
from nxspectra.tree import Array
from nxspectra.validation.cases import LARGE, Entry, FieldCase
from nxspectra.validation.table import (
    CLASS_INDEX,
    ENERGY_AND_WAVELENGTH,
    IMPLAUSIBLE_VALUE,
    NAN_VALUES,
    NEGATIVE_COUNTS,
    TWO_THETA_ORDER,
)

HC = 12.398419843320026
"""keV angstrom: h c / e, from the exact values of the SI (CODATA 2018)."""
AGREE = 0.005
"""Relative difference up to which energy and wavelength agree; both are often written with three digits."""


@dataclass(frozen=True, slots=True)
class Plausible:
    """The range that occurs in experiments, and what to suspect outside."""

    concept: str
    unit: str
    least: float
    most: float
    suspect: str


PLAUSIBLE = (
    Plausible("sample/pressure", "GPa", -1.0, 1000.0, "is the unit right?"),
    Plausible(
        "instrument/beam/incident_energy", "keV", 1.0, 200.0, "is it eV, or the energy of the storage ring?"
    ),
    Plausible("instrument/detector/count_time", "s", 0.0, 1e5, "is it in ms?"),
    Plausible("data/two_theta", "deg", 0.0, 180.0, "is it another quantity, such as q?"),
)


def physics(entry: Entry) -> Iterator[Finding]:
    """Everything that can be said of the entry as a whole."""
    for plausible in PLAUSIBLE:
        for case in entry.concepts.get(plausible.concept, ()):
            yield from implausible_value(case, plausible)
            if plausible.concept != "data/two_theta":
                yield from nan_values(case, case.value)
    yield from energy_and_wavelength(entry)
    for case in entry.concepts.get("data/two_theta", ()):
        yield from two_theta_order(case)
    for case in entry.concepts.get("data/intensity", ()):
        spectra = case.spectra
        yield from nan_values(case, spectra)
        yield from negative_counts(case, spectra)
    for case in entry.concepts.get("CLASSIFICATIONclassification/labels/class_index", ()):
        yield from class_index(case)


def implausible_value(case: FieldCase, plausible: Plausible) -> Iterator[Finding]:
    """A value outside the range that occurs."""
    values = _converted(case, plausible.unit)
    if values is None:
        return
    lowest, highest = float(values.min()), float(values.max())
    for value in dict.fromkeys((lowest, highest)):
        if not plausible.least <= value <= plausible.most:
            yield IMPLAUSIBLE_VALUE.found(
                case,
                f"reaches {value:.6g} {plausible.unit}; {plausible.least:g} to {plausible.most:g}"
                f" {plausible.unit} is plausible: {plausible.suspect}",
            )
            return


def energy_and_wavelength(entry: Entry) -> Iterator[Finding]:
    """An energy and a wavelength of photons that do not belong together."""
    probes = [case.field.text for case in entry.concepts.get("instrument/source/probe", ())]
    if any(probe not in (None, "x-ray") for probe in probes):
        return
    energies = entry.concepts.get("instrument/beam/incident_energy", ())
    for case in entry.concepts.get("instrument/beam/incident_wavelength", ()):
        wavelength = _converted(case, "angstrom")
        for other in energies:
            energy = _converted(other, "keV")
            beside = other.path.rpartition("/")[0] == case.path.rpartition("/")[0]
            if wavelength is None or energy is None or not beside or np.any(wavelength <= 0):
                continue
            if energy.size not in (1, wavelength.size) and wavelength.size != 1:
                continue
            given, meant = np.broadcast_arrays(energy, HC / wavelength)
            worst = int(np.argmax(np.abs(given - meant)))
            if abs(given[worst] - meant[worst]) > AGREE * abs(meant[worst]):
                yield ENERGY_AND_WAVELENGTH.found(
                    case,
                    f"{HC / meant[worst]:.5g} angstrom is {meant[worst]:.5g} keV, but {other.path} says"
                    f" {given[worst]:.5g} keV; one of them is wrong",
                )


def two_theta_order(case: FieldCase) -> Iterator[Finding]:
    """Angles that do not ascend, or are not all numbers."""
    value = case.value_of(LARGE)
    if value is None or value.dtype.kind not in "iuf" or value.ndim != 1:
        return
    yield from nan_values(case, value)
    steps = np.flatnonzero(~(np.diff(value.astype(np.float64)) > 0))
    if steps.size and np.isfinite(value).all():
        at = int(steps[0])
        unit = case.field.units or ""
        yield TWO_THETA_ORDER.found(
            case,
            f"does not ascend: point {at + 1} is at {value[at + 1]:g} {unit} after {value[at]:g} {unit};"
            " sort the points, and the spectra with them",
        )


def nan_values(case: FieldCase, value: Array | None) -> Iterator[Finding]:
    """Values that are no numbers."""
    if value is None or value.dtype.kind != "f" or value.size == 0:
        return
    # one sum tells whether there is anything to look for, at a fraction of the time
    with np.errstate(invalid="ignore", over="ignore"):
        if np.isfinite(value.sum(dtype=np.float64)):
            return
    odd = ~np.isfinite(value)
    number = int(odd.sum())
    if number:
        rows = odd.reshape(odd.shape[0], -1).any(axis=1).sum() if odd.ndim > 1 else 0
        where = f", in {rows} of {odd.shape[0]} spectra" if odd.ndim > 1 else ""
        of = "" if value.size == case.field.size else " that were looked at"
        yield NAN_VALUES.found(
            case, f"{number} of {value.size} values{of} are not finite{where}; they are taken for missing"
        )


def negative_counts(case: FieldCase, value: Array | None) -> Iterator[Finding]:
    """Counts below zero."""
    counted = case.field.units is not None and units.same_kind(case.field.units, "counts")
    if value is not None and counted and value.dtype.kind in "if" and value.size:
        lowest = float(np.fmin.reduce(value, axis=None))
        if lowest < 0:
            yield NEGATIVE_COUNTS.found(case, f"reaches {lowest:g} counts; has a background been taken off?")


def class_index(case: FieldCase) -> Iterator[Finding]:
    """An index that leads to no class."""
    names = case.group.children.get("class_names")
    value = case.value
    size = getattr(names, "size", None)
    if value is None or value.dtype.kind not in "iu" or not value.size or not isinstance(size, int):
        return
    for index in dict.fromkeys((int(value.min()), int(value.max()))):
        if not -1 <= index < size:
            yield CLASS_INDEX.found(case, f"reaches {index}, but there are {size} class names; -1 means none")
            return


def _converted(case: FieldCase, unit: str) -> NDArray[np.float64] | None:
    """The finite values in a unit, if they are small, numbers, and of that kind."""
    value = case.value
    if value is None or value.dtype.kind not in "iuf" or not case.field.units:
        return None
    try:
        converted = units.convert(value.reshape(-1), case.field.units, unit)
    except UnitError:
        return None
    finite = converted[np.isfinite(converted)]
    return finite if finite.size else None
