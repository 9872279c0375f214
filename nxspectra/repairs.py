"""Files put right by a plan: what can be done without losing anything is done in a copy, which says so.

    outcome = repair("raw_0042.nxs", "repaired_0042.nxs")
    outcome.made, outcome.refused

A repaired file has an NXprocess `repair` in each entry that was changed, with every edit in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePath

from nxspectra import __version__, hdf5
from nxspectra.edits import Action, Edit, Plan, applied, before, is_made, plain, text_at
from nxspectra.hdf5.editing import correct, hindrance
from nxspectra.spectra import RawFile, raw_file
from nxspectra.tree import Addition, Field, Group, Link, Node, Unreadable, texts
from nxspectra.validation import validate
from nxspectra.validation.fixing import propose

PROGRAM = "nxspectra"
NAME = "repair"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An edit that is not made, and why."""

    edit: Edit
    reason: str

    def as_json(self) -> dict[str, object]:
        return {**self.edit.as_json(), "refused": self.reason}


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of a plan for one file."""

    file: str
    output: str | None
    """None if nothing was to be done; then nothing is written."""
    made: tuple[Edit, ...] = ()
    already: tuple[Edit, ...] = ()
    """Edits after which everything would be as it is."""
    refused: tuple[Refusal, ...] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "file": self.file,
            "output": self.output,
            "made": [edit.as_json() for edit in self.made],
            "already": [edit.as_json() for edit in self.already],
            "refused": [each.as_json() for each in self.refused],
        }


def repair(
    file: str | os.PathLike[str],
    output: str | os.PathLike[str] | None,
    plan: Plan | None = None,
    *,
    definition: str | None = None,
    definitions: Path | None = None,
    overwrite: bool = False,
) -> Repaired:
    """Apply `plan`, or the one that validation proposes, to a copy of `file` at `output`.

    Without `output` nothing is written, and the answer says what would be done.
    Raises Refused where the target is there already, and FileError and its kinds where a file cannot be
    read or written.
    """
    root = hdf5.read(file)
    if plan is None:
        plan = propose(root, validate(root, definition, definitions), definition, definitions)
    tree = root
    made: list[Edit] = []
    already: list[Edit] = []
    refused: list[Refusal] = []
    for edit in plan.edits:
        if is_made(tree, edit):
            already.append(edit)
            continue
        was = replace(edit, path=before(edit.path, made))
        why = objection(tree, edit) or hindrance(file, was)
        if why is None:
            made.append(edit)
            tree = applied(tree, edit)
        else:
            refused.append(Refusal(edit, why))
    if made and output is not None:
        run = root.add(list(account(root, made, datetime.now(UTC))))
        correct(run, made, output, overwrite=overwrite)
    written = None if not made or output is None else str(output)
    return Repaired(str(file), written, tuple(made), tuple(already), tuple(refused))


# -- what speaks against an edit ---------------------------------------------------------------


def objection(root: Group, edit: Edit) -> str | None:
    """Why `edit` is not to be made in this tree; None if nothing speaks against it."""
    on_attribute = edit.action in {Action.ADD_ATTRIBUTE, Action.REPLACE_ATTRIBUTE}
    where, _, name = edit.path.rpartition("@") if on_attribute else (edit.path, "", "")
    owner = plain(root, where)
    if owner is None or isinstance(owner, Unreadable):
        found = root.find(where)
        way = "" if found is None else f"; a link leads to {found[0]}, change that"
        return f"there is nothing at this path{way}"
    if edit.action is Action.RENAME:
        return _name_objection(root, edit)
    if edit.action is Action.ADD_ATTRIBUTE:
        return "it is there already, with another value" if name in owner.attributes else None
    now = text_at(root, edit.path)
    if now is None:
        return "it holds no single text"
    return None if now == edit.old else f"it holds {now!r}, not {edit.old!r}: the plan is for another file"


def _name_objection(root: Group, edit: Edit) -> str | None:
    parent = plain(root, edit.path.rpartition("/")[0])
    last = edit.path.rpartition("/")[2]
    if not isinstance(parent, Group) or not last:
        return "this object cannot be renamed"
    if not edit.new or "/" in edit.new or edit.new == ".":
        return f"{edit.new!r} is not a name"
    if edit.old is not None and edit.old != last:
        return f"it is called {last!r}, not {edit.old!r}"
    if edit.new in parent.children:
        return f"there is a {edit.new} already"
    speakers = list(_speakers(root, edit.path, parent, last))
    if speakers:
        more = f" and {len(speakers) - 3} more" if len(speakers) > 3 else ""
        return f"it is spoken of by its name at {', '.join(speakers[:3])}{more}, which would lead nowhere"
    return None


def _speakers(root: Group, path: str, parent: Group, last: str) -> Iterator[str]:
    """Links, attributes and fields that name the object at `path`, and then would name nothing."""
    home = path.rpartition("/")[0] or "/"
    for name, value in parent.attributes.items():
        if last in texts(value) or name == f"{last}_indices":
            yield f"{home}@{name}"
    nodes: list[tuple[str, Node]] = [("/", root), *root.walk()]
    for where, node in nodes:
        if isinstance(node, Link):
            if node.kind == "soft" and _leads(_absolute(node.target, where), path):
                yield where
            continue
        for name, value in node.attributes.items():
            if name in {"target", "depends_on"} and any(
                _leads(_absolute(text, where), path) for text in texts(value)
            ):
                yield f"{where}@{name}"
        chained = node.text if isinstance(node, Field) and where.endswith("/depends_on") else None
        if chained is not None and _leads(_absolute(chained, where), path):
            yield where


def _absolute(target: str, where: str) -> str:
    return target if target.startswith("/") else f"{where.rpartition('/')[0]}/{target}"


def _leads(target: str, path: str) -> bool:
    """Does the way to `target` go over `path`?"""
    return target == path or target.startswith(f"{path}/")


# -- provenance --------------------------------------------------------------------------------


def account(root: Group, edits: Sequence[Edit], when: datetime) -> Iterator[Addition]:
    """An NXprocess for each entry that is changed; what is outside of entries is told in the first."""
    entries = [name for name, _ in root.of_class("NXentry")]
    by_entry: dict[str, list[Edit]] = {}
    for edit in edits:
        first = edit.path.split("/")[1].partition("@")[0]
        home = f"/{first}" if first in entries else f"/{entries[0]}" if entries else ""
        by_entry.setdefault(home, []).append(edit)
    for home, own in by_entry.items():
        yield Addition(f"{home}/{_free_name(root, home)}", _process(root, own, when))


def _free_name(root: Group, home: str) -> str:
    """`repair`, or `repair_2` and so on where the file was repaired before."""
    parent = plain(root, home)
    taken = parent.children if isinstance(parent, Group) else {}
    number, name = 1, NAME
    while name in taken:
        number += 1
        name = f"{NAME}_{number}"
    return name


def _process(root: Group, edits: Sequence[Edit], when: datetime) -> Group:
    assert root.source is not None  # noqa: S101
    # a repaired file is the same data set: what it was made from stays what its identifier is made from
    raw = raw_file(root) or RawFile(PurePath(root.source.path).name, root.source.digest, "")
    return Group(
        "NXprocess",
        {
            "program": Field(PROGRAM),
            "version": Field(__version__),
            "date": Field(when.isoformat(timespec="seconds")),
            "source_file": raw.note,
            "edits": Group(
                "NXparameters", {f"edit_{number}": _row(edit) for number, edit in enumerate(edits, 1)}
            ),
        },
    )


def _row(edit: Edit) -> Field:
    attributes = {"action": str(edit.action), "new": edit.new, "rule": edit.rule, "reason": edit.reason}
    if edit.old is not None:
        attributes["old"] = edit.old
    return Field(edit.path, dict(attributes))
