"""The official definitions, and trees of many of them with one thing broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nxspectra import nxdl
from nxspectra.findings import Report
from nxspectra.nxdl import AttributeRule, FieldRule, GroupRule
from nxspectra.nxdl.library import official
from nxspectra.testing import maximal
from nxspectra.tree import Field, Group, Link, Node, Unreadable


def names(folder: str) -> list[str]:
    """The application definitions in a folder of the official ones."""
    found = sorted(path.name.split(".")[0] for path in (official()[0] / folder).glob("*.nxdl.xml"))
    return [name for name in found if nxdl.base_class(name) is None]


APPLICATIONS = names("applications")
EVERY = [*APPLICATIONS, *names("contributed_definitions")]


def above_info(report: Report) -> list[tuple[str, str, str]]:
    return [(each.path, each.rule, each.message) for each in report.findings if each.severity != "info"]


CORPUS = (
    *("NXarchive", "NXarpes", "NXazint1d", "NXcanSAS", "NXellipsometry", "NXmonopd", "NXmx", "NXrefscan"),
    *("NXsas", "NXscan", "NXstress", "NXtas", "NXtofraw", "NXtomo", "NXxas", "NXxeuler", "NXxps"),
)
TRIED = 3
"""So many places of a tree are broken in each way."""


@dataclass(frozen=True)
class Place:
    """An item of a tree with the one rule that it follows."""

    path: str
    node: Node
    rule: FieldRule | GroupRule
    parent: Group

    @property
    def field(self) -> Field:
        assert isinstance(self.node, Field)
        return self.node


@lru_cache(maxsize=32)
def whole(name: str) -> tuple[Group, tuple[Place, ...]]:
    tree = maximal(name)
    entry = tree.group("entry")
    assert entry is not None
    return tree, tuple(places("/entry", entry, nxdl.definition(name).entry))


def places(path: str, group: Group, said: GroupRule) -> Iterator[Place]:
    for name, node in group.children.items():
        if isinstance(node, Field):
            rules: list[FieldRule] | list[GroupRule] = list(said.named_fields.of(name))
        elif isinstance(node, Group):
            rules = [rule for rule in said.named_groups.of(name) if rule.nx_class == node.nx_class]
        else:
            continue
        if len(rules) == 1:
            yield Place(f"{path}/{name}", node, rules[0], group)
            if isinstance(node, Group) and isinstance(rules[0], GroupRule):
                yield from places(f"{path}/{name}", node, rules[0])


Broken = tuple[Group, str]
"""A tree with one thing broken, and where the finding should be."""
Breaker = Callable[[Group, Place], Broken | None]

BREAKERS: dict[str, Breaker] = {}


def breaks(rule: str) -> Callable[[Breaker], Breaker]:
    def keep(breaker: Breaker) -> Breaker:
        BREAKERS[rule] = breaker
        return breaker

    return keep


def required(place: Place) -> bool:
    return place.rule.need == "required" and place.rule.min_occurs == 1


@breaks("missing-field")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.rule, FieldRule) and required(place) and place.rule.name != "definition":
        return tree.without(place.path), f"{place.path.rpartition('/')[0]}/{place.rule.name}"
    return None


@breaks("missing-group")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.rule, GroupRule) and required(place):
        return tree.without(place.path), f"{place.path.rpartition('/')[0]}/{place.rule.called}"
    return None


def attribute_of(place: Place, asked: Callable[[AttributeRule], bool]) -> AttributeRule | None:
    specified = (each for each in place.rule.attributes if each.name_type == "specified")
    return next((each for each in specified if each.name in place.node.attributes and asked(each)), None)


@breaks("missing-attribute")
def _(tree: Group, place: Place) -> Broken | None:
    units = isinstance(place.rule, FieldRule) and place.rule.units
    rule = attribute_of(place, lambda each: each.need == "required" and not (units and each.name == "units"))
    return rule and (tree.without(f"{place.path}@{rule.name}"), f"{place.path}@{rule.name}")


@breaks("missing-link")
def _(tree: Group, place: Place) -> Broken | None:
    for link in place.rule.links if isinstance(place.rule, GroupRule) else ():
        path = f"{place.path}/{link.name}"
        if path in tree and not attribute_of(place, lambda each: each.name == "signal"):
            # else the plot has lost its signal too
            plain = tree.without(path).without(f"{place.path}@axes")
            return plain.put(f"{place.path}/spare", Field([1.0])).put(f"{place.path}@signal", "spare"), path
    return None


@breaks("too-many")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.rule, GroupRule) and place.rule.max_occurs == 1 and place.rule.name is None:
        return tree.put(f"{place.path}_2", place.node), f"{place.path}_2"
    return None


@breaks("wrong-class")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.rule, GroupRule) and place.rule.name_type == "specified" and place.rule.name:
        return tree.put(place.path, Field("a text")), place.path
    return None


def numeric(place: Place) -> bool:
    return isinstance(place.node, Field) and place.node.dtype.kind in "if" and place.rule.type != "NX_CHAR"  # type: ignore[union-attr]


@breaks("wrong-type")
def _(tree: Group, place: Place) -> Broken | None:
    rule = place.rule
    if not isinstance(rule, FieldRule) or not numeric(place) or rule.type == "NX_CHAR_OR_NUMBER":
        return None
    if rule.enumeration is not None or "type" in rule.inherited:
        return None
    return tree.put(
        place.path, Field(np.full(place.field.shape or (), "many"), place.field.attributes)
    ), place.path


@breaks("no-value")
def _(tree: Group, place: Place) -> Broken | None:
    rule = place.rule
    plain = isinstance(rule, FieldRule) and rule.enumeration is None and rule.name != "depends_on"
    if plain and required(place) and place.field.dtype.kind == "U" and place.field.shape == ():
        return tree.put(place.path, Field(" ", place.field.attributes)), place.path
    return None


def with_units(tree: Group, place: Place, units: str | None) -> Broken | None:
    rule = place.rule
    if not isinstance(rule, FieldRule) or not numeric(place) or "units" in rule.inherited:
        return None
    free = ("NX_ANY", "NX_COUNT", "NX_PULSES", "NX_TRANSFORMATION", "NX_UNITLESS", "NX_DIMENSIONLESS")
    if rule.units in (None, *free) or any(each.name == "units" for each in rule.attributes):
        return None
    if units is None:
        return tree.without(f"{place.path}@units"), place.path
    return tree.put(f"{place.path}@units", units), f"{place.path}@units"


@breaks("missing-units")
def _(tree: Group, place: Place) -> Broken | None:
    return with_units(tree, place, None)


@breaks("wrong-units")
def _(tree: Group, place: Place) -> Broken | None:
    return with_units(tree, place, "farad")


@breaks("unknown-units")
def _(tree: Group, place: Place) -> Broken | None:
    return with_units(tree, place, "{units of logged value}")


@breaks("units-spelling")
def _(tree: Group, place: Place) -> Broken | None:
    spelled = {"NX_LENGTH": "Millimeter", "NX_WAVELENGTH": "Angstroms", "NX_ANGLE": "degrees"}
    usual = isinstance(place.rule, FieldRule) and spelled.get(place.rule.units or "")
    return with_units(tree, place, usual.lower() if usual == "Millimeter" else usual) if usual else None


@breaks("wrong-rank")
def _(tree: Group, place: Place) -> Broken | None:
    rule, node = place.rule, place.node
    if isinstance(rule, FieldRule) and isinstance(node, Field) and rule.dimensions and rule.dimensions.number:
        if any(not dim.required for dim in rule.dimensions.dims) or node.shape is None:
            return None
        return tree.put(place.path, Field(node.array[..., np.newaxis], node.attributes)), place.path
    return None


@breaks("wrong-size")
def _(tree: Group, place: Place) -> Broken | None:
    rule, node = place.rule, place.node
    if isinstance(rule, FieldRule) and isinstance(node, Field) and rule.dimensions:
        for dim in rule.dimensions.dims:
            if dim.value and dim.value.isdecimal() and dim.required:
                longer = np.concatenate([node.array] * 2, axis=dim.index - 1)
                return tree.put(place.path, Field(longer, node.attributes)), place.path
    return None


@breaks("symbol-mismatch")
def _(tree: Group, place: Place) -> Broken | None:
    rule, node = place.rule, place.node
    if isinstance(rule, FieldRule) and isinstance(node, Field) and rule.dimensions and node.shape:
        first = rule.dimensions.dims[0] if rule.dimensions.dims else None
        if first is not None and first.required and _shared(tree, first.value) > 2:
            longer = np.concatenate([node.array] * 2)
            return tree.put(place.path, Field(longer, node.attributes)), place.path
    return None


def _shared(tree: Group, symbol: str | None) -> int:
    """How many fields have a length along a symbol."""
    entry = tree["entry/definition"].text  # type: ignore[union-attr]
    rules = (place.rule for place in whole(str(entry))[1] if isinstance(place.rule, FieldRule))
    dims = [dim.value for rule in rules if rule.dimensions for dim in rule.dimensions.dims]
    return dims.count(symbol) if symbol and symbol.isidentifier() else 0


@breaks("not-in-enumeration")
def _(tree: Group, place: Place) -> Broken | None:
    rule = place.rule
    closed = isinstance(rule, FieldRule) and rule.enumeration is not None and not rule.enumeration.open
    if not closed or rule.name == "definition" or "enumeration" in rule.inherited:  # type: ignore[union-attr]
        return None
    node = place.field
    if node.dtype.kind == "U":
        return tree.put(place.path, Field(np.full(node.shape or (), "zz"), node.attributes)), place.path
    return tree.put(place.path, Field(np.full(node.shape or (), 77, node.dtype), node.attributes)), place.path


@breaks("invalid-date")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.rule, FieldRule) and place.rule.type == "NX_DATE_TIME":
        return tree.put(place.path, Field("2021-13-27T10:15:00Z")), place.path
    return None


@breaks("date-without-zone")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.rule, FieldRule) and place.rule.type == "NX_DATE_TIME":
        return tree.put(place.path, Field("2021-05-27T10:15:00")), place.path
    return None


def plots(place: Place) -> tuple[str, tuple[int, ...]] | None:
    """The signal of an NXdata with fields of its own, and its shape."""
    node = place.node
    if not isinstance(node, Group) or node.nx_class != "NXdata" or "signal" not in node.attributes:
        return None
    signal = node.children.get(str(node.attributes["signal"]))
    return (
        (str(node.attributes["signal"]), signal.shape) if isinstance(signal, Field) and signal.shape else None
    )


@breaks("nxdata-signal")
def _(tree: Group, place: Place) -> Broken | None:
    if (
        plots(place)
        and attribute_of(place, lambda each: each.name == "signal" and bool(each.enumeration)) is None
    ):
        return tree.put(f"{place.path}@signal", "nothing"), f"{place.path}@signal"
    return None


def free_axes(place: Place) -> bool:
    return attribute_of(place, lambda each: each.name == "axes" and bool(each.enumeration)) is None


@breaks("nxdata-axes")
def _(tree: Group, place: Place) -> Broken | None:
    known = plots(place)
    if known and free_axes(place):
        axes = np.array(["nothing", *["."] * (len(known[1]) - 1)])
        return tree.put(f"{place.path}@axes", axes), f"{place.path}@axes"
    return None


@breaks("nxdata-length")
def _(tree: Group, place: Place) -> Broken | None:
    known = plots(place)
    if known and free_axes(place):
        axes = np.array(["x_set", *["."] * (len(known[1]) - 1)])
        path = f"{place.path}/x_set"
        return tree.put(f"{place.path}@axes", axes).put(path, Field(np.arange(known[1][0] + 7.0))), path
    return None


def unlinked(tree: Group, place: Place, target: str) -> Broken | None:
    if isinstance(place.rule, FieldRule) and required(place) and place.rule.name != "definition":
        return tree.put(place.path, Link(target)), place.path
    return None


@breaks("broken-link")
def _(tree: Group, place: Place) -> Broken | None:
    return unlinked(tree, place, "/entry/nothing/here")


@breaks("link-loop")
def _(tree: Group, place: Place) -> Broken | None:
    return unlinked(tree, place, place.path)


@breaks("link-not-followed")
def _(tree: Group, place: Place) -> Broken | None:
    broken = unlinked(tree, place, "/entry/there")
    return broken and (tree.put(place.path, Link("/entry/there", "raw.nxs", "external")), place.path)


@breaks("link-elsewhere")
def _(tree: Group, place: Place) -> Broken | None:
    for link in place.rule.links if isinstance(place.rule, GroupRule) else ():
        path = f"{place.path}/{link.name}"
        where = tree.find(path)
        if where is not None and isinstance(tree.group(place.path).children.get(link.name), Link):  # type: ignore[union-attr]
            copy = where[1].with_attributes(target="/entry/stray")  # type: ignore[union-attr]
            return tree.put("/entry/stray", copy).put(path, Link("/entry/stray")), path
    return None


@breaks("link-target")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.rule, FieldRule):
        return tree.put(f"{place.path}@target", "/entry/nothing/here"), f"{place.path}@target"
    return None


@breaks("depends-on")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.node, Group) and place.node.nx_class in ("NXdetector", "NXsample"):
        path = f"{place.path}/depends_on"
        return tree.put(path, Field("transformations/nothing")), path
    return None


@breaks("unknown-class")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.node, Group) and place.rule.concept.count("/") == 0:
        return tree.put(f"{place.path}/strange", Group("NXstrange")), f"{place.path}/strange"
    return None


@breaks("invalid-name")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.node, Group):
        return tree.put(f"{place.path}/P(GPa)", Field(1.0)), f"{place.path}/P(GPa)"
    return None


@breaks("undocumented")
def _(tree: Group, place: Place) -> Broken | None:
    closed = isinstance(place.rule, GroupRule) and not place.rule.named_fields.any
    if closed and place.node.attributes["NX_class"] in ("NXinstrument", "NXdetector", "NXsample"):
        return tree.put(f"{place.path}/zz_zz", Field(1.0)), f"{place.path}/zz_zz"
    return None


@breaks("broken-default")
def _(tree: Group, place: Place) -> Broken | None:
    del place
    return tree.put("/entry@default", "nothing"), "/entry@default"


@breaks("definition-spelling")
def _(tree: Group, place: Place) -> Broken | None:
    spelled = tree["entry/definition"].text.lower()  # type: ignore[union-attr]
    return (
        (tree.put(place.path, Field(spelled, place.field.attributes)), place.path) if is_name(place) else None
    )


@breaks("unknown-definition")
def _(tree: Group, place: Place) -> Broken | None:
    return (tree.put(place.path, Field("NXnothing")), place.path) if is_name(place) else None


def is_name(place: Place) -> bool:
    return place.path == "/entry/definition"


@breaks("unreadable")
def _(tree: Group, place: Place) -> Broken | None:
    broken = unlinked(tree, place, "/")
    return broken and (tree.put(place.path, Unreadable("the filter 32008 is not there")), place.path)


def broken_trees(name: str, rule: str) -> list[Broken]:
    tree, every = whole(name)
    broken = (BREAKERS[rule](tree, place) for place in every)
    return [
        each for each, _ in zip((each for each in broken if each is not None), range(TRIED), strict=False)
    ]


CASES = [(name, rule) for name in CORPUS for rule in BREAKERS if broken_trees(name, rule)]
