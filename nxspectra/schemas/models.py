"""An application definition as Python source: a pydantic model for each group of the JSON form of a tree.

The source stands on its own: it needs pydantic and nothing of nxspectra.
"""

from __future__ import annotations

import keyword
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nxspectra.nxdl import AttributeRule, Definition, FieldRule, GroupRule, Library
from nxspectra.nxdl.values import LEAST
from nxspectra.schemas.json_schema import ENTRIES
from nxspectra.schemas.kinds import (
    Classes,
    Values,
    dtype_pattern,
    entry_of,
    foreign_units,
    needs_units,
    patterns,
    type_of,
    units_of,
    validated,
    values_of,
)
from nxspectra.schemas.layout import WIDTH, Bracket, Expression, laid, text, texts, tuple_of

_FOR_MODELS = "  # noqa: F401 - for the models that are written below"
BASE = Path(__file__).with_name("model_base.py")
_ALIASES = {
    "NX_CHAR": "Text",
    "NX_DATE_TIME": "DateTime",
    "ISO8601": "DateTime",
    "NX_INT": "Integers",
    "NX_UINT": "Integers",
    "NX_POSINT": "Integers",
    "NX_FLOAT": "Numbers",
    "NX_NUMBER": "Numbers",
    "NX_BOOLEAN": "Booleans",
    "NX_CHAR_OR_NUMBER": "TextOrNumbers",
}
_TAKEN = frozenset(
    {
        *("construct", "copy", "dict", "fields", "from_orm", "json", "links", "others", "parse_file"),
        *("parse_obj", "parse_raw", "schema", "schema_json", "update_forward_refs", "validate"),
        *("dtype", "shape", "value", "definition_name", "entry_model"),
    }
)
"""Names that a model has already."""
_CLASSES = frozenset(
    {
        *("Annotated", "AfterValidator", "Anything", "Any", "BaseModel", "Booleans", "ClassVar", "DateTime"),
        *("Each", "Field", "Integers", "Node", "NexusField", "NexusGroup", "NexusRoot", "Numbers", "OneOf"),
        *(
            "Others",
            "Root",
            "Says",
            "Text",
            "TextOrNumbers",
            "ValueOneOf",
            "Iterator",
            "Mapping",
            "CoreSchema",
        ),
        *("ConfigDict", "InitErrorDetails", "PydanticCustomError", "ValidationError", "ValidationInfo"),
        *(
            "Root",
            "None",
            "True",
            "False",
            "NOT_UNITS",
            "NUMBERS",
            "contextlib",
            "re",
            "flat",
            "frozenset",
            "str",
            "GetCoreSchemaHandler",
            "ModelWrapValidatorHandler",
            "WHOLE",
            "DATE",
        ),
    }
)


def pydantic_source(definition: Definition, shelf: Library) -> str:
    """Source of a module; its `Root` is the model of a whole tree, `Entry` that of an entry."""
    writer = _Writer(Classes(shelf), names={*_CLASSES, *_named(definition.entry)})
    entry = writer.group(entry_of(definition), ENTRIES)
    base = BASE.read_text(encoding="utf-8").partition('"""\n\n')[2].replace(_FOR_MODELS, "")
    head = (
        f'"""Models of {definition.name}, made by nxspectra from {definition.entry.origin.nxdl};'
        " not to be edited.\n\n"
        "    run = Root.model_validate(nxspectra.schemas.as_json(tree))\n"
        "    run.model_dump(by_alias=True, exclude_unset=True)     # the same JSON again\n\n"
        "A name that Python does not take has an underscore; an attribute @name is attr_name. What is known\n"
        "by its class only, such as an NXsample of any name, is a model too: run.entry.sample.\n"
        '"""\n\n'
    )
    foreign = [
        Bracket(f"{text(category)}: frozenset((", [text(each) for each in foreign_units(category)], "))")
        for category in sorted(writer.units)
    ]
    constants = laid("NOT_UNITS: dict[str, frozenset[str]] = ", Bracket("{", foreign, "}")) + "\n"
    root = (
        "class Root(NexusRoot):\n"
        f'    """A tree with an entry that follows {definition.name}."""\n\n'
        f"    definition_name: ClassVar[str] = {text(definition.name)}\n"
        f"    entry_model: ClassVar[type[NexusGroup]] = {entry}\n"
    )
    return "\n\n".join([f"{head}{base.rstrip()}\n", constants, *writer.sources, root])


