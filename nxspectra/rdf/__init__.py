"""A tree described for the web: a plain value, its graph in shared vocabularies, and the shapes it must have.

description = describe(root)
description.serialize("run_0042.ttl")
check(description)                      # () if nothing is missing
"""

from nxspectra.findings import Finding
from nxspectra.rdf.description import Description, Format
from nxspectra.rdf.facts import describe

__all__ = ["Description", "Format", "check", "describe"]


def check(description: Description) -> tuple[Finding, ...]:
    """What a description lacks by the SHACL shapes that come with the package; () if nothing.

    Violations come first; publication facts that the site has not set are warnings.
    """
    # pyshacl takes longer to import than describing and filing take together
    from nxspectra.rdf import shapes  # noqa: PLC0415

    return shapes.check(description)
