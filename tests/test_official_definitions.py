"""Every official definition: trees made from its rules are clean, its defects dealt with as the docs say."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from corpus import APPLICATIONS, EVERY, above_info

from nxspectra.findings import Report
from nxspectra.testing import conforming, maximal, minimal
from nxspectra.tree import Field, Group
from nxspectra.validation import validate
from nxspectra.validation.policies import POLICIES

DOCS = Path(__file__).parent.parent / "docs" / "explanation"


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


def test_every_policy_is_in_the_docs() -> None:
    policy = (DOCS / "policy.md").read_text(encoding="utf-8")
    assert re.findall(r"^### (\S+)$", policy, re.MULTILINE) == list(POLICIES)
