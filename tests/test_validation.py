"""Every rule: a good tree, the same with one thing broken, and exactly that rule's finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nxspectra import hdf5
from nxspectra.errors import FileChanged, UnknownDefinition
from nxspectra.findings import Report, Severity
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group, Link, Null, Unreadable
from nxspectra.validation import RULES, needed, validate

VIOLATION, WARNING, INFO = Severity.VIOLATION, Severity.WARNING, Severity.INFO

FULL = conforming(classified=True, migrated=True)


@dataclass(frozen=True)
class Broken:
    """One way to break a good tree, and what is then found: where, by which rule, how bad."""

    what: str
    tree: Callable[[], Group]
    path: str
    rule: str
    severity: Severity = VIOLATION


def has(path: str, item: object) -> Callable[[], Group]:
    return lambda: FULL.put(path, item)  # type: ignore[arg-type]


def lacks(path: str) -> Callable[[], Group]:
    return lambda: FULL.without(path)


def two_theta(change: Callable[[np.ndarray], None]) -> Callable[[], Group]:
    values = FULL["entry/data/two_theta"].array.copy()
    change(values)
    return has("entry/data/two_theta", Field(values, units="deg"))


def intensity(value: float) -> Callable[[], Group]:
    values = FULL["entry/data/intensity"].array.copy()
    values[2, 5] = value
    return has("entry/data/intensity", Field(values, units="counts"))


def turn(before: str) -> Field:
    """A rotation about the vertical that stands on another."""
    return Field(30.0, units="deg", transformation_type="rotation", vector=[0.0, 1.0, 0.0], depends_on=before)


def swap(values: np.ndarray) -> None:
    values[[16, 17]] = values[[17, 16]]


MONITOR = Group("NXmonitor", {"distance": Field(1.0, units="m")})
PLOT = Group("NXdata", {"x": Field([1.0, 2.0])}, signal="y")
COMPRESSED = Field(np.linspace(100.0, 44100.0, 6), units="GPa", target="/entry/sample/pressure")
PRESSURE, COUNT_TIME = "/entry/sample/pressure", "/entry/instrument/detector/count_time"
LABELS, BEAM = "/entry/weighted_classification/labels", "/entry/instrument/beam"

CASES = (
    Broken("a file without an entry", lambda: Group("NXroot"), "/", "no-entry"),
    Broken(
        "an entry of an unknown definition",
        has("entry/definition", Field("NXdifraction_spectra", version="1.0")),
        "/entry/definition",
        "unknown-definition",
    ),
    Broken("an entry without a definition", lacks("entry/definition"), "/entry", "definition-missing"),
    Broken(
        "a definition in lower case",
        has("entry/definition", Field("nxdiffraction_spectra", version="1.0")),
        "/entry/definition",
        "definition-spelling",
        WARNING,
    ),
    Broken(
        "a definition without its version",
        lacks("entry/definition@version"),
        "/entry/definition@version",
        "missing-attribute",
    ),
    Broken(
        "a later version of the definition",
        has("entry/definition@version", "1.7"),
        "/entry/definition@version",
        "not-in-enumeration",
        INFO,
    ),
    Broken(
        "a migration without its mapping",
        lacks("entry/migration/mapping"),
        "/entry/migration/mapping",
        "missing-group",
    ),
    Broken(
        "no source",
        lacks("entry/instrument/source"),
        "/entry/instrument/(NXsource)",
        "missing-group",
        WARNING,
    ),
    Broken("a sample without a name", lacks("entry/sample/name"), "/entry/sample/name", "missing-field"),
    Broken("no exposure", lacks("entry/instrument/detector/count_time"), COUNT_TIME, "missing-field"),
    Broken("no title", lacks("entry/title"), "/entry/title", "missing-field", WARNING),
    Broken(
        "an NXdata that does not say what to plot",
        lacks("entry/data@signal"),
        "/entry/data@signal",
        "missing-attribute",
    ),
    Broken(
        "an NXdata that does not say what it is",
        lacks("entry/data@interpretation"),
        "/entry/data@interpretation",
        "missing-attribute",
        WARNING,
    ),
    Broken(
        "a group of another class under a fixed name",
        has("entry/reduction@NX_class", "NXlog"),
        "/entry/reduction",
        "wrong-class",
    ),
    Broken(
        "a field where a group is expected",
        has("entry/migration/source_file", Field("raw_0042.nxs")),
        "/entry/migration/source_file",
        "wrong-class",
    ),
    Broken(
        "a group where a field is expected",
        has("entry/sample/pressure_errors", Group("NXlog")),
        "/entry/sample/pressure_errors",
        "wrong-class",
    ),
    Broken(
        "a group where the base class knows a field",
        has("entry/sample/thickness", Group("NXlog")),
        "/entry/sample/thickness",
        "wrong-class",
        WARNING,
    ),
    Broken(
        "a class with a typing error",
        has("entry/sampel", Group("NXsampel")),
        "/entry/sampel",
        "unknown-class",
        WARNING,
    ),
    Broken(
        "a sample with a blank name", has("entry/sample/name", Field(" ")), "/entry/sample/name", "no-value"
    ),
    Broken(
        "an optional field without a value",
        has("entry/end_time", Field("")),
        "/entry/end_time",
        "no-value",
        INFO,
    ),
    Broken(
        "something that a base class deprecates",
        has("entry/monitor", MONITOR),
        "/entry/monitor/distance",
        "deprecated",
        INFO,
    ),
    Broken(
        "a field that nobody knows",
        has("entry/instrument/detector/shutter_time", Field(0.1)),
        "/entry/instrument/detector/shutter_time",
        "undocumented",
        INFO,
    ),
    Broken(
        "an attribute that nobody knows",
        has("entry/sample@colour", "grey"),
        "/entry/sample@colour",
        "undocumented",
        INFO,
    ),
    Broken(
        "a group without a class",
        has("entry/extra", Group(None, {"a": Field(1)})),
        "/entry/extra",
        "undocumented",
        INFO,
    ),
    Broken(
        "a name with parentheses",
        has("entry/reduction/input/P(GPa)", Field(1.0)),
        "/entry/reduction/input/P(GPa)",
        "invalid-name",
        WARNING,
    ),
    Broken(
        "a name of 64 letters",
        has(f"entry/reduction/input/{'n' * 64}", Field(1.0)),
        f"/entry/reduction/input/{'n' * 64}",
        "invalid-name",
        WARNING,
    ),
    Broken(
        "a name that is a number", has("entry/sample/name", Field(42)), "/entry/sample/name", "wrong-type"
    ),
    Broken(
        "an exposure that is text",
        has("entry/instrument/detector/count_time", Field("0.1", units="s")),
        COUNT_TIME,
        "wrong-type",
    ),
    Broken(
        "a temperature in integers",
        has("entry/sample/temperature", Field(300, units="K")),
        "/entry/sample/temperature",
        "wrong-type",
    ),
    Broken(
        "a text where the base class has a number",
        has("entry/sample/thickness", Field("5 um")),
        "/entry/sample/thickness",
        "wrong-type",
        WARNING,
    ),
    Broken(
        "a title attribute of the wrong type",
        has("entry/data@interpretation", np.array([1.5, 2.5])),
        "/entry/data@interpretation",
        "not-in-enumeration",
    ),
    Broken(
        "an exposure without units",
        lacks("entry/instrument/detector/count_time@units"),
        COUNT_TIME,
        "missing-units",
    ),
    Broken(
        "an exposure with blank units",
        has("entry/instrument/detector/count_time@units", ""),
        COUNT_TIME,
        "missing-units",
    ),
    Broken(
        "counts without units",
        lacks("entry/data/intensity@units"),
        "/entry/data/intensity",
        "missing-units",
        INFO,
    ),
    Broken(
        "an exposure in mm",
        has("entry/instrument/detector/count_time@units", "mm"),
        f"{COUNT_TIME}@units",
        "wrong-units",
    ),
    Broken(
        "a thickness in seconds",
        has("entry/sample/thickness", Field(5.0, units="s")),
        "/entry/sample/thickness@units",
        "wrong-units",
        WARNING,
    ),
    Broken(
        "a placeholder for units",
        has("entry/instrument/detector/count_time@units", "{units of logged value}"),
        f"{COUNT_TIME}@units",
        "unknown-units",
    ),
    Broken(
        "intensity in an unknown unit",
        has("entry/data/intensity@units", "blips"),
        "/entry/data/intensity@units",
        "unknown-units",
        WARNING,
    ),
    Broken(
        "a unit as a facility spells it",
        has("entry/instrument/detector/count_time@units", "sec"),
        f"{COUNT_TIME}@units",
        "units-spelling",
        INFO,
    ),
    Broken(
        "a table where a row is expected",
        has("entry/sample/pressure_errors", Field(np.ones((6, 1)), units="GPa")),
        "/entry/sample/pressure_errors",
        "wrong-rank",
    ),
    Broken(
        "one value where one a spectrum is expected",
        has("entry/sample/pressure_errors", Field(0.2, units="GPa")),
        "/entry/sample/pressure_errors",
        "wrong-rank",
    ),
    Broken(
        "a rank other than the base class has",
        has("entry/sample/mass", Field(np.ones((2, 2)), units="mg")),
        "/entry/sample/mass",
        "wrong-rank",
        INFO,
    ),
    Broken(
        "an interval of three",
        has("entry/weighted_classification/boundaries/frame_interval", Field([[1, 2, 3]])),
        "/entry/weighted_classification/boundaries/frame_interval",
        "wrong-size",
    ),
    Broken(
        "one error too few",
        has("entry/sample/pressure_errors", Field(np.ones(5), units="GPa")),
        "/entry/sample/pressure_errors",
        "symbol-mismatch",
    ),
    Broken(
        "two names for three shares",
        has("entry/weighted_classification/labels/class_names", Field(["a", "b", "c"])),
        f"{LABELS}/class_names",
        "symbol-mismatch",
    ),
    Broken(
        "a probe with a typing error",
        has("entry/instrument/source/probe", Field("xray")),
        "/entry/instrument/source/probe",
        "not-in-enumeration",
    ),
    Broken(
        "labels of unknown origin",
        has("entry/weighted_classification/label_origin", Field("oracle")),
        "/entry/weighted_classification/label_origin",
        "not-in-enumeration",
    ),
    Broken(
        "a date in words",
        has("entry/start_time", Field("Fri Jun 03 17:38:36 2016")),
        "/entry/start_time",
        "invalid-date",
    ),
    Broken(
        "an attribute that is no date",
        has("entry/instrument/detector/start_time@start", "yesterday"),
        "/entry/instrument/detector/start_time@start",
        "invalid-date",
    ),
    Broken(
        "a date without zone",
        has("entry/start_time", Field("2021-05-27T10:15:00")),
        "/entry/start_time",
        "date-without-zone",
        WARNING,
    ),
    Broken(
        "a signal that is not there", has("entry/plot", PLOT), "/entry/plot@signal", "nxdata-signal", WARNING
    ),
    Broken(
        "a plot without a signal",
        has("entry/plot", Group("NXdata", {"x": Field([1.0])})),
        "/entry/plot",
        "nxdata-signal",
        WARNING,
    ),
    Broken(
        "an axis that is not there",
        has("entry/data@axes", np.array([".", "tth"])),
        "/entry/data@axes",
        "nxdata-axes",
    ),
    Broken(
        "one axis for two dimensions", has("entry/data@axes", "pressure"), "/entry/data@axes", "nxdata-axes"
    ),
    Broken(
        "an axis of another length",
        lambda: FULL.put("entry/data/q", Field(np.ones(40))).put("entry/data@axes", np.array([".", "q"])),
        "/entry/data/q",
        "nxdata-length",
    ),
    Broken(
        "a default that is not there",
        has("entry@default", "dta"),
        "/entry@default",
        "broken-default",
        WARNING,
    ),
    Broken(
        "a default of the file that is not there",
        has("@default", "entry2"),
        "/@default",
        "broken-default",
        WARNING,
    ),
    Broken(
        "a link to nothing",
        has("entry/data/intensity_errors", Link("/entry/raw")),
        "/entry/data/intensity_errors",
        "broken-link",
    ),
    Broken(
        "a link to nothing that nobody asks for",
        has("entry/sample/thickness", Link("/entry/raw")),
        "/entry/sample/thickness",
        "broken-link",
        WARNING,
    ),
    Broken(
        "a link to itself",
        has("entry/sample/thickness", Link("/entry/sample/thickness")),
        "/entry/sample/thickness",
        "link-loop",
        WARNING,
    ),
    Broken(
        "a link out of the file",
        has("entry/data/intensity_errors", Link("/entry/I", "raw.nxs", "external")),
        "/entry/data/intensity_errors",
        "link-not-followed",
        INFO,
    ),
    Broken(
        "a target that is not there",
        has("entry/sample/pressure@target", "/entry/sample/p"),
        "/entry/sample/pressure@target",
        "link-target",
        WARNING,
    ),
    Broken(
        "a copy that says it is the original",
        has("entry/sample/pressure_errors@target", "/entry/sample/pressure"),
        "/entry/sample/pressure_errors@target",
        "link-target",
        INFO,
    ),
    Broken(
        "a sample that depends on nothing known",
        has("entry/sample/depends_on", Field("transformations/phi")),
        "/entry/sample/depends_on",
        "depends-on",
        WARNING,
    ),
    Broken(
        "transformations that depend on each other",
        lambda: FULL.put(
            "entry/instrument/detector/transformations",
            Group("NXtransformations", {"a": turn("b"), "b": turn("a")}),
        ).put("entry/instrument/detector/depends_on", Field("transformations/a")),
        "/entry/instrument/detector/depends_on",
        "depends-on",
        WARNING,
    ),
    Broken(
        "spectra that cannot be read",
        has("entry/data/intensity_errors", Unreadable("the filter 32008 is not there")),
        "/entry/data/intensity_errors",
        "unreadable",
    ),
    Broken(
        "something else that cannot be read",
        has("entry/sample/thickness", Unreadable("damaged")),
        "/entry/sample/thickness",
        "unreadable",
        WARNING,
    ),
    Broken(
        "a class that has no name",
        has("entry/weighted_classification/labels/class_index", Field([0, 0, 0, 1, 1, 2])),
        f"{LABELS}/class_index",
        "class-index",
    ),
    Broken(
        "a wavelength of another energy",
        has("entry/instrument/beam/incident_wavelength", Field(1.0332, units="A")),
        f"{BEAM}/incident_wavelength",
        "energy-and-wavelength",
        WARNING,
    ),
    Broken("angles that go back", two_theta(swap), "/entry/data/two_theta", "two-theta-order", WARNING),
    Broken(
        "angles beyond half a turn",
        two_theta(lambda values: values.__iadd__(170.0)),
        "/entry/data/two_theta",
        "implausible-value",
        WARNING,
    ),
    Broken(
        "a pressure in the wrong unit",
        has("entry/sample/pressure", COMPRESSED),
        PRESSURE,
        "implausible-value",
        WARNING,
    ),
    Broken(
        "the energy of the ring",
        has("entry/instrument/beam/incident_energy", Field(6.08, units="GeV")),
        f"{BEAM}/incident_energy",
        "implausible-value",
        WARNING,
    ),
    Broken("spectra with a hole", intensity(np.nan), "/entry/data/intensity", "nan-values", WARNING),
    Broken("negative counts", intensity(-3.0), "/entry/data/intensity", "negative-counts", INFO),
)

ALONG = {
    "an entry of an unknown definition": set(),
    "a title attribute of the wrong type": {"wrong-type"},
    "a unit as a facility spells it": set(),
    "a rank other than the base class has": {"policy-applied"},
    "a wavelength of another energy": {"units-spelling"},
    "an NXdata that does not say what to plot": set(),
}
"""What else is rightly found."""


def shown(report: Report) -> str:
    return "\n".join(f"{finding.path} {finding.rule} {finding.message}" for finding in report.findings)


def test_a_good_tree_has_no_findings() -> None:
    for tree in (conforming(), FULL, conforming(1, 7), conforming(5, 9, classified=True)):
        report = validate(tree)
        assert report.conforms
        assert not report.findings, shown(report)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_one_thing_broken_is_one_rule_found(case: Broken) -> None:
    report = validate(case.tree())
    assert report.rules - ALONG.get(case.what, set()) == {case.rule}, shown(report)
    finding = next(found for found in report.findings if found.rule == case.rule and found.path == case.path)
    assert finding.severity is case.severity
    assert report.conforms is (case.severity is not VIOLATION)


WHY_UNREAD = (
    *("too-deep", "too-many-items", "too-many-attributes", "took-too-long"),
    *("external-storage", "virtual-source", "user-defined-link", "impossible-name"),
)


@pytest.mark.parametrize("rule", WHY_UNREAD)
@pytest.mark.parametrize(
    ("path", "severity"),
    [("entry/data/intensity", VIOLATION), ("entry/sample/thickness", WARNING), ("other", VIOLATION)],
)
def test_what_was_not_read_breaks_the_rule_that_says_why(rule: str, path: str, severity: Severity) -> None:
    report = validate(FULL.put(path, Unreadable("is not read", rule)))
    assert (f"/{path}", rule, severity) in {(each.path, each.rule, each.severity) for each in report.findings}


def test_every_rule_is_broken_by_some_test() -> None:
    elsewhere = {"missing-link", "link-elsewhere", "too-many", "unusable-definition", "policy-applied"}
    elsewhere |= set(WHY_UNREAD)
    assert {case.rule for case in CASES} | elsewhere == set(RULES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_every_finding_is_one_plain_line(case: Broken) -> None:
    for finding in validate(case.tree()).findings:
        assert finding.path.startswith("/")
        assert finding.message
        assert "\n" not in finding.message
        assert RULES[finding.rule].severity >= finding.severity or finding.severity in (WARNING, INFO)


def test_an_index_below_minus_one_leads_to_no_class() -> None:
    tree = FULL.put("entry/weighted_classification/labels/class_index", Field([-2, 0, 0, 1, 1, -1]))
    assert validate(tree).rules == {"class-index"}


def test_a_null_value_is_no_value() -> None:
    tree = FULL.put("entry/instrument/detector/count_time", Field.around(Null(), {"units": "s"}))
    assert validate(tree).rules == {"no-value"}


OLD = Group(
    "NXdata",
    {
        "counts": Field(np.ones((2, 3)), signal=1, axes="angle:energy"),
        "angle": Field([1.0, 2.0]),
        "energy": Field([1.0, 2.0, 3.0], axis=2),
    },
)
"""A plot as it was written before 2014."""


def test_a_plot_in_the_old_style_is_a_plot() -> None:
    assert not validate(FULL.put("entry/old", OLD)).findings


@pytest.mark.parametrize(
    ("path", "item", "where", "rule"),
    [
        ("counts@axes", "angle:enregy", "/entry/old/counts@axes", "nxdata-axes"),
        ("counts@axes", "[energy,angle]", "/entry/old/angle", "nxdata-length"),
        ("energy", Field([1.0, 2.0], axis=2), "/entry/old/energy", "nxdata-length"),
    ],
)
def test_a_plot_in_the_old_style_is_looked_at(path: str, item: object, where: str, rule: str) -> None:
    report = validate(FULL.put("entry/old", OLD).put(f"entry/old/{path}", item))  # type: ignore[arg-type]
    assert (where, rule) in {(each.path, each.rule) for each in report.findings}
    assert report.conforms


@pytest.mark.parametrize(
    ("default", "path"),
    [("title", "/entry@default"), ("sample", "/entry@default"), ("instrument", "/entry@default")],
)
def test_a_default_that_leads_to_no_plot_is_told(default: str, path: str) -> None:
    report = validate(FULL.put("entry@default", default))
    assert {(each.path, each.rule) for each in report.findings} == {(path, "broken-default")}


def test_a_default_may_lead_on_through_groups() -> None:
    tree = FULL.put("entry@default", "reduction").put("entry/reduction@default", "plot")
    plot = Group("NXdata", {"x": Field([1.0, 2.0])}, signal="x")
    assert not validate(tree.put("entry/reduction/plot", plot)).findings


def test_the_file_itself_is_looked_at() -> None:
    tree = FULL.put("@file_time", "yesterday").put("entry (2)", Group("NXcollection"))
    found = {(each.path, each.rule) for each in validate(tree).findings}
    assert found == {("/@file_time", "invalid-date"), ("/entry (2)", "invalid-name")}


@pytest.mark.parametrize("text", ["2021-05-27x10:15:00Z", "10", "May", "2021-02-30", "2021-05-27T25:00:00Z"])
def test_what_is_no_iso_date_is_told(text: str) -> None:
    assert validate(FULL.put("entry/start_time", Field(text))).rules == {"invalid-date"}


def test_a_long_chain_of_transformations_is_followed_to_its_end() -> None:
    axes = {"a": turn("b"), "b": turn("/entry/instrument/detector/transformations/c"), "c": turn(".")}
    tree = FULL.put("entry/instrument/detector/transformations", Group("NXtransformations", axes))
    tree = tree.put("entry/instrument/detector/depends_on", Field("transformations/a"))
    assert not validate(tree).findings
    report = validate(tree.without("entry/instrument/detector/transformations/c"))
    assert report.rules == {"depends-on"}
    assert [each.path.rpartition("/")[2] for each in report.findings] == ["depends_on", "b@depends_on"]


def test_a_path_that_lacks_its_slash_is_pointed_at() -> None:
    tree = FULL.put("entry/sample/depends_on", Field("entry/instrument/beam"))
    (finding,) = validate(tree).findings
    assert "is /entry/instrument/beam meant" in finding.message


def test_a_hole_in_one_of_many_spectra_is_seen_where_it_is_looked_for() -> None:
    values = np.ones((400, 1000))
    values[:, 7] = np.nan
    tree = conforming(400, 1000).put("entry/data/intensity", Field(values, units="counts"))
    (finding,) = validate(tree).findings
    assert finding.rule == "nan-values"
    assert "that were looked at" in finding.message


# -- what a finding says -----------------------------------------------------------------------


def test_a_missing_pressure_comes_with_the_way_out_and_the_line_of_the_rule() -> None:
    report = validate(FULL.without("entry/sample/pressure"))
    finding = next(each for each in report.findings if each.path == PRESSURE)
    assert (finding.rule, finding.definition) == ("missing-field", "NXdiffraction_spectra")
    assert "--set pressure=" in finding.message
    assert finding.nxdl == "NXdiffraction_spectra.nxdl.xml"
    nxdl = Path(__file__).parent.parent / "appdefs" / finding.nxdl
    assert finding.line is not None
    assert 'name="pressure"' in nxdl.read_text().splitlines()[finding.line - 1]


@pytest.mark.parametrize("concept", ["pressure", "beam_energy", "exposure", "intensity", "two_theta"])
def test_an_empty_entry_is_told_how_to_supply_each_key_concept(concept: str) -> None:
    report = validate(Group("NXroot", {"entry": Group("NXentry")}))
    assert any(f"--set {concept}=" in finding.message for finding in report.findings)


def test_a_missing_group_lists_what_is_required_in_it() -> None:
    report = validate(FULL.without("entry/instrument"))
    found = {(finding.path, finding.rule) for finding in report.findings}
    assert ("/entry/(NXinstrument)/(NXbeam)/incident_energy", "missing-field") in found
    assert ("/entry/(NXinstrument)/(NXdetector)/count_time", "missing-field") in found


def test_a_near_miss_is_offered_for_what_is_missing() -> None:
    tree = FULL.without("entry/instrument/detector/count_time")
    tree = tree.put("entry/instrument/detector/counttime", Field(0.1, units="s"))
    messages = {finding.path: finding.message for finding in validate(tree).findings}
    assert "did you mean count_time" in messages["/entry/instrument/detector/counttime"]
    assert "counttime" in messages[COUNT_TIME]


def test_a_group_with_the_right_name_and_no_class_is_pointed_at() -> None:
    report = validate(FULL.without("entry/sample@NX_class"))
    missing = next(each for each in report.findings if each.path == "/entry/(NXsample)")
    assert "sample has no NX_class" in missing.message


def test_lengths_are_compared_across_groups_and_both_places_are_named() -> None:
    tree = FULL.put("entry/data/intensity", Field(np.ones((5, 48)), units="counts"))
    finding = next(each for each in validate(tree).findings if each.rule == "symbol-mismatch")
    assert finding.path == "/entry/data/intensity"
    assert finding.message.startswith("has length 5 along nP, but /entry/")
    assert finding.message.endswith("has 6")


def test_many_unknown_items_are_summed_up() -> None:
    tree = FULL
    for number in range(40):
        tree = tree.put(f"entry/instrument/detector/zz_{number}", Field(0.0))
    findings = validate(tree).findings
    assert len(findings) == 11
    assert "30 more" in findings[-1].message


# -- what is allowed ---------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.1, [0.1], np.full(6, 0.1)])
def test_one_exposure_for_all_or_one_for_each(value: object) -> None:
    assert not validate(FULL.put("entry/instrument/detector/count_time", Field(value, units="s"))).findings  # type: ignore[arg-type]


def test_spectra_may_be_links_to_the_raw_data() -> None:
    raw = Group("NXcollection", {"I": FULL["entry/data/intensity"], "tth": FULL["entry/data/two_theta"]})
    tree = FULL.put("entry/raw", raw).put("entry/data/intensity", Link("/entry/raw/I"))
    tree = tree.put("entry/data/two_theta", Link("/entry/raw/tth"))
    assert not validate(tree).findings


def test_text_as_an_array_of_one_is_text() -> None:
    tree = FULL.put("entry/definition", Field(["NXdiffraction_spectra"], version=np.array(["1.0"])))
    tree = tree.put("entry@NX_class", np.array(["NXentry"])).put("entry/data@signal", np.array(["intensity"]))
    assert not validate(tree).findings


def test_an_axis_may_hold_edges() -> None:
    tree = FULL.put("entry/data/edges", Field(np.ones(49))).put("entry/data@axes", np.array([".", "edges"]))
    assert not validate(tree).findings


def test_indices_say_which_dimension_an_axis_stands_for() -> None:
    tree = FULL.put("entry/data@axes", np.array(["two_theta", "pressure"]))
    tree = tree.put("entry/data@two_theta_indices", 1).put("entry/data@pressure_indices", np.array([0]))
    assert not validate(tree).findings


def test_each_classification_counts_its_own_classes() -> None:
    other = Group(
        "NXprocess",
        {
            "program": Field("a person"),
            "version": Field("1"),
            "date": Field("2021-05-28T09:00:00Z"),
            "label_origin": Field("expert"),
            "labels": Group(
                "NXdata",
                {"class_index": Field([0, 0, 1, 1, 2, 2]), "class_names": Field(["a", "b", "c"])},
                signal="class_index",
                axes=".",
            ),
        },
    )
    assert not validate(FULL.put("entry/expert_classification", other)).findings


@pytest.mark.parametrize(
    "text", ["2021-05-27T10:15:00Z", "2021-05-27 10:15:00+02:00", "20210527T101500+0200"]
)
def test_iso_dates_with_a_zone_are_dates(text: str) -> None:
    assert not validate(FULL.put("entry/start_time", Field(text))).findings


def test_a_collection_is_never_looked_into() -> None:
    junk = {"P(GPa)": Field("x", units="{?}"), "l": Link("/nowhere"), "g": Group("NXnonsense")}
    tree = FULL.put("entry/instrument/detector/collection", Group("NXcollection", junk))
    assert not validate(tree).findings


def test_neutrons_have_another_energy_for_a_wavelength() -> None:
    tree = FULL.put("entry/instrument/beam/incident_wavelength", Field(1.0, units="angstrom"))
    tree = tree.put("entry/instrument/source/probe", Field("neutron"))
    assert "energy-and-wavelength" not in validate(tree).rules


# -- entries -----------------------------------------------------------------------------------


def test_each_entry_is_reported() -> None:
    report = validate(FULL.put("second", Group("NXentry", {"definition": Field("NXdiffraction_spectra")})))
    assert [(entry.path, entry.conforms) for entry in report.entries] == [
        ("/entry", True),
        ("/second", False),
    ]
    assert not report.conforms


def test_a_subentry_with_its_own_definition_is_validated_on_its_own() -> None:
    ours = Group("NXsubentry", conforming()["entry"].children, default="data")
    tree = Group("NXroot", {"entry": Group("NXentry", {"diffraction_spectra": ours, "title": Field("raw")})})
    pressure = "/entry/diffraction_spectra/sample/pressure"
    tree = tree.put("entry/diffraction_spectra/data/pressure", Link(pressure))
    tree = tree.put(f"{pressure}@target", pressure)
    report = validate(tree)
    assert [entry.path for entry in report.entries] == ["/entry/diffraction_spectra"]
    assert report.conforms
    assert not report.findings, shown(report)


def test_the_definition_that_is_asked_for_is_looked_for_in_subentries_first() -> None:
    ours = Group("NXsubentry", FULL["entry"].children)
    raw = Group("NXentry", {"definition": Field("NXmx"), "ours": ours})
    tree = Group("NXroot", {"entry": raw})
    asked = validate(tree, definition="nxdiffraction_spectra")
    assert [entry.path for entry in asked.entries] == ["/entry/ours"]
    assert [entry.definition for entry in validate(tree).entries] == ["NXmx", "NXdiffraction_spectra"]


def test_another_definition_can_be_asked_for() -> None:
    report = validate(FULL, definition="NXmonopd")
    assert report.entries[0].definition == "NXmonopd"
    assert "missing-field" in report.rules
    assert not report.conforms


def test_asking_for_a_definition_that_is_not_there_says_what_may_be_meant() -> None:
    with pytest.raises(UnknownDefinition, match="did you mean NXdiffraction_spectra"):
        validate(FULL, definition="NXdifraction_spectra")


def test_a_base_class_is_not_a_definition() -> None:
    with pytest.raises(UnknownDefinition, match="base class"):
        validate(FULL, definition="NXsample")


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnknownDefinition, match="no such folder"):
        validate(FULL, definitions=tmp_path / "nowhere")


# -- laws --------------------------------------------------------------------------------------

PATHS = sorted(path for path, _ in FULL.walk())
NODES = st.sampled_from(
    [
        Field(np.zeros((2, 0))),
        Field("text", units="text"),
        Field([[True]]),
        Field(np.array([b"a"], dtype="V1")),
        Field(1 + 2j, units="%"),
        Group(None),
        Group("NXdata", signal=3, axes=4.5),
        Group("NXentry", FULL["entry"].children),
        Group("", {"": Field(1), ".": Field(2)}),
        Link("/entry"),
        Link("."),
        Link("x", "y", "external"),
        Unreadable("so"),
    ]
)


@given(st.lists(st.tuples(st.sampled_from(PATHS), NODES | st.none()), min_size=1, max_size=6))
def test_any_broken_tree_is_reported_and_left_as_it_is(changes: list[tuple[str, object]]) -> None:
    tree = FULL
    for path, node in changes:
        if _really(tree, path):
            tree = tree.without(path) if node is None else tree.put(path, node)  # type: ignore[arg-type]
    before = tree.put("x", Group()).without("x")
    report = validate(tree)
    assert tree == before
    assert validate(tree) == report
    assert all(finding.rule in RULES for finding in report.findings)


def _really(tree: Group, path: str) -> bool:
    """Does something stand there, without a link on the way?"""
    here: object = tree
    for step in path.strip("/").split("/"):
        if not isinstance(here, Group) or step not in here.children:
            return False
        here = here.children[step]
    return True


@given(st.sampled_from([path for path, node in FULL.walk() if isinstance(node, Group)]), NODES)
def test_a_collection_more_changes_no_finding(path: str, node: object) -> None:
    collection = Group("NXcollection", {"anything": node})  # type: ignore[dict-item]
    broken = FULL.without("entry/sample/name")
    assert validate(broken.put(f"{path}/zz_keys", collection)) == validate(broken)


# -- files -------------------------------------------------------------------------------------


def test_a_file_read_without_its_collections_is_validated_the_same(tmp_path: Path) -> None:
    keys = Group("NXcollection", {f"key_{number}": Field(float(number)) for number in range(20)})
    tree = FULL.put("entry/instrument/detector/collection", keys).without("entry/sample/name")
    file = hdf5.write(tree, tmp_path / "run.nxs")
    assert validate(hdf5.read(file, keep=needed)) == validate(hdf5.read(file))
    assert validate(hdf5.read(file)).rules == {"missing-field"}


def test_spectra_that_cannot_be_read_are_a_violation(tmp_path: Path) -> None:
    file = hdf5.write(conforming(64, 200).without("entry/data/intensity"), tmp_path / "run.nxs")
    with h5py.File(file, "r+") as opened:
        values = np.random.default_rng(0).random((64, 200))
        data = opened["entry/data"].create_dataset("intensity", data=values, compression="gzip")
        data.attrs["units"] = "counts"
        place = data.id.get_chunk_info(0).byte_offset
    with file.open("r+b") as raw:
        raw.seek(place)
        raw.write(b"\xff" * 64)
    report = validate(hdf5.read(file))
    assert {(each.path, each.rule) for each in report.findings} == {("/entry/data/intensity", "unreadable")}
    assert not report.conforms


def test_a_file_that_changes_while_it_is_validated_is_for_the_caller(tmp_path: Path) -> None:
    file = hdf5.write(conforming(64, 200), tmp_path / "run.nxs")
    tree = hdf5.read(file)
    hdf5.write(conforming(32, 200), file, overwrite=True)
    with pytest.raises(FileChanged):
        validate(tree)


def test_links_in_a_circle_are_walked_once() -> None:
    tree = FULL.put("entry/sample/again", Link("/entry")).put(
        "entry/instrument/more", Link("/entry/instrument")
    )
    tree = tree.put("entry/instrument/second_beam", Link("/entry/instrument/beam"))
    report = validate(tree)
    assert report.conforms
    assert len(report.findings) < 5


def test_groups_nested_deeper_than_python_recurses_are_walked() -> None:
    deep = Group("NXcomponent")
    for _ in range(3000):
        deep = Group("NXcomponent", {"inside": deep})
    assert validate(FULL.put("entry/instrument/deep", deep)).conforms


def test_a_report_names_its_file(tmp_path: Path) -> None:
    file = hdf5.write(FULL, tmp_path / "run.nxs")
    assert validate(hdf5.read(file)).file == str(file)


def test_the_lambda_file_misses_pressure_energy_and_spectra_and_has_its_exposure(real_files: Path) -> None:
    report = validate(hdf5.read(real_files / "lambda_p02.2_m1_part00000.nxs", keep=needed))
    missing = {
        finding.path: finding.message for finding in report.findings if finding.rule == "missing-field"
    }
    for path, word in (
        ("/entry/(NXsample)/pressure", "pressure"),
        ("/entry/instrument/(NXbeam)/incident_energy", "beam_energy"),
        ("/entry/data/intensity", "intensity"),
        ("/entry/data/two_theta", "two_theta"),
    ):
        assert f"--set {word}=" in missing[path]
    spelling = [finding for finding in report.findings if finding.path == f"{COUNT_TIME}@units"]
    assert [finding.rule for finding in spelling] == ["units-spelling"]
    assert not any("count_time" in path for path in missing)
    assert "definition-missing" in report.rules


def test_every_real_file_is_validated_to_the_end(real_files: Path) -> None:
    names = {path.name for path in real_files.iterdir() if path.suffix != ".poni"}
    assert names
    for name in names:
        report = validate(hdf5.read(real_files / name, keep=needed))
        assert report.entries
        assert all(finding.rule in RULES for finding in report.findings)
