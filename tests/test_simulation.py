"""A simulated ramp is what physics and the measured ramp say it is, and the knobs do what their names say."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import nxspectra as nxs
from nxspectra.errors import UsageError
from nxspectra.preprocessing import background
from nxspectra.simulation import Ramp, simulate
from nxspectra.simulation.crystals import (
    CUBIC_C_OVER_A,
    IRON,
    MAGNESIOWUSTITE,
    PLATINUM,
    Material,
    birch_murnaghan,
    cubic_spacing,
    rhombohedral_spacing,
    two_theta,
    vinet,
)
from nxspectra.simulation.lines import positions
from nxspectra.tree import Field, Group

Floats = NDArray[np.float64]
pressures = st.floats(0.0, 100.0)


@pytest.fixture(scope="module")
def ramp() -> Ramp:
    return simulate()


@pytest.fixture(scope="module")
def flat(ramp: Ramp) -> Floats:
    """The curves of the ramp without their background."""
    return ramp.spectra.intensity - background(ramp.spectra.intensity.astype(np.float64))


def highest(ramp: Ramp, curve: Floats, around: float, half: float = 0.25) -> tuple[float, float]:
    """Where the highest point near an angle lies, and how high, the noise averaged out."""
    x = ramp.spectra.two_theta
    smooth = np.convolve(curve, np.ones(9) / 9.0, "same")
    near = np.flatnonzero(np.abs(x - around) < half)
    top = near[np.argmax(smooth[near])]
    return float(x[top]), float(smooth[top])


# -- crystals --------------------------------------------------------------------------------------


@pytest.mark.parametrize("material", [MAGNESIOWUSTITE, PLATINUM, IRON])
@given(pressure=pressures)
def test_a_volume_belongs_to_the_pressure_it_was_asked_for(material: Material, pressure: float) -> None:
    of = birch_murnaghan if material.equation == "birch-murnaghan" else vinet
    back = of(material.volume(pressure), material.bulk_modulus, material.derivative)
    assert back == pytest.approx(pressure, abs=1e-3)


@pytest.mark.parametrize("of", [birch_murnaghan, vinet])
def test_an_equation_of_state_has_its_bulk_modulus_at_zero_pressure(of: type) -> None:
    step = 1e-5
    slope = (of(1.0 - step, 160.0, 4.2) - of(1.0 + step, 160.0, 4.2)) / (2.0 * step)
    assert of(1.0, 160.0, 4.2) == pytest.approx(0.0, abs=1e-12)
    assert slope == pytest.approx(160.0, rel=1e-6)


@pytest.mark.parametrize(
    ("cubic", "rhombohedral"),
    [
        ((1, 1, 1), (0, 0, 3)), ((1, 1, 1), (1, 0, 1)), ((2, 0, 0), (0, 1, 2)), ((2, 2, 0), (1, 0, 4)),
        ((2, 2, 0), (1, 1, 0)), ((2, 2, 2), (0, 0, 6)), ((2, 2, 2), (2, 0, 2)), ((3, 1, 1), (0, 1, 5)),
        ((3, 1, 1), (0, 2, 1)), ((3, 1, 1), (1, 1, 3)),
    ],
)  # fmt: skip
def test_an_undistorted_rhombohedral_cell_is_the_cubic_one(
    cubic: tuple[int, int, int], rhombohedral: tuple[int, int, int]
) -> None:
    assert rhombohedral_spacing(4.291, CUBIC_C_OVER_A, rhombohedral) == pytest.approx(
        cubic_spacing(4.291, cubic), rel=1e-12
    )


@given(st.floats(1.0, 4.0), st.floats(15.0, 40.0), st.floats(1.001, 2.0))
def test_harder_rays_and_wider_planes_diffract_to_smaller_angles(
    d: float, energy: float, factor: float
) -> None:
    assert two_theta(d, energy * factor) < two_theta(d, energy)
    assert two_theta(d * factor, energy) == pytest.approx(float(two_theta(d, energy * factor)))


@pytest.mark.parametrize(
    ("pressure", "expected"),
    [
        (
            0.0,
            {"low 111": 11.219, "low 200": 12.961, "low 220": 18.369, "low 311": 21.575, "low 222": 22.547},
        ),
        (0.0, {"marker 111": 12.231, "marker 200": 14.132, "marker 220": 20.037, "marker 311": 23.542}),
        (18.5, {"low 200": 13.416, "high 003": 11.365, "high 012": 13.419, "high 104": 18.817}),
        (50.0, {"high 003": 11.632, "high 012": 13.963, "high 110": 20.159, "marker 111": 12.777}),
        (80.0, {"high 003": 11.813, "high 012": 14.349, "marker 111": 13.005, "marker 200": 15.028}),
    ],
)
def test_lines_lie_where_the_published_cells_and_elasticities_put_them(
    pressure: float, expected: dict[str, float]
) -> None:
    lie = positions(pressure)
    assert {name: lie[name] for name in expected} == pytest.approx(expected, abs=0.004)


# -- the curves beside those that were measured ------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "measured", "height"),
    [
        (0, 11.191, 10.8), (0, 12.236, 8.3), (0, 12.976, 12.4), (0, 14.117, 2.3), (0, 18.352, 14.3),
        (0, 20.072, 1.5), (0, 21.626, 1.6), (0, 22.470, 1.7), (340, 11.824, 4.4), (340, 13.002, 2.9),
        (340, 14.353, 9.5),
    ],
)  # fmt: skip
def test_a_line_lies_within_a_few_hundredths_of_a_degree_of_the_measured_one_and_is_about_as_high(
    ramp: Ramp, flat: Floats, frame: int, measured: float, height: float
) -> None:
    where, high = highest(ramp, flat[frame], measured)
    assert where == pytest.approx(measured, abs=0.07 if measured > 20 else 0.035)
    assert high == pytest.approx(height, rel=0.35)


@pytest.mark.parametrize(
    ("first", "last", "measured"), [(9.8, 10.3, 0.045), (15.3, 16.6, 0.031), (24.3, 24.8, 0.082)]
)
def test_noise_is_as_large_as_measured_where_there_is_background_alone(
    ramp: Ramp, flat: Floats, first: float, last: float, measured: float
) -> None:
    region = (ramp.spectra.two_theta > first) & (ramp.spectra.two_theta < last)
    sd = np.diff(flat[:50, region], axis=1).std() / np.sqrt(2.0)
    assert sd == pytest.approx(measured, rel=0.2)


def test_neighbouring_points_share_their_noise_and_distant_ones_do_not() -> None:
    difference = simulate(frames=60).spectra.intensity - simulate(frames=60, noise=0.0).spectra.intensity
    noise = difference[:, 1500:1900].astype(np.float64)
    near = np.mean(noise[:, 1:] * noise[:, :-1]) / np.mean(noise**2)
    far = np.mean(noise[:, 8:] * noise[:, :-8]) / np.mean(noise**2)
    assert near == pytest.approx(0.8, abs=0.05)
    assert far == pytest.approx(0.0, abs=0.05)


def test_the_111_line_surges_fourfold_and_the_220_line_dies(ramp: Ramp, flat: Floats) -> None:
    surge = np.median([highest(ramp, flat[frame], 11.25)[1] for frame in range(120, 145, 4)])
    start = np.median([highest(ramp, flat[frame], 11.19)[1] for frame in range(0, 25, 4)])
    assert surge / start == pytest.approx(4.0, rel=0.25)
    assert highest(ramp, flat[10], 18.36)[1] > 8.0
    assert highest(ramp, flat[230], 19.2, 0.6)[1] < 1.5


def test_a_hot_pixel_and_the_ends_of_the_axis_stand_out_in_every_curve(ramp: Ramp, flat: Floats) -> None:
    x = ramp.spectra.two_theta
    pixel = int(np.argmin(np.abs(x - 17.569)))
    assert np.all(flat[:, pixel] > flat[:, pixel - 8] + 0.2)
    assert flat[:, -24:].max(axis=1).min() > 1.0
    assert np.median(flat[:, :4]) > 3.0 * np.median(flat[:, 40:80])


def test_raw_counts_have_a_falling_background(ramp: Ramp) -> None:
    under = background(ramp.spectra.intensity.astype(np.float64))
    x = ramp.spectra.two_theta
    assert under[:, np.argmin(np.abs(x - 10.0))].min() > 2.0
    assert np.all(under[:, np.argmin(np.abs(x - 10.0))] > under[:, np.argmin(np.abs(x - 20.0))])


# -- the truth ---------------------------------------------------------------------------------------


def test_the_class_is_high_from_the_transition_pressure_on(ramp: Ramp) -> None:
    truth = ramp.truth
    assert np.array_equal(truth.label == 1, truth.pressure_GPa >= 18.5)
    assert truth.border == 189
    assert truth.labels[0] == "low"
    assert truth.labels[-1] == "high"


def test_the_fraction_is_a_half_at_the_transition_and_spreads_over_its_width() -> None:
    truth = simulate(transition_pressure=30.0, width=2.0, points=64).truth
    order = np.argsort(truth.pressure_GPa)
    at = np.interp(
        [30.0, 30.0 - 2.0 * np.log(9.0), 30.0 + 2.0 * np.log(9.0)],
        truth.pressure_GPa[order],
        truth.fraction[order],
    )
    assert at == pytest.approx([0.5, 0.1, 0.9], abs=0.01)


def test_without_a_transition_all_is_low_and_no_line_splits() -> None:
    one, two = simulate(transition_pressure=None, noise=0.0), simulate(noise=0.0)
    assert not one.truth.label.any()
    assert not one.truth.fraction.any()
    shoulder = np.argmin(np.abs(one.spectra.two_theta - positions(81.0)["high 101"]))
    assert one.spectra.intensity[-1, shoulder] < two.spectra.intensity[-1, shoulder] - 0.5


def test_the_file_has_a_reading_of_the_pressure_and_not_the_truth(ramp: Ramp) -> None:
    assert ramp.spectra.pressure is not None
    error = (ramp.spectra.pressure - ramp.truth.pressure_GPa)[100:]
    assert error.std() == pytest.approx(0.1, rel=0.2)
    assert ramp.spectra.pressure.min() >= 0.0


def test_the_truth_as_text_has_a_line_a_frame(ramp: Ramp) -> None:
    rows = list(csv.DictReader(io.StringIO(ramp.truth_csv())))
    assert list(rows[0]) == ["frame", "pressure_GPa", "label", "fraction"]
    assert [int(row["frame"]) for row in rows] == list(range(349))
    assert [row["label"] for row in rows] == list(ramp.truth.labels)
    assert [float(row["pressure_GPa"]) for row in rows] == pytest.approx(ramp.truth.pressure_GPa, abs=1e-4)
    assert [float(row["fraction"]) for row in rows] == pytest.approx(ramp.truth.fraction, abs=1e-6)


# -- the knobs -----------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_ramp_and_another_seed_another() -> None:
    one, same, other = simulate(3, frames=5), simulate(3, frames=5), simulate(4, frames=5)
    assert np.array_equal(one.spectra.intensity, same.spectra.intensity)
    assert one.tree() == same.tree()
    assert not np.array_equal(one.spectra.intensity, other.spectra.intensity)


def test_turning_one_knob_leaves_the_chance_of_the_others() -> None:
    still, spotty = simulate(frames=30, spottiness=0.0), simulate(frames=30, spottiness=0.3)
    assert np.array_equal(still.truth.pressure_GPa, spotty.truth.pressure_GPa)
    assert not np.array_equal(still.spectra.intensity, spotty.spectra.intensity)


def test_spottiness_is_the_spread_of_the_logarithm_of_a_line() -> None:
    def log_height(spottiness: float) -> Floats:
        made = simulate(noise=0.0, spottiness=spottiness, frames=349)
        lines = made.spectra.intensity - background(made.spectra.intensity.astype(np.float64))
        return np.log([highest(made, curve, 12.24, 0.1)[1] for curve in lines[:60]])

    spread = np.std(np.concatenate([log_height(0.15) - log_height(0.0)]))
    assert 0.05 < spread < 0.3


def test_noise_grows_with_its_knob() -> None:
    without = simulate(frames=8, noise=0.0).spectra.intensity
    once = simulate(frames=8).spectra.intensity - without
    thrice = simulate(frames=8, noise=3.0).spectra.intensity - without
    assert thrice == pytest.approx(3.0 * once, abs=1e-3)


def test_decompression_is_the_ramp_backwards() -> None:
    up, down = simulate(noise=0.0), simulate(decompression=True)
    assert down.truth.pressure_GPa == pytest.approx(up.truth.pressure_GPa[::-1], abs=0.5)
    assert down.truth.labels[0] == "high"
    assert down.truth.border == pytest.approx(349 - 189, abs=2)


@pytest.mark.parametrize(("back", "changes"), [(False, 3), (True, 2)])
def test_two_ramps_go_up_twice_or_up_and_back(back: bool, changes: int) -> None:
    truth = simulate(two_ramps=True, decompression=back, points=64).truth
    assert len(truth) == 349
    assert np.count_nonzero(np.diff(truth.label)) == changes
    assert truth.border is None


def test_missing_frames_are_not_in_the_series() -> None:
    whole, part = simulate(points=64), simulate(points=64, missing=0.2)
    assert len(part.spectra) == len(part.truth) == 349 - 70
    assert set(part.truth.pressure_GPa) < set(whole.truth.pressure_GPa)


def test_shuffled_frames_keep_their_curves_and_truth() -> None:
    whole, mixed = simulate(points=64, frames=50), simulate(points=64, frames=50, shuffled=True)
    order = [int(np.flatnonzero(whole.truth.pressure_GPa == p)[0]) for p in mixed.truth.pressure_GPa[20:]]
    assert order != sorted(order)
    assert np.array_equal(mixed.spectra.intensity[20:], whole.spectra.intensity[order])


def test_a_frame_without_beam_has_no_counts_but_the_hot_pixel_and_no_class() -> None:
    made = simulate(frames=9, beam_off=[4])
    counts = made.spectra.intensity[4]
    assert np.count_nonzero(counts) < 16
    assert made.truth.label[4] == -1
    assert made.truth.labels[4] is None


def test_a_frame_with_the_marker_alone_has_no_line_of_the_sample() -> None:
    made = simulate(frames=9, noise=0.0, marker_only=[0])
    lines = made.spectra.intensity[0] - background(made.spectra.intensity[0].astype(np.float64))
    assert highest(made, lines, 12.236)[1] > 3.0
    assert highest(made, lines, 18.36)[1] < 0.5
    assert made.truth.label[0] == -1


def test_a_stranger_has_lines_of_its_own_and_no_class() -> None:
    made = simulate(frames=9, noise=0.0, stranger=True)
    lines = made.spectra.intensity[0] - background(made.spectra.intensity[0].astype(np.float64))
    assert highest(made, lines, positions(0.0)["stranger 110"])[1] > 8.0
    assert highest(made, lines, 18.36)[1] < 0.5
    assert set(made.truth.label) == {-1}


def test_a_zero_shift_moves_all_lines_alike() -> None:
    still, moved = simulate(frames=2, noise=0.0), simulate(frames=2, noise=0.0, zero_shift=0.02)
    for around in (11.19, 12.236, 18.36):
        shift = (
            highest(moved, moved.spectra.intensity[0], around)[0]
            - highest(still, still.spectra.intensity[0], around)[0]
        )
        assert shift == pytest.approx(0.02, abs=0.005)


def test_an_energy_error_moves_lines_in_proportion_and_the_file_does_not_know() -> None:
    right, wrong = simulate(frames=2, noise=0.0), simulate(frames=2, noise=0.0, energy_error=0.003)
    assert np.array_equal(right.spectra.energy, wrong.spectra.energy)
    for around in (11.19, 18.36):
        here, there = (highest(made, made.spectra.intensity[0], around)[0] for made in (right, wrong))
        assert there - here == pytest.approx(-0.003 * here, abs=0.006)


def test_without_the_precursor_the_low_phase_stays_cubic_until_the_transition() -> None:
    cubic, strained = simulate(noise=0.0, precursor=False), simulate(noise=0.0)
    frame = 150
    pressure = float(cubic.truth.pressure_GPa[frame])
    at = highest(cubic, cubic.spectra.intensity[frame], 11.4, 0.3)[0]
    before = highest(strained, strained.spectra.intensity[frame], 11.4, 0.3)[0]
    assert at == pytest.approx(positions(pressure)["low 111"], abs=0.02)
    assert before == pytest.approx(positions(pressure)["high 003"], abs=0.02)


def test_drift_raises_the_background_at_the_end_alone() -> None:
    still, drifting = simulate(noise=0.0), simulate(noise=0.0, drift=0.5)
    ratio = background(drifting.spectra.intensity.astype(np.float64)) / background(
        still.spectra.intensity.astype(np.float64)
    )
    assert ratio[0, 200:3800] == pytest.approx(1.0, abs=0.01)
    assert np.median(ratio[-1]) == pytest.approx(1.5, abs=0.1)


def test_another_grid_shows_the_same_lines() -> None:
    coarse = simulate(frames=3, points=1000, angles=(8.0, 30.0))
    assert coarse.spectra.intensity.shape == (3, 1000)
    assert coarse.spectra.two_theta[[0, -1]] == pytest.approx([8.0, 30.0])
    assert highest(coarse, coarse.spectra.intensity[0], 18.36)[0] == pytest.approx(18.36, abs=0.03)


@given(
    seed=st.integers(0, 2**32),
    frames=st.integers(2, 6),
    spottiness=st.floats(0.0, 1.0),
    width=st.floats(0.01, 20.0),
    missing=st.floats(0.0, 0.99),
    two=st.booleans(),
    down=st.booleans(),
)
def test_any_ramp_has_finite_counts_and_as_many_truths_as_spectra(
    seed: int, frames: int, spottiness: float, width: float, missing: float, two: bool, down: bool
) -> None:
    made = simulate(
        seed,
        frames,
        spottiness=spottiness,
        width=width,
        missing=missing,
        two_ramps=two,
        decompression=down,
        points=64,
    )
    assert np.isfinite(made.spectra.intensity).all()
    assert len(made.spectra) == len(made.truth) == made.truth.fraction.size >= 1
    assert np.all((made.truth.fraction >= 0) & (made.truth.fraction <= 1))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"frames": 0}, "frames"), ({"width": 0.0}, "width"), ({"noise": -1.0}, "noise"),
        ({"missing": 1.0}, "missing"),
        ({"angles": (20.0, 10.0)}, "angles"), ({"points": 3}, "points"), ({"beam_off": [349]}, "beam_off"),
        ({"energy_error": -1.0}, "energy_error"), ({"noise": float("nan")}, "noise"), ({"seed": -1}, "seed"),
    ],
)  # fmt: skip
def test_a_knob_out_of_range_is_named(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        simulate(**wrong)  # type: ignore[arg-type]


# -- the raw file ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def raw() -> Group:
    return simulate(seed=7, frames=12).tree()


def test_the_raw_file_comes_back_from_disk_as_it_was(raw: Group, tmp_path: Path) -> None:
    path = nxs.write(raw, tmp_path / "raw.nxs")
    assert nxs.read(path) == raw


def test_the_raw_file_has_its_facts_among_hundreds_of_free_keys_in_many_collections(raw: Group) -> None:
    collections = [
        path for path, node in raw.walk() if isinstance(node, Group) and node.nx_class == "NXcollection"
    ]
    free = {
        path
        for path, node in raw.walk()
        if isinstance(node, Field) and any(path.startswith(f"{where}/") for where in collections)
    }
    assert len(collections) >= 20
    assert len(free) >= 350


def test_the_raw_file_follows_no_definition_and_has_nothing_at_its_standard_place(raw: Group) -> None:
    assert not nxs.validate(raw).conforms
    for path in (
        "definition",
        "sample/pressure",
        "instrument/beam",
        "instrument/detector/count_time",
        "data",
    ):
        assert f"entry/{path}" not in raw


def test_the_raw_file_holds_the_spectra_the_pressure_and_the_energy(raw: Group) -> None:
    spectra = simulate(seed=7, frames=12).spectra
    assert np.array_equal(raw["entry/integrated/I"].array, spectra.intensity)
    assert np.array_equal(raw["entry/integrated/tth"].array, spectra.two_theta)
    assert np.array_equal(raw["entry/collection_extra/dac/pressure_Pt"].array, spectra.pressure)
    assert raw["entry/collection_extra/dac/pressure_Pt"].units == "GPa"
    assert raw["entry/collection_extra/beamline/photon_energy"].text == "25.6 keV"
    assert raw["entry/instrument/detector/collection/shutter_time"].number == 100.0


def test_migrating_the_raw_file_makes_it_conform_and_gives_the_spectra_back(raw: Group) -> None:
    run = nxs.migrate(raw, "p02.2")
    assert nxs.validate(run).conforms
    found, made = nxs.Spectra.of(run), simulate(seed=7, frames=12).spectra
    assert np.array_equal(found.intensity, made.intensity)
    assert found.pressure == pytest.approx(made.pressure)
    assert found.energy == pytest.approx([25.6])
    assert found.exposure == pytest.approx([0.1])


@pytest.mark.parametrize(
    ("trap", "units"),
    [
        ("instrument/source/energy", "GeV"),
        ("instrument/detector/collection/beam_energy", "eV"),
        ("instrument/detector/threshold_energy", "eV"),
        ("instrument/collection/perkinelmer/exposure_time", "mm"),
        ("collection_extra/dac/membrane_pressure_bar", "bar"),
        ("collection_extra/undulator/energy", "keV"),
        ("collection_extra/vacuum/chamber_pressure", "mbar"),
    ],
)
def test_the_raw_file_has_what_must_not_be_taken_for_a_fact(raw: Group, trap: str, units: str) -> None:
    assert raw[f"entry/{trap}"].units == units
