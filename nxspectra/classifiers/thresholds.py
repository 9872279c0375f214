"""Exact inference: at a fixed angle a bin's network is a handful of sorted thresholds on intensity.

A network Linear(2, hidden) – ReLU – Linear(hidden, n_classes) takes a point (two theta, intensity). The
angles of a grid are fixed, so at each of them the logits are piecewise linear in intensity alone, with at
most `hidden` breakpoints, and the class with the largest logit changes at a few intensities. These are
found once, exactly; afterwards a point needs comparisons and no network. numpy only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

CHUNK = 128
"""Spectra that are compared at a time: their points and votes stay in a core's cache."""


@dataclass(frozen=True)
class Networks:
    """One small network a bin, Linear(2, hidden) – ReLU – Linear(hidden, n_classes), standardised."""

    input_weight: Floats
    """(n_bins, hidden, 2): of two theta and of intensity."""
    input_bias: Floats
    """(n_bins, hidden)."""
    output_weight: Floats
    """(n_bins, n_classes, hidden)."""
    output_bias: Floats
    """(n_bins, n_classes)."""
    shift: Floats
    """(n_bins, 2): subtracted from two theta (degrees) and intensity before the network."""
    scale: Floats
    """(n_bins, 2): what the difference is divided by."""
    reach: Floats
    """(n_bins, 2): least and largest intensity; for one beyond, a network is asked about the nearer."""

    @property
    def n_bins(self) -> int:
        return int(self.input_weight.shape[0])

    @property
    def n_classes(self) -> int:
        return int(self.output_bias.shape[1])

    def folded(self, index: int, two_theta: Floats) -> tuple[Floats, Floats]:
        """What each hidden unit of bin `index` receives at each angle: `slope * intensity + offset`.

        Slope (hidden,) and offset (n_angles, hidden), on the raw intensity.
        """
        weight = self.input_weight[index] / self.scale[index]
        bias = self.input_bias[index] - weight @ self.shift[index]
        return weight[:, 1], two_theta[:, None] * weight[None, :, 0] + bias

    def logits(self, index: int, two_theta: Floats, intensity: Floats) -> Floats:
        """Logits (n_points, n_classes) of bin `index` for points (n_points,), computed in float64."""
        slope, offset = self.folded(index, two_theta)
        within = np.clip(intensity, *self.reach[index])
        hidden = np.maximum(within[:, None] * slope + offset, 0.0)
        return np.asarray(hidden @ self.output_weight[index].T + self.output_bias[index])

    def digest(self, two_theta: Floats) -> str:
        """sha256 in hex of every weight and of the grid: what a threshold table belongs to."""
        sha = hashlib.sha256()
        for part in fields(self):
            sha.update(np.ascontiguousarray(getattr(self, part.name), dtype="<f8").tobytes())
        sha.update(np.ascontiguousarray(two_theta, dtype="<f8").tobytes())
        return sha.hexdigest()


@dataclass(frozen=True)
class Thresholds:
    """The decision of every point of a grid: between `cuts` the class is one of `labels`.

    An intensity x, as float32, at point p has class `labels[t, p]`, t being the number of cuts below x. The
    networks compute in float32 too; each cut is rounded down to float32, so that `x > cut` is decided as the
    real-valued network decides it.
    """

    cuts: Singles
    """(n_cuts, n_points), ascending along the first axis, +inf where a point needs fewer."""
    labels: NDArray[np.int8]
    """(n_cuts + 1, n_points): class below the first cut, between the first and the second, and so on."""
    n_bins: int
    n_classes: int
    digest: str
    """Of the networks and the grid that it was built from."""

    @classmethod
    def of(cls, networks: Networks, two_theta: Floats) -> Thresholds:
        """The table of `networks` on a grid (n_points,), degrees, that the bins divide evenly."""
        tables = [
            _bin_table(networks, index, angles)
            for index, angles in enumerate(two_theta.reshape(networks.n_bins, -1))
        ]
        most = max(1, *(len(cuts) for cuts, _ in tables))
        cuts = [np.pad(c, ((0, most - len(c)), (0, 0)), constant_values=np.inf) for c, _ in tables]
        labels = [np.pad(k, ((0, most + 1 - len(k)), (0, 0)), mode="edge") for _, k in tables]
        return cls(
            _down_to_single(np.concatenate(cuts, axis=1)),
            np.concatenate(labels, axis=1).astype(np.int8),
            networks.n_bins,
            networks.n_classes,
            networks.digest(two_theta),
        )

    @property
    def n_points(self) -> int:
        return int(self.cuts.shape[1])

    def classes(self, X: NDArray[np.floating]) -> NDArray[np.int8]:
        """The class of every point of spectra (n_spectra, n_points); the votes without counting them."""
        x = np.asarray(X, dtype=np.float32)[:, : self.n_points]
        below = np.sum(x[:, None, :] > self.cuts[None], axis=1)
        return np.take_along_axis(self.labels, below, axis=0)

    def count(self, X: NDArray[np.floating]) -> NDArray[np.int32]:
        """Votes (n_spectra, n_bins, n_classes): how many points of each bin have each class.

        X is (n_spectra, n_points) or wider, then points beyond the last bin do not vote. float32 is fastest.
        """
        points = self.n_points
        votes = np.empty((len(X), self.n_bins, self.n_classes), dtype=np.int32)
        rows = min(CHUNK, max(1, len(X)))
        bits, more = np.empty((rows, points), dtype=bool), np.empty((rows, points), dtype=bool)
        for first in range(0, len(X), rows):
            # whole rows: numpy would copy a part of each before it gathers points from it
            x = np.ascontiguousarray(X[first : first + rows], dtype=np.float32)
            out = votes[first : first + rows]
            for index, toggles in enumerate(self._toggles, start=1):
                out[..., index] = toggles.count(x, bits[: len(x)], more[: len(x)])
            out[..., 0] = points // self.n_bins - out[..., 1:].sum(axis=2)
        return votes

    @cached_property
    def _toggles(self) -> tuple[_Toggles, ...]:
        return tuple(_Toggles.of(self, index) for index in range(1, self.n_classes))


