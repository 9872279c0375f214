"""An application definition as a JSON Schema (draft 2020-12) for the JSON form of a tree.

The schema asks what is a violation when it is broken. JSON Schema can neither count the children that are
known by their class, nor compare the lengths of two fields, nor take a unit apart; what it cannot ask stands
under `x-nexus`, which a validator passes over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from nxspectra.nxdl import AttributeRule, Definition, Dimensions, FieldRule, GroupRule, Library, Origin
from nxspectra.nxdl.values import DATES, KINDS, LEAST
from nxspectra.schemas.kinds import (
    DATE,
    NUMBERS,
    Classes,
    Values,
    always_numbers,
    dtype_pattern,
    entry_of,
    foreign_units,
    names_definition,
    needs_units,
    patterns,
    type_of,
    units_of,
    validated,
    values_of,
)

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
ENTRIES = ("NXentry", "NXsubentry")
_ELSEWHERE: Schema = {
    "title": "a link to what was not opened",
    "required": ["unopened"],
    "properties": {"unopened": {"type": "string"}},
}
_ABSENT: Schema = {
    "title": "a link to what was not opened, or a null data space",
    "anyOf": [
        {"$ref": "#/$defs/elsewhere"},
        {"required": ["dtype", "shape"], "properties": {"shape": {"type": "null"}}},
    ],
}
_FIELD: Schema = {
    "type": "object",
    "required": ["dtype", "shape"],
    "properties": {
        "dtype": {"type": "string"},
        "shape": {"type": ["array", "null"], "items": {"type": "integer", "minimum": 0}},
    },
}


def json_schema(definition: Definition, shelf: Library) -> Schema:
    """The schema of a tree with at least one entry that follows `definition`, each of which is valid."""
    return _Writer(Classes(shelf)).root(definition)


class _Writer:
    def __init__(self, classes: Classes) -> None:
        self.classes = classes
        self.defs: dict[str, Schema] = {"elsewhere": _ELSEWHERE, "absent": _ABSENT, "field": _FIELD}

    def root(self, definition: Definition) -> Schema:
        name = definition.name
        self.defs["entry"] = self.group(entry_of(definition), ENTRIES)
        named: Schema = {"$ref": "#/$defs/names"}
        self.defs["names"] = {
            "title": f"{name}, or a list with it",
            "anyOf": [
                {"type": "string", "pattern": names_definition(name)},
                {"type": "array", "contains": named},
            ],
        }
        self.defs["follows"] = {
            "title": f"an entry that says it follows {name}",
            "type": "object",
            "required": ["@NX_class", "definition"],
            "properties": {
                "@NX_class": {"enum": list(ENTRIES)},
                "definition": {
                    "type": "object",
                    "required": ["value"],
                    "properties": {"value": named},
                },
            },
        }
        follows, entry = {"$ref": "#/$defs/follows"}, {"$ref": "#/$defs/entry"}
        checked = {"if": follows, "then": entry}
        inside = _somewhere(follows)
        return {
            "$schema": DRAFT,
            "title": name,
            "description": f"The JSON form of a NeXus tree with an entry that follows {name}.",
            "$comment": f"Made by nxspectra from {definition.entry.origin.nxdl}; not to be edited.",
            "type": "object",
            "allOf": [
                {
                    "title": f"an NXentry or NXsubentry whose definition is {name}",
                    **_somewhere({"type": "object", "anyOf": [follows, inside]}),
                }
            ],
            "additionalProperties": {"allOf": [checked, {"additionalProperties": checked}]},
            "$defs": self.defs,
        }

    # -- groups --------------------------------------------------------------------------------

    def group(self, rule: GroupRule, classes: Iterable[str] | None = None) -> Schema:
        rule = validated(rule)
        required = ["@NX_class"]
        properties: dict[str, Schema] = {
            "@NX_class": {"enum": list(classes or self.classes.of(rule.nx_class))}
        }
        schema: Schema = {
            "type": "object",
            **_said(rule.doc, rule.nx_class, rule.deprecated),
            "x-nexus": _extra(rule, rule.origin, {"class": rule.nx_class}),
            "required": required,
            "properties": properties,
        }
        self._attributes(rule.attributes, schema)
        for name, fields in rule.named_fields.exact.items():
            properties[name] = False if fields[0].max_occurs == 0 else self.field(fields[0])  # type: ignore[assignment]
            if fields[0].need == "required":
                required.append(name)
        for name, groups in rule.named_groups.exact.items():
            properties[name] = _one_of([self._opened(self.group(each)) for each in groups])
            if any(each.need == "required" for each in groups):
                required.append(name)
        required += [link.name for link in rule.links if link.name not in required]
        required += [each.name for each in rule.choices if each.need == "required"]
        by_pattern = schema.get("patternProperties", {})
        by_pattern.update(self._partial(rule))
        if by_pattern:
            schema["patternProperties"] = by_pattern
        cases = list(self._cases(rule))
        if cases:
            schema["additionalProperties"] = cases[0] if len(cases) == 1 else {"allOf": cases}
        somewhere = list(self._somewhere(rule))
        if somewhere:
            schema["allOf"] = somewhere
        return schema

    def _partial(self, rule: GroupRule) -> Iterator[tuple[str, Schema]]:
        """By expression for names: the rules for fields, and for groups of the right class."""
        for names, field in patterns(rule.named_fields):
            yield names.alone, {"if": {"$ref": "#/$defs/field"}, "then": self.field(field)}
        for names, group in patterns(rule.named_groups):
            # a field and a group may share an expression
            yield f"({names.alone})", {"if": self._of_class(group), "then": self.group(group)}

    def _cases(self, rule: GroupRule) -> Iterator[Schema]:
        """For what no name claims: the rules by class, and that for any field."""
        for groups in self.classes.by_class(rule):
            asked = [self.group(each) for each in groups]
            then = asked[0] if len(asked) == 1 else {"anyOf": asked}
            yield {"if": self._of_class(groups[0]), "then": then}
        for field in rule.named_fields.any[:1]:
            yield {"if": {"$ref": "#/$defs/field"}, "then": self.field(field)}

    def _somewhere(self, rule: GroupRule) -> Iterator[Schema]:
        """That there is at least one, where only its class or a pattern is known."""
        for group in rule.named_groups.any:
            if group.need == "required":
                yield {
                    "title": f"at least one {group.nx_class}",
                    **_somewhere(self._of_class(group), self.classes.claimed(group, rule)),
                }
        for names, group in patterns(rule.named_groups):
            if group.need == "required":
                title = f"at least one {group.nx_class} named like {group.name}"
                yield {
                    "title": title,
                    "not": {"patternProperties": {names.alone: {"not": self._of_class(group)}}},
                }
        for names, field in patterns(rule.named_fields):
            if field.need == "required":
                title = f"at least one field named like {field.name}"
                yield {
                    "title": title,
                    "not": {"patternProperties": {names.alone: {"not": {"$ref": "#/$defs/field"}}}},
                }
        for field in rule.named_fields.any:
            if field.need == "required":
                claimed = "|".join(f"({names.alone})" for names, _ in patterns(rule.named_fields))
                exact = "|".join(f"^{name}$" for name in rule.named_fields.exact)
                closer = "|".join(filter(None, (claimed, exact))) or None
                yield {
                    "title": "at least one field of its own name",
                    **_somewhere({"$ref": "#/$defs/field"}, closer),
                }

    def _of_class(self, rule: GroupRule) -> Schema:
        classes = self.classes.of(rule.nx_class)
        # is_a: anything with a class is an NXobject
        allowed: Schema = {"type": "string"} if rule.nx_class == "NXobject" else {"enum": list(classes)}
        return {"type": "object", "required": ["@NX_class"], "properties": {"@NX_class": allowed}}

    @staticmethod
    def _opened(schema: Schema) -> Schema:
        return {"if": {"$ref": "#/$defs/elsewhere"}, "else": schema}

    # -- fields --------------------------------------------------------------------------------

    def field(self, rule: FieldRule) -> Schema:
        required = ["dtype", "shape"]
        properties: dict[str, Schema] = {"dtype": {"type": "string"}, "shape": _shape(rule)}
        body: Schema = {"type": "object", "required": required, "properties": properties}
        kind = type_of(rule)
        if kind is not None and (words := dtype_pattern(kind)) is not None:
            properties["dtype"]["pattern"] = words
        values = values_of(None if "enumeration" in rule.inherited else rule.enumeration)
        tests = [self._values(values)] if values else []
        if kind in LEAST:
            tests.append(self._each(f"{kind}.value", {"type": "integer", "minimum": LEAST[kind]}))
        if kind in DATES:
            tests.append(self._each("date.value", {"type": "string", "pattern": DATE}))
        if rule.need == "required":
            blank: Schema = {"type": "string", "pattern": r"^\s*$"}
            tests.append({"not": blank})
            tests.append({"not": {"type": "array", "minItems": 1, "maxItems": 1, "items": blank}})
        if tests:
            properties["value"] = tests[0] if len(tests) == 1 else {"allOf": tests}
        self._attributes((each for each in rule.attributes if each.name != "units" or not rule.units), body)
        category = units_of(rule)
        if category is not None and category != "NX_ANY":
            properties["@units"] = self._units(category)
        if needs_units(rule) and always_numbers(rule):
            required.append("@units")
        elif needs_units(rule):
            body["if"] = {"properties": {"dtype": {"type": "string", "pattern": NUMBERS}}}
            body["then"] = {"required": ["@units"]}
        exempt = "elsewhere" if rule.need == "required" else "absent"
        facts: Schema = {"type": rule.type, "units": rule.units}
        if rule.dimensions is not None:
            facts["dimensions"] = _dimensions(rule.dimensions)
        if rule.enumeration is not None and not values:
            facts["values"] = list(rule.enumeration.items)
        return {
            **_said(rule.doc, None, rule.deprecated),
            "x-nexus": _extra(rule, rule.origin, facts),
            "if": {"$ref": f"#/$defs/{exempt}"},
            "else": body,
        }

    def _attributes(self, rules: Iterable[AttributeRule], schema: Schema) -> None:
        for rule in rules:
            value = self._attribute(rule)
            if rule.name_type == "specified":
                schema["properties"].setdefault(f"@{rule.name}", value)
                if rule.need == "required" and f"@{rule.name}" not in schema["required"]:
                    schema["required"].append(f"@{rule.name}")

    def _attribute(self, rule: AttributeRule) -> Schema:
        values = values_of(rule.enumeration)
        schema: Schema = {"x-nexus": _extra(rule, rule.origin, {"type": rule.type})}
        if rule.deprecated:
            schema["deprecated"] = True
        if values is not None:
            return {**schema, **self._values(values)}
        kinds = KINDS.get(rule.type, "V")
        if rule.enumeration is not None or set(kinds) & set("cV"):
            return schema
        one: list[Schema] = [{"type": sorted({_JSON[each] for each in kinds})}]
        if rule.type in DATES:
            one = [{"type": "string", "pattern": DATE}]
        elif "U" not in kinds:
            one.append({"type": "string", "pattern": r"^[-+]?[0-9]+$"})
        anything = one[0] if len(one) == 1 else {"anyOf": one}
        return {**schema, **self._each(rule.type, anything)}

    def _values(self, values: Values) -> Schema:
        words: list[object] = [*values.words, *values.numbers]
        if {"true", "false"} & {each.lower() for each in values.words}:
            words += [each.lower() == "true" for each in values.words if each.lower() in ("true", "false")]
        alternatives: list[Schema] = [{"enum": words}]
        alternatives += [self._units(category) for category in values.categories]
        one = alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}
        either = [one, {"type": "array", "items": one}]
        either += [{"const": list(each)} for each in values.lists]
        either += [{"const": list(map(str, each))} for each in values.lists]
        return {"anyOf": either}

    def _units(self, category: str) -> Schema:
        name = f"units.{category}"
        self.defs.setdefault(
            name,
            {
                "type": "string",
                "minLength": 1,
                "not": {"title": "units of another kind", "enum": list(foreign_units(category))},
            },
        )
        return _reference(name)

    def _each(self, name: str, one: Schema) -> Schema:
        """One such value, or an array of them, or an array of arrays."""
        here = _reference(name)
        self.defs.setdefault(name, {"anyOf": [one, {"type": "array", "items": here}]})
        return here


_JSON = {"U": "string", "b": "boolean", "i": "integer", "u": "integer", "f": "number"}


def _reference(name: str) -> Schema:
    """A name of `$defs` as JSON Pointer in the fragment of a URI, RFC 6901."""
    return {"$ref": f"#/$defs/{quote(name.replace('~', '~0').replace('/', '~1'), safe='~')}"}


def _somewhere(schema: Schema, but: str | None = None) -> Schema:
    """At least one property satisfies `schema`, those whose name matches `but` not counted."""
    none: Schema = {"additionalProperties": {"not": schema}}
    return {"not": {"patternProperties": {but: True}, **none} if but else none}


def _one_of(schemas: list[Schema]) -> Schema:
    return schemas[0] if len(schemas) == 1 else {"oneOf": schemas}


def _shape(rule: FieldRule) -> Schema:
    """Rank and fixed lengths."""
    something: Schema = {"type": "integer", "minimum": 1 if rule.need == "required" else 0}
    schema: Schema = {"type": "array", "items": something}
    dimensions = rule.dimensions
    if dimensions is None:
        return schema
    if dimensions.number is not None:
        schema |= {"minItems": dimensions.least or 0, "maxItems": dimensions.number}
    fixed = {dim.index: int(dim.value) for dim in dimensions.dims if dim.value and dim.value.isdecimal()}
    if fixed:
        last = max(fixed)
        schema["prefixItems"] = [
            {"const": fixed[index]} if index in fixed else something for index in range(1, last + 1)
        ]
    if dimensions.dims and not any(dim.required for dim in dimensions.dims):
        return {"anyOf": [{"title": "one for all", "enum": [[], [1]]}, schema]}
    return schema


def _dimensions(dimensions: Dimensions) -> list[str] | str | None:
    if not dimensions.dims:
        return dimensions.rank
    return [dim.value or dim.ref or "any" for dim in dimensions.dims]


def _said(doc: str, title: str | None, deprecated: str | None) -> Schema:
    said: Schema = {}
    if title:
        said["title"] = title
    if doc:
        said["description"] = doc
    if deprecated:
        said["deprecated"] = True
    return said


def _extra(rule: GroupRule | FieldRule | AttributeRule, origin: Origin, facts: Schema) -> Schema:
    """What JSON Schema has no word for."""
    known: Schema = {"need": rule.need, **{key: value for key, value in facts.items() if value is not None}}
    if not isinstance(rule, AttributeRule):
        if rule.min_occurs > 1:
            known["minOccurs"] = rule.min_occurs
        if rule.max_occurs is not None:
            known["maxOccurs"] = rule.max_occurs
    known["source"] = f"{origin.nxdl}:{origin.line}"
    return known
