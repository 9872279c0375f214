"""A compression ramp as a tree: values that look like the beamline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nxspectra.spectra import DEFINITION, VERSION
from nxspectra.tree import Field, Group, Link

Floats = NDArray[np.float64]

ENERGY = 25.6
"""keV, of the beam in `conforming`."""
EXPOSURE = 0.1
"""s, of each spectrum in `conforming`."""
TOP_PRESSURE = 44.1
"""GPa, of the last spectrum in `conforming`."""
DIGEST = "3f786850e387550fdab836ed7e6dc881de23001b9d1b7c1a6a9e8c5f5b6c7d8e"
"""A digest in form; no file has it."""


def conforming(
    n_spectra: int = 6, n_points: int = 48, *, classified: bool = False, migrated: bool = False
) -> Group:
    """A tree that follows NXdiffraction_spectra with everything recommended: a compression of (Mg0.2,Fe0.8)O.

    With `classified` it has `/entry/weighted_classification`, low below the middle of the series and high
    above; with `migrated` it says which raw file it was made from.
    """
    pressure = np.linspace(0.1, TOP_PRESSURE, n_spectra)
    two_theta = np.linspace(9.6, 25.5, n_points)
    entry = Group(
        "NXentry",
        {
            "definition": Field(DEFINITION, version=VERSION),
            "title": Field("Compression of (Mg0.2,Fe0.8)O in a dynamic diamond anvil cell"),
            "start_time": Field("2021-05-27T10:15:00+02:00"),
            "end_time": Field("2021-05-27T10:16:00+02:00"),
            "experiment_identifier": Field("11012345"),
            "instrument": _instrument(n_spectra),
            "sample": _sample(pressure),
            "data": _data(pressure, two_theta),
            "reduction": Group(
                "NXprocess",
                {
                    "program": Field("pyFAI"),
                    "version": Field("2025.3"),
                    "date": Field("2021-05-27T11:00:00+02:00"),
                    "input": Group("NXparameters", {"detector_distance": Field(0.4155, units="m")}),
                },
            ),
        },
        default="data",
    )
    root = Group("NXroot", {"entry": entry}, default="entry")
    if classified:
        root = root.put("entry/weighted_classification", _classification(n_spectra, pressure))
    if migrated:
        root = root.put("entry/migration", _migration())
    return root


def _instrument(n_spectra: int) -> Group:
    starts = np.arange(n_spectra) * EXPOSURE
    return Group(
        "NXinstrument",
        {
            "name": Field("P02.2"),
            "source": Group(
                "NXsource",
                {
                    "name": Field("PETRA III"),
                    "type": Field("Synchrotron X-ray Source"),
                    "probe": Field("x-ray"),
                },
            ),
            "beam": Group("NXbeam", {"incident_energy": Field(ENERGY, units="keV")}),
            "detector": Group(
                "NXdetector",
                {
                    "count_time": Field(EXPOSURE, units="s"),
                    "start_time": Field(starts, units="s", start="2021-05-27T10:15:00+02:00"),
                    "description": Field("LAMBDA 2M"),
                },
            ),
        },
    )


def _sample(pressure: Floats) -> Group:
    return Group(
        "NXsample",
        {
            "name": Field("ferropericlase"),
            "chemical_formula": Field("(Mg0.2,Fe0.8)O"),
            "pressure": Field(pressure, units="GPa", target="/entry/sample/pressure"),
            "pressure_errors": Field(np.full(pressure.size, 0.2), units="GPa"),
            "pressure_env": Group(
                "NXenvironment",
                {
                    "type": Field("dynamic diamond anvil cell"),
                    "membrane": Group(
                        "NXsensor",
                        {
                            "measurement": Field("pressure"),
                            "type": Field("gas membrane"),
                            "value": Field(12.5, units="bar"),
                        },
                    ),
                },
            ),
        },
    )


def _data(pressure: Floats, two_theta: Floats) -> Group:
    return Group(
        "NXdata",
        {
            "intensity": Field(_intensity(pressure, two_theta), units="counts"),
            "two_theta": Field(two_theta, units="deg"),
            "pressure": Link("/entry/sample/pressure"),
        },
        signal="intensity",
        axes=np.array(["pressure", "two_theta"]),
        interpretation="spectrum",
    )


def _intensity(pressure: Floats, two_theta: Floats) -> Floats:
    """(n_spectra, n_points), counts: the lines of a B1 lattice on a sloping background.

    Cubic cell of 4.27 angstrom, compressed by the equation of state of Murnaghan, PNAS 30 (1944) 244.
    """
    cell = 4.27 * (1 + 4 * pressure / 160) ** (-1 / 12)
    counts = np.tile(900 - 20 * two_theta, (pressure.size, 1))
    for square, height in ((3, 300), (4, 1000), (8, 600), (11, 120), (12, 200)):
        sine = 12.39842 / ENERGY * np.sqrt(square) / (2 * cell)
        line = 2 * np.degrees(np.arcsin(sine))[:, np.newaxis]
        counts += height * np.exp(-0.5 * ((two_theta - line) / 0.2) ** 2)
    return np.round(counts)


def _classification(n_spectra: int, pressure: Floats) -> Group:
    high = (np.arange(n_spectra) >= (n_spectra + 1) // 2).astype(np.int64)
    sure = np.where(high, 0.97, 0.04)
    share = np.stack([1 - sure, sure], axis=-1)
    first = min(int(high.sum() and np.argmax(high)), n_spectra - 1)
    around = np.array([[max(first - 1, 0), min(first + 1, n_spectra - 1)]])
    return Group(
        "NXprocess",
        {
            "program": Field("nxspectra"),
            "version": Field("0.1.0"),
            "date": Field("2021-05-28T09:00:00+02:00"),
            "label_origin": Field("model"),
            "confidence": Field(0.94),
            "added_paths": Field(["/entry/weighted_classification"]),
            "model": Group(
                "NXnote",
                {
                    "description": Field("weighted"),
                    "file_name": Field("fe80mg20.npz"),
                    "checksum": Field(DIGEST),
                    "algorithm": Field("sha256"),
                },
            ),
            "input": Group("NXparameters", {"n_bins": Field(3)}),
            "labels": Group(
                "NXdata",
                {
                    "class_index": Field(high),
                    "class_names": Field(["low", "high"]),
                    "probability": Field(share),
                    "unseen_score": Field(np.full(n_spectra, 0.3)),
                    "pressure": Link("/entry/sample/pressure"),
                },
                signal="class_index",
                axes=np.array(["pressure"]),
            ),
            "votes": Group(
                "NXdata",
                {
                    "share": Field(np.repeat(share[:, np.newaxis], 3, axis=1)),
                    "bin_start": Field([9.6, 15.0, 20.0], units="deg"),
                    "bin_end": Field([14.9, 19.9, 25.5], units="deg"),
                    "separability": Field([0.98, 0.9, 0.6]),
                    "believability": Field([0.95, 0.7, 0.1]),
                },
                signal="share",
                axes=np.array([".", "bin_start", "."]),
            ),
            "boundaries": Group(
                "NXparameters",
                {
                    "from_class": Field(["low"]),
                    "to_class": Field(["high"]),
                    "frame": Field([first]),
                    "frame_interval": Field(around),
                    "pressure": Field(pressure[[first]], units="GPa"),
                    "pressure_interval": Field(pressure[around], units="GPa"),
                },
            ),
        },
    )


def _migration() -> Group:
    def note(file_name: str) -> Group:
        return Group(
            "NXnote",
            {"file_name": Field(file_name), "checksum": Field(DIGEST), "algorithm": Field("sha256")},
        )

    taken = Field(
        "/entry/instrument/detector/collection/shutter_time",
        raw_value="100.0",
        raw_units="ms",
        conversion="ms -> s",
        rule="count_time from shutter_time",
        trust="certain",
        target="instrument/detector/count_time",
    )
    return Group(
        "NXprocess",
        {
            "program": Field("nxspectra"),
            "version": Field("0.1.0"),
            "date": Field("2021-05-27T11:00:00+02:00"),
            "source_file": note("raw_0042.nxs"),
            "crosswalk": note("p02.2.toml"),
            "mapping": Group("NXparameters", {"instrument_detector_count_time": taken}),
            "added_paths": Field(["/entry/instrument/detector/count_time"]),
        },
    )
