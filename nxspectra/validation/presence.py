"""Rules about what is there, and how often: groups, fields, attributes and links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from nxspectra.findings import Finding, Severity
from nxspectra.nxdl import AttributeRule, ChoiceRule, FieldRule, GroupRule, LinkRule
from nxspectra.spectra import DEFINITION
from nxspectra.tree import Attribute, Field, Group
from nxspectra.validation.cases import AbsentCase, AttributeCase, FieldCase, GroupCase, Item
from nxspectra.validation.hints import WAYS_OUT, listed, nearest
from nxspectra.validation.policies import REQUIRED_DEPRECATED
from nxspectra.validation.table import (
    DEPRECATED,
    MISSING_ATTRIBUTE,
    MISSING_FIELD,
    MISSING_GROUP,
    MISSING_LINK,
    NO_VALUE,
    TOO_MANY,
    WRONG_CLASS,
    Rule,
)


def missing_fields(case: GroupCase, rule: GroupRule, there: Mapping[int, list[Item]]) -> Iterator[Finding]:
    """Fields that are required or recommended and not there."""
    for field in rule.fields:
        if field.need != "optional" and not there.get(id(field)):
            yield _missing_field(AbsentCase(f"{case.path}/{field.name}", field), case.group)


def missing_links(case: GroupCase, rule: GroupRule) -> Iterator[Finding]:
    """Links that the definition asks for; the thing itself in their place will do."""
    for link in rule.links:
        if link.name not in case.group.children:
            yield _missing_link(AbsentCase(f"{case.path}/{link.name}", link))


def missing_groups(case: GroupCase, rule: GroupRule, there: Mapping[int, list[Item]]) -> Iterator[Finding]:
    """Groups that are required or recommended and not there, and what is required in them."""
    for group in rule.groups:
        number = len(there.get(id(group), ()))
        if group.need == "optional" or number >= max(group.min_occurs, 1):
            continue
        if number:
            path = f"{case.path}/{group.called}"
            yield MISSING_GROUP.found(
                AbsentCase(path, group), f"{number} of at least {group.min_occurs} are there"
            )
        else:
            yield from _missing_group(f"{case.path}/{group.called}", group, _misnamed(case.group, group))


def missing_choices(case: GroupCase, rule: GroupRule, there: Mapping[int, list[Item]]) -> Iterator[Finding]:
    """Choices of which no alternative is there."""
    for choice in rule.choices:
        if choice.need == "required" and not _chosen(choice, rule, there):
            yield MISSING_GROUP.at(
                f"{case.path}/{choice.name}",
                f"required group is missing: one of {', '.join(choice.classes)}",
                choice.origin,
            )


def _chosen(choice: ChoiceRule, rule: GroupRule, there: Mapping[int, list[Item]]) -> bool:
    alternatives = (group for group in rule.groups if group.name == choice.name)
    return any(there.get(id(group)) for group in alternatives)


def missing_attributes(
    path: str, attributes: Mapping[str, Attribute], rules: Iterable[AttributeRule], units: bool = False
) -> Iterator[Finding]:
    """Attributes that are required or recommended and not there; `units` are looked after elsewhere."""
    for rule in rules:
        if rule.need == "optional" or (units and rule.name == "units") or rule.name_type != "specified":
            continue
        if rule.name not in attributes:
            case = AbsentCase(f"{path}@{rule.name}", rule)
            known = "" if rule.enumeration is None else f"; {' or '.join(rule.enumeration.items)} expected"
            yield _missing(MISSING_ATTRIBUTE, case, rule.need, f"{rule.need} attribute is missing{known}")


def too_many(rule: GroupRule, there: Mapping[int, list[Item]]) -> Iterator[Finding]:
    """Groups and fields that are there more often than allowed."""
    limited: tuple[GroupRule | FieldRule, ...] = (*rule.groups, *rule.fields)
    for each in limited:
        items = there.get(id(each), ())
        if each.max_occurs is not None and len(items) > each.max_occurs:
            kind = f"groups of class {each.nx_class}" if isinstance(each, GroupRule) else "fields"
            names = listed(item.name for item in items)
            yield TOO_MANY.at(
                items[each.max_occurs].path,
                f"{len(items)} {kind} where at most {each.max_occurs} may be: {names}; keep the one that"
                " belongs to the spectra, or put the others elsewhere",
                each.origin,
            )


def wrong_class(item: Item, expected: Sequence[GroupRule | FieldRule], base: bool) -> Iterator[Finding]:
    """A group where a field is expected, a field where a group is, or a group of another class."""
    first = expected[0]
    wanted = " or ".join(rule.nx_class if isinstance(rule, GroupRule) else "a field" for rule in expected)
    if isinstance(item.node, Group):
        of_class = item.node.nx_class
        has = f"is a group of class {of_class}" if of_class else "is a group without NX_class"
    else:
        has = "is a field"
    yield WRONG_CLASS.at(
        item.path,
        f"{has}; {wanted} expected",
        first.origin,
        Severity.WARNING if base else None,
    )


def no_value(case: FieldCase) -> Iterator[Finding]:
    """A field without a value: as good as missing if it is required."""
    shape = case.field.shape
    if shape is None:
        what = "has a null data space, so no value"
    elif 0 in shape:
        what = f"is empty, shape {shape}"
    elif case.field.dtype.kind == "U" and (text := case.field.text) is not None and not text.strip():
        what = "is blank"
    else:
        return
    required = case.rule.need == "required" and not case.base
    yield NO_VALUE.found(
        case, f"{what}; write the value, or leave the field out", severity=None if required else Severity.INFO
    )


def deprecated(case: FieldCase | AttributeCase | GroupCase) -> Iterator[Finding]:
    """Something that the standard advises against."""
    rule = case.rule
    if rule is not None and rule.deprecated:
        why = " ".join(rule.deprecated.split())
        contradiction = rule.need == "required" and not case.base
        if contradiction and not isinstance(case, GroupCase):
            case.applied(REQUIRED_DEPRECATED)
        milder = Severity.INFO if case.base or contradiction else None
        yield DEPRECATED.found(case, f"is deprecated: {why}", severity=milder)


def _missing(rule: Rule, case: AbsentCase, need: str, message: str) -> Finding:
    return rule.found(case, message, severity=Severity.WARNING if need == "recommended" else None)


def _missing_field(case: AbsentCase, group: Group | None) -> Finding:
    rule = case.rule
    assert isinstance(rule, FieldRule)  # noqa: S101
    message = f"{rule.need} field is missing"
    way_out = WAYS_OUT.get(rule.concept) if rule.origin.definition == DEFINITION else None
    if way_out or rule.doc:
        message += f": {way_out or _lower(rule.doc)}"
    close = None if group is None else nearest(rule.name, _fields(group))
    if close is not None and close != rule.name:
        message += f". Is it {close}?"
    return _missing(MISSING_FIELD, case, rule.need, message)


def _missing_link(case: AbsentCase) -> Finding:
    rule = case.rule
    assert isinstance(rule, LinkRule)  # noqa: S101
    return MISSING_LINK.found(case, f"required link is missing; it leads to {rule.target}")


def _missing_group(path: str, rule: GroupRule, hint: str = "") -> Iterator[Finding]:
    about = f": {_lower(rule.doc)}" if rule.doc else ""
    message = f"{rule.need} {rule.nx_class} is missing{about}{hint}"
    yield _missing(MISSING_GROUP, AbsentCase(path, rule), rule.need, message)
    if rule.need != "required":
        return
    yield from missing_attributes(path, {}, [each for each in rule.attributes if each.need == "required"])
    for field in rule.fields:
        if field.need == "required":
            yield _missing_field(AbsentCase(f"{path}/{field.name}", field), None)
    for link in rule.links:
        yield _missing_link(AbsentCase(f"{path}/{link.name}", link))
    for group in rule.groups:
        if group.need == "required":
            yield from _missing_group(f"{path}/{group.called}", group)


def _misnamed(group: Group, rule: GroupRule) -> str:
    """A group that has the usual name and not the class."""
    usual = rule.name or rule.nx_class.removeprefix("NX")
    node = group.children.get(usual)
    if isinstance(node, Group) and node.nx_class != rule.nx_class:
        has = f"is of class {node.nx_class}" if node.nx_class else "has no NX_class"
        return f". The group {usual} {has}; give it NX_class {rule.nx_class} if it is the one"
    return ""


def _fields(group: Group) -> list[str]:
    return [name for name, node in group.children.items() if isinstance(node, Field)]


def _lower(doc: str) -> str:
    """A sentence in the middle of another: `Pressure on the sample` -> `pressure on the sample`."""
    return doc[:1].lower() + doc[1:] if doc[1:2].islower() else doc
