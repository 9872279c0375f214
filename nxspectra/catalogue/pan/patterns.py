r"""Patterns of `like` and `ilike`: % stands for any text, _ for any character, \ takes the next as it is.

As in LoopBack, a pattern without % is found anywhere in a text; one with % must match the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum


class Wild(Enum):
    """What is not a character."""

    ANY = "%"
    ONE = "_"


@dataclass(frozen=True, slots=True)
class Pattern:
    """Characters and wildcards."""

    marks: tuple[str | Wild, ...]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        marks = tuple(_once(_marks(text)))
        return cls(marks if Wild.ANY in marks else (Wild.ANY, *marks, Wild.ANY))

    @classmethod
    def containing(cls, text: str) -> Pattern:
        """The pattern of what holds `text` as it is."""
        return cls((Wild.ANY, *text, Wild.ANY))

    def folded(self) -> Pattern:
        """The pattern for texts that were folded, so that upper and lower case are one."""
        marks: list[str | Wild] = []
        for mark in self.marks:
            marks.extend((mark,) if isinstance(mark, Wild) else mark.casefold())
        return Pattern(tuple(marks))

    @property
    def is_ascii(self) -> bool:
        return all(isinstance(mark, Wild) or mark.isascii() for mark in self.marks)

    def for_like(self) -> str:
        r"""For LIKE ... ESCAPE '\'."""
        return self._written(
            {Wild.ANY: "%", Wild.ONE: "_"}, lambda mark: f"\\{mark}" if mark in "%_\\" else mark
        )

    def for_glob(self) -> str:
        """For GLOB, which tells upper from lower case in SQLite."""
        return self._written(
            {Wild.ANY: "*", Wild.ONE: "?"}, lambda mark: f"[{mark}]" if mark in "*?[" else mark
        )

    def _written(self, wild: dict[Wild, str], plain: Callable[[str], str]) -> str:
        return "".join(wild[mark] if isinstance(mark, Wild) else plain(mark) for mark in self.marks)

    def matches(self, text: str) -> bool:
        """Does the whole text match? In time that does not explode, whatever the pattern."""
        if len(self.marks) - self.marks.count(Wild.ANY) > len(text):
            return False
        # between two % stands a piece of fixed length: the first place where it fits is as good as any
        first, *others = _pieces(self.marks)
        if not others:
            return _fits(first, text, 0) and len(first) == len(text)
        *middle, last = others
        at = len(first)
        for piece in middle:
            found = next((start for start in range(at, len(text) + 1) if _fits(piece, text, start)), None)
            if found is None:
                return False
            at = found + len(piece)
        start = len(text) - len(last)
        return _fits(first, text, 0) and start >= at and _fits(last, text, start)


def _fits(piece: Sequence[str | Wild], text: str, start: int) -> bool:
    """Does a piece without % stand in the text at this place?"""
    if start + len(piece) > len(text):
        return False
    return all(mark is Wild.ONE or mark == text[start + number] for number, mark in enumerate(piece))


def _once(marks: Iterable[str | Wild]) -> Iterator[str | Wild]:
    """Several % in a row are one."""
    last = None
    for mark in marks:
        if mark is not Wild.ANY or last is not Wild.ANY:
            yield mark
        last = mark


def _marks(text: str) -> Iterator[str | Wild]:
    characters = iter(text)
    for mark in characters:
        if mark == "\\":
            yield next(characters, "\\")
        elif mark in "%_":
            yield Wild(mark)
        else:
            yield mark


def _pieces(marks: Sequence[str | Wild]) -> list[Sequence[str | Wild]]:
    """What stands before, between and after the %."""
    ends = [number for number, mark in enumerate(marks) if mark is Wild.ANY]
    starts = [0, *(end + 1 for end in ends)]
    return [marks[start:end] for start, end in zip(starts, [*ends, len(marks)], strict=True)]
