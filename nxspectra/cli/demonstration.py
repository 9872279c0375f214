"""demo and simulate: a raw ramp with known truth, and the whole way with it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np

import nxspectra as nxs
from nxspectra import migration, pictures, rdf
from nxspectra.cli.frame import (
    DONE,
    FINDINGS,
    Format,
    Verb,
    format_option,
    human_bytes,
    say,
    say_json,
)
from nxspectra.cli.progress import busy
from nxspectra.cli.validating import count_line
from nxspectra.errors import FileError
from nxspectra.findings import Severity
from nxspectra.simulation import Ramp

SEED, TRAINING_SEED = 1, 2
"""The demo classifies one ramp by what it learned from another."""
LABELS = ("low=80,120", "high=260,300")
"""Four spectra of the training ramp, named by a person who looked at them."""


@click.command(cls=Verb)
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False), metavar="OUT.nxs")
@click.option("--seed", type=int, default=0, show_default=True, help="Where chance begins.")
@click.option(
    "--frames", type=click.IntRange(2), default=349, show_default=True, help="Spectra in the series."
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
@click.option("--noise", type=float, default=1.0, show_default=True, help="1: as measured.")
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
@click.option("--decompression", is_flag=True, help="The way down.")
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
    write_text(truth, ramp.truth_csv())
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


def write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror}") from None


@click.command(cls=Verb)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default="nxspectra-demo", metavar="[DIR]")
@format_option
def demo(*, folder: Path, form: Format) -> int:
    """Simulate a raw ramp and take it the whole way, with a picture.

    Everything is written to DIR (./nxspectra-demo). The truth about a simulated ramp is known, so the demo
    says how accurate the labels are, beside the P_conf that a real series would have.
    """
    folder.mkdir(parents=True, exist_ok=True)
    steps = Steps(form)
    begin = time.perf_counter()

    with steps("Simulate") as tell:
        ramp = nxs.simulate(seed=SEED)
        raw_file = nxs.write(ramp.tree(), folder / "raw.nxs", overwrite=True)
        write_text(folder / "raw.truth.csv", ramp.truth_csv())
        tell("a compression ramp of (Mg0.2,Fe0.8)O in a diamond anvil cell, as a beamline leaves it")
        tell(f"{series_words(ramp)}; {raw_file}, {human_bytes(raw_file.stat().st_size)}")

    with steps("Validate") as tell:
        raw = nxs.read(raw_file)
        report = nxs.validate(raw)
        tell(f"{'conforms' if report.conforms else 'does not conform'}: {count_line(report)}")
        for finding in report.of(Severity.VIOLATION):
            tell(f"  {finding.path}: {finding.message.partition('. ')[0]}")

    with steps("Migrate") as tell:
        run = nxs.migrate(raw, "p02.2")
        review = migration.review(raw, "p02.2")
        for found in review.placed:
            how = f", {found.conversion}" if found.conversion else ""
            tell(f"  {found.path} = {found.shown}  from {found.origin}{how}")
        for finding in review.refused:
            tell(f"  refused {finding.path}: {finding.message}")
    return DONE
