"""Described data sets in a folder, found again by text, conditions, technique and label.

with Catalogue("catalogue") as catalogue:
    catalogue.file(describe(root))
search("catalogue", parameters={"pressure": "10..20GPa"}, technique="powder diffraction", label="low")
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from nxspectra.catalogue.catalogue import Catalogue
from nxspectra.catalogue.hits import Hit

__all__ = ["Catalogue", "Hit", "search"]


def search(
    catalogue: Catalogue | str | os.PathLike[str],
    text: str | None = None,
    *,
    parameters: Mapping[str, str] | None = None,
    technique: str | None = None,
    label: str | None = None,
    limit: int | None = 20,
) -> list[Hit]:
    """The data sets in a catalogue for which all that is asked holds, best first, then by title.

    See `Catalogue.search`, which this is for a catalogue given by its folder.
    """
    opened = catalogue if isinstance(catalogue, Catalogue) else Catalogue(catalogue)
    return opened.search(text, parameters=parameters, technique=technique, label=label, limit=limit)
