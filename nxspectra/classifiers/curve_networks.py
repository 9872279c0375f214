"""The networks that take a curve as a whole; torch is loaded when one is trained or asked.

`fcnn-1d`, `cnn`, `resnet`, `lstm`, `transformer`, `cnn-attention` and `cnn-attention-sct` are those that
Y. Sun, S. Brockhauser and P. Hegedűs compare, Appl. Sci. 11 (2021) 11520, doi 10.3390/app112311520, with as
many weights as they print for 4023 points and two classes. `lstm-angle` and `transformer-angle` run over the
angle axis, which the published two do not.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nxspectra.classifiers.estimator import Arrays, Estimator, Floats, room
from nxspectra.preprocessing import PUBLISHED, Preprocessing

STATE = "state."
"""Before the name of a weight in the file."""


class CurveNetwork(Estimator):
    """What they share: the published recipe, the weights as arrays, probabilities and attribution.

    The defaults are published: 50 noisy copies of every curve, uniform noise of 0 to 1/6, Adam at 0.002,
    weight decay 2e-5, all curves in one step. `epochs` None is the published number of the network.
    """

    preprocessing: ClassVar[Preprocessing] = PUBLISHED
    layout: ClassVar[str]
    published_epochs: ClassVar[int]

    state_: dict[str, NDArray[np.generic]]
    """The weights, by their names in the torch module."""
    mean_: Floats
    """(n_points,), the mean of the classes' mean training curves: what attribution compares with."""

    def __init__(
        self,
        *,
        epochs: int | None = None,
        noise: float = 1 / 6,
        noise_copies: int = 50,
        learning_rate: float = 2e-3,
        weight_decay: float = 2e-5,
        batch_size: int | None = None,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        self.epochs = epochs
        self.noise = noise
        self.noise_copies = noise_copies
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.seed = seed
        self.device = device

    def _settings(self) -> dict[str, int | bool]:
        """What the layout takes besides the number of points and classes."""
        return {}

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on preprocessed spectra X (n_spectra, n_points) with classes y (n_spectra,).

        Raises ValueError for what cannot be trained on, MissingExtra where torch is not installed, and
        UsageError for a device that is not there.
        """
        values, class_index = self._training(X, y)
        curves = _curves()
        recipe = curves.Recipe(
            self.published_epochs if self.epochs is None else self.epochs,
            self.learning_rate,
            self.weight_decay,
            self.noise,
            self.noise_copies,
            self.batch_size,
        )
        self.state_ = curves.train(
            self._layout(curves), values, class_index, recipe=recipe, seed=self.seed, device=self.device
        )
        self.mean_ = balanced_mean(values, class_index)
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Probability of each class, (n_spectra, n_classes); NaN where X is.

        Raises ValueError when X has another number of points than the training spectra.
        """
        curves = _curves()
        return answered(
            self._checked(X),
            self.classes_.size,
            lambda known: curves.probability(self._layout(curves), self.state_, known),
        )

    def attribution(self, X: ArrayLike) -> Floats:
        """(n_spectra, n_points): how much each point speaks for the class given; NaN where X is.

        Integrated gradients from the mean of the classes' mean training curves (`mean_`).
        """
        curves = _curves()
        values = self._checked(X)
        return answered(
            values,
            values.shape[1],
            lambda known: curves.integrated_gradients(self._layout(curves), self.state_, known, self.mean_),
        )

    @property
    def n_parameters_(self) -> int:
        """How many numbers training has set; the statistics of batch normalisation are not among them."""
        return counted(self.state_)

    def _layout(self, curves: ModuleType) -> Any:
        return curves.Layout(self.layout, self.n_features_in_, self.classes_.size, self._settings())

    def _learned(self) -> Arrays:
        return {"mean": self.mean_} | {STATE + name: value for name, value in self.state_.items()}

    def _restore(self, arrays: Arrays) -> None:
        self.mean_ = arrays["mean"]
        self.state_ = {
            name.removeprefix(STATE): value for name, value in arrays.items() if name.startswith(STATE)
        }
        if not self.state_:
            raise ValueError("it holds no weights")


class FCNN1D(CurveNetwork):
    """`fcnn-1d`: a fully connected network, points–256–512–64–1, with layer normalisation."""

    layout, published_epochs = "fcnn-1d", 300


class CNN(CurveNetwork):
    """`cnn`: three convolutions with batch normalisation and pools.

    `second_pool` 3 is the variant of a later notebook, with 22,803 weights instead of 23,307.
    """

    layout, published_epochs = "cnn", 5

    def __init__(
        self,
        *,
        second_pool: int = 2,
        epochs: int | None = None,
        noise: float = 1 / 6,
        noise_copies: int = 50,
        learning_rate: float = 2e-3,
        weight_decay: float = 2e-5,
        batch_size: int | None = None,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        super().__init__(
            epochs=epochs,
            noise=noise,
            noise_copies=noise_copies,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            batch_size=batch_size,
            seed=seed,
            device=device,
        )
        self.second_pool = second_pool

    def _settings(self) -> dict[str, int | bool]:
        return {"second_pool": self.second_pool}


class ResNet(CurveNetwork):
    """`resnet`: the multi-scale residual network, branches that look through 3, 5 and 7 points."""

    layout, published_epochs = "resnet", 4


class LSTM(CurveNetwork):
    """`lstm`: long short-term memory, as published: the whole curve is the one token of its sequence."""

    layout, published_epochs = "lstm", 25


class Transformer(CurveNetwork):
    """`transformer`: two encoder layers, as published: the whole curve is the one token of its sequence."""

    layout, published_epochs = "transformer", 30


class CNNAttention(CurveNetwork):
    """`cnn-attention`: convolutions, attention over angles (spatial) and over channels."""

    layout, published_epochs = "cnn-attention", 8


class CNNAttentionSCT(CurveNetwork):
    """`cnn-attention-sct`: spatial, channel and temporal attention; a curve is asked about alone, so the
    sequence of the temporal one has one curve.
    """

    layout, published_epochs = "cnn-attention", 5

    def _settings(self) -> dict[str, int | bool]:
        return {"temporal": True}


class OverAngles(CurveNetwork):
    """What the variants share that run over the angle axis: the curve is cut into patches, the tokens.

    They are ours, so is what they are trained with: the published width would take hours on a CPU.
    """

    def __init__(
        self,
        *,
        patch: int = 32,
        width: int = 64,
        epochs: int | None = None,
        noise: float = 1 / 6,
        noise_copies: int = 10,
        learning_rate: float = 2e-3,
        weight_decay: float = 2e-5,
        batch_size: int | None = 32,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        super().__init__(
            epochs=epochs,
            noise=noise,
            noise_copies=noise_copies,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            batch_size=batch_size,
            seed=seed,
            device=device,
        )
        self.patch = patch
        self.width = width

    def _settings(self) -> dict[str, int | bool]:
        return {"patch": self.patch, "width": self.width}


class LSTMAngle(OverAngles):
    """`lstm-angle`: long short-term memory that really runs over the angle axis, patch after patch."""

    layout, published_epochs = "lstm", 25


class TransformerAngle(OverAngles):
    """`transformer-angle`: a transformer whose tokens are patches of the curve, so that its attention has
    something to compare.
    """

    layout, published_epochs = "transformer", 30


def answered(values: NDArray[np.floating[Any]], width: int, ask: Callable[[Floats], Floats]) -> Floats:
    """What `ask` says of the spectra that are finite, (n_spectra, width); NaN for the others."""
    known = np.isfinite(values.sum(axis=1, dtype=np.float64))
    answer = np.full((len(values), width), np.nan)
    if known.any():
        answer[known] = ask(np.asarray(values[known], dtype=np.float64))
    return answer


def counted(state: dict[str, NDArray[np.generic]]) -> int:
    """How many weights there are; the statistics of batch normalisation are none."""
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    return sum(value.size for name, value in state.items() if not name.endswith(statistics))


def balanced_mean(values: Floats, class_index: NDArray[np.int64]) -> Floats:
    """(n_points,): the mean of the classes' means, each having the same say."""
    means = [values[class_index == index].mean(axis=0) for index in np.unique(class_index)]
    return np.asarray(np.mean(means, axis=0))


def _curves() -> ModuleType:
    """The torch room, entered only to train and to ask."""
    return room("nxspectra.classifiers.networks.curves")
