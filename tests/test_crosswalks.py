"""Crosswalks: those that are shipped, how they build on each other, and what a mistake in one says."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from nxspectra.errors import CrosswalkError
from nxspectra.migration import RULES, Crosswalk, available, migrate, review
from nxspectra.migration.concepts import CONCEPTS
from nxspectra.migration.crosswalk import Key, Selection
from nxspectra.migration.crosswalk_file import checked, schema_text
from nxspectra.migration.crosswalk_text import ConstantText, CrosswalkText, RefusalText, RuleText, sound
from nxspectra.shipped import shipped
from nxspectra.tree import Field, Group

RULE = """
[[rule]]
id = "mine.pressure"
concept = "pressure"
keys = ["p_cell"]
"""


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str, name: str = "mine.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def raw(**keys: Field | Group) -> Group:
    angles = Field(np.arange(1.0, 5.0), units="deg")
    data = Group("NXdata", {"I": Field(np.ones((2, 4))), "tth": angles})
    entry = Group("NXentry", {"integrated": data, "keys": Group("NXcollection", keys)})
    return Group("NXroot", {"entry": entry})


# -- the shipped ones --------------------------------------------------------------------------


@pytest.mark.parametrize("name", available())
def test_a_shipped_crosswalk_can_be_used(name: str) -> None:
    crosswalk = Crosswalk.load(name)
    assert crosswalk.name == name
    assert crosswalk.rules
    assert (
        crosswalk.digest == hashlib.sha256((shipped("crosswalks") / f"{name}.toml").read_bytes()).hexdigest()
    )


@pytest.mark.parametrize("name", available())
def test_a_shipped_crosswalk_is_sound_by_the_check_that_others_pass(name: str) -> None:
    path = shipped("crosswalks") / f"{name}.toml"
    text = path.read_text(encoding="utf-8")
    assert sound(text) == checked(str(path), text)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('kees = ["p"]', "no key 'kees' here; did you mean 'keys'?"),
        ('keys = ["p"]\ntrust = "mesured"', "'trust' cannot be 'mesured'; did you mean 'measured'?"),
        ("keys = [", "not TOML"),
    ],
)
def test_a_shipped_crosswalk_that_somebody_has_changed_is_told_clearly(
    wrong: str, said: str, written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crosswalks").mkdir()
    written(f'title = "Mine"\n[[rule]]\nid = "a"\nconcept = "pressure"\n{wrong}\n', "crosswalks/mine.toml")
    monkeypatch.setattr("nxspectra.migration.crosswalk.shipped", lambda name: tmp_path / name)
    with pytest.raises(CrosswalkError, match=re.escape(said)):
        Crosswalk.load("mine")


def test_of_a_shipped_crosswalk_the_types_are_checked_where_that_is_asked_for(
    written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crosswalks").mkdir()
    text = 'title = "Mine"\n[[rule]]\nid = "a"\nconcept = "pressure"\nkeys = "p"\n'
    written(text, "crosswalks/mine.toml")
    monkeypatch.setattr("nxspectra.migration.crosswalk.shipped", lambda name: tmp_path / name)
    with pytest.raises(CrosswalkError, match=re.escape("mine.toml:5: keys: ")):
        Crosswalk.load("mine", check=True)


def test_who_uses_a_shipped_crosswalk_does_not_wait_for_what_checks_the_others() -> None:
    used = "import sys; from nxspectra.migration import Crosswalk; Crosswalk.load('p02.2')"
    subprocess.run([sys.executable, "-c", f"{used}; assert 'pydantic' not in sys.modules"], check=True)


@pytest.mark.parametrize("name", available())
def test_a_shipped_crosswalk_names_its_sources(name: str) -> None:
    head = (shipped("crosswalks") / f"{name}.toml").read_text().partition("title =")[0]
    assert "Source" in head or "seen in" in head


def test_the_crosswalk_of_a_beamline_knows_what_it_builds_on() -> None:
    p02 = Crosswalk.load("p02.2")
    assert {name for name, _ in p02.extends} == {"nexus", "common", "desy"}
    assert {rule.id for rule in Crosswalk.load("nexus").rules} <= {rule.id for rule in p02.rules}


def test_the_published_schema_is_that_of_the_model() -> None:
    published = shipped("crosswalk.schema.json").read_text(encoding="utf-8")
    assert published == schema_text(), (
        "write it anew: python -c 'from nxspectra.migration.crosswalk_file import schema_text;"
        ' print(schema_text(), end="")\' > appdefs/crosswalk.schema.json'
    )


PAGE = Path(__file__).parent.parent / "docs" / "reference" / "crosswalks.md"


def test_the_page_tells_every_rule_that_a_migration_can_tell() -> None:
    rows = {row.split("|")[1].strip(" `"): row.split("|")[2].strip() for row in _rows("## What it tells")}
    assert rows == RULES


def test_the_page_tells_every_key_of_a_crosswalk() -> None:
    page = PAGE.read_text()
    tables = (CrosswalkText, RuleText, RefusalText, ConstantText)
    names = {field.name for table in tables for field in fields(table)} - {
        "rule",
        "refuse",
        "constant",
        "patterns",
    }
    assert not [name for name in names if f"`{name}`" not in page]


def test_the_page_tells_the_plausible_range_of_every_quantity() -> None:
    rows = {row.split("|")[1].strip(" `"): row for row in _rows("## Concepts")}
    for concept in CONCEPTS:
        if concept.unit:
            assert f"| {concept.unit} |" in rows[concept.path]
            assert f"| {concept.lowest:g} to {concept.highest:g} |" in rows[concept.path]


def _rows(heading: str) -> list[str]:
    section = PAGE.read_text().partition(heading)[2].partition("\n## ")[0]
    return [row for row in section.splitlines() if row.startswith("| `")]


# -- building on others ------------------------------------------------------------------------


def test_a_crosswalk_builds_on_a_shipped_one_by_name(written) -> None:
    path = written('title = "Mine"\nextends = "nexus"\n' + RULE)
    run = migrate(raw(p_cell=Field([1.0, 2.0], units="GPa")), path)
    assert run["entry/sample/pressure"].array.tolist() == [1.0, 2.0]
    assert run["entry/migration/crosswalk/file_name"].text == "mine.toml"
    assert "nexus.toml sha256" in run["entry/migration/crosswalk/description"].text


def test_a_crosswalk_builds_on_a_file_beside_it(written) -> None:
    written('title = "Base"\n' + RULE, "base.toml")
    path = written('title = "Mine"\nextends = ["base.toml"]\n')
    assert [rule.id for rule in Crosswalk.load(path).rules] == ["mine.pressure"]


def test_a_rule_of_the_same_id_replaces_that_of_the_parent(written) -> None:
    written('title = "Base"\n' + RULE, "base.toml")
    path = written('title = "Mine"\nextends = "base"\n' + RULE.replace("p_cell", "p_mine"))
    (rule,) = Crosswalk.load(path).rules
    assert rule.text.keys == ("p_mine",)


def test_a_refusal_of_the_same_id_takes_a_rule_of_the_parent_away(written) -> None:
    written('title = "Base"\n' + RULE, "base.toml")
    refusal = RULE.replace("[[rule]]", "[[refuse]]") + 'reason = "the cell leaks in this beamtime"\n'
    path = written('title = "Mine"\nextends = "base"\n' + refusal)
    assert Crosswalk.load(path).rules == ()
    (finding,) = review(raw(p_cell=Field([1.0, 2.0], units="GPa")), path).refused
    assert "leaks" in finding.message


def test_of_keys_that_agree_that_of_the_beamline_comes_before_that_of_what_it_builds_on(written) -> None:
    path = written(
        'title = "Mine"\nextends = "p02.2"\n' + RULE.replace('"pressure"', '"pressure"\ntrust = "measured"')
    )
    pressures = Field([1.0, 2.0], units="GPa")
    (found,) = [
        f
        for f in review(raw(p_cell=pressures, p_ruby=pressures), path).found
        if f.concept == "sample/pressure"
    ]
    assert (found.origin, found.agreeing) == ("/entry/keys/p_cell", ("/entry/keys/p_ruby",))


def test_a_beamline_may_state_the_unit_that_a_template_got_wrong(written) -> None:
    path = written(
        """
