"""A figure written whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.figure import Figure

from nxspectra.errors import UsageError
from nxspectra.files import write_whole, writing_errors


def save(figure: Figure, path: Path | str) -> Path:
    """Write a figure whole or not at all; the ending of `path` names the format.

    Raises UsageError for a format that is not known, FileError if it cannot be written.
    """
    target = Path(path)
    known = figure.canvas.get_supported_filetypes()
    if target.suffix.lstrip(".").lower() not in known:
        raise UsageError(f"{target}: pictures end in one of {', '.join(f'.{name}' for name in known)}")
    drawn = io.BytesIO()
    figure.savefig(drawn, format=target.suffix.lstrip("."))
    with writing_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, drawn.getvalue())
    return target
