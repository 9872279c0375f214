"""What is asked of the PaN search API, as a value.

{"where": {"title": {"like": "Fe%"}}, "include": [{"relation": "techniques", "scope": {"where": {...}}}],
 "order": "creationDate DESC", "fields": ["pid", "title"], "limit": 10, "skip": 0, "query": "ferropericlase"}

The grammar is that of LoopBack 3 with the rules that the search API adds: a relation whose scope has a
`where`, at any level, must be there; `text` looks in the properties that people read. Nothing that is not
understood is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import Enum
from typing import TypeAlias

from nxspectra.catalogue.pan.schema import MODELS, Kind, Model
from nxspectra.catalogue.pan.syntax import Json
from nxspectra.errors import FilterError

MOST_ROWS = 10**9
"""The highest limit and skip."""

Value: TypeAlias = str | int | float | bool | None


class Operator(Enum):
    """How a property is compared with what is said."""

    EQ = "eq"
    NEQ = "neq"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    BETWEEN = "between"
    INQ = "inq"
    NIN = "nin"
    LIKE = "like"
    NLIKE = "nlike"
    ILIKE = "ilike"
    NILIKE = "nilike"


PATTERNS = frozenset({Operator.LIKE, Operator.NLIKE, Operator.ILIKE, Operator.NILIKE})
LISTS = frozenset({Operator.INQ, Operator.NIN})
NEGATIVE = frozenset({Operator.NEQ, Operator.NIN, Operator.NLIKE, Operator.NILIKE})
_NAMES = {operator.value: operator for operator in Operator} | {
    "ne": Operator.NEQ,
    "in": Operator.INQ,
    "=": Operator.EQ,
}


@dataclass(frozen=True, slots=True)
class Compare:
    """A property compared with values: one, two ends, or any number."""

    property: str
    operator: Operator
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """Some text stands in what people read of a thing, whatever the case."""

    said: str


@dataclass(frozen=True, slots=True)
class And:
    """All of it holds; all of nothing does."""

    parts: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Some of it holds."""

    parts: tuple[Where, ...]


Where: TypeAlias = Compare | Text | And | Or


@dataclass(frozen=True, slots=True)
class Order:
    """One property to sort by."""

    property: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """The properties that are shown, or those that are not."""

    names: frozenset[str]
    shown: bool = True

    def show(self, name: str) -> bool:
        return (name in self.names) is self.shown


@dataclass(frozen=True, slots=True)
class Filter:
    """All that is asked."""

    where: Where | None = None
    include: tuple[Include, ...] = ()
    order: tuple[Order, ...] = ()
    fields: Fields | None = None
    limit: int | None = None
    """None if nothing was said; 0 for all."""
    skip: int = 0
    query: str | None = None
    """Free text to score by."""

    @property
    def requires(self) -> bool:
        """Must a thing that is joined so be there?"""
        return self.where is not None or any(each.scope.requires for each in self.include)


@dataclass(frozen=True, slots=True)
class Include:
    """What a thing is joined with."""

    relation: str
    scope: Filter = Filter()


def parse(value: Json, model: Model) -> Filter:
    """The filter that is meant. Raises FilterError, which names what is wrong and the nearest right word."""
    return _filter(value, model, "filter")


def parse_where(value: Json, model: Model) -> Where | None:
    """The condition of a count. Raises FilterError."""
    return _where(value, model, "where")


# -- the parts of a filter ---------------------------------------------------------------------


def _filter(value: Json, model: Model, at: str) -> Filter:
    if value is None:
        return Filter()
    if not isinstance(value, dict):
        raise FilterError(f"{at} is not an object")
    for name in value:
        if name not in _PARTS:
            raise FilterError(f"{at} has no part {name!r}; {nearest(name, _PARTS)}")
    if "skip" in value and "offset" in value and value["skip"] != value["offset"]:
        raise FilterError(f"{at} has a skip and an offset, which are the same; give one")
    limit = _whole(value.get("limit"), f"{at}.limit")
    return Filter(
        _where(value.get("where"), model, f"{at}.where"),
        tuple(_includes(value.get("include"), model, f"{at}.include")),
        tuple(_orders(value.get("order"), model, f"{at}.order")),
        _fields(value.get("fields"), model, f"{at}.fields"),
        limit,
        _whole(value.get("skip", value.get("offset")), f"{at}.skip") or 0,
        _query(value.get("query"), f"{at}.query"),
    )


_PARTS = ("where", "include", "order", "fields", "limit", "skip", "offset", "query")


def _whole(value: Json, at: str) -> int | None:
    if value is None or value == "":
        return None
    number = _number(value, at)
    if number != int(number):
        raise FilterError(f"{at} is {value!r}, which is not a whole number")
    if not 0 <= number <= MOST_ROWS:
        raise FilterError(f"{at} is {value!r}; it must be from 0 to {MOST_ROWS}")
    return int(number)


