"""What could be done about findings without asking anybody: edits, each with the rule that led to it.

An edit is proposed only where the file and the definition leave one choice. A unit that is missing, a
pressure or an energy is never made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nxspectra import units
from nxspectra.edits import Action, Edit, Left, Plan, applied, text_at
from nxspectra.errors import NxspectraError
from nxspectra.findings import Finding, Report, Severity
from nxspectra.nxdl import AttributeRule, FieldRule, GroupRule, Library, library
from nxspectra.tree import Field, Group
from nxspectra.validation import validate
from nxspectra.validation.hints import nearest

CLOSE = 0.85
"""Words that are less alike than this (difflib's ratio) are two words, not one with a slip."""
ROUNDS = 4
"""So often is it looked whether an edit has brought something to light."""


@dataclass(frozen=True, slots=True)
class Case:
    """A finding, and what is needed to think about it."""

    finding: Finding
    root: Group
    report: Report
    library: Library

    @property
    def where(self) -> str:
        """The path of the object, without the attribute."""
        where, at, name = self.finding.path.rpartition("@")
        return where if at and "/" not in name else self.finding.path

    @property
    def attribute(self) -> str | None:
        where = self.where
        return None if where == self.finding.path else self.finding.path[len(where) + 1 :]

    @property
    def is_only_compared(self) -> bool:
        """Does the entry name no definition, so that it was compared with one that nobody meant?"""
        return any(
            other.rule == "definition-missing" and f"{self.finding.path}/".startswith(f"{other.path}/")
            for other in self.report.findings
        )

    def real(self, path: str | None = None) -> tuple[str, Group | Field] | None:
        """The object that a path leads to and where it really is, links followed."""
        found = self.root.find(self.where if path is None else path)
        return (found[0], found[1]) if found is not None and isinstance(found[1], Group | Field) else None


def propose(
    root: Group, report: Report, definition: str | None = None, definitions: Path | None = None
) -> Plan:
    """The edits that take findings of `report` away, and the violations and warnings that are left.

    They are to be made one after another: where one brings something to light, another follows.
    `definition` and `definitions` are what validation was given.
    """
    shelf = library(definitions)
    edits: list[Edit] = []
    tree, now = root, report
    for _ in range(ROUNDS):
        found = _edits(Case(finding, tree, now, shelf) for finding in now.findings)
        if not found:
            break
        for edit in found:
            tree = applied(tree, edit)
        edits += found
        now = validate(tree, definition, definitions)
    left = tuple(Left(each.path, each.rule) for each in now.findings if each.severity is not Severity.INFO)
    return Plan(report.file or "", tuple(edits), left)


def _edits(cases: Iterable[Case]) -> list[Edit]:
    """One edit at most for each place."""
    edits: dict[str, Edit] = {}
    for case in cases:
        fix = FIXES.get(case.finding.rule)
        if fix is None or (case.finding.rule in OF_THE_DEFINITION and case.is_only_compared):
            continue
        for edit in fix(case):
            if edit.path not in edits and not any(edit.becomes == other.becomes for other in edits.values()):
                edits[edit.path] = edit
    return list(edits.values())


# -- one generator a rule ----------------------------------------------------------------------


def usual_unit(case: Case) -> Iterator[Edit]:
    """A facility's own spelling of a unit, as everybody spells it."""
    spelling = _attribute(case)
    usual = None if spelling is None else units.usual_spelling(spelling)
    if usual:
        yield from _attribute_becomes(case, usual, f"the usual spelling of {spelling!r}")


def definition_as_spelled(case: Case) -> Iterator[Edit]:
    """The name of a definition, as the definition spells it."""
    real = case.real()
    text = real[1].text if real is not None and isinstance(real[1], Field) else None
    spelled = None if text is None else case.library.spelled(text.strip())
    if spelled is not None:
        yield from _value_becomes(case, spelled, "the definition spells its name so")


def misspelled_name(case: Case) -> Iterator[Edit]:
    """A required field that is missing, beside one that nobody knows and that is called almost the same."""
    parent, _, wanted = case.finding.path.rpartition("/")
    strangers = [
        name
        for finding in case.report.findings
        if finding.rule == "undocumented"
        and finding.path.rpartition("/")[0] == parent
        and _is_slip(name := finding.path.rpartition("/")[2], wanted)
    ]
    missing = [
        finding.path
        for finding in case.report.findings
        if finding.rule == "missing-field"
        and finding.path.rpartition("/")[0] == parent
        and any(_is_slip(name, finding.path.rpartition("/")[2]) for name in strangers)
    ]
    if len(strangers) != 1 or len(set(missing)) != 1:
        return
    here = case.real(parent)
    if here is not None and isinstance(here[1], Group):
        child = here[1].children.get(strangers[0])
        if isinstance(child, Field) and wanted not in here[1].children:
            path = f"{here[0].rstrip('/')}/{strangers[0]}"
            why = f"{wanted} is missing here, and {strangers[0]} is not known"
            yield Edit(Action.RENAME, path, wanted, strangers[0], case.finding.rule, why)


def missing_class(case: Case) -> Iterator[Edit]:
    """A group with the usual name of the one that is asked for, and no class, or one with a slip."""
    asked = _asked(case)
    if not isinstance(asked, GroupRule):
        return
    parent, _, last = case.finding.path.rpartition("/")
    usual = asked.name or asked.nx_class.removeprefix("NX")
    here = case.real(f"{parent}/{usual if last.startswith('(') else last}")
    if here is None or not isinstance(here[1], Group):
        return
    path, has = f"{here[0]}@NX_class", here[1].nx_class
    if "NX_class" not in here[1].attributes:
        why = f"{asked.nx_class} is asked for here, and this group has no class"
        yield Edit(Action.ADD_ATTRIBUTE, path, asked.nx_class, None, case.finding.rule, why)
    elif has and case.library.base_class(has) is None and _is_slip(has, asked.nx_class):
        why = f"{asked.nx_class} is asked for here, and NeXus knows no {has}"
        yield Edit(Action.REPLACE_ATTRIBUTE, path, asked.nx_class, has, case.finding.rule, why)


def known_class(case: Case) -> Iterator[Edit]:
    """A class with a slip in its name."""
    real = case.real()
    if real is None or not isinstance(real[1], Group) or not real[1].nx_class:
        return
    close = nearest(real[1].nx_class, case.library.files, CLOSE)
    if close is not None and case.library.base_class(close) is not None:
        path = f"{real[0]}@NX_class"
        why = f"NeXus knows no {real[1].nx_class}, but {close}"
        yield Edit(Action.REPLACE_ATTRIBUTE, path, close, real[1].nx_class, case.finding.rule, why)


def named_child(case: Case) -> Iterator[Edit]:
    """An attribute that names a child of its group with a slip."""
    real, text = case.real(), _attribute(case)
    if real is not None and isinstance(real[1], Group) and text is not None:
        close = nearest(text, real[1].children, CLOSE)
        if close is not None and close != text:
            yield from _attribute_becomes(case, close, f"there is {close} in the group, and no {text}")


def only_value(case: Case) -> Iterator[Edit]:
    """A missing attribute that can have one value only."""
    asked, real, name = _asked(case), case.real(), case.attribute
    if not isinstance(asked, AttributeRule) or asked.enumeration is None or real is None or name is None:
        return
    items = asked.enumeration.items
    if len(items) != 1 or asked.enumeration.open or items[0].startswith("["):
        return
    names_a_child = name in {"signal", "default"}
    if names_a_child and not (isinstance(real[1], Group) and items[0] in real[1].children):
        return
    path, why = f"{real[0]}@{name}", "the definition leaves no other value"
    yield Edit(Action.ADD_ATTRIBUTE, path, items[0], None, case.finding.rule, why)


def listed_value(case: Case) -> Iterator[Edit]:
    """A value from a closed list, spelled with other capitals, spaces or hyphens."""
    asked = _asked(case)
    if (
        not isinstance(asked, AttributeRule | FieldRule)
        or asked.enumeration is None
        or asked.enumeration.open
    ):
        return
    real = case.real()
    if case.attribute is not None:
        text = _attribute(case)
    else:
        text = real[1].text if real is not None and isinstance(real[1], Field) else None
    if text is None:
        return
    same = [item for item in asked.enumeration.items if _squeezed(item) == _squeezed(text)]
    if len(same) == 1 and same[0] != text:
        becomes = _value_becomes if case.attribute is None else _attribute_becomes
        yield from becomes(case, same[0], "the definition spells it so")


FIXES: Mapping[str, Callable[[Case], Iterator[Edit]]] = {
    "units-spelling": usual_unit,
    "definition-spelling": definition_as_spelled,
    "missing-field": misspelled_name,
    "missing-group": missing_class,
    "wrong-class": missing_class,
    "unknown-class": known_class,
    "broken-default": named_child,
    "nxdata-signal": named_child,
    "missing-attribute": only_value,
    "not-in-enumeration": listed_value,
}
"""By rule, what can be done about it."""
OF_THE_DEFINITION = frozenset(
    {"missing-field", "missing-group", "missing-attribute", "wrong-class", "not-in-enumeration"}
)
"""Those that make an entry more like its definition: not for one that names none, and was only compared."""


# -- what they share ---------------------------------------------------------------------------


def _attribute(case: Case) -> str | None:
    real = case.real()
    return (
        None if real is None or case.attribute is None else text_at(case.root, f"{real[0]}@{case.attribute}")
    )


def _attribute_becomes(case: Case, new: str, why: str) -> Iterator[Edit]:
    real, old = case.real(), _attribute(case)
    if real is not None and old is not None and old != new:
        path = f"{real[0]}@{case.attribute}"
        yield Edit(Action.REPLACE_ATTRIBUTE, path, new, old, case.finding.rule, why)


def _value_becomes(case: Case, new: str, why: str) -> Iterator[Edit]:
    real = case.real()
    old = None if real is None else text_at(case.root, real[0])
    if real is not None and old is not None and old != new:
        yield Edit(Action.REPLACE_VALUE, real[0], new, old, case.finding.rule, why)


def _asked(case: Case) -> GroupRule | FieldRule | AttributeRule | None:
    """The rule of the definition that a finding speaks of: the one that stands in that line."""
    finding = case.finding
    names = [entry.definition for entry in case.report.entries if entry.definition is not None]
    for name in dict.fromkeys([*names, *([finding.definition] if finding.definition else [])]):
        try:
            base = case.library.base_class(name)
            top = base.rule if base is not None else case.library.definition(name).entry
        except NxspectraError:
            continue
        for rule in _rules(top):
            if (rule.origin.nxdl, rule.origin.line) == (finding.nxdl, finding.line):
                return rule
    return None


def _rules(top: GroupRule) -> Iterator[GroupRule | FieldRule | AttributeRule]:
    stack: list[GroupRule | FieldRule | AttributeRule] = [top]
    while stack:
        rule = stack.pop()
        yield rule
        if isinstance(rule, GroupRule):
            stack += [*rule.groups, *rule.fields]
        if not isinstance(rule, AttributeRule):
            stack += rule.attributes


def _is_slip(word: str, wanted: str) -> bool:
    """Is `word` `wanted` with a slip, and not another word such as `pressure_2` or `pressure_errors`?"""
    return (
        nearest(word, [wanted], CLOSE) is not None
        and abs(len(word) - len(wanted)) <= 2
        and _digits(word) == _digits(wanted)
    )


def _digits(word: str) -> str:
    return "".join(mark for mark in word if mark.isdigit())


def _squeezed(words: str) -> str:
    return "".join(mark for mark in words.lower() if mark.isalnum())
