"""ingest: raw files the whole way into a catalogue."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from nxspectra import ingestion
from nxspectra.catalogue import Catalogue
from nxspectra.cli.attempts import worst
from nxspectra.cli.frame import (
    DONE,
    FINDINGS,
    UNREADABLE,
    Format,
    Verb,
    complain,
    format_option,
    graph_option,
    index_option,
    note,
    say,
    say_json,
    wait_option,
    workers_option,
)
from nxspectra.cli.integrating import beside, integrate_options, integration_of
from nxspectra.cli.migrating import crosswalk_option, facts_option, read_facts, set_option
from nxspectra.ingestion import Ingested, State
from nxspectra.ingestion.origins import UNCHECKED

CODES = {
    State.DONE: DONE,
    State.UNCHANGED: DONE,
    State.NONCONFORMING: FINDINGS,
    State.REFUSED: FINDINGS,
    State.FAILED: UNREADABLE,
    State.WAITING: UNREADABLE,
}
COLOURS = {
    State.DONE: "green",
    State.UNCHANGED: "green",
    State.NONCONFORMING: "yellow",
    State.REFUSED: "red",
    State.FAILED: "red",
    State.WAITING: "yellow",
}


@click.command(cls=Verb)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--catalogue",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The catalogue to file them in; it is made if it is not there.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the files are written; the folder `files` of the catalogue if not given.",
)
@click.option("--model", metavar="MODEL", help="Classify the spectra with this model.")
@workers_option
@click.option(
    "--as-link/--copy",
    "as_link",
    default=None,
    help="Write small files with what is added and links to the raw files, which have to be in DIR of -o or"
    " below; or copies. Without either, links for files over 100 MB there, unless the file system lets a copy"
    " share their blocks.",
)
@click.option(
    "--replace",
    is_flag=True,
    help="Let a file that only says which raw file it was made from take the place of the one that the"
    " catalogue has of that raw file, also where the two are different; else it is refused then.",
)
@crosswalk_option
@set_option
@facts_option
@integrate_options
@wait_option
@index_option
@graph_option
@format_option
def ingest(
    *,
    paths: tuple[Path, ...],
    catalogue: Path,
    output: Path | None,
    model: str | None,
    workers: int,
    crosswalk: str,
    given: tuple[str, ...],
    facts_file: tuple[Path, ...],
    calibration: Path | None,
    frames: str | None,
    points: int | None,
    polarization: float | None,
    as_link: bool | None,
    replace: bool,
    wait: float,
    index: str | None,
    graph: str | None,
    form: Format,
) -> int:
    """Take raw files the whole way into a catalogue.

    Each file is migrated, validated, classified if there is a model, written, read back, described and
    filed; of a folder, every HDF5 file below it. Frames of a detector become spectra with --integrate. A
    file that lacks something required is described and filed as it is, so that it is found, and not written:
    --set supplies what is missing. The same file again is `unchanged`; one that somebody is still writing is
    `waiting`, and left alone. One bad file does not keep the others from being done.
    """
    integration = integration_of(calibration, frames, points, polarization)
    facts = read_facts(given, beside(integration, facts_file))
    done = ingestion.ingest(
        paths,
        Catalogue(catalogue, index=index, graph=graph),
        output=output,
        model=model,
        workers=workers,
        crosswalk=crosswalk,
        facts=facts,
        as_link=as_link,
        wait=wait,
        replace=replace,
        integration=integration,
    )
    states: Counter[State] = Counter()
    for each in done:
        states[each.state] += 1
        if form == "json":
            say_json(each.as_json())
        else:
            say_ingested(each)
        for finding in each.findings:
            if finding.rule == UNCHECKED:
                note(f"{each.file}: {finding.path} {finding.message}")
        if each.state in (State.FAILED, State.WAITING):
            complain(f"{each.file}: {each.reason}")
    note(", ".join(f"{number} {state}" for state, number in states.items()) or "no HDF5 files found")
    return worst(CODES[state] for state in states)


def say_ingested(each: Ingested) -> None:
    """One file as a person reads it."""
    say(f"{each.state:<14} {each.file}  ({each.seconds:.2f} s)", fg=COLOURS[each.state])
    if each.output is not None:
        say(f"               {each.output}")
    if each.labels:
        say(f"               {', '.join(f'{number} {label}' for label, number in each.labels.items())}")
    if each.reason is not None:
        for line in each.reason.splitlines():
            say(f"               {line}")
    if each.pid is not None:
        say(f"               {each.pid}")
