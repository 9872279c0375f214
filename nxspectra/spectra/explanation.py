"""Which stretches of the angle axis decided about the class of each spectrum, and its place in a file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nxspectra.spectra.series import Floats
from nxspectra.tree import Field, Group


@dataclass(frozen=True)
class Explanation:
    """What speaks for the class that each spectrum was given, region by region of the angle axis."""

    region_start: Floats
    """(n_regions,), degrees."""
    region_end: Floats
    """(n_regions,), degrees."""
    weight: Floats
    """(n_spectra, n_regions): positive for the class given, negative against it; absolute values of a row add
    up to 1. NaN rows where nothing was explained."""
    method: str
    """How it was found: `votes`, `attribution` of the classifier's own, or `occlusion`."""

    @property
    def overall(self) -> Floats:
        """(n_regions,), what a region decides in the series: its mean share of a decision, whatever for."""
        known = np.isfinite(self.weight).all(axis=1)
        if not known.any():
            return np.zeros(self.region_start.size)
        return np.asarray(np.abs(self.weight[known]).mean(axis=0))

    def strongest(self, frame: int, number: int = 5) -> tuple[tuple[float, float, float], ...]:
        """(first angle, last angle, weight) of the regions that decided most about a frame."""
        weight = self.weight[frame]
        if not np.isfinite(weight).all():
            return ()
        order = np.argsort(-np.abs(weight))[:number]
        return tuple(
            (float(self.region_start[each]), float(self.region_end[each]), float(weight[each]))
            for each in order
            if weight[each] != 0.0
        )


def explanation_group(explanation: Explanation) -> Group:
    """The explanation as NXdata, plotted over two theta."""
    centres = 0.5 * (explanation.region_start + explanation.region_end)
    return Group(
        "NXdata",
        {
            "weight": Field(explanation.weight.astype(np.float32), units=""),
            "overall": Field(explanation.overall, units=""),
            "two_theta": Field(centres, units="deg"),
            "region_start": Field(explanation.region_start, units="deg"),
            "region_end": Field(explanation.region_end, units="deg"),
            "method": Field(explanation.method),
        },
        signal="weight",
        axes=np.array([".", "two_theta"]),
    )


def explanation_of(group: Group | None, n_spectra: int) -> Explanation | None:
    """What such a group says; None if it is not one for so many spectra."""
    if group is None:
        return None
    start, end, weight, method = (
        group.field(name) for name in ("region_start", "region_end", "weight", "method")
    )
    if start is None or end is None or weight is None or start.shape != end.shape:
        return None
    if weight.shape != (n_spectra, start.size) or any(
        field.dtype.kind not in "iuf" for field in (start, end, weight)
    ):
        return None
    return Explanation(
        start.array.astype(np.float64),
        end.array.astype(np.float64),
        weight.array.astype(np.float64),
        (method.text if method else None) or "unknown",
    )
