"""Integrated spectra as the programs of the field write them.

Each builder names what it was taken from. The numbers are those of the ramp of `beamlines`.
"""

from __future__ import annotations

import json

import numpy as np
from beamlines import ENERGY, INTENSITY, TWO_THETA, WAVELENGTH, N, Q, root

from nxspectra.tree import Field, Group


def azint(unit: str = "2theta") -> Group:
    """A file of azint_writer of MAX IV: https://github.com/maxiv-science/azint_writer."""
    axis = (Q, "1/angstrom", "q") if unit == "q" else (TWO_THETA, "degrees", "2theta")
    return root(
        "entry",
        {
            "definition": Field("NXazint1d"),
            "solid_angle_applied": Field(True),
            "polarization_applied": Field(True),
            "normalization_applied": Field(True),
            "instrument": Group(
                "NXinstrument",
                {
                    "name": Field("DanMAX"),
                    "monochromator": Group(
                        "NXmonochromator",
                        {
                            "wavelength": Field(WAVELENGTH, units="angstrom"),
                            "energy": Field(ENERGY, units="keV"),
                        },
                        default="energy",
                    ),
                    "source": Group(
                        "NXsource",
                        {
                            "name": Field("MAX IV"),
                            "type": Field("Synchrotron X-ray Source"),
                            "probe": Field("x-ray"),
                        },
                    ),
                },
                default="name",
            ),
            "reduction": Group(
                "NXprocess",
                {
                    "program": Field("azint-pipeline"),
                    "version": Field("azint 1.3\nazint-writer 0.2"),
                    "date": Field("Monday, November 11, 2024 at 02:01 PM"),
                    "reference": Field("https://maxiv-science.github.io/azint/"),
                    "input": Group("NXparameters", {"n_splitting": Field(4), "mask": Field("None")}),
                },
            ),
            "data": Group(
                "NXdata",
                {
                    "I": Field(INTENSITY, units="arbitrary units", long_name="intensity"),
                    "radial_axis": Field(axis[0], units=axis[1], long_name=axis[2]),
                    "norm": Field(np.ones((N, 60)), units="arbitrary units"),
                },
                signal="I",
                axes=np.array([".", "radial_axis"]),
                interpretation="spectrum",
            ),
        },
        default="data",
    )


def pyfai(unit: str = "2th_deg") -> Group:
    """A file of HDF5Writer of pyFAI: https://github.com/silx-kit/pyFAI, src/pyFAI/io/__init__.py."""
    axis = (10 * Q, "nm^{-1}", "q") if unit == "q_nm^-1" else (TWO_THETA, "deg", "2th")
    settings = {"poni": {"dist": 0.309, "wavelength": WAVELENGTH * 1e-10}, "unit": unit, "nbpt_rad": 60}
    results = Group(
        "NXdata",
        {
            "radial": Field(
                axis[0].astype(np.float32),
                unit=axis[1],
                name=axis[2],
                interpretation="scalar",
                long_name=f"Diffraction radial direction {axis[2]} ({axis[1]})",
            ),
            "title": Field("Azimuthaly integrated data"),
            "intensity": Field(INTENSITY.astype(np.float32)),
        },
        signal="intensity",
        axes=np.array([".", "radial"]),
    )
    process = {
        "program": Field("/usr/lib/python3/dist-packages/pyFAI/app/integrate.py"),
        "version": Field("2025.3.0"),
        "date": Field("2025-03-11T14:01:03+01:00"),
        "sequence_index": Field(1),
        "results": results,
        "configuration": Group(
            "NXnote", {"type": Field("text/json"), "data": Field(json.dumps(settings, indent=2))}
        ),
    }
    return root(
        "entry_0000",
        {
            "title": Field("Scanning 1D experiment"),
            "start_time": Field("2025-03-11T14:01:02+01:00"),
            "program_name": Field("pyFAI", version="2025.3.0"),
            "integrate": Group("NXprocess", process, default="results"),
        },
        default="integrate/results",
    )


def powder(unit: str = "2th_deg") -> Group:
    """One pattern as pyFAI saves it after NXmonopd: src/pyFAI/io/nexus.py, save_NXmonpd."""
    axis = {"2th_deg": TWO_THETA, "q_nm^-1": 10 * Q, "q_A^-1": Q}[unit]
    crystal = Group("NXcrystal", {"wavelength": Field(WAVELENGTH, units="angstrom")})
    return root(
        "entry",
        {
            "definition": Field("NXmonopd", version="3.1"),
            "title": Field("monopd"),
            "sample": Group("NXsample", {"name": Field("ferropericlase")}),
            "beamline": Group("NXinstrument", {"monochromator": crystal}),
            "results": Group(
                "NXdata",
                {
                    "polar_angle": Field(axis, units=unit, axis="1"),
                    "data": Field(INTENSITY[0], signal="1", interpretation="spectrum"),
                },
                signal="data",
                axes=np.array(["polar_angle"]),
            ),
        },
    )


def dioptas() -> Group:
    """Batch integration of Dioptas: https://github.com/Dioptas/Dioptas, dioptas/model/BatchModel.py."""
    return root(
        "processed",
        {
            "result": Group(
                "NXdata",
                {
                    "data": Field(INTENSITY),
                    "binning": Field(TWO_THETA, unit="deg", long_name="two_theta (degrees)"),
                },
                signal="data",
                axes=np.array([".", "binning"]),
            ),
            "process": Group(
                "NXprocess",
                {
                    "cal_file": Field("/gpfs/current/processed/L2.poni"),
                    "int_method": Field("csr"),
                    "int_unit": Field("2th_deg"),
                    "num_points": Field(60),
                    "pos_map": Field(np.stack([np.zeros(N, int), np.arange(N)], axis=1)),
                    "file_map": Field([0, N]),
                    "files": Field(["/gpfs/current/raw/ramp_m1_part00000.nxs"]),
                },
            ),
        },
        default="result",
    )
