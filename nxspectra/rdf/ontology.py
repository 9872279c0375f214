"""PaNET compiled: from a release of the ontology the table of techniques that search and descriptions use.

The release must be the reasoned one. In its source many classes are defined by equivalences, so that
`rdfs:subClassOf` alone leads to a third of what lies below a technique. What the equivalences name is
followed too, but only a reasoner finds what follows from restrictions, so the table says whether it was
reasoned.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph
from pyoxigraph import BlankNode, NamedNode, RdfFormat

from nxspectra.errors import FileError, Refused, UsageError
from nxspectra.findings import Finding, Severity
from nxspectra.rdf.techniques import Technique, Techniques
from nxspectra.rdf.terms import PANET, plain

ROOT = "PaNET00001"
"""Photon and neutron technique: what is not below it is no technique, but a word to define one with."""
LARGEST = 64 * 2**20
"""Bytes; PaNET has less than one megabyte."""
NAME = 200
"""Most characters of a label."""

_OWL = "http://www.w3.org/2002/07/owl#"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_DCT = "http://purl.org/dc/terms/"
_SYNONYMS = (
    "http://www.w3.org/2004/02/skos/core#altLabel",
    "http://www.geneontology.org/formats/oboInOwl#hasExactSynonym",
    "http://www.geneontology.org/formats/oboInOwl#hasSynonym",
)
_TERM = re.compile(re.escape(PANET.base) + r"(PaNET\d{5,7})")
_FORMATS = {".nt": RdfFormat.N_TRIPLES, ".ttl": RdfFormat.TURTLE}

_Node = NamedNode | BlankNode


@dataclass(frozen=True)
class Compiled:
    """The table, and what is to be known about how it came to be."""

    table: Techniques
    findings: tuple[Finding, ...]


def compile_ontology(
    path: Path, *, release: str | None = None, earlier: Techniques | None = None
) -> Compiled:
    """The techniques of an ontology file: OWL in RDF/XML, Turtle or N-Triples.

    `release` is its version, if the file does not say it. Labels of the `earlier` table stay as synonyms, and
    terms that are gone stay as they were, so that what was found by them is found still: a term is its IRI.

    Raises FileError if it cannot be read, Refused if it is no ontology of PaNET or has a DOCTYPE, which could
    define entities, UsageError if nobody says its version.
    """
    ontology = _Ontology.read(path)
    version = release or ontology.text(ontology.itself, f"{_OWL}versionInfo") or ontology.version_iri()
    if version is None:
        raise UsageError(f"{path}: does not say which release it is; give it with --release")
    terms = dict(ontology.terms())
    if ROOT not in terms:
        raise Refused(f"{path}: has no term {PANET[ROOT]}, below which PaNET has its techniques")
    findings = [*ontology.unreasoned(terms)]
    reasoned = not findings
    # in a source what lies below the root is not known; techniques have shorter ids than other words
    below = {
        key: term
        for key, term in terms.items()
        if key == ROOT or ROOT in term.ancestors or (not reasoned and len(key) == len(ROOT))
    }
    findings += _outside(terms, below)
    if earlier is not None:
        below, told = _continued(below, earlier)
        findings += told
    table = Techniques(
        version=plain(version, NAME),
        terms=dict(sorted(below.items())),
        source=f"PaNET, compiled from {path.name} (sha256 {ontology.digest})",
        released=ontology.text(ontology.itself, f"{_DCT}created", f"{_DCT}issued", f"{_DCT}date"),
        license=ontology.text(ontology.itself, f"{_DCT}license"),
        reasoned=reasoned,
    )
    return Compiled(table, tuple(findings))


def as_json(table: Techniques) -> str:
    """The table as the package ships it: one line a term."""
    head = {
        "title": "Techniques of PaNET with closed sets of ancestors",
        "source": table.source,
        "version": table.version,
        "released": table.released,
        "license": table.license,
        "reasoned": table.reasoned,
        "base": PANET.base,
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}," for key, value in head.items()]
    terms = [f"  {json.dumps(key)}: {_line(term)}" for key, term in table.terms.items()]
    return "\n".join(["{", *lines, ' "terms": {', ",\n".join(terms), " }", "}"]) + "\n"


def _line(term: Technique) -> str:
    return json.dumps(
        {
            "label": term.label,
            "synonyms": list(term.synonyms),
            "parents": sorted(term.parents),
            "ancestors": sorted(term.ancestors),
        },
        ensure_ascii=False,
    )


@dataclass
class _Ontology:
    """Triples of an ontology by subject and predicate."""

    digest: str
    about: dict[_Node, dict[str, list[object]]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> _Ontology:
        content = _content(path)
        made = cls(hashlib.sha256(content).hexdigest())
        try:
            for triple in pyoxigraph.parse(content, format=_format(path, content)):
                values = made.about.setdefault(triple.subject, {})
                values.setdefault(triple.predicate.value, []).append(triple.object)
        except (SyntaxError, ValueError) as error:
            raise Refused(f"{path}: is not RDF: {error}") from error
        return made

    @property
    def itself(self) -> _Node | None:
        """The node of the ontology."""
        kind = NamedNode(f"{_OWL}Ontology")
        return next((node for node in self.about if kind in self.values(node, f"{_RDF}type")), None)

    def values(self, node: _Node | None, *predicates: str) -> list[object]:
        known = self.about.get(node, {}) if node is not None else {}
        return [value for predicate in predicates for value in known.get(predicate, ())]

    def text(self, node: _Node | None, *predicates: str) -> str | None:
        """The first value, English or without a language before others."""
        found = [
            (getattr(value, "language", None) not in (None, "en"), value.value)
            for value in self.values(node, *predicates)
            if isinstance(value, pyoxigraph.Literal | NamedNode)
        ]
        return plain(min(found, key=lambda each: each[0])[1], NAME) if found else None

    def version_iri(self) -> str | None:
        said = self.text(self.itself, f"{_OWL}versionIRI")
        parts = re.findall(r"\d+(?:\.\d+)+", said or "")
        return parts[-1] if parts else None

    def terms(self) -> Iterator[tuple[str, Technique]]:
        """Every term with the closed set of those above it."""
        stated = {key: self.stated(node) | self.defined(node) for key, node in self.classes().items()}
        closed = _closure(stated)
        for key, node in self.classes().items():
            label = self.text(node, f"{_RDFS}label")
            synonyms = dict.fromkeys(
                plain(value.value, NAME)
                for value in self.values(node, *_SYNONYMS)
                if isinstance(value, pyoxigraph.Literal)
            )
            synonyms.pop(label or "", None)
            yield (
                key,
                Technique(key, label or key, tuple(synonyms), closed[key], frozenset(stated[key]) - {key}),
            )

    def classes(self) -> dict[str, NamedNode]:
        gone = pyoxigraph.Literal("true", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#boolean"))
        found = {}
        for node in self.about:
            named = _TERM.fullmatch(node.value) if isinstance(node, NamedNode) else None
            if named is None or not isinstance(node, NamedNode):
                continue
            is_class = NamedNode(f"{_OWL}Class") in self.values(node, f"{_RDF}type")
            if is_class and gone not in self.values(node, f"{_OWL}deprecated"):
                found[named[1]] = node
        return found

    def stated(self, node: _Node) -> set[str]:
        """Terms that `rdfs:subClassOf` names."""
        return set(self.named(self.values(node, f"{_RDFS}subClassOf")))

    def defined(self, node: _Node) -> set[str]:
        """Terms that the definition by equivalence names: each of them is wider than what they define."""
        return set(self.named(self.values(node, f"{_OWL}equivalentClass")))

    def named(self, values: Iterable[object]) -> Iterator[str]:
        """Ids of terms among classes and among the parts of their intersections."""
        for value in values:
            found = _TERM.fullmatch(value.value) if isinstance(value, NamedNode) else None
            if found is not None:
                yield found[1]
            elif isinstance(value, BlankNode):
                for parts in self.values(value, f"{_OWL}intersectionOf"):
                    yield from self.named(self.listed(parts))

    def listed(self, start: object) -> Iterator[object]:
        """The members of an RDF list."""
        seen = set()
        while isinstance(start, BlankNode) and start not in seen:
            seen.add(start)
            yield from self.values(start, f"{_RDF}first")
            start = next(iter(self.values(start, f"{_RDF}rest")), None)

    def unreasoned(self, terms: Mapping[str, Technique]) -> Iterator[Finding]:
        """Does the file state what follows from its own definitions? A reasoned release does."""
        closed = _closure({key: self.stated(node) for key, node in self.classes().items()})
        lacking = []
        for key, node in self.classes().items():
            definition = self.values(node, f"{_OWL}equivalentClass")
            follows = self.defined(node) - closed[key] - {key}
            if follows or (definition and key != ROOT and not self.stated(node)):
                lacking.append(key)
        if lacking:
            names = ", ".join(f"{terms[key].label} ({key})" for key in lacking[:3])
            yield Finding(
                PANET[lacking[0]],
                "not-reasoned",
                f"{len(lacking)} terms, such as {names}, do not state as superclasses what their definitions"
                " imply: this is the source, not the reasoned release. What lies below a technique is"
                " incomplete in this table; compile the reasoned release",
                Severity.WARNING,
                "PaNET",
            )


def _closure(parents: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """All that lies above each; terms that are each other's parents are above each other."""
    closed = {}
    for key in parents:
        above: set[str] = set()
        todo = list(parents[key])
        while todo:
            each = todo.pop()
            if each not in above and each in parents:
                above.add(each)
                todo.extend(parents[each])
        closed[key] = frozenset(above - {key})
    return closed


