"""Which rule is meant, where several stand for any name: the one whose other demands are met.

A group of NXcanSAS may hold two kinds of NXdata under free names, told apart by an attribute; NXstress
has two kinds of axes, told apart by their type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nxspectra import units
from nxspectra.nxdl import FieldRule, GroupRule
from nxspectra.tree import Field, Group
from nxspectra.validation.cases import Item
from nxspectra.validation.values import item_of, type_fault


def closest_group(
    rules: Sequence[GroupRule], name: str, group: Group, there: Mapping[int, list[Item]]
) -> GroupRule:
    """The rule whose listed attributes have the listed values; then one called so, or still to be met."""
    return max(
        rules,
        key=lambda rule: (
            _agreeing(rule, group),
            _alike(rule.name or rule.nx_class.removeprefix("NX"), name),
            rule.need == "required" and not there.get(id(rule)),
        ),
    )


def _agreeing(rule: GroupRule, group: Group) -> int:
    agreeing = 0
    for each in rule.attributes:
        if each.enumeration is not None and not each.enumeration.open and each.name in group.attributes:
            value = np.asarray(group.attributes[each.name])
            agreeing += 1 if item_of(value, each.enumeration) else -1
    return agreeing


def closest_field(
    rules: Sequence[FieldRule], name: str, field: Field, there: Mapping[int, list[Item]]
) -> FieldRule:
    """The rule whose type, rank and units fit; then one that is still to be met, or is called so."""
    return max(
        rules,
        key=lambda rule: (
            _fits(rule, field),
            _alike(rule.name, name),
            rule.need == "required" and not there.get(id(rule)),
        ),
    )


def _fits(rule: FieldRule, field: Field) -> bool:
    if type_fault(field.dtype.kind, rule.type) is not None:
        return False
    rank = None if rule.dimensions is None else rule.dimensions.number
    if rank is not None and field.shape is not None and len(field.shape) != rank:
        return False
    return rule.units is None or field.units is None or units.fits(field.units, rule.units)


def _alike(pattern: str, name: str) -> bool:
    return pattern.lower() in name.lower()
