"""NXdiffraction_spectra is valid by the schema of the standard, and its files by two judges."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from lxml import etree

from nxspectra import hdf5, nxdl
from nxspectra.nxdl.library import official
from nxspectra.shipped import shipped
from nxspectra.spectra import DEFINITION, VERSION
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group
from nxspectra.validation import validate
from nxspectra.validation.reference import page

NXDL = shipped(f"{DEFINITION}.nxdl.xml")
DOCS = Path(__file__).parent.parent / "docs" / "reference"


def judged(tool: str, *arguments: str | Path) -> tuple[int, int]:
    """Warnings and errors that a tool of nexusformat counts; its exit code is always 0."""
    code = f"from nexusformat.scripts.{tool} import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    printed = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    warnings = re.search(r"Total number of warnings: (\d+)", printed)
    errors = re.search(r"Total number of errors: (\d+)", printed)
    assert warnings, printed
    assert errors, printed
    return int(warnings[1]), int(errors[1])


def test_the_definition_follows_the_schema_of_nxdl() -> None:
    schema = etree.XMLSchema(etree.parse(official()[0] / "nxdl.xsd"))
    schema.assertValid(etree.parse(NXDL))


def test_nxlint_finds_nothing_in_the_definition() -> None:
    assert judged("nxlint", NXDL) == (0, 0)


def test_every_concept_and_symbol_has_a_doc() -> None:
    for element in etree.parse(NXDL).iter("{*}group", "{*}field", "{*}attribute", "{*}symbol"):
        doc = element.find("{*}doc")
        assert doc is not None, f"line {element.sourceline}"
        assert "".join(doc.itertext()).strip().endswith((".", ";"))


@pytest.mark.parametrize("classified", [False, True])
def test_a_file_that_we_write_is_valid_by_both_judges(tmp_path: Path, classified: bool) -> None:
    file = hdf5.write(conforming(classified=classified, migrated=classified), tmp_path / "run.nxs")
    ours = validate(hdf5.read(file))
    assert ours.conforms
    assert not ours.findings
    assert judged("nxvalidate", "-a", NXDL, file) == (0, 0)


@pytest.mark.parametrize("lost", ["entry/sample/name", "entry/instrument/beam", "entry/data/two_theta"])
def test_both_judges_see_what_is_missing(tmp_path: Path, lost: str) -> None:
    file = hdf5.write(conforming().without(lost), tmp_path / "run.nxs")
    assert not validate(hdf5.read(file)).conforms
    assert judged("nxvalidate", "-a", NXDL, file)[1] > 0


def test_no_base_class_objects_to_the_required_part(tmp_path: Path) -> None:
    file = hdf5.write(conforming(), tmp_path / "run.nxs")
    assert judged("nxcheck", file)[1] == 0


def test_a_single_spectrum_without_anything_recommended_conforms() -> None:
    rules = nxdl.definition(DEFINITION).entry
    tree = conforming(1, 8)

    def strip(group: Group, rule: nxdl.GroupRule, path: str) -> Group:
        for field in rule.fields:
            if field.need != "required":
                group = group.without(field.name) if field.name in group.children else group
        for child in rule.groups:
            for name, below in list(group.of_class(child.nx_class)):
                if child.need != "required":
                    group = group.without(name)
                elif child.name in (None, name):
                    group = group.put(name, strip(below, child, f"{path}/{name}"))
        return group

    bare = Group("NXroot", {"entry": strip(tree["entry"], rules, "/entry")})
    bare = bare.put("entry/data@axes", np.array([".", "two_theta"]))
    report = validate(bare)
    assert report.conforms
    assert {finding.severity for finding in report.findings} == {"warning"}


def test_the_three_key_concepts_are_required_where_they_are_said_to_be() -> None:
    entry = nxdl.definition(DEFINITION).entry
    required = {
        field.concept: field.units
        for group in _required(entry)
        for field in group.fields
        if field.need == "required"
    }
    assert required["sample/pressure"] == "NX_PRESSURE"
    assert required["instrument/beam/incident_energy"] == "NX_ENERGY"
    assert required["instrument/detector/count_time"] == "NX_TIME"
    assert {"data/intensity", "data/two_theta"} <= required.keys()


def _required(group: nxdl.GroupRule) -> list[nxdl.GroupRule]:
    below = [each for child in group.groups if child.need == "required" for each in _required(child)]
    return [group, *below]


def test_the_version_is_one() -> None:
    version = next(
        rule
        for field in nxdl.definition(DEFINITION).entry.fields
        if field.name == "definition"
        for rule in field.attributes
    )
    assert version.enumeration is not None
    assert VERSION in version.enumeration.items
    assert not validate(conforming().put("entry/definition", Field(DEFINITION, version=VERSION))).findings


def test_the_page_names_every_concept_of_the_definition() -> None:
    text = (DOCS / f"{DEFINITION}.md").read_text(encoding="utf-8")
    parsed = etree.parse(NXDL)
    names = {element.get("name") for element in parsed.iter("{*}field", "{*}attribute", "{*}symbol")}
    names |= {element.get("name") for element in parsed.iter("{*}group")} - {"CLASSIFICATIONclassification"}
    missing = {name for name in names - {None, "CONCEPT"} if name not in text}
    assert not missing


def test_the_page_of_rules_is_current() -> None:
    assert (DOCS / "rules.md").read_text(encoding="utf-8") == page()
