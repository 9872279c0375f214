"""Files that other readers trip over, each with the one thing that `nxspectra validate` says of it."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Set
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from damage import endless
from h5py import h5a, h5d, h5g, h5s, h5t

from nxspectra import hdf5
from nxspectra.children import Died, answers
from nxspectra.cli import program
from nxspectra.cli.validating import check
from nxspectra.hdf5 import reading
from nxspectra.limits import Limits
from nxspectra.testing import conforming

TEXT = h5py.string_dtype()
SCALAR = h5s.create(h5s.SCALAR)


@dataclass(frozen=True)
class Odd:
    """A file that conforms but for one odd thing, and all that is said about that."""

    what: str
    fill: Callable[[h5py.File], object]
    found: Set[tuple[str, str]] = frozenset()
    """Path and rule of every violation and warning."""
    conforms: bool = True


def nested(file: h5py.File, depth: int, nx_class: str | None) -> None:
    group = file["entry"].id
    for _ in range(depth):
        group = h5g.create(group, b"x")
        if nx_class is not None:
            h5py.Group(group).attrs["NX_class"] = nx_class


def texts(*items: str) -> Any:
    return np.array(items, dtype=TEXT)


def linked(file: h5py.File, links: dict[str, Any]) -> None:
    for name, link in links.items():
        file[f"entry/{name}"] = link


def attributes(group: h5py.Group, count: int) -> None:
    for number in range(count):
        h5a.create(group.id, b"a%d" % number, h5t.NATIVE_INT8, SCALAR)


def put(path: str, value: Any, **options: Any) -> Callable[[h5py.File], None]:
    """In place of what is at `path`, keeping its attributes."""

    def fill(file: h5py.File) -> None:
        kept = dict(file[path].attrs) if path in file else {}
        if path in file:
            del file[path]
        file.create_dataset(path, data=value, **options).attrs.update(kept)

    return fill


def attribute(path: str, name: str, value: Any) -> Callable[[h5py.File], None]:
    def fill(file: h5py.File) -> None:
        file[path].attrs[name] = value

    return fill


def deep_type(file: h5py.File) -> None:
    kind = h5t.NATIVE_INT32
    for _ in range(300):
        kind = h5t.vlen_create(kind)
    h5d.create(file["entry"].id, b"deep", kind, SCALAR)


def many_items(file: h5py.File, count: int, nx_class: str) -> None:
    group = file.create_group("entry/many")
    group.attrs["NX_class"] = nx_class
    if nx_class == "NXdata":
        group.attrs["signal"] = "k0"
    for number in range(count):
        h5d.create(group.id, b"k%d" % number, h5t.NATIVE_FLOAT, SCALAR)


ODDS = (
    Odd("nothing odd", lambda file: None),
    # -- deep, round, many ---------------------------------------------------------------------
    Odd("1,500 nested groups", lambda file: nested(file, 1_500, "NXdata")),
    Odd("1,500 nested groups without a class", lambda file: nested(file, 1_500, None)),
    Odd(
        "6,000 nested groups",
        lambda file: nested(file, 6_000, "NXdata"),
        {("/entry" + "/x" * 4999, "too-deep")},
    ),
    Odd("a group in itself", lambda file: linked(file, {"again": file["entry"]})),
    Odd(
        "a group in a group below it",
        lambda file: linked(file, {"sample/up": file["entry"]}),
    ),
    Odd(
        "two groups in each other",
        lambda file: [
            file.create_group("entry/a").attrs.update(NX_class="NXobject"),
            linked(file, {"a/b": file.create_group("entry/b")}),
            linked(file, {"b/a": file["entry/a"]}),
        ],
    ),
    Odd(
        "soft links in a circle",
        lambda file: linked(file, {"a": h5py.SoftLink("b"), "b": h5py.SoftLink("/entry/a")}),
        {("/entry/a", "link-loop"), ("/entry/b", "link-loop")},
    ),
    Odd(
        "a soft link to itself",
        lambda file: linked(file, {"a": h5py.SoftLink("a")}),
        {("/entry/a", "link-loop")},
    ),
    Odd(
        "a soft link to a group above",
        lambda file: linked(file, {"sample/up": h5py.SoftLink("/entry")}),
    ),
    Odd("20,000 attributes on a group", lambda file: attributes(file["entry/sample"], 20_000)),
    Odd("20,000 items in a collection", lambda file: many_items(file, 20_000, "NXcollection")),
    Odd("5,000 items in an NXdata", lambda file: many_items(file, 5_000, "NXdata")),
    # -- names and text ------------------------------------------------------------------------
    Odd(
        "a name that is not UTF-8",
        lambda file: h5d.create(file["entry"].id, b"\xff\xfe", h5t.NATIVE_INT8, SCALAR),
        {("/entry/\udcff\udcfe", "invalid-name")},
    ),
    Odd(
        "an attribute whose name is not UTF-8",
        lambda file: h5a.create(file["entry"].id, b"\xff", h5t.NATIVE_INT8, SCALAR),
        {("/entry@\udcff", "invalid-name")},
    ),
    Odd("a title in latin-1", put("entry/title", np.bytes_("Röntgen".encode("latin-1")))),
    Odd("units in latin-1", attribute("entry/data/two_theta", "units", np.bytes_("°".encode("latin-1")))),
    Odd("a text of zero length", put("entry/title", np.bytes_(b""))),
    # -- arrays where one value is meant -------------------------------------------------------
    Odd(
        "NX_class in an array of one",
        attribute("entry/sample", "NX_class", texts("NXsample")),
    ),
    Odd(
        "definition in an array of one",
        put("entry/definition", texts("NXdiffraction_spectra")),
    ),
    # -- types ---------------------------------------------------------------------------------
    Odd("a compound", put("entry/record", np.zeros(3, dtype=[("a", "i4"), ("b", "f8", (2,))]))),
    Odd(
        "a reference",
        lambda file: put("entry/pointer", np.array([file["entry"].ref], dtype=h5py.ref_dtype))(file),
    ),
    Odd(
        "a reference in an attribute",
        lambda file: attribute("entry/sample", "pointer", file["entry"].ref)(file),
    ),
    Odd(
        "a reference to a region",
        lambda file: put(
            "entry/region", np.array([file["entry/data/intensity"].regionref[0]], dtype=h5py.regionref_dtype)
        )(file),
    ),
    Odd(
        "lists of different lengths",
        lambda file: file["entry"].create_dataset("ragged", 2, h5py.vlen_dtype("i4")),
    ),
    Odd("a null value", lambda file: linked(file, {"nothing": h5py.Empty("f8")})),
    Odd("a null attribute", attribute("entry/sample", "nothing", h5py.Empty("f8"))),
    Odd("a named type", lambda file: linked(file, {"type": np.dtype("f4")})),
    Odd("an enumeration", put("entry/kind", np.array([0, 1], dtype=h5py.enum_dtype({"LOW": 0, "HIGH": 1})))),
    Odd("opaque bytes", put("entry/opaque", np.zeros(2, dtype="V7"))),
    Odd("a type of 300 levels", deep_type),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return hdf5.write(conforming(3, 600), tmp_path / "run.nxs")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What one run of the command says about all of them, by what is odd."""
    folder = tmp_path_factory.mktemp("odd")
    named = {}
    for number, case in enumerate(ODDS):
        path = hdf5.write(conforming(3, 20), folder / f"odd{number}.nxs")
        with h5py.File(path, "r+") as file:
            case.fill(file)
        named[str(path)] = case.what
    run = nxspectra("validate", "--format", "json", *named)
    assert run.stderr == ""
    assert run.returncode == max(not case.conforms for case in ODDS)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    return {named[answer["file"]]: answer for answer in answers}