@dataclass
class _Writer:
    classes: Classes
    sources: list[str] = field(default_factory=list)
    units: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    """Names that no model may have: of other models, and of members, which would hide it."""

    # -- groups --------------------------------------------------------------------------------

    def group(self, rule: GroupRule, classes: tuple[str, ...] | None = None) -> str:
        """Write the model of a group after those of what is in it; gives its name."""
        rule = validated(rule)
        body = list(self._members(rule, classes or self.classes.of(rule.nx_class)))
        others = list(self._others(rule))
        name = self._name(rule.concept or "entry")
        if rule.links:
            body.append(
                laid("    links: ClassVar[tuple[str, ...]] = ", texts(each.name for each in rule.links))
            )
        if others:
            body.append(laid("    others: ClassVar[tuple[Others, ...]] = ", tuple_of(others)))
        doc = _docstring(f"{rule.nx_class}: {rule.doc}" if rule.doc else rule.nx_class, rule)
        self.sources.append(f"class {name}(NexusGroup):\n    {doc}\n\n" + "\n".join(body) + "\n")
        return name

    def _members(self, rule: GroupRule, classes: tuple[str, ...]) -> Iterator[str]:
        taken = {*_TAKEN, *_CLASSES}
        allowed = Bracket("AfterValidator(OneOf(", [texts(classes)], "))")
        kind: Expression = (
            "str" if rule.nx_class == "NXobject" else Bracket("Annotated[", ["str", allowed], "]")
        )
        yield _member(_identifier("attr_NX_class", taken), kind, "required", "@NX_class", "")
        yield from self._attributes(rule.attributes, taken)
        for name, fields in rule.named_fields.exact.items():
            kind = Bracket("Annotated[", self._field(fields[0]), "]")
            yield _member(_identifier(name, taken), kind, fields[0].need, name, fields[0].doc)
        chosen = {each.name for each in rule.choices if each.need == "required"}
        for name, groups in rule.named_groups.exact.items():
            need = "required" if name in chosen else groups[0].need
            models = " | ".join(self.group(each) for each in groups)
            yield _member(_identifier(name, taken), models, need, name, groups[0].doc)

    def _attributes(self, rules: Iterable[AttributeRule], taken: set[str]) -> Iterator[str]:
        for rule in rules:
            if rule.name_type == "specified" and rule.name != "NX_class":
                own = _identifier(f"attr_{rule.name}", taken)
                yield _member(own, _attribute(rule), rule.need, f"@{rule.name}", "")

    def _others(self, rule: GroupRule) -> Iterator[Expression]:
        for names, each in patterns(rule.named_fields):
            yield self._other_field(each, names.alone)
        for names, group in patterns(rule.named_groups):
            yield self._other_group(group, names.alone)
        for groups in self.classes.by_class(rule):
            yield self._other_group(groups[0], "", groups[1:])
        if rule.named_fields.any:
            yield self._other_field(rule.named_fields.any[0], "", rule.named_fields.any[1:])

    def _other_group(self, rule: GroupRule, names: str, others: Sequence[GroupRule] = ()) -> Expression:
        classes = Bracket("classes=(", [text(each) for each in self.classes.of(rule.nx_class)], ")")
        said: list[Expression] = [
            self.group(rule),
            text(rule.called),
            classes,
            *_numbers((rule, *others), names),
        ]
        if others:
            said.append(f"or_else=({', '.join(self.group(each) for each in others)},)")
        return Bracket("Others(", said, ")")

    def _other_field(self, rule: FieldRule, names: str, others: Sequence[FieldRule] = ()) -> Expression:
        model, *says = self._field(rule)
        listed = Bracket("says=(", says, ")")
        return Bracket("Others(", [model, text(rule.name), listed, *_numbers((rule, *others), names)], ")")

    # -- fields --------------------------------------------------------------------------------

    def _field(self, rule: FieldRule) -> list[Expression]:
        """Its model, and what is said of it."""
        attributes = [each for each in rule.attributes if each.name != "units" or not rule.units]
        model = "NexusField"
        lines = list(self._attributes(attributes, {*_TAKEN, *_CLASSES}))
        if lines:
            model = self._name(rule.concept)
            doc = _docstring(f"Field: {rule.doc}" if rule.doc else "Field", rule)
            self.sources.append(f"class {model}(NexusField):\n    {doc}\n\n" + "\n".join(lines) + "\n")
        found: list[Expression] = [model, self._says(rule)]
        values = values_of(None if "enumeration" in rule.inherited else rule.enumeration)
        if values is not None and not values.categories:
            found.append(_one_of("ValueOneOf", values))
        return found

    def _says(self, rule: FieldRule) -> Expression:
        said: list[Expression] = [f"type={text(rule.type)}"]
        kind, category = type_of(rule), units_of(rule)
        if rule.units is not None:
            said.append(f"units={text(rule.units)}")
        if kind is not None and (words := dtype_pattern(kind)) is not None:
            said.append(f"dtype={text(words)}")
        said += _shape(rule)
        if kind in LEAST:
            said.append(f"least={LEAST[kind]}")
        if category is not None and category != "NX_ANY":
            self.units.add(category)
            said.append(f"not_units=NOT_UNITS[{text(category)}]")
        if needs_units(rule):
            said.append("needs_units=True")
        if rule.need == "required":
            said.append("required=True")
        return Bracket("Says(", said, ")")

    def _name(self, concept: str) -> str:
        words = re.findall(r"[A-Za-z0-9]+", concept)
        name = "".join(word[:1].upper() + word[1:] for word in words)
        name = name if name[:1].isalpha() else f"N{name}"
        unique, number = name, 2
        while unique in self.names:
            unique, number = f"{name}{number}", number + 1
        self.names.add(unique)
        return unique


