"""The binned networks of Sun and Brockhauser and their vote; numpy only, torch is loaded when one is trained.

The angle axis is cut into bins. In each, a small network learns which class a point (two theta, intensity)
belongs to. A bin that tells its training points apart well is believed more, and a spectrum gets the class
with the larger weighted vote: Y. Sun and S. Brockhauser, Data Science Journal 21 (2022) 15, doi
10.5334/dsj-2022-015.

`Published` is that as it was. `Weighted`, the default, is that with its faults corrected; its docstring
says which.
"""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nxspectra.classifiers.binned import Binned, Curves, Examples, noise_level
from nxspectra.classifiers.estimator import room
from nxspectra.classifiers.thresholds import Floats, Networks
from nxspectra.preprocessing import PUBLISHED, Preprocessing

PAPER_ANGLES = (9.5603831, 25.5496)
"""Degrees: the angle axis of the paper's data."""
MISLABELLED = 0.02
"""Share of labels that may be wrong when the vote is biased: one of them then cannot pull it far."""
BIAS_SCALE = 10.0
"""How large a bias is, in shares of the vote, before it needs a reason: very; votes that are clear are
none.
"""
BIASES = np.linspace(-0.5, 0.5, 201)
"""What is tried as the difference of two classes' biases."""


class Weighted(Binned):
    """The default: the published vote with its faults corrected.

    What differs from `Published`, and why:

    - Noise is symmetric. Published noise, uniform on 0 to 1/12, only ever adds: networks trained on it take
      the background of an untouched spectrum for the background of a spectrum whose lines have gone.
    - Noise has the level of the data, measured in the training spectra bin by bin (`noise_level`), instead
      of one standard deviation of 0.024 for all; it is drawn anew in each iteration instead of ten times in
      all.
    - The clean originals are trained on. Where it was published, the first noise overwrote them.
    - Inputs are standardised in each bin. Raw angles of 10 to 25 beside intensities of 0 to 45 leave the
      first layer badly conditioned; standardised, 200 iterations at a rate of 0.04 that falls to zero
      replace 700 at 0.008.
    - A network is not asked beyond the intensities its bin had in training, and four standard deviations of
      noise: what it would extrapolate there is not learnt, and a spot may be brighter than any in training.
    - Each iteration sees at most `spectra_at_once` of the training spectra, as many of each class, drawn
      anew: hundreds of labelled spectra take as long as a dozen.
    - Classes have the same say in the loss and in the separability, however many spectra each has.
    - Spikes of the detector are cut before (`preprocessing`).
    - Where labelled spectra come so close to the boundary that their votes are not clear, the vote is biased
      so that it turns between them (`bias_`, a penalised likelihood); half of the vote need not be where the
      classes part. A few clear-cut spectra leave it as it is.
    - A vote becomes a probability: softmax(vote / T), T being `temperature` times the mean margin of the
      labelled spectra. A handful of clear-cut spectra cannot calibrate it; the factor was chosen on
      simulated ramps with known truth.
    """

    preprocessing: ClassVar[Preprocessing] = Preprocessing()

    def __init__(
        self,
        *,
        bins: int = 15,
        hidden: int = 150,
        iterations: int = 200,
        learning_rate: float = 4e-2,
        weight_decay: float = 2e-5,
        noise: float = 1.0,
        noise_copies: int = 3,
        spectra_at_once: int = 12,
        temperature: float = 0.05,
        seed: int = 0,
    ) -> None:
        self.bins = bins
        self.hidden = hidden
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.noise = noise
        self.noise_copies = noise_copies
        self.spectra_at_once = spectra_at_once
        self.temperature = temperature
        self.seed = seed

    def _axis(self, points: int) -> Floats:
        # standardised, the number of a point does as well as its angle
        return np.arange(points, dtype=np.float64)

    def _learn(self, curves: Curves, rng: np.random.Generator) -> tuple[Networks, Examples]:
        networks = _networks()
        level = self.noise * noise_level(curves.intensity)[:, None]
        shift, scale = _standard(curves)
        copies = 1 + self.noise_copies
        picks = _Picks(curves, self.spectra_at_once)
        angle = (curves.two_theta - shift[:, :1]) / scale[:, :1]
        angles = np.tile(angle, (1, copies * len(picks.class_index))).astype(np.float32)
        centred = (curves.intensity - shift[:, 1:]) / scale[:, 1:]
        centred = centred.transpose(1, 0, 2).astype(np.float32)
        spread = (level / scale[:, 1:]).astype(np.float32)

        def draw(_: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            clean = centred[:, picks.draw(rng)].reshape(len(shift), -1)
            noisy = [
                clean + spread * rng.standard_normal(clean.shape, dtype=np.float32)
                for _ in range(self.noise_copies)
            ]
            return angles, np.concatenate([clean, *noisy], axis=1)

        recipe = networks.Recipe(
            self.hidden, self.learning_rate, self.weight_decay, self.iterations, cosine=True
        )
        picked = replace(curves, class_index=picks.class_index)
        weight = np.tile(np.repeat(picked.balance(), curves.two_theta.shape[1]), copies)
        trained = networks.train_networks(
            draw, picked.repeated(copies), weight, n_classes=curves.n_classes, recipe=recipe, rng=rng
        )
        number = 1 if not self.noise else 4
        again = np.tile(curves.intensity, (number, 1, 1))
        again += level * rng.standard_normal(again.shape)
        examples = Examples(again, np.tile(curves.class_index, number), np.tile(curves.balance(), number))
        return replace(trained, shift=shift, scale=scale, reach=_reach(curves)), examples

    def _probability(self, vote: Floats) -> Floats:
        sharp = (vote - vote.max(axis=1, keepdims=True)) / (self.temperature * max(self.margin_, 1e-3))
        odds = np.exp(sharp)
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def _bias(self, vote: Floats, curves: Curves) -> Floats:
        rows, right = np.arange(len(vote)), curves.class_index
        weight = curves.balance() * len(vote) / curves.n_classes

        def likelihood(bias: Floats) -> float:
            chance = (1.0 - MISLABELLED) * self._probability(vote + bias)[rows, right]
            log = weight @ np.log(chance + MISLABELLED / curves.n_classes)
            return float(log - 0.5 * np.sum(np.square(bias / BIAS_SCALE)))

        best = np.zeros(curves.n_classes)
        if not np.isfinite(vote).all():
            return best
        for _ in range(3 if curves.n_classes > 2 else 1):
            for each in range(1, curves.n_classes):
                tried = np.repeat(best[None], BIASES.size, axis=0)
                tried[:, each] += BIASES
                tried -= tried.mean(axis=1, keepdims=True)
                # of equals the smallest shift, so that nothing moves without a reason
                best = max(tried, key=lambda bias: (likelihood(bias), -float(np.abs(bias).max())))
        return best


class Published(Binned):
    """As it was published and run, for comparison: doi 10.5334/dsj-2022-015 and the notebook to it.

    Raw inputs, 700 iterations of Adam at 0.008 over all points, weight decay 2e-5, ten rounds of noise
    uniform on 0 to 1/12. The noise of the first round overwrites the originals it was copied from, so every
    later round adds to already noisy spectra, no clean one is trained on, and the first is there twice. All
    bins are trained as one batched product, which is the same mathematics as one network after another. Its
    probability is its share of the weighted vote; the paper gives none.
    """

    preprocessing: ClassVar[Preprocessing] = PUBLISHED

    def __init__(
        self,
        *,
        bins: int = 15,
        hidden: int = 150,
        iterations: int = 700,
        learning_rate: float = 8e-3,
        weight_decay: float = 2e-5,
        noise: float = 1 / 12,
        noise_rounds: int = 10,
        seed: int = 0,
    ) -> None:
        self.bins = bins
        self.hidden = hidden
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.noise = noise
        self.noise_rounds = noise_rounds
        self.seed = seed

    def _axis(self, points: int) -> Floats:
        return np.linspace(*PAPER_ANGLES, points)

    def _learn(self, curves: Curves, rng: np.random.Generator) -> tuple[Networks, Examples]:
        networks = _networks()
        shape = curves.intensity.shape
        originals = curves.intensity + rng.uniform(0.0, self.noise, shape)
        later = [originals + rng.uniform(0.0, self.noise, shape) for _ in range(1, self.noise_rounds)]
        spectra = np.concatenate([originals, *later])
        # the overwritten originals and the first round are the same numbers: once, with the weight of two
        weight = np.concatenate([np.full(len(originals), 2.0), np.ones(len(spectra) - len(originals))])
        rounds = len(spectra) // len(originals)
        angles = np.tile(curves.two_theta, (1, len(spectra))).astype(np.float32)
        intensity = spectra.transpose(1, 0, 2).reshape(shape[1], -1).astype(np.float32)
        recipe = networks.Recipe(self.hidden, self.learning_rate, self.weight_decay, self.iterations)
        trained = networks.train_networks(
            lambda _: (angles, intensity),
            curves.repeated(rounds),
            np.repeat(weight, shape[2]),
            n_classes=curves.n_classes,
            recipe=recipe,
            rng=rng,
        )
        return trained, Examples(spectra, np.tile(curves.class_index, rounds), weight)

    def _probability(self, vote: Floats) -> Floats:
        return vote

    def _bias(self, vote: Floats, curves: Curves) -> Floats:  # noqa: ARG002
        return np.zeros(curves.n_classes)


class _Picks:
    """Which training spectra an iteration sees: always as many of each class, class after class."""

    def __init__(self, curves: Curves, at_once: int) -> None:
        self.every = [np.flatnonzero(curves.class_index == index) for index in range(curves.n_classes)]
        share = max(1, at_once // curves.n_classes)
        self.number = [
            len(each) if len(curves.class_index) <= at_once else min(len(each), share) for each in self.every
        ]
        self.class_index = np.repeat(np.arange(curves.n_classes), self.number)
        """(n_picked,), the class of each spectrum that `draw` gives."""

    def draw(self, rng: np.random.Generator) -> NDArray[np.int64]:
        return np.concatenate(
            [
                each if number == len(each) else rng.choice(each, number, replace=False)
                for each, number in zip(self.every, self.number, strict=True)
            ]
        )


def _standard(curves: Curves) -> tuple[Floats, Floats]:
    """Mean and standard deviation of two theta and intensity in each bin, (n_bins, 2) each."""
    shift = np.stack([curves.two_theta.mean(axis=1), curves.intensity.mean(axis=(0, 2))], axis=1)
    scale = np.stack([curves.two_theta.std(axis=1), curves.intensity.std(axis=(0, 2))], axis=1)
    return shift, np.where(scale > 0, scale, 1.0)


def _reach(curves: Curves) -> Floats:
    """Least and largest intensity in each bin, four standard deviations of noise further, (n_bins, 2)."""
    noise = 4.0 * noise_level(curves.intensity)
    values = curves.intensity
    return np.stack([values.min(axis=(0, 2)) - noise, values.max(axis=(0, 2)) + noise], axis=1)


def _networks() -> ModuleType:
    """The torch room; it is entered only to train, so that labels never wait for torch to be loaded."""
    return room("nxspectra.classifiers.networks.binned")
