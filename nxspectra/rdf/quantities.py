"""The measured quantities that we describe and search: their names, NeXus terms and QUDT units."""

from __future__ import annotations

from dataclasses import dataclass

from nxspectra import units
from nxspectra.rdf.terms import NX, QUANTITY_KIND, UNIT, Iri

PLANCK_TIMES_LIGHT = 6.62607015e-34 * 299792458.0
"""J m; exact, CODATA 2018. Energy of a photon times its wavelength."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity with the places in an entry where NeXus puts it, by classes of groups, best first."""

    name: str
    category: str
    """NeXus unit category."""
    si: str
    """Unit in which its values are compared."""
    usual: str
    """Unit in which people at a beamline say it."""
    kind: Iri
    places: tuple[tuple[str, ...], ...]
    pan_name: str | None = None
    """Name of the parameter in the PaN search API."""
    aliases: tuple[str, ...] = ()


PRESSURE = Quantity(
    "pressure",
    "NX_PRESSURE",
    "Pa",
    "GPa",
    QUANTITY_KIND["Pressure"],
    (("NXsample", "pressure"),),
    "sample_pressure",
    ("sample_pressure", "sample/pressure"),
)
BEAM_ENERGY = Quantity(
    "beam_energy",
    "NX_ENERGY",
    "J",
    "keV",
    QUANTITY_KIND["Energy"],
    (
        ("NXinstrument", "NXbeam", "incident_energy"),
        ("NXsample", "NXbeam", "incident_energy"),
        ("NXinstrument", "NXmonochromator", "energy"),
    ),
    "incident_photon_energy",
    (
        "energy",
        "incident_energy",
        "incident_photon_energy",
        "photon_energy",
        "instrument/beam/incident_energy",
    ),
)
WAVELENGTH = Quantity(
    "wavelength",
    "NX_WAVELENGTH",
    "m",
    "angstrom",
    QUANTITY_KIND["Wavelength"],
    (
        ("NXinstrument", "NXbeam", "incident_wavelength"),
        ("NXsample", "NXbeam", "incident_wavelength"),
        ("NXinstrument", "NXmonochromator", "wavelength"),
    ),
    "incident_wavelength",
    ("incident_wavelength",),
)
EXPOSURE = Quantity(
    "exposure",
    "NX_TIME",
    "s",
    "s",
    QUANTITY_KIND["Time"],
    (("NXinstrument", "NXdetector", "count_time"),),
    None,
    ("count_time", "exposure_time", "instrument/detector/count_time"),
)
TEMPERATURE = Quantity(
    "temperature",
    "NX_TEMPERATURE",
    "K",
    "K",
    QUANTITY_KIND["Temperature"],
    (("NXsample", "temperature"),),
    "sample_temperature",
    ("sample_temperature", "sample/temperature"),
)

QUANTITIES = (PRESSURE, BEAM_ENERGY, WAVELENGTH, EXPOSURE, TEMPERATURE)


def nexus_term(place: tuple[str, ...]) -> Iri:
    """The term of the NeXus ontology for a field, such as `NXbeam-incident_energy`."""
    return NX["-".join(place[-2:])]


@dataclass(frozen=True, slots=True)
class UnitTerm:
    """A unit in QUDT, and its code in UN/ECE Recommendation 20, which schema.org asks for."""

    iri: Iri
    code: str | None


def _unit(name: str, code: str | None = None) -> UnitTerm:
    return UnitTerm(UNIT[name], code)


_UNITS = {
    "Pa": _unit("PA", "PAL"),
    "hPa": _unit("HectoPA", "A97"),
    "kPa": _unit("KiloPA", "KPA"),
    "MPa": _unit("MegaPA", "MPA"),
    "GPa": _unit("GigaPA", "A89"),
    "mbar": _unit("MilliBAR", "MBR"),
    "bar": _unit("BAR", "BAR"),
    "kbar": _unit("KiloBAR", "KBA"),
    "Mbar": _unit("MegaBAR"),
    "atm": _unit("ATM", "ATM"),
    "torr": _unit("TORR", "UA"),
    "psi": _unit("PSI", "PS"),
    "J": _unit("J", "JOU"),
    "eV": _unit("EV", "A53"),
    "keV": _unit("KiloEV", "B29"),
    "MeV": _unit("MegaEV", "B71"),
    "GeV": _unit("GigaEV", "A85"),
    "m": _unit("M", "MTR"),
    "nm": _unit("NanoM", "C45"),
    "pm": _unit("PicoM", "C52"),
    "angstrom": _unit("ANGSTROM", "A11"),
    "s": _unit("SEC", "SEC"),
    "ms": _unit("MilliSEC", "C26"),
    "us": _unit("MicroSEC", "B98"),
    "ns": _unit("NanoSEC", "C47"),
    "min": _unit("MIN", "MIN"),
    "h": _unit("HR", "HUR"),
    "d": _unit("DAY", "DAY"),
    "K": _unit("K", "KEL"),
    "degC": _unit("DEG_C", "CEL"),
    "degF": _unit("DEG_F", "FAH"),
}


def unit_term(spelling: str) -> UnitTerm | None:
    """The QUDT unit that is spelled so; None if it is not in our table."""
    usual = units.usual_spelling(spelling)
    return None if usual is None else _UNITS.get(usual)
