"""Preprocessing takes off the background, mends what a detector spoils, and says what it cannot use."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import spsolve

from nxspectra.errors import ModelError, ModelMismatch, Refused, UsageError
from nxspectra.preprocessing import PUBLISHED, Background, Preprocessing, background
from nxspectra.preprocessing.engines import Engine
from nxspectra.preprocessing.faults import Looks, cut_edge_spikes, cut_spikes
from nxspectra.simulation import simulate
from nxspectra.spectra import Spectra

Floats = NDArray[np.float64]

ENGINES: tuple[Engine, ...] = ("numpy", "numba")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "numba":
        pytest.importorskip("numba", reason="numba is of the extra `train`")
    return request.param


@pytest.fixture(scope="module")
def spectra() -> Spectra:
    return simulate(seed=2, frames=24).spectra


@pytest.fixture(scope="module")
def coarse() -> Floats:
    """(24, 500): enough for laws that any axis obeys."""
    return simulate(seed=3, frames=24, points=500).spectra.intensity.astype(np.float64)


def changed(spectra: Spectra, change: Callable[[Floats], None]) -> Spectra:
    """The spectra with their counts changed in place by `change`."""
    counts = spectra.intensity.astype(np.float64)
    change(counts)
    return Spectra(spectra.two_theta, counts, spectra.pressure, spectra.energy, spectra.exposure)


# -- the background --------------------------------------------------------------------------------


def test_the_background_agrees_with_an_independent_implementation(engine: Engine, spectra: Spectra) -> None:
    pybaselines = pytest.importorskip("pybaselines", reason="pybaselines is of the extra `dev`")
    ours = background(spectra.intensity.astype(np.float64), engine=engine)
    for curve, found in zip(spectra.intensity[::8], ours[::8], strict=True):
        # it counts the updates of the weights, and we the solutions
        theirs, _ = pybaselines.Baseline().asls(
            curve.astype(np.float64), lam=1e5, p=0.002, max_iter=9, tol=0.0
        )
        assert found == pytest.approx(theirs, abs=1e-6)


def test_the_background_solves_the_published_equations(engine: Engine) -> None:
    y = simulate(frames=1, points=400).spectra.intensity[0].astype(np.float64)
    d = sparse.diags([1.0, -2.0, 1.0], [0, 1, 2], shape=(398, 400))
    weights = np.ones(400)
    for _ in range(4):
        z = spsolve((sparse.diags(weights) + 300.0 * d.T @ d).tocsc(), weights * y)
        weights = 0.01 * (y > z) + 0.99 * (y < z)
    assert background(y, 300.0, 0.01, 4, engine=engine) == pytest.approx(z, abs=1e-9)


def test_both_engines_give_the_same_background(coarse: Floats) -> None:
    pytest.importorskip("numba", reason="numba is of the extra `train`")
    one, other = (background(coarse, engine=engine) for engine in ENGINES)
    assert one == pytest.approx(other, abs=1e-7)


def test_the_background_of_a_curve_does_not_depend_on_its_company(engine: Engine, coarse: Floats) -> None:
    together = background(coarse, engine=engine)
    for number in (0, 7, 23):
        assert np.array_equal(together[number], background(coarse[number], engine=engine))


def test_more_iterations_change_nothing_once_the_weights_have_settled(engine: Engine, coarse: Floats) -> None:
    settled = background(coarse[:4], iterations=40, engine=engine)
    assert np.array_equal(settled, background(coarse[:4], iterations=60, engine=engine))


@pytest.mark.parametrize("single", [np.float16, np.float32])
def test_single_precision_is_refused(engine: Engine, coarse: Floats, single: type[np.floating]) -> None:
    with pytest.raises(Refused, match=r"float(16|32), and a background is computed in float64; say `inten"):
        background(coarse[:2].astype(single), engine=engine)


def test_whole_numbers_and_lists_have_a_background_too(engine: Engine) -> None:
    counts = [[3, 4, 5, 9, 5, 4, 3], [1, 1, 1, 8, 1, 1, 1]]
    assert background(counts, 10.0, engine=engine).shape == (2, 7)
    assert background(np.array(counts, np.uint16)[0], 10.0, engine=engine).shape == (7,)


@given(
    slope=st.floats(-10.0, 10.0),
    level=st.floats(-100.0, 100.0),
    points=st.integers(3, 40),
    curves=st.integers(1, 3),
    which=st.sampled_from(ENGINES),
)
def test_a_straight_line_is_its_own_background(
    slope: float, level: float, points: int, curves: int, which: Engine
) -> None:
    if which == "numba":
        pytest.importorskip("numba", reason="numba is of the extra `train`")
    line = level + slope * np.arange(points)
    found = background(np.tile(line, (curves, 1)), engine=which)
    assert found == pytest.approx(np.tile(line, (curves, 1)), abs=1e-4)


def test_a_flat_curve_among_others_stays_flat_and_leaves_them_alone(engine: Engine, coarse: Floats) -> None:
    mixed = coarse[:18].copy()
    mixed[3] = 0.0
    mixed[17] = 7.0
    found = background(mixed, engine=engine)
    assert not found[3].any()
    assert found[17] == pytest.approx(7.0, abs=1e-6)
    assert np.array_equal(found[4], background(mixed[4], engine=engine))


@given(st.floats(0.1, 1e4), st.floats(-1e3, 1e3))
def test_the_background_scales_and_shifts_with_the_curve(scale: float, shift: float) -> None:
    y = np.abs(np.sin(np.linspace(0.0, 9.0, 60))) + np.linspace(0.0, 2.0, 60) ** 2
    moved = background(scale * y + shift, 50.0, 0.05, engine="numpy")
    assert moved == pytest.approx(
        scale * background(y, 50.0, 0.05, engine="numpy") + shift, abs=1e-4 * scale + 1e-5
    )


def test_backgrounds_can_be_taken_in_several_threads_at_once(engine: Engine, coarse: Floats) -> None:
    alone = background(coarse, engine=engine)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: background(coarse, engine=engine), range(4)))
    assert all(np.array_equal(alone, one) for one in found)


@pytest.mark.parametrize(
    "wrong",
    [np.array(["a", "b", "c"]), np.ones(5, complex), np.ones(2), np.ones((2, 2, 5)), np.float64(1.0)],
    ids=["text", "complex", "two points", "three dimensions", "scalar"],
)
def test_what_is_no_curve_has_no_background(wrong: NDArray[np.generic]) -> None:
    with pytest.raises(Refused, match="intensity"):
        background(wrong)


def test_a_curve_with_gaps_is_named() -> None:
    curves = np.ones((4, 9))
    curves[2, 5] = np.nan
    with pytest.raises(Refused, match="the first is number 2"):
        background(curves)


@pytest.mark.parametrize(
    ("smoothness", "asymmetry", "iterations", "named"),
    [
        (0.0, 0.1, 1, "smoothness"),
        (1.0, 1.0, 1, "asymmetry"),
        (1.0, 0.1, 0, "iterations"),
        (np.nan, 0.1, 1, "smooth"),
    ],
)
def test_a_setting_that_defines_no_background_is_named(
    smoothness: float, asymmetry: float, iterations: int, named: str
) -> None:
    with pytest.raises(UsageError, match=named):
        background(np.ones(9), smoothness, asymmetry, iterations)


# -- faults of the detector ----------------------------------------------------------------------------


def test_the_published_preprocessing_is_the_background_and_nothing_else(spectra: Spectra) -> None:
    counts = spectra.intensity.astype(np.float64)
    expected = counts - background(counts)
    assert np.array_equal(PUBLISHED(spectra), expected)


def test_a_hot_pixel_is_cut_and_the_lines_stay(spectra: Spectra) -> None:
    mended, plain = Preprocessing()(spectra), PUBLISHED(spectra)
    pixel = int(np.argmin(np.abs(spectra.two_theta - 17.569)))
    assert np.all(plain[:, pixel] > 0.6)
    assert np.all(mended[:, pixel] < 0.6)
    lines = (spectra.two_theta > 11.0) & (spectra.two_theta < 15.0)
    assert np.mean(mended[:, lines] != plain[:, lines]) < 1e-3


def test_spikes_at_the_ends_are_cut_down_to_what_lies_beside_them(spectra: Spectra) -> None:
    mended, plain = Preprocessing(spike_width=0.0)(spectra), PUBLISHED(spectra)
    beside = plain[:, -100:-26].max(axis=1, keepdims=True)
    assert np.all(plain[:, -24:].max(axis=1, keepdims=True) > 2.0 * beside)
    assert np.all(mended[:, -24:] < 2.0 * beside)
    assert np.array_equal(mended[:, 200:300], plain[:, 200:300])


def test_a_curve_without_faults_is_left_as_it_is() -> None:
    x = np.linspace(9.56, 25.55, 4023)
    line = 10.0 * np.exp(-(((x - 14.0) / 0.08) ** 2)) + np.sin(40.0 * x) * 0.03
    clean = Spectra(x, line[np.newaxis])
    assert np.array_equal(Preprocessing(background=None)(clean)[0], line)


def test_a_few_missing_points_are_filled_from_their_neighbours(spectra: Spectra) -> None:
    def gap(counts: Floats) -> None:
        counts[5, 1600:1604] = [np.nan, np.inf, -np.inf, np.nan]

    prepared = Preprocessing().prepare(changed(spectra, gap))
    whole = Preprocessing()(spectra)
    assert prepared.usable.all()
    assert prepared.intensity[5] == pytest.approx(whole[5], abs=1.0)
    assert np.array_equal(np.delete(prepared.intensity, 5, 0), np.delete(whole, 5, 0))


def test_a_curve_with_many_missing_points_is_unusable_and_the_others_are_not(spectra: Spectra) -> None:
    def hole(counts: Floats) -> None:
        counts[5, :1500] = np.nan

    prepared = Preprocessing().prepare(changed(spectra, hole))
    assert dict(prepared.unusable) == {5: "37% of its points are not finite numbers"}
    assert np.isnan(prepared.intensity[5]).all()
    assert np.flatnonzero(~prepared.usable).tolist() == [5]
    assert np.isfinite(prepared.intensity[prepared.usable]).all()


def test_a_curve_without_beam_is_unusable() -> None:
    prepared = Preprocessing().prepare(simulate(frames=6, beam_off=[2]).spectra)
    assert dict(prepared.unusable) == {2: "nearly all its points are 0: there was no beam"}


def test_a_curve_of_nothing_but_nan_is_unusable(spectra: Spectra) -> None:
    def nothing(counts: Floats) -> None:
        counts[:] = np.nan

    prepared = Preprocessing(gaps=1.0).prepare(changed(spectra, nothing))
    assert not prepared.usable.any()
    assert np.isnan(prepared.intensity).all()


def test_negative_counts_are_counts() -> None:
    made = simulate(frames=3)
    lower = changed(made.spectra, lambda counts: np.subtract(counts, 50.0, out=counts))
    assert Preprocessing()(lower) == pytest.approx(Preprocessing()(made.spectra), abs=1e-6)


def test_of_no_spectra_none_are_made_ready(spectra: Spectra) -> None:
    none = spectra.select(np.zeros(0, np.int64))
    assert Preprocessing()(none, spectra.two_theta).shape == (0, spectra.two_theta.size)


def test_the_spectra_given_are_not_changed(spectra: Spectra) -> None:
    before = spectra.intensity.copy()
    Preprocessing(background=None, normalisation="noise")(spectra)
    assert np.array_equal(before, spectra.intensity)


def test_a_spectrum_is_treated_alike_alone_and_in_a_series(spectra: Spectra) -> None:
    together = Preprocessing()(spectra)
    assert np.array_equal(Preprocessing()(spectra.select([9]))[0], together[9])


@pytest.mark.parametrize("points", [10, 127, 128, 300, 1001])
@pytest.mark.parametrize("width", [0.005, 0.05, 0.3])
def test_both_engines_cut_the_same_spikes(points: int, width: float) -> None:
    pytest.importorskip("numba", reason="numba is of the extra `train`")
    chance = np.random.default_rng(points)
    axis, curves = np.linspace(9.0, 25.0, points), chance.normal(0.0, 1.0, (37, points))
    curves[chance.random(curves.shape) < 0.01] += chance.exponential(50.0)
    for cut in (
        lambda c, e: cut_spikes(axis, c, width, 3.0, e),
        lambda c, e: cut_edge_spikes(axis, c, width, e),
    ):
        one, other = curves.copy(), curves.copy()
        cut(one, "numpy")
        cut(other, "numba")
        assert np.array_equal(one, other)


def test_both_engines_see_the_same_at_first_sight() -> None:
    pytest.importorskip("numba", reason="numba is of the extra `train`")
    curves = np.random.default_rng(1).integers(0, 4, (50, 30)).astype(np.float64)
    curves[7, 3], curves[8] = np.inf, 0.0
    one, other = (Looks.of(curves, engine) for engine in ENGINES)
    assert np.array_equal(one.finite, other.finite)
    for name in ("least", "at_least", "plateau"):
        assert np.array_equal(getattr(one, name)[one.finite], getattr(other, name)[one.finite])


def test_a_saturated_curve_is_unusable() -> None:
    def clip(counts: Floats) -> None:
        np.minimum(counts[4], counts[4].max() / 2.0, out=counts[4])

    prepared = Preprocessing().prepare(changed(simulate(seed=2, frames=24).spectra, clip))
    assert list(prepared.unusable) == [4]
    assert prepared.unusable[4].endswith("points are equal: the detector was saturated")


# -- scale and grid ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("normalisation", ["noise", "area"])
def test_normalised_spectra_do_not_know_how_long_they_were_exposed(
    spectra: Spectra, normalisation: str
) -> None:
    longer = changed(spectra, lambda counts: np.multiply(counts, 8.0, out=counts))
    treat = Preprocessing(normalisation=normalisation)  # type: ignore[arg-type]
    assert treat(longer) == pytest.approx(treat(spectra), rel=1e-6, abs=1e-6)
    assert not np.allclose(Preprocessing()(longer), Preprocessing()(spectra))


def exposed(spectra: Spectra, seconds: float) -> Spectra:
    """The same sample under the same beam, exposed for so long."""
    before = np.asarray(spectra.exposure).reshape(-1)[0]
    return replace(spectra, intensity=spectra.intensity * (seconds / before), exposure=np.array([seconds]))


def test_a_longer_exposure_is_brought_to_that_of_training(spectra: Spectra) -> None:
    treat = Preprocessing().suited_to([spectra])
    assert (treat.normalisation, treat.reference) == ("exposure", pytest.approx(0.1))
    assert np.array_equal(treat(spectra), Preprocessing()(spectra))
    assert treat(exposed(spectra, 0.4)) == pytest.approx(treat(spectra), abs=1e-4)


def test_a_monitor_that_varies_is_worth_more_than_the_exposure(spectra: Spectra) -> None:
    beam = np.linspace(0.5, 1.5, len(spectra))
    varying = replace(spectra, intensity=spectra.intensity * beam[:, np.newaxis], monitor=1e6 * beam)
    treat = Preprocessing().suited_to([varying])
    assert (treat.normalisation, treat.reference) == ("monitor", pytest.approx(1e6))
    assert treat(varying) == pytest.approx(Preprocessing()(spectra), abs=1e-4)
    with pytest.raises(ModelMismatch, match="needs an NXmonitor"):
        treat(spectra)


def test_a_spectrum_without_beam_on_the_monitor_is_unusable(spectra: Spectra) -> None:
    beam = np.full(len(spectra), 1e6)
    beam[3] = 0.0
    prepared = (
        Preprocessing().suited_to([replace(spectra, monitor=beam)]).prepare(replace(spectra, monitor=beam))
    )
    assert dict(prepared.unusable) == {3: "its monitor is 0"}


def test_spectra_that_know_neither_exposure_nor_monitor_are_left_as_they_are(spectra: Spectra) -> None:
    bare = replace(spectra, exposure=None)
    assert Preprocessing().suited_to([spectra, bare]).normalisation == "none"
    with pytest.raises(UsageError, match="'exposure': not all"):
        Preprocessing(normalisation="exposure").suited_to([bare])


def test_the_own_grid_changes_nothing(spectra: Spectra) -> None:
    prepared = Preprocessing().prepare(spectra, spectra.two_theta + 1e-9)
    assert np.array_equal(prepared.intensity, Preprocessing()(spectra))


def test_lines_stay_where_they_are_on_another_grid() -> None:
    made = simulate(frames=2, noise=0.0)
    grid = np.linspace(9.6, 25.5, 3000)
    prepared = Preprocessing(background=None).prepare(made.spectra, grid)
    assert prepared.intensity.shape == (2, 3000)
    assert np.array_equal(prepared.two_theta, grid)
    expected = np.interp(grid, made.spectra.two_theta, made.spectra.intensity[0].astype(np.float64))
    far = np.abs(grid - 17.569) > 0.05
    assert prepared.intensity[0, far][20:-30] == pytest.approx(expected[far][20:-30], abs=1e-9)


def test_a_grid_that_reaches_a_little_beyond_the_spectra_is_filled_with_their_end() -> None:
    made = simulate(frames=1, noise=0.0)
    grid = np.linspace(9.3, 25.5, 4000)
    found = Preprocessing(background=None, edge_width=0.0)(made.spectra, grid)[0]
    assert np.all(found[grid < made.spectra.two_theta[0]] == made.spectra.intensity[0, 0])


@pytest.mark.parametrize("grid", [np.linspace(20.0, 40.0, 4000), np.linspace(5.0, 60.0, 4000)])
def test_a_model_of_another_range_does_not_fit_and_both_ranges_are_named(
    spectra: Spectra, grid: Floats
) -> None:
    with pytest.raises(ModelMismatch, match=r"9\.560 to 25\.550 .* 4023 .* 4000 points"):
        Preprocessing()(spectra, grid)


# -- the card ----------------------------------------------------------------------------------------------


@given(
    st.builds(
        Preprocessing,
        background=st.none()
        | st.builds(
            Background,
            st.floats(1e-3, 1e9),
            st.floats(0.0, 1.0, exclude_min=True, exclude_max=True),
            st.integers(1, 50),
        ),
        gaps=st.floats(0.0, 1.0),
        spike_width=st.floats(0.0, 1.0),
        edge_width=st.floats(0.0, 1.0),
        threshold=st.floats(0.0, 100.0),
        normalisation=st.sampled_from(["none", "noise", "area"]),
    )
)
def test_settings_come_back_from_a_card(settings: Preprocessing) -> None:
    assert Preprocessing.from_json(json.loads(json.dumps(settings.as_json()))) == settings


@pytest.mark.parametrize(
    ("card", "named"),
    [
        ({"smothness": 3}, "smothness"),
        ({"background": {"smoothness": -1}}, "smoothness"),
        ({"background": {"lam": 1}}, "lam"),
        ({"background": 5}, "preprocessing"),
        ({"normalisation": "max"}, "max"),
        ({"gaps": "many"}, "preprocessing"),
        ({"threshold": -1}, "threshold"),
    ],
)
def test_a_card_that_is_none_is_refused_by_name(card: dict[str, object], named: str) -> None:
    with pytest.raises(ModelError, match=named):
        Preprocessing.from_json(card)
