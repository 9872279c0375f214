"""One file the whole way, and many: what is written, filed and found, and what is refused and why."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from experts import BY_HAND

from nxspectra import hdf5
from nxspectra.catalogue import Catalogue
from nxspectra.classifiers import Model, train
from nxspectra.errors import CrosswalkError, ModelError, UsageError
from nxspectra.hdf5.listing import files_of
from nxspectra.ingestion import Ingested, Limits, State, children, ingest
from nxspectra.ingestion.journey import Stop, Task, take
from nxspectra.migration import migrate
from nxspectra.simulation import simulate
from nxspectra.spectra import annotate, classifications
from nxspectra.tree import Field, Group, Link
from nxspectra.validation import validate

FRAMES, POINTS = 24, 300


def ramp(seed: int, points: int = POINTS) -> Group:
    return simulate(seed, FRAMES, points=points).tree()


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two models that know such ramps."""
    folder = tmp_path_factory.mktemp("models")
    known = migrate(ramp(1))
    for seed in (0, 1):
        train([known], ["low=2,6", "high=20,22"], seed=seed, bins=3).save(folder / f"model_{seed}.npz")
    return [folder / "model_0.npz", folder / "model_1.npz"]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return hdf5.write(ramp(2), tmp_path / "raw_0042.nxs")


@pytest.fixture
def incomplete(tmp_path: Path) -> Path:
    """Nothing in it tells the energy of the beam."""
    root = ramp(3).without("entry/collection_extra/mono").without("entry/collection_extra/beamline")
    return hdf5.write(root.without("entry/integration"), tmp_path / "incomplete.nxs")


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    return tmp_path / "catalogue"


def only(results: Iterator[Ingested]) -> Ingested:
    (result,) = results
    return result


@dataclass(frozen=True)
class Folder:
    """Where one file after another is taken the whole way, in this process, without a catalogue."""

    path: Path

    def take(self, raw: Path, model: Path | None = None, **facts: str) -> Ingested:
        return take(Stop(raw), Task(self.path, None if model is None else str(model), facts=facts)).ingested


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "out").mkdir()
    return Folder(tmp_path / "out")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_raw_file_goes_the_whole_way(raw: Path, catalogue: Path, models: list[Path]) -> None:
    before = digest(raw)
    result = only(ingest(raw, catalogue, model=models[0]))
    assert (result.state, result.reason) == (State.DONE, None)
    assert digest(raw) == before
    assert result.output == str(catalogue / "files" / "raw_0042.nxs")
    written = hdf5.read(result.output)
    assert validate(written).conforms
    assert sum(result.labels.values()) == FRAMES
    (found,) = classifications(written).values()
    assert found.model is not None
    assert found.model.digest == Model.load(models[0]).digest
    assert found.explanation is not None, "what decided is written beside labels that bins have voted for"
    assert len(found.explanation.weight) == len(found.class_index)
    (hit,) = Catalogue(catalogue).search(parameters={"pressure": "10..20GPa"}, label="high")
    assert (hit.pid, hit.file) == (result.pid, result.output)


def test_the_pid_is_made_from_the_raw_file(raw: Path, folder: Folder) -> None:
    result = folder.take(raw)
    assert result.pid is not None
    assert result.pid.endswith(digest(raw))


def test_a_file_that_conforms_already_keeps_the_pid_of_its_raw_bytes(
    folder: Folder, models: list[Path], tmp_path: Path
) -> None:
    known = migrate(ramp(2)).without("entry/migration")
    raw = hdf5.write(Group(None, known.children, known.attributes), tmp_path / "conforming.nxs")
    plain, labelled, again = folder.take(raw), folder.take(raw, models[0]), folder.take(raw, models[0])
    assert [each.state for each in (plain, labelled, again)] == [State.DONE, State.DONE, State.UNCHANGED]
    assert plain.pid == labelled.pid == again.pid
    assert again.pid is not None
    assert again.pid.endswith(digest(raw))


def test_the_same_file_again_is_unchanged(raw: Path, catalogue: Path, models: list[Path]) -> None:
    first = only(ingest(raw, catalogue, model=models[0]))
    assert first.output is not None
    before = digest(Path(first.output))
    again = only(ingest(raw, catalogue, model=models[0]))
    assert (again.state, again.pid, again.output) == (State.UNCHANGED, first.pid, first.output)
    assert digest(Path(first.output)) == before
    assert len(Catalogue(catalogue)) == 1


def test_another_model_adds_its_labels_to_those_that_are_there(
    raw: Path, folder: Folder, models: list[Path]
) -> None:
    first = folder.take(raw, models[0])
    assert first.output is not None
    hdf5.write(annotate(hdf5.read(first.output), BY_HAND), first.output, in_place=True)
    second = folder.take(raw, models[1])
    assert (second.state, second.pid) == (State.DONE, first.pid)
    found = classifications(hdf5.read(first.output)).values()
    assert sorted(each.origin for each in found) == ["expert", "model", "model"]
    assert len({each.model.digest for each in found if each.model}) == 2


