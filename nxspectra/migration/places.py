"""Where the concepts stand in an entry, and where they would: groups by class, whatever they are called."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from nxspectra.migration.concepts import GROUP_CLASSES, NAMED, Concept
from nxspectra.spectra import DEFINITION, definitions_of
from nxspectra.tree import Addition, Attribute, Evidence, Field, Group, Link, Node

SUBENTRY = "diffraction_spectra"
"""Name of the NXsubentry in an entry that follows another definition."""


class Standing(NamedTuple):
    """What stands at the place of a concept."""

    path: str
    real: str
    """Path of the object itself, links followed."""
    node: Node


def _of_class(root: Group, path: str, group: Group, usual: str) -> dict[str, Group]:
    """The groups of a class in `group` by their real paths, the usual name first."""
    wanted = GROUP_CLASSES[usual]
    there: list[tuple[bool, str, str, Group]] = []
    for name, child in group.children.items():
        if isinstance(child, Field) or (usual in NAMED and name != usual):
            continue
        real = f"{path}/{name}"
        found = root.find(real) if isinstance(child, Link) else (real, child)
        if found is not None and isinstance(found[1], Group) and found[1].nx_class == wanted:
            there.append((name != usual, name, found[0], found[1]))
    there.sort(key=lambda one: one[:2])
    return {real: node for _, _, real, node in there}


def definition_of(root: Group, entry: str) -> str | None:
    """The application definition that the entry says it follows, ours if that is among several; else None."""
    names = definitions_of(root, entry)
    return DEFINITION if DEFINITION in names else ", ".join(names) or None


def our_entry(root: Group, entry: str) -> str | None:
    """The entry itself, or its subentry, if it follows NXdiffraction_spectra already."""
    if definition_of(root, entry) == DEFINITION:
        return entry
    group = root.group(entry)
    for name in sorted(group.children) if group else ():
        child = root.group(f"{entry}/{name}")
        subentry = child is not None and child.nx_class == "NXsubentry"
        if subentry and definition_of(root, f"{entry}/{name}") == DEFINITION:
            return f"{entry}/{name}"
    return None


def free(root: Group, path: str) -> str:
    """`path`, or the same with `_2`, `_3` behind it if a thing of that name is there."""
    parent, _, name = path.rpartition("/")
    group = root.group(parent) if parent else root
    taken = set(group.children) if group else set()
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return f"{parent}/{candidate}"


@dataclass
class Draft:
    """Additions to one entry as they are found, groups made when something is to stand in them."""

    root: Group
    base: str
    additions: list[Addition] = field(default_factory=list)
    made: dict[tuple[str, ...], str] = field(default_factory=dict)
    prefer: dict[tuple[str, ...], str] = field(default_factory=dict)
    """Which of several groups of a class in `base` is meant."""
    there: dict[tuple[str, ...], dict[str, Group]] = field(default_factory=dict)
    """What was found on the way to a concept, to be looked for once."""

    def groups(self, steps: tuple[str, ...]) -> dict[str, Group]:
        """The groups that are there on the way to a concept, by their real paths.

        Of several of a class the one with the usual name comes first.
        """
        found = self.there.get(steps)
        if found is None:
            found = {}
            if steps:
                for path, group in self.groups(steps[:-1]).items():
                    found |= _of_class(self.root, path, group, steps[-1])
            else:
                real, base = self.root.find(self.base) or ("", None)
                found = {real: base} if isinstance(base, Group) else {}
            self.there[steps] = found
        return found

    def standing(self, concept: Concept, only: str | None = None) -> Standing | None:
        """What stands at the place of the concept; only in the group `only` if it is given."""
        leaf = concept.leaf
        for path, group in self.groups(concept.steps).items():
            node = group.children.get(leaf) if only is None or path == only else None
            if node is None:
                continue
            where = real = f"{path}/{leaf}"
            if isinstance(node, Link):
                # one that leads nowhere still bears the name
                real, node = self.root.find(where) or (where, node)
            return Standing(where, real, node)
        return None

    def other_meaning(self) -> list[str]:
        """Names in the entry that the definition gives a meaning and that mean something else there."""
        named = [(f"{self.base}/{name}", "NXprocess") for name in ("migration", "reduction")]
        named += [(f"{path}/pressure_env", "NXenvironment") for path in self.groups(("sample",))]
        return [
            f"{path} is not the {nx_class} that the definition means by that name"
            for path, nx_class in named
            if (node := self.root.get(path)) is not None
            and not (isinstance(node, Group) and node.nx_class == nx_class)
        ]

    def group(self, steps: tuple[str, ...]) -> str:
        """Path of the group of a concept: one that is there, one already planned, or a new one."""
        if not steps:
            return self.base
        if steps in self.made:
            return self.made[steps]
        if steps in self.prefer:
            return self.prefer[steps]
        there = next(iter(self.groups(steps)), None)
        if there is not None:
            return there
        parent = self.group(steps[:-1])
        path = free(self.root, f"{parent}/{steps[-1]}")
        self.made[steps] = path
        self.add(path, Group(GROUP_CLASSES[steps[-1]]))
        return path

    def would_make(self, steps: tuple[str, ...]) -> bool:
        """Is the group not there yet?"""
        return bool(steps) and steps not in self.made and not self.groups(steps)

    def path_of(self, concept: Concept) -> str:
        """Where the concept would stand, without making anything."""
        steps = concept.steps
        if not steps:
            return f"{self.base}/{concept.leaf}"
        there = self.made.get(steps) or self.prefer.get(steps) or next(iter(self.groups(steps)), None)
        return f"{self.base}/{concept.path}" if there is None else f"{there}/{concept.leaf}"

    def put(self, concept: Concept, item: Field | Link, evidence: Evidence) -> str:
        """Plan `item` at the place of the concept; returns the path."""
        path = f"{self.group(concept.steps)}/{concept.leaf}"
        self.add(path, item, evidence)
        return path

    def add(
        self, path: str, item: Group | Field | Link | Attribute, evidence: Evidence | None = None
    ) -> None:
        self.additions.append(Addition(path, item, evidence))
