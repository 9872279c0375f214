"""Rules about NXdata and defaults: what would be plotted, and against what.

NXdata: the attributes signal and axes name fields of the group; AXISNAME_indices says which dimensions
an axis stands for (NeXus manual, base class NXdata).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from nxspectra.findings import Finding, Severity
from nxspectra.tree import Field, Group, one, texts
from nxspectra.validation.cases import GroupCase, Item
from nxspectra.validation.hints import did_you_mean, quoted
from nxspectra.validation.table import BROKEN_DEFAULT, NXDATA_AXES, NXDATA_LENGTH, NXDATA_SIGNAL


def nxdata(case: GroupCase, items: dict[str, Item]) -> Iterator[Finding]:
    """The signal and the axes of an NXdata."""
    attributes = case.group.attributes
    if "signal" not in attributes:
        yield from _no_signal(case, items)
        return
    signal = texts(attributes["signal"])
    name = signal[0] if len(signal) == 1 else None
    if name is None or name not in items:
        said = quoted(name) if name is not None else "no single field"
        close = did_you_mean(name, items) if name else ""
        yield NXDATA_SIGNAL.found(
            case, f"names {said}, which is not in the group{close}", path=f"{case.path}@signal"
        )
        return
    field = items[name].node
    if isinstance(field, Group):
        yield NXDATA_SIGNAL.found(
            case, f"names {name}, which is a group; a signal is a field", path=f"{case.path}@signal"
        )
    elif isinstance(field, Field) and field.shape is not None:
        yield from _axes(case, items, name, field.shape)


def _no_signal(case: GroupCase, items: dict[str, Item]) -> Iterator[Finding]:
    asked = case.rule is not None and any(
        rule.name == "signal" and rule.need == "required" for rule in case.rule.attributes
    )
    fields = [item for item in items.values() if isinstance(item.node, Field)]
    signals = [item for item in fields if _is_first(item.node)]
    if signals:
        yield from _old_axes(case, items, signals[0])
    elif fields and not asked:
        yield NXDATA_SIGNAL.found(
            case,
            "has no attribute signal, so nobody knows what to plot; name the field that is the signal",
            severity=Severity.WARNING,
        )


def _is_first(node: object) -> bool:
    """Is it the signal as it was written before 2014: by an attribute of the field, signal=1?"""
    return isinstance(node, Field) and str(one(node.attributes.get("signal"))).strip() == "1"


def _old_axes(case: GroupCase, items: dict[str, Item], signal: Item) -> Iterator[Finding]:
    """Axes as they were written before 2014: named by the signal, `x:y`, or numbered by themselves."""
    field = signal.node
    if not isinstance(field, Field) or field.shape is None:
        return
    text = one(field.attributes.get("axes"))
    names = re.split("[:,]", text.strip("[] ")) if isinstance(text, str) and text.strip() else []
    for number, name in enumerate(name.strip() for name in names):
        if name in (".", ""):
            continue
        if name not in items:
            yield NXDATA_AXES.found(
                case,
                f"names {quoted(name)}, which is not in the group{did_you_mean(name, items)}",
                path=f"{signal.path}@axes",
                severity=Severity.WARNING,
            )
        else:
            yield from _length(case, items[name], number, signal.name, field.shape)
    for item in items.values():
        axis = one(item.node.attributes.get("axis")) if isinstance(item.node, Field) else None
        if axis is not None and str(axis).strip().isdecimal():
            yield from _length(case, item, int(str(axis)) - 1, signal.name, field.shape)


def _axes(case: GroupCase, items: dict[str, Item], signal: str, shape: tuple[int, ...]) -> Iterator[Finding]:
    path = f"{case.path}@axes"
    if "axes" not in case.group.attributes:
        return
    axes = texts(case.group.attributes["axes"])
    if not axes:
        yield NXDATA_AXES.found(case, "names no fields; the axes are text", path=path)
        return
    if len(axes) != len(shape):
        yield NXDATA_AXES.found(
            case,
            f"names {len(axes)} ax{'i' if len(axes) == 1 else 'e'}s for a signal of {len(shape)} dimensions;"
            " name one for each, a dot where there is none",
            path=path,
        )
    for number, axis in enumerate(axes):
        if axis == ".":
            continue
        if axis not in items:
            yield NXDATA_AXES.found(
                case,
                f"names {quoted(axis)}, which is not in the group{did_you_mean(axis, items)}",
                path=path,
            )
            continue
        node = items[axis].node
        if isinstance(node, Group):
            yield NXDATA_AXES.found(case, f"names {axis}, which is a group; an axis is a field", path=path)
        elif isinstance(node, Field):
            yield from _length(case, items[axis], number, signal, shape)


def _length(
    case: GroupCase, item: Item, number: int, signal: str, shape: tuple[int, ...]
) -> Iterator[Finding]:
    axis, dimensions = item.node, _indices(case.group, item.name, number)
    if not isinstance(axis, Field) or axis.shape is None or len(axis.shape) != len(dimensions):
        return
    for length, dimension in zip(axis.shape, dimensions, strict=True):
        if 0 <= dimension < len(shape) and length not in (shape[dimension], shape[dimension] + 1):
            yield NXDATA_LENGTH.found(
                case,
                f"has length {length}, but {signal} has {shape[dimension]} along this axis",
                path=item.path,
            )


def _indices(group: Group, axis: str, number: int) -> list[int]:
    value = group.attributes.get(f"{axis}_indices")
    if value is None:
        return [number]
    array = np.asarray(value).reshape(-1)
    return [int(index) for index in array] if array.dtype.kind in "iu" else [number]


def broken_default(path: str, group: Group) -> Iterator[Finding]:
    """A default of the file, an entry, or a group that does not lead to an NXdata."""
    for name in texts(group.attributes.get("default")):
        at = f"{path or '/'}@default"
        node = None if name.startswith("/") else group.children.get(name) or group.get(name)
        if node is None:
            close = did_you_mean(name, group.children)
            yield BROKEN_DEFAULT.at(at, f"names {quoted(name)}, which is not there{close}")
        elif isinstance(node, Field):
            yield BROKEN_DEFAULT.at(at, f"names {name}, which is a field; the group that holds it is meant")
        elif isinstance(node, Group) and not _leads_on(node):
            has = f"of class {node.nx_class}" if node.nx_class else "without NX_class"
            yield BROKEN_DEFAULT.at(
                at, f"names {name}, a group {has} that names no default itself, so nothing is plotted"
            )


def _leads_on(group: Group) -> bool:
    """Is it to be plotted, or does it say what is; readers look into an entry by themselves."""
    return group.nx_class in ("NXdata", "NXentry", "NXsubentry") or "default" in group.attributes
