"""A classifier that learns from spectra without labels first, and needs few with one; torch to ask it."""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nxspectra.classifiers.curve_networks import STATE, answered, balanced_mean, counted
from nxspectra.classifiers.estimator import UNLABELLED, Arrays, Estimator, Floats, finite, numbers, room
from nxspectra.classifiers.reference import softmax
from nxspectra.preprocessing import PUBLISHED, Preprocessing
from nxspectra.threads import one_thread


class SelfSupervised(Estimator):
    """`self-supervised`: an encoder pretrained on all spectra, labelled or not, and a linear head on few.

    Spectra whose class is -1 have no label: the encoder learns from them what curves look like, by telling
    two changed views of one curve from those of others (`relation`, `contrast`); the head, logistic
    regression of the embedding, learns from those with a class. After Y. Sun et al., Sci. Rep. 13 (2023)
    9370, doi 10.1038/s41598-023-36456-y, as far as it is public.
    """

    preprocessing: ClassVar[Preprocessing] = PUBLISHED
    takes_unlabelled: ClassVar[bool] = True

    state_: dict[str, NDArray[np.generic]]
    """The weights of the encoder, by their names in the torch module."""
    coefficients_: Floats
    """(n_classes, 128)."""
    intercept_: Floats
    """(n_classes,)."""
    mean_: Floats
    """(n_points,), the mean of the classes' mean training curves: what attribution compares with."""
    told_: float
    """Share of pairs of views that the encoder told rightly at the end of pretraining."""

    def __init__(
        self,
        *,
        epochs: int = 40,
        learning_rate: float = 2e-3,
        weight_decay: float = 2e-5,
        relation: float = 1.0,
        contrast: float = 1.0,
        magnitude: float = 0.3,
        warp: float = 0.2,
        jitter: float = 0.02,
        batch_size: int = 64,
        strength: float = 100.0,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.relation = relation
        self.contrast = contrast
        self.magnitude = magnitude
        self.warp = warp
        self.jitter = jitter
        self.batch_size = batch_size
        self.strength = strength
        self.seed = seed
        self.device = device

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Pretrain on all spectra X (n_spectra, n_points), then train the head on those with a class.

        y (n_spectra,) has -1 where there is none. Raises ValueError for what cannot be trained on, and
        MissingExtra where torch or scikit-learn is not installed.
        """
        values, labels = finite(numbers(X)), self._labels(y)
        known = labels != UNLABELLED if labels.dtype.kind in "iuf" else np.ones(len(labels), np.bool_)
        if len(values) != len(labels):
            raise ValueError(f"X has the shape {values.shape} and y {labels.shape}: inconsistent numbers")
        if not known.any():
            raise ValueError("every y is -1, so no spectrum has a class; two classes are needed at least")
        own, class_index = self._training(values[known], labels[known])
        if own.shape[1] < 2:
            raise ValueError(f"1 feature(s) (shape={own.shape}): a curve has at least two points")
        networks = _pretraining()
        recipe = networks.Recipe(
            self.epochs,
            self.learning_rate,
            self.weight_decay,
            self.relation,
            self.contrast,
            self.magnitude,
            self.warp,
            self.jitter,
            self.batch_size,
        )
        self.state_, self.told_ = networks.pretrain(values, recipe=recipe, seed=self.seed, device=self.device)
        self.mean_ = balanced_mean(own, class_index)
        linear = room("sklearn.linear_model", "sklearn")
        embedded = networks.embed(self.n_features_in_, self.state_, own)
        head: Any = linear.LogisticRegression(C=self.strength, class_weight="balanced", max_iter=1000)
        with one_thread():
            head.fit(embedded, class_index)
        self.coefficients_, self.intercept_ = head.coef_, head.intercept_
        if len(self.coefficients_) == 1:  # one row is the logit of the second class
            self.coefficients_ = np.concatenate([-0.5 * head.coef_, 0.5 * head.coef_])
            self.intercept_ = np.concatenate([-0.5 * head.intercept_, 0.5 * head.intercept_])
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Probability of each class, (n_spectra, n_classes); NaN where X is."""
        return answered(self._checked(X), self.classes_.size, lambda known: softmax(self._scores(known)))

    def attribution(self, X: ArrayLike) -> Floats:
        """(n_spectra, n_points): how much each point speaks for the class given; NaN where X is.

        Integrated gradients of the lead of the class, from `mean_`.
        """
        values = self._checked(X)
        return answered(values, values.shape[1], self._integrated)

    @property
    def n_parameters_(self) -> int:
        """How many numbers training has set; the statistics of batch normalisation are not among them."""
        return counted(self.state_) + self.coefficients_.size + self.intercept_.size

    def _scores(self, values: Floats) -> Floats:
        embedded = _pretraining().embed(self.n_features_in_, self.state_, values)
        return np.asarray(embedded @ self.coefficients_.T + self.intercept_)

    def _integrated(self, values: Floats) -> Floats:
        given = self._scores(values).argmax(axis=1)
        own = self.coefficients_[given]
        others = (self.coefficients_.sum(axis=0) - own) / (len(self.coefficients_) - 1)
        speaks: Floats = _pretraining().integrated_gradients(
            self.n_features_in_, self.state_, values, baseline=self.mean_, weights=own - others
        )
        return speaks

    def _learned(self) -> Arrays:
        head = {
            "coefficients": self.coefficients_,
            "intercept": self.intercept_,
            "mean": self.mean_,
            "told": np.array(self.told_),
        }
        return head | {STATE + name: value for name, value in self.state_.items()}

    def _restore(self, arrays: Arrays) -> None:
        self.coefficients_, self.intercept_ = arrays["coefficients"], arrays["intercept"]
        self.mean_, self.told_ = arrays["mean"], float(arrays["told"])
        self.state_ = {
            name.removeprefix(STATE): value for name, value in arrays.items() if name.startswith(STATE)
        }


def _pretraining() -> ModuleType:
    """The torch room, entered only to train and to ask."""
    return room("nxspectra.classifiers.networks.pretraining")
