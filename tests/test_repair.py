"""Fix plans and repair: what one choice is left for is put right in a copy, and nothing else changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from click.testing import CliRunner, Result

from nxspectra import __version__, edits, hdf5
from nxspectra.cli import program
from nxspectra.edits import Action, Edit, Plan
from nxspectra.errors import Refused, UsageError
from nxspectra.hdf5.editing import correct
from nxspectra.repairs import Repaired, repair
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group, Link
from nxspectra.validation import validate
from nxspectra.validation.fixing import FIXES, propose

Change = Callable[[Group], Group]

BEAM = "entry/instrument/beam/incident_energy"
DETECTOR = "entry/instrument/detector"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(program, [str(argument) for argument in arguments], catch_exceptions=False)


def renamed(root: Group, path: str, name: str) -> Group:
    return root.without(path).put(f"{path.rpartition('/')[0]}/{name}", root[path])


SLIPS: dict[str, tuple[Change, str, tuple[Action, str, str]]] = {
    # what is wrong, the rule that finds it, the edit that is proposed
    "a unit in its own spelling": (
        lambda root: root.put(f"{BEAM}@units", "KeV"),
        "units-spelling",
        (Action.REPLACE_ATTRIBUTE, f"/{BEAM}@units", "keV"),
    ),
    "a definition in other letters": (
        lambda root: root.put("entry/definition", Field("nxdiffraction_spectra", version="1.0")),
        "definition-spelling",
        (Action.REPLACE_VALUE, "/entry/definition", "NXdiffraction_spectra"),
    ),
    "a name with a slip": (
        lambda root: renamed(root, f"{DETECTOR}/count_time", "count_tme"),
        "missing-field",
        (Action.RENAME, f"/{DETECTOR}/count_tme", "count_time"),
    ),
    "a group without its class": (
        lambda root: root.without("entry/sample@NX_class"),
        "missing-group",
        (Action.ADD_ATTRIBUTE, "/entry/sample@NX_class", "NXsample"),
    ),
    "a class with a slip": (
        lambda root: root.put("entry/user", Group("NXusr", {"name": Field("A. Beamliner")})),
        "unknown-class",
        (Action.REPLACE_ATTRIBUTE, "/entry/user@NX_class", "NXuser"),
    ),
    "a class with a slip where another is asked for": (
        lambda root: root.put("entry/reduction@NX_class", "NXproces"),
        "wrong-class",
        (Action.REPLACE_ATTRIBUTE, "/entry/reduction@NX_class", "NXprocess"),
    ),
    "a default with a slip": (
        lambda root: root.put("entry@default", "dta"),
        "broken-default",
        (Action.REPLACE_ATTRIBUTE, "/entry@default", "data"),
    ),
    "a signal with a slip": (
        lambda root: root.put("entry/data@signal", "intensty"),
        "nxdata-signal",
        (Action.REPLACE_ATTRIBUTE, "/entry/data@signal", "intensity"),
    ),
    "a missing attribute with one possible value": (
        lambda root: root.without("entry/data@signal"),
        "missing-attribute",
        (Action.ADD_ATTRIBUTE, "/entry/data@signal", "intensity"),
    ),
    "a listed value with other letters": (
        lambda root: root.put("entry/instrument/source/probe", Field("X-Ray")),
        "not-in-enumeration",
        (Action.REPLACE_VALUE, "/entry/instrument/source/probe", "x-ray"),
    ),
}


@pytest.fixture(params=list(SLIPS))
def slip(request: pytest.FixtureRequest) -> tuple[Change, str, tuple[Action, str, str]]:
    return SLIPS[request.param]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def plan_of(path: Path) -> Plan:
    root = hdf5.read(path)
    return propose(root, validate(root))


def stored(path: Path) -> dict[str, Any]:
    """Every object with its bytes in the file, its type and its attributes, as libhdf5 gives them."""
    found: dict[str, Any] = {}

    def look(name: str, item: h5py.Group | h5py.Dataset) -> None:
        attributes = {key: (str(item.attrs.get_id(key).dtype), repr(item.attrs[key])) for key in item.attrs}
        if isinstance(item, h5py.Dataset):
            offset = item.id.get_offset()
            raw = None
            if offset is not None:
                with path.open("rb") as file:
                    file.seek(offset)
                    raw = file.read(item.id.get_storage_size())
            found[name] = (item.dtype, item.shape, offset, raw, repr(item[()]), attributes)
        else:
            found[name] = attributes

    with h5py.File(path) as file:
        file.visititems(look)
    return found


# -- what is proposed ---------------------------------------------------------------------------


def test_a_slip_leads_to_one_edit_by_its_rule(
    slip: tuple[Change, str, tuple[Action, str, str]],
) -> None:
    change, rule, (action, path, new) = slip
    tree = change(conforming())
    report = validate(tree)
    assert rule in report.rules
    (edit,) = propose(tree, report).edits
    assert (edit.action, edit.path, edit.new, edit.rule) == (action, path, new, rule)


def test_every_rule_with_a_fix_has_a_slip_here() -> None:
    assert set(FIXES) == {rule for _, rule, _ in SLIPS.values()}


@pytest.mark.parametrize(
    "change",
    [
        lambda root: root,
        lambda root: root.without(f"{BEAM}@units"),
        lambda root: root.without("entry/sample/pressure"),
        lambda root: root.without(BEAM),
        lambda root: renamed(root, f"{DETECTOR}/count_time", "count_time_2"),
        lambda root: renamed(root, f"{DETECTOR}/count_time", "dead_time"),
        lambda root: root.put(f"{BEAM}@units", "furlong"),
        lambda root: root.put("entry/start_time", Field("2021-05-27T10:15:00")),
        lambda root: root.put("entry/reduction@NX_class", "NXmyown"),
    ],
)
def test_where_more_than_one_choice_is_left_nothing_is_proposed(change: Change) -> None:
    tree = change(conforming())
    report = validate(tree)
    plan = propose(tree, report)
    assert plan.edits == ()
    assert {each.rule for each in plan.left} == {
        finding.rule for finding in report.findings if finding.severity != "info"
    }


def test_an_entry_that_names_no_definition_is_not_bent_to_the_one_it_was_compared_with() -> None:
    tree = conforming().without("entry/definition").without("entry/data@signal").put(f"{BEAM}@units", "KeV")
    assert [edit.new for edit in propose(tree, validate(tree)).edits] == ["keV"]
    asked = validate(tree, "NXdiffraction_spectra")
    edits_asked = propose(tree, asked, "NXdiffraction_spectra").edits
    assert {edit.new for edit in edits_asked} == {"keV", "intensity"}


def test_two_names_that_could_both_be_meant_are_left_alone() -> None:
    root = renamed(conforming(), f"{DETECTOR}/count_time", "count_tme")
    tree = root.put(f"{DETECTOR}/cont_time", Field(0.2, units="s"))
    assert propose(tree, validate(tree)).edits == ()


def test_what_one_edit_brings_to_light_another_puts_right() -> None:
    root = renamed(conforming(), f"{DETECTOR}/count_time", "count_tme")
    tree = root.put(f"{DETECTOR}/count_tme@units", "sec")
    made = propose(tree, validate(tree)).edits
    assert [(edit.path, edit.new) for edit in made] == [
        (f"/{DETECTOR}/count_tme", "count_time"),
        (f"/{DETECTOR}/count_time@units", "s"),
    ]


def test_an_edit_is_for_the_object_and_not_for_a_link_to_it() -> None:
    tree = conforming().put("entry/sample/pressure@units", "gigapascal")
    assert {finding.path for finding in validate(tree).findings} >= {"/entry/data/pressure@units"}
    assert [edit.path for edit in propose(tree, validate(tree)).edits] == ["/entry/sample/pressure@units"]


# -- what repair does ----------------------------------------------------------------------------


def test_a_slip_is_put_right_and_everything_else_is_byte_for_byte_as_it_was(
    slip: tuple[Change, str, tuple[Action, str, str]], tmp_path: Path
) -> None:
    change, rule, (action, path, new) = slip
    source = hdf5.write(change(conforming()), tmp_path / "raw.nxs")
    before = digest(source)
    done = repair(source, tmp_path / "out.nxs")
    assert digest(source) == before
    assert [(edit.action, edit.path, edit.new) for edit in done.made] == [(action, path, new)]
    after = hdf5.read(tmp_path / "out.nxs")
    report = validate(after)
    assert rule not in report.rules
    assert report.conforms

    told = hdf5.differences(source, tmp_path / "out.nxs", ignoring=["/entry/repair"])
    assert {finding.path for finding in told} == {path, done.made[0].becomes}
    was, now = stored(source), stored(tmp_path / "out.nxs")
    changed = (path.rpartition("@")[0] or path).strip("/")
    becomes = done.made[0].becomes.rpartition("@")[0].strip("/") or done.made[0].becomes.strip("/")
    ours = {name for name in now if name.startswith("entry/repair")}
    assert set(now) - ours - {becomes} == set(was) - {changed}
    for name in set(was) - {changed}:
        assert now[name] == was[name], name
    if action is Action.RENAME:
        assert now[becomes] == was[changed]
    elif action is not Action.REPLACE_VALUE and isinstance(was[changed], tuple):
        assert now[changed][:5] == was[changed][:5]


def test_what_was_done_is_written_down(tmp_path: Path) -> None:
    source = hdf5.write(conforming().put(f"{BEAM}@units", "KeV"), tmp_path / "raw.nxs")
    repair(source, tmp_path / "out.nxs")
    told = hdf5.read(tmp_path / "out.nxs")["entry/repair"]
    assert told.nx_class == "NXprocess"
    assert (told["program"].text, told["version"].text) == ("nxspectra", __version__)
    assert told["source_file/file_name"].text == "raw.nxs"
    assert told["source_file/checksum"].text == digest(source)
    row = told["edits/edit_1"]
    assert row.text == f"/{BEAM}@units"
    assert (row.attributes["action"], row.attributes["old"], row.attributes["new"]) == (
        "replace-attribute",
        "KeV",
        "keV",
    )
    assert row.attributes["rule"] == "units-spelling"


def test_a_second_repair_finds_nothing_to_do(tmp_path: Path) -> None:
    tree = conforming()
    for change, _, _ in (SLIPS["a unit in its own spelling"], SLIPS["a name with a slip"]):
        tree = change(tree)
    first = hdf5.write(tree, tmp_path / "raw.nxs")
    plan = plan_of(first)
    repair(first, tmp_path / "out.nxs")
    for again in (None, plan):
        done = repair(tmp_path / "out.nxs", tmp_path / "again.nxs", again)
        assert (done.made, done.refused, done.output) == ((), (), None)
    assert not (tmp_path / "again.nxs").exists()


def test_a_file_that_is_repaired_again_keeps_both_accounts(tmp_path: Path) -> None:
    tree = conforming().put(f"{BEAM}@units", "KeV").put(f"{DETECTOR}/count_time@units", "sec")
    source = hdf5.write(tree, tmp_path / "raw.nxs")
    first, second = plan_of(source).edits
    repair(source, tmp_path / "one.nxs", Plan("raw.nxs", (first,)))
    repair(tmp_path / "one.nxs", tmp_path / "two.nxs", Plan("one.nxs", (second,)))
    entry = hdf5.read(tmp_path / "two.nxs")["entry"]
    assert entry["repair/edits/edit_1"].text == first.path
    assert entry["repair_2/edits/edit_1"].text == second.path
    assert validate(hdf5.read(tmp_path / "two.nxs")).findings == ()


def test_texts_of_fixed_length_are_replaced_where_they_fit(tmp_path: Path) -> None:
    path = hdf5.write(conforming().without("entry/definition"), tmp_path / "raw.nxs")
    for raw, kind in ((b"nxdiffraction_spectra", "S21"), (b"nxdiffraction_spectra", "S40")):
        with h5py.File(path, "r+") as file:
            file.pop("entry/definition", None)
            file.create_dataset("entry/definition", data=np.bytes_(raw), dtype=kind).attrs["version"] = "1.0"
        done = repair(path, tmp_path / f"{kind}.nxs")
        assert [edit.rule for edit in done.made] == ["definition-spelling"]
        with h5py.File(tmp_path / f"{kind}.nxs") as file:
            assert file["entry/definition"].dtype == kind
            assert file["entry/definition"][()] == b"NXdiffraction_spectra"
            assert file["entry/definition"].attrs["version"] == "1.0"


# -- what repair refuses -------------------------------------------------------------------------


def refusal(path: Path, edit: Edit) -> str:
    done = repair(path, path.with_name("out.nxs"), Plan(path.name, (edit,)))
    assert done.made == ()
    assert not path.with_name("out.nxs").exists()
    (refused,) = done.refused
    return refused.reason


def rename(path: str, new: str) -> Edit:
    return Edit(Action.RENAME, path, new, path.rpartition("/")[2], "by-hand", "")


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (rename("/entry/sample/pressure", "p"), "/entry/data/pressure"),  # a soft link leads there
        (rename("/entry/sample", "specimen"), "/entry/data/pressure"),  # and through here
        (rename("/entry/data/intensity", "counts"), "/entry/data@signal"),
        (rename("/entry/data/two_theta", "tth"), "/entry/data@axes"),
        (rename("/entry/data", "plot"), "/entry@default"),
        (rename("/entry/sample/name", "chemical_formula"), "already"),
        (rename("/entry/sample/nmae", "nom"), "nothing at this path"),
        (rename("/entry/data/pressure", "p"), "a link leads to /entry/sample/pressure"),
        (rename("/entry/sample/name", "a/b"), "not a name"),
        (rename("/", "root"), "cannot be renamed"),
        (
            Edit(Action.RENAME, "/entry/sample/name", "nom", "other", "by-hand", ""),
            "called 'name', not 'other'",
        ),
        (Edit(Action.ADD_ATTRIBUTE, f"/{BEAM}@units", "eV", None, "by-hand", ""), "another value"),
        (Edit(Action.REPLACE_ATTRIBUTE, f"/{BEAM}@units", "eV", "J", "by-hand", ""), "'keV', not 'J'"),
        (Edit(Action.REPLACE_ATTRIBUTE, "/entry/data@axes", "x", "y", "by-hand", ""), "no single text"),
        (Edit(Action.REPLACE_ATTRIBUTE, f"/{BEAM}@nits", "eV", "J", "by-hand", ""), "no single text"),
        (Edit(Action.REPLACE_VALUE, f"/{BEAM}", "25.6", "25.7", "by-hand", ""), "no single text"),
        (Edit(Action.REPLACE_VALUE, "/entry/title", "x", "y", "by-hand", ""), "not 'y'"),
    ],
)
def test_an_edit_that_would_lose_something_is_refused_with_the_reason(
    edit: Edit, says: str, tmp_path: Path
) -> None:
    assert says in refusal(hdf5.write(conforming(), tmp_path / "raw.nxs"), edit)


def test_a_text_that_does_not_fit_in_its_place_is_refused(tmp_path: Path) -> None:
    path = hdf5.write(conforming().without("entry/instrument/source/probe"), tmp_path / "raw.nxs")
    with h5py.File(path, "r+") as file:
        file["entry/instrument/source/probe"] = np.bytes_(b"xray")
    says = refusal(
        path, Edit(Action.REPLACE_VALUE, "/entry/instrument/source/probe", "x-ray", "xray", "by-hand", "")
    )
    assert "place for 4 bytes" in says


def test_a_chain_of_transformations_keeps_its_names(tmp_path: Path) -> None:
    chain = Group("NXtransformations", {"tth": Field(1.0, units="deg", depends_on=".")})
    root = conforming().put(f"{DETECTOR}/turn", chain).put(f"{DETECTOR}/depends_on", Field("turn/tth"))
    path = hdf5.write(root, tmp_path / "raw.nxs")
    assert "depends_on" in refusal(path, rename(f"/{DETECTOR}/turn/tth", "two_theta"))


def test_the_source_of_a_virtual_data_set_keeps_its_name(tmp_path: Path) -> None:
    """Without its source a virtual data set is zeros, and nobody is told."""
    path = hdf5.write(conforming(), tmp_path / "raw.nxs")
    with h5py.File(path, "r+") as file:
        file["entry/sample/counts"] = np.arange(5)
        layout = h5py.VirtualLayout((5,), "i8")
        layout[:] = h5py.VirtualSource(".", "entry/sample/counts", (5,))
        file.create_virtual_dataset("entry/sample/view", layout)
    assert "/entry/sample/view" in refusal(path, rename("/entry/sample/counts", "raw_counts"))
    done = repair(path, tmp_path / "out.nxs", Plan("raw.nxs", (rename("/entry/sample/name", "nom"),)))
    assert len(done.made) == 1


def test_refused_edits_do_not_keep_the_others_from_being_made(tmp_path: Path) -> None:
    path = hdf5.write(conforming().put(f"{BEAM}@units", "KeV"), tmp_path / "raw.nxs")
    plan = Plan("raw.nxs", (rename("/entry/sample/pressure", "p"), *plan_of(path).edits))
    done: Repaired = repair(path, tmp_path / "out.nxs", plan)
    assert [each.edit.path for each in done.refused] == ["/entry/sample/pressure"]
    assert [edit.new for edit in done.made] == ["keV"]
    assert "entry/sample/pressure" in hdf5.read(tmp_path / "out.nxs")


def test_the_editor_itself_refuses_to_overwrite(tmp_path: Path) -> None:
    path = hdf5.write(conforming(), tmp_path / "raw.nxs")
    root = hdf5.read(path)
    with pytest.raises(Refused, match="already"):
        correct(root, [rename("/entry/sample/name", "chemical_formula")], tmp_path / "out.nxs")
    edit = Edit(Action.ADD_ATTRIBUTE, f"/{BEAM}@units", "eV", None, "by-hand", "")
    with pytest.raises(Refused, match="is already there"):
        correct(root, [edit], tmp_path / "out.nxs")
    assert [item.name for item in tmp_path.iterdir()] == ["raw.nxs"]


def test_of_a_real_file_nothing_is_lost_and_nothing_is_left_to_do(real_files: Path, tmp_path: Path) -> None:
    """The LAMBDA file has `millisecond` and `micrometer` in several places, and compressed images."""
    source = real_files / "lambda_p02.2_m1_part00000.nxs"
    done = repair(source, tmp_path / "out.nxs")
    assert {edit.new for edit in done.made} == {"ms", "um"}
    assert done.refused == ()
    assert [each.rule for each in done.made] == ["units-spelling"] * len(done.made)
    told = hdf5.differences(source, tmp_path / "out.nxs", ignoring=["/entry/repair"])
    assert {finding.path for finding in told} == {edit.path for edit in done.made}
    assert repair(tmp_path / "out.nxs", tmp_path / "again.nxs").made == ()


# -- plans as text -------------------------------------------------------------------------------


def test_a_plan_is_the_same_when_it_was_text_in_between(tmp_path: Path) -> None:
    tree = SLIPS["a name with a slip"][0](SLIPS["a listed value with other letters"][0](conforming()))
    path = hdf5.write(tree.without(f"{BEAM}@units"), tmp_path / "raw.nxs")
    plan = plan_of(path)
    text = tmp_path / "plan.jsonl"
    text.write_text(json.dumps(plan.as_json()) + '\n{"file": "bad.nxs", "error": "is text"}\n')
    (again,) = edits.load(text)
    assert again.edits == plan.edits


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("rename a b", "is not JSON"),
        ('{"edits": []}', "names no file"),
        ('{"file": "a.nxs"}', "no list of edits"),
        ('{"file": "a.nxs", "edits": ["x"]}', "edit 1: is not an object"),
        ('{"file": "a.nxs", "edits": [{"action": "delete", "path": "/entry"}]}', "'delete'"),
        ('{"file": "a.nxs", "edits": [{"action": "rename", "path": "/entry"}]}', "new is missing"),
        (
            '{"file": "a.nxs", "edits": [{"action": "rename", "path": "a", "old": "a", "new": "b"}]}',
            "path is 'a'",
        ),
        (
            '{"file": "a.nxs", "edits": [{"action": "add-attribute", "path": "/entry", "new": "b"}]}',
            "path is '/entry'",
        ),
        ("", "holds no plan"),
    ],
)
def test_what_is_no_plan_is_told_before_any_file_is_touched(line: str, says: str, tmp_path: Path) -> None:
    text = tmp_path / "plan.jsonl"
    text.write_text(f"{line}\n")
    result = run("repair", tmp_path / "absent.nxs", "-o", tmp_path / "out.nxs", "--plan", text)
    assert result.exit_code == 2
    assert says in result.stderr
    assert "no such file" not in result.stderr


def test_of_several_plans_the_one_that_names_the_file_is_taken(tmp_path: Path) -> None:
    plans = (Plan("day1/a.nxs"), Plan("day1/b.nxs"))
    assert edits.of_file(plans, tmp_path / "b.nxs", Path("plan")) is plans[1]
    with pytest.raises(UsageError, match="which of its 2 plans"):
        edits.of_file(plans, tmp_path / "c.nxs", Path("plan"))


# -- on the shell --------------------------------------------------------------------------------


def test_the_plan_that_validate_prints_is_what_repair_takes(tmp_path: Path) -> None:
    clean = hdf5.write(conforming(), tmp_path / "clean.nxs")
    slipped = hdf5.write(SLIPS["a name with a slip"][0](conforming()), tmp_path / "slip.nxs")
    proposed = run("validate", clean, slipped, "--fix-plan")
    assert proposed.exit_code == 1
    assert [len(json.loads(line)["edits"]) for line in proposed.stdout.splitlines()] == [0, 1]
    plan = tmp_path / "plan.jsonl"
    plan.write_text(proposed.stdout)
    result = run("repair", clean, slipped, "-o", tmp_path / "out", "--plan", plan)
    assert result.exit_code == 0
    assert f"{clean}: nothing to do" in result.stdout
    assert "'count_tme' -> 'count_time'" in result.stdout
    assert [item.name for item in (tmp_path / "out").iterdir()] == ["slip.nxs"]
    assert run("validate", tmp_path / "out").exit_code == 0


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(tmp_path: Path) -> None:
    slipped = hdf5.write(SLIPS["a name with a slip"][0](conforming()), tmp_path / "slip.nxs")
    result = run("repair", slipped, "--dry-run")
    assert result.exit_code == 0
    assert "1 edit to be made" in result.stdout
    assert [item.name for item in tmp_path.iterdir()] == ["slip.nxs"]


def test_refused_edits_make_the_exit_code_1(tmp_path: Path) -> None:
    path = hdf5.write(conforming(), tmp_path / "raw.nxs")
    plan = tmp_path / "plan.jsonl"
    plan.write_text(json.dumps(Plan("raw.nxs", (rename("/entry/sample/pressure", "p"),)).as_json()))
    result = run("repair", path, "-o", tmp_path / "out.nxs", "--plan", plan, "--format", "json")
    assert result.exit_code == 1
    (row,) = map(json.loads, result.stdout.splitlines())
    assert row["refused"][0]["path"] == "/entry/sample/pressure"
    assert "/entry/data/pressure" in row["refused"][0]["refused"]
    assert row["output"] is None


def test_repair_never_replaces_without_being_told(tmp_path: Path) -> None:
    slipped = hdf5.write(SLIPS["a name with a slip"][0](conforming()), tmp_path / "slip.nxs")
    there = hdf5.write(conforming(), tmp_path / "out.nxs")
    before = digest(there)
    assert run("repair", slipped, "-o", there).exit_code == 2
    assert run("repair", slipped, "-o", slipped, "--overwrite").exit_code == 2
    assert run("repair", slipped).exit_code == 2
    assert digest(there) == before
    assert run("repair", slipped, "-o", there, "--overwrite").exit_code == 0
    assert digest(there) != before


def test_a_soft_link_to_a_renamed_neighbour_is_no_hindrance(tmp_path: Path) -> None:
    root = renamed(conforming(), f"{DETECTOR}/count_time", "count_tme")
    root = root.put("entry/alias", Link(f"/{DETECTOR}/start_time"))
    done = repair(hdf5.write(root, tmp_path / "raw.nxs"), tmp_path / "out.nxs")
    assert [edit.new for edit in done.made] == ["count_time"]
