"""The networks are trained as they are on paper, and thresholds decide every point exactly as they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nxspectra.classifiers.binned import believability, noise_level
from nxspectra.classifiers.thresholds import Networks, Thresholds
from nxspectra.classifiers.weighted import Published, Weighted
from nxspectra.preprocessing import PUBLISHED, Preprocessing
from nxspectra.simulation import simulate

torch = pytest.importorskip("torch", reason="torch is of the extra `train`")
networks = pytest.importorskip("nxspectra.classifiers.networks.binned")

Floats = NDArray[np.float64]
Draw = Callable[[int], tuple[NDArray[np.float32], NDArray[np.float32]]]

FRAMES, CLASSES = [80, 120, 260, 300], [0, 0, 1, 1]


@pytest.fixture(scope="module")
def curves() -> tuple[Floats, Floats]:
    """The four labelled curves of a simulated ramp, prepared, and their angles."""
    spectra = simulate(seed=3).spectra.select(FRAMES)
    return Preprocessing()(spectra), spectra.two_theta


@pytest.fixture(scope="module")
def weighted(curves: tuple[Floats, Floats]) -> Weighted:
    return Weighted(iterations=60).fit(curves[0], CLASSES, two_theta=curves[1])


def some_networks(
    rng: np.random.Generator, n_bins: int, hidden: int, n_classes: int, scale: float
) -> Networks:
    def numbers(*shape: int) -> Floats:
        return rng.normal(0.0, scale, shape).astype(np.float32).astype(np.float64)

    return Networks(
        numbers(n_bins, hidden, 2),
        numbers(n_bins, hidden),
        numbers(n_bins, n_classes, hidden),
        numbers(n_bins, n_classes),
        np.tile((17.5, 3.0), (n_bins, 1)),
        np.tile((4.6, 5.0), (n_bins, 1)),
        np.tile((-np.inf, np.inf), (n_bins, 1)),
    )


def differences(table: Thresholds, nets: Networks, two_theta: Floats, X: NDArray[np.float32]) -> Floats:
    """By how much the two largest logits differ where thresholds and networks do not agree."""
    logits = networks.logits(nets, two_theta, X)
    apart = np.sort(logits, axis=2)
    return np.asarray((apart[:, :, -1] - apart[:, :, -2])[table.classes(X) != logits.argmax(axis=2)])


# -- exact inference -------------------------------------------------------------------------------


def test_thresholds_decide_a_million_points_as_the_networks_do(weighted: Weighted) -> None:
    number = 1_000_000 // weighted.two_theta_.size + 1
    rng = np.random.default_rng(0)
    X = rng.choice([0.2, 3.0, 30.0], (number, 1)) * rng.standard_normal((number, weighted.two_theta_.size))
    found = differences(weighted.thresholds_, weighted.networks_, weighted.two_theta_, X.astype(np.float32))
    assert np.all(found < 1e-5)


def test_next_to_a_threshold_points_differ_only_where_the_logits_hardly_do(weighted: Weighted) -> None:
    cuts = weighted.thresholds_.cuts
    there = np.where(cuts < np.inf, cuts, 0.0)
    single = np.float32
    X = np.concatenate([np.nextafter(there, single(-np.inf)), there, np.nextafter(there, single(np.inf))])
    found = differences(weighted.thresholds_, weighted.networks_, weighted.two_theta_, X)
    assert np.all(found < 1e-5)


def test_every_label_of_a_series_is_the_networks_own(weighted: Weighted) -> None:
    X = Preprocessing()(simulate(seed=4, frames=60).spectra)
    own = networks.logits(weighted.networks_, weighted.two_theta_, X).argmax(axis=2)
    shares = own.reshape(len(X), weighted.bins, -1).mean(axis=2)
    vote = shares @ weighted.believability_ / weighted.believability_.sum()
    assert np.array_equal(weighted.predict(X), (vote > 0.5).astype(int))


@given(
    seed=st.integers(0, 2**16),
    hidden=st.integers(1, 40),
    n_classes=st.integers(2, 4),
    scale=st.sampled_from([0.1, 1.0, 5.0]),
)
@settings(max_examples=40)
def test_thresholds_of_any_networks_are_exact(seed: int, hidden: int, n_classes: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    nets = some_networks(rng, 3, hidden, n_classes, scale)
    two_theta = np.linspace(9.6, 25.5, 3 * 17)
    table = Thresholds.of(nets, two_theta)
    X = rng.normal(3.0, 10.0, (50, two_theta.size)).astype(np.float32)
    each = [
        nets.logits(index, np.tile(angles, 50), points.reshape(-1).astype(np.float64))
        for index, (angles, points) in enumerate(
            zip(two_theta.reshape(3, 17), np.split(X, 3, axis=1), strict=True)
        )
    ]
    logits = np.concatenate([found.reshape(50, 17, n_classes) for found in each], axis=1)
    apart = np.sort(logits, axis=2)
    wrong = table.classes(X) != logits.argmax(axis=2)
    assert np.all((apart[:, :, -1] - apart[:, :, -2])[wrong] < 1e-9)


@given(
    seed=st.integers(0, 2**16),
    n_bins=st.integers(1, 4),
    size=st.sampled_from([1, 2, 7, 254, 255, 256, 268, 600]),
    n_classes=st.integers(2, 3),
)
@settings(max_examples=40)
def test_counting_votes_is_counting_the_classes_of_points(
    seed: int, n_bins: int, size: int, n_classes: int
) -> None:
    rng = np.random.default_rng(seed)
    table = Thresholds.of(
        some_networks(rng, n_bins, 12, n_classes, 1.0), np.linspace(9.6, 25.5, n_bins * size)
    )
    X = rng.normal(3.0, 10.0, (5, n_bins * size + 2)).astype(np.float32)
    classes = table.classes(X).reshape(5, n_bins, size)
    counted = np.stack([(classes == index).sum(axis=2) for index in range(n_classes)], axis=2)
    assert np.array_equal(table.count(X), counted)


def test_beyond_its_reach_a_network_is_asked_about_the_nearest_intensity_it_knows() -> None:
    nets = some_networks(np.random.default_rng(1), 1, 30, 2, 2.0)
    two_theta = np.linspace(9.6, 25.5, 40)
    near = replace(nets, reach=np.array([[-1.0, 4.0]]))
    X = np.repeat(np.linspace(-80.0, 80.0, 321, dtype=np.float32)[:, None], 40, axis=1)
    inside = np.clip(X, np.float32(-1.0), np.float32(4.0))
    table = Thresholds.of(near, two_theta)
    assert np.array_equal(table.classes(X), Thresholds.of(nets, two_theta).classes(inside))
    assert not np.array_equal(table.classes(X), Thresholds.of(nets, two_theta).classes(X))
    assert differences(table, near, two_theta, X).size == 0


# -- training --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_gradient_in_closed_form_is_that_of_the_cross_entropy(n_classes: int) -> None:
    rng = np.random.default_rng(5)
    bins = networks._Bins(3, n_classes, 11, rng)
    points = torch.from_numpy(rng.standard_normal((3, 3, 700)).astype(np.float32))
    points[:, 2] = 1.0
    classes = torch.from_numpy(rng.integers(0, n_classes, 700))
    weight = torch.from_numpy(rng.random(700).astype(np.float32))
    targets = torch.nn.functional.one_hot(classes, n_classes).float().T.contiguous()
    found = bins.gradients(points, targets, weight)

    first, second, bias = (each.clone().requires_grad_() for each in bins.parameters)
    logits = torch.baddbmm(bias, second, torch.bmm(first, points).relu())
    loss = torch.nn.functional.cross_entropy(logits, classes.expand(3, 700), reduction="none")
    (loss * weight).sum().backward()
    for ours, theirs in zip(found, (first, second, bias), strict=True):
        torch.testing.assert_close(ours, theirs.grad, rtol=1e-4, atol=1e-4)


def test_all_bins_at_once_learn_what_one_network_after_another_learns(curves: tuple[Floats, Floats]) -> None:
    rng = np.random.default_rng(7)
    n_bins, number, hidden = 3, 500, 20
    angles = rng.standard_normal((n_bins, number)).astype(np.float32)
    intensity = rng.standard_normal((n_bins, number)).astype(np.float32)
    classes = (intensity[0] > 0).astype(np.int64)
    recipe = networks.Recipe(hidden, 8e-3, 2e-5, 40)

    start = networks._Bins(n_bins, 2, hidden, np.random.default_rng(9))
    trained = networks.train_networks(
        lambda _: (angles, intensity), classes, np.ones(number), n_classes=2, recipe=recipe,
        rng=np.random.default_rng(9),
    )  # fmt: skip
    for index in range(n_bins):
        network = torch.nn.Sequential(torch.nn.Linear(2, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 2))
        with torch.no_grad():
            network[0].weight.copy_(start.first[index, :, :2])
            network[0].bias.copy_(start.first[index, :, 2])
            network[2].weight.copy_(start.second[index])
            network[2].bias.copy_(start.bias[index, :, 0])
        adam = torch.optim.Adam(network.parameters(), lr=8e-3, weight_decay=2e-5)
        points = torch.from_numpy(np.stack([angles[index], intensity[index]], axis=1))
        for _ in range(40):
            adam.zero_grad()
            torch.nn.functional.cross_entropy(network(points), torch.from_numpy(classes)).backward()
            adam.step()
        ours = trained.logits(index, angles[index].astype(float), intensity[index].astype(float))
        np.testing.assert_allclose(ours, network(points).detach().numpy(), atol=2e-3)


@pytest.mark.parametrize("variant", [Weighted, Published])
def test_the_same_seed_gives_the_same_networks_and_another_seed_others(
    variant: type[Weighted | Published], curves: tuple[Floats, Floats]
) -> None:
    one, again, other = (
        variant(iterations=5, hidden=20, seed=seed).fit(curves[0], CLASSES).networks_ for seed in (1, 1, 2)
    )
    assert np.array_equal(one.input_weight, again.input_weight)
    assert not np.array_equal(one.input_weight, other.input_weight)


def test_training_leaves_the_number_of_threads_as_it_was(curves: tuple[Floats, Floats]) -> None:
    before = torch.get_num_threads()
    Weighted(iterations=1, hidden=4).fit(curves[0], CLASSES)
    assert torch.get_num_threads() == before


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[NDArray[np.float32]]:
    """The intensities that networks were trained on, (n_bins, n_points), draw by draw."""
    seen: list[NDArray[np.float32]] = []
    original = networks.train_networks

    def spying(draw: Draw, *arguments: Any, **named: Any) -> Networks:
        seen.extend(draw(iteration)[1] for iteration in range(2))
        trained: Networks = original(draw, *arguments, **named)
        return trained

    monkeypatch.setattr(networks, "train_networks", spying)
    return seen


def test_published_noise_only_adds_and_no_clean_original_is_left(
    curves: tuple[Floats, Floats], drawn: list[NDArray[np.float32]]
) -> None:
    fitted = Published(iterations=1, hidden=4).fit(*curves[:1], CLASSES, two_theta=curves[1])
    originals = curves[0][:, : fitted.two_theta_.size].reshape(4, 15, -1).transpose(1, 0, 2).reshape(15, -1)
    rounds = drawn[0].reshape(15, 10, -1)
    added = rounds - originals[:, None].astype(np.float32)
    assert added.min() >= 0.0
    # the first round is noisy once, and all later ones on top of it
    assert 0.0 < added[:, 0].max() <= 1 / 12 + 1e-5
    assert added[:, 0].mean() == pytest.approx(1 / 24, rel=0.02)
    assert added[:, 1:].mean() == pytest.approx(2 / 24, rel=0.02)
    assert np.array_equal(drawn[0], drawn[1])


def test_weighted_trains_on_clean_originals_and_on_symmetric_noise_of_the_measured_level(
    curves: tuple[Floats, Floats], drawn: list[NDArray[np.float32]]
) -> None:
    fitted = Weighted(iterations=1, hidden=4).fit(curves[0], CLASSES, two_theta=curves[1])
    nets = fitted.networks_
    raw = drawn[0] * nets.scale[:, 1:] + nets.shift[:, 1:]
    originals = curves[0][:, : fitted.two_theta_.size].reshape(4, 15, -1).transpose(1, 0, 2).reshape(15, -1)
    copies = raw.reshape(15, 4, -1) - originals[:, None]
    assert np.abs(copies[:, 0]).max() < 1e-4
    np.testing.assert_allclose(copies[:, 1:].std(axis=(1, 2)), fitted.noise_, rtol=0.05)
    assert np.all(np.abs(copies[:, 1:].mean(axis=(1, 2))) < 0.1 * fitted.noise_)
    assert not np.array_equal(drawn[0], drawn[1])


def test_of_many_labelled_spectra_each_iteration_sees_a_dozen_others_half_of_each_class(
    drawn: list[NDArray[np.float32]],
) -> None:
    spectra = simulate(seed=3, frames=60, points=300).spectra
    X = np.delete(Preprocessing()(spectra), range(20, 40), axis=0)
    classes = [0] * 25 + [1] * 15
    fitted = Weighted(bins=1, iterations=1, hidden=4).fit(X, classes)
    raw = drawn[0] * fitted.networks_.scale[:, 1:] + fitted.networks_.shift[:, 1:]
    clean = raw.reshape(4, 12, 300)[0]
    seen = [int(np.argmin(np.abs(X - each).max(axis=1))) for each in clean]
    assert len(set(seen)) == 12
    assert [classes[each] for each in seen] == [0] * 6 + [1] * 6
    assert not np.array_equal(drawn[0].reshape(4, 12, 300)[0], drawn[1].reshape(4, 12, 300)[0])


def test_noise_is_measured_although_neighbours_share_pixels() -> None:
    quiet, noisy = (simulate(seed=5, noise=noise).spectra.select(FRAMES) for noise in (0.0, 1.0))
    truth = (noisy.intensity - quiet.intensity)[:, :4020].reshape(4, 15, 268)
    level = noise_level(PUBLISHED(noisy)[:, :4020].reshape(4, 15, 268))
    np.testing.assert_allclose(level, np.median(np.abs(truth), axis=(0, 2)) / 0.6745, rtol=0.25)


# -- believability ---------------------------------------------------------------------------------


def test_believability_of_two_classes_is_that_of_the_paper() -> None:
    A = np.array([0.6304, 0.73, 0.5124, 0.781, 0.5069])
    np.testing.assert_allclose(believability(A), [0.1361, 0.3303, 0.0, 0.4409, 0.0], atol=1e-3)


@given(st.integers(2, 10))
def test_a_bin_that_guesses_weighs_nothing_and_a_perfect_one_weighs_one(n_classes: int) -> None:
    assert believability(1.1 / n_classes, n_classes) == pytest.approx(0.0, abs=1e-12)
    assert believability(1.0 / n_classes, n_classes) == 0.0
    assert believability(1.0, n_classes) == pytest.approx(1.0)
