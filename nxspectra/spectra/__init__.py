"""A series of diffraction spectra and its classification: taken from a tree, given to a tree."""

from nxspectra.spectra.annotation import annotate, classifications
from nxspectra.spectra.classification import (
    Boundary,
    Classification,
    ModelReference,
    Origin,
    Votes,
)
from nxspectra.spectra.explanation import Explanation
from nxspectra.spectra.raw_file import RawFile, raw_file
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
    "Explanation",
    "ModelReference",
    "Origin",
    "RawFile",
    "Spectra",
    "Votes",
    "annotate",
    "classifications",
    "concept_path",
    "definitions_of",
    "raw_file",
    "spectra_entry",
]
