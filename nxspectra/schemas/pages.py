"""An application definition as a page of Markdown: every concept with what is asked of it, and where."""

from __future__ import annotations

from collections.abc import Iterator

from nxspectra.nxdl import AttributeRule, Definition, Enumeration, FieldRule, GroupRule, Library, Origin
from nxspectra.nxdl.documentation import Documentation

BEGIN = "<!-- concepts: made by `nxspectra definition {name} --as markdown`; a test keeps them current -->"
END = "<!-- end of concepts -->"
_STYLE = {"required": "**required**", "recommended": "*recommended*", "optional": "optional"}
SHOWN = 12
"""More values of an enumeration than this are counted, not listed."""


def markdown(definition: Definition, shelf: Library, words: Documentation) -> str:
    """The whole page."""
    about = words.about or f"{definition.name} says nothing of itself."
    parents = definition.lineage[1:]
    extends = f"It extends {', '.join(parents)}.\n\n" if parents else ""
    return f"# {definition.name}\n\n{_escaped(about)}\n\n{extends}{concepts(definition, shelf, words)}"


def concepts(definition: Definition, shelf: Library, words: Documentation) -> str:
    """The part of the page between its two marks: symbols, and a table for each group."""
    lines = [BEGIN.format(name=definition.name), ""]
    symbols = {name: words.symbols.get(name, "") for name in definition.symbols}
    if symbols:
        lines += ["## Symbols", "", "| symbol | is |", "|---|---|"]
        lines += [f"| `{name}` | {_cell(text)} |" for name, text in symbols.items()] + [""]
    lines += ["## Groups", ""]
    for group in _groups(definition.entry):
        lines += [*_Table(shelf, words, group).lines(), ""]
    return "\n".join([*lines, END, ""])


def _groups(group: GroupRule) -> Iterator[GroupRule]:
    yield group
    for child in group.groups:
        yield from _groups(child)


class _Table:
    def __init__(self, shelf: Library, words: Documentation, group: GroupRule) -> None:
        self.words, self.group = words, group
        base = shelf.base_class(group.nx_class)
        self.base = None if base is None else base.rule

    def lines(self) -> Iterator[str]:
        group = self.group
        where = f"`{group.concept}`, {group.nx_class}" if group.concept else f"The entry, {group.nx_class}"
        yield f"### {where}"
        yield ""
        need = "The entry that follows the definition" if not group.concept else _occurrence(group)
        said = _cell(self._doc(group, group.name))
        yield f"{need}; {_named(group)}{_source(group.origin)}. {said}".rstrip()
        if group.deprecated:
            yield f"Deprecated: {_cell(group.deprecated)}"
        rows = list(self._rows())
        if rows:
            yield ""
            yield "| concept | need | type | unit | shape | is | line |"
            yield "|---|---|---|---|---|---|---|"
            yield from rows

    def _rows(self) -> Iterator[str]:
        group = self.group
        for attribute in group.attributes:
            yield self._attribute(attribute, "")
        for field in group.fields:
            yield _row(
                f"`{field.name}`",
                _need(field),
                field.type,
                field.units or "",
                _shape(field),
                self._is(field),
                field.origin,
            )
            for attribute in field.attributes:
                if attribute.name != "units" or not field.units:
                    yield self._attribute(attribute, field.name)
        for link in group.links:
            yield _row(f"`{link.name}`", _STYLE["required"], "link", "", "", f"to {link.target}", link.origin)
        for choice in group.choices:
            classes = " or ".join(choice.classes)
            yield _row(f"`{choice.name}`", _STYLE[choice.need], "group", "", "", classes, choice.origin)
        for child in group.groups:
            said = _cell(self._doc(child, child.name))
            yield _row(
                f"`{child.called}`", _need(child), f"group, {child.nx_class}", "", "", said, child.origin
            )

    def _attribute(self, rule: AttributeRule, of: str) -> str:
        doc = self.words.of(rule.origin, rule.name)
        said = _together(_cell(doc), _values(rule.enumeration), _deprecated(rule.deprecated))
        name = f"`{of}@{rule.name}`"
        return _row(name, _STYLE[rule.need], rule.type, "", "", said, rule.origin)

    def _is(self, rule: FieldRule) -> str:
        left = ", ".join(rule.inherited)
        inherited = f"({left} from the base class)" if left else ""
        return _together(
            _cell(self._doc(rule, rule.name)),
            _values(rule.enumeration),
            inherited,
            _deprecated(rule.deprecated),
        )

    def _doc(self, rule: FieldRule | GroupRule, name: str | None) -> str:
        """What the definition says; else what one that it extends says; else what the base class says."""
        own = self.words.of(rule.origin, name) or rule.doc
        if own or self.base is None or not isinstance(rule, FieldRule):
            return own
        known = self.base.named_fields.exact.get(rule.name)
        return self.words.of(known[0].origin, rule.name) if known else ""


