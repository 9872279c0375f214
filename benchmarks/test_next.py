"""The worry: labels are dear, and frames that somebody picks by eye may tell nothing.

Ramps with three times the noise, whose transitions lie anywhere between 14 and 24 GPa, each with the four
labels of the paper; then with the five more that `next_questions` asks for at once, or one after another, and
beside it with five at even distances over the whole series. What must hold is that the error of the boundary
is at least halved by those asked for one after another, and that those asked for at once help:
`pytest -s benchmarks/test_next.py`.

Were the transition where the paper has it, four labels would do by luck: their middle is the boundary.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nxspectra.classifiers import Model, classify, next_questions, train
from nxspectra.classifiers.evaluation import paired
from nxspectra.simulation import Ramp, simulate
from nxspectra.testing.ramps import TRANSITION

LABELS = ("low=80,120", "high=260,300")
RAMPS = 8
MORE = 5


def error(ramp: Ramp, model: Model) -> float:
    """Frames from the true border to the nearest boundary; half of the series if there is none."""
    assert ramp.truth.border is not None
    found = [abs(each.frame - ramp.truth.border) for each in classify(ramp.spectra, model).boundaries]
    return float(min(found, default=len(ramp.spectra) // 2))


def answered(ramp: Ramp, frames: Sequence[int]) -> list[str]:
    return [f"{ramp.truth.labels[frame]}={frame}" for frame in frames]


def asked(ramp: Ramp, model: Model, labels: Sequence[str], number: int) -> list[str]:
    """The labels of the frames that the model asks for."""
    questions = next_questions([ramp.spectra], model, labels, number)
    return answered(ramp, [each.frame for each in questions])


def at_once(ramp: Ramp, model: Model) -> list[str]:
    return [*LABELS, *asked(ramp, model, LABELS, MORE)]


def one_after_another(ramp: Ramp, model: Model) -> list[str]:
    labels = list(LABELS)
    for number in range(MORE):
        labels += asked(ramp, model, labels, 1)
        if number < MORE - 1:
            model = train([ramp.spectra], labels)
    return labels


def evenly(ramp: Ramp, _: Model) -> list[str]:
    places = np.linspace(0, len(ramp.spectra) - 1, MORE + 2)[1:-1].round().astype(int).tolist()
    return [*LABELS, *answered(ramp, [place + (place in (80, 120, 260, 300)) for place in places])]


def test_five_labels_asked_for_one_after_another_halve_the_error_of_the_boundary() -> None:
    chance = np.random.default_rng(700)
    before: list[float] = []
    after: dict[str, list[float]] = {}
    for seed in range(700, 700 + RAMPS):
        ramp = simulate(seed=seed, noise=3.0, transition_pressure=float(chance.uniform(*TRANSITION)))
        first = train([ramp.spectra], LABELS)
        before.append(error(ramp, first))
        for choose in (at_once, one_after_another, evenly):
            then = train([ramp.spectra], choose(ramp, first))
            after.setdefault(choose.__name__, []).append(error(ramp, then))
        print(
            seed, ramp.truth.border, before[-1], {name: each[-1] for name, each in after.items()}, flush=True
        )
    print(f"{RAMPS} ramps, noise x 3, boundary off by: four labels {np.mean(before):.1f} frames")
    for name, errors in after.items():
        better = paired(before, errors)
        print(f"five more, {name.replace('_', ' ')}: {np.mean(errors):.1f} frames, better by {better}")
    assert np.mean(after["one_after_another"]) <= np.mean(before) / 2
    assert np.mean(after["at_once"]) < np.mean(before)
