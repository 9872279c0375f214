"""Validation: does a tree follow its application definition, and if not, what is to be done.

    report = validate(tree)
    report.conforms, report.findings

Every rule has an id, a severity and a sentence in `RULES`; each is asked by a small generator.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from nxspectra.errors import DefinitionError, UnknownDefinition
from nxspectra.findings import EntryReport, Finding, Report, Severity
from nxspectra.nxdl import Library, library
from nxspectra.spectra import DEFINITION
from nxspectra.tree import Group
from nxspectra.validation.cases import Entry
from nxspectra.validation.hints import quoted
from nxspectra.validation.links import UNVALIDATED
from nxspectra.validation.plots import broken_default
from nxspectra.validation.table import (
    DEFINITION_MISSING,
    DEFINITION_SPELLING,
    NO_ENTRY,
    RULES,
    UNKNOWN_DEFINITION,
    UNUSABLE_DEFINITION,
    Rule,
)
from nxspectra.validation.walk import findings, of_root

__all__ = ["RULES", "Rule", "needed", "validate"]


_Named: TypeAlias = tuple[str, Group, str | None]
"""Path of an entry, its group, and the definition that it names."""


def validate(root: Group, definition: str | None = None, definitions: Path | str | None = None) -> Report:
    """What is wrong with `root`, measured by `definition` or by what each NXentry and NXsubentry names.

    With `definition` the entries that name it are looked at, or every NXentry if none does. `definitions`
    is a folder of NXDL files that is looked into first. Nothing is remembered between calls but compiled
    definitions.
    Raises UnknownDefinition or DefinitionError when `definition` or the folder cannot be used.
    """
    shelf = library(None if definitions is None else Path(definitions))
    asked = None
    if definition is not None:
        asked = shelf.spelled(definition) or definition
        shelf.definition(asked)
    entries: list[EntryReport] = []
    found = [*of_root(root, shelf), *broken_default("", root)]
    for entry in _entries(root, asked):
        path, _, named = entry
        own = list(_entry(entry, root, shelf, asked))
        found += own
        conforms = not any(finding.severity is Severity.VIOLATION for finding in own)
        entries.append(EntryReport(path, asked or _spelled(shelf, named) or named or DEFINITION, conforms))
    if not entries:
        found.append(
            NO_ENTRY.at("/", "holds no NXentry, so there is nothing to validate; is it a NeXus file?")
        )
    return Report(None if root.source is None else root.source.path, tuple(entries), tuple(found))


def needed(path: str, nx_class: str | None) -> bool:
    """Is what is in the group at `path` looked at by validation? Not in an NXcollection."""
    del path
    return nx_class != UNVALIDATED


def _entries(root: Group, asked: str | None) -> Iterator[_Named]:
    """Each entry that is to be validated."""
    every: list[_Named] = []
    for name, entry in root.of_class("NXentry"):
        subentries = [
            (f"/{name}/{sub}", group, _names(root, f"/{name}/{sub}"))
            for sub, group in entry.of_class("NXsubentry")
        ]
        with_definition = [each for each in subentries if each[2] is not None]
        named = _names(root, f"/{name}")
        if named is not None or asked is not None or not with_definition:
            every.append((f"/{name}", entry, named))
        every += with_definition
    if asked is None:
        yield from every
        return
    chosen = [each for each in every if each[2] is not None and each[2].lower() == asked.lower()]
    yield from chosen or [each for each in every if each[1].nx_class == "NXentry"]


def _names(root: Group, path: str) -> str | None:
    """The definition that the entry at `path` names."""
    field = root.field(f"{path}/definition")
    text = None if field is None else field.text
    return text.strip() or None if text is not None else None


def _spelled(shelf: Library, named: str | None) -> str | None:
    return None if named is None else shelf.spelled(named)


def _entry(entry: _Named, root: Group, shelf: Library, asked: str | None) -> Iterator[Finding]:
    path, group, named = entry
    name = asked or _spelled(shelf, named) or named
    where = f"{path}/definition"
    if name is None:
        yield DEFINITION_MISSING.at(
            path,
            f"names no application definition, so it was compared with {DEFINITION}. `nxspectra migrate`"
            " makes an entry that follows it; `nxspectra validate --definition NAME` compares with another",
        )
        name = DEFINITION
    try:
        rules = shelf.definition(name)
    except UnknownDefinition as error:
        yield UNKNOWN_DEFINITION.at(where, str(error))
        return
    except DefinitionError as error:
        yield UNUSABLE_DEFINITION.at(where, str(error))
        return
    spelled_otherwise = named is not None and named != name and named.lower() == name.lower()
    if spelled_otherwise:
        yield DEFINITION_SPELLING.at(where, f"is {quoted(named or '')}; taken for {name}, write it so")
    for finding in findings(Entry(root, path, rules, shelf), group):
        said_already = finding.path == where and (
            (finding.rule == "not-in-enumeration" and spelled_otherwise)
            or (finding.rule == "missing-field" and named is None and asked is None)
        )
        if not said_already:
            yield finding
