"""Turtle that is pleasant to read: the data set first, short names, and every digit of every number.

Written here because rdflib's writer rounds doubles to seven digits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nxspectra.rdf.terms import NAMESPACES, RDF, XSD, Iri, Literal, Term, Triple, written

_LOCAL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_SHORT = {XSD["integer"], XSD["boolean"]}


def turtle(root: Iri, triples: Sequence[Triple]) -> str:
    """The triples, with `ds:` for the parts of `root`."""
    writer = _Writer({f"{root}#": "ds", **{space.base: space.prefix for space in NAMESPACES}})
    about: dict[Iri, dict[Iri, list[Term]]] = {}
    for subject, predicate, value in triples:
        about.setdefault(subject, {}).setdefault(predicate, []).append(value)
    body = "\n".join(writer.block(subject, properties) for subject, properties in about.items())
    used = sorted((prefix, base) for base, prefix in writer.used.items())
    head = "".join(f"@prefix {prefix}: <{base}> .\n" for prefix, base in used)
    return f"{head}\n{body}"


class _Writer:
    """Shortens IRIs and remembers which prefixes that took."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        self.prefixes = prefixes
        self.used: dict[str, str] = {}

    def block(self, subject: Iri, properties: Mapping[Iri, Sequence[Term]]) -> str:
        lines = [
            f"{self.predicate(predicate)} {', '.join(self.term(value) for value in values)}"
            for predicate, values in properties.items()
        ]
        return f"{self.iri(subject)}\n    " + " ;\n    ".join(lines) + " .\n"

    def predicate(self, predicate: Iri) -> str:
        return "a" if predicate == RDF["type"] else self.iri(predicate)

    def term(self, term: Term) -> str:
        return self.iri(term) if isinstance(term, Iri) else self.literal(term)

    def iri(self, iri: Iri) -> str:
        cut = max(iri.rfind("#"), iri.rfind("/")) + 1
        base, local = iri[:cut], iri[cut:]
        if base not in self.prefixes or _LOCAL.fullmatch(local) is None:
            return written(iri)
        self.used[base] = self.prefixes[base]
        return f"{self.prefixes[base]}:{local}"

    def literal(self, literal: Literal) -> str:
        if literal.datatype in _SHORT or (literal.datatype == XSD["double"] and "e" in literal.lexical):
            return literal.lexical
        if literal.datatype == XSD["string"]:
            return written(literal)
        return f"{written(Literal(literal.lexical, XSD['string']))}^^{self.iri(literal.datatype)}"
