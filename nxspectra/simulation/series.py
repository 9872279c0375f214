"""The curves of a ramp: pressure, phase fraction, lines, background and noise, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nxspectra.simulation.lines import MARKER, SAMPLE, STRANGER, Line

Floats = NDArray[np.float64]
Counts = NDArray[np.float32]

RAMP = (
    (0, 0.0), (15, 0.0), (40, 0.05), (50, 0.2), (60, 0.5), (80, 1.8), (100, 3.9), (120, 7.6), (140, 8.5),
    (160, 11.0), (180, 15.9), (200, 21.7), (220, 28.8), (240, 37.2), (260, 46.0), (280, 55.7), (300, 64.5),
    (320, 72.0), (340, 78.8), (348, 81.4),
)  # fmt: skip
"""Frame and GPa of a membrane driven cell, as the marker shows it: flat, then up to half a GPa a frame."""

JITTER = 0.05
"""GPa, standard deviation of the pressure from frame to frame about the ramp."""
PERSISTENCE = 0.9
"""Share of the logarithm of a line's spottiness that is kept from one frame to the next."""
FRAME_SCALE = 0.02
"""Standard deviation of the logarithm of what a whole frame is brighter or darker."""
LORENTZ = 0.5
"""Share of the Lorentzian in the pseudo-Voigt profile of a line."""

LEAST_HEIGHT = 1e-3
"""Counts below which a line is not drawn."""

HOT_PIXEL = 17.569
"""Degrees."""
KERNEL = np.array([1.0, 2.0, 2.0, 1.0])
"""How a point shares detector pixels with its neighbours when an image is integrated over the azimuth."""
KERNEL_DIFFERENCE = np.sqrt(0.2)
"""Standard deviation of neighbouring differences over sqrt(2), in units of that of a point, after KERNEL."""

NOISE = (
    (9.56, 0.060), (9.9, 0.055), (10.3, 0.045), (10.7, 0.035), (13.5, 0.033), (15.1, 0.028), (16.5, 0.032),
    (17.1, 0.037), (17.9, 0.032), (19.1, 0.036), (20.5, 0.043), (22.0, 0.041), (23.0, 0.036), (23.7, 0.050),
    (24.1, 0.065), (24.5, 0.085), (24.9, 0.108), (25.3, 0.160), (25.55, 0.200),
)  # fmt: skip
"""Degrees and counts: differences of neighbouring points over sqrt(2), for the background at 0 GPa alone."""
BRIGHTENING = 0.3 / 80.0
"""Share per GPa by which the background grows as the cell closes, and the noise on it with its root."""

WEAK = ((10.4, 0.10, 0.8), (11.6, 0.45, 0.096), (17.2, 0.22, 0.8))
"""Centre (degrees), height (counts) and width (degrees) of what nobody has indexed; it fades."""


@dataclass(frozen=True)
class Knobs:
    """What makes a ramp easy, hard, or not what a classifier expects; `simulate` says what each does."""

    frames: int
    transition_pressure: float | None
    width: float
    noise: float
    spottiness: float
    precursor: bool
    drift: float
    zero_shift: float
    energy_error: float
    decompression: bool
    two_ramps: bool
    missing: float
    shuffled: bool
    beam_off: tuple[int, ...]
    marker_only: tuple[int, ...]
    stranger: bool


