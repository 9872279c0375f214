"""A compression ramp with known truth, from physics: for demonstrations and to check classifiers with.

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

STREAMS = ("delivery", "jitter", "reading", "spots", "counting", "faults")
"""Each cause of chance has a stream of its own, so that turning one knob leaves the rest as it was."""


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
        """First frame of the second class, if the class changes just once along the series; else None."""
        known = np.flatnonzero(self.label >= 0)
        changes = np.flatnonzero(np.diff(self.label[known])) + 1
        return int(known[changes[0]]) if changes.size == 1 else None


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
    """A ramp of (Mg0.2,Fe0.8)O with Pt from 0 to 81 GPa in `frames` spectra of 0.1 s at 25.6 keV.

    The sample turns from cubic, class "low", to rhombohedral, class "high", at `transition_pressure` (GPa;
    None: never), spread over a logistic of `width` (GPa). 18.5 GPa is what the 12 GPa of FeO and the 35 GPa
    of (Mg0.8Fe0.2)O without a hydrostatic medium make of it, linearly in Mg.

    What makes it harder: `noise` (1: as measured), `spottiness` (standard deviation of the logarithm of a
    line's height), `precursor` (the distortion grows before the transition, as it does), `drift` (share by
    which the background grows), `zero_shift` (degrees that all lines lie too high), `energy_error` (share by
    which the X-rays are harder than the file says).

    What a classifier may not expect: `decompression`, `two_ramps` (a second way up, with `decompression` the
    way back), `missing` (share of the frames that get lost), `shuffled`, `beam_off` and `marker_only`
    (frames, counted before any is lost or shuffled), `stranger` (iron in the place of the sample), or another
    grid (`points`, and `angles`, degrees of the first and the last).

    The same `seed` and knobs give the same ramp. Raises UsageError, saying which, for what makes no ramp.
    """
    knobs = Knobs(
        frames, transition_pressure, width, noise, spottiness, precursor, drift, zero_shift, energy_error,
        decompression, two_ramps, missing, shuffled, tuple(beam_off), tuple(marker_only), stranger,
    )  # fmt: skip
    check(knobs, seed, points, angles)
    seeds = np.random.SeedSequence(seed).spawn(len(STREAMS))
    chance = {name: np.random.default_rng(own) for name, own in zip(STREAMS, seeds, strict=True)}
    two_theta = np.linspace(*angles, points)
    pressure = series.ramp(knobs, chance["jitter"])
    share = series.fraction(pressure, transition_pressure, width)
    label = np.zeros(frames, np.int64)
    if transition_pressure is not None:
        label[pressure >= transition_pressure] = 1
    label[[*knobs.beam_off, *knobs.marker_only]] = -1
    if stranger:
        label[:] = -1
    counts = series.curves(
        knobs,
        two_theta=two_theta,
        pressure=pressure,
        share=share,
        energy=ENERGY * (1.0 + energy_error),
        spots=chance["spots"],
        counting=chance["counting"],
        faults=chance["faults"],
    )
    reading = np.maximum(pressure + chance["reading"].normal(0.0, READING, frames), 0.0).round(3)
    spectra = Spectra(two_theta, counts, reading, np.array([ENERGY]), np.array([EXPOSURE]))
    truth = Truth(pressure, label, share)
    if missing or shuffled:
        order = series.delivered(knobs, chance["delivery"])
        spectra, truth = spectra.select(order), Truth(pressure[order], label[order], share[order])
    return Ramp(spectra, truth, seed, knobs)


def check(knobs: Knobs, seed: int, points: int, angles: tuple[float, float]) -> None:
    """Raises UsageError, saying which, for settings that make no ramp."""
    first, last = angles
    wanted = {
        "seed: a whole number, 0 or more": seed >= 0,
        "frames: 1 or more, 2 for two ramps": knobs.frames >= (2 if knobs.two_ramps else 1),
        "width: more than 0 GPa": knobs.width > 0,
        "noise: 0 or more": 0 <= knobs.noise < np.inf,
        "spottiness: 0 or more": 0 <= knobs.spottiness < np.inf,
        "drift: more than -1": -1 < knobs.drift < np.inf,
        "zero_shift: a number of degrees": np.isfinite(knobs.zero_shift),
        "energy_error: between -0.5 and 0.5": -0.5 < knobs.energy_error < 0.5,
        "missing: 0 or more, less than 1": 0 <= knobs.missing < 1,
        "points: 8 or more": points >= 8,
        "angles: two of them, between 0 and 90 degrees, ascending": 0 < first < last < 90,
        "beam_off: frames of the ramp": all(0 <= frame < knobs.frames for frame in knobs.beam_off),
        "marker_only: frames of the ramp": all(0 <= frame < knobs.frames for frame in knobs.marker_only),
    }
    wrong = [rule for rule, kept in wanted.items() if not kept]
    if wrong:
        raise UsageError(f"no ramp can be simulated with this; expected {'; '.join(wrong)}")
