"""What a person gives to a migration, and spectra that have a wrong shape."""

from __future__ import annotations

import numpy as np
import pytest
from raw_series import N, raw, rules

from nxspectra.errors import Refused, UnitError, UsageError
from nxspectra.migration import migrate, migrate_and_review, review
from nxspectra.spectra import Spectra
from nxspectra.tree import Field, Group

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