def _row(concept: str, need: str, kind: str, unit: str, shape: str, said: str, origin: Origin) -> str:  # noqa: PLR0917
    cells = (concept, need, kind, unit, shape, said, _source(origin))
    return f"| {' | '.join(cells)} |"


def _source(origin: Origin) -> str:
    return f"{origin.nxdl.removesuffix('.nxdl.xml')}:{origin.line}"


def _need(rule: FieldRule | GroupRule) -> str:
    if rule.max_occurs == 0:
        return "must not be there"
    limits = ""
    if rule.min_occurs > 1:
        limits += f", at least {rule.min_occurs}"
    # a name that is fixed can be there only once
    if rule.max_occurs is not None and (rule.max_occurs > 1 or rule.name_type != "specified"):
        limits += f", at most {rule.max_occurs}"
    return f"{_STYLE[rule.need]}{limits}"


def _occurrence(group: GroupRule) -> str:
    need = _need(group)
    return need if need.startswith("*") else f"{need[:1].upper()}{need[1:]}"


def _named(group: GroupRule) -> str:
    if group.name is None or group.name_type == "any":
        return "any name; "
    return "the capital letters of its name stand for any; " if group.name_type == "partial" else ""


def _shape(rule: FieldRule) -> str:
    dimensions = rule.dimensions
    if dimensions is None:
        return ""
    if not dimensions.dims:
        return f"rank {_cell(dimensions.rank)}" if dimensions.rank else ""
    names = [dim.value or (f"as {dim.ref}" if dim.ref else "any") for dim in dimensions.dims]
    shape = f"({_cell(', '.join(names))})"
    return shape if any(dim.required for dim in dimensions.dims) else f"one, or {shape}"


def _values(enumeration: Enumeration | None) -> str:
    if enumeration is None or not enumeration.items:
        return ""
    items = ", ".join(f"`{_code(item)}`" for item in enumeration.items[:SHOWN])
    more = len(enumeration.items) - SHOWN
    rest = f" and {more} more" if more > 0 else ""
    if len(enumeration.items) == 1 and not enumeration.open:
        return f"Is {items}."
    return f"For example {items}{rest}." if enumeration.open else f"One of {items}{rest}."


def _deprecated(why: str | None) -> str:
    return f"Deprecated: {_cell(why)}" if why else ""


def _together(*parts: str) -> str:
    """Sentences after one another, with a full stop where one is missing."""
    said = [part for part in parts if part]
    ended = [part if part.endswith((".", "!", "?", ":", ")")) else f"{part}." for part in said[:-1]]
    return " ".join([*ended, *said[-1:]])


def _code(text: str) -> str:
    return " ".join(text.replace("`", "'").replace("|", "\\|").split())


def _cell(text: str | None) -> str:
    return _escaped(" ".join((text or "").split())).replace("|", "\\|")


def _escaped(text: str) -> str:
    """Words as words: what a definition says is no markup of the page."""
    for mark in "\\<*_`":
        text = text.replace(mark, f"\\{mark}")
    return text
