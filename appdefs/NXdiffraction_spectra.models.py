"""Models of NXdiffraction_spectra, made by nxspectra from NXdiffraction_spectra.nxdl.xml; not to be edited.

    run = Root.model_validate(nxspectra.schemas.as_json(tree))
    run.model_dump(by_alias=True, exclude_unset=True)     # the same JSON again

A name that Python does not take has an underscore; an attribute @name is attr_name. What is known
by its class only, such as an NXsample of any name, is a model too: run.entry.sample.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema


def flat(value: Any) -> Iterator[Any]:
    """The single values of a value or of lists of them."""
    if isinstance(value, list):
        for each in value:
            yield from flat(each)
    else:
        yield value


@dataclass(frozen=True)
class Each:
    """Every single value is of one of these types, and text fits the expression."""

    kinds: tuple[type, ...]
    words: str
    text: str = ""

    def __call__(self, value: Any) -> Any:
        for each in flat(value):
            if isinstance(each, bool) and bool not in self.kinds:
                raise ValueError(f"{each!r}; {self.words} expected")
            fits = isinstance(each, self.kinds)
            if isinstance(each, str) and self.text:
                fits = re.search(self.text, each) is not None
            if not fits:
                raise ValueError(f"{each!r}; {self.words} expected")
        return value


NUMBERS = "^(int|uint|float|complex)[0-9]*$"
WHOLE = r"^[-+]?[0-9]+$"
DATE = r"^\s*\d{4}-?(\d\d-?\d\d|W\d\d)"
Text = Annotated[Any, AfterValidator(Each((str,), "text"))]
DateTime = Annotated[Any, AfterValidator(Each((), "a date and time of ISO 8601", DATE))]
Integers = Annotated[Any, AfterValidator(Each((int,), "integers", WHOLE))]
Numbers = Annotated[Any, AfterValidator(Each((int, float), "numbers", WHOLE))]
Booleans = Annotated[Any, AfterValidator(Each((bool, int), "true or false", WHOLE))]
TextOrNumbers = Annotated[Any, AfterValidator(Each((str, int, float, bool), "text or numbers"))]
Anything = Any


@dataclass(frozen=True)
class OneOf:
    """The value, or every single value, is one of these; or the whole list is one of `lists`."""

    values: tuple[str | float | bool, ...]
    lists: tuple[tuple[str | float, ...], ...] = ()

    def __call__(self, value: Any) -> Any:
        allowed = {(isinstance(each, str), each) for each in self.values}
        if isinstance(value, list) and any(value == [*each] for each in self.lists):
            return value
        for each in flat(value):
            if (isinstance(each, str), each) not in allowed:
                raise ValueError(f"{each!r}; one of {', '.join(map(str, self.values))} expected")
        return value


class Node(BaseModel):
    """A group or a field; what the definition does not know is kept."""

    model_config = ConfigDict(extra="allow", populate_by_name=True, protected_namespaces=())

    @model_validator(mode="wrap")
    @classmethod
    def _unopened(cls, data: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:
        """A link to what was not opened counts as there, and is not checked."""
        if isinstance(data, Mapping) and isinstance(data.get("unopened"), str):
            return cls.model_construct(**data)
        return handler(data)


class NexusField(Node):
    """A field: type, shape (null for a null data space), and the value if it is small."""

    dtype: str
    shape: list[int] | None
    value: Any = None


@dataclass(frozen=True)
class Says:
    """What the definition says of a field."""

    type: str = "NX_CHAR"
    units: str | None = None
    """A category, or a literal unit."""
    shape: tuple[str, ...] = ()
    """Symbols and numbers, `any` where nothing is said."""
    dtype: str | None = None
    """Expression for the type as it is stored; any if None."""
    rank: tuple[int, int] | None = None
    """Least and most dimensions."""
    fixed: tuple[tuple[int, int], ...] = ()
    """Dimensions, from 1, that have a fixed length."""
    one_for_all: bool = False
    """One value may stand for all."""
    least: int | None = None
    not_units: frozenset[str] = frozenset()
    """Units of another kind."""
    needs_units: bool = False
    required: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def check(self, field: Any) -> Any:
        if field is None or (field.model_extra or {}).get("unopened"):
            return field
        if field.shape is None:
            if self.required:
                raise ValueError("has a null data space, so no value")
            return field
        if self.dtype is not None and re.search(self.dtype, field.dtype) is None:
            raise ValueError(f"holds {field.dtype}; {self.type} expected")
        self._check_shape(field.shape)
        values = [each for each in flat(field.value) if each is not None]
        if self.required and len(values) == 1 and isinstance(values[0], str) and not values[0].strip():
            raise ValueError("is blank")
        if self.least is not None and any(each < self.least for each in values):
            raise ValueError(f"reaches {min(values)}; {self.type} expected")
        if self.type in ("NX_DATE_TIME", "ISO8601") and self.dtype is not None:
            Each((), "a date and time of ISO 8601", DATE)(values)
        if re.search(NUMBERS, field.dtype) is not None:
            self._check_units((field.model_extra or {}).get("@units"))
        return field

    def _check_shape(self, shape: list[int]) -> None:
        if self.required and 0 in shape:
            raise ValueError(f"is empty, shape {shape}")
        if self.one_for_all and shape in ([], [1]):
            return
        if self.rank is not None and not self.rank[0] <= len(shape) <= self.rank[1]:
            raise ValueError(f"has {len(shape)} dimensions; {self.shape or self.rank[1]} expected")
        for index, length in self.fixed:
            if index <= len(shape) and shape[index - 1] != length:
                raise ValueError(f"has length {shape[index - 1]} along dimension {index}; {length} expected")

    def _check_units(self, units: Any) -> None:
        if self.needs_units and not (isinstance(units, str) and units.strip()):
            raise ValueError(f"has no units; {self.units} expected")
        if isinstance(units, str) and units in self.not_units:
            raise ValueError(f"{units!r} is not a unit of {self.units}")


@dataclass(frozen=True)
class ValueOneOf(OneOf):
    """The value of a field is one of these."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def check(self, field: Any) -> Any:
        if field is not None and field.value is not None:
            self(field.value)
        return field