def _outside(terms: Mapping[str, Technique], below: Mapping[str, Technique]) -> Iterator[Finding]:
    lost = sorted(key for key in terms.keys() - below.keys() if len(key) == len(ROOT))
    if lost:
        names = ", ".join(f"{terms[key].label} ({key})" for key in lost[:3])
        yield Finding(
            PANET[lost[0]],
            "not-below-root",
            f"{len(lost)} terms, such as {names}, are not below {ROOT} and are left out",
            Severity.WARNING,
            "PaNET",
        )


def _continued(
    terms: Mapping[str, Technique], earlier: Techniques
) -> tuple[dict[str, Technique], list[Finding]]:
    """`terms` with the names and terms of the earlier table that are not in them any more."""
    made, findings = dict(terms), []
    labels = {term.label.casefold(): key for key, term in terms.items()}
    for key, old in earlier.terms.items():
        now = terms.get(key)
        if now is None:
            made[key] = old
            message = f"{old.label!r} is not in this release; it stays as it was in {earlier.version}"
            findings.append(Finding(PANET[key], "term-is-gone", message, Severity.INFO, "PaNET"))
            continue
        known = {name.casefold() for name in (now.label, *now.synonyms)}
        kept = [
            name
            for name in dict.fromkeys((old.label, *old.synonyms))
            if name.casefold() not in known and labels.get(name.casefold(), key) == key
        ]
        if kept:
            made[key] = Technique(now.id, now.label, (*now.synonyms, *kept), now.ancestors, now.parents)
        if old.label != now.label:
            message = f"was called {old.label!r} in {earlier.version} and is now {now.label!r}"
            findings.append(Finding(PANET[key], "label-changed", message, Severity.INFO, "PaNET"))
    return made, findings


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise Refused(f"{path}: is larger than {LARGEST >> 20} MiB; it is no release of PaNET")
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from error


def _format(path: Path, content: bytes) -> RdfFormat:
    """By the suffix, or RDF/XML if it begins as XML does. Raises Refused for XML with a DOCTYPE."""
    if path.suffix in _FORMATS:
        return _FORMATS[path.suffix]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"{path}: is not UTF-8 text") from error
    if not text.lstrip().startswith("<"):
        return RdfFormat.TURTLE
    if re.search(r"<!\s*DOCTYPE|<!\s*ENTITY", text, re.IGNORECASE):
        raise Refused(
            f"{path}: has a DOCTYPE, whose entities could fill the memory; save it as Turtle or N-Triples"
        )
    return RdfFormat.RDF_XML
