"""An application definition in other languages: each says what validation says, for every official one."""

from __future__ import annotations

import ast
import json
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import numpy as np
import pydantic
import pyoxigraph
import pyshacl
import pytest
import rdflib
from click.testing import CliRunner

from nxspectra import schemas
from nxspectra.cli import program
from nxspectra.errors import UnknownDefinition, UsageError
from nxspectra.findings import Severity
from nxspectra.nxdl.library import official
from nxspectra.shipped import shipped
from nxspectra.spectra import DEFINITION
from nxspectra.testing import conforming
from nxspectra.testing.official import maximal, minimal
from nxspectra.tree import Field, Group, Link, Null, Unreadable
from nxspectra.validation import validate

NAMES = sorted(path.name.split(".")[0] for path in (official()[0] / "applications").glob("*.nxdl.xml"))
DOCS = Path(__file__).parent.parent / "docs" / "reference"
SH = rdflib.Namespace("http://www.w3.org/ns/shacl#")
HEAD = '<definition xmlns="http://definition.nexusformat.org/nxdl/3.1" name="NXramp" extends="NXobject"'


def models(name: str, folder: Path | None = None) -> ModuleType:
    """The generated source, executed in a module of its own."""
    module = ModuleType(f"models_of_{name}")
    sys.modules[module.__name__] = module
    exec(schemas.pydantic_source(name, folder), module.__dict__)
    return module


def judge(name: str, folder: Path | None = None) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schemas.json_schema(name, folder))


@pytest.fixture(scope="module")
def ours() -> jsonschema.Draft202012Validator:
    return judge(DEFINITION)


@pytest.fixture(scope="module")
def our_models() -> ModuleType:
    return models(DEFINITION)


@pytest.fixture(scope="module")
def our_shapes() -> rdflib.Graph:
    return rdflib.Graph().parse(data=schemas.shacl(DEFINITION), format="turtle")


def fits(module: ModuleType, form: dict[str, Any]) -> bool:
    try:
        module.Root.model_validate(form)
    except pydantic.ValidationError:
        return False
    return True


def shaped(tree: Group, shapes: rdflib.Graph) -> list[tuple[str, str, str]]:
    """Focus, message and severity of each result."""
    graph = rdflib.Graph().parse(data=schemas.as_ntriples(tree), format="nt")
    _, report, _ = pyshacl.validate(graph, shacl_graph=shapes)
    return [
        tuple(str(report.value(result, what)) for what in (SH.focusNode, SH.resultMessage, SH.resultSeverity))
        for result in report.subjects(rdflib.RDF.type, SH.ValidationResult)
    ]


# -- good trees and damaged ones ---------------------------------------------------------------

GOOD: dict[str, Group] = {
    "plain": conforming(),
    "one spectrum": conforming(1),
    "with everything": conforming(classified=True, migrated=True),
    "one pressure of energy a spectrum": conforming().put(
        "entry/instrument/beam/incident_energy", Field(np.full(6, 25.6), units="keV")
    ),
    "a facility's own spelling": conforming().put(
        "entry/instrument/detector/count_time@units", "millisecond"
    ),
    "an external link": conforming().put(
        "entry/data/intensity", Link("/entry/I", file="raw.nxs", kind="external")
    ),
    "an optional field without a value": conforming().put("entry/end_time", Field(Null("U1"))),
    "several classifications": conforming(classified=True).put(
        "entry/expert_classification", conforming(classified=True)["entry/weighted_classification"]
    ),
    "a definition among others": conforming().put(
        "entry/definition", Field(["NXobject_of_ours", DEFINITION], version="1.0")
    ),
    "a definition in another case": conforming().put(
        "entry/definition", Field(DEFINITION.lower(), version="1.0")
    ),
    "a subentry": Group(
        "NXroot",
        {
            "entry": Group(
                "NXentry", {"diffraction_spectra": Group("NXsubentry", conforming()["entry"].children)}
            )
        },
    ).put("entry/diffraction_spectra/data/pressure", Link("/entry/diffraction_spectra/sample/pressure")),
}

