"""The free keys that a beamline logs beside a scan: what nobody defined, under NXcollection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from nxspectra.simulation.crystals import PLANCK_C
from nxspectra.spectra import Spectra
from nxspectra.tree import Attribute, Field, Group, Node

Value = str | int | float
Key = tuple[str, Value] | tuple[str, Value, str]
"""Name, value and unit of a free key."""


def free(
    value: Value | np.generic | NDArray[np.generic], units: Attribute = None, **attributes: Attribute
) -> Field:
    """A free key; a scalar becomes an array of one element, as the detector's server writes it."""
    named = {**attributes} if units is None else {"units": units, **attributes}
    return Field(np.atleast_1d(np.asarray(value)), named)


def collection(keys: Iterable[Key], groups: Mapping[str, Node] | None = None) -> Group:
    """An NXcollection of free keys and of other nodes."""
    fields: dict[str, Node] = {key[0]: free(key[1], key[2] if len(key) == 3 else None) for key in keys}
    return Group("NXcollection", {**fields, **(groups or {})})


def perkin_elmer() -> list[Key]:
    """The detector that was out of the beam: its exposure is in millimetres, since its template says so."""
    return [
        ("exposure_time", 0.1, "mm"),
        ("file_dir", "/gpfs/current/raw/pe"),
        ("file_index", "17"),
        ("file_pattern", "pe_ceo2"),
        ("files_after_trigger", 1),
        ("files_before_trigger", 0),
        ("integration_file", "pe_ceo2.int"),
        ("perfrom_integration", 0),
        ("perform_dark_substraction", 1),
        ("save_raw", 1),
        ("save_subtacted", 0),
        ("save_dark", 1),
        ("summed_dark_images", 10),
        ("summed_save_images", 5),
        ("skipped_at_start", 1),
        ("user_comment1", ""),
        ("user_comment2", ""),
        ("binning_mode", 0),
        ("binning_mode_info", "none"),
    ]


def general(run: str, began: datetime) -> list[Key]:
    return [
        ("proposal_id", "I-20200112"),
        ("beamtime_id", "11008765"),
        ("scan_name", run),
        ("scan_number", "42"),
        ("scan_command", f"lambda_ramp {run} 500 0.1"),
        ("scan_duration", "00:00:50.000"),
        ("local_contact", "local contact of the day"),
        ("operator", "user"),
        ("control_host", "haspp02ch2"),
        ("tango_host", "haspp02oh1:10000"),
        ("timeStamp", began.strftime("%a %b %d %H:%M:%S %Y")),
        ("mode", "dDAC"),
        ("detector_in_beam", "lambda_m1"),
        ("save_path", "/gpfs/current/raw"),
    ]


def comments() -> list[Key]:
    return [
        ("user_comment1", "Sample (Mg0.2,Fe0.8)O with Pt, dDAC, 300 um culets"),
        ("user_comment2", "50 s ramp, 100 ms a frame, membrane driven"),
        ("user_comment3", "frames 0-50 flat, then faster"),
        ("user_comment4", "see elog page 73"),
        ("sample_formula", "(Mg0.2,Fe0.8)O"),
    ]


MOTORS = (
    "samx", "samy", "samz", "omega", "phi", "chi", "cenx", "ceny", "detx", "dety", "detz", "bsx", "bsy",
    "pinx", "piny", "lensx", "lensy", "lensz", "lensrx", "lensry", "micx", "micz", "diodex", "diodey",
    "laserx", "lasery",
)  # fmt: skip
SLITS = ("s1", "s2", "s3", "s4")


