"""What the PaN search API finds by parameters, whatever units they are asked for and kept in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from facility import RAMP, number, record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from indexes import indexes
from pan_questions import ask, facility_index, having, joined, parameter

from nxspectra.catalogue.index import Index
from nxspectra.errors import FilterError


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with facility_index(request.param, tmp_path_factory.mktemp("pan")) as index:
        yield index


def test_parameters_of_a_document_are_those_of_its_data_sets(index: Index) -> None:
    found = ask(index, {"include": [parameter("wavelength", {"between": [1000, 1100]}, "nm")]}, "Document")
    assert [thing["pid"] for thing in found] == ["10.5072/proposal"]
    assert found[0]["parameters"][0]["value"] == 1064


# -- parameters with units ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (parameter("sample_pressure", {"between": ["0.5", "1"]}, "Mbar"), {"ramp"}),
        (parameter("sample_pressure", {"lt": 2}, "bar"), {"ambient"}),
        (parameter("sample_pressure", {"lte": 1}, "atm"), {"ambient"}),
        (parameter("sample_pressure", {"lt": 1}, "atm"), set()),
        (parameter("sample_pressure", {"gt": 120}, "GPa"), {"ramp"}),
        (parameter("sample_pressure", {"gt": 120.4}, "GPa"), set()),
        (parameter("sample_pressure", {"gte": 1204}, "kbar"), {"ramp"}),
        (parameter("sample_pressure", 101325, "Pa"), {"ambient"}),
        (parameter("sample_pressure", {"eq": 44.1}, "GPa"), {"ramp"}),
        (parameter("sample_pressure", {"neq": 44.1}, "GPa"), {"ambient"}),
        (parameter("sample_pressure", {"inq": [1, 44]}, "GPa"), {"ramp"}),
        (parameter("sample_pressure", {"nin": [1, 44]}, "GPa"), {"ambient"}),
        (parameter("sample_temperature", {"between": [290, 300]}, "K"), {"ambient", "ice", "copper"}),
        (parameter("sample_temperature", {"between": [19, 21]}, "celsius"), {"ice", "copper"}),
        (parameter("sample_temperature", {"between": [67, 69]}, "fahrenheit"), {"ice", "copper"}),
        (parameter("photon_energy", {"between": [880, 990]}, "eV"), {"copper"}),
        (parameter("photon_energy", {"between": [0.88, 0.99]}, "keV"), {"copper"}),
        (parameter("photon_energy", {"between": [1.4e-16, 1.6e-16]}, "J"), {"copper"}),
        (parameter("incident_photon_energy", {"between": [25, 26]}, "keV"), {"ramp", "ambient"}),
        (parameter("incident_wavelength", {"between": [40, 50]}, "pm"), {"ramp", "ambient"}),
        (parameter("incident_wavelength", {"between": [2, 3]}, "angstrom"), {"ice"}),
        (parameter("incident_photon_energy", {"between": [5, 6]}, "keV"), set()),
        (parameter("incident_photon_energy", {"neq": 25.6}, "keV"), {"ambient", "copper"}),
        (parameter("pressure", {"gt": 100}, "GPa"), {"ramp"}),
        (parameter("sample_pressure", {"gt": 0}, "K"), set()),
        (parameter("sample_mass", {"gt": 2}, "furlong"), {"ice"}),
        (parameter("sample_mass", {"gt": 2}), {"ice"}),
        (parameter("run", 7), {"copper"}),
        (parameter("run", {"between": ["6", "8"]}), {"copper"}),
        (parameter("run", {"gt": 6}, ""), {"copper"}),
        (parameter("sample_state", "solid"), {"copper"}),
        (parameter("sample_state", {"neq": "solid"}), set()),
        (parameter("sample_state", {"like": "%oli%"}), {"copper"}),
        (parameter("chemical_formula", {"like": "Cu"}), {"copper"}),
        (parameter("sample_chemical_formula", {"like": "Fe0.8"}), {"ramp", "ambient"}),
        (parameter("sample_chemical_formula", {"ilike": "(mg%)o"}), {"ramp", "ambient"}),
        (joined("parameters", {"name": {"like": "sample%"}}), {"ramp", "ambient", "ice", "copper"}),
        (joined("parameters", {"unit": "celsius"}), {"ambient", "ice", "copper"}),
    ],
)  # fmt: skip
def test_parameters(index: Index, asked: dict[str, Any], found: set[str]) -> None:
    assert having(index, asked) == found


def test_all_of_several_parameters_must_hold_each_on_some(index: Index) -> None:
    cold, formula = parameter("temperature", {"lt": 80}, "celsius"), parameter("chemical_formula", "Cu")
    assert having(index, cold, formula) == {"copper"}
    assert having(index, cold, parameter("chemical_formula", "Ag")) == set()
    shown = ask(index, {"include": [cold, formula]})[0]["parameters"]
    assert [each["name"] for each in shown] == ["temperature", "chemical_formula"]


def test_one_of_several_parameters_is_enough_with_or(index: Index) -> None:
    either = {
        "or": [
            {"and": [{"name": "sample_state"}, {"value": "solid"}]},
            {"and": [{"name": "sample_pressure"}, {"value": {"gt": 1}}, {"unit": "GPa"}]},
        ]
    }
    assert having(index, joined("parameters", either)) == {"copper", "ramp"}


def test_a_unit_reaches_into_alternatives(index: Index) -> None:
    inside = {"or": [{"value": {"lt": 2}}, {"value": {"gt": 1e6}}]}
    asked = joined("parameters", {"and": [{"name": "sample_pressure"}, inside, {"unit": "bar"}]})
    assert having(index, asked) == {"ramp", "ambient"}


@pytest.mark.parametrize(
    ("asked", "value", "unit"),
    [
        (parameter("sample_pressure", 101325, "Pa"), 101325, "Pa"),
        (parameter("sample_pressure", {"lt": 2}, "bar"), 1.01325, "bar"),
        (parameter("sample_temperature", {"between": [294, 297]}, "celsius"), None, None),
        (parameter("sample_temperature", {"between": [294, 297]}, "K"), 295, "K"),
        (parameter("sample_temperature", {"gt": 20.5}, "celsius"), 21.85, "celsius"),
        (parameter("photon_energy", {"gt": 0.5, "lt": 1}, "keV"), 0.93, "keV"),
        (parameter("sample_pressure", {"gt": 120}, "Mbar"), None, None),
        (parameter("sample_pressure", {"gt": 1}, "Mbar"), "0.001 to 1.204", "Mbar"),
    ],
)
def test_the_answer_is_in_the_unit_that_was_asked_for(
    index: Index, asked: Any, value: object, unit: str | None
) -> None:
    found = ask(index, {"include": [asked]})
    assert [(each["value"], each["unit"]) for thing in found for each in thing["parameters"]] == (
        [] if unit is None else [(value, unit)]
    )


def test_a_wavelength_is_answered_for_an_energy(index: Index) -> None:
    found = ask(index, {"include": [parameter("incident_wavelength", {"lt": 1}, "angstrom")]})
    ramp = next(thing for thing in found if thing["pid"] == RAMP.pid)
    (shown,) = ramp["parameters"]
    assert (shown["name"], shown["unit"]) == ("incident_wavelength", "angstrom")
    assert shown["value"] == pytest.approx(12.398419843320026 / 25.6)  # hc, CODATA 2018


def test_a_range_is_shown_with_both_ends(index: Index) -> None:
    (ramp,) = ask(index, {"where": {"pid": RAMP.pid}, "include": ["parameters"]})
    pressure = ramp["parameters"][0]
    assert (pressure["minimum"], pressure["maximum"], pressure["unit"]) == (0.1, 120.4, "GPa")
    assert pressure["value"] == "0.1 to 120.4"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (parameter("sample_temperature", {"gt": 1}, "kelvn"), "'kelvn' is not a unit; did you mean kelvin?"),
        (parameter("sample_pressure", {"gt": "high"}, "GPa"), "'high' is none"),
        (parameter("sample_pressure", {"gt": 1}, "'; DROP TABLE datasets"), "is not a unit"),
    ],
)
def test_units_and_numbers_that_are_none_are_refused(index: Index, asked: Any, message: str) -> None:
    with pytest.raises(FilterError, match=message.replace("?", r"\?")):
        ask(index, {"include": [asked]})


# -- many --------------------------------------------------------------------------------------

MAGNITUDES = st.sampled_from([0.0, 1e-3, 0.5, 1.0, 3.0, 44.1, 120.4, 5e4])


@pytest.fixture(scope="module")
def ranges(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Index, dict[str, tuple[float, float]]]]:
    """Ranges of all widths, and where each lies, in GPa."""
    ends = [0.0, 1e-3, 0.4, 1.0, 2.9, 3.1, 44.0, 44.1, 44.2, 120.4, 1e3, 4e4]
    made = {f"20.500/{low}-{high}": (low, high) for low in ends for high in ends if low <= high}
    with indexes("sqlite", tmp_path_factory.mktemp("ranges")) as index:
        index.put(
            record(
                pid.removeprefix("20.500/"), pid, parameters=(number("sample_pressure", low, "GPa", high),)
            )
            for pid, (low, high) in made.items()
        )
        yield index, made


@given(MAGNITUDES, MAGNITUDES, st.sampled_from(["between", "gt", "gte", "lt", "lte", "eq"]))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_index_of_ranges_finds_what_trying_them_all_finds(
    ranges: tuple[Index, dict[str, tuple[float, float]]], first: float, second: float, operator: str
) -> None:
    index, made = ranges
    start, end = sorted((first, second))
    met = {
        "between": lambda low, high: high >= start and low <= end,
        "gt": lambda low, high: high > start,
        "gte": lambda low, high: high >= start,
        "lt": lambda low, high: low < start,
        "lte": lambda low, high: low <= start,
        "eq": lambda low, high: low <= start <= high,
    }[operator]
    value = [start * 10, end * 10] if operator == "between" else start * 10
    asked = {"include": [parameter("sample_pressure", {operator: value}, "kbar")], "limit": 0}
    assert {thing["pid"] for thing in ask(index, asked)} == {pid for pid, ends in made.items() if met(*ends)}