@dataclass(frozen=True)
class _Toggles:
    """Where points enter and leave one class as intensity grows: the votes for it, by comparisons alone."""

    start: NDArray[np.bool_]
    """(n_points,): is it this class below every toggle?"""
    dense: Singles
    """(n_dense, n_points): the first toggles, compared at every point."""
    blocks: NDArray[np.intp]
    """First point of each block of points; its votes, at most 255, are added up in a byte."""
    into_bins: Singles
    """(n_blocks, n_bins): 1 where the block belongs to the bin."""
    points: NDArray[np.intp]
    """(n_sparse,): points that have one more toggle, sorted by what it does and by bin."""
    sparse: Singles
    """(n_sparse,): where that is. Above it a vote that the dense ones counted is wrong by one."""
    groups: NDArray[np.intp]
    """First of each group of `points` with one bin and one effect."""
    effects: Singles
    """(n_groups, n_bins): +1 or -1 in the bin of the group."""

    @classmethod
    def of(cls, table: Thresholds, index: int) -> _Toggles:
        member = table.labels == index
        flips = np.where(member[1:] != member[:-1], table.cuts, np.float32(np.inf))
        flips = np.sort(flips, axis=0)
        start = member[0].copy()
        # to gather a point costs about eight times what it costs to compare it in place
        needed = np.count_nonzero(flips < np.inf, axis=1)
        dense = max(1, int(np.count_nonzero(needed > table.n_points // 8)))
        size = table.n_points // table.n_bins
        parts = -(-size // 255)
        offsets = (np.arange(parts) * size) // parts
        blocks = (np.arange(table.n_bins)[:, None] * size + offsets).reshape(-1)

        step, points = np.nonzero(flips[dense:] < np.inf)
        leaves = (step + dense + start[points]) % 2
        order = np.lexsort((points, leaves))
        step, points, leaves = step[order], points[order], leaves[order]
        bins = points // size
        groups = _beginnings(leaves * table.n_bins + bins)
        effects = np.zeros((groups.size, table.n_bins), dtype=np.float32)
        effects[np.arange(groups.size), bins[groups]] = 1.0 - 2.0 * leaves[groups]
        into_bins = np.repeat(np.eye(table.n_bins, dtype=np.float32), parts, axis=0)
        return cls(
            start, flips[:dense], blocks, into_bins, points, flips[dense:][step, points], groups, effects
        )

    def count(self, x: Singles, bits: NDArray[np.bool_], more: NDArray[np.bool_]) -> Singles:
        voting = x[:, : self.start.size]
        np.greater(voting, self.dense[0], out=bits)
        for cut in self.dense[1:]:
            np.greater(voting, cut, out=more)
            np.not_equal(bits, more, out=bits)
        np.not_equal(bits, self.start, out=bits)
        counts = _sums(bits, self.blocks) @ self.into_bins
        if self.groups.size:
            above = np.take(x, self.points, axis=1, mode="clip") > self.sparse
            counts += _sums(above, self.groups) @ self.effects
        return np.asarray(counts)


def _sums(bits: NDArray[np.bool_], starts: NDArray[np.intp]) -> Singles:
    """How many are true in each stretch that begins at `starts`, at most 255 in one, for every row."""
    return np.add.reduceat(bits.view(np.uint8), starts, axis=1, dtype=np.uint8).astype(np.float32)


def _beginnings(keys: NDArray[np.int64]) -> NDArray[np.intp]:
    """Where runs of equal keys begin, runs of more than 255 cut into several."""
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    lengths = np.diff(first, append=keys.size)
    pieces = [np.arange(start, start + length, 255) for start, length in zip(first, lengths, strict=True)]
    return np.concatenate(pieces) if pieces else first


def _down_to_single(values: Floats) -> Singles:
    """The largest float32 that is not above: then x > cut means the same for every float32 x."""
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    return np.where(single > values, np.nextafter(single, np.float32(-np.inf)), single).astype(np.float32)


def _bin_table(networks: Networks, index: int, two_theta: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Cuts (n_cuts, n_angles), padded with +inf, and labels (n_cuts + 1, n_angles) of one bin."""
    point, place = _crossings(networks, index, two_theta)
    number = two_theta.size
    order = np.lexsort((place, point))
    point, place = point[order], place[order]
    # one label before each crossing, asked midway to the one before, and one after the last of each angle
    first = np.r_[True, point[1:] != point[:-1]] if point.size else np.zeros(0, dtype=bool)
    last = np.r_[point[1:] != point[:-1], True] if point.size else np.zeros(0, dtype=bool)
    previous = np.r_[0.0, place[:-1]] if place.size else place
    before = np.where(first, place - 1.0 - np.abs(place), 0.5 * (previous + place))
    beyond = place[last] + 1.0 + np.abs(place[last])
    below = np.argmax(networks.logits(index, two_theta[point], before), axis=1)
    above = np.argmax(networks.logits(index, two_theta[point[last]], beyond), axis=1)
    after = np.r_[below[1:], 0] if below.size else below
    after[last] = above
    alone = np.argmax(networks.logits(index, two_theta, np.zeros(number)), axis=1)
    start = alone.copy()
    start[point[first]] = below[first]

    kept = below != after
    point, place, after = point[kept], place[kept], after[kept]
    rank = np.arange(point.size) - np.searchsorted(point, point, side="left")
    most = int(rank.max()) + 1 if rank.size else 0
    cuts = np.full((most, number), np.inf)
    cuts[rank, point] = place
    labels = np.repeat(start[None], most + 1, axis=0)
    for step in range(most):
        labels[step + 1] = labels[step]
        mine = rank == step
        labels[step + 1, point[mine]] = after[mine]
    return cuts, labels


def _crossings(networks: Networks, index: int, two_theta: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Every (angle, intensity) where two logits of a bin are equal; some may be listed twice."""
    slope, offset = networks.folded(index, two_theta)
    moving = slope != 0
    active = moving & (slope < 0)
    weight = networks.output_weight[index]
    # a unit with no slope is a constant; one with a negative slope is active at first and switched off later
    still = np.maximum(offset[:, ~moving], 0.0) @ weight[:, ~moving].T
    slope0 = weight[:, active] @ slope[active]
    height0 = offset[:, active] @ weight[:, active].T + still + networks.output_bias[index]

    slope, offset, weight = slope[moving], offset[:, moving], weight[:, moving]
    places = -offset / slope
    order = np.argsort(places, axis=1)
    places = np.take_along_axis(places, order, axis=1)
    turn, lift = np.abs(slope)[order], np.sign(slope)[order] * np.take_along_axis(offset, order, axis=1)
    left = np.pad(places, ((0, 0), (1, 0)), constant_values=-np.inf)
    right = np.pad(places, ((0, 0), (0, 1)), constant_values=np.inf)
    # a crossing at a breakpoint must not be lost to rounding on both of its sides
    with np.errstate(invalid="ignore"):
        left, right = left - 1e-9 * (1 + np.abs(left)), right + 1e-9 * (1 + np.abs(right))

    points, found = [], []
    for one, other in combinations(range(networks.n_classes), 2):
        by = (weight[one] - weight[other])[order]
        slopes = slope0[one] - slope0[other] + _cumulated(by * turn)
        heights = (height0[:, one] - height0[:, other])[:, None] + _cumulated(by * lift)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            crossing = -heights / slopes
        inside = np.isfinite(crossing) & (crossing >= left) & (crossing <= right)
        inside &= (crossing >= networks.reach[index, 0]) & (crossing < networks.reach[index, 1])
        where, segment = np.nonzero(inside)
        points.append(where)
        found.append(crossing[where, segment])
    return np.concatenate(points), np.concatenate(found)


def _cumulated(steps: Floats) -> Floats:
    """Sums of the first 0, 1, 2, … steps along the last axis."""
    return np.pad(np.cumsum(steps, axis=1), ((0, 0), (1, 0)))
