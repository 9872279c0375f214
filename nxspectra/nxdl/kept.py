"""Compiled rules as JSON in the user's cache folder, with the digests of the NXDL files they were made from.

The cache is a convenience: whatever is wrong with it, the rules are compiled again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import fields as dataclass_fields
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from nxspectra import __version__
from nxspectra.errors import FileError
from nxspectra.files import write_whole
from nxspectra.nxdl.rules import (
    AttributeRule,
    BaseClass,
    ChoiceRule,
    Definition,
    Dim,
    Dimensions,
    Enumeration,
    FieldRule,
    GroupRule,
    LinkRule,
    Origin,
)

Compiled: TypeAlias = Definition | BaseClass
Row: TypeAlias = list[Any]


def folder() -> Path:
    """Where compiled rules are kept: `$XDG_CACHE_HOME/nxspectra/nxdl`, by default below `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "nxspectra" / "nxdl"


def load(name: str, key: str) -> tuple[Compiled, tuple[Path, ...]] | None:
    """What was kept for this name, if the files it was made from are still the same, and those files."""
    try:
        row = json.loads((folder() / f"{name}-{key[:16]}.json").read_bytes())
        sources = tuple(Path(path) for path, _ in row["sources"])
        if row["program"] != program() or [digest for _, digest in row["sources"]] != digests(sources):
            return None
        compiled = row["definition"]
        return (_definition(compiled) if row["kind"] == "definition" else _base_class(compiled)), sources
    except (OSError, ValueError, LookupError, TypeError, RuntimeError):
        return None


def keep(name: str, key: str, compiled: Compiled, sources: Sequence[Path]) -> None:
    """Keep what was compiled; silently not, if the folder cannot be written."""
    with contextlib.suppress(OSError, RuntimeError, FileError):
        row = {
            "program": program(),
            "kind": "definition" if isinstance(compiled, Definition) else "base class",
            "sources": [[str(path), digest] for path, digest in zip(sources, digests(sources), strict=True)],
            "definition": _row(compiled),
        }
        home = folder()
        home.mkdir(parents=True, exist_ok=True)
        write_whole(home / f"{name}-{key[:16]}.json", json.dumps(row, separators=(",", ":")), durable=False)


def digests(paths: Sequence[Path]) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


@lru_cache(maxsize=1)
def program() -> str:
    """The version of nxspectra and the digest of what compiles, so that another one compiles anew."""
    here = Path(__file__).parent
    return f"{__version__} {' '.join(digests([here / 'rules.py', here / 'compiler.py']))}"


# -- values to rows and back -------------------------------------------------------------------


def _row(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return [_row(getattr(value, each.name)) for each in dataclass_fields(value) if each.init]
    if isinstance(value, tuple):
        return [_row(item) for item in value]
    return value


def _enumeration(row: Row | None) -> Enumeration | None:
    return None if row is None else Enumeration(tuple(row[0]), row[1])


def _dimensions(row: Row | None) -> Dimensions | None:
    return None if row is None else Dimensions(row[0], tuple(Dim(*dim) for dim in row[1]))


def _attribute(row: Row) -> AttributeRule:
    name, name_type, kind, need, enumeration, deprecated, origin = row
    return AttributeRule(name, name_type, kind, need, _enumeration(enumeration), deprecated, Origin(*origin))


def _field(row: Row) -> FieldRule:
    name, name_type, kind, units, need, least, most, enumeration, *more = row
    dimensions, attributes, deprecated, concept, doc, origin, inherited, typed = more
    return FieldRule(
        name,
        name_type,
        kind,
        units,
        need,
        least,
        most,
        _enumeration(enumeration),
        _dimensions(dimensions),
        tuple(_attribute(each) for each in attributes),
        deprecated,
        concept,
        doc,
        Origin(*origin),
        tuple(inherited),
        typed,
    )


def _link(row: Row) -> LinkRule:
    name, target, concept, origin = row
    return LinkRule(name, target, concept, Origin(*origin))


def _choice(row: Row) -> ChoiceRule:
    name, name_type, need, classes, origin = row
    return ChoiceRule(name, name_type, need, tuple(classes), Origin(*origin))


def _group(row: Row) -> GroupRule:
    name, name_type, nx_class, need, least, most, attributes, fields, groups, *more = row
    links, choices, deprecated, extra, concept, doc, origin = more
    return GroupRule(
        name,
        name_type,
        nx_class,
        need,
        least,
        most,
        tuple(_attribute(each) for each in attributes),
        tuple(_field(each) for each in fields),
        tuple(_group(each) for each in groups),
        tuple(_link(each) for each in links),
        tuple(_choice(each) for each in choices),
        deprecated,
        tuple(extra),
        concept,
        doc,
        Origin(*origin),
    )


def _base_class(row: Row) -> BaseClass:
    return BaseClass(row[0], tuple(row[1]), _group(row[2]))


def _definition(row: Row) -> Definition:
    return Definition(row[0], tuple(row[1]), tuple(row[2]), _group(row[3]), dict(row[4]), row[5])
