"""What verbs do when a catalogue turns out to be damaged: they make it again, say so, and go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from nxspectra.catalogue import Catalogue
from nxspectra.cli.frame import note
from nxspectra.errors import CatalogueDamaged

T = TypeVar("T")


def recovered(catalogue: Catalogue, work: Callable[[], T]) -> T:
    """As `ingestion.recovering.recovered`, which is loaded only for a catalogue that is damaged."""
    try:
        return work()
    except CatalogueDamaged as damage:
        from nxspectra.ingestion.recovering import recover

        recover(catalogue, damage, note)
        return work()
