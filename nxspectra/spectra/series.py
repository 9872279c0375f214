"""A series of diffraction spectra, taken from the entry that follows NXdiffraction_spectra."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nxspectra import units
from nxspectra.errors import FileChanged, FileError, NoSpectra, UnitError
from nxspectra.tree import Field, Group

DEFINITION = "NXdiffraction_spectra"
VERSION = "1.0"
"""Of the application definition."""
NAMES = 10_000
"""Of definitions that one entry may say it follows; an array of more is no list of names."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Spectra:
    """Diffraction spectra on a common angle axis, with the conditions they were taken under."""

    two_theta: Floats
    """(n_points,), degrees, ascending."""
    intensity: NDArray[np.floating[Any]]
    """(n_spectra, n_points), counts or arbitrary units."""
    pressure: Floats | None = None
    """(n_spectra,), GPa, on the sample; None if unknown."""
    energy: Floats | None = None
    """(n_spectra,) or (1,), keV, of the incident beam; None if unknown."""
    exposure: Floats | None = None
    """(n_spectra,) or (1,), s, of one spectrum; None if unknown."""
    entry: str = "/entry"
    """Path of the entry they came from."""
    monitor: Floats | None = None
    """(n_spectra,) or (1,), counts of the incident beam during one spectrum; None if unknown."""

    def __len__(self) -> int:
        return int(self.intensity.shape[0])

    @classmethod
    def of(cls, root: Group, entry: str | None = None) -> Spectra:
        """The spectra of `root`, from the entry that follows NXdiffraction_spectra.

        Raises NoSpectra, saying what to do, when there are none or their shapes contradict each other.
        """
        where = entry or spectra_entry(root)
        if where is None:
            raise NoSpectra(
                f"{_name(root)}: no entry follows {DEFINITION}, so there are no spectra at a place that is"
                " known; run `nxspectra migrate` first"
            )
        intensity, two_theta = root.field(f"{where}/data/intensity"), root.field(f"{where}/data/two_theta")
        if intensity is None or two_theta is None:
            missing = "intensity" if intensity is None else "two_theta"
            raise NoSpectra(f"{where}/data/{missing} is missing; `nxspectra validate` lists what is")
        angles = _in_unit(two_theta, "deg", f"{where}/data/two_theta")
        values = intensity.array
        if values.dtype.kind not in "biuf":
            raise NoSpectra(f"{where}/data/intensity holds {values.dtype}, not numbers")
        if values.ndim == 1:
            values = values[np.newaxis]
        if values.ndim != 2 or angles.ndim != 1 or values.shape[1] != angles.size:
            raise NoSpectra(
                f"{where}/data: intensity {values.shape} does not fit two_theta {angles.shape};"
                " expected (n_spectra, n_points) and (n_points,)"
            )
        if values.size == 0:
            raise NoSpectra(f"{where}/data/intensity is empty, shape {values.shape}")
        if not (np.all(np.isfinite(angles)) and np.all(np.diff(angles) > 0)):
            raise NoSpectra(f"{where}/data/two_theta is not strictly ascending; sort the points first")
        number = values.shape[0]
        return cls(
            angles,
            values if values.dtype.kind == "f" else values.astype(np.float64),
            _condition(root, concept_path(root, where, "sample/pressure"), "GPa", number),
            _condition(root, concept_path(root, where, "instrument/beam/incident_energy"), "keV", number),
            _condition(root, concept_path(root, where, "instrument/detector/count_time"), "s", number),
            where,
            _counted(root, concept_path(root, where, "monitor/data"), number),
        )

    def select(self, frames: Any) -> Spectra:
        """The same series with only these frames, an index array or a boolean mask over spectra."""
        pick = np.arange(len(self))[frames]

        def of(values: Floats | None) -> Floats | None:
            return values if values is None or values.size == 1 != len(self) else values[pick]

        return Spectra(
            self.two_theta,
            self.intensity[pick],
            of(self.pressure),
            of(self.energy),
            of(self.exposure),
            self.entry,
            of(self.monitor),
        )


def spectra_entry(root: Group) -> str | None:
    """Path of the first NXentry or NXsubentry that follows NXdiffraction_spectra; None if none does."""
    for name, entry in root.of_class("NXentry"):
        candidates = [(f"/{name}", entry)]
        candidates += [(f"/{name}/{sub}", group) for sub, group in entry.of_class("NXsubentry")]
        for path, group in candidates:
            if DEFINITION in definitions_of(group):
                return path
    return None


def definitions_of(root: Group, entry: str = "") -> tuple[str, ...]:
    """The application definitions that an entry says it follows: one as a rule, more in an array of texts.

    Empty if it says none that can be read. Raises FileChanged.
    """
    field = root.field(f"{entry}/definition")
    if field is None or field.dtype.kind != "U" or field.size > NAMES:
        return ()
    try:
        words = [str(word).strip() for word in field.array.reshape(-1)]
    except FileChanged:
        raise
    except FileError:
        return ()
    return tuple(dict.fromkeys(word for word in words if word))


# The groups of the definition that may bear any name, by the name they have when we make them.
_CLASSES = {
    "instrument": "NXinstrument",
    "beam": "NXbeam",
    "detector": "NXdetector",
    "source": "NXsource",
    "sample": "NXsample",
    "monitor": "NXmonitor",
}


def concept_path(root: Group, entry: str, concept: str) -> str | None:
    """Where the concept `sample/pressure` stands in this entry, whatever its groups are called.

    If several groups of a class could hold it, the first that does; None if none does.
    """
    *groups, leaf = concept.split("/")
    paths = [entry]
    for group in groups:
        paths = [
            below for path in paths for below in _groups_of_class(root, path, _CLASSES[group], first=group)
        ]
    return next((f"{path}/{leaf}" for path in paths if root.field(f"{path}/{leaf}") is not None), None)


def _groups_of_class(root: Group, path: str, nx_class: str, first: str) -> Iterator[str]:
    """Paths of the groups of a class below `path`, links followed; the one named `first` comes first."""
    group = root.group(path)
    names = sorted(group.children, key=lambda name: name != first) if group else []
    for name in names:
        child = root.group(f"{path}/{name}")
        if child is not None and child.nx_class == nx_class:
            yield f"{path}/{name}"


def _name(root: Group) -> str:
    return root.source.path if root.source else "the tree"


def _in_unit(values: Field, unit: str, path: str) -> Floats:
    """The numbers of a field in `unit`; taken to be in it when the field says none."""
    try:
        return units.convert(values.array, values.units or unit, unit)
    except (UnitError, ValueError) as error:
        raise NoSpectra(f"{path}: {error}; expected numbers with a unit like {unit!r}") from None


def _condition(root: Group, path: str | None, unit: str, number: int) -> Floats | None:
    """One value a spectrum, or one for all; None where there is none that can be used."""
    stored = None if path is None else root.field(path)
    if stored is None or stored.dtype.kind not in "iuf" or stored.size not in (1, number):
        return None
    if stored.units is None or not units.same_kind(stored.units, unit):
        return None
    return units.convert(stored.array.reshape(-1), stored.units, unit)


def _counted(root: Group, path: str | None, number: int) -> Floats | None:
    """One count a spectrum, or one for all, whatever its unit; None where there is none that can be used."""
    stored = None if path is None else root.field(path)
    if stored is None or stored.dtype.kind not in "iuf" or stored.size not in (1, number):
        return None
    return stored.array.reshape(-1).astype(np.float64)
