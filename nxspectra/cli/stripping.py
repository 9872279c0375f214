"""strip and check-links: undo what was added, and see which links lead nowhere."""

from __future__ import annotations

from pathlib import Path

import click

from nxspectra import hdf5
from nxspectra.cli.attempts import for_each
from nxspectra.cli.frame import (
    DONE,
    FINDINGS,
    Format,
    Verb,
    files_argument,
    format_option,
    in_place_option,
    note,
    out_option,
    outputs,
    overwrite_option,
    say,
    say_json,
    wait_option,
)
from nxspectra.cli.writing import copying_if_large, made_folder
from nxspectra.findings import Severity


@click.command(cls=Verb)
@files_argument()
@out_option
@in_place_option
@wait_option
@overwrite_option
@format_option
def strip(
    *,
    files: tuple[Path, ...],
    output: Path | None,
    in_place: bool,
    wait: float,
    overwrite: bool,
    form: Format,
) -> int:
    """Take away what was added to files, and nothing else.

    The undo of migrate, annotate and classify. What was added is listed in the file. Where a list is
    damaged, or the check finds that anything else would be lost, nothing is written, and the exit code is
    1 or 3.
    """
    targets = outputs(files, output, in_place, overwrite=overwrite)
    if not targets:
        raise click.UsageError("say where to write: -o OUT, or --in-place")

    def undo(file: Path) -> int:
        hdf5.settled(file, wait)
        root = hdf5.read(file)
        made_folder(targets[file])
        with copying_if_large(root, f"writing {targets[file].name}") as progress:
            removed = hdf5.strip(
                root, targets[file], in_place=in_place, overwrite=overwrite, progress=progress
            )
        if form == "json":
            say_json({"file": str(file), "output": str(targets[file]), "removed": list(removed)})
        else:
            words = f"{len(removed)} things removed" if removed else "nothing had been added"
            say(f"{file}: {words}; all the rest is as it was")
            for path in removed:
                say(f"  {path}")
        note(f"{file}: written to {targets[file]}" if removed or not in_place else f"{file}: left as it is")
        return DONE

    return for_each(files, form, undo)


@click.command("check-links", cls=Verb)
@files_argument()
@format_option
def check_links(*, files: tuple[Path, ...], form: Format) -> int:
    """Say which links of files lead nowhere.

    The exit code is 1 if there are any, within a file or into another one. Links out of the folder of a
    file are told and not looked at.
    """

    def look(file: Path) -> int:
        found = hdf5.broken_links(file)
        broken = [finding for finding in found if finding.severity is Severity.VIOLATION]
        if form == "json":
            say_json({"file": str(file), "findings": [finding.as_json() for finding in found]})
            return FINDINGS if broken else DONE
        number = f"{len(broken)} of its links lead" if len(broken) > 1 else "a link leads"
        say(f"{file}: {f'{number} nowhere' if broken else 'every link leads somewhere'}")
        for finding in found:
            say(f"  {finding.path} {finding.message}")
        return FINDINGS if broken else DONE

    return for_each(files, form, look)
