"""What a reviewer would ask for: features of each line, and a plain classifier of them; numpy to answer.

Where the training spectra have lines, each line's integrated intensity, centroid and width are features. On
them stand logistic regression, the nearest centroid, or scikit-learn's gradient boosting of histograms. They
are trained with scikit-learn and kept as arrays: coefficients, and trees node by node.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import find_peaks, peak_widths

from nxspectra.classifiers.binned import noise_level
from nxspectra.classifiers.curve_networks import answered
from nxspectra.classifiers.estimator import Arrays, Estimator, Floats, room
from nxspectra.preprocessing import Preprocessing
from nxspectra.threads import one_thread

FEATURES = 3
"""Of each region: root of the integrated intensity, centroid, width."""
PROMINENCE = 8.0
"""How many times the noise a line stands out."""
FOOT = 0.9
"""Share of a line's height, from its top, down to which its region goes."""


class Reference(Estimator):
    """`reference`: logistic regression of peak-region features: intensity, centroid and width of each line.

    `noise_copies` of every spectrum, with the noise measured in it, stand beside it in training: features of
    a few spectra differ by their noise, too.
    """

    preprocessing: ClassVar[Preprocessing] = Preprocessing()

    regions_: NDArray[np.int64]
    """(n_regions, 2), first point of each region and the point after its last."""
    centre_: Floats
    """(n_features,), mean of each feature in training."""
    spread_: Floats
    """(n_features,), its standard deviation."""

    def __init__(self, *, noise_copies: int = 20, strength: float = 1.0, seed: int = 0) -> None:
        self.noise_copies = noise_copies
        self.strength = strength
        self.seed = seed

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on preprocessed spectra X (n_spectra, n_points) with classes y (n_spectra,).

        Raises ValueError for what cannot be trained on, and MissingExtra where scikit-learn is not installed.
        """
        values, class_index = self._training(X, y)
        noise = float(noise_level(values[:, None])[0])
        self.regions_ = regions(values.max(axis=0), noise)
        rng = np.random.default_rng(self.seed)
        copies = [values + noise * rng.standard_normal(values.shape) for _ in range(self.noise_copies)]
        raw = features(np.concatenate([values, *copies]), self.regions_)
        self.centre_, spread = raw.mean(axis=0), raw.std(axis=0)
        self.spread_ = np.where(spread > 1e-12, spread, 1.0)
        self._train(self._standard(raw), np.tile(class_index, 1 + self.noise_copies))
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Probability of each class, (n_spectra, n_classes); NaN where X is."""
        return answered(
            self._checked(X),
            self.classes_.size,
            lambda known: softmax(self._scores(self._standard(features(known, self.regions_)))),
        )

    def attribution(self, X: ArrayLike) -> Floats:
        """(n_spectra, n_points): how much each point speaks for the class given; NaN where X is.

        By how much the lead of the class falls when a region's features are those of the mean of training,
        spread over the region as the intensity is.
        """
        values = self._checked(X)
        return answered(values, values.shape[1], self._without_regions)

    @property
    def n_parameters_(self) -> int:
        """How many numbers the classifier of the features has."""
        return sum(value.size for value in self._learned_scores().values())

    def _standard(self, raw: Floats) -> Floats:
        return (raw - self.centre_) / self.spread_

    def _without_regions(self, values: Floats) -> Floats:
        standard = self._standard(features(values, self.regions_))
        scores = self._scores(standard)
        given = scores.argmax(axis=1)
        whole = _lead(scores, given)
        result = np.zeros(values.shape)
        for number, (first, end) in enumerate(self.regions_):
            without = standard.copy()
            without[:, FEATURES * number : FEATURES * (number + 1)] = 0.0
            weight = np.maximum(values[:, first:end], 0.0) + 1e-9
            speaks = whole - _lead(self._scores(without), given)
            result[:, first:end] = speaks[:, None] * weight / weight.sum(axis=1, keepdims=True)
        return result

    # -- the classifier of the features ------------------------------------------------------------

    def _train(self, standard: Floats, class_index: NDArray[np.int64]) -> None:
        linear = room("sklearn.linear_model", "sklearn")
        model = linear.LogisticRegression(C=self.strength, max_iter=1000)
        with one_thread():
            model.fit(standard, class_index)
        if len(model.classes_) == 2:  # one row is the logit of the second class
            self.coefficients_ = np.concatenate([-0.5 * model.coef_, 0.5 * model.coef_])
            self.intercept_ = np.concatenate([-0.5 * model.intercept_, 0.5 * model.intercept_])
        else:
            self.coefficients_, self.intercept_ = model.coef_, model.intercept_

    def _scores(self, standard: Floats) -> Floats:
        """(n_spectra, n_classes): logarithms of probabilities, but for what all classes share."""
        return np.asarray(standard @ self.coefficients_.T + self.intercept_)

    def _learned_scores(self) -> Arrays:
        return {"coefficients": self.coefficients_, "intercept": self.intercept_}

    def _restore_scores(self, arrays: Arrays) -> None:
        self.coefficients_, self.intercept_ = arrays["coefficients"], arrays["intercept"]

    def _learned(self) -> Arrays:
        own = {"regions": self.regions_, "centre": self.centre_, "spread": self.spread_}
        return own | self._learned_scores()

    def _restore(self, arrays: Arrays) -> None:
        self.regions_, self.centre_, self.spread_ = (arrays[name] for name in ("regions", "centre", "spread"))
        self._restore_scores(arrays)


