"""One entry against one definition: every group and field is matched with the rules for it, then asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from nxspectra import units
from nxspectra.findings import Finding, Severity
from nxspectra.nxdl import AttributeRule, BaseClass, FieldRule, GroupRule, Library, matches_partial
from nxspectra.spectra import DEFINITION
from nxspectra.tree import Attribute, Field, Group, Link, Node, Unreadable
from nxspectra.validation import presence, values
from nxspectra.validation.cases import AttributeCase, Entry, FieldCase, Found, GroupCase, Item
from nxspectra.validation.choosing import closest_field, closest_group
from nxspectra.validation.hints import COMPARED, did_you_mean, listed, nearest, quoted
from nxspectra.validation.links import (
    UNVALIDATED,
    depends_on,
    depends_on_attribute,
    link_elsewhere,
    link_target,
    not_there,
)
from nxspectra.validation.physics import physics
from nxspectra.validation.plots import broken_default, nxdata
from nxspectra.validation.policies import DEFINITION_WINS, PARAMETER_UNITS
from nxspectra.validation.table import (
    INVALID_NAME,
    UNDOCUMENTED,
    UNKNOWN_CLASS,
    UNREADABLE,
    rule_of_unread,
)

HINTS = 50
"""For so many classes that NeXus does not know the nearest that it does is looked for."""
SHOWN = 10
"""So many undocumented items of a group are named one by one."""
SHOWN_NAMES = 50
"""So many names of a group that are not valid are told one by one."""

FIELD_RULES = (
    presence.no_value,
    presence.deprecated,
    values.wrong_type,
    values.missing_units,
    values.wrong_units,
    values.wrong_rank,
    values.wrong_size,
    values.not_in_enumeration,
    values.invalid_date,
    depends_on,
)
ATTRIBUTE_RULES = (
    presence.deprecated,
    values.wrong_attribute_type,
    values.attribute_not_in_enumeration,
    values.invalid_attribute_date,
)

# validItemName of nxdl.xsd
_NAME = re.compile(r"[a-zA-Z0-9_]([a-zA-Z0-9_.]*[a-zA-Z0-9_])?")
LONGEST_NAME = 63

# attributes that NeXus knows for every group or field (nxdl.xsd, fieldType), and what links leave behind
_COMMON = frozenset(
    {
        *("NX_class", "target", "default", "units", "long_name", "signal", "axes", "axis", "primary"),
        *("interpretation", "stride", "data_offset", "offset", "scaling_factor", "calibration_status"),
    }
)


def findings(entry: Entry, group: Group) -> Iterator[Finding]:
    """All findings about an entry."""
    stack = [
        GroupCase(entry, entry.path, group, entry.definition.entry, None, _class(entry, group), (entry.path,))
    ]
    while stack:
        found, below = _group(stack.pop())
        yield from found
        stack.extend(reversed(below))
    declared = entry.definition.symbols
    for (symbol, _), lengths in entry.lengths.items():
        yield from values.symbol_mismatch(symbol, lengths, symbol in declared)
    if DEFINITION in entry.definition.lineage:
        yield from physics(entry)
    for path, reason in entry.unread.items():
        yield UNREADABLE.at(path, reason, entry.definition.entry.origin)
    yield from entry.policies.findings()


def of_root(root: Group, library: Library) -> Iterator[Finding]:
    """What can be said of the file itself, by the base class NXroot."""
    base = library.base_class("NXroot")
    for name, value in root.attributes.items():
        path = f"/@{name}"
        rule = None if base is None else base.rule.named_attributes.first(name)
        if isinstance(value, Unreadable):
            yield _unread_attribute(path, value)
        elif rule is not None:
            asked = AttributeCase(None, path, value, rule, base=True)
            yield from (finding for check in ATTRIBUTE_RULES for finding in check(asked))
    for name, node in root.children.items():
        if isinstance(node, Unreadable):
            yield rule_of_unread(node.rule).at(f"/{name}", node.reason)
    yield from _names("", root)


def _group(case: GroupCase) -> tuple[Found, list[GroupCase]]:
    """What is found about one group and the fields in it, and the groups below."""
    found: Found = []
    items = {name: _item(case, name, node) for name, node in case.group.children.items()}
    found += presence.deprecated(case)
    found += broken_default(case.path, case.group)
    found += _attributes(case)
    there: dict[int, list[Item]] = {}
    below: list[GroupCase] = []
    strangers: list[Item] = []
    for item in items.values():
        if isinstance(item.node, Group):
            found += _child_group(case, item, there, below, strangers)
        elif isinstance(item.node, Field):
            found += _child_field(case, item, item.node, there, strangers)
        else:
            found += not_there(case, item, _asked(case, item, there))
        found += link_target(case, item)
        found += depends_on_attribute(case, item)
    if case.rule is not None:
        found += presence.missing_fields(case, case.rule, there)
        found += presence.missing_links(case, case.rule)
        for link in case.rule.links:
            found += link_elsewhere(case, link)
        found += presence.missing_groups(case, case.rule, there)
        found += presence.missing_choices(case, case.rule, there)
        found += presence.too_many(case.rule, there)
    if case.group.nx_class == "NXdata":
        found += nxdata(case, items)
    found += _names(case.path, case.group)
    found += _undocumented(case, strangers, there)
    return found, below


def _item(case: GroupCase, name: str, node: Node) -> Item:
    path = f"{case.path}/{name}"
    if isinstance(node, Link):
        return Item(name, path, case.entry.root.get(path), node)
    return Item(name, path, node, None)


# -- groups ------------------------------------------------------------------------------------


def _child_group(
    case: GroupCase, item: Item, there: dict[int, list[Item]], below: list[GroupCase], strangers: list[Item]
) -> Found:
    group = item.node
    assert isinstance(group, Group)  # noqa: S101
    nx_class = group.nx_class
    rule = known = None
    found: Found = []
    if case.rule is not None:
        rule, expected = _group_rule(case.entry, case.rule, item.name, group, there)
        if rule is not None:
            there.setdefault(id(rule), []).append(item)
            _beside_base_group(case, item, group, rule)
        elif expected:
            found += presence.wrong_class(item, expected, base=False)
            for each in expected:
                there.setdefault(id(each), []).append(item)
            return found
    base = _class(case.entry, group)
    if rule is None:
        for said in case.said[1 if case.rule is not None else 0 :]:
            known, expected = _group_rule(case.entry, said, item.name, group)
            if known is None and expected and nx_class is not None:
                found += presence.wrong_class(item, expected, base=True)
                return found
            if known is not None:
                break
        if nx_class is None or (known is None and base is not None and "group" not in _extra(case)):
            strangers.append(item)
    if nx_class is not None and base is None:
        hints = case.entry.hints
        if nx_class not in hints:
            names = case.entry.library.files if len(hints) < HINTS else ()
            hints[nx_class] = did_you_mean(nx_class, names)
        found.append(
            UNKNOWN_CLASS.at(
                item.path, f"is of the class {quoted(nx_class)}, which NeXus does not know{hints[nx_class]}"
            )
        )
    if _descends(group, item.link, rule, base):
        # only rules of the definition share symbols, and files nest deep
        chain = case.chain if rule is None else (*case.chain, item.path)
        below.append(GroupCase(case.entry, item.path, group, rule, known, base, chain))
    return found


def _beside_base_group(case: GroupCase, item: Item, group: Group, rule: GroupRule) -> None:
    """Note where the definition has a place for a group and the base class has none."""
    base = None if case.nx_class is None else case.nx_class.rule
    if base is None or "group" in base.extra:
        return
    if _group_rule(case.entry, base, item.name, group)[0] is None:
        case.entry.policies.note(DEFINITION_WINS, item.path, rule.origin)


def _descends(group: Group, link: Link | None, rule: GroupRule | None, base: BaseClass | None) -> bool:
    if group.nx_class == UNVALIDATED or (rule is None and (base is None or link is not None)):
        return False
    # a subentry with its own definition is validated on its own
    return not (group.nx_class == "NXsubentry" and "definition" in group.children)


def _group_rule(
    entry: Entry,
    said: GroupRule,
    name: str,
    group: Group,
    there: Mapping[int, list[Item]] = MappingProxyType({}),
) -> tuple[GroupRule | None, Sequence[GroupRule | FieldRule]]:
    """The rule for a group of that name and class; if none fits, those that claim the name."""
    lineage = entry.lineage(group.nx_class)
    claimed: list[GroupRule | FieldRule] = []
    fitting: list[GroupRule] = []
    for rule in said.named_groups.of(name):
        if rule.nx_class in lineage:
            if rule.name_type == "specified" and rule.name is not None:
                return rule, ()
            if not fitting or _as_close(rule, fitting[0]):
                fitting.append(rule)
        elif rule.name_type == "specified" and rule.name is not None:
            claimed.append(rule)
    if fitting:
        return fitting[0] if len(fitting) == 1 else closest_group(fitting, name, group, there), ()
    if not claimed:
        claimed += said.named_fields.exact.get(name, ())
    return None, claimed


def _as_close(rule: GroupRule, other: GroupRule) -> bool:
    """Do two names with letters to be filled in leave it open which of them is meant?"""
    fixed = [re.sub("[A-Z]+", "*", each.name or "*") for each in (rule, other)]
    return rule.name_type == other.name_type and (rule.name_type == "any" or fixed[0] == fixed[1])


def _class(entry: Entry, group: Group) -> BaseClass | None:
    nx_class = group.nx_class
    return None if nx_class is None else entry.library.base_class(nx_class)


# -- fields ------------------------------------------------------------------------------------


def _child_field(
    case: GroupCase, item: Item, field: Field, there: dict[int, list[Item]], strangers: list[Item]
) -> Found:
    for said in case.said:
        own = said is case.rule
        candidates = said.named_fields.of(item.name)
        rule = candidates[0] if candidates else None
        several = len(candidates) > 1 and candidates[0].name_type == "any"
        if several and own:
            rule = closest_field(candidates, item.name, field, there)
        if rule is None:
            claimed = said.named_groups.exact.get(item.name)
            if claimed:
                if own:
                    for each in claimed:
                        there.setdefault(id(each), []).append(item)
                return list(presence.wrong_class(item, claimed, base=not own))
            continue
        if own:
            there.setdefault(id(rule), []).append(item)
        elif rule.name_type == "any":
            _any_units(case, item, field, rule)
            return []
        asked = FieldCase(case.entry, item.path, field, rule, not own, case.group, case.chain)
        return _field(asked, case, sure=not several)
    if case.rule is not None and any(link.name == item.name for link in case.rule.links):
        return []
    if "field" not in _extra(case):
        strangers.append(item)
    return []


def _any_units(case: GroupCase, item: Item, field: Field, rule: FieldRule) -> None:
    """A field under a free name of a base class has any unit; said where it is none that is known."""
    spelling = field.units
    if rule.units is None and spelling and units.parse(spelling) is None and field.dtype.kind in "iufc":
        case.entry.policies.note(PARAMETER_UNITS, f"{item.path}@units", rule.origin)


def _field(case: FieldCase, group: GroupCase, *, sure: bool) -> Found:
    """`sure` is whether no other rule could be meant by the name."""
    found: Found = []
    for rule in FIELD_RULES:
        found += rule(case)
    if not case.base:
        if sure:
            values.remember_lengths(case)
        case.entry.concepts.setdefault(case.rule.concept, []).append(case)
        attributes = case.field.attributes
        found += presence.missing_attributes(
            case.path, attributes, case.rule.attributes, bool(case.rule.units)
        )
        _beside_base(case, group)
    for name, value in case.field.attributes.items():
        found += _attribute(f"{case.path}@{name}", name, value, case, group)
    return found


def _beside_base(case: FieldCase, group: GroupCase) -> None:
    """Note where the definition lists a value that the base class does not."""
    if case.rule.enumeration is None or group.nx_class is None or "enumeration" in case.rule.inherited:
        return
    for known in group.nx_class.rule.named_fields.exact.get(case.rule.name, ()):
        listed_there = known.enumeration
        if listed_there is None or listed_there.open or listed_there.items == case.rule.enumeration.items:
            continue
        value = case.value
        if value is None or values.item_of(value, listed_there):
            continue
        if values.item_of(value, case.rule.enumeration):
            case.applied(DEFINITION_WINS)


# -- attributes --------------------------------------------------------------------------------


def _attributes(case: GroupCase) -> Found:
    found: Found = []
    strangers: list[str] = []
    if case.rule is not None:
        found += presence.missing_attributes(case.path, case.group.attributes, case.rule.attributes)
    for name, value in case.group.attributes.items():
        if isinstance(value, Unreadable):
            found.append(_unread_attribute(f"{case.path}@{name}", value))
            continue
        for said in case.said:
            rule = said.named_attributes.first(name)
            if rule is not None:
                attribute = AttributeCase(
                    case.entry, f"{case.path}@{name}", value, rule, said is not case.rule
                )
                for check in ATTRIBUTE_RULES:
                    found += check(attribute)
                break
        else:
            if name not in _COMMON:
                strangers.append(name)
    if "attribute" not in _extra(case):
        known = [rule.name for said in case.said for rule in said.attributes]
        found += [_unknown(case, f"{case.path}@{name}", name, known) for name in strangers[:SHOWN]]
        found += _more(case, strangers[SHOWN:], "attributes")
    return found


def _attribute(path: str, name: str, value: Attribute, case: FieldCase, group: GroupCase) -> Found:
    if isinstance(value, Unreadable):
        return [_unread_attribute(path, value)]
    rules = [case.rule]
    if not case.base and group.nx_class is not None:
        rules += group.nx_class.rule.named_fields.exact.get(case.rule.name, [])
    for rule in rules:
        for attribute in rule.attributes:
            if _stands_for(attribute, name):
                asked = AttributeCase(case.entry, path, value, attribute, case.base or rule is not case.rule)
                if name == "units":
                    return list(values.units_not_in_enumeration(asked))
                return [finding for check in ATTRIBUTE_RULES for finding in check(asked)]
    return []


def _stands_for(rule: AttributeRule, name: str) -> bool:
    if rule.name_type == "partial":
        return matches_partial(rule.name, name)
    return rule.name == name or (rule.name_type == "any" and name not in _COMMON)


def _unread_attribute(path: str, value: Unreadable) -> Finding:
    """An attribute that could not be read stands in the tree as Unreadable, as objects do."""
    return rule_of_unread(value.rule).at(path, value.reason, severity=Severity.WARNING)


# -- what is left ------------------------------------------------------------------------------


def _asked(case: GroupCase, item: Item, there: dict[int, list[Item]]) -> bool:
    """Does the definition ask for what is not to be seen here? Then it counts as there."""
    if case.rule is None:
        return False
    asked = any(link.name == item.name for link in case.rule.links)
    for rules in (case.rule.named_fields, case.rule.named_groups):
        for rule in rules.exact.get(item.name, ()):
            there.setdefault(id(rule), []).append(item)
            asked = True
    return asked


def _names(path: str, group: Group) -> Iterator[Finding]:
    """Names of what is in a group, of its attributes, and of those of its fields."""
    faults = [(f"{path}/{name}", why) for name in group.children if (why := _name_fault(name)) is not None]
    holders = [(path or "/", group.attributes)]
    holders += [
        (f"{path}/{name}", node.attributes)
        for name, node in group.children.items()
        if isinstance(node, Field)
    ]
    for where, attributes in holders:
        faults += [(f"{where}@{name}", why) for name in attributes if (why := _name_fault(name)) is not None]
    for where, why in faults[:SHOWN_NAMES]:
        yield INVALID_NAME.at(where, why)
    if len(faults) > SHOWN_NAMES:
        yield INVALID_NAME.at(path or "/", f"has {len(faults) - SHOWN_NAMES} more names that are not valid")


@lru_cache(maxsize=4096)
def _name_fault(name: str) -> str | None:
    if not _NAME.fullmatch(name):
        return "is not a valid NeXus name; letters, digits, underscores and inner dots are"
    if len(name) > LONGEST_NAME:
        return f"is a name of {len(name)} letters; at most {LONGEST_NAME} are allowed"
    return None


def _extra(case: GroupCase) -> set[str]:
    """What may be there without being named."""
    return {kind for said in case.said for kind in said.extra}


def _undocumented(case: GroupCase, strangers: list[Item], there: dict[int, list[Item]]) -> Iterator[Finding]:
    """Items that no rule knows; the first few one by one, and every one that may be something missing."""
    if not strangers:
        return
    missing: list[str] = []
    known: list[str] = []
    for number, said in enumerate(case.said):
        names = [rule.name for rule in said.fields]
        known += names
        if number == 0 and case.rule is not None:
            missing = [rule.name for rule in said.fields if not there.get(id(rule))]
    offered, rest = 0, []
    for number, item in enumerate(strangers):
        look = isinstance(item.node, Field) and number < COMPARED and offered < SHOWN
        close = nearest(item.name, missing) if look else None
        if close is not None:
            offered += 1
            yield UNDOCUMENTED.at(
                item.path, f"{_not_known(case)}; did you mean {close}, which is missing?", case.origin
            )
        elif number >= SHOWN:
            rest.append(item.name)
        elif isinstance(item.node, Group) and item.node.nx_class is None:
            yield UNDOCUMENTED.at(item.path, "is a group without NX_class, so what is in it is not validated")
        else:
            yield _unknown(case, item.path, item.name, known if isinstance(item.node, Field) else ())
    yield from _more(case, rest, "items")


def _more(case: GroupCase, names: list[str], what: str) -> Iterator[Finding]:
    if names:
        where = case.group.nx_class or "this group"
        yield UNDOCUMENTED.at(
            case.path, f"has {len(names)} more {what} that are not known in {where}: {listed(names)}"
        )


def _unknown(case: GroupCase, path: str, name: str, known: Sequence[str]) -> Finding:
    return UNDOCUMENTED.at(path, f"{_not_known(case)}{did_you_mean(name, known)}", case.origin)


def _not_known(case: GroupCase) -> str:
    where = case.group.nx_class or "this group"
    return f"is not known in {where}"
