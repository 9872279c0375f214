"""The same triples in rdflib, for those who go on with a graph."""

from __future__ import annotations

import rdflib

from nxspectra.rdf.terms import NAMESPACES, Iri, Term
from nxspectra.rdf.writing import Described


def graph(description: Described) -> rdflib.Graph:
    """A description as a graph, the same that rdflib reads from our Turtle or N-Triples."""
    made = rdflib.Graph(bind_namespaces="none")
    for space in NAMESPACES:
        made.bind(space.prefix, space.base)
    made.bind("ds", f"{description.iri}#")
    nodes: dict[Term, rdflib.URIRef | rdflib.Literal] = {}

    def node(term: Term) -> rdflib.URIRef | rdflib.Literal:
        known = nodes.get(term)
        if known is None:
            known = nodes[term] = _node(term)
        return known

    for subject, predicate, value in description.triples():
        made.add((node(subject), node(predicate), node(value)))
    return made


def _node(term: Term) -> rdflib.URIRef | rdflib.Literal:
    if isinstance(term, Iri):
        return rdflib.URIRef(term)
    # a plain literal and an xsd:string are the same in RDF 1.1; rdflib writes the plain one shorter
    datatype = None if term.datatype == rdflib.XSD.string.toPython() else rdflib.URIRef(term.datatype)
    return rdflib.Literal(term.lexical, datatype=datatype)
