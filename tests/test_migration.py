"""Migration: what is added, with which account, what is refused, and how it is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from raw_series import WHEN, N, raw, rules, step

from nxspectra import hdf5
from nxspectra.findings import Severity
from nxspectra.migration import migrate, migrate_and_review, render, review
from nxspectra.simulation import simulate
from nxspectra.spectra import Spectra
from nxspectra.tree import Field, Group, Link
from nxspectra.validation import validate

# -- the whole of it ---------------------------------------------------------------------------


def test_a_simulated_raw_file_conforms_after_migration() -> None:
    run = migrate(simulate(0, frames=12).tree())
    report = validate(run)
    assert report.conforms
    assert report.of(Severity.VIOLATION) == ()


def test_the_spectra_of_a_simulated_raw_file_are_found_with_their_conditions() -> None:
    ramp = simulate(0, frames=12)
    spectra = Spectra.of(migrate(ramp.tree()))
    assert spectra.intensity.shape == ramp.spectra.intensity.shape
    assert spectra.energy == pytest.approx([25.6])
    assert spectra.exposure == pytest.approx([0.1])
    assert spectra.pressure is not None
    assert len(spectra.pressure) == 12


def test_every_trap_of_a_simulated_raw_file_is_refused() -> None:
    outcome = review(simulate(0, frames=12).tree())
    refused = {finding.path.rpartition("/")[2] for finding in outcome.refused}
    assert refused >= {
        "beam_energy",
        "calib_energy",
        "threshold_energy",
        "energy_min",
        "energy_max",
        "shutter_time_min",
        "shutter_time_max",
        "delay_time",
        "exposure_time",
        "membrane_pressure_bar",
        "pressure_Pt_before",
        "chamber_pressure",
        "target_pressure",
        "hutch_temperature",
    }
    assert outcome.complete


def test_groups_of_the_right_class_are_used_whatever_they_are_called() -> None:
    run = migrate(raw())
    assert "/entry/probe_head/pressure" in run
    assert "/entry/instrument/lambda/count_time" in run
    assert "/entry/sample" not in run
    assert validate(run).conforms


def test_the_spectra_are_linked_and_never_copied() -> None:
    run = migrate(raw())
    assert step(run, "/entry/data/intensity") == Link("/entry/integrated/I")
    assert run.attribute("/entry/integrated/I@target") == "/entry/integrated/I"
    assert step(run, "/entry/data/pressure") == Link("/entry/probe_head/pressure")


def test_a_single_spectrum_gets_the_dimension_that_it_lacks() -> None:
    tree = raw(n=1).put("entry/integrated/I", Field(np.arange(8.0), units="counts"))
    run = migrate(tree)
    assert run.field("entry/data/intensity").shape == (1, 8)
    assert validate(run).conforms


def test_angles_in_radians_are_written_in_degrees() -> None:
    tree = raw().put("entry/integrated/tth", Field(np.radians(np.linspace(9.6, 25.5, 8)), units="rad"))
    field = migrate(tree).field("entry/data/two_theta")
    assert field.units == "deg"
    np.testing.assert_allclose(field.array, np.linspace(9.6, 25.5, 8))


def test_an_entry_without_spectra_is_not_declared_and_still_gets_what_is_known() -> None:
    run = migrate(raw().without("entry/integrated"))
    assert "/entry/definition" not in run
    assert run["/entry/instrument/beam/incident_energy"].number == 25.6


# -- several keys for one concept ----------------------------------------------------------------


def test_two_keys_that_disagree_are_ambiguous_and_nothing_is_written() -> None:
    tree = raw().put("entry/dac/pressure_Pt", Field([1.0, 2.0, 3.0], units="GPa"))
    run, outcome = migrate_and_review(tree)
    (finding,) = outcome.ambiguous
    assert "/entry/probe_head/pressure" not in run
    assert "/entry/dac/p_ruby says 3 values, 0.1 to 44.1 GPa" in finding.message
    assert "/entry/dac/pressure_Pt says 3 values, 1 to 3 GPa" in finding.message
    assert finding.path == "/entry/probe_head/pressure"


def test_naming_one_of_two_keys_ends_the_ambiguity() -> None:
    tree = raw().put("entry/dac/pressure_Pt", Field([1.0, 2.0, 3.0], units="GPa"))
    run, outcome = migrate_and_review(tree, facts={"pressure": "/entry/dac/pressure_Pt"})
    assert run["entry/probe_head/pressure"].array.tolist() == [1.0, 2.0, 3.0]
    assert outcome.ambiguous == ()
    assert "differing-key" in rules(outcome)


def test_of_keys_that_agree_the_most_trusted_is_taken_and_the_others_are_noted() -> None:
    tree = raw().put("entry/collection", Group("NXcollection", {"photon_energy": Field("25.61 keV")}))
    tree = tree.put("entry/collection/wavelength", Field([0.48431], units="angstrom"))
    (found,) = [f for f in review(tree).placed if f.concept == "instrument/beam/incident_energy"]
    assert found.origin == "/entry/instrument/mono/energyfmb"
    assert found.agreeing == ("/entry/collection/photon_energy", "/entry/collection/wavelength")


def test_energy_and_wavelength_that_contradict_each_other_are_ambiguous() -> None:
    tree = raw().put("entry/instrument/mono/wavelength", Field([1.54], units="angstrom"))
    (finding,) = review(tree).ambiguous
    assert "25.6 keV" in finding.message
    assert "8.05" in finding.message


def test_a_number_without_a_unit_that_agrees_is_noted() -> None:
    tree = raw().put("entry/instrument/mono/DCM_energy", Field([25.6]))
    (found,) = [f for f in review(tree).placed if f.concept == "instrument/beam/incident_energy"]
    assert found.agreeing == ("/entry/instrument/mono/DCM_energy",)
    assert "agreeing-number" in rules(review(tree))


def test_a_key_that_differs_from_what_stands_in_place_is_reported() -> None:
    tree = raw().put("entry/instrument/lambda/count_time", Field(0.2, units="s"))
    outcome = review(tree)
    (finding,) = [f for f in outcome.notes if f.rule == "differing-key"]
    assert finding.path == "/entry/instrument/lambda/collection/shutter_time"
    assert "0.1 s" in finding.message
    assert "0.2 s" in finding.message


def test_spectra_in_two_places_are_ambiguous() -> None:
    tree = raw()
    outcome = review(tree.put("entry/other", tree["entry/integrated"]))
    (finding,) = outcome.ambiguous
    assert "/entry/integrated/I and /entry/other/I" in finding.message


def test_an_object_under_two_names_is_one_key() -> None:
    tree = raw().put("entry/plot", Group("NXdata", {"p_ruby": Link("/entry/dac/p_ruby", None, "hard")}))
    assert review(tree).ambiguous == ()


def test_a_key_that_is_refused_under_one_name_is_not_taken_under_another() -> None:
    tree = raw().without("entry/instrument/mono")
    tree = tree.put("entry/instrument/source", Group("NXsource", {"energy": Field(6.0, units="keV")})).put(
        "entry/instrument/beam", Group("NXbeam", {"incident_energy": Link("/entry/nowhere")})
    )
    tree = tree.put(
        "entry/collection", Group("NXcollection", {"photon_energy": Link("/entry/instrument/source/energy")})
    )
    assert not [f for f in review(tree).found if f.concept == "instrument/beam/incident_energy"]


# -- the account -------------------------------------------------------------------------------


def test_the_account_names_the_raw_file_the_crosswalk_and_every_added_path(tmp_path: Path) -> None:
    source = hdf5.read(hdf5.write(raw(), tmp_path / "raw_0042.nxs"))
    run = migrate(source, when=WHEN)
    account = run["entry/migration"]
    assert account["date"].text == "2021-05-27T12:00:00+00:00"
    assert account["source_file/file_name"].text == "raw_0042.nxs"
    assert account["source_file/checksum"].text == source.source.digest
    assert account["crosswalk/file_name"].text == "p02.2.toml"
    assert len(account["crosswalk/checksum"].text) == 64
    listed = account["added_paths"].array.tolist()
    assert [path for path in listed if path in run.additions.paths] == list(run.additions.paths)
    assert set(listed) == {path for path, _ in run.walk() if path not in source} | {
        path for path in run.additions.paths if "@" in path
    }


def test_each_concept_says_where_it_came_from_and_how() -> None:
    row = migrate(raw())["entry/migration/mapping/instrument_detector_count_time"]
    assert row.text == "/entry/instrument/lambda/collection/shutter_time"
    assert dict(row.attributes) == {
        "target": "instrument/detector/count_time",
        "raw_value": "100",
        "raw_units": "ms",
        "conversion": "ms -> s",
        "rule": "desy.shutter-time",
        "trust": "set",
    }


def test_a_later_migration_with_a_new_fact_adds_only_that_and_a_second_account() -> None:
    tree = raw().without("entry/dac")
    once = migrate(tree)
    twice = migrate(once, facts={"pressure": "0.1, 21.3, 44.1 GPa"})
    new = twice.additions.paths[len(once.additions) :]
    assert new == (
        "/entry/probe_head/pressure",
        "/entry/data/pressure",
        "/entry/data@pressure_indices",
        "/entry/migration_2",
    )
    assert list(twice["entry/migration_2/mapping"].children) == ["sample_pressure"]
    assert validate(twice).conforms
    assert migrate(twice, facts={"pressure": "0.1, 21.3, 44.1 GPa"}) == twice


# -- the review --------------------------------------------------------------------------------


def test_what_is_missing_is_said_with_the_way_to_supply_it() -> None:
    tree = raw().without("entry/dac").without("entry/instrument/mono")
    missing = {finding.path: finding for finding in review(tree).missing}
    assert "--set pressure=21.3GPa" in missing["/entry/probe_head/pressure"].message
    assert "--set beam_energy=25.6keV" in missing["/entry/instrument/beam/incident_energy"].message
    assert missing["/entry/probe_head/pressure"].severity is Severity.VIOLATION
    assert missing["/entry/title"].severity is Severity.INFO
    assert not review(tree).complete


def test_a_refused_key_matters_more_while_the_concept_is_not_known() -> None:
    trap = Field([12000.0], units="eV")
    tree = raw().put("entry/instrument/lambda/collection/beam_energy", trap)
    (known,) = [f for f in review(tree).refused if f.path.endswith("beam_energy")]
    (unknown,) = [
        f for f in review(tree.without("entry/instrument/mono")).refused if f.path.endswith("beam_energy")
    ]
    assert (known.severity, unknown.severity) == (Severity.INFO, Severity.WARNING)


def test_the_text_of_a_review_says_all_that_a_person_asks() -> None:
    tree = raw().without("entry/dac").put("entry/load_bar", Field([1.0, 2.0, 3.0]))
    text = render(review(tree))
    assert "/entry: 3 spectra of 8 points" in text
    assert "/entry/instrument/lambda/count_time = 0.1 s  from" in text
    assert "--set pressure=21.3GPa" in text
    assert "drives the cell" in text
    assert text.splitlines()[-1].startswith("Not complete: 1 required thing missing")


def test_refusals_of_one_group_for_one_reason_share_a_line() -> None:
    gauges = {f"ip0{i}_pressure": Field(1e-9, units="mbar") for i in range(1, 6)}
    text = render(review(raw(vacuum=Group("NXcollection", gauges))))
    assert text.count("vacuum in a chamber") == 1
    assert "(and 4 more in /entry/vacuum)" in text


def test_a_review_as_json_has_its_parts() -> None:
    document = review(raw()).as_json()
    assert document["crosswalk"] == "p02.2"
    assert document["complete"] is True
    assert document["entries"] == [{"path": "/entry", "target": "/entry", "spectra": [N, 8], "follows": None}]


def test_the_digest_of_a_tree_does_not_depend_on_the_order_of_its_keys() -> None:
    one, two = Field(1), Field(2)
    digests = {
        migrate(raw(**keys), when=WHEN)["entry/migration/source_file/checksum"].text
        for keys in ({"a": one, "b": two}, {"b": two, "a": one})
    }
    assert len(digests) == 1