def ramp(knobs: Knobs, generator: np.random.Generator) -> Floats:
    """Pressure of each frame in GPa, (n_spectra,)."""
    at, gpa = np.array(RAMP, np.float64).T

    def once(frames: int) -> Floats:
        return np.asarray(np.interp(np.linspace(at[0], at[-1], frames), at, gpa), np.float64)

    if knobs.two_ramps:
        first, second = once(knobs.frames - knobs.frames // 2), once(knobs.frames // 2)
        pressure = np.concatenate([first, second[::-1] if knobs.decompression else second])
    else:
        pressure = once(knobs.frames)[:: -1 if knobs.decompression else 1]
    jitter: Floats = generator.normal(0.0, JITTER, pressure.size)
    return np.maximum(pressure + jitter, 0.0)


def delivered(knobs: Knobs, generator: np.random.Generator) -> NDArray[np.int64]:
    """The frames that arrive, in the order in which they do."""
    frames = np.arange(knobs.frames)
    lost = min(round(knobs.missing * frames.size), frames.size - 1)
    frames = np.delete(frames, generator.choice(frames.size, lost, replace=False))
    return generator.permutation(frames) if knobs.shuffled else frames


def fraction(pressure: Floats, transition_pressure: float | None, width: float) -> Floats:
    """Share of the high-pressure phase, (n_spectra,): a logistic in pressure; 0 without a transition."""
    if transition_pressure is None:
        return np.zeros_like(pressure)
    # tanh does not overflow where exp does
    share: Floats = 0.5 * (1.0 + np.tanh((pressure - transition_pressure) / (2.0 * width)))
    return share


def curves(
    knobs: Knobs,
    *,
    two_theta: Floats,
    pressure: Floats,
    share: Floats,
    energy: float,
    spots: np.random.Generator,
    counting: np.random.Generator,
    faults: np.random.Generator,
) -> Counts:
    """Raw counts (n_spectra, n_points): lines on a background, with noise and the detector's own faults.

    `energy` is that of the X-rays in keV, `share` (n_spectra,) the fraction of the high-pressure phase;
    chance comes from the grains (`spots`), from `counting` and from the detector's `faults`.
    """
    number = pressure.size
    brightness = np.exp(spots.normal(0.0, FRAME_SCALE, number))
    flicker = Flicker(number, knobs.spottiness, spots)
    present = np.ones(number)
    present[list(knobs.marker_only)] = 0.0
    amount = {
        "low": (1.0 - share) * present,
        "high": share * present,
        "marker": np.ones(number),
        "stranger": present,
    }
    axis = (two_theta - knobs.zero_shift).astype(np.float32)
    signal = np.zeros((number, two_theta.size), np.float32)
    for line in (*(STRANGER if knobs.stranger else SAMPLE), *MARKER):
        height = line.height(pressure) * line.share * amount[line.phase] * flicker(line)
        centre = line.centre(pressure, energy, knobs.precursor)
        if height.max() > LEAST_HEIGHT:
            add_line(signal, axis, centre, height, line.fwhm(pressure))
    add_weak_features(signal, axis, pressure)
    brightness[list(knobs.beam_off)] = 0.0
    counts = signal
    counts += under_the_lines(two_theta, pressure, knobs.drift)
    counts *= brightness.astype(np.float32)[:, np.newaxis]
    if knobs.noise:
        counts += knobs.noise * noise(two_theta, counts, counting)
    add_detector_faults(counts, two_theta, brightness, faults)
    return counts


class Flicker:
    """How bright the grains behind each line happen to be, frame by frame: first-order autoregressive."""

    def __init__(self, frames: int, spottiness: float, generator: np.random.Generator) -> None:
        self._frames, self._sd, self._generator = frames, spottiness, generator
        self._known: dict[str, Floats] = {}

    def __call__(self, line: Line) -> Floats:
        """Factors (n_spectra,) whose logarithm has the standard deviation `spottiness`."""
        if line.spots not in self._known:
            steps = self._generator.normal(size=self._frames)
            steps[1:] *= np.sqrt(1.0 - PERSISTENCE**2)
            for frame in range(1, self._frames):
                steps[frame] += PERSISTENCE * steps[frame - 1]
            self._known[line.spots] = np.exp(self._sd * steps)
        return self._known[line.spots]


def add_line(signal: Counts, axis: Counts, centre: Floats, height: Floats, fwhm: Floats) -> None:
    """A pseudo-Voigt line in each curve, cut off smoothly fourteen widths away from its centre."""
    reach, near = 14.0 * fwhm.max(), 2.6 * fwhm.max()
    half = (fwhm / 2.0).astype(np.float32)[:, np.newaxis]
    where = centre.astype(np.float32)[:, np.newaxis]
    tall = height.astype(np.float32)[:, np.newaxis]
    wide = slice(*np.searchsorted(axis, (centre.min() - reach, centre.max() + reach)))
    if wide.start < wide.stop:
        u = axis[wide] - where
        u /= half
        u *= u
        u += 1.0
        np.divide(tall * np.float32(LORENTZ), u, out=u)
        u -= tall * np.float32(LORENTZ / (1.0 + 28.0**2))
        np.maximum(u, 0.0, out=u)
        signal[:, wide] += u
    close = slice(*np.searchsorted(axis, (centre.min() - near, centre.max() + near)))
    if close.start < close.stop:
        u = axis[close] - where
        u /= half
        u *= u
        u *= -np.float32(np.log(2.0))
        np.exp(u, out=u)
        u *= tall * np.float32(1.0 - LORENTZ)
        signal[:, close] += u


def add_weak_features(signal: Counts, axis: Counts, pressure: Floats) -> None:
    """A narrow line and two humps, fading under pressure."""
    for centre, height, fwhm in WEAK:
        profile = height * np.exp(-np.log(2.0) * ((axis - centre) / (fwhm / 2.0)) ** 2)
        signal += np.outer(np.exp(-pressure / 10.0), profile).astype(np.float32)


def background_at_zero(two_theta: Floats) -> Floats:
    """Background counts at zero pressure (n_points,): scattering in air, falling, and Compton, rising."""
    air: Floats = 20.0 * np.exp(-two_theta / 5.0)
    compton: Floats = 2.0 * (1.0 - np.exp(-((two_theta / 16.0) ** 2)))
    return air + compton


def under_the_lines(two_theta: Floats, pressure: Floats, drift: float) -> Counts:
    """Background counts (n_spectra, n_points); `drift` is by how much it has grown at the last frame."""
    growth = (1.0 + BRIGHTENING * pressure) * (1.0 + drift * np.linspace(0.0, 1.0, pressure.size))
    return np.outer(growth, background_at_zero(two_theta)).astype(np.float32)


def noise(two_theta: Floats, counts: Counts, generator: np.random.Generator) -> Counts:
    """Counting noise (n_spectra, n_points): variance in proportion to the counts, neighbours correlated."""
    points = two_theta.size
    white = generator.standard_normal((counts.shape[0], points + KERNEL.size - 1), dtype=np.float32)
    kernel = (KERNEL / np.sqrt((KERNEL**2).sum())).astype(np.float32)
    correlated: Counts = kernel[0] * white[:, :points]
    for tap in range(1, kernel.size):
        correlated += kernel[tap] * white[:, tap : tap + points]
    alone = np.interp(two_theta, *np.array(NOISE).T) / KERNEL_DIFFERENCE
    correlated *= np.sqrt(counts)
    correlated *= (alone / np.sqrt(background_at_zero(two_theta))).astype(np.float32)
    return correlated


def add_detector_faults(
    counts: Counts, two_theta: Floats, brightness: Floats, generator: np.random.Generator
) -> None:
    """A hot pixel, and both ends of the axis where few pixels are left to average over."""
    number, points = counts.shape
    if two_theta[0] <= HOT_PIXEL <= two_theta[-1]:
        # it is spread over the four points that share it, or over the nearest one of a coarse axis
        spread = max(0.0062, 0.5 * float(np.diff(two_theta).mean()))
        shape = np.exp(-0.5 * ((two_theta - HOT_PIXEL) / spread) ** 2)
        shape[shape < LEAST_HEIGHT] = 0.0
        counts += np.outer(1.5 * np.exp(generator.normal(0.0, 0.4, number)), shape).astype(np.float32)
    lit = brightness[:, np.newaxis]
    last, first = max(1, round(24 * points / 4023)), max(1, round(16 * points / 4023))
    rising = np.exp((np.arange(last) - last) / (last / 3.0))
    counts[:, -last:] += (lit * rising * generator.exponential(4.0, (number, last))).astype(np.float32)
    falling = np.exp(-np.arange(first) / (first / 3.0))
    counts[:, :first] += (lit * falling * generator.gamma(4.0, 0.4, (number, first))).astype(np.float32)
