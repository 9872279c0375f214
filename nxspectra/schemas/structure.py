"""A NeXus tree as N-Triples: the structure of the file, one node for each group and field.

Each child is reached by its name (`child/NAME`), a group also by its class (`group/NXsample`); all of them by
`member`. A node has the NeXus class as its type, an entry also the definitions that it names; a field has a
`size`, and if it is no null data space a `kind`, a `rank`, its `length/1`, `length/2`, ..., and its values if
they are few. Attributes are `attribute/NAME`. A link to what was not opened is `unopened/NAME`, not a child.

This is the graph that the SHACL shapes of a definition are about; what a data set is about, for people and
catalogues, is nxspectra.describe.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from nxspectra.nxdl import library
from nxspectra.schemas.form import Json, as_json
from nxspectra.tree import Group

NX = "http://purl.org/nexusformat/definitions/"
"""Classes and definitions, as https://github.com/nexusformat/NeXusOntology names them."""
TREE = "https://w3id.org/nxspectra/tree#"
"""Terms of the structure."""
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
XSD = "http://www.w3.org/2001/XMLSchema#"
FEW = 64
"""So many different values of a field are written out."""


def as_ntriples(tree: Group, base: str = "urn:nexus:") -> str:
    """`tree` as N-Triples (https://www.w3.org/TR/n-triples/); the IRI of a node is `base` and its path.

    Raises Refused for a tree that is absurdly deep or large, and FileChanged.
    """
    lines = [_line(_iri(f"{base}/"), f"<{RDF_TYPE}>", f"<{TREE}Tree>")]
    lines += _node(base, "", as_json(tree, FEW))
    return "".join(f"{line}\n" for line in lines)


def term(kind: str, name: str) -> str:
    """The IRI of `child/NAME`, `unopened/NAME`, `group/CLASS`, `attribute/NAME` or `length/N`."""
    return f"{TREE}{kind}/{quote(name, safe='', errors='surrogatepass')}"


def literal(value: object) -> str:
    """A value as a literal of N-Triples and Turtle."""
    if isinstance(value, bool):
        return f'"{str(value).lower()}"^^<{XSD}boolean>'
    if isinstance(value, int):
        return f'"{value}"^^<{XSD}integer>'
    if isinstance(value, float):
        return f'"{value!r}"^^<{XSD}double>'
    text = re.sub(r'[\\"\x00-\x1f\x7f\ud800-\udfff]', _escaped, str(value))
    return f'"{text}"'


def _escaped(match: re.Match[str]) -> str:
    mark = match[0]
    if mark in '\\"':
        return f"\\{mark}"
    # a lone surrogate, from a name or text that is not UTF-8, is no character of RDF
    return "\\uFFFD" if "\ud800" <= mark <= "\udfff" else f"\\u{ord(mark):04X}"


def _iri(text: str) -> str:
    return f"<{quote(text, safe=':/#?@!$&()*+,;=~-._%', errors='surrogatepass')}>"


def _line(subject: str, predicate: str, value: str) -> str:
    return f"{subject} {predicate} {value} ."


def _node(base: str, path: str, node: Json) -> Iterator[str]:
    subject = _iri(f"{base}{quote(path, errors='surrogatepass') or '/'}")
    if isinstance(node.get("dtype"), str):
        yield from _field(subject, node)
        return
    yield from _attributes(subject, node)
    nx_class = node.get("@NX_class")
    if isinstance(nx_class, str):
        yield _line(subject, f"<{RDF_TYPE}>", f"<{NX}{quote(nx_class, safe='')}>")
    for name in _definitions(node):
        yield _line(subject, f"<{RDF_TYPE}>", f"<{NX}{quote(name, safe='')}>")
    for name, child in node.items():
        if name.startswith("@") or not isinstance(child, dict):
            continue
        where = f"{path}/{name}"
        target = _iri(f"{base}{quote(where, errors='surrogatepass')}")
        if isinstance(child.get("unopened"), str):
            yield _line(subject, f"<{term('unopened', name)}>", target)
            continue
        yield _line(subject, f"<{TREE}member>", target)
        yield _line(subject, f"<{term('child', name)}>", target)
        if isinstance(child.get("@NX_class"), str) and not isinstance(child.get("dtype"), str):
            yield _line(subject, f"<{term('group', child['@NX_class'])}>", target)
        yield _line(target, f"<{TREE}name>", literal(name))
        yield from _node(base, where, child)


def _definitions(node: Json) -> Iterator[str]:
    """The definitions that an entry says it follows, official ones spelled as they are."""
    definition = node.get("definition")
    if node.get("@NX_class") in ("NXentry", "NXsubentry") and isinstance(definition, dict):
        names = (each.strip() for each in _flat(definition.get("value")) if isinstance(each, str))
        yield from dict.fromkeys(library().spelled(name) or name for name in names if name)


def _field(subject: str, node: Json) -> Iterator[str]:
    yield _line(subject, f"<{RDF_TYPE}>", f"<{TREE}Field>")
    shape = node["shape"]
    yield _line(subject, f"<{TREE}size>", literal(0 if shape is None else math.prod(shape)))
    if shape is not None:
        yield _line(subject, f"<{TREE}kind>", literal(node["dtype"].rstrip("0123456789")))
        yield _line(subject, f"<{TREE}rank>", literal(len(shape)))
        for index, length in enumerate(shape, 1):
            yield _line(subject, f"<{term('length', str(index))}>", literal(length))
    for value in dict.fromkeys((type(each), each) for each in _flat(node.get("value"))):
        if value[1] is not None:
            yield _line(subject, f"<{TREE}value>", literal(value[1]))
    yield from _attributes(subject, node)


def _attributes(subject: str, node: Json) -> Iterator[str]:
    for name, value in node.items():
        if name.startswith("@"):
            for each in dict.fromkeys((type(one), one) for one in _flat(value)):
                if each[1] is not None:
                    yield _line(subject, f"<{term('attribute', name[1:])}>", literal(each[1]))


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for each in value:
            yield from _flat(each)
    elif not isinstance(value, dict):
        yield value
