"""What is done to spectra before a classifier sees them: the same in training and when labels are given."""

from nxspectra.preprocessing.als import background as background

__all__ = ["background"]
