"""A compression ramp with known truth, from physics: for demonstrations, tests and the checking of classifiers.

ramp = simulate(seed=1)
ramp.spectra           # raw counts with their background, as `Spectra`
ramp.truth             # pressure, class and phase fraction of every spectrum
ramp.tree()            # the raw NeXus file as the beamline leaves it
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nxspectra.errors import UsageError
from nxspectra.simulation import series
from nxspectra.simulation.rawfile import raw_file
from nxspectra.simulation.series import Knobs
from nxspectra.spectra import Spectra
from nxspectra.tree import Group

Floats = NDArray[np.float64]

CLASSES = ("low", "high")
ENERGY = 25.6
"""keV."""
EXPOSURE = 0.1
"""s."""
POINTS = 4023
ANGLES = (9.5603831, 25.5496068)
"""Degrees, first and last."""
READING = 0.1
"""GPa, standard deviation of the pressure as it was read off the marker."""

STREAMS = ("order", "jitter", "reading", "spots", "counting")
"""Each cause of chance has its own stream, so that turning one knob leaves the rest of the ramp as it was."""


@dataclass(frozen=True)
class Truth:
    """What is known of a simulated ramp because it was made."""

    pressure_GPa: Floats  # noqa: N815
    """(n_spectra,), GPa, of the sample; the file has a reading of it with an error of its own."""
    label: NDArray[np.int64]
    """(n_spectra,), index into `classes`; -1 where the beam or the sample was not there."""
    fraction: Floats
    """(n_spectra,), share of the high-pressure phase: the soft truth."""
    classes: tuple[str, ...] = CLASSES

    def __len__(self) -> int:
        return int(self.label.size)

    @property
    def labels(self) -> tuple[str | None, ...]:
        """The class name of each spectrum, None where there is none."""
        return tuple(None if index < 0 else self.classes[index] for index in self.label)

    @property
    def border(self) -> int | None:
        """First frame after the class has changed, if it changes just once along the series; else None."""
        changes = np.flatnonzero(np.diff(self.label)) + 1
        return int(changes[0]) if changes.size == 1 else None


@dataclass(frozen=True)
class Ramp:
    """A simulated series of spectra and the truth about it."""

    spectra: Spectra
    truth: Truth
    seed: int
    knobs: Knobs

    def tree(self) -> Group:
        """The raw file as the beamline leaves it: no definition, its facts among hundreds of free keys."""
        return raw_file(self.spectra, self.seed)

    def truth_csv(self) -> str:
        """The truth as text, a line a frame: `frame,pressure_GPa,label,fraction`, the label by name."""
        truth = self.truth
        rows = zip(truth.pressure_GPa, truth.labels, truth.fraction, strict=True)
        lines = [f"{n},{p:.4f},{label or ''},{f:.6f}" for n, (p, label, f) in enumerate(rows)]
        return "\n".join(["frame,pressure_GPa,label,fraction", *lines, ""])


def simulate(
    seed: int = 0,
    frames: int = 349,
    *,
    transition_pressure: float | None = 18.5,
    width: float = 2.0,
    noise: float = 1.0,
    spottiness: float = 0.15,
    precursor: bool = True,
    drift: float = 0.0,
    zero_shift: float = 0.0,
    energy_error: float = 0.0,
    decompression: bool = False,
    two_ramps: bool = False,
    missing: float = 0.0,
    shuffled: bool = False,
    beam_off: Sequence[int] = (),
    marker_only: Sequence[int] = (),
    stranger: bool = False,
    points: int = POINTS,
    angles: tuple[float, float] = ANGLES,
) -> Ramp:
    """A ramp of (Mg0.2,Fe0.8)O with Pt from ambient pressure to 81 GPa in `frames` spectra of 0.1 s at 25.6 keV.

    The sample turns from cubic, class "low", to rhombohedral, class "high", at `transition_pressure` (GPa;
    None: never), spread over a logistic of `width` (GPa). 18.5 GPa is what the 12 GPa of FeO and the 35 GPa of
    (Mg0.8Fe0.2)O without a hydrostatic medium make of it, linearly.

    What makes it harder: `noise` (1: as measured), `spottiness` (standard deviation of the logarithm of a
    line's height), `precursor` (the distortion grows before the transition, as it does), `drift` (share by
    which the background grows), `zero_shift` (degrees that lines lie too high), `energy_error` (share by
    which the X-rays are harder than the file says).
    What a classifier may not expect: `decompression`, `two_ramps` (a second way up; with `decompression` the
    way back), `missing` (share of the frames that were lost), `shuffled`, `beam_off` and `marker_only`
    (frames), `stranger` (iron in the place of the sample), another grid (`points`, `angles` in degrees).

    Raises UsageError, saying which, for values that make no ramp.
    """
    knobs = Knobs(
        frames, transition_pressure, width, noise, spottiness, precursor, drift, zero_shift, energy_error,
        decompression, two_ramps, missing, shuffled, tuple(beam_off), tuple(marker_only), stranger,
    )  # fmt: skip
    chance = dict(
        zip(
            STREAMS, map(np.random.default_rng, np.random.SeedSequence(seed).spawn(len(STREAMS))), strict=True
        )
    )
    two_theta = np.linspace(*angles, points)
    pressure = series.ramp(knobs, chance["order"], chance["jitter"])
    share = series.fraction(pressure, transition_pressure, width)
    label = np.zeros(pressure.size, np.int64)
    if transition_pressure is not None:
        label[pressure >= transition_pressure] = 1
    label[[*knobs.beam_off, *knobs.marker_only]] = -1
    if stranger:
        label[:] = -1
    counts = series.curves(
        two_theta, pressure, share, ENERGY * (1.0 + energy_error), knobs, chance["spots"], chance["counting"]
    )
    reading = np.maximum(pressure + chance["reading"].normal(0.0, READING, pressure.size), 0.0)
    spectra = Spectra(two_theta, counts, reading.round(3), np.array([ENERGY]), np.array([EXPOSURE]))
    return Ramp(spectra, Truth(pressure, label, share), seed, knobs)
