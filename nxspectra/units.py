"""NeXus units: is a spelling a unit of a category, and what is it in another unit.

A table answers the spellings that files really use; pint is loaded for the rest. Facility spellings
(`millisecond`, `KeV`, `Angstroem`, a latin-1 Å) are understood; placeholders such as
`{units of logged value}` are not units. Categories are those of nxdlTypes.xsd of the NeXus definitions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nxspectra.errors import UnitError

if TYPE_CHECKING:
    import pint

Dimension = tuple[int, int, int, int, int, int, int, int]
"""Powers of kg, m, s, A, K, mol, angle, count; a category can tell the last two from plain numbers."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: its usual spelling, its dimension, and `SI = factor * value + offset`."""

    spelling: str
    dimension: Dimension
    factor: float
    offset: float = 0.0


def _dim(
    *, kg: int = 0, m: int = 0, s: int = 0, a: int = 0, k: int = 0, mol: int = 0, rad: int = 0, n: int = 0
) -> Dimension:
    return (kg, m, s, a, k, mol, rad, n)


NONE, LENGTH, TIME = _dim(), _dim(m=1), _dim(s=1)
ENERGY, PRESSURE, TEMPERATURE = _dim(kg=1, m=2, s=-2), _dim(kg=1, m=-1, s=-2), _dim(k=1)
ANGLE, COUNT, VOLTAGE, CURRENT = _dim(rad=1), _dim(n=1), _dim(kg=1, m=2, s=-3, a=-1), _dim(a=1)
MASS, FREQUENCY, PER_LENGTH, AREA = _dim(kg=1), _dim(s=-1), _dim(m=-1), _dim(m=2)

ELECTRONVOLT = 1.602176634e-19
"""J; exact, CODATA 2018."""