def _named(rule: GroupRule) -> Iterator[str]:
    """The names of everything below."""
    yield from (each.name for each in rule.fields)
    for group in rule.groups:
        yield group.name or ""
        yield from _named(group)


def _attribute(rule: AttributeRule) -> Expression:
    values = values_of(rule.enumeration)
    if rule.enumeration is None:
        return _ALIASES.get(rule.type, "Anything")
    if values is None or values.categories:
        return "Anything"
    return Bracket("Annotated[", ["Any", Bracket("AfterValidator(", [_one_of("OneOf", values)], ")")], "]")


def _shape(rule: FieldRule) -> Iterator[str]:
    dimensions = rule.dimensions
    if dimensions is None:
        return
    if dimensions.dims:
        yield f"shape={texts(dim.value or dim.ref or 'any' for dim in dimensions.dims).flat}"
    if dimensions.number is not None:
        yield f"rank=({dimensions.least or 0}, {dimensions.number})"
    fixed = [(dim.index, int(dim.value)) for dim in dimensions.dims if dim.value and dim.value.isdecimal()]
    if fixed:
        yield f"fixed={tuple(fixed)!r}"
    if dimensions.dims and not any(dim.required for dim in dimensions.dims):
        yield "one_for_all=True"


def _numbers(rules: Sequence[GroupRule | FieldRule], names: str) -> Iterator[str]:
    if names:
        yield f"names={text(names)}"
    least = sum(max(rule.min_occurs, 1) for rule in rules if rule.need == "required")
    if least:
        yield f"least={least}"
    limits = [rule.max_occurs for rule in rules if rule.max_occurs is not None]
    if len(limits) == len(rules):
        yield f"most={sum(limits)}"


def _one_of(name: str, values: Values) -> Expression:
    allowed = tuple_of([*map(text, values.words), *map(repr, values.numbers)])
    lists = tuple_of(
        [
            tuple_of([text(item) if isinstance(item, str) else repr(item) for item in each])
            for each in values.lists
        ]
    )
    return Bracket(f"{name}(", [allowed, lists] if values.lists else [allowed], ")")


def _member(own: str, kind: Expression, need: str, name: str, doc: str) -> str:
    """A member of a model: `title: ... = Field(...)`."""
    arguments: list[Expression] = [] if need == "required" else ["default=None"]
    if own != name:
        arguments.append(f"alias={text(name)}")
    if need == "recommended" or doc:
        said = f"{need.capitalize()}. {doc}" if doc else f"{need.capitalize()}."
        arguments.append(f"description={text(said)}")
    if need != "required":
        kind = (
            f"{kind} | None"
            if isinstance(kind, str)
            else Bracket(kind.head, kind.parts, f"{kind.tail} | None")
        )
    return laid(f"    {own}: ", kind, *([Bracket(" = Field(", arguments, ")")] if arguments else []))


def _identifier(name: str, taken: set[str]) -> str:
    """A name that Python and pydantic take."""
    own = re.sub(r"\W", "_", name, flags=re.ASCII).lstrip("_") or "n"
    own = f"n_{own}" if own[0].isdigit() else own
    while keyword.iskeyword(own) or own in taken or own.startswith("model_"):
        own = f"n_{own}" if own.startswith("model_") else f"{own}_"
    taken.add(own)
    return own


def _docstring(words: str, rule: GroupRule | FieldRule) -> str:
    said = " ".join(words.split()).replace("\\", "\\\\").replace('"', "'").rstrip(".")
    lines = textwrap.wrap(f"{said}.", WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    first, rest = lines[0], "".join(f"    {line}\n" for line in lines[1:])
    return f'"""{first}\n{rest}\n    {rule.origin.nxdl}, line {rule.origin.line}.\n    """'
