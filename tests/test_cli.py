"""The frame of the command, and the verbs that look: exit codes, streams, lazy loading."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from nxspectra import __version__, hdf5
from nxspectra.cli import attempts, frame, program
from nxspectra.errors import Refused
from nxspectra.nxdl import definition
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group, Link

HEAVY = ("torch", "scipy", "numba", "rdflib", "pint", "fastapi", "matplotlib", "rich", "pydantic", "sklearn")


def run(*arguments: object) -> Result:
    """The command in this process; a traceback is an error of the test."""
    return CliRunner().invoke(program, [str(argument) for argument in arguments], catch_exceptions=False)


def shell(*arguments: object, **settings: Any) -> subprocess.CompletedProcess[str]:
    """The real command in a process of its own."""
    command = [sys.executable, "-m", "nxspectra", *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **settings)


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return hdf5.write(conforming(), tmp_path / "clean.nxs")


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    return hdf5.write(
        conforming().without("entry/instrument/beam/incident_energy@units"), tmp_path / "wrong.nxs"
    )


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    path = tmp_path / "notes.nxs"
    path.write_text("these are notes, not data\n")
    return path


# -- the frame ---------------------------------------------------------------------------------


def test_a_verb_that_does_not_exist_is_answered_with_the_nearest() -> None:
    result = run("valdate")
    assert result.exit_code == 2
    assert "did you mean 'validate'?" in result.stderr
    assert result.stdout == ""


def test_the_version_is_that_of_the_package() -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"nxspectra {__version__}\n")


@pytest.mark.parametrize("verb", list(program.verbs))
def test_every_verb_explains_itself(verb: str) -> None:
    result = run(verb, "--help")
    assert result.exit_code == 0
    command = program.get_command(click.Context(program), verb)
    assert command is not None
    assert command.get_short_help_str(200).rstrip(".") == program.verbs[verb][1].rstrip(".")


def test_the_list_of_verbs_is_printed_without_loading_any() -> None:
    code = (
        "import sys\nfrom nxspectra.cli import program\n"
        "try: program(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted(name for name in sys.modules if name.startswith('nxspectra')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for verb in program.verbs:
        assert re.search(rf"^  {verb}\b", done.stdout, re.MULTILINE)
    loaded = done.stderr.strip()
    assert loaded == "['nxspectra', 'nxspectra.cli', 'nxspectra.cli.frame', 'nxspectra.errors']"


def test_every_verb_but_those_that_print_a_language_speaks_json() -> None:
    commands: dict[str, click.Command] = {}
    for verb in program.verbs:
        command = program.get_command(click.Context(program), verb)
        assert command is not None
        parts = command.commands if isinstance(command, click.Group) else {}
        commands |= {f"{verb} {name}": part for name, part in parts.items()} or {verb: command}
    for verb, command in commands.items():
        forms = [option.type for option in command.params if "--format" in option.opts]
        choices = forms[0].choices if forms and isinstance(forms[0], click.Choice) else ()
        assert ("json" in choices) == (verb not in {"describe", "crosswalk suggest"}), verb


def test_an_error_is_one_line_with_the_path_and_no_traceback(text_file: Path) -> None:
    result = shell("show", text_file)
    assert result.returncode == 3
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert str(text_file) in result.stderr


def test_verbose_says_where_in_the_program_an_error_came_from(text_file: Path) -> None:
    for arguments in (("-v", "show", text_file), ("show", "-v", text_file)):
        assert "NotHDF5" in run(*arguments).stderr


def test_who_stops_reading_ends_the_command_quietly(clean: Path) -> None:
    command = [sys.executable, "-m", "nxspectra", "show", "--all", *([str(clean)] * 300)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == frame.NOBODY_READS


def test_an_interrupt_says_so_and_is_no_finding(monkeypatch: pytest.MonkeyPatch, clean: Path) -> None:
    def interrupted(*_: object, **__: object) -> Group:
        raise KeyboardInterrupt

    monkeypatch.setattr(hdf5, "read", interrupted)
    result = run("show", clean)
    assert result.exit_code == frame.INTERRUPTED
    assert "interrupted" in result.stderr


def test_a_name_in_a_file_cannot_steer_the_terminal(tmp_path: Path) -> None:
    root = conforming().put("entry/title", Field("\x1b[2Jgone\x07"))
    result = run("show", hdf5.write(root, tmp_path / "hostile.nxs"))
    assert "\x1b" not in result.stdout
    assert "\\x1b[2Jgone" in result.stdout


@pytest.mark.parametrize(
    ("codes", "expected"), [([], 0), ([0, 0], 0), ([0, 1, 0], 1), ([1, 3, 0], 3), ([3, 1], 3)]
)
def test_of_several_exit_codes_the_worst_wins(codes: list[int], expected: int) -> None:
    assert attempts.worst(codes) == expected


def test_a_defect_on_one_file_is_told_and_the_next_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    def work(file: Path) -> int:
        if file.name == "a":
            raise ZeroDivisionError("oh")
        if file.name == "b":
            raise Refused("it is refused")
        return 0

    assert attempts.for_each([Path("a"), Path("b"), Path("c")], "json", work) == 3
    captured = capsys.readouterr()
    told = [json.loads(line) for line in captured.out.splitlines()]
    assert [each["file"] for each in told] == ["a", "b"]
    assert "unexpected ZeroDivisionError: oh" in told[0]["error"]
    assert captured.err.splitlines()[1] == "nxspectra: b: it is refused"


class TestWhereToWrite:
    """Decided before any file is touched."""

    def test_one_file_goes_to_the_name_that_is_given(self, tmp_path: Path) -> None:
        assert frame.outputs([Path("a.nxs")], tmp_path / "b.nxs", False) == {
            Path("a.nxs"): tmp_path / "b.nxs"
        }

    def test_several_files_go_to_a_folder_under_their_own_names(self, tmp_path: Path) -> None:
        targets = frame.outputs([Path("x/a.nxs"), Path("b.nxs")], tmp_path / "out", False)
        assert list(targets.values()) == [tmp_path / "out" / "a.nxs", tmp_path / "out" / "b.nxs"]

    @pytest.mark.parametrize(
        ("files", "output", "in_place", "words"),
        [
            (["a.nxs"], "b.nxs", True, "not both"),
            (["a.nxs", "b.nxs"], "there.nxs", False, "need a folder"),
            (["x/a.nxs", "y/a.nxs"], "out", False, "both be written"),
            (["there.nxs"], "there.nxs", False, "--in-place"),
            (["a.nxs"], "there.nxs", False, "--overwrite"),
        ],
    )
    def test_what_cannot_be_is_a_usage_error(
        self, tmp_path: Path, files: list[str], output: str, in_place: bool, words: str
    ) -> None:
        (tmp_path / "there.nxs").touch()
        with pytest.raises(click.UsageError, match=words):
            frame.outputs([tmp_path / file for file in files], tmp_path / output, in_place)


# -- show --------------------------------------------------------------------------------------


def test_show_prints_classes_shapes_units_and_short_values(clean: Path) -> None:
    text = run("show", clean).stdout
    assert re.search(r"sample +NXsample", text)
    assert re.search(r"pressure +float64 \(6\)  \[0.1, .*44.1\]  GPa", text)
    assert re.search(r'program +"pyFAI"', text)
    assert re.search(r"pressure +(->|=) /entry/sample/pressure", text)


def test_show_folds_the_keys_of_a_collection_unless_asked(tmp_path: Path) -> None:
    keys = {f"key_{number:03}": Field(number) for number in range(400)}
    root = conforming().put("entry/collection", Group("NXcollection", keys))
    path = hdf5.write(root, tmp_path / "raw.nxs")
    folded, unfolded = run("show", path).stdout, run("show", path, "--all").stdout
    assert re.search(r"collection +NXcollection  400 keys; --all shows them", folded)
    assert "key_000" not in folded
    assert all(key in unfolded for key in keys)


def test_show_cuts_a_long_group_and_says_how_much(tmp_path: Path) -> None:
    root = Group("NXroot", {f"entry_{n:03}": Group("NXentry") for n in range(100)})
    path = hdf5.write(root, tmp_path / "many.nxs")
    lines = run("show", path).stdout.splitlines()
    assert len(lines) == 1 + frame_length(lines) + 1
    assert f"… {100 - frame_length(lines)} more of 100" in lines[-1]


def frame_length(lines: list[str]) -> int:
    return sum("NXentry" in line for line in lines)


def test_show_says_where_links_lead_and_which_lead_nowhere(tmp_path: Path) -> None:
    root = (
        conforming()
        .put("entry/lost", Link("/entry/nowhere"))
        .put("entry/outside", Link("/entry/data", "other.nxs", "external"))
    )
    text = run("show", hdf5.write(root, tmp_path / "links.nxs")).stdout
    assert re.search(r"lost +-> /entry/nowhere +\(leads nowhere\)", text)
    assert re.search(r"outside +-> other.nxs:/entry/data +\(external, not opened\)", text)


def test_show_at_a_path_shows_only_that(clean: Path) -> None:
    text = run("show", clean, "--at", "entry/sample").stdout
    assert "chemical_formula" in text
    assert "two_theta" not in text
    assert run("show", clean, "--at", "entry/nothing").exit_code == 1


def test_show_as_json_is_one_object_a_file(clean: Path, text_file: Path) -> None:
    result = run("show", clean, text_file, "--format", "json")
    assert result.exit_code == 3
    shown, failed = rows(result)
    sample = shown["tree"]["children"]["entry"]["children"]["sample"]
    assert sample["class"] == "NXsample"
    assert sample["children"]["pressure"]["units"] == "GPa"
    assert sample["children"]["pressure"]["value"][-1] == 44.1
    assert set(failed) == {"file", "error"}


def test_a_file_that_nests_deeper_than_a_page_is_wide_is_shown(tmp_path: Path) -> None:
    node = Group("NXcollection")
    for _ in range(1500):
        node = Group(None, {"g": node})
    path = hdf5.write(Group("NXroot", {"g": node}), tmp_path / "deep.nxs")
    for form in ("text", "json"):
        assert run("show", path, "--all", "--format", form).exit_code == 0


# -- validate ----------------------------------------------------------------------------------


def test_a_clean_file_conforms(clean: Path) -> None:
    result = run("validate", clean)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{clean}: conforms\n")


def test_a_violation_is_told_with_path_rule_way_out_and_count(wrong: Path) -> None:
    result = run("validate", wrong)
    assert result.exit_code == 1
    assert re.search(r"/entry/instrument/beam/incident_energy +\[missing-units\]", result.stdout)
    assert "for example keV" in result.stdout
    assert result.stdout.splitlines()[-1].strip().startswith("1 violation")


def test_validate_as_json_keeps_the_contract(clean: Path, wrong: Path, text_file: Path) -> None:
    result = run("validate", clean, wrong, text_file, "--format", "json")
    assert result.exit_code == 3
    good, bad, failed = rows(result)
    assert (good["conforms"], bad["conforms"]) == (True, False)
    (entry,) = bad["entries"]
    assert (entry["path"], entry["definition"], entry["conforms"]) == (
        "/entry",
        "NXdiffraction_spectra",
        False,
    )
    assert entry["definition_digest"] == definition().digest
    (finding,) = [each for each in bad["findings"] if each["severity"] == "violation"]
    assert set(finding) == {"path", "rule", "severity", "message", "definition", "nxdl", "line"}
    assert finding["path"] == "/entry/instrument/beam/incident_energy"
    assert failed == {"file": str(text_file), "error": failed["error"]}


def test_an_unknown_definition_is_a_usage_error_before_any_file_is_touched(text_file: Path) -> None:
    result = run("validate", text_file, "--definition", "NXdiffraction_spektra")
    assert result.exit_code == 2
    assert "did you mean NXdiffraction_spectra?" in result.stderr
    assert str(text_file) not in result.stderr


def test_validating_a_clean_file_loads_nothing_heavy(clean: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "nxspectra", "validate", str(clean)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "h5py" in loaded
    assert loaded.isdisjoint(HEAVY)
