"""Frames of a detector that become spectra on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nxspectra.tree import Group


@dataclass(frozen=True, slots=True)
class Integration:
    """How the frames of every file are to be integrated, as `nxspectra.integrate` takes it."""

    calibration: Path
    """A .poni of pyFAI."""
    frames: str | None = None
    points: int | None = None
    polarization: float | None = None

    def check(self) -> None:
        """Raise UsageError, FileError or MissingExtra for what no file could be integrated with."""
        from nxspectra.integration import check_settings  # noqa: PLC0415  pyFAI is an extra

        check_settings(self.calibration, self.points, self.polarization)

    def of(
        self, raw: Group, earlier: Group | None = None, progress: Callable[[int, int], None] | None = None
    ) -> Group:
        """The tree with spectra; taken from an earlier result of it where that has them. Raises Refused."""
        from nxspectra.integration import integrate  # noqa: PLC0415

        return integrate(
            raw,
            self.calibration,
            frames=self.frames,
            points=self.points,
            polarization=self.polarization,
            earlier=earlier,
            progress=progress,
        )