def nxspectra(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nxspectra", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("case", ODDS, ids=lambda case: case.what)
def test_of_an_odd_file_the_right_thing_is_said(told: dict[str, dict[str, Any]], case: Odd) -> None:
    answer = told[case.what]
    found = {(each["path"], each["rule"]) for each in answer["findings"] if each["severity"] != "info"}
    assert found == case.found
    assert answer["conforms"] is case.conforms


@pytest.mark.parametrize(
    ("limit", "value", "rule"),
    [
        ("DEPTH", 2, "too-deep"),
        ("ITEMS", 20, "too-many-items"),
        ("ATTRIBUTES", 3, "too-many-attributes"),
        ("SECONDS", -1, "took-too-long"),
    ],
)
def test_what_is_beyond_a_limit_is_not_read_and_that_is_said(
    path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, rule: str
) -> None:
    monkeypatch.setattr(reading, limit, value)
    run = CliRunner().invoke(program, ["validate", "--format", "json", str(path)])
    assert run.exit_code == 1
    assert rule in {finding["rule"] for finding in json.loads(run.stdout)["findings"]}


# -- what cannot be read at all --------------------------------------------------------------------


def wrong(path: Path, *said: str) -> None:
    """The command says on one line what is wrong with a file, and goes on to the next."""
    good = hdf5.write(conforming(3, 20), path.with_name("good.nxs"), overwrite=True)
    run = CliRunner().invoke(program, ["validate", str(path), str(good)])
    assert run.exit_code == 3
    (line,) = run.stderr.splitlines()
    assert line.startswith(f"nxspectra: {path}: ")
    for word in said:
        assert word in line
    assert run.stdout.startswith(f"{good}: conforms")


@pytest.mark.parametrize(
    ("left", "said"),
    [(0, "empty"), (7, "not HDF5"), (60, "truncated"), (4_000, "truncated"), (-1, "truncated")],
)
def test_a_truncated_file_is_said_to_be_so(path: Path, left: int, said: str) -> None:
    path.write_bytes(path.read_bytes()[:left])
    wrong(path, said)


def test_the_command_itself_says_it_too(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])
    run = nxspectra("validate", path)
    assert (run.returncode, run.stdout) == (3, "")
    assert "truncated" in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_a_truncated_file_that_hides_it_is_damaged(path: Path) -> None:
    content = path.read_bytes()
    cut = bytearray(content[: len(content) // 3])
    place = content.index(struct.pack("<Q", len(content)), 0, 96)
    cut[place : place + 8] = struct.pack("<Q", len(cut))
    path.write_bytes(cut)
    run = nxspectra("validate", path)
    assert run.returncode in {1, 3}
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"frame,pressure", "text"), (b"<?xml version='1.0'?>", "XML"), (b"\x00" * 900, "not HDF5")],
)
def test_what_is_no_hdf5_file_is_said_to_be_none(path: Path, content: bytes, said: str) -> None:
    path.write_bytes(content)
    wrong(path, said)


