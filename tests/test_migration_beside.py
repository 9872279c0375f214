"""What a migration keeps beside the concepts: the drive of the cell, the integration, the frame times."""

from __future__ import annotations

import numpy as np
import pytest

from nxspectra.errors import CrosswalkError
from nxspectra.migration import Crosswalk, State, migrate, migrate_and_review, review
from nxspectra.simulation import simulate
from nxspectra.tree import Field, Group, Link, Node
from nxspectra.validation import validate

N = 3
BAR = [1.2, 14.5, 33.0]
FACTS = {
    "pressure": "0.1, 21.3, 44.1 GPa",
    "beam_energy": "25.6keV",
    "exposure": "100ms",
    "sample_name": "FeO",
}
ENVIRONMENT = "/entry/sample/pressure_env"


def raw(**entry: Node) -> Group:
    angles = np.linspace(9.6, 25.5, 8)
    data = Group(
        "NXdata", {"I": Field(np.ones((N, 8)), units="counts"), "tth": Field(angles, units="deg")}, signal="I"
    )
    return Group("NXroot", {"entry": Group("NXentry", {"integrated": data, **entry})})


def cell(**keys: Node) -> Group:
    return raw(dac=Group("NXcollection", keys))


def process(**children: Node) -> Group:
    told: dict[str, Node] = {
        "program": Field("pyFAI"),
        "version": Field("0.19.0"),
        "date": Field("2020-10-09T15:28:32+02:00"),
    }
    return Group("NXprocess", {**told, **children})


# -- the drive of the cell ---------------------------------------------------------------------


def test_a_simulated_file_keeps_what_it_knows_beside_the_concepts() -> None:
    run = migrate(simulate(0, frames=6, points=100).tree())
    sensor = run[f"{ENVIRONMENT}/gas_membrane"]
    assert sensor.nx_class == "NXsensor"
    assert (sensor["measurement"].text, sensor["type"].text) == ("pressure", "gas membrane")
    assert run[f"{ENVIRONMENT}/gas_membrane/value"].units == "bar"
    assert run[f"{ENVIRONMENT}/type"].text == "dynamic diamond anvil cell, membrane driven"
    assert run["entry/reduction/program"].text == "pyFAI"
    missing = {finding.path for finding in validate(run).findings if finding.rule.startswith("missing")}
    assert missing == {"/entry/instrument/detector/start_time", "/entry/reduction/input"}


def test_the_gas_pressure_is_a_sensor_and_never_the_pressure_on_the_sample() -> None:
    run, outcome = migrate_and_review(cell(membrane_pressure=Field(BAR, units="bar")))
    assert run[f"{ENVIRONMENT}/gas_membrane/value"].array.tolist() == BAR
    assert "/entry/sample/pressure" not in run
    assert "refused-key" in {finding.rule for finding in outcome.findings}


def test_a_unit_in_the_name_is_written_beside_the_value() -> None:
    run = migrate(cell(load_bar=Field(BAR)), facts=FACTS)
    value = run[f"{ENVIRONMENT}/gas_membrane/value"]
    assert (value.units, value.array.tolist()) == ("bar", BAR)
    assert validate(run).conforms


def test_two_gauges_of_one_kind_are_two_sensors() -> None:
    run = migrate(cell(membrane_pressure=Field(BAR, units="bar"), load_bar=Field(BAR)))
    assert [name for name in run[ENVIRONMENT] if name.startswith("gas")] == ["gas_membrane", "gas_membrane_2"]


@pytest.mark.parametrize(
    "field",
    [
        Field(BAR),
        Field(BAR, units="mm"),
        Field([-1.0, 2.0, 3.0], units="bar"),
        Field(np.full(N, np.nan), units="bar"),
        Field([1.0, 2.0], units="bar"),
        Field(BAR, units="GPa"),
    ],
    ids=["no unit", "no pressure", "negative", "nothing", "two values", "too high for a gas"],
)
def test_what_is_no_pressure_of_a_gas_is_no_sensor(field: Field) -> None:
    assert ENVIRONMENT not in migrate(cell(membrane_pressure=field))


