"""Our classifiers pass scikit-learn's own checks of an estimator; those that do not apply have a reason."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is of the extra `train`")

from nxspectra.classifiers.curve_networks import (
    CNN,
    FCNN1D,
    LSTMAngle,
    TransformerAngle,
)
from nxspectra.classifiers.end_to_end import EndToEnd
from nxspectra.classifiers.estimator import Estimator
from nxspectra.classifiers.reference import Boosting, NearestCentroid, Reference
from nxspectra.classifiers.self_supervised import SelfSupervised
from nxspectra.classifiers.weighted import Published, Weighted

checks = pytest.importorskip("sklearn.utils.estimator_checks", reason="it is of the extra `train`")

ABSTAINS = "training refuses NaN; asked about it, a classifier abstains, since one bad frame is no error"
UNLABELLED = "-1 is a spectrum without a class, and not a class, as for scikit-learn's own that take both"
"""Why a check does not apply."""

QUICK: dict[str, Any] = {"epochs": 1, "noise_copies": 1}
ESTIMATORS: list[Estimator] = [
    Weighted(bins=1, iterations=60, hidden=30),
    Published(bins=1, iterations=60, hidden=30, noise_rounds=2),
    EndToEnd(bins=1, iterations=3, hidden=8, noise_rounds=2),
    FCNN1D(**QUICK),
    CNN(**QUICK),
    LSTMAngle(patch=2, width=8, **QUICK),
    TransformerAngle(patch=2, width=8, **QUICK),
    SelfSupervised(epochs=1, batch_size=16),
    Reference(noise_copies=1),
    NearestCentroid(noise_copies=1),
    Boosting(noise_copies=1, iterations=2),
]
"""One of each kind; those left out are the same class as one of these, with other layers."""


def exceptions(estimator: Estimator) -> dict[str, str]:
    """The checks that do not apply to this estimator, and why."""
    found = {"check_estimators_nan_inf": ABSTAINS}
    if isinstance(estimator, SelfSupervised):
        found |= dict.fromkeys(("check_classifiers_classes",), UNLABELLED)
    return found


def applied() -> Iterator[Any]:
    with warnings.catch_warnings():
        # we keep the conventions without inheriting from scikit-learn, which is not needed to classify
        warnings.filterwarnings("ignore", message=".*does not inherit from `sklearn.base.BaseEstimator`.*")
        for estimator in ESTIMATORS:
            left_out = exceptions(estimator)
            for each, check in checks.estimator_checks_generator(estimator, legacy=True):
                name = checks._check_name(check)
                mark = [pytest.mark.xfail(reason=left_out[name], strict=True)] if name in left_out else []
                yield pytest.param(each, check, id=f"{type(estimator).__name__}-{name}", marks=mark)


@pytest.mark.parametrize(("estimator", "check"), list(applied()))
def test_ours_pass_the_checks_of_scikit_learn(estimator: Estimator, check: Any) -> None:
    check(estimator)