_ROWS: tuple[tuple[str, Dimension, float, tuple[str, ...]], ...] = (
    ("s", TIME, 1.0, ("sec", "secs", "second", "seconds")),
    ("ms", TIME, 1e-3, ("msec", "millisecond", "milliseconds")),
    ("us", TIME, 1e-6, ("µs", "μs", "usec", "microsecond", "microseconds")),
    ("ns", TIME, 1e-9, ("nsec", "nanosecond", "nanoseconds")),
    ("ps", TIME, 1e-12, ("picosecond", "picoseconds")),
    ("fs", TIME, 1e-15, ("femtosecond", "femtoseconds")),
    ("min", TIME, 60.0, ("minute", "minutes")),
    ("h", TIME, 3600.0, ("hr", "hour", "hours")),
    ("d", TIME, 86400.0, ("day", "days")),
    ("meV", ENERGY, 1e-3 * ELECTRONVOLT, ()),
    ("eV", ENERGY, ELECTRONVOLT, ("ev", "electronvolt", "electronvolts", "electron_volt")),
    ("keV", ENERGY, 1e3 * ELECTRONVOLT, ("KeV", "kev", "KEV", "kiloelectronvolt")),
    ("MeV", ENERGY, 1e6 * ELECTRONVOLT, ()),
    ("GeV", ENERGY, 1e9 * ELECTRONVOLT, ("gev",)),
    ("J", ENERGY, 1.0, ("joule", "joules")),
    ("Pa", PRESSURE, 1.0, ("pascal", "pascals")),
    ("hPa", PRESSURE, 1e2, ("hectopascal",)),
    ("kPa", PRESSURE, 1e3, ("kilopascal",)),
    ("MPa", PRESSURE, 1e6, ("megapascal",)),
    ("GPa", PRESSURE, 1e9, ("gpa", "GPA", "gigapascal", "gigapascals")),
    ("TPa", PRESSURE, 1e12, ("terapascal",)),
    ("mbar", PRESSURE, 1e2, ("millibar",)),
    ("bar", PRESSURE, 1e5, ("bars",)),
    ("kbar", PRESSURE, 1e8, ("kilobar",)),
    ("Mbar", PRESSURE, 1e11, ("megabar",)),
    ("atm", PRESSURE, 101325.0, ("atmosphere",)),
    ("torr", PRESSURE, 101325.0 / 760.0, ("Torr", "mmHg")),
    ("psi", PRESSURE, 6894.757293168361, ()),
    ("m", LENGTH, 1.0, ("meter", "meters", "metre", "metres")),
    ("cm", LENGTH, 1e-2, ("centimeter", "centimetre", "centimeters")),
    ("mm", LENGTH, 1e-3, ("millimeter", "millimetre", "millimeters", "millimetres")),
    ("um", LENGTH, 1e-6, ("µm", "μm", "micron", "microns", "micrometer", "micrometre", "micrometers")),
    ("nm", LENGTH, 1e-9, ("nanometer", "nanometre", "nanometers")),
    ("angstrom", LENGTH, 1e-10, ("Angstrom", "angstroms", "Angstroms", "ANGSTROM", "Angstroem")),
    ("angstrom", LENGTH, 1e-10, ("\u00c5", "\u212b", "A")),
    ("pm", LENGTH, 1e-12, ("picometer", "picometre")),
    ("fm", LENGTH, 1e-15, ()),
    ("km", LENGTH, 1e3, ("kilometer", "kilometre")),
    ("deg", ANGLE, np.pi / 180, ("degree", "degrees", "Deg", "DEG", "Degrees", "°", "º")),
    ("rad", ANGLE, 1.0, ("radian", "radians")),
    ("mrad", ANGLE, 1e-3, ("milliradian", "milliradians")),
    ("urad", ANGLE, 1e-6, ("µrad", "microradian")),
    ("K", TEMPERATURE, 1.0, ("kelvin", "Kelvin")),
    ("mK", TEMPERATURE, 1e-3, ("millikelvin",)),
    ("V", VOLTAGE, 1.0, ("volt", "volts", "Volt")),
    ("mV", VOLTAGE, 1e-3, ("millivolt",)),
    ("kV", VOLTAGE, 1e3, ("kilovolt",)),
    ("ampere", CURRENT, 1.0, ("amp", "amps", "Ampere")),
    ("mA", CURRENT, 1e-3, ("milliampere",)),
    ("uA", CURRENT, 1e-6, ("µA", "microampere")),
    ("nA", CURRENT, 1e-9, ("nanoampere",)),
    ("kg", MASS, 1.0, ("kilogram",)),
    ("g", MASS, 1e-3, ("gram", "grams")),
    ("mg", MASS, 1e-6, ("milligram",)),
    ("Hz", FREQUENCY, 1.0, ("hertz", "1/s")),
    ("kHz", FREQUENCY, 1e3, ("kilohertz",)),
    ("MHz", FREQUENCY, 1e6, ("megahertz",)),
    ("1/m", PER_LENGTH, 1.0, ()),
    ("1/nm", PER_LENGTH, 1e9, ("nm^-1", "nm-1")),
    ("1/angstrom", PER_LENGTH, 1e10, ("angstrom^-1", "1/Å", "Å^-1", "1/A", "A^-1")),
    ("1/angstrom", PER_LENGTH, 1e10, ("Angstrom^-1", "1/Angstrom")),
    ("counts", COUNT, 1.0, ("count", "cts", "ct", "Counts", "photon", "photons")),
    ("counts", COUNT, 1.0, ("pixel", "pixels", "frames")),
    ("", NONE, 1.0, ("1", "unitless", "dimensionless", "none", "None")),
    ("%", NONE, 1e-2, ("percent",)),
    ("arbitrary units", NONE, 1.0, ("a.u.", "arb. units", "arb.u.", "arb. u.", "au")),
    ("arbitrary units", NONE, 1.0, ("arbitrary_units", "arbitrary")),
)  # fmt: skip

