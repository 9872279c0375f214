"""What a catalogue finds by ranges of pressure, energy and other parameters."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from cataloguing import described, few, found
from hypothesis import given
from hypothesis import strategies as st

from nxspectra.catalogue import Catalogue, search
from nxspectra.catalogue.query import alternatives, parse
from nxspectra.errors import UnitError, UsageError
from nxspectra.testing import conforming
from nxspectra.tree import Field


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with five data sets, which no test changes."""
    return few(tmp_path_factory.mktemp("catalogue") / "catalogue")


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("10..20GPa", {"middle"}),
        ("10..20 GPa", {"middle"}),
        ("100..200 kbar", {"middle"}),
        ("5..8GPa", {"ambient", "middle"}),
        ("20..40 GPa", {"middle", "high"}),
        ("44.1 GPa", {"high", "ice"}),
        ("> 30 GPa", {"high", "ice"}),
        ("<= 5 GPa", {"ambient"}),
        ("..5GPa", {"ambient"}),
        ("50..GPa", {"high"}),
        ("61..100GPa", set()),
        ("1 bar..1 GPa", {"ambient"}),
        ("10 to 20 GPa", {"middle"}),
        ("5.5–7.5 GPa", set()),
    ],
)
def test_a_ramp_is_found_by_any_pressure_in_it(folder: Path, said: str, names: set[str]) -> None:
    assert found(folder, pressure=said) == names


def test_a_strict_bound_leaves_out_the_bound_itself(folder: Path) -> None:
    assert "high" in found(folder, pressure=">= 60 GPa")
    assert "high" not in found(folder, pressure="> 60 GPa")


@pytest.mark.parametrize("said", ["25.6keV", "25600 eV", "20..30 keV", "0.484 angstrom", "0.04..0.05 nm"])
def test_a_beam_energy_is_found_in_any_unit_and_by_its_wavelength(folder: Path, said: str) -> None:
    assert found(folder, beam_energy=said) == {"ambient", "middle", "high"}


def test_a_wavelength_is_found_by_the_energy_of_its_photons(folder: Path) -> None:
    assert found(folder, wavelength="0.48..0.49 angstrom") == {"ambient", "middle", "high"}


def test_a_single_value_is_met_as_exactly_as_it_is_written(folder: Path) -> None:
    assert found(folder, exposure="100 ms") == {"ambient", "middle", "high", "ice"}
    assert found(folder, exposure="0.10 s") == {"ambient", "middle", "high", "ice"}
    assert found(folder, exposure="0.11 s") == set()


def test_several_parameters_must_all_be_met(folder: Path) -> None:
    assert found(folder, pressure="> 30 GPa", beam_energy="25.6 keV") == {"high"}


def test_a_transition_is_found_by_its_pressure(folder: Path) -> None:
    assert found(folder, transition_pressure="15..25GPa") == {"middle"}


def test_concepts_and_their_names_elsewhere_are_the_same_parameter(folder: Path) -> None:
    hits = search(folder, parameters={"sample/pressure": "10..20GPa", "incident_photon_energy": "25.6keV"})
    assert len(hits) == 1


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("10..20", "has no unit; for example 10..20 GPa"),
        ("10..20 Gpa's", "is not a unit"),
        ("10..20 GPaa", "did you mean GPa"),
        ("10..20 keV", "is not a unit of it"),
    ],
)
def test_a_wrong_unit_is_told_with_a_right_one(folder: Path, said: str, hint: str) -> None:
    with pytest.raises(UnitError, match=hint):
        search(folder, parameters={"pressure": said})


@pytest.mark.parametrize("said", ["", "..", "high", "1..2..3 GPa", "GPa", "..GPa", ">GPa"])
def test_what_is_no_range_is_told_with_one_that_is(folder: Path, said: str) -> None:
    with pytest.raises(UsageError, match=r"10\.\.20GPa"):
        search(folder, parameters={"pressure": said})


def test_a_range_that_runs_backwards_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="ends below where it starts"):
        search(folder, parameters={"pressure": "20..10 GPa"})


def test_an_unknown_parameter_is_told_with_the_nearest(folder: Path) -> None:
    with pytest.raises(UsageError, match="did you mean pressure"):
        search(folder, parameters={"presure": "10..20GPa"})


@given(st.floats(0.001, 500), st.floats(0.001, 500), st.floats(0.001, 500), st.floats(0.001, 500))
def test_two_ranges_meet_where_a_ruler_says_so(a: float, b: float, c: float, d: float) -> None:
    low, high = sorted((a, b))
    (wanted,) = alternatives("pressure", f"{low!r}..{high!r} GPa")
    start, end = sorted((c, d))
    overlap = start * 1e9 <= wanted.maximum and end * 1e9 >= wanted.minimum
    if not any(math.isclose(x, y, rel_tol=1e-6) for x in (low, high) for y in (start, end)):
        assert overlap == (start <= high and end >= low)


@given(st.floats(1, 200), st.floats(1, 200))
def test_energy_and_wavelength_of_photons_are_the_same_question(a: float, b: float) -> None:
    low, high = sorted((a, b))
    # CODATA 2018: h c = 12.398419843320026 keV angstrom
    hc = 12.398419843320026
    (by_energy,) = alternatives("beam_energy", f"{low!r}..{high!r} keV")
    (by_length,) = alternatives("beam_energy", f"{hc / high!r}..{hc / low!r} angstrom")
    assert by_length.minimum == pytest.approx(by_energy.minimum, rel=1e-7)
    assert by_length.maximum == pytest.approx(by_energy.maximum, rel=1e-7)


@given(st.text())
def test_any_text_for_a_range_is_understood_or_refused(said: str) -> None:
    try:
        ranges = alternatives("pressure", said)
    except UsageError:
        return
    assert all(each.minimum <= each.maximum for each in ranges)


def test_temperatures_are_found_and_kept_exactly(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "catalogue")
    catalogue.file(described("a", conforming().put("entry/sample/temperature", Field(25.0, units="degC"))))
    assert len(catalogue.search(parameters={"temperature": "298..299 K"})) == 1
    assert catalogue.search(parameters={"temperature": "24 degC"}) == []


def test_a_question_is_a_value() -> None:
    assert parse("iron", {"pressure": "1..2GPa"}) == parse("IRON", {"sample_pressure": "1..2 GPa"})
