"""The range that a field of numbers covers, in its unit and in SI."""

from __future__ import annotations

import numpy as np

from nxspectra import units
from nxspectra.rdf.description import Parameter
from nxspectra.rdf.quantities import BEAM_ENERGY, PLANCK_TIMES_LIGHT, Quantity, nexus_term, unit_term
from nxspectra.tree import Field

MOST_VALUES = 10_000_000
"""A field with more values than this is data, whatever it is called, and is not read for its range."""


def range_of(
    quantity: Quantity, place: tuple[str, ...], path: str, field: Field, stored: bool
) -> Parameter | None:
    """The range of a field; None without a unit of the right kind or without a number."""
    unit = field.units
    if unit is None or not units.fits(unit, quantity.category):
        return None
    if field.dtype.kind not in "iuf" or not 0 < field.size <= MOST_VALUES:
        return None
    values = field.array.astype(np.float64)
    known = values[np.isfinite(values)]
    if known.size == 0:
        return None
    spelled = units.usual_spelling(unit) or unit
    ends = np.array([known.min(), known.max()])
    if unit_term(spelled) is None:
        ends, spelled = units.to_si(ends, unit), quantity.si
    si = units.to_si(ends, spelled)
    return Parameter(
        quantity,
        nexus_term(place),
        float(ends[0]),
        float(ends[1]),
        spelled,
        float(si[0]),
        float(si[1]),
        path,
        int(known.size),
        stored,
    )


def photon_energy(wavelength: Parameter) -> Parameter | None:
    """The energy of photons of this wavelength, in keV."""
    if wavelength.si_minimum <= 0:
        return None
    ends = PLANCK_TIMES_LIGHT / np.array([wavelength.si_maximum, wavelength.si_minimum])
    usual = units.convert(ends, "J", BEAM_ENERGY.usual)
    return Parameter(
        BEAM_ENERGY,
        nexus_term(BEAM_ENERGY.places[0]),
        float(usual[0]),
        float(usual[1]),
        BEAM_ENERGY.usual,
        float(ends[0]),
        float(ends[1]),
        wavelength.path,
        wavelength.count,
        wavelength.stored,
        derived=True,
    )
