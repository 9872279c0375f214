"""A classified series: the map of intensities, the labels beside it, the votes of the bins below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import PowerNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray

from nxspectra.pictures.colours import CLASS_COLOURS, DASHES, NO_CLASS, TRUTH
from nxspectra.pictures.scales import intensity_ticks, pressure_ticks
from nxspectra.preprocessing import background
from nxspectra.spectra import Boundary, Classification, Spectra, Votes

Floats = NDArray[np.float64]

SEPARABILITY, BELIEVABILITY = "#56B4E9", "#333333"
CHANCE = 1.1
"""A bin right in 1.1/K of its points or less has no weight (0.55 for two: doi 10.5334/dsj-2022-015)."""


class Truth(Protocol):
    """What is known of a simulated series."""

    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def label(self) -> NDArray[np.integer]:
        """(n_spectra,), index into `classes`."""
        ...

    @property
    def fraction(self) -> Floats:
        """(n_spectra,), share of the second class, 0 to 1."""
        ...


def heat_map(
    spectra: Spectra,
    classification: Classification | None = None,
    truth: Truth | None = None,
    *,
    title: str | None = None,
    subtract_background: bool = True,
) -> Figure:
    """The series over two theta and pressure, its labels beside it and the votes of the bins below.

    Boundaries are drawn with their 90 % interval, and with `truth` against the true ones.
    """
    votes = classification.votes if classification else None
    probability = classification.probability if classification else None
    figure = Figure(figsize=(11, 8.25 if votes else 6.2), dpi=150, layout="constrained")
    grid = figure.add_gridspec(
        3,
        3,
        width_ratios=[1, 0.055 if truth is None else 0.11, 0.17 if probability is not None else 0.001],
        height_ratios=[0.22, 3.1, 1 if votes else 0.001],
        wspace=0.01,
    )
    main = figure.add_subplot(grid[1, 0])
    image = _draw_intensity(main, spectra, subtract_background)
    _draw_pressure(main, spectra.pressure)
    rightmost, lowest = main, main
    if classification is not None:
        rightmost = figure.add_subplot(grid[1, 1])
        _draw_labels(rightmost, classification, truth)
        panels = [main]
        if probability is not None:
            rightmost = figure.add_subplot(grid[1, 2])
            _draw_probability(rightmost, probability, classification, truth)
            panels.append(rightmost)
        for panel in panels:
            _draw_boundaries(panel, classification.boundaries)
            if truth is not None:
                _draw_truth(panel, truth)
        head = figure.add_subplot(grid[0, :])
        _legend(head, _handles(spectra, classification, truth))
    if rightmost is not main:
        rightmost.set_ylim(main.get_ylim())
        rightmost.yaxis.set_label_position("right")
        rightmost.yaxis.tick_right()
        rightmost.tick_params(axis="y", labelright=True, right=True)
        rightmost.set_ylabel("frame")
    scale_title = "intensity above background" if subtract_background else "intensity"
    if votes is not None and classification is not None:
        lowest = figure.add_subplot(grid[2, 0], sharex=main)
        draw_votes(lowest, votes, len(classification.classes))
        main.tick_params(labelbottom=False)
        beside = figure.add_subplot(grid[2, 1:])
        beside.set_axis_off()
        bars, names = lowest.get_legend_handles_labels()
        legend = beside.legend(bars, names, loc="upper left", frameon=False, borderaxespad=0, fontsize=9.5)
        legend.set_in_layout(False)
        scale = beside.inset_axes((0.06, 0.1, 0.9, 0.09))
    else:
        scale = main.inset_axes((0.72, 1.035, 0.28, 0.025))
    bar = figure.colorbar(image, cax=scale, orientation="horizontal", extend="max")
    bar.set_ticks(intensity_ticks(*image.get_clim()))
    bar.minorticks_off()
    bar.ax.set_title(scale_title, fontsize=9)
    bar.ax.tick_params(labelsize=8)
    lowest.set_xlabel("two theta (degrees)")
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=13)
    return figure


def _legend(axes: Axes, handles: list[Patch | Line2D]) -> None:
    """In axes of its own, where it covers nothing and pushes nothing aside."""
    axes.set_axis_off()
    legend = axes.legend(
        handles=handles,
        loc="lower left",
        ncols=3,
        frameon=False,
        borderaxespad=0,
        fontsize=9.5,
        handlelength=2.2,
        columnspacing=1.6,
    )
    legend.set_in_layout(False)


def _draw_intensity(axes: Axes, spectra: Spectra, subtract_background: bool) -> ScalarMappable:
    intensity = np.asarray(spectra.intensity, dtype=np.float64)
    known = np.where(np.isfinite(intensity), intensity, 0.0)
    if subtract_background:
        known = known - background(known)
    high = float(np.percentile(known, 99.8))
    low = 0.0 if subtract_background else min(float(np.percentile(known, 5.0)), high)
    # peaks of a few counts beside some of fifty: the square root shows both, and evens counting noise
    scale = PowerNorm(0.5, vmin=low, vmax=max(high, low + 1e-12), clip=True)
    edges = _edges(spectra.two_theta)
    number = len(spectra)
    steps = np.diff(spectra.two_theta)
    if steps.size and np.ptp(steps) < 0.05 * steps.mean():
        image: ScalarMappable = axes.imshow(
            known,
            aspect="auto",
            origin="lower",
            norm=scale,
            cmap="viridis",
            extent=(edges[0], edges[-1], -0.5, number - 0.5),
            interpolation="antialiased",
        )
    else:
        rows = np.arange(number + 1) - 0.5
        image = axes.pcolormesh(edges, rows, known, norm=scale, cmap="viridis", rasterized=True)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(-0.5, number - 0.5)
    return image


def _edges(centres: Floats) -> Floats:
    """(n + 1,): the limits of the points, halfway between neighbours."""
    if centres.size == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middle = (centres[1:] + centres[:-1]) / 2
    return np.concatenate(([2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]))


def _draw_pressure(axes: Axes, pressure: Floats | None) -> None:
    """Pressure at its frames on the left; plain frames where it is unknown."""
    if pressure is None or not np.isfinite(pressure).any():
        axes.set_ylabel("frame")
        return
    axes.set_ylabel("pressure (GPa)")
    frames, names = pressure_ticks(pressure)
    axes.set_yticks(frames, names)


def _draw_labels(axes: Axes, classification: Classification, truth: Truth | None) -> None:
    columns = [_colours(classification.class_index, classification.classes, classification.classes)]
    names = ["label"]
    if truth is not None:
        columns.append(_colours(np.asarray(truth.label), truth.classes, classification.classes))
        names.append("truth")
    strip = np.stack(columns, axis=1)
    number = strip.shape[0]
    axes.imshow(
        strip,
        aspect="auto",
        origin="lower",
        interpolation="nearest",
        extent=(-0.5, len(names) - 0.5, -0.5, number - 0.5),
    )
    for gap in range(1, len(names)):
        axes.axvline(gap - 0.5, color="white", linewidth=3)
    axes.set_xticks(range(len(names)), names, fontsize=9)
    axes.tick_params(axis="x", length=0)
    axes.tick_params(axis="y", left=False, labelleft=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _colour(name: str, classes: Sequence[str]) -> str:
    return CLASS_COLOURS[classes.index(name) % len(CLASS_COLOURS)] if name in classes else NO_CLASS


def _colours(index: NDArray[np.integer], names: Sequence[str], classes: Sequence[str]) -> Floats:
    """(n_spectra, 3): red, green, blue of each label."""
    table = np.array([to_rgb(_colour(name, classes)) for name in names] + [to_rgb(NO_CLASS)])
    return table[np.where(index < 0, len(names), index)]


def _draw_probability(
    axes: Axes, probability: Floats, classification: Classification, truth: Truth | None
) -> None:
    frames = np.arange(probability.shape[0])
    upper = classification.classes[-1]
    names = classification.classes[1:] if len(classification.classes) == 2 else classification.classes
    if truth is not None and len(truth.classes) == 2 and upper in truth.classes:
        share = truth.fraction if truth.classes[1] == upper else 1 - truth.fraction
        axes.plot(share, frames, color=TRUTH, linewidth=1.6, linestyle=":")
    for name in names:
        axes.plot(
            probability[:, classification.classes.index(name)],
            frames,
            color=_colour(name, classification.classes),
            linewidth=1.4,
        )
    axes.set_xlim(-0.04, 1.04)
    axes.set_xticks([0, 0.5, 1], ["0", "½", "1"])
    axes.set_xlabel(f"P({upper})" if len(names) == 1 else "probability")
    axes.tick_params(axis="y", labelleft=False)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)


def _draw_boundaries(axes: Axes, boundaries: Sequence[Boundary]) -> None:
    light = bool(axes.images or axes.collections)
    for boundary in boundaries:
        first, last = boundary.frame_interval
        axes.axhspan(
            first - 0.5,
            last - 0.5,
            facecolor="white" if light else "black",
            alpha=0.3 if light else 0.15,
            linewidth=0,
        )
        axes.axhline(boundary.frame - 0.5, color="white" if light else "black", linewidth=1.4)


def _draw_truth(axes: Axes, truth: Truth) -> None:
    for frame in _changes(truth):
        axes.axhline(frame - 0.5, color=TRUTH, linewidth=1.6, linestyle=DASHES)


def _changes(truth: Truth) -> list[int]:
    """Frames that begin another class than the frame before, where both are known."""
    label = np.asarray(truth.label)
    changed = (np.diff(label) != 0) & (label[1:] >= 0) & (label[:-1] >= 0)
    return [int(frame) for frame in np.flatnonzero(changed) + 1]


def _handles(spectra: Spectra, classification: Classification, truth: Truth | None) -> list[Patch | Line2D]:
    outlined = [Stroke(linewidth=3.0, foreground="black"), Normal()]
    handles: list[Patch | Line2D] = [
        Patch(color=_colour(name, classification.classes), label=name) for name in classification.classes
    ]
    if (classification.class_index < 0).any():
        handles.append(Patch(color=NO_CLASS, label="no class assigned"))
    handles.extend(
        Line2D([], [], color="white", linewidth=1.6, path_effects=outlined, label=_boundary_words(boundary))
        for boundary in classification.boundaries
    )
    if truth is not None:
        changes = _changes(truth)
        if changes:
            words = f"frame {changes[0]}" if len(changes) == 1 else f"{len(changes)} changes"
            if len(changes) == 1 and spectra.pressure is not None:
                words += f", {spectra.pressure[changes[0] - 1 : changes[0] + 1].mean():.1f} GPa"
            handles.append(
                Line2D([], [], color=TRUTH, linewidth=1.6, linestyle=DASHES, label=f"truth: {words}")
            )
        if classification.probability is not None and len(truth.classes) == 2:
            handles.append(
                Line2D(
                    [],
                    [],
                    color=TRUTH,
                    linewidth=1.6,
                    linestyle=":",
                    label=f"truth: share of {classification.classes[-1]}",
                )
            )
    return handles


def _boundary_words(boundary: Boundary) -> str:
    first, last = boundary.frame_interval
    words = f"{boundary.from_class} to {boundary.to_class}: frame {boundary.frame} (90 %: {first} to {last})"
    if boundary.pressure is not None and boundary.pressure_interval is not None:
        low, high = boundary.pressure_interval
        words += f", {boundary.pressure:.1f} GPa ({low:.1f} to {high:.1f})"
    return words


def draw_votes(axes: Axes, votes: Votes, n_classes: int) -> None:
    """Separability and believability of each bin, side by side over its stretch of the angle axis."""
    start, width = votes.bin_start, votes.bin_end - votes.bin_start
    for share, heights, colour, label in (
        (0.06, votes.separability, SEPARABILITY, "separability A$_b$"),
        (0.52, votes.believability, BELIEVABILITY, "believability w$_b$"),
    ):
        axes.bar(start + share * width, heights, 0.42 * width, align="edge", color=colour, label=label)
    chance = CHANCE / n_classes
    if np.allclose(
        votes.believability, np.maximum(0.0, (votes.separability**2 - chance**2) / (1 - chance**2))
    ):
        label = f"A$_b$ = {chance:.2f}: no weight"
        axes.axhline(chance, color="#D55E00", linewidth=1.2, linestyle="--", label=label)
    for edge in [*start, votes.bin_end[-1]]:
        axes.axvline(edge, color="#DDDDDD", linewidth=0.6, zorder=0)
    axes.set_ylim(0, 1.04)
    axes.set_ylabel("per bin")
