"""Raw files as programs and facilities write them: their names, shapes, units and omissions.

Each builder names what it was taken from. The numbers are those of one ramp, so that what is found can be
compared with what was meant.
"""

from __future__ import annotations

import json

import numpy as np

from nxspectra.tree import Field, Group, Node

N = 5
ENERGY = 25.6
"""keV."""
WAVELENGTH = 12.398419843320026 / ENERGY
"""angstrom."""
EXPOSURE = 0.1
"""s."""
TWO_THETA = np.linspace(9.56, 25.55, 60)
"""(n_points,), degrees."""
Q = 4 * np.pi * np.sin(np.radians(TWO_THETA / 2)) / WAVELENGTH
"""(n_points,), 1/angstrom."""
INTENSITY = np.outer(np.arange(1.0, N + 1), TWO_THETA)
"""(n_spectra, n_points)"""


def root(entry: str, children: dict[str, Node], **attributes: str) -> Group:
    return Group("NXroot", {entry: Group("NXentry", children, **attributes)})


# -- programs for azimuthal integration ----------------------------------------------------------


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


# -- facilities ----------------------------------------------------------------------------------


def integrated(n: int = N) -> Group:
    return Group(
        "NXdata",
        {
            "I": Field(INTENSITY[:n].astype(np.float32), units="counts"),
            "tth": Field(TWO_THETA, units="deg"),
        },
        signal="I",
        axes=np.array([".", "tth"]),
    )


def collection(**children: Node) -> Group:
    return Group("NXcollection", children)


def areadetector() -> Group:
    """The default layout of NDFileHDF5, with the attributes of an Eiger:
    https://areadetector.github.io/areaDetector/ADCore/NDFileHDF5.html."""
    seconds = 1.0e9 + 0.11 * np.arange(N)
    attributes = collection(
        NDArrayEpicsTSSec=Field(seconds.astype(np.uint32)),
        NDArrayEpicsTSnSec=Field((1e9 * (seconds % 1)).astype(np.uint32)),
        NDArrayTimeStamp=Field(seconds),
        NDArrayUniqueId=Field(np.arange(1, N + 1)),
        AcquireTime=Field(np.full(N, EXPOSURE)),
        AcquirePeriod=Field(np.full(N, 0.11)),
        PhotonEnergy=Field(np.full(N, 12398.0)),
        ThresholdEnergy=Field(np.full(N, 6199.0)),
        Model=Field(["Eiger2 CdTe 1M"]),
    )
    detector = Group(
        "NXdetector",
        {
            "data": Field(np.ones((N, 12, 12), np.uint16)),
            "NDAttributes": collection(ColorMode=Field(np.zeros(N, np.int32))),
        },
    )
    instrument = Group(
        "NXinstrument",
        {
            "NDAttributes": attributes,
            "detector": detector,
            "performance": Group(None, {"timestamp": Field(np.ones((N, 5)))}),
        },
    )
    return root("entry", {"instrument": instrument, "integrated": integrated()})


def aps() -> Group:
    """Keys of 15ID-D and 33ID: AgBehenate_228.hdf5 in https://github.com/nexusformat/exampledata."""

    def pv(value: float | str, variable: str, description: str) -> Field:
        return Field([value], pv=variable, description=description)

    metadata = collection(
        DCM_energy=pv(ENERGY, "33idd:BraggEAO", "monochromator energy"),
        DCM_lambda=pv(WAVELENGTH, "33idd:BraggLambdaRdbkAO", "monochromator wavelength"),
        ID_E=pv(25.75, "ID33ds:Energy", "undulator energy"),
        ID_E_Offset=pv(0.15, "33idd:offset", "offset"),
        PresetTime=pv(EXPOSURE, "33idPIL:cam1:AcquireTime", "specified time for this exposure"),
        I0_time=pv(1.0e6, "33idd:scaler1.S1", "ticks"),
        SDD=pv(513.8, "33idd:SDD", "distance"),
        StartTime=Field([""], description="image starting time"),
        GUPNumber=Field(["GUP-76543"]),
    )
    source = Group(
        "NXsource",
        {
            "facility_name": Field(["APS"]),
            "facility_beamline": Field(["33ID"]),
            "energy": Field([7.0], units="GeV"),
        },
    )
    return root(
        "entry",
        {
            "instrument": Group("NXinstrument", {"source": source, "33ID metadata": metadata}),
            "sample": Group("NXsample", {"name": Field(["ferropericlase"])}),
            "integrated": integrated(),
        },
    )


