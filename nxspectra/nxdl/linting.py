"""Lint of an NXDL file: is it valid by the schema of the standard, and does it mean something.

    report = lint(Path("NXramp.nxdl.xml"))
    report.conforms, report.findings

Every rule has an id, a severity and a sentence in `LINT_RULES`. The schema is nxdl.xsd of the folder that is
named, or of the installed nexusformat.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from lxml import etree

from nxspectra import units
from nxspectra.errors import DefinitionError, FileError
from nxspectra.findings import EntryReport, Finding, Report, Severity
from nxspectra.nxdl.compiler import LARGEST
from nxspectra.nxdl.library import SUFFIX, Library, library, official
from nxspectra.nxdl.rules import BaseClass
from nxspectra.nxdl.values import NUMERIC

NXDL = "NXDL"
"""What an NXDL file is compared with."""
COUNTED = ("group", "field", "attribute", "choice", "link")


@dataclass(frozen=True, slots=True)
class LintRule:
    """One thing that lint looks for."""

    id: str
    severity: Severity
    asks: str


VIOLATION, WARNING, INFO = Severity.VIOLATION, Severity.WARNING, Severity.INFO
LINT_RULES: dict[str, LintRule] = {
    rule.id: rule
    for rule in (
        LintRule("not-nxdl", VIOLATION, "The file is XML whose root is a named definition of NXDL."),
        LintRule("doctype", VIOLATION, "There is no DOCTYPE: it can make a reader fetch and expand things."),
        LintRule("name-and-file", VIOLATION, "The file is called as what it defines, NXramp.nxdl.xml."),
        LintRule("nxdl-schema", VIOLATION, "The file is valid by nxdl.xsd of the standard."),
        LintRule("unknown-parent", VIOLATION, "What the definition extends is there, and not in a circle."),
        LintRule("no-entry", VIOLATION, "An application definition has an NXentry or NXsubentry."),
        LintRule("unknown-class", VIOLATION, "The class of every group is one that NeXus knows."),
        LintRule("unknown-unit-category", VIOLATION, "Units are a category of NeXus, or a unit."),
        LintRule(
            "categories-as-values",
            VIOLATION,
            "An enumeration lists values; a category of units in it would be asked for by its letters.",
        ),
        LintRule("list-as-value", WARNING, "An item of an enumeration is one value, not a list in brackets."),
        LintRule("item-of-another-type", VIOLATION, "An item of an enumeration is of the type of its field."),
        LintRule("item-twice", WARNING, "An item stands in an enumeration once."),
        LintRule(
            "contradicts-base-class",
            WARNING,
            "A value is one that the base class allows, if that has a closed list.",
        ),
        LintRule("undeclared-symbol", WARNING, "A symbol that a dimension names is declared under symbols."),
        LintRule("unused-symbol", INFO, "A symbol that is declared is used, as a dimension or in a text."),
        LintRule("rank-without-dims", WARNING, "A rank goes with the dimensions it counts."),
        LintRule("dims-and-rank", VIOLATION, "There are not more dimensions than the rank, each only once."),
        LintRule("dim-without-length", INFO, "A dimension says its length: a value, or a ref to a field."),
        LintRule("unknown-ref", WARNING, "A dimension refers to a field of the same group."),
        LintRule("said-twice", VIOLATION, "A group says only once what a child of a name is."),
        LintRule("partial-without-capitals", WARNING, "A partial name has capital letters to substitute."),
        LintRule(
            "contradictory-need", WARNING, "A concept is optional, recommended or required: one of them."
        ),
        LintRule("misspelled-concept", WARNING, "A name that is nearly one of the base class is that one."),
        LintRule("no-doc", INFO, "Every concept and symbol says what it is."),
    )
}
"""By id, in the order of the documentation."""


def lint(path: Path, folder: Path | None = None) -> Report:
    """What is wrong with an NXDL file; classes are looked for in `folder`, beside the file, and among ours.

    Raises FileError if the file cannot be read, UnknownDefinition if the folder is not there.
    """
    try:
        content = path.read_bytes() if path.stat().st_size <= LARGEST else None
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror or error}") from None
    shelf = library(folder)
    found = list(_findings(path, content, shelf, folder))
    found.sort(key=lambda finding: finding.line or 0)
    conforms = not any(finding.severity is VIOLATION for finding in found)
    return Report(str(path), (EntryReport("/", NXDL, conforms),), tuple(found))


def _findings(path: Path, content: bytes | None, shelf: Library, folder: Path | None) -> Iterator[Finding]:
    def plain(rule: str, message: str, line: int = 1) -> Finding:
        name = path.name.removesuffix(SUFFIX)
        return Finding("/", rule, message, LINT_RULES[rule].severity, name, path.name, line)

    if content is None:
        yield plain("not-nxdl", f"is larger than {LARGEST // 2**20} MB; not an NXDL file")
        return
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        yield plain("not-nxdl", f"is not XML: {error.msg}", error.lineno or 1)
        return
    tree = root.getroottree()
    if tree.docinfo.doctype or tree.docinfo.internalDTD is not None:
        yield plain("doctype", "has a DOCTYPE, which no NXDL file needs; remove it")
        return
    name = root.get("name")
    if etree.QName(root).localname != "definition" or not name:
        yield plain(
            "not-nxdl", "is not NXDL: its root is not a named <definition>", int(root.sourceline or 1)
        )
        return
    yield from _schema(path, tree, folder)
    yield from _Lint(path, root, name, shelf).findings()


def _schema(path: Path, tree: etree._ElementTree, folder: Path | None) -> Iterator[Finding]:
    homes = [home for home in (folder, *official()) if home is not None and (home / "nxdl.xsd").is_file()]
    if not homes:
        raise FileError("nxdl.xsd is not there; it comes with the package nexusformat")
    schema = _xsd(homes[0] / "nxdl.xsd")
    if schema.validate(tree):
        return
    name = path.name.removesuffix(SUFFIX)
    for error in schema.error_log:
        # an error of a facet is followed by one that says no more than that the value is not valid
        message = re.sub(r"\{http://definition\.nexusformat\.org/nxdl/[\d.]+\}", "", error.message)
        yield Finding("/", "nxdl-schema", message, VIOLATION, name, path.name, error.line)


@lru_cache(maxsize=4)
def _xsd(path: Path) -> etree.XMLSchema:
    try:
        return etree.XMLSchema(etree.parse(str(path)))
    except (etree.XMLSchemaParseError, etree.XMLSyntaxError, OSError) as error:
        raise DefinitionError(f"{path}: not a schema of NXDL that can be used: {error}") from None


@dataclass
class _Lint:
    path: Path
    root: etree._Element
    name: str
    shelf: Library
    symbols: dict[str, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def findings(self) -> Iterator[Finding]:
        """Everything beyond the schema."""
        if self.name != self.path.name.removesuffix(SUFFIX):
            message = f"defines {self.name!r}, but is called {self.path.name}; name one as the other"
            yield self.found(self.root, "name-and-file", message)
        yield from self._parents()
        application = self.root.get("category") != "base"
        entries = ("NXentry", "NXsubentry")
        alone = application and self.root.get("extends") in (None, "NXobject")
        if alone and not any(each.get("type") in entries for each in self.root.iter("{*}group")):
            yield self.found(self.root, "no-entry", "an application definition without an NXentry")
        declared = {str(each.get("name")): each for each in self.root.iter("{*}symbol")}
        inherited = set(self._inherited())
        for element in self.root.iter("{*}group", "{*}field", "{*}attribute", "{*}choice"):
            for rule in RULES_OF.get(_tag(element), ()):
                yield from rule(self, element)
        for each in self.root.iter("{*}dimensions", "{*}dim"):
            yield from self._symbols(each, {*declared, *inherited})
        text = " ".join("".join(doc.itertext()) for doc in self.root.iter("{*}doc"))
        for name, element in declared.items():
            if name not in self.used and not re.search(rf"\b{re.escape(name)}\b", text):
                yield self.found(element, "unused-symbol", f"the symbol {name} is declared and never used")
            if not _has_doc(element):
                yield self.found(element, "no-doc", f"the symbol {name} has no doc")
        yield from self._twice(self.root)

    def found(self, element: etree._Element, rule: str, message: str) -> Finding:
        severity = LINT_RULES[rule].severity
        return Finding(
            _path(element), rule, message, severity, self.name, self.path.name, int(element.sourceline or 1)
        )

    def base_class(self, name: str | None) -> BaseClass | None:
        try:
            return None if name is None else self.shelf.base_class(name)
        except DefinitionError:
            return None

    # -- the whole -----------------------------------------------------------------------------

    def _parents(self) -> Iterator[Finding]:
        parent, seen = self.root.get("extends"), {self.name}
        if parent == self.name:
            # NXobject does
            return
        while parent is not None and parent not in seen:
            file = self._file(parent)
            if file is None:
                close = _close(parent, self.shelf.files)
                yield self.found(self.root, "unknown-parent", f"extends {parent}, which is not there{close}")
                return
            seen.add(parent)
            above = _extends(file)
            parent = None if above == parent else above
        if parent is not None:
            yield self.found(self.root, "unknown-parent", f"extends {parent}, which extends it: a circle")

    def _file(self, name: str) -> Path | None:
        beside = self.path.parent / f"{name}{SUFFIX}"
        return beside if beside.is_file() else self.shelf.files.get(name)

    def _inherited(self) -> Iterator[str]:
        """Symbols of what the definition extends."""
        parent, seen = self.root.get("extends"), {self.name}
        while parent is not None and parent not in seen and (file := self._file(parent)) is not None:
            seen.add(parent)
            root = _parsed(file)
            if root is None:
                return
            yield from (str(each.get("name")) for each in root.iter("{*}symbol"))
            parent = root.get("extends")

    def _twice(self, group: etree._Element) -> Iterator[Finding]:
        for holder in [group, *group.iter("{*}group", "{*}field")]:
            seen: dict[tuple[str, str], int] = {}
            for child in holder:
                tag = _tag(child)
                name = child.get("name") or (child.get("type") if tag == "group" else None)
                if tag not in COUNTED or name is None:
                    continue
                kind = "attribute" if tag == "attribute" else "child"
                if holder is group and tag == "group" and group is self.root:
                    kind = f"entry {child.get('type')}"
                if (kind, name) in seen:
                    message = f"{name} has been said already, in line {seen[kind, name]}"
                    yield self.found(child, "said-twice", message)
                seen.setdefault((kind, name), int(child.sourceline or 1))

    # -- one concept ---------------------------------------------------------------------------

    def classes(self, element: etree._Element) -> Iterator[Finding]:
        nx_class = element.get("type")
        if nx_class is not None and nx_class not in self.shelf.files and self._file(nx_class) is None:
            close = _close(nx_class, self.shelf.files)
            yield self.found(element, "unknown-class", f"{nx_class} is no class that NeXus knows{close}")

    def units(self, element: etree._Element) -> Iterator[Finding]:
        category = element.get("units")
        if category is None or units.is_category(category) or units.parse(category) is not None:
            return
        close = _close(category, units.CATEGORIES)
        message = f"{category!r} is neither a category of units nor a unit{close}"
        yield self.found(element, "unknown-unit-category", message)

    def enumeration(self, element: etree._Element) -> Iterator[Finding]:
        items = [item for each in element.findall("{*}enumeration") for item in each.findall("{*}item")]
        seen: set[str] = set()
        for item in items:
            value = item.get("value") or ""
            if units.is_category(value.replace("LENGHT", "LENGTH")) and value.startswith("NX_"):
                message = f"{value} is a category of units, and no value; say units={value!r} of the field"
                yield self.found(item, "categories-as-values", message)
            if value.startswith("[") and value.endswith("]"):
                yield self.found(item, "list-as-value", f"{value!r} is a list, where one value is expected")
            elif element.get("type") in NUMERIC and not _is_number(value):
                message = f"{value!r} is not of the type {element.get('type')}"
                yield self.found(item, "item-of-another-type", message)
            if value in seen:
                yield self.found(item, "item-twice", f"{value!r} stands in the list already")
            seen.add(value)
        yield from self._allowed(element, items)

    def _allowed(self, element: etree._Element, items: list[etree._Element]) -> Iterator[Finding]:
        base = self._base(element)
        known = base.rule.named_fields.exact.get(str(element.get("name"))) if base else None
        if _tag(element) != "field" or not known or known[0].enumeration is None or known[0].enumeration.open:
            return
        for item in items:
            if item.get("value") not in known[0].enumeration.items:
                message = f"{item.get('value')!r} is none of the values that {base and base.name} allows"
                yield self.found(item, "contradicts-base-class", message)

    def dimensions(self, element: etree._Element) -> Iterator[Finding]:
        for dimensions in element.findall("{*}dimensions"):
            dims, rank = dimensions.findall("{*}dim"), dimensions.get("rank")
            number = int(rank) if rank is not None and rank.isdecimal() else None
            if not dims and number:
                message = f"rank {rank} without a <dim>, so nothing is known of the lengths"
                yield self.found(dimensions, "rank-without-dims", message)
            indices = [dim.get("index") for dim in dims]
            for dim, index in zip(dims, indices, strict=True):
                if indices.count(index) > 1 and dim is dims[indices.index(index)]:
                    yield self.found(dim, "dims-and-rank", f"dimension {index} is there twice")
                if number is not None and index is not None and index.isdecimal() and int(index) > number:
                    yield self.found(dim, "dims-and-rank", f"dimension {index} of a field of rank {number}")
                if dim.get("value") is None and dim.get("ref") is None:
                    yield self.found(dim, "dim-without-length", f"dimension {index} has no value and no ref")
                yield from self._reference(element, dim)

    def _reference(self, element: etree._Element, dim: etree._Element) -> Iterator[Finding]:
        ref = dim.get("ref")
        if ref is None or "/" in ref:
            return
        holder = element.getparent()
        beside = {} if holder is None else {str(each.get("name")) for each in holder.findall("{*}field")}
        base = self._base(element)
        known = base.rule.named_fields.exact if base else {}
        if ref not in beside and ref not in known:
            close = _close(ref, [*beside, *known])
            yield self.found(dim, "unknown-ref", f"refers to {ref}, which is no field of the group{close}")

    def _symbols(self, element: etree._Element, declared: set[str]) -> Iterator[Finding]:
        """Of the length of a dimension, or of a rank."""
        for name in re.findall(r"[A-Za-z_]\w*", element.get("value") or element.get("rank") or ""):
            self.used.add(name)
            if name not in declared:
                close = _close(name, declared)
                yield self.found(element, "undeclared-symbol", f"the symbol {name} is not declared{close}")

    def needs(self, element: etree._Element) -> Iterator[Finding]:
        said = [word for word in ("optional", "recommended") if element.get(word) in ("true", "1")]
        least = element.get("minOccurs")
        if said and least not in (None, "0"):
            said.append(f"minOccurs={least}")
        most = element.get("maxOccurs")
        if least and most and least.isdecimal() and most.isdecimal() and int(least) > int(most):
            said = [f"minOccurs={least}", f"maxOccurs={most}"]
        if len(said) > 1:
            message = f"is said to be {' and '.join(said)}; keep one"
            yield self.found(element, "contradictory-need", message)

    def name_type(self, element: etree._Element) -> Iterator[Finding]:
        name = element.get("name")
        if element.get("nameType") == "partial" and name and not re.search(r"[A-Z]", name):
            message = f"the name {name} is partial, but has no capital letters to substitute"
            yield self.found(element, "partial-without-capitals", message)

    def spelling(self, element: etree._Element) -> Iterator[Finding]:
        name, base = element.get("name"), self._base(element)
        if name is None or base is None or element.get("nameType") in ("any", "partial"):
            return
        known = base.rule.named_fields
        if self.root.get("category") == "base" or known.first(name) is not None:
            return
        beside = {each.get("name") for each in element.itersiblings()} | {
            each.get("name") for each in element.itersiblings(preceding=True)
        }
        close = difflib.get_close_matches(name, [each for each in known.exact if each not in beside], 1, 0.9)
        if close:
            message = f"{base.name} has no {name}, but {close[0]}; is it that one?"
            yield self.found(element, "misspelled-concept", message)

    def doc(self, element: etree._Element) -> Iterator[Finding]:
        if not _has_doc(element):
            what = element.get("name") or element.get("type") or "it"
            yield self.found(element, "no-doc", f"{what} has no doc")

    def _base(self, element: etree._Element) -> BaseClass | None:
        """The class of the group that holds an element."""
        holder = element.getparent()
        return self.base_class(holder.get("type")) if holder is not None and _tag(holder) == "group" else None


Check = Callable[[_Lint, etree._Element], Iterator[Finding]]
_ALL: tuple[Check, ...] = (_Lint.needs, _Lint.name_type, _Lint.doc)
RULES_OF: dict[str, tuple[Check, ...]] = {
    "group": (_Lint.classes, *_ALL),
    "field": (_Lint.units, _Lint.enumeration, _Lint.dimensions, _Lint.spelling, *_ALL),
    "attribute": (_Lint.enumeration, *_ALL),
    "choice": _ALL,
}
"""What is asked of each kind of element."""


def _tag(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _path(element: etree._Element) -> str:
    """Where an element stands: `/(NXentry)/(NXsample)/pressure`, `/(NXentry)/data@signal`."""
    steps: list[str] = []
    here: etree._Element | None = element
    while here is not None and _tag(here) != "definition":
        name, tag = here.get("name"), _tag(here)
        if tag == "attribute":
            steps.append(f"@{name}")
        elif tag == "group":
            steps.append(f"/{name}" if name else f"/({here.get('type')})")
        elif tag in COUNTED:
            steps.append(f"/{name}")
        here = here.getparent()
    return "".join(reversed(steps)) or "/"


def _has_doc(element: etree._Element) -> bool:
    doc = element.find("{*}doc")
    return doc is not None and bool("".join(doc.itertext()).strip())


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _close(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.75)
    return f"; did you mean {close[0]}?" if close else ""


def _parsed(path: Path) -> etree._Element | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.parse(str(path), parser).getroot()
    except (OSError, etree.XMLSyntaxError):
        return None


def _extends(path: Path) -> str | None:
    root = _parsed(path)
    return None if root is None else root.get("extends")