DAMAGED: dict[str, Callable[[], Group]] = {
    "no sample": lambda: conforming().without("entry/sample"),
    "no beam": lambda: conforming().without("entry/instrument/beam"),
    "no name of the sample": lambda: conforming().without("entry/sample/name"),
    "no pressure": lambda: conforming().without("entry/sample/pressure"),
    "no definition": lambda: conforming().without("entry/definition"),
    "no version": lambda: conforming().without("entry/definition@version"),
    "no signal": lambda: conforming().without("entry/data@signal"),
    "no units": lambda: conforming().without("entry/sample/pressure@units"),
    "units of another kind": lambda: conforming().put("entry/sample/pressure@units", "keV"),
    "text for numbers": lambda: conforming().put("entry/sample/pressure", Field("high", units="GPa")),
    "another rank": lambda: conforming().put("entry/data/two_theta", Field(np.ones((2, 3)), units="deg")),
    "another fixed length": lambda: conforming(classified=True).put(
        "entry/weighted_classification/boundaries/frame_interval", Field([[1, 2, 3]])
    ),
    "no value": lambda: conforming().put("entry/sample/pressure", Field(Null("f8"), units="GPa")),
    "a blank text": lambda: conforming().put("entry/sample/name", Field(" ")),
    "a value that is not listed": lambda: conforming().put("entry/instrument/source/probe", Field("xray")),
    "another signal": lambda: conforming().put("entry/data@signal", "I"),
    "a group in place of a field": lambda: conforming().put("entry/sample/name", Group("NXnote")),
    "another class": lambda: conforming().put("entry/data@NX_class", "NXnote"),
    "a classification without labels": lambda: conforming(classified=True).without(
        "entry/weighted_classification/labels"
    ),
    "unreadable": lambda: conforming().put("entry/data/intensity", Unreadable("the filter is not there")),
    "a date in words": lambda: conforming(migrated=True).put(
        "entry/migration/date", Field("Fri Jun 03 17:38:36 2016")
    ),
}


@pytest.mark.parametrize("what", GOOD)
def test_every_language_takes_what_conforms(
    what: str, ours: jsonschema.Draft202012Validator, our_models: ModuleType, our_shapes: rdflib.Graph
) -> None:
    tree = GOOD[what]
    assert validate(tree, DEFINITION).conforms
    form = schemas.as_json(tree)
    assert [error.message for error in ours.iter_errors(form)] == []
    our_models.Root.model_validate(form)
    assert not [each for each in shaped(tree, our_shapes) if each[2] == str(SH.Violation)]


@pytest.mark.parametrize("what", DAMAGED)
def test_every_language_refuses_what_does_not(
    what: str, ours: jsonschema.Draft202012Validator, our_models: ModuleType, our_shapes: rdflib.Graph
) -> None:
    tree = DAMAGED[what]()
    assert not validate(tree).conforms
    form = schemas.as_json(tree)
    assert not ours.is_valid(form)
    assert not fits(our_models, form)
    assert [each for each in shaped(tree, our_shapes) if each[2] == str(SH.Violation)]


def test_an_error_says_where_and_what(
    ours: jsonschema.Draft202012Validator, our_models: ModuleType, our_shapes: rdflib.Graph
) -> None:
    tree = conforming().without("entry/instrument/beam")
    (error,) = ours.iter_errors(schemas.as_json(tree))
    assert (error.json_path, error.schema["title"]) == ("$.entry.instrument", "at least one NXbeam")
    with pytest.raises(pydantic.ValidationError) as refused:
        our_models.Root.model_validate(schemas.as_json(tree))
    assert [each["loc"] for each in refused.value.errors()] == [("entry", "instrument", "(NXbeam)")]
    focus, message, _ = shaped(tree, our_shapes)[0]
    assert (focus, message) == ("urn:nexus:/entry/instrument", "(NXbeam): required NXbeam, at least 1")


def test_what_is_recommended_is_a_warning_in_shacl_and_nothing_elsewhere(
    ours: jsonschema.Draft202012Validator, our_shapes: rdflib.Graph
) -> None:
    tree = conforming().without("entry/title")
    assert ours.is_valid(schemas.as_json(tree))
    assert shaped(tree, our_shapes) == [
        ("urn:nexus:/entry", "title: recommended field, at least 1", str(SH.Warning))
    ]


