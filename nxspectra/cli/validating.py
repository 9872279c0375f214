"""validate: check files against the application definition they follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from nxspectra import hdf5, nxdl, validation
from nxspectra.cli.frame import (
    DONE,
    FINDINGS,
    Format,
    Verb,
    files_argument,
    for_each,
    format_option,
    is_verbose,
    say,
    say_json,
)
from nxspectra.findings import Finding, Report, Severity

NOTES = 8
"""More notes than this are shown only to those who ask."""
COLOURS = {Severity.VIOLATION: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}


@click.command(cls=Verb)
@files_argument()
@click.option(
    "--definition",
    metavar="NAME",
    help="Check every entry against this definition, whatever it says it follows.",
)
@click.option(
    "--definitions",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Take definitions and base classes from this folder instead of those installed.",
)
@format_option
def validate(files: tuple[Path, ...], definition: str | None, definitions: Path | None, form: Format) -> int:
    """Check files against the application definition they follow.

    Each finding says where, what and the way out. Violations make the exit code 1; warnings and notes do
    not. A file that follows no definition does not conform.
    """
    if definition is not None:
        nxdl.definition(definition, definitions)  # an unknown name is told before any file is touched

    def check(file: Path) -> int:
        root = hdf5.read(file, keep=validation.needed)
        report = validation.validate(root, definition, definitions)
        if form == "json":
            say_json({**report.as_json(), "file": str(file)})
        else:
            say_report(file, report)
        return DONE if report.conforms else FINDINGS

    return for_each(files, form, check)


def say_report(file: Path, report: Report) -> None:
    """A report as a person reads it: the verdict, what to do by severity, the count."""
    say(f"{file}: {'conforms' if report.conforms else 'does not conform'}", bold=True)
    for entry in report.entries:
        verdict = "conforms" if entry.conforms else "does not conform"
        say(f"  {entry.path} compared with {entry.definition or 'no definition'}: {verdict}")
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


def finding_lines(finding: Finding, indent: str = "    ") -> Iterator[str]:
    where = f"  ({finding.nxdl}:{finding.line})" if finding.nxdl and finding.line else ""
    yield f"{indent}{finding.path}  [{finding.rule}]{where}"
    yield f"{indent}    {finding.message}"


def count_line(report: Report) -> str:
    numbers = report.count()
    words = [f"{number} {plural(severity, number)}" for severity, number in numbers.items() if number]
    return ", ".join(words) or "nothing found"


def plural(severity: Severity, number: int) -> str:
    word = "note" if severity is Severity.INFO else str(severity)
    return word if number == 1 else f"{word}s"
