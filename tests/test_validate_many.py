"""validate on many files: in processes that may die, told in order, only what is new, in every form."""

from __future__ import annotations

import base64
import json
import os
import pty
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner, Result
from lxml import etree

from nxspectra import children, hdf5
from nxspectra.children import Died, answers
from nxspectra.cli import program
from nxspectra.limits import Limits
from nxspectra.shipped import shipped
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group, Link
from nxspectra.validation import validate

TOP = Path(__file__).parent.parent

DEADLY = zlib.decompress(
    base64.b85decode(
        "c-rll!AiqG5QcXWLt{~l;K6vx(bo_g%|X(l9&*!GgdU0qD}rwj-=vS?WB4X9o1F=}tBBA;MgQ+IncdB7GWnS$^ID9~c85nprH"
        "Ny;r4nV+Fj?mMGJngK*w$=Ufs9i(cgW-W9N%AeeVONab>kuXyhp~y3j9Zk{A8kS#lEQYEpXS}KRi9YSb8kh+?Q17=r`e=j|aw"
        "|tDosNNugip_p^TM$X)lmaO>&1`n@X0BVB<-cUkDgXMY~y8-0hITYkQF_zRKRRtIgC%j)KCF<ma@zO<q4&ZN(I?Bsu76$RSBd"
        "!3(-FUS(4^IR=uWh$zaS+TR3v7vYVPrdl7J!l62000000002kG^8T)?@r>IPA3sL|NCOYc3#h<^mSh&YOVHzzzoM6FC>+j2$}"
        "Z;^{>i@-!JPMzW@LLz@Iw*`=h(-<p-9puRj3pKT-1"
    )
)
"""A file with one byte changed, found by changing bytes: libhdf5 1.14 and 2.0 crash when they read it."""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(program, [str(argument) for argument in arguments], catch_exceptions=False)


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return hdf5.write(conforming(), tmp_path / "clean.nxs")


@pytest.fixture
def warned(tmp_path: Path) -> Path:
    root = conforming().put("entry/start_time", Field("2021-05-27T10:15:00"))
    return hdf5.write(root, tmp_path / "warned.nxs")


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    return hdf5.write(
        conforming().without("entry/instrument/beam/incident_energy@units"), tmp_path / "wrong.nxs"
    )


@pytest.fixture
def deadly(tmp_path: Path) -> Path:
    path = tmp_path / "deadly.nxs"
    path.write_bytes(DEADLY)
    return path


# -- children ----------------------------------------------------------------------------------


def test_every_item_is_worked_on_once_and_answered_with_its_index() -> None:
    items = list(range(50))
    found = dict(answers(items, lambda item: item * item, workers=3))
    assert found == {item: item * item for item in items}


def test_an_item_that_kills_its_child_is_an_answer_and_the_others_go_on() -> None:
    def work(item: int) -> int:
        if item % 4 == 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        return item

    found = dict(answers(range(9), work, workers=2))
    assert found.keys() == set(range(9))
    for item, answer in found.items():
        assert isinstance(answer, Died) == (item % 4 == 1)
    assert "SIGSEGV" in found[1].reason  # type: ignore[union-attr]


def test_several_items_are_begun_before_the_work_of_the_first() -> None:
    begun: list[int] = []

    def work(item: int) -> list[int]:
        return list(begun)

    found = [answer for _, answer in answers(range(40), work, begin=begun.append)]
    assert max(len(seen) - item for item, seen in enumerate(found) if isinstance(seen, list)) > 2


def test_of_items_begun_together_only_the_one_that_kills_its_child_has_died() -> None:
    def begin(item: int) -> None:
        if item % 20 == 13:
            os.kill(os.getpid(), signal.SIGSEGV)

    def work(item: int) -> int:
        begin(item)
        return item

    found = list(answers(range(60), work, begin=begin))
    assert [index for index, _ in found] == list(range(60))
    assert [index for index, answer in found if isinstance(answer, Died)] == [13, 33, 53]


def test_a_slow_item_keeps_nobody_else_waiting() -> None:
    done = [index for index, _ in answers([0.6, 0.0, 0.0, 0.0], time.sleep, workers=2)]
    assert done[-1] == 0
    assert sorted(done) == [0, 1, 2, 3]


def test_when_every_item_kills_its_child_every_item_is_answered() -> None:
    found = dict(answers(range(7), lambda _: os.kill(os.getpid(), signal.SIGKILL), workers=3))
    assert len(found) == 7
    assert all(isinstance(answer, Died) for answer in found.values())


def test_a_child_that_computes_without_end_is_stopped() -> None:
    def work(item: int) -> int:
        while item:
            pass
        return item

    found = dict(answers([0, 1], work, limits=Limits(cpu=0)))
    assert found[0] == 0
    assert "processor time" in found[1].reason  # type: ignore[union-attr]


