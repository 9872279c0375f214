"""Described data sets in a folder, found again by text, conditions, technique and label.

with Catalogue("catalogue") as catalogue:
    catalogue.file(describe(root))
search("catalogue", parameters={"pressure": "10..20GPa"}, technique="powder diffraction", label="low")
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from nxspectra.catalogue.catalogue import Catalogue
from nxspectra.catalogue.finding import Sort
from nxspectra.catalogue.hits import Hit, Hits

__all__ = ["Catalogue", "Hit", "Hits", "search"]


def search(
    catalogue: Catalogue | str | os.PathLike[str],
    text: str | None = None,
    *,
    parameters: Mapping[str, str] | None = None,
    technique: str | None = None,
    label: str | None = None,
    confidence: str | None = None,
    formula: str | None = None,
    instrument: str | None = None,
    facility: str | None = None,
    dates: str | None = None,
    conforms: bool | None = None,
    definition: str | None = None,
    missing: bool | None = None,
    sort: Sort | None = None,
    cursor: str | None = None,
    limit: int | None = 20,
    facet: bool = False,
) -> Hits:
    """The data sets in a catalogue for which all that is asked holds: the best first, or else the newest.

    See `Catalogue.search`, which this is for a catalogue given by its folder.
    """
    opened = catalogue if isinstance(catalogue, Catalogue) else Catalogue(catalogue)
    try:
        return opened.search(
            text,
            parameters=parameters,
            technique=technique,
            label=label,
            confidence=confidence,
            formula=formula,
            instrument=instrument,
            facility=facility,
            dates=dates,
            conforms=conforms,
            definition=definition,
            missing=missing,
            sort=sort,
            cursor=cursor,
            limit=limit,
            facet=facet,
        )
    finally:
        if opened is not catalogue:
            opened.close()