@dataclass(frozen=True)
class Others:
    """Children that are known by their class or by a pattern of names, not by one name."""

    model: type[BaseModel]
    called: str
    classes: tuple[str, ...] = ()
    """For groups; fields have none."""
    says: tuple[Any, ...] = ()
    """For fields."""
    names: str = ""
    least: int = 0
    most: int | None = None
    or_else: tuple[type[BaseModel], ...] = ()
    """Other models of the same class: one of them is meant."""

    def fits(self, name: str, item: Mapping[str, Any]) -> bool:
        if self.names and re.search(self.names, name) is None:
            return False
        if not self.classes:
            return isinstance(item.get("dtype"), str)
        nx_class = item.get("@NX_class")
        return nx_class in self.classes or (isinstance(nx_class, str) and "NXobject" in self.classes)

    def read(self, item: Any) -> BaseModel:
        for model in self.or_else:
            with contextlib.suppress(ValidationError):
                return model.model_validate(item)
        child = self.model.model_validate(item)
        for each in self.says:
            child = each.check(child)
        return child


class NexusGroup(Node):
    """A group: its class, its attributes as "@name", its children by name."""

    others: ClassVar[tuple[Others, ...]] = ()
    links: ClassVar[tuple[str, ...]] = ()
    """Names of links that have to be there."""

    @model_validator(mode="after")
    def _read_others(self) -> Any:
        extra = self.__pydantic_extra__ or {}
        if "unopened" in extra:
            return self
        members = type(self).model_fields
        numbers = [0] * len(self.others)
        problems: list[InitErrorDetails] = []
        for name, item in extra.items():
            if not isinstance(item, Mapping):
                continue
            index = next((i for i, rule in enumerate(self.others) if rule.fits(name, item)), None)
            if index is None:
                continue
            numbers[index] += 1
            problems += _read(extra, name, self.others[index])
        for rule, number in zip(self.others, numbers, strict=True):
            if number < rule.least or (rule.most is not None and number > rule.most):
                allowed = f"at least {rule.least}" if number < rule.least else f"at most {rule.most}"
                problems.append(_problem((rule.called,), f"{number} are there; {allowed} expected", self))
        there = {
            *extra,
            *(each.alias or name for name, each in members.items() if name in self.model_fields_set),
        }
        problems += [_problem((name,), "is missing", self) for name in self.links if name not in there]
        if problems:
            raise ValidationError.from_exception_data(type(self).__name__, problems)
        return self


def _read(extra: dict[str, Any], name: str, rule: Others) -> Iterator[InitErrorDetails]:
    """Put the model of a child in its place, or say what is wrong with it."""
    item = extra[name]
    try:
        extra[name] = rule.read(item)
    except ValidationError as error:
        for each in error.errors():
            yield _problem((name, *each["loc"]), each["msg"], each["input"])
    except ValueError as error:
        yield _problem((name,), str(error), item)


def _problem(where: tuple[str | int, ...], message: str, given: Any) -> InitErrorDetails:
    kind = PydanticCustomError("nexus", "{message}", {"message": message})
    return {"type": kind, "loc": where, "input": given}


class NexusRoot(NexusGroup):
    """A whole tree, in which at least one NXentry or NXsubentry follows the definition."""

    definition_name: ClassVar[str] = ""
    entry_model: ClassVar[type[NexusGroup]] = NexusGroup

    @model_validator(mode="after")
    def _read_entries(self) -> Any:
        entry = Others(self.entry_model, self.definition_name, classes=("NXentry", "NXsubentry"))
        problems: list[InitErrorDetails] = []
        number = 0
        for holder, above in _holders(self.__pydantic_extra__ or {}):
            for name in [name for name, item in holder.items() if self._follows(item)]:
                number += 1
                found = _read(holder, name, entry)
                problems += [{**each, "loc": (*above, *each.get("loc", ()))} for each in found]
        if not number:
            problems.append(_problem((), f"no entry says that it follows {self.definition_name}", self))
        if problems:
            raise ValidationError.from_exception_data(type(self).__name__, problems)
        return self

    @classmethod
    def _follows(cls, item: Any) -> bool:
        if not isinstance(item, Mapping) or item.get("@NX_class") not in ("NXentry", "NXsubentry"):
            return False
        definition = item.get("definition")
        named = flat(definition.get("value")) if isinstance(definition, Mapping) else ()
        # in whatever case, and other definitions may be named besides
        names = {each.strip().lower() for each in named if isinstance(each, str)}
        return cls.definition_name.lower() in names


def _holders(root: dict[str, Any]) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """Where entries can stand: in each NXentry, a copy of which takes its place, and in the root."""
    for name, item in list(root.items()):
        if isinstance(item, Mapping) and item.get("@NX_class") == "NXentry":
            root[name] = dict(item)
            yield root[name], (name,)
    yield root, ()