class NearestCentroid(Reference):
    """`nearest-centroid`: the class whose mean peak-region features are nearest."""

    def __init__(self, *, noise_copies: int = 20, seed: int = 0) -> None:
        self.noise_copies = noise_copies
        self.seed = seed

    def _train(self, standard: Floats, class_index: NDArray[np.int64]) -> None:
        each = [standard[class_index == index] for index in range(self.classes_.size)]
        self.centroids_ = np.stack([own.mean(axis=0) for own in each])
        inside = [np.square(own - mean).sum(axis=1) for own, mean in zip(each, self.centroids_, strict=True)]
        # how far spectra of one class lie apart is what a difference of distances is measured by
        self.scale_ = max(float(np.mean(np.concatenate(inside))), 1e-9)

    def _scores(self, standard: Floats) -> Floats:
        distance = np.square(standard[:, None] - self.centroids_).sum(axis=2)
        return np.asarray(-distance / self.scale_)

    def _learned_scores(self) -> Arrays:
        return {"centroids": self.centroids_, "scale": np.array(self.scale_)}

    def _restore_scores(self, arrays: Arrays) -> None:
        self.centroids_, self.scale_ = arrays["centroids"], float(arrays["scale"])


class Boosting(Reference):
    """`boosting`: scikit-learn's gradient boosting of histograms, on peak-region features."""

    def __init__(
        self,
        *,
        noise_copies: int = 20,
        iterations: int = 60,
        learning_rate: float = 0.1,
        leaf: int = 5,
        seed: int = 0,
    ) -> None:
        self.noise_copies = noise_copies
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.leaf = leaf
        self.seed = seed

    def _train(self, standard: Floats, class_index: NDArray[np.int64]) -> None:
        ensemble = room("sklearn.ensemble", "sklearn")
        model = ensemble.HistGradientBoostingClassifier(
            max_iter=self.iterations,
            learning_rate=self.learning_rate,
            min_samples_leaf=self.leaf,
            early_stopping=False,
            random_state=self.seed,
        )
        with one_thread():
            model.fit(standard, class_index)
        self.trees_ = Trees.of(model)

    def _scores(self, standard: Floats) -> Floats:
        raw = self.trees_.scores(standard)
        return np.concatenate([-0.5 * raw, 0.5 * raw], axis=1) if raw.shape[1] == 1 else raw

    def _learned_scores(self) -> Arrays:
        trees = self.trees_
        return {
            "start": trees.start, "root": trees.root, "output": trees.output, "feature": trees.feature,
            "threshold": trees.threshold, "low": trees.low, "high": trees.high, "value": trees.value,
        }  # fmt: skip

    def _restore_scores(self, arrays: Arrays) -> None:
        self.trees_ = Trees(**{name: arrays[name] for name in Trees.__dataclass_fields__})


