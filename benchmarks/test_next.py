"""The worry: labels are dear, and frames that somebody picks by eye may tell nothing.

Ramps with three times the noise, each with the four labels of the paper; then with the five more that
`next_questions` asks for, and beside it with five at even distances over the whole series. What must hold is
that the error of the boundary is at least halved: `pytest -s benchmarks/test_next.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nxspectra.classifiers import Model, classify, next_questions, train
from nxspectra.classifiers.plugins import DEFAULT
from nxspectra.simulation import Ramp, simulate

LABELS = ("low=80,120", "high=260,300")
RAMPS = 20
MORE = 5


def error(ramp: Ramp, model: Model) -> float:
    """Frames from the true border to the nearest boundary; half of the series if there is none."""
    assert ramp.truth.border is not None
    found = [abs(each.frame - ramp.truth.border) for each in classify(ramp.spectra, model).boundaries]
    return float(min(found, default=len(ramp.spectra) // 2))


def answered(ramp: Ramp, frames: Sequence[int]) -> list[str]:
    return [f"{ramp.truth.labels[frame]}={frame}" for frame in frames]


def asked(ramp: Ramp, model: Model) -> list[int]:
    return [each.frame for each in next_questions([ramp.spectra], model, LABELS, MORE)]


def evenly(ramp: Ramp, model: Model) -> list[int]:
    places = np.linspace(0, len(ramp.spectra) - 1, MORE + 2)[1:-1].round().astype(int).tolist()
    return [frame if frame not in (80, 120, 260, 300) else frame + 1 for frame in places]


def test_five_labels_that_are_asked_for_halve_the_error_of_the_boundary() -> None:
    before: list[float] = []
    after: dict[Callable[[Ramp, Model], list[int]], list[float]] = {asked: [], evenly: []}
    for seed in range(700, 700 + RAMPS):
        ramp = simulate(seed=seed, noise=3.0)
        first = train([ramp.spectra], LABELS, DEFAULT)
        before.append(error(ramp, first))
        for choose, errors in after.items():
            labels = [*LABELS, *answered(ramp, choose(ramp, first))]
            errors.append(error(ramp, train([ramp.spectra], labels, DEFAULT)))
    four, nine, even = (float(np.mean(each)) for each in (before, after[asked], after[evenly]))
    print(f"{RAMPS} ramps, noise x 3, boundary off by: four labels {four:.1f} frames, five more that were")
    print(f"asked for {nine:.1f}, five at even distances {even:.1f}")
    assert nine <= four / 2