# -- every official definition -----------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_an_official_definition_is_the_same_in_every_language(name: str) -> None:
    checker, module = judge(name), models(name)
    trees = {"minimal": minimal(name), "maximal": maximal(name)}
    for size, tree in trees.items():
        form = schemas.as_json(tree)
        assert [f"{size} {error.json_path}" for error in checker.iter_errors(form)] == []
        read = module.Root.model_validate(form)
        assert read.model_dump(by_alias=True, exclude_unset=True) == form
    tree = trees["minimal"]
    places = [path for path, _ in tree.walk() if path.count("/") > 1]
    places += [
        f"{path}@{each}" for path, node in tree.walk() for each in node.attributes if each != "NX_class"
    ]
    for place in random.Random(name).sample(sorted(places), min(6, len(places))):
        damaged = tree.without(place)
        report = validate(damaged, definition=name)
        # what is no rule of the NXDL but of NXdata and of links is asked by validation alone
        asked = [
            each for each in report.of(Severity.VIOLATION) if not each.rule.startswith(("nxdata", "broken"))
        ]
        form = schemas.as_json(damaged)
        if asked or report.conforms:
            assert checker.is_valid(form) is report.conforms, place
            assert fits(module, form) is report.conforms, place
    page = schemas.markdown(name)
    assert page.startswith(f"# {name}\n")
    assert "### The entry" in page


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_schema_and_shapes_of_an_official_definition_are_valid_by_their_standards(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schemas.json_schema(name))
    shapes = list(pyoxigraph.parse(schemas.shacl(name), pyoxigraph.RdfFormat.TURTLE))
    targets = {quad.object.value for quad in shapes if quad.predicate.value == str(SH.targetClass)}
    assert f"http://purl.org/nexusformat/definitions/{name}" in targets


@pytest.mark.parametrize("name", ["NXmonopd", "NXcanSAS", "NXspe"])
def test_shapes_of_official_definitions_take_what_follows_them(name: str) -> None:
    shapes = rdflib.Graph().parse(data=schemas.shacl(name), format="turtle")
    assert not [each for each in shaped(minimal(name), shapes) if each[2] == str(SH.Violation)]
    assert shaped(minimal(name).without("entry/definition"), shapes)
    meta = jsonschema.Draft202012Validator(jsonschema.Draft202012Validator.META_SCHEMA)
    assert meta.is_valid(schemas.json_schema(name))


# -- what only other definitions have ----------------------------------------------------------


def ramp(folder: Path, body: str) -> Path:
    """A definition of one's own."""
    (folder / "NXramp.nxdl.xml").write_text(
        f'{HEAD} type="group" category="application"><group type="NXentry"><field name="definition"/>'
        f"{body}</group></definition>"
    )
    return folder


def verdicts(folder: Path, **children: Any) -> set[bool]:
    """What all languages say of an entry with these children; one verdict if they agree."""
    entry = Group("NXentry", {"definition": Field("NXramp"), **children})
    tree = Group("NXroot", {"entry": entry})
    form = schemas.as_json(tree)
    shapes = rdflib.Graph().parse(data=schemas.shacl("NXramp", folder), format="turtle")
    return {
        validate(tree, definitions=folder).conforms,
        judge("NXramp", folder).is_valid(form),
        fits(models("NXramp", folder), form),
        not [each for each in shaped(tree, shapes) if each[2] == str(SH.Violation)],
    }


def test_an_entry_may_name_several_definitions(tmp_path: Path) -> None:
    folder = ramp(tmp_path, "")
    for listed in (["NXramp", "NXmonopd"], ["nxRAMP"], [["NXmonopd", " NXramp "]]):
        form = schemas.as_json(Group("NXroot", {"entry": Group("NXentry", {"definition": Field(listed)})}))
        assert judge("NXramp", folder).is_valid(form)
        assert fits(models("NXramp", folder), form)
    for listed in (["NXmonopd", "NXsas"], ["NXramp2"], ["aNXramp"]):
        assert verdicts(folder, definition=Field(listed)) == {False}


def test_an_official_definition_may_be_one_of_several_that_an_entry_names() -> None:
    tree = minimal("NXmonopd").put("entry/definition", Field(["NXsas", "NXmonopd"]))
    assert validate(tree, "NXmonopd").conforms
    form = schemas.as_json(tree)
    assert judge("NXmonopd").is_valid(form)
    assert fits(models("NXmonopd"), form)
    shapes = rdflib.Graph().parse(data=schemas.shacl("NXmonopd"), format="turtle")
    assert not [each for each in shaped(tree, shapes) if each[2] == str(SH.Violation)]


