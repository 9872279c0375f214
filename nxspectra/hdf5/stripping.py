"""Taking away what was added to a file, and nothing else: the undo of migrate, annotate and classify."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import Any

from h5py import h5a, h5f, h5g, h5l, h5o

from nxspectra.errors import FileError, Refused
from nxspectra.hdf5.comparing import differences
from nxspectra.hdf5.linking import RAW_FILE
from nxspectra.hdf5.opening import without_lock
from nxspectra.hdf5.storage import FAILURES, reason
from nxspectra.hdf5.values import name_bytes
from nxspectra.hdf5.writing import MARGIN, Progress, check, source_file, successor, writing_errors
from nxspectra.tree import Field, Group, Node

LIST = "added_paths"
OURS = "nxspectra"


def added_paths(root: Group) -> tuple[str, ...]:
    """Every path that nxspectra added to a file, in the order of the lists in its NXprocess groups.

    Raises Refused, with the path of the list, where one is missing, is no list of paths, or does not
    fit the file: then what is ours cannot be told from what is not.
    """
    found: dict[str, bool] = {}
    for path, process in accounts(root):
        paths = listed(root, path, process)
        found.update(dict.fromkeys(paths, f"{path}/{LIST}" in paths))
    for path, by_one in found.items():
        group = node_at(root, path) if "@" not in path else None
        for name in strangers(group, path, found, by_one) if isinstance(group, Group) else ():
            raise Refused(
                f"{path}: was added, but {name} in it was not, and would go with it; move that away"
            )
    return tuple(found)


def strangers(group: Group, path: str, added: Container[str], by_one: bool) -> list[str]:
    """What somebody else has put into a group that we made.

    Where the list does not name things one by one, as those of earlier versions do not, what a group had
    when it was added comes first in it.
    """
    names = list(group)
    first = next((at for at, name in enumerate(names) if by_one or f"{path}/{name}" in added), len(names))
    return [name for name in names[first:] if f"{path}/{name}" not in added]


def accounts(root: Group) -> Iterator[tuple[str, Group]]:
    """The NXprocess groups that say what was added."""
    for path, node in root.walk():
        if isinstance(node, Group) and node.nx_class == "NXprocess":
            program = node.children.get("program")
            ours = isinstance(program, Field) and program.text == OURS
            known = path.endswith(("/migration", "_classification"))
            if LIST in node.children or (ours and known):
                yield path, node


def listed(root: Group, path: str, process: Group) -> tuple[str, ...]:
    where = f"{path}/{LIST}"
    values = process.children.get(LIST)
    if not isinstance(values, Field):
        raise Refused(f"{where}: is missing, so what was added with {path} is not known; nothing was removed")
    if values.dtype.kind != "U" or not values.size:
        raise Refused(f"{where}: is not a list of paths; nothing was removed")
    paths = tuple(str(text) for text in values.array.reshape(-1))
    if path not in paths:
        raise Refused(
            f"{where}: does not name {path} itself, so it is not the whole list; nothing was removed"
        )
    for each in paths:
        if not each.startswith("/") or each.rstrip("/") != each or "//" in each or "/../" in each:
            raise Refused(f"{where}: {each!r} is not the path of something added; nothing was removed")
        if not is_there(root, each):
            raise Refused(f"{where}: names {each}, which is not in the file; nothing was removed")
    return paths


def is_there(root: Group, path: str) -> bool:
    """At this very place, be it an attribute: no link on the way."""
    where, at, name = path.rpartition("@")
    node = node_at(root, where if at else path)
    return node is not None and (not at or name in node.attributes)


def node_at(root: Group, path: str) -> Node | None:
    """What stands at this very place: no link is followed."""
    node: Node | None = root
    for step in path.split("/"):
        if step:
            node = node.children.get(step) if isinstance(node, Group) else None
    return node


def strip(
    root: Group,
    path: str | os.PathLike[str],
    *,
    in_place: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> tuple[str, ...]:
    """Write the file that `root` was read from without what nxspectra added to it; what was removed.

    Whole or not at all, and only after a check that all the rest is as it was. A file to which nothing
    was added is left alone, or copied. The bytes that were taken by additions stay in the file, unused.
    `progress` is told how far the copy is.
    Raises Refused where the lists of what was added are damaged, for a file of links, and for a target
    that exists; FileChanged, FileBusy and FileError as `write` does.
    """
    target = Path(path)
    if root.source is None or root.edited or root.additions:
        raise Refused(f"{target}: only a tree that was read from a file, and not changed since, is stripped")
    if RAW_FILE in root.attributes:
        raise Refused(
            f"{root.source.path}: is a file of links to {root.attributes[RAW_FILE]}, which is as it was;"
            " to undo, delete the file of links"
        )
    removed = added_paths(root)
    with writing_errors(target):
        source = source_file(root.source)
        same = target.exists() and target.samefile(source.path)
        check(target, same=same, in_place=in_place, overwrite=overwrite)
        if in_place and not removed:
            return ()
        with successor(target, source, MARGIN, same or overwrite, progress) as name:
            remove(name, removed)
            found = differences(name, source.path, removed)
            if found:
                words = f"{found[0].path}: {found[0].message}"
                raise FileError(f"{target}: something else would be lost ({words}); nothing was changed")
    return removed


def remove(file: Path, paths: Iterable[str]) -> None:
    """Unlink the objects and delete the attributes, those further down first."""
    opened = h5f.open(os.fsencode(file), h5f.ACC_RDWR, without_lock())
    try:
        for path in sorted(set(paths), key=lambda each: (each.count("/"), "@" in each, each), reverse=True):
            where, at, name = path.rpartition("@")
            steps = [step for step in (where if at else path).split("/") if step]
            try:
                if at:
                    h5a.delete(object_at(opened, steps), name_bytes(name))
                else:
                    object_at(opened, steps[:-1]).unlink(name_bytes(steps[-1]))
            except FAILURES as error:
                raise FileError(f"{path}: cannot be removed: {reason(error)}; nothing was changed") from error
        h5f.flush(opened)
    finally:
        opened._close_open_objects(h5f.OBJ_LOCAL | h5f.OBJ_ALL)


def object_at(file: h5f.FileID, steps: list[str]) -> Any:
    """The object at the end of hard links only."""
    here: Any = h5g.open(file, b"/")
    for step in steps:
        name = name_bytes(step)
        if here.links.get_info(name).type != h5l.TYPE_HARD:
            raise KeyError(f"{step} is a link")
        here = h5o.open(here, name)
    return here
