"""A figure written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from matplotlib.figure import Figure

from nxspectra.errors import FileError, UsageError


def save(figure: Figure, path: Path | str) -> Path:
    """Write a figure whole or not at all; the ending of `path` names the format.

    Raises UsageError for a format that is not known, FileError if it cannot be written.
    """
    target = Path(path)
    known = figure.canvas.get_supported_filetypes()
    if target.suffix.lstrip(".").lower() not in known:
        raise UsageError(f"{target}: pictures end in one of {', '.join(f'.{name}' for name in known)}")
    partial = target.with_name(f".{target.stem}.{os.getpid()}{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            figure.savefig(partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f"{target}: cannot be written: {error.strerror}") from None
    return target