NOT_UNITS: dict[str, frozenset[str]] = {
    "NX_ANGLE": frozenset((
        "%", "1/angstrom", "1/m", "1/nm", "GPa", "GeV", "Hz", "J", "K", "MHz", "MPa", "Mbar", "MeV", "Pa",
        "TPa", "V", "ampere", "angstrom", "arbitrary units", "atm", "bar", "cm", "counts", "d", "degC",
        "degF", "eV", "fm", "fs", "g", "h", "hPa", "kHz", "kPa", "kV", "kbar", "keV", "kg", "km", "m", "mA",
        "mK", "mV", "mbar", "meV", "mg", "min", "mm", "ms", "nA", "nm", "ns", "pm", "ps", "psi", "s", "torr",
        "uA", "um", "us",
    )),
    "NX_DIMENSIONLESS": frozenset((
        "1/angstrom", "1/m", "1/nm", "GPa", "GeV", "Hz", "J", "K", "MHz", "MPa", "Mbar", "MeV", "Pa", "TPa",
        "V", "ampere", "angstrom", "atm", "bar", "cm", "d", "deg", "degC", "degF", "eV", "fm", "fs", "g", "h",
        "hPa", "kHz", "kPa", "kV", "kbar", "keV", "kg", "km", "m", "mA", "mK", "mV", "mbar", "meV", "mg",
        "min", "mm", "mrad", "ms", "nA", "nm", "ns", "pm", "ps", "psi", "rad", "s", "torr", "uA", "um",
        "urad", "us",
    )),
    "NX_ENERGY": frozenset((
        "%", "1/angstrom", "1/m", "1/nm", "GPa", "Hz", "K", "MHz", "MPa", "Mbar", "Pa", "TPa", "V", "ampere",
        "angstrom", "arbitrary units", "atm", "bar", "cm", "counts", "d", "deg", "degC", "degF", "fm", "fs",
        "g", "h", "hPa", "kHz", "kPa", "kV", "kbar", "kg", "km", "m", "mA", "mK", "mV", "mbar", "mg", "min",
        "mm", "mrad", "ms", "nA", "nm", "ns", "pm", "ps", "psi", "rad", "s", "torr", "uA", "um", "urad", "us",
    )),
    "NX_PRESSURE": frozenset((
        "%", "1/angstrom", "1/m", "1/nm", "GeV", "Hz", "J", "K", "MHz", "MeV", "V", "ampere", "angstrom",
        "arbitrary units", "cm", "counts", "d", "deg", "degC", "degF", "eV", "fm", "fs", "g", "h", "kHz",
        "kV", "keV", "kg", "km", "m", "mA", "mK", "mV", "meV", "mg", "min", "mm", "mrad", "ms", "nA", "nm",
        "ns", "pm", "ps", "rad", "s", "uA", "um", "urad", "us",
    )),
    "NX_TEMPERATURE": frozenset((
        "%", "1/angstrom", "1/m", "1/nm", "GPa", "GeV", "Hz", "J", "MHz", "MPa", "Mbar", "MeV", "Pa", "TPa",
        "V", "ampere", "angstrom", "arbitrary units", "atm", "bar", "cm", "counts", "d", "deg", "eV", "fm",
        "fs", "g", "h", "hPa", "kHz", "kPa", "kV", "kbar", "keV", "kg", "km", "m", "mA", "mV", "mbar", "meV",
        "mg", "min", "mm", "mrad", "ms", "nA", "nm", "ns", "pm", "ps", "psi", "rad", "s", "torr", "uA", "um",
        "urad", "us",
    )),
    "NX_TIME": frozenset((
        "%", "1/angstrom", "1/m", "1/nm", "GPa", "GeV", "Hz", "J", "K", "MHz", "MPa", "Mbar", "MeV", "Pa",
        "TPa", "V", "ampere", "angstrom", "arbitrary units", "atm", "bar", "cm", "counts", "deg", "degC",
        "degF", "eV", "fm", "g", "hPa", "kHz", "kPa", "kV", "kbar", "keV", "kg", "km", "m", "mA", "mK", "mV",
        "mbar", "meV", "mg", "mm", "mrad", "nA", "nm", "pm", "psi", "rad", "torr", "uA", "um", "urad",
    )),
    "NX_WAVELENGTH": frozenset((
        "%", "1/angstrom", "1/m", "1/nm", "GPa", "GeV", "Hz", "J", "K", "MHz", "MPa", "Mbar", "MeV", "Pa",
        "TPa", "V", "ampere", "arbitrary units", "atm", "bar", "counts", "d", "deg", "degC", "degF", "eV",
        "fs", "g", "h", "hPa", "kHz", "kPa", "kV", "kbar", "keV", "kg", "mA", "mK", "mV", "mbar", "meV", "mg",
        "min", "mrad", "ms", "nA", "ns", "ps", "psi", "rad", "s", "torr", "uA", "urad", "us",
    )),
}


class Definition(NexusField):
    """Field: Which application definition the entry follows.

    NXdiffraction_spectra.nxdl.xml, line 36.
    """

    attr_version: Anything = Field(alias="@version")


class Data(NexusGroup):
    """NXdata: The spectra, as the default plot.

    NXdiffraction_spectra.nxdl.xml, line 177.
    """

    attr_NX_class: Annotated[str, AfterValidator(OneOf(("NXdata",)))] = Field(alias="@NX_class")
    attr_signal: Annotated[Any, AfterValidator(OneOf(("intensity",)))] = Field(alias="@signal")
    attr_axes: Text = Field(alias="@axes")
    attr_interpretation: Annotated[Any, AfterValidator(OneOf(("spectrum",)))] | None = Field(
        default=None,
        alias="@interpretation",
        description="Recommended.",
    )
    intensity: Annotated[
        NexusField,
        Says(
            type="NX_NUMBER", units="NX_ANY", dtype="^(int|uint|float|complex)[0-9]*$",
            shape=("nP", "nPoints"), rank=(2, 2), required=True,
        ),
    ] = Field(
        description="Required. The spectra, counts or arbitrary units, as they were measured or integrated",
    )
    intensity_errors: Annotated[
        NexusField,
        Says(
            type="NX_NUMBER", units="NX_ANY", dtype="^(int|uint|float|complex)[0-9]*$",
            shape=("nP", "nPoints"), rank=(2, 2),
        ),
    ] | None = Field(default=None, description="Optional. Standard uncertainty of the intensity")
    two_theta: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT", units="NX_ANGLE", dtype="^(float)[0-9]*$", shape=("nPoints",), rank=(1, 1),
            not_units=NOT_UNITS["NX_ANGLE"], needs_units=True, required=True,
        ),
    ] = Field(description="Required. Diffraction angle of each point, ascending")
    pressure: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT", units="NX_PRESSURE", dtype="^(float)[0-9]*$", shape=("nP",), rank=(1, 1),
            not_units=NOT_UNITS["NX_PRESSURE"], needs_units=True,
        ),
    ] | None = Field(
        default=None,
        description="Optional. The axis along the series: a link to pressure of the sample",
    )


