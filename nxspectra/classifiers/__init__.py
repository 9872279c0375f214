"""Classifiers: the plug-in seam, training labels, models, and what is made of a run with one.

model = train([run], ["low=80,120", "high=260,300"])
classification = classify(other_run, model)

Classifying needs numpy only; torch is loaded when a model is trained.
"""

from nxspectra.classifiers.active import Question, next_questions
from nxspectra.classifiers.calibrating import calibrate
from nxspectra.classifiers.calibration import Calibration
from nxspectra.classifiers.evaluating import Evaluation, evaluate
from nxspectra.classifiers.evaluation import (
    Reliability,
    Verdict,
    accuracy,
    ambiguous_region,
    auroc,
    balanced_accuracy,
    boundaries,
    confidence,
    paired,
    reliability,
    summary,
    verdict,
)
from nxspectra.classifiers.explaining import compared_with, explain
from nxspectra.classifiers.inference import classify
from nxspectra.classifiers.labels import Label, parse_labels
from nxspectra.classifiers.model import Card, Model, model_names
from nxspectra.classifiers.plugins import (
    BinWeights,
    Classifier,
    ExplainsItself,
    FindsWeights,
    VotesByBins,
    classifier,
    installed,
)
from nxspectra.classifiers.study import BinsRow, bins_study
from nxspectra.classifiers.training import train

__all__ = [
    "BinWeights",
    "BinsRow",
    "Calibration",
    "Card",
    "Classifier",
    "Evaluation",
    "ExplainsItself",
    "FindsWeights",
    "Label",
    "Model",
    "Question",
    "Reliability",
    "Verdict",
    "VotesByBins",
    "accuracy",
    "ambiguous_region",
    "auroc",
    "balanced_accuracy",
    "bins_study",
    "boundaries",
    "calibrate",
    "classifier",
    "classify",
    "compared_with",
    "confidence",
    "evaluate",
    "explain",
    "installed",
    "model_names",
    "next_questions",
    "paired",
    "parse_labels",
    "reliability",
    "summary",
    "train",
    "verdict",
]
