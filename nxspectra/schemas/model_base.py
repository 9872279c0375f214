"""What the models are made of; a model is for the JSON form of a tree, nxspectra.schemas.as_json."""

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
    Field,  # noqa: F401 - for the models that are written below
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