class ReductionInput(NexusGroup):
    """NXparameters: Its settings, for example the geometry of the detector.

    NXdiffraction_spectra.nxdl.xml, line 240.
    """

    attr_NX_class: Annotated[
        str,
        AfterValidator(OneOf(
            (
                "NXparameters", "NXapm_paraprobe_tool_parameters", "NXmatch_filter",
                "NXmicrostructure_mtex_config", "NXspatial_filter", "NXsubsampling_filter",
            ),
        )),
    ] = Field(alias="@NX_class")


class Reduction(NexusGroup):
    """NXprocess: How images became spectra, as in NXazint1d.

    NXdiffraction_spectra.nxdl.xml, line 229.
    """

    attr_NX_class: Annotated[
        str,
        AfterValidator(OneOf(
            (
                "NXprocess", "NXapm_charge_state_analysis", "NXapm_paraprobe_tool_process", "NXapm_ranging",
                "NXapm_reconstruction", "NXcalibration", "NXdistortion", "NXem_ebsd", "NXem_eds", "NXem_eels",
                "NXem_img", "NXfit", "NXmicrostructure_ipf", "NXmicrostructure_odf", "NXmicrostructure_pf",
                "NXregistration", "NXroi_process",
            ),
        )),
    ] = Field(alias="@NX_class")
    program: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. Name of the program",
    )
    version: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Recommended. Version of the program",
    )
    date: Annotated[NexusField, Says(type="NX_DATE_TIME", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Recommended. When it ran, with time zone",
    )
    input: ReductionInput | None = Field(
        default=None,
        description="Recommended. Its settings, for example the geometry of the detector",
    )


class MigrationSourceFile(NexusGroup):
    """NXnote: The raw file.

    NXdiffraction_spectra.nxdl.xml, line 518.
    """

    attr_NX_class: Annotated[str, AfterValidator(OneOf(("NXnote",)))] = Field(alias="@NX_class")
    file_name: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. Name of the raw file",
    )
    checksum: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. Digest of the raw file, in hex",
    )
    algorithm: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. How the digest is computed, for example sha256",
    )


class MigrationCrosswalk(NexusGroup):
    """NXnote: The table that says which raw key is which concept.

    NXdiffraction_spectra.nxdl.xml, line 530.
    """

    attr_NX_class: Annotated[str, AfterValidator(OneOf(("NXnote",)))] = Field(alias="@NX_class")
    file_name: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. Name of the table",
    )
    checksum: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. Digest of the table, in hex",
    )
    algorithm: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. How the digest is computed, for example sha256",
    )


class MigrationMappingCONCEPT(NexusField):
    """Field: Path of the raw key, or how the value was given.

    NXdiffraction_spectra.nxdl.xml, line 544.
    """

    attr_target: Text | None = Field(default=None, alias="@target")
    attr_raw_value: TextOrNumbers | None = Field(default=None, alias="@raw_value")
    attr_raw_units: Text | None = Field(default=None, alias="@raw_units")
    attr_conversion: Text | None = Field(default=None, alias="@conversion")
    attr_rule: Text | None = Field(default=None, alias="@rule")
    attr_trust: Text | None = Field(default=None, alias="@trust")


class MigrationMapping(NexusGroup):
    """NXparameters: Where each value came from: one parameter for each, named after its place.

    NXdiffraction_spectra.nxdl.xml, line 542.
    """

    attr_NX_class: Annotated[
        str,
        AfterValidator(OneOf(
            (
                "NXparameters", "NXapm_paraprobe_tool_parameters", "NXmatch_filter",
                "NXmicrostructure_mtex_config", "NXspatial_filter", "NXsubsampling_filter",
            ),
        )),
    ] = Field(alias="@NX_class")
    others: ClassVar[tuple[Others, ...]] = (
        Others(MigrationMappingCONCEPT, "CONCEPT", says=(Says(type="NX_CHAR", dtype="^(text)[0-9]*$"),)),
    )


class Migration(NexusGroup):
    """NXprocess: How this entry was made from a raw file, so that each value can be traced and taken away
    again.

    NXdiffraction_spectra.nxdl.xml, line 504.
    """

    attr_NX_class: Annotated[
        str,
        AfterValidator(OneOf(
            (
                "NXprocess", "NXapm_charge_state_analysis", "NXapm_paraprobe_tool_process", "NXapm_ranging",
                "NXapm_reconstruction", "NXcalibration", "NXdistortion", "NXem_ebsd", "NXem_eds", "NXem_eels",
                "NXem_img", "NXfit", "NXmicrostructure_ipf", "NXmicrostructure_odf", "NXmicrostructure_pf",
                "NXregistration", "NXroi_process",
            ),
        )),
    ] = Field(alias="@NX_class")
    program: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. Name of the program",
    )
    version: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. Version of the program",
    )
    date: Annotated[NexusField, Says(type="NX_DATE_TIME", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. When it ran, with time zone",
    )
    added_paths: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Recommended. Every path that was added to the file",
    )
    source_file: MigrationSourceFile = Field(description="Required. The raw file")
    crosswalk: MigrationCrosswalk | None = Field(
        default=None,
        description="Optional. The table that says which raw key is which concept",
    )
    mapping: MigrationMapping = Field(
        description="Required. Where each value came from: one parameter for each, named after its place",
    )


class CLASSIFICATIONclassificationModel(NexusGroup):
    """NXnote: The model that gave the classes: enough to find it again and to know it is the same.

    NXdiffraction_spectra.nxdl.xml, line 281.
    """

    attr_NX_class: Annotated[str, AfterValidator(OneOf(("NXnote",)))] = Field(alias="@NX_class")
    description: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Recommended. Name of the classifier",
    )
    file_name: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Recommended. Name of the model file",
    )
    checksum: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. Digest of the model file, in hex",
    )
    algorithm: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. How the digest is computed, for example sha256",
    )


