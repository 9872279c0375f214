"""A catalogue of which a part is damaged is made again from the files without being asked.

Only where nothing can be lost by it: every file that was filed is where it was, or was known to be gone.
What is damaged is set aside under another name, and never deleted.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from nxspectra.catalogue import Catalogue
from nxspectra.errors import CatalogueDamaged
from nxspectra.ingestion.rebuilding import Fate, Old, rebuild

T = TypeVar("T")
Tell = Callable[[str], object]
"""Says something to who waits."""

log = logging.getLogger("nxspectra.catalogue")


def recovered(catalogue: Catalogue, work: Callable[[], T], tell: Tell = log.warning) -> T:
    """What `work` gives; if a part of the catalogue turns out to be damaged, after it was made again.

    Raises CatalogueDamaged if it cannot be made again by itself, FileBusy while somebody files.
    """
    try:
        return work()
    except CatalogueDamaged as damage:
        recover(catalogue, damage, tell)
        return work()


def recover(catalogue: Catalogue, damage: CatalogueDamaged, tell: Tell = log.warning) -> None:
    """Make a damaged catalogue again from the files. Raises as `recovered`."""
    catalogue.abandon()
    old = Old(catalogue)
    filed = old.filed()
    gone = [each for each in filed if not Path(each.path).is_file() and not old.is_missing(each)]
    if gone:
        raise CatalogueDamaged(
            f"{damage}, which is not done by itself, because {len(gone)} of {len(filed)} files are not where"
            f" they were, {gone[0].path} for one; if they have moved, name a folder with them behind it"
        )
    tell(f"{damage}; that is done now, from {len(filed)} files")
    fates: Counter[Fate] = Counter()
    for each in rebuild(catalogue):
        fates[each.fate] += each.number
        if each.fate in (Fate.FAILED, Fate.SET_ASIDE):
            tell(f"{each.fate}: {each.file or catalogue.folder}: {each.reason}")
    tell(f"{catalogue.folder}: made again: {', '.join(f'{n} {fate}' for fate, n in fates.items() if n)}")
