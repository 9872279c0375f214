"""simulate: a raw ramp as a beamline leaves it, and the truth about it."""

from __future__ import annotations

from pathlib import Path

import click

import nxspectra as nxs
from nxspectra.cli.frame import DONE, Format, Verb, format_option, human_bytes, say, say_json
from nxspectra.files import write_whole
from nxspectra.simulation import Ramp


@click.command(cls=Verb)
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False), metavar="OUT.nxs")
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Where chance begins.")
@click.option(
    "--frames",
    type=click.IntRange(2),
    default=349,
    show_default=True,
    metavar="N",
    help="Spectra in the series.",
)
@click.option(
    "--transition",
    type=float,
    default=18.5,
    show_default=True,
    metavar="GPA",
    help="Pressure at which half of the sample has turned.",
)
@click.option(
    "--width", type=float, default=2.0, show_default=True, metavar="GPA", help="Width of the transition."
)
@click.option("--noise", type=float, default=1.0, show_default=True, help="Of the counts; 1 is as measured.")
@click.option("--spottiness", type=float, default=0.15, show_default=True, help="How unsteady the lines are.")
@click.option(
    "--drift", type=float, default=0.0, show_default=True, help="Share by which the background grows."
)
@click.option(
    "--zero-shift", type=float, default=0.0, show_default=True, metavar="DEG", help="Of the angle axis."
)
@click.option(
    "--energy-error", type=float, default=0.0, show_default=True, help="Share by which the energy is wrong."
)
@click.option("--no-precursor", is_flag=True, help="No distortion before the transition.")
@click.option("--decompression", is_flag=True, help="The way down instead of up.")
@click.option("--overwrite", is_flag=True, help="Replace the files if they are there.")
@format_option
def simulate(
    *,
    output: Path,
    seed: int,
    frames: int,
    transition: float,
    width: float,
    noise: float,
    spottiness: float,
    drift: float,
    zero_shift: float,
    energy_error: float,
    no_precursor: bool,
    decompression: bool,
    overwrite: bool,
    form: Format,
) -> int:
    """Write a simulated raw file, as a beamline leaves it.

    A ramp of (Mg0.2,Fe0.8)O in a diamond anvil cell: base classes, free keys under NXcollection, no
    definition. The truth goes to OUT.truth.csv beside it: frame, pressure in GPa, label, phase fraction.
    """
    truth = output.with_suffix(".truth.csv")
    for target in (output, truth):
        if target.exists() and not overwrite:
            raise click.UsageError(f"{target} is already there; --overwrite replaces it")
    ramp = nxs.simulate(
        seed,
        frames,
        transition_pressure=transition,
        width=width,
        noise=noise,
        spottiness=spottiness,
        precursor=not no_precursor,
        drift=drift,
        zero_shift=zero_shift,
        energy_error=energy_error,
        decompression=decompression,
    )
    nxs.write(ramp.tree(), output, overwrite=overwrite)
    write_whole(truth, ramp.truth_csv())
    if form == "json":
        say_json({"file": str(output), "truth": str(truth), "frames": len(ramp.spectra), "seed": seed})
    else:
        say(f"{output}: {series_words(ramp)}, {human_bytes(output.stat().st_size)}")
        say(f"{truth}: the truth about it")
    return DONE


def series_words(ramp: Ramp) -> str:
    pressure = ramp.truth.pressure_GPa
    number, points = ramp.spectra.intensity.shape
    return f"{number} spectra of {points} points, {pressure.min():.1f} to {pressure.max():.1f} GPa"
