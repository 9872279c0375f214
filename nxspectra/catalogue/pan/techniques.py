"""Techniques as they are asked for: every condition reaches down to what is narrower.

A condition means terms of PaNET and all below them; the data set has a tag among these, or, where the
condition is negative, one that is not. `and` asks for a tag for each of its parts, which may differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from nxspectra.catalogue.pan.filters import NEGATIVE, And, Compare, Operator, Or, Text, Where
from nxspectra.catalogue.pan.matching import POSITIVE, Thing, compares, matches
from nxspectra.rdf import techniques as panet

Pids: TypeAlias = "dict[str, dict[str, list[str]] | list[Pids]]"
"""A condition on pids, as JSON: {"pid": {"inq": [...]}} and these under `and` and `or`."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A technique that some data set is tagged with."""

    id: int
    iri: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Tagged:
    """Has a tag among these."""

    tags: frozenset[int]


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold, or some if not `all`."""

    parts: tuple[Met, ...]
    all: bool = True


Met: TypeAlias = Tagged | Every
"""What a condition asks of the tags of a data set."""


def met_by(where: Where, tags: Mapping[int, Tag]) -> Met:
    """What a condition asks of tags, of which `tags` are all that occur."""
    if isinstance(where, And | Or):
        return Every(tuple(met_by(part, tags) for part in where.parts), isinstance(where, And))
    positive, negative = _positive(where)
    meant = _meant(positive)
    inside = {
        tag.id
        for tag in tags.values()
        if closure(tag.iri) & meant or (tag.iri not in _terms() and _is_meant(positive, _thing(tag)))
    }
    return Tagged(frozenset(tags.keys() - inside if negative else inside))


def mentioned(met: Met) -> frozenset[int]:
    """The tags that meet some part; they are what is shown of the techniques of a data set."""
    if isinstance(met, Tagged):
        return met.tags
    return frozenset().union(*(mentioned(part) for part in met.parts))


def expanded(where: Where | None) -> Pids:
    """A condition on techniques as one on pids, with all that is narrower."""
    if where is None:
        return {}
    if isinstance(where, And | Or):
        return {"and" if isinstance(where, And) else "or": [expanded(part) for part in where.parts]}
    positive, negative = _positive(where)
    pids = dict.fromkeys(
        narrower for iri in sorted(_meant(positive)) for narrower in listing()[iri].relatives
    )
    return {"pid": {"nin" if negative else "inq": list(pids)}}


def _positive(where: Compare | Text) -> tuple[Compare | Text, bool]:
    """The condition without its negation, and whether it had one."""
    if isinstance(where, Compare) and where.operator in NEGATIVE:
        return Compare(where.property, POSITIVE[where.operator], where.values), True
    return where, False


@lru_cache(maxsize=256)
def _meant(where: Compare | Text) -> frozenset[str]:
    """The IRIs of the terms that a condition means, without what is narrower."""
    return frozenset(iri for iri, thing in _terms().items() if _is_meant(where, thing))


def _is_meant(where: Compare | Text, thing: Thing) -> bool:
    """Is the term meant, under its identifier, its label or a synonym?"""
    if isinstance(where, Text):
        return matches(where, thing, ("text",))
    if where.property == "name" and where.operator in (Operator.EQ, Operator.INQ):
        named = {iri for said in where.values if isinstance(said, str) for iri in _called(said)}
        if thing["pid"] in named:
            return True
    if where.property in ("pid", "panetId") and where.operator in (Operator.EQ, Operator.INQ):
        said = [each for each in where.values if isinstance(each, str)]
        if thing["pid"] in panet.of_identifiers(said):
            return True
    return compares(where, thing.get(where.property))


@lru_cache(maxsize=1024)
def _called(said: str) -> tuple[str, ...]:
    return tuple(term.iri for term in panet.table().called(said))


def _thing(tag: Tag) -> Thing:
    return {"pid": tag.iri, "panetId": None, "name": tag.name or tag.iri, "text": tag.name}


@lru_cache(maxsize=1)
def _terms() -> Mapping[str, Thing]:
    """All terms of PaNET by IRI."""
    return {
        str(term.iri): {
            "pid": str(term.iri),
            "panetId": str(term.iri),
            "name": (term.label, *term.synonyms),
            "text": "\n".join((term.label, *term.synonyms)),
        }
        for term in panet.table().terms.values()
    }


@lru_cache(maxsize=4096)
def closure(iri: str) -> frozenset[str]:
    """A technique and all that are wider; of one of ESRFET, what it is in PaNET."""
    table = panet.table()
    found = {iri}
    for each in panet.of_identifiers((iri,)):
        found.add(str(each))
        term = table.terms.get(each.rpartition("/")[2])
        if term is not None:
            found.update(str(table.terms[wider].iri) for wider in term.ancestors if wider in table.terms)
    return frozenset(found)


# -- the list ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listed:
    """A term as pan-ontologies-api lists it."""

    pid: str
    name: str
    synonym: tuple[str, ...]
    parents: tuple[str, ...]
    """The next wider ones."""
    children: tuple[str, ...]
    """The next narrower ones."""
    relatives: tuple[str, ...]
    """Itself and all that are narrower."""


@lru_cache(maxsize=1)
def listing() -> Mapping[str, Listed]:
    """The terms of PaNET with their relations, by IRI."""
    terms = panet.table().terms
    parents = {name: tuple(_next_wider(name)) for name in terms}
    children: dict[str, list[str]] = {name: [] for name in terms}
    relatives: dict[str, list[str]] = {name: [name] for name in terms}
    for name, term in terms.items():
        for wider in parents[name]:
            children[wider].append(name)
        for wider in term.ancestors & terms.keys():
            relatives[wider].append(name)

    def iris(names: Iterator[str]) -> tuple[str, ...]:
        return tuple(str(terms[name].iri) for name in names)

    return {
        str(term.iri): Listed(
            str(term.iri),
            term.label,
            term.synonyms,
            iris(iter(parents[name])),
            iris(iter(children[name])),
            iris(iter(relatives[name])),
        )
        for name, term in terms.items()
    }


def _next_wider(name: str) -> Iterator[str]:
    """The ancestors of a term that are not ancestors of another of its ancestors."""
    terms = panet.table().terms
    wider = sorted(terms[name].ancestors & terms.keys())
    for each in wider:
        if not any(each in terms[other].ancestors for other in wider if other != each):
            yield each
