"""The diffraction lines of the sample and of the pressure marker: where, how high, how wide, at a pressure.

Heights and widths are those of a ramp of (Mg0.2,Fe0.8)O with Pt in a diamond anvil cell at 25.6 keV, 0.1 s a
spectrum; heights are counts above the background.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nxspectra.simulation import crystals
from nxspectra.simulation.crystals import IRON, MAGNESIOWUSTITE, PLATINUM, Indices

Floats = NDArray[np.float64]
Phase = Literal["low", "high", "marker", "stranger"]


@dataclass(frozen=True)
class Trend:
    """A height in counts that changes with pressure: linear in its logarithm between the points given."""

    pressure: tuple[float, ...]
    """GPa, ascending."""
    counts: tuple[float, ...]

    def __call__(self, pressure: Floats) -> Floats:
        return np.exp(np.interp(pressure, self.pressure, np.log(self.counts)))


@dataclass(frozen=True)
class Fading:
    """A height in counts that fades as exp(-P / 9 GPa), as the grains that diffract turn away."""

    counts: float

    def __call__(self, pressure: Floats) -> Floats:
        return self.counts * np.exp(-pressure / 9.0)


@dataclass(frozen=True)
class Line:
    """One reflection of one phase."""

    phase: Phase
    hkl: Indices
    height: Callable[[Floats], Floats]
    """Counts at a pressure in GPa, for the phase alone."""
    width: float
    """Degrees, full width at half maximum at zero pressure."""
    broadening: float = 1.1
    """Share by which the width grows under pressure, most of it in the first 30 GPa."""
    spots: str = ""
    """Lines of the same word come from the same grains: they flicker together."""
    share: float = 1.0
    """Of the height, where a line has split."""

    @property
    def name(self) -> str:
        return f"{self.phase} {''.join(str(index) for index in self.hkl)}"

    def centre(self, pressure: Floats, energy: float, precursor: bool) -> Floats:
        """Degrees in two theta at `pressure` (GPa) for X-rays of `energy` (keV).

        With `precursor` the lines of the low-pressure phase that look along the body diagonal, (111) and
        (222), are stretched as the rhombohedral c axis is: the uniaxial stress of the cell does it before the
        transition, which therefore shows no step. Without, the phase stays cubic.
        """
        return crystals.two_theta(self._spacing(pressure, precursor), energy)

    def _spacing(self, pressure: Floats, precursor: bool) -> Floats:
        if self.phase == "marker":
            return crystals.cubic_spacing(PLATINUM.edge(pressure), self.hkl)
        if self.phase == "stranger":
            return crystals.cubic_spacing(IRON.edge(pressure), self.hkl)
        edge, ratio = MAGNESIOWUSTITE.edge(pressure), crystals.c_over_a(pressure)
        if self.phase == "low":
            if precursor and len(set(self.hkl)) == 1:
                return crystals.rhombohedral_spacing(edge, ratio, (0, 0, 3 * self.hkl[0]))
            return crystals.cubic_spacing(edge, self.hkl)
        if self.hkl == (1, 0, 1):
            # seen as a shoulder of (003), closer to it than the cell of (003) and (012) has it
            near = crystals.rhombohedral_spacing(edge, ratio, (0, 0, 3))
            far = crystals.rhombohedral_spacing(edge, ratio, self.hkl)
            return near + SHOULDER * (far - near)
        return crystals.rhombohedral_spacing(edge, ratio, self.hkl)

    def fwhm(self, pressure: Floats) -> Floats:
        """Degrees, full width at half maximum at `pressure` in GPa."""
        return self.width * (1.0 + self.broadening * (1.0 - np.exp(-pressure / 30.0)))


SHOULDER = 0.4
"""How far from (003) towards where it is expected the (101) line is seen."""

DIAGONAL = Trend((0.0, 2.0, 5.0, 8.5, 12.0, 21.7, 46.0, 79.0), (11.2, 12.0, 22.0, 45.0, 32.0, 16.0, 8.0, 4.8))
"""(111), later (003): it surges fourfold between 5 and 12 GPa, where large grains turn into the beam."""
FACE = Trend((0.0, 5.0, 11.0, 17.0, 40.0, 79.0), (14.0, 16.0, 22.0, 22.0, 14.5, 11.0))
"""(200), later (012)."""
EDGE, MIXED, DOUBLE = Fading(14.6), Fading(1.75), Fading(2.0)

SAMPLE = (
    Line("low", (1, 1, 1), DIAGONAL, 0.145, spots="111"),
    Line("low", (2, 0, 0), FACE, 0.195, 0.28, spots="200"),
    Line("low", (2, 2, 0), EDGE, 0.186, spots="220"),
    Line("low", (3, 1, 1), MIXED, 0.340, spots="311"),
    Line("low", (2, 2, 2), DOUBLE, 0.360, spots="222"),
    Line("high", (0, 0, 3), DIAGONAL, 0.160, spots="111"),
    Line("high", (1, 0, 1), DIAGONAL, 0.210, spots="101", share=0.40),
    Line("high", (0, 1, 2), FACE, 0.195, 0.28, spots="200"),
    Line("high", (1, 0, 4), EDGE, 0.200, spots="220", share=0.5),
    Line("high", (1, 1, 0), EDGE, 0.200, spots="110", share=0.5),
    Line("high", (0, 1, 5), MIXED, 0.300, spots="311", share=0.25),
    Line("high", (1, 1, 3), MIXED, 0.300, spots="113", share=0.5),
    Line("high", (0, 2, 1), MIXED, 0.300, spots="021", share=0.25),
    Line("high", (0, 0, 6), DOUBLE, 0.310, spots="222", share=0.6),
    Line("high", (2, 0, 2), DOUBLE, 0.310, spots="202", share=0.4),
)

MARKER = (
    Line("marker", (1, 1, 1), Trend((0.0, 20.0, 79.0), (8.8, 5.0, 3.0)), 0.220, -0.05, spots="Pt 111"),
    Line("marker", (2, 0, 0), Trend((0.0, 20.0, 79.0), (2.6, 1.2, 0.5)), 0.325, -0.3, spots="Pt 200"),
    Line("marker", (2, 2, 0), Trend((0.0, 20.0, 79.0), (1.35, 0.6, 0.2)), 0.370, 0.0, spots="Pt 220"),
    Line("marker", (3, 1, 1), Trend((0.0, 20.0, 79.0), (1.1, 0.5, 0.2)), 0.490, 0.0, spots="Pt 311"),
)

STRANGER = (
    Line("stranger", (1, 1, 0), Trend((0.0, 79.0), (18.0, 9.0)), 0.160, 0.8, spots="Fe 110"),
    Line("stranger", (2, 0, 0), Trend((0.0, 79.0), (4.0, 1.5)), 0.220, 0.8, spots="Fe 200"),
    Line("stranger", (2, 1, 1), Trend((0.0, 79.0), (5.0, 2.0)), 0.260, 0.8, spots="Fe 211"),
)


def positions(pressure: float, energy: float = 25.6, precursor: bool = False) -> dict[str, float]:
    """Where each line lies, in degrees by name such as `low 200`, at `pressure` (GPa) and `energy` (keV)."""
    at = np.asarray([pressure], np.float64)
    return {line.name: float(line.centre(at, energy, precursor)[0]) for line in (*SAMPLE, *MARKER, *STRANGER)}
