"""What the end point says of itself, in the vocabulary of SPARQL 1.1 Service Description."""

from __future__ import annotations

import pyoxigraph
from pyoxigraph import RdfFormat

MEDIA_TYPES = ("text/turtle", "application/n-triples", "application/ld+json", "application/rdf+xml")

_TURTLE = """
@prefix sd: <http://www.w3.org/ns/sparql-service-description#> .
@prefix formats: <http://www.w3.org/ns/formats/> .
@prefix void: <http://rdfs.org/ns/void#> .
@prefix dct: <http://purl.org/dc/terms/> .

<> a sd:Service ;
  dct:title "Descriptions of data sets"@en ;
  dct:description "Queries only, without SERVICE; each has a limit of time, memory and size."@en ;
  sd:endpoint <> ;
  sd:supportedLanguage sd:SPARQL11Query ;
  sd:feature sd:UnionDefaultGraph ;
  sd:defaultEntailmentRegime <http://www.w3.org/ns/entailment/Simple> ;
  sd:resultFormat formats:SPARQL_Results_JSON, formats:SPARQL_Results_XML, formats:SPARQL_Results_CSV,
    formats:SPARQL_Results_TSV, formats:Turtle, formats:N-Triples, formats:JSON-LD, formats:RDF_XML ;
  sd:defaultDataset <#dataset> .

<#dataset> a sd:Dataset, void:Dataset ;
  dct:description "A named graph a data set, called as it is; all of them are the default graph."@en .
"""
_PREFIXES = {
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "formats": "http://www.w3.org/ns/formats/",
    "void": "http://rdfs.org/ns/void#",
    "dct": "http://purl.org/dc/terms/",
}


def description(address: str, media_type: str) -> bytes:
    """Of the end point at an address. `media_type` is one of MEDIA_TYPES."""
    quads = pyoxigraph.parse(_TURTLE, format=RdfFormat.TURTLE, base_iri=address)
    form = RdfFormat.from_media_type(media_type)
    assert form is not None  # noqa: S101
    text = pyoxigraph.serialize((quad.triple for quad in quads), format=form, prefixes=_PREFIXES)
    return text or b""
