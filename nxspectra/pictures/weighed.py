"""What a model makes of its bins: the weights that it has found, over the angle axis and the mean curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nxspectra.classifiers import BinWeights, FindsWeights, Model, VotesByBins, compared_with
from nxspectra.errors import UsageError
from nxspectra.pictures.series import draw_votes

Floats = NDArray[np.float64]

REACH = "#333333"
WORDS = ("#56B4E9", "#CC79A7", "#F0E442", "#009E73")
"""Not the colours of classes: what a word of a bin means is its own."""


def weighed(model: Model, *, title: str | None = None) -> Figure:
    """The weights of a model's bins over two theta, and below them the mean of its training curves.

    Weights that a classifier has found by itself are drawn for each word of a bin, with the sum of their
    absolute values; else the separability and the believability of each bin. Raises UsageError for a
    classifier without bins.
    """
    estimator, classes = model.estimator, model.card.classes
    mean = compared_with(model)
    if isinstance(estimator, FindsWeights):
        found = estimator.bin_weights()
        outputs = len(found.weight)
    elif isinstance(estimator, VotesByBins):
        found, outputs = None, 1
    else:
        raise UsageError(
            f"{model.card.classifier!r} has no bins whose weights could be drawn; `nxspectra explain FILE"
            " --plot PNG` draws what decides about a spectrum"
        )
    rows = outputs + (mean is not None)
    figure = Figure(figsize=(11, 1.2 + 2.4 * rows), dpi=150, layout="constrained")
    panels = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
    if found is not None:
        for output, panel in enumerate(panels[:outputs]):
            _draw_weights(panel, found, output, classes)
    else:
        assert isinstance(estimator, VotesByBins)  # noqa: S101
        votes = estimator.votes(np.zeros((1, model.two_theta.size)))
        draw_votes(panels[0], votes, len(classes))
        panels[0].legend(frameon=False, fontsize=9, ncols=3, loc="lower left", bbox_to_anchor=(0.0, 1.0))
    if mean is not None:
        _draw_mean(panels[-1], model.two_theta, mean)
    panels[-1].set_xlabel("two theta (degrees)")
    panels[-1].set_xlim(model.two_theta[0], model.two_theta[-1])
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=13)
    return figure


def _draw_weights(axes: Axes, found: BinWeights, output: int, classes: Sequence[str]) -> None:
    """A bar for each word of a bin, and how far all of them can move the output."""
    weight = found.weight[output]
    words = weight.shape[1]
    width = (found.bin_end - found.bin_start) / (words + 0.5)
    for index in range(words):
        axes.bar(
            found.bin_start + (index + 0.25) * width,
            weight[:, index],
            0.92 * width,
            align="edge",
            color=WORDS[index % len(WORDS)],
            label=f"word {index + 1}",
        )
    axes.plot(
        0.5 * (found.bin_start + found.bin_end),
        np.abs(weight).sum(axis=1),
        "D",
        color=REACH,
        markersize=4.5,
        label="how far the bin can move the decision",
    )
    axes.axhline(0.0, color="#333333", linewidth=0.8)
    for edge in [*found.bin_start, found.bin_end[-1]]:
        axes.axvline(edge, color="#DDDDDD", linewidth=0.6, zorder=0)
    axes.set_ylabel(f"weight for\n{classes[output if len(found.weight) > 1 else 1]}")
    axes.legend(frameon=False, fontsize=9, ncols=words + 1, loc="lower left", bbox_to_anchor=(0, 1))


def _draw_mean(axes: Axes, two_theta: Floats, mean: Floats) -> None:
    axes.plot(two_theta, mean, color="#333333", linewidth=1.0)
    axes.set_ylim(min(0.0, float(np.percentile(mean, 0.5))), float(mean.max()) * 1.08 + 1e-12)
    axes.set_ylabel("mean training\ncurve")