def test_a_choice_is_one_of_its_classes(tmp_path: Path) -> None:
    body = (
        '<choice name="shape"><group type="NXoff_geometry"/><group type="NXcylindrical_geometry"/></choice>'
    )
    folder = ramp(tmp_path, body)
    assert verdicts(folder, shape=Group("NXcylindrical_geometry")) == {True}
    assert verdicts(folder, shape=Group("NXsample")) == {False}
    assert verdicts(folder) == {False}
    shape = schemas.json_schema("NXramp", folder)["$defs"]["entry"]["properties"]["shape"]
    assert len(shape["oneOf"]) == 2


def test_names_that_python_does_not_take(tmp_path: Path) -> None:
    names = ["class", "1.1", "copy", "model_config", "_hidden", "value", "schema", "None", "shape", "Field"]
    fields = "".join(f'<field name="{name}" optional="true"/>' for name in [*names, "model"])
    folder = ramp(tmp_path, fields)
    module = models("NXramp", folder)
    form = schemas.as_json(
        Group("NXroot", {"entry": Group("NXentry", {name: Field(name) for name in [*names, "model"]})})
        .put("entry/definition", Field("NXramp"))
        .put("entry@class", "a")
    )
    read = module.Root.model_validate(form)
    assert read.model_dump(by_alias=True, exclude_unset=True) == form
    assert read.entry.class_.value == "class"
    assert read.entry.n_1_1.value == "1.1"


def test_a_partial_name_of_a_group_and_of_a_field(tmp_path: Path) -> None:
    body = (
        '<group name="RUNrun" type="NXprocess" nameType="partial"><field name="program"/></group>'
        '<field name="axisNAME" type="NX_FLOAT" nameType="partial" optional="true"/>'
    )
    folder = ramp(tmp_path, body)
    good = Group("NXprocess", {"program": Field("nxspectra")})
    assert verdicts(folder, first_run=good) == {True}
    assert verdicts(folder, first_run=good, axis_x=Field(1.5)) == {True}
    assert verdicts(folder, first_run=good, axis_x=Field("a")) == {False}
    assert verdicts(folder, first_run=Group("NXprocess")) == {False}
    assert verdicts(folder, other=good) == {False}


def test_an_open_enumeration_takes_anything_and_a_closed_one_compares_numbers(tmp_path: Path) -> None:
    items = '<item value="1"/><item value="2"/>'
    body = f'<field name="a" type="NX_INT"><enumeration>{items}</enumeration></field>'
    body += f'<field name="b" optional="true"><enumeration open="true">{items}</enumeration></field>'
    folder = ramp(tmp_path, body)
    assert verdicts(folder, a=Field([1, 2, 2]), b=Field("other")) == {True}
    assert verdicts(folder, a=Field([1, 3])) == {False}


def test_a_group_of_a_class_that_extends_the_asked_one_answers(tmp_path: Path) -> None:
    folder = ramp(tmp_path, '<group type="NXcomponent"><field name="name"/></group>')
    assert verdicts(folder, d=Group("NXdetector", {"name": Field("LAMBDA 2M")})) == {True}
    assert verdicts(folder, d=Group("NXdetector")) == {False}
    assert verdicts(folder, d=Group("NXdata")) == {False}


def test_positive_integers_and_a_field_that_must_not_be_there(tmp_path: Path) -> None:
    body = '<field name="n" type="NX_POSINT"/><field name="title" minOccurs="0" maxOccurs="0"/>'
    folder = ramp(tmp_path, body)
    assert verdicts(folder, n=Field(3)) == {True}
    assert verdicts(folder, n=Field(0)) == {False}
    tree = Group("NXroot", {"entry": Group("NXentry", {"definition": Field("NXramp"), "n": Field(1)})})
    titled = schemas.as_json(tree.put("entry/title", Field("a")))
    assert not judge("NXramp", folder).is_valid(titled)


def test_a_member_that_is_called_as_a_model_hides_none(tmp_path: Path) -> None:
    inside = '<group name="S" type="NXsample"><field name="name"/></group><field name="S2"/>'
    folder = ramp(tmp_path, f'<group name="Instrument" type="NXinstrument">{inside}</group>')
    instrument = Group("NXinstrument", {"S": Group("NXsample", {"name": Field("a")}), "S2": Field("b")})
    assert verdicts(folder, Instrument=instrument) == {True}
    assert verdicts(folder, Instrument=instrument.without("S/name")) == {False}


@pytest.mark.parametrize(
    ("rule", "value", "fine"),
    [
        ("", Field(5), False),
        ('units="NX_ENERGY"', Field(5.0, units="keV"), True),
        ('units="NX_ENERGY"', Field("5 keV"), True),
    ],
)
def test_a_field_without_a_type_is_text_but_where_it_has_units(
    tmp_path: Path, rule: str, value: Field, fine: bool
) -> None:
    assert verdicts(ramp(tmp_path, f'<field name="zz" {rule}/>'), zz=value) == {fine}


