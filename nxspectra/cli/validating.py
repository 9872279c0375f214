"""validate: check files against the application definition they follow."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import click

from nxspectra import hdf5, nxdl, validation
from nxspectra.children import Died, answers
from nxspectra.cli.attempts import defect, worst
from nxspectra.cli.frame import DONE, FINDINGS, UNREADABLE, Verb, complain, is_verbose, note, say
from nxspectra.errors import FileBusy, FileError, NxspectraError
from nxspectra.findings import Report, Severity
from nxspectra.hdf5.listing import files_of
from nxspectra.limits import Limits
from nxspectra.reports import Outcome, Unread, form
from nxspectra.reports.known import Key, load, new
from nxspectra.reports.text import count_line, finding_lines, plural
from nxspectra.tree import Group, Link

__all__ = ["count_line", "finding_lines", "plural", "say_report", "validate"]

NOTES = 8
"""More notes than this are shown only to those who ask."""
COLOURS = {Severity.VIOLATION: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
LIMITS = Limits(cpu=60)
"""Of one file: checking takes milliseconds, and what takes a minute is damaged, or absurd."""
RECENT = 60.0
"""Seconds; who holds a file open and has written nothing for longer leaves it as it is to be judged."""
SECONDS = 1.0
"""After these a person who waits is told how far it is."""

ReportFormat = Literal["text", "json", "sarif", "junit"]
FailOn = Literal["violation", "warning"]

definitions_option = click.option(
    "--definitions",
    type=click.Path(path_type=Path),
    metavar="DIR|FILE|PACKAGE",
    help="Look for definitions and base classes in this folder, NXDL file or installed package first; a"
    " folder or package with base_classes is a whole edition of the standard, and replaces the official one.",
)


@click.command(cls=Verb)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--definition",
    metavar="NAME",
    help="Check every entry against this definition, whatever it says it follows.",
)
@definitions_option
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "sarif", "junit"]),
    default="text",
    show_default=True,
    help="Text for people; JSON Lines, one object a file; SARIF 2.1.0 for code hosts; JUnit XML for build"
    " servers.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["violation", "warning"]),
    default="violation",
    show_default=True,
    help="What makes the exit code 1.",
)
@click.option(
    "--known",
    "known_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="An earlier report of --format json: only what is new since is told, and counts.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="How many files at a time; as many as there are cores if not given.",
)
@click.option(
    "--fix-plan",
    "wants_plan",
    is_flag=True,
    help="Print, instead of a report, what `nxspectra repair` would do: one JSON object a file.",
)
def validate(
    *,
    paths: tuple[Path, ...],
    definition: str | None,
    definitions: Path | None,
    style: ReportFormat,
    fail_on: FailOn,
    known_file: Path | None,
    workers: int | None,
    wants_plan: bool,
) -> int:
    """Check files against the application definition they follow.

    PATH is a file, a folder with HDF5 files below it, or a pattern in quotes. Each finding says where, what
    and the way out. Violations make the exit code 1, warnings only with --fail-on warning, notes never. A
    file that follows no definition does not conform. Files are told in the order in which they are given.
    """
    # whatever is wrong with the question is told before any file is touched
    if wants_plan and (style != "text" or known_file is not None):
        raise click.UsageError("--fix-plan has a form of its own: leave out --format and --known")
    if definition is not None:
        nxdl.definition(definition, definitions)
    elif definitions is not None:
        nxdl.library(definitions)
    known = None if known_file is None else load(known_file)
    files = files_of(paths)
    work = partial(check, definition=definition, definitions=definitions, wants_plan=wants_plan)
    tally = Tally(fail_on, known)
    with closing(each(files, work, workers or len(os.sched_getaffinity(0)))) as checked:
        if wants_plan:
            for found in tally.of(checked):
                plan = found.plan if found.plan is not None else found.outcome.as_json()
                click.echo(json.dumps(plan, ensure_ascii=False))
        elif style == "text":
            for found in tally.of(checked):
                if isinstance(found.outcome, Report):
                    say_report(Path(found.outcome.file or ""), found.outcome)
        else:
            for piece in form(style, fail_on)(found.outcome for found in tally.of(checked)):
                click.echo(piece, nl=False)
    if known is not None:
        were = "finding was" if tally.known == 1 else "findings were"
        note(f"{tally.known} {were} known from {known_file}, and not told again")
    return worst(tally.codes)


# -- one file ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in one file, and the exit code where nothing could be."""

    outcome: Outcome
    code: int = DONE
    trace: str = ""
    plan: Mapping[str, object] | None = None


def check(file: Path, *, definition: str | None, definitions: Path | None, wants_plan: bool) -> Checked:
    """Whatever is wrong with `file` is in the answer; nothing is raised."""
    try:
        root, report = read_and_validate(file, definition, definitions)
        plan = None
        if wants_plan:
            from nxspectra.validation.fixing import propose

            plan = replace(propose(root, report, definition, definitions), file=str(file)).as_json()
        return Checked(replace(report, file=str(file)), plan=plan)
    except NxspectraError as error:
        return unread(file, str(error), error, UNREADABLE if isinstance(error, FileError) else FINDINGS)
    except MemoryError as error:
        return unread(file, "it needs more memory than one file is given", error)
    except OSError as error:
        return unread(file, f"{error.strerror or error}", error)
    except Exception as error:  # a defect on one file is not the end of the others
        return unread(file, defect(error), error)


