"""How good a model is: what the number of bins does, and a model on trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nxspectra.classifiers import Reliability, Verdict
from nxspectra.pictures.colours import CLASS_COLOURS, DASHES, TRUTH
from nxspectra.pictures.scales import MOST_TICKS


@dataclass(frozen=True)
class BinsResult:
    """What a classifier with so many bins made of a series."""

    bins: int
    confidence: float | None
    """P_conf."""
    ambiguous: tuple[int, int] | None
    """Last frame of the unbroken run of the first class, first frame of that of the second; None if none."""


def bins_study(results: Sequence[BinsResult], number: int, *, truth: int | None = None) -> Figure:
    """P_conf and the ambiguous region against the number of bins, of a series of `number` spectra.

    `truth` is the first frame of the second class, where that is known.
    """
    figure = Figure(figsize=(8, 6), dpi=150, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1.3])
    bins = [result.bins for result in results]
    confidence = [np.nan if result.confidence is None else result.confidence for result in results]
    upper.plot(bins, confidence, "o-", color=CLASS_COLOURS[0], linewidth=1.6)
    upper.set_ylim(min(0.0, np.nanmin(confidence, initial=0.0)), 1.05)
    upper.set_ylabel("P$_{conf}$")
    for result in results:
        if result.ambiguous is not None:
            first, last = result.ambiguous
            _draw_region(lower, result.bins, first, last)
    if truth is not None:
        lower.axhline(
            truth - 0.5, color=TRUTH, linewidth=1.6, linestyle=DASHES, label=f"truth: frame {truth}"
        )
        lower.legend(
            frameon=False, fontsize=9.5, loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2
        )
    lower.set_ylim(-0.5, number - 0.5)
    lower.set_ylabel("ambiguous region (frames)")
    lower.set_xlabel("number of bins")
    lower.set_xticks(bins)
    _draw_grid(upper, lower)
    return figure


def _draw_region(axes: Axes, place: float, first: int, last: int) -> None:
    """A band between two frames, with a stroke at each end and the number of frames between them."""
    for style, look in (
        ("-", {"linewidth": 7, "alpha": 0.45, "solid_capstyle": "butt"}),
        ("_", {"markersize": 13, "markeredgewidth": 2}),
    ):
        axes.plot([place, place], [first, last], style, color=CLASS_COLOURS[0], **look)
    number = f"{last - first - 1}"
    axes.annotate(number, (place, last), (0, 5), textcoords="offset points", ha="center", fontsize=9)


def _draw_grid(*panels: Axes) -> None:
    for axes in panels:
        axes.grid(color="#E5E5E5", linewidth=0.6)
        axes.set_axisbelow(True)


def trial(reliability: Reliability, verdicts: Sequence[Verdict]) -> Figure:
    """A model on trial: how often it is right against how sure it is, and each boundary against the truth."""
    figure = Figure(figsize=(10, 4.5), dpi=150, layout="constrained")
    left, right = figure.subplots(1, 2)
    there = reliability.number > 0
    sure = reliability.sure[there] / reliability.number[there]
    often = reliability.right[there] / reliability.number[there]
    sizes = 20.0 + 180.0 * reliability.number[there] / max(1.0, reliability.number.max())
    left.plot([0.0, 1.0], [0.0, 1.0], color=TRUTH, linewidth=1.6, linestyle=DASHES, label="as it says")
    left.plot(sure, often, "-", color=CLASS_COLOURS[0], linewidth=1.2)
    left.scatter(sure, often, sizes, color=CLASS_COLOURS[0], label="as it is", zorder=3)
    least = min(0.5, float(np.min(often, initial=0.5)))
    left.set(
        xlim=(least - 0.02, 1.02),
        ylim=(least - 0.02, 1.02),
        xlabel="probability of the class given",
        ylabel="share that is right",
        title=f"calibration error {reliability.error:.3f}",
    )
    left.legend(frameon=False, loc="upper left")
    rows = [(each, found) for each in verdicts for found in each.boundaries]
    for row, (_, found) in enumerate(rows):
        if found.boundary is None:
            right.plot(0.0, row, "x", color=CLASS_COLOURS[4])
            continue
        low, high = (edge - found.truth for edge in found.boundary.frame_interval)
        colour = CLASS_COLOURS[0] if found.held else CLASS_COLOURS[4]
        right.plot([low, high], [row, row], "-", color=colour, linewidth=2.0, solid_capstyle="butt")
        right.plot(found.off, row, "o", color=colour, markersize=4)
    right.axvline(0.0, color=TRUTH, linewidth=1.6, linestyle=DASHES)
    right.set(xlabel="frames from the true boundary", title="boundaries and their 90 % intervals")
    if 0 < len(rows) <= MOST_TICKS:
        right.set_yticks(range(len(rows)), [Path(each.name).name for each, _ in rows], fontsize=8)
    else:
        right.set_yticks([])
    right.invert_yaxis()
    _draw_grid(left, right)
    return figure
