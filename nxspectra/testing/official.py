"""Trees made from the rules of an application definition: the least that follows it, and all that it names.

The values mean nothing; their types, units, shapes, enumerations and links are what the definition asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from nxspectra import nxdl
from nxspectra.nxdl import (
    AttributeRule,
    ChoiceRule,
    Definition,
    Enumeration,
    FieldRule,
    GroupRule,
    Library,
    LinkRule,
)
from nxspectra.nxdl.values import DATES, UNITLESS, list_in
from nxspectra.tree import Array, Attribute, Field, Group, Link, Node
from nxspectra.validation.hints import EXAMPLE_UNITS

MOMENT = "2021-05-27T10:15:00+02:00"
_UNITS = {**EXAMPLE_UNITS, "NX_ANY": "counts", "NX_COUNT": "counts", "NX_PULSES": "counts"}
_NUMBERS: dict[str, type] = {
    "NX_INT": np.int64,
    "NX_UINT": np.uint32,
    "NX_POSINT": np.int64,
    "NX_FLOAT": np.float64,
    "NX_NUMBER": np.float64,
    "NX_CHAR_OR_NUMBER": np.float64,
    "NX_COMPLEX": np.complex128,
    "NX_CCOMPLEX": np.complex128,
    "NX_PCOMPLEX": np.complex128,
    "NX_BINARY": np.uint8,
    "NX_BOOLEAN": np.bool_,
}

_LATER = ("default", "signal", "axes")
"""Attributes that depend on what is in the group."""

_Place: TypeAlias = tuple[str, Group]


def minimal(name: str, definitions: Path | None = None, *, recommended: bool = False) -> Group:
    """The smallest tree that follows a definition: what is required, if wanted what is recommended too.

    Raises UnknownDefinition or DefinitionError.
    """
    needs = ("required", "recommended") if recommended else ("required",)
    return _build(name, definitions, needs)


def maximal(name: str, definitions: Path | None = None) -> Group:
    """A tree with everything that a definition names and does not deprecate, once each.

    Of a choice it has the first alternative. Raises UnknownDefinition or DefinitionError.
    """
    return _build(name, definitions, ("required", "recommended", "optional"))


def _build(name: str, definitions: Path | None, needs: tuple[str, ...]) -> Group:
    shelf = nxdl.library(definitions)
    return _Builder(shelf, shelf.definition(name), needs).root()


@dataclass
class _Builder:
    library: Library
    definition: Definition
    needs: tuple[str, ...]
    """Which of required, recommended and optional."""

    def __post_init__(self) -> None:
        self.lengths: dict[str, int] = {}
        self.links: list[tuple[_Place, LinkRule]] = []
        self.rules: dict[int, GroupRule] = {}
        self.plots: list[tuple[Group, GroupRule | None]] = []

    def root(self) -> Group:
        rule = self.definition.entry
        entry = self.group("/entry", rule)
        children = _open(entry)
        known = children.get("definition")
        if known is None or (isinstance(known, Field) and known.text != self.definition.name):
            attributes = known.attributes if isinstance(known, Field) else {}
            children["definition"] = Field(self.definition.name, attributes)
        for place, link in self.links:
            self.link(place, link, ("/entry", entry))
        root = Group("NXroot", {"entry": entry}, default="entry")
        for group, said in self.plots:
            _plot(group, said, root)
        attributes = entry.attributes
        assert isinstance(attributes, dict)  # noqa: S101
        plot = next((name for name, node in children.items() if _is_plot(node)), None)
        if plot is None and any(each.name == "default" and self.wanted(each) for each in rule.attributes):
            plot = "plot"
            children[plot] = Group("NXdata", {"data": Field(np.arange(1.0, 4.0))}, signal="data")
        if plot is not None:
            attributes["default"] = plot
        return root

    # -- groups --------------------------------------------------------------------------------

    def group(self, path: str, rule: GroupRule) -> Group:
        children: dict[str, Node] = {}
        attributes: dict[str, Attribute] = {"NX_class": rule.nx_class}
        group = Group.around(children, attributes)
        self.rules[id(group)] = rule
        for attribute in rule.attributes:
            later = attribute.name in _LATER and rule.nx_class in ("NXdata", "NXentry")
            if self.wanted(attribute) and not later and attribute.name != "NX_class":
                attributes[_concrete(attribute)] = self.attribute(attribute)
        axes = _axes(rule)
        for field in rule.fields:
            if (self.wanted(field) or field.name in axes) and field.max_occurs != 0:
                for number in range(max(field.min_occurs, 1)):
                    name = self.free(rule, field, children, number)
                    children[name] = self.field(field, group)
        _end_chains(children)
        chosen = {choice.name: choice.classes[0] for choice in rule.choices}
        needed = {choice.name for choice in rule.choices if self.wanted(choice)}
        for child in rule.groups:
            choice = chosen.get(child.name or "")
            if child.max_occurs == 0 or (choice is not None and choice != child.nx_class):
                continue
            if self.wanted(child) or (choice is not None and child.name in needed):
                for number in range(max(child.min_occurs, 1)):
                    name = self.free(rule, child, children, number)
                    children[name] = self.group(f"{path}/{name}", child)
        self.links += [((path, group), link) for link in rule.links if link.name not in children]
        if rule.nx_class == "NXdata":
            self.plots.append((group, rule))
        return group

    def wanted(self, rule: AttributeRule | FieldRule | GroupRule | ChoiceRule) -> bool:
        deprecated = not isinstance(rule, ChoiceRule) and rule.deprecated and rule.need != "required"
        return rule.need in self.needs and not deprecated

    def free(self, said: GroupRule, rule: GroupRule | FieldRule, taken: Iterable[str], number: int) -> str:
        """A name that follows this rule and no other."""
        names = said.named_groups if isinstance(rule, GroupRule) else said.named_fields
        for candidate in _candidates(rule, number):
            if candidate in taken:
                continue
            others = said.named_fields if isinstance(rule, GroupRule) else said.named_groups
            if candidate not in others.exact and _is_meant(rule, list(names.of(candidate))):
                return candidate
        raise AssertionError(f"no name for {rule.concept} of {self.definition.name}")

    # -- fields --------------------------------------------------------------------------------

    def field(self, rule: FieldRule, group: Group) -> Field:
        attributes: dict[str, Attribute] = {}
        for attribute in rule.attributes:
            if self.wanted(attribute) and not (attribute.name == "units" and rule.type == "NX_CHAR"):
                attributes[_concrete(attribute)] = self.attribute(attribute, rule)
        if not rule.typed and (rule.units or group.nx_class == "NXdata"):
            rule = replace(rule, type="NX_FLOAT")
        value = self.value(rule, self.shape(rule, group))
        numeric = value.dtype.kind in "iufc"
        if numeric and rule.units and rule.units not in UNITLESS and "units" not in attributes:
            attributes["units"] = _UNITS.get(rule.units, rule.units)
        return Field.around(value, attributes)

    def shape(self, rule: FieldRule, group: Group) -> tuple[int, ...]:
        if rule.dimensions is None:
            return ()
        dims = {dim.index: dim for dim in rule.dimensions.dims}
        rank = rule.dimensions.number
        if rank is None:
            rank = max(dims, default=1 if rule.dimensions.rank else 0)
        shape = []
        for index in range(1, rank + 1):
            dim = dims.get(index)
            if dim is not None and dim.value:
                shape.append(self.length(dim.value))
            elif dim is not None and dim.ref:
                beside = group.children.get(dim.ref)
                known = beside.shape if isinstance(beside, Field) and beside.shape else ()
                at = dim.refindex or dim.index
                shape.append((known[at - 1] if at <= len(known) else 2) + dim.increment)
            else:
                shape.append(2)
        return tuple(shape)

    def length(self, text: str) -> int:
        """A number as it is; a symbol has the same length everywhere, `n + 1` one more."""
        if text.isdecimal():
            return int(text)
        symbol = re.fullmatch(r"\s*(\w+)\s*\+\s*(\d+)\s*", text)
        if symbol:
            return self.length(symbol[1]) + int(symbol[2])
        return self.lengths.setdefault(text, 2 + len(self.lengths) % 4)

    def value(self, rule: FieldRule, shape: tuple[int, ...]) -> Array:
        if rule.enumeration is not None:
            first = _item(rule.enumeration, rule.type)
            return first if first.ndim or not shape else np.full(shape, first)
        if rule.name == "depends_on":
            return np.full(shape, ".")
        if rule.type in DATES:
            return np.full(shape, MOMENT)
        if rule.type not in _NUMBERS:
            return np.full(shape, "text")
        count = np.arange(1, 1 + int(np.prod(shape, dtype=np.int64))).reshape(shape)
        return np.asarray(count.astype(_NUMBERS[rule.type]))

    def attribute(self, rule: AttributeRule, field: FieldRule | None = None) -> Attribute:
        if rule.enumeration is not None:
            item = _item(rule.enumeration, rule.type)
            if field is not None and rule.name == "units" and item.ndim == 0:
                return _UNITS.get(str(item).replace("LENGHT", "LENGTH"), str(item))
            return item if item.ndim else _scalar(item)
        if rule.name == "units" and field is not None:
            return _UNITS.get(field.units or "", "" if field.units in UNITLESS else field.units or "counts")
        if rule.name == "vector":
            return np.array([0.0, 0.0, 1.0])
        if rule.name == "depends_on":
            return "."
        if rule.type in DATES:
            return MOMENT
        return _scalar(np.asarray(1, _NUMBERS[rule.type])) if rule.type in _NUMBERS else "text"

    # -- links ---------------------------------------------------------------------------------

    def link(self, place: _Place, rule: LinkRule, entry: _Place) -> None:
        """Link to where the rule says; what is not there yet is made."""
        steps = [step for step in rule.target.split("/") if step][1:]
        path, group = entry
        for step in steps[:-1]:
            path, group = self.step(path, group, step, steps[-1])
        name = steps[-1]
        children = _open(group)
        if name not in children:
            children[name] = self.missing(group, name)
        target = f"{path}/{name}"
        node = children[name]
        if isinstance(node, Field) and "target" not in node.attributes:
            children[name] = node.with_attributes(target=target)
        _open(place[1])[rule.name] = Link(target)

    def step(self, path: str, group: Group, step: str, wanted: str) -> _Place:
        name, _, nx_class = step.rpartition(":")
        named = name or ("" if step.startswith("NX") else step)
        fitting = [
            (each, child)
            for each, child in group.children.items()
            if isinstance(child, Group) and (each == named if named else child.nx_class == nx_class)
        ]
        fitting.sort(key=lambda each: wanted not in each[1].children and not self.rule_of(each[1], wanted))
        if not fitting:
            rule = self.rules.get(id(group))
            said = next(
                (
                    each
                    for each in (rule.groups if rule else ())
                    if each.name == named or (not named and each.nx_class == nx_class)
                ),
                None,
            )
            made = named or nx_class.removeprefix("NX")
            below = self.group(f"{path}/{made}", said) if said else Group.around({}, {"NX_class": nx_class})
            _open(group)[made] = below
            fitting = [(made, below)]
        return f"{path}/{fitting[0][0]}", fitting[0][1]

    def rule_of(self, group: Group, name: str) -> FieldRule | None:
        rule = self.rules.get(id(group))
        return None if rule is None else next(iter(rule.named_fields.exact.get(name, ())), None)

    def missing(self, group: Group, name: str) -> Field:
        rule = self.rule_of(group, name)
        if rule is None and group.nx_class is not None:
            base = self.library.base_class(group.nx_class)
            rule = None if base is None else next(iter(base.rule.named_fields.exact.get(name, ())), None)
        return Field(np.arange(1.0, 4.0)) if rule is None else self.field(rule, group)


def _open(group: Group) -> dict[str, Node]:
    """The children of a group that is still being made."""
    children = group.children
    assert isinstance(children, dict)  # noqa: S101
    return children


def _end_chains(children: dict[str, Node]) -> None:
    """Add the transformations that those of the definition depend on, where it does not name them."""
    befores = [each.attributes.get("depends_on", ".") for each in children.values()]
    for before in befores:
        if isinstance(before, str) and before != "." and before not in children:
            children[before] = Field(1.0, units="deg", depends_on=".")


def _candidates(rule: GroupRule | FieldRule, number: int) -> Iterable[str]:
    tail = "" if number == 0 else str(number + 1)
    if rule.name is None:
        assert isinstance(rule, GroupRule)  # noqa: S101
        own = rule.nx_class.removeprefix("NX")
        yield from (own + tail, f"{own}{tail}_1", f"my_{own}{tail}")
    elif rule.name_type == "specified":
        yield rule.name
    elif rule.name_type == "any":
        yield from (rule.name.lower() + tail, f"my_{rule.name.lower()}{tail}")
    else:
        for word in ("x", "any", "", "other"):
            yield re.sub("[A-Z]+", word + tail, rule.name)


def _is_meant(rule: GroupRule | FieldRule, candidates: Sequence[GroupRule | FieldRule]) -> bool:
    """Is this the first of the rules that a name may follow, or one of several that any name follows?"""
    same = [
        each
        for each in candidates
        if isinstance(each, FieldRule) or each.nx_class == getattr(rule, "nx_class", "")
    ]
    before = same[: same.index(rule)] if rule in same else same
    return rule in same and all(each.name_type == rule.name_type != "specified" for each in before)


def _concrete(rule: AttributeRule) -> str:
    return rule.name if rule.name_type == "specified" else re.sub("[A-Z]+", "x", rule.name)


def _item(enumeration: Enumeration, kind: str) -> Array:
    """The first item as a value: a number where numbers are asked, a list where a list is written."""
    text = enumeration.items[0]
    several = list_in(text)
    if several is not None:
        return np.asarray(several)
    if text == "''":
        return np.asarray("")
    if kind == "NX_BOOLEAN":
        return np.asarray(text.lower() in ("true", "1"))
    number = kind in _NUMBERS and re.fullmatch(r"[-+]?\d+(\.\d*)?", text)
    return np.asarray(float(text)).astype(_NUMBERS[kind]) if number else np.asarray(text)


def _scalar(value: Array) -> Attribute:
    item: Attribute = value[()]
    return str(item) if isinstance(item, str) else item


def _is_plot(node: Node) -> bool:
    return isinstance(node, Group) and node.nx_class == "NXdata" and "signal" in node.attributes


def _axes(rule: GroupRule | None) -> list[str]:
    """The axes that the definition asks an NXdata to have, by name."""
    said = {} if rule is None else {each.name: each.enumeration for each in rule.attributes}
    listed = said.get("axes")
    return [] if listed is None else [str(each) for each in list_in(listed.items[0]) or ()]


def _plot(group: Group, rule: GroupRule | None, root: Group) -> None:
    """Give an NXdata the signal and axes that the definition asks for, or those that its fields suggest."""
    said = {} if rule is None else {each.name: each for each in rule.attributes}
    attributes = group.attributes
    assert isinstance(attributes, dict)  # noqa: S101
    shapes: dict[str, tuple[int, ...]] = {}
    for name, node in group.children.items():
        found = root.field(node.target) if isinstance(node, Link) else node
        if isinstance(found, Field) and found.shape is not None and found.dtype.kind in "iufcb":
            shapes[name] = found.shape
    stated = said["signal"].enumeration if "signal" in said else None
    signal = stated.items[0] if stated else max(shapes, key=lambda name: len(shapes[name]), default=None)
    if signal is None and ("signal" in said and said["signal"].need == "required"):
        _open(group)["data"] = Field(np.arange(1.0, 4.0))
        signal, shapes["data"] = "data", (3,)
    if signal is None:
        if "axes" in said and said["axes"].need == "required":
            attributes["axes"] = "."
        return
    attributes["signal"] = signal
    names = _axes(rule)
    children = _open(group)
    known = children.get(signal)
    if shapes.get(signal, ()) == () and not isinstance(known, Link):
        # a field of which no shape is said has that of its axes
        lengths = [shapes.get(each, (2,)) for each in names] or [(3,)]
        shapes[signal] = tuple(length[0] if length else 2 for length in lengths)
        attributes_of = known.attributes if isinstance(known, Field) else {}
        kind = known.dtype if isinstance(known, Field) and known.dtype.kind in "iufcb" else np.float64
        children[signal] = Field.around(np.ones(shapes[signal], kind), attributes_of)
    if names:
        attributes["axes"] = np.array(names)
    elif shapes.get(signal):
        attributes["axes"] = np.array(["."] * len(shapes[signal]))
