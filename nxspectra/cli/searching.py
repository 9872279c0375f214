"""search: find data sets in a catalogue."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import get_args

import click

from nxspectra.catalogue import Catalogue, Hit
from nxspectra.catalogue.finding import Sort
from nxspectra.cli.frame import DONE, Format, Verb, format_option, index_option, note, say, say_json
from nxspectra.cli.recovering import recovered


@click.command(cls=Verb)
@click.argument("text", required=False)
@click.option(
    "--catalogue",
    required=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="The catalogue to search.",
)
@click.option(
    "--pressure", metavar="RANGE", help="Some spectrum at such a pressure: 10..20GPa, '>30 GPa', 44.1GPa."
)
@click.option(
    "--energy", metavar="RANGE", help="Energy or wavelength of the beam: 25..26keV, 0.48..0.49angstrom."
)
@click.option("--exposure", metavar="RANGE", help="Exposure of one spectrum: 100ms, '<1s'.")
@click.option("--temperature", metavar="RANGE", help="Temperature of the sample: 290..310K.")
@click.option("--transition", metavar="RANGE", help="Two labels meet at such a pressure: 15..20GPa.")
@click.option("--technique", metavar="IRI|NAME", help="A PaNET term, or one narrower: 'x-ray diffraction'.")
@click.option("--label", metavar="NAME", help="A class that some spectrum bears.")
@click.option("--confidence", metavar="P", help="The mean probability that the label has at least: 0.9.")
@click.option("--formula", metavar="FORMULA", help="Of the sample; * stands for anything: '*Fe0.8*O'.")
@click.option("--instrument", metavar="NAME", help="Where it was measured; * stands for anything.")
@click.option("--facility", metavar="NAME", help="Where it was measured; * stands for anything.")
@click.option("--dates", metavar="WHEN", help="When it was measured: 2021-05, 2020..2021, 2021-05-27...")
@click.option("--definition", metavar="NAME", help="The application definition that it follows.")
@click.option("--conforms/--nonconforming", default=None, help="Only what validation found to be so.")
@click.option("--missing/--present", default=None, help="Only what has no file any more, or only what has.")
@click.option(
    "--sort",
    type=click.Choice(get_args(Sort)),
    help="The order; by relevance if there is TEXT, and the newest first if not.",
)
@click.option("--facets", is_flag=True, help="Count what is found by technique, instrument, label and so on.")
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="At most so many."
)
@click.option("--cursor", metavar="CURSOR", help="Go on behind the page that gave this cursor.")
@index_option
@format_option
def search(
    *,
    text: str | None,
    catalogue: Path,
    technique: str | None,
    label: str | None,
    confidence: str | None,
    formula: str | None,
    instrument: str | None,
    facility: str | None,
    dates: str | None,
    definition: str | None,
    conforms: bool | None,
    missing: bool | None,
    sort: Sort | None,
    facets: bool,
    limit: int,
    cursor: str | None,
    index: str | None,
    form: Format,
    **ranges: str | None,
) -> int:
    """Find files in a catalogue by text, conditions, technique, label and more.

    Everything that is asked must hold. The words of TEXT must all occur in title, sample, keywords and the
    like, and word* finds what begins so; a range is met where any spectrum is in it, in whatever unit, and
    'all 10..20GPa' where every one is. Nothing found is no error.
    """
    opened = Catalogue(catalogue, index=index)
    search = partial(
        opened.search,
        text,
        parameters={name: said for name, said in ranges.items() if said is not None},
        technique=technique,
        label=label,
        confidence=confidence,
        formula=formula,
        instrument=instrument,
        facility=facility,
        dates=dates,
        definition=definition,
        conforms=conforms,
        missing=missing,
        sort=sort,
        cursor=cursor,
        limit=limit,
        facet=facets,
    )
    hits = recovered(opened, search)
    for hit in hits:
        if form == "json":
            say_json(hit.as_json())
        else:
            say_hit(hit)
    for name, facet in hits.facets.items():
        if form == "json":
            say_json({"facet": name, "counts": facet.counts, "exact": facet.exact})
        elif facet.counts:
            say()
            say(name if facet.exact else f"{name} (estimated)", bold=True)
            for value, number in facet.counts.items():
                say(f"  {number:>9,}  {value}")
    note(f"{hits.count_of_all} found")
    if hits.cursor is not None:
        note(f"{len(hits)} shown; the next: --cursor {hits.cursor}")
    return DONE


def say_hit(hit: Hit) -> None:
    """A data set as a person wants to see it before opening it."""
    say(hit.title, bold=True)
    words = [f"{hit.spectra} spectra"] if hit.spectra is not None else []
    for ends, unit in ((hit.pressure, "GPa"), (hit.energy, "keV"), (hit.exposure, "s")):
        if ends is not None:
            words.append(
                f"{ends[0]:g} {unit}" if ends[0] == ends[1] else f"{ends[0]:g} to {ends[1]:g} {unit}"
            )
    if hit.conforms is False:
        words.append("does not conform")
    if words:
        say(f"  {', '.join(words)}")
    if hit.labels:
        labels = ", ".join(f"{number} {label}" for label, number in hit.labels.items())
        if hit.transition_pressure is not None:
            labels += f"; boundary at {hit.transition_pressure:.2f} GPa"
            if hit.transition_interval is not None:
                labels += " (90 %: {:.2f} to {:.2f})".format(*hit.transition_interval)
        say(f"  {labels}")
    if hit.file is not None:
        say(f"  {hit.file}{'  (missing)' if hit.missing else ''}")
    say(f"  {hit.pid}")
