"""Small corrections to what is in a file, made in a copy of it: names, text attributes, fields with one text.

Everything else in the copy is byte for byte as it was: no value is read and written again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from h5py import h5a, h5d, h5f, h5g, h5o, h5s, h5t

from nxspectra.edits import Action, Edit
from nxspectra.errors import FileError, Refused
from nxspectra.files import give_rights, take_place, temporary
from nxspectra.hdf5.building import TEXT_IN_MEMORY, Builder
from nxspectra.hdf5.opening import look_at, opened, without_lock
from nxspectra.hdf5.storage import FAILURES, reason
from nxspectra.hdf5.values import TEXT, name_bytes, name_text
from nxspectra.hdf5.writing import (
    check,
    check_tree,
    copy,
    room,
    source_file,
    writing_errors,
)
from nxspectra.tree import Group


def correct(
    root: Group, edits: Sequence[Edit], path: str | os.PathLike[str], *, overwrite: bool = False
) -> Path:
    """Write the file that `root` was read from to `path`, with `edits`, then its additions.

    Whole or not at all, as `write` does it; the edits are made one after another.
    Raises Refused where an edit cannot be made without losing something (`hindrance` tells beforehand),
    and where the target exists; FileChanged, FileBusy and FileError as `write` does.
    """
    target = Path(path)
    with writing_errors(target):
        if root.source is None or root.edited:
            raise Refused(
                f"{target}: only a tree that was read from a file, and not changed since, is corrected"
            )
        source = source_file(root.source)
        same = target.exists() and target.samefile(source.path)
        check(target, same=same, in_place=False, overwrite=overwrite)
        check_tree(root, source, target, in_place=False)
        final = target.resolve()
        with temporary(final, room(root, source)) as (file, name):
            copy(source, file)
            give_rights(file, final if final.exists() else Path(source.path), replaced=final.exists())
            change(name, edits, root)
            os.fsync(file)
            source.verify()
            take_place(name, final, replace=overwrite)
    return target


def hindrance(path: str | os.PathLike[str], edit: Edit) -> str | None:
    """Why `edit` cannot be made in this file without losing something; None if it can.

    Raises FileError and its kinds where the file cannot be read.
    """
    with opened(path) as (file, _):
        try:
            editor = Editor(file)
            if edit.action is Action.REPLACE_VALUE:
                return editor.text_hindrance(edit)
            if edit.action is Action.RENAME:
                return editor.name_hindrance(edit)
            editor.owner(edit)
        except Refused as error:
            return str(error).removeprefix(f"{edit.path}: ")
        except FAILURES as error:
            raise FileError(f"{path}: {edit.path}: cannot be read: {reason(error)}") from None
    return None


def change(name: Path, edits: Sequence[Edit], root: Group) -> None:
    """Edits and additions into the copy, closed with all of it written."""
    file = h5f.open(os.fsencode(name), h5f.ACC_RDWR, without_lock())
    try:
        editor = Editor(file)
        for edit in edits:
            editor.make(edit)
        editor.builder.add(root.additions)
        h5f.flush(file)
    finally:
        file._close_open_objects(h5f.OBJ_LOCAL | h5f.OBJ_ALL)
    look_at(str(name), name.stat())


class Editor:
    """Makes edits in one open file; objects are reached by hard links only."""

    def __init__(self, file: h5f.FileID) -> None:
        self.file = file
        self.builder = Builder(file)

    def make(self, edit: Edit) -> None:
        if edit.action is Action.RENAME:
            self.rename(edit)
        elif edit.action is Action.REPLACE_VALUE:
            self.replace_value(edit)
        else:
            owner, attribute = self.owner(edit)
            if edit.action is Action.REPLACE_ATTRIBUTE:
                h5a.delete(owner, name_bytes(attribute))
            self.builder.attribute(owner, attribute, edit.new, edit.path)

    def owner(self, edit: Edit) -> tuple[Any, str]:
        """The object of an attribute, and its name; Refused where it is not as the edit has it."""
        where, _, attribute = edit.path.rpartition("@")
        owner = self.builder.reached(_steps(where), edit.path)
        is_there = h5a.exists(owner, name_bytes(attribute))
        if is_there and edit.action is Action.ADD_ATTRIBUTE:
            raise Refused(f"{edit.path}: is already there")
        if not is_there and edit.action is Action.REPLACE_ATTRIBUTE:
            raise Refused(f"{edit.path}: is not there")
        return owner, attribute

    # -- names -----------------------------------------------------------------------------------

    def rename(self, edit: Edit) -> None:
        hindrance = self.name_hindrance(edit)
        if hindrance is not None:
            raise Refused(f"{edit.path}: {hindrance}")
        parent, old, new = self._names(edit)
        parent.links.move(old, parent, new)

    def name_hindrance(self, edit: Edit) -> str | None:
        parent, old, new = self._names(edit)
        if not isinstance(parent, h5g.GroupID) or not parent.links.exists(old):
            return "is not there"
        if parent.links.exists(new):
            return f"there is a {edit.new} already"
        user = self._virtual_user(edit.path)
        return None if user is None else f"the virtual data set {user} takes its values from here, by name"

    def _virtual_user(self, path: str) -> str | None:
        """A virtual data set of this file with sources at `path` or below: without them it is zeros."""

        def look(name: bytes) -> str | None:
            item = h5o.open(self.file, name)
            if not isinstance(item, h5d.DatasetID):
                return None
            made = item.get_create_plist()
            if made.get_layout() != h5d.VIRTUAL:
                return None
            for number in range(made.get_virtual_count()):
                source = "/" + made.get_virtual_dsetname(number).lstrip("/")
                if f"{source}/".startswith(f"{path}/"):
                    return f"/{name_text(name)}"
            return None

        user: str | None = h5o.visit(self.file, look)
        return user

    def _names(self, edit: Edit) -> tuple[Any, bytes, bytes]:
        *steps, last = _steps(edit.path)
        return self.builder.reached(steps, edit.path), name_bytes(last), name_bytes(edit.new)

    # -- texts -----------------------------------------------------------------------------------

    def replace_value(self, edit: Edit) -> None:
        hindrance = self.text_hindrance(edit)
        if hindrance is not None:
            raise Refused(f"{edit.path}: {hindrance}")
        dataset = self.builder.reached(_steps(edit.path), edit.path)
        shape = dataset.get_space().get_simple_extent_dims()
        kind = dataset.get_type()
        if kind.is_variable_str():
            value: Any = np.empty(shape, dtype=TEXT)
            value.reshape(-1)[:] = [edit.new]
            dataset.write(h5s.ALL, h5s.ALL, value, TEXT_IN_MEMORY)
        else:
            value = np.full(shape, self._padded(edit.new, kind), dtype=f"S{kind.get_size()}")
            dataset.write(h5s.ALL, h5s.ALL, value, kind)

    def text_hindrance(self, edit: Edit) -> str | None:
        """The text must fit where the old one is: in another place it would be another object."""
        dataset = self.builder.reached(_steps(edit.path), edit.path)
        if not isinstance(dataset, h5d.DatasetID) or not isinstance(
            kind := dataset.get_type(), h5t.TypeStringID
        ):
            return "is not a field with text"
        space = dataset.get_space()
        if space.get_simple_extent_type() == h5s.NULL or space.get_simple_extent_npoints() != 1:
            return "does not hold one text"
        if kind.is_variable_str():
            return None
        if not edit.new.isascii() and kind.get_cset() == h5t.CSET_ASCII:
            return f"holds ASCII only, and {edit.new!r} is not"
        taken = len(edit.new.encode()) + (kind.get_strpad() == h5t.STR_NULLTERM)
        if taken > kind.get_size():
            return f"has place for {kind.get_size()} bytes, and {edit.new!r} takes {taken}"
        return None

    def _padded(self, text: str, kind: Any) -> bytes:
        raw = text.encode()
        return raw.ljust(kind.get_size()) if kind.get_strpad() == h5t.STR_SPACEPAD else raw


def _steps(path: str) -> list[str]:
    return [step for step in path.split("/") if step]
