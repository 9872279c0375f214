"""Whether a classifier keeps what the others rely on: a suite for those who write one.

    from nxspectra.testing import check_classifier

    def test_mine_conforms():
        check_classifier(Mine, neighbours=3)

Each check has a name and looks at one promise; `check_classifier` makes them all and raises one
AssertionError that names every promise that was broken. The spectra are simulated and few: it takes seconds.
"""

from __future__ import annotations

import inspect
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nxspectra.classifiers import Classifier, ExplainsItself
from nxspectra.classifiers.model import CARD, GRID
from nxspectra.classifiers.plugins import KnowsStrangers, VotesByBins
from nxspectra.preprocessing import Preprocessing
from nxspectra.simulation import simulate
from nxspectra.spectra import Spectra
from nxspectra.testing.phases import phases

Floats = NDArray[np.float64]

FRAMES, POINTS = 48, 240
LABELLED = (3, 8, 12, 36, 40, 45)
"""Frames of the ramp that are trained on: three of each class."""
CLEAR = (*range(18), *range(34, 48))
"""Frames of a ramp about whose class there is no doubt."""
CHANCE = 0.7
"""Share of clear frames that is better than chance beyond doubt."""


class Broken(AssertionError):
    """A promise is not kept; the text says how."""


def check_classifier(kind: type[Any], **parameters: Any) -> None:
    """Make every check of the class, built with these parameters; AssertionError names those that fail.

    Give parameters that make training quick. What is optional (`unseen`, `votes`, `attribution`,
    `takes_unlabelled`) is checked where the class offers it.
    """
    failed = broken_promises(kind, **parameters)
    if failed:
        lines = "\n".join(f"  {name}: {said}" for name, said in failed.items())
        raise AssertionError(f"{kind.__name__} does not conform:\n{lines}")


def broken_promises(kind: type[Any], **parameters: Any) -> dict[str, str]:
    """The checks that fail, by name, and what each says."""
    subject = Subject(kind, parameters)
    failed: dict[str, str] = {}
    for check in CHECKS:
        try:
            check(subject)
        except Exception as error:  # whatever it raises, the promise is not kept
            said = str(error) if isinstance(error, Broken) else f"{type(error).__name__}: {error}"
            failed[check.__name__.replace("_", "-")] = said
    return failed


@dataclass(frozen=True, slots=True)
class Again:
    """A training that was repeated."""

    estimator: Any
    """What fit returned."""
    is_itself: bool
    input_kept: bool


@dataclass
class Subject:
    """The class under test, and what is made with it once for all checks."""

    kind: type[Any]
    parameters: dict[str, Any]
    prepare: Callable[..., Floats] = field(init=False)

    def __post_init__(self) -> None:
        self.prepare = getattr(self.kind, "preprocessing", None) or Preprocessing()

    def new(self) -> Any:
        return self.kind(**self.parameters)

    @cached_property
    def ramp(self) -> tuple[Floats, NDArray[np.int64]]:
        """Prepared spectra and their class."""
        spectra, label = _ramp(11)
        return self.prepare(spectra), label

    @cached_property
    def fitted(self) -> Any:
        X, y = self.ramp
        return self.new().fit(X[list(LABELLED)], y[list(LABELLED)])

    @cached_property
    def again(self) -> Again:
        """The same training a second time, with what became of the arrays it was given."""
        X, y = (each[list(LABELLED)].copy() for each in self.ramp)
        before = X.copy(), y.copy()
        estimator = self.new()
        returned = estimator.fit(X, y)
        returned.predict_proba(X)
        kept = np.array_equal(X, before[0]) and np.array_equal(y, before[1])
        return Again(returned, returned is estimator, kept)

    @cached_property
    def probability(self) -> Floats:
        """What the fitted classifier says of the ramp, (n_spectra, n_classes)."""
        return np.asarray(self.fitted.predict_proba(self.ramp[0].copy()))


@lru_cache
def _ramp(seed: int) -> tuple[Spectra, NDArray[np.int64]]:
    """A ramp with its truth, the same for every subject: nobody may write into it."""
    made = simulate(seed=seed, frames=FRAMES, points=POINTS)
    return _kept(made.spectra, made.truth.label)


@lru_cache
def _phases() -> tuple[Spectra, NDArray[np.int64]]:
    return _kept(*phases(seed=12, frames=40, points=POINTS))


def _kept(spectra: Spectra, label: NDArray[np.int64]) -> tuple[Spectra, NDArray[np.int64]]:
    for each in (spectra.two_theta, spectra.intensity, label):
        each.setflags(write=False)
    return spectra, label


def _promise(kept: bool, said: str) -> None:
    if not kept:
        raise Broken(said)


def _same(one: Floats, other: Floats) -> bool:
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-6, atol=1e-9, equal_nan=True)


