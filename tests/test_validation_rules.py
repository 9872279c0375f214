"""Every rule: a good tree, the same with one thing broken, and exactly that rule's finding."""

from __future__ import annotations

import numpy as np
import pytest
from broken import (
    ALONG,
    CASES,
    FULL,
    INFO,
    VIOLATION,
    WARNING,
    Broken,
    shown,
    turn,
)

from nxspectra.findings import Severity
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group, Null, Unreadable
from nxspectra.validation import RULES, validate


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
