"""What comes with the package: definitions, crosswalks, shapes and tables, in a wheel or in a checkout."""

from __future__ import annotations

from pathlib import Path


def shipped(name: str) -> Path:
    """The path of a file or folder under `appdefs/`, for example `crosswalks/p02.2.toml`."""
    here = Path(__file__).parent
    in_wheel = here / "appdefs"
    root = in_wheel if in_wheel.is_dir() else here.parent / "appdefs"
    return root / name
