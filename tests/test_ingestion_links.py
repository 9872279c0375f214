"""Files of links on ingest, files that are still being written, and what a file says of its raw file."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from experts import BY_HAND

from nxspectra import hdf5
from nxspectra.catalogue import Catalogue
from nxspectra.classifiers import train
from nxspectra.cli import program
from nxspectra.hdf5.linking import RAW_FILE
from nxspectra.hdf5.listing import files_of
from nxspectra.ingestion import Ingested, State, ingest, journey
from nxspectra.ingestion.journey import Stop, Task, take
from nxspectra.migration import migrate
from nxspectra.simulation import simulate
from nxspectra.spectra import Classification, Spectra, annotate, classifications, raw_file
from nxspectra.tree import Field, Group
from nxspectra.validation import validate

FRAMES, POINTS = 24, 300


@pytest.fixture
def beamtime(tmp_path: Path) -> Path:
    """A folder with a raw file in a folder of it."""
    (tmp_path / "beamtime" / "raw").mkdir(parents=True)
    hdf5.write(simulate(2, FRAMES, points=POINTS).tree(), tmp_path / "beamtime" / "raw" / "raw_0042.nxs")
    return tmp_path / "beamtime"


@pytest.fixture
def raw(beamtime: Path) -> Path:
    return beamtime / "raw" / "raw_0042.nxs"


def only(results: Iterator[Ingested]) -> Ingested:
    (result,) = results
    return result


def linked(raw: Path, folder: Path, **settings: Any) -> Ingested:
    """One file the whole way in this process, without a catalogue, to a file of links."""
    return take(Stop(raw), Task(folder, as_link=True, **settings)).ingested


def copied(raw: Path, folder: Path) -> Ingested:
    folder.mkdir(exist_ok=True)
    return take(Stop(raw), Task(folder)).ingested


# -- files of links --------------------------------------------------------------------------------


def test_a_file_of_links_is_written_filed_and_found(beamtime: Path, raw: Path, tmp_path: Path) -> None:
    result = only(ingest(raw, tmp_path / "catalogue", output=beamtime, as_link=True))
    assert (result.state, result.reason) == (State.DONE, None)
    assert result.output == str(beamtime / "raw_0042.nxs")
    assert Path(result.output).stat().st_size < raw.stat().st_size
    written = hdf5.read(result.output)
    assert written.attributes[RAW_FILE] == "raw/raw_0042.nxs"
    assert validate(written).conforms
    (hit,) = Catalogue(tmp_path / "catalogue").search(parameters={"pressure": "10..20GPa"})
    assert (hit.pid, hit.file) == (result.pid, result.output)


def test_the_pid_of_a_file_of_links_is_that_of_a_copy_and_survives_moving_and_labelling(
    beamtime: Path, raw: Path, tmp_path: Path
) -> None:
    copy, side = copied(raw, tmp_path / "out"), linked(raw, beamtime)
    assert side.pid == copy.pid
    assert side.pid is not None
    assert side.pid.endswith(hdf5.sha256(raw))
    moved = beamtime.rename(tmp_path / "archive")
    output = moved / "raw_0042.nxs"
    hdf5.write(annotate(hdf5.read(output), BY_HAND), output, in_place=True)
    again = copied(output, moved)
    assert (again.state, again.pid, again.output) == (State.UNCHANGED, side.pid, str(output))


def test_a_file_of_links_again_is_unchanged_and_takes_the_labels_of_a_model(
    beamtime: Path, raw: Path, tmp_path: Path
) -> None:
    known = migrate(simulate(1, FRAMES, points=POINTS).tree())
    train([known], ["low=2,6", "high=20,22"], bins=3).save(tmp_path / "model.npz")
    first = linked(raw, beamtime)
    again = linked(raw, beamtime)
    labelled = linked(raw, beamtime, model=str(tmp_path / "model.npz"))
    assert [each.state for each in (first, again, labelled)] == [State.DONE, State.UNCHANGED, State.DONE]
    assert len({(each.pid, each.output) for each in (first, again, labelled)}) == 1
    written = hdf5.read(beamtime / "raw_0042.nxs")
    assert written.attributes[RAW_FILE] == "raw/raw_0042.nxs"
    assert len(classifications(written)) == 1


def test_new_facts_make_the_links_anew(beamtime: Path, raw: Path, tmp_path: Path) -> None:
    linked(raw, beamtime)
    second = linked(raw, beamtime, facts={"temperature": "300K"})
    assert second.state is State.DONE
    written = hdf5.read(beamtime / "raw_0042.nxs")
    assert written["entry/sample/temperature"].number == 300
    assert written.attributes[RAW_FILE] == "raw/raw_0042.nxs"


def test_links_that_could_not_be_followed_are_refused(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    result = linked(raw, tmp_path / "out")
    assert (result.state, result.output) == (State.REFUSED, None)
    assert result.reason is not None
    assert "in the folder of its raw file" in result.reason
    assert list((tmp_path / "out").iterdir()) == []


def test_beside_its_raw_file_a_file_of_links_has_another_name(raw: Path, tmp_path: Path) -> None:
    before = raw.read_bytes()
    result = linked(raw, raw.parent)
    assert result.state is State.DONE
    assert result.output == str(raw.parent / f"raw_0042-{hdf5.sha256(raw)[:8]}.nxs")
    assert raw.read_bytes() == before
    again = [linked(file, raw.parent) for file in files_of([raw.parent])]
    assert [each.state for each in again] == [State.UNCHANGED, State.UNCHANGED]
    assert {each.output for each in again} == {result.output}
    assert len(list(raw.parent.iterdir())) == 2


def test_a_large_file_is_linked_where_it_can_be(
    beamtime: Path, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is large is made small here: 100 MB would have to be written for it."""
    monkeypatch.setattr(journey, "LARGE", 1000)
    monkeypatch.setattr(hdf5, "can_share", lambda *_: False, raising=False)
    large = copied(raw, beamtime)
    assert large.output is not None
    assert hdf5.read(large.output).attributes[RAW_FILE] == "raw/raw_0042.nxs"
    elsewhere = copied(raw, beamtime / "elsewhere")
    assert elsewhere.output is not None
    assert RAW_FILE not in hdf5.read(elsewhere.output).attributes


