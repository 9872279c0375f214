"""The ramps that classifiers are judged by: the same each time, a fair mixture, no ramp in two parts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from nxspectra.errors import UsageError
from nxspectra.preprocessing import Preprocessing
from nxspectra.simulation import simulate
from nxspectra.testing.ramps import KINDS, SINGLE, STRANGERS, USUAL, ramps, strangers


def test_no_ramp_is_in_two_parts() -> None:
    seeds = [each.seed for part in ("train", "calibrate", "test") for each in ramps(part)]
    assert len(set(seeds)) == len(seeds)


def test_the_test_has_two_hundred_ramps_with_a_transition_and_twenty_without() -> None:
    kinds = Counter(each.kind for each in ramps("test"))
    assert kinds == {name: kind.number for name, kind in KINDS.items()}
    assert sum(number for name, number in kinds.items() if name not in SINGLE) == 200


def test_any_beginning_of_a_part_has_the_same_share_of_every_kind() -> None:
    kinds = [each.kind for each in ramps("train")]
    for number in range(1, len(kinds) + 1):
        found = Counter(kinds[:number])
        # there is one share of which the number of each kind is the nearest whole number
        least = max((found[name] - 0.5) / kind.number for name, kind in KINDS.items())
        most = min((found[name] + 0.5) / kind.number for name, kind in KINDS.items())
        assert least <= most, number
    assert [each.kind for each in ramps("train", 50)] == kinds[:50]


def test_a_ramp_is_the_same_each_time_it_is_made() -> None:
    one, again = ramps("test")[3], ramps("test")[3]
    assert one == again
    assert np.array_equal(one.simulate(12).spectra.intensity, again.simulate(12).spectra.intensity)


def test_knobs_given_win_over_those_drawn() -> None:
    noisy = next(each for each in ramps("test") if each.kind == "noise x 10")
    assert noisy.simulate(6, points=50).knobs.noise == 10.0
    assert noisy.simulate(6, points=50, noise=1.0).knobs.noise == 1.0


def test_ramps_without_a_transition_are_of_one_phase_at_all_pressures() -> None:
    for name, label in zip(SINGLE, (0, 1), strict=True):
        ramp = next(each for each in ramps("test") if each.kind == name).simulate(40, points=60)
        assert set(ramp.truth.label.tolist()) == {label}
        assert ramp.truth.border is None
        assert ramp.truth.pressure_GPa.max() > 70


def test_ramps_of_every_kind_fit_the_usual_axis() -> None:
    axis = simulate(frames=1).spectra.two_theta
    for name in KINDS:
        spectra = next(each for each in ramps("test") if each.kind == name).simulate(4).spectra
        assert np.isfinite(Preprocessing()(spectra, axis)).all()


def test_usual_ramps_differ_by_chance_and_by_where_their_transition_lies() -> None:
    usual = [each.knobs for each in ramps("train") if each.kind == USUAL]
    assert {tuple(knobs) for knobs in usual} == {("transition_pressure",)}
    pressures = [knobs["transition_pressure"] for knobs in usual]
    assert 14.0 <= min(pressures) < 15.0 < 23.0 < max(pressures) <= 24.0


@pytest.mark.parametrize("kind", STRANGERS)
def test_strangers_look_unlike_the_ramp_they_were_made_from(kind: str) -> None:
    odd = strangers(kind, every=150)
    usual = simulate(frames=349).spectra.select(range(0, 349, 150))
    assert odd.intensity.shape == usual.intensity.shape
    assert np.abs(odd.intensity - usual.intensity).max() > 5


def test_an_unknown_part_or_kind_is_told() -> None:
    with pytest.raises(UsageError, match="no part 'exam' of the ramps; there are train, calibrate, test"):
        ramps("exam")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no strangers 'noise'; there are beam off"):
        strangers("noise")
