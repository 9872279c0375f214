"""Our own classifier: an ensemble of small networks, trained on curves as the physics might have varied them.

It learns from a handful of labelled curves or from thousands, and needs numpy alone, to train as well as to
classify.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nxspectra.classifiers.adam import Adam
from nxspectra.classifiers.binned import noise_level, spread
from nxspectra.classifiers.estimator import Arrays, Estimator
from nxspectra.classifiers.variation import Picks, Singles, Variation, normal
from nxspectra.preprocessing import Preprocessing
from nxspectra.spectra import Votes
from nxspectra.threads import one_thread

Floats = NDArray[np.float64]

ANGLES = (9.5603831, 25.5496)
"""Degrees: the angle axis where none is given."""
STRETCHES = 15
"""Stretches of the angle axis in which noise and contrast are measured."""
FEW = 100
"""Labelled curves up to which the classes are taught by mixing them."""
WIDTHS = (0.04, 0.02)
"""Degrees that are averaged where none are given: for few labelled curves, and for more."""
NOISES = (30.0, 3.0)
"""Most noise that is added where none is given, likewise. Few curves want a network that looks at whole
lines; of thousands, noise would hide the shape of lines that they show."""
REFERENCE = 256
"""Varied curves by which inputs are centred and scaled."""
SMALL = 1e-6


@dataclass(frozen=True)
class Layers:
    """The weights of all members: a hidden layer with ReLUs, and one output for each class."""

    first: Singles
    """(n_members, n_inputs, n_hidden)."""
    first_bias: Singles
    """(n_members, 1, n_hidden)."""
    second: Singles
    """(n_members, n_hidden, n_classes)."""
    second_bias: Singles
    """(n_members, 1, n_classes)."""

    def __iter__(self) -> Iterator[Singles]:
        return (getattr(self, part.name) for part in fields(self))

    @classmethod
    def drawn(cls, members: int, inputs: int, hidden: int, classes: int, rng: np.random.Generator) -> Self:
        """He's initialisation: K. He et al., arXiv 1502.01852."""
        return cls(
            normal(rng, (members, inputs, hidden)) * np.float32(np.sqrt(2.0 / inputs)),
            np.zeros((members, 1, hidden), np.float32),
            normal(rng, (members, hidden, classes)) * np.float32(np.sqrt(1.0 / hidden)),
            np.zeros((members, 1, classes), np.float32),
        )

    def logits(self, inputs: Singles) -> Singles:
        """(n_members, n_spectra, n_classes) of inputs (n_spectra, n_inputs), or a set for each member."""
        hidden = np.maximum(inputs @ self.first + self.first_bias, 0.0)
        return np.asarray(hidden @ self.second + self.second_bias)

    def gradients(self, inputs: Singles, wanted: Singles) -> tuple[Singles, ...]:
        """Of the mean cross entropy to the `wanted` probabilities, part by part."""
        hidden = np.maximum(inputs @ self.first + self.first_bias, 0.0)
        error = (softmax(hidden @ self.second + self.second_bias) - wanted) / np.float32(wanted.shape[1])
        below = (error @ self.second.transpose(0, 2, 1)) * (hidden > 0)
        return (
            inputs.transpose(0, 2, 1) @ below,
            below.sum(axis=1, keepdims=True),
            hidden.transpose(0, 2, 1) @ error,
            error.sum(axis=1, keepdims=True),
        )


