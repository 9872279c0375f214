"""What NXDL files say in words, found by where a rule is written down.

Rules keep only what validation needs of the documentation; a page about a definition wants all of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lxml import etree

from nxspectra.nxdl.compiler import Document, parse
from nxspectra.nxdl.library import Library, library
from nxspectra.nxdl.rules import Origin

# :ref:`NXdata`, :ref:`text <target>`, ``code``, `text <link>`_
_MARKUP = re.compile(r"(?::\w+:)?`{1,2}([^`<]*?)\s*(?:<[^`>]*>)?`{1,2}_{0,2}")
_DIRECTIVE = re.compile(r"^\s*\.\. .*$", re.MULTILINE)

Place: TypeAlias = tuple[str, int, str | None]
"""NXDL file, line, and name of what is said there."""


@dataclass(frozen=True, slots=True)
class Documentation:
    """The words of a definition."""

    about: str
    """What the definition is for, as paragraphs."""
    symbols: Mapping[str, str]
    concepts: Mapping[Place, str]

    def of(self, origin: Origin, name: str | None) -> str:
        """What is said where a rule comes from, in one line; `name` None for a group of any name."""
        return self.concepts.get((origin.nxdl, origin.line, name), "")


def documentation(name: str, folder: Path | None = None) -> Documentation:
    """The words of an application definition, of those it extends and of the base classes it names.

    Raises UnknownDefinition or DefinitionError.
    """
    shelf = library(folder)
    definition = shelf.definition(name)
    chain = [parse(shelf.files[each]) for each in definition.lineage]
    named = {
        nx_class
        for document in chain
        for element in document.root.iter("{*}group")
        if (nx_class := element.get("type")) is not None
    }
    concepts: dict[Place, str] = {}
    for document in [*chain, *_base_classes(shelf, named)]:
        for element in document.root.iter("{*}group", "{*}field", "{*}attribute", "{*}choice", "{*}link"):
            text = _line(element)
            if text:
                line = int(element.sourceline or 0)
                concepts.setdefault((document.path.name, line, element.get("name")), text)
    symbols: dict[str, str] = {}
    for document in chain:
        for element in document.root.iter("{*}symbol"):
            symbols.setdefault(str(element.get("name")), _line(element))
    return Documentation(_paragraphs(chain[0].root), symbols, concepts)


def _base_classes(shelf: Library, names: set[str]) -> list[Document]:
    """The base classes of these names, and those that they extend."""
    known = (shelf.base_class(name) for name in sorted(names))
    lineages = [nx_class.lineage for nx_class in known if nx_class is not None]
    return [parse(shelf.files[name]) for name in dict.fromkeys(name for each in lineages for name in each)]


def _text(element: etree._Element) -> str:
    doc = element.find("{*}doc")
    text = "" if doc is None else "".join(doc.itertext())
    return _MARKUP.sub(r"\1", _DIRECTIVE.sub("", text))


def _line(element: etree._Element) -> str:
    """The first paragraph."""
    first = re.split(r"\n\s*\n", _text(element).strip(), maxsplit=1)[0]
    return " ".join(first.split())


def _paragraphs(element: etree._Element) -> str:
    parts = re.split(r"\n\s*\n", _text(element).strip())
    return "\n\n".join(" ".join(part.split()) for part in parts if part.strip())
