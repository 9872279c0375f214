"""Every official definition: trees made from its rules are clean, and one thing broken is what is found."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nxspectra import hdf5, nxdl
from nxspectra.findings import Report, Severity
from nxspectra.nxdl import AttributeRule, FieldRule, GroupRule
from nxspectra.nxdl.library import official
from nxspectra.testing import conforming, maximal, minimal
from nxspectra.tree import Attribute, Field, Group, Link, Node, Null, Unreadable
from nxspectra.validation import RULES, validate
from nxspectra.validation.policies import POLICIES

DOCS = Path(__file__).parent.parent / "docs" / "explanation"


def names(folder: str) -> list[str]:
    """The application definitions in a folder of the official ones."""
    found = sorted(path.name.split(".")[0] for path in (official()[0] / folder).glob("*.nxdl.xml"))
    return [name for name in found if nxdl.base_class(name) is None]


APPLICATIONS = names("applications")
EVERY = [*APPLICATIONS, *names("contributed_definitions")]


def above_info(report: Report) -> list[tuple[str, str, str]]:
    return [(each.path, each.rule, each.message) for each in report.findings if each.severity != "info"]


def test_there_are_as_many_definitions_as_the_standard_has() -> None:
    assert len(APPLICATIONS) >= 45
    assert len(EVERY) >= 80


@pytest.mark.parametrize("name", EVERY)
def test_a_tree_made_from_the_rules_of_a_definition_has_no_finding_above_info(name: str) -> None:
    assert not above_info(validate(minimal(name, recommended=True)))
    assert not above_info(validate(maximal(name)))
    least = validate(minimal(name))
    assert least.conforms
    assert all(message.startswith("recommended") for _, _, message in above_info(least))


# -- policy ------------------------------------------------------------------------------------


def applied(report: Report) -> dict[str, str]:
    """Policy -> first place where it was applied."""
    return {
        each.message.partition(":")[0]: each.path for each in report.findings if each.rule == "policy-applied"
    }


NXXBASE = maximal("NXxbase").put("entry/instrument/detector/data@signal", "1")
PARAMETER = Field(1.0, units="{units of logged value}")
MASSES = Field(np.ones((2, 2)), units="mg")


@pytest.mark.parametrize(
    ("policy", "tree", "path"),
    [
        ("unit-categories-as-values", maximal("NXazint2d"), "/entry/data/radial_axis@units"),
        ("lists-as-values", maximal("NXazint1d"), "/entry/data@axes"),
        ("definition-before-base-class", maximal("NXarpes"), "/entry/instrument/analyser/acquisition_mode"),
        ("numbers-as-text", NXXBASE, "/entry/instrument/detector/data@signal"),
        ("base-class-dimensions", conforming().put("entry/sample/mass", MASSES), "/entry/sample/mass"),
        (
            "units-of-parameters",
            conforming().put("entry/reduction/input/factor", PARAMETER),
            "/entry/reduction/input/factor@units",
        ),
        ("numbers-without-type", maximal("NXxlaue"), "/entry/instrument/source/distribution/data"),
        ("values-before-type", maximal("NXcxi_ptycho"), "/entry/instrument_1/source_1/probe"),
        ("required-and-deprecated", minimal("NXxpcs"), "/entry/scan_number"),
    ],
)
def test_a_policy_is_applied_and_said_so(policy: str, tree: Group, path: str) -> None:
    report = validate(tree)
    assert report.conforms
    assert applied(report)[policy] == path


def test_every_policy_is_applied_in_some_test() -> None:
    marks = test_a_policy_is_applied_and_said_so.pytestmark  # type: ignore[attr-defined]
    assert [row[0] for row in marks[0].args[1]] == list(POLICIES)


def test_a_policy_excuses_no_more_than_it_says() -> None:
    azint = maximal("NXazint1d")
    for broken in (
        azint.put("entry/data/radial_axis@units", "keV"),
        azint.put("entry/data@axes", np.array([".", "I"])),
        azint.put("entry/data@axes", "['.', 'radial_axis']"),
        NXXBASE.put("entry/instrument/detector/data@signal", "2"),
        maximal("NXcxi_ptycho").put("entry/instrument_1/source_1/probe", Field("oracle")),
        maximal("NXxbase").put("entry/title", Field(42)),
    ):
        assert above_info(validate(broken))


# -- the validator of nexusformat --------------------------------------------------------------


@dataclass(frozen=True)
class Disagreement:
    """What nexusformat says of a tree that is clean by our rules; docs say who is right and why."""

    name: str
    message: str
    """Regular expression for its message."""
    about: str = ""
    """Regular expression for the line before, which names the item."""


DISAGREEMENTS = (
    Disagreement(
        "free-names", "(required|recommended) (group|field) is not in", r"^Group: \w*[A-Z]\w*: NX|[A-Z]{3}$"
    ),
    Disagreement("two-kinds-of-nxdata", "required field is not in", r"^Field: /entry/transmission_spectrum/"),
    Disagreement("lists-as-values", "not a member of the enumerated list", r"^Field: /entry/xps_coordinate_"),
    Disagreement("units-of-numbers-without", "Units of NX_(UNITLESS|DIMENSIONLESS) not specified"),
    Disagreement("units-of-text", "Units of NX_TIME not specified", r"release_date|preparation_date"),
    Disagreement("unnamed-beside-named", "recommended field is not", r"/temperature_env/sample_medium$"),
    Disagreement("signal-on-the-field", 'Using "signal" as a field attribute'),
)

JUDGE = """
import json, logging, os, sys
from pathlib import Path
from nexusformat.nexus import validate

