"""The raw file of a ramp as the beamline leaves it: base classes, no definition, free keys in their hundreds.

The keys, their shapes, their units and their mistakes are those of files that a LAMBDA detector writes at
PETRA III P02.2 and of the templates that DESY's beamlines generate files from (nexdatas/nxstools,
`xmltemplates`): arrays of one element, numbers as text, misspelt names, a time in millimetres, a unit in
latin-1. Around what is worth finding stands what must not be taken for it: the energy of the ring, of the
undulator and of the detector's calibration, the pressure of the gas that drives the cell, limits and set points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from nxspectra.simulation.crystals import PLANCK_C
from nxspectra.spectra import Spectra
from nxspectra.tree import Attribute, Field, Group, Node

Value = str | int | float
Key = tuple[str, Value] | tuple[str, Value, str]
"""Name, value and unit of a free key."""

BEGAN = datetime(2020, 10, 9, 15, 25, 32, 224068, tzinfo=timezone(timedelta(hours=2)))
CELSIUS = np.bytes_(b"\xb0C")
"""The degree sign in latin-1, as older servers write it."""


def raw_file(spectra: Spectra, seed: int) -> Group:
    """The tree of the raw file of `spectra`; `seed` numbers the run and sets what the free keys happen to hold."""
    generator = np.random.default_rng([seed, len(spectra)])
    run = f"fe80mg20_ramp_{seed + 1:05d}"
    exposure = float(np.asarray(spectra.exposure).reshape(-1)[0])
    energy = float(np.asarray(spectra.energy).reshape(-1)[0])
    ended = BEGAN + timedelta(seconds=exposure * len(spectra))
    entry: dict[str, Node] = {
        "title": Field(f"{run}: compression ramp in a dynamic diamond anvil cell"),
        "start_time": Field(BEGAN.isoformat()),
        "end_time": Field(ended.isoformat()),
        "experiment_identifier": Field("11008765"),
        "program_name": Field("NexDaTaS", version="2.47.0"),
        "sample": Group("NXsample", {"name": Field("fe80mg20")}),
        "instrument": instrument(run, exposure, len(spectra), generator),
        "integrated": integrated(spectra),
        "integration": integration(energy),
        "collection": collection(general(run)),
        "collection_extra": surroundings(spectra, energy, generator),
        "comments": collection(comments()),
    }
    return Group(
        "NXroot",
        {"entry": Group("NXentry", entry)},
        HDF5_Version="1.10.0",
        NeXus_version="4.3.0",
        file_name=f"/gpfs/current/raw/{run}/{run}_m1.nxs",
        file_time=BEGAN.strftime("%Y-%m-%dT%H:%M:%S.%f%z"),
        file_update_time=ended.strftime("%Y-%m-%dT%H:%M:%S.%f%z"),
    )


def free(value: Value | NDArray[np.generic], units: Attribute = None, **attributes: Attribute) -> Field:
    """A free key; a scalar becomes an array of one element, as the detector's server writes it."""
    named = {**attributes} if units is None else {"units": units, **attributes}
    return Field(np.atleast_1d(np.asarray(value)), named)


def collection(keys: Iterable[Key], groups: Mapping[str, Node] | None = None) -> Group:
    """An NXcollection of free keys and of other nodes."""
    fields: dict[str, Node] = {key[0]: free(key[1], key[2] if len(key) == 3 else None) for key in keys}
    return Group("NXcollection", {**fields, **(groups or {})})


# -- what the spectra are and how they were made -------------------------------------------------


def integrated(spectra: Spectra) -> Group:
    """The spectra, under the names that pipelines for azimuthal integration give them."""
    return Group(
        "NXdata",
        {
            "I": Field(spectra.intensity.astype(np.float32, copy=False), units="counts", long_name="I"),
            "tth": Field(spectra.two_theta, units="deg", long_name="2theta (deg)"),
        },
        signal="I",
        axes=np.array([".", "tth"]),
        interpretation="spectrum",
    )


def integration(energy: float) -> Group:
    """The account of the azimuthal integration, its parameters misspelt as in the templates."""
    parameters: list[Key] = [
        ("perfrom_integration", 1),
        ("perform_dark_substraction", 0),
        ("save_subtacted", 0),
        ("unit", "2th_deg"),
        ("method", "csr"),
        ("radial_points", "4023"),
        ("azimuth_min", -180.0, "deg"),
        ("azimuth_max", 180.0, "deg"),
        ("polarization_factor", 0.99),
        ("calibrant", "CeO2"),
        ("poni_file", "L2.poni"),
        ("dist", 0.30919, "m"),
        ("poni1", 0.038538, "m"),
        ("poni2", 0.140671, "m"),
        ("rot1", 0.0071916, "rad"),
        ("rot2", 0.0014524, "rad"),
        ("rot3", 0.0, "rad"),
        ("mask_file", "lambda_m1_mask.edf"),
        ("error_model", "none"),
        ("calibration_wavelength", PLANCK_C / energy * 1e-10, "m"),
    ]
    return Group(
        "NXprocess",
        {
            "program": Field("pyFAI"),
            "version": Field("0.19.0"),
            "date": Field((BEGAN + timedelta(minutes=3)).isoformat()),
            "parameters": collection(parameters),
        },
    )


