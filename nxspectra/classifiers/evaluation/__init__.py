"""How good a classification is: P_conf, boundaries with intervals, and figures against truth."""

from nxspectra.classifiers.evaluation.boundary import Change as Change
from nxspectra.classifiers.evaluation.boundary import Widths as Widths
from nxspectra.classifiers.evaluation.boundary import boundaries as boundaries
from nxspectra.classifiers.evaluation.boundary import changes as changes
from nxspectra.classifiers.evaluation.figures import Reliability as Reliability
from nxspectra.classifiers.evaluation.figures import accuracy as accuracy
from nxspectra.classifiers.evaluation.figures import auroc as auroc
from nxspectra.classifiers.evaluation.figures import balanced_accuracy as balanced_accuracy
from nxspectra.classifiers.evaluation.figures import reliability as reliability
from nxspectra.classifiers.evaluation.switching import ambiguous_region as ambiguous_region
from nxspectra.classifiers.evaluation.switching import confidence as confidence
from nxspectra.classifiers.evaluation.trial import Estimate as Estimate
from nxspectra.classifiers.evaluation.trial import Found as Found
from nxspectra.classifiers.evaluation.trial import Summary as Summary
from nxspectra.classifiers.evaluation.trial import Verdict as Verdict
from nxspectra.classifiers.evaluation.trial import paired as paired
from nxspectra.classifiers.evaluation.trial import summary as summary
from nxspectra.classifiers.evaluation.trial import verdict as verdict

__all__ = [
    "Change",
    "Estimate",
    "Found",
    "Reliability",
    "Summary",
    "Verdict",
    "Widths",
    "accuracy",
    "ambiguous_region",
    "auroc",
    "balanced_accuracy",
    "boundaries",
    "changes",
    "confidence",
    "paired",
    "reliability",
    "summary",
    "verdict",
]
