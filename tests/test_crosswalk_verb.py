"""crosswalk and migrate --explain on the shell, and the rules that are suggested for keys no rule knows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from nxspectra import hdf5
from nxspectra.cli import program
from nxspectra.migration import Crosswalk, available, migrate, review
from nxspectra.migration.explaining import accounts, knowing
from nxspectra.migration.suggesting import as_toml, suggestions
from nxspectra.simulation import simulate
from nxspectra.tree import Field, Group, Node
from nxspectra.validation import validate

N = 4
RAMP = [0.1, 12.5, 28.1, 44.1]
NEXUS = Crosswalk.load("nexus")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(program, [str(argument) for argument in arguments], catch_exceptions=False)


def raw(keys: dict[str, Node], group: str = "station") -> Group:
    angles = np.linspace(9.6, 25.5, 20)
    data = Group(
        "NXdata",
        {"I": Field(np.ones((N, 20)), units="counts"), "tth": Field(angles, units="deg")},
        signal="I",
    )
    return Group(
        "NXroot", {"entry": Group("NXentry", {"integrated": data, group: Group("NXcollection", keys)})}
    )


# -- looking -----------------------------------------------------------------------------------


def test_the_list_names_every_crosswalk_that_is_shipped() -> None:
    result = run("crosswalk", "list")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == list(available())


def test_a_crosswalk_is_shown_with_its_rules_by_concept() -> None:
    result = run("crosswalk", "show", "p02.2")
    assert "desy.shutter-time: shutter_time tells instrument/detector/count_time (set)" in result.stdout
    assert "p02.2.lambda-energy: beam_energy does not tell instrument/beam/incident_energy" in result.stdout


def test_a_crosswalk_as_json_has_all_its_rules() -> None:
    shown = json.loads(run("crosswalk", "show", "aps", "--format", "json").stdout)
    assert shown["crosswalk"] == "aps"
    assert shown["digest"] == Crosswalk.load("aps").digest
    assert len(shown["rules"]) == len(knowing(Crosswalk.load("aps")))


def test_checking_says_what_is_wrong_with_each_and_the_worst_wins(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('title = "x"\n[[rule]]\nid = "a"\nconcpt = "pressure"\nkeys = ["p"]\n')
    result = run("crosswalk", "check", "p02.2", wrong)
    assert result.exit_code == 2
    assert "p02.2: " in result.stdout
    assert "wrong.toml:4: no key 'concpt' here; did you mean 'concept'?" in result.stderr


def test_a_key_is_explained_with_what_becomes_of_it(tmp_path: Path) -> None:
    file = hdf5.write(simulate(0, 5, points=100).tree(), tmp_path / "raw.nxs")
    result = run("crosswalk", "explain", "shutter_time", "--file", file)
    assert result.exit_code == 0
    assert "desy.shutter-time" in result.stdout
    assert "is placed: instrument/detector/count_time = 0.1 s" in result.stdout
    result = run("crosswalk", "explain", "undulator/energy", "--file", file)
    assert "what the undulator is set for" in result.stdout
    assert "25.71 keV" in result.stdout


def test_a_key_that_no_rule_knows_is_said_so() -> None:
    result = run("crosswalk", "explain", "sweetness")
    assert result.exit_code == 1
    assert "no rule of p02.2 knows sweetness" in result.stderr


def test_the_end_of_a_path_tells_keys_of_one_name_apart() -> None:
    assert "desy.shutter-time" in {rule.id for rule in knowing(Crosswalk.load("desy"), "any/shutter_time")}
    names = {rule.id for rule in knowing(Crosswalk.load("dls"), "mono/en")}
    assert "dls.monochromator" in names
    assert "dls.monochromator" not in {rule.id for rule in knowing(Crosswalk.load("dls"), "gonio/en")}


# -- suggesting --------------------------------------------------------------------------------


def test_suggested_rules_find_what_no_rule_knew(tmp_path: Path) -> None:
    tree = raw(
        {
            "MonoReadback": Field([25600.0], units="eV"),
            "gate_ms": Field([100.0]),
            "psam": Field(RAMP, units="GPa"),
            "wanted_pressure": Field([50.0], units="GPa"),
            "motor": Field([1.0], units="mm"),
        }
    )
    file = hdf5.write(tree, tmp_path / "raw.nxs")
    result = run("crosswalk", "suggest", file, "--crosswalk", "nexus")
    assert result.exit_code == 0
    path = tmp_path / "station.toml"
    path.write_text(result.stdout)
    assert run("crosswalk", "check", path).exit_code == 0
    made = migrate(tree, path, {"sample_name": "FeO"})
    assert validate(made).conforms
    assert made["entry/instrument/beam/incident_energy"].number == 25.6
    assert made["entry/instrument/detector/count_time"].number == pytest.approx(0.1)
    assert made["entry/sample/pressure"].array.tolist() == RAMP
    assert "motor" not in result.stdout


def test_a_set_point_is_suggested_as_a_refusal() -> None:
    (one,) = suggestions(raw({"pressure_wanted": Field([50.0], units="GPa")}), NEXUS)
    assert one.refused
    assert "[[refuse]]" in as_toml([one], NEXUS, "raw.nxs")


def test_a_number_without_a_unit_is_suggested_with_the_unit_left_to_the_person(tmp_path: Path) -> None:
    tree = raw({"energy_now": Field([25.6])})
    text = as_toml(suggestions(tree, NEXUS), NEXUS, "raw.nxs")
    assert '# unit = "keV"' in text
    path = tmp_path / "s.toml"
    path.write_text(text)
    assert "no-units" in {finding.rule for finding in review(tree, path).findings}
    path.write_text(text.replace("# unit", "unit"))
    assert migrate(tree, path)["entry/instrument/beam/incident_energy"].number == 25.6


@pytest.mark.parametrize(
    "field",
    [
        Field([25.6], units="GPa"),
        Field([25.6], units="furlong"),
        Field([0.0], units="keV"),
        Field([1e6], units="keV"),
        Field([np.nan], units="keV"),
        Field([1.0, 2.0], units="keV"),
        Field("high"),
        Field([]),
    ],
    ids=["another kind", "no unit", "zero", "too high", "nothing", "neither one nor each", "text", "empty"],
)
def test_what_cannot_be_an_energy_is_not_suggested_as_one(field: Field) -> None:
    found = suggestions(raw({"energy_now": field}), NEXUS)
    assert "instrument/beam/incident_energy" not in {one.concept.path for one in found}


def test_what_is_of_something_else_is_not_suggested() -> None:
    tree = raw({"temperature_01": Field([23.0], units="°C")}, "environment")
    assert suggestions(tree, NEXUS) == ()
    assert suggestions(raw({"temperature_01": Field([23.0], units="°C")}), NEXUS)


def test_keys_that_a_rule_knows_are_not_suggested_again() -> None:
    assert suggestions(raw({"energyfmb": Field([25600.0], units="eV")}), Crosswalk.load("common")) == ()


def test_a_table_with_an_axis_beside_it_is_suggested_as_spectra(tmp_path: Path) -> None:
    table = {"yobs": Field(np.ones((N, 40))), "xobs": Field(np.linspace(1, 6, 40), units="1/angstrom")}
    tree = Group("NXroot", {"entry": Group("NXentry", {"fit": Group("NXcollection", dict(table))})})
    path = tmp_path / "s.toml"
    path.write_text(as_toml(suggestions(tree, NEXUS), NEXUS, "raw.nxs"))
    made = migrate(tree, path, {"beam_energy": "25.6 keV"})
    assert made["entry/data/intensity"].shape == (N, 40)


def test_names_that_would_break_the_file_are_written_so_that_it_is_read(tmp_path: Path) -> None:
    names = ['energy "now"', "energy[1]", "energy\nnow", "energy\\*", "energie\x7f"]
    tree = raw({name: Field([25.6], units="keV") for name in names})
    found = suggestions(tree, NEXUS)
    assert {one.key.name for one in found} == set(names)
    path = tmp_path / "s.toml"
    path.write_text(as_toml(found, NEXUS, "a\n[[rule]]\nb.nxs"), encoding="utf-8")
    loaded = Crosswalk.load(path)
    assert all(loaded.knowers(one.key)[0] for one in found)


def test_a_file_in_which_all_is_found_has_nothing_to_suggest(tmp_path: Path) -> None:
    file = hdf5.write(simulate(0, 5, points=100).tree(), tmp_path / "raw.nxs")
    result = run("crosswalk", "suggest", file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert run("crosswalk", "suggest", file, "--all").exit_code == 0


# -- explaining a file ---------------------------------------------------------------------------


def test_a_migrated_file_explains_where_its_values_came_from(tmp_path: Path) -> None:
    source = hdf5.write(simulate(0, 5, points=100).tree(), tmp_path / "raw.nxs")
    (tmp_path / "t.csv").write_text("temperature [K]\n" + "300\n" * 5)
    out = tmp_path / "run.nxs"
    assert run("migrate", source, "-o", out, "--facts", tmp_path / "t.csv").exit_code == 0
    result = run("migrate", "--explain", out)
    assert result.exit_code == 0
    assert f"from raw.nxs ({hdf5.sha256(source)})" in result.stdout
    assert f"by   p02.2.toml ({Crosswalk.load('p02.2').digest})" in result.stdout
    assert (
        "instrument/detector/count_time = 100 millisecond  from"
        " /entry/instrument/detector/collection/shutter_time (millisecond -> s, set, desy.shutter-time)"
    ) in result.stdout
    assert f"t.csv {hdf5.sha256(tmp_path / 't.csv')}" in result.stdout


def test_an_explanation_as_json_has_every_row_of_the_mapping(tmp_path: Path) -> None:
    made = migrate(simulate(0, 5, points=100).tree())
    out = hdf5.write(made, tmp_path / "run.nxs")
    told = json.loads(run("migrate", "--explain", out, "--format", "json").stdout)
    (account,) = told["accounts"]
    assert {row["concept"] for row in account["mapping"]} >= {
        "sample/pressure",
        "data/intensity",
        "reduction",
    }
    assert set(account["added"]) >= set(made.additions.paths)
    written, before = hdf5.read(out), simulate(0, 5, points=100).tree()
    for path in account["added"]:
        assert path.partition("@")[0] in written
        assert "@" in path or path not in before


def test_a_second_migration_is_a_second_account() -> None:
    once = migrate(simulate(0, 5, points=100).tree())
    assert [one.path for one in accounts(migrate(once, facts={"temperature": "300 K"}))] == [
        "/entry/migration",
        "/entry/migration_2",
    ]


def test_an_account_in_a_subentry_is_found() -> None:
    tree = simulate(0, 5, points=100).tree().put("entry/definition", Field("NXmx"))
    assert [one.path for one in accounts(migrate(tree))] == ["/entry/diffraction_spectra/migration"]


def test_a_raw_file_has_no_explanation(tmp_path: Path) -> None:
    result = run("migrate", "--explain", hdf5.write(raw({}), tmp_path / "raw.nxs"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "was not migrated" in result.stderr


def test_explaining_takes_nothing_that_writes(tmp_path: Path) -> None:
    result = run("migrate", "--explain", tmp_path / "a.nxs", "-o", tmp_path / "b.nxs")
    assert result.exit_code == 2
    assert "only reads" in result.stderr
