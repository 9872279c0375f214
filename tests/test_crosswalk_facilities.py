"""The crosswalks of facilities: what they find in files as those write them, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import beamlines
import numpy as np
import petra
import pytest

from nxspectra.migration import Crosswalk, available, migrate, migrate_and_review, review
from nxspectra.spectra import Spectra
from nxspectra.tree import Group
from nxspectra.validation import validate

ENERGY = "instrument/beam/incident_energy"
EXPOSURE = "instrument/detector/count_time"


@dataclass(frozen=True)
class Facility:
    """A crosswalk, a file as it is written there, and what must come of it."""

    crosswalk: str
    build: Callable[[], Group]
    energy: str | None
    """End of the path of the key that tells it; None if the file does not."""
    exposure: str
    refused: frozenset[str]
    facts: dict[str, str]


P, FEO = {"pressure": "21.3 GPa"}, {"sample_name": "FeO"}
FACILITIES = [
    Facility(
        "areadetector",
        beamlines.areadetector,
        None,
        "/NDAttributes/AcquireTime",
        frozenset(
            {"AcquirePeriod", "PhotonEnergy", "ThresholdEnergy", "NDArrayEpicsTSSec", "NDArrayEpicsTSnSec"}
        ),
        {**P, **FEO, "beam_energy": "25.6 keV"},
    ),
    Facility(
        "aps",
        beamlines.aps,
        "/DCM_energy",
        "/PresetTime",
        frozenset({"ID_E", "ID_E_Offset", "I0_time", "energy"}),
        P,
    ),
    Facility(
        "dls",
        beamlines.dls,
        "/mono/en",
        "/pil3/count_time",
        frozenset({"energy", "TimeSec", "Tset", "scan_duration"}),
        P,
    ),
    Facility(
        "soleil",
        beamlines.soleil,
        "/Monochromator/energy",
        "/d13-1/IntegrationTime",
        frozenset({"ANS-C03-VI-JPEN.1_pressure", "energy"}),
        {**P, **FEO},
    ),
    Facility(
        "sls",
        beamlines.sls,
        "/collection/energy",
        "/counter0/count_time",
        frozenset({"CellPressure", "ChamberPressure", "hardware_limit_low", "hardware_limit_high"}),
        {**P, **FEO},
    ),
    Facility(
        "euxfel",
        beamlines.euxfel,
        "/pulseEnergy/wavelengthUsed",
        "/exposureTime",
        frozenset({"photonFlux", "electronEnergy"}),
        {**P, **FEO},
    ),
    Facility(
        "hed",
        beamlines.hed,
        "/pulseEnergy/wavelengthUsed",
        "/exposureTime",
        frozenset({"piezoVoltage", "actuatorForce", "targetPressure", "electronEnergy"}),
        {**P, **FEO},
    ),
    Facility(
        "nexus",
        beamlines.nexus,
        "/monochromator/energy",
        "/area/count_time",
        frozenset({"energy", "threshold_energy", "dead_time"}),
        {},
    ),
    Facility(
        "p02.2",
        petra.lambda_,
        "/monochromator/energy",
        "/collection/shutter_time",
        frozenset({"shutter_time_max", "shutter_time_min", "delay_time", "threshold_energy", "energy"}),
        P,
    ),
    Facility(
        "desy",
        petra.perkin_elmer,
        "/monochromator/energy",
        "/collection/shutter_time",
        frozenset({"exposure_time", "shutter_time_max", "threshold_energy"}),
        P,
    ),
    Facility(
        "desy",
        petra.pilatus,
        "/monochromator/energy",
        "/collection/exposure_time",
        frozenset({"delay_time", "exposure_period"}),
        P,
    ),
    Facility(
        "desy",
        petra.mythen,
        "/monochromator/energy",
        "/collection/exposure_time",
        frozenset({"threshold_energy", "energy"}),
        P,
    ),
    Facility(
        "desy",
        petra.lima,
        "/monochromator/energy",
        "/collection/acq_expo_time",
        frozenset({"latency_time", "dead_time", "live_time", "acc_expo_time", "acc_max_expo_time"}),
        P,
    ),
]
each = pytest.mark.parametrize(
    "facility", FACILITIES, ids=[f"{one.crosswalk}-{one.build.__name__}" for one in FACILITIES]
)


def test_every_facility_has_a_test() -> None:
    # `common` is what several of them build on
    assert {one.crosswalk for one in FACILITIES} == set(available()) - {"common"}


@each
def test_energy_and_exposure_are_found_in_a_file_as_the_facility_writes_it(facility: Facility) -> None:
    outcome = review(facility.build(), facility.crosswalk, facility.facts)
    origins = {found.concept: found.origin for found in outcome.found}
    assert origins[EXPOSURE].endswith(facility.exposure)
    assert facility.energy is None or origins[ENERGY].endswith(facility.energy)


@each
def test_what_looks_like_it_is_refused(facility: Facility) -> None:
    outcome = review(facility.build(), facility.crosswalk, facility.facts)
    refused = {one.path.rpartition("/")[2] for one in outcome.refused if one.rule == "refused-key"}
    assert refused >= facility.refused


@each
def test_with_the_pressure_given_it_conforms(facility: Facility) -> None:
    run, outcome = migrate_and_review(facility.build(), facility.crosswalk, facility.facts)
    assert outcome.complete, [str(finding) for finding in outcome.findings if finding.severity == "violation"]
    assert [entry.conforms for entry in validate(run).entries] == [True]
    spectra = Spectra.of(run)
    assert spectra.energy is not None
    assert spectra.exposure is not None
    np.testing.assert_allclose(spectra.energy, beamlines.ENERGY, rtol=1e-5)
    np.testing.assert_allclose(spectra.exposure, beamlines.EXPOSURE)


@each
def test_migrating_twice_is_migrating_once(facility: Facility) -> None:
    once = migrate(facility.build(), facility.crosswalk, facility.facts)
    assert migrate(once, facility.crosswalk, facility.facts) == once


@pytest.mark.parametrize(
    ("build", "crosswalk", "source"),
    [
        (beamlines.aps, "aps", "Advanced Photon Source"),
        (beamlines.euxfel, "hed", "European XFEL"),
    ],
)
def test_the_name_of_the_facility_tells_the_source(
    build: Callable[[], Group], crosswalk: str, source: str
) -> None:
    run = migrate(build(), crosswalk, P)
    told = run["entry/instrument/source"]
    assert told["name"].text == source
    assert told["probe"].text == "x-ray"


def test_the_times_of_images_are_placed() -> None:
    run = migrate(beamlines.areadetector(), "areadetector")
    times = run["entry/instrument/detector/start_time"].array
    np.testing.assert_allclose(np.diff(times), 0.11, atol=1e-6)


def test_hed_knows_what_the_european_xfel_knows() -> None:
    assert {name for name, _ in Crosswalk.load("hed").extends} == {"nexus", "common", "euxfel"}