def test_words_listed_as_the_values_of_numbers_are_taken(tmp_path: Path) -> None:
    items = '<item value="low"/><item value="high"/>'
    folder = ramp(tmp_path, f'<field name="zz" type="NX_FLOAT"><enumeration>{items}</enumeration></field>')
    assert verdicts(folder, zz=Field("low")) == {True}
    assert verdicts(folder, zz=Field("middle")) == {False}


def test_a_required_link_may_lead_anywhere(tmp_path: Path) -> None:
    body = '<group type="NXdata" name="data"><link name="I" target="/NXentry/NXsample/I"/></group>'
    folder = ramp(tmp_path, body)
    linked = Group("NXdata", {"I": Link("/entry/definition")}, signal="I")
    assert verdicts(folder, data=linked) == {True}
    assert verdicts(folder, data=Group("NXdata", {"x": Field(1.0)}, signal="x")) == {False}


def test_words_of_a_definition_are_data_in_every_language(tmp_path: Path) -> None:
    evil = "&quot;&quot;&quot; \\ | ` &lt;b&gt; &quot; . ; ] # \\N{x}"
    body = (
        f'<group type="NXsample" name="s"><doc>{evil}</doc><field name="a"><doc>{evil}</doc>'
        f'<enumeration><item value="{evil}"/></enumeration></field></group>'
    )
    folder = ramp(tmp_path, body)
    ast.parse(schemas.pydantic_source("NXramp", folder))
    good = Group("NXsample", {"a": Field('""" \\ | ` <b> " . ; ] # \\N{x}')})
    assert verdicts(folder, s=good) == {True}
    assert verdicts(folder, s=good.put("a", Field("b"))) == {False}
    outside_code = re.sub(r"`[^`]*`", "", schemas.markdown("NXramp", folder).replace("\\`", ""))
    assert not re.search(r"(?<!\\)<b>", outside_code)


# -- what is shipped, and the shell ------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "form"),
    [("schema.json", "json-schema"), ("models.py", "pydantic"), ("shapes.ttl", "shacl")],
)
def test_what_is_shipped_is_what_the_definition_says(ending: str, form: str) -> None:
    path = shipped(f"{DEFINITION}.{ending}")
    assert path.read_text(encoding="utf-8") == schemas.definition_as(DEFINITION, form), (
        f"run `nxspectra definition {DEFINITION} --as {form} -o appdefs/{path.name}`"
    )


def test_the_page_of_the_definition_has_every_concept() -> None:
    page = (DOCS / f"{DEFINITION}.md").read_text(encoding="utf-8")
    assert schemas.concepts(DEFINITION) in page, (
        f"put what `nxspectra definition {DEFINITION} --as markdown` prints between the marks"
    )


def test_the_shell_prints_and_writes(tmp_path: Path) -> None:
    shell = CliRunner()
    printed = shell.invoke(program, ["definition", "NXmonopd", "--as", "json-schema"])
    assert printed.exit_code == 0
    assert json.loads(printed.stdout)["title"] == "NXmonopd"
    out = tmp_path / "monopd.ttl"
    written = shell.invoke(program, ["definition", "NXmonopd", "--as", "shacl", "-o", str(out)])
    assert (written.exit_code, written.stdout) == (0, "")
    assert out.read_text() == schemas.shacl("NXmonopd")
    assert [path.name for path in tmp_path.iterdir()] == ["monopd.ttl"]
    nowhere = shell.invoke(program, ["definition", "NXmonopd", "-o", str(tmp_path / "no" / "x.md")])
    assert nowhere.exit_code == 3


def test_an_unknown_definition_or_form_is_a_usage_error() -> None:
    with pytest.raises(UnknownDefinition, match=r"did you mean.*NXmonopd"):
        schemas.json_schema("NXmonpd")
    with pytest.raises(UsageError, match="json-schema"):
        schemas.definition_as("NXmonopd", "xsd")
    asked = CliRunner().invoke(program, ["definition", "NXmonpd"])
    assert asked.exit_code == 2
    assert "NXmonopd" in asked.stderr
    assert CliRunner().invoke(program, ["definition", "NXmx", "NXsas"]).exit_code == 2
