"""An application definition in other languages: JSON Schema, pydantic, SHACL, Markdown; and trees for them.

    schemas.definition_as("NXmx", "json-schema")        # text, as the shell prints it
    schemas.as_json(tree)                               # the JSON form that JSON Schema and models are about
    schemas.as_ntriples(tree)                           # the graph that the shapes are about

All are made from the very rules that validation asks. They ask what is a violation when it is broken; what a
language cannot ask is said in docs/reference/definitions.md.
"""

from __future__ import annotations

import json
from pathlib import Path

from nxspectra.errors import UsageError
from nxspectra.nxdl import library
from nxspectra.nxdl.documentation import documentation
from nxspectra.schemas.form import as_json
from nxspectra.schemas.json_schema import Schema
from nxspectra.schemas.json_schema import json_schema as _json_schema
from nxspectra.schemas.models import pydantic_source as _pydantic_source
from nxspectra.schemas.pages import concepts as _concepts
from nxspectra.schemas.pages import markdown as _markdown
from nxspectra.schemas.shapes import shacl as _shacl
from nxspectra.schemas.structure import as_ntriples

__all__ = [
    "FORMS",
    "as_json",
    "as_ntriples",
    "concepts",
    "definition_as",
    "json_schema",
    "markdown",
    "pydantic_source",
    "shacl",
]

FORMS = ("json-schema", "pydantic", "shacl", "markdown")


def definition_as(name: str, form: str, folder: Path | None = None) -> str:
    """A definition as text in one of FORMS; raises UnknownDefinition, DefinitionError, or UsageError."""
    if form == "json-schema":
        return json.dumps(json_schema(name, folder), indent=2, ensure_ascii=False) + "\n"
    if form == "pydantic":
        return pydantic_source(name, folder)
    if form == "shacl":
        return shacl(name, folder)
    if form == "markdown":
        return markdown(name, folder)
    raise UsageError(f"no form {form!r}; {', '.join(FORMS)} are known")


def json_schema(name: str, folder: Path | None = None) -> Schema:
    """JSON Schema, draft 2020-12, for what `as_json` gives; raises UnknownDefinition or DefinitionError."""
    shelf = library(folder)
    return _json_schema(shelf.definition(name), shelf)


def pydantic_source(name: str, folder: Path | None = None) -> str:
    """Python source of pydantic models of the same; raises UnknownDefinition or DefinitionError."""
    shelf = library(folder)
    return _pydantic_source(shelf.definition(name), shelf)


def shacl(name: str, folder: Path | None = None) -> str:
    """SHACL shapes for what `as_ntriples` gives, in Turtle; raises UnknownDefinition or DefinitionError."""
    shelf = library(folder)
    return _shacl(shelf.definition(name), shelf)


def markdown(name: str, folder: Path | None = None) -> str:
    """A page about a definition; raises UnknownDefinition or DefinitionError."""
    shelf = library(folder)
    return _markdown(shelf.definition(name), shelf, documentation(name, folder))


def concepts(name: str, folder: Path | None = None) -> str:
    """The part of that page that lists every concept, between two comments that mark it."""
    shelf = library(folder)
    return _concepts(shelf.definition(name), shelf, documentation(name, folder))
