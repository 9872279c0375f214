"""A series of diffraction spectra and its classification: taken from a tree, given to a tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nxspectra import units
from nxspectra.errors import NoSpectra
from nxspectra.tree import Addition, Attribute, Field, Group, Link, texts

DEFINITION = "NXdiffraction_spectra"
VERSION = "1.0"

Floats = NDArray[np.float64]
Origin = Literal["expert", "model", "simulation"]


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
            _condition(root, _pressure_path(where), "GPa", number),
            _condition(root, _energy_path(root, where), "keV", number),
            _condition(root, _exposure_path(root, where), "s", number),
            where,
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
        )


@dataclass(frozen=True)
class Boundary:
    """Where along the series one class gives way to another; intervals are 90 %, inclusive."""

    from_class: str
    to_class: str
    frame: int
    """First frame of `to_class`."""
    frame_interval: tuple[int, int]
    pressure: float | None = None
    """GPa."""
    pressure_interval: tuple[float, float] | None = None
    """GPa."""

    def as_json(self) -> dict[str, Any]:
        return {
            "from": self.from_class,
            "to": self.to_class,
            "frame": self.frame,
            "frame_interval": list(self.frame_interval),
            "pressure": self.pressure,
            "pressure_interval": None if self.pressure_interval is None else list(self.pressure_interval),
            "unit": None if self.pressure is None else "GPa",
        }


@dataclass(frozen=True)
class Votes:
    """How the bins of a binned classifier voted, and how far each is to be believed."""

    bin_start: Floats
    """(n_bins,), degrees: two theta of the first point of each bin."""
    bin_end: Floats
    """(n_bins,), degrees: two theta of its last point."""
    separability: Floats
    """(n_bins,), A_b: share of the bin's training points that were given the right class."""
    believability: Floats
    """(n_bins,), w_b: what a vote of the bin weighs, 0 to 1."""
    share: Floats
    """(n_spectra, n_bins, n_classes): share of the bin's points that voted for each class."""


@dataclass(frozen=True)
class ModelReference:
    """Which model gave the labels: enough to find it again and to know it is the same."""

    classifier: str
    file_name: str
    digest: str
    """sha256 of the model file in hex."""


@dataclass(frozen=True)
class Classification:
    """A class for each spectrum, how sure, why, and by whom."""

    classes: tuple[str, ...]
    class_index: NDArray[np.int64]
    """(n_spectra,), index into `classes`; -1 where none was assigned."""
    origin: Origin
    program: str
    version: str
    date: str
    """ISO 8601 with time zone."""
    probability: Floats | None = None
    """(n_spectra, n_classes), rows sum to 1; NaN rows where no class was assigned."""
    unseen: Floats | None = None
    """(n_spectra,), higher is stranger to the model."""
    votes: Votes | None = None
    confidence: float | None = None
    """P_conf of the paper, doi 10.5334/dsj-2022-015; two classes only."""
    boundaries: tuple[Boundary, ...] = ()
    model: ModelReference | None = None
    by: str | None = None
    """ORCID or name of the person who gave the labels."""
    parameters: dict[str, Attribute] = field(default_factory=dict)
    """Settings of the classifier that the reader of the file should know."""

    @property
    def labels(self) -> tuple[str | None, ...]:
        """The class name of each spectrum, None where none was assigned."""
        return tuple(None if index < 0 else self.classes[index] for index in self.class_index)

    @property
    def word(self) -> str:
        """What its group is called before `_classification`: lower-case letters, digits, underscores."""
        name = self.model.classifier if self.model else self.origin
        return re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_") or "model"

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Runs of frames with the same class: (class_index, first frame, last frame), inclusive."""
        index = self.class_index
        edges = [0, *(np.flatnonzero(np.diff(index)) + 1).tolist(), index.size]
        for first, end in zip(edges, edges[1:], strict=False):
            if end > first:
                yield int(index[first]), first, end - 1


def spectra_entry(root: Group) -> str | None:
    """Path of the first NXentry or NXsubentry that follows NXdiffraction_spectra; None if none does."""
    for name, entry in root.of_class("NXentry"):
        candidates = [(f"/{name}", entry)]
        candidates += [(f"/{name}/{sub}", group) for sub, group in entry.of_class("NXsubentry")]
        for path, group in candidates:
            definition = group.field("definition")
            if definition is not None and definition.text == DEFINITION:
                return path
    return None


def _name(root: Group) -> str:
    return root.source.path if root.source else "the tree"


def _pressure_path(entry: str) -> str:
    return f"{entry}/sample/pressure"


def _energy_path(root: Group, entry: str) -> str:
    raise NotImplementedError


def _exposure_path(root: Group, entry: str) -> str:
    raise NotImplementedError


def _in_unit(values: Field, unit: str, path: str) -> Floats:
    raise NotImplementedError


def _condition(root: Group, path: str, unit: str, number: int) -> Floats | None:
    raise NotImplementedError


def classifications(root: Group, entry: str | None = None) -> dict[str, Classification]:
    """The classifications in an entry, by group path."""
    raise NotImplementedError


def annotate(root: Group, classification: Classification) -> Group:
    """`root` with the classification added to its entry; unchanged if the very same one is there."""
    raise NotImplementedError
