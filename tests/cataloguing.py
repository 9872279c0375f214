"""Described data sets, and a catalogue of a few, for the tests of the catalogue."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from nxspectra.catalogue import Catalogue, search
from nxspectra.findings import Report
from nxspectra.rdf import Description, describe
from nxspectra.settings import Settings
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group


@dataclasses.dataclass(frozen=True)
class Origin:
    """The file that a tree of these tests is said to come from."""

    digest: str
    path: str = "/data/2021/run.nxs"
    size: int = 5617664


def described(name: str, tree: Group, settings: Settings | None = None, **facts: Report) -> Description:
    """A data set whose file is `name`."""
    origin = Origin(digest=name.encode().hex().ljust(64, "0"), path=f"/data/2021/{name}.nxs")
    return describe(tree.read_from(origin), settings or Settings(), **facts)


def ramp(title: str, low: float, high: float, frames: int = 12) -> Group:
    """A classified compression between two pressures in GPa."""
    tree = conforming(frames, classified=True).put("entry/title", Field(title))
    pressure = np.linspace(low, high, frames)
    tree = tree.put("entry/sample/pressure", Field(pressure, units="GPa"))
    first = frames // 2
    interval = pressure[[[first - 1, first + 1]]]
    boundaries = "entry/weighted_classification/boundaries"
    tree = tree.put(f"{boundaries}/pressure", Field(pressure[[first]], units="GPa"))
    return tree.put(f"{boundaries}/pressure_interval", Field(interval, units="GPa"))


def neutrons() -> Group:
    tree = conforming(6).put("entry/title", Field("Ice VII at low temperature"))
    tree = tree.put("entry/instrument/source/probe", Field("neutron"))
    tree = tree.put("entry/instrument/beam/incident_energy", Field(25.0, units="meV"))
    return tree.put("entry/sample/pressure", Field([441.0] * 6, units="kbar"))


def few(folder: Path) -> Path:
    """A catalogue with five data sets, one of which says next to nothing."""
    bare = Group("NXroot", {"entry": Group("NXentry", {"title": Field("Something raw")})})
    with Catalogue(folder) as catalogue:
        catalogue.file(described("ambient", ramp("Ambient run of ferropericlase", 0.1, 5)))
        catalogue.file(described("middle", ramp("Compression of ferropericlase", 8, 25)))
        catalogue.file(described("high", ramp("Compression of bridgmanite", 30, 60)))
        catalogue.file(described("ice", neutrons()))
        catalogue.file(described("raw", bare))
    return folder


def found(
    folder: Path,
    text: str | None = None,
    technique: str | None = None,
    label: str | None = None,
    **ranges: str,
) -> set[str]:
    """Names of the files of what is found."""
    hits = search(folder, text, parameters=ranges, technique=technique, label=label)
    return {Path(hit.file).stem for hit in hits if hit.file}
