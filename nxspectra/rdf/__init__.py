"""A tree or a model described for the web: a plain value, its graph in shared vocabularies, and its shapes.

description = describe(root)
description.serialize("run_0042.ttl")
check(description)                      # () if nothing is missing
"""

from __future__ import annotations

from typing import overload

from nxspectra.findings import Finding, Report
from nxspectra.rdf import facts, models
from nxspectra.rdf.description import Description
from nxspectra.rdf.model_card import model_card
from nxspectra.rdf.models import ModelDescription, TrainedModel
from nxspectra.rdf.writing import Format
from nxspectra.settings import Settings
from nxspectra.tree import Group

__all__ = ["Description", "Format", "ModelDescription", "check", "describe", "model_card"]


@overload
def describe(
    what: Group, settings: Settings | None = None, *, report: Report | None = None
) -> Description: ...
@overload
def describe(what: TrainedModel, settings: Settings | None = None) -> ModelDescription: ...


def describe(
    what: Group | TrainedModel, settings: Settings | None = None, *, report: Report | None = None
) -> Description | ModelDescription:
    """The data set in a tree, or a trained model, as it is described for the web.

    Of a tree it is the entry with diffraction spectra, or else the default or first entry. With the `report`
    of its validation the description says whether it conforms; without, it says only what the file claims.
    Settings are those of $NXSPECTRA_CONFIG unless given. Raises Refused for a tree that was not read from a
    file and names no raw file: it has no identifier. Raises SettingsError.
    """
    if isinstance(what, Group):
        return facts.describe(what, settings, report=report)
    return models.describe_model(what, settings)


def check(description: Description | ModelDescription) -> tuple[Finding, ...]:
    """What a description lacks by the SHACL shapes that come with the package; () if nothing.

    Violations come first; publication facts that the site has not set are warnings.
    """
    # pyshacl takes longer to import than describing and filing take together
    from nxspectra.rdf import shapes  # noqa: PLC0415

    return shapes.check(description)