@dataclass(frozen=True)
class Trees:
    """Boosted trees, all nodes one after another; scikit-learn is not needed to follow them."""

    start: Floats
    """(n_outputs,), the score before any tree."""
    root: NDArray[np.int64]
    """(n_trees,), the node at which each begins."""
    output: NDArray[np.int64]
    """(n_trees,), to which score it adds."""
    feature: NDArray[np.int64]
    """(n_nodes,), what a node asks about; -1 for a leaf."""
    threshold: Floats
    """(n_nodes,): up to this, on to `low`; beyond, to `high`."""
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    value: Floats
    """(n_nodes,), what a leaf adds."""

    @classmethod
    def of(cls, model: Any) -> Self:
        """The trees of a fitted HistGradientBoostingClassifier."""
        every = [(output, tree.nodes) for stage in model._predictors for output, tree in enumerate(stage)]
        sizes = np.array([len(nodes) for _, nodes in every], dtype=np.int64)
        root = np.cumsum(sizes) - sizes
        joined = np.concatenate([nodes for _, nodes in every])
        offset = np.repeat(root, sizes)
        leaf = joined["is_leaf"].astype(bool)
        return cls(
            np.asarray(model._baseline_prediction, dtype=np.float64).reshape(-1),
            root,
            np.array([output for output, _ in every], dtype=np.int64),
            np.where(leaf, -1, joined["feature_idx"].astype(np.int64)),
            joined["num_threshold"].astype(np.float64),
            joined["left"].astype(np.int64) + offset,
            joined["right"].astype(np.int64) + offset,
            joined["value"].astype(np.float64),
        )

    def scores(self, features: Floats) -> Floats:
        """(n_spectra, n_outputs)."""
        total = np.tile(self.start, (len(features), 1))
        rows = np.arange(len(features))
        for root, output in zip(self.root, self.output, strict=True):
            node = np.full(len(features), root)
            while (asks := self.feature[node] >= 0).any():
                here = node[asks]
                lower = features[rows[asks], self.feature[here]] <= self.threshold[here]
                node[asks] = np.where(lower, self.low[here], self.high[here])
            total[:, output] += self.value[node]
        return total


def regions(envelope: Floats, noise: float) -> NDArray[np.int64]:
    """Where the training spectra have lines, (n_regions, 2): first point, and the point after the last.

    `envelope` (n_points,) is the most intense of them at each point. Lines whose feet overlap share a region;
    where there is no line, the whole axis is one.
    """
    peaks, _ = find_peaks(envelope, prominence=max(PROMINENCE * noise, 1e-12))
    if not peaks.size:
        return np.array([[0, envelope.size]], dtype=np.int64)
    _, _, left, right = peak_widths(envelope, peaks, rel_height=FOOT)
    found: list[list[int]] = []
    for first, last in sorted(zip(np.floor(left).astype(int), np.ceil(right).astype(int), strict=True)):
        if found and first <= found[-1][1]:
            found[-1][1] = max(found[-1][1], int(last))
        else:
            found.append([int(first), int(last)])
    return np.array([[first, min(last + 1, envelope.size)] for first, last in found], dtype=np.int64)


def features(values: Floats, regions: NDArray[np.int64]) -> Floats:
    """(n_spectra, n_features): of each region the root of its mean intensity, and centroid and width as
    shares of the region.
    """
    made = []
    for first, end in regions:
        inside = np.maximum(values[:, first:end], 0.0) + 1e-9
        place = np.linspace(-0.5, 0.5, end - first)
        total = inside.sum(axis=1)
        centroid = inside @ place / total
        width = np.sqrt(np.maximum(inside @ np.square(place) / total - np.square(centroid), 0.0))
        made += [np.sqrt(np.maximum(values[:, first:end].mean(axis=1), 0.0)), centroid, width]
    return np.stack(made, axis=1)


def softmax(scores: Floats) -> Floats:
    """Probabilities of scores (n_spectra, n_classes)."""
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _lead(scores: Floats, given: NDArray[np.intp]) -> Floats:
    """By how much the class leads the mean of the others, (n_spectra,)."""
    own = scores[np.arange(len(scores)), given]
    return np.asarray(own - (scores.sum(axis=1) - own) / max(1, scores.shape[1] - 1))
