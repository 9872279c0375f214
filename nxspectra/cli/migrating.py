"""migrate: the raw keys of files at their standard places."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from nxspectra import hdf5, migration, patterns, sidecars
from nxspectra.cli.attempts import Ahead, for_each
from nxspectra.cli.frame import (
    DONE,
    FINDINGS,
    Format,
    Verb,
    as_link_option,
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
from nxspectra.cli.integrating import beside, integrate_options, integrated, integration_of
from nxspectra.cli.writing import write
from nxspectra.errors import UsageError
from nxspectra.migration.explaining import accounts, render_accounts
from nxspectra.migration.facts import Facts, parse_facts

crosswalk_option = click.option(
    "--crosswalk",
    metavar="NAME|FILE",
    default="p02.2",
    show_default=True,
    help="Which raw keys tell what: the name of a crosswalk that is shipped, or a TOML file.",
)

set_option = click.option(
    "--set",
    "given",
    multiple=True,
    metavar="CONCEPT=VALUE",
    help="A fact that the file does not tell, with its unit: beam_energy=25.6keV; or the path of the key that"
    " holds it: pressure=/entry/cell/p. May be given several times.",
)

facts_option = click.option(
    "--facts",
    "facts_file",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A file with such facts: a CSV table with a column a concept, its unit in the heading, and a row a"
    ' spectrum, or a raw file by a column `file`; TOML, beam_energy = "25.6 keV"; or a .poni of pyFAI, which'
    " tells the wavelength. May be given several times.",
)


def read_facts(given: Sequence[str], files: Path | Sequence[Path] | None) -> Facts:
    """The facts of files, and those given on the command line, which win.

    Raises UsageError, naming it, for what is no fact.
    """
    facts = Facts()
    for file in (files,) if isinstance(files, Path) else files or ():
        facts = facts.beside(sidecars.read(file))
    told: dict[str, str] = {}
    for text in given:
        concept, equals, value = text.partition("=")
        if not equals or not concept.strip() or not value.strip():
            raise UsageError(f"--set {text}: write CONCEPT=VALUE, for example --set beam_energy=25.6keV")
        told[concept.strip()] = value.strip()
    parse_facts(told)  # whatever is wrong with them is told before any file is touched
    return facts.under(told)


@click.command(cls=Verb)
@files_argument()
@out_option
@as_link_option
@in_place_option
@click.option("--dry-run", is_flag=True, help="Show what would be done, and write nothing.")
@click.option("--explain", is_flag=True, help="Print where the values of files that were migrated came from.")
@crosswalk_option
@set_option
@facts_option
@integrate_options
@wait_option
@overwrite_option
@format_option
def migrate(
    *,
    files: tuple[Path, ...],
    output: Path | None,
    as_link: Path | None,
    in_place: bool,
    dry_run: bool,
    explain: bool,
    crosswalk: str,
    given: tuple[str, ...],
    facts_file: tuple[Path, ...],
    calibration: Path | None,
    frames: str | None,
    points: int | None,
    polarization: float | None,
    wait: float,
    overwrite: bool,
    form: Format,
) -> int:
    """Put the raw keys of files at their standard places.

    Patterns as text (.xy, .xye, .chi, .dat) are the spectra of one series, and become one file. Frames of a
    detector become spectra with --integrate.

    It adds and never removes: raw keys stay, and what was added, from which key, with which conversion,
    is written down in the file. Where something required is missing or contradicts itself, nothing is
    written, and the exit code is 1; --set supplies what is missing.
    """
    if explain:
        if output is not None or as_link is not None or in_place or dry_run or given or facts_file:
            raise click.UsageError("--explain only reads: give it files that were migrated, and nothing else")
        return for_each(files, form, lambda file: trace(file, form))
    series = series_of(files)
    integration = integration_of(calibration, frames, points, polarization, has_patterns=bool(series))
    if series and (in_place or as_link):
        raise click.UsageError("patterns as text become a new file: say -o OUT.nxs")
    todo = series[:1] or files
    targets = (
        {}
        if dry_run
        else outputs(todo, one_name(series, output), in_place, as_link=as_link, overwrite=overwrite)
    )
    if dry_run and (output is not None or as_link is not None or in_place):
        raise click.UsageError("--dry-run writes nothing: leave out -o, --as-link and --in-place")
    if not dry_run and not targets:
        raise click.UsageError("say where to write: -o OUT, --as-link OUT, --in-place, or --dry-run to look")
    rules = migration.Crosswalk.load(crosswalk)
    facts = read_facts(given, beside(integration, facts_file))

    reading = Ahead(lambda file: patterns.read(series) if series else hdf5.read(file))

    def place(file: Path) -> int:
        if not dry_run and not series:
            hdf5.settled(file, wait)
        raw = reading.take(file)
        if integration is not None:
            raw = integrated(raw, integration, file)
        target = None
        if dry_run:
            review = migration.review(raw, rules, facts)
        else:
            run, review = migration.migrate_and_review(raw, rules, facts)
            target = targets[file] if review.complete else None
        if target is not None:
            write(run, target, in_place=in_place, overwrite=overwrite, as_link=as_link is not None)
        if form == "json":
            say_json(
                {**review.as_json(), "file": str(file), "output": None if target is None else str(target)}
            )
        else:
            say(migration.render(review).rstrip())
        if target is not None:
            note(f"{file}: written to {target}")
        elif not review.complete and not dry_run:
            note(f"{file}: nothing written; something required is missing or not certain, see above")
        return DONE if review.complete else FINDINGS

    return for_each(todo, form, place, ahead=reading if dry_run else None)


def trace(file: Path, form: Format) -> int:
    """Print where the values of one file came from."""
    root = hdf5.read(file)
    told = accounts(root)
    if form == "json":
        say_json({"file": str(file), "accounts": [account.as_json() for account in told]})
    elif told:
        say(f"{file}")
        say(render_accounts(root).rstrip())
    if not told:
        note(f"{file}: was not migrated: there is no account of it; `nxspectra migrate` makes one")
    return DONE if told else FINDINGS


def series_of(files: Sequence[Path]) -> tuple[Path, ...]:
    """The files if they are patterns as text; none if they are not.

    Raises click.UsageError when only some are.
    """
    series = tuple(file for file in files if patterns.is_pattern(file))
    if series and len(series) < len(files):
        raise click.UsageError(f"{series[0]} is a pattern as text; migrate a series of them by itself")
    return series


def one_name(series: Sequence[Path], output: Path | None) -> Path | None:
    """Where a series is to be written: in a folder, under the name that its files share."""
    if not series or output is None or not output.is_dir():
        return output
    return output / f"{patterns.common_beginning([file.name for file in series]) or series[0].stem}.nxs"
