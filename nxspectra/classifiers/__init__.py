"""Classifiers: the plug-in seam, training labels, models, and what is made of a run with one.

model = train([run], ["low=80,120", "high=260,300"])
classification = classify(other_run, model)

Classifying needs numpy only; torch is loaded when a model is trained.
"""

from nxspectra.classifiers.evaluation import accuracy, ambiguous_region, boundaries, calibration, confidence
from nxspectra.classifiers.inference import classify
from nxspectra.classifiers.labels import Label, parse_labels
from nxspectra.classifiers.model import Card, Model, model_names
from nxspectra.classifiers.plugins import Classifier, classifier, installed
from nxspectra.classifiers.study import BinsRow, bins_study
from nxspectra.classifiers.training import train

__all__ = [
    "BinsRow",
    "Card",
    "Classifier",
    "Label",
    "Model",
    "accuracy",
    "ambiguous_region",
    "bins_study",
    "boundaries",
    "calibration",
    "classifier",
    "classify",
    "confidence",
    "installed",
    "model_names",
    "parse_labels",
    "train",
]
