"""What every classifier of ours has of scikit-learn's conventions, and its file; numpy only.

scikit-learn itself is not needed to classify. It is asked, where it is installed, only for what belongs to
it: its tags and its exceptions.
"""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nxspectra import __version__
from nxspectra.errors import MissingExtra, ModelError

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]

UNLABELLED = -1
"""In `y`, a spectrum without a class, for classifiers that learn from those too (`takes_unlabelled`)."""


class Estimator:
    """A classifier of spectra by scikit-learn's conventions, saved as arrays.

    A class of ours gives `fit`, `predict_proba`, and what it has learned as arrays (`_learned`, `_restore`).
    """

    classes_: NDArray[Any]
    """(n_classes,), sorted, as given in `y`."""
    n_features_in_: int

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002
        """The constructor's parameters; `deep` is taken for scikit-learn's sake."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **parameters: Any) -> Self:
        """Change parameters before fitting. Raises ValueError for one that there is not."""
        known = self.get_params()
        for name, value in parameters.items():
            if name not in known:
                raise ValueError(
                    f"{type(self).__name__} has no parameter {name!r}; it has {', '.join(known)}"
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.get_params().items())})"

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks of an estimator before it works with it."""
        utils = import_module("sklearn.utils")
        return utils.Tags(
            estimator_type="classifier",
            target_tags=utils.TargetTags(required=True),
            # its checks ask for clouds of two-dimensional points to be told apart; those are no curves
            classifier_tags=utils.ClassifierTags(poor_score=True),
            input_tags=utils.InputTags(),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classes_")

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Probability of each class, (n_spectra, n_classes); rows of NaN where it abstains."""
        raise NotImplementedError

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The most probable class, (n_spectra,); of equal ones the first."""
        probability = self.predict_proba(X)
        # a spectrum that has no probabilities has to be called something here; `classify` abstains
        return np.asarray(self.classes_[np.argmax(np.nan_to_num(probability), axis=1)])

    def score(self, X: ArrayLike, y: ArrayLike) -> float:
        """Share of the spectra that are given their class."""
        return float(np.mean(self.predict(X) == np.asarray(y)))

    # -- what comes in -----------------------------------------------------------------------------

    def _training(self, X: ArrayLike, y: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
        """X and the class index of each spectrum; `classes_` and `n_features_in_` are set.

        Raises ValueError, saying what is wrong, for what cannot be trained on.
        """
        values, labels = finite(numbers(X)), self._labels(y)
        if len(values) != len(labels):
            raise ValueError(
                f"X has the shape {values.shape} and y {labels.shape}; expected (n, p) and (n,): inconsistent"
                " numbers of samples"
            )
        self.classes_, index = np.unique(labels, return_inverse=True)
        if self.classes_.size < 2:
            raise ValueError(f"y holds {self.classes_.size} class; two are needed at least")
        self.n_features_in_ = values.shape[1]
        return values, index.astype(np.int64)

    def _labels(self, y: ArrayLike | None) -> NDArray[Any]:
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None; classes are needed"
            )
        labels = np.asarray(y)
        if labels.ndim == 2 and labels.shape[1] == 1:
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected: (n,) instead of (n, 1)",
                import_module("sklearn.exceptions").DataConversionWarning,
                stacklevel=4,
            )
            labels = labels[:, 0]
        if labels.ndim != 1:
            raise ValueError(f"y has the shape {labels.shape}; expected (n,)")
        if labels.dtype.kind == "f":
            if not np.isfinite(labels).all():
                raise ValueError("Input y contains NaN or infinity; leave those spectra out")
            if np.any(labels != np.round(labels)):
                raise ValueError("Unknown label type: continuous; classes are whole numbers or names")
        return labels

    def _checked(self, X: ArrayLike) -> NDArray[np.floating[Any]]:
        """X as it may be asked about; it may hold NaN. Raises ValueError for another number of points."""
        if not self.__sklearn_is_fitted__():
            raise not_fitted(self)
        values = numbers(X)
        if values.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {values.shape[1]} features, but {type(self).__name__} is expecting"
                f" {self.n_features_in_} features as input: one for each point of the angle axis"
            )
        return values

    # -- the file ----------------------------------------------------------------------------------

    def _learned(self) -> Arrays:
        """Everything that `fit` has learned, besides `classes_` and `n_features_in_`."""
        raise NotImplementedError

    def _restore(self, arrays: Arrays) -> None:
        """Take what `_learned` gave; KeyError or ValueError where it is something else."""
        raise NotImplementedError

    def save(self, path: str | Path) -> None:
        """Write everything to an `.npz` without pickled objects."""
        if not self.__sklearn_is_fitted__():
            raise not_fitted(self)
        if self.classes_.dtype.hasobject:
            raise ValueError("classes that are Python objects cannot be saved; give numbers or strings")
        arrays: Arrays = {
            "parameters": np.array(json.dumps(self.get_params(), sort_keys=True)),
            "version": np.array(__version__),
            "classes": self.classes_,
            "points": np.array(self.n_features_in_),
            **self._learned(),
        }
        with Path(path).open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """What `save` wrote; ModelError if it is something else, or of a version that knew other parameters.

        A parameter that the class has gained since has its default.
        """
        try:
            with np.load(Path(path), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files if not name.endswith(".json")}
            parameters = json.loads(str(arrays["parameters"]))
            made_by = f"nxspectra {arrays.get('version', 'of an earlier version')}"
            check_parameters(cls, parameters, made_by)
            new = cls(**parameters)
            new.classes_, new.n_features_in_ = arrays["classes"], int(arrays["points"])
            new._restore(arrays)
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from error
        except KeyError as error:
            raise ModelError(
                f"{path}: not a model of {cls.__name__} as nxspectra {__version__} has it: it has no"
                f" {error}; train it again"
            ) from error
        except (ValueError, TypeError) as error:
            raise ModelError(f"{path}: not a model of {cls.__name__}: {error}") from error
        return new


