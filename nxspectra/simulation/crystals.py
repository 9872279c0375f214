"""Equations of state, unit cells and Bragg's law: where the lines of a compressed sample lie.

Sources: Fe0.93O, B1, K0 146 GPa, K' 4: S. D. Jacobsen et al., J. Synchrotron Rad. 12 (2005) 577.
Pt, K0 277 GPa, K' 5.08 (Vinet): Y. Fei et al., PNAS 104 (2007) 9182; its cell 3.9231 Å: JCPDS 4-0802.
alpha-Fe, K0 163.4 GPa, K' 5.38 (Vinet): A. Dewaele et al., Phys. Rev. Lett. 97 (2006) 215504.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

PLANCK_C = 12.398419843320026
"""h c in keV Å, exact in the SI of 2019."""

COMPRESSIONS = np.linspace(1.02, 0.35, 20001)
"""V/V0 at which an equation of state is tabulated to be inverted."""

CUBIC_C_OVER_A = np.sqrt(6.0)
"""c/a of a cubic F lattice in the hexagonal setting of its [111] axis."""


def birch_murnaghan(volume: ArrayLike, bulk_modulus: float, derivative: float) -> Floats:
    """Pressure in GPa at V/V0 = `volume`, third order: F. Birch, Phys. Rev. 71 (1947) 809."""
    x = np.asarray(volume, np.float64) ** (-1.0 / 3.0)
    return 1.5 * bulk_modulus * (x**7 - x**5) * (1.0 + 0.75 * (derivative - 4.0) * (x**2 - 1.0))


def vinet(volume: ArrayLike, bulk_modulus: float, derivative: float) -> Floats:
    """Pressure in GPa at V/V0 = `volume`: P. Vinet et al., J. Geophys. Res. 92 (1987) 9319."""
    x = np.asarray(volume, np.float64) ** (1.0 / 3.0)
    return 3.0 * bulk_modulus * (1.0 - x) / x**2 * np.exp(1.5 * (derivative - 1.0) * (1.0 - x))


@dataclass(frozen=True)
class Material:
    """A cubic crystal and its equation of state."""

    a: float
    """Å, edge of the cubic cell at zero pressure."""
    bulk_modulus: float
    """GPa."""
    derivative: float
    """dK/dP."""
    equation: Literal["birch-murnaghan", "vinet"]

    def volume(self, pressure: ArrayLike) -> Floats:
        """V/V0 at `pressure` in GPa."""
        of = birch_murnaghan if self.equation == "birch-murnaghan" else vinet
        table = of(COMPRESSIONS, self.bulk_modulus, self.derivative)
        return np.interp(np.asarray(pressure, np.float64), table, COMPRESSIONS)

    def edge(self, pressure: ArrayLike) -> Floats:
        """Edge of the cubic cell in Å at `pressure` in GPa."""
        return self.a * self.volume(pressure) ** (1.0 / 3.0)


MAGNESIOWUSTITE = Material(4.291, 146.0, 4.0, "birch-murnaghan")
"""(Mg0.2,Fe0.8)O: the cell as such a sample shows it, the elasticity of Fe0.93O."""
PLATINUM = Material(3.937, 277.0, 5.08, "vinet")
"""The pressure marker; 0.35 % larger than 3.9231 Å, as a marker looks whose wavelength is the nominal one."""
IRON = Material(2.8664, 163.4, 5.38, "vinet")
"""alpha-iron: a sample that a model of magnesiowüstite has never seen."""


def c_over_a(pressure: ArrayLike) -> Floats:
    """c/a of rhombohedral (Mg0.2,Fe0.8)O, hexagonal setting, at `pressure` in GPa.

    It drifts from the start, under the uniaxial stress of the cell, with no step at the transition; the value
    at 100 GPa is an extrapolation.
    """
    at = (0.0, 10.0, 18.5, 30.0, 50.0, 80.0, 100.0)
    ratio = (2.463, 2.511, 2.530, 2.550, 2.591, 2.635, 2.680)
    return np.interp(np.asarray(pressure, np.float64), at, ratio)


Indices = tuple[int, int, int]


def cubic_spacing(edge: ArrayLike, hkl: Indices) -> Floats:
    """d in Å of a cubic cell with this edge in Å."""
    spacing: Floats = np.asarray(edge, np.float64) / np.sqrt(float(sum(index**2 for index in hkl)))
    return spacing


def rhombohedral_spacing(edge: ArrayLike, ratio: ArrayLike, hkl: Indices) -> Floats:
    """d in Å of the cell that a cubic one of this edge becomes at the same volume when c/a is `ratio`.

    Indices are of the hexagonal setting, which holds three quarters of the cubic F cell.
    """
    ratio = np.asarray(ratio, np.float64)
    a = (np.sqrt(3.0) / 2.0 * np.asarray(edge, np.float64) ** 3 / ratio) ** (1.0 / 3.0)
    h, k, index = hkl
    spacing: Floats = (4.0 / 3.0 * (h * h + h * k + k * k) / a**2 + index**2 / (ratio * a) ** 2) ** -0.5
    return spacing


def two_theta(spacing: ArrayLike, energy: float) -> Floats:
    """Bragg's law: degrees at which planes `spacing` Å apart diffract X-rays of `energy` keV."""
    return np.degrees(2.0 * np.arcsin(PLANCK_C / energy / (2.0 * np.asarray(spacing, np.float64))))