class CLASSIFICATIONclassificationInput(NexusGroup):
    """NXparameters: Settings of the classifier.

    NXdiffraction_spectra.nxdl.xml, line 296.
    """

    attr_NX_class: Annotated[
        str,
        AfterValidator(OneOf(
            (
                "NXparameters", "NXapm_paraprobe_tool_parameters", "NXmatch_filter",
                "NXmicrostructure_mtex_config", "NXspatial_filter", "NXsubsampling_filter",
            ),
        )),
    ] = Field(alias="@NX_class")


class CLASSIFICATIONclassificationSourceFile(NexusGroup):
    """NXnote: The file that the labels were written to, as it was before, where no migration tells a raw
    file.

    NXdiffraction_spectra.nxdl.xml, line 299.
    """

    attr_NX_class: Annotated[str, AfterValidator(OneOf(("NXnote",)))] = Field(alias="@NX_class")
    file_name: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. Name of the file",
    )
    checksum: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. Digest of the file, in hex",
    )
    algorithm: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. How the digest is computed, for example sha256",
    )


class CLASSIFICATIONclassificationLabelsAmbiguous(NexusField):
    """Field: 1 for a spectrum whose class is less probable than sure, by calibrated probabilities, else 0.

    NXdiffraction_spectra.nxdl.xml, line 350.
    """

    attr_sure: Numbers | None = Field(default=None, alias="@sure")


class CLASSIFICATIONclassificationLabels(NexusGroup):
    """NXdata: The classes along the series, as a plot.

    NXdiffraction_spectra.nxdl.xml, line 311.
    """

    attr_NX_class: Annotated[str, AfterValidator(OneOf(("NXdata",)))] = Field(alias="@NX_class")
    attr_signal: Annotated[Any, AfterValidator(OneOf(("class_index",)))] = Field(alias="@signal")
    class_index: Annotated[
        NexusField,
        Says(type="NX_INT", dtype="^(int|uint)[0-9]*$", shape=("nP",), rank=(1, 1), required=True),
    ] = Field(description="Required. Class of each spectrum as an index, from 0, into class_names")
    class_names: Annotated[
        NexusField,
        Says(type="NX_CHAR", dtype="^(text)[0-9]*$", shape=("nClasses",), rank=(1, 1), required=True),
    ] = Field(description="Required. Names of the classes")
    probability: Annotated[
        NexusField,
        Says(
            type="NX_NUMBER", units="NX_DIMENSIONLESS", dtype="^(int|uint|float|complex)[0-9]*$",
            shape=("nP", "nClasses"), rank=(2, 2), not_units=NOT_UNITS["NX_DIMENSIONLESS"],
        ),
    ] | None = Field(default=None, description="Optional. Probability of each class at each spectrum")
    unseen_score: Annotated[
        NexusField,
        Says(
            type="NX_NUMBER", units="NX_DIMENSIONLESS", dtype="^(int|uint|float|complex)[0-9]*$",
            shape=("nP",), rank=(1, 1), not_units=NOT_UNITS["NX_DIMENSIONLESS"],
        ),
    ] | None = Field(default=None, description="Optional. How strange each spectrum is to the model")
    reason: Annotated[
        NexusField,
        Says(type="NX_CHAR", dtype="^(text)[0-9]*$", shape=("nP",), rank=(1, 1)),
    ] | None = Field(default=None, description="Optional. Why no class was assigned to a spectrum")
    ambiguous: Annotated[
        CLASSIFICATIONclassificationLabelsAmbiguous,
        Says(type="NX_INT", dtype="^(int|uint)[0-9]*$", shape=("nP",), rank=(1, 1)),
    ] | None = Field(
        default=None,
        description="Optional. 1 for a spectrum whose class is less probable than sure, by calibrated probabilities, else 0",
    )
    pressure: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT", units="NX_PRESSURE", dtype="^(float)[0-9]*$", shape=("nP",), rank=(1, 1),
            not_units=NOT_UNITS["NX_PRESSURE"], needs_units=True,
        ),
    ] | None = Field(
        default=None,
        description="Optional. The axis along the series: a link to pressure of the sample",
    )


class CLASSIFICATIONclassificationVotes(NexusGroup):
    """NXdata: How each stretch of the angle axis voted, so that a reader sees where a class comes from.

    NXdiffraction_spectra.nxdl.xml, line 366.
    """

    attr_NX_class: Annotated[str, AfterValidator(OneOf(("NXdata",)))] = Field(alias="@NX_class")
    attr_signal: Annotated[Any, AfterValidator(OneOf(("share",)))] = Field(alias="@signal")
    share: Annotated[
        NexusField,
        Says(
            type="NX_NUMBER", units="NX_DIMENSIONLESS", dtype="^(int|uint|float|complex)[0-9]*$",
            shape=("nP", "nBins", "nClasses"), rank=(3, 3), not_units=NOT_UNITS["NX_DIMENSIONLESS"],
            required=True,
        ),
    ] = Field(description="Required. Share of the points of a bin that voted for each class")
    bin_start: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT", units="NX_ANGLE", dtype="^(float)[0-9]*$", shape=("nBins",), rank=(1, 1),
            not_units=NOT_UNITS["NX_ANGLE"], needs_units=True, required=True,
        ),
    ] = Field(description="Required. Two theta of the first point of each bin")
    bin_end: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT", units="NX_ANGLE", dtype="^(float)[0-9]*$", shape=("nBins",), rank=(1, 1),
            not_units=NOT_UNITS["NX_ANGLE"], needs_units=True, required=True,
        ),
    ] = Field(description="Required. Two theta of the last point of each bin")
    separability: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT", units="NX_DIMENSIONLESS", dtype="^(float)[0-9]*$", shape=("nBins",), rank=(1, 1),
            not_units=NOT_UNITS["NX_DIMENSIONLESS"],
        ),
    ] | None = Field(
        default=None,
        description="Recommended. Share of the training points of a bin that were given the right class",
    )
    believability: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT", units="NX_DIMENSIONLESS", dtype="^(float)[0-9]*$", shape=("nBins",), rank=(1, 1),
            not_units=NOT_UNITS["NX_DIMENSIONLESS"],
        ),
    ] | None = Field(default=None, description="Recommended. What a vote of the bin weighs, from 0 to 1")