_UNITS: dict[str, Unit] = {
    name: Unit(spelling, dimension, factor)
    for spelling, dimension, factor, others in _ROWS
    for name in (spelling, *others)
}
_CELSIUS = Unit("degC", TEMPERATURE, 1.0, 273.15)
_FAHRENHEIT = Unit("degF", TEMPERATURE, 5 / 9, 459.67 * 5 / 9)
_UNITS |= dict.fromkeys(
    ("degC", "°C", "C", "celsius", "Celsius", "Celsus", "deg C", "degree_Celsius"), _CELSIUS
)
_UNITS |= dict.fromkeys(("degF", "°F", "fahrenheit", "Fahrenheit"), _FAHRENHEIT)

OFFICIAL = frozenset(spelling for spelling, _, _, _ in _ROWS) | {"degC", "degF"}
"""The spellings that need no note."""

_FREE = frozenset({"NX_ANY"})
_CATEGORIES: dict[str, tuple[Dimension, ...]] = {
    "NX_ANGLE": (ANGLE,),
    "NX_AREA": (AREA,),
    "NX_CHARGE": (_dim(s=1, a=1),),
    "NX_COUNT": (COUNT, NONE),
    "NX_CROSS_SECTION": (AREA,),
    "NX_CURRENT": (CURRENT,),
    "NX_DIMENSIONLESS": (NONE, COUNT),
    "NX_EMITTANCE": (_dim(m=1, rad=1), LENGTH),
    "NX_ENERGY": (ENERGY,),
    "NX_FLUX": (_dim(m=-2, s=-1), _dim(m=-2, s=-1, n=1), FREQUENCY, _dim(s=-1, n=1)),
    "NX_FREQUENCY": (FREQUENCY, _dim(s=-1, n=1), _dim(s=-1, rad=1)),
    "NX_LENGTH": (LENGTH,),
    "NX_MASS": (MASS,),
    "NX_MASS_DENSITY": (_dim(kg=1, m=-3),),
    "NX_MOLECULAR_WEIGHT": (_dim(kg=1, mol=-1), MASS),
    "NX_PERIOD": (TIME,),
    "NX_PER_AREA": (_dim(m=-2),),
    "NX_PER_LENGTH": (PER_LENGTH,),
    "NX_POWER": (_dim(kg=1, m=2, s=-3),),
    "NX_PRESSURE": (PRESSURE,),
    "NX_PULSES": (COUNT, NONE),
    "NX_SCATTERING_LENGTH_DENSITY": (_dim(m=-2),),
    "NX_SOLID_ANGLE": (_dim(rad=2), NONE),
    "NX_TEMPERATURE": (TEMPERATURE,),
    "NX_TIME": (TIME,),
    "NX_TIME_OF_FLIGHT": (TIME,),
    "NX_TRANSFORMATION": (LENGTH, ANGLE, NONE),
    "NX_UNITLESS": (NONE,),
    "NX_VOLTAGE": (VOLTAGE,),
    "NX_VOLUME": (_dim(m=3),),
    "NX_WAVELENGTH": (LENGTH,),
    "NX_WAVENUMBER": (PER_LENGTH, _dim(m=-1, rad=1)),
}
CATEGORIES = frozenset(_CATEGORIES) | _FREE


def is_category(name: str) -> bool:
    """`NX_PRESSURE` is one; `keV`, a literal unit of some definitions, is not."""
    return name in CATEGORIES


def parse(spelling: str) -> Unit | None:
    """The unit that is spelled so, or None if it is none."""
    known = _UNITS.get(spelling) or _UNITS.get(spelling.strip())
    return known if known is not None else _parse_compound(spelling)


def fits(spelling: str, category: str) -> bool:
    """Is it a unit of this category? A category may also be a literal unit: then of its dimension.

    NX_ANY takes any unit, but not a spelling that is none.
    """
    if spelling.strip().lower() == category.lower():
        return True
    unit = parse(spelling)
    if unit is None or category in _FREE:
        return unit is not None
    dimensions = _CATEGORIES.get(category)
    if dimensions is None:
        literal = parse(category)
        return literal is not None and literal.dimension == unit.dimension
    return unit.dimension in dimensions


