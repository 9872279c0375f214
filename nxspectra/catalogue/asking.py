"""A Query answered from the graphs: SPARQL finds the data sets, their graphs give the hits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, QuerySolutions, Store, Triple, Variable

from nxspectra import units
from nxspectra.catalogue.hits import Hit
from nxspectra.catalogue.query import TRANSITION, Query, Range
from nxspectra.rdf.quantities import BEAM_ENERGY, EXPOSURE, PRESSURE
from nxspectra.rdf.terms import DCAT, DCT, NXS, QUDT, RDF, SCHEMA, SKOS, Iri

WEIGHTS = (1.0, 0.8, 0.6, 0.4, 0.2)
"""What a word counts for in each line of a record's text: title, sample, keywords, where and who, rest."""
PART_OF_A_WORD = 0.8
"""What it counts for, of that, when it is only a part of a word there."""

PREFIXES = {space.prefix: space.base for space in (DCAT, DCT, NXS, SCHEMA, SKOS)}


def ask(store: Store, query: Query, limit: int | None) -> list[Hit]:
    """The data sets that meet all of a query, best first, then by title."""
    found = []
    for iri, title, text in _candidates(store, query):
        score = _score(text, query.words)
        if score > 0:
            found.append((-score, title.casefold(), iri))
    found.sort()
    return [hit(store, iri, -score) for score, _, iri in found[:limit]]


def _candidates(store: Store, query: Query) -> Iterable[tuple[str, str, str]]:
    """IRI, title and searchable text of the data sets that meet all but the words."""
    # Nothing that a user wrote stands in the text of the query: numbers are floats, techniques are IRIs of
    # our table, and the label is substituted.
    parts = [_in_range(number, ranges) for number, ranges in enumerate(query.ranges)]
    if query.techniques:
        wanted = ", ".join(str(NamedNode(each)) for each in query.techniques)
        parts.append(f"?d schema:measurementTechnique ?technique . FILTER(?technique IN ({wanted}))")
    substitutions: dict[Variable, NamedNode | BlankNode | Literal | Triple] = {}
    label, text = "", ""
    if query.label is not None:
        parts.append("?concept skos:prefLabel ?name . FILTER(LCASE(STR(?name)) = ?label)")
        parts.append("?result dct:subject ?concept .")
        substitutions[Variable("label")] = Literal(query.label)
        label = "?label"
    if query.words:
        parts.append("?record nxs:text ?text .")
        text = "?text"
    parts.append("?d dct:title ?title")
    asked = f"SELECT DISTINCT ?d ?title {text} {label} WHERE {{ GRAPH ?d {{ {' '.join(parts)} }} }}"
    rows = store.query(asked, prefixes=PREFIXES, substitutions=substitutions or None)
    if isinstance(rows, QuerySolutions):
        for row in rows:
            yield row["d"].value, row["title"].value, row["text"].value if text else ""


def _in_range(number: int, ranges: tuple[Range, ...]) -> str:
    return " UNION ".join(f"{{ {_meets(f'{number}_{index}', each)} }}" for index, each in enumerate(ranges))


def _meets(suffix: str, wanted: Range) -> str:
    """SPARQL for a range in the graph that overlaps the one that is wanted."""
    it, low, high = f"?q{suffix}", f"?low{suffix}", f"?high{suffix}"
    if wanted.name == TRANSITION:
        where = f"{it} a nxs:Boundary ; nxs:siMin {low} ; nxs:siMax {high} ."
    else:
        where = f"{it} schema:name {Literal(wanted.name)} ; nxs:siMin {low} ; nxs:siMax {high} ."
    tests = []
    if math.isfinite(wanted.maximum):
        tests.append(f"{low} <= {_number(wanted.maximum)}")
    if math.isfinite(wanted.minimum):
        tests.append(f"{high} >= {_number(wanted.minimum)}")
    return f"{where} FILTER({' && '.join(tests)})" if tests else where


def _number(value: float) -> str:
    return str(Literal(float(value)))