def _query(value: Json, at: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise FilterError(f"{at} is not a text")
    return value.strip() or None


def _includes(value: Json, model: Model, at: str) -> Iterator[Include]:
    if value is None:
        return
    listed = value if isinstance(value, list) else [value]
    for number, each in enumerate(listed):
        here = f"{at}[{number}]" if isinstance(value, list) else at
        if isinstance(each, str):
            yield Include(_relation(each, model, here))
        elif isinstance(each, dict) and "relation" in each:
            yield _include(each, model, here)
        elif isinstance(each, dict) and each:
            # LoopBack's short form for what is joined with what is joined: {"members": "person"}
            for name, below in each.items():
                relation = _relation(name, model, here)
                inner = MODELS[model.relations[relation].model]
                yield Include(relation, Filter(include=tuple(_includes(below, inner, f"{here}.{name}"))))
        else:
            raise FilterError(f"{here} is not a relation; write a name, or an object with relation and scope")


def _include(value: Mapping[str, Json], model: Model, at: str) -> Include:
    for name in value:
        if name not in ("relation", "scope"):
            raise FilterError(f"{at} has no part {name!r}; {nearest(name, ('relation', 'scope'))}")
    said = value["relation"]
    if not isinstance(said, str):
        raise FilterError(f"{at}.relation is not a text")
    relation = _relation(said, model, f"{at}.relation")
    below = MODELS[model.relations[relation].model]
    scope = _filter(value.get("scope"), below, f"{at}.scope")
    if scope.query is not None:
        raise FilterError(f"{at}.scope.query: only the filter itself has a query")
    return Include(relation, scope)


def _relation(said: str, model: Model, at: str) -> str:
    if said not in model.relations:
        raise FilterError(f"{at}: a {model.name} has no relation {said!r}; {nearest(said, model.relations)}")
    return said


def _orders(value: Json, model: Model, at: str) -> Iterator[Order]:
    for said in _texts(value, at):
        name, _, direction = said.strip().partition(" ")
        way = direction.strip().upper()
        if way not in ("", "ASC", "DESC"):
            raise FilterError(f"{at}: {said!r} ends neither in ASC nor in DESC")
        if _kind(name, model, at) is Kind.TEXTS:
            raise FilterError(f"{at}: {name} holds several texts; there is no order in them")
        yield Order(name, way == "DESC")


def _fields(value: Json, model: Model, at: str) -> Fields | None:
    if value is None or value in ([], {}):
        return None
    if not isinstance(value, dict):
        names = list(_texts(value, at))
        for name in names:
            _kind(name, model, at)
        return Fields(frozenset(names))
    shown = {name: _truth(said, f"{at}.{name}") for name, said in value.items()}
    for name in shown:
        _kind(name, model, at)
    if any(shown.values()):
        return Fields(frozenset(name for name, said in shown.items() if said))
    return Fields(frozenset(shown), shown=False)


def _texts(value: Json, at: str) -> Iterator[str]:
    if value is None:
        return
    for each in value if isinstance(value, list) else [value]:
        if not isinstance(each, str):
            raise FilterError(f"{at} is neither a text nor an array of texts")
        if each.strip():
            yield each


# -- conditions --------------------------------------------------------------------------------


def _where(value: Json, model: Model, at: str) -> Where | None:
    if value is None or value == "":
        return None
    if not isinstance(value, dict):
        raise FilterError(f"{at} is not an object")
    parts = tuple(_parts(value, model, at))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else And(parts)


def _parts(value: Mapping[str, Json], model: Model, at: str) -> Iterator[Where]:
    for name, said in value.items():
        if name in ("and", "or"):
            yield _several(name, said, model, f"{at}.{name}")
        elif name == "text":
            yield _text(said, model, f"{at}.text")
        else:
            kind = _kind(name, model, at, ("and", "or", "text"))
            yield _comparison(name, kind, said, f"{at}.{name}")


def _several(name: str, said: Json, model: Model, at: str) -> Where:
    if not isinstance(said, list):
        raise FilterError(f"{at} is not an array of conditions")
    found = (_where(each, model, f"{at}[{number}]") for number, each in enumerate(said))
    # a condition without anything in it always holds
    parts = tuple(And(()) if each is None else each for each in found)
    return And(parts) if name == "and" else Or(parts)


def _text(said: Json, model: Model, at: str) -> Text:
    if not model.text:
        raise FilterError(f"{at}: a {model.name} cannot be searched for by text; name one of its properties")
    if not isinstance(said, str):
        raise FilterError(f"{at} is not a text")
    return Text(said)


def _comparison(name: str, kind: Kind, said: Json, at: str) -> Where:
    if not isinstance(said, dict):
        return Compare(name, Operator.EQ, (_one(kind, said, at),))
    parts = tuple(_compare(name, kind, word, each, at) for word, each in said.items() if word != "options")
    if not parts:
        raise FilterError(f"{at} is an object without an operator; there are {', '.join(_SHOWN)}")
    return parts[0] if len(parts) == 1 else And(parts)


_SHOWN = tuple(operator.value for operator in Operator)


def _compare(name: str, kind: Kind, word: str, said: Json, at: str) -> Compare:
    operator = _NAMES.get(word)
    at = f"{at}.{word}"
    if operator is None:
        if word == "regexp":
            raise FilterError(f"{at}: regular expressions are not taken here; use like or ilike with %")
        raise FilterError(f"{at}: there is no operator {word!r}; {nearest(word, _SHOWN)}")
    if operator in LISTS:
        return Compare(name, operator, tuple(_one(kind, each, at) for each in _list(said, at)))
    if operator is Operator.BETWEEN:
        ends = _list(said, at)
        if len(ends) != 2:
            raise FilterError(f"{at} is not an array of two ends")
        return Compare(name, operator, tuple(_ordered(kind, each, at) for each in ends))
    if operator in PATTERNS:
        if kind not in (Kind.TEXT, Kind.TEXTS, Kind.ANY):
            raise FilterError(
                f"{at}: {name} holds {kind.value}, which has no patterns; use eq, gt, between ..."
            )
        return Compare(name, operator, (_pattern(said, at),))
    if operator in (Operator.EQ, Operator.NEQ):
        return Compare(name, operator, (_one(kind, said, at),))
    return Compare(name, operator, (_ordered(kind, said, at),))


def _list(said: Json, at: str) -> list[Json]:
    if not isinstance(said, list):
        raise FilterError(f"{at} is not an array")
    return said


def _pattern(said: Json, at: str) -> str:
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        raise FilterError(f"{at} is not a text")
    return str(said)


# -- values ------------------------------------------------------------------------------------


def _one(kind: Kind, said: Json, at: str) -> Value:
    return None if said is None else _ordered(kind, said, at)


def _ordered(kind: Kind, said: Json, at: str) -> Value:
    if said is None or isinstance(said, dict | list):
        raise FilterError(f"{at} is not {_A[kind]}")
    return _READ[kind](said, at)


_A = {
    Kind.TEXT: "a text",
    Kind.TEXTS: "a text",
    Kind.NUMBER: "a number",
    Kind.TRUTH: "true or false",
    Kind.DATE: "a date",
    Kind.ANY: "a number or a text",
}


def _number(said: Json, at: str) -> int | float:
    if isinstance(said, int | float) and not isinstance(said, bool):
        return said
    try:
        number = float(said) if isinstance(said, str) else None
    except ValueError:
        number = None
    # float() also reads infinities
    if number is None or not abs(number) < float("inf"):
        raise FilterError(f"{at} is {_short(said)}, which is not a number")
    return number


def _truth(said: Json, at: str) -> bool:
    for value in (True, False):
        if said is value or (isinstance(said, str) and said.lower() == str(value).lower()):
            return value
    raise FilterError(f"{at} is {_short(said)}, which is neither true nor false")


def _date(said: Json, at: str) -> float:
    """Seconds since 1970, UTC where no zone is named; a number is the milliseconds of JavaScript."""
    try:
        if isinstance(said, int | float) and not isinstance(said, bool):
            return datetime.fromtimestamp(said / 1000, UTC).timestamp()
        if isinstance(said, str):
            when = datetime.fromisoformat(said.strip())
            return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        pass
    raise FilterError(
        f"{at} is {_short(said)}, which is not a date; write 2021-06-01 or 2021-06-01T12:00:00Z"
    )


def _words(said: Json, at: str) -> str:
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        raise FilterError(f"{at} is {_short(said)}, which is not a text")
    return said if isinstance(said, str) else f"{said:.15g}"


def _any(said: Json, at: str) -> Value:
    if isinstance(said, str | int | float) and not isinstance(said, bool):
        return said
    raise FilterError(f"{at} is {_short(said)}, which is neither a number nor a text")


_READ: Mapping[Kind, Callable[[Json, str], Value]] = {
    Kind.TEXT: _words,
    Kind.TEXTS: _words,
    Kind.NUMBER: _number,
    Kind.TRUTH: _truth,
    Kind.DATE: _date,
    Kind.ANY: _any,
}


def _short(said: object) -> str:
    text = repr(said)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _kind(name: str, model: Model, at: str, also: Iterable[str] = ()) -> Kind:
    kind = model.properties.get(name)
    if kind is None:
        known = (*model.properties, *also)
        if name in model.relations:
            raise FilterError(f"{at}: {name} is a relation of a {model.name}; ask for it in include")
        raise FilterError(f"{at}: a {model.name} has no property {_short(name)}; {nearest(name, known)}")
    return kind


def nearest(said: str, known: Iterable[str]) -> str:
    """What could have been meant."""
    names = list(known)
    close = get_close_matches(said[:100], names, n=1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(names) or 'none'}"