def test_new_facts_are_written_and_the_labels_stay(raw: Path, folder: Folder, models: list[Path]) -> None:
    first = folder.take(raw, models[0])
    second = folder.take(raw, temperature="300K")
    assert (second.state, second.pid, second.output) == (State.DONE, first.pid, first.output)
    assert second.output is not None
    written = hdf5.read(second.output)
    assert written["entry/sample/temperature"].number == 300
    assert len(classifications(written)) == 1


def test_an_output_that_is_damaged_is_written_again(raw: Path, folder: Folder) -> None:
    first = folder.take(raw)
    assert first.output is not None
    Path(first.output).write_bytes(b"damaged")
    again = folder.take(raw)
    assert (again.state, again.output) == (State.DONE, first.output)
    assert validate(hdf5.read(first.output)).conforms


def test_a_file_that_lacks_something_is_filed_and_not_written(incomplete: Path, catalogue: Path) -> None:
    result = only(ingest(incomplete, catalogue))
    assert (result.state, result.output) == (State.NONCONFORMING, None)
    assert result.reason is not None
    assert "--set beam_energy=25.6keV" in result.reason
    assert list((catalogue / "files").iterdir()) == []
    (hit,) = Catalogue(catalogue).search(parameters={"pressure": "10..20GPa"})
    assert (hit.pid, hit.conforms, hit.file) == (result.pid, False, str(incomplete))


def test_the_description_of_a_file_that_does_not_conform_is_checked_too(
    incomplete: Path, folder: Folder
) -> None:
    found = folder.take(incomplete).findings
    assert "missing-license" in {each.rule for each in found if each.definition == "SHACL"}


def test_the_description_of_an_unchanged_file_is_checked_again(raw: Path, folder: Folder) -> None:
    first, again = folder.take(raw), folder.take(raw)
    assert again.state is State.UNCHANGED
    for result in (first, again):
        assert "missing-license" in {each.rule for each in result.findings}


def test_with_what_was_missing_the_file_takes_its_own_place(incomplete: Path, catalogue: Path) -> None:
    before = only(ingest(incomplete, catalogue))
    after = only(ingest(incomplete, catalogue, facts={"beam_energy": "25.6keV"}))
    assert (after.state, after.pid) == (State.DONE, before.pid)
    (hit,) = Catalogue(catalogue).search()
    assert hit.conforms is True


def test_bad_files_are_told_and_the_others_done(raw: Path, catalogue: Path, tmp_path: Path) -> None:
    truncated, empty, text = (tmp_path / name for name in ("truncated.nxs", "empty.nxs", "text.nxs"))
    truncated.write_bytes(raw.read_bytes()[:5000])
    empty.write_bytes(b"")
    text.write_text("notes")
    bad = [truncated, empty, text, tmp_path / "absent.nxs"]
    results = {Path(each.file): each for each in ingest([*bad, raw], catalogue, workers=2)}
    for file in bad:
        assert results[file].state is State.FAILED
        assert results[file].reason
    assert results[raw].state is State.DONE
    assert [path.name for path in (catalogue / "files").iterdir()] == [raw.name]
    assert len(Catalogue(catalogue)) == 1


def test_a_file_that_reaches_outside_itself_is_refused(folder: Folder, tmp_path: Path) -> None:
    root = ramp(2).put("entry/outside", Link("/data", "/etc/passwd", "external"))
    result = folder.take(hdf5.write(root, tmp_path / "unsafe.nxs"))
    assert result.state is State.REFUSED
    assert result.reason is not None
    assert "/entry/outside" in result.reason
    assert list(folder.path.iterdir()) == []


def test_two_keys_that_disagree_stop_the_file(folder: Folder, tmp_path: Path) -> None:
    root = ramp(2).put("entry/collection_extra/dac/pressure_ruby", Field(np.full(FRAMES, 3.0), units="GPa"))
    result = folder.take(hdf5.write(root, tmp_path / "two.nxs"))
    assert result.state is State.NONCONFORMING
    assert result.reason is not None
    assert "pressure_ruby" in result.reason
    assert list(folder.path.iterdir()) == []


def test_a_model_for_another_grid_is_refused_and_nothing_written(
    folder: Folder, models: list[Path], tmp_path: Path
) -> None:
    tree = simulate(4, FRAMES, points=POINTS, angles=(30.0, 40.0)).tree()
    result = folder.take(hdf5.write(tree, tmp_path / "other.nxs"), models[0])
    assert result.state is State.REFUSED
    assert list(folder.path.iterdir()) == []


def test_a_file_without_an_entry_is_refused(folder: Folder, tmp_path: Path) -> None:
    result = folder.take(hdf5.write(Group("NXroot"), tmp_path / "bare.nxs"))
    assert result.state is State.REFUSED
    assert result.reason is not None
    assert "NXentry" in result.reason


