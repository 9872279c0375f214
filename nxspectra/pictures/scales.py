"""Ticks that people read easily: round intensities on a scale of roots, round pressures along the frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROUND_PRESSURES = (500.0, 100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1)
"""GPa; steps of a pressure scale that people read easily, coarse ones first."""
MOST_TICKS = 18


def intensity_ticks(low: float | None, high: float | None) -> list[float]:
    """Round intensities that are easily told apart on a square-root scale from `low` to `high`."""
    if low is None or high is None or high <= low:
        return []
    top = 10.0 ** np.ceil(np.log10(high))
    ticks: list[float] = []
    for wanted in [top * share for share in (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.0)]:
        place = np.sqrt(max(wanted - low, 0.0) / (high - low))
        taken = [np.sqrt(max(tick - low, 0.0) / (high - low)) for tick in ticks]
        if low <= wanted <= high and all(abs(place - other) > 0.14 for other in taken):
            ticks.append(float(wanted))
    return sorted(ticks)


def pressure_ticks(pressure: Floats) -> tuple[list[float], list[str]]:
    """Frames and names of the ticks of a pressure scale over `pressure`, (n_spectra,) GPa.

    Round pressures where the series goes one way, else the pressure at evenly spaced frames.
    """
    frames = np.flatnonzero(np.isfinite(pressure))
    values = pressure[frames]
    falling = values[-1] < values[0]
    ordered = -np.minimum.accumulate(values) if falling else np.maximum.accumulate(values)
    monotone = np.minimum.accumulate(values) if falling else ordered
    span = float(np.ptp(values))
    if span == 0 or float(np.abs(values - monotone).max()) > 0.1 * span:
        every = np.unique(np.linspace(0, frames.size - 1, 9).astype(int))
        return [float(frames[i]) for i in every], [f"{values[i]:.3g}" for i in every]
    room = pressure.size / MOST_TICKS
    ticks: dict[float, str] = {}
    for step in ROUND_PRESSURES:
        for turn in range(int(np.ceil(values.min() / step)), int(np.floor(values.max() / step)) + 1):
            wanted = turn * step
            if turn > 10:
                continue  # 61 is no number for a scale
            at = min(int(np.searchsorted(ordered, -wanted if falling else wanted)), frames.size - 1)
            frame = float(frames[at])
            if all(abs(frame - other) >= room for other in ticks):
                ticks[frame] = f"{wanted:g}"
    places = sorted(ticks)
    return places, [ticks[place] for place in places]