title = "Perkin Elmer at my beamline"
extends = "p02.2"

[[rule]]
id = "desy.perkin-elmer-exposure"
concept = "exposure"
keys = ["exposure_time"]
wrong_units = ["mm"]
unit = "s"
"""
    )
    run = migrate(raw(exposure_time=Field([0.1], units="mm")), path)
    assert run["entry/instrument/detector/count_time"].number == 0.1


def test_a_crosswalk_may_state_another_plausible_range(written) -> None:
    path = written('title = "Mine"\nextends = "nexus"\n' + RULE + "range = [0, 1500]\n")
    run = migrate(raw(p_cell=Field([1.0, 1200.0], units="GPa")), path)
    assert run["entry/sample/pressure"].array.tolist() == [1.0, 1200.0]


def test_a_pattern_finds_a_value_in_words(written) -> None:
    path = written(
        """
title = "Mine"
extends = "nexus"

[patterns]
load = 'load (?P<value>[0-9.]+) (?P<unit>GPa)'

[[rule]]
id = "mine.load"
concept = "pressure"
keys = ["remark"]
text = ["load"]
for_all = true
"""
    )
    run = migrate(raw(remark=Field("Cell 7 at load 21.3 GPa")), path)
    assert run["entry/sample/pressure"].array.tolist() == [21.3, 21.3]


# -- which keys are meant ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "within", "groups", "meant"),
    [
        (["p"], [], [("e", "NXentry")], True),
        (["q"], [], [("e", "NXentry")], False),
        (["p*"], [], [("e", "NXentry")], True),
        (["dac/p"], [], [("e", "NXentry"), ("dac", "NXcollection")], True),
        (["dac/p"], [], [("e", "NXentry"), ("dac2", "NXcollection")], False),
        (["p"], ["NXcollection"], [("d", "NXdetector"), ("c", "NXcollection")], True),
        (["p"], ["NXdetector"], [("d", "NXdetector"), ("c", "NXcollection")], False),
        (["p"], ["NXdetector/**"], [("d", "NXdetector"), ("c", "NXcollection")], True),
        (["p"], ["NXdetector/NXcollection"], [("d", "NXdetector"), ("c", "NXcollection")], True),
        (
            ["p"],
            ["NXdetector/NXcollection"],
            [("d", "NXdetector"), ("x", "NXcollection"), ("c", "NXcollection")],
            True,
        ),
        (["p"], ["NXdetector/NXcollection"], [("c", "NXcollection")], False),
        (["p"], ["dac"], [("dac", "NXcollection")], True),
        (["p"], ["NXsample", "dac"], [("dac", "NXcollection")], True),
    ],
)
def test_a_key_is_meant_by_name_and_place(
    keys: list[str], within: list[str], groups: list[tuple[str, str]], meant: bool
) -> None:
    text = RuleText(id="x", concept="pressure", keys=keys, within=within)
    path = "/" + "/".join([*(name for name, _ in groups), "p"])
    assert Selection.of(text).has(Key(path, "p", tuple(groups))) is meant


# -- mistakes ----------------------------------------------------------------------------------

MISTAKES = [
    ('titel = "Mine"\n', ["mine.toml:1: no key 'titel' here; did you mean 'title'?", "'title' is missing"]),
    (
        'title = "x"\n' + RULE.replace("concept", "concpt"),
        ["mine.toml:5: no key 'concpt'", "did you mean 'concept'?"],
    ),
    (
        'title = "x"\n' + RULE.replace('"pressure"', '"presure"'),
        ["no concept 'presure'; did you mean 'pressure'?"],
    ),
    (
        'title = "x"\n' + RULE + 'trust = "mesured"\n',
        ["mine.toml:7: 'trust' cannot be 'mesured'; did you mean 'measured'?"],
    ),
    (
        'title = "x"\n' + RULE + 'unit = "keV"\n',
        ["unit 'keV' does not fit sample/pressure; expected one like 'GPa'"],
    ),
    ('title = "x"\n' + RULE + "range = [10, 1]\n", ["range [10.0, 1.0] is empty"]),
    ('title = "x"\n' + RULE + 'quantity = "wavelength"\n', ["a wavelength tells only"]),
    ('title = "x"\n' + RULE + RULE, ["two rules have the id 'mine.pressure'"]),
    ('title = "x"\n' + RULE.replace('keys = ["p_cell"]', ""), ["mine.toml:3", "says no keys"]),
    (
        'title = "x"\n' + RULE.replace("keys", "patterns").replace("p_cell", "p_("),
        ["'p_(' is not a regular expression"],
    ),
    (
        'title = "x"\n' + RULE + "text = [\"lod\"]\n[patterns]\nload = '(?P<value>\\d)'\n",
        ["no pattern 'lod'; did you mean 'load'?"],
    ),
    ('title = "x"\n[patterns]\nload = "[0-9]+"\n', ["has no group (?P<value>...)"]),
    ('title = "x"\n' + RULE.replace("[[rule]]", "[[refuse]]"), ["'reason' is missing"]),
    ('title = "x"\nextends = "desi"\n', ["no crosswalk 'desi'; did you mean 'desy'?"]),
    ('title = "x"\nextends = "mine.toml"\n', ["extends itself"]),
    ('title = "x"\nextends = "gone.toml"\n', ["no crosswalk file", "gone.toml"]),
    ('title = "x\n', ["not TOML", "line 1"]),
    (
        'title = "x"\n[[constant]]\nid = "c"\nconcept = "pressure"\nvalue = "1"\nkey = "k"\nmatches = "m"\n',
        ["'pressure' is not a concept whose value is text"],
    ),
]


@pytest.mark.parametrize(("text", "messages"), MISTAKES, ids=[messages[0] for _, messages in MISTAKES])
def test_a_mistake_is_said_with_file_line_key_and_the_nearest_right_word(
    text: str, messages: list[str], written
) -> None:
    with pytest.raises(CrosswalkError) as caught:
        Crosswalk.load(written(text))
    for message in messages:
        assert message in str(caught.value)


def test_the_second_of_two_rules_is_the_one_whose_line_is_said(written) -> None:
    text = 'title = "x"\n' + RULE + RULE.replace("mine.pressure", "mine.second").replace("keys", "kyes")
    with pytest.raises(CrosswalkError, match=r"mine\.toml:11: no key 'kyes' here; did you mean 'keys'"):
        Crosswalk.load(written(text))


def test_a_crosswalk_that_does_not_exist_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(CrosswalkError, match=r"no crosswalk 'p02\.3'; did you mean 'p02\.2'\?"):
        migrate(raw(), "p02.3")


def test_a_crosswalk_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\x89HDF\xff")
    with pytest.raises(CrosswalkError, match="cannot be read as text"):
        Crosswalk.load(path)