def convert(values: ArrayLike, source: str, target: str) -> NDArray[np.float64]:
    """`values` of `source` in `target`. Raises UnitError if one is no unit, or they differ in kind."""
    a, b = _unit(source), _unit(target)
    if a.dimension != b.dimension:
        raise UnitError(f"cannot convert {source!r} to {target!r}: they are units of different kinds")
    numbers = np.asarray(values, dtype=np.float64)
    if (a.factor, a.offset) == (b.factor, b.offset):
        return numbers.copy()
    if a.offset == b.offset == 0.0:
        # one multiplication or division keeps 25600 eV at exactly 25.6 keV
        ratio = a.factor / b.factor
        return numbers / round(1 / ratio) if ratio < 1 and _whole(1 / ratio) else numbers * _tidy(ratio)
    return (numbers * a.factor + a.offset - b.offset) / b.factor


def same_kind(left: str, right: str) -> bool:
    """Can one be converted into the other? False if either is no unit."""
    a, b = parse(left), parse(right)
    return a is not None and b is not None and a.dimension == b.dimension


def to_si(values: ArrayLike, source: str) -> NDArray[np.float64]:
    """`values` in SI base units (angles in radians). Raises UnitError if `source` is no unit."""
    unit = _unit(source)
    return np.asarray(values, dtype=np.float64) * unit.factor + unit.offset


def usual_spelling(spelling: str) -> str | None:
    """`GPa` for `gigapascal`; None if it is no unit."""
    unit = parse(spelling)
    return None if unit is None else unit.spelling


def _unit(spelling: str) -> Unit:
    unit = parse(spelling)
    if unit is None:
        raise UnitError(f"{spelling!r} is not a unit")
    return unit


def _whole(ratio: float) -> bool:
    return ratio < 1e15 and abs(ratio - round(ratio)) < 1e-9 * ratio


def _tidy(ratio: float) -> float:
    return float(round(ratio)) if _whole(ratio) and round(ratio) else ratio


@lru_cache(maxsize=1)
def _registry() -> pint.UnitRegistry[Any]:
    from pint import UnitRegistry  # only where the table does not do  # noqa: PLC0415

    registry: pint.UnitRegistry[Any] = UnitRegistry(autoconvert_offset_to_baseunit=True, cache_folder=None)
    registry.define("count = [count] = counts = cts = photon = photons = pixel = pixels")
    return registry


_TOKEN = re.compile(
    r"\s*(?:(?P<power>\*\*|\^)\s*(?P<exponent>[+-]?\d{1,2}(?!\d)|\(\s*[+-]?\d{1,2}\s*\))"
    r"|(?P<times>[*·×]|\.(?!\d))|(?P<over>/|per\b)|(?P<open>\()|(?P<close>\))"
    r"|(?P<number>\d{1,6}(?:\.\d{1,6})?)"
    r"|(?P<name>[A-Za-z_\u00c5\u212b°\u00b5\u03bc\u03a9\u2126%]+)(?P<attached>[+-]?\d{1,2}(?!\d))?)"
)
_SUPERSCRIPTS = str.maketrans({"⁻": "-", **{sign: str(digit) for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}})
_PLAIN = str.maketrans(
    {"\u00c5": "angstrom", "\u212b": "angstrom", "°": "degree", "\u00b5": "u", "\u03bc": "u", "\u2126": "ohm"}
)
"""How pint spells the signs; angstrom, micro and ohm have two code points each."""
LONGEST = 64
"""Characters; no unit is longer, and what is gets no further."""
HIGHEST_POWER = 12

Factor: TypeAlias = tuple[str, int]
"""A name or a number, and its power."""