def surroundings(spectra: Spectra, energy: float, generator: np.random.Generator) -> Group:
    """What a beamline logs beside a scan; the pressure of each frame and the energy are in here."""
    groups: dict[str, Node] = {
        "dac": diamond_anvil_cell(spectra, generator),
        "beamline": collection(beamline(energy)),
        "mono": collection(monochromator(energy)),
        "undulator": collection(undulator(energy)),
        "ring": collection(ring(generator)),
        "vacuum": collection(vacuum()),
        "environment": environment(generator),
        "ionchambers": collection(ion_chambers(generator)),
        "attenuators": collection([(f"filter{n:02d}_in", int(n % 5 == 0)) for n in range(1, 13)]),
        "lenses": collection([(f"stack{n}_in", int(n < 4)) for n in range(1, 9)]),
        "counters": collection(counters(generator)),
        "laser": collection(laser()),
        "computers": collection(computers()),
    }
    for slit in SLITS:
        groups[slit] = collection(blades(generator))
    groups["motors"] = collection(positions(generator), {"limits": collection(limits())})
    return Group("NXcollection", groups)


def diamond_anvil_cell(spectra: Spectra, generator: np.random.Generator) -> Group:
    """The cell: the pressure on the sample, read off the marker, and that of the gas, which is another."""
    frames = len(spectra)
    sample = np.asarray(spectra.pressure)
    gas = 1.0 + 0.55 * sample + generator.normal(0.0, 0.02, frames)
    keys: list[Key] = [
        ("type", "dynamic diamond anvil cell, membrane driven"),
        ("pressure_Pt_before", 0.0, "GPa"),
        ("pressure_Pt_error", 0.1, "GPa"),
        ("target_pressure", 80.0, "GPa"),
        ("culet", 300.0, "um"),
        ("gasket", "Re"),
        ("medium", "none"),
        ("pace_setpoint", 48.0, "bar"),
        ("pace_rate", 60.0, "bar/min"),
        ("opening_angle", "70"),
        ("ruby_before", 694.24, "nm"),
        ("load_number", "3"),
    ]
    series: dict[str, Node] = {
        "pressure_Pt": free(
            sample, "GPa", description="pressure on the sample from Pt (111), Vinet, K0 277 GPa, K' 5.08"
        ),
        "membrane_pressure_bar": free(gas.round(3), "bar", description="PACE controller, gas"),
        "piezo_voltage": free(np.zeros(frames), "V"),
    }
    return collection(keys, series)


def beamline(energy: float) -> list[Key]:
    return [
        ("photon_energy", f"{energy:g} keV"),
        ("focus", "2 um x 2 um"),
        ("focusing", "KB mirrors"),
        ("beamstop", "in"),
        ("shutter_fs", "open"),
        ("shutter_oh", "open"),
        ("hutch", "P02.2 general purpose"),
        ("bandwidth", 1.4e-4),
        ("harmonic", "5"),
        ("kb_bender_1", 3.214, "mm"),
        ("kb_bender_2", 2.871, "mm"),
        ("kb_pitch_v", 2.45, "mrad"),
        ("kb_pitch_h", 2.51, "mrad"),
    ]


def monochromator(energy: float) -> list[Key]:
    bragg = float(np.degrees(np.arcsin(PLANCK_C / energy / (2 * 3.13555))))
    return [
        ("energyfmb", energy * 1000.0, "eV"),
        ("energy_min", 5000.0, "eV"),
        ("energy_max", 60000.0, "eV"),
        ("wavelength", round(PLANCK_C / energy, 5), "Angstroem"),
        ("bragg", round(bragg, 5), "deg"),
        ("crystal", "Si(111)"),
        ("lattice_spacing", 3.13555, "A"),
        ("perp", 12.031, "mm"),
        ("parallel", 145.2, "mm"),
        ("jack1", 0.0, "mm"),
        ("jack2", 0.0, "mm"),
        ("jack3", 0.0, "mm"),
        ("pitch", 1.2, "mrad"),
        ("roll", -0.3, "mrad"),
        ("exit_offset", "fixed"),
        ("piezo_feedback", 1),
    ]


def undulator(energy: float) -> list[Key]:
    return [
        ("energy", round(energy * 1.0043, 2), "keV"),
        ("gap", 12.417, "mm"),
        ("gap_min", 9.8, "mm"),
        ("gap_max", 220.0, "mm"),
        ("taper", 0.0, "mm"),
        ("harmonic", 5),
        ("period", 23.0, "mm"),
        ("offset", 110.0, "eV"),
    ]


