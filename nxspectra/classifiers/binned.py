"""What the binned classifiers share: cutting into bins, the weighted vote, and the file; numpy only."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nxspectra.classifiers.estimator import Arrays, Estimator
from nxspectra.classifiers.thresholds import Floats, Networks, Thresholds
from nxspectra.errors import ModelError
from nxspectra.preprocessing import Preprocessing
from nxspectra.spectra import Votes

APART = 4
"""Points between which noise is compared: nearer ones share detector pixels after azimuthal integration."""

TOGETHER = 16
"""Spectra that are treated at once where what is computed on the way should stay in the cache."""


@dataclass(frozen=True)
class Curves:
    """Training spectra, cut into bins."""

    two_theta: Floats
    """(n_bins, n_in_bin), degrees, or the number of the point where no angles are known."""
    intensity: Floats
    """(n_spectra, n_bins, n_in_bin)."""
    class_index: NDArray[np.int64]
    """(n_spectra,)."""
    n_classes: int

    def repeated(self, number: int) -> NDArray[np.int64]:
        """The class of each point of a bin, for `number` copies of all spectra one after another."""
        return np.repeat(np.tile(self.class_index, number), self.two_theta.shape[1])

    def balance(self) -> Floats:
        """(n_spectra,): weights that give every class the same say, whatever number of spectra it has."""
        return 1.0 / np.bincount(self.class_index, minlength=self.n_classes)[self.class_index]


@dataclass(frozen=True)
class Examples:
    """Spectra with which separability is measured."""

    intensity: Floats
    """(n_examples, n_bins, n_in_bin)."""
    class_index: NDArray[np.int64]
    """(n_examples,)."""
    weight: Floats
    """(n_examples,)."""


def believability(separability: ArrayLike, n_classes: int = 2) -> Floats:
    """What a bin's vote weighs: (A^2 - a^2) / (1 - a^2), not below 0, with a = 1.1 / n_classes.

    A is the bin's separability, the share of its training points given the right class. For two classes a
    is 0.55, as in doi 10.5334/dsj-2022-015, whose 1.4337 A^2 - 0.4337 this is; a bin that only guesses
    weighs nothing.
    """
    zero = (1.1 / n_classes) ** 2
    return np.maximum(0.0, (np.square(np.asarray(separability, dtype=np.float64)) - zero) / (1.0 - zero))


def spread(values: NDArray[np.floating[Any]]) -> Floats:
    """Standard deviation along the last axis of (n_spectra, n_bins, n_in_bin), a few spectra at a time.

    What `numpy.std` gives for all at once, in less time, since its steps stay in the cache.
    """
    squares = np.empty(values.shape[:2])
    for first in range(0, len(values), TOGETHER):
        part = values[first : first + TOGETHER]
        centred = part - part.mean(axis=2, keepdims=True)
        squares[first : first + TOGETHER] = np.einsum("nbi,nbi->nb", centred, centred)
    return np.asarray(np.sqrt(squares / values.shape[2]))


def noise_level(intensity: Floats) -> Floats:
    """Standard deviation of the noise in each bin, (n_bins,), of spectra (n_spectra, n_bins, n_in_bin).

    From second differences over points four apart: nearer neighbours share detector pixels and hide half of
    the noise, and the slope of a line cancels. The median makes it the noise between the lines.
    """
    apart = min(APART, max(1, (intensity.shape[2] - 1) // 2))
    if intensity.shape[2] < 3:
        return np.zeros(intensity.shape[1])
    rough = intensity[..., 2 * apart :] - 2 * intensity[..., apart:-apart] + intensity[..., : -2 * apart]
    # the median of |x| is 0.6745 standard deviations, and a second difference adds 1 + 4 + 1 variances
    return np.asarray(np.median(np.abs(rough), axis=(0, 2)) / (0.6744897501960817 * np.sqrt(6.0)))


class Binned(Estimator):
    """What both variants share: cutting into bins, the vote, and the file."""

    preprocessing: ClassVar[Preprocessing]
    """What spectra should go through before `fit` and `predict_proba`, unless the user says otherwise."""

    bins: int
    seed: int

    two_theta_: Floats
    """(n_points used,), degrees; the points at the right that fill no bin are left out."""
    networks_: Networks
    thresholds_: Thresholds
    separability_: Floats
    """(n_bins,), A_b."""
    believability_: Floats
    """(n_bins,), w_b."""
    noise_: Floats
    """(n_bins,), standard deviation of the noise of the training spectra."""
    contrast_: Floats
    """(2, n_bins), least and largest contrast of the training spectra."""
    margin_: float
    """Mean over the training spectra of the vote for their class, less that for the next."""
    bias_: Floats
    """(n_classes,), added to the share of the vote that each class has; they sum to 0."""

    # -- training ----------------------------------------------------------------------------------

    def fit(self, X: ArrayLike, y: ArrayLike, two_theta: ArrayLike | None = None) -> Self:
        """Train on preprocessed spectra X (n_spectra, n_points) with classes y (n_spectra,).

        `two_theta` (n_points,), degrees, is the angle axis. Raises ValueError for shapes or values that
        cannot be trained on, and MissingExtra where torch is not installed.
        """
        curves = self._curves(X, y, two_theta)
        networks, examples = self._learn(curves, np.random.default_rng(self.seed))
        self.networks_ = networks
        self.two_theta_ = curves.two_theta.reshape(-1)
        self.thresholds_ = Thresholds.of(networks, self.two_theta_)
        self.separability_ = self._separability(examples)
        self.believability_ = believability(self.separability_, curves.n_classes)
        self.noise_ = noise_level(curves.intensity)
        flat = curves.intensity.reshape(len(curves.intensity), -1)
        contrast = self._contrast(flat)
        self.contrast_ = np.stack([contrast.min(axis=0), contrast.max(axis=0)])
        vote = self._vote(self._shares(flat))
        self.margin_ = _mean_margin(vote, curves.class_index)
        self.bias_ = self._bias(vote, curves)
        return self

    def _curves(self, X: ArrayLike, y: ArrayLike, two_theta: ArrayLike | None) -> Curves:
        values, index = self._training(X, y)
        if not 1 <= self.bins <= values.shape[1]:
            raise ValueError(f"bins is {self.bins}; expected 1 to {values.shape[1]}, the number of points")
        size = values.shape[1] // self.bins
        used = size * self.bins
        axis = self._axis(values.shape[1]) if two_theta is None else np.asarray(two_theta, dtype=np.float64)
        if axis.shape != values.shape[1:]:
            raise ValueError(f"two_theta has the shape {axis.shape}; expected {values.shape[1:]}")
        return Curves(
            axis[:used].reshape(self.bins, size),
            values[:, :used].reshape(-1, self.bins, size),
            index,
            self.classes_.size,
        )

    def _axis(self, points: int) -> Floats:
        """The angle axis where none is given."""
        raise NotImplementedError

    def _learn(self, curves: Curves, rng: np.random.Generator) -> tuple[Networks, Examples]:
        """The trained networks, and what their separability is to be measured with."""
        raise NotImplementedError

    def _bias(self, vote: Floats, curves: Curves) -> Floats:
        """What to add to the votes (n_spectra, n_classes) of the training spectra for them to decide
        rightly.
        """
        raise NotImplementedError

    def _separability(self, examples: Examples) -> Floats:
        votes = self.thresholds_.count(examples.intensity.reshape(len(examples.intensity), -1))
        right = np.take_along_axis(votes, examples.class_index[:, None, None], axis=2)[:, :, 0]
        return np.asarray(examples.weight @ right / (examples.weight.sum() * examples.intensity.shape[2]))

    # -- the vote ----------------------------------------------------------------------------------

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Probability of each class, (n_spectra, n_classes); NaN where X is, or where no bin is believed.

        Raises ValueError when X has another number of points than the training spectra.
        """
        values = self._checked(X)
        probability = self._probability(self._vote(self._shares(values)) + self.bias_)
        # one sum over a row is finite only if the row is
        probability[~np.isfinite(values.sum(axis=1, dtype=np.float64))] = np.nan
        return probability

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class with the largest vote, (n_spectra,); of equal ones the first."""
        vote = self._vote(self._shares(self._checked(X))) + self.bias_
        return np.asarray(self.classes_[np.argmax(vote, axis=1)])

    def votes(self, X: ArrayLike) -> Votes:
        """How each bin voted on each spectrum."""
        angles = self.two_theta_.reshape(self.networks_.n_bins, -1)
        return Votes(
            angles[:, 0].copy(),
            angles[:, -1].copy(),
            self.separability_,
            self.believability_,
            self._shares(self._checked(X)),
        )

    def attribution(self, X: ArrayLike) -> Floats:
        """(n_spectra, n_points): how much each point speaks for the class given; NaN where X is.

        Its vote for that class, less its votes for the others, as far as its bin is believed; 0 for the
        points at the right that fill no bin. The points of a curve add up to the lead of its class.
        """
        values = self._checked(X)
        total = self.believability_.sum()
        given = np.argmax(self._vote(self._shares(values)) + self.bias_, axis=1)
        own = self.thresholds_.classes(values) == given[:, None]
        weight = np.repeat(self.believability_, own.shape[1] // self.networks_.n_bins)
        weight = weight / (total or 1.0) / (own.shape[1] // self.networks_.n_bins)
        result = np.zeros(values.shape)
        result[:, : own.shape[1]] = np.where(own, weight, -weight / (self.classes_.size - 1))
        result[~np.isfinite(values.sum(axis=1, dtype=np.float64))] = np.nan
        return result

    @property
    def n_parameters_(self) -> int:
        """How many numbers training has set."""
        nets = self.networks_
        parts = (nets.input_weight, nets.input_bias, nets.output_weight, nets.output_bias)
        return sum(part.size for part in parts)

    def unseen(self, X: ArrayLike) -> Floats:
        """How strange each spectrum is, (n_spectra,): 0 is like the training spectra, 1 is far from them.

        Contrast is the logarithm of the standard deviation of the intensity within a bin. The score is how
        far it lies beyond what it was in training, root mean square over the bins. Lines may move inside
        their bin.
        """
        contrast = self._contrast(self._checked(X))
        beyond = np.maximum(np.maximum(self.contrast_[0] - contrast, contrast - self.contrast_[1]), 0.0)
        return np.asarray(np.sqrt(np.mean(np.square(beyond), axis=1)))

    def _shares(self, X: NDArray[np.floating[Any]]) -> Floats:
        """(n_spectra, n_bins, n_classes): share of each bin's points that vote for each class."""
        return self.thresholds_.count(X) / (self.thresholds_.n_points // self.thresholds_.n_bins)

    def _vote(self, shares: Floats) -> Floats:
        """(n_spectra, n_classes), rows add up to 1: the shares, each bin's weighted by its believability."""
        total = self.believability_.sum()
        if not total:
            return np.full(shares[:, 0].shape, np.nan)
        return np.asarray(np.einsum("nbk,b->nk", shares, self.believability_ / total))

    def _probability(self, vote: Floats) -> Floats:
        raise NotImplementedError

    def _contrast(self, X: NDArray[np.floating[Any]]) -> Floats:
        points, bins = self.two_theta_.size, self.networks_.n_bins
        values = X[:, :points].reshape(len(X), bins, points // bins)
        # the noise keeps an empty bin from being infinitely dark
        return np.asarray(np.log(spread(values) + self.noise_ + np.finfo(np.float64).tiny))

    # -- the file ----------------------------------------------------------------------------------

    def _learned(self) -> Arrays:
        networks = {f"network_{part.name}": getattr(self.networks_, part.name) for part in fields(Networks)}
        return networks | {
            "angles": self.two_theta_,
            "separability": self.separability_,
            "believability": self.believability_,
            "noise": self.noise_,
            "contrast": self.contrast_,
            "margin": np.array(self.margin_),
            "bias": self.bias_,
            "cuts": self.thresholds_.cuts,
            "cut_labels": self.thresholds_.labels,
            "cut_digest": np.array(self.thresholds_.digest),
        }

    def _restore(self, arrays: Arrays) -> None:
        self.networks_ = Networks(**{part.name: arrays[f"network_{part.name}"] for part in fields(Networks)})
        self.two_theta_ = arrays["angles"]
        self.separability_, self.believability_ = arrays["separability"], arrays["believability"]
        self.noise_, self.contrast_ = arrays["noise"], arrays["contrast"]
        self.margin_, self.bias_ = float(arrays["margin"]), arrays["bias"]
        digest = str(arrays["cut_digest"])
        if digest != self.networks_.digest(self.two_theta_):
            raise ModelError("its thresholds belong to other networks or another grid; train it again")
        self.thresholds_ = Thresholds(
            arrays["cuts"], arrays["cut_labels"], self.networks_.n_bins, self.networks_.n_classes, digest
        )


def _mean_margin(vote: Floats, class_index: NDArray[np.int64]) -> float:
    own = np.take_along_axis(vote, class_index[:, None], axis=1)[:, 0]
    others = vote.copy()
    np.put_along_axis(others, class_index[:, None], -np.inf, axis=1)
    return float(np.mean(own - others.max(axis=1)))
