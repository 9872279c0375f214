"""definition: an application definition in another language, and the lint of an NXDL file."""

from __future__ import annotations

from pathlib import Path

import click

from nxspectra import schemas
from nxspectra.cli.attempts import for_each
from nxspectra.cli.frame import DONE, FINDINGS, Format, Verb, format_option, is_verbose, note, say, say_json
from nxspectra.files import write_whole
from nxspectra.findings import Severity
from nxspectra.nxdl.linting import lint

WORD = "lint"
NOTES = 8
"""More notes than this are shown only to those who ask."""


@click.command(cls=Verb)
@click.argument("words", nargs=-1, required=True, metavar="NAME | lint FILE...")
@click.option(
    "--as",
    "language",
    type=click.Choice(schemas.FORMS),
    help="The language to print a definition in; a page of Markdown if not given.",
)
@click.option(
    "--definitions",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Look for definitions and base classes in this folder first.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="OUT", help="Write it there."
)
@format_option
def definition(
    *,
    words: tuple[str, ...],
    language: str | None,
    definitions: Path | None,
    output: Path | None,
    form: Format,
) -> int:
    """Print an application definition in another language, or look for faults in NXDL files.

    `definition NAME --as json-schema` prints a JSON Schema for the JSON form of a tree, `pydantic` the source
    of models of it, `shacl` shapes for its graph, `markdown` a page for people.

    `definition lint FILE...` compares NXDL files with the schema of the standard, and asks whether they mean
    something: classes, units, symbols, dimensions, enumerations. Violations make the exit code 1. --format is
    for lint.
    """
    if words[0] == WORD:
        if language is not None or output is not None:
            raise click.UsageError("lint takes neither --as nor -o")
        if len(words) == 1:
            raise click.UsageError("which file? nxspectra definition lint FILE.nxdl.xml")
        return for_each([Path(word) for word in words[1:]], form, lambda file: _lint(file, form, definitions))
    if len(words) > 1:
        raise click.UsageError(f"one definition at a time, not {' '.join(words)}")
    text = schemas.definition_as(words[0], language or "markdown", definitions)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(output, text)
        note(f"{words[0]}: written to {output}")
    return DONE


def _lint(file: Path, form: Format, definitions: Path | None) -> int:
    report = lint(file, definitions)
    if form == "json":
        say_json(report.as_json())
        return DONE if report.conforms else FINDINGS
    say(f"{file}: {'no violation' if report.conforms else 'has faults'}", bold=True)
    notes = 0
    for finding in report.findings:
        notes += finding.severity is Severity.INFO
        if finding.severity is not Severity.INFO or notes <= NOTES or is_verbose():
            # as compilers have it, so that an editor can follow it
            where = f"{file}:{finding.line}: {finding.severity}"
            say(f"{where}: {finding.message} [{finding.rule}] {finding.path}")
    if notes > NOTES and not is_verbose():
        say(f"… {notes - NOTES} more of {notes} notes; -v shows them")
    return DONE if report.conforms else FINDINGS