class Keep(logging.Handler):
    def emit(self, record):
        said.append([record.levelname, record.getMessage().strip()])

said = []
validate.logger.handlers[:] = [Keep()]
validate.logger.setLevel(logging.WARNING)
validate.lint_nxdl = lambda *_, **__: []  # about the definition, not the file, and half of the time
for path in sorted(Path(sys.argv[1]).glob("*.nxs")):
    # what it learns of one file stays with it, so each gets a process of its own
    child = os.fork()
    if child == 0:
        validate.validate_application(str(path))
        print(json.dumps([path.stem, said]), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, path
"""


def judged(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """For each file what nexusformat warns of and calls an error, with the line before that says where."""
    done = subprocess.run(
        [sys.executable, "-c", JUDGE, str(folder)], capture_output=True, text=True, check=True
    )
    verdicts = {}
    for line in done.stdout.splitlines():
        stem, said = json.loads(line)
        about = ""
        verdicts[stem] = found = []
        for level, message in said:
            if level == "CRITICAL":
                about = message
            else:
                found.append((about, message))
    return verdicts


def disagreement(about: str, message: str) -> str | None:
    for each in DISAGREEMENTS:
        if re.search(each.message, message) and re.search(each.about, about):
            return each.name
    return None


def disagreements(folder: Path, definitions: Iterable[str]) -> set[str]:
    """What nexusformat has against the least and the fullest file of definitions, by name."""
    for name in definitions:
        hdf5.write(minimal(name), folder / f"{name}.minimal.nxs")
        hdf5.write(maximal(name), folder / f"{name}.maximal.nxs")
    seen = set()
    for file, said in judged(folder).items():
        for about, message in said:
            known = disagreement(about, message)
            if known is None and file.endswith(".minimal") and "recommended" in message:
                continue
            assert known is not None, (file, about, message)
            seen.add(known)
    return seen


def test_nexusformat_agrees_but_where_the_docs_say_why_not(tmp_path: Path) -> None:
    sample = (
        "NXarchive",
        "NXcanSAS",
        "NXellipsometry",
        "NXmonopd",
        "NXmx",
        "NXsas",
        "NXtomo",
        "NXxas",
        "NXxbase",
        "NXxps",
    )
    assert disagreements(tmp_path, sample) == {each.name for each in DISAGREEMENTS}


@pytest.mark.slow
def test_nexusformat_agrees_about_every_application_definition(tmp_path: Path) -> None:
    assert disagreements(tmp_path, APPLICATIONS) == {each.name for each in DISAGREEMENTS}


def test_every_disagreement_and_policy_is_in_the_docs() -> None:
    validators = (DOCS / "validators.md").read_text(encoding="utf-8")
    assert all(f"### {each.name}\n" in validators for each in DISAGREEMENTS)
    policy = (DOCS / "policy.md").read_text(encoding="utf-8")
    assert re.findall(r"^### (\S+)$", policy, re.MULTILINE) == list(POLICIES)


# -- one thing broken --------------------------------------------------------------------------

CORPUS = (
    *("NXarchive", "NXarpes", "NXazint1d", "NXcanSAS", "NXellipsometry", "NXmonopd", "NXmx", "NXrefscan"),
    *("NXsas", "NXscan", "NXstress", "NXtas", "NXtofraw", "NXtomo", "NXxas", "NXxeuler", "NXxps"),
)
TRIED = 3
"""So many places of a tree are broken in each way."""


@dataclass(frozen=True)
class Place:
    """An item of a tree with the one rule that it follows."""

    path: str
    node: Node
    rule: FieldRule | GroupRule
    parent: Group

    @property
    def field(self) -> Field:
        assert isinstance(self.node, Field)
        return self.node


@lru_cache(maxsize=32)
def whole(name: str) -> tuple[Group, tuple[Place, ...]]:
    tree = maximal(name)
    entry = tree.group("entry")
    assert entry is not None
    return tree, tuple(places("/entry", entry, nxdl.definition(name).entry))


def places(path: str, group: Group, said: GroupRule) -> Iterator[Place]:
    for name, node in group.children.items():
        if isinstance(node, Field):
            rules: list[FieldRule] | list[GroupRule] = list(said.named_fields.of(name))
        elif isinstance(node, Group):
            rules = [rule for rule in said.named_groups.of(name) if rule.nx_class == node.nx_class]
        else:
            continue
        if len(rules) == 1:
            yield Place(f"{path}/{name}", node, rules[0], group)
            if isinstance(node, Group) and isinstance(rules[0], GroupRule):
                yield from places(f"{path}/{name}", node, rules[0])


Broken = tuple[Group, str]
"""A tree with one thing broken, and where the finding should be."""
Breaker = Callable[[Group, Place], Broken | None]

BREAKERS: dict[str, Breaker] = {}


def breaks(rule: str) -> Callable[[Breaker], Breaker]:
    def keep(breaker: Breaker) -> Breaker:
        BREAKERS[rule] = breaker
        return breaker

    return keep


def required(place: Place) -> bool:
    return place.rule.need == "required" and place.rule.min_occurs == 1


@breaks("missing-field")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.rule, FieldRule) and required(place) and place.rule.name != "definition":
        return tree.without(place.path), f"{place.path.rpartition('/')[0]}/{place.rule.name}"
    return None


@breaks("missing-group")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.rule, GroupRule) and required(place):
        return tree.without(place.path), f"{place.path.rpartition('/')[0]}/{place.rule.called}"
    return None


def attribute_of(place: Place, asked: Callable[[AttributeRule], bool]) -> AttributeRule | None:
    specified = (each for each in place.rule.attributes if each.name_type == "specified")
    return next((each for each in specified if each.name in place.node.attributes and asked(each)), None)


@breaks("missing-attribute")
def _(tree: Group, place: Place) -> Broken | None:
    units = isinstance(place.rule, FieldRule) and place.rule.units
    rule = attribute_of(place, lambda each: each.need == "required" and not (units and each.name == "units"))
    return rule and (tree.without(f"{place.path}@{rule.name}"), f"{place.path}@{rule.name}")


@breaks("missing-link")
def _(tree: Group, place: Place) -> Broken | None:
    for link in place.rule.links if isinstance(place.rule, GroupRule) else ():
        path = f"{place.path}/{link.name}"
        if path in tree and not attribute_of(place, lambda each: each.name == "signal"):
            # else the plot has lost its signal too
            plain = tree.without(path).without(f"{place.path}@axes")
            return plain.put(f"{place.path}/spare", Field([1.0])).put(f"{place.path}@signal", "spare"), path
    return None


@breaks("too-many")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.rule, GroupRule) and place.rule.max_occurs == 1 and place.rule.name is None:
        return tree.put(f"{place.path}_2", place.node), f"{place.path}_2"
    return None


@breaks("wrong-class")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.rule, GroupRule) and place.rule.name_type == "specified" and place.rule.name:
        return tree.put(place.path, Field("a text")), place.path
    return None


def numeric(place: Place) -> bool:
    return isinstance(place.node, Field) and place.node.dtype.kind in "if" and place.rule.type != "NX_CHAR"  # type: ignore[union-attr]


@breaks("wrong-type")
def _(tree: Group, place: Place) -> Broken | None:
    rule = place.rule
    if not isinstance(rule, FieldRule) or not numeric(place) or rule.type == "NX_CHAR_OR_NUMBER":
        return None
    if rule.enumeration is not None or "type" in rule.inherited:
        return None
    return tree.put(
        place.path, Field(np.full(place.field.shape or (), "many"), place.field.attributes)
    ), place.path


@breaks("no-value")
def _(tree: Group, place: Place) -> Broken | None:
    rule = place.rule
    plain = isinstance(rule, FieldRule) and rule.enumeration is None and rule.name != "depends_on"
    if plain and required(place) and place.field.dtype.kind == "U" and place.field.shape == ():
        return tree.put(place.path, Field(" ", place.field.attributes)), place.path
    return None


def with_units(tree: Group, place: Place, units: str | None) -> Broken | None:
    rule = place.rule
    if not isinstance(rule, FieldRule) or not numeric(place) or "units" in rule.inherited:
        return None
    free = ("NX_ANY", "NX_COUNT", "NX_PULSES", "NX_TRANSFORMATION", "NX_UNITLESS", "NX_DIMENSIONLESS")
    if rule.units in (None, *free) or any(each.name == "units" for each in rule.attributes):
        return None
    if units is None:
        return tree.without(f"{place.path}@units"), place.path
    return tree.put(f"{place.path}@units", units), f"{place.path}@units"


@breaks("missing-units")
def _(tree: Group, place: Place) -> Broken | None:
    return with_units(tree, place, None)


@breaks("wrong-units")
def _(tree: Group, place: Place) -> Broken | None:
    return with_units(tree, place, "farad")


@breaks("unknown-units")
def _(tree: Group, place: Place) -> Broken | None:
    return with_units(tree, place, "{units of logged value}")


@breaks("units-spelling")
def _(tree: Group, place: Place) -> Broken | None:
    spelled = {"NX_LENGTH": "Millimeter", "NX_WAVELENGTH": "Angstroms", "NX_ANGLE": "degrees"}
    usual = isinstance(place.rule, FieldRule) and spelled.get(place.rule.units or "")
    return with_units(tree, place, usual.lower() if usual == "Millimeter" else usual) if usual else None


@breaks("wrong-rank")
def _(tree: Group, place: Place) -> Broken | None:
    rule, node = place.rule, place.node
    if isinstance(rule, FieldRule) and isinstance(node, Field) and rule.dimensions and rule.dimensions.number:
        if any(not dim.required for dim in rule.dimensions.dims) or node.shape is None:
            return None
        return tree.put(place.path, Field(node.array[..., np.newaxis], node.attributes)), place.path
    return None


@breaks("wrong-size")
def _(tree: Group, place: Place) -> Broken | None:
    rule, node = place.rule, place.node
    if isinstance(rule, FieldRule) and isinstance(node, Field) and rule.dimensions:
        for dim in rule.dimensions.dims:
            if dim.value and dim.value.isdecimal() and dim.required:
                longer = np.concatenate([node.array] * 2, axis=dim.index - 1)
                return tree.put(place.path, Field(longer, node.attributes)), place.path
    return None


@breaks("symbol-mismatch")
def _(tree: Group, place: Place) -> Broken | None:
    rule, node = place.rule, place.node
    if isinstance(rule, FieldRule) and isinstance(node, Field) and rule.dimensions and node.shape:
        first = rule.dimensions.dims[0] if rule.dimensions.dims else None
        if first is not None and first.required and _shared(tree, first.value) > 2:
            longer = np.concatenate([node.array] * 2)
            return tree.put(place.path, Field(longer, node.attributes)), place.path
    return None


def _shared(tree: Group, symbol: str | None) -> int:
    """How many fields have a length along a symbol."""
    entry = tree["entry/definition"].text  # type: ignore[union-attr]
    rules = (place.rule for place in whole(str(entry))[1] if isinstance(place.rule, FieldRule))
    dims = [dim.value for rule in rules if rule.dimensions for dim in rule.dimensions.dims]
    return dims.count(symbol) if symbol and symbol.isidentifier() else 0


@breaks("not-in-enumeration")
def _(tree: Group, place: Place) -> Broken | None:
    rule = place.rule
    closed = isinstance(rule, FieldRule) and rule.enumeration is not None and not rule.enumeration.open
    if not closed or rule.name == "definition" or "enumeration" in rule.inherited:  # type: ignore[union-attr]
        return None
    node = place.field
    if node.dtype.kind == "U":
        return tree.put(place.path, Field(np.full(node.shape or (), "zz"), node.attributes)), place.path
    return tree.put(place.path, Field(np.full(node.shape or (), 77, node.dtype), node.attributes)), place.path


@breaks("invalid-date")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.rule, FieldRule) and place.rule.type == "NX_DATE_TIME":
        return tree.put(place.path, Field("2021-13-27T10:15:00Z")), place.path
    return None


@breaks("date-without-zone")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.rule, FieldRule) and place.rule.type == "NX_DATE_TIME":
        return tree.put(place.path, Field("2021-05-27T10:15:00")), place.path
    return None


def plots(place: Place) -> tuple[str, tuple[int, ...]] | None:
    """The signal of an NXdata with fields of its own, and its shape."""
    node = place.node
    if not isinstance(node, Group) or node.nx_class != "NXdata" or "signal" not in node.attributes:
        return None
    signal = node.children.get(str(node.attributes["signal"]))
    return (
        (str(node.attributes["signal"]), signal.shape) if isinstance(signal, Field) and signal.shape else None
    )


@breaks("nxdata-signal")
def _(tree: Group, place: Place) -> Broken | None:
    if (
        plots(place)
        and attribute_of(place, lambda each: each.name == "signal" and bool(each.enumeration)) is None
    ):
        return tree.put(f"{place.path}@signal", "nothing"), f"{place.path}@signal"
    return None


def free_axes(place: Place) -> bool:
    return attribute_of(place, lambda each: each.name == "axes" and bool(each.enumeration)) is None


@breaks("nxdata-axes")
def _(tree: Group, place: Place) -> Broken | None:
    known = plots(place)
    if known and free_axes(place):
        axes = np.array(["nothing", *["."] * (len(known[1]) - 1)])
        return tree.put(f"{place.path}@axes", axes), f"{place.path}@axes"
    return None


@breaks("nxdata-length")
def _(tree: Group, place: Place) -> Broken | None:
    known = plots(place)
    if known and free_axes(place):
        axes = np.array(["x_set", *["."] * (len(known[1]) - 1)])
        path = f"{place.path}/x_set"
        return tree.put(f"{place.path}@axes", axes).put(path, Field(np.arange(known[1][0] + 7.0))), path
    return None


def unlinked(tree: Group, place: Place, target: str) -> Broken | None:
    if isinstance(place.rule, FieldRule) and required(place) and place.rule.name != "definition":
        return tree.put(place.path, Link(target)), place.path
    return None


@breaks("broken-link")
def _(tree: Group, place: Place) -> Broken | None:
    return unlinked(tree, place, "/entry/nothing/here")


@breaks("link-loop")
def _(tree: Group, place: Place) -> Broken | None:
    return unlinked(tree, place, place.path)


@breaks("link-not-followed")
def _(tree: Group, place: Place) -> Broken | None:
    broken = unlinked(tree, place, "/entry/there")
    return broken and (tree.put(place.path, Link("/entry/there", "raw.nxs", "external")), place.path)


@breaks("link-elsewhere")
def _(tree: Group, place: Place) -> Broken | None:
    for link in place.rule.links if isinstance(place.rule, GroupRule) else ():
        path = f"{place.path}/{link.name}"
        where = tree.find(path)
        if where is not None and isinstance(tree.group(place.path).children.get(link.name), Link):  # type: ignore[union-attr]
            copy = where[1].with_attributes(target="/entry/stray")  # type: ignore[union-attr]
            return tree.put("/entry/stray", copy).put(path, Link("/entry/stray")), path
    return None


@breaks("link-target")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.rule, FieldRule):
        return tree.put(f"{place.path}@target", "/entry/nothing/here"), f"{place.path}@target"
    return None


@breaks("depends-on")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.node, Group) and place.node.nx_class in ("NXdetector", "NXsample"):
        path = f"{place.path}/depends_on"
        return tree.put(path, Field("transformations/nothing")), path
    return None


@breaks("unknown-class")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.node, Group) and place.rule.concept.count("/") == 0:
        return tree.put(f"{place.path}/strange", Group("NXstrange")), f"{place.path}/strange"
    return None


@breaks("invalid-name")
def _(tree: Group, place: Place) -> Broken | None:
    if isinstance(place.node, Group):
        return tree.put(f"{place.path}/P(GPa)", Field(1.0)), f"{place.path}/P(GPa)"
    return None


@breaks("undocumented")
def _(tree: Group, place: Place) -> Broken | None:
    closed = isinstance(place.rule, GroupRule) and not place.rule.named_fields.any
    if closed and place.node.attributes["NX_class"] in ("NXinstrument", "NXdetector", "NXsample"):
        return tree.put(f"{place.path}/zz_zz", Field(1.0)), f"{place.path}/zz_zz"
    return None


@breaks("broken-default")
def _(tree: Group, place: Place) -> Broken | None:
    del place
    return tree.put("/entry@default", "nothing"), "/entry@default"


@breaks("definition-spelling")
def _(tree: Group, place: Place) -> Broken | None:
    spelled = tree["entry/definition"].text.lower()  # type: ignore[union-attr]
    return (
        (tree.put(place.path, Field(spelled, place.field.attributes)), place.path) if is_name(place) else None
    )


@breaks("unknown-definition")
def _(tree: Group, place: Place) -> Broken | None:
    return (tree.put(place.path, Field("NXnothing")), place.path) if is_name(place) else None


def is_name(place: Place) -> bool:
    return place.path == "/entry/definition"


@breaks("unreadable")
def _(tree: Group, place: Place) -> Broken | None:
    broken = unlinked(tree, place, "/")
    return broken and (tree.put(place.path, Unreadable("the filter 32008 is not there")), place.path)


def broken_trees(name: str, rule: str) -> list[Broken]:
    tree, every = whole(name)
    broken = (BREAKERS[rule](tree, place) for place in every)
    return [
        each for each, _ in zip((each for each in broken if each is not None), range(TRIED), strict=False)
    ]


CASES = [(name, rule) for name in CORPUS for rule in BREAKERS if broken_trees(name, rule)]


@pytest.mark.parametrize(("name", "rule"), CASES)
def test_one_thing_broken_is_found_where_it_is(name: str, rule: str) -> None:
    alone = []
    for tree, path in broken_trees(name, rule):
        report = validate(tree)
        found = {(each.path, each.rule) for each in report.findings}
        assert rule in {each for _, each in found}, (path, found)
        worse = {(where, each) for where, each, _ in above_info(report)}
        severe = RULES[rule].severity is not Severity.INFO
        worse = {each for each in worse if not _follows(each, path, rule)}
        alone.append(worse == {(path, rule)} if severe else not worse and (path, rule) in found)
    assert any(alone), (path, worse)


def _follows(finding: tuple[str, str], path: str, rule: str) -> bool:
    """What must be said as well: what was in a group that is gone, and the links that led there."""
    where, what = finding
    if rule in ("missing-group", "wrong-class"):
        return where.startswith((f"{path}/", f"{path}@")) or what in (
            "broken-link",
            "broken-default",
            "nxdata-signal",
        )
    return rule in ("wrong-rank", "symbol-mismatch") and what in (
        "nxdata-axes",
        "nxdata-length",
        "wrong-size",
    )


def test_the_corpus_covers_the_rules_and_the_definitions() -> None:
    assert {rule for _, rule in CASES} == set(BREAKERS) <= set(RULES)
    assert len({name for name, _ in CASES}) >= 12
    counted = {rule: sum(each == rule for _, each in CASES) for rule in BREAKERS}
    assert min(counted.values()) >= 2, counted


BOTH = ("missing-field", "missing-group", "wrong-type", "not-in-enumeration", "invalid-date")
ONLY_OURS = (
    *("missing-attribute", "wrong-units", "nxdata-length", "nxdata-axes", "broken-link", "link-elsewhere"),
    *("depends-on", "broken-default", "no-value"),
)
"""Rules that nexusformat does not ask; the page on validators says so."""


def test_who_sees_what_is_broken(tmp_path: Path) -> None:
    for rule in (*BOTH, *ONLY_OURS):
        name = next(
            name for name in ("NXmonopd", "NXtofraw", "NXmx", "NXsas", "NXstress") if (name, rule) in CASES
        )
        hdf5.write(broken_trees(name, rule)[-1][0], tmp_path / f"{rule}.maximal.nxs")
    seen = {
        file.partition(".")[0]
        for file, said in judged(tmp_path).items()
        if any(disagreement(about, message) is None for about, message in said)
    }
    assert seen == set(BOTH)


# -- anything broken ---------------------------------------------------------------------------

STRANGE_NODES = (
    *(
        Field(np.zeros((2, 0))),
        Field("text", units="text"),
        Field(-1),
        Field([[True]]),
        Field(1 + 2j, units="%"),
    ),
    *(Field(np.array([b"a"], dtype="V1")), Field.around(Null(), {}), Field(np.nan, units="{unit}")),
    *(Group(None), Group("NXdata", signal=3, axes=4.5), Group("NXcollection"), Group("", {"": Field(1)})),
    *(Link("/entry"), Link("."), Link("x", "y", "external"), Unreadable("so")),
)
STRANGE_VALUES = (
    *(
        "",
        ".",
        "..",
        "/",
        "1",
        "nan",
        "[1,",
        "NX_ANGLE",
        "x" * 300,
        "\x00",
        -1,
        0,
        1,
        2.5,
        np.inf,
        True,
        None,
    ),
    *(np.array([]), np.array(["a", "b"]), np.array([[1, 2]]), Unreadable("so")),
)
NAMES = (
    "depends_on",
    "units",
    "signal",
    "axes",
    "axis",
    "target",
    "default",
    "NX_class",
    "vector",
    "x_indices",
)


@given(
    name=st.sampled_from(CORPUS),
    changes=st.lists(
        st.tuples(
            st.integers(0, 10**6),
            st.one_of(
                st.sampled_from(STRANGE_NODES),
                st.tuples(st.sampled_from(NAMES), st.sampled_from(STRANGE_VALUES)),
            ),
        ),
        min_size=1,
        max_size=5,
    ),
)
@settings(max_examples=150)
def test_whatever_is_broken_is_reported_and_never_raised(
    name: str, changes: list[tuple[int, Node | tuple[str, Attribute]]]
) -> None:
    tree = whole(name)[0]
    for number, change in changes:
        paths = [path for path, node in tree.walk() if path.strip("/") and isinstance(node, Group | Field)]
        if not paths:
            break  # an earlier change has replaced the only entry
        path = paths[number % len(paths)]
        if isinstance(change, tuple):
            tree = tree.put(f"{path}@{change[0]}", change[1])
        else:
            tree = tree.put(path, change)
    for finding in validate(tree).findings:
        assert finding.rule in RULES
        assert finding.path.startswith("/")
        assert finding.message.isprintable() or "\n" not in finding.message