# -- the instrument ------------------------------------------------------------------------------


def instrument(run: str, exposure: float, frames: int, generator: np.random.Generator) -> Group:
    source = Group(
        "NXsource",
        {
            "name": Field("PETRA III", short_name="PETRA"),
            "type": Field("Synchrotron X-ray Source"),
            "probe": Field("x-ray"),
            "energy": free(6.08, "GeV", description="beam energy"),
            "current": free(round(100.0 + generator.normal(0.0, 0.5), 2), "mA"),
            "mode": Field("Multi Bunch"),
        },
    )
    return Group(
        "NXinstrument",
        {
            "name": Field("P02.2 Extreme Conditions Beamline", short_name="P02.2"),
            "source": source,
            "detector": detector(run, exposure, frames),
            "collection": collection([], {"perkinelmer": collection(perkin_elmer())}),
        },
    )


def detector(run: str, exposure: float, frames: int) -> Group:
    """The LAMBDA detector; what NeXus would call count_time it calls shutter_time and keeps in its collection."""
    milliseconds = exposure * 1000.0
    settings: list[Key] = [
        ("beam_energy", 12000.0, "eV"),
        ("calib_energy", 0.0, "eV"),
        ("compression_enabled", 1),
        ("compressor_rate", 2),
        ("compressor_shuffle", 0),
        ("config_file_path", "/localdata/share/config/"),
        ("delay_time", 0.0, "millisecond"),
        ("distortion_correction_applied", 1),
        ("error_code", 0),
        ("frame_numbers", 500),
        ("lastest_image_number", -1),
        ("module_id", "105F9"),
        ("operating_mode", "ContinuousReadWrite"),
        ("pixe_rate", 0),
        ("save_all_images", 1),
        ("save_file_name", f"{run}_m1"),
        ("save_file_path", f"/gpfs/current/raw/{run}"),
        ("shutter_time", milliseconds, "millisecond"),
        ("thread_no", 0),
        ("total_loss_frames", max(0, 500 - frames)),
        ("trigger_mode", 0),
    ]
    extra: list[Key] = [
        ("shutter_time_min", 0.5, "ms"),
        ("shutter_time_max", 2.0e6, "ms"),
        ("delay_time_min", 0.0, "ms"),
        ("delay_time_max", 2.0e6, "ms"),
        ("frames_per_file", "1000"),
        ("file_start_num", "0"),
        ("file_prefix", run),
        ("file_postfix", ".nxs"),
        ("threshold_energy_min", 5000.0, "eV"),
        ("threshold_energy_max", 60000.0, "eV"),
        ("layout", "1554X516"),
        ("depth", 12, "bit"),
        ("live_mode", 0),
        ("live_frame_no", 0),
        ("queue_depth", 0),
        ("loss_frames", 0),
    ]
    fields: dict[str, Node] = {
        "acquisition_mode": free("ContinuousReadWrite"),
        "bit_depth_readout": free(12),
        "calibration_date": free("2019-03-01T11:32:25.677486+0100"),
        "countrate_correction_applied": free(1),
        "description": free("Lambda"),
        "detector_readout_time": free(0.0, "millisecond"),
        "distance": free(309.19, "mm"),
        "flatfield_applied": free(1),
        "layout": free("1554X516"),
        "local_name": free("haspp02lmbd01a"),
        "pixel_mask_applied": free(1),
        "saturation_value": free(4095),
        "sensor_material": free("GaAs"),
        "sensor_thickness": free(300.0, "micrometer"),
        "threshold_energy": free(np.float32(6000.0), "eV"),
        "trigger_dead_time": free(0.0, "millisecond"),
        "trigger_delay_time": free(0.0, "millisecond"),
        "type": free("photon counting"),
        "x_pixel_size": free(55.0, "micrometer"),
        "y_pixel_size": free(55.0, "micrometer"),
        "collection": collection(settings),
        "collection_extra": collection(extra),
    }
    return Group("NXdetector", fields)


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


# -- the free keys of the entry --------------------------------------------------------------------


def general(run: str) -> list[Key]:
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
        ("timeStamp", BEGAN.strftime("%a %b %d %H:%M:%S %Y")),
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
    "pinx", "piny", "lensx", "lensy", "lensz", "lensrx", "lensry", "micx", "micz", "diodex", "diodey", "laserx", "lasery",
)  # fmt: skip
SLITS = ("s1", "s2", "s3", "s4")


def surroundings(spectra: Spectra, energy: float, generator: np.random.Generator) -> Group:
    """Everything that a beamline logs beside a scan; the pressure of each frame and the energy are in here."""
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
    """The cell: the pressure on the sample, read off the marker, and the pressure of the gas, which is another."""
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
    return collection(keys, {**probes, "hutch_temperature": free(23.1, CELSIUS)})


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
    return [*keys, ("hgap", 0.4, "mm"), ("vgap", 0.4, "mm"), ("hoffset", 0.0, "mm"), ("voffset", 0.0, "mm")]


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
