"""The spectra a second time, by links, under the names of NXazint1d, for readers of such data.

The subentry says that it follows NXazint1d only where all that this asks for is known: the corrections, which
a raw file does not tell, and attributes of the very data sets that are linked and never changed. So it is
where the frames were integrated by `nxspectra.integration`, or by who writes the same.
https://manual.nexusformat.org/classes/applications/NXazint1d.html
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from nxspectra import units
from nxspectra.migration.forms import PHOTON
from nxspectra.migration.outcome import Found, State
from nxspectra.migration.places import Draft
from nxspectra.tree import Field, Group, Link

AZINT = "azint1d"
"""Name of the NXsubentry in which readers of azimuthally integrated data look."""
DEFINITION = "NXazint1d"
CORRECTIONS = ("solid_angle_applied", "polarization_applied", "normalization_applied")
SAID = ("program", "version", "date", "reference")
"""What the account of the integration must say."""
KNOWN = ("instrument/name", "instrument/source/name", "instrument/source/type", "instrument/source/probe")
"""Concepts that must be known."""


def place_azint(draft: Draft, entry: str, found: Iterable[Found], *, has_reduction: bool) -> None:
    """Plan the subentry, if the spectra are planned and nothing of its name is there."""
    path, data = f"{entry}/{AZINT}", f"{draft.base}/data"
    links = {
        addition.path: addition.item.target for addition in draft.additions if isinstance(addition.item, Link)
    }
    there = {addition.path for addition in draft.additions}
    spectra = {name: f"{data}/{name}" for name in ("intensity", "two_theta")}
    if draft.root.get(path) is not None or not all(where in there for where in spectra.values()):
        return
    reduction = f"{draft.base}/reduction"
    draft.add(path, Group("NXsubentry", {}, default="data"))
    draft.add(
        f"{path}/data",
        Group("NXdata", {}, signal="I", axes=np.array([".", "radial_axis"]), interpretation="spectrum"),
    )
    for ours, theirs in (("intensity", "I"), ("two_theta", "radial_axis")):
        draft.add(f"{path}/data/{theirs}", Link(links.get(spectra[ours], spectra[ours])))
    if has_reduction:
        account = links.get(reduction, reduction)
        draft.add(f"{path}/reduction", Link(account))
        originals = [links.get(spectra[name], spectra[name]) for name in ("intensity", "two_theta")]
        if is_known(draft.root, account) and has_attributes(draft.root, *originals):
            declare(draft, path, account, found)


def is_known(root: Group, account: str) -> bool:
    """Does the account of the integration say what was corrected, and how it was done?"""
    process = root.group(account)
    given = None if process is None else process.group("input")
    if process is None or given is None or given.nx_class != "NXparameters":
        return False
    told = [process.field(name) for name in SAID]
    flags = [given.field(name) for name in CORRECTIONS]
    return all(field is not None and field.text for field in told) and all(
        field is not None and field.dtype.kind in "biu" and field.size == 1 for field in flags
    )


def has_attributes(root: Group, intensity: str, axis: str) -> bool:
    """Do the data sets say of themselves what NXazint1d has them say?"""
    counts, angles = root.field(intensity), root.field(axis)
    return (
        counts is not None
        and angles is not None
        and counts.attributes.get("long_name") == "intensity"
        and counts.units == "arbitrary units"
        and len(counts.shape or ()) == 2
        and angles.attributes.get("long_name") == "2theta"
        and units.same_kind(angles.units or "", "deg")
    )


def declare(draft: Draft, path: str, account: str, found: Iterable[Found]) -> None:
    """Plan the definition with what it requires, where instrument, source and the one energy are known."""
    places = {one.concept: one.path for one in found if one.state is not State.NOT_PLACED}
    energy = _energy(draft, places.get("instrument/beam/incident_energy"))
    if energy is None or not all(concept in places for concept in KNOWN):
        return
    draft.add(f"{path}/definition", Field(DEFINITION))
    for name in CORRECTIONS:
        draft.add(f"{path}/{name}", Link(f"{account}/input/{name}"))
    instrument = f"{path}/instrument"
    draft.add(instrument, Group("NXinstrument"))
    draft.add(f"{instrument}/name", Link(places["instrument/name"]))
    draft.add(f"{instrument}/source", Link(places["instrument/source/name"].rpartition("/")[0]))
    monochromator = {
        "energy": Field(energy, units="keV"),
        "wavelength": Field(PHOTON / energy, units="angstrom"),
    }
    draft.add(f"{instrument}/monochromator", Group("NXmonochromator", monochromator))


def _energy(draft: Draft, path: str | None) -> float | None:
    """The one energy of the beam, keV."""
    planned = {addition.path: addition.item for addition in draft.additions}
    item = None if path is None else planned.get(path) or draft.root.field(path)
    if not isinstance(item, Field) or item.number is None or item.units is None:
        return None
    return float(units.convert(np.array(item.number), item.units, "keV"))