def unread(file: Path, message: str, error: BaseException, code: int = UNREADABLE) -> Checked:
    trace = "".join(traceback.format_exception(error))
    return Checked(Unread(str(file), message), code, trace)


def read_and_validate(file: Path, definition: str | None, definitions: Path | None) -> tuple[Group, Report]:
    """The tree and what is found in it; what is in an NXcollection is read only if a link leads there.

    A file that somebody has open for writing is not judged: FileBusy.
    """
    why = hdf5.busy(file, recent=RECENT)
    if why is not None:
        raise FileBusy(why)
    root = hdf5.read(file, keep=validation.needed)
    report = validation.validate(root, definition, definitions)
    if any(
        finding.rule == "link-not-followed" and leads_into_unread(root, finding.path)
        for finding in report.findings
    ):
        root = hdf5.read(file)
        report = validation.validate(root, definition, definitions)
    return root, report


def leads_into_unread(root: Group, path: str) -> bool:
    return not isinstance(root.get(path), Link)  # else it is a link to another file


# -- many files --------------------------------------------------------------------------------


def each(files: list[Path], work: Callable[[Path], Checked], workers: int) -> Generator[Checked]:
    """What was found in each file, in the order of the files, each as soon as those before it are known."""
    progress = Progress(len(files))
    early: dict[int, Checked] = {}
    at = 0
    with closing(answers(files, work, workers, limits=LIMITS, tick=progress.show)) as done, progress:
        for index, answer in done:
            if isinstance(answer, Died):
                early[index] = Checked(Unread(str(files[index]), answer.reason), UNREADABLE)
            else:
                early[index] = answer
            progress.done += 1
            while at in early:
                progress.wipe()
                yield early.pop(at)
                at += 1
            progress.show()


class Tally:
    """What has been found so far: exit codes, and how much of it was known."""

    def __init__(self, fail_on: FailOn, known: frozenset[Key] | None) -> None:
        self.failing = (
            {Severity.VIOLATION, Severity.WARNING} if fail_on == "warning" else {Severity.VIOLATION}
        )
        self.earlier = known
        self.known = 0
        self.codes: list[int] = []

    def of(self, checked: Iterable[Checked]) -> Iterator[Checked]:
        """Each of them, less what is known; those that could not be read are told on standard error."""
        for found in checked:
            outcome = found.outcome
            if isinstance(outcome, Unread):
                message = outcome.error
                complain(message if outcome.file in message else f"{outcome.file}: {message}")
                if is_verbose() and found.trace:
                    click.echo(found.trace, err=True, nl=False)
                self.codes.append(found.code)
                yield found
                continue
            told = outcome if self.earlier is None else new(outcome, self.earlier)
            self.known += len(outcome.findings) - len(told.findings)
            fails = any(finding.severity in self.failing for finding in told.findings)
            fails = fails or (self.earlier is None and not outcome.conforms)
            self.codes.append(FINDINGS if fails else DONE)
            yield replace(found, outcome=told)


class Progress:
    """How far it is, in one line on standard error that is wiped away again, for a person who waits."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.is_watched = sys.stderr.isatty()
        self.began = self.shown_at = time.monotonic()
        self.is_shown = False

    def show(self) -> None:
        now = time.monotonic()
        if (
            self.is_watched
            and now - self.began > SECONDS
            and (now - self.shown_at > 0.1 or not self.is_shown)
        ):
            sys.stderr.write(f"\r\x1b[K{self.done} of {self.total} files, {now - self.began:.0f} s")
            sys.stderr.flush()
            self.is_shown, self.shown_at = True, now

    def wipe(self) -> None:
        if self.is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self.is_shown = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()


# -- in words ----------------------------------------------------------------------------------


def say_report(file: Path, report: Report) -> None:
    """A report as a person reads it: the verdict, what to do by severity, the count."""
    say(f"{file}: {'conforms' if report.conforms else 'does not conform'}", bold=True)
    for entry in report.entries:
        verdict = "conforms" if entry.conforms else "does not conform"
        name = entry.pinned if is_verbose() else entry.definition or "no definition"
        say(f"  {entry.path} compared with {name}: {verdict}")
    for severity in Severity:
        found = report.of(severity)
        if found:
            say(f"  {plural(severity, len(found))}", fg=COLOURS[severity])
            shown = found[:NOTES] if severity is Severity.INFO and not is_verbose() else found
            for finding in shown:
                for line in finding_lines(finding):
                    say(line)
            if len(shown) < len(found):
                say(f"    … {len(found) - len(shown)} more; -v shows them")
    say(f"  {count_line(report)}")
