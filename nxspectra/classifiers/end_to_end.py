"""The binned network with weights that it finds by itself; numpy to answer, torch to train.

In each bin a small network says how a point (two theta, intensity) looks; one layer weighs what the bins say
of a row, the i-th point of every bin: Y. Sun, S. Brockhauser and P. Hegedűs, Appl. Sci. 11 (2021) 11520, doi
10.3390/app112311520.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nxspectra.classifiers.curve_networks import answered, balanced_mean
from nxspectra.classifiers.estimator import Arrays, Estimator, Floats, room
from nxspectra.classifiers.plugins import BinWeights
from nxspectra.classifiers.weighted import PAPER_ANGLES
from nxspectra.preprocessing import PUBLISHED, Preprocessing

EPSILON = 1e-5
"""What torch's batch normalisation adds to a variance."""
STEPS = 16
"""Points of the path over which gradients are integrated."""

LEARNED = ("first", "first_bias", "second", "second_bias", "weights", "weights_bias", "mean")
"""What is kept in the file under its own name."""


class EndToEnd(Estimator):
    """`end-to-end`: the binned network with automatically captured weights, as published.

    Per bin Linear(2, 150) – batch normalisation – ReLU – Linear(150, K) – batch normalisation – sigmoid, and
    one linear layer over all bins: 1058 weights a bin and one for two classes. Adam at 0.002 over all rows,
    at most 550 iterations, until the loss is below 0.15 or 99 % of the rows are right. The class of a curve
    is that of most of its rows; its probability is their share. The noise of the first round overwrites the
    originals, as in `published`.
    """

    preprocessing: ClassVar[Preprocessing] = PUBLISHED

    weights_: Floats
    """(n_outputs, n_bins, n_classes): what each of the words of each bin weighs, as many as there are
    classes; one output for two classes, for the second of them.
    """
    iterations_: int
    """After how many iterations training stopped."""
    two_theta_: Floats
    """(n_bins, n_in_bin), degrees; the points at the right that fill no bin are left out."""
    mean_: Floats
    """(n_points,), the mean of the classes' mean training curves: what attribution compares with."""

    def __init__(
        self,
        *,
        bins: int = 15,
        hidden: int = 150,
        iterations: int = 550,
        learning_rate: float = 2e-3,
        weight_decay: float = 2e-5,
        noise: float = 1 / 12,
        noise_rounds: int = 15,
        enough_loss: float = 0.15,
        enough_accuracy: float = 0.99,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        self.bins = bins
        self.hidden = hidden
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.noise = noise
        self.noise_rounds = noise_rounds
        self.enough_loss = enough_loss
        self.enough_accuracy = enough_accuracy
        self.seed = seed
        self.device = device

    def fit(self, X: ArrayLike, y: ArrayLike, two_theta: ArrayLike | None = None) -> Self:
        """Train on preprocessed spectra X (n_spectra, n_points) with classes y (n_spectra,).

        `two_theta` (n_points,), degrees, is the angle axis; that of the paper is taken where none is given.
        Raises ValueError for what cannot be trained on, and MissingExtra where torch is not installed.
        """
        values, class_index = self._training(X, y)
        points = values.shape[1]
        if not 1 <= self.bins <= points:
            raise ValueError(f"bins is {self.bins}; expected 1 to {points}, the number of points")
        axis = np.linspace(*PAPER_ANGLES, points) if two_theta is None else np.asarray(two_theta, np.float64)
        if axis.shape != (points,):
            raise ValueError(f"two_theta has the shape {axis.shape}; expected {(points,)}")
        size = points // self.bins
        self.two_theta_ = axis[: self.bins * size].reshape(self.bins, size)
        rng = np.random.default_rng(self.seed)
        originals = values + rng.uniform(0.0, self.noise, values.shape)
        later = [originals + rng.uniform(0.0, self.noise, values.shape) for _ in range(1, self.noise_rounds)]
        spectra = np.concatenate([originals, originals, *later] if self.noise_rounds else [values])
        networks = room("nxspectra.classifiers.networks.end_to_end")
        recipe = networks.Recipe(
            self.hidden,
            self.iterations,
            self.learning_rate,
            self.weight_decay,
            self.enough_loss,
            self.enough_accuracy,
        )
        state, self.iterations_ = networks.train(
            self.two_theta_,
            self._binned(spectra),
            np.tile(class_index, len(spectra) // len(values)),
            n_classes=self.classes_.size,
            recipe=recipe,
            seed=self.seed,
            device=self.device,
        )
        self._fold(state)
        self.mean_ = balanced_mean(values, class_index)
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """The share of a curve's rows that are of each class, (n_spectra, n_classes); NaN where X is."""
        return answered(self._checked(X), self.classes_.size, self._shares)

    def attribution(self, X: ArrayLike) -> Floats:
        """(n_spectra, n_points): how much each point speaks for the class given; NaN where X is.

        Integrated gradients of the lead of the class, mean over the rows, from `mean_`; 0 for the points at
        the right that fill no bin.
        """
        values = self._checked(X)
        return answered(values, values.shape[1], self._integrated)

    def bin_weights(self) -> BinWeights:
        """The automatically captured weights, `weights_`, over the angle axis."""
        return BinWeights(self.two_theta_[:, 0].copy(), self.two_theta_[:, -1].copy(), self.weights_)

    @property
    def n_parameters_(self) -> int:
        """How many numbers training has set; the statistics of batch normalisation are not among them."""
        n_bins, classes, hidden = self.second_.shape
        outputs = len(self.weights_)
        return int(n_bins * (5 * hidden + classes * (hidden + 3)) + outputs * (n_bins * classes + 1))

    # -- the network, in numpy ---------------------------------------------------------------------

    def _fold(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Take the weights; batch normalisation that has come to rest is part of the layer before it."""
        arrays = {name: np.asarray(value, dtype=np.float64) for name, value in state.items()}
        n_bins, classes = len(self.two_theta_), self.classes_.size

        def folded(layer: str, normal: str) -> tuple[Floats, Floats]:
            weight = np.stack([arrays[f"{layer}.{index}.weight"] for index in range(n_bins)])
            bias = np.stack([arrays[f"{layer}.{index}.bias"] for index in range(n_bins)])
            scale = arrays[f"{normal}.weight"] / np.sqrt(arrays[f"{normal}.running_var"] + EPSILON)
            scale, mean, shift = (
                each.reshape(bias.shape)
                for each in (scale, arrays[f"{normal}.running_mean"], arrays[f"{normal}.bias"])
            )
            return weight * scale[:, :, None], (bias - mean) * scale + shift

        self.first_, self.first_bias_ = folded("first", "normal")
        self.second_, self.second_bias_ = folded("second", "last_normal")
        self.weights_ = arrays["weigh.weight"].reshape(-1, n_bins, classes)
        self.weights_bias_ = arrays["weigh.bias"]

    def _binned(self, values: Floats) -> Floats:
        """(n_spectra, n_bins, n_in_bin)."""
        return values[:, : self.two_theta_.size].reshape(len(values), *self.two_theta_.shape)

    def _said(self, intensity: Floats) -> Iterator[tuple[int, NDArray[np.bool_], Floats]]:
        """For each bin its number, which hidden units are active, and its words, of intensities
        (n_spectra, n_bins, n_in_bin).
        """
        for index, angles in enumerate(self.two_theta_):
            still = angles[:, None] * self.first_[index, :, 0] + self.first_bias_[index]
            wide = intensity[:, index, :, None] * self.first_[index, :, 1] + still
            active = np.maximum(wide, 0.0) @ self.second_[index].T + self.second_bias_[index]
            yield index, wide > 0, 1.0 / (1.0 + np.exp(-np.clip(active, -500.0, 500.0)))

    def _logits(self, intensity: Floats) -> Floats:
        """(n_spectra, n_in_bin, n_outputs)."""
        total = np.zeros((len(intensity), intensity.shape[2], len(self.weights_))) + self.weights_bias_
        for index, _, words in self._said(intensity):
            total += words @ self.weights_[:, index].T
        return total

    def _shares(self, values: Floats) -> Floats:
        shares = np.empty((len(values), self.classes_.size))
        for row, curve in enumerate(self._binned(values)):
            logits = self._logits(curve[None])[0]
            index = (logits[:, 0] > 0).astype(np.int64) if logits.shape[1] == 1 else logits.argmax(axis=1)
            shares[row] = np.bincount(index, minlength=self.classes_.size) / len(index)
        return shares

    def _integrated(self, values: Floats) -> Floats:
        given = np.argmax(self._shares(values), axis=1)
        start = self._binned(self.mean_[None])[0]
        result = np.zeros(values.shape)
        for row, curve in enumerate(self._binned(values)):
            path = start + (np.arange(STEPS)[:, None, None] + 0.5) / STEPS * (curve - start)
            slope = self._slopes(path, int(given[row])).mean(axis=0)
            result[row, : self.two_theta_.size] = ((curve - start) * slope).reshape(-1) / curve.shape[1]
        return result

    def _slopes(self, intensity: Floats, given: int) -> Floats:
        """How the lead of the class changes with each intensity, (n_spectra, n_bins, n_in_bin)."""
        lead = np.full(len(self.weights_), -1.0 / max(1, len(self.weights_) - 1))
        lead[given if len(lead) > 1 else 0] = 1.0 if given or len(lead) > 1 else -1.0
        slopes = np.empty(intensity.shape)
        for index, active, words in self._said(intensity):
            through = (words * (1.0 - words) * (lead @ self.weights_[:, index])) @ self.second_[index]
            slopes[:, index] = (through * active) @ self.first_[index, :, 1]
        return slopes

    # -- the file ----------------------------------------------------------------------------------

    def _learned(self) -> Arrays:
        return {name: getattr(self, f"{name}_") for name in LEARNED} | {
            "angles": self.two_theta_,
            "iterations": np.array(self.iterations_),
        }

    def _restore(self, arrays: Arrays) -> None:
        for name in LEARNED:
            setattr(self, f"{name}_", arrays[name])
        self.two_theta_ = arrays["angles"]
        self.iterations_ = int(arrays["iterations"])
