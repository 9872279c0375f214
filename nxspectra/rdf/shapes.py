"""Does a description have the shape it must have? SHACL, by pyshacl, as findings."""

from __future__ import annotations

from functools import lru_cache

import pyshacl
import rdflib
from rdflib.namespace import RDF, SH

from nxspectra.findings import Finding, Severity
from nxspectra.rdf.graph import graph
from nxspectra.rdf.terms import NXS
from nxspectra.rdf.writing import Described
from nxspectra.shipped import shipped

SHAPES = "https://w3id.org/nxspectra/shapes#"

_SEVERITY: dict[object, Severity] = {SH.Warning: Severity.WARNING, SH.Info: Severity.INFO}
_PATH = rdflib.URIRef(NXS["hdf5Path"])
_DEFINITION = "SHACL"


def check(description: Described | rdflib.Graph) -> tuple[Finding, ...]:
    """What a description lacks by the shapes that come with the package, violations first; () if nothing.

    The rule of a finding is the name of the shape. Its path is the HDF5 path of the part that is wrong, or
    the name of the part, such as `#file`, if it stands nowhere in the file.
    """
    data = description if isinstance(description, rdflib.Graph) else graph(description)
    _, outcome, _ = pyshacl.validate(data, shacl_graph=shapes(), advanced=False, meta_shacl=False)
    if not isinstance(outcome, rdflib.Graph):
        raise TypeError(f"pyshacl gave no report graph but {outcome!r}")
    found = {
        _finding(data, outcome, result)
        for result in outcome.subjects(RDF.type, SH.ValidationResult)
        if (None, SH.result, result) in outcome
    }
    order = list(Severity)
    return tuple(sorted(found, key=lambda each: (order.index(each.severity), each.path, each.rule)))


@lru_cache(maxsize=1)
def shapes() -> rdflib.Graph:
    """The shapes that come with the package."""
    return rdflib.Graph().parse(shipped("shapes.ttl"), format="turtle")


def _finding(data: rdflib.Graph, outcome: rdflib.Graph, result: rdflib.graph._SubjectType) -> Finding:
    focus = outcome.value(result, SH.focusNode)
    shape = str(outcome.value(result, SH.sourceShape))
    message = outcome.value(result, SH.resultMessage)
    severity = outcome.value(result, SH.resultSeverity)
    place = data.value(focus, _PATH) if focus is not None else None
    _, _, part = str(focus).rpartition("#")
    return Finding(
        str(place) if place is not None else f"#{part}",
        shape.removeprefix(SHAPES),
        str(message),
        _SEVERITY.get(severity, Severity.VIOLATION)
        if isinstance(severity, rdflib.URIRef)
        else Severity.VIOLATION,
        _DEFINITION,
    )
