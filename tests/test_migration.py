"""Migration: what is added, where, with which account; and what never happens."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nxspectra import hdf5, migration
from nxspectra.errors import Refused, UnitError, UsageError
from nxspectra.findings import Severity
from nxspectra.migration import Review, migrate, migrate_and_review, render, review
from nxspectra.simulation import simulate
from nxspectra.spectra import Spectra
from nxspectra.testing import conforming
from nxspectra.tree import Field, Group, Link, Node, same_value
from nxspectra.validation import validate

WHEN = datetime(2021, 5, 27, 12, 0, tzinfo=UTC)
N = 3
RAMP = [0.1, 21.3, 44.1]


def raw(n: int = N, points: int = 8, **entry: Node) -> Group:
    """A raw series as a beamline may leave it, with everything that is required somewhere."""
    angles = np.linspace(9.6, 25.5, points)
    children: dict[str, Node] = {
        "integrated": Group(
            "NXdata",
            {
                "I": Field(np.outer(np.arange(1.0, n + 1), angles), units="counts"),
                "tth": Field(angles, units="deg"),
            },
            signal="I",
        ),
        "instrument": Group(
            "NXinstrument",
            {
                "mono": Group("NXcollection", {"energyfmb": Field([25600.0], units="eV")}),
                "lambda": Group(
                    "NXdetector",
                    {"collection": Group("NXcollection", {"shutter_time": Field([100.0], units="ms")})},
                ),
            },
        ),
        "dac": Group("NXcollection", {"p_ruby": Field(np.resize(RAMP, n), units="GPa")}),
        "probe_head": Group("NXsample", {"name": Field("ferropericlase")}),
    }
    return Group("NXroot", {"entry": Group("NXentry", {**children, **entry})})


def rules(outcome: Review) -> set[str]:
    return {finding.rule for finding in outcome.findings}


def is_within(tree: Group, larger: Group) -> bool:
    """Is everything of `tree` in `larger`, each value and attribute as it was?"""
    for path, node in [("/", tree), *tree.walk()]:
        other = larger if path == "/" else step(larger, path)
        if type(other) is not type(node):
            return False
        kept = all(same_value(value, other.attributes.get(name)) for name, value in node.attributes.items())
        if not kept or (isinstance(node, Field) and not same_value(node.data, other.data)):
            return False
        if isinstance(node, Link) and node != other:
            return False
    return True


def step(tree: Group, path: str) -> Node | None:
    """The node at `path` itself, links not followed."""
    node: Node | None = tree
    for name in path.strip("/").split("/"):
        node = node.children.get(name) if isinstance(node, Group) else None
    return node


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


# -- the laws ----------------------------------------------------------------------------------

KEYS: list[tuple[str, Node]] = [
    ("dac/membrane_pressure_bar", Field(RAMP)),
    ("dac/p_Au", Field(RAMP, units="GPa")),
    ("dac/pressure_Pt", Field([5.0, 6.0, 7.0], units="GPa")),
    ("collection/photon_energy", Field("25.6 keV")),
    ("collection/energy", Field(24.0, units="keV")),
    ("collection/wavelength", Field([0.48431], units="Å")),
    ("collection/wavelength", Field([0.48431])),
    ("collection/exposure_time", Field(0.1, units="mm")),
    ("collection/t_exp", Field(0.1, units="s")),
    ("instrument/other", Group("NXdetector", {"count_time": Field(1.0, units="s")})),
    ("instrument/beam", Group("NXcollection", {"slit": Field(1.0)})),
    ("instrument/beam", Group("NXbeam", {"incident_energy": Field(25.6)})),
    ("instrument/source", Group("NXsource", {"energy": Field(6.08, units="GeV")})),
    ("instrument/source", Group("NXsource", {"name": Field("ISIS"), "probe": Field("neutron")})),
    ("sample", Group("NXsample", {"name": Field("FeO"), "pressure": Field(12.0, units="bar")})),
    ("sample", Link("/entry/probe_head")),
    ("data", Group("NXdata", {"frames": Field(np.ones((3, 2)))}, signal="frames")),
    ("data", Group("NXdata", {"note": Field("empty so far")})),
    ("data", Field("not a group")),
    ("definition", Field("NXmx")),
    ("definition", Field(["NXdiffraction_spectra"])),
    ("title", Field("Ramp 42")),
    ("start_time", Field("2005-05-27 05:44:13")),
    ("comments", Group("NXcollection", {"user_comment1": Field("P=21.3 GPa, Sample FeO in Ne")})),
    ("again", Link("/entry/dac")),
    ("dangling", Link("/entry/nowhere")),
    ("elsewhere", Link("/entry/data", "other.nxs", "external")),
    ("migration", Group("NXnote", {"description": Field("of the beamline")})),
]

trees = st.lists(st.sampled_from(range(len(KEYS))), max_size=8, unique=True).map(
    lambda picks: [KEYS[index] for index in picks]
)


def with_keys(keys: list[tuple[str, Node]], without: str | None = None) -> Group:
    tree = raw()
    for path, node in keys:
        tree = tree.put(f"entry/{path}", node)
    return tree.without(without) if without else tree


@given(trees)
@settings(max_examples=60)
def test_nothing_raw_is_lost(keys: list[tuple[str, Node]]) -> None:
    tree = with_keys(keys)
    assert is_within(tree, migrate(tree))


@given(trees)
@settings(max_examples=60)
def test_migrating_twice_is_migrating_once(keys: list[tuple[str, Node]]) -> None:
    once = migrate(with_keys(keys))
    assert migrate(once) == once


@given(trees, st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_the_order_of_keys_does_not_matter(keys: list[tuple[str, Node]], chance: random.Random) -> None:
    def shuffled(group: Group) -> Group:
        names = list(group.children)
        chance.shuffle(names)
        children = {name: group.children[name] for name in names}
        return Group(
            None,
            {n: shuffled(c) if isinstance(c, Group) else c for n, c in children.items()},
            group.attributes,
        )

    tree = with_keys(keys)
    one, other = migrate_and_review(tree, when=WHEN), migrate_and_review(shuffled(tree), when=WHEN)
    assert one == other


@given(trees)
@settings(max_examples=40)
def test_a_review_says_what_a_migration_adds(keys: list[tuple[str, Node]]) -> None:
    tree = with_keys(keys)
    assert review(tree).added == migrate(tree).additions.paths


@given(trees)
@settings(max_examples=40)
def test_an_entry_is_declared_only_with_everything_required_or_the_rest_is_reported(
    keys: list[tuple[str, Node]],
) -> None:
    run, outcome = migrate_and_review(with_keys(keys))
    if outcome.complete:
        assert validate(run, "NXdiffraction_spectra").of(Severity.VIOLATION) == ()


def test_migrating_a_file_that_was_migrated_adds_nothing(tmp_path: Path) -> None:
    source = hdf5.write(raw(), tmp_path / "raw.nxs")
    once = hdf5.write(migrate(hdf5.read(source)), tmp_path / "run.nxs")
    assert not migrate(hdf5.read(once)).additions
    assert is_within(hdf5.read(source), hdf5.read(once))


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


# -- where it goes -----------------------------------------------------------------------------


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


# -- facts -------------------------------------------------------------------------------------


def test_a_fact_is_placed_and_recorded_as_given() -> None:
    run = migrate(raw().without("entry/instrument/mono"), facts={"beam_energy": "25600 eV"})
    assert run["entry/instrument/beam/incident_energy"].number == 25.6
    row = run["entry/migration/mapping/instrument_beam_incident_energy"]
    assert row.text == "--set beam_energy"
    assert row.attributes["raw_value"] == "25600"
    assert row.attributes["raw_units"] == "eV"


def test_one_pressure_for_a_series_is_given_to_every_spectrum_and_said_so() -> None:
    run, outcome = migrate_and_review(raw().without("entry/dac"), facts={"pressure": "21.3GPa"})
    assert run["entry/probe_head/pressure"].array.tolist() == [21.3] * N
    assert "broadcast-value" in rules(outcome)


@pytest.mark.parametrize(
    ("word", "text", "concept", "value"),
    [
        ("sample/pressure", "213 kbar", "probe_head/pressure", [21.3] * N),
        ("wavelength", "0.5 A", "instrument/beam/incident_energy", 24.796839686640052),
        ("exposure", "100 ms", "instrument/lambda/count_time", 0.1),
        ("temperature", "300 K", "probe_head/temperature", 300.0),
    ],
)
def test_a_fact_is_known_by_path_or_alias(word: str, text: str, concept: str, value: object) -> None:
    tree = raw().without("entry/dac").without("entry/instrument/mono")
    tree = tree.without("entry/instrument/lambda/collection")
    np.testing.assert_allclose(migrate(tree, facts={word: text})[f"entry/{concept}"].array, value)


@pytest.mark.parametrize(
    ("word", "text", "value"),
    [
        ("formula", "(Mg0.2,Fe0.8)O", "(Mg0.2,Fe0.8)O"),
        ("chemical_formula", " FeO ", "FeO"),
    ],
)
def test_a_text_is_given_without_a_unit(word: str, text: str, value: str) -> None:
    assert migrate(raw(), facts={word: text})["entry/probe_head/chemical_formula"].text == value


@pytest.mark.parametrize(
    ("facts", "error", "message"),
    [
        ({"pressure": "21.3"}, UnitError, "has no unit; say for example pressure=21.3GPa"),
        ({"pressure": "21.3 keV"}, UnitError, "unit of another kind"),
        ({"pressure": "21.3 furlongs/fortnight/x"}, UnitError, "is not a unit"),
        ({"pressure": "high"}, UsageError, "not a number with a unit"),
        ({"pressure": "2130 GPa"}, Refused, "2130 GPa is outside the plausible range 0 to 1000 GPa"),
        ({"pressure": "1, 2 GPa"}, Refused, "2 values for 3 spectra"),
        ({"pressure": "/entry/dac/p_rubi"}, UsageError, "there is no /entry/dac/p_rubi"),
        ({"pressure": "/entry/title"}, UsageError, "there is no /entry/title"),
        ({"presure": "1 GPa"}, UsageError, "did you mean 'pressure'"),
        ({"pressure": "1 GPa", "sample/pressure": "1 GPa"}, UsageError, "give one of them"),
        ({"intensity": "12 counts"}, UsageError, "not the path of a data set"),
        ({"intensity": "/entry/dac/p_ruby"}, Refused, "no two theta of that length"),
        ({"intensity": "/entry/probe_head/name"}, Refused, "holds no numbers"),
        ({"start_time": "yesterday"}, UsageError, "not a date"),
        ({"formula": " "}, UsageError, "empty"),
        ({"probe": "muon"}, UsageError, "none of x-ray, neutron, electron"),
        ({"exposure": "/entry/dac/p_ruby"}, Refused, "not a unit like 's'"),
        ({"exposure": "/entry/dac/p_ruby GPa"}, UnitError, "not a unit like 's'"),
        ({"sample_name": "FeO"}, Refused, "already says ferropericlase, not FeO"),
    ],
)
def test_a_fact_that_cannot_be_used_is_an_error_that_says_why(
    facts: dict[str, str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        migrate(raw(), facts=facts)
    assert message in str(caught.value)
    assert type(caught.value) is error


def test_a_fact_for_a_file_that_cannot_take_it_is_refused() -> None:
    tree = raw(definition=Field("NXmx")).without("entry/integrated")
    with pytest.raises(Refused, match="follows NXmx and has no spectra"):
        migrate(tree, facts={"pressure": "1 GPa"})


def test_spectra_that_no_rule_knows_are_named_by_a_person() -> None:
    tree = raw().without("entry/integrated")
    tree = tree.put("entry/pyfai", Group("NXcollection", {"yobs": Field(np.ones((N, 4)))}))
    tree = tree.put("entry/pyfai/xobs", Field([1.0, 2.0, 3.0, 4.0], units="deg"))
    run = migrate(tree, facts={"intensity": "/entry/pyfai/yobs", "two_theta": "/entry/pyfai/xobs"})
    assert Spectra.of(run).intensity.shape == (N, 4)
    assert run["entry/migration/mapping/data_intensity"].attributes["rule"] == "--set intensity"


# -- wrong shapes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "item", "rule", "message"),
    [
        ("integrated/I", Field(np.ones((8, N))), "wrong-shape", "one row for each angle"),
        ("integrated/I", Field(np.ones((N, 2, 8))), "wrong-shape", "(3, 2, 8)"),
        ("integrated/I", Field(np.ones((N, 7))), "no-angles", "7 points a spectrum"),
        ("integrated/tth", Field(np.ones(8), units="deg"), "not-ascending", "sort"),
        ("integrated/tth", Field(np.arange(8.0), units="1/nm"), "wrong-units", "1/nm"),
        ("integrated/tth", Field(np.arange(8.0)), "no-units", "no unit"),
    ],
)
def test_spectra_of_a_wrong_shape_are_refused_with_the_reason(
    path: str, item: Field, rule: str, message: str
) -> None:
    run, outcome = migrate_and_review(raw().put(f"entry/{path}", item))
    finding = next(f for f in outcome.findings if f.rule == rule)
    assert message in finding.message
    assert "/entry/data" not in run
    assert any(f.path == "/entry/data/intensity" for f in outcome.missing)


def test_nothing_is_migrated_without_an_entry() -> None:
    tree = Group("NXroot", {"collection": Group("NXcollection", {"energy": Field(25.6, units="keV")})})
    with pytest.raises(Refused, match="no NXentry"):
        migrate(tree)
    assert rules(review(tree)) == {"no-entry"}


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


def test_every_rule_that_is_told_is_described() -> None:
    told = set()
    for key in KEYS:
        told |= rules(review(with_keys([key])))
    assert told <= migration.RULES.keys()


def test_the_digest_of_a_tree_does_not_depend_on_the_order_of_its_keys() -> None:
    one, two = Field(1), Field(2)
    digests = {
        migrate(raw(**keys), when=WHEN)["entry/migration/source_file/checksum"].text
        for keys in ({"a": one, "b": two}, {"b": two, "a": one})
    }
    assert len(digests) == 1
