"""Where the concepts stand in an entry, and where they would: groups by class, whatever they are called."""

from __future__ import annotations

from dataclasses import dataclass, field

from nxspectra.migration.concepts import GROUP_CLASSES, NAMED, Concept
from nxspectra.spectra import DEFINITION, definitions_of
from nxspectra.tree import Addition, Attribute, Evidence, Field, Group, Link, Node

SUBENTRY = "diffraction_spectra"
"""Name of the NXsubentry in an entry that follows another definition."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands at the place of a concept."""

    path: str
    real: str
    """Path of the object itself, links followed."""
    node: Node


def groups(root: Group, base: str, steps: tuple[str, ...]) -> list[str]:
    """Real paths of the groups on the way to a concept; of several of a class the usual name comes first."""
    paths = [base]
    for step in steps:
        paths = [below for path in paths for below in _of_class(root, path, step)]
    return paths


def _of_class(root: Group, path: str, usual: str) -> list[str]:
    above, group = root.find(path) or (path, None)
    if not isinstance(group, Group):
        return []
    there: dict[str, str] = {}
    for name, child in group.children.items():
        if isinstance(child, Field) or (usual in NAMED and name != usual):
            continue
        node: Node
        real, node = f"{above.rstrip('/')}/{name}", child
        if isinstance(node, Link):
            real, node = root.find(f"{path}/{name}") or (real, node)
        if isinstance(node, Group) and node.nx_class == GROUP_CLASSES[usual]:
            there[name] = real
    return list(dict.fromkeys(there[name] for name in sorted(there, key=lambda name: (name != usual, name))))


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


def other_meaning(root: Group, base: str) -> list[str]:
    """Names in the entry that the definition gives a meaning and that mean something else there."""
    named = [(f"{base}/{name}", "NXprocess") for name in ("migration", "reduction")]
    named += [(f"{path}/pressure_env", "NXenvironment") for path in groups(root, base, ("sample",))]
    return [
        f"{path} is not the {nx_class} that the definition means by that name"
        for path, nx_class in named
        if (node := root.get(path)) is not None
        and not (isinstance(node, Group) and node.nx_class == nx_class)
    ]


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
    there: dict[tuple[str, ...], list[str]] = field(default_factory=dict)
    """What was found on the way to a concept, to be looked for once."""

    def groups(self, steps: tuple[str, ...]) -> list[str]:
        """Real paths of the groups that are there, on the way to a concept."""
        if not steps:
            return [self.base]
        found = self.there.get(steps)
        if found is None:
            above = self.groups(steps[:-1])
            found = [below for path in above for below in _of_class(self.root, path, steps[-1])]
            self.there[steps] = found
        return found

    def standing(self, concept: Concept, only: str | None = None) -> Standing | None:
        """What stands at the place of the concept; only in the group `only` if it is given."""
        *steps, leaf = concept.path.split("/")
        for path in self.groups(tuple(steps)) if only is None else [only]:
            group = self.root.group(path)
            if group is None or leaf not in group.children:
                continue
            found = self.root.find(f"{path}/{leaf}")
            # a link that leads nowhere still bears the name
            real, node = found if found is not None else (f"{path}/{leaf}", group.children[leaf])
            return Standing(f"{path}/{leaf}", real, node)
        return None

    def group(self, steps: tuple[str, ...]) -> str:
        """Path of the group of a concept: one that is there, one already planned, or a new one."""
        if not steps:
            return self.base
        if steps in self.made:
            return self.made[steps]
        if steps in self.prefer:
            return self.prefer[steps]
        there = self.groups(steps)
        if there:
            return there[0]
        parent = self.group(steps[:-1])
        path = free(self.root, f"{parent}/{steps[-1]}")
        self.made[steps] = path
        self.add(path, Group(GROUP_CLASSES[steps[-1]]))
        return path

    def would_make(self, steps: tuple[str, ...]) -> bool:
        """Is the group not there yet?"""
        return steps not in self.made and not self.groups(steps)

    def path_of(self, concept: Concept) -> str:
        """Where the concept would stand, without making anything."""
        *steps, leaf = concept.path.split("/")
        known = self.made.get(tuple(steps)) or self.prefer.get(tuple(steps))
        there = [known] if known else self.groups(tuple(steps))
        return f"{there[0]}/{leaf}" if there else f"{self.base}/{concept.path}"

    def put(self, concept: Concept, item: Field | Link, evidence: Evidence) -> str:
        """Plan `item` at the place of the concept; returns the path."""
        *steps, leaf = concept.path.split("/")
        path = f"{self.group(tuple(steps))}/{leaf}"
        self.add(path, item, evidence)
        return path

    def add(
        self, path: str, item: Group | Field | Link | Attribute, evidence: Evidence | None = None
    ) -> None:
        self.additions.append(Addition(path, item, evidence))
