"""JSON-LD for landing pages: one nested document with an inline context and only terms that the web knows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeAlias

from nxspectra.rdf.terms import NAMESPACES, NXS, RDF, SCHEMA, XSD, Iri, Literal, Term, Triple

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json]"

_TYPE = RDF["type"]
_NATIVE = {XSD["integer"], XSD["boolean"], XSD["string"]}


def json_ld(root: Iri, triples: Sequence[Triple], *, with_ours: bool = False) -> str:
    """`root` and what it leads to, parts nested in what names them first.

    Terms of ours are left out, unless they are wanted. Safe inside an HTML script element: no `<` is left
    as it is.
    """
    about: dict[Iri, list[tuple[Iri, Term]]] = {}
    for subject, predicate, value in triples:
        ours = predicate.startswith(NXS.base) or (predicate == _TYPE and str(value).startswith(NXS.base))
        if with_ours or not ours:
            about.setdefault(subject, []).append((predicate, value))
    spaces = (space for space in NAMESPACES if with_ours or space is not NXS)
    context: dict[str, Json] = {space.prefix: space.base for space in spaces}
    document: dict[str, Json] = {"@context": context, **_node(root, about, set())}
    return json.dumps(document, ensure_ascii=False, indent=2).replace("<", "\\u003c") + "\n"


def _node(subject: Iri, about: dict[Iri, list[tuple[Iri, Term]]], seen: set[Iri]) -> dict[str, Json]:
    seen.add(subject)
    properties: dict[str, list[Json]] = {}
    # what schema.org names too is nested there: its readers seldom follow a reference
    by_schema = {value for predicate, value in about[subject] if predicate.startswith(SCHEMA.base)}
    for predicate, value in about[subject]:
        if predicate == _TYPE:
            properties.setdefault("@type", []).append(_compact(Iri(str(value))))
        elif isinstance(value, Literal):
            properties.setdefault(_compact(predicate), []).append(_literal(value))
        elif value in about and value not in seen and _nests(predicate, value, by_schema):
            properties.setdefault(_compact(predicate), []).append(_node(value, about, seen))
        else:
            properties.setdefault(_compact(predicate), []).append({"@id": value})
    return {"@id": subject, **{name: _alone(values) for name, values in properties.items()}}


def _nests(predicate: Iri, value: Term, by_schema: set[Term]) -> bool:
    return predicate.startswith(SCHEMA.base) or value not in by_schema


def _alone(values: list[Json]) -> Json:
    return values[0] if len(values) == 1 else values


def _literal(value: Literal) -> Json:
    if value.datatype in _NATIVE:
        native: Json = value.lexical if value.datatype == XSD["string"] else json.loads(value.lexical)
        return native
    if value.datatype == XSD["double"]:
        return {"@value": float(value.lexical), "@type": "xsd:double"}
    return {"@value": value.lexical, "@type": _compact(value.datatype)}


def _compact(term: Iri) -> str:
    for space in NAMESPACES:
        if term.startswith(space.base):
            name = term[len(space.base) :]
            # a name with a slash or colon would not be read back as this term
            return f"{space.prefix}:{name}" if name.replace("-", "").replace("_", "").isalnum() else term
    return term
