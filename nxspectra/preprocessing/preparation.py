"""How spectra are made ready for a classifier: a value that travels with the model in its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from nxspectra.errors import ModelError, ModelMismatch, NxspectraError, UsageError
from nxspectra.preprocessing.als import background, check_settings
from nxspectra.preprocessing.faults import Looks, cut_edge_spikes, cut_spikes, fill_gaps, noise_of
from nxspectra.spectra import Spectra

Floats = NDArray[np.float64]
Normalisation = Literal["chosen", "none", "exposure", "monitor", "noise", "area"]

SAME_ANGLE = 1e-6
"""Degrees within which two angle axes are one."""
VARIES = 1e-3
"""Share of its median by which a monitor has to vary to tell more than the exposure does."""
PLATEAU = 5
"""Neighbouring points that are equal and the highest of a spectrum when the detector was saturated."""
DARK = 0.99
"""Share of a spectrum's points that are at its least value when there was no beam."""
LEAST_OVERLAP = 0.95
"""Share of a model's grid that spectra must cover to be resampled onto it."""


@dataclass(frozen=True)
class Background:
    """Settings of `background`, which is taken off each curve."""

    smoothness: float = 1e5
    asymmetry: float = 0.002
    iterations: int = 10

    def __post_init__(self) -> None:
        check_settings(self.smoothness, self.asymmetry, self.iterations)


@dataclass(frozen=True)
class Prepared:
    """Spectra ready for a classifier, and which of them it must not be asked about."""

    two_theta: Floats
    """(n_points,), degrees: the grid asked for, or that of the spectra."""
    intensity: Floats
    """(n_spectra, n_points); rows of NaN where a spectrum cannot be used."""
    unusable: Mapping[int, str] = field(default_factory=dict)
    """Why, by frame, a spectrum cannot be used."""

    @property
    def usable(self) -> NDArray[np.bool_]:
        """(n_spectra,), False where a classifier has to abstain."""
        mask = np.ones(self.intensity.shape[0], np.bool_)
        mask[list(self.unusable)] = False
        return mask


