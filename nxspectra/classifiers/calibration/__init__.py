"""What held-out series have taught about a model, as it travels in the model's file; numpy only."""

from nxspectra.classifiers.calibration.calibration import FOLDER as FOLDER
from nxspectra.classifiers.calibration.calibration import SURE as SURE
from nxspectra.classifiers.calibration.calibration import Calibration as Calibration
from nxspectra.classifiers.calibration.probability import Correction as Correction
from nxspectra.classifiers.calibration.probability import Method as Method
from nxspectra.classifiers.calibration.probability import isotonic as isotonic
from nxspectra.classifiers.calibration.strangers import Detector as Detector

__all__ = ["FOLDER", "SURE", "Calibration", "Correction", "Detector", "Method", "isotonic"]