def check_parameters(kind: type[Any], parameters: Mapping[str, object], made_by: str) -> None:
    """Raises ModelError, naming both versions, where `parameters` has one that the class does not know."""
    known = inspect.signature(kind).parameters
    open_ended = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in known.values())
    strange = [] if open_ended else [name for name in parameters if name not in known]
    if strange:
        raise ModelError(
            f"a model by {made_by}, with a parameter {strange[0]!r} that {kind.__name__} of this nxspectra"
            f" {__version__} does not have: install the version that made it, or train it again"
        )


def numbers(X: ArrayLike) -> Floats:
    """X as (n_spectra, n_points) in float64. Raises ValueError or TypeError, saying what it is instead."""
    if hasattr(X, "toarray"):
        raise TypeError("a sparse matrix was passed, but dense data is required; X.toarray() makes it so")
    values = np.asarray(X)
    if values.dtype.kind == "c":
        raise ValueError("Complex data not supported: intensities are real numbers")
    if values.dtype != np.float32:  # thresholds are compared in float32: do not copy what is that already
        values = values.astype(np.float64, copy=False)
    if values.ndim != 2:
        raise ValueError(
            f"X has the shape {values.shape}; expected (n_spectra, n_points). Expected 2D array: Reshape your"
            " data, with X.reshape(1, -1) if it is one spectrum"
        )
    if values.shape[1] == 0:
        raise ValueError(f"0 feature(s) (shape={values.shape}) while a minimum of 1 is required.")
    return values


def finite(values: Floats) -> Floats:
    """The values, if there are some and all are finite; ValueError otherwise."""
    if len(values) == 0:
        raise ValueError(f"0 sample(s) (shape={values.shape}) while a minimum of 1 is required.")
    if not np.isfinite(values).all():
        raise ValueError("X holds values that are not finite (NaN or infinity); leave those spectra out")
    return values.astype(np.float64, copy=False)


def not_fitted(estimator: object) -> Exception:
    """What to raise when an estimator is asked that has learned nothing: scikit-learn's, if it is there."""
    said = f"This {type(estimator).__name__} instance is not fitted yet: call 'fit' first"
    try:
        kind: type[Exception] = import_module("sklearn.exceptions").NotFittedError
    except ModuleNotFoundError:
        kind = ValueError
    return kind(said)


def room(name: str, extra: str = "torch") -> ModuleType:
    """A module that needs an extra library, entered only when it is used. Raises MissingExtra."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != extra:
            raise
        library = {"sklearn": "scikit-learn"}.get(extra, extra)
        raise MissingExtra(
            f"training needs {library}, which is not installed: pip install 'nxspectra[train]'"
        ) from error