class AugmentedEnsemble(Estimator):
    """An ensemble of small networks, trained on curves varied as grains, noise and mixed phases vary them.

    A curve is averaged over `width` degrees, its heights are compressed (the inverse hyperbolic sine, linear
    up to about `height` counts), and `members` networks with one hidden layer see it whole. In each iteration
    every member sees other curves, varied in these ways, each of which leaves the class as it is:

    - lines are brighter or darker, as coarse grains turn in and out of the beam: a smooth random factor along
      the angle axis (`spottiness`, the standard deviation of its logarithm);
    - the axis is stretched, as an error of the beam energy does it (`stretch`, the largest share);
    - there is from half to `noise` times the noise of the training curves.

    `FEW` labelled curves or fewer cannot show what a sample looks like that has half turned. So two curves of
    different classes are mixed, and the class is that of the larger part (`mixed` is the share of curves);
    the axis is not stretched then, since the angles tell more than they mislead; a fifth of the iterations
    do; and `width` and `noise`, where they are None, are larger (`WIDTHS`, `NOISES`). The probability is the
    mean of the members'.
    """

    preprocessing: ClassVar[Preprocessing] = Preprocessing()

    layers_: Layers
    centre_: Singles
    """(n_inputs,), mean of the varied training curves after their heights are compressed."""
    scale_: float
    noise_: Floats
    """(n_stretches,), standard deviation of the noise of the training curves."""
    contrast_: Floats
    """(2, n_stretches), least and largest contrast of the training curves."""
    axis_: Floats
    """(n_inputs,), degrees."""
    weight_: Floats
    """(n_bins,), how much each bin adds to the logits of the training curves, mean absolute value."""
    separability_: Floats
    """(n_bins,), share of the training curves for whose class the bin speaks, classes having the same say."""

    def __init__(
        self,
        *,
        members: int = 3,
        hidden: int = 256,
        iterations: int = 1500,
        learning_rate: float = 3e-3,
        weight_decay: float = 1e-2,
        curves_at_once: int = 96,
        width: float | None = None,
        height: float = 3.0,
        mixed: float = 0.5,
        spottiness: float = 0.3,
        stretch: float = 0.003,
        noise: float | None = None,
        seed: int = 0,
    ) -> None:
        self.members = members
        self.hidden = hidden
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.curves_at_once = curves_at_once
        self.width = width
        self.height = height
        self.mixed = mixed
        self.spottiness = spottiness
        self.stretch = stretch
        self.noise = noise
        self.seed = seed

    # -- training ----------------------------------------------------------------------------------

    def fit(self, X: ArrayLike, y: ArrayLike, two_theta: ArrayLike | None = None) -> Self:
        """Train on preprocessed spectra X (n_spectra, n_points) with classes y (n_spectra,).

        `two_theta` (n_points,), degrees, is the angle axis. Raises ValueError for what cannot be trained on.
        """
        values, index = self._training(X, y)
        points = values.shape[1]
        axis = np.linspace(*ANGLES, points) if two_theta is None else np.asarray(two_theta, np.float64)
        if axis.shape != (points,):
            raise ValueError(f"two_theta has the shape {axis.shape}; expected ({points},)")
        few = len(values) <= FEW
        size = _size(axis, WIDTHS[not few] if self.width is None else self.width)
        self.axis_ = _averaged(axis[np.newaxis], size)[0]
        self.noise_ = noise_level(_stretches(values))
        contrast = self._contrast(values)
        self.contrast_ = np.stack([contrast.min(axis=0), contrast.max(axis=0)])
        rng = np.random.default_rng(self.seed)
        curves = _averaged(values, size).astype(np.float32)
        vary = Variation(
            curves,
            self.axis_,
            spottiness=self.spottiness,
            stretch=0.0 if few else self.stretch,
            noise=NOISES[not few] if self.noise is None else self.noise,
        )
        usual = self._compressed(vary(curves[rng.integers(0, len(curves), REFERENCE)], rng))
        self.centre_ = usual.mean(axis=0)
        self.scale_ = float(usual.std()) or 1.0
        picks = Picks(index, self.classes_.size, self.curves_at_once, mixed=self.mixed if few else 0.0)
        steps = max(1, self.iterations // 5) if few else self.iterations
        with one_thread():
            self.layers_ = self._descend(curves, picks, vary, steps, rng)
        said = self._said(self._inputs(curves))
        self.weight_ = np.maximum(np.abs(said).mean(axis=(0, 2)), SMALL)
        right = np.argmax(said, axis=2) == index[:, np.newaxis]
        balance = 1.0 / np.bincount(index)[index]
        self.separability_ = np.asarray(balance @ right / balance.sum())
        return self

    def _descend(
        self, curves: Singles, picks: Picks, vary: Variation, steps: int, rng: np.random.Generator
    ) -> Layers:
        """The weights after as many steps of Adam, with weights that decay, at a rate that falls to 0."""
        layers = Layers.drawn(self.members, curves.shape[1], self.hidden, picks.classes, rng)
        adam = Adam(tuple(layers), weight_decay=self.weight_decay)
        for iteration in range(steps):
            rate = np.float32(self.learning_rate * 0.5 * (1.0 + np.cos(np.pi * iteration / steps)))
            shown, wanted = picks.draw(curves, self.members, rng)
            varied = vary(shown.reshape(-1, curves.shape[1]), rng)
            inputs = self._inputs(varied).reshape(shown.shape)
            adam.step(layers.gradients(inputs, wanted), rate)
        return layers

    # -- what it says ------------------------------------------------------------------------------

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Probability of each class, (n_spectra, n_classes); NaN where X is not finite."""
        values = self._checked(X)
        probability = self.member_probabilities(values).mean(axis=0)
        probability[~np.isfinite(values).all(axis=1)] = np.nan
        return np.asarray(probability)

    def member_probabilities(self, X: ArrayLike) -> Floats:
        """(n_members, n_spectra, n_classes): what each member says; where they differ, a label would help."""
        values = np.nan_to_num(self._checked(X), posinf=0.0, neginf=0.0)
        inputs = self._inputs(_averaged(values, self._group).astype(np.float32))
        return np.asarray(softmax(self.layers_.logits(inputs).astype(np.float64)))

    def unseen(self, X: ArrayLike) -> Floats:
        """How strange each spectrum is, (n_spectra,): 0 is like the training spectra, 1 is far from them.

        Contrast is the logarithm of the standard deviation of the intensity within a fifteenth of the angle
        axis; the score is how far it lies beyond what it was in training, root mean square over them.
        """
        contrast = self._contrast(np.asarray(self._checked(X), np.float64))
        beyond = np.maximum(np.maximum(self.contrast_[0] - contrast, contrast - self.contrast_[1]), 0.0)
        return np.asarray(np.sqrt(np.mean(np.square(beyond), axis=1)))

    def votes(self, X: ArrayLike) -> Votes:
        """What each fifteenth of the angle axis says for each class, and how much it says in all.

        A network is a sum over its inputs: what input i adds to a logit, as all inputs go from the mean
        training curve to the curve together, is its integrated gradient (M. Sundararajan et al., arXiv
        1703.01365), which one hidden layer of ReLUs has in closed form. `believability` is how much the bin
        adds to the training curves, mean absolute value, the most being 1; the share for a class is 1/K
        and what the bin adds to it, in units of that.
        """
        values = np.nan_to_num(self._checked(X), posinf=0.0, neginf=0.0)
        said = self._said(self._inputs(_averaged(values, self._group).astype(np.float32)))
        classes = said.shape[2]
        share = 1.0 / classes + said / (2.0 * self.weight_[:, np.newaxis])
        edges = self._edges()
        return Votes(
            self.axis_[edges[:-1]].copy(),
            self.axis_[edges[1:] - 1].copy(),
            self.separability_,
            self.weight_ / self.weight_.max(),
            np.clip(share, 0.0, 1.0),
        )

    def attribution(self, X: ArrayLike) -> Floats:
        """(n_spectra, n_points): how much each point speaks for the class given; NaN where X is.

        The integrated gradient of the lead of the class, from `mean_`, input by input; the points of an input
        share it. What a curve's points add up to is how much more its class leads than it
        would for the mean curve.
        """
        values = self._checked(X)
        given = np.argmax(self.member_probabilities(values).mean(axis=0), axis=1)
        whole = np.nan_to_num(values, posinf=0.0, neginf=0.0)
        inputs = self._inputs(_averaged(whole, self._group).astype(np.float32))
        spoken = np.zeros(inputs.shape)
        for first, bias, second, _ in zip(*self.layers_, strict=True):
            own = second.T[given]
            lead = own - (second.sum(axis=1) - own) / (self.classes_.size - 1)
            spoken += inputs * ((_passed(inputs @ first, bias) * lead) @ first.T)
        found = np.zeros(values.shape)
        shared = np.repeat(spoken / (len(self.layers_.first) * self._group), self._group, axis=1)
        found[:, : shared.shape[1]] = shared
        found[~np.isfinite(values).all(axis=1)] = np.nan
        return found

    @property
    def mean_(self) -> Floats:
        """(n_points,), the mean of the training curves, averaged over `width` with their heights compressed:
        what attribution compares with.
        """
        mean = np.repeat(np.sinh(self.centre_.astype(np.float64)) * self.height, self._group)
        return np.pad(mean, (0, self.n_features_in_ - mean.size), mode="edge")

    def _edges(self) -> NDArray[np.int64]:
        """First input of each bin, and the number of inputs."""
        bins = min(STRETCHES, self.axis_.size)
        return np.linspace(0, self.axis_.size, bins + 1).astype(np.int64)

    def _said(self, inputs: Singles) -> Floats:
        """(n_spectra, n_bins, n_classes): what each bin adds to the logits; 0 over the classes."""
        edges = self._edges()
        found = np.zeros((len(inputs), edges.size - 1, self.classes_.size))
        for first, bias, second, last in zip(*self.layers_, strict=True):
            parts = np.stack(
                [inputs[:, a:b] @ first[a:b] for a, b in pairwise(edges)], axis=1
            )  # (n_spectra, n_bins, n_hidden)
            share = _passed(parts.sum(axis=1), bias)
            found += (parts * share[:, np.newaxis]) @ second
            # what the mean curve has for a class is not of any bin: all bins carry it alike
            found += (np.maximum(bias, 0.0) @ second + last)[0] / (edges.size - 1)
        found /= len(self.layers_.first)
        return np.asarray(found - found.mean(axis=2, keepdims=True))

    @property
    def n_parameters_(self) -> int:
        """How many numbers training has set."""
        return sum(each.size for each in self.layers_)

    @property
    def _group(self) -> int:
        return self.n_features_in_ // self.axis_.size

    def _compressed(self, curves: Singles) -> Singles:
        return np.asarray(np.arcsinh(curves / np.float32(self.height)))

    def _inputs(self, curves: Singles) -> Singles:
        return np.asarray((self._compressed(curves) - self.centre_) / np.float32(self.scale_))

    def _contrast(self, values: Floats) -> Floats:
        return np.asarray(np.log(spread(_stretches(values)) + self.noise_ + np.finfo(np.float64).tiny))

    # -- the file ----------------------------------------------------------------------------------

    def _learned(self) -> Arrays:
        layers = {f"layer_{part.name}": getattr(self.layers_, part.name) for part in fields(Layers)}
        return {
            **layers,
            "centre": self.centre_,
            "scale": np.array(self.scale_),
            "noise": self.noise_,
            "contrast": self.contrast_,
            "axis": self.axis_,
            "weight": self.weight_,
            "separability": self.separability_,
        }

    def _restore(self, arrays: Arrays) -> None:
        self.layers_ = Layers(*(arrays[f"layer_{part.name}"] for part in fields(Layers)))
        self.centre_, self.scale_ = arrays["centre"], float(arrays["scale"])
        self.noise_, self.contrast_, self.axis_ = arrays["noise"], arrays["contrast"], arrays["axis"]
        self.weight_, self.separability_ = arrays["weight"], arrays["separability"]
        if self.layers_.first.shape[1] != self.axis_.size or self.centre_.shape != self.axis_.shape:
            raise ValueError("its layers do not fit its angle axis")


def _passed(whole: Singles, bias: Singles) -> Singles:
    """(n_spectra, n_hidden): which share of its input, on its way from 0, a hidden unit has passed on."""
    risen = np.maximum(whole + bias, 0.0) - np.maximum(bias, 0.0)
    small = np.abs(whole) < SMALL
    return np.asarray(np.where(small, bias > 0, risen / np.where(small, 1.0, whole)))


def softmax(logits: NDArray[Any]) -> NDArray[Any]:
    """Probabilities along the last axis."""
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


def _size(axis: Floats, width: float) -> int:
    """Points that are averaged to one input; a coarse axis is left as it is."""
    step = (axis[-1] - axis[0]) / max(1, axis.size - 1)
    return int(np.clip(round(width / step), 1, max(1, axis.size // 8))) if step > 0 else 1


def _averaged(values: NDArray[np.floating[Any]], size: int) -> NDArray[np.floating[Any]]:
    """Means over groups of `size` points; points at the right that fill none are left out."""
    groups = values.shape[1] // size
    return np.asarray(values[:, : groups * size].reshape(len(values), groups, size).mean(axis=2))


def _stretches(values: Floats) -> Floats:
    """(n_spectra, n_stretches, n_in_stretch): the curves in fifteen pieces, or fewer of short ones."""
    pieces = max(1, min(STRETCHES, values.shape[1] // 3))
    size = values.shape[1] // pieces
    return values[:, : pieces * size].reshape(len(values), pieces, size)
