"""One file after another, each told what is wrong with it, and the worst exit code of all."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from nxspectra.children import Died, answers
from nxspectra.cli.frame import (
    DONE,
    FINDINGS,
    NOBODY_READS,
    OWN_PROCESS,
    UNREADABLE,
    Format,
    complain,
    say_json,
)
from nxspectra.errors import FileError, NxspectraError
from nxspectra.limits import Limits
from nxspectra.tree import Group

Result = TypeVar("Result")

LIMITS = Limits(memory=math.inf, cpu=math.inf, reading=60)
"""Of the work on a file, which may take hours; but to read what is in it takes milliseconds."""
SMALL = 1 << 20
"""Bytes of a file that is read before its turn."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A file with which something is wrong, which has been told."""

    code: int


class Ahead:
    """Small files read before their turn, several one after the other, which is quicker than now and then.

    Only for who writes nothing: what is read may be some hundredths of a second old.
    """

    def __init__(self, read: Callable[[Path], Group]) -> None:
        self.read = read
        self.there: dict[Path, Group] = {}

    def begin(self, file: Path) -> None:
        with suppress(OSError, NxspectraError):  # which is told when it is its turn
            if file.stat().st_size <= SMALL:
                self.there[file] = self.read(file)

    def take(self, file: Path) -> Group:
        """The tree of the file, read now if it was not yet. Raises what `read` raises."""
        there = self.there.pop(file, None)
        return self.read(file) if there is None else there


def for_each(
    files: Sequence[Path], form: Format, work: Callable[[Path], int], ahead: Ahead | None = None
) -> int:
    """The worst exit code of `work` over `files`; one bad file does not keep the others from being done."""
    all_done = attempts(files, form, work, ahead)
    return worst(done.code if isinstance(done, Failed) else done for done in all_done)


def attempts(
    files: Sequence[Path], form: Format, work: Callable[[Path], Result], ahead: Ahead | None = None
) -> Iterator[Result | Failed]:
    """What `work` gives for each file, or that it failed; it may take what was read `ahead`.

    In a process of our own the work is done in a child, since libhdf5 may crash on a damaged file, or never
    come back from it: then that file has failed, and another child goes on with the next.
    """
    ctx = click.get_current_context(silent=True)
    if ctx is None or ctx.find_root().obj is not OWN_PROCESS:
        yield from (attempt(file, form, work) for file in files)
        return

    def tried(file: Path) -> Result | Failed:
        try:
            done = attempt(file, form, work)
            sys.stdout.flush()
        except BrokenPipeError:
            return Failed(NOBODY_READS)
        return done

    sys.stdout.flush()  # else every child would print again what is still to be printed
    begin = None if ahead is None else ahead.begin
    with closing(answers(files, tried, begin=begin, limits=LIMITS)) as all_done:
        for index, done in all_done:
            if isinstance(done, Died):
                yield told(files[index], form, UNREADABLE, done.reason)
            elif isinstance(done, Failed) and done.code == NOBODY_READS:
                raise BrokenPipeError
            else:
                yield done


def attempt(file: Path, form: Format, work: Callable[[Path], Result]) -> Result | Failed:
    """What `work` gives for one file, or that it failed, its error told."""
    try:
        return work(file)
    except NxspectraError as error:
        code = UNREADABLE if isinstance(error, FileError) else FINDINGS
        return told(file, form, code, str(error), error)
    except BrokenPipeError:
        raise
    except OSError as error:
        return told(file, form, UNREADABLE, f"{error.strerror or error}", error)
    except Exception as error:  # a defect on one file is not the end of the others
        return told(file, form, UNREADABLE, defect(error), error)


def told(file: Path, form: Format, code: int, message: str, cause: Exception | None = None) -> Failed:
    """A file has failed, and whoever asked knows why."""
    complain(message if str(file) in message else f"{file}: {message}", cause)
    if form == "json":
        say_json({"file": str(file), "error": message})
    return Failed(code)


def defect(error: Exception) -> str:
    return (
        f"unexpected {type(error).__name__}: {error}; this is a defect in nxspectra, please report it"
        " (-v shows where)"
    )


def worst(codes: Iterable[int]) -> int:
    """Of several exit codes the one that counts: 3, then 1, then 0."""
    return max(codes, default=DONE)
