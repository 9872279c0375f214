"""The worry: a boundary that is sure of itself and wrong, above all on ramps unlike the one trained on.

Models trained on four spectra of one ramp each are asked about other ramps, as simulated and made harder.
It prints accuracy, the share of 90 % intervals that hold the truth, their width, and the calibration of the
probabilities: `pytest benchmarks/test_boundary.py -s`, some minutes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nxspectra.classifiers import Model, classify, reliability, train
from nxspectra.simulation import simulate

TRAINED_ON = range(10)
ASKED = range(100, 104)
"""Seeds of the ramps of each kind; with ten models that makes forty boundaries a line."""
TRANSITION = 18.5
"""GPa, unless the kind says otherwise."""

KINDS: dict[str, dict[str, Any]] = {
    "as trained on": {},
    "decompression": {"decompression": True},
    "noise x 0.7": {"noise": 0.7},
    "noise x 1.5": {"noise": 1.5},
    "noise x 3": {"noise": 3.0},
    "spottiness x 2": {"spottiness": 0.3},
    "transition half as wide": {"width": 1.0},
    "transition twice as wide": {"width": 4.0},
    "zero shift 0.02 deg": {"zero_shift": 0.02},
    "no precursor": {"precursor": False},
    "energy off by 0.3 %": {"energy_error": 0.003},
    "transition at 15 GPa": {"transition_pressure": 15.0},
    "transition at 22 GPa": {"transition_pressure": 22.0},
}


@pytest.fixture(scope="module")
def models() -> list[Model]:
    return [
        train([simulate(seed=seed).spectra], ["low=80,120", "high=260,300"], "weighted", seed)
        for seed in TRAINED_ON
    ]


LABELS = (
    ("low=80,120", "high=260,300"),
    ("low=pressure<7GPa", "high=pressure>45GPa"),
    ("low=pressure<12GPa", "high=pressure>30GPa"),
    ("low=pressure<15GPa", "high=pressure>23GPa"),
    ("low=pressure<18.5GPa", "high=pressure>=18.5GPa"),
)


@pytest.mark.parametrize("labels", LABELS, ids=" ".join)
def test_labels_nearer_and_nearer_to_the_boundary(labels: tuple[str, ...]) -> None:
    wrong = []
    for trained_on in (0, 1, 2):
        model = train([simulate(seed=trained_on).spectra], labels, "weighted", trained_on)
        for seed in ASKED:
            ramp = simulate(seed=seed)
            wrong.append(np.count_nonzero(classify(ramp.spectra, model).class_index != ramp.truth.label))
    print(f"{' '.join(labels)}: wrong of 349 {np.mean(wrong):.1f} ({min(wrong)} to {max(wrong)})")


@pytest.mark.parametrize("kind", KINDS)
def test_boundaries_against_truth(kind: str, models: list[Model]) -> None:
    knobs = KINDS[kind]
    wrong, off, held, wide, in_pressure, wide_in_pressure = [], [], [], [], [], []
    switched, probability, truth = [], [], []
    for seed in ASKED:
        ramp = simulate(seed=seed, **knobs)
        label = ramp.truth.label
        border = int(np.count_nonzero(label == label[0]))
        for model in models:
            made = classify(ramp.spectra, model)
            wrong.append(np.count_nonzero(made.class_index != label))
            switched.append(len(made.boundaries) == 1)
            probability.append(made.probability)
            truth.append(label)
            if not made.boundaries:
                held.append(False)
                in_pressure.append(False)
                continue
            found = min(made.boundaries, key=lambda each: abs(each.frame - border))
            low, high = found.frame_interval
            off.append(found.frame - border)
            held.append(low <= border <= high)
            wide.append(high - low)
            assert found.pressure_interval is not None
            low, high = found.pressure_interval
            in_pressure.append(low <= knobs.get("transition_pressure", TRANSITION) <= high)
            wide_in_pressure.append(high - low)
    found = reliability(np.concatenate(probability), np.concatenate(truth))
    print(
        f"{kind}: accuracy {1 - np.mean(wrong) / 349:.4f}; boundary off by {np.mean(off):+.1f} frames;"
        f" intervals hold it in {np.mean(held):.0%}, in GPa in {np.mean(in_pressure):.0%}, and are"
        f" {np.median(wide):.0f} frames, {np.median(wide_in_pressure):.1f} GPa wide; one boundary in"
        f" {np.mean(switched):.0%}; calibration error {found.error:.3f}, Brier {found.brier:.4f}"
    )
