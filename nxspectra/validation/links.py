"""Rules about what leads from one place of a file to another: links, targets, chains of transformations."""

from __future__ import annotations

from collections.abc import Iterator

from nxspectra.findings import Finding, Severity
from nxspectra.nxdl import LinkRule
from nxspectra.tree import LINKS_FOLLOWED, Field, Group, Link, Node, Unreadable, one
from nxspectra.validation.cases import Entry, FieldCase, GroupCase, Item
from nxspectra.validation.hints import quoted
from nxspectra.validation.table import (
    BROKEN_LINK,
    DEPENDS_ON,
    LINK_ELSEWHERE,
    LINK_LOOP,
    LINK_NOT_FOLLOWED,
    LINK_TARGET,
    rule_of_unread,
)

UNVALIDATED = "NXcollection"
"""Its content is never validated: NeXus manual, base class NXcollection."""


def not_there(case: GroupCase, item: Item, asked: bool) -> Iterator[Finding]:
    """A link that leads nowhere or out of the file, or an object that cannot be read."""
    severity = None if asked else Severity.WARNING
    origin = case.origin if asked else None
    node, link = item.node, item.link
    target = link.target if link is not None else ""
    if isinstance(node, Unreadable):
        yield rule_of_unread(node.rule).at(item.path, node.reason, origin, severity)
    elif isinstance(node, Link):
        yield LINK_NOT_FOLLOWED.at(
            item.path, f"is a link to {node.target} in another file ({node.file}), which was not opened"
        )
    elif leads_into_collection(case.entry.root, item.path, target):
        yield LINK_NOT_FOLLOWED.at(item.path, f"is a link to {target} in an NXcollection, which was not read")
    elif _never_ends(case.entry.root, item.path):
        yield LINK_LOOP.at(item.path, f"is a link to {target}, and following it never ends", origin, severity)
    else:
        yield BROKEN_LINK.at(
            item.path,
            f"is a link to {target}, where there is nothing; mend the link, or put the value here",
            origin,
            severity,
        )


def leads_into_collection(root: Group, path: str, target: str) -> bool:
    """Does the way to the target lead through an NXcollection whose content was not read?"""
    if not getattr(root.source, "pruned", False):
        return False
    way = target if target.startswith("/") else f"{path.rpartition('/')[0]}/{target}"
    steps = [step for step in way.split("/") if step]
    for number in range(1, len(steps)):
        group = root.group("/".join(steps[:number]))
        if group is not None and group.nx_class == UNVALIDATED and not group.children:
            return True
    return False


def _never_ends(root: Group, path: str) -> bool:
    """Does following the links on the way meet one of them again?"""
    steps = [step for step in path.split("/") if step]
    here: list[str] = []
    node: Node = root
    for _ in range(LINKS_FOLLOWED * (len(steps) + LINKS_FOLLOWED)):
        if isinstance(node, Link):
            target = [step for step in node.target.split("/") if step and step != "."]
            steps = (target if node.target.startswith("/") else [*here[:-1], *target]) + steps
            here, node = [], root
        elif steps and isinstance(node, Group) and steps[0] in node.children:
            here.append(steps.pop(0))
            node = node.children[here[-1]]
        else:
            return False
    return True


# -- the attribute target ----------------------------------------------------------------------


def link_target(case: GroupCase, item: Item) -> Iterator[Finding]:
    """An attribute target that is not the path of what bears it."""
    node = item.node
    if item.link is not None or not isinstance(node, Group | Field) or "target" not in node.attributes:
        return
    target = one(node.attributes["target"])
    root, path = case.entry.root, f"{item.path}@target"
    # what is no path from the top of the file is an attribute of somebody's own
    if not isinstance(target, str) or not target.startswith("/") or target == item.path:
        return
    found = root.get(target)
    if found is None and not leads_into_collection(root, item.path, target):
        yield LINK_TARGET.at(path, f"is {quoted(target)}, where there is nothing; {item.path} expected")
    elif found is not None and found is not node and not isinstance(found, Link):
        yield LINK_TARGET.at(
            path,
            f"is {quoted(target)}, which is another {'group' if isinstance(node, Group) else 'field'};"
            " was this copied where a link was meant?",
            severity=Severity.INFO,
        )


