"""catalogue import and harvest: data sets of other catalogues."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from nxspectra.catalogue import Catalogue
from nxspectra.cli.frame import (
    DONE,
    FINDINGS,
    Format,
    Verb,
    format_option,
    graph_option,
    index_option,
    note,
    say,
    say_json,
)
from nxspectra.cli.recovering import recovered
from nxspectra.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from nxspectra.catalogue.transfer.harvesting import Page

SHOWN = 50
"""Most findings that are told one by one to a person."""

into_option = click.option(
    "--catalogue",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The catalogue; it is made if it is not there.",
)


@click.command("import", cls=Verb)
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@into_option
@index_option
@graph_option
@click.option("--name", metavar="NAME", help="What to keep the records under; that of FILE if not given.")
@format_option
def import_(
    *, file: Path, catalogue: Path, index: str | None, graph: str | None, name: str | None, form: Format
) -> int:
    """Take over the data sets in a memory file of the LoopBack reference server of the PaN search API.

    The records are kept in the catalogue, so that `rebuild` finds them. What is wrong in FILE is told at
    MODEL/KEY, and the rest is taken. Importing under the same name again replaces. The exit code is 1 if
    something is broken, 3 if FILE cannot be read.
    """
    from nxspectra.catalogue.transfer import memory

    imported = memory.read(file)
    store = Catalogue(catalogue, index=index, graph=graph)
    number = recovered(store, partial(store.keep, name or kept_name(file.stem), imported.records))
    return tell(str(file), number, imported.findings, form)


@click.command(cls=Verb)
@click.argument("url", metavar="URL")
@into_option
@index_option
@graph_option
@click.option("--name", metavar="NAME", help="What to keep the records under; that of the host if not given.")
@click.option(
    "--page",
    type=click.IntRange(1, 1000),
    default=100,
    show_default=True,
    metavar="N",
    help="So many data sets are asked for at once.",
)
@click.option(
    "--pause",
    type=click.FloatRange(0),
    default=0.2,
    show_default=True,
    metavar="SECONDS",
    help="Between requests; the provider has others to serve.",
)
@format_option
def harvest(
    *,
    url: str,
    catalogue: Path,
    index: str | None,
    graph: str | None,
    name: str | None,
    page: int,
    pause: float,
    form: Format,
) -> int:
    """Copy the public data sets of another provider through its PaN search API, at URL.

    The records are kept in the catalogue, so that `rebuild` finds them. A harvest that broke off goes on
    where it was; one that is whole replaces what was harvested under the same name before. The exit code is
    1 if something that came is broken, 3 if the provider cannot be reached or does not answer as it should.
    """
    from nxspectra.catalogue.transfer.harvesting import Harvest

    store = Catalogue(catalogue, index=index, graph=graph)
    recovered(store, store.make)
    made = Harvest(url, catalogue, page=page, pause=pause)
    with counting(url) as shown:
        for each in made:
            shown(each)
    number = store.keep(name or kept_name(urlsplit(url).netloc), made.records())
    made.forget()
    return tell(url, number, tuple(dict.fromkeys(made.findings)), form)


def kept_name(text: str) -> str:
    """A name that a file can have."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-") or "records"


def tell(source: str, number: int, findings: Sequence[Finding], form: Format) -> int:
    """What came of it, and the exit code."""
    severities = Counter(each.severity for each in findings)
    if form == "json":
        told = [each.as_json() for each in findings]
        say_json({"source": source, "datasets": number, "findings": told})
    else:
        for each in findings[:SHOWN]:
            say(f"{each.severity:<9} {each.path}: {each.message}")
        if len(findings) > SHOWN:
            note(f"and {len(findings) - SHOWN} more; --format json tells them all")
        say(f"{number} data sets from {source}")
    if severities[Severity.VIOLATION]:
        note(f"{severities[Severity.VIOLATION]} things are broken and were left out")
        return FINDINGS
    return DONE


@contextmanager
def counting(words: str) -> Iterator[Callable[[Page], None]]:
    """A bar that is told how many data sets there are; nothing where nobody is looking."""
    if not sys.stderr.isatty():
        yield lambda _page: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(words, total=None)
        yield lambda page: bar.update(task, completed=page.done, total=page.of)
