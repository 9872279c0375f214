"""Raw keys as beamlines write them: where each one goes, with which value and unit, or why it is refused.

The keys were seen in the templates of https://github.com/nexdatas/nxstools (DESY), in the files of
https://github.com/nexusformat/exampledata (APS, DLS, SLS, SOLEIL, SINQ), in the default attributes of EPICS
areaDetector, or are what people write at high-pressure beamlines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from nxspectra.migration import State, migrate, review
from nxspectra.tree import Field, Group

N = 4
"""Spectra in the series."""
RAMP = np.array([0.2, 12.5, 28.1, 44.1])
ENERGY = "instrument/beam/incident_energy"
EXPOSURE = "instrument/detector/count_time"
PRESSURE = "sample/pressure"


def series(n: int = N) -> Group:
    """A raw file with integrated spectra and nothing else that a concept could be taken from."""
    angles = np.linspace(9.6, 25.5, 12)
    integrated = Group(
        "NXdata",
        {
            "I": Field(np.outer(np.arange(1, n + 1), angles).astype(np.float32), units="counts"),
            "tth": Field(angles, units="deg"),
        },
        signal="I",
    )
    return Group("NXroot", {"entry": Group("NXentry", {"integrated": integrated})})


def with_key(tree: Group, place: str, item: Field | Group) -> Group:
    """The tree with `item` at `entry:NXentry/instrument:NXinstrument/...`, the groups on the way made."""
    path = ""
    *steps, leaf = place.split("/")
    for step in ["entry:NXentry", *steps]:
        name, _, nx_class = step.partition(":")
        path = f"{path}/{name}"
        if path not in tree:
            tree = tree.put(path, Group(nx_class or "NXcollection"))
    return tree.put(f"{path}/{leaf}", item)


def path_of(place: str) -> str:
    return "/entry/" + "/".join(step.partition(":")[0] for step in place.split("/"))


@dataclass
class Taken:
    """A key that is taken, with what is then at the place of the concept."""

    place: str
    item: Field | Group
    concept: str
    value: object
    unit: str | None = None
    n: int = N


@dataclass
class Refused:
    """A key that is not taken, with the rule and a word of the reason."""

    place: str
    item: Field | Group
    concept: str
    rule: str
    reason: str
    n: int = N


DETECTOR = "instrument:NXinstrument/detector:NXdetector"
COLLECTION = f"{DETECTOR}/collection"
EXTRA = f"{DETECTOR}/collection_extra"
MONO = "instrument:NXinstrument/monochromator:NXmonochromator"


def quantity(value: float, unit: str, nx_class: str = "NXcollection", **others: Field) -> Group:
    return Group(nx_class, {"value": Field([value], units=unit), **others})


TAKEN = [
    Taken(f"{COLLECTION}/shutter_time", Field([100.0], units="ms"), EXPOSURE, 0.1, "s"),
    Taken(f"{COLLECTION}/shutter_time", Field([100.0], units="millisecond"), EXPOSURE, 0.1, "s"),
    Taken(f"{COLLECTION}/shutter_time", Field("100", units="ms"), EXPOSURE, 0.1, "s"),
    Taken(f"{COLLECTION}/exposure_time", Field(0.1, units="s"), EXPOSURE, 0.1, "s"),
    Taken(f"{COLLECTION}/acq_expo_time", Field(0.1, units="s"), EXPOSURE, 0.1, "s"),
    Taken("metadata/PresetTime", Field([5.0], description="specified time, s"), EXPOSURE, 5.0, "s"),
    Taken("IntegrationTime", Group(None, {"data": Field([1.0], units="s")}), EXPOSURE, 1.0, "s"),
    Taken("metadata/integration_time", Field([200.0], units="ms"), EXPOSURE, 0.2, "s"),
    Taken("metadata/integration_times", Field([0.3], units="seconds"), EXPOSURE, 0.3, "s"),
    Taken("instrument:NXinstrument/counter0/count_time", Field([0.5], units="s"), EXPOSURE, 0.5, "s"),
    Taken(f"{DETECTOR}/NDAttributes/AcquireTime", Field(np.full(N, 0.1)), EXPOSURE, np.full(N, 0.1), "s"),
    Taken("collection/exp_t01", Field([0.1, 0.1, 0.2, 0.1]), EXPOSURE, [0.1, 0.1, 0.2, 0.1], "s"),
    Taken("collection/ExposureTime", Field(0.1, units="s"), EXPOSURE, 0.1, "s"),
    Taken("collection/exptime", Field("00:00:00.100"), EXPOSURE, 0.1, "s"),
    Taken("collection/exp_time_ms", Field(100), EXPOSURE, 0.1, "s"),
    Taken("collection/t_exp", Field("0.1 s"), EXPOSURE, 0.1, "s"),
    Taken("collection/shutter_open_s", Field(0.1), EXPOSURE, 0.1, "s"),
    Taken(f"{MONO}/collection/energyfmb", Field(25600.0, units="eV"), ENERGY, 25.6, "keV"),
    Taken(f"{MONO}/energy", Field([25600.0], units="eV"), ENERGY, 25.6, "keV"),
    Taken("metadata/DCM_energy", Field([16.9], units="keV"), ENERGY, 16.9, "keV"),
    Taken(
        "15ID-D metadata/monoE", Field([16.9], description="monochromator energy, keV"), ENERGY, 16.9, "keV"
    ),
    Taken("before_scan/mono/en", Field([5.223], units="keV"), ENERGY, 5.223, "keV"),
    Taken(
        "collection/energy",
        Group(None, {"value": Field([25600.0]), "user_value": Field([0.0]), "unit": Field("eV")}),
        ENERGY,
        25.6,
        "keV",
    ),
    Taken("SOLEIL/Monochromator/energy", Field([10.0], units="KeV"), ENERGY, 10.0, "keV"),
    Taken(f"{MONO}/wavelength", Field([0.48431], units="Å"), ENERGY, 12.398419843320026 / 0.48431, "keV"),
    Taken("metadata/DCM_wavelength", Field([0.5], units="Angstrom"), ENERGY, 24.796839686640052, "keV"),
    Taken("metadata/lambda", Field([0.5], units="Angstroem"), ENERGY, 24.796839686640052, "keV"),
    Taken(f"{MONO}/wavelength", Field([0.5], units="A"), ENERGY, 24.796839686640052, "keV"),
    Taken(f"{MONO}/wavelength", Field([0.5], units="Angstroms"), ENERGY, 24.796839686640052, "keV"),
    Taken("metadata/wavelength", Field([0.05], units="nm"), ENERGY, 24.796839686640052, "keV"),
    Taken("collection/Energy", Field("25.6 keV"), ENERGY, 25.6, "keV"),
    Taken("collection/energy_keV", Field(25.6), ENERGY, 25.6, "keV"),
    Taken("beamline/energy", Field(["25600 eV"]), ENERGY, 25.6, "keV"),
    Taken("collection/E0", Field(25.6, units="keV"), ENERGY, 25.6, "keV"),
    Taken("collection/photonEnergy", Field(25600, units="eV"), ENERGY, 25.6, "keV"),
    Taken("collection/photon_energy", Field([25.6] * N, units="keV"), ENERGY, [25.6] * N, "keV"),
    Taken("comments/user_comment2", Field("DAC 7, E = 25.6 keV"), ENERGY, 25.6, "keV"),
    Taken("collection/P(GPa)", Field(RAMP), PRESSURE, RAMP, "GPa"),
    Taken("collection/pressure_GPa", Field(RAMP), PRESSURE, RAMP, "GPa"),
    Taken("collection/p_ruby", Field(RAMP * 10, units="kbar"), PRESSURE, RAMP, "GPa"),
    Taken("collection/P_Au", Field(["0.2 GPa", "12.5 GPa", "28.1 GPa", "44.1 GPa"]), PRESSURE, RAMP, "GPa"),
    Taken("dac/pressure_Pt", Field(RAMP, units="GPa"), PRESSURE, RAMP, "GPa"),
    Taken("collection/p_ruby", Field("12.5 GPa"), PRESSURE, [12.5], "GPa", n=1),
    Taken("comments/user_comment1", Field("loaded with Ne; P=21.3 GPa"), PRESSURE, [21.3], "GPa", n=1),
    Taken("dac/pressure_Pt_error", Field([0.1], units="GPa"), "sample/pressure_errors", [0.1] * N, "GPa"),
    Taken("collection/sample_temperature", Field(27.0, units="Celsus"), "sample/temperature", 300.15, "K"),
    Taken("collection/timeStamp", Field("Fri Jun 03 17:38:36 2016"), "start_time", "2016-06-03T17:38:36"),
    Taken("collection/StartTime", Field("2005-05-27 05:44:13"), "start_time", "2005-05-27T05:44:13"),
    Taken(
        "collection/StartTime", Field("2013-09-28T04:50:48+0100"), "start_time", "2013-09-28T04:50:48+01:00"
    ),
    Taken("metadata/SampleTitle", Field(["Glassy carbon"]), "sample/name", "Glassy carbon"),
    Taken("metadata/GUPNumber", Field("GUP26110"), "experiment_identifier", "GUP26110"),
    Taken(
        "comments/user_comment1",
        Field("Sample (Mg0.2,Fe0.8)O with Pt"),
        "sample/chemical_formula",
        "(Mg0.2,Fe0.8)O",
    ),
]

REFUSED = [
    Refused(f"{COLLECTION}/exposure_time", Field(0.1, units="mm"), EXPOSURE, "refused-key", "mm"),
    Refused("collection/exposure_time", Field(0.1, units="m"), EXPOSURE, "wrong-units", "'m'"),
    Refused(f"{EXTRA}/shutter_time_min", Field(0.5, units="ms"), EXPOSURE, "refused-key", "limit"),
    Refused(f"{EXTRA}/shutter_time_max", Field(2e6, units="ms"), EXPOSURE, "refused-key", "limit"),
    Refused(f"{COLLECTION}/delay_time", Field(0.0, units="ms"), EXPOSURE, "refused-key", "delay"),
    Refused(f"{COLLECTION}/exposure_period", Field(0.11, units="s"), EXPOSURE, "refused-key", "next"),
    Refused(f"{COLLECTION}/acc_expo_time", Field(0.01, units="s"), EXPOSURE, "refused-key", "sub-exposure"),
    Refused(
        f"{COLLECTION}/acc_max_expo_time", Field(1.0, units="s"), EXPOSURE, "refused-key", "sub-exposure"
    ),
    Refused(f"{COLLECTION}/latency_time", Field(0.001, units="s"), EXPOSURE, "refused-key", "delay"),
    Refused(f"{COLLECTION}/dead_time", Field(0.001, units="s"), EXPOSURE, "refused-key", "dead time"),
    Refused(f"{COLLECTION}/live_time", Field(0.09, units="s"), EXPOSURE, "refused-key", "delay"),
    Refused("metadata/PresetTime", Field([5.0]), EXPOSURE, "no-units", "PresetTime s'"),
    Refused("metadata/I0_time", Field([1e7]), EXPOSURE, "refused-key", "ticks"),
    Refused("metadata/PIN_time", Field([1e7]), EXPOSURE, "refused-key", "ticks"),
    Refused("metadata/D3_time", Field([1e7]), EXPOSURE, "refused-key", "ticks"),
    Refused(
        f"{DETECTOR}/NDAttributes/AcquirePeriod", Field(np.full(N, 0.1)), EXPOSURE, "refused-key", "next"
    ),
    Refused("collection/scan_duration", Field("00:00:28.078"), EXPOSURE, "refused-key", "whole scan"),
    Refused("collection/exptime", Field(1e5, units="s"), EXPOSURE, "implausible-value", "0.0001 to 10000"),
    Refused("collection/exptime", Field("soon"), EXPOSURE, "not-a-number", "'soon'"),
    Refused(
        "collection/exptime", Field([0.1, 0.1, 0.1], units="s"), EXPOSURE, "wrong-length", "3 values for 4"
    ),
    Refused("collection/exptime", Field(np.ones((2, 2)), units="s"), EXPOSURE, "wrong-shape", "(2, 2)"),
    Refused("collection/exp_time_ms", Field(0.1, units="s"), EXPOSURE, "contradicting-units", "'ms'"),
    Refused(f"{DETECTOR}/threshold_energy", Field(6000.0, units="eV"), ENERGY, "refused-key", "threshold"),
    Refused(
        f"{COLLECTION}/energy", Field(9000.0, units="eV"), ENERGY, "refused-key", "setting of the detector"
    ),
    Refused(f"{COLLECTION}/beam_energy", Field([12000.0], units="eV"), ENERGY, "refused-key", "LAMBDA"),
    Refused(f"{COLLECTION}/calib_energy", Field([0.0], units="eV"), ENERGY, "refused-key", "detector"),
    Refused(
        "instrument:NXinstrument/source:NXsource/energy",
        Field(6.08, units="GeV"),
        ENERGY,
        "refused-key",
        "ring",
    ),
    Refused(
        "instrument:NXinstrument/u:NXinsertion_device/energy",
        Field(25710.0, units="eV"),
        ENERGY,
        "refused-key",
        "undulator",
    ),
    Refused("metadata/UND_energy", Field([17.0]), ENERGY, "refused-key", "undulator"),
    Refused("metadata/idE", Field(np.array([0], dtype=np.int8)), ENERGY, "refused-key", "undulator"),
    Refused(
        "collection_extra/undulator/energy", Field(25.71, units="keV"), ENERGY, "refused-key", "undulator"
    ),
    Refused("collection_extra/mono/energy_max", Field(60000.0, units="eV"), ENERGY, "refused-key", "limit"),
    Refused("collection/energy", Field(25.6), ENERGY, "no-units", "collection/energy keV'"),
    Refused("collection/energy", Field(6.08, units="GeV"), ENERGY, "implausible-value", "6.08e+06 keV"),
    Refused("collection/energy", Field(np.nan, units="keV"), ENERGY, "not-a-number", "nan"),
    Refused("metadata/DCM_energy", Field([16.9]), ENERGY, "no-units", "DCM_energy keV'"),
    Refused("metadata/DCM_lambda", Field([0.73]), ENERGY, "no-units", "DCM_lambda angstrom'"),
    Refused("metadata/wavelength", Field([0.5]), ENERGY, "no-units", "wavelength angstrom'"),
    Refused("collection/CellPressure", quantity(-123.6, "mbar"), PRESSURE, "refused-key", "flow cell"),
    Refused("collection/ChamberPressure", quantity(1e-6, "mbar"), PRESSURE, "refused-key", "vacuum"),
    Refused("interlock/pressure", Field([1e-6], units="mbar"), PRESSURE, "refused-key", "vacuum"),
    Refused(
        "i11-M-C03__VI__JPEN.1_pressure",
        quantity(np.nan, "{units of logged value}"),
        PRESSURE,
        "refused-key",
        "vacuum",
    ),
    Refused("collection/p_ruby", Field(12.5), PRESSURE, "no-units", "p_ruby GPa'"),
    Refused(
        "collection/p_ruby",
        Field(RAMP, units="{units of logged value}"),
        PRESSURE,
        "wrong-units",
        "not a unit",
    ),
    Refused("collection/p_ruby", Field(12.5, units="GPa"), PRESSURE, "one-for-all", "for 4 spectra"),
    Refused(
        "collection/p_ruby", Field([1.0, 2.0, 3.0], units="GPa"), PRESSURE, "wrong-length", "3 values for 4"
    ),
    Refused(
        "collection/p_ruby",
        Field([1.0, 2.0, 3000.0, 4.0], units="GPa"),
        PRESSURE,
        "implausible-value",
        "frame 2",
    ),
    Refused("collection/pressure_GPa", Field(RAMP, units="bar"), PRESSURE, "contradicting-units", "'bar'"),
    Refused(
        "comments/user_comment1",
        Field("P=1.5 GPa, later P=3 GPa"),
        PRESSURE,
        "ambiguous-key",
        "1.5 GPa and 3 GPa",
        n=1,
    ),
    Refused("dac/P_ruby_before", Field(0.5, units="GPa"), PRESSURE, "refused-key", "before"),
    Refused("dac/target_pressure", Field(80.0, units="GPa"), PRESSURE, "refused-key", "set point"),
    Refused("dac/membrane_pressure_bar", Field(RAMP), PRESSURE, "refused-key", "drives the cell"),
    Refused("dac/pace_pressure", Field(RAMP, units="bar"), PRESSURE, "refused-key", "drives the cell"),
    Refused("dac/load_bar", Field(RAMP), PRESSURE, "refused-key", "drives the cell"),
    Refused("dac/gas_pressure", Field(RAMP, units="bar"), PRESSURE, "refused-key", "gas"),
    Refused(f"{DETECTOR}/gas_pressure", Field(6.0, units="bars"), PRESSURE, "refused-key", "in the detector"),
    Refused("dac/piezo_voltage", Field(RAMP, units="V"), PRESSURE, "refused-key", "voltage"),
    Refused("dac/dDAC_voltage", Field(RAMP, units="V"), PRESSURE, "refused-key", "voltage"),
    Refused("before_scan/lakeshore/Ta", Field([4.9953]), "sample/temperature", "no-units", "Ta K'"),
    Refused("metadata/linkam_temp1", Field([24.0]), "sample/temperature", "no-units", "linkam_temp1 K'"),
    Refused("before_scan/lakeshore/Tset", Field([5.0]), "sample/temperature", "refused-key", "set point"),
    Refused(
        "environment/hutch_temperature",
        Field(23.1, units="°C"),
        "sample/temperature",
        "refused-key",
        "something else",
    ),
    Refused("extra/source:NXsource/probe", Field("muon"), "instrument/source/probe", "unknown-word", "x-ray"),
    Refused("collection/timeStamp", Field("10"), "start_time", "not-a-date", "'10'"),
]


def name(case: Taken | Refused) -> str:
    return f"{case.place.rpartition('/')[2]}-{case.rule if isinstance(case, Refused) else case.unit}"


@pytest.mark.parametrize("case", TAKEN, ids=name)
def test_a_key_goes_to_its_standard_place_in_the_standard_unit(case: Taken) -> None:
    run = migrate(with_key(series(case.n), case.place, case.item))
    field = run.field(f"/entry/{case.concept}")
    assert field is not None
    if isinstance(case.value, str):
        assert field.text == case.value
    else:
        assert field.shape == np.shape(case.value)
        np.testing.assert_allclose(field.array, case.value, rtol=1e-12)
    assert field.units == case.unit
    evidence = next(a.evidence for a in run.additions if a.path == f"/entry/{case.concept}")
    assert evidence is not None
    assert evidence.origin == path_of(case.place)


@pytest.mark.parametrize("case", REFUSED, ids=name)
def test_a_key_that_only_looks_like_the_concept_is_refused_with_the_reason(case: Refused) -> None:
    tree = with_key(series(case.n), case.place, case.item)
    outcome = review(tree)
    path = path_of(case.place)
    told = [finding for finding in outcome.findings if finding.path == path and finding.rule == case.rule]
    assert [finding.rule for finding in outcome.findings if finding.path == path] == [case.rule]
    assert case.reason in told[0].message
    assert told[0].message.startswith(f"{case.concept}: ")
    assert f"/entry/{case.concept}" not in migrate(tree)


@pytest.mark.parametrize("key", ["frame_numbers", "SDD", "latest_image_number", "frames_per_file"])
def test_a_key_that_tells_no_concept_is_passed_by(key: str) -> None:
    tree = with_key(series(), f"{COLLECTION}/{key}", Field([50], units="mm"))
    assert not any(finding.path.endswith(key) for finding in review(tree).findings)
    assert review(tree).placed == tuple(
        found for found in review(tree).placed if found.concept.startswith("data/")
    )


@pytest.mark.parametrize(
    "text", ["Sample B in Ne", "Sample In cell 7", "Sample No 3", "A sample of Ferropericlase"]
)
def test_a_name_in_words_is_not_a_formula(text: str) -> None:
    tree = with_key(series(), "comments/user_comment1", Field(text))
    assert "/entry/sample/chemical_formula" not in migrate(tree)


@pytest.mark.parametrize(
    ("text", "formula"),
    [("Sample: FeO, in Ne", "FeO"), ("sample Fe2O3.", "Fe2O3"), ("Sample (Mg0.2,Fe0.8)O", "(Mg0.2,Fe0.8)O")],
)
def test_a_formula_in_words_ends_where_it_ends(text: str, formula: str) -> None:
    run = migrate(with_key(series(), "comments/user_comment1", Field(text)))
    assert run["entry/sample/chemical_formula"].text == formula


def test_a_very_long_comment_is_read_in_no_time() -> None:
    long = "Sample B" + "1" * 200 + "x" + "P=1.5 " * 100_000
    assert review(with_key(series(), "comments/user_comment1", Field(long))).placed


def test_a_count_time_without_units_in_a_detector_is_not_touched() -> None:
    tree = with_key(series(), f"{DETECTOR}/count_time", Field(np.ones(N)))
    (finding,) = [f for f in review(tree).findings if f.path == "/entry/instrument/detector/count_time"]
    assert finding.rule == "no-units"
    assert "--set exposure='/entry/instrument/detector/count_time s'" in finding.message
    assert migrate(tree)["entry/instrument/detector/count_time"] == Field(np.ones(N))


def test_a_class_stored_as_an_array_is_read_as_a_class() -> None:
    tree = with_key(series(), f"{MONO}/energy", Field(25.6, units="keV"))
    tree = tree.put("entry/instrument/monochromator@NX_class", np.array(["NXmonochromator"]))
    assert "/entry/instrument/beam/incident_energy" in migrate(tree)


def test_what_stands_in_place_is_said_to_be_in_place() -> None:
    tree = with_key(series(), f"{DETECTOR}/count_time", Field([100.0], units="millisecond"))
    (found,) = [f for f in review(tree).found if f.concept == EXPOSURE]
    assert (found.state, found.path, found.shown) == (
        State.IN_PLACE,
        "/entry/instrument/detector/count_time",
        "0.1 s",
    )
