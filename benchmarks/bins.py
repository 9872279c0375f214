"""The worry: that the number of bins is a matter of taste. P_conf, weights and time against it.

The table that the authors print for their end-to-end network (doi 10.3390/app112311520), made again on a
simulated ramp, beside the same for `weighted`: trained on frames 80 and 120 (low), 260 and 300 (high) of the
ramp of seed 1, asked about all its frames, as they did, and about three other ramps, as they did not.

    python benchmarks/bins.py 1 5 15
"""

from __future__ import annotations

import sys
from time import process_time

import numpy as np

from nxspectra.classifiers import accuracy, ambiguous_region, classify, confidence, train
from nxspectra.simulation import simulate

LABELS = ["low=80,120", "high=260,300"]


def main(numbers: list[int]) -> None:
    ramp, others = simulate(seed=1), [simulate(seed=seed) for seed in (2, 3, 4)]
    print(
        "| classifier | bins | P_conf | ambiguous | weights | iterations | CPU s | accuracy | other ramps |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name in ("weighted", "end-to-end"):
        train(
            [ramp.spectra], LABELS, name, iterations=1
        )  # what is loaded and compiled is no part of the time
        for number in numbers:
            start = process_time()
            model = train([ramp.spectra], LABELS, name, bins=number)
            seconds = process_time() - start
            found = classify(ramp.spectra, model).class_index
            region = ambiguous_region(found)
            between = "" if region is None else region[1] - region[0] - 1
            right = [
                accuracy(classify(each.spectra, model).class_index, each.truth.label)
                for each in (ramp, *others)
            ]
            weights = int(model.card.figures["n_parameters"])  # type: ignore[arg-type]
            steps = int(getattr(model.estimator, "iterations_", model.card.parameters["iterations"]))
            print(
                f"| `{name}` | {number} | {confidence(found):.4f} | {between} | {weights:,} | {steps}"
                f" | {seconds:.1f} | {right[0]:.3f} | {np.mean(right[1:]):.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or [1, 2, 5, 10, 15])
