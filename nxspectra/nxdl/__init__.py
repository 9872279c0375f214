"""NXDL: application definitions and base classes as rules.

    rules = definition("NXdiffraction_spectra")
    rules.entry.named_groups            # what an entry must, should and may hold

Definitions come from a folder that is named, from this package, and from nexusformat, in this order.
"""

from __future__ import annotations

from pathlib import Path

from nxspectra.nxdl.library import Library, library
from nxspectra.nxdl.rules import (
    AttributeRule,
    BaseClass,
    ChoiceRule,
    Definition,
    Dim,
    Dimensions,
    Enumeration,
    FieldRule,
    GroupRule,
    LinkRule,
    Names,
    Need,
    Origin,
    matches_partial,
)

__all__ = [
    "AttributeRule",
    "BaseClass",
    "ChoiceRule",
    "Definition",
    "Dim",
    "Dimensions",
    "Enumeration",
    "FieldRule",
    "GroupRule",
    "Library",
    "LinkRule",
    "Names",
    "Need",
    "Origin",
    "base_class",
    "definition",
    "library",
    "matches_partial",
]


def definition(name: str = "NXdiffraction_spectra", folder: Path | None = None) -> Definition:
    """The application definition of this name; raises UnknownDefinition or DefinitionError."""
    return library(folder).definition(name)


def base_class(name: str, folder: Path | None = None) -> BaseClass | None:
    """The base class of this name, None if there is none; raises DefinitionError."""
    return library(folder).base_class(name)
