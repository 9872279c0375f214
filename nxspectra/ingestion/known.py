"""What the catalogue has of a data set already: told to the child that is to make another result of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Known:
    """The file that is filed as a data set."""

    path: Path
    digest: str | None
    """Its sha256 when it was filed, in hex."""
    conforms: bool | None

    @property
    def sound_path(self) -> Path | None:
        """Where it is, if it is there and conforms."""
        return self.path if self.conforms is True and self.path.is_file() else None


Ask = Callable[[str], Known | None]
"""What is filed under a pid; None where nothing is."""


def nothing(_: str) -> None:
    """The answer where there is no catalogue."""