# -- files that somebody is writing ----------------------------------------------------------------


@contextmanager
def writer(raw: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another program that has the file open for writing, until its input ends."""
    script = (
        "import h5py, sys; file = h5py.File(sys.argv[1], 'r+'); print('ready', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, raw]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"ready\n"
        try:
            yield other
        finally:
            other.kill()


def test_a_file_that_is_open_for_writing_waits_and_the_others_are_done(
    raw: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = shutil.copy(raw, tmp_path / "other.nxs")
    with writer(raw):
        arguments = ["ingest", str(raw), str(other), "--catalogue", str(tmp_path / "catalogue")]
        code = program.main([*arguments, "--format", "json"], standalone_mode=False)
    told = capfd.readouterr()
    assert code == 3
    assert '"state": "waiting", "pid": null, "output": null' in told.out
    assert '"state": "done"' in told.out
    assert "holds it open for writing" in told.err
    assert len(list((tmp_path / "catalogue" / "files").iterdir())) == 1


def test_who_waits_takes_the_file_when_its_writer_is_done(raw: Path, tmp_path: Path) -> None:
    other = Path(shutil.copy(raw, tmp_path / "other.nxs"))
    with writer(raw) as process:
        results = ingest([raw, other], tmp_path / "catalogue", wait=60)
        assert next(results).file == str(other)
        process.kill()
        process.wait()
        (last,) = results
    assert (last.file, last.state) == (str(raw), State.DONE)


def test_who_waits_long_enough_gives_up(raw: Path, tmp_path: Path) -> None:
    with writer(raw):
        assert only(ingest(raw, tmp_path / "catalogue", wait=0.6)).state is State.WAITING


def test_a_file_that_is_being_copied_is_taken_when_it_is_whole(raw: Path, tmp_path: Path) -> None:
    whole, copy = raw.read_bytes(), tmp_path / "copy.nxs"
    copy.write_bytes(whole[:5000])

    def copying() -> None:
        with copy.open("ab", buffering=0) as file:
            for start in range(5000, len(whole), len(whole) // 8):
                time.sleep(0.1)
                file.write(whole[start : start + len(whole) // 8])

    thread = threading.Thread(target=copying)
    thread.start()
    assert only(ingest(copy, tmp_path / "catalogue", wait=60)).state is State.DONE
    thread.join()


def test_a_damaged_file_is_not_waited_for(raw: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.nxs"
    damaged.write_bytes(raw.read_bytes()[:5000])
    assert only(ingest(damaged, tmp_path / "catalogue", wait=60)).state is State.FAILED


# -- what a file says of its raw file --------------------------------------------------------------


def test_a_file_of_links_that_names_another_raw_file_is_refused(
    beamtime: Path, raw: Path, tmp_path: Path
) -> None:
    side = Path(linked(raw, beamtime).output or "")
    with h5py.File(side, "r+") as file:
        file["entry/migration/source_file/checksum"][()] = "0" * 64
    result = copied(side, tmp_path / "out")
    assert (result.state, result.output) == (State.REFUSED, None)
    assert result.reason is not None
    assert "to which the file is linked" in result.reason


def test_a_file_outside_of_the_folder_is_not_looked_at(beamtime: Path, raw: Path, tmp_path: Path) -> None:
    """The digest of a file that the writer of another one cannot read is none of his business."""
    secret = tmp_path / "secret"
    secret.write_text("salary")
    side = Path(linked(raw, beamtime).output or "")
    with h5py.File(side, "r+") as file:
        file.attrs[RAW_FILE] = "../secret"
    result = copied(side, tmp_path / "out")
    assert result.state is State.REFUSED
    assert result.reason is not None
    assert "outside of the folder" in result.reason
    assert hdf5.sha256(secret) not in result.reason


def test_labels_in_a_file_that_was_never_migrated_say_what_it_was(tmp_path: Path) -> None:
    known = migrate(simulate(2, FRAMES, points=POINTS).tree()).without("entry/migration")
    file = hdf5.write(Group(None, known.children, known.attributes), tmp_path / "conforming.nxs")
    before = hdf5.sha256(file)
    hdf5.write(annotate(hdf5.read(file), BY_HAND), file, in_place=True)
    labelled = hdf5.read(file)
    named = raw_file(labelled)
    assert named is not None
    assert (named.file_name, named.checksum) == ("conforming.nxs", before)
    assert validate(labelled).conforms
    again = annotate(
        labelled, Classification(("a", "b"), np.zeros(FRAMES, int), "expert", "x", "1", "2026-01-01")
    )
    assert set(again.additions.paths) == {"/entry/expert_2_classification"}
    assert "source_file" not in again["entry/expert_2_classification"].children


def test_labels_of_a_migrated_file_do_not_repeat_what_the_migration_says(raw: Path) -> None:
    run = annotate(migrate(hdf5.read(raw)), BY_HAND)
    assert "source_file" not in run["entry/expert_classification"].children
    assert Spectra.of(run).intensity.shape == (FRAMES, POINTS)
    assert isinstance(run["entry/migration/source_file/checksum"], Field)
