"""Units: the spellings that files really use, kinds, conversions, and text that is no unit."""

from __future__ import annotations

import re

import numpy as np
import pint
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nxspectra import units
from nxspectra.errors import UnitError
from nxspectra.nxdl.library import official

SPELLINGS = sorted(units.OFFICIAL - {"", "arbitrary units"})


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (100.0, "millisecond", "s", 0.1),
        (25600.0, "eV", "keV", 25.6),
        (441.0, "kbar", "GPa", 44.1),
        (12.5, "bar", "GPa", 0.00125),
        (0.4836, "Angstroem", "nm", 0.04836),
        (180.0, "deg", "rad", np.pi),
        (26.85, "°C", "K", 300.0),
        (80.33, "Fahrenheit", "K", 300.0),
        (21.3, "GPA", "GPa", 21.3),
        (2.0, "1/nm", "1/angstrom", 0.2),
        (3.0, "mJ/cm^2", "J m-2", 30.0),
        (1.0, "Å⁻¹", "nm^-1", 10.0),
        (2.0, "K/min", "degC/s", 2.0 / 60.0),
    ],
)
def test_a_value_is_converted(value: float, source: str, target: str, expected: float) -> None:
    assert units.convert(value, source, target) == pytest.approx(expected, rel=1e-12)


def test_a_round_number_stays_round() -> None:
    assert units.convert([25600.0, 100.0], "eV", "keV").tolist() == [25.6, 0.1]


def test_converting_gives_another_array() -> None:
    values = np.array([1.0, 2.0])
    assert not np.shares_memory(units.convert(values, "GPa", "GPa"), values)


@given(
    st.floats(-1e6, 1e6),
    st.sampled_from(SPELLINGS).flatmap(
        lambda a: st.tuples(st.just(a), st.sampled_from([b for b in SPELLINGS if units.same_kind(a, b)]))
    ),
)
def test_converting_there_and_back_gives_the_same(value: float, pair: tuple[str, str]) -> None:
    there, back = pair
    assert units.convert(units.convert(value, there, back), back, there) == pytest.approx(
        value, rel=1e-9, abs=1e-9
    )


def test_the_table_agrees_with_pint() -> None:
    registry = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
    registry.define("count = [count] = counts")
    for spelling in SPELLINGS:
        one, two = (registry.Quantity(value, spelling).to_base_units().magnitude for value in (1.0, 2.0))
        assert units.to_si([1.0, 2.0], spelling) == pytest.approx([one, two], rel=1e-9), spelling


@pytest.mark.parametrize(
    ("spelling", "usual"),
    [
        ("millisecond", "ms"),
        ("KeV", "keV"),
        ("Å", "angstrom"),
        ("\u212b", "angstrom"),
        ("A", "angstrom"),
        ("Celsus", "degC"),
        ("µm", "um"),
        ("μm", "um"),
        (" GPa ", "GPa"),
        ("cts", "counts"),
        ("1", ""),
        ("a.u.", "arbitrary units"),
    ],
)
def test_a_facility_spelling_is_understood(spelling: str, usual: str) -> None:
    assert units.usual_spelling(spelling) == usual


@pytest.mark.parametrize(
    "spelling",
    [
        "mJ/cm^2",
        "1/(angstrom^2*s)",
        "kg m-3",
        "W m-2 K-1",
        "counts per second",
        "eV/mm",
        "(m/s)^2",
        "/m",
        "10*um",
    ],
)
def test_a_compound_unit_is_a_unit(spelling: str) -> None:
    assert units.usual_spelling(spelling) == spelling


@pytest.mark.parametrize(
    ("category", "good", "bad"),
    [
        ("NX_PRESSURE", "Mbar", "keV"),
        ("NX_ENERGY", "eV", "GPa"),
        ("NX_TIME", "us", "Hz"),
        ("NX_ANGLE", "mrad", "mm"),
        ("NX_WAVELENGTH", "A", "1/A"),
        ("NX_WAVENUMBER", "rad/nm", "nm"),
        ("NX_COUNT", "counts", "s"),
        ("NX_DIMENSIONLESS", "%", "K"),
        ("NX_UNITLESS", "1", "counts"),
        ("NX_TEMPERATURE", "degC", "J"),
        ("NX_TRANSFORMATION", "deg", "s"),
        ("NX_ANY", "mJ/cm^2", "{units of logged value}"),
        ("NX_SOLID_ANGLE", "steradian", "deg"),
        ("NX_CHARGE", "coulomb", "V"),
        ("NX_FLUX", "photons/s/mm^2", "mm"),
        ("NX_POWER", "mW", "J"),
        ("NX_CROSS_SECTION", "barn", "m"),
        ("mJ/cm^2", "J/m^2", "J"),
        ("db", "dB", "m"),
        ("1/(angstrom^2*s)", "1/s/nm^2", "1/s"),
    ],
)
def test_a_unit_is_of_a_category_or_not(category: str, good: str, bad: str) -> None:
    assert units.fits(good, category)
    assert not units.fits(bad, category)


def test_the_categories_are_those_of_the_standard() -> None:
    text = (official()[0] / "nxdlTypes.xsd").read_text(encoding="utf-8")
    members = re.search(r'name="anyUnitsAttr".*?memberTypes="(.*?)"', text, re.DOTALL)
    assert members is not None
    names = {name.removeprefix("nxdl:") for name in members[1].split()}
    assert names - {"xs:string"} == units.CATEGORIES


@pytest.mark.parametrize(
    "spelling",
    [
        "9**9**9**9",
        "m**9**9**9",
        "(((m^99)^99)^99)^99",
        "m^999999999",
        "1e400 m",
        "m**0.5",
        "m^13",
        "0 m",
        "m//s",
        "m(s)",
        "()",
        "(m",
        "m)",
        "2theta",
        "5",
        "nan",
        "{units of logged value}",
        "__import__('os')",
        "m;s",
        "mm\x00",
        "m" * 65,
        "furlong of my own",
    ],
)
def test_what_is_no_unit_is_none_and_does_not_hang(spelling: str) -> None:
    assert units.parse(spelling) is None


@given(st.text(max_size=80))
@example("9**9**9")
@example("/" * 64)
@example("(" * 64)
def test_any_text_is_a_unit_or_none(text: str) -> None:
    unit = units.parse(text)
    assert unit is None or 0 < unit.factor < float("inf")


@given(st.text("mskgeVA1290^*/() .-+%Åd", max_size=40))
def test_any_text_of_the_letters_of_units_is_a_unit_or_none(text: str) -> None:
    unit = units.parse(text)
    assert unit is None or max(map(abs, unit.dimension), default=0) <= 40 * units.HIGHEST_POWER


def test_units_of_different_kinds_are_not_converted() -> None:
    with pytest.raises(UnitError, match="different kinds"):
        units.convert(12.0, "bar", "keV")


def test_what_is_no_unit_is_not_converted() -> None:
    with pytest.raises(UnitError, match="not a unit"):
        units.convert(12.0, "bars and stripes", "GPa")
    assert not units.same_kind("bars and stripes", "GPa")
