"""Crosswalk files of others checked, each mistake said with file, line and key; the schema for editors."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields

from pydantic import TypeAdapter, ValidationError

from nxspectra.errors import CrosswalkError
from nxspectra.migration.concepts import nearest
from nxspectra.migration.crosswalk_text import ConstantText, CrosswalkText, RefusalText, RuleText

_ANY_CROSSWALK = TypeAdapter(CrosswalkText)


def checked(path: str, text: str) -> CrosswalkText:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CrosswalkError(f"{path}: not TOML: {error}") from None
    try:
        return _ANY_CROSSWALK.validate_python(data)
    except ValidationError as error:
        raise CrosswalkError("\n".join(_complaints(path, text, error))) from None


# -- saying where a crosswalk is wrong ---------------------------------------------------------


def schema_text() -> str:
    """The JSON Schema of a crosswalk, for editors, as it is published in `appdefs/crosswalk.schema.json`."""
    return json.dumps(_ANY_CROSSWALK.json_schema(), indent=2, ensure_ascii=False) + "\n"


_TABLES: Mapping[str, type] = {"rule": RuleText, "refuse": RefusalText, "constant": ConstantText}


def _complaints(path: str, text: str, error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        location = [str(step) for step in problem["loc"]]
        line = _line(text, location)
        where = f"{path}:{line}" if line else path
        key = next((step for step in reversed(location) if not step.isdigit()), "")
        if problem["type"] == "unexpected_keyword_argument":
            table = _TABLES.get(location[0], CrosswalkText) if len(location) > 1 else CrosswalkText
            known = [field.name for field in fields(table)]
            near = nearest(key, known)
            hint = f"did you mean {near!r}?" if near else f"known are {', '.join(known)}"
            yield f"{where}: no key {key!r} here; {hint}"
        elif problem["type"] == "missing":
            yield f"{where}: {key!r} is missing"
        elif problem["type"] in ("enum", "literal_error"):
            expected = str(problem.get("ctx", {}).get("expected", "")).replace("'", "")
            near = nearest(str(problem["input"]), re.split(r", | or ", expected))
            hint = f"did you mean {near!r}?" if near else f"expected {expected}"
            yield f"{where}: {key!r} cannot be {problem['input']!r}; {hint}"
        else:
            message = problem["msg"].removeprefix("Value error, ")
            yield f"{where}: {key + ': ' if key else ''}{message}"


def _line(text: str, location: list[str]) -> int | None:
    """The line of `rule.3.concept` in a TOML text, or of the table if the key has no line of its own."""
    table = location[0] if location else ""
    number = int(location[1]) if len(location) > 1 and location[1].isdigit() else None
    key = (
        location[2]
        if number is not None and len(location) > 2
        else (location[1] if len(location) > 1 else table)
    )
    if number is None and len(location) <= 1:
        table = ""
    here, count, start = "", -1, None
    for index, row in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\[?\s*([\w.-]+)\s*\]?\]", row)
        if header:
            here = header[1]
            if here == table:
                count += 1
                start = index if number is None or count == number else start
            continue
        inside = here == table and (number is None or count == number)
        if inside and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", row):
            return index
    return start