@dataclass(frozen=True)
class Preprocessing:
    """What is done to each spectrum, the same in training and when labels are given.

    In this order: gaps (NaN, infinities) are filled from their neighbours, the curve is brought on the grid,
    its background is taken off, spikes of the detector are cut, and the whole is scaled. Every spectrum is
    treated alone, so the result does not depend on what else is in the series.
    """

    background: Background | None = Background()
    """None for spectra that have had their background taken off."""
    gaps: float = 0.05
    """Share of a spectrum's points that may be missing and be filled; with more it is unusable."""
    spike_width: float = 0.024
    """Degrees; what stands out and is narrower is a fault of the detector. 0 leaves spikes."""
    threshold: float = 10.0
    """How many times the noise, as neighbouring points show it, a spike stands out."""
    edge_width: float = 0.1
    """Degrees at either end in which what rises far above its neighbourhood is a fault. 0 leaves it."""
    normalisation: Normalisation = "chosen"
    """`chosen` leaves the choice to `suited_to`, and until then counts as they are, as `none` does.
    `exposure` and `monitor` bring all spectra to the same exposure, or to the same count of the incident
    beam. `noise` divides by the standard deviation of the noise, `area` by the mean."""
    reference: float | None = None
    """Exposure in seconds, or count of the monitor, that spectra are brought to."""

    def __post_init__(self) -> None:
        if self.normalisation not in get_args(Normalisation):
            known = ", ".join(get_args(Normalisation))
            raise UsageError(f"no normalisation {self.normalisation!r}; there are: {known}")
        for name in ("gaps", "spike_width", "edge_width", "threshold"):
            if not getattr(self, name) >= 0:
                raise UsageError(f"preprocessing: {name} is {getattr(self, name)}; expected 0 or more")

    def suited_to(self, runs: Sequence[Spectra]) -> Preprocessing:
        """The same with what was left open chosen by the spectra that a model is to be trained on.

        Where every run has a monitor that varies, spectra are brought to its median; else, where every run
        knows its exposure, to the median of that; else they are left as they are.
        """
        if self.normalisation not in ("chosen", "exposure", "monitor") or self.reference is not None:
            return self
        monitors, exposures = [run.monitor for run in runs], [run.exposure for run in runs]
        if self.normalisation != "exposure" and (level := _median(monitors)):
            varies = max(float(np.ptp(each)) for each in monitors if each is not None) > VARIES * level
            if varies or self.normalisation == "monitor":
                return replace(self, normalisation="monitor", reference=level)
        if self.normalisation != "monitor" and (level := _median(exposures)):
            return replace(self, normalisation="exposure", reference=level)
        if self.normalisation == "chosen":
            return replace(self, normalisation="none")
        raise UsageError(f"normalisation {self.normalisation!r}: not all of the spectra know it")

    def __call__(self, spectra: Spectra, grid: Floats | None = None) -> Floats:
        """`prepare(spectra, grid).intensity`: (n_spectra, n_points), rows of NaN where unusable."""
        return self.prepare(spectra, grid).intensity

    def prepare(self, spectra: Spectra, grid: Floats | None = None) -> Prepared:
        """The spectra ready for a classifier, on `grid` (n_points,), degrees, if it is given.

        Raises ModelMismatch, naming both grids, when the spectra cover less than 95 % of it.
        """
        curves, unusable = self._whole(spectra)
        if self.reference is not None:
            self._bring(spectra, curves, unusable)
        axis = spectra.two_theta
        if grid is not None:
            curves, axis = onto(axis, curves, grid), np.asarray(grid, np.float64)
        if self.background is not None:
            curves -= background(curves, **asdict(self.background))
        if self.spike_width:
            cut_spikes(axis, curves, self.spike_width, self.threshold)
        if self.edge_width:
            cut_edge_spikes(axis, curves, self.edge_width)
        if self.normalisation == "noise":
            curves = _divided(curves, noise_of(curves))
        elif self.normalisation == "area":
            curves = _divided(curves, curves.mean(axis=1))
        if unusable:
            curves[list(unusable)] = np.nan
        return Prepared(axis, curves, unusable)

    def _whole(self, spectra: Spectra) -> tuple[Floats, dict[int, str]]:
        """The curves in float64 without gaps, and which of them cannot be used; those are flat."""
        curves = np.array(spectra.intensity, np.float64)
        unusable: dict[int, str] = {}
        looks = Looks.of(curves)
        for frame in np.flatnonzero(~looks.finite):
            here = np.isfinite(curves[frame])
            lost = 1.0 - here.mean()
            if lost > self.gaps or not here.any():
                unusable[int(frame)] = f"{lost:.0%} of its points are not finite numbers"
                curves[frame] = 0.0
            else:
                curves[frame] = fill_gaps(curves[frame], here)
        if not looks.finite.all():
            looks = Looks.of(curves)
        for frame in np.flatnonzero(looks.at_least > DARK):
            reason = f"nearly all its points are {looks.least[frame]:g}: there was no beam"
            unusable.setdefault(int(frame), reason)
        for frame in np.flatnonzero(looks.plateau >= PLATEAU):
            reason = f"its highest {looks.plateau[frame]} points are equal: the detector was saturated"
            unusable.setdefault(int(frame), reason)
        return curves, unusable

    def _bring(self, spectra: Spectra, curves: Floats, unusable: dict[int, str]) -> None:
        """Bring `curves` to the reference; spectra that do not know their exposure are taken to have it."""
        measured = spectra.monitor if self.normalisation == "monitor" else spectra.exposure
        if measured is None:
            if self.normalisation == "exposure":
                return
            raise ModelMismatch(
                "the model was trained on spectra that are brought to the same count of a monitor, and these"
                f" have none: {spectra.entry} needs an NXmonitor with `data`, one value a spectrum"
            )
        values = np.broadcast_to(measured, (len(spectra),))
        good = np.isfinite(values) & (values > 0)
        for frame in np.flatnonzero(~good):
            unusable.setdefault(int(frame), f"its {self.normalisation} is {values[frame]:g}")
        curves *= np.divide(self.reference or 1.0, values, out=np.zeros(len(spectra)), where=good)[
            :, np.newaxis
        ]

    def as_json(self) -> dict[str, object]:
        """The settings for a model's card."""
        return asdict(self)

    @classmethod
    def from_json(cls, settings: Mapping[str, object]) -> Preprocessing:
        """The settings out of a model's card; raises ModelError for what `as_json` does not write."""
        known = {item.name for item in fields(cls)}
        strange = ", ".join(sorted(set(settings) - known))
        if strange:
            raise ModelError(f"preprocessing: {strange} unknown; there are: {', '.join(sorted(known))}")
        values = dict(settings)
        under = values.get("background")
        try:
            if under is not None:
                values["background"] = Background(**under)  # type: ignore[arg-type]
            return cls(**values)  # type: ignore[arg-type]
        except (TypeError, NxspectraError) as error:
            raise ModelError(f"preprocessing: {error}") from error


PUBLISHED = Preprocessing(spike_width=0.0, edge_width=0.0, normalisation="none")
"""The background and nothing else, as in doi 10.5334/dsj-2022-015."""


def _median(measured: Sequence[Floats | None]) -> float | None:
    """Of all runs together; None if one does not know it, or nothing of it is positive."""
    known = [each for each in measured if each is not None]
    if len(known) < len(measured) or not known:
        return None
    values = np.concatenate(known)
    values = values[np.isfinite(values) & (values > 0)]
    return float(np.median(values)) if values.size else None


def _divided(curves: Floats, by: Floats) -> Floats:
    return curves / np.where(by > 0, by, 1.0)[:, np.newaxis]


def onto(two_theta: Floats, curves: Floats, grid: Floats) -> Floats:
    """The curves (n_spectra, n_points) on another angle axis, by linear interpolation; ends are held.

    Raises ModelMismatch when the axis covers less than 95 % of the grid.
    """
    grid = np.asarray(grid, np.float64)
    if grid.size == two_theta.size and np.allclose(grid, two_theta, rtol=0.0, atol=SAME_ANGLE):
        return curves
    inside = np.mean((grid >= two_theta[0] - SAME_ANGLE) & (grid <= two_theta[-1] + SAME_ANGLE))
    if inside < LEAST_OVERLAP:
        raise ModelMismatch(
            f"the spectra lie at {_range(two_theta)}, the model at {_range(grid)}: they cover {inside:.0%} of"
            f" it and {LEAST_OVERLAP:.0%} is needed; use a model that was trained in their range"
        )
    right = np.clip(np.searchsorted(two_theta, grid), 1, two_theta.size - 1)
    left = right - 1
    share = np.clip((grid - two_theta[left]) / (two_theta[right] - two_theta[left]), 0.0, 1.0)
    return curves[:, left] * (1.0 - share) + curves[:, right] * share


def _range(axis: Floats) -> str:
    return f"{axis[0]:.3f} to {axis[-1]:.3f} degrees in {axis.size} points"