def link_elsewhere(case: GroupCase, rule: LinkRule) -> Iterator[Finding]:
    """A link of the definition that leads to another place than it says, or to what does not know of it."""
    link = case.group.children.get(rule.name)
    found = case.entry.root.find(f"{case.path}/{rule.name}") if isinstance(link, Link) else None
    if found is None or isinstance(found[1], Link):
        return
    path, node = found
    here = f"{case.path}/{rule.name}"
    if not _is_place(case.entry, path, rule.target):
        yield LINK_ELSEWHERE.at(here, f"leads to {path}; {rule.target} expected", rule.origin)
    elif "target" not in node.attributes:
        yield LINK_TARGET.at(
            here,
            f"leads to {path}, which has no attribute target; give it one with its own path",
            rule.origin,
            Severity.INFO,
        )


def _is_place(entry: Entry, path: str, wanted: str) -> bool:
    """Is a path one of `/NXentry/NXinstrument/monochromator:NXcrystal/energy`, by class or by name?"""
    steps = [step for step in wanted.split("/") if step][1:]
    inside = path.removeprefix(f"{entry.path}/").split("/")
    if not path.startswith(f"{entry.path}/") or len(steps) != len(inside):
        return False
    way = entry.path
    for step, name in zip(steps[:-1], inside[:-1], strict=True):
        way = f"{way}/{name}"
        group = entry.root.group(way)
        known, _, nx_class = step.rpartition(":")
        of_class = nx_class.startswith("NX") and group is not None and entry.is_a(group.nx_class, nx_class)
        if not of_class and name not in (step, known):
            return False
    return steps[-1] == inside[-1]


# -- depends_on --------------------------------------------------------------------------------


def depends_on(case: FieldCase) -> Iterator[Finding]:
    """A chain of transformations that breaks off or comes back to itself (base class NXtransformations)."""
    if case.path.rpartition("/")[2] != "depends_on" or case.field.dtype.kind != "U":
        return
    value = case.value
    text = None if value is None or value.size != 1 else str(value.reshape(-1)[0])
    fault = None if text is None else _chain_fault(case.entry, case.path, text)
    if fault is not None:
        yield DEPENDS_ON.found(case, fault)


def depends_on_attribute(case: GroupCase, item: Item) -> Iterator[Finding]:
    """The same for the transformations themselves, which a chain may lead to or not."""
    node = item.node
    if item.link is not None or not isinstance(node, Group | Field) or "depends_on" not in node.attributes:
        return
    text = one(node.attributes["depends_on"])
    # further on in the chain each transformation is asked for itself
    fault = _chain_fault(case.entry, item.path, text, 1) if isinstance(text, str) else "is not text"
    if fault is not None:
        yield DEPENDS_ON.at(f"{item.path}@depends_on", fault, severity=Severity.WARNING)


def _chain_fault(entry: Entry, path: str, text: str, steps: int | None = None) -> str | None:
    """What is wrong with the chain that begins with `text` at `path`; None if it ends as it should.

    With `steps` only so many are looked at for one that leads nowhere, and only circles through `path` count.
    """
    root, seen, at = entry.root, [path], path
    while text.strip() not in ("", "."):
        text = text.strip()
        way = text if text.startswith("/") else f"{at.rpartition('/')[0]}/{text}"
        found = root.find(way)
        step = "leads to" if at == path else f"leads to {at}, which depends on"
        if found is None:
            if leads_into_collection(root, at, way) or (steps is not None and len(seen) > steps):
                return None
            there = f"; is /{text} meant, from the top of the file?" if root.find(f"/{text}") else ""
            return f"{step} {quoted(text)}, where there is nothing{there or '; a transformation expected'}"
        at, node = found
        if at in seen:
            if steps is not None and at != path:
                return None
            return f"comes back to {at}: " + " -> ".join([*seen[seen.index(at) :], at][:8])
        seen.append(at)
        if isinstance(node, Group) and "depends_on" in node.children:
            inner = node.children["depends_on"]
            at, following = f"{at}/depends_on", inner.text if isinstance(inner, Field) else None
        elif isinstance(node, Group | Field):
            value = one(node.attributes.get("depends_on"))
            following = value if isinstance(value, str) else None
        else:
            return None
        if following is None:
            return None
        text = following
    return None
