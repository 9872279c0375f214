"""repair: what can be put right without asking anybody, in a copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from nxspectra import edits, nxdl, repairs
from nxspectra.cli.attempts import for_each
from nxspectra.cli.frame import (
    DONE,
    FINDINGS,
    Format,
    Verb,
    files_argument,
    format_option,
    note,
    out_option,
    outputs,
    overwrite_option,
    say,
    say_json,
)
from nxspectra.cli.validating import definitions_option
from nxspectra.edits import Action, Edit
from nxspectra.errors import FileError
from nxspectra.repairs import Repaired


@click.command(cls=Verb)
@files_argument()
@out_option
@click.option("--dry-run", is_flag=True, help="Show what would be done, and write nothing.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="PLAN",
    help="The edits to make, as `nxspectra validate --fix-plan` proposes them; without it, all that it would"
    " propose.",
)
@click.option(
    "--definition", metavar="NAME", help="Compare with this definition, whatever the file says it follows."
)
@definitions_option
@overwrite_option
@format_option
def repair(
    *,
    files: tuple[Path, ...],
    output: Path | None,
    dry_run: bool,
    plan_file: Path | None,
    definition: str | None,
    definitions: Path | None,
    overwrite: bool,
    form: Format,
) -> int:
    """Put names, spellings and missing classes right, in a copy.

    Only edits that lose nothing are made, and what they were is written down in the copy; edits that would
    lose something are refused, with the reason, and make the exit code 1. Where there is nothing to do,
    nothing is written.
    """
    if dry_run and output is not None:
        raise click.UsageError("--dry-run writes nothing: leave out -o")
    if not dry_run and output is None:
        raise click.UsageError("say where to write: -o OUT, or --dry-run to only look")
    if definition is not None:
        nxdl.definition(definition, definitions)
    elif definitions is not None:
        nxdl.library(definitions)
    plans = None if plan_file is None else edits.load(plan_file)
    chosen = {
        file: None if plans is None or plan_file is None else edits.of_file(plans, file, plan_file)
        for file in files
    }
    targets = outputs(files, output, in_place=False, overwrite=overwrite)

    def mend(file: Path) -> int:
        target = targets.get(file)
        if target is not None:
            make_folder(target.parent)
        done = repairs.repair(
            file,
            target,
            chosen[file],
            definition=definition,
            definitions=definitions,
            overwrite=overwrite,
        )
        if form == "json":
            say_json(done.as_json())
        else:
            say_repaired(done)
        if done.output is not None:
            note(f"{file}: written to {done.output}")
        return FINDINGS if done.refused else DONE

    return for_each(files, form, mend)


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder}: cannot be made: {error.strerror}") from None


def say_repaired(done: Repaired) -> None:
    """What became of a plan, as a person reads it."""
    if not done.made and not done.refused:
        say(f"{done.file}: nothing to do", bold=True)
        return
    verb = "made" if done.output is not None else "to be made"
    edits_ = "edit" if len(done.made) == 1 else "edits"
    say(f"{done.file}: {len(done.made)} {edits_} {verb}, {len(done.refused)} refused", bold=True)
    for edit in done.made:
        for line in edit_lines(edit):
            say(line)
    for refusal in done.refused:
        for line in edit_lines(refusal.edit):
            say(line)
        say(f"      refused: {refusal.reason}", fg="red")


def edit_lines(edit: Edit) -> Iterator[str]:
    """Where and what; below it why."""
    change = f"{edit.old!r} -> {edit.new!r}" if edit.action is not Action.ADD_ATTRIBUTE else f"{edit.new!r}"
    yield f"  {edit.path}  [{edit.rule}]"
    yield f"      {edit.action}: {change} ({edit.reason})"