def test_a_file_that_is_not_there_is_said_not_to_be(path: Path) -> None:
    path.unlink()
    wrong(path, "no such file")


def test_four_hundred_bytes_lost_in_the_middle_spoil_what_they_were(path: Path) -> None:
    with h5py.File(path) as file:
        where = h5py.h5o.get_info(file["entry/sample"].id).addr
    content = bytearray(path.read_bytes())
    content[where : where + 400] = bytes(400)
    path.write_bytes(content)
    run = nxspectra("validate", "--format", "json", path)
    assert (run.returncode, run.stderr) == (1, "")
    found = {(each["path"], each["rule"]) for each in json.loads(run.stdout)["findings"]}
    assert ("/entry/sample", "unreadable") in found


# -- what somebody else is at ----------------------------------------------------------------------

WRITER = """
import sys, time, h5py
file = h5py.File(sys.argv[1], "r+", libver=sys.argv[2])
if sys.argv[3] != "locked":
    file["new"] = range(5_000)
if sys.argv[3] == "flushed":
    file.flush()
if sys.argv[3] == "swmr":
    file.swmr_mode = True
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("version", "state", "said"),
    [
        ("earliest", "locked", "writ"),
        ("earliest", "writing", "writ"),
        ("earliest", "flushed", "writ"),
        ("latest", "writing", "writ"),
        ("latest", "swmr", "SWMR"),
    ],
)
def test_a_file_that_somebody_writes_to_is_said_to_be_so(
    path: Path, version: str, state: str, said: str
) -> None:
    with h5py.File(path, "w", libver=version) as file:
        file["x"] = 1.0
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, path, version, state], stdout=subprocess.PIPE
    ) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            wrong(path, said, "wait")
        finally:
            writer.kill()


# -- what libhdf5 itself does not come back from ---------------------------------------------------


def test_a_file_that_libhdf5_never_comes_back_from_is_unreadable_and_the_next_is_read(path: Path) -> None:
    good = hdf5.write(conforming(3, 20), path.with_name("good.nxs"))
    endless(path)
    work = partial(check, definition=None, definitions=None, wants_plan=False)
    told = dict(answers([path, good], work, limits=Limits(cpu=1)))
    assert isinstance(told[0], Died)
    assert "processor time" in told[0].reason
    assert not isinstance(told[1], Died)
    assert told[1].outcome.as_json()["conforms"]


def test_a_child_that_crashes_is_told_and_the_next_file_is_read(path: Path) -> None:
    def work(file: Path) -> object:
        if file == path:
            os.kill(os.getpid(), signal.SIGSEGV)
        return check(file, definition=None, definitions=None, wants_plan=False)

    good = hdf5.write(conforming(3, 20), path.with_name("good.nxs"))
    told = dict(answers([path, good], work))
    assert isinstance(told[0], Died)
    assert "crashed" in told[0].reason
    assert not isinstance(told[1], Died)
