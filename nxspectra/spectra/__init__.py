"""A series of diffraction spectra and its classification: taken from a tree, given to a tree."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nxspectra.spectra.series import (
    DEFINITION,
    VERSION,
    Spectra,
    concept_path,
    definitions_of,
    spectra_entry,
)

if TYPE_CHECKING:
    from nxspectra.spectra.annotation import annotate, classifications
    from nxspectra.spectra.classification import (
        Boundary,
        Classification,
        ModelReference,
        Origin,
        Votes,
    )
    from nxspectra.spectra.explanation import Explanation
    from nxspectra.spectra.raw_files import RawFile, raw_file

_LATER = {
    "Boundary": "classification",
    "Classification": "classification",
    "Explanation": "explanation",
    "ModelReference": "classification",
    "Origin": "classification",
    "RawFile": "raw_files",
    "Votes": "classification",
    "annotate": "annotation",
    "classifications": "annotation",
    "raw_file": "raw_files",
}
"""Who only validates does not wait for what classifies."""

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


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'nxspectra.spectra' has no attribute {name!r}")
    value = getattr(import_module(f"nxspectra.spectra.{_LATER[name]}"), name)
    globals()[name] = value
    return value
