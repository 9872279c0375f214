"""Where a migration puts things: groups by their class, subentries, what stands in the way."""

from __future__ import annotations

import numpy as np
import pytest
from raw_series import RAMP, N, raw, rules, step

from nxspectra.errors import Refused
from nxspectra.findings import Severity
from nxspectra.migration import migrate, migrate_and_review, review
from nxspectra.spectra import Spectra
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group, Link
from nxspectra.validation import validate


def test_an_entry_that_follows_another_definition_keeps_it_and_gets_a_subentry() -> None:
    run = migrate(raw(definition=Field("NXmx"), start_time=Field("2005-05-27 05:44:13")))
    assert run["entry/definition"].text == "NXmx"
    assert run["entry/diffraction_spectra/definition"].text == "NXdiffraction_spectra"
    assert run["entry/diffraction_spectra/start_time"].text == "2005-05-27T05:44:13"
    assert step(run, "/entry/diffraction_spectra/data/intensity") == Link("/entry/integrated/I")
    ours = [entry for entry in validate(run).entries if entry.definition == "NXdiffraction_spectra"]
    assert [(entry.path, entry.conforms) for entry in ours] == [("/entry/diffraction_spectra", True)]


def test_data_of_another_content_stays_and_ours_goes_into_a_subentry() -> None:
    other = Group("NXdata", {"frames": Field(np.ones((3, 5, 5)))}, signal="frames")
    tree = raw(data=other)
    run = migrate(tree)
    assert run["entry/data"] == other
    assert len(Spectra.of(run)) == N
    assert run.attribute("entry@default") == "diffraction_spectra"


def test_what_keeps_an_entry_from_following_our_definition_is_a_violation() -> None:
    entry = {"definition": Field("NXdiffraction_spectra"), "reduction": Group("NXnote")}
    (finding,) = [f for f in review(raw(**entry)).findings if f.rule == "in-the-way"]
    assert finding.severity is Severity.VIOLATION
    assert "/entry/reduction is not the NXprocess" in finding.message


def test_a_default_plot_that_is_there_is_not_replaced() -> None:
    run = migrate(raw().put("entry@default", "integrated"))
    assert run.attribute("entry@default") == "integrated"


def test_an_entry_of_another_definition_without_spectra_is_left_as_it_is() -> None:
    tree = raw(definition=Field("NXmx")).without("entry/integrated")
    run, outcome = migrate_and_review(tree)
    assert not run.additions
    assert run is tree
    assert "no-spectra" in rules(outcome)


def test_a_unit_that_a_person_knows_is_added_to_a_number_in_place() -> None:
    tree = raw().put("entry/instrument/lambda/count_time", Field(np.full(N, 0.1)))
    tree = tree.without("entry/instrument/lambda/collection")
    run = migrate(tree, facts={"exposure": "/entry/instrument/lambda/count_time s"})
    assert run["entry/instrument/lambda/count_time"].units == "s"
    assert "/entry/instrument/lambda/count_time@units" in run.additions.paths
    assert validate(run).conforms


def test_a_value_in_place_that_cannot_be_used_sends_ours_into_a_subentry() -> None:
    tree = raw().put("entry/instrument/lambda/count_time", Field(0.1, units="mm"))
    run = migrate(tree)
    assert run["entry/instrument/lambda/count_time"].units == "mm"
    assert Spectra.of(run).entry == "/entry/diffraction_spectra"
    assert Spectra.of(run).exposure == pytest.approx([0.1])


def test_a_name_that_is_taken_by_something_else_is_not_used() -> None:
    tree = raw().put("entry/instrument/beam", Group("NXcollection", {"slit": Field(1.0)}))
    assert "/entry/instrument/beam_2/incident_energy" in migrate(tree)


def test_values_are_added_behind_a_link_where_the_group_really_stands() -> None:
    tree = raw().put("entry/instrument", Link("/beamline")).put("beamline", raw()["entry/instrument"])
    run = migrate(tree)
    assert step(run, "/entry/instrument") == Link("/beamline")
    assert "/beamline/beam/incident_energy" in run.additions.paths


def test_only_the_entries_with_spectra_are_declared() -> None:
    tree = raw().put("calibration", Group("NXentry", {"title": Field("CeO2")}))
    run = migrate(tree, facts={"formula": "FeO"})
    assert "/calibration/definition" not in run
    assert "/entry/definition" in run
    assert "/calibration/sample" not in run


