"""Lint of NXDL: every rule is broken by one file, the official ones are not found faulty without reason."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from nxspectra.cli import program
from nxspectra.errors import FileError, UnknownDefinition
from nxspectra.findings import Severity
from nxspectra.nxdl.library import official
from nxspectra.nxdl.linting import LINT_RULES, lint
from nxspectra.shipped import shipped

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "definitions.md"
NAMESPACE = "http://definition.nexusformat.org/nxdl/3.1"
DOC = "<doc>What it is.</doc>"


def write(
    folder: Path, body: str, *, extends: str = "NXobject", name: str = "NXramp", category: str = "application"
) -> Path:
    path = folder / f"{name}.nxdl.xml"
    path.write_text(
        f'<definition xmlns="{NAMESPACE}" name="{name}" extends="{extends}" type="group"'
        f' category="{category}">\n{DOC}\n{body}\n</definition>\n'
    )
    return path


def entry(body: str = "", symbols: str = "") -> str:
    """An NXentry that holds `body`, in line 3; symbols stand before the doc, as the schema asks."""
    return f'{symbols}<group type="NXentry">{DOC}{body}</group>'


def field(attributes: str = "", body: str = "", name: str = "zz") -> str:
    return f'<field name="{name}" {attributes}>{DOC}{body}</field>'


def items(*values: str) -> str:
    return "<enumeration>" + "".join(f'<item value="{value}"/>' for value in values) + "</enumeration>"


def dimensions(rank: str, *dims: str) -> str:
    return f'<dimensions rank="{rank}">' + "".join(f"<dim {dim}/>" for dim in dims) + "</dimensions>"


def symbols(*names: str) -> str:
    inside = "".join(f'<symbol name="{name}">{DOC}</symbol>' for name in names)
    return f"<symbols>{DOC}{inside}</symbols>"


def rules(path: Path) -> list[str]:
    return [finding.rule for finding in lint(path).findings]


# -- each rule ---------------------------------------------------------------------------------

IN_AN_ENTRY: dict[str, list[tuple[str, str]]] = {
    "unknown-class": [('<group type="NXsampel">' + DOC + "</group>", "did you mean NXsample")],
    "unknown-unit-category": [(field('type="NX_FLOAT" units="NX_PRESURE"'), "did you mean NX_PRESSURE")],
    "categories-as-values": [
        (field("", f'<attribute name="units">{DOC}{items("NX_ANGLE")}</attribute>'), "NX_ANGLE"),
        (field("", f'<attribute name="units">{DOC}{items("NX_PER_LENGHT")}</attribute>'), "NX_PER_LENGHT"),
    ],
    "list-as-value": [(field("", items("['.', 'x']")), "list")],
    "item-of-another-type": [(field('type="NX_INT"', items("1", "two")), "two")],
    "item-twice": [(field("", items("a", "b", "a")), "'a'")],
    "rank-without-dims": [(field('type="NX_INT"', dimensions("2")), "rank 2")],
    "dims-and-rank": [
        (field('type="NX_INT"', dimensions("1", 'index="1" value="2"', 'index="2" value="2"')), "rank 1"),
        (field('type="NX_INT"', dimensions("2", 'index="1" value="2"', 'index="1" value="3"')), "twice"),
    ],
    "dim-without-length": [(field('type="NX_INT"', dimensions("1", 'index="1"')), "no value")],
    "unknown-ref": [(field('type="NX_INT"', dimensions("1", 'index="1" ref="tw_theta"')), "tw_theta")],
    "undeclared-symbol": [
        (field('type="NX_INT"', dimensions("1", 'index="1" value="nP"')), "nP"),
        (field('type="NX_INT"', dimensions("dataRank")), "dataRank"),
    ],
    "said-twice": [(field() + field(), "line")],
    "partial-without-capitals": [(field('nameType="partial"'), "zz")],
    "contradictory-need": [
        (field('optional="true" recommended="true"'), "optional and recommended"),
        (field('minOccurs="2" maxOccurs="1"'), "minOccurs=2"),
    ],
    "no-doc": [('<field name="zz"/>', "zz")],
    "nxdl-schema": [('<field name="zz" colour="red"/>', "colour")],
}


@pytest.mark.parametrize(
    ("rule", "body", "said"), [(rule, *each) for rule, cases in IN_AN_ENTRY.items() for each in cases]
)
def test_a_fault_in_an_entry_is_found(tmp_path: Path, rule: str, body: str, said: str) -> None:
    report = lint(write(tmp_path, entry(body)))
    found = [finding for finding in report.findings if finding.rule == rule]
    assert len(found) == 1
    assert said in found[0].message
    assert found[0].severity is LINT_RULES[rule].severity
    assert (found[0].nxdl, found[0].line, found[0].definition) == ("NXramp.nxdl.xml", 3, "NXramp")
    assert report.conforms is not (found[0].severity is Severity.VIOLATION)
    assert set(rules(write(tmp_path, entry(body)))) <= {rule, "no-doc"}


def sample(body: str) -> str:
    return entry(f'<group type="NXsample">{DOC}{body}</group>')


def test_a_value_that_the_base_class_does_not_allow(tmp_path: Path) -> None:
    assert rules(write(tmp_path, sample(field("", items("sample", "rock"), "type")))) == [
        "contradicts-base-class"
    ]


def test_a_name_that_is_nearly_one_of_the_base_class(tmp_path: Path) -> None:
    (finding,) = lint(write(tmp_path, sample(field(name="chemical_formulae")))).findings
    assert (finding.rule, finding.path) == ("misspelled-concept", "/(NXentry)/(NXsample)/chemical_formulae")
    assert "chemical_formula;" in finding.message


def test_a_symbol_that_is_declared_and_not_used(tmp_path: Path) -> None:
    path = write(tmp_path, entry())
    text = path.read_text().replace(f">\n{DOC}", f">\n{symbols('nP', 'nQ')}\n{DOC}", 1)
    path.write_text(
        text.replace("</group>", field('type="NX_INT"', dimensions("1", 'index="1" value="nP"')) + "</group>")
    )
    assert [(each.rule, "nQ" in each.message) for each in lint(path).findings] == [("unused-symbol", True)]


def test_a_symbol_of_the_definition_that_is_extended_is_declared(tmp_path: Path) -> None:
    below = write(tmp_path, entry(), name="NXbelow")
    below.write_text(below.read_text().replace(f">\n{DOC}", f">\n{symbols('nP')}\n{DOC}", 1))
    body = field('type="NX_INT"', dimensions("1", 'index="1" value="nP"'))
    assert rules(write(tmp_path, entry(body), extends="NXbelow")) == []


def test_a_parent_that_is_not_there(tmp_path: Path) -> None:
    (finding,) = lint(write(tmp_path, entry(), extends="NXmonpd")).findings
    assert finding.rule == "unknown-parent"
    assert "did you mean NXmonopd" in finding.message


def test_parents_in_a_circle(tmp_path: Path) -> None:
    write(tmp_path, entry(), name="NXbelow", extends="NXramp")
    assert rules(write(tmp_path, entry(), extends="NXbelow")) == ["unknown-parent"]


def test_an_application_definition_without_an_entry(tmp_path: Path) -> None:
    assert rules(write(tmp_path, f'<group type="NXsample">{DOC}</group>')) == ["no-entry"]


def test_a_base_class_needs_no_entry(tmp_path: Path) -> None:
    assert rules(write(tmp_path, field(), category="base")) == []


def test_a_file_that_is_called_otherwise(tmp_path: Path) -> None:
    path = write(tmp_path, entry())
    other = path.rename(tmp_path / "NXother.nxdl.xml")
    assert rules(other) == ["name-and-file"]


def test_a_class_that_stands_beside_the_file_is_known(tmp_path: Path) -> None:
    write(tmp_path, field(), name="NXanvil", category="base")
    assert rules(write(tmp_path, entry(f'<group type="NXanvil">{DOC}</group>'))) == []


def test_a_class_of_the_folder_that_is_given_is_known(tmp_path: Path) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    write(folder, field(), name="NXanvil", category="base")
    path = write(tmp_path, entry(f'<group type="NXanvil">{DOC}</group>'))
    assert rules(path) == ["unknown-class"]
    assert lint(path, folder).conforms


def test_comments_and_instructions_are_no_concepts(tmp_path: Path) -> None:
    assert rules(write(tmp_path, entry("<!-- a --><?b c?>" + field("", "<!-- d -->")))) == []


# -- files that are not to be trusted ----------------------------------------------------------

BOMB = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "not-nxdl"),
        (b"<oops>", "not-nxdl"),
        (b"<html/>", "not-nxdl"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "not-nxdl"),
        (b'<definition xmlns="x"/>', "not-nxdl"),
        (f'{BOMB}<definition xmlns="{NAMESPACE}" name="NXramp">&b;</definition>'.encode(), "doctype"),
        (b'<!DOCTYPE d SYSTEM "http://localhost/x.dtd"><definition name="NXramp"/>', "doctype"),
        (b"<a>" * 1500 + b"</a>" * 1500, "not-nxdl"),
        (b'<?xml version="1.0" encoding="utf-8"?><definition name="\xff"/>', "not-nxdl"),
    ],
)
def test_what_is_no_nxdl_is_a_finding(tmp_path: Path, content: bytes, rule: str) -> None:
    path = tmp_path / "NXramp.nxdl.xml"
    path.write_bytes(content)
    report = lint(path)
    assert [finding.rule for finding in report.findings] == [rule]
    assert not report.conforms


def test_a_file_that_is_absurdly_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "NXramp.nxdl.xml"
    with path.open("wb") as file:
        file.truncate(2**33)
    assert rules(path) == ["not-nxdl"]


def test_a_definition_without_the_namespace_is_told_by_the_schema(tmp_path: Path) -> None:
    path = write(tmp_path, entry())
    path.write_text(path.read_text().replace(f' xmlns="{NAMESPACE}"', ""))
    assert "nxdl-schema" in rules(path)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file"):
        lint(tmp_path / "NXramp.nxdl.xml")
    with pytest.raises(FileError):
        lint(tmp_path)
    with pytest.raises(UnknownDefinition):
        lint(write(tmp_path, entry()), tmp_path / "nowhere")


# -- the official ones -------------------------------------------------------------------------

FILES = sorted(path for folder in official() for path in folder.rglob("*.nxdl.xml"))
KNOWN = {"NXazint1d.nxdl.xml", "NXazint2d.nxdl.xml"}
"""They list categories of units as the values of an attribute."""


def test_official_definitions_have_only_the_faults_that_are_known() -> None:
    faulty = {path.name: lint(path) for path in FILES}
    violations = {
        name: {finding.rule for finding in report.of(Severity.VIOLATION)}
        for name, report in faulty.items()
        if not report.conforms
    }
    assert violations == {name: {"categories-as-values"} for name in KNOWN}


def test_nothing_is_found_in_our_definition() -> None:
    assert lint(shipped("NXdiffraction_spectra.nxdl.xml")).findings == ()


# -- rules, shell and page ---------------------------------------------------------------------


def test_every_rule_is_broken_by_a_test_of_this_file() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert set(LINT_RULES) == {rule for rule in LINT_RULES if f'"{rule}"' in text}


def test_the_page_lists_every_rule() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("<!-- lint rules")[2]
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+) \| (.*) \|$", table, re.MULTILINE)
    assert rows == [(rule.id, str(rule.severity), rule.asks) for rule in LINT_RULES.values()]


def test_the_shell_prints_findings_as_compilers_do(tmp_path: Path) -> None:
    good, bad = write(tmp_path, entry()), write(tmp_path, sample(field("", items("a", "a"))), name="NXbad")
    worse = write(tmp_path, entry('<group type="NXsampel"/>'), name="NXworse")
    shell = CliRunner()
    assert shell.invoke(program, ["definition", "lint", str(good), str(bad)]).exit_code == 0
    told = shell.invoke(program, ["definition", "lint", str(worse)])
    assert told.exit_code == 1
    assert re.search(
        rf"^{re.escape(str(worse))}:3: violation: NXsampel .*\[unknown-class\]", told.stdout, re.M
    )
    assert shell.invoke(program, ["definition", "lint", str(worse), str(tmp_path / "no.xml")]).exit_code == 3


def test_the_shell_prints_json_lines(tmp_path: Path) -> None:
    bad = write(tmp_path, entry('<group type="NXsampel"/>'))
    told = CliRunner().invoke(
        program, ["definition", "lint", "--format", "json", str(bad), str(tmp_path / "no")]
    )
    first, second = map(json.loads, told.stdout.splitlines())
    assert (first["file"], first["conforms"]) == (str(bad), False)
    assert {each["rule"] for each in first["findings"]} == {"unknown-class", "no-doc"}
    assert set(second) == {"file", "error"}


@pytest.mark.parametrize("words", [["lint"], ["lint", "--as", "shacl", "a"], ["lint", "-o", "x", "a"], []])
def test_lint_without_a_file_or_with_a_language_is_a_usage_error(words: list[str]) -> None:
    assert CliRunner().invoke(program, ["definition", *words]).exit_code == 2