class CLASSIFICATIONclassificationBoundaries(NexusGroup):
    """NXparameters: Where along the series one class gives way to another.

    NXdiffraction_spectra.nxdl.xml, line 407.
    """

    attr_NX_class: Annotated[
        str,
        AfterValidator(OneOf(
            (
                "NXparameters", "NXapm_paraprobe_tool_parameters", "NXmatch_filter",
                "NXmicrostructure_mtex_config", "NXspatial_filter", "NXsubsampling_filter",
            ),
        )),
    ] = Field(alias="@NX_class")
    from_class: Annotated[
        NexusField,
        Says(type="NX_CHAR", dtype="^(text)[0-9]*$", shape=("nB",), rank=(1, 1), required=True),
    ] = Field(description="Required. Class before the boundary")
    to_class: Annotated[
        NexusField,
        Says(type="NX_CHAR", dtype="^(text)[0-9]*$", shape=("nB",), rank=(1, 1), required=True),
    ] = Field(description="Required. Class after the boundary")
    frame: Annotated[
        NexusField,
        Says(type="NX_INT", dtype="^(int|uint)[0-9]*$", shape=("nB",), rank=(1, 1), required=True),
    ] = Field(description="Required. Index, from 0, of the first spectrum of the class after")
    frame_interval: Annotated[
        NexusField,
        Says(type="NX_INT", dtype="^(int|uint)[0-9]*$", shape=("nB", "2"), rank=(2, 2), fixed=((2, 2),)),
    ] | None = Field(
        default=None,
        description="Recommended. First and last index between which the boundary lies",
    )
    interval_from: Annotated[
        NexusField,
        Says(type="NX_CHAR", dtype="^(text)[0-9]*$", shape=("nB",), rank=(1, 1)),
    ] | None = Field(
        default=None,
        description="Optional. What the intervals are from: held-out series were compared with truth",
    )
    pressure: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT", units="NX_PRESSURE", dtype="^(float)[0-9]*$", shape=("nB",), rank=(1, 1),
            not_units=NOT_UNITS["NX_PRESSURE"], needs_units=True,
        ),
    ] | None = Field(default=None, description="Optional. Pressure at the boundary")
    pressure_interval: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT", units="NX_PRESSURE", dtype="^(float)[0-9]*$", shape=("nB", "2"), rank=(2, 2),
            fixed=((2, 2),), not_units=NOT_UNITS["NX_PRESSURE"], needs_units=True,
        ),
    ] | None = Field(default=None, description="Optional. Pressures between which the boundary lies")


class CLASSIFICATIONclassificationExplanation(NexusGroup):
    """NXdata: Which regions of the angle axis decided about the class of each spectrum.

    NXdiffraction_spectra.nxdl.xml, line 457.
    """

    attr_NX_class: Annotated[str, AfterValidator(OneOf(("NXdata",)))] = Field(alias="@NX_class")
    attr_signal: Annotated[Any, AfterValidator(OneOf(("weight",)))] = Field(alias="@signal")
    weight: Annotated[
        NexusField,
        Says(
            type="NX_NUMBER", units="NX_DIMENSIONLESS", dtype="^(int|uint|float|complex)[0-9]*$",
            shape=("nP", "nRegions"), rank=(2, 2), not_units=NOT_UNITS["NX_DIMENSIONLESS"], required=True,
        ),
    ] = Field(description="Required. How much a region speaks for the class that the spectrum was given")
    overall: Annotated[
        NexusField,
        Says(
            type="NX_NUMBER", units="NX_DIMENSIONLESS", dtype="^(int|uint|float|complex)[0-9]*$",
            shape=("nRegions",), rank=(1, 1), not_units=NOT_UNITS["NX_DIMENSIONLESS"],
        ),
    ] | None = Field(
        default=None,
        description="Recommended. Mean over the series of the absolute weight of each region",
    )
    two_theta: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT", units="NX_ANGLE", dtype="^(float)[0-9]*$", shape=("nRegions",), rank=(1, 1),
            not_units=NOT_UNITS["NX_ANGLE"], needs_units=True,
        ),
    ] | None = Field(default=None, description="Recommended. The middle of each region")
    region_start: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT", units="NX_ANGLE", dtype="^(float)[0-9]*$", shape=("nRegions",), rank=(1, 1),
            not_units=NOT_UNITS["NX_ANGLE"], needs_units=True, required=True,
        ),
    ] = Field(description="Required. Two theta at which each region begins")
    region_end: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT", units="NX_ANGLE", dtype="^(float)[0-9]*$", shape=("nRegions",), rank=(1, 1),
            not_units=NOT_UNITS["NX_ANGLE"], needs_units=True, required=True,
        ),
    ] = Field(description="Required. Two theta at which each region ends")
    method: Annotated[NexusField, Says(type="NX_CHAR")] | None = Field(
        default=None,
        description="Recommended. How the weights were found, for example votes, attribution or occlusion",
    )