def test_a_child_gets_no_more_memory_than_it_may_have() -> None:
    def work(size: int) -> str:
        try:
            return str(np.ones(size, np.uint8).size)
        except MemoryError:
            return "no memory"

    found = dict(answers([1000, 1 << 30], work, limits=Limits(memory=1 << 28)))
    assert found == {0: "1000", 1: "no memory"}
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] != 1 << 28  # the parent keeps its own


def test_answers_larger_than_a_pipe_come_whole() -> None:
    found = dict(answers([1, 2], lambda item: bytes(3_000_000 * item), workers=2))
    assert {index: len(answer) for index, answer in found.items()} == {0: 3_000_000, 1: 6_000_000}  # type: ignore[arg-type]


def test_children_end_when_nobody_listens_any_more() -> None:
    seen: list[int] = []
    done = answers(range(100), lambda _: os.getpid(), workers=2)
    seen.append(next(done)[1])  # type: ignore[arg-type]
    done.close()
    with pytest.raises(ProcessLookupError):
        os.kill(seen[0], 0)


@pytest.mark.parametrize("code", [0, 7, -signal.SIGSEGV, -signal.SIGXCPU, -signal.SIGTERM])
def test_how_a_process_ended_is_said(code: int) -> None:
    told = children.death(code)
    assert (signal.Signals(-code).name if code < 0 else f"exit code {code}") in told


# -- files that kill, and files that cannot be read ---------------------------------------------


def test_a_file_that_crashes_libhdf5_is_reported_and_the_others_go_on(
    clean: Path, deadly: Path, wrong: Path
) -> None:
    result = run("validate", clean, deadly, wrong, "--format", "json")
    assert result.exit_code == 3
    first, second, third = rows(result)
    assert first["conforms"] is True
    assert second == {"file": str(deadly), "error": second["error"]}
    assert third["findings"][0]["rule"] == "missing-units"
    assert str(deadly) in result.stderr


def test_a_file_that_crashes_libhdf5_is_reported_when_it_is_alone(deadly: Path) -> None:
    result = run("validate", deadly)
    assert result.exit_code == 3
    assert str(deadly) in result.stderr
    assert result.stdout == ""


# -- order and workers --------------------------------------------------------------------------


def test_the_order_of_files_and_the_number_of_workers_never_change_an_answer(
    clean: Path, wrong: Path, warned: Path, tmp_path: Path
) -> None:
    text = tmp_path / "notes.nxs"
    text.write_text("these are notes\n")
    files = [clean, wrong, warned, text] * 3
    by_file: dict[str, set[str]] = {}
    for workers, order in ((1, files), (2, files[::-1]), (3, sorted(files))):
        result = run("validate", *order, "--format", "json", "--workers", workers)
        told = result.stdout.splitlines()
        assert [json.loads(line)["file"] for line in told] == list(dict.fromkeys(map(str, order)))
        for line in told:
            by_file.setdefault(json.loads(line)["file"], set()).add(line)
    assert len(by_file) == 4
    assert all(len(lines) == 1 for lines in by_file.values())


def test_results_come_while_others_are_still_being_looked_at(clean: Path, tmp_path: Path) -> None:
    many = [shutil.copy(clean, tmp_path / f"run_{number:03}.nxs") for number in range(60)]
    command = [sys.executable, "-m", "nxspectra", "validate", "--format", "json", "--workers", "1", *many]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        still_working = process.poll() is None
        rest = process.stdout.read().splitlines()
    assert json.loads(first)["file"] == str(many[0])
    assert still_working
    assert len(rest) == 59


# -- which files --------------------------------------------------------------------------------


@pytest.fixture
def folder(clean: Path, wrong: Path, tmp_path: Path) -> Path:
    """A folder with files in folders, some of which are none of our business."""
    top = tmp_path / "beamtime"
    (top / "raw" / "day 1").mkdir(parents=True)
    (top / ".cache").mkdir()
    shutil.copy(clean, top / "raw" / "day 1" / "b.nxs")
    shutil.copy(clean, top / "raw" / "a.h5")
    shutil.copy(wrong, top / "raw" / "no_ending")
    shutil.copy(clean, top / ".cache" / "hidden.nxs")
    shutil.copy(clean, top / "raw" / ".half_written.nxs")
    (top / "raw" / "readme.txt").write_text("notes")
    return top


def test_of_a_folder_the_hdf5_files_below_are_checked(folder: Path) -> None:
    result = run("validate", folder, "--format", "json")
    assert [row["file"] for row in rows(result)] == [
        str(folder / "raw" / "a.h5"),
        str(folder / "raw" / "no_ending"),
        str(folder / "raw" / "day 1" / "b.nxs"),
    ]