def test_an_entry_without_spectra_beside_a_series_does_not_make_it_incomplete() -> None:
    outcome = review(raw().put("calibration", Group("NXentry", {"title": Field("CeO2")})))
    assert outcome.complete
    assert {f.severity for f in outcome.missing if f.path.startswith("/calibration/")} == {Severity.INFO}


def test_two_series_in_one_file_are_both_migrated() -> None:
    run = migrate(raw().put("second", raw()["entry"]).put("second/dac/p_ruby", Field(RAMP, units="kbar")))
    assert run["second/probe_head/pressure"].array.tolist() == pytest.approx([0.01, 2.13, 4.41])
    assert run.attribute("@default") == "entry"
    assert validate(run).conforms


def test_photon_formulas_are_not_applied_to_neutrons() -> None:
    tree = raw().without("entry/instrument/mono")
    tree = tree.put("entry/instrument/source", Group("NXsource", {"probe": Field("neutron")}))
    tree = tree.put(
        "entry/instrument/monochromator",
        Group("NXmonochromator", {"wavelength": Field([2.5666], units="Angstroem")}),
    )
    outcome = review(tree)
    (finding,) = [f for f in outcome.refused if f.rule == "neutrons"]
    assert "2.5666 Angstroem is a wavelength of neutrons" in finding.message
    assert not [f for f in outcome.found if f.concept == "instrument/beam/incident_energy"]
    with pytest.raises(Refused, match="formula for photons"):
        migrate(tree, facts={"wavelength": "0.5 angstrom"})


def test_detectors_that_were_exposed_differently_are_ambiguous() -> None:
    tree = raw().put("entry/instrument/pe", Group("NXdetector", {"count_time": Field(1.0, units="s")}))
    (finding,) = review(tree).ambiguous
    assert "/entry/instrument/pe/count_time says 1 s" in finding.message
    assert "/entry/instrument/lambda/collection/shutter_time says 0.1 s" in finding.message
    run = migrate(tree, facts={"exposure": "/entry/instrument/lambda/collection/shutter_time"})
    assert run["entry/instrument/lambda/count_time"].number == 0.1
    assert validate(run).conforms


def test_a_source_that_lacks_what_every_source_must_have_sends_ours_into_a_subentry() -> None:
    tree = raw().put("entry/instrument/source", Group("NXsource", {"energy": Field(6.08, units="GeV")}))
    assert Spectra.of(migrate(tree)).entry == "/entry/diffraction_spectra"
    whole = migrate(tree, facts={"source": "PETRA III", "probe": "X-rays"})
    assert whole["entry/instrument/source/probe"].text == "x-ray"
    assert validate(whole).conforms


def test_a_source_is_made_only_when_it_would_be_whole() -> None:
    assert "/entry/instrument/source" not in migrate(raw(), facts={"source": "PETRA III"})
    assert "/entry/instrument/source/name" in migrate(raw(), facts={"source": "PETRA III", "probe": "x-ray"})


def test_a_name_of_the_definition_with_another_meaning_sends_ours_into_a_subentry() -> None:
    run = migrate(raw(reduction=Group("NXnote", {"description": Field("dark current taken off")})))
    assert Spectra.of(run).entry == "/entry/diffraction_spectra"
    assert validate(run).conforms


def test_the_detector_with_the_images_is_the_one_that_was_exposed() -> None:
    tree = raw().put("entry/instrument/diode", Group("NXdetector", {"count_time": Field(1.0, units="s")}))
    tree = tree.put("entry/instrument/lambda/data", Field(np.ones((N, 16, 16))))
    assert migrate(tree)["entry/instrument/lambda/count_time"].number == 0.1


def test_a_second_detector_without_a_time_sends_ours_into_a_subentry() -> None:
    run, outcome = migrate_and_review(raw().put("entry/instrument/diode", Group("NXdetector")))
    assert Spectra.of(run).entry == "/entry/diffraction_spectra"
    assert validate(run).conforms
    (note,) = [finding for finding in outcome.notes if finding.rule == "subentry"]
    assert "/entry/instrument/diode is another NXdetector" in note.message


def test_a_detector_called_lambda_is_no_wavelength() -> None:
    tree = raw().put("entry/instrument/lambda/data", Field(np.ones((N, 16, 16))))
    assert "/entry/instrument/lambda" not in {finding.path for finding in review(tree).findings}


def test_a_conforming_tree_needs_nothing() -> None:
    tree = conforming(migrated=True)
    run, outcome = migrate_and_review(tree)
    assert not run.additions
    assert outcome.complete
    assert outcome.missing == ()
