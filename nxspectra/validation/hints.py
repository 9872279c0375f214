"""The way out: what to do about something that is missing or misspelled."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

COMPARED = 500
"""So many words are looked through for one that may have been meant."""

_KEYS = "often a key under NXcollection such as"

WAYS_OUT: dict[str, str] = {
    "instrument/beam/incident_energy": (
        f"the energy of the beam at the sample, for example 25.6 keV, {_KEYS} energyfmb or DCM_energy; the"
        " energy that a detector is set for, or that of a storage ring, is another. Give it with"
        " `nxspectra migrate FILE --set beam_energy=25.6keV`"
    ),
    "instrument/detector/count_time": (
        f"the exposure of one spectrum, for example 0.1 s, {_KEYS} shutter_time or exposure_time. Give it"
        " with `nxspectra migrate FILE --set exposure=100ms`"
    ),
    "sample/pressure": (
        "the pressure on the sample at each spectrum, in GPa; that of the gas in a membrane is another. Raw"
        " files seldom hold it. Give it with `nxspectra migrate FILE --set pressure=21.3GPa`, or one value"
        " a spectrum with `--facts FILE`"
    ),
    "data/intensity": (
        "the spectra, as (spectra, points): the images of a detector have to be integrated first. Say where"
        " they are with `nxspectra migrate FILE --set intensity=/path/in/the/file`"
    ),
    "data/two_theta": (
        "the diffraction angle of each point, written by the program that integrated the images. Say where"
        " it is with `nxspectra migrate FILE --set two_theta=/path/in/the/file`"
    ),
    "sample/name": "what was measured. Give it with `nxspectra migrate FILE --set sample_name=...`",
}
"""By concept of NXdiffraction_spectra."""

EXAMPLE_UNITS: dict[str, str] = {
    "NX_ANGLE": "deg",
    "NX_AREA": "mm^2",
    "NX_CHARGE": "coulomb",
    "NX_CROSS_SECTION": "barn",
    "NX_CURRENT": "mA",
    "NX_EMITTANCE": "nm*rad",
    "NX_ENERGY": "keV",
    "NX_FLUX": "1/s/cm^2",
    "NX_FREQUENCY": "Hz",
    "NX_LENGTH": "mm",
    "NX_MASS": "mg",
    "NX_MASS_DENSITY": "g/cm^3",
    "NX_MOLECULAR_WEIGHT": "g/mol",
    "NX_PERIOD": "us",
    "NX_PER_AREA": "1/cm^2",
    "NX_PER_LENGTH": "1/angstrom",
    "NX_POWER": "W",
    "NX_PRESSURE": "GPa",
    "NX_SCATTERING_LENGTH_DENSITY": "1/angstrom^2",
    "NX_SOLID_ANGLE": "steradian",
    "NX_TEMPERATURE": "K",
    "NX_TIME": "s",
    "NX_TIME_OF_FLIGHT": "us",
    "NX_TRANSFORMATION": "mm",
    "NX_VOLTAGE": "V",
    "NX_VOLUME": "mm^3",
    "NX_WAVELENGTH": "angstrom",
    "NX_WAVENUMBER": "1/angstrom",
}


def nearest(word: str, known: Iterable[str], cutoff: float = 0.7) -> str | None:
    """The known word that is most like `word`, whatever its case; None if none is."""
    words = {each.lower(): each for each in islice(known, COMPARED)}
    close = get_close_matches(word.lower()[:64], words, n=1, cutoff=cutoff)
    return words[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean x-ray?`, or nothing."""
    close = nearest(word, known, 0.6)
    return f"; did you mean {close}?" if close is not None else ""


def listed(words: Iterable[str], most: int = 8) -> str:
    """`a, b, c` and how many more there are."""
    every = list(words)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def quoted(text: str, most: int = 60) -> str:
    """A text from a file, in quotes, on one line, cut when it is long."""
    return repr(text if len(text) <= most else text[:most] + "…")
