"""Python source that people can read: what is in brackets stands on one line, or on a line for each part."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

WIDTH = 110


@dataclass(frozen=True)
class Bracket:
    """An expression in brackets."""

    head: str
    parts: Sequence[Expression]
    tail: str

    @property
    def flat(self) -> str:
        # one part alone in a tuple has a comma behind it
        alone = len(self.parts) == 1 and (self.head == "(" or self.head.endswith("=("))
        return f"{self.head}{', '.join(map(flat, self.parts))}{',' if alone else ''}{self.tail}"


Expression: TypeAlias = "str | Bracket"


def flat(expression: Expression) -> str:
    """On one line."""
    return expression if isinstance(expression, str) else expression.flat


def laid(start: str, *expressions: Expression) -> str:
    """`start` and the expressions behind it, in lines that are not too long where that is possible."""
    indent = " " * (len(start) - len(start.lstrip()))
    text = start
    for number, expression in enumerate(expressions):
        behind = sum(len(_first_line(each)) for each in expressions[number + 1 :]) + 1
        used = len(text.rpartition("\n")[2])
        if isinstance(expression, str) or used + len(expression.flat) + behind <= WIDTH:
            text += flat(expression)
        else:
            text += f"{expression.head}\n{_lines(expression, f'{indent}    ')}{indent}{expression.tail}"
    return text


def text(words: str) -> str:
    """A text as a literal."""
    return json.dumps(words, ensure_ascii=False)


def tuple_of(parts: Sequence[Expression]) -> Bracket:
    return Bracket("(", parts, ")")


def texts(words: Iterable[str]) -> Bracket:
    """A tuple of texts."""
    return tuple_of([text(word) for word in words])


def _first_line(expression: Expression) -> str:
    return expression if isinstance(expression, str) else expression.head


def _lines(bracket: Bracket, indent: str) -> str:
    """The parts on lines of their own; those of a long list side by side."""
    if len(bracket.parts) <= 4 or not all(isinstance(part, str) for part in bracket.parts):
        return "".join(f"{laid(indent, part)},\n" for part in bracket.parts)
    lines, line = [], indent
    for part in map(flat, bracket.parts):
        if line != indent and len(line) + len(part) + 1 > WIDTH:
            lines.append(line.rstrip())
            line = indent
        line += f"{part}, "
    return "".join(f"{each}\n" for each in [*lines, line.rstrip()])
