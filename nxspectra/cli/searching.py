"""search: find data sets in a catalogue."""

from __future__ import annotations

from pathlib import Path

import click

from nxspectra.catalogue import Catalogue, Hit
from nxspectra.cli.frame import DONE, Format, Verb, format_option, note, say, say_json


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
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="At most so many."
)
@format_option
def search(
    *,
    text: str | None,
    catalogue: Path,
    technique: str | None,
    label: str | None,
    limit: int,
    form: Format,
    **ranges: str | None,
) -> int:
    """Find files in a catalogue by text, conditions, technique or label.

    Everything that is asked must hold. The words of TEXT must all occur in title, sample, keywords and the
    like; a range is met where any spectrum is in it, in whatever unit. Nothing found is no error.
    """
    parameters = {name: said for name, said in ranges.items() if said is not None}
    hits = Catalogue(catalogue).search(
        text, parameters=parameters, technique=technique, label=label, limit=limit
    )
    for hit in hits:
        if form == "json":
            say_json(hit.as_json())
        else:
            say_hit(hit)
    note(f"{len(hits)} found" if len(hits) < limit else f"{len(hits)} shown; --limit shows more")
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
        say(f"  {hit.file}")
    say(f"  {hit.pid}")