# -- one promise each ------------------------------------------------------------------------------


def keyword_parameters(subject: Subject) -> None:
    every = inspect.signature(subject.kind).parameters.values()
    bad = [
        each.name
        for each in every
        if each.kind is not each.KEYWORD_ONLY or each.default is inspect.Parameter.empty
    ]
    _promise(not bad, f"the constructor takes {', '.join(bad)} other than as a keyword with a default")


def parameters_are_kept(subject: Subject) -> None:
    estimator = subject.new()
    known = estimator.get_params()
    named = set(inspect.signature(subject.kind).parameters)
    _promise(set(known) == named, f"get_params gives {sorted(known)}; the constructor has {sorted(named)}")
    changed = [name for name, value in subject.parameters.items() if known[name] is not value]
    _promise(not changed, f"{', '.join(changed)} is not what was given to the constructor")
    again = subject.kind(**known).get_params()
    _promise(again == known, "get_params, given to the constructor, gives other parameters")
    estimator.set_params(**known)
    _promise(estimator.get_params() == known, "set_params changes what get_params gives")


def has_the_methods(subject: Subject) -> None:
    estimator = subject.fitted
    missing = [
        name for name in ("fit", "predict_proba", "get_params", "set_params", "save", "load", "classes_")
        if not hasattr(estimator, name)
    ]  # fmt: skip
    _promise(not missing, f"it has no {', '.join(missing)}")
    _promise(isinstance(estimator, Classifier), "it does not follow nxspectra.classifiers.Classifier")


def fit_returns_self(subject: Subject) -> None:
    _promise(subject.again.is_itself, "fit does not return the estimator")


def input_is_unchanged(subject: Subject) -> None:
    _promise(subject.again.input_kept, "X or y was changed")


def probabilities(subject: Subject) -> None:
    given = subject.probability
    _promise(
        given.shape == (FRAMES, 2), f"predict_proba gives the shape {given.shape}; expected {(FRAMES, 2)}"
    )
    known = given[np.isfinite(given).all(axis=1)]
    _promise(bool(known.size), "every probability is NaN")
    _promise(bool(known.min() >= -1e-9 and known.max() <= 1 + 1e-9), "some are below 0 or above 1")
    worst = float(np.abs(known.sum(axis=1) - 1.0).max())
    _promise(worst < 1e-6, f"those of one spectrum do not add up to 1; off by {worst:.3g}")


def order_of_classes(subject: Subject) -> None:
    X, y = subject.ramp
    codes = np.array([7, 3])
    estimator = subject.new().fit(X[list(LABELLED)], codes[y[list(LABELLED)]])
    found = np.asarray(estimator.classes_).tolist()
    _promise(found == [3, 7], f"classes_ is {found}; expected the sorted classes of y, [3, 7]")
    given = np.asarray(estimator.classes_)[np.argmax(estimator.predict_proba(X[list(LABELLED)]), axis=1)]
    right = np.mean(given == codes[y[list(LABELLED)]])
    _promise(bool(right > 0.5), "the columns of predict_proba are not in the order of classes_")


def each_spectrum_alone(subject: Subject) -> None:
    X = subject.ramp[0]
    backwards = np.asarray(subject.fitted.predict_proba(X[::-1].copy()))[::-1]
    alone = np.concatenate([subject.fitted.predict_proba(X[[row]]) for row in (0, 24, 47)])
    kept = _same(subject.probability, backwards) and _same(subject.probability[[0, 24, 47]], alone)
    _promise(kept, "what is said of a spectrum depends on the others that are asked about with it")


def same_seed_same_answer(subject: Subject) -> None:
    again = subject.again.estimator.predict_proba(subject.ramp[0].copy())
    _promise(_same(subject.probability, np.asarray(again)), "trained twice, it gives other probabilities")


def saves_an_npz_without_pickles(subject: Subject) -> None:
    with tempfile.TemporaryDirectory(prefix="nxspectra-") as folder:
        path = Path(folder) / "estimator.npz"
        subject.fitted.save(path)
        _promise(path.exists() and zipfile.is_zipfile(path), "save does not write an .npz at the path given")
        with np.load(path, allow_pickle=False) as file:
            for name in file.files:
                file[name]  # raises ValueError for pickled objects
            taken = {CARD, GRID} & {f"{name}.npy" for name in file.files} | {CARD} & set(file.files)
            _promise(not taken, f"it writes {', '.join(taken)}, which is the model's own")


def loads_as_saved(subject: Subject) -> None:
    with tempfile.TemporaryDirectory(prefix="nxspectra-") as folder:
        path = Path(folder) / "estimator.npz"
        subject.fitted.save(path)
        loaded = subject.kind.load(path)
    _promise(
        _same(subject.probability, np.asarray(loaded.predict_proba(subject.ramp[0]))),
        "loaded, it gives other probabilities",
    )
    _promise(np.array_equal(loaded.classes_, subject.fitted.classes_), "loaded, it has other classes_")
    _promise(loaded.get_params() == subject.fitted.get_params(), "loaded, it has other parameters")


