"""The options by which `migrate` integrates the frames of a detector first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from nxspectra.cli.progress import counting
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


@dataclass(frozen=True, slots=True)
class Integrating:
    """How the frames of a file are to be integrated, as the command line said; None if they are not."""

    calibration: Path | None
    frames: str | None
    points: int | None
    polarization: float | None

    def check(self, has_patterns: bool) -> None:
        """Raise click.UsageError for options that go with something else."""
        others = (self.frames, self.points, self.polarization)
        if self.calibration is None and any(each is not None for each in others):
            raise click.UsageError("--frames, --points and --polarization go with --integrate PONI")
        if self.calibration is not None and has_patterns:
            raise click.UsageError(
                "--integrate is for the frames of a detector; patterns are integrated already"
            )

    def beside(self, facts_files: tuple[Path, ...]) -> tuple[Path, ...]:
        """The files of facts with the calibration, which tells the wavelength."""
        if self.calibration is None or self.calibration in facts_files:
            return facts_files
        return (*facts_files, self.calibration)

    def of(self, raw: Group, file: Path) -> Group:
        """The tree with its frames integrated; a bar where that takes longer than a second."""
        if self.calibration is None:
            return raw
        from nxspectra.integration import integrate  # pyFAI is loaded for those who have frames

        with counting(f"integrating {file.name}") as progress:
            return integrate(
                raw,
                self.calibration,
                frames=self.frames,
                points=self.points,
                polarization=self.polarization,
                progress=progress,
            )
