"""Files of links: a small file with what was added, and links to the raw file that stays as it is.

The links are relative, so the two can be moved together. Reading follows a link to another file only
where that lies in the folder of the file, or below, and the guard has nothing against it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from nxspectra.errors import FileError, Refused
from nxspectra.findings import Finding, Severity
from nxspectra.hdf5 import reading
from nxspectra.hdf5.guarding import guard
from nxspectra.hdf5.reading import Keep
from nxspectra.tree import Field, Group, Link, Node, Unreadable

RAW_FILE = "raw_file"
"""Attribute of the root group of a file of links: the raw file, from the folder of the file."""
SMALL = 1 << 20
"""Bytes of a field that is written again to be given an attribute that it lacks in the raw file."""
FILES = 10_000
"""Files that one file may link to."""


def read(path: str | os.PathLike[str], *, keep: Keep | None = None, follow: bool = True) -> Group:
    """The tree of an HDF5 file, its `source` set; the file is opened for reading only, never locked.

    Values of more than 4096 bytes stay in the file until asked for. Where `keep(path, nx_class)` is
    False a group stays without its children. A second hard link to an object is a Link to the first
    place where it was met; what cannot be read is an Unreadable node with the reason. A link into
    another file is followed if that is in the same folder or below, and safe; else, and where nothing
    is to `follow`, it stays a Link.
    Raises NotHDF5 (also for a truncated or empty file), FileBusy and FileError, also where the raw file
    of a file of links is missing, and whatever `keep` raises.
    """
    root = reading.read(path, keep=keep)
    if follow:
        raw = root.attributes.get(RAW_FILE)
        if isinstance(raw, str) and not (Path(path).absolute().parent / raw).is_file():
            raise FileError(
                f"{path}: its spectra are in {raw}, which is not there; put that file back beside it"
                " (nxspectra check-links tells which links lead nowhere)"
            )
        links = external(root)
        if links:
            Follower(Path(path), keep).follow(links)
    return root


class Follower:
    """Puts what external links lead to in their place, reading each file once."""

    def __init__(self, path: Path, keep: Keep | None) -> None:
        self.keep = keep
        here = path.resolve()
        self.folder = here.parent
        self.trees: dict[Path, Group | None] = {here: None}
        """None for a file that is not followed: it is not there, not safe, or the one we come from."""

    def follow(self, links: Iterable[tuple[object, str, Link]]) -> None:
        """Put what they lead to in the place of links of the file that we come from."""
        for children, name, link in links:
            node = self.target(link, self.folder)
            if node is not None and isinstance(children, dict):
                children[name] = node

    def target(self, link: Link, folder: Path) -> Node | None:
        tree = self.tree(link.file or "", folder)
        found = None if tree is None else tree.find(link.target)
        return None if found is None else found[1]

    def tree(self, file: str, folder: Path) -> Group | None:
        """The tree of another file, its own links followed too, unless they lead round in a circle."""
        try:
            path = (folder / file).resolve()
        except (OSError, RuntimeError, ValueError):
            return None
        if path not in self.trees:
            self.trees[path] = None
            self.trees[path] = self.safely(path) if len(self.trees) <= FILES else None
        return self.trees[path]

    def safely(self, path: Path) -> Group | None:
        try:
            if not path.is_relative_to(self.folder) or not path.is_file():
                return None
            if any(finding.severity is Severity.VIOLATION for finding in guard(path, roots=[self.folder])):
                return None
            root = reading.read(path, keep=self.keep)
        except (FileError, OSError, ValueError):
            return None
        for children, name, link in external(root):
            node = self.target(link, path.parent)
            if isinstance(children, dict):
                # A link that stays is told from the folder of the file that is read.
                beside = os.path.relpath(path.parent / (link.file or ""), self.folder)
                children[name] = Link(link.target, beside, "external") if node is None else node
        return root


def external(root: Group) -> list[tuple[object, str, Link]]:
    """The external links of a tree, each with the children that it is one of."""
    found: list[tuple[object, str, Link]] = []
    groups = [root]
    while groups:
        children = groups.pop().children
        for name, node in children.items():
            if isinstance(node, Field):
                continue
            if isinstance(node, Group):
                groups.append(node)
            elif isinstance(node, Link) and node.kind == "external":
                found.append((children, name, node))
    return found


# -- a file of links -------------------------------------------------------------------------------


def sidecar(run: Group, path: str | os.PathLike[str]) -> Group:
    """The tree of a file of links at `path`: what was added to `run`, and links to the file it was read from.

    To be written with `write`. Groups that hold additions are made anew with their attributes; everything
    else of the raw file is linked. An attribute that was added to a field of the raw file is written with
    a copy of it; where that would be large it is left out if it only says where the field itself is
    (`target`).
    Raises Refused for a tree that was not read from a file or changed otherwise than by additions, for a
    raw file that is not in the folder of `path` or below, and where a large field would have to be copied.
    """
    if run.source is None or run.edited:
        raise Refused(f"{path}: only what was read from a file, and added to, can be written as links to it")
    raw, folder = Path(run.source.path).resolve(), Path(path).absolute().parent.resolve()
    if RAW_FILE in run.attributes:
        raise Refused(f"{run.source.path}: is a file of links itself; use --in-place, or a copy with -o")
    if not raw.is_relative_to(folder):
        raise Refused(
            f"{path}: a file of links belongs in the folder of its raw file ({raw.parent}) or above,"
            " so that the links stay right when both are moved"
        )
    beside = os.path.relpath(raw, folder)
    made = Sidecar(run, beside).group(run, "")
    return Group(None, made.children, {**made.attributes, RAW_FILE: beside})


class Sidecar:
    """Makes the groups of a file of links to `file`."""

    def __init__(self, run: Group, file: str) -> None:
        self.file = file
        self.added = set(run.additions.paths)
        self.touched = {where for path in self.added for where in above(path)}
        self.left_out = {
            path for path in self.added if path.endswith("@target") and self.is_raw_field(run, path)
        }

    def is_raw_field(self, run: Group, attribute: str) -> bool:
        owner = attribute.rpartition("@")[0]
        own = owner in self.added or any(way in self.added for way in above(owner))
        return not own and isinstance(run.get(owner), Field)

    def group(self, group: Group, path: str) -> Group:
        children: dict[str, Node] = {}
        for name, node in group.children.items():
            where = f"{path}/{name}"
            if where in self.added:
                children[name] = self.mine(node)
            elif where in self.touched and isinstance(node, Group):
                children[name] = self.group(node, where)
            else:
                children[name] = self.raw(node, where)
        kept = {name: value for name, value in group.attributes.items() if not isinstance(value, Unreadable)}
        return Group(None, children, kept)

    def raw(self, node: Node, path: str) -> Node:
        """A link to something of the raw file, or a copy of a field that has got an attribute."""
        named = {
            each.rpartition("@")[2] for each in self.added - self.left_out if each.startswith(f"{path}@")
        }
        if not named or not isinstance(node, Field):
            return Link(path, self.file, "external")
        if node.size * node.dtype.itemsize > SMALL:
            raise Refused(
                f"{path}@{min(named)}: cannot be said of a field of another file; write a copy (-o OUT)"
            )
        return node

    def mine(self, node: Node) -> Node:
        """What was added, without naming what was left out; no second name can lead into another file."""
        if isinstance(node, Link) and node.kind == "hard":
            return Link(node.target)
        if not isinstance(node, Group):
            return node
        children = {name: self.mine(child) for name, child in node.children.items()}
        listed = children.get("added_paths")
        if isinstance(listed, Field) and self.left_out:
            kept = [str(path) for path in listed.array.reshape(-1) if str(path) not in self.left_out]
            children["added_paths"] = Field(kept, listed.attributes)
        return Group(None, children, node.attributes)


def above(path: str) -> Iterator[str]:
    """What an attribute belongs to, and every group above."""
    where, at, _ = path.rpartition("@")
    if at and where:
        yield where
    while (where or path).count("/") > 1:
        where = (where or path).rpartition("/")[0]
        yield where


# -- where links lead ------------------------------------------------------------------------------


def broken_links(path: str | os.PathLike[str]) -> tuple[Finding, ...]:
    """The links of a file that lead nowhere, and as a warning those that lead out of its folder.

    Those are not looked at. Raises NotHDF5, FileBusy and FileError.
    """
    plain = read(path, follow=False)
    followed = read(path, follow=False)
    Follower(Path(path), None).follow(external(followed))
    return tuple(found for where, node in plain.walk() for found in broken(where, node, Path(path), followed))


def broken(where: str, node: Node, path: Path, followed: Group) -> Iterator[Finding]:
    if isinstance(node, Unreadable) and node.rule in {"virtual-source", "external-storage"}:
        yield Finding(where, "broken-source", node.reason)
    if not isinstance(node, Link):
        return
    if node.kind != "external":
        if followed.get(where) is None:
            yield Finding(where, "broken-link", f"leads to {node.target}, and nothing is there")
        return
    if isinstance(followed.get(where), Link | None):
        folder = path.resolve().parent
        file = (folder / (node.file or "")).resolve()
        if not file.is_relative_to(folder):
            words = f"leads to {node.file}, outside of the folder of this file, where it is not followed"
            yield Finding(where, "link-outside", words, Severity.WARNING)
        elif not file.is_file():
            yield Finding(where, "broken-link", f"leads to {node.file}, and there is no such file")
        else:
            words = f"leads to {node.target} in {node.file}, where it is not, or cannot be read safely"
            yield Finding(where, "broken-link", words)