def ring(generator: np.random.Generator) -> list[Key]:
    return [
        ("current", round(100.0 + generator.normal(0.0, 0.5), 3), "mA"),
        ("lifetime", 11.4, "h"),
        ("bunches", "480"),
        ("fill_pattern", "continuous"),
        ("orbit_x", round(generator.normal(0.0, 2.0), 3), "um"),
        ("orbit_y", round(generator.normal(0.0, 1.0), 3), "um"),
        ("top_up", 1),
        ("message", "User run"),
    ]


def vacuum() -> list[Key]:
    gauges: list[Key] = [(f"ip{n:02d}_pressure", 1.0e-9 * (1 + n), "mbar") for n in range(1, 10)]
    return [("chamber_pressure", 2.3e-6, "mbar"), ("flight_tube_pressure", 0.8, "mbar"), *gauges]


def environment(generator: np.random.Generator) -> Group:
    keys: list[Key] = [
        ("humidity", 41.0, "%"),
        ("air_pressure", 1013.2, "hPa"),
        ("cooling_water", 19.8, "Celsus"),
        ("air_conditioning", "on"),
    ]
    probes: dict[str, Node] = {
        f"temperature_{n:02d}": free(round(23.0 + generator.normal(0.0, 0.2), 2), "Celsus")
        for n in range(1, 9)
    }
    return collection(keys, {**probes, "hutch_temperature": free(23.1, "°C")})


def ion_chambers(generator: np.random.Generator) -> list[Key]:
    keys: list[Key] = []
    for n in (1, 2, 3):
        keys += [
            (f"ic{n}_rate", round(abs(generator.normal(2.0e5, 2.0e3))), "1/s"),
            (f"ic{n}_gas", "N2"),
            (f"ic{n}_gas_pressure", 1.02, "bar"),
            (f"ic{n}_voltage", 800.0, "V"),
            (f"ic{n}_gain", "1e8"),
            (f"ic{n}_dark", 12.0, "1/s"),
        ]
    return keys


def counters(generator: np.random.Generator) -> list[Key]:
    return [(f"counter{n:02d}", int(generator.poisson(1000)), "counts") for n in range(1, 17)]


def laser() -> list[Key]:
    return [
        ("power_upstream", 0.0, "W"),
        ("power_downstream", 0.0, "W"),
        ("shutter", "closed"),
        ("temperature", 0.0, "K"),
        ("pyrometer_exposure_time", 250.0, "ms"),
        ("spectrometer_centre", 650.0, "nm"),
        ("ruby_laser", "off"),
        ("interlock", "ok"),
    ]


def computers() -> list[Key]:
    return [
        ("macro_server", "2.8.5"),
        ("pool", "2.8.5"),
        ("nxsconfigserver", "2.47.0"),
        ("nxswriter", "2.47.0"),
        ("lambda_server", "3.4.1"),
        ("disk_free", "17 TB"),
        ("ntp_offset", 0.4, "ms"),
        ("python", "2.7.17"),
    ]


def blades(generator: np.random.Generator) -> list[Key]:
    keys: list[Key] = [
        (name, round(generator.normal(0.0, 1.0), 3), "mm") for name in ("left", "right", "top", "bottom")
    ]
    keys += [("hgap", 0.4, "mm"), ("vgap", 0.4, "mm"), ("hoffset", 0.0, "mm"), ("voffset", 0.0, "mm")]
    return keys


def _unit(motor: str) -> str:
    return "deg" if motor in {"omega", "phi", "chi", "lensrx", "lensry"} else "mm"


def positions(generator: np.random.Generator) -> list[Key]:
    keys: list[Key] = []
    for motor in MOTORS:
        keys.append((motor, round(generator.normal(0.0, 5.0), 4), _unit(motor)))
        keys.append((f"{motor}_offset", round(generator.normal(0.0, 0.1), 4), _unit(motor)))
    return keys


def limits() -> list[Key]:
    keys: list[Key] = []
    for motor in MOTORS:
        keys.append((f"{motor}_min", -50.0, _unit(motor)))
        keys.append((f"{motor}_max", 50.0, _unit(motor)))
    return keys
