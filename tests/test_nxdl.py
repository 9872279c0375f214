"""NXDL: every official definition compiles, inheritance is resolved, and the cache is only a cache."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from lxml import etree

from nxspectra import nxdl
from nxspectra.errors import DefinitionError, UnknownDefinition
from nxspectra.nxdl import kept
from nxspectra.nxdl.library import Library, official
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group, Link
from nxspectra.validation import validate

HEAD = (
    '<definition xmlns="http://definition.nexusformat.org/nxdl/3.1" name="{name}" extends="{extends}"'
    ' type="group" category="{category}">'
)


def write(
    folder: Path,
    name: str,
    body: str,
    *,
    extends: str = "NXobject",
    category: str = "application",
    before: str = "",
) -> Path:
    head = HEAD.format(name=name, extends=extends, category=category)
    path = folder / f"{name}.nxdl.xml"
    path.write_text(f'<?xml version="1.0"?>\n{before}{head}\n{body}\n</definition>\n', encoding="utf-8")
    return path


def entry(body: str) -> str:
    return f'<group type="NXentry">{body}</group>'


def names(folder: str) -> list[str]:
    return sorted(path.name.split(".")[0] for path in (official()[0] / folder).glob("*.nxdl.xml"))


# -- the official ones -------------------------------------------------------------------------


@pytest.mark.parametrize("name", names("applications"))
def test_an_official_application_definition_compiles(name: str) -> None:
    rules = nxdl.definition(name)
    assert rules.entry.nx_class in ("NXentry", "NXsubentry")
    wanted = etree.parse(official()[0] / "applications" / f"{name}.nxdl.xml")
    said = {each.get("name") for each in wanted.iter("{*}field") if each.get("name")}
    assert said <= {field.name for group in every_group(rules.entry) for field in group.fields}


def test_every_official_base_class_compiles_down_to_nxobject() -> None:
    for name in names("base_classes"):
        known = nxdl.base_class(name)
        assert known is not None
        assert known.lineage[-1] in {"NXobject", "NXroot"}
        assert all(rule.need == "optional" for rule in (*known.rule.fields, *known.rule.groups))


def every_group(group: nxdl.GroupRule) -> list[nxdl.GroupRule]:
    return [group, *(below for child in group.groups for below in every_group(child))]


def test_a_base_class_has_what_it_inherits() -> None:
    known = nxdl.base_class("NXsample")
    assert known is not None
    assert {rule.name for rule in known.rule.named_fields.of("identifier_igsn")} == {"identifierNAME"}
    assert known.rule.named_fields.of("pressure")[0].units == "NX_PRESSURE"
    assert known.rule.named_fields.of("pressure_set")[0].name == "FIELDNAME_set"


def test_a_definition_four_deep_has_the_rules_of_each() -> None:
    rules = nxdl.definition("NXxlaueplate")
    assert rules.lineage == ("NXxlaueplate", "NXxlaue", "NXxrot", "NXxbase")
    files = {field.origin.nxdl for group in every_group(rules.entry) for field in group.fields}
    assert len(files) > 1


def test_silence_of_a_definition_is_filled_from_the_base_class() -> None:
    found = [
        field
        for name in names("applications")
        for group in every_group(nxdl.definition(name).entry)
        for field in group.fields
        if "units" in field.inherited
    ]
    assert found
    assert all(field.units for field in found)


def test_a_choice_is_known_with_its_alternatives() -> None:
    known = nxdl.base_class("NXdetector")
    assert known is not None
    choice = next(each for each in known.rule.choices if each.name == "pixel_shape")
    assert set(choice.classes) == {"NXoff_geometry", "NXcylindrical_geometry"}


def test_our_definition_comes_without_being_asked_for() -> None:
    assert nxdl.definition().name == "NXdiffraction_spectra"


def test_symbols_are_shared_by_the_innermost_group_that_holds_them() -> None:
    assert nxdl.definition().scopes == {
        "nP": 0,
        "nPoints": 1,
        "nClasses": 1,
        "nBins": 2,
        "nRegions": 2,
        "nB": 2,
    }


# -- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("CLASSIFICATIONclassification", "weighted_2_classification", True),
        ("CLASSIFICATIONclassification", "classification", True),
        ("CLASSIFICATIONclassification", "weighted_classification_old", False),
        ("FIELDNAME_errors", "two_theta_errors", True),
        ("AXISNAME_indices", "axis1_indices", True),
        ("identifierNAME", "identifier.1", True),
        ("identifierNAME", "my_identifier", False),
    ],
)
def test_capital_letters_of_a_partial_name_stand_for_any(pattern: str, name: str, fits: bool) -> None:
    assert nxdl.matches_partial(pattern, name) is fits


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("NXdifraction_spectra", "NXdiffraction_spectra"), ("NXmonpd", "NXmonopd"), ("cansas", "NXcanSAS")],
)
def test_an_unknown_name_says_what_may_be_meant(wrong: str, right: str) -> None:
    with pytest.raises(UnknownDefinition, match=f"did you mean.*{right}"):
        nxdl.definition(wrong)


def test_a_name_is_never_a_path(tmp_path: Path) -> None:
    write(tmp_path, "NXramp", entry(""))
    with pytest.raises(UnknownDefinition):
        nxdl.definition(f"../{tmp_path.name}/NXramp")


# -- files that are not to be trusted ----------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ('<!DOCTYPE definition [<!ENTITY a "b">]>', "DOCTYPE"),
        ('<!DOCTYPE definition SYSTEM "http://localhost/x.dtd">', "DOCTYPE"),
        ("<oops>", "not XML"),
    ],
)
def test_nxdl_that_is_not_plain_is_refused(tmp_path: Path, before: str, why: str) -> None:
    write(tmp_path, "NXramp", entry(""), before=before)
    with pytest.raises(DefinitionError, match=why):
        nxdl.definition("NXramp", tmp_path)


def test_entities_of_another_file_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    doctype = f'<!DOCTYPE definition [<!ENTITY s SYSTEM "file://{tmp_path}/secret">]>'
    write(tmp_path, "NXramp", entry("<doc>&s;</doc>"), before=doctype)
    with pytest.raises(DefinitionError) as refused:
        nxdl.definition("NXramp", tmp_path)
    assert "secret" not in str(refused.value).replace(str(tmp_path), "")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("NXramp", "<html/>", "not an NXDL file"),
        (
            "NXramp",
            HEAD.format(name="NXother", extends="NXobject", category="application") + "</definition>",
            "differ",
        ),
        (
            "NXramp",
            HEAD.format(name="NXramp", extends="NXobject", category="application") + "</definition>",
            "NXentry",
        ),
        (
            "NXramp",
            HEAD.format(name="NXramp", extends="NXgone", category="application") + "</definition>",
            "not there",
        ),
    ],
)
def test_a_file_that_defines_nothing_is_said_so(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / f"{name}.nxdl.xml").write_text(text)
    with pytest.raises(DefinitionError, match=why):
        nxdl.definition(name, tmp_path)


def test_definitions_that_extend_each_other_are_a_circle(tmp_path: Path) -> None:
    write(tmp_path, "NXa", entry(""), extends="NXb")
    write(tmp_path, "NXb", entry(""), extends="NXa")
    with pytest.raises(DefinitionError, match="circle"):
        nxdl.definition("NXa", tmp_path)


def test_a_definition_of_the_file_that_cannot_be_used_is_a_finding(tmp_path: Path) -> None:
    write(tmp_path, "NXramp", entry(""), before="<!DOCTYPE definition []>")
    tree = conforming().put("entry/definition", Field("NXramp"))
    report = validate(tree, definitions=tmp_path)
    assert report.rules == {"unusable-definition"}
    assert not report.conforms


# -- rules that only other definitions use -----------------------------------------------------


def rules_found(folder: Path, body: str, tree: dict[str, object]) -> dict[str, str]:
    """Path -> rule of what is found in an entry of NXramp that holds `tree`, but for information."""
    write(folder, "NXramp", entry(f'<field name="definition"/>{body}'))
    children = {"definition": Field("NXramp"), **tree}
    report = validate(Group("NXroot", {"entry": Group("NXentry", children)}), definitions=folder)  # type: ignore[arg-type]
    return {each.path: each.rule for each in report.findings if each.severity != "info"}


def test_a_link_that_must_be_there(tmp_path: Path) -> None:
    body = '<group type="NXdata" name="data"><link name="I" target="/NXentry/NXsample/I"/></group>'
    data = {"data": Group("NXdata", {"x": Field(1.0)}, signal="x")}
    assert rules_found(tmp_path, body, data) == {"/entry/data/I": "missing-link"}
    linked = {
        "data": Group("NXdata", {"I": Link("/entry/crystal/I")}, signal="I"),
        "crystal": Group("NXsample", {"I": Field(1.0)}),
        "title": Field("a"),
    }
    assert rules_found(tmp_path, body, linked) == {}
    linked["data"] = Group("NXdata", {"I": Link("/entry/title")}, signal="I")
    assert rules_found(tmp_path, body, linked) == {"/entry/data/I": "link-elsewhere"}


def test_more_groups_than_allowed(tmp_path: Path) -> None:
    body = '<group type="NXsample" maxOccurs="1"/>'
    two = {"a": Group("NXsample"), "b": Group("NXsample")}
    assert rules_found(tmp_path, body, two) == {"/entry/b": "too-many"}


def test_a_field_that_must_not_be_there(tmp_path: Path) -> None:
    body = '<field name="title" minOccurs="0" maxOccurs="0"/>'
    assert rules_found(tmp_path, body, {"title": Field("a")}) == {"/entry/title": "too-many"}


def test_fewer_groups_than_asked(tmp_path: Path) -> None:
    body = '<group type="NXsample" minOccurs="2"/>'
    assert rules_found(tmp_path, body, {"a": Group("NXsample")}) == {"/entry/(NXsample)": "missing-group"}


def test_a_choice_of_which_one_is_there(tmp_path: Path) -> None:
    body = (
        '<choice name="shape"><group type="NXoff_geometry"/><group type="NXcylindrical_geometry"/></choice>'
    )
    assert rules_found(tmp_path, body, {}) == {"/entry/shape": "missing-group"}
    assert rules_found(tmp_path, body, {"shape": Group("NXcylindrical_geometry")}) == {}
    assert rules_found(tmp_path, body, {"shape": Group("NXsample")}) == {"/entry/shape": "wrong-class"}


def test_another_group_of_the_same_parent_does_not_answer_for_a_missing_one(tmp_path: Path) -> None:
    body = '<group type="NXmonitor"/><group type="NXsample"/>'
    assert rules_found(tmp_path, body, {"data": Group("NXsample")}) == {"/entry/(NXmonitor)": "missing-group"}


def test_a_group_of_a_class_that_extends_the_asked_one_answers(tmp_path: Path) -> None:
    assert rules_found(tmp_path, '<group type="NXcomponent"/>', {"d": Group("NXdetector")}) == {}


@pytest.mark.parametrize(
    ("rule", "value", "found"),
    [
        ('type="NX_POSINT"', Field(0), "wrong-type"),
        ('type="NX_POSINT"', Field(3), None),
        ('type="NX_UINT"', Field([-1, 2]), "wrong-type"),
        ('type="NX_BOOLEAN"', Field([True]), None),
        ('type="NX_BOOLEAN"', Field(0.5), "wrong-type"),
        ('type="NX_COMPLEX"', Field(1 + 2j), None),
        ('type="NX_CHAR_OR_NUMBER"', Field("a"), None),
        ('type="NX_BINARY"', Field([1, 2]), None),
        ('type="NX_FLOAT" units="mJ/cm^2"', Field(1.0, units="J/m^2"), None),
        ('type="NX_FLOAT" units="keV"', Field(1.0, units="GPa"), "wrong-units"),
        ('type="NX_NUMBER" units="NX_TRANSFORMATION"', Field(1.0, units="deg"), None),
        ('optional="true" deprecated="use another"', Field("a"), "deprecated"),
    ],
)
def test_a_type_or_unit_of_another_definition(
    tmp_path: Path, rule: str, value: Field, found: str | None
) -> None:
    there = rules_found(tmp_path, f'<field name="zz" {rule}/>', {"zz": value})
    assert list(there.values()) == ([] if found is None else [found])


@pytest.mark.parametrize(
    ("items", "value", "found"),
    [
        (["1"], Field(1), False),
        (["1", "2"], Field([1, 2, 2]), False),
        (["1", "2"], Field([1, 3]), True),
        (["['.', 'radial_axis']"], Field([".", "radial_axis"]), False),
        (["['.', 'radial_axis']"], Field([".", "other"]), True),
        (["a", "b"], Field("a"), False),
        (["NX_PER_LENGHT", "NX_ANGLE"], Field("1/nm"), False),
        (["NX_PER_LENGHT", "NX_ANGLE"], Field("keV"), True),
        (["true"], Field(True), False),
    ],
)
def test_a_list_of_values_as_official_files_write_it(
    tmp_path: Path, items: list[str], value: Field, found: bool
) -> None:
    inside = "".join(f'<item value="{item}"/>' for item in items)
    kind = {"U": "NX_CHAR", "i": "NX_INT", "b": "NX_BOOLEAN"}[value.dtype.kind]
    body = f'<field name="zz" type="{kind}"><enumeration>{inside}</enumeration></field>'
    assert ("/entry/zz" in rules_found(tmp_path, body, {"zz": value})) is found


def test_a_length_as_another_field_has_it(tmp_path: Path) -> None:
    body = (
        '<field name="a" type="NX_INT"/><field name="b" type="NX_INT"><dimensions rank="1">'
        '<dim index="1" ref="a" refindex="1" incr="1"/></dimensions></field>'
    )
    assert rules_found(tmp_path, body, {"a": Field([1, 2]), "b": Field([1, 2, 3])}) == {}
    assert rules_found(tmp_path, body, {"a": Field([1, 2]), "b": Field([1, 2])}) == {"/entry/b": "wrong-size"}


def test_what_a_definition_extends_is_asked_too_and_what_it_says_itself_wins(tmp_path: Path) -> None:
    body = '<field name="title"/><field name="a" type="NX_INT"/>'
    body += '<group type="NXsample"><field name="name"/></group>'
    write(tmp_path, "NXbelow", entry(body))
    body = (
        '<field name="a" type="NX_FLOAT"/><group type="NXsample" name="crystal"><field name="mass"/></group>'
    )
    write(tmp_path, "NXabove", entry(body), extends="NXbelow")
    rules = nxdl.definition("NXabove", tmp_path).entry
    assert {(field.name, field.type) for field in rules.fields} == {("title", "NX_CHAR"), ("a", "NX_FLOAT")}
    (crystal,) = rules.groups
    assert crystal.name == "crystal"
    assert {(field.name, field.origin.nxdl) for field in crystal.fields} == {
        ("mass", "NXabove.nxdl.xml"),
        ("name", "NXbelow.nxdl.xml"),
    }


# -- which version -----------------------------------------------------------------------------


def test_a_single_file_is_a_library_too(tmp_path: Path) -> None:
    file = write(tmp_path, "NXramp", entry('<field name="zz" type="NX_INT"/>'))
    assert nxdl.definition("NXramp", file).entry.named_fields.exact["zz"][0].type == "NX_INT"
    assert nxdl.definition("NXmonopd", file).name == "NXmonopd"
    write(tmp_path, "NXramp", entry('<field name="zz" type="NX_FLOAT"/>'))
    assert nxdl.definition("NXramp", file).entry.named_fields.exact["zz"][0].type == "NX_FLOAT"


def test_an_installed_package_is_a_library_too() -> None:
    files = Library(Path("nexusformat")).files
    assert files == {name: path for name, path in Library().files.items() if name in files}
    assert "NXmx" in files


@pytest.mark.parametrize("name", ["nothing_of_the_kind", "nothing.nxdl.xml", "nothing/at/all", "json"])
def test_what_is_no_library_is_said_so(name: str) -> None:
    with pytest.raises(UnknownDefinition, match="no such"):
        Library(Path(name))


def test_versions_stand_side_by_side_and_differ_in_digest(tmp_path: Path) -> None:
    older, newer = tmp_path / "older", tmp_path / "newer"
    for folder, kind in ((older, "NX_INT"), (newer, "NX_FLOAT")):
        folder.mkdir()
        write(folder, "NXramp", entry(f'<field name="zz" type="{kind}"/>'))
    tree = Group("NXroot", {"entry": Group("NXentry", {"definition": Field("NXramp"), "zz": Field(1)})})
    assert validate(tree, definitions=older).conforms
    assert not validate(tree, definitions=newer).conforms
    assert validate(tree, definitions=older).conforms
    digests = {nxdl.definition("NXramp", folder).digest for folder in (older, newer)}
    assert len(digests) == 2
    assert all(len(digest) == 64 for digest in digests)


def test_a_digest_does_not_depend_on_where_the_files_lie(tmp_path: Path) -> None:
    copy = shutil.copytree(official()[0], tmp_path / "copy")
    assert nxdl.definition("NXmonopd", copy).digest == nxdl.definition("NXmonopd").digest


def test_a_base_class_that_is_used_counts_in_the_digest(tmp_path: Path) -> None:
    copy = shutil.copytree(official()[0], tmp_path / "copy")
    base = copy / "base_classes" / "NXsample.nxdl.xml"
    base.write_text(base.read_text() + "\n")
    assert nxdl.definition("NXmonopd", copy).digest != nxdl.definition("NXmonopd").digest


def test_a_version_is_pinned_by_the_beginning_of_its_digest() -> None:
    digest = nxdl.definition("NXmonopd").digest
    assert nxdl.definition(f"NXmonopd@{digest[:8]}").name == "NXmonopd"
    tree = conforming()
    assert validate(tree, f"nxdiffraction_spectra@{nxdl.definition().digest[:12]}").conforms
    for wrong in ("0" * 12, "", digest[:3]):
        with pytest.raises(UnknownDefinition, match=digest):
            nxdl.definition(f"NXmonopd@{wrong}")


def test_a_named_group_is_required_though_the_parent_has_an_optional_one_without_name(
    tmp_path: Path,
) -> None:
    write(tmp_path, "NXbelow", entry('<group type="NXcoordinate_system" optional="true"/>'))
    body = '<group type="NXcoordinate_system" name="geometry"/>'
    write(tmp_path, "NXabove", entry(body), extends="NXbelow")
    (geometry,) = (
        group for group in nxdl.definition("NXabove", tmp_path).entry.groups if group.name == "geometry"
    )
    assert geometry.need == "required"


# -- the cache ---------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "nxspectra" / "nxdl"


@pytest.mark.parametrize("name", ["NXdiffraction_spectra", "NXmx", "NXcanSAS", "NXxlaueplate", "NXem"])
def test_what_is_kept_is_what_was_compiled(cache: Path, name: str) -> None:
    compiled = Library().definition(name)
    assert list(cache.glob(f"{name}-*.json"))
    again = Library()
    again._compile = None  # type: ignore[method-assign, assignment]
    assert again.definition(name) == compiled


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"program": 1}', "null"])
def test_a_damaged_cache_is_compiled_anew(cache: Path, damage: str) -> None:
    compiled = Library().definition("NXmonopd")
    (file,) = cache.glob("NXmonopd-*.json")
    file.write_text(damage)
    assert Library().definition("NXmonopd") == compiled
    assert json.loads(file.read_text())["kind"] == "definition"


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert Library().definition("NXmonopd").name == "NXmonopd"


def test_another_version_of_the_program_compiles_anew(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Library().definition("NXmonopd")
    (file,) = cache.glob("NXmonopd-*.json")
    monkeypatch.setattr(kept, "program", lambda: "another")
    assert kept.load("NXmonopd", file.stem.partition("-")[2]) is None


def test_a_changed_file_is_noticed_in_the_same_process(tmp_path: Path) -> None:
    write(tmp_path, "NXramp", entry('<field name="a"/>'))
    assert [field.name for field in nxdl.definition("NXramp", tmp_path).entry.fields] == ["a"]
    write(tmp_path, "NXramp", entry('<field name="another"/>'))
    assert [field.name for field in nxdl.definition("NXramp", tmp_path).entry.fields] == ["another"]


def test_a_new_file_is_noticed_in_the_same_process(tmp_path: Path) -> None:
    with pytest.raises(UnknownDefinition):
        nxdl.definition("NXramp", tmp_path)
    write(tmp_path, "NXramp", entry(""))
    assert nxdl.definition("NXramp", tmp_path).name == "NXramp"
