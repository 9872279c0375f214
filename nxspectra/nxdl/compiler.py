"""NXDL files compiled into rules; XML is read here and nowhere else.

NXDL comes from outside: a DOCTYPE is refused, entities are not resolved, nothing is fetched.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

from lxml import etree

from nxspectra.errors import DefinitionError
from nxspectra.nxdl.rules import (
    AttributeRule,
    BaseClass,
    ChoiceRule,
    Definition,
    Dim,
    Dimensions,
    Enumeration,
    FieldRule,
    GroupRule,
    LinkRule,
    NameType,
    Need,
    Origin,
)

LARGEST = 8 * 2**20
"""Bytes; the largest official definition has 0.1 MB."""

# :ref:`NXdata`, :ref:`text <target>`, ``code``, `text <link>`_
_MARKUP = re.compile(r"(?::\w+:)?`{1,2}([^`<]*?)\s*(?:<[^`>]*>)?`{1,2}_{0,2}")

BaseClasses: TypeAlias = Callable[[str], BaseClass | None]


@dataclass(frozen=True, slots=True)
class Document:
    """One NXDL file, read."""

    name: str
    category: str
    extends: str | None
    root: etree._Element
    path: Path


@dataclass(frozen=True, slots=True)
class _Said:
    """One element of one NXDL file; a concept is a list of them, the most special first."""

    element: etree._Element
    document: Document

    def get(self, name: str) -> str | None:
        value = self.element.get(name)
        return None if value is None else str(value)

    @property
    def origin(self) -> Origin:
        return Origin(self.document.name, self.document.path.name, int(self.element.sourceline or 0))

    def children(self, tag: str) -> Iterator[_Said]:
        for child in self.element:
            if isinstance(child.tag, str) and etree.QName(child).localname == tag:
                yield _Said(child, self.document)


Concept: TypeAlias = Sequence[_Said]


def parse(path: Path) -> Document:
    """Raises DefinitionError if the file is no NXDL, or not one to be trusted."""
    try:
        if path.stat().st_size > LARGEST:
            raise DefinitionError(f"{path}: larger than {LARGEST // 2**20} MB; not an NXDL file")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        tree = etree.parse(str(path), parser)
    except OSError as error:
        raise DefinitionError(f"{path}: cannot be read: {error.strerror or error}") from None
    except etree.XMLSyntaxError as error:
        raise DefinitionError(f"{path}: not XML: {error.msg}") from None
    if tree.docinfo.doctype or tree.docinfo.internalDTD is not None:
        raise DefinitionError(f"{path}: has a DOCTYPE, which no NXDL file needs; remove it")
    root = tree.getroot()
    name = root.get("name")
    if etree.QName(root).localname != "definition" or not name:
        raise DefinitionError(f"{path}: not an NXDL file: its root is not a named <definition>")
    if name != path.name.split(".")[0]:
        raise DefinitionError(f"{path}: defines {name!r}; file name and name differ")
    return Document(str(name), str(root.get("category", "base")), root.get("extends"), root, path)


def base_class(chain: Sequence[Document]) -> BaseClass:
    """The class whose NXDL files, itself first, are `chain`; nothing in it is required."""
    said = [_Said(document.root, document) for document in chain]
    name = chain[0].name
    rule = _Compiler(None).group(said, "", "", name)
    return BaseClass(name, tuple(document.name for document in chain), rule)


def definition(chain: Sequence[Document], base_classes: BaseClasses) -> Definition:
    """The application definition whose NXDL files, itself first, are `chain`.

    Raises DefinitionError if it says nothing of an NXentry.
    """
    said = [_Said(document.root, document) for document in chain]
    entries = [
        group
        for document in said
        for group in document.children("group")
        if group.get("type") in ("NXentry", "NXsubentry")
    ]
    if not entries:
        raise DefinitionError(f"{chain[0].path}: no NXentry in it, so there is nothing to validate")
    compiler = _Compiler(base_classes)
    entry = compiler.group(entries, "", "", "NXentry")
    symbols = [
        name
        for document in said
        for group in document.children("symbols")
        for symbol in group.children("symbol")
        if (name := symbol.get("name")) is not None
    ]
    lineage = tuple(document.name for document in chain)
    return Definition(lineage[0], lineage, tuple(dict.fromkeys(symbols)), entry, _scopes(entry))


class _Compiler:
    """Elements to rules; with base classes to look into, it compiles an application definition."""

    def __init__(self, base_classes: BaseClasses | None) -> None:
        self.base_classes = base_classes

    def group(
        self, said: Concept, parent: str, name: str | None, nx_class: str, need: Need | None = None
    ) -> GroupRule:
        """The rules of one group; `name` is "" for the entry itself, which no concept path names."""
        own = nx_class.removeprefix("NX") if name is None else name
        concept = f"{parent}/{own}".strip("/")
        base = self.base_classes(nx_class) if self.base_classes else None
        least, most = _occurrences(said)
        stated = need or self._need(said)
        choices, alternatives = self._choices(said, concept)
        return GroupRule(
            name or None,
            _name_type(said, unnamed=name is None),
            nx_class,
            stated,
            (1 if least is None else least) if stated == "required" else 0,
            most,
            tuple(self._attribute(each) for each in _children(said, "attribute")),
            tuple(self._field(each, concept, base) for each in _children(said, "field")),
            (*self._groups(said, concept), *alternatives),
            tuple(_link(each[0], concept) for each in _children(said, "link")),
            choices,
            _first(said, "deprecated"),
            tuple(
                kind
                for kind in ("group", "field", "attribute")
                if any(each.get(f"ignoreExtra{kind.capitalize()}s") in ("true", "1") for each in said)
            ),
            concept,
            self._doc(said),
            said[0].origin,
        )

    def _groups(self, said: Concept, concept: str) -> Iterator[GroupRule]:
        groups = _children(said, "group")
        for each in _specialised(groups):
            nx_class = _first(each, "type") or "NXobject"
            # that the parent's unnamed group is optional does not make a named one of the child so
            named = [said for said in each if said.get("name") is not None]
            yield self.group(each, concept, _first(each, "name"), nx_class, self._need(named or each))

    def _choices(self, said: Concept, concept: str) -> tuple[tuple[ChoiceRule, ...], tuple[GroupRule, ...]]:
        choices, alternatives = [], []
        for each in _children(said, "choice"):
            name = _first(each, "name") or ""
            groups = [_Said(group.element, group.document) for group in each[0].children("group")]
            needs = [self._need([group]) for group in groups]
            need: Need = "required" if all(need == "required" for need in needs) else "optional"
            classes = tuple(group.get("type") or "NXobject" for group in groups)
            choices.append(ChoiceRule(name, _name_type(each), need, classes, each[0].origin))
            alternatives += [
                self.group([group], concept, name, nx_class, "optional")
                for group, nx_class in zip(groups, classes, strict=True)
            ]
        return tuple(choices), tuple(alternatives)

    def _field(self, said: Concept, parent: str, base: BaseClass | None) -> FieldRule:
        name = _first(said, "name") or ""
        known = base.rule.named_fields.exact.get(name, [None])[0] if base else None
        least, most = _occurrences(said)
        need = self._need(said)
        kind, units = _first(said, "type"), _first(said, "units")
        enumeration = _enumeration(said)
        inherited = tuple(
            aspect
            for aspect, here, there in (
                # no type at all means NX_CHAR, here as there
                ("type", kind, known.type if known and known.type != "NX_CHAR" else None),
                ("units", units, known and known.units),
                ("enumeration", enumeration, known and known.enumeration),
            )
            if here is None and there is not None
        )
        return FieldRule(
            name,
            _name_type(said),
            kind or (known.type if known else "NX_CHAR"),
            units or (known.units if known else None),
            need,
            (1 if least is None else least) if need == "required" else 0,
            most,
            enumeration or (known.enumeration if known else None),
            _dimensions(said),
            tuple(self._attribute(each) for each in _children(said, "attribute")),
            _first(said, "deprecated"),
            f"{parent}/{name}".strip("/"),
            self._doc(said),
            said[0].origin,
            inherited,
            kind is not None or (known is not None and known.typed),
        )

    def _attribute(self, said: Concept) -> AttributeRule:
        return AttributeRule(
            _first(said, "name") or "",
            _name_type(said),
            _first(said, "type") or "NX_CHAR",
            self._need(said),
            _enumeration(said),
            _first(said, "deprecated"),
            said[0].origin,
        )

    def _need(self, said: Concept) -> Need:
        if self.base_classes is None:
            return "optional"
        for each in said:
            if each.get("optional") in ("true", "1"):
                return "optional"
            if each.get("recommended") in ("true", "1"):
                return "recommended"
            least = each.get("minOccurs")
            if least is not None:
                return "optional" if least == "0" else "required"
        return "required"

    def _doc(self, said: Concept) -> str:
        if self.base_classes is None:
            return ""
        for each in said:
            for doc in each.children("doc"):
                text = " ".join("".join(doc.element.itertext()).split())
                text = _MARKUP.sub(r"\1", text)
                return re.split(r"(?<=[.;])\s", text, maxsplit=1)[0].rstrip(".;")
        return ""


def _first(said: Concept, name: str) -> str | None:
    return next((value for each in said if (value := each.get(name)) is not None), None)


def _children(said: Concept, tag: str) -> list[list[_Said]]:
    """The concepts below, each with everything that is said of it along the chain."""
    concepts: dict[tuple[str | None, str | None], list[_Said]] = {}
    for each in said:
        for child in each.children(tag):
            name = child.get("name")
            concepts.setdefault((name, None if name else child.get("type")), []).append(child)
    return list(concepts.values())


def _specialised(groups: list[list[_Said]]) -> list[list[_Said]]:
    """Groups where a named one of the definition also follows what its parent says of an unnamed one.

    The unnamed one is then answered by the named one if that is required.
    """
    kept = list(groups)
    for unnamed in groups:
        if _first(unnamed, "name") is not None:
            continue
        for index, named in enumerate(kept):
            apart = named[0].document is not unnamed[0].document
            if _first(named, "name") and apart and _first(named, "type") == _first(unnamed, "type"):
                kept[index] = [*named, *unnamed]
                if not any(named[0].get(word) for word in ("optional", "recommended", "minOccurs")):
                    kept = [each for each in kept if each is not unnamed]
    return kept


def _name_type(said: Concept, unnamed: bool = False) -> NameType:
    stated = _first(said, "nameType")
    if stated in ("specified", "any", "partial"):
        return cast("NameType", stated)
    return "any" if unnamed else "specified"


def _occurrences(said: Concept) -> tuple[int | None, int | None]:
    def number(word: str) -> int | None:
        value = _first(said, word)
        return int(value) if value is not None and value.isdecimal() else None

    return number("minOccurs"), number("maxOccurs")


def _enumeration(said: Concept) -> Enumeration | None:
    for each in said:
        for element in each.children("enumeration"):
            items = tuple(item.get("value") or "" for item in element.children("item"))
            return Enumeration(items, element.get("open") in ("true", "1"))
    return None


def _dimensions(said: Concept) -> Dimensions | None:
    for each in said:
        for element in each.children("dimensions"):
            return Dimensions(element.get("rank"), tuple(_dims(element.children("dim"))))
    return None


def _dims(elements: Iterable[_Said]) -> Iterator[Dim]:
    for dim in elements:
        index = dim.get("index")
        if index is not None and index.isdecimal() and int(index) > 0:
            refindex, increment = dim.get("refindex"), dim.get("incr")
            yield Dim(
                int(index),
                dim.get("value"),
                dim.get("ref"),
                int(refindex) if refindex and refindex.isdecimal() else None,
                int(increment) if increment and re.fullmatch(r"[+-]?\d+", increment) else 0,
                dim.get("required") not in ("false", "0"),
            )


def _link(said: _Said, concept: str) -> LinkRule:
    name = said.get("name") or ""
    return LinkRule(name, said.get("target") or "", f"{concept}/{name}".strip("/"), said.origin)


def _common(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    pairs = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False))
    return tuple(number for number, _ in pairs)


def _scopes(entry: GroupRule) -> dict[str, int]:
    """For each symbol how deep the innermost group lies that holds all fields which use it."""
    chains: dict[str, tuple[int, ...]] = {}

    def visit(group: GroupRule, chain: tuple[int, ...]) -> None:
        for field in group.fields:
            for dim in field.dimensions.dims if field.dimensions else ():
                if dim.value and dim.value.isidentifier():
                    known = chains.setdefault(dim.value, chain)
                    chains[dim.value] = _common(known, chain)
        for number, child in enumerate(group.groups):
            visit(child, (*chain, number))

    visit(entry, ())
    return {symbol: len(chain) for symbol, chain in chains.items()}