class CLASSIFICATIONclassification2(NexusGroup):
    """NXprocess: A class for each spectrum, from a classifier, a person or a simulation.

    NXdiffraction_spectra.nxdl.xml, line 244.
    """

    attr_NX_class: Annotated[
        str,
        AfterValidator(OneOf(
            (
                "NXprocess", "NXapm_charge_state_analysis", "NXapm_paraprobe_tool_process", "NXapm_ranging",
                "NXapm_reconstruction", "NXcalibration", "NXdistortion", "NXem_ebsd", "NXem_eds", "NXem_eels",
                "NXem_img", "NXfit", "NXmicrostructure_ipf", "NXmicrostructure_odf", "NXmicrostructure_pf",
                "NXregistration", "NXroi_process",
            ),
        )),
    ] = Field(alias="@NX_class")
    program: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. Name of the program that wrote the classes",
    )
    version: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Recommended. Version of the program",
    )
    date: Annotated[NexusField, Says(type="NX_DATE_TIME", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Recommended. When it was written, with time zone",
    )
    label_origin: Annotated[
        NexusField,
        Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True),
        ValueOneOf(("expert", "model", "simulation")),
    ] = Field(description="Required. Who or what gave the classes")
    by: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Optional. ORCID or name of the person who gave the classes",
    )
    confidence: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT",
            units="NX_DIMENSIONLESS",
            dtype="^(float)[0-9]*$",
            not_units=NOT_UNITS["NX_DIMENSIONLESS"],
        ),
    ] | None = Field(
        default=None,
        description="Optional. P_conf, how far the whole of the labelling of two classes is to be believed, from 0 to 1",
    )
    added_paths: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Optional. Every path that was added to the file together with this group",
    )
    model: CLASSIFICATIONclassificationModel | None = Field(
        default=None,
        description="Optional. The model that gave the classes: enough to find it again and to know it is the same",
    )
    input: CLASSIFICATIONclassificationInput | None = Field(
        default=None,
        description="Optional. Settings of the classifier",
    )
    source_file: CLASSIFICATIONclassificationSourceFile | None = Field(
        default=None,
        description="Optional. The file that the labels were written to, as it was before, where no migration tells a raw file",
    )
    labels: CLASSIFICATIONclassificationLabels = Field(
        description="Required. The classes along the series, as a plot",
    )
    votes: CLASSIFICATIONclassificationVotes | None = Field(
        default=None,
        description="Optional. How each stretch of the angle axis voted, so that a reader sees where a class comes from",
    )
    boundaries: CLASSIFICATIONclassificationBoundaries | None = Field(
        default=None,
        description="Optional. Where along the series one class gives way to another",
    )
    explanation: CLASSIFICATIONclassificationExplanation | None = Field(
        default=None,
        description="Optional. Which regions of the angle axis decided about the class of each spectrum",
    )


class InstrumentSource(NexusGroup):
    """NXsource: The storage ring, free-electron laser or other source.

    NXdiffraction_spectra.nxdl.xml, line 65.
    """

    attr_NX_class: Annotated[str, AfterValidator(OneOf(("NXsource",)))] = Field(alias="@NX_class")
    name: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. Name of the source, for example PETRA III",
    )
    type: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Recommended. Kind of source, for example Synchrotron X-ray Source",
    )
    probe: Annotated[
        NexusField,
        Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True),
        ValueOneOf(("x-ray", "neutron", "electron")),
    ] = Field(description="Required. What the sample is probed with")


class InstrumentBeam(NexusGroup):
    """NXbeam: The beam where it meets the sample.

    NXdiffraction_spectra.nxdl.xml, line 82.
    """

    attr_NX_class: Annotated[str, AfterValidator(OneOf(("NXbeam",)))] = Field(alias="@NX_class")
    incident_energy: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT", units="NX_ENERGY", dtype="^(float)[0-9]*$", shape=("nP",), rank=(0, 1),
            one_for_all=True, not_units=NOT_UNITS["NX_ENERGY"], needs_units=True, required=True,
        ),
    ] = Field(
        description="Required. Energy of the beam, also known as beam energy: one for the series, or one for each spectrum",
    )
    incident_energy_spread: Annotated[
        NexusField,
        Says(
            type="NX_NUMBER", units="NX_ENERGY", dtype="^(int|uint|float|complex)[0-9]*$",
            not_units=NOT_UNITS["NX_ENERGY"], needs_units=True,
        ),
    ] | None = Field(default=None, description="Optional. Bandwidth of the beam")
    incident_wavelength: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT", units="NX_WAVELENGTH", dtype="^(float)[0-9]*$", shape=("nP",), rank=(0, 1),
            one_for_all=True, not_units=NOT_UNITS["NX_WAVELENGTH"], needs_units=True,
        ),
    ] | None = Field(default=None, description="Optional. Wavelength of the beam")


class InstrumentDetectorStartTime(NexusField):
    """Field: When each exposure began, counted from the attribute start.

    NXdiffraction_spectra.nxdl.xml, line 113.
    """

    attr_start: DateTime | None = Field(default=None, alias="@start", description="Recommended.")


class InstrumentDetector(NexusGroup):
    """NXdetector: The detector whose images became the spectra.

    NXdiffraction_spectra.nxdl.xml, line 105.
    """

    attr_NX_class: Annotated[str, AfterValidator(OneOf(("NXdetector", "NXelectron_detector")))] = Field(
        alias="@NX_class",
    )
    count_time: Annotated[
        NexusField,
        Says(
            type="NX_NUMBER", units="NX_TIME", dtype="^(int|uint|float|complex)[0-9]*$", shape=("nP",),
            rank=(0, 1), one_for_all=True, not_units=NOT_UNITS["NX_TIME"], needs_units=True, required=True,
        ),
    ] = Field(
        description="Required. Exposure time of one spectrum: one for the series, or one for each spectrum",
    )
    start_time: Annotated[
        InstrumentDetectorStartTime,
        Says(
            type="NX_FLOAT", units="NX_TIME", dtype="^(float)[0-9]*$", shape=("nP",), rank=(1, 1),
            not_units=NOT_UNITS["NX_TIME"], needs_units=True,
        ),
    ] | None = Field(
        default=None,
        description="Recommended. When each exposure began, counted from the attribute start",
    )
    description: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Recommended. Make and model of the detector",
    )


class Instrument(NexusGroup):
    """NXinstrument: The beamline, and how it was set.

    NXdiffraction_spectra.nxdl.xml, line 60.
    """

    attr_NX_class: Annotated[
        str,
        AfterValidator(OneOf(("NXinstrument", "NXapm_instrument", "NXem_instrument"))),
    ] = Field(alias="@NX_class")
    name: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Recommended. Name of the beamline or instrument",
    )
    others: ClassVar[tuple[Others, ...]] = (
        Others(InstrumentSource, "(NXsource)", classes=("NXsource",)),
        Others(InstrumentBeam, "(NXbeam)", classes=("NXbeam",), least=1),
        Others(InstrumentDetector, "(NXdetector)", classes=("NXdetector", "NXelectron_detector"), least=1),
    )