def more_than_two_classes(subject: Subject) -> None:
    spectra, y = _phases()
    X = subject.prepare(spectra)
    estimator = subject.new().fit(X[::2], y[::2])
    given = np.asarray(estimator.predict_proba(X))
    _promise(given.shape == (40, 4), f"for four classes predict_proba gives the shape {given.shape}")
    right = float(np.mean(np.asarray(estimator.classes_)[np.nan_to_num(given).argmax(axis=1)] == y))
    _promise(right > 0.4, f"of four classes it gives {right:.0%} of the spectra the right one")


def nan_has_no_class(subject: Subject) -> None:
    X = subject.ramp[0][:3].copy()
    X[1, 5] = np.nan
    try:
        given = np.asarray(subject.fitted.predict_proba(X))
    except ValueError:
        return  # to refuse is to give no class, too
    _promise(bool(np.isnan(given[1]).all()), "a spectrum with NaN has a probability")
    _promise(_same(subject.probability[[0, 2]], given[[0, 2]]), "one spectrum with NaN changes the others")


def one_class_is_refused(subject: Subject) -> None:
    X = subject.ramp[0][:4]
    _promise(_refuses(lambda: subject.new().fit(X, np.zeros(4, np.int64))), "fit takes spectra of one class")


def other_grid_is_refused(subject: Subject) -> None:
    X = subject.ramp[0][:2, :-1]
    _promise(
        _refuses(lambda: subject.fitted.predict_proba(X)),
        "it takes spectra with fewer points than trained on",
    )


def better_than_chance(subject: Subject) -> None:
    spectra, label = _ramp(13)
    given = np.nan_to_num(np.asarray(subject.fitted.predict_proba(subject.prepare(spectra))))
    right = float(np.mean(given.argmax(axis=1)[list(CLEAR)] == label[list(CLEAR)]))
    _promise(right > CHANCE, f"of the clear spectra of another ramp it gives {right:.0%} the right class")


def unseen_is_a_number_each(subject: Subject) -> None:
    if isinstance(subject.fitted, KnowsStrangers):
        score = np.asarray(subject.fitted.unseen(subject.ramp[0]))
        _promise(score.shape == (FRAMES,), f"unseen gives the shape {score.shape}; expected {(FRAMES,)}")
        _promise(bool(np.isfinite(score).all()), "unseen is not finite")


def votes_are_of_each_bin(subject: Subject) -> None:
    if isinstance(subject.fitted, VotesByBins):
        votes = subject.fitted.votes(subject.ramp[0])
        shape = (FRAMES, len(votes.bin_start), 2)
        _promise(
            votes.share.shape == shape,
            f"votes give shares of the shape {votes.share.shape}; expected {shape}",
        )


def attribution_is_of_each_point(subject: Subject) -> None:
    if isinstance(subject.fitted, ExplainsItself):
        X = subject.ramp[0][:5]
        speaks = np.asarray(subject.fitted.attribution(X))
        _promise(speaks.shape == X.shape, f"attribution gives the shape {speaks.shape}; expected {X.shape}")
        _promise(bool(np.isfinite(speaks).all()), "attribution is not finite")


def unlabelled_is_no_class(subject: Subject) -> None:
    if getattr(subject.kind, "takes_unlabelled", False):
        X, y = subject.ramp
        partly = np.full(FRAMES, -1)
        partly[list(LABELLED)] = y[list(LABELLED)]
        found = np.asarray(subject.new().fit(X, partly).classes_).tolist()
        _promise(found == [0, 1], f"trained with -1 for no class, classes_ is {found}")


CHECKS: tuple[Callable[[Subject], None], ...] = (
    keyword_parameters,
    parameters_are_kept,
    has_the_methods,
    fit_returns_self,
    input_is_unchanged,
    probabilities,
    order_of_classes,
    each_spectrum_alone,
    same_seed_same_answer,
    saves_an_npz_without_pickles,
    loads_as_saved,
    more_than_two_classes,
    nan_has_no_class,
    one_class_is_refused,
    other_grid_is_refused,
    better_than_chance,
    unseen_is_a_number_each,
    votes_are_of_each_bin,
    attribution_is_of_each_point,
    unlabelled_is_no_class,
)


def check_names() -> Iterator[str]:
    """The names of all checks."""
    return (check.__name__.replace("_", "-") for check in CHECKS)


def _refuses(asked: Callable[[], object]) -> bool:
    try:
        asked()
    except ValueError:
        return True
    return False
