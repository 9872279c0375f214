"""IRIs, literals and triples as plain values, written as N-Triples; the namespaces we use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias
from urllib.parse import quote


class Iri(str):
    """An absolute IRI. Make one from outside text with `iri`, which refuses what is none."""

    __slots__ = ()


@dataclass(frozen=True)
class Agent:
    """A person, an organisation or an instrument: a name, an IRI, or both."""

    name: str | None = None
    iri: Iri | None = None


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal value in its lexical form."""

    lexical: str
    datatype: Iri


Term: TypeAlias = Iri | Literal
Triple: TypeAlias = tuple[Iri, Iri, Term]


class Namespace:
    """A prefix and what it stands for; `DCT["title"]` is an Iri."""

    __slots__ = ("base", "prefix")

    def __init__(self, prefix: str, base: str) -> None:
        self.prefix = prefix
        self.base = base

    def __getitem__(self, name: str) -> Iri:
        return Iri(self.base + name)


DCAT = Namespace("dcat", "http://www.w3.org/ns/dcat#")
DCT = Namespace("dct", "http://purl.org/dc/terms/")
ESRFET = Namespace("esrfet", "https://w3id.org/PaN/ESRFET#")
MLS = Namespace("mls", "http://www.w3.org/ns/mls#")
NX = Namespace("nx", "http://purl.org/nexusformat/definitions/")
NXS = Namespace("nxs", "https://w3id.org/nxspectra/ns#")
PANET = Namespace("panet", "http://purl.org/pan-science/PaNET/")
PROV = Namespace("prov", "http://www.w3.org/ns/prov#")
QUDT = Namespace("qudt", "http://qudt.org/schema/qudt/")
QUANTITY_KIND = Namespace("quantitykind", "http://qudt.org/vocab/quantitykind/")
RDF = Namespace("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#")
SCHEMA = Namespace("schema", "https://schema.org/")
SKOS = Namespace("skos", "http://www.w3.org/2004/02/skos/core#")
SOSA = Namespace("sosa", "http://www.w3.org/ns/sosa/")
SPDX = Namespace("spdx", "http://spdx.org/rdf/terms#")
UNIT = Namespace("unit", "http://qudt.org/vocab/unit/")
XSD = Namespace("xsd", "http://www.w3.org/2001/XMLSchema#")

NAMESPACES = (
    DCAT, DCT, ESRFET, MLS, NX, NXS, PANET, PROV, QUDT, QUANTITY_KIND, SCHEMA, SKOS, SOSA, SPDX, UNIT, XSD,
)  # fmt: skip

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x20\x7f]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPED = re.compile(r"[\"\\\x00-\x1f\x7f]")
_NO_NUMBER = {"inf": "INF", "-inf": "-INF", "nan": "NaN"}
_NO_TEXT = frozenset({"Cc", "Cs"})  # control characters, surrogates
# Marks that turn the direction of text around: a title that carries them can look like another one.
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def iri(text: str) -> Iri:
    """`text` as an IRI. Raises ValueError if it is not absolute or holds what RDF forbids in one."""
    if _ABSOLUTE.fullmatch(text) is None or plain(text) != text:
        raise ValueError(f"{text!r} is not an IRI")
    return Iri(text)


def segment(text: str) -> str:
    """`text` as one step of an IRI: everything but letters, digits and `-._~` percent-encoded."""
    return quote(plain(text), safe="")


def concept(scheme: str, label: str) -> Iri:
    """The SKOS concept of a class name in the scheme of the site."""
    return Iri(f"{scheme}{'' if scheme.endswith(('/', '#')) else '#'}{segment(label)}")


def model_iri(base: str, digest: str) -> Iri:
    """A model is known by the digest of its file, wherever the file lies and whatever it is called."""
    return Iri(f"{base}model/{digest}")


def plain(text: str, most: int | None = None) -> str:
    """`text` without what is not text (control characters, lone surrogates, marks that reverse it), in NFC.

    Line ends and tabs become blanks; what is longer than `most` characters is cut, with an ellipsis.
    """
    if text.isascii() and text.isprintable():
        kept = text
    else:
        kept = "".join(_kept(character) for character in unicodedata.normalize("NFC", text))
    clean = " ".join(kept.split())
    return clean if most is None or len(clean) <= most else clean[: most - 1].rstrip() + "…"


def _kept(character: str) -> str:
    if character in "\t\n\r\x0b\x0c\x85\u2028\u2029":
        return " "
    code = ord(character)
    nonsense = (
        code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF or unicodedata.category(character) in _NO_TEXT
    )
    return "" if nonsense or character in _BIDI else character


def string(text: str) -> Literal:
    return Literal(text, _STRING)


def double(value: float) -> Literal:
    """Always xsd:double: a Turtle `0.5` would be an xsd:decimal, which SHACL cannot compare with NaN."""
    lexical = _NO_NUMBER.get(repr(float(value)), repr(float(value)))
    # with an exponent it is the same spelling in Turtle, where it would be a decimal without
    return Literal(lexical if "e" in lexical or not lexical[-1].isdigit() else f"{lexical}e0", _DOUBLE)


def integer(value: int) -> Literal:
    return Literal(str(int(value)), _INTEGER)


def boolean(value: bool) -> Literal:
    return Literal("true" if value else "false", _BOOLEAN)


def iso_moment(text: str | None) -> str | None:
    """A day or a date and time in the form that XML Schema takes; None if `text` is none."""
    said = (text or "").strip()
    try:
        when = datetime.fromisoformat(said)
    except ValueError:
        return None
    if len(said) == len("2021-05-27"):
        return when.date().isoformat()
    offset = when.utcoffset() or timedelta()
    return when.isoformat() if abs(offset) <= timedelta(hours=14) and not offset.seconds % 60 else None


def moment(text: str) -> Literal:
    """An ISO 8601 day or date and time, as the xsd type that it is."""
    return Literal(text, XSD["date"] if len(text) == len("2021-05-27") else XSD["dateTime"])


_STRING, _DOUBLE, _INTEGER, _BOOLEAN = XSD["string"], XSD["double"], XSD["integer"], XSD["boolean"]


def n_triples(triples: Iterable[Triple]) -> str:
    """One line a triple, https://www.w3.org/TR/n-triples/."""
    return "".join(f"<{s}> <{p}> {written(o)} .\n" for s, p, o in triples)


def written(term: Term) -> str:
    """A term as N-Triples and Turtle write it in full."""
    if isinstance(term, Iri):
        return f"<{term}>"
    text = _ESCAPED.sub(_escape, term.lexical)
    return f'"{text}"' if term.datatype == _STRING else f'"{text}"^^<{term.datatype}>'


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return _ESCAPES.get(character) or f"\\u{ord(character):04X}"
