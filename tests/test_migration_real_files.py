"""What the migration says about real raw files of facilities; a beamline scientist would find it true."""

from __future__ import annotations

from pathlib import Path

import pytest

from nxspectra import hdf5
from nxspectra.findings import Finding, Severity
from nxspectra.migration import Found, Review, State, migrate, render, review

ENERGY = "instrument/beam/incident_energy"
EXPOSURE = "instrument/detector/count_time"


def told(outcome: Review, concept: str) -> Found:
    return next(found for found in outcome.found if found.concept == concept)


def at(outcome: Review, path: str) -> Finding:
    return next(finding for finding in outcome.findings if finding.path == path)


@pytest.fixture
def lambda_file(real_files: Path) -> Path:
    return real_files / "lambda_p02.2_m1_part00000.nxs"


def test_the_exposure_of_the_lambda_file_is_in_place(lambda_file: Path) -> None:
    found = told(review(hdf5.read(lambda_file)), EXPOSURE)
    assert found.state is State.IN_PLACE
    assert (found.value, found.units, found.shown) == ("100", "millisecond", "0.1 s")
    assert found.agreeing == ("/entry/instrument/detector/collection/shutter_time",)


def test_the_energy_that_the_lambda_detector_is_set_for_is_refused(lambda_file: Path) -> None:
    finding = at(review(hdf5.read(lambda_file)), "/entry/instrument/detector/collection/beam_energy")
    assert finding.rule == "refused-key"
    assert "12000 eV: a setting of the LAMBDA detector, not the energy of the beam" in finding.message


def test_what_the_lambda_file_lacks_is_said_with_the_way_to_supply_it(lambda_file: Path) -> None:
    missing = {
        f.path: f.message for f in review(hdf5.read(lambda_file)).missing if f.severity is Severity.VIOLATION
    }
    assert missing.keys() == {
        "/entry/sample/pressure",
        "/entry/sample/name",
        "/entry/instrument/beam/incident_energy",
        "/entry/data/intensity",
    }
    assert "--set pressure=21.3GPa" in missing["/entry/sample/pressure"]
    assert "--set beam_energy=25.6keV" in missing["/entry/instrument/beam/incident_energy"]
    assert (
        "/entry/instrument/detector/data holds detector images (10, 516, 1554)"
        in missing["/entry/data/intensity"]
    )
    assert "--set intensity=" in missing["/entry/data/intensity"]


def test_the_host_of_the_lambda_file_tells_the_beamline_and_the_source(lambda_file: Path) -> None:
    run = migrate(hdf5.read(lambda_file))
    assert run["entry/instrument/name"].text == "P02.2"
    assert run["entry/instrument/source/name"].text == "PETRA III"


def test_facts_that_are_given_go_into_the_lambda_file(lambda_file: Path) -> None:
    facts = {"beam_energy": "25.6keV", "pressure": "21.3 GPa", "sample_name": "FeO"}
    run = migrate(hdf5.read(lambda_file), facts=facts)
    assert run["entry/instrument/beam/incident_energy"].number == 25.6
    assert run["entry/sample/pressure"].array.tolist() == [21.3] * 10
    assert "/entry/definition" not in run


def test_the_energy_of_the_diamond_file_is_known_from_the_wavelength_with_a_unit(real_files: Path) -> None:
    outcome = review(hdf5.read(real_files / "538039.nxs"))
    found = told(outcome, ENERGY)
    assert found.origin == "/entry1/sample/beam/incident_wavelength"
    assert float(found.shown.removesuffix(" keV")) == pytest.approx(5.223, abs=1e-3)
    assert {"/entry1/before_scan/mono/en", "/entry1/sample/beam/incident_energy"} <= set(found.agreeing)
    assert at(outcome, "/entry1/before_scan/mono/en").rule == "agreeing-number"
    assert "3.0009 GeV" in at(outcome, "/entry1/instrument/source/energy").message


def test_the_exposure_of_the_diamond_file_has_no_unit_and_is_not_taken(real_files: Path) -> None:
    finding = at(review(hdf5.read(real_files / "538039.nxs")), "/entry1/instrument/pil100k/count_time")
    assert "has no unit" in finding.message
    assert "--set exposure='/entry1/instrument/pil100k/count_time s'" in finding.message


def test_a_macromolecular_file_keeps_its_definition_and_is_left_as_it_is(real_files: Path) -> None:
    root = hdf5.read(real_files / "Therm_6_2.nxs")
    outcome = review(root)
    assert outcome.entries[0].follows == "NXmx"
    assert told(outcome, ENERGY).state is State.NOT_PLACED
    assert float(told(outcome, ENERGY).shown.removesuffix(" keV")) == pytest.approx(12.648, abs=1e-3)
    assert not migrate(root).additions


def test_photon_formulas_are_not_applied_to_the_neutron_file(real_files: Path) -> None:
    outcome = review(hdf5.read(real_files / "lrcs3701.nx5"))
    assert not [found for found in outcome.found if found.concept == ENERGY]
    finding = at(outcome, "/Histogram1/instrument/monochromator/energy")
    assert finding.rule == "neutrons"
    assert "130 meV is an energy of neutrons" in finding.message
    assert "gas in the detector" in at(outcome, "/Histogram1/instrument/detector/gas_pressure").message


def test_energy_and_wavelength_of_the_small_angle_file_agree(real_files: Path) -> None:
    found = told(review(hdf5.read(real_files / "AgBehenate_228.hdf5")), ENERGY)
    assert found.origin == "/entry/instrument/monochromator/energy"
    assert found.shown == "16.90014329 keV"
    assert found.agreeing == (
        "/entry/instrument/15ID-D metadata/monoE",
        "/entry/instrument/monochromator/wavelength",
        "/entry/instrument/15ID-D metadata/wavelength",
    )


def test_the_exposure_of_the_small_angle_file_has_its_unit_in_the_description(real_files: Path) -> None:
    found = told(review(hdf5.read(real_files / "AgBehenate_228.hdf5")), EXPOSURE)
    assert (found.origin.rpartition("/")[2], found.shown) == ("PresetTime", "5 s")


@pytest.mark.parametrize(
    "name",
    [
        "538039.nxs",
        "AgBehenate_228.hdf5",
        "Therm_6_2.nxs",
        "lambda_p02.2_m1_part00000.nxs",
        "lrcs3701.nx5",
    ],
)
def test_migrating_a_real_file_twice_is_migrating_it_once(real_files: Path, name: str) -> None:
    once = migrate(hdf5.read(real_files / name))
    assert not [added for added in migrate(once).additions if added not in once.additions.items]
    assert "nothing to add" in render(review(once)).splitlines()[-1]
