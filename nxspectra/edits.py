"""Changes to what is in a file, as values: proposed by validation, read from a plan, made by `repair`.

Only names and short texts are ever changed: the name of an object, a text attribute, a field with one text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath
from typing import TypeAlias

import numpy as np

from nxspectra.errors import UsageError
from nxspectra.tree import Field, Group, Link, Node, one

Json: TypeAlias = "dict[str, object]"


class Action(StrEnum):
    """What an edit does."""

    RENAME = "rename"
    ADD_ATTRIBUTE = "add-attribute"
    REPLACE_ATTRIBUTE = "replace-attribute"
    REPLACE_VALUE = "replace-value"


@dataclass(frozen=True, slots=True)
class Edit:
    """One change."""

    action: Action
    path: str
    """Of the object, or of the attribute as `/entry/data@signal`; no link on the way."""
    new: str
    """The new name (without its path), or text."""
    old: str | None
    """The name or text that is there now; None for an attribute that is added."""
    rule: str
    """The rule whose finding led to it."""
    reason: str

    @property
    def becomes(self) -> str:
        """Where what was changed is found afterwards."""
        if self.action is Action.RENAME:
            return f"{self.path.rpartition('/')[0]}/{self.new}"
        return self.path

    def as_json(self) -> Json:
        return {
            "action": str(self.action),
            "path": self.path,
            "old": self.old,
            "new": self.new,
            "rule": self.rule,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Left:
    """A finding that no edit takes away."""

    path: str
    rule: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be changed in one file, and which violations and warnings that leaves."""

    file: str
    edits: tuple[Edit, ...] = ()
    left: tuple[Left, ...] = ()

    def as_json(self) -> Json:
        return {
            "file": self.file,
            "edits": [edit.as_json() for edit in self.edits],
            "left": [{"path": each.path, "rule": each.rule} for each in self.left],
        }


def load(path: Path) -> tuple[Plan, ...]:
    """The plans in a file of JSON Lines, as `validate --fix-plan` writes them; raises UsageError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not text"
        raise UsageError(f"{path}: cannot be read as a plan: {reason}") from None
    plans = tuple(
        plan for number, line in enumerate(lines, 1) for plan in _plan(line.strip(), f"{path}:{number}")
    )
    if not plans:
        raise UsageError(f"{path}: holds no plan; `nxspectra validate FILE --fix-plan` writes one")
    return plans


def of_file(plans: tuple[Plan, ...], file: Path, source: Path) -> Plan:
    """The plan for `file`: the one that names it, or its name, or the only one; raises UsageError."""
    for matches in (
        [plan for plan in plans if Path(plan.file).absolute() == file.absolute()],
        [plan for plan in plans if PurePath(plan.file).name == file.name],
        plans,
    ):
        if len(matches) == 1:
            return matches[0]
    raise UsageError(f"{source}: which of its {len(plans)} plans is for {file}? None names it alone")


def _plan(line: str, where: str) -> Iterator[Plan]:
    if not line:
        return
    try:
        plan = json.loads(line)
    except ValueError:
        raise UsageError(f"{where}: is not JSON; a plan has one JSON object a file") from None
    if not isinstance(plan, Mapping) or not isinstance(plan.get("file"), str):
        raise UsageError(f"{where}: names no file, so it is no plan")
    if isinstance(plan.get("error"), str):
        return  # a file that could not be read when the plan was made
    edits = plan.get("edits")
    if not isinstance(edits, list):
        raise UsageError(f"{where}: has no list of edits, so it is no plan")
    yield Plan(plan["file"], tuple(_edit(edit, f"{where}: edit {at}") for at, edit in enumerate(edits, 1)))


def _edit(edit: object, where: str) -> Edit:
    if not isinstance(edit, Mapping):
        raise UsageError(f"{where}: is not an object")
    known = {str(action) for action in Action}
    if edit.get("action") not in known:
        raise UsageError(
            f"{where}: action is {edit.get('action')!r}; it is one of {', '.join(sorted(known))}"
        )
    action = Action(edit["action"])
    texts: dict[str, str] = {}
    for name in ("path", "new", "old", "rule", "reason"):
        value = edit.get(name, "" if name in {"rule", "reason"} else None)
        if name == "old" and action is Action.ADD_ATTRIBUTE:
            continue
        if not isinstance(value, str):
            raise UsageError(f"{where}: {name} is missing or not text")
        texts[name] = value
    path = texts["path"]
    on_attribute = action in {Action.ADD_ATTRIBUTE, Action.REPLACE_ATTRIBUTE}
    if not path.startswith("/") or on_attribute != ("@" in path.rpartition("/")[2]):
        wanted = "/entry/data@signal" if on_attribute else "/entry/data/intensity"
        raise UsageError(f"{where}: path is {path!r}; {action} takes one such as {wanted}")
    return Edit(action, path, texts["new"], texts.get("old"), texts["rule"], texts["reason"])


# -- in a tree ---------------------------------------------------------------------------------


def is_made(root: Group, edit: Edit) -> bool:
    """Is everything in `root` as it would be after `edit`?"""
    if edit.action is Action.RENAME:
        return plain(root, edit.path) is None and plain(root, edit.becomes) is not None
    return text_at(root, edit.path) == edit.new


def text_at(root: Group, path: str) -> str | None:
    """The text of an attribute, or of a field with one text; None if there is none. No link is followed."""
    where, at, name = path.rpartition("@")
    if at and "/" not in name:
        owner = plain(root, where)
        value = None if owner is None else one(owner.attributes.get(name))
        return value if isinstance(value, str) else None
    node = plain(root, path)
    return node.text if isinstance(node, Field) else None


def plain(root: Group, path: str) -> Node | None:
    """The node at `path`, no link on the way followed; None if it is not there, or a link itself."""
    node: Node | None = root
    for step in path.split("/"):
        if step:
            node = node.children.get(step) if isinstance(node, Group) else None
    return None if isinstance(node, Link) else node


def applied(root: Group, edit: Edit) -> Group:
    """`root` as it is after `edit`, to look at; `hdf5.editing` makes edits in files."""
    if edit.action is Action.RENAME:
        node = plain(root, edit.path)
        return root if node is None else root.without(edit.path).put(edit.becomes, node)
    if edit.action is Action.REPLACE_VALUE:
        field = root.field(edit.path)
        if field is None or field.shape is None:
            return root
        return root.put(edit.path, Field(np.full(field.shape, edit.new), field.attributes))
    return root.put(edit.path, edit.new)


def before(path: str, made: Iterable[Edit]) -> str:
    """What the object at `path` was called before the renames that are `made`."""
    for edit in reversed(list(made)):
        if edit.action is Action.RENAME and (path + "/").startswith((f"{edit.becomes}/", f"{edit.becomes}@")):
            path = edit.path + path[len(edit.becomes) :]
    return path
