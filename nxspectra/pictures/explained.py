"""What decided: the weight of each angle region drawn over a curve, and over the whole series."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from nxspectra.pictures.colours import CLASS_COLOURS, NO_CLASS
from nxspectra.preprocessing import background
from nxspectra.spectra import Classification, Explanation, Spectra

Floats = NDArray[np.float64]

AGAINST = "#7A3E9D"
MEAN = "#009E73"
COMPARED = "#333333"
STRONG = 0.97
"""Quantile of the weights that is drawn in full colour."""


def explained(
    spectra: Spectra,
    classification: Classification,
    explanation: Explanation,
    frame: int,
    *,
    compared: tuple[Floats, Floats] | None = None,
    title: str | None = None,
) -> Figure:
    """The curve of `frame`, coloured by what speaks for its class and against it, and the series below.

    At the bottom every spectrum that is explained is a row: where its class was decided. The curve is drawn
    above its background. `compared` is what it was compared with, (n_points,) degrees and (n_points,).
    """
    figure = Figure(figsize=(11, 7.6), dpi=150, layout="constrained")
    curve, bars, series = figure.subplots(
        3, 1, sharex=True, gridspec_kw={"height_ratios": [2.1, 0.8, 1.7], "hspace": 0.03}
    )
    name = classification.labels[frame]
    colour = (
        NO_CLASS if name is None else CLASS_COLOURS[classification.classes.index(name) % len(CLASS_COLOURS)]
    )
    weight = explanation.weight[frame]
    _draw_curve(curve, spectra, explanation, frame, colour)
    if compared is not None:
        curve.plot(*compared, color=COMPARED, linewidth=1.0, zorder=1)
    _draw_bars(bars, explanation, weight, colour)
    _draw_series(series, explanation, frame)
    series.set_xlabel("two theta (degrees)")
    series.set_xlim(explanation.region_start[0], explanation.region_end[-1])
    said = "no class" if name is None else name
    if name is not None and classification.probability is not None:
        said += f", probability {classification.probability[frame].max():.3f}"
    curve.legend(
        handles=[
            Patch(color=colour, label=f"speaks for {name or 'it'}"),
            Patch(color=AGAINST, label="speaks against it"),
            *([Line2D([], [], color=COMPARED, lw=1.0, label="what it is compared with")] if compared else []),
        ],
        loc="upper right",
        frameon=False,
    )
    pressure = (
        ""
        if spectra.pressure is None
        else f", {np.broadcast_to(spectra.pressure, len(spectra))[frame]:.1f} GPa"
    )
    curve.set_title(f"frame {frame}{pressure}: {said} (by {explanation.method})", loc="left", fontsize=11)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=13)
    return figure


def _draw_curve(axes: Axes, spectra: Spectra, explanation: Explanation, frame: int, colour: str) -> None:
    y = np.asarray(spectra.intensity[frame], dtype=np.float64)
    y = np.where(np.isfinite(y), y, 0.0)
    y = y - background(y)
    at = np.clip(
        np.searchsorted(explanation.region_start, spectra.two_theta, side="right") - 1,
        0,
        explanation.region_start.size - 1,
    )
    weight = np.nan_to_num(explanation.weight[frame])[at]
    points = np.stack([spectra.two_theta, y], axis=1)
    lines = np.stack([points[:-1], points[1:]], axis=1)
    strength = np.clip(np.abs(weight[:-1]) / _strong(explanation), 0.0, 1.0)[:, None]
    towards = np.where(weight[:-1, None] >= 0, np.array(to_rgb(colour)), np.array(to_rgb(AGAINST)))
    faint = np.array(to_rgb("#C8C8C8"))
    axes.add_collection(
        LineCollection(list(lines), colors=faint + (towards - faint) * strength, linewidths=1.4)
    )
    axes.set_ylim(min(0.0, float(np.percentile(y, 0.5))), float(y.max()) * 1.08 + 1e-12)
    axes.set_ylabel("intensity above\nbackground")


def _draw_bars(axes: Axes, explanation: Explanation, weight: Floats, colour: str) -> None:
    width = explanation.region_end - explanation.region_start
    known = np.nan_to_num(weight)
    axes.bar(
        explanation.region_start,
        known,
        width=width,
        align="edge",
        color=[colour if each >= 0 else AGAINST for each in known],
    )
    axes.axhline(0.0, color="#333333", linewidth=0.6)
    axes.set_ylabel("share of\nthe decision")


def _draw_series(axes: Axes, explanation: Explanation, frame: int) -> None:
    edges = np.append(explanation.region_start, explanation.region_end[-1])
    number = len(explanation.weight)
    limit = _strong(explanation)
    axes.pcolormesh(
        edges,
        np.arange(number + 1) - 0.5,
        np.abs(explanation.weight),
        cmap="Greys",
        vmin=0.0,
        vmax=limit,
        rasterized=True,
    )
    axes.axhline(frame, color="#0072B2", linewidth=1.0)
    axes.set_ylim(-0.5, number - 0.5)
    axes.set_ylabel("frame")
    above = axes.twinx()
    above.step(
        edges, np.append(explanation.overall, explanation.overall[-1]), where="post", color=MEAN, lw=1.2
    )
    above.set_ylim(0.0, max(float(explanation.overall.max()) * 3.0, 1e-9))
    above.set_ylabel("mean share", color=MEAN)


def _strong(explanation: Explanation) -> float:
    """The weight that is drawn in full colour."""
    known = np.abs(explanation.weight[np.isfinite(explanation.weight).all(axis=1)])
    return max(float(np.quantile(known, STRONG)), 1e-9) if known.size else 1.0
