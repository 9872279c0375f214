"""The raw file of a ramp as the beamline leaves it: base classes, no definition, free keys in their hundreds.

The keys, their shapes, their units and their mistakes are those of files that a LAMBDA detector writes at
PETRA III P02.2 and of the templates that DESY's beamlines generate files from (nexdatas/nxstools,
`xmltemplates`): arrays of one element, numbers as text, misspelt names and units, a time in millimetres.
Around what is worth finding stands what must not be taken for it: the energy of the ring, of the undulator
and of the detector's calibration, the pressure of the gas that drives the cell, limits and set points.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np

from nxspectra.simulation.crystals import PLANCK_C
from nxspectra.simulation.freekeys import Key, collection, comments, free, general, perkin_elmer, surroundings
from nxspectra.spectra import Spectra
from nxspectra.tree import Field, Group, Node

BEGAN = datetime(2020, 10, 9, 15, 25, 32, 224068, tzinfo=timezone(timedelta(hours=2)))


def raw_file(spectra: Spectra, seed: int) -> Group:
    """The raw file of `spectra`; `seed` numbers the run and sets what free keys happen to hold."""
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
        "collection": collection(general(run, BEGAN)),
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
    """The LAMBDA detector; what NeXus calls count_time is the shutter_time of its collection."""
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