class SamplePressureEnvSensor(NexusGroup):
    """NXsensor: A gauge or a drive of the device.

    NXdiffraction_spectra.nxdl.xml, line 163.
    """

    attr_NX_class: Annotated[
        str,
        AfterValidator(OneOf(("NXsensor", "NXspm_piezo_sensor", "NXspm_temperature_sensor"))),
    ] = Field(alias="@NX_class")
    measurement: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. The quantity that is measured, for example pressure",
    )
    type: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Recommended. How: ruby fluorescence, equation of state of Au, gas membrane",
    )
    value_: Annotated[
        NexusField,
        Says(type="NX_FLOAT", units="NX_ANY", dtype="^(float)[0-9]*$", required=True),
    ] = Field(alias="value", description="Required. What it read")


class SamplePressureEnv(NexusGroup):
    """NXenvironment: The device that made the pressure, and how the pressure was known.

    NXdiffraction_spectra.nxdl.xml, line 158.
    """

    attr_NX_class: Annotated[str, AfterValidator(OneOf(("NXenvironment",)))] = Field(alias="@NX_class")
    type: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Recommended. Kind of device, for example dynamic diamond anvil cell",
    )
    others: ClassVar[tuple[Others, ...]] = (
        Others(
            SamplePressureEnvSensor,
            "(NXsensor)",
            classes=("NXsensor", "NXspm_piezo_sensor", "NXspm_temperature_sensor"),
        ),
    )


class Sample(NexusGroup):
    """NXsample: What was compressed, and how far.

    NXdiffraction_spectra.nxdl.xml, line 127.
    """

    attr_NX_class: Annotated[str, AfterValidator(OneOf(("NXsample",)))] = Field(alias="@NX_class")
    name: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. Name of the sample",
    )
    chemical_formula: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Recommended. Composition, for example (Mg0.2,Fe0.8)O",
    )
    pressure: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT", units="NX_PRESSURE", dtype="^(float)[0-9]*$", shape=("nP",), rank=(1, 1),
            not_units=NOT_UNITS["NX_PRESSURE"], needs_units=True, required=True,
        ),
    ] = Field(description="Required. Pressure on the sample at each spectrum")
    pressure_errors: Annotated[
        NexusField,
        Says(
            type="NX_NUMBER", units="NX_PRESSURE", dtype="^(int|uint|float|complex)[0-9]*$", shape=("nP",),
            rank=(1, 1), not_units=NOT_UNITS["NX_PRESSURE"], needs_units=True,
        ),
    ] | None = Field(default=None, description="Recommended. Standard uncertainty of the pressure")
    temperature: Annotated[
        NexusField,
        Says(
            type="NX_FLOAT", units="NX_TEMPERATURE", dtype="^(float)[0-9]*$", shape=("nP",), rank=(0, 1),
            one_for_all=True, not_units=NOT_UNITS["NX_TEMPERATURE"], needs_units=True,
        ),
    ] | None = Field(
        default=None,
        description="Optional. Temperature of the sample: one for the series, or one for each spectrum",
    )
    pressure_env: SamplePressureEnv | None = Field(
        default=None,
        description="Recommended. The device that made the pressure, and how the pressure was known",
    )


class Entry(NexusGroup):
    """NXentry: One series.

    NXdiffraction_spectra.nxdl.xml, line 31.
    """

    attr_NX_class: Annotated[str, AfterValidator(OneOf(("NXentry", "NXsubentry")))] = Field(
        alias="@NX_class",
    )
    attr_default: Text | None = Field(default=None, alias="@default", description="Recommended.")
    definition: Annotated[Definition, Says(type="NX_CHAR", dtype="^(text)[0-9]*$", required=True)] = Field(
        description="Required. Which application definition the entry follows",
    )
    title: Annotated[NexusField, Says(type="NX_CHAR", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Recommended. What a person would call the series",
    )
    start_time: Annotated[NexusField, Says(type="NX_DATE_TIME", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Recommended. When the series began, with time zone",
    )
    end_time: Annotated[NexusField, Says(type="NX_DATE_TIME", dtype="^(text)[0-9]*$")] | None = Field(
        default=None,
        description="Optional. When the series ended, with time zone",
    )
    experiment_identifier: Annotated[
        NexusField,
        Says(type="NX_CHAR", dtype="^(text)[0-9]*$"),
    ] | None = Field(
        default=None,
        description="Recommended. Number of the proposal or beamtime at the facility",
    )
    data: Data = Field(description="Required. The spectra, as the default plot")
    reduction: Reduction | None = Field(
        default=None,
        description="Recommended. How images became spectra, as in NXazint1d",
    )
    migration: Migration | None = Field(
        default=None,
        description="Optional. How this entry was made from a raw file, so that each value can be traced and taken away again",
    )
    others: ClassVar[tuple[Others, ...]] = (
        Others(
            CLASSIFICATIONclassification2,
            "CLASSIFICATIONclassification",
            classes=(
                "NXprocess", "NXapm_charge_state_analysis", "NXapm_paraprobe_tool_process", "NXapm_ranging",
                "NXapm_reconstruction", "NXcalibration", "NXdistortion", "NXem_ebsd", "NXem_eds", "NXem_eels",
                "NXem_img", "NXfit", "NXmicrostructure_ipf", "NXmicrostructure_odf", "NXmicrostructure_pf",
                "NXregistration", "NXroi_process",
            ),
            names="^(?!(data|reduction|migration)$)([a-zA-Z0-9_.]*classification)$",
        ),
        Others(
            Instrument,
            "(NXinstrument)",
            classes=("NXinstrument", "NXapm_instrument", "NXem_instrument"),
            least=1,
        ),
        Others(Sample, "(NXsample)", classes=("NXsample",), least=1),
    )


class Root(NexusRoot):
    """A tree with an entry that follows NXdiffraction_spectra."""

    definition_name: ClassVar[str] = "NXdiffraction_spectra"
    entry_model: ClassVar[type[NexusGroup]] = Entry
