"""One entry against one definition: every group and field is matched with the rules for it, then asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nxspectra.findings import Finding, Severity
from nxspectra.nxdl import BaseClass, FieldRule, GroupRule
from nxspectra.spectra import DEFINITION
from nxspectra.tree import Attribute, Field, Group, Link, Node, Unreadable
from nxspectra.validation import presence, values
from nxspectra.validation.cases import AttributeCase, Entry, FieldCase, Found, GroupCase, Item
from nxspectra.validation.hints import COMPARED, did_you_mean, listed, nearest, quoted
from nxspectra.validation.physics import physics
from nxspectra.validation.plots import broken_default, nxdata
from nxspectra.validation.table import (
    BROKEN_LINK,
    INVALID_NAME,
    LINK_NOT_FOLLOWED,
    UNDOCUMENTED,
    UNKNOWN_CLASS,
    UNREADABLE,
)

UNVALIDATED = "NXcollection"
"""Its content is never validated: NeXus manual, base class NXcollection."""
HINTS = 50
"""For so many classes that NeXus does not know the nearest that it does is looked for."""
SHOWN = 10
"""So many undocumented items of a group are named one by one."""

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
            found += _not_there(case, item, there)
    if case.rule is not None:
        found += presence.missing_fields(case, case.rule, there)
        found += presence.missing_links(case, case.rule)
        found += presence.missing_groups(case, case.rule, there)
        found += presence.missing_choices(case, case.rule, there)
        found += presence.too_many(case.rule, there)
    if case.group.nx_class == "NXdata":
        found += nxdata(case, items)
    found += _names(case)
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
        rule, expected = _group_rule(case.entry, case.rule, item.name, nx_class)
        if rule is not None:
            there.setdefault(id(rule), []).append(item)
        elif expected:
            found += presence.wrong_class(item, expected, base=False)
            for each in expected:
                there.setdefault(id(each), []).append(item)
            return found
    base = _class(case.entry, group)
    if rule is None:
        for said in case.said[1 if case.rule is not None else 0 :]:
            known, expected = _group_rule(case.entry, said, item.name, nx_class)
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


def _descends(group: Group, link: Link | None, rule: GroupRule | None, base: BaseClass | None) -> bool:
    if group.nx_class == UNVALIDATED or (rule is None and (base is None or link is not None)):
        return False
    # a subentry with its own definition is validated on its own
    return not (group.nx_class == "NXsubentry" and "definition" in group.children)


def _group_rule(
    entry: Entry, said: GroupRule, name: str, nx_class: str | None
) -> tuple[GroupRule | None, Sequence[GroupRule | FieldRule]]:
    """The rule for a group of that name and class; if none fits, those that claim the name."""
    names = said.named_groups
    claimed: list[GroupRule | FieldRule] = []
    for rule in names.of(name):
        if entry.is_a(nx_class, rule.nx_class):
            return rule, ()
        if rule.name_type == "specified" and rule.name is not None:
            claimed.append(rule)
    if not claimed:
        claimed += said.named_fields.exact.get(name, ())
    return None, claimed


def _class(entry: Entry, group: Group) -> BaseClass | None:
    nx_class = group.nx_class
    return None if nx_class is None else entry.library.base_class(nx_class)


# -- fields ------------------------------------------------------------------------------------


def _child_field(
    case: GroupCase, item: Item, field: Field, there: dict[int, list[Item]], strangers: list[Item]
) -> Found:
    for said in case.said:
        rule = next(said.named_fields.of(item.name), None)
        own = said is case.rule
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
            return []
        return _field(FieldCase(case.entry, item.path, field, rule, not own, case.group, case.chain), case)
    if case.rule is not None and any(link.name == item.name for link in case.rule.links):
        return []
    if "field" not in _extra(case):
        strangers.append(item)
    return []


def _field(case: FieldCase, group: GroupCase) -> Found:
    found: Found = []
    for rule in FIELD_RULES:
        found += rule(case)
    if not case.base:
        values.remember_lengths(case)
        case.entry.concepts.setdefault(case.rule.concept, []).append(case)
        attributes = case.field.attributes
        found += presence.missing_attributes(
            case.path, attributes, case.rule.attributes, bool(case.rule.units)
        )
    for name, value in case.field.attributes.items():
        found += _attribute(f"{case.path}@{name}", name, value, case, group)
    return found


# -- attributes --------------------------------------------------------------------------------


def _attributes(case: GroupCase) -> Found:
    found: Found = []
    strangers: list[str] = []
    if case.rule is not None:
        found += presence.missing_attributes(case.path, case.group.attributes, case.rule.attributes)
    for name, value in case.group.attributes.items():
        unread = _unread_attribute(f"{case.path}@{name}", value)
        if unread is not None:
            found.append(unread)
            continue
        for said in case.said:
            rule = next(said.named_attributes.of(name), None)
            if rule is not None:
                attribute = AttributeCase(f"{case.path}@{name}", value, rule, said is not case.rule)
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
    unread = _unread_attribute(path, value)
    if unread is not None:
        return [unread]
    rules = [case.rule]
    if not case.base and group.nx_class is not None:
        rules += group.nx_class.rule.named_fields.exact.get(case.rule.name, [])
    for rule in rules:
        for attribute in rule.attributes:
            if attribute.name == name:
                if name == "units" and rule.units:
                    return []
                asked = AttributeCase(path, value, attribute, case.base or rule is not case.rule)
                return [finding for check in ATTRIBUTE_RULES for finding in check(asked)]
    return []


def _unread_attribute(path: str, value: object) -> Finding | None:
    """An attribute that could not be read stands in the tree as Unreadable, as objects do."""
    if isinstance(value, Unreadable):
        return UNREADABLE.at(path, value.reason, severity=Severity.WARNING)
    return None


# -- what is left ------------------------------------------------------------------------------


def _not_there(case: GroupCase, item: Item, there: dict[int, list[Item]]) -> Found:
    """A link that leads nowhere or out of the file, or an object that cannot be read."""
    asked = False
    if case.rule is not None:
        for rules in (case.rule.named_fields, case.rule.named_groups):
            for rule in rules.exact.get(item.name, ()):
                there.setdefault(id(rule), []).append(item)
                asked = True
        asked = asked or any(link.name == item.name for link in case.rule.links)
    severity = None if asked else Severity.WARNING
    node, link = item.node, item.link
    if isinstance(node, Unreadable):
        return [UNREADABLE.at(item.path, node.reason, case.origin if asked else None, severity)]
    if isinstance(node, Link):
        return [
            LINK_NOT_FOLLOWED.at(
                item.path, f"is a link to {node.target} in another file ({node.file}), which was not opened"
            )
        ]
    target = link.target if link is not None else ""
    if _unread(case.entry.root, item.path, target):
        return [
            LINK_NOT_FOLLOWED.at(item.path, f"is a link to {target} in an NXcollection, which was not read")
        ]
    return [
        BROKEN_LINK.at(
            item.path,
            f"is a link to {target}, where there is nothing; mend the link, or put the value here",
            case.origin if asked else None,
            severity,
        )
    ]


def _unread(root: Group, path: str, target: str) -> bool:
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


def _names(case: GroupCase) -> Iterator[Finding]:
    for name in case.group.children:
        if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
            why = (
                f"is longer than {LONGEST_NAME} letters"
                if _NAME.fullmatch(name)
                else "is not a valid NeXus name"
            )
            yield INVALID_NAME.at(
                f"{case.path}/{name}", f"{why}; letters, digits, underscores and inner dots are"
            )


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
