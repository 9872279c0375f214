"""migrate on the shell: what is shown, what is written, and that nothing is written when it is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from nxspectra import hdf5
from nxspectra.cli import program
from nxspectra.simulation import simulate
from nxspectra.tree import Field, Group
from nxspectra.validation import validate


def run(*arguments: object) -> Result:
    return CliRunner().invoke(program, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def tree() -> Group:
    return simulate(5, 8, points=200).tree()


@pytest.fixture
def raw(tree: Group, tmp_path: Path) -> Path:
    return hdf5.write(tree, tmp_path / "raw.nxs")


def test_a_dry_run_shows_what_is_placed_and_refused_and_writes_nothing(raw: Path) -> None:
    before = sorted(raw.parent.iterdir())
    result = run("migrate", raw, "--dry-run")
    assert result.exit_code == 0
    assert "/entry/sample/pressure = 8 values" in result.stdout
    assert "millisecond -> s" in result.stdout
    assert "12000 eV: a setting of the LAMBDA detector, not the energy of the beam" in result.stdout
    assert sorted(raw.parent.iterdir()) == before


def test_the_migrated_file_conforms_and_keeps_every_raw_key(raw: Path, tree: Group, tmp_path: Path) -> None:
    out = tmp_path / "run.nxs"
    assert run("migrate", raw, "-o", out).exit_code == 0
    migrated = hdf5.read(out)
    assert validate(migrated).conforms
    for path, node in tree.walk():
        if isinstance(node, Field):
            there = migrated[path]
            raw_attributes = {name: there.attributes[name] for name in node.attributes}
            assert Field(there.data, raw_attributes) == node, path


def test_in_place_the_file_itself_is_migrated_and_again_nothing_is_added(raw: Path) -> None:
    assert run("migrate", raw, "--in-place").exit_code == 0
    once = raw.read_bytes()
    assert validate(hdf5.read(raw)).conforms
    assert run("migrate", raw, "--in-place").exit_code == 0
    assert hdf5.read(raw).group("entry/migration") == _group(once, raw).group("entry/migration")


def _group(content: bytes, beside: Path) -> Group:
    copy = beside.with_name("once.nxs")
    copy.write_bytes(content)
    return hdf5.read(copy)


def test_several_files_go_to_a_folder(tree: Group, tmp_path: Path) -> None:
    files = [hdf5.write(tree, tmp_path / f"raw_{number}.nxs") for number in (1, 2)]
    assert run("migrate", *files, "-o", tmp_path / "out").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["raw_1.nxs", "raw_2.nxs"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "say where to write"),
        (("--dry-run", "--in-place"), "--dry-run writes nothing"),
        (("-o", "x.nxs", "--in-place"), "not both"),
        (("--dry-run", "--crosswalk", "p02.3"), "did you mean 'p02.2'"),
        (("--dry-run", "--set", "beam_enery=25.6keV"), "beam_energy"),
        (("--dry-run", "--set", "beam_energy=25.6"), "unit"),
        (("--dry-run", "--set", "beam_energy"), "CONCEPT=VALUE"),
        (("--dry-run", "--set", "energy=25keV", "--set", "beam_energy=25keV"), "give one of them"),
    ],
)
def test_usage_is_told_before_any_file_is_touched(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    result = run("migrate", tmp_path / "absent.nxs", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "absent.nxs" not in result.stderr


def test_a_missing_fact_stops_the_writing_and_set_supplies_it(tree: Group, tmp_path: Path) -> None:
    root = tree.without("entry/collection_extra/mono").without("entry/collection_extra/beamline")
    root = root.without("entry/integration")
    raw, out = hdf5.write(root, tmp_path / "raw.nxs"), tmp_path / "run.nxs"
    result = run("migrate", raw, "-o", out)
    assert result.exit_code == 1
    assert "--set beam_energy=25.6keV" in result.stdout
    assert not out.exists()
    assert run("migrate", raw, "-o", out, "--set", "beam_energy=25600 eV").exit_code == 0
    migrated = hdf5.read(out)
    assert migrated["entry/instrument/beam/incident_energy"].number == 25.6
    mapping = migrated["entry/migration/mapping/instrument_beam_incident_energy"]
    assert mapping.text == "--set beam_energy"


def test_facts_come_from_a_file_and_the_command_line_wins(raw: Path, tmp_path: Path) -> None:
    facts = tmp_path / "facts.toml"
    facts.write_text('sample_name = "wüstite"\ntitle = "From the file"\n', encoding="utf-8")
    root = hdf5.read(raw).without("entry/title").without("entry/sample/name")
    bare = hdf5.write(_plain(root), tmp_path / "bare.nxs")
    result = run("migrate", bare, "-o", tmp_path / "out.nxs", "--facts", facts, "--set", "title=Given")
    assert result.exit_code == 0, result.output
    migrated = hdf5.read(tmp_path / "out.nxs")
    assert migrated["entry/title"].text == "Given"
    assert migrated["entry/sample/name"].text == "wüstite"


def _plain(root: Group) -> Group:
    return Group(None, root.children, root.attributes)


def test_facts_that_are_no_text_are_a_usage_error(raw: Path, tmp_path: Path) -> None:
    facts = tmp_path / "facts.toml"
    facts.write_text("beam_energy = 25.6\n")
    result = run("migrate", raw, "--dry-run", "--facts", facts)
    assert result.exit_code == 2
    assert "beam_energy must be text with its unit" in result.stderr


def test_the_review_as_json_is_one_object_a_file(raw: Path, tmp_path: Path) -> None:
    result = run("migrate", raw, tmp_path / "absent.nxs", "--dry-run", "--format", "json")
    assert result.exit_code == 3
    review, failed = (json.loads(line) for line in result.stdout.splitlines())
    assert review["complete"] is True
    assert review["output"] is None
    placed = {found["concept"]: found for found in review["found"] if found["state"] == "placed"}
    assert placed["instrument/detector/count_time"]["conversion"] == "millisecond -> s"
    assert set(failed) == {"file", "error"}


def test_a_file_with_the_same_name_is_not_overwritten_unasked(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "run.nxs"
    out.write_text("precious")
    result = run("migrate", raw, "-o", out)
    assert result.exit_code == 2
    assert "--overwrite" in result.stderr
    assert out.read_text() == "precious"
    assert run("migrate", raw, "-o", out, "--overwrite").exit_code == 0
    assert np.isfinite(hdf5.read(out)["entry/sample/pressure"].array).all()
