"""The options by which `migrate` and `ingest` integrate the frames of a detector first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from nxspectra.cli.progress import counting
from nxspectra.ingestion import Integration
from nxspectra.tree import Group

_OPTIONS = (
    click.option(
        "--integrate",
        "calibration",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        metavar="PONI",
        help="Integrate the frames of the detector over the azimuth, by pyFAI, with this calibration, which"
        " tells the energy of the beam too. Needs nxspectra[integrate].",
    ),
    click.option(
        "--frames", metavar="PATH", help="Which data set holds the frames, where there are several."
    ),
    click.option(
        "--points",
        type=click.IntRange(2),
        metavar="N",
        help="Points of a spectrum; as many as there are pixels along the radius if not given.",
    ),
    click.option(
        "--polarization",
        type=click.FloatRange(-1, 1),
        metavar="FACTOR",
        help="Correct for the polarization of the beam: 1 horizontal, -1 vertical; it is not if not given.",
    ),
)


def integrate_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def integration_of(
    calibration: Path | None,
    frames: str | None,
    points: int | None,
    polarization: float | None,
    *,
    has_patterns: bool = False,
) -> Integration | None:
    """How frames are to be integrated, as the command line said; None if they are not.

    Raises click.UsageError for options that go with something else.
    """
    if calibration is None:
        if any(each is not None for each in (frames, points, polarization)):
            raise click.UsageError("--frames, --points and --polarization go with --integrate PONI")
        return None
    if has_patterns:
        raise click.UsageError("--integrate is for the frames of a detector; patterns are integrated already")
    return Integration(calibration, frames, points, polarization)


def beside(integration: Integration | None, facts_files: tuple[Path, ...]) -> tuple[Path, ...]:
    """The files of facts with the calibration, which tells the wavelength."""
    if integration is None or integration.calibration in facts_files:
        return facts_files
    return (*facts_files, integration.calibration)


def integrated(raw: Group, integration: Integration, file: Path) -> Group:
    """The tree with its frames integrated; a bar where that takes longer than a second."""
    with counting(f"integrating {file.name}") as progress:
        return integration.of(raw, progress=progress)