def test_a_pattern_in_quotes_is_what_it_matches(folder: Path) -> None:
    result = run("validate", folder / "raw" / "*.h5", folder / "**" / "*.nxs", "--format", "json")
    assert [Path(row["file"]).name for row in rows(result)] == ["a.h5", "b.nxs"]


def test_a_file_that_is_named_twice_is_checked_once(clean: Path) -> None:
    assert len(rows(run("validate", clean, clean, clean.parent, "--format", "json"))) == 1


def test_a_file_with_the_marks_of_a_pattern_in_its_name_is_that_file(clean: Path, tmp_path: Path) -> None:
    odd = shutil.copy(clean, tmp_path / "run[1].nxs")
    assert [row["file"] for row in rows(run("validate", odd, "--format", "json"))] == [str(odd)]


@pytest.mark.parametrize("name", ["empty", "*.nothing"])
def test_a_folder_or_pattern_without_a_file_is_a_usage_error(clean: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    result = run("validate", clean, tmp_path / name)
    assert result.exit_code == 2
    assert name in result.stderr
    assert result.stdout == ""


# -- what counts --------------------------------------------------------------------------------


def test_a_warning_fails_only_when_asked(warned: Path) -> None:
    assert run("validate", warned).exit_code == 0
    assert run("validate", warned, "--fail-on", "warning").exit_code == 1


def test_a_note_never_fails(clean: Path, tmp_path: Path) -> None:
    root = conforming().put("entry/instrument/beam/incident_energy@units", "KeV")
    noted = hdf5.write(root, tmp_path / "noted.nxs")
    assert "1 note" in run("validate", noted).stdout
    assert run("validate", noted, "--fail-on", "warning").exit_code == 0


def test_only_what_is_new_since_an_earlier_report_is_told_and_counts(
    wrong: Path, warned: Path, tmp_path: Path
) -> None:
    earlier = tmp_path / "earlier.jsonl"
    earlier.write_text(run("validate", wrong, warned, "--format", "json").stdout)
    result = run("validate", wrong, warned, "--known", earlier, "--fail-on", "warning", "--format", "json")
    assert result.exit_code == 0
    assert [row["findings"] for row in rows(result)] == [[], []]
    assert rows(result)[0]["conforms"] is False
    assert "2 findings were known" in result.stderr

    worse = hdf5.read(wrong).without("entry/sample/name")
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    hdf5.write(worse, moved / wrong.name)
    result = run("validate", moved / wrong.name, "--known", earlier)
    assert result.exit_code == 1
    assert "missing-field" in result.stdout
    assert "missing-units" not in result.stdout
    assert "1 finding was known" in result.stderr


def test_a_known_file_that_is_no_report_is_told_before_any_file_is_touched(
    deadly: Path, tmp_path: Path
) -> None:
    earlier = tmp_path / "earlier.jsonl"
    earlier.write_text("violations: 2\n")
    result = run("validate", deadly, "--known", earlier)
    assert result.exit_code == 2
    assert f"{earlier}:1: is not JSON" in result.stderr
    assert "deadly" not in result.stderr
    assert run("validate", deadly, "--known", tmp_path / "absent").exit_code == 2


# -- which definitions ----------------------------------------------------------------------------


def test_definitions_come_from_a_folder_a_file_or_a_package(clean: Path, tmp_path: Path) -> None:
    text = shipped("NXdiffraction_spectra.nxdl.xml").read_text()
    (tmp_path / "ours").mkdir()
    ours = tmp_path / "ours" / "NXours.nxdl.xml"
    ours.write_text(text.replace("NXdiffraction_spectra", "NXours"))
    for given in (ours, ours.parent):
        result = run("validate", clean, "--definitions", given, "--definition", "NXours", "--format", "json")
        assert rows(result)[0]["entries"][0]["definition"] == "NXours"
    assert run("validate", clean, "--definitions", "nexusformat").exit_code == 0


@pytest.mark.parametrize("given", ["absent", "absent.nxdl.xml", "click"])
def test_definitions_that_are_not_there_are_told_before_any_file_is_touched(deadly: Path, given: str) -> None:
    for verb in ("validate", "repair"):
        more = ["-o", deadly.with_name("out.nxs")] if verb == "repair" else []
        result = run(verb, deadly, *more, "--definitions", given)
        assert result.exit_code == 2
        assert given in result.stderr
        assert "deadly" not in result.stderr


# -- forms --------------------------------------------------------------------------------------


def test_every_form_is_written_on_the_shell(clean: Path, wrong: Path, deadly: Path) -> None:
    schema = jsonschema.Draft202012Validator(json.loads(shipped("report.schema.json").read_text()))
    told = run("validate", clean, wrong, deadly, "--format", "json")
    for row in rows(told):
        schema.validate(row)
    sarif = run("validate", clean, wrong, deadly, "--format", "sarif")
    (log,) = json.loads(sarif.stdout)["runs"]
    assert [result["ruleId"] for result in log["results"]] == ["missing-units"]
    junit = run("validate", clean, wrong, deadly, "--format", "junit")
    suites = etree.fromstring(junit.stdout.encode())
    assert [suite.get("name") for suite in suites] == [str(clean), str(wrong), str(deadly)]
    assert {told.exit_code, sarif.exit_code, junit.exit_code} == {3}


def test_progress_is_told_only_to_a_person_who_waits(clean: Path, tmp_path: Path) -> None:
    slow = tmp_path / "many"
    slow.mkdir()
    for number in range(22):
        shutil.copy(clean, slow / f"run_{number:02}.nxs")
    patient = (
        "import time, sys\nfrom nxspectra.cli import validating, main\n"
        "check = validating.check\n"
        "def slowly(*given, **named):\n    time.sleep(0.06)\n    return check(*given, **named)\n"
        "validating.check = slowly\nmain()\n"
    )
    command = [sys.executable, "-c", patient, "validate", "--workers", "1", str(slow)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stderr == ""
    watcher, terminal = pty.openpty()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal) as process:
        os.close(terminal)
        seen = b""
        try:
            while piece := os.read(watcher, 4096):
                seen += piece
        except OSError:  # how Linux says that nobody holds the other end any more
            pass
    os.close(watcher)
    assert process.returncode == 0
    assert b" of 22 files" in seen
    assert seen.endswith(b"\x1b[K")


def test_interrupted_it_leaves_no_child_behind(clean: Path, tmp_path: Path) -> None:
    many = [str(shutil.copy(clean, tmp_path / f"run_{number:03}.nxs")) for number in range(300)]
    command = [sys.executable, "-m", "nxspectra", "validate", "--workers", "2", "--format", "json", *many]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # a shell's background job, and so its children, ignores the interrupt unless told otherwise
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in told
    for _ in range(50):
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.1)
    else:
        pytest.fail("a child is still there")


