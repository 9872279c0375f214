"""What is described, as text: Turtle, N-Triples, or JSON-LD for landing pages."""

from __future__ import annotations

from typing import Literal, Protocol, get_args

from nxspectra.errors import UsageError
from nxspectra.rdf.jsonld import json_ld
from nxspectra.rdf.terms import Iri, Triple, n_triples
from nxspectra.rdf.turtle import turtle

Format = Literal["turtle", "json-ld", "n-triples"]


class Described(Protocol):
    """A data set or a model: its IRI and the triples about it."""

    @property
    def iri(self) -> Iri: ...

    def triples(self) -> list[Triple]: ...


def as_text(what: Described, form: Format) -> str:
    """The triples of `what`. Raises UsageError for a format that there is not."""
    if form == "turtle":
        return turtle(what.iri, what.triples())
    if form == "n-triples":
        return n_triples(what.triples())
    if form == "json-ld":
        return json_ld(what.iri, what.triples())
    raise UsageError(f"no format {form!r}; there are {', '.join(get_args(Format))}")
