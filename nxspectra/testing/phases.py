"""Series of more than two classes: two phases that overlap, and a glass, built on the simulated ramp."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nxspectra.simulation import simulate
from nxspectra.spectra import Spectra

CLASSES = ("low", "mixed", "high", "amorphous")
MIXED = (0.1, 0.9)
"""Share of the high-pressure phase between which a spectrum is of both."""
HALO = (14.2, 2.6)
"""Degrees: centre and standard deviation of what is left of the lines in a glass."""
BRIGHT = 12.0
"""Counts of the halo at its centre."""


def phases(
    seed: int = 0, frames: int = 60, points: int = 400, *, amorphous: bool = True
) -> tuple[Spectra, NDArray[np.int64]]:
    """Raw spectra of a ramp through `low`, `mixed`, `high` and, at the end, `amorphous`, and their class.

    The class (frames,) is an index into `CLASSES`. The ramp is that of `simulate`, stretched so that both
    phases are there for a while; on the last fifth the sample turns to a glass: its lines give way to a halo.
    """
    ramp = simulate(seed=seed, frames=frames, points=points, width=4.0)
    share = ramp.truth.fraction
    label = np.where(share < MIXED[0], 0, np.where(share > MIXED[1], 2, 1)).astype(np.int64)
    if not amorphous:
        return ramp.spectra, label
    rng = np.random.default_rng(seed)
    glass = np.arange(frames) >= frames - max(1, frames // 5)
    label[glass] = 3
    empty = simulate(seed=seed, frames=frames, points=points, marker_only=range(frames)).spectra.intensity
    halo = BRIGHT * np.exp(-0.5 * np.square((ramp.spectra.two_theta - HALO[0]) / HALO[1]))
    bright = halo * rng.normal(1.0, 0.05, (frames, 1))
    intensity = np.where(glass[:, None], empty + bright, ramp.spectra.intensity)
    return replace(ramp.spectra, intensity=intensity.astype(ramp.spectra.intensity.dtype)), label