# -- links into what is not read -----------------------------------------------------------------


def linked() -> Group:
    """Intensities that are soft links into an NXcollection, as raw files have them."""
    root = conforming()
    intensity = root["entry/data/intensity"]
    return root.put("entry/raw", Group("NXcollection", {"counts": intensity})).put(
        "entry/data/intensity", Link("/entry/raw/counts")
    )


def test_what_a_link_leads_to_in_a_collection_is_checked_too(tmp_path: Path) -> None:
    good = hdf5.write(linked(), tmp_path / "good.nxs")
    short = linked().put("entry/raw/counts", Field(np.ones((5, 48)), units="counts"))
    bad = hdf5.write(short, tmp_path / "bad.nxs")
    first, second = rows(run("validate", good, bad, "--format", "json"))
    assert first["findings"] == []
    assert {finding["rule"] for finding in second["findings"]} >= {"symbol-mismatch"}


# -- before writing ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda root: root,
        lambda root: root.without("entry/sample/name"),
        lambda root: root.put("entry/sample/pressure@units", "keV"),
        lambda root: root.put("entry/data@axes", np.array(["two_theta"])),
        lambda root: root.put("entry/start_time", Field("yesterday")),
    ],
)
def test_a_tree_is_judged_before_it_is_written_as_its_file_is_afterwards(
    change: Callable[[Group], Group], tmp_path: Path
) -> None:
    tree = change(conforming())
    before = validate(tree)
    after = validate(hdf5.read(hdf5.write(tree, tmp_path / "run.nxs")))
    assert before.findings == after.findings
    assert before.entries == after.entries


# -- the hook -----------------------------------------------------------------------------------


def test_the_hook_of_pre_commit_runs_and_stops_a_commit(clean: Path, wrong: Path) -> None:
    """What pre-commit does with the definition: files of the pattern are given to the entry."""
    text = (TOP / ".pre-commit-hooks.yaml").read_text()
    keys = dict(re.findall(r"^(?:- |  )(\w+): (.*)$", text, re.MULTILINE))
    assert keys["id"] == "nxspectra-validate"
    assert keys["language"] == "python"
    assert re.search(keys["files"], clean.name)
    assert not re.search(keys["files"], "readme.md")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    codes = [
        subprocess.run(
            [*keys["entry"].split(), file], env={**os.environ, "PATH": path}, capture_output=True, check=False
        ).returncode
        for file in (clean, wrong)
    ]
    assert codes == [0, 1]