def _score(text: str, words: tuple[str, ...]) -> float:
    """Mean over the words of the best line each stands in; 0 if one stands nowhere."""
    if not words:
        return 1.0
    lines = [(line, line.split(), weight) for line, weight in zip(text.split("\n"), WEIGHTS, strict=False)]
    best = [
        max(
            (
                weight if word in whole else weight * PART_OF_A_WORD
                for line, whole, weight in lines
                if word in line
            ),
            default=0.0,
        )
        for word in words
    ]
    return round(sum(best) / len(best), 3) if all(best) else 0.0


def hit(store: Store, iri: str, score: float = 1.0) -> Hit:
    """The data set of this IRI as search shows it."""
    about: dict[str, dict[str, list[str]]] = {}
    for quad in store.quads_for_pattern(None, None, None, NamedNode(iri)):
        about.setdefault(_subject(quad), {}).setdefault(quad.predicate.value, []).append(_value(quad))
    it = about.get(iri, {})
    result = about.get(f"{iri}#result-1", {})
    boundary = about.get(f"{iri}#boundary-1-1", {})
    conforms = _first(it, NXS["conforms"])
    spectra, pressure = _first(it, NXS["spectra"]), _first(boundary, QUDT["numericValue"])
    return Hit(
        pid=_first(it, DCT["identifier"]) or "",
        iri=iri,
        title=_first(it, DCT["title"]) or "",
        file=_first(about.get(f"{iri}#record", {}), NXS["path"]),
        score=score,
        definition=_first(it, NXS["definition"]),
        conforms=None if conforms is None else conforms == "true",
        spectra=None if spectra is None else int(spectra),
        pressure=_range(about.get(f"{iri}#{PRESSURE.name}"), PRESSURE.usual),
        energy=_range(about.get(f"{iri}#{BEAM_ENERGY.name}"), BEAM_ENERGY.usual),
        exposure=_range(about.get(f"{iri}#{EXPOSURE.name}"), EXPOSURE.usual),
        labels=_labels(about, result),
        transition_pressure=None if pressure is None else float(pressure),
        transition_interval=_range(boundary, PRESSURE.usual),
        techniques=tuple(sorted(it.get(SCHEMA["measurementTechnique"], ()))),
    )


def _subject(quad: Quad) -> str:
    return quad.subject.value if isinstance(quad.subject, NamedNode) else str(quad.subject)


def _value(quad: Quad) -> str:
    return quad.object.value if isinstance(quad.object, NamedNode | Literal) else str(quad.object)


def _first(properties: Mapping[str, list[str]], predicate: Iri) -> str | None:
    return next(iter(properties.get(predicate, ())), None)


def _range(properties: Mapping[str, list[str]] | None, usual: str) -> tuple[float, float] | None:
    """The SI range of a part in the unit that people use."""
    low, high = _first(properties or {}, NXS["siMin"]), _first(properties or {}, NXS["siMax"])
    if low is None or high is None:
        return None
    factor, offset = units.to_si(1, usual) - units.to_si(0, usual), units.to_si(0, usual)
    ends = [float(f"{(float(end) - float(offset)) / float(factor):.12g}") for end in (low, high)]
    return ends[0], ends[1]


def _labels(about: Mapping[str, Mapping[str, list[str]]], result: Mapping[str, list[str]]) -> dict[str, int]:
    """Frames by label, as the runs of a result add up, in the order in which labels first appear."""
    runs = [about.get(segment, {}) for segment in result.get(NXS["segment"], ())]
    counted: dict[str, int] = {}
    for run in sorted(runs, key=lambda each: int(_first(dict(each), NXS["firstFrame"]) or 0)):
        concept = _first(dict(run), NXS["label"]) or ""
        name = _first(dict(about.get(concept, {})), SKOS["prefLabel"]) or concept
        counted[name] = counted.get(name, 0) + int(_first(dict(run), NXS["frameCount"]) or 0)
    return counted


def is_data_set(store: Store, iri: str) -> bool:
    """Is there a graph about this data set?"""
    pattern = (NamedNode(iri), NamedNode(RDF["type"]), NamedNode(DCAT["Dataset"]), NamedNode(iri))
    return next(iter(store.quads_for_pattern(*pattern)), None) is not None
