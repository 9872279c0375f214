"""Pictures for people: a classified series, the bins of a model, what decided; without pyplot.

Each function gives a `matplotlib.figure.Figure`; `figure.savefig(path)` writes it, `save` does so whole or
not at all. Colours are those of Okabe and Ito (jfly.uni-koeln.de/color), told apart by every eye.
"""

from nxspectra.pictures.explained import explained
from nxspectra.pictures.saving import save
from nxspectra.pictures.scales import intensity_ticks, pressure_ticks
from nxspectra.pictures.series import Truth, heat_map
from nxspectra.pictures.studies import BinsResult, bins_study, trial
from nxspectra.pictures.weighed import weighed

__all__ = [
    "BinsResult",
    "Truth",
    "bins_study",
    "explained",
    "heat_map",
    "intensity_ticks",
    "pressure_ticks",
    "save",
    "trial",
    "weighed",
]
