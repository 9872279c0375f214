"""One file the whole way, and many of them: read, migrate, validate, classify, write, describe, file.

    for done in ingest(["raw/"], "catalogue", model="fe80mg20.npz"):
        print(done.file, done.state, done.reason)

Names are loaded when first used: the children in which files are opened need no catalogue.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nxspectra.ingestion.batches import ingest as ingest
    from nxspectra.ingestion.integrating import Integration as Integration
    from nxspectra.ingestion.journey import Ingested as Ingested
    from nxspectra.ingestion.journey import State as State
    from nxspectra.ingestion.training_sets import training_set as training_set
    from nxspectra.limits import Limits as Limits

_HOME = {
    "Ingested": "nxspectra.ingestion.journey",
    "Integration": "nxspectra.ingestion.integrating",
    "Limits": "nxspectra.limits",
    "State": "nxspectra.ingestion.journey",
    "ingest": "nxspectra.ingestion.batches",
    "training_set": "nxspectra.ingestion.training_sets",
}

__all__ = sorted(_HOME)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'nxspectra.ingestion' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
