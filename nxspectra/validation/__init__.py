"""Validation: does a tree follow its application definition, and if not, what is to be done.

    report = validate(tree)
    report.conforms, report.findings

Every rule has an id, a severity and a sentence in `RULES`; each is asked by a small generator.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nxspectra.errors import DefinitionError, UnknownDefinition
from nxspectra.findings import EntryReport, Finding, Report, Severity
from nxspectra.nxdl import Definition, Library, library
from nxspectra.spectra import DEFINITION, definitions_of
from nxspectra.tree import Group
from nxspectra.validation.cases import Entry
from nxspectra.validation.hints import listed, quoted
from nxspectra.validation.links import UNVALIDATED
from nxspectra.validation.plots import broken_default
from nxspectra.validation.table import (
    DEFINITION_MISSING,
    DEFINITION_SPELLING,
    NO_ENTRY,
    RULES,
    SEVERAL_DEFINITIONS,
    UNKNOWN_DEFINITION,
    UNUSABLE_DEFINITION,
    Rule,
)
from nxspectra.validation.walk import findings, of_root

__all__ = ["RULES", "Rule", "needed", "validate"]


NAMES = 8
"""An entry is compared with so many definitions that it names; nobody follows more."""


@dataclass(frozen=True, slots=True)
class Named:
    """An NXentry or NXsubentry, and the definitions that it names."""

    path: str
    group: Group
    names: tuple[str, ...]


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
        about = [] if asked is not None else list(_several(entry))
        for name in entry.names[:NAMES] if asked is None and entry.names else (asked,):
            report, own = _compared(entry, name, root, shelf)
            entries.append(report)
            about += own
        # what the base classes say is said once, however many definitions are named
        found += about if len(entry.names) < 2 else dict.fromkeys(about)
    if not entries:
        found.append(
            NO_ENTRY.at("/", "holds no NXentry, so there is nothing to validate; is it a NeXus file?")
        )
    return Report(None if root.source is None else root.source.path, tuple(entries), tuple(found))


def needed(path: str, nx_class: str | None) -> bool:
    """Is what is in the group at `path` looked at by validation? Not in an NXcollection."""
    del path
    return nx_class != UNVALIDATED


def _entries(root: Group, asked: str | None) -> Iterator[Named]:
    """Each entry that is to be validated."""
    every: list[Named] = []
    for name, entry in root.of_class("NXentry"):
        subentries = [
            Named(f"/{name}/{sub}", group, definitions_of(root, f"/{name}/{sub}"))
            for sub, group in entry.of_class("NXsubentry")
        ]
        with_definition = [each for each in subentries if each.names]
        names = definitions_of(root, f"/{name}")
        if names or asked is not None or not with_definition:
            every.append(Named(f"/{name}", entry, names))
        every += with_definition
    if asked is None:
        yield from every
        return
    wanted = asked.partition("@")[0].lower()
    chosen = [each for each in every if wanted in (name.lower() for name in each.names)]
    yield from chosen or [each for each in every if each.group.nx_class == "NXentry"]


def _several(entry: Named) -> Iterator[Finding]:
    """An entry that names more than one definition."""
    number = len(entry.names)
    if number > 1:
        done = "with each" if number <= NAMES else f"with the first {NAMES} of them only"
        yield SEVERAL_DEFINITIONS.at(
            f"{entry.path}/definition",
            f"names {number} definitions, {listed(map(quoted, entry.names), 3)}, and was compared {done};"
            " an NXsubentry for each keeps them apart",
            severity=None if number <= NAMES else Severity.VIOLATION,
        )


def _compared(
    entry: Named, name: str | None, root: Group, shelf: Library
) -> tuple[EntryReport, list[Finding]]:
    """What is found in an entry by one definition: one that it names, or that was asked for, or else ours."""
    where = f"{entry.path}/definition"
    meant = (shelf.spelled(name) or name) if name is not None else DEFINITION
    try:
        rules = shelf.definition(meant)
    except UnknownDefinition as error:
        return EntryReport(entry.path, meant, False), [UNKNOWN_DEFINITION.at(where, str(error))]
    except DefinitionError as error:
        return EntryReport(entry.path, meant, False), [UNUSABLE_DEFINITION.at(where, str(error))]
    own = list(_of_name(entry, name, rules))
    for finding in findings(Entry(root, entry.path, rules, shelf), entry.group):
        said_already = finding.path == where and (
            (finding.rule == "not-in-enumeration" and _names(entry, rules))
            or (finding.rule == "missing-field" and name is None)
        )
        if not said_already:
            own.append(finding)
    conforms = not any(finding.severity is Severity.VIOLATION for finding in own)
    return EntryReport(entry.path, rules.name, conforms, rules.digest), own


def _of_name(entry: Named, name: str | None, rules: Definition) -> Iterator[Finding]:
    """An entry that names no definition, or the one that it is compared with in another case."""
    if name is None:
        yield DEFINITION_MISSING.at(
            entry.path,
            f"names no application definition, so it was compared with {DEFINITION}. `nxspectra migrate`"
            " makes an entry that follows it; `nxspectra validate --definition NAME` compares with another",
        )
    written = next((each for each in entry.names if each.lower() == rules.name.lower()), rules.name)
    if written != rules.name and rules.name not in entry.names:
        yield DEFINITION_SPELLING.at(
            f"{entry.path}/definition", f"is {quoted(written)}; taken for {rules.name}, write it so"
        )


def _names(entry: Named, rules: Definition) -> bool:
    """Does the entry name this definition, in whatever case?"""
    return rules.name.lower() in (name.lower() for name in entry.names)