def test_a_sensor_that_tells_the_same_is_not_made_twice() -> None:
    sensor = Group(
        "NXsensor",
        {"measurement": Field("pressure"), "type": Field("PACE"), "value": Field(BAR, units="bar")},
    )
    sample = Group("NXsample", {"pressure_env": Group("NXenvironment", {"pace": sensor})})
    tree = raw(sample=sample, dac=Group("NXcollection", {"load_bar": Field(BAR, units="bar")}))
    run, outcome = migrate_and_review(tree)
    assert list(run.group(ENVIRONMENT).children) == ["pace"]
    (found,) = [one for one in outcome.found if one.concept.endswith("pace/value")]
    assert found.state is State.IN_PLACE


def test_migrating_twice_makes_no_second_sensor() -> None:
    once = migrate(cell(membrane_pressure=Field(BAR, units="bar"), load_bar=Field(BAR)), facts=FACTS)
    assert migrate(once, facts=FACTS) == once


def test_only_a_refused_pressure_can_be_a_sensor(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'title = "Mine"\n[[refuse]]\nid = "a"\nconcept = "exposure"\nkeys = ["t"]\nsensor = "clock"\n'
        'reason = "it is something else"\n'
    )
    with pytest.raises(CrosswalkError, match="only what is refused as sample/pressure"):
        Crosswalk.load(path)


# -- the integration ---------------------------------------------------------------------------


def test_the_account_of_the_integration_is_linked_as_reduction() -> None:
    run = migrate(raw(integration=process()), facts=FACTS)
    assert run.group("entry").children["reduction"] == Link("/entry/integration")
    assert run.attribute("entry/integration@target") == "/entry/integration"
    assert run["entry/migration/mapping/reduction"].text == "/entry/integration"
    assert validate(run).conforms


def test_of_several_integrations_that_of_the_spectra_is_taken() -> None:
    tree = raw(dark=process(program=Field("pyFAI-average"), name=Field("integration of dark images")))
    tree = tree.without("entry/integrated").put("entry/azint", process(result=raw()["entry/integrated"]))
    assert migrate(tree).group("entry").children["reduction"] == Link("/entry/azint")


@pytest.mark.parametrize(
    "group",
    [
        process(date=Field("Monday, November 11, 2024 at 02:01 PM")),
        process(input=Group("NXnote")),
        process(input=Field("L2.poni")),
        process(program=Field(" ")),
        process(program=Field("fitting of peaks")),
        Group("NXcollection", {"program": Field("pyFAI")}),
    ],
    ids=["no ISO date", "input is a note", "input is a field", "no program", "no integration", "no process"],
)
def test_what_the_definition_would_not_accept_is_not_linked(group: Group) -> None:
    assert "/entry/reduction" not in migrate(raw(steps=group))


def test_two_integrations_without_the_spectra_are_not_decided() -> None:
    assert "/entry/reduction" not in migrate(raw(one=process(), two=process()))


# -- the times of the frames -------------------------------------------------------------------


def test_the_times_of_the_frames_are_placed_with_the_moment_they_count_from() -> None:
    times = Field([0.0, 100.0, 200.0], units="ms", start="2020-10-09T15:25:32+02:00")
    run = migrate(raw(log=Group("NXcollection", {"frame_times": times})), facts=FACTS)
    field = run["entry/instrument/detector/start_time"]
    assert (field.units, field.array.tolist()) == ("s", [0.0, 0.1, 0.2])
    assert field.attributes["start"] == "2020-10-09T15:25:32+02:00"
    assert validate(run).conforms


def test_the_start_of_the_series_is_meant_by_its_name_alone() -> None:
    run = migrate(raw(), facts={"start_time": "2020-10-09T15:25:32+02:00"})
    assert run["entry/start_time"].text == "2020-10-09T15:25:32+02:00"


def test_times_without_a_unit_are_not_taken() -> None:
    outcome = review(raw(log=Group("NXcollection", {"frame_times": Field([0.0, 0.1, 0.2])})))
    assert "no-units" in {finding.rule for finding in outcome.findings}
