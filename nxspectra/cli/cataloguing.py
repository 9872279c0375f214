"""catalogue: make a catalogue again from the files, check that its parts agree, take others over."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from nxspectra.catalogue import Catalogue
from nxspectra.cli.attempts import worst
from nxspectra.cli.frame import (
    DONE,
    FINDINGS,
    UNREADABLE,
    Format,
    Verb,
    format_option,
    index_option,
    note,
    say,
    say_json,
    workers_option,
)
from nxspectra.cli.migrating import crosswalk_option
from nxspectra.cli.transferring import harvest, import_

catalogue_option = click.option(
    "--catalogue",
    required=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="The catalogue.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def catalogue() -> None:
    """Look after a catalogue: make it again from the files, check that its parts agree, take others over."""


catalogue.add_command(import_)
catalogue.add_command(harvest)


@catalogue.command(cls=Verb)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True), metavar="[PATH]...")
@catalogue_option
@index_option
@workers_option
@crosswalk_option
@format_option
def rebuild(
    *,
    paths: tuple[Path, ...],
    catalogue: Path,
    index: str | None,
    workers: int,
    crosswalk: str,
    form: Format,
) -> int:
    """Make graphs and index again from the files that were filed, and from records that were imported.

    A file that is not where it was is looked for by its digest in PATH and in the catalogue's own; one that
    is nowhere is marked as missing and kept as it was known. Searches find the old until the new is whole.
    The exit code is 1 if files are missing, 3 if one cannot be read.
    """
    from nxspectra.ingestion.rebuilding import Fate, rebuild

    codes = {Fate.MISSING: FINDINGS, Fate.FAILED: UNREADABLE}
    fates: Counter[Fate] = Counter()
    for each in rebuild(Catalogue(catalogue, index=index), paths, workers=workers, crosswalk=crosswalk):
        fates[each.fate] += each.number
        if form == "json":
            say_json(each.as_json())
        elif each.reason is not None or each.fate is not Fate.DESCRIBED:
            say(f"{each.fate:<10} {each.file or ''}{f': {each.reason}' if each.reason else ''}")
    note(", ".join(f"{number} {fate}" for fate, number in fates.items()) or "nothing was ever filed")
    return worst(codes.get(fate, DONE) for fate, number in fates.items() if number)


@catalogue.command(cls=Verb)
@catalogue_option
@index_option
@click.option("--digests", is_flag=True, help="Read every file and compare its sha256, not only its size.")
@format_option
def check(*, catalogue: Path, index: str | None, digests: bool, form: Format) -> int:
    """Compare files, graphs and index, and name each difference; the exit code is 1 if there is one.

    A file that is gone and marked so is no difference.
    """
    from nxspectra.catalogue.checking import check

    number = 0
    for each in check(Catalogue(catalogue, index=index), digests=digests):
        number += 1
        if form == "json":
            say_json(each.as_json())
        else:
            say(f"{each.rule:<16} {each.file or each.pid or ''}: {each.message}")
    note(f"{number} differences" if number else "files, graphs and index agree")
    return FINDINGS if number else DONE
