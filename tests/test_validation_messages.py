"""What a finding says, and what is no finding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from broken import (
    COUNT_TIME,
    FULL,
    PRESSURE,
)

from nxspectra.tree import Field, Group, Link
from nxspectra.validation import validate

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