@lru_cache(maxsize=4096)
def _parse_compound(spelling: str) -> Unit | None:
    """A unit that the table does not hold, such as `mJ/cm^2` or `kg m-3`.

    The text is taken apart here, so that nothing of it is ever computed but small powers of known names.
    """
    text = spelling.strip().translate(_SUPERSCRIPTS)
    if not text or len(text) > LONGEST:
        return None
    factors = _factors(text)
    names = {name for name, _ in factors or () if not name[0].isdigit()}
    if not factors or not names:
        return None
    product = np.zeros(len(NONE), dtype=np.int64)
    factor = 1.0
    for name, power in factors:
        unit = Unit(name, NONE, float(name)) if name[0].isdigit() else _simple(name, names)
        if unit is None or unit.factor == 0 or power == 0 or abs(power) > HIGHEST_POWER:
            return None
        product += np.array(unit.dimension) * power
        factor *= unit.factor**power
    if not 0 < factor < float("inf"):
        return None
    alone = len(factors) == 1 and factors[0][1] == 1
    offset = unit.offset if alone and unit is not None else 0.0
    return Unit(text, cast("Dimension", tuple(product.tolist())), factor, offset)


def _factors(text: str) -> list[Factor] | None:
    """`mJ/cm^2` as [(mJ, 1), (cm, -2)]; None if it is not written as a unit is."""
    stack: list[tuple[list[Factor], int]] = []
    here: list[Factor] = []
    sign, last, position = 1, 0, 0
    # waiting: a factor has to come; last: how many factors a power belongs to that may come
    waiting = True
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            return None
        spaced, position = text[position].isspace(), token.end()
        if token["name"] or token["number"] or token["open"]:
            if not (waiting or spaced):
                return None
            if token["open"]:
                stack.append((here, sign))
                here, sign, last, waiting = [], 1, 0, True
            else:
                here.append((token["name"] or token["number"], sign * int(token["attached"] or 1)))
                sign, last, waiting = 1, 1, False
        elif token["power"]:
            if not last:
                return None
            power = int(token["exponent"].strip("() "))
            here[-last:] = [(name, one * power) for name, one in here[-last:]]
            last = 0
        elif token["close"]:
            if waiting or not stack:
                return None
            inner, (here, sign) = here, stack.pop()
            here += [(name, power * sign) for name, power in inner]
            sign, last = 1, len(inner)
        else:
            if waiting and (here or stack or sign < 0 or token["times"]):
                return None
            sign, last, waiting = (-1 if token["over"] else 1), 0, True
    return None if stack or waiting else here


def _simple(name: str, names: set[str]) -> Unit | None:
    """One name of a compound unit. A is the angstrom where it stands alone, else the ampere."""
    if name == "A" and len(names) > 1:
        return _UNITS["ampere"]
    known = _UNITS.get(name)
    return _by_pint(name) if known is None or name == "C" else known


@lru_cache(maxsize=1024)
def _by_pint(name: str) -> Unit | None:
    name = name.translate(_PLAIN)
    try:
        quantity = _registry().Unit(name)
        base = (1 * quantity).to_base_units()
        factor = float(str(base.magnitude))
        powers = {str(kind): float(str(power)) for kind, power in quantity.dimensionality.items()}
    except Exception:  # pint raises anything from its parser on text that is no unit
        return None
    order = ("[mass]", "[length]", "[time]", "[current]", "[temperature]", "[substance]")
    if any(not power.is_integer() for power in powers.values()):
        return None
    if not powers.keys() <= {*order, "[count]"}:
        return None
    # pint takes angles for dimensionless; count them from the base units
    angle = sum(int(power) for kind, power in dict(base.units._units).items() if kind == "radian")
    kg, m, s, a, k, mol = (int(powers.get(kind, 0)) for kind in order)
    return Unit(name, (kg, m, s, a, k, mol, angle, int(powers.get("[count]", 0))), factor)
