"""Who runs a light source: the organisations behind names that stand in files, with their RORs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nxspectra.rdf.terms import Agent, Iri

ROR = re.compile(r"(?:https?://)?ror\.org/(0[a-hj-km-np-tv-z0-9]{6}[0-9]{2})/?")
"""The form of a ROR, https://ror.readme.io/docs/identifier."""

_DESY = Agent("Deutsches Elektronen-Synchrotron DESY", Iri("https://ror.org/01js2sh04"))
_DIAMOND = Agent("Diamond Light Source", Iri("https://ror.org/05etxs293"))
_ESRF = Agent("European Synchrotron Radiation Facility", Iri("https://ror.org/02550n020"))
_HZB = Agent("Helmholtz-Zentrum Berlin für Materialien und Energie", Iri("https://ror.org/02aj13c28"))
_XFEL = Agent("European XFEL", Iri("https://ror.org/01wp2jz98"))

_OPERATORS: Mapping[str, Agent] = {
    "bessy": _HZB,
    "bessy ii": _HZB,
    "desy": _DESY,
    "diamond": _DIAMOND,
    "diamond light source": _DIAMOND,
    "esrf": _ESRF,
    "european synchrotron radiation facility": _ESRF,
    "european xfel": _XFEL,
    "euxfel": _XFEL,
    "flash": _DESY,
    "petra iii": _DESY,
}
"""By what NXsource/name says, small letters, without what follows a comma or bracket."""


def operator(source: str | None) -> Agent | None:
    """The organisation that runs the source of that name; None where we do not know it for certain."""
    words = re.split(r"[,;(@]", source or "")[0]
    return _OPERATORS.get(" ".join(words.casefold().replace("-", " ").replace("_", " ").split()))


def ror(text: str) -> Iri | None:
    """The IRI of a ROR, however it is written; None if `text` is none."""
    found = ROR.fullmatch(text.strip().casefold())
    return None if found is None else Iri(f"https://ror.org/{found[1]}")
