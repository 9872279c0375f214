"""A series of diffraction spectra and its classification: taken from a tree, given to a tree."""

from nxspectra.spectra.annotation import annotate, classifications
from nxspectra.spectra.classification import (
    Boundary,
    Classification,
    ModelReference,
    Origin,
    Votes,
)
from nxspectra.spectra.series import (
    DEFINITION,
    VERSION,
    Spectra,
    concept_path,
    definitions_of,
    spectra_entry,
)

__all__ = [
    "DEFINITION",
    "VERSION",
    "Boundary",
    "Classification",
    "ModelReference",
    "Origin",
    "Spectra",
    "Votes",
    "annotate",
    "classifications",
    "concept_path",
    "definitions_of",
    "spectra_entry",
]
