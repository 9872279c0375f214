"""The worry: that pretraining on unlabelled spectra is worth nothing. Accuracy against the share of labels.

Of one simulated ramp (349 spectra, seed 1) a share is labelled, spread evenly over the series; the others
are there without a label. `self-supervised` learns from all; the same encoder without pretraining
(`epochs=0`), `reference`, `weighted` and the default from the labelled alone. Asked are three other ramps
(seeds 2 to 4).

    python benchmarks/label_fraction.py
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from nxspectra.classifiers.networks import pretraining
from nxspectra.classifiers.plugins import DEFAULT, classifier
from nxspectra.classifiers.reference import Reference
from nxspectra.classifiers.self_supervised import SelfSupervised
from nxspectra.classifiers.weighted import Weighted
from nxspectra.simulation import simulate

POINTS = 1000
FRACTIONS = (0.012, 0.03, 0.1, 0.3, 1.0)


def once(pretrain: Callable[..., Any]) -> Callable[..., Any]:
    """The same encoder for every share of labels, pretrained once: labels do not enter."""
    made: dict[Any, Any] = {}

    def pretrained(curves: Any, *, recipe: Any, **others: Any) -> Any:
        if recipe not in made:
            made[recipe] = pretrain(curves, recipe=recipe, **others)
        return made[recipe]

    return pretrained


def main(epochs: int) -> None:
    pretraining.pretrain = once(pretraining.pretrain)
    ramp, others = simulate(seed=1, points=POINTS), [simulate(seed=seed, points=POINTS) for seed in (2, 3, 4)]
    kinds = {
        f"`self-supervised`, {epochs} epochs": lambda: SelfSupervised(epochs=epochs),
        "the same, not pretrained": lambda: SelfSupervised(epochs=0),
        "`reference`": Reference,
        "`weighted`": Weighted,
        f"`{DEFAULT}`": classifier(DEFAULT),
    }
    print("| labelled | " + " | ".join(kinds) + " |")
    print("|---|" + "---|" * len(kinds))
    for fraction in FRACTIONS:
        number = max(4, round(fraction * len(ramp.truth)))
        frames = np.linspace(0, len(ramp.truth) - 1, number + 2)[1:-1].round().astype(int)
        y = np.full(len(ramp.truth), -1)
        y[frames] = ramp.truth.label[frames]
        words = []
        for make in kinds.values():
            estimator = make()
            X = estimator.preprocessing(ramp.spectra)
            takes_all = getattr(estimator, "takes_unlabelled", False)
            estimator.fit(*((X, y) if takes_all else (X[frames], y[frames])))
            right = [estimator.score(estimator.preprocessing(o.spectra), o.truth.label) for o in others]
            words.append(f"{np.mean(right):.3f}")
        print(f"| {number} of {len(y)} | " + " | ".join(words) + " |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