def dls() -> Group:
    """Keys of GDA, classes as arrays: 538039.nxs in https://github.com/nexusformat/exampledata."""
    mono = Group(None, {"en": Field([ENERGY])}, NX_class=np.array(["NXcollection"]))
    before = Group(
        None,
        {
            "mono": mono,
            "lakeshore": Group("NXcollection", {"Ta": Field([299.8]), "Tset": Field([300.0])}),
            "idgap": Group("NXcollection", {"energy": Field([25.7])}),
        },
        NX_class=np.array(["NXcollection"]),
    )
    instrument = Group(
        None,
        {
            "name": Field(["i15-1"]),
            "source": Group(
                "NXsource",
                {"name": Field(["DLS"]), "probe": Field(["X-ray"]), "energy": Field([3.0], units="GeV")},
            ),
            "pil3": Group(
                "NXdetector", {"count_time": Field(np.full(N, EXPOSURE), local_name="pil3.count_time")}
            ),
            "atime": Group("NXpositioner", {"TimeSec": Field(np.arange(float(N)))}),
        },
        NX_class=np.array(["NXinstrument"]),
    )
    beam = Group("NXbeam", {"incident_wavelength": Field([WAVELENGTH / 10], units="nm")})
    return root(
        "entry1",
        {
            "before_scan": before,
            "instrument": instrument,
            "sample": Group("NXsample", {"name": Field(["Default Sample"]), "beam": beam}),
            "scan_duration": Field("00:00:28.078"),
            "integrated": integrated(),
        },
    )


def soleil() -> Group:
    """Keys of the DataStorage: scan101.nxs and file_2.nxs in https://github.com/nexusformat/exampledata."""
    mono = Group(
        "NXmonochromator",
        {
            "energy": Field([ENERGY], units="KeV"),
            "wavelength": Field([WAVELENGTH], units="\N{ANGSTROM SIGN}"),
        },
    )
    gauge = Group(None, {"data": Field([np.nan], units="{units of logged value}")})
    exposure = Group(None, {"data": Field([EXPOSURE], units="s")})
    return root(
        "scan101",
        {
            "start_time": Field("2013-09-28T04:50:48+0100"),
            "PSICHE": Group(
                "NXinstrument",
                {
                    "Monochromator": mono,
                    "ANS-C03-VI-JPEN.1_pressure": gauge,
                    "source": Group(
                        "NXsource", {"name": Field("SOLEIL"), "energy": Field(2.75, units="GeV")}
                    ),
                    "d13-1": Group(None, {"IntegrationTime": exposure}),
                },
            ),
            "integrated": integrated(),
        },
    )


def sls() -> Group:
    """Keys of PolLux, with energies of hard X-rays: the STXM files in https://github.com/nexusformat/exampledata."""

    def device(value: float, unit: str) -> Group:
        return collection(
            value=Field([value]),
            user_value=Field([value]),
            unit=Field([unit]),
            hardware_limit_low=Field([1e-266]),
            hardware_limit_high=Field([3e-266]),
        )

    cell = Group("NXcollection", {"value": Field([-123.6], units="mbar")})
    return root(
        "entry1",
        {
            "collection": collection(
                energy=device(1000 * ENERGY, "eV"),
                CellPressure=cell,
                ChamberPressure=Group("NXcollection", {"value": Field([1e-6], units="mbar")}),
            ),
            "instrument": Group(
                "NXinstrument",
                {
                    "counter0": Group("NXdetector", {"count_time": Field([EXPOSURE], units="s")}),
                    "source": Group("NXsource", {"name": Field("Swiss Light Source")}),
                },
            ),
            "integrated": integrated(),
        },
    )


def euxfel() -> Group:
    """Properties of Karabo devices, one value a train: https://extra-data.readthedocs.io/en/latest/data_format.html."""

    def kept(values: float) -> Group:
        times = np.arange(N, dtype=np.uint64)
        return Group(None, {"value": Field(np.full(N, values, np.float32)), "timestamp": Field(times)})

    monitor = collection(
        pulseEnergy=Group(
            None,
            {
                "wavelengthUsed": kept(WAVELENGTH / 10),
                "photonFlux": kept(1432.0),
                "conversion": kept(1.1),
            },
        ),
        photonEnergy=Group(None, {"value": Field(np.full(N, np.nan))}),
    )
    camera = collection(exposureTime=Field([EXPOSURE], units="s"), electronEnergy=Field([16.5], units="GeV"))
    return root(
        "entry",
        {
            "instrument": Group("NXinstrument", {"name": Field("HED")}),
            "SA2_XTD1_XGM": monitor,
            "HED_DAC_CAM": camera,
            "integrated": integrated(),
        },
    )