def test_what_cannot_be_used_is_told_before_any_file_is_touched(raw: Path, catalogue: Path) -> None:
    for settings, error in (
        ({"crosswalk": "p02.3"}, CrosswalkError),
        ({"facts": {"beam_enery": "25.6keV"}}, UsageError),
        ({"model": "no_such_model.npz"}, ModelError),
        ({"workers": 0}, UsageError),
    ):
        with pytest.raises(error):
            ingest(raw, catalogue, **settings)  # type: ignore[arg-type]
    assert not catalogue.exists()


def test_a_folder_is_searched_for_hdf5_files(raw: Path, tmp_path: Path) -> None:
    folder = tmp_path / "beamtime"
    (folder / "scan").mkdir(parents=True)
    (folder / ".snapshots").mkdir()
    (folder / "out").mkdir()
    for name in ("scan/b.nxs", "a.h5", "no_ending", ".hidden.nxs", ".snapshots/a.h5", "out/c.nxs"):
        shutil.copy(raw, folder / name)
    (folder / "notes.txt").write_text("notes")
    found = [str(path.relative_to(folder)) for path in files_of([folder], besides=[folder / "out"])]
    assert found == ["a.h5", "no_ending", "scan/b.nxs"]


def test_files_of_one_name_do_not_overwrite_each_other(catalogue: Path, tmp_path: Path) -> None:
    files = []
    (catalogue / "files").mkdir(parents=True)
    for seed in (2, 3):
        (tmp_path / str(seed)).mkdir()
        files.append(hdf5.write(ramp(seed), tmp_path / str(seed) / "raw.nxs"))
    first = Folder(catalogue / "files").take(files[0])
    both = list(ingest(files, catalogue, workers=2))
    assert [each.state for each in sorted(both, key=lambda each: each.file)] == [State.UNCHANGED, State.DONE]
    assert len({each.output for each in both}) == 2
    assert first.output in {each.output for each in both}
    assert len(Catalogue(catalogue)) == 2


def test_a_file_given_twice_is_taken_once(raw: Path, catalogue: Path) -> None:
    assert len(list(ingest([raw, raw.parent / "." / raw.name], catalogue))) == 1


def test_a_file_that_needs_too_much_is_a_reported_failure(raw: Path, catalogue: Path) -> None:
    result = only(ingest(raw, catalogue, limits=Limits(memory=1024)))
    assert result.state is State.FAILED
    assert result.reason


def test_a_child_that_dies_fails_its_file_with_the_reason(raw: Path, tmp_path: Path) -> None:
    with children.Child(Task(tmp_path)) as child:
        os.kill(child.pid, signal.SIGSEGV)
        child.give(Stop(raw))
        result = child.answer().ingested
    assert result.state is State.FAILED
    assert (
        result.reason
        == "its process was ended by SIGSEGV: the HDF5 library crashed on it; the file is damaged"
    )


def test_after_a_crash_the_next_file_goes_on(
    raw: Path, catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that is killed by the file it reads; libhdf5 does so to damaged ones, not on command."""
    deadly = tmp_path / "deadly.nxs"
    shutil.copy(raw, deadly)
    crash = (
        "import os, signal; from nxspectra import hdf5; guard = hdf5.guard; "
        "hdf5.guard = lambda path: "
        "os.kill(os.getpid(), signal.SIGSEGV) if path.stem == 'deadly' else guard(path); "
    )
    program = children.PROGRAM.replace("from nxspectra", crash + "from nxspectra", 1)
    monkeypatch.setattr(children, "PROGRAM", program)
    results = {Path(each.file): each for each in ingest([deadly, raw], catalogue)}
    assert results[deadly].state is State.FAILED
    assert "SIGSEGV" in (results[deadly].reason or "")
    assert results[raw].state is State.DONE


def test_who_stops_listening_leaves_no_process_behind(raw: Path, catalogue: Path, tmp_path: Path) -> None:
    shutil.copy(raw, tmp_path / "second.nxs")
    results = ingest([raw, tmp_path / "second.nxs"], catalogue)
    assert next(results).state is State.DONE
    results.close()  # type: ignore[attr-defined]
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_every_real_file_is_taken_without_a_traceback(real_files: Path, tmp_path: Path) -> None:
    results = {Path(each.file).name: each for each in ingest(real_files, tmp_path / "catalogue", workers=2)}
    assert set(results) >= {path.name for path in files_of([real_files])}
    for each in results.values():
        assert each.state is State.NONCONFORMING
        assert "defect" not in (each.reason or "")
    lamb = results["lambda_p02.2_m1_part00000.nxs"].reason or ""
    for word in ("pressure=", "beam_energy=", "intensity="):
        assert f"--set {word}" in lamb
    assert "12000 eV: a setting of the LAMBDA detector, not the energy of the beam" in lamb
    assert len(Catalogue(tmp_path / "catalogue")) == len(results)
