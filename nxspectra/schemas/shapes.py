"""An application definition as SHACL shapes, in Turtle, for the structure of a tree as N-Triples.

What the definition recommends and what it leaves to a base class has the severity sh:Warning. SHACL counts
children by class as well as by name; it does not compare the lengths of two fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from nxspectra.nxdl import AttributeRule, Definition, FieldRule, GroupRule, Library, Need
from nxspectra.nxdl.values import DATES, LEAST
from nxspectra.schemas.kinds import (
    DATE,
    Classes,
    Pattern,
    Values,
    always_numbers,
    dtype_words,
    entry_of,
    foreign_units,
    needs_units,
    patterns,
    type_of,
    validated,
    values_of,
)
from nxspectra.schemas.structure import NX, TREE, literal, term

PREFIXES = f"""@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix nx: <{NX}> .
@prefix tree: <{TREE}> .
"""
_TAB = "    "


def shacl(definition: Definition, shelf: Library) -> str:
    """Shapes of a tree in which at least one entry follows `definition`, and every one that does is valid."""
    writer = _Writer(Classes(shelf))
    name = definition.name
    either = f"( <{term('group', 'NXentry')}> [ sh:zeroOrOnePath <{term('group', 'NXsubentry')}> ] )"
    entry = [f"sh:targetClass <{NX}{name}>", *writer.group(entry_of(definition))]
    tree = [
        "sh:targetClass tree:Tree",
        _block(
            "sh:property",
            [
                f"sh:path {either}",
                f"sh:qualifiedValueShape [ sh:class <{NX}{name}> ]",
                "sh:qualifiedMinCount 1",
                f"sh:message {literal(f'no NXentry or NXsubentry says that it follows {name}')}",
            ],
        ),
    ]
    return (
        f"# Shapes of {name}, made by nxspectra from {definition.entry.origin.nxdl}; not to be edited.\n\n"
        f"{PREFIXES}\n{_shape('Tree', name, tree)}\n{_shape('Entry', name, entry)}\n{writer.foreign()}"
    )


def _shape(what: str, name: str, lines: list[str]) -> str:
    body = " ;\n".join(f"{_TAB}{line}".replace("\n", f"\n{_TAB}") for line in lines)
    return f"<{TREE}shape/{name}/{what}> a sh:NodeShape ;\n{body} .\n"


def _block(predicate: str, lines: Iterable[str]) -> str:
    body = " ;\n".join(f"{_TAB}{line}".replace("\n", f"\n{_TAB}") for line in lines)
    return f"{predicate} [\n{body} ;\n]"


class _Writer:
    def __init__(self, classes: Classes) -> None:
        self.classes = classes
        self.units: set[str] = set()

    def foreign(self) -> str:
        """The units that are of another kind, for each category that was met."""
        each = (
            f"{_foreign(category)} a sh:NodeShape ;\n{_TAB}sh:in ("
            f" {' '.join(literal(spelling) for spelling in foreign_units(category))} ) .\n"
            for category in sorted(self.units)
        )
        return "\n".join(each)

    def group(self, rule: GroupRule) -> Iterator[str]:
        """The constraints of a group, as predicates and objects of its shape."""
        rule = validated(rule)
        yield from self._attributes(rule.attributes)
        for name, fields in rule.named_fields.exact.items():
            yield from self._named_field(name, fields[0])
        for names, field in patterns(rule.named_fields):
            yield from self._field_by_pattern(names, field)
        for name, groups in rule.named_groups.exact.items():
            yield from self._named_group(name, groups, rule)
        for names, group in patterns(rule.named_groups):
            yield from self._group_by_pattern(names, group)
        for groups in self.classes.by_class(rule):
            if len(groups) == 1:
                yield from self._group_by_class(groups[0], rule)
            elif required := [each for each in groups if each.need == "required"]:
                # which of several rules of a class is meant cannot be told, only that one of them is
                yield _count(
                    groups[0].called, self._path(groups[0]), "required", len(required), None, "group"
                )
        for link in rule.links:
            yield _there(link.name, "required", "link")

    # -- groups --------------------------------------------------------------------------------

    def _named_group(self, name: str, groups: list[GroupRule], parent: GroupRule) -> Iterator[str]:
        chosen = any(each.name == name and each.need == "required" for each in parent.choices)
        need: Need = "required" if chosen else groups[0].need
        wanted = " or ".join(each.nx_class for each in groups)
        if need != "optional":
            yield _there(name, need, wanted)
        path = f"<{term('child', name)}>"
        if not any(each.nx_class == "NXobject" for each in groups):
            classes = [nx_class for each in groups for nx_class in self.classes.of(each.nx_class)]
            yield _block(
                "sh:property",
                [f"sh:path {path}", self._is(classes), f"sh:message {literal(f'{name}: {wanted} expected')}"],
            )
        if len(groups) > 1:
            for each in groups:
                yield from self._if_class(path, each, None)
        elif inside := list(self.group(groups[0])):
            yield _block("sh:property", [f"sh:path {path}", *inside])

    def _if_class(self, path: str, rule: GroupRule, names: Pattern | None) -> Iterator[str]:
        """What is asked of those of a class, and of a name: the result says only that it is not so."""
        inside = list(self.group(rule))
        if not inside:
            return
        other = [f"[ sh:not [ {self._is(self.classes.of(rule.nx_class))} ] ]"]
        if names is not None:
            other += _otherwise_named(names)
        either = "\n".join([*other, _block("", inside).strip()]).replace("\n", f"\n{_TAB}")
        message = f"this {rule.nx_class} is not as {rule.origin.nxdl}, line {rule.origin.line}, asks"
        yield _block(
            "sh:property",
            [f"sh:path {path}", f"sh:or (\n{_TAB}{either}\n)", f"sh:message {literal(message)}"],
        )

    def _group_by_pattern(self, names: Pattern, rule: GroupRule) -> Iterator[str]:
        but = f" ; sh:not [ {_named(names.taken)} ]" if names.taken else ""
        yield from self._qualified(rule, f"[ {_named(names.own)}{but} ]")
        yield from self._if_class("tree:member", rule, names)

    def _group_by_class(self, rule: GroupRule, parent: GroupRule) -> Iterator[str]:
        claimed = self.classes.claimed(rule, parent)
        if claimed is not None:
            yield from self._qualified(rule, f"[ sh:not [ {_named(claimed)} ] ]")
            yield from self._if_class("tree:member", rule, Pattern("", claimed))
            return
        path = self._path(rule)
        if rule.need != "optional" or rule.max_occurs is not None:
            least = max(rule.min_occurs, 1)
            yield _count(rule.called, path, rule.need, least, rule.max_occurs, rule.nx_class)
        if inside := list(self.group(rule)):
            yield _block("sh:property", [f"sh:path {path}", *inside])

    def _qualified(self, rule: GroupRule, shape: str) -> Iterator[str]:
        """How many there may be of those that have, or have not, such a name."""
        if rule.need == "optional" and rule.max_occurs is None:
            return
        lines = [f"sh:path {self._path(rule)}", f"sh:qualifiedValueShape {shape}"]
        if rule.need != "optional":
            lines.append(f"sh:qualifiedMinCount {max(rule.min_occurs, 1)}")
        if rule.max_occurs is not None:
            lines.append(f"sh:qualifiedMaxCount {rule.max_occurs}")
        lines += _severity(rule.need)
        lines.append(f"sh:message {literal(f'{rule.called}: {rule.need} {rule.nx_class}')}")
        yield _block("sh:property", lines)

    def _path(self, rule: GroupRule) -> str:
        if rule.nx_class == "NXobject":
            return "tree:member"
        paths = [f"<{term('group', nx_class)}>" for nx_class in self.classes.of(rule.nx_class)]
        return paths[0] if len(paths) == 1 else f"[ sh:alternativePath ( {' '.join(paths)} ) ]"

    @staticmethod
    def _is(classes: Iterable[str]) -> str:
        each = " ".join(f"[ sh:class <{NX}{nx_class}> ]" for nx_class in classes)
        return f"sh:or ( {each} )"

    # -- fields --------------------------------------------------------------------------------

    def _named_field(self, name: str, rule: FieldRule) -> Iterator[str]:
        path = f"sh:path <{term('child', name)}>"
        if rule.max_occurs == 0:
            yield _count(name, f"<{term('child', name)}>", "optional", 0, 0, "field")
        elif rule.need != "optional":
            yield _there(name, rule.need, "field")
        message = f"sh:message {literal(f'{name}: a field that can be read expected')}"
        yield _block("sh:property", [path, "sh:class tree:Field", message])
        yield _block("sh:property", [path, *self._field(rule)])

    def _field_by_pattern(self, names: Pattern, rule: FieldRule) -> Iterator[str]:
        no_group = "[ sh:not [ sh:class tree:Field ] ]"
        either = "\n".join(
            [no_group, *_otherwise_named(names), _block("", self._field(rule)).strip()]
        ).replace("\n", f"\n{_TAB}")
        message = f"sh:message {literal(f'not as {rule.name} has to be')}"
        yield _block("sh:property", ["sh:path tree:member", f"sh:or (\n{_TAB}{either}\n)", message])

    def _field(self, rule: FieldRule) -> Iterator[str]:
        """Each thing that is asked of a field."""
        path = "sh:path tree:size"
        yield self._says(rule, "", f"{path} ; sh:minInclusive {int(rule.need == 'required')}", "has no value")
        if (type_of(rule) or "type" in rule.inherited) and (words := dtype_words(rule.type)):
            kinds = " ".join(literal(each) for each in words)
            yield self._says(rule, "type", f"sh:path tree:kind ; sh:in ( {kinds} )", f"{rule.type} expected")
        category, path = rule.units, f"sh:path <{term('attribute', 'units')}>"
        if category is not None and category != "NX_ANY":
            self.units.add(category)
            shape = f"{path} ; sh:not {_foreign(category)}"
            yield self._says(rule, "units", shape, f"a unit of {category} expected")
        if needs_units(rule) and always_numbers(rule):
            yield self._says(rule, "units", f"{path} ; sh:minCount 1", f"has no units; {category} expected")
        if rule.need == "required":
            several = "sh:property [ sh:path tree:size ; sh:minInclusive 2 ]"
            said = f"sh:property [ sh:path tree:value ; sh:pattern {literal(chr(92) + 'S')} ]"
            yield f"sh:or ( [ {several} ] [ {said} ] )"
        if rule.type in DATES and rule.typed:
            shape = f"sh:path tree:value ; sh:pattern {literal(DATE)}"
            yield self._says(rule, "type", shape, "a date and time of ISO 8601 expected")
        yield from self._shape(rule)
        values = values_of(rule.enumeration)
        if values is not None and not values.categories and not values.lists:
            shape = f"sh:path tree:value ; sh:in ( {_listed(values)} )"
            wanted = ", ".join(values.words)
            yield self._says(rule, "enumeration", shape, f"one of {wanted} expected")
        if rule.type in LEAST:
            shape = f"sh:path tree:value ; sh:minInclusive {LEAST[rule.type]}"
            yield self._says(rule, "type", shape, f"{rule.type} expected")
        yield from self._attributes(each for each in rule.attributes if each.name != "units" or not category)

    def _shape(self, rule: FieldRule) -> Iterator[str]:
        dimensions = rule.dimensions
        if dimensions is None:
            return
        asked = []
        if dimensions.number is not None:
            least = dimensions.least or 0
            asked.append(f"sh:path tree:rank ; sh:minInclusive {least} ; sh:maxInclusive {dimensions.number}")
        for dim in dimensions.dims:
            if dim.value and dim.value.isdecimal():
                length = literal(int(dim.value))
                asked.append(f"sh:path <{term('length', str(dim.index))}> ; sh:in ( {length} )")
        if not asked:
            return
        wanted = ", ".join(dim.value or "any" for dim in dimensions.dims)
        message = f"another shape expected: {f'({wanted})' if wanted else f'{dimensions.rank} dimensions'}"
        if dimensions.dims and not any(dim.required for dim in dimensions.dims):
            one = "sh:property [ sh:path tree:size ; sh:maxInclusive 1 ]"
            rank = "sh:property [ sh:path tree:rank ; sh:maxInclusive 1 ]"
            inner = " ; ".join(f"sh:property [ {each} ]" for each in asked)
            yield f"sh:or ( [ {inner} ] [ {rank} ; {one} ] )"
            return
        for each in asked:
            yield self._says(rule, "", each, message)

    @staticmethod
    def _says(rule: FieldRule, aspect: str, shape: str, message: str) -> str:
        severity = " ; sh:severity sh:Warning" if aspect in rule.inherited else ""
        return f"sh:property [ {shape}{severity} ; sh:message {literal(f'{rule.name}: {message}')} ]"

    # -- attributes ----------------------------------------------------------------------------

    @staticmethod
    def _attributes(rules: Iterable[AttributeRule]) -> Iterator[str]:
        for rule in rules:
            if rule.name_type != "specified" or rule.name == "NX_class":
                continue
            path = term("attribute", rule.name)
            if rule.need != "optional":
                yield _count(f"@{rule.name}", f"<{path}>", rule.need, 1, None, "attribute")
            values = values_of(rule.enumeration)
            if values is not None and not values.categories and not values.lists:
                message = literal(f"@{rule.name}: one of {', '.join(values.words)} expected")
                allowed = f"sh:in ( {_listed(values)} )"
                yield _block("sh:property", [f"sh:path <{path}>", allowed, f"sh:message {message}"])


def _listed(values: Values) -> str:
    """Terms for sh:in, which compares terms: a number is an integer or a double."""
    numbers = [each for number in values.numbers for each in (int(number), float(number)) if each == number]
    true = [word.lower() == "true" for word in values.words if word.lower() in ("true", "false")]
    return " ".join(literal(each) for each in [*values.words, *numbers, *true])


def _named(names: str) -> str:
    return f"sh:property [ sh:path tree:name ; sh:pattern {literal(names)} ]"


def _otherwise_named(names: Pattern) -> Iterator[str]:
    """Shapes of what has a name that is not claimed."""
    if names.own:
        yield f"[ sh:not [ {_named(names.own)} ] ]"
    if names.taken:
        yield f"[ {_named(names.taken)} ]"


def _foreign(category: str) -> str:
    """The shape of units of another kind."""
    return f"<{TREE}foreign/{quote(category, safe='')}>"


def _there(name: str, need: Need, what: str) -> str:
    """A child of this name; a link to what was not opened will do."""
    either = f"[ sh:alternativePath ( <{term('child', name)}> <{term('unopened', name)}> ) ]"
    return _count(name, either, need, 1, None, what)


def _count(  # noqa: PLR0917
    name: str, path: str, need: Need, least: int, most: int | None, what: str
) -> str:
    lines = [f"sh:path {path}"]
    if need != "optional" and least:
        lines.append(f"sh:minCount {least}")
    if most is not None:
        lines.append(f"sh:maxCount {most}")
    lines += _severity(need if most is None else "required")
    number = f"at least {least}" if most is None else f"at most {most}"
    return _block("sh:property", [*lines, f"sh:message {literal(f'{name}: {need} {what}, {number}')}"])


def _severity(need: Need) -> list[str]:
    return ["sh:severity sh:Warning"] if need == "recommended" else []
