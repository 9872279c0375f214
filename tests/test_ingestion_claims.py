"""Files that say which raw file they were made from: what is it keeps its place, and has one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pytest
from experts import BY_HAND

from nxspectra import hdf5
from nxspectra.catalogue import Catalogue, Hit
from nxspectra.cli import program
from nxspectra.ingestion import Ingested, State, ingest
from nxspectra.ingestion.batches import known_to
from nxspectra.ingestion.journey import Stop, Task, take
from nxspectra.migration import migrate
from nxspectra.repairs import repair
from nxspectra.simulation import simulate
from nxspectra.spectra import annotate, classifications
from nxspectra.testing import conforming
from nxspectra.tree import Group

FRAMES, POINTS = 24, 300


def ramp(seed: int) -> Group:
    return simulate(seed, FRAMES, points=POINTS).tree()


def without_energy(tree: Group) -> Group:
    for path in ("entry/collection_extra/mono", "entry/collection_extra/beamline", "entry/integration"):
        tree = tree.without(path)
    return tree


@dataclass(frozen=True)
class Facility:
    """A catalogue to which files are brought one after another, in this process."""

    folder: Path
    facts: Mapping[str, str] = field(default_factory=dict)

    def bring(self, file: Path, *, replace: bool = False, **facts: str) -> Ingested:
        store = Catalogue(self.folder)
        (self.folder / "files").mkdir(parents=True, exist_ok=True)
        task = Task(self.folder / "files", facts=facts, replace=replace)
        arrival = take(Stop(file), task, known_to(store))
        if arrival.description is not None:
            store.file(arrival.description)
        store.close()
        return arrival.ingested

    def only(self) -> Hit:
        (hit,) = Catalogue(self.folder).search()
        return hit

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "files").iterdir())


@pytest.fixture
def facility(tmp_path: Path) -> Facility:
    return Facility(tmp_path / "catalogue")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return hdf5.write(ramp(2), tmp_path / "raw_0042.nxs")


def claiming(raw: Path, tree: Group, out: Path) -> Path:
    """What `tree` is migrated to, in a file that says it was made from `raw`."""
    hdf5.write(migrate(tree), out)
    with h5py.File(out, "r+") as file:
        del file["entry/migration/source_file/checksum"]
        file["entry/migration/source_file/checksum"] = hdf5.sha256(raw)
    return out


def test_a_migrated_copy_is_taken_with_a_warning_that_its_origin_is_believed(
    raw: Path, facility: Facility, tmp_path: Path
) -> None:
    result = facility.bring(hdf5.write(migrate(hdf5.read(raw)), tmp_path / "copy.nxs"))
    assert result.state is State.DONE
    assert "unchecked-origin" in {finding.rule for finding in result.findings}
    assert (result.pid or "").endswith(hdf5.sha256(raw))


# -- other spectra under the identifier of a data set ---------------------------------------------


@pytest.mark.parametrize("name", ["raw_0042.nxs", "stranger.nxs"])
def test_other_spectra_do_not_take_the_place_of_a_data_set_that_they_claim(
    name: str, raw: Path, facility: Facility, tmp_path: Path
) -> None:
    genuine = facility.bring(raw)
    (tmp_path / "forged").mkdir()
    result = facility.bring(claiming(raw, ramp(3), tmp_path / "forged" / name))
    assert (result.state, result.pid, result.output) == (State.REFUSED, None, None)
    assert f"{genuine.output}, and their spectra are different" in (result.reason or "")
    assert (facility.only().file, facility.files) == (genuine.output, ["raw_0042.nxs"])
    again = facility.bring(raw)
    assert (again.state, again.pid, again.output) == (State.UNCHANGED, genuine.pid, genuine.output)


def test_another_pressure_of_the_same_spectra_needs_consent(
    raw: Path, facility: Facility, tmp_path: Path
) -> None:
    facility.bring(raw)
    other = hdf5.write(migrate(hdf5.read(raw)), tmp_path / "corrected.nxs")
    with h5py.File(other, "r+") as file:
        file["entry/sample/pressure"][3] += 1.0
    result = facility.bring(other)
    assert result.state is State.REFUSED
    assert "the pressure of spectrum 3 is" in (result.reason or "")
    replaced = facility.bring(other, replace=True)
    assert replaced.state is State.DONE
    assert hdf5.read(replaced.output or "")["entry/sample/pressure"].array[3] == pytest.approx(
        hdf5.read(other)["entry/sample/pressure"].array[3]
    )
    assert facility.files == ["raw_0042.nxs"]


def test_with_consent_other_spectra_come_without_the_labels_of_those_before(
    raw: Path, facility: Facility, tmp_path: Path
) -> None:
    first = facility.bring(raw)
    hdf5.write(annotate(hdf5.read(first.output or ""), BY_HAND), first.output or "", in_place=True)
    result = facility.bring(claiming(raw, ramp(3), tmp_path / "other.nxs"), replace=True)
    assert (result.state, result.pid) == (State.DONE, first.pid)
    written = hdf5.read(result.output or "")
    assert classifications(written) == {}
    np.testing.assert_array_equal(
        written["entry/data/intensity"].array, migrate(ramp(3))["entry/data/intensity"].array
    )


def test_a_claim_on_a_file_that_does_not_conform_has_to_hold_its_data(
    facility: Facility, tmp_path: Path
) -> None:
    wanting = hdf5.write(without_energy(ramp(2)), tmp_path / "wanting.nxs")
    assert facility.bring(wanting).state is State.NONCONFORMING
    result = facility.bring(claiming(wanting, ramp(3), tmp_path / "stranger.nxs"))
    assert result.state is State.REFUSED
    assert "of the one is not in the other" in (result.reason or "")
    assert facility.only().file == str(wanting)
    assert facility.bring(claiming(wanting, ramp(2), tmp_path / "whole.nxs")).state is State.DONE
    assert facility.only().conforms is True


def test_the_place_of_a_file_that_is_gone_is_not_given_away(
    raw: Path, facility: Facility, tmp_path: Path
) -> None:
    genuine = Path(facility.bring(raw).output or "")
    moved = genuine.rename(tmp_path / "archived.nxs")
    result = facility.bring(claiming(raw, ramp(3), tmp_path / "stranger.nxs"))
    assert result.state is State.REFUSED
    assert "catalogue rebuild" in (result.reason or "")
    assert facility.bring(moved).state is State.DONE


def test_a_copy_that_is_not_in_order_does_not_take_the_place_of_one_that_is(
    raw: Path, facility: Facility, tmp_path: Path
) -> None:
    genuine = facility.bring(raw)
    spoiled = hdf5.write(migrate(hdf5.read(raw)), tmp_path / "spoiled.nxs")
    with h5py.File(spoiled, "r+") as file:
        file["entry/instrument/beam/incident_energy"].attrs["units"] = "mm"
    result = facility.bring(spoiled)
    assert (result.state, result.pid) == (State.REFUSED, None)
    assert f"of the same data set as {genuine.output}" in (result.reason or "")
    assert facility.only().conforms is True


def test_a_raw_file_without_the_facts_it_had_before_does_not_take_the_place_of_its_result(
    facility: Facility, tmp_path: Path
) -> None:
    raw = hdf5.write(without_energy(ramp(2)), tmp_path / "raw.nxs")
    first = facility.bring(raw, beam_energy="25.6keV")
    again = facility.bring(raw)
    assert (first.state, again.state) == (State.DONE, State.NONCONFORMING)
    assert f"{first.output}, which was made from it, stays in the catalogue" in (again.reason or "")
    assert (facility.only().file, facility.only().conforms) == (first.output, True)


# -- one data set, one file ------------------------------------------------------------------------


def test_a_repaired_file_is_the_data_set_of_the_file_it_was_made_from(
    facility: Facility, tmp_path: Path
) -> None:
    broken = conforming(FRAMES).put("entry/instrument/beam/incident_energy@units", "KeV")
    broken = broken.put("entry/sample/chemical_formulas", broken["entry/sample/chemical_formula"])
    broken = broken.without("entry/sample/chemical_formula")
    before = hdf5.write(broken, tmp_path / "before.nxs")
    after = tmp_path / "after.nxs"
    assert repair(before, after).made
    first, second, third = facility.bring(before), facility.bring(after), facility.bring(before)
    assert first.pid == second.pid == third.pid
    assert (first.pid or "").endswith(hdf5.sha256(before))
    assert {each.output for each in (first, second, third)} == {first.output}
    assert facility.only().pid == first.pid


def test_a_file_that_only_its_repair_makes_whole_stays_in_the_catalogue(
    facility: Facility, tmp_path: Path
) -> None:
    tree = conforming(FRAMES)
    misnamed = tree.without("entry/sample/name").put("entry/sample/nam", tree["entry/sample/name"])
    before, after = hdf5.write(misnamed, tmp_path / "before.nxs"), tmp_path / "after.nxs"
    assert repair(before, after).made
    assert facility.bring(before).state is State.NONCONFORMING
    result = facility.bring(after)
    assert result.state is State.DONE, result.reason
    facility.bring(before)
    assert (facility.only().pid, facility.only().conforms) == (result.pid, True)


def test_a_labelled_copy_of_a_repaired_file_adds_its_labels_to_the_one_result(
    raw: Path, facility: Facility, tmp_path: Path
) -> None:
    first = facility.bring(raw)
    labelled = hdf5.write(annotate(migrate(hdf5.read(raw)), BY_HAND), tmp_path / "labelled.nxs")
    second, third = facility.bring(labelled), facility.bring(raw)
    assert (second.state, third.state) == (State.DONE, State.UNCHANGED)
    assert len({(each.pid, each.output) for each in (first, second, third)}) == 1
    assert facility.only().labels == {"low": 12, "high": 12}
    assert facility.bring(labelled).state is State.UNCHANGED


def test_what_only_claims_comes_after_what_is_whatever_their_order(
    raw: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    labelled = hdf5.write(annotate(migrate(hdf5.read(raw)), BY_HAND), tmp_path / "a_labelled.nxs")
    forged = claiming(raw, ramp(3), tmp_path / "a_forged.nxs")
    results = list(ingest([forged, labelled, raw], tmp_path / "catalogue"))
    states = {Path(each.file).name: each.state for each in results}
    assert states == {
        "raw_0042.nxs": State.DONE,
        "a_labelled.nxs": State.DONE,
        "a_forged.nxs": State.REFUSED,
    }
    (hit,) = Catalogue(tmp_path / "catalogue").search()
    assert hit.labels == {"low": 12, "high": 12}
    arguments = ["ingest", str(forged), "--catalogue", str(tmp_path / "catalogue"), "--replace"]
    assert program.main(arguments, standalone_mode=False) == 0
    (hit,) = Catalogue(tmp_path / "catalogue").search()
    assert hit.labels == {}
    assert "believed without a check" in capfd.readouterr().err
