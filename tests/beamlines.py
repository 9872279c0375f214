"""Raw files as facilities write them: their names, shapes, units and omissions.

Each builder names what it was taken from. The numbers are those of one ramp, so that what is found can be
compared with what was meant.
"""

from __future__ import annotations

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


def hed() -> Group:
    """A dynamic diamond anvil cell at HED: what drives it stands beside, one value a train."""
    times = np.arange(N, dtype=np.uint64)

    def kept(values: float) -> Group:
        return Group(None, {"value": Field(np.full(N, values)), "timestamp": Field(times)})

    cell = collection(piezoVoltage=kept(120.0), actuatorForce=kept(35.0), targetPressure=kept(80.0))
    return euxfel().put("entry/HED_EXP_DDAC", cell)


def nexus() -> Group:
    """Base classes and nothing else, at the places that the manual of NeXus gives them:
    https://manual.nexusformat.org/classes/base_classes/."""
    source = Group(
        "NXsource",
        {
            "name": Field("PETRA III"),
            "type": Field("Synchrotron X-ray Source"),
            "probe": Field("x-ray"),
            "energy": Field(6.08, units="GeV"),
        },
    )
    instrument = Group(
        "NXinstrument",
        {
            "source": source,
            "undulator": Group("NXinsertion_device", {"energy": Field(25.71, units="keV")}),
            "monochromator": Group(
                "NXmonochromator",
                {
                    "energy": Field(ENERGY, units="keV"),
                    "wavelength": Field(WAVELENGTH, units="angstrom"),
                },
            ),
            "area": Group(
                "NXdetector",
                {
                    "count_time": Field(np.full(N, EXPOSURE), units="s"),
                    "threshold_energy": Field(12.0, units="keV"),
                    "dead_time": Field(0.001, units="s"),
                },
            ),
        },
    )
    sample = Group(
        "NXsample", {"name": Field("ferropericlase"), "pressure": Field(np.full(N, 21.3), units="GPa")}
    )
    return root("entry", {"instrument": instrument, "sample": sample, "integrated": integrated()})
