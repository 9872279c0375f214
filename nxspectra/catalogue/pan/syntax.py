"""The text of a filter as plain values, within limits: JSON, or names in brackets as `qs` reads them.

filter={"limit": 1, "where": {"title": {"like": "Fe%"}}}
filter[limit]=1&filter[where][title][like]=Fe%25
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn, TypeAlias

from nxspectra.errors import FilterError

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

LONGEST = 32_768
"""Bytes of a filter."""
DEEPEST = 14
"""Levels of objects and arrays in each other."""
MOST_NODES = 200
"""Objects, arrays, and names in objects."""
MOST_VALUES = 1000
"""Plain values; a list of pids may be long."""
_BIGGEST = 2**53
"""Integers beyond it are taken as JavaScript takes them, as floating-point numbers."""

TOO_DEEP = "QUERY_OBJECT_TOO_DEEP"


def read_json(text: str, what: str = "filter") -> Json:
    """The JSON value of a text. Raises FilterError if it is none, or beyond the limits."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > LONGEST:
        raise FilterError(f"{what} has {size} bytes; at most {LONGEST} are taken")
    if _depth(text) > DEEPEST:
        raise FilterError(f"{what} is nested deeper than {DEEPEST} levels", TOO_DEEP)
    try:
        value: Json = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise FilterError(f"{what} is not JSON: {error.msg} at character {error.pos}") from None
    except ValueError:  # an integer of thousands of digits
        raise FilterError(f"{what} is not JSON: a number has too many digits") from None
    return _checked(value, what)


def read_brackets(pairs: Iterable[tuple[str, str]], what: str = "filter") -> Json | None:
    """The value of names such as `filter[where][title]`; None if there are none. Every value is a text.

    Raises FilterError if the names contradict each other, or are beyond the limits.
    """
    root: dict[str, Any] = {}
    found, size = False, 0
    for name, text in pairs:
        steps = _steps(name, what)
        if steps is None:
            continue
        found, size = True, size + len(name) + len(text)
        if len(steps) > DEEPEST:
            raise FilterError(f"{what} is nested deeper than {DEEPEST} levels", TOO_DEEP)
        if size > LONGEST:
            raise FilterError(f"{what} has more than {LONGEST} bytes")
        _put(root, steps, text, what)
    return _checked(_listed(root), what) if found else None


def _steps(name: str, what: str) -> list[str] | None:
    if not name.startswith(f"{what}["):
        return None
    rest = name[len(what) :]
    if re.fullmatch(r"(\[[^\[\]]{0,200}\])+", rest) is None:
        raise FilterError(f"{name[:100]!r} is not a name such as {what}[where][title]")
    return re.findall(r"\[([^\[\]]*)\]", rest)


def _put(here: dict[str, Any], steps: list[str], text: str, what: str) -> None:
    *path, last = steps
    for step in path:
        step = step or str(len(here))  # noqa: PLW2901  # `[]` is the next of a list
        below = here.setdefault(step, {})
        if not isinstance(below, dict):
            raise FilterError(f"{what}[{step}] is given as a value and as an object")
        here = below
    last = last or str(len(here))
    if last in here:
        raise FilterError(f"{what}: [{last}] is given twice")
    here[last] = text


def _listed(value: Any) -> Json:
    """Objects whose names are 0, 1, 2 ... as arrays."""
    if not isinstance(value, dict):
        text: str = value
        return text
    made = {name: _listed(below) for name, below in value.items()}
    if made and all(name.isdecimal() and len(name) < 5 for name in made):
        return [made[name] for name in sorted(made, key=int)]
    return made


def _depth(text: str) -> int:
    """How deep the brackets of a JSON text are nested; those in strings do not count."""
    deepest = depth = 0
    for mark in re.finditer(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', text, re.DOTALL):
        if mark[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark[0] in "]}":
            depth -= 1
    return deepest


def _no_constant(name: str) -> NoReturn:
    raise FilterError(f"{name} is not a number of JSON")


def _checked(value: Json, what: str) -> Json:
    """The value, once its nodes are counted and its texts can be stored and compared."""
    nodes = values = 0
    for each in _walk(value):
        if isinstance(each, dict):
            nodes += 1 + len(each)
        elif isinstance(each, list):
            nodes += 1
        else:
            values += 1
    if nodes > MOST_NODES:
        raise FilterError(f"{what} has more than {MOST_NODES} objects, arrays and names")
    if values > MOST_VALUES:
        raise FilterError(f"{what} has more than {MOST_VALUES} values")
    return _plain(value, what)


def _walk(value: Json) -> Iterator[Json]:
    yield value
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in below:
        yield from _walk(each)


def _plain(value: Json, what: str) -> Json:
    if isinstance(value, dict):
        return {_text(name, what): _plain(each, what) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, what) for each in value]
    if isinstance(value, str):
        return _text(value, what)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _BIGGEST:
        return _float(value, what)
    return value if not isinstance(value, float) else _float(value, what)


def _float(value: float, what: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number in (float("inf"), float("-inf")):
        raise FilterError(f"{what} holds a number beyond the largest that there is")
    return number


def _text(text: str, what: str) -> str:
    if "\x00" in text:
        raise FilterError(f"{what} holds the character U+0000")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise FilterError(f"{what} holds half of a surrogate pair") from None
    return text
