"""nxspectra: take a raw NeXus diffraction series and give it back annotated, valid, findable and interpreted.

    import nxspectra as nxs
    raw = nxs.read("raw_0042.nxs")                          # a tree of values; the file stays as it is
    run = nxs.migrate(raw, crosswalk="p02.2")               # free keys at their standard places
    report = nxs.validate(run)                              # conforms, findings
    run = nxs.annotate(run, nxs.classify(run, "model.npz")) # labels, probabilities, provenance
    nxs.write(run, "run_0042.nxs")                          # whole or not at all
    nxs.describe(run).serialize("run_0042.ttl")             # RDF

Every verb of the shell is a function here. Names are loaded when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from nxspectra.catalogue import Catalogue as Catalogue
    from nxspectra.catalogue import search as search
    from nxspectra.classifiers import Model as Model
    from nxspectra.classifiers import calibrate as calibrate
    from nxspectra.classifiers import classify as classify
    from nxspectra.classifiers import evaluate as evaluate
    from nxspectra.classifiers import explain as explain
    from nxspectra.classifiers import next_questions as next_questions
    from nxspectra.classifiers import train as train
    from nxspectra.errors import NxspectraError as NxspectraError
    from nxspectra.findings import Finding as Finding
    from nxspectra.findings import Report as Report
    from nxspectra.findings import Severity as Severity
    from nxspectra.hdf5 import read as read
    from nxspectra.hdf5 import write as write
    from nxspectra.ingestion import ingest as ingest
    from nxspectra.ingestion import training_set as training_set
    from nxspectra.integration import integrate as integrate
    from nxspectra.migration import migrate as migrate
    from nxspectra.rdf import describe as describe
    from nxspectra.repairs import repair as repair
    from nxspectra.simulation import simulate as simulate
    from nxspectra.spectra import Classification as Classification
    from nxspectra.spectra import Spectra as Spectra
    from nxspectra.spectra import annotate as annotate
    from nxspectra.tree import Field as Field
    from nxspectra.tree import Group as Group
    from nxspectra.tree import Link as Link
    from nxspectra.validation import validate as validate

_HOME = {
    "Catalogue": "catalogue",
    "Classification": "spectra",
    "Field": "tree",
    "Finding": "findings",
    "Group": "tree",
    "Link": "tree",
    "Model": "classifiers",
    "NxspectraError": "errors",
    "Report": "findings",
    "Severity": "findings",
    "Spectra": "spectra",
    "annotate": "spectra",
    "calibrate": "classifiers",
    "classify": "classifiers",
    "describe": "rdf",
    "evaluate": "classifiers",
    "explain": "classifiers",
    "ingest": "ingestion",
    "integrate": "integration",
    "migrate": "migration",
    "next_questions": "classifiers",
    "read": "hdf5",
    "repair": "repairs",
    "search": "catalogue",
    "simulate": "simulation",
    "train": "classifiers",
    "training_set": "ingestion",
    "validate": "validation",
    "write": "hdf5",
}

__all__ = ["__version__", *sorted(_HOME)]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'nxspectra' has no attribute {name!r}")
    value = getattr(import_module(f"nxspectra.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
