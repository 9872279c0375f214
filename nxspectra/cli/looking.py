"""show: the tree of a file as a person wants it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import numpy as np

from nxspectra import hdf5
from nxspectra.cli.attempts import for_each
from nxspectra.cli.frame import DONE, Format, Verb, files_argument, format_option, human_bytes, say, say_json
from nxspectra.errors import Refused
from nxspectra.tree import Attribute, Field, Group, Link, Node, Unreadable, one

SHOWN = 48
"""A group with more children than this is cut, without --all."""
DEEPEST = 40
"""Groups inside groups; files can nest deeper than any page is wide."""
TEXT_WIDTH = 64
IN_LIST = 28
FEW = 6
"""A list with at most so many values is written out."""
QUIET = frozenset({"NX_class", "units", "target"})
"""Attributes that are shown as something else, or say where a thing stands anyway."""
UNVALIDATED = "NXcollection"
"""The NeXus class whose content nobody validates; raw files keep hundreds of keys there."""


@click.command(cls=Verb)
@files_argument()
@click.option("--at", metavar="PATH", default="/", help="Show this group or field only, `entry/sample`.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Show every key, also of NXcollection and long groups, and every attribute.",
)
@format_option
def show(files: tuple[Path, ...], at: str, everything: bool, form: Format) -> int:
    """Print the tree of a NeXus file.

    Groups with their classes, fields with type, shape, units and short values, links with where they
    lead. Keys under NXcollection are counted, not listed, and long groups are cut; --all lists them.
    """

    def look(file: Path) -> int:
        root = hdf5.read(file)
        found = root.find(at)
        if found is None:
            raise Refused(f"{file}: there is nothing at {at}")
        where, node = found
        if form == "json":
            say_json({"file": str(file), "path": where, "tree": as_json(node)})
            return DONE
        title = f"{file}  {human_bytes(root.source.size)}" if root.source else str(file)
        say(title if where == "/" else f"{title}  {where}")
        name = where.rsplit("/", 1)[-1]
        if isinstance(node, Group):
            lines = tree_lines(root, node, "" if where == "/" else where, everything)
        else:
            lines = iter([f"{name}  {summary(root, where, node)}"])
        for line in lines:
            say(line)
        return DONE

    return for_each(files, form, look)


# -- as text -----------------------------------------------------------------------------------


def tree_lines(root: Group, group: Group, path: str, everything: bool, indent: str = "") -> Iterator[str]:
    """The lines of what is in `group`, which stands at `path`."""
    names = list(group.children)
    shown = names if everything or len(names) <= SHOWN else names[: SHOWN // 2]
    width = min(32, max((len(name) for name in shown), default=0))
    for name in shown:
        node = group.children[name]
        last = name == names[-1]
        where = f"{path}/{name}"
        branch, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        line = f"{indent}{branch}{name:<{width}}  {summary(root, where, node, everything)}"
        yield line.rstrip()
        if not isinstance(node, Group) or (node.nx_class == UNVALIDATED and not everything):
            continue
        if len(indent) < DEEPEST * len(below):
            yield from tree_lines(root, node, where, everything, indent + below)
        elif node.children:
            yield f"{indent}{below}└─ … {len(node.children)} more, deeper; --at {where} shows them"
    if len(shown) < len(names):
        yield f"{indent}└─ … {len(names) - len(shown)} more of {len(names)}; --all shows them"


def summary(root: Group, path: str, node: Node, everything: bool = False) -> str:
    """What a line says after the name."""
    if isinstance(node, Unreadable):
        return f"cannot be read: {node.reason}"
    if isinstance(node, Link):
        return link_summary(root, path, node)
    if isinstance(node, Group):
        words = [node.nx_class or "(no class)"]
        if node.nx_class == UNVALIDATED and not everything:
            words.append(f"{len(node.children)} keys; --all shows them")
        return "  ".join([*words, *attribute_words(node.attributes)])
    words = [value_summary(node)]
    if node.units is not None:
        words.append(node.units)
    if everything:
        words += attribute_words(node.attributes)
    return "  ".join(words)


def link_summary(root: Group, path: str, link: Link) -> str:
    if link.kind == "external":
        return f"-> {link.file}:{link.target}  (external, not opened)"
    if link.kind == "hard":
        return f"= {link.target}  (the same object)"
    lost = "" if root.get(path) is not None else "  (leads nowhere)"
    return f"-> {link.target}{lost}"


def attribute_words(attributes: Mapping[str, Attribute]) -> Iterator[str]:
    for name, value in attributes.items():
        if name not in QUIET:
            yield f"@{name}={short(one(value))}"


def value_summary(field: Field) -> str:
    """The value if it is short, else type and shape, with the first and last of what is at hand."""
    if field.shape is None:
        return "(empty)"
    if field.size == 1 and field.dtype.kind in "Ubiufc":
        return short(one(field.array.reshape(-1)))
    shape = " x ".join(str(length) for length in field.shape)
    kind = "text" if field.dtype.kind == "U" else str(field.dtype)
    words = f"{kind} ({shape})"
    if (
        isinstance(field.data, np.ndarray)
        and field.data.ndim == 1
        and field.dtype.kind in "Ubiuf"
        and field.size
    ):
        values = field.data
        if values.size <= FEW:
            return f"{words}  [{', '.join(short(value, IN_LIST) for value in values.tolist())}]"
        first, last = short(values[0].item(), IN_LIST), short(values[-1].item(), IN_LIST)
        return f"{words}  [{first} … {last}]"
    return words


def short(value: Attribute, width: int = TEXT_WIDTH) -> str:
    """One value on one line."""
    if value is None:
        return "(empty)"
    if isinstance(value, np.ndarray) and value.ndim:
        items = [short(item, IN_LIST) for item in value.reshape(-1)[: FEW + 1].tolist()]
        return f"[{', '.join(items[:FEW])}{', …' if len(items) > FEW else ''}]"
    if isinstance(value, np.ndarray | np.generic):
        value = value.item()
    if isinstance(value, str):
        text = " ".join(value.split())
        return f'"{text}"' if len(text) <= width else f'"{text[:width]}…"'
    if isinstance(value, float):
        return f"{value:.7g}"
    return str(value)


# -- as JSON -----------------------------------------------------------------------------------


def as_json(node: Node, depth: int = 0) -> dict[str, object]:
    """A node as JSON: values are in it when they are small enough to have been read with the tree.

    What lies deeper than DEEPEST has no `children`, only their number.
    """
    if isinstance(node, Unreadable):
        return {"kind": "unreadable", "reason": node.reason}
    if isinstance(node, Link):
        return {"kind": "link", "link": node.kind, "target": node.target, "file": node.file}
    attributes = {name: plain(value) for name, value in node.attributes.items()}
    if isinstance(node, Group):
        inside: dict[str, object] = {"number": len(node.children)}
        if depth < DEEPEST:
            inside = {"children": {name: as_json(child, depth + 1) for name, child in node.children.items()}}
        return {"kind": "group", "class": node.nx_class, "attributes": attributes, **inside}
    value: dict[str, object] = {}
    if isinstance(node.data, np.ndarray) and node.dtype.kind in "Ubiuf":
        value["value"] = node.data.tolist()
    return {
        "kind": "field",
        "shape": None if node.shape is None else list(node.shape),
        "dtype": "text" if node.dtype.kind == "U" else str(node.dtype),
        "units": node.units,
        "attributes": attributes,
        **value,
    }


def plain(value: Attribute) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist() if value.dtype.kind in "Ubiuf" else str(value)
    if isinstance(value, np.generic):
        return plain(np.asarray(value))
    return value
