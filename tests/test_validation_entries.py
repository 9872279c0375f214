"""Which entries are compared with which definitions."""

from __future__ import annotations

from pathlib import Path

import pytest
from broken import FULL, VIOLATION, shown

from nxspectra.errors import UnknownDefinition
from nxspectra.spectra import Spectra
from nxspectra.testing import conforming, minimal
from nxspectra.tree import Field, Group, Link
from nxspectra.validation import validate


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


# -- several definitions -----------------------------------------------------------------------


def of_both(*names: str) -> Group:
    """An entry that follows NXmonopd and NXtas, in everything but the field definition."""
    tree = minimal("NXtas")
    for path, node in minimal("NXmonopd").walk():
        if path not in tree:
            tree = tree.put(path, node)
    return tree.put("entry/definition", Field(list(names)))


def test_an_entry_that_names_two_definitions_is_compared_with_each() -> None:
    report = validate(of_both("NXmonopd", "NXtas").without("entry/sample/name"))
    assert [(each.path, each.definition, each.conforms) for each in report.entries] == [
        ("/entry", "NXmonopd", False),
        ("/entry", "NXtas", False),
    ]
    assert len({each.digest for each in report.entries}) == 2
    missing = [each for each in report.findings if each.rule == "missing-field"]
    assert {each.definition for each in missing if each.path == "/entry/sample/name"} == {"NXmonopd", "NXtas"}


def test_an_entry_conforms_to_the_one_of_its_definitions_and_not_to_the_other() -> None:
    tree = minimal("NXmonopd").put("entry/definition", Field(["NXmonopd", "NXmx"]))
    report = validate(tree)
    assert [(each.definition, each.conforms) for each in report.entries] == [
        ("NXmonopd", True),
        ("NXmx", False),
    ]
    assert not report.conforms
    assert "not-in-enumeration" not in report.rules


def test_what_two_definitions_leave_to_a_base_class_is_said_once() -> None:
    tree = of_both("NXmonopd", "NXtas").put("entry/sample/P(GPa)", Field(1.0))
    found = [each.path for each in validate(tree).findings if each.rule == "invalid-name"]
    assert found == ["/entry/sample/P(GPa)"]


def test_blank_and_repeated_names_of_definitions_do_not_count() -> None:
    report = validate(minimal("NXmonopd").put("entry/definition", Field(["NXmonopd", " ", "NXmonopd"])))
    assert [each.definition for each in report.entries] == ["NXmonopd"]
    assert "several-definitions" not in report.rules


def test_of_many_definitions_the_first_few_are_looked_at_and_that_is_a_violation() -> None:
    names = ["NXmonopd", *(f"NXnothing_{number}" for number in range(200))]
    report = validate(minimal("NXmonopd").put("entry/definition", Field(names)))
    assert len(report.entries) == 8
    told = next(each for each in report.findings if each.rule == "several-definitions")
    assert told.severity is VIOLATION
    assert "201 definitions" in told.message


def test_one_of_several_definitions_can_be_asked_for() -> None:
    tree = minimal("NXmonopd").put("entry/definition", Field(["NXmonopd", "NXmx"]))
    report = validate(tree, "NXmonopd")
    assert report.conforms
    assert [each.definition for each in report.entries] == ["NXmonopd"]


def test_our_spectra_are_found_in_an_entry_that_follows_another_definition_too() -> None:
    tree = FULL.put("entry/definition", Field(["NXdiffraction_spectra", "NXmonopd"], version="1.0"))
    assert len(Spectra.of(tree)) == 6


# -- versions ----------------------------------------------------------------------------------


def test_two_versions_of_a_definition_are_told_apart_by_their_digests(tmp_path: Path) -> None:
    for version, units in (("old", "NX_LENGTH"), ("new", "NX_PRESSURE")):
        (tmp_path / version).mkdir()
        (tmp_path / version / "NXramp.nxdl.xml").write_text(
            '<definition xmlns="http://definition.nexusformat.org/nxdl/3.1" name="NXramp" type="group"'
            ' extends="NXobject" category="application"><group type="NXentry"><field name="definition"/>'
            f'<field name="height" type="NX_FLOAT" units="{units}"/></group></definition>'
        )
    ramp = Group(
        "NXroot",
        {"entry": Group("NXentry", {"definition": Field("NXramp"), "height": Field(1.0, units="GPa")})},
    )
    reports = {version: validate(ramp, definitions=tmp_path / version) for version in ("old", "new")}
    assert {version: report.conforms for version, report in reports.items()} == {"old": False, "new": True}
    digests = {version: str(report.entries[0].digest) for version, report in reports.items()}
    assert len(set(digests.values())) == 2
    pinned = f"NXramp@{digests['new'][:12]}"
    assert validate(ramp, pinned, tmp_path / "new").entries == reports["new"].entries
    with pytest.raises(UnknownDefinition, match=digests["old"]):
        validate(ramp, pinned, tmp_path / "old")
