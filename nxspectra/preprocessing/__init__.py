"""What is done to spectra before a classifier sees them: the same in training and when labels are given.

prepared = Preprocessing().prepare(spectra, model_grid)
prepared.intensity[prepared.usable]        # float64, background off, spikes cut, on the model's grid
prepared.unusable                          # {17: "all its points are 0: there was no beam"}
"""

from nxspectra.preprocessing.als import background as background
from nxspectra.preprocessing.preparation import PUBLISHED as PUBLISHED
from nxspectra.preprocessing.preparation import Background as Background
from nxspectra.preprocessing.preparation import Prepared as Prepared
from nxspectra.preprocessing.preparation import Preprocessing as Preprocessing

__all__ = ["PUBLISHED", "Background", "Prepared", "Preprocessing", "background"]
